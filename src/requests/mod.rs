//! `requests` for Rust: sessions with redirects, cookies, authentication, proxies, retries and a
//! pool of connections, on nothing but `std`. The feature `requests`.
//!
//! The arguments of `requests.request` are methods of one [`Request`], which [`Request::send`] sends:
//!
//! ```
//! use stdhttp::requests::{self, Session};
//! # use stdhttp::requests::{HTTPAdapter, BoxedStream};
//! # use stdhttp::testing::{Peer, Script};
//! # use stdhttp::Connect;
//! # let peer = Peer::new([Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]);
//! # let adapter = HTTPAdapter::new().connector(move |route| {
//! #     peer.clone().connect(route).map(|stream| Box::new(stream) as BoxedStream)
//! # });
//!
//! let mut session = Session::new();
//! # session.mount("http://", adapter);
//! session.headers_mut().insert("X-Test", "true");
//! let response = session
//!     .get("http://www.example.org/search")
//!     .params([("q", "rust")])
//!     .send()?;
//! response.raise_for_status()?;
//! assert_eq!((response.status_code(), response.text()?.as_ref()), (200, "hello"));
//! assert_eq!(response.url().as_str(), "http://www.example.org/search?q=rust");
//! # Ok::<(), requests::RequestException>(())
//! ```
//!
//! What each name of `requests` has for a counterpart is in `docs/requests.md`.

mod adapter;
mod auth;
mod call;
mod codes;
mod content;
mod dial;
mod download;
mod environment;
mod error;
mod exception;
mod failure;
mod form;
mod headers;
mod hooks;
mod http_adapter;
mod lines;
mod masking;
mod models;
mod options;
mod partial;
mod payload;
mod pool;
mod prepared;
mod preparing;
pub(crate) mod recording;
mod request;
mod response;
mod retry;
mod session;
mod socks;
mod text;
mod transcript;
mod wire;

pub use adapter::{Adapter, Sending};
pub use auth::{HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth, HTTPProxyAuth};
pub use codes::codes;
pub use dial::{BoxedStream, Tls};
pub use download::{Download, Downloaded};
pub use environment::Environment;
pub use error::ExceptionKind;
pub use form::{Data, FilePart};
pub use headers::Headers;
pub use http_adapter::HTTPAdapter;
pub use lines::{IterContent, IterLines};
pub use models::{Auth, AuthBase, PreparedRequest, RequestException, Response};
pub use options::{Cert, Hop, Redirects, SendOptions, Timeout, TlsSettings, Verify};
pub use payload::Payload;
pub use request::Request;
pub use response::RawBody;
pub use retry::Retry;
pub use session::Session;
pub use socks::SocksError;

/// A request with any method, over a session of its own (`requests.request`).
pub fn request(method: &str, url: &str) -> Request<'static> {
    Request::new(method, url)
}

/// A GET request (`requests.get`).
pub fn get(url: &str) -> Request<'static> {
    request("GET", url)
}

/// An OPTIONS request (`requests.options`).
pub fn options(url: &str) -> Request<'static> {
    request("OPTIONS", url)
}

/// A HEAD request, whose redirects are returned unless asked for (`requests.head`).
pub fn head(url: &str) -> Request<'static> {
    request("HEAD", url).allow_redirects(false)
}

/// A POST request (`requests.post`).
pub fn post(url: &str) -> Request<'static> {
    request("POST", url)
}

/// A PUT request (`requests.put`).
pub fn put(url: &str) -> Request<'static> {
    request("PUT", url)
}

/// A PATCH request (`requests.patch`).
pub fn patch(url: &str) -> Request<'static> {
    request("PATCH", url)
}

/// A DELETE request (`requests.delete`).
pub fn delete(url: &str) -> Request<'static> {
    request("DELETE", url)
}
