//! Reading the body of a response: `http.client`'s calls, and those of `std::io`.
//!
//! One rule for all: a call returns less than it was asked for at the end of the body only. What
//! it had collected when time ran out stays in the response, and is the first that the same call,
//! made again, or any other returns. Departs from `http.client`: every read reports a body that is
//! cut short, and reports it again.

use std::io::{self, BufRead, Read};

use crate::client::incoming::{Source, can_go_on};
use crate::client::kept::Kept;
use crate::client::response::HTTPResponse;
use crate::error::{HTTPException, IncompleteRead, Step};
use crate::transport::wire::Input;

/// With so much room left, a body that is collected is not given more for its next read: what
/// comes in small pieces must not double it.
const ENOUGH: usize = 32_000;

/// The room of a `Vec` that has none.
const ROOM: usize = 8_192;

impl<W: Source> HTTPResponse<'_, W> {
    /// Reads body bytes, in Python's shapes or in Rust's:
    ///
    /// * `read(None)`: the whole rest, as a `Vec<u8>` that grows with what arrives;
    /// * `read(200)` or `read(Some(200))`: 200 bytes, fewer only at the end of the body;
    /// * `read(&mut buffer)`: as [`Self::readinto`]. An empty `Vec` is filled up to its capacity, or
    ///   8,192 bytes where it has none.
    ///
    /// # Errors
    /// `IncompleteRead` if the body is cut short and `InvalidChunk` if its chunks are broken, with
    /// what this call had read; `InvalidHeader` of a trailer, `LineTooLong`, `TooLarge`, `TooMany`;
    /// `Io`. After each of these every read reports it again; [`Self::partial`] has what this call
    /// had read. `TimedOut`, which loses nothing: what this call had read is kept, and the same
    /// call, made again, goes on with it.
    pub fn read<A: ReadArgument>(&mut self, into: A) -> Result<A::Output, HTTPException> {
        into.read_from(self)
    }

    /// Reads into a buffer and returns the number of bytes: what is at hand, or else what one
    /// read of the stream brings. 0 is the proven end of the body, or an empty buffer.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn readinto(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException> {
        if self.half().given_up {
            return Ok(0);
        }
        if self.has_kept() {
            return Ok(self.half_mut().kept.read(buffer));
        }
        self.half_mut().readinto(buffer)
    }

    /// Reads up to `limit` bytes with at most one read of the stream; empty at the end.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read1(&mut self, limit: impl Into<Option<usize>>) -> Result<Vec<u8>, HTTPException> {
        let limit = limit.into().unwrap_or(usize::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.peek(limit)?.to_vec();
        self.advance(bytes.len());
        Ok(bytes)
    }

    /// Shows body bytes without taking them: up to `limit` of those at hand, at least one unless
    /// the body is at its end.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn peek(&mut self, limit: impl Into<Option<usize>>) -> Result<&[u8], HTTPException> {
        let limit = limit.into().unwrap_or(usize::MAX);
        let bytes = match (self.half().given_up, self.has_kept()) {
            (true, _) => &[],
            (_, true) => self.half().kept.bytes(),
            _ => self.half_mut().fill_buf()?,
        };
        Ok(bytes.get(..limit).unwrap_or(bytes))
    }

    /// Reads a line with its LF, or `limit` bytes of it; at the end of the body what there is, and
    /// then nothing.
    ///
    /// # Errors
    /// As [`Self::read`]. A line that has not come whole in time is kept, so that a stream of
    /// events can be read with a short timeout.
    pub fn readline(&mut self, limit: impl Into<Option<usize>>) -> Result<Vec<u8>, HTTPException> {
        let mut line = Vec::new();
        match self.collect_line(b'\n', limit.into().unwrap_or(usize::MAX), &mut line) {
            Ok(()) => Ok(line),
            Err(error) => Err(self.keep_line(error, line, b'\n')),
        }
    }

    /// Reads the rest of the body and drops it, if that takes no more than `limit` bytes; returns
    /// whether its end was reached, so that the connection can be used again.
    ///
    /// # Errors
    /// As [`Self::read`]; what was dropped before a timeout does not count again.
    pub fn drain(&mut self, limit: u64) -> Result<bool, HTTPException> {
        let mut left = limit;
        loop {
            let count = self.peek(None)?.len();
            let taken = count.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.advance(taken);
            left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
            if count == 0 || taken < count {
                return Ok(self.is_complete());
            }
        }
    }

    /// What a read had collected and not returned: after a timeout the next read begins with it;
    /// after a failure it is what the error itself has no place for.
    pub fn partial(&self) -> &[u8] {
        self.half().kept.bytes()
    }

    /// Whether there is something to go on with. After a failure reads report it.
    pub(crate) fn has_kept(&self) -> bool {
        !self.half().kept.bytes().is_empty() && !self.exchange().has_failed()
    }

    fn take_kept(&mut self) -> Vec<u8> {
        if !self.has_kept() {
            return Vec::new();
        }
        std::mem::take(&mut self.half_mut().kept).into_bytes()
    }

    /// Takes bytes that were shown.
    fn advance(&mut self, count: usize) {
        if self.has_kept() {
            self.half_mut().kept.drop_front(count);
        } else if !self.half().given_up {
            self.half_mut().consume(count);
        }
    }

    /// Keeps what a call had collected, for the next one, or in the error that ended it.
    fn keep(&mut self, error: HTTPException, partial: Vec<u8>) -> HTTPException {
        match error {
            HTTPException::IncompleteRead(read) => {
                HTTPException::IncompleteRead(IncompleteRead { partial, ..read })
            }
            HTTPException::InvalidChunk { fault, .. } => {
                HTTPException::InvalidChunk { fault, partial }
            }
            other => {
                if !partial.is_empty() {
                    self.half_mut().kept = Kept::new(partial);
                }
                other
            }
        }
    }

    fn keep_line(&mut self, error: HTTPException, line: Vec<u8>, delimiter: u8) -> HTTPException {
        let error = self.keep(error, line);
        self.half_mut().kept.lacks = Some(delimiter);
        error
    }

    /// Appends bytes up to and with the delimiter, `limit` of them at most. Without an error it is
    /// a whole line, `limit` bytes or the end of the body.
    fn collect_line(
        &mut self,
        delimiter: u8,
        limit: usize,
        line: &mut Vec<u8>,
    ) -> Result<(), HTTPException> {
        let kept = self.half().kept.line(delimiter, limit);
        if let Some(count) = kept.filter(|_| self.has_kept()) {
            *line = self.half_mut().kept.take_front(count);
            return Ok(());
        }
        *line = self.take_kept();
        while line.len() < limit {
            let bytes = self.peek(limit.saturating_sub(line.len()))?;
            let end = bytes.iter().position(|&octet| octet == delimiter);
            let count = end.map_or(bytes.len(), |at| at.saturating_add(1));
            line.extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.advance(count);
            if count == 0 || end.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// The whole rest. The storage grows by half of what is there, never by what was announced.
    fn read_rest(&mut self) -> Result<Vec<u8>, HTTPException> {
        let announced = self.length().unwrap_or(u64::MAX);
        let mut body = self.take_kept();
        loop {
            let step = body.len().saturating_div(2).clamp(4_096, 1 << 20);
            let step = usize::try_from(announced).map_or(step, |all| {
                step.max(65_000.min(all)).min(all.saturating_add(1))
            });
            match self.read_more(&mut body, step) {
                Ok(0) => return self.whole(body),
                Ok(_) => {}
                Err(error) => return Err(self.keep(error, body)),
            }
        }
    }

    /// The quiet end that may be forgiven is one of sized reads: of the whole rest nothing may be
    /// missing.
    fn whole(&mut self, body: Vec<u8>) -> Result<Vec<u8>, HTTPException> {
        match self.half_mut().exchange.decode(&[], &mut []) {
            Err(error) if !self.half().given_up => Err(self.keep(error, body)),
            _ => Ok(body),
        }
    }

    /// `limit` bytes, fewer only at the end of the body.
    fn read_up_to(&mut self, limit: usize) -> Result<Vec<u8>, HTTPException> {
        if self.has_kept() && self.partial().len() >= limit {
            return Ok(self.half_mut().kept.take_front(limit));
        }
        let mut body = self.take_kept();
        while body.len() < limit {
            let step = limit.saturating_sub(body.len()).min(65_000);
            match self.read_more(&mut body, step) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(self.keep(error, body)),
            }
        }
        Ok(body)
    }

    /// Appends what one `readinto` of at most `step` bytes brings.
    fn read_more(&mut self, body: &mut Vec<u8>, step: usize) -> Result<usize, HTTPException> {
        let start = body.len();
        let spare = body.capacity().saturating_sub(start);
        if spare < step.min(ENOUGH) && body.try_reserve(step).is_err() {
            let error = io::ErrorKind::OutOfMemory.into();
            let retry = self.half().source.retry();
            return Err(HTTPException::io(error, Step::ReadBody, retry));
        }
        let end = body.capacity().min(start.saturating_add(step));
        body.resize(end, 0);
        let result = self.readinto(body.get_mut(start..).unwrap_or_default());
        body.truncate(start.saturating_add(*result.as_ref().unwrap_or(&0)));
        result
    }
}

