//! Proves that time is kept: what each limit counts and to what it applies, that none of it stays
//! on a stream that is given away or is beaten by one that was lent, and that no duration and no
//! size that a caller can give breaks an exchange.
#![allow(missing_docs)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use stdhttp::testing::{Peer, Script};
use stdhttp::{Body, Builder, Continue, HTTPConnection, HTTPException, Step};

const HI: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
const EXPECT: (&str, &str) = ("Expect", "100-continue");

fn builder(peer: &Peer) -> Builder<Peer> {
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    builder.clock(peer.clone())
}

fn head() -> Script {
    Script::new().expect_head()
}

fn get<C: stdhttp::Connect>(conn: &mut HTTPConnection<C>) -> Result<Vec<u8>, HTTPException> {
    conn.request("GET", "/", (), &[])?;
    conn.getresponse()?.read(None)
}

fn assert_timed_out(result: Result<impl Sized, HTTPException>, at: Step) {
    match result {
        Err(HTTPException::TimedOut { step, .. }) => assert_eq!(step, at),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("no timeout"),
    }
}

// Waiting for 100

#[test]
fn the_wait_for_100_is_one_time_over_all_that_comes() {
    let processing = "HTTP/1.1 102 Processing\r\n\r\n";
    for pieces in [&[usize::MAX][..], &[1]] {
        let slow = (0..processing.len()).fold(head(), |script, place| {
            let wait = SECOND - TENTH;
            match pieces {
                [1] => script.wait(wait).send(&processing[place..=place]),
                _ => script.wait(wait).send(processing),
            }
        });
        let peer = Peer::new([slow.expect("abc").send(HI)]);
        let mut conn = builder(&peer).continue_timeout(SECOND).build().unwrap();
        conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
        assert_eq!(peer.elapsed(), SECOND);
        assert!(peer.received(0).ends_with(b"\r\n\r\nabc"));
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    }
}

#[test]
fn after_the_wait_for_100_the_usual_limits_hold() {
    let answers: [&[u8]; 2] = [b"HTTP/1.1 100 Continue\r\n\r\n", b""];
    for answer in answers {
        for (late, in_time) in [(SECOND * 4, true), (SECOND * 6, false)] {
            let script = head().send(answer).expect("abc").wait(late).send(HI);
            let peer = Peer::new([script]);
            let builder = builder(&peer).continue_timeout(SECOND);
            let mut conn = builder.read_timeout(SECOND * 5).build().unwrap();
            conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
            let waited = peer.elapsed();
            match in_time {
                true => assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi"),
                false => assert_timed_out(conn.getresponse(), Step::ReadHead),
            }
            assert_eq!(peer.elapsed() - waited, late.min(SECOND * 5));
        }
    }
}

#[test]
fn the_deadline_holds_during_and_after_the_wait_for_100() {
    let peer = Peer::new([head().wait(SECOND * 9).send(HI)]);
    let builder = builder(&peer).continue_timeout(SECOND * 2);
    let mut conn = builder.deadline(SECOND * 5).build().unwrap();
    conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
    assert_eq!(peer.elapsed(), SECOND * 2);
    assert_timed_out(conn.getresponse(), Step::ReadHead);
    assert_eq!(peer.elapsed(), SECOND * 5);
}

#[test]
fn a_wait_for_100_that_fails_leaves_no_limit_behind() {
    let peer = Peer::new([
        head().send("junk"),
        Script::new().expect_head().wait(SECOND * 9).send(HI),
    ]);
    let mut conn = builder(&peer).continue_timeout(SECOND).build().unwrap();
    assert!(conn.request("PUT", "/", b"abc", &[EXPECT]).is_err());
    assert!(!conn.is_connected());
    assert_eq!(get(&mut conn).unwrap(), b"hi");
}

#[test]
fn no_time_to_wait_for_100_is_no_wait() {
    let peer = Peer::new([head().expect("abc").send(HI)]);
    let builder = builder(&peer).continue_timeout(Duration::ZERO);
    let mut conn = builder.build().unwrap();
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Expect", "100-continue").unwrap();
    conn.putheader("Content-Length", 3).unwrap();
    conn.endheaders().unwrap();
    assert_eq!(conn.await_continue().unwrap(), Continue::NoAnswer);
    assert_eq!(peer.elapsed(), Duration::ZERO);
    conn.send(b"abc").unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
}

