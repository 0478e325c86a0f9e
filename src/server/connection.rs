//! One connection of the server: the stream, its buffer and its time, and the machine of `proto`
//! that they drive (RFC 9112 sections 7 to 9).
//!
//! Nothing is read from the stream but what is asked for. How responses leave is in `writing.rs`.

use crate::error::{HTTPException, Retry, Step};
use crate::proto::server::{Exchange, ExchangeState, Received, Refusal};
use crate::proto::{CloseReason, HTTPVersion};
use crate::server::pace::Pace;
use crate::server::settings::{Bounds, Times};
use crate::transport::buffer::Buffer;
use crate::transport::clock::Clock;
use crate::transport::stream::{Look, Stream};
use crate::transport::timing::Timing;
use crate::transport::wire::{Fill, read_once, say_goodbye};

/// The stream of a connection, whatever it is.
pub(crate) type AnyStream = Box<dyn Stream + Send>;

/// A request did not come.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The connection is at its end, between two requests.
    Ended,
    /// The request is refused.
    Refused(Refusal),
    /// The stream failed.
    Failed(HTTPException),
}

/// A connection at the server.
pub(crate) struct Connection {
    pub(super) stream: AnyStream,
    pub(super) buffer: Buffer,
    pub(super) timing: Timing,
    pub(super) times: Times,
    pub(super) bounds: Bounds,
    pub(crate) exchange: Exchange,
    /// Of the response's body, what waits for the head.
    pub(super) pending: Vec<u8>,
    /// Of a file, what is on its way.
    pub(super) block: Vec<u8>,
    /// Of the block, so many bytes were read before their head was made.
    pub(super) ahead: usize,
    /// The response's body, as far as it was given.
    pub(super) outgoing: Pace,
    /// The fields of the response are complete.
    pub(crate) head_ended: bool,
    pub(super) head_written: bool,
    /// The stream failed, or a response was cut short: nothing more may be written.
    pub(super) broken: bool,
    /// The request's body, as far as it came.
    pub(super) incoming: Pace,
    /// Of these bytes, what was shown and not taken.
    pub(super) shown: usize,
}

impl Connection {
    pub(crate) fn new(
        stream: AnyStream,
        clock: Box<dyn Clock + Send + Sync>,
        times: Times,
        bounds: Bounds,
        version: HTTPVersion,
    ) -> Self {
        let mut exchange = Exchange::new(bounds.limits, bounds.tolerance);
        exchange.set_version(version);
        let mut timing = Timing::default();
        timing.clock = clock;
        timing.write = Some(times.write);
        Self {
            stream,
            buffer: Buffer::default(),
            timing,
            times,
            bounds,
            exchange,
            pending: Vec::new(),
            block: Vec::new(),
            ahead: 0,
            outgoing: Pace::new(times.write, times.least_rate),
            head_ended: false,
            head_written: false,
            broken: false,
            incoming: Pace::new(times.read, times.least_rate),
            shown: 0,
        }
    }

    // Receiving

    /// Waits for the head of a request. `first` says that none came yet on this connection, which
    /// then has no idle time of its own; `began` is called when the first bytes are there.
    pub(crate) fn receive_head(&mut self, first: bool, began: impl Fn()) -> Result<(), NoRequest> {
        self.timing.read = Some(if first {
            self.times.head
        } else {
            self.times.idle
        });
        self.timing.ends = None;
        loop {
            let input = self.buffer.bytes();
            if !input.is_empty() {
                began();
                let received = self.exchange.receive_head(input);
                if let Received::Head(length) = received.map_err(NoRequest::Refused)? {
                    self.buffer.consume(length);
                    self.request_began();
                    return Ok(());
                }
                self.head_deadline();
            }
            self.fill_head()?;
        }
    }

    /// From the first byte on a head has one point in time at which it must be complete.
    fn head_deadline(&mut self) {
        if self.timing.ends.is_none() {
            self.timing.read = Some(self.times.head);
            self.timing.ends = self.timing.clock.now().checked_add(self.times.head);
        }
    }

    fn fill_head(&mut self) -> Result<(), NoRequest> {
        let (stream, room) = (&mut self.stream, self.buffer.room());
        let step = Step::ReadHead;
        match read_once(stream, &mut self.timing, Retry::default(), step, room) {
            Ok((Fill::Bytes, count)) => {
                self.buffer.filled(count);
                Ok(())
            }
            Ok((Fill::End(end), _)) => {
                if self.is_between_requests() {
                    return Err(NoRequest::Ended);
                }
                let refusal = self.exchange.head_ended(self.buffer.bytes(), end);
                Err(NoRequest::Refused(refusal))
            }
            Err(error) if error.is_timeout() && self.is_between_requests() => Err(NoRequest::Ended),
            Err(error) if error.is_timeout() => {
                let refusal = self.exchange.refuse_head(self.buffer.bytes(), error);
                Err(NoRequest::Refused(refusal))
            }
            Err(error) => Err(NoRequest::Failed(error)),
        }
    }

    /// Whether nothing came but line ends, which may stand before a request.
    fn is_between_requests(&self) -> bool {
        let mut octets = self.buffer.bytes().iter();
        octets.all(|octet| matches!(octet, b'\r' | b'\n'))
    }

    fn request_began(&mut self) {
        self.timing.ends = None;
        self.timing.read = Some(self.times.read);
    }

    /// Whether bytes of a further request are here already.
    pub(crate) fn has_more(&self) -> bool {
        !self.buffer.bytes().is_empty()
    }

