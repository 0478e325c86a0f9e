//! BaseHTTPRequestHandler: the request that is lent to a handler, and everything that a handler
//! calls to answer it (`http.server.BaseHTTPRequestHandler`).
//!
//! Departs from `http.server`: HTTP/1.1 by default and no HTTP/0.9; a response is framed by itself;
//! nothing that could break the head can be sent; `Connection` is read as the list that it is; times
//! in the log are UTC, since `std` knows no other.

use std::fmt;
use std::net::SocketAddr;

use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::proto::server::RequestHead;
use crate::server::connection::{AnyStream, Connection};
use crate::server::info::ServerInfo;
use crate::server::log;
use crate::server::page::{DEFAULT_ERROR_CONTENT_TYPE, DEFAULT_ERROR_MESSAGE};
use crate::server::registry::Idle;

/// Answers requests: one method of this trait for each method of HTTP, under `http.server`'s names.
///
/// One handler serves all connections, from all threads. What a Python handler keeps on `self` is
/// on the request that is lent to it. A closure is a handler too: it gets every request.
///
/// What a handler forgets can't break the wire: a body is framed for it and counted, a body of the
/// request that it leaves is drained, an error or a panic becomes a 500, or a closed connection if
/// the response had begun.
///
/// ```
/// use std::io::Write;
/// use stdhttp::HTTPException;
/// use stdhttp::server::{BaseHTTPRequestHandler, Handler};
/// use stdhttp::testing::serve;
///
/// struct Hello;
///
/// impl Handler for Hello {
///     fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
///         request.send_response(200, None)?;
///         request.send_header("Content-Type", "text/plain")?;
///         request.end_headers()?;
///         request.wfile().write_all(b"hello")?;
///         Ok(())
///     }
/// }
///
/// let came = serve(&Hello, b"GET / HTTP/1.0\r\n\r\n");
/// assert!(came.starts_with(b"HTTP/1.1 200 OK\r\nServer: "));
/// assert!(came.ends_with(b"\r\nhello"));
/// ```
#[allow(
    non_snake_case,
    reason = "the names of the methods are those of http.server"
)]
pub trait Handler: Sync {
    /// Answers GET. By default 501, as every method that is not overridden.
    ///
    /// # Errors
    /// Those of the handler: 500 answers them if no byte of a response has left; behind a request's
    /// body that failed, the status that says why: 400, 408, 413, 431. So it is with all methods.
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_unsupported()
    }

    /// Answers HEAD. By default as GET, of whose body nothing is sent (RFC 9110 section 9.3.2).
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_HEAD(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.do_GET(request)
    }

    /// Answers POST.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_POST(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_unsupported()
    }

    /// Answers PUT.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_PUT(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_unsupported()
    }

    /// Answers DELETE.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_DELETE(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_unsupported()
    }

    /// Answers PATCH (RFC 5789).
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_PATCH(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_unsupported()
    }

    /// Answers OPTIONS. By default 204 with `Allow`, if [`Self::methods`] has something.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn do_OPTIONS(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        request.send_options()
    }

    /// Answers every request: by the method that has its name, or by 501 if none has. To be
    /// overridden for methods that this trait does not know, or to answer all alike.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        match request.command() {
            "GET" => self.do_GET(request),
            "HEAD" => self.do_HEAD(request),
            "POST" => self.do_POST(request),
            "PUT" => self.do_PUT(request),
            "DELETE" => self.do_DELETE(request),
            "PATCH" => self.do_PATCH(request),
            "OPTIONS" => self.do_OPTIONS(request),
            _ => request.send_unsupported(),
        }
    }

    /// The methods that are implemented. Where there are some, a known method that is not among
    /// them gets 405 with `Allow` instead of 501 (RFC 9110 section 15.5.6).
    fn methods(&self) -> &[&str] {
        &[]
    }

    /// Whether the client of this request is told to go on (`100 Continue`), when its body is first
    /// asked for. To refuse, send a final response and return false: reading the body is an error
    /// then, and the response goes out as it is.
    ///
    /// # Errors
    /// As [`Self::do_GET`].
    fn handle_expect_100(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
    ) -> Result<bool, HTTPException> {
        request.send_continue()?;
        Ok(true)
    }

    /// The first part of the `Server` field (`server_version`).
    fn server_version(&self) -> &str {
        concat!("stdhttp/", env!("CARGO_PKG_VERSION"))
    }

    /// The second part of the `Server` field (`sys_version`). Empty: it tells attackers more than
    /// clients.
    fn sys_version(&self) -> &str {
        ""
    }

    /// The page of [`BaseHTTPRequestHandler::send_error`] (`error_message_format`), with
    /// `%(code)d`, `%(message)s` and `%(explain)s` in it, which are escaped for HTML.
    fn error_message_format(&self) -> &str {
        DEFAULT_ERROR_MESSAGE
    }

    /// The type of that page (`error_content_type`).
    fn error_content_type(&self) -> &str {
        DEFAULT_ERROR_CONTENT_TYPE
    }

    /// Writes a line of the log: to standard error, with the client's address and the time before
    /// it (`log_message`). What came from the client is escaped before. All lines come here.
    fn log_message(&self, request: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        log::to_standard_error(
            request.address_string(),
            &request.log_date_time_string(),
            message,
        );
    }
}

