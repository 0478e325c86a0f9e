//! Proves what receiving promises when it is disturbed: a timeout keeps everything that came for
//! the same call made again, a dead peer is no timeout, no call succeeds after it has failed, and
//! an error comes through `std::io::Error` as it was.
#![allow(missing_docs)]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use stdhttp::proto::RequestContext;
use stdhttp::testing::{Ending, Peer, PeerStream, Script};
use stdhttp::{
    Body, Counted, HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, Limits,
    OwnedResponse, PendingResponse, Ready, Step, Tolerance, Wire,
};

#[path = "support/random.rs"]
mod random;

use random::Random;

const SECOND: Duration = Duration::from_secs(1);

type Response = OwnedResponse<'static, Ready<PeerStream>>;

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

#[test]
fn consume_behind_close_takes_nothing_from_the_reader() {
    let mut bytes = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..];
    let mut response = HTTPResponse::from_reader(&mut bytes, "GET").unwrap();
    assert_eq!(response.fill_buf().unwrap(), b"hello");
    response.close();
    response.consume(5);
    drop(response);
    assert_eq!(bytes, b"hello");
}

/// Before the first look at it nothing of the body was shown.
#[test]
fn consume_before_anything_was_shown_takes_nothing_of_a_chunked_body() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut response = response(Script::new().expect_head().send(answer));
    response.consume(7);
    assert_eq!(response.read(None).unwrap(), b"hello");
}

/// Makes the call until time does not run out any more; how often it did.
fn patiently<T>(mut call: impl FnMut() -> Result<T, HTTPException>) -> (T, usize) {
    let mut timeouts = 0;
    loop {
        match call() {
            Err(error) if error.is_timeout() && timeouts < 1_000 => timeouts += 1,
            done => return (done.expect("no failure but timeouts"), timeouts),
        }
    }
}

/// A script that sends the body in these pieces, with a timeout before each.
fn stalling(framing: &str, pieces: &[&str]) -> Script {
    let chunked = framing.starts_with("Transfer-Encoding");
    let mut script = head(framing);
    for piece in pieces {
        let piece = match chunked {
            true => format!("{:x}\r\n{piece}\r\n", piece.len()),
            false => (*piece).to_owned(),
        };
        script = script.wait(2 * SECOND).send(piece);
    }
    let end = if chunked { "0\r\n\r\n" } else { "" };
    script.wait(2 * SECOND).send(end).end(Ending::Close)
}

const FRAMINGS: [&str; 3] = [
    "",
    "Content-Length: 10\r\n",
    "Transfer-Encoding: chunked\r\n",
];

#[test]
fn the_whole_rest_goes_on_after_a_timeout() {
    for framing in FRAMINGS {
        let mut response = response(stalling(framing, &["hello", "world"]));
        let error = response.read(None).unwrap_err();
        assert!(error.is_timeout());
        let error = response.read(None).unwrap_err();
        assert!(error.is_timeout());
        let (body, _) = patiently(|| response.read(None));
        assert_eq!(body, b"helloworld", "{framing}");
        assert!(response.is_complete());
        assert_eq!(response.read(None).unwrap(), b"");
    }
}

#[test]
fn a_sized_read_is_short_at_the_end_only() {
    for framing in FRAMINGS {
        let pieces = ["hell", "o", "worl", "d"];
        let mut response = response(stalling(framing, &pieces));
        let (body, timeouts) = patiently(|| response.read(7));
        assert_eq!((&body[..], timeouts), (&b"hellowo"[..], 3), "{framing}");
        let (body, _) = patiently(|| response.read(7));
        assert_eq!(body, b"rld", "{framing}");
        let (body, _) = patiently(|| response.read(7));
        assert_eq!(body, b"", "{framing}");
    }
}

