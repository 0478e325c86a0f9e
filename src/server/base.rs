//! BaseHTTPRequestHandler: the request that is lent to a handler, and everything that a handler
//! calls to answer it (`http.server.BaseHTTPRequestHandler`).
//!
//! Departs from `http.server`: HTTP/1.1 by default and no HTTP/0.9; a response is framed by itself;
//! nothing that could break the head can be sent; `Connection` is read as the list that it is; times
//! in the log are UTC, since `std` knows no other.

use std::fmt;
use std::fs::File;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use crate::dates;
use crate::error::{BadResponse, HTTPException};
use crate::message::HTTPMessage;
use crate::proto::FieldValue;
use crate::proto::server::{ExchangeState, Refusal, RequestHead};
use crate::server::body::{RequestBody, ResponseBody};
use crate::server::connection::{AnyStream, Connection, NoRequest};
use crate::server::handler::Handler;
use crate::server::log::Escaped;
use crate::server::page;
use crate::server::registry::Idle;
use crate::server::serving::ServerInfo;
use crate::status::{HTTPStatus, responses};

/// Known methods: one of them that is not implemented gets 405 where others are.
const KNOWN: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
];

/// A request, and the response to it that is under way.
///
/// It is lent to a [`Handler`] for one request; connection and buffers stay for the next.
pub struct BaseHTTPRequestHandler<'a> {
    connection: Connection,
    handler: &'a dyn Handler,
    server: &'a ServerInfo,
    idle: &'a dyn Idle,
    client_address: Option<SocketAddr>,
    /// No further request is served on this connection.
    close_connection: bool,
    /// The `Date` of this second.
    date: (u64, String),
    take_over: Option<TakeOver>,
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

    /// The request line without its end (`requestline`). Empty where none was understood.
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

    /// The body of the request (`rfile`): it ends where the body ends, chunks are decoded, a body
    /// that is cut short is an error. The first read tells a client to go on that waits for it.
    pub fn rfile(&mut self) -> RequestBody<'_, 'a> {
        RequestBody::new(self)
    }

    /// The body of the response (`wfile`), to be written behind
    /// [`end_headers`](Self::end_headers).
    pub fn wfile(&mut self) -> ResponseBody<'_> {
        ResponseBody::new(&mut self.connection)
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

