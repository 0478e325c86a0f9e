//! The framing of the chunked coding, octet by octet and in its usual form at once (RFC 9112 section
//! 7.1).

use crate::error::{ChunkFault, HTTPException, LineKind, Measured};
use crate::proto::body::{BodyDecoder, Decoded, State};
use crate::proto::chunk::{ChunkExtension, fault, usual_size_line};
use crate::proto::limits::Forgiven;
use crate::proto::{scan, steps};

impl BodyDecoder {
    /// What usually stands between the data of two chunks, `CRLF 1*HEXDIG CRLF`, or before the
    /// first, without the first CRLF, at once; anything else goes octet by octet.
    #[inline]
    pub(super) fn after_chunk_head<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let line = match (self.state, rest) {
            (State::DataCr, [b'\r', b'\n', line @ ..]) => line,
            (State::DataCr, _) => return rest,
            (_, line) => line,
        };
        let Some((size, after)) = usual_size_line(line, self.limits.chunk_size_line) else {
            return rest;
        };
        self.remaining = size;
        self.end_size_line();
        after
    }

    /// Decodes chunks that lie whole in the input, behind the CRLF of the one before, and fit
    /// whole into the output. Between two of them the state is the same.
    #[inline]
    pub(super) fn decode_whole_chunks(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        let allowed = self.limits.body.saturating_sub(self.delivered);
        let mut rest = input;
        let mut produced = 0usize;
        while let [b'\r', b'\n', line @ ..] = rest {
            let Some((size @ 1.., data)) = usual_size_line(line, self.limits.chunk_size_line)
            else {
                break;
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let end = produced.saturating_add(size);
            let place = output.get_mut(produced..end);
            let (Some((data, after)), Some(place)) = (data.split_at_checked(size), place) else {
                break;
            };
            if u64::try_from(end).unwrap_or(u64::MAX) > allowed {
                break;
            }
            place.copy_from_slice(data);
            (rest, produced) = (after, end);
        }
        let count = u64::try_from(produced).unwrap_or(u64::MAX);
        self.delivered = self.delivered.saturating_add(count);
        Decoded {
            consumed: input.len().wrapping_sub(rest.len()),
            produced,
        }
    }

    /// Takes an octet of the head of a chunk; its size, if the head ends there.
    pub(super) fn size_behind(&mut self, octet: u8) -> Result<Option<u64>, HTTPException> {
        self.framing_octet(octet)?;
        let ends = matches!(self.state, State::ChunkData | State::Trailers);
        Ok(ends.then_some(self.remaining))
    }

    /// One octet of the chunked framing (RFC 9112 section 7.1).
    pub(super) fn framing_octet(&mut self, octet: u8) -> Result<(), HTTPException> {
        steps::count(1);
        self.state = match self.state {
            State::DataCr if octet == b'\r' => State::DataLf,
            State::DataLf if octet == b'\n' => State::SizeStart,
            State::DataCr | State::DataLf => return Err(fault(ChunkFault::DataEnd)),
            _ => return self.size_line_octet(octet),
        };
        Ok(())
    }

    /// One octet of a chunk-size line: `chunk-size [ chunk-ext ] CRLF`.
    fn size_line_octet(&mut self, octet: u8) -> Result<(), HTTPException> {
        self.line = self.line.saturating_add(1);
        if self.line > self.limits.chunk_size_line {
            return Err(HTTPException::LineTooLong {
                line: LineKind::ChunkSize,
                limit: self.limits.chunk_size_line,
            });
        }
        match (self.state, octet) {
            (State::SizeLf, b'\n') => self.end_size_line(),
            (State::SizeLf, _) => return Err(fault(ChunkFault::LineEnd)),
            (State::SizeStart | State::Size, _) if octet.is_ascii_hexdigit() => {
                return self.size_digit(octet);
            }
            (State::SizeStart, _) => return Err(fault(ChunkFault::Size)),
            (_, b'\r') => return self.size_line_cr(),
            (_, b'\n') => return self.bare_size_line_end(),
            (State::Size | State::SizePadding, b' ' | b'\t') if !self.sent => {
                self.state = State::SizePadding;
            }
            (State::Size | State::SizePadding, b';') | (State::Extension, _) => {
                self.state = State::Extension;
                return self.extension_octet(octet);
            }
            _ => return Err(fault(ChunkFault::Size)),
        }
        Ok(())
    }

    fn size_digit(&mut self, octet: u8) -> Result<(), HTTPException> {
        let digit = scan::hex_digit(octet).unwrap_or_default();
        if self.remaining >> 60 != 0 {
            return Err(fault(ChunkFault::SizeOverflow));
        }
        self.remaining = self.remaining << 4 | u64::from(digit);
        self.state = State::Size;
        Ok(())
    }

    /// The CR that ends the line, after a size, its padding or an extension.
    fn size_line_cr(&mut self) -> Result<(), HTTPException> {
        self.check_size_line_end()?;
        self.state = State::SizeLf;
        Ok(())
    }

    fn bare_size_line_end(&mut self) -> Result<(), HTTPException> {
        if !self.tolerance.bare_lf_in_chunks {
            return Err(fault(ChunkFault::LineEnd));
        }
        self.check_size_line_end()?;
        self.forgiven.insert(Forgiven::BareLfInChunks);
        self.end_size_line();
        Ok(())
    }

    fn check_size_line_end(&mut self) -> Result<(), HTTPException> {
        match self.state {
            State::SizePadding => {
                self.forgiven.insert(Forgiven::ChunkSizePadding);
                if !self.tolerance.chunk_size_padding {
                    return Err(fault(ChunkFault::Size));
                }
            }
            State::Extension if self.extension == ChunkExtension::NameStart => {
                self.forgiven.insert(Forgiven::EmptyChunkExtension);
                if !self.tolerance.empty_chunk_extension {
                    return Err(fault(ChunkFault::Extension));
                }
            }
            State::Extension if !self.extension.may_end() => self.malformed_extension()?,
            _ => {}
        }
        Ok(())
    }

    /// Extensions are ignored but counted; they hold no control characters, not even in quotes.
    fn extension_octet(&mut self, octet: u8) -> Result<(), HTTPException> {
        if !scan::is_value(&[octet]) {
            return Err(fault(ChunkFault::Extension));
        }
        match self.extension.behind(octet, self.sent) {
            Some(next) => self.extension = next,
            None => self.malformed_extension()?,
        }
        self.extensions = self.extensions.saturating_add(1);
        if self.extensions > self.limits.chunk_extensions {
            return Err(HTTPException::TooLarge {
                what: Measured::ChunkExtensions,
                limit: self.limits.chunk_extensions,
            });
        }
        Ok(())
    }

    fn malformed_extension(&mut self) -> Result<(), HTTPException> {
        if !self.tolerance.malformed_chunk_extension {
            return Err(fault(ChunkFault::Extension));
        }
        self.forgiven.insert(Forgiven::MalformedChunkExtension);
        self.extension = ChunkExtension::Malformed;
        Ok(())
    }

    fn end_size_line(&mut self) {
        self.line = 0;
        self.extension = ChunkExtension::Whole;
        self.state = if self.remaining == 0 {
            State::Trailers
        } else {
            State::ChunkData
        };
    }
}
