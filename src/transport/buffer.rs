//! The read buffer of a connection: one for all its messages, so that no byte is lost between them.

/// The read buffer: bytes between `start` and `end` of a storage that begins small, so that an idle
/// connection costs little, and grows once for responses that fill it, further only for heads that
/// do not fit.
#[derive(Default)]
pub(crate) struct Buffer {
    storage: Vec<u8>,
    start: usize,
    end: usize,
    /// The last read left no room.
    was_filled: bool,
}

impl Buffer {
    /// About 64 KiB, but no multiple of 4,096: reads of whole pages would freeze the relation
    /// between the page offsets of source and destination, which makes copies slow on some CPUs.
    pub(crate) const SIZE: usize = 65_000;

    /// Enough for most responses of an interface for programs.
    const FIRST: usize = 8_100;

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.storage.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.was_filled = false;
    }

    /// Free space behind the bytes; at least one byte.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.was_filled && self.start > 0 {
            self.storage.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        if self.storage.is_empty() {
            self.storage.resize(Self::FIRST, 0);
        } else if self.was_filled && self.storage.len() < Self::SIZE {
            self.grow_to(Self::SIZE);
        } else if self.end == self.storage.len() {
            self.grow_to(self.storage.len().saturating_add(Self::SIZE));
        }
        self.storage.get_mut(self.end..).unwrap_or_default()
    }

    /// Doubling would take twice what the longest head may need.
    fn grow_to(&mut self, size: usize) {
        let more = size.saturating_sub(self.storage.len());
        self.storage.reserve_exact(more);
        self.storage.resize(size, 0);
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.storage.len());
        self.was_filled = self.end == self.storage.len();
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(Self::SIZE) {
            let mut rest = piece;
            while !rest.is_empty() {
                let room = self.room();
                let count = room.len().min(rest.len());
                let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                if let Some(place) = room.get_mut(..count) {
                    place.copy_from_slice(now);
                }
                self.filled(count);
                rest = later;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer with so many bytes from the front on.
    fn holding(count: usize) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.put(&vec![b'x'; count]);
        buffer
    }

    #[test]
    fn a_buffer_begins_small_and_grows_once_it_was_filled() {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.room().len(), Buffer::FIRST);
        buffer.filled(Buffer::FIRST - 1);
        assert_eq!(buffer.room().len(), 1);
        buffer.filled(1);
        assert_eq!(buffer.room().len(), Buffer::SIZE - Buffer::FIRST);
        // The bytes may be gone: a read that filled it shows that there is more.
        let mut buffer = holding(Buffer::FIRST);
        buffer.consume(Buffer::FIRST);
        assert_eq!(buffer.room().len(), Buffer::SIZE);
    }

    #[test]
    fn a_buffer_of_full_size_grows_for_what_does_not_fit() {
        let mut buffer = holding(Buffer::SIZE);
        assert_eq!(buffer.room().len(), Buffer::SIZE);
        buffer.filled(Buffer::SIZE);
        assert_eq!(buffer.bytes().len(), 2 * Buffer::SIZE);
        buffer.consume(2 * Buffer::SIZE);
        assert_eq!(buffer.room().len(), 2 * Buffer::SIZE);
    }

    /// Bytes are moved to the front where they leave no room, and only there.
    #[test]
    fn bytes_are_moved_where_there_is_no_room_behind_them() {
        let mut buffer = holding(Buffer::SIZE);
        buffer.consume(Buffer::SIZE - 2);
        assert_eq!(buffer.room().len(), Buffer::SIZE - 2);
        assert_eq!(buffer.bytes(), b"xx");
        buffer.filled(1);
        buffer.consume(1);
        assert_eq!(buffer.room().len(), Buffer::SIZE - 3);
    }

    /// A stream that says it read more than there was room for is not believed.
    #[test]
    fn no_more_is_filled_than_there_is_room() {
        let mut buffer = holding(1);
        buffer.room();
        buffer.filled(usize::MAX);
        assert_eq!(buffer.bytes().len(), Buffer::FIRST);
    }
}
