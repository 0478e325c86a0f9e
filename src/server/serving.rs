//! HTTPServer and ThreadingHTTPServer: from a listening socket to served connections
//! (`http.server.HTTPServer`, `ThreadingHTTPServer`, `socketserver.TCPServer`).
//!
//! Departs from `http.server`: connections and threads are bounded, every wait ends, a failing
//! `accept` is tried again ever more slowly, names are not looked up, and a TLS handshake takes
//! place on the connection's own thread.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::HTTPException;
use crate::proto::HTTPVersion;
use crate::server::base::{BaseHTTPRequestHandler, Handler};
use crate::server::connection::{AnyStream, Connection};
use crate::server::info::{ServerAddress, ServerInfo};
use crate::server::registry::{Idle, Registered, Registry, Shutdown};
use crate::server::settings::{Bounds, Times};
#[cfg(unix)]
use crate::server::socket::Place;
use crate::server::socket::{Accepted, Listening};
use crate::transport::clock::{Clock, SystemClock};
use crate::transport::stream::Stream;
use crate::transport::timing::ConnectTime;

/// The first pause after a failed `accept`; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Makes the stream of a connection out of its socket, for TLS.
type Wrap =
    Box<dyn Fn(Accepted, ConnectTime<'_>) -> Result<AnyStream, HTTPException> + Send + Sync>;

/// The clock that all connections share.
#[derive(Clone)]
struct SharedClock(Arc<dyn Clock + Send + Sync>);

impl Clock for SharedClock {
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }
}

/// A server for one connection after the other: `http.server.HTTPServer`.
///
/// ```
/// use std::io::{Read, Write};
/// use stdhttp::HTTPConnection;
/// use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer};
///
/// let server = HTTPServer::bind("127.0.0.1:0", |request: &mut BaseHTTPRequestHandler<'_>| {
///     request.send_response(200, None)?;
///     request.end_headers()?;
///     request.wfile().write_all(b"hello")?;
///     Ok(())
/// })?;
/// let port = server.server_port();
/// let shutdown = server.shutdown_handle();
/// let serving = std::thread::spawn(move || server.serve_forever());
///
/// let mut conn = HTTPConnection::new("127.0.0.1", port)?;
/// conn.request("GET", "/", (), &[])?;
/// assert_eq!(conn.getresponse()?.read(None)?, b"hello");
///
/// shutdown.shutdown();
/// serving.join().expect("the server ends");
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
pub struct HTTPServer<H> {
    handler: H,
    info: ServerInfo,
    listening: Arc<Listening>,
    registry: Arc<Registry>,
    times: Times,
    bounds: Bounds,
    version: HTTPVersion,
    clock: SharedClock,
    wrap: Option<Wrap>,
}

