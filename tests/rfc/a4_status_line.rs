//! Status line: RFC 9112 section 4, RFC 9110 section 15.

use stdhttp::HTTPException::{BadStatusLine, LineTooLong};
use stdhttp::testing::Script;
use stdhttp::{Limits, LineKind};

use crate::support::{GET, LENIENT, STRICT, Trial, conn};

fn with_line(line: &str) -> String {
    format!("{line}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn m_4_1_version_status_reason() {
    let answer = GET.answer(with_line("HTTP/1.1 404 Not Found"));
    assert_eq!(
        (answer.status, &answer.reason[..]),
        (404, &b"Not Found"[..])
    );
}

#[test]
fn m_4_2_an_empty_reason() {
    for trial in [GET, STRICT] {
        let answer = trial.answer(with_line("HTTP/1.1 200 "));
        assert_eq!((answer.status, &answer.reason[..]), (200, &b""[..]));
    }
}

#[test]
fn m_4_3_no_reason_and_no_space_for_it() {
    let answer = GET.answer(with_line("HTTP/1.1 200"));
    assert_eq!((answer.status, &answer.reason[..]), (200, &b""[..]));
    refused!(STRICT, with_line("HTTP/1.1 200"), BadStatusLine { .. });
}

#[test]
fn m_4_4_single_spaces_only() {
    for line in [
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        " HTTP/1.1 200 OK",
        "HTTP/1.1 200\tOK",
    ] {
        refused!(GET, with_line(line), BadStatusLine { .. });
        refused!(STRICT, with_line(line), BadStatusLine { .. });
    }
    for line in ["HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK"] {
        assert_eq!(LENIENT.answer(with_line(line)).status, 200);
    }
}

#[test]
fn m_4_5_three_ascii_digits() {
    for status in [
        "20 OK",
        "2000 OK",
        "2x0",
        "+20",
        "-20",
        "0x1",
        "２００",
        "200OK",
        "",
        " 20",
        "2 0",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(
                trial,
                with_line(&format!("HTTP/1.1 {status}")),
                BadStatusLine { .. }
            );
        }
    }
}

#[test]
fn m_4_6_no_status_below_100() {
    for status in ["000", "001", "099"] {
        let line = format!("HTTP/1.1 {status} x");
        refused!(GET, with_line(&line), BadStatusLine { .. });
    }
}

#[test]
fn s_15_2_status_600_to_999_is_kept() {
    for status in [600, 999] {
        let answer = GET.answer(with_line(&format!("HTTP/1.1 {status} x")));
        assert_eq!(answer.status, status);
        assert!(answer.reusable);
    }
}

#[test]
fn s_15_1_an_unknown_status_is_framed_as_its_class() {
    for status in [299, 399, 499, 599] {
        let answer = GET.answer(format!(
            "HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\nhi"
        ));
        assert_eq!((answer.status, &answer.body[..]), (status, &b"hi"[..]));
        assert!(answer.reusable);
    }
    let interim = "HTTP/1.1 199 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(GET.answer(interim).status, 200);
}

#[test]
fn m_4_7_the_reason_decides_nothing() {
    let answer = GET.answer(with_line("HTTP/1.1 200 Internal Error"));
    assert_eq!(answer.status, 200);
    let answer = GET.answer(b"HTTP/1.1 404 N\xe3o\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((answer.status, &answer.reason[..]), (404, &b"N\xe3o"[..]));
}

#[test]
fn m_4_8_no_control_character_in_the_reason() {
    for control in ["\x07", "\x1b", "\x7f", "\0", "\r"] {
        let line = format!("HTTP/1.1 200 O{control}K");
        refused!(GET, with_line(&line), BadStatusLine { .. });
    }
    assert_eq!(GET.answer(with_line("HTTP/1.1 200 O\tK")).reason, b"O\tK");
}

#[test]
fn m_4_9_the_status_line_has_a_limit_and_is_shown_escaped() {
    let endless = format!("HTTP/1.1 200 {}", "a".repeat(200_000));
    let script = Script::new().expect_head().send(&endless);
    let (mut conn, peer) = conn([script]);
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    let line = LineKind::StatusLine;
    assert!(matches!(error, LineTooLong { line: found, limit: 65_536 } if found == line));
    assert!(peer.calls().bytes_read <= 65_536 + 65_000);
    let limits = Limits::DEFAULT.with(|limits| limits.line = 100);
    let trial = Trial { limits, ..GET };
    let line = |length: usize| with_line(&format!("HTTP/1.1 200 {}", "a".repeat(length - 15)));
    assert_eq!(trial.answer(line(100)).status, 200);
    refused!(trial, line(101), LineTooLong { .. });
    let error = GET.run("\x1b[2J\r\n").unwrap_err();
    assert!(!error.to_string().contains('\x1b') && !format!("{error:?}").contains('\x1b'));
}
