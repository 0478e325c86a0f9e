//! A server in memory with a handler that behaves in many ways, and what must come of it.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Mutex;

use crate::answer::{self, Answer};
use crate::naive;
use crate::requests::{Outcome, Taken};
use stdhttp::HTTPException;
use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer, Handler};
use stdhttp::testing::{Ending, Fault, Peer, Script};

type Request<'r, 'a> = &'r mut BaseHTTPRequestHandler<'a>;
type Handled = Result<(), HTTPException>;

/// What a handler does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Reads the body and answers with a length.
    Reads,
    /// Answers and leaves the body.
    Ignores,
    /// Reads the body, and answers at length without saying how long.
    AtLength,
    /// Reads an octet and answers.
    ReadsOne,
    Fails,
    Refuses,
    /// Sends an interim response first, and the head of the final one before the body is read.
    Early,
    /// Sends nothing.
    Forgets,
}

const WAYS: [Way; 8] = [
    Way::Reads,
    Way::Ignores,
    Way::AtLength,
    Way::ReadsOne,
    Way::Fails,
    Way::Refuses,
    Way::Early,
    Way::Forgets,
];

/// What the handler was called with.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    method: Vec<u8>,
    target: Vec<u8>,
    /// If it was read to its end.
    body: Option<Vec<u8>>,
}

struct Behaving {
    ways: [u8; 4],
    calls: Mutex<Vec<Call>>,
}

/// A client that waits to be told to go on can't be told so behind the head.
fn way_of(ways: [u8; 4], number: usize, waits: bool) -> Way {
    match WAYS[usize::from(ways[number % ways.len()]) % WAYS.len()] {
        Way::Early if waits => Way::Reads,
        way => way,
    }
}

/// What tells an answer from all others.
fn token(number: usize, method: &[u8], target: &[u8]) -> Vec<u8> {
    [format!("{number} ").as_bytes(), method, b" ", target].concat()
}

fn status_to(method: &[u8]) -> u16 {
    // A tunnel would end the connection of requests.
    if method == b"CONNECT" { 404 } else { 200 }
}

impl Behaving {
    fn begin(&self, request: Request<'_, '_>) -> (usize, Vec<u8>) {
        let head = request.request();
        let (method, target) = (head.method().to_vec(), head.target().as_bytes().to_vec());
        let mut calls = self.calls.lock().unwrap();
        let token = token(calls.len(), &method, &target);
        calls.push(Call {
            method,
            target,
            body: None,
        });
        (calls.len() - 1, token)
    }

    fn read(&self, request: Request<'_, '_>, number: usize) -> Handled {
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        self.calls.lock().unwrap()[number].body = Some(body);
        Ok(())
    }
}

fn answer(request: Request<'_, '_>, length: Option<usize>, body: &[u8]) -> Handled {
    request.send_response(status_to(request.request().method()), None)?;
    if let Some(length) = length {
        request.send_header("Content-Length", length)?;
    }
    request.end_headers()?;
    Ok(request.wfile().write_all(body)?)
}

