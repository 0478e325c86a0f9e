//! The promise: the server's machine, driven call by call without a stream, says of each request what
//! it is, of each response how it goes out, and of the connection whether it can be used again.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::error::Error;

use stdhttp::proto::server::{
    Exchange, ExchangeState, Expectation, Piece, Received, Refusal, RequestHead, Target,
    TargetForm, request_framing,
};
use stdhttp::proto::{BodyLength, CloseReason, Forgiven, Framing, FramingRule, HTTPVersion};
use stdhttp::testing::steps;
use stdhttp::{
    BadRequest, BadResponse, End, HTTPException, HTTPMessage, IncompleteRead, Limits, LineKind,
    Measured, Tolerance,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\n\r\n";
const CONNECT: &str = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const WAITS: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
const UPGRADES: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n";

/// An exchange whose request came.
fn received(request: &str) -> Exchange {
    let mut exchange = Exchange::default();
    let received = exchange.receive_head(request.as_bytes()).unwrap();
    assert_eq!(received, Received::Head(request.len()));
    exchange
}

fn refusal(request: &str) -> Refusal {
    let received = Exchange::default().receive_head(request.as_bytes());
    received.unwrap_err()
}

/// An exchange with a response of this status and these fields, and what came of the end of its head.
fn answer(
    request: &str,
    status: u16,
    fields: &[(&str, &str)],
    length: Option<u64>,
) -> (Exchange, Result<(), HTTPException>) {
    let mut exchange = received(request);
    exchange.send_response(status, "").unwrap();
    for (name, value) in fields {
        exchange.send_header(name, *value).unwrap();
    }
    let ended = exchange.end_headers(length);
    (exchange, ended)
}

/// The fields of the response that goes out, each with its line end.
fn sent(request: &str, status: u16, fields: &[(&str, &str)], length: Option<u64>) -> String {
    let (exchange, ended) = answer(request, status, fields, length);
    ended.unwrap();
    let head = String::from_utf8(exchange.head().to_vec()).unwrap();
    let (line, fields) = head.split_once("\r\n").unwrap();
    assert_eq!(line, format!("HTTP/1.1 {status} "));
    fields.strip_suffix("\r\n").unwrap().to_owned()
}

#[test]
fn the_version_of_the_responses_is_settable() {
    let mut exchange = Exchange::default();
    exchange.set_version(HTTPVersion::Http10);
    exchange.receive_head(GET.as_bytes()).unwrap();
    exchange.send_response(200, "OK").unwrap();
    exchange.end_headers(Some(0)).unwrap();
    let head = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange.head(), head);
    assert_eq!(exchange.close_reason(), Some(CloseReason::Http10));
}

#[test]
fn a_body_of_the_largest_size_is_let_in() {
    for (limit, let_in) in [(5, true), (4, false)] {
        let mut limits = Limits::DEFAULT;
        limits.body = limit;
        let mut exchange = Exchange::new(limits, Tolerance::SERVER);
        let received = exchange.receive_head(POST.as_bytes());
        if let_in {
            assert_eq!(received.unwrap(), Received::Head(POST.len()));
            continue;
        }
        let refusal = received.unwrap_err();
        let what = Measured::Body;
        assert_eq!((refusal.status, refusal.closes), (413, true));
        assert!(
            matches!(refusal.error, HTTPException::TooLarge { what: told, limit: 4 } if told == what)
        );
    }
}

#[test]
fn the_framing_is_known_behind_the_head() {
    let mut exchange = Exchange::default();
    assert_eq!(exchange.framing(), None);
    exchange.receive_head(POST.as_bytes()).unwrap();
    let Some(Framing { body, rule, .. }) = exchange.framing() else {
        panic!("no framing");
    };
    assert_eq!(
        (body, rule),
        (BodyLength::Length(5), FramingRule::ContentLength)
    );
}

#[test]
fn what_nobody_knows_is_not_expected_and_the_connection_survives_without_a_body() {
    let expects = |body: &str, expect: &str| {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{body}Expect: {expect}\r\n\r\n")
    };
    for (body, closes) in [("", false), ("Content-Length: 5\r\n", true)] {
        let refusal = received(&expects(body, "a")).check_expectation();
        let refusal = refusal.unwrap_err();
        assert_eq!((refusal.status, refusal.closes), (417, closes), "{body}");
        let HTTPException::BadRequest(BadRequest::Expectation(value)) = refusal.error else {
            panic!("{:?}", refusal.error);
        };
        assert_eq!(value.as_bytes(), b"a");
        let known = received(&expects(body, "100-continue"));
        assert!(known.check_expectation().is_ok());
    }
    for lines in ["a\r\nExpect: 100-continue", "100-continue\r\nExpect: a"] {
        let exchange = received(&expects("", lines));
        assert_eq!(exchange.request().expectation(), Expectation::Unknown);
    }
}

