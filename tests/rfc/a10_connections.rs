//! Connections: RFC 9112 section 9, RFC 9110 section 9.2.2.

use std::time::Duration;

use stdhttp::HTTPException::{
    ImproperConnectionState, IncompleteRead, RemoteDisconnected, TimedOut,
};
use stdhttp::testing::{Ending, Peer, PeerStream, Script};
use stdhttp::{
    CloseReason, ConnectTime, HTTPConnection, HTTPException, ImproperConnectionState as State,
    Secure, Secured,
};

use crate::support::{Conn, GET, SECOND, check_second, chunked, conn, ok};

const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";

fn hi() -> Vec<u8> {
    ok("Content-Length: 2", "hi")
}

/// One exchange that answers `hi`.
fn exchange(conn: &mut Conn) {
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
}

#[test]
fn m_9_2_1_answers_belong_to_their_requests() {
    let head = ok("Content-Length: 5", "");
    let script = Script::new()
        .expect_head()
        .send("HTTP/1.1 103 x\r\n\r\n")
        .send(head);
    let script = script.expect_head().send(hi());
    let (mut conn, peer) = conn([script]);
    conn.request("HEAD", "/", (), &[]).unwrap();
    let second = conn.request("GET", "/", (), &[]);
    assert!(matches!(
        second,
        Err(ImproperConnectionState(State::CannotSendRequest(_)))
    ));
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"");
    exchange(&mut conn);
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn m_9_2_2_data_on_an_idle_connection_is_no_response() {
    let script = Script::new().expect_head().send(hi()).send(EVIL);
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    exchange(&mut conn);
    peer.pass(Duration::from_millis(20));
    check_second(&mut conn);
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn m_9_2_3_stray_line_ends_do_no_harm() {
    for stray in ["\r\n", "\n", "\r\n\r\n"] {
        let script = Script::new().expect_head().send(hi()).send(stray);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        exchange(&mut conn);
        peer.pass(Duration::from_millis(20));
        check_second(&mut conn);
    }
}

#[test]
fn m_9_2_4_an_idle_connection_is_looked_at_before_reuse() {
    for ending in [Ending::Close, Ending::Reset, Ending::Truncate] {
        let script = Script::new().expect_head().send(hi()).end(ending);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        exchange(&mut conn);
        assert!(conn.is_connected());
        peer.pass(Duration::from_millis(1));
        check_second(&mut conn);
        assert_eq!((peer.calls().connects, peer.calls().looks), (2, 1));
    }
}

#[test]
fn m_9_3_1_persistence_by_version_and_options() {
    for (version, fields, kept) in [
        ("1.1", "X: 1", true),
        ("1.1", "Connection: close", false),
        ("1.1", "Connection: Close", false),
        ("1.1", "Connection: foo, CLOSE", false),
        ("1.1", "Connection: close, keep-alive", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close", false),
        ("1.1", "Connection: keep-alive", true),
        ("1.1", "Connection: not-close", true),
        ("1.1", "Connection: closed", true),
        ("1.1", "Connection: close-x", true),
        ("1.0", "X: 1", false),
        ("1.0", "Connection: keep-alive", true),
        ("1.0", "Connection: Keep-Alive, x", true),
        ("1.0", "Connection: keep-alive, close", false),
        ("1.0", "Keep-Alive: timeout=5", false),
        ("1.0", "Proxy-Connection: keep-alive", false),
    ] {
        let head = format!("HTTP/{version} 200 OK\r\n{fields}\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(GET.answer(head).reusable, kept, "{version} {fields}");
    }
}

#[test]
fn m_9_3_2_a_request_that_says_close_is_the_last() {
    let script = Script::new().expect_head().send(hi());
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    conn.request("GET", "/", (), &[("Connection", "close")])
        .unwrap();
    assert!(peer.received(0).ends_with(b"\r\nConnection: close\r\n\r\n"));
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.close_reason(), Some(CloseReason::WeClose));
    assert_eq!(response.read(None).unwrap(), b"hi");
    assert_eq!(peer.calls().open, 0);
    check_second(&mut conn);
}

#[test]
fn m_9_3_3_many_requests_on_one_connection() {
    let script = (0..50).fold(Script::new(), |script, _| script.expect_head().send(hi()));
    let (mut conn, peer) = conn([script]);
    for _ in 0..50 {
        exchange(&mut conn);
    }
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn m_9_3_4_a_response_dropped_half_read_leaves_nothing_behind() {
    let body = "0123456789".repeat(3);
    let length = format!("Content-Length: {}", body.len());
    let messages = [
        ok(length, &body),
        chunked(format!("1E\r\n{body}\r\n0\r\nX: 1\r\n\r\n")),
    ];
    for message in &messages {
        for taken in 0..=body.len() {
            for size in [1, 7, usize::MAX] {
                let script = Script::new().expect_head().send_pieces(message, &[size]);
                let script = script.expect_head().send(SECOND);
                let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
                conn.request("GET", "/", (), &[]).unwrap();
                let mut response = conn.getresponse().unwrap();
                assert_eq!(response.read(taken).unwrap(), &body.as_bytes()[..taken]);
                drop(response);
                check_second(&mut conn);
                assert_eq!(peer.calls().open, 1);
            }
        }
    }
    for (limit, connects) in [(28, 2), (30, 1)] {
        let script = Script::new().expect_head().send_pieces(&messages[0], &[1]);
        let script = script.expect_head().send(SECOND);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(
            conn.getresponse().unwrap().drain(limit).unwrap(),
            limit == 30
        );
        check_second(&mut conn);
        assert_eq!(peer.calls().connects, connects);
    }
}

#[test]
fn m_9_3_5_a_body_until_close_ends_the_connection() {
    let answer = GET.answer(ok("Connection: keep-alive", "abc"));
    assert!(answer.body == b"abc" && !answer.reusable);
}

#[test]
fn m_9_3_2_1_no_pipelining() {
    let (mut conn, peer) = conn([Script::new()]);
    conn.request("GET", "/", (), &[]).unwrap();
    let before = peer.calls().bytes_written;
    let second = conn.request("GET", "/", (), &[]);
    assert!(matches!(
        second,
        Err(ImproperConnectionState(State::CannotSendRequest(_)))
    ));
    assert_eq!(peer.calls().bytes_written, before);
}

#[test]
fn m_9_5_3_a_close_of_the_peer_is_noticed_at_the_next_use() {
    let script = Script::new().expect_head().send(hi()).end(Ending::Close);
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    exchange(&mut conn);
    peer.pass(Duration::from_secs(60));
    check_second(&mut conn);
    assert_eq!((peer.calls().connects, peer.calls().shutdowns), (2, 1));
}

#[test]
fn m_9_6_1_the_last_request_can_be_announced() {
    let (mut conn, peer) = conn([Script::new()]);
    conn.request("GET", "/", (), &[("Connection", "close")])
        .unwrap();
    assert!(peer.received(0).ends_with(b"\r\nConnection: close\r\n\r\n"));
}

#[test]
fn m_9_6_2_no_request_after_our_close() {
    let script = Script::new()
        .expect_head()
        .send(hi())
        .expect_head()
        .send(EVIL);
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    conn.request("GET", "/", (), &[("connection", "x, Close")])
        .unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    assert_eq!((peer.calls().open, peer.calls().shutdowns), (0, 1));
    check_second(&mut conn);
    assert_eq!(
        peer.received(0).windows(4).filter(|w| w == b"GET ").count(),
        1
    );
}

#[test]
fn m_9_6_3_no_request_after_the_peers_close() {
    let script = Script::new()
        .expect_head()
        .send(ok("Connection: close\r\nContent-Length: 2", "h"));
    let (mut conn, peer) = conn([script.send("i"), Script::answer(SECOND)]);
    conn.request("GET", "/", (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert!(response.will_close());
    assert_eq!(response.read(1).unwrap(), b"h");
    assert_eq!(peer.calls().open, 1);
    assert_eq!(response.read(1).unwrap(), b"i");
    assert_eq!(peer.calls().open, 0);
    check_second(&mut conn);
}

#[test]
fn m_9_6_4_no_half_close_behind_the_request() {
    for headers in [&[][..], &[("Connection", "close")]] {
        let (mut conn, peer) = conn([Script::new().expect_head().send(hi())]);
        conn.request("POST", "/", "a", headers).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!((peer.calls().shutdowns, peer.calls().open), (0, 1));
        response.read(None).unwrap();
    }
}

/// TLS that fails, or refuses to begin where a byte was written in clear.
pub(crate) struct Mock {
    pub(crate) fails: bool,
}

impl Secure<PeerStream> for Mock {
    type Stream = PeerStream;

    fn secure(
        &mut self,
        server_name: &str,
        stream: PeerStream,
        _time: ConnectTime<'_>,
    ) -> Result<PeerStream, HTTPException> {
        assert_eq!(server_name, "target");
        let clear = stream.peer().received(0);
        assert!(clear.is_empty() || clear.starts_with(b"CONNECT target:443 "));
        assert!(!clear.windows(4).any(|window| window == b"GET "));
        if self.fails {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData).into());
        }
        Ok(stream)
    }
}

#[test]
fn m_9_7_1_no_octet_before_the_handshake_is_done() {
    for tunnelled in [false, true] {
        for fails in [false, true] {
            let script = if tunnelled {
                Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n")
            } else {
                Script::new()
            };
            let peer = Peer::new([script.expect_head().send(hi())]);
            let host = if tunnelled { "proxy:3128" } else { "target" };
            let secured = Secured::new(Mock { fails }, peer.clone());
            let mut conn = HTTPConnection::builder(host)
                .connector(secured)
                .build()
                .unwrap();
            if tunnelled {
                conn.set_tunnel("target", None, &[("Proxy-Authorization", "x")])
                    .unwrap();
            }
            let result = conn.request("GET", "/", (), &[("Authorization", "secret")]);
            assert_eq!(result.is_err(), fails);
            let written = String::from_utf8(peer.received(0)).unwrap();
            assert_eq!(written.contains("secret"), !fails);
        }
    }
}

#[test]
fn m_9_8_1_a_proven_end_is_complete_whatever_follows() {
    for message in [
        ok("Content-Length: 3", "abc"),
        chunked("3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let script = Script::answer(message).end(Ending::Truncate);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        conn.request("GET", "/", (), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"abc");
        peer.pass(Duration::from_millis(1));
        check_second(&mut conn);
        assert_eq!(peer.calls().connects, 2);
    }
}

#[test]
fn m_9_8_2_a_truncated_body_until_close_is_incomplete() {
    let (mut conn, _) = conn([Script::answer(ok("", "abc")).end(Ending::Truncate)]);
    conn.request("GET", "/", (), &[]).unwrap();
    let result = conn.getresponse().unwrap().read(None);
    assert!(matches!(result, Err(IncompleteRead(_))));
}

/// Counts that the only stream of the peer was told goodbye, once.
fn check_goodbye(script: Script, action: impl FnOnce(Conn)) {
    let (conn, peer) = conn([script]);
    action(conn);
    let calls = peer.calls();
    assert_eq!((calls.connects, calls.shutdowns, calls.open), (1, 1, 0));
}

#[test]
fn m_9_8_3_goodbye_on_every_way_to_close() {
    let idle = || Script::new().expect_head().send(hi());
    check_goodbye(Script::new(), |mut conn| conn.connect().unwrap());
    check_goodbye(Script::new(), |mut conn| {
        conn.connect().unwrap();
        conn.close();
    });
    check_goodbye(idle(), |mut conn| exchange(&mut conn));
    check_goodbye(idle(), |mut conn| {
        conn.request("GET", "/", (), &[]).unwrap();
        conn.getresponse().unwrap().close();
    });
    check_goodbye(idle(), |mut conn| {
        conn.request("GET", "/", (), &[]).unwrap();
        drop(conn.into_response().unwrap());
    });
    for answer in ["garbage\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", ""] {
        check_goodbye(Script::answer(answer), |mut conn| {
            conn.request("GET", "/", (), &[]).unwrap();
            let _ = conn
                .getresponse()
                .and_then(|mut response| response.read(None));
        });
    }
    check_goodbye(Script::answer("HTTP/1.1 407 No\r\n\r\n"), |mut conn| {
        conn.set_tunnel("target", None, &[]).unwrap();
        assert!(conn.connect().is_err());
    });
}

#[test]
fn s_9_2_2_1_nothing_is_sent_twice_by_itself() {
    for (method, safe) in [
        ("GET", true),
        ("PUT", true),
        ("POST", false),
        ("PATCH", false),
    ] {
        let script = Script::new().expect_head().send(hi()).end(Ending::Close);
        let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
        exchange(&mut conn);
        // No time passes: the end is not looked for.
        conn.request(method, "/", (), &[]).unwrap();
        let error = conn.getresponse().map(drop).unwrap_err();
        assert!(matches!(error, RemoteDisconnected { .. }));
        assert!(error.retry().unwrap().reused);
        assert_eq!(error.is_retryable(), safe, "{method}");
        assert_eq!(peer.calls().connects, 1);
    }
    let (mut conn, _) = conn([Script::answer("")]);
    conn.request("GET", "/", (), &[]).unwrap();
    let error = conn.getresponse().map(drop).unwrap_err();
    assert!(!error.is_retryable());
}

#[test]
fn s_9_2_2_2_a_second_failure_is_not_retryable() {
    let script = Script::new().expect_head().send(hi()).end(Ending::Close);
    let (mut conn, peer) = conn([script, Script::answer("")]);
    exchange(&mut conn);
    for retryable in [true, false] {
        conn.request("GET", "/", (), &[]).unwrap();
        let error = conn.getresponse().map(drop).unwrap_err();
        assert_eq!(error.is_retryable(), retryable);
    }
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn m_9_3_1_1_the_peer_may_close_at_any_time() {
    let message = ok("Content-Length: 2", "hi");
    for length in 0..message.len() {
        for ending in [
            Ending::Close,
            Ending::Reset,
            Ending::Truncate,
            Ending::Silence,
        ] {
            let script = Script::answer(&message[..length]).end(ending);
            let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
            conn.request("GET", "/", (), &[]).unwrap();
            let error = conn
                .getresponse()
                .and_then(|mut response| response.read(None));
            match error.unwrap_err() {
                TimedOut { .. } => assert_eq!(ending, Ending::Silence),
                RemoteDisconnected { .. } => assert_eq!(length, 0),
                IncompleteRead(_) => assert_ne!(length, 0),
                other => panic!("{other:?}"),
            }
            conn.close();
            check_second(&mut conn);
            assert_eq!(peer.calls().open, 1);
        }
    }
}
