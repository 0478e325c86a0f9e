//! Sending: `request`, which frames a body by itself, and `send` for one that the head has declared
//! (`http.client` sections 6.3 to 6.5 of its behaviour; RFC 9110 section 8.6).

use crate::client::body::{Body, Content};
use crate::client::connect::Connect;
use crate::client::connection::{Continue, HTTPConnection};
use crate::client::progress::Upload;
use crate::client::sending::{Encoding, chunk_head};
use crate::client::upload::Piece;
use crate::error::{BodyFault, ConnectionState, HTTPException, ImproperConnectionState, Step};
use crate::proto::client::request::DeclaredBody;
use crate::proto::field_rules::write_trailers;
use crate::proto::{FieldValue, Skip};

impl<C: Connect> HTTPConnection<C> {
    /// Sends a whole request: `putrequest`, the fields, `endheaders` with the body.
    ///
    /// Unless `headers` frames the body itself, a `Content-Length` is added where the length is
    /// known (0 for POST, PUT and PATCH without a body) and `Transfer-Encoding: chunked` where it
    /// is not. `Host` and `Accept-Encoding` in `headers` replace the automatic ones. With
    /// `Expect: 100-continue` the body waits for the answer.
    ///
    /// # Errors
    /// As [`putrequest`](Self::putrequest), [`putheader`](Self::putheader) and
    /// [`endheaders`](Self::endheaders); `UnimplementedFileMode`; `BodyLengthMismatch`; `Io`,
    /// `TimedOut`. Where an answer came before the body was out, or is there when a write fails, it
    /// is `Ok`: [`getresponse`](Self::getresponse) has the answer, whose `request_complete` tells.
    pub fn request<'b>(
        &mut self,
        method: &str,
        target: &str,
        body: impl Into<Body<'b>>,
        headers: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        self.request_with(method, target, body, headers, false)
    }

    /// As [`Self::request`], for names and values of any kind, owned ones too (see [`FieldValue`]).
    ///
    /// With `encode_chunked` the pieces of the body are sent as chunks under a `Transfer-Encoding`
    /// that stands in `headers`. Otherwise such a body goes out as it is.
    ///
    /// ```
    /// # use stdhttp::testing::{Peer, Script};
    /// # use stdhttp::{FieldValue, HTTPConnection, HTTPException};
    /// # let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    /// # let peer = Peer::new([Script::new().expect_head().send(answer).expect_head().send(answer)]);
    /// # let mut conn = HTTPConnection::builder("www.example.org").connector(peer.clone()).build()?;
    /// let owned = vec![("X-Name".to_owned(), "value".to_owned())];
    /// conn.request_with("GET", "/", (), &owned, false)?;
    /// # conn.getresponse()?;
    /// let mixed: [(&str, &dyn FieldValue); 3] = [("X-Text", &"a"), ("X-Number", &42), ("X-Bytes", b"\xe9")];
    /// conn.request_with("GET", "/", (), &mixed, false)?;
    /// # assert!(peer.received(0).ends_with(b"X-Text: a\r\nX-Number: 42\r\nX-Bytes: \xe9\r\n\r\n"));
    /// # Ok::<(), HTTPException>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn request_with<'b, N: AsRef<[u8]>, V: FieldValue>(
        &mut self,
        method: &str,
        target: &str,
        body: impl Into<Body<'b>>,
        headers: &[(N, V)],
        encode_chunked: bool,
    ) -> Result<(), HTTPException> {
        let mut body = body.into();
        let skip = Skip {
            host: is_given(headers, "host"),
            accept_encoding: is_given(headers, "host") || is_given(headers, "accept-encoding"),
        };
        self.putrequest_with(method, target, skip)?;
        let filled = self.put_fields(method, &mut body, headers, encode_chunked);
        match filled {
            Ok(encode) => self.send_head_and_body(body, encode),
            Err(error) => {
                self.incoming.exchange.drop_request();
                Err(error)
            }
        }
    }

    /// `Host` stays the first field (RFC 9110 section 7.2); what is automatic stands before the
    /// caller's own. Returns whether the body is to be encoded.
    fn put_fields<N: AsRef<[u8]>, V: FieldValue>(
        &mut self,
        method: &str,
        body: &mut Body<'_>,
        headers: &[(N, V)],
        encode_chunked: bool,
    ) -> Result<bool, HTTPException> {
        let is_host = |name: &N| name.as_ref().eq_ignore_ascii_case(b"host");
        for (name, value) in headers.iter().filter(|(name, _)| is_host(name)) {
            self.putheader_bytes(name.as_ref(), value)?;
        }
        if is_given(headers, "host") && !is_given(headers, "accept-encoding") {
            self.incoming.exchange.put_accept_encoding();
        }
        let framed = is_given(headers, "content-length") || is_given(headers, "transfer-encoding");
        let encode = match framed {
            true => encode_chunked,
            false => self.frame(method, body)?,
        };
        for (name, value) in headers.iter().filter(|(name, _)| !is_host(name)) {
            self.putheader_bytes(name.as_ref(), value)?;
        }
        Ok(encode)
    }

    /// Adds the automatic framing field; whether the body is to be encoded.
    fn frame(&mut self, method: &str, body: &mut Body<'_>) -> Result<bool, HTTPException> {
        let exchange = &mut self.incoming.exchange;
        if body.is_empty_kind() {
            let defines_content = ["POST", "PUT", "PATCH"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(method));
            if defines_content {
                exchange.put_content_length(0);
            }
            return Ok(false);
        }
        match body.length()? {
            Some(length) => {
                exchange.put_content_length(length);
                Ok(false)
            }
            None if exchange.can_chunk() => {
                exchange.put_chunked();
                Ok(true)
            }
            None => Err(exchange.why_not_chunked()),
        }
    }

    /// Ends the head, then sends it and the body; everything that can be refused is refused
    /// before the first byte.
    pub(crate) fn send_head_and_body(
        &mut self,
        mut body: Body<'_>,
        encode_chunked: bool,
    ) -> Result<(), HTTPException> {
        if self.state() != ConnectionState::RequestStarted {
            return Err(ImproperConnectionState::CannotSendHeader(self.state()).into());
        }
        let encode_chunked = encode_chunked && self.incoming.exchange.can_chunk();
        let checked = self.check_body(&mut body, encode_chunked);
        if let Err(error) = checked {
            self.incoming.exchange.drop_request();
            return Err(error);
        }
        self.incoming.exchange.endheaders()?;
        if let Err(error) = self.open_for_request() {
            self.close();
            return Err(error);
        }
        let encoding = if encode_chunked {
            Encoding::Chunked
        } else {
            Encoding::AsIs
        };
        self.incoming.exchange.writing();
        if self.incoming.exchange.expects_continue() && !body.is_empty_kind() {
            let refused = self.flush_head()? == Upload::Stop;
            if refused || self.await_continue()? == Continue::Refused {
                return Ok(());
            }
        }
        self.send_whole(body, encoding)
    }

    /// The body of `request` ends with it.
    fn send_whole(&mut self, body: Body<'_>, encoding: Encoding) -> Result<(), HTTPException> {
        let whole = !body.is_empty_kind();
        match self.send_body(body, encoding, &mut 0) {
            // What could not be written is not missed: the answer is there.
            Err(error) if self.answered_early && error.is_timeout() && !self.raises() => {}
            sent => drop(sent?),
        }
        if !whole {
            return Ok(());
        }
        let given = self.incoming.exchange.check_given();
        given.map_err(|error| self.upload_failed(error, 0))
    }

    /// Whether a failed write is an error although the peer has answered.
    fn raises(&self) -> bool {
        self.incoming.exchange.tolerance().failed_write_as_error
    }

    /// A body whose length is known must be as long as declared, and bytes that are to go out as
    /// chunks as they are must be chunks.
    fn check_body(&self, body: &mut Body<'_>, encoded: bool) -> Result<(), HTTPException> {
        let exchange = &self.incoming.exchange;
        if body.is_empty_kind() || exchange.tolerance().body_as_given {
            return Ok(());
        }
        match (exchange.declared(), body.length()?) {
            (DeclaredBody::Length(declared), Some(given)) if given != declared => {
                Err(HTTPException::BodyLengthMismatch { declared, given })
            }
            (DeclaredBody::None, Some(1..) | None) => Err(unframed()),
            (DeclaredBody::Length(_), _) if encoded => Err(unframed()),
            (DeclaredBody::Chunked, Some(_)) if !encoded => match &body.content {
                Content::Bytes(bytes) => exchange.check_chunks(bytes),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What is left of the request will not be sent. If it was the stream that failed, an answer
    /// may still be had; if it was the body, the peer would wait for ever for the rest of it.
    pub(super) fn upload_failed(&mut self, error: HTTPException, written: u64) -> HTTPException {
        let retry = self.incoming.source.retry;
        let error = match error {
            HTTPException::TimedOut { step, .. } => HTTPException::TimedOut {
                step,
                written,
                retry,
            },
            HTTPException::Io { error, step, .. } => HTTPException::Io { error, step, retry },
            other => other,
        };
        match error {
            HTTPException::TimedOut { .. }
            | HTTPException::Io {
                step: Step::Write, ..
            } => {
                self.incoming.exchange.abandon_request();
                self.in_doubt = true;
            }
            _ => self.close(),
        }
        error
    }

    /// Writes what is left of the head, with a small body behind it. After a timeout the next
    /// call goes on.
    pub(crate) fn flush_head(&mut self) -> Result<Upload, HTTPException> {
        if !self.incoming.exchange.is_unwritten() {
            return Ok(Upload::GoOn);
        }
        let put = match self.put(Piece::default(), &mut 0) {
            Ok(Upload::GoOn) => self.finish_writing(),
            ended => ended,
        };
        put.map_err(|error| {
            if error.is_timeout() {
                self.in_doubt = true;
                return error;
            }
            self.upload_failed(error, 0)
        })
    }

    /// Sends bytes of a body that the head has declared, now and as they are; connects where
    /// there is no connection. With `Transfer-Encoding: chunked` they must be chunks; see
    /// [`Self::send_chunk`] for data.
    ///
    /// # Errors
    /// `InvalidBody` if the head declared no body or the bytes are no chunks, `BodyLengthMismatch`
    /// if they are more than declared: nothing was written. `NotConnected`. `TimedOut`, which says
    /// how many of the bytes were written: send the rest again. `BodyNotWanted` if the answer is
    /// there and closes the connection: get it with [`getresponse`](Self::getresponse). `Io`.
    pub fn send<'b>(&mut self, data: impl Into<Body<'b>>) -> Result<(), HTTPException> {
        match data.into().content {
            Content::Empty => self.send_slice(&[]),
            Content::Bytes(bytes) => self.send_slice(&bytes),
            Content::File(file) => self.send_stream(Content::Reader(Box::new(file))),
            content => self.send_stream(content),
        }
    }

    /// A piece of the body that is read or iterated; more may follow.
    fn send_stream(&mut self, content: Content<'_>) -> Result<(), HTTPException> {
        self.incoming.exchange.check_body_open()?;
        self.open_if_needed()?;
        let mut written = 0;
        let body = Body { content };
        let sent = self.send_body(body, Encoding::AsIs, &mut written)?;
        check_wanted(sent, written)
    }

    fn send_slice(&mut self, bytes: &[u8]) -> Result<(), HTTPException> {
        self.incoming.exchange.give(bytes)?;
        if let Err(error) = self.open_if_needed() {
            self.incoming.exchange.take_back(bytes.len());
            return Err(error);
        }
        let mut written = 0;
        match self.put_whole(Piece::data(bytes), &mut written) {
            Ok(sent) => check_wanted(sent, written),
            Err(error) => Err(self.send_failed(error, bytes.len(), written)),
        }
    }

    fn put_whole(&mut self, piece: Piece<'_>, written: &mut u64) -> Result<Upload, HTTPException> {
        match self.put(piece, written)? {
            Upload::GoOn => self.finish_writing(),
            Upload::Stop => Ok(Upload::Stop),
        }
    }

    /// After a timeout the rest can be sent; other failures leave only the answer to be had.
    fn send_failed(&mut self, error: HTTPException, given: usize, written: u64) -> HTTPException {
        match error {
            HTTPException::TimedOut { step, .. } => {
                let done = usize::try_from(written).unwrap_or(usize::MAX);
                let exchange = &mut self.incoming.exchange;
                exchange.take_back(given.saturating_sub(done));
                self.in_doubt = true;
                HTTPException::TimedOut {
                    step,
                    written,
                    retry: self.incoming.source.retry,
                }
            }
            other => self.upload_failed(other, written),
        }
    }

    /// Sends data as one chunk, under a `Transfer-Encoding: chunked` that the caller has put.
    /// Nothing is sent for empty data.
    ///
    /// # Errors
    /// `InvalidBody` if the head did not declare it; `BodyNotWanted` as [`send`](Self::send) has it;
    /// `Io`; `TimedOut`, after which the request can't be sent to its end.
    pub fn send_chunk(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        self.incoming.exchange.give_chunk()?;
        if data.is_empty() {
            return Ok(());
        }
        let mut written = 0;
        let head = chunk_head(data);
        match self.put_whole(Piece::chunk(&head, data), &mut written) {
            Ok(sent) => check_wanted(sent, written),
            Err(error) => Err(self.upload_failed(error, written)),
        }
    }

    /// Ends a chunked body, with trailer fields behind it (RFC 9112 section 7.1.2).
    ///
    /// # Errors
    /// `InvalidHeaderName`, `InvalidHeaderValue`, `InvalidBody` for fields that can't be trailers
    /// or if no chunked body is open: nothing was written. `BodyNotWanted`, `Io`, `TimedOut`.
    pub fn send_last_chunk(&mut self, trailers: &[(&str, &str)]) -> Result<(), HTTPException> {
        let mut end = b"0\r\n".to_vec();
        write_trailers(trailers, &mut end)?;
        self.incoming.exchange.give_last_chunk()?;
        match self.put_whole(Piece::framing(&end), &mut 0) {
            Ok(sent) => check_wanted(sent, 0),
            Err(error) => Err(self.upload_failed(error, 0)),
        }
    }
}

/// Who sends a body in steps is told that the rest is not wanted.
fn check_wanted(sent: Upload, written: u64) -> Result<(), HTTPException> {
    match sent {
        Upload::GoOn => Ok(()),
        Upload::Stop => Err(HTTPException::BodyNotWanted { written }),
    }
}

fn unframed() -> HTTPException {
    HTTPException::InvalidBody {
        fault: BodyFault::Unframed,
    }
}

fn is_given<N: AsRef<[u8]>, V>(headers: &[(N, V)], name: &str) -> bool {
    let mut names = headers.iter().map(|(given, _)| given.as_ref());
    names.any(|given| given.eq_ignore_ascii_case(name.as_bytes()))
}
