//! `urllib.request`: URLs, opened by a list of handlers.
//!
//! A thin layer: connections are [`HTTPConnection`](crate::HTTPConnection)s, cookies are in a
//! [`CookieJar`](crate::cookies::CookieJar), credentials in an
//! [`HTTPPasswordMgr`](crate::auth::HTTPPasswordMgr), redirects follow
//! [`RedirectRules`](crate::urllib::RedirectRules), proxies are
//! [`Proxies`](crate::urllib::Proxies). `docs/urllib.md` has what stands for each name of Python's.
//!
//! ```
//! use std::io::Read;
//! use stdhttp::testing::{Peer, Script};
//! use stdhttp::urllib::request::{HTTPHandler, ProxyHandler, Request, build_opener};
//!
//! let peer = Peer::new([
//!     Script::answer("HTTP/1.1 302 Found\r\nLocation: /done\r\n\r\n"),
//!     Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
//! ]);
//! // `urlopen` is an opener over TCP; this one is over a scripted peer.
//! let opener = build_opener()
//!     .add_handler(HTTPHandler::new(peer.clone()))
//!     .add_handler(ProxyHandler::none());
//! let mut response = opener.open(Request::new("http://www.example.org/form")?.with_data("a=1"))?;
//! assert_eq!((response.status(), response.url()), (200, "http://www.example.org/done"));
//! let mut text = String::new();
//! response.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! assert!(peer.received(1).starts_with(b"GET /done HTTP/1.1\r\nHost: www.example.org\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth;
mod cookies;
mod data;
mod data_url;
mod error;
mod file_url;
mod http;
mod opener;
mod outcome;
mod proxies;
mod redirect;
mod requested;
mod response;
mod retrieve;
mod tried;

use std::path::Path;

pub use auth::{
    HTTPBasicAuthHandler, HTTPDigestAuthHandler, ProxyBasicAuthHandler, ProxyDigestAuthHandler,
};
pub use cookies::HTTPCookieProcessor;
pub use data::Data;
pub use data_url::DataHandler;
pub use error::{ContentTooShortError, HTTPError, URLError, Unfollowed};
pub use file_url::{FileHandler, pathname2url, url2pathname};
pub use http::{HTTPHandler, HTTPSHandler};
pub use opener::{BaseHandler, HANDLER_ORDER, Handled, OpenerDirector, Role};
pub use outcome::{HTTPDefaultErrorHandler, HTTPErrorProcessor, UnknownHandler};
pub use proxies::ProxyHandler;
pub use redirect::HTTPRedirectHandler;
pub use requested::Request;
pub use response::Response;

use crate::client::connect::Tcp;
use crate::message::HTTPMessage;

/// An opener with the usual handlers: proxies of the environment, http over TCP, redirects, `data:`,
/// and answers that are no successes as errors (`urllib.request.build_opener`).
///
/// A handler that is added takes the place of the one with the same [`Role`]. For https add an
/// [`HTTPSHandler`] with your TLS, for files a [`FileHandler`]. There is no `install_opener`: keep
/// the opener where you need it, in a `static` of `LazyLock` if that is everywhere.
#[must_use]
pub fn build_opener() -> OpenerDirector {
    OpenerDirector::new()
        .add_handler(ProxyHandler::from_environment())
        .add_handler(UnknownHandler)
        .add_handler(HTTPHandler::new(Tcp::new()))
        .add_handler(HTTPDefaultErrorHandler)
        .add_handler(HTTPRedirectHandler::default())
        .add_handler(HTTPErrorProcessor)
        .add_handler(DataHandler)
}

/// Opens a URL, or a [`Request`], by an opener with the usual handlers (`urllib.request.urlopen`).
///
/// ```no_run
/// use std::io::Read;
/// use stdhttp::urllib::request::{URLError, urlopen};
///
/// match urlopen("http://www.example.org/") {
///     Ok(mut response) => {
///         let mut text = String::new();
///         response.read_to_string(&mut text)?;
///     }
///     Err(URLError::HTTP(error)) => println!("{}: {}", error.code(), error.url()),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`URLError`]. For https it is `NoTls`: [`build_opener`] says what to do.
pub fn urlopen<R>(request: R) -> Result<Response, URLError>
where
    R: TryInto<Request>,
    URLError: From<R::Error>,
{
    build_opener().open(request)
}

/// Opens a URL by an opener with the usual handlers, and puts what comes into a file; see
/// [`OpenerDirector::retrieve`].
///
/// # Errors
/// As [`OpenerDirector::retrieve`].
pub fn urlretrieve<R>(
    request: R,
    filename: impl AsRef<Path>,
    report: impl FnMut(u64, Option<u64>),
) -> Result<HTTPMessage, URLError>
where
    R: TryInto<Request>,
    URLError: From<R::Error>,
{
    build_opener().retrieve(request, filename, report)
}
