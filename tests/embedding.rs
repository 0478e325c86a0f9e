//! Proves what who embeds a connection relies on: connections of one type for every transport, that go
//! to another thread; a stream that looks the same with every feature.
#![allow(missing_docs)]

use std::fs::File;
use std::io::{ErrorKind, Seek};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use stdhttp::testing::{Ending, Peer, PeerStream, Script};
use stdhttp::{
    Body, BoxedConnection, BoxedResponse, BoxedStream, Builder, Clock, CloseReason, Connect,
    ConnectTime, FieldValue, HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, KeepAlive,
    Limits, OwnedResponse, PendingResponse, Route, Secure, Secured, SendBody, StaleCheck, Step,
    Stream, Tcp, TcpResponse, Tolerance, Wire,
};

fn answers(bodies: &[&str]) -> Script {
    let answer = |body: &&str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let answers = bodies.iter().map(answer);
    answers.fold(Script::new(), |script, answer| {
        script.expect_head().send(answer)
    })
}

fn boxed(
    host: &str,
    connector: impl Connect<Stream: Send + 'static> + Send + 'static,
) -> BoxedConnection {
    let builder = HTTPConnection::builder(host).connector(connector.boxed());
    builder.build().unwrap()
}

/// Stands for TLS: it notes the name to verify and changes nothing.
struct Noted(Arc<Mutex<Vec<String>>>);

impl<S: Stream> Secure<S> for Noted {
    type Stream = S;

    fn secure(&mut self, name: &str, stream: S, _: ConnectTime<'_>) -> Result<S, HTTPException> {
        self.0.lock().unwrap().push(name.to_owned());
        Ok(stream)
    }
}

fn read(mut response: BoxedResponse<'_>) -> Result<Vec<u8>, HTTPException> {
    response.read(None)
}

fn get(conn: &mut BoxedConnection) -> Result<Vec<u8>, HTTPException> {
    conn.request("GET", "/", (), &[])?;
    read(conn.getresponse()?)
}

// Boxes

#[test]
fn plain_and_tls_connections_are_of_one_type_and_go_over_threads() {
    let names = Arc::default();
    let plain = Peer::new([answers(&["a1", "a2"])]);
    let secure = Peer::new([answers(&["b1", "b2"])]);
    let tls = Secured::new(Noted(Arc::clone(&names)), secure.clone());
    let pool = Mutex::new(vec![
        boxed("a.example", plain.clone()),
        boxed("b.example", tls),
    ]);
    let ports: Vec<u16> = pool
        .lock()
        .unwrap()
        .iter()
        .map(|conn| conn.port())
        .collect();
    assert_eq!(ports, [80, 443]);
    for expected in [["a1", "b1"], ["a2", "b2"]] {
        let mut came = thread::scope(|scope| {
            let one = || {
                let mut conn = pool.lock().unwrap().pop().unwrap();
                let body = get(&mut conn).unwrap();
                pool.lock().unwrap().push(conn);
                String::from_utf8(body).unwrap()
            };
            let other = {
                let mut conn = pool.lock().unwrap().pop().unwrap();
                scope.spawn(move || (String::from_utf8(get(&mut conn).unwrap()).unwrap(), conn))
            };
            let mine = scope.spawn(one).join().unwrap();
            let (theirs, conn) = other.join().unwrap();
            pool.lock().unwrap().push(conn);
            [mine, theirs]
        });
        came.sort();
        assert_eq!(came, expected);
    }
    assert_eq!((plain.calls().connects, secure.calls().connects), (1, 1));
    assert_eq!(*names.lock().unwrap(), ["b.example"]);
}

/// What a box passes on is all that a connector and a stream can say.
#[test]
fn a_box_behaves_as_what_is_in_it() {
    let stream = PeerStream::new(answers(&["x"])).unwrap();
    let ready = HTTPConnection::builder("").stream(stream).boxed().build();
    assert_eq!(get(&mut ready.unwrap()).unwrap(), b"x");
    let refused = HTTPConnection::builder("")
        .connector(Tcp::new().boxed())
        .build();
    assert!(matches!(refused, Err(HTTPException::InvalidURL(_))));

    let peer = Peer::new([answers(&["x"])]);
    let mut conn = boxed("h", peer.clone());
    assert_eq!(get(&mut conn).unwrap(), b"x");
    let (mut stream, rest): (BoxedStream, _) = conn.into_inner().unwrap();
    assert!(rest.is_empty());
    stream.shutdown().unwrap();
    assert_eq!(peer.calls().shutdowns, 1);

    let error = get(&mut boxed("h", peer)).unwrap_err();
    assert!(matches!(error, HTTPException::Io { .. }), "{error}");
}

