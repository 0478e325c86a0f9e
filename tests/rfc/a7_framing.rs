//! Which body a response has: RFC 9112 section 6.3.

use std::io::{BufRead, Read};
use std::time::Duration;

use stdhttp::HTTPException::{
    ConflictingFraming, IncompleteRead, InvalidContentLength, InvalidHeader, TimedOut, TooLarge,
    TunnelFailed, UnknownTransferEncoding,
};
use stdhttp::testing::{Ending, Script};
use stdhttp::{
    CloseReason, End, Forgiven, HTTPException, HTTPResponse, Limits, Measured, MessagePart, Source,
};

use crate::support::{
    Conn, GET, HEAD, LENIENT, SECOND, STRICT, Trial, check_second, chunked, conn, ok,
};

const CHUNKS: &str = "3\r\nabc\r\n0\r\n\r\n";

#[test]
fn s_6_1_the_method_decides_about_the_body() {
    let bytes = ok("Content-Length: 2", "hi");
    assert_eq!(GET.answer(&bytes).body, b"hi");
    assert_eq!(HEAD.answer(&bytes).body, b"");
}

#[test]
fn m_6_3_1_answers_without_a_body() {
    let head = HEAD.answer(ok("Content-Length: 100", ""));
    assert!(head.body.is_empty() && head.reusable);
    for lines in [
        "304 Not Modified\r\nContent-Length: 9",
        "204 No Content\r\nTransfer-Encoding: chunked",
        "304 Not Modified\r\nTransfer-Encoding: chunked",
    ] {
        let answer = GET.answer(format!("HTTP/1.1 {lines}\r\n\r\n"));
        assert!(answer.body.is_empty() && answer.reusable);
    }
    // An empty length says nothing, and item 1 comes before item 5.
    for trial in [GET, STRICT, LENIENT] {
        for lines in ["Content-Length:", "content-length: \t\r\nContent-Length:"] {
            let head = Trial {
                method: "HEAD",
                ..trial
            };
            let answers = [
                head.answer(ok(lines, "")),
                trial.answer(format!("HTTP/1.1 204 x\r\n{lines}\r\n\r\n")),
                trial.answer(format!("HTTP/1.1 304 x\r\n{lines}\r\n\r\n")),
            ];
            assert!(answers.iter().all(|a| a.body.is_empty() && a.reusable));
        }
    }
    // A length that is none, or two, is a fault even where it does not count.
    for lines in [
        "Content-Length: x",
        "Content-Length: 1, 3",
        "Content-Length: ,",
        "Content-Length:\r\nContent-Length: 1",
    ] {
        refused!(HEAD, ok(lines, ""), InvalidContentLength { .. });
    }
}

#[test]
fn m_6_3_1b_octets_behind_such_an_answer_are_no_body() {
    let answer = GET.answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello");
    assert!(answer.body.is_empty() && !answer.reusable);
    let answer = HEAD.answer(ok("Content-Length: 5", "hello"));
    assert!(answer.body.is_empty() && !answer.reusable);
}

#[test]
fn m_6_3_1c_205_is_framed_like_any_other() {
    let answer = GET.answer("HTTP/1.1 205 x\r\nContent-Length: 2\r\n\r\nhi");
    assert!(answer.body == b"hi" && answer.reusable);
}

/// A tunnel asked for with `request`.
fn connected(answer: &str) -> (Conn, stdhttp::testing::Peer) {
    let (mut conn, peer) = conn([Script::new().expect_head().send(answer)]);
    conn.request("CONNECT", "h:443", (), &[]).unwrap();
    (conn, peer)
}

#[test]
fn m_6_3_2_a_tunnel_begins_behind_the_head() {
    let fields = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\x16\x03";
    let (mut conn, _) = connected(&format!("HTTP/1.1 200 OK\r\n{fields}"));
    let response = conn.getresponse().unwrap();
    assert_eq!(response.close_reason(), Some(CloseReason::Switched));
    let (_, first) = conn.into_inner().unwrap();
    assert_eq!(first, b"\x16\x03");
}

