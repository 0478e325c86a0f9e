//! The errors of the crate: `HTTPException` and the facts its variants carry.
//!
//! The variants are the exceptions of `http.client`, nested as they inherit there. What Python
//! raises as `ValueError`, `OSError` or `RuntimeError` has a variant of its own. Every variant
//! states facts (which limit, which octet, how many bytes); texts are made only in `Display`,
//! where octets of the peer are escaped.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

mod display;
mod excerpt;
mod facts;
#[cfg(feature = "server")]
mod server;

pub use excerpt::Excerpt;
pub use facts::{
    BodyFault, ChunkFault, ConnectionState, Counted, End, ImproperConnectionState, IncompleteRead,
    InvalidURL, LineKind, Measured, MessagePart, Retry, Step, TunnelFailed, UnimplementedFileMode,
    UrlPart,
};
#[cfg(feature = "server")]
pub use server::{BadRequest, BadResponse};

/// Everything that can go wrong in an exchange; `http.client.HTTPException` and, beside it, what
/// `http.client` raises as built-in exceptions.
///
/// The predicates (`is_timeout`, `is_retryable`, …) answer the questions a caller usually has. A
/// failure of a response is reported by every later call too: clones share the error of the system.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HTTPException {
    /// There is no connection and `auto_open` is off (`http.client.NotConnected`).
    NotConnected,
    /// A host, port or request target that can't be sent (`http.client.InvalidURL`).
    InvalidURL(InvalidURL),
    /// A status line of a protocol version that is not HTTP/1.x (`http.client.UnknownProtocol`).
    UnknownProtocol {
        /// The version as it came, for example `HTTP/2.0`.
        version: Excerpt,
    },
    /// The response has a transfer coding that can't be decoded
    /// (`http.client.UnknownTransferEncoding`; RFC 9112 section 6.1).
    UnknownTransferEncoding {
        /// The value of the `Transfer-Encoding` field or fields.
        value: Excerpt,
    },
    /// A body that can't be sent as asked (`http.client.UnimplementedFileMode`).
    UnimplementedFileMode(UnimplementedFileMode),
    /// The peer stopped before the message was complete (`http.client.IncompleteRead`).
    IncompleteRead(IncompleteRead),
    /// A call that the state of the connection does not allow
    /// (`http.client.ImproperConnectionState`).
    ImproperConnectionState(ImproperConnectionState),
    /// What came is no status line (`http.client.BadStatusLine`).
    BadStatusLine {
        /// The line, without its end, as far as it came.
        line: Excerpt,
    },
    /// The head of a request is refused by a server.
    #[cfg(feature = "server")]
    BadRequest(BadRequest),
    /// A response can't be sent as asked.
    #[cfg(feature = "server")]
    BadResponse(BadResponse),
    /// A line is longer than its limit (`http.client.LineTooLong`).
    LineTooLong {
        /// The kind of line.
        line: LineKind,
        /// The limit in bytes, line end included.
        limit: usize,
    },
    /// The peer closed the connection before the first byte of a response
    /// (`http.client.RemoteDisconnected`).
    RemoteDisconnected {
        /// What is known about sending the request again.
        retry: Retry,
    },
    /// More of something than its limit allows; `http.client` raises a bare `HTTPException`.
    TooMany {
        /// What there is too much of.
        what: Counted,
        /// The limit.
        limit: usize,
    },
    /// Something is larger than its limit.
    TooLarge {
        /// What is too large.
        what: Measured,
        /// The limit in bytes.
        limit: u64,
    },
    /// A line of the response's header or trailer section is not a field (RFC 9112 section 5).
    InvalidHeader {
        /// The line, without its end.
        line: Excerpt,
        /// Where the line begins, in bytes from the start of the head or trailer section.
        offset: usize,
    },
    /// The response's `Content-Length` is not one number (RFC 9112 section 6.3, item 5).
    InvalidContentLength {
        /// The value, or the differing values.
        value: Excerpt,
    },
    /// The response has both `Transfer-Encoding` and `Content-Length`, or a `Transfer-Encoding`
    /// where its version has none (RFC 9112 section 6.3, item 3).
    ConflictingFraming,
    /// The chunked coding is broken (RFC 9112 section 7.1).
    InvalidChunk {
        /// Which rule.
        fault: ChunkFault,
        /// What this call had read before the fault (`IncompleteRead.partial` in `http.client`).
        partial: Vec<u8>,
    },
    /// A `101 Switching Protocols` that the request did not ask for, or to a protocol that it did
    /// not offer (RFC 9110 section 7.8).
    UnexpectedUpgrade,
    /// The peer sent bytes where it must be silent: behind a proxy's answer to CONNECT, before
    /// TLS or the first request.
    UnsolicitedData,
    /// The method is not a token (RFC 9110 section 9.1), or not one for this request.
    InvalidMethod {
        /// The method as given.
        method: Excerpt,
    },
    /// The name of a field is not a token (RFC 9110 section 5.1).
    InvalidHeaderName {
        /// The name as given.
        name: Excerpt,
    },
    /// The value of a field holds octets that can't be sent (RFC 9110 section 5.5), or is not a
    /// value for this field.
    InvalidHeaderValue {
        /// The name of the field.
        name: Excerpt,
        /// The value as given; masked for credentials.
        value: Excerpt,
    },
    /// A field that may stand only once, or not beside another, was given again
    /// (RFC 9110 section 5.3, RFC 9112 section 6.2).
    ConflictingHeader {
        /// The name of the field.
        name: &'static str,
    },
    /// A body or a piece of one that this request can't have.
    InvalidBody {
        /// Why not.
        fault: BodyFault,
    },
    /// The body is not as long as its declared `Content-Length` (RFC 9110 section 8.6).
    BodyLengthMismatch {
        /// The declared length in bytes.
        declared: u64,
        /// The bytes given so far, including those refused.
        given: u64,
    },
    /// The rest of the body can't be sent any more: the peer has answered and closes the
    /// connection, or an earlier piece could not be written (RFC 9112 section 9.5). `getresponse`
    /// has the answer; after a failed write, if one came.
    BodyNotWanted {
        /// Bytes of the caller's data that this call had handed to the stream.
        written: u64,
    },
    /// The host of a tunnel can't be sent (`ValueError` in `http.client`).
    InvalidTunnelHost {
        /// The host as given.
        host: Excerpt,
    },
    /// The proxy did not open the tunnel (`OSError("Tunnel connection failed: …")`).
    TunnelFailed(Box<TunnelFailed>),
    /// `set_tunnel` was called on an open connection (`RuntimeError` in `http.client`).
    TunnelAfterConnect,
    /// The name of the host could not be resolved (`socket.gaierror`).
    HostNotFound {
        /// The host that was looked up: the proxy's if there is a tunnel.
        host: Excerpt,
        /// What the resolver said.
        error: Arc<io::Error>,
    },
    /// No address of the host could be connected to.
    ConnectFailed {
        /// Each address that was tried, with its error, in the order of the attempts.
        attempts: Arc<[(SocketAddr, io::Error)]>,
    },
    /// Time ran out. While connecting, through tunnel and TLS (the steps `Connect`, `Tunnel` and
    /// `Handshake`), nothing of the request is out: it is dropped, and may be begun again. At every
    /// other step nothing is lost, and the same call may be made again.
    TimedOut {
        /// What was being done.
        step: Step,
        /// Bytes of the caller's data that this call had handed to the stream.
        written: u64,
        /// What is known about sending the request again, for who will not go on with this one.
        retry: Retry,
    },
    /// The stream failed; with [`Step::Other`], something outside the exchange.
    Io {
        /// The error of the stream or of what else failed.
        error: Arc<io::Error>,
        /// What was being done.
        step: Step,
        /// What is known about sending the request again.
        retry: Retry,
    },
}

