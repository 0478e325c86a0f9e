//! The connection's end of the stream: reading through one buffer, writing, and the log of both.

use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

use crate::error::{End, HTTPException, Retry, Step, is_timeout};
use crate::transport::buffer::Buffer;
use crate::transport::log::DebugLog;
use crate::transport::stream::{Look, Stream};
use crate::transport::timing::{Patience, Timing};

/// What one attempt to get more bytes brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// At least one byte.
    Bytes,
    /// The stream is at its end.
    End(End),
}

/// What bytes come out of: a connection's stream or a reader. Sealed.
pub trait Input: sealed::Sealed {
    /// The bytes at hand, not yet consumed.
    #[doc(hidden)]
    fn buffered(&mut self) -> &[u8];

    /// Drops bytes from the front of what is at hand.
    #[doc(hidden)]
    fn consume(&mut self, count: usize);

    /// Gets more bytes, behind those at hand.
    #[doc(hidden)]
    fn fill(&mut self, step: Step) -> Result<Fill, HTTPException>;

    /// Reads straight into the caller's memory, past the buffer, which must be empty. `Ok(0)` is
    /// never returned.
    #[doc(hidden)]
    fn read_direct(&mut self, output: &mut [u8]) -> Result<(Fill, usize), HTTPException>;

    /// The exchange is at its end and its connection can't be used again.
    #[doc(hidden)]
    fn close(&mut self);

    /// The exchange is at its end.
    #[doc(hidden)]
    fn exchange_done(&mut self);

    /// Whether bytes came behind the message that belong to nobody.
    #[doc(hidden)]
    fn has_leftover(&mut self) -> bool;

