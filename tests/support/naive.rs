//! A second reading of RFC 9112 (sections 2 to 9) for the tests: a naive parser of all requests of a
//! connection, which has the whole input in memory, copies freely and shares nothing with the crate
//! but the default limits. What it says is what `requests::run` must say of an input that ends.

#![allow(dead_code, unreachable_pub, reason = "several test files share it")]

use crate::requests::{Outcome, Taken};

const LINE_LIMIT: usize = 65_536;
const HEAD_LIMIT: usize = 262_144;
const TARGET_LIMIT: usize = 8_192;
/// The target's, and 1,024 octets for what stands beside it.
const REQUEST_LINE_LIMIT: usize = 9_216;
const FIELD_LIMIT: usize = 256;
const EMPTY_LINE_LIMIT: usize = 2;
const CHUNK_LINE_LIMIT: usize = 4_096;
const EXTENSION_LIMIT: usize = 16_384;
const TRAILER_LIMIT: usize = 64;
const TRAILER_SECTION_LIMIT: usize = 16_384;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;
/// The status that answers what is wrong.
type Judged<T> = Result<T, u16>;

enum Framing {
    Length(u64),
    Chunked,
}

struct Head {
    taken: Taken,
    framing: Framing,
    persists: bool,
}

/// What becomes of each request of a connection that ends behind `input`.
pub fn connection(input: &[u8]) -> Vec<Outcome> {
    let outcomes = connection_with_ends(input).into_iter();
    outcomes.map(|(outcome, _)| outcome).collect()
}

/// Also where each request ends, or where it is found to be wrong.
pub fn connection_with_ends(input: &[u8]) -> Vec<(Outcome, usize)> {
    let (mut outcomes, mut rest) = (Vec::new(), input);
    while !rest.iter().all(|octet| b"\r\n".contains(octet)) || is_refused_space(rest) {
        let outcome = match request(&mut rest) {
            Ok(taken) => Outcome::Taken(Box::new(taken)),
            Err(status) => Outcome::Refused(status),
        };
        let goes_on = matches!(&outcome, Outcome::Taken(taken) if taken.kept);
        outcomes.push((outcome, input.len() - rest.len()));
        if !goes_on {
            break;
        }
    }
    outcomes
}

/// Whether line ends alone are refused before the connection ends: a third empty line, or an LF
/// without CR.
fn is_refused_space(input: &[u8]) -> bool {
    !b"\r\n\r\n".starts_with(input)
}

fn request(rest: &mut &[u8]) -> Judged<Taken> {
    let Head {
        mut taken,
        framing,
        persists,
    } = head(rest)?;
    let body = match framing {
        Framing::Length(length) => take(rest, length, &mut taken.body),
        Framing::Chunked => chunked(rest, &mut taken.body).map(|trailers| {
            taken.trailers = trailers;
        }),
    };
    taken.broken = body.err();
    taken.kept = persists && taken.broken.is_none();
    Ok(taken)
}

/// RFC 9112 sections 2.2, 3 and 5: faults count line by line, those of the whole head at its end.
fn head(rest: &mut &[u8]) -> Judged<Head> {
    let whole = rest.len();
    for _ in 0..EMPTY_LINE_LIMIT {
        *rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    if !rest.first().is_some_and(is_tchar) {
        return Err(400);
    }
    let line = line(rest, REQUEST_LINE_LIMIT, 414)?;
    let mut taken = request_line(line)?;
    loop {
        let room = HEAD_LIMIT - (whole - rest.len());
        let line = self::line(rest, LINE_LIMIT.min(room), 431)?;
        if line.is_empty() {
            return judge_head(taken);
        }
        if taken.fields.len() == FIELD_LIMIT {
            return Err(431);
        }
        taken.fields.push(field(line).ok_or(400u16)?);
    }
}

/// A line without its CRLF; one that does not end is cut short.
fn line<'a>(rest: &mut &'a [u8], limit: usize, over: u16) -> Judged<&'a [u8]> {
    let end = rest.iter().position(|&octet| octet == b'\n');
    let length = end.map_or(rest.len(), |at| at + 1);
    if length > limit {
        return Err(over);
    }
    let (line, after) = rest.split_at(length);
    *rest = after;
    line.strip_suffix(b"\r\n").ok_or(400)
}

