//! Fields: RFC 9112 section 5, RFC 9110 section 5.

use stdhttp::HTTPException::{
    ConflictingHeader, InvalidContentLength, InvalidHeader, InvalidHeaderName, InvalidHeaderValue,
    LineTooLong, TooLarge, TooMany, UnknownTransferEncoding,
};
use stdhttp::testing::{Peer, Script};
use stdhttp::{
    Counted, HTTPConnection, HTTPException, HTTPMessage, Limits, LineKind, Measured, Tolerance,
    Values,
};

use crate::support::{GET, LENIENT, STRICT, Trial, chunked, empty_with, field_refusal, ok, sent};

const TOKEN_SPECIALS: &str = "!#$%&'*+-.^_`|~";

/// The value of `X` in a response with these lines.
fn x(lines: &[u8]) -> Vec<u8> {
    GET.fields(lines).unwrap().value("x").unwrap().to_vec()
}

#[test]
fn m_5_1_names_are_case_insensitive() {
    let answer = GET.answer(ok("cOnTeNt-LeNgTh: 2\r\nB: 1\r\na: 2", "hi"));
    assert_eq!(answer.body, b"hi");
    let names: Vec<_> = answer.headers.keys().collect();
    assert_eq!(names, ["cOnTeNt-LeNgTh", "B", "a"]);
}

#[test]
fn m_5_1_1_white_space_around_a_value_is_trimmed() {
    assert_eq!(x(b"X: \t a \t b\t "), b"a \t b");
    assert_eq!(x(b"X:a"), b"a");
    assert_eq!(x(b"X:"), b"");
    assert_eq!(x(b"X: \t "), b"");
}

#[test]
fn m_5_1_2_nothing_else_is_trimmed() {
    for value in [
        &b"\x0bchunked"[..],
        b"\x0cchunked",
        b"chunked\xa0",
        b"\x85chunked",
        b"chunked\x0b",
    ] {
        for trial in [GET, STRICT] {
            let bytes = ok([b"Transfer-Encoding: ", value].concat(), "0\r\n\r\n");
            refused!(
                trial,
                bytes,
                UnknownTransferEncoding { .. } | InvalidHeader { .. }
            );
        }
    }
}

#[test]
fn m_5_1_3_no_white_space_before_the_colon() {
    for lines in ["Content-Length : 3", "Content-Length\t: 3", "X : 1"] {
        refused!(GET, ok(lines, "abc"), InvalidHeader { .. });
        refused!(STRICT, ok(lines, "abc"), InvalidHeader { .. });
    }
    assert_eq!(LENIENT.answer(ok("Content-Length : 3", "abc")).body, b"abc");
}

#[test]
fn m_5_1_4_a_line_without_colon_is_no_field() {
    for lines in ["garbage\r\nContent-Length: 0", "Te\r\nst: 1", "garbage"] {
        refused!(GET, ok(lines, ""), InvalidHeader { .. });
        refused!(STRICT, ok(lines, ""), InvalidHeader { .. });
    }
}

#[test]
fn m_5_1_5_a_name_is_a_token() {
    let lines = [
        &b": v"[..],
        b"X Y: 1",
        b"X(: 1",
        b"X\x80: 1",
        b"X\x7f: 1",
        b"\"X\": 1",
        b"X@Y: 1",
    ];
    for line in lines {
        refused!(GET, empty_with(line), InvalidHeader { .. });
        refused!(STRICT, empty_with(line), InvalidHeader { .. });
    }
    let name = format!("{TOKEN_SPECIALS}aZ09");
    let answer = STRICT.fields(format!("{name}: 1")).unwrap();
    assert_eq!(answer.value(&name), Some(&b"1"[..]));
}

#[test]
fn m_5_1_6_values_are_kept_as_they_are() {
    assert_eq!(x(b"X: a:b;c=\"d,e\""), b"a:b;c=\"d,e\"");
    assert_eq!(x(b"X: \x80\xff"), b"\x80\xff");
}

