//! The field section: the lines `name: value` of a header section or of trailers, up to the empty
//! line (RFC 9112 section 5, RFC 9110 section 5).
//!
//! The parser notes places in the caller's buffer and never copies while it parses. It can stop
//! at any octet and goes on where it stopped. A fault of a line is reported when the line is
//! complete, limits are checked before everything else: so the outcome is the same however the
//! bytes were cut, and no octet is looked at more than a fixed number of times.

use crate::error::{Counted, Excerpt, HTTPException, LineKind, Measured};
use crate::message::{Field, HTTPMessage, Span};
use crate::proto::framing::FramingFields;
use crate::proto::limits::{Forgiven, ForgivenSet, Tolerance};
use crate::proto::scan;

/// The limits that govern one section, and the names they have in errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SectionLimits {
    /// Bytes of a line, its end included.
    pub(crate) line: usize,
    /// Lines.
    pub(crate) count: usize,
    /// Bytes up to here, from the start of the buffer, the empty line included.
    pub(crate) size: usize,
    pub(crate) line_kind: LineKind,
    pub(crate) counted: Counted,
    pub(crate) measured: Measured,
    /// A lone LF ends a line.
    pub(crate) bare_lf: bool,
}

/// A field section while it is parsed, and afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldSection {
    /// The fields, as places in the buffer until `finish` copies it.
    pub(crate) message: HTTPMessage,
    pub(crate) framing: FramingFields,
    pub(crate) forgiven: ForgivenSet,
    /// Where the next line begins.
    position: usize,
    /// No LF stands between `position` and here.
    searched: usize,
    lines: usize,
    folded: bool,
    /// Where the last line that was skipped ends.
    skipped_to: Option<usize>,
}

/// What stands at the start of a line.
enum Line {
    /// A field, or something that was forgiven; go on behind it.
    Consumed,
    /// The empty line; the section ends behind it.
    End,
    /// The line is not complete.
    Partial,
}

/// What became of a complete line.
#[derive(PartialEq, Eq)]
enum Content {
    /// A field, or the continuation of one.
    Taken,
    /// It is no field, which is tolerated.
    Skipped,
}

/// A line that is a field as nearly all are: its name, its value, and what follows the line.
type RegularField<'a> = (&'a [u8], &'a [u8], &'a [u8]);

impl FieldSection {
    /// Forgets what it holds, keeps the storage.
    pub(crate) fn restart(&mut self) {
        self.message.clear();
        self.framing = FramingFields::default();
        self.forgiven = ForgivenSet::default();
        self.folded = false;
        self.skipped_to = None;
        self.begin(0);
    }

    /// Will begin at `position` of the buffer.
    pub(crate) fn begin(&mut self, position: usize) {
        self.position = position;
        self.searched = position;
        self.lines = 0;
    }

    /// Parses on. `input` is the buffer from its first octet, with more at its end than last
    /// time. Returns the length of the section's last line end from the start of the buffer, or
    /// nothing if more is needed.
    #[inline]
    pub(crate) fn parse(
        &mut self,
        input: &[u8],
        limits: &SectionLimits,
        tolerance: &Tolerance,
    ) -> Result<Option<usize>, HTTPException> {
        loop {
            if self.may_be_regular(input) {
                self.regular_fields(self.window(input, limits), limits.count);
            }
            let rest = input.get(self.position..).unwrap_or_default();
            if rest.starts_with(b"\r\n") && self.position.saturating_add(2) <= limits.size {
                self.advance(2);
                return Ok(Some(self.position));
            }
            match self.irregular_line(rest, limits, tolerance)? {
                Line::Consumed => {}
                Line::End => return Ok(Some(self.position)),
                Line::Partial => return Ok(None),
            }
        }
    }

    /// Of a line that was incomplete at the last call only what is new is looked at, so that a
    /// line in many pieces takes no more work than in one; and a continuation is no field.
    fn may_be_regular(&self, input: &[u8]) -> bool {
        let first = input.get(self.position);
        self.searched == self.position && !first.is_some_and(|&octet| scan::is_blank(octet))
    }

