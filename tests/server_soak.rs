//! Proves that a server over real sockets outlives clients that leave at any moment: random
//! pipelined requests, cut anywhere, whose answers are read to their end, in part or not at all. Every
//! answer that comes is that to its own request, a body that a handler reads to its end is whole,
//! and in the end there are as many descriptors and threads as at the start.
//!
//! `STDHTTP_LONG=1` makes 1,000,000 exchanges instead of 20,000.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stdhttp::HTTPException;
use stdhttp::server::{BaseHTTPRequestHandler, Handler, ThreadingHTTPServer};

#[path = "support/random.rs"]
mod random;
#[path = "support/strict_answers.rs"]
mod strict_answers;

use random::Random;
use strict_answers::{Message, read_messages};

const THREADS: usize = 16;

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// So many octets of the token, over and over.
fn body_of(token: &str, size: usize) -> Vec<u8> {
    token.bytes().cycle().take(size).collect()
}

/// What the handler saw.
#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    /// Bodies that were read to their end.
    whole: AtomicUsize,
    /// Bodies that were not, because the client left.
    cut: AtomicUsize,
    /// Bodies that were whole and not what was sent.
    wrong: AtomicUsize,
    panics: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn counted(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

/// Answers `/token/size` by so many octets of the token; of a body that is sent, it looks at every
/// octet.
struct Echo(Arc<Seen>);

impl Handler for Echo {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let seen = &self.0;
        count(&seen.served);
        let path = request.path().to_owned();
        let (token, size) = path[1..].split_once('/').expect("two segments");
        let size: usize = size.parse().expect("a number");
        if request.command() == "POST" {
            let mut body = Vec::new();
            if let Err(error) = request.rfile().read_to_end(&mut body) {
                count(&seen.cut);
                return Err(error.into());
            }
            count(&seen.whole);
            if body != body_of(token, size) {
                count(&seen.wrong);
            }
        }
        request.send_response(200, None)?;
        request.send_header("X-Token", token)?;
        request.end_headers()?;
        for piece in body_of(token, size).chunks(1_000) {
            request.wfile().write_all(piece)?;
        }
        Ok(())
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        if message.to_string().contains("panicked") {
            count(&self.0.panics);
        }
    }
}

/// One request: its bytes, and what must come of it.
struct Asked {
    bytes: Vec<u8>,
    method: &'static str,
    token: String,
    size: usize,
    /// No server takes it.
    is_broken: bool,
}

fn ask(random: &mut Random, number: usize) -> Asked {
    let token = format!("t{number:x}");
    let size = match random.below(20) {
        0 => random.below(30_000),
        _ => random.below(300),
    };
    let target = format!("/{token}/{size}");
    let body = body_of(&token, size);
    let host = "HTTP/1.1\r\nHost: a\r\n";
    let counted = format!("POST {target} {host}Content-Length: {size}\r\n");
    let (method, head, body) = match random.below(12) {
        0 => ("HEAD", format!("HEAD {target} {host}\r\n"), Vec::new()),
        1..=3 => ("POST", format!("{counted}\r\n"), body),
        4..=5 => (
            "POST",
            format!("{counted}Expect: 100-continue\r\n\r\n"),
            body,
        ),
        6..=7 => {
            let head = format!("POST {target} {host}Transfer-Encoding: chunked\r\n\r\n");
            ("POST", head, chunked(&body, 1 + random.below(100)))
        }
        _ => ("GET", format!("GET {target} {host}\r\n"), Vec::new()),
    };
    let is_broken = random.below(60) == 0;
    let head = if is_broken {
        head.replace("Host: a", "Host a")
    } else {
        head
    };
    Asked {
        bytes: [head.into_bytes(), body].concat(),
        method,
        token,
        size,
        is_broken,
    }
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in body.chunks(size) {
        out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// How a client ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// It closes its side and reads to the end.
    InOrder,
    /// It reads so many octets at most and is gone.
    After(usize),
}

#[derive(Default)]
struct Counts {
    exchanges: AtomicUsize,
    connections: AtomicUsize,
    whole: AtomicUsize,
    left: AtomicUsize,
}

/// One connection.
fn connect(port: u16, random: &mut Random, first: usize, counts: &Counts) -> usize {
    let most = if is_long() { 32 } else { 8 };
    let requests = 1 + random.below(most);
    let asked: Vec<Asked> = (0..requests)
        .map(|place| ask(random, first + place))
        .collect();
    let sent: Vec<u8> = asked.iter().flat_map(|asked| asked.bytes.clone()).collect();
    let cut = match random.below(3) {
        0 => random.below(sent.len()),
        _ => sent.len(),
    };
    let leaves = match random.below(2) {
        0 => Leaves::InOrder,
        _ => Leaves::After(random.below(2_000)),
    };
    let came = talk(port, &sent[..cut], random.below(3) == 0, leaves);
    let methods = methods_of(&asked, cut);
    let messages = read_messages(&came, &methods, false);
    let messages = messages.unwrap_or_else(|wrong| panic!("{leaves:?}: {wrong}"));
    let answers: Vec<&Message> = messages.iter().filter(|m| !m.is_interim()).collect();
    let whole = check(&asked, &answers);
    if leaves == Leaves::InOrder && cut == sent.len() {
        let due = asked.iter().take_while(|asked| !asked.is_broken).count();
        assert!(
            whole == due,
            "{whole} of {due} answers to what was sent whole"
        );
    }
    count(&counts.connections);
    counts.exchanges.fetch_add(requests, Ordering::Relaxed);
    counts.whole.fetch_add(whole, Ordering::Relaxed);
    counts
        .left
        .fetch_add(usize::from(leaves != Leaves::InOrder), Ordering::Relaxed);
    requests
}

/// The methods, as far as the server can know them if so much was sent.
fn methods_of(asked: &[Asked], sent: usize) -> Vec<&'static str> {
    let mut before = 0;
    let method = |asked: &Asked| {
        let line = asked
            .bytes
            .iter()
            .position(|&octet| octet == b'\n')
            .unwrap();
        let is_known = before + line < sent;
        before += asked.bytes.len();
        if is_known { asked.method } else { "GET" }
    };
    asked.iter().map(method).collect()
}

