//! Proves that what came on a connection before the first byte of a request is never its answer,
//! as far as a look can see it; that Unix sockets are looked at as TCP is; and that what is known
//! of a peer ends with its connection.
#![allow(missing_docs)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use stdhttp::testing::{Call, Ending, Fault, Peer, Script};
use stdhttp::{
    Body, BodyFault, Builder, HTTPConnection, HTTPException, HTTPVersion, Look, StaleCheck, Stream,
    UnimplementedFileMode,
};

#[path = "support/asked.rs"]
mod asked;

use asked::Asked;

const HI: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const YO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nyo";
const EVIL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
const MOMENT: Duration = Duration::from_millis(1);

fn builder(peer: &Peer) -> Builder<Peer> {
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    builder.clock(peer.clone())
}

fn answers(bytes: &[u8]) -> Script {
    Script::new().expect_head().send(bytes)
}

fn finish<C: stdhttp::Connect>(conn: &mut HTTPConnection<C>) -> Vec<u8> {
    conn.getresponse().unwrap().read(None).unwrap()
}

fn get<C: stdhttp::Connect>(conn: &mut HTTPConnection<C>) -> Vec<u8> {
    conn.request("GET", "/", (), &[]).unwrap();
    finish(conn)
}

// Bytes before the first byte of a request

#[test]
fn what_comes_while_a_request_is_put_together_is_not_its_answer() {
    let checks = [
        StaleCheck::Always,
        StaleCheck::default(),
        StaleCheck::AfterIdle(Duration::ZERO),
    ];
    for check in checks {
        for unasked in [answers(HI).send(EVIL), answers(HI).end(Ending::Close)] {
            let peer = Peer::new([unasked, answers(YO)]);
            let mut conn = builder(&peer).stale_check(check).build().unwrap();
            assert_eq!(get(&mut conn), b"hi");
            conn.putrequest("POST", "/").unwrap();
            peer.pass(MOMENT);
            conn.putheader("Content-Length", 1).unwrap();
            conn.endheaders_with("x", false).unwrap();
            assert_eq!(finish(&mut conn), b"yo", "{check:?}");
            assert_eq!(peer.calls().connects, 2);
            let sent = peer.received(1);
            assert!(sent.starts_with(b"POST / ") && sent.ends_with(b"\r\n\r\nx"));
        }
    }
}

#[test]
fn a_request_that_leaves_at_once_is_looked_at_once() {
    for (check, looks) in [
        (StaleCheck::Always, 1),
        (StaleCheck::AfterIdle(Duration::ZERO), 1),
        (StaleCheck::default(), 0),
        (StaleCheck::Never, 0),
    ] {
        let peer = Peer::new([answers(HI).expect_head().send(YO)]);
        let mut conn = builder(&peer).stale_check(check).build().unwrap();
        assert_eq!(get(&mut conn), b"hi");
        assert_eq!(get(&mut conn), b"yo");
        assert_eq!((peer.calls().looks, peer.calls().connects), (looks, 1));
    }
}

#[test]
fn a_kept_connection_asks_for_the_time_when_it_becomes_idle_and_when_it_is_used() {
    let clock = Asked::default();
    let script = (0..10).fold(Script::new(), |script, _| script.expect_head().send(HI));
    let peer = Peer::new([script]);
    let conn = builder(&peer).clock(clock.clone());
    let mut conn = conn.build().unwrap();
    assert_eq!(get(&mut conn), b"hi");
    let first = clock.times();
    for _ in 1..10 {
        assert_eq!(get(&mut conn), b"hi");
    }
    assert_eq!((clock.times() - first, peer.calls().connects), (2 * 9, 1));
}

