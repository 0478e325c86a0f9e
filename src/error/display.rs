//! How errors read. Texts are made here alone, and no test depends on them.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::error::{
    BodyFault, ChunkFault, ConnectionState, Counted, HTTPException, ImproperConnectionState,
    IncompleteRead, InvalidURL, LineKind, Measured, MessagePart, Step, UnimplementedFileMode,
    UrlPart,
};

impl fmt::Display for HTTPException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => write!(f, "not connected, and auto_open is off"),
            Self::InvalidURL(url) => write!(f, "{url}"),
            Self::UnknownProtocol { version } => write!(f, "unknown protocol {version}"),
            Self::UnknownTransferEncoding { value } => {
                write!(f, "transfer-encoding {value} can't be decoded")
            }
            Self::UnimplementedFileMode(UnimplementedFileMode::Directory) => {
                write!(f, "a directory can't be sent")
            }
            Self::UnimplementedFileMode(UnimplementedFileMode::UnsizedOverHttp10) => {
                write!(f, "a body of unknown length can't be sent over HTTP/1.0")
            }
            Self::IncompleteRead(read) => write!(f, "{read}"),
            Self::ImproperConnectionState(state) => write!(f, "{state}"),
            Self::BadStatusLine { line } => write!(f, "bad status line {line}"),
            #[cfg(feature = "server")]
            Self::BadRequest(fault) => write!(f, "{fault}"),
            #[cfg(feature = "server")]
            Self::BadResponse(fault) => write!(f, "{fault}"),
            Self::LineTooLong { line, limit } => {
                write!(f, "got more than {limit} bytes when reading a {line}")
            }
            Self::RemoteDisconnected { retry } => write!(
                f,
                "remote end closed {} connection without response",
                if retry.reused { "a reused" } else { "the" }
            ),
            Self::TooMany { what, limit } => write!(f, "got more than {limit} {what}"),
            Self::TooLarge { what, limit } => write!(f, "got more than {limit} bytes of {what}"),
            Self::InvalidHeader { line, offset } => {
                write!(f, "invalid field line {line} at byte {offset}")
            }
            Self::InvalidContentLength { value } => write!(f, "invalid content-length {value}"),
            Self::ConflictingFraming => {
                write!(
                    f,
                    "transfer-encoding conflicts with content-length or version"
                )
            }
            Self::InvalidChunk { fault, .. } => write!(f, "invalid chunk: {fault}"),
            Self::UnexpectedUpgrade => write!(f, "the peer switched protocols unasked"),
            Self::UnsolicitedData => write!(f, "the peer sent data before it was asked"),
            Self::InvalidMethod { method } => write!(f, "invalid method {method}"),
            Self::InvalidHeaderName { name } => write!(f, "invalid header name {name}"),
            Self::InvalidHeaderValue { name, value } => {
                write!(f, "invalid header value {value} of {name}")
            }
            Self::ConflictingHeader { name } => write!(f, "{name} conflicts with another field"),
            Self::InvalidBody { fault } => write!(f, "invalid body: {fault}"),
            Self::BodyLengthMismatch { declared, given } => {
                write!(f, "body of {given} bytes where {declared} were declared")
            }
            Self::BodyNotWanted { written } => {
                write!(
                    f,
                    "the rest of the body is not wanted after {written} bytes"
                )
            }
            Self::InvalidTunnelHost { host } => write!(f, "invalid tunnel host {host}"),
            Self::TunnelFailed(failed) => write!(
                f,
                "tunnel connection failed: {} {}",
                failed.status, failed.reason
            ),
            Self::TunnelAfterConnect => {
                write!(f, "can't set up a tunnel on an established connection")
            }
            Self::HostNotFound { host, error } => write!(f, "host {host} not found: {error}"),
            Self::ConnectFailed { attempts } => display_attempts(attempts, f),
            Self::TimedOut { step, .. } => write!(f, "timed out while {step}"),
            Self::Io {
                error,
                step: Step::Other,
                ..
            } => write!(f, "{error}"),
            Self::Io { error, step, .. } => write!(f, "failed while {step}: {error}"),
        }
    }
}

fn display_attempts(
    attempts: &[(SocketAddr, io::Error)],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "no address could be connected to")?;
    for (place, (address, error)) in attempts.iter().enumerate() {
        let lead = if place == 0 { ": " } else { "; " };
        write!(f, "{lead}{address}: {error}")?;
    }
    Ok(())
}

impl fmt::Display for InvalidURL {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            UrlPart::Host => "host",
            UrlPart::Port => "port",
            UrlPart::Target => "request target",
        };
        write!(f, "invalid {part} {}", self.text)?;
        if self.part == UrlPart::Host && self.text.as_bytes().contains(&b'/') {
            f.write_str(": only host[:port] belongs here, without scheme and path")?;
        }
        Ok(())
    }
}

impl fmt::Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            MessagePart::Head => "head",
            MessagePart::Body => "body",
        };
        write!(f, "incomplete {part}: {} bytes read", self.got)?;
        match self.expected {
            Some(missing) => write!(f, ", {missing} more expected"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ImproperConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotSendRequest(state) => write!(f, "can't send a request: {state}"),
            Self::CannotSendHeader(state) => write!(f, "can't send a header: {state}"),
            Self::ResponseNotReady(state) => write!(f, "no response to get: {state}"),
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::RequestStarted => "Request-started",
            Self::RequestSent => "Request-sent",
            Self::Switched => "Switched",
        })
    }
}

impl fmt::Display for LineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StatusLine => "status line",
            Self::RequestLine => "request line",
            Self::HeaderLine => "header line",
            Self::ChunkSize => "chunk size",
            Self::TrailerLine => "trailer line",
        })
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Headers => "headers",
            Self::Trailers => "trailers",
            Self::InterimResponses => "interim responses",
        })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "head",
            Self::Trailers => "trailers",
            Self::ChunkExtensions => "chunk extensions",
            Self::Body => "body",
        })
    }
}

impl fmt::Display for ChunkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "the size is not hexadecimal",
            Self::SizeOverflow => "the size does not fit into 64 bits",
            Self::Extension => "an extension holds a control character",
            Self::LineEnd => "the size line does not end in CRLF",
            Self::DataEnd => "the data is not followed by CRLF",
        })
    }
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unframed => "the head declared none",
            Self::NotAllowed => "the method has none",
            Self::NoContentType => "OPTIONS with content needs a content-type",
            Self::ExpectWithoutBody => "100-continue was expected for none",
            Self::BrokenChunks => "the bytes are no chunks",
            Self::AfterEnd => "it is at its end",
            Self::NotLatin1 => "the text is not ISO-8859-1",
            Self::ForbiddenTrailer => "the field can't stand in a trailer section",
            Self::ChunkedToHttp10 => {
                "the peer answered with HTTP/1.0 on this connection, and it needs the chunked coding"
            }
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Tunnel => "opening a tunnel",
            Self::Handshake => "securing the stream",
            Self::ReadSource => "reading the body to be sent",
            Self::Write => "writing",
            Self::ReadHead => "reading a head",
            Self::ReadBody => "reading a body",
            Self::Other => "doing something else",
        })
    }
}