#[test]
fn a_body_that_ends_early_says_how() {
    for end in [End::Closed, End::Reset, End::Truncated] {
        let mut exchange = received(POST);
        let mut output = [0; 8];
        exchange.decode(b"ab", &mut output).unwrap();
        let refusal = exchange.end_of_input(end).unwrap_err();
        let HTTPException::IncompleteRead(read) = refusal.error else {
            panic!("{:?}", refusal.error);
        };
        let IncompleteRead {
            got,
            expected,
            end: told,
            ..
        } = read;
        assert_eq!((got, expected, told), (2, Some(3), end));
        assert_eq!(exchange.close_reason(), Some(CloseReason::Failed));
    }
    assert!(received(GET).end_of_input(End::Reset).is_ok());
}

#[test]
fn an_exchange_is_complete_behind_both_ends() {
    let out_of_turn = |done: Result<(), HTTPException>| {
        let error = done.unwrap_err();
        assert!(matches!(
            error,
            HTTPException::BadResponse(BadResponse::OutOfTurn)
        ));
    };
    let mut exchange = received(POST);
    exchange.send_response(200, "").unwrap();
    exchange.end_headers(Some(0)).unwrap();
    exchange.end_response().unwrap();
    assert!(!exchange.is_complete());
    out_of_turn(exchange.next_request());
    exchange.decode(b"hello", &mut [0; 8]).unwrap();
    assert!(exchange.is_complete());
    exchange.next_request().unwrap();
    assert_eq!(exchange.state(), ExchangeState::Idle);

    exchange.receive_head(GET.as_bytes()).unwrap();
    assert!(!exchange.is_complete());
    out_of_turn(exchange.next_request());
    exchange.send_response(200, "").unwrap();
    exchange.send_header("Connection", "close").unwrap();
    exchange.end_headers(Some(0)).unwrap();
    exchange.end_response().unwrap();
    assert!(exchange.is_complete());
    out_of_turn(exchange.next_request());
}

#[test]
fn the_same_length_may_come_twice_where_that_is_forgiven() {
    let framing = |values: &[&str], tolerance: &Tolerance| {
        let mut headers = HTTPMessage::new();
        for value in values {
            headers.append("Content-Length", *value);
        }
        request_framing(HTTPVersion::Http11, &headers, tolerance)
    };
    let forgiving = Tolerance::SERVER.with(|tolerance| tolerance.repeated_content_length = true);
    for values in [&["5, 5"][..], &["5", "5"], &["5,5 ", "5"]] {
        let forgiven = framing(values, &forgiving).unwrap();
        assert_eq!(forgiven.body, BodyLength::Length(5), "{values:?}");
        let kinds: Vec<Forgiven> = forgiven.forgiven.iter().collect();
        assert_eq!(kinds, [Forgiven::RepeatedContentLength]);
        let strict = framing(values, &Tolerance::SERVER).unwrap_err();
        assert_eq!((strict.status, strict.closes), (400, true));
        assert!(matches!(
            strict.error,
            HTTPException::InvalidContentLength { .. }
        ));
    }
    for values in [&["5, 6"][..], &["5", "6"], &["5", ""], &["a", "a"]] {
        let refusal = framing(values, &forgiving).unwrap_err();
        assert_eq!(refusal.status, 400, "{values:?}");
    }
}

#[test]
fn what_was_forgiven_in_a_head_is_told() {
    let forgiven = |request: &str, tolerance: &Tolerance| -> Vec<Forgiven> {
        let mut head = RequestHead::new();
        let length = head.parse(request.as_bytes(), &Limits::DEFAULT, tolerance);
        assert_eq!(length.unwrap(), Some(request.len()));
        head.forgiven().iter().collect()
    };
    assert_eq!(forgiven(GET, &Tolerance::SERVER), []);
    let empty_line = format!("\r\n{GET}");
    assert_eq!(
        forgiven(&empty_line, &Tolerance::SERVER),
        [Forgiven::LeadingEmptyLines]
    );
    let lenient = Tolerance::SERVER.with(|tolerance| tolerance.bare_lf = true);
    let lone = "GET / HTTP/1.1\r\nHost: a\n\r\n";
    assert_eq!(forgiven(lone, &lenient), [Forgiven::BareLf]);
}

