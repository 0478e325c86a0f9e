//! The response half of the server's machine: its head, its framing, and the count of its body (RFC
//! 9110 sections 7.8, 8.6 and 15, RFC 9112 sections 6, 7 and 9).

use crate::error::{BadResponse, BodyFault, HTTPException};
use crate::proto::chunk::LAST_CHUNK;
use crate::proto::field_rules::write_trailers;
use crate::proto::framing::CloseReason;
use crate::proto::scan;
use crate::proto::server::exchange::{Exchange, ExchangeState};
use crate::proto::server::outgoing::{Outgoing, Piece};
use crate::proto::server::response::bad;
use crate::proto::values::FieldValue;
use crate::proto::version::HTTPVersion;

impl Exchange {
    /// Writes an interim response (RFC 9110 section 15.2): 100 Continue, 103 Early Hints.
    /// [`Self::head`] is what to write.
    ///
    /// # Errors
    /// `BadResponse`: `OutOfTurn` once the response has begun, `Status`, `InterimToHttp10`;
    /// `InvalidHeaderName`, `InvalidHeaderValue`.
    pub fn send_interim(
        &mut self,
        status: u16,
        reason: &str,
        fields: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        self.check_state(ExchangeState::Received)?;
        if !matches!(status, 100 | 102..=199) {
            return Err(bad(BadResponse::Status(status)));
        }
        self.check_knows_interim()?;
        self.response
            .start(b"HTTP/1.1", status, reason.as_bytes())?;
        for (name, value) in fields {
            self.response.put_field(name.as_bytes(), *value)?;
        }
        self.response.put_known(b"\r\n");
        self.continued |= status == 100;
        Ok(())
    }

    fn check_knows_interim(&self) -> Result<(), HTTPException> {
        match (self.request.version(), self.version) {
            (HTTPVersion::Http11, HTTPVersion::Http11) => Ok(()),
            _ => Err(bad(BadResponse::InterimToHttp10)),
        }
    }

