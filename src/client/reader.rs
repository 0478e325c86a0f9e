//! A `BufRead` as the source of one response or of a header section, of which no more is taken
//! than that holds.

use std::fmt;
use std::io::{self, BufRead};

use crate::client::incoming::{Incoming, Source};
use crate::error::{
    Counted, End, HTTPException, IncompleteRead, LineKind, Measured, MessagePart, Retry, Step,
};
use crate::message::HTTPMessage;
use crate::proto::{FieldSection, Limits, SectionLimits, Tolerance};
use crate::transport::wire::{Fill, Input, sealed};

/// A reader as the source of a response. A head that does not lie in the reader's buffer in one
/// piece is put together here.
pub struct Reader<R> {
    reader: R,
    /// Bytes of an incomplete head.
    head: Vec<u8>,
    /// How many bytes at the end of `head` the reader still has.
    shared: usize,
    /// How many bytes the reader's buffer is known to hold.
    available: usize,
}

/// How much of a head is put together at once.
const BLOCK: usize = 8_192;

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            head: Vec::new(),
            shared: 0,
            available: 0,
        }
    }

    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    /// What the reader has, filling its buffer if that is empty. Its errors come through as they
    /// are, also those of a reader that is a response itself.
    fn reader_bytes(&mut self, step: Step) -> Result<&[u8], HTTPException> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(reader_error(error, step)),
            }
        }
        let bytes = self.reader.fill_buf();
        bytes.map_err(|error| reader_error(error, step))
    }

    fn fill_head(&mut self) -> Result<Fill, HTTPException> {
        let shared = std::mem::take(&mut self.shared);
        self.reader.consume(shared);
        let bytes = self.reader_bytes(Step::ReadHead)?;
        let block = bytes.get(..BLOCK).unwrap_or(bytes).to_vec();
        if block.is_empty() {
            return Ok(Fill::End(End::Closed));
        }
        self.shared = block.len();
        self.head.extend_from_slice(&block);
        Ok(Fill::Bytes)
    }
}

fn reader_error(error: io::Error, step: Step) -> HTTPException {
    HTTPException::io(error, step, READ_ONLY)
}

/// What a reader's errors say about sending the request again: nothing is known of a request.
const READ_ONLY: Retry = Retry {
    reused: false,
    written: true,
    answered: false,
    idempotent: false,
};

impl<R> sealed::Sealed for Reader<R> {}

impl<R: BufRead> Source for Reader<R> {
    type Input = Self;
    type Owner = Incoming<Self>;

    fn half(owner: &Incoming<Self>) -> &Incoming<Self> {
        owner
    }

    fn half_mut(owner: &mut Incoming<Self>) -> &mut Incoming<Self> {
        owner
    }
}

impl<R: BufRead> Input for Reader<R> {
    fn buffered(&mut self) -> &[u8] {
        if !self.head.is_empty() {
            return &self.head;
        }
        if self.available == 0 {
            return &[];
        }
        // The buffer is not empty, so this reads nothing.
        let bytes = self.reader.fill_buf().unwrap_or_default();
        bytes.get(..self.available).unwrap_or(bytes)
    }

    fn consume(&mut self, count: usize) {
        if self.head.is_empty() {
            self.available = self.available.saturating_sub(count);
            self.reader.consume(count);
            return;
        }
        // What lies before the shared bytes was taken from the reader already.
        let taken = self.head.len().saturating_sub(self.shared);
        self.reader.consume(count.saturating_sub(taken));
        self.head.clear();
        self.shared = 0;
    }

    fn fill(&mut self, step: Step) -> Result<Fill, HTTPException> {
        if step == Step::ReadHead {
            return self.fill_head();
        }
        let count = self.reader_bytes(step)?.len();
        self.available = count;
        Ok(if count == 0 {
            Fill::End(End::Closed)
        } else {
            Fill::Bytes
        })
    }

    fn read_direct(&mut self, output: &mut [u8]) -> Result<(Fill, usize), HTTPException> {
        loop {
            return match self.reader.read(output) {
                Ok(0) => Ok((Fill::End(End::Closed), 0)),
                Ok(count) => Ok((Fill::Bytes, count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(reader_error(error, Step::ReadBody)),
            };
        }
    }

    /// The reader is the caller's.
    fn close(&mut self) {}

    fn exchange_done(&mut self) {}

    /// What follows the message is the caller's.
    fn has_leftover(&mut self) -> bool {
        false
    }

    fn retry(&self) -> Retry {
        READ_ONLY
    }
}

/// Reads a header section, up to and with its empty line (`http.client.parse_headers`).
///
/// ```
/// let mut bytes = &b"Host: example.org\r\n\r\nbody"[..];
/// let headers = stdhttp::parse_headers(&mut bytes)?;
/// assert_eq!(headers.get("host").as_deref(), Some("example.org"));
/// assert_eq!(bytes, b"body");
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
///
/// # Errors
/// `InvalidHeader`, `LineTooLong`, `TooMany`, `TooLarge`; `IncompleteRead` if the reader ends
/// before the empty line; its own errors as `Io`.
pub fn parse_headers(reader: impl BufRead) -> Result<HTTPMessage, HTTPException> {
    parse_headers_with(reader, Limits::DEFAULT, Tolerance::STANDARD)
}

/// As [`parse_headers`], with limits and tolerance of the caller.
///
/// # Errors
/// As [`parse_headers`].
pub fn parse_headers_with(
    reader: impl BufRead,
    limits: Limits,
    tolerance: Tolerance,
) -> Result<HTTPMessage, HTTPException> {
    let section = SectionLimits {
        line: limits.line,
        count: limits.headers,
        size: limits.head,
        line_kind: LineKind::HeaderLine,
        counted: Counted::Headers,
        measured: Measured::Head,
        bare_lf: tolerance.bare_lf,
    };
    let mut source = Reader::new(reader);
    let mut fields = FieldSection::default();
    loop {
        let input = source.buffered();
        if let Some(length) = fields.parse(input, &section, &tolerance)? {
            fields.finish(input, length, &tolerance);
            source.consume(length);
            return Ok(fields.message);
        }
        if let Fill::End(end) = source.fill(Step::ReadHead)? {
            let input = source.buffered();
            if tolerance.early_end_in_head {
                let head = end_early(&mut fields, input, &section, &tolerance);
                let all = input.len();
                source.consume(all);
                return head.map(|()| fields.message);
            }
            return Err(HTTPException::IncompleteRead(IncompleteRead {
                partial: input.get(..256).unwrap_or(input).to_vec(),
                got: u64::try_from(input.len()).unwrap_or(u64::MAX),
                expected: None,
                part: MessagePart::Head,
                end,
            }));
        }
    }
}

/// Ends the section where the reader ends, for [`Tolerance::early_end_in_head`].
fn end_early(
    fields: &mut FieldSection,
    input: &[u8],
    limits: &SectionLimits,
    tolerance: &Tolerance,
) -> Result<(), HTTPException> {
    let mut completed = input.to_vec();
    if input.ends_with(b"\r") {
        completed.push(b'\n');
    }
    loop {
        completed.extend_from_slice(b"\r\n");
        if let Some(length) = fields.parse(&completed, limits, tolerance)? {
            fields.finish(&completed, length, tolerance);
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_bytes() {
        let mut reader = Reader::new(&b"HTTP/1.1"[..]);
        reader.fill_head().unwrap();
        assert_eq!(format!("{reader:?}"), "Reader { .. }");
    }
}
