//! A client: what each contestant has to do, and what is the same for all of them.

use std::fs::File;
use std::io::Read;
use std::sync::Barrier;
use std::thread;

use super::work::{CONNECTIONS, Work};
use crate::meter::Meter;
use crate::samples::Sample;
use crate::{Result, ensure};

/// The size of the buffer that bodies are read into, and of the pieces in which they are sent. Not
/// a multiple of a page: on some processors a copy is many times slower while the addresses of its
/// two ends agree in their low bits, and reads of whole pages keep such a relation for a whole
/// body. Otherwise every contestant's figures would hang on where its buffers happen to lie.
pub(crate) const BUFFER: usize = 65_000;

/// The fields that every request has, where the crate lets its user choose; besides `Host`.
pub(crate) const ACCEPT_ENCODING: (&str, &str) = ("Accept-Encoding", "identity");

/// The body of a POST.
pub(crate) enum Upload {
    /// A file and its length, sent with a Content-Length.
    File(File, u64),
    /// Sent with a Content-Length.
    Memory(Vec<u8>),
    /// To be cut into pieces of `BUFFER` octets that are given one by one, and sent
    /// chunked.
    Slices(Vec<u8>),
    /// To be given as a reader, and sent chunked.
    Reader(Vec<u8>),
}

pub(crate) trait Client: Sized {
    /// A client for one work; it connects no sooner than with the first request.
    fn new(address: &str, work: &Work) -> Result<Self>;

    /// Gets the work's path. Checks that the status is 200, has the body pass through the buffer,
    /// and returns its length.
    fn get(&mut self, buffer: &mut [u8]) -> Result<u64>;

    /// Posts to the work's path; otherwise as [`Self::get`].
    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64>;

    /// GETs over many connections at once.
    fn concurrent(address: &str, work: &Work) -> Result<Sample> {
        threads::<Self>(address, work)
    }
}

pub(super) fn repeat(client: &mut impl Client, count: u64, buffer: &mut [u8]) -> Result<u64> {
    (0..count).map(|_| client.get(buffer)).sum()
}

/// All bodies together must be as long as they are.
pub(crate) fn check(work: &Work, octets: u64) -> Result<()> {
    let awaited = work.all_octets();
    ensure(
        octets == awaited,
        format!("{}: {octets} octets instead of {awaited}", work.name),
    )
}

/// Many connections at once, with a thread for each.
fn threads<C: Client>(address: &str, work: &Work) -> Result<Sample> {
    let ready = Barrier::new(CONNECTIONS as usize + 1);
    let one = || {
        let mut buffer = vec![0; BUFFER];
        let connected = C::new(address, work).and_then(|mut client| {
            client.get(&mut buffer)?;
            Ok(client)
        });
        // Others wait here, for a failed one too.
        ready.wait();
        repeat(&mut connected?, work.count, &mut buffer)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one)).collect();
        ready.wait();
        let meter = Meter::start();
        let ends = threads.into_iter().map(|thread| match thread.join() {
            Ok(octets) => octets,
            Err(_) => Err("a thread panicked".into()),
        });
        let octets: u64 = ends.sum::<Result<u64>>()?;
        let sample = meter.stop();
        check(work, octets)?;
        Ok(sample)
    })
}

/// Reads to the end; how much there was.
pub(crate) fn drain(mut reader: impl Read, buffer: &mut [u8]) -> Result<u64> {
    let mut total = 0;
    loop {
        match reader.read(buffer)? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

pub(crate) fn url(address: &str, work: &Work) -> String {
    format!("http://{address}{}", work.path)
}
