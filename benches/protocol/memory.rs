//! A peer in memory: it answers every request with the same bytes, at once.

use std::io::{self, Read, Write};
use std::time::Duration;

use stdhttp::{Look, Stream};

pub(crate) struct Memory {
    answer: Vec<u8>,
    /// What of the answer was read.
    read: usize,
}

impl Memory {
    pub(crate) fn new(answer: Vec<u8>) -> Self {
        let read = answer.len();
        Self { answer, read }
    }
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.answer[self.read..]).read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::hint::black_box(bytes);
        self.read = 0;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Memory {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Unknown)
    }
}
