//! Tables of `loopback`: clients against a server on the same machine, next to a floor that only
//! moves the bytes.
//!
//! The server is another process, and so is every run of a contestant: both are this program,
//! started again with arguments of their own (see `process`). So the time on the CPU that a
//! contestant reports is its own. Where `taskset` is at hand the server gets one CPU and the
//! contestants another.

mod answer;
mod client;
mod clients;
mod contest;
mod meter;
mod process;
mod server;
mod work;

pub(crate) use contest::contest;
pub(crate) use server::serve;

use crate::Result;
use crate::options::Options;
use crate::pinning::Pinning;
use crate::rounds::{median, median_ratio};
use crate::table::Table;
use contest::{CLIENTS, Entry};
use meter::Sample;
use process::{Server, UploadFile};
use work::{Work, works};

/// The first argument of the server's process.
pub(crate) const SERVE: &str = "--serve";

/// The first argument of a contestant's process.
pub(crate) const CONTEST: &str = "--contest";

const NOTES: &str = "\
The floor is a raw `TcpStream` with a prebuilt request, which reads as many octets as it knows to \
come; of a chunked body it decodes nothing, and it sends one as a single chunk, from a reader in \
blocks. CPU time is the contestant's alone; on big bodies wall time is as much the server's. A \
dash: the crate has no such thing. minreq and attohttpc close the connection after every response, \
minreq sends only what is in one `Vec`, ureq sends no list of slices. With 64 connections hyper \
has a task for each, the others a thread. hyper hands out its own buffers, the others copy to the \
caller's. A session of stdhttp sends the fields that `requests` sends; it sends no list of slices, \
which it would have to own. stdhttp reads the file through a buffer; in the column `sendfile` it is \
given the `File` itself, with the feature `sys`, and the kernel does the rest.";

pub(crate) fn print(options: &Options) -> Result<()> {
    let pinning = Pinning::find();
    let works = works(options.quick);
    let upload = UploadFile::write(&works)?;
    let mut results = Vec::new();
    for work in &works {
        eprintln!("{} ...", work.title);
        results.push(measure(options, &pinning, work, &upload)?);
    }
    println!("## Over loopback\n\n{NOTES}\n\n{pinning}");
    if options.quick {
        println!("Quick: a 20th of the requests, a 32nd of the octets.");
    }
    println!();
    let table = |cell| table(&works, &results, cell);
    println!("### CPU \u{f7} floor\n\n{}", table(cpu_ratio));
    println!("### Wall \u{f7} floor\n\n{}", table(wall_ratio));
    println!(
        "### CPU, \u{b5}s per request or s per GB\n\n{}",
        table(cpu_cost)
    );
    Ok(())
}

/// The samples of one contestant in one work, a round each; nothing where it can't do it.
type Rounds = Option<Vec<Sample>>;

fn measure(
    options: &Options,
    pinning: &Pinning,
    work: &Work,
    upload: &UploadFile,
) -> Result<Vec<Rounds>> {
    let server = Server::start(pinning)?;
    let run = |entry: &Entry| server.run(entry.name, work.name, options.quick, upload);
    let able = |entry: &Entry| (entry.can)(&work.kind).then(Vec::new);
    let mut results: Vec<Rounds> = CLIENTS.iter().map(able).collect();
    for _ in 0..options.rounds {
        for (entry, rounds) in CLIENTS.iter().zip(&mut results) {
            if let Some(rounds) = rounds {
                rounds.push(run(entry)?);
            }
        }
    }
    Ok(results)
}

/// A cell of a table, from the samples of a contestant and of the floor.
type Cell = fn(&Work, own: &[Sample], floor: &[Sample]) -> String;

fn table(works: &[Work], results: &[Vec<Rounds>], cell: Cell) -> Table {
    let names = CLIENTS.iter().map(|entry| entry.name);
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
fn cpu_cost(work: &Work, own: &[Sample], _: &[Sample]) -> String {
    let cpu = median(own.iter().map(|sample| sample.cpu).collect());
    match work.kind.is_transfer() {
        true => format!("{:.3}", cpu / work.all_octets() as f64),
        false => format!("{:.2}", cpu / work.requests() as f64 / 1e3),
    }
}
