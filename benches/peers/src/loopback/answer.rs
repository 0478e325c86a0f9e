//! What the server answers: prebuilt, and known to the floor in advance.

use std::io::{self, Write};

use super::work::SMALL;
use crate::inputs;

/// Big bodies leave in pieces of about this size, which stay in the cache.
const PIECE: usize = 1 << 20;

/// More than a form has around its file, and JSON between its values.
const A_FEW: u64 = 1 << 10;

pub(crate) struct Answer {
    /// The head and the first piece of the body.
    first: Vec<u8>,
    /// Is sent over and over, its last time in part.
    piece: Vec<u8>,
    /// How many octets of pieces follow the first.
    behind: u64,
    end: &'static [u8],
}

impl Answer {
    /// | path | |
    /// |---|---|
    /// | `/length/FIELDS/N` | a body of N octets with a Content-Length, behind so many fields |
    /// | `/chunked/N/SIZE` | a body of N octets in chunks of SIZE |
    /// | `/sink/N` | for a POST of N octets: a small body |
    /// | `/around/N` | for a POST of N octets or a few more: a small body |
    pub(crate) fn to(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let kind = parts.next()?;
        let numbers: Result<Vec<u64>, _> = parts.map(str::parse).collect();
        match (kind, &numbers.ok()?[..]) {
            ("length", &[fields, octets]) => Some(Self::with_length(fields, octets)),
            ("chunked", &[octets, size]) => Some(Self::chunked(octets, size)),
            ("sink" | "around", &[_]) => Some(Self::with_length(8, SMALL)),
            _ => None,
        }
    }

    /// Whether a body of this length may be posted to this path.
    pub(crate) fn awaits(path: &str, received: u64) -> bool {
        let number = |prefix| path.strip_prefix(prefix).and_then(|text| text.parse().ok());
        match number("/around/") {
            Some(least) => (least..least + A_FEW).contains(&received),
            None => received == number("/sink/").unwrap_or(0),
        }
    }

    fn with_length(fields: u64, octets: u64) -> Self {
        let head = head(fields, octets);
        let piece = vec![b'x'; PIECE.min(octets as usize)];
        Self::new(head, piece, octets, b"")
    }

    fn chunked(octets: u64, size: u64) -> Self {
        let head = String::from_utf8_lossy(&head(8, octets)).replace(
            &format!("Content-Length: {octets}"),
            "Transfer-Encoding: chunked",
        );
        let chunks = (PIECE as u64 / size).max(1);
        let last = b"0\r\n\r\n";
        let mut piece = inputs::chunked((chunks * size) as usize, size as usize);
        piece.truncate(piece.len() - last.len());
        let encoded = octets / size * (piece.len() as u64 / chunks);
        Self::new(head.into_bytes(), piece, encoded, last)
    }

    fn new(head: Vec<u8>, piece: Vec<u8>, encoded: u64, end: &'static [u8]) -> Self {
        let count = encoded.min(piece.len() as u64);
        let mut first = head;
        first.extend_from_slice(&piece[..count as usize]);
        Self {
            first,
            piece,
            behind: encoded - count,
            end,
        }
    }

    /// How many octets [`Self::write`] writes.
    pub(crate) fn length(&self) -> u64 {
        self.first.len() as u64 + self.behind + self.end.len() as u64
    }

    pub(crate) fn write(&self, mut stream: impl Write) -> io::Result<()> {
        stream.write_all(&self.first)?;
        let mut left = self.behind;
        while left > 0 {
            let count = left.min(self.piece.len() as u64);
            stream.write_all(&self.piece[..count as usize])?;
            left -= count;
        }
        stream.write_all(self.end)
    }
}

/// The head with 8 fields, and others up to so many.
fn head(fields: u64, octets: u64) -> Vec<u8> {
    let mut head = inputs::eight(octets as usize);
    head.truncate(head.len() - 2);
    for number in 9..=fields {
        let line = format!("X-Padding-{number:03}: the text of the field number {number:03}\r\n");
        head.extend_from_slice(line.as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}
