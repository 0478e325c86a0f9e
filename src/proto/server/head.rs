//! The head of a request: request line and header section (RFC 9112 sections 2.1 to 5).
//!
//! The same scanner and field rules as for responses, and the same promise: one growing buffer, no
//! octet looked at more than a fixed number of times, the same outcome however the bytes were cut.
//! Departs from `http.server`: exactly one SP between the parts of the line, no HTTP/0.9, the
//! `Host` is checked, and with [`Tolerance::SERVER`] nothing is repaired.

use crate::error::{BadRequest, Counted, Excerpt, HTTPException, LineKind, Measured};
use crate::message::{HTTPMessage, Span};
use crate::proto::fields::{FieldSection, SectionLimits};
use crate::proto::framing::FramingFields;
use crate::proto::limits::{ForgivenSet, Limits, Tolerance};
use crate::proto::server::refusal::Refusal;
use crate::proto::server::target::{Parts, Target, TargetForm};
use crate::proto::start_line::{Sought, StartLine};
use crate::proto::version::HTTPVersion;
use crate::proto::{authority, scan, steps};

/// Octets of a request line beside its target: a method, the version, two SP and the line end.
const BESIDE_TARGET: usize = 1_024;

/// Empty lines that are skipped before a request line.
const EMPTY_LINES: u8 = 2;

/// What a request expects (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// Nothing; so it is with every HTTP/1.0 request.
    #[default]
    Nothing,
    /// `100-continue`: the client waits for an interim response before it sends the body.
    Continue,
    /// Something that nobody knows; 417 answers it.
    Unknown,
}

/// A resumable parser of the head of one request, and the head when it is complete.
///
/// ```
/// use stdhttp::proto::server::RequestHead;
/// use stdhttp::{Limits, Tolerance};
///
/// let mut head = RequestHead::new();
/// let (limits, tolerance) = (Limits::DEFAULT, Tolerance::SERVER);
/// let bytes = b"GET /?q HTTP/1.1\r\nHost: a:80\r\n\r\nbody";
/// assert_eq!(head.parse(&bytes[..20], &limits, &tolerance)?, None); // more is needed
/// assert_eq!(head.parse(bytes, &limits, &tolerance)?, Some(32));
/// assert_eq!((head.method(), head.target().query()), (&b"GET"[..], Some(&b"q"[..])));
/// assert_eq!(head.authority(), Some((&b"a"[..], Some(80))));
/// # Ok::<(), stdhttp::proto::server::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestHead {
    version: HTTPVersion,
    raw_version: [u8; 3],
    method: Span,
    target: Span,
    parts: Parts,
    fields: FieldSection,
    /// The value of the `Host` field.
    host: Option<Span>,
    expectation: Expectation,
    line: StartLine,
    line_done: bool,
}

impl Default for RequestHead {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestHead {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self {
            version: HTTPVersion::Http11,
            raw_version: *b"1.1",
            method: Span::default(),
            target: Span::default(),
            parts: Parts::default(),
            fields: FieldSection::default(),
            host: None,
            expectation: Expectation::Nothing,
            line: StartLine::default(),
            line_done: false,
        }
    }

    /// Forgets the head and keeps the storage, for the next one.
    pub fn reset(&mut self) {
        self.fields.restart();
        *self = Self {
            fields: std::mem::take(&mut self.fields),
            ..Self::new()
        };
    }

    /// Parses on. `input` begins with the head's first byte and holds what it held at the last
    /// call, and more behind it. Returns the length of the head in bytes when it is complete.
    ///
    /// `limits.head` counts from the first byte of `input`.
    ///
    /// # Errors
    /// `BadRequest`, `InvalidHeader`: 400. `LineTooLong` request line: 414. `LineTooLong` header
    /// line, `TooMany` headers, `TooLarge` head: 431. `UnknownProtocol`: 505.
    pub fn parse(
        &mut self,
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<usize>, Refusal> {
        if !self.line_done
            && self.regular_request_line(input, limits).is_none()
            && !self.any_request_line(input, limits, tolerance)?
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
            self.check_fields()?;
        }
        Ok(end)
    }

    /// The method, in the case in which it came.
    pub fn method(&self) -> &[u8] {
        self.method.of(self.block())
    }

