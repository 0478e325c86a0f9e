//! The classes of octets of a URI (RFC 3986 section 2) and percent-encoding.

use std::borrow::Cow;

use crate::parse_error::{Fault, ParseError, Part};
use crate::percent::{decoded, is_unreserved, push_encoded};
use crate::proto::{scan, steps};

/// RFC 3986 section 2.2.
fn is_sub_delim(octet: u8) -> bool {
    matches!(
        octet,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

/// Whether the octet may stand in this part as it is; `%` may, before two digits.
fn is_legal(part: Part, octet: u8) -> bool {
    is_unreserved(octet)
        || is_sub_delim(octet)
        || octet == b':'
        || match part {
            Part::Path => matches!(octet, b'@' | b'/'),
            Part::Query | Part::Fragment => matches!(octet, b'@' | b'/' | b'?'),
            _ => false,
        }
}

/// The bytes, and those behind each, with a `%` and its two digits taken as one item.
struct Octets<'a> {
    rest: &'a [u8],
}

/// One octet of a text, as written.
enum Octet {
    Plain(u8),
    /// A `%`; whether two hexadecimal digits follow.
    Percent(bool),
}

impl Iterator for Octets<'_> {
    type Item = Octet;

    fn next(&mut self) -> Option<Octet> {
        steps::count(1);
        let (octet, after) = match self.rest {
            [b'%', after @ ..] => (Octet::Percent(decoded(after).is_some()), after),
            [octet, after @ ..] => (Octet::Plain(*octet), after),
            [] => return None,
        };
        self.rest = after;
        Some(octet)
    }
}

/// Checks that a part of a URI holds legal octets only.
///
/// # Errors
/// The first octet that is not, or the first lone `%`; the offset is that in the part.
pub(crate) fn check(part: Part, text: &str) -> Result<(), ParseError> {
    let octets = Octets {
        rest: text.as_bytes(),
    };
    for (place, octet) in octets.enumerate() {
        let fault = match octet {
            Octet::Plain(octet) if is_legal(part, octet) => continue,
            Octet::Plain(octet) => Fault::Octet(octet),
            Octet::Percent(true) => continue,
            Octet::Percent(false) => Fault::Percent,
        };
        return Err(ParseError::new(part, fault, place));
    }
    Ok(())
}

/// The part with its illegal octets percent-encoded; legal ones stay as they are.
///
/// # Errors
/// A lone `%`: nobody can tell what it was meant to be.
pub(crate) fn quote_illegal(part: Part, text: &str) -> Result<Cow<'_, str>, ParseError> {
    let Err(first) = check(part, text) else {
        return Ok(Cow::Borrowed(text));
    };
    let (clean, rest) = text.split_at_checked(first.offset).unwrap_or_default();
    let mut quoted = clean.to_owned();
    let octets = Octets {
        rest: rest.as_bytes(),
    };
    for (place, octet) in octets.enumerate() {
        match octet {
            Octet::Plain(octet) if is_legal(part, octet) => quoted.push(char::from(octet)),
            Octet::Plain(octet) => push_encoded(&mut quoted, octet),
            Octet::Percent(true) => quoted.push('%'),
            Octet::Percent(false) => {
                let error = ParseError::new(part, Fault::Percent, place);
                return Err(error.moved(first.offset));
            }
        }
    }
    Ok(Cow::Owned(quoted))
}

/// The offset of the first ASCII control character.
pub(crate) fn find_control(text: &str) -> Option<(usize, u8)> {
    let unusual = scan::from_first_invisible(text.as_bytes());
    steps::count(unusual.len());
    let visible = text.len().saturating_sub(unusual.len());
    let place = unusual.iter().position(u8::is_ascii_control)?;
    Some((visible.saturating_add(place), *unusual.get(place)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_exactly_the_octets_of_the_grammar() {
        let common = "-._~!$&'()*+,;=:";
        for (part, more) in [
            (Part::Userinfo, ""),
            (Part::Path, "@/"),
            (Part::Query, "@/?"),
            (Part::Fragment, "@/?"),
        ] {
            for octet in 0..=u8::MAX {
                let character = char::from(octet);
                let legal = octet.is_ascii_alphanumeric()
                    || common.contains(character)
                    || more.contains(character);
                assert_eq!(is_legal(part, octet), legal, "{part} {octet:#x}");
            }
        }
    }
}
