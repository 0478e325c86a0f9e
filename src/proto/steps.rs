//! Counts the octets that the parsers look at, so that tests can prove their work linear without
//! a clock. Builds without debug assertions count nothing, and nothing of this is left in them.

#[cfg(debug_assertions)]
use std::cell::Cell;

#[cfg(debug_assertions)]
thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Notes that so many octets were looked at.
#[inline]
pub(crate) fn count(octets: usize) {
    #[cfg(debug_assertions)]
    STEPS.set(
        STEPS
            .get()
            .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX)),
    );
    #[cfg(not(debug_assertions))]
    let _ = octets;
}

/// The octets that this thread has looked at, if they are counted.
pub(crate) fn total() -> Option<u64> {
    #[cfg(debug_assertions)]
    return Some(STEPS.get());
    #[cfg(not(debug_assertions))]
    None
}
