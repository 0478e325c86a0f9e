//! The server's state machine: one exchange after the other on one connection, without I/O (RFC
//! 9112 sections 6 to 9, RFC 9110 sections 7.8, 9.3 and 10.1.1).
//!
//! ```text
//!           receive_head              send_response              end_headers
//!    Idle ──────────────▶ Received ──────────────────▶ Started ──────────────▶ Sent
//!     ▲                    │    ▲                       │   ▲                  │  │
//!     │                    └────┘ send_interim          └───┘ send_header      │  │ 101, or 2xx
//!     │                                                                        │  │ to CONNECT
//!     └────────────────────────────────────────────────────────────────────────┘  ▼
//!       next_request, from the proven end of request and response              Switched
//! ```
//!
//! The body of the request may be read in every state behind Idle. Whatever the caller forgets is
//! put right by the framing: a response is counted, chunked, or lasts until the connection closes.

use crate::error::{BadRequest, BadResponse, End, Excerpt, HTTPException};
use crate::error::{IncompleteRead, MessagePart};
use crate::proto::body::{Advance, BodyDecoder, Decoded};
use crate::proto::framing::{BodyLength, CloseReason, Framing};
use crate::proto::limits::{Limits, Tolerance};
use crate::proto::server::framing;
use crate::proto::server::head::{Expectation, RequestHead};
use crate::proto::server::outgoing::Outgoing;
use crate::proto::server::refusal::Refusal;
use crate::proto::server::response::{ResponseHead, bad};
use crate::proto::version::HTTPVersion;

/// What [`Exchange::receive_head`] made of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// The head is not complete.
    NeedMore,
    /// The head is complete and has so many bytes; its body follows.
    Head(usize),
}

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExchangeState {
    /// A request is awaited.
    #[default]
    Idle,
    /// A request came, or was refused; no response was begun.
    Received,
    /// After `send_response`: fields may be added.
    Started,
    /// After `end_headers`: the body may be given.
    Sent,
    /// After 101 or a 2xx to CONNECT: the stream belongs to another protocol.
    Switched,
}

/// One connection's protocol state at the server. See the [module
/// documentation](crate::proto::server) for its use.
#[derive(Debug)]
pub struct Exchange {
    pub(super) limits: Limits,
    pub(super) tolerance: Tolerance,
    pub(super) version: HTTPVersion,
    pub(super) state: ExchangeState,
    pub(super) request: RequestHead,
    pub(super) framing: Option<Framing>,
    pub(super) decoder: BodyDecoder,
    pub(super) response: ResponseHead,
    pub(super) outgoing: Outgoing,
    /// `100 Continue` was sent.
    pub(super) continued: bool,
    pub(super) close: Option<CloseReason>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self::new(Limits::DEFAULT, Tolerance::SERVER)
    }
}

impl Exchange {
    /// The state of a new connection.
    pub fn new(limits: Limits, tolerance: Tolerance) -> Self {
        Self {
            limits,
            tolerance,
            version: HTTPVersion::Http11,
            state: ExchangeState::Idle,
            request: RequestHead::new(),
            framing: None,
            decoder: BodyDecoder::new(BodyLength::None, limits, tolerance),
            response: ResponseHead::default(),
            outgoing: Outgoing::Due,
            continued: false,
            close: None,
        }
    }

    /// Sets the version of the responses (`protocol_version`). With HTTP/1.0 every connection is
    /// closed after one exchange, as in `http.server`.
    pub fn set_version(&mut self, version: HTTPVersion) {
        self.version = version;
    }

    /// Where the exchange stands.
    pub fn state(&self) -> ExchangeState {
        self.state
    }

    /// Parses the head of a request. `input` begins where the last message ended and holds what it
    /// held at the last call, and more behind it.
    ///
    /// # Errors
    /// What [`RequestHead::parse`] and
    /// [`request_framing`](crate::proto::server::request_framing) say. A response to what was
    /// refused can then be sent; the connection is closed behind it.
    pub fn receive_head(&mut self, input: &[u8]) -> Result<Received, Refusal> {
        if self.state != ExchangeState::Idle {
            return Err(bad(BadResponse::OutOfTurn).into());
        }
        let parsed = self.parse_head(input);
        if parsed.is_err() {
            self.request.keep_line(input);
            self.refused();
        }
        parsed
    }

    fn parse_head(&mut self, input: &[u8]) -> Result<Received, Refusal> {
        let parsed = self.request.parse(input, &self.limits, &self.tolerance)?;
        let Some(length) = parsed else {
            return Ok(Received::NeedMore);
        };
        let framing = framing::decide(
            self.request.version(),
            self.request.headers(),
            self.request.framing_fields(),
            &self.tolerance,
        )?;
        self.decoder.restart(framing.body);
        self.close = framing.close;
        self.framing = Some(framing);
        self.state = ExchangeState::Received;
        self.check_body_size()?;
        Ok(Received::Head(length))
    }

