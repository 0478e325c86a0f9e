//! Exchanges in a text that people can read and change: one paragraph for a request, one for its
//! response. Octets that are no text are escaped, so that nothing is lost.
//!
//! ```text
//! > POST http://www.example.org/login
//! > Content-Type: application/json
//! | {"name": "me"}
//!
//! < 200 OK
//! < Set-Cookie: id=***; Path=/
//! | welcome\n
//! ```

use std::fmt::{self, Write};

/// The first line.
const TITLE: &str = "# stdhttp recording 1";

/// A request and its response, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) request_fields: Vec<Field>,
    pub(super) request_body: Vec<u8>,
    pub(super) status: u16,
    pub(super) reason: Vec<u8>,
    pub(super) response_fields: Vec<Field>,
    pub(super) response_body: Vec<u8>,
}

/// Name and value.
pub(super) type Field = (String, Vec<u8>);

/// All exchanges, in their order.
pub(super) fn write(exchanges: &[Exchange]) -> String {
    let mut text = format!("{TITLE}\n");
    for exchange in exchanges {
        // To a string nothing fails.
        let _ = write_exchange(exchange, &mut text);
    }
    text
}

fn write_exchange(exchange: &Exchange, text: &mut String) -> fmt::Result {
    write!(text, "\n> {} {}\n", exchange.method, exchange.url)?;
    write_message('>', &exchange.request_fields, &exchange.request_body, text)?;
    let reason = escaped(&exchange.reason);
    write!(text, "\n< {} {reason}\n", exchange.status)?;
    write_message(
        '<',
        &exchange.response_fields,
        &exchange.response_body,
        text,
    )
}

fn write_message(mark: char, fields: &[Field], body: &[u8], text: &mut String) -> fmt::Result {
    for (name, value) in fields {
        writeln!(text, "{mark} {name}: {}", escaped(value))?;
    }
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        writeln!(text, "| {}", escaped(line))?;
    }
    Ok(())
}

/// Text as it is, everything else as `\n`, `\r`, `\t`, `\\` and `\xNN`.
fn escaped(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                character if character.is_control() => {
                    let mut octets = [0; 4];
                    hex(character.encode_utf8(&mut octets).as_bytes(), &mut text);
                }
                character => text.push(character),
            }
        }
        hex(chunk.invalid(), &mut text);
    }
    text
}

fn hex(octets: &[u8], text: &mut String) {
    for octet in octets {
        // To a string nothing fails.
        let _ = write!(text, "\\x{octet:02x}");
    }
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut parts = text.split('\\');
    octets.extend_from_slice(parts.next()?.as_bytes());
    // Behind each backslash stands a letter; another backslash leaves an empty part.
    while let Some(part) = parts.next() {
        let rest = match part.bytes().next() {
            None => {
                octets.push(b'\\');
                parts.next()?
            }
            Some(letter) => {
                let rest = part.get(1..)?;
                unescape_letter(letter, rest, &mut octets)?
            }
        };
        octets.extend_from_slice(rest.as_bytes());
    }
    Some(octets)
}

/// What stands behind the escape.
fn unescape_letter<'a>(letter: u8, rest: &'a str, octets: &mut Vec<u8>) -> Option<&'a str> {
    let (octet, rest) = match letter {
        b'n' => (b'\n', rest),
        b'r' => (b'\r', rest),
        b't' => (b'\t', rest),
        b'x' => {
            let (digits, rest) = rest.split_at_checked(2)?;
            let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let octet = are_digits.then(|| u8::from_str_radix(digits, 16).ok());
            (octet??, rest)
        }
        _ => return None,
    };
    octets.push(octet);
    Some(rest)
}

/// All exchanges of a text.
///
/// # Errors
/// The number of the first line that can't be read.
pub(super) fn read(text: &str) -> Result<Vec<Exchange>, usize> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut reader = Reader::Begin;
    let mut lines = text.lines().zip(1..);
    match lines.next() {
        Some((TITLE, _)) => {}
        _ => return Err(1),
    }
    let mut last = 1;
    for (line, number) in lines {
        last = number;
        reader = reader.read(line, &mut exchanges).ok_or(number)?;
    }
    match reader {
        Reader::Request => Err(last),
        _ => Ok(exchanges),
    }
}

/// What the line before was a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Begin,
    Request,
    Response,
}

impl Reader {
    fn read(self, line: &str, exchanges: &mut Vec<Exchange>) -> Option<Self> {
        if line.is_empty() || line.starts_with('#') {
            return Some(self);
        }
        let (mark, rest) = line.split_at_checked(1)?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match (self, mark) {
            (Self::Begin | Self::Response, ">") if !is_field(rest) => {
                exchanges.push(begin(rest)?);
                return Some(Self::Request);
            }
            (Self::Request, "<") if !is_field(rest) => {
                let exchange = exchanges.last_mut()?;
                let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                exchange.status = status.parse().ok()?;
                exchange.reason = unescaped(reason)?;
                return Some(Self::Response);
            }
            _ => {}
        }
        let exchange = exchanges.last_mut()?;
        let (fields, body) = match self {
            Self::Request => (&mut exchange.request_fields, &mut exchange.request_body),
            _ => (&mut exchange.response_fields, &mut exchange.response_body),
        };
        match (self, mark) {
            (Self::Request, ">") | (Self::Response, "<") => fields.push(field(rest)?),
            (Self::Request | Self::Response, "|") => body.extend(unescaped(rest)?),
            _ => return None,
        }
        Some(self)
    }
}

fn begin(line: &str) -> Option<Exchange> {
    let (method, url) = line.split_once(' ')?;
    Some(Exchange {
        method: method.to_owned(),
        url: url.to_owned(),
        ..Exchange::default()
    })
}

/// The name of a field has no blank in it, which follows method and status at once.
fn is_field(line: &str) -> bool {
    let name = line.split_once(':').map(|(name, _)| name);
    name.is_some_and(|name| !name.contains(' '))
}

fn field(line: &str) -> Option<Field> {
    let (name, value) = line.split_once(':')?;
    let value = value.strip_prefix(' ').unwrap_or(value);
    Some((name.to_owned(), unescaped(value)?))
}
