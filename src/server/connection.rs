//! One connection of the server: the stream, its buffer and its time, and the machine of `proto`
//! that they drive (RFC 9112 sections 7 to 9).
//!
//! Head and small body of a response leave in one write; larger ones are written as they come, in
//! the framing that the machine has chosen. Nothing is read from the stream but what is asked for.

use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::time::Instant;

use crate::error::{BadResponse, HTTPException, Retry, Step};
use crate::proto::server::{Exchange, ExchangeState, Piece, Received, Refusal};
use crate::proto::{CHUNK_END, ChunkHead, CloseReason, HTTPVersion};
use crate::server::settings::{Bounds, Times};
use crate::transport::buffer::Buffer;
use crate::transport::clock::Clock;
use crate::transport::stream::{Look, Stream};
use crate::transport::timing::Timing;
use crate::transport::wire::{Fill, drop_front, read_once, say_goodbye, stream_error};

/// A body up to this size that is not declared waits for its end, so that it gets a length.
const SMALL_BODY: usize = 8_192;

/// Files are read in blocks of this size; larger ones the kernel may send.
const FILE_BLOCK: usize = 65_000;

/// The most that the kernel sends of a file at once, so that a slow client is noticed.
#[cfg(all(feature = "sys", target_os = "linux"))]
const KERNEL_BLOCK: usize = 1 << 20;

/// The stream of a connection, whatever it is.
pub(crate) type AnyStream = Box<dyn Stream + Send>;

/// A request did not come.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The connection is at its end, between two requests.
    Ended,
    /// The request is refused.
    Refused(Refusal),
    /// The stream failed.
    Failed(HTTPException),
}

/// A connection at the server.
pub(crate) struct Connection {
    stream: AnyStream,
    buffer: Buffer,
    timing: Timing,
    times: Times,
    bounds: Bounds,
    pub(crate) exchange: Exchange,
    /// Of the response's body, what waits for the head.
    pending: Vec<u8>,
    /// Of a file, what is on its way.
    block: Vec<u8>,
    /// Bytes of the response's body that were given.
    given: u64,
    /// The fields of the response are complete.
    pub(crate) head_ended: bool,
    head_written: bool,
    /// The stream failed, or a response was cut short: nothing more may be written.
    broken: bool,
    /// Bytes that came of the request's body.
    received: u64,
    /// Of these, what was shown and not taken.
    shown: usize,
    /// When the first of them was waited for.
    body_since: Option<Instant>,
    /// When the first byte of the response was written.
    response_since: Option<Instant>,
}

impl Connection {
    pub(crate) fn new(
        stream: AnyStream,
        clock: Box<dyn Clock + Send + Sync>,
        times: Times,
        bounds: Bounds,
        version: HTTPVersion,
    ) -> Self {
        let mut exchange = Exchange::new(bounds.limits, bounds.tolerance);
        exchange.set_version(version);
        let mut timing = Timing::default();
        timing.clock = clock;
        timing.write = Some(times.write);
        Self {
            stream,
            buffer: Buffer::default(),
            timing,
            times,
            bounds,
            exchange,
            pending: Vec::new(),
            block: Vec::new(),
            given: 0,
            head_ended: false,
            head_written: false,
            broken: false,
            received: 0,
            shown: 0,
            body_since: None,
            response_since: None,
        }
    }

    // Receiving

    /// Waits for the head of a request. `first` says that none came yet on this connection, which
    /// then has no idle time of its own.
    pub(crate) fn receive_head(&mut self, first: bool) -> Result<(), NoRequest> {
        self.timing.read = Some(if first {
            self.times.head
        } else {
            self.times.idle
        });
        self.timing.ends = None;
        loop {
            let input = self.buffer.bytes();
            if !input.is_empty() {
                let received = self.exchange.receive_head(input);
                if let Received::Head(length) = received.map_err(NoRequest::Refused)? {
                    self.buffer.consume(length);
                    self.request_began();
                    return Ok(());
                }
                self.head_deadline();
            }
            self.fill_head()?;
        }
    }

