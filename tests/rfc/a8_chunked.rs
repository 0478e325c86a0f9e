//! The chunked coding: RFC 9112 section 7.1.

use stdhttp::HTTPException::{
    IncompleteRead, InvalidChunk, InvalidHeader, LineTooLong, TooLarge, TooMany,
    UnknownTransferEncoding,
};
use stdhttp::proto::{BodyDecoder, BodyLength};
use stdhttp::testing::Script;
use stdhttp::{ChunkFault, Counted, Forgiven, Limits, Measured, Tolerance};

use crate::support::{GET, LENIENT, STRICT, chunked, conn, ok};

#[test]
fn m_7_1_1_chunks_are_decoded() {
    let answer = GET.answer(chunked("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"));
    assert!(answer.body == b"abcdefg" && answer.reusable);
}

#[test]
fn m_7_1_2_sizes_are_hexadecimal() {
    for size in ["A", "a", "0000A", "00000000000000000000A"] {
        let answer = STRICT.answer(chunked(format!("{size}\r\n0123456789\r\n00\r\n\r\n")));
        assert_eq!(answer.body, b"0123456789");
    }
}

#[test]
fn m_7_1_3_any_other_size_is_an_error() {
    for size in [
        "", " 3", "\t3", "+3", "-3", "0x3", "3_0", "3h", "G", "3.", "٣",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            let bytes = chunked(format!("{size}\r\nabc\r\n0\r\n\r\n"));
            refused!(
                trial,
                bytes,
                InvalidChunk {
                    fault: ChunkFault::Size,
                    ..
                }
            );
        }
    }
}

#[test]
fn m_7_1_3b_white_space_behind_a_size() {
    for padding in ["  ", "\t", " "] {
        let bytes = chunked(format!("3{padding}\r\nabc\r\n0{padding}\r\n\r\n"));
        let answer = GET.answer(&bytes);
        assert_eq!(answer.body, b"abc");
        assert!(answer.forgiven.contains(Forgiven::ChunkSizePadding));
        refused!(STRICT, bytes, InvalidChunk { .. });
    }
    for trial in [GET, STRICT, LENIENT] {
        refused!(
            trial,
            chunked("3 4\r\nabc\r\n0\r\n\r\n"),
            InvalidChunk { .. }
        );
    }
}

#[test]
fn m_7_1_4_a_size_line_ends_in_crlf() {
    for body in [
        "3\nabc\r\n0\r\n\r\n",
        "3\rabc\r\n0\r\n\r\n",
        "3\r\r\nabc\r\n",
        "3;a\nb\r\nabc\r\n",
    ] {
        refused!(GET, chunked(body), InvalidChunk { .. });
        refused!(STRICT, chunked(body), InvalidChunk { .. });
    }
}

#[test]
fn m_7_1_5_data_ends_in_crlf() {
    for body in [
        "3\r\nabcXX0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabcd\r\n",
    ] {
        refused!(
            GET,
            chunked(body),
            InvalidChunk {
                fault: ChunkFault::DataEnd,
                ..
            }
        );
        for trial in [STRICT, LENIENT] {
            refused!(
                trial,
                chunked(body),
                InvalidChunk {
                    fault: ChunkFault::DataEnd,
                    ..
                }
            );
        }
    }
}

#[test]
fn m_7_1_6_sizes_that_do_not_fit() {
    let many = "F".repeat(4_000);
    for size in ["10000000000000000", "FFFFFFFFFFFFFFFFF", &many] {
        let fault = chunked(format!("{size}\r\nabc"));
        refused!(
            GET,
            fault,
            InvalidChunk {
                fault: ChunkFault::SizeOverflow,
                ..
            }
        );
    }
    for size in ["FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFE", "FFFFFFFFFFFFFFFD"] {
        refused!(GET, chunked(format!("{size}\r\nabc")), IncompleteRead(_));
    }
}

#[test]
fn m_7_1_6b_the_sum_of_sizes_does_not_wrap() {
    let Ok(half) = usize::try_from(1u64 << 63) else {
        return;
    };
    let (limits, tolerance) = (Limits::DEFAULT, Tolerance::STANDARD);
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, limits, tolerance);
    for delivered in [1u64 << 63, u64::MAX] {
        decoder.advance(b"8000000000000000\r\n").unwrap();
        decoder.take(half);
        assert_eq!(decoder.delivered(), delivered);
        decoder.advance(b"\r\n").unwrap();
    }
    assert!(!decoder.is_complete());
}

#[test]
fn m_7_1_8_the_end_is_last_chunk_trailers_empty_line() {
    let answer = GET.answer(chunked("1\r\na\r\n0\r\nX: 1\r\n\r\nnot the body"));
    assert!(answer.body == b"a" && !answer.reusable);
    assert_eq!(answer.trailers.get("x").as_deref(), Some("1"));
}

#[test]
fn m_7_1_1_1_extensions_are_ignored() {
    for extension in [
        ";a",
        ";a=b",
        ";a=\"q;\\\"x\"",
        " ; a = b ;c",
        ";\u{80}=\u{ff}",
    ] {
        let answer = GET.answer(chunked(format!("3{extension}\r\nabc\r\n0\r\n\r\n")));
        assert!(answer.body == b"abc" && answer.reusable);
    }
}

#[test]
fn m_7_1_1_2_no_control_character_in_an_extension() {
    for line in [
        "3;a=\"\r\nX\"\r\n",
        "3;a\0\r\n",
        "3;\x01\r\n",
        "3;a=\"\x7f\"\r\n",
        "3;a\rb\r\n",
    ] {
        let bytes = chunked(format!("{line}abc\r\n0\r\n\r\n"));
        refused!(GET, &bytes, InvalidChunk { .. });
        refused!(STRICT, &bytes, InvalidChunk { .. });
    }
}

