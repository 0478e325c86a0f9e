//! TransferEncodingTest, the sending tests of BasicTest, RequestBodyTest: what goes out.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use stdhttp::testing::{Peer, Script};
use stdhttp::{Body, CloseReason, HTTPConnection, HTTPException, Tolerance, UrlPart};

use crate::support::{Sent, connection, connection_with, sent, silent};

const PIECES: [&str; 3] = ["It's just a ", "flesh ", "wound"];
const WHOLE: &[u8] = b"It's just a flesh wound";
const CHUNKS: &[u8] = b"C\r\nIt's just a \r\n6\r\nflesh \r\n5\r\nwound\r\n0\r\n\r\n";

/// A file in the system's temporary folder, removed when dropped.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("stdhttp-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The head declares the coding, unless `Tolerance::HTTP_CLIENT` forgives that it does not.
#[test]
fn transfer_encoding_test_test_endheaders_chunked() {
    let undeclared = |tolerance| {
        sent(tolerance, |conn| {
            conn.putrequest("POST", "/")?;
            conn.endheaders_with(Body::iter(PIECES), true)
        })
    };
    assert_eq!(undeclared(Tolerance::HTTP_CLIENT).unwrap().body, CHUNKS);
    let refused = undeclared(Tolerance::STANDARD);
    assert!(matches!(refused, Err(HTTPException::InvalidBody { .. })));
    let declared = sent(Tolerance::STANDARD, |conn| {
        conn.putrequest("POST", "/")?;
        conn.putheader("Transfer-Encoding", "chunked")?;
        conn.endheaders_with(Body::iter(PIECES), true)
    });
    assert_eq!(declared.unwrap().body, CHUNKS);
}

/// Raw bytes that are no chunks need `Tolerance::HTTP_CLIENT`.
#[test]
fn transfer_encoding_test_test_explicit_headers() {
    let chunked = [("Transfer-Encoding", "chunked")];
    let text = String::from_utf8(WHOLE.to_vec()).unwrap();
    for body in [Body::iter(PIECES), Body::from(text)] {
        let sent = sent(Tolerance::HTTP_CLIENT, |conn| {
            conn.request("POST", "/", body, &chunked)
        });
        let sent = sent.unwrap();
        assert_eq!(sent.header("Content-Length"), None);
        assert_eq!(sent.header("Transfer-Encoding").as_deref(), Some("chunked"));
        assert_eq!(sent.body, WHOLE);
    }
    let refused = sent(Tolerance::STANDARD, |conn| {
        conn.request("POST", "/", Body::iter(PIECES), &chunked)
    });
    assert!(matches!(refused, Err(HTTPException::InvalidBody { .. })));
    let encoded = sent(Tolerance::STANDARD, |conn| {
        let headers = [("Transfer-Encoding", "gzip, chunked")];
        conn.request_with("POST", "/", Body::iter(PIECES), &headers, true)
    });
    let encoded = encoded.unwrap();
    assert_eq!(encoded.header("Content-Length"), None);
    assert_eq!(
        encoded.header("Transfer-Encoding").as_deref(),
        Some("gzip, chunked")
    );
    assert_eq!(encoded.body, CHUNKS);
}

#[test]
fn transfer_encoding_test_test_request() {
    let with_empty = ["", "It's just a ", "", "flesh ", "wound", ""];
    for pieces in [&PIECES[..], &with_empty] {
        let sent = sent(Tolerance::STANDARD, |conn| {
            conn.request("POST", "/", Body::iter(pieces), &[])
        });
        let sent = sent.unwrap();
        assert_eq!(sent.header("Transfer-Encoding").as_deref(), Some("chunked"));
        assert_eq!(sent.header("Content-Length"), None);
        assert_eq!(sent.body, CHUNKS);
    }
}

#[test]
fn transfer_encoding_test_test_empty_body() {
    let sent = sent(Tolerance::STANDARD, |conn| {
        conn.request("POST", "/", Body::iter([""; 0]), &[])
    });
    let sent = sent.unwrap();
    assert_eq!(sent.header("Transfer-Encoding").as_deref(), Some("chunked"));
    assert_eq!(sent.header("Content-Length"), None);
    assert_eq!(sent.body, b"0\r\n\r\n");
}

/// A file has a `Content-Length`; as a reader it is chunked, as in `http.client`.
#[test]
fn basic_test_test_send_file() {
    let file = TemporaryFile::new("send-file", b"body");
    let prefix = "GET /foo HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n";
    for (body, framing, content) in [
        (Body::from(file.open()), "Content-Length: 4", &b"body"[..]),
        (
            Body::reader(file.open()),
            "Transfer-Encoding: chunked",
            b"4\r\nbody\r\n0\r\n\r\n",
        ),
    ] {
        let sent = sent(Tolerance::STANDARD, |conn| {
            conn.request("GET", "/foo", body, &[])
        });
        let sent = sent.unwrap();
        assert_eq!(sent.head, format!("{prefix}{framing}\r\n\r\n").as_bytes());
        assert_eq!(sent.body, content);
    }
}

