//! A reader of requests, written from RFC 9112 sections 2, 3, 5, 6 and 7 without leniency, and the
//! requests that are written for it to read.

use crate::outcome::Fields;
use crate::{Choices, SEPARATOR};
use stdhttp::proto::Skip;
use stdhttp::testing::{Peer, Script};
use stdhttp::{Body, HTTPConnection, HTTPException};

/// A request as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub fields: Fields,
    pub body: Vec<u8>,
}

/// Reads one request; what follows it stays in `input`.
pub fn read(input: &mut &[u8]) -> Result<Request, &'static str> {
    let head = read_head(input)?;
    let body = body(input, &head.fields)?;
    Ok(Request { body, ..head })
}

fn read_head(input: &mut &[u8]) -> Result<Request, &'static str> {
    let line = line(input)?;
    let parts: Vec<&[u8]> = line.split(|&octet| octet == b' ').collect();
    let [method, target, b"HTTP/1.1"] = parts[..] else {
        return Err("request line");
    };
    let visible = !target.is_empty() && target.iter().all(u8::is_ascii_graphic);
    if !is_token(method) || !visible {
        return Err("method or target");
    }
    Ok(Request {
        method: method.to_vec(),
        target: target.to_vec(),
        fields: fields(input)?,
        body: Vec::new(),
    })
}

/// A line without its CRLF, in which there is no other CR, LF or NUL.
fn line<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], &'static str> {
    let end = input.windows(2).position(|pair| pair == b"\r\n");
    let (line, rest) = input.split_at(end.ok_or("line end")?);
    *input = &rest[2..];
    let clean = |octet: &u8| matches!(octet, b'\t' | b' '..=b'~' | 0x80..);
    if line.iter().all(clean) {
        Ok(line)
    } else {
        Err("control character")
    }
}

fn fields(input: &mut &[u8]) -> Result<Fields, &'static str> {
    let mut fields = Fields::new();
    loop {
        let line = line(input)?;
        if line.is_empty() {
            return Ok(fields);
        }
        let colon = line.iter().position(|&octet| octet == b':');
        let (name, value) = line.split_at(colon.ok_or("field without colon")?);
        if !is_token(name) {
            return Err("field name");
        }
        fields.push((name.to_vec(), value[1..].trim_ascii().to_vec()));
    }
}

fn body(input: &mut &[u8], fields: &Fields) -> Result<Vec<u8>, &'static str> {
    let codings = values(fields, "transfer-encoding");
    let lengths = values(fields, "content-length");
    match (&codings[..], &lengths[..]) {
        ([], []) => Ok(Vec::new()),
        ([], [length]) => take(input, number(length, 10)?),
        ([coding], []) if ends_in_chunked(coding) => chunks(input),
        _ => Err("framing"),
    }
}

pub fn values<'a>(fields: &'a Fields, of: &str) -> Vec<&'a [u8]> {
    let named = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(of.as_bytes()));
    named.map(|(_, value)| value.as_slice()).collect()
}

fn ends_in_chunked(codings: &[u8]) -> bool {
    let last = codings.rsplit(|&octet| octet == b',').next();
    last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

fn chunks(input: &mut &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut data = Vec::new();
    loop {
        let text = line(input)?;
        let semicolon = text.iter().position(|&octet| octet == b';');
        let (size, extensions) = text.split_at(semicolon.unwrap_or(text.len()));
        if !are_extensions(extensions) {
            return Err("chunk extension");
        }
        match number(size, 16)? {
            0 => return fields(input).map(|_| data),
            size => data.extend(take(input, size)?),
        }
        if !line(input)?.is_empty() {
            return Err("chunk end");
        }
    }
}

/// Whether this is `chunk-ext`, without the white space that no sender may write.
fn are_extensions(text: &[u8]) -> bool {
    let [b';', rest @ ..] = text else {
        return text.is_empty();
    };
    let (name, rest) = token(rest);
    let rest = match rest {
        [b'=', b'"', quoted @ ..] => behind_quote(quoted),
        [b'=', rest @ ..] => Some(token(rest))
            .filter(|(value, _)| !value.is_empty())
            .map(|(_, rest)| rest),
        _ => Some(rest),
    };
    !name.is_empty() && rest.is_some_and(are_extensions)
}

/// The longest token at the start, and what follows it.
fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&octet| !is_token(&[octet]));
    text.split_at(end.unwrap_or(text.len()))
}

fn behind_quote(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'"', rest @ ..] => Some(rest),
        [b'\\', _, rest @ ..] | [_, rest @ ..] => behind_quote(rest),
        [] => None,
    }
}

fn take(input: &mut &[u8], count: usize) -> Result<Vec<u8>, &'static str> {
    let (taken, rest) = input.split_at_checked(count).ok_or("short body")?;
    *input = rest;
    Ok(taken.to_vec())
}

fn number(digits: &[u8], base: u32) -> Result<usize, &'static str> {
    let digit = |octet: &u8| char::from(*octet).is_digit(base);
    let text = std::str::from_utf8(digits).map_err(|_| "number")?;
    if digits.is_empty() || !digits.iter().all(digit) {
        return Err("number");
    }
    usize::from_str_radix(text, base).map_err(|_| "number")
}

fn is_token(text: &[u8]) -> bool {
    let tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !text.is_empty() && text.iter().all(tchar)
}

/// How a caller hands a body over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    None,
    Bytes,
    Pieces,
    Reader,
}

/// A request as a caller gives it: by `request_with`, or call by call with octets as names and
/// values.
#[derive(Debug)]
pub struct Given<'a> {
    whole: bool,
    encode_chunked: bool,
    kind: Kind,
    skip: Skip,
    method: &'a str,
    target: &'a str,
    fields: Vec<(&'a [u8], &'a [u8])>,
    body: &'a [u8],
}

