//! Proves that the rooms of `proto` keep their promises when they are used alone, without the
//! blocking face: defaults, the state machine's refusals, and what is said about a response.
#![allow(missing_docs)]

use stdhttp::proto::{
    BodyDecoder, BodyLength, ChunkHead, Exchange, FramingRule, Received, RequestContext,
    ResponseHead, Skip, response_framing,
};
use stdhttp::{
    BodyFault, ChunkFault, CloseReason, ConnectionState, End, Forgiven, HTTPException, HTTPMessage,
    HTTPVersion, ImproperConnectionState, Limits, LineKind, Measured, Tolerance, Values,
};

fn started(method: &str) -> Exchange {
    let mut exchange = Exchange::default();
    exchange
        .putrequest(method, "/", Some("example.org"), Skip::default())
        .expect("a good request line");
    exchange
}

/// An exchange whose request has such a field and was sent.
fn sent_with(name: &str, value: &str) -> Exchange {
    let mut exchange = started("POST");
    exchange.putheader(name, value).expect("a good field");
    exchange.endheaders().expect("a good head");
    exchange
}

fn body_fault(result: Result<(), HTTPException>) -> Option<BodyFault> {
    match result {
        Err(HTTPException::InvalidBody { fault }) => Some(fault),
        _ => None,
    }
}

#[test]
fn defaults_are_the_standard() {
    assert_eq!(Limits::default(), Limits::DEFAULT);
    assert_eq!(Tolerance::default(), Tolerance::STANDARD);
    assert!(BodyDecoder::default().is_complete());
    assert_eq!(ResponseHead::default().headers().len(), 0);
    assert_eq!(Exchange::default().state(), ConnectionState::Idle);
    assert_eq!(Exchange::default().tolerance(), &Tolerance::STANDARD);
}

#[test]
fn versions_have_a_number_and_a_name() {
    for (version, number, name) in [
        (HTTPVersion::Http10, 10, "HTTP/1.0"),
        (HTTPVersion::Http11, 11, "HTTP/1.1"),
    ] {
        assert_eq!((version.number(), version.as_str()), (number, name));
    }
}

#[test]
fn a_request_under_way_excludes_another() {
    let mut exchange = started("PATCH");
    assert_eq!(exchange.method(), b"PATCH");
    let error = exchange
        .putrequest("GET", "/", None, Skip::default())
        .unwrap_err();
    assert!(matches!(
        error,
        HTTPException::ImproperConnectionState(ImproperConnectionState::CannotSendRequest(
            ConnectionState::RequestStarted
        ))
    ));
    assert_eq!(exchange.method(), b"PATCH");
}

#[test]
fn chunks_of_the_callers_own_end_where_they_say() {
    let mut exchange = sent_with("Transfer-Encoding", "chunked");
    exchange.give(b"1\r\na\r\n").unwrap();
    let cut = body_fault(exchange.check_given());
    assert_eq!(cut, Some(BodyFault::BrokenChunks));
    let beyond = body_fault(exchange.give(b"0\r\n\r\nmore"));
    assert_eq!(beyond, Some(BodyFault::AfterEnd));

    let mut exchange = sent_with("Transfer-Encoding", "chunked");
    exchange.give(b"0\r\n\r\n").unwrap();
    exchange.check_given().unwrap();
    assert_eq!(body_fault(exchange.give(b"x")), Some(BodyFault::AfterEnd));
}

#[test]
fn nothing_follows_the_last_chunk() {
    let mut exchange = sent_with("Transfer-Encoding", "chunked");
    exchange.give_chunk().unwrap();
    assert_eq!(body_fault(exchange.give(b"x")), Some(BodyFault::AfterEnd));
    let open = body_fault(exchange.check_given());
    assert_eq!(open, Some(BodyFault::BrokenChunks));
    exchange.give_last_chunk().unwrap();
    exchange.check_given().unwrap();
    assert_eq!(body_fault(exchange.give(b"x")), Some(BodyFault::AfterEnd));
    assert_eq!(body_fault(exchange.give_chunk()), Some(BodyFault::AfterEnd));
    exchange.give(b"").unwrap();
}

