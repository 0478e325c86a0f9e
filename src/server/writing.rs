//! The response on its way out: head and small body in one write, larger bodies as they come, files in
//! blocks or by the kernel, all in the framing that the machine has chosen.

use std::fs::File;
use std::io::{self, IoSlice, Read};

use crate::error::{BadResponse, HTTPException, Retry, Step};
use crate::proto::server::{ExchangeState, Piece};
use crate::proto::{CHUNK_END, ChunkHead};
use crate::server::connection::{AnyStream, Connection};
use crate::server::pace::Pace;
use crate::transport::stream::Look;
use crate::transport::timing::Timing;
use crate::transport::wire::{drop_front, stream_error};

/// A body up to this size that is not declared waits for its end, so that it gets a length.
const SMALL_BODY: usize = 8_192;

/// Files are read in blocks of this size; larger ones the kernel may send.
const FILE_BLOCK: usize = 65_000;

/// The most that the kernel sends of a file at once. A slow client is noticed before: the kernel
/// gives up when a few pages have not gone within the time for a write.
#[cfg(all(feature = "sys", target_os = "linux"))]
const KERNEL_BLOCK: usize = 1 << 24;

impl Connection {
    /// Sends an interim response: this one, or that whose head is in the machine. It is no part of the
    /// response, whose time begins later.
    pub(crate) fn write_interim(&mut self, line: Option<&[u8]>) -> Result<(), HTTPException> {
        let mut pace = Pace::new(self.times.write, self.times.least_rate);
        let head = line.unwrap_or(self.exchange.head());
        let written = write_all(&mut self.stream, &mut self.timing, &mut pace, &mut [head]);
        self.note_failure(written)
    }

