//! Proves what receiving promises when it is disturbed: a timeout keeps everything that came for
//! the same call made again, a dead peer is no timeout, no call succeeds after it has failed, and
//! an error comes through `std::io::Error` as it was.
#![allow(missing_docs)]

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::time::Duration;

use stdhttp::testing::{Ending, Peer, PeerStream, Script};
use stdhttp::{
    Body, HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, Ready, Step, Tolerance, Wire,
};

const SECOND: Duration = Duration::from_secs(1);

type Response = HTTPResponse<'static, Wire<PeerStream>>;

/// The response to a GET with such a script, with a read timeout of a second.
fn response(script: Script) -> Response {
    response_with(script, Tolerance::STANDARD)
}

fn response_with(script: Script, tolerance: Tolerance) -> Response {
    let stream = PeerStream::new(script).expect("a stream");
    let builder = HTTPConnection::builder("example.org").stream(stream);
    let builder = builder.read_timeout(SECOND).tolerance(tolerance);
    let mut conn: HTTPConnection<Ready<PeerStream>> = builder.build().expect("a connection");
    conn.request("GET", "/", (), &[]).expect("a request");
    conn.into_response().expect("a response")
}

fn head(fields: &str) -> Script {
    let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    Script::new().expect_head().send(head)
}

/// The calls that read; each reports a failure as the crate's error, whatever way it came.
#[derive(Clone, Copy, Debug)]
enum Call {
    ReadAll,
    ReadSome,
    Readinto,
    Read1,
    Peek,
    Readline,
    Drain,
    IoRead,
    IoReadToEnd,
    IoReadToString,
    IoReadExact,
    IoFillBuf,
    IoReadLine,
    IoReadUntil,
}

const CALLS: [Call; 14] = [
    Call::ReadAll,
    Call::ReadSome,
    Call::Readinto,
    Call::Read1,
    Call::Peek,
    Call::Readline,
    Call::Drain,
    Call::IoRead,
    Call::IoReadToEnd,
    Call::IoReadToString,
    Call::IoReadExact,
    Call::IoFillBuf,
    Call::IoReadLine,
    Call::IoReadUntil,
];

impl Call {
    /// Makes the call, asking for more than comes.
    fn make(self, response: &mut Response) -> Result<(), HTTPException> {
        let mut buffer = [0; 100];
        match self {
            Self::ReadAll => response.read(None).map(drop)?,
            Self::ReadSome => response.read(100).map(drop)?,
            Self::Readinto => response.readinto(&mut buffer).map(drop)?,
            Self::Read1 => response.read1(None).map(drop)?,
            Self::Peek => response.peek(None).map(drop)?,
            Self::Readline => response.readline(None).map(drop)?,
            Self::Drain => response.drain(100).map(drop)?,
            Self::IoRead => Read::read(response, &mut buffer).map(drop)?,
            Self::IoReadToEnd => response.read_to_end(&mut Vec::new()).map(drop)?,
            Self::IoReadToString => response.read_to_string(&mut String::new()).map(drop)?,
            Self::IoReadExact => response.read_exact(&mut buffer)?,
            Self::IoFillBuf => response.fill_buf().map(drop)?,
            Self::IoReadLine => response.read_line(&mut String::new()).map(drop)?,
            Self::IoReadUntil => response.read_until(b'\n', &mut Vec::new()).map(drop)?,
        }
        Ok(())
    }
}

/// Reads what there is with calls that hand out what is at hand, so that the next call of any
/// kind meets the fault itself.
fn read_what_came(response: &mut Response, count: usize) {
    let mut came = Vec::new();
    while came.len() < count {
        came.extend(response.read1(None).expect("what came"));
    }
}

