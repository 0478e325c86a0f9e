//! The documented behaviour of `http.client` from the status line to the end of a body, the
//! header multimap, and the leniencies of CPython that no tolerance takes over.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use stdhttp::proto::{BodyLength, RequestContext};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{
    CloseReason, Counted, Forgiven, HTTPConnection, HTTPException, HTTPMessage, HTTPResponse,
};
use stdhttp::{HTTPVersion, Limits, LineKind, Measured, Step, Tolerance};
use stdhttp::{parse_headers, parse_headers_with};

use crate::support::{answer, answering, connection, connection_with, lenient, refused, standard};

/// Status, version and reason under a tolerance, or the name of the error.
fn status_line(line: &str, tolerance: Tolerance) -> Result<(u16, u8, String), HTTPException> {
    let bytes: Vec<u8> = format!("{line}\r\nContent-Length: 0\r\n\r\n")
        .chars()
        .map(|character| u8::try_from(character).unwrap())
        .collect();
    let response = answer(&bytes, "GET", tolerance)?;
    Ok((
        response.status(),
        response.version(),
        response.reason().into_owned(),
    ))
}

#[test]
fn status_lines_accepted() {
    for (line, status, version, reason) in [
        ("HTTP/1.1 200", 200, 11, ""),
        ("HTTP/1.1 200 ", 200, 11, ""),
        ("HTTP/1.1 200 Very  OK ", 200, 11, "Very  OK"),
        ("HTTP/1.1 200 caf\u{e9}", 200, 11, "caf\u{e9}"),
        ("HTTP/1.0 404 No", 404, 10, "No"),
        ("HTTP/1.9 999 x", 999, 11, "x"),
    ] {
        let expected = (status, version, reason.to_owned());
        assert_eq!(
            status_line(line, Tolerance::STANDARD).unwrap(),
            expected,
            "{line}"
        );
        assert_eq!(
            status_line(line, Tolerance::HTTP_CLIENT).unwrap(),
            expected,
            "{line}"
        );
    }
    let tabs = "HTTP/1.1\t200\tVery  OK ";
    let expected = (200, 11, "Very  OK".to_owned());
    assert_eq!(status_line(tabs, Tolerance::HTTP_CLIENT).unwrap(), expected);
    let error = status_line(tabs, Tolerance::STANDARD).unwrap_err();
    assert!(matches!(error, HTTPException::BadStatusLine { .. }));
}

#[test]
fn status_lines_refused() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        for line in [
            "ICY 200 OK",
            "http/1.1 200 OK",
            "HTTP/1.1",
            "HTTP/1.1 99 x",
            "HTTP/1.1 099 x",
            "HTTP/1.1 1000 x",
            "HTTP/1.1 abc x",
            "HTTP/1.1 +20 x",
            "HTTP/1.1 2_0 x",
            "HTTP/1.x 200 x",
            "HTTP/2 200 x",
            "HTTP/ 200 x",
            " HTTP/1.1 200 x",
        ] {
            let error = status_line(line, tolerance).unwrap_err();
            assert!(
                matches!(error, HTTPException::BadStatusLine { .. }),
                "{line}: {error}"
            );
        }
        for line in ["HTTP/0.9 200 OK", "HTTP/2.0 200 OK"] {
            let HTTPException::UnknownProtocol { version } =
                status_line(line, tolerance).unwrap_err()
            else {
                panic!("{line}");
            };
            assert_eq!(version.as_bytes(), &line.as_bytes()[..8]);
        }
    }
}

