//! The documented behaviour of `http.client` up to the last byte of a request: host and port,
//! validation, automatic fields, bodies, the state machine, tunnels, the debug lines.

use std::fs::File;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use stdhttp::proto::Exchange;
use stdhttp::testing::{Ending, Peer, PeerStream, Script};
use stdhttp::{Body, Connect, ConnectionState, HTTPConnection, HTTPException, HTTPMethod};
use stdhttp::{HTTPResponse, HTTPVersion, ImproperConnectionState, Limits, Route, Skip, Tolerance};
use stdhttp::{Timeouts, UnimplementedFileMode, UnknownMethod};

use crate::support::{Output, Sent, answering, connection, connection_with, sent, silent};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn http_method_members() {
    let names = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    assert!(HTTPMethod::ALL.iter().copied().eq(names));
    for name in names {
        let method: HTTPMethod = name.parse().unwrap();
        assert_eq!(method, name);
        assert!(!method.description().is_empty());
    }
    assert!(matches!(
        "get".parse::<HTTPMethod>(),
        Err(UnknownMethod { .. })
    ));
}

#[test]
fn constructor_arguments() {
    let peer = silent();
    let builder = HTTPConnection::builder("example.com").connector(peer.clone());
    let conn = builder
        .port(8080)
        .timeout(Duration::from_secs(3))
        .blocksize(10)
        .max_response_headers(7)
        .debuglevel(1)
        .auto_open(false)
        .tolerance(Tolerance::STRICT)
        .build()
        .unwrap();
    assert_eq!(
        (conn.host(), conn.port(), conn.default_port()),
        ("example.com", 8080, 80)
    );
    let three = Some(Duration::from_secs(3));
    let times = conn.timeouts();
    assert_eq!([times.connect, times.read, times.write], [three; 3]);
    assert_eq!(
        (conn.blocksize(), conn.debuglevel(), conn.auto_open()),
        (10, 1, false)
    );
    assert_eq!(
        conn.limits(),
        &Limits::DEFAULT.with(|limits| limits.headers = 7)
    );
    assert_eq!(conn.tolerance(), &Tolerance::STRICT);
    assert!(conn.stream().is_none() && !conn.is_connected());
    assert_eq!(peer.calls().all, 0);
}

#[test]
fn default_constructor_arguments() {
    let conn = HTTPConnection::new("example.com", None).unwrap();
    assert_eq!(conn.timeouts(), Timeouts::default());
    assert_eq!(
        (conn.blocksize(), conn.debuglevel(), conn.auto_open()),
        (130_000, 0, true)
    );
    assert_eq!(conn.limits().headers, 256);
    assert_eq!(conn.tolerance(), &Tolerance::STANDARD);
}

#[test]
fn host_and_port_forms() {
    for (text, port, host, expected) in [
        ("a", None, "a", 80),
        ("a:", None, "a", 80),
        ("a:8080", None, "a", 8080),
        ("a", Some(90), "a", 90),
        ("[::1]:8", None, "::1", 8),
        ("::1", Some(8), "::1", 8),
        ("[fe80::1%eth0]:80", None, "fe80::1%eth0", 80),
    ] {
        let conn = HTTPConnection::new(text, port).unwrap();
        assert_eq!((conn.host(), conn.port()), (host, expected));
    }
    for (text, port) in [
        ("a:80", Some(90)),
        ("a", Some(0)),
        ("user@h:80", None),
        ("::1", None),
        ("a:-1", None),
        ("a:99999", None),
        ("a:+80", None),
        ("a:8_0", None),
        ("a: 80", None),
        ("", None),
        (":80", None),
        ("[]", None),
        ("x/y", None),
        ("[::1]x", None),
        ("http://x", None),
        (" a", None),
        ("a\x7f", None),
        ("b\u{fc}cher.de", None),
    ] {
        let refused = HTTPConnection::new(text, port);
        assert!(
            matches!(refused, Err(HTTPException::InvalidURL(_))),
            "{text:?}"
        );
    }
}

