//! Proves the behaviour of a connection over its life: every failure leaves it usable or closed, a
//! half-read response never desynchronises it, timeouts lose nothing, deadlines are exact, nothing
//! of an abandoned or refused request is ever written.
#![allow(missing_docs)]

use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::testing::{Call, Ending, Fault, Peer, PeerStream, Script};
use stdhttp::{
    Body, BodyFault, Builder, CloseReason, Connect, ConnectionState, Continue, End, HTTPConnection,
    HTTPException, HTTPVersion, ImproperConnectionState, MessagePart, Route, Skip, StaleCheck,
    Step, Stream, Tolerance, UnimplementedFileMode, UrlPart, Values,
};

const HI: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const YO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nyo";
const SECOND: Duration = Duration::from_secs(1);

/// A peer that waits for a head and sends these bytes.
fn answers(bytes: &[u8]) -> Script {
    Script::new().expect_head().send(bytes)
}

fn builder(peer: &Peer) -> Builder<Peer> {
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    builder.clock(peer.clone())
}

fn connect(peer: &Peer) -> HTTPConnection<Peer> {
    builder(peer).build().unwrap()
}

fn get(conn: &mut HTTPConnection<Peer>) -> Result<Vec<u8>, HTTPException> {
    conn.request("GET", "/", (), &[])?;
    conn.getresponse()?.read(None)
}

/// The next request is answered with `yo`: the connection was left usable.
fn assert_usable(conn: &mut HTTPConnection<Peer>, what: &str) {
    assert_eq!(get(conn).expect(what), b"yo", "{what}");
}

fn is_timeout_at(error: &HTTPException, at: Step) -> bool {
    matches!(error, HTTPException::TimedOut { step, .. } if *step == at)
}

// Failures

#[test]
fn every_malformed_answer_closes_and_the_next_request_works() {
    let long = [b"HTTP/1.1 200 OK\r\nA: ", &[b'a'; 70_000][..]].concat();
    let many = [b"HTTP/1.1 200 OK\r\n", "A: b\r\n".repeat(300).as_bytes()].concat();
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(40);
    type Case<'a> = (&'a [u8], fn(&HTTPException) -> bool);
    let cases: [Case<'_>; 21] = [
        (b"ICY 200 OK\r\n\r\n", |e| {
            matches!(e, HTTPException::BadStatusLine { .. })
        }),
        (b"HTTP/1.1 20 OK\r\n\r\n", |e| {
            matches!(e, HTTPException::BadStatusLine { .. })
        }),
        (b"HTTP/2.0 200 OK\r\n\r\n", |e| {
            matches!(e, HTTPException::UnknownProtocol { .. })
        }),
        (b"HTTP/1.1 200 OK\r\nbad\r\n\r\n", |e| {
            matches!(e, HTTPException::InvalidHeader { .. })
        }),
        (b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n", |e| {
            matches!(e, HTTPException::InvalidHeader { .. })
        }),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", |e| {
            matches!(e, HTTPException::InvalidHeader { .. })
        }),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", |e| {
            matches!(e, HTTPException::InvalidContentLength { .. })
        }),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", |e| {
            matches!(e, HTTPException::UnknownTransferEncoding { .. })
        }),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            |e| matches!(e, HTTPException::ConflictingFraming),
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", |e| {
            matches!(e, HTTPException::UnexpectedUpgrade)
        }),
        (&long, |e| matches!(e, HTTPException::LineTooLong { .. })),
        (&many, |e| matches!(e, HTTPException::TooMany { .. })),
        (interim.as_bytes(), |e| {
            matches!(e, HTTPException::TooMany { .. })
        }),
        (b"", |e| {
            matches!(e, HTTPException::RemoteDisconnected { .. })
        }),
        (
            b"HTTP/1.1 200 OK\r\nA: b",
            |e| matches!(e, HTTPException::IncompleteRead(r) if r.part == MessagePart::Head),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            |e| matches!(e, HTTPException::IncompleteRead(r) if r.got == 2 && r.expected == Some(1)),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            |e| matches!(e, HTTPException::IncompleteRead(r) if r.got == 2),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX",
            |e| matches!(e, HTTPException::InvalidChunk { .. }),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            |e| matches!(e, HTTPException::InvalidChunk { .. }),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad\r\n\r\n",
            |e| matches!(e, HTTPException::InvalidHeader { .. }),
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            |e| matches!(e, HTTPException::RemoteDisconnected { retry } if retry.answered),
        ),
    ];
    for (answer, expected) in cases {
        let peer = Peer::new([Script::answer(answer), answers(YO)]);
        let mut conn = connect(&peer);
        let what = answer[..answer.len().min(60)].escape_ascii().to_string();
        let error = get(&mut conn).expect_err(&what);
        assert!(expected(&error), "{what}: {error:?}");
        assert!(!conn.is_connected(), "{what}");
        assert_eq!(conn.state(), ConnectionState::Idle, "{what}");
        assert!(!error.is_retryable(), "{what}");
        assert_usable(&mut conn, &what);
        assert_eq!(peer.calls().open, 1, "{what}");
    }
}

