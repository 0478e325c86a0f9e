//! What only a server can meet: a request that is refused, and a response that can't be sent.

use std::fmt;

use crate::error::Excerpt;

/// What is wrong with the head of a request, beside what can be wrong with every head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRequest {
    /// What came is no request line (RFC 9112 section 3): the line, without its end, as far as it
    /// came.
    RequestLine(Excerpt),
    /// An HTTP/1.1 request has no `Host` (RFC 9112 section 3.2).
    MissingHost,
    /// There are several `Host` fields.
    RepeatedHost,
    /// The `Host` is not `uri-host [ ":" port ]`: its value.
    InvalidHost(Excerpt),
    /// The request expects what nobody knows (RFC 9110 section 10.1.1): the value of `Expect`.
    Expectation(Excerpt),
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestLine(line) => write!(f, "bad request line {line}"),
            Self::MissingHost => write!(f, "no host field"),
            Self::RepeatedHost => write!(f, "several host fields"),
            Self::InvalidHost(value) => write!(f, "invalid host field {value}"),
            Self::Expectation(value) => write!(f, "unknown expectation {value}"),
        }
    }
}

/// Why a response can't be sent as asked; nothing of what was asked was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadResponse {
    /// The call does not fit the state: a response before a request, a field before or behind the
    /// head, a body before its head.
    OutOfTurn,
    /// No status code of a final response, or of an interim one where that is asked for (RFC 9110
    /// section 15).
    Status(u16),
    /// The reason phrase holds what can't be sent (RFC 9112 section 4).
    Reason(Excerpt),
    /// A response with this status needs a field that is missing (RFC 9110 section 15.5).
    MissingHeader {
        /// The status code.
        status: u16,
        /// The name of the field.
        name: &'static str,
    },
    /// A response with this status has no content: 1xx, 204, 205, 304, and 2xx to CONNECT (RFC 9110
    /// section 15).
    NoContent(u16),
    /// A switch to a protocol that the request did not offer (RFC 9110 section 7.8).
    NotOffered,
    /// An interim response to an HTTP/1.0 client, which knows none (RFC 9110 section 15.2).
    InterimToHttp10,
}

impl fmt::Display for BadResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfTurn => write!(f, "the call does not fit the state of the exchange"),
            Self::Status(status) => write!(f, "{status} is no status of such a response"),
            Self::Reason(reason) => write!(f, "invalid reason phrase {reason}"),
            Self::MissingHeader { status, name } => {
                write!(f, "a response with status {status} needs a {name} field")
            }
            Self::NoContent(status) => write!(f, "a response with status {status} has no content"),
            Self::NotOffered => write!(f, "the request did not offer this protocol"),
            Self::InterimToHttp10 => write!(f, "HTTP/1.0 has no interim responses"),
        }
    }
}