impl Handler for Behaving {
    fn dispatch(&self, request: Request<'_, '_>) -> Handled {
        let (number, token) = self.begin(request);
        let waits = request.headers().get("expect").is_some();
        match way_of(self.ways, number, waits) {
            Way::Reads => {
                self.read(request, number)?;
                answer(request, Some(token.len()), &token)
            }
            Way::Ignores => answer(request, None, &token),
            Way::AtLength => {
                self.read(request, number)?;
                answer(request, None, &at_length(&token))
            }
            Way::ReadsOne => {
                request.rfile().read_exact(&mut [0]).ok();
                answer(request, None, &token)
            }
            Way::Fails => Err(std::io::Error::other("as meant").into()),
            Way::Refuses => request.send_error(403, None, None),
            Way::Early => {
                request.send_interim(103, &[("X", "y")])?;
                answer(request, Some(token.len()), &[])?;
                request.wfile().flush()?;
                self.read(request, number)?;
                Ok(request.wfile().write_all(&token)?)
            }
            Way::Forgets => Ok(()),
        }
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        let line = message.to_string();
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

fn at_length(token: &[u8]) -> Vec<u8> {
    token.iter().copied().cycle().take(9_000).collect()
}

/// How the bytes of the client and of the server go.
enum Disturbance {
    None,
    Cut(usize),
    /// The first calls do an octet each.
    Short,
}

/// What the server was called with, and what it sent.
fn serve(ways: [u8; 4], input: &[u8], disturbance: &Disturbance) -> (Vec<Call>, Vec<u8>) {
    let script = match disturbance {
        Disturbance::Cut(place) => Script::new().send(&input[..*place]).send(&input[*place..]),
        _ => Script::new().send(input),
    };
    let peer = Peer::new([script.end(Ending::Close)]);
    if let Disturbance::Short = disturbance {
        peer.fault_between(0, 100, Fault::Short);
    }
    let calls = Mutex::default();
    let server = HTTPServer::without_socket(Behaving { ways, calls }).clock(peer.clone());
    server.serve_connection(peer.accept().expect("a stream"), None);
    assert_eq!(peer.calls().open, 0);
    let calls = std::mem::take(&mut *server.handler().calls.lock().unwrap());
    (calls, peer.received(0))
}

/// Serves the requests in three ways and judges each.
pub fn judge(ways: [u8; 4], cut: usize, input: &[u8]) {
    let expected = naive::connection_with_ends(input);
    for disturbance in [Disturbance::None, Disturbance::Cut(cut), Disturbance::Short] {
        let (calls, came) = serve(ways, input, &disturbance);
        judge_one(ways, input, &expected, &calls, &came);
    }
}

fn judge_one(
    ways: [u8; 4],
    input: &[u8],
    expected: &[(Outcome, usize)],
    calls: &[Call],
    came: &[u8],
) {
    let (mut rest, mut called, mut goes_on, mut begins) = (came, 0, true, 0);
    for (outcome, ends) in expected {
        if !goes_on {
            break;
        }
        goes_on = match outcome {
            Outcome::Refused(status) => {
                let answer = read_refusal(&mut rest, &input[begins..]);
                assert_eq!((answer.status, answer.closes), (*status, true));
                false
            }
            Outcome::Taken(taken) => {
                let call = calls.get(called).expect("a call");
                let way = way_of(ways, called, waits(taken));
                let goes_on = judge_answer(way, called, taken, call, &mut rest);
                called += 1;
                goes_on
            }
            Outcome::Blocked => unreachable!("the connection ends"),
        };
        begins = *ends;
    }
    assert_eq!(called, calls.len(), "calls");
    assert_eq!(rest, b"", "bytes behind the last answer");
}

/// Reads the answer to what was refused. To HEAD it has no body, if the method was read at all.
fn read_refusal(rest: &mut &[u8], request: &[u8]) -> Answer {
    let is_head = request.trim_ascii_start().starts_with(b"HEAD ");
    let method: &[u8] = match is_head && answer::is_cut(rest, b"GET", b"1.1") {
        true => b"HEAD",
        false => b"GET",
    };
    answer::read(rest, method, b"1.1")
}

/// Judges a call and its answer; whether another request may follow.
fn judge_answer(way: Way, number: usize, taken: &Taken, call: &Call, rest: &mut &[u8]) -> bool {
    assert_eq!((&call.method, &call.target), (&taken.method, &taken.target));
    let reads = matches!(way, Way::Reads | Way::AtLength | Way::Early);
    let due = (reads && taken.broken.is_none()).then(|| taken.body.clone());
    assert_eq!(call.body, due, "the body");
    if way == Way::Early && taken.broken.is_some() {
        judge_early_head(taken, rest);
        return false;
    }
    let token = token(number, &taken.method, &taken.target);
    let answer = answer::read(rest, &taken.method, &taken.version);
    let (status, body) = match way {
        Way::Fails | Way::Forgets => (500, None),
        _ if reads && taken.broken.is_some() => (taken.broken.unwrap_or_default(), None),
        Way::Refuses => (403, None),
        Way::AtLength => (status_to(&taken.method), Some(at_length(&token))),
        _ => (status_to(&taken.method), Some(token)),
    };
    assert_eq!(answer.status, status, "{way:?}");
    if let (Some(body), true) = (body, taken.method != b"HEAD") {
        assert_eq!(answer.body, body, "{way:?}");
    }
    may_follow(way, taken, &answer)
}

/// The head was out before the body turned out to be broken: to HEAD that is the whole answer, else
/// the answer is cut. It is the last thing that is sent.
fn judge_early_head(taken: &Taken, rest: &mut &[u8]) {
    if taken.method == b"HEAD" {
        let answer = answer::read(rest, &taken.method, &taken.version);
        assert_eq!(answer.status, status_to(&taken.method));
    } else {
        assert!(answer::is_cut(rest, &taken.method, &taken.version));
        *rest = &[];
    }
}

fn may_follow(way: Way, taken: &Taken, answer: &Answer) -> bool {
    let fails = matches!(way, Way::Fails | Way::Forgets | Way::Refuses);
    let old = taken.version == *b"1.0";
    let has_end = !(old && way == Way::AtLength && taken.method != b"HEAD");
    if taken.broken.is_none() {
        let persists = answer::persists(&taken.fields, old);
        let due = fails || !persists || !has_end;
        // One that waits to be told to go on need not say whether it sends its body.
        assert!(answer.closes == due || waits(taken), "{way:?} {answer:?}");
    }
    !answer.closes && taken.broken.is_none()
}

fn waits(taken: &Taken) -> bool {
    let mut names = taken.fields.iter().map(|(name, _)| name);
    names.any(|name| name.eq_ignore_ascii_case(b"expect"))
}
