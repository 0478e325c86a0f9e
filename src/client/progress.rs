//! What of a request went out, and whether to go on.

/// After so many bytes of a request the stream is looked at for an early answer.
pub(crate) const LOOK_INTERVAL: usize = 1 << 20;

/// Whether to go on sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    GoOn,
    /// The final response came and the rest is not wanted.
    Stop,
}

/// What of the request under way went out, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Of the head's buffer.
    pub(super) head: usize,
    /// In all.
    pub(super) sent: u64,
    /// In all when the stream was last looked at.
    pub(super) looked: u64,
}

impl Progress {
    pub(super) fn note(&mut self, of_head: usize, count: usize) {
        self.head = self.head.saturating_add(of_head);
        self.sent = self.sent.saturating_add(size(count));
    }

    pub(super) fn is_look_due(&self) -> bool {
        self.sent.saturating_sub(self.looked) >= size(LOOK_INTERVAL)
    }
}

pub(super) fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