#[test]
fn no_call_succeeds_after_it_has_failed() {
    let framings = [
        "",
        "Content-Length: 100\r\n",
        "Transfer-Encoding: chunked\r\n",
    ];
    let faults = [
        ErrorKind::TimedOut,
        ErrorKind::ConnectionReset,
        ErrorKind::UnexpectedEof,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkDown,
        ErrorKind::NotConnected,
        ErrorKind::InvalidData,
        ErrorKind::Other,
    ];
    let mut count = 0;
    for (framing, fault, call) in framings
        .into_iter()
        .flat_map(|framing| faults.map(|fault| (framing, fault)))
        .flat_map(|(framing, fault)| CALLS.map(|call| (framing, fault, call)))
    {
        if fault == ErrorKind::TimedOut && cfg!(windows) {
            continue;
        }
        for taken in [0, 4] {
            let body = if framing.starts_with('T') {
                "4\r\nhalf\r\n"
            } else {
                "half"
            };
            let script = head(framing).send(body).fail(fault).end(Ending::Close);
            let mut response = response(script);
            read_what_came(&mut response, taken);
            let what = format!("{framing:?} {fault:?} {call:?} behind {taken} bytes");
            // Some of the calls hand out what came before they meet the fault.
            let mut failed = false;
            for _ in 0..6 {
                match call.make(&mut response) {
                    Ok(()) => {
                        assert!(!failed, "{what}: success after failure");
                        if matches!(call, Call::Peek | Call::IoFillBuf) {
                            response.consume(100);
                        }
                    }
                    Err(error) => {
                        assert!(!error.is_timeout(), "{what}: {error:?}");
                        assert!(!error.is_retryable(), "{what}: {error:?}");
                        failed = true;
                    }
                }
            }
            assert!(failed, "{what}: no failure");
            assert!(!response.is_complete(), "{what}");
            assert_eq!(response.read(None).map_err(drop), Err(()), "{what}");
            count += 1;
        }
    }
    assert!(count >= 600);
}

