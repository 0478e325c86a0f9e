//! The reading tests of BasicTest: status lines, sizes, chunks, ends and limits.
//!
//! `readinto` and `read1` return what is at hand, so a chunked body may take several calls where
//! `http.client` fills the buffer; `read(n)` returns n bytes or what is left, as it does there.
//! `closed()` is true at the end of the body, where CPython's tests have it false: there the loop
//! of the documentation never ends.

use std::io::{self, BufRead, BufReader, Read};

use stdhttp::{ChunkFault, Counted, Forgiven, HTTPException, HTTPResponse, IncompleteRead};
use stdhttp::{Limits, LineKind, Tolerance};

use crate::support::{answer, answering, connection, connection_with, lenient, refused, standard};

#[test]
fn basic_test_test_status_lines() {
    let mut response = standard(b"HTTP/1.1 200 Ok\r\n\r\nText");
    assert_eq!(response.read(0).unwrap(), b"");
    assert!(!response.isclosed() && !response.closed());
    assert_eq!(response.read(None).unwrap(), b"Text");
    assert!(response.isclosed() && response.closed());
    response.close();
    assert!(response.closed());
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let error = refused(b"HTTP/1.1 400.100 Not Ok\r\n\r\nText", tolerance);
        assert!(matches!(error, HTTPException::BadStatusLine { .. }));
    }
}

/// An empty line is skipped, unless the tolerance is `STRICT`.
#[test]
fn basic_test_test_bad_status_repr() {
    let error = refused(b"\r\nHTTP/1.1 200 Ok\r\n\r\n", Tolerance::STRICT);
    let HTTPException::BadStatusLine { line } = error else {
        panic!("{error}");
    };
    assert_eq!(line.as_bytes(), b"");
    assert_eq!(format!("{line:?}"), "\"\"");
}

const FOUR: &[u8] = b"HTTP/1.1 200 Ok\r\nContent-Length: 4\r\n\r\nText";
const UNSIZED: &[u8] = b"HTTP/1.1 200 Ok\r\n\r\nText";
const CUT: &[u8] = b"HTTP/1.1 200 Ok\r\nContent-Length: 10\r\n\r\nText";

#[test]
fn basic_test_test_partial_reads() {
    let mut response = standard(FOUR);
    assert_eq!(response.read(2).unwrap(), b"Te");
    assert!(!response.isclosed());
    assert_eq!(response.read(2).unwrap(), b"xt");
    assert!(response.isclosed() && response.closed());
    response.close();
    assert!(response.closed());
}

#[test]
fn basic_test_test_mixed_reads() {
    let mut response = standard(b"HTTP/1.1 200 Ok\r\nContent-Length: 13\r\n\r\nText\r\nAnother");
    assert_eq!(response.length(), Some(13));
    assert_eq!(response.readline(None).unwrap(), b"Text\r\n");
    assert_eq!(response.length(), Some(7));
    assert!(!response.isclosed());
    assert_eq!(response.read(None).unwrap(), b"Another");
    assert!(response.isclosed() && response.closed());
}

#[test]
fn basic_test_test_partial_readintos() {
    let mut response = standard(FOUR);
    let mut buffer = [0; 2];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
    assert_eq!(&buffer, b"Te");
    assert!(!response.isclosed());
    assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
    assert_eq!(&buffer, b"xt");
    assert!(response.isclosed() && response.closed());
    response.close();
    assert!(response.closed());
}

#[test]
fn basic_test_test_partial_reads_past_end() {
    let mut response = standard(FOUR);
    assert_eq!(response.read(10).unwrap(), b"Text");
    assert!(response.isclosed() && response.closed());
}

#[test]
fn basic_test_test_partial_readintos_past_end() {
    let mut response = standard(FOUR);
    let mut buffer = [0; 10];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"Text");
    assert!(response.isclosed() && response.closed());
}

#[test]
fn basic_test_test_partial_reads_no_content_length() {
    let mut response = standard(UNSIZED);
    assert_eq!(response.read(2).unwrap(), b"Te");
    assert_eq!(response.read(2).unwrap(), b"xt");
    assert!(!response.isclosed());
    assert_eq!(response.read(1).unwrap(), b"");
    assert!(response.isclosed());
}

