//! The parts of the chunked coding: the usual form of a size line, and the grammar of extensions (RFC
//! 9112 section 7.1).

use crate::error::{ChunkFault, HTTPException};
use crate::proto::{scan, steps};

/// What follows the data of a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// The last chunk and an empty trailer section.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The size and what follows, if `line` begins with `1*HEXDIG CRLF` within the limit and within 64
/// bits.
#[inline]
pub(super) fn usual_size_line(line: &[u8], limit: usize) -> Option<(u64, &[u8])> {
    let mut size = 0u64;
    let mut digits = line;
    while let [octet, after @ ..] = digits {
        let Some(digit) = scan::hex_digit(*octet) else {
            break;
        };
        size = size << 4 | u64::from(digit);
        digits = after;
    }
    let length = line.len().wrapping_sub(digits.len());
    steps::count(length);
    let [b'\r', b'\n', after @ ..] = digits else {
        return None;
    };
    // More than 16 digits may be more than 64 bits.
    let whole = (1..=16).contains(&length) && length.wrapping_add(2) <= limit;
    whole.then_some((size, after))
}

/// Where a reader of `chunk-ext` stands (RFC 9112 section 7.1.1):
/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`. The white space is what a
/// recipient has to bear and no sender may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkExtension {
    /// Before the first, or behind a quoted value.
    Whole,
    /// White space behind a whole one: another has to follow.
    WholeBlank,
    NameStart,
    Name,
    /// White space behind a name.
    NameBlank,
    ValueStart,
    Value,
    Quoted,
    /// Behind the `\` of a quoted pair.
    Escaped,
    /// Not in the grammar, which was forgiven.
    Malformed,
}

impl ChunkExtension {
    /// The place behind this octet, if it may stand here. Control characters are none of its
    /// business.
    pub(super) fn behind(self, octet: u8, sent: bool) -> Option<Self> {
        match (self, octet) {
            (Self::Malformed, _) => Some(Self::Malformed),
            (Self::Quoted, b'"') => Some(Self::Whole),
            (Self::Quoted, b'\\') => Some(Self::Escaped),
            (Self::Quoted | Self::Escaped, _) => Some(Self::Quoted),
            (_, b' ' | b'\t') => self.behind_blank().filter(|_| !sent),
            (Self::NameStart | Self::ValueStart, b';' | b'=') => None,
            (Self::Name | Self::NameBlank, b'=') => Some(Self::ValueStart),
            (_, b';') => Some(Self::NameStart),
            (Self::ValueStart, b'"') => Some(Self::Quoted),
            (Self::NameStart | Self::Name, _) => scan::is_token(&[octet]).then_some(Self::Name),
            (Self::ValueStart | Self::Value, _) => scan::is_token(&[octet]).then_some(Self::Value),
            (Self::Whole | Self::WholeBlank | Self::NameBlank, _) => None,
        }
    }

    fn behind_blank(self) -> Option<Self> {
        match self {
            Self::Whole | Self::WholeBlank | Self::Value => Some(Self::WholeBlank),
            Self::Name | Self::NameBlank => Some(Self::NameBlank),
            Self::NameStart | Self::ValueStart => Some(self),
            Self::Quoted | Self::Escaped | Self::Malformed => None,
        }
    }

    pub(super) fn may_end(self) -> bool {
        matches!(
            self,
            Self::Whole | Self::Name | Self::Value | Self::Malformed
        )
    }
}

pub(super) fn fault(fault: ChunkFault) -> HTTPException {
    HTTPException::InvalidChunk {
        fault,
        partial: Vec::new(),
    }
}
