//! A strict reader of what a server sends, that shares nothing with the crate: it takes all bytes
//! of one connection apart into messages, forgives nothing, and says which message is whole.

use std::fmt;
use std::ops::Range;

/// How the body of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

/// One message, interim or final. Only the last one may not be whole.
#[derive(Clone)]
#[allow(dead_code, reason = "not every test looks at all facts")]
pub(crate) struct Message {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) framing: Framing,
    /// What came of the body.
    pub(crate) body: Vec<u8>,
    pub(crate) whole: bool,
    /// It says that the connection closes, or belongs to another protocol.
    pub(crate) closes: bool,
    /// Its bytes on the wire.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.whole { "whole" } else { "cut" };
        write!(
            f,
            "{whole}, {} bytes: {}",
            self.bytes.len(),
            shown(&self.bytes)
        )
    }
}

#[allow(dead_code, reason = "not every test looks at all facts")]
impl Message {
    pub(crate) fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether these are the bytes that it begins with, but for a date and a boundary, which differ
    /// from answer to answer.
    pub(crate) fn begins_with(&self, bytes: &[u8]) -> bool {
        let varies = self.varying();
        let mut places = self.bytes.iter().zip(bytes).enumerate();
        bytes.len() <= self.bytes.len()
            && places.all(|(at, (due, came))| {
                due == came || varies.iter().any(|range| range.contains(&at))
            })
    }

    fn varying(&self) -> Vec<Range<usize>> {
        let places = |needle: &[u8], skipped: usize, length: usize| -> Vec<Range<usize>> {
            let windows = self.bytes.windows(needle.len()).enumerate();
            let found = windows.filter(|(_, window)| *window == needle);
            found
                .map(|(at, _)| at + skipped..at + skipped + length)
                .collect()
        };
        let mut varying = places(b"\r\nDate: ", 8, 29);
        let boundary = self
            .field("Content-Type")
            .and_then(|value| value.split_once("boundary="));
        if let Some((_, boundary)) = boundary {
            varying.extend(places(boundary.as_bytes(), 0, boundary.len()));
        }
        varying
    }

    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.bytes.len() == other.bytes.len() && self.begins_with(&other.bytes)
    }
}

/// Takes apart what answers requests with these methods. `in_order` says that the connection was
/// closed in good order, which alone ends a body without a length. Bytes of another protocol behind
/// a switch are a message with the status 0.
pub(crate) fn read_messages(
    wire: &[u8],
    methods: &[&str],
    in_order: bool,
) -> Result<Vec<Message>, String> {
    let mut messages: Vec<Message> = Vec::new();
    let mut rest = wire;
    let mut methods = methods.iter();
    let mut method = methods.next();
    while !rest.is_empty() {
        let last = messages.last().filter(|last| last.closes);
        if last.is_some_and(|last| last.status == 101 || last.is_tunnel()) {
            messages.push(foreign(rest));
            break;
        }
        if let Some(last) = last {
            return Err(format!(
                "behind the last answer, {}: {}",
                last.status,
                shown(rest)
            ));
        }
        let asked = method.ok_or_else(|| format!("nobody asked for {}", shown(rest)))?;
        let (message, used) = read_message(rest, asked, in_order)?;
        rest = &rest[used..];
        if !message.is_interim() {
            method = methods.next();
        }
        messages.push(message);
    }
    Ok(messages)
}

impl Message {
    /// The answer to CONNECT that opens the tunnel says nothing of the connection.
    fn is_tunnel(&self) -> bool {
        self.closes && self.framing == Framing::None && self.field("Connection").is_none()
    }
}

fn foreign(bytes: &[u8]) -> Message {
    Message {
        status: 0,
        fields: Vec::new(),
        framing: Framing::UntilClose,
        body: bytes.to_vec(),
        whole: false,
        closes: true,
        bytes: bytes.to_vec(),
    }
}

fn read_message(wire: &[u8], method: &str, in_order: bool) -> Result<(Message, usize), String> {
    let end = wire.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else {
        check_beginning(wire)?;
        let message = Message {
            closes: false,
            bytes: wire.to_vec(),
            ..foreign(&[])
        };
        return Ok((message, wire.len()));
    };
    let head = std::str::from_utf8(&wire[..end]).map_err(|_| wrong(wire))?;
    let mut lines = head.split("\r\n");
    let status = status_line(lines.next().unwrap_or_default()).ok_or_else(|| wrong(wire))?;
    let fields: Option<Vec<_>> = lines.map(field_line).collect();
    let fields = fields.ok_or_else(|| wrong(wire))?;
    let framing = framing(status, &fields, method)?;
    let body = &wire[end + 4..];
    let (body, used, whole) = read_body(framing, body, in_order)?;
    let switches = status == 101 || (method == "CONNECT" && (200..300).contains(&status));
    let says_close = has_option(&fields, "close");
    if framing == Framing::UntilClose && !says_close {
        return Err(format!("lasts until the end without saying so: {head}"));
    }
    let used = end + 4 + used;
    let message = Message {
        status,
        fields,
        framing,
        body,
        whole,
        closes: switches || says_close,
        bytes: wire[..used].to_vec(),
    };
    Ok((message, used))
}

