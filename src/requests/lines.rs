//! The content of a response in pieces and in lines (`iter_content`, `iter_lines`).
//!
//! Departs from `requests`, whose lines depend on where the pieces end: a line ends at LF, with the CR
//! before it if there is one, or at the delimiter of the caller, wherever the pieces end.

use super::error::ExceptionKind;
use super::models::{RequestException, Response};

/// The content in pieces (`Response.iter_content`).
#[derive(Debug)]
pub struct IterContent<'r> {
    response: &'r mut Response,
    chunk_size: Option<usize>,
    /// What is there of the piece that is being read.
    piece: Vec<u8>,
    /// What ends the content, behind the last piece.
    failed: Option<RequestException>,
    ended: bool,
}

/// The most that is read at once.
const BLOCK: usize = 65_536;

impl<'r> IterContent<'r> {
    pub(super) fn new(response: &'r mut Response, chunk_size: Option<usize>) -> Self {
        let failed = response.consumed();
        Self {
            chunk_size: chunk_size.map(|size| size.max(1)),
            piece: Vec::new(),
            ended: failed.is_some(),
            failed,
            response,
        }
    }

    /// Reads until a piece is whole, or the content is at its end.
    fn fill(&mut self) -> Result<(), RequestException> {
        while !self.ended {
            let filled = self.piece.len();
            let missing = self.chunk_size.map(|size| size.saturating_sub(filled));
            let room = missing.unwrap_or(BLOCK).min(BLOCK);
            if room == 0 || (self.chunk_size.is_none() && filled > 0) {
                return Ok(());
            }
            self.piece.resize(filled.saturating_add(room), 0);
            let room = self.piece.get_mut(filled..).unwrap_or_default();
            let read = self.response.read_content(room);
            let count = *read.as_ref().unwrap_or(&0);
            self.piece.truncate(filled.saturating_add(count));
            self.ended = read? == 0;
        }
        Ok(())
    }
}

impl Iterator for IterContent<'_> {
    type Item = Result<Vec<u8>, RequestException>;

    /// After a timeout the next call goes on. What came before another failure is the last piece.
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        match self.fill() {
            Err(error) if error.is_timeout() => return Some(Err(error)),
            Err(error) => {
                self.ended = true;
                if self.piece.is_empty() {
                    return Some(Err(error));
                }
                self.failed = Some(error);
            }
            Ok(()) => {}
        }
        let piece = std::mem::take(&mut self.piece);
        (!piece.is_empty()).then_some(Ok(piece))
    }
}

/// The content in lines, without what ends them (`Response.iter_lines`).
#[derive(Debug)]
pub struct IterLines<'r> {
    response: &'r mut Response,
    /// In place of LF and CR LF.
    delimiter: Option<Vec<u8>>,
    longest: usize,
    buffer: Vec<u8>,
    /// Where the line begins, and up to where it was searched.
    begins: usize,
    searched: usize,
    failed: Option<RequestException>,
    ended: bool,
}

/// The longest line in bytes, unless another is asked for.
const LONGEST: usize = 1 << 20;

impl<'r> IterLines<'r> {
    pub(super) fn new(response: &'r mut Response) -> Self {
        let failed = response.consumed();
        Self {
            delimiter: None,
            longest: LONGEST,
            buffer: Vec::new(),
            begins: 0,
            searched: 0,
            ended: failed.is_some(),
            failed,
            response,
        }
    }

    /// Lines end at these octets instead (`delimiter`). None at all change nothing.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl Into<Vec<u8>>) -> Self {
        self.delimiter = Some(delimiter.into()).filter(|delimiter| !delimiter.is_empty());
        self
    }

    /// The longest line in bytes that is taken. 1 MiB.
    #[must_use]
    pub fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// The line that is whole in the buffer, if one is.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end: &[u8] = self.delimiter.as_deref().unwrap_or(b"\n");
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let found = find(unsearched, end);
        let Some(place) = found.map(|place| self.searched.saturating_add(place)) else {
            let overlap = end.len().saturating_sub(1);
            self.searched = self.buffer.len().saturating_sub(overlap).max(self.begins);
            return None;
        };
        let behind = place.saturating_add(end.len());
        let line = self.buffer.get(self.begins..place).unwrap_or_default();
        let line = match self.delimiter {
            None => line.strip_suffix(b"\r").unwrap_or(line),
            Some(_) => line,
        };
        let line = line.to_vec();
        (self.begins, self.searched) = (behind, behind);
        Some(line)
    }

    /// Reads more; false at the end.
    fn fill(&mut self) -> Result<bool, RequestException> {
        self.buffer.drain(..self.begins.min(self.buffer.len()));
        self.searched = self.searched.saturating_sub(self.begins);
        self.begins = 0;
        if self.buffer.len() > self.longest {
            let limit = u64::try_from(self.longest).unwrap_or(u64::MAX);
            let error = RequestException::from(ExceptionKind::ContentTooLarge { limit });
            return Err(error.of(self.response.request()));
        }
        let mut block = [0; 8_192];
        let count = self.response.read_content(&mut block)?;
        self.buffer
            .extend_from_slice(block.get(..count).unwrap_or_default());
        Ok(count > 0)
    }

    /// What is left when no end of a line follows it.
    fn last_line(&mut self) -> Option<Vec<u8>> {
        self.ended = true;
        let line = std::mem::take(&mut self.buffer);
        (!line.is_empty()).then_some(line)
    }
}

impl Iterator for IterLines<'_> {
    type Item = Result<Vec<u8>, RequestException>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return self.failed.take().map(Err);
        }
        loop {
            if let Some(line) = self.take_line() {
                return Some(Ok(line));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return self.last_line().map(Ok),
                Err(error) => {
                    // What came stays, and the next call goes on with it.
                    self.ended = !error.is_timeout();
                    return Some(Err(error));
                }
            }
        }
    }
}

fn find(octets: &[u8], end: &[u8]) -> Option<usize> {
    match end {
        [octet] => octets.iter().position(|found| found == octet),
        _ => octets.windows(end.len()).position(|found| found == end),
    }
}
