//! HTTPConnection: one connection to one host, driven step by step (`http.client.HTTPConnection`;
//! RFC 9112 section 9).
//!
//! A thin driver of `proto::Exchange` over a stream. Departs from `http.client`: a failure never
//! leaves the connection in a state that only `close()` cures, header bytes of an abandoned
//! request are never sent, and a half-read response can't desynchronise the next one.

use std::time::Duration;

use crate::client::body::Body;
use crate::client::connect::{Connect, Ready, Route, Tcp, while_connecting};
use crate::client::incoming::Incoming;
use crate::client::response::HTTPResponse;
use crate::client::tunnel::Tunnel;
use crate::client::upload::{Progress, Upload};
use crate::error::{ConnectionState, HTTPException, ImproperConnectionState, Step};
use crate::message::HTTPMessage;
use crate::proto::authority::Authority;
use crate::proto::{
    CloseReason, Exchange, FieldValue, HTTPVersion, Limits, ResponseHead, Skip, Tolerance,
};
use crate::transport::clock::Clock;
use crate::transport::stream::Stream;
use crate::transport::timing::{ConnectTime, Timing};
use crate::transport::wire::{Source, Wire};

/// Large, because fewer writes cost less (docs/performance.md has the figures); and no multiple of
/// 4,096, as the size of [`Buffer`](crate::transport::buffer::Buffer) is none.
const BLOCKSIZE: usize = 262_000;

/// Each connection that sends from a reader may hold a block.
const LARGEST_BLOCK: usize = 1 << 24;

/// In so short a time a look finds nothing that would be worth its price.
const A_MOMENT: Duration = Duration::from_millis(1);

/// When a kept connection is looked at before it is used again, so that a request is not sent on
/// one that the peer has closed, or that holds bytes nobody asked for (RFC 9112 section 9.2).
///
/// What is already buffered is always checked. A look costs three system calls on TCP, five on a
/// Unix socket, and one on either with the feature `sys` on Linux. If a millisecond has passed since
/// then there is another before the first byte of the request leaves. What comes after the look
/// can't be told from the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaleCheck {
    /// Never look.
    Never,
    /// Look if the connection has been idle for at least so long. The default, with 1 ms: a look
    /// is not worth its price between requests that follow each other at once.
    AfterIdle(Duration),
    /// Look before every reuse. That narrows the race with a peer, but does not end it.
    Always,
}

impl Default for StaleCheck {
    fn default() -> Self {
        Self::AfterIdle(A_MOMENT)
    }
}

impl StaleCheck {
    /// After how much time without a look there is another.
    fn limit(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::AfterIdle(limit) => Some(limit),
            Self::Always => Some(Duration::ZERO),
        }
    }
}

/// What the peer made of `Expect: 100-continue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Continue {
    /// `100 Continue` came: send the body.
    Continue,
    /// The final response came: the body is not to be sent; get the response.
    Refused,
    /// Nothing came in time: send the body (RFC 9110 section 10.1.1).
    NoAnswer,
}

/// A callback for interim responses.
pub(crate) type OnInterim = Box<dyn FnMut(&ResponseHead) + Send>;

/// A connection to a host: `http.client.HTTPConnection`.
///
/// ```no_run
/// use stdhttp::HTTPConnection;
///
/// let mut conn = HTTPConnection::new("www.example.org", None)?; // no I/O yet
/// conn.request("GET", "/index.html", (), &[])?; // connects
/// let mut response = conn.getresponse()?;
/// println!("{} {}", response.status(), response.reason());
/// let body = response.read(None)?;
/// # let _ = body;
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
pub struct HTTPConnection<C: Connect = Tcp> {
    connect: C,
    /// Nothing for a stream without an authority.
    authority: Option<Authority>,
    pub(crate) tunnel: Option<Tunnel>,
    auto_open: bool,
    pub(crate) blocksize: usize,
    limits: Limits,
    stale_check: StaleCheck,
    pub(crate) continue_timeout: Duration,
    on_interim: Option<OnInterim>,
    pub(crate) incoming: Incoming<Wire<C::Stream>>,
    /// What of the request went out.
    pub(crate) progress: Progress,
    /// The request or its answer failed half-way: the next request begins on a new connection.
    pub(crate) in_doubt: bool,
    /// The final head came before `getresponse` asked for it.
    pub(crate) answered_early: bool,
    /// Blocks of a body that is read from a file or reader.
    pub(crate) block: Vec<u8>,
}

