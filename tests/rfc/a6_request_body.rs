//! Framing of requests: RFC 9112 sections 6, 7 and 9.5, RFC 9110 sections 8.6 and 9.3.

use std::io::ErrorKind;

use stdhttp::HTTPException::{
    BodyLengthMismatch, ConflictingHeader, InvalidBody, InvalidHeaderValue,
};
use stdhttp::testing::Script;
use stdhttp::{Body, BodyFault, CloseReason};

use crate::support::{Conn, SECOND, check_second, conn, field_refusal, sent};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Body pieces that are 100 MiB together.
fn large() -> Body<'static> {
    Body::iter(std::iter::repeat_n(vec![b'a'; 65_536], 1_600))
}

fn chunked_put(conn: &mut Conn) {
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
}

#[test]
fn m_6_1_no_octet_without_framing() {
    let (mut conn, peer) = conn([Script::new()]);
    conn.putrequest("POST", "/").unwrap();
    conn.endheaders().unwrap();
    let head = peer.calls().bytes_written;
    let fault = BodyFault::Unframed;
    assert!(matches!(conn.send(b"x"), Err(InvalidBody { fault: found }) if found == fault));
    assert!(matches!(conn.send_chunk(b"x"), Err(InvalidBody { .. })));
    assert_eq!(peer.calls().bytes_written, head);
    unsendable!(
        |c| {
            c.putrequest("POST", "/")?;
            c.endheaders_with("x", false)
        },
        InvalidBody {
            fault: BodyFault::Unframed
        }
    );
}

#[test]
fn s_5_6_3_1_no_white_space_in_chunks_of_a_caller() {
    for line in ["1 ", "1 ;a", "1; a", "1;a ", "1;a =b", "1;a= b"] {
        let chunks = format!("{line}\r\nx\r\n0\r\n\r\n");
        unsendable!(
            |c| c.request("POST", "/", &*chunks, &[("Transfer-Encoding", "chunked")]),
            InvalidBody {
                fault: BodyFault::BrokenChunks
            }
        );
    }
}

#[test]
fn m_6_3_10_a_body_is_framed() {
    let request = sent(|conn| conn.request("POST", "/", "abc", &[]));
    assert!(request.ends_with("\r\nContent-Length: 3\r\n\r\nabc"));
    let request = sent(|conn| conn.request("POST", "/", Body::reader(&b"abc"[..]), &[]));
    assert!(request.ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
}

#[test]
fn m_6_3_11_a_known_length_is_declared() {
    let path = std::env::temp_dir().join(format!("stdhttp-rfc-{}", std::process::id()));
    std::fs::write(&path, "abc").unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let bodies = [
        Body::from(b"abc"),
        Body::from("abc".to_owned()),
        Body::sized(&b"abc"[..], 3),
        Body::from(file),
    ];
    for body in bodies {
        let request = sent(|conn| conn.request("PUT", "/", body, &[]));
        assert!(
            request.ends_with("\r\nContent-Length: 3\r\n\r\nabc"),
            "{request}"
        );
        assert!(!request.contains("chunked"));
    }
}

#[test]
fn m_6_1_4_no_transfer_encoding_to_http_1_0() {
    let answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let second = Script::new()
        .expect_head()
        .send(answer)
        .expect_head()
        .send(SECOND);
    let (mut conn, peer) = conn([second]);
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let head = peer.calls().bytes_written;
    let given = [("Transfer-Encoding", "chunked")];
    for encode in [true, false] {
        let result = conn.request_with("PUT", "/", Body::iter(["a"]), &given, encode);
        let fault = BodyFault::ChunkedToHttp10;
        assert!(matches!(result, Err(InvalidBody { fault: f }) if f == fault));
    }
    assert_eq!(peer.calls().bytes_written, head);
    check_second(&mut conn);
    // The peer has spoken 1.1 since.
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
}

#[test]
fn m_6_2_1_never_length_and_coding_together() {
    let (length, coding) = (("Content-Length", "1"), ("transfer-encoding", "chunked"));
    for both in [[length, coding], [coding, length]] {
        unsendable!(
            |c| c.request("PUT", "/", "a", &both),
            ConflictingHeader { .. }
        );
    }
}

#[test]
fn m_6_1_2_chunked_is_never_applied_twice() {
    let given = [("Transfer-Encoding", "chunked")];
    let raw = "1\r\na\r\n0\r\n\r\n";
    let request = sent(|conn| conn.request("PUT", "/", raw, &given));
    assert!(request.ends_with(&format!("\r\nTransfer-Encoding: chunked\r\n\r\n{raw}")));
    let request = sent(|conn| conn.request_with("PUT", "/", "a", &given, true));
    assert!(request.ends_with(&format!("\r\nTransfer-Encoding: chunked\r\n\r\n{raw}")));
    for value in ["chunked, chunked", "chunked,gzip,Chunked"] {
        let error = field_refusal("Transfer-Encoding", value);
        assert!(matches!(error, InvalidHeaderValue { .. }));
    }
}

#[test]
fn m_6_1_3_other_codings_end_in_chunked() {
    for value in [
        "gzip",
        "identity",
        "chunked, gzip",
        "",
        "chunked;a=b",
        "gzip chunked",
    ] {
        let error = field_refusal("Transfer-Encoding", value);
        assert!(matches!(error, InvalidHeaderValue { .. }));
    }
    let given = [("Transfer-Encoding", "gzip, chunked")];
    let request = sent(|conn| conn.request_with("PUT", "/", "a", &given, true));
    assert!(request.ends_with("\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"));
}

#[test]
fn m_7_1_1s_chunks_as_the_grammar_has_them() {
    let expected = "\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let request = sent(|conn| conn.request("PUT", "/", Body::iter(["", "abc", ""]), &[]));
    assert!(request.ends_with(expected));
    let request = sent(|conn| {
        chunked_put(conn);
        for piece in ["", "abc", ""] {
            conn.send_chunk(piece.as_bytes())?;
        }
        conn.send_last_chunk(&[])
    });
    assert!(request.ends_with(expected));
    let request = sent(|conn| {
        chunked_put(conn);
        conn.send_chunk(&[b'a'; 26])?;
        conn.send_last_chunk(&[("X", "1")])
    });
    let data = "a".repeat(26);
    assert!(request.ends_with(&format!("\r\n\r\n1A\r\n{data}\r\n0\r\nX: 1\r\n\r\n")));
}

#[test]
fn s_8_6_1_no_body_is_declared_where_one_is_expected() {
    for method in ["POST", "PUT", "PATCH"] {
        let request = sent(|conn| conn.request(method, "/", (), &[]));
        assert!(request.ends_with("\r\nContent-Length: 0\r\n\r\n"));
    }
}

#[test]
fn s_8_6_2_no_length_where_no_body_is_expected() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"] {
        let request = sent(|conn| conn.request(method, "/", (), &[]));
        assert!(!request.contains("Content-Length") && !request.contains("Transfer-Encoding"));
    }
}