#[test]
fn a_target_of_the_largest_size_is_let_in() {
    let mut limits = Limits::DEFAULT;
    limits.target = 4;
    for (target, let_in) in [("/abc", true), ("/abcd", false), ("/abcdefgh", false)] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut head = RequestHead::new();
        let parsed = head.parse(request.as_bytes(), &limits, &Tolerance::SERVER);
        if let_in {
            assert_eq!(parsed.unwrap(), Some(request.len()));
            continue;
        }
        let refusal = parsed.unwrap_err();
        assert_eq!((refusal.status, refusal.closes), (414, true), "{target}");
        let HTTPException::LineTooLong { line, limit } = refusal.error else {
            panic!("{:?}", refusal.error);
        };
        assert_eq!((line, limit), (LineKind::RequestLine, 4));
    }
}

#[test]
fn another_protocol_is_refused_at_its_first_octet() {
    for octet in [0x16, 0, b' ', b'(', 0xff] {
        let refusal = Exchange::default().receive_head(&[octet]).unwrap_err();
        assert_eq!(refusal.status, 400, "{octet}");
        assert!(matches!(
            refusal.error,
            HTTPException::BadRequest(BadRequest::RequestLine(_))
        ));
    }
}

#[test]
fn a_version_that_is_none_is_a_bad_line_and_an_unknown_one_is_not() {
    for (version, status) in [
        ("HTTP/x.1", 400),
        ("HTTP/1.x", 400),
        ("HTTP/1,1", 400),
        ("HTTP/2.0", 505),
        ("HTTP/0.9", 505),
    ] {
        let refusal = refusal(&format!("GET / {version}\r\nHost: a\r\n\r\n"));
        assert_eq!(refusal.status, status, "{version}");
        let unknown = matches!(refusal.error, HTTPException::UnknownProtocol { .. });
        assert_eq!(unknown, status == 505, "{version}");
    }
}

#[test]
fn a_fragment_is_no_part_of_a_target() {
    for target in ["/#", "/a#b", "#", "http://a/#"] {
        let refusal = refusal(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(refusal.status, 400, "{target}");
    }
}

#[test]
fn no_octet_of_a_regular_request_line_is_looked_at_twice() {
    let request = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(4_000));
    let before = steps().expect("only builds with debug assertions count steps");
    received(&request);
    let taken = steps().unwrap() - before;
    let octets = u64::try_from(request.len()).unwrap();
    assert!(taken <= octets, "{taken} steps for {octets} octets");
}