#[test]
fn a_body_is_as_long_as_declared() {
    let mut exchange = sent_with("Content-Length", "3");
    assert_eq!(body_fault(exchange.give_chunk()), Some(BodyFault::Unframed));
    exchange.give(b"ab").unwrap();
    let facts = |result| match result {
        Err(HTTPException::BodyLengthMismatch { declared, given }) => (declared, given),
        _ => (0, 0),
    };
    assert_eq!(facts(exchange.check_given()), (3, 2));
    assert_eq!(facts(exchange.give(b"cd")), (3, 4));
    exchange.give(b"c").unwrap();
    exchange.check_given().unwrap();
    assert_eq!(facts(exchange.give(b"d")), (3, 4));
}

#[test]
fn the_status_line_counts_against_the_head() {
    let small_head = Limits::DEFAULT.with(|limits| limits.head = 20);
    let small_line = Limits::DEFAULT.with(|limits| limits.line = 20);
    let line = b"HTTP/1.1 200 a reason that is long";
    for complete in [false, true] {
        let input = [&line[..], if complete { b"\r\n" } else { b"" }].concat();
        let parse = |limits| {
            let mut exchange =
                Exchange::answer_to(RequestContext::default(), limits, Tolerance::STANDARD);
            exchange.receive_head(&input).unwrap_err()
        };
        assert!(matches!(
            parse(small_head),
            HTTPException::TooLarge {
                what: Measured::Head,
                limit: 20
            }
        ));
        assert!(matches!(
            parse(small_line),
            HTTPException::LineTooLong {
                line: LineKind::StatusLine,
                limit: 20
            }
        ));
    }
}

#[test]
fn every_rule_of_framing_says_where_it_stands() {
    let framing = |method, status, name, value| {
        let mut headers = HTTPMessage::new();
        headers.append(name, value);
        let request = RequestContext::of_method(method).with(|request| request.upgrade = true);
        let (version, tolerance) = (HTTPVersion::Http11, Tolerance::HTTP_CLIENT);
        response_framing(request, version, status, &headers, &tolerance).unwrap()
    };
    let rows = [
        ("HEAD", 200, "X", "", FramingRule::NoBody, "6.3 item 1"),
        ("CONNECT", 200, "X", "", FramingRule::Tunnel, "6.3 item 2"),
        ("GET", 101, "X", "", FramingRule::Upgrade, "section 7.8"),
        (
            "GET",
            200,
            "Transfer-Encoding",
            "chunked",
            FramingRule::Chunked,
            "6.3 item 4",
        ),
        (
            "GET",
            200,
            "Transfer-Encoding",
            "gzip",
            FramingRule::OtherTransferCoding,
            "6.3 item 4",
        ),
        (
            "GET",
            200,
            "Content-Length",
            "1",
            FramingRule::ContentLength,
            "6.3 item 6",
        ),
        ("GET", 200, "X", "", FramingRule::UntilClose, "6.3 item 8"),
    ];
    for (method, status, name, value, rule, clause) in rows {
        let framing = framing(method, status, name, value);
        assert_eq!(framing.rule, rule);
        assert!(framing.rule.clause().ends_with(clause), "{rule:?}");
    }
}

#[test]
fn what_was_forgiven_can_be_listed() {
    let input = b"\nHTTP/1.0 200\nTransfer-Encoding: chunked\n\n1 \r\na\r\n0;\r\n\r\n";
    let request = RequestContext::of_method("GET");
    let mut exchange = Exchange::answer_to(request, Limits::DEFAULT, Tolerance::STANDARD);
    assert!(exchange.forgiven().is_empty());
    let Received::Final(head) = exchange.receive_head(input).unwrap() else {
        panic!("the head is complete");
    };
    let step = exchange.decode(&input[head..], &mut [0; 9]).unwrap();
    assert_eq!((step.consumed, step.produced), (input.len() - head, 1));
    let expected = [
        Forgiven::BareLf,
        Forgiven::LeadingEmptyLines,
        Forgiven::MissingReason,
        Forgiven::TransferEncodingInHttp10,
        Forgiven::ChunkSizePadding,
        Forgiven::EmptyChunkExtension,
    ];
    let listed: Vec<Forgiven> = exchange.forgiven().iter().collect();
    assert_eq!(listed, expected);
    assert!(!exchange.forgiven().is_empty());
    assert!(
        expected
            .iter()
            .all(|one| exchange.forgiven().contains(*one))
    );
    assert!(!exchange.forgiven().contains(Forgiven::ObsFold));
    assert_eq!(exchange.close_reason(), Some(CloseReason::Http10));
    assert_eq!(
        exchange.framing().map(|framing| framing.body),
        Some(BodyLength::Chunked)
    );
}

