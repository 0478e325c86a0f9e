//! The promise: whatever a handler does or forgets, what leaves the server is a whole message or a
//! closed connection, and the next request is read from where it begins.
#![cfg(feature = "server")]
#![allow(missing_docs, non_snake_case)]

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::server::{BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, Times};
use stdhttp::testing::{Ending, Fault, Peer, Script, serve};
use stdhttp::{BadResponse, HTTPException, HTTPResponse, Limits, Look, Stream};

#[path = "support/logged.rs"]
mod logged;

use logged::{Handled, Request, logged};

/// What a client gets, as text.
fn told<F: Fn(Request<'_, '_>) -> Handled + Sync>(answer: F, requests: &str) -> String {
    let came = serve(&logged(answer), requests);
    String::from_utf8(came).expect("text")
}

fn hello(request: Request<'_, '_>) -> Handled {
    request.send_response(200, None)?;
    request.end_headers()?;
    request.wfile().write_all(b"hello")?;
    Ok(())
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The responses in what came: status, fields, body.
fn responses(mut came: &[u8]) -> Vec<(u16, String, Vec<u8>)> {
    let mut responses = Vec::new();
    while !came.is_empty() {
        let mut response = HTTPResponse::from_reader(&mut came, "GET").expect("a response");
        let fields = response
            .headers()
            .items()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        let status = response.status();
        let body = response.read(None).expect("a whole body");
        responses.push((status, fields, body));
    }
    responses
}

#[test]
fn a_short_body_gets_its_length() {
    let came = told(hello, GET);
    assert!(
        came.starts_with("HTTP/1.1 200 OK\r\nServer: stdhttp/"),
        "{came}"
    );
    assert!(came.contains("\r\nDate: "), "{came}");
    assert!(
        came.ends_with("\r\nContent-Length: 5\r\n\r\nhello"),
        "{came}"
    );
}

#[test]
fn a_longer_body_is_chunked_or_lasts_until_the_connection_closes() {
    let long = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        for _ in 0..3 {
            request.wfile().write_all(&[b'x'; 5_000])?;
        }
        Ok(())
    };
    let came = told(long, &GET.repeat(2));
    let [first, second] = responses(came.as_bytes()).try_into().expect("two");
    assert!(first.1.contains("Transfer-Encoding: chunked"));
    assert_eq!((first.2.len(), second.2.len()), (15_000, 15_000));
    let came = told(long, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let [old] = responses(came.as_bytes()).try_into().expect("one");
    assert!(old.1.contains("Connection: close") && !old.1.contains("Transfer-Encoding"));
    assert_eq!(old.2.len(), 15_000);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let echo = |request: Request<'_, '_>| {
        let path = request.path().to_owned();
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(path.as_bytes())?;
        Ok(())
    };
    let requests: String = (0..50)
        .map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .collect();
    let came = told(echo, &requests);
    let bodies: Vec<_> = responses(came.as_bytes())
        .into_iter()
        .map(|(_, _, body)| String::from_utf8(body).unwrap())
        .collect();
    let expected: Vec<_> = (0..50).map(|number| format!("/{number}")).collect();
    assert_eq!(bodies, expected);
}

#[test]
fn after_close_nothing_further_is_processed() {
    let requests = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n{GET}");
    let came = told(hello, &requests);
    assert_eq!(responses(came.as_bytes()).len(), 1);
    assert!(came.contains("\r\nConnection: close\r\n"));
}

#[test]
fn the_body_of_a_request_ends_where_it_ends() {
    let echo = |request: Request<'_, '_>| {
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        let trailer = request
            .trailers()
            .getheader("x")
            .map(|value| value.into_owned());
        body.extend(trailer.unwrap_or_default().into_bytes());
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(&body)?;
        Ok(())
    };
    let requests = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
         POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\nde\r\n1\r\nf\r\n0\r\nX: y\r\n\r\n{GET}"
    );
    let came = told(echo, &requests);
    let bodies: Vec<_> = responses(came.as_bytes())
        .into_iter()
        .map(|r| r.2)
        .collect();
    assert_eq!(bodies, [&b"abc"[..], b"defy", b""]);
}

