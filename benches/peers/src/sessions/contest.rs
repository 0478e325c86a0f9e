//! A contestant's process: does one work and prints what it took.

use std::path::Path;

use super::client::Client;
use super::clients::{attohttpc, floor, reqwest, stdhttp, ureq};
use super::work::{Kind, MESSAGE, Work};
use crate::loopback::client::BUFFER;
use crate::meter::Meter;
use crate::samples::Sample;
use crate::{Result, ensure};

/// A contestant that is this program.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    run: fn(&str, &Work, &Path) -> Result<Sample>,
}

/// The floor comes first.
pub(crate) const OWN: [Own; 5] = [
    Own {
        name: "floor",
        run: run::<floor::Floor>,
    },
    Own {
        name: "stdhttp",
        run: run::<stdhttp::Stdhttp>,
    },
    Own {
        name: "ureq",
        run: run::<ureq::Ureq>,
    },
    Own {
        name: "reqwest",
        run: run::<reqwest::Reqwest>,
    },
    Own {
        name: "attohttpc",
        run: run::<attohttpc::Attohttpc>,
    },
];

/// The arguments are those that `Entry::command` gives.
pub(crate) fn contest(arguments: &[String]) -> Result<()> {
    let [contestant, work, amount, url, file] = arguments else {
        return Err("not to be called by hand".into());
    };
    let work = Work::find(work, amount)?;
    let own = OWN.iter().find(|known| known.name == contestant);
    let own = own.ok_or("no such contestant")?;
    println!("{}", (own.run)(url, &work, file.as_ref())?);
    Ok(())
}

fn run<C: Client>(url: &str, work: &Work, file: &Path) -> Result<Sample> {
    let mut client = C::new(work)?;
    let mut buffer = vec![0; BUFFER];
    let mut repeat = |count: u64| -> Result<u64> {
        let once = |_| match work.kind {
            Kind::Get => client.get(url),
            Kind::Json => client.json(url, &MESSAGE),
            Kind::Download => client.download(url, &mut buffer),
            Kind::Form => client.form(url, file),
        };
        (0..count).map(once).sum()
    };
    repeat(work.warm_up())?;
    let meter = Meter::start();
    let received = repeat(work.requests)?;
    let sample = meter.stop();
    let awaited = work.requests * work.received;
    ensure(
        received == awaited,
        format_args!("{received} octets instead of {awaited}"),
    )?;
    Ok(sample)
}
