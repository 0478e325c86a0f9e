//! HTTPResponse: the answer, read piece by piece (RFC 9110 section 15, RFC 9112 section 6).
//!
//! A view of the connection's receiving half, borrowed or owned, so that dropping one has nothing
//! to hand back. Departs from `http.client`: every read reports a body that is cut short, a
//! timeout loses nothing, and closing a half-read response closes the connection.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};

use crate::client::incoming::Incoming;
use crate::client::reader::Reader;
use crate::client::stream::Stream;
use crate::client::wire::{Source, Wire};
use crate::error::{HTTPException, IncompleteRead, Step};
use crate::message::HTTPMessage;
use crate::proto::{
    CloseReason, Exchange, ForgivenSet, Framing, HTTPVersion, Limits, RequestContext, Tolerance,
};

/// With so much room left, a body that is collected is not given more for its next read: what
/// comes in small pieces must not double it.
const ENOUGH: usize = 32_000;

/// A response: `http.client.HTTPResponse`.
///
/// Its head is there when it is made; the body is read with [`read`](Self::read),
/// [`readinto`](Self::readinto), [`read1`](Self::read1), [`readline`](Self::readline) or the
/// traits [`Read`] and [`BufRead`]. Every one of them ends in
/// [`IncompleteRead`](HTTPException::IncompleteRead) if the body is cut short.
///
/// It can be dropped at any time: the next request of its connection goes on where that is safe
/// and opens a new connection where it is not.
pub struct HTTPResponse<'a, W> {
    incoming: Half<'a, W>,
    closed: bool,
}

enum Half<'a, W> {
    Borrowed(&'a mut Incoming<W>),
    Owned(Box<Incoming<W>>),
}

impl<W: Source> fmt::Debug for HTTPResponse<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPResponse")
            .field("version", &self.http_version())
            .field("status", &self.status())
            .field("reason", &self.reason())
            .field("headers", self.headers())
            .field("framing", &self.framing())
            .field("isclosed", &self.isclosed())
            .finish_non_exhaustive()
    }
}

impl<'a, W: Source> HTTPResponse<'a, W> {
    pub(crate) fn borrowed(incoming: &'a mut Incoming<W>) -> Self {
        Self {
            incoming: Half::Borrowed(incoming),
            closed: false,
        }
    }

    fn half(&self) -> &Incoming<W> {
        match &self.incoming {
            Half::Borrowed(incoming) => incoming,
            Half::Owned(incoming) => incoming,
        }
    }

    fn half_mut(&mut self) -> &mut Incoming<W> {
        match &mut self.incoming {
            Half::Borrowed(incoming) => incoming,
            Half::Owned(incoming) => incoming,
        }
    }

    fn exchange(&self) -> &Exchange {
        &self.half().exchange
    }

    /// The status code, 100 to 999 (`status`).
    pub fn status(&self) -> u16 {
        self.exchange().response().status()
    }

    /// The status code (`code`).
    pub fn code(&self) -> u16 {
        self.status()
    }

    /// The status code (`getcode`, deprecated in `http.client`).
    pub fn getcode(&self) -> u16 {
        self.status()
    }