    /// From the first byte on a head has one point in time at which it must be complete.
    fn head_deadline(&mut self) {
        if self.timing.ends.is_none() {
            self.timing.read = Some(self.times.head);
            self.timing.ends = self.timing.clock.now().checked_add(self.times.head);
        }
    }

    fn fill_head(&mut self) -> Result<(), NoRequest> {
        match self.fill(Step::ReadHead) {
            Ok(Fill::Bytes) => Ok(()),
            Ok(Fill::End(end)) => {
                if self.is_between_requests() {
                    return Err(NoRequest::Ended);
                }
                let refusal = self.exchange.head_ended(self.buffer.bytes(), end);
                Err(NoRequest::Refused(refusal))
            }
            Err(error) if error.is_timeout() && self.is_between_requests() => Err(NoRequest::Ended),
            Err(error) if error.is_timeout() => {
                Err(NoRequest::Refused(self.exchange.refuse(error)))
            }
            Err(error) => Err(NoRequest::Failed(error)),
        }
    }

    /// Whether nothing came but line ends, which may stand before a request.
    fn is_between_requests(&self) -> bool {
        let mut octets = self.buffer.bytes().iter();
        octets.all(|octet| matches!(octet, b'\r' | b'\n'))
    }

    fn request_began(&mut self) {
        self.timing.ends = None;
        self.timing.read = Some(self.times.read);
        self.pending.clear();
        self.given = 0;
        self.head_ended = false;
        self.head_written = false;
        self.received = 0;
        self.shown = 0;
        self.body_since = None;
        self.response_since = None;
    }

    /// Whether bytes of a further request are here already.
    pub(crate) fn has_more(&self) -> bool {
        !self.buffer.bytes().is_empty()
    }

    fn fill(&mut self, step: Step) -> Result<Fill, HTTPException> {
        let room = self.buffer.room();
        let retry = Retry::default();
        let stream = &mut self.stream;
        let (fill, count) = read_once(stream, &mut self.timing, retry, step, room)?;
        self.buffer.filled(count);
        Ok(fill)
    }

    /// Reads bytes of the request's body; 0 is its proven end.
    pub(crate) fn read_body(&mut self, output: &mut [u8]) -> Result<usize, HTTPException> {
        if output.is_empty() {
            return Ok(0);
        }
        loop {
            let decoded = self.exchange.decode(self.buffer.bytes(), output);
            let step = decoded.map_err(|refusal| refusal.error)?;
            self.buffer.consume(step.consumed);
            if step.produced > 0 || self.exchange.decoder().is_complete() {
                return Ok(step.produced);
            }
            self.fill_body()?;
        }
    }

    /// The bytes of the body at hand, at least one unless it is at its end.
    pub(crate) fn body_at_hand(&mut self) -> Result<&[u8], HTTPException> {
        let data = loop {
            let advanced = self.exchange.advance(self.buffer.bytes());
            let step = advanced.map_err(|refusal| refusal.error)?;
            self.buffer.consume(step.framing);
            if step.data > 0 || self.exchange.decoder().is_complete() {
                break step.data;
            }
            self.fill_body()?;
        };
        self.shown = data;
        Ok(self.buffer.bytes().get(..data).unwrap_or_default())
    }

    /// Takes bytes that [`Self::body_at_hand`] showed.
    pub(crate) fn consume_body(&mut self, count: usize) {
        let count = count.min(self.shown);
        self.shown = self.shown.saturating_sub(count);
        self.exchange.take(count);
        self.buffer.consume(count);
    }

    fn fill_body(&mut self) -> Result<(), HTTPException> {
        self.pace_body();
        let before = self.buffer.bytes().len();
        match self.fill(Step::ReadBody)? {
            Fill::Bytes => {
                let came = self.buffer.bytes().len().saturating_sub(before);
                let came = u64::try_from(came).unwrap_or(u64::MAX);
                self.received = self.received.saturating_add(came);
                Ok(())
            }
            Fill::End(end) => {
                let ended = self.exchange.end_of_input(end);
                ended.map_err(|refusal| refusal.error)
            }
        }
    }

