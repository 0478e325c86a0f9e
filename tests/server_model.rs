//! Proves that a handler can't break the wire: every short sequence of its calls, in and out of
//! turn, before every way to return, for every kind of request, with a further request behind it.
//! Compared with a model (`support/server_model.rs`): what came of each call, and every message on
//! the wire, read by a strict reader; the further request gets its own answer or none.
//!
//! `STDHTTP_LONG=1` tries every sequence of five calls instead of three, and of four instead of two
//! within a response.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::sync::Mutex;

use stdhttp::server::{BaseHTTPRequestHandler, Bounds, HTTPServer, Handler};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{BadResponse, HTTPException};

#[path = "support/server_model.rs"]
mod reference;
#[path = "support/strict_answers.rs"]
mod strict_answers;

use reference::{BODY, Due, Model, PAGE};
use strict_answers::{Message, read_messages};

/// One call of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Read,
    ReadAll,
    FillAndConsume,
    Response(u16),
    Length(usize),
    Chunked,
    Close,
    EndHeaders,
    Write(usize),
    Flush,
    Error,
    Interim,
}

const OPS: [Op; 18] = [
    Op::Read,
    Op::ReadAll,
    Op::FillAndConsume,
    Op::Response(200),
    Op::Response(204),
    Op::Response(304),
    Op::Response(100),
    // As much as one write has, less, and more.
    Op::Length(4),
    Op::Length(2),
    Op::Length(6),
    Op::Chunked,
    Op::Close,
    Op::EndHeaders,
    Op::Write(4),
    Op::Write(9_000),
    Op::Flush,
    Op::Error,
    Op::Interim,
];

/// How a handler ends. What its calls came to, it ignores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Returns,
    Fails,
    Panics,
}

const ENDS: [End; 3] = [End::Returns, End::Fails, End::Panics];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Ok,
    Read(usize),
    OutOfTurn,
    Status,
    NoContent,
    TooLong,
    TooShort,
    Conflict,
    InvalidValue,
}

/// Whether the client waits for `100 Continue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Nothing,
    /// It says so, and sends its body with the head.
    SendsAtOnce,
    Waits,
}

/// A kind of request.
#[derive(Clone, Debug)]
struct Kind {
    head: &'static str,
    is_head: bool,
    http10: bool,
    /// The client wants no further request.
    closes: bool,
    chunked: bool,
    /// Bytes of its body.
    body: usize,
    expects: Expects,
    /// The bound for what is read and dropped of it.
    drained: usize,
}

const PLAIN: Kind = Kind {
    head: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    is_head: false,
    http10: false,
    closes: false,
    chunked: false,
    body: 0,
    expects: Expects::Nothing,
    drained: usize::MAX,
};

const COUNTED: Kind = Kind {
    head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n",
    body: BODY.len(),
    ..PLAIN
};

const CHUNKED: Kind = Kind {
    head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    chunked: true,
    ..COUNTED
};

const EXPECTS: Kind = Kind {
    head: "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n",
    expects: Expects::Waits,
    ..COUNTED
};

const KINDS: [Kind; 12] = [
    PLAIN,
    Kind {
        head: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        is_head: true,
        ..PLAIN
    },
    COUNTED,
    CHUNKED,
    Kind {
        drained: 3,
        ..COUNTED
    },
    Kind {
        drained: 3,
        ..CHUNKED
    },
    EXPECTS,
    Kind {
        expects: Expects::SendsAtOnce,
        ..EXPECTS
    },
    Kind {
        head: "GET / HTTP/1.0\r\n\r\n",
        http10: true,
        closes: true,
        ..PLAIN
    },
    Kind {
        head: "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\n",
        http10: true,
        ..COUNTED
    },
    Kind {
        head: "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        is_head: true,
        http10: true,
        ..PLAIN
    },
    Kind {
        head: "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n",
        closes: true,
        ..COUNTED
    },
];

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
const TOKEN: &[u8] = b"token";

