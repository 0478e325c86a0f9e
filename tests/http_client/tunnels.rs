//! TunnelTests: CONNECT, byte by byte.

use std::sync::{Arc, Mutex};

use stdhttp::testing::{Peer, PeerStream, Script};
use stdhttp::{Connect, HTTPConnection, HTTPException, Route, Tolerance};

use crate::support::{Output, connection};

/// The scripted peer, and who was dialled for it.
#[derive(Clone)]
struct Dialled {
    peer: Peer,
    addresses: Arc<Mutex<Vec<(String, u16, String)>>>,
}

impl Connect for Dialled {
    type Stream = PeerStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        let name = route.server_name().to_owned();
        let address = (route.host().to_owned(), route.port(), name);
        self.addresses.lock().unwrap().push(address);
        self.peer.connect(route)
    }
}

const ESTABLISHED: &str = "HTTP/1.1 200 OK\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A proxy that opens the tunnel, and a server behind it.
fn proxy() -> Peer {
    Peer::new([Script::new()
        .expect_head()
        .send(ESTABLISHED)
        .expect_head()
        .send(OK)])
}

/// What a connection to `proxy.com` with this tunnel sends: CONNECT and one request.
fn sent_through(
    method: &str,
    host: &str,
    port: Option<u16>,
    headers: &[(&str, &str)],
) -> [String; 2] {
    sent_under(Tolerance::STANDARD, method, (host, port, headers))
}

