//! What is measured over loopback, in the order of the tables.

use crate::samples::Amount;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Connections that are open at once in [`Kind::Threads`].
pub(crate) const CONNECTIONS: u64 = 64;

/// The body of a small response.
pub(crate) const SMALL: u64 = 13;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// GETs one after the other over one connection.
    KeepAlive,
    /// GETs over a connection each.
    Connect,
    /// GETs over many connections at once.
    Threads,
    /// One GET of a big body.
    Download,
    /// One POST of a big body.
    Upload(Source),
}

/// Where the body of a POST comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    File,
    Memory,
    /// A sequence of slices, sent chunked.
    Slices,
    /// A reader of unknown length, sent chunked.
    Reader,
}

impl Kind {
    /// Whether it is counted in octets, not in requests.
    fn is_transfer(self) -> bool {
        matches!(self, Self::Download | Self::Upload(_))
    }

    /// Whether the connection is used for one request after the other.
    pub(crate) fn keeps_alive(self) -> bool {
        matches!(self, Self::KeepAlive | Self::Threads)
    }
}

pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// What is asked for; see `Answer` for its meaning.
    pub(crate) path: String,
    /// Requests, over each connection.
    pub(crate) count: u64,
    /// The length of the body that is received, of a POST that is sent.
    pub(crate) octets: u64,
}

impl Work {
    pub(crate) fn requests(&self) -> u64 {
        match self.kind {
            Kind::Threads => self.count * CONNECTIONS,
            _ => self.count,
        }
    }

    pub(crate) fn all_octets(&self) -> u64 {
        self.requests() * self.octets
    }

    pub(crate) fn amount(&self) -> Amount {
        match self.kind.is_transfer() {
            true => Amount::Octets(self.all_octets()),
            false => Amount::Requests(self.requests()),
        }
    }

    fn gets(name: &'static str, title: &'static str, kind: Kind, fields: u64, count: u64) -> Self {
        Self {
            name,
            title,
            kind,
            path: format!("/length/{fields}/{SMALL}"),
            count,
            octets: SMALL,
        }
    }

    fn download(name: &'static str, title: &'static str, octets: u64, chunk: Option<u64>) -> Self {
        let path = match chunk {
            Some(chunk) => format!("/chunked/{octets}/{chunk}"),
            None => format!("/length/8/{octets}"),
        };
        Self {
            name,
            title,
            kind: Kind::Download,
            path,
            count: 1,
            octets,
        }
    }

    fn upload(name: &'static str, title: &'static str, octets: u64, source: Source) -> Self {
        Self {
            name,
            title,
            kind: Kind::Upload(source),
            path: format!("/sink/{octets}"),
            count: 1,
            octets,
        }
    }
}

/// All of it, or in small amounts that show that it still runs.
pub(crate) fn works(quick: bool) -> Vec<Work> {
    let count = |full: u64| if quick { full / 20 } else { full };
    let octets = |full: u64| if quick { full / 32 } else { full };
    let gets = |name, title, kind, fields, full| Work::gets(name, title, kind, fields, count(full));
    let down = |name, title, full, chunk| Work::download(name, title, octets(full), chunk);
    let up = |name, title, full, source| Work::upload(name, title, octets(full), source);
    vec![
        gets(
            "get",
            "keep-alive GET, 8 fields, 13 B",
            Kind::KeepAlive,
            8,
            10_000,
        ),
        gets(
            "fields",
            "keep-alive GET, 50 fields",
            Kind::KeepAlive,
            50,
            10_000,
        ),
        gets(
            "connect",
            "a new connection per GET",
            Kind::Connect,
            8,
            1_000,
        ),
        gets("threads", "64 connections at once", Kind::Threads, 8, 200),
        down("length", "1 GiB down, Content-Length", GIB, None),
        down(
            "chunks-16k",
            "512 MiB down, chunks of 16 KiB",
            512 * MIB,
            Some(16 * KIB),
        ),
        down(
            "chunks-64",
            "32 MiB down, chunks of 64 B",
            32 * MIB,
            Some(64),
        ),
        up("file", "1 GiB up, file", GIB, Source::File),
        up("memory", "256 MiB up, memory", 256 * MIB, Source::Memory),
        up(
            "slices",
            "256 MiB up, chunked, slices",
            256 * MIB,
            Source::Slices,
        ),
        up(
            "reader",
            "256 MiB up, chunked, reader",
            256 * MIB,
            Source::Reader,
        ),
    ]
}