#[test]
fn a_failed_body_fails_again_and_gives_nothing_more() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    let peer = Peer::new([Script::answer(answer), answers(YO)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    let mut buffer = [0; 10];
    assert_eq!(response.readinto(&mut buffer).unwrap(), 3);
    for _ in 0..3 {
        let error = response.readinto(&mut buffer).unwrap_err();
        assert!(matches!(error, HTTPException::IncompleteRead(ref r) if r.got == 3));
        assert!(response.read(None).is_err() && response.read1(1).is_err());
        assert!(response.readline(None).is_err() && response.drain(99).is_err());
    }
    assert!(!response.is_complete());
    assert_usable(&mut conn, "after the failed body");
}

#[test]
fn how_the_stream_ended_is_told_apart() {
    let ends = [(Ending::Close, End::Closed), (Ending::Reset, End::Reset)];
    for (ending, end) in ends.into_iter().chain([(Ending::Truncate, End::Truncated)]) {
        let head = b"HTTP/1.1 200 OK\r\n\r\nabc";
        let peer = Peer::new([answers(head).end(ending), answers(YO)]);
        let mut conn = connect(&peer);
        match (get(&mut conn), ending) {
            (Ok(body), Ending::Close) => assert_eq!(body, b"abc"),
            (Err(HTTPException::IncompleteRead(read)), _) => {
                assert_eq!((read.end, read.partial.as_slice()), (end, &b"abc"[..]));
            }
            other => panic!("{other:?}"),
        }
        assert_usable(&mut conn, "after the end");
    }
}

#[test]
fn calls_at_the_wrong_time_change_nothing() {
    let peer = Peer::new([answers(HI).expect_head().send(YO)]);
    let mut conn = connect(&peer);
    let state = |error: HTTPException| match error {
        HTTPException::ImproperConnectionState(state) => state,
        other => panic!("{other:?}"),
    };
    use ConnectionState::{Idle, RequestSent, RequestStarted};
    use ImproperConnectionState::{CannotSendHeader, CannotSendRequest, ResponseNotReady};
    assert_eq!(
        state(conn.putheader("A", "b").unwrap_err()),
        CannotSendHeader(Idle)
    );
    assert_eq!(
        state(conn.endheaders().unwrap_err()),
        CannotSendHeader(Idle)
    );
    assert_eq!(
        state(conn.getresponse().unwrap_err()),
        ResponseNotReady(Idle)
    );
    conn.putrequest("GET", "/").unwrap();
    let error = conn.putrequest("GET", "/").unwrap_err();
    assert_eq!(state(error), CannotSendRequest(RequestStarted));
    assert_eq!(
        state(conn.getresponse().unwrap_err()),
        ResponseNotReady(RequestStarted)
    );
    assert_eq!(peer.calls().connects, 0);
    conn.endheaders().unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert_eq!(state(error), CannotSendRequest(RequestSent));
    assert_eq!(
        state(conn.putheader("A", "b").unwrap_err()),
        CannotSendHeader(RequestSent)
    );
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_usable(&mut conn, "after all of that");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn a_body_that_was_not_sent_to_its_end_is_no_request() {
    let peer = Peer::new([answers(b""), answers(b""), answers(YO)]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 5).unwrap();
    conn.endheaders().unwrap();
    conn.send(b"abc").unwrap();
    let error = conn.getresponse().unwrap_err();
    let is_mismatch = |error: &HTTPException| {
        matches!(
            error,
            HTTPException::BodyLengthMismatch {
                declared: 5,
                given: 3
            }
        )
    };
    assert!(is_mismatch(&error), "{error:?}");
    assert!(!conn.is_connected());
    let body = Body::sized(&b"abc"[..], 5);
    let error = conn.request("PUT", "/", body, &[]).unwrap_err();
    assert!(is_mismatch(&error), "{error:?}");
    assert!(!conn.is_connected());
    assert_usable(&mut conn, "after two short bodies");
}

#[test]
fn a_reader_that_fails_ends_the_request() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }
    let peer = Peer::new([Script::new(), answers(YO)]);
    let mut conn = connect(&peer);
    let error = conn
        .request("PUT", "/", Body::sized(Failing, 5), &[])
        .unwrap_err();
    let HTTPException::Io {
        error: ref cause,
        retry,
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(cause.kind(), ErrorKind::PermissionDenied);
    assert!(retry.written && !error.is_retryable());
    assert!(!conn.is_connected());
    assert_usable(&mut conn, "after the failed reader");
}

// Half-read responses

#[test]
fn dropping_a_half_read_response_never_desynchronises() {
    let bodies: [(&str, usize); 4] = [
        ("Content-Length: 6\r\n\r\nabcdef", 6),
        (
            "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4;x\r\ncdef\r\n0\r\nT: u\r\n\r\n",
            6,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
            3,
        ),
        ("Content-Length: 0\r\n\r\n", 0),
    ];
    let mut reused = 0;
    for (rest, length) in bodies {
        let answer = format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes();
        for cut in 0..=answer.len() {
            for read in 0..=length {
                reused += drop_after(&answer, cut, read);
            }
        }
    }
    assert!(reused > 100, "{reused}");
}

/// Reads so many octets of an answer that comes in two pieces, drops it, and makes the next
/// request; 1 if that went over the same connection.
fn drop_after(answer: &[u8], cut: usize, read: usize) -> usize {
    let (now, later) = answer.split_at(cut);
    let first = Script::new().expect_head().send(now).send(later);
    let peer = Peer::new([first.expect_head().send(YO), answers(YO)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    for _ in 0..read {
        assert_eq!(response.readinto(&mut [0]).unwrap(), 1);
    }
    assert_usable(&mut conn, "after a dropped response");
    assert_eq!(peer.calls().open, 1);
    2 - peer.calls().connects
}

#[test]
fn close_of_a_half_read_response_closes_the_connection() {
    let peer = Peer::new([answers(HI), answers(YO)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    response.close();
    assert!(response.isclosed() && response.closed());
    assert_eq!(response.read(None).unwrap(), b"");
    assert!(!conn.is_connected());
    assert_eq!(conn.close_reason(), Some(CloseReason::ResponseIncomplete));
    assert_usable(&mut conn, "after close");
}

#[test]
fn drain_saves_the_connection() {
    let peer = Peer::new([Script::new()
        .expect_head()
        .send_pieces(HI, &[1])
        .expect_head()
        .send(YO)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(conn.getresponse().unwrap().drain(2).unwrap());
    assert_usable(&mut conn, "after drain");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn bytes_behind_an_answer_are_never_the_next_answer() {
    let evil = [HI, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"].concat();
    for cut in HI.len()..evil.len() {
        let (now, later) = evil.split_at(cut);
        let script = answers(now).send(later);
        let peer = Peer::new([script, answers(YO)]);
        let mut conn = builder(&peer)
            .stale_check(StaleCheck::Always)
            .build()
            .unwrap();
        assert_eq!(get(&mut conn).unwrap(), b"hi");
        assert_usable(&mut conn, "after unsolicited data");
        assert_eq!(peer.calls().connects, 2);
    }
}

// Stale connections

/// Connecting on the way does not make the request forget what it is.
#[test]
fn a_first_request_that_fails_says_what_it_was() {
    for (method, idempotent) in [("GET", true), ("POST", false)] {
        let mut conn = connect(&Peer::new([answers(b"").end(Ending::Close)]));
        conn.request(method, "/", (), &[]).unwrap();
        let retry = conn.getresponse().unwrap_err().retry().unwrap();
        assert!(!retry.reused && retry.written && !retry.answered);
        assert_eq!(retry.idempotent, idempotent);
    }
}

#[test]
fn a_stale_connection_is_told_with_what_may_be_done() {
    for (method, retryable) in [
        ("GET", true),
        ("HEAD", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("TRACE", true),
        ("POST", false),
        ("PATCH", false),
        ("get", false),
    ] {
        for ending in [Ending::Close, Ending::Reset] {
            let peer = Peer::new([answers(HI).end(ending), answers(YO)]);
            let mut conn = builder(&peer)
                .stale_check(StaleCheck::Never)
                .build()
                .unwrap();
            assert_eq!(get(&mut conn).unwrap(), b"hi");
            conn.request(method, "/", (), &[]).unwrap();
            let error = conn.getresponse().unwrap_err();
            let HTTPException::RemoteDisconnected { retry } = error else {
                panic!("{error:?}")
            };
            assert!(retry.reused && retry.written && !retry.answered);
            assert_eq!(
                (retry.idempotent, error.is_retryable()),
                (retryable, retryable)
            );
            assert!(error.is_connection_reset() && error.is_bad_status_line());
            assert_usable(&mut conn, "after a stale connection");
        }
    }
}

#[test]
fn a_stale_connection_that_refuses_the_request_says_the_same() {
    let head = 54;
    let script = answers(HI).refuse_writes(head, ErrorKind::BrokenPipe);
    let peer = Peer::new([script.end(Ending::Reset), answers(YO)]);
    let mut conn = builder(&peer)
        .stale_check(StaleCheck::Never)
        .build()
        .unwrap();
    assert_eq!(get(&mut conn).unwrap(), b"hi");
    assert_eq!(peer.calls().bytes_written, head as u64);
    let error = get(&mut conn).unwrap_err();
    assert!(
        error.is_retryable() && error.is_connection_reset(),
        "{error:?}"
    );
    assert!(error.retry().unwrap().reused);
    assert_usable(&mut conn, "after a refused write");
}

#[test]
fn a_fresh_connection_is_not_retryable() {
    let peer = Peer::new([answers(b"").end(Ending::Close), answers(YO)]);
    let mut conn = connect(&peer);
    let error = get(&mut conn).unwrap_err();
    assert!(!error.is_retryable() && !error.retry().unwrap().reused);
    assert_usable(&mut conn, "after a fresh disconnect");
}

#[test]
fn a_connection_that_was_refused_is_retryable() {
    let peer = Peer::new([]);
    let error = get(&mut connect(&peer)).unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[test]
fn a_look_finds_the_stale_connection() {
    for ending in [Ending::Close, Ending::Reset, Ending::Truncate] {
        let peer = Peer::new([answers(HI).end(ending), answers(YO)]);
        let mut conn = connect(&peer);
        assert_eq!(get(&mut conn).unwrap(), b"hi");
        peer.pass(Duration::from_millis(1));
        assert_usable(&mut conn, "after a look");
    }
}

// Timeouts

#[test]
fn getresponse_can_be_called_again_after_a_timeout() {
    let script = Script::new().expect_head().wait(SECOND * 10);
    let script = script.send(&HI[..20]).wait(SECOND * 10).send(&HI[20..]);
    let peer = Peer::new([script]);
    let mut conn = builder(&peer).read_timeout(SECOND * 4).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    for attempt in 1..=4 {
        let error = conn.getresponse().unwrap_err();
        assert!(is_timeout_at(&error, Step::ReadHead), "{error:?}");
        assert!(error.is_timeout() && !error.is_retryable());
        assert!(conn.is_connected(), "{attempt}");
    }
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn a_new_request_after_a_timeout_takes_a_new_connection() {
    let script = Script::new().expect_head().wait(SECOND * 9).send(HI);
    let peer = Peer::new([script, answers(YO)]);
    let mut conn = builder(&peer).read_timeout(SECOND).build().unwrap();
    assert!(get(&mut conn).unwrap_err().is_timeout());
    assert_usable(&mut conn, "after a timeout");
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn a_read_goes_on_after_a_timeout() {
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcdefgh",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3\r\nfgh\r\n0\r\nT: u\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabcdefgh",
    ];
    for answer in answers {
        let script = answer
            .bytes()
            .fold(Script::new().expect_head(), |script, octet| {
                script.wait(SECOND * 3).send([octet])
            });
        let script = script.end(Ending::Close);
        let peer = Peer::new([script]);
        let mut conn = builder(&peer).read_timeout(SECOND * 2).build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        let head = answer.find("\r\n\r\n").unwrap() + 4;
        for _ in 0..head {
            let error = conn.getresponse().unwrap_err();
            assert!(is_timeout_at(&error, Step::ReadHead), "{error:?}");
        }
        let mut response = conn.getresponse().unwrap();
        let mut timeouts = 0;
        let mut body = Vec::new();
        loop {
            let mut octets = [0; 3];
            match response.readinto(&mut octets) {
                Ok(0) => break,
                Ok(count) => body.extend_from_slice(&octets[..count]),
                Err(error) => {
                    assert!(is_timeout_at(&error, Step::ReadBody), "{error:?}");
                    timeouts += 1;
                }
            }
        }
        assert_eq!(body, b"abcdefgh");
        assert!(response.is_complete());
        assert_eq!(timeouts, answer.len() - head, "{answer}");
    }
}

#[test]
fn a_sized_read_keeps_what_came_before_a_timeout() {
    let script = answers(&HI[..HI.len() - 1]).wait(SECOND * 5).send("i");
    let peer = Peer::new([script]);
    let mut conn = builder(&peer).read_timeout(SECOND * 2).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    for _ in 0..2 {
        assert!(response.read(2).unwrap_err().is_timeout());
        assert_eq!(response.partial(), b"h");
    }
    assert_eq!(response.read(2).unwrap(), b"hi");
}

#[test]
fn the_rest_is_sent_after_a_timeout() {
    let peer = Peer::new([Script::new()
        .write_size(4)
        .expect_head()
        .expect("abcdefghij")
        .send(HI)]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 10).unwrap();
    conn.endheaders().unwrap();
    let calls = peer.calls().all;
    peer.fault_once(calls + 1, Fault::Error(ErrorKind::WouldBlock));
    let error = conn.send(b"abcdefghij").unwrap_err();
    assert!(matches!(
        error,
        HTTPException::TimedOut {
            step: Step::Write,
            written: 4,
            ..
        }
    ));
    conn.send(b"efghij").unwrap();
    assert!(matches!(
        conn.send(b"k").unwrap_err(),
        HTTPException::BodyLengthMismatch {
            declared: 10,
            given: 11
        }
    ));
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    peer.check().unwrap();
}

#[test]
fn raw_chunks_go_on_after_a_timeout_too() {
    let raw = b"3\r\nabc\r\n0\r\n\r\n";
    let peer = Peer::new([Script::new()
        .write_size(4)
        .expect_head()
        .expect(raw)
        .send(HI)]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    let calls = peer.calls().all;
    peer.fault_once(calls + 1, Fault::Error(ErrorKind::WouldBlock));
    let error = conn.send(raw).unwrap_err();
    assert!(
        matches!(error, HTTPException::TimedOut { written: 4, .. }),
        "{error:?}"
    );
    conn.send(&raw[4..7]).unwrap();
    conn.send(&raw[7..]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    peer.check().unwrap();
}

#[test]
fn raw_chunks_that_were_not_all_written_are_not_complete() {
    let raw = b"3\r\nabc\r\n0\r\n\r\n";
    let peer = Peer::new([Script::new().write_size(4).expect_head()]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    peer.fault_once(peer.calls().all + 1, Fault::Error(ErrorKind::WouldBlock));
    conn.send(raw).unwrap_err();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::InvalidBody {
            fault: BodyFault::BrokenChunks
        }
    ));
    assert_eq!(peer.calls().open, 0);
}

#[test]
fn a_head_goes_on_after_a_timeout() {
    let head = b"PUT / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\
        Content-Length: 3\r\n\r\nabc";
    // The timeout comes at every write in turn: of the head, and of the small body behind it.
    for fault in 0..head.len() / 9 {
        let peer = Peer::new([Script::new().write_size(9).expect(head).send(HI)]);
        let mut conn = connect(&peer);
        peer.fault_once(1 + fault, Fault::Error(ErrorKind::WouldBlock));
        let error = conn.request("PUT", "/", b"abc", &[]).unwrap_err();
        assert!(is_timeout_at(&error, Step::Write), "{error:?}");
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
        peer.check().unwrap();
        assert_eq!(peer.received(0), head);
    }
}

#[test]
fn endheaders_goes_on_with_send() {
    let peer = Peer::new([Script::new()
        .write_size(20)
        .expect_head()
        .expect("abc")
        .send(HI)]);
    let mut conn = connect(&peer);
    peer.fault_once(2, Fault::Error(ErrorKind::WouldBlock));
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 3).unwrap();
    assert!(conn.endheaders().unwrap_err().is_timeout());
    conn.send(b"abc").unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    peer.check().unwrap();
}

// Deadlines

/// Dials for so long, or until the time is up.
struct SlowDial(Peer, Duration);

impl Connect for SlowDial {
    type Stream = PeerStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        let left = route
            .time()
            .remaining(Step::Connect)?
            .unwrap_or(Duration::MAX);
        self.0.pass(self.1.min(left));
        route.time().remaining(Step::Connect)?;
        Ok(self.0.accept()?)
    }
}

#[test]
fn the_deadline_is_exact_while_connecting() {
    for (connect_timeout, expected) in [(SECOND * 60, SECOND * 10), (SECOND * 5, SECOND * 5)] {
        let peer = Peer::new([answers(HI)]);
        let builder = HTTPConnection::builder("h").connector(SlowDial(peer.clone(), SECOND * 99));
        let builder = builder.clock(peer.clone()).deadline(SECOND * 10);
        let mut conn = builder.connect_timeout(connect_timeout).build().unwrap();
        let error = conn.request("GET", "/", (), &[]).unwrap_err();
        assert!(is_timeout_at(&error, Step::Connect), "{error:?}");
        assert_eq!(peer.elapsed(), expected);
        assert_eq!(conn.state(), ConnectionState::Idle);
    }
}

#[test]
fn the_deadline_is_exact_in_a_tunnel() {
    let octets = "HTTP/1.1 200 Connection established of a very slow proxy\r\n\r\n".bytes();
    let slow = octets.fold(Script::new(), |s, octet| s.wait(SECOND).send([octet]));
    let peer = Peer::new([slow]);
    let mut conn = builder(&peer).deadline(SECOND * 10).build().unwrap();
    conn.set_tunnel("target", None, &[]).unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert!(is_timeout_at(&error, Step::Tunnel), "{error:?}");
    assert_eq!(peer.elapsed(), SECOND * 10);
    assert_eq!(peer.calls().open, 0);
}

#[test]
fn the_deadline_is_exact_while_writing() {
    let peer = Peer::new([Script::new().refuse_writes(10, ErrorKind::WouldBlock)]);
    let builder = builder(&peer).deadline(SECOND * 10);
    let mut conn = builder.write_timeout(SECOND * 4).build().unwrap();
    conn.putrequest("GET", "/").unwrap();
    let error = conn.endheaders().unwrap_err();
    assert!(is_timeout_at(&error, Step::Write), "{error:?}");
    let elapsed: Vec<Duration> = (0..3)
        .map(|_| {
            let error = conn.getresponse().unwrap_err();
            assert!(is_timeout_at(&error, Step::Write), "{error:?}");
            peer.elapsed()
        })
        .collect();
    assert_eq!(elapsed, [SECOND * 8, SECOND * 10, SECOND * 10]);
}

#[test]
fn the_deadline_is_exact_while_reading() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabcdefghijklmnopqrst";
    for deadline in 1..answer.len() as u32 {
        let script = answer
            .iter()
            .fold(Script::new().expect_head(), |script, octet| {
                script.wait(SECOND).send([*octet])
            });
        let peer = Peer::new([script, answers(YO)]);
        let builder = builder(&peer).read_timeout(SECOND * 2);
        let limit = SECOND * deadline - Duration::from_millis(1);
        let mut conn = builder.deadline(limit).build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        let error = match conn.getresponse() {
            Ok(mut response) => loop {
                match response.readinto(&mut [0; 99]) {
                    Ok(count) => assert!(count > 0),
                    Err(error) => break error,
                }
            },
            Err(error) => error,
        };
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(peer.elapsed(), limit);
        assert_usable(&mut conn, "after the deadline");
    }
}

#[test]
fn each_exchange_has_its_own_deadline() {
    let script = Script::new().expect_head().wait(SECOND * 8).send(HI);
    let script = script.expect_head().wait(SECOND * 8).send(YO);
    let peer = Peer::new([script]);
    let mut conn = builder(&peer).deadline(SECOND * 9).build().unwrap();
    assert_eq!(get(&mut conn).unwrap(), b"hi");
    peer.pass(Duration::from_micros(900));
    assert_usable(&mut conn, "within its own deadline");
    assert_eq!(peer.calls().connects, 1);
}

// Failed writes and early answers

#[test]
fn after_a_failed_write_an_early_answer_can_be_read() {
    let refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";
    for (accepted, kind) in [(0, ErrorKind::BrokenPipe), (70, ErrorKind::ConnectionReset)] {
        let script = Script::new().send(refusal).refuse_writes(accepted, kind);
        let peer = Peer::new([script.end(Ending::Close), answers(YO)]);
        let mut conn = connect(&peer);
        conn.request("PUT", "/", vec![b'x'; 9_000], &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.read(None).unwrap(), b"no");
        assert!(!response.request_complete() && response.will_close());
        assert_usable(&mut conn, "after the early answer");
    }
}

#[test]
fn after_a_failed_write_another_request_can_be_made_at_once() {
    let script = Script::new()
        .send(HI)
        .refuse_writes(5, ErrorKind::BrokenPipe);
    let peer = Peer::new([script, answers(YO)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_usable(&mut conn, "without asking for the answer");
}

const MIB: usize = 1 << 20;

#[test]
fn an_early_answer_that_closes_stops_the_upload() {
    let refusal =
        b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    let peer = Peer::new([answers(refusal), answers(YO)]);
    let mut conn = connect(&peer);
    let body = Body::sized(std::io::repeat(b'x'), 9 * MIB as u64);
    conn.request("PUT", "/", body, &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(
        (response.status(), response.request_complete()),
        (413, false)
    );
    assert_eq!(response.read(None).unwrap(), b"no");
    assert!(peer.received(0).len() < 3 * MIB);
    assert_usable(&mut conn, "after 413");
}

#[test]
fn an_early_answer_that_keeps_the_connection_lets_the_upload_go_on() {
    for fetched in [true, false] {
        let script = answers(HI).expect_bytes(4 * MIB).expect_head().send(YO);
        let peer = Peer::new([script, answers(YO)]);
        let mut conn = connect(&peer);
        let body = Body::sized(std::io::repeat(b'x'), 4 * MIB as u64);
        conn.request("PUT", "/", body, &[]).unwrap();
        if fetched {
            let mut response = conn.getresponse().unwrap();
            assert_eq!(response.read(None).unwrap(), b"hi");
            assert!(response.request_complete() && !response.will_close());
        }
        assert_usable(&mut conn, "after the early answer");
        assert_eq!(peer.calls().connects, 1);
        peer.check().unwrap();
    }
}

#[test]
fn an_early_answer_to_an_upload_that_then_fails_is_kept() {
    let script = answers(HI).refuse_writes(2 * MIB, ErrorKind::BrokenPipe);
    let peer = Peer::new([script, answers(YO)]);
    let mut conn = connect(&peer);
    let body = Body::sized(std::io::repeat(b'x'), 9 * MIB as u64);
    conn.request("PUT", "/", body, &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.read(None).unwrap(), b"hi");
    assert!(!response.request_complete());
    assert_usable(&mut conn, "after the early answer");
}

// Abandoned requests

#[test]
fn nothing_of_an_abandoned_request_is_ever_sent() {
    let whole = b"GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\r\n";
    type Abandon = fn(&mut HTTPConnection<Peer>);
    let ways: [Abandon; 6] = [
        |conn| conn.close(),
        |conn| {
            conn.close();
            conn.send(b"").unwrap();
        },
        |conn| {
            conn.send(b"").unwrap();
            assert!(conn.send(b"x").is_err());
            assert!(conn.send(Body::iter(["x"])).is_err());
            conn.close();
        },
        |conn| {
            conn.close();
            assert!(conn.putrequest("G T", "/").is_err());
            assert!(conn.send(Body::iter(["x"])).is_err());
        },
        |conn| assert!(conn.endheaders_with(b"x", false).is_err()),
        |conn| {
            conn.putheader("Expect", "100-continue").unwrap();
            assert!(conn.endheaders().is_err());
        },
    ];
    for (place, abandon) in ways.into_iter().enumerate() {
        // An empty `send` connects, as in `http.client`, and `close` closes that connection.
        let script = Script::new().expect(whole).send(YO);
        let peer = Peer::new([script.clone(), script]);
        let mut conn = connect(&peer);
        conn.putrequest("DELETE", "/secret").unwrap();
        conn.putheader("X-Abandoned", "yes").unwrap();
        abandon(&mut conn);
        assert_usable(&mut conn, &format!("way {place}"));
        let received = [peer.received(0), peer.received(1)].concat();
        assert_eq!(received, whole, "way {place}");
    }
}

#[test]
fn a_refused_request_leaves_room_for_another() {
    let peer = Peer::new([answers(YO)]);
    let mut conn = connect(&peer);
    assert!(conn.request("GET", "/", (), &[("A", "b\r\nc")]).is_err());
    assert!(
        conn.request("POST", "/", b"abc", &[("Content-Length", "2")])
            .is_err()
    );
    assert_eq!((conn.state(), peer.calls().all), (ConnectionState::Idle, 0));
    assert_usable(&mut conn, "after refusals");
}

#[test]
fn close_then_request() {
    let peer = Peer::new([answers(HI), answers(b""), answers(YO)]);
    let mut conn = connect(&peer);
    conn.close();
    conn.request("GET", "/", (), &[]).unwrap();
    drop(conn.getresponse().unwrap());
    conn.close();
    conn.close();
    conn.request("GET", "/", (), &[]).unwrap();
    conn.close();
    let error = conn.getresponse().unwrap_err();
    assert!(error.is_improper_state());
    assert_usable(&mut conn, "after close");
    assert_eq!((peer.calls().connects, peer.calls().open), (3, 1));
}

// Opening

#[test]
fn without_auto_open_a_request_needs_a_connection() {
    let closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    let peer = Peer::new([answers(closing), answers(HI), answers(YO)]);
    let mut conn = builder(&peer).auto_open(false).build().unwrap();
    for _ in 0..2 {
        let error = get(&mut conn).unwrap_err();
        assert!(matches!(error, HTTPException::NotConnected), "{error:?}");
        assert_eq!(conn.state(), ConnectionState::Idle);
    }
    assert_eq!(peer.calls().all, 0);
    conn.connect().unwrap();
    assert_eq!(get(&mut conn).unwrap(), b"hi");
    assert!(matches!(get(&mut conn), Err(HTTPException::NotConnected)));
    // A connection made by hand is used, whatever became of the one before.
    conn.connect().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    drop(conn.getresponse().unwrap());
    conn.connect().unwrap();
    assert_usable(&mut conn, "after connect by hand");
    assert_eq!((peer.calls().connects, peer.calls().open), (3, 1));
}

#[test]
fn connect_between_putrequest_and_endheaders_keeps_the_request() {
    let peer = Peer::new([answers(YO)]);
    let mut conn = builder(&peer).auto_open(false).build().unwrap();
    conn.putrequest("GET", "/").unwrap();
    conn.connect().unwrap();
    conn.endheaders().unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"yo");
}

#[test]
fn from_stream_uses_the_stream_that_is_there() {
    for (host, field) in [("h:81", "Host: h:81\r\n"), ("", "Host: \r\n")] {
        let expected = format!("GET / HTTP/1.1\r\n{field}Accept-Encoding: identity\r\n\r\n");
        let script = Script::new().expect(&expected).send(HI);
        let stream = PeerStream::new(script.expect(expected).send(YO)).unwrap();
        let peer = stream.peer().clone();
        let mut conn = HTTPConnection::from_stream(stream, host).unwrap();
        for body in [b"hi", b"yo"] {
            conn.request("GET", "/", (), &[]).unwrap();
            assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), body);
        }
        conn.close();
        let error = conn.request("GET", "/", (), &[]).unwrap_err();
        assert!(matches!(error, HTTPException::NotConnected), "{error:?}");
        assert_eq!((peer.calls().open, peer.calls().shutdowns), (0, 1));
        peer.check().unwrap();
    }
}

#[test]
fn a_stream_says_goodbye_before_it_is_dropped() {
    let stream = PeerStream::new(answers(HI)).unwrap();
    let peer = stream.peer().clone();
    drop(HTTPConnection::from_stream(stream, "h").unwrap());
    assert_eq!((peer.calls().open, peer.calls().shutdowns), (0, 1));
}

#[test]
fn each_address_is_tried_in_turn_and_each_cause_is_listed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Whatever other addresses `localhost` has, this one answers.
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).unwrap();
        stream.write_all(HI).unwrap();
    });
    let mut conn = HTTPConnection::new("localhost", port).unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    server.join().unwrap();
    let mut conn = HTTPConnection::new("localhost", port).unwrap();
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    let HTTPException::ConnectFailed { ref attempts } = error else {
        panic!("{error:?}")
    };
    let addresses: Vec<_> = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", port))
        .unwrap()
        .collect();
    let tried: Vec<_> = attempts.iter().map(|(address, _)| *address).collect();
    assert_eq!(tried, addresses);
    for (address, cause) in attempts.iter() {
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert_ne!(cause.kind(), ErrorKind::TimedOut);
    }
    assert!(error.is_retryable());
    assert_eq!(conn.state(), ConnectionState::Idle);
}

#[cfg(unix)]
#[test]
fn over_a_unix_socket() {
    let name = format!("stdhttp-connection-{}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        for _ in 0..2 {
            let count = stream.read(&mut head).unwrap();
            assert!(
                head[..count]
                    .windows(9)
                    .any(|window| window == b"Host: h\r\n")
            );
            stream.write_all(HI).unwrap();
        }
    });
    let connector = stdhttp::Unix::new(&path);
    let builder = HTTPConnection::builder("h").connector(connector);
    let mut conn = builder.timeout(SECOND * 9).build().unwrap();
    for _ in 0..2 {
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    }
    server.join().unwrap();
    std::fs::remove_file(&path).unwrap();
}

// Handing over

#[test]
fn after_101_the_stream_comes_back_with_what_was_read() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: upgrade\r\n\
        Content-Length: 5\r\n\r\nfirst";
    for cut in 0..=answer.len() {
        let (now, later) = answer.split_at(cut);
        let peer = Peer::new([answers(now).send(later).send(" words")]);
        let mut conn = connect(&peer);
        conn.request("GET", "/", (), &[("Upgrade", "chat")])
            .unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.read(None).unwrap(), b"");
        assert_eq!(response.close_reason(), Some(CloseReason::Switched));
        assert_eq!(conn.state(), ConnectionState::Switched);
        assert!(
            conn.request("GET", "/", (), &[])
                .unwrap_err()
                .is_improper_state()
        );
        let (mut stream, mut words) = conn.into_inner().unwrap();
        let mut block = [0; 99];
        while words.len() < 11 {
            let count = stream.read(&mut block).unwrap();
            words.extend_from_slice(&block[..count]);
        }
        assert_eq!(words, b"first words");
        stream.write_all(b"new protocol").unwrap();
        assert!(peer.received(0).ends_with(b"\r\n\r\nnew protocol"));
    }
}

#[test]
fn after_connect_by_hand_the_response_gives_the_stream() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x16\x03";
    let peer = Peer::new([answers(answer)]);
    let mut conn = connect(&peer);
    conn.request("CONNECT", "target:443", (), &[]).unwrap();
    assert!(
        peer.received(0)
            .starts_with(b"CONNECT target:443 HTTP/1.1\r\nHost: target:443\r\n")
    );
    let (stream, words) = conn.getresponse().unwrap().into_inner().unwrap();
    assert_eq!(words, b"\x16\x03");
    assert_eq!(peer.calls().open, 1);
    drop(stream);
    assert_eq!(peer.calls().open, 0);
}

#[test]
fn a_switched_connection_can_be_closed_or_connected_anew() {
    for by_hand in [true, false] {
        let answer = b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n";
        let peer = Peer::new([answers(answer), answers(YO)]);
        let mut conn = connect(&peer);
        conn.request("GET", "/", (), &[("Upgrade", "x")]).unwrap();
        drop(conn.getresponse().unwrap());
        if by_hand {
            conn.connect().unwrap();
        } else {
            conn.close();
        }
        assert_usable(&mut conn, "after a switch");
    }
}

#[test]
fn an_owned_response_outlives_its_connection() {
    let peer = Peer::new([Script::new().expect_head().send_pieces(HI, &[1])]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.into_response().unwrap();
    assert_eq!(response.read(None).unwrap(), b"hi");
    let (stream, rest) = response.into_inner().unwrap();
    assert!(rest.is_empty());
    drop(stream);
    assert_eq!(peer.calls().open, 0);
}

// Interim responses and expectations

#[test]
fn interim_responses_reach_the_callback() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let answer = [
        hints,
        &b"HTTP/1.1 102 Processing\r\nContent-Length: 9\r\n\r\n"[..],
        HI,
    ]
    .concat();
    let peer = Peer::new([answers(&answer)]);
    let mut conn = connect(&peer);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    conn.on_interim(move |head| {
        let link = head.headers().get("link").map(|value| value.into_owned());
        notes.lock().unwrap().push((head.status(), link));
    });
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.getheader("link"), None);
    assert_eq!(response.read(None).unwrap(), b"hi");
    assert_eq!(
        *seen.lock().unwrap(),
        [(103, Some("</a>".into())), (102, None)]
    );
}