    /// The reason phrase as Latin-1 text, trimmed. Nothing may be decided by it.
    pub fn reason(&self) -> Cow<'_, str> {
        crate::message::latin1(self.reason_bytes().trim_ascii())
    }

    /// The reason phrase as it came.
    pub fn reason_bytes(&self) -> &[u8] {
        self.exchange().response().reason()
    }

    /// The version in `http.client`'s numbers: 10 or 11. HTTP/1.2 and above count as 11.
    pub fn version(&self) -> u8 {
        self.http_version().number()
    }

    /// The version.
    pub fn http_version(&self) -> HTTPVersion {
        self.exchange().response().version()
    }

    /// The header fields (`headers`).
    pub fn headers(&self) -> &HTTPMessage {
        self.exchange().response().headers()
    }

    /// The header fields (`msg`).
    pub fn msg(&self) -> &HTTPMessage {
        self.headers()
    }

    /// The header fields (`info`, deprecated in `http.client`).
    pub fn info(&self) -> &HTTPMessage {
        self.headers()
    }

    /// The URL, which this layer does not know, as in `http.client` (`geturl`, deprecated there).
    pub fn geturl(&self) -> Option<&str> {
        None
    }

    /// All values of a field joined by `", "`, names compared without regard to case; of
    /// `Set-Cookie`, which can't be joined, the first.
    pub fn getheader(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers().getheader(name)
    }

    /// As [`Self::getheader`], with a default for a field that is absent.
    pub fn getheader_or<'d>(&'d self, name: &str, default: &'d str) -> Cow<'d, str> {
        self.getheader(name).unwrap_or(Cow::Borrowed(default))
    }

    /// All fields in the order of the wire, duplicates kept.
    pub fn getheaders(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.headers().items()
    }

    /// The trailer fields, once the body was read to its end (RFC 9112 section 7.1.2).
    pub fn trailers(&self) -> Option<&HTTPMessage> {
        let exchange = self.exchange();
        exchange
            .is_complete()
            .then(|| exchange.decoder().trailers())
    }

    /// How the body is framed, why, and whether the connection survives it.
    pub fn framing(&self) -> Option<Framing> {
        self.exchange().framing()
    }

    /// Bytes of the body that are still to come, where the framing tells (`length`).
    pub fn length(&self) -> Option<u64> {
        self.exchange().decoder().missing()
    }

    /// Whether the body is in the chunked coding (`chunked`).
    pub fn chunked(&self) -> bool {
        let body = self.framing().map(|framing| framing.body);
        body == Some(crate::proto::BodyLength::Chunked)
    }

    /// Whether the connection closes after this response (`will_close`).
    pub fn will_close(&self) -> bool {
        self.close_reason().is_some()
    }

    /// Why the connection can't be used again, if it can't.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.exchange().close_reason()
    }

    /// What [`Tolerance`] forgave in this response so far.
    pub fn forgiven(&self) -> ForgivenSet {
        self.exchange().forgiven()
    }

    /// Whether the request was sent to its end; if not, the peer answered early.
    pub fn request_complete(&self) -> bool {
        self.exchange().is_request_complete()
    }

    /// Whether the body is at its end, or was given up (`isclosed`).
    pub fn isclosed(&self) -> bool {
        self.closed || self.half().is_settled()
    }

    /// Whether [`Self::close`] was called (`closed`).
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Whether the response was read to the proven end of its message.
    pub fn is_complete(&self) -> bool {
        self.exchange().is_complete()
    }

    /// Always true (`readable`).
    pub fn readable(&self) -> bool {
        true
    }

    /// Gives the rest of the body up: later reads are empty. If the body was not at its end the
    /// connection is closed.
    pub fn close(&mut self) {
        self.closed = true;
        if !self.half().is_settled() {
            self.half_mut().close();
        }
    }

    /// Reads body bytes, in Python's shapes or in Rust's:
    ///
    /// * `read(None)`: the whole rest, as a `Vec<u8>` that grows with what arrives;
    /// * `read(200)` or `read(Some(200))`: up to 200 bytes, fewer only at the end of the body;
    /// * `read(&mut buffer)`: as [`Self::readinto`].
    ///
    /// # Errors
    /// `IncompleteRead` if the body is cut short, with what this call had read; `InvalidChunk`,
    /// `InvalidHeader` of a trailer, `LineTooLong`, `TooLarge`, `TooMany`; `Io`; `TimedOut`, which
    /// loses nothing: bytes read before it are returned first where there are any, and the next
    /// call goes on. `read(None)` gives up what it had read at a timeout; use `readinto` for
    /// bodies that may stall.
    pub fn read<A: ReadArgument>(&mut self, into: A) -> Result<A::Output, HTTPException> {
        into.read_from(self)
    }

    /// Reads into a buffer and returns the number of bytes: what is at hand, or else what one
    /// read of the stream brings. 0 is the proven end of the body, or an empty buffer.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn readinto(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException> {
        if self.closed {
            return Ok(0);
        }
        self.half_mut().readinto(buffer)
    }

    /// Reads up to `limit` bytes with at most one read of the stream; empty at the end.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read1(&mut self, limit: impl Into<Option<usize>>) -> Result<Vec<u8>, HTTPException> {
        let limit = limit.into().unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.peek(limit)?.to_vec();
        self.advance(bytes.len());
        Ok(bytes)
    }

    /// Shows body bytes without taking them: up to `limit` of those at hand, at least one unless
    /// the body is at its end.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn peek(&mut self, limit: impl Into<Option<usize>>) -> Result<&[u8], HTTPException> {
        if self.closed {
            return Ok(&[]);
        }
        let limit = limit.into().unwrap_or(usize::MAX);
        let bytes = self.half_mut().fill_buf()?;
        Ok(bytes.get(..limit).unwrap_or(bytes))
    }

    /// Reads a line with its LF, up to `limit` bytes of it; empty at the end of the body.
    ///
    /// # Errors
    /// As [`Self::read`]; the bytes of an incomplete line are in `IncompleteRead::partial`, and
    /// at a timeout they are returned as they are.
    pub fn readline(&mut self, limit: impl Into<Option<usize>>) -> Result<Vec<u8>, HTTPException> {
        let limit = limit.into().unwrap_or(usize::MAX);
        let mut line = Vec::new();
        while line.len() < limit {
            let room = limit.saturating_sub(line.len());
            let bytes = match self.peek(room) {
                Ok(bytes) => bytes,
                // What was read is not lost: the next call reports the failure, or goes on.
                Err(error) if error.is_timeout() && !line.is_empty() => break,
                Err(error) => return Err(with_partial(error, line)),
            };
            let end = bytes.iter().position(|&octet| octet == b'\n');
            let count = end.map_or(bytes.len(), |at| at.saturating_add(1));
            line.extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.advance(count);
            if count == 0 || end.is_some() {
                break;
            }
        }
        Ok(line)
    }

    /// Reads the rest of the body and drops it, if that takes no more than `limit` bytes; returns
    /// whether its end was reached, so that the connection can be used again.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn drain(&mut self, limit: u64) -> Result<bool, HTTPException> {
        let mut left = limit;
        loop {
            let count = self.peek(None)?.len();
            let taken = count.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.advance(taken);
            left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
            if count == 0 || taken < count {
                return Ok(self.is_complete());
            }
        }
    }

    fn advance(&mut self, count: usize) {
        self.half_mut().consume(count);
    }

    /// The whole rest. The storage grows by half of what is there, never by what was announced.
    fn read_rest(&mut self) -> Result<Vec<u8>, HTTPException> {
        let announced = self.length().unwrap_or(u64::MAX);
        let mut body = Vec::new();
        loop {
            let step = body.len().saturating_div(2).clamp(4_096, 1 << 20);
            let step = usize::try_from(announced).map_or(step, |all| {
                step.max(65_000.min(all)).min(all.saturating_add(1))
            });
            match self.read_more(&mut body, step) {
                Ok(0) => return self.whole(body),
                Ok(_) => {}
                Err(error) => return Err(with_partial(error, body)),
            }
        }
    }

    /// The quiet end that may be forgiven is one of sized reads: of the whole rest nothing may be
    /// missing.
    fn whole(&mut self, body: Vec<u8>) -> Result<Vec<u8>, HTTPException> {
        match self.half_mut().exchange.decode(&[], &mut []) {
            Err(error) if !self.closed => Err(with_partial(error, body)),
            _ => Ok(body),
        }
    }

    /// Up to `limit` bytes, fewer only at the end of the body.
    fn read_up_to(&mut self, limit: usize) -> Result<Vec<u8>, HTTPException> {
        let mut body = Vec::new();
        while body.len() < limit {
            let step = limit.saturating_sub(body.len()).min(65_000);
            match self.read_more(&mut body, step) {
                Ok(0) => break,
                Ok(_) => {}
                // What was read is not lost: the next call reports the failure.
                Err(error) if error.is_timeout() && !body.is_empty() => break,
                Err(error) => return Err(with_partial(error, body)),
            }
        }
        Ok(body)
    }

    /// Appends what one `readinto` of at most `step` bytes brings.
    fn read_more(&mut self, body: &mut Vec<u8>, step: usize) -> Result<usize, HTTPException> {
        let start = body.len();
        let spare = body.capacity().saturating_sub(start);
        if spare < step.min(ENOUGH) && body.try_reserve(step).is_err() {
            return Err(HTTPException::Io {
                error: io::ErrorKind::OutOfMemory.into(),
                step: Step::ReadBody,
                retry: self.half().source.retry(),
            });
        }
        let end = body.capacity().min(start.saturating_add(step));
        body.resize(end, 0);
        let result = self.readinto(body.get_mut(start..).unwrap_or_default());
        body.truncate(start.saturating_add(*result.as_ref().unwrap_or(&0)));
        result
    }
}