/// What comes of a connection. Where the client reads while it sends, the server never waits for it.
fn talk(port: u16, sent: &[u8], in_pieces: bool, leaves: Leaves) -> Vec<u8> {
    let stream = open(port);
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut came = Vec::new();
    std::thread::scope(|scope| {
        let mut sender = &stream;
        let sending = scope.spawn(move || {
            let size = if in_pieces { 700 } else { usize::MAX };
            // The server may close where it refuses a request.
            let _ = sent
                .chunks(size)
                .try_for_each(|piece| sender.write_all(piece));
            if leaves == Leaves::InOrder {
                let _ = sender.shutdown(Shutdown::Write);
            }
        });
        let most = match leaves {
            Leaves::InOrder => u64::MAX,
            Leaves::After(count) => count as u64,
        };
        if leaves == Leaves::InOrder {
            (&stream)
                .read_to_end(&mut came)
                .expect("the end, not a reset");
        } else {
            sending.join().unwrap();
            stream.set_nonblocking(true).unwrap();
            let _ = (&stream).take(most).read_to_end(&mut came);
        }
    });
    came
}

/// Ports of connections that were closed take a while to be free again.
fn open(port: u16) -> TcpStream {
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Every answer is that to its own request; how many are whole.
fn check(asked: &[Asked], answers: &[&Message]) -> usize {
    let mut whole = 0;
    for (asked, answer) in asked.iter().zip(answers) {
        if answer.status == 0 {
            continue;
        }
        if answer.status != 200 {
            // It was cut or broken, and nothing is behind it.
            assert!(answer.status == 400 && answer.closes, "{answer:?}");
            continue;
        }
        assert!(!asked.is_broken);
        assert_eq!(
            answer.field("X-Token"),
            Some(asked.token.as_str()),
            "{answer:?}"
        );
        let due = if asked.method == "HEAD" {
            0
        } else {
            asked.size
        };
        let body = body_of(&asked.token, due);
        assert!(body.starts_with(&answer.body), "{answer:?}");
        assert!(!answer.whole || answer.body == body, "{answer:?}");
        whole += usize::from(answer.whole);
    }
    whole
}

/// The descriptors and threads of this process; those that go when the kernel is done with them,
/// which is a little after a thread was joined, are given the time to.
fn settled(due: (Option<usize>, Option<usize>)) -> (Option<usize>, Option<usize>) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let now = (entries("fd"), entries("task"));
        if now == due || Instant::now() > until {
            return now;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The entries of a folder about this process, where the system has it.
fn entries(of: &str) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/self/{of}")).ok()?.count())
}

#[test]
fn clients_that_leave_at_any_moment_leave_nothing_behind() {
    let exchanges = if is_long() { 1_000_000 } else { 20_000 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed: u64 = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STDHTTP_SEED={seed}");
    let before = (entries("fd"), entries("task"));
    let seen = Arc::new(Seen::default());
    let server = ThreadingHTTPServer::bind("127.0.0.1:0", Echo(Arc::clone(&seen))).unwrap();
    let (port, shutdown) = (server.server_port(), server.shutdown_handle());
    let serving = std::thread::spawn(move || server.serve_forever());
    let counts = Counts::default();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let counts = &counts;
            scope.spawn(move || {
                let mut random = Random::new(seed ^ (thread as u64) << 32);
                let mut done = 0;
                while done < exchanges / THREADS {
                    done += connect(port, &mut random, thread << 32 | done, counts);
                }
            });
        }
    });
    shutdown.shutdown();
    serving.join().expect("the server ends");
    assert_eq!(settled(before), before, "something was left");
    println!(
        "{} exchanges over {} connections, {} of which were left early; {} answers read whole, {} \
         bodies cut",
        counted(&counts.exchanges),
        counted(&counts.connections),
        counted(&counts.left),
        counted(&counts.whole),
        counted(&seen.cut)
    );
    assert_eq!((counted(&seen.wrong), counted(&seen.panics)), (0, 0));
    assert!(counted(&counts.exchanges) >= exchanges);
    assert!(counted(&seen.cut) * 200 > exchanges && counted(&counts.whole) * 4 > exchanges);
    assert!(counted(&seen.served) >= counted(&counts.whole));
    assert!(counted(&seen.whole) * 5 > exchanges);
}