#[test]
fn methods_and_targets() {
    for method in ["", "GE T", "GET\x7f", "G\u{cb}T", "GET\0"] {
        let error = connection(&silent()).putrequest(method, "/").unwrap_err();
        assert!(
            matches!(error, HTTPException::InvalidMethod { .. }),
            "{method:?}"
        );
    }
    for target in [
        "/a#b",
        "a",
        "/\x7f",
        "/\u{fc}",
        "*",
        "http://user:pw@o.com/",
        "http:///x",
        "http://[fe80::1%25eth0]:80/",
    ] {
        let error = connection(&silent()).putrequest("GET", target).unwrap_err();
        assert!(matches!(error, HTTPException::InvalidURL(_)), "{target:?}");
    }
    for (method, target, line) in [
        ("GET", "", "GET / HTTP/1.1"),
        ("get", "/", "get / HTTP/1.1"),
        ("OPTIONS", "*", "OPTIONS * HTTP/1.1"),
        ("CONNECT", "h:1", "CONNECT h:1 HTTP/1.1"),
        ("M-SEARCH", "/%20?a=[b]", "M-SEARCH /%20?a=[b] HTTP/1.1"),
    ] {
        let sent = sent(Tolerance::STANDARD, |conn| {
            conn.request(method, target, (), &[])
        });
        assert_eq!(sent.unwrap().line, line);
    }
}

fn head_of(host: &str, port: u16, target: &str) -> String {
    let peer = silent();
    let builder = HTTPConnection::builder(host).port(port);
    let mut conn = builder.connector(peer.clone()).build().unwrap();
    conn.request("GET", target, (), &[]).unwrap();
    String::from_utf8(peer.received(0)).unwrap()
}

#[test]
fn automatic_fields_of_putrequest() {
    for (host, port, target, value) in [
        ("example.com", 80, "/", "example.com"),
        ("example.com", 8080, "/", "example.com:8080"),
        ("[::1]", 8080, "/", "[::1]:8080"),
        ("fe80::1%eth0", 80, "/", "[fe80::1]"),
        ("xn--bcher-kva.de", 81, "/", "xn--bcher-kva.de:81"),
        ("proxy", 80, "https://other.com:8443/x?y", "other.com:8443"),
        ("proxy", 80, "HTTP://O.com/", "O.com"),
        ("proxy", 80, "http://[fe80::1]:80/", "[fe80::1]:80"),
    ] {
        let expected =
            format!("GET {target} HTTP/1.1\r\nHost: {value}\r\nAccept-Encoding: identity\r\n\r\n");
        assert_eq!(head_of(host, port, target), expected);
    }
}

#[test]
fn automatic_fields_can_be_left_out() {
    for (skip, expected) in [
        (
            Skip::default().with(|skip| {
                skip.host = true;
                skip.accept_encoding = false;
            }),
            "GET / HTTP/1.1\r\nAccept-Encoding: identity\r\n\r\n",
        ),
        (
            Skip::default().with(|skip| {
                skip.host = false;
                skip.accept_encoding = true;
            }),
            "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
        ),
        (
            Skip::default().with(|skip| {
                skip.host = true;
                skip.accept_encoding = true;
            }),
            "GET / HTTP/1.1\r\n\r\n",
        ),
    ] {
        let sent = sent(Tolerance::STANDARD, |conn| {
            conn.putrequest_with("GET", "/", skip)?;
            conn.endheaders()
        });
        assert_eq!(sent.unwrap().head, expected.as_bytes());
    }
}

/// A `Host` of the caller stands first, whatever its place in the list.
#[test]
fn given_fields_replace_automatic_ones() {
    let sent = sent(Tolerance::STANDARD, |conn| {
        let headers = [("X", "1"), ("accept-encoding", "br"), ("HOST", "other:1")];
        conn.request("GET", "/", (), &headers)
    });
    let expected = "GET / HTTP/1.1\r\nHOST: other:1\r\nX: 1\r\naccept-encoding: br\r\n\r\n";
    assert_eq!(sent.unwrap().head, expected.as_bytes());
}

#[test]
fn framing_field_of_request() {
    let length = |n: &str| (Some(n.to_owned()), None);
    let chunked = (None, Some("chunked".to_owned()));
    for (method, body, expected) in [
        ("post", Body::EMPTY, length("0")),
        ("PUT", ().into(), length("0")),
        ("GET", Body::EMPTY, (None, None)),
        ("GET", b"".into(), length("0")),
        ("GET", "\u{fc}".into(), length("2")),
        ("GET", Body::sized(&b"abc"[..], 3), length("3")),
        ("POST", Body::reader(&b"abc"[..]), chunked.clone()),
        ("POST", Body::iter(["abc"]), chunked),
    ] {
        let sent = sent(Tolerance::STANDARD, |conn| {
            conn.request(method, "/", body, &[])
        });
        let sent = sent.unwrap();
        let framing = (
            sent.header("content-length"),
            sent.header("transfer-encoding"),
        );
        assert_eq!(framing, expected, "{method}");
    }
}