#[test]
fn interim_responses() {
    let head = |status: u16| format!("HTTP/1.1 {status} x\r\nA: b\r\n\r\n");
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let all = [100, 102, 103, 199].map(head).concat() + last;
    assert_eq!(standard(all.as_bytes()).status(), 200);
    assert_eq!(
        standard((head(103).repeat(32) + last).as_bytes()).status(),
        200
    );
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let error = refused((head(103).repeat(33) + last).as_bytes(), tolerance);
        let expected = Counted::InterimResponses;
        assert!(matches!(error, HTTPException::TooMany { what, limit: 32 } if what == expected));
        let mut conn = connection_with(&answering(head(101)), tolerance);
        conn.request("GET", "/", (), &[]).unwrap();
        let error = conn.getresponse().map(drop).unwrap_err();
        assert!(matches!(error, HTTPException::UnexpectedUpgrade));
    }
}

#[test]
fn upgrade_hands_the_stream_over() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nfirst";
    let peer = Peer::new([Script::new().expect_head().send(head)]);
    let mut conn = connection(&peer);
    conn.request("GET", "/", (), &[("Upgrade", "x")]).unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(
        (response.status(), response.framing().unwrap().body),
        (101, BodyLength::Switched)
    );
    assert_eq!(response.into_inner().unwrap().1, b"first");
}

fn fields(lines: &str, tolerance: Tolerance) -> Result<Vec<(String, String)>, HTTPException> {
    let bytes: Vec<u8> = format!("{lines}\r\n")
        .chars()
        .map(|character| u8::try_from(character).unwrap())
        .collect();
    let message = parse_headers_with(bytes.as_slice(), Limits::DEFAULT, tolerance)?;
    let text = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        (name.into_owned(), value.into_owned())
    };
    Ok(message.items().map(text).collect())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[test]
fn header_lines() {
    let standard = |lines| fields(lines, Tolerance::STANDARD);
    let lenient = |lines| fields(lines, Tolerance::HTTP_CLIENT);
    assert_eq!(standard("A:  x y \t\r\n").unwrap(), pairs(&[("A", "x y")]));
    assert_eq!(
        standard("A: x\nB:y\n").unwrap(),
        pairs(&[("A", "x"), ("B", "y")])
    );
    let strict = fields("A: x\nB:y\n", Tolerance::STRICT).unwrap_err();
    assert!(matches!(strict, HTTPException::InvalidHeader { .. }));
    let high = "A: x\u{85}y\u{ff}\r\n";
    assert_eq!(standard(high).unwrap(), pairs(&[("A", "x\u{85}y\u{ff}")]));
    assert_eq!(
        standard("A: 1\r\n 2\r\n\t3\r\n").unwrap(),
        pairs(&[("A", "1 2 3")])
    );
    let folded = lenient("A: 1\r\n 2\r\n\t3\r\n").unwrap();
    assert_eq!(folded, pairs(&[("A", "1\r\n 2\r\n\t3")]));
    for (lines, expected) in [
        ("A : x\r\nB: y\r\n", &[("A", "x"), ("B", "y")][..]),
        ("no colon\r\nB: y\r\n", &[("B", "y")]),
        ("a b: x\r\nB: y\r\n", &[("B", "y")]),
        (": x\r\nB: y\r\n", &[("B", "y")]),
        ("From me\r\nB: y\r\n", &[("B", "y")]),
        ("A: x\x0by\r\n", &[("A", "x\x0by")]),
        (
            "A: 1\r\na b: x\r\n y\r\nB: y\r\n",
            &[("A", "1"), ("B", "y")],
        ),
        ("a b: x\r\n y\r\n\tz\r\nB: 1\r\n 2\r\n", &[("B", "1\r\n 2")]),
        (
            "A: 1\r\na b\r\n : y\r\n \r\nB: y\r\n",
            &[("A", "1"), ("B", "y")],
        ),
        ("A: 1\r\n 2\r\na b\r\n 3\r\n", &[("A", "1\r\n 2")]),
    ] {
        assert_eq!(lenient(lines).unwrap(), pairs(expected), "{lines:?}");
        let error = standard(lines).unwrap_err();
        assert!(
            matches!(error, HTTPException::InvalidHeader { .. }),
            "{lines:?}"
        );
    }
}