    /// The part of the input in which every line is within the limits.
    fn window<'a>(&self, input: &'a [u8], limits: &SectionLimits) -> &'a [u8] {
        let longest = self.position.saturating_add(limits.line);
        let end = longest.min(limits.size).min(Span::END);
        input.get(..end).unwrap_or(input)
    }

    /// Takes the regular fields that come next, while there are no more than `count` lines.
    ///
    /// A function of its own, for the sake of the registers in its loop.
    #[inline(never)]
    fn regular_fields(&mut self, window: &[u8], count: usize) {
        let input = window.get(self.position..).unwrap_or_default();
        let before = self.message.len();
        let full = before.saturating_add(count.saturating_sub(self.lines));
        let mut rest = input;
        while let Some((name, value, after)) = regular_field(rest) {
            if self.message.len() >= full {
                break;
            }
            let start = window.len().wrapping_sub(rest.len());
            self.message.push_line(start, name.len(), value.len());
            self.framing.note(name, value);
            rest = after;
        }
        let taken = self.message.len().wrapping_sub(before);
        self.lines = self.lines.wrapping_add(taken);
        self.advance(input.len().wrapping_sub(rest.len()));
    }

    /// Ends the section: copies the buffer's first `length` octets, to which the fields refer.
    #[inline]
    pub(crate) fn finish(&mut self, input: &[u8], length: usize, tolerance: &Tolerance) {
        self.message
            .fill_block(input.get(..length).unwrap_or_default());
        if self.folded {
            if !tolerance.keep_folds {
                self.message.unfold();
            }
            self.framing = FramingFields::of(&self.message);
        }
    }

    fn advance(&mut self, length: usize) {
        self.position = self.position.saturating_add(length);
        self.searched = self.position;
    }

    /// Everything but a regular field and the empty line: a field that is written otherwise, a
    /// line that is not complete, one beyond a limit, one that ends in a lone LF, a folded or a
    /// broken one.
    #[cold]
    fn irregular_line(
        &mut self,
        rest: &[u8],
        limits: &SectionLimits,
        tolerance: &Tolerance,
    ) -> Result<Line, HTTPException> {
        let Some(length) = self.line_length(rest, limits)? else {
            return Ok(Line::Partial);
        };
        let line = rest.get(..length).unwrap_or_default();
        let (content, bare) = content_of(line);
        if bare && !limits.bare_lf {
            return Err(self.invalid(content));
        }
        if bare {
            self.forgiven.insert(bare_lf_fault(limits.line_kind));
        }
        if content.is_empty() {
            self.advance(length);
            return Ok(Line::End);
        }
        if self.lines >= limits.count {
            return Err(HTTPException::TooMany {
                what: limits.counted,
                limit: limits.count,
            });
        }
        let taken = self.content_line(content, tolerance)?;
        self.advance(length);
        if taken == Content::Skipped {
            self.forgiven.insert(Forgiven::MalformedField);
            self.skipped_to = Some(self.position);
        }
        self.lines = self.lines.saturating_add(1);
        Ok(Line::Consumed)
    }

    /// The length of the line, its end included, once that has come; errors for a line that is
    /// longer than a limit, complete or not.
    fn line_length(
        &mut self,
        rest: &[u8],
        limits: &SectionLimits,
    ) -> Result<Option<usize>, HTTPException> {
        let known = self.searched.saturating_sub(self.position);
        let fresh = rest.get(known..).unwrap_or_default();
        let found = scan::find_lf(fresh).map(|at| known.saturating_add(at).saturating_add(1));
        let length = found.unwrap_or(rest.len());
        self.searched = self.position.saturating_add(rest.len());
        let room = limits.size.saturating_sub(self.position);
        if length > limits.line.min(room) {
            return Err(if limits.line <= room {
                HTTPException::LineTooLong {
                    line: limits.line_kind,
                    limit: limits.line,
                }
            } else {
                HTTPException::TooLarge {
                    what: limits.measured,
                    limit: u64::try_from(limits.size).unwrap_or(u64::MAX),
                }
            });
        }
        Ok(found)
    }

    /// A complete line, without its end.
    fn content_line(
        &mut self,
        line: &[u8],
        tolerance: &Tolerance,
    ) -> Result<Content, HTTPException> {
        // What continues a line that was skipped belongs to no field.
        let continues = line.first().is_some_and(|&octet| scan::is_blank(octet));
        if continues && self.skipped_to != Some(self.position) {
            self.continuation(line, tolerance)?;
            return Ok(Content::Taken);
        }
        match self.lenient_field(line, tolerance) {
            Some(()) => Ok(Content::Taken),
            None if tolerance.malformed_fields && !names_framing_field(line) => {
                Ok(Content::Skipped)
            }
            None => Err(self.invalid(line)),
        }
    }

    /// A line that begins with white space continues the value before it (RFC 9112 section 5.2).
    fn continuation(&mut self, line: &[u8], tolerance: &Tolerance) -> Result<(), HTTPException> {
        let octets_allowed = tolerance.control_characters || scan::is_value(line);
        let end = self.position.saturating_add(line.len());
        let Some(last) = self.message.fields_mut().last_mut() else {
            return Err(self.invalid(line));
        };
        if !tolerance.obs_fold || !octets_allowed || holds_line_octets(line) {
            return Err(self.invalid(line));
        }
        last.value.extend_to(end);
        self.folded = true;
        self.forgiven.insert(Forgiven::ObsFold);
        Ok(())
    }

    /// A field with what the tolerance forgives in it.
    fn lenient_field(&mut self, line: &[u8], tolerance: &Tolerance) -> Option<()> {
        let name_length = scan::token_length(line);
        let (name, after) = line.split_at_checked(name_length)?;
        let spaces = after
            .iter()
            .take_while(|&&octet| scan::is_blank(octet))
            .count();
        let value = after.get(spaces..)?.strip_prefix(b":")?;
        if name.is_empty() || (spaces > 0 && !tolerance.space_before_colon) {
            return None;
        }
        let controls = !scan::is_value(value);
        if controls && (!tolerance.control_characters || holds_line_octets(value)) {
            return None;
        }
        if spaces > 0 {
            self.forgiven.insert(Forgiven::SpaceBeforeColon);
        }
        if controls {
            self.forgiven.insert(Forgiven::ControlCharacters);
        }
        self.push_lenient(name, line.len().saturating_sub(value.len()), value);
        Some(())
    }

    fn push_lenient(&mut self, name: &[u8], value_offset: usize, value: &[u8]) {
        let blanks = value
            .iter()
            .take_while(|&&octet| scan::is_blank(octet))
            .count();
        let value = scan::trim_blank(value);
        self.framing.note(name, value);
        let start = self.position.saturating_add(value_offset);
        self.message.push_span(Field {
            name: Span::new(self.position, name.len()),
            value: Span::new(start.saturating_add(blanks), value.len()),
        });
    }

    fn invalid(&self, line: &[u8]) -> HTTPException {
        HTTPException::InvalidHeader {
            line: Excerpt::new(line),
            offset: self.position,
        }
    }
}