#[test]
fn what_is_missing_is_said_where_the_framing_tells() {
    let rows = [
        (BodyLength::Length(3), &b"abc"[..], Some(3), Some(2)),
        (BodyLength::Chunked, b"3\r\nabc\r\n0\r\n\r\n", None, None),
        (BodyLength::None, b"", Some(0), Some(0)),
    ];
    for (length, input, first, inside) in rows {
        let mut decoder = BodyDecoder::new(length, Limits::DEFAULT, Tolerance::STANDARD);
        assert_eq!(decoder.missing(), first);
        let step = decoder.decode(input, &mut [0; 1]).unwrap();
        assert_eq!(decoder.missing(), inside);
        assert_eq!(decoder.delivered(), step.produced as u64);
        decoder
            .decode(&input[step.consumed..], &mut [0; 9])
            .unwrap();
        assert!(decoder.is_complete());
        assert_eq!(decoder.missing(), Some(0));
        decoder
            .end_of_input()
            .expect("the end is behind the message");
    }
    let until_close = BodyDecoder::new(BodyLength::UntilClose, Limits::DEFAULT, Tolerance::STRICT);
    assert_eq!(until_close.missing(), None);
}

#[test]
fn the_head_of_a_chunk_is_read_alone() {
    let limits = Limits::DEFAULT.with(|limits| {
        limits.chunk_size_line = 18;
        limits.chunk_extensions = 4;
    });
    let parse = |line: &str| ChunkHead::parse(line.as_bytes(), &limits, &Tolerance::STANDARD);
    for (line, size, length) in [
        ("0\r\n", 0, 3),
        ("1aF\r\nrest", 0x1af, 5),
        ("1aF;n=v\r\nrest", 0x1af, 9),
        ("ffffffffffffffff\r\n", u64::MAX, 18),
        ("0000000000000001\r\n", 1, 18),
    ] {
        assert_eq!(parse(line).unwrap(), Some((size, length)), "{line:?}");
        for cut in 0..length - 1 {
            assert_eq!(parse(&line[..cut]).unwrap(), None, "{:?}", &line[..cut]);
        }
    }
    for (line, fault) in [
        ("\r\n", ChunkFault::Size),
        ("g\r\n", ChunkFault::Size),
        ("1\n", ChunkFault::LineEnd),
        ("1\r1", ChunkFault::LineEnd),
        ("1;\0", ChunkFault::Extension),
        ("10000000000000000", ChunkFault::SizeOverflow),
    ] {
        let refused = parse(line).unwrap_err();
        assert!(
            matches!(refused, HTTPException::InvalidChunk { fault: found, .. } if found == fault),
            "{line:?}: {refused:?}"
        );
    }
    assert!(matches!(
        parse("00000000000000001\r\n"),
        Err(HTTPException::LineTooLong {
            line: LineKind::ChunkSize,
            limit: 18
        })
    ));
    assert!(matches!(
        parse("1;abcd\r\n"),
        Err(HTTPException::TooLarge {
            what: Measured::ChunkExtensions,
            limit: 4
        })
    ));
}

fn parsed(head: &[u8], tolerance: &Tolerance) -> Result<ResponseHead, HTTPException> {
    let mut parser = ResponseHead::new();
    let length = parser.parse(head, &Limits::DEFAULT, tolerance)?;
    assert_eq!(length, Some(head.len()), "\"{}\"", head.escape_ascii());
    Ok(parser)
}