#[test]
fn a_body_can_be_read_by_lines() {
    let lines = |request: Request<'_, '_>| {
        let mut count = 0;
        let mut line = String::new();
        while request.rfile().read_line(&mut line)? > 0 {
            count += 1;
        }
        request.send_response(200, None)?;
        request.end_headers()?;
        write!(request.wfile(), "{count} {line:?}")?;
        Ok(())
    };
    let came = told(
        lines,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n2\r\nc\n\r\n0\r\n\r\n",
    );
    assert!(came.ends_with("2 \"a\\nbc\\n\""), "{came}");
}

#[test]
fn what_was_shown_before_a_read_can_not_be_consumed_behind_it() {
    let both = |request: Request<'_, '_>| {
        let mut body = request.rfile();
        assert_eq!(body.fill_buf()?, b"abcdef");
        body.read_exact(&mut [0; 3])?;
        body.consume(6);
        let mut rest = String::new();
        body.read_to_string(&mut rest)?;
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(rest.as_bytes())?;
        Ok(())
    };
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef";
    let came = serve(&logged(both), post);
    assert_eq!(responses(&came)[0].2, b"def");
}

#[test]
fn an_unread_body_is_drained_or_the_connection_closes() {
    let body = "x".repeat(100_000);
    let post = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{body}{GET}");
    assert_eq!(responses(told(hello, &post).as_bytes()).len(), 2);
    let body = "x".repeat(300_000);
    let post = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n{body}{GET}");
    assert_eq!(responses(told(hello, &post).as_bytes()).len(), 1);
}

#[test]
fn a_body_that_is_cut_short_is_an_error() {
    let read = |request: Request<'_, '_>| {
        let mut body = Vec::new();
        let error = request.rfile().read_to_end(&mut body).unwrap_err();
        assert_eq!(
            (error.kind(), &body[..]),
            (ErrorKind::UnexpectedEof, &b"abc"[..])
        );
        let exception = HTTPException::from(error);
        assert!(
            matches!(exception, HTTPException::IncompleteRead(_)),
            "{exception:?}"
        );
        Err(exception)
    };
    let came = told(
        read,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
    );
    assert!(came.starts_with("HTTP/1.1 400 "), "{came}");
}

#[test]
fn what_the_client_broke_is_answered_by_its_status() {
    let read = |request: Request<'_, '_>| {
        request.rfile().read_to_end(&mut Vec::new())?;
        hello(request)
    };
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let limits = Limits::DEFAULT.with(|limits| limits.body = 3);
    for (body, status) in [
        ("3\r\nabcX", 400),
        ("3\r\nab", 400),
        ("4\r\nabcd\r\n0\r\n\r\n", 413),
        (&["0\r\n", &"a: b\r\n".repeat(99)].concat(), 431),
    ] {
        let script = Script::new().send([chunked, body].concat());
        let peer = Peer::new([script.end(Ending::Close)]);
        let bounds = Bounds {
            limits,
            ..Bounds::DEFAULT
        };
        let server = HTTPServer::without_socket(logged(read)).clock(peer.clone());
        let server = server.bounds(bounds);
        server.serve_connection(peer.accept().unwrap(), None);
        let came = responses(&peer.received(0));
        assert_eq!((came.len(), came[0].0), (1, status), "{body:?}");
        assert!(came[0].1.contains("Connection: close"));
    }
    // A handler's own failure is not the client's, even if it is of the same kind.
    let own = |_: Request<'_, '_>| Err(HTTPException::ConflictingFraming);
    assert!(told(own, GET).starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_client_that_waits_is_told_to_go_on_at_the_first_read() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let script = Script::new()
        .send(post)
        .expect(b"HTTP/1.1 100 Continue\r\n\r\n")
        .send("abc")
        .expect_head()
        .end(Ending::Close);
    let peer = Peer::new([script]);
    let read = logged(|request: Request<'_, '_>| {
        let mut body = String::new();
        request.rfile().read_to_string(&mut body)?;
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(body.as_bytes())?;
        Ok(())
    });
    let server = HTTPServer::without_socket(read).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    peer.check().unwrap();
    assert!(peer.received(0).ends_with(b"\r\n\r\nabc"));
}

#[test]
fn a_client_that_waits_and_is_refused_is_not_waited_for() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let came = told(hello, &format!("{post}{GET}"));
    assert!(came.starts_with("HTTP/1.1 200 OK"), "{came}");
    assert!(came.contains("\r\nConnection: close\r\n"), "{came}");
    assert_eq!(responses(came.as_bytes()).len(), 1);
}

