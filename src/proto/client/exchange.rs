//! The client's state machine: one exchange after the other on one connection, without I/O
//! (RFC 9112 sections 6 to 9; the states are `http.client`'s).
//!
//! ```text
//!            putrequest            endheaders
//!    Idle ──────────────▶ Request-started ──────────────▶ Request-sent ◀─┐ interim
//!     ▲                     │        ▲                         │    │    │ (1xx) head
//!     │                     └────────┘ putheader               │    └────┘
//!     │                                              final head│
//!     │      end of the message        ┌───────────────────────┤
//!     ├────────────────────────────────┤ body                  │ 101, 2xx to CONNECT
//!     │      close                     ▼                       ▼
//!     └───────────────────────────── (reading)              Switched
//! ```
//!
//! Bytes go in as they came from the peer, facts come out; whoever drives it owns the buffers.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::error::{
    BodyFault, ConnectionState, Counted, End, HTTPException, ImproperConnectionState,
    IncompleteRead, Measured, MessagePart, UnimplementedFileMode,
};
use crate::proto::authority::host_field;
use crate::proto::body::{Advance, BodyDecoder, Decoded};
use crate::proto::client::framing::{self, RequestContext};
use crate::proto::client::request::{self, DeclaredBody, RequestHead};
use crate::proto::client::response::ResponseHead;
use crate::proto::framing::{BodyLength, CloseReason, Framing, FramingRule};
use crate::proto::limits::{Forgiven, ForgivenSet, Limits, Tolerance};
use crate::proto::scan;
use crate::proto::values::FieldValue;
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

/// Which of the automatic fields `putrequest` leaves out (`skip_host`, `skip_accept_encoding`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skip {
    /// No `Host`.
    pub host: bool,
    /// No `Accept-Encoding: identity`.
    pub accept_encoding: bool,
}

/// One connection's protocol state. See the [module documentation](crate::proto) for its use.
#[derive(Debug)]
pub struct Exchange {
    limits: Limits,
    tolerance: Tolerance,
    version: HTTPVersion,
    state: ConnectionState,
    request: RequestHead,
    outgoing: Outgoing,
    context: RequestContext,
    response: ResponseHead,
    framing: Option<Framing>,
    decoder: BodyDecoder,
    /// The response in `response` is an interim one, already reported.
    interim_reported: bool,
    interim_responses: usize,
    /// Bytes of the interim heads of this answer.
    interim_octets: usize,
    close: Option<CloseReason>,
    /// Not everything that was given is written.
    unwritten: bool,
    /// The peer answered with HTTP/1.0: it may not know the chunked coding.
    peer_is_http10: bool,
    failure: Option<HTTPException>,
    quiet_end: bool,
}

/// What of the request's body has been given.
#[derive(Debug, Default)]
enum Outgoing {
    /// The head declared none.
    #[default]
    None,
    Length {
        declared: u64,
        given: u64,
    },
    /// Chunked, and it is not known yet who encodes.
    Chunked,
    /// We encode.
    Encoded,
    /// The caller encodes; this reads along. `ahead` bytes were read and could not be written:
    /// the caller gives them again.
    RawChunks {
        decoder: Box<BodyDecoder>,
        ahead: usize,
    },
    /// Complete.
    Complete,
    /// The caller is trusted.
    AsGiven,
    /// The rest is not sent.
    GivenUp,
}

impl Default for Exchange {
    fn default() -> Self {
        Self::new(Limits::DEFAULT, Tolerance::STANDARD)
    }
}

impl Exchange {
    /// The state of a new connection.
    pub fn new(limits: Limits, tolerance: Tolerance) -> Self {
        Self {
            limits,
            tolerance,
            version: HTTPVersion::Http11,
            state: ConnectionState::Idle,
            request: RequestHead::default(),
            outgoing: Outgoing::None,
            context: RequestContext::default(),
            response: ResponseHead::new(),
            framing: None,
            decoder: BodyDecoder::new(BodyLength::None, limits, tolerance),
            interim_reported: false,
            interim_responses: 0,
            interim_octets: 0,
            close: None,
            unwritten: false,
            peer_is_http10: false,
            failure: None,
            quiet_end: false,
        }
    }

    /// The state in which the answer to such a request is due, for a response whose request went
    /// another way.
    pub fn answer_to(request: RequestContext, limits: Limits, tolerance: Tolerance) -> Self {
        Self {
            state: ConnectionState::RequestSent,
            outgoing: Outgoing::Complete,
            context: request,
            ..Self::new(limits, tolerance)
        }
    }