#[test]
fn s_8_6_3_the_declared_length_is_never_wrong() {
    let (mut conn, peer) = conn([Script::new(), Script::answer(SECOND)]);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 10).unwrap();
    conn.endheaders().unwrap();
    conn.send(b"12345").unwrap();
    let written = peer.calls().bytes_written;
    let long = conn.send(b"678901");
    assert!(matches!(
        long,
        Err(BodyLengthMismatch {
            declared: 10,
            given: 11
        })
    ));
    assert_eq!(peer.calls().bytes_written, written);
    let short = conn.getresponse().map(drop);
    assert!(matches!(
        short,
        Err(BodyLengthMismatch {
            declared: 10,
            given: 5
        })
    ));
    assert_eq!(peer.calls().open, 0);
    check_second(&mut conn);
    let given = [("Content-Length", "10")];
    unsendable!(
        |c| c.request("PUT", "/", "12345", &given),
        BodyLengthMismatch { .. }
    );
}

#[test]
fn s_8_6_4_a_given_length_is_one_number() {
    for value in [
        "+3",
        "3,3",
        "0x3",
        "",
        "-1",
        "3 3",
        "3.0",
        "18446744073709551616",
    ] {
        let error = field_refusal("Content-Length", value);
        assert!(matches!(error, InvalidHeaderValue { .. }), "{value}");
    }
    let twice = [("Content-Length", "1"), ("content-LENGTH", "1")];
    unsendable!(
        |c| c.request("PUT", "/", "a", &twice),
        ConflictingHeader { .. }
    );
}

#[test]
fn s_9_3_1_1_content_in_get_if_the_caller_insists() {
    for method in ["GET", "HEAD", "DELETE"] {
        let request = sent(|conn| conn.request(method, "/", "a", &[]));
        assert!(request.ends_with("\r\nContent-Length: 1\r\n\r\na"));
    }
}

#[test]
fn s_9_3_6_2_connect_has_no_content() {
    unsendable!(
        |c| c.request("CONNECT", "h:443", "a", &[]),
        InvalidBody {
            fault: BodyFault::NotAllowed
        }
    );
    unsendable!(
        |c| c.request("CONNECT", "h:443", Body::iter(["a"]), &[]),
        InvalidBody {
            fault: BodyFault::NotAllowed
        }
    );
}

#[test]
fn s_9_3_8_1_trace_has_no_content_and_no_secrets() {
    unsendable!(
        |c| c.request("TRACE", "/", "a", &[]),
        InvalidBody {
            fault: BodyFault::NotAllowed
        }
    );
    for name in ["Authorization", "cookie", "Proxy-Authorization"] {
        unsendable!(
            |c| c.request("TRACE", "/", (), &[(name, "a")]),
            ConflictingHeader { .. }
        );
    }
}

