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
use crate::samples::{Results, Row};
use crate::table::Table;
use contestants::{Entry, installed};
use load::Connection;
use process::{Folder, Stage, raise_descriptors};
use work::works;

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
    let rows = works.iter().map(|work| {
        eprintln!("{} ...", work.title);
        measure(options, &servers, &stage(work))
    });
    let results = Results {
        names: servers.iter().map(|entry| entry.name).collect(),
        rows: rows.collect::<Result<_>>()?,
    };
    let resident = resident(&servers, &stage(&works[0]))?;
    println!("## Servers\n\n{NOTES}\n\n{pinning}\n");
    println!(
        "### CPU of the server, \u{b5}s per request or s per GB\n\n{}",
        results.costs()
    );
    println!("### CPU \u{f7} floor\n\n{}", results.cpu_ratios());
    println!("### Wall \u{f7} floor\n\n{}", results.wall_ratios());
    println!("### {IDLE_CONNECTIONS} idle connections\n\n{resident}");
    Ok(())
}

fn measure(options: &Options, servers: &[&Entry], stage: &Stage<'_>) -> Result<Row> {
    let run = |entry: &&Entry| {
        let sample = entry.start(stage).and_then(|server| server.load());
        sample.map_err(|error| format!("{}: {error}", entry.name).into())
    };
    let able = |entry: &&Entry| (entry.can)(stage.work);
    let work = (stage.work.title, stage.work.amount());
    Row::measure(work, options.rounds, servers, able, run)
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
