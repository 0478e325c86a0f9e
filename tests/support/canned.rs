//! A stream that makes its bytes as they are read, without memory of its own: a head, a block so
//! many times over, a tail, then the end. It counts what is done with it.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use stdhttp::{Look, Stream};

/// What was done with a stream.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reads: Cell<u64>,
    pub(crate) taken: Cell<u64>,
    pub(crate) writes: Cell<u64>,
    pub(crate) timeouts: Cell<u64>,
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
    tally: Rc<Tally>,
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
            tally: Rc::default(),
        }
    }

    pub(crate) fn in_pieces_of(mut self, piece: usize) -> Self {
        self.piece = piece;
        self
    }

    pub(crate) fn tally(&self) -> Rc<Tally> {
        Rc::clone(&self.tally)
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

fn add(cell: &Cell<u64>, more: usize) {
    cell.set(cell.get() + more as u64);
}

impl Read for Canned {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        add(&self.tally.reads, 1);
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
        add(&self.tally.taken, done);
        Ok(done)
    }
}

impl Write for Canned {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        add(&self.tally.writes, 1);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Canned {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        add(&self.tally.timeouts, 1);
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        add(&self.tally.timeouts, 1);
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Unknown)
    }
}