/// `send` without a request needs `Tolerance::HTTP_CLIENT`.
#[test]
fn basic_test_test_send() {
    let data = b"this is a test";
    for body in [
        Body::from(&data[..]),
        Body::from(data),
        Body::from(data.to_vec()),
        Body::reader(&data[..]),
        Body::iter([data]),
    ] {
        let peer = silent();
        let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
        conn.send(body).unwrap();
        assert_eq!(peer.received(0), data);
    }
    let refused = connection(&silent()).send(data).unwrap_err();
    assert!(matches!(refused, HTTPException::InvalidBody { .. }));
}

/// Pieces of one body may come from several readers; only the whole must be complete.
#[test]
fn send_takes_readers_piece_by_piece() {
    let file = TemporaryFile::new("send-pieces", b"two");
    let peer = Peer::new([Script::new().expect_head().expect_bytes(11).send(OK)]);
    let mut conn = connection(&peer);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Content-Length", 11).unwrap();
    conn.endheaders().unwrap();
    conn.send(Body::reader(&b"one"[..])).unwrap();
    conn.send(file.open()).unwrap();
    conn.send(Body::iter(["th", "ree"])).unwrap();
    assert_eq!(Sent::new(&peer.received(0)).body, b"onetwothree");
    let error = conn.send(b"!").unwrap_err();
    assert!(matches!(
        error,
        HTTPException::BodyLengthMismatch {
            declared: 11,
            given: 12
        }
    ));
    assert_eq!(conn.getresponse().unwrap().status(), 200);
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A reader that says "end" once and then goes on.
struct EndsTwice(Vec<&'static [u8]>);

impl Read for EndsTwice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut next = self.0.pop().unwrap_or_default();
        next.read(buffer)
    }
}

#[test]
fn basic_test_test_send_updating_file() {
    let peer = silent();
    let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
    conn.send(Body::reader(EndsTwice(vec![b"more", b"", b"data"])))
        .unwrap();
    assert_eq!(peer.received(0), b"data");
}

#[test]
fn basic_test_test_send_iter() {
    let sent = sent(Tolerance::STANDARD, |conn| {
        let body = Body::iter(["one", "two", "three"]);
        conn.request("GET", "/foo", body, &[("Content-Length", "11")])
    });
    let sent = sent.unwrap();
    let head = "GET /foo HTTP/1.1\r\nHost: example.com\r\n\
        Accept-Encoding: identity\r\nContent-Length: 11\r\n\r\n";
    assert_eq!(sent.head, head.as_bytes());
    assert_eq!(sent.body, b"onetwothree");
}

fn in_blocks_of_8(peer: &Peer, tolerance: Tolerance) -> HTTPConnection<Peer> {
    let builder = HTTPConnection::builder("example.com").connector(peer.clone());
    builder.tolerance(tolerance).blocksize(8).build().unwrap()
}

#[test]
fn basic_test_test_blocksize_request() {
    let peer = silent();
    let mut conn = in_blocks_of_8(&peer, Tolerance::STANDARD);
    let body = Body::reader(&b"123456789"[..]);
    conn.request("PUT", "/", body, &[("Content-Length", "9")])
        .unwrap();
    assert_eq!(peer.calls().writes, 3);
    assert_eq!(Sent::new(&peer.received(0)).body, b"123456789");
}

#[test]
fn basic_test_test_blocksize_send() {
    let peer = silent();
    let mut conn = in_blocks_of_8(&peer, Tolerance::HTTP_CLIENT);
    conn.send(Body::reader(&b"123456789"[..])).unwrap();
    assert_eq!(peer.calls().writes, 2);
    assert_eq!(peer.received(0), b"123456789");
}

#[test]
fn basic_test_test_epipe() {
    let peer = Peer::new([Script::new()
        .send("HTTP/1.0 401 Authorization Required\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")
        .refuse_writes(0, ErrorKind::BrokenPipe)]);
    let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
    let error = conn.request("PUT", "/url", "body", &[]).unwrap_err();
    let HTTPException::Io { error, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    let response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.getheader("www-authenticate").unwrap(),
        "Basic realm=\"x\""
    );
    assert!(!response.request_complete());
}

/// What the hooks of the original switch off stays on: the target and the host are checked under
/// every tolerance.
#[test]
fn unchecked_targets_and_hosts_cannot_be_sent() {
    for target in ["/\0", "/\r\nX: y", "/\u{2603}", "/a b"] {
        let mut conn = connection_with(&silent(), Tolerance::HTTP_CLIENT);
        let error = conn.putrequest("GET", target).unwrap_err();
        let HTTPException::InvalidURL(url) = error else {
            panic!("{error}");
        };
        assert_eq!(url.part, UrlPart::Target);
    }
    let builder = HTTPConnection::builder("example.com\r\n").tolerance(Tolerance::HTTP_CLIENT);
    assert!(matches!(builder.build(), Err(HTTPException::InvalidURL(_))));
}