/// The response.
impl BaseHTTPRequestHandler<'_> {
    /// Begins the response, with `Server` and `Date`, and logs the request (`send_response`). The
    /// reason phrase is the usual one unless it is given.
    ///
    /// # Errors
    /// `BadResponse`: a response was begun already, or status or phrase can't be sent.
    pub fn send_response<'m>(
        &mut self,
        code: u16,
        message: impl Into<Option<&'m str>>,
    ) -> Result<(), HTTPException> {
        self.send_response_only(code, message)?;
        self.log_request(Some(code), None);
        let handler = self.handler;
        match handler.sys_version() {
            "" => self.send_header("Server", handler.server_version())?,
            _ => self.send_header("Server", self.version_string().as_str())?,
        }
        self.refresh_date();
        let Self {
            connection, date, ..
        } = self;
        connection.exchange.send_header("Date", date.1.as_str())
    }

    /// Begins the response with the status line alone (`send_response_only`).
    ///
    /// # Errors
    /// As [`Self::send_response`].
    pub fn send_response_only<'m>(
        &mut self,
        code: u16,
        message: impl Into<Option<&'m str>>,
    ) -> Result<(), HTTPException> {
        let reason = message.into().or(responses(code)).unwrap_or_default();
        self.connection.exchange.send_response(code, reason)
    }

    /// Adds a field to the response (`send_header`): text, bytes or an integer.
    ///
    /// # Errors
    /// `BadResponse` before [`Self::send_response`] and after [`Self::end_headers`];
    /// `InvalidHeaderName`, `InvalidHeaderValue`, `ConflictingHeader`. The response stays as it was.
    pub fn send_header(&mut self, name: &str, value: impl FieldValue) -> Result<(), HTTPException> {
        if self.connection.head_ended {
            return Err(out_of_turn());
        }
        self.connection.exchange.send_header(name, &value)
    }

    /// Ends the fields of the response (`end_headers`). The head leaves with the first bytes of the
    /// body, or when the handler returns: then a body without a declared length has got one.
    ///
    /// # Errors
    /// `BadResponse` before [`Self::send_response`].
    pub fn end_headers(&mut self) -> Result<(), HTTPException> {
        if self.connection.exchange.state() != ExchangeState::Started || self.connection.head_ended
        {
            return Err(out_of_turn());
        }
        self.connection.head_ended = true;
        Ok(())
    }

    /// Sends the head now (`flush_headers`): for a response whose body takes its time. A body
    /// without a declared length is chunked then, or lasts until the connection closes.
    ///
    /// # Errors
    /// `BadResponse`; `Io`, `TimedOut`.
    pub fn flush_headers(&mut self) -> Result<(), HTTPException> {
        self.heed_shutdown();
        self.connection.flush()
    }

    /// Sends an interim response, for example 103 Early Hints (RFC 8297). To HTTP/1.0 clients, who
    /// know none, nothing is sent.
    ///
    /// # Errors
    /// `BadResponse` once the response has begun; `InvalidHeaderName`, `InvalidHeaderValue`; `Io`,
    /// `TimedOut`.
    pub fn send_interim(
        &mut self,
        code: u16,
        fields: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        let reason = responses(code).unwrap_or_default();
        match self.connection.exchange.send_interim(code, reason, fields) {
            Ok(()) => self.connection.write_interim(),
            Err(HTTPException::BadResponse(BadResponse::InterimToHttp10)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Tells a client to go on that waits for it; what [`Handler::handle_expect_100`] does.
    pub(crate) fn send_continue(&mut self) -> Result<(), HTTPException> {
        self.send_interim(100, &[])
    }

    /// What happens before the first byte of the body is read.
    pub(crate) fn before_body(&mut self) -> Result<(), HTTPException> {
        if !self.connection.exchange.expects_continue() || self.connection.has_more() {
            return Ok(());
        }
        let handler = self.handler;
        match handler.handle_expect_100(self) {
            Ok(true) => Ok(()),
            Ok(false) => Err(out_of_turn()),
            Err(error) => Err(error),
        }
    }

    /// Sends a whole response that explains an error, and closes the connection (`send_error`). The
    /// phrase and the explanation are the usual ones unless they are given. A response that was
    /// begun, of which no byte has left, is replaced.
    ///
    /// # Errors
    /// `BadResponse` if bytes of a response have left, or a field is missing which the status needs
    /// (401, 407, 426); `Io`, `TimedOut`.
    pub fn send_error<'m>(
        &mut self,
        code: u16,
        message: impl Into<Option<&'m str>>,
        explain: impl Into<Option<&'m str>>,
    ) -> Result<(), HTTPException> {
        self.send_error_with(code, message.into(), explain.into(), &[])
    }

    /// As [`Self::send_error`], with further fields.
    pub(super) fn send_error_with(
        &mut self,
        code: u16,
        message: Option<&str>,
        explain: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        if self.connection.has_begun() {
            return Err(out_of_turn());
        }
        self.connection.drop_response();
        let (phrase, description) = match HTTPStatus::try_from(code) {
            Ok(status) => (status.phrase(), status.description()),
            Err(_) => ("???", "???"),
        };
        let message = message.unwrap_or(phrase);
        self.log_error(format_args!("code {code}, message {}", Escaped(message)));
        self.send_response(code, message)?;
        self.send_header("Connection", "close")?;
        for (name, value) in fields {
            self.send_header(name, *value)?;
        }
        self.send_page(code, message, explain.unwrap_or(description))
    }

    fn send_page(&mut self, code: u16, message: &str, explain: &str) -> Result<(), HTTPException> {
        if matches!(code, 101 | 204 | 205 | 304) {
            return self.end_headers();
        }
        let handler = self.handler;
        let page = page::fill(handler.error_message_format(), code, message, explain);
        self.send_header("Content-Type", handler.error_content_type())?;
        self.send_header("Content-Length", page.len())?;
        self.end_headers()?;
        self.connection.write_body(page.as_bytes())
    }

    /// Too much to do: 503, and when to ask again (RFC 9110 section 15.6.4).
    pub(crate) fn send_unavailable(&mut self) -> Result<(), HTTPException> {
        self.send_error_with(503, None, None, &[("Retry-After", "3")])
    }

    /// Writes to the body, as [`Self::wfile`] does, with the crate's own error.
    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        self.connection.write_body(data)
    }

    /// Writes so many bytes of a file to the body, from its position on.
    pub(crate) fn copy_file(&mut self, file: &File, length: u64) -> Result<(), HTTPException> {
        self.connection.copy_file(file, length)
    }

    /// The answer to a method that is not implemented: 501, or 405 with `Allow` where the method is
    /// known and others are implemented (RFC 9110 section 9.1).
    ///
    /// # Errors
    /// As [`Self::send_error`].
    pub fn send_unsupported(&mut self) -> Result<(), HTTPException> {
        let command = self.command();
        let methods = self.handler.methods();
        if KNOWN.contains(&command) && !methods.is_empty() {
            let allow = methods.join(", ");
            return self.send_error_with(405, None, None, &[("Allow", &allow)]);
        }
        let message = format!("Unsupported method ('{command}')");
        self.send_error(501, message.as_str(), None)
    }

    pub(crate) fn send_options(&mut self) -> Result<(), HTTPException> {
        let methods = self.handler.methods();
        if methods.is_empty() {
            return self.send_unsupported();
        }
        self.send_response(204, None)?;
        self.send_header("Allow", methods.join(", "))?;
        self.end_headers()
    }
}

