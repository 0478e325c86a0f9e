//! Proves what who embeds a connection relies on: connections of one type for every transport, that go
//! to another thread; a stream that looks the same with every feature.
#![allow(missing_docs)]

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;

use stdhttp::testing::{Peer, PeerStream, Script};
use stdhttp::{
    BoxedConnection, BoxedResponse, BoxedStream, Connect, ConnectTime, HTTPConnection,
    HTTPException, Secure, Secured, Stream, Tcp, TcpResponse,
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