// Tunnels

fn through_tunnel(builder: Builder<Peer>) -> HTTPConnection<Peer> {
    let mut conn = builder.build().unwrap();
    conn.set_tunnel("target", None, &[]).unwrap();
    conn
}

#[test]
fn a_refused_tunnel_is_reported_at_the_head_with_what_is_at_hand() {
    for (framing, body) in [
        ("", ""),
        ("", "no"),
        ("Content-Length: 9\r\n", "no"),
        ("Transfer-Encoding: chunked\r\n", "2\r\nno\r\n5\r\n"),
    ] {
        let refusal = format!("HTTP/1.1 407 Who?\r\n{framing}\r\n{body}");
        for pieces in [1, 1_000] {
            let peer = Peer::new([head().send_pieces(&refusal, &[pieces])]);
            let mut conn = through_tunnel(builder(&peer).connect_timeout(SECOND * 30));
            match conn.connect() {
                Err(HTTPException::TunnelFailed(failed)) => {
                    let came = if body.is_empty() { "" } else { "no" };
                    assert_eq!((failed.status, &*failed.body), (407, came.as_bytes()));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!((peer.elapsed(), peer.calls().open), (Duration::ZERO, 0));
        }
    }
}

#[test]
fn the_timeouts_for_one_read_and_one_write_hold_for_a_tunnel() {
    let peer = Peer::new([head()]);
    let mut conn = through_tunnel(builder(&peer).read_timeout(SECOND * 2));
    assert_timed_out(conn.connect(), Step::Tunnel);
    assert_eq!(peer.elapsed(), SECOND * 2);

    let octets = "HTTP/1.1 200 Yes\r\n\r\n".bytes();
    let slow = octets.fold(head(), |script, octet| script.wait(SECOND).send([octet]));
    let peer = Peer::new([slow.expect_head().send(HI)]);
    let mut conn = through_tunnel(builder(&peer).read_timeout(SECOND * 2));
    assert_eq!(get(&mut conn).unwrap(), b"hi");

    let stuck = Script::new().refuse_writes(3, ErrorKind::WouldBlock);
    let peer = Peer::new([stuck]);
    let mut conn = through_tunnel(builder(&peer).write_timeout(SECOND * 3));
    assert_timed_out(conn.connect(), Step::Tunnel);
    assert_eq!(peer.elapsed(), SECOND * 3);
}

#[test]
fn the_time_for_connecting_does_not_stay_on_the_stream() {
    let limits: [fn(Builder<Peer>) -> Builder<Peer>; 3] = [
        |builder| builder,
        |builder| builder.connect_timeout(SECOND),
        |builder| builder.timeout(SECOND).read_timeout(SECOND * 10),
    ];
    for limit in limits {
        let open = head().send("HTTP/1.1 200 OK\r\n\r\n");
        let peer = Peer::new([open.expect_head().wait(SECOND * 9).send(HI)]);
        let mut conn = through_tunnel(limit(builder(&peer)));
        assert_eq!(get(&mut conn).unwrap(), b"hi");
        assert_eq!(peer.elapsed(), SECOND * 9);
    }
}

#[test]
fn the_read_timeout_is_back_after_a_tunnel() {
    let open = head().send("HTTP/1.1 200 OK\r\n\r\n").expect_head();
    let peer = Peer::new([open.wait(SECOND * 9).send(HI)]);
    let builder = builder(&peer).connect_timeout(SECOND * 30);
    let mut conn = through_tunnel(builder.read_timeout(SECOND * 4));
    assert_timed_out(get(&mut conn), Step::ReadHead);
    assert_eq!(peer.elapsed(), SECOND * 4);
}

// The deadline

#[test]
fn a_deadline_set_between_an_early_answer_and_getresponse_holds() {
    let early = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh";
    let script = head().send(early).expect_bytes(2 << 20);
    let peer = Peer::new([script.wait(SECOND * 9).send("i")]);
    let mut conn = builder(&peer).build().unwrap();
    let body = Body::sized(std::io::repeat(b'x'), 2 << 20);
    conn.request("PUT", "/", body, &[]).unwrap();
    conn.set_deadline(Some(SECOND * 3));
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.readinto(&mut [0; 9]).unwrap(), 1);
    assert_timed_out(response.readinto(&mut [0; 9]), Step::ReadBody);
    assert_eq!(peer.elapsed(), SECOND * 3);
}

// The stream's own timeouts

/// Two ends of a connection over TCP.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (here, listener.accept().unwrap().0)
}

