//! Proves that a connection does what the reference's state machine does: every sequence of five
//! calls, over every kind of peer, and long random ones. Compared after every call: what came of
//! it, the state, whether there is a connection, and in the end every byte on the wire.
//!
//! The model (`support/model.rs`) has less than 150 lines of code. `STDHTTP_LONG=1` tries every
//! sequence of six calls.
#![allow(missing_docs)]

use std::time::Duration;

use proptest::prelude::*;
use stdhttp::testing::{Ending, Peer as Scripted, Script};
use stdhttp::{
    ConnectionState, HTTPConnection, HTTPException, HTTPResponse, ImproperConnectionState, Source,
};

#[path = "support/model.rs"]
mod reference;

use reference::{Model, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    PutRequest,
    PutHeader,
    EndHeaders,
    Send,
    SendLast,
    GetResponse,
    Read,
    Drop,
    Close,
}

const CALLS: [Call; 9] = [
    Call::PutRequest,
    Call::PutHeader,
    Call::EndHeaders,
    Call::Send,
    Call::SendLast,
    Call::GetResponse,
    Call::Read,
    Call::Drop,
    Call::Close,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Ok,
    Read(usize),
    CannotSendRequest,
    CannotSendHeader,
    ResponseNotReady,
    ConflictingHeader,
    /// The body is not what the head declared.
    BadBody,
    RemoteDisconnected,
    BadStatusLine,
    IncompleteRead,
    TimedOut,
}

/// How the header field that is put frames the request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    #[default]
    Chunked,
    /// Two bytes: one with each piece, both with the last one.
    Length,
}

impl Framing {
    fn field(self) -> &'static [u8] {
        match self {
            Self::Chunked => b"Transfer-Encoding: chunked\r\n",
            Self::Length => b"Content-Length: 2\r\n",
        }
    }

    /// The bytes that `send` or `send_last` puts on the wire, and for how many pieces they count.
    fn piece(self, last: bool) -> (&'static [u8], usize) {
        match (self, last) {
            (Self::Chunked, false) => (b"1\r\nx\r\n", 1),
            (Self::Chunked, true) => (b"0\r\n\r\n", 0),
            (Self::Length, false) => (b"x", 1),
            (Self::Length, true) => (b"xx", 2),
        }
    }

    /// How many pieces there may be.
    fn pieces(self) -> usize {
        match self {
            Self::Chunked => usize::MAX,
            Self::Length => 2,
        }
    }
}

/// What a peer does with every request on every connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Peer {
    #[default]
    Keeps,
    Closes,
    Chunked,
    UntilClose,
    NoContent,
    Interim,
    Http10,
    Disconnects,
    Garbage,
    CutHead,
    CutBody,
    Stray,
    TwoPieces,
    Silent,
}

const PEERS: [Peer; 14] = [
    Peer::Keeps,
    Peer::Closes,
    Peer::Chunked,
    Peer::UntilClose,
    Peer::NoContent,
    Peer::Interim,
    Peer::Http10,
    Peer::Disconnects,
    Peer::Garbage,
    Peer::CutHead,
    Peer::CutBody,
    Peer::Stray,
    Peer::TwoPieces,
    Peer::Silent,
];

/// What matters of a response.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// Bytes of its body that come.
    came: usize,
    /// Bytes that it declares.
    declared: usize,
    /// The connection outlives it.
    keeps: bool,
    /// All of it comes with its head.
    came_whole: bool,
    /// Bytes come behind it.
    stray: bool,
    /// Its body ends where the connection does.
    until_close: bool,
    http10: bool,
}

/// It keeps the connection, on which it has said that it may not know chunks.
const OLD: &[u8] = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";

const PLAIN: Answer = Answer {
    came: 2,
    declared: 2,
    keeps: true,
    came_whole: true,
    stray: false,
    until_close: false,
    http10: false,
};