#[test]
fn s_5_5_1_no_cr_lf_nul_in_a_value() {
    for lines in [&b"X: a\0b"[..], b"X: a\rb", b"X: a\nb"] {
        refused!(GET, empty_with(lines), InvalidHeader { .. });
        refused!(STRICT, empty_with(lines), InvalidHeader { .. });
    }
}

#[test]
fn s_5_5_2_no_other_control_character_in_a_value() {
    for control in ["\x01", "\x08", "\x1b", "\x7f", "\x0b"] {
        let lines = format!("X: a{control}b");
        refused!(GET, empty_with(&lines), InvalidHeader { .. });
        let kept = LENIENT.fields(&lines).unwrap();
        assert_eq!(kept.value("x"), Some(format!("a{control}b").as_bytes()));
    }
}

#[test]
fn s_5_5_3_obs_text_is_opaque() {
    assert_eq!(x(b"X: \xc3\xa9"), b"\xc3\xa9");
}

#[test]
fn m_5_2_1_no_folded_value_is_sent() {
    for value in ["a\r\n b", "a\n\tb", "a\r\n\tb"] {
        assert!(matches!(
            field_refusal("X", value),
            InvalidHeaderValue { .. }
        ));
    }
    for tolerance in [Tolerance::STANDARD, Tolerance::STRICT] {
        let written = |name, values| several(tolerance, name, values).unwrap();
        assert_eq!(written("X", &["a", "b"]), "X: a, b\r\n");
        assert_eq!(written("X", &["", " a\t", "", "b "]), "X: a, b\r\n");
        assert_eq!(written("X", &["", ""]), "X: \r\n");
    }
    let folded = |values| several(Tolerance::HTTP_CLIENT, "X", values).unwrap();
    assert_eq!(folded(&["a", " b "]), "X: a\r\n\t b \r\n");
}

/// A continuation line of white space alone ends the head for some recipients.
#[test]
fn m_5_2_1_no_blank_line_is_sent_in_a_value() {
    let folded = |values: &[&str]| several(Tolerance::HTTP_CLIENT, "X", values);
    for (values, written) in [
        (&["", ""][..], "X: \r\n"),
        (&["a", "", "b"], "X: a\r\n\tb\r\n"),
        (&["a", " \t"], "X: a\r\n"),
        (&["", "b"], "X: b\r\n"),
        (&["a\r\n b", "c"], "X: a\r\n b\r\n\tc\r\n"),
    ] {
        assert_eq!(folded(values).unwrap(), written);
    }
    for value in [
        "a\r\n ",
        "a\r\n \r\n b",
        "\r\n ",
        "\n ",
        "a\n\t \n b",
        "a\r \r b",
        "a\r ",
        "a\r\n \t\r\n b",
    ] {
        for values in [vec![value], vec![value, "b"]] {
            let refused = folded(&values).unwrap_err();
            assert!(
                matches!(refused, InvalidHeaderValue { .. }),
                "{}",
                value.escape_debug()
            );
        }
    }
}