#[test]
fn s_9_3_6_3_any_2xx_opens_a_tunnel_and_nothing_else() {
    for status in ["200 OK", "201 Created", "299 x"] {
        let answer = format!("HTTP/1.1 {status}\r\n\r\n");
        let script = Script::new()
            .expect_head()
            .send(&answer)
            .expect_head()
            .send(SECOND);
        let (mut conn, peer) = conn([script]);
        conn.set_tunnel("target", 81, &[]).unwrap();
        check_second(&mut conn);
        assert_eq!(peer.calls().connects, 1);
    }
    for status in [302, 407, 500] {
        let answer = format!("HTTP/1.1 {status} No\r\nX: 1\r\nContent-Length: 3\r\n\r\nabc");
        let (mut conn, peer) = conn([Script::new().expect_head().send(&answer)]);
        conn.set_tunnel("target", 81, &[]).unwrap();
        let Err(TunnelFailed(failed)) = conn.connect() else {
            panic!("{status}")
        };
        assert_eq!((failed.status, &failed.body[..]), (status, &b"abc"[..]));
        assert_eq!(failed.headers.get("x").as_deref(), Some("1"));
        assert_eq!(peer.calls().open, 0);
    }
    let (mut conn, _) = connected("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"abc");
}

#[test]
fn m_6_3_3_coding_and_length_together() {
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "content-length: 3\r\ntransfer-encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 13",
    ] {
        refused!(GET, ok(lines, CHUNKS), ConflictingFraming);
        refused!(STRICT, ok(lines, CHUNKS), ConflictingFraming);
        let answer = LENIENT.answer(ok(lines, CHUNKS));
        assert!(answer.body == b"abc" && !answer.reusable);
        assert!(
            answer
                .forgiven
                .contains(Forgiven::TransferEncodingAndLength)
        );
    }
}

#[test]
fn m_6_3_4_chunked_is_decoded_to_its_end() {
    let answer = GET.answer(ok("Transfer-Encoding: chunked", CHUNKS));
    assert!(answer.body == b"abc" && answer.reusable);
}

#[test]
fn m_6_3_5_another_final_coding() {
    for value in ["gzip", "chunked, gzip", "identity", ""] {
        let bytes = ok(format!("Transfer-Encoding: {value}"), CHUNKS);
        refused!(GET, &bytes, UnknownTransferEncoding { .. });
        refused!(STRICT, &bytes, UnknownTransferEncoding { .. });
        let raw = LENIENT.answer(&bytes);
        assert!(raw.body == CHUNKS.as_bytes() && !raw.reusable);
        assert!(raw.forgiven.contains(Forgiven::RawTransferCoding));
    }
}

#[test]
fn m_6_1_6_transfer_encoding_in_http_1_0() {
    let fields = "Transfer-Encoding: chunked\r\nConnection: keep-alive";
    let answer = GET.answer(format!("HTTP/1.0 200 OK\r\n{fields}\r\n\r\n{CHUNKS}"));
    assert!(answer.body == b"abc" && !answer.reusable);
    assert!(answer.forgiven.contains(Forgiven::TransferEncodingInHttp10));
    let both = format!("HTTP/1.0 200 OK\r\n{fields}\r\nContent-Length: 3\r\n\r\n{CHUNKS}");
    refused!(GET, both, ConflictingFraming);
    let alone = format!("HTTP/1.0 200 OK\r\n{fields}\r\n\r\n{CHUNKS}");
    refused!(STRICT, alone, ConflictingFraming);
}

#[test]
fn m_6_1_7_codings_are_a_case_insensitive_list() {
    for value in ["CHUNKED", "Chunked"] {
        let bytes = ok(format!("Transfer-Encoding: {value}"), CHUNKS);
        assert_eq!(GET.answer(bytes).body, b"abc");
    }
    // `http.client` hands such a body out as it comes, others overlook the empty element.
    for value in [",chunked", "chunked,", " , chunked ,", ",,Chunked,,"] {
        let bytes = ok(format!("Transfer-Encoding: {value}"), CHUNKS);
        refused!(GET, &bytes, UnknownTransferEncoding { .. });
        refused!(STRICT, &bytes, UnknownTransferEncoding { .. });
        assert_eq!(LENIENT.answer(&bytes).body, CHUNKS.as_bytes());
    }
    let lines = "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked";
    refused!(GET, ok(lines, CHUNKS), UnknownTransferEncoding { .. });
    let lines = "Transfer-Encoding:\r\nTransfer-Encoding: chunked";
    refused!(GET, ok(lines, CHUNKS), UnknownTransferEncoding { .. });
}

