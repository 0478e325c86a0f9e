//! The promise: an answer that is cut short is never taken for a whole one. Every prefix of every
//! valid answer, followed by an end of every kind, through every way of reading: the error is the
//! one of its place, what was delivered is a prefix of the body, a timeout loses nothing, and the
//! next request on the connection meets no remainder.
#![allow(missing_docs)]

#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/random.rs"]
mod random;
#[path = "support/table.rs"]
mod table;

use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use outcome::{Outcome, Setting};
use random::Random;
use stdhttp::proto::{BodyLength, Exchange, Received};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{
    ConnectionState, End, HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, Limits,
    MessagePart, Source, Step, Tolerance,
};

const RESPONSES: &str = include_str!("vectors/responses.txt");

/// The ways to read a body to its end. Each can be called again after a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    ReadAll,
    ReadOne,
    ReadSeven,
    ReadInto,
    ReadToEnd,
    Copy,
    Read1,
    ReadLine,
    Lines,
}

const APIS: [Api; 9] = [
    Api::ReadAll,
    Api::ReadOne,
    Api::ReadSeven,
    Api::ReadInto,
    Api::ReadToEnd,
    Api::Copy,
    Api::Read1,
    Api::ReadLine,
    Api::Lines,
];

impl Api {
    /// Reads until the end or an error, and appends what came, in an `IncompleteRead` too.
    fn read<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
        body: &mut Vec<u8>,
    ) -> Result<(), HTTPException> {
        match self {
            Self::ReadAll => keep(response.read(None), body).map(drop),
            Self::ReadOne => repeat(body, || response.read(1)),
            Self::ReadSeven => repeat(body, || response.read(7)),
            Self::ReadInto => repeat(body, || {
                let mut buffer = [0; 5];
                let count = response.readinto(&mut buffer)?;
                Ok(buffer[..count].to_vec())
            }),
            Self::ReadToEnd => response.read_to_end(body).map(drop).map_err(own),
            Self::Copy => io::copy(response, body).map(drop).map_err(own),
            Self::Read1 => repeat(body, || response.read1(None)),
            Self::ReadLine => repeat(body, || response.readline(None)),
            Self::Lines => loop {
                if response.read_until(b'\n', body).map_err(own)? == 0 {
                    return Ok(());
                }
            },
        }
    }
}

fn repeat(
    body: &mut Vec<u8>,
    mut read: impl FnMut() -> Result<Vec<u8>, HTTPException>,
) -> Result<(), HTTPException> {
    while keep(read(), body)? > 0 {}
    Ok(())
}

fn keep(read: Result<Vec<u8>, HTTPException>, body: &mut Vec<u8>) -> Result<usize, HTTPException> {
    match read {
        Ok(bytes) => {
            body.extend_from_slice(&bytes);
            Ok(bytes.len())
        }
        Err(error) => {
            if let HTTPException::IncompleteRead(read) = &error {
                body.extend_from_slice(&read.partial);
            }
            Err(error)
        }
    }
}

/// The crate's error inside the standard library's, which keeps the kind.
fn own(error: io::Error) -> HTTPException {
    let kind = error.kind();
    let own = error
        .downcast::<HTTPException>()
        .expect("an error of the crate");
    let due = match own {
        HTTPException::IncompleteRead(_) => ErrorKind::UnexpectedEof,
        HTTPException::TimedOut { .. } => ErrorKind::TimedOut,
        _ => kind,
    };
    assert_eq!(kind, due);
    own
}

/// A valid answer and what is known of it.
struct Valid<'a> {
    id: &'a str,
    setting: Setting<'a>,
    /// The message, without what follows it.
    message: &'a [u8],
    whole: Outcome,
    /// Where the heads begin, interim ones included, and where the final one ends.
    heads: Vec<usize>,
    body_begins: usize,
    framing: BodyLength,
}

impl<'a> Valid<'a> {
    fn new(row: &'a table::Row, input: &'a [u8], tolerance: Tolerance) -> Option<Self> {
        let end = (row.text(4) == "eof").then_some(End::Closed);
        let setting = Setting {
            tolerance,
            ..Setting::new(row.text(2), end)
        };
        let whole = outcome::exchange(&setting, input, &[]);
        let message = &input[..whole.consumed?];
        let mut exchange = Exchange::answer_to(setting.context(), Limits::DEFAULT, tolerance);
        let mut heads = vec![0];
        let body_begins = loop {
            let at = *heads.last()?;
            match exchange.receive_head(&message[at..]).ok()? {
                Received::Interim(length) => heads.push(at + length),
                Received::Final(length) => break at + length,
                _ => return None,
            }
        };
        Some(Self {
            id: row.id(),
            setting,
            message,
            whole: whole.into_response(false),
            heads,
            body_begins,
            framing: exchange.framing()?.body,
        })
    }