#[test]
fn basic_test_test_partial_readintos_no_content_length() {
    let mut response = standard(UNSIZED);
    let mut buffer = [0; 2];
    for expected in [b"Te", b"xt"] {
        assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
        assert_eq!(&buffer, expected);
        assert!(!response.isclosed());
    }
    assert_eq!(response.readinto(&mut [0]).unwrap(), 0);
    assert!(response.isclosed());
}

fn incomplete(error: HTTPException) -> IncompleteRead {
    match error {
        HTTPException::IncompleteRead(read) => read,
        other => panic!("{other}"),
    }
}

/// The quiet end needs `Tolerance::HTTP_CLIENT`; otherwise it is the error that it is.
#[test]
fn basic_test_test_partial_reads_incomplete_body() {
    let mut response = lenient(CUT);
    assert_eq!(response.read(2).unwrap(), b"Te");
    assert_eq!(response.read(2).unwrap(), b"xt");
    assert!(!response.isclosed());
    assert_eq!(response.read(1).unwrap(), b"");
    assert!(response.isclosed() && !response.is_complete());
    assert!(response.forgiven().contains(Forgiven::QuietEnd));
    assert_eq!(response.read(1).unwrap(), b"");

    let mut response = standard(CUT);
    assert_eq!(response.read(4).unwrap(), b"Text");
    let read = incomplete(response.read(1).unwrap_err());
    assert_eq!((read.got, read.expected), (4, Some(6)));
}

#[test]
fn basic_test_test_partial_readintos_incomplete_body() {
    let mut buffer = [0; 2];
    let mut response = lenient(CUT);
    assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
    assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
    assert!(!response.isclosed());
    assert_eq!(response.readinto(&mut buffer).unwrap(), 0);
    assert!(response.isclosed() && !response.is_complete());

    let mut response = standard(CUT);
    assert_eq!(response.readinto(&mut [0; 10]).unwrap(), 4);
    let read = incomplete(response.readinto(&mut buffer).unwrap_err());
    assert_eq!((read.got, read.expected), (4, Some(6)));
}

/// Of `Set-Cookie`, whose values hold commas, `getheader` gives the first; `get_all` gives all.
#[test]
fn basic_test_test_response_headers() {
    let first = "Customer=\"WILE_E_COYOTE\"; Version=\"1\"";
    let second = "Part_Number=\"Rocket_Launcher_0001\"";
    let head = format!("HTTP/1.1 200 OK\r\nSet-Cookie: {first}\r\nSet-Cookie: {second}\r\n\r\n");
    let response = standard(head.as_bytes());
    assert_eq!(response.getheader("Set-Cookie").unwrap(), first);
    let all: Vec<_> = response.headers().get_all("set-cookie").collect();
    assert_eq!(all, [first, second]);
    let head = head.replace("Set-Cookie", "X");
    let response = standard(head.as_bytes());
    assert_eq!(
        response.getheader("x").unwrap(),
        format!("{first}, {second}")
    );
}

/// A reader that fails at its end instead of reporting it.
struct NoEnd(&'static [u8]);

impl Read for NoEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("read past the head")),
            count => Ok(count),
        }
    }
}

const HEAD_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 14432\r\n\r\n";

#[test]
fn basic_test_test_read_head() {
    let reader = BufReader::new(NoEnd(HEAD_ANSWER));
    let mut response = HTTPResponse::from_reader(reader, "HEAD").unwrap();
    assert_eq!(response.read(None).unwrap(), b"");
    let reader = BufReader::new(NoEnd(HEAD_ANSWER));
    let mut response = HTTPResponse::from_reader(reader, "GET").unwrap();
    assert!(matches!(response.read(None), Err(HTTPException::Io { .. })));
}

#[test]
fn basic_test_test_readinto_head() {
    let reader = BufReader::new(NoEnd(HEAD_ANSWER));
    let mut response = HTTPResponse::from_reader(reader, "HEAD").unwrap();
    let mut buffer = [7; 5];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 0);
    assert_eq!(buffer, [7; 5]);
}

