//! What a call of a response had collected when it ran out of time or failed: the next one begins with
//! it.

use std::collections::VecDeque;

/// What a call had collected when it ran out of time or failed.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(super) bytes: VecDeque<u8>,
    /// A delimiter that is known not to be among them, so that a line which comes in many pieces
    /// is not searched again with each.
    pub(super) lacks: Option<u8>,
}

impl Kept {
    pub(super) fn drop_front(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
    }

    pub(super) fn take_front(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.bytes.len());
        self.bytes.drain(..count).collect()
    }

    /// The length of a whole line in it, or of `limit` bytes of one.
    pub(super) fn line(&self, delimiter: u8, limit: usize) -> Option<usize> {
        let to_search = if self.lacks == Some(delimiter) {
            0
        } else {
            limit
        };
        let mut octets = self.bytes.iter().take(to_search);
        let end = octets.position(|&octet| octet == delimiter);
        let line = end.map(|at| at.saturating_add(1));
        line.or((self.bytes.len() >= limit).then_some(limit))
    }
}