#[test]
fn a_stream_that_is_given_away_has_no_timeouts() {
    let switch = b"HTTP/1.1 101 S\r\nUpgrade: chat\r\n\r\n";
    for by_response in [true, false] {
        let (here, mut there) = pair();
        there.write_all(switch).unwrap();
        let builder = HTTPConnection::builder("h").stream(here);
        let builder = builder.timeout(SECOND * 9).deadline(SECOND * 7);
        // The answer is there before the request, which the stream is not asked for.
        let mut conn = builder
            .stale_check(stdhttp::StaleCheck::Never)
            .build()
            .unwrap();
        conn.request("GET", "/", (), &[("Upgrade", "chat")])
            .unwrap();
        let response = conn.getresponse().unwrap();
        assert_eq!(response.status(), 101);
        let (stream, _) = if by_response {
            response.into_inner().unwrap()
        } else {
            drop(response);
            conn.into_inner().unwrap()
        };
        assert_eq!(stream.read_timeout().unwrap(), None);
        assert_eq!(stream.write_timeout().unwrap(), None);
    }
}

#[test]
fn a_timeout_set_on_the_lent_stream_does_not_beat_ours() {
    type Lend = fn(&mut HTTPConnection<stdhttp::Ready<TcpStream>>) -> &TcpStream;
    let ways: [Lend; 2] = [
        |conn| conn.stream().unwrap(),
        |conn| conn.stream_mut().unwrap(),
    ];
    for (place, ours) in [
        (0, None),
        (0, Some(SECOND * 9)),
        (1, None),
        (1, Some(SECOND * 9)),
    ] {
        let lend = ways[place];
        let (here, mut there) = pair();
        let mut conn = HTTPConnection::from_stream(here, "h").unwrap();
        conn.set_read_timeout(ours);
        conn.set_write_timeout(ours);
        for _ in 0..2 {
            conn.request("GET", "/", (), &[]).unwrap();
            there.write_all(HI).unwrap();
            assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
            assert!(there.read(&mut [0; 999]).unwrap() > 0);
            assert_eq!(conn.stream().unwrap().read_timeout().unwrap(), ours);
            assert_eq!(conn.stream().unwrap().write_timeout().unwrap(), ours);
            let stream = lend(&mut conn);
            stream.set_read_timeout(Some(SECOND)).unwrap();
            stream.set_write_timeout(Some(SECOND)).unwrap();
        }
    }
}

// Values at the ends of their range

/// Answers so many requests on one connection each.
fn serve(connections: usize) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let mut stream = stream.unwrap();
            assert!(stream.read(&mut [0; 999]).unwrap() > 0);
            stream.write_all(HI).unwrap();
        }
    });
    (port, thread)
}

#[test]
fn the_longest_times_are_none() {
    let (port, server) = serve(1);
    let builder = HTTPConnection::builder("127.0.0.1").port(port);
    let builder = builder.timeout(Duration::MAX).deadline(Duration::MAX);
    let mut conn = builder.continue_timeout(Duration::MAX).build().unwrap();
    conn.request("PUT", "/", b"abc", &[EXPECT]).unwrap();
    conn.set_deadline(Some(Duration::MAX));
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    server.join().unwrap();
}

#[test]
fn a_timeout_of_zero_is_the_shortest_and_not_an_error_of_the_stream() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let builder = || HTTPConnection::builder("127.0.0.1").port(port);
    let times = builder().read_timeout(Duration::ZERO);
    let mut conn = times.write_timeout(Duration::ZERO).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_timed_out(conn.getresponse(), Step::ReadHead);
    let (mut there, _) = listener.accept().unwrap();
    there.write_all(HI).unwrap();
    // The rest of the exchange goes on.
    conn.set_read_timeout(Some(SECOND * 20));
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");

    for builder in [
        builder().timeout(Duration::ZERO),
        builder().connect_timeout(Duration::ZERO),
        builder().deadline(Duration::ZERO),
    ] {
        assert_timed_out(get(&mut builder.build().unwrap()), Step::Connect);
    }
}