    /// Sets the version that requests are sent with.
    pub fn set_version(&mut self, version: HTTPVersion) {
        self.version = version;
    }

    /// The state in `http.client`'s words.
    pub fn state(&self) -> ConnectionState {
        self.state
    }

    /// The tolerance in force.
    pub fn tolerance(&self) -> &Tolerance {
        &self.tolerance
    }

    /// Begins a request. `host` is the host (and port) of the connection; without one the `Host`
    /// field is empty (RFC 9112 section 3.2).
    ///
    /// # Errors
    /// `CannotSendRequest` unless the state is Idle; `InvalidMethod`; `InvalidURL`. The state
    /// stays what it was.
    pub fn putrequest(
        &mut self,
        method: &str,
        target: &str,
        host: Option<&str>,
        skip: Skip,
    ) -> Result<(), HTTPException> {
        let host = match host {
            Some(host) => host_field(host, 80)?,
            None => Cow::Borrowed(""),
        };
        self.start_request(method, target, &host, skip)
    }

    /// As [`Self::putrequest`], with the value of the `Host` field.
    pub(crate) fn start_request(
        &mut self,
        method: &str,
        target: &str,
        host: &str,
        skip: Skip,
    ) -> Result<(), HTTPException> {
        if self.state != ConnectionState::Idle {
            return Err(ImproperConnectionState::CannotSendRequest(self.state).into());
        }
        self.request.start(method, target, self.version)?;
        self.request.can_chunk = self.can_chunk();
        if self.version == HTTPVersion::Http11 && !skip.host {
            self.request.put_host(method, target, host);
        }
        if !skip.accept_encoding {
            self.put_accept_encoding();
        }
        self.state = ConnectionState::RequestStarted;
        self.outgoing = Outgoing::None;
        self.context = RequestContext::of_method(method);
        self.unwritten = false;
        self.framing = None;
        self.interim_reported = false;
        self.interim_responses = 0;
        self.interim_octets = 0;
        self.failure = None;
        self.quiet_end = false;
        self.response.reset();
        self.decoder.restart(BodyLength::None);
        Ok(())
    }

    /// Adds the automatic `Accept-Encoding`, which HTTP/1.0 does not have.
    pub(crate) fn put_accept_encoding(&mut self) {
        if self.version == HTTPVersion::Http11 {
            self.request.put_known(b"Accept-Encoding: identity\r\n");
        }
    }

    /// Adds a field to the request.
    ///
    /// # Errors
    /// `CannotSendHeader` unless a request was started; `InvalidHeaderName`;
    /// `InvalidHeaderValue`; `ConflictingHeader`. The request stays as it was.
    pub fn putheader(
        &mut self,
        name: &str,
        value: &(impl FieldValue + ?Sized),
    ) -> Result<(), HTTPException> {
        self.putheader_bytes(name.as_bytes(), value)
    }

    /// As [`Self::putheader`], for a name that is no text.
    ///
    /// # Errors
    /// As [`Self::putheader`].
    pub fn putheader_bytes(
        &mut self,
        name: &[u8],
        value: &(impl FieldValue + ?Sized),
    ) -> Result<(), HTTPException> {
        self.check_started()?;
        self.request.put_field(name, value, &self.tolerance)
    }

    fn check_started(&self) -> Result<(), HTTPException> {
        if self.state == ConnectionState::RequestStarted {
            return Ok(());
        }
        Err(ImproperConnectionState::CannotSendHeader(self.state).into())
    }

    /// Whether the chunked coding can be sent, which a body of unknown length needs.
    pub(crate) fn can_chunk(&self) -> bool {
        self.version == HTTPVersion::Http11 && !self.peer_is_http10
    }

    /// The error for a body that needs the chunked coding where it can't be sent.
    pub(crate) fn why_not_chunked(&self) -> HTTPException {
        if self.version == HTTPVersion::Http11 {
            return invalid_body(BodyFault::ChunkedToHttp10);
        }
        HTTPException::UnimplementedFileMode(UnimplementedFileMode::UnsizedOverHttp10)
    }

    /// The connection is another one, so that nothing is known of its peer.
    pub(crate) fn forget_peer(&mut self) {
        self.peer_is_http10 = false;
    }

    pub(crate) fn put_content_length(&mut self, length: u64) {
        self.request.put_content_length(length);
    }

    pub(crate) fn put_chunked(&mut self) {
        self.request.put_chunked();
    }

