//! Proves the server's ceilings: what hostile clients without end can make a connection hold and
//! take, with a counting allocator; that the work is linear, in octets looked at and calls made, never
//! in time; and that clients that dribble are shed on the virtual clock.
//!
//! `STDHTTP_LONG=1` streams 1 GiB of one-octet chunks instead of 16 MiB, and sends a thousand times as
//! many pipelined requests.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stdhttp::server::{BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, Times};
use stdhttp::testing::{Ending, Fault, Peer, Script, steps};
use stdhttp::{Clock, HTTPException};

#[path = "support/asked.rs"]
mod asked;
#[path = "support/canned.rs"]
mod canned;
#[path = "support/counting.rs"]
mod counting;

use asked::Asked;
use canned::{Canned, Tally};
use counting::{Counting, Taken, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KIB: i64 = 1 << 10;
const BUFFER: u64 = 65_000;
const ENDLESS: u64 = u64::MAX;
const LINE: u64 = 65_536;
const HEAD: u64 = 262_144;
/// What a connection takes for itself: its state, the answer, a line of the log.
const CONNECTION: i64 = 8 * KIB;
/// The buffer when it has grown, and again while it grows.
const BUFFERS: i64 = 2 * BUFFER as i64;

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// What a handler does with the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    IsRead,
    IsLeft,
}

/// Counts the requests, and notes what they were answered by.
struct Site {
    body: Body,
    served: AtomicU64,
    octets: AtomicU64,
    status: AtomicU64,
}

impl Site {
    fn new(body: Body) -> Self {
        Self {
            body,
            served: AtomicU64::new(0),
            octets: AtomicU64::new(0),
            status: AtomicU64::new(0),
        }
    }

    fn read(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let mut piece = [0; 8_192];
        loop {
            match request.rfile().read(&mut piece)? {
                0 => return Ok(()),
                count => self.octets.fetch_add(count as u64, Ordering::Relaxed),
            };
        }
    }
}

impl Handler for Site {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.served.fetch_add(1, Ordering::Relaxed);
        if self.body == Body::IsRead {
            self.read(request)?;
        }
        request.send_response(200, None)?;
        request.end_headers()?;
        Ok(request.wfile().write_all(b"hello")?)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        let line = message.to_string();
        let status = line
            .strip_suffix(" -")
            .and_then(|line| line.rsplit(' ').next());
        if let Some(status) = status.and_then(|status| status.parse().ok()) {
            self.status.store(status, Ordering::Relaxed);
        }
    }
}

/// Each read takes so long.
struct Paced(Arc<Tally>, Duration, Instant);

impl Clock for Paced {
    fn now(&self) -> Instant {
        let reads = u32::try_from(self.0.reads.get()).unwrap_or(u32::MAX);
        self.2 + self.1 * reads
    }
}

/// What a client cost before its connection was over.
struct Cost {
    taken: Taken,
    octets: u64,
    reads: u64,
    writes: u64,
    steps: u64,
    served: u64,
    /// Octets of bodies that the handler got.
    body: u64,
    /// Of the last answer.
    status: u64,
}

/// Serves the client until its connection is over; everything is counted from before it is there.
/// Each of its reads takes a millisecond.
fn cost(client: Canned, body: Body, bounds: Bounds) -> Cost {
    let tally = client.tally();
    let clock = Paced(client.tally(), Duration::from_millis(1), Instant::now());
    let server = HTTPServer::without_socket(Site::new(body));
    let server = server.clock(clock).bounds(bounds);
    let before = steps().unwrap_or_default();
    let ((), taken) = measure(|| server.serve_connection(client, None));
    let site = server.handler();
    Cost {
        taken,
        octets: tally.taken.get(),
        reads: tally.reads.get(),
        writes: tally.writes.get(),
        steps: steps().unwrap_or_default() - before,
        served: site.served.load(Ordering::Relaxed),
        body: site.octets.load(Ordering::Relaxed),
        status: site.status.load(Ordering::Relaxed),
    }
}

