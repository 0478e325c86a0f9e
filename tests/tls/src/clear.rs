//! Never a byte in clear: proxies that answer CONNECT in every wrong way get the CONNECT request
//! and TLS, and nothing of the request that was to be secured, whatever the caller does next.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use stdhttp::{HTTPConnection, HTTPException, HTTPSConnection, Secured, Step, Tcp};

use crate::Rustls;
use crate::certificates::Authority;
use crate::server::{Server, accept};

const SECRET: &str = "open sesame";
const CONNECT: &str = "CONNECT secret.example:443 HTTP/1.1\r\nHost: secret.example:443\r\n\r\n";

type IsExpected = fn(&HTTPException) -> bool;

#[test]
fn a_proxy_that_answers_garbage() {
    assert_only_connect("garbage\r\n\r\n", |error| {
        matches!(error, HTTPException::BadStatusLine { .. })
    });
}

#[test]
fn a_proxy_that_wants_credentials() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno";
    assert_only_connect(
        answer,
        |error| matches!(error, HTTPException::TunnelFailed(failed) if failed.status == 407),
    );
}

#[test]
fn a_proxy_that_redirects() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\n\r\n";
    assert_only_connect(
        answer,
        |error| matches!(error, HTTPException::TunnelFailed(failed) if failed.status == 302),
    );
}

#[test]
fn a_proxy_that_closes() {
    assert_only_connect("", |error| {
        matches!(error, HTTPException::RemoteDisconnected { .. })
    });
}

#[test]
fn a_proxy_that_stops_within_its_answer() {
    assert_only_connect("HTTP/1.1 200 Connec", |error| {
        matches!(error, HTTPException::IncompleteRead(_))
    });
}

#[test]
fn a_proxy_that_sends_bytes_behind_its_answer() {
    let answer = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_only_connect(answer, |error| {
        matches!(error, HTTPException::UnsolicitedData)
    });
}

/// The tunnel is open, but nobody at its end speaks TLS: a handshake is all that goes in.
#[test]
fn a_tunnel_that_ends_during_the_handshake() {
    for received in tried_in_vain(
        "HTTP/1.1 200 OK\r\n\r\n",
        |error| matches!(error, HTTPException::Io { step, .. } if *step == Step::Handshake),
    ) {
        let tunnelled = received.strip_prefix(CONNECT.as_bytes()).expect("CONNECT");
        assert_is_tls(tunnelled);
    }
}

fn assert_only_connect(answer: &'static str, is_expected: IsExpected) {
    for received in tried_in_vain(answer, is_expected) {
        assert_eq!(String::from_utf8_lossy(&received), CONNECT);
    }
}

/// All that a proxy gets, connection by connection, when `request` fails, everything that
/// could send the rest of it is tried, and then `request` is called again.
fn tried_in_vain(answer: &'static str, is_expected: IsExpected) -> Vec<Vec<u8>> {
    let proxy = proxy(answer, 3);
    let mut conn = through(proxy.port, Authority::new().client());
    for _ in 0..2 {
        let headers = [("X-Secret", SECRET)];
        let error = conn.request("POST", "/secret", SECRET, &headers);
        let error = error.expect_err("a request");
        assert!(is_expected(&error), "{error:?}");
        assert_nothing_more_goes(&mut conn);
    }
    let error = step_by_step(&mut conn).expect_err("a request");
    assert!(is_expected(&error), "{error:?}");
    assert_nothing_more_goes(&mut conn);
    drop(conn);
    let received = proxy.results();
    for bytes in &received {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        assert!(!text.contains(SECRET), "the request went out in clear");
        assert!(!text.contains("post"), "the request went out in clear");
    }
    received
}

fn step_by_step(conn: &mut HTTPSConnection<Rustls>) -> Result<(), HTTPException> {
    conn.putrequest("POST", "/secret")?;
    conn.putheader("Content-Length", SECRET.len())?;
    conn.endheaders()?;
    conn.send(SECRET)
}

fn assert_nothing_more_goes(conn: &mut HTTPSConnection<Rustls>) {
    assert!(!conn.is_connected());
    assert!(conn.send(SECRET).is_err());
    assert!(conn.send_chunk(SECRET.as_bytes()).is_err());
    assert!(conn.send_last_chunk(&[("X-Secret", SECRET)]).is_err());
    assert!(conn.endheaders().is_err());
    assert!(conn.getresponse().is_err());
    assert!(!conn.is_connected());
}

/// A proxy that gives the same answer to everybody and writes down all it gets.
fn proxy(answer: &'static str, connections: usize) -> Server<Vec<u8>> {
    accept(connections, move |socket| record(socket, answer))
}

fn record(socket: TcpStream, answer: &str) -> Vec<u8> {
    let mut reader = BufReader::new(socket);
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        let count = reader.read_until(b'\n', &mut received).expect("a request");
        assert_ne!(count, 0, "half a request");
    }
    let mut socket = reader.get_ref();
    socket.write_all(answer.as_bytes()).expect("an answer");
    socket.shutdown(Shutdown::Write).expect("a FIN");
    // A reset is an end too.
    let _ = reader.read_to_end(&mut received);
    received
}

fn through(port: u16, client: Rustls) -> HTTPSConnection<Rustls> {
    let mut conn = HTTPConnection::builder("127.0.0.1")
        .port(port)
        .connector(Secured::new(client, Tcp::new()))
        .timeout(Duration::from_secs(5))
        .build()
        .expect("a host");
    conn.set_tunnel("secret.example", None, &[])
        .expect("a host");
    conn
}

/// Whole records of a handshake or an alert (RFC 8446 section 5.1).
fn assert_is_tls(mut bytes: &[u8]) {
    assert!(!bytes.is_empty(), "no handshake");
    while let [kind, 3, _, high, low, rest @ ..] = bytes {
        assert!(matches!(kind, 21 | 22), "a record of type {kind}");
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = rest.get(length..).expect("a whole record");
    }
    assert!(bytes.is_empty(), "no TLS");
}
