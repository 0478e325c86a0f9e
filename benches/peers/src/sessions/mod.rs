//! Tables of `sessions`: the session of stdhttp beside those of other clients, next to a floor that
//! only moves the bytes.
//!
//! Server and measure are those of `loopback`, and so is the way in which contestants run: each run
//! is a process of its own.

mod client;
mod clients;
mod contest;
mod contestants;
mod work;

pub(crate) use contest::contest;

use crate::Result;
use crate::loopback::process::{self, Server, UploadFile};
use crate::options::Options;
use crate::pinning::Pinning;
use crate::samples::{Results, Row};
use contestants::{Entry, Stage, contestants};
use work::{Work, works};

/// The first argument of a contestant's process.
pub(crate) const CONTEST: &str = "--session";

const NOTES: &str = "\
A session of each client as its users have it, with the fields that it sends by itself, but without \
the environment (proxies, `.netrc`). Content is taken as a whole; the large one passes through a \
buffer of the caller's. The floor is a raw `TcpStream` with prebuilt requests that have the fields of \
`requests`, which reads as many octets as it knows to come. What is posted is a value that each writes as JSON \
(stdhttp, by serde_json); a form has one file. attohttpc connects for every request; forms it has \
from memory, and sends them chunked. reqwest is its blocking client. Python's requests take a file \
into memory, and build the whole form there; a dash: they are not installed.";

pub(crate) fn print(options: &Options) -> Result<()> {
    let pinning = Pinning::find();
    let entries = contestants()?;
    let works = works(options.quick)?;
    let upload = UploadFile::write(works.iter().map(|work| work.file).max().unwrap_or(0))?;
    let rows = works.iter().map(|work| {
        eprintln!("{} ...", work.title);
        measure(options, &entries, &pinning, work, &upload)
    });
    let results = Results {
        names: entries.iter().map(Entry::name).collect(),
        rows: rows.collect::<Result<_>>()?,
    };
    results.print("Sessions", NOTES, &pinning, options.quick);
    Ok(())
}

fn measure(
    options: &Options,
    entries: &[Entry],
    pinning: &Pinning,
    work: &Work,
    upload: &UploadFile,
) -> Result<Row> {
    let server = Server::start(pinning)?;
    let stage = Stage {
        pinning,
        server: &server,
        upload,
        work,
        quick: options.quick,
    };
    Row::measure(
        (work.title, work.amount()),
        options.rounds,
        entries,
        Entry::is_there,
        |entry| process::run(&mut entry.command(&stage)?),
    )
}
