//! The promise: a request that is cut short is never taken for a whole one. Every beginning of every
//! connection, followed by every kind of end: the handler gets exactly the requests that are whole,
//! what is not is never answered with success, and the connection is closed.

use std::fmt;
use std::io::{BufRead, Read, Write};
use std::sync::Mutex;

use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer, Handler};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPException, HTTPResponse};

use crate::method_of_refused;
use crate::naive;
use crate::own_requests::OWN;
use crate::requests::Outcome;
use crate::sources::{connections, length, sum_of};

/// Method, target and body of a request.
type Facts = (Vec<u8>, Vec<u8>, Vec<u8>);

/// Keeps what it is called with, as far as the body came whole, and answers only that with success.
struct Keeper {
    api: usize,
    whole: Mutex<Vec<Facts>>,
}

impl Keeper {
    fn read(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<Vec<u8>, HTTPException> {
        let (mut body, mut source) = (Vec::new(), request.rfile());
        match self.api % 4 {
            0 => drop(source.read_to_end(&mut body)?),
            1 => while source.read_until(b'\n', &mut body)? > 0 {},
            2 => {
                for octet in source.by_ref().bytes() {
                    body.push(octet?);
                }
            }
            _ => loop {
                let shown = source.fill_buf()?;
                body.extend_from_slice(shown);
                let count = shown.len();
                if count == 0 {
                    break;
                }
                source.consume(count);
            },
        }
        Ok(body)
    }
}

impl Handler for Keeper {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let body = self.read(request)?;
        let head = request.request();
        let (method, target) = (head.method().to_vec(), head.target().as_bytes().to_vec());
        // A tunnel would end the connection of requests.
        let status = if method == b"CONNECT" { 404 } else { 200 };
        self.whole.lock().unwrap().push((method, target, body));
        request.send_response(status, None)?;
        request.send_header("Content-Length", 2)?;
        request.end_headers()?;
        Ok(request.wfile().write_all(b"ok")?)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

const ENDINGS: [Ending; 4] = [
    Ending::Close,
    Ending::Reset,
    Ending::Truncate,
    Ending::Silence,
];

/// Serves so much of a connection.
fn check(input: &[u8], place: usize, api: usize, expected: &[&Facts]) {
    let ending = ENDINGS[(place + api) % 4];
    let what = format!("\"{}\" to {place}, {ending:?}", input.escape_ascii());
    let keeper = Keeper {
        api,
        whole: Mutex::default(),
    };
    let peer = Peer::new([Script::new().send(&input[..place]).end(ending)]);
    let server = HTTPServer::without_socket(keeper).clock(peer.clone());
    server.serve_connection(peer.accept().expect("a stream"), None);
    let whole = server.handler().whole.lock().unwrap();
    assert_eq!(whole.iter().collect::<Vec<_>>(), expected, "{what}");
    assert_eq!(peer.calls().open, 0, "{what}");
    check_answers(input, &peer.received(0), expected, &what);
}

/// A success for each whole request, and at most one failure behind them.
fn check_answers(input: &[u8], mut came: &[u8], expected: &[&Facts], what: &str) {
    for (method, ..) in expected {
        let method = std::str::from_utf8(method).expect("a token");
        let answer = answer_to(&mut came, method, what);
        let due = if method == "CONNECT" { 404 } else { 200 };
        assert_eq!(answer, due, "{what}");
    }
    if !came.is_empty() {
        let method = method_of_refused(input, came);
        assert!(answer_to(&mut came, method, what) >= 400, "{what}");
    }
    assert!(came.is_empty(), "{what}");
}

fn answer_to(came: &mut &[u8], method: &str, what: &str) -> u16 {
    let mut response = HTTPResponse::from_reader(came, method).expect(what);
    response.read(None).expect(what);
    response.status()
}

fn cut_everywhere(input: &[u8]) -> usize {
    let outcomes = naive::connection_with_ends(input);
    let whole = outcomes.iter().filter_map(|(outcome, end)| match outcome {
        Outcome::Taken(taken) if taken.broken.is_none() => Some((
            (
                taken.method.clone(),
                taken.target.clone(),
                taken.body.clone(),
            ),
            *end,
        )),
        _ => None,
    });
    let whole: Vec<(Facts, usize)> = whole.collect();
    let apis = length(1, 16);
    for place in 0..=input.len() {
        let due = whole.iter().filter(|(_, end)| *end <= place);
        let due: Vec<&Facts> = due.map(|(facts, _)| facts).collect();
        for api in 0..apis {
            check(input, place, place / 4 + api, &due);
        }
    }
    apis * (input.len() + 1)
}

#[test]
fn a_request_that_is_cut_short_is_never_whole() {
    let longest = length(600, 5_000);
    let connections: Vec<_> = connections()
        .into_iter()
        .filter(|input| input.len() <= longest)
        .collect();
    let count = sum_of(&connections, |input| cut_everywhere(input));
    println!("{count} cut connections of {}", connections.len());
    assert!(count >= 50_000 || connections.len() == OWN.len());
}
