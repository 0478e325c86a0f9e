//! Proves that no byte of one exchange reaches another: every exchange carries a token that the
//! peer sends back in a field and in the body. Responses dropped at every octet, unsolicited data
//! at every moment, 64 threads with faults, 1,000 connections at once; no descriptor is left open.
//!
//! `STDHTTP_LONG=1` makes 1,000,000 exchanges instead of 20,000.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPConnection, HTTPException, StaleCheck};

#[path = "support/echo.rs"]
mod echo;
#[path = "support/random.rs"]
mod random;

use echo::{MODES, Mode, STALL, Server, body_of};
use random::Random;

// Dropped responses

const FRAMINGS: [&str; 4] = [
    "length",
    "chunks with trailers",
    "until close",
    "octet chunks",
];

/// A response whose body has the token, framed; where its body's octets lie; how it ends.
fn framed(framing: &str, token: &str, size: usize) -> (Vec<u8>, Vec<usize>, bool) {
    let body = body_of(token, size);
    let mut answer = format!("HTTP/1.1 200 OK\r\nX-Token: {token}\r\n").into_bytes();
    let mut places = Vec::new();
    let field = match framing {
        "length" => format!("Content-Length: {size}\r\n\r\n"),
        "until close" => "\r\n".into(),
        _ => "Transfer-Encoding: chunked\r\n\r\n".into(),
    };
    answer.extend(field.bytes());
    let chunk = match framing {
        "octet chunks" => 1,
        "chunks with trailers" => 100,
        _ => usize::MAX,
    };
    for piece in body.chunks(chunk) {
        if chunk < usize::MAX {
            answer.extend(format!("{:x}\r\n", piece.len()).bytes());
        }
        places.extend(answer.len()..answer.len() + piece.len());
        answer.extend(piece);
        if chunk < usize::MAX {
            answer.extend(b"\r\n");
        }
    }
    match framing {
        "chunks with trailers" => answer.extend(b"0\r\nX-Token: trailer\r\n\r\n"),
        "octet chunks" => answer.extend(b"0\r\n\r\n"),
        _ => {}
    }
    (answer, places, framing == "until close")
}

