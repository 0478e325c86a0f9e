//! The head of a chunk, for those who write or read chunks on their own (RFC 9112 section 7.1).

use crate::error::HTTPException;
use crate::proto::body::BodyDecoder;
use crate::proto::chunk::usual_size_line;
use crate::proto::framing::BodyLength;
use crate::proto::limits::{Limits, Tolerance};

/// The head of a chunk, `chunk-size CRLF`, written into a fixed buffer (RFC 9112 section 7.1).
///
/// ```
/// use stdhttp::proto::ChunkHead;
///
/// assert_eq!(ChunkHead::new(26).as_bytes(), b"1A\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChunkHead {
    bytes: [u8; 18],
    start: usize,
}

impl ChunkHead {
    /// The head of a chunk of `length` octets, in upper-case digits. A length of 0 is the last
    /// chunk: a caller's empty piece must not be sent.
    pub fn new(length: u64) -> Self {
        let mut bytes = [0; 18];
        let mut start = bytes.len();
        let mut rest = length;
        let mut put = |octet: u8| {
            start = start.saturating_sub(1);
            if let Some(place) = bytes.get_mut(start) {
                *place = octet;
            }
        };
        put(b'\n');
        put(b'\r');
        loop {
            let digit = u8::try_from(rest & 0xf).unwrap_or_default();
            put(if digit < 10 {
                b'0'.wrapping_add(digit)
            } else {
                b'A'.wrapping_add(digit.wrapping_sub(10))
            });
            rest >>= 4;
            if rest == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Reads the head of a chunk, `chunk-size [ chunk-ext ] CRLF`, at the start of `input`: the
    /// length of the chunk, and the octets that its head takes; nothing if more is needed.
    /// Extensions are checked and skipped.
    ///
    /// ```
    /// use stdhttp::proto::ChunkHead;
    /// use stdhttp::{Limits, Tolerance};
    ///
    /// let (limits, tolerance) = (Limits::DEFAULT, Tolerance::STANDARD);
    /// let head = ChunkHead::parse(b"1a;name=value\r\ndata", &limits, &tolerance)?;
    /// assert_eq!(head, Some((26, 15)));
    /// assert_eq!(ChunkHead::parse(b"1a", &limits, &tolerance)?, None);
    /// # Ok::<(), stdhttp::HTTPException>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidChunk`, `LineTooLong`, `TooLarge` extensions.
    #[inline]
    pub fn parse(
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<(u64, usize)>, HTTPException> {
        match usual_size_line(input, limits.chunk_size_line) {
            Some((size, after)) => Ok(Some((size, input.len().wrapping_sub(after.len())))),
            None => Self::parse_unusual(input, limits, tolerance),
        }
    }

    #[cold]
    fn parse_unusual(
        input: &[u8],
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<(u64, usize)>, HTTPException> {
        let mut decoder = BodyDecoder::new(BodyLength::Chunked, *limits, *tolerance);
        for (before, octet) in input.iter().enumerate() {
            if let Some(size) = decoder.size_behind(*octet)? {
                return Ok(Some((size, before.saturating_add(1))));
            }
        }
        Ok(None)
    }
}
