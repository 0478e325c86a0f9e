//! How connections are made: `http.client.HTTPConnection`'s constructor, and every setting.

use std::time::Duration;

use crate::client::connect::{BoxedConnector, Connect, Ready, Tcp};
use crate::client::connection::HTTPConnection;
use crate::client::incoming::Incoming;
use crate::client::progress::Progress;
use crate::client::settings::StaleCheck;
use crate::error::HTTPException;
use crate::proto::authority::Authority;
use crate::proto::{Exchange, HTTPVersion, Limits, Tolerance};
use crate::transport::clock::Clock;
use crate::transport::stream::Stream;
use crate::transport::timing::Timing;
use crate::transport::wire::Wire;

/// Large, because fewer writes cost less, and just below what two segments carry over loopback,
/// because a third with a few bytes costs as much as a full one (docs/performance.md has the
/// figures); and no multiple of 4,096, as the size of [`Buffer`](crate::transport::buffer::Buffer)
/// is none.
const BLOCKSIZE: usize = 130_000;

/// Each connection that sends from a reader may hold a block.
const LARGEST_BLOCK: usize = 1 << 24;

impl HTTPConnection<Tcp> {
    /// A connection to `host` over TCP. No I/O yet.
    ///
    /// `host` is `"host"`, `"host:port"`, `"[v6]"` or `"[v6]:port"`; with the port given apart
    /// also a bare IPv6 address. The default port is 80. Non-ASCII names must be given encoded.
    ///
    /// # Errors
    /// `InvalidURL`.
    pub fn new(host: &str, port: impl Into<Option<u16>>) -> Result<Self, HTTPException> {
        Builder::new(host).port(port).build()
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
    /// The port, 1 to 65,535; the host is then not searched for one. With nothing it is the host's,
    /// or the default.
    pub fn port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.port = port.into();
        self
    }

    /// How to come by a stream, in place of TCP.
    pub fn connector<D: Connect>(self, connect: D) -> Builder<D> {
        self.with(|_| connect)
    }

    /// The same connector in a box: see [`Connect::boxed`].
    pub fn boxed(self) -> Builder<BoxedConnector>
    where
        C: Send + 'static,
        C::Stream: Send + 'static,
    {
        self.with(C::boxed)
    }

    fn with<D: Connect>(self, change: impl FnOnce(C) -> D) -> Builder<D> {
        Builder {
            host: self.host,
            port: self.port,
            connect: change(self.connect),
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
    /// they grow (`blocksize`). 130,000; at least 1 and at most 16 MiB.
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
            stale_check: self.stale_check,
            continue_timeout: self.continue_timeout,
            on_interim: None,
            incoming: Box::new(Incoming::new(exchange, wire)),
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