#[test]
fn m_6_1_8_only_the_exact_token_counts() {
    for value in [
        "xchunked",
        "chunkedchunked",
        "chunked-x",
        "chun ked",
        "\"chunked\"",
        "chunked\0",
    ] {
        let bytes = ok(format!("Transfer-Encoding: {value}"), CHUNKS);
        refused!(
            GET,
            &bytes,
            UnknownTransferEncoding { .. } | InvalidHeader { .. }
        );
        refused!(
            STRICT,
            &bytes,
            UnknownTransferEncoding { .. } | InvalidHeader { .. }
        );
    }
}

#[test]
fn m_7_1_7_parameters_on_chunked() {
    for value in ["chunked;q=1", "chunked; a", "chunked ;a=b"] {
        let bytes = ok(format!("Transfer-Encoding: {value}"), CHUNKS);
        refused!(GET, bytes, UnknownTransferEncoding { .. });
    }
}

#[test]
fn m_6_1_2r_chunked_twice() {
    for lines in [
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        refused!(GET, ok(lines, CHUNKS), UnknownTransferEncoding { .. });
        // `http.client` decodes the chunks; nobody applied them twice.
        let answer = LENIENT.answer(ok(lines, CHUNKS));
        assert!(answer.body == b"abc" && !answer.reusable);
        assert!(answer.forgiven.contains(Forgiven::RepeatedChunked));
    }
}

#[test]
fn m_6_1_9_coded_content_under_chunked_is_not_handed_out_as_plain() {
    let bytes = ok("Transfer-Encoding: gzip, chunked", CHUNKS);
    refused!(GET, &bytes, UnknownTransferEncoding { .. });
    let raw = LENIENT.answer(&bytes);
    assert!(raw.forgiven.contains(Forgiven::RawTransferCoding) && !raw.reusable);
}

#[test]
fn m_6_3_6_an_invalid_length() {
    for value in [
        "", "abc", "-1", "+3", "3 3", "0x3", "3.0", "1e3", "3;", "3,4", "３", "0_3", "3\x0b",
    ] {
        let bytes = ok(format!("Content-Length: {value}"), "abc");
        refused!(
            GET,
            &bytes,
            InvalidContentLength { .. } | InvalidHeader { .. }
        );
        refused!(
            STRICT,
            &bytes,
            InvalidContentLength { .. } | InvalidHeader { .. }
        );
    }
}

#[test]
fn m_6_3_6b_equal_lengths_are_one() {
    for lines in [
        "Content-Length: 3, 3",
        "Content-Length: 3,3,3",
        "Content-Length: 3\r\nContent-Length: 3",
    ] {
        let answer = GET.answer(ok(lines, "abc"));
        assert!(answer.body == b"abc" && answer.reusable);
        assert!(answer.forgiven.contains(Forgiven::RepeatedContentLength));
        refused!(STRICT, ok(lines, "abc"), InvalidContentLength { .. });
    }
    for value in ["3,", ",3", ",", "3,,3", "03, 3"] {
        let bytes = ok(format!("Content-Length: {value}"), "abc");
        refused!(GET, bytes, InvalidContentLength { .. });
    }
}

#[test]
fn m_6_3_6c_differing_lengths() {
    for lines in [
        "Content-Length: 1\r\nContent-Length: 3",
        "Content-Length: 1\r\ncontent-length: 3",
        "Content-Length: 3\r\nContent-Length: 3x",
        "Content-Length: 1, 3",
    ] {
        for trial in [GET, STRICT, LENIENT] {
            refused!(trial, ok(lines, "abc"), InvalidContentLength { .. });
        }
    }
}

#[test]
fn s_8_6_5_large_lengths() {
    let answer = GET.answer(ok("Content-Length: 010", "0123456789"));
    assert_eq!(answer.body.len(), 10);
    let zeros = format!("Content-Length: {}5", "0".repeat(30));
    assert_eq!(GET.answer(ok(zeros, "01234")).body, b"01234");
    refused!(
        GET,
        ok("Content-Length: 18446744073709551615", "abc"),
        IncompleteRead(_)
    );
    let forty = format!("Content-Length: {}", "9".repeat(40));
    for lines in ["Content-Length: 18446744073709551616", &forty] {
        refused!(GET, ok(lines, "abc"), InvalidContentLength { .. });
    }
}