/// The regular field at the start of `rest`: a name, a colon, one SP, a value of visible US-ASCII
/// and SP without SP at its ends, CRLF. What is written otherwise is an irregular line.
#[inline(always)]
fn regular_field(rest: &[u8]) -> Option<RegularField<'_>> {
    let (name, content) = scan::split_name(rest)?;
    let stop = scan::from_first_invisible(rest);
    let (end, after) = stop.split_first_chunk()?;
    if name.is_empty() || content.first_chunk() != Some(b": ") || end != b"\r\n" {
        return None;
    }
    match content.get(2..content.len().wrapping_sub(stop.len()))? {
        [] | [b' ', ..] | [.., b' '] => None,
        value => Some((name, value, after)),
    }
}

/// The line without its end, and whether that was a lone LF.
pub(crate) fn content_of(line: &[u8]) -> (&[u8], bool) {
    match line {
        [content @ .., b'\r', b'\n'] => (content, false),
        [content @ .., b'\n'] => (content, true),
        _ => (line, false),
    }
}

fn bare_lf_fault(line: LineKind) -> Forgiven {
    match line {
        LineKind::StatusLine | LineKind::RequestLine | LineKind::HeaderLine => Forgiven::BareLf,
        LineKind::ChunkSize | LineKind::TrailerLine => Forgiven::BareLfInChunks,
    }
}

/// CR, LF and NUL are never part of a value, whatever is forgiven (RFC 9110 section 5.5).
fn holds_line_octets(bytes: &[u8]) -> bool {
    bytes.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0))
}

/// Whether a broken line could be meant as a field that frames the message: then nobody may
/// overlook it.
fn names_framing_field(line: &[u8]) -> bool {
    let line = line.to_ascii_lowercase();
    [&b"content-length"[..], b"transfer-encoding"]
        .iter()
        .any(|name| line.windows(name.len()).any(|window| window == *name))
}