/// What one call kept is the next bytes of every other, and is not counted as taken.
#[test]
fn what_a_timeout_kept_is_there_for_every_call() {
    let half = || {
        let mut response = response(stalling(FRAMINGS[1], &["hello", "\nwor", "d"]));
        assert!(response.read(8).unwrap_err().is_timeout());
        assert!(response.read(8).unwrap_err().is_timeout());
        assert_eq!(
            (response.length(), response.partial()),
            (Some(10), &b"hello"[..])
        );
        assert!(!response.isclosed() && !response.closed() && !response.is_complete());
        response
    };
    assert_eq!(half().read(2).unwrap(), b"he");
    assert_eq!(half().read1(2).unwrap(), b"he");
    assert_eq!(half().read1(None).unwrap(), b"hello");
    assert_eq!(half().peek(2).unwrap(), b"he");
    assert_eq!(half().fill_buf().unwrap(), b"hello");
    assert_eq!(half().readline(3).unwrap(), b"hel");
    let mut response = half();
    let mut buffer = [0; 3];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 3);
    assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
    assert_eq!((&buffer, response.length()), (b"lol", Some(5)));
    assert_eq!(response.readinto(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer, b"\nwo");
    let mut response = half();
    response.consume(3);
    response.consume(100);
    assert_eq!(response.readline(None).unwrap(), b"\n");
    let mut response = half();
    assert!(!response.drain(5).unwrap_or(false));
    assert_eq!(response.length(), Some(5));
    let mut response = half();
    response.close();
    assert_eq!(
        (response.read1(None).unwrap(), response.partial()),
        (vec![], &[][..])
    );
}

const EVENTS: &str = "data: 0\n\u{e4}\ndata: 1\ndata: 2\ndata: 3 of 5\nlast";

/// A stream of events that stops for longer than the read timeout at every byte.
fn events() -> Response {
    let script = EVENTS.as_bytes().iter().fold(head(""), |script, byte| {
        script.wait(3 * SECOND).send([*byte])
    });
    response(script.end(Ending::Close))
}

#[test]
fn a_stream_of_events_is_read_line_by_line() {
    let lines: Vec<&str> = EVENTS.split('\n').collect();
    let mut response = events();
    for line in &lines {
        let (came, _) = patiently(|| response.readline(None));
        assert_eq!(String::from_utf8(came).unwrap().trim_end(), *line);
    }
    assert_eq!(response.readline(None).unwrap(), b"");

    let mut came = Vec::new();
    for line in events().lines() {
        match line.map_err(HTTPException::from) {
            Err(error) => assert!(error.is_timeout(), "{error:?}"),
            Ok(line) => came.push(line),
        }
    }
    assert_eq!(came, lines);

    let (mut response, mut text, mut bytes) = (events(), String::new(), Vec::new());
    patiently(|| Ok(response.read_line(&mut text)?));
    patiently(|| Ok(response.read_until(b'1', &mut bytes)?));
    assert_eq!(
        (&text[..], &bytes[..]),
        ("data: 0\n", "\u{e4}\ndata: 1".as_bytes())
    );

    let mut came = Vec::new();
    for line in events().split(b'\n') {
        match line.map_err(HTTPException::from) {
            Err(error) => assert!(error.is_timeout(), "{error:?}"),
            Ok(line) => came.push(String::from_utf8(line).unwrap()),
        }
    }
    assert_eq!(came, lines);

    let (mut text, mut response) = (String::new(), events());
    let (count, _) = patiently(|| Ok(response.read_to_string(&mut text)?));
    assert_eq!((&text[..], count), (EVENTS, EVENTS.len()));

    let (mut response, mut block) = (events(), vec![0; EVENTS.len() - 4]);
    patiently(|| Ok(response.read_exact(&mut block)?));
    assert_eq!(block, &EVENTS.as_bytes()[..block.len()]);
    assert!(patiently(|| Ok(response.read_exact(&mut [0; 4])?)).1 > 0);
    let error = response.read_exact(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

/// As above over TCP, whose timeout is the system's: each event stops half-way until the client has
/// run out of time.
#[test]
fn a_stream_of_events_over_tcp_loses_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (ran_out, waits) = mpsc::channel();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = BufReader::new(socket.try_clone().unwrap());
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            request.read_line(&mut line).unwrap();
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        for event in 0..5 {
            while waits.try_recv().is_ok() {}
            socket.write_all(b"data: ").unwrap();
            waits.recv().unwrap();
            writeln!(socket, "{event}").unwrap();
        }
    });
    let builder = HTTPConnection::builder("127.0.0.1").port(address.port());
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/events", (), &[]).unwrap();
    conn.set_read_timeout(Some(Duration::from_millis(2)));
    let mut response = loop {
        match conn.getresponse() {
            Err(error) if error.is_timeout() => {}
            done => break done.unwrap(),
        }
    };
    let (mut lines, mut timeouts) = (Vec::new(), 0);
    while !response.closed() {
        match response.readline(None) {
            Ok(line) => lines.push(String::from_utf8(line).unwrap()),
            Err(error) => {
                assert!(error.is_timeout(), "{error:?}");
                timeouts += 1;
                let _ = ran_out.send(());
            }
        }
    }
    server.join().unwrap();
    let events = [
        "data: 0\n",
        "data: 1\n",
        "data: 2\n",
        "data: 3\n",
        "data: 4\n",
        "",
    ];
    assert_eq!(lines, events[..lines.len()]);
    assert!(lines.len() >= 5 && timeouts >= 5);
}