    /// Takes bytes of the response's body.
    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        if !self.head_ended || self.broken {
            return Err(HTTPException::BadResponse(BadResponse::OutOfTurn));
        }
        let count = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let total = self.outgoing.bytes.saturating_add(count);
        if !self.head_written && self.waits(total) {
            self.outgoing.bytes = total;
            if !self.is_head_request() {
                self.pending.extend_from_slice(data);
            }
            return Ok(());
        }
        self.check_client(total)?;
        self.end_head(None)?;
        self.outgoing.bytes = total;
        self.write_piece(data)
    }

    /// An answer to HEAD writes nothing behind its head, so that no write tells a handler without end
    /// that its client has gone, who has the whole answer: it is looked for once in a block.
    fn check_client(&mut self, total: u64) -> Result<(), HTTPException> {
        let block = u64::try_from(SMALL_BODY).unwrap_or(u64::MAX);
        let is_due = total.checked_div(block) != self.outgoing.bytes.checked_div(block);
        if !is_due || !self.head_written || !self.is_head_request() || self.has_more() {
            return Ok(());
        }
        let gone = match self.stream.look() {
            Ok(seen) => seen == Look::Closed,
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        };
        let error = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.note_failure(match gone {
            true => Err(stream_error(error(), Step::Write, Retry::default())),
            false => Ok(()),
        })
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
        let (stream, timing) = (&mut self.stream, &mut self.timing);
        let written = write_all(stream, timing, &mut self.outgoing, &mut pieces);
        self.pending.clear();
        self.note_failure(written)
    }

    /// Writes so many bytes of a file, from its position on, into a body whose length is declared. If it
    /// ends before, the count of what was declared finds that out.
    pub(crate) fn copy_file(&mut self, mut file: &File, length: u64) -> Result<(), HTTPException> {
        if self.is_head_request() {
            return Ok(());
        }
        let mut left = length;
        #[cfg(all(feature = "sys", target_os = "linux"))]
        self.send_by_kernel(file, &mut left)?;
        let mut block = std::mem::take(&mut self.block);
        let most = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(FILE_BLOCK);
        block.resize(block.len().max(most), 0);
        let copied = self.copy_blocks(&mut file, &mut left, &mut block);
        self.block = block;
        copied
    }

    /// Reads a file that is small enough for one block, before anything is said of it; how many bytes
    /// it really has, up to this length. Nothing of a larger one, or where nothing is to be sent.
    pub(crate) fn read_ahead(
        &mut self,
        mut file: &File,
        length: u64,
    ) -> Result<Option<u64>, HTTPException> {
        let small = usize::try_from(length).ok();
        let small = small.filter(|&length| length <= FILE_BLOCK && !self.is_head_request());
        let Some(length) = small else {
            return Ok(None);
        };
        self.block.resize(self.block.len().max(length), 0);
        let mut count = 0usize;
        while count < length {
            let room = self.block.get_mut(count..length).unwrap_or_default();
            match file.read(room) {
                Ok(0) => break,
                Ok(more) => count = count.saturating_add(more),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(source_error(error)),
            }
        }
        self.ahead = count;
        Ok(u64::try_from(count).ok())
    }

    /// Writes what was read ahead.
    pub(crate) fn write_ahead(&mut self) -> Result<(), HTTPException> {
        let block = std::mem::take(&mut self.block);
        let written = self.write_body(block.get(..self.ahead).unwrap_or_default());
        self.block = block;
        written
    }

    fn copy_blocks(
        &mut self,
        file: &mut impl Read,
        left: &mut u64,
        block: &mut [u8],
    ) -> Result<(), HTTPException> {
        while *left != 0 {
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

    /// Has the kernel send a large file, where body and stream are plain; what is left, it does not.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    fn send_by_kernel(&mut self, file: &File, left: &mut u64) -> Result<(), HTTPException> {
        let large = *left > u64::try_from(FILE_BLOCK).unwrap_or(u64::MAX);
        if !large || self.exchange.declared_length().is_none() {
            return Ok(());
        }
        self.flush()?;
        while *left != 0 {
            let most = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(KERNEL_BLOCK);
            let stream = &mut self.stream;
            let send = |timing: &mut Timing| send_block(stream, timing, file, most);
            let sent = self.outgoing.wait(&mut self.timing, send);
            let count = match self.note_failure(sent)? {
                Some(0) | None => return Ok(()),
                Some(count) => count,
            };
            self.outgoing.add(count);
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            self.exchange.give_count(count)?;
            *left = left.saturating_sub(count);
        }
        Ok(())
    }

    /// Writes the head and what was given so far (`flush_headers`, `wfile.flush`).
    pub(crate) fn flush(&mut self) -> Result<(), HTTPException> {
        if !self.head_ended || self.broken {
            return Ok(());
        }
        self.end_head(None)?;
        // What waits, waits with the head.
        if !self.head_written {
            self.write_piece(&[])?;
        }
        self.flush_stream()
    }

    fn flush_stream(&mut self) -> Result<(), HTTPException> {
        let stream = &mut self.stream;
        let call = |timing: &mut Timing| flush(stream, timing);
        let flushed = self.outgoing.wait(&mut self.timing, call);
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
        self.outgoing.restart();
        self.head_ended = false;
    }

    /// Ends the response: what waits gets its length.
    pub(crate) fn end_response(&mut self) -> Result<(), HTTPException> {
        let length = self.outgoing.bytes;
        self.end_head(Some(length))?;
        // What waits, waits with the head.
        if !self.head_written {
            self.write_piece(&[])?;
        }
        let ended = self.exchange.end_response();
        let rest = self.note_failure(ended)?;
        if !rest.is_empty() {
            let (stream, timing) = (&mut self.stream, &mut self.timing);
            let written = write_all(stream, timing, &mut self.outgoing, &mut [rest]);
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
}

/// Hands over what the stream itself holds back.
fn flush(stream: &mut AnyStream, timing: &mut Timing) -> Result<(), HTTPException> {
    let (step, retry) = (Step::Write, Retry::default());
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                timing.before_write(stream, retry)?;
            }
            Err(error) => return Err(stream_error(error, step, retry)),
        }
    }
}