/// Behind its last answer a connection reads on for so long, at a millisecond a read, and keeps
/// nothing.
fn lingered(piece: usize) -> u64 {
    let reads = Times::DEFAULT.linger.as_millis() as u64 + 1;
    reads * (piece as u64).min(8_192)
}

/// Name, beginning, what follows without end, the most octets that are looked at, the status.
type Flood = (&'static str, &'static [u8], &'static [u8], u64, u64);

static LONG_FIELD: [u8; 4_099] = {
    let mut field = [b'a'; 4_099];
    field[1] = b':';
    field[4_097] = b'\r';
    field[4_098] = b'\n';
    field
};

static EXTENSION: [u8; 1_008] = {
    let mut chunk = [b'e'; 1_008];
    chunk[0] = b'1';
    chunk[1] = b';';
    chunk[1_003] = b'\r';
    chunk[1_004] = b'\n';
    chunk[1_005] = b'x';
    chunk[1_006] = b'\r';
    chunk[1_007] = b'\n';
    chunk
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n";

const HEADS: [Flood; 12] = [
    ("method", b"", b"A", 9_216, 414),
    ("target", b"GET /", b"a", 9_216, 414),
    ("query", b"GET /?", b"%2e", 9_216, 414),
    ("blanks in the line", b"GET ", b" ", 9_216, 414),
    ("empty lines", b"", b"\r\n", 6, 400),
    ("name", GET, b"a", LINE, 431),
    ("value", b"GET / HTTP/1.1\r\na: ", b"a", LINE, 431),
    ("blanks", b"GET / HTTP/1.1\r\na:", b" ", LINE, 431),
    ("Host", b"GET / HTTP/1.1\r\nHost: ", b"a", LINE, 431),
    ("long fields", GET, &LONG_FIELD, HEAD, 431),
    ("small fields", GET, b"a:\r\n", 257 * 4, 431),
    ("folds", GET, b" c\r\n", 4, 400),
];

/// How the bytes come; a head must be there in ten seconds, which single octets would take.
const PIECES: [usize; 3] = [usize::MAX, 4_096, 100];

fn no_more_than(name: &str, cost: &Cost, most: u64, piece: usize, held: i64) {
    println!(
        "{name}, {piece}: {} octets, peak {}",
        cost.octets, cost.taken.peak
    );
    let most = most + BUFFER.min(piece as u64);
    let (octets, looked) = (cost.octets, cost.steps);
    assert!(
        octets <= most + lingered(piece),
        "{name}, {piece}: {octets} octets"
    );
    assert!(looked <= 10 * most, "{name}, {piece}: {looked} steps");
    assert!(
        cost.taken.peak <= held,
        "{name}, {piece}: peak {}",
        cost.taken.peak
    );
    assert!(cost.writes <= 2, "{name}, {piece}: {} writes", cost.writes);
}

#[test]
fn an_endless_head_takes_no_more_than_its_limits() {
    for (name, head, block, most, status) in HEADS {
        for piece in PIECES {
            let client = Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece);
            let cost = cost(client, Body::IsRead, Bounds::DEFAULT);
            assert_eq!((cost.served, cost.status), (0, status), "{name}, {piece}");
            let most = most + head.len() as u64;
            let held = 2 * most as i64 + BUFFERS + CONNECTION;
            no_more_than(name, &cost, most, piece, held.min(400 * KIB));
        }
    }
}

const CHUNKED: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Behind the head of a chunked body.
const BODIES: [Flood; 7] = [
    ("trailers", b"0\r\n", b"a: b\r\n", 65 * 6, 431),
    ("a trailer's value", b"0\r\na: ", b"b", 16_384, 431),
    ("a trailer's folds", b"0\r\na: b\r\n", b" c\r\n", 11, 400),
    ("an extension", b"1;", b"e", 4_096, 400),
    ("extensions", b"", &EXTENSION, 16_384 + 17 * 8, 413),
    ("a chunk size of zeros", b"", b"0", 4_097, 400),
    ("padding", b"1", b" ", 4_097, 400),
];

#[test]
fn endless_framing_of_a_body_takes_no_more_than_its_limits() {
    for (name, beginning, block, most, status) in BODIES {
        let head: &'static [u8] = [CHUNKED, beginning].concat().leak();
        for piece in PIECES {
            for body in [Body::IsRead, Body::IsLeft] {
                let client = Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece);
                let cost = cost(client, body, Bounds::DEFAULT);
                // Who does not read the body has answered before it is looked at.
                let status = if body == Body::IsRead { status } else { 200 };
                assert_eq!((cost.served, cost.status), (1, status), "{name}, {piece}");
                let most = most + head.len() as u64;
                no_more_than(name, &cost, most, piece, BUFFERS + 32 * KIB);
            }
        }
    }
}

