//! Tables of `servers`: stdhttp beside other servers, next to a floor that only moves the bytes.
//!
//! Each server is a process of its own, started for each work, and so is the load, which is the
//! same for all. What is measured is the CPU time of the server's process, by its own clock in the
//! kernel, from when all connections are open until the last answer is there.

mod contestants;
mod load;
mod own;
mod process;
mod programs;
mod work;

pub(crate) use load::load;
pub(crate) use own::serve;

use crate::Result;
use crate::options::Options;
use crate::pinning::Pinning;
use crate::rounds::{median, median_ratio};
use crate::table::Table;
use contestants::{Entry, installed};
use load::Connection;
use process::{Folder, Sample, Stage, raise_descriptors};
use work::{Work, works};

/// The first argument of a server's process.
pub(crate) const SERVER: &str = "--server";

/// The first argument of the load's process.
pub(crate) const LOAD: &str = "--load";

const IDLE_CONNECTIONS: usize = 1_000;

const NOTES: &str = "\
The floor is a thread for each connection, which reads until an empty line and writes a prebuilt \
answer; of files it reads nothing and sends as many octets. Small answers and files of 1 KiB over 64 \
connections with keep-alive, 1 MiB over four, 1 GiB over one. A new connection each: `Connection: \
close`, four at once. Small answers come from a handler (of nginx, `return 200`), files \
from what the server has for them; of hyper, from tower-http. stdhttp copies files; in the column \
`sendfile` the kernel sends them (feature `sys`), which makes no difference to small ones. No server \
writes a log. nginx is one process with `sendfile`. tiny_http answers from one thread. Python's is \
ThreadingHTTPServer with HTTP/1.1.";

pub(crate) fn print(options: &Options) -> Result<()> {
    raise_descriptors()?;
    let pinning = Pinning::find();
    let works = works(options.quick);
    let folder = Folder::create(&works)?;
    let servers = installed()?;
    let stage = |work| Stage {
        pinning: &pinning,
        folder: folder.path(),
        work,
        quick: options.quick,
    };
    let mut results = Vec::new();
    for work in &works {
        eprintln!("{} ...", work.title);
        results.push(measure(options, &servers, &stage(work))?);
    }
    let resident = resident(&servers, &stage(&works[0]))?;
    println!("## Servers\n\n{NOTES}\n\n{pinning}\n");
    let table = |cell| table(&servers, &works, &results, cell);
    println!(
        "### CPU of the server, \u{b5}s per request or s per GB\n\n{}",
        table(cost)
    );
    println!("### CPU \u{f7} floor\n\n{}", table(cpu_ratio));
    println!("### Wall \u{f7} floor\n\n{}", table(wall_ratio));
    println!("### {IDLE_CONNECTIONS} idle connections\n\n{resident}");
    Ok(())
}

/// The samples of one server in one work, a round each; nothing where it can't do it.
type Rounds = Option<Vec<Sample>>;

fn measure(options: &Options, servers: &[&Entry], stage: &Stage<'_>) -> Result<Vec<Rounds>> {
    let able = |entry: &&Entry| (entry.can)(stage.work).then(Vec::new);
    let mut results: Vec<Rounds> = servers.iter().map(able).collect();
    for _ in 0..options.rounds {
        for (entry, rounds) in servers.iter().zip(&mut results) {
            if let Some(rounds) = rounds {
                let sample = entry.start(stage).and_then(|server| server.load());
                rounds.push(sample.map_err(|error| format!("{}: {error}", entry.name))?);
            }
        }
    }
    Ok(results)
}

/// A cell of a table, from the samples of a server and of the floor.
type Cell = fn(&Work, own: &[Sample], floor: &[Sample]) -> String;

fn table(servers: &[&Entry], works: &[Work], results: &[Vec<Rounds>], cell: Cell) -> Table {
    let names = servers.iter().map(|entry| entry.name);
    let mut table = Table::new([""].into_iter().chain(names));
    for (work, results) in works.iter().zip(results) {
        let floor = results[0].as_deref().unwrap_or_default();
        let cells = results.iter().map(|own| match own {
            Some(own) => cell(work, own, floor),
            None => "\u{2013}".into(),
        });
        table.push(work.title, cells);
    }
    table
}

fn cpu_ratio(_: &Work, own: &[Sample], floor: &[Sample]) -> String {
    ratio(own, floor, |sample| sample.cpu)
}

fn wall_ratio(_: &Work, own: &[Sample], floor: &[Sample]) -> String {
    ratio(own, floor, |sample| sample.wall)
}

fn ratio(own: &[Sample], floor: &[Sample], time: fn(&Sample) -> f64) -> String {
    let times = |samples: &[Sample]| samples.iter().map(time).collect::<Vec<_>>();
    format!("{:.2}", median_ratio(&times(own), &times(floor)))
}

/// One request in microseconds, or one gigabyte in seconds.
fn cost(work: &Work, own: &[Sample], _: &[Sample]) -> String {
    let cpu = median(own.iter().map(|sample| sample.cpu).collect());
    match work.is_transfer {
        true => format!("{:.3}", cpu / (work.requests * work.octets) as f64),
        false => format!("{:.2}", cpu / work.requests as f64 / 1e3),
    }
}

/// The memory of each server before and while that many connections are open, each of which has
/// had a small answer.
fn resident(servers: &[&Entry], stage: &Stage<'_>) -> Result<Table> {
    let mut table = Table::new(["", "MiB", "MiB before", "KiB each"]);
    for entry in servers.iter().filter(|entry| (entry.can)(stage.work)) {
        let server = entry.start(stage)?;
        let before = server.resident()?;
        let mut open = Vec::new();
        for _ in 0..IDLE_CONNECTIONS {
            let mut connection = Connection::new(server.address(), stage.work)?;
            connection.exchange()?;
            open.push(connection);
        }
        let with = server.resident()?;
        let each = (with - before) as f64 / 1024.0 / IDLE_CONNECTIONS as f64;
        let mebibytes = |octets: u64| format!("{:.1}", octets as f64 / f64::from(1 << 20));
        let cells = [mebibytes(with), mebibytes(before), format!("{each:.1}")];
        table.push(entry.name, cells);
    }
    Ok(table)
}
