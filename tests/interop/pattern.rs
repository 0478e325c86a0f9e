//! The bytes of the big bodies, made and compared piece by piece: a block that repeats at a prime
//! distance, so that a piece lost, doubled or moved shows.

use std::io::{self, Read};

const PERIOD: usize = 65_521;

fn block() -> Vec<u8> {
    (0..PERIOD).map(|i| (i * i / 7) as u8).collect()
}

/// Reads as the first bytes of the pattern.
pub(crate) struct Pattern {
    block: Vec<u8>,
    position: usize,
    left: u64,
}

impl Pattern {
    pub(crate) fn new(length: u64) -> Self {
        Self {
            block: block(),
            position: 0,
            left: length,
        }
    }
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.block[self.position..];
        let count = rest.take(self.left).read(buffer)?;
        self.position = (self.position + count) % PERIOD;
        self.left -= count as u64;
        Ok(count)
    }
}

/// The first bytes of the pattern.
pub(crate) fn pattern(length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = Pattern::new(length).read_to_end(&mut bytes);
    read.expect("a pattern can be read");
    bytes
}

/// Asserts that `read` gives the first `length` bytes of the pattern and then the end.
pub(crate) fn assert_pattern<E>(
    length: u64,
    mut read: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<(), E> {
    let mut pattern = Pattern::new(length);
    let (mut came, mut expected) = (vec![0; 100_000], vec![0; 100_000]);
    loop {
        let count = read(&mut came)?;
        let left = pattern.left;
        let made = pattern.read_exact(&mut expected[..count]);
        let same = made.is_ok() && came[..count] == expected[..count];
        assert!(same, "the body differs, {left} bytes before its end");
        if count == 0 {
            assert_eq!(left, 0, "the body ends early");
            return Ok(());
        }
    }
}