#[test]
fn framing_fields_of_the_caller_conflict() {
    let both = [("Content-Length", "3"), ("Transfer-Encoding", "chunked")];
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let refused = sent(tolerance, |conn| conn.request("POST", "/", "abc", &both));
        assert!(matches!(
            refused,
            Err(HTTPException::ConflictingHeader { .. })
        ));
    }
}

#[test]
fn http10_requests() {
    let connect = || {
        let peer = Peer::new([Script::new()]);
        let builder = HTTPConnection::builder("example.com").connector(peer.clone());
        let conn = builder.http_version(HTTPVersion::Http10).build().unwrap();
        (peer, conn)
    };
    let (peer, mut conn) = connect();
    conn.request("POST", "/", "abc", &[]).unwrap();
    let expected = "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(peer.received(0), expected.as_bytes());
    let (peer, mut conn) = connect();
    let error = conn
        .request("POST", "/", Body::iter(["abc"]), &[])
        .unwrap_err();
    let unsized_body = UnimplementedFileMode::UnsizedOverHttp10;
    assert!(matches!(error, HTTPException::UnimplementedFileMode(why) if why == unsized_body));
    assert_eq!(peer.calls().all, 0);
}

#[cfg(unix)]
#[test]
fn directories_cannot_be_sent() {
    let folder = File::open(std::env::temp_dir()).unwrap();
    let refused = sent(Tolerance::STANDARD, |conn| {
        conn.request("PUT", "/", folder, &[])
    });
    let directory = UnimplementedFileMode::Directory;
    let error = refused.map(drop).unwrap_err();
    assert!(matches!(error, HTTPException::UnimplementedFileMode(why) if why == directory));
}

#[test]
fn latin1_bodies() {
    assert!(Body::latin1("\u{ff}").is_ok());
    let refused = Body::latin1("\u{2603}").map(|_| ());
    assert!(matches!(refused, Err(HTTPException::InvalidBody { .. })));
}

#[test]
fn head_and_small_body_leave_in_one_write() {
    let peer = silent();
    let mut conn = connection(&peer);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Content-Length", 3).unwrap();
    assert_eq!(peer.calls().all, 0);
    conn.endheaders_with("abc", false).unwrap();
    assert_eq!(peer.calls().writes, 1);
    assert!(peer.received(0).ends_with(b"Content-Length: 3\r\n\r\nabc"));
}

/// `http.client` sends a head that promises chunks and never ends them.
#[test]
fn encode_chunked_without_a_body_is_not_forgotten() {
    let peer = silent();
    let mut conn = connection(&peer);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders_with((), true).unwrap();
    conn.send_chunk(b"abc").unwrap();
    conn.send_last_chunk(&[]).unwrap();
    assert_eq!(Sent::new(&peer.received(0)).body, b"3\r\nabc\r\n0\r\n\r\n");

    let mut conn = connection(&silent());
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders_with((), true).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(matches!(error, HTTPException::InvalidBody { .. }));
}

fn improper(result: Result<(), HTTPException>) -> ImproperConnectionState {
    match result.unwrap_err() {
        HTTPException::ImproperConnectionState(state) => state,
        other => panic!("{other}"),
    }
}

#[test]
fn state_machine() {
    use ConnectionState::{Idle, RequestSent, RequestStarted};
    use ImproperConnectionState::{CannotSendHeader, CannotSendRequest, ResponseNotReady};
    let mut conn = connection(&answering(OK));
    assert_eq!(conn.state(), Idle);
    assert_eq!(improper(conn.putheader("a", "b")), CannotSendHeader(Idle));
    assert_eq!(improper(conn.endheaders()), CannotSendHeader(Idle));
    assert_eq!(
        improper(conn.getresponse().map(drop)),
        ResponseNotReady(Idle)
    );
    conn.putrequest("GET", "/").unwrap();
    assert_eq!(conn.state(), RequestStarted);
    assert_eq!(
        improper(conn.putrequest("GET", "/")),
        CannotSendRequest(RequestStarted)
    );
    assert_eq!(
        improper(conn.getresponse().map(drop)),
        ResponseNotReady(RequestStarted)
    );
    conn.endheaders().unwrap();
    assert_eq!(conn.state(), RequestSent);
    assert_eq!(
        improper(conn.putheader("a", "b")),
        CannotSendHeader(RequestSent)
    );
    assert_eq!(
        improper(conn.request("GET", "/", (), &[])),
        CannotSendRequest(RequestSent)
    );
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert_eq!(conn.state(), Idle);
    assert_eq!(
        improper(conn.getresponse().map(drop)),
        ResponseNotReady(Idle)
    );
}