#[test]
fn an_endless_body_that_is_read_streams_in_bounded_memory() {
    let total = if is_long() { 1 << 30 } else { 16 << 20 };
    let client = Canned::new(CHUNKED, b"1\r\nx\r\n", total, b"0\r\n\r\n");
    let cost = cost(client, Body::IsRead, Bounds::DEFAULT);
    println!(
        "one-octet chunks: {} octets, peak {}",
        cost.octets, cost.taken.peak
    );
    assert_eq!((cost.body, cost.status), (total, 200));
    assert_eq!(cost.octets, CHUNKED.len() as u64 + 6 * total + 5);
    assert!(cost.reads <= cost.octets / BUFFER + 9, "{}", cost.reads);
    assert!(
        cost.taken.peak <= BUFFERS + CONNECTION,
        "{}",
        cost.taken.peak
    );
}

#[test]
fn an_endless_body_that_is_left_is_dropped_up_to_its_bound() {
    const COUNTED: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n";
    let drained = Bounds::DEFAULT.drained;
    for (name, head, block, most) in [
        ("an unread length", COUNTED, &b"x"[..], 0),
        ("unread chunks", CHUNKED, b"1\r\nx\r\n", 6 * drained),
        (
            "unread large chunks",
            CHUNKED,
            b"8\r\nabcdefgh\r\n",
            2 * drained,
        ),
    ] {
        for piece in PIECES {
            let client = Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece);
            let cost = cost(client, Body::IsLeft, Bounds::DEFAULT);
            assert_eq!((cost.served, cost.status), (1, 200), "{name}, {piece}");
            let most = most + head.len() as u64;
            no_more_than(name, &cost, most, piece, BUFFERS + CONNECTION);
        }
    }
}

#[test]
fn announced_lengths_reserve_nothing() {
    for announced in [
        &b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\n",
    ] {
        let client = Canned::new(announced, b"x", 10, b"");
        let cost = cost(client, Body::IsRead, Bounds::DEFAULT);
        assert_eq!((cost.body, cost.status), (10, 400));
        assert!(cost.taken.peak <= 16 * KIB, "{}", cost.taken.peak);
    }
}

/// Requests without end: memory is that of one connection, work that of each request, and they end.
#[test]
fn pipelined_requests_without_end_are_served_up_to_their_bound() {
    const SMALL: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let requests = if is_long() { 1_000_000 } else { 1_000 };
    for block in [SMALL, POST] {
        for body in [Body::IsRead, Body::IsLeft] {
            let serve = |requests| {
                let bounds = Bounds {
                    requests,
                    ..Bounds::DEFAULT
                };
                cost(Canned::new(b"", block, ENDLESS, b""), body, bounds)
            };
            let (half, all) = (serve(requests / 2), serve(requests));
            println!(
                "{requests} pipelined requests: {} octets, peak {}",
                all.octets, all.taken.peak
            );
            assert_eq!((all.served, all.writes), (requests as u64, requests as u64));
            assert_eq!(half.served, requests as u64 / 2);
            assert!(
                100 * all.steps <= 201 * half.steps,
                "{} and {}",
                half.steps,
                all.steps
            );
            assert!(all.taken.peak <= BUFFERS + CONNECTION, "{}", all.taken.peak);
            // Memory does not grow with their number, but for the requests at once in the buffer.
            assert!(all.taken.peak <= half.taken.peak, "{}", all.taken.peak);
        }
    }
}