const EXPECT: (&str, &str) = ("Expect", "100-continue");

#[test]
fn continue_lets_the_body_go() {
    let script = answers(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    let peer = Peer::new([script.expect("abc").send(YO).expect_head().send(YO)]);
    let mut conn = connect(&peer);
    conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"yo");
    assert_usable(&mut conn, "after continue");
    assert_eq!((peer.calls().connects, peer.elapsed()), (1, Duration::ZERO));
    peer.check().unwrap();
}

#[test]
fn a_final_answer_keeps_the_body_here() {
    let refusal = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno";
    for body in [b"abc".to_vec(), vec![b'x'; 100_000]] {
        let peer = Peer::new([answers(refusal), answers(YO)]);
        let mut conn = connect(&peer);
        conn.request("PUT", "/", &body, &[EXPECT]).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(
            (response.status(), response.request_complete()),
            (417, false)
        );
        assert_eq!(response.read(None).unwrap(), b"no");
        assert!(peer.received(0).ends_with(b"\r\n\r\n"));
        assert_usable(&mut conn, "after a refusal");
        assert_eq!(peer.calls().connects, 2);
    }
}

#[test]
fn without_an_answer_the_body_goes_after_a_while() {
    for (read_timeout, waited) in [(SECOND * 9, SECOND * 3), (SECOND * 2, SECOND * 2)] {
        let peer = Peer::new([Script::new().expect_head().expect("abc").send(YO)]);
        let builder = builder(&peer).continue_timeout(SECOND * 3);
        let mut conn = builder.read_timeout(read_timeout).build().unwrap();
        conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"yo");
        assert_eq!(peer.elapsed(), waited);
    }
}