impl HTTPConnection<Tcp> {
    /// A connection to `host` over TCP. No I/O yet.
    ///
    /// `host` is `"host"`, `"host:port"`, `"[v6]"` or `"[v6]:port"`; with the port given apart
    /// also a bare IPv6 address. The default port is 80. Non-ASCII names must be given encoded.
    ///
    /// # Errors
    /// `InvalidURL`.
    pub fn new(host: &str, port: impl Into<Option<u16>>) -> Result<Self, HTTPException> {
        let builder = Builder::new(host);
        match port.into() {
            Some(port) => builder.port(port).build(),
            None => builder.build(),
        }
    }

    /// Everything else that `http.client`'s constructor takes, and more.
    pub fn builder(host: &str) -> Builder<Tcp> {
        Builder::new(host)
    }
}

impl<S: Stream> HTTPConnection<Ready<S>> {
    /// A connection over a stream that is there already. `host` goes into `Host`; an empty one
    /// gives an empty `Host` (RFC 9112 section 3.2). Once the stream is closed there is no other.
    ///
    /// # Errors
    /// `InvalidURL`.
    pub fn from_stream(stream: S, host: &str) -> Result<Self, HTTPException> {
        let mut conn = Builder::new(host).connector(Ready::new(stream)).build()?;
        conn.connect()?;
        Ok(conn)
    }
}

impl<C: Connect> HTTPConnection<C> {
    /// The host, without brackets (`host`).
    pub fn host(&self) -> &str {
        self.authority
            .as_ref()
            .map_or("", |authority| &authority.host)
    }

    /// The port (`port`).
    pub fn port(&self) -> u16 {
        self.authority
            .as_ref()
            .map_or(self.default_port(), |authority| authority.port)
    }

    /// The port that `Host` does not name (`default_port`).
    pub fn default_port(&self) -> u16 {
        self.connect.default_port()
    }

    /// The longest time for connecting, one read and one write; nothing for no limit (`timeout`).
    pub fn timeouts(&self) -> [Option<Duration>; 3] {
        let timing = &self.incoming.source.timing;
        [timing.connect, timing.read, timing.write]
    }

    /// The size in bytes of the blocks that a body is read and sent in (`blocksize`).
    pub fn blocksize(&self) -> usize {
        self.blocksize
    }

    /// Whether a request connects where there is no connection (`auto_open`).
    pub fn auto_open(&self) -> bool {
        self.auto_open
    }

    /// The level set with [`Self::set_debuglevel`] (`debuglevel`).
    pub fn debuglevel(&self) -> u32 {
        self.incoming.source.log.level
    }

    /// The limits on received bytes; `headers` is `max_response_headers`.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is forgiven.
    pub fn tolerance(&self) -> &Tolerance {
        self.incoming.exchange.tolerance()
    }

    /// The state in `http.client`'s words.
    pub fn state(&self) -> ConnectionState {
        self.incoming.exchange.state()
    }

    /// Whether there is an open stream (`sock` is not none).
    pub fn is_connected(&self) -> bool {
        self.incoming.source.is_open()
    }

    /// The open stream (`sock`). Timeouts that are set on it hold until the next call of the
    /// connection, which sets its own: see [`Self::set_read_timeout`] and
    /// [`Self::set_write_timeout`].
    pub fn stream(&self) -> Option<&C::Stream> {
        self.incoming.source.stream()
    }

    /// The open stream, to be changed. What is read from it or written to it is missing from the
    /// exchange; timeouts are those of the connection again at its next call.
    pub fn stream_mut(&mut self) -> Option<&mut C::Stream> {
        self.incoming.source.stream_mut()
    }