fn put(body: Body<'_>) -> Sent {
    sent(Tolerance::STANDARD, |conn| {
        conn.request("PUT", "/url", body, &[])
    })
    .unwrap()
}

#[test]
fn request_body_test_test_list_body() {
    for body in [
        Body::iter([b"foo", b"bar"]),
        Body::iter(vec![b"foo".to_vec(), b"bar".to_vec()]),
    ] {
        let sent = put(body);
        assert_eq!(sent.header("Content-Type"), None);
        assert_eq!(sent.header("Content-Length"), None);
        assert_eq!(sent.header("Transfer-Encoding").as_deref(), Some("chunked"));
        assert_eq!(sent.body, b"3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n");
    }
}

/// A length that is not the body's needs `Tolerance::HTTP_CLIENT`, and costs the connection:
/// the peer takes the next request for the rest of the body.
#[test]
fn request_body_test_test_manual_content_length() {
    let given = [("Content-Length", "42")];
    let peer = Peer::new([Script::new().expect_head().send(OK), Script::new()]);
    let mut conn = connection_with(&peer, Tolerance::HTTP_CLIENT);
    conn.request("PUT", "/url", "body", &given).unwrap();
    let sent_by_then = Sent::new(&peer.received(0));
    assert_eq!(sent_by_then.header("Content-Length").as_deref(), Some("42"));
    assert_eq!(sent_by_then.body, b"body");
    let response = conn.getresponse().unwrap();
    assert_eq!(
        response.close_reason(),
        Some(CloseReason::RequestIncomplete)
    );
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(peer.calls().connects, 2);
    let refused = sent(Tolerance::STANDARD, |conn| {
        conn.request("PUT", "/url", "body", &given)
    });
    let mismatch = HTTPException::BodyLengthMismatch {
        declared: 42,
        given: 4,
    };
    assert_eq!(
        refused.map(drop).unwrap_err().to_string(),
        mismatch.to_string()
    );
}

#[test]
fn request_body_test_test_ascii_body() {
    let sent = put("body".into());
    assert_eq!(sent.header("Content-Type"), None);
    assert_eq!(sent.headers.get_content_type(), "text/plain");
    assert_eq!(sent.headers.get_content_charset(), None);
    assert_eq!(sent.header("Content-Length").as_deref(), Some("4"));
    assert_eq!(sent.body, b"body");
}

/// Text goes out in UTF-8; `Body::latin1` is `http.client`'s encoding.
#[test]
fn request_body_test_test_latin1_body() {
    let sent = put(Body::latin1("body\u{c1}").unwrap());
    assert_eq!(sent.header("Content-Type"), None);
    assert_eq!(sent.header("Content-Length").as_deref(), Some("5"));
    assert_eq!(sent.body, b"body\xc1");
    assert_eq!(put("body\u{c1}".into()).body, "body\u{c1}".as_bytes());
}

#[test]
fn request_body_test_test_bytes_body() {
    let sent = put(b"body\xc1".into());
    assert_eq!(sent.header("Content-Type"), None);
    assert_eq!(sent.header("Content-Length").as_deref(), Some("5"));
    assert_eq!(sent.body, b"body\xc1");
}

/// There are no text files: a file is bytes, with a length.
#[test]
fn request_body_test_test_text_file_body() {
    let file = TemporaryFile::new("text-file", b"body");
    let chunked = put(Body::reader(file.open()));
    assert_eq!(chunked.header("Content-Length"), None);
    assert_eq!(
        chunked.header("Transfer-Encoding").as_deref(),
        Some("chunked")
    );
    assert_eq!(chunked.body, b"4\r\nbody\r\n0\r\n\r\n");
    let sized = put(file.open().into());
    assert_eq!(sized.header("Content-Type"), None);
    assert_eq!(sized.header("Content-Length").as_deref(), Some("4"));
    assert_eq!(sized.body, b"body");
}

#[test]
fn request_body_test_test_binary_file_body() {
    let file = TemporaryFile::new("binary-file", b"body\xc1");
    let chunked = put(Body::reader(file.open()));
    assert_eq!(
        chunked.header("Transfer-Encoding").as_deref(),
        Some("chunked")
    );
    assert_eq!(chunked.body, b"5\r\nbody\xc1\r\n0\r\n\r\n");
    let sized = put(file.open().into());
    assert_eq!(sized.header("Content-Length").as_deref(), Some("5"));
    assert_eq!(sized.body, b"body\xc1");
}
