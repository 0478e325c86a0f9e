//! The body: a resumable decoder for every framing, and the chunked encoder (RFC 9112 sections
//! 6, 7 and 8).
//!
//! The decoder pulls: it is given what came, says how many octets of framing to drop and how
//! many octets of data follow, and keeps nothing but numbers and an incomplete trailer section.

use std::fmt;

use crate::error::{Counted, End, HTTPException, IncompleteRead, LineKind, Measured, MessagePart};
use crate::message::HTTPMessage;
use crate::proto::chunk::ChunkExtension;
use crate::proto::fields::{FieldSection, SectionLimits};
use crate::proto::framing::BodyLength;
use crate::proto::limits::{Forgiven, ForgivenSet, Limits, Tolerance};

/// A resumable decoder of one message body.
///
/// ```
/// use stdhttp::proto::{BodyDecoder, BodyLength};
/// use stdhttp::{Limits, Tolerance};
///
/// let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
/// let mut body = [0; 16];
/// let step = decoder.decode(b"3\r\nabc\r\n0\r\n\r\nnext", &mut body)?;
/// assert_eq!((step.consumed, &body[..step.produced]), (13, &b"abc"[..]));
/// assert!(decoder.is_complete());
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
pub struct BodyDecoder {
    pub(super) state: State,
    /// The fault that ended the decoding; it is reported again at every call.
    pub(super) fault: Option<HTTPException>,
    /// Octets of data that follow in the current chunk or in the whole body.
    pub(super) remaining: u64,
    pub(super) delivered: u64,
    /// Octets of the current chunk-size line.
    pub(super) line: usize,
    /// Octets of chunk extensions so far.
    pub(super) extensions: u64,
    /// Where in its grammar the extension of the current line stands.
    pub(super) extension: ChunkExtension,
    /// The chunks are on their way out.
    pub(super) sent: bool,
    pub(super) limits: Limits,
    pub(super) tolerance: Tolerance,
    pub(super) forgiven: ForgivenSet,
    pub(super) trailers: FieldSection,
    /// An incomplete trailer section.
    pub(super) trailer_block: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `remaining` octets.
    Length,
    UntilClose,
    /// Before the first digit of a chunk size.
    SizeStart,
    Size,
    /// White space after the size.
    SizePadding,
    Extension,
    SizeLf,
    /// `remaining` octets, then CRLF.
    ChunkData,
    DataCr,
    DataLf,
    Trailers,
    Complete,
}

/// What one call of [`BodyDecoder::decode`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// Octets of the input that are done with.
    pub consumed: usize,
    /// Octets of data written to the output.
    pub produced: usize,
}

impl Decoded {
    #[inline]
    fn add(&mut self, more: Self) {
        self.consumed = self.consumed.wrapping_add(more.consumed);
        self.produced = self.produced.wrapping_add(more.produced);
    }
}

/// What one call of [`BodyDecoder::advance`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advance {
    /// Octets of framing at the start of the input; they are done with.
    pub framing: usize,
    /// Octets of data behind them, to be taken with [`BodyDecoder::take`].
    pub data: usize,
}

impl Default for BodyDecoder {
    fn default() -> Self {
        Self::new(BodyLength::None, Limits::DEFAULT, Tolerance::STANDARD)
    }
}

/// An incomplete trailer section is not shown: only a whole one tells what is secret in it.
impl fmt::Debug for BodyDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyDecoder")
            .field("state", &self.state)
            .field("remaining", &self.remaining)
            .field("delivered", &self.delivered)
            .field("fault", &self.fault)
            .field("trailers", self.trailers())
            .finish_non_exhaustive()
    }
}

impl BodyDecoder {
    /// A decoder for a body of this length.
    pub fn new(length: BodyLength, limits: Limits, tolerance: Tolerance) -> Self {
        let mut decoder = Self {
            state: State::Complete,
            fault: None,
            remaining: 0,
            delivered: 0,
            line: 0,
            extensions: 0,
            extension: ChunkExtension::Whole,
            sent: false,
            limits,
            tolerance,
            forgiven: ForgivenSet::default(),
            trailers: FieldSection::default(),
            trailer_block: Vec::new(),
        };
        decoder.restart(length);
        decoder
    }

    /// A decoder that follows chunks which a caller encoded, and holds them to what a sender may
    /// write: no white space in the size line, and extensions as their grammar has them.
    pub(crate) fn of_sent_chunks(limits: Limits) -> Self {
        let mut decoder = Self::new(BodyLength::Chunked, limits, Tolerance::STRICT);
        decoder.sent = true;
        decoder
    }

