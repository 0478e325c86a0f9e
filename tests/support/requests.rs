//! All requests of one connection as the server's state machine takes them, each answered at once.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses some of the parts"
)]

use stdhttp::proto::HTTPVersion;
use stdhttp::proto::server::{Exchange, Received, Refusal};
use stdhttp::{End, HTTPMessage, Limits, Tolerance};

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken(Box<Taken>),
    /// Refused with this status before its body.
    Refused(u16),
    /// The rest of it did not come.
    Blocked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub version: [u8; 3],
    pub authority: Option<(Vec<u8>, Option<u16>)>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The status that answers a body that was cut short or broken.
    pub broken: Option<u16>,
    pub kept: bool,
}

/// The outcomes and the bytes behind the last request.
pub fn run(input: &[u8], ends: bool, cuts: &[usize]) -> (Vec<Outcome>, usize) {
    run_with(Limits::DEFAULT, Tolerance::SERVER, input, ends, cuts)
}

pub fn run_with(
    limits: Limits,
    tolerance: Tolerance,
    input: &[u8],
    ends: bool,
    cuts: &[usize],
) -> (Vec<Outcome>, usize) {
    let mut source = Source {
        input,
        cuts,
        start: 0,
        shown: 0,
        ends,
    };
    let mut exchange = Exchange::new(limits, tolerance);
    let mut outcomes = Vec::new();
    source.show_more();
    while let Some(outcome) = one_request(&mut exchange, &mut source) {
        let goes_on = matches!(&outcome, Outcome::Taken(taken) if taken.kept);
        outcomes.push(outcome);
        if !goes_on {
            break;
        }
        exchange.next_request().expect("a kept connection goes on");
    }
    (outcomes, input.len() - source.start)
}

/// The input in pieces.
struct Source<'a> {
    input: &'a [u8],
    cuts: &'a [usize],
    start: usize,
    shown: usize,
    ends: bool,
}

impl<'a> Source<'a> {
    fn at_hand(&self) -> &'a [u8] {
        &self.input[self.start..self.shown]
    }

    /// Shows up to the next cut; false if there is no more.
    fn show_more(&mut self) -> bool {
        let before = self.shown;
        let next = self.cuts.iter().copied().find(|&cut| cut > before);
        self.shown = next.unwrap_or(self.input.len()).min(self.input.len());
        self.shown > before
    }
}

/// Nothing if the connection ends, or rests, between two requests.
fn one_request(exchange: &mut Exchange, source: &mut Source<'_>) -> Option<Outcome> {
    loop {
        match exchange.receive_head(source.at_hand()) {
            Ok(Received::Head(length)) => {
                source.start += length;
                return Some(take(exchange, source));
            }
            Ok(_) if source.show_more() => {}
            Ok(_) if source.at_hand().iter().all(|octet| b"\r\n".contains(octet)) => return None,
            Ok(_) if source.ends => {
                let refusal = exchange.head_ended(source.at_hand(), End::Closed);
                return Some(refused(exchange, &refusal));
            }
            Ok(_) => return Some(Outcome::Blocked),
            Err(refusal) => return Some(refused(exchange, &refusal)),
        }
    }
}

/// A refusal can always be answered, and closes the connection.
fn refused(exchange: &mut Exchange, refusal: &Refusal) -> Outcome {
    assert!(refusal.closes);
    exchange
        .send_response(refusal.status, "")
        .expect("an answer");
    if refusal.status == 426 || refusal.status == 405 {
        panic!("no field for {}", refusal.status);
    }
    exchange.end_headers(Some(0)).expect("an answer");
    assert!(exchange.head().ends_with(b"Connection: close\r\n\r\n"));
    assert!(exchange.close_reason().is_some());
    Outcome::Refused(refusal.status)
}

fn take(exchange: &mut Exchange, source: &mut Source<'_>) -> Outcome {
    let head = exchange.request();
    let mut taken = Taken {
        method: head.method().to_vec(),
        target: head.target().as_bytes().to_vec(),
        version: *head.raw_version(),
        authority: head.authority().map(|(host, port)| (host.to_vec(), port)),
        fields: pairs(head.headers()),
        ..Taken::default()
    };
    if let Err(refusal) = exchange.check_expectation() {
        exchange
            .send_response(refusal.status, "")
            .expect("an answer");
        exchange.end_headers(Some(0)).expect("an answer");
        return Outcome::Refused(refusal.status);
    }
    match read_body(exchange, source, &mut taken) {
        Ok(true) => {}
        Ok(false) => return Outcome::Blocked,
        Err(refusal) => taken.broken = Some(refusal.status),
    }
    taken.trailers = pairs(exchange.decoder().trailers());
    answer(exchange, &taken);
    taken.kept = taken.broken.is_none() && exchange.close_reason().is_none();
    Outcome::Taken(Box::new(taken))
}

/// False if the rest does not come.
fn read_body(
    exchange: &mut Exchange,
    source: &mut Source<'_>,
    taken: &mut Taken,
) -> Result<bool, Refusal> {
    let mut piece = [0; 64];
    while !exchange.decoder().is_complete() {
        let step = exchange.decode(source.at_hand(), &mut piece)?;
        source.start += step.consumed;
        taken.body.extend_from_slice(&piece[..step.produced]);
        let stuck = step.consumed == 0 && !exchange.decoder().is_complete();
        if stuck && !source.show_more() {
            if !source.ends {
                return Ok(false);
            }
            exchange.end_of_input(End::Closed)?;
        }
    }
    Ok(true)
}

fn answer(exchange: &mut Exchange, taken: &Taken) {
    let status = if taken.method == b"CONNECT" { 404 } else { 200 };
    exchange.send_response(status, "").expect("a response");
    exchange.end_headers(Some(0)).expect("a response");
    let rest = exchange.end_response().expect("a whole response");
    assert_eq!(rest, b"");
    let says_close = exchange
        .head()
        .windows(19)
        .any(|w| w == b"\r\nConnection: close");
    assert_eq!(says_close, exchange.close_reason().is_some());
    let keeps_old = exchange.request().version() == HTTPVersion::Http10 && !says_close;
    let says_keep = exchange
        .head()
        .windows(24)
        .any(|w| w == b"\r\nConnection: keep-alive");
    assert_eq!(says_keep, keeps_old);
}

fn pairs(message: &HTTPMessage) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = message.items_bytes();
    pairs
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect()
}