/// The log and its parts.
impl BaseHTTPRequestHandler<'_> {
    /// Logs a request that was answered (`log_request`): `"GET / HTTP/1.1" 200 -`.
    pub fn log_request(&self, code: Option<u16>, size: Option<u64>) {
        let line = Escaped(self.requestline());
        match (code, size) {
            (Some(code), Some(size)) => {
                self.log_message(format_args!("\"{line}\" {code} {size}"));
            }
            (Some(code), None) => self.log_message(format_args!("\"{line}\" {code} -")),
            (None, _) => self.log_message(format_args!("\"{line}\" - -")),
        }
    }

    /// Logs an error (`log_error`).
    pub fn log_error(&self, message: fmt::Arguments<'_>) {
        self.log_message(message);
    }

    /// Logs a line, by [`Handler::log_message`] (`log_message`).
    pub fn log_message(&self, message: fmt::Arguments<'_>) {
        self.handler.log_message(self, message);
    }

    /// What the `Server` field says (`version_string`).
    pub fn version_string(&self) -> String {
        let version = [self.handler.server_version(), self.handler.sys_version()];
        version.join(" ").trim_end().to_owned()
    }

    /// A time in the form of the `Date` field; now unless it is given (`date_time_string`).
    pub fn date_time_string(&self, time: impl Into<Option<SystemTime>>) -> String {
        let time = time.into().unwrap_or_else(SystemTime::now);
        dates::formatdate(time).unwrap_or_default()
    }

    /// The present time as it stands in the log, for example `06/Nov/1994 08:49:37`, in UTC
    /// (`log_date_time_string`).
    pub fn log_date_time_string(&self) -> String {
        let date = self.date_time_string(None);
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        let mut words = date.split(' ').skip(1);
        let mut word = || words.next().unwrap_or_default();
        let (day, month, year, time) = (word(), word(), word(), word());
        format!("{day}/{month}/{year} {time}")
    }

    /// The client's address as text, `-` if there is none (`address_string`).
    pub fn address_string(&self) -> impl fmt::Display + use<> {
        Address(self.client_address)
    }

    fn refresh_date(&mut self) {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH);
        let second = second.map(|time| time.as_secs()).unwrap_or_default();
        if self.date.0 != second {
            self.date.0 = second;
            self.date.1.clear();
            // The clock of a machine does not show a year of five digits.
            let _ = dates::write_date(now, &mut self.date.1);
        }
    }
}

