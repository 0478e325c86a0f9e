//! Python's `http.client` for Rust: a low-level HTTP/1.1 client, driven step by step.
//!
//! You send a request step by step and read its response step by step, and nothing happens behind
//! your back: no redirect, no retry, no cookie, no decoding of content, no pool, no thread. What
//! is sent is checked before the first byte leaves; what is received is bounded, and a message
//! that was cut short is never taken for a complete one. The crate depends on `std` alone.
//!
//! # A whole life
//!
//! Over TCP the connection is `HTTPConnection::new("www.example.org", None)?`. The peer in this
//! example is [scripted](testing), so that the example runs anywhere.
//!
//! ```
//! use stdhttp::testing::{Peer, Script};
//! use stdhttp::{CloseReason, ConnectionState, HTTPConnection, HTTPException, HTTPStatus};
//!
//! fn main() -> Result<(), HTTPException> {
//!     let peer = Peer::new([Script::new()
//!         .expect_head()
//!         .send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
//!         .send("Content-Length: 5\r\n\r\nhello")
//!         .expect_head()
//!         .expect_bytes(5)
//!         .send("HTTP/1.1 201 Created\r\nConnection: close\r\n")
//!         .send("Content-Length: 0\r\n\r\n")]);
//!
//!     // No I/O yet.
//!     let mut conn = HTTPConnection::builder("www.example.org")
//!         .connector(peer.clone())
//!         .build()?;
//!     assert!(!conn.is_connected());
//!
//!     // A request in one call. It connects.
//!     conn.request("GET", "/index.html", (), &[])?;
//!     let mut r1 = conn.getresponse()?;
//!     assert_eq!((r1.status(), r1.reason().as_ref()), (200, "OK"));
//!     assert_eq!(r1.headers().get_content_type(), "text/plain");
//!     assert_eq!(r1.read(None)?, b"hello"); // the whole body
//!
//!     // A request step by step, over the same connection.
//!     conn.putrequest("PUT", "/file")?;
//!     conn.putheader("Content-Type", "text/plain")?;
//!     conn.putheader("Content-Length", 5)?;
//!     assert_eq!(conn.state(), ConnectionState::RequestStarted);
//!     conn.endheaders()?; // the head goes out
//!     assert_eq!(conn.state(), ConnectionState::RequestSent);
//!     conn.send("hello")?;
//!     let r2 = conn.getresponse()?;
//!     assert_eq!(r2.status(), HTTPStatus::CREATED.value());
//!
//!     // The peer closes after this response; the next request would connect again.
//!     assert_eq!(conn.state(), ConnectionState::Idle);
//!     assert_eq!(conn.close_reason(), Some(CloseReason::PeerCloses));
//!
//!     assert_eq!((peer.calls().connects, peer.calls().writes), (1, 3));
//!     peer.check()
//! }
//! ```
//!
//! # The states of a connection
//!
//! ```text
//!              putrequest                      endheaders
//!     Idle ──────────────────▶ Request-started ──────────────▶ Request-sent ◀─┐ send
//!      ▲                         ▲         │                     │    │   │    │
//!      │                         └─────────┘                     │    │   └────┘
//!      │                          putheader                      │    │
//!      │                     getresponse (interim responses are  │    │ getresponse: 101,
//!      │                     skipped; its body may be read now)  │    │ or 2xx to CONNECT
//!      ├─────────────────────────────────────────────────────────┘    ▼
//!      │                                                           Switched ──▶ into_inner
//!      └───────────────────── close, from every state
//! ```
//!
//! A call out of turn is an [`ImproperConnectionState`] and changes nothing. A failure in the
//! middle of an exchange ends it, and no state needs to be cured: the next request may begin at
//! once, over a new stream. Two failures leave more open: after one that met the body of a request
//! an early answer can still be got, and after a timeout the same call can be made again.
//!
//! A request goes over the stream of the last one only if that response was read to the proven end
//! of its message; otherwise it opens a new one.
//!
//! # From Python to Rust
//!
//! | Python | Rust |
//! |---|---|
//! | `HTTPConnection(host, port, timeout=10)` | [`HTTPConnection::new`]`(host, port)?`; other arguments on the [`Builder`] |
//! | `HTTPSConnection(host, context=ctx)` | [`HTTPConnection::with_tls`]`(host, None, tls)?` over the caller's [`Secure`] |
//! | `conn.request("POST", url, body, headers)` | `conn.request("POST", target, body, &[("Name", "value")])?` |
//! | `conn.putrequest("PUT", url, skip_host=True)` | `conn.putrequest_with("PUT", target, Skip::default().with(|skip| skip.host = true))?` |
//! | `conn.putheader("Accept", "a", "b")` | `conn.putheader("Accept", ["a", "b"])?` |
//! | `conn.endheaders(body, encode_chunked=True)` | `conn.endheaders_with(body, true)?` |
//! | `conn.send(data)` | `conn.send(data)?`; [`send_chunk`](HTTPConnection::send_chunk) where the body is chunked |
//! | `body`: `bytes`, `str`, file, iterable | [`Body`]: bytes, text, `File`, [`Body::reader`], [`Body::sized`], [`Body::iter`] |
//! | `conn.getresponse()` | `conn.getresponse()?`, which borrows the connection; [`response`](HTTPConnection::response) shows it again, [`into_response`](HTTPConnection::into_response) owns the connection |
//! | `conn.set_tunnel(host, port, headers)` | `conn.set_tunnel(host, port, &headers)?` |
//! | `conn.set_debuglevel(1)` | `conn.set_debuglevel(1)`; [`set_debug_output`](HTTPConnection::set_debug_output) |
//! | `conn.sock` | [`stream`](HTTPConnection::stream), [`into_inner`](HTTPConnection::into_inner) with the bytes already read |
//! | `conn.close()` | `conn.close()`, or drop it |
//! | `r.status`, `r.reason`, `r.version` | `r.status()`, `r.reason()`, `r.version()` |
//! | `r.read()`, `r.read(200)` | `r.read(None)?`, `r.read(200)?` |
//! | `r.readinto(b)`, `r.read1(n)`, `r.peek(n)`, `r.readline()` | the same names; also [`Read`](std::io::Read) and [`BufRead`](std::io::BufRead) |
//! | `r.getheader("ETag", "")`, `r.getheaders()` | `r.getheader_or("ETag", "")`, `r.getheaders()` |
//! | `r.headers`, `r.msg`: `HTTPMessage` | `r.headers()`, `r.msg()`: [`HTTPMessage`] |
//! | `r.isclosed()`, `r.closed`, `r.will_close`, `r.length`, `r.chunked` | `r.isclosed()`, `r.closed()`, `r.will_close()`, `r.length()`, `r.chunked()` |
//! | `except IncompleteRead as e: e.partial` | `Err(HTTPException::IncompleteRead(e)) => e.partial` |
//! | `except CannotSendRequest` | `Err(HTTPException::ImproperConnectionState(CannotSendRequest(_)))` |
//! | `except RemoteDisconnected`, `BadStatusLine`, … | [`HTTPException`]`::RemoteDisconnected { .. }`, `::BadStatusLine { .. }`, … |
//! | `except OSError`, `TimeoutError` | `HTTPException::Io { .. }`, `::ConnectFailed { .. }`, `::TimedOut { .. }` |
//! | `http.HTTPStatus.NOT_FOUND`, `http.client.NOT_FOUND` | [`HTTPStatus::NOT_FOUND`], [`NOT_FOUND`] |
//! | `http.client.responses[404]` | [`responses`]`(404)` |
//! | `http.client.parse_headers(fp)` | [`parse_headers`]`(reader)?` |
//!
//! Where the behaviour differs, the default is the stricter side of what RFC 9112 allows;
//! [`Tolerance::HTTP_CLIENT`] brings back what CPython accepts, except where that would let a peer
//! mix up two exchanges.
//!
//! # Map
//!
//! | | |
//! |---|---|
//! | [`HTTPConnection`], [`Builder`], [`Body`] | sending requests, and every setting |
//! | [`HTTPResponse`], [`HTTPMessage`], [`HTTPStatus`] | reading responses |
//! | [`HTTPException`], [`Retry`] | what went wrong, and whether the request may be sent again |
//! | [`Limits`], [`Tolerance`], [`Forgiven`] | how much is accepted, what is forgiven, what was |
//! | [`Stream`], [`Connect`], [`Secure`], [`Clock`] | transports, TLS and time of the caller's choice |
//! | [`BoxedConnection`], [`OwnedResponse`], [`SendBody`] | connections of one type, for structs, pools and threads |
//! | [`proto`] | the protocol without I/O, for event loops and for use of its parts |
//! | [`testing`] | a scripted peer in memory, with faults and a virtual clock |
//!
//! The repository's `docs/guide.md` walks from the first request to embedding in an event loop,
//! with examples that run; `docs/design.md` says why things are as they are.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | (none) | everything but the following; no `unsafe` code, which the compiler enforces |
//! | `sys` | what `std` can't do: bind a socket before it connects (`Builder::source_address`), and have the kernel send files (`sendfile`) where the stream is a plain socket; with `server`, catch Ctrl-C (`server::Interrupt`). On Linux; it adds nothing on other systems. A program whose `main` is not Rust's must ignore SIGPIPE, as Rust's does: `sendfile` raises it when the peer goes away. All `unsafe` code of the crate is in `src/transport/sys.rs`, behind this feature |
//! | `server` | a server like Python's `http.server`: the modules `server` and `proto::server`, and the command `stdhttp-server` |
//! | `urllib` | URLs, dates, forms and links, cookies and credentials: the modules `urllib`, `dates`, `cookies` and `auth`, without I/O but for cookie and netrc files; and `urllib::request`, which opens URLs |
//! | `requests` | the module `requests`: sessions with redirects, cookies, authentication, proxies, retries and a pool of connections; brings `urllib` |
//!
//! # Minimum supported Rust version
//!
//! 1.85, the `rust-version` of `Cargo.toml`. It is raised only in a minor release.

