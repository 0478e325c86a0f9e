//! Timeouts and the deadline, kept without threads: whoever reads or writes sets the smaller remainder
//! as the stream's own timeout first, and only where it differs from the last one.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use crate::error::{HTTPException, Retry, Step, is_timeout};
use crate::transport::clock::{Clock, SYSTEM_HAS_CLOCK, SystemClock};
use crate::transport::stream::Stream;

/// A write that is blocked is interrupted after so long, to look whether the peer has answered. Not
/// on Windows, where a socket is of no use after such a timeout, and where there is no clock.
const SLICE: Option<Duration> = if cfg!(windows) || !SYSTEM_HAS_CLOCK {
    None
} else {
    Some(Duration::from_millis(100))
};

/// How long a write has been blocked so far, and whether it is worth to look at the peer meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    pub(super) waited: Duration,
    looks: bool,
}

impl Patience {
    /// For a write of so much that it may block: it returns once in a while.
    pub(crate) fn looking(looks: bool) -> Self {
        Self {
            waited: Duration::ZERO,
            looks,
        }
    }
}

/// Timeouts, the deadline, and the clock for it.
pub(crate) struct Timing {
    pub(crate) clock: Box<dyn Clock + Send + Sync>,
    pub(crate) connect: Option<Duration>,
    pub(crate) read: Option<Duration>,
    pub(crate) write: Option<Duration>,
    /// The longest time for one exchange.
    pub(crate) deadline: Option<Duration>,
    /// When the exchange under way must be over.
    pub(crate) ends: Option<Instant>,
    /// What the stream was told last; the outer nothing: not known.
    applied_read: Option<Option<Duration>>,
    applied_write: Option<Option<Duration>>,
    /// The stream was lent out since, and may have been told something else.
    pub(super) lent: Cell<bool>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock),
            connect: None,
            read: None,
            write: None,
            deadline: None,
            ends: None,
            applied_read: Some(None),
            applied_write: Some(None),
            lent: Cell::new(false),
        }
    }
}

/// The shortest timeout: sockets take none of zero. `std` rounds up to what the system knows.
const SHORTEST: Duration = Duration::from_nanos(1);

/// The smaller of a timeout and the time that is left, as a stream can be told it.
pub(crate) fn shorter(timeout: Option<Duration>, left: Option<Duration>) -> Option<Duration> {
    let both = timeout.into_iter().chain(left);
    both.min().map(|time| time.max(SHORTEST))
}

impl Timing {
    /// Starts the time of an exchange.
    pub(crate) fn start(&mut self) {
        self.ends = self
            .deadline
            .and_then(|deadline| self.clock.now().checked_add(deadline));
    }

    /// When an attempt to connect that begins now must be over.
    pub(crate) fn connect_ends(&self) -> Option<Instant> {
        let own = self
            .connect
            .and_then(|time| self.clock.now().checked_add(time));
        match (own, self.ends) {
            (Some(own), Some(ends)) => Some(own.min(ends)),
            (own, ends) => own.or(ends),
        }
    }

    /// Lets the exchange under way end `time` from now, if not earlier; returns when it was to end.
    pub(crate) fn narrow(&mut self, time: Duration) -> Option<Instant> {
        let usual = self.ends;
        let narrowed = self.clock.now().checked_add(time);
        self.ends = usual.into_iter().chain(narrowed).min();
        usual
    }

    /// A new stream: connecting leaves timeouts on it only where there is a limit.
    pub(super) fn renew(&mut self, connect_ends: Option<Instant>) {
        let untouched = connect_ends.is_none() && self.read.is_none() && self.write.is_none();
        let known = untouched.then_some(None);
        self.applied_read = known;
        self.applied_write = known;
    }

    /// Takes what is on the stream for unknown, if somebody else had it.
    pub(super) fn notice_loan(&mut self) {
        if self.lent.take() {
            self.applied_read = None;
            self.applied_write = None;
        }
    }

    /// Takes our timeouts off a stream that is given away. One that can't be told so fails at its
    /// next call, which is its new owner's to see.
    pub(crate) fn lift(&mut self, stream: &mut impl Stream) {
        self.notice_loan();
        if self.applied_read != Some(None) {
            let _ = stream.set_read_timeout(None);
        }
        if self.applied_write != Some(None) {
            let _ = stream.set_write_timeout(None);
        }
    }

    /// The smaller of a timeout and what is left of the deadline.
    pub(super) fn limit(
        &self,
        timeout: Option<Duration>,
        step: Step,
        retry: Retry,
    ) -> Result<Option<Duration>, HTTPException> {
        let until = |ends: Instant| ends.saturating_duration_since(self.clock.now());
        let left = self.ends.map(until);
        if left == Some(Duration::ZERO) {
            return Err(HTTPException::timed_out(step, retry));
        }
        Ok(shorter(timeout, left))
    }

