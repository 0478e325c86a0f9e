//! The promise: a handler finds on its request what a Python handler finds on `self`, and is called
//! for the methods that it has.
#![cfg(feature = "server")]
#![allow(missing_docs, non_snake_case)]

use std::fmt;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stdhttp::HTTPException;
use stdhttp::dates::formatdate;
use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer, Handler};
use stdhttp::testing::serve;

type Request<'r, 'a> = &'r mut BaseHTTPRequestHandler<'a>;
type Handled = Result<(), HTTPException>;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
const GET: &str = "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n";

/// What a client of this handler gets.
fn told(handler: &impl Handler, request: &str) -> String {
    String::from_utf8(serve(handler, request)).expect("text")
}

/// What a handler found out, as text.
fn found(request: &str, look: impl Fn(Request<'_, '_>) -> String + Sync) -> String {
    let seen = Mutex::new(String::new());
    let answer = |request: Request<'_, '_>| {
        *seen.lock().unwrap() = look(request);
        request.send_response_only(204, None)?;
        request.end_headers()
    };
    let came = told(&answer, request);
    assert!(came.starts_with("HTTP/1.1 204 "), "{came}");
    seen.into_inner().unwrap()
}

/// A handler that has no method, and says nothing.
struct Nothing;

impl Handler for Nothing {
    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// A handler that says which of its functions was called.
struct Named;

fn named(request: Request<'_, '_>, name: &str) -> Handled {
    request.send_response_only(204, None)?;
    request.send_header("X-Function", name)?;
    request.end_headers()
}

impl Handler for Named {
    fn do_GET(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_GET")
    }

    fn do_HEAD(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_HEAD")
    }

    fn do_POST(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_POST")
    }

    fn do_PUT(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_PUT")
    }

    fn do_DELETE(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_DELETE")
    }

    fn do_PATCH(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_PATCH")
    }

    fn do_OPTIONS(&self, request: Request<'_, '_>) -> Handled {
        named(request, "do_OPTIONS")
    }
}

#[test]
fn each_method_has_its_function() {
    for method in METHODS {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let came = told(&Named, &request);
        assert_eq!(
            came,
            format!("HTTP/1.1 204 No Content\r\nX-Function: do_{method}\r\n\r\n")
        );
        let came = told(&Nothing, &request);
        assert!(
            came.starts_with(&format!("HTTP/1.1 501 Unsupported method ('{method}')\r\n")),
            "{came}"
        );
    }
}

#[test]
fn a_handler_knows_whether_the_connection_closes() {
    let look = |request: Request<'_, '_>| request.close_connection().to_string();
    assert_eq!(found(GET, look), "false");
    let closes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(found(closes, look), "true");
    assert_eq!(found("GET / HTTP/1.0\r\n\r\n", look), "true");
    let kept = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(found(kept, look), "false");
    let set = |request: Request<'_, '_>| {
        request.set_close_connection(true);
        request.close_connection().to_string()
    };
    assert_eq!(found(GET, set), "true");
}

#[test]
fn times_are_told_as_http_server_tells_them() {
    let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let date = found(GET, |request| request.date_time_string(time));
    assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    let present = found(GET, |request| {
        // Within one second.
        loop {
            let now = || formatdate(SystemTime::now()).unwrap();
            let (before, date, logged, after) = (
                now(),
                request.date_time_string(None),
                request.log_date_time_string(),
                now(),
            );
            if before == after {
                assert_eq!(date, before);
                return format!("{date}\n{logged}");
            }
        }
    });
    let (date, logged) = present.split_once('\n').unwrap();
    let words: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = words[..] else {
        panic!("{date}");
    };
    assert_eq!(logged, format!("{day}/{month}/{year} {time}"));
}

#[test]
fn what_a_handler_holds_is_shown() {
    let shown = found(GET, |request| format!("{request:?}"));
    assert_eq!(
        shown,
        "BaseHTTPRequestHandler { requestline: \"GET /a?b HTTP/1.1\", client_address: None, .. }"
    );
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let shown = found(post, |request| format!("{:?}", request.rfile()));
    assert_eq!(shown, "RequestBody { remaining: Some(5), .. }");
    let shown = found(GET, |request| format!("{:?}", request.wfile()));
    assert_eq!(shown, "ResponseBody { .. }");
    let server = HTTPServer::bind("127.0.0.1:0", Nothing).unwrap();
    let shown = format!("{server:?}");
    let address = format!("127.0.0.1:{}", server.server_port());
    assert!(
        shown.contains("HTTPServer") && shown.contains(&address),
        "{shown}"
    );
    assert_eq!(server.server_address().to_string(), address);
}

#[test]
fn the_body_of_an_answer_to_head_is_counted_however_long_it_is() {
    let answer = |request: Request<'_, '_>| {
        request.send_response_only(200, None)?;
        request.end_headers()?;
        for _ in 0..40 {
            request.wfile().write_all(&[b'x'; 1_000])?;
        }
        Ok(())
    };
    let came = told(&answer, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(came, "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n");
}
