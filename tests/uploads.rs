//! Proves what becomes of a request whose body does not go out as it should: an answer that comes
//! before its end, a write that fails or is blocked, a source that ends early. Whatever happens,
//! the next request stands alone on its connection, and an answer that came can be had.
#![allow(missing_docs)]

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use stdhttp::testing::{Ending, Fault, Peer, Script};
use stdhttp::{
    Body, BodyFault, CloseReason, ConnectionState, HTTPConnection, HTTPException, Look, Ready,
    Step, Stream, Tolerance,
};

const MIB: usize = 1 << 20;
const SECOND: Duration = Duration::from_secs(1);
const KEEPS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const CLOSES: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
const GET: &[u8] = b"GET /next HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\r\n";

type Conn = HTTPConnection<Peer>;

/// A connection to a peer whose second connection takes one GET and nothing else.
fn connect(first: Script) -> (Conn, Peer) {
    connect_with(first, Tolerance::STANDARD)
}

fn connect_with(first: Script, tolerance: Tolerance) -> (Conn, Peer) {
    let peer = Peer::new([first, Script::new().expect(GET).send(KEEPS)]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let conn = builder.clock(peer.clone()).tolerance(tolerance);
    (conn.build().unwrap(), peer)
}

fn early(answer: &[u8]) -> Script {
    Script::new().expect_head().send(answer)
}

fn put(conn: &mut Conn, framing: (&str, &str)) {
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader(framing.0, framing.1).unwrap();
    conn.endheaders().unwrap();
}

fn length(conn: &mut Conn, length: usize) {
    put(conn, ("Content-Length", &length.to_string()));
}

fn chunked(conn: &mut Conn) {
    put(conn, ("Transfer-Encoding", "chunked"));
}

fn bytes(count: usize) -> Vec<u8> {
    vec![b'x'; count]
}

fn reader(count: usize) -> impl Read {
    io::repeat(b'x').take(count as u64)
}

/// What the peer got behind the first request's head.
fn body_sent(peer: &Peer) -> Vec<u8> {
    let received = peer.received(0);
    let end = received.windows(4).position(|four| four == b"\r\n\r\n");
    received[end.unwrap() + 4..].to_vec()
}

/// The request was given up, and the next one goes over another connection.
fn assert_given_up(conn: &mut Conn, peer: &Peer, what: &str) {
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(
        conn.getresponse().unwrap().read(None).unwrap(),
        b"hi",
        "{what}"
    );
    assert_eq!(peer.calls().connects, 2, "{what}");
    peer.check().unwrap();
    assert!(!contains(&peer.received(0), b"GET /next"), "{what}");
    assert_eq!(peer.received(1), GET, "{what}");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("stdhttp-uploads-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

// Early answers that keep the connection, and a body that is not sent to its end

type Way = (&'static str, fn(&mut Conn));

/// Every way to send a part of a body that is larger.
const PARTS: [Way; 10] = [
    ("slices", |conn| {
        length(conn, 10 * MIB);
        for _ in 0..3 {
            conn.send(bytes(MIB)).unwrap();
        }
    }),
    ("a reader", |conn| {
        length(conn, 10 * MIB);
        conn.send(Body::reader(reader(3 * MIB))).unwrap();
    }),
    ("an iterator", |conn| {
        length(conn, 10 * MIB);
        conn.send(Body::iter((0..3).map(|_| bytes(MIB)))).unwrap();
    }),
    ("a reader of known length", |conn| {
        length(conn, 10 * MIB);
        conn.send(Body::sized(reader(3 * MIB), 3 * MIB as u64))
            .unwrap();
    }),
    ("a file", |conn| {
        let file = Temporary::new("part", &bytes(3 * MIB));
        length(conn, 10 * MIB);
        conn.send(file.open()).unwrap();
    }),
    ("chunks", |conn| {
        chunked(conn);
        for _ in 0..3 {
            conn.send_chunk(&bytes(MIB)).unwrap();
        }
    }),
    ("a reader of chunks", |conn| {
        chunked(conn);
        let chunks = [b"300000\r\n", &bytes(3 * MIB)[..], b"\r\n"].concat();
        conn.send(Body::reader(&chunks[..])).unwrap();
    }),
    ("a part of a chunk", |conn| {
        chunked(conn);
        conn.send([b"400000\r\n", &bytes(3 * MIB)[..]].concat())
            .unwrap();
    }),
    ("many small slices", |conn| {
        length(conn, 10 * MIB);
        for _ in 0..3 * 1024 {
            conn.send(bytes(1024)).unwrap();
        }
    }),
    ("an end that timed out", |conn| {
        chunked(conn);
        conn.send_chunk(&bytes(2 * MIB)).unwrap();
        conn.send_chunk(b"y").unwrap();
    }),
];

#[test]
fn a_part_of_a_body_is_no_complete_request() {
    for (what, way) in PARTS {
        for fetched in [true, false] {
            let (mut conn, peer) = connect(early(KEEPS));
            way(&mut conn);
            if fetched {
                let mut response = conn.getresponse().unwrap();
                assert!(!response.request_complete(), "{what}");
                assert!(response.will_close(), "{what}");
                let reason = response.close_reason();
                assert_eq!(reason, Some(CloseReason::RequestIncomplete), "{what}");
                assert_eq!(response.read(None).unwrap(), b"hi", "{what}");
                assert_eq!((peer.calls().open, conn.is_connected()), (0, false));
            }
            assert_given_up(&mut conn, &peer, what);
        }
    }
}

#[test]
fn nothing_is_sent_behind_an_answer_that_was_fetched() {
    for (what, way) in PARTS {
        let (mut conn, peer) = connect(early(KEEPS));
        way(&mut conn);
        conn.getresponse().unwrap();
        let before = peer.calls();
        for error in [
            conn.send(b"x").unwrap_err(),
            conn.send(Body::reader(reader(3))).unwrap_err(),
            conn.send_chunk(b"x").unwrap_err(),
            conn.send_last_chunk(&[]).unwrap_err(),
        ] {
            let unwanted = matches!(error, HTTPException::BodyNotWanted { written: 0 });
            assert!(unwanted, "{what}: {error:?}");
        }
        assert_eq!(peer.calls().all, before.all, "{what}");
        assert_given_up(&mut conn, &peer, what);
    }
}

#[test]
fn an_end_that_was_not_written_is_no_end() {
    for fetched in [true, false] {
        let (mut conn, peer) = connect(early(KEEPS).write_size(MIB));
        chunked(&mut conn);
        let chunk = [b"100000\r\n", &bytes(MIB)[..], b"\r\n"].concat();
        conn.send(&chunk).unwrap();
        // One byte of the end goes out, and then time is over.
        peer.fault_once(peer.calls().all, Fault::Short);
        peer.fault_once(peer.calls().all + 1, Fault::Error(ErrorKind::WouldBlock));
        let error = conn.send(b"0\r\n\r\n").unwrap_err();
        assert!(matches!(error, HTTPException::TimedOut { written: 1, .. }));
        if fetched {
            let response = conn.getresponse().unwrap();
            assert!(!response.request_complete() && response.will_close());
        }
        assert_given_up(&mut conn, &peer, "an end that timed out");
        assert!(body_sent(&peer).ends_with(b"x\r\n0"));
    }
}

#[test]
fn an_end_that_was_not_written_can_go_on() {
    let (mut conn, peer) = connect(early(KEEPS).expect_bytes(MIB + 15).expect(GET).send(KEEPS));
    chunked(&mut conn);
    let chunk = [b"100000\r\n", &bytes(MIB)[..], b"\r\n"].concat();
    conn.send(&chunk).unwrap();
    peer.fault_once(peer.calls().all, Fault::Short);
    peer.fault_once(peer.calls().all + 1, Fault::Error(ErrorKind::WouldBlock));
    conn.send(b"0\r\n\r\n").unwrap_err();
    conn.send(b"\r\n\r\n").unwrap();
    let mut response = conn.getresponse().unwrap();
    assert!(response.request_complete() && !response.will_close());
    assert_eq!(response.read(None).unwrap(), b"hi");
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_eq!(peer.calls().connects, 1);
    peer.check().unwrap();
}

/// The peer answers while the head is going out, and takes no more of it.
#[test]
fn a_head_that_was_not_written_is_no_complete_request() {
    let script = Script::new().expect_bytes(20_000).send(KEEPS);
    let script = script.refuse_writes(20_000, ErrorKind::WouldBlock);
    for fetched in [true, false] {
        let (mut conn, peer) = connect(script.clone());
        conn.set_write_timeout(Some(SECOND));
        let long = "x".repeat(30_000);
        conn.request("GET", "/", (), &[("X", &long)]).unwrap();
        if fetched {
            let response = conn.getresponse().unwrap();
            assert!(!response.request_complete() && response.will_close());
        }
        assert_given_up(&mut conn, &peer, "half a head");
    }
}

#[test]
fn a_body_that_goes_on_behind_an_early_answer_is_complete() {
    for fetched in [true, false] {
        let script = early(KEEPS).expect_bytes(3 * MIB).expect(GET).send(KEEPS);
        let (mut conn, peer) = connect(script);
        length(&mut conn, 3 * MIB);
        for _ in 0..3 {
            conn.send(bytes(MIB)).unwrap();
        }
        if fetched {
            let response = conn.getresponse().unwrap();
            assert!(response.request_complete() && !response.will_close());
        }
        conn.request("GET", "/next", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
        assert_eq!(peer.calls().connects, 1);
        peer.check().unwrap();
    }
}

#[test]
fn a_deadline_can_be_set_between_an_early_answer_and_its_reading() {
    let (mut conn, peer) = connect(early(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    length(&mut conn, 3 * MIB);
    conn.send(bytes(2 * MIB)).unwrap();
    conn.set_deadline(Some(SECOND));
    peer.pass(SECOND * 2);
    assert!(conn.send(bytes(MIB)).unwrap_err().is_timeout());
    assert!(!conn.getresponse().unwrap().request_complete());
    conn.set_deadline(None);
    assert_given_up(&mut conn, &peer, "after the deadline");
}

/// Another protocol begins only behind a whole request (RFC 9110 section 7.8).
#[test]
fn an_early_switch_of_protocols_waits_for_the_whole_request() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    for whole in [true, false] {
        let (mut conn, peer) = connect(early(switch));
        conn.putrequest("PUT", "/").unwrap();
        for (name, value) in [("Upgrade", "x"), ("Content-Length", "3145728")] {
            conn.putheader(name, value).unwrap();
        }
        conn.endheaders().unwrap();
        conn.send(bytes(2 * MIB)).unwrap();
        if whole {
            conn.send(bytes(MIB)).unwrap();
        }
        let response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.request_complete(), whole);
        let reason = [CloseReason::RequestIncomplete, CloseReason::Switched][usize::from(whole)];
        assert_eq!(response.close_reason(), Some(reason));
        if whole {
            assert_eq!(conn.state(), ConnectionState::Switched);
            assert!(conn.into_inner().is_some());
        } else {
            assert_given_up(&mut conn, &peer, "an early switch");
        }
    }
}

// What comes early and is no final head

/// The peer sends a beginning, wants the rest of the body, and then ends its answer.
fn assert_upload_goes_on(beginning: &[u8], end: &[u8]) {
    let script = Script::new().expect_head().expect_bytes(MIB);
    let script = script.send(beginning).expect_bytes(2 * MIB).send(end);
    let (mut conn, peer) = connect(script.expect(GET).send(KEEPS));
    let body = Body::sized(reader(3 * MIB), 3 * MIB as u64);
    conn.request("PUT", "/", body, &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.request_complete() && !response.will_close());
    assert_eq!(response.read(None).unwrap(), b"");
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_eq!(peer.calls().connects, 1);
    peer.check().unwrap();
}

#[test]
fn what_is_no_final_head_does_not_stop_the_upload() {
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_upload_goes_on(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n");
    assert_upload_goes_on(b"\r\n", whole);
    assert_upload_goes_on(b"HTTP/1.1 103 Early Hints\r\n\r\n", whole);
    assert_upload_goes_on(b"HTTP/1.1 100 Continue\r\n\r\nHTTP", &whole[4..]);
    for cut in 1..whole.len() {
        assert_upload_goes_on(&whole[..cut], &whole[cut..]);
    }
}

#[test]
fn an_early_answer_is_taken_however_it_is_cut() {
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n";
    for size in [1, 7, 1_000] {
        let answer = [interim, interim, CLOSES].concat();
        let script = Script::new().expect_head().send_pieces(answer, &[size]);
        let (mut conn, peer) = connect(script);
        let body = Body::reader(reader(9 * MIB));
        conn.request("PUT", "/", body, &[]).unwrap();
        assert!(body_sent(&peer).len() < 2 * MIB);
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"no");
        assert_given_up(&mut conn, &peer, "413 in pieces");
    }
}

/// A peer that answers a request that says `Connection: close` has not said that it closes.
#[test]
fn our_own_close_does_not_stop_the_upload() {
    let (mut conn, peer) = connect(early(KEEPS));
    let body = Body::sized(reader(3 * MIB), 3 * MIB as u64);
    conn.request("PUT", "/", body, &[("Connection", "close")])
        .unwrap();
    assert_eq!(body_sent(&peer).len(), 3 * MIB);
    let response = conn.getresponse().unwrap();
    assert!(response.request_complete());
    assert_eq!(response.close_reason(), Some(CloseReason::WeClose));
}

// Answers that close the connection

#[test]
fn send_says_that_the_rest_is_not_wanted() {
    let file = Temporary::new("unwanted", &bytes(9 * MIB));
    type Sending<'a> = &'a dyn Fn(&mut Conn) -> Result<(), HTTPException>;
    let ways: [(&str, Sending<'_>); 6] = [
        ("a slice", &|conn| conn.send(bytes(9 * MIB))),
        ("a reader", &|conn| conn.send(Body::reader(reader(9 * MIB)))),
        ("a reader of known length", &|conn| {
            conn.send(Body::sized(reader(9 * MIB), 9 * MIB as u64))
        }),
        ("a file", &|conn| conn.send(file.open())),
        ("an iterator", &|conn| {
            conn.send(Body::iter((0..9).map(|_| bytes(MIB))))
        }),
        ("slices", &|conn| {
            (0..9 * 1024).try_for_each(|_| conn.send(bytes(1024)))
        }),
    ];
    for (what, way) in ways {
        let (mut conn, peer) = connect(early(CLOSES));
        length(&mut conn, 20 * MIB);
        let error = way(&mut conn).unwrap_err();
        let HTTPException::BodyNotWanted { written } = error else {
            panic!("{what}: {error:?}");
        };
        let sent = body_sent(&peer).len();
        assert!(sent < 2 * MIB, "{what}");
        let counted = if what == "slices" { 1024 } else { sent as u64 };
        assert_eq!(written, counted, "{what}");
        assert!(error.is_network_error() && !error.is_retryable(), "{what}");
        for again in [
            conn.send(Body::reader(reader(3))),
            conn.send(b"x"),
            conn.send_chunk(b"x"),
        ] {
            let again = again.unwrap_err();
            let unwanted = matches!(again, HTTPException::BodyNotWanted { written: 0 });
            assert!(unwanted, "{what}: {again:?}");
        }
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 413, "{what}");
        assert!(!response.request_complete() && response.will_close());
        assert_eq!(response.read(None).unwrap(), b"no", "{what}");
        assert_eq!(body_sent(&peer).len(), sent, "{what}");
        assert_given_up(&mut conn, &peer, what);
    }
}

#[test]
fn chunks_are_not_wanted_either() {
    let (mut conn, peer) = connect(early(CLOSES));
    chunked(&mut conn);
    let error = conn.send_chunk(&bytes(3 * MIB)).unwrap_err();
    let HTTPException::BodyNotWanted { written } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        written as usize,
        body_sent(&peer).len() - "300000\r\n".len()
    );
    let end = conn.send_last_chunk(&[]).unwrap_err();
    assert!(matches!(end, HTTPException::BodyNotWanted { written: 0 }));
    assert_eq!(conn.getresponse().unwrap().status(), 413);
    assert_given_up(&mut conn, &peer, "chunks");
}

#[test]
fn a_request_that_is_not_wanted_is_no_error() {
    let file = Temporary::new("refused", &bytes(9 * MIB));
    let bodies: [&dyn Fn() -> Body<'static>; 5] = [
        &|| Body::from(bytes(9 * MIB)),
        &|| Body::reader(reader(9 * MIB)),
        &|| Body::sized(reader(9 * MIB), 9 * MIB as u64),
        &|| Body::iter((0..9).map(|_| bytes(MIB))),
        &|| Body::from(file.open()),
    ];
    for body in bodies {
        let (mut conn, peer) = connect(early(CLOSES));
        conn.request("PUT", "/", body(), &[]).unwrap();
        assert!(body_sent(&peer).len() < 2 * MIB);
        let response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.close_reason(), Some(CloseReason::PeerCloses));
        assert_given_up(&mut conn, &peer, "413");
    }
}

/// The answer came behind the last byte: nothing was refused.
#[test]
fn an_answer_to_a_whole_body_is_not_early() {
    let (mut conn, _) = connect(Script::new().expect_head().expect_bytes(MIB).send(CLOSES));
    let body = Body::sized(reader(MIB), MIB as u64);
    conn.request("PUT", "/", body, &[]).unwrap();
    assert!(conn.getresponse().unwrap().request_complete());
}

// Writes that fail, or are blocked, while an answer is there

#[test]
fn a_failed_write_is_no_failed_request_where_an_answer_is_there() {
    let kinds = [
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
    ];
    for (accepted, kind) in [0, 40, 70, 5_000, 2 * MIB]
        .into_iter()
        .zip(kinds.iter().cycle())
    {
        for answer in [KEEPS, CLOSES] {
            for size in [3, 9_000, 9 * MIB] {
                let script = Script::new().send(answer).end(Ending::Close);
                let (mut conn, peer) = connect(script.refuse_writes(accepted, *kind));
                conn.request("PUT", "/", bytes(size), &[]).unwrap();
                let mut response = conn.getresponse().unwrap();
                assert_eq!(response.read(None).unwrap(), &answer[answer.len() - 2..]);
                let all = peer.received(0).ends_with(b"xxx") && body_sent(&peer).len() == size;
                assert_eq!(response.request_complete(), all, "{accepted} {size}");
                if !all {
                    assert!(response.will_close());
                    assert_given_up(&mut conn, &peer, "a failed write");
                }
            }
        }
    }
}

#[test]
fn a_failed_write_on_a_kept_connection_is_none_either() {
    let taken = GET.len() + 200_000;
    let script = Script::new().expect(GET).send(KEEPS);
    let script = script.expect_bytes(200_000).send(CLOSES);
    let script = script.refuse_writes(taken, ErrorKind::BrokenPipe);
    let (mut conn, peer) = connect(script);
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    conn.request("PUT", "/", bytes(9 * MIB), &[]).unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 413);
    assert!(!response.request_complete());
    assert_eq!(peer.calls().connects, 1);
    conn.request("GET", "/next", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_eq!((peer.calls().connects, &peer.received(1)[..]), (2, GET));
}

#[test]
fn under_http_client_a_failed_write_is_an_error() {
    let script = Script::new().send(CLOSES).end(Ending::Close);
    let script = script.refuse_writes(5_000, ErrorKind::BrokenPipe);
    let (mut conn, peer) = connect_with(script, Tolerance::HTTP_CLIENT);
    let error = conn.request("PUT", "/", bytes(9_000), &[]).unwrap_err();
    assert!(error.is_connection_reset(), "{error:?}");
    let mut response = conn.getresponse().unwrap();
    assert!(!response.request_complete());
    assert_eq!(response.read(None).unwrap(), b"no");
    assert_given_up(&mut conn, &peer, "a broken pipe");
}

#[test]
fn without_an_answer_a_failed_write_is_an_error() {
    for end in [Ending::Close, Ending::Reset, Ending::Silence] {
        for beginning in [&b""[..], b"HTTP/1.1 413 Content Too La"] {
            let script = Script::new().send(beginning).end(end);
            let script = script.refuse_writes(5_000, ErrorKind::BrokenPipe);
            let (mut conn, peer) = connect(script);
            let error = conn.request("PUT", "/", bytes(9_000), &[]).unwrap_err();
            let broken = matches!(&error, HTTPException::Io { error, step: Step::Write, .. }
                if error.kind() == ErrorKind::BrokenPipe);
            assert!(broken, "{error:?}");
            assert_given_up(&mut conn, &peer, "no answer");
        }
    }
}

#[test]
fn send_counts_what_a_failed_write_had_taken() {
    let head =
        b"PUT / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\nContent-Length: 9000\r\n\r\n";
    let script = Script::new().expect_head().send(CLOSES);
    let script = script.refuse_writes(head.len() + 4_000, ErrorKind::BrokenPipe);
    let (mut conn, peer) = connect(script);
    length(&mut conn, 9_000);
    conn.send(bytes(3_000)).unwrap();
    let error = conn.send(bytes(6_000)).unwrap_err();
    let counted = matches!(error, HTTPException::BodyNotWanted { written: 1_000 });
    assert!(counted, "{error:?}");
    assert_eq!(conn.getresponse().unwrap().status(), 413);
    assert_given_up(&mut conn, &peer, "a failed write");
}

/// On a connection that served others, what lies there before the first byte is no answer.
#[test]
fn what_came_before_the_request_is_not_its_answer() {
    let head =
        b"PUT / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\nContent-Length: 2\r\n\r\nab";
    let script = early(KEEPS).send(CLOSES);
    let (mut conn, peer) = connect(script.refuse_writes(head.len(), ErrorKind::BrokenPipe));
    conn.request("PUT", "/", b"ab", &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    let error = conn.request("PUT", "/", b"ab", &[]).unwrap_err();
    assert!(error.is_connection_reset(), "{error:?}");
    assert_given_up(&mut conn, &peer, "an unasked answer");
}

/// The peer takes so much and no more; its answer comes so much later.
fn stalls(taken: usize, time: Duration, answer: &[u8]) -> Script {
    let script = Script::new().expect_bytes(taken).wait(time).send(answer);
    script.refuse_writes(taken, ErrorKind::WouldBlock)
}

const SOON: Duration = Duration::from_millis(300);

#[test]
fn a_blocked_write_looks_for_an_answer() {
    let file = Temporary::new("blocked", &bytes(9 * MIB));
    let bodies: [&dyn Fn() -> Body<'static>; 4] = [
        &|| Body::from(bytes(9 * MIB)),
        &|| Body::reader(reader(9 * MIB)),
        &|| Body::iter((0..9).map(|_| bytes(MIB))),
        &|| Body::from(file.open()),
    ];
    for body in bodies {
        for time in [Duration::ZERO, SOON] {
            for timeout in [None, Some(SECOND * 30)] {
                let (mut conn, peer) = connect(stalls(200_000, time, CLOSES));
                conn.set_write_timeout(timeout);
                conn.request("PUT", "/", body(), &[]).unwrap();
                assert!(peer.elapsed() <= time + SECOND / 10, "{:?}", peer.elapsed());
                assert_eq!(peer.received(0).len(), 200_000);
                let response = conn.getresponse().unwrap();
                assert_eq!(response.status(), 413);
                assert!(!response.request_complete());
                assert_given_up(&mut conn, &peer, "a blocked write");
            }
        }
    }
}

#[test]
fn a_blocked_send_looks_for_an_answer() {
    let (mut conn, peer) = connect(stalls(200_000, SOON, CLOSES));
    length(&mut conn, 9 * MIB);
    let head = peer.received(0).len();
    let error = conn.send(bytes(9 * MIB)).unwrap_err();
    let written = 200_000 - head as u64;
    assert!(matches!(error, HTTPException::BodyNotWanted { written: count } if count == written));
    assert!(peer.elapsed() <= SOON + SECOND / 10);
    assert_given_up(&mut conn, &peer, "a blocked write");
}

#[test]
fn a_blocked_write_times_out_when_its_time_is_over() {
    for (timeout, deadline) in [(Some(SECOND * 2), None), (None, Some(SECOND * 2))] {
        let (mut conn, peer) = connect(stalls(200_000, SECOND * 60, CLOSES));
        conn.set_write_timeout(timeout);
        conn.set_deadline(deadline);
        length(&mut conn, 9 * MIB);
        let head = peer.received(0).len() as u64;
        let error = conn.send(bytes(9 * MIB)).unwrap_err();
        let HTTPException::TimedOut { step, written, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((step, written), (Step::Write, 200_000 - head));
        assert_eq!(peer.elapsed(), SECOND * 2);
        // A slice that is shorter than 100 ms does not last longer.
        conn.set_deadline(None);
        conn.set_write_timeout(Some(SECOND / 50));
        let error = conn.send(bytes(1)).unwrap_err();
        assert!(matches!(error, HTTPException::TimedOut { written: 0, .. }));
        assert_eq!(peer.elapsed(), SECOND * 2 + SECOND / 50);
        conn.set_write_timeout(None);
        assert_given_up(&mut conn, &peer, "a timeout");
    }
}

/// The peer answers, keeps the connection, and takes no more.
#[test]
fn a_timeout_behind_an_early_answer_is_no_failed_request() {
    let (mut conn, peer) = connect(stalls(2 * MIB, Duration::ZERO, KEEPS));
    conn.set_write_timeout(Some(SECOND * 2));
    conn.request("PUT", "/", Body::reader(reader(9 * MIB)), &[])
        .unwrap();
    assert_eq!(peer.elapsed(), SECOND * 2);
    let response = conn.getresponse().unwrap();
    assert!(!response.request_complete() && response.will_close());
    assert_given_up(&mut conn, &peer, "a timeout");
}

#[test]
fn under_http_client_a_timeout_behind_an_early_answer_is_an_error() {
    let script = stalls(2 * MIB, Duration::ZERO, KEEPS);
    let (mut conn, _) = connect_with(script, Tolerance::HTTP_CLIENT);
    conn.set_write_timeout(Some(SECOND * 2));
    let error = conn.request("PUT", "/", Body::reader(reader(9 * MIB)), &[]);
    assert!(error.unwrap_err().is_timeout());
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

#[test]
fn a_small_request_sets_no_timeout_of_its_own() {
    let script = (0..3).fold(Script::new(), |script, _| script.expect_head().send(KEEPS));
    let peer = Peer::new([script]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.clock(peer.clone()).build().unwrap();
    for body in [1_000, 100_000, 1_000] {
        conn.request("PUT", "/", bytes(body), &[]).unwrap();
        conn.getresponse().unwrap();
    }
    // The one of the large body stays.
    assert_eq!(peer.calls().timeouts, 1);
    assert_eq!(peer.calls().looks, 0);
}

/// Up to 16 KiB, head and body, find room in a socket.
#[test]
fn a_request_that_may_block_is_watched() {
    let head =
        "PUT / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\nContent-Length: 16000\r\n\r\n";
    for (size, timeouts) in [(16_384, 0), (16_385, 1)] {
        let peer = Peer::new([Script::new()]);
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let mut conn = builder.clock(peer.clone()).build().unwrap();
        conn.request("PUT", "/", bytes(size - head.len()), &[])
            .unwrap();
        assert_eq!(peer.received(0).len(), size);
        assert_eq!(peer.calls().timeouts, timeouts);
    }
}

#[test]
fn a_body_sent_whole_in_steps_keeps_the_connection_under_every_tolerance() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let script = Script::new().expect_head().expect_bytes(4).send(KEEPS);
        let (mut conn, peer) = connect_with(script.expect(GET).send(KEEPS), tolerance);
        length(&mut conn, 4);
        conn.send(b"ab").unwrap();
        conn.send(b"cd").unwrap();
        let response = conn.getresponse().unwrap();
        assert!(response.request_complete() && !response.will_close());
        conn.request("GET", "/next", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
        assert_eq!(peer.calls().connects, 1);
    }
}

// Streams that hold back what they were given

/// Takes everything, and hands nothing over: each flush is blocked for as long as a write may be,
/// or comes back at once where there is no limit. Its answer comes at this moment of the clock.
struct Holding {
    clock: Peer,
    write_timeout: Option<Duration>,
    answers: Duration,
    /// What the first read comes to instead.
    fails: Option<ErrorKind>,
}

impl Read for Holding {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let mut answer = CLOSES;
        match self.fails.take() {
            Some(kind) => Err(kind.into()),
            None => answer.read(output),
        }
    }
}

impl Write for Holding {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.clock.pass(self.write_timeout.unwrap_or_default());
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Stream for Holding {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        let answered = self.clock.elapsed() >= self.answers;
        Ok(if answered { Look::Data } else { Look::Idle })
    }
}

fn holding(answers: Duration, fails: Option<ErrorKind>) -> (HTTPConnection<Ready<Holding>>, Peer) {
    let clock = Peer::new([]);
    let stream = Holding {
        clock: clock.clone(),
        write_timeout: None,
        answers,
        fails,
    };
    let builder = HTTPConnection::builder("h").stream(stream);
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

/// What becomes of a body of this size, when it does, and what the answer is.
fn held(size: usize, timeout: Option<Duration>, answers: Duration) -> (Option<u16>, Duration) {
    let (mut conn, clock) = holding(answers, None);
    conn.set_write_timeout(timeout);
    let status = match conn.request("PUT", "/", bytes(size), &[]) {
        Ok(()) => Some(conn.getresponse().unwrap().status()),
        Err(HTTPException::TimedOut { step, .. }) => {
            assert_eq!(step, Step::Write);
            None
        }
        Err(error) => panic!("{error:?}"),
    };
    (status, clock.elapsed())
}

#[test]
fn a_flush_that_is_blocked_looks_for_an_answer_until_its_time_is_over() {
    for size in [100_000, 2 * MIB] {
        let in_time = held(size, Some(SECOND * 2), SOON);
        assert_eq!(in_time, (Some(413), SOON));
        assert_eq!(held(size, None, SOON), (Some(413), SOON));
        let too_late = held(size, Some(SECOND * 2), SECOND * 60);
        assert_eq!(too_late, (None, SECOND * 2));
    }
}

/// What is small is not watched: the stream's word is taken.
#[test]
fn a_flush_of_little_fails_as_the_stream_says() {
    let timeout = Some(SECOND * 2);
    assert_eq!(held(10, timeout, SOON), (Some(413), SECOND * 2));
    assert_eq!(held(10, timeout, SECOND * 60), (None, SECOND * 2));
    assert_eq!(held(10, None, SOON), (None, Duration::ZERO));
}

/// What lies there may be no more than the beginning of a record of TLS.
#[test]
fn an_answer_that_is_not_whole_yet_is_waited_for() {
    let (mut conn, clock) = holding(SOON, Some(ErrorKind::WouldBlock));
    conn.request("PUT", "/", bytes(100_000), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 413);
    assert_eq!(clock.elapsed(), SOON + SECOND / 10);
}

#[test]
fn an_answer_that_can_not_be_read_ends_the_upload() {
    let (mut conn, clock) = holding(SOON, Some(ErrorKind::InvalidData));
    match conn.request("PUT", "/", bytes(100_000), &[]) {
        Err(HTTPException::Io { error, step, .. }) => {
            assert_eq!(
                (error.kind(), step),
                (ErrorKind::InvalidData, Step::ReadHead)
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((clock.elapsed(), conn.is_connected()), (SOON, false));
}

// Bodies that end early

#[test]
fn a_short_reader_leaves_a_chunked_body_without_end() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        let (mut conn, peer) = connect_with(Script::new(), tolerance);
        let body = Body::sized(&b"hello"[..], 9);
        let framing = [("Transfer-Encoding", "chunked")];
        let error = conn.request_with("PUT", "/", body, &framing, true);
        let error = error.unwrap_err();
        let short = matches!(
            error,
            HTTPException::BodyLengthMismatch {
                declared: 9,
                given: 5
            }
        );
        assert!(short, "{error:?}");
        assert_eq!((peer.calls().open, conn.is_connected()), (0, false));
        assert_eq!(body_sent(&peer), b"5\r\nhello\r\n");
        assert_given_up(&mut conn, &peer, "a short reader");
    }
}

#[test]
fn a_source_that_fails_leaves_a_chunked_body_without_end() {
    let items = || [Ok("one"), Ok(""), Ok("two"), Err(io::Error::other("lost"))];
    for length in [None, Some(("Content-Length", "9"))] {
        let (mut conn, peer) = connect(Script::new());
        let headers: Vec<_> = length.into_iter().collect();
        let sent = conn.request("PUT", "/", Body::try_iter(items()), &headers);
        let error = sent.unwrap_err();
        assert!(error.is_source_error() && error.to_string().contains("lost"));
        assert_eq!((peer.calls().open, conn.is_connected()), (0, false));
        let chunks: &[u8] = match length {
            None => b"3\r\none\r\n3\r\ntwo\r\n",
            Some(_) => b"onetwo",
        };
        assert_eq!(body_sent(&peer), chunks);
        assert_given_up(&mut conn, &peer, "a source that failed");
    }
}

#[test]
fn a_source_that_does_not_fail_is_sent_whole() {
    let (mut conn, peer) = connect(Script::new());
    let items = ["one", "two"].map(io::Result::Ok);
    conn.request("PUT", "/", Body::try_iter(items), &[])
        .unwrap();
    assert_eq!(body_sent(&peer), b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}

#[test]
fn a_part_of_a_body_is_no_body() {
    let (mut conn, peer) = connect(Script::new());
    chunked(&mut conn);
    conn.send_chunk(b"x").unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    let fault = BodyFault::BrokenChunks;
    assert!(matches!(error, HTTPException::InvalidBody { fault: found } if found == fault));
    assert_given_up(&mut conn, &peer, "no end");
}

// Files whose size is not what they say

#[cfg(target_os = "linux")]
#[test]
fn files_of_the_kernel_are_sent_with_their_content() {
    // One says 0, the other a page.
    for path in ["/proc/version", "/sys/devices/system/cpu/online"] {
        let content = fs::read(path).unwrap();
        assert_ne!(fs::metadata(path).unwrap().len(), content.len() as u64);
        let (mut conn, peer) = connect(Script::new());
        let file = File::open(path).unwrap();
        conn.request("PUT", "/", file, &[]).unwrap();
        assert_eq!(body_sent(&peer), content, "{path}");
        let field = format!("\r\nContent-Length: {}\r\n", content.len());
        assert!(contains(&peer.received(0), field.as_bytes()), "{path}");
    }
}

/// The caller says how long it is, and is right.
#[cfg(target_os = "linux")]
#[test]
fn a_file_of_the_kernel_has_the_length_that_it_has() {
    let content = fs::read("/proc/version").unwrap();
    for (declared, right) in [
        (content.len(), true),
        (0, false),
        (content.len() + 1, false),
    ] {
        let (mut conn, peer) = connect(Script::new());
        let file = File::open("/proc/version").unwrap();
        let declared = declared.to_string();
        let sent = conn.request("PUT", "/", file, &[("Content-Length", &declared)]);
        match sent {
            Ok(()) => assert!(right && body_sent(&peer) == content),
            Err(error) => {
                assert!(matches!(error, HTTPException::BodyLengthMismatch { .. }));
                assert!(!right && peer.calls().bytes_written == 0);
            }
        }
    }
}

/// What is longer than the first block shows is sent in chunks.
#[cfg(target_os = "linux")]
#[test]
fn a_long_file_of_the_kernel_is_chunked() {
    let path = "/proc/kallsyms";
    let content = fs::read(path).unwrap();
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    assert!(content.len() > 100_000);
    let (mut conn, peer) = connect(Script::new());
    conn.request("PUT", "/", File::open(path).unwrap(), &[])
        .unwrap();
    let coding = b"\r\nTransfer-Encoding: chunked\r\n";
    assert!(contains(&peer.received(0), coding));
    assert!(body_sent(&peer).len() > content.len());
    assert!(body_sent(&peer).ends_with(b"\r\n0\r\n\r\n"));
}

/// As `http.client` does, whatever length the caller has declared.
#[test]
fn under_http_client_a_file_is_sent_as_it_is() {
    for size in [10, 100_000] {
        for declared in ["5", "200000"] {
            let file = Temporary::new(&format!("given-{size}-{declared}"), &bytes(size));
            let (mut conn, peer) = connect_with(Script::new(), Tolerance::HTTP_CLIENT);
            let fields = [("Content-Length", declared)];
            conn.request("PUT", "/", file.open(), &fields).unwrap();
            assert_eq!(body_sent(&peer).len(), size, "{declared}");
        }
    }
}

/// A reader that is interrupted before each of its reads.
struct Interrupted(u8);

impl Read for Interrupted {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 | 3 => Err(ErrorKind::Interrupted.into()),
            2 => (&b"whole"[..]).read(output),
            _ => Ok(0),
        }
    }
}

#[test]
fn a_source_that_is_interrupted_is_asked_again() {
    let (mut conn, peer) = connect(Script::new());
    conn.request("PUT", "/", Body::reader(Interrupted(0)), &[])
        .unwrap();
    assert_eq!(body_sent(&peer), b"5\r\nwhole\r\n0\r\n\r\n");
}

/// Files of which the first block is read before the head, and longer ones, have the length they say.
#[test]
fn a_regular_file_of_any_length_is_sent_with_its_length() {
    for size in [0, 1, 69_999, 70_000, 70_001] {
        let file = Temporary::new(&format!("regular-{size}"), &bytes(size));
        let (mut conn, peer) = connect(Script::new());
        conn.request("PUT", "/", file.open(), &[]).unwrap();
        let length = format!("\r\nContent-Length: {size}\r\n");
        assert!(contains(&peer.received(0), length.as_bytes()), "{size}");
        assert_eq!(body_sent(&peer).len(), size);
    }
}
