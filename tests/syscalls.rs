//! Proves how few calls of the stream an exchange takes: one write and one read for a GET, head
//! and small body in one write, one write for each chunk, no timeout set that did not change.
//! Counted on an in-memory stream, on which every call would be a system call of a socket.
#![allow(missing_docs)]

use std::io::Read;
use std::time::Duration;

use stdhttp::testing::{Calls, Peer, Script};
use stdhttp::{Body, HTTPConnection, StaleCheck};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// A peer that answers so many requests whose body has so many bytes.
fn answering(times: usize, body: usize) -> Peer {
    Peer::new([(0..times).fold(Script::new(), |script, _| {
        script.expect_head().expect_bytes(body).send(ANSWER)
    })])
}

fn connect(peer: &Peer) -> HTTPConnection<Peer> {
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    builder.clock(peer.clone()).build().unwrap()
}

fn finish(conn: &mut HTTPConnection<Peer>) {
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
}

/// What was called while the work was done.
fn counted(peer: &Peer, work: impl FnOnce()) -> Calls {
    let before = peer.calls();
    work();
    let after = peer.calls();
    let mut calls = after;
    calls.connects -= before.connects;
    calls.reads -= before.reads;
    calls.writes -= before.writes;
    calls.timeouts -= before.timeouts;
    calls.looks -= before.looks;
    calls.shutdowns -= before.shutdowns;
    calls
}

fn io(calls: Calls) -> (usize, usize) {
    (calls.writes, calls.reads)
}

#[test]
fn a_get_is_one_write_and_one_read() {
    let peer = answering(3, 0);
    let mut conn = connect(&peer);
    for exchange in 0..3 {
        let calls = counted(&peer, || {
            conn.request("GET", "/", (), &[]).unwrap();
            finish(&mut conn);
        });
        assert_eq!(io(calls), (1, 1));
        assert_eq!((calls.timeouts, calls.looks, calls.shutdowns), (0, 0, 0));
        assert_eq!(calls.connects, usize::from(exchange == 0));
    }
}

#[test]
fn step_by_step_too() {
    let peer = answering(1, 0);
    let mut conn = connect(&peer);
    let calls = counted(&peer, || {
        conn.putrequest("GET", "/").unwrap();
        for number in 0..50 {
            conn.putheader("X-Number", number).unwrap();
        }
        conn.endheaders().unwrap();
        let mut response = conn.getresponse().unwrap();
        let mut octet = [0; 1];
        while response.readinto(&mut octet).unwrap() > 0 {}
    });
    assert_eq!(io(calls), (1, 1));
}

#[test]
fn head_and_small_body_leave_in_one_write() {
    for size in [1, 1_024, 8_192] {
        let peer = answering(1, size);
        let mut conn = connect(&peer);
        let calls = counted(&peer, || {
            conn.request("POST", "/", vec![b'x'; size], &[]).unwrap();
            finish(&mut conn);
        });
        assert_eq!(io(calls), (1, 1), "{size}");
        assert_eq!(
            peer.received(0).iter().filter(|&&b| b == b'x').count(),
            size
        );
    }
}

#[test]
fn a_large_body_leaves_with_its_head_in_one_vectored_write() {
    let peer = answering(1, 1 << 20);
    let mut conn = connect(&peer);
    let calls = counted(&peer, || {
        conn.request("PUT", "/", vec![b'x'; 1 << 20], &[]).unwrap();
        finish(&mut conn);
    });
    assert_eq!(io(calls), (1, 1));
}

#[test]
fn endheaders_with_a_body_is_one_write() {
    let peer = answering(1, 1_024);
    let mut conn = connect(&peer);
    let calls = counted(&peer, || {
        conn.putrequest("PUT", "/").unwrap();
        conn.putheader("Content-Length", 1_024).unwrap();
        conn.endheaders_with(&[b'x'; 1_024], false).unwrap();
        finish(&mut conn);
    });
    assert_eq!(io(calls), (1, 1));
}

#[test]
fn a_chunked_upload_is_one_write_a_piece() {
    let pieces = [&b"one"[..], b"", &[b'x'; 20_000], b"three"];
    let encoded = 8 + (6 + 20_000 + 2) + 10 + 5;
    let peer = answering(1, encoded);
    let mut conn = connect(&peer);
    let calls = counted(&peer, || {
        conn.request("POST", "/", Body::iter(pieces), &[]).unwrap();
        finish(&mut conn);
    });
    // The head, three pieces that are not empty, the last chunk.
    assert_eq!(io(calls), (5, 1));
    let sent = peer.received(0);
    assert!(sent.ends_with(b"x\r\n5\r\nthree\r\n0\r\n\r\n"));
}

#[test]
fn a_chunked_slice_is_one_write_with_its_head() {
    for size in [3, 100_000] {
        let peer = answering(1, size + format!("{size:X}").len() + 9);
        let mut conn = connect(&peer);
        let calls = counted(&peer, || {
            conn.putrequest("POST", "/").unwrap();
            conn.putheader("Transfer-Encoding", "chunked").unwrap();
            conn.endheaders_with(vec![b'x'; size], true).unwrap();
            finish(&mut conn);
        });
        assert_eq!(io(calls), (1, 1), "{size}");
    }
}

#[test]
fn send_chunk_is_one_write() {
    let peer = answering(1, 8 + 8 + 5);
    let mut conn = connect(&peer);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    let calls = counted(&peer, || {
        conn.send_chunk(b"one").unwrap();
        conn.send_chunk(b"").unwrap();
        conn.send_chunk(b"two").unwrap();
        conn.send_last_chunk(&[]).unwrap();
        finish(&mut conn);
    });
    assert_eq!(io(calls), (3, 1));
}