    /// A body that dribbles has to be there by the time that the least rate gives it.
    fn pace_body(&mut self) {
        let clock = &self.timing.clock;
        let since = *self.body_since.get_or_insert_with(|| clock.now());
        self.timing.ends = self.times.ends(since, self.times.read, self.received);
    }

    /// And so has a response that is read by dribbles.
    fn pace_response(&mut self) {
        let clock = &self.timing.clock;
        let since = *self.response_since.get_or_insert_with(|| clock.now());
        self.timing.ends = self.times.ends(since, self.times.write, self.given);
    }

    /// Reads what the handler left of the body, within the bound; whether that reached its end.
    pub(crate) fn drain(&mut self) -> bool {
        let mut room = self.bounds.drained;
        while !self.exchange.decoder().is_complete() {
            if self
                .exchange
                .decoder()
                .missing()
                .is_some_and(|left| left > room)
            {
                return false;
            }
            let Ok(bytes) = self.body_at_hand() else {
                return false;
            };
            let count = bytes.len();
            room = room.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
            if room == 0 && count > 0 {
                return false;
            }
            self.consume_body(count);
        }
        true
    }

    // Sending

    /// Sends an interim response, whose head is in the machine.
    pub(crate) fn write_interim(&mut self) -> Result<(), HTTPException> {
        let head = self.exchange.head();
        let written = write_all(&mut self.stream, &mut self.timing, &mut [head]);
        self.note_failure(written)
    }

