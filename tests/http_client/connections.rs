//! The connection tests of BasicTest, SourceAddressTest, TimeoutTest, PersistenceTest, and what
//! of HTTPSTest needs no TLS: host and port, sockets, reuse.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{ConnectTime, HTTPConnection, HTTPException, HTTPSConnection, Secure, Tcp, UrlPart};

use crate::support::connection;

/// A server on loopback that serves one connection and then hands back what `serve` gives.
fn server<T: Send + 'static>(
    serve: impl FnOnce(BufReader<TcpStream>) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || serve(BufReader::new(listener.accept().unwrap().0)));
    (port, thread)
}

/// Reads a request's head; whether one came.
fn read_head(stream: &mut BufReader<TcpStream>) -> bool {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).unwrap() == 0 {
            return false;
        }
    }
    true
}

/// No TLS at all: enough where nothing is sent.
#[derive(Clone, Debug)]
struct Clear;

impl Secure<TcpStream> for Clear {
    type Stream = TcpStream;

    fn secure(
        &mut self,
        _server_name: &str,
        stream: TcpStream,
        _time: ConnectTime<'_>,
    ) -> Result<TcpStream, HTTPException> {
        Ok(stream)
    }
}

const BAD_HOSTS: [(&str, UrlPart); 2] = [
    ("www.python.org:abc", UrlPart::Port),
    ("user:password@www.python.org", UrlPart::Port),
];

fn good_hosts(default_port: u16) -> [(&'static str, &'static str, u16); 6] {
    [
        ("[fe80::207:e9ff:fe9b]:8000", "fe80::207:e9ff:fe9b", 8000),
        ("www.python.org:81", "www.python.org", 81),
        ("www.python.org:", "www.python.org", default_port),
        ("www.python.org", "www.python.org", default_port),
        ("[fe80::207:e9ff:fe9b]", "fe80::207:e9ff:fe9b", default_port),
        (
            "[fe80::207:e9ff:fe9b]:",
            "fe80::207:e9ff:fe9b",
            default_port,
        ),
    ]
}

fn is_invalid_part(error: &HTTPException, part: UrlPart) -> bool {
    matches!(error, HTTPException::InvalidURL(url) if url.part == part)
}

#[test]
fn basic_test_test_host_port() {
    for (text, part) in BAD_HOSTS {
        assert!(is_invalid_part(
            &HTTPConnection::new(text, None).unwrap_err(),
            part
        ));
    }
    for (text, host, port) in good_hosts(80) {
        let conn = HTTPConnection::new(text, None).unwrap();
        assert_eq!((conn.host(), conn.port()), (host, port));
    }
}

#[test]
fn https_test_test_host_port() {
    for (text, part) in BAD_HOSTS {
        let error = HTTPSConnection::with_tls(text, None, Clear).unwrap_err();
        assert!(is_invalid_part(&error, part));
    }
    for (text, host, port) in good_hosts(443) {
        let conn = HTTPSConnection::with_tls(text, None, Clear).unwrap();
        assert_eq!((conn.host(), conn.port()), (host, port));
    }
}

const SECONDS_30: Duration = Duration::from_secs(30);

#[test]
fn https_test_test_attributes() {
    let secured = stdhttp::Secured::new(Clear, Tcp::new());
    let builder = HTTPConnection::builder("localhost").connector(secured);
    let conn: HTTPSConnection<Clear> = builder.timeout(SECONDS_30).build().unwrap();
    assert_eq!(conn.timeouts().read, Some(SECONDS_30));
    assert_eq!(conn.timeouts().write, Some(SECONDS_30));
    assert_eq!(conn.timeouts().connect, Some(SECONDS_30));
    assert_eq!((conn.port(), conn.default_port()), (443, 443));
}

/// There is no default for the whole process; the socket's timeout is set with its first use.
#[test]
fn timeout_test_test_timeout_attribute() {
    for timeout in [None, Some(SECONDS_30)] {
        let (port, server) = server(|mut stream| {
            assert!(read_head(&mut stream));
            stream
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
        });
        let mut builder = HTTPConnection::builder("127.0.0.1").port(port);
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        let mut conn = builder.build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
        let stream = conn.stream().unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(stream.read_timeout().unwrap(), timeout);
        assert_eq!(stream.write_timeout().unwrap(), timeout);
        assert_eq!(conn.timeouts().connect, timeout);
        assert_eq!(conn.timeouts().read, timeout);
        assert_eq!(conn.timeouts().write, timeout);
        server.join().unwrap();
    }
}

