//! Proves what a small GET of a warm session takes: one write and one read of the stream, and so many
//! allocations. Counted on an in-memory stream, on which every call would be a system call of a
//! socket.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

use std::io::Read;
use std::net::{TcpListener, TcpStream};

use stdhttp::requests::{BoxedStream, HTTPAdapter, Session};
use stdhttp::testing::{Peer, Script};
use stdhttp::{Clock, Connect, SystemClock};

#[path = "support/asked.rs"]
mod asked;
#[path = "support/counting.rs"]
mod counting;

use asked::Asked;
use counting::{Counting, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
const EXCHANGES: usize = 100;

fn get(session: &Session, url: &str) {
    let response = session.get(url).send().unwrap();
    assert_eq!(response.content().unwrap(), b"hi");
}

/// A server that answers every head.
fn serve() -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        while take_head(&mut stream) {
            std::io::Write::write_all(&mut stream, ANSWER).unwrap();
        }
    });
    (port, server)
}

fn take_head(stream: &mut TcpStream) -> bool {
    let (mut came, mut block) = (Vec::new(), [0; 4096]);
    while !came.ends_with(b"\r\n\r\n") {
        match stream.read(&mut block) {
            Ok(0) | Err(_) => return false,
            Ok(count) => came.extend_from_slice(&block[..count]),
        }
    }
    true
}

#[test]
fn a_small_get_allocates_no_more_than_eleven_times() {
    let (port, server) = serve();
    let mut session = Session::new();
    session.set_trust_env(false);
    let url = format!("http://127.0.0.1:{port}/some/path?and=query");
    get(&session, &url);
    let ((), taken) = measure(|| (0..EXCHANGES).for_each(|_| get(&session, &url)));
    drop(session);
    server.join().unwrap();
    let each = taken.calls.div_ceil(EXCHANGES as u64);
    println!("{each} allocations for a small GET over a session");
    assert!(each <= 11, "{each}");
}

/// A session over scripted streams, with a clock.
fn scripted(clock: impl Clock + Clone + Send + Sync + 'static) -> (Session, Peer) {
    let each = |script: Script, _| script.expect_head().send(ANSWER);
    let peer = Peer::new([(0..EXCHANGES + 1).fold(Script::new(), each)]);
    let dialled = peer.clone();
    let adapter = HTTPAdapter::new().connector(move |route| {
        let stream = dialled.clone().connect(route)?;
        Ok(Box::new(stream) as BoxedStream)
    });
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter.clock(clock.clone(), |_| {}));
    session.set_clock(clock);
    (session, peer)
}

#[test]
fn a_small_get_asks_for_the_time_four_times() {
    let clock = Asked::default();
    let (session, _) = scripted(clock.clone());
    get(&session, "http://h/");
    let before = clock.times();
    (0..EXCHANGES).for_each(|_| get(&session, "http://h/"));
    // When it begins and ends, when the connection becomes idle and when it is used.
    assert_eq!(clock.times() - before, 4 * EXCHANGES);
}

#[test]
fn a_small_get_is_one_write_and_one_read() {
    let (session, peer) = scripted(SystemClock);
    get(&session, "http://h/");
    let before = peer.calls();
    (0..EXCHANGES).for_each(|_| get(&session, "http://h/"));
    let after = peer.calls();
    assert_eq!(after.writes - before.writes, EXCHANGES);
    assert_eq!(after.reads - before.reads, EXCHANGES);
    assert_eq!(after.timeouts - before.timeouts, 0);
    assert_eq!(after.connects, before.connects);
}