#[test]
fn an_unknown_expectation_is_417() {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n{GET}");
    assert!(told(hello, &request).starts_with("HTTP/1.1 417 "));
}

#[test]
fn refusals_are_answered_by_their_status_and_close() {
    for (request, status) in [
        ("GARBAGE\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n",
            501,
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n", 400),
    ] {
        let came = told(hello, &format!("{request}{GET}"));
        assert!(came.starts_with(&format!("HTTP/1.1 {status} ")), "{came}");
        assert!(came.contains("\r\nConnection: close\r\n"), "{came}");
        assert_eq!(responses(came.as_bytes()).len(), 1, "{came}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8_192));
    assert!(told(hello, &long).starts_with("HTTP/1.1 414 "));
    let many = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "x: y\r\n".repeat(256)
    );
    assert!(told(hello, &many).starts_with("HTTP/1.1 431 "));
}

#[test]
fn nothing_comes_of_a_connection_without_a_request() {
    for requests in ["", "\r\n", "\r\n\r\n"] {
        assert_eq!(told(hello, requests), "");
    }
}

#[test]
fn a_handler_that_fails_gives_500_or_a_cut_response() {
    let fails = |_: Request<'_, '_>| Err(HTTPException::NotConnected);
    let came = told(fails, GET);
    assert!(
        came.starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
        "{came}"
    );
    let panics = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(b"secret")?;
        panic!("on purpose");
    };
    let came = told(panics, GET);
    assert!(
        came.starts_with("HTTP/1.1 500 ") && !came.contains("secret"),
        "{came}"
    );
    let late = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(&[b'x'; 10_000])?;
        Err(HTTPException::NotConnected)
    };
    let came = told(late, GET);
    assert!(
        came.starts_with("HTTP/1.1 200 OK") && !came.contains("0\r\n\r\n"),
        "{came}"
    );
    let silent = |_: Request<'_, '_>| Ok(());
    assert!(told(silent, GET).starts_with("HTTP/1.1 500 "));
}

#[test]
fn the_server_goes_on_after_a_panic() {
    let handler = logged(|request: Request<'_, '_>| {
        assert_ne!(request.path(), "/panic", "on purpose");
        hello(request)
    });
    let came = serve(&handler, b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(came.starts_with(b"HTTP/1.1 500 "));
    assert!(serve(&handler, GET).starts_with(b"HTTP/1.1 200 "));
}

#[test]
fn a_declared_length_is_held_to() {
    let declares = |given: &'static [u8]| {
        move |request: Request<'_, '_>| {
            request.send_response(200, None)?;
            request.send_header("Content-Length", 5)?;
            request.end_headers()?;
            request.wfile().write_all(given)?;
            Ok(())
        }
    };
    assert!(told(declares(b"12345"), GET).ends_with("\r\n\r\n12345"));
    let more = told(declares(b"123456"), GET);
    assert!(!more.contains("123456"), "{more}");
    let less = serve(&logged(declares(b"1234")), GET.repeat(2));
    let mut rest = &less[..];
    let mut response = HTTPResponse::from_reader(&mut rest, "GET").unwrap();
    assert!(response.read(None).is_err());
}

#[test]
fn head_has_the_length_of_get_and_no_body() {
    struct Page;
    impl Handler for Page {
        fn do_GET(&self, request: Request<'_, '_>) -> Handled {
            hello(request)
        }
        fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
    }
    let came = serve(&Page, format!("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n{GET}"));
    let came = String::from_utf8(came).unwrap();
    let (head, rest) = came.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Length: 5"));
    assert!(rest.starts_with("HTTP/1.1 200 OK") && rest.ends_with("hello"));
}

