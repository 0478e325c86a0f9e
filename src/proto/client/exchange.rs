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

use crate::error::{
    BodyFault, ConnectionState, HTTPException, ImproperConnectionState, UnimplementedFileMode,
};
use crate::proto::authority::host_field;
use crate::proto::body::BodyDecoder;
use crate::proto::client::framing::RequestContext;
use crate::proto::client::outgoing::{Outgoing, invalid_body};
use crate::proto::client::request::{self, DeclaredBody, RequestHead};
use crate::proto::client::response::ResponseHead;
use crate::proto::framing::{BodyLength, CloseReason, Framing};
use crate::proto::limits::{Limits, Tolerance};
use crate::proto::values::FieldValue;
use crate::proto::version::HTTPVersion;

/// Which of the automatic fields `putrequest` leaves out (`skip_host`, `skip_accept_encoding`): none
/// by default.
///
/// ```
/// use stdhttp::Skip;
///
/// let skip = Skip::default().with(|skip| skip.host = true);
/// assert!(skip.host && !skip.accept_encoding);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// No `Host`.
    pub host: bool,
    /// No `Accept-Encoding: identity`.
    pub accept_encoding: bool,
}

impl Skip {
    /// The same with some of it changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// One connection's protocol state. See the [module documentation](crate::proto) for its use.
#[derive(Debug)]
pub struct Exchange {
    pub(super) limits: Limits,
    pub(super) tolerance: Tolerance,
    pub(super) version: HTTPVersion,
    pub(super) state: ConnectionState,
    pub(super) request: RequestHead,
    pub(super) outgoing: Outgoing,
    pub(super) context: RequestContext,
    pub(super) response: ResponseHead,
    pub(super) framing: Option<Framing>,
    pub(super) decoder: BodyDecoder,
    /// The response in `response` is an interim one, already reported.
    pub(super) interim_reported: bool,
    pub(super) interim_responses: usize,
    /// Bytes of the interim heads of this answer.
    pub(super) interim_octets: usize,
    pub(super) close: Option<CloseReason>,
    /// Not everything that was given is written.
    pub(super) unwritten: bool,
    /// The peer answered with HTTP/1.0: it may not know the chunked coding.
    pub(super) peer_is_http10: bool,
    pub(super) failure: Option<HTTPException>,
    pub(super) quiet_end: bool,
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

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
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
        self.version == HTTPVersion::Http11 && !self.forbids_chunks()
    }

    /// Whether the peer of this connection reads no chunks (RFC 9112 section 6.1).
    pub(crate) fn forbids_chunks(&self) -> bool {
        self.peer_is_http10
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

    /// Drops a request whose head was not sent.
    pub(crate) fn drop_request(&mut self) {
        self.state = ConnectionState::Idle;
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