/// Calls drawn at random, of which any may run out of time and be followed by any other.
#[test]
fn no_byte_is_lost_or_moved_whatever_is_called() {
    let mut random = Random::new(8);
    for _ in 0..2_000 {
        let length = random.below(60);
        let body: Vec<u8> = (0..length).map(|_| *random.choose(b"ab\n")).collect();
        let mut pieces = Vec::new();
        let mut rest = std::str::from_utf8(&body).unwrap();
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(random.below(rest.len()) + 1);
            pieces.push(piece);
            rest = later;
        }
        let framings = [
            "".to_owned(),
            format!("Content-Length: {length}\r\n"),
            "Transfer-Encoding: chunked\r\n".to_owned(),
        ];
        let framing = random.choose(&framings).as_str();
        let mut response = response(stalling(framing, &pieces));
        let mut at = 0;
        for _ in 0..1_000 {
            if response.closed() {
                break;
            }
            at += call_at_random(&mut response, &mut random, &body[at..]);
        }
        assert_eq!(at, length, "not all of {body:?} came");
        assert!(response.is_complete() && response.partial().is_empty());
    }
}

/// One call; how many bytes of the rest it took, after a check that they are the right ones.
fn call_at_random(response: &mut Response, random: &mut Random, rest: &[u8]) -> usize {
    let n = random.below(20) + 1;
    let line = match rest.iter().position(|octet| *octet == b'\n') {
        Some(at) => at + 1,
        None => rest.len(),
    };
    let (result, exactly) = match random.below(8) {
        0 => (response.read(n), Some(n.min(rest.len()))),
        1 => (response.readline(n), Some(n.min(line))),
        2 => (response.readline(None), Some(line)),
        3 => (response.read1(n), None),
        4 => {
            let shown = response.peek(n).map(<[u8]>::to_vec);
            let count = shown
                .as_ref()
                .map_or(0, |shown| random.below(shown.len() + 1));
            response.consume(count);
            (
                shown.map(|mut shown| {
                    shown.truncate(count);
                    shown
                }),
                None,
            )
        }
        5 if n > 18 => (response.read(None), Some(rest.len())),
        6 if n <= rest.len() => {
            let mut block = vec![0; n];
            let done = response.read_exact(&mut block);
            (done.map(|()| block).map_err(HTTPException::from), Some(n))
        }
        _ => {
            let mut block = vec![0; n];
            let count = response.readinto(&mut block);
            (count.map(|count| block[..count].to_vec()), None)
        }
    };
    match result {
        Ok(came) => {
            assert!(rest.starts_with(&came), "{came:?} where {rest:?} is due");
            let due = exactly.unwrap_or(came.len());
            assert_eq!(came.len(), due, "{came:?} where {rest:?} is due");
            came.len()
        }
        Err(error) => {
            assert!(error.is_timeout(), "{error:?}");
            0
        }
    }
}

