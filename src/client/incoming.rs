//! The receiving half of a connection: the exchange's state and the source of its bytes, driven
//! together. It outlives its responses, which are views of it.

use std::convert::Infallible;

use crate::client::kept::Kept;
use crate::error::{End, HTTPException, Step, is_timeout};
use crate::proto::{CloseReason, Exchange, Received};
use crate::transport::stream::Stream;
use crate::transport::wire::{Fill, Input, Wire, sealed};

/// Reads of at least this many bytes go past the buffer, straight into the caller's memory.
const DIRECT: usize = 32_000;

/// Where the bytes of a response come from: the stream of a connection ([`Wire`]), a reader
/// ([`Reader`](crate::Reader)), or a connection that the response owns. Sealed.
pub trait Source: sealed::Sealed {
    /// What the bytes are read from.
    #[doc(hidden)]
    type Input: Input;

    /// What a response owns that does not borrow.
    #[doc(hidden)]
    type Owner;

    #[doc(hidden)]
    fn half(owner: &Self::Owner) -> &Incoming<Self::Input>;

    #[doc(hidden)]
    fn half_mut(owner: &mut Self::Owner) -> &mut Incoming<Self::Input>;
}

/// A response from a stream borrows its connection.
impl<S: Stream> Source for Wire<S> {
    type Input = Self;
    type Owner = Infallible;

    fn half(owner: &Infallible) -> &Incoming<Self> {
        match *owner {}
    }

    fn half_mut(owner: &mut Infallible) -> &mut Incoming<Self> {
        match *owner {}
    }
}

/// The state of an exchange and the source of its bytes.
#[derive(Debug)]
pub struct Incoming<W> {
    pub(crate) exchange: Exchange,
    pub(crate) source: W,
    /// The end of the message was seen and acted on.
    settled: bool,
    /// The rest of the body is not wanted any more.
    pub(crate) given_up: bool,
    pub(crate) kept: Kept,
}

impl<W: Input> Incoming<W> {
    pub(crate) fn new(exchange: Exchange, source: W) -> Self {
        Self {
            exchange,
            source,
            settled: false,
            given_up: false,
            kept: Kept::default(),
        }
    }

    /// Reads heads until the final one is complete, unless it is; reports a failure again.
    pub(crate) fn begin(&mut self) -> Result<(), HTTPException> {
        if self.exchange.framing().is_some() {
            return Ok(());
        }
        self.at_end_or_failed()?;
        loop {
            match self.receive_one() {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => return Err(self.fail(error)),
            }
        }
        self.settle_head();
        Ok(())
    }

    /// Reads one head; whether it is the final one.
    pub(crate) fn receive_one(&mut self) -> Result<bool, HTTPException> {
        loop {
            if let Some(is_final) = self.take_head()? {
                return Ok(is_final);
            }
            if self.fill_head()? {
                return Ok(true);
            }
        }
    }

    /// Takes a head that is at hand, interim or final; whether it is the final one.
    pub(crate) fn take_head(&mut self) -> Result<Option<bool>, HTTPException> {
        let received = match self.source.buffered() {
            [] => Received::NeedMore,
            input => self.exchange.receive_head(input)?,
        };
        match received {
            Received::NeedMore => Ok(None),
            Received::Interim(length) => {
                self.source.consume(length);
                Ok(Some(false))
            }
            Received::Final(length) => {
                self.source.consume(length);
                Ok(Some(true))
            }
        }
    }

    /// Gets more; true if the final head ended where the stream did.
    pub(crate) fn fill_head(&mut self) -> Result<bool, HTTPException> {
        match self.source.fill(Step::ReadHead)? {
            Fill::Bytes => Ok(false),
            Fill::End(end) => self.head_ended(end),
        }
    }

    fn head_ended(&mut self, end: End) -> Result<bool, HTTPException> {
        let input = self.source.buffered();
        if input.is_empty() {
            return Err(HTTPException::RemoteDisconnected {
                retry: self.source.retry(),
            });
        }
        self.exchange.head_ended(input, end)?;
        let all = input.len();
        self.source.consume(all);
        Ok(true)
    }

    /// Reads body bytes: what is there, or what one read of the stream brings. 0 is the end.
    pub(crate) fn readinto(&mut self, output: &mut [u8]) -> Result<usize, HTTPException> {
        if self.settled || output.is_empty() {
            return self.at_end_or_failed();
        }
        loop {
            match self.read_step(output) {
                Ok(Some(count)) => {
                    self.settle();
                    return Ok(count);
                }
                Ok(None) => {}
                Err(error) => return self.failed_read(error),
            }
        }
    }

    /// One attempt: bytes, the end as 0, or nothing yet.
    fn read_step(&mut self, output: &mut [u8]) -> Result<Option<usize>, HTTPException> {
        let input = self.source.buffered();
        if !input.is_empty() || self.exchange.has_failed() {
            let step = self.exchange.decode(input, output)?;
            self.source.consume(step.consumed);
            if step.produced > 0 {
                return Ok(Some(step.produced));
            }
        }
        if self.exchange.is_complete() {
            return Ok(Some(0));
        }
        let room = self.exchange.decoder().plain_data(output.len());
        if room < DIRECT || !self.source.buffered().is_empty() {
            return self.fill_body().map(|ended| ended.then_some(0));
        }
        match self
            .source
            .read_direct(output.get_mut(..room).unwrap_or_default())?
        {
            (Fill::Bytes, count) => {
                self.exchange.take(count);
                Ok(Some(count))
            }
            (Fill::End(end), _) => self.exchange.end_of_input(end).map(|()| Some(0)),
        }
    }

