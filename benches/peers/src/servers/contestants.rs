//! The contestants: who there is, how each is started, who can do what.

use std::env;
use std::path::PathBuf;

use super::process::{Running, Stage};
use super::programs::{self, find};
use super::work::Work;
use crate::Result;

/// A contestant.
pub(super) struct Entry {
    pub(super) name: &'static str,
    kind: Kind,
    /// Whether it does something of its own for this work.
    pub(super) can: fn(&Work) -> bool,
}

type Start = for<'a> fn(&std::path::Path, &'a Stage<'a>) -> Result<Running<'a>>;

enum Kind {
    /// This program.
    Own,
    /// Another one, if it is installed.
    Other(&'static str, Start),
}

impl Entry {
    const fn own(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Own,
            can: |_| true,
        }
    }

    const fn other(name: &'static str, program: &'static str, start: Start) -> Self {
        Self {
            name,
            kind: Kind::Other(program, start),
            can: |_| true,
        }
    }

    fn program(&self) -> Option<PathBuf> {
        match self.kind {
            Kind::Own => env::current_exe().ok(),
            Kind::Other(program, _) => find(program),
        }
    }

    pub(super) fn start<'a>(&self, stage: &'a Stage<'a>) -> Result<Running<'a>> {
        match self.kind {
            Kind::Own => Running::own(self.name, stage),
            Kind::Other(program, start) => {
                let path = find(program).ok_or("it is not installed")?;
                start(&path, stage)
            }
        }
    }
}

/// The floor comes first.
const SERVERS: &[Entry] = &[
    Entry::own("floor"),
    Entry::own("stdhttp"),
    #[cfg(feature = "sys")]
    Entry {
        can: |work| work.is_transfer,
        ..Entry::own("stdhttp, sendfile")
    },
    Entry::own("tiny_http"),
    Entry::own("hyper"),
    Entry::other("Go", "go", programs::go),
    Entry::other("nginx", "nginx", programs::nginx),
    Entry::other("Python", "python3", programs::python),
];

/// Those that are installed. With `STDHTTP_REQUIRE_SERVERS=1` all must be.
pub(super) fn installed() -> Result<Vec<&'static Entry>> {
    let required = env::var("STDHTTP_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    let mut there = Vec::new();
    for entry in SERVERS {
        match entry.program() {
            Some(_) => there.push(entry),
            None if required => return Err(format!("{} is not installed", entry.name).into()),
            None => eprintln!("{} is not installed: left out", entry.name),
        }
    }
    Ok(there)
}