#[test]
fn a_plain_tunnel_is_silent_before_the_first_request() {
    let chatty = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], EVIL].concat();
    let whole = || answers(&chatty);
    let peer = Peer::new([whole(), whole()]);
    let mut conn = builder(&peer).build().unwrap();
    conn.set_tunnel("target", None, &[]).unwrap();
    for by_hand in [false, true] {
        let error = if by_hand {
            conn.putrequest("GET", "/").unwrap();
            conn.endheaders().unwrap_err()
        } else {
            conn.request("GET", "/", (), &[]).unwrap_err()
        };
        assert!(matches!(error, HTTPException::UnsolicitedData), "{error:?}");
        assert!(!conn.is_connected());
    }
    // Nothing but CONNECT went out.
    for connection in 0..2 {
        let sent = peer.received(connection);
        assert!(sent.starts_with(b"CONNECT ") && sent.ends_with(b"\r\n\r\n"));
        assert_eq!(sent.windows(4).filter(|w| w == b"\r\n\r\n").count(), 1);
    }
    peer.set_scripts([answers(b"HTTP/1.1 200 OK\r\n\r\n").expect_head().send(YO)]);
    assert_eq!(get(&mut conn), b"yo");
}

#[test]
fn what_comes_behind_the_answer_of_a_tunnel_is_there_for_another_protocol() {
    let peer = Peer::new([answers(b"HTTP/1.1 200 OK\r\n\r\n220 ready")]);
    let mut conn = builder(&peer).build().unwrap();
    conn.set_tunnel("mail.example.org", 25, &[]).unwrap();
    conn.connect().unwrap();
    let (_stream, words) = conn.into_inner().unwrap();
    assert_eq!(words, b"220 ready");
}

// Real sockets

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_unix_socket_is_looked_at() {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let mut look = || Stream::look(&mut here).unwrap();
        assert_eq!(look(), Look::Idle);
        there.write_all(b"xy").unwrap();
        assert_eq!((look(), look()), (Look::Data, Look::Data));
        drop(there);
        assert_eq!(look(), Look::Data);
        let mut rest = Vec::new();
        here.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"xy");
        assert_eq!(Stream::look(&mut here).unwrap(), Look::Closed);
    }

    #[test]
    fn a_look_leaves_a_unix_socket_blocking() {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        assert_eq!(Stream::look(&mut here).unwrap(), Look::Idle);
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            there.write_all(b"x").unwrap();
        });
        assert_eq!(here.read(&mut [0]).unwrap(), 1);
        writer.join().unwrap();
    }

    /// What lies on a kept connection, and the method that then goes out on another one.
    fn second_request(unasked: &[u8], stays: bool) {
        let name = format!("stdhttp-stale-{}-{}", std::process::id(), unasked.len());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let connector = stdhttp::Unix::new(&path);
        let builder = HTTPConnection::builder("h").connector(connector);
        let builder = builder.stale_check(StaleCheck::Always);
        let mut conn = builder.build().unwrap();
        conn.connect().unwrap();
        let (mut first, _) = listener.accept().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        first.write_all(HI).unwrap();
        assert_eq!(finish(&mut conn), b"hi");
        first.write_all(unasked).unwrap();
        let first = Some(first).filter(|_| stays);
        conn.request("POST", "/", "x", &[]).unwrap();
        let (mut second, _) = listener.accept().unwrap();
        second.write_all(YO).unwrap();
        assert_eq!(finish(&mut conn), b"yo");
        drop(first);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_lies_on_a_unix_socket_is_no_answer() {
        second_request(EVIL, true);
    }

    #[test]
    fn a_unix_socket_that_the_peer_closed_is_not_used_again() {
        second_request(b"", false);
    }
}

#[test]
fn a_look_that_is_interrupted_is_made_again() {
    let peer = Peer::new([answers(HI).expect_head().send(YO)]);
    let mut conn = builder(&peer)
        .stale_check(StaleCheck::Always)
        .build()
        .unwrap();
    assert_eq!(get(&mut conn), b"hi");
    peer.fault_once(peer.calls().all, Fault::Error(ErrorKind::Interrupted));
    assert_eq!(get(&mut conn), b"yo");
    let hits = peer.hits();
    assert!(matches!(hits[..], [(_, Call::Look, _)]), "{hits:?}");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn a_tcp_socket_is_looked_at() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut there, _) = listener.accept().unwrap();
    assert_eq!(Stream::look(&mut here).unwrap(), Look::Idle);
    there.write_all(b"x").unwrap();
    // Blocks until it is there.
    here.peek(&mut [0]).unwrap();
    assert_eq!(Stream::look(&mut here).unwrap(), Look::Data);
    assert_eq!(here.read(&mut [0]).unwrap(), 1);
    assert_eq!(Stream::look(&mut here).unwrap(), Look::Idle);
    drop(there);
    here.peek(&mut [0]).unwrap();
    assert_eq!(Stream::look(&mut here).unwrap(), Look::Closed);
}