/// Has the kernel send so much of a file at most; nothing where it does not for this pair.
#[cfg(all(feature = "sys", target_os = "linux"))]
fn send_block(
    stream: &mut AnyStream,
    timing: &mut Timing,
    file: &File,
    most: usize,
) -> Result<Option<usize>, HTTPException> {
    let retry = Retry::default();
    loop {
        timing.before_write(stream, retry)?;
        let Some(socket) = stream.socket() else {
            return Ok(None);
        };
        match crate::transport::sys::send_file(socket, file, most) {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(None),
            Err(error) => return Err(stream_error(error, Step::Write, retry)),
        }
    }
}

/// Writes these pieces one behind the other, in the time that their client has left.
fn write_all(
    stream: &mut AnyStream,
    timing: &mut Timing,
    pace: &mut Pace,
    pieces: &mut [&[u8]],
) -> Result<(), HTTPException> {
    while pieces.iter().any(|piece| !piece.is_empty()) {
        pace.wait(timing, |timing| write_some(stream, timing, pieces))?;
    }
    Ok(())
}

/// Writes once, as much of the pieces as the stream takes.
fn write_some(
    stream: &mut AnyStream,
    timing: &mut Timing,
    pieces: &mut [&[u8]],
) -> Result<(), HTTPException> {
    let (step, retry) = (Step::Write, Retry::default());
    let mut slices = [IoSlice::new(&[]); 5];
    let filled = pieces.iter().filter(|piece| !piece.is_empty());
    let places = slices.iter_mut().zip(filled);
    let count = places
        .map(|(slice, piece)| *slice = IoSlice::new(piece))
        .count();
    timing.before_write(stream, retry)?;
    let written = match slices.get(..count).unwrap_or_default() {
        [one] => stream.write(one),
        several => stream.write_vectored(several),
    };
    match written {
        Ok(0) => return Err(stream_error(io::ErrorKind::WriteZero.into(), step, retry)),
        Ok(count) => drop_front(pieces, count),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(stream_error(error, step, retry)),
    }
    Ok(())
}

/// The failure of a file that was to be sent.
fn source_error(error: io::Error) -> HTTPException {
    HTTPException::io(error, Step::ReadSource, Retry::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::HTTPVersion;
    use crate::server::{Bounds, Times};
    use crate::testing::{Peer, Script};

    /// A file on a file system whose reads a signal can interrupt.
    struct Interrupted<'a> {
        left: &'a [u8],
        interrupts: bool,
    }

    impl Read for Interrupted<'_> {
        fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
            self.interrupts = !self.interrupts;
            if self.interrupts {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.left.read(output)
        }
    }

    /// Fails as a disk does.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    /// What a client gets of a body of 5 bytes, and what came of copying it.
    fn copied(file: &mut impl Read) -> (String, Result<(), HTTPException>) {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let peer = Peer::new([Script::new().send(request)]);
        let (stream, clock) = (Box::new(peer.accept().unwrap()), Box::new(peer.clone()));
        let (times, bounds) = (Times::DEFAULT, Bounds::DEFAULT);
        let mut connection = Connection::new(stream, clock, times, bounds, HTTPVersion::Http11);
        assert!(connection.receive_head(true, || {}).is_ok());
        connection.exchange.send_response(200, "").unwrap();
        connection.head_ended = true;
        let copied = connection.copy_blocks(file, &mut 5, &mut [0; 3]);
        if copied.is_ok() {
            connection.end_response().unwrap();
        }
        (String::from_utf8(peer.received(0)).unwrap(), copied)
    }

    #[test]
    fn a_read_that_is_interrupted_is_made_again() {
        let mut file = Interrupted {
            left: b"hello",
            interrupts: false,
        };
        let (came, copied) = copied(&mut file);
        assert_eq!(came, "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello");
        assert!(copied.is_ok());
    }

    #[test]
    fn a_file_that_fails_ends_the_response() {
        let (came, copied) = copied(&mut Broken);
        assert_eq!(came, "");
        let step = Step::ReadSource;
        assert!(matches!(copied, Err(HTTPException::Io { step: at, .. }) if at == step));
    }
}
