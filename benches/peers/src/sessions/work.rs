//! What the sessions do, in the order of the tables.

use serde::Serialize;

use crate::Result;
use crate::loopback::work::SMALL;
use crate::samples::Amount;

const MIB: u64 = 1 << 20;

/// What is posted as JSON.
#[derive(Serialize)]
pub(crate) struct Message {
    id: u64,
    user: &'static str,
    active: bool,
    tags: [&'static str; 3],
    scores: [u32; 4],
}

pub(crate) const MESSAGE: Message = Message {
    id: 1_234_567,
    user: "ann@example.org",
    active: true,
    tags: ["first", "second", "third"],
    scores: [10, 200, 3_000, 40_000],
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// GETs one after the other, their content as a whole.
    Get,
    /// POSTs of [`MESSAGE`] one after the other, the content of the answers as a whole.
    Json,
    /// One GET, whose content passes through a buffer.
    Download,
    /// One POST of a form with a file.
    Form,
}

pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// What is asked for; see `Answer` for its meaning.
    pub(crate) path: String,
    pub(crate) requests: u64,
    /// The length of each content that is received.
    pub(crate) received: u64,
    /// The length of the file that is sent.
    pub(crate) file: u64,
}

impl Work {
    pub(crate) fn amount(&self) -> Amount {
        match self.kind {
            Kind::Get | Kind::Json => Amount::Requests(self.requests),
            Kind::Download => Amount::Octets(self.received),
            Kind::Form => Amount::Octets(self.file),
        }
    }

    /// Requests before those that are measured.
    pub(crate) fn warm_up(&self) -> u64 {
        self.requests / 20
    }

    pub(crate) fn find(name: &str, amount: &str) -> Result<Self> {
        let mut works = works(amount == "quick")?.into_iter();
        let found = works.find(|work| work.name == name);
        found.ok_or_else(|| format!("{name}: no such work").into())
    }

    fn small(name: &'static str, title: &'static str, kind: Kind, requests: u64) -> Self {
        Self {
            name,
            title,
            kind,
            path: format!("/length/8/{SMALL}"),
            requests,
            received: SMALL,
            file: 0,
        }
    }
}

/// All of it, or in small amounts that show that it still runs.
pub(crate) fn works(quick: bool) -> Result<Vec<Work>> {
    let (requests, down, up) = match quick {
        true => (500, 32 * MIB, 8 * MIB),
        false => (10_000, 1_024 * MIB, 256 * MIB),
    };
    let message = serde_json::to_vec(&MESSAGE)?;
    let get = Work::small("get", "keep-alive GET, 13 B", Kind::Get, requests);
    let json = Work::small("json", "JSON POST", Kind::Json, requests);
    let download = Work::small("download", "1 GiB down", Kind::Download, 1);
    let form = Work::small("form", "multipart, 256 MiB up", Kind::Form, 1);
    Ok(vec![
        get,
        Work {
            path: format!("/around/{}", message.len()),
            ..json
        },
        Work {
            path: format!("/length/8/{down}"),
            received: down,
            ..download
        },
        Work {
            path: format!("/around/{up}"),
            file: up,
            ..form
        },
    ])
}
