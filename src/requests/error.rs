//! The classes of `requests.exceptions`, with their facts.

use std::error::Error;
use std::fmt;

use crate::auth::{InvalidCredentials, NetrcError};
use crate::error::{Excerpt, HTTPException, IncompleteRead, MessagePart, Step};
use crate::urllib::{ParseError, RedirectError};

/// The class of a [`RequestException`](super::RequestException), with its facts.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExceptionKind {
    /// The URL has no scheme (`MissingSchema`).
    MissingSchema {
        /// What was given, without user name and password.
        url: String,
    },
    /// No adapter is mounted for the scheme of the URL (`InvalidSchema`).
    InvalidSchema {
        /// What was given, without user name and password.
        url: String,
    },
    /// The URL can't be sent to (`InvalidURL`).
    InvalidURL(ParseError),
    /// The URL of a proxy can't be used (`InvalidProxyURL`).
    InvalidProxyURL(ParseError),
    /// A field can't be sent (`InvalidHeader`).
    InvalidHeader(HTTPException),
    /// The method is no token (RFC 9110 section 9.1).
    InvalidMethod {
        /// The method as given.
        method: String,
    },
    /// A part of a form can't be sent.
    InvalidForm(ParseError),
    /// The request was put together in a way that can't be sent, such as files beside a stream.
    InvalidBody,
    /// A name or password can't be sent.
    InvalidCredentials(InvalidCredentials),
    /// A cookie of the call can't be sent.
    InvalidCookie(crate::cookies::CookieError),
    /// The `.netrc` that credentials were to come from can't be used.
    Netrc(NetrcError),
    /// `raise_for_status` met a status of 400 to 599, or a download one without content to keep
    /// (`HTTPError`).
    HTTPError {
        /// The status.
        status_code: u16,
    },
    /// The connection could not be made, or broke (`ConnectionError`).
    ConnectionError(HTTPException),
    /// The proxy could not be reached, or refused (`ProxyError`).
    ProxyError(HTTPException),
    /// TLS failed (`SSLError`).
    SSLError(HTTPException),
    /// There is no TLS: the page `docs/tls.md` says how to plug one in.
    MissingTls,
    /// No connection within the time for it (`ConnectTimeout`, also a `ConnectionError`).
    ConnectTimeout(HTTPException),
    /// Nothing came within the time for it, or time for the whole call ran out (`ReadTimeout`).
    ReadTimeout(HTTPException),
    /// All connections of the pool were in use until time ran out (`urllib3`'s `EmptyPoolError`,
    /// a `ConnectionError` and a `Timeout`).
    EmptyPool,
    /// The filter of addresses refuses every address of the host (a `ConnectionError`).
    AddressNotAllowed(HTTPException),
    /// The body was cut short or its framing is broken (`ChunkedEncodingError`).
    ChunkedEncodingError(HTTPException),
    /// The content coding could not be undone, or not within its bounds (`ContentDecodingError`).
    ContentDecodingError(std::io::Error),
    /// A part of something came and was not asked for, or not that part (RFC 9110 section 15.3.7).
    InvalidContentRange {
        /// The `Content-Range` as it came.
        value: Excerpt,
    },
    /// The content is larger than `max_content` (bytes).
    ContentTooLarge {
        /// The limit.
        limit: u64,
    },
    /// There were more redirects than allowed (`TooManyRedirects`).
    TooManyRedirects {
        /// The limit.
        limit: usize,
    },
    /// A redirect that is not followed, since it leads where it must not.
    InvalidRedirect(RedirectError),
    /// The body would have to be sent again and can't be (`UnrewindableBodyError`).
    UnrewindableBodyError,
    /// A source of the caller's own failed, from which the body was to be sent.
    SourceError(HTTPException),
    /// The retries are used up (`RetryError`): the last answer still had a status to retry on.
    RetryError,
    /// The content was read piece by piece before (`StreamConsumedError`).
    StreamConsumedError,
    /// The content is not what the caller's parser takes (`JSONDecodeError`).
    JSONDecodeError(Box<dyn Error + Send + Sync>),
    /// The charset is not known here nor plugged in.
    UnknownEncoding {
        /// Its name.
        name: String,
    },
    /// A file could not be read or written.
    File(std::io::Error),
    /// A hook, an authentication or an adapter of the caller's own failed.
    Other(Box<dyn Error + Send + Sync>),
}