    /// Why the connection can't be used again after the last exchange, if it can't.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.incoming.exchange.close_reason()
    }

    /// Connects now instead of with the first request: dials, and opens the tunnel if one is set.
    /// An open connection is replaced.
    ///
    /// # Errors
    /// `ConnectFailed` with the cause of each address, `TimedOut`, `TunnelFailed`, `Io`, and
    /// those of an exchange with a proxy.
    pub fn connect(&mut self) -> Result<(), HTTPException> {
        match self.state() {
            ConnectionState::RequestStarted => self.incoming.source.close(),
            // What was under way on the old connection went with it.
            _ => self.close(),
        }
        self.dial()
    }

    fn dial(&mut self) -> Result<(), HTTPException> {
        self.incoming.exchange.forget_peer();
        let wire = &mut self.incoming.source;
        let time = ConnectTime::new(&wire.timing);
        let ends = time.ends();
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.forget();
        }
        let (host, port) = match &self.authority {
            Some(authority) => (authority.host.as_str(), authority.port),
            None => ("", 0),
        };
        let mut route = Route {
            host,
            port,
            time,
            tunnel: self.tunnel.as_mut(),
            leftover: Vec::new(),
        };
        let connected = self.connect.connect(&mut route).and_then(|mut stream| {
            route.tunnel(&mut stream)?;
            Ok(stream)
        });
        let leftover = std::mem::take(&mut route.leftover);
        if let Some(tunnel) = self.tunnel.as_ref().filter(|_| wire.log.level > 0) {
            tunnel.log_to(&mut wire.log);
        }
        let stream = connected.map_err(while_connecting)?;
        wire.open(stream, &leftover, ends);
        Ok(())
    }

    /// Closes the connection and forgets the request under way. The next request connects again.
    pub fn close(&mut self) {
        self.incoming.source.close();
        self.incoming.source.timing.ends = None;
        self.incoming.exchange.close();
        self.in_doubt = false;
        self.answered_early = false;
    }

    /// Gives back the open stream and the bytes already read from it: after `101` or CONNECT they
    /// are the first of the new protocol. The stream has no timeouts any more.
    pub fn into_inner(mut self) -> Option<(C::Stream, Vec<u8>)> {
        self.incoming.source.take()
    }

    /// Sends the requests through a tunnel to `host`; the connection's own host is the proxy.
    /// `headers` go into the CONNECT request; a `Host` is added if there is none.
    ///
    /// # Errors
    /// `TunnelAfterConnect` on an open connection; `InvalidTunnelHost`, `InvalidURL`,
    /// `InvalidHeaderName`, `InvalidHeaderValue`, `ConflictingHeader`.
    pub fn set_tunnel(
        &mut self,
        host: &str,
        port: impl Into<Option<u16>>,
        headers: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        if self.is_connected() {
            return Err(HTTPException::TunnelAfterConnect);
        }
        self.tunnel = Some(Tunnel::new(
            host,
            port.into(),
            self.default_port(),
            headers,
            self.limits,
            *self.incoming.exchange.tolerance(),
        )?);
        Ok(())
    }

    /// The header fields of the proxy's answer to the last CONNECT, also if it refused.
    pub fn get_proxy_response_headers(&self) -> Option<&HTTPMessage> {
        self.tunnel.as_ref()?.response()
    }

    /// With a level above 0, writes what is sent and received to standard output, in
    /// `http.client`'s lines, credentials masked; see [`Self::set_debug_output`].
    pub fn set_debuglevel(&mut self, level: u32) {
        self.incoming.source.log.level = level;
    }

    /// Where the lines of [`Self::set_debuglevel`] go instead.
    pub fn set_debug_output(&mut self, output: impl std::io::Write + Send + 'static) {
        self.incoming.source.log.output = Some(Box::new(output));
    }

    /// Called with the head of every interim response (1xx) that is skipped, for example 103
    /// Early Hints (RFC 8297).
    pub fn on_interim(&mut self, callback: impl FnMut(&ResponseHead) + Send + 'static) {
        self.on_interim = Some(Box::new(callback));
    }

    /// The longest time for one exchange, connecting included, from `putrequest` to the end of
    /// the body; it applies to the one under way too, from now.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.incoming.source.timing.deadline = deadline;
        let reads = self.answered_early || self.incoming.exchange.is_half_read();
        if self.state() != ConnectionState::Idle || reads {
            self.incoming.source.timing.start();
        }
    }

    /// The longest time that one read may block, rounded up to what the system can measure.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.incoming.source.timing.read = timeout;
    }

    /// The longest time that one write may block, rounded up to what the system can measure.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.incoming.source.timing.write = timeout;
    }

    /// Begins a request. `Host` and `Accept-Encoding: identity` are put first; an empty target is
    /// `/`. Nothing is sent before [`Self::endheaders`].
    ///
    /// # Errors
    /// `CannotSendRequest` while another request is under way; `InvalidMethod`, `InvalidURL`.
    pub fn putrequest(&mut self, method: &str, target: &str) -> Result<(), HTTPException> {
        self.putrequest_with(method, target, Skip::default())
    }

    /// As [`Self::putrequest`], leaving out automatic fields (`skip_host`,
    /// `skip_accept_encoding`).
    ///
    /// # Errors
    /// As [`Self::putrequest`].
    pub fn putrequest_with(
        &mut self,
        method: &str,
        target: &str,
        skip: Skip,
    ) -> Result<(), HTTPException> {
        self.finish_last_exchange()?;
        let authority = match &self.tunnel {
            Some(tunnel) => Some(tunnel.target()),
            None => self.authority.as_ref(),
        };
        let host = authority.map_or("", |authority| &authority.field);
        let exchange = &mut self.incoming.exchange;
        exchange.start_request(method, target, host, skip)?;
        self.progress = Progress::default();
        self.answered_early = false;
        self.incoming.source.retry.written = false;
        self.incoming.source.retry.answered = false;
        self.incoming.source.retry.idempotent = exchange.is_idempotent();
        self.incoming.source.timing.start();
        Ok(())
    }

    /// Adds a field to the request: text (sent as UTF-8), bytes, an integer, or several values, which
    /// become one list (see [`FieldValue`]).
    /// White space around a value is dropped.
    ///
    /// # Errors
    /// `CannotSendHeader` without a request; `InvalidHeaderName`, `InvalidHeaderValue`,
    /// `ConflictingHeader`. The request stays as it was.
    pub fn putheader(&mut self, name: &str, value: impl FieldValue) -> Result<(), HTTPException> {
        self.incoming.exchange.putheader(name, &value)
    }

    /// As [`Self::putheader`], for a name that is no text.
    ///
    /// # Errors
    /// As [`Self::putheader`].
    pub fn putheader_bytes(
        &mut self,
        name: &[u8],
        value: impl FieldValue,
    ) -> Result<(), HTTPException> {
        self.incoming.exchange.putheader_bytes(name, &value)
    }

    /// Ends the head and sends it, connecting first where there is no connection.
    ///
    /// # Errors
    /// `CannotSendHeader` without a request; `InvalidBody`, `ConflictingHeader`; `NotConnected`;
    /// those of [`Self::connect`]; `Io`; `TimedOut`, after which `send` or `getresponse` goes on.
    pub fn endheaders(&mut self) -> Result<(), HTTPException> {
        self.endheaders_with((), false)
    }

    /// Ends the head and sends it with a body, in one write if the body is small. With
    /// `encode_chunked` the pieces of the body are sent as chunks, under a
    /// `Transfer-Encoding: chunked` that the caller has put.
    ///
    /// # Errors
    /// As [`Self::endheaders`]; `BodyLengthMismatch`.
    pub fn endheaders_with<'b>(
        &mut self,
        body: impl Into<Body<'b>>,
        encode_chunked: bool,
    ) -> Result<(), HTTPException> {
        self.send_head_and_body(body.into(), encode_chunked)
    }

    /// Gets the response to the request that was sent. Interim responses are skipped.
    ///
    /// The response borrows the connection: the next request can be sent when it is done with.
    ///
    /// # Errors
    /// `ResponseNotReady` if none is due; `BodyLengthMismatch` or `InvalidBody` if the request's
    /// body was not sent to its end; `RemoteDisconnected`; `BadStatusLine`, `UnknownProtocol`,
    /// `InvalidHeader`, `LineTooLong`, `TooMany`, `TooLarge`, `InvalidContentLength`,
    /// `UnknownTransferEncoding`, `ConflictingFraming`, `UnexpectedUpgrade`, `IncompleteRead` of
    /// the head; `Io`. All of these close the connection. `TimedOut` does not: the call can be
    /// made again.
    pub fn getresponse(&mut self) -> Result<HTTPResponse<'_, Wire<C::Stream>>, HTTPException> {
        self.receive()?;
        Ok(HTTPResponse::borrowed(&mut self.incoming))
    }

    /// As [`Self::getresponse`], for a response that must outlive the call; the connection ends
    /// with it.
    ///
    /// # Errors
    /// As [`Self::getresponse`].
    pub fn into_response<'a>(mut self) -> Result<HTTPResponse<'a, Wire<C::Stream>>, HTTPException>
    where
        C::Stream: 'a,
    {
        self.receive()?;
        Ok(HTTPResponse::owned(self.incoming))
    }

    fn receive(&mut self) -> Result<(), HTTPException> {
        self.incoming
            .exchange
            .check_response_due_or(self.answered_early)?;
        if !self.answered_early {
            self.prepare_to_receive()?;
        }
        while !self.answered_early {
            self.answered_early = self.receive_one()?;
        }
        self.answered_early = false;
        self.in_doubt = false;
        if !self.incoming.exchange.is_request_complete() {
            // Who asks for the answer sends no more.
            self.incoming.exchange.abandon_request();
        }
        self.incoming.settle_head();
        let incoming = &mut self.incoming;
        incoming.source.log.response(incoming.exchange.response());
        Ok(())
    }

    /// Reads one head, interim or final; whether it is the final one.
    pub(crate) fn receive_one(&mut self) -> Result<bool, HTTPException> {
        match self.incoming.receive_one() {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.note_interim();
                Ok(false)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(crate) fn note_interim(&mut self) {
        let incoming = &mut self.incoming;
        incoming.source.log.response(incoming.exchange.response());
        if let Some(callback) = &mut self.on_interim {
            callback(self.incoming.exchange.response());
        }
    }

    /// The request must have gone out, head and body.
    fn prepare_to_receive(&mut self) -> Result<(), HTTPException> {
        let flushed = self.flush_head();
        if flushed.map_err(|error| self.failed(error))? == Upload::Stop {
            return Ok(());
        }
        if let Err(error) = self.incoming.exchange.check_given() {
            self.close();
            return Err(error);
        }
        if !self.is_connected() {
            self.close();
            return Err(HTTPException::NotConnected);
        }
        Ok(())
    }

    /// After a timeout the call can be made again; every other failure ends the exchange.
    pub(crate) fn failed(&mut self, error: HTTPException) -> HTTPException {
        if error.is_timeout() {
            self.in_doubt = true;
        } else {
            self.close();
        }
        error
    }

    /// Makes the connection ready for another request: goes on after a response that was read to
    /// its end, and closes the connection in all other cases.
    fn finish_last_exchange(&mut self) -> Result<(), HTTPException> {
        let exchange = &self.incoming.exchange;
        match exchange.state() {
            ConnectionState::Idle => {}
            ConnectionState::RequestSent if self.in_doubt => self.close(),
            state => return Err(ImproperConnectionState::CannotSendRequest(state).into()),
        }
        if !self.is_connected() {
            self.close();
            return Ok(());
        }
        if self.answered_early {
            self.incoming.settle_head();
        }
        if self.incoming.exchange.is_half_read() && !self.incoming.skip_buffered() {
            self.close();
        }
        if self.close_reason().is_some() || self.is_stale(self.stale_check.limit()) {
            self.close();
        }
        Ok(())
    }

    /// Whether the connection holds bytes that nobody asked for, or is seen to be of no use by a
    /// look, which is made after so much time without one.
    fn is_stale(&mut self, limit: Option<Duration>) -> bool {
        let wire = &mut self.incoming.source;
        let looks = limit.is_some_and(|limit| wire.idle_time() >= limit);
        wire.has_leftover() || (looks && !wire.is_quiet())
    }

    /// Opens the connection that the request goes out on. What came on it before the first byte of
    /// the request is never the answer (RFC 9112 section 9.2): a kept connection is replaced.
    pub(crate) fn open_for_request(&mut self) -> Result<(), HTTPException> {
        let limit = self.stale_check.limit();
        if self.is_connected() && self.is_stale(limit.map(|limit| limit.max(A_MOMENT))) {
            self.incoming.source.close();
        }
        self.open_if_needed()?;
        if self.incoming.source.has_leftover() {
            return Err(HTTPException::UnsolicitedData);
        }
        Ok(())
    }

    /// Connects if there is no connection and that is allowed.
    pub(crate) fn open_if_needed(&mut self) -> Result<(), HTTPException> {
        if self.is_connected() {
            return Ok(());
        }
        if !self.auto_open {
            return Err(HTTPException::NotConnected);
        }
        self.dial()
    }

    /// Reads what came in answer to `Expect: 100-continue`, for at most the time of
    /// `continue_timeout` over all reads, and no longer than the read timeout for one. To be called
    /// between [`Self::endheaders`] and the body; [`Self::request`] does so by itself.
    ///
    /// # Errors
    /// `ResponseNotReady` without a request; those of [`Self::getresponse`].
    pub fn await_continue(&mut self) -> Result<Continue, HTTPException> {
        if self.answered_early {
            self.refuse_body();
            return Ok(Continue::Refused);
        }
        self.incoming.exchange.check_response_due()?;
        if self.flush_head()? == Upload::Stop {
            return Ok(Continue::Refused);
        }
        let usual = self.incoming.source.timing.narrow(self.continue_timeout);
        let received = self.receive_100();
        if self.is_connected() {
            self.incoming.source.timing.ends = usual;
        }
        match received {
            Ok(Continue::Refused) => self.refuse_body(),
            Err(HTTPException::TimedOut {
                step: Step::ReadHead,
                ..
            }) => {
                self.in_doubt = false;
                return Ok(Continue::NoAnswer);
            }
            _ => {}
        }
        received
    }

    /// 100 lets the body go; another interim response says nothing about it.
    fn receive_100(&mut self) -> Result<Continue, HTTPException> {
        loop {
            if self.receive_one()? {
                return Ok(Continue::Refused);
            }
            if self.incoming.exchange.response().status() == 100 {
                return Ok(Continue::Continue);
            }
        }
    }

    /// The final response came before the body was sent (RFC 9110 section 10.1.1): the rest of
    /// the body, if there is any, stays here, and the connection can't be used again.
    pub(crate) fn refuse_body(&mut self) {
        if !self.incoming.exchange.is_request_complete() {
            self.incoming.exchange.abandon_request();
        }
        self.answered_early = true;
    }
}

impl<C: Connect> std::fmt::Debug for HTTPConnection<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HTTPConnection")
            .field("host", &self.host())
            .field("port", &self.port())
            .field("state", &self.state())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// The settings of a connection: all arguments of `http.client`'s constructor, and more.
///
/// ```
/// use std::time::Duration;
/// use stdhttp::HTTPConnection;
///
/// let conn = HTTPConnection::builder("www.example.org")
///     .port(8080)
///     .timeout(Duration::from_secs(10))
///     .deadline(Duration::from_secs(60))
///     .max_response_headers(500)
///     .build()?;
/// assert_eq!((conn.host(), conn.port()), ("www.example.org", 8080));
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
pub struct Builder<C = Tcp> {
    host: String,
    port: Option<u16>,
    connect: C,
    timing: Timing,
    auto_open: bool,
    blocksize: usize,
    limits: Limits,
    tolerance: Tolerance,
    version: HTTPVersion,
    debuglevel: u32,
    stale_check: StaleCheck,
    continue_timeout: Duration,
}

impl Builder<Tcp> {
    pub(crate) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: None,
            connect: Tcp::new(),
            timing: Timing::default(),
            auto_open: true,
            blocksize: BLOCKSIZE,
            limits: Limits::DEFAULT,
            tolerance: Tolerance::STANDARD,
            version: HTTPVersion::Http11,
            debuglevel: 0,
            stale_check: StaleCheck::default(),
            continue_timeout: Duration::from_secs(1),
        }
    }

    /// The local address to bind before connecting (`source_address`). Linux, feature `sys`.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub fn source_address(mut self, address: std::net::SocketAddr) -> Self {
        self.connect = Tcp::with_source_address(address);
        self
    }
}