/// What one `putheader` with these values writes; nothing after an error.
fn several(tolerance: Tolerance, name: &str, values: &[&str]) -> Result<String, HTTPException> {
    let peer = Peer::new([Script::new()]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.tolerance(tolerance).build()?;
    conn.putrequest("GET", "/")?;
    let put = conn.putheader(name, Values(values));
    conn.putheader("Last", "1")?;
    conn.endheaders()?;
    let request = String::from_utf8(peer.received(0)).unwrap();
    let (_, field) = request.split_once("identity\r\n").unwrap();
    let field = field.strip_suffix("Last: 1\r\n\r\n").unwrap().to_owned();
    assert_eq!(put.is_err(), field.is_empty());
    put.map(|()| field)
}

#[test]
fn s_5_3_2_several_values_only_where_the_field_is_a_list() {
    for tolerance in [Tolerance::STANDARD, Tolerance::STRICT] {
        let written = |name, values| several(tolerance, name, values);
        let cookies = written("Cookie", &["a=1", "b=2"]).unwrap();
        assert_eq!(cookies, "Cookie: a=1; b=2\r\n");
        let codings = written("transfer-encoding", &["gzip", "chunked"]).unwrap();
        assert_eq!(codings, "transfer-encoding: gzip, chunked\r\n");
        for name in [
            "Content-Length",
            "Content-Type",
            "AUTHORIZATION",
            "User-Agent",
            "Set-Cookie",
            "Date",
            "ETag",
            "Origin",
        ] {
            let refused = written(name, &["1", "1"]).unwrap_err();
            assert!(matches!(refused, ConflictingHeader { .. }), "{name}");
            assert_eq!(written(name, &["1"]).unwrap(), format!("{name}: 1\r\n"));
        }
    }
}

#[test]
fn m_5_2_2_folds_become_spaces() {
    assert_eq!(x(b"X: a\r\n b\r\n\tc"), b"a b c");
    assert_eq!(x(b"X: a \r\n \t b"), b"a b");
    refused!(
        GET,
        ok("Content-Length: 1\r\n 0", "a"),
        InvalidContentLength { .. }
    );
    let folded = ok("Transfer-Encoding:\r\n chunked", "1\r\na\r\n0\r\n\r\n");
    assert_eq!(GET.answer(&folded).body, b"a");
    refused!(STRICT, folded, InvalidHeader { .. });
    let split = ok("Transfer-Encoding: chun\r\n ked", "0\r\n\r\n");
    refused!(GET, split, UnknownTransferEncoding { .. });
}

#[test]
fn m_5_2_3_a_blank_continuation_is_a_fold() {
    let answer = GET.fields("X: a\r\n \r\nY: 1").unwrap();
    assert_eq!(answer.value("x"), Some(&b"a"[..]));
    assert_eq!(answer.value("y"), Some(&b"1"[..]));
}

#[test]
fn m_5_2_4_folds_count_against_the_limits() {
    let folds = " \r\n".repeat(350_000);
    refused!(
        GET,
        ok(format!("X: a\r\n{folds}"), ""),
        TooMany {
            what: Counted::Headers,
            ..
        }
    );
    let limits = Limits::DEFAULT.with(|limits| limits.headers = usize::MAX);
    let trial = Trial { limits, ..GET };
    let bytes = ok(format!("X: a\r\n{folds}"), "");
    refused!(
        trial,
        bytes,
        TooLarge {
            what: Measured::Head,
            ..
        }
    );
}

#[test]
fn s_5_1_1_unknown_fields_have_no_effect() {
    let answer = GET.answer(ok("X-Foo: 1\r\nContent-Length: 2", "hi"));
    assert_eq!(answer.value("x-foo"), Some(&b"1"[..]));
    assert!(answer.reusable && answer.body == b"hi");
}

#[test]
fn s_5_2_1_repeated_fields_combine_in_order() {
    let answer = GET.fields("A: 1\r\nB: x\r\na: 2").unwrap();
    assert_eq!(answer.headers.getheader("a").as_deref(), Some("1, 2"));
    assert_eq!(answer.headers.get_all("A").collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn s_5_3_1_set_cookie_is_never_combined() {
    let answer = GET.fields("Set-Cookie: a=1\r\nSet-Cookie: b=2").unwrap();
    let all: Vec<_> = answer.headers.get_all("set-cookie").collect();
    assert_eq!(all, ["a=1", "b=2"]);
    assert_eq!(
        answer.headers.getheader("set-cookie").as_deref(),
        Some("a=1")
    );
}

#[test]
fn s_5_3_2_a_single_valued_field_is_sent_once() {
    for (name, again, value) in [
        ("Host", "hOST", "a"),
        ("Content-Length", "content-length", "0"),
        ("Content-Type", "CONTENT-TYPE", "a/b"),
        ("Authorization", "authorization", "Basic YQ=="),
        ("User-Agent", "user-agent", "a"),
        ("Expect", "expect", "x"),
        ("Range", "rAnge", "bytes=0-1"),
    ] {
        let twice = [(name, value), (again, value)];
        unsendable!(
            |c| c.request("GET", "/", (), &twice),
            ConflictingHeader { .. }
        );
    }
    let lists = [
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
    ];
    let request = sent(|conn| conn.request("GET", "/", (), &lists));
    assert!(request.contains("Accept: a/b\r\nAccept: c/d\r\nCookie: a=1\r\nCookie: b=2\r\n"));
}

#[test]
fn s_2_2_1_nothing_outside_the_grammar_is_sent() {
    for name in ["X Y", "X:", "", "é", "X\r\nY", "X\0", " X", "X "] {
        assert!(matches!(field_refusal(name, "1"), InvalidHeaderName { .. }));
    }
    for control in ["\0", "\x01", "\n", "\r", "\x0b", "\x1f", "\x7f"] {
        let value = format!("a{control}b");
        assert!(matches!(
            field_refusal("X", &value),
            InvalidHeaderValue { .. }
        ));
    }
    for value in [" a", "a ", "\ta\t"] {
        let request = sent(|conn| conn.request("GET", "/", (), &[("X", value)]));
        assert!(request.contains("\r\nX: a\r\n"));
    }
}

#[test]
fn s_5_6_3_1_one_space_after_the_colon() {
    let request = sent(|conn| conn.request("POST", "/", "a", &[("X", "1")]));
    let lines: Vec<&str> = request.split("\r\n").collect();
    let fields = [
        "Host: h",
        "Accept-Encoding: identity",
        "Content-Length: 1",
        "X: 1",
    ];
    assert_eq!(lines[1..5], fields);
}

#[test]
fn s_5_6_1_1_no_empty_list_element_is_sent() {
    for (name, value) in [("TE", "trailers"), ("Upgrade", "websocket")] {
        let request = sent(|conn| conn.request("GET", "/", (), &[(name, value)]));
        let lines = request
            .split("\r\n")
            .filter(|line| line.starts_with("Connection:"));
        let expected = if name == "TE" {
            "Connection: TE"
        } else {
            "Connection: upgrade"
        };
        assert_eq!(lines.collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn s_5_6_1_2_empty_list_elements_are_skipped() {
    assert!(!GET.fields("Connection: , ,close,").unwrap().reusable);
    let commas = format!("Connection: {}", ",".repeat(65_000));
    assert!(GET.fields(commas).unwrap().reusable);
}

#[test]
fn s_5_6_3_2_bad_white_space_only_where_the_grammar_has_it() {
    assert_eq!(
        GET.answer(chunked("5 ; a = b\r\nhello\r\n0\r\n\r\n")).body,
        b"hello"
    );
    let answer = GET.fields("Content-Type: text/html; charset = x").unwrap();
    assert_eq!(answer.headers.get_content_type(), "text/html");
    assert_eq!(answer.headers.get_content_charset(), None);
}

#[test]
fn s_5_6_4_1_quoted_pairs_are_undone() {
    let answer = GET
        .fields(r#"Content-Type: text/html; charset="ut\f-8""#)
        .unwrap();
    assert_eq!(
        answer.headers.get_content_charset().as_deref(),
        Some("utf-8")
    );
}

#[test]
fn s_5_6_4_2_only_quote_and_backslash_are_quoted() {
    let mut message = HTTPMessage::new();
    let name = Some(r#"a"b\c"#);
    message.add_header("Content-Disposition", "attachment", &[("filename", name)]);
    let value = message.get("content-disposition");
    assert_eq!(value.as_deref(), Some(r#"attachment; filename="a\"b\\c""#));
    assert_eq!(message.get_filename().as_deref(), name);
}

#[test]
fn s_5_4_1_a_field_that_is_too_long_is_an_error() {
    let line = |length: usize| format!("X: {}", "a".repeat(length - 5));
    assert!(GET.fields(line(65_536)).is_ok());
    let kind = LineKind::HeaderLine;
    let result = GET.fields(line(65_537));
    assert!(matches!(result, Err(LineTooLong { line, limit: 65_536 }) if line == kind));
}

#[test]
fn s_2_3_1_every_received_element_has_a_limit() {
    let limits = Limits::default().with(|limits| {
        limits.line = 40;
        limits.chunk_size_line = 10;
        limits.headers = 3;
        limits.head = 100;
        limits.target = 0;
        limits.interim_responses = 1;
        limits.trailers = 1;
        limits.trailer_section = 30;
        limits.chunk_extensions = 12;
        limits.body = 20;
    });
    let trial = Trial { limits, ..GET };
    let long = "a".repeat(50);
    refused!(
        trial,
        format!("HTTP/1.1 200 {long}\r\n\r\n"),
        LineTooLong { .. }
    );
    refused!(trial, ok(format!("X: {long}"), ""), LineTooLong { .. });
    refused!(
        trial,
        ok("A: 1\r\nB: 1\r\nC: 1\r\nD: 1", ""),
        TooMany { .. }
    );
    let three = "A: 123456789012345678901234567890\r\n".repeat(3);
    refused!(
        trial,
        ok(three, ""),
        TooLarge {
            what: Measured::Head,
            ..
        }
    );
    let interim = "HTTP/1.1 100 C\r\n\r\n".repeat(2);
    refused!(
        trial,
        interim,
        TooMany {
            what: Counted::InterimResponses,
            ..
        }
    );
    refused!(
        trial,
        chunked("1;aaaaaaaaa\r\n"),
        LineTooLong {
            line: LineKind::ChunkSize,
            ..
        }
    );
    let extensions = "1;aaaaa\r\na\r\n".repeat(3);
    refused!(
        trial,
        chunked(extensions),
        TooLarge {
            what: Measured::ChunkExtensions,
            ..
        }
    );
    refused!(
        trial,
        chunked("0\r\nA: 1\r\nB: 1\r\n\r\n"),
        TooMany {
            what: Counted::Trailers,
            ..
        }
    );
    let trailer = "0\r\nA: 123456789012345678901234567890\r\n\r\n";
    refused!(
        trial,
        chunked(trailer),
        TooLarge {
            what: Measured::Trailers,
            ..
        }
    );
    refused!(
        trial,
        ok("", long),
        TooLarge {
            what: Measured::Body,
            ..
        }
    );
}

#[test]
fn s_2_3_2_what_is_generated_can_be_received() {
    // The longest request line and field that a receiver of the same limits takes.
    let value = "a".repeat(Limits::DEFAULT.line - 5);
    let request = sent(|conn| conn.request("GET", "/", (), &[("X", &value)]));
    let line = request
        .split_inclusive("\r\n")
        .find(|line| line.starts_with("X: "));
    assert_eq!(line.unwrap().len(), Limits::DEFAULT.line);
    assert!(GET.fields(line.unwrap().trim_end()).is_ok());
}

#[test]
fn s_4_1_1_uris_of_8000_octets() {
    let uri = format!("http://h/{}", "a".repeat(7_991));
    let request = sent(|conn| conn.request("GET", &uri, (), &[]));
    assert!(request.starts_with(&format!("GET {uri} HTTP/1.1\r\n")));
    let answer = GET.fields(format!("Location: {uri}")).unwrap();
    assert_eq!(answer.value("location"), Some(uri.as_bytes()));
}

#[test]
fn m_5_2_count_and_size_of_a_head_are_limited() {
    let fields = |count: usize| ok("A: 1\r\n".repeat(count - 1) + "Content-Length: 0", "");
    assert_eq!(GET.answer(fields(256)).headers.len(), 256);
    refused!(
        GET,
        fields(257),
        TooMany {
            what: Counted::Headers,
            limit: 256
        }
    );
    let limits = Limits::DEFAULT.with(|limits| limits.headers = 300);
    assert_eq!(
        Trial { limits, ..GET }.answer(fields(257)).headers.len(),
        257
    );
    let head = |size: usize| {
        let long = format!("A: {}\r\n", "a".repeat(59_995)).repeat(4);
        let rest = size - long.len() - "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nB: \r\n\r\n".len();
        ok(
            format!("Content-Length: 0\r\n{long}B: {}", "b".repeat(rest)),
            "",
        )
    };
    assert_eq!(head(262_144).len(), 262_144);
    assert_eq!(GET.answer(head(262_144)).status, 200);
    refused!(
        GET,
        head(262_145),
        TooLarge {
            what: Measured::Head,
            limit: 262_144
        }
    );
}
