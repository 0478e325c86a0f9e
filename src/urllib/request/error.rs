//! `URLError`, and `HTTPError`, which is an answer (`urllib.error`).

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::{Deref, DerefMut};

use super::response::Response;
use crate::auth::{InvalidCredentials, RspauthMismatch};
use crate::error::HTTPException;
use crate::parse_error::ParseError;
use crate::urllib::{InvalidProxy, ProxyScheme, RedirectError};

/// Why a URL could not be opened (`urllib.error.URLError`).
#[derive(Debug)]
#[non_exhaustive]
pub enum URLError {
    /// The answer is not a success: the answer itself (`urllib.error.HTTPError`).
    HTTP(Box<HTTPError>),
    /// The exchange failed, or the request can't be sent as asked.
    Exchange(HTTPException),
    /// The URL can't be read; without a scheme it is `Missing`.
    Url(ParseError),
    /// No handler opens URLs of this scheme (`unknown url type`).
    UnknownType {
        /// The scheme.
        scheme: String,
    },
    /// The URL, or the proxy, is an https one, and TLS is the caller's to give: an
    /// [`HTTPSHandler`](super::HTTPSHandler) over one of the adapters of `docs/tls.md`.
    NoTls,
    /// What stands for a proxy can't be read.
    Proxy(InvalidProxy),
    /// This layer does not speak to such a proxy, or not for this URL.
    UnsupportedProxy {
        /// The scheme of the proxy.
        scheme: ProxyScheme,
    },
    /// The name and password for a proxy can't be sent.
    Credentials(InvalidCredentials),
    /// Who answered does not know the password.
    Rspauth(RspauthMismatch),
    /// The data of the request was read once and can't be read again.
    DataUsed,
    /// A `data:` URL that is none.
    Data(ParseError),
    /// The host of a `file:` URL is not this one.
    NotLocal,
    /// A file can't be read or written.
    File(io::Error),
    /// Less came than was announced ([`urlretrieve`](super::urlretrieve)).
    ContentTooShort(ContentTooShortError),
}

impl URLError {
    /// The answer that is not a success, if it is that.
    #[must_use]
    pub fn http(&self) -> Option<&HTTPError> {
        match self {
            Self::HTTP(error) => Some(error),
            _ => None,
        }
    }

    /// What failed in the exchange, if it is that.
    #[must_use]
    pub fn exception(&self) -> Option<&HTTPException> {
        match self {
            Self::Exchange(error) => Some(error),
            _ => None,
        }
    }

    /// Time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.exception().is_some_and(HTTPException::is_timeout)
    }

    /// Whether the request may be sent again without asking anybody; see
    /// [`HTTPException::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.exception().is_some_and(HTTPException::is_retryable)
    }
}

impl fmt::Display for URLError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HTTP(error) => write!(f, "{error}"),
            Self::Exchange(error) => write!(f, "{error}"),
            Self::Url(error) => write!(f, "URL: {error}"),
            Self::UnknownType { scheme } => {
                write!(f, "unknown url type: {}", scheme.escape_debug())
            }
            Self::NoTls => f.write_str("https needs TLS of your choice: see docs/tls.md"),
            Self::Proxy(error) => write!(f, "{error}"),
            Self::UnsupportedProxy { scheme } => {
                write!(f, "no way through a proxy of the type {}", scheme.as_str())
            }
            Self::Credentials(error) => write!(f, "{error}"),
            Self::Rspauth(error) => write!(f, "{error}"),
            Self::DataUsed => f.write_str("the data of the request can't be read again"),
            Self::Data(error) => write!(f, "data URL: {error}"),
            Self::NotLocal => f.write_str("file not on local host"),
            Self::File(error) => write!(f, "{error}"),
            Self::ContentTooShort(error) => write!(f, "{error}"),
        }
    }
}