/// The limit is 256 lines, not 100.
#[test]
fn basic_test_test_too_many_headers() {
    let head = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "Name: value\r\n".repeat(count));
    assert_eq!(standard(head(256).as_bytes()).headers().len(), 256);
    let error = refused(head(257).as_bytes(), Tolerance::STANDARD);
    assert!(matches!(
        error,
        HTTPException::TooMany {
            what: Counted::Headers,
            limit: 256
        }
    ));
    let limits = Limits::DEFAULT.with(|limits| limits.headers = 100);
    let parse = |count| {
        let bytes = head(count);
        let tolerance = Tolerance::STANDARD;
        HTTPResponse::from_reader_with(bytes.as_bytes(), "GET", limits, tolerance).map(|_| ())
    };
    parse(100).unwrap();
    let error = parse(101).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::TooMany {
            what: Counted::Headers,
            limit: 100
        }
    ));
}

const CHUNKED_START: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    a\r\nhello worl\r\n3\r\nd! \r\n8\r\nand now \r\n22\r\nfor something completely different\r\n";
const DECODED: &[u8] = b"hello world! and now for something completely different";
const LAST: &str = "0\r\n";
const END: &str = "\r\n";

fn chunked(rest: &str) -> Vec<u8> {
    format!("{CHUNKED_START}{rest}").into_bytes()
}

#[test]
fn basic_test_test_chunked() {
    let whole = chunked("0\r\n\r\n");
    assert_eq!(standard(&whole).read(None).unwrap(), DECODED);
    assert_eq!(standard(&whole).read1(None).unwrap(), b"hello worl");
    for n in 1..12 {
        let mut response = standard(&whole);
        let pieces = [
            response.read(n).unwrap(),
            response.read(n).unwrap(),
            response.read(None).unwrap(),
        ];
        assert_eq!((pieces[0].len(), pieces[1].len()), (n, n));
        assert_eq!(pieces.concat(), DECODED);
        assert!(response.isclosed());
    }
    let cut = chunked("");
    let read = incomplete(standard(&cut).read(None).unwrap_err());
    assert_eq!(read.partial, DECODED);
    assert_eq!((read.got, read.expected), (DECODED.len() as u64, None));
    // What can be no chunk size is told apart from a size that is missing.
    let error = standard(&chunked("foo\r\n")).read(None).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::InvalidChunk {
            fault: ChunkFault::Size,
            ..
        }
    ));
}

/// Reads into `buffer` until it is full or the body is at its end.
fn fill(response: &mut crate::support::Response<'_>, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match response.readinto(&mut buffer[filled..]).unwrap() {
            0 => break,
            count => filled += count,
        }
    }
    filled
}

#[test]
fn basic_test_test_readinto_chunked() {
    let whole = chunked("0\r\n\r\n");
    let mut buffer = [0; 128];
    assert_eq!(fill(&mut standard(&whole), &mut buffer), DECODED.len());
    assert_eq!(&buffer[..DECODED.len()], DECODED);
    for n in 1..12 {
        let mut response = standard(&whole);
        let mut buffer = [0; 128];
        assert_eq!(fill(&mut response, &mut buffer[..n]), n);
        assert_eq!(fill(&mut response, &mut buffer[n..2 * n]), n);
        assert_eq!(
            fill(&mut response, &mut buffer[2 * n..]),
            DECODED.len() - 2 * n
        );
        assert_eq!(&buffer[..DECODED.len()], DECODED);
        assert!(response.isclosed());
    }
    let cut = chunked("");
    let mut response = standard(&cut);
    assert_eq!(response.readinto(&mut buffer).unwrap(), DECODED.len());
    let read = incomplete(response.readinto(&mut buffer).unwrap_err());
    assert_eq!((read.partial, read.got), (Vec::new(), DECODED.len() as u64));
    assert!(response.isclosed());
}

#[test]
fn basic_test_test_chunked_head() {
    let bytes = chunked("0\r\n\r\n");
    let mut response = answer(&bytes, "HEAD", Tolerance::STANDARD).unwrap();
    assert_eq!(response.read(None).unwrap(), b"");
    assert_eq!((response.status(), &*response.reason()), (200, "OK"));
    assert!(response.isclosed() && response.closed());
    response.close();
    assert!(response.closed());
}

