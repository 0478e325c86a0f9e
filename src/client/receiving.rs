//! `getresponse`, and waiting for `100 Continue`: heads are read until the final one (RFC 9110 sections
//! 10.1.1 and 15.2).

use crate::client::connect::Connect;
use crate::client::connection::{Continue, HTTPConnection};
use crate::client::progress::Upload;
use crate::client::response::HTTPResponse;
use crate::error::{HTTPException, Step};
use crate::proto::ResponseHead;
use crate::transport::wire::Wire;

impl<C: Connect> HTTPConnection<C> {
    /// Gets the response to the request that was sent. Interim responses are skipped.
    ///
    /// The response borrows the connection: the next request can be sent when it is done with.
    ///
    /// # Errors
    /// `ResponseNotReady` if none is due; `BodyLengthMismatch` or `InvalidBody` if the request's
    /// body was not sent to its end; `RemoteDisconnected`; `BadStatusLine`, `UnknownProtocol`,
    /// `InvalidHeader`, `LineTooLong`, `TooMany`, `TooLarge`, `InvalidContentLength`,
    /// `UnknownTransferEncoding`, `ConflictingFraming`, `UnexpectedUpgrade`, `IncompleteRead` of
    /// the head; `Io`. All of these close the connection. `TimedOut` does not: the call can be
    /// made again.
    pub fn getresponse(&mut self) -> Result<HTTPResponse<'_, Wire<C::Stream>>, HTTPException> {
        self.receive()?;
        Ok(HTTPResponse::borrowed(&mut self.incoming))
    }

    /// The response that [`Self::getresponse`] got, to be looked at again: its head, and the rest of
    /// its body where the last look left off. Nothing before it was got, and once the next request
    /// has begun or the connection was closed.
    ///
    /// So a struct can hold a connection and what came over it:
    ///
    /// ```
    /// use stdhttp::testing::{Peer, Script};
    /// use stdhttp::{HTTPConnection, HTTPException};
    ///
    /// struct Download {
    ///     conn: HTTPConnection<Peer>,
    /// }
    ///
    /// impl Download {
    ///     fn status(&self) -> Option<u16> {
    ///         self.conn.response_head().map(|head| head.status())
    ///     }
    ///
    ///     fn next_line(&mut self) -> Result<Vec<u8>, HTTPException> {
    ///         match self.conn.response() {
    ///             Some(mut response) => response.readline(None),
    ///             None => Ok(Vec::new()),
    ///         }
    ///     }
    /// }
    ///
    /// let peer = Peer::new([Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\none\ntwo\n")]);
    /// let mut conn = HTTPConnection::builder("www.example.org").connector(peer).build()?;
    /// conn.request("GET", "/", (), &[])?;
    /// conn.getresponse()?;
    /// let mut download = Download { conn };
    /// assert_eq!(download.status(), Some(200));
    /// assert_eq!(download.next_line()?, b"one\n");
    /// assert_eq!(download.next_line()?, b"two\n");
    /// # Ok::<(), HTTPException>(())
    /// ```
    pub fn response(&mut self) -> Option<HTTPResponse<'_, Wire<C::Stream>>> {
        self.response_head()?;
        Some(HTTPResponse::borrowed(&mut self.incoming))
    }

    /// The head of the response that [`Self::response`] shows, for who may not change the
    /// connection.
    pub fn response_head(&self) -> Option<&ResponseHead> {
        let exchange = &self.incoming.exchange;
        let got = exchange.framing().is_some() && !self.answered_early;
        got.then(|| exchange.response())
    }

    pub(super) fn receive(&mut self) -> Result<(), HTTPException> {
        self.incoming
            .exchange
            .check_response_due_or(self.answered_early)?;
        if !self.answered_early {
            self.prepare_to_receive()?;
        }
        while !self.answered_early {
            self.answered_early = self.receive_one()?;
        }
        self.answered_early = false;
        self.in_doubt = false;
        if !self.incoming.exchange.is_request_complete() {
            // Who asks for the answer sends no more.
            self.incoming.exchange.abandon_request();
        }
        self.incoming.settle_head();
        let incoming = &mut self.incoming;
        incoming.source.log.response(incoming.exchange.response());
        Ok(())
    }

    /// Reads one head, interim or final; whether it is the final one.
    pub(crate) fn receive_one(&mut self) -> Result<bool, HTTPException> {
        match self.incoming.receive_one() {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.note_interim();
                Ok(false)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(crate) fn note_interim(&mut self) {
        let incoming = &mut self.incoming;
        incoming.source.log.response(incoming.exchange.response());
        if let Some(callback) = &mut self.on_interim {
            callback(self.incoming.exchange.response());
        }
    }

    /// The request must have gone out, head and body.
    fn prepare_to_receive(&mut self) -> Result<(), HTTPException> {
        let flushed = self.flush_head();
        if flushed.map_err(|error| self.failed(error))? == Upload::Stop {
            return Ok(());
        }
        if let Err(error) = self.incoming.exchange.check_given() {
            self.close();
            return Err(error);
        }
        if !self.is_connected() {
            self.close();
            return Err(HTTPException::NotConnected);
        }
        Ok(())
    }

    /// Reads what came in answer to `Expect: 100-continue`, for at most the time of
    /// `continue_timeout` over all reads, and no longer than the read timeout for one. To be called
    /// between [`Self::endheaders`] and the body; [`Self::request`] does so by itself.
    ///
    /// # Errors
    /// `ResponseNotReady` without a request; those of [`Self::getresponse`].
    pub fn await_continue(&mut self) -> Result<Continue, HTTPException> {
        if self.answered_early {
            self.refuse_body();
            return Ok(Continue::Refused);
        }
        self.incoming.exchange.check_response_due()?;
        if self.flush_head()? == Upload::Stop {
            return Ok(Continue::Refused);
        }
        let usual = self.incoming.source.timing.narrow(self.continue_timeout);
        let received = self.receive_100();
        if self.is_connected() {
            self.incoming.source.timing.ends = usual;
        }
        match received {
            Ok(Continue::Refused) => self.refuse_body(),
            Err(HTTPException::TimedOut {
                step: Step::ReadHead,
                ..
            }) => {
                self.in_doubt = false;
                return Ok(Continue::NoAnswer);
            }
            _ => {}
        }
        received
    }

    /// 100 lets the body go; another interim response says nothing about it.
    fn receive_100(&mut self) -> Result<Continue, HTTPException> {
        loop {
            if self.receive_one()? {
                return Ok(Continue::Refused);
            }
            if self.incoming.exchange.response().status() == 100 {
                return Ok(Continue::Continue);
            }
        }
    }

    /// The final response came before the body was sent (RFC 9110 section 10.1.1): the rest of
    /// the body, if there is any, stays here, and the connection can't be used again.
    pub(crate) fn refuse_body(&mut self) {
        if !self.incoming.exchange.is_request_complete() {
            self.incoming.exchange.abandon_request();
        }
        self.answered_early = true;
    }
}
