//! `HTTPAdapter`: sends requests over connections of a pool (`requests.adapters.HTTPAdapter`,
//! `urllib3.connectionpool`).

use super::models::{PreparedRequest, RequestException, Response};
use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::adapter::{Adapter, Sending};
use super::content::Codings;
use super::dial::{BoxedStream, Dialer, Dialing, Tls};
use super::error::ExceptionKind;
use super::failure::Failure;
use super::pool::{Connection, Key, Lease, Pool, PoolLimits};
use super::response::Head;
use super::retry::{Attempts, Budget, Cause, Retry, Told};
use super::wire::{Leased, can_repeat, is_secured, proxy_authorization, write_request};
use crate::Builder;
use crate::client::connect::Route;
use crate::error::{HTTPException, Step};
use crate::proto::{Limits, Tolerance};
use crate::transport::clock::{Clock, SystemClock};

type DebugOutput = dyn Fn() -> Box<dyn Write + Send> + Send + Sync;

/// Sends requests over connections that it keeps (`requests.adapters.HTTPAdapter`). It is shared by
/// threads, and copies share the connections until one is set up to make them otherwise.
///
/// ```
/// use stdhttp::requests::{HTTPAdapter, Session};
///
/// let mut session = Session::new();
/// session.mount("http://", HTTPAdapter::new().pool_maxsize(4).pool_block(true));
/// ```
#[derive(Clone)]
pub struct HTTPAdapter {
    dialing: Dialing,
    codings: Codings,
    retry: Retry,
    limits: PoolLimits,
    response_limits: Limits,
    tolerance: Tolerance,
    debuglevel: u32,
    debug_output: Option<Arc<DebugOutput>>,
    clock: Arc<dyn Clock + Send + Sync>,
    sleep: Arc<dyn Fn(Duration) + Send + Sync>,
    pool: Arc<Pool>,
    budget: Arc<Budget>,
}

impl Default for HTTPAdapter {
    fn default() -> Self {
        Self::new()
    }
}

impl HTTPAdapter {
    /// Connections to 10 hosts are kept, 10 to each; nothing is retried; no TLS.
    #[must_use]
    pub fn new() -> Self {
        let limits = PoolLimits {
            connections: 10,
            maxsize: 10,
            block: false,
        };
        Self {
            dialing: Dialing::default(),
            codings: Codings::default(),
            retry: Retry::default(),
            limits,
            response_limits: Limits::DEFAULT,
            tolerance: Tolerance::STANDARD,
            debuglevel: 0,
            debug_output: None,
            clock: Arc::new(SystemClock),
            sleep: Arc::new(std::thread::sleep),
            pool: Arc::new(Pool::new(limits)),
            budget: Arc::default(),
        }
    }

    fn with_limits(mut self, limits: PoolLimits) -> Self {
        self.limits = limits;
        self.with_own_pool()
    }

    /// Connections that were made otherwise than from now on are not for this adapter: past another
    /// filter, with another TLS.
    fn with_own_pool(mut self) -> Self {
        self.pool = Arc::new(Pool::new(self.limits));
        self
    }

    /// The number of hosts whose connections are kept (`pool_connections`).
    #[must_use]
    pub fn pool_connections(self, connections: usize) -> Self {
        let limits = PoolLimits {
            connections,
            ..self.limits
        };
        self.with_limits(limits)
    }

    /// The number of connections to one host that are kept (`pool_maxsize`).
    #[must_use]
    pub fn pool_maxsize(self, maxsize: usize) -> Self {
        let limits = PoolLimits {
            maxsize,
            ..self.limits
        };
        self.with_limits(limits)
    }

    /// Whether there are never more, and a call waits for one to be free (`pool_block`).
    #[must_use]
    pub fn pool_block(self, block: bool) -> Self {
        let limits = PoolLimits {
            block,
            ..self.limits
        };
        self.with_limits(limits)
    }

    /// What is sent again by itself (`max_retries`): a number, or a [`Retry`].
    #[must_use]
    pub fn max_retries(mut self, retry: impl Into<Retry>) -> Self {
        self.retry = retry.into();
        self
    }

    /// TLS, without which `https://` is an error.
    #[must_use]
    pub fn tls(mut self, tls: impl Tls + 'static) -> Self {
        self.dialing.tls = Some(Arc::new(tls));
        self.with_own_pool()
    }

    /// A content coding by its name (`gzip`): a function that undoes it.
    #[must_use]
    pub fn content_coding(
        mut self,
        name: &str,
        decode: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send> + Send + Sync + 'static,
    ) -> Self {
        self.codings.plug(name, decode);
        self
    }

    /// Which addresses may be dialled, for callers who are given URLs by strangers. It is asked about
    /// each address that a name has, not about a proxy's own; what a proxy resolves is up to the
    /// proxy.
    #[must_use]
    pub fn allow_addresses(
        mut self,
        allow: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.dialing.filter = Some(Arc::new(allow));
        self.with_own_pool()
    }