impl Error for URLError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::HTTP(error) => Some(&**error),
            Self::Exchange(error) => Some(error),
            Self::Url(error) | Self::Data(error) => Some(error),
            Self::Proxy(error) => Some(error),
            Self::Credentials(error) => Some(error),
            Self::Rspauth(error) => Some(error),
            Self::File(error) => Some(error),
            Self::ContentTooShort(error) => Some(error),
            Self::UnknownType { .. }
            | Self::NoTls
            | Self::UnsupportedProxy { .. }
            | Self::DataUsed
            | Self::NotLocal => None,
        }
    }
}

/// An answer that is not a success: an error, and the answer with all that it has, the body too
/// (`urllib.error.HTTPError`).
///
/// Its methods are those of [`Response`], and so are its [`Read`] and [`BufRead`].
#[derive(Debug)]
pub struct HTTPError {
    response: Response,
    unfollowed: Option<Unfollowed>,
}

/// Why a redirect was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unfollowed {
    /// There were so many before it.
    TooMany {
        /// The limit.
        limit: u8,
    },
    /// It must not be followed.
    Refused(RedirectError),
}

impl HTTPError {
    /// An answer as an error.
    #[must_use]
    pub fn new(response: Response) -> Self {
        Self {
            response,
            unfollowed: None,
        }
    }

    pub(super) fn unfollowed_redirect(response: Response, why: Unfollowed) -> Self {
        Self {
            response,
            unfollowed: Some(why),
        }
    }

    /// Why it was not followed, if it is a redirect.
    #[must_use]
    pub fn unfollowed(&self) -> Option<Unfollowed> {
        self.unfollowed
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response {
        self.response
    }
}

impl Deref for HTTPError {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.response
    }
}

impl DerefMut for HTTPError {
    fn deref_mut(&mut self) -> &mut Response {
        &mut self.response
    }
}

impl Read for HTTPError {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.response.read(buffer)
    }
}

impl BufRead for HTTPError {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.response.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.response.consume(count);
    }
}

impl fmt::Display for HTTPError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason().escape_debug();
        write!(f, "HTTP Error {}: {reason}", self.code())?;
        match self.unfollowed {
            Some(Unfollowed::TooMany { limit }) => write!(f, " (after {limit} redirects)"),
            Some(Unfollowed::Refused(error)) => write!(f, " ({error})"),
            None => Ok(()),
        }
    }
}

impl Error for HTTPError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.unfollowed {
            Some(Unfollowed::Refused(error)) => Some(error),
            _ => None,
        }
    }
}

/// A file that is not whole (`urllib.error.ContentTooShortError`).
#[derive(Debug)]
#[non_exhaustive]
pub struct ContentTooShortError {
    /// The bytes that came.
    pub received: u64,
    /// The bytes that were announced, if they were.
    pub announced: Option<u64>,
}

impl fmt::Display for ContentTooShortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.received;
        match self.announced {
            Some(announced) => write!(f, "got only {received} out of {announced} bytes"),
            None => write!(f, "got only {received} bytes of a body without its end"),
        }
    }
}

impl Error for ContentTooShortError {}

impl From<HTTPError> for URLError {
    fn from(error: HTTPError) -> Self {
        Self::HTTP(Box::new(error))
    }
}

impl From<HTTPException> for URLError {
    fn from(error: HTTPException) -> Self {
        Self::Exchange(error)
    }
}

impl From<ParseError> for URLError {
    fn from(error: ParseError) -> Self {
        Self::Url(error)
    }
}

impl From<InvalidProxy> for URLError {
    fn from(error: InvalidProxy) -> Self {
        Self::Proxy(error)
    }
}

impl From<InvalidCredentials> for URLError {
    fn from(error: InvalidCredentials) -> Self {
        Self::Credentials(error)
    }
}

impl From<RspauthMismatch> for URLError {
    fn from(error: RspauthMismatch) -> Self {
        Self::Rspauth(error)
    }
}

/// There is none: what is a request already needs no reading.
impl From<Infallible> for URLError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