    /// Forgets the body and keeps the storage, for the next one.
    pub fn restart(&mut self, length: BodyLength) {
        self.fault = None;
        self.remaining = 0;
        self.delivered = 0;
        self.line = 0;
        self.extensions = 0;
        self.extension = ChunkExtension::Whole;
        self.forgiven = ForgivenSet::default();
        self.trailers.restart();
        self.trailer_block.clear();
        self.state = match length {
            BodyLength::None | BodyLength::Switched | BodyLength::Length(0) => State::Complete,
            BodyLength::Length(length) => {
                self.remaining = length;
                State::Length
            }
            BodyLength::Chunked => State::SizeStart,
            BodyLength::UntilClose => {
                self.remaining = u64::MAX;
                State::UntilClose
            }
        };
    }

    /// Whether the proven end of the message was reached.
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// Octets of data taken so far.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Octets still missing, where the framing says so.
    pub fn missing(&self) -> Option<u64> {
        match self.state {
            State::Length => Some(self.remaining),
            State::Complete => Some(0),
            _ => None,
        }
    }

    /// The trailer fields, once the body is complete (RFC 9112 section 7.1.2); none before. They never
    /// join the header fields.
    pub fn trailers(&self) -> &HTTPMessage {
        static NONE: HTTPMessage = HTTPMessage::new();
        match self.state {
            State::Complete => &self.trailers.message,
            _ => &NONE,
        }
    }

    /// What was forgiven in this body.
    pub fn forgiven(&self) -> ForgivenSet {
        self.forgiven.union(self.trailers.forgiven)
    }

    /// How many octets of data may be read straight from the stream into `room` octets, past any
    /// buffer. The end of a body of known length must go through the buffer, so that octets behind
    /// it, which belong to nobody, are noticed.
    pub(crate) fn plain_data(&self, room: usize) -> usize {
        let allowed = self.limits.body.saturating_sub(self.delivered);
        let all = usize::try_from(self.remaining.min(allowed)).unwrap_or(usize::MAX);
        match self.state {
            State::Length if room < all => room,
            State::ChunkData | State::UntilClose => room.min(all),
            _ => 0,
        }
    }

    /// Drops framing at the start of `input` and says how much data follows. Without data, more
    /// input is needed or the body is complete.
    ///
    /// # Errors
    /// `InvalidChunk`, `LineTooLong`, `TooLarge`, `TooMany` trailers, `InvalidHeader`; the same
    /// again at every later call.
    #[inline]
    pub fn advance(&mut self, input: &[u8]) -> Result<Advance, HTTPException> {
        if let Some(fault) = &self.fault {
            return Err(fault.again());
        }
        match self.advance_faultless(input) {
            Ok(step) => Ok(step),
            Err(error) => Err(self.failed(error)),
        }
    }

    #[cold]
    fn failed(&mut self, error: HTTPException) -> HTTPException {
        self.fault = Some(error.again());
        error
    }

    #[inline]
    fn advance_faultless(&mut self, input: &[u8]) -> Result<Advance, HTTPException> {
        let mut rest = input;
        let data = loop {
            if matches!(self.state, State::DataCr | State::SizeStart) {
                rest = self.after_chunk_head(rest);
            }
            let state = self.state;
            match state {
                State::Length | State::UntilClose | State::ChunkData => {
                    break self.available(rest)?;
                }
                State::Complete => break 0,
                State::Trailers => {
                    self.trailer_octets(&mut rest)?;
                    break 0;
                }
                _ => {}
            }
            let [octet, after @ ..] = rest else { break 0 };
            self.framing_octet(*octet)?;
            rest = after;
        };
        Ok(Advance {
            framing: input.len().wrapping_sub(rest.len()),
            data,
        })
    }

