//! What a program overrides: the methods of requests and what a Python handler class has as
//! attributes (`http.server.BaseHTTPRequestHandler`).

use std::fmt;

use crate::error::HTTPException;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::log;

/// A page that explains an error: [`Handler::error_message_format`].
pub const DEFAULT_ERROR_MESSAGE: &str = r#"<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <style type="text/css">
            :root {
                color-scheme: light dark;
            }
        </style>
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %(code)d</p>
        <p>Message: %(message)s.</p>
        <p>Error code explanation: %(code)s - %(explain)s.</p>
    </body>
</html>
"#;

/// The type of [`DEFAULT_ERROR_MESSAGE`].
pub const DEFAULT_ERROR_CONTENT_TYPE: &str = "text/html;charset=utf-8";

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
    /// Those of the handler: 500 answers them if no byte of a response has left. So it is with all
    /// methods.
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
    /// asked for. To refuse, send a final response and return false.
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
