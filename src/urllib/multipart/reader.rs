//! Reading a form part by part, from any reader.
//!
//! Stricter than RFC 2046: there is no preamble but one line end. What stands behind the last
//! delimiter is not read. A `Content-Transfer-Encoding`, which no form has (RFC 7578 section 4.7),
//! is not decoded; it is in the headers of its part.

use std::fmt;
use std::io::{self, Read};
use std::mem;

use super::boundary;
use super::head::PartHead;
use crate::HTTPMessage;
use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::{scan, steps};

/// Octets that are held at once; the head of a part must fit in.
const ROOM: usize = 16_384;

/// White space that may stand behind a delimiter (RFC 2046 section 5.1.1).
const MAX_PADDING: usize = 64;

/// How much of a form is accepted. The size of the contents is not among it: they are not kept
/// here, and what they come from has its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormLimits {
    /// The most parts: 1,000.
    pub parts: usize,
    /// The most bytes of the head of a part: 8,192. No more than 16,384 in any case.
    pub head: usize,
}

impl Default for FormLimits {
    fn default() -> Self {
        Self {
            parts: 1_000,
            head: 8_192,
        }
    }
}

/// A form that is being read. Errors of the source come out as they are; those of the form are
/// `InvalidData` around a [`ParseError`] whose offset is that in the source, an early end is
/// `UnexpectedEof`. After either of the latter the form is over, and every call fails.
pub struct FormReader<R> {
    source: R,
    limits: FormLimits,
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    /// The unread octets of the buffer.
    start: usize,
    end: usize,
    /// Octets of the source before `start`.
    offset: u64,
    parts: usize,
    /// What came of the head of the next part, and how much of it.
    head: PartHead,
    head_length: usize,
    place: Place,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The first delimiter.
    Start,
    /// The content of a part.
    Content,
    /// The head of a part.
    Head,
    /// Nothing.
    End,
    /// What can't be read.
    Broken(ParseError),
    /// Nothing, too early.
    CutShort,
}

/// A part of a form that is being read. Dropped early, it is skipped by the next call.
pub struct ReceivedPart<'a, R> {
    reader: &'a mut FormReader<R>,
    head: PartHead,
}

impl<R: Read> FormReader<R> {
    /// Reads a form with this boundary.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::Boundary`]: it is none.
    pub fn new(source: R, boundary: &str) -> Result<Self, ParseError> {
        boundary::check(boundary)?;
        Ok(Self {
            source,
            limits: FormLimits::default(),
            delimiter: boundary::delimiter(boundary),
            buffer: vec![0; ROOM],
            start: 0,
            end: 0,
            offset: 0,
            parts: 0,
            head: PartHead::default(),
            head_length: 0,
            place: Place::Start,
        })
    }