/// The calls of `std` that collect keep what came at a timeout too, where those of `std` itself
/// would lose it or its number; so do `lines` and `split`, which call these.
impl<W: Source> Read for HTTPResponse<'_, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.readinto(buffer)?)
    }

    fn read_to_string(&mut self, text: &mut String) -> io::Result<usize> {
        let body = self.read_rest()?;
        push_text(text, &body)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0usize;
        while let Some(rest @ [_, ..]) = buffer.get_mut(done..) {
            match self.readinto(rest) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => done = done.saturating_add(count),
                Err(error) => {
                    let came = buffer.get(..done).unwrap_or_default().to_vec();
                    return Err(self.keep(error, came).into());
                }
            }
        }
        Ok(())
    }
}

impl<W: Source> BufRead for HTTPResponse<'_, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.peek(None)?)
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }

    fn read_until(&mut self, delimiter: u8, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut line = Vec::new();
        let done = self.collect_line(delimiter, usize::MAX, &mut line);
        let goes_on = done.as_ref().is_err_and(can_go_on);
        if !goes_on {
            buffer.extend_from_slice(&line);
        }
        match done {
            Ok(()) => Ok(line.len()),
            Err(error) => Err(self.keep_line(error, line, delimiter).into()),
        }
    }

    fn read_line(&mut self, text: &mut String) -> io::Result<usize> {
        let mut line = Vec::new();
        let done = self.read_until(b'\n', &mut line);
        let pushed = push_text(text, &line);
        done.and(pushed)
    }
}