#[test]
fn a_proxy_is_asked_with_timeouts_of_zero_too() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let builder = HTTPConnection::builder("127.0.0.1").port(port);
    let builder = builder.read_timeout(Duration::ZERO);
    let mut conn = builder.write_timeout(Duration::ZERO).build().unwrap();
    conn.set_tunnel("target", None, &[]).unwrap();
    assert_timed_out(conn.connect(), Step::Tunnel);
}

#[test]
fn blocks_of_any_size() {
    let content = vec![b'x'; 300_000];
    for (asked, size) in [(0, 1), (usize::MAX, 1 << 24), (1 << 40, 1 << 24)] {
        let peer = Peer::new([head().expect(&content).send(HI)]);
        let builder = builder(&peer).blocksize(asked);
        let mut conn = builder.build().unwrap();
        assert_eq!(conn.blocksize(), size);
        let length = content.len() as u64;
        conn.request("PUT", "/", Body::sized(&content[..], length), &[])
            .unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
        peer.check().unwrap();
    }
}

#[test]
fn limits_of_any_size() {
    let answer = b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        2;e=f\r\nhi\r\n0\r\nT: u\r\n\r\n";
    let limits = |number: usize| {
        let mut limits = stdhttp::Limits::DEFAULT;
        limits.line = number;
        limits.chunk_size_line = number;
        limits.headers = number;
        limits.head = number;
        limits.interim_responses = number;
        limits.trailers = number;
        limits.trailer_section = number;
        limits.chunk_extensions = number as u64;
        limits.body = number as u64;
        limits
    };
    for (number, fits) in [(0, false), (usize::MAX, true)] {
        let peer = Peer::new([head().send_pieces(answer, &[1])]);
        let mut conn = builder(&peer).limits(limits(number)).build().unwrap();
        match get(&mut conn) {
            Ok(body) => assert_eq!((fits, &body[..]), (true, &b"hi"[..])),
            Err(error) => assert!(!fits && error.is_protocol_error(), "{error:?}"),
        }
    }
}

// Unix sockets

#[cfg(unix)]
#[test]
fn the_limits_for_connecting_hold_at_a_unix_socket_whose_queue_is_full() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let name = format!("stdhttp-time-{}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    // Whatever the length of the queue, these fill it; those that wait end with the listener.
    let (tell, told) = std::sync::mpsc::channel();
    let fill = |tell: std::sync::mpsc::Sender<_>| {
        let path = path.clone();
        std::thread::spawn(move || {
            while let Ok(stream) = UnixStream::connect(&path) {
                if tell.send(stream).is_err() {
                    break;
                }
            }
        });
    };
    fill(tell);
    let mut queue = Vec::new();
    while let Ok(stream) = told.recv_timeout(TENTH * 3) {
        queue.push(stream);
    }
    let builder = |path: &std::path::Path| {
        let connector = stdhttp::Unix::new(path);
        HTTPConnection::builder("h").connector(connector)
    };
    for builder in [
        builder(&path).connect_timeout(TENTH * 3),
        builder(&path).deadline(TENTH * 3),
    ] {
        let begin = std::time::Instant::now();
        let mut conn = builder.build().unwrap();
        assert_timed_out(conn.request("GET", "/", (), &[]), Step::Connect);
        assert!((TENTH * 3..SECOND * 5).contains(&begin.elapsed()));
    }
    drop(listener);
    std::fs::remove_file(&path).unwrap();
    // What has a limit connects as what has none, and fails as it; elsewhere, since who waited above
    // looks for the path again.
    let path = path.with_extension("other");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let mut conn = builder(&path).timeout(Duration::MAX).build().unwrap();
    conn.connect().unwrap();
    let (mut there, _) = listener.accept().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    there.write_all(HI).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    drop(listener);
    std::fs::remove_file(&path).unwrap();
    match builder(&path).timeout(SECOND).build().unwrap().connect() {
        Err(HTTPException::Io { error, .. }) => assert_eq!(error.kind(), ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
}