    /// All lengths of proper prefixes; of a long message those near its ends and some between.
    fn places(&self) -> Vec<usize> {
        let length = self.message.len();
        if length <= 1_024 {
            return (0..length).collect();
        }
        let mut random = Random::new(length as u64);
        let mut places: Vec<usize> = (0..16).chain(length - 32..length).collect();
        places.extend((0..16).map(|_| random.below(length)));
        places.extend(self.body_begins.saturating_sub(8)..(self.body_begins + 8).min(length));
        places
    }

    fn connection(&self, script: Script) -> HTTPConnection<Peer> {
        let next = b"HTTP/1.1 404 x\r\nX-Next: yes\r\nContent-Length: 0\r\n\r\n";
        let next = Script::new().expect_head().send(next);
        outcome::connection(&self.setting, vec![script, next])
    }

    /// A peer that sends so many octets and ends so.
    fn cut(&self, place: usize, ending: Ending) -> HTTPConnection<Peer> {
        let script = Script::new().expect_head().send(&self.message[..place]);
        self.connection(script.end(ending))
    }

    /// A peer that lets one read time out after so many octets, and then goes on.
    fn pause(&self, place: usize) -> HTTPConnection<Peer> {
        let (before, after) = self.message.split_at(place);
        let script = Script::new().expect_head().send(before);
        let script = script.fail(ErrorKind::WouldBlock).send(after);
        self.connection(script.end(outcome::ending(self.setting.end)))
    }

    /// What can be delivered of the body when only so many octets came.
    fn delivered(&self, place: usize) -> Vec<u8> {
        let setting = Setting {
            end: Some(End::Closed),
            ..self.setting
        };
        outcome::exchange(&setting, &self.message[..place], &[]).body
    }
}

/// The next request is answered by what belongs to it.
fn check_next(valid: &Valid<'_>, conn: &mut HTTPConnection<Peer>) {
    outcome::send_request(conn, &valid.setting);
    let response = conn.getresponse().expect("an answer on a new connection");
    assert_eq!(
        response.getheader("x-next").as_deref(),
        Some("yes"),
        "{}",
        valid.id
    );
}

fn check_in_head(valid: &Valid<'_>, place: usize) -> usize {
    let begins = *valid.heads.iter().rfind(|at| **at <= place).unwrap_or(&0);
    for (ending, end) in [
        (Ending::Close, End::Closed),
        (Ending::Reset, End::Reset),
        (Ending::Truncate, End::Truncated),
    ] {
        let mut conn = valid.cut(place, ending);
        let error = conn.getresponse().expect_err("a head that is cut short");
        match error {
            HTTPException::RemoteDisconnected { retry } if begins == place => {
                assert_eq!(retry.answered, place > 0);
            }
            HTTPException::IncompleteRead(IncompleteRead {
                got,
                part: MessagePart::Head,
                end: came,
                expected: None,
                ..
            }) if begins < place => assert_eq!((got, came), ((place - begins) as u64, end)),
            error => panic!("{} at {place}: {error:?}", valid.id),
        }
        assert!(!conn.is_connected());
        check_next(valid, &mut conn);
    }
    let mut conn = valid.pause(place);
    check_head_timeout(conn.getresponse());
    check_whole(valid, &mut conn, Api::ReadAll);
    let mut conn = valid.pause(place);
    check_head_timeout(conn.getresponse());
    check_next(valid, &mut conn);
    5
}

fn check_head_timeout<T>(result: Result<T, HTTPException>) {
    let Err(error) = result else {
        panic!("a head that is cut short");
    };
    let timed_out = matches!(
        error,
        HTTPException::TimedOut {
            step: Step::ReadHead,
            ..
        }
    );
    assert!(timed_out, "{error:?}");
}

/// The rest of a head comes after all: the answer is the whole one.
fn check_whole(valid: &Valid<'_>, conn: &mut HTTPConnection<Peer>, api: Api) {
    let mut response = conn.getresponse().expect("the whole head");
    let mut body = Vec::new();
    api.read(&mut response, &mut body).expect("the whole body");
    check_complete(valid, &response, &body);
    let switched = conn.state() == ConnectionState::Switched;
    assert_eq!(
        conn.is_connected(),
        valid.whole.reusable || switched,
        "{}",
        valid.id
    );
}

fn check_complete<W: Source>(valid: &Valid<'_>, response: &HTTPResponse<'_, W>, body: &[u8]) {
    assert!(response.is_complete(), "{}", valid.id);
    assert_eq!(body, valid.whole.body, "{}", valid.id);
    assert_eq!(
        Some(outcome::head_of(response)),
        valid.whole.head,
        "{}",
        valid.id
    );
    let trailers = response.trailers().map(outcome::fields_of);
    assert_eq!(trailers, Some(valid.whole.trailers.clone()), "{}", valid.id);
    assert_eq!(response.forgiven(), valid.whole.forgiven, "{}", valid.id);
}

