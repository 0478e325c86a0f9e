//! Sending: `request`, `send` and the ways a body goes out (`http.client` sections 6.3 to 6.5 of
//! its behaviour; RFC 9110 section 8.6, RFC 9112 sections 6 and 7).
//!
//! The automatic framing field, the pieces of a body, its count against what was declared, and
//! the look for an early answer.

use std::io::Read;

use crate::client::body::{Body, Content, Pieces};
use crate::client::connection::{Continue, HTTPConnection};
use crate::client::stream::Connect;
use crate::client::wire::Buffer;
use crate::error::{
    BodyFault, ConnectionState, HTTPException, ImproperConnectionState, Retry, Step,
};
use crate::proto::request::{DeclaredBody, write_trailers};
use crate::proto::{CHUNK_END, ChunkHead, LAST_CHUNK, Skip};

/// A body up to this size is copied behind the head, so that both leave in one plain write.
const SMALL_BODY: usize = 8_192;

/// After so many bytes of a body the stream is looked at for an early answer.
const LOOK_INTERVAL: u64 = 1 << 20;

/// How the pieces of a body go out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    AsIs,
    Chunked,
}

/// Whether to go on sending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upload {
    GoOn,
    /// The final response came and closes the connection (RFC 9112 section 9.5).
    Stop,
}

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
    /// [`endheaders`](Self::endheaders); `UnimplementedFileMode`; `BodyLengthMismatch`. After
    /// `Io` an early answer can still be had with [`getresponse`](Self::getresponse).
    pub fn request<'b>(
        &mut self,
        method: &str,
        target: &str,
        body: impl Into<Body<'b>>,
        headers: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        self.request_with(method, target, body, headers, false)
    }

    /// As [`Self::request`]; with `encode_chunked` the pieces of the body are sent as chunks under
    /// a `Transfer-Encoding` that stands in `headers`. Otherwise such a body goes out as it is.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn request_with<'b>(
        &mut self,
        method: &str,
        target: &str,
        body: impl Into<Body<'b>>,
        headers: &[(&str, &str)],
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
    fn put_fields(
        &mut self,
        method: &str,
        body: &mut Body<'_>,
        headers: &[(&str, &str)],
        encode_chunked: bool,
    ) -> Result<bool, HTTPException> {
        let is_host = |name: &str| name.eq_ignore_ascii_case("host");
        for (name, value) in headers.iter().filter(|(name, _)| is_host(name)) {
            self.putheader(name, value)?;
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
            self.putheader(name, value)?;
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
        if self.incoming.exchange.expects_continue() && !body.is_empty_kind() {
            self.flush_head(&mut 0)?;
            if self.await_continue()? == Continue::Refused {
                return Ok(());
            }
        }
        let whole = !body.is_empty_kind();
        self.send_body(body, encoding)?;
        if !whole {
            return Ok(());
        }
        let given = self.incoming.exchange.check_given();
        given.map_err(|error| self.upload_failed(error, 0))
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

    fn send_body(&mut self, body: Body<'_>, encoding: Encoding) -> Result<(), HTTPException> {
        let mut written = 0;
        let sent = match body.content {
            Content::Empty => return self.flush_head(&mut written),
            Content::Bytes(bytes) if bytes.len() <= SMALL_BODY => {
                return self.send_small(&bytes, encoding);
            }
            Content::Bytes(bytes) => self.send_bytes(&bytes, encoding, &mut written),
            Content::File(file) => self.send_file(file, encoding, &mut written),
            Content::Reader(mut reader) => self.send_reader(&mut reader, encoding, &mut written),
            Content::Sized(mut reader, length) => {
                self.send_sized(&mut reader, length, encoding, &mut written)
            }
            Content::Pieces(mut pieces) => self.send_pieces(&mut *pieces, encoding, &mut written),
        };
        sent.map_err(|error| self.upload_failed(error, written))
    }

    /// What is left of the request will not be sent. If it was the stream that failed, an answer
    /// may still be had; if it was the body, the peer would wait for ever for the rest of it.
    fn upload_failed(&mut self, error: HTTPException, written: u64) -> HTTPException {
        let retry = self.incoming.source.retry;
        let error = match error {
            HTTPException::TimedOut { step, .. } => HTTPException::TimedOut { step, written },
            HTTPException::Io { error, step, .. } => HTTPException::Io { error, step, retry },
            other => other,
        };
        match error {
            HTTPException::TimedOut { .. }
            | HTTPException::Io {
                step: Step::Write, ..
            } => {
                self.incoming.exchange.abandon_request();
                self.head_written = usize::MAX;
                self.in_doubt = true;
            }
            _ => self.close(),
        }
        error
    }

    /// A small body is copied behind the head. After a timeout the next call goes on with both.
    fn send_small(&mut self, bytes: &[u8], encoding: Encoding) -> Result<(), HTTPException> {
        let chunk = chunk_head(bytes);
        let (start, end) = match self.enclose(bytes, encoding, &chunk) {
            Ok(enclosure) => enclosure,
            Err(error) => return Err(self.upload_failed(error, 0)),
        };
        let buffer = self.incoming.exchange.head_buffer();
        buffer.extend_from_slice(start);
        buffer.extend_from_slice(bytes);
        buffer.extend_from_slice(end);
        self.flush_head(&mut 0)
    }

    /// Takes note of a whole body; what stands before and behind it.
    fn enclose<'c>(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        chunk: &'c ChunkHead,
    ) -> Result<(&'c [u8], &'c [u8]), HTTPException> {
        let exchange = &mut self.incoming.exchange;
        match (encoding, bytes) {
            (Encoding::AsIs, _) => {
                exchange.give(bytes)?;
                Ok((&[], &[]))
            }
            (Encoding::Chunked, []) => {
                exchange.give_last_chunk()?;
                Ok((&[], LAST_CHUNK))
            }
            (Encoding::Chunked, _) => {
                exchange.give_last_chunk()?;
                Ok((chunk.as_bytes(), b"\r\n0\r\n\r\n"))
            }
        }
    }

    fn send_bytes(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        let chunk = chunk_head(bytes);
        let (start, end) = self.enclose(bytes, encoding, &chunk)?;
        let done = self.head_written;
        let head = self.incoming.exchange.head();
        let rest = head.get(done..).unwrap_or_default();
        self.head_written = usize::MAX;
        let wire = &mut self.incoming.source;
        wire.write_head(head, done, &mut [rest, start, bytes, end], written)?;
        wire.flush()
    }

    /// Writes what is left of the head, with a small body behind it. After a timeout the next
    /// call goes on.
    pub(crate) fn flush_head(&mut self, written: &mut u64) -> Result<(), HTTPException> {
        if self.state() != ConnectionState::RequestSent {
            return Ok(());
        }
        let head = self.incoming.exchange.head();
        let Some(rest) = head
            .get(self.head_written..)
            .filter(|rest| !rest.is_empty())
        else {
            return Ok(());
        };
        let mut count = 0;
        let wire = &mut self.incoming.source;
        let result = wire
            .write_head(head, self.head_written, &mut [rest], &mut count)
            .and_then(|()| wire.flush());
        *written = written.saturating_add(count);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.head_written = self.head_written.saturating_add(count);
        result.inspect_err(|error| {
            self.in_doubt = true;
            if !error.is_timeout() {
                self.incoming.exchange.abandon_request();
                self.head_written = usize::MAX;
            }
        })
    }

    fn send_file(
        &mut self,
        mut file: std::fs::File,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        let DeclaredBody::Length(length) = self.incoming.exchange.declared() else {
            return self.send_reader(&mut file, encoding, written);
        };
        #[cfg(all(feature = "sys", target_os = "linux"))]
        let Some(length) = self.send_by_kernel(&file, length, encoding, written)? else {
            return Ok(());
        };
        self.send_reader(&mut file.take(length), encoding, written)
    }

    /// Has the kernel send the file, as far as it does; returns what is left, or nothing if the
    /// peer does not want the rest.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    fn send_by_kernel(
        &mut self,
        file: &std::fs::File,
        length: u64,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Option<u64>, HTTPException> {
        let mut left = length;
        if encoding == Encoding::Chunked || self.incoming.exchange.tolerance().body_as_given {
            return Ok(Some(left));
        }
        self.flush_head(written)?;
        let mut looked = 0;
        while left > 0 {
            let most = usize::try_from(left.min(LOOK_INTERVAL)).unwrap_or(usize::MAX);
            let count = self.incoming.source.send_file(file, most)?;
            if count == 0 {
                break;
            }
            self.incoming.exchange.give_count(count)?;
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            *written = written.saturating_add(count);
            left = left.saturating_sub(count);
            if self.look_for_answer(*written, &mut looked)? == Upload::Stop {
                return Ok(None);
            }
        }
        Ok(Some(left))
    }

    /// Exactly `length` bytes: a reader that ends early is an error.
    fn send_sized(
        &mut self,
        reader: &mut dyn Read,
        length: u64,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        let mut counted = reader.take(length);
        self.send_reader(&mut counted, encoding, written)?;
        let missing = counted.limit();
        let tolerant = self.incoming.exchange.tolerance().body_as_given;
        if self.answered_early || tolerant || missing == 0 {
            return Ok(());
        }
        Err(HTTPException::BodyLengthMismatch {
            declared: length,
            given: length.saturating_sub(missing),
        })
    }

    /// Blocks, each in one write, until the reader is at its end. The first are smaller, so that a
    /// short body does not cost the memory of a long one.
    fn send_reader(
        &mut self,
        reader: &mut dyn Read,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        self.flush_head(written)?;
        let mut block = std::mem::take(&mut self.block);
        block.resize(self.blocksize.min(Buffer::SIZE).max(block.len()), 0);
        let sent = self.send_blocks(reader, &mut block, encoding, written);
        self.block = block;
        sent
    }

    fn send_blocks(
        &mut self,
        reader: &mut dyn Read,
        block: &mut Vec<u8>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        let mut looked = 0;
        loop {
            let count = read_block(reader, block)?;
            let piece = block.get(..count).unwrap_or_default();
            if count == 0 {
                return self.end_pieces(encoding, written);
            }
            self.send_piece(piece, encoding, written)?;
            if self.look_for_answer(*written, &mut looked)? == Upload::Stop {
                return Ok(());
            }
            if count == block.len() {
                block.resize(self.blocksize, 0);
            }
        }
    }

    fn send_pieces(
        &mut self,
        pieces: &mut dyn Pieces,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        self.flush_head(written)?;
        let mut looked = 0;
        while let Some(piece) = pieces.next_piece() {
            self.send_piece(piece, encoding, written)?;
            if self.look_for_answer(*written, &mut looked)? == Upload::Stop {
                return Ok(());
            }
        }
        self.end_pieces(encoding, written)
    }

    /// One piece of a body; an empty one would end a chunked body and is left out.
    fn send_piece(
        &mut self,
        piece: &[u8],
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<(), HTTPException> {
        if piece.is_empty() {
            return Ok(());
        }
        match encoding {
            Encoding::AsIs => {
                self.incoming.exchange.give(piece)?;
                self.incoming.source.write_all(&mut [piece], written)
            }
            Encoding::Chunked => {
                self.incoming.exchange.give_chunk()?;
                let head = chunk_head(piece);
                let mut pieces = [head.as_bytes(), piece, CHUNK_END];
                self.incoming.source.write_all(&mut pieces, written)
            }
        }
    }

    fn end_pieces(&mut self, encoding: Encoding, written: &mut u64) -> Result<(), HTTPException> {
        if encoding == Encoding::Chunked {
            self.incoming.exchange.give_last_chunk()?;
            let wire = &mut self.incoming.source;
            wire.write_all(&mut [LAST_CHUNK], written)?;
        }
        self.incoming.source.flush()
    }

    /// Looks, once in a while, whether the peer has answered already (RFC 9112 section 9.5). If
    /// it closes the connection the rest of the body is not sent; otherwise it is.
    fn look_for_answer(&mut self, written: u64, looked: &mut u64) -> Result<Upload, HTTPException> {
        let due = written.saturating_sub(*looked) >= LOOK_INTERVAL;
        if !due || self.answered_early {
            return Ok(Upload::GoOn);
        }
        *looked = written;
        if !self.incoming.source.has_answer() {
            return Ok(Upload::GoOn);
        }
        self.answered_early = self.receive_one()?;
        if self.answered_early && self.close_reason().is_some() {
            self.refuse_body();
            return Ok(Upload::Stop);
        }
        Ok(Upload::GoOn)
    }

    /// Sends bytes of a body that the head has declared, now and as they are; connects where
    /// there is no connection. With `Transfer-Encoding: chunked` they must be chunks; see
    /// [`Self::send_chunk`] for data.
    ///
    /// # Errors
    /// `InvalidBody` if the head declared no body or the bytes are no chunks, `BodyLengthMismatch`
    /// if they are more than declared: nothing was written. `NotConnected`. `TimedOut`, which says
    /// how many of the bytes were written: send the rest again. `Io`.
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
        self.send_body(Body { content }, Encoding::AsIs)
    }

    fn send_slice(&mut self, bytes: &[u8]) -> Result<(), HTTPException> {
        self.incoming.exchange.give(bytes)?;
        if let Err(error) = self.open_if_needed().and_then(|()| self.flush_head(&mut 0)) {
            self.incoming.exchange.take_back(bytes.len());
            return Err(error);
        }
        let mut written = 0;
        let wire = &mut self.incoming.source;
        let sent = wire
            .write_all(&mut [bytes], &mut written)
            .and_then(|()| wire.flush());
        sent.map_err(|error| self.send_failed(error, bytes.len(), written))
    }

    /// After a timeout the rest can be sent; other failures leave only the answer to be had.
    fn send_failed(&mut self, error: HTTPException, given: usize, written: u64) -> HTTPException {
        match error {
            HTTPException::TimedOut { step, .. } => {
                let done = usize::try_from(written).unwrap_or(usize::MAX);
                let exchange = &mut self.incoming.exchange;
                exchange.take_back(given.saturating_sub(done));
                self.in_doubt = true;
                HTTPException::TimedOut { step, written }
            }
            other => self.upload_failed(other, written),
        }
    }

    /// Sends data as one chunk, under a `Transfer-Encoding: chunked` that the caller has put.
    /// Nothing is sent for empty data.
    ///
    /// # Errors
    /// `InvalidBody` if the head did not declare it; `Io`; `TimedOut`, after which the request
    /// can't be sent to its end.
    pub fn send_chunk(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        self.incoming.exchange.give_chunk()?;
        let mut written = 0;
        let sent = self
            .flush_head(&mut 0)
            .and_then(|()| self.send_piece(data, Encoding::Chunked, &mut written))
            .and_then(|()| self.incoming.source.flush());
        sent.map_err(|error| self.upload_failed(error, written))
    }

    /// Ends a chunked body, with trailer fields behind it (RFC 9112 section 7.1.2).
    ///
    /// # Errors
    /// `InvalidHeaderName`, `InvalidHeaderValue`, `InvalidBody` for fields that can't be trailers
    /// or if no chunked body is open: nothing was written. `Io`, `TimedOut`.
    pub fn send_last_chunk(&mut self, trailers: &[(&str, &str)]) -> Result<(), HTTPException> {
        let mut end = b"0\r\n".to_vec();
        write_trailers(trailers, &mut end)?;
        self.incoming.exchange.give_last_chunk()?;
        let mut written = 0;
        let sent = self
            .flush_head(&mut 0)
            .and_then(|()| self.incoming.source.write_all(&mut [&end], &mut written))
            .and_then(|()| self.incoming.source.flush());
        sent.map_err(|error| self.upload_failed(error, written))
    }
}

fn unframed() -> HTTPException {
    HTTPException::InvalidBody {
        fault: BodyFault::Unframed,
    }
}

fn chunk_head(data: &[u8]) -> ChunkHead {
    ChunkHead::new(u64::try_from(data.len()).unwrap_or(u64::MAX))
}

/// Fills the block as far as one read does.
fn read_block(reader: &mut dyn Read, block: &mut [u8]) -> Result<usize, HTTPException> {
    loop {
        match reader.read(block) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(HTTPException::Io {
                    error,
                    step: Step::ReadSource,
                    retry: Retry::default(),
                });
            }
        }
    }
}

fn is_given(headers: &[(&str, &str)], name: &str) -> bool {
    headers
        .iter()
        .any(|(given, _)| given.eq_ignore_ascii_case(name))
}