impl<'a> Given<'a> {
    /// Nothing unless method and target are text, which the type of the calls demands.
    pub fn new(mut choices: Choices<'a>) -> Option<Self> {
        let flags = choices.octet();
        let kind = choices.of(&[Kind::None, Kind::Bytes, Kind::Pieces, Kind::Reader]);
        let mut parts = choices.parts();
        let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).ok();
        let (method, target) = (text()?, text()?);
        let body = parts.next().unwrap_or_default();
        let rest: Vec<&[u8]> = parts.collect();
        Some(Self {
            whole: flags & 1 == 0,
            encode_chunked: flags & 2 != 0,
            kind,
            skip: Skip::default().with(|skip| {
                skip.host = flags & 4 != 0;
                skip.accept_encoding = flags & 8 != 0;
            }),
            method,
            target,
            fields: rest
                .chunks_exact(2)
                .map(|pair| (pair[0], pair[1]))
                .collect(),
            body,
        })
    }

    fn body(&self) -> Body<'a> {
        let body = self.body;
        match self.kind {
            Kind::None => Body::EMPTY,
            Kind::Bytes => Body::from(body),
            Kind::Pieces => Body::iter(body.split(|&octet| octet == b' ')),
            Kind::Reader => Body::reader(body),
        }
    }

    fn content(&self) -> Vec<u8> {
        match self.kind {
            Kind::None => Vec::new(),
            Kind::Bytes | Kind::Reader => self.body.to_vec(),
            Kind::Pieces => self
                .body
                .split(|&octet| octet == b' ')
                .collect::<Vec<_>>()
                .concat(),
        }
    }

    /// Sends it, and what the peer got.
    pub fn send(&self) -> (Result<(), HTTPException>, Vec<u8>) {
        let peer = Peer::new([Script::new()]);
        let builder = HTTPConnection::builder("example.org:81").connector(peer.clone());
        let mut conn = builder.build().expect("a good host");
        let sent = match self.as_text() {
            Some(fields) if self.whole => {
                let (body, chunked) = (self.body(), self.encode_chunked);
                conn.request_with(self.method, self.target, body, &fields, chunked)
            }
            _ => self.send_by_calls(&mut conn),
        };
        (sent, peer.received(0))
    }

    fn send_by_calls(&self, conn: &mut HTTPConnection<Peer>) -> Result<(), HTTPException> {
        conn.putrequest_with(self.method, self.target, self.skip)?;
        for (name, value) in &self.fields {
            conn.putheader_bytes(name, *value)?;
        }
        conn.endheaders_with(self.body(), self.encode_chunked)
    }

    fn as_text(&self) -> Option<Vec<(&'a str, &'a str)>> {
        let text = |octets| std::str::from_utf8(octets).ok();
        let fields = self.fields.iter();
        fields
            .map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect()
    }

    /// Checks that nothing was written, or no more than a beginning of a body that proved wrong
    /// as it came.
    pub fn assert_refused(&self, mut written: &[u8]) {
        let streamed = matches!(self.kind, Kind::Pieces | Kind::Reader);
        if written.is_empty() {
            return;
        }
        assert!(streamed, "{}", written.escape_ascii());
        if let Ok(request) = read(&mut written) {
            let as_is = values(&request.fields, "transfer-encoding").is_empty();
            assert!(written.is_empty(), "more than a request");
            assert!(!as_is || self.content().starts_with(&request.body));
        }
    }

    /// Checks that what was written is this request and nothing else. Where no body was given it
    /// may still follow.
    pub fn assert_same(&self, mut written: &[u8]) {
        let read = match self.kind {
            Kind::None => read_head(&mut written),
            _ => read(&mut written),
        };
        assert!(written.is_empty(), "a second request");
        let read = &read.expect("a legal request");
        let target = if self.target.is_empty() {
            "/"
        } else {
            self.target
        };
        assert_eq!(read.method, self.method.as_bytes());
        assert_eq!(read.target, target.as_bytes());
        let mut added = read.fields.clone();
        for (name, value) in &self.fields {
            let field = (name.to_vec(), trim_blank(value).to_vec());
            let place = added.iter().position(|other| *other == field);
            added.remove(place.expect("a field that was given"));
        }
        for (name, _) in &added {
            assert!(is_automatic(name), "{}", name.escape_ascii());
        }
        assert!(values(&read.fields, "host").len() <= 1);
        self.assert_same_body(read);
    }

    fn assert_same_body(&self, read: &Request) {
        let coded = values(&read.fields, "transfer-encoding");
        let as_is = !coded.is_empty() && !self.encodes(read);
        if !as_is {
            assert_eq!(read.body, self.content());
        }
    }

    /// Whether the crate encodes the body, and not the caller.
    fn encodes(&self, read: &Request) -> bool {
        let own = self.fields.len() < read.fields.len()
            && !self.fields.iter().any(|(name, _)| is_framing(name));
        self.encode_chunked || own
    }
}

fn trim_blank(value: &[u8]) -> &[u8] {
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = value
        .iter()
        .position(|octet| !blank(octet))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|octet| !blank(octet))
        .map_or(start, |at| at + 1);
    &value[start..end]
}

fn is_framing(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding")
}

fn is_automatic(name: &[u8]) -> bool {
    let known: [&[u8]; 5] = [
        b"Host",
        b"Accept-Encoding",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
    ];
    known.contains(&name)
}

/// A seed for such an input.
pub fn seed(flags: u8, kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[flags, kind], &parts.join(&SEPARATOR)[..]].concat()
}