/// A port that nobody listens on.
#[cfg(all(feature = "sys", target_os = "linux"))]
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[cfg(all(feature = "sys", target_os = "linux"))]
#[test]
fn source_address_test_test_http_connection_source_address() {
    let (port, server) = server(|stream| stream.get_ref().peer_addr().unwrap());
    let source = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let builder = HTTPConnection::builder("127.0.0.1").port(port);
    let mut conn = builder.source_address(source).build().unwrap();
    conn.connect().unwrap();
    assert_eq!(conn.stream().unwrap().local_addr().unwrap(), source);
    assert_eq!(server.join().unwrap(), source);
}

#[cfg(all(feature = "sys", target_os = "linux"))]
#[test]
fn source_address_test_test_https_connection_source_address() {
    let source = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let secured = stdhttp::Secured::new(Clear, Tcp::with_source_address(source));
    let builder = HTTPConnection::builder("127.0.0.1").connector(secured);
    let conn: HTTPSConnection<Clear> = builder.build().unwrap();
    assert!(!conn.is_connected());
}

/// The connection is closed when the response was read to its end, not when its head came.
#[test]
fn persistence_test_test_reuse_reconnect() {
    for (version, field, reuse) in [
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.0", "Connection: keep-ALIVE\r\n", true),
        ("1.1", "Connection: cloSE\r\n", false),
    ] {
        let answer = format!("HTTP/{version} 200 OK\r\n{field}Content-Length: 4\r\n\r\nbody");
        let twice = Script::new()
            .expect_head()
            .send(&answer)
            .expect_head()
            .send(&answer);
        let peer = Peer::new([twice.clone(), twice]);
        let mut conn = connection(&peer);
        for _ in 0..2 {
            conn.request("GET", "/", (), &[]).unwrap();
            let mut response = conn.getresponse().unwrap();
            assert_eq!(response.will_close(), !reuse, "{version} {field}");
            assert_eq!(response.read(None).unwrap(), b"body");
            assert_eq!(conn.is_connected(), reuse);
        }
        assert_eq!(peer.calls().connects, if reuse { 1 } else { 2 });
    }
}

/// A reset where a response is due is `RemoteDisconnected`, too: `is_connection_reset` holds.
#[test]
fn persistence_test_test_disconnected() {
    for end in [Ending::Close, Ending::Reset] {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let first = Script::new().expect_head().send(ok).expect_head().end(end);
        let peer = Peer::new([first, Script::answer(ok)]);
        let mut conn = connection(&peer);
        conn.request("GET", "/", (), &[]).unwrap();
        conn.getresponse().unwrap();
        conn.request("GET", "/reuse", (), &[]).unwrap();
        let error = conn.getresponse().map(drop).unwrap_err();
        assert!(matches!(error, HTTPException::RemoteDisconnected { .. }));
        assert!(error.is_connection_reset() && error.is_retryable());
        assert!(!conn.is_connected());
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
        assert_eq!(peer.calls().connects, 2);
    }
}

#[test]
fn persistence_test_test_100_close() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([
        Script::answer("HTTP/1.1 100 Continue\r\n\r\n"),
        Script::answer(ok),
    ]);
    let mut conn = connection(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(matches!(error, HTTPException::RemoteDisconnected { retry } if retry.answered));
    assert!(!conn.is_connected());
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

/// The stream is also had whole, with `into_inner`.
#[cfg(unix)]
#[test]
fn basic_test_test_response_fileno() {
    let (port, server) = server(|mut stream| {
        assert!(read_head(&mut stream));
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line
    });
    let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
    conn.request("CONNECT", "somewhere:1", (), &[]).unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 200);
    let descriptor = response.fileno().unwrap().try_clone_to_owned().unwrap();
    TcpStream::from(descriptor)
        .write_all(b"raw bytes\n")
        .unwrap();
    assert_eq!(server.join().unwrap(), "raw bytes\n");
}

/// The byte at a place of the bodies below.
fn byte_at(place: usize) -> u8 {
    place.to_le_bytes()[0] ^ place.to_le_bytes()[2]
}

#[test]
fn basic_test_test_large_content_length() {
    let sizes = (15..27).map(|power| 1_usize << power);
    let (port, server) = server(|mut stream| {
        while read_head(&mut stream) {
            let mut length = [0; 8];
            stream.read_exact(&mut length).unwrap();
            let length = u64::from_be_bytes(length);
            let body: Vec<u8> = (0..length as usize).map(byte_at).collect();
            let stream = stream.get_mut();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            )
            .unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
    for size in sizes {
        conn.request("POST", "/", &(size as u64).to_be_bytes(), &[])
            .unwrap();
        let body = conn.getresponse().unwrap().read(None).unwrap();
        assert_eq!(body.len(), size);
        let expected = (0..size).map(byte_at);
        assert!(body.iter().copied().eq(expected));
        assert!(conn.is_connected());
    }
    drop(conn);
    server.join().unwrap();
}