#[test]
fn methods_that_nobody_has_get_501_and_others_405() {
    struct Getter(&'static [&'static str]);
    impl Handler for Getter {
        fn do_GET(&self, request: Request<'_, '_>) -> Handled {
            hello(request)
        }
        fn methods(&self) -> &[&str] {
            self.0
        }
        fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
    }
    let ask = |methods, method: &str| {
        let came = serve(
            &Getter(methods),
            format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"),
        );
        String::from_utf8(came).unwrap()
    };
    assert!(ask(&[], "POST").starts_with("HTTP/1.1 501 Unsupported method ('POST')\r\n"));
    let not_allowed = ask(&["GET", "HEAD"], "POST");
    assert!(not_allowed.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    assert!(not_allowed.contains("\r\nAllow: GET, HEAD\r\n"));
    assert!(ask(&["GET", "HEAD"], "FOO").starts_with("HTTP/1.1 501 "));
    assert!(ask(&["GET"], "get").starts_with("HTTP/1.1 501 "));
    assert!(ask(&["GET"], "OPTIONS").contains("\r\nAllow: GET\r\n"));
}

#[test]
fn the_log_has_the_lines_of_http_server_and_no_control_characters() {
    let handler = logged(hello);
    serve(&handler, GET);
    assert_eq!(handler.lines(), ["\"GET / HTTP/1.1\" 200 -"]);
    let handler = logged(|request: Request<'_, '_>| request.send_error(404, "no\x1b[2J\\", None));
    let came = serve(&handler, b"ERROR / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        came.starts_with(b"HTTP/1.1 500 "),
        "a reason with ESC can't be sent"
    );
    assert_eq!(handler.lines()[0], r"code 404, message no\x1b[2J\\");
}

#[test]
fn a_refused_request_is_logged_by_its_line() {
    for (request, line) in [
        ("GARBAGE\r\n\r\n", "\"GARBAGE\" 400 -"),
        (
            "\r\nG@T /\x1b HTTP/1.1\r\n\r\n",
            r#""G@T /\x1b HTTP/1.1" 400 -"#,
        ),
        (
            "GET / HTTP/1.1\r\nno field\r\n\r\n",
            "\"GET / HTTP/1.1\" 400 -",
        ),
        ("GET / HTTP/1.1\r\nHost: a", "\"GET / HTTP/1.1\" 400 -"),
        (
            "GET / HTTP/1.1\r\nUser-Agent: b\r\n\r\n",
            "\"GET / HTTP/1.1\" 400 -",
        ),
        ("GET / HT", "\"\" 400 -"),
    ] {
        let handler = logged(hello);
        serve(&handler, request);
        assert_eq!(handler.lines()[1..], [line], "{request:?}");
    }
    // What came before is another request's, and fields that were not understood are none.
    let handler = logged(hello);
    let requests = [GET, "HEAD /x HTTP/1.1\r\nA: b\r\nno field\r\n\r\n"].concat();
    let came = serve(&handler, requests);
    assert_eq!(handler.lines()[2], "\"HEAD /x HTTP/1.1\" 400 -");
    assert!(
        came.ends_with(b"\r\n\r\n"),
        "HEAD has no body, refused or not"
    );
}

#[test]
fn a_stalled_head_is_logged_by_its_line() {
    let peer = Peer::new([Script::new().send("GET / HTTP/1.1\r\nHo")]);
    let server = HTTPServer::without_socket(logged(hello)).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    assert_eq!(server.handler().lines()[1], "\"GET / HTTP/1.1\" 408 -");
}

#[test]
fn an_error_page_is_escaped() {
    let handler = |request: Request<'_, '_>| request.send_error(404, "<b>&", "a < b");
    let came = told(handler, GET);
    assert!(came.contains("<p>Message: &lt;b&gt;&amp;.</p>"), "{came}");
    assert!(came.contains("404 - a &lt; b."), "{came}");
    assert!(came.contains("\r\nContent-Type: text/html;charset=utf-8\r\n"));
    for status in [204, 304, 205] {
        let handler = move |request: Request<'_, '_>| request.send_error(status, None, None);
        let came = told(handler, GET);
        assert!(
            came.ends_with("\r\n\r\n") && !came.contains("Content-Type"),
            "{came}"
        );
    }
}

