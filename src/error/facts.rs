//! The facts that errors carry: which part, which limit, which step, what was known.

use crate::error::Excerpt;
use crate::message::HTTPMessage;

/// The calls that came at the wrong time (`http.client.ImproperConnectionState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImproperConnectionState {
    /// `putrequest` or `request` while another request is under way.
    CannotSendRequest(ConnectionState),
    /// `putheader` or `endheaders` without `putrequest`.
    CannotSendHeader(ConnectionState),
    /// `getresponse` without a request.
    ResponseNotReady(ConnectionState),
}

/// The state of a connection, in `http.client`'s words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Ready for `putrequest`; an earlier response may be unread.
    #[default]
    Idle,
    /// After `putrequest`: header fields may be added.
    RequestStarted,
    /// After `endheaders`: body bytes may be sent, then `getresponse`.
    RequestSent,
    /// After `101` or a 2xx to `CONNECT`: the stream belongs to another protocol.
    Switched,
}

/// Why a host, port or target is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidURL {
    /// The part that is refused.
    pub part: UrlPart,
    /// The text as given.
    pub text: Excerpt,
}

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlPart {
    /// The host.
    Host,
    /// The port.
    Port,
    /// The request target.
    Target,
}

/// Why a body can't be sent as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnimplementedFileMode {
    /// The file is a directory.
    Directory,
    /// The length is unknown and requests are sent as HTTP/1.0, which has no chunked coding.
    UnsizedOverHttp10,
}

/// A message that ended early (`http.client.IncompleteRead`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteRead {
    /// What this call had read before the end: body bytes, or the bytes of an incomplete head.
    pub partial: Vec<u8>,
    /// Bytes of the body (or head) that came in all.
    pub got: u64,
    /// Bytes still missing, where that is known.
    pub expected: Option<u64>,
    /// The part of the message that is incomplete.
    pub part: MessagePart,
    /// How the stream ended.
    pub end: End,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// In good order: FIN, after a closure alert where there is TLS.
    #[default]
    Closed,
    /// The connection was reset or aborted.
    Reset,
    /// TLS ended without a closure alert (RFC 9112 section 9.8).
    Truncated,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessagePart {
    /// Status line and header section.
    Head,
    /// The body, its chunked framing and trailers included.
    #[default]
    Body,
}

/// The kinds of lines that have a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineKind {
    /// The status line.
    StatusLine,
    /// The request line, or its target.
    RequestLine,
    /// A line of the header section.
    HeaderLine,
    /// A chunk-size line, extensions included.
    ChunkSize,
    /// A line of the trailer section.
    TrailerLine,
}

/// What is counted against a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counted {
    /// Lines of the header section.
    Headers,
    /// Lines of the trailer section.
    Trailers,
    /// Interim (1xx) responses before the final one.
    InterimResponses,
}

/// What is measured against a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measured {
    /// The heads of one answer, interim responses included.
    Head,
    /// The trailer section.
    Trailers,
    /// The chunk extensions of one message.
    ChunkExtensions,
    /// The body.
    Body,
}

/// What is wrong with a chunk (RFC 9112 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChunkFault {
    /// The size is not 1*HEXDIG followed by an extension or the line end.
    Size,
    /// The size does not fit into 64 bits.
    SizeOverflow,
    /// An octet that a chunk extension can't have.
    Extension,
    /// The size line does not end in CRLF.
    LineEnd,
    /// The data is not followed by CRLF.
    DataEnd,
}

/// Why a request can't have this body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyFault {
    /// The head declared neither a length nor the chunked coding (RFC 9112 section 6.3).
    Unframed,
    /// The method has no content: `CONNECT`, `TRACE` (RFC 9110 sections 9.3.6, 9.3.8).
    NotAllowed,
    /// `OPTIONS` with content needs a `Content-Type` (RFC 9110 section 9.3.7).
    NoContentType,
    /// `Expect: 100-continue` without content (RFC 9110 section 10.1.1).
    ExpectWithoutBody,
    /// Bytes that the caller encoded as chunks are no chunks.
    BrokenChunks,
    /// The last chunk was sent already, or pieces were sent in two ways.
    AfterEnd,
    /// Text that has no ISO-8859-1 encoding.
    NotLatin1,
    /// A field that a trailer section can't have (RFC 9110 section 6.5.1).
    ForbiddenTrailer,
    /// The peer has answered with HTTP/1.0 on this connection, so that it may not know the chunked
    /// coding, which a body of unknown length needs (RFC 9112 section 6.1). Another connection
    /// may lead to another peer: `close` forgets it.
    ChunkedToHttp10,
}

/// The refusal of a tunnel by a proxy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TunnelFailed {
    /// The status code of the proxy's answer.
    pub status: u16,
    /// Its reason phrase.
    pub reason: Excerpt,
    /// Its header fields.
    pub headers: HTTPMessage,
    /// The first bytes of its body, 16 KiB at most, as far as they came with the head.
    pub body: Vec<u8>,
}

/// What was being done when the stream failed or time ran out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Resolving the name or connecting.
    Connect,
    /// Asking the proxy for a tunnel.
    Tunnel,
    /// Securing the stream.
    Handshake,
    /// Reading the body that is to be sent from its file or reader.
    ReadSource,
    /// Writing the request.
    Write,
    /// Waiting for the head of the response.
    ReadHead,
    /// Reading the body of the response.
    ReadBody,
    /// Nothing of the exchange: an `io::Error` from elsewhere, such as a file of the caller's own.
    #[default]
    Other,
}

/// What is known about sending a request again after a failure (RFC 9110 section 9.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Retry {
    /// The connection had served an earlier exchange.
    pub reused: bool,
    /// Bytes of the request were handed to the stream.
    pub written: bool,
    /// Bytes of a response came.
    pub answered: bool,
    /// The method is idempotent: GET, HEAD, OPTIONS, TRACE, PUT, DELETE.
    pub idempotent: bool,
}

impl Retry {
    /// Whether the request may be sent again without asking anybody: nothing of it was written,
    /// or an idempotent one met a reused connection that gave not one byte of an answer.
    pub fn is_safe(self) -> bool {
        !self.written || (self.reused && !self.answered && self.idempotent)
    }
}
