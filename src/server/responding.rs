//! The response to a request: what a handler calls to send it, and the pages that explain errors
//! (`http.server.BaseHTTPRequestHandler`; RFC 9110 sections 9.1 and 15).

use std::fs::File;

use crate::error::{BadResponse, HTTPException};
use crate::proto::FieldValue;
use crate::proto::server::ExchangeState;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::log::Escaped;
use crate::server::page;
use crate::status::{HTTPStatus, responses};

/// Known methods: one of them that is not implemented gets 405 where others are.
const KNOWN: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
];

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
        connection.exchange.send_date(&date.1)
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
    /// `BadResponse` before [`Self::send_response`]; with 101, and 2xx to CONNECT, what reading the
    /// rest of the request's body says, which is dropped.
    pub fn end_headers(&mut self) -> Result<(), HTTPException> {
        if self.connection.exchange.state() != ExchangeState::Started || self.connection.head_ended
        {
            return Err(out_of_turn());
        }
        if self.connection.exchange.would_switch() {
            self.before_body()?;
            if !self.connection.drain() {
                return Err(out_of_turn());
            }
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
        let exchange = &mut self.connection.exchange;
        let sent = match (code, fields) {
            // A body may be asked for behind a response that was begun.
            (100, []) if exchange.state() == ExchangeState::Started => {
                exchange.continue_before_head().map(Some)
            }
            _ => exchange.send_interim(code, reason, fields).map(|()| None),
        };
        match sent {
            Ok(line) => self.connection.write_interim(line),
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
        if self.refused {
            return Err(out_of_turn());
        }
        // Once a final response has left, what the client does is its own affair.
        let told = self.connection.has_more() || self.connection.has_begun();
        if told || !self.connection.exchange.expects_continue() {
            return Ok(());
        }
        let handler = self.handler;
        self.refused = !handler.handle_expect_100(self)?;
        match self.refused {
            true => Err(out_of_turn()),
            false => Ok(()),
        }
    }

    /// Sends a whole response that explains an error, and closes the connection (`send_error`). The
    /// phrase and the explanation are the usual ones unless they are given. A response that was
    /// begun, of which no byte has left, is replaced.
    ///
    /// # Errors
    /// `BadResponse` if bytes of a response have left, or a field is missing which the status needs
    /// (401, 407, 426, and 405 unless [`Handler::methods`](crate::server::Handler::methods) has
    /// something); `Io`, `TimedOut`.
    pub fn send_error<'m>(
        &mut self,
        code: u16,
        message: impl Into<Option<&'m str>>,
        explain: impl Into<Option<&'m str>>,
    ) -> Result<(), HTTPException> {
        let (message, explain) = (message.into(), explain.into());
        match (code, self.handler.methods()) {
            (405, methods @ [_, ..]) => {
                let allow = methods.join(", ");
                self.send_error_with(405, message, explain, &[("Allow", &allow)])
            }
            _ => self.send_error_with(code, message, explain, &[]),
        }
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

    /// Reads a small file before its head is made; its true length.
    pub(crate) fn read_ahead(
        &mut self,
        file: &File,
        length: u64,
    ) -> Result<Option<u64>, HTTPException> {
        self.connection.read_ahead(file, length)
    }

    /// Writes what was read ahead.
    pub(crate) fn write_ahead(&mut self) -> Result<(), HTTPException> {
        self.connection.write_ahead()
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
            return self.send_error(405, None, None);
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

pub(super) fn out_of_turn() -> HTTPException {
    HTTPException::BadResponse(BadResponse::OutOfTurn)
}
