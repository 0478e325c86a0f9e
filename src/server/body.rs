//! The bodies that a handler reads and writes: `rfile` and `wfile`.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use crate::server::base::BaseHTTPRequestHandler;
use crate::server::connection::Connection;

/// The body of a request, as [`BaseHTTPRequestHandler::rfile`] gives it. `Ok(0)` is the proven end;
/// a body that is cut short, broken or too slow is an error that holds the crate's own.
pub struct RequestBody<'r, 'a> {
    request: &'r mut BaseHTTPRequestHandler<'a>,
}

impl<'r, 'a> RequestBody<'r, 'a> {
    pub(crate) fn new(request: &'r mut BaseHTTPRequestHandler<'a>) -> Self {
        Self { request }
    }

    /// Bytes that are still to come, where the request says so. 0 without a body.
    pub fn remaining(&self) -> Option<u64> {
        self.request.connection_ref().exchange.decoder().missing()
    }
}

impl fmt::Debug for RequestBody<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

impl Read for RequestBody<'_, '_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.request.before_body()?;
        Ok(self.request.connection().read_body(output)?)
    }
}

impl BufRead for RequestBody<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.request.before_body()?;
        Ok(self.request.connection().body_at_hand()?)
    }

    fn consume(&mut self, count: usize) {
        self.request.connection().consume_body(count);
    }
}

/// The body of a response, as [`BaseHTTPRequestHandler::wfile`] gives it.
///
/// Bytes beyond a declared `Content-Length` are an error; those of an answer to HEAD are counted and
/// dropped. A short body waits for its end, so that it gets a length; `flush` sends what there is.
pub struct ResponseBody<'r> {
    connection: &'r mut Connection,
}

impl<'r> ResponseBody<'r> {
    pub(crate) fn new(connection: &'r mut Connection) -> Self {
        Self { connection }
    }
}

impl fmt::Debug for ResponseBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

impl Write for ResponseBody<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.connection.write_body(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.connection.flush()?)
    }
}

/// The bodies.
impl<'a> BaseHTTPRequestHandler<'a> {
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
}