impl<F> Handler for F
where
    F: Fn(&mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> + Sync,
{
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self(request)
    }
}

/// A request, and the response to it that is under way.
///
/// It is lent to a [`Handler`] for one request; connection and buffers stay for the next.
pub struct BaseHTTPRequestHandler<'a> {
    pub(super) connection: Connection,
    pub(super) handler: &'a dyn Handler,
    pub(super) server: &'a ServerInfo,
    pub(super) idle: &'a dyn Idle,
    pub(super) client_address: Option<SocketAddr>,
    /// No further request is served on this connection.
    pub(super) close_connection: bool,
    /// The `Date` of this second.
    pub(super) date: (u64, String),
    pub(super) take_over: Option<TakeOver>,
    /// The client was refused the body that it waits to send.
    pub(super) refused: bool,
}

/// What a handler does with the stream after 101 or CONNECT.
type TakeOver = Box<dyn FnOnce(AnyStream, Vec<u8>)>;

impl fmt::Debug for BaseHTTPRequestHandler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaseHTTPRequestHandler")
            .field("requestline", &self.requestline())
            .field("client_address", &self.client_address)
            .finish_non_exhaustive()
    }
}

/// The request.
impl<'a> BaseHTTPRequestHandler<'a> {
    pub(crate) fn new(
        connection: Connection,
        handler: &'a dyn Handler,
        server: &'a ServerInfo,
        idle: &'a dyn Idle,
        client_address: Option<SocketAddr>,
    ) -> Self {
        Self {
            connection,
            handler,
            server,
            idle,
            client_address,
            close_connection: true,
            date: (u64::MAX, String::new()),
            take_over: None,
            refused: false,
        }
    }

    fn head(&self) -> &RequestHead {
        self.connection.exchange.request()
    }

    /// The method, for example `GET` (`command`). Its case counts.
    pub fn command(&self) -> &str {
        text(self.head().method())
    }

    /// The target as it came, with its query and its percent-encoding (`path`).
    pub fn path(&self) -> &str {
        text(self.head().target().as_bytes())
    }

    /// The version as it came, for example `HTTP/1.1` (`request_version`).
    pub fn request_version(&self) -> &str {
        let line = self.requestline();
        line.rsplit(' ').next().unwrap_or_default()
    }

    /// The request line without its end (`requestline`); also that of a request which is refused.
    /// Empty where none came whole, or is no text.
    pub fn requestline(&self) -> &str {
        text(self.head().request_line())
    }

    /// The header fields (`headers`).
    pub fn headers(&self) -> &HTTPMessage {
        self.head().headers()
    }

    /// The parsed head: the parts of the target, and the authority that the request is for.
    pub fn request(&self) -> &RequestHead {
        self.head()
    }

    /// The trailer fields, once the body was read to its end.
    pub fn trailers(&self) -> &HTTPMessage {
        self.connection.exchange.decoder().trailers()
    }

    /// The client's address (`client_address`); nothing for Unix sockets and streams without one.
    pub fn client_address(&self) -> Option<SocketAddr> {
        self.client_address
    }

    /// The server that the request came to (`server`).
    pub fn server(&self) -> &ServerInfo {
        self.server
    }

    /// Whether the connection closes behind this exchange (`close_connection`).
    pub fn close_connection(&self) -> bool {
        self.close_connection || self.connection.exchange.close_reason().is_some()
    }

    /// With true, closes the connection behind this exchange, and says so in the response if its
    /// head has not left. With false, leaves it to what client and server say.
    pub fn set_close_connection(&mut self, close: bool) {
        self.close_connection = close;
        if close {
            self.connection.will_close();
        }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(crate) fn connection_ref(&self) -> &Connection {
        &self.connection
    }

    /// Takes the stream over after 101, or after a 2xx to CONNECT: `then` is called with it, and
    /// with the bytes of the new protocol that came already, when the handler has returned and the
    /// head is out, on the connection's thread. Without such a response it is not called.
    pub fn take_over(&mut self, then: impl FnOnce(AnyStream, Vec<u8>) + 'static) {
        self.take_over = Some(Box::new(then));
    }
}

/// Request lines are US-ASCII once they were accepted.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
