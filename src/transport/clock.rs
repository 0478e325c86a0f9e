//! The clock: a trait, so that tests of timeouts don't sleep.

use std::sync::Arc;
use std::time::Instant;

/// The present moment. Tests put their own in place of the system's.
pub trait Clock {
    /// Now; never earlier than at the last call.
    fn now(&self) -> Instant;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Instant {
        (**self).now()
    }
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}
