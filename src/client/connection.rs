//! HTTPConnection: one connection to one host, driven step by step (`http.client.HTTPConnection`;
//! RFC 9112 section 9).
//!
//! A thin driver of `proto::Exchange` over a stream. Departs from `http.client`: a failure never
//! leaves the connection in a state that only `close()` cures, header bytes of an abandoned
//! request are never sent, and a half-read response can't desynchronise the next one.

use std::time::Duration;

use crate::client::body::Body;
use crate::client::connect::{Connect, Route, Tcp, while_connecting};
use crate::client::incoming::Incoming;
use crate::client::progress::Progress;
use crate::client::settings::{StaleCheck, Timeouts};
use crate::client::tunnel::Tunnel;
use crate::error::{ConnectionState, HTTPException, ImproperConnectionState};
use crate::message::HTTPMessage;
use crate::proto::authority::Authority;
use crate::proto::{CloseReason, FieldValue, Limits, ResponseHead, Skip, Tolerance};
use crate::transport::timing::ConnectTime;
use crate::transport::wire::{Input, Wire};

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
    pub(super) connect: C,
    /// Nothing for a stream without an authority.
    pub(super) authority: Option<Authority>,
    pub(crate) tunnel: Option<Box<Tunnel>>,
    pub(super) auto_open: bool,
    pub(crate) blocksize: usize,
    pub(super) stale_check: StaleCheck,
    pub(crate) continue_timeout: Duration,
    pub(super) on_interim: Option<OnInterim>,
    /// Boxed, so that a connection moves at little cost.
    pub(crate) incoming: Box<Incoming<Wire<C::Stream>>>,
    /// What of the request went out.
    pub(crate) progress: Progress,
    /// The request or its answer failed half-way: the next request begins on a new connection.
    pub(crate) in_doubt: bool,
    /// The final head came before `getresponse` asked for it.
    pub(crate) answered_early: bool,
    /// Blocks of a body that is read from a file or reader.
    pub(crate) block: Vec<u8>,
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

    /// The longest times (`timeout`).
    pub fn timeouts(&self) -> Timeouts {
        let timing = &self.incoming.source.timing;
        Timeouts {
            connect: timing.connect,
            read: timing.read,
            write: timing.write,
            deadline: timing.deadline,
        }
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
        self.incoming.exchange.limits()
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
            tunnel: self.tunnel.as_deref_mut(),
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
        let tunnel = Tunnel::new(
            host,
            port.into(),
            self.default_port(),
            headers,
            *self.limits(),
            *self.tolerance(),
        )?;
        self.tunnel = Some(Box::new(tunnel));
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

    /// As [`Builder::connect_timeout`](crate::Builder::connect_timeout), from the next connecting on;
    /// nothing for no limit.
    pub fn set_connect_timeout(&mut self, timeout: Option<Duration>) {
        self.incoming.source.timing.connect = timeout;
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
        // What a request may hold depends on whether the peer of the last answer is still there.
        let depends = self.incoming.exchange.forbids_chunks();
        if self.close_reason().is_some() || (depends && self.is_stale()) {
            self.close();
        }
        Ok(())
    }

    /// Whether the connection holds bytes that nobody asked for, or is seen to be of no use by a
    /// look, which is made after some time without one.
    fn is_stale(&mut self) -> bool {
        let wire = &mut self.incoming.source;
        let limit = self.stale_check.limit();
        let looks = limit.is_some_and(|limit| wire.idle_time() >= limit);
        wire.has_leftover() || (looks && !wire.is_quiet())
    }

    /// Opens the connection that the request goes out on. What came on it before the first byte of
    /// the request is never the answer (RFC 9112 section 9.2): a kept connection is looked at now, not
    /// when the request was begun, and replaced.
    pub(crate) fn open_for_request(&mut self) -> Result<(), HTTPException> {
        if self.is_connected() && self.is_stale() {
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
