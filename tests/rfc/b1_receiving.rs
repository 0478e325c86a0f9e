//! Part B1: what a server does with the requests that it receives.

use std::fmt;
use std::io::{Read, Write};
use std::time::Duration;

use stdhttp::server::{BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, PathRules, split_path};
use stdhttp::testing::{Ending, Peer, Script, serve};
use stdhttp::{HTTPException, Limits};

type Handled = Result<(), HTTPException>;

/// Answers every request by what it was: method, path, authority and body.
pub(crate) struct Echo;

impl Handler for Echo {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        let authority = request.request().authority();
        let authority = authority.map(|(host, port)| (host.escape_ascii().to_string(), port));
        let told = format!(
            "[{} {} {authority:?} {}]",
            request.command(),
            request.path(),
            body.escape_ascii()
        );
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(told.as_bytes())?;
        Ok(())
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

pub(crate) fn came(requests: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(&serve(&Echo, requests)).into_owned()
}

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: n\r\n\r\n";

/// The status of the only response; nothing behind the request is processed.
fn refusal(request: impl AsRef<[u8]>) -> u16 {
    let came = came([request.as_ref(), NEXT.as_bytes()].concat());
    assert_eq!(came.matches("\r\nServer: ").count(), 1, "{came}");
    assert!(came.contains("\r\nConnection: close\r\n"), "{came}");
    came[9..12].parse().expect("a status")
}

/// A request of these fields beside its `Host`.
fn with(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// What the handler saw of a request that is taken, and of the next.
fn taken(request: impl AsRef<[u8]>) -> String {
    let came = came([request.as_ref(), NEXT.as_bytes()].concat());
    assert!(came.ends_with("[GET /next Some((\"n\", None)) ]"), "{came}");
    came
}

#[test]
fn sv_m_2_2_1_two_empty_lines_may_come_before_a_request() {
    taken(format!("\r\n\r\n{NEXT}"));
    assert_eq!(refusal(format!("\r\n\r\n\r\n{NEXT}")), 400);
}

#[test]
fn sv_m_2_2_2_what_is_no_message_is_400() {
    for octets in [&b"\x16\x03\x01\x02\0"[..], b"GARBAGE\r\n\r\n", b"\0"] {
        assert_eq!(refusal(octets), 400);
    }
}

#[test]
fn sv_m_2_2_3_a_lone_lf_ends_no_line() {
    assert_eq!(refusal("GET / HTTP/1.1\nHost: a\n\n"), 400);
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400);
}

#[test]
fn sv_m_2_2_4_white_space_behind_the_request_line_is_400() {
    assert_eq!(refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
    assert_eq!(refusal("GET / HTTP/1.1\r\n\tX: 1\r\nHost: a\r\n\r\n"), 400);
}

#[test]
fn sv_m_2_2_5_a_bare_cr_is_400() {
    assert_eq!(refusal(with("X: a\rb\r\n")), 400);
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\r\n\rZ\r\n\r\n"), 400);
}

#[test]
fn sv_m_3_1_there_are_exactly_two_spaces() {
    for line in [
        "GET  / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /",
        "GET / HTTP/1.1 x",
        " GET / HTTP/1.1",
    ] {
        assert_eq!(refusal(format!("{line}\r\nHost: a\r\n\r\n")), 400, "{line}");
    }
}

#[test]
fn sv_m_3_2_an_unknown_method_is_the_handlers_or_501() {
    assert!(taken("FOO / HTTP/1.1\r\nHost: a\r\n\r\n").contains("[FOO / "));
    struct Nothing;
    impl Handler for Nothing {
        fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
    }
    let came = serve(&Nothing, b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(came.starts_with(b"HTTP/1.1 501 "));
}

#[test]
fn sv_m_3_3_a_target_has_a_limit() {
    let request = |length: usize| {
        format!(
            "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
            "a".repeat(length - 1)
        )
    };
    taken(request(8_000));
    taken(request(8_192));
    assert_eq!(refusal(request(8_193)), 414);
}

#[test]
fn sv_m_3_2_1_a_bad_request_line_is_not_repaired() {
    for target in ["/a b", "/\x7f", "/\u{e4}", "/a#b", "a", ""] {
        assert_eq!(
            refusal(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")),
            400,
            "{target}"
        );
    }
}

#[test]
fn sv_m_3_2_2_a_request_has_one_valid_host() {
    assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    for host in [
        "a b", "a/b", "a@b", "a:80x", "[::1", "a:99999", ":80", "\u{e4}",
    ] {
        assert_eq!(
            refusal(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")),
            400,
            "{host}"
        );
    }
    assert!(taken("GET / HTTP/1.1\r\nHost:\r\n\r\n").contains("[GET / None ]"));
    taken("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
}

#[test]
fn sv_m_3_2_3_the_absolute_form_goes_before_the_host() {
    let seen = taken("GET http://a:8/x HTTP/1.1\r\nHost: b\r\n\r\n");
    assert!(
        seen.contains("[GET http://a:8/x Some((\"a\", Some(8))) ]"),
        "{seen}"
    );
}

#[test]
fn sv_m_3_2_4_each_form_has_its_methods() {
    for line in ["GET *", "CONNECT /", "GET a:80", "POST *", "CONNECT *"] {
        assert_eq!(
            refusal(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")),
            400,
            "{line}"
        );
    }
    taken("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn sv_s_9_3_6_1_connect_names_a_port() {
    for target in ["a", "a:", "a:0", "a:99999", ":80", "a:8x", "u@a:80"] {
        assert_eq!(
            refusal(format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n")),
            400,
            "{target}"
        );
    }
}

#[test]
fn sv_m_3_3_1_the_parts_of_the_target_uri_are_there() {
    for (request, authority) in [
        (
            "GET /p?q HTTP/1.1\r\nHost: a:81\r\n\r\n",
            "Some((\"a\", Some(81)))",
        ),
        (
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "Some((\"a\", None))",
        ),
        (
            "GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n",
            "Some((\"[::1]\", Some(8)))",
        ),
    ] {
        assert!(taken(request).contains(authority), "{request}");
    }
}

#[test]
fn sv_m_5_1_1_no_white_space_stands_before_a_colon() {
    for field in ["X : a", "Content-Length\t: 3", "X\u{a0}: 1", ": a"] {
        assert_eq!(refusal(with(&format!("{field}\r\n"))), 400, "{field}");
    }
}

#[test]
fn sv_m_5_2_1_a_folded_field_is_400() {
    assert_eq!(refusal(with("X: a\r\n b\r\n")), 400);
}

#[test]
fn sv_s_5_4_1_what_is_too_large_is_431() {
    assert_eq!(refusal(with(&"X: y\r\n".repeat(256))), 431);
    assert_eq!(
        refusal(with(&format!("X: {}\r\n", "y".repeat(65_536)))),
        431
    );
    taken(with(&"X: y\r\n".repeat(255)));
}

#[test]
fn sv_s_5_3_1_nothing_is_done_before_the_whole_head() {
    for cut in 1..NEXT.len() {
        let seen = came(&NEXT[..cut]);
        assert!(!seen.contains(" 200 "), "{cut}: {seen}");
    }
}

#[test]
fn sv_s_6_2_1_another_major_version_is_505() {
    assert_eq!(refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    assert_eq!(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    taken("GET / HTTP/1.2\r\nHost: a\r\n\r\n");
}

#[test]
fn sv_m_6_1_1_an_unknown_coding_before_chunked_is_501() {
    assert_eq!(refusal(with("Transfer-Encoding: foo, chunked\r\n")), 501);
}

#[test]
fn sv_m_6_3_6_chunked_comes_last() {
    for codings in [
        "chunked, foo",
        "gzip",
        "identity",
        "chunked, chunked",
        "",
        ",chunked",
    ] {
        assert_eq!(
            refusal(with(&format!("Transfer-Encoding: {codings}\r\n"))),
            400,
            "{codings}"
        );
    }
}

#[test]
fn sv_m_6_1_2_a_length_beside_a_coding_is_400() {
    let fields = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(refusal(with(fields)), 400);
}

#[test]
fn sv_m_6_1_3_http_1_0_has_no_transfer_coding() {
    assert_eq!(
        refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        400
    );
}

#[test]
fn sv_m_6_3_7_a_length_is_one_number() {
    for length in [
        "x",
        "+3",
        "-1",
        "3, 3",
        "3,4",
        "0x3",
        "3 3",
        "18446744073709551616",
        "",
    ] {
        assert_eq!(
            refusal(with(&format!("Content-Length: {length}\r\n"))),
            400,
            "{length}"
        );
    }
    assert_eq!(
        refusal(with("Content-Length: 3\r\nContent-Length: 3\r\n")),
        400
    );
}

#[test]
fn sv_m_6_3_9_a_request_without_a_length_has_no_body() {
    let seen = came("POST / HTTP/1.1\r\nHost: a\r\n\r\nabc");
    let behind = seen.split("[POST / Some((\"a\", None)) ]").nth(1);
    assert!(
        behind.is_some_and(|rest| rest.starts_with("HTTP/1.1 400 ")),
        "{seen}"
    );
}

#[test]
fn sv_m_6_1_framing_does_not_depend_on_the_method() {
    for method in ["GET", "DELETE", "FOO"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        assert!(taken(request).contains(" abc]"), "{method}");
    }
}

#[test]
fn sv_m_7_1_1_the_chunked_coding_is_strict() {
    let request = |body: &str| {
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    assert!(taken(request("3\r\nabc\r\n0\r\n\r\n")).contains(" abc]"));
    for body in [
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd",
        "x\r\n",
        "0x3\r\n",
        "3\r\nabc\n0\r\n\r\n",
    ] {
        let seen = came(request(body) + NEXT);
        // The handler gets an error, and nothing is taken for a next request.
        assert!(
            seen.starts_with("HTTP/1.1 400 ") && !seen.contains("/next"),
            "{body}: {seen}"
        );
    }
}

#[test]
fn sv_m_7_1_1_1_extensions_have_a_limit() {
    let flood = format!("1;{}\r\na\r\n0\r\n\r\n", "a=b;".repeat(10_000));
    let seen = came(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{flood}{NEXT}"
    ));
    assert!(!seen.contains(" 200 "), "{seen}");
}

#[test]
fn sv_m_7_1_2_1_trailers_stay_apart() {
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\nHost: evil\r\nContent-Length: 9\r\n\r\n";
    assert!(taken(request).contains("Some((\"a\", None)) abc]"));
}

#[test]
fn sv_m_8_1_a_short_body_is_never_whole() {
    let seen = came("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    assert!(seen.starts_with("HTTP/1.1 400 "), "{seen}");
    let seen = came("GET / HTTP/1.1\r\nHos");
    assert!(seen.starts_with("HTTP/1.1 400 "), "{seen}");
}

/// Answers without a look at the body.
fn ignore(request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
    request.send_response(200, None)?;
    request.end_headers()
}

#[test]
fn sv_m_9_3_1_an_unread_body_is_never_a_request() {
    for length in [10, 262_144, 1_048_576] {
        let body = "GET /evil HTTP/1.1\r\nHost: e\r\n\r\n".repeat(length / 30 + 1);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}{NEXT}",
            &body[..length]
        );
        let came = serve(&ignore, request);
        let answers = came
            .windows(9)
            .filter(|window| window == b"HTTP/1.1 ")
            .count();
        assert_eq!(answers, if length > 262_144 { 1 } else { 2 }, "{length}");
    }
}

#[test]
fn sv_m_9_3_2_pipelined_requests_are_answered_in_order() {
    let requests: String = (0..10_000)
        .map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .collect();
    let peer = Peer::new([Script::new().send(&requests).end(Ending::Close)]);
    let bounds = Bounds {
        requests: 20_000,
        ..Bounds::DEFAULT
    };
    let server = HTTPServer::without_socket(Echo)
        .bounds(bounds)
        .clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    let came = String::from_utf8(peer.received(0)).unwrap();
    let paths = came.split("[GET /").skip(1);
    let numbers: Vec<usize> = paths
        .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(numbers.iter().copied().eq(0..10_000));
}

#[test]
fn sv_m_9_6_1_behind_close_nothing_is_processed() {
    let seen = came(format!("{}{NEXT}", with("Connection: close\r\n")));
    assert!(seen.contains("\r\nConnection: close\r\n") && !seen.contains("/next"));
    let seen = came(format!("{}{NEXT}", with("Connection: foo, Close\r\n")));
    assert!(!seen.contains("/next"));
}

#[test]
fn sv_m_9_6_2_what_a_client_still_sends_is_read_before_the_end() {
    let script = Script::new()
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nabc")
        .send("x".repeat(10_000))
        .send("x".repeat(10_000))
        .end(Ending::Close);
    let peer = Peer::new([script]);
    let server = HTTPServer::without_socket(ignore).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    assert!(peer.received(0).starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(peer.calls().bytes_read > 20_000, "all was read");
}

const EXPECTS: &str = "Expect: 100-continue\r\nContent-Length: 3\r\n";

#[test]
fn sv_s_10_1_1_1_http_1_0_expects_nothing() {
    let seen = came(format!("POST / HTTP/1.0\r\n{EXPECTS}\r\nabc"));
    assert!(
        seen.starts_with("HTTP/1.1 200 ") && seen.contains(" abc]"),
        "{seen}"
    );
}

#[test]
fn sv_s_10_1_1_2_a_client_that_waits_is_answered_at_once() {
    let head = with(EXPECTS);
    let script = Script::new()
        .send(&head)
        .expect(b"HTTP/1.1 100 Continue\r\n\r\n")
        .send("abc")
        .end(Ending::Close);
    let peer = Peer::new([script]);
    let server = HTTPServer::without_socket(Echo).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    peer.check().unwrap();
    assert_eq!(peer.elapsed(), Duration::ZERO);
    // Where the body is there already, nobody waits.
    assert!(!came(format!("{head}abc")).contains("100 Continue"));
}

#[test]
fn sv_s_10_1_1_3_a_final_answer_before_the_body_closes() {
    let came = serve(&ignore, with(EXPECTS));
    let came = String::from_utf8(came).unwrap();
    assert!(
        came.starts_with("HTTP/1.1 200 ") && came.contains("\r\nConnection: close\r\n"),
        "{came}"
    );
}

#[test]
fn sv_s_10_1_1_4_another_expectation_is_417() {
    assert!(came(with("Expect: x\r\n")).starts_with("HTTP/1.1 417 "));
    assert!(came(with("Expect: 100-continue, x\r\n")).starts_with("HTTP/1.1 417 "));
}

#[test]
fn sv_s_7_8_1_only_an_offered_protocol_is_switched_to() {
    let switch = |request: &mut BaseHTTPRequestHandler<'_>| {
        request.send_response(101, None)?;
        request.send_header("Upgrade", "echo")?;
        request.end_headers()
    };
    let offer = "Connection: upgrade\r\nUpgrade: echo\r\n";
    let came = |request: &str| String::from_utf8(serve(&switch, request)).unwrap();
    let switched = came(&with(offer));
    assert!(
        switched.contains("\r\nUpgrade: echo\r\nConnection: upgrade\r\n"),
        "{switched}"
    );
    assert!(came(&with("Connection: upgrade\r\nUpgrade: other\r\n")).starts_with("HTTP/1.1 500 "));
    assert!(came(&with("Upgrade: echo\r\n")).starts_with("HTTP/1.1 500 "));
    assert!(came(&format!("GET / HTTP/1.0\r\n{offer}\r\n")).starts_with("HTTP/1.1 500 "));
}

#[test]
fn sv_c_4_2_1_cookies_are_fields_like_others() {
    let flood = format!("Cookie: {}\r\n", "a=;".repeat(21_000));
    taken(with(&format!("{flood}Cookie: b=c\r\n")));
}

#[test]
fn sv_s_17_5_1_times_and_rates_are_bounded() {
    let script = Script::new().send("GET / HTTP/1.1\r\nX: ");
    let script = (0..60).fold(script, |script, _| {
        script.wait(Duration::from_secs(1)).send("x")
    });
    let peer = Peer::new([script]);
    let server = HTTPServer::without_socket(Echo).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    assert!(peer.received(0).starts_with(b"HTTP/1.1 408 "));
    assert!(peer.elapsed() < Duration::from_secs(13));
    let limits = Limits::DEFAULT.with(|limits| limits.body = 2);
    let bounds = Bounds {
        limits,
        ..Bounds::DEFAULT
    };
    let script = Script::new().send(with("Content-Length: 3\r\n"));
    let peer = Peer::new([script.end(Ending::Close)]);
    let server = HTTPServer::without_socket(Echo)
        .bounds(bounds)
        .clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    assert!(peer.received(0).starts_with(b"HTTP/1.1 413 "));
}

#[test]
fn sv_s_17_3_1_no_path_leads_out() {
    for path in ["/..%2f..", "/%2e%2e/x", "/..", "/a\\b", "/%00", "/a/%5c"] {
        for rules in [PathRules::Unix, PathRules::Windows] {
            assert_eq!(split_path(path.as_bytes(), rules), None, "{path}");
        }
    }
    for path in ["/c:/x", "/CON", "/a.", "/x::$DATA"] {
        assert_eq!(
            split_path(path.as_bytes(), PathRules::Windows),
            None,
            "{path}"
        );
    }
}

#[test]
fn sv_our_1_log_lines_are_escaped() {
    struct Log(std::sync::Mutex<String>);
    impl Handler for Log {
        fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
            request.send_error(404, "gone\t\\", None)
        }
        fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
            self.0.lock().unwrap().push_str(&message.to_string());
        }
    }
    let log = Log(std::sync::Mutex::default());
    serve(&log, with(""));
    assert!(log.0.lock().unwrap().contains(r"gone\x09\\"));
}