#[test]
fn auto_open_off() {
    let peer = answering(OK);
    let builder = HTTPConnection::builder("example.com").connector(peer);
    let mut conn = builder.auto_open(false).build().unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert!(matches!(error, HTTPException::NotConnected));
    conn.connect().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

/// `http.client` puts the stale lines in front of the next request.
#[test]
fn close_forgets_the_request() {
    let peer = silent();
    let mut conn = connection(&peer);
    conn.putrequest("GET", "/a").unwrap();
    conn.putheader("Stale", "1").unwrap();
    conn.close();
    conn.close();
    conn.request("GET", "/b", (), &[]).unwrap();
    let sent = Sent::new(&peer.received(0));
    assert_eq!(
        (sent.line.as_str(), sent.headers.len()),
        ("GET /b HTTP/1.1", 2)
    );
}

#[test]
fn connect_replaces_the_connection() {
    let peer = Peer::new([Script::new(), Script::answer(OK)]);
    let mut conn = connection(&peer);
    conn.connect().unwrap();
    conn.connect().unwrap();
    assert_eq!((peer.calls().connects, peer.calls().open), (2, 1));
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

/// After every failure but a timeout the state is Idle and the next request connects again.
#[test]
fn failures_leave_no_wedged_state() {
    for answer in ["garbage\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 200", ""] {
        let peer = Peer::new([Script::answer(answer), Script::answer(OK)]);
        let mut conn = connection(&peer);
        conn.request("GET", "/", (), &[]).unwrap();
        assert!(conn.getresponse().is_err());
        assert_eq!(
            (conn.state(), conn.is_connected()),
            (ConnectionState::Idle, false)
        );
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
    }
    let mut conn = connection(&answering(OK));
    for headers in [("a b", "c"), ("a", "b\n")] {
        assert!(conn.request("GET", "/", (), &[headers]).is_err());
    }
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

/// Every address that was tried has its error.
#[test]
fn refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut conn = HTTPConnection::new("127.0.0.1", address.port()).unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    let HTTPException::ConnectFailed { attempts } = error else {
        panic!("{error}");
    };
    assert_eq!((attempts.len(), attempts[0].0), (1, address));
    assert_eq!(attempts[0].1.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(conn.state(), ConnectionState::Idle);
}

/// A label has 63 octets at most, so that no resolver asks the network.
#[test]
fn unknown_host() {
    let name = format!("{}.invalid", "a".repeat(70));
    let mut conn = HTTPConnection::new(&name, None).unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    let HTTPException::HostNotFound { host, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(host.as_bytes(), name.as_bytes());
}

/// `http.client` sends the body at once.
#[test]
fn expect_100_continue() {
    let headers = [("Expect", "100-continue")];
    let goes_on = Script::new()
        .expect_head()
        .send("HTTP/1.1 100 Continue\r\n\r\n")
        .expect("body")
        .send(OK);
    let peer = Peer::new([goes_on, Script::answer("HTTP/1.1 417 No\r\n\r\n")]);
    for (place, status, body) in [(0, 200, &b"body"[..]), (1, 417, b"")] {
        let mut conn = connection(&peer);
        conn.request("PUT", "/", "body", &headers).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), status);
        assert_eq!(Sent::new(&peer.received(place)).body, body);
    }
    peer.check().unwrap();
}

/// A half-read response that is given up costs the connection, never the next exchange.
#[test]
fn closing_a_half_read_response_closes_the_connection() {
    let body = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nsmuggled";
    let first = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{body}");
    for close in [true, false] {
        let peer = Peer::new([Script::new().expect_head().send(&first), Script::answer(OK)]);
        let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.read(3).unwrap(), b"HTT");
        if close {
            response.close();
            assert!(response.isclosed());
        }
        drop(response);
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"");
        assert_eq!(peer.calls().connects, 2);
    }
}