#[test]
fn await_continue_by_hand() {
    let hundred = b"HTTP/1.1 100 Continue\r\n\r\n";
    let refusal = b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
    for (answer, expected) in [
        (&hundred[..], Continue::Continue),
        (refusal, Continue::Refused),
        (b"", Continue::NoAnswer),
    ] {
        let script = Script::new()
            .expect_head()
            .send(answer)
            .expect("abc")
            .send(YO);
        let peer = Peer::new([script, answers(YO)]);
        let mut conn = connect(&peer);
        assert!(conn.await_continue().unwrap_err().is_improper_state());
        conn.putrequest("PUT", "/").unwrap();
        conn.putheader("Expect", "100-continue").unwrap();
        conn.putheader("Content-Length", 3).unwrap();
        conn.endheaders().unwrap();
        assert_eq!(conn.await_continue().unwrap(), expected);
        let sent = conn.send(b"abc");
        assert_eq!(sent.is_err(), expected == Continue::Refused);
        let status = conn.getresponse().unwrap().status();
        let refused = if expected == Continue::Refused {
            417
        } else {
            200
        };
        assert_eq!(status, refused);
    }
}

// Chunks by hand

#[test]
fn chunks_and_trailers_by_hand() {
    let body = "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\nX-B: c\r\n\r\n";
    let peer = Peer::new([Script::new().expect_head().expect(body).send(YO)]);
    let mut conn = connect(&peer);
    let fault = |result: Result<(), HTTPException>| match result {
        Err(HTTPException::InvalidBody { fault }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(conn.send_chunk(b"abc")), BodyFault::Unframed);
    assert_eq!(fault(conn.send_last_chunk(&[])), BodyFault::Unframed);
    conn.putrequest("POST", "/").unwrap();
    assert_eq!(fault(conn.send_chunk(b"abc")), BodyFault::Unframed);
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    conn.send_chunk(b"abc").unwrap();
    conn.send_chunk(b"").unwrap();
    conn.send_chunk(b"defg").unwrap();
    assert_eq!(fault(conn.send(b"raw")), BodyFault::AfterEnd);
    assert_eq!(fault(conn.send(Body::iter(["raw"]))), BodyFault::AfterEnd);
    for forbidden in [
        "Content-Length",
        "Host",
        "Authorization",
        "Set-Cookie",
        "trailer",
    ] {
        let refused = conn.send_last_chunk(&[("X-Sum", "7"), (forbidden, "1")]);
        assert_eq!(fault(refused), BodyFault::ForbiddenTrailer, "{forbidden}");
    }
    assert!(matches!(
        conn.send_last_chunk(&[("X Y", "1")]),
        Err(HTTPException::InvalidHeaderName { .. })
    ));
    assert!(matches!(
        conn.send_last_chunk(&[("X", "a\r\nb")]),
        Err(HTTPException::InvalidHeaderValue { .. })
    ));
    conn.send_last_chunk(&[("X-Sum", "7"), ("X-B", " c ")])
        .unwrap();
    assert_eq!(fault(conn.send_chunk(b"x")), BodyFault::AfterEnd);
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"yo");
    peer.check().unwrap();
}