fn request_line(line: &[u8]) -> Judged<Taken> {
    let parts: Vec<&[u8]> = line.split(|&octet| octet == b' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(400);
    };
    let &[b'H', b'T', b'T', b'P', b'/', major, b'.', minor] = version else {
        return Err(400);
    };
    if !major.is_ascii_digit() || !minor.is_ascii_digit() || !is_token(method) {
        return Err(400);
    }
    if major != b'1' {
        return Err(505);
    }
    if target.len() > TARGET_LIMIT {
        return Err(414);
    }
    Ok(Taken {
        method: method.to_vec(),
        target: target.to_vec(),
        version: [major, b'.', minor],
        authority: authority_of(method, target).ok_or(400u16)?,
        ..Taken::default()
    })
}

/// RFC 9112 section 3.2: the host that the target names, if it has one of the four forms.
fn authority_of(method: &[u8], target: &[u8]) -> Option<Option<(Vec<u8>, Option<u16>)>> {
    let visible = |octet: &u8| (b'!'..=b'~').contains(octet) && *octet != b'#';
    if !target.iter().all(visible) {
        return None;
    }
    if method == b"CONNECT" {
        let (host, port) = host_and_port(target)?;
        return port.filter(|port| *port > 0).map(|_| Some((host, port)));
    }
    if target.starts_with(b"/") || (method == b"OPTIONS" && target == b"*") {
        return Some(None);
    }
    let text = std::str::from_utf8(target).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    let letter = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let legal = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let authority = rest.split(['/', '?']).next()?;
    (letter && scheme.chars().all(legal)).then_some(())?;
    host_and_port(authority.as_bytes()).map(Some)
}

/// RFC 3986 section 3.2.2, without future forms of addresses and without an empty host.
fn host_and_port(bytes: &[u8]) -> Option<(Vec<u8>, Option<u16>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (&text[..address.len() + 2], rest)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return None,
        Some("") => None,
        Some(digits) => Some(u16::try_from(number(digits.as_bytes(), 10)?).ok()?),
    };
    let named = host.starts_with('[') || (!host.is_empty() && is_registered_name(host.as_bytes()));
    named.then(|| (host.as_bytes().to_vec(), port))
}

fn is_registered_name(name: &[u8]) -> bool {
    match name {
        [] => true,
        [b'%', a, b, rest @ ..] => {
            [a, b].iter().all(|o| o.is_ascii_hexdigit()) && is_registered_name(rest)
        }
        [octet, rest @ ..] => {
            (octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(octet))
                && is_registered_name(rest)
        }
    }
}