    /// A body that says by itself that it is too large is refused before it comes.
    fn check_body_size(&self) -> Result<(), Refusal> {
        match self.decoder.missing() {
            Some(length) if length > self.limits.body => Err(HTTPException::TooLarge {
                what: crate::error::Measured::Body,
                limit: self.limits.body,
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Nothing more is read from a peer that broke the framing.
    fn refused(&mut self) {
        if self.state == ExchangeState::Idle {
            self.state = ExchangeState::Received;
        }
        self.close = Some(CloseReason::Failed);
    }

    /// The stream ended before the head was complete. `input` is what came.
    pub fn head_ended(&mut self, input: &[u8], end: End) -> Refusal {
        let error = HTTPException::IncompleteRead(IncompleteRead {
            partial: input.get(..256).unwrap_or(input).to_vec(),
            got: u64::try_from(input.len()).unwrap_or(u64::MAX),
            expected: None,
            part: MessagePart::Head,
            end,
        });
        self.refuse_head(input, error)
    }

    /// Refuses a request whose head did not come whole. `input` is what came.
    pub(crate) fn refuse_head(&mut self, input: &[u8], error: HTTPException) -> Refusal {
        self.request.keep_line(input);
        self.refuse(error)
    }

    /// Refuses the request that is under way, or that did not come whole: for example because time
    /// ran out. A response can be sent; the connection is closed behind it.
    pub fn refuse(&mut self, error: HTTPException) -> Refusal {
        self.refused();
        error.into()
    }

    /// The head of the request.
    pub fn request(&self) -> &RequestHead {
        &self.request
    }

    /// The framing of the request, once its head is complete.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// The decoder of the request's body; it has the trailers, once the body is complete.
    pub fn decoder(&self) -> &BodyDecoder {
        &self.decoder
    }

    /// Whether the request expects nothing that nobody knows.
    ///
    /// # Errors
    /// `BadRequest` with `Expectation`: 417. The connection survives if there is no body (RFC 9110
    /// section 10.1.1).
    pub fn check_expectation(&self) -> Result<(), Refusal> {
        if self.request.expectation() != Expectation::Unknown {
            return Ok(());
        }
        let value = self.request.headers().get_all_bytes("expect");
        let values: Vec<&[u8]> = value.collect();
        let fault = BadRequest::Expectation(Excerpt::new(&values.join(&b", "[..])));
        Err(Refusal {
            closes: !self.decoder.is_complete(),
            ..HTTPException::BadRequest(fault).into()
        })
    }

    /// Whether the client waits for `100 Continue` before it sends the body, and has not got it.
    /// Once bytes of the body came it waits no longer.
    pub fn expects_continue(&self) -> bool {
        self.request.expectation() == Expectation::Continue
            && self.framing.is_some()
            && !self.continued
            && !self.decoder.is_complete()
            && self.decoder.delivered() == 0
            && self.close != Some(CloseReason::Failed)
    }

    /// See [`BodyDecoder::decode`]; for the body of the request.
    ///
    /// # Errors
    /// As [`BodyDecoder::advance`], with the status that answers it.
    #[inline]
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, Refusal> {
        let decoded = self.decoder.decode(input, output);
        decoded.map_err(|error| self.body_failed(error))
    }

    /// See [`BodyDecoder::advance`].
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn advance(&mut self, input: &[u8]) -> Result<Advance, Refusal> {
        let advanced = self.decoder.advance(input);
        advanced.map_err(|error| self.body_failed(error))
    }

    /// See [`BodyDecoder::take`].
    pub fn take(&mut self, count: usize) {
        self.decoder.take(count);
    }

    /// The stream ended inside the body of the request, or behind it.
    ///
    /// # Errors
    /// `IncompleteRead` unless the body is complete (RFC 9112 section 8).
    pub fn end_of_input(&mut self, end: End) -> Result<(), Refusal> {
        if self.decoder.is_complete() {
            return Ok(());
        }
        let error = match self.decoder.incomplete() {
            HTTPException::IncompleteRead(read) => {
                HTTPException::IncompleteRead(IncompleteRead { end, ..read })
            }
            other => other,
        };
        Err(self.body_failed(error))
    }

    /// The body of the request did not come in its time: the connection closes behind the answer.
    pub(crate) fn body_stalled(&mut self) {
        self.close = Some(CloseReason::Failed);
    }

    fn body_failed(&mut self, error: HTTPException) -> Refusal {
        self.close = Some(CloseReason::Failed);
        error.into()
    }

    /// Whether request and response came to their proven ends.
    pub fn is_complete(&self) -> bool {
        self.outgoing == Outgoing::Ended && self.decoder.is_complete()
    }

    /// Why the connection can't be used again, if that is known.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.close
    }

    /// Takes note of a reason to close the connection; the first one counts.
    pub fn set_close_reason(&mut self, reason: CloseReason) {
        self.close.get_or_insert(reason);
    }

    /// Makes ready for the next request on the connection.
    ///
    /// # Errors
    /// `BadResponse` with `OutOfTurn` unless the exchange is complete and nothing closes the
    /// connection.
    pub fn next_request(&mut self) -> Result<(), HTTPException> {
        if !self.is_complete() || self.close.is_some() {
            return Err(bad(BadResponse::OutOfTurn));
        }
        self.state = ExchangeState::Idle;
        self.request.reset();
        self.framing = None;
        self.outgoing = Outgoing::Due;
        self.continued = false;
        Ok(())
    }

    pub(super) fn check_state(&self, state: ExchangeState) -> Result<(), HTTPException> {
        if self.state == state {
            return Ok(());
        }
        Err(bad(BadResponse::OutOfTurn))
    }
}
