//! The crate against real servers (RFC 9110, RFC 9112): here nginx, HAProxy in front of it, Python's
//! http.server and Node's http with large bodies; in `proxies` tinyproxy and squid; in `fronts` and
//! `programs` thirteen others, and Node again, by a table of what each can. And, with the feature
//! `server`, real clients against the crate's own server, in `clients`.
//!
//! A server that is not installed is left out, and a line on the standard error says so; with
//! `STDHTTP_REQUIRE_SERVERS=1` it is a failure.

#[cfg(feature = "server")]
mod clients;
mod fronts;
mod pattern;
mod programs;
mod proxies;
mod row;
mod servers;

use std::io;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use pattern::{Pattern, assert_pattern, pattern};
use servers::{HELLO, PROXY_AUTHORIZATION};
use stdhttp::{Body, HTTPConnection, HTTPException};

type Outcome = Result<(), HTTPException>;
type Case = (&'static str, fn(&Route) -> Outcome);

const HOST: &str = "127.0.0.1";
const MEBIBYTE: u64 = 1024 * 1024;
const BIG: u64 = 100 * MEBIBYTE;

/// What every origin can do.
const ORIGIN: &[Case] = &[
    ("get", get),
    ("head", head),
    ("no_content", no_content),
    ("not_modified", not_modified),
    ("not_found", not_found),
    ("put_with_length", put_with_length),
    ("put_chunked", put_chunked),
    ("expect_continue", expect_continue),
    ("thousand_requests_on_one_connection", thousand_requests),
    ("half_read_response", half_read_response),
    ("early_answer_to_an_upload", early_answer),
    ("big_body_with_length", big_body_with_length),
    ("big_body_chunked", big_body_chunked),
];

/// What only a program can do, not a file server.
const PROGRAM: &[Case] = &[
    ("post_with_length", post_with_length),
    ("post_chunked", post_chunked),
    ("interim_response", interim_response),
    ("http10_until_close", http10_until_close),
    ("http10_with_length", http10_with_length),
];

/// Node answers in HTTP/1.0 only with a close.
const PYTHON: &[Case] = &[("http10_keep_alive", http10_keep_alive)];

#[test]
fn nginx() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    run(&Route::direct(nginx.port), &[ORIGIN]);
}

#[test]
fn haproxy_in_front_of_nginx() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    let Some(haproxy) = servers::haproxy(nginx.port) else {
        return;
    };
    run(&Route::direct(haproxy.port), &[ORIGIN]);
}

#[test]
fn python() {
    let Some(python) = servers::python() else {
        return;
    };
    run(&Route::direct(python.port), &[ORIGIN, PROGRAM, PYTHON]);
}

#[test]
fn node() {
    let Some(node) = servers::node(None) else {
        return;
    };
    run(&Route::direct(node.port), &[ORIGIN, PROGRAM]);
}

/// Runs every case, then fails if one of them did.
fn run(route: &Route, tables: &[&[Case]]) {
    let cases = tables.iter().copied().flatten();
    let failed: Vec<&str> = cases
        .filter(|(name, case)| !succeeds(name, || case(route)))
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn succeeds(name: &str, case: impl FnOnce() -> Outcome) -> bool {
    match panic::catch_unwind(AssertUnwindSafe(case)) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            eprintln!("{name}: {error:?}");
            false
        }
        Err(_) => {
            eprintln!("{name}: see the panic above");
            false
        }
    }
}

/// How to reach an origin: directly, or through a proxy that opens a tunnel to it.
struct Route {
    port: u16,
    origin: Option<u16>,
}

impl Route {
    fn direct(port: u16) -> Self {
        Self { port, origin: None }
    }

    fn tunnel(proxy: u16, origin: u16) -> Self {
        Self {
            port: proxy,
            origin: Some(origin),
        }
    }

    fn connection(&self) -> Result<HTTPConnection, HTTPException> {
        let mut connection = connection(self.port)?;
        if let Some(origin) = self.origin {
            connection.set_tunnel(
                HOST,
                origin,
                &[("Proxy-Authorization", PROXY_AUTHORIZATION)],
            )?;
        }
        Ok(connection)
    }
}

fn connection(port: u16) -> Result<HTTPConnection, HTTPException> {
    HTTPConnection::builder(HOST)
        .port(port)
        .timeout(Duration::from_secs(20))
        .continue_timeout(Duration::from_secs(20))
        .build()
}

/// The client's own address: the same one, the same connection.
fn address(connection: &HTTPConnection) -> Option<SocketAddr> {
    connection
        .stream()
        .and_then(|stream| stream.local_addr().ok())
}

/// What the cases look at in a response whose body has been read.
struct Answer {
    status: u16,
    version: u8,
    body: Vec<u8>,
    /// The client's port as the server saw it: the same port, the same connection.
    client_port: Option<String>,
    etag: Option<String>,
}