impl ExceptionKind {
    /// What the client beneath says, in the classes of `requests`.
    pub(super) fn from_client(error: HTTPException) -> Self {
        match error {
            HTTPException::TimedOut { step, .. } => match step {
                Step::Connect | Step::Tunnel | Step::Handshake => Self::ConnectTimeout(error),
                _ => Self::ReadTimeout(error),
            },
            HTTPException::TunnelFailed(_) => Self::ProxyError(error),
            HTTPException::Io {
                step: Step::Tunnel, ..
            } => Self::ProxyError(error),
            HTTPException::Io {
                step: Step::Handshake,
                ..
            } => Self::SSLError(error),
            HTTPException::IncompleteRead(IncompleteRead {
                part: MessagePart::Head,
                ..
            }) => Self::ConnectionError(error),
            HTTPException::IncompleteRead(_) | HTTPException::InvalidChunk { .. } => {
                Self::ChunkedEncodingError(error)
            }
            _ if error.is_source_error() => Self::SourceError(error),
            HTTPException::BodyLengthMismatch { .. } => Self::SourceError(error),
            HTTPException::InvalidHeaderName { .. }
            | HTTPException::InvalidHeaderValue { .. }
            | HTTPException::ConflictingHeader { .. } => Self::InvalidHeader(error),
            HTTPException::InvalidBody { .. } => Self::InvalidBody,
            _ => Self::ConnectionError(error),
        }
    }

    pub(super) fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout(_) | Self::ReadTimeout(_) | Self::EmptyPool
        )
    }

    /// The error of the client beneath, where there is one.
    pub(super) fn http_exception(&self) -> Option<&HTTPException> {
        match self {
            Self::InvalidHeader(error)
            | Self::ConnectionError(error)
            | Self::ProxyError(error)
            | Self::SSLError(error)
            | Self::ConnectTimeout(error)
            | Self::ReadTimeout(error)
            | Self::AddressNotAllowed(error)
            | Self::SourceError(error)
            | Self::ChunkedEncodingError(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ExceptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSchema { url } => write!(
                f,
                "invalid URL {url:?}: no scheme supplied; perhaps you meant https://{url}?"
            ),
            Self::InvalidSchema { url } => write!(f, "no adapter is mounted for {url:?}"),
            Self::InvalidURL(error) => write!(f, "invalid URL: {error}"),
            Self::InvalidProxyURL(error) => write!(f, "invalid URL of a proxy: {error}"),
            Self::InvalidMethod { method } => write!(f, "invalid method {method:?}"),
            Self::InvalidForm(error) => write!(f, "invalid form: {error}"),
            Self::InvalidBody => f.write_str("a body that can't be sent as asked"),
            Self::InvalidCredentials(error) => write!(f, "invalid credentials: {error}"),
            Self::InvalidCookie(error) => write!(f, "invalid cookie: {error}"),
            Self::Netrc(error) => write!(f, "netrc: {error}"),
            Self::HTTPError { status_code } => {
                let kind = match status_code {
                    0..400 => "Not Content",
                    400..500 => "Client Error",
                    _ => "Server Error",
                };
                write!(f, "{status_code} {kind}")
            }
            Self::MissingTls => {
                f.write_str("https without TLS: docs/tls.md says how to plug it in")
            }
            Self::EmptyPool => f.write_str("all connections of the pool are in use"),
            Self::ContentDecodingError(error) => write!(f, "content can't be decoded: {error}"),
            Self::InvalidContentRange { value } => {
                write!(f, "a part that was not asked for: Content-Range {value}")
            }
            Self::ContentTooLarge { limit } => write!(f, "content of more than {limit} bytes"),
            Self::TooManyRedirects { limit } => write!(f, "exceeded {limit} redirects"),
            Self::InvalidRedirect(error) => write!(f, "redirect not followed: {error}"),
            Self::UnrewindableBodyError => f.write_str("the body can't be sent a second time"),
            Self::RetryError => f.write_str("the retries are used up"),
            Self::StreamConsumedError => f.write_str("the content was consumed before"),
            Self::JSONDecodeError(error) => write!(f, "invalid JSON: {error}"),
            Self::UnknownEncoding { name } => write!(f, "unknown encoding {name:?}"),
            Self::File(error) => write!(f, "{error}"),
            Self::Other(error) => write!(f, "{error}"),
            Self::InvalidHeader(error)
            | Self::ConnectionError(error)
            | Self::ProxyError(error)
            | Self::SSLError(error)
            | Self::ConnectTimeout(error)
            | Self::ReadTimeout(error)
            | Self::AddressNotAllowed(error)
            | Self::SourceError(error)
            | Self::ChunkedEncodingError(error) => write!(f, "{error}"),
        }
    }
}

impl Error for ExceptionKind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::InvalidURL(error) | Self::InvalidProxyURL(error) | Self::InvalidForm(error) => {
                Some(error)
            }
            Self::InvalidCredentials(error) => Some(error),
            Self::InvalidCookie(error) => Some(error),
            Self::Netrc(error) => Some(error),
            Self::InvalidRedirect(error) => Some(error),
            Self::ContentDecodingError(error) | Self::File(error) => Some(error),
            Self::JSONDecodeError(error) | Self::Other(error) => Some(&**error),
            _ => {
                let error = self.http_exception()?;
                Some(error)
            }
        }
    }
}

