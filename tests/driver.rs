//! Proves that the driver of a connection stays in step whatever a server does and whatever
//! fails: random exchanges before a server that answers at any moment, reads strictly and checks
//! a token in every request, sent in every way, with timeouts, failures and calls made again.
//! What must hold is said in `support/driving.rs`.
//!
//! `STDHTTP_LONG=1` makes 10,000,000 exchanges instead of 100,000.
#![allow(missing_docs)]

use std::io::{BufRead, ErrorKind};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use stdhttp::testing::{self, Peer};
use stdhttp::{Body, ConnectionState, HTTPConnection, HTTPException};

#[path = "support/answers.rs"]
mod answers;
#[path = "support/calls.rs"]
mod calls;
#[path = "support/driving.rs"]
mod driving;
#[path = "support/early.rs"]
mod early;
#[path = "support/plan.rs"]
mod plan;
#[path = "support/random.rs"]
mod random;
#[path = "support/script.rs"]
mod script;
#[path = "support/sources.rs"]
mod sources;
#[path = "support/strict.rs"]
mod strict;
#[path = "support/tape.rs"]
mod tape;

use calls::{CALLS, Call};
use driving::Seen;
use early::Fault;
use plan::{Leaves, Plan, When};
use script::{Exchange, How, KINDS, LARGE, LEAVES, Script, Then};
use tape::Tape;

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// Plays it; a panic is wrong too.
fn play(script: &Script) -> Result<Seen, String> {
    std::panic::catch_unwind(AssertUnwindSafe(|| driving::play(script)))
        .unwrap_or_else(|_| Err("a panic".into()))
}

/// The smallest script that fails, and how.
fn explain(seed: u64, choices: &[usize]) -> String {
    let script = |choices: &[usize]| Script::draw(&mut Tape::of(choices));
    let smallest = tape::smallest(choices, |choices| play(&script(choices)).is_err());
    let wrong = play(&script(&smallest)).unwrap_err();
    format!("STDHTTP_SEED={seed}: {wrong}\n{:#?}", script(&smallest))
}

#[test]
fn random_exchanges_stay_in_step() {
    let exchanges = if is_long() { 10_000_000 } else { 100_000 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let mut seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    let mut seen = Seen::default();
    while seen.exchanges < exchanges {
        let mut tape = Tape::random(seed);
        match play(&Script::draw(&mut tape)) {
            Ok(more) => seen.add(more),
            Err(_) => panic!("{}", explain(seed, tape.choices())),
        }
        seed = seed.wrapping_add(1);
    }
    println!("{} random exchanges, {seen}", seen.exchanges);
    assert!(seen.answers > exchanges / 2 && seen.complete > exchanges / 3);
    assert!(seen.early > exchanges / 200 && seen.timeouts > exchanges / 20);
}

/// One exchange before a plain one.
fn script(how: &How, plan: Plan, then: Then, fault: Option<usize>) -> Script {
    let exchange = Exchange {
        how: how.clone(),
        plan: plan.made_possible(),
        then,
        expect: false,
        upgrade: false,
        obstinate: true,
        again: 1,
    };
    Script {
        exchanges: vec![exchange],
        faults: fault.map(|at| (at, Fault::Blocks)).into_iter().collect(),
        blocksize: if how.size() < LARGE { 7 } else { 130_000 },
        tunnel: None,
        unasked: None,
        deadline: false,
    }
}

/// Every way to send before every answer, at every place, for every way that the server leaves,
/// with a call that times out or none.
fn play_all(ways: &[How], leaves: &[Leaves], faults: &[Option<usize>]) -> (usize, Seen) {
    let (mut runs, mut seen) = (0, Seen::default());
    for how in ways {
        for plan in every_plan(how.size(), leaves) {
            for then in [Then::Whole, Then::Leave] {
                for fault in faults {
                    let script = script(how, plan, then, *fault);
                    runs += 1;
                    match play(&script) {
                        Ok(more) => seen.add(more),
                        Err(wrong) => panic!("{wrong}\n{script:#?}"),
                    }
                }
            }
        }
    }
    (runs, seen)
}

fn every_plan(size: usize, all_leaves: &[Leaves]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for kind in KINDS {
        for at in [When::End, When::Head, When::Body(size / 2)] {
            for leaves in all_leaves.iter().copied() {
                plans.push(Plan {
                    kind,
                    at,
                    leaves,
                    ..Plan::PLAIN
                });
            }
        }
    }
    plans
}

#[test]
fn every_way_to_send_meets_every_early_answer() {
    let calls = if is_long() { 12 } else { 3 };
    let faults: Vec<Option<usize>> = [None].into_iter().chain((0..calls).map(Some)).collect();
    let (runs, seen) = play_all(&script::every_way(), &LEAVES, &faults);
    println!("{runs} uploads before every early answer, {seen}");
    assert!(runs > 100_000 && seen.early > 1_000);
}

/// Uploads that look for an answer on their way.
#[test]
fn every_large_upload_meets_every_early_answer() {
    let leaves = if is_long() { &LEAVES[..] } else { &LEAVES[..3] };
    let (runs, seen) = play_all(&script::every_large_way(), leaves, &[None]);
    println!("{runs} large uploads before every early answer, {seen}");
    assert!(runs > 5_000 && seen.early > 500);
}

/// When the server answers a request, how it is framed, and what becomes of the connection.
const PLACES: [(When, bool, Leaves); 4] = [
    (When::Head, false, Leaves::Stays),
    (When::Head, true, Leaves::StopsReading),
    (When::Body(2), false, Leaves::Gone(ErrorKind::BrokenPipe)),
    (When::Body(2), true, Leaves::Stays),
];

/// The calls of the sequence with this number, behind a request's head that was sent. Nothing is
/// read where there is no response.
fn sequence(number: usize, length: u32) -> Option<Vec<Call>> {
    let mut calls = vec![Call::PutRequest, Call::EndHeaders];
    for place in 0..length {
        let call = CALLS[number / CALLS.len().pow(place) % CALLS.len()];
        if call.reads() && !calls.last().is_some_and(|last| last.gives_response()) {
            return None;
        }
        calls.push(call);
    }
    Some(calls)
}

#[test]
fn every_short_sequence_of_calls_meets_every_early_answer() {
    let length = if is_long() { 5 } else { 4 };
    let mut runs = 0;
    let numbers = 0..CALLS.len().pow(length);
    for calls in numbers.filter_map(|number| sequence(number, length)) {
        for kind in KINDS {
            for (at, chunked, leaves) in PLACES {
                let plan = Plan {
                    kind,
                    at,
                    leaves,
                    ..Plan::PLAIN
                };
                let played = std::panic::catch_unwind(|| calls::play(plan, chunked, &calls));
                runs += 1;
                if let Err(wrong) = played.unwrap_or_else(|_| Err("a panic".into())) {
                    panic!("{wrong}\n{plan:?}, chunked: {chunked}, {calls:?}");
                }
            }
        }
    }
    println!("{runs} sequences of {length} calls before early answers");
}

// Places that no random exchange reaches often enough

fn connect(script: testing::Script) -> (Peer, HTTPConnection<Peer>) {
    let next = testing::Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    let peer = Peer::new([script, next]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let builder = builder.clock(peer.clone()).timeout(Duration::from_secs(1));
    (peer, builder.build().unwrap())
}

/// The next request is answered, on a connection of its own.
fn assert_begins_anew(peer: &Peer, conn: &mut HTTPConnection<Peer>) {
    let sent = peer.received(0);
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"next");
    assert_eq!(peer.calls().connects, 2);
    assert_eq!(
        peer.received(0),
        sent,
        "sent behind a request that was given up"
    );
}

#[test]
fn the_end_of_a_chunked_body_is_seen_when_its_last_octet_is_consumed() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let script = testing::Script::new().expect_head().send(answer);
    let (peer, mut conn) = connect(script.expect_head().send(answer));
    for exchange in 1..=2 {
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.fill_buf().unwrap(), b"hi");
        response.consume(1);
        assert!(!response.is_complete() && !response.isclosed());
        response.consume(1);
        assert!(response.is_complete() && response.isclosed());
        assert_eq!((peer.calls().connects, peer.calls().reads), (1, exchange));
    }
}

