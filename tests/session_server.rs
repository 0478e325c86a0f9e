//! Sessions before the server of this crate, both in one process whose descriptors are counted: many
//! threads on one session, with cookies and redirects, before a server that closes where its bounds are; and
//! at length before one whose streams break off, reset, dribble and wait. What comes whole is right,
//! everything else is a typed error, and nothing is left open.
//!
//! `STDHTTP_LONG=1` makes 1,000,000 exchanges with faults instead of 10,000; `STDHTTP_SEED` replays one run.
#![cfg(all(feature = "requests", feature = "server"))]
#![allow(missing_docs)]

use std::collections::HashSet;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stdhttp::requests::{ExceptionKind, HTTPAdapter, RequestException, Retry, Session, Timeout};
use stdhttp::server::{
    Accepted, BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, ThreadingHTTPServer,
};
use stdhttp::{HTTPException, Look, Stream};

#[path = "support/descriptors.rs"]
mod descriptors;
#[path = "support/random.rs"]
mod random;

use descriptors::{descriptors, settle};
use random::Random;

const THREADS: usize = 64;

/// Each has a cookie of its own, and a jar keeps 50 of one host.
const OWNERS: usize = 32;

/// The tests count the descriptors of the process, and so take turns.
static TURN: Mutex<()> = Mutex::new(());