fn connect(peer: &Peer) -> HTTPConnection<Peer> {
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let builder = builder.clock(peer.clone());
    builder
        .read_timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

/// The next request gets its own answer.
fn assert_in_step(conn: &mut HTTPConnection<Peer>, what: &str) {
    conn.request("GET", "/next", (), &[]).unwrap();
    let mut response = conn
        .getresponse()
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(
        response.getheader("x-token").as_deref(),
        Some("next"),
        "{what}"
    );
    assert_eq!(response.read(None).unwrap(), b"nextnextne", "{what}");
}

/// Reads so many octets of the body.
fn read_some(conn: &mut HTTPConnection<Peer>, count: usize, token: &str) {
    conn.request("GET", "/first", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    let mut body = vec![0; count];
    let mut done = 0;
    while done < count {
        match response.readinto(&mut body[done..]).unwrap() {
            0 => panic!("the body is too short"),
            more => done += more,
        }
    }
    assert_eq!(body, body_of(token, count));
}

#[test]
fn a_response_dropped_at_any_octet_leaves_the_next_one_whole() {
    let (next, ..) = framed("length", "next", 10);
    let (mut runs, mut reused) = (0, 0);
    for framing in FRAMINGS {
        for size in 0..=300 {
            let (answer, places, until_close) = framed(framing, "first", size);
            for read in 0..=size {
                // What is read has come; the rest comes with it, or later.
                let cut = read
                    .checked_sub(1)
                    .map_or(answer.len() / 2, |last| places[last] + 1);
                let cut = if (size + read) % 3 == 0 {
                    answer.len()
                } else {
                    cut
                };
                let first = Script::new()
                    .expect_head()
                    .send(&answer[..cut])
                    .send(&answer[cut..]);
                let first = match until_close {
                    true => first.end(Ending::Close),
                    false => first.expect_head().send(&next),
                };
                let peer = Peer::new([first, Script::new().expect_head().send(&next)]);
                let mut conn = connect(&peer);
                read_some(&mut conn, read, "first");
                assert_in_step(&mut conn, framing);
                runs += 1;
                reused += usize::from(peer.calls().connects == 1);
            }
        }
    }
    println!("{runs} drops, after {reused} of them the connection was used again");
    assert!(runs > 180_000 && reused > 10_000 && reused < runs);
}

#[test]
fn a_response_that_fails_at_any_octet_leaves_the_next_one_whole() {
    let (next, ..) = framed("length", "next", 10);
    for framing in FRAMINGS {
        for size in (0..=300).step_by(5) {
            let (answer, ..) = framed(framing, "first", size);
            for cut in 0..answer.len() {
                for ending in [
                    Ending::Silence,
                    Ending::Reset,
                    Ending::Truncate,
                    Ending::Close,
                ] {
                    let first = Script::new().expect_head().send(&answer[..cut]);
                    // The late rest: it must never be read as an answer.
                    let first = match ending {
                        Ending::Silence => first
                            .wait(Duration::from_secs(3))
                            .send(&answer[cut..])
                            .expect_head()
                            .send("HTTP/1.1 200 OK\r\nX-Token: late\r\nContent-Length: 0\r\n\r\n"),
                        other => first.end(other),
                    };
                    let peer = Peer::new([first, Script::new().expect_head().send(&next)]);
                    let mut conn = connect(&peer);
                    conn.request("GET", "/first", (), &[]).unwrap();
                    if let Ok(mut response) = conn.getresponse() {
                        let _ = response.read(None);
                    }
                    assert_in_step(&mut conn, framing);
                }
            }
        }
    }
}

// Unsolicited data

const EVIL: &str = "HTTP/1.1 200 OK\r\nX-Token: EVIL\r\nContent-Length: 4\r\n\r\nEVIL";

/// The first exchange of a script, with the unsolicited data at its moment.
type Moment = (&'static str, &'static str, fn(Script, &str) -> Script);

const ANSWER: &str = "HTTP/1.1 200 OK\r\nX-Token: first\r\nContent-Length: 5\r\n\r\nfirst";
const MS: Duration = Duration::from_millis(1);

fn with(script: Script, answer: &str, data: &str) -> Script {
    script.expect_head().send([answer, data].concat())
}

const MOMENTS: [Moment; 13] = [
    ("before the request", "GET", |script, data| {
        script.send(data).expect_head().send(ANSWER)
    }),
    ("in the answer's segment", "GET", |script, data| {
        with(script, ANSWER, data)
    }),
    ("in a segment of its own", "GET", |script, data| {
        with(script, ANSWER, "").send(data)
    }),
    ("with the end", "GET", |script, data| {
        with(script, ANSWER, data).end(Ending::Close)
    }),
    ("before a reset", "GET", |script, data| {
        with(script, ANSWER, data).end(Ending::Reset)
    }),
    ("octet by octet", "GET", |script, data| {
        script.expect_head().send(ANSWER).send_pieces(data, &[1])
    }),
    ("after the last chunk", "GET", |script, data| {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
        with(script, answer, data)
    }),
    ("after trailers", "GET", |script, data| {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n";
        with(script, answer, data)
    }),
    ("after 204", "GET", |script, data| {
        with(script, "HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\n", data)
    }),
    ("after 304", "GET", |script, data| {
        with(script, "HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\n", data)
    }),
    ("after HEAD", "HEAD", |script, data| {
        with(script, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", data)
    }),
    ("after an empty body", "POST", |script, data| {
        with(script, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", data)
    }),
    ("after an answer to an upload", "PUT", |script, data| {
        let script = script.expect_head().expect_bytes(4);
        script.send([ANSWER, data].concat())
    }),
];

#[test]
fn unsolicited_data_is_never_an_answer() {
    let kinds = [
        EVIL,
        &EVIL[..20],
        "EVIL",
        "H",
        "\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nX-Token: EVIL\r\n\r\n",
    ];
    for (moment, method, script) in MOMENTS {
        for data in kinds {
            // What follows the data answers nobody: the connection must not be used again.
            let first = script(Script::new(), data);
            let (next, ..) = framed("length", "next", 10);
            let peer = Peer::new([first, Script::new().expect_head().send(&next)]);
            let mut conn = connect(&peer);
            conn.connect().unwrap();
            if moment == "before the request" {
                peer.pass(MS);
            } else {
                exchange(&mut conn, method);
                // A look is made where the connection was idle, however shortly.
                peer.pass(MS * 2);
            }
            let what = format!("{moment}: {data:?}");
            assert_in_step(&mut conn, &what);
            assert_eq!(peer.calls().connects, 2, "{what}");
        }
    }
}

fn exchange(conn: &mut HTTPConnection<Peer>, method: &str) {
    let body: &[u8] = if method == "PUT" { b"body" } else { b"" };
    conn.request(method, "/first", body, &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_ne!(response.getheader("x-token").as_deref(), Some("EVIL"));
    let body = response.read(None).unwrap();
    assert!(!body.windows(4).any(|window| window == b"EVIL"));
}

// Over sockets

/// One test at a time: each counts the descriptors of the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The descriptors that are open, where the system tells.
fn descriptors() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

fn seed() -> u64 {
    let seed = std::env::var("STDHTTP_SEED").ok();
    seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed)
}

#[test]
fn data_that_comes_after_an_answer_is_no_answer() {
    let _alone = alone();
    let before = descriptors();
    let server = Server::start();
    for check in [StaleCheck::Always, StaleCheck::default()] {
        let builder = HTTPConnection::builder("127.0.0.1").port(server.port);
        let builder = builder.timeout(Duration::from_secs(9)).stale_check(check);
        let mut conn = builder.build().unwrap();
        for round in 0..20 {
            let mut client = Client::new(&mut conn, round);
            client.exchange(Mode::Stray, 100_000).unwrap();
            // By now the other response has come, and the connection has been idle.
            std::thread::sleep(MS * 2);
            client.exchange(Mode::Length, 10).unwrap();
        }
    }
    server.stop();
    assert_eq!(descriptors(), before);
}

/// Makes exchanges and checks what comes of them.
struct Client<'a> {
    conn: &'a mut HTTPConnection,
    id: u64,
    count: u64,
}

impl<'a> Client<'a> {
    fn new(conn: &'a mut HTTPConnection, id: u64) -> Self {
        Self { conn, id, count: 0 }
    }

    fn token(&mut self) -> String {
        self.count += 1;
        let mixed = Random::new(self.id << 32 | self.count).number();
        format!("t{mixed:016x}")
    }

    fn exchange(&mut self, mode: Mode, size: usize) -> Result<(), HTTPException> {
        self.partial_exchange("GET", mode, size, 0, usize::MAX)
    }

    /// Reads so many octets at most. Whatever was read, and whatever fails, is this request's.
    fn partial_exchange(
        &mut self,
        method: &str,
        mode: Mode,
        size: usize,
        upload: usize,
        most: usize,
    ) -> Result<(), HTTPException> {
        let token = self.token();
        let number = MODES.iter().position(|known| *known == mode).unwrap();
        let target = format!("/{token}/{number}/{size}");
        let sent = match upload {
            0 => self.conn.request(method, &target, (), &[]),
            upload => self
                .conn
                .request(method, &target, body_of(&token, upload), &[]),
        };
        sent?;
        let mut response = self.conn.getresponse()?;
        let echoed = response
            .getheader("x-token")
            .map(|echoed| echoed.into_owned());
        assert_eq!(
            echoed.as_deref(),
            Some(token.as_str()),
            "a foreign response"
        );
        let due = if method == "HEAD" { 0 } else { size };
        let mut body = Vec::new();
        let mut block = [0; 4_099];
        let result = loop {
            if body.len() >= most {
                break Ok(());
            }
            match response.readinto(&mut block) {
                Ok(0) => break Ok(()),
                Ok(count) => body.extend_from_slice(&block[..count]),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(body, body_of(&token, body.len()), "foreign octets");
        let complete = response.is_complete();
        assert!(
            !complete || body.len() == due,
            "{} octets of {due}",
            body.len()
        );
        assert!(complete || result.is_err() || body.len() >= most || mode == Mode::UntilClose);
        result
    }
}

/// Whether this error is what the mode asked for.
fn is_due(mode: Mode, error: &HTTPException) -> bool {
    match mode {
        Mode::CutBody | Mode::CutHead => matches!(error, HTTPException::IncompleteRead(_)),
        Mode::NoAnswer => matches!(error, HTTPException::RemoteDisconnected { .. }),
        Mode::Resets => error.is_connection_reset(),
        Mode::Stalls => error.is_timeout(),
        _ => false,
    }
}

/// Whether the connection was closed by a peer that had announced it to nobody: the look before
/// the request may be too early to see it.
fn is_stale(error: &HTTPException) -> bool {
    error.is_connection_reset()
        && error
            .retry()
            .is_some_and(|retry| retry.reused && !retry.answered)
}

#[derive(Default)]
struct Counts {
    exchanges: AtomicUsize,
    failed: AtomicUsize,
    stale: AtomicUsize,
    dropped: AtomicUsize,
}

fn one_in(random: &mut Random, times: usize) -> bool {
    random.below(times) == 0
}

/// A client's life: requests of all kinds, one in ten of them disturbed.
fn soak(port: u16, id: u64, exchanges: usize, counts: &Counts) {
    let builder = HTTPConnection::builder("127.0.0.1").port(port);
    let builder = builder
        .timeout(Duration::from_secs(30))
        .stale_check(StaleCheck::Always);
    let mut conn = builder.build().unwrap();
    let mut random = Random::new(seed() ^ id << 20);
    let mut client = Client::new(&mut conn, id);
    let mut closes_silently = false;
    for _ in 0..exchanges {
        let mode = match random.below(10) {
            0 => MODES[random.below(MODES.len())],
            _ => MODES[random.below(5)],
        };
        // Waiting for a peer that stalls takes long: a quarter of those will do.
        let mode = match mode {
            Mode::Stalls if !one_in(&mut random, 4) => Mode::Length,
            mode => mode,
        };
        let size = if one_in(&mut random, 50) {
            100_000
        } else {
            2 + random.below(600)
        };
        let upload = match random.below(4) {
            0 => 1 + random.below(2_000),
            _ => usize::from(mode == Mode::Resets) * 9_000,
        };
        let method = match upload {
            0 if one_in(&mut random, 20) && mode != Mode::CutBody => "HEAD",
            0 => "GET",
            _ => "PUT",
        };
        let most = if one_in(&mut random, 10) {
            random.below(size)
        } else {
            usize::MAX
        };
        counts
            .dropped
            .fetch_add(usize::from(most < usize::MAX), Ordering::Relaxed);
        let timeout = if mode == Mode::Stalls {
            STALL / 2
        } else {
            Duration::from_secs(30)
        };
        client.conn.set_read_timeout(Some(timeout));
        let mut result = client.partial_exchange(method, mode, size, upload, most);
        if closes_silently && result.as_ref().is_err_and(is_stale) {
            counts.stale.fetch_add(1, Ordering::Relaxed);
            result = client.partial_exchange(method, mode, size, upload, most);
        }
        if let Err(error) = result {
            assert!(is_due(mode, &error), "{mode:?}: {error:?}");
            counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        // A body that would end with the connection: HEAD has none to tell the end by.
        closes_silently =
            mode == Mode::ClosesSilently || (method == "HEAD" && mode == Mode::UntilClose);
        if one_in(&mut random, 200) {
            client.conn.close();
        }
        counts.exchanges.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn sixty_four_threads_with_faults_never_mix_up_an_exchange() {
    let _alone = alone();
    println!("STDHTTP_SEED={}", seed());
    let before = descriptors();
    let exchanges = if is_long() { 1_000_000 } else { 20_480 } / 64;
    let server = Server::start();
    let (port, counts) = (server.port, Counts::default());
    std::thread::scope(|scope| {
        for id in 0..64 {
            let counts = &counts;
            scope.spawn(move || soak(port, id, exchanges, counts));
        }
    });
    server.stop();
    assert_eq!(descriptors(), before, "descriptors were left open");
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    println!(
        "{} exchanges, {} failed as they should, {} met a stale connection, {} were dropped",
        count(&counts.exchanges),
        count(&counts.failed),
        count(&counts.stale),
        count(&counts.dropped)
    );
    assert_eq!(count(&counts.exchanges), exchanges * 64);
    assert!(count(&counts.failed) * 100 >= count(&counts.exchanges));
}

/// How many connections may be open at once; both ends are in this process.
fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    let most = limit.unwrap_or(256).saturating_sub(100) / 2;
    if most < 1_000 {
        println!("{most} connections instead of 1,000: the limit of open files is {limit:?}");
    }
    most.min(1_000)
}

#[test]
fn a_thousand_connections_at_once_each_get_their_own_answers() {
    let _alone = alone();
    let before = descriptors();
    let server = Server::start();
    let count = connections();
    let mut random = Random::new(seed());
    let mut conns: Vec<HTTPConnection> = (0..count)
        .map(|_| {
            let builder = HTTPConnection::builder("127.0.0.1").port(server.port);
            builder.timeout(Duration::from_secs(30)).build().unwrap()
        })
        .collect();
    for round in 0..3 {
        for (place, conn) in conns.iter_mut().enumerate() {
            // Those that keep the connection.
            let mode = [0, 1, 3, 4][(place + round) % 4];
            let target = format!("/c{place}r{round}/{mode}/{}", place % 500);
            conn.request("GET", &target, (), &[]).unwrap();
        }
        let mut order: Vec<usize> = (0..count).collect();
        for place in (1..count).rev() {
            order.swap(place, random.below(place + 1));
        }
        for place in order {
            let token = format!("c{place}r{round}");
            let mut response = conns[place].getresponse().unwrap();
            assert_eq!(
                response.getheader("x-token").as_deref(),
                Some(token.as_str())
            );
            assert_eq!(response.read(None).unwrap(), body_of(&token, place % 500));
        }
        assert!(descriptors().is_none_or(|open| open >= 2 * count));
    }
    drop(conns);
    server.stop();
    assert_eq!(descriptors(), before, "descriptors were left open");
}

#[test]
fn a_response_dropped_over_a_socket_leaves_the_next_one_whole() {
    let _alone = alone();
    let before = descriptors();
    let server = Server::start();
    let mut conn = HTTPConnection::new("127.0.0.1", server.port).unwrap();
    let mut client = Client::new(&mut conn, 7);
    for mode in [
        Mode::Length,
        Mode::Chunked,
        Mode::UntilClose,
        Mode::OctetChunks,
    ] {
        for size in [0, 1, 2, 7, 64, 300, 70_000] {
            for read in (0..=size).step_by(size / 60 + 1) {
                client.partial_exchange("GET", mode, size, 0, read).unwrap();
            }
        }
    }
    assert!(client.count > 600, "{}", client.count);
    client.exchange(Mode::Length, 3).unwrap();
    drop(conn);
    server.stop();
    assert_eq!(descriptors(), before);
}