#[test]
fn a_sized_piece_that_ends_early_gives_the_request_up() {
    let (peer, mut conn) = connect(testing::Script::new());
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 5).unwrap();
    conn.endheaders().unwrap();
    let error = conn.send(Body::sized(&b"abc"[..], 5)).unwrap_err();
    assert!(
        matches!(
            error,
            HTTPException::BodyLengthMismatch {
                declared: 5,
                given: 3
            }
        ),
        "{error:?}"
    );
    assert!(!conn.is_connected());
    assert!(peer.received(0).ends_with(b"\r\n\r\nabc"));
    assert_begins_anew(&peer, &mut conn);
}

type Way = fn(&mut HTTPConnection<Peer>) -> Result<(), HTTPException>;

/// The head of the request was not written to its end when its body begins.
#[test]
fn a_head_that_stalls_in_front_of_a_body_gives_the_request_up() {
    let ways: [Way; 4] = [
        |conn| conn.send(Body::reader(&b"2\r\nab\r\n"[..])),
        |conn| conn.send(Body::iter(["2\r\nab\r\n"])),
        |conn| conn.send_chunk(b"ab"),
        |conn| conn.send_last_chunk(&[]),
    ];
    for way in ways {
        let script = testing::Script::new().refuse_writes(9, ErrorKind::WouldBlock);
        let (peer, mut conn) = connect(script);
        conn.putrequest("PUT", "/").unwrap();
        conn.putheader("Transfer-Encoding", "chunked").unwrap();
        assert!(conn.endheaders().unwrap_err().is_timeout());
        let error = way(&mut conn).unwrap_err();
        assert!(
            matches!(error, HTTPException::TimedOut { written: 0, .. }),
            "{error:?}"
        );
        assert!(conn.send_last_chunk(&[]).is_err());
        assert_eq!(peer.received(0), b"PUT / HTT");
        assert_begins_anew(&peer, &mut conn);
    }
}

#[test]
fn a_head_that_stalls_and_then_fails_ends_the_exchange() {
    let (peer, mut conn) = connect(testing::Script::new());
    peer.fault_once(2, testing::Fault::Error(ErrorKind::WouldBlock));
    conn.connect().unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert!(error.is_timeout(), "{error:?}, {:?}", peer.hits());
    let again = peer.calls().all;
    peer.fault_once(again, testing::Fault::Error(ErrorKind::ConnectionReset));
    let error = conn.getresponse().err().unwrap();
    assert!(error.is_connection_reset(), "{error:?}, {:?}", peer.hits());
    assert!(!conn.is_connected());
    assert_eq!(conn.state(), ConnectionState::Idle);
    assert_begins_anew(&peer, &mut conn);
}

#[test]
fn draining_a_closed_response_reads_nothing() {
    let script = testing::Script::new().expect_head();
    let script = script
        .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo")
        .send("dy");
    let (peer, mut conn) = connect(script);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    response.close();
    let reads = peer.calls().reads;
    assert!(!response.drain(100).unwrap() && !response.is_complete());
    assert_eq!(peer.calls().reads, reads);
    drop(response);
    assert_begins_anew(&peer, &mut conn);
}