/// A connection that is idle behind a small answer holds what it has allocated.
#[test]
fn an_idle_connection_holds_less_than_sixteen_kibibytes() {
    let client = Canned::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", 0, b"");
    let cost = cost(client, Body::IsRead, Bounds::DEFAULT);
    println!("idle: {} octets, peak {}", cost.octets, cost.taken.peak);
    assert_eq!(cost.status, 200);
    assert!(cost.taken.peak < 16 * KIB, "{}", cost.taken.peak);
}

// Dribbles

/// A client that sends one octet a read and takes one a write; each call takes a second.
fn dribble(script: Script, calls_take: Duration) -> (Peer, Duration) {
    let peer = Peer::new([script.write_size(1)]);
    let server = HTTPServer::without_socket(Site::new(Body::IsRead));
    let server = server.clock(peer.clone());
    peer.fault_from(1, Fault::Slow(calls_take));
    server.serve_connection(peer.accept().unwrap(), None);
    let elapsed = peer.elapsed();
    (peer, elapsed)
}

#[test]
fn clients_that_dribble_are_shed_in_time() {
    let times = Times::DEFAULT;
    let second = Duration::from_secs(1);
    let endless = "x".repeat(1_000);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    // Twice the time of one read or write, and what the octets themselves are worth.
    let body = times.read * 2 + second * 9;
    let answer = times.write * 2 + second * 9;
    for (name, script, most) in [
        (
            "a head",
            Script::new().send_pieces(&endless, &[1]),
            times.head,
        ),
        (
            "empty lines",
            Script::new().send_pieces("\r\n", &[1]),
            times.head + times.idle,
        ),
        (
            "a body",
            Script::new().send(request).send_pieces(&endless, &[1]),
            body,
        ),
        ("nothing", Script::new(), times.head),
        (
            "nothing behind an answer",
            Script::new().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            answer + times.idle,
        ),
        (
            "an answer",
            Script::new().send("GET / HTTP/1.0\r\n\r\n"),
            answer,
        ),
    ] {
        let (peer, elapsed) = dribble(script, second);
        println!(
            "{name}: shed after {} s and {} calls",
            elapsed.as_secs(),
            peer.calls().all
        );
        // The answer that says so is taken by dribbles too, and then what still comes is dropped.
        let longest = most + answer + times.linger + second * 9;
        assert!(elapsed <= longest, "{name}: {elapsed:?}");
        assert_eq!(peer.calls().open, 0);
    }
}

#[test]
fn small_answers_never_ask_for_the_time() {
    let clock = Asked::default();
    let server = HTTPServer::without_socket(Site::new(Body::IsRead)).clock(clock.clone());
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let client = Canned::new(b"", request, 1_000, b"").in_pieces_of(request.len());
    server.serve_connection(client, None);
    assert_eq!(server.handler().served.load(Ordering::Relaxed), 1_000);
    assert_eq!(clock.times(), 0);
}

#[test]
fn a_thousand_dribbling_clients_cost_what_one_does() {
    let shed = |_| {
        let script = Script::new().send_pieces("GET / HTTP/1.1\r\n", &[1]);
        let (peer, _) = dribble(script.end(Ending::Silence), Duration::from_secs(1));
        peer.calls().all
    };
    let calls: Vec<usize> = (0..1_000).map(shed).collect();
    assert!(
        calls
            .iter()
            .all(|count| *count == calls[0] && *count < 1_000),
        "{}",
        calls[0]
    );
}