#[test]
fn debug_lines_of_interim_responses() {
    let peer = answering("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.0 404 Nope\r\n\r\n");
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_debuglevel(2);
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let lines = [
        r"reply: 'HTTP/1.1 103 Early Hints\r\n'",
        "header: Link: <x>",
        r"reply: 'HTTP/1.0 404 Nope\r\n'",
    ];
    let text = output.text();
    assert!(text.lines().skip(1).eq(lines), "{text}");
    conn.set_debuglevel(0);
    let before = output.text();
    conn.close();
    assert!(conn.request("GET", "/", (), &[]).is_err());
    assert_eq!(output.text(), before);
}

/// A line for each call that sends something.
#[test]
fn debug_lines_of_a_body_in_pieces() {
    let peer = Peer::new([Script::new()]);
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_debuglevel(1);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Content-Length", 8).unwrap();
    conn.endheaders().unwrap();
    let head = output.text();
    assert_eq!(head.lines().count(), 1);
    conn.send(b"").unwrap();
    assert_eq!(output.text(), head);
    conn.send(b"body").unwrap();
    conn.send(b"more").unwrap();
    assert_eq!(output.text(), head + "send: b'body'\nsend: b'more'\n");
}

#[test]
fn without_a_debug_level_nothing_is_logged() {
    let peer =
        answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.request("PUT", "/", "body", &[]).unwrap();
    conn.getresponse().unwrap();
    assert_eq!(output.text(), "");
}

#[test]
fn debug_lines_mask_credentials() {
    let peer = answering("HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\n\r\n");
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_debuglevel(1);
    let headers = [("Authorization", "secret"), ("Cookie", "secret")];
    conn.request("GET", "/", (), &headers).unwrap();
    conn.getresponse().unwrap();
    assert!(!output.text().contains("secret"));
    assert_eq!(output.text().matches("***").count(), 3);
}

/// Between two calls a head may be cut anywhere, also within a secret.
#[test]
fn debug_lines_mask_the_rest_of_a_head_after_a_timeout() {
    let fields = [("Cookie", "QQQQ"), ("Authorization", "QQQQ"), ("A", "b")];
    let whole = {
        let peer = Peer::new([Script::new()]);
        connection(&peer).request("GET", "/", (), &fields).unwrap();
        peer.received(0).len()
    };
    for cut in 0..whole {
        let script = Script::new().refuse_writes(cut, ErrorKind::WouldBlock);
        let peer = Peer::new([script]);
        let mut conn = connection(&peer);
        let output = Output::default();
        conn.set_debug_output(output.clone());
        conn.set_debuglevel(1);
        let stalled = conn.request("GET", "/", (), &fields).unwrap_err();
        assert!(stalled.is_timeout());
        // The same again: the script keeps refusing, but what is to go out is shown.
        assert!(conn.getresponse().unwrap_err().is_timeout());
        let text = output.text();
        assert!(text.lines().count() > 1, "{cut}: {text}");
        assert!(!text.contains('Q'), "{cut}: {text}");
        assert_eq!(peer.received(0).len(), cut);
    }
}

#[test]
fn debug_lines_mask_several_values() {
    let peer = answering("HTTP/1.1 204 No Content\r\n\r\n");
    let mut conn = HTTPConnection::builder("example.com")
        .connector(peer.clone())
        .tolerance(Tolerance::HTTP_CLIENT)
        .build()
        .unwrap();
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_debuglevel(1);
    conn.putrequest("GET", "/").unwrap();
    conn.putheader("Cookie", ["a=secret", "b=secret"]).unwrap();
    conn.putheader("Authorization", "Basic\r\n secret").unwrap();
    conn.putheader("Cookie ", "secret").unwrap();
    conn.endheaders().unwrap();
    assert!(
        peer.received(0)
            .windows(6)
            .any(|window| window == b"secret")
    );
    assert!(!output.text().contains("secret"), "{}", output.text());
}

/// What a terminal would obey is escaped.
#[test]
fn debug_lines_hold_no_control_characters() {
    let answer =
        b"HTTP/1.1 200 O\xc3K\r\nA: \x9b2J\r\nB: caf\xe9\r\nC: \x1b[2J\r\nD: a\r\n b\r\n\r\n";
    let peer = answering(answer);
    let mut conn = HTTPConnection::builder("example.com")
        .connector(peer)
        .tolerance(Tolerance::HTTP_CLIENT)
        .build()
        .unwrap();
    let output = Output::default();
    conn.set_debug_output(output.clone());
    conn.set_debuglevel(1);
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let lines = [
        r"reply: 'HTTP/1.1 200 O\xc3K\r\n'",
        r"header: A: \x9b2J",
        "header: B: caf\u{e9}",
        r"header: C: \x1b[2J",
        r"header: D: a\r\n b",
    ];
    let text = output.text();
    assert!(text.lines().skip(1).eq(lines), "{text}");
}