    /// The target and its parts.
    pub fn target(&self) -> Target<'_> {
        Target::new(self.target.of(self.block()), self.parts)
    }

    /// The version: 1.x with x above 1 counts as 1.1 (RFC 9110 section 6.2).
    pub fn version(&self) -> HTTPVersion {
        self.version
    }

    /// The version as it came, for example `1.1`.
    pub fn raw_version(&self) -> &[u8; 3] {
        &self.raw_version
    }

    /// The request line as it came, without its end (`requestline`); also of a request that is refused.
    pub fn request_line(&self) -> &[u8] {
        let block = self.block();
        let line = block.get(self.line.start..).unwrap_or_default();
        let end = scan::find_lf(line).unwrap_or(line.len());
        let line = line.get(..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Keeps the request line, if it came whole, of a head that is refused, for who logs it and for
    /// what answers it.
    pub(super) fn keep_line(&mut self, input: &[u8]) {
        let line = input.get(self.line.start..).unwrap_or_default();
        let Some(end) = scan::find_lf(line).filter(|_| self.block().is_empty()) else {
            return;
        };
        let end = self.line.start.saturating_add(end).saturating_add(1);
        self.fields.restart();
        let line = input.get(..end).unwrap_or_default();
        self.fields.message.fill_block(line);
    }

    /// The header fields.
    pub fn headers(&self) -> &HTTPMessage {
        &self.fields.message
    }

    /// What the client waits for before it sends the body.
    pub fn expectation(&self) -> Expectation {
        self.expectation
    }

    /// Host and port that the request is for: those of the target, or else of the `Host` field (RFC
    /// 9112 section 3.3). Nothing if the field is empty, or an HTTP/1.0 request has none.
    pub fn authority(&self) -> Option<(&[u8], Option<u16>)> {
        let target = self.target();
        if let TargetForm::Absolute | TargetForm::Authority = target.form() {
            return Some((target.host(), target.port()));
        }
        authority::split_received(self.host?.of(self.block()))
    }

    /// What was forgiven in this head.
    pub fn forgiven(&self) -> ForgivenSet {
        self.line.forgiven.union(self.fields.forgiven)
    }

    pub(super) fn framing_fields(&self) -> &FramingFields {
        &self.fields.framing
    }

    fn block(&self) -> &[u8] {
        self.fields.message.block()
    }

    /// Takes the request line as nearly all are: complete, the first line, in origin-form, of
    /// version 1.x, ended by CRLF, and within the limits.
    #[inline]
    fn regular_request_line(&mut self, input: &[u8], limits: &Limits) -> Option<()> {
        if self.line.is_begun() {
            return None;
        }
        let method = scan::token_length(input);
        let (b" /", rest) = input.get(method..)?.split_first_chunk()? else {
            return None;
        };
        let path = rest.iter().position(|&octet| !is_target_octet(octet))?;
        steps::count(path);
        let (line_end, _) = rest.get(path..)?.split_first_chunk::<11>()?;
        let [
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor,
            b'\r',
            b'\n',
        ] = line_end
        else {
            return None;
        };
        let target = path.saturating_add(1);
        let length = method.saturating_add(target).saturating_add(12);
        let within = target <= limits.target && length <= line_limit(limits).min(limits.head);
        if method == 0 || !within || input.starts_with(b"CONNECT ") {
            return None;
        }
        self.set_version([b'1', b'.', *minor])?;
        let (target_bytes, _) = input.get(method..)?.get(1..)?.split_at_checked(target)?;
        self.parts = Parts::origin_form(target_bytes);
        self.method = Span::new(0, method);
        self.target = Span::new(method.saturating_add(1), target);
        self.fields.begin(length);
        self.line_done = true;
        Some(())
    }

    /// Skips empty lines and parses the request line; false if more is needed.
    #[cold]
    fn any_request_line(
        &mut self,
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<bool, Refusal> {
        let sought = Sought {
            kind: LineKind::RequestLine,
            limit: line_limit(limits),
            empty_lines: EMPTY_LINES,
            // It may be another protocol.
            can_begin: |rest| scan::token_length(rest.get(..1).unwrap_or_default()) > 0,
            bad: bad_request_line,
        };
        let Some(found) = self.line.find(input, &sought, limits, tolerance)? else {
            return Ok(false);
        };
        self.parse_request_line(found.content, limits)?;
        self.fields.begin(found.end);
        self.line_done = true;
        Ok(true)
    }

    /// `method SP request-target SP HTTP-version` (RFC 9112 section 3).
    fn parse_request_line(&mut self, line: &[u8], limits: &Limits) -> Result<(), HTTPException> {
        let mut parts = line.split(|&octet| octet == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad_request_line(line));
        };
        let raw_version = written_version(version).ok_or_else(|| bad_request_line(line))?;
        if !scan::is_token(method) {
            return Err(bad_request_line(line));
        }
        // The syntax of another major version is not known, so that comes first.
        if self.set_version(raw_version).is_none() {
            return Err(HTTPException::UnknownProtocol {
                version: Excerpt::new(version),
            });
        }
        if target.len() > limits.target {
            return Err(HTTPException::LineTooLong {
                line: LineKind::RequestLine,
                limit: limits.target,
            });
        }
        self.parts = Parts::of(method, target).ok_or_else(|| bad_request_line(line))?;
        self.method = Span::new(self.line.start, method.len());
        let offset = self
            .line
            .start
            .saturating_add(method.len())
            .saturating_add(1);
        self.target = Span::new(offset, target.len());
        Ok(())
    }

    fn set_version(&mut self, raw: [u8; 3]) -> Option<()> {
        self.version = match raw {
            [b'1', _, b'0'] => HTTPVersion::Http10,
            [b'1', _, b'1'..=b'9'] => HTTPVersion::Http11,
            _ => return None,
        };
        self.raw_version = raw;
        Some(())
    }

    /// The fields that every server must look at.
    fn check_fields(&mut self) -> Result<(), Refusal> {
        let mut hosts = 0usize;
        let block = self.fields.message.block();
        for field in self.fields.message.fields() {
            let (name, value) = field.of(block);
            if name.len() == 4 && scan::is_word(name, b"host") {
                hosts = hosts.saturating_add(1);
                self.host = Some(field.value);
            } else if name.len() == 6 && scan::is_word(name, b"expect") {
                self.expectation = self.expectation.and(value);
            }
        }
        if self.version == HTTPVersion::Http10 {
            self.expectation = Expectation::Nothing;
        }
        self.check_host(hosts)
    }

    /// One `Host`, empty or a host with a port or without (RFC 9112 section 3.2).
    fn check_host(&self, hosts: usize) -> Result<(), Refusal> {
        let value = self.host.map(|host| host.of(self.block()));
        let fault = match value {
            _ if hosts > 1 => BadRequest::RepeatedHost,
            None if self.version == HTTPVersion::Http10 => return Ok(()),
            None => BadRequest::MissingHost,
            Some([]) => return Ok(()),
            Some(host) if authority::split_received(host).is_some() => return Ok(()),
            Some(host) => BadRequest::InvalidHost(Excerpt::new(host)),
        };
        Err(HTTPException::BadRequest(fault).into())
    }
}

impl Expectation {
    /// What is expected if this value of `Expect` comes too.
    fn and(self, value: &[u8]) -> Self {
        let mut expected = scan::list_elements(value).peekable();
        let known = expected.peek().is_some()
            && expected.all(|element| scan::is_word(element, b"100-continue"));
        match self {
            Self::Unknown => Self::Unknown,
            _ if known => Self::Continue,
            _ => Self::Unknown,
        }
    }
}

/// Visible, and neither SP nor the mark of a fragment, which is no part of a target.
#[inline]
fn is_target_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b'#'
}

/// Bytes that a request line may have, its end included.
fn line_limit(limits: &Limits) -> usize {
    limits.line.min(limits.target.saturating_add(BESIDE_TARGET))
}

/// The digits of `HTTP/` DIGIT `.` DIGIT.
fn written_version(version: &[u8]) -> Option<[u8; 3]> {
    match version.strip_prefix(b"HTTP/")? {
        &[major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Some([major, b'.', minor])
        }
        _ => None,
    }
}

fn bad_request_line(line: &[u8]) -> HTTPException {
    HTTPException::BadRequest(BadRequest::RequestLine(Excerpt::new(line)))
}