impl From<InvalidCredentials> for ExceptionKind {
    fn from(error: InvalidCredentials) -> Self {
        Self::InvalidCredentials(error)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::{BodyFault, ChunkFault, TunnelFailed};
    use std::io;
    use std::sync::Arc;

    pub(in crate::requests) fn io_at(step: Step) -> HTTPException {
        HTTPException::io(
            io::ErrorKind::ConnectionReset.into(),
            step,
            Default::default(),
        )
    }

    fn cut(part: MessagePart) -> HTTPException {
        HTTPException::IncompleteRead(IncompleteRead {
            part,
            ..IncompleteRead::default()
        })
    }

    /// The name of the class.
    fn class(kind: &ExceptionKind) -> String {
        let shown = format!("{kind:?}");
        let end = shown.find(|octet: char| !octet.is_ascii_alphanumeric());
        shown[..end.unwrap_or(shown.len())].to_owned()
    }

    #[test]
    fn what_the_client_says_has_its_class() {
        let timed_out = |step| HTTPException::timed_out(step, Default::default());
        let refused = TunnelFailed {
            status: 403,
            reason: Excerpt::new(b"no"),
            headers: crate::message::HTTPMessage::new(),
            body: Vec::new(),
        };
        let host = Excerpt::new(b"a");
        let error = Arc::new(io::Error::other("a"));
        for (error, expected) in [
            (timed_out(Step::Connect), "ConnectTimeout"),
            (timed_out(Step::Tunnel), "ConnectTimeout"),
            (timed_out(Step::Handshake), "ConnectTimeout"),
            (timed_out(Step::Write), "ReadTimeout"),
            (timed_out(Step::ReadHead), "ReadTimeout"),
            (HTTPException::TunnelFailed(Box::new(refused)), "ProxyError"),
            (io_at(Step::Tunnel), "ProxyError"),
            (io_at(Step::Handshake), "SSLError"),
            (io_at(Step::ReadSource), "SourceError"),
            (io_at(Step::Write), "ConnectionError"),
            (cut(MessagePart::Head), "ConnectionError"),
            (cut(MessagePart::Body), "ChunkedEncodingError"),
            (
                HTTPException::InvalidChunk {
                    fault: ChunkFault::Size,
                    partial: Vec::new(),
                },
                "ChunkedEncodingError",
            ),
            (
                HTTPException::BodyLengthMismatch {
                    declared: 1,
                    given: 0,
                },
                "SourceError",
            ),
            (
                HTTPException::InvalidHeaderName { name: host.clone() },
                "InvalidHeader",
            ),
            (
                HTTPException::ConflictingHeader { name: "Host" },
                "InvalidHeader",
            ),
            (
                HTTPException::InvalidBody {
                    fault: BodyFault::Unframed,
                },
                "InvalidBody",
            ),
            (
                HTTPException::HostNotFound { host, error },
                "ConnectionError",
            ),
        ] {
            let told = error.to_string();
            let kind = ExceptionKind::from_client(error);
            assert_eq!(class(&kind), expected, "{told}");
        }
    }

    #[test]
    fn the_source_is_what_is_in_it() {
        let parsed = || crate::urllib::Url::parse("http://a:b/").unwrap_err();
        let netrc = NetrcError::Io(io::Error::other("netrc"));
        for (kind, source) in [
            (ExceptionKind::InvalidURL(parsed()), parsed().to_string()),
            (
                ExceptionKind::InvalidProxyURL(parsed()),
                parsed().to_string(),
            ),
            (ExceptionKind::InvalidForm(parsed()), parsed().to_string()),
            (
                ExceptionKind::InvalidCredentials(InvalidCredentials::Control),
                InvalidCredentials::Control.to_string(),
            ),
            (
                ExceptionKind::InvalidCookie(crate::cookies::CookieError::Name),
                crate::cookies::CookieError::Name.to_string(),
            ),
            (
                ExceptionKind::InvalidRedirect(RedirectError::Userinfo),
                RedirectError::Userinfo.to_string(),
            ),
            (
                ExceptionKind::ContentDecodingError(io::Error::other("coding")),
                "coding".to_owned(),
            ),
            (
                ExceptionKind::File(io::Error::other("file")),
                "file".to_owned(),
            ),
            (
                ExceptionKind::JSONDecodeError("json".into()),
                "json".to_owned(),
            ),
            (ExceptionKind::Other("hook".into()), "hook".to_owned()),
            (
                ExceptionKind::SSLError(io_at(Step::Handshake)),
                io_at(Step::Handshake).to_string(),
            ),
            (
                ExceptionKind::Netrc(NetrcError::Io(io::Error::other("netrc"))),
                netrc.to_string(),
            ),
        ] {
            let told = kind.source().map(ToString::to_string);
            assert_eq!(told, Some(source.clone()), "{kind:?}");
            let exception = super::super::RequestException::from(kind);
            let told = exception.source().map(ToString::to_string);
            assert_eq!(told, Some(source));
        }
        assert!(ExceptionKind::EmptyPool.source().is_none());
    }

    #[test]
    fn a_status_is_named_by_its_class() {
        for (status_code, text) in [
            (304, "304 Not Content"),
            (399, "399 Not Content"),
            (400, "400 Client Error"),
            (499, "499 Client Error"),
            (500, "500 Server Error"),
        ] {
            assert_eq!(ExceptionKind::HTTPError { status_code }.to_string(), text);
        }
    }
}
