//! Percent-encoding (RFC 3986 section 2.1): the octets that stand as they are, and the others both ways.

use std::fmt::Write as _;

use crate::proto::{scan, steps};

/// Letters, digits, `-`, `.`, `_`, `~` (RFC 3986 section 2.3).
pub(crate) fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// The octet that two hexadecimal digits at the start of the text stand for.
pub(crate) fn decoded(text: &[u8]) -> Option<u8> {
    let [high, low, ..] = text else { return None };
    Some(scan::hex_digit(*high)? << 4 | scan::hex_digit(*low)?)
}

/// The octets that a text stands for. A `%` that two hexadecimal digits do not follow stands for
/// itself, as in `urllib.parse.unquote`; a plus for a space in forms.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    steps::count(text.len());
    let is_plain = |octet: &u8| *octet != b'%' && !(plus_is_space && *octet == b'+');
    if text.iter().all(is_plain) {
        return text.to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [octet, after @ ..] = rest {
        let (octet, after) = match octet {
            b'%' => match decoded(after) {
                Some(octet) => (octet, after.get(2..).unwrap_or_default()),
                None => (b'%', after),
            },
            b'+' if plus_is_space => (b' ', after),
            octet => (*octet, after),
        };
        bytes.push(octet);
        rest = after;
    }
    bytes
}

/// Appends `%` and two digits, in upper case (RFC 3986 section 2.1).
pub(crate) fn push_encoded(text: &mut String, octet: u8) {
    // Writing to a string can't fail.
    let _ = write!(text, "%{octet:02X}");
}

/// Appends the octets, of which only unreserved characters stand as they are.
#[cfg(feature = "server")]
pub(crate) fn encode(octets: &[u8], text: &mut String) {
    for &octet in octets {
        match is_unreserved(octet) {
            true => text.push(char::from(octet)),
            false => push_encoded(text, octet),
        }
    }
}