fn sent_under(
    tolerance: Tolerance,
    method: &str,
    (host, port, headers): (&str, Option<u16>, &[(&str, &str)]),
) -> [String; 2] {
    let peer = proxy();
    let addresses = Arc::default();
    let dialled = Dialled {
        peer: peer.clone(),
        addresses: Arc::clone(&addresses),
    };
    let mut conn = HTTPConnection::builder("proxy.com")
        .connector(dialled)
        .tolerance(tolerance)
        .build()
        .unwrap();
    conn.set_tunnel(host, port, headers).unwrap();
    conn.request(method, "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert_eq!((conn.host(), conn.port()), ("proxy.com", 80));
    let dialled = addresses.lock().unwrap().clone();
    assert_eq!(dialled.len(), 1);
    let name = host.trim_end_matches(":1234").trim_matches(['[', ']']);
    assert_eq!(dialled[0], ("proxy.com".to_owned(), 80, name.to_owned()));
    let all = String::from_utf8(peer.received(0)).unwrap();
    let (connect, inner) = all.split_once("\r\n\r\n").unwrap();
    [connect.to_owned(), inner.to_owned()]
}

fn connect_head(authority: &str, fields: &str) -> String {
    format!("CONNECT {authority} HTTP/1.1\r\n{fields}")
}

fn inner_head(method: &str, host: &str) -> String {
    let length = if method == "PUT" {
        "Content-Length: 0\r\n"
    } else {
        ""
    };
    format!("{method} / HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n{length}\r\n")
}

/// The `Host` that is added stands before the caller's fields.
#[test]
fn tunnel_tests_test_set_tunnel_host_port_headers_add_host_missing() {
    let agent = [("User-Agent", "Mozilla/5.0")];
    let [connect, _] = sent_through("HEAD", "destination.com", Some(8888), &agent);
    let fields = "Host: destination.com:8888\r\nUser-Agent: Mozilla/5.0";
    assert_eq!(connect, connect_head("destination.com:8888", fields));
}

#[test]
fn tunnel_tests_test_set_tunnel_host_port_headers_set_host_identical() {
    let headers = [
        ("User-Agent", "Mozilla/5.0"),
        ("Host", "destination.com:8888"),
    ];
    let [connect, _] = sent_through("HEAD", "destination.com", Some(8888), &headers);
    let fields = "User-Agent: Mozilla/5.0\r\nHost: destination.com:8888";
    assert_eq!(connect, connect_head("destination.com:8888", fields));
}

/// By default a `Host` that differs from the target is refused.
#[test]
fn tunnel_tests_test_set_tunnel_host_port_headers_set_host_different() {
    let headers = [("User-Agent", "Mozilla/5.0"), ("Host", "example.com:4200")];
    let tunnel = ("destination.com", Some(8888), &headers[..]);
    let [connect, _] = sent_under(Tolerance::HTTP_CLIENT, "HEAD", tunnel);
    let fields = "User-Agent: Mozilla/5.0\r\nHost: example.com:4200";
    assert_eq!(connect, connect_head("destination.com:8888", fields));
    let refused = connection(&proxy()).set_tunnel("destination.com", 8888, &headers);
    let conflicting = HTTPException::ConflictingHeader { name: "Host" };
    assert_eq!(
        format!("{:?}", refused.unwrap_err()),
        format!("{conflicting:?}")
    );
}

#[test]
fn tunnel_tests_test_disallow_set_tunnel_after_connect() {
    let mut conn = connection(&proxy());
    conn.connect().unwrap();
    let error = conn.set_tunnel("destination.com", None, &[]).unwrap_err();
    assert!(matches!(error, HTTPException::TunnelAfterConnect));
}

#[test]
fn tunnel_tests_test_connect_with_tunnel() {
    let [connect, inner] = sent_through("HEAD", "destination.com", None, &[]);
    assert_eq!(
        connect,
        connect_head("destination.com:80", "Host: destination.com:80")
    );
    assert_eq!(inner, inner_head("HEAD", "destination.com"));
}

#[test]
fn tunnel_tests_test_connect_with_tunnel_with_default_port() {
    let [connect, inner] = sent_through("HEAD", "destination.com", Some(80), &[]);
    assert_eq!(
        connect,
        connect_head("destination.com:80", "Host: destination.com:80")
    );
    assert_eq!(inner, inner_head("HEAD", "destination.com"));
}

#[test]
fn tunnel_tests_test_connect_with_tunnel_different_host() {
    let [connect, inner] = sent_through("HEAD", "elsewhere.org", Some(80), &[]);
    assert_eq!(
        connect,
        connect_head("elsewhere.org:80", "Host: elsewhere.org:80")
    );
    assert_eq!(inner, inner_head("HEAD", "elsewhere.org"));
}

#[test]
fn tunnel_tests_test_connect_with_tunnel_with_nonstandard_port() {
    let [connect, inner] = sent_through("HEAD", "destination.com", Some(8888), &[]);
    assert_eq!(
        connect,
        connect_head("destination.com:8888", "Host: destination.com:8888")
    );
    assert_eq!(inner, inner_head("HEAD", "destination.com:8888"));
}

#[test]
fn tunnel_tests_test_connect_with_tunnel_with_different_host_header() {
    let headers = [("HOST", "example.com:9876")];
    let tunnel = ("destination.com", None, &headers[..]);
    let [connect, inner] = sent_under(Tolerance::HTTP_CLIENT, "HEAD", tunnel);
    assert_eq!(
        connect,
        connect_head("destination.com:80", "HOST: example.com:9876")
    );
    assert_eq!(inner, inner_head("HEAD", "destination.com"));
}

/// The caller encodes the name.
#[test]
fn tunnel_tests_test_connect_with_tunnel_idna() {
    let name = "\u{3b4}\u{3c0}\u{3b8}.gr";
    let refused = connection(&proxy())
        .set_tunnel(name, None, &[])
        .unwrap_err();
    assert!(matches!(refused, HTTPException::InvalidURL(_)));
    let [connect, inner] = sent_through("HEAD", "xn--pxaix.gr", Some(80), &[]);
    assert_eq!(
        connect,
        connect_head("xn--pxaix.gr:80", "Host: xn--pxaix.gr:80")
    );
    assert_eq!(inner, inner_head("HEAD", "xn--pxaix.gr"));
}

#[test]
fn tunnel_tests_test_tunnel_connect_single_send_connection_setup() {
    let peer = proxy();
    let mut conn = connection(&peer);
    conn.set_tunnel("destination.com", None, &[("User-Agent", "x")])
        .unwrap();
    conn.connect().unwrap();
    assert_eq!(peer.calls().writes, 1);
    let head = "CONNECT destination.com:80 HTTP/1.1\r\nHost: destination.com:80\r\n\
        User-Agent: x\r\n\r\n";
    assert_eq!(peer.received(0), head.as_bytes());
}

#[test]
fn tunnel_tests_test_connect_put_request() {
    let [connect, inner] = sent_through("PUT", "destination.com", None, &[]);
    assert_eq!(
        connect,
        connect_head("destination.com:80", "Host: destination.com:80")
    );
    assert_eq!(inner, inner_head("PUT", "destination.com"));
}

/// IPv6 has its brackets in the `Host` of CONNECT, too.
#[test]
fn tunnel_tests_test_connect_put_request_ipv6() {
    let [connect, inner] = sent_through("PUT", "[1:2:3::4]", Some(1234), &[]);
    assert_eq!(
        connect,
        connect_head("[1:2:3::4]:1234", "Host: [1:2:3::4]:1234")
    );
    assert_eq!(inner, inner_head("PUT", "[1:2:3::4]:1234"));
}

#[test]
fn tunnel_tests_test_connect_put_request_ipv6_port() {
    let [connect, inner] = sent_through("PUT", "[1:2:3::4]:1234", None, &[]);
    assert_eq!(
        connect,
        connect_head("[1:2:3::4]:1234", "Host: [1:2:3::4]:1234")
    );
    assert_eq!(inner, inner_head("PUT", "[1:2:3::4]:1234"));
}

/// No blank lines stand between the lines.
#[test]
fn tunnel_tests_test_tunnel_debuglog() {
    let answer = "HTTP/1.0 200 OK\r\nX-Dummy: 1\r\n\r\n";
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debuglevel(1);
    conn.set_debug_output(output.clone());
    conn.set_tunnel(
        "destination.com",
        None,
        &[("Proxy-Authorization", "secret")],
    )
    .unwrap();
    conn.request("PUT", "/", "", &[]).unwrap();
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("send: b'CONNECT destination.com:80 HTTP/1.1"));
    assert_eq!(lines[1], "header: X-Dummy: 1");
    assert!(lines[2].starts_with("send: b'PUT / HTTP/1.1"));
    assert!(!text.contains("secret"));
}

