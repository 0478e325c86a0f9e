//! A contestant's process: does one work and prints what it took; and the table of contestants.

use std::fs::File;
use std::path::Path;

use super::client::{BUFFER, Client, Upload, check, repeat};
use super::clients::{attohttpc, floor, hyper, minreq, session, stdhttp, ureq};
use super::work::{Kind, SMALL, Source, Work, works};
use crate::meter::Meter;
use crate::samples::Sample;
use crate::{Result, ensure};

/// A contestant.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Whether it has what such a work needs.
    pub(crate) can: fn(&Kind) -> bool,
    run: fn(&str, &Work, &Path) -> Result<Sample>,
}

/// The floor comes first.
pub(crate) const CLIENTS: &[Entry] = &[
    Entry {
        name: "floor",
        can: |_| true,
        run: run::<floor::Floor>,
    },
    Entry {
        name: "stdhttp",
        can: |_| true,
        run: run::<stdhttp::Stdhttp<false>>,
    },
    #[cfg(all(feature = "sys", target_os = "linux"))]
    Entry {
        name: "stdhttp, sendfile",
        can: |kind| *kind == Kind::Upload(Source::File),
        run: run::<stdhttp::Stdhttp<true>>,
    },
    Entry {
        name: "stdhttp, session",
        can: |kind| *kind != Kind::Upload(Source::Slices),
        run: run::<session::StdhttpSession>,
    },
    Entry {
        name: "ureq",
        can: |kind| *kind != Kind::Upload(Source::Slices),
        run: run::<ureq::Ureq>,
    },
    Entry {
        name: "minreq",
        can: |kind| match kind {
            Kind::Upload(source) => *source == Source::Memory,
            kind => !kind.keeps_alive(),
        },
        run: run::<minreq::Minreq>,
    },
    Entry {
        name: "attohttpc",
        can: |kind| !kind.keeps_alive(),
        run: run::<attohttpc::Attohttpc>,
    },
    Entry {
        name: "hyper",
        can: |_| true,
        run: run::<hyper::Hyper>,
    },
];

/// The arguments are those that `measure` gives.
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
