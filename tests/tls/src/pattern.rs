//! A large body that repeats only after a prime number of bytes, so that a piece that is lost,
//! doubled or moved shows.

use std::io::{self, Read, Write};

/// The length of a large body.
pub(crate) const BIG: u64 = 100 << 20;

const PERIOD: usize = 65_521;

/// Reads the pattern.
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
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let room = output.len().min(PERIOD - self.position);
        let count = room.min(usize::try_from(self.left).unwrap_or(room));
        let bytes = &self.block[self.position..self.position + count];
        output[..count].copy_from_slice(bytes);
        self.position = (self.position + count) % PERIOD;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Compares what is written with the pattern.
pub(crate) struct Comparison {
    block: Vec<u8>,
    pub(crate) length: u64,
}

impl Comparison {
    pub(crate) fn new() -> Self {
        Self {
            block: block(),
            length: 0,
        }
    }
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let position = (self.length % PERIOD as u64) as usize;
        let count = bytes.len().min(PERIOD - position);
        if bytes[..count] != self.block[position..position + count] {
            return Err(io::Error::other(format!("other bytes at {}", self.length)));
        }
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn block() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(PERIOD).collect()
}
