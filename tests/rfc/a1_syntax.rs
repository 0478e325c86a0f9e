//! Message syntax: RFC 9112 section 2.

use stdhttp::HTTPException::{
    BadStatusLine, InvalidBody, InvalidHeader, InvalidHeaderName, InvalidHeaderValue,
    InvalidMethod, InvalidURL,
};
use stdhttp::testing::{Ending, Script};

use crate::support::{GET, LENIENT, SECOND, STRICT, check_second, conn, field_refusal, ok, sent};

#[test]
fn m_2_1_1_start_line_fields_body() {
    let answer = GET.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"hi"[..]));
    assert!(answer.reusable);
}

#[test]
fn m_2_1_2_a_head_without_fields() {
    let answer = GET.answer("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!((answer.status, answer.headers.len()), (204, 0));
    assert!(answer.reusable);
}

#[test]
fn m_2_1_3_a_request_line_is_no_response() {
    refused!(GET, "GET / HTTP/1.1\r\n\r\n", BadStatusLine { .. });
}

#[test]
fn m_2_2_1_octets_before_characters() {
    let answer = GET.fields(b"X: \xe2\x82\r\nY: 1").unwrap();
    assert_eq!(answer.value("x"), Some(&b"\xe2\x82"[..]));
    assert_eq!(answer.value("y"), Some(&b"1"[..]));
    let answer = GET.fields(b"X: \xff\xfe\x0d\x0aZ: 1").unwrap();
    assert_eq!(answer.value("x"), Some(&b"\xff\xfe"[..]));
}

#[test]
fn m_2_2_2_a_lone_lf_ends_lines_of_the_head() {
    for bytes in [
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi",
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\nhi",
    ] {
        assert_eq!(GET.answer(bytes).body, b"hi");
        refused!(STRICT, bytes, BadStatusLine { .. } | InvalidHeader { .. });
    }
}

#[test]
fn m_2_2_3_no_bare_cr_is_sent() {
    let error = field_refusal("X", "a\rb");
    assert!(matches!(error, InvalidHeaderValue { .. }));
    unsendable!(|c| c.putrequest("G\rET", "/"), InvalidMethod { .. });
    unsendable!(|c| c.putrequest("GET", "/\r"), InvalidURL(_));
    let (mut conn, peer) = conn([Script::new()]);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    let head = peer.calls().bytes_written;
    let trailer = conn.send_last_chunk(&[("X", "a\rb")]);
    assert!(matches!(trailer, Err(InvalidHeaderValue { .. })));
    let extension = conn.send(b"3;a\rb\r\n");
    assert!(matches!(extension, Err(InvalidBody { .. })));
    assert_eq!(peer.calls().bytes_written, head);
}

#[test]
fn m_2_2_4_a_bare_cr_is_refused() {
    for bytes in [
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX\r: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n\r\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n\rX: b\r\n\r\n",
    ] {
        for trial in [GET, STRICT] {
            refused!(trial, bytes, BadStatusLine { .. } | InvalidHeader { .. });
        }
    }
    refused!(LENIENT, "HTTP/1.1 200 O\rK\r\n\r\n", BadStatusLine { .. });
}

#[test]
fn m_2_2_5_a_cr_at_the_end_of_a_read_waits() {
    let script = Script::new().expect_head().send("HTTP/1.1 200 OK\r");
    let script = script.send("\nContent-Length: 0\r").send("\n\r").send("\n");
    let (mut conn, _) = conn([script]);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

#[test]
fn m_2_2_6_no_line_end_around_a_request() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new().expect_head().expect("x").send(answer);
    let script = script.expect("GET /second").expect_head().send(SECOND);
    let (mut conn, peer) = conn([script]);
    conn.request("POST", "/", "x", &[]).unwrap();
    assert!(peer.received(0).ends_with(b"\r\n\r\nx"));
    conn.getresponse().unwrap();
    check_second(&mut conn);
    peer.check().unwrap();
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn m_2_2_7_a_line_end_in_the_body_is_counted() {
    let request = sent(|conn| conn.request("POST", "/", "a\r\n", &[]));
    assert!(request.contains("\r\nContent-Length: 3\r\n"));
    assert!(request.ends_with("\r\n\r\na\r\n"));
}

#[test]
fn m_2_2_8_no_white_space_before_the_first_field() {
    for name in [" X", "\tX", "\r\n X"] {
        assert!(matches!(field_refusal(name, "1"), InvalidHeaderName { .. }));
    }
}

#[test]
fn m_2_2_9_a_first_line_led_by_white_space_is_refused() {
    for lines in [
        " Content-Length: 3\r\nX: 1",
        "\tContent-Length: 3\r\nX: 1",
        " \r\nX: 1",
        " Content-Length: 3\r\n Content-Length: 3\r\nX: 1",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(trial, ok(lines, "abc"), InvalidHeader { .. });
        }
    }
}

#[test]
fn m_2_2_10_four_empty_lines_before_the_status_line() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for lines in ["\r\n\r\n", "\n", "\r\n\n\r\n\n"] {
        assert_eq!(GET.answer([lines, answer].concat()).status, 200);
        refused!(STRICT, [lines, answer].concat(), BadStatusLine { .. });
    }
    let five = ["\r\n\r\n\r\n\r\n\r\n", answer].concat();
    refused!(GET, five, BadStatusLine { .. });
}

#[test]
fn m_2_2_11_no_guess_of_http_0_9() {
    for bytes in [
        &b"SSH-2.0-x\r\n"[..],
        b"ICY 200 OK\r\n",
        b"<html>",
        b"HTTQ",
        b"\x15\x03\x01",
        b"HTTP 200",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(trial, bytes, BadStatusLine { .. });
        }
    }
    let script = Script::new()
        .expect_head()
        .send_pieces("ICY 200 OK\r\n", &[1]);
    let (mut conn, peer) = conn([script.end(Ending::Silence)]);
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(matches!(conn.getresponse(), Err(BadStatusLine { .. })));
    assert_eq!(peer.calls().bytes_read, 1);
}

#[test]
fn m_2_2_12_no_nul_in_the_head() {
    refused!(GET, b"HTTP/1.1 200 O\0K\r\n\r\n", BadStatusLine { .. });
    refused!(GET, ok(b"X\0: 1", ""), InvalidHeader { .. });
    refused!(GET, ok(b"X: a\0b", ""), InvalidHeader { .. });
    refused!(LENIENT, b"HTTP/1.1 200 O\0K\r\n\r\n", BadStatusLine { .. });
}
