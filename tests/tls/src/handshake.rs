//! Handshakes that fail for other reasons than the certificate: time, silence, noise, an end.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use stdhttp::{HTTPConnection, HTTPException, Secured, Step, Tcp};

use crate::certificates::Authority;
use crate::server::{Server, accept, connection};

/// The connect time of the tests, and when it is certainly over.
const LIMIT: Duration = Duration::from_millis(300);
const OVER: Duration = Duration::from_secs(5);

#[test]
fn a_silent_server_times_out() {
    let server = accept(1, wait_for_end);
    assert!(timed_out(server.port));
    let received = server.results().concat();
    assert_eq!(received.first(), Some(&22), "no handshake record");
}

/// Every byte comes in time; all of them together do not.
#[test]
fn a_slow_server_times_out() {
    let server = accept(1, |mut socket| {
        // The header of a handshake record, then its content, a byte at a time.
        let header = [22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc];
        for byte in header.into_iter().chain([0; 100]) {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(LIMIT / 10);
        }
    });
    assert!(timed_out(server.port));
    server.results();
}

fn timed_out(port: u16) -> bool {
    let mut conn = HTTPConnection::builder("localhost")
        .port(port)
        .connector(Secured::new(Authority::new().client(), Tcp::new()))
        .connect_timeout(LIMIT)
        .build()
        .expect("a host");
    let begin = Instant::now();
    let error = conn.connect().expect_err("a handshake");
    assert!((LIMIT..OVER).contains(&begin.elapsed()));
    assert!(!conn.is_connected());
    let step = Step::Handshake;
    matches!(error, HTTPException::TimedOut { step: at, .. } if at == step)
}

#[test]
fn an_end_during_the_handshake() {
    let server = accept(1, |mut socket| {
        let mut hello = [0; 5];
        socket.read_exact(&mut hello).expect("a hello");
        socket.shutdown(std::net::Shutdown::Write).expect("a FIN");
        wait_for_end(socket)
    });
    assert_eq!(failure(server), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_server_that_speaks_plain_http() {
    let server = accept(1, |mut socket| {
        let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        socket.write_all(answer).expect("a write");
        wait_for_end(socket)
    });
    assert_eq!(failure(server), io::ErrorKind::InvalidData);
}

/// The kind of the failure. Nothing but TLS may have reached the server.
fn failure(server: Server<Vec<u8>>) -> io::ErrorKind {
    let mut conn = connection("localhost", server.port, Authority::new().client());
    let error = conn
        .request("GET", "/", (), &[("X-Secret", "open sesame")])
        .expect_err("a handshake");
    let received = server.results().concat();
    let in_clear = received.windows(4).any(|bytes| bytes == b"open");
    assert!(!in_clear, "the request went out in clear");
    let HTTPException::Io { error, step, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(step, Step::Handshake);
    error.kind()
}

/// What the client sent until it went away.
fn wait_for_end(mut socket: TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    // A reset is an end too.
    let _ = socket.read_to_end(&mut received);
    received
}