    /// Reads a form with the boundary that its `Content-Type` names.
    ///
    /// # Errors
    /// [`ParseError`]: the type is another, [`Part::ContentType`], or [`Part::Boundary`].
    pub fn from_content_type(source: R, content_type: &str) -> Result<Self, ParseError> {
        let mut message = HTTPMessage::new();
        message.append("Content-Type", content_type);
        if message.get_content_type() != "multipart/form-data" {
            return Err(ParseError::new(Part::ContentType, Fault::Unsupported, 0));
        }
        let boundary = message.get_param("boundary", "Content-Type");
        let missing = ParseError::new(Part::Boundary, Fault::Missing, 0);
        Self::new(source, &boundary.ok_or(missing)?.text())
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(mut self, limits: FormLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The next part, behind what is left of the last one; nothing behind the last.
    ///
    /// # Errors
    /// Those of the source; `InvalidData` around a [`ParseError`]: no delimiter at the start, a
    /// head that is none, without a name, or over a limit; `UnexpectedEof`: the form is cut short.
    pub fn next_part(&mut self) -> io::Result<Option<ReceivedPart<'_, R>>> {
        let mut skipped = [0; 1_024];
        while self.read_content(&mut skipped)? > 0 {}
        if self.place == Place::Start {
            self.read_start()?;
        }
        if self.place == Place::End {
            return Ok(None);
        }
        if self.parts >= self.limits.parts {
            let error = ParseError::new(Part::Whole, Fault::TooMuch(self.limits.parts), 0);
            return Err(self.broken(error));
        }
        self.read_head()?;
        self.parts = self.parts.saturating_add(1);
        self.place = Place::Content;
        let head = mem::take(&mut self.head);
        Ok(Some(ReceivedPart { reader: self, head }))
    }

    /// The source, as far as it was not read; a part of the form may be in the reader's buffer.
    pub fn into_inner(self) -> R {
        self.source
    }

    fn data(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(count);
    }

    /// Reads more; an end of the source is one of the form too early, since it is asked only then.
    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = loop {
            match self.source.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if count == 0 {
            self.place = Place::CutShort;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.end = self.end.saturating_add(count);
        Ok(())
    }

    /// The error with its place in the source; the form is over.
    fn broken(&mut self, error: ParseError) -> io::Error {
        let error = error.moved(usize::try_from(self.offset).unwrap_or(usize::MAX));
        self.place = Place::Broken(error);
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    /// The first delimiter, which has no line end before it, or stands behind an empty line.
    fn read_start(&mut self) -> io::Result<()> {
        while self.data().len() < self.delimiter.len() {
            if self.data().starts_with(b"--") && self.data().len() >= self.first_length() {
                break;
            }
            self.fill()?;
        }
        let skipped = if self.data().starts_with(b"\r\n") {
            0
        } else {
            2
        };
        let expected = self.delimiter.get(skipped..).unwrap_or_default();
        if !self.data().starts_with(expected) {
            return Err(self.broken(ParseError::new(Part::Boundary, Fault::Malformed, 0)));
        }
        let length = expected.len();
        match self.behind_delimiter(length)? {
            Some(()) => Ok(()),
            None => Err(self.broken(ParseError::new(Part::Boundary, Fault::Malformed, length))),
        }
    }

    fn first_length(&self) -> usize {
        self.delimiter.len().saturating_sub(2)
    }

    /// Takes a delimiter of so many octets, if what follows it makes it one: two hyphens, or a line
    /// end behind white space.
    fn behind_delimiter(&mut self, length: usize) -> io::Result<Option<()>> {
        loop {
            let rest = self.data().get(length..).unwrap_or_default();
            let padding = rest.iter().take(MAX_PADDING);
            let padding = padding.take_while(|&&octet| scan::is_blank(octet)).count();
            steps::count(padding.saturating_add(2));
            let (place, taken) = match rest.get(padding..).unwrap_or_default() {
                _ if padding == MAX_PADDING => {
                    let fault = Fault::TooMuch(MAX_PADDING);
                    let error = ParseError::new(Part::Boundary, fault, length);
                    return Err(self.broken(error));
                }
                [b'-', b'-', ..] if padding == 0 => (Place::End, 2),
                [b'\r', b'\n', ..] => (Place::Head, padding.saturating_add(2)),
                [b'-'] if padding == 0 => (Place::Start, 0),
                [b'\r'] | [] => (Place::Start, 0),
                _ => return Ok(None),
            };
            if taken > 0 {
                self.place = place;
                self.consume(length.saturating_add(taken));
                return Ok(Some(()));
            }
            self.fill()?;
        }
    }

    /// The lines up to an empty one. What is read stays where the source fails for the moment.
    fn read_head(&mut self) -> io::Result<()> {
        loop {
            let limit = self.limits.head.min(ROOM);
            let line = self.find_line(limit.saturating_sub(self.head_length))?;
            let octets = self.buffer.get(self.start..).unwrap_or_default();
            let read = match octets.get(..line).unwrap_or_default() {
                [] => self.head.finish(),
                octets => self.head.add_line(octets),
            };
            read.map_err(|error| self.broken(error))?;
            let length = line.saturating_add(2);
            self.consume(length);
            self.head_length = self.head_length.saturating_add(length);
            if line == 0 {
                self.head_length = 0;
                return Ok(());
            }
        }
    }

    /// The length of the next line, whose end is CRLF.
    fn find_line(&mut self, limit: usize) -> io::Result<usize> {
        let mut looked_at = 0_usize;
        loop {
            let fresh = self.data().get(looked_at..).unwrap_or_default();
            let found = fresh.windows(2).position(|pair| pair == b"\r\n");
            steps::count(fresh.len());
            let line = found.map(|place| place.saturating_add(looked_at));
            let length = line.unwrap_or(self.data().len());
            if length.saturating_add(2) > limit {
                let error = ParseError::new(Part::Header, Fault::TooMuch(self.limits.head), 0);
                return Err(self.broken(error));
            }
            if let Some(line) = line {
                return Ok(line);
            }
            looked_at = self.data().len().saturating_sub(1);
            self.fill()?;
        }
    }

    /// Reads of the content of the part under way; nothing at its end.
    fn read_content(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.place {
            Place::Broken(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            Place::CutShort => return Err(io::ErrorKind::UnexpectedEof.into()),
            Place::Content if !buf.is_empty() => {}
            _ => return Ok(0),
        }
        loop {
            let content = match boundary::find(self.data(), &self.delimiter) {
                Some(0) if self.data().len() < self.delimiter.len() => 0,
                Some(0) => match self.behind_delimiter(self.delimiter.len())? {
                    Some(()) => return Ok(0),
                    None => 1,
                },
                Some(place) => place,
                None => self.data().len(),
            };
            if content > 0 {
                return Ok(self.take_content(content, buf));
            }
            self.fill()?;
        }
    }

    fn take_content(&mut self, most: usize, buf: &mut [u8]) -> usize {
        let count = most.min(buf.len());
        let from = self.data().get(..count).unwrap_or_default();
        if let Some(to) = buf.get_mut(..count) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        count
    }
}

impl<R> fmt::Debug for FormReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormReader")
            .field("limits", &self.limits)
            .field("offset", &self.offset)
            .field("parts", &self.parts)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl<R> ReceivedPart<'_, R> {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The name of the file, as it was sent: never a path to be opened.
    #[must_use]
    pub fn filename(&self) -> Option<&str> {
        self.head.filename.as_deref()
    }

    /// The header fields of the part.
    #[must_use]
    pub fn headers(&self) -> &HTTPMessage {
        &self.head.headers
    }
}

/// Reads the content. Its end is the end of the part, proven by a delimiter.
impl<R: Read> Read for ReceivedPart<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read_content(buf)
    }
}

impl<R> fmt::Debug for ReceivedPart<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedPart")
            .field("name", &self.head.name)
            .field("filename", &self.head.filename)
            .finish_non_exhaustive()
    }
}