/// Neither in clear nor as numbers.
#[test]
fn debug_of_a_response_holds_no_secret() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\nContent-Length: 1\r\n\r\nx";
    let numbers = format!("{:?}", b"secret");
    let numbers = numbers.trim_matches(['[', ']']);
    let check = |shown: String| {
        assert!(
            !shown.contains("secret") && !shown.contains(numbers),
            "{shown}"
        );
    };
    let peer = answering(answer);
    let mut conn = connection(&peer);
    let headers = [("Authorization", "secret"), ("X-Other", "secret")];
    conn.request("GET", "/", (), &headers).unwrap();
    check(format!("{conn:?}"));
    let response = conn.getresponse().unwrap();
    check(format!("{response:?}"));
    check(format!(
        "{:?}",
        HTTPResponse::from_reader(answer.as_bytes(), "GET").unwrap()
    ));
    let mut exchange = Exchange::default();
    exchange
        .putrequest("GET", "/", None, Skip::default())
        .unwrap();
    exchange.putheader("Cookie", "secret").unwrap();
    check(format!("{exchange:?}"));
    let builder = HTTPConnection::builder("proxy").connector(Shown(check));
    let mut conn = builder.build().unwrap();
    conn.set_tunnel("a", 443, &[("Proxy-Authorization", "secret")])
        .unwrap();
    assert!(conn.connect().is_err());
}

/// Checks how the route is shown to a connector.
struct Shown<F>(F);

impl<F: Fn(String)> Connect for Shown<F> {
    type Stream = PeerStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        (self.0)(format!("{route:?}"));
        Err(HTTPException::NotConnected)
    }
}

fn tunnel_error(answer: &str, end: Ending) -> HTTPException {
    let peer = Peer::new([Script::new().expect_head().send(answer).end(end)]);
    let mut conn = connection(&peer);
    conn.set_tunnel("destination.com", None, &[]).unwrap();
    let error = conn.request("GET", "/", (), &[("Authorization", "secret")]);
    let error = error.unwrap_err();
    assert!(!conn.is_connected());
    assert!(conn.request("GET", "/", (), &[]).is_err());
    assert_eq!(peer.calls().open, 0);
    assert!(
        !String::from_utf8(peer.received(0))
            .unwrap()
            .contains("secret")
    );
    error
}

/// Whatever the proxy says instead of 2xx, the stream to it is gone and nothing was sent on it.
#[test]
fn refusals_of_a_proxy() {
    let failed = |answer| tunnel_error(answer, Ending::Close);
    for answer in ["HTTP/1.1 407 Auth\r\n\r\n", "HTTP/1.1 301 Moved\r\n\r\n"] {
        assert!(matches!(failed(answer), HTTPException::TunnelFailed(_)));
    }
    assert!(matches!(
        failed("garbage\r\n"),
        HTTPException::BadStatusLine { .. }
    ));
    assert!(matches!(
        failed(""),
        HTTPException::RemoteDisconnected { .. }
    ));
    assert!(matches!(
        failed("HTTP/1.1 20"),
        HTTPException::IncompleteRead(_)
    ));
    let reset = tunnel_error("", Ending::Reset);
    assert!(reset.is_connection_reset());
}

/// Any 2xx opens the tunnel, interim responses are skipped, and what comes behind is not lost.
#[test]
fn acceptances_of_a_proxy() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 204 No\r\nX: y\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\n\r\n",
    ] {
        let peer = Peer::new([Script::new()
            .expect_head()
            .send(answer)
            .expect_head()
            .send(OK)]);
        let mut conn = connection(&peer);
        conn.set_tunnel("destination.com", None, &[]).unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
    }
    let greeting = "HTTP/1.1 200 OK\r\n\r\nhello";
    let peer = Peer::new([Script::new().expect_head().send(greeting)]);
    let mut conn = connection(&peer);
    conn.set_tunnel("destination.com", None, &[]).unwrap();
    conn.connect().unwrap();
    assert_eq!(conn.into_inner().unwrap().1, b"hello");
}