    /// How to come by a stream to the host of a [`Route`], in place of TCP: to a Unix socket, to a
    /// [`Peer`](crate::testing::Peer) in a test. With a proxy it is the proxy's host; what is spoken to
    /// the proxy, TLS and SOCKS, comes on top.
    #[must_use]
    pub fn connector(
        mut self,
        connect: impl Fn(&mut Route<'_>) -> Result<BoxedStream, HTTPException> + Send + Sync + 'static,
    ) -> Self {
        self.dialing.custom = Some(Arc::new(connect));
        self.with_own_pool()
    }

    /// The limits on received heads.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.response_limits = limits;
        self.with_own_pool()
    }

    /// What is forgiven a server.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self.with_own_pool()
    }

    /// The lines of `set_debuglevel` of `http.client`, credentials masked.
    #[must_use]
    pub fn debuglevel(mut self, level: u32) -> Self {
        self.debuglevel = level;
        self.with_own_pool()
    }

    /// Where these lines go instead of standard output; it is asked for each connection.
    #[must_use]
    pub fn debug_output<W: Write + Send + 'static>(
        mut self,
        output: impl Fn() -> W + Send + Sync + 'static,
    ) -> Self {
        self.debug_output = Some(Arc::new(move || Box::new(output())));
        self.with_own_pool()
    }

    /// The clock of deadlines, and what waits for a time: for tests that don't sleep.
    #[must_use]
    pub fn clock(
        mut self,
        clock: impl Clock + Send + Sync + 'static,
        sleep: impl Fn(Duration) + Send + Sync + 'static,
    ) -> Self {
        self.clock = Arc::new(clock);
        self.sleep = Arc::new(sleep);
        self.with_own_pool()
    }

    /// The connections that wait for their next request.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.pool.idle()
    }

    /// One attempt, and a second one where the first met a connection that was gone.
    fn attempt(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Response, Failure> {
        let key = self.key(request, sending)?;
        let left = self.left(sending, Step::Connect)?;
        let patience = [sending.timeout.connect, left].into_iter().flatten().min();
        let mut lease = self
            .pool
            .lend(&key, patience)
            .ok_or_else(|| Failure::of(ExceptionKind::EmptyPool))?;
        let reused = lease.connection().is_some();
        match self.exchange(&mut lease, request, sending) {
            Ok(head) => Ok(self.response(request, head, lease)),
            Err(failure) if reused && failure.is_stale() && can_repeat(request) => {
                lease.discard();
                let head = self.exchange(&mut lease, request, sending)?;
                Ok(self.response(request, head, lease))
            }
            Err(failure) => Err(failure),
        }
    }

    fn key(&self, request: &PreparedRequest, sending: &Sending<'_>) -> Result<Key, Failure> {
        let url = request.url();
        let needs_tls = url.is_https() || is_secured(sending.proxy);
        if needs_tls && self.dialing.tls.is_none() {
            return Err(Failure::of(ExceptionKind::MissingTls));
        }
        Ok(Key {
            url: url.clone(),
            proxy: sending.proxy.cloned(),
            tls: needs_tls.then(|| sending.tls.clone()),
        })
    }

    /// Sends the request and reads the head of the answer.
    fn exchange(
        &self,
        lease: &mut Lease,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Head, Failure> {
        if lease.connection().is_none() {
            lease.put(self.connect_to(request, sending)?);
        }
        let left = self.left(sending, Step::Connect)?;
        let Some(connection) = lease.connection() else {
            return Err(HTTPException::NotConnected.into());
        };
        connection.set_deadline(left);
        connection.set_connect_timeout(sending.timeout.connect);
        connection.set_read_timeout(sending.timeout.read);
        connection.set_write_timeout(sending.timeout.read);
        write_request(connection, request, sending.proxy)?;
        let response = connection.getresponse()?;
        Ok(Head {
            version: response.http_version(),
            status: response.status(),
            reason: known_reason(response.status(), response.reason_bytes()),
            headers: response.headers().clone(),
        })
    }

    /// A connection for the request, which dials when it is first used.
    fn connect_to(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Connection, Failure> {
        let url = request.url();
        let http_proxy = sending.proxy.filter(|proxy| proxy.url().is_some());
        let dialer = Dialer {
            dialing: self.dialing.clone(),
            secured: url.is_https().then(|| sending.tls.clone()),
            proxy: sending.proxy.cloned(),
            tls: sending.tls.clone(),
        };
        dialer.check_literal(url.hostname())?;
        let (host, port) = match http_proxy {
            Some(proxy) => (proxy.hostname(), proxy.port()),
            None => (url.hostname(), url.port()),
        };
        let connection = Builder::new(host)
            .port(port)
            .connector(dialer)
            .limits(self.response_limits)
            .tolerance(self.tolerance)
            .debuglevel(self.debuglevel)
            .clock(self.clock.clone())
            .build()?;
        let mut connection = Box::new(connection);
        if let Some(output) = &self.debug_output {
            connection.set_debug_output(output());
        }
        if let Some(proxy) = http_proxy.filter(|_| url.is_https()) {
            let own = request.headers().get("Proxy-Authorization");
            let credentials = match own {
                Some(own) => Some(own.into_owned()),
                None => proxy_authorization(proxy)?,
            };
            let field = credentials
                .as_deref()
                .map(|value| ("Proxy-Authorization", value));
            let fields: Vec<(&str, &str)> = field.into_iter().collect();
            connection.set_tunnel(url.hostname(), url.port(), &fields)?;
        }
        Ok(connection)
    }

    fn response(&self, request: &PreparedRequest, head: Head, lease: Lease) -> Response {
        let source = Leased::new(lease);
        Response::of(request.clone(), head, Box::new(source), &self.codings)
    }

    /// What is left of the deadline, which must be something.
    fn left(&self, sending: &Sending<'_>, step: Step) -> Result<Option<Duration>, HTTPException> {
        match self.time_left(sending) {
            Some(Duration::ZERO) => Err(HTTPException::timed_out(step, Default::default())),
            left => Ok(left),
        }
    }

    fn time_left(&self, sending: &Sending<'_>) -> Option<Duration> {
        let ends = sending.ends?;
        Some(ends.saturating_duration_since(self.clock.now()))
    }

    /// Waits, unless that goes past the deadline or the budget is used up; whether it did.
    fn wait(&self, wait: Duration, sending: &Sending<'_>) -> bool {
        let now = self.clock.now();
        let in_time = sending
            .ends
            .is_none_or(|ends| ends.saturating_duration_since(now) > wait);
        if !in_time || !self.budget.take(self.retry.budget, now) {
            return false;
        }
        if !wait.is_zero() {
            (self.sleep)(wait);
        }
        true
    }

    /// Whether an answer with this status is to be met by another attempt, which then is due.
    fn retries_status(
        &self,
        attempts: &mut Attempts<'_>,
        request: &PreparedRequest,
        response: &Response,
        sending: &Sending<'_>,
    ) -> bool {
        let told = attempts.retry_after(
            response.status_code(),
            response.headers(),
            SystemTime::now(),
        );
        let wanted = told != Told::TooLong
            && attempts.allows(Cause::Status, request.method())
            && can_repeat(request);
        if !wanted {
            return false;
        }
        let backoff = attempts.next(Cause::Status);
        let wait = match told {
            Told::Wait(wait) => wait,
            _ => backoff,
        };
        self.wait(wait, sending)
    }
}

impl Adapter for HTTPAdapter {
    fn send(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Response, RequestException> {
        let mut attempts = Attempts::new(&self.retry);
        if self.retry.has_budget() {
            self.budget.note_request(self.clock.now());
        }
        loop {
            match self.attempt(request, sending) {
                Ok(mut response) => {
                    let status = response.status_code();
                    if !attempts.is_listed(request.method(), status, response.headers()) {
                        return Ok(response);
                    }
                    if !self.retries_status(&mut attempts, request, &response, sending) {
                        return self.retries_used_up(response);
                    }
                    response.drain(self.time_left(sending));
                }
                Err(failure) => {
                    let cause = failure.cause();
                    let again = cause.filter(|cause| attempts.allows(*cause, request.method()));
                    let again = again.filter(|_| can_repeat(request));
                    let waited =
                        again.is_some_and(|cause| self.wait(attempts.next(cause), sending));
                    if !waited {
                        return Err(failure.into_exception(sending.proxy.is_some()).of(request));
                    }
                }
            }
        }
    }

    /// Exactly the content codings that are plugged in.
    fn accept_encoding(&self) -> Option<&str> {
        Some(self.codings.accepted())
    }

    fn close(&self) {
        self.pool.clear();
    }
}

impl HTTPAdapter {
    fn retries_used_up(&self, response: Response) -> Result<Response, RequestException> {
        let listed = self
            .retry
            .status_forcelist
            .contains(&response.status_code());
        match self.retry.raise_on_status && listed {
            true => Err(RequestException::from(ExceptionKind::RetryError).with_response(response)),
            false => Ok(response),
        }
    }
}

impl fmt::Debug for HTTPAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPAdapter")
            .field("limits", &self.limits)
            .field("retry", &self.retry)
            .field("tls", &self.dialing.tls.is_some())
            .field("codings", &self.codings)
            .finish_non_exhaustive()
    }
}

/// The phrase that nearly every server sends is not copied.
fn known_reason(status: u16, reason: &[u8]) -> Cow<'static, [u8]> {
    match crate::responses(status) {
        Some(usual) if usual.as_bytes() == reason => Cow::Borrowed(usual.as_bytes()),
        _ => Cow::Owned(reason.to_vec()),
    }
}
