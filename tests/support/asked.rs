//! A clock that counts how often it is asked, which is a call of the system each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use stdhttp::Clock;

#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<AtomicUsize>);

impl Asked {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clock for Asked {
    fn now(&self) -> Instant {
        self.0.fetch_add(1, Ordering::Relaxed);
        Instant::now()
    }
}