#[test]
fn calls_out_of_turn_are_errors() {
    let out_of_turn = |result: Handled| {
        let turned = HTTPException::BadResponse(BadResponse::OutOfTurn);
        assert_eq!(format!("{:?}", result.unwrap_err()), format!("{turned:?}"));
    };
    let handler = |request: Request<'_, '_>| {
        out_of_turn(request.send_header("A", "b"));
        out_of_turn(request.end_headers());
        assert!(request.wfile().write_all(b"x").is_err());
        request.send_response(200, None)?;
        out_of_turn(request.send_response(200, None));
        assert!(request.wfile().write_all(b"x").is_err());
        assert!(request.send_header("A", "b\r\nC: d").is_err());
        assert!(request.send_header("A b", "c").is_err());
        request.end_headers()?;
        out_of_turn(request.end_headers());
        out_of_turn(request.send_header("A", "b"));
        request.wfile().write_all(b"fine")?;
        Ok(())
    };
    let came = told(handler, GET);
    assert!(
        came.ends_with("\r\n\r\nfine") && !came.contains("C: d"),
        "{came}"
    );
}

#[test]
fn heads_have_a_deadline_and_idle_connections_end() {
    let silent = Peer::new([Script::new()]);
    let server = HTTPServer::without_socket(logged(hello)).clock(silent.clone());
    server.serve_connection(silent.accept().unwrap(), None);
    assert_eq!(
        (silent.elapsed(), &silent.received(0)[..]),
        (Duration::from_secs(10), &b""[..])
    );

    let mut script = Script::new();
    for octet in GET.bytes() {
        script = script.send([octet]).wait(Duration::from_secs(1));
    }
    let dribbles = Peer::new([script]);
    let server = HTTPServer::without_socket(logged(hello)).clock(dribbles.clone());
    server.serve_connection(dribbles.accept().unwrap(), None);
    assert!(dribbles.received(0).starts_with(b"HTTP/1.1 408 "));
    assert!(
        dribbles.elapsed() <= Duration::from_secs(13),
        "{:?}",
        dribbles.elapsed()
    );

    let idles = Peer::new([Script::new().send(GET)]);
    let server = HTTPServer::without_socket(logged(hello)).clock(idles.clone());
    server.serve_connection(idles.accept().unwrap(), None);
    assert_eq!(idles.elapsed(), Duration::from_secs(30));
    assert_eq!(responses(&idles.received(0)).len(), 1);
}

#[test]
fn bodies_that_dribble_are_ended() {
    let mut script =
        Script::new().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    for _ in 0..1_000 {
        script = script.wait(Duration::from_secs(1)).send("x");
    }
    let peer = Peer::new([script]);
    let handler = logged(|request: Request<'_, '_>| {
        let error = request.rfile().read_to_end(&mut Vec::new()).unwrap_err();
        Err(error.into())
    });
    let times = Times {
        read: Duration::from_secs(5),
        ..Times::DEFAULT
    };
    let server = HTTPServer::without_socket(handler)
        .clock(peer.clone())
        .times(times);
    server.serve_connection(peer.accept().unwrap(), None);
    assert!(
        peer.elapsed() < Duration::from_secs(15),
        "{:?}",
        peer.elapsed()
    );
}

#[test]
fn a_body_that_does_not_come_has_the_time_of_a_read() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let silent = Peer::new([Script::new().send(head)]);
    let handler = logged(|request: Request<'_, '_>| {
        let error = request.rfile().read(&mut [0; 5]).unwrap_err();
        Err(error.into())
    });
    let times = Times {
        read: Duration::from_secs(3),
        linger: Duration::ZERO,
        ..Times::DEFAULT
    };
    let server = HTTPServer::without_socket(handler)
        .clock(silent.clone())
        .times(times);
    server.serve_connection(silent.accept().unwrap(), None);
    assert_eq!(silent.elapsed(), Duration::from_secs(3));
}

#[test]
fn a_body_at_the_least_rate_arrives() {
    let mut script =
        Script::new().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    for _ in 0..100 {
        script = script.wait(Duration::from_secs(1)).send([b'x'; 10]);
    }
    let slow = Peer::new([script.end(Ending::Close)]);
    let handler = logged(|request: Request<'_, '_>| {
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(&body)?;
        Ok(())
    });
    let times = Times {
        read: Duration::from_secs(5),
        least_rate: 10,
        ..Times::DEFAULT
    };
    let server = HTTPServer::without_socket(handler)
        .clock(slow.clone())
        .times(times);
    server.serve_connection(slow.accept().unwrap(), None);
    let [(status, _, body)] = responses(&slow.received(0)).try_into().expect("one");
    assert_eq!((status, body), (200, vec![b'x'; 1_000]));
}