#[test]
fn a_tunnel_is_opened_below_a_boxed_connector() {
    let names = Arc::default();
    let script = Script::new()
        .expect("CONNECT b.example:443 HTTP/1.1\r\n")
        .expect_head()
        .send("HTTP/1.1 200 OK\r\n\r\n");
    let tls = Secured::new(Noted(Arc::clone(&names)), Peer::new([script]).boxed());
    let mut conn = boxed("proxy.example", tls);
    conn.set_tunnel("b.example", None, &[]).unwrap();
    conn.connect().unwrap();
    assert_eq!(*names.lock().unwrap(), ["b.example"]);
}

/// What a proxy says before it is asked would be taken for the secured peer's.
#[test]
fn nothing_is_secured_behind_bytes_that_nobody_asked_for() {
    let names = Arc::default();
    let script = answers(&[])
        .expect_head()
        .send("HTTP/1.1 200 OK\r\n\r\n\x16");
    let peer = Peer::new([script]);
    let tls = Secured::new(Noted(Arc::clone(&names)), peer.clone());
    let mut conn = boxed("proxy.example", tls);
    conn.set_tunnel("b.example", None, &[]).unwrap();
    let error = conn.connect().unwrap_err();
    assert!(matches!(error, HTTPException::UnsolicitedData), "{error:?}");
    assert!(names.lock().unwrap().is_empty());
    assert_eq!((peer.calls().shutdowns, peer.calls().open), (1, 0));
}

/// TLS whose handshake fails so.
struct Failing(ErrorKind);

impl<S: Stream> Secure<S> for Failing {
    type Stream = S;

    fn secure(&mut self, _: &str, _: S, _: ConnectTime<'_>) -> Result<S, HTTPException> {
        Err(std::io::Error::from(self.0).into())
    }
}

#[test]
fn a_handshake_that_fails_is_told_by_its_step() {
    let failed = |kind| {
        let tls = Secured::new(Failing(kind), Peer::new([answers(&[])]));
        boxed("h", tls).connect().unwrap_err()
    };
    match failed(ErrorKind::WouldBlock) {
        HTTPException::TimedOut { step, .. } => assert_eq!(step, Step::Handshake),
        other => panic!("{other:?}"),
    }
    match failed(ErrorKind::InvalidData) {
        HTTPException::Io { step, error, .. } => {
            assert_eq!(
                (step, error.kind()),
                (Step::Handshake, ErrorKind::InvalidData)
            );
        }
        other => panic!("{other:?}"),
    }
}

// A connection beside its response

/// What a program keeps: one value, without a lifetime.
struct Download {
    conn: HTTPConnection<Peer>,
}

impl Download {
    fn begin(script: Script) -> (Self, Peer) {
        let peer = Peer::new([script, answers(&["next"])]);
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let mut conn = builder.clock(peer.clone()).build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        conn.getresponse().unwrap();
        (Self { conn }, peer)
    }

    fn response(&mut self) -> HTTPResponse<'_, Wire<PeerStream>> {
        self.conn.response().unwrap()
    }
}

#[test]
fn the_response_under_way_is_seen_again_where_it_was_left() {
    let head = "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut download, peer) = Download::begin(
        Script::new()
            .expect_head()
            .send(head)
            .send("6\r\none\ntw\r\n")
            .send("2\r\no\n\r\n0\r\nT: u\r\n\r\n"),
    );
    let seen = download.conn.response_head().unwrap();
    assert_eq!(
        (seen.status(), seen.headers().get("a").as_deref()),
        (200, Some("b"))
    );
    assert_eq!(download.response().getheader("A").as_deref(), Some("b"));
    assert_eq!(download.response().readline(None).unwrap(), b"one\n");
    assert_eq!(download.response().read(1).unwrap(), b"t");
    assert!(!download.response().is_complete());
    assert_eq!(download.response().read(None).unwrap(), b"wo\n");
    let ended = download.response();
    let trailer = ended
        .trailers()
        .unwrap()
        .get("t")
        .map(|value| value.into_owned());
    assert_eq!((ended.is_complete(), trailer.as_deref()), (true, Some("u")));
    assert!(download.conn.is_connected());
    assert_eq!(peer.calls().connects, 1);
}

