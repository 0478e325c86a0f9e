//! Python's quoting of values: quotes around what is no plain text, `\ooo` for the octets that
//! cookies can't have (`http.cookies._quote` and `_unquote`, after RFC 2109).

use std::borrow::Cow;
use std::fmt::Write;

use crate::proto::steps;

/// Whether an octet needs no quotes: those of names, and `:`.
pub(super) fn is_legal(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&octet)
}

/// A value as it can be sent: as it is, or between quotes. Text beyond ASCII is quoted octet by
/// octet of its UTF-8.
pub(super) fn quote(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(is_legal) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::from("\"");
    for octet in value.bytes() {
        match octet {
            b'"' | b'\\' => quoted.extend(['\\', char::from(octet)]),
            _ if is_legal(octet) || b" ()/<=>?@[]{}".contains(&octet) => {
                quoted.push(char::from(octet));
            }
            // Writing to a `String` can't fail.
            _ => drop(write!(quoted, "\\{octet:03o}")),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// The octets of a value that may be quoted. Every octet is looked at once.
pub(super) fn unquote(coded: &[u8]) -> Vec<u8> {
    steps::count(coded.len());
    let [b'"', inner @ .., b'"'] = coded else {
        return coded.to_vec();
    };
    let mut octets = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [first, behind @ ..] = rest {
        let (octet, behind) = match rest {
            [
                b'\\',
                high @ b'0'..=b'3',
                middle @ b'0'..=b'7',
                low @ b'0'..=b'7',
                behind @ ..,
            ] => (octal([*high, *middle, *low]), behind),
            [b'\\', escaped, behind @ ..] => (*escaped, behind),
            _ => (*first, behind),
        };
        octets.push(octet);
        rest = behind;
    }
    octets
}

fn octal(digits: [u8; 3]) -> u8 {
    digits.iter().fold(0, |octet, digit| octet << 3 | digit & 7)
}
