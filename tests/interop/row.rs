//! What is asked of every server of the tables in `fronts` and `programs`: keep-alive up to the
//! server's limit, uploads in both framings, trailers both ways, early hints (RFC 8297),
//! `Expect` accepted and refused, refusal during an upload, an idle connection that the server
//! closes, and the handshake of a WebSocket (RFC 6455). A row says what its server can.
//!
//! They all serve `/hello`, `/echo` (POST), `/small` (an upload there is refused) and, where they
//! can, `/hints`, `/trailers` and `/ws`.

use std::io::{Read, Write};
use std::thread;

use stdhttp::{Body, Continue, HTTPConnection};

use crate::pattern::{Pattern, pattern};
use crate::servers::{HELLO, Server};
use crate::{MEBIBYTE, Outcome, address, answer, connection, fetch, succeeds};

/// After so many seconds without a request the servers close a connection.
pub(crate) const IDLE: u32 = 2;

/// A server, and what it can.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Starts it, in front of the origin at a port if it is a front; `None` if it is not there.
    pub(crate) start: fn(u16) -> Option<Server>,
    /// How many requests it takes on one connection, if it counts them.
    pub(crate) requests: Option<usize>,
    /// How it answers to a chunked upload with a trailer field.
    pub(crate) request_trailers: u16,
    /// Whether it sends trailers.
    pub(crate) trailers: bool,
    /// Whether it sends early hints.
    pub(crate) hints: bool,
    /// How it takes an expectation that is to be met.
    pub(crate) expect: Continue,
    /// How it takes one for an upload that it does not want.
    pub(crate) expect_refused: Continue,
    /// The status for that upload.
    pub(crate) refusal: u16,
    /// Whether it switches to WebSocket.
    pub(crate) websocket: bool,
}

impl Row {
    /// A server that does what RFC 9110 asks for and has nothing else.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        start: |_| None,
        requests: None,
        request_trailers: 200,
        trailers: false,
        hints: false,
        expect: Continue::Continue,
        expect_refused: Continue::Refused,
        refusal: 413,
        websocket: false,
    };
}

type Check = (&'static str, fn(&Row, u16) -> Outcome);

const CHECKS: &[Check] = &[
    ("keep_alive", keep_alive),
    ("uploads", uploads),
    ("request_trailers", request_trailers),
    ("response_trailers", response_trailers),
    ("early_hints", early_hints),
    ("expect_accepted", expect_accepted),
    ("expect_refused", expect_refused),
    ("refused_upload", refused_upload),
    ("idle_close", idle_close),
    ("websocket", websocket),
];

/// Starts the servers of a table and asks them, all at the same time; fails if one check did.
pub(crate) fn run(rows: &[Row], origin: u16) {
    let failed: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = rows
            .iter()
            .map(|row| scope.spawn(move || check(row, origin)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .flat_map(|failed| failed.expect("a server does not start"))
            .collect()
    });
    assert!(failed.is_empty(), "failed: {failed:?}");
}

/// The names of the checks that failed.
fn check(row: &Row, origin: u16) -> Vec<String> {
    let Some(server) = (row.start)(origin) else {
        return Vec::new();
    };
    let names = CHECKS
        .iter()
        .map(|(name, check)| (format!("{} {name}", row.name), check));
    names
        .filter(|(name, check)| !succeeds(name, || check(row, server.port)))
        .map(|(name, _)| name)
        .collect()
}

fn hello(connection: &mut HTTPConnection) -> Outcome {
    let response = fetch(connection, "GET", "/hello")?;
    assert_eq!((response.status, &*response.body), (200, HELLO));
    Ok(())
}

/// The server closes after as many requests as it takes, and says so; nobody notices.
fn keep_alive(row: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    connection.connect()?;
    let first = address(&connection);
    let most = row.requests.unwrap_or(50);
    for request in 1..=most {
        assert_eq!(address(&connection), first, "request {request}");
        hello(&mut connection)?;
    }
    assert_eq!(connection.is_connected(), row.requests.is_none());
    let head = fetch(&mut connection, "HEAD", "/hello")?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(address(&connection) == first, row.requests.is_none());
    hello(&mut connection)
}

fn uploads(_: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    for length in [0, 1, 5000, MEBIBYTE] {
        let bodies = [
            Body::sized(Pattern::new(length), length),
            Body::reader(Pattern::new(length)),
        ];
        for body in bodies {
            connection.request("POST", "/echo", body, &[])?;
            let response = answer(&mut connection)?;
            assert_eq!(response.status, 200, "{length}");
            assert!(response.body == pattern(length), "{length}");
        }
    }
    Ok(())
}

fn request_trailers(row: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    connection.putrequest("POST", "/echo")?;
    connection.putheader("Transfer-Encoding", "chunked")?;
    connection.putheader("Trailer", "X-Check")?;
    connection.endheaders()?;
    connection.send_chunk(b"hello")?;
    connection.send_last_chunk(&[("X-Check", "done")])?;
    let response = answer(&mut connection)?;
    assert_eq!(response.status, row.request_trailers);
    if response.status == 200 {
        assert_eq!(response.body, b"hello");
    }
    hello(&mut connection)
}

fn response_trailers(row: &Row, port: u16) -> Outcome {
    if !row.trailers {
        return Ok(());
    }
    let mut connection = connection(port)?;
    // A server may leave trailers out for a client that does not ask for them.
    let asked = [("TE", "trailers"), ("Connection", "TE")];
    connection.request("GET", "/trailers", (), &asked)?;
    let mut response = connection.getresponse()?;
    assert_eq!(response.read(None)?, b"trailed");
    let check = response
        .trailers()
        .and_then(|trailers| trailers.get("X-Check"));
    assert_eq!(check.as_deref(), Some("done"));
    hello(&mut connection)
}

fn early_hints(row: &Row, port: u16) -> Outcome {
    if !row.hints {
        return Ok(());
    }
    let mut connection = connection(port)?;
    let (hints, seen) = std::sync::mpsc::channel();
    connection.on_interim(move |head| {
        let link = head.headers().get("Link").map(|link| link.into_owned());
        let _ = hints.send((head.status(), link));
    });
    let response = fetch(&mut connection, "GET", "/hints")?;
    assert_eq!((response.status, &*response.body), (200, &b"hinted"[..]));
    let link = Some("</style.css>; rel=preload".to_owned());
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [(103, link)]);
    hello(&mut connection)
}

