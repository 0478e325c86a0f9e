//! The clock: a trait, so that tests of timeouts don't sleep.

use std::sync::Arc;
use std::time::Instant;

/// Not on `wasm32-unknown-unknown`, where `std` has no clock to ask.
pub(crate) const SYSTEM_HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// The present moment. Tests put their own in place of the system's.
///
/// It is asked only where there is a time to be kept: a timeout for connecting, a deadline, the wait
/// for `100 Continue`, a [`StaleCheck`](crate::StaleCheck) that looks, and the pauses in which a large
/// upload looks for an early answer.
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
