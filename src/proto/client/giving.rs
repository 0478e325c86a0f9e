//! The sending half of the client's machine: a body is counted against what the head declared, before
//! it is written (RFC 9112 sections 6 and 9.5).

use crate::error::{BodyFault, ConnectionState, HTTPException};
use crate::proto::body::BodyDecoder;
use crate::proto::client::exchange::Exchange;
use crate::proto::client::outgoing::{Outgoing, invalid_body};
use crate::proto::client::request::DeclaredBody;
use crate::proto::framing::CloseReason;

impl Exchange {
    /// Takes note that these bytes of the body are about to be written as they are.
    ///
    /// # Errors
    /// `CannotSendHeader` is not among them: bytes without a request are `InvalidBody`, bytes
    /// beyond the declared length `BodyLengthMismatch`, bytes of a request that was given up
    /// `BodyNotWanted`. Nothing may be written then.
    pub fn give(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        let counted = self.count(data);
        self.forgive_body(counted)
    }

    /// A body that differs from its declaration leaves the peer in doubt where the next request
    /// begins.
    fn forgive_body(&mut self, checked: Result<(), HTTPException>) -> Result<(), HTTPException> {
        let given_up = matches!(self.outgoing, Outgoing::GivenUp);
        if checked.is_err() && self.tolerance.body_as_given && !given_up {
            self.outgoing = Outgoing::AsGiven;
            self.close.get_or_insert(CloseReason::RequestIncomplete);
            return Ok(());
        }
        checked
    }

    fn count(&mut self, data: &[u8]) -> Result<(), HTTPException> {
        if data.is_empty() {
            return Ok(());
        }
        if matches!(self.outgoing, Outgoing::Chunked) {
            self.outgoing = Outgoing::RawChunks {
                decoder: Box::new(BodyDecoder::of_sent_chunks(self.limits)),
                ahead: 0,
            };
        }
        match &mut self.outgoing {
            Outgoing::Length { declared, given } => count_given(*declared, given, data.len()),
            Outgoing::RawChunks { decoder, ahead } => {
                let known = data.len().min(*ahead);
                *ahead = ahead.saturating_sub(known);
                read_along(decoder, data.get(known..).unwrap_or_default())
            }
            Outgoing::Complete => Err(self.beyond_the_end(data.len())),
            Outgoing::Encoded => Err(invalid_body(BodyFault::AfterEnd)),
            Outgoing::None | Outgoing::Chunked => Err(invalid_body(BodyFault::Unframed)),
            Outgoing::AsGiven => Ok(()),
            Outgoing::GivenUp => Err(not_wanted()),
        }
    }

    fn beyond_the_end(&self, given: usize) -> HTTPException {
        match self.request.declared() {
            DeclaredBody::Length(declared) => HTTPException::BodyLengthMismatch {
                declared,
                given: declared.saturating_add(u64::try_from(given).unwrap_or(u64::MAX)),
            },
            _ => invalid_body(BodyFault::AfterEnd),
        }
    }

    /// Takes note that a piece of the body is about to be written as a chunk.
    ///
    /// # Errors
    /// `InvalidBody` unless the head declared the chunked coding and the body is not at its end;
    /// `BodyNotWanted` if the request was given up.
    pub fn give_chunk(&mut self) -> Result<(), HTTPException> {
        let counted = self.count_chunk();
        self.forgive_body(counted)
    }

    fn count_chunk(&mut self) -> Result<(), HTTPException> {
        match self.outgoing {
            Outgoing::Chunked | Outgoing::Encoded => {
                self.outgoing = Outgoing::Encoded;
                Ok(())
            }
            Outgoing::AsGiven => Ok(()),
            Outgoing::RawChunks { .. } | Outgoing::Complete => {
                Err(invalid_body(BodyFault::AfterEnd))
            }
            Outgoing::None | Outgoing::Length { .. } => Err(invalid_body(BodyFault::Unframed)),
            Outgoing::GivenUp => Err(not_wanted()),
        }
    }

    /// Takes note that the last chunk is about to be written.
    ///
    /// # Errors
    /// As [`Self::give_chunk`].
    pub fn give_last_chunk(&mut self) -> Result<(), HTTPException> {
        self.give_chunk()?;
        if !matches!(self.outgoing, Outgoing::AsGiven) {
            self.outgoing = Outgoing::Complete;
        }
        Ok(())
    }

    /// Whether all of the request's body has been given, or will not be.
    ///
    /// # Errors
    /// `BodyLengthMismatch` or `InvalidBody` if not.
    pub fn check_given(&mut self) -> Result<(), HTTPException> {
        let counted = self.count_all();
        self.forgive_body(counted)
    }