/// A reset in answer to what comes later could make the client lose the response.
#[test]
fn what_comes_behind_the_last_answer_is_taken() {
    let unread = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let closed = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for came in [unread, &format!("{closed}{GET}")] {
        let later = Duration::from_secs(1);
        let script = Script::new().send(came).wait(later).send("x");
        let peer = Peer::new([script.end(Ending::Close)]);
        let server = HTTPServer::without_socket(logged(hello)).clock(peer.clone());
        server.serve_connection(peer.accept().unwrap(), None);
        assert_eq!(responses(&peer.received(0)).len(), 1);
        assert_eq!(peer.elapsed(), later, "{came}");
    }
}

/// A stream that sends nothing before it is flushed.
struct HoldsBack {
    request: &'static [u8],
    held: Vec<u8>,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Read for HoldsBack {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.request.read(output)
    }
}

impl Write for HoldsBack {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.held.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sent.lock().unwrap().append(&mut self.held);
        Ok(())
    }
}

impl Stream for HoldsBack {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Unknown)
    }
}

#[test]
fn what_a_stream_holds_back_leaves_with_the_response_and_when_it_is_flushed() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let stream = HoldsBack {
        request: GET.as_bytes(),
        held: Vec::new(),
        sent: Arc::clone(&sent),
    };
    let seen = Arc::clone(&sent);
    let ends_in = move |end: &[u8]| seen.lock().unwrap().ends_with(end);
    let handler = logged(move |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        request.flush_headers()?;
        assert!(ends_in(b"\r\n\r\n"));
        request.wfile().write_all(b"a")?;
        request.wfile().flush()?;
        assert!(ends_in(b"\r\n\r\n1\r\na\r\n"));
        Ok(())
    });
    let server = HTTPServer::without_socket(handler);
    server.serve_connection(stream, None);
    let [(status, _, body)] = responses(&sent.lock().unwrap()).try_into().expect("one");
    assert_eq!((status, &body[..]), (200, &b"a"[..]));
}

/// What a client gets that takes its time for no call, from a handler that lets time pass.
fn told_slowly(
    requests: String,
    answer: impl Fn(Request<'_, '_>, &Peer) -> Handled + Sync,
) -> Vec<u8> {
    let peer = Peer::new([Script::new().send(requests).end(Ending::Close)]);
    let passing = peer.clone();
    let handler = logged(move |request: Request<'_, '_>| answer(request, &passing));
    let server = HTTPServer::without_socket(handler).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    peer.received(0)
}

#[test]
fn a_slow_handler_is_not_taken_for_a_slow_client() {
    let slow = Duration::from_secs(1_000);
    let events = |request: Request<'_, '_>, peer: &Peer| {
        request.send_response(200, None)?;
        request.end_headers()?;
        for _ in 0..3 {
            request.wfile().write_all(b"event")?;
            request.wfile().flush()?;
            peer.pass(slow);
        }
        Ok(())
    };
    let came = told_slowly(GET.to_owned(), events);
    assert_eq!(responses(&came)[0].2, b"event".repeat(3));
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    let reads = |request: Request<'_, '_>, peer: &Peer| {
        let mut count = 0;
        while let more @ 1.. = request.rfile().read(&mut [0; 4_096])? {
            peer.pass(slow);
            count += more;
        }
        request.send_interim(103, &[])?;
        request.send_response(200, None)?;
        request.end_headers()?;
        write!(request.wfile(), "{count}")?;
        Ok(())
    };
    let came = told_slowly(format!("{post}{}", "x".repeat(100_000)), reads);
    assert!(came.starts_with(b"HTTP/1.1 103 "));
    assert_eq!(responses(&came)[0].2, b"100000");
}

#[test]
fn a_client_that_takes_a_response_by_dribbles_is_left() {
    let peer = Peer::new([Script::new().send(GET).write_size(10).end(Ending::Close)]);
    peer.fault_from(0, Fault::Slow(Duration::from_secs(1)));
    let handler = logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.send_header("Content-Length", 10_000)?;
        request.end_headers()?;
        Ok(request.wfile().write_all(&[b'x'; 10_000])?)
    });
    let times = Times {
        write: Duration::from_secs(5),
        ..Times::DEFAULT
    };
    let server = HTTPServer::without_socket(handler)
        .clock(peer.clone())
        .times(times);
    server.serve_connection(peer.accept().unwrap(), None);
    // 2 × 5 s, and 39 s for 10,000 bytes at 256 in a second.
    assert!(
        peer.elapsed() < Duration::from_secs(60),
        "{:?}",
        peer.elapsed()
    );
    assert!(peer.received(0).len() < 1_000);
}

