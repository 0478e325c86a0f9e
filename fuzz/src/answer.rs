//! A strict reader of a server's answers, written from RFC 9112 sections 4 to 9 without leniency.

use crate::outcome::Fields;

/// A final response as it was read.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    /// It says that the connection closes behind it.
    pub closes: bool,
    pub body: Vec<u8>,
}

type Read<T> = Result<T, &'static str>;

/// Reads the answer to a request with this method and version; interim ones before it are skipped.
pub fn read(rest: &mut &[u8], method: &[u8], version: &[u8; 3]) -> Answer {
    let sent = *rest;
    try_read(rest, method, version)
        .unwrap_or_else(|wrong| panic!("{wrong}: {}", sent.escape_ascii()))
}

/// Whether what came is the beginning of an answer and not a whole one.
pub fn is_cut(rest: &[u8], method: &[u8], version: &[u8; 3]) -> bool {
    let mut rest = rest;
    try_read(&mut rest, method, version).is_err_and(|wrong| wrong == "cut")
}

fn try_read(rest: &mut &[u8], method: &[u8], version: &[u8; 3]) -> Read<Answer> {
    loop {
        let (status, fields) = head(rest)?;
        if status >= 200 {
            return final_answer(rest, status, &fields, method, version);
        }
        if version == b"1.0" || !values(&fields, b"content-length").is_empty() {
            return Err("interim response");
        }
    }
}

fn head(rest: &mut &[u8]) -> Read<(u16, Fields)> {
    let line = line(rest)?;
    let parts: Vec<&[u8]> = line.splitn(3, |&octet| octet == b' ').collect();
    let [b"HTTP/1.1", status, _] = parts[..] else {
        return Err("status line");
    };
    let status = std::str::from_utf8(status)
        .ok()
        .and_then(|text| text.parse().ok());
    let mut fields = Fields::new();
    loop {
        let line = self::line(rest)?;
        if line.is_empty() {
            return Ok((status.ok_or("status code")?, fields));
        }
        fields.push(field(line).ok_or("field")?);
    }
}

/// A line without its CRLF, in which there is no other CR, LF or control.
fn line<'a>(rest: &mut &'a [u8]) -> Read<&'a [u8]> {
    let end = rest
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .ok_or("cut")?;
    let (line, after) = rest.split_at(end);
    *rest = &after[2..];
    let clean = line
        .iter()
        .all(|octet| matches!(octet, b' '..=b'~' | 0x80..));
    clean.then_some(line).ok_or("control character")
}

fn field(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = line.windows(2).position(|pair| pair == b": ")?;
    let (name, value) = (&line[..colon], &line[colon + 2..]);
    let is_name = name
        .iter()
        .all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
    (is_name && !name.is_empty() && value.trim_ascii() == value)
        .then(|| (name.to_vec(), value.to_vec()))
}

fn final_answer(
    rest: &mut &[u8],
    status: u16,
    fields: &Fields,
    method: &[u8],
    version: &[u8; 3],
) -> Read<Answer> {
    let (lengths, codings) = (
        values(fields, b"content-length"),
        values(fields, b"transfer-encoding"),
    );
    let closes = says(fields, b"close");
    if [&b"date"[..], b"server"]
        .iter()
        .any(|name| values(fields, name).len() != 1)
    {
        return Err("Date or Server");
    }
    let body = match (&lengths[..], &codings[..]) {
        _ if method == b"HEAD" || [204, 304].contains(&status) => Vec::new(),
        ([length], []) => {
            let length = std::str::from_utf8(length)
                .ok()
                .and_then(|text| text.parse().ok());
            take(rest, length.ok_or("length")?)?
        }
        ([], [b"chunked"]) if version != b"1.0" => chunks(rest)?,
        ([], []) if closes => take(rest, rest.len())?,
        _ => return Err("framing"),
    };
    Ok(Answer {
        status,
        closes,
        body,
    })
}

fn take(rest: &mut &[u8], length: usize) -> Read<Vec<u8>> {
    let (body, after) = rest.split_at_checked(length).ok_or("cut")?;
    *rest = after;
    Ok(body.to_vec())
}

fn chunks(rest: &mut &[u8]) -> Read<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(rest)?;
        let size = std::str::from_utf8(line).ok();
        let size = size
            .and_then(|text| usize::from_str_radix(text, 16).ok())
            .ok_or("chunk size")?;
        body.extend(take(rest, size)?);
        if !self::line(rest)?.is_empty() {
            return Err("chunk end");
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Whether a request's fields let its connection persist (RFC 9112 section 9.3).
pub fn persists(fields: &Fields, old: bool) -> bool {
    !says(fields, b"close") && (!old || says(fields, b"keep-alive"))
}

fn says(fields: &Fields, option: &[u8]) -> bool {
    let values = values(fields, b"connection");
    let mut options = values
        .iter()
        .flat_map(|value| value.split(|&octet| octet == b','));
    options.any(|other| other.trim_ascii().eq_ignore_ascii_case(option))
}

fn values<'a>(fields: &'a Fields, of: &[u8]) -> Vec<&'a [u8]> {
    let named = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(of));
    named.map(|(_, value)| value.as_slice()).collect()
}