    /// Takes bytes of the response's body.
    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        if !self.head_ended || self.broken {
            return Err(HTTPException::BadResponse(BadResponse::OutOfTurn));
        }
        let count = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let total = self.given.saturating_add(count);
        if !self.head_written && self.waits(total) {
            self.given = total;
            if !self.is_head_request() {
                self.pending.extend_from_slice(data);
            }
            return Ok(());
        }
        self.end_head(None)?;
        self.given = total;
        self.write_piece(data)
    }

    /// Whether the body is so small, so far, that it can wait for its end. That of an answer to
    /// HEAD is only counted.
    fn waits(&self, total: u64) -> bool {
        let small = u64::try_from(SMALL_BODY).unwrap_or(u64::MAX);
        self.exchange.declared_length().is_none() && (total <= small || self.is_head_request())
    }

    fn is_head_request(&self) -> bool {
        self.exchange.request().method() == b"HEAD"
    }

    /// Ends the head in the machine, once. It is written with the first piece.
    fn end_head(&mut self, length: Option<u64>) -> Result<(), HTTPException> {
        if self.exchange.state() == ExchangeState::Started {
            self.exchange.end_headers(length)?;
        }
        Ok(())
    }

    /// Writes what waits, and a piece of the body behind it.
    fn write_piece(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        self.pace_response();
        let size = self.pending.len().saturating_add(data.len());
        let piece = match size {
            0 => Piece::Nothing,
            _ => self
                .exchange
                .give_count(u64::try_from(size).unwrap_or(u64::MAX))?,
        };
        let head = match self.head_written {
            true => &[][..],
            false => self.exchange.head(),
        };
        let chunk = ChunkHead::new(u64::try_from(size).unwrap_or(u64::MAX));
        let mut pieces: [&[u8]; 5] = match piece {
            Piece::AsIs => [head, &self.pending, data, &[], &[]],
            Piece::Chunk => [head, chunk.as_bytes(), &self.pending, data, CHUNK_END],
            Piece::Nothing => [head, &[], &[], &[], &[]],
        };
        self.head_written = true;
        let written = write_all(&mut self.stream, &mut self.timing, &mut pieces);
        self.pending.clear();
        self.note_failure(written)
    }

    /// Writes so many bytes of a file, from its position on. If it ends before, the count of what was
    /// declared finds that out.
    pub(crate) fn copy_file(&mut self, mut file: &File, length: u64) -> Result<(), HTTPException> {
        if self.is_head_request() {
            return self.count_body(length);
        }
        let mut left = length;
        #[cfg(all(feature = "sys", target_os = "linux"))]
        self.send_by_kernel(file, &mut left)?;
        let mut block = std::mem::take(&mut self.block);
        let most = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(FILE_BLOCK);
        if block.len() < most {
            block.resize(most, 0);
        }
        let copied = self.copy_blocks(&mut file, &mut left, &mut block);
        self.block = block;
        copied
    }

    fn copy_blocks(
        &mut self,
        file: &mut impl Read,
        left: &mut u64,
        block: &mut [u8],
    ) -> Result<(), HTTPException> {
        while *left > 0 {
            let most = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(block.len());
            let room = block.get_mut(..most).unwrap_or_default();
            let count = match file.read(room) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return self.note_failure(Err(source_error(error))),
            };
            self.write_body(block.get(..count).unwrap_or_default())?;
            *left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// Bytes of a body that an answer to HEAD does not have.
    fn count_body(&mut self, count: u64) -> Result<(), HTTPException> {
        if !self.head_ended || self.broken {
            return Err(HTTPException::BadResponse(BadResponse::OutOfTurn));
        }
        self.given = self.given.saturating_add(count);
        Ok(())
    }

    /// Has the kernel send a large file, where body and stream are plain; what is left, it does not.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    fn send_by_kernel(&mut self, file: &File, left: &mut u64) -> Result<(), HTTPException> {
        let large = *left > u64::try_from(FILE_BLOCK).unwrap_or(u64::MAX);
        if !large || self.exchange.declared_length().is_none() {
            return Ok(());
        }
        self.flush()?;
        while *left > 0 {
            self.pace_response();
            self.timing
                .before_write(&mut self.stream, Retry::default())?;
            let Some(socket) = self.stream.socket() else {
                return Ok(());
            };
            let most = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(KERNEL_BLOCK);
            match crate::transport::sys::send_file(socket, file, most) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    let count = u64::try_from(count).unwrap_or(u64::MAX);
                    self.exchange.give_count(count)?;
                    self.given = self.given.saturating_add(count);
                    *left = left.saturating_sub(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
                Err(error) => {
                    let error = stream_error(error, Step::Write, Retry::default());
                    return self.note_failure(Err(error));
                }
            }
        }
        Ok(())
    }

    /// Writes the head and what was given so far (`flush_headers`, `wfile.flush`).
    pub(crate) fn flush(&mut self) -> Result<(), HTTPException> {
        if !self.head_ended || self.broken {
            return Ok(());
        }
        self.end_head(None)?;
        if !self.head_written || !self.pending.is_empty() {
            self.write_piece(&[])?;
        }
        self.flush_stream()
    }

    fn flush_stream(&mut self) -> Result<(), HTTPException> {
        let flushed = self.stream.flush();
        let flushed = flushed.map_err(|error| stream_error(error, Step::Write, Retry::default()));
        self.note_failure(flushed)
    }

    /// Whether a byte of the response may have left.
    pub(crate) fn has_begun(&self) -> bool {
        self.head_written || self.broken
    }

    /// Forgets a response of which no byte has left.
    pub(crate) fn drop_response(&mut self) {
        self.exchange.drop_response();
        self.pending.clear();
        self.given = 0;
        self.head_ended = false;
    }

    /// Ends the response: what waits gets its length.
    pub(crate) fn end_response(&mut self) -> Result<(), HTTPException> {
        let length = self.given;
        self.end_head(Some(length))?;
        if !self.head_written || !self.pending.is_empty() {
            self.write_piece(&[])?;
        }
        let ended = self.exchange.end_response();
        let rest = self.note_failure(ended)?;
        if !rest.is_empty() {
            let written = write_all(&mut self.stream, &mut self.timing, &mut [rest]);
            self.note_failure(written)?;
        }
        self.flush_stream()
    }

    /// After a failure of the stream, or of the count, the client must see that something is
    /// missing.
    fn note_failure<T>(&mut self, result: Result<T, HTTPException>) -> Result<T, HTTPException> {
        if result.is_err() {
            self.abort();
        }
        result
    }

    /// The connection closes behind this exchange, whatever else is said.
    pub(crate) fn will_close(&mut self) {
        self.exchange.set_close_reason(CloseReason::WeClose);
    }

    /// Whether the stream belongs to another protocol, and the head that says so is out.
    pub(crate) fn is_switched(&self) -> bool {
        self.exchange.state() == ExchangeState::Switched && !self.broken
    }

    /// Nothing more is written; the connection closes.
    pub(crate) fn abort(&mut self) {
        self.broken = true;
        self.exchange.abandon_response();
    }

    // Ending

    /// Makes ready for the next request; false if the connection can't carry one.
    pub(crate) fn next_request(&mut self) -> bool {
        !self.broken && self.exchange.next_request().is_ok()
    }

    /// Closes the connection so that the response arrives: our side first, then what the client
    /// still sends is read and dropped for a while, since the system answers unread bytes by a
    /// reset, which makes clients lose the response (RFC 9112 section 9.6).
    pub(crate) fn close(mut self) {
        if self.broken || self.is_switched() {
            return say_goodbye(&mut self.stream);
        }
        let in_doubt = !self.exchange.decoder().is_complete()
            || self.exchange.close_reason() == Some(CloseReason::Failed)
            || self.has_more();
        let unread = in_doubt || matches!(self.stream.look(), Ok(Look::Data));
        if self.stream.shutdown_write().is_ok() && unread {
            self.linger();
        }
    }

    fn linger(&mut self) {
        let mut dropped = [0; 8_192];
        self.timing.ends = self.timing.clock.now().checked_add(self.times.linger);
        self.timing.read = Some(self.times.linger);
        let (timing, retry) = (&mut self.timing, Retry::default());
        while let Ok((Fill::Bytes, _)) = read_once(
            &mut self.stream,
            timing,
            retry,
            Step::ReadBody,
            &mut dropped,
        ) {}
    }

    /// Gives the stream away, with the bytes already read from it.
    pub(crate) fn into_stream(self) -> (AnyStream, Vec<u8>) {
        (self.stream, self.buffer.bytes().to_vec())
    }

    pub(crate) fn request_limit(&self) -> usize {
        self.bounds.requests
    }
}

/// Writes these pieces one behind the other, in as few calls as the stream allows.
fn write_all(
    stream: &mut AnyStream,
    timing: &mut Timing,
    pieces: &mut [&[u8]],
) -> Result<(), HTTPException> {
    let (step, retry) = (Step::Write, Retry::default());
    loop {
        let mut slices = [IoSlice::new(&[]); 5];
        let filled = pieces.iter().filter(|piece| !piece.is_empty());
        let places = slices.iter_mut().zip(filled);
        let count = places
            .map(|(slice, piece)| *slice = IoSlice::new(piece))
            .count();
        timing.before_write(stream, retry)?;
        let written = match slices.get(..count).unwrap_or_default() {
            [] => return Ok(()),
            [one] => stream.write(one),
            several => stream.write_vectored(several),
        };
        match written {
            Ok(0) => return Err(stream_error(io::ErrorKind::WriteZero.into(), step, retry)),
            Ok(count) => drop_front(pieces, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(stream_error(error, step, retry)),
        }
    }
}

/// The failure of a file that was to be sent.
fn source_error(error: io::Error) -> HTTPException {
    HTTPException::Io {
        error,
        step: Step::ReadSource,
        retry: Retry::default(),
    }
}
