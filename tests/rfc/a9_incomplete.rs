//! Incomplete messages: RFC 9112 section 8.

use stdhttp::HTTPException::{self, IncompleteRead, InvalidChunk, RemoteDisconnected};
use stdhttp::testing::{Ending, Script};
use stdhttp::{End, MessagePart};

use crate::support::{GET, STRICT, chunked, conn, ok};

/// The outcome of a whole exchange with a peer that sends these bytes and ends so.
fn exchange(bytes: &[u8], ending: Ending) -> Result<Vec<u8>, HTTPException> {
    let (mut conn, _) = conn([Script::answer(bytes).end(ending)]);
    conn.request("GET", "/", (), &[])?;
    conn.getresponse()?.read(None)
}

const ENDINGS: [(Ending, End); 3] = [
    (Ending::Close, End::Closed),
    (Ending::Reset, End::Reset),
    (Ending::Truncate, End::Truncated),
];

#[test]
fn m_8_1_an_incomplete_response_is_recorded() {
    for (bytes, is_chunk_fault) in [
        (ok("Content-Length: 10", "abc"), false),
        (chunked("3\r\nabcXX"), true),
    ] {
        let (mut conn, peer) = conn([Script::answer(bytes)]);
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.read(3).unwrap(), b"abc");
        for _ in 0..3 {
            let error = response.read(None).unwrap_err();
            assert_eq!(matches!(error, InvalidChunk { .. }), is_chunk_fault);
            assert_eq!(matches!(error, IncompleteRead(_)), !is_chunk_fault);
        }
        assert!(!response.is_complete() && peer.calls().open == 0);
    }
}

#[test]
fn m_8_2_a_cut_head_is_never_a_response() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n";
    for length in 0..head.len() {
        for trial in [GET, STRICT] {
            match trial.run(&head[..length]) {
                Err(RemoteDisconnected { .. }) => assert_eq!(length, 0),
                Err(IncompleteRead(read)) => {
                    assert_eq!((read.part, read.got), (MessagePart::Head, length as u64));
                }
                other => panic!("{length}: {other:?}"),
            }
        }
        for (ending, end) in ENDINGS {
            match exchange(&head[..length], ending) {
                Err(RemoteDisconnected { .. }) => assert_eq!(length, 0),
                Err(IncompleteRead(read)) => {
                    assert_eq!((read.part, read.end), (MessagePart::Head, end));
                }
                other => panic!("{length}: {other:?}"),
            }
        }
    }
}

#[test]
fn m_8_3_a_cut_body_is_never_complete() {
    let body = "3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: 1\r\n\r\n";
    let head = chunked("").len();
    for message in [
        chunked(body),
        ok("X: 1234567890\r\nContent-Length: 7", "abcdefg"),
    ] {
        for length in head..message.len() {
            for (ending, end) in ENDINGS {
                let Err(IncompleteRead(read)) = exchange(&message[..length], ending) else {
                    panic!("{length} of {}", message.escape_ascii())
                };
                assert_eq!(read.end, end);
                assert!(b"abcdefg".starts_with(&read.partial) || read.part == MessagePart::Head);
            }
        }
    }
}

#[test]
fn m_8_4_a_body_until_close_is_complete_at_an_orderly_end() {
    assert_eq!(exchange(&ok("", "abc"), Ending::Close).unwrap(), b"abc");
    for (ending, _) in &ENDINGS[1..] {
        let result = exchange(&ok("", "abc"), *ending);
        assert!(matches!(result, Err(IncompleteRead(_))));
    }
}

#[test]
fn m_8_6_no_octet_at_all_is_its_own_error() {
    for (ending, _) in ENDINGS {
        let Err(RemoteDisconnected { retry }) = exchange(b"", ending) else {
            panic!("{ending:?}")
        };
        assert!(!retry.reused && !retry.answered && retry.written && retry.idempotent);
    }
}