#[test]
fn pieces_by_hand_add_up_to_the_declared_length() {
    let peer = Peer::new([Script::new().expect_head().expect("abcdefgh").send(YO)]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 8).unwrap();
    conn.endheaders().unwrap();
    conn.send(Body::iter(["ab", "", "c"])).unwrap();
    conn.send(b"de").unwrap();
    conn.send(Body::reader(&b"fg"[..])).unwrap();
    conn.send("h").unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"yo");
    peer.check().unwrap();
}

// Tunnels

#[test]
fn a_tunnel_is_opened_before_the_request() {
    let connect_head = "CONNECT target:8443 HTTP/1.1\r\nHost: target:8443\r\nX: y\r\n\r\n";
    let request = "GET / HTTP/1.1\r\nHost: target:8443\r\nAccept-Encoding: identity\r\n\r\n";
    let opened = "HTTP/1.1 102 P\r\n\r\nHTTP/1.1 204 Yes\r\nVia: p\r\nContent-Length: 7\r\n\r\n";
    let script = Script::new().expect(connect_head).send_pieces(opened, &[3]);
    let peer = Peer::new([script.expect(request).send(HI).expect_head().send(YO)]);
    let mut conn = connect(&peer);
    conn.set_tunnel("target", 8443, &[("X", "y")]).unwrap();
    assert!(conn.get_proxy_response_headers().is_none());
    assert_eq!(get(&mut conn).unwrap(), b"hi");
    assert_eq!(
        conn.get_proxy_response_headers()
            .unwrap()
            .get("via")
            .unwrap(),
        "p"
    );
    assert!(matches!(
        conn.set_tunnel("other", None, &[]),
        Err(HTTPException::TunnelAfterConnect)
    ));
    assert_usable(&mut conn, "through the tunnel");
    assert_eq!(peer.calls().connects, 1);
    peer.check().unwrap();
}