/// Reads the response to the request just sent.
fn answer(connection: &mut HTTPConnection) -> Result<Answer, HTTPException> {
    let mut response = connection.getresponse()?;
    let field = |name| response.getheader(name).map(|value| value.into_owned());
    let (client_port, etag) = (field("X-Client-Port"), field("ETag"));
    Ok(Answer {
        status: response.status(),
        version: response.version(),
        body: response.read(None)?,
        client_port,
        etag,
    })
}

/// A request without body, and the response to it.
fn fetch(
    connection: &mut HTTPConnection,
    method: &str,
    target: &str,
) -> Result<Answer, HTTPException> {
    connection.request(method, target, (), &[])?;
    answer(connection)
}

/// Proves that the connection is still in step and open: `/hello` comes by the same one.
fn assert_reused(connection: &mut HTTPConnection, before: &Answer) -> Outcome {
    let after = fetch(connection, "GET", "/hello")?;
    assert_eq!((after.status, &*after.body), (200, HELLO));
    assert!(after.client_port.is_some());
    assert_eq!(after.client_port, before.client_port);
    Ok(())
}

fn get(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    connection.request("GET", "/hello", (), &[("Accept", "text/plain")])?;
    let mut response = connection.getresponse()?;
    assert_eq!((response.status(), response.version()), (200, 11));
    assert_eq!(response.reason(), "OK");
    assert_eq!(response.getheader("content-length").as_deref(), Some("13"));
    assert_eq!(response.read(None)?, HELLO);
    assert_eq!(response.read(None)?, b"");
    Ok(())
}

fn head(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    connection.request("HEAD", "/hello", (), &[])?;
    let response = connection.getresponse()?;
    assert_eq!(response.getheader("Content-Length").as_deref(), Some("13"));
    let response = fetch(&mut connection, "HEAD", "/hello")?;
    assert_eq!((response.status, &*response.body), (200, &b""[..]));
    assert_reused(&mut connection, &response)
}

fn no_content(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let response = fetch(&mut connection, "GET", "/nothing")?;
    assert_eq!((response.status, &*response.body), (204, &b""[..]));
    assert_reused(&mut connection, &response)
}

fn not_modified(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let etag = fetch(&mut connection, "GET", "/hello")?.etag;
    let etag = etag.expect("no ETag");
    connection.request("GET", "/hello", (), &[("If-None-Match", &etag)])?;
    let response = answer(&mut connection)?;
    assert_eq!((response.status, &*response.body), (304, &b""[..]));
    assert_eq!(response.etag, Some(etag));
    assert_reused(&mut connection, &response)
}

fn not_found(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let response = fetch(&mut connection, "GET", "/missing")?;
    assert_eq!(response.status, 404);
    assert!(!response.body.is_empty());
    assert_reused(&mut connection, &response)
}

fn put_with_length(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    put_and_get(&mut connection, b"some bytes", b"some bytes")?;
    put_and_get(&mut connection, "some text", b"some text")?;
    put_and_get(&mut connection, "", b"")?;
    let sized = Body::sized(Pattern::new(MEBIBYTE), MEBIBYTE);
    put_and_get(&mut connection, sized, &pattern(MEBIBYTE))
}

fn put_chunked(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let reader = Body::reader(Pattern::new(MEBIBYTE));
    put_and_get(&mut connection, reader, &pattern(MEBIBYTE))?;
    let pieces = [&b"one, "[..], b"", b"two, ", b"three"];
    put_and_get(&mut connection, Body::iter(pieces), b"one, two, three")?;
    put_and_get(&mut connection, Body::reader(io::empty()), b"")
}

/// Stores a body, fetches it with both framings, and deletes it.
fn put_and_get<'a>(
    connection: &mut HTTPConnection,
    body: impl Into<Body<'a>>,
    expected: &[u8],
) -> Outcome {
    connection.request("PUT", "/files/small", body, &[])?;
    assert_stored(&answer(connection)?);
    for target in ["/files/small", "/chunked/small"] {
        let response = fetch(connection, "GET", target)?;
        assert_eq!(response.status, 200);
        assert!(response.body == expected, "{target} differs");
    }
    assert_eq!(fetch(connection, "DELETE", "/files/small")?.status, 204);
    assert_eq!(fetch(connection, "GET", "/files/small")?.status, 404);
    Ok(())
}

/// A new resource gives 201, a replaced one may give 204.
fn assert_stored(response: &Answer) {
    assert!([201, 204].contains(&response.status), "{}", response.status);
}

/// The server sends 100 before the final response.
fn expect_continue(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let expect = [("Expect", "100-continue")];
    connection.request("PUT", "/files/expected", "as expected", &expect)?;
    let response = answer(&mut connection)?;
    assert_stored(&response);
    let stored = fetch(&mut connection, "GET", "/files/expected")?;
    assert_eq!(stored.body, b"as expected");
    assert_reused(&mut connection, &response)
}

