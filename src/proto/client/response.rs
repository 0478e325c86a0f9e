//! The head of a response: status line and header section (RFC 9112 sections 2.1 to 5).
//!
//! One parser for every tolerance. It takes one growing buffer, stops at any octet, goes on
//! where it stopped, and notes places instead of copying; see `fields.rs` for how that stays
//! linear and independent of the cuts.

use crate::error::{Counted, Excerpt, HTTPException, LineKind, Measured};
use crate::message::{HTTPMessage, Span};
use crate::proto::fields::{FieldSection, SectionLimits};
use crate::proto::framing::FramingFields;
use crate::proto::limits::{Forgiven, ForgivenSet, Limits, Tolerance};
use crate::proto::start_line::{Sought, StartLine};
use crate::proto::version::HTTPVersion;
use crate::proto::{scan, steps};

/// Empty lines that are skipped before a status line.
const EMPTY_LINES: u8 = 4;

/// A resumable parser of the head of one response, and the head when it is complete.
///
/// ```
/// use stdhttp::proto::ResponseHead;
/// use stdhttp::{Limits, Tolerance};
///
/// let mut head = ResponseHead::new();
/// let (limits, tolerance) = (Limits::DEFAULT, Tolerance::STANDARD);
/// let bytes = b"HTTP/1.1 200 OK\r\nETag: \"x\"\r\n\r\nbody";
/// assert_eq!(head.parse(&bytes[..20], &limits, &tolerance)?, None); // more is needed
/// assert_eq!(head.parse(bytes, &limits, &tolerance)?, Some(30));
/// assert_eq!(head.status(), 200);
/// assert_eq!(head.headers().get("etag").as_deref(), Some("\"x\""));
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResponseHead {
    version: HTTPVersion,
    raw_version: [u8; 3],
    status: u16,
    reason: Span,
    fields: FieldSection,
    /// Forgiven in the status line.
    forgiven: ForgivenSet,
    line: StartLine,
    status_line_done: bool,
}

impl Default for ResponseHead {
    fn default() -> Self {
        Self::new()
    }
}

