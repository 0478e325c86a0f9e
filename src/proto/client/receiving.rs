//! The receiving half of the client's machine: heads, interim ones among them, and the body behind the
//! final one (RFC 9112 sections 6 to 8, RFC 9110 sections 7.8 and 15.2).

use crate::error::{
    ConnectionState, Counted, End, HTTPException, IncompleteRead, Measured, MessagePart,
};
use crate::proto::body::{Advance, Decoded};
use crate::proto::client::exchange::Exchange;
use crate::proto::client::framing;
use crate::proto::framing::{BodyLength, CloseReason, FramingRule};
use crate::proto::limits::{Forgiven, ForgivenSet, Limits};
use crate::proto::scan;
use crate::proto::version::HTTPVersion;

/// What [`Exchange::receive_head`] made of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// The head is not complete.
    NeedMore,
    /// An interim response (1xx) of so many bytes; [`Exchange::response`] is its head until the
    /// next call.
    Interim(usize),
    /// The final response; its head has so many bytes, its body follows.
    Final(usize),
}

impl Exchange {
    /// Parses the head of a response. `input` begins where the last head ended and holds what it
    /// held at the last call, and more behind it.
    ///
    /// # Errors
    /// `ResponseNotReady`; what [`ResponseHead::parse`](crate::proto::ResponseHead::parse) and
    /// [`response_framing`](crate::proto::response_framing) say; `UnexpectedUpgrade` to a protocol
    /// that was not offered; `TooMany` interim responses.
    pub fn receive_head(&mut self, input: &[u8]) -> Result<Received, HTTPException> {
        self.check_response_due()?;
        if self.interim_reported {
            self.response.reset();
            self.interim_reported = false;
        }
        let limits = Limits {
            head: self.limits.head.saturating_sub(self.interim_octets),
            ..self.limits
        };
        let parsed = self.response.parse(input, &limits, &self.tolerance);
        match parsed.map_err(|error| self.with_whole_limit(error))? {
            None => Ok(Received::NeedMore),
            Some(length) => self.head_complete(length),
        }
    }

    /// The head's limit counts over all heads of an answer; the error names the whole.
    fn with_whole_limit(&self, error: HTTPException) -> HTTPException {
        match error {
            HTTPException::TooLarge {
                what: Measured::Head,
                ..
            } => HTTPException::TooLarge {
                what: Measured::Head,
                limit: u64::try_from(self.limits.head).unwrap_or(u64::MAX),
            },
            other => other,
        }
    }

    fn head_complete(&mut self, length: usize) -> Result<Received, HTTPException> {
        if matches!(self.response.status(), 100 | 102..=199) {
            self.interim_reported = true;
            self.interim_octets = self.interim_octets.saturating_add(length);
            self.interim_responses = self.interim_responses.saturating_add(1);
            if self.interim_responses > self.limits.interim_responses {
                return Err(HTTPException::TooMany {
                    what: Counted::InterimResponses,
                    limit: self.limits.interim_responses,
                });
            }
            return Ok(Received::Interim(length));
        }
        let framing = framing::decide(
            self.context,
            self.response.version(),
            self.response.status(),
            self.response.headers(),
            self.response.framing_fields(),
            &self.tolerance,
        )?;
        if framing.rule == FramingRule::Upgrade && self.request.upgrades() {
            self.check_protocol()?;
        }
        self.peer_is_http10 = self.response.version() == HTTPVersion::Http10;
        self.decoder.restart(framing.body);
        self.close = self.close.or(framing.close);
        self.framing = Some(framing);
        self.state = match framing.body {
            BodyLength::Switched => ConnectionState::Switched,
            _ => ConnectionState::Idle,
        };
        Ok(Received::Final(length))
    }

    /// The peer may only switch to what the request offered (RFC 9110 section 7.8); names count in
    /// any case. The request is searched once, however many protocols the peer names.
    fn check_protocol(&self) -> Result<(), HTTPException> {
        let offered: Vec<Vec<u8>> = self.request.offered_protocols().collect();
        let fields = self.response.headers().get_all_bytes("upgrade");
        let mut chosen = fields.flat_map(scan::list_elements);
        if chosen.all(|protocol| offered.contains(&protocol.to_ascii_lowercase())) {
            return Ok(());
        }
        Err(HTTPException::UnexpectedUpgrade)
    }