fn expect_accepted(row: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    start_expecting(&mut connection, "/echo", 5)?;
    assert_eq!(connection.await_continue()?, row.expect);
    connection.send("hello")?;
    let response = answer(&mut connection)?;
    assert_eq!((response.status, &*response.body), (200, &b"hello"[..]));
    hello(&mut connection)
}

/// Nothing of a body that the server refuses is sent, and the next request is none the worse.
fn expect_refused(row: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    start_expecting(&mut connection, "/small", 8 * MEBIBYTE)?;
    assert_eq!(connection.await_continue()?, row.expect_refused);
    if row.expect_refused == Continue::Refused {
        let response = connection.getresponse()?;
        assert_eq!(response.status(), row.refusal);
        assert!(!response.request_complete());
    } else {
        connection.close();
    }
    hello(&mut connection)
}

fn start_expecting(connection: &mut HTTPConnection, target: &str, length: u64) -> Outcome {
    connection.putrequest("POST", target)?;
    connection.putheader("Content-Length", length)?;
    connection.putheader("Expect", "100-continue")?;
    connection.endheaders()
}

/// The upload may break off, or stall before a server that has answered and reads no more; the
/// answer is there all the same.
fn refused_upload(row: &Row, port: u16) -> Outcome {
    let size = 8 * MEBIBYTE;
    let bodies = [
        Body::sized(Pattern::new(size), size),
        Body::reader(Pattern::new(size)),
    ];
    for body in bodies {
        let mut connection = connection(port)?;
        connection.request("POST", "/small", body, &[])?;
        assert_eq!(answer(&mut connection)?.status, row.refusal);
        hello(&mut connection)?;
    }
    Ok(())
}

/// The server closes a connection that nobody uses. Even a POST, which can't be sent again, then
/// goes over a new one.
fn idle_close(_: &Row, port: u16) -> Outcome {
    let mut connection = connection(port)?;
    hello(&mut connection)?;
    let first = address(&connection);
    let end = connection.stream().map(|stream| stream.peek(&mut [0]));
    assert!(matches!(end, Some(Ok(0))), "{end:?} instead of a close");
    connection.request("POST", "/echo", "after a while", &[])?;
    assert_eq!(answer(&mut connection)?.body, b"after a while");
    assert_ne!(address(&connection), first);
    Ok(())
}

/// The key and the answer to it are those of RFC 6455 section 1.3, the frames those of 5.7.
fn websocket(row: &Row, port: u16) -> Outcome {
    if !row.websocket {
        return Ok(());
    }
    let mut connection = connection(port)?;
    let handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    connection.request("GET", "/ws", (), &handshake)?;
    let response = connection.getresponse()?;
    assert_eq!(response.status(), 101);
    let accepted = response.getheader("Sec-WebSocket-Accept");
    assert_eq!(accepted.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));

    let (mut stream, already_read) = response.into_inner().expect("no stream");
    stream.write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")?;
    let mut frame = [0; 7];
    already_read
        .as_slice()
        .chain(&mut stream)
        .read_exact(&mut frame)?;
    assert_eq!(&frame, b"\x81\x05Hello");
    Ok(())
}