impl ResponseHead {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self {
            version: HTTPVersion::Http11,
            raw_version: *b"1.1",
            status: 0,
            reason: Span::default(),
            fields: FieldSection::default(),
            forgiven: ForgivenSet::default(),
            line: StartLine::default(),
            status_line_done: false,
        }
    }

    /// Forgets the head and keeps the storage, for the next one.
    pub fn reset(&mut self) {
        self.forgiven = ForgivenSet::default();
        self.fields.restart();
        self.line = StartLine::default();
        self.status_line_done = false;
    }

    /// Parses on. `input` begins with the head's first byte and holds what it held at the last
    /// call, and more behind it. Returns the length of the head in bytes when it is complete.
    ///
    /// `limits.head` counts from the first byte of `input`.
    ///
    /// # Errors
    /// `BadStatusLine`, `UnknownProtocol`, `InvalidHeader`, `LineTooLong`, `TooMany` headers,
    /// `TooLarge` head.
    pub fn parse(
        &mut self,
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<usize>, HTTPException> {
        if !self.status_line_done
            && self.regular_status_line(input, limits).is_none()
            && !self.status_line(input, limits, tolerance)?
        {
            return Ok(None);
        }
        let section = SectionLimits {
            line: limits.line,
            count: limits.headers,
            size: limits.head,
            line_kind: LineKind::HeaderLine,
            counted: Counted::Headers,
            measured: Measured::Head,
            bare_lf: tolerance.bare_lf,
        };
        let end = self.fields.parse(input, &section, tolerance)?;
        if let Some(length) = end {
            self.fields.finish(input, length, tolerance);
        }
        Ok(end)
    }

    /// Ends the head where the stream ended, for [`Tolerance::early_end_in_head`].
    pub(crate) fn end_early(
        &mut self,
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let mut completed = input.to_vec();
        if input.ends_with(b"\r") {
            completed.push(b'\n');
        }
        while self.parse(&completed, limits, tolerance)?.is_none() {
            completed.extend_from_slice(b"\r\n");
        }
        self.forgiven.insert(Forgiven::EarlyEndInHead);
        Ok(())
    }

    /// The version: 1.x with x above 1 counts as 1.1 (RFC 9110 section 6.2).
    pub fn version(&self) -> HTTPVersion {
        self.version
    }

    /// The version as it came, for example `1.1`.
    pub fn raw_version(&self) -> &[u8; 3] {
        &self.raw_version
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase as it came; nothing may be decided by it (RFC 9112 section 4).
    pub fn reason(&self) -> &[u8] {
        self.reason.of(self.fields.message.block())
    }

    /// The header fields.
    pub fn headers(&self) -> &HTTPMessage {
        &self.fields.message
    }

    /// What was forgiven in this head.
    pub fn forgiven(&self) -> ForgivenSet {
        let line = self.forgiven.union(self.line.forgiven);
        line.union(self.fields.forgiven)
    }

    pub(crate) fn framing_fields(&self) -> &FramingFields {
        &self.fields.framing
    }

    /// Takes the status line as nearly all are: complete, the first line, of version 1.x, with a
    /// reason of visible US-ASCII and SP, ended by CRLF, and within the limits.
    #[inline]
    fn regular_status_line(&mut self, input: &[u8], limits: &Limits) -> Option<()> {
        if self.line.is_begun() {
            return None;
        }
        let (b"HTTP/1.", rest) = input.split_first_chunk()? else {
            return None;
        };
        let ([minor, b' ', a, b, c, b' '], rest) = rest.split_first_chunk()? else {
            return None;
        };
        let reason = rest.iter().position(|&octet| !scan::is_visible(octet));
        steps::count(reason.unwrap_or(rest.len()).wrapping_add(15));
        let reason = reason?;
        let end = reason.wrapping_add(15);
        if !rest.get(reason..)?.starts_with(b"\r\n") || end > limits.line.min(limits.head) {
            return None;
        }
        let raw_version = [b'1', b'.', *minor];
        self.version = version(raw_version)?;
        self.raw_version = raw_version;
        self.status = status_code(&[*a, *b, *c])?;
        self.reason = Span::new(13, reason);
        self.fields.begin(end);
        self.status_line_done = true;
        Some(())
    }

    /// Skips empty lines and parses the status line; false if more is needed.
    #[cold]
    fn status_line(
        &mut self,
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<bool, HTTPException> {
        let sought = Sought {
            kind: LineKind::StatusLine,
            limit: limits.line,
            empty_lines: EMPTY_LINES,
            can_begin: |rest| rest.iter().zip(b"HTTP/").all(|(came, due)| came == due),
            bad: bad_status_line,
        };
        let Some(found) = self.line.find(input, &sought, limits, tolerance)? else {
            return Ok(false);
        };
        self.parse_status_line(found.content, tolerance)?;
        self.fields.begin(found.end);
        self.status_line_done = true;
        Ok(true)
    }

    /// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 section 4).
    fn parse_status_line(
        &mut self,
        line: &[u8],
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        check_major_version(line)?;
        let parts = match split_status_line(line) {
            Some(parts) => parts,
            None if tolerance.multiple_spaces => {
                self.forgiven.insert(Forgiven::MultipleSpaces);
                split_at_white_space(line).ok_or_else(|| bad_status_line(line))?
            }
            None => return Err(bad_status_line(line)),
        };
        self.raw_version = parts.version;
        self.status = status_code(parts.status).ok_or_else(|| bad_status_line(line))?;
        self.check_reason(line, parts.reason, tolerance)?;
        self.version = version(parts.version).ok_or_else(|| bad_status_line(line))?;
        let reason = parts.reason.unwrap_or_default();
        let offset = line.len().saturating_sub(reason.len());
        self.reason = Span::new(self.line.start.saturating_add(offset), reason.len());
        Ok(())
    }

    fn check_reason(
        &mut self,
        line: &[u8],
        reason: Option<&[u8]>,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let Some(reason) = reason else {
            self.forgiven.insert(Forgiven::MissingReason);
            return if tolerance.missing_reason {
                Ok(())
            } else {
                Err(bad_status_line(line))
            };
        };
        if scan::is_value(reason) {
            return Ok(());
        }
        self.forgiven.insert(Forgiven::ControlCharacters);
        let never = reason
            .iter()
            .any(|octet| matches!(octet, b'\r' | b'\n' | 0));
        if never || !tolerance.control_characters {
            return Err(bad_status_line(line));
        }
        Ok(())
    }
}

struct StatusLineParts<'a> {
    version: [u8; 3],
    status: &'a [u8; 3],
    /// Nothing if the space before it is missing too.
    reason: Option<&'a [u8]>,
}

fn split_status_line(line: &[u8]) -> Option<StatusLineParts<'_>> {
    let (b"HTTP/", rest) = line.split_first_chunk()? else {
        return None;
    };
    let ([major, b'.', minor, b' '], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let (status, rest) = rest.split_first_chunk::<3>()?;
    let reason = match rest {
        [] => None,
        [b' ', reason @ ..] => Some(reason),
        _ => return None,
    };
    Some(StatusLineParts {
        version: [*major, b'.', *minor],
        status,
        reason,
    })
}

/// RFC 9112 section 4 lets a recipient split the line at any white space.
fn split_at_white_space(line: &[u8]) -> Option<StatusLineParts<'_>> {
    let line = line.strip_prefix(b"HTTP/")?;
    let (version, rest) = line.split_first_chunk::<3>()?;
    let after_version = rest.trim_ascii_start();
    let (status, rest) = after_version.split_first_chunk::<3>()?;
    let separated = rest.first().is_none_or(u8::is_ascii_whitespace);
    if version.get(1) != Some(&b'.') || after_version.len() == rest.len() || !separated {
        return None;
    }
    let reason = rest.trim_ascii_start();
    Some(StatusLineParts {
        version: *version,
        status,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
    })
}

fn status_code(digits: &[u8; 3]) -> Option<u16> {
    let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = digits else {
        return None;
    };
    let digits = [a, b, c].map(|octet| u16::from(octet & 0xf));
    Some(digits.iter().fold(0, |number: u16, digit| {
        number.wrapping_mul(10).wrapping_add(*digit)
    }))
}

/// The syntax of another major version is not known, so that comes first (RFC 9110 section 6.2).
fn check_major_version(line: &[u8]) -> Result<(), HTTPException> {
    let Some([major, b'.', minor, b' ', ..]) = line.strip_prefix(b"HTTP/") else {
        return Ok(());
    };
    if *major == b'1' || !major.is_ascii_digit() || !minor.is_ascii_digit() {
        return Ok(());
    }
    Err(HTTPException::UnknownProtocol {
        version: Excerpt::new(line.get(..8).unwrap_or(line)),
    })
}

fn version(digits: [u8; 3]) -> Option<HTTPVersion> {
    match digits {
        [b'1', _, b'0'] => Some(HTTPVersion::Http10),
        [b'1', _, b'1'..=b'9'] => Some(HTTPVersion::Http11),
        _ => None,
    }
}

fn bad_status_line(line: &[u8]) -> HTTPException {
    HTTPException::BadStatusLine {
        line: Excerpt::new(line),
    }
}