#[test]
fn basic_test_test_readinto_chunked_head() {
    let bytes = chunked("0\r\n\r\n");
    let mut response = answer(&bytes, "HEAD", Tolerance::STANDARD).unwrap();
    let mut buffer = [7; 5];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 0);
    assert_eq!(buffer, [7; 5]);
    assert_eq!((response.status(), &*response.reason()), (200, "OK"));
    assert!(response.isclosed() && response.closed());
}

/// Needs `Tolerance::HTTP_CLIENT`.
#[test]
fn basic_test_test_negative_content_length() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nHello\r\n";
    let mut response = lenient(bytes);
    assert_eq!(response.read(None).unwrap(), b"Hello\r\n");
    assert!(response.isclosed());
    let error = refused(bytes, Tolerance::STANDARD);
    assert!(matches!(error, HTTPException::InvalidContentLength { .. }));
}

/// Reading the whole is never quiet.
#[test]
fn basic_test_test_incomplete_read() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nHello\r\n";
    for mut response in [standard(bytes), lenient(bytes)] {
        let error = response.read(None).unwrap_err();
        let text = "incomplete body: 7 bytes read, 3 more expected";
        assert_eq!(error.to_string(), text);
        let read = incomplete(error);
        let partial = b"Hello\r\n".to_vec();
        assert_eq!((read.partial, read.expected), (partial, Some(3)));
        assert!(response.isclosed());
    }
}

#[test]
fn basic_test_test_overflowing_status_line() {
    let line = format!("HTTP/1.1 200 Ok{}\r\n\r\n", "k".repeat(65_536));
    let error = refused(line.as_bytes(), Tolerance::STANDARD);
    let expected = LineKind::StatusLine;
    assert!(
        matches!(error, HTTPException::LineTooLong { line, limit: 65_536 } if line == expected)
    );
}

#[test]
fn basic_test_test_overflowing_header_line() {
    let head = format!(
        "HTTP/1.1 200 OK\r\nX-Foo: bar{}\r\n\r\n",
        "r".repeat(65_536)
    );
    let error = refused(head.as_bytes(), Tolerance::STANDARD);
    let expected = LineKind::HeaderLine;
    assert!(
        matches!(error, HTTPException::LineTooLong { line, limit: 65_536 } if line == expected)
    );
}

/// Lines that are no fields are counted, too, where they are skipped at all.
#[test]
fn basic_test_test_overflowing_header_limit_after_100() {
    let bytes = format!("HTTP/1.1 100 OK\r\n{}", "r\n".repeat(32_768));
    let error = refused(bytes.as_bytes(), Tolerance::HTTP_CLIENT);
    assert!(matches!(
        error,
        HTTPException::TooMany {
            what: Counted::Headers,
            ..
        }
    ));
    let error = refused(bytes.as_bytes(), Tolerance::STANDARD);
    assert!(matches!(error, HTTPException::InvalidHeader { .. }));
}

/// The limit of these lines is 4,096 bytes.
#[test]
fn basic_test_test_overflowing_chunked_line() {
    let zeros = "0".repeat(65_536);
    let bytes = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{zeros}a\r\nhello world\r\n0\r\n\r\n"
    );
    let error = standard(bytes.as_bytes()).read(None).unwrap_err();
    let expected = LineKind::ChunkSize;
    assert!(matches!(error, HTTPException::LineTooLong { line, limit: 4_096 } if line == expected));
}

/// Needs `Tolerance::HTTP_CLIENT`.
#[test]
fn basic_test_test_early_eof() {
    let mut response = lenient(b"HTTP/1.1 200 Ok");
    assert_eq!(response.read(None).unwrap(), b"");
    assert!(response.isclosed() && response.closed());
    let error = refused(b"HTTP/1.1 200 Ok", Tolerance::STANDARD);
    assert!(matches!(error, HTTPException::IncompleteRead(_)));
}