/// What is no whole head must be able to become one.
fn check_beginning(wire: &[u8]) -> Result<(), String> {
    let start = b"HTTP/1.";
    let common = wire.len().min(start.len());
    let text = wire
        .iter()
        .all(|&octet| (b' '..=b'~').contains(&octet) || b"\r\n".contains(&octet));
    if wire[..common] == start[..common] && text {
        return Ok(());
    }
    Err(wrong(wire))
}

fn status_line(line: &str) -> Option<u16> {
    let rest = line
        .strip_prefix("HTTP/1.1 ")
        .or(line.strip_prefix("HTTP/1.0 "))?;
    let (code, reason) = rest.split_at_checked(3)?;
    let digits = code.bytes().all(|octet| octet.is_ascii_digit());
    let reason = reason.strip_prefix(' ')?;
    (digits && is_text(reason)).then(|| code.parse().ok())?
}

fn field_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(": ")?;
    let named = name
        .bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    (named && !name.is_empty() && is_text(value) && value.trim() == value)
        .then(|| (name.to_owned(), value.to_owned()))
}

fn is_text(text: &str) -> bool {
    !text.contains(|character: char| character.is_ascii_control())
}

fn has_option(fields: &[(String, String)], option: &str) -> bool {
    let values = fields.iter().filter(|(name, _)| name == "Connection");
    let mut options = values.flat_map(|(_, value)| value.split(", "));
    options.any(|found| found == option)
}

fn framing(status: u16, fields: &[(String, String)], method: &str) -> Result<Framing, String> {
    let all = |name: &str| -> Vec<&str> {
        let found = fields
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    };
    let (lengths, codings) = (all("Content-Length"), all("Transfer-Encoding"));
    let bodiless = status < 200 || status == 204 || (method == "CONNECT" && status < 300);
    let wrong = || Err(format!("{status} with {lengths:?} and {codings:?}"));
    let framing = match (&lengths[..], &codings[..]) {
        ([], []) if bodiless => Framing::None,
        _ if bodiless => return wrong(),
        ([], []) => Framing::UntilClose,
        ([], ["chunked"]) => Framing::Chunked,
        ([length], []) => match length.parse::<usize>() {
            Ok(number) if number.to_string() == *length => Framing::Length(number),
            _ => return wrong(),
        },
        _ => return wrong(),
    };
    Ok(match method {
        _ if status == 304 => Framing::None,
        "HEAD" => Framing::None,
        _ => framing,
    })
}

/// The body, how many bytes it takes, and whether it is whole.
fn read_body(
    framing: Framing,
    wire: &[u8],
    in_order: bool,
) -> Result<(Vec<u8>, usize, bool), String> {
    Ok(match framing {
        Framing::None => (Vec::new(), 0, true),
        Framing::Length(length) => {
            let used = length.min(wire.len());
            (wire[..used].to_vec(), used, used == length)
        }
        Framing::UntilClose => (wire.to_vec(), wire.len(), in_order),
        Framing::Chunked => read_chunks(wire)?,
    })
}

fn read_chunks(wire: &[u8]) -> Result<(Vec<u8>, usize, bool), String> {
    let mut body = Vec::new();
    let mut rest = wire;
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return Ok((body, wire.len(), false));
        };
        let line = std::str::from_utf8(&rest[..end]).map_err(|_| wrong(rest))?;
        let size = usize::from_str_radix(line, 16).map_err(|_| wrong(rest))?;
        rest = &rest[end + 2..];
        let here = size.min(rest.len());
        body.extend_from_slice(&rest[..here]);
        rest = &rest[here..];
        let common = rest.len().min(2);
        if rest[..common] != b"\r\n"[..common] {
            return Err(wrong(rest));
        }
        rest = &rest[common..];
        let used = wire.len() - rest.len();
        match common {
            2 if size == 0 => return Ok((body, used, true)),
            2 => {}
            _ => return Ok((body, wire.len(), false)),
        }
    }
}

fn wrong(bytes: &[u8]) -> String {
    format!("no answer: {}", shown(bytes))
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(80)].escape_ascii().to_string()
}
