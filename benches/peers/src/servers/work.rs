//! What the servers are asked for, in the order of the tables.

use crate::Result;
use crate::samples::Amount;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Connections that are open at once.
    pub(crate) connections: u64,
    /// Requests in all.
    pub(crate) requests: u64,
    /// The length of each body.
    pub(crate) octets: u64,
    /// Whether a connection is used for one request after the other.
    pub(crate) keeps_alive: bool,
    /// Whether it is counted in octets, not in requests.
    pub(crate) is_transfer: bool,
}

impl Work {
    /// What is asked for: the small answer, or the file of this work.
    pub(crate) fn path(&self) -> String {
        match self.is_file() {
            true => format!("/{}", self.name),
            false => "/hello".into(),
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        self.octets >= KIB
    }

    pub(crate) fn amount(&self) -> Amount {
        match self.is_transfer {
            true => Amount::Octets(self.requests * self.octets),
            false => Amount::Requests(self.requests),
        }
    }

    pub(crate) fn find(name: &str, amount: &str) -> Result<Self> {
        let mut works = works(amount == "quick").into_iter();
        let found = works.find(|work| work.name == name);
        found.ok_or_else(|| format!("{name}: no such work").into())
    }

    fn small(name: &'static str, title: &'static str, connections: u64, requests: u64) -> Self {
        Self {
            name,
            title,
            connections,
            requests,
            octets: 13,
            keeps_alive: true,
            is_transfer: false,
        }
    }
}

/// All of it, or in small amounts that show that it still runs.
pub(crate) fn works(quick: bool) -> Vec<Work> {
    let count = |full: u64| if quick { full.div_ceil(20) } else { full };
    let hello = Work::small("hello", "small answer, keep-alive", 64, count(32_000));
    let one = Work::small("one", "the same over one", 1, count(16_000));
    let connect = Work::small("connect", "a new connection each", 4, count(4_000));
    let small = Work::small("kilobyte", "file of 1 KiB", 64, count(6_400));
    let medium = Work::small("megabyte", "file of 1 MiB", 4, count(200));
    let large = Work::small("gigabyte", "file of 1 GiB", 1, 1);
    vec![
        hello,
        one,
        Work {
            keeps_alive: false,
            ..connect
        },
        Work {
            octets: KIB,
            ..small
        },
        Work {
            octets: MIB,
            is_transfer: true,
            ..medium
        },
        Work {
            octets: if quick { GIB / 32 } else { GIB },
            is_transfer: true,
            ..large
        },
    ]
}