#[test]
fn what_a_timeout_kept_goes_with_the_response() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
    let next = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";
    let peer = Peer::new([
        Script::new()
            .expect_head()
            .send(half)
            .wait(9 * SECOND)
            .send("world"),
        Script::answer(next),
    ]);
    let builder = HTTPConnection::builder("example.org").connector(peer.clone());
    let builder = builder.clock(peer.clone()).read_timeout(SECOND);
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert!(response.read(None).unwrap_err().is_timeout());
    drop(response);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"next");
    assert_eq!(peer.calls().connects, 2);
}

/// The loop of `http.client`'s documentation, `while not r.closed: r.read(200)`.
#[test]
fn the_documented_loop_on_closed_ends() {
    let body = "x".repeat(600);
    let chunks = format!("258\r\n{body}\r\n0\r\n\r\n");
    let answers = [
        ("Content-Length: 600\r\n", &body[..]),
        ("Content-Length: 0\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", &chunks),
        ("", &body),
        ("", &body[..599]),
    ];
    for (framing, body) in answers {
        let mut response = response(head(framing).send(body).end(Ending::Close));
        let (mut calls, mut came) = (0, 0);
        while !response.closed() {
            came += response.read(200).unwrap().len();
            calls += 1;
            assert!(calls < 9, "{framing}");
        }
        assert!(response.isclosed() && response.is_complete());
        assert!(came >= body.len().min(599));
    }
    // A body that is cut is at its end, too, whether that is told or forgiven.
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let cut = head("Content-Length: 600\r\n").send("x".repeat(300));
        let mut response = response_with(cut.end(Ending::Close), tolerance);
        let mut calls = 0;
        while !response.closed() {
            let _ = response.read(200);
            calls += 1;
            assert!(calls < 9);
        }
        assert!(response.isclosed() && !response.is_complete());
    }
}

type Collect = fn(&mut Response) -> Result<Vec<u8>, HTTPException>;

/// CPython has `partial` for broken chunks; for the failures that carry none the response has it.
#[test]
fn what_a_failed_read_had_is_not_lost() {
    let broken = || {
        let script = head("Transfer-Encoding: chunked\r\n");
        response(script.send("5\r\nhello\r\n3\r\nwor\r\nxyz\r\n"))
    };
    let calls: [Collect; 3] = [
        |response| response.read(None),
        |response| response.read(100),
        |response| response.readline(None),
    ];
    for call in calls {
        let mut response = broken();
        match call(&mut response).unwrap_err() {
            HTTPException::InvalidChunk { partial, .. } => assert_eq!(partial, b"hellowor"),
            other => panic!("{other:?}"),
        }
        match call(&mut response).unwrap_err() {
            HTTPException::InvalidChunk { partial, .. } => assert_eq!(partial, b""),
            other => panic!("{other:?}"),
        }
    }
    for call in calls {
        let script = head("Content-Length: 100\r\n").send("hello");
        let mut response = response(script.fail(ErrorKind::HostUnreachable));
        assert!(matches!(call(&mut response), Err(HTTPException::Io { .. })));
        assert_eq!(response.partial(), b"hello");
        for call in CALLS {
            assert!(call.make(&mut response).is_err(), "{call:?}");
        }
        assert!(response.closed());
        assert_eq!(response.partial(), b"hello");
    }
    let mut text = Vec::new();
    let error = broken().read_until(b'!', &mut text).unwrap_err();
    assert!(matches!(error.into(), HTTPException::InvalidChunk { .. }));
    assert_eq!(text, b"hellowor");
}

/// An empty `Vec` is room, as its capacity says, not a buffer of no length.
#[test]
fn an_empty_vec_is_filled_up_to_its_capacity() {
    let mut response = response(head("Content-Length: 9\r\n").send("0123456789"));
    let mut room = Vec::with_capacity(4);
    let most = room.capacity();
    let count = response.read(&mut room).unwrap();
    assert!(count > 0 && count <= most);
    assert_eq!(room, &b"0123456789"[..count]);
    let mut none = Vec::new();
    assert_eq!(response.read(&mut none).unwrap(), 9 - count);
    assert_eq!(none, &b"012345678"[count..]);
    assert_eq!(response.read(&mut Vec::with_capacity(9)).unwrap(), 0);
}