    /// Ends the request's head; [`Self::head`] is what to write.
    ///
    /// # Errors
    /// `CannotSendHeader`; `InvalidBody`; `ConflictingHeader`. The request is dropped.
    pub fn endheaders(&mut self) -> Result<(), HTTPException> {
        self.check_started()?;
        if let Err(error) = self.request.finish(&self.tolerance) {
            self.state = ConnectionState::Idle;
            return Err(error);
        }
        self.context.upgrade = self.request.upgrades();
        self.context.close = self.request.closes();
        self.outgoing = match self.request.declared() {
            DeclaredBody::None => Outgoing::None,
            DeclaredBody::Length(0) => Outgoing::Complete,
            DeclaredBody::Length(declared) => Outgoing::Length { declared, given: 0 },
            DeclaredBody::Chunked => Outgoing::Chunked,
        };
        self.state = ConnectionState::RequestSent;
        Ok(())
    }

    /// The bytes of the request's head.
    pub fn head(&self) -> &[u8] {
        self.request.bytes()
    }

    pub(crate) fn head_buffer(&mut self) -> &mut Vec<u8> {
        self.request.buffer()
    }

    pub(crate) fn declared(&self) -> DeclaredBody {
        self.request.declared()
    }

    /// The method of the request under way.
    pub fn method(&self) -> &[u8] {
        self.request.method()
    }

    /// Whether the request waits for `100 Continue` before its body (RFC 9110 section 10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.request.expects_continue && self.version == HTTPVersion::Http11
    }

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

    /// Checks that a response is due.
    ///
    /// # Errors
    /// `ResponseNotReady`.
    pub fn check_response_due(&self) -> Result<(), HTTPException> {
        if self.state == ConnectionState::RequestSent {
            return Ok(());
        }
        Err(ImproperConnectionState::ResponseNotReady(self.state).into())
    }

    /// As [`Self::check_response_due`], where the final head may have come before it was asked for.
    pub(crate) fn check_response_due_or(&self, came_early: bool) -> Result<(), HTTPException> {
        if came_early {
            return Ok(());
        }
        self.check_response_due()
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

    /// Drops a request whose head was not sent.
    pub(crate) fn drop_request(&mut self) {
        self.state = ConnectionState::Idle;
    }

    /// Parses the head of a response. `input` begins where the last head ended and holds what it
    /// held at the last call, and more behind it.
    ///
    /// # Errors
    /// `ResponseNotReady`; what [`ResponseHead::parse`] and
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
    /// any case. The request is searched once, however many protocols either side names.
    fn check_protocol(&self) -> Result<(), HTTPException> {
        let offered: HashSet<Vec<u8>> = self.request.offered_protocols().collect();
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

    /// The head of the response.
    pub fn response(&self) -> &ResponseHead {
        &self.response
    }

    /// The framing of the response, once its head is complete.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// The trailers, once the response is complete.
    pub fn decoder(&self) -> &BodyDecoder {
        &self.decoder
    }

    /// See [`BodyDecoder::decode`]. An error ends the exchange, and is the same at every later
    /// call.
    ///
    /// # Errors
    /// As [`BodyDecoder::advance`], and those of [`Self::end_of_input`] once it has failed.
    #[inline]
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, HTTPException> {
        self.check_failure()?;
        let result = self.decoder.decode(input, output);
        self.note_failure(result)
    }

    /// See [`BodyDecoder::advance`].
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn advance(&mut self, input: &[u8]) -> Result<Advance, HTTPException> {
        self.check_failure()?;
        let result = self.decoder.advance(input);
        self.note_failure(result)
    }

    /// See [`BodyDecoder::take`].
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

    /// Why the connection can't be used again, if that is known. From the final head on, one
    /// reason is that the request is not complete; it passes when the rest is sent.
    pub fn close_reason(&self) -> Option<CloseReason> {
        let early = self.framing.is_some() && !self.is_request_complete();
        self.close
            .or(early.then_some(CloseReason::RequestIncomplete))
    }

    /// Takes note of a reason to close the connection; the first one counts.
    pub fn set_close_reason(&mut self, reason: CloseReason) {
        self.close.get_or_insert(reason);
    }

    /// Whether the method of the request is idempotent (RFC 9110 section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        request::is_idempotent(self.request.method())
    }

    /// Forgets the request under way and the version of the peer, since the next connection may lead
    /// to another one; the head of the last response stays readable.
    pub fn close(&mut self) {
        self.forget_peer();
        self.state = ConnectionState::Idle;
        self.close = None;
        self.outgoing = Outgoing::None;
        self.framing = None;
    }
}

fn not_wanted() -> HTTPException {
    HTTPException::BodyNotWanted { written: 0 }
}

fn invalid_body(fault: BodyFault) -> HTTPException {
    HTTPException::InvalidBody { fault }
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
