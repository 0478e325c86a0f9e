//! The contestants: what each has to do, and who can do what.

mod attohttpc;
mod floor;
mod hyper;
mod minreq;
mod stdhttp;
mod ureq;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::contest::{self, Sample};
use super::work::{Kind, Source, Work};
use crate::Result;

/// The fields that every request has, where the crate lets its user choose; besides `Host`.
const ACCEPT_ENCODING: (&str, &str) = ("Accept-Encoding", "identity");

/// The body of a POST.
pub(crate) enum Upload {
    /// A file and its length, sent with a Content-Length.
    File(File, u64),
    /// Sent with a Content-Length.
    Memory(Vec<u8>),
    /// To be cut into pieces of `contest::BUFFER` octets that are given one by one, and sent
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
        contest::threads::<Self>(address, work)
    }
}

/// A contestant.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Whether it has what such a work needs.
    pub(crate) can: fn(&Kind) -> bool,
    pub(crate) run: fn(&str, &Work, &Path) -> Result<Sample>,
}

/// The floor comes first.
pub(crate) const CLIENTS: &[Entry] = &[
    Entry {
        name: "floor",
        can: |_| true,
        run: contest::run::<floor::Floor>,
    },
    Entry {
        name: "stdhttp",
        can: |_| true,
        run: contest::run::<stdhttp::Stdhttp<false>>,
    },
    #[cfg(all(feature = "sys", target_os = "linux"))]
    Entry {
        name: "stdhttp, sendfile",
        can: |kind| *kind == Kind::Upload(Source::File),
        run: contest::run::<stdhttp::Stdhttp<true>>,
    },
    Entry {
        name: "ureq",
        can: |kind| *kind != Kind::Upload(Source::Slices),
        run: contest::run::<ureq::Ureq>,
    },
    Entry {
        name: "minreq",
        can: |kind| match kind {
            Kind::Upload(source) => *source == Source::Memory,
            kind => !kind.keeps_alive(),
        },
        run: contest::run::<minreq::Minreq>,
    },
    Entry {
        name: "attohttpc",
        can: |kind| !kind.keeps_alive(),
        run: contest::run::<attohttpc::Attohttpc>,
    },
    Entry {
        name: "hyper",
        can: |_| true,
        run: contest::run::<hyper::Hyper>,
    },
];

/// Reads to the end; how much there was.
fn drain(mut reader: impl Read, buffer: &mut [u8]) -> Result<u64> {
    let mut total = 0;
    loop {
        match reader.read(buffer)? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

fn url(address: &str, work: &Work) -> String {
    format!("http://{address}{}", work.path)
}