#[test]
fn s_9_3_7_1_options_with_content_has_a_type() {
    unsendable!(
        |c| c.request("OPTIONS", "/", "a", &[]),
        InvalidBody {
            fault: BodyFault::NoContentType
        }
    );
    let typed = [("content-type", "text/plain")];
    let request = sent(|conn| conn.request("OPTIONS", "/", "a", &typed));
    assert!(request.ends_with("\r\n\r\na"));
}

#[test]
fn s_8_3_1_no_content_type_is_invented() {
    let request = sent(|conn| conn.request("POST", "/", b"a", &[]));
    assert!(!request.to_ascii_lowercase().contains("content-type"));
}

#[test]
fn s_6_5_1_1_fields_that_cannot_be_trailers() {
    for name in [
        "Content-Length",
        "transfer-encoding",
        "Host",
        "Authorization",
        "Content-Encoding",
        "Content-Type",
        "Content-Range",
        "Trailer",
        "Set-Cookie",
        "Cookie",
        "Expect",
        "Connection",
        "TE",
    ] {
        let (mut conn, peer) = conn([Script::new()]);
        chunked_put(&mut conn);
        let head = peer.calls().bytes_written;
        let result = conn.send_last_chunk(&[("X", "1"), (name, "1")]);
        let fault = BodyFault::ForbiddenTrailer;
        assert!(matches!(result, Err(InvalidBody { fault: found }) if found == fault));
        assert_eq!(peer.calls().bytes_written, head);
    }
}

#[test]
fn s_6_5_1_1_fields_with_one_value_that_can_come_late() {
    let late = [("Date", "1"), ("ETag", "\"a\""), ("Last-Modified", "1")];
    let request = sent(|conn| {
        chunked_put(conn);
        conn.send_last_chunk(&late)
    });
    assert!(request.ends_with("0\r\nDate: 1\r\nETag: \"a\"\r\nLast-Modified: 1\r\n\r\n"));
}

#[test]
fn s_6_6_2_1_trailers_can_be_announced() {
    let given = [("Trailer", "Digest-X"), ("Transfer-Encoding", "chunked")];
    let request = sent(|conn| {
        conn.putrequest("PUT", "/")?;
        for (name, value) in given {
            conn.putheader(name, value)?;
        }
        conn.endheaders()?;
        conn.send_last_chunk(&[("Digest-X", "1")])
    });
    assert!(request.contains("\r\nTrailer: Digest-X\r\n"));
    assert!(request.ends_with("\r\n\r\n0\r\nDigest-X: 1\r\n\r\n"));
}

#[test]
fn m_7_4_1_te_never_holds_chunked() {
    for value in ["chunked", "trailers, Chunked", "chunked;q=0.5"] {
        assert!(matches!(
            field_refusal("TE", value),
            InvalidHeaderValue { .. }
        ));
    }
}

#[test]
fn m_7_4_2_te_is_named_in_connection() {
    let request = sent(|conn| conn.request("GET", "/", (), &[("TE", "trailers")]));
    assert!(request.contains("\r\nTE: trailers\r\nConnection: TE\r\n"));
    let both = [("Connection", "close, te"), ("TE", "trailers")];
    let request = sent(|conn| conn.request("GET", "/", (), &both));
    assert_eq!(request.matches("Connection:").count(), 1);
}

#[test]
fn m_9_5_1_an_early_answer_that_closes_stops_the_upload() {
    let early = "HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new().expect_head().expect_bytes(65_536).send(early);
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    conn.request("POST", "/", large(), &[]).unwrap();
    assert!(peer.calls().bytes_written < 2 << 20);
    let response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 413);
    assert!(!response.request_complete());
    assert_eq!(response.close_reason(), Some(CloseReason::PeerCloses));
    check_second(&mut conn);
    assert_eq!((peer.calls().connects, peer.calls().open), (2, 1));
}

#[test]
fn s_7_5_1_an_early_answer_that_keeps_the_connection() {
    let body = 1_600 * (65_536 + "10000\r\n\r\n".len()) + "0\r\n\r\n".len();
    let script = Script::new().expect_head().expect_bytes(65_536).send(OK);
    let script = script
        .expect_bytes(body - 65_536)
        .expect_head()
        .send(SECOND);
    let (mut conn, peer) = conn([script]);
    conn.request("POST", "/", large(), &[]).unwrap();
    let response = conn.getresponse().unwrap();
    assert!(response.status() == 200 && response.request_complete());
    check_second(&mut conn);
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn m_9_5_2_after_a_write_error_the_answer_can_be_read() {
    for kind in [
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionReset,
        ErrorKind::WouldBlock,
    ] {
        let early = "HTTP/1.1 400 x\r\nContent-Length: 3\r\n\r\nbad";
        let script = Script::new()
            .expect_head()
            .send(early)
            .refuse_writes(70_000, kind);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        conn.request("POST", "/", large(), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(
            (response.status(), response.read(None).unwrap()),
            (400, b"bad".to_vec())
        );
        assert!(!response.request_complete());
        check_second(&mut conn);
        assert_eq!(peer.calls().connects, 2);
    }
}