fn thousand_requests(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let first = fetch(&mut connection, "GET", "/hello")?;
    for _ in 1..1000 {
        assert_reused(&mut connection, &first)?;
    }
    Ok(())
}

/// What is left of a body never turns up in the next response.
fn half_read_response(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let body = Body::sized(Pattern::new(4 * MEBIBYTE), 4 * MEBIBYTE);
    connection.request("PUT", "/files/half", body, &[])?;
    assert_stored(&answer(&mut connection)?);
    for target in ["/files/half", "/chunked/half"] {
        connection.request("GET", target, (), &[])?;
        let mut response = connection.getresponse()?;
        assert_eq!(response.read(10)?, pattern(10));
        assert_eq!(fetch(&mut connection, "GET", "/hello")?.body, HELLO);
    }
    Ok(())
}

/// The server answers before it has the body, and may want no more of it: then the upload may
/// break off, and the answer is there all the same.
fn early_answer(route: &Route) -> Outcome {
    let size = 8 * MEBIBYTE;
    let bodies = [
        Body::sized(Pattern::new(size), size),
        Body::reader(Pattern::new(size)),
    ];
    for body in bodies {
        let mut connection = route.connection()?;
        match connection.request("PUT", "/small", body, &[]) {
            Ok(()) | Err(HTTPException::Io { .. }) => {}
            Err(error) => return Err(error),
        }
        let response = answer(&mut connection)?;
        assert_eq!(response.status, 413);
        assert!(!response.body.is_empty());
        assert_eq!(fetch(&mut connection, "GET", "/hello")?.body, HELLO);
    }
    Ok(())
}

fn big_body_with_length(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let body = Body::sized(Pattern::new(BIG), BIG);
    connection.request("PUT", "/files/big", body, &[])?;
    let stored = answer(&mut connection)?;
    assert_stored(&stored);

    connection.request("GET", "/files/big", (), &[])?;
    let mut response = connection.getresponse()?;
    let length = response.getheader("Content-Length");
    assert_eq!(length.as_deref(), Some(&*BIG.to_string()));
    assert_pattern(BIG, |buffer| response.readinto(buffer))?;
    assert_reused(&mut connection, &stored)
}

fn big_body_chunked(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let body = Body::reader(Pattern::new(BIG));
    connection.request("PUT", "/files/big", body, &[])?;
    let stored = answer(&mut connection)?;
    assert_stored(&stored);

    connection.request("GET", "/chunked/big", (), &[])?;
    let mut response = connection.getresponse()?;
    let coding = response.getheader("Transfer-Encoding");
    assert_eq!(coding.as_deref(), Some("chunked"));
    assert_pattern(BIG, |buffer| response.readinto(buffer))?;
    let trailers = response.trailers().expect("no trailers");
    assert_eq!(trailers.get("X-Check").as_deref(), Some("done"));
    assert_reused(&mut connection, &stored)
}

fn post_with_length(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    for length in [0, 1, 5000, 300_000] {
        connection.request("POST", "/echo", pattern(length), &[])?;
        assert!(answer(&mut connection)?.body == pattern(length), "{length}");
    }
    Ok(())
}

fn post_chunked(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    for length in [0, 1, 5000, 300_000] {
        let body = Body::reader(Pattern::new(length));
        connection.request("POST", "/echo", body, &[])?;
        assert!(answer(&mut connection)?.body == pattern(length), "{length}");
    }
    Ok(())
}

/// A 103 (Early Hints) precedes the response.
fn interim_response(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let response = fetch(&mut connection, "GET", "/hints")?;
    assert_eq!((response.status, &*response.body), (200, &b"hinted"[..]));
    assert_reused(&mut connection, &response)
}

fn http10_until_close(route: &Route) -> Outcome {
    assert_http10_closes(route, "/http10/close", b"until close")
}

fn http10_with_length(route: &Route) -> Outcome {
    assert_http10_closes(route, "/http10/length", b"length")
}

/// The next request goes by a new connection.
fn assert_http10_closes(route: &Route, target: &str, body: &[u8]) -> Outcome {
    let mut connection = route.connection()?;
    let response = fetch(&mut connection, "GET", target)?;
    assert_eq!((response.status, response.version), (200, 10));
    assert_eq!(response.body, body);
    let next = fetch(&mut connection, "GET", "/hello")?;
    assert_eq!((next.version, &*next.body), (11, HELLO));
    assert_ne!(next.client_port, response.client_port);
    Ok(())
}

fn http10_keep_alive(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    let response = fetch(&mut connection, "GET", "/http10/keep-alive")?;
    assert_eq!((response.status, response.version), (200, 10));
    assert_eq!(response.body, b"keep-alive");
    assert_reused(&mut connection, &response)
}