#[test]
fn without_a_debug_level_a_tunnel_is_not_logged() {
    let answer = "HTTP/1.0 200 OK\r\nX-Dummy: 1\r\n\r\n";
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_tunnel("destination.com", None, &[]).unwrap();
    conn.request("PUT", "/", "", &[]).unwrap();
    assert_eq!(output.text(), "");
}

#[test]
fn tunnel_tests_test_proxy_response_headers() {
    let answer = "HTTP/1.1 200 OK\r\nX-Dummy:1\r\n\r\n";
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let mut conn = connection(&peer);
    conn.set_tunnel("destination.com", None, &[]).unwrap();
    conn.request("PUT", "/", "", &[]).unwrap();
    let headers = conn.get_proxy_response_headers().unwrap();
    assert_eq!(headers.get("x-dummy").unwrap(), "1");
}

#[test]
fn tunnel_tests_test_no_proxy_response_headers() {
    let mut conn = connection(&Peer::new([Script::new()]));
    conn.request("PUT", "/", "", &[]).unwrap();
    assert!(conn.get_proxy_response_headers().is_none());
}

#[test]
fn tunnel_tests_test_tunnel_leak() {
    let answer = "HTTP/1.1 404 NOT FOUND\r\nX-Dummy: 1\r\nContent-Length: 6\r\n\r\nno way";
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let mut conn = connection(&peer);
    conn.set_tunnel("destination.com", None, &[]).unwrap();
    let HTTPException::TunnelFailed(failed) = conn.request("PUT", "/", "", &[]).unwrap_err() else {
        panic!("the tunnel was refused");
    };
    assert_eq!(
        (failed.status, failed.reason.as_bytes()),
        (404, &b"NOT FOUND"[..])
    );
    assert_eq!(failed.body, b"no way");
    assert_eq!(peer.calls().open, 0);
    assert!(!conn.is_connected());
    let headers = conn.get_proxy_response_headers().unwrap();
    assert_eq!(headers.get("x-dummy").unwrap(), "1");
}