impl Peer {
    /// What it sends, in pieces, and how it ends.
    fn sends(self) -> (Vec<&'static [u8]>, Ending) {
        let pieces: &[&[u8]] = match self {
            Self::Keeps => &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
            Self::Closes => {
                &[b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"]
            }
            Self::Chunked => {
                &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"]
            }
            Self::UntilClose => &[b"HTTP/1.1 200 OK\r\n\r\nhi"],
            Self::NoContent => &[b"HTTP/1.1 204 No Content\r\n\r\n"],
            Self::Interim => &[
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            ],
            Self::Http10 => &[OLD],
            Self::Disconnects | Self::Silent => &[],
            Self::Garbage => &[b"220 mail.example.org ESMTP\r\n"],
            Self::CutHead => &[b"HTTP/1.1 200 OK\r\nContent-"],
            Self::CutBody => &[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"],
            Self::Stray => &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 O"],
            Self::TwoPieces => &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", b"i"],
        };
        let ends = matches!(
            self,
            Self::UntilClose | Self::Disconnects | Self::CutHead | Self::CutBody
        );
        let ending = if ends { Ending::Close } else { Ending::Silence };
        (pieces.to_vec(), ending)
    }

    fn answer(self) -> Result<Answer, Outcome> {
        Ok(match self {
            Self::Keeps | Self::Chunked | Self::Interim => PLAIN,
            Self::Closes => Answer {
                keeps: false,
                ..PLAIN
            },
            Self::Http10 => Answer {
                http10: true,
                ..PLAIN
            },
            Self::UntilClose => Answer {
                keeps: false,
                until_close: true,
                ..PLAIN
            },
            Self::NoContent => Answer {
                came: 0,
                declared: 0,
                ..PLAIN
            },
            Self::CutBody => Answer {
                declared: 5,
                came_whole: false,
                ..PLAIN
            },
            Self::Stray => Answer {
                stray: true,
                ..PLAIN
            },
            Self::TwoPieces => Answer {
                came_whole: false,
                ..PLAIN
            },
            Self::Disconnects => return Err(Outcome::RemoteDisconnected),
            Self::Garbage => return Err(Outcome::BadStatusLine),
            Self::CutHead => return Err(Outcome::IncompleteRead),
            Self::Silent => return Err(Outcome::TimedOut),
        })
    }

    fn scripted(self, calls: usize) -> Scripted {
        let (pieces, ending) = self.sends();
        let requests = if ending == Ending::Close {
            1
        } else {
            calls / 3 + 1
        };
        let script = (0..requests).fold(Script::new(), |script, _| {
            let script = script.expect_head();
            pieces
                .iter()
                .fold(script, |script, piece| script.send(piece))
        });
        let script = script.end(ending);
        Scripted::new(std::iter::repeat_n(script, calls / 2 + 1))
    }
}

fn outcome<T>(result: Result<T, HTTPException>, ok: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => ok(value),
        Err(HTTPException::ImproperConnectionState(state)) => match state {
            ImproperConnectionState::CannotSendRequest(_) => Outcome::CannotSendRequest,
            ImproperConnectionState::CannotSendHeader(_) => Outcome::CannotSendHeader,
            ImproperConnectionState::ResponseNotReady(_) => Outcome::ResponseNotReady,
            other => panic!("{other:?}"),
        },
        Err(HTTPException::ConflictingHeader { .. }) => Outcome::ConflictingHeader,
        Err(HTTPException::InvalidBody { .. } | HTTPException::BodyLengthMismatch { .. }) => {
            Outcome::BadBody
        }
        Err(HTTPException::RemoteDisconnected { .. }) => Outcome::RemoteDisconnected,
        Err(HTTPException::BadStatusLine { .. }) => Outcome::BadStatusLine,
        Err(HTTPException::IncompleteRead(_)) => Outcome::IncompleteRead,
        Err(HTTPException::TimedOut { .. }) => Outcome::TimedOut,
        Err(error) => panic!("{error:?}"),
    }
}

fn done<T>(result: Result<T, HTTPException>) -> Outcome {
    outcome(result, |_| Outcome::Ok)
}

/// Makes the calls, each on both, and compares. A `Read` without a response at hand is none: the
/// compiler would not let it be written.
fn compare(peer: Peer, framing: Framing, calls: &[Call]) -> Result<(), String> {
    let scripted = peer.scripted(calls.len());
    let builder = HTTPConnection::builder("h").connector(scripted.clone());
    let builder = builder.clock(scripted.clone());
    let mut conn = builder
        .read_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let mut model = Model::new(peer, framing);
    let mut rest = calls;
    while let [call, after @ ..] = rest {
        rest = after;
        let got = match call {
            Call::PutRequest => done(conn.putrequest("PUT", "/")),
            Call::PutHeader => {
                let field = framing.field().trim_ascii();
                let (name, value) = field.split_at(field.iter().position(|&o| o == b':').unwrap());
                done(conn.putheader_bytes(name, value[1..].trim_ascii()))
            }
            Call::EndHeaders => done(conn.endheaders()),
            Call::Send if framing == Framing::Length => done(conn.send(b"x")),
            Call::SendLast if framing == Framing::Length => done(conn.send(b"xx")),
            Call::Send => done(conn.send_chunk(b"x")),
            Call::SendLast => done(conn.send_last_chunk(&[])),
            Call::GetResponse => match conn.getresponse() {
                Ok(response) => {
                    expect(*call, model.call(*call), Outcome::Ok)?;
                    rest = read_while_asked(response, &mut model, rest)?;
                    check(&model, &conn, *call)?;
                    continue;
                }
                Err(error) => done::<()>(Err(error)),
            },
            Call::Read | Call::Drop => continue,
            Call::Close => {
                conn.close();
                Outcome::Ok
            }
        };
        expect(*call, model.call(*call), got)?;
        check(&model, &conn, *call)?;
    }
    check_wire(&model, &scripted)
}

/// The reads that follow a response, while it is at hand.
fn read_while_asked<'c, W: Source>(
    mut response: HTTPResponse<'_, W>,
    model: &mut Model,
    calls: &'c [Call],
) -> Result<&'c [Call], String> {
    let mut rest = calls;
    while let [Call::Read, after @ ..] = rest {
        rest = after;
        let got = outcome(response.readinto(&mut [0]), Outcome::Read);
        expect(Call::Read, model.call(Call::Read), got)?;
    }
    Ok(rest)
}

