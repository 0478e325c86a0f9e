//! Part B2: what a server sends.

use std::io::Write;

use stdhttp::server::BaseHTTPRequestHandler;
use stdhttp::testing::serve;
use stdhttp::{BadResponse, HTTPException};

type Request<'r, 'a> = &'r mut BaseHTTPRequestHandler<'a>;
type Handled = Result<(), HTTPException>;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\n\r\n";

fn told(answer: impl Fn(Request<'_, '_>) -> Handled + Sync, requests: &str) -> String {
    String::from_utf8(serve(&answer, requests)).expect("text")
}

/// A response of this status with this body.
fn with(status: u16, body: &'static [u8]) -> impl Fn(Request<'_, '_>) -> Handled + Sync {
    move |request: Request<'_, '_>| {
        request.send_response(status, None)?;
        request.end_headers()?;
        request.wfile().write_all(body)?;
        Ok(())
    }
}

#[test]
fn sv_m_4_1_a_status_line_has_its_space() {
    let answer = |request: Request<'_, '_>| {
        request.send_response(299, "")?;
        request.end_headers()
    };
    assert!(told(answer, GET).starts_with("HTTP/1.1 299 \r\n"));
}

#[test]
fn sv_m_11_1_1_no_line_end_comes_from_the_application() {
    let answer = |request: Request<'_, '_>| {
        for octet in ["\r", "\n", "\0", "\r\nEvil: 1"] {
            let text = format!("a{octet}b");
            assert!(request.send_response(200, text.as_str()).is_err());
        }
        request.send_response(200, None)?;
        for octet in ["\r", "\n", "\0", "\r\nEvil: 1"] {
            let text = format!("a{octet}b");
            assert!(request.send_header("X", text.as_str()).is_err());
            assert!(request.send_header(&text, "x").is_err());
            assert!(request.send_header("Location", text.as_str()).is_err());
            assert!(request.send_header("Set-Cookie", text.as_str()).is_err());
        }
        request.end_headers()
    };
    let came = told(answer, GET);
    assert!(
        came.starts_with("HTTP/1.1 200 ") && !came.contains("Evil"),
        "{came}"
    );
}

#[test]
fn sv_m_6_1_4_a_coding_only_where_it_may_be() {
    let long = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.send_header("Transfer-Encoding", "chunked")?;
        request.end_headers()?;
        request.wfile().write_all(&[b'x'; 9_000])?;
        Ok(())
    };
    assert!(told(long, GET).contains("\r\nTransfer-Encoding: chunked\r\n"));
    let old = told(long, OLD);
    assert!(!old.contains("Transfer-Encoding") && old.ends_with(&"x".repeat(9_000)));
    for status in [204, 304] {
        assert!(!told(with(status, b""), GET).contains("Transfer-Encoding"));
    }
}

#[test]
fn sv_s_8_6_1_a_length_is_never_wrong() {
    for status in [204, 304] {
        assert!(!told(with(status, b""), GET).contains("Content-Length"));
    }
    let connect = "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(!told(with(200, b""), connect).contains("Content-Length"));
    let declares = |given: &'static [u8]| {
        move |request: Request<'_, '_>| {
            request.send_response(200, None)?;
            request.send_header("Content-Length", 3)?;
            request.end_headers()?;
            request.wfile().write_all(given)?;
            Ok(())
        }
    };
    assert!(
        told(declares(b"abc"), &GET.repeat(2))
            .matches("abc")
            .count()
            == 2
    );
    // More never leaves; less is followed by the end of the connection.
    assert!(!told(declares(b"abcd"), &GET.repeat(2)).contains("abcd"));
    assert_eq!(
        told(declares(b"ab"), &GET.repeat(2))
            .matches("HTTP/1.1")
            .count(),
        1
    );
}

#[test]
fn sv_s_9_3_2_1_head_has_no_body_and_the_length_of_get() {
    let came = told(with(200, b"hello"), &format!("{HEAD}{GET}"));
    assert_eq!(came.matches("\r\nContent-Length: 5\r\n").count(), 2);
    assert_eq!(came.matches("hello").count(), 1);
}