#[test]
fn the_end_of_an_empty_line_is_waited_for_only_where_it_may_be_skipped() {
    let limits = Limits::DEFAULT;
    let standard = ResponseHead::new().parse(b"\r", &limits, &Tolerance::STANDARD);
    assert!(matches!(standard, Ok(None)));
    let strict = ResponseHead::new().parse(b"\r", &limits, &Tolerance::STRICT);
    assert!(matches!(strict, Err(HTTPException::BadStatusLine { .. })));
}

#[test]
fn a_status_line_in_pieces_of_white_space_keeps_its_reason() {
    let tolerance = Tolerance::STANDARD.with(|tolerance| tolerance.multiple_spaces = true);
    let head = parsed(b"HTTP/1.1  404\t Not  There\r\n\r\n", &tolerance).unwrap();
    assert_eq!((head.status(), head.reason()), (404, &b"Not  There"[..]));
    assert!(head.forgiven().contains(Forgiven::MultipleSpaces));
    assert!(!head.forgiven().contains(Forgiven::MissingReason));
    let head = parsed(b"HTTP/1.1  404 \r\n\r\n", &tolerance).unwrap();
    assert_eq!(head.reason(), b"");
    assert!(head.forgiven().contains(Forgiven::MissingReason));
}

#[test]
fn broken_lines_are_passed_over_only_if_they_frame_nothing() {
    let tolerance = Tolerance::STANDARD.with(|tolerance| {
        tolerance.malformed_fields = true;
        tolerance.space_before_colon = true;
        tolerance.control_characters = true;
    });
    let with = |line: &[u8]| {
        let head = [b"HTTP/1.1 200 OK\r\n", line, b"\r\nA: b\r\n\r\n"].concat();
        parsed(&head, &tolerance)
    };
    for line in [
        &b"no field"[..],
        b": nameless",
        b"a b: c",
        b"x\x00: c",
        b"X: \x00",
    ] {
        let head = with(line).unwrap();
        assert_eq!(head.headers().len(), 1, "\"{}\"", line.escape_ascii());
        assert!(head.forgiven().contains(Forgiven::MalformedField));
    }
    for line in [
        &b"Content-Length 5"[..],
        b"X Transfer-Encoding: chunked",
        b"content-LENGTH\x00: 5",
    ] {
        let refused = with(line);
        assert!(matches!(refused, Err(HTTPException::InvalidHeader { .. })));
    }
    let spaced = with(b"X : y").unwrap();
    assert_eq!(spaced.headers().get("x").as_deref(), Some("y"));
    assert!(spaced.forgiven().contains(Forgiven::SpaceBeforeColon));
    let plain = with(b"X:y").unwrap();
    assert!(!plain.forgiven().contains(Forgiven::SpaceBeforeColon));
    let folded = with(b"X: y\r\n z\x00");
    assert!(matches!(folded, Err(HTTPException::InvalidHeader { .. })));
}

#[test]
fn a_length_that_is_no_number_is_passed_over_only_if_it_never_was_one() {
    let tolerance = Tolerance::STANDARD.with(|tolerance| tolerance.invalid_content_length = true);
    let framing_of = |value: &str| {
        let mut headers = HTTPMessage::new();
        headers.append("Content-Length", value);
        let request = RequestContext::of_method("GET");
        response_framing(request, HTTPVersion::Http11, 200, &headers, &tolerance)
    };
    for value in ["", "abc", "-1", "+5", "5x", ", 5"] {
        let framing = framing_of(value).unwrap();
        assert_eq!(framing.body, BodyLength::UntilClose, "{value:?}");
        assert!(framing.forgiven.contains(Forgiven::InvalidContentLength));
        assert_eq!(framing.close, Some(CloseReason::FaultyFraming));
    }
    for value in ["5, 6", "5, x", "18446744073709551616"] {
        let refused = framing_of(value);
        let expected = matches!(refused, Err(HTTPException::InvalidContentLength { .. }));
        assert!(expected, "{value:?}: {refused:?}");
    }
}