#[test]
fn a_connection_carries_so_many_requests() {
    let peer = Peer::new([Script::new().send(GET.repeat(5)).end(Ending::Close)]);
    let bounds = Bounds {
        requests: 3,
        ..Bounds::DEFAULT
    };
    let server = HTTPServer::without_socket(logged(hello))
        .bounds(bounds)
        .clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    let came = responses(&peer.received(0));
    assert_eq!(came.len(), 3);
    assert!(came[2].1.contains("Connection: close") && !came[1].1.contains("Connection"));
}

#[test]
fn a_body_beyond_its_limit_is_413() {
    let limits = Limits::DEFAULT.with(|limits| limits.body = 10);
    let bounds = Bounds {
        limits,
        ..Bounds::DEFAULT
    };
    let peer = Peer::new([Script::new()
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        .end(Ending::Close)]);
    let server = HTTPServer::without_socket(logged(hello))
        .bounds(bounds)
        .clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    assert!(peer.received(0).starts_with(b"HTTP/1.1 413 "));
}

#[test]
fn a_switch_hands_over_the_stream_and_what_came() {
    let handler = logged(|request: Request<'_, '_>| {
        assert!(matches!(
            request.send_response(101, None).and_then(|()| {
                request.send_header("Upgrade", "other")?;
                request.end_headers()?;
                request.flush_headers()
            }),
            Err(HTTPException::BadResponse(BadResponse::NotOffered))
        ));
        Ok(())
    });
    let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let came = serve(&handler, format!("{upgrade}ping"));
    assert!(
        came.starts_with(b"HTTP/1.1 500 "),
        "{}",
        came.escape_ascii()
    );

    let handler = logged(|request: Request<'_, '_>| {
        request.send_response(101, None)?;
        request.send_header("Upgrade", "echo")?;
        request.end_headers()?;
        request.take_over(|mut stream, came| {
            stream.write_all(&came).unwrap();
            stream.write_all(b" pong").unwrap();
        });
        Ok(())
    });
    let came = String::from_utf8(serve(&handler, format!("{upgrade}ping"))).unwrap();
    assert!(
        came.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{came}"
    );
    assert!(
        came.ends_with("\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nping pong"),
        "{came}"
    );
}

#[test]
fn several_values_are_one_list() {
    let lists = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.send_header("Vary", ["Accept", "Accept-Encoding"])?;
        assert!(request.send_header("Set-Cookie", ["a=b", "c=d"]).is_err());
        assert!(request.send_header("X", ["a", "b\r\nC: d"]).is_err());
        request.send_header("Set-Cookie", "a=b")?;
        request.send_header("Set-Cookie", "c=d")?;
        request.end_headers()
    };
    let came = told(lists, GET);
    assert!(
        came.contains(
            "\r\nVary: Accept, Accept-Encoding\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
        )
    );
    assert!(!came.contains("C: d"), "{came}");
}

#[test]
fn statuses_of_ones_own_go_out() {
    let named = |request: Request<'_, '_>| {
        request.send_response(999, "Own reason")?;
        request.end_headers()
    };
    assert!(told(named, GET).starts_with("HTTP/1.1 999 Own reason\r\n"));
    let unknown = |request: Request<'_, '_>| request.send_error(999, None, None);
    assert!(told(unknown, GET).starts_with("HTTP/1.1 999 ???\r\n"));
}

#[test]
fn fields_are_octets_in_both_directions() {
    let echo = |request: Request<'_, '_>| {
        let value = request.headers().get_all_bytes("x").next();
        let value = value.unwrap_or_default().to_vec();
        request.send_response(200, None)?;
        request.send_header("X", value.as_slice())?;
        request.end_headers()
    };
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nX: d\xe4rk mat\xe9\r\n\r\n";
    let came = serve(&logged(echo), request);
    let line = b"\r\nX: d\xe4rk mat\xe9\r\n";
    assert!(came.windows(line.len()).any(|window| window == line));
}