#[test]
fn sv_s_15_1_some_statuses_have_no_content() {
    for status in [204, 205, 304] {
        let came = told(with(status, b"x"), GET);
        assert!(!came.ends_with("\r\n\r\nx"), "{came}");
    }
    assert!(told(with(205, b""), GET).contains("\r\nContent-Length: 0\r\n"));
    let interim = |request: Request<'_, '_>| {
        request.send_interim(103, &[("Link", "</a>")])?;
        with(200, b"")(request)
    };
    assert!(told(interim, GET).starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    assert!(told(interim, OLD).starts_with("HTTP/1.1 200 "));
}

#[test]
fn sv_s_6_6_1_1_each_response_is_dated() {
    for status in [200, 301, 404] {
        let came = told(with(status, b""), GET);
        let date = came.split("\r\nDate: ").nth(1).expect("a date");
        let date = date.split("\r\n").next().expect("its end");
        assert!(
            stdhttp::dates::parse_http(date, std::time::SystemTime::now()).is_ok(),
            "{date}"
        );
    }
}

#[test]
fn sv_s_15_5_6_1_some_statuses_need_a_field() {
    for (status, name) in [
        (401, "WWW-Authenticate"),
        (405, "Allow"),
        (407, "Proxy-Authenticate"),
        (426, "Upgrade"),
    ] {
        let answer = move |request: Request<'_, '_>| {
            request.send_response(status, None)?;
            request.end_headers()?;
            let refused = request.flush_headers();
            assert!(matches!(
                refused,
                Err(HTTPException::BadResponse(BadResponse::MissingHeader { name: missing, .. }))
                    if missing == name
            ));
            refused
        };
        assert!(told(answer, GET).starts_with("HTTP/1.1 500 "), "{status}");
        let answer = move |request: Request<'_, '_>| {
            request.send_response(status, None)?;
            request.send_header(name, "x")?;
            request.end_headers()
        };
        assert!(told(answer, GET).starts_with(&format!("HTTP/1.1 {status} ")));
    }
}

#[test]
fn sv_s_9_1_1_known_methods_are_told_from_unknown_ones() {
    struct Getter;
    impl stdhttp::server::Handler for Getter {
        fn do_GET(&self, request: Request<'_, '_>) -> Handled {
            with(200, b"x")(request)
        }
        fn methods(&self) -> &[&str] {
            &["GET", "HEAD"]
        }
    }
    let status = |method: &str| {
        let came = serve(&Getter, format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        String::from_utf8(came).unwrap()[9..12].to_owned()
    };
    let statuses = ["GET", "HEAD", "POST", "FOO"].map(status);
    assert_eq!(statuses, ["200", "200", "405", "501"]);
}

#[test]
fn sv_m_9_3_3_what_becomes_of_the_connection_is_said() {
    let close = "\r\nConnection: close\r\n";
    let keep = "\r\nConnection: keep-alive\r\n";
    let answer = |requests: &str| told(with(200, b""), requests);
    assert!(answer(OLD).contains(close) && !answer(GET).contains("Connection"));
    assert!(answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").contains(keep));
    assert!(answer("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").contains(close));
    let says = |request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.send_header("Connection", "close")?;
        request.end_headers()
    };
    let came = told(says, &GET.repeat(2));
    assert_eq!(
        (
            came.matches(close).count(),
            came.matches("HTTP/1.1").count()
        ),
        (1, 1)
    );
}

#[test]
fn sv_s_15_2_1_behind_100_a_final_status_follows() {
    let interim = |request: Request<'_, '_>| request.send_interim(100, &[]);
    let came = told(interim, GET);
    assert!(
        came.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 "),
        "{came}"
    );
}

#[test]
fn sv_s_6_5_1_1_only_chunked_bodies_have_trailers() {
    use stdhttp::proto::server::{Exchange, Received};
    let mut exchange = Exchange::default();
    let head = GET.as_bytes();
    assert_eq!(
        exchange.receive_head(head).unwrap(),
        Received::Head(head.len())
    );
    exchange.send_response(200, "").unwrap();
    exchange.end_headers(None).unwrap();
    let mut out = Vec::new();
    for name in ["Content-Length", "Host", "Set-Cookie", "Trailer"] {
        assert!(
            exchange
                .end_response_with(&[(name, "x")], &mut out)
                .is_err()
        );
    }
    exchange
        .end_response_with(&[("X-Sum", "1")], &mut out)
        .unwrap();
    assert_eq!(out, b"0\r\nX-Sum: 1\r\n\r\n");
    let mut exchange = Exchange::default();
    exchange.receive_head(head).unwrap();
    exchange.send_response(200, "").unwrap();
    exchange.end_headers(Some(0)).unwrap();
    assert!(
        exchange
            .end_response_with(&[("X-Sum", "1")], &mut out)
            .is_err()
    );
}
