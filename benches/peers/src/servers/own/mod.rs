//! The servers that are this program, started again: the floor, stdhttp, and other crates.

mod floor;
mod hyper;
mod stdhttp;
mod tiny_http;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::work::Work;
use crate::Result;

pub(super) const HELLO: &[u8] = b"hello, world\n";

/// What a server is started with.
pub(super) struct Serving {
    port: u16,
    directory: PathBuf,
    /// What the floor answers, which does not look at what is asked for.
    octets: u64,
    keeps_alive: bool,
}

impl Serving {
    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

type Serve = fn(&Serving) -> Result<()>;

/// By the names of the table.
const SERVERS: [(&str, Serve); 5] = [
    ("floor", floor::serve),
    ("stdhttp", stdhttp::serve::<false>),
    ("stdhttp, sendfile", stdhttp::serve::<true>),
    ("tiny_http", tiny_http::serve),
    ("hyper", hyper::serve),
];

/// Serves until the process is ended. The arguments are those of `process::Running::own`.
pub(crate) fn serve(arguments: &[String]) -> Result<()> {
    let [name, port, directory, work, amount] = arguments else {
        return Err("not to be called by hand".into());
    };
    let work = Work::find(work, amount)?;
    let serving = Serving {
        port: port.parse()?,
        directory: directory.into(),
        octets: work.octets,
        keeps_alive: work.keeps_alive,
    };
    let server = SERVERS.iter().find(|(known, _)| known == name);
    let (_, serve) = server.ok_or("no such server")?;
    serve(&serving)
}