    fn count_all(&self) -> Result<(), HTTPException> {
        match &self.outgoing {
            Outgoing::Length { declared, given } if given < declared => {
                Err(HTTPException::BodyLengthMismatch {
                    declared: *declared,
                    given: *given,
                })
            }
            Outgoing::RawChunks { decoder, ahead } if *ahead > 0 || !decoder.is_complete() => {
                Err(invalid_body(BodyFault::BrokenChunks))
            }
            Outgoing::Chunked | Outgoing::Encoded => Err(invalid_body(BodyFault::BrokenChunks)),
            _ => Ok(()),
        }
    }

    /// Whether the body is at its end: there is nothing left to give.
    pub(crate) fn is_given(&self) -> bool {
        !self.is_given_up() && self.count_all().is_ok()
    }

    /// Takes note that bytes of the request are about to be written. Until [`Self::written`] the
    /// request is not complete, whatever was given: an answer that comes first closes the
    /// connection.
    ///
    /// Who does not call it says that everything given is written before the answer is read.
    pub fn writing(&mut self) {
        self.unwritten = true;
    }

    /// Takes note that everything given so far was written, the head included.
    pub fn written(&mut self) {
        self.unwritten = false;
    }

    pub(crate) fn is_unwritten(&self) -> bool {
        self.unwritten
    }

    /// Takes note that the request will not be sent to its end: the connection can't be used
    /// again, but an answer may still come (RFC 9112 section 9.5).
    pub fn abandon_request(&mut self) {
        self.outgoing = Outgoing::GivenUp;
        self.unwritten = false;
        if self.state == ConnectionState::Switched {
            // Another protocol begins only behind a whole request (RFC 9110 section 7.8).
            self.state = ConnectionState::Idle;
            self.close = None;
        }
        self.close.get_or_insert(CloseReason::RequestIncomplete);
    }

    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self.outgoing, Outgoing::GivenUp)
    }

    /// Whether all of the request was given and written.
    pub(crate) fn is_request_complete(&self) -> bool {
        !self.unwritten && self.is_given()
    }

    /// Whether the final head is there and the peer closes the connection after it, so that it
    /// does not take the rest of the request (RFC 9112 section 9.5).
    pub(crate) fn refuses_rest(&self) -> bool {
        self.framing.is_some()
            && !matches!(
                self.close,
                None | Some(CloseReason::WeClose | CloseReason::Switched)
            )
    }

    /// Takes note that so many bytes of a body with a length were written as they are.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub(crate) fn give_count(&mut self, count: usize) -> Result<(), HTTPException> {
        match &mut self.outgoing {
            Outgoing::Length { declared, given } => count_given(*declared, given, count),
            _ => Ok(()),
        }
    }

    /// Checks that bytes of a body may be given at all.
    pub(crate) fn check_body_open(&self) -> Result<(), HTTPException> {
        match self.outgoing {
            Outgoing::GivenUp => Err(not_wanted()),
            _ if self.tolerance.body_as_given => Ok(()),
            Outgoing::None => Err(invalid_body(BodyFault::Unframed)),
            Outgoing::Encoded => Err(invalid_body(BodyFault::AfterEnd)),
            _ => Ok(()),
        }
    }

    /// Checks that these bytes are a whole body in the chunked coding.
    pub(crate) fn check_chunks(&self, body: &[u8]) -> Result<(), HTTPException> {
        let mut decoder = BodyDecoder::of_sent_chunks(self.limits);
        read_along(&mut decoder, body)?;
        if decoder.is_complete() {
            return Ok(());
        }
        Err(invalid_body(BodyFault::BrokenChunks))
    }

    /// Takes back the last so many bytes given, which could not be written.
    pub(crate) fn take_back(&mut self, count: usize) {
        match &mut self.outgoing {
            Outgoing::Length { given, .. } => {
                *given = given.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
            }
            Outgoing::RawChunks { ahead, .. } => *ahead = ahead.saturating_add(count),
            _ => {}
        }
    }
}

fn not_wanted() -> HTTPException {
    HTTPException::BodyNotWanted { written: 0 }
}

/// Counts bytes against the declared length, before they are written.
fn count_given(declared: u64, given: &mut u64, more: usize) -> Result<(), HTTPException> {
    let total = given.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
    if total > declared {
        return Err(HTTPException::BodyLengthMismatch {
            declared,
            given: total,
        });
    }
    *given = total;
    Ok(())
}

/// Follows the chunks that a caller encodes, so that their end is known.
fn read_along(decoder: &mut BodyDecoder, data: &[u8]) -> Result<(), HTTPException> {
    let mut rest = data;
    while !rest.is_empty() {
        if decoder.is_complete() {
            return Err(invalid_body(BodyFault::AfterEnd));
        }
        let step = decoder
            .advance(rest)
            .map_err(|_| invalid_body(BodyFault::BrokenChunks))?;
        decoder.take(step.data);
        rest = rest
            .get(step.framing.saturating_add(step.data)..)
            .unwrap_or_default();
    }
    Ok(())
}