    /// `100 Continue` where a response was begun of which nothing has left: it goes before that.
    pub(crate) fn continue_before_head(&mut self) -> Result<&'static [u8], HTTPException> {
        self.check_state(ExchangeState::Started)?;
        self.check_knows_interim()?;
        self.continued = true;
        Ok(b"HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Begins the response (`send_response_only`).
    ///
    /// # Errors
    /// `BadResponse`: `OutOfTurn`, `Status`, `Reason`.
    pub fn send_response(&mut self, status: u16, reason: &str) -> Result<(), HTTPException> {
        self.check_state(ExchangeState::Received)?;
        if !matches!(status, 101 | 200..=999) {
            return Err(bad(BadResponse::Status(status)));
        }
        let version = self.version.as_str().as_bytes();
        self.response.start(version, status, reason.as_bytes())?;
        self.state = ExchangeState::Started;
        Ok(())
    }

    /// Adds a field to the response. `Content-Length` declares the body, which is then counted;
    /// `Transfer-Encoding: chunked` is a wish, which is granted to clients that know the coding;
    /// `Connection: close` closes the connection behind the response.
    ///
    /// # Errors
    /// `BadResponse` with `OutOfTurn`; `InvalidHeaderName`, `InvalidHeaderValue`,
    /// `ConflictingHeader`. The response stays as it was.
    pub fn send_header(
        &mut self,
        name: &str,
        value: &(impl FieldValue + ?Sized),
    ) -> Result<(), HTTPException> {
        self.check_state(ExchangeState::Started)?;
        self.response.put_field(name.as_bytes(), value)
    }

    /// Adds the `Date`, whose text is our own and needs no check.
    pub(crate) fn send_date(&mut self, date: &str) -> Result<(), HTTPException> {
        self.check_state(ExchangeState::Started)?;
        for part in ["Date: ", date, "\r\n"] {
            self.response.put_known(part.as_bytes());
        }
        Ok(())
    }

    /// Ends the head; [`Self::head`] is what to write. `length` is that of the body, if it is known:
    /// what was declared by a field goes before it. Without one the body is chunked, or lasts until
    /// the connection closes where the client knows no chunks.
    ///
    /// # Errors
    /// `BadResponse`: `OutOfTurn`, also for a switch before the request's body was read to its end;
    /// `MissingHeader`, `NoContent`, `NotOffered`; `ConflictingHeader`. Fields may be added then.
    pub fn end_headers(&mut self, length: Option<u64>) -> Result<(), HTTPException> {
        self.check_state(ExchangeState::Started)?;
        self.response.check_needed()?;
        let switches = self.is_switch()?;
        // What is left of the body would be taken for the other protocol.
        if switches && !self.decoder.is_complete() {
            return Err(bad(BadResponse::OutOfTurn));
        }
        let outgoing = self.frame(length)?;
        // The client may send its body or not; which one, it need not say.
        if self.expects_continue() {
            self.set_close_reason(CloseReason::RequestIncomplete);
        }
        self.outgoing = outgoing;
        self.put_framing(length);
        self.put_connection(switches);
        self.response.put_known(b"\r\n");
        self.state = ExchangeState::Sent;
        if switches {
            self.state = ExchangeState::Switched;
            self.outgoing = Outgoing::Ended;
            self.close = Some(CloseReason::Switched);
        }
        Ok(())
    }

    /// Whether the head that was begun could end as it is.
    #[cfg(unix)]
    pub(crate) fn check_head(&self) -> Result<(), HTTPException> {
        self.response.check_needed()?;
        self.frame(None).map(drop)
    }

    /// Whether the response that was begun is to hand the stream over.
    pub(crate) fn would_switch(&self) -> bool {
        let connects = || self.request.method() == b"CONNECT";
        self.status()
            .is_some_and(|status| status == 101 || (status < 300 && connects()))
    }

    /// Whether the stream belongs to another protocol from here on; only to one that was offered.
    fn is_switch(&self) -> Result<bool, HTTPException> {
        let connects = self.request.method() == b"CONNECT";
        match self.response.status {
            101 if self.response.switches_to(|protocol| self.offers(protocol)) => Ok(true),
            101 => Err(bad(BadResponse::NotOffered)),
            200..=299 => Ok(connects),
            _ => Ok(false),
        }
    }

    /// Whether the request offered this protocol. HTTP/1.0 has no upgrade (RFC 9110 section 7.8).
    fn offers(&self, protocol: &[u8]) -> bool {
        let offered = self.request.headers().get_all_bytes("upgrade");
        self.request.version() == HTTPVersion::Http11
            && self.request.framing_fields().connection.upgrade
            && offered
                .flat_map(scan::list_elements)
                .any(|offered| offered.eq_ignore_ascii_case(protocol))
    }

    /// How the body goes out (RFC 9110 sections 8.6 and 15, RFC 9112 section 6.1).
    fn frame(&self, length: Option<u64>) -> Result<Outgoing, HTTPException> {
        let status = self.response.status;
        let declared = self.response.declared;
        if self.response.wants_chunks && declared.is_some() {
            return Err(HTTPException::ConflictingHeader {
                name: "Transfer-Encoding",
            });
        }
        let known = declared.or(length);
        let is_switch = status == 101 || (status < 300 && self.request.method() == b"CONNECT");
        Ok(match (status, known) {
            (204 | 205, None | Some(0)) => Outgoing::NoContent,
            _ if is_switch && known.unwrap_or_default() == 0 => Outgoing::NoContent,
            (204 | 205, _) => return Err(bad(BadResponse::NoContent(status))),
            _ if is_switch => return Err(bad(BadResponse::NoContent(status))),
            (304, _) => Outgoing::NoContent,
            _ if self.request.method() == b"HEAD" => Outgoing::Head,
            (_, Some(declared)) if declared > 0 || !self.response.wants_chunks => {
                Outgoing::Length { declared, given: 0 }
            }
            _ if self.can_chunk() => Outgoing::Chunked,
            _ => Outgoing::UntilClose,
        })
    }

    fn can_chunk(&self) -> bool {
        self.request.version() == HTTPVersion::Http11 && self.version == HTTPVersion::Http11
    }

    fn put_framing(&mut self, length: Option<u64>) {
        let status = self.response.status;
        let known = self.response.declared.or(length);
        match (self.outgoing, known) {
            (Outgoing::Length { declared, .. }, _) => self.response.put_content_length(declared),
            (Outgoing::Chunked, _) => {
                self.response.put_known(b"Transfer-Encoding: chunked\r\n");
            }
            (Outgoing::UntilClose, _) => self.set_close_reason(CloseReason::BodyUntilClose),
            (Outgoing::NoContent, _) if status == 205 => self.response.put_content_length(0),
            // What GET would have got; of 304 only what the caller knows.
            (Outgoing::Head, Some(length)) => self.response.put_content_length(length),
            (Outgoing::NoContent, _) if status == 304 => {
                if let Some(length) = self.response.declared {
                    self.response.put_content_length(length);
                }
            }
            _ => {}
        }
    }

    /// Says what becomes of the connection (RFC 9112 sections 9.3 and 9.6).
    fn put_connection(&mut self, switches: bool) {
        let options = self.response.connection;
        if switches {
            if self.response.has_upgrade() && !options.upgrade {
                self.response.put_known(b"Connection: upgrade\r\n");
            }
            return;
        }
        if options.close {
            self.set_close_reason(CloseReason::WeClose);
        }
        if self.version == HTTPVersion::Http10 {
            self.set_close_reason(CloseReason::Http10);
        }
        if self.response.has_upgrade() && !options.upgrade {
            self.response.put_known(b"Connection: upgrade\r\n");
        }
        if self.close.is_some() && !options.close {
            self.response.put_known(b"Connection: close\r\n");
        } else if self.close.is_none() && self.says_keep_alive() {
            self.response.put_known(b"Connection: keep-alive\r\n");
        }
    }

    /// Whether it is still to be said that the connection is kept, since the caller wishes so or
    /// HTTP/1.0 needs it.
    fn says_keep_alive(&self) -> bool {
        let needed = self.request.version() == HTTPVersion::Http10;
        self.response.wishes_keep_alive() || (needed && !self.response.connection.keep_alive)
    }

    /// The bytes of the last head that was ended, or of the interim response.
    pub fn head(&self) -> &[u8] {
        self.response.bytes()
    }

    /// The `Content-Length` that the response was given by a field.
    pub(crate) fn declared_length(&self) -> Option<u64> {
        self.response.declared
    }

    /// Forgets a response that was begun and of which no byte was written.
    pub fn drop_response(&mut self) {
        if let ExchangeState::Started | ExchangeState::Sent = self.state {
            self.state = ExchangeState::Received;
            self.outgoing = Outgoing::Due;
        }
    }

    /// The status of the response that was begun.
    pub fn status(&self) -> Option<u16> {
        match self.state {
            ExchangeState::Idle | ExchangeState::Received => None,
            _ => Some(self.response.status),
        }
    }

    /// Takes note that a piece of the body is about to be written, and says how.
    ///
    /// # Errors
    /// `BadResponse`: `OutOfTurn` before the head or behind the end, `NoContent`.
    /// `BodyLengthMismatch` for bytes beyond the declared length. Nothing may be written then.
    pub fn give(&mut self, data: &[u8]) -> Result<Piece, HTTPException> {
        let count = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.give_count(count)
    }

    pub(crate) fn give_count(&mut self, count: u64) -> Result<Piece, HTTPException> {
        match &mut self.outgoing {
            Outgoing::Due | Outgoing::Ended => Err(bad(BadResponse::OutOfTurn)),
            _ if count == 0 => Ok(Piece::Nothing),
            Outgoing::NoContent => Err(bad(BadResponse::NoContent(self.response.status))),
            Outgoing::Head => Ok(Piece::Nothing),
            Outgoing::Chunked => Ok(Piece::Chunk),
            Outgoing::UntilClose => Ok(Piece::AsIs),
            Outgoing::Length { declared, given } => {
                let total = given.saturating_add(count);
                if total > *declared {
                    return Err(HTTPException::BodyLengthMismatch {
                        declared: *declared,
                        given: total,
                    });
                }
                *given = total;
                Ok(Piece::AsIs)
            }
        }
    }

    /// Ends the response; returns what is still to be written.
    ///
    /// # Errors
    /// `BadResponse` with `OutOfTurn` before the head is ended; `BodyLengthMismatch` if less was
    /// given than declared: the connection can't be used again, and must be closed so that the
    /// client sees what is missing.
    pub fn end_response(&mut self) -> Result<&'static [u8], HTTPException> {
        let ended = match self.outgoing {
            Outgoing::Due => return Err(bad(BadResponse::OutOfTurn)),
            Outgoing::Length { declared, given } if given < declared => {
                self.set_close_reason(CloseReason::ResponseIncomplete);
                Err(HTTPException::BodyLengthMismatch { declared, given })
            }
            Outgoing::Chunked => Ok(LAST_CHUNK),
            _ => Ok(&b""[..]),
        };
        self.outgoing = Outgoing::Ended;
        ended
    }

    /// As [`Self::end_response`], with trailer fields behind a chunked body (RFC 9112 section
    /// 7.1.2); the bytes to write are appended to `out`.
    ///
    /// # Errors
    /// `InvalidBody` if the body is not chunked; `InvalidHeaderName`, `InvalidHeaderValue`,
    /// `InvalidBody` for fields that can't be trailers; nothing was appended.
    pub fn end_response_with(
        &mut self,
        trailers: &[(&str, &str)],
        out: &mut Vec<u8>,
    ) -> Result<(), HTTPException> {
        if self.outgoing != Outgoing::Chunked {
            return Err(HTTPException::InvalidBody {
                fault: BodyFault::Unframed,
            });
        }
        let before = out.len();
        out.extend_from_slice(b"0\r\n");
        if let Err(error) = write_trailers(trailers, out) {
            out.truncate(before);
            return Err(error);
        }
        self.outgoing = Outgoing::Ended;
        Ok(())
    }

    /// Takes note that the response will not be sent to its end: the connection must be closed, so
    /// that the client sees that something is missing.
    pub fn abandon_response(&mut self) {
        self.outgoing = Outgoing::Ended;
        self.set_close_reason(CloseReason::ResponseIncomplete);
    }
}