#[test]
fn the_presets_differ_in_what_their_documentation_says() {
    let http_client = Tolerance::HTTP_CLIENT;
    assert!(http_client.keep_folds && http_client.malformed_fields);
    assert!(http_client.invalid_content_length && http_client.bare_lf_in_chunks);
    assert!(http_client.quiet_end && http_client.fields_as_given && http_client.body_as_given);
    let standard = Tolerance::STANDARD;
    assert!(!(standard.keep_folds || standard.malformed_fields));
    assert!(!(standard.invalid_content_length || standard.bare_lf_in_chunks));
    assert!(!(standard.quiet_end || standard.fields_as_given || standard.body_as_given));
}

#[test]
fn calls_out_of_order_are_refused() {
    let mut exchange = Exchange::default();
    let (mut named, mut ended) = (exchange.putheader("X", "1"), exchange.endheaders());
    for refused in [&mut named, &mut ended] {
        assert!(matches!(
            refused,
            Err(HTTPException::ImproperConnectionState(
                ImproperConnectionState::CannotSendHeader(ConnectionState::Idle)
            ))
        ));
    }
    for mut exchange in [exchange, started("GET")] {
        let state = exchange.state();
        assert!(matches!(
            exchange.receive_head(b"HTTP/1.1 200 OK\r\n\r\n"),
            Err(HTTPException::ImproperConnectionState(
                ImproperConnectionState::ResponseNotReady(found)
            )) if found == state
        ));
    }
}

#[test]
fn an_answer_alone_has_a_request_that_is_done_with() {
    let context = RequestContext::of_method("GET");
    let mut exchange = Exchange::answer_to(context, Limits::DEFAULT, Tolerance::STRICT);
    assert_eq!(exchange.tolerance(), &Tolerance::STRICT);
    assert_eq!(body_fault(exchange.give(b"x")), Some(BodyFault::AfterEnd));
    assert_eq!(body_fault(exchange.give_chunk()), Some(BodyFault::AfterEnd));
    exchange.check_given().unwrap();
}

#[test]
fn nothing_follows_an_empty_body() {
    let mut exchange = sent_with("Content-Length", "0");
    let beyond = exchange.give(b"ab");
    assert!(matches!(
        beyond,
        Err(HTTPException::BodyLengthMismatch {
            declared: 0,
            given: 2
        })
    ));
}

#[test]
fn only_a_close_in_good_order_ends_a_head_early() {
    let early = b"HTTP/1.1 200 OK\r\nX: 1";
    let ended = |input: &[u8], end| {
        let context = RequestContext::of_method("GET");
        let tolerance = Tolerance::HTTP_CLIENT;
        let mut exchange = Exchange::answer_to(context, Limits::DEFAULT, tolerance);
        assert_eq!(exchange.receive_head(input).unwrap(), Received::NeedMore);
        exchange.head_ended(input, end)
    };
    ended(early, End::Closed).unwrap();
    for (input, end) in [
        (&early[..], End::Reset),
        (early, End::Truncated),
        (b"", End::Closed),
    ] {
        let error = ended(input, end).unwrap_err();
        assert!(matches!(
            error,
            HTTPException::IncompleteRead(read) if read.end == end && read.got == input.len() as u64
        ));
    }
}

#[test]
fn a_complete_body_bears_any_end_of_the_stream() {
    for end in [End::Closed, End::Reset, End::Truncated] {
        let context = RequestContext::of_method("GET");
        let mut exchange = Exchange::answer_to(context, Limits::DEFAULT, Tolerance::STANDARD);
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        exchange.receive_head(head).unwrap();
        let step = exchange.decode(b"hi", &mut [0; 9]).unwrap();
        assert_eq!((step.consumed, step.produced), (2, 2));
        exchange.end_of_input(end).unwrap();
        assert!(!exchange.has_failed());
    }
}