    /// Reads bytes of the request's body; 0 is its proven end.
    pub(crate) fn read_body(&mut self, output: &mut [u8]) -> Result<usize, HTTPException> {
        if output.is_empty() {
            return Ok(0);
        }
        self.shown = 0;
        loop {
            let decoded = self.exchange.decode(self.buffer.bytes(), output);
            let step = decoded.map_err(|refusal| refusal.error)?;
            self.buffer.consume(step.consumed);
            if step.produced > 0 || self.exchange.decoder().is_complete() {
                return Ok(step.produced);
            }
            self.fill_body()?;
        }
    }

    /// The bytes of the body at hand, at least one unless it is at its end.
    pub(crate) fn body_at_hand(&mut self) -> Result<&[u8], HTTPException> {
        let data = loop {
            let advanced = self.exchange.advance(self.buffer.bytes());
            let step = advanced.map_err(|refusal| refusal.error)?;
            self.buffer.consume(step.framing);
            if step.data > 0 || self.exchange.decoder().is_complete() {
                break step.data;
            }
            self.fill_body()?;
        };
        self.shown = data;
        Ok(self.buffer.bytes().get(..data).unwrap_or_default())
    }

    /// Takes bytes that [`Self::body_at_hand`] showed.
    pub(crate) fn consume_body(&mut self, count: usize) {
        let count = count.min(self.shown);
        self.shown = self.shown.saturating_sub(count);
        self.exchange.take(count);
        self.buffer.consume(count);
    }

    fn fill_body(&mut self) -> Result<(), HTTPException> {
        let (stream, room) = (&mut self.stream, self.buffer.room());
        let (step, retry) = (Step::ReadBody, Retry::default());
        let read = |timing: &mut Timing| read_once(stream, timing, retry, step, room);
        let waited = self.incoming.wait(&mut self.timing, read);
        if matches!(&waited, Err(error) if error.is_timeout()) {
            self.exchange.body_stalled();
        }
        match waited? {
            (Fill::Bytes, count) => {
                self.buffer.filled(count);
                self.incoming.add(count);
                Ok(())
            }
            (Fill::End(end), _) => {
                let ended = self.exchange.end_of_input(end);
                ended.map_err(|refusal| refusal.error)
            }
        }
    }

    /// Reads what the handler left of the body, within the bound; whether that reached its end.
    pub(crate) fn drain(&mut self) -> bool {
        let mut room = self.bounds.drained;
        while !self.exchange.decoder().is_complete() {
            if self
                .exchange
                .decoder()
                .missing()
                .is_some_and(|left| left > room)
            {
                return false;
            }
            let Ok(bytes) = self.body_at_hand() else {
                return false;
            };
            let count = bytes.len();
            let Some(left) = room.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) else {
                return false;
            };
            room = left;
            self.consume_body(count);
        }
        true
    }

    /// The connection closes behind this exchange, whatever else is said.
    pub(crate) fn will_close(&mut self) {
        self.exchange.set_close_reason(CloseReason::WeClose);
    }

    /// Whether the stream belongs to another protocol, and the head that says so is out.
    pub(crate) fn is_switched(&self) -> bool {
        self.exchange.state() == ExchangeState::Switched && !self.broken
    }

    /// Nothing more is written; the connection closes.
    pub(crate) fn abort(&mut self) {
        self.broken = true;
        self.exchange.abandon_response();
    }

    // Ending

    /// Makes ready for the next request; false if the connection can't carry one.
    pub(crate) fn next_request(&mut self) -> bool {
        if self.broken || self.exchange.next_request().is_err() {
            return false;
        }
        // Also for a request that is refused before its head is complete.
        self.pending.clear();
        self.outgoing.restart();
        self.head_ended = false;
        self.head_written = false;
        self.incoming.restart();
        self.shown = 0;
        true
    }

    /// Closes the connection so that the response arrives: our side first, then what the client
    /// still sends is read and dropped for a while, since the system answers unread bytes by a
    /// reset, which makes clients lose the response (RFC 9112 section 9.6).
    pub(crate) fn close(mut self) {
        if self.broken {
            // A goodbye would make a response whole that lasts until the connection closes.
            return;
        }
        if self.is_switched() {
            return say_goodbye(&mut self.stream);
        }
        let in_doubt = !self.exchange.decoder().is_complete()
            || self.exchange.close_reason() == Some(CloseReason::Failed)
            || self.has_more();
        let unread = in_doubt || matches!(self.stream.look(), Ok(Look::Data));
        if self.stream.shutdown_write().is_ok() && unread {
            self.linger();
        }
    }

    fn linger(&mut self) {
        let mut dropped = [0; 8_192];
        self.timing.ends = self.timing.clock.now().checked_add(self.times.linger);
        self.timing.read = Some(self.times.linger);
        let (timing, retry) = (&mut self.timing, Retry::default());
        while let Ok((Fill::Bytes, _)) = read_once(
            &mut self.stream,
            timing,
            retry,
            Step::ReadBody,
            &mut dropped,
        ) {}
    }

    /// Gives the stream away, with the bytes already read from it and without our timeouts.
    pub(crate) fn into_stream(mut self) -> (AnyStream, Vec<u8>) {
        self.timing.lift(&mut self.stream);
        (self.stream, self.buffer.bytes().to_vec())
    }

    pub(crate) fn request_limit(&self) -> usize {
        self.bounds.requests
    }
}