    pub(super) fn before_read(
        &mut self,
        stream: &mut impl Stream,
        step: Step,
        retry: Retry,
    ) -> Result<(), HTTPException> {
        self.notice_loan();
        let limit = self.limit(self.read, step, retry)?;
        if self.applied_read != Some(limit) {
            let set = stream.set_read_timeout(limit);
            set.map_err(|error| HTTPException::io(error, step, retry))?;
            self.applied_read = Some(limit);
        }
        Ok(())
    }

    #[cfg(feature = "server")]
    pub(crate) fn before_write(
        &mut self,
        stream: &mut impl Stream,
        retry: Retry,
    ) -> Result<(), HTTPException> {
        self.notice_loan();
        let limit = self.limit(self.write, Step::Write, retry)?;
        self.apply_to_writes(stream, limit, retry)
    }

    /// Returns the slice of time that the write gets, where it does not get all that is left.
    pub(super) fn before_slice(
        &mut self,
        stream: &mut impl Stream,
        retry: Retry,
        patience: Patience,
    ) -> Result<Option<Duration>, HTTPException> {
        self.notice_loan();
        let step = Step::Write;
        let left = self.write.map(|time| time.saturating_sub(patience.waited));
        if left.is_some_and(|left| left.is_zero()) && !patience.waited.is_zero() {
            return Err(HTTPException::timed_out(step, retry));
        }
        let limit = self.limit(left, step, retry)?;
        let slice = self.slice_of(limit, patience);
        self.apply_to_writes(stream, slice.or(limit), retry)?;
        Ok(slice)
    }

    fn apply_to_writes(
        &mut self,
        stream: &mut impl Stream,
        limit: Option<Duration>,
        retry: Retry,
    ) -> Result<(), HTTPException> {
        let step = Step::Write;
        if self.applied_write != Some(limit) {
            let set = stream.set_write_timeout(limit);
            set.map_err(|error| HTTPException::io(error, step, retry))?;
            self.applied_write = Some(limit);
        }
        Ok(())
    }

    /// The time for one write now, if that is a slice of what is left.
    pub(super) fn write_slice(&self) -> Option<Duration> {
        SLICE.filter(|slice| self.applied_write == Some(Some(*slice)))
    }

    /// A slice that is set already serves other writes too: it is not worth a system call.
    fn slice_of(&self, limit: Option<Duration>, patience: Patience) -> Option<Duration> {
        let wanted = patience.looks || self.applied_write == Some(SLICE);
        SLICE.filter(|slice| wanted && limit.is_none_or(|limit| limit > *slice))
    }

    /// Whether a write failed because its slice of time is over. One that comes back at once says
    /// so of its own accord.
    pub(super) fn is_slice_over(
        &self,
        error: &io::Error,
        began: Option<(Duration, Instant)>,
        patience: &mut Patience,
    ) -> bool {
        let Some((slice, began)) = began.filter(|_| is_timeout(error)) else {
            return false;
        };
        let passed = self.clock.now().saturating_duration_since(began);
        patience.waited = patience.waited.saturating_add(passed);
        passed.saturating_mul(2) >= slice
    }
}

/// The time that is left for establishing a connection.
#[derive(Clone, Copy)]
pub struct ConnectTime<'a> {
    clock: &'a dyn Clock,
    ends: Option<Instant>,
    read: Option<Duration>,
    write: Option<Duration>,
}

impl<'a> ConnectTime<'a> {
    pub(crate) fn new(timing: &'a Timing) -> Self {
        Self {
            clock: &*timing.clock,
            ends: timing.connect_ends(),
            read: timing.read,
            write: timing.write,
        }
    }

    /// The time until this moment, for what a server secures.
    #[cfg(feature = "server")]
    pub(crate) fn until(ends: Option<Instant>, clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            ends,
            read: None,
            write: None,
        }
    }

    pub(crate) fn ends(&self) -> Option<Instant> {
        self.ends
    }

    /// What is left; nothing if there is no limit.
    ///
    /// # Errors
    /// `TimedOut` with this step when nothing is left.
    pub fn remaining(&self, step: Step) -> Result<Option<Duration>, HTTPException> {
        let Some(ends) = self.ends else {
            return Ok(None);
        };
        let left = ends.saturating_duration_since(self.clock.now());
        if left.is_zero() {
            return Err(HTTPException::timed_out(step, Retry::default()));
        }
        Ok(Some(left))
    }

    /// Sets both timeouts of a stream to what is left, or to those of the connection for one read
    /// and one write where they are shorter; to be called before each of its calls.
    ///
    /// # Errors
    /// `TimedOut` when nothing is left; those of the stream.
    pub fn apply(&self, stream: &mut impl Stream, step: Step) -> Result<(), HTTPException> {
        let left = self.remaining(step)?;
        stream
            .set_read_timeout(shorter(self.read, left))
            .and_then(|()| stream.set_write_timeout(shorter(self.write, left)))
            .map_err(|error| HTTPException::io(error, step, Retry::default()))
    }
}

impl std::fmt::Debug for ConnectTime<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectTime")
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}