impl Kind {
    fn script(&self) -> Script {
        let body = match (self.body, self.chunked) {
            (0, _) => "",
            (_, false) => "abcdef",
            (_, true) => "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
        };
        let rest = [body, NEXT].concat();
        let script = match self.expects {
            Expects::Waits => Script::new().send(self.head).expect_head().send(rest),
            _ => Script::new().send([self.head, &rest].concat()),
        };
        script.end(Ending::Close)
    }
}

/// Makes the calls, and answers the further request by its token.
struct Caller {
    calls: Vec<Op>,
    end: End,
    outcomes: Mutex<Vec<Outcome>>,
    read: Mutex<Vec<u8>>,
}

impl Handler for Caller {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        if request.path() == "/next" {
            request.send_response(200, None)?;
            request.end_headers()?;
            return Ok(request.wfile().write_all(TOKEN)?);
        }
        for call in &self.calls {
            let outcome = self.make(*call, request);
            self.outcomes.lock().unwrap().push(outcome);
        }
        match self.end {
            End::Returns => Ok(()),
            End::Fails => Err(HTTPException::NotConnected),
            // Without the message of a panic, of which there would be thousands.
            End::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

impl Caller {
    fn make(&self, call: Op, request: &mut BaseHTTPRequestHandler<'_>) -> Outcome {
        static DATA: [u8; 9_000] = [b'w'; 9_000];
        let made = match call {
            Op::Read => return self.note_read(request.rfile().take(1).read_to_vec()),
            Op::ReadAll => return self.note_read(request.rfile().read_to_vec()),
            Op::FillAndConsume => return self.note_read(fill_and_consume(request)),
            Op::Response(code) => request.send_response(code, None),
            Op::Length(length) => request.send_header("Content-Length", length),
            Op::Chunked => request.send_header("Transfer-Encoding", "chunked"),
            Op::Close => request.send_header("Connection", "close"),
            Op::EndHeaders => request.end_headers(),
            Op::Write(count) => request
                .wfile()
                .write_all(&DATA[..count])
                .map_err(Into::into),
            Op::Flush => request.wfile().flush().map_err(Into::into),
            Op::Error => request.send_error(404, None, None),
            Op::Interim => request.send_interim(103, &[("Link", "</a>")]),
        };
        made.map_or_else(outcome, |()| Outcome::Ok)
    }

    fn note_read(&self, read: io::Result<Vec<u8>>) -> Outcome {
        match read {
            Ok(data) => {
                self.read.lock().unwrap().extend_from_slice(&data);
                Outcome::Read(data.len())
            }
            Err(error) => outcome(error.into()),
        }
    }
}

trait ReadToVec: Read + Sized {
    fn read_to_vec(mut self) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        self.read_to_end(&mut data).map(|_| data)
    }
}

impl<R: Read> ReadToVec for R {}

/// Takes at most two of the bytes that are shown.
fn fill_and_consume(request: &mut BaseHTTPRequestHandler<'_>) -> io::Result<Vec<u8>> {
    let mut rfile = request.rfile();
    let shown = rfile.fill_buf()?;
    let taken = shown[..shown.len().min(2)].to_vec();
    rfile.consume(taken.len());
    Ok(taken)
}

fn outcome(error: HTTPException) -> Outcome {
    match error {
        HTTPException::BadResponse(BadResponse::OutOfTurn) => Outcome::OutOfTurn,
        HTTPException::BadResponse(BadResponse::Status(_)) => Outcome::Status,
        HTTPException::BadResponse(BadResponse::NoContent(_)) => Outcome::NoContent,
        HTTPException::BodyLengthMismatch { .. } => Outcome::TooLong,
        HTTPException::ConflictingHeader { .. } => Outcome::Conflict,
        HTTPException::InvalidHeaderValue { .. } => Outcome::InvalidValue,
        error => panic!("{error:?}"),
    }
}

/// Makes the calls on both, and compares.
fn compare(kind: &Kind, calls: &[Op], end: End) -> Result<bool, String> {
    let mut model = Model::new(kind);
    let due: Vec<Outcome> = calls.iter().map(|call| model.call(*call)).collect();
    let goes_on = model.end(end);
    let peer = Peer::new([kind.script()]);
    let server = HTTPServer::without_socket(Caller {
        calls: calls.to_vec(),
        end,
        outcomes: Mutex::default(),
        read: Mutex::default(),
    });
    let bounds = Bounds {
        drained: kind.drained as u64,
        ..Bounds::DEFAULT
    };
    let server = server.clock(peer.clone()).bounds(bounds);
    server.serve_connection(peer.accept().unwrap(), None);
    let caller = server.handler();
    let outcomes = caller.outcomes.lock().unwrap();
    if *outcomes != due {
        return Err(format!("{outcomes:?} where {due:?} is due"));
    }
    let read = caller.read.lock().unwrap();
    if *read != BODY[..model.read] {
        return Err(format!("read {}", read.escape_ascii()));
    }
    let method = if kind.is_head { "HEAD" } else { "GET" };
    let wire = peer.received(0);
    let messages = read_messages(&wire, &[method, "GET"], peer.calls().shutdowns > 0)?;
    check_wire(&model.wire, goes_on, &messages)?;
    Ok(goes_on)
}

fn check_wire(due: &[Due], goes_on: bool, messages: &[Message]) -> Result<(), String> {
    let (first, next) = messages.split_at(due.len().min(messages.len()));
    let fits =
        due.len() == first.len() && due.iter().zip(first).all(|(due, came)| is_due(due, came));
    if !fits {
        return Err(format!("{first:?} where {due:?} is due"));
    }
    match (goes_on, next) {
        (false, []) => Ok(()),
        (true, [next]) if next.whole && next.body == TOKEN => Ok(()),
        _ => Err(format!("behind it {next:?}, goes on: {goes_on}")),
    }
}

fn is_due(due: &Due, came: &Message) -> bool {
    let length = came
        .field("Content-Length")
        .map(|length| length.parse().unwrap());
    let facts = (came.status, came.whole, came.closes) == (due.status, due.whole, due.closes);
    let framed = match due.length {
        Some(PAGE) => length.is_some(),
        _ => {
            (came.framing, length) == (due.framing, due.length) && came.body == vec![b'w'; due.body]
        }
    };
    facts && framed
}

/// The calls of the sequence with this number.
fn sequence(number: usize, length: u32) -> impl Iterator<Item = Op> {
    (0..length).map(move |place| OPS[number / OPS.len().pow(place) % OPS.len()])
}

/// Every sequence of so many calls behind these.
fn try_all(start: &[Op], length: u32) -> [usize; 2] {
    let (mut runs, mut went_on) = (0, 0);
    for number in 0..OPS.len().pow(length) {
        let calls: Vec<Op> = start
            .iter()
            .copied()
            .chain(sequence(number, length))
            .collect();
        for kind in &KINDS {
            for end in ENDS {
                runs += 1;
                match compare(kind, &calls, end) {
                    Ok(goes_on) => went_on += usize::from(goes_on),
                    Err(wrong) => panic!("{kind:?} {calls:?} {end:?}: {wrong}"),
                }
            }
        }
    }
    [runs, went_on]
}

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

#[test]
fn every_short_sequence_of_a_handlers_calls_does_what_the_model_does() {
    let length = if is_long() { 5 } else { 3 };
    let [runs, went_on] = try_all(&[], length);
    println!("{runs} sequences of {length} calls, after {went_on} of them a further answer");
    assert!(went_on > runs / 100);
}

/// Behind what leads into a response.
#[test]
fn every_end_of_a_response_does_what_the_model_does() {
    let length = if is_long() { 4 } else { 2 };
    let starts: [&[Op]; 6] = [
        &[Op::Response(200)],
        &[Op::Response(200), Op::EndHeaders],
        &[Op::Response(200), Op::Length(4), Op::EndHeaders],
        &[Op::Response(200), Op::EndHeaders, Op::Write(4)],
        &[Op::Response(204), Op::EndHeaders],
        &[Op::Interim, Op::Read, Op::Response(200)],
    ];
    let all = starts.map(|start| try_all(start, length));
    let sum = |place: usize| -> usize { all.iter().map(|counts| counts[place]).sum() };
    let (runs, went_on) = (sum(0), sum(1));
    println!(
        "{runs} sequences of {length} calls in a response, after {went_on} of them a further answer"
    );
    assert!(went_on > runs / 20);
}