/// Every way to read a body to its end; the number of bytes, or the error.
fn read_in_every_way(bytes: &[u8], check: impl Fn(Result<usize, HTTPException>, &str)) {
    fn count<W: Source>(
        response: &mut HTTPResponse<'_, W>,
        step: impl Fn(&mut HTTPResponse<'_, W>) -> Result<usize, HTTPException>,
    ) -> Result<usize, HTTPException> {
        let mut all = 0;
        loop {
            match step(response)? {
                0 => return Ok(all),
                more => all += more,
            }
        }
    }
    let open = || HTTPResponse::from_reader(bytes, "GET").unwrap();
    let io = |result: std::io::Result<usize>| {
        result.map_err(|error| {
            *error
                .into_inner()
                .unwrap()
                .downcast::<HTTPException>()
                .unwrap()
        })
    };
    check(open().read(None).map(|body| body.len()), "read(None)");
    check(count(&mut open(), |r| Ok(r.read(2)?.len())), "read(2)");
    check(count(&mut open(), |r| r.readinto(&mut [0; 2])), "readinto");
    check(count(&mut open(), |r| Ok(r.read1(None)?.len())), "read1");
    check(
        count(&mut open(), |r| Ok(r.readline(None)?.len())),
        "readline",
    );
    check(open().drain(u64::MAX).map(|_| 0), "drain");
    let mut all = Vec::new();
    check(io(Read::read_to_end(&mut open(), &mut all)), "read_to_end");
    check(
        io(open().read_exact(&mut [0; 10]).map(|()| 10)),
        "read_exact",
    );
    let copied = std::io::copy(&mut open(), &mut std::io::sink());
    check(io(copied.map(|count| count as usize)), "copy");
    let lines = open().lines().collect::<Result<Vec<_>, _>>();
    check(io(lines.map(|lines| lines.concat().len())), "lines");
}

#[test]
fn m_6_3_7_a_short_body_is_incomplete_for_every_read() {
    let bytes = ok("Content-Length: 10", "abc");
    read_in_every_way(&bytes, |result, way| match result {
        Err(IncompleteRead(read)) => {
            assert_eq!((read.got, read.expected), (3, Some(7)), "{way}");
            assert_eq!(read.part, MessagePart::Body);
        }
        other => panic!("{way}: {other:?}"),
    });
}

#[test]
fn m_6_3_7b_after_a_timeout_nothing_stale_is_read() {
    let script = Script::new()
        .expect_head()
        .send(ok("Content-Length: 10", "abc"));
    let script = script.wait(Duration::from_secs(10)).send("defghij");
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    conn.set_read_timeout(Some(Duration::from_secs(1)));
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert!(matches!(response.read(None), Err(TimedOut { .. })));
    assert!(!response.is_complete());
    check_second(&mut conn);
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn m_6_3_9_without_a_length_the_body_lasts_until_close() {
    let answer = GET.answer(ok("", "abc"));
    assert!(answer.body == b"abc" && !answer.reusable);
    for (ending, end) in [
        (Ending::Reset, End::Reset),
        (Ending::Truncate, End::Truncated),
    ] {
        let (mut conn, _) = conn([Script::answer(ok("", "abc")).end(ending)]);
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        let Err(IncompleteRead(read)) = response.read(None) else {
            panic!("{ending:?}")
        };
        assert_eq!((read.partial, read.end), (b"abc".to_vec(), end));
    }
}

#[test]
fn m_6_3_12_octets_behind_the_last_response_are_none() {
    let evil = "hiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
    let answer = GET.answer(ok("Content-Length: 2", evil));
    assert!(answer.body == b"hi" && !answer.reusable);
    assert!(
        !GET.answer(chunked("0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nEVIL"))
            .reusable
    );
}

#[test]
fn s_15_3_7_0_a_body_limit_of_the_caller() {
    let limits = Limits::DEFAULT.with(|limits| limits.body = 1 << 20);
    let script = Script::new().expect_head().send(ok("", ""));
    let script = (0..20).fold(script, |script, _| script.send(vec![b'a'; 65_536]));
    let peer = stdhttp::testing::Peer::new([script]);
    let builder = stdhttp::HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.limits(limits).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().unwrap().read(None).unwrap_err();
    assert!(matches!(error, TooLarge { what: Measured::Body, limit } if limit == 1 << 20));
    assert_eq!(peer.calls().open, 0);
    let small = limits.with(|limits| limits.body = 3);
    let trial = Trial {
        limits: small,
        ..GET
    };
    assert_eq!(trial.answer(ok("Content-Length: 3", "abc")).body, b"abc");
    refused!(trial, ok("Content-Length: 4", "abcd"), TooLarge { .. });
    refused!(
        trial,
        chunked("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
        TooLarge { .. }
    );
}