/// `ETIMEDOUT`, which a socket reports when keepalive or retransmission gave up.
#[cfg(not(windows))]
#[test]
fn a_dead_peer_is_no_timeout() {
    let script = head("").send("half").fail(ErrorKind::TimedOut);
    let mut in_body = response(script.end(Ending::Close));
    for _ in 0..3 {
        let error = in_body.read(None).unwrap_err();
        let HTTPException::Io { error, step, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((error.kind(), step), (ErrorKind::TimedOut, Step::ReadBody));
    }

    let in_head = Script::new().expect_head().fail(ErrorKind::TimedOut);
    let peer = Peer::new([in_head.send("HTTP/1.1 200 OK\r\n\r\n")]);
    let builder = HTTPConnection::builder("example.org").connector(peer);
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(
        matches!(error, HTTPException::Io { step, .. } if step == Step::ReadHead),
        "{error:?}"
    );
    assert!(!conn.is_connected());
    assert!(conn.getresponse().is_err());
}

/// A timeout of the stream's own is one, whatever layer it comes through.
#[test]
fn a_timeout_of_the_stream_is_resumed() {
    for call in CALLS {
        let script = head("Content-Length: 100\r\n").wait(2 * SECOND);
        let mut response = response(script.send("x\n".repeat(50)));
        let error = call.make(&mut response).unwrap_err();
        assert!(error.is_timeout(), "{call:?}: {error:?}");
        let again = call.make(&mut response);
        assert!(again.is_ok(), "{call:?}: {again:?}");
    }
}

fn cut_body() -> Response {
    response(
        head("Content-Length: 10\r\n")
            .send("half")
            .end(Ending::Close),
    )
}

#[test]
fn an_error_comes_through_io_as_it_was() {
    fn read_to_end() -> Result<Vec<u8>, HTTPException> {
        let mut body = Vec::new();
        cut_body().read_to_end(&mut body)?;
        Ok(body)
    }
    let error = read_to_end().unwrap_err();
    let HTTPException::IncompleteRead(IncompleteRead { got, expected, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!((got, expected), (4, Some(6)));

    // Twice over, and kind and text are there for those who look at no more.
    let error = io::Error::from(cut_body().read(None).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let error = io::Error::from(HTTPException::from(error));
    assert_eq!(
        error.to_string(),
        "incomplete body: 4 bytes read, 6 more expected"
    );
    assert!(matches!(
        HTTPException::from(error),
        HTTPException::IncompleteRead(read) if read.partial == b"half"
    ));
}

#[test]
fn an_error_of_the_stream_keeps_step_and_verdict() {
    let script = head("Content-Length: 10\r\n").fail(ErrorKind::HostUnreachable);
    let mut response = response(script);
    let before = response.read(None).unwrap_err();
    let out = io::Error::from(response.read(None).unwrap_err());
    assert_eq!(out.kind(), ErrorKind::HostUnreachable);
    let back = HTTPException::from(out);
    let HTTPException::Io { error, step, retry } = &back else {
        panic!("{back:?}");
    };
    assert_eq!(error.kind(), ErrorKind::HostUnreachable);
    assert_eq!((*step, Some(*retry)), (Step::ReadBody, before.retry()));
    assert!(retry.written && retry.answered);
    assert!(back.is_network_error() && !back.is_retryable());
}

#[test]
fn an_error_from_elsewhere_says_nothing_of_the_exchange() {
    let foreign = [
        io::Error::from(ErrorKind::StorageFull),
        std::fs::File::open("/nonexistent/file").unwrap_err(),
        io::Error::from(ErrorKind::ConnectionReset),
        io::Error::other("something else"),
    ];
    for error in foreign {
        let (text, code) = (error.to_string(), error.raw_os_error());
        let error = HTTPException::from(error);
        assert!(matches!(error, HTTPException::Io { step, .. } if step == Step::Other));
        assert!(!error.is_retryable() && error.retry().is_none(), "{error}");
        assert!(!error.is_network_error(), "{error}");
        assert!(!error.is_protocol_error() && !error.is_caller_error());
        assert_eq!(error.to_string(), text);
        let back = io::Error::from(error);
        assert_eq!((back.to_string(), back.raw_os_error()), (text, code));
    }
}

/// A disk without room.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Take = fn(&mut HTTPResponse<'_, Wire<PeerStream>>) -> Result<(), HTTPException>;

/// The answer is cut, the disk is full, a file is missing: the POST was executed all the same.
#[test]
fn a_loop_on_is_retryable_sends_a_post_once() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhalf";
    let takes: [(&str, Take); 4] = [
        (cut, |response| {
            Ok(response.read_to_end(&mut Vec::new()).map(drop)?)
        }),
        (cut, |response| {
            Ok(io::copy(response, &mut io::sink()).map(drop)?)
        }),
        (whole, |response| {
            Ok(io::copy(response, &mut Full).map(drop)?)
        }),
        (whole, |_| {
            Ok(std::fs::File::create("/nonexistent/file").map(drop)?)
        }),
    ];
    for (answer, take) in takes {
        let script = Script::new().expect_head().expect("data").send(answer);
        let peer = Peer::new(vec![script.end(Ending::Close); 4]);
        let builder = HTTPConnection::builder("example.org").connector(peer.clone());
        let mut conn = builder.build().unwrap();
        let mut post = || {
            conn.request("POST", "/", "data", &[])?;
            take(&mut conn.getresponse()?)
        };
        let mut attempts = 0;
        let error = loop {
            attempts += 1;
            match post() {
                Err(error) if error.is_retryable() && attempts < 4 => {}
                done => break done.unwrap_err(),
            }
        };
        assert_eq!((attempts, peer.calls().connects), (1, 1), "{error:?}");
    }
}

/// The caller's own reader or file failed: sending again would not mend it.
#[test]
fn a_failing_source_is_not_retryable() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([Script::new().expect_head().send(ok)]);
    let builder = HTTPConnection::builder("example.org").connector(peer);
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let error = conn.request("PUT", "/", Body::reader(Broken), &[]);
    let error = error.unwrap_err();
    assert!(error.is_source_error() && !error.is_network_error());
    assert!(!error.is_retryable(), "{error:?}");
}

/// Of what follows the body nothing is taken, however much a caller claims to have used.
#[test]
fn consume_takes_no_more_than_was_shown() {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nnext";
    let sized = "Content-Length: 5\r\n\r\nhellonext";
    for answer in [chunked, sized] {
        let mut bytes = io::Cursor::new(format!("HTTP/1.1 200 OK\r\n{answer}"));
        let mut response = HTTPResponse::from_reader(&mut bytes, "GET").unwrap();
        response.consume(0);
        let mut body = Vec::new();
        loop {
            let shown = response.fill_buf().unwrap().to_vec();
            if shown.is_empty() {
                break;
            }
            body.extend(shown);
            response.consume(usize::MAX);
        }
        assert_eq!(body, b"hello", "{answer}");
        assert!(response.is_complete());
        let (at, all) = (bytes.position(), bytes.get_ref().len());
        assert_eq!(usize::try_from(at).unwrap(), all - 4);
    }
}

/// Before the first look at it nothing of the body was shown.
#[test]
fn consume_before_anything_was_shown_takes_nothing_of_a_chunked_body() {
    let script = head("Transfer-Encoding: chunked\r\n");
    let mut response = response(script.send("5\r\nhello\r\n0\r\n\r\n"));
    response.consume(7);
    assert_eq!(response.read(None).unwrap(), b"hello");
}
