//! The descriptors of this process, for tests that leave none open: a process of their own each.

use std::time::{Duration, Instant};

/// How many are open, on systems that show them; none elsewhere.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Waits for those that close in another thread a moment later.
pub(crate) fn settle(before: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    while descriptors() > before {
        assert!(
            Instant::now() < until,
            "{} descriptors, {before} before",
            descriptors()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