    /// Gets more; true if the body ended where the stream did.
    fn fill_body(&mut self) -> Result<bool, HTTPException> {
        match self.source.fill(Step::ReadBody)? {
            Fill::Bytes => Ok(false),
            Fill::End(end) => self.exchange.end_of_input(end).map(|()| true),
        }
    }

    /// The body bytes at hand, at least one unless the body is at its end.
    pub(crate) fn fill_buf(&mut self) -> Result<&[u8], HTTPException> {
        match self.data_at_hand() {
            Ok(count) => Ok(self.source.buffered().get(..count).unwrap_or_default()),
            Err(error) => self.failed_read(error).map(|_| &[][..]),
        }
    }

    fn data_at_hand(&mut self) -> Result<usize, HTTPException> {
        if self.settled {
            return self.at_end_or_failed();
        }
        loop {
            let step = self.exchange.advance(self.source.buffered())?;
            self.source.consume(step.framing);
            if step.data > 0 {
                return Ok(step.data);
            }
            if self.exchange.is_complete() || self.fill_body()? {
                self.settle();
                return Ok(0);
            }
        }
    }

    /// Takes bytes that [`Self::fill_buf`] showed, no others, and notices if the body ends behind
    /// them.
    pub(crate) fn consume(&mut self, count: usize) {
        let Ok(shown) = self.exchange.advance(self.source.buffered()) else {
            return;
        };
        self.source.consume(shown.framing);
        // Behind framing there is nothing that was shown.
        let count = if shown.framing > 0 {
            0
        } else {
            count.min(shown.data)
        };
        if count == 0 {
            return;
        }
        self.exchange.take(count);
        self.source.consume(count);
        let input = self.source.buffered();
        // A fault behind the data is the next call's to report.
        if let Ok(step) = self.exchange.advance(input) {
            self.source.consume(step.framing);
        }
        self.settle();
    }

    /// Skips what is buffered of an unread body; true if that reaches the end of the message.
    pub(crate) fn skip_buffered(&mut self) -> bool {
        loop {
            let Ok(step) = self.exchange.advance(self.source.buffered()) else {
                return false;
            };
            self.exchange.take(step.data);
            let count = step.framing.saturating_add(step.data);
            self.source.consume(count);
            if count == 0 {
                self.settle();
                return self.exchange.is_complete();
            }
        }
    }

    /// Nobody reads on: the exchange is closed from our side, unless it is over. A body that was
    /// not read to its end has none.
    pub(crate) fn give_up(&mut self) {
        self.given_up = true;
        self.kept = Kept::default();
        if self.settled {
            return;
        }
        if !self.exchange.is_complete() {
            self.exchange
                .set_close_reason(CloseReason::ResponseIncomplete);
        }
        self.settled = true;
        self.source.close();
    }

    /// Acts on the end of the message once it is reached: the connection is kept or closed.
    pub(crate) fn settle(&mut self) {
        if self.settled || !self.exchange.is_complete() {
            return;
        }
        self.settled = true;
        if self.source.has_leftover() && self.exchange.close_reason() != Some(CloseReason::Switched)
        {
            self.exchange.set_close_reason(CloseReason::UnsolicitedData);
        }
        self.source.exchange_done();
        match self.exchange.close_reason() {
            None | Some(CloseReason::Switched) => {}
            Some(_) => self.source.close(),
        }
    }

    /// The final head is there: a message without a body ends with it.
    pub(crate) fn settle_head(&mut self) {
        self.settled = false;
        self.given_up = false;
        self.kept = Kept::default();
        self.settle();
    }

    /// Whether no more body bytes will come.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    fn at_end_or_failed(&mut self) -> Result<usize, HTTPException> {
        if !self.exchange.has_failed() {
            return Ok(0);
        }
        match self.exchange.decode(&[], &mut []) {
            Ok(_) => Ok(0),
            Err(error) => self.failed_read(error),
        }
    }

    fn failed_read(&mut self, error: HTTPException) -> Result<usize, HTTPException> {
        let quiet = self.exchange.forgives_quiet_end(&error);
        let error = self.fail(error);
        if quiet { Ok(0) } else { Err(error) }
    }

    /// Every error but a timeout closes the connection; reading again reports it again.
    pub(crate) fn fail(&mut self, error: HTTPException) -> HTTPException {
        if can_go_on(&error) {
            return error;
        }
        self.exchange.set_failure(&error);
        self.settled = true;
        self.source.close();
        error
    }
}

/// Whether the same call, made again, goes on: after a timeout of a stream, and where a reader says
/// in its own words that there is nothing yet.
pub(crate) fn can_go_on(error: &HTTPException) -> bool {
    match error {
        HTTPException::TimedOut { .. } => true,
        HTTPException::Io { error, .. } => is_timeout(error),
        _ => false,
    }
}