/// RFC 9112 section 5: `field-name ":" OWS field-value OWS`, and no fold.
fn field(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = line.iter().position(|&octet| octet == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let text = |octet: &u8| matches!(octet, b'\t' | b' '..=b'~' | 0x80..);
    let good = is_token(name) && value.iter().all(text);
    good.then(|| (name.to_vec(), value.trim_ascii().to_vec()))
}

/// RFC 9112 sections 3.2, 6.1 and 6.3, RFC 9110 section 10.1.1.
fn judge_head(mut taken: Taken) -> Judged<Head> {
    let old = taken.version == *b"1.0";
    let host = values(&taken.fields, b"host");
    match host[..] {
        [] if old => {}
        [b""] => {}
        [host] => {
            let named = host_and_port(host).ok_or(400u16)?;
            taken.authority.get_or_insert(named);
        }
        _ => return Err(400),
    }
    let framing = framing(&taken.fields, old)?;
    let expected = values(&taken.fields, b"expect");
    let known = |value: &&[u8]| {
        let elements: Vec<Vec<u8>> = elements(&[value])
            .into_iter()
            .filter(|e| !e.is_empty())
            .collect();
        !elements.is_empty()
            && elements
                .iter()
                .all(|e| e.eq_ignore_ascii_case(b"100-continue"))
    };
    if !old && !expected.iter().all(known) {
        return Err(417);
    }
    let options = elements(&values(&taken.fields, b"connection"));
    let has = |option: &[u8]| options.iter().any(|o| o.eq_ignore_ascii_case(option));
    Ok(Head {
        persists: !has(b"close") && (!old || has(b"keep-alive")),
        taken,
        framing,
    })
}

fn framing(fields: &Fields, old: bool) -> Judged<Framing> {
    let (codings, lengths) = (
        values(fields, b"transfer-encoding"),
        values(fields, b"content-length"),
    );
    match (&codings[..], &lengths[..]) {
        ([], []) => return Ok(Framing::Length(0)),
        ([], [length]) => return number(length, 10).map(Framing::Length).ok_or(400),
        ([_, ..], []) if !old => {}
        _ => return Err(400),
    }
    let codings = elements(&codings);
    let is_chunked = |coding: &&Vec<u8>| coding.eq_ignore_ascii_case(b"chunked");
    let once = codings.iter().filter(is_chunked).count() == 1;
    let last = codings.last().is_some_and(|coding| is_chunked(&coding));
    match codings.iter().any(|coding| coding.is_empty()) {
        false if last && codings.len() == 1 => Ok(Framing::Chunked),
        false if last && once => Err(501),
        _ => Err(400),
    }
}

fn take(rest: &mut &[u8], length: u64, body: &mut Vec<u8>) -> Judged<()> {
    let there = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .min(rest.len());
    let (data, after) = rest.split_at(there);
    body.extend_from_slice(data);
    *rest = after;
    if there as u64 == length {
        Ok(())
    } else {
        Err(400)
    }
}

/// RFC 9112 section 7.1.
fn chunked(rest: &mut &[u8], body: &mut Vec<u8>) -> Judged<Fields> {
    let mut extensions = 0;
    loop {
        let line = line(rest, CHUNK_LINE_LIMIT, 400)?;
        let digits = line
            .iter()
            .take_while(|octet| octet.is_ascii_hexdigit())
            .count();
        let size = number(&line[..digits], 16).ok_or(400u16)?;
        if !are_extensions(&line[digits..]) {
            return Err(400);
        }
        extensions += line.len() - digits;
        if extensions > EXTENSION_LIMIT {
            return Err(413);
        }
        if size == 0 {
            return trailers(rest);
        }
        take(rest, size, body)?;
        *rest = rest.strip_prefix(b"\r\n").ok_or(400u16)?;
    }
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`
fn are_extensions(line: &[u8]) -> bool {
    let mut rest = line;
    while !rest.is_empty() {
        let Some(after) = blanks(rest).strip_prefix(b";") else {
            return false;
        };
        let Some(after) = behind_token(blanks(after)) else {
            return false;
        };
        rest = match blanks(after).strip_prefix(b"=") {
            None => after,
            Some(value) => match behind_value(blanks(value)) {
                Some(after) => after,
                None => return false,
            },
        };
    }
    true
}

fn blanks(text: &[u8]) -> &[u8] {
    let count = text
        .iter()
        .take_while(|octet| b" \t".contains(octet))
        .count();
    &text[count..]
}

fn behind_token(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|octet| is_tchar(octet)).count();
    (count > 0).then(|| &text[count..])
}

fn behind_value(text: &[u8]) -> Option<&[u8]> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        return behind_token(text);
    };
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            [b'\\', ..] => return None,
            [b'\t' | b' '..=b'~' | 0x80.., after @ ..] => after,
            _ => return None,
        };
    }
}

fn trailers(rest: &mut &[u8]) -> Judged<Fields> {
    let (whole, mut fields) = (rest.len(), Fields::new());
    loop {
        let room = TRAILER_SECTION_LIMIT - (whole - rest.len());
        let line = line(rest, room, 431)?;
        if line.is_empty() {
            return Ok(fields);
        }
        if fields.len() == TRAILER_LIMIT {
            return Err(431);
        }
        fields.push(field(line).ok_or(400u16)?);
    }
}

fn values<'a>(fields: &'a Fields, of: &[u8]) -> Vec<&'a [u8]> {
    let named = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(of));
    named.map(|(_, value)| value.as_slice()).collect()
}

/// The comma-separated elements of several values; one without anything has one, empty.
fn elements(values: &[&[u8]]) -> Vec<Vec<u8>> {
    let elements = values
        .iter()
        .flat_map(|value| value.split(|&octet| octet == b','));
    elements
        .map(|element| element.trim_ascii().to_vec())
        .collect()
}

fn is_tchar(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet)
}

fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(is_tchar)
}

/// Digits alone, without the sign that the standard library allows.
fn number(digits: &[u8], base: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, base)
        .ok()
        .filter(|_| !text.starts_with('+'))
}