impl HTTPException {
    pub(crate) fn timed_out(step: Step, retry: Retry) -> Self {
        Self::TimedOut {
            step,
            written: 0,
            retry,
        }
    }

    pub(crate) fn io(error: io::Error, step: Step, retry: Retry) -> Self {
        Self::Io {
            error: Arc::new(error),
            step,
            retry,
        }
    }

    /// A wrong call: the state of the connection did not allow it.
    pub fn is_improper_state(&self) -> bool {
        matches!(self, Self::ImproperConnectionState(_))
    }

    /// Time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// The peer went away: reset, abort, broken pipe, or `RemoteDisconnected`, which in
    /// `http.client` is a `ConnectionResetError` too.
    pub fn is_connection_reset(&self) -> bool {
        match self {
            Self::RemoteDisconnected { .. } => true,
            Self::IncompleteRead(read) => read.end == End::Reset,
            Self::Io { error, .. } => matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            ),
            _ => false,
        }
    }

    /// A bad status line, or `RemoteDisconnected`, which in `http.client` is a `BadStatusLine`
    /// too.
    pub fn is_bad_status_line(&self) -> bool {
        matches!(
            self,
            Self::BadStatusLine { .. } | Self::RemoteDisconnected { .. }
        )
    }

    /// The caller gave something that can't be sent, or called at the wrong time; no byte of it
    /// was written, except of a body that came piece by piece and then proved wrong.
    pub fn is_caller_error(&self) -> bool {
        #[cfg(feature = "server")]
        if matches!(self, Self::BadResponse(_)) {
            return true;
        }
        matches!(
            self,
            Self::NotConnected
                | Self::InvalidURL(_)
                | Self::UnimplementedFileMode(_)
                | Self::ImproperConnectionState(_)
                | Self::InvalidMethod { .. }
                | Self::InvalidHeaderName { .. }
                | Self::InvalidHeaderValue { .. }
                | Self::ConflictingHeader { .. }
                | Self::InvalidBody { .. }
                | Self::BodyLengthMismatch { .. }
                | Self::InvalidTunnelHost { .. }
                | Self::TunnelAfterConnect
        )
    }

    /// The peer broke the protocol or a limit.
    pub fn is_protocol_error(&self) -> bool {
        !self.is_caller_error() && !self.is_network_error() && !matches!(self, Self::Io { .. })
    }

    /// The caller's own reader failed, from which the body was to be sent.
    pub fn is_source_error(&self) -> bool {
        matches!(
            self,
            Self::Io {
                step: Step::ReadSource,
                ..
            }
        )
    }

    /// Connecting, reading or writing failed, or time ran out.
    pub fn is_network_error(&self) -> bool {
        match self {
            Self::HostNotFound { .. }
            | Self::ConnectFailed { .. }
            | Self::TimedOut { .. }
            | Self::BodyNotWanted { .. }
            | Self::RemoteDisconnected { .. } => true,
            Self::Io { step, .. } => !matches!(step, Step::ReadSource | Step::Other),
            _ => false,
        }
    }

    /// What is known about sending the request again, where the failure leaves that open. After a
    /// timeout it is for who gives this one up: the same call, made again, would go on with it.
    pub fn retry(&self) -> Option<Retry> {
        match self {
            Self::Io {
                step: Step::Other, ..
            } => None,
            Self::RemoteDisconnected { retry }
            | Self::TimedOut { retry, .. }
            | Self::Io { retry, .. } => Some(*retry),
            Self::HostNotFound { .. } | Self::ConnectFailed { .. } => Some(Retry::default()),
            _ => None,
        }
    }

    /// Whether the request may be sent again without asking anybody: it was the network that
    /// failed, and [`Retry::is_safe`].
    pub fn is_retryable(&self) -> bool {
        self.is_network_error() && self.retry().is_some_and(Retry::is_safe)
    }

    /// The same error, for a later call. Nearly nobody needs it, and it is long: so it stands in the
    /// program once.
    #[cold]
    #[inline(never)]
    pub(crate) fn again(&self) -> Self {
        self.clone()
    }

    /// The nearest kind of `std::io`.
    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { error, .. } | Self::HostNotFound { error, .. } => error.kind(),
            Self::NotConnected => io::ErrorKind::NotConnected,
            Self::TimedOut { .. } => io::ErrorKind::TimedOut,
            Self::BodyNotWanted { .. } => io::ErrorKind::BrokenPipe,
            Self::IncompleteRead(_) => io::ErrorKind::UnexpectedEof,
            Self::RemoteDisconnected { .. } => io::ErrorKind::ConnectionReset,
            Self::ConnectFailed { attempts } => attempts
                .last()
                .map_or(io::ErrorKind::NotFound, |(_, error)| error.kind()),
            Self::TunnelFailed(_) => io::ErrorKind::ConnectionRefused,
            error if error.is_caller_error() => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