/// A line that could be meant to frame the message is never overlooked.
#[test]
fn broken_framing_fields_are_refused() {
    for line in [
        "Content-Length : 5\0",
        "Content-Length 5",
        "Transfer-Encoding\u{e9}: chunked",
        "a b: x\r\n Content-Length: 5",
    ] {
        let error = fields(&format!("{line}\r\n"), Tolerance::HTTP_CLIENT).unwrap_err();
        assert!(
            matches!(error, HTTPException::InvalidHeader { .. }),
            "{line}"
        );
    }
}

fn framing(head: &str, tolerance: Tolerance) -> Result<(BodyLength, bool), HTTPException> {
    let bytes = format!("{head}\r\n");
    let response = answer(bytes.as_bytes(), "GET", tolerance)?;
    Ok((response.framing().unwrap().body, response.will_close()))
}

#[test]
fn framing_decisions() {
    use BodyLength::{Chunked, Length, UntilClose};
    for (fields, body, will_close) in [
        (
            "HTTP/1.1 200 x\r\nTransfer-Encoding: Chunked \r\n",
            Chunked,
            false,
        ),
        (
            "HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n",
            Chunked,
            true,
        ),
        (
            "HTTP/1.1 200 x\r\nContent-Length:  05 \r\n",
            Length(5),
            false,
        ),
        (
            "HTTP/1.1 200 x\r\nContent-Length: 5, 5\r\n",
            Length(5),
            false,
        ),
        (
            "HTTP/1.1 200 x\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
            Length(5),
            false,
        ),
        (
            "HTTP/1.1 200 x\r\nContent-Length: 5\r\nConnection: a, CLOSE\r\n",
            Length(5),
            true,
        ),
        (
            "HTTP/1.1 200 x\r\nContent-Length: 5\r\nConnection: not-closed\r\n",
            Length(5),
            false,
        ),
        ("HTTP/1.0 200 x\r\nContent-Length: 5\r\n", Length(5), true),
        (
            "HTTP/1.0 200 x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n",
            Length(5),
            false,
        ),
        (
            "HTTP/1.0 200 x\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n",
            Length(5),
            true,
        ),
        ("HTTP/1.1 205 x\r\nContent-Length: 5\r\n", Length(5), false),
        ("HTTP/1.1 200 x\r\n", UntilClose, true),
    ] {
        for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
            assert_eq!(
                framing(fields, tolerance).unwrap(),
                (body, will_close),
                "{fields}"
            );
        }
    }
    for fields in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: ,,Chunked,,",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
        "Content-Length: abc",
        "Content-Length: -5",
        "Content-Length: ",
    ] {
        let head = format!("HTTP/1.1 200 x\r\n{fields}\r\n");
        let forgiven = framing(&head, Tolerance::HTTP_CLIENT).unwrap();
        assert_eq!(forgiven, (UntilClose, true), "{fields}");
        let error = framing(&head, Tolerance::STANDARD).unwrap_err();
        let expected = match error {
            HTTPException::UnknownTransferEncoding { .. } => "Transfer-Encoding",
            HTTPException::InvalidContentLength { .. } => "Content-Length",
            other => panic!("{other}"),
        };
        assert!(fields.starts_with(expected), "{fields}");
    }
    let both = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n";
    assert_eq!(
        framing(both, Tolerance::HTTP_CLIENT).unwrap(),
        (Chunked, true)
    );
    let error = framing(both, Tolerance::STANDARD).unwrap_err();
    assert!(matches!(error, HTTPException::ConflictingFraming));
    let identity = "HTTP/1.1 200 x\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n";
    assert_eq!(
        framing(identity, Tolerance::HTTP_CLIENT).unwrap(),
        (UntilClose, true)
    );
    let error = framing(identity, Tolerance::STANDARD).unwrap_err();
    assert!(matches!(error, HTTPException::ConflictingFraming));
}

