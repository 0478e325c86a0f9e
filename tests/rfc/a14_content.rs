//! Ranges, conditions, content: RFC 9110 sections 8 and 10 to 15, as far as `urllib::request` has them.

use std::io::Read;

use stdhttp::HTTPMessage;
use stdhttp::testing::{Peer, Script};
use stdhttp::urllib::request::*;

/// What a request was sent as, and the answer to it.
fn opened(request: Request, answer: &str) -> (String, Response) {
    let peer = Peer::new([Script::answer(answer.replace('\n', "\r\n"))]);
    let opener = build_opener()
        .add_handler(HTTPHandler::new(peer.clone()))
        .add_handler(ProxyHandler::none());
    let response = opener.open(request).unwrap();
    (String::from_utf8(peer.received(0)).unwrap(), response)
}

fn get() -> Request {
    Request::new("http://h/").unwrap()
}

const EMPTY: &str = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";

fn read(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    response.read_to_end(&mut body).unwrap();
    body
}

/// The default head, whole: what is not in it is not sent.
fn default_head() -> String {
    let (sent, _) = opened(get(), EMPTY);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        sent,
        format!(
            "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\
             User-Agent: stdhttp/{version}\r\nConnection: close\r\n\r\n"
        )
    );
    sent
}

#[test]
fn s_15_3_7_2_a_part_is_given_as_it_came() {
    let answer = "HTTP/1.1 206 Partial\nContent-Range: bytes 0-4/100\nContent-Length: 5\n\nabcde";
    let (sent, mut response) = opened(get().with_header("Range", "bytes=0-9"), answer);
    assert!(sent.contains("Range: bytes=0-9\r\n"));
    assert_eq!(response.status(), 206);
    assert_eq!(
        response.headers().get("content-range").unwrap(),
        "bytes 0-4/100"
    );
    assert_eq!(read(&mut response), b"abcde");
}

#[test]
fn s_8_3_1_1_the_spellings_of_a_media_type() {
    for spelling in [
        "text/html;charset=utf-8",
        "Text/HTML;Charset=\"utf-8\"",
        "text/html; charset=\"utf-8\"",
        "text/html;charset=UTF-8",
    ] {
        let mut headers = HTTPMessage::new();
        headers.append("Content-Type", spelling);
        assert_eq!(headers.get_content_type(), "text/html", "{spelling}");
        assert_eq!(
            headers.get_content_charset().as_deref(),
            Some("utf-8"),
            "{spelling}"
        );
    }
}

#[test]
fn s_8_4_2_coded_content_stays_as_it_is() {
    for coding in ["br", "gzip", "identity", "gzip, x-unknown"] {
        let answer = format!(
            "HTTP/1.1 200 OK\nContent-Encoding: {coding}\nContent-Length: 4\n\n\u{1}\u{2}\u{3}\u{4}"
        );
        let (_, mut response) = opened(get(), &answer);
        assert_eq!(response.headers().get("content-encoding").unwrap(), coding);
        assert_eq!(read(&mut response), [1, 2, 3, 4]);
    }
}

#[test]
fn s_8_4_4_no_content_is_none_whatever_its_coding() {
    for (method, status) in [("HEAD", 200), ("GET", 204)] {
        let answer = format!("HTTP/1.1 {status} X\nContent-Encoding: gzip\n\n");
        let (_, mut response) = opened(get().with_method(method), &answer);
        assert_eq!(read(&mut response), b"");
    }
}

#[test]
fn s_12_5_3_1_no_coding_is_asked_for() {
    assert!(default_head().contains("\r\nAccept-Encoding: identity\r\n"));
    let (sent, _) = opened(get().with_header("accept-encoding", "gzip"), EMPTY);
    assert_eq!(
        sent.to_ascii_lowercase()
            .matches("accept-encoding: gzip\r\n")
            .count(),
        1
    );
    assert!(!sent.contains("identity"));
}

#[test]
fn s_12_5_4_1_no_language_is_asked_for() {
    assert!(!default_head().contains("Language"));
}

#[test]
fn s_10_1_5_1_the_user_agent_is_short_or_the_callers() {
    assert!(default_head().contains("\r\nUser-Agent: stdhttp/"));
    let (sent, _) = opened(get().with_header("user-agent", "mine"), EMPTY);
    assert_eq!(sent.to_ascii_lowercase().matches("user-agent").count(), 1);
    let peer = Peer::new([Script::answer(EMPTY.replace('\n', "\r\n"))]);
    let silent = build_opener()
        .add_handler(HTTPHandler::new(peer.clone()))
        .add_handler(ProxyHandler::none())
        .with_addheaders::<&str, &str>([]);
    silent.open("http://h/").unwrap();
    assert!(
        !String::from_utf8(peer.received(0))
            .unwrap()
            .contains("User-Agent")
    );
}

#[test]
fn s_10_1_2_1_nobody_is_named() {
    assert!(!default_head().contains("From"));
}

#[test]
fn s_7_6_1_1_connection_says_close_and_nothing_else() {
    for value in ["Cache-Control", "keep-alive", "X-Own, close", "upgrade"] {
        let request = get()
            .with_header("Connection", value)
            .with_header("X-Own", "1");
        let (sent, _) = opened(request, EMPTY);
        assert!(
            sent.contains("\r\nConnection: close\r\n") && !sent.contains(value),
            "{sent}"
        );
    }
}