    /// What is known about sending the request again.
    #[doc(hidden)]
    fn retry(&self) -> Retry;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A connection's stream with its buffer and its time.
pub struct Wire<S> {
    stream: Option<S>,
    pub(crate) buffer: Buffer,
    pub(crate) timing: Timing,
    pub(crate) log: DebugLog,
    /// What an error says about sending the request again.
    pub(crate) retry: Retry,
    /// When the last exchange ended, or when the idle connection was last looked at.
    idle_since: Option<Instant>,
    notes_idle: bool,
    /// `Stream::shutdown`, for `Drop`, which knows no trait bound.
    goodbye: fn(&mut S),
}

impl<S> std::fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("connected", &self.stream.is_some())
            .field("buffered", &self.buffer.bytes().len())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> Wire<S> {
    pub(crate) fn new(timing: Timing, notes_idle: bool) -> Self {
        Self {
            stream: None,
            buffer: Buffer::default(),
            timing,
            log: DebugLog::default(),
            retry: Retry::default(),
            idle_since: None,
            notes_idle,
            goodbye: say_goodbye,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Lends the stream, on which timeouts can be set without the connection's knowledge.
    pub(crate) fn stream(&self) -> Option<&S> {
        self.timing.lent.set(true);
        self.stream.as_ref()
    }

    pub(crate) fn stream_mut(&mut self) -> Option<&mut S> {
        self.timing.lent.set(true);
        self.stream.as_mut()
    }

    /// Takes a new stream, and bytes that were read from it already.
    pub(crate) fn open(&mut self, stream: S, leftover: &[u8], connect_ends: Option<Instant>) {
        self.stream = Some(stream);
        self.buffer.clear();
        self.buffer.put(leftover);
        self.timing.renew(connect_ends);
        self.note_idle();
        self.retry = Retry {
            idempotent: self.retry.idempotent,
            ..Retry::default()
        };
    }

    /// Gives the stream away, with the bytes already read from it and without our timeouts.
    pub(crate) fn take(&mut self) -> Option<(S, Vec<u8>)> {
        let bytes = self.buffer.bytes().to_vec();
        self.buffer.clear();
        let mut stream = self.stream.take()?;
        self.timing.lift(&mut stream);
        Some((stream, bytes))
    }

    fn note_idle(&mut self) {
        if self.notes_idle {
            self.idle_since = Some(self.timing.clock.now());
        }
    }

    /// How long the connection has been idle since it was last looked at.
    pub(crate) fn idle_time(&self) -> Duration {
        self.idle_since.map_or(Duration::ZERO, |since| {
            self.timing.clock.now().saturating_duration_since(since)
        })
    }

    /// Whether the idle connection is of use: no end, no data, no error.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let quiet = matches!(self.look(), Some(Ok(Look::Idle | Look::Unknown)));
        self.note_idle();
        quiet
    }

    fn look(&mut self) -> Option<io::Result<Look>> {
        let stream = self.stream.as_mut()?;
        loop {
            match stream.look() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                seen => return Some(seen),
            }
        }
    }

    /// Whether the peer has sent something, where the stream can tell.
    pub(crate) fn has_answer(&mut self) -> bool {
        matches!(self.look(), Some(Ok(Look::Data | Look::Closed) | Err(_)))
    }

    /// Writes some of these pieces, which stand one behind the other, with one call. Nothing if it
    /// was blocked for a while and there is time left.
    pub(crate) fn write_some(
        &mut self,
        pieces: &[&[u8]; 4],
        patience: &mut Patience,
    ) -> Result<Option<usize>, HTTPException> {
        let mut slices = [IoSlice::new(&[]); 4];
        let filled = pieces.iter().filter(|piece| !piece.is_empty());
        let count = (slices.iter_mut().zip(filled))
            .map(|(slice, piece)| *slice = IoSlice::new(piece))
            .count();
        let slices = slices.get(..count).unwrap_or_default();
        let written = self.attempt(patience, |stream, retry| {
            retry.written = true;
            match slices {
                [one] => stream.write(one),
                several => stream.write_vectored(several),
            }
        })?;
        match written {
            Some(0) => {
                let error = io::ErrorKind::WriteZero.into();
                Err(stream_error(error, Step::Write, self.retry))
            }
            written => Ok(written),
        }
    }

    /// Has the kernel send up to `count` bytes of a file. 0 if it can't, or if the file is at its
    /// end: reading it tells which. Nothing if it was blocked for a while and there is time left.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub(crate) fn send_file(
        &mut self,
        file: &std::fs::File,
        count: usize,
        patience: &mut Patience,
    ) -> Result<Option<usize>, HTTPException> {
        let logs = self.log.level > 0;
        self.attempt(patience, |stream, _| {
            let Some(socket) = stream.socket().filter(|_| !logs) else {
                return Ok(0);
            };
            match crate::transport::sys::send_file(socket, file, count) {
                Err(error) if !is_of_the_socket(&error) => Ok(0),
                sent => sent,
            }
        })
    }

    /// Makes a call that writes, within the time for it. Interruptions are tried again; nothing if
    /// it was blocked for a slice of that time only.
    fn attempt(
        &mut self,
        patience: &mut Patience,
        mut call: impl FnMut(&mut S, &mut Retry) -> io::Result<usize>,
    ) -> Result<Option<usize>, HTTPException> {
        let Some(stream) = &mut self.stream else {
            return Err(HTTPException::NotConnected);
        };
        loop {
            let slice = self.timing.before_slice(stream, self.retry, *patience)?;
            let began = slice.map(|slice| (slice, self.timing.clock.now()));
            match call(stream, &mut self.retry) {
                Ok(count) => {
                    patience.waited = Duration::ZERO;
                    return Ok(Some(count));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.timing.is_slice_over(&error, began, patience) => {
                    return Ok(None);
                }
                Err(error) => return Err(stream_error(error, Step::Write, self.retry)),
            }
        }
    }

    /// Hands over what the stream itself may hold back. False if it was blocked for a while and
    /// there is time left.
    pub(crate) fn flush(&mut self, patience: &mut Patience) -> Result<bool, HTTPException> {
        let Some(stream) = &mut self.stream else {
            return Err(HTTPException::NotConnected);
        };
        // The timeout of the last write holds for this too.
        let began = self
            .timing
            .write_slice()
            .map(|slice| (slice, self.timing.clock.now()));
        loop {
            match stream.flush() {
                Ok(()) => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.timing.before_slice(stream, self.retry, *patience)?;
                }
                Err(error) if self.timing.is_slice_over(&error, began, patience) => {
                    self.timing.before_slice(stream, self.retry, *patience)?;
                    return Ok(false);
                }
                Err(error) => return Err(stream_error(error, Step::Write, self.retry)),
            }
        }
    }
}

