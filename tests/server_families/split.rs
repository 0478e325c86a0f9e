//! The promise: what a server makes of its bytes does not depend on how they are cut: facts, refusals,
//! which of several requests are taken, and what is answered.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::sync::Mutex;

use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer, Handler};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPException, HTTPResponse};

use crate::method_of_refused;
use crate::own_requests::OWN;
use crate::random::Random;
use crate::requests::run;
use crate::sources::{connections, length, sum_of};

/// Tries cuts of one connection, which ends or rests, against its outcome in one piece.
fn cut_in_every_way(input: &[u8]) -> usize {
    let mut random = Random::new(input.len() as u64);
    let mut count = 0;
    for ends in [true, false] {
        let whole = run(input, ends, &[]);
        let mut check = |cuts: &[usize]| {
            let came = run(input, ends, cuts);
            assert_eq!(
                came.0,
                whole.0,
                "\"{}\" cut at {cuts:?}",
                input.escape_ascii()
            );
            count += 1;
        };
        check(&(1..input.len()).collect::<Vec<_>>());
        for one in 1..input.len() {
            check(&[one]);
        }
        for _ in 0..length(32, 2_000) {
            check(&random.cuts(input.len(), 12));
        }
        if input.len() <= length(64, 256) {
            for one in 1..input.len() {
                (one + 1..input.len()).for_each(|two| check(&[one, two]));
            }
        }
    }
    count
}

#[test]
fn the_outcome_of_requests_does_not_depend_on_the_cuts() {
    let connections = connections();
    let count = sum_of(&connections, |input| cut_in_every_way(input));
    println!("{count} split parses of {} connections", connections.len());
    assert!(count >= 100_000 || connections.len() == OWN.len());
}

/// Answers with the facts of the request.
#[derive(Default)]
struct Facts {
    methods: Mutex<Vec<String>>,
}

impl Handler for Facts {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let method = request.command().to_owned();
        self.methods.lock().unwrap().push(method);
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        let status = if request.command() == "CONNECT" {
            404
        } else {
            200
        };
        let facts = format!("{} {} {body:?}", request.command(), request.path());
        request.send_response(status, None)?;
        request.send_header("Content-Length", facts.len())?;
        request.end_headers()?;
        Ok(request.wfile().write_all(facts.as_bytes())?)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// The answers to a client that sends these pieces: status, whether the connection goes on, and the
/// body of a success. A refusal quotes what was there by then.
fn answers(input: &[u8], cuts: &[usize], interrupted: bool) -> Vec<(u16, bool, Vec<u8>)> {
    let (mut script, mut start) = (Script::new(), 0);
    for cut in cuts.iter().copied().chain([input.len()]) {
        if interrupted {
            script = script.fail(ErrorKind::Interrupted);
        }
        script = script.send(&input[start..cut]);
        start = cut;
    }
    let peer = Peer::new([script.end(Ending::Close)]);
    let facts = Facts::default();
    let server = HTTPServer::without_socket(facts).clock(peer.clone());
    server.serve_connection(peer.accept().expect("a stream"), None);
    assert_eq!(peer.calls().open, 0);
    let methods = server.handler().methods.lock().unwrap();
    let mut methods = methods.iter().map(String::as_str);
    let came = peer.received(0);
    let (mut rest, mut answers) = (&came[..], Vec::new());
    while !rest.is_empty() {
        let method = methods.next();
        let method = method.unwrap_or_else(|| method_of_refused(input, rest));
        let mut response = HTTPResponse::from_reader(&mut rest, method).expect("an answer");
        let body = response.read(None).expect("a whole answer");
        let status = response.status();
        let body = if status < 300 { body } else { Vec::new() };
        answers.push((status, response.will_close(), body));
    }
    answers
}

#[test]
fn the_answers_to_requests_do_not_depend_on_the_cuts() {
    let connections = connections();
    let count = sum_of(&connections, |input| {
        let whole = answers(input, &[], false);
        let check = |cuts: &[usize], interrupted| {
            let came = answers(input, cuts, interrupted);
            assert!(
                came == whole,
                "\"{}\" cut at {cuts:?}",
                input.escape_ascii()
            );
        };
        let octets: Vec<usize> = (1..input.len()).collect();
        check(&octets, true);
        let ways = length(40, 4_000).min(input.len().saturating_sub(1));
        let mut random = Random::new(input.len() as u64);
        for place in 0..ways {
            let one = match ways < octets.len() {
                true => *random.choose(&octets),
                false => place + 1,
            };
            check(&[one], place % 2 == 0);
        }
        1 + ways
    });
    println!("{count} connections answered in pieces");
    assert!(count >= 10_000 || connections.len() == OWN.len());
}