/// Whatever the heads of the chunks look like.
#[test]
fn one_call_decodes_all_that_came_and_fits() {
    let body = b"1;e\r\na\r\n1\r\nb\r\n1 \r\nc\r\n2\r\nde\r\n";
    for room in [9, 5, 3, 1] {
        let (now, later) = b"abcde".split_at(room.min(5));
        let mut decoder =
            BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
        let mut output = vec![0; room];
        let first = decoder.decode(body, &mut output).unwrap();
        assert_eq!(&output[..first.produced], now);
        let mut output = [0; 9];
        let rest = decoder
            .decode(&body[first.consumed..], &mut output)
            .unwrap();
        assert_eq!(&output[..rest.produced], later);
        assert_eq!(first.consumed + rest.consumed, body.len());
    }
}

#[test]
fn nothing_behind_the_end_is_decoded() {
    let input = b"1\r\na\r\n0\r\n\r\n\r\n1\r\nX\r\n0\r\n\r\n";
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
    let mut output = [0; 9];
    let step = decoder.decode(input, &mut output).unwrap();
    assert_eq!((step.consumed, step.produced), (11, 1));
    let step = decoder.decode(&input[11..], &mut output).unwrap();
    assert_eq!((step.consumed, step.produced), (0, 0));
}

#[test]
fn a_bare_lf_ends_the_lines_of_chunks_only_where_that_is_tolerated() {
    let tolerant = Tolerance::STANDARD.with(|tolerance| tolerance.bare_lf_in_chunks = true);
    for input in [
        &b"1\nX\r\n0\r\n\r\n"[..],
        b"1\r\nX\r\n0\n\n",
        b"1\nX\r\n0\n\n",
        b"1;a\nX\r\n0\nA: b\n\n",
    ] {
        let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, tolerant);
        let step = decoder.decode(input, &mut [0; 9]).unwrap();
        assert_eq!((step.consumed, step.produced), (input.len(), 1));
        assert!(decoder.is_complete());
        assert!(decoder.forgiven().contains(Forgiven::BareLfInChunks));

        let mut decoder =
            BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
        let mut rest = input;
        while let Ok(step) = decoder.decode(rest, &mut [0; 9]) {
            assert_ne!(step.consumed, 0);
            rest = &rest[step.consumed..];
        }
        assert!(!decoder.is_complete());
    }
}

#[test]
fn nothing_but_crlf_follows_the_data_of_a_chunk_whatever_is_tolerated() {
    let tolerance = Tolerance::HTTP_CLIENT;
    for octet in (0..=u8::MAX).filter(|octet| *octet != b'\r') {
        let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, tolerance);
        let input = [b"1\nX", &[octet][..], b"0\n\n"].concat();
        let step = decoder.decode(&input, &mut [0; 9]).unwrap();
        let error = decoder.decode(&input[step.consumed..], &mut [0; 9]);
        assert!(matches!(
            error,
            Err(HTTPException::InvalidChunk {
                fault: ChunkFault::DataEnd,
                ..
            })
        ));
    }
}

#[test]
fn http_1_0_is_kept_alive_only_if_both_ask_for_it() {
    let close_reason = |asked: bool, answered: bool| {
        let mut exchange = Exchange::default();
        exchange.set_version(HTTPVersion::Http10);
        exchange
            .putrequest("GET", "/", None, Skip::default())
            .unwrap();
        if asked {
            exchange.putheader("Connection", "keep-alive").unwrap();
        }
        exchange.endheaders().unwrap();
        let keep = if answered {
            "Connection: keep-alive\r\n"
        } else {
            ""
        };
        let head = format!("HTTP/1.0 200 OK\r\n{keep}Content-Length: 0\r\n\r\n");
        exchange.receive_head(head.as_bytes()).unwrap();
        exchange.close_reason()
    };
    assert_eq!(close_reason(true, true), None);
    for (asked, answered) in [(true, false), (false, true), (false, false)] {
        assert!(close_reason(asked, answered).is_some());
    }
}

#[test]
fn several_values_are_one_list_or_folded_and_each_is_checked() {
    for (folded_values, separator) in [(true, "\\r\\n\\t"), (false, ", ")] {
        several_values(
            Tolerance::STANDARD.with(|tolerance| tolerance.folded_values = folded_values),
            separator,
        );
    }
}