fn expect(call: Call, due: Outcome, got: Outcome) -> Result<(), String> {
    if due == got {
        return Ok(());
    }
    Err(format!("{call:?}: {got:?} where {due:?} is due"))
}

fn check(model: &Model, conn: &HTTPConnection<Scripted>, call: Call) -> Result<(), String> {
    let state = match model.state {
        State::Idle => ConnectionState::Idle,
        State::Started => ConnectionState::RequestStarted,
        State::Sent => ConnectionState::RequestSent,
    };
    if (conn.state(), conn.is_connected()) == (state, model.open) {
        return Ok(());
    }
    Err(format!(
        "after {call:?}: {:?}, connected: {}; due: {state:?}, {}",
        conn.state(),
        conn.is_connected(),
        model.open
    ))
}

fn check_wire(model: &Model, scripted: &Scripted) -> Result<(), String> {
    let connections = scripted.calls().connects;
    let sent: Vec<Vec<u8>> = (0..connections)
        .map(|place| scripted.received(place))
        .collect();
    if sent == model.wire {
        return Ok(());
    }
    let text = |wire: &[Vec<u8>]| -> Vec<String> {
        wire.iter()
            .map(|sent| sent.escape_ascii().to_string())
            .collect()
    };
    Err(format!(
        "sent {:?} where {:?} is due",
        text(&sent),
        text(&model.wire)
    ))
}

/// The calls of the sequence with this number.
fn sequence(number: usize, length: u32) -> Vec<Call> {
    let mut rest = number;
    (0..length)
        .map(|_| {
            let call = CALLS[rest % CALLS.len()];
            rest /= CALLS.len();
            call
        })
        .collect()
}

#[test]
fn every_short_sequence_of_calls_does_what_the_model_does() {
    let length = if std::env::var_os("STDHTTP_LONG").is_some() {
        6
    } else {
        5
    };
    let mut runs = 0;
    for number in 0..CALLS.len().pow(length) {
        let calls = sequence(number, length);
        for peer in PEERS {
            runs += 1;
            if let Err(difference) = compare(peer, Framing::Chunked, &calls) {
                panic!("{peer:?} {calls:?}: {difference}");
            }
        }
    }
    println!("{runs} sequences of {length} calls");
}

/// Every sequence of four calls behind a request's head that was sent.
#[test]
fn every_end_of_an_exchange_does_what_the_model_does() {
    let start = [Call::PutRequest, Call::PutHeader, Call::EndHeaders];
    for number in 0..CALLS.len().pow(4) {
        let mut calls = start.to_vec();
        calls.extend(sequence(number, 4));
        for peer in PEERS {
            for framing in [Framing::Chunked, Framing::Length] {
                if let Err(difference) = compare(peer, framing, &calls) {
                    panic!("{peer:?} {framing:?} {calls:?}: {difference}");
                }
            }
        }
    }
}

fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    // What leads through an exchange is more likely than what ends it.
    let call = prop_oneof![
        4 => Just(Call::PutRequest),
        1 => Just(Call::PutHeader),
        4 => Just(Call::EndHeaders),
        2 => Just(Call::Send),
        2 => Just(Call::SendLast),
        5 => Just(Call::GetResponse),
        4 => Just(Call::Read),
        1 => Just(Call::Drop),
        1 => Just(Call::Close),
    ];
    proptest::collection::vec(call, 1..=40)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn long_sequences_of_calls_do_what_the_model_does(
        calls in any_calls(),
        peer in proptest::sample::select(&PEERS[..]),
        chunked in any::<bool>(),
    ) {
        let framing = if chunked { Framing::Chunked } else { Framing::Length };
        let compared = compare(peer, framing, &calls);
        prop_assert!(compared.is_ok(), "{}", compared.unwrap_err());
    }
}
