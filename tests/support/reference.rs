//! A second reading of RFC 9112 (sections 2 to 9) for the tests: a naive parser of one final
//! response, which keeps the whole input in memory, copies freely and shares nothing with the
//! crate but the default limits and tolerance. What the RFCs leave open is stated where decided.

#![allow(dead_code, unreachable_pub, reason = "several test files share it")]

const LINE_LIMIT: usize = 65_536;
const HEAD_LIMIT: usize = 262_144;
const FIELD_LIMIT: usize = 256;
const INTERIM_LIMIT: usize = 32;
const EMPTY_LINE_LIMIT: usize = 4;
const CHUNK_LINE_LIMIT: usize = 4_096;
const EXTENSION_LIMIT: usize = 16_384;
const TRAILER_LIMIT: usize = 64;
const TRAILER_SECTION_LIMIT: usize = 16_384;

pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;
type Line = Result<Vec<u8>, Rejection>;

/// A complete final response and what may follow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// Status codes of the interim responses before it, in order.
    pub interim: Vec<u16>,
    pub version: (u8, u8),
    pub status: u16,
    /// The octets after the space, unchanged.
    pub reason: Vec<u8>,
    /// Names as received, values without outer SP and HTAB and with one SP for each fold.
    pub fields: Fields,
    pub body: Vec<u8>,
    pub trailers: Fields,
    /// Octets of the input up to the end of the message.
    pub consumed: usize,
    /// Whether the connection may carry the next request.
    pub reusable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    BadStatusLine,
    UnknownProtocol,
    InvalidHeader,
    LineTooLong,
    TooManyHeaders,
    HeadersTooLarge,
    InvalidContentLength,
    UnknownTransferEncoding,
    ConflictingFraming,
    InvalidChunk,
    TooManyInterim,
    UnexpectedUpgrade,
    RemoteDisconnected,
    IncompleteHead,
    IncompleteBody,
}

use Rejection::*;

/// How the end of the body is found (RFC 9112 section 6.3).
enum Framing {
    Nothing,
    Tunnel,
    Chunked,
    Length(u64),
    UntilClose,
}

/// The input and how much of it was used; every octet of a head is charged to `budget`.
struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    budget: usize,
}

/// `input` is everything the peer sends, followed by an orderly end. The request had the
/// given `method` and asked for no upgrade. A rejection carries the body octets decoded before it.
pub fn parse(method: &str, input: &[u8]) -> Result<Reference, (Rejection, Vec<u8>)> {
    let budget = HEAD_LIMIT;
    let mut cursor = Cursor {
        input,
        at: 0,
        budget,
    };
    let mut body = Vec::new();
    match message(method, &mut cursor, &mut body) {
        Ok(response) => Ok(Reference { body, ..response }),
        Err(rejection) => Err((rejection, body)),
    }
}

fn message(method: &str, cursor: &mut Cursor, body: &mut Vec<u8>) -> Result<Reference, Rejection> {
    let mut response = final_head(cursor)?;
    let framing = framing(method, &response)?;
    match framing {
        Framing::Nothing | Framing::Tunnel => {}
        Framing::Chunked => response.trailers = chunked(cursor, body)?,
        Framing::Length(length) if cursor.take(length, body) => {}
        Framing::Length(_) => return Err(IncompleteBody),
        Framing::UntilClose => drop(cursor.take(u64::MAX, body)),
    }
    response.consumed = cursor.at;
    response.reusable = persists(&response)
        && !matches!(framing, Framing::Tunnel | Framing::UntilClose)
        && cursor.rest().is_empty();
    Ok(response)
}

/// Reads heads until one is final. A 1xx head is judged only when it is complete.
fn final_head(cursor: &mut Cursor) -> Result<Reference, Rejection> {
    let mut interim = Vec::new();
    loop {
        let head = head(cursor)?;
        match head.status {
            101 => return Err(UnexpectedUpgrade),
            100..=199 if interim.len() == INTERIM_LIMIT => return Err(TooManyInterim),
            100..=199 => interim.push(head.status),
            _ => return Ok(Reference { interim, ..head }),
        }
    }
}

fn head(cursor: &mut Cursor) -> Result<Reference, Rejection> {
    if cursor.rest().is_empty() {
        return Err(RemoteDisconnected);
    }
    cursor.skip_empty_lines()?;
    // No guessing at HTTP/0.9 or other protocols: the first octet that differs ends it.
    if cursor.rest().iter().zip(b"HTTP/").any(|(a, b)| a != b) {
        return Err(BadStatusLine);
    }
    let mut head = status_line(&cursor.head_line()?)?;
    let mut lines = Vec::new();
    loop {
        let line = cursor.head_line()?;
        if line.is_empty() {
            head.fields = unfold(&lines);
            return Ok(head);
        }
        if lines.len() == FIELD_LIMIT {
            return Err(TooManyHeaders);
        }
        check_field_line(&line, lines.is_empty())?;
        lines.push(line);
    }
}

