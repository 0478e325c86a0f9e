//! A stream that makes its bytes as they are read, without memory of its own: a head, a block so
//! many times over, a tail, then the end. It counts what is done with it.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stdhttp::{Look, Stream};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[allow(dead_code, reason = "not every test cuts and counts")]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }
}

/// What was done with a stream.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reads: Count,
    pub(crate) taken: Count,
    pub(crate) writes: Count,
    pub(crate) timeouts: Count,
}

pub(crate) struct Canned {
    parts: [&'static [u8]; 3],
    repeats: u64,
    /// Which part, which repetition of it, and where in it.
    part: usize,
    repeated: u64,
    place: usize,
    /// The most bytes that one read brings.
    piece: usize,
    tally: Arc<Tally>,
}

#[allow(dead_code, reason = "not every test cuts and counts")]
impl Canned {
    pub(crate) fn new(
        head: &'static [u8],
        block: &'static [u8],
        repeats: u64,
        tail: &'static [u8],
    ) -> Self {
        Self {
            parts: [head, block, tail],
            repeats,
            part: 0,
            repeated: 0,
            place: 0,
            piece: usize::MAX,
            tally: Arc::default(),
        }
    }

    pub(crate) fn in_pieces_of(mut self, piece: usize) -> Self {
        self.piece = piece;
        self
    }

    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// The bytes that come next, as far as they lie in one part.
    fn next_run(&mut self) -> &'static [u8] {
        while let Some(part) = self.parts.get(self.part) {
            let times = if self.part == 1 { self.repeats } else { 1 };
            if self.repeated < times && self.place < part.len() {
                return &part[self.place..];
            }
            self.place = 0;
            self.repeated += 1;
            if part.is_empty() || self.repeated >= times {
                self.part += 1;
                self.repeated = 0;
            }
        }
        &[]
    }
}

impl Read for Canned {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.tally.reads.add(1);
        let most = output.len().min(self.piece);
        let mut done = 0;
        while done < most {
            let run = self.next_run();
            let count = run.len().min(most - done);
            if count == 0 {
                break;
            }
            output[done..done + count].copy_from_slice(&run[..count]);
            self.place += count;
            done += count;
        }
        self.tally.taken.add(done);
        Ok(done)
    }
}

impl Write for Canned {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tally.writes.add(1);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.tally.writes.add(1);
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Canned {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        self.tally.timeouts.add(1);
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        self.tally.timeouts.add(1);
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Unknown)
    }
}
