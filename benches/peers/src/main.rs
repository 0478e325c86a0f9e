//! The speed of stdhttp beside that of its peers, as a Markdown document.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --quick parse memory
//! ```
//!
//! Arguments are the names of tables (`parse`, `chunk`, `memory`, `loopback`, on Linux `servers`,
//! `sessions`; all of them without one), `--rounds N`, and `--quick`: a few small rounds that show
//! that everything still runs. The full run takes some minutes and 2 GiB of memory, and writes a file of 1 GiB to the directory
//! for temporary files. Nothing leaves the machine. `--no-default-features` builds stdhttp without
//! its feature `sys`, and leaves out the column for `sendfile`.
//!
//! How to read it: the contestants take turns (A B C A B C ...), so that a slow spell of the
//! machine meets all of them, and a ratio is the median of the ratios within each round. Compare
//! ratios, not times. A few per cent are within what the layout of the code in memory makes. What
//! was parsed and received is checked in every run; how long it took never makes a run fail.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::fmt::Display;

#[path = "../../protocol/inputs.rs"]
mod inputs;
#[path = "../../protocol/memory.rs"]
mod stream;

mod chunk;
mod loopback;
mod memory;
mod meter;
mod options;
mod parse;
mod pinning;
mod rounds;
mod samples;
#[cfg(target_os = "linux")]
mod servers;
mod sessions;
mod table;
mod versions;

use options::Options;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(loopback::SERVE) => loopback::serve(),
        Some(loopback::CONTEST) => loopback::contest(&arguments[1..]),
        Some(sessions::CONTEST) => sessions::contest(&arguments[1..]),
        #[cfg(target_os = "linux")]
        Some(servers::SERVER) => servers::serve(&arguments[1..]),
        #[cfg(target_os = "linux")]
        Some(servers::LOAD) => servers::load(&arguments[1..]),
        _ => print_document(&Options::parse(&arguments)?),
    }
}

fn print_document(options: &Options) -> Result<()> {
    println!("# stdhttp and its peers\n");
    println!("{}\n", versions::sentence());
    println!("{options}");
    for (name, print) in options::TABLES {
        if options.wants(name) {
            print(options)?;
        }
    }
    Ok(())
}

/// Fails unless what was measured is what should have been.
fn ensure(holds: bool, complaint: impl Display) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(complaint.to_string().into())
}