impl<'a, S: Stream + 'a> HTTPResponse<'a, Wire<S>> {
    pub(crate) fn owned(incoming: Incoming<Wire<S>>) -> Self {
        Self {
            incoming: Half::Owned(Box::new(incoming)),
            closed: false,
        }
    }

    /// Gives back the stream, if it is still open, and the bytes already read from it that are
    /// not part of what was read of this response: after 101 or CONNECT they belong to the new
    /// protocol.
    pub fn into_inner(self) -> Option<(S, Vec<u8>)> {
        match self.incoming {
            Half::Owned(mut incoming) => incoming.source.take(),
            Half::Borrowed(incoming) => incoming.source.take(),
        }
    }
}

#[cfg(unix)]
impl<S: Stream + std::os::fd::AsFd> HTTPResponse<'_, Wire<S>> {
    /// The descriptor of the stream, while it is open (`fileno`). Bytes that were already
    /// buffered do not show up on it.
    pub fn fileno(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.half().source.stream().map(S::as_fd)
    }
}

impl<'a, R: BufRead + 'a> HTTPResponse<'a, Reader<R>> {
    /// Parses a response from any `BufRead`: a file, a slice, another library's stream. `method`
    /// is that of the request it answers. No more is taken from the reader than the message
    /// holds; interim responses are skipped. A `101` counts as asked for; see [`Self::answer_to`]
    /// for a request that is known not to.
    ///
    /// ```
    /// use stdhttp::HTTPResponse;
    ///
    /// let mut bytes = &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more"[..];
    /// let mut response = HTTPResponse::from_reader(&mut bytes, "GET")?;
    /// assert_eq!(response.read(None)?, b"hi");
    /// drop(response);
    /// assert_eq!(bytes, b" and more");
    /// # Ok::<(), stdhttp::HTTPException>(())
    /// ```
    ///
    /// # Errors
    /// `BadStatusLine`, `UnknownProtocol`, `InvalidHeader`, `LineTooLong`, `TooMany`, `TooLarge`,
    /// `InvalidContentLength`, `UnknownTransferEncoding`, `ConflictingFraming`,
    /// `IncompleteRead` of the head, `RemoteDisconnected` if there is nothing; the reader's own
    /// errors as `Io`.
    pub fn from_reader(reader: R, method: &str) -> Result<Self, HTTPException> {
        Self::from_reader_with(reader, method, Limits::DEFAULT, Tolerance::STANDARD)
    }

    /// As [`Self::from_reader`], with limits and tolerance of the caller.
    ///
    /// # Errors
    /// As [`Self::from_reader`].
    pub fn from_reader_with(
        reader: R,
        method: &str,
        limits: Limits,
        tolerance: Tolerance,
    ) -> Result<Self, HTTPException> {
        let request = RequestContext {
            upgrade: true,
            ..RequestContext::of_method(method)
        };
        Self::answer_to(reader, request, limits, tolerance)
    }

    /// As [`Self::from_reader_with`], for a request of which more is known than its method.
    ///
    /// # Errors
    /// As [`Self::from_reader`].
    pub fn answer_to(
        reader: R,
        request: RequestContext,
        limits: Limits,
        tolerance: Tolerance,
    ) -> Result<Self, HTTPException> {
        let exchange = Exchange::answer_to(request, limits, tolerance);
        let mut incoming = Incoming::new(exchange, Reader::new(reader));
        incoming.receive()?;
        Ok(Self {
            incoming: Half::Owned(Box::new(incoming)),
            closed: false,
        })
    }

    /// Gives the reader back. It stands behind what was read of the message.
    pub fn into_inner(self) -> Option<R> {
        match self.incoming {
            Half::Owned(incoming) => Some(incoming.source.into_inner()),
            Half::Borrowed(_) => None,
        }
    }
}