/// A CR at the end of the stream began a line end.
#[test]
fn a_head_may_end_with_its_stream() {
    for end in ["", "\r", "\r\n", "\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\nA: b\r\nC: d{end}");
        let response = lenient(bytes.as_bytes());
        assert_eq!(response.getheader("c").unwrap(), "d");
        assert!(response.forgiven().contains(Forgiven::EarlyEndInHead));
        let line = format!("HTTP/1.1 200 OK{end}");
        assert_eq!(lenient(line.as_bytes()).reason(), "OK");
        let error = refused(bytes.as_bytes(), Tolerance::STANDARD);
        assert!(matches!(error, HTTPException::IncompleteRead(_)));
    }
}

/// `http.client` goes by the first line, and takes `chunked, chunked` in one for another coding.
#[test]
fn chunked_that_is_named_twice() {
    for lines in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, Chunked",
    ] {
        let bytes = format!("HTTP/1.1 200 x\r\n{lines}\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        let mut response = lenient(bytes.as_bytes());
        assert_eq!(response.close_reason(), Some(CloseReason::FaultyFraming));
        assert_eq!(response.read(None).unwrap(), b"abc");
        let error = refused(bytes.as_bytes(), Tolerance::STANDARD);
        assert!(matches!(
            error,
            HTTPException::UnknownTransferEncoding { .. }
        ));
    }
}

/// Finished with the head: the next request may follow at once.
#[test]
fn answers_without_a_body() {
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n"),
        (
            "HEAD",
            "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (
            "GET",
            "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        ("GET", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"),
        ("GET", "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let script = Script::new()
            .expect_head()
            .send(head)
            .expect_head()
            .send(head);
        let peer = Peer::new([script]);
        let mut conn = connection(&peer);
        for _ in 0..2 {
            conn.request(method, "/", (), &[]).unwrap();
            let mut response = conn.getresponse().unwrap();
            assert!(response.isclosed() && response.is_complete());
            assert_eq!(response.read1(None).unwrap(), b"");
            assert_eq!(response.peek(None).unwrap(), b"");
            assert_eq!(response.readline(None).unwrap(), b"");
        }
        assert_eq!(peer.calls().connects, 1, "{method} {head}");
    }
}

/// Compared exactly, as methods are: the answer to `head` has a body.
#[test]
fn head_is_compared_exactly() {
    let bytes = b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nhi";
    let mut response = answer(bytes, "head", Tolerance::HTTP_CLIENT).unwrap();
    assert_eq!(response.read(None).unwrap(), b"hi");
}

const LINES: &[u8] = b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\none\ntwo\nxNEXT";

#[test]
fn forms_of_read() {
    let mut response = standard(LINES);
    assert_eq!(response.read(Some(2)).unwrap(), b"on");
    let mut pair = [0; 2];
    assert_eq!(response.read(&mut pair).unwrap(), 2);
    assert_eq!(&pair, b"e\n");
    assert_eq!(Read::read(&mut response, &mut pair).unwrap(), 2);
    assert_eq!(&pair, b"tw");
    assert_eq!(response.fill_buf().unwrap(), b"o\nx");
    response.consume(1);
    assert_eq!(response.read(None).unwrap(), b"\nx");
    let lines: Vec<String> = standard(LINES).lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["one", "two", "x"]);
    let mut copy = Vec::new();
    assert_eq!(io::copy(&mut standard(LINES), &mut copy).unwrap(), 9);
    assert_eq!(copy, b"one\ntwo\nx");
}

#[test]
fn peek_does_not_show_the_next_message() {
    assert_eq!(standard(LINES).peek(None).unwrap(), b"one\ntwo\nx");
}

#[test]
fn reads_after_close_are_empty() {
    let mut response = standard(LINES);
    response.close();
    assert!(response.closed() && response.isclosed());
    assert_eq!(response.read(None).unwrap(), b"");
    assert_eq!(response.read(5).unwrap(), b"");
    assert_eq!(response.readinto(&mut [0]).unwrap(), 0);
    assert_eq!(response.read1(None).unwrap(), b"");
    assert_eq!(response.peek(None).unwrap(), b"");
    assert_eq!(response.readline(None).unwrap(), b"");
    response.close();
}