/// One connection from its first request to its last.
impl BaseHTTPRequestHandler<'_> {
    /// Serves requests until the connection closes (`handle`).
    pub(crate) fn handle(mut self) {
        let mut served = 0usize;
        loop {
            self.handle_one_request(served);
            served = served.saturating_add(1);
            if self.close_connection() || !self.connection.next_request() {
                break;
            }
        }
        match self.take_over.take() {
            Some(then) if self.connection.is_switched() => {
                let (stream, came) = self.connection.into_stream();
                then(stream, came);
            }
            _ => self.connection.close(),
        }
    }

    /// Serves one request (`handle_one_request`); sets `close_connection` unless another may follow.
    fn handle_one_request(&mut self, served: usize) {
        self.close_connection = true;
        if !self.idle.begins() {
            return;
        }
        let received = self.connection.receive_head(served == 0);
        self.idle.ends();
        match received {
            Ok(()) => {
                let last = served.saturating_add(1) >= self.connection.request_limit();
                self.set_close_connection(last);
                self.answer();
            }
            Err(NoRequest::Ended) => {}
            Err(NoRequest::Refused(refusal)) => self.refuse(&refusal),
            Err(NoRequest::Failed(error)) => {
                self.connection.abort();
                self.log_failure(&error);
            }
        }
    }

    /// Answers a request that is refused; what becomes of the answer is the client's affair.
    fn refuse(&mut self, refusal: &Refusal) {
        let message = refusal.error.to_string();
        let sent = self.send_error(refusal.status, message.as_str(), None);
        if sent.and_then(|()| self.connection.end_response()).is_err() {
            self.connection.abort();
        }
    }

    fn answer(&mut self) {
        if let Err(refusal) = self.connection.exchange.check_expectation() {
            return self.refuse(&refusal);
        }
        let handler = self.handler;
        // What a panic may leave behind of the request is not used again: the connection closes.
        let answered = catch_unwind(AssertUnwindSafe(|| handler.dispatch(self)));
        match answered {
            Ok(Ok(())) => self.end_answer(),
            Ok(Err(error)) => self.answer_failed(&error),
            Err(_) => {
                self.log_error(format_args!("the handler panicked"));
                self.fail();
            }
        }
    }

    /// Ends what the handler left open.
    fn end_answer(&mut self) {
        match self.connection.exchange.state() {
            ExchangeState::Received => {
                self.log_error(format_args!("the handler sent no response"));
                return self.fail();
            }
            ExchangeState::Started => self.connection.head_ended = true,
            _ => {}
        }
        self.heed_shutdown();
        if let Err(error) = self.connection.end_response() {
            return self.answer_failed(&error);
        }
        if !self.close_connection() && !self.connection.drain() {
            self.close_connection = true;
        }
    }

    /// Behind this response a server that is shut down serves no other; the client is told.
    fn heed_shutdown(&mut self) {
        if !self.idle.goes_on() {
            self.set_close_connection(true);
        }
    }

    fn answer_failed(&mut self, error: &HTTPException) {
        self.log_failure(error);
        self.fail();
    }

    fn log_failure(&self, error: &HTTPException) {
        let text = error.to_string();
        self.log_error(format_args!("Request failed: {}", Escaped(&text)));
    }

    /// 500 if no byte of a response has left; else the client must see that something is missing.
    fn fail(&mut self) {
        self.close_connection = true;
        let sent = match self.connection.has_begun() {
            true => Err(out_of_turn()),
            false => self.send_error(500, None, None),
        };
        if sent.and_then(|()| self.connection.end_response()).is_err() {
            self.connection.abort();
        }
    }
}

/// A client's address in the log.
struct Address(Option<SocketAddr>);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => fmt::Display::fmt(&address.ip(), f),
            None => f.write_str("-"),
        }
    }
}

fn out_of_turn() -> HTTPException {
    HTTPException::BadResponse(BadResponse::OutOfTurn)
}

/// Request lines are US-ASCII once they were accepted.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