fn take_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// What the handler saw.
#[derive(Default)]
struct Seen {
    exchanges: AtomicUsize,
    /// The tokens of every POST whose body came whole.
    posted: Mutex<HashSet<String>>,
    twice: AtomicUsize,
    /// Bodies that came whole and not as they were sent, and cookies of another path.
    wrong: AtomicUsize,
    /// Requests without a cookie.
    bare: AtomicUsize,
    panics: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn counted(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

/// What belongs to a token, which names its length.
fn content_of(token: &str) -> Vec<u8> {
    let length = token.rsplit('-').next().unwrap_or_default();
    let length = length.parse().expect("a length");
    token.bytes().cycle().take(length).collect()
}

/// Answers `/owner/token` by the content of the token and a cookie of the owner; `/owner/moved/token`
/// leads there.
struct Told(Arc<Seen>);

impl Told {
    fn note_body(&self, token: &str, body: &[u8]) {
        if body != content_of(token) {
            count(&self.0.wrong);
        }
        let is_new = self.0.posted.lock().unwrap().insert(token.to_owned());
        if !is_new {
            count(&self.0.twice);
        }
    }
}

impl Handler for Told {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        count(&self.0.exchanges);
        let path = request.path().to_owned();
        let (owner, rest) = path[1..].split_once('/').expect("two segments");
        let token = rest.trim_start_matches("moved/");
        match request.headers().getheader("Cookie") {
            Some(cookie) if cookie == format!("owner={owner}") => {}
            Some(_) => count(&self.0.wrong),
            None => count(&self.0.bare),
        }
        if request.command() == "POST" {
            let mut body = Vec::new();
            request.rfile().read_to_end(&mut body)?;
            self.note_body(token, &body);
        }
        let content = content_of(token);
        if rest != token {
            request.send_response(303, None)?;
            request.send_header("Location", format!("/{owner}/{token}").as_str())?;
            request.send_header("Content-Length", "0")?;
            return request.end_headers();
        }
        request.send_response(200, None)?;
        let cookie = format!("owner={owner}; Path=/{owner}");
        request.send_header("Set-Cookie", cookie.as_str())?;
        // Without a length the content goes in chunks.
        if content.len() % 2 == 0 {
            request.send_header("Content-Length", content.len().to_string().as_str())?;
        }
        request.end_headers()?;
        for piece in content.chunks(3_000) {
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

/// A server that runs until it is shut down.
struct Running {
    port: u16,
    shutdown: stdhttp::server::Shutdown,
    serving: std::thread::JoinHandle<()>,
}

impl Running {
    fn start(server: HTTPServer<Told>) -> Self {
        let server = ThreadingHTTPServer::from(server);
        let (port, shutdown) = (server.server_port(), server.shutdown_handle());
        let serving = std::thread::spawn(move || server.serve_forever());
        Self {
            port,
            shutdown,
            serving,
        }
    }

    fn end(self) {
        self.shutdown.shutdown();
        self.serving.join().expect("the server ends");
    }
}

fn session_with(adapter: HTTPAdapter) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    session.set_timeout(Timeout::from(Duration::from_secs(60)));
    session.mount("http://", adapter);
    session
}

/// A GET, one by way of a redirect, a POST, or a POST that is led elsewhere; the content that came.
fn call(
    session: &Session,
    (port, owner, token): (u16, &str, &str),
    kind: usize,
) -> Result<Vec<u8>, RequestException> {
    let moved = if kind % 2 == 1 { "moved/" } else { "" };
    let url = format!("http://127.0.0.1:{port}/{owner}/{moved}{token}");
    let request = match kind {
        0 | 1 => session.get(&url),
        _ => session.post(&url).data(content_of(token)),
    };
    let response = request.send()?;
    response.raise_for_status()?;
    Ok(response.content()?.to_vec())
}

#[test]
fn every_thread_gets_its_own_answers_from_a_server_that_closes_behind_some() {
    let _turn = take_turn();
    let each = if is_long() { 4_000 } else { 40 };
    for (requests, blocks) in [(1_000, false), (7, false), (7, true), (1, false)] {
        let before = descriptors();
        let seen = Arc::new(Seen::default());
        let server = HTTPServer::bind("127.0.0.1:0", Told(Arc::clone(&seen))).unwrap();
        let running = Running::start(server.bounds(Bounds {
            requests,
            ..Bounds::DEFAULT
        }));
        let adapter = HTTPAdapter::new().pool_maxsize(8).pool_block(blocks);
        let session = session_with(adapter.clone());
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (session, port) = (&session, running.port);
                scope.spawn(move || {
                    for number in 0..each {
                        let token = format!("{thread}x{number}-{}", number * 37 % 500);
                        let owner = format!("t{}", thread % OWNERS);
                        let content = call(session, (port, &owner, &token), number % 4);
                        assert_eq!(content.unwrap(), content_of(&token));
                    }
                });
            }
        });
        assert_eq!(session.cookies().iter().count(), OWNERS);
        assert!(adapter.idle_connections() <= 8);
        session.close();
        running.end();
        settle(before);
        // A quarter each: GET, led GET, POST, led POST.
        let calls = THREADS * each;
        assert_eq!(counted(&seen.exchanges), calls * 3 / 2);
        assert_eq!(seen.posted.lock().unwrap().len(), calls / 2);
        assert_eq!(failures(&seen), [0, 0, 0]);
        // None but the first of a thread.
        assert!((1..=THREADS).contains(&counted(&seen.bare)));
        println!("{calls} calls of {THREADS} threads, {requests} requests on a connection");
    }
}

fn failures(seen: &Seen) -> [usize; 3] {
    [&seen.wrong, &seen.twice, &seen.panics].map(counted)
}

/// What is done to calls of the server's streams, counted.
#[derive(Default)]
struct Done {
    faults: AtomicUsize,
}

/// A stream of the server that misbehaves now and then. Once it is broken nothing works any more.
struct Faulty {
    stream: Accepted,
    random: Random,
    done: Arc<Done>,
    is_broken: bool,
}

impl Faulty {
    /// One call in so many misbehaves; which way.
    fn way(&mut self) -> io::Result<Option<usize>> {
        if self.is_broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if self.random.below(12) != 0 {
            return Ok(None);
        }
        count(&self.done.faults);
        let way = self.random.below(5);
        if way == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Some(way))
    }

    fn breaks(&mut self, kind: ErrorKind) -> io::Error {
        self.is_broken = true;
        kind.into()
    }
}