/// A reader over a socket that does not block and has one byte at a time.
fn hesitant(answer: &str, end: Ending) -> BufReader<PeerStream> {
    let script = answer.bytes().fold(Script::new(), |script, byte| {
        script.fail(ErrorKind::WouldBlock).send([byte])
    });
    let script = script.fail(ErrorKind::WouldBlock).end(end);
    BufReader::with_capacity(16, PeerStream::new(script).unwrap())
}

fn pending(reader: BufReader<PeerStream>) -> PendingResponse<BufReader<PeerStream>> {
    let request = RequestContext::of_method("GET");
    PendingResponse::new(reader, request, Limits::DEFAULT, Tolerance::STANDARD)
}

fn would_block(error: &HTTPException, at: Step) -> bool {
    matches!(error, HTTPException::Io { error, step, .. }
        if error.kind() == ErrorKind::WouldBlock && *step == at)
}

/// Begins until the head is there; the failure, and how often there was nothing yet.
fn begin_patiently(
    pending: &mut PendingResponse<BufReader<PeerStream>>,
) -> (Option<HTTPException>, usize) {
    let mut pauses = 0;
    loop {
        match pending.begin().map(drop) {
            Err(error) if would_block(&error, Step::ReadHead) => pauses += 1,
            done => return (done.err(), pauses),
        }
    }
}

#[test]
fn a_reader_that_would_block_in_the_head_is_not_lost() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let answer = format!("{interim}{head}hello");
    let mut pending = pending(hesitant(&answer, Ending::Silence));
    let (failure, pauses) = begin_patiently(&mut pending);
    assert!(failure.is_none());
    assert_eq!(pauses, interim.len() + head.len());
    let mut response = pending.begin().unwrap();
    let mut pauses = 0;
    let body = loop {
        match response.read(None) {
            Err(error) if would_block(&error, Step::ReadBody) => pauses += 1,
            done => break done.unwrap(),
        }
    };
    assert_eq!((&body[..], pauses), (&b"hello"[..], 5));
    drop(response);
    assert!(pending.begin().unwrap().is_complete());
    assert!(pending.into_inner().buffer().is_empty());
}

type Expected = fn(&HTTPException) -> bool;