fn push_text(text: &mut String, bytes: &[u8]) -> io::Result<usize> {
    let more = std::str::from_utf8(bytes);
    let more = more.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    text.push_str(more);
    Ok(more.len())
}

/// What [`HTTPResponse::read`] can be asked for. Sealed.
pub trait ReadArgument: sealed::Sealed {
    /// What comes of it: bytes, or their number.
    type Output;

    #[doc(hidden)]
    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Self::Output, HTTPException>;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for Option<usize> {}
impl ReadArgument for Option<usize> {
    type Output = Vec<u8>;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Vec<u8>, HTTPException> {
        match self {
            Some(limit) => response.read_up_to(limit),
            None => response.read_rest(),
        }
    }
}

impl sealed::Sealed for usize {}
impl ReadArgument for usize {
    type Output = Vec<u8>;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<Vec<u8>, HTTPException> {
        response.read_up_to(self)
    }
}

impl sealed::Sealed for &mut [u8] {}
impl ReadArgument for &mut [u8] {
    type Output = usize;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        response.readinto(self)
    }
}

impl<const N: usize> sealed::Sealed for &mut [u8; N] {}
impl<const N: usize> ReadArgument for &mut [u8; N] {
    type Output = usize;

    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        response.readinto(self)
    }
}

impl sealed::Sealed for &mut Vec<u8> {}
impl ReadArgument for &mut Vec<u8> {
    type Output = usize;

    /// An empty buffer of Rust's has no room, and 0 would look like the end of the body.
    fn read_from<W: Source>(
        self,
        response: &mut HTTPResponse<'_, W>,
    ) -> Result<usize, HTTPException> {
        match (self.len(), self.capacity()) {
            (0, 0) => response.read_more(self, ROOM),
            (0, room) => response.read_more(self, room),
            _ => response.readinto(self),
        }
    }
}
