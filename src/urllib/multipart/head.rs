//! The header section of a part that was received (RFC 7578 section 4, RFC 2046 section 5.1).

use crate::HTTPMessage;
use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::scan;

/// What the head of a part says.
#[derive(Clone, Debug, Default)]
pub(super) struct PartHead {
    pub(super) headers: HTTPMessage,
    pub(super) name: String,
    pub(super) filename: Option<String>,
}

impl PartHead {
    /// Takes one line without its end.
    pub(super) fn add_line(&mut self, line: &[u8]) -> Result<(), ParseError> {
        let name = scan::token_length(line);
        let error = |fault, place| ParseError::new(Part::Header, fault, place);
        let (name, rest) = line.split_at_checked(name).unwrap_or_default();
        let [b':', value @ ..] = rest else {
            return Err(match rest {
                [octet, ..] => error(Fault::Octet(*octet), name.len()),
                [] => error(Fault::Malformed, name.len()),
            });
        };
        let legal = scan::value_length(value);
        match value.get(legal) {
            _ if name.is_empty() => Err(error(Fault::Missing, 0)),
            Some(octet) => {
                let start = name.len().saturating_add(1);
                Err(error(Fault::Octet(*octet), legal).moved(start))
            }
            None => {
                self.headers.append(name, scan::trim_blank(value));
                Ok(())
            }
        }
    }

    /// Reads the disposition, when all lines are there.
    pub(super) fn finish(&mut self) -> Result<(), ParseError> {
        let error = |fault| ParseError::new(Part::Disposition, fault, 0);
        let mut values = self.headers.get_all_bytes("Content-Disposition");
        let value = values.next().ok_or(error(Fault::Missing))?;
        if values.next().is_some() {
            return Err(error(Fault::TooMuch(1)));
        }
        let text = std::str::from_utf8(value).map_err(|_| error(Fault::Malformed))?;
        let [name, filename] = disposition(text).ok_or(error(Fault::Malformed))?;
        self.name = name.ok_or(error(Fault::Missing))?;
        self.filename = filename;
        Ok(())
    }
}

/// Name and filename of `form-data; name="…"; filename="…"`; nothing if it is something else, or
/// says one of them twice.
fn disposition(value: &str) -> Option<[Option<String>; 2]> {
    let (kind, mut rest) = value.split_at_checked(value.find(';').unwrap_or(value.len()))?;
    if !kind
        .trim_matches([' ', '\t'])
        .eq_ignore_ascii_case("form-data")
    {
        return None;
    }
    let mut found = [None, None];
    while let Some(after) = rest.strip_prefix(';') {
        let (parameter, after) = split_parameter(after)?;
        rest = after;
        let place = match parameter {
            Some((name, _)) if name.eq_ignore_ascii_case("name") => found.first_mut(),
            Some((name, _)) if name.eq_ignore_ascii_case("filename") => found.last_mut(),
            _ => continue,
        };
        let (place, value) = (place?, parameter.map(|(_, value)| unescaped(value)));
        if place.is_some() {
            return None;
        }
        *place = value;
    }
    rest.is_empty().then_some(found)
}

type Parameter<'a> = Option<(&'a str, &'a str)>;

/// The parameter at the start, none if it is empty, and what follows it. A quoted value ends at the
/// next quote: browsers write no other, and a backslash is one of the name.
fn split_parameter(text: &str) -> Option<(Parameter<'_>, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    if text.is_empty() || text.starts_with(';') {
        return Some((None, text));
    }
    let (name, value) = text.split_at_checked(scan::token_length(text.as_bytes()))?;
    let value = value.strip_prefix('=').filter(|_| !name.is_empty())?;
    let (value, rest) = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => {
            let length = scan::token_length(value.as_bytes());
            value.split_at_checked(length).filter(|_| length > 0)?
        }
    };
    Some((Some((name, value)), rest.trim_start_matches([' ', '\t'])))
}

/// What browsers encode in names: CR, LF and the quote.
fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        unescaped.push_str(before);
        let encoded = [("0D", '\r'), ("0A", '\n'), ("22", '"')];
        let mut found = encoded.iter().filter_map(|(digits, character)| {
            let prefix = after.get(..2)?;
            let same = prefix.eq_ignore_ascii_case(digits);
            same.then_some((*character, after.get(2..)?))
        });
        let (character, after) = found.next().unwrap_or(('%', after));
        unescaped.push(character);
        rest = after;
    }
    unescaped.push_str(rest);
    unescaped
}