impl Cursor<'_> {
    fn rest(&self) -> &[u8] {
        &self.input[self.at..]
    }

    /// Takes a line with its LF; an end of input within the limit is `cut`.
    fn line(&mut self, limit: usize, cut: Rejection, over: Rejection) -> Line {
        let line = match self.rest().iter().position(|&octet| octet == b'\n') {
            Some(lf) => self.rest()[..=lf].to_vec(),
            None if self.rest().len() <= limit => return Err(cut),
            None => return Err(over),
        };
        if line.len() > limit {
            return Err(over);
        }
        self.at += line.len();
        Ok(line)
    }

    /// Takes a line of a head without its line end: LF and one CR before it (section 2.2).
    fn head_line(&mut self) -> Line {
        let line = match self.budget {
            budget @ ..LINE_LIMIT => self.line(budget, IncompleteHead, HeadersTooLarge)?,
            _ => self.line(LINE_LIMIT, IncompleteHead, LineTooLong)?,
        };
        self.budget -= line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }

    /// Up to four empty lines before each status line; a lone CR at the end may become one.
    fn skip_empty_lines(&mut self) -> Result<(), Rejection> {
        for _ in 0..EMPTY_LINE_LIMIT {
            match self.rest() {
                [b'\n', ..] | [b'\r', b'\n', ..] => drop(self.head_line()?),
                [b'\r'] => return Err(IncompleteHead),
                _ => break,
            }
        }
        Ok(())
    }

    /// Takes a line of the chunked coding, which must end in CRLF (section 7.1).
    fn chunk_line(&mut self, limit: usize, over: Rejection) -> Line {
        let line = self.line(limit, IncompleteBody, over)?;
        let line = line.strip_suffix(b"\r\n").ok_or(InvalidChunk)?;
        Ok(line.to_vec())
    }

    /// Moves up to `wanted` octets to `body`; false if the input ends before.
    fn take(&mut self, wanted: u64, body: &mut Vec<u8>) -> bool {
        let present = self.rest().len() as u64;
        let count = wanted.min(present) as usize;
        body.extend_from_slice(&self.rest()[..count]);
        self.at += count;
        wanted <= present
    }
}

/// Section 4, with the space and the reason optional, and without codes below 100.
/// The version is judged first: the syntax of another major version is not known.
fn status_line(line: &[u8]) -> Result<Reference, Rejection> {
    let mut parts = line.splitn(3, |&octet| octet == b' ');
    let digit = |octet: u8| char::from(octet).to_digit(10).ok_or(BadStatusLine);
    let version = match parts.next() {
        Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor]) => {
            (digit(*major)?, digit(*minor)?)
        }
        _ => return Err(BadStatusLine),
    };
    let code = parts.next().ok_or(BadStatusLine)?;
    if version.0 != 1 {
        return Err(UnknownProtocol);
    }
    let reason = parts.next().unwrap_or_default();
    if code.len() != 3 || code[0] == b'0' || !is_text(reason) {
        return Err(BadStatusLine);
    }
    Ok(Reference {
        version: (1, version.1 as u8),
        status: number(code, 10).ok_or(BadStatusLine)? as u16,
        reason: reason.to_vec(),
        ..Reference::default()
    })
}

/// Section 5: `field-name ":" OWS field-value OWS`, or the continuation of a folded field.
fn check_field_line(line: &[u8], first: bool) -> Result<(), Rejection> {
    let good = match split_at_colon(line) {
        _ if is_fold(line) => !first && is_text(line),
        Some((name, value)) => is_token(name) && is_text(value),
        None => false,
    };
    if good { Ok(()) } else { Err(InvalidHeader) }
}

/// Section 5.2: a fold becomes one SP, whatever white space, also blank lines, stood around it.
fn unfold(lines: &[Vec<u8>]) -> Fields {
    let mut fields = Fields::new();
    for line in lines {
        match (fields.last_mut(), split_at_colon(line)) {
            (Some((_, value)), _) if is_fold(line) => {
                value.extend((!value.ends_with(b" ")).then_some(b' '));
                value.extend_from_slice(line.trim_ascii());
            }
            (_, Some((name, value))) => fields.push((name.to_vec(), value.trim_ascii().to_vec())),
            _ => {}
        }
    }
    for (_, value) in &mut fields {
        *value = value.trim_ascii().to_vec();
    }
    fields
}

/// Section 6.3, rule by rule in its order. One fault counts even where there is no body:
/// a Content-Length that is not a length or says two things.
fn framing(method: &str, head: &Reference) -> Result<Framing, Rejection> {
    if method == "CONNECT" && (200..=299).contains(&head.status) {
        return Ok(Framing::Tunnel);
    }
    let codings = elements(&head.fields, b"transfer-encoding");
    let lengths = elements(&head.fields, b"content-length");
    let bodiless = method == "HEAD" || head.status == 204 || head.status == 304;
    match (codings.is_empty(), lengths.is_empty()) {
        (true, false) if bodiless && says_something(&head.fields) => {
            content_length(&lengths).map(|_| Framing::Nothing)
        }
        _ if bodiless => Ok(Framing::Nothing),
        (false, false) => Err(ConflictingFraming),
        (false, true) => only_chunked(codings),
        (true, false) => content_length(&lengths).map(Framing::Length),
        (true, true) => Ok(Framing::UntilClose),
    }
}