#[test]
fn basic_test_test_error_leak() {
    let peer = answering("Invalid status line\r\n");
    let mut conn = connection(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(peer.calls().open, 1);
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(matches!(error, HTTPException::BadStatusLine { .. }));
    assert!(!conn.is_connected());
    assert_eq!(peer.calls().open, 0);
}

#[test]
fn basic_test_test_chunked_extension() {
    let bytes = chunked("a;name=value\r\nhello worl\r\n0;last\r\n\r\n");
    let mut response = standard(&bytes);
    assert_eq!(
        response.read(None).unwrap(),
        [DECODED, b"hello worl"].concat()
    );
    assert!(response.is_complete());
}

/// Needs `Tolerance::HTTP_CLIENT`.
#[test]
fn basic_test_test_chunked_missing_end() {
    let bytes = chunked(LAST);
    let mut response = lenient(&bytes);
    assert_eq!(response.read(None).unwrap(), DECODED);
    assert!(response.forgiven().contains(Forgiven::MissingFinalCrlf));
    assert_eq!(
        incomplete(standard(&bytes).read(None).unwrap_err()).partial,
        DECODED
    );
}

const TRAILERS: &str = "X-Dummy: foo\r\nX-Dumm2: bar\r\n";

/// The trailers are not lost.
#[test]
fn basic_test_test_chunked_trailers() {
    let bytes = chunked(&[LAST, TRAILERS, END].concat());
    let mut response = standard(&bytes);
    assert_eq!(response.trailers().map(|trailers| trailers.len()), None);
    assert_eq!(response.read(None).unwrap(), DECODED);
    assert_eq!(response.trailers().unwrap().get("x-dumm2").unwrap(), "bar");
    assert_eq!(response.headers().get("x-dumm2"), None);
    assert_eq!(response.into_inner().unwrap(), b"");
}

#[test]
fn basic_test_test_chunked_sync() {
    let bytes = chunked(&[LAST, TRAILERS, END, "extradata"].concat());
    let mut response = standard(&bytes);
    assert_eq!(response.read(None).unwrap(), DECODED);
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

const TEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789extradata";

#[test]
fn basic_test_test_content_length_sync() {
    let mut response = standard(TEN);
    assert_eq!(response.read(None).unwrap(), b"0123456789");
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

#[test]
fn basic_test_test_readlines_content_length() {
    let mut response = standard(TEN);
    let lines: io::Result<Vec<String>> = BufRead::lines(&mut response).collect();
    assert_eq!(lines.unwrap(), ["0123456789"]);
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

#[test]
fn basic_test_test_read1_content_length() {
    let mut response = standard(TEN);
    assert_eq!(response.read1(2000).unwrap(), b"0123456789");
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

#[test]
fn basic_test_test_readline_bound_content_length() {
    let mut response = standard(TEN);
    assert_eq!(response.readline(10).unwrap(), b"0123456789");
    assert_eq!(response.readline(10).unwrap(), b"");
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

#[test]
fn basic_test_test_read1_bound_content_length() {
    let digits = "0123456789".repeat(3);
    let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{digits}extradata");
    let mut response = standard(bytes.as_bytes());
    assert_eq!(response.read1(20).unwrap(), &digits.as_bytes()[..20]);
    assert_eq!(response.read(None).unwrap(), &digits.as_bytes()[20..]);
    assert_eq!(response.into_inner().unwrap(), b"extradata");
}

/// A length that does not fit into 64 bits is refused with the head, under every tolerance.
#[test]
fn basic_test_test_large_content_length_truncated() {
    for power in 18..64 {
        let declared = 1_u64 << power;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {declared}\r\n\r\nText");
        for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
            let mut conn = connection_with(&answering(&head), tolerance);
            conn.request("GET", "/", (), &[]).unwrap();
            let read = incomplete(conn.getresponse().unwrap().read(None).unwrap_err());
            assert_eq!(read.partial, b"Text");
            assert!(read.partial.capacity() < 1 << 20);
            assert_eq!(read.expected, Some(declared - 4));
        }
    }
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nText";
        let error = refused(head, tolerance);
        assert!(matches!(error, HTTPException::InvalidContentLength { .. }));
    }
}