/// Adds what a call had read to the error that ended it.
fn with_partial(error: HTTPException, partial: Vec<u8>) -> HTTPException {
    match error {
        HTTPException::IncompleteRead(read) => {
            HTTPException::IncompleteRead(IncompleteRead { partial, ..read })
        }
        other => other,
    }
}

impl<W: Source> Read for HTTPResponse<'_, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.readinto(buffer)?)
    }
}

impl<W: Source> BufRead for HTTPResponse<'_, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.peek(None)?)
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}

/// What [`HTTPResponse::read`] can be asked for. Sealed.
pub trait ReadArgument: sealed::Sealed {
    /// What comes of it: bytes, or their number.
    type Output;

    #[doc(hidden)]
    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Self::Output, HTTPException>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Option<usize> {}
impl ReadArgument for Option<usize> {
    type Output = Vec<u8>;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Vec<u8>, HTTPException> {
        match self {
            Some(limit) => response.read_up_to(limit),
            None => response.read_rest(),
        }
    }
}

impl sealed::Sealed for usize {}
impl ReadArgument for usize {
    type Output = Vec<u8>;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Vec<u8>, HTTPException> {
        response.read_up_to(self)
    }
}

impl sealed::Sealed for &mut [u8] {}
impl ReadArgument for &mut [u8] {
    type Output = usize;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        response.readinto(self)
    }
}

impl<const N: usize> sealed::Sealed for &mut [u8; N] {}
impl<const N: usize> ReadArgument for &mut [u8; N] {
    type Output = usize;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        response.readinto(self)
    }
}

impl sealed::Sealed for &mut Vec<u8> {}
impl ReadArgument for &mut Vec<u8> {
    type Output = usize;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        response.readinto(self)
    }
}