/// Whether a Content-Length has a value: an empty one is no length that could be wrong.
fn says_something(fields: &Fields) -> bool {
    let mut lengths = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
    lengths.any(|(_, value)| !value.is_empty())
}

/// No coding but chunked was offered, so it must be the only one. An empty element, which some
/// recipients overlook and others do not, is another.
fn only_chunked(codings: Vec<Vec<u8>>) -> Result<Framing, Rejection> {
    match codings.as_slice() {
        [coding] if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        _ => Err(UnknownTransferEncoding),
    }
}

/// The same digits may be repeated (RFC 9110 section 8.6); an empty element is refused.
fn content_length(lengths: &[Vec<u8>]) -> Result<u64, Rejection> {
    if lengths.iter().any(|length| *length != lengths[0]) {
        return Err(InvalidContentLength);
    }
    number(&lengths[0], 10).ok_or(InvalidContentLength)
}

/// Section 7.1. Faults of a line count when the line is complete, those after data at once.
fn chunked(cursor: &mut Cursor, body: &mut Vec<u8>) -> Result<Fields, Rejection> {
    let mut extensions = 0;
    loop {
        let line = cursor.chunk_line(CHUNK_LINE_LIMIT, LineTooLong)?;
        let (size, extension) = chunk_size(&line)?;
        extensions += extension;
        if extensions > EXTENSION_LIMIT {
            return Err(InvalidChunk);
        }
        if size == 0 {
            return trailer_section(cursor);
        }
        if !cursor.take(size, body) {
            return Err(IncompleteBody);
        }
        match cursor.rest() {
            [b'\r', b'\n', ..] => cursor.at += 2,
            [] | [b'\r'] => return Err(IncompleteBody),
            _ => return Err(InvalidChunk),
        }
    }
}

/// The size and how many octets of the line belong to extensions.
/// Padding after the size is accepted, and any text after a semicolon.
fn chunk_size(line: &[u8]) -> Result<(u64, usize), Rejection> {
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit());
    let (digits, rest) = line.split_at(digits.count());
    let size = number(digits, 16).ok_or(InvalidChunk)?;
    match rest.trim_ascii_start().first() {
        None if is_text(rest) => Ok((size, 0)),
        Some(b';') if is_text(rest) => Ok((size, rest.len())),
        _ => Err(InvalidChunk),
    }
}

/// Section 7.1.2: field lines up to an empty line, under limits of their own.
fn trailer_section(cursor: &mut Cursor) -> Result<Fields, Rejection> {
    let start = cursor.at;
    let mut lines = Vec::new();
    loop {
        let left = TRAILER_SECTION_LIMIT - (cursor.at - start);
        let line = cursor.chunk_line(left, HeadersTooLarge)?;
        if line.is_empty() {
            return Ok(unfold(&lines));
        }
        if lines.len() == TRAILER_LIMIT {
            return Err(TooManyHeaders);
        }
        check_field_line(&line, lines.is_empty())?;
        lines.push(line);
    }
}

/// Section 9.3. A 1.0 message with Transfer-Encoding is faulty and ends its connection (6.1).
fn persists(head: &Reference) -> bool {
    let options = elements(&head.fields, b"connection");
    let has = |name: &[u8]| options.iter().any(|o| o.eq_ignore_ascii_case(name));
    let coded = !elements(&head.fields, b"transfer-encoding").is_empty();
    match head.version {
        _ if has(b"close") => false,
        (1, 0) => has(b"keep-alive") && !coded,
        _ => true,
    }
}

/// The comma-separated elements of all fields of a name; a field without value has one, empty.
fn elements(fields: &Fields, of: &[u8]) -> Vec<Vec<u8>> {
    let named = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(of));
    named
        .flat_map(|(_, value)| value.split(|&octet| octet == b','))
        .map(|element| element.trim_ascii().to_vec())
        .collect()
}

fn split_at_colon(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&octet| octet == b':')?;
    Some((&line[..colon], &line[colon + 1..]))
}

fn is_fold(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// HTAB, SP, VCHAR and obs-text. In such text `trim_ascii` takes nothing but SP and HTAB.
fn is_text(text: &[u8]) -> bool {
    text.iter()
        .all(|octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}

fn is_token(name: &[u8]) -> bool {
    let tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !name.is_empty() && name.iter().all(tchar)
}

/// Digits alone, without the sign that the standard library allows.
fn number(digits: &[u8], base: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let signed = text.starts_with('+');
    u64::from_str_radix(text, base).ok().filter(|_| !signed)
}