/// What a call had collected when its time was over is not lost with the view of the response.
#[test]
fn what_a_timeout_left_is_seen_again() {
    let (mut download, _) = Download::begin(
        Script::new()
            .expect_head()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            .fail(std::io::ErrorKind::WouldBlock)
            .send("cd\n"),
    );
    let error = download.response().readline(None).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(download.response().partial(), b"ab");
    assert_eq!(download.response().length(), Some(5));
    assert_eq!(download.response().readline(None).unwrap(), b"abcd\n");
}

/// And it is not seen in front of the next response.
#[test]
fn what_a_timeout_left_ends_with_its_response() {
    let (mut download, peer) = Download::begin(
        Script::new()
            .expect_head()
            .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            .fail(ErrorKind::WouldBlock),
    );
    assert!(download.response().read(None).unwrap_err().is_timeout());
    download.conn.request("GET", "/", (), &[]).unwrap();
    download.conn.getresponse().unwrap();
    assert_eq!(download.response().partial(), b"");
    assert_eq!(download.response().read(None).unwrap(), b"next");
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn a_response_that_was_given_up_stays_given_up() {
    let script = Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    let (mut download, _) = Download::begin(script);
    download.response().close();
    assert_eq!(download.response().read(None).unwrap(), b"");
    assert!(download.response().isclosed() && !download.response().is_complete());
    let reason = download.conn.close_reason();
    assert_eq!(reason, Some(CloseReason::ResponseIncomplete));
    // And that is over with the next one.
    download.conn.request("GET", "/", (), &[]).unwrap();
    download.conn.getresponse().unwrap();
    assert_eq!(download.response().read(None).unwrap(), b"next");
}

#[test]
fn there_is_no_response_before_it_was_got_and_after_it_is_over() {
    let (mut download, _) = Download::begin(answers(&["a", "b"]));
    assert!(download.conn.response().is_some());
    download.response().read(None).unwrap();
    download.conn.putrequest("GET", "/").unwrap();
    assert!(download.conn.response().is_none() && download.conn.response_head().is_none());
    download.conn.endheaders().unwrap();
    assert!(download.conn.response().is_none());
    download.conn.getresponse().unwrap();
    assert!(download.conn.response().is_some());
    download.conn.close();
    assert!(download.conn.response().is_none());
}

/// An answer that came while the request was going out is not yet got.
#[test]
fn an_early_answer_is_no_response_before_it_was_got() {
    let refusal = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([Script::answer(refusal)]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.clock(peer).build().unwrap();
    let expect = [("Expect", "100-continue")];
    conn.request("PUT", "/", "body", &expect).unwrap();
    assert!(conn.response().is_none());
    assert_eq!(conn.getresponse().unwrap().status(), 417);
    assert_eq!(conn.response().unwrap().status(), 417);
}

// A response that owns its connection

fn owned(script: Script) -> (OwnedResponse<'static, Peer>, Peer) {
    let peer = Peer::new([script, answers(&["next"])]);
    let builder = HTTPConnection::builder("h").connector(peer.clone());
    let mut conn = builder.clock(peer.clone()).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    (conn.into_response().unwrap(), peer)
}

#[test]
fn an_owned_response_gives_its_connection_back_at_the_proven_end() {
    let (mut response, peer) = owned(answers(&["first", "second"]));
    assert_eq!(response.read(3).unwrap(), b"fir");
    let mut response = response.into_connection().unwrap_err();
    assert_eq!(response.read(None).unwrap(), b"st");
    let mut conn = response.into_connection().unwrap();
    assert_eq!(conn.response_head().unwrap().status(), 200);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"second");
    assert_eq!(peer.calls().connects, 1);
}

/// It is given back also where it was closed: it has its settings, and connects again.
#[test]
fn a_connection_that_closes_is_given_back_closed() {
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
    let (mut response, peer) = owned(Script::answer(last));
    assert_eq!(response.read(None).unwrap(), b"x");
    let mut conn = response.into_connection().unwrap();
    assert!(!conn.is_connected());
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"next");
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn a_response_that_is_cut_short_gives_no_connection_back() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab";
    let (mut response, peer) = owned(Script::answer(cut).end(Ending::Close));
    let error = response.read(None).unwrap_err();
    assert!(matches!(error, HTTPException::IncompleteRead(_)));
    assert!(response.into_connection().is_err());
    assert_eq!(peer.calls().open, 0);
}