    /// Marks `count` octets of data as taken; at most what [`Self::advance`] said.
    #[inline]
    pub fn take(&mut self, count: usize) {
        // Between chunks nothing remains of the last one, which is not the end of the body.
        if count == 0 {
            return;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.delivered = self.delivered.saturating_add(count);
        if self.state == State::UntilClose {
            return;
        }
        self.remaining = self.remaining.saturating_sub(count);
        if self.remaining == 0 {
            self.state = match self.state {
                State::ChunkData => State::DataCr,
                _ => State::Complete,
            };
        }
    }

    /// Decodes from `input` into `output` as much as fits, over as many chunks as there are.
    /// Framing behind the last data that fits is dropped too, so that the end of the message is
    /// noticed as soon as it came.
    ///
    /// # Errors
    /// As [`Self::advance`]; data before the fault is delivered first.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, HTTPException> {
        let mut done = Decoded::default();
        loop {
            let rest = input.get(done.consumed..).unwrap_or_default();
            let room = output.get_mut(done.produced..).unwrap_or_default();
            let piece = match self.decode_piece(rest, room) {
                Ok(piece) => piece,
                Err(_) if done.produced > 0 => return Ok(done),
                Err(error) => return Err(error),
            };
            done.add(piece);
            if piece.produced == 0 || self.is_complete() {
                return Ok(done);
            }
        }
    }

    /// Framing, the data behind it, and the whole chunks behind that.
    #[inline]
    fn decode_piece(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, HTTPException> {
        let step = self.advance(input)?;
        let produced = step.data.min(output.len());
        let mut done = Decoded {
            consumed: step.framing.wrapping_add(produced),
            produced,
        };
        let data = input.get(step.framing..done.consumed).unwrap_or_default();
        if let Some(place) = output.get_mut(..data.len()) {
            place.copy_from_slice(data);
        }
        self.take(produced);
        if self.state == State::DataCr {
            let rest = input.get(done.consumed..).unwrap_or_default();
            let room = output.get_mut(produced..).unwrap_or_default();
            done.add(self.decode_whole_chunks(rest, room));
        }
        Ok(done)
    }

    /// Takes note that the stream has ended in good order.
    ///
    /// # Errors
    /// `IncompleteRead` unless the body may end here.
    pub fn end_of_input(&mut self) -> Result<(), HTTPException> {
        match self.state {
            State::Complete => Ok(()),
            State::UntilClose => {
                self.state = State::Complete;
                Ok(())
            }
            State::Trailers if self.tolerance.missing_final_crlf => {
                self.forgiven.insert(Forgiven::MissingFinalCrlf);
                self.state = State::Complete;
                Ok(())
            }
            _ => Err(self.incomplete()),
        }
    }

    /// The error for a body that ends here.
    pub(crate) fn incomplete(&self) -> HTTPException {
        HTTPException::IncompleteRead(IncompleteRead {
            partial: Vec::new(),
            got: self.delivered,
            expected: self.missing(),
            part: MessagePart::Body,
            end: End::Closed,
        })
    }

    /// Octets of data at the start of `rest`.
    #[inline]
    fn available(&self, rest: &[u8]) -> Result<usize, HTTPException> {
        let here = usize::try_from(self.remaining).map_or(rest.len(), |n| n.min(rest.len()));
        let allowed = self.limits.body.saturating_sub(self.delivered);
        let here = usize::try_from(allowed).map_or(here, |n| n.min(here));
        if here == 0 && !rest.is_empty() {
            return Err(HTTPException::TooLarge {
                what: Measured::Body,
                limit: self.limits.body,
            });
        }
        Ok(here)
    }

    /// Takes octets of the trailer section. They are kept, within their limit, until it is complete.
    fn trailer_octets(&mut self, rest: &mut &[u8]) -> Result<(), HTTPException> {
        if let (true, [b'\r', b'\n', after @ ..]) = (self.trailer_block.is_empty(), *rest) {
            *rest = after;
            self.state = State::Complete;
            return Ok(());
        }
        let kept = self.trailer_block.len();
        let room = self
            .limits
            .trailer_section
            .saturating_add(1)
            .saturating_sub(kept);
        let fresh = rest.get(..room).unwrap_or(rest);
        self.trailer_block.extend_from_slice(fresh);
        let limits = self.trailer_limits();
        let end = self
            .trailers
            .parse(&self.trailer_block, &limits, &self.tolerance)?;
        let taken = end.unwrap_or(self.trailer_block.len()).saturating_sub(kept);
        *rest = rest.get(taken..).unwrap_or_default();
        if let Some(length) = end {
            self.trailers
                .finish(&self.trailer_block, length, &self.tolerance);
            self.trailer_block.clear();
            self.state = State::Complete;
        }
        Ok(())
    }

    fn trailer_limits(&self) -> SectionLimits {
        SectionLimits {
            line: self.limits.line,
            count: self.limits.trailers,
            size: self.limits.trailer_section,
            line_kind: LineKind::TrailerLine,
            counted: Counted::Trailers,
            measured: Measured::Trailers,
            bare_lf: self.tolerance.bare_lf_in_chunks,
        }
    }
}
