//! Protocol version: RFC 9112 section 2.3, RFC 9110 sections 2.5 and 6.2.

use stdhttp::HTTPException::{BadStatusLine, InvalidBody, UnknownProtocol};
use stdhttp::proto::ResponseHead;
use stdhttp::testing::{Peer, Script};
use stdhttp::{Body, BodyFault, HTTPConnection, HTTPVersion, Limits, Tolerance};

use crate::support::{GET, LENIENT, STRICT, conn, get};

#[test]
fn m_2_3_1_the_name_is_case_sensitive() {
    for name in ["http", "Http", "HTTp", "HtTP"] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(
                trial,
                format!("{name}/1.1 200 OK\r\n\r\n"),
                BadStatusLine { .. }
            );
        }
    }
}

#[test]
fn m_2_3_2_one_digit_dot_one_digit() {
    for version in [
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1.10",
        "HTTP/01.1",
        "HTTP/1.x",
        "HTTP/1.1x",
        "HTTP/ 1.1",
        "HTTP/1,1",
        "HTTP/+1.1",
        "HTTP/4294967297.1",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(
                trial,
                format!("{version} 200 OK\r\n\r\n"),
                BadStatusLine { .. }
            );
        }
    }
}

#[test]
fn s_6_2_1_no_other_version_is_sent() {
    assert!(get("h", "/").starts_with("GET / HTTP/1.1\r\n"));
    let peer = Peer::new([Script::new()]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.http_version(HTTPVersion::Http10).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(peer.received(0).starts_with(b"GET / HTTP/1.0\r\n"));
}

#[test]
fn s_6_2_2_the_highest_version_is_sent() {
    assert!(get("h", "/").starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn s_6_2_3_a_higher_minor_version_counts_as_1_1() {
    for version in ["1.2", "1.9"] {
        let answer = GET.answer(format!(
            "HTTP/{version} 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        ));
        assert_eq!(
            (answer.version, &answer.body[..]),
            (HTTPVersion::Http11, &b"a"[..])
        );
        assert!(answer.reusable);
        let mut head = ResponseHead::new();
        let bytes = format!("HTTP/{version} 200 OK\r\n\r\n");
        head.parse(bytes.as_bytes(), &Limits::DEFAULT, &Tolerance::STANDARD)
            .unwrap();
        assert_eq!(head.raw_version(), version.as_bytes());
    }
}

#[test]
fn s_6_2_4_another_major_version_is_unknown() {
    for version in ["2.0", "3.0", "0.9"] {
        for trial in [GET, STRICT, LENIENT] {
            let bytes = format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n\r\n");
            refused!(trial, bytes, UnknownProtocol { .. });
        }
    }
}

#[test]
fn m_2_3_3_http_1_0_does_not_persist_by_itself() {
    let answer = GET.answer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(answer.version, HTTPVersion::Http10);
    assert!(!answer.reusable);
    let kept = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";
    assert!(GET.answer(kept).reusable);
}

#[test]
fn m_2_3_4_the_version_of_the_last_answer_decides_about_chunks() {
    for (persistence, kept) in [("keep-alive", true), ("close", false)] {
        let answer =
            format!("HTTP/1.0 200 OK\r\nConnection: {persistence}\r\nContent-Length: 0\r\n\r\n");
        let first = Script::new().expect_head().send(&answer);
        let (mut conn, peer) = conn([first, Script::new()]);
        conn.request("GET", "/", (), &[]).unwrap();
        conn.getresponse().unwrap();
        let before = peer.calls().bytes_written;
        conn.putrequest("POST", "/").unwrap();
        let field = conn.putheader("Transfer-Encoding", "chunked");
        assert_eq!(field.is_err(), kept);
        conn.close();
        assert_eq!(peer.calls().bytes_written, before);
    }
}

#[test]
fn m_2_3_4_the_error_says_that_the_peer_speaks_http_1_0() {
    let answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let (mut conn, peer) = conn([Script::new().expect_head().send(answer)]);
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let before = peer.calls().bytes_written;
    let unsized_body = conn.request("POST", "/", Body::iter(["a"]), &[]);
    let fault = BodyFault::ChunkedToHttp10;
    assert!(matches!(unsized_body, Err(InvalidBody { fault: f }) if f == fault));
    conn.putrequest("POST", "/").unwrap();
    let field = conn.putheader("Transfer-Encoding", "chunked");
    assert!(matches!(field, Err(InvalidBody { fault: f }) if f == fault));
    assert_eq!(peer.calls().bytes_written, before);
}
