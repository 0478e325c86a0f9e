//! A global allocator that counts, for each thread on its own: calls, bytes in use and their peak.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub(crate) struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static IN_USE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

/// What a piece of work took.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "one test counts the calls, the other the bytes")]
pub(crate) struct Taken {
    /// Allocations and reallocations.
    pub(crate) calls: u64,
    /// The most bytes that were in use at once, over those at the start.
    pub(crate) peak: i64,
}

/// Does the work and says what it took of this thread's memory.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, Taken) {
    let (calls, start) = (CALLS.get(), IN_USE.get());
    PEAK.set(start);
    let result = work();
    let taken = Taken {
        calls: CALLS.get() - calls,
        peak: PEAK.get() - start,
    };
    (result, taken)
}

fn grow(size: usize) {
    CALLS.set(CALLS.get() + 1);
    IN_USE.set(IN_USE.get() + i64::try_from(size).unwrap_or(i64::MAX));
    PEAK.set(PEAK.get().max(IN_USE.get()));
}

fn shrink(size: usize) {
    IN_USE.set(IN_USE.get() - i64::try_from(size).unwrap_or(i64::MAX));
}

// SAFETY: every call goes to the system's allocator as it came; counting touches only cells that
// need neither memory nor destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    /// Counts the difference, as of a block that grows where it is.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrink(layout.size());
        grow(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}
