//! Bytes over TLS: many small exchanges, large bodies both ways, uploads that are answered early.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use stdhttp::{Body, CloseReason, HTTPConnection, HTTPException, HTTPSConnection};
use stdhttp::{Secured, Step, Tcp, Tolerance};

use crate::Rustls;
use crate::certificates::Authority;
use crate::pattern::{BIG, Comparison, Pattern};
use crate::server::{PATIENCE, Server, connection, ends_in_good_order, read_head, serve, write};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn keep_alive() {
    const REQUESTS: usize = 200;
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        for _ in 0..REQUESTS {
            let head = read_head(&mut tls).expect("a request");
            let length = head
                .iter()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let mut body = vec![0; length.map_or(0, |text| text.parse().expect("a number"))];
            tls.read_exact(&mut body).expect("a body");
            assert_eq!(body, b"ping");
            write(&mut tls, OK).expect("a write");
        }
        ends_in_good_order(&mut tls)
    });
    let mut conn = connection("localhost", server.port, authority.client());
    for _ in 0..REQUESTS {
        conn.request("POST", "/", "ping", &[]).expect("a request");
        let mut response = conn.getresponse().expect("a response");
        assert_eq!(response.read(None).expect("a body"), b"ok");
    }
    drop(conn);
    assert_eq!(server.results(), [true]);
}

#[test]
fn large_bodies_both_ways() {
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        read_head(&mut tls)?;
        let received = io::copy(&mut tls.by_ref().take(BIG), &mut Comparison::new())?;
        write(
            &mut tls,
            &format!("HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n"),
        )?;
        io::copy(&mut Pattern::new(BIG), tls.get_mut())?;
        tls.get_mut().flush()?;
        ends_in_good_order(&mut tls);
        Ok::<u64, io::Error>(received)
    });
    let mut conn = connection("localhost", server.port, authority.client());
    let body = Body::sized(Pattern::new(BIG), BIG);
    conn.request("PUT", "/", body, &[]).expect("a request");
    let mut response = conn.getresponse().expect("a response");
    let mut compared = Comparison::new();
    io::copy(&mut response, &mut compared).expect("the same bytes");
    assert_eq!(compared.length, BIG);
    drop(response);
    drop(conn);
    let received: Result<Vec<u64>, _> = server.results().into_iter().collect();
    assert_eq!(received.expect("the same bytes"), [BIG]);
}

/// The kernel can send files by itself (feature `sys`), but not through TLS.
#[test]
fn a_file() {
    const LENGTH: u64 = 5 << 20;
    let path = std::env::temp_dir().join(format!("stdhttp-tls-{}-file", std::process::id()));
    let mut file = File::create_new(&path).expect("a file");
    io::copy(&mut Pattern::new(LENGTH), &mut file).expect("a file");
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        read_head(&mut tls)?;
        let received = io::copy(&mut tls.by_ref().take(LENGTH), &mut Comparison::new())?;
        write(&mut tls, OK)?;
        Ok::<u64, io::Error>(received)
    });
    let mut conn = connection("localhost", server.port, authority.client());
    let file = File::open(&path).expect("a file");
    fs::remove_file(&path).expect("a file");
    conn.request("PUT", "/", file, &[]).expect("a request");
    assert_eq!(conn.getresponse().expect("a response").status(), 200);
    let received: Result<Vec<u64>, _> = server.results().into_iter().collect();
    assert_eq!(received.expect("the same bytes"), [LENGTH]);
}

/// The session tickets that follow a handshake make the socket readable. An upload that took them
/// for an answer would wait for the rest of it, and the server for the rest of the body.
#[test]
fn an_upload_does_not_take_session_tickets_for_an_answer() {
    const LENGTH: u64 = 8 << 20;
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        read_head(&mut tls)?;
        let received = io::copy(&mut tls.by_ref().take(LENGTH), &mut Comparison::new())?;
        write(&mut tls, OK)?;
        ends_in_good_order(&mut tls);
        Ok::<u64, io::Error>(received)
    });
    let mut conn = connection("localhost", server.port, authority.client());
    let body = Body::sized(Pattern::new(LENGTH), LENGTH);
    conn.request("PUT", "/", body, &[]).expect("a request");
    assert_eq!(conn.getresponse().expect("a response").status(), 200);
    drop(conn);
    let received: Result<Vec<u64>, _> = server.results().into_iter().collect();
    assert_eq!(received.expect("the same bytes"), [LENGTH]);
}