/// After so much the answer is looked for: what frames the data leaves with it all the same.
#[test]
fn a_chunk_of_a_mib_is_one_write() {
    let peer = answering(1, 0);
    let mut conn = connect(&peer);
    conn.putrequest("POST", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    let calls = counted(&peer, || conn.send_chunk(&vec![b'x'; 1 << 20]).unwrap());
    assert_eq!(calls.writes, 1);
}

#[test]
fn a_reader_is_one_write_a_block() {
    let peer = answering(1, 250);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.blocksize(100).build().unwrap();
    let calls = counted(&peer, || {
        let body = Body::sized(&[b'x'; 250][..], 250);
        conn.request("PUT", "/", body, &[]).unwrap();
        finish(&mut conn);
    });
    assert_eq!(io(calls), (1 + 3, 1));
}

#[test]
fn a_reader_that_fills_its_blocks_gets_larger_ones() {
    let peer = answering(1, 2);
    let mut conn = connect(&peer);
    let body = vec![b'x'; 65_000 + 2 * 130_000];
    let calls = counted(&peer, || {
        conn.request("POST", "/", Body::reader(&body[..]), &[])
            .unwrap();
    });
    // The head, three blocks as chunks, and the last chunk.
    assert_eq!(calls.writes, 1 + 3 + 1);
}

/// A peer that answers with this head and a MiB.
fn answering_a_mib(head: &[u8]) -> Peer {
    let script = Script::new().expect_head().send(head);
    Peer::new([script.send_pieces(vec![b'x'; 1 << 20], &[LARGE])])
}

const LARGE: usize = 1 << 18;

/// Three reads of the caller are three of the stream.
fn assert_three_large_reads(peer: &Peer, response: &mut impl Read) {
    let mut part = vec![0; LARGE];
    let calls = counted(peer, || {
        for _ in 0..3 {
            assert_eq!(response.read(&mut part).unwrap(), LARGE);
        }
    });
    assert_eq!(calls.reads, 3);
}

#[test]
fn large_reads_bypass_the_buffer() {
    let peer = answering_a_mib(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_three_large_reads(&peer, &mut response);
    // The end of the body goes through the buffer, which shows whether anything stands behind it.
    let mut part = vec![0; LARGE];
    let calls = counted(&peer, || while response.readinto(&mut part).unwrap() > 0 {});
    assert_eq!(calls.reads, LARGE.div_ceil(65_000));
    assert!(response.is_complete());
}

#[test]
fn large_reads_of_large_chunks_and_of_a_body_until_close_bypass_the_buffer() {
    let chunked = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"[..];
    for head in [chunked, b"HTTP/1.1 200 OK\r\n\r\n"] {
        let peer = answering_a_mib(head);
        let mut conn = connect(&peer);
        conn.request("GET", "/", (), &[]).unwrap();
        assert_three_large_reads(&peer, &mut conn.getresponse().unwrap());
    }
}

#[test]
fn one_read_of_a_chunked_body_takes_all_chunks_that_came() {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        answer.extend_from_slice(b"3\r\nabc\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let mut conn = connect(&peer);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut body = [0; 1_000];
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.readinto(&mut body).unwrap(), 300);
    assert!(response.is_complete());
    assert_eq!(peer.calls().reads, 1);
}

#[test]
fn timeouts_are_set_once() {
    let peer = answering(4, 0);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let builder = builder.read_timeout(Duration::from_secs(3));
    let mut conn = builder
        .write_timeout(Duration::from_secs(4))
        .build()
        .unwrap();
    let exchange = |conn: &mut HTTPConnection<Peer>| {
        counted(&peer, || {
            conn.request("GET", "/", (), &[]).unwrap();
            finish(conn);
        })
        .timeouts
    };
    assert_eq!(exchange(&mut conn), 2);
    assert_eq!(exchange(&mut conn), 0);
    conn.set_read_timeout(Some(Duration::from_secs(5)));
    assert_eq!(exchange(&mut conn), 1);
    assert_eq!(exchange(&mut conn), 0);
}

#[test]
fn with_a_deadline_each_read_and_write_sets_one() {
    // The time that passes changes what is left before every call.
    let script = Script::new().expect_head().wait(Duration::from_millis(1));
    let script = script.send_pieces(ANSWER, &[1]);
    let peer = Peer::new([script]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let builder = builder.clock(peer.clone()).deadline(Duration::from_secs(9));
    let mut conn = builder.build().unwrap();
    let calls = counted(&peer, || {
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        let mut body = Vec::new();
        for _ in 0..2 {
            peer.pass(Duration::from_millis(1));
            body.extend(response.read1(None).unwrap());
        }
        assert_eq!(body, b"hi");
    });
    assert!(calls.timeouts <= calls.reads + calls.writes, "{calls:?}");
    assert!(calls.timeouts >= 4, "{calls:?}");
}

#[test]
fn a_look_is_made_only_where_asked_for() {
    let cases = [
        (StaleCheck::Never, Duration::from_secs(9), 0),
        (StaleCheck::Always, Duration::ZERO, 1),
        (StaleCheck::default(), Duration::ZERO, 0),
        (StaleCheck::default(), Duration::from_millis(2), 1),
    ];
    for (check, idle, looks) in cases {
        let peer = answering(2, 0);
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let builder = builder.clock(peer.clone()).stale_check(check);
        let mut conn = builder.build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        finish(&mut conn);
        peer.pass(idle);
        let calls = counted(&peer, || {
            conn.request("GET", "/", (), &[]).unwrap();
            finish(&mut conn);
        });
        assert_eq!((calls.looks, calls.connects), (looks, 0), "{check:?}");
    }
}
