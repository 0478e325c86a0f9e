//! Who takes part, and how each is started.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::CONTEST;
use super::contest::OWN;
use super::work::{MESSAGE, Work};
use crate::Result;
use crate::loopback::process::{Server, UploadFile};
use crate::pinning::Pinning;

const SCRIPT: &str = include_str!("requests.py");

/// A contestant.
pub(super) enum Entry {
    /// This program.
    Own(&'static str),
    /// Python's requests, with the interpreter that has them, if there is one.
    Requests(Option<PathBuf>),
}

/// What is the same for every run of a work.
pub(super) struct Stage<'a> {
    pub(super) pinning: &'a Pinning,
    pub(super) server: &'a Server,
    pub(super) upload: &'a UploadFile,
    pub(super) work: &'a Work,
    pub(super) quick: bool,
}

impl Stage<'_> {
    fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.work.path)
    }
}

impl Entry {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Own(name) => name,
            Self::Requests(_) => "requests",
        }
    }

    pub(super) fn is_there(&self) -> bool {
        !matches!(self, Self::Requests(None))
    }

    pub(super) fn command(&self, stage: &Stage<'_>) -> Result<Command> {
        match self {
            Self::Own(name) => own(name, stage),
            Self::Requests(Some(python)) => requests(python, stage),
            Self::Requests(None) => Err("requests are not installed".into()),
        }
    }
}

fn own(name: &str, stage: &Stage<'_>) -> Result<Command> {
    let mut command = stage.pinning.client()?;
    command.args([CONTEST, name, stage.work.name]);
    command.arg(if stage.quick { "quick" } else { "full" });
    command.arg(stage.url()).arg(stage.upload.path());
    Ok(command)
}

fn requests(python: &Path, stage: &Stage<'_>) -> Result<Command> {
    let work = stage.work;
    let mut command = stage.pinning.other_client(python);
    command.args(["-c", SCRIPT, work.name]);
    command.args([work.warm_up(), work.requests, work.received].map(|number| number.to_string()));
    command.args([stage.url(), serde_json::to_string(&MESSAGE)?]);
    command.arg(stage.upload.path());
    Ok(command)
}

/// All of them. With `STDHTTP_REQUIRE_SERVERS=1` all must be there.
pub(super) fn contestants() -> Result<Vec<Entry>> {
    let own = OWN.iter().map(|own| Entry::Own(own.name));
    Ok(own.chain([Entry::Requests(find_requests()?)]).collect())
}

fn find_requests() -> Result<Option<PathBuf>> {
    let required = env::var("STDHTTP_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    let python = python();
    let output = Command::new(&python)
        .args(["-c", "import requests"])
        .output();
    match output.is_ok_and(|output| output.status.success()) {
        true => Ok(Some(python)),
        false if required => Err(format!("no requests for {}", python.display()).into()),
        false => Ok(None),
    }
}

/// That of `.ci/install-judges`.
fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("judges/bin/python3")
}