/// The exception that went out as this error.
fn exception_in(error: &io::Error) -> Option<&HTTPException> {
    error.get_ref()?.downcast_ref()
}

/// Whether an error of a stream or reader says that time ran out, so that the call can be made
/// again without loss. Nobody else decides this.
///
/// It is `WouldBlock`, as a socket has it on Unix. `TimedOut` is the same on Windows; elsewhere it
/// is `ETIMEDOUT`: the system gave the peer up, and what was to come never will.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::WouldBlock => true,
        io::ErrorKind::TimedOut => {
            cfg!(windows) || exception_in(error).is_some_and(HTTPException::is_timeout)
        }
        _ => false,
    }
}

impl Error for HTTPException {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { error, .. } | Self::HostNotFound { error, .. } => Some(&**error),
            Self::ConnectFailed { attempts } => attempts
                .last()
                .map(|(_, error)| -> &(dyn Error + 'static) { error }),
            _ => None,
        }
    }
}

/// An exception that went out as an `io::Error`, through `io::Read` for example, comes back as it
/// was. Any other error becomes an `Io` with [`Step::Other`], which is no reason to send anything
/// again.
impl From<io::Error> for HTTPException {
    fn from(error: io::Error) -> Self {
        let wrap = |error| Self::io(error, Step::Other, Retry::default());
        error.downcast().unwrap_or_else(wrap)
    }
}