type ReadAll = fn(&mut crate::support::Response<'_>) -> Result<(), HTTPException>;

/// Every way to read a body to its end.
const WAYS: [ReadAll; 7] = [
    |response| response.read(None).map(drop),
    |response| response.read(1000).map(drop),
    |response| until_empty(|| response.read(3).map(|bytes| bytes.len())),
    |response| until_empty(|| response.readinto(&mut [0; 3])),
    |response| until_empty(|| response.read1(3).map(|bytes| bytes.len())),
    |response| until_empty(|| response.readline(None).map(|line| line.len())),
    |response| response.drain(u64::MAX).map(drop),
];

fn until_empty(
    mut read: impl FnMut() -> Result<usize, HTTPException>,
) -> Result<(), HTTPException> {
    while read()? > 0 {}
    Ok(())
}

#[test]
fn every_read_reports_a_cut_body() {
    let sized = &b"HTTP/1.1 200 x\r\nContent-Length: 20\r\n\r\none\ntwo"[..];
    let chunked = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n14\r\none\ntwo";
    for (bytes, expected) in [(sized, Some(13)), (chunked, None)] {
        for read_all in WAYS {
            let mut response = standard(bytes);
            for _ in 0..2 {
                let error = read_all(&mut response).unwrap_err();
                let HTTPException::IncompleteRead(read) = error else {
                    panic!("{error}");
                };
                assert_eq!((read.got, read.expected), (7, expected));
                assert!(response.isclosed() && !response.is_complete());
            }
        }
        let error = io::copy(&mut standard(bytes), &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}

/// What was read of the chunk that is cut is part of `partial`.
#[test]
fn partial_holds_the_cut_chunk() {
    let bytes = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n5\r\ncd";
    let HTTPException::IncompleteRead(read) = standard(bytes).read(None).unwrap_err() else {
        panic!("the body is cut");
    };
    assert_eq!(read.partial, b"abcd");
}

/// The fault is told once it is met, and `isclosed` only then.
#[test]
fn a_fault_behind_the_data_is_not_hidden() {
    let bytes = b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n";
    let mut response = standard(bytes);
    assert_eq!(response.readinto(&mut [0; 2]).unwrap(), 2);
    assert!(!response.isclosed());
    assert!(matches!(
        response.read(2),
        Err(HTTPException::InvalidChunk { .. })
    ));
    assert!(response.isclosed());
    let mut response = standard(bytes);
    assert_eq!(response.read1(2).unwrap(), b"ab");
    assert!(!response.isclosed());
    assert!(matches!(
        response.read(2),
        Err(HTTPException::InvalidChunk { .. })
    ));
}

fn chunk_error(chunks: &str, tolerance: Tolerance) -> HTTPException {
    let head = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = format!("{head}{chunks}");
    answer(bytes.as_bytes(), "GET", tolerance)
        .unwrap()
        .read(None)
        .unwrap_err()
}

#[test]
fn trailer_limits() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let many = format!("0\r\n{}\r\n", "A: b\r\n".repeat(65));
        let error = chunk_error(&many, tolerance);
        let expected = Counted::Trailers;
        assert!(matches!(error, HTTPException::TooMany { what, limit: 64 } if what == expected));
        let large = format!("0\r\nA: {}\r\n\r\n", "b".repeat(16_384));
        let error = chunk_error(&large, tolerance);
        let expected = Measured::Trailers;
        assert!(
            matches!(error, HTTPException::TooLarge { what, limit: 16_384 } if what == expected)
        );
    }
    let head = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = format!("{head}0\r\nA: {}\r\n\r\n", "b".repeat(100));
    let limits = Limits::DEFAULT.with(|limits| limits.line = 50);
    let tolerance = Tolerance::STANDARD;
    let response = HTTPResponse::from_reader_with(bytes.as_bytes(), "GET", limits, tolerance);
    let error = response.unwrap().read(None).unwrap_err();
    let expected = LineKind::TrailerLine;
    assert!(matches!(error, HTTPException::LineTooLong { line, limit: 50 } if line == expected));
}

#[test]
fn limits_of_the_head() {
    let line = format!("HTTP/1.1 200 {}", "x".repeat(65_536 - 15));
    assert_eq!(standard(format!("{line}\r\n\r\n").as_bytes()).status(), 200);
    let error = refused(format!("{line}y\r\n\r\n").as_bytes(), Tolerance::STANDARD);
    let expected = LineKind::StatusLine;
    assert!(
        matches!(error, HTTPException::LineTooLong { line, limit: 65_536 } if line == expected)
    );
    let field = format!("A: {}\r\n", "x".repeat(60_000));
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", field.repeat(5));
    let error = refused(head.as_bytes(), Tolerance::STANDARD);
    let expected = Measured::Head;
    assert!(matches!(error, HTTPException::TooLarge { what, limit: 262_144 } if what == expected));
}

/// `http.client` loses the head's bytes and poisons the body's reader.
#[test]
fn timeouts_lose_nothing() {
    let pause = Duration::from_secs(8);
    let script = Script::new()
        .expect_head()
        .send("HTTP/1.1 200 OK\r\nConte")
        .wait(pause)
        .send("nt-Length: 4\r\n\r\nbo")
        .wait(pause)
        .send("dy");
    let peer = Peer::new([script]);
    let builder = HTTPConnection::builder("example.com").connector(peer.clone());
    let builder = builder.clock(peer.clone()).timeout(Duration::from_secs(5));
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::TimedOut {
            step: Step::ReadHead,
            ..
        }
    ));
    let mut response = conn.getresponse().unwrap();
    let mut body = [0; 4];
    assert_eq!(response.readinto(&mut body).unwrap(), 2);
    let error = response.readinto(&mut body[2..]).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::TimedOut {
            step: Step::ReadBody,
            ..
        }
    ));
    assert_eq!(response.readinto(&mut body[2..]).unwrap(), 2);
    assert_eq!(&body, b"body");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn response_members() {
    let mut response = standard(b"HTTP/1.0 404 Not Here\r\nA: b\r\na: c\r\n\r\nbody");
    assert_eq!(
        (response.status(), response.code(), response.getcode()),
        (404, 404, 404)
    );
    assert_eq!(
        (response.version(), response.http_version()),
        (10, HTTPVersion::Http10)
    );
    assert_eq!(
        (&*response.reason(), response.reason_bytes()),
        ("Not Here", &b"Not Here"[..])
    );
    assert_eq!(response.headers().len(), 2);
    assert_eq!((response.msg().len(), response.info().len()), (2, 2));
    let all: Vec<_> = response.getheaders().collect();
    assert_eq!(all, [("A".into(), "b".into()), ("a".into(), "c".into())]);
    assert_eq!((response.length(), response.chunked()), (None, false));
    assert!(response.will_close() && response.readable());
    assert_eq!(response.geturl(), None);
    assert!(!response.closed());
    assert_eq!(response.read(None).unwrap(), b"body");
}

