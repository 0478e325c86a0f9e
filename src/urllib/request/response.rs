//! `Response`: what `urlopen` returns, whichever handler it comes from
//! (`http.client.HTTPResponse`, `urllib.response.addinfourl`).

use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::{Mutex, PoisonError};

use crate::client::connect::Connect;
use crate::client::owned::OwnedResponse;
use crate::message::HTTPMessage;

/// An answer: its head, and its body by [`Read`] and [`BufRead`].
///
/// The body of an HTTP response is read from its connection, as [`HTTPResponse`](crate::HTTPResponse) reads it: one that
/// is cut short is an error, with the `HTTPException` in the `io::Error`. Dropped, it closes the
/// connection.
pub struct Response {
    url: String,
    status: u16,
    reason: String,
    headers: HTTPMessage,
    length: Option<u64>,
    /// Never locked: the lock makes a body that one thread at a time may read shareable.
    body: Mutex<Box<dyn BufRead + Send>>,
}

impl Response {
    /// An answer that a handler makes (`addinfourl`). Its length is not known.
    #[must_use]
    pub fn new(
        url: impl Into<String>,
        status: u16,
        headers: HTTPMessage,
        body: impl BufRead + Send + 'static,
    ) -> Self {
        Self {
            url: url.into(),
            status,
            reason: crate::status::responses(status)
                .unwrap_or_default()
                .to_owned(),
            headers,
            length: None,
            body: Mutex::new(Box::new(body)),
        }
    }

    /// With so many bytes announced of the body.
    #[must_use]
    pub fn with_length(self, length: u64) -> Self {
        Self {
            length: Some(length),
            ..self
        }
    }

    /// With this reason phrase.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..self
        }
    }

    pub(super) fn of_connection<C>(url: &str, response: OwnedResponse<'static, C>) -> Self
    where
        C: Connect<Stream: Send> + Send + 'static,
    {
        Self {
            url: url.to_owned(),
            status: response.status(),
            reason: response.reason().into_owned(),
            headers: response.headers().clone(),
            length: response.length(),
            body: Mutex::new(Box::new(response)),
        }
    }

    /// The URL that was answered, with its fragment: after redirects the last one (`url`).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// As [`Self::url`] (`geturl`, deprecated in Python).
    #[must_use]
    pub fn geturl(&self) -> &str {
        self.url()
    }

    /// The status code; 200 where there is no HTTP (`status`).
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// As [`Self::status`] (`code`).
    #[must_use]
    pub fn code(&self) -> u16 {
        self.status
    }

    /// As [`Self::status`] (`getcode`, deprecated in Python).
    #[must_use]
    pub fn getcode(&self) -> u16 {
        self.status
    }

    /// The reason phrase, as it came (`reason`, `msg`).
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The header fields (`headers`).
    #[must_use]
    pub fn headers(&self) -> &HTTPMessage {
        &self.headers
    }

    /// As [`Self::headers`] (`info`, deprecated in Python).
    #[must_use]
    pub fn info(&self) -> &HTTPMessage {
        &self.headers
    }

    /// The bytes that were announced of the body, where they were.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    fn body(&mut self) -> &mut (dyn BufRead + Send) {
        let body = self.body.get_mut();
        &mut **body.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each call is the body's own, which may keep what came before a timeout.
impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body().read(buffer)
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.body().read_to_end(bytes)
    }

    fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        self.body().read_to_string(text)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.body().read_exact(buffer)
    }
}

impl BufRead for Response {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body().fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.body().consume(count);
    }

    fn read_until(&mut self, delimiter: u8, bytes: &mut Vec<u8>) -> io::Result<usize> {
        self.body().read_until(delimiter, bytes)
    }

    fn read_line(&mut self, text: &mut String) -> io::Result<usize> {
        self.body().read_line(text)
    }
}

/// Leaves the URL out, which may have a secret in it, and the fields.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