/// Keeps the kind, `UnexpectedEof`, `TimedOut`, `ConnectionReset`, `InvalidInput`, `InvalidData`, …,
/// and the exception inside: `?` in a function that returns `HTTPException` brings it back. An
/// `Io` with [`Step::Other`] is the error that it was made of.
impl From<HTTPException> for io::Error {
    fn from(error: HTTPException) -> Self {
        match error {
            HTTPException::Io {
                error,
                step: Step::Other,
                ..
            } => Arc::try_unwrap(error).unwrap_or_else(|shared| Self::new(shared.kind(), shared)),
            other => Self::new(other.kind(), other),
        }
    }
}

impl From<ImproperConnectionState> for HTTPException {
    fn from(state: ImproperConnectionState) -> Self {
        Self::ImproperConnectionState(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::HTTPMessage;
    use std::collections::HashSet;

    /// What a peer may send to make a log lie.
    const HOSTILE: &[u8] = b"\r\n\x1b[2J\0\x7f\xff\"\\";

    fn hostile() -> Excerpt {
        Excerpt::new(HOSTILE)
    }

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }

    fn caller_errors() -> Vec<HTTPException> {
        use HTTPException as E;
        let states = [
            ConnectionState::Idle,
            ConnectionState::RequestStarted,
            ConnectionState::RequestSent,
            ConnectionState::Switched,
        ];
        let improper = states.into_iter().flat_map(|state| {
            [
                ImproperConnectionState::CannotSendRequest(state),
                ImproperConnectionState::CannotSendHeader(state),
                ImproperConnectionState::ResponseNotReady(state),
            ]
        });
        let parts = [UrlPart::Host, UrlPart::Port, UrlPart::Target];
        let urls = parts.map(|part| InvalidURL {
            part,
            text: hostile(),
        });
        let bodies = [
            BodyFault::Unframed,
            BodyFault::NotAllowed,
            BodyFault::NoContentType,
            BodyFault::ExpectWithoutBody,
            BodyFault::BrokenChunks,
            BodyFault::AfterEnd,
            BodyFault::NotLatin1,
            BodyFault::ForbiddenTrailer,
            BodyFault::ChunkedToHttp10,
        ];
        let files = [
            UnimplementedFileMode::Directory,
            UnimplementedFileMode::UnsizedOverHttp10,
        ];
        let others = [
            E::NotConnected,
            E::InvalidMethod { method: hostile() },
            E::InvalidHeaderName { name: hostile() },
            E::InvalidHeaderValue {
                name: hostile(),
                value: hostile(),
            },
            E::ConflictingHeader { name: "Host" },
            E::BodyLengthMismatch {
                declared: 3,
                given: 4,
            },
            E::InvalidTunnelHost { host: hostile() },
            E::TunnelAfterConnect,
        ];
        improper
            .map(E::from)
            .chain(urls.map(E::InvalidURL))
            .chain(bodies.map(|fault| E::InvalidBody { fault }))
            .chain(files.map(E::UnimplementedFileMode))
            .chain(others)
            .collect()
    }

    fn protocol_errors() -> Vec<HTTPException> {
        use HTTPException as E;
        let lines = [
            LineKind::StatusLine,
            LineKind::HeaderLine,
            LineKind::ChunkSize,
            LineKind::TrailerLine,
        ];
        let counted = [
            Counted::Headers,
            Counted::Trailers,
            Counted::InterimResponses,
        ];
        let measured = [
            Measured::Head,
            Measured::Trailers,
            Measured::ChunkExtensions,
            Measured::Body,
        ];
        let chunks = [
            ChunkFault::Size,
            ChunkFault::SizeOverflow,
            ChunkFault::Extension,
            ChunkFault::LineEnd,
            ChunkFault::DataEnd,
        ];
        let reads = [(MessagePart::Head, None), (MessagePart::Body, Some(7))];
        let reads = reads.map(|(part, expected)| IncompleteRead {
            part,
            expected,
            ..IncompleteRead::default()
        });
        let others = [
            E::UnknownProtocol { version: hostile() },
            E::UnknownTransferEncoding { value: hostile() },
            E::BadStatusLine { line: hostile() },
            E::InvalidHeader {
                line: hostile(),
                offset: 9,
            },
            E::InvalidContentLength { value: hostile() },
            E::ConflictingFraming,
            E::UnexpectedUpgrade,
            E::UnsolicitedData,
            E::TunnelFailed(Box::new(TunnelFailed {
                status: 407,
                reason: hostile(),
                headers: HTTPMessage::new(),
                body: Vec::new(),
            })),
        ];
        (lines
            .map(|line| E::LineTooLong { line, limit: 9 })
            .into_iter())
        .chain(counted.map(|what| E::TooMany { what, limit: 9 }))
        .chain(measured.map(|what| E::TooLarge { what, limit: 9 }))
        .chain(chunks.map(|fault| E::InvalidChunk {
            fault,
            partial: Vec::new(),
        }))
        .chain(reads.map(E::IncompleteRead))
        .chain(others)
        .collect()
    }

    fn network_errors() -> Vec<HTTPException> {
        use HTTPException as E;
        let steps = [
            Step::Connect,
            Step::Tunnel,
            Step::Handshake,
            Step::ReadSource,
            Step::Write,
            Step::ReadHead,
            Step::ReadBody,
        ];
        let retries = [false, true].map(|reused| Retry {
            reused,
            ..Retry::default()
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let attempts = [0, 1, 2].map(|count| E::ConnectFailed {
            attempts: (0..count).map(|_| (address, reset())).collect(),
        });
        let io = steps
            .iter()
            .filter(|step| **step != Step::ReadSource)
            .map(|step| E::io(reset(), *step, Retry::default()));
        let unknown = E::HostNotFound {
            host: hostile(),
            error: Arc::new(io::ErrorKind::NotFound.into()),
        };
        (steps
            .map(|step| E::timed_out(step, Retry::default()))
            .into_iter())
        .chain([unknown])
        .chain(retries.map(|retry| E::RemoteDisconnected { retry }))
        .chain(attempts)
        .chain(io)
        .collect()
    }

    fn all() -> impl Iterator<Item = HTTPException> {
        let all = [caller_errors(), protocol_errors(), network_errors()];
        all.into_iter().flatten()
    }

    #[test]
    fn a_url_in_place_of_a_host_says_what_belongs_there() {
        let told = |text: &[u8], part| {
            let text = Excerpt::new(text);
            InvalidURL { part, text }.to_string()
        };
        let hint = "host[:port]";
        assert!(told(b"http://h/path", UrlPart::Host).contains(hint));
        assert!(told(b"h/path", UrlPart::Host).contains(hint));
        assert!(!told(b"a b", UrlPart::Host).contains(hint));
        assert!(!told(b"http://h/#a", UrlPart::Target).contains(hint));
    }

    #[test]
    fn every_text_is_one_printable_line_of_its_own() {
        let texts: Vec<String> = all().map(|error| error.to_string()).collect();
        for text in &texts {
            let printable = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
            assert!(!text.is_empty() && text.bytes().all(printable), "{text:?}");
        }
        let different: HashSet<&String> = texts.iter().collect();
        assert_eq!(different.len(), texts.len());
        for error in all() {
            assert!(!format!("{error:?}").contains(['\n', '\x1b', '\0']));
        }
    }

    /// Who is told again is told the same, down to what the system said.
    #[test]
    fn a_clone_shares_what_the_system_said() {
        for error in all() {
            let again = error.clone();
            assert_eq!(again.to_string(), error.to_string());
            assert_eq!(again.retry(), error.retry());
        }
        let system = HTTPException::from(io::Error::from_raw_os_error(1));
        let HTTPException::Io { error, .. } = system.clone() else {
            panic!("{system}");
        };
        assert_eq!(error.raw_os_error(), Some(1));
        let alone = io::Error::from(HTTPException::from(io::Error::from_raw_os_error(1)));
        assert_eq!(alone.raw_os_error(), Some(1));
        let shared = io::Error::from(system.clone());
        assert_eq!(shared.kind(), error.kind());
        assert_eq!(shared.to_string(), error.to_string());
    }

    #[test]
    fn every_error_is_of_one_class() {
        let classes = |error: &HTTPException| {
            [
                error.is_caller_error(),
                error.is_protocol_error(),
                error.is_network_error(),
            ]
        };
        for error in caller_errors() {
            assert_eq!(classes(&error), [true, false, false], "{error}");
        }
        for error in protocol_errors() {
            assert_eq!(classes(&error), [false, true, false], "{error}");
        }
        for error in network_errors() {
            assert_eq!(classes(&error), [false, false, true], "{error}");
        }
    }

    #[test]
    fn an_error_of_std_keeps_kind_and_cause() {
        let kinds = |errors: Vec<HTTPException>| -> HashSet<io::ErrorKind> {
            let errors = errors.into_iter().map(io::Error::from);
            errors.map(|error| error.kind()).collect()
        };
        let caller = kinds(caller_errors());
        let refused = [io::ErrorKind::NotConnected, io::ErrorKind::InvalidInput];
        assert_eq!(caller, HashSet::from(refused));
        let protocol = kinds(protocol_errors());
        let broken = [
            io::ErrorKind::UnexpectedEof,
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::InvalidData,
        ];
        assert_eq!(protocol, HashSet::from(broken));
        let network = kinds(network_errors());
        let gone = [
            io::ErrorKind::TimedOut,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::NotFound,
        ];
        assert_eq!(network, HashSet::from(gone));
        for error in all() {
            let has_cause = match &error {
                HTTPException::Io { .. } | HTTPException::HostNotFound { .. } => true,
                HTTPException::ConnectFailed { attempts } => !attempts.is_empty(),
                _ => false,
            };
            assert_eq!(error.source().is_some(), has_cause, "{error}");
        }
    }

    #[test]
    fn an_excerpt_is_bounded() {
        let whole = Excerpt::new(&[b'a'; Excerpt::LIMIT]);
        assert!(!whole.is_truncated() && !whole.to_string().ends_with("..."));
        let cut = Excerpt::new(&[b'a'; Excerpt::LIMIT + 1]);
        assert!(cut.is_truncated() && cut.to_string().ends_with("..."));
        assert_eq!(cut.as_bytes(), whole.as_bytes());
        assert_eq!(hostile().as_bytes(), HOSTILE);
    }
}