impl Read for Faulty {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.way()? {
            // What the client sends stays unread: closing resets the connection.
            Some(1) => Err(self.breaks(ErrorKind::ConnectionReset)),
            Some(2) => self.stream.read(&mut buf[..1]),
            Some(3) => Err(ErrorKind::Interrupted.into()),
            _ => self.stream.read(buf),
        }
    }
}

impl Write for Faulty {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.way()? {
            Some(1) => Err(self.breaks(ErrorKind::ConnectionAborted)),
            Some(2) => self.stream.write(&buf[..1]),
            Some(3) => Err(ErrorKind::Interrupted.into()),
            // Half of it arrives, and then nothing.
            Some(4) => {
                self.is_broken = true;
                let half = self.random.below(buf.len() + 1);
                self.stream.write_all(&buf[..half])?;
                Ok(buf.len())
            }
            _ => self.stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for Faulty {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Stream::shutdown(&mut self.stream)
    }

    fn look(&mut self) -> io::Result<Look> {
        self.stream.look()
    }
}

/// Whether an error is one that such a server gives cause for.
fn is_meant(error: &RequestException) -> bool {
    error.request().is_some()
        && matches!(
            error.kind(),
            ExceptionKind::ConnectionError(_)
                | ExceptionKind::ChunkedEncodingError(_)
                | ExceptionKind::RetryError
        )
}

/// What the calls came to.
#[derive(Default)]
struct Came {
    whole: AtomicUsize,
    failed: AtomicUsize,
}

/// One call of a random kind and size, by one of a few owners.
fn call_any(session: &Session, port: u16, number: usize, random: &mut Random, came: &Came) {
    let most = *random.choose(&[0, 200, 9_000, 40_000]);
    let token = format!("{number}-{}", random.below(most + 1));
    let owner = format!("t{}", random.below(OWNERS));
    match call(session, (port, &owner, &token), random.below(4)) {
        Ok(content) => {
            assert!(content == content_of(&token), "{token}");
            count(&came.whole);
        }
        Err(error) => {
            assert!(is_meant(&error), "{token}: {error:?}");
            count(&came.failed);
        }
    }
}

#[test]
fn before_a_server_with_faults_what_comes_whole_is_right() {
    let _turn = take_turn();
    let calls = if is_long() { 1_000_000 } else { 10_000 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed: u64 = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STDHTTP_SEED={seed}");
    let before = descriptors();
    let (seen, done) = (Arc::new(Seen::default()), Arc::new(Done::default()));
    let connections = Arc::new(AtomicUsize::new(0));
    let server = HTTPServer::bind("127.0.0.1:0", Told(Arc::clone(&seen))).unwrap();
    let running = Running::start(server.secured({
        let (done, connections) = (Arc::clone(&done), Arc::clone(&connections));
        move |stream, _| {
            let number = connections.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Faulty {
                stream,
                random: Random::new(seed ^ (number as u64) << 20),
                done: Arc::clone(&done),
                is_broken: false,
            }))
        }
    }));
    let adapter = HTTPAdapter::new()
        .pool_maxsize(THREADS)
        .max_retries(Retry::new(1));
    let session = session_with(adapter.clone());
    let came = Came::default();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (session, came, port) = (&session, &came, running.port);
            scope.spawn(move || {
                let mut random = Random::new(seed ^ (thread as u64) << 40);
                for number in (thread..calls).step_by(THREADS) {
                    call_any(session, port, number, &mut random, came);
                }
            });
        }
    });
    session.close();
    assert_eq!(adapter.idle_connections(), 0);
    running.end();
    settle(before);
    let (whole, failed) = (counted(&came.whole), counted(&came.failed));
    println!(
        "{} exchanges over {} connections for {calls} calls, {} faults: {whole} whole, {failed} failed",
        counted(&seen.exchanges),
        counted(&connections),
        counted(&done.faults)
    );
    assert_eq!(failures(&seen), [0, 0, 0]);
    assert_eq!(whole + failed, calls);
    assert!(whole * 2 > calls && failed * 50 > calls);
}