#[test]
fn a_switched_stream_comes_out_of_an_owned_response() {
    let peer = Peer::new([Script::new()
        .expect_head()
        .send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nnew")]);
    let mut conn = boxed("h", peer);
    conn.request(
        "GET",
        "/",
        (),
        &[("Upgrade", "x"), ("Connection", "upgrade")],
    )
    .unwrap();
    let response = conn.into_response().unwrap();
    let (_stream, rest): (BoxedStream, _) = response.into_inner().unwrap();
    assert_eq!(rest, b"new");
}

/// A connection moves by value into structs, pools and threads.
#[test]
fn a_connection_and_its_responses_are_small() {
    assert!(size_of::<HTTPConnection>() <= 256);
    assert!(size_of::<BoxedConnection>() <= 256);
    assert!(size_of::<TcpResponse<'_>>() <= 16);
    assert!(size_of::<OwnedResponse<'_>>() <= 16);
    println!("a connection: {} bytes", size_of::<HTTPConnection>());
}

// What a request is given

#[test]
fn a_body_goes_to_another_thread_where_its_content_does() {
    let text = String::from("borrowed");
    let bodies = [
        SendBody::new(()),
        SendBody::new(&text),
        SendBody::new(vec![b'x'; 3]),
        SendBody::reader(&b"read"[..]),
        SendBody::sized(&b"sized and more"[..], 5),
        SendBody::iter(["i", "j"]),
        SendBody::try_iter([Ok("k"), Err(std::io::Error::other("broken"))]),
    ];
    let peer = Peer::new([answers(&["1", "2", "3", "4", "5", "6"])]);
    let mut conn = boxed("h", peer.clone());
    let mut put = |body: SendBody<'_>| {
        conn.request("PUT", "/", body, &[])?;
        conn.getresponse().map(|response| response.status())
    };
    let results: Vec<_> = thread::scope(|scope| {
        let worker = scope.spawn(move || bodies.map(&mut put));
        worker.join().unwrap().into()
    });
    let (last, others) = results.split_last().unwrap();
    assert!(others.iter().all(Result::is_ok));
    assert!(last.as_ref().unwrap_err().is_source_error());
    let sent = String::from_utf8(peer.received(0)).unwrap();
    for expected in [
        "Length: 0\r\n\r\nPUT",
        "\r\n\r\nborrowedPUT",
        "\r\n\r\nxxxPUT",
        "\r\n4\r\nread\r\n0\r\n\r\nPUT",
        "Length: 5\r\n\r\nsizedPUT",
        "\r\n1\r\ni\r\n1\r\nj\r\n0\r\n\r\nPUT",
    ] {
        assert!(sent.contains(expected), "{expected:?} in {sent}");
    }
    assert!(sent.ends_with("\r\n1\r\nk\r\n"), "{sent}");
}

/// Sends such a GET and returns what stands behind its automatic fields.
fn fields_of(send: impl FnOnce(&mut BoxedConnection) -> Result<(), HTTPException>) -> String {
    let peer = Peer::new([answers(&["x"])]);
    let mut conn = boxed("h", peer.clone());
    send(&mut conn).unwrap();
    let sent = peer.received(0).escape_ascii().to_string();
    let (_, fields) = sent.split_once(r"identity\r\n").unwrap();
    fields.to_owned()
}

#[test]
fn fields_are_text_bytes_numbers_and_owned_pairs() {
    let owned = vec![
        ("A".to_owned(), "b".to_owned()),
        ("C".to_owned(), "d".to_owned()),
    ];
    let sent = fields_of(|conn| conn.request_with("GET", "/", (), &owned, false));
    assert_eq!(sent, r"A: b\r\nC: d\r\n\r\n");
    let bytes = [(&b"A"[..], &b"\xe9"[..])];
    let sent = fields_of(|conn| conn.request_with("GET", "/", (), &bytes, false));
    assert_eq!(sent, r"A: \xe9\r\n\r\n");
    let numbers = [("A", 1), ("B", 2)];
    let sent = fields_of(|conn| conn.request_with("GET", "/", (), &numbers, false));
    assert_eq!(sent, r"A: 1\r\nB: 2\r\n\r\n");
    let mixed: [(&str, &dyn FieldValue); 3] = [("A", &"b"), ("C", &4), ("D", &["e", "f"])];
    let sent = fields_of(|conn| conn.request_with("GET", "/", (), &mixed, false));
    assert_eq!(sent, r"A: b\r\nC: 4\r\nD: e, f\r\n\r\n");
}

/// They replace the automatic fields whatever they are made of, and are checked as any other.
#[test]
fn owned_fields_replace_automatic_ones_and_are_checked() {
    let peer = Peer::new([answers(&["x", "y"])]);
    let mut conn = boxed("h", peer.clone());
    let owned = |name: &str, value: &str| [(name.to_owned(), value.as_bytes().to_vec())];
    for (name, value) in [("A", "b\r\nC: d"), ("A b", "c"), ("A\r\nB", "c")] {
        let error = conn.request_with("GET", "/", (), &owned(name, value), false);
        assert!(error.unwrap_err().is_caller_error());
    }
    assert_eq!(peer.calls().all, 0);
    let lengths = [(b"content-length".to_vec(), 2), (b"X-Number".to_vec(), -7)];
    conn.request_with("PUT", "/", "hi", &lengths, false)
        .unwrap();
    let sent = peer.received(0);
    assert!(sent.ends_with(b"identity\r\ncontent-length: 2\r\nX-Number: -7\r\n\r\nhi"));
    conn.getresponse().unwrap().read(None).unwrap();
    let host = owned("HOST", "other");
    conn.request_with("GET", "/", (), &host, false).unwrap();
    let sent = &peer.received(0)[sent.len()..];
    assert_eq!(
        sent,
        b"GET / HTTP/1.1\r\nHOST: other\r\nAccept-Encoding: identity\r\n\r\n"
    );
}

/// The file stays with its caller, so that an upload that failed can be sent again: a file that is
/// read before its head goes out, and one that is sent in blocks.
#[test]
fn a_file_that_is_lent_can_be_sent_again() {
    let path = std::env::temp_dir().join(format!("stdhttp-embedding-{}", std::process::id()));
    for size in [70_000_usize - 1, 300_000] {
        std::fs::write(&path, vec![b'x'; size]).unwrap();
        let mut file = File::open(&path).unwrap();
        let failing = Script::new().refuse_writes(60_000, ErrorKind::BrokenPipe);
        let peer = Peer::new([failing.end(Ending::Reset), answers(&["ok"])]);
        let mut conn = boxed("h", peer.clone());
        let error = conn.request("PUT", "/", &file, &[]).unwrap_err();
        assert!(error.is_connection_reset(), "{error}");
        file.rewind().unwrap();
        conn.request("PUT", "/", &file, &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"ok");
        let sent = peer.received(1);
        let body = sent.rsplit(|&octet| octet == b'\n').next().unwrap();
        assert_eq!(body.len(), size);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_builder_takes_a_port_or_none() {
    let port = |host, port: Option<u16>| {
        let builder = HTTPConnection::builder(host).port(port);
        builder.build().unwrap().port()
    };
    assert_eq!(port("h", Some(8080)), 8080);
    assert_eq!((port("h", None), port("h:81", None)), (80, 81));
    let plain = HTTPConnection::builder("h").port(82).build().unwrap();
    assert_eq!(plain.port(), 82);
}

#[test]
fn keep_alive_says_how_long_and_how_often() {
    let said = |lines: &[&str]| {
        let mut headers = HTTPMessage::new();
        for line in lines {
            headers.append("Keep-Alive", line);
        }
        let said = KeepAlive::of(&headers);
        (said.timeout.map(|time| time.as_secs()), said.max)
    };
    assert_eq!(said(&["timeout=5, max=100"]), (Some(5), Some(100)));
    assert_eq!(said(&["max=3", "TIMEOUT = 7 "]), (Some(7), Some(3)));
    assert_eq!(said(&["timeout=1, timeout=2"]), (Some(1), None));
    assert_eq!(said(&["timeout=x, timeout=2, max=-1"]), (Some(2), None));
    let none = (None, None);
    assert_eq!(said(&["timeout=99999999999999999999, max"]), none);
    assert_eq!(
        said(&["timeout=+5", "max=1_0", "=1", "", "timeouts=1"]),
        none
    );
    assert_eq!(said(&[]), none);

    let answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n";
    let mut conn = boxed("h", Peer::new([Script::answer(answer)]));
    conn.request("GET", "/", (), &[]).unwrap();
    let said = conn.getresponse().unwrap().keep_alive();
    assert_eq!(said.timeout, Some(Duration::from_secs(5)));
}

#[test]
fn the_times_of_a_connection_are_had_by_name() {
    let [one, two, three, four] = [1, 2, 3, 4].map(Duration::from_secs);
    let builder = HTTPConnection::builder("h").connect_timeout(one);
    let builder = builder.read_timeout(two).write_timeout(three);
    let mut conn = builder.build().unwrap();
    conn.set_deadline(Some(four));
    let times = conn.timeouts();
    assert_eq!((times.connect, times.read), (Some(one), Some(two)));
    assert_eq!((times.write, times.deadline), (Some(three), Some(four)));
}

// Time

/// A clock that counts how often it is asked.
#[derive(Clone)]
struct Counting {
    peer: Peer,
    asked: Arc<AtomicUsize>,
}

impl Clock for Counting {
    fn now(&self) -> Instant {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.peer.now()
    }
}

/// A life of GET, PUT and a chunked upload over two connections, the second of which is closed by its
/// peer; returns how often the clock was asked.
fn times_asked(set: impl Fn(Builder<Peer>) -> Builder<Peer>) -> usize {
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([answers(&["a", "b", "c"]), Script::answer(last)]);
    let asked = Arc::new(AtomicUsize::new(0));
    let clock = Counting {
        peer: peer.clone(),
        asked: Arc::clone(&asked),
    };
    let builder = HTTPConnection::builder("h").connector(peer).clock(clock);
    let mut conn = set(builder).build().unwrap();
    let more = vec![b'x'; 3_000];
    let bodies: [Body<'_>; 4] = [
        Body::EMPTY,
        "small".into(),
        Body::reader(&more[..]),
        Body::EMPTY,
    ];
    for (place, body) in bodies.into_iter().enumerate() {
        if place == 3 {
            conn.close();
        }
        conn.request("PUT", "/", body, &[]).unwrap();
        conn.getresponse().unwrap().read(None).unwrap();
    }
    asked.load(Ordering::Relaxed)
}

#[test]
fn the_clock_is_asked_only_where_a_time_is_set() {
    let never = |builder: Builder<Peer>| builder.stale_check(StaleCheck::Never);
    let second = Duration::from_secs(1);
    assert_eq!(times_asked(never), 0);
    let per_call = |builder| never(builder).read_timeout(second).write_timeout(second);
    assert_eq!(times_asked(per_call), 0, "the stream keeps these");
    assert!(times_asked(|builder| never(builder).connect_timeout(second)) > 0);
    assert!(times_asked(|builder| never(builder).deadline(second)) > 0);
    assert!(times_asked(|builder| builder.stale_check(StaleCheck::AfterIdle(second))) > 0);
}

/// What is known where time ran out, for who will not go on with the request.
#[test]
fn a_timeout_says_whether_the_request_may_be_sent_again() {
    let silent = |sent: &str| {
        let script = answers(&["a"]).expect_head().send(sent);
        let peer = Peer::new([script.end(Ending::Silence)]);
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let builder = builder.clock(peer).read_timeout(Duration::from_secs(1));
        builder.build().unwrap()
    };
    let ask = |conn: &mut HTTPConnection<Peer>, method| -> Result<_, HTTPException> {
        conn.request(method, "/", (), &[])?;
        conn.getresponse()?.read(None)
    };
    let known = |sent, method| {
        let mut conn = silent(sent);
        ask(&mut conn, "GET").unwrap();
        let error = ask(&mut conn, method).unwrap_err();
        let retry = error.retry().unwrap();
        assert!(error.is_timeout() && retry.reused && retry.written);
        (retry.answered, retry.idempotent, error.is_retryable())
    };
    assert_eq!(known("", "GET"), (false, true, true));
    assert_eq!(known("", "POST"), (false, false, false));
    assert_eq!(known("HTTP/1.1", "GET"), (true, true, false));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(known(head, "GET"), (true, true, false));

    let mut first = silent("");
    first.set_deadline(Some(Duration::ZERO));
    let error = ask(&mut first, "POST").unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "nothing is out");
}

// Names and features

#[test]
fn a_response_over_tcp_has_a_name() {
    fn status(response: &TcpResponse<'_>) -> u16 {
        response.status()
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap();
    });
    let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(status(&conn.getresponse().unwrap()), 204);
    server.join().unwrap();
}

#[cfg(unix)]
#[test]
fn a_response_that_owns_its_connection_has_its_descriptor() {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut conn = HTTPConnection::new("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let number = conn.stream().unwrap().as_raw_fd();
    let (mut stream, _) = listener.accept().unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = conn.into_response().unwrap();
    assert_eq!(response.fileno().unwrap().as_raw_fd(), number);
    stream.write_all(b"x").unwrap();
    assert_eq!(response.read(None).unwrap(), b"x");
    assert!(response.fileno().is_none());
}

/// A stream that names its socket compiles with and without the feature `sys`.
#[cfg(unix)]
#[test]
fn a_stream_can_name_its_socket_with_every_feature() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let boxed: BoxedStream = Box::new(stream);
    assert!(boxed.socket().is_some());
    assert!(PeerStream::new(Script::new()).unwrap().socket().is_none());
}

// What a log shows

/// Facts, and of what passes through only its length.
#[test]
fn debug_shows_what_there_is() {
    struct Noting(Arc<Mutex<String>>);
    impl Connect for Noting {
        type Stream = PeerStream;

        fn connect(&mut self, route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
            *self.0.lock().unwrap() = format!("{route:?}");
            PeerStream::new(answers(&["hi"])).map_err(HTTPException::from)
        }
    }

    let noted = Arc::new(Mutex::new(String::new()));
    let builder = HTTPConnection::builder("h").connector(Noting(Arc::clone(&noted)));
    let shown = format!("{:?}", builder);
    assert_eq!(shown, r#"Builder { host: "h", port: None, .. }"#);
    let mut conn = builder.build().unwrap();
    assert_eq!(
        format!("{conn:?}"),
        r#"HTTPConnection { host: "h", port: 80, state: Idle, connected: false, .. }"#
    );
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(
        *noted.lock().unwrap(),
        r#"Route { host: "h", port: 80, time: ConnectTime { ends: None, .. }, tunnel: None, leftover: [] }"#
    );
    let response = conn.getresponse().unwrap();
    let shown = format!("{response:?}");
    let begins = r#"HTTPResponse { version: Http11, status: 200, reason: "OK", headers: {"Content-Length": "2"}"#;
    assert!(shown.starts_with(begins), "{shown}");
    assert!(shown.ends_with("isclosed: false, .. }"), "{shown}");

    let mut tunnelled = HTTPConnection::builder("proxy")
        .connector(Noting(Arc::clone(&noted)))
        .build()
        .unwrap();
    tunnelled.set_tunnel("a", 443, &[]).unwrap();
    tunnelled.connect().unwrap();
    let tunnel = r#"tunnel: Some(Tunnel { target: "a:443", response: None, open: false, .. })"#;
    assert!(noted.lock().unwrap().contains(tunnel), "{noted:?}");
}

#[test]
fn debug_of_a_body_says_what_kind_it_is() {
    let path = std::env::temp_dir().join(format!("stdhttp-embedding-shown-{}", std::process::id()));
    std::fs::write(&path, "x").unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let shown = [
        (Body::EMPTY, "Body(empty)"),
        (Body::from("abc"), "Body(3 bytes)"),
        (Body::reader(&b"abc"[..]), "Body(reader)"),
        (Body::sized(&b"abc"[..], 3), "Body(reader of 3 bytes)"),
        (Body::iter(["abc"]), "Body(iterator)"),
    ];
    for (body, text) in shown {
        assert_eq!(format!("{body:?}"), text);
    }
    assert!(format!("{:?}", Body::from(&file)).starts_with("Body(File {"));
    assert_eq!(format!("{:?}", SendBody::new("abc")), "SendBody { .. }");
    let pending = PendingResponse::new(
        &b""[..],
        stdhttp::proto::RequestContext::of_method("GET"),
        Limits::DEFAULT,
        Tolerance::STANDARD,
    );
    assert_eq!(
        format!("{pending:?}"),
        "PendingResponse { begun: false, .. }"
    );
}