#[test]
fn a_response_can_outlive_the_call() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let peer = Peer::new([Script::answer(answer)]);
    let get = || {
        let mut conn = connection(&peer);
        conn.request("GET", "/", (), &[])?;
        conn.into_response()
    };
    assert_eq!(get().unwrap().read(None).unwrap(), b"hi");
}

#[test]
fn parse_headers_stops_behind_the_empty_line() {
    let mut bytes = &b"A: b\r\nC: d\r\n\r\nbody"[..];
    assert_eq!(parse_headers(&mut bytes).unwrap().len(), 2);
    assert_eq!(bytes, b"body");
    let cut = parse_headers(&b"A: b\r\nC"[..]);
    assert!(matches!(cut, Err(HTTPException::IncompleteRead(_))));
}

/// As `http.client` does, where the end of the reader ends a head.
#[test]
fn parse_headers_may_end_with_its_reader() {
    let parse = |bytes: &str| {
        let (limits, tolerance) = (Limits::DEFAULT, Tolerance::HTTP_CLIENT);
        let mut reader = BufReader::with_capacity(3, bytes.as_bytes());
        let headers = parse_headers_with(&mut reader, limits, tolerance).unwrap();
        assert!(reader.fill_buf().unwrap().is_empty());
        let items = headers.items();
        items
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(parse("A: b\r\nC: d"), ["A=b", "C=d"]);
    assert_eq!(parse("A: b\r\nC: d\r\n"), ["A=b", "C=d"]);
    assert_eq!(parse("A: b\r\nC: d\r"), ["A=b", "C=d"]);
    assert_eq!(parse("A: b\nC"), ["A=b"]);
    assert_eq!(parse(""), [""; 0]);
}

fn message(fields: &[(&str, &str)]) -> HTTPMessage {
    let mut message = HTTPMessage::new();
    for (name, value) in fields {
        message.append(name, value);
    }
    message
}

#[test]
fn message_is_an_ordered_multimap() {
    let mut message = message(&[("A", "1"), ("B", "2"), ("a", "3")]);
    assert_eq!(message.get("a").unwrap(), "1");
    assert_eq!(message.get("C"), None);
    assert_eq!(message.get_all("A").collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(
        (message.len(), message.contains("b"), message.is_empty()),
        (3, true, false)
    );
    assert_eq!(message.keys().collect::<Vec<_>>(), ["A", "B", "a"]);
    assert_eq!(message.values().collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(message.replace_header("a", "4") && !message.replace_header("C", "x"));
    let items: Vec<_> = message.items().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(items, ["A=4", "B=2", "a=3"]);
    assert!(message.remove("a") && !message.remove("a"));
    assert_eq!(message.keys().collect::<Vec<_>>(), ["B"]);
    message.add_header("C", "v", &[("k", Some("x\"y")), ("flag", None)]);
    assert_eq!(message.get("c").unwrap(), r#"v; k="x\"y"; flag"#);
}

#[test]
fn message_content_type() {
    for (value, media_type, main, sub, charset) in [
        (None, "text/plain", "text", "plain", None),
        (
            Some("Text/HTML; Charset=\"UTF-8\""),
            "text/html",
            "text",
            "html",
            Some("utf-8"),
        ),
        (Some("text"), "text/plain", "text", "plain", None),
        (Some("text/"), "text/", "text", "", None),
        (Some("a/b/c"), "text/plain", "text", "plain", None),
        (Some("a/b; charset="), "a/b", "a", "b", Some("")),
    ] {
        let message = match value {
            Some(value) => message(&[("Content-Type", value)]),
            None => HTTPMessage::new(),
        };
        assert_eq!(message.get_content_type(), media_type);
        assert_eq!(message.get_content_maintype(), main);
        assert_eq!(message.get_content_subtype(), sub);
        assert_eq!(message.get_content_charset().as_deref(), charset);
    }
}

#[test]
fn message_params() {
    let value = "Form-Data; Name=\"a;b\"; flag; x*0*=utf-8''%C3%A9; x*1=\"!\"";
    let message = message(&[("Content-Disposition", value)]);
    let params = message.get_params("content-disposition").unwrap();
    let texts: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.text()))
        .collect();
    let expected = [
        ("Form-Data", ""),
        ("name", "a;b"),
        ("flag", ""),
        ("x", "\u{e9}!"),
    ];
    assert!(
        texts
            .iter()
            .map(|(name, text)| (*name, &**text))
            .eq(expected),
        "{texts:?}"
    );
    let encoded = message.get_param("X", "content-disposition").unwrap();
    assert_eq!(
        (encoded.charset(), encoded.language()),
        (Some("utf-8"), None)
    );
    assert_eq!(message.get_param("y", "content-disposition"), None);
    assert_eq!(message.get_params("x"), None);
    assert_eq!(
        message.get_content_disposition().as_deref(),
        Some("form-data")
    );
}

/// `filename*` wins, as RFC 6266 has it.
#[test]
fn message_filename() {
    let both = "attachment; filename=\"a.txt\"; filename*=utf-8''b.txt";
    assert_eq!(
        message(&[("Content-Disposition", both)])
            .get_filename()
            .unwrap(),
        "b.txt"
    );
    let name = message(&[("Content-Type", "a/b; name=\" c.txt \"")]);
    assert_eq!(name.get_filename().unwrap(), "c.txt");
    assert_eq!(HTTPMessage::new().get_filename(), None);
}

/// The leniencies of CPython that could put bytes of one exchange into another.
#[test]
fn refused_under_every_tolerance() {
    let tolerance = Tolerance::HTTP_CLIENT;
    for head in [
        "HTTP/1.1 200 OK\rA: b\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: x\rContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
    ] {
        assert!(
            refused(head.as_bytes(), tolerance).is_protocol_error(),
            "{head:?}"
        );
    }
    for line in ["A: x\rB: y", "A: x\0y"] {
        let head = format!("HTTP/1.1 200 OK\r\n{line}\r\nC: z\r\n\r\n");
        let response = lenient(head.as_bytes());
        assert_eq!(response.headers().keys().collect::<Vec<_>>(), ["C"]);
        assert!(response.forgiven().contains(Forgiven::MalformedField));
        let error = refused(head.as_bytes(), Tolerance::STANDARD);
        assert!(matches!(error, HTTPException::InvalidHeader { .. }));
    }
    for number in ["+5", "0x5", "5_0"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {number}\r\n\r\n");
        let response = lenient(head.as_bytes());
        assert_eq!(
            response.close_reason(),
            Some(CloseReason::FaultyFraming),
            "{number}"
        );
    }
    for chunks in [
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "1_0\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
    ] {
        let error = chunk_error(chunks, tolerance);
        assert!(
            matches!(error, HTTPException::InvalidChunk { .. }),
            "{chunks:?}"
        );
    }
}

/// Bytes behind a response that nobody asked for are not the answer to the next request.
#[test]
fn unsolicited_bytes_are_no_answer() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let script = Script::new()
        .expect_head()
        .send(format!("{answer}HTTP/1.1 666 x\r\n\r\n"));
    let peer = Peer::new([script, Script::answer(answer).end(Ending::Silence)]);
    let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
    conn.request("GET", "/", (), &[]).unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(response.close_reason(), Some(CloseReason::UnsolicitedData));
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

/// A response whose request went another way.
#[test]
fn answer_to_a_known_request() {
    let request = RequestContext::default().with(|request| request.connect = true);
    let bytes = &b"HTTP/1.1 200 OK\r\n\r\nraw"[..];
    let (limits, tolerance) = (Limits::DEFAULT, Tolerance::STANDARD);
    let response = HTTPResponse::answer_to(bytes, request, limits, tolerance).unwrap();
    assert_eq!(response.framing().unwrap().body, BodyLength::Switched);
    assert_eq!(response.into_inner().unwrap(), b"raw");
}

/// Nothing is known of the request, so that the answer to any may come.
#[test]
fn a_reader_may_switch_protocols() {
    let answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw";
    let mut response = HTTPResponse::from_reader(&answer[..], "GET").unwrap();
    assert_eq!((response.status(), response.chunked()), (101, false));
    assert_eq!(response.read(None).unwrap(), b"");
    assert_eq!(response.into_inner().unwrap(), b"raw");
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let response = HTTPResponse::from_reader(&chunked[..], "GET").unwrap();
    assert!(response.chunked());
}
