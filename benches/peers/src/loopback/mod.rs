//! Tables of `loopback`: clients against a server on the same machine, next to a floor that only
//! moves the bytes.
//!
//! The server is another process, and so is every run of a contestant: both are this program,
//! started again with arguments of their own (see `process`). So the time on the CPU that a
//! contestant reports is its own. Where `taskset` is at hand the server gets one CPU and the
//! contestants another.

pub(crate) mod answer;
pub(crate) mod client;
mod clients;
mod contest;
pub(crate) mod process;
mod server;
pub(crate) mod work;

pub(crate) use contest::contest;
pub(crate) use server::serve;

use std::process::Command;

use crate::Result;
use crate::options::Options;
use crate::pinning::Pinning;
use crate::samples::{Results, Row};
use contest::CLIENTS;
use process::{Server, UploadFile};
use work::{Kind, Source, Work, works};

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
    let sends_file = |work: &&Work| work.kind == Kind::Upload(Source::File);
    let octets = works.iter().find(sends_file).map_or(0, |work| work.octets);
    let upload = UploadFile::write(octets)?;
    let rows = works.iter().map(|work| {
        eprintln!("{} ...", work.title);
        measure(options, &pinning, work, &upload)
    });
    let results = Results {
        names: CLIENTS.iter().map(|entry| entry.name).collect(),
        rows: rows.collect::<Result<_>>()?,
    };
    results.print("Over loopback", NOTES, &pinning, options.quick);
    Ok(())
}

fn measure(options: &Options, pinning: &Pinning, work: &Work, upload: &UploadFile) -> Result<Row> {
    let server = Server::start(pinning)?;
    let command = |contestant: &str| -> Result<Command> {
        let mut command = pinning.client()?;
        command.args([CONTEST, server.address(), contestant, work.name]);
        command.arg(if options.quick { "quick" } else { "full" });
        command.arg(upload.path());
        Ok(command)
    };
    Row::measure(
        (work.title, work.amount()),
        options.rounds,
        CLIENTS,
        |entry| (entry.can)(&work.kind),
        |entry| process::run(&mut command(entry.name)?),
    )
}