fn several_values(tolerance: Tolerance, separator: &str) {
    let written = |value: &dyn Fn(&mut Exchange) -> Result<(), HTTPException>| {
        let mut exchange = Exchange::new(Limits::DEFAULT, tolerance);
        exchange.putrequest("GET", "/", Some("h"), Skip::default())?;
        let before = exchange.head().len();
        let put = value(&mut exchange);
        assert_eq!(put.is_ok(), exchange.head().len() > before);
        put.map(|()| exchange.head()[before..].escape_ascii().to_string())
    };
    let line = |value: &str| Some(format!("X: {value}\\r\\n"));
    let one = written(&|exchange| exchange.putheader("X", &Values(&["a"])));
    assert_eq!(one.ok(), line("a"));
    let none = written(&|exchange| exchange.putheader("X", &Values::<&str>(&[])));
    assert_eq!(none.ok(), line(""));
    let nested = [["a", "b"], ["c", "d"]];
    let four = written(&|exchange| exchange.putheader("X", &&Values(&nested)));
    assert_eq!(four.ok(), line(&["a", "b", "c", "d"].join(separator)));
    let blank = written(&|exchange| exchange.putheader("X", &["", " a\t", "\t", "b"]));
    assert_eq!(blank.ok(), line(&["a", "b"].join(separator)));
    for bad in [["a\r\n\tb", "c"], ["a\u{1}", "b"], ["a", "b\nc"]] {
        let refused = written(&|exchange| exchange.putheader("X", &bad));
        assert!(matches!(
            refused,
            Err(HTTPException::InvalidHeaderValue { .. })
        ));
    }
    let octets = written(&|exchange| exchange.putheader("X", b"\xff octets"));
    assert_eq!(octets.ok(), line("\\xff octets"));
}

#[test]
fn a_host_of_the_callers_own_is_text() {
    let skip = Skip::default().with(|skip| skip.host = true);
    let mut exchange = Exchange::default();
    exchange.putrequest("GET", "/", None, skip).unwrap();
    let refused = exchange.putheader("Host", b"h\xff");
    assert!(matches!(
        refused,
        Err(HTTPException::InvalidHeaderValue { .. })
    ));
    exchange.putheader("Host", b"h").unwrap();
}

#[test]
fn fields_are_known_by_their_names_and_not_by_the_lengths_of_these() {
    let mut exchange = started("GET");
    let start = exchange.head().len();
    for name in ["XX", "Warning", "Connexions"] {
        exchange.putheader(name, "chunked, te, close").unwrap();
    }
    exchange.endheaders().unwrap();
    let sent = &exchange.head()[start..];
    let lines = sent.split(|octet| *octet == b'\n').count();
    // Three fields, and the empty line.
    assert_eq!(lines, 3 + 2);
}

/// An early answer of the server, before the request is out or behind it.
fn answered_early(before: impl Fn(&mut Exchange)) -> Option<CloseReason> {
    let mut exchange = started("PUT");
    exchange.putheader("Content-Length", &3).unwrap();
    exchange.endheaders().unwrap();
    before(&mut exchange);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let received = exchange.receive_head(answer).unwrap();
    assert_eq!(received, Received::Final(answer.len()));
    exchange.close_reason()
}

#[test]
fn an_answer_that_comes_before_the_request_is_out_closes_the_connection() {
    let incomplete = Some(CloseReason::RequestIncomplete);
    assert_eq!(answered_early(|_| {}), incomplete);
    let given = |exchange: &mut Exchange| exchange.give(b"abc").unwrap();
    // Who says nothing of writing has written what was given.
    assert_eq!(answered_early(given), None);
    assert_eq!(
        answered_early(|exchange| {
            given(exchange);
            exchange.writing();
        }),
        incomplete
    );
    assert_eq!(
        answered_early(|exchange| {
            exchange.writing();
            given(exchange);
            exchange.written();
        }),
        None
    );
    assert_eq!(
        answered_early(|exchange| exchange.give(b"ab").unwrap()),
        incomplete
    );
    assert_eq!(answered_early(Exchange::abandon_request), incomplete);
}