#[test]
fn a_refusal_says_why_and_by_which_status() {
    let refusal = refusal("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(refusal.to_string(), "no host field, answered by 400");
    let source = refusal.source().expect("a source");
    assert_eq!(source.to_string(), "no host field");
    let of = |error: HTTPException| Refusal::from(error).status;
    let out_of_turn = HTTPException::BadResponse(BadResponse::OutOfTurn);
    assert_eq!(of(out_of_turn), 500);
    let coded = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a, chunked\r\n\r\n";
    let coded = Exchange::default()
        .receive_head(coded.as_bytes())
        .unwrap_err();
    assert!(matches!(
        coded.error,
        HTTPException::UnknownTransferEncoding { .. }
    ));
    assert_eq!((coded.status, of(coded.error)), (501, 501));
}

#[test]
fn only_100_ends_the_wait_of_a_client() {
    let mut exchange = received(WAITS);
    for (status, waits) in [(103, true), (100, false), (103, false)] {
        exchange.send_interim(status, "", &[]).unwrap();
        assert_eq!(exchange.expects_continue(), waits, "{status}");
    }
}

#[test]
fn the_stream_is_handed_over_by_2xx_to_connect_and_by_101() {
    for (request, status, fields, switches) in [
        (CONNECT, 200, &[][..], true),
        (CONNECT, 299, &[], true),
        (CONNECT, 300, &[], false),
        (GET, 200, &[], false),
        (UPGRADES, 101, &[("Upgrade", "b")], true),
        (UPGRADES, 200, &[("Upgrade", "b")], false),
    ] {
        let (exchange, ended) = answer(request, status, fields, Some(0));
        ended.unwrap();
        let switched = exchange.state() == ExchangeState::Switched;
        assert_eq!(switched, switches, "{status} to {request}");
        let reason = exchange.close_reason() == Some(CloseReason::Switched);
        assert_eq!(reason, switches, "{status} to {request}");
    }
    for (request, status) in [(CONNECT, 200), (UPGRADES, 101)] {
        let (exchange, ended) = answer(request, status, &[("Upgrade", "b")], Some(5));
        assert!(
            matches!(ended, Err(HTTPException::BadResponse(BadResponse::NoContent(told))) if told == status)
        );
        assert_eq!(exchange.state(), ExchangeState::Started);
    }
    let refused = sent(CONNECT, 300, &[], Some(5));
    assert_eq!(refused, "Content-Length: 5\r\n");
}

#[test]
fn a_response_is_counted_or_chunked() {
    let wish = ("Transfer-Encoding", "chunked");
    for (fields, length, framing) in [
        (&[wish][..], None, "Transfer-Encoding: chunked\r\n"),
        (&[wish], Some(0), "Transfer-Encoding: chunked\r\n"),
        (&[wish], Some(5), "Content-Length: 5\r\n"),
        (&[], None, "Transfer-Encoding: chunked\r\n"),
        (&[], Some(0), "Content-Length: 0\r\n"),
        (&[], Some(5), "Content-Length: 5\r\n"),
        (&[("Content-Length", "7")], Some(5), "Content-Length: 7\r\n"),
    ] {
        assert_eq!(sent(GET, 200, fields, length), framing, "{fields:?}");
    }
    assert_eq!(sent(HEAD, 200, &[], Some(5)), "Content-Length: 5\r\n");
    assert_eq!(sent(HEAD, 200, &[], None), "");
    assert_eq!(sent(OLD, 200, &[], None), "Connection: close\r\n");
}

#[test]
fn a_length_beside_no_content_is_sent_with_304_alone() {
    let declared = [("Content-Length", "5")];
    let nothing = [("Content-Length", "0")];
    assert_eq!(sent(GET, 304, &declared, None), "Content-Length: 5\r\n");
    assert_eq!(sent(GET, 304, &[], Some(5)), "");
    assert_eq!(sent(GET, 204, &nothing, None), "");
    assert_eq!(sent(GET, 205, &nothing, None), "Content-Length: 0\r\n");
    assert_eq!(sent(CONNECT, 200, &nothing, None), "");
}

#[test]
fn connection_names_upgrade_once_and_only_beside_an_upgrade() {
    let upgrade = ("Upgrade", "b");
    let named = ("Connection", "Upgrade");
    let ours = "Upgrade: b\r\nConnection: upgrade\r\n";
    let theirs = "Upgrade: b\r\nConnection: Upgrade\r\n";
    let length = "Content-Length: 0\r\n";
    assert_eq!(sent(UPGRADES, 101, &[upgrade], None), ours);
    assert_eq!(sent(UPGRADES, 101, &[upgrade, named], None), theirs);
    assert_eq!(sent(CONNECT, 200, &[], None), "");
    let needed = sent(GET, 426, &[upgrade], Some(0));
    assert_eq!(
        needed,
        "Upgrade: b\r\nContent-Length: 0\r\nConnection: upgrade\r\n"
    );
    let needed = sent(GET, 426, &[upgrade, named], Some(0));
    assert_eq!(needed, format!("{theirs}{length}"));
}

#[test]
fn a_status_is_known_from_the_response_on() {
    let mut exchange = Exchange::default();
    assert_eq!(exchange.status(), None);
    exchange.receive_head(GET.as_bytes()).unwrap();
    assert_eq!(exchange.status(), None);
    exchange.send_response(404, "").unwrap();
    assert_eq!(exchange.status(), Some(404));
    exchange.end_headers(Some(0)).unwrap();
    assert_eq!(exchange.status(), Some(404));
    exchange.end_response().unwrap();
    exchange.next_request().unwrap();
    assert_eq!(exchange.status(), None);
}

#[test]
fn a_response_ends_behind_its_head_only() {
    let mut exchange = received(GET);
    let ended = exchange.end_response();
    assert!(matches!(
        ended,
        Err(HTTPException::BadResponse(BadResponse::OutOfTurn))
    ));
    exchange.send_response(200, "").unwrap();
    exchange.end_headers(None).unwrap();
    assert_eq!(exchange.give(b"a").unwrap(), Piece::Chunk);
    assert_eq!(exchange.end_response().unwrap(), b"0\r\n\r\n");
    assert!(exchange.is_complete());
}

#[test]
fn an_empty_piece_is_nothing_whatever_the_framing() {
    let length = [("Content-Length", "1")];
    for (request, status, fields) in [
        (GET, 200, &[][..]),
        (GET, 200, &length),
        (GET, 304, &[]),
        (HEAD, 200, &[]),
        (OLD, 200, &[]),
    ] {
        let (mut exchange, ended) = answer(request, status, fields, None);
        ended.unwrap();
        assert_eq!(exchange.give(b"").unwrap(), Piece::Nothing, "{request}");
    }
}

#[test]
fn a_response_that_is_given_up_closes_the_connection() {
    let (mut exchange, ended) = answer(GET, 200, &[], Some(5));
    ended.unwrap();
    assert_eq!(exchange.close_reason(), None);
    exchange.abandon_response();
    assert_eq!(
        exchange.close_reason(),
        Some(CloseReason::ResponseIncomplete)
    );
    let further = exchange.give(b"a");
    assert!(matches!(
        further,
        Err(HTTPException::BadResponse(BadResponse::OutOfTurn))
    ));
}

#[test]
fn no_other_field_of_the_same_length_is_taken_for_one_that_matters() {
    for (status, needed, other) in [
        (405, "Allow", "X-Abc"),
        (426, "Upgrade", "X-Abcde"),
        (401, "WWW-Authenticate", "X-Authentication"),
        (407, "Proxy-Authenticate", "X-Y-Authentication"),
    ] {
        assert_eq!(needed.len(), other.len());
        let (_, ended) = answer(GET, status, &[(other, "a")], Some(0));
        let HTTPException::BadResponse(BadResponse::MissingHeader { status: of, name }) =
            ended.unwrap_err()
        else {
            panic!("{needed}");
        };
        assert_eq!((of, name), (status, needed));
        assert!(answer(GET, status, &[(needed, "a")], Some(0)).1.is_ok());
    }
    for (other, value) in [
        ("X-Abcdefgh", "close"),
        ("X-Abcdefghijkl", "7"),
        ("X-Abcdefghijklmno", "a"),
    ] {
        let (exchange, ended) = answer(GET, 200, &[(other, value)], Some(5));
        ended.unwrap();
        let head = format!("HTTP/1.1 200 \r\n{other}: {value}\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(exchange.head(), head.as_bytes());
        assert_eq!(exchange.close_reason(), None, "{other}");
    }
}

#[test]
fn chunked_is_the_only_coding_and_wished_once() {
    let mut exchange = received(GET);
    exchange.send_response(200, "").unwrap();
    let invalid = |wished: Result<(), HTTPException>| {
        assert!(matches!(
            wished,
            Err(HTTPException::InvalidHeaderValue { .. })
        ));
    };
    invalid(exchange.send_header("Transfer-Encoding", "gzip"));
    exchange
        .send_header("Transfer-Encoding", "chunked")
        .unwrap();
    invalid(exchange.send_header("Transfer-Encoding", "chunked"));
    exchange.end_headers(None).unwrap();
    let head = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(exchange.head(), head);
}

#[test]
fn a_target_is_taken_apart_in_its_four_forms() {
    let parts = |method: &str, target: &'static str| {
        let target = Target::parse(method.as_bytes(), target.as_bytes());
        target.map(|target| {
            (
                target.form(),
                target.scheme(),
                target.host(),
                target.port(),
                target.path(),
                target.query(),
            )
        })
    };
    let empty = &b""[..];
    for (method, target, expected) in [
        (
            "GET",
            "/a?b",
            (
                TargetForm::Origin,
                empty,
                empty,
                None,
                &b"/a"[..],
                Some(&b"b"[..]),
            ),
        ),
        (
            "OPTIONS",
            "*",
            (TargetForm::Asterisk, empty, empty, None, empty, None),
        ),
        (
            "CONNECT",
            "[::1]:443",
            (
                TargetForm::Authority,
                empty,
                b"[::1]",
                Some(443),
                empty,
                None,
            ),
        ),
        (
            "GET",
            "a+-.9://b:8080/c?",
            (
                TargetForm::Absolute,
                b"a+-.9",
                b"b",
                Some(8080),
                b"/c",
                Some(empty),
            ),
        ),
    ] {
        assert_eq!(parts(method, target), Some(expected), "{target}");
    }
    for target in ["1a://b/", "://b/", "a_b://c/", "+://b/", "*", "a:443"] {
        assert_eq!(parts("GET", target), None, "{target}");
    }
    for target in ["a:0", "a", "/", "http://a/"] {
        assert_eq!(parts("CONNECT", target), None, "{target}");
    }
}
