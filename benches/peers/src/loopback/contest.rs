//! A contestant's process: does one work and prints what it took.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use cpu_time::ProcessTime;

use super::clients::{CLIENTS, Client, Upload};
use super::work::{CONNECTIONS, Kind, SMALL, Source, Work, works};
use crate::{Result, ensure};

/// The size of the buffer that bodies are read into, and of the pieces in which they are sent. Not
/// a multiple of a page: on some processors a copy is many times slower while the addresses of its
/// two ends agree in their low bits, and reads of whole pages keep such a relation for a whole
/// body. Otherwise every contestant's figures would hang on where its buffers happen to lie.
pub(crate) const BUFFER: usize = 65_000;

/// What one run took, in nanoseconds.
pub(crate) struct Sample {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.wall, self.cpu)
    }
}

impl FromStr for Sample {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self> {
        let (wall, cpu) = text.trim().split_once(' ').ok_or("no sample")?;
        Ok(Self {
            wall: wall.parse()?,
            cpu: cpu.parse()?,
        })
    }
}

/// Measures from its start on.
pub(crate) struct Meter {
    wall: Instant,
    cpu: ProcessTime,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self {
            cpu: ProcessTime::now(),
            wall: Instant::now(),
        }
    }

    pub(crate) fn stop(self) -> Sample {
        let wall = self.wall.elapsed().as_nanos() as f64;
        let cpu = self.cpu.elapsed().as_nanos() as f64;
        Sample { wall, cpu }
    }
}

/// The arguments are those of `process::Server::run`.
pub(crate) fn contest(arguments: &[String]) -> Result<()> {
    let [address, contestant, work, amount, file] = arguments else {
        return Err("not to be called by hand".into());
    };
    let works = works(amount == "quick");
    let work = works.iter().find(|known| known.name == work);
    let entry = CLIENTS.iter().find(|known| known.name == contestant);
    match (entry, work) {
        (Some(entry), Some(work)) => println!("{}", (entry.run)(address, work, file.as_ref())?),
        _ => return Err("no such contestant or work".into()),
    }
    Ok(())
}

/// Does the work with one kind of client.
pub(crate) fn run<C: Client>(address: &str, work: &Work, file: &Path) -> Result<Sample> {
    match work.kind {
        Kind::Threads => C::concurrent(address, work),
        Kind::Upload(source) => upload::<C>(address, work, source, file),
        Kind::KeepAlive | Kind::Connect | Kind::Download => gets::<C>(address, work),
    }
}

fn gets<C: Client>(address: &str, work: &Work) -> Result<Sample> {
    let mut client = C::new(address, work)?;
    let mut buffer = vec![0; BUFFER];
    repeat(&mut client, work.count / 20, &mut buffer)?;
    let meter = Meter::start();
    let octets = repeat(&mut client, work.count, &mut buffer)?;
    let sample = meter.stop();
    check(work, octets)?;
    Ok(sample)
}

fn repeat(client: &mut impl Client, count: u64, buffer: &mut [u8]) -> Result<u64> {
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
pub(crate) fn threads<C: Client>(address: &str, work: &Work) -> Result<Sample> {
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

/// The server compares the length of the body with that in the path.
fn upload<C: Client>(address: &str, work: &Work, source: Source, file: &Path) -> Result<Sample> {
    let octets = || vec![b'x'; work.octets as usize];
    let body = match source {
        Source::File => Upload::File(File::open(file)?, work.octets),
        Source::Memory => Upload::Memory(octets()),
        Source::Slices => Upload::Slices(octets()),
        Source::Reader => Upload::Reader(octets()),
    };
    let mut buffer = vec![0; BUFFER];
    let mut client = C::new(address, work)?;
    let meter = Meter::start();
    let answered = client.post(body, &mut buffer)?;
    let sample = meter.stop();
    ensure(answered == SMALL, format!("{answered} octets in answer"))?;
    Ok(sample)
}
