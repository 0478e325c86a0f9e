//! Places of a message's block: where names and values of fields lie.

use std::ops::Range;

/// A stretch of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) length: u32,
}

/// Where the name and the value of a field lie in the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

impl Field {
    /// The name and the value.
    pub(crate) fn of(self, block: &[u8]) -> (&[u8], &[u8]) {
        (self.name.of(block), self.value.of(block))
    }
}

impl Span {
    /// The end of the places that a span can note.
    pub(crate) const END: usize = 0xffff_ffff;

    /// A place before [`Self::END`], or a length, as a span notes it.
    #[inline(always)]
    pub(super) fn low(place: usize) -> u32 {
        u32::try_from(place & Self::END).unwrap_or_default()
    }

    pub(crate) fn new(start: usize, length: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            length: u32::try_from(length).unwrap_or(u32::MAX),
        }
    }

    /// Moves the end of the stretch to this place of the block.
    pub(crate) fn extend_to(&mut self, end: usize) {
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        self.length = end.saturating_sub(self.start);
    }

    /// The bytes of the span; none if the block is too short for it.
    pub(crate) fn of(self, block: &[u8]) -> &[u8] {
        block.get(self.range()).unwrap_or_default()
    }

    pub(super) fn range(self) -> Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        start..start.saturating_add(length)
    }

    /// The span of `bytes` without outer white space; `bytes` begin where this span begins.
    pub(super) fn trimmed(self, bytes: &[u8]) -> Self {
        let text = trim_start(bytes);
        let skipped = bytes.len().saturating_sub(text.len());
        let skipped = u32::try_from(skipped).unwrap_or(self.length);
        Self {
            start: self.start.saturating_add(skipped),
            length: u32::try_from(trim(text).len()).unwrap_or(self.length),
        }
    }
}

/// Takes SP and HTAB off both ends.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    trim_start(trim_end(bytes))
}

pub(super) fn trim_start(bytes: &[u8]) -> &[u8] {
    let mut text = bytes;
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let mut text = bytes;
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