#[test]
fn a_failed_head_of_a_reader_fails_again() {
    let interims = "HTTP/1.1 100 Continue\r\n\r\n".repeat(Limits::DEFAULT.interim_responses + 1);
    let cases: [(&str, Expected); 4] = [
        ("HTTP/1.1 200 OK\r\n", |error| {
            matches!(error, HTTPException::IncompleteRead(_))
        }),
        ("SSH-2.0\r\n", |error| {
            matches!(error, HTTPException::BadStatusLine { .. })
        }),
        ("", |error| {
            matches!(error, HTTPException::RemoteDisconnected { .. })
        }),
        (&interims, |error| {
            matches!(
                error,
                HTTPException::TooMany {
                    what: Counted::InterimResponses,
                    ..
                }
            )
        }),
    ];
    for (answer, expected) in cases {
        let mut pending = pending(hesitant(answer, Ending::Close));
        let (failure, _) = begin_patiently(&mut pending);
        assert!(failure.is_some_and(|error| expected(&error) && !error.is_retryable()));
        for _ in 0..2 {
            assert!(
                expected(&pending.begin().map(drop).unwrap_err()),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_reader_that_failed_in_the_head_is_not_read_again() {
    let script = Script::new().send("HTTP/1.1 200 OK\r\n");
    let script = script.fail(ErrorKind::HostUnreachable).send("\r\n");
    let mut pending = pending(BufReader::new(PeerStream::new(script).unwrap()));
    for _ in 0..3 {
        let error = pending.begin().map(drop).unwrap_err();
        let HTTPException::Io { error, step, retry } = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            (error.kind(), step),
            (ErrorKind::HostUnreachable, Step::ReadHead)
        );
        assert!(!retry.is_safe());
    }
}

/// A response inside a response: the timeout of the outer one's stream is that of the inner one.
#[test]
fn a_timeout_comes_through_a_reader_that_is_a_response() {
    let inner = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
    let fields = format!("Content-Length: {}\r\n", inner.len());
    let script = inner
        .as_bytes()
        .chunks(9)
        .fold(head(&fields), |script, piece| {
            script.wait(3 * SECOND).send(piece)
        });
    let request = RequestContext::of_method("GET");
    let outer = response(script);
    let mut pending = PendingResponse::new(outer, request, Limits::DEFAULT, Tolerance::STANDARD);
    let mut pauses = 0;
    let body = loop {
        match pending.begin().and_then(|mut response| response.read(4)) {
            Err(HTTPException::Io { error, .. }) => {
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
                assert!(cause.is_some_and(HTTPException::is_timeout), "{error:?}");
                pauses += 1;
            }
            done => break done.unwrap(),
        }
    };
    assert_eq!(body, b"done");
    assert!(pauses > 5);
}

/// A reader that is interrupted before each of its reads.
struct Interrupted<R> {
    reader: R,
    next: bool,
}

impl<R> Interrupted<R> {
    fn meet(&mut self) -> io::Result<()> {
        self.next = !self.next;
        if self.next {
            return Err(ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Interrupted<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.meet()?;
        self.reader.read(output)
    }
}

impl<R: BufRead> BufRead for Interrupted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.reader.fill_buf()?.is_empty() {
            return Ok(&[]);
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }
}

#[test]
fn a_reader_that_is_interrupted_is_asked_again() {
    let body = vec![b'x'; 100_000];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), &body].concat();
    let source = Interrupted {
        reader: &answer[..],
        next: false,
    };
    // A `BufReader` passes on what its reader says.
    let mut response = HTTPResponse::from_reader(BufReader::new(source), "GET").unwrap();
    assert_eq!(response.read(1).unwrap(), b"x");
    assert_eq!(response.read(None).unwrap(), &body[1..]);
}

#[test]
fn a_reader_that_fails_ends_the_body() {
    let answer = &b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"[..];
    let failing = Broken(ErrorKind::InvalidData);
    // Behind the head the buffer is empty, so that large reads reach the reader itself.
    let source = BufReader::new(answer.chain(failing));
    let mut response = HTTPResponse::from_reader(source, "GET").unwrap();
    match response.readinto(&mut [0; 50_000]) {
        Err(HTTPException::Io { error, step, .. }) => {
            assert_eq!(
                (error.kind(), step),
                (ErrorKind::InvalidData, Step::ReadBody)
            );
        }
        other => panic!("{other:?}"),
    }
}

/// A reader that always fails so.
struct Broken(ErrorKind);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

#[test]
fn behind_a_failure_a_closed_response_is_empty() {
    let cut = || {
        let script = head("Content-Length: 9\r\n").send("hello");
        let mut response = response(script.end(Ending::Close));
        response.read(None).unwrap_err();
        response.close();
        response
    };
    assert_eq!(cut().read(None).unwrap(), b"");
    assert_eq!(cut().read(5).unwrap(), b"");
    assert_eq!(cut().read1(None).unwrap(), b"");
    assert_eq!(cut().peek(None).unwrap(), b"");
    assert_eq!(cut().readline(None).unwrap(), b"");
    assert_eq!(cut().readinto(&mut [0; 9]).unwrap(), 0);
}

/// Nothing more is read than what was asked for takes: it might never come.
#[test]
fn what_is_at_hand_is_not_waited_for() {
    let open = || response(head("Content-Length: 9\r\n").send("hello"));
    assert_eq!(open().readline(5).unwrap(), b"hello");
    assert_eq!(open().read(5).unwrap(), b"hello");
    let mut response = open();
    assert_eq!(response.read(5).unwrap(), b"hello");
    assert_eq!(response.readinto(&mut []).unwrap(), 0);
    assert_eq!(response.readline(0).unwrap(), b"");
    assert_eq!(response.read(0).unwrap(), b"");
    assert_eq!(response.read1(0).unwrap(), b"");
}