// What is known of the peer

const OLD: &[u8] = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";

fn is_chunked_to_http10(error: &HTTPException) -> bool {
    let fault = BodyFault::ChunkedToHttp10;
    matches!(error, HTTPException::InvalidBody { fault: f } if *f == fault)
}

#[test]
fn an_answer_of_http_1_0_forbids_chunks_on_its_connection_alone() {
    type End = fn(&mut HTTPConnection<Peer>, &Peer);
    let ends: [End; 4] = [
        |conn, _| conn.close(),
        |conn, _| conn.connect().unwrap(),
        // It is seen to be stale.
        |_, peer| peer.pass(MOMENT),
        // A request that fails closes the connection.
        |conn, _| {
            conn.request("GET", "/", (), &[]).unwrap();
            assert!(conn.getresponse().is_err());
        },
    ];
    for end in ends {
        let chunks = "1\r\na\r\n0\r\n\r\n";
        let new = || Script::new().expect_head().expect(chunks).send(YO);
        let peer = Peer::new([answers(OLD).end(Ending::Close), new()]);
        let mut conn = builder(&peer).build().unwrap();
        assert_eq!(get(&mut conn), b"hi");
        let refused = conn.request("PUT", "/", Body::iter(["a"]), &[]);
        assert!(is_chunked_to_http10(&refused.unwrap_err()));
        let fields = [("Transfer-Encoding", "chunked")];
        let refused = conn.request("PUT", "/", chunks, &fields);
        assert!(is_chunked_to_http10(&refused.unwrap_err()));
        end(&mut conn, &peer);
        conn.request("PUT", "/", Body::iter(["a"]), &[]).unwrap();
        assert_eq!(finish(&mut conn), b"yo");
        peer.check().unwrap();
    }
}

#[test]
fn a_page_of_http_1_0_that_closes_forbids_nothing() {
    let page = b"HTTP/1.0 502 Bad Gateway\r\n\r\nsorry";
    let peer = Peer::new([
        answers(page).end(Ending::Close),
        answers(b"").expect("1\r\na\r\n0\r\n\r\n").send(YO),
    ]);
    let mut conn = builder(&peer).build().unwrap();
    assert_eq!(get(&mut conn), b"sorry");
    conn.request("PUT", "/", Body::iter(["a"]), &[]).unwrap();
    assert_eq!(finish(&mut conn), b"yo");
}

#[test]
fn who_speaks_http_1_0_is_told_apart() {
    let peer = Peer::new([answers(OLD)]);
    let builder = builder(&peer).http_version(HTTPVersion::Http10);
    let mut conn = builder.build().unwrap();
    let ours = |conn: &mut HTTPConnection<Peer>| {
        let error = conn.request("PUT", "/", Body::iter(["a"]), &[]);
        assert!(matches!(
            error,
            Err(HTTPException::UnimplementedFileMode(
                UnimplementedFileMode::UnsizedOverHttp10
            ))
        ));
    };
    ours(&mut conn);
    let fields = [("Connection", "keep-alive")];
    conn.request("GET", "/", (), &fields).unwrap();
    assert_eq!(finish(&mut conn), b"hi");
    ours(&mut conn);
}

#[test]
fn a_host_that_is_not_found_is_named() {
    // A label has 63 octets at most, so that no resolver asks the network.
    let host = format!("{}.invalid", "a".repeat(70));
    let mut conn = HTTPConnection::new(&host, 81).unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert!(
        error.is_network_error() && error.is_retryable(),
        "{error:?}"
    );
    assert!(error.to_string().contains(&host[..70]), "{error}");
    let HTTPException::HostNotFound { host: named, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(named.as_bytes(), host.as_bytes());
}
