//! Numbers that look random and are the same in every run (the splitmix64 sequence).

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file draws some of the kinds"
)]

/// A seeded sequence of numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// One of the items.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Ascending places inside `length` octets at which to cut, at most `most`.
    pub fn cuts(&mut self, length: usize, most: usize) -> Vec<usize> {
        let count = 1 + self.below(most.max(1));
        let mut cuts: Vec<usize> = (0..count).map(|_| self.below(length.max(1))).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}
