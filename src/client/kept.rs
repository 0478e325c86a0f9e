//! What a call of a response had collected when it ran out of time or failed: the next one begins with
//! it.

/// What a call had collected when it ran out of time or failed.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    collected: Vec<u8>,
    /// How many of them were taken.
    taken: usize,
    /// A delimiter that is known not to be among them, so that a line which comes in many pieces
    /// is not searched again with each.
    pub(super) lacks: Option<u8>,
}

impl Kept {
    pub(super) fn new(collected: Vec<u8>) -> Self {
        Self {
            collected,
            taken: 0,
            lacks: None,
        }
    }

    /// What is not taken yet.
    pub(super) fn bytes(&self) -> &[u8] {
        self.collected.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let bytes = self.bytes();
        let count = bytes.len().min(buffer.len());
        if let (Some(room), Some(front)) = (buffer.get_mut(..count), bytes.get(..count)) {
            room.copy_from_slice(front);
        }
        self.drop_front(count);
        count
    }

    pub(super) fn drop_front(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count);
    }

    pub(super) fn take_front(&mut self, count: usize) -> Vec<u8> {
        let bytes = self.bytes();
        let front = bytes.get(..count).unwrap_or(bytes).to_vec();
        self.drop_front(front.len());
        front
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.collected.drain(..self.taken.min(self.collected.len()));
        self.collected
    }

    /// The length of a whole line in it, or of `limit` bytes of one.
    pub(super) fn line(&self, delimiter: u8, limit: usize) -> Option<usize> {
        let bytes = self.bytes();
        let to_search = match self.lacks == Some(delimiter) {
            true => &[],
            false => bytes.get(..limit).unwrap_or(bytes),
        };
        let end = to_search.iter().position(|&octet| octet == delimiter);
        let line = end.map(|at| at.saturating_add(1));
        line.or((bytes.len() >= limit).then_some(limit))
    }
}