/// Whether an error of `sendfile` is that of the connection rather than that of the file.
#[cfg(all(feature = "sys", target_os = "linux"))]
fn is_of_the_socket(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock
            | io::ErrorKind::TimedOut
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

/// The exchange is over for us; what becomes of the goodbye is the peer's affair.
pub(crate) fn say_goodbye<S: Stream>(stream: &mut S) {
    let _ = stream.shutdown();
}

/// Drops `count` bytes from the front of the pieces.
pub(crate) fn drop_front(pieces: &mut [&[u8]], count: usize) {
    let mut left = count;
    for piece in pieces {
        let here = left.min(piece.len());
        *piece = piece.get(here..).unwrap_or_default();
        left = left.saturating_sub(here);
    }
}

/// Reads once; interruptions are tried again, ends are told apart.
pub(crate) fn read_once<S: Stream>(
    stream: &mut S,
    timing: &mut Timing,
    retry: Retry,
    step: Step,
    output: &mut [u8],
) -> Result<(Fill, usize), HTTPException> {
    loop {
        timing.before_read(stream, step, retry)?;
        return match stream.read(output) {
            Ok(0) => Ok((Fill::End(End::Closed), 0)),
            Ok(count) => Ok((Fill::Bytes, count)),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::UnexpectedEof => Ok((Fill::End(End::Truncated), 0)),
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => Ok((Fill::End(End::Reset), 0)),
                _ => Err(stream_error(error, step, retry)),
            },
        };
    }
}

impl<S> sealed::Sealed for Wire<S> {}

impl<S: Stream> Input for Wire<S> {
    #[inline]
    fn buffered(&mut self) -> &[u8] {
        self.buffer.bytes()
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        self.buffer.consume(count);
    }

    fn fill(&mut self, step: Step) -> Result<Fill, HTTPException> {
        let Some(stream) = &mut self.stream else {
            return Ok(Fill::End(End::Closed));
        };
        let room = self.buffer.room();
        let (fill, count) = read_once(stream, &mut self.timing, self.retry, step, room)?;
        self.buffer.filled(count);
        self.retry.answered |= count > 0;
        Ok(fill)
    }

    fn read_direct(&mut self, output: &mut [u8]) -> Result<(Fill, usize), HTTPException> {
        let Some(stream) = &mut self.stream else {
            return Ok((Fill::End(End::Closed), 0));
        };
        let step = Step::ReadBody;
        read_once(stream, &mut self.timing, self.retry, step, output)
    }

    fn close(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            say_goodbye(&mut stream);
        }
        self.buffer.clear();
        self.idle_since = None;
    }

    fn exchange_done(&mut self) {
        self.timing.ends = None;
        self.retry.reused = true;
        self.note_idle();
    }

    fn has_leftover(&mut self) -> bool {
        !self.buffer.bytes().is_empty()
    }

    fn retry(&self) -> Retry {
        self.retry
    }
}

impl<S> Drop for Wire<S> {
    /// A stream that is dropped says goodbye first (RFC 9112 section 9.8).
    fn drop(&mut self) {
        if let Some(stream) = &mut self.stream {
            (self.goodbye)(stream);
        }
    }
}

/// The crate's error for a stream's.
pub(crate) fn stream_error(error: io::Error, step: Step, retry: Retry) -> HTTPException {
    if is_timeout(&error) {
        return HTTPException::timed_out(step, retry);
    }
    HTTPException::io(error, step, retry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_bytes() {
        let mut wire = Wire::<std::net::TcpStream>::new(Timing::default(), false);
        wire.buffer.put(b"secret");
        let shown = format!("{wire:?}");
        assert_eq!(shown, "Wire { connected: false, buffered: 6, .. }");
    }
}
