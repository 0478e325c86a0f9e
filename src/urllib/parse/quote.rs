//! Percent-encoding of text in general (RFC 3986 section 2.1).

use std::borrow::Cow;

use crate::percent::{decode, is_unreserved, push_encoded};
use crate::proto::steps;

/// Encodes every octet but letters, digits, `_.-~` and those in `safe`
/// (`urllib.parse.quote`, whose `safe` is `/` unless given).
///
/// Text is encoded as UTF-8; characters of `safe` that are not ASCII do not count.
///
/// ```
/// use stdhttp::urllib::parse::quote;
///
/// assert_eq!(quote("a b/ü", "/"), "a%20b/%C3%BC");
/// assert_eq!(quote("a b/ü", ""), "a%20b%2F%C3%BC");
/// ```
#[must_use]
pub fn quote(string: impl AsRef<[u8]>, safe: &str) -> String {
    quote_from_bytes(string.as_ref(), safe)
}

/// As [`quote`], for bytes (`urllib.parse.quote_from_bytes`).
#[must_use]
pub fn quote_from_bytes(bytes: &[u8], safe: &str) -> String {
    let mut text = String::with_capacity(bytes.len());
    push_quoted(&mut text, bytes, safe, false);
    text
}

/// As [`quote`], but a blank becomes `+`, and a `+` is encoded (`urllib.parse.quote_plus`, whose
/// `safe` is empty unless given).
///
/// ```
/// use stdhttp::urllib::parse::quote_plus;
///
/// assert_eq!(quote_plus("1 + 1 = 2", ""), "1+%2B+1+%3D+2");
/// ```
#[must_use]
pub fn quote_plus(string: impl AsRef<[u8]>, safe: &str) -> String {
    let bytes = string.as_ref();
    let mut text = String::with_capacity(bytes.len());
    push_quoted(&mut text, bytes, safe, true);
    text
}

/// Appends the bytes encoded; with `plus`, blanks as `+`.
pub(super) fn push_quoted(text: &mut String, bytes: &[u8], safe: &str, plus: bool) {
    steps::count(bytes.len());
    let mut is_safe = [false; 128];
    for octet in safe.bytes() {
        if let Some(entry) = is_safe.get_mut(usize::from(octet)) {
            *entry = true;
        }
    }
    for &octet in bytes {
        let safe = is_safe.get(usize::from(octet)).is_some_and(|safe| *safe);
        match octet {
            b' ' if plus => text.push('+'),
            octet if safe || is_unreserved(octet) => text.push(char::from(octet)),
            octet => push_encoded(text, octet),
        }
    }
}

/// Decodes `%` and two hexadecimal digits; any other `%` stays (`urllib.parse.unquote`). What is
/// not UTF-8 becomes U+FFFD.
///
/// ```
/// use stdhttp::urllib::parse::unquote;
///
/// assert_eq!(unquote("/El%20Ni%C3%B1o/100%"), "/El Niño/100%");
/// ```
#[must_use]
pub fn unquote(string: &str) -> Cow<'_, str> {
    match string.contains('%') {
        true => Cow::Owned(text_of(decode(string.as_bytes(), false))),
        false => Cow::Borrowed(string),
    }
}

/// As [`unquote`], but a `+` becomes a blank (`urllib.parse.unquote_plus`).
///
/// ```
/// use stdhttp::urllib::parse::unquote_plus;
///
/// assert_eq!(unquote_plus("1+%2b+1"), "1 + 1");
/// ```
#[must_use]
pub fn unquote_plus(string: &str) -> Cow<'_, str> {
    match string.contains(['%', '+']) {
        true => Cow::Owned(text_of(decode(string.as_bytes(), true))),
        false => Cow::Borrowed(string),
    }
}

/// As [`unquote`], to bytes (`urllib.parse.unquote_to_bytes`).
///
/// ```
/// use stdhttp::urllib::parse::unquote_to_bytes;
///
/// assert_eq!(unquote_to_bytes("a%26%EF"), b"a&\xef");
/// ```
#[must_use]
pub fn unquote_to_bytes(string: impl AsRef<[u8]>) -> Vec<u8> {
    decode(string.as_ref(), false)
}

/// The bytes as UTF-8, with U+FFFD for what is not; copied only then.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