#[test]
fn a_connect_that_can_not_be_handed_over_fails() {
    let opens = |call| {
        let peer = Peer::new([answers(b"HTTP/1.1 200 OK\r\n\r\n")]);
        peer.fault_once(call, Fault::Error(ErrorKind::BrokenPipe));
        let mut conn = connect(&peer);
        conn.set_tunnel("a", 443, &[]).unwrap();
        (conn.connect(), peer.hits())
    };
    let is_flush = |hits: &[(usize, Call, Fault)]| matches!(hits, [(_, Call::Flush, _)]);
    let mut failed = (0..9).map(opens).filter(|(_, hits)| is_flush(hits));
    match failed.next() {
        Some((Err(HTTPException::Io { error, step, .. }), _)) => {
            assert_eq!((error.kind(), step), (ErrorKind::BrokenPipe, Step::Tunnel));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refused_tunnel_carries_status_fields_and_body() {
    for rest in [
        "Content-Length: 6\r\n\r\nno way",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nno \r\n3\r\nway\r\n0\r\n\r\n",
        "\r\nno way",
        "Content-Length: 60\r\n\r\nno way",
    ] {
        let refusal = format!("HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic\r\n{rest}");
        for piece in [1, 7, 1_000] {
            let refusing = Script::new().expect_head().send_pieces(&refusal, &[piece]);
            let opening = answers(b"HTTP/1.1 200 OK\r\n\r\n").expect_head().send(YO);
            let peer = Peer::new([refusing.end(Ending::Close), opening]);
            let mut conn = connect(&peer);
            conn.set_tunnel("target", None, &[]).unwrap();
            let error = get(&mut conn).unwrap_err();
            let HTTPException::TunnelFailed(ref failed) = error else {
                panic!("{error:?}")
            };
            assert_eq!(
                (failed.status, failed.body.as_slice()),
                (407, &b"no way"[..])
            );
            assert_eq!(failed.reason.as_bytes(), b"Who are you?");
            assert_eq!(failed.headers.get("proxy-authenticate").unwrap(), "Basic");
            assert!(conn.get_proxy_response_headers().is_some());
            assert_eq!(
                (conn.state(), peer.calls().open),
                (ConnectionState::Idle, 0)
            );
            assert_usable(&mut conn, "after a refused tunnel");
        }
    }
}

#[test]
fn the_body_of_a_refusal_is_bounded() {
    let refusal = b"HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"1000\r\n", &[b'x'; 4096][..], b"\r\n"].concat();
    let script = (0..100).fold(answers(&refusal), |script, _| script.send(&chunk));
    let peer = Peer::new([script]);
    let mut conn = connect(&peer);
    conn.set_tunnel("target", None, &[]).unwrap();
    match get(&mut conn).unwrap_err() {
        HTTPException::TunnelFailed(failed) => assert_eq!(failed.body, [b'x'; 16_384]),
        error => panic!("{error:?}"),
    }
    assert!(peer.calls().bytes_read < 32_000);
}

// Bad input

/// Nothing was written, and the next request works.
fn assert_refused(
    what: &str,
    attempt: impl FnOnce(&mut HTTPConnection<Peer>) -> Result<(), HTTPException>,
    expected: fn(&HTTPException) -> bool,
) {
    let peer = Peer::new([answers(YO)]);
    let mut conn = connect(&peer);
    let error = attempt(&mut conn).expect_err(what);
    assert!(expected(&error), "{what}: {error:?}");
    assert!(error.is_caller_error(), "{what}: {error:?}");
    assert_eq!(
        (peer.calls().all, conn.is_connected()),
        (0, false),
        "{what}"
    );
    conn.close();
    assert_usable(&mut conn, what);
}

#[test]
fn bad_methods_are_refused() {
    for method in [
        "", "GE T", "GET\r\n", "G\0", "GET/", "\"GET\"", "GÉT", " GET", "G:T", "\x7f",
    ] {
        assert_refused(
            method,
            |conn| conn.request(method, "/", (), &[]),
            |e| matches!(e, HTTPException::InvalidMethod { .. }),
        );
    }
}

#[test]
fn bad_targets_are_refused() {
    let targets = [
        "/a b",
        "/\t",
        "/\r\nX: 1",
        "/\0",
        "/\x7f",
        "/ü",
        "/č\u{10a}",
        "*",
        "h:443",
        "a",
        "/#f",
        "http://",
        "http://u@h/",
        "http://h h/",
        "http:///",
        "//\u{85}",
        "?q",
        "http://[::1%25a]/",
    ];
    for target in targets {
        assert_refused(
            target,
            |conn| conn.request("GET", target, (), &[]),
            |e| matches!(e, HTTPException::InvalidURL(url) if url.part == UrlPart::Target),
        );
    }
    for (method, target) in [
        ("CONNECT", "/"),
        ("CONNECT", "h"),
        ("CONNECT", "h:"),
        ("GET", "*"),
    ] {
        assert_refused(
            target,
            |conn| conn.request(method, target, (), &[]),
            |e| matches!(e, HTTPException::InvalidURL(_)),
        );
    }
}

#[test]
fn bad_field_names_are_refused() {
    for name in [
        "", "X Y", "X:", ":", "é", "X\r\nY", "X\0", " X", "X ", "X\t", "(X)", "X\u{a0}",
    ] {
        assert_refused(
            name,
            |conn| conn.request("GET", "/", (), &[(name, "v")]),
            |e| matches!(e, HTTPException::InvalidHeaderName { .. }),
        );
    }
    for octet in 0..=u8::MAX {
        let name = [b'a', octet];
        let legal = octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
        let mut conn = connect(&Peer::new([]));
        conn.putrequest("GET", "/").unwrap();
        assert_eq!(
            conn.putheader_bytes(&name, "v").is_ok(),
            legal,
            "{octet:#x}"
        );
    }
}

#[test]
fn bad_field_values_are_refused() {
    for octet in 0..=u8::MAX {
        for value in [
            vec![octet, b'a'],
            vec![b'a', octet, b'a'],
            vec![b'a', octet],
        ] {
            let legal = octet == b'\t' || (octet >= b' ' && octet != 0x7f);
            let peer = Peer::new([]);
            let mut conn = connect(&peer);
            conn.putrequest("GET", "/").unwrap();
            let put = conn.putheader("X", &value);
            assert_eq!(put.is_ok(), legal, "{octet:#x}");
            let refused = matches!(put, Err(HTTPException::InvalidHeaderValue { .. }));
            assert_eq!((refused, peer.calls().all), (!legal, 0));
        }
    }
    let folded = ["a\r\n b", "a\r\n\tb", "a\n b", "a\r b"];
    for value in folded {
        assert_refused(
            value,
            |conn| conn.request("GET", "/", (), &[("X", value)]),
            |e| matches!(e, HTTPException::InvalidHeaderValue { .. }),
        );
    }
    for value in ["a\r\n", "\n", "a\r\n\tb"] {
        assert_refused(
            "one of several values",
            |conn| {
                conn.putrequest("GET", "/")?;
                conn.putheader("X", Values(&["ok", value, "ok"]))
            },
            |e| matches!(e, HTTPException::InvalidHeaderValue { .. }),
        );
    }
}

#[test]
fn bad_framing_fields_are_refused() {
    for (name, value) in [
        ("Content-Length", "+3"),
        ("Content-Length", "3,3"),
        ("Content-Length", "0x3"),
        ("Content-Length", "-1"),
        ("Content-Length", ""),
        ("Content-Length", "18446744073709551616"),
        ("Transfer-Encoding", "gzip"),
        ("Transfer-Encoding", "chunked, chunked"),
        ("Transfer-Encoding", "chunked, gzip"),
        ("Transfer-Encoding", ""),
        ("Host", "a b"),
        ("Host", "a/b"),
        ("Host", "a@b"),
        ("Host", "a:b"),
        ("TE", "chunked"),
    ] {
        assert_refused(
            value,
            |conn| conn.request("PUT", "/", (), &[(name, value)]),
            |e| matches!(e, HTTPException::InvalidHeaderValue { .. }),
        );
    }
    for twice in [
        "Host",
        "Content-Length",
        "Content-Type",
        "authorization",
        "EXPECT",
        "Range",
    ] {
        let value = if twice == "Content-Length" { "3" } else { "x" };
        let fields = [(twice, value), (twice, value)];
        assert_refused(
            twice,
            |conn| conn.request("PUT", "/", b"abc", &fields),
            |e| matches!(e, HTTPException::ConflictingHeader { .. }),
        );
    }
    let both = [("Content-Length", "3"), ("Transfer-Encoding", "chunked")];
    assert_refused(
        "both framings",
        |conn| conn.request("PUT", "/", b"abc", &both),
        |e| matches!(e, HTTPException::ConflictingHeader { .. }),
    );
}

#[test]
fn bad_hosts_and_ports_are_refused() {
    for (host, part) in [
        ("", UrlPart::Host),
        ("a b", UrlPart::Host),
        ("a\r\n", UrlPart::Host),
        ("a\0", UrlPart::Host),
        ("u@h", UrlPart::Host),
        ("a/b", UrlPart::Host),
        ("ü.de", UrlPart::Host),
        ("[::1", UrlPart::Host),
        ("[h]", UrlPart::Host),
        ("http://h", UrlPart::Host),
        ("http://h/", UrlPart::Host),
        ("http://h:80/path", UrlPart::Host),
        ("h:80/path", UrlPart::Host),
        ("h:0", UrlPart::Port),
        ("h:65536", UrlPart::Port),
        ("h:+80", UrlPart::Port),
        ("h:x", UrlPart::Port),
    ] {
        match HTTPConnection::new(host, None) {
            Err(HTTPException::InvalidURL(url)) => assert_eq!(url.part, part, "{host}"),
            other => panic!("{host}: {other:?}"),
        }
    }
    let error = HTTPConnection::new("h", 0).unwrap_err();
    assert!(matches!(error, HTTPException::InvalidURL(ref url) if url.part == UrlPart::Port));
}

#[test]
fn bad_tunnels_are_refused() {
    for host in ["h\r\nX: 1", "h\0", "h h", "h\n"] {
        assert_refused(
            host,
            |conn| conn.set_tunnel(host, None, &[]),
            |e| matches!(e, HTTPException::InvalidTunnelHost { .. }),
        );
    }
    for host in ["", "u@h", "h:x", "[h]"] {
        assert_refused(
            host,
            |conn| conn.set_tunnel(host, None, &[]),
            |e| matches!(e, HTTPException::InvalidURL(_)),
        );
    }
    assert_refused(
        "name",
        |conn| conn.set_tunnel("h", None, &[("X Y", "1")]),
        |e| matches!(e, HTTPException::InvalidHeaderName { .. }),
    );
    assert_refused(
        "value",
        |conn| conn.set_tunnel("h", None, &[("X", "a\r\nb")]),
        |e| matches!(e, HTTPException::InvalidHeaderValue { .. }),
    );
}

#[test]
fn bad_bodies_are_refused() {
    let is_fault = |e: &HTTPException| matches!(e, HTTPException::InvalidBody { .. });
    assert_refused(
        "CONNECT",
        |conn| conn.request("CONNECT", "h:1", b"x", &[]),
        is_fault,
    );
    assert_refused(
        "TRACE",
        |conn| conn.request("TRACE", "/", b"x", &[]),
        is_fault,
    );
    assert_refused(
        "OPTIONS",
        |conn| conn.request("OPTIONS", "*", b"x", &[]),
        is_fault,
    );
    assert_refused(
        "Expect",
        |conn| conn.request("GET", "/", (), &[EXPECT]),
        is_fault,
    );
    assert_refused("latin1", |_| Body::latin1("☃").map(|_| ()), is_fault);
    let is_mismatch = |e: &HTTPException| matches!(e, HTTPException::BodyLengthMismatch { .. });
    let five = [("Content-Length", "5")];
    assert_refused(
        "short",
        |conn| conn.request("PUT", "/", b"abc", &five),
        is_mismatch,
    );
    assert_refused(
        "long",
        |conn| conn.request("PUT", "/", b"abcdef", &five),
        is_mismatch,
    );
    assert_refused(
        "sized",
        |conn| conn.request("PUT", "/", Body::sized(&b"abc"[..], 3), &five),
        is_mismatch,
    );
    assert_refused("unframed send", |conn| conn.send(b"x"), is_fault);
    assert_refused(
        "unframed iterator",
        |conn| conn.send(Body::iter(["x"])),
        is_fault,
    );
    let directory = std::fs::File::open(std::env::temp_dir()).unwrap();
    assert_refused(
        "directory",
        |conn| conn.request("PUT", "/", directory, &[]),
        |e| {
            let mode = UnimplementedFileMode::Directory;
            matches!(e, HTTPException::UnimplementedFileMode(m) if *m == mode)
        },
    );
}

#[test]
fn an_unframed_body_is_refused_before_the_head_is_sent() {
    let peer = Peer::new([answers(YO)]);
    let mut conn = connect(&peer);
    conn.putrequest("PUT", "/").unwrap();
    let error = conn.endheaders_with(b"abc", false).unwrap_err();
    assert!(matches!(
        error,
        HTTPException::InvalidBody {
            fault: BodyFault::Unframed
        }
    ));
    assert_eq!(peer.calls().all, 0);
    assert_usable(&mut conn, "after the unframed body");
}

#[test]
fn an_unsized_body_needs_http_1_1() {
    let peer = Peer::new([answers(YO)]);
    let mut conn = builder(&peer)
        .http_version(HTTPVersion::Http10)
        .build()
        .unwrap();
    let error = conn
        .request("PUT", "/", Body::iter(["a"]), &[])
        .unwrap_err();
    assert!(matches!(
        error,
        HTTPException::UnimplementedFileMode(UnimplementedFileMode::UnsizedOverHttp10)
    ));
    assert_eq!(peer.calls().all, 0);
    let skip = Skip::default().with(|skip| {
        skip.host = true;
        skip.accept_encoding = true;
    });
    conn.putrequest_with("GET", "/", skip).unwrap();
    conn.endheaders().unwrap();
    assert_eq!(peer.received(0), b"GET / HTTP/1.0\r\n\r\n");
}

#[test]
fn under_http_client_tolerance_send_needs_no_request() {
    let peer = Peer::new([Script::new().expect("raw"), answers(YO)]);
    let mut conn = builder(&peer)
        .tolerance(Tolerance::HTTP_CLIENT)
        .build()
        .unwrap();
    conn.send(b"raw").unwrap();
    peer.check().unwrap();
    assert_usable(&mut conn, "on another connection");
}

#[test]
fn bytes_behind_a_large_body_are_noticed_though_it_was_read_past_the_buffer() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + 200_000, b'x');
    bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL");
    let peer = Peer::new([
        Script::new().expect_head().send(&bytes),
        Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"),
    ]);
    let mut conn = HTTPConnection::builder("h")
        .connector(peer.clone())
        .stale_check(StaleCheck::Never)
        .build()
        .unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    let mut buffer = vec![0; 64_000];
    let mut total = 0;
    loop {
        match response.readinto(&mut buffer).unwrap() {
            0 => break,
            count => total += count,
        }
    }
    assert_eq!(total, 200_000);
    assert_eq!(response.close_reason(), Some(CloseReason::UnsolicitedData));
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"good");
    assert_eq!(peer.calls().connects, 2);
}

