//! HTTPResponse: the answer, read piece by piece (RFC 9110 section 15, RFC 9112 section 6).
//!
//! A view of the connection's receiving half, borrowed or owned, so that dropping one has nothing
//! to hand back; `reading` has its body. Departs from `http.client`: closing a half-read response
//! closes the connection.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

use crate::client::incoming::{Incoming, Source};
use crate::client::reader::Reader;
use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::proto::{
    CloseReason, Exchange, ForgivenSet, Framing, HTTPVersion, KeepAlive, Limits, RequestContext,
    Tolerance,
};
use crate::transport::stream::Stream;
use crate::transport::wire::Wire;

/// A response: `http.client.HTTPResponse`.
///
/// Its head is there when it is made; the body is read with [`read`](Self::read),
/// [`readinto`](Self::readinto), [`read1`](Self::read1), [`readline`](Self::readline) or the
/// traits [`Read`](std::io::Read) and [`BufRead`]. Every one of them ends in
/// [`IncompleteRead`](HTTPException::IncompleteRead) if the body is cut short.
///
/// It can be dropped at any time: the next request of its connection goes on where that is safe
/// and opens a new connection where it is not.
pub struct HTTPResponse<'a, W: Source> {
    origin: Origin<'a, W>,
}

enum Origin<'a, W: Source> {
    Borrowed(&'a mut Incoming<W::Input>),
    Owned(Box<W::Owner>),
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
    pub(crate) fn borrowed(incoming: &'a mut Incoming<W::Input>) -> Self {
        Self {
            origin: Origin::Borrowed(incoming),
        }
    }

    pub(crate) fn owned(owner: Box<W::Owner>) -> Self {
        Self {
            origin: Origin::Owned(owner),
        }
    }

    /// What it owns, if it does not borrow.
    pub(crate) fn into_owner(self) -> Result<Box<W::Owner>, Self> {
        match self.origin {
            Origin::Owned(owner) => Ok(owner),
            borrowed => Err(Self { origin: borrowed }),
        }
    }

    pub(crate) fn half(&self) -> &Incoming<W::Input> {
        match &self.origin {
            Origin::Borrowed(incoming) => incoming,
            Origin::Owned(owner) => W::half(owner),
        }
    }

    pub(crate) fn half_mut(&mut self) -> &mut Incoming<W::Input> {
        match &mut self.origin {
            Origin::Borrowed(incoming) => incoming,
            Origin::Owned(owner) => W::half_mut(owner),
        }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
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

    /// Bytes of the body that are still to be read, where the framing tells (`length`).
    pub fn length(&self) -> Option<u64> {
        let kept = u64::try_from(self.partial().len()).unwrap_or(u64::MAX);
        let missing = self.exchange().decoder().missing();
        missing.map(|missing| missing.saturating_add(kept))
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

    /// What `Keep-Alive` says about how long the connection is kept.
    pub fn keep_alive(&self) -> KeepAlive {
        KeepAlive::of(self.headers())
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

    /// Whether there is nothing more to read: the body is at its end or has failed, or
    /// [`Self::close`] was called (`isclosed`).
    pub fn isclosed(&self) -> bool {
        self.half().given_up || self.half().is_settled()
    }

    /// As [`Self::isclosed`] (`closed`). In `http.client` only `close()` sets it, so that the loop of
    /// its documentation, `while not r.closed: r.read(200)`, never ends there. Here it does.
    pub fn closed(&self) -> bool {
        self.isclosed()
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
        self.half_mut().give_up();
    }
}

impl<'a, S: Stream + 'a> HTTPResponse<'a, Wire<S>> {
    /// Gives back the stream of the connection, if it is still open, and the bytes already read
    /// from it that are not part of what was read of this response: after 101 or CONNECT they belong
    /// to the new protocol. What [`Self::partial`] shows was read.
    pub fn into_inner(self) -> Option<(S, Vec<u8>)> {
        match self.origin {
            Origin::Borrowed(incoming) => incoming.source.take(),
            Origin::Owned(never) => match *never {},
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
    /// errors as `Io`. All of them end the reader's use; for one that may have nothing yet
    /// (`WouldBlock`) while the head comes, see [`PendingResponse`].
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
        let mut pending = PendingResponse::new(reader, request, limits, tolerance);
        pending.begin()?;
        Ok(Self::owned(pending.incoming))
    }

    /// Gives the reader back. It stands behind what was read of the message.
    pub fn into_inner(self) -> Option<R> {
        let incoming = self.into_owner().ok()?;
        Some(incoming.source.into_inner())
    }
}

/// A response whose head is still to come, from a reader that may have nothing yet.
///
/// ```
/// use std::io::{BufReader, ErrorKind};
/// use stdhttp::{HTTPException, Limits, PendingResponse, Tolerance};
/// use stdhttp::proto::RequestContext;
/// # use stdhttp::testing::{PeerStream, Script};
/// # let socket = PeerStream::new(Script::new()
/// #     .send("HTTP/1.1 200 OK\r\nContent-").fail(ErrorKind::WouldBlock).send("Length: 2\r\n\r\nhi"))?;
///
/// let request = RequestContext::of_method("GET");
/// let reader = BufReader::new(socket); // one that does not block
/// let mut pending = PendingResponse::new(reader, request, Limits::DEFAULT, Tolerance::STANDARD);
/// match pending.begin() {
///     Err(HTTPException::Io { error, .. }) if error.kind() == ErrorKind::WouldBlock => {}
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(pending.begin()?.read(None)?, b"hi"); // when there is more
/// # Ok::<(), HTTPException>(())
/// ```
pub struct PendingResponse<R> {
    incoming: Box<Incoming<Reader<R>>>,
}

impl<R> fmt::Debug for PendingResponse<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingResponse")
            .field("begun", &self.incoming.exchange.framing().is_some())
            .finish_non_exhaustive()
    }
}

impl<R: BufRead> PendingResponse<R> {
    /// The answer to such a request. Nothing is read yet.
    pub fn new(reader: R, request: RequestContext, limits: Limits, tolerance: Tolerance) -> Self {
        let exchange = Exchange::answer_to(request, limits, tolerance);
        Self {
            incoming: Box::new(Incoming::new(exchange, Reader::new(reader))),
        }
    }

    /// Reads the head, as far as it has not come yet, and gives the response (`begin`).
    ///
    /// # Errors
    /// As [`HTTPResponse::from_reader`]. After `Io` with the kind `WouldBlock` the call is made
    /// again and goes on; every other error is reported again.
    pub fn begin(&mut self) -> Result<HTTPResponse<'_, Reader<R>>, HTTPException> {
        self.incoming.begin()?;
        Ok(HTTPResponse::borrowed(&mut self.incoming))
    }

    /// Gives the reader back. Of an incomplete head it stands behind what was read of it.
    pub fn into_inner(self) -> R {
        self.incoming.source.into_inner()
    }
}
