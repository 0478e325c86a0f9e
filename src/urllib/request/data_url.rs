//! `DataHandler`: `data:` URLs (RFC 2397), decoded in memory. What comes out is smaller than the URL.
//!
//! Base64 is read as browsers read it: without blanks, and with or without padding; anything else in
//! it is an error, which Python skips.

use std::io::Cursor;

use super::error::URLError;
use super::opener::{BaseHandler, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;
use crate::message::HTTPMessage;
use crate::parse_error::{Fault, ParseError, Part};
use crate::urllib::parse::unquote_to_bytes;

/// Opens `data:` URLs (`urllib.request.DataHandler`). The answer has `Content-Type` and
/// `Content-Length`.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataHandler;

impl BaseHandler for DataHandler {
    fn role(&self) -> Role {
        Role::Data
    }

    fn open(
        &self,
        _: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        if request.scheme() != "data" {
            return Ok(None);
        }
        let (media_type, content) = decode(request.full_url()).map_err(URLError::Data)?;
        let mut headers = HTTPMessage::new();
        headers.append("Content-Type", media_type);
        headers.append("Content-Length", content.len().to_string());
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let response = Response::new(request.full_url(), 200, headers, Cursor::new(content));
        Ok(Some(response.with_length(length)))
    }
}

/// The media type and the content.
fn decode(url: &str) -> Result<(String, Vec<u8>), ParseError> {
    let text = url.split('#').next().unwrap_or_default();
    let malformed = |part| ParseError::new(part, Fault::Malformed, 0);
    let (_, rest) = text.split_once(':').ok_or(malformed(Part::Whole))?;
    let missing = ParseError::new(Part::Whole, Fault::Missing, text.len());
    let (head, content) = rest.split_once(',').ok_or(missing)?;
    let content = unquote_to_bytes(content);
    let (media_type, content) = match strip_base64(head) {
        Some(media_type) => {
            let decoded = base64(&content).ok_or(malformed(Part::Whole))?;
            (media_type, decoded)
        }
        None => (head, content),
    };
    let media_type = match media_type {
        "" => "text/plain;charset=US-ASCII",
        given => given,
    };
    let media_type = String::from_utf8(unquote_to_bytes(media_type));
    let media_type = media_type.map_err(|_| malformed(Part::ContentType))?;
    match media_type.contains(char::is_control) {
        true => Err(malformed(Part::ContentType)),
        false => Ok((media_type, content)),
    }
}

/// What stands before `;base64`, if that is the end.
fn strip_base64(head: &str) -> Option<&str> {
    let (media_type, last) = head.rsplit_once(';')?;
    last.eq_ignore_ascii_case("base64").then_some(media_type)
}

/// The octets that Base64 stands for; nothing if it is none (RFC 4648 section 4).
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let letters = match text.len() % 4 == 0 {
        true => text
            .strip_suffix(b"==")
            .or(text.strip_suffix(b"="))
            .unwrap_or(&text),
        false => &text,
    };
    let mut octets = Vec::with_capacity(letters.len());
    for group in letters.chunks(4) {
        let mut bits = 0_u32;
        for letter in group {
            bits = bits << 6 | value(*letter)?;
        }
        let (spare, count) = match group.len() {
            4 => (0, 3),
            3 => (6, 2),
            2 => (12, 1),
            _ => return None,
        };
        let [_, bytes @ ..] = (bits << spare).to_be_bytes();
        octets.extend_from_slice(bytes.get(..count)?);
    }
    Some(octets)
}

fn value(letter: u8) -> Option<u32> {
    let place = |first: u8, offset: u8| u32::from(letter.wrapping_sub(first).wrapping_add(offset));
    match letter {
        b'A'..=b'Z' => Some(place(b'A', 0)),
        b'a'..=b'z' => Some(place(b'a', 26)),
        b'0'..=b'9' => Some(place(b'0', 52)),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
