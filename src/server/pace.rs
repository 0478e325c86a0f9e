//! The time that a client has for a body, its own or that of a response: what it makes the server
//! wait counts, what the handler does in between does not.

use std::time::{Duration, Instant};

use crate::transport::timing::Timing;

/// One body on its way, and what it has taken so far.
#[derive(Debug)]
pub(super) struct Pace {
    /// For one read or write.
    each: Duration,
    /// Bytes in a second; 0 for no such bound.
    least_rate: u64,
    /// Bytes that were made.
    pub(super) bytes: u64,
    /// Time that was waited for the client.
    waited: Duration,
    /// Calls that were made without a look at the clock.
    untimed: u8,
}

/// Most bodies need one write and one flush, whose own limit is enough: they are not timed.
const UNTIMED: u8 = 2;

impl Pace {
    pub(super) fn new(each: Duration, least_rate: u64) -> Self {
        Self {
            each,
            least_rate,
            bytes: 0,
            waited: Duration::ZERO,
            untimed: 0,
        }
    }

    pub(super) fn restart(&mut self) {
        *self = Self::new(self.each, self.least_rate);
    }

    pub(super) fn add(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count);
    }

    /// All that the client may take for so many bytes.
    fn allowed(&self) -> Option<Duration> {
        let seconds = self.bytes.checked_div(self.least_rate)?;
        let twice = self.each.saturating_mul(2);
        Some(twice.saturating_add(Duration::from_secs(seconds)))
    }

    /// Makes a call that may wait for the client, within the time that is left to it.
    pub(super) fn wait<T>(
        &mut self,
        timing: &mut Timing,
        call: impl FnOnce(&mut Timing) -> T,
    ) -> T {
        if self.untimed < UNTIMED {
            self.untimed = self.untimed.saturating_add(1);
            timing.ends = None;
            return call(timing);
        }
        let began = timing.clock.now();
        timing.ends = self.ends(began);
        let result = call(timing);
        let waited = timing.clock.now().saturating_duration_since(began);
        self.waited = self.waited.saturating_add(waited);
        result
    }

    fn ends(&self, now: Instant) -> Option<Instant> {
        let left = self.allowed()?.saturating_sub(self.waited);
        now.checked_add(left)
    }
}
