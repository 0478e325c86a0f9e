//! Text out of octets: the charset of a response (WHATWG Encoding section 4; RFC 9110 section 8.3.2).
//!
//! Departs from `requests`: a byte order mark counts most, then the charset of the media type, else it
//! is UTF-8; no media type means Latin-1, and nothing is guessed.

use std::borrow::Cow;
use std::sync::Arc;

use crate::message::latin1;

/// Text out of octets in this charset, or nothing if the name is not known.
pub(super) type Charsets = Arc<dyn Fn(&str, &[u8]) -> Option<String> + Send + Sync>;

/// The charset that a byte order mark names, and its length.
pub(super) fn byte_order_mark(octets: &[u8]) -> Option<(&'static str, usize)> {
    match octets {
        [0xef, 0xbb, 0xbf, ..] => Some(("utf-8", 3)),
        [0xff, 0xfe, 0, 0, ..] => Some(("utf-32le", 4)),
        [0, 0, 0xfe, 0xff, ..] => Some(("utf-32be", 4)),
        [0xfe, 0xff, ..] => Some(("utf-16be", 2)),
        [0xff, 0xfe, ..] => Some(("utf-16le", 2)),
        _ => None,
    }
}

/// Text in a charset: UTF-8, UTF-16, UTF-32, Latin-1, ASCII, or one of the caller's. What is broken
/// becomes U+FFFD. Nothing if the name is not known.
pub(super) fn decode<'a>(
    octets: &'a [u8],
    charset: &str,
    charsets: Option<&Charsets>,
) -> Option<Cow<'a, str>> {
    let (name, mark) = byte_order_mark(octets).unwrap_or((charset, 0));
    let content = octets.get(mark..).unwrap_or_default();
    let lower = name.trim().to_ascii_lowercase();
    match lower.as_str() {
        "utf-8" | "utf8" | "utf_8" | "unicode-1-1-utf-8" => Some(String::from_utf8_lossy(content)),
        "us-ascii" | "ascii" => Some(ascii(content)),
        "iso-8859-1" | "latin-1" | "latin1" | "iso_8859-1" | "l1" => Some(latin1(content)),
        "utf-16" | "utf-16le" => Some(utf_16(content, u16::from_le_bytes)),
        "utf-16be" => Some(utf_16(content, u16::from_be_bytes)),
        "utf-32" | "utf-32le" => Some(utf_32(content, u32::from_le_bytes)),
        "utf-32be" => Some(utf_32(content, u32::from_be_bytes)),
        other => charsets
            .and_then(|charsets| charsets(other, content))
            .map(Cow::Owned),
    }
}

fn ascii(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => octets
            .iter()
            .map(|octet| match octet.is_ascii() {
                true => char::from(*octet),
                false => char::REPLACEMENT_CHARACTER,
            })
            .collect(),
    }
}

fn utf_16<'a>(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'a, str> {
    let chunks = octets.chunks_exact(2);
    let odd = chunks.remainder();
    let units = chunks.map(|octets| unit(octets.try_into().unwrap_or_default()));
    let characters =
        char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER));
    let mut text: String = characters.collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Cow::Owned(text)
}

fn utf_32<'a>(octets: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'a, str> {
    let chunks = octets.chunks_exact(4);
    let odd = chunks.remainder();
    let units = chunks.map(|octets| unit(octets.try_into().unwrap_or_default()));
    let mut text: String = units
        .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Cow::Owned(text)
}

/// The charset of JSON without a byte order mark, by where its first characters have their zeros
/// (`requests.utils.guess_json_utf`).
pub(super) fn json_charset(octets: &[u8]) -> &'static str {
    if let Some((charset, _)) = byte_order_mark(octets) {
        return charset;
    }
    match octets {
        [0, 0, 0, _, ..] => "utf-32be",
        [_, 0, 0, 0, ..] => "utf-32le",
        [0, _, 0, _, ..] => "utf-16be",
        [_, 0, _, 0, ..] => "utf-16le",
        _ => "utf-8",
    }
}