/// Extensions are ignored, so that one outside the grammar does no harm.
#[test]
fn m_7_1_1_2_the_grammar_of_extensions_in_strict() {
    for line in [
        "3 ; a = b",
        "3;a=\"b\" ; c",
        "3;a=\"b\\\" ; ;\"",
        "3;a;b=c\t;\td",
    ] {
        let bytes = chunked(format!("{line}\r\nabc\r\n0\r\n\r\n"));
        for trial in [GET, STRICT] {
            let answer = trial.answer(&bytes);
            assert!(
                answer.body == b"abc" && answer.forgiven.is_empty(),
                "{line}"
            );
        }
    }
    for line in [
        "3; a b=c \"d",
        "3;a=",
        "3;=b",
        "3;a=\"b",
        "3;a=\"b\\\"",
        "3;a=\"b\"c",
        "3;a=b ",
        "3;a=b c",
        "3;;a",
        "3;a/b",
        "3;a==b",
    ] {
        let bytes = chunked(format!("{line}\r\nabc\r\n0\r\n\r\n"));
        let answer = GET.answer(&bytes);
        assert_eq!(answer.body, b"abc");
        assert!(
            answer.forgiven.contains(Forgiven::MalformedChunkExtension),
            "{line}"
        );
        refused!(
            STRICT,
            &bytes,
            InvalidChunk {
                fault: ChunkFault::Extension,
                ..
            }
        );
    }
    for line in ["3;", "3; \t", "3;a;"] {
        let bytes = chunked(format!("{line}\r\nabc\r\n0\r\n\r\n"));
        assert!(
            GET.answer(&bytes)
                .forgiven
                .contains(Forgiven::EmptyChunkExtension)
        );
        refused!(STRICT, &bytes, InvalidChunk { .. });
    }
    let empty = chunked("3;\r\nabc\r\n0\r\n\r\n");
    assert_eq!(GET.answer(&empty).body, b"abc");
    refused!(
        STRICT,
        empty,
        InvalidChunk {
            fault: ChunkFault::Extension,
            ..
        }
    );
}

#[test]
fn m_7_1_1_3_extensions_are_limited() {
    let line = format!("1;{}", "e".repeat(4_093));
    refused!(
        GET,
        chunked(format!("{line}\r\na\r\n")),
        LineTooLong { limit: 4_096, .. }
    );
    let chunk = format!("1;{}\r\na\r\n", "e".repeat(60));
    let script = Script::new()
        .expect_head()
        .send(chunked(chunk.repeat(10_000)));
    let (mut conn, peer) = conn([script]);
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().unwrap().read(None).unwrap_err();
    let what = Measured::ChunkExtensions;
    assert!(matches!(error, TooLarge { what: found, limit: 16_384 } if found == what));
    assert!(peer.calls().bytes_read < 16_384 * 2 + 65_000);
}

#[test]
fn m_7_1_2_1_trailers_stay_apart() {
    let trailers = "Content-Length: 9\r\nContent-Type: x\r\nSet-Cookie: a=b\r\n";
    let answer = GET.answer(chunked(format!("1\r\na\r\n0\r\n{trailers}\r\n")));
    assert_eq!(
        answer.headers.keys().collect::<Vec<_>>(),
        ["Transfer-Encoding"]
    );
    assert_eq!(answer.trailers.len(), 3);
    assert!(answer.body == b"a" && answer.reusable);
}

#[test]
fn m_7_1_2_2_trailers_follow_the_grammar_and_limits() {
    for trailers in ["bad line", " X: 1", "X : 1", "X: a\0b", "X: a\rb", ": 1"] {
        let bytes = chunked(format!("0\r\n{trailers}\r\n\r\n"));
        refused!(GET, &bytes, InvalidHeader { .. });
        refused!(STRICT, &bytes, InvalidHeader { .. });
    }
    let endless = chunked(format!("0\r\n{}", "X: 1\r\n".repeat(1_000)));
    refused!(
        GET,
        endless,
        TooMany {
            what: Counted::Trailers,
            limit: 64
        }
    );
    let long = chunked(format!("0\r\nX: {}", "a".repeat(20_000)));
    refused!(
        GET,
        long,
        TooLarge {
            what: Measured::Trailers,
            ..
        }
    );
}

#[test]
fn m_7_1_3_1_no_length_is_invented() {
    let (mut conn, _) = conn([Script::answer(chunked("1\r\na\r\n0\r\n\r\n"))]);
    conn.request("GET", "/", (), &[]).unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(
        (response.length(), response.getheader("content-length")),
        (None, None)
    );
    assert!(response.chunked());
}

#[test]
fn m_8_5_the_end_before_the_final_empty_line() {
    for body in ["3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\nX: 1\r\n"] {
        refused!(GET, chunked(body), IncompleteRead(_));
        refused!(STRICT, chunked(body), IncompleteRead(_));
    }
    let answer = LENIENT.answer(chunked("3\r\nabc\r\n0\r\n"));
    assert!(answer.body == b"abc" && !answer.reusable);
    assert!(answer.forgiven.contains(Forgiven::MissingFinalCrlf));
}

#[test]
fn m_7_2_1_parameters_on_other_codings() {
    let bytes = ok("Transfer-Encoding: gzip;q=1, chunked", "0\r\n\r\n");
    refused!(GET, bytes, UnknownTransferEncoding { .. });
}
