//! Sending: `request`, `send` and the ways a body goes out (`http.client` sections 6.3 to 6.5 of
//! its behaviour; RFC 9110 section 8.6, RFC 9112 sections 6 and 7).
//!
//! The automatic framing field, the pieces of a body, its count against what was declared, and
//! the look for an early answer.

use std::io::Read;

use crate::client::body::{Body, Content, Pieces, source_error};
use crate::client::connect::Connect;
use crate::client::connection::{Continue, HTTPConnection};
#[cfg(all(feature = "sys", target_os = "linux"))]
use crate::client::upload::{LOOK_INTERVAL, size};
use crate::client::upload::{Piece, Upload};
use crate::error::{BodyFault, ConnectionState, HTTPException, ImproperConnectionState, Step};
use crate::proto::client::request::DeclaredBody;
use crate::proto::field_rules::write_trailers;
use crate::proto::{ChunkHead, LAST_CHUNK, Skip};
use crate::transport::buffer::Buffer;

/// A body up to this size is copied behind the head, so that both leave in one plain write.
const SMALL_BODY: usize = 8_192;

/// How the pieces of a body go out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    AsIs,
    Chunked,
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

    fn send_body(
        &mut self,
        body: Body<'_>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let put = match body.content {
            Content::Empty => return self.flush_head(),
            Content::Bytes(bytes) if bytes.len() <= SMALL_BODY => {
                return self.send_small(&bytes, encoding);
            }
            Content::Bytes(bytes) => self.send_bytes(&bytes, encoding, written),
            Content::File(file) => self.send_file(file, encoding, written),
            Content::Reader(mut reader) => self.send_reader(&mut reader, encoding, written),
            Content::Sized(mut reader, length) => {
                self.send_sized(&mut reader, length, encoding, written)
            }
            Content::Pieces(mut pieces) => self.send_pieces(&mut *pieces, encoding, written),
        };
        let sent = match put {
            Ok(Upload::GoOn) => self.finish_writing(),
            ended => ended,
        };
        sent.map_err(|error| self.upload_failed(error, *written))
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
                self.in_doubt = true;
            }
            _ => self.close(),
        }
        error
    }

    /// A small body is copied behind the head. After a timeout the next call goes on with both.
    fn send_small(&mut self, bytes: &[u8], encoding: Encoding) -> Result<Upload, HTTPException> {
        let chunk = chunk_head(bytes);
        let (start, end) = match self.enclose(bytes, encoding, &chunk) {
            Ok(enclosure) => enclosure,
            Err(error) => return Err(self.upload_failed(error, 0)),
        };
        let buffer = self.incoming.exchange.head_buffer();
        buffer.extend_from_slice(start);
        buffer.extend_from_slice(bytes);
        buffer.extend_from_slice(end);
        self.incoming.exchange.writing();
        self.flush_head()
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
    ) -> Result<Upload, HTTPException> {
        let chunk = chunk_head(bytes);
        let (before, after) = self.enclose(bytes, encoding, &chunk)?;
        let piece = Piece {
            before,
            data: bytes,
            after,
        };
        self.put(piece, written)
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

    fn send_file(
        &mut self,
        mut file: std::fs::File,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let DeclaredBody::Length(length) = self.incoming.exchange.declared() else {
            return self.send_reader(&mut file, encoding, written);
        };
        #[cfg(all(feature = "sys", target_os = "linux"))]
        let Some(length) = self.send_by_kernel(&file, length, encoding, written)? else {
            return Ok(Upload::Stop);
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
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(None);
        }
        let mut patience = self.patience(length);
        while left > 0 {
            let most = usize::try_from(left).map_or(LOOK_INTERVAL, |left| left.min(LOOK_INTERVAL));
            let upload = match self.incoming.source.send_file(file, most, &mut patience) {
                Ok(Some(0)) => break,
                Ok(Some(count)) => {
                    self.incoming.exchange.give_count(count)?;
                    *written = written.saturating_add(size(count));
                    left = left.saturating_sub(size(count));
                    self.note_sent(count)?
                }
                Ok(None) => self.look_for_answer()?,
                Err(error) => self.write_failed(error)?,
            };
            if upload == Upload::Stop {
                return Ok(None);
            }
        }
        Ok(Some(left))
    }

    /// Exactly `length` bytes: a reader that ends early is an error, and what is chunked then has
    /// no end.
    fn send_sized(
        &mut self,
        reader: &mut dyn Read,
        length: u64,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let mut counted = reader.take(length);
        if self.send_blocks(&mut counted, encoding, written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        let missing = counted.limit();
        let tolerant = self.incoming.exchange.tolerance().body_as_given;
        if missing == 0 || tolerant && encoding == Encoding::AsIs {
            return self.end_pieces(encoding);
        }
        Err(HTTPException::BodyLengthMismatch {
            declared: length,
            given: length.saturating_sub(missing),
        })
    }

    fn send_reader(
        &mut self,
        reader: &mut dyn Read,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        match self.send_blocks(reader, encoding, written)? {
            Upload::GoOn => self.end_pieces(encoding),
            Upload::Stop => Ok(Upload::Stop),
        }
    }

    /// Blocks, each in one write, until the reader is at its end.
    fn send_blocks(
        &mut self,
        reader: &mut dyn Read,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        let mut block = std::mem::take(&mut self.block);
        let sent = self.send_each_block(reader, &mut block, encoding, written);
        self.block = block;
        sent
    }

    /// The first blocks are smaller, so that a short body does not cost the memory of a long one.
    fn send_each_block(
        &mut self,
        reader: &mut dyn Read,
        block: &mut Vec<u8>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        block.resize(self.blocksize.min(Buffer::SIZE).max(block.len()), 0);
        loop {
            let count = read_block(reader, block)?;
            let piece = block.get(..count).unwrap_or_default();
            if count == 0 || self.send_piece(piece, encoding, written)? == Upload::Stop {
                return Ok(if count == 0 {
                    Upload::GoOn
                } else {
                    Upload::Stop
                });
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
    ) -> Result<Upload, HTTPException> {
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        while let Some(piece) = pieces.next_piece() {
            let piece = piece.map_err(source_error)?;
            if self.send_piece(piece, encoding, written)? == Upload::Stop {
                return Ok(Upload::Stop);
            }
        }
        self.end_pieces(encoding)
    }

    /// One piece of a body; an empty one would end a chunked body and is left out.
    fn send_piece(
        &mut self,
        data: &[u8],
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        if data.is_empty() {
            return Ok(Upload::GoOn);
        }
        match encoding {
            Encoding::AsIs => {
                self.incoming.exchange.give(data)?;
                self.put(Piece::data(data), written)
            }
            Encoding::Chunked => {
                self.incoming.exchange.give_chunk()?;
                self.put(Piece::chunk(&chunk_head(data), data), written)
            }
        }
    }

    fn end_pieces(&mut self, encoding: Encoding) -> Result<Upload, HTTPException> {
        if encoding == Encoding::AsIs {
            return Ok(Upload::GoOn);
        }
        self.incoming.exchange.give_last_chunk()?;
        self.put(Piece::framing(LAST_CHUNK), &mut 0)
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
                HTTPException::TimedOut { step, written }
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

fn chunk_head(data: &[u8]) -> ChunkHead {
    ChunkHead::new(u64::try_from(data.len()).unwrap_or(u64::MAX))
}

/// Fills the block as far as one read does.
fn read_block(reader: &mut dyn Read, block: &mut [u8]) -> Result<usize, HTTPException> {
    loop {
        match reader.read(block) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(source_error(error)),
        }
    }
}

fn is_given(headers: &[(&str, &str)], name: &str) -> bool {
    headers
        .iter()
        .any(|(given, _)| given.eq_ignore_ascii_case(name))
}