// The lints of the crate are in `Cargo.toml`. `unsafe` is ruled out here because that depends on a
// feature. Names such as `HTTPConnection` are `http.client`'s, and pass the lints as they are.
#![cfg_attr(not(all(feature = "sys", target_os = "linux")), forbid(unsafe_code))]
#![cfg_attr(all(feature = "sys", target_os = "linux"), deny(unsafe_code))]

#[cfg(feature = "urllib")]
pub mod auth;
mod client;
#[cfg(feature = "urllib")]
pub mod cookies;
#[cfg(any(feature = "server", feature = "urllib"))]
pub mod dates;
mod error;
mod message;
mod method;
#[cfg(any(feature = "server", feature = "urllib"))]
mod parse_error;
#[cfg(any(feature = "server", feature = "urllib"))]
mod percent;
pub mod proto;
#[cfg(feature = "urllib")]
mod replacing;
#[cfg(feature = "requests")]
pub mod requests;
#[cfg(feature = "server")]
pub mod server;
mod small_files;
mod status;
pub mod testing;
mod transport;
#[cfg(feature = "urllib")]
pub mod urllib;

pub use client::body::Body;
pub use client::boxed::{BoxedConnection, BoxedResponse, TcpResponse};
pub use client::builder::Builder;
pub use client::connect::{BoxedConnector, Connect, Ready, Route, Tcp};
pub use client::connection::{Continue, HTTPConnection};
pub use client::https::{HTTPSConnection, Secure, Secured};
pub use client::incoming::Source;
pub use client::owned::OwnedResponse;
pub use client::reader::{Reader, parse_headers, parse_headers_with};
pub use client::reading::ReadArgument;
pub use client::response::{HTTPResponse, PendingResponse};
pub use client::send_body::SendBody;
pub use client::settings::{StaleCheck, Timeouts};
#[cfg(unix)]
pub use client::unix::Unix;
pub use error::*;
pub use message::{HTTPMessage, Items, ParamValue};
pub use method::{HTTPMethod, UnknownMethod};
pub use proto::{
    CloseReason, FieldValue, Forgiven, ForgivenSet, HTTPVersion, KeepAlive, Limits, Skip,
    Tolerance, Values,
};
pub use status::constants::*;
pub use status::{HTTPStatus, UnknownStatus, responses};
pub use transport::clock::{Clock, SystemClock};
pub use transport::stream::{BoxedStream, Look, Stream};
pub use transport::timing::ConnectTime;
pub use transport::wire::Wire;

/// The default port of HTTP (`http.client.HTTP_PORT`).
pub const HTTP_PORT: u16 = 80;

/// The default port of HTTPS (`http.client.HTTPS_PORT`).
pub const HTTPS_PORT: u16 = 443;

/// The code of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code of the guide runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;

/// And so does that of its part on serving.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../docs/serving.md")]
struct Serving;

/// The code of the page about cookies runs as a test.
#[cfg(all(doctest, feature = "urllib"))]
#[doc = include_str!("../docs/cookies.md")]
struct Cookies;

/// And of that on sessions.
#[cfg(all(doctest, feature = "requests"))]
#[doc = include_str!("../docs/sessions.md")]
struct Sessions;