impl<H> fmt::Debug for HTTPServer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPServer")
            .field("address", self.info.server_address())
            .field("times", &self.times)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl<H: Handler> HTTPServer<H> {
    /// Binds a server to an address of TCP. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system: the address is in use, not one of this machine, not allowed.
    pub fn bind(address: impl ToSocketAddrs, handler: H) -> io::Result<Self> {
        Self::from_listener(TcpListener::bind(address)?, handler)
    }

    /// A server on a socket that listens already.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_listener(listener: TcpListener, handler: H) -> io::Result<Self> {
        let address = ServerAddress::Ip(listener.local_addr()?);
        Ok(Self::on(Listening::Tcp(listener), address, handler))
    }

    /// Binds a server to a Unix socket at this path, which must not be there (`UnixStreamServer`).
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>, handler: H) -> io::Result<Self> {
        let listener = UnixListener::bind(path.as_ref())?;
        let address = ServerAddress::Unix(path.as_ref().to_owned());
        let place = Place::of(path.as_ref());
        Ok(Self::on(Listening::Unix(listener, place), address, handler))
    }

    /// A server that listens nowhere, for [`Self::serve_connection`].
    pub fn without_socket(handler: H) -> Self {
        Self::on(Listening::Nowhere, ServerAddress::None, handler)
    }

    fn on(listening: Listening, address: ServerAddress, handler: H) -> Self {
        let listening = Arc::new(listening);
        Self {
            handler,
            info: ServerInfo::new(address),
            registry: Registry::new(Arc::clone(&listening)),
            listening,
            times: Times::DEFAULT,
            bounds: Bounds::DEFAULT,
            version: HTTPVersion::Http11,
            clock: SharedClock(Arc::new(SystemClock)),
            wrap: None,
        }
    }

    /// How long the server waits for its clients.
    #[must_use]
    pub fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// How much the server takes.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The version of the responses (`protocol_version`). With HTTP/1.0 a connection carries one
    /// exchange.
    #[must_use]
    pub fn protocol_version(mut self, version: HTTPVersion) -> Self {
        self.version = version;
        self
    }

    /// The clock for all times but those of the system's calls.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = SharedClock(Arc::new(clock));
        self
    }

    /// Secures every connection: `secure` makes its stream, by a TLS handshake within the time that
    /// it is given, on the connection's own thread, so that a client that is slow at it delays
    /// nobody. `docs/tls.md` has an adapter for rustls.
    #[must_use]
    pub fn secured(
        mut self,
        secure: impl Fn(Accepted, ConnectTime<'_>) -> Result<AnyStream, HTTPException>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.wrap = Some(Box::new(secure));
        self
    }

    /// Where it listens (`server_address`).
    pub fn server_address(&self) -> &ServerAddress {
        self.info.server_address()
    }

    /// The address as text (`server_name`).
    pub fn server_name(&self) -> &str {
        self.info.server_name()
    }

    /// The port (`server_port`).
    pub fn server_port(&self) -> u16 {
        self.info.server_port()
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// What ends the server from another thread.
    pub fn shutdown_handle(&self) -> Shutdown {
        self.registry.shutdown_of()
    }

    /// Ends the server; see [`Shutdown::shutdown`].
    pub fn shutdown(&self) {
        self.shutdown_handle().shutdown();
    }

    /// Serves one connection after the other until the server is shut down (`serve_forever`).
    pub fn serve_forever(&self) {
        self.registry.begin_serving(Some(self.times.grace));
        while let Some((stream, address)) = self.next_connection() {
            self.serve_accepted(stream, address);
        }
        self.registry.end_serving(true);
    }

    /// Waits for one connection and serves it to its end (`handle_request`). Returns without one if
    /// the server is shut down meanwhile.
    pub fn handle_request(&self) {
        self.registry.begin_serving(Some(self.times.grace));
        let connection = self.next_connection();
        let stopped = connection.is_none();
        if let Some((stream, address)) = connection {
            self.serve_accepted(stream, address);
        }
        self.registry.end_serving(stopped);
    }

    fn serve_accepted(&self, stream: Accepted, address: Option<SocketAddr>) {
        let registered = self.registry.enter(Arc::clone(stream.shared()));
        self.serve(stream, address, &registered);
    }

    /// Serves a connection that the caller has accepted, over any stream, to its end. The client's
    /// address, if it has one, is for the log.
    pub fn serve_connection(
        &self,
        stream: impl Stream + Send + 'static,
        address: impl Into<Option<SocketAddr>>,
    ) {
        contained(|| self.talk(Box::new(stream), address.into(), &self.registry));
    }

    /// Accepts a connection; nothing once the server is shut down. Errors of accepting pass: there are
    /// too many descriptors, or the client has gone.
    fn next_connection(&self) -> Option<(Accepted, Option<SocketAddr>)> {
        let mut pause = FIRST_PAUSE;
        loop {
            let accepted = self.listening.accept();
            if self.registry.is_stopping() {
                return None;
            }
            match accepted {
                Ok(connection) => return Some(connection),
                Err(error) if error.kind() == io::ErrorKind::Unsupported => return None,
                Err(_) => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Serves an accepted connection on this thread.
    fn serve(&self, accepted: Accepted, address: Option<SocketAddr>, registered: &Registered) {
        contained(|| self.secure_and_talk(accepted, address, registered));
    }

    fn secure_and_talk(
        &self,
        accepted: Accepted,
        address: Option<SocketAddr>,
        registered: &Registered,
    ) {
        let stream: AnyStream = match &self.wrap {
            None => Box::new(accepted),
            Some(wrap) => match wrap(accepted, self.time_to_secure()) {
                Ok(stream) => stream,
                // There is nobody to tell: the client sees its connection end.
                Err(_) => return,
            },
        };
        self.talk(stream, address, registered);
    }

    fn time_to_secure(&self) -> ConnectTime<'_> {
        let ends = self.clock.now().checked_add(self.times.tls);
        ConnectTime::until(ends, &self.clock)
    }

    fn talk(&self, stream: AnyStream, address: Option<SocketAddr>, idle: &dyn Idle) {
        let clock = Box::new(self.clock.clone());
        let connection = Connection::new(stream, clock, self.times, self.bounds, self.version);
        let handler =
            BaseHTTPRequestHandler::new(connection, &self.handler, &self.info, idle, address);
        handler.handle();
    }
}

/// What panics beside the handler's own methods, who took a stream over, what secures one or writes
/// the log, ends its connection and not the server. The message of the panic was written already.
fn contained(serve: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(serve)));
}

/// Serves one stream, without a server and with the defaults.
pub(crate) fn serve_alone(
    handler: &dyn Handler,
    stream: impl Stream + Send + 'static,
    clock: impl Clock + Send + Sync + 'static,
) {
    let (times, bounds) = (Times::DEFAULT, Bounds::DEFAULT);
    let (stream, clock) = (Box::new(stream), Box::new(clock));
    let connection = Connection::new(stream, clock, times, bounds, HTTPVersion::Http11);
    let info = ServerInfo::new(ServerAddress::None);
    let idle = Registry::new(Arc::new(Listening::Nowhere));
    BaseHTTPRequestHandler::new(connection, handler, &info, &idle, None).handle();
}

/// A server with a thread for each connection: `http.server.ThreadingHTTPServer`.
///
/// Threads are as many as there are connections, at most [`Bounds::connections`], with stacks of
/// [`Bounds::stack`]; further clients wait in the system's queue. Everything else is that of
/// [`HTTPServer`], which it wraps.
#[derive(Debug)]
pub struct ThreadingHTTPServer<H> {
    server: HTTPServer<H>,
}

impl<H> From<HTTPServer<H>> for ThreadingHTTPServer<H> {
    fn from(server: HTTPServer<H>) -> Self {
        Self { server }
    }
}

impl<H> std::ops::Deref for ThreadingHTTPServer<H> {
    type Target = HTTPServer<H>;

    fn deref(&self) -> &HTTPServer<H> {
        &self.server
    }
}

impl<H: Handler> ThreadingHTTPServer<H> {
    /// As [`HTTPServer::bind`].
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind(address: impl ToSocketAddrs, handler: H) -> io::Result<Self> {
        HTTPServer::bind(address, handler).map(Self::from)
    }

    /// Serves connections, each on its own thread, until the server is shut down; returns when all
    /// have ended (`serve_forever`).
    ///
    /// A handler that works on past the grace time delays the return: a thread can't be ended from
    /// outside.
    pub fn serve_forever(&self) {
        let server = &self.server;
        server.registry.begin_serving(None);
        std::thread::scope(|scope| {
            while server.registry.wait_for_room(server.bounds.connections) {
                let Some((stream, address)) = server.next_connection() else {
                    break;
                };
                let registered = server.registry.enter(Arc::clone(stream.shared()));
                let thread = std::thread::Builder::new().stack_size(server.bounds.stack);
                let serve = move || server.serve(stream, address, &registered);
                let spawned = thread.spawn_scoped(scope, serve);
                if spawned.is_err() {
                    std::thread::sleep(FIRST_PAUSE);
                }
            }
            server.registry.wait_for_end(server.times.grace);
        });
        server.registry.end_serving(true);
    }
}