fn check_in_body(valid: &Valid<'_>, place: usize) -> usize {
    let delivered = valid.delivered(place);
    assert!(valid.whole.body.starts_with(&delivered));
    for api in APIS {
        check_end(valid, place, api, Ending::Close, End::Closed, &delivered);
        check_end(valid, place, api, Ending::Reset, End::Reset, &delivered);
        check_end(
            valid,
            place,
            api,
            Ending::Truncate,
            End::Truncated,
            &delivered,
        );
        check_pause(valid, place, api, &delivered);
    }
    for ending in [
        Ending::Close,
        Ending::Reset,
        Ending::Truncate,
        Ending::Silence,
    ] {
        let mut conn = valid.cut(place, ending);
        conn.getresponse().expect("the head");
        check_next(valid, &mut conn);
    }
    4 * (APIS.len() + 1)
}

fn check_end(
    valid: &Valid<'_>,
    place: usize,
    api: Api,
    ending: Ending,
    end: End,
    delivered: &[u8],
) {
    let what = format!("{} at {place} by {api:?}, {ending:?}", valid.id);
    let mut conn = valid.cut(place, ending);
    let mut response = conn.getresponse().expect("the head");
    let mut body = Vec::new();
    let result = api.read(&mut response, &mut body);
    assert_eq!(body, delivered, "{what}");
    if valid.framing == BodyLength::UntilClose && ending == Ending::Close {
        assert!(result.is_ok() && response.is_complete(), "{what}");
    } else {
        let error = result.expect_err("a body that is cut short");
        check_incomplete(valid, &error, end, delivered.len(), &what);
        let again = response
            .readinto(&mut [0])
            .expect_err("the same error again");
        check_incomplete(valid, &again, end, delivered.len(), &what);
        assert!(
            !response.is_complete() && response.trailers().is_none(),
            "{what}"
        );
    }
    assert!(!conn.is_connected(), "{what}");
    check_next(valid, &mut conn);
}

fn check_incomplete(valid: &Valid<'_>, error: &HTTPException, end: End, got: usize, what: &str) {
    let HTTPException::IncompleteRead(read) = error else {
        panic!("{what}: {error:?}");
    };
    let missing = match valid.framing {
        BodyLength::Length(length) => Some(length - got as u64),
        _ => None,
    };
    assert_eq!(read.part, MessagePart::Body, "{what}");
    assert_eq!(
        (read.got, read.expected, read.end),
        (got as u64, missing, end),
        "{what}"
    );
}

/// A timeout in the body: what came is delivered or kept, and the same call goes on.
fn check_pause(valid: &Valid<'_>, place: usize, api: Api, delivered: &[u8]) {
    let what = format!("{} paused at {place} by {api:?}", valid.id);
    let mut conn = valid.pause(place);
    let mut response = conn.getresponse().expect("the head");
    let mut body = Vec::new();
    match api.read(&mut response, &mut body) {
        Err(HTTPException::TimedOut {
            step: Step::ReadBody,
            ..
        }) => {
            let came = [&body, response.partial()].concat();
            assert_eq!(came, delivered, "{what}");
            api.read(&mut response, &mut body).expect("the rest");
        }
        other => panic!("{what}: {other:?}"),
    }
    check_complete(valid, &response, &body);
    assert_eq!(conn.is_connected(), valid.whole.reusable, "{what}");
}

fn check_all(tolerance: Tolerance) -> usize {
    let rows = table::rows(RESPONSES, 6);
    let (next, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    count.fetch_add(check_row(row, tolerance), Ordering::Relaxed);
                }
            });
        }
    });
    count.into_inner()
}

fn check_row(row: &table::Row, tolerance: Tolerance) -> usize {
    let input = row.bytes(3);
    let Some(valid) = Valid::new(row, &input, tolerance) else {
        return 0;
    };
    let places = valid.places();
    let check = |place| {
        if place < valid.body_begins {
            check_in_head(&valid, place)
        } else {
            check_in_body(&valid, place)
        }
    };
    places.into_iter().map(check).sum()
}

#[test]
fn a_cut_answer_is_never_whole() {
    let count = check_all(Tolerance::STANDARD);
    println!("{count} cut answers");
    assert!(count >= 150_000);
}

#[test]
fn a_cut_answer_is_never_whole_in_strict_mode() {
    let count = check_all(Tolerance::STRICT);
    println!("{count} cut answers");
    assert!(count >= 130_000);
}
