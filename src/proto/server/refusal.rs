//! What answers a request that is refused: the status, and whether the connection survives (RFC
//! 9110 section 15.5, RFC 9112 sections 2.2 to 7).

use std::error::Error;
use std::fmt;

use crate::error::{BadRequest, Counted, HTTPException, LineKind, Measured};

/// A request that is refused, and what to answer.
///
/// ```
/// use stdhttp::proto::server::Exchange;
///
/// let mut exchange = Exchange::default();
/// let refusal = exchange.receive_head(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n").unwrap_err();
/// assert_eq!((refusal.status, refusal.closes), (505, true));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The status code of the answer.
    pub status: u16,
    /// Whether the connection must be closed behind the answer, since it is in doubt where the next
    /// request begins.
    pub closes: bool,
    /// What is wrong.
    pub error: HTTPException,
}

impl Refusal {
    pub(crate) fn closing(status: u16, error: HTTPException) -> Self {
        Self {
            status,
            closes: true,
            error,
        }
    }
}

impl From<HTTPException> for Refusal {
    /// The status that fits the fault; the connection does not survive it.
    fn from(error: HTTPException) -> Self {
        Self::closing(status_of(&error), error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, answered by {}", self.error, self.status)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// The status that answers a fault of a request.
pub(crate) fn status_of(error: &HTTPException) -> u16 {
    match error {
        HTTPException::TimedOut { .. } => 408,
        HTTPException::TooLarge {
            what: Measured::Body | Measured::ChunkExtensions,
            ..
        } => 413,
        HTTPException::LineTooLong {
            line: LineKind::RequestLine,
            ..
        } => 414,
        HTTPException::BadRequest(BadRequest::Expectation(_)) => 417,
        HTTPException::TooLarge { .. }
        | HTTPException::TooMany {
            what: Counted::Headers | Counted::Trailers,
            ..
        }
        | HTTPException::LineTooLong {
            line: LineKind::HeaderLine | LineKind::TrailerLine,
            ..
        } => 431,
        HTTPException::UnknownTransferEncoding { .. } => 501,
        HTTPException::UnknownProtocol { .. } => 505,
        HTTPException::BadResponse(_) => 500,
        _ => 400,
    }
}