    /// The stream ended in good order before the head was complete. `input` is what came.
    ///
    /// # Errors
    /// `IncompleteRead`, unless the tolerance accepts the head as it is; what
    /// [`Self::receive_head`] says of the rest.
    pub fn head_ended(&mut self, input: &[u8], end: End) -> Result<(), HTTPException> {
        if self.tolerance.early_end_in_head && end == End::Closed && !input.is_empty() {
            self.response.reset();
            self.response
                .end_early(input, &self.limits, &self.tolerance)?;
            // An interim response alone is no answer.
            if let Received::Final(_) = self.head_complete(0)? {
                self.set_close_reason(CloseReason::FaultyFraming);
                return Ok(());
            }
        }
        Err(HTTPException::IncompleteRead(IncompleteRead {
            partial: input.get(..256).unwrap_or(input).to_vec(),
            got: u64::try_from(input.len()).unwrap_or(u64::MAX),
            expected: None,
            part: MessagePart::Head,
            end,
        }))
    }

    /// See [`BodyDecoder::decode`](crate::proto::BodyDecoder::decode). An error ends the exchange, and is
    /// the same at every later call.
    ///
    /// # Errors
    /// As [`BodyDecoder::advance`](crate::proto::BodyDecoder::advance), and those of
    /// [`Self::end_of_input`] once it has failed.
    #[inline]
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, HTTPException> {
        self.check_failure()?;
        let result = self.decoder.decode(input, output);
        self.note_failure(result)
    }

    /// See [`BodyDecoder::advance`](crate::proto::BodyDecoder::advance).
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn advance(&mut self, input: &[u8]) -> Result<Advance, HTTPException> {
        self.check_failure()?;
        let result = self.decoder.advance(input);
        self.note_failure(result)
    }

    /// See [`BodyDecoder::take`](crate::proto::BodyDecoder::take).
    pub fn take(&mut self, count: usize) {
        self.decoder.take(count);
    }

    /// The stream ended inside or at the end of the body.
    ///
    /// # Errors
    /// `IncompleteRead` unless the body may end so (RFC 9112 section 8).
    pub fn end_of_input(&mut self, end: End) -> Result<(), HTTPException> {
        self.check_failure()?;
        let result = match end {
            End::Closed => self.decoder.end_of_input(),
            End::Reset | End::Truncated if self.decoder.is_complete() => Ok(()),
            End::Reset | End::Truncated => Err(self.decoder.incomplete()),
        };
        let result = result.map_err(|error| match error {
            HTTPException::IncompleteRead(read) => {
                HTTPException::IncompleteRead(IncompleteRead { end, ..read })
            }
            other => other,
        });
        if result.is_ok() {
            // The message was accepted without its proven end; the stream is at its own.
            self.set_close_reason(CloseReason::FaultyFraming);
        }
        self.note_failure(result)
    }

    fn check_failure(&self) -> Result<(), HTTPException> {
        match &self.failure {
            Some(failure) => Err(failure.again()),
            None => Ok(()),
        }
    }

    /// Takes note that the exchange has failed; later reads report the same error.
    pub(crate) fn set_failure(&mut self, error: &HTTPException) {
        if self.failure.is_none() {
            self.failure = Some(error.again());
        }
        self.close.get_or_insert(CloseReason::Failed);
    }

    fn note_failure<T>(&mut self, result: Result<T, HTTPException>) -> Result<T, HTTPException> {
        if let Err(error) = &result {
            self.set_failure(error);
        }
        result
    }

    /// A sized read may report the end of a body that was cut short, if that is tolerated.
    pub(crate) fn forgives_quiet_end(&mut self, error: &HTTPException) -> bool {
        let cut = matches!(error, HTTPException::IncompleteRead(read)
            if read.part == MessagePart::Body && read.end == End::Closed);
        let chunked = self
            .framing
            .is_some_and(|framing| framing.body == BodyLength::Chunked);
        let forgiven = self.tolerance.quiet_end && cut && !chunked;
        self.quiet_end |= forgiven;
        forgiven
    }

    /// Whether the response was read to the proven end of its message.
    pub fn is_complete(&self) -> bool {
        self.framing.is_some() && self.failure.is_none() && self.decoder.is_complete()
    }

    /// Whether a response was begun and not read to its end.
    pub fn is_half_read(&self) -> bool {
        self.framing.is_some() && !self.is_complete()
    }

    /// Whether the body failed; later reads report the same error.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Everything that was forgiven in this response.
    pub fn forgiven(&self) -> ForgivenSet {
        let mut all = self
            .response
            .forgiven()
            .union(self.decoder.forgiven())
            .union(
                self.framing
                    .map(|framing| framing.forgiven)
                    .unwrap_or_default(),
            );
        if self.quiet_end {
            all.insert(Forgiven::QuietEnd);
        }
        all
    }
}