// Conveniences

#[test]
fn timeouts_can_be_changed_while_a_connection_lives() {
    let script = Script::new().expect_head().wait(SECOND * 10).send(HI);
    let peer = Peer::new([
        script,
        Script::new().refuse_writes(10, ErrorKind::WouldBlock),
    ]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    conn.set_read_timeout(Some(SECOND * 4));
    let error = conn.getresponse().unwrap_err();
    assert!(is_timeout_at(&error, Step::ReadHead), "{error:?}");
    assert_eq!(peer.elapsed(), SECOND * 4);
    conn.set_read_timeout(None);
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");

    conn.close();
    let before = peer.elapsed();
    conn.set_write_timeout(Some(SECOND * 3));
    let error = conn.request("GET", "/", (), &[]).unwrap_err();
    assert!(is_timeout_at(&error, Step::Write), "{error:?}");
    assert_eq!(peer.elapsed() - before, SECOND * 3);

    conn.set_connect_timeout(Some(SECOND * 2));
    let timeouts = conn.timeouts();
    assert_eq!(
        (timeouts.connect, timeouts.read, timeouts.write),
        (Some(SECOND * 2), None, Some(SECOND * 3))
    );
}

#[test]
fn a_stream_in_a_box_is_a_stream() {
    let stream = PeerStream::new(answers(HI).expect_head().send(YO)).unwrap();
    let peer = stream.peer().clone();
    let stream: Box<dyn Stream> = Box::new(stream);
    let mut conn = HTTPConnection::from_stream(stream, "h").unwrap();
    conn.set_read_timeout(Some(SECOND));
    conn.set_write_timeout(Some(SECOND));
    for body in [b"hi", b"yo"] {
        peer.pass(SECOND);
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), body);
    }
    conn.close();
    assert_eq!(peer.calls().open, 0);
    peer.check().unwrap();
}