impl<C: Connect> Builder<C> {
    /// The port, 1 to 65,535. The host is then not searched for one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How to come by a stream, in place of TCP.
    pub fn connector<D: Connect>(self, connect: D) -> Builder<D> {
        Builder {
            host: self.host,
            port: self.port,
            connect,
            timing: self.timing,
            auto_open: self.auto_open,
            blocksize: self.blocksize,
            limits: self.limits,
            tolerance: self.tolerance,
            version: self.version,
            debuglevel: self.debuglevel,
            stale_check: self.stale_check,
            continue_timeout: self.continue_timeout,
        }
    }

    /// A stream that is there already, in place of TCP.
    pub fn stream<S: Stream>(self, stream: S) -> Builder<Ready<S>> {
        self.connector(Ready::new(stream))
    }

    /// The longest time that connecting, one read and one write may take each (`timeout`).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.connect_timeout(timeout)
            .read_timeout(timeout)
            .write_timeout(timeout)
    }

    /// The longest time for connecting, over all addresses, with tunnel and TLS.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timing.connect = Some(timeout);
        self
    }

    /// The longest time that one read may block, also one of a proxy's answer to CONNECT; rounded
    /// up to what the system can measure.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.timing.read = Some(timeout);
        self
    }

    /// The longest time that one write may block; rounded up to what the system can measure.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.timing.write = Some(timeout);
        self
    }

    /// The longest time for a whole exchange, from `putrequest` to the end of the body.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.timing.deadline = Some(deadline);
        self
    }

    /// The clock that deadlines are kept by.
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.timing.clock = Box::new(clock);
        self
    }

    /// The size in bytes of the blocks that bodies from files and readers are sent in, up to which
    /// they grow (`blocksize`). 262,000; at least 1 and at most 16 MiB.
    pub fn blocksize(mut self, blocksize: usize) -> Self {
        self.blocksize = blocksize.clamp(1, LARGEST_BLOCK);
        self
    }

    /// The number of header lines that a response may have (`max_response_headers`).
    pub fn max_response_headers(mut self, count: usize) -> Self {
        self.limits.headers = count;
        self
    }

    /// All limits on received bytes.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What is forgiven.
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Whether a request connects where there is no connection (`auto_open`). True.
    pub fn auto_open(mut self, auto_open: bool) -> Self {
        self.auto_open = auto_open;
        self
    }

    /// See [`HTTPConnection::set_debuglevel`].
    pub fn debuglevel(mut self, level: u32) -> Self {
        self.debuglevel = level;
        self
    }

    /// The version that requests are sent with. HTTP/1.1.
    pub fn http_version(mut self, version: HTTPVersion) -> Self {
        self.version = version;
        self
    }

    /// When a kept connection is looked at before it is used again.
    pub fn stale_check(mut self, check: StaleCheck) -> Self {
        self.stale_check = check;
        self
    }

    /// How long to wait for `100 Continue`, over everything that may come before it. 1 second.
    pub fn continue_timeout(mut self, timeout: Duration) -> Self {
        self.continue_timeout = timeout;
        self
    }

    /// Makes the connection. No I/O yet.
    ///
    /// # Errors
    /// `InvalidURL`.
    pub fn build(self) -> Result<HTTPConnection<C>, HTTPException> {
        let default_port = self.connect.default_port();
        let authority = match self.host.as_str() {
            "" if self.connect.has_no_authority() => None,
            host => Some(Authority::parse(host, self.port, default_port)?),
        };
        let mut exchange = Exchange::new(self.limits, self.tolerance);
        exchange.set_version(self.version);
        let notes_idle = self.stale_check != StaleCheck::Never;
        let mut wire = Wire::new(self.timing, notes_idle);
        wire.log.level = self.debuglevel;
        Ok(HTTPConnection {
            connect: self.connect,
            authority,
            tunnel: None,
            auto_open: self.auto_open,
            blocksize: self.blocksize,
            limits: self.limits,
            stale_check: self.stale_check,
            continue_timeout: self.continue_timeout,
            on_interim: None,
            incoming: Incoming::new(exchange, wire),
            progress: Progress::default(),
            in_doubt: false,
            answered_early: false,
            block: Vec::new(),
        })
    }
}

impl<C: Connect> std::fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