/// The final answer closes the connection while the body is on its way (RFC 9112 section 9.5).
#[test]
fn an_upload_stops_at_an_early_answer() {
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        read_head(&mut tls)?;
        let answer =
            "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        write(&mut tls, answer)?;
        let received = io::copy(&mut tls, &mut io::sink());
        tls.get_mut().sock.shutdown(Shutdown::Both)?;
        received
    });
    let mut conn = connection("localhost", server.port, authority.client());
    let body = Body::sized(Pattern::new(BIG), BIG);
    conn.request("PUT", "/", body, &[]).expect("a request");
    assert_eq!(conn.getresponse().expect("a response").status(), 413);
    assert_eq!(conn.close_reason(), Some(CloseReason::PeerCloses));
    drop(conn);
    let received: Result<Vec<u64>, _> = server.results().into_iter().collect();
    assert!(received.expect("an upload")[0] < BIG);
}

/// A peer that reads nothing makes the write time out, and saying goodbye does not hang.
#[test]
fn an_upload_to_a_peer_that_does_not_read_times_out() {
    let (tell, server, mut conn) = reads_when_told();
    let body = Body::sized(Pattern::new(BIG), BIG);
    let error = conn.request("PUT", "/", body, &[]).expect_err("an upload");
    assert!((1..BIG).contains(&written_in_time(error)));
    let begin = Instant::now();
    drop(conn);
    assert!(begin.elapsed() < Duration::from_secs(5));
    tell.send(0).expect("the server's thread");
    server.results();
}

/// Each byte goes out once, whether TLS or the socket had it when time ran out.
#[test]
fn an_upload_that_timed_out_goes_on() {
    let (tell, server, mut conn) = reads_when_told();
    let mut body = Vec::new();
    Pattern::new(BIG).read_to_end(&mut body).expect("a body");
    conn.putrequest("PUT", "/").expect("a request");
    conn.putheader("Content-Length", body.len())
        .expect("a field");
    conn.endheaders().expect("a head");
    let mut sent = 0;
    while let Err(error) = conn.send(&body[sent..]) {
        sent += usize::try_from(written_in_time(error)).expect("a length");
        let _ = tell.send(BIG);
    }
    assert!(sent > 0);
    assert_eq!(conn.getresponse().expect("a response").status(), 200);
    drop(conn);
    assert!(
        server.results()[0]
            .as_ref()
            .is_ok_and(|received| *received == BIG)
    );
}

/// What TLS held back when time ran out goes to the peer before its answer is waited for.
#[test]
fn an_answer_can_be_had_after_a_timeout() {
    let (tell, server, mut conn) = reads_when_told();
    let mut body = Vec::new();
    Pattern::new(BIG).read_to_end(&mut body).expect("a body");
    conn.putrequest("PUT", "/").expect("a request");
    conn.putheader("Content-Length", body.len())
        .expect("a field");
    conn.endheaders().expect("a head");
    let mut sent = 0;
    for piece in body.chunks(60_000) {
        match conn.send(piece) {
            Ok(()) => sent += piece.len() as u64,
            Err(error) => {
                sent += written_in_time(error);
                break;
            }
        }
    }
    assert!(sent < BIG);
    tell.send(sent).expect("the server's thread");
    assert_eq!(conn.getresponse().expect("a response").status(), 200);
    drop(conn);
    assert!(
        server.results()[0]
            .as_ref()
            .is_ok_and(|received| *received == sent)
    );
}

type Receives = Server<io::Result<u64>>;

/// A server that reads no body until it is told how much of it to read and compare; then it
/// answers. And a connection that does not wait long for it.
fn reads_when_told() -> (Sender<u64>, Receives, HTTPSConnection<Rustls>) {
    let authority = Authority::new();
    let (tell, told) = channel();
    let server = serve(&authority.issue("localhost"), 1, move |mut tls| {
        read_head(&mut tls)?;
        let length = told.recv_timeout(PATIENCE).map_err(io::Error::other)?;
        let received = io::copy(&mut tls.by_ref().take(length), &mut Comparison::new())?;
        write(&mut tls, OK)?;
        Ok(received)
    });
    let conn = HTTPConnection::builder("localhost")
        .port(server.port)
        .connector(Secured::new(authority.client(), Tcp::new()))
        .tolerance(Tolerance::HTTP_CLIENT)
        .timeout(PATIENCE)
        .write_timeout(Duration::from_millis(200))
        .build()
        .expect("a host");
    (tell, server, conn)
}

fn written_in_time(error: HTTPException) -> u64 {
    match error {
        HTTPException::TimedOut {
            step: Step::Write,
            written,
            ..
        } => written,
        other => panic!("{other:?}"),
    }
}