#[test]
fn a_body_is_read_into_what_the_caller_has() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcdefgh";
    let mut conn = connect(&Peer::new([answers(answer)]));
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    let (mut array, mut vector) = ([0; 3], vec![0; 2]);
    assert_eq!(response.read(&mut array).unwrap(), 3);
    assert_eq!(response.read(&mut vector).unwrap(), 2);
    assert_eq!(response.read(&mut vector[..1]).unwrap(), 1);
    assert_eq!((&array, &vector[..]), (b"abc", &b"fe"[..]));
    assert_eq!(response.read(9).unwrap(), b"gh");
}

#[test]
fn strings_are_bodies_and_no_body_shows_what_it_holds() {
    let text = String::from("secret");
    for body in [Body::from(&text), Body::from(text.clone())] {
        assert_eq!(format!("{body:?}"), "Body(6 bytes)");
        let peer = Peer::new([Script::new().expect_head().expect("secret").send(HI)]);
        let mut conn = connect(&peer);
        conn.request("POST", "/", body, &[]).unwrap();
        peer.check().unwrap();
    }
    for body in [
        Body::reader(text.as_bytes()),
        Body::sized(text.as_bytes(), 6),
        Body::iter([text.as_str()]),
        Body::EMPTY,
    ] {
        assert!(!format!("{body:?}").contains("secret"));
    }
}

#[test]
fn a_peer_that_goes_away_is_of_both_classes() {
    let peer = Peer::new([Script::new().expect_head().end(Ending::Close)]);
    let error = get(&mut connect(&peer)).unwrap_err();
    assert!(matches!(error, HTTPException::RemoteDisconnected { .. }));
    assert!(error.is_connection_reset() && error.is_bad_status_line());
    let peer = Peer::new([answers(b"SSH-2.0\r\n")]);
    let error = get(&mut connect(&peer)).unwrap_err();
    assert!(error.is_bad_status_line() && !error.is_connection_reset());
    let peer = Peer::new([Script::new()]);
    peer.fault_from(1, Fault::Error(ErrorKind::BrokenPipe));
    let error = get(&mut connect(&peer)).unwrap_err();
    assert!(error.is_connection_reset() && !error.is_bad_status_line());
}

/// A whole request has no rest that the answer could refuse.
#[test]
fn await_continue_behind_a_whole_request_keeps_the_connection() {
    let bodies: [&[u8]; 3] = [b"", b"12", b"1234"];
    for body in bodies {
        let script = Script::new().expect_head().expect(body).send(HI);
        let peer = Peer::new([script.expect_head().send(YO)]);
        let mut conn = connect(&peer);
        conn.putrequest("PUT", "/").unwrap();
        conn.putheader("Content-Length", body.len()).unwrap();
        conn.endheaders().unwrap();
        if !body.is_empty() {
            conn.send(body).unwrap();
        }
        assert_eq!(conn.await_continue().unwrap(), Continue::Refused);
        let mut response = conn.getresponse().unwrap();
        assert!(response.request_complete() && !response.will_close());
        assert_eq!(response.read(None).unwrap(), b"hi");
        assert_usable(&mut conn, "a whole request");
        assert_eq!(peer.calls().connects, 1);
    }
}

/// Under a tolerance that trusts the caller, too, a body that is whole keeps the connection.
#[test]
fn a_whole_body_in_steps_keeps_the_connection_under_every_tolerance() {
    type Send = fn(&mut HTTPConnection<Peer>) -> Result<(), HTTPException>;
    let ways: [(&str, &str, Send); 4] = [
        ("Content-Length", "4", |conn| conn.send("1234")),
        ("Content-Length", "4", |conn| {
            conn.send("12")?;
            conn.send(Body::reader(&b"34"[..]))
        }),
        ("Transfer-Encoding", "chunked", |conn| {
            conn.send("4\r\n1234\r\n")?;
            conn.send("0\r\n\r\n")
        }),
        ("Transfer-Encoding", "chunked", |conn| {
            conn.send_chunk(b"1234")?;
            conn.send_last_chunk(&[])
        }),
    ];
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        for (name, value, send) in ways {
            let count = if value == "4" { 4 } else { 14 };
            let script = Script::new().expect_head().expect_bytes(count).send(HI);
            let peer = Peer::new([script.expect_head().send(YO)]);
            let mut conn = builder(&peer).tolerance(tolerance).build().unwrap();
            conn.putrequest("PUT", "/").unwrap();
            conn.putheader(name, value).unwrap();
            conn.endheaders().unwrap();
            send(&mut conn).unwrap();
            let mut response = conn.getresponse().unwrap();
            assert_eq!(response.close_reason(), None, "{value} {tolerance:?}");
            assert_eq!(response.read(None).unwrap(), b"hi");
            assert_usable(&mut conn, "a whole body");
            assert_eq!(peer.calls().connects, 1);
        }
    }
}
