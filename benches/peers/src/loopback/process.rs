//! The processes: a server, and one for every run of a contestant; all of them this program.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};

use super::contest::Sample;
use super::work::{Kind, Source, Work};
use super::{CONTEST, SERVE};
use crate::Result;

const CONTESTANTS_CPU: &str = "0";
const SERVERS_CPU: &str = "1";

/// Whether processes are bound to a CPU.
pub(crate) struct Pinning {
    taskset: bool,
}

impl Pinning {
    pub(crate) fn find() -> Self {
        let can_pin = |cpu| {
            let mut command = Command::new("taskset");
            command.args(["-c", cpu, "true"]);
            let output = command.output();
            output.is_ok_and(|output| output.status.success())
        };
        Self {
            taskset: can_pin(CONTESTANTS_CPU) && can_pin(SERVERS_CPU),
        }
    }

    /// This program, started again.
    fn command(&self, cpu: &str) -> Result<Command> {
        let program = env::current_exe()?;
        if !self.taskset {
            return Ok(Command::new(program));
        }
        let mut command = Command::new("taskset");
        command.args(["-c", cpu]).arg(program);
        Ok(command)
    }
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.taskset {
            true => write!(
                f,
                "The server ran on CPU {SERVERS_CPU}, the contestants on CPU {CONTESTANTS_CPU}."
            ),
            false => write!(
                f,
                "No process was bound to a CPU: there is no `taskset` or no second CPU."
            ),
        }
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server<'a> {
    process: Child,
    address: String,
    pinning: &'a Pinning,
}

impl<'a> Server<'a> {
    pub(crate) fn start(pinning: &'a Pinning) -> Result<Self> {
        let mut process = pinning
            .command(SERVERS_CPU)?
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self {
            process,
            address: address.trim_end().into(),
            pinning,
        })
    }

    /// Runs a contestant and reads what it says it took.
    pub(crate) fn run(
        &self,
        contestant: &str,
        work: &str,
        quick: bool,
        upload: &UploadFile,
    ) -> Result<Sample> {
        let output = self
            .pinning
            .command(CONTESTANTS_CPU)?
            .args([CONTEST, &self.address, contestant, work])
            .arg(if quick { "quick" } else { "full" })
            .arg(&upload.path)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{contestant} failed at {work}").into());
        }
        String::from_utf8(output.stdout)?.parse()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The file that is sent; it is removed when this is dropped.
pub(crate) struct UploadFile {
    path: PathBuf,
}

impl UploadFile {
    pub(crate) fn write(works: &[Work]) -> Result<Self> {
        let sends_file = |work: &&Work| work.kind == Kind::Upload(Source::File);
        let octets = works.iter().find(sends_file).map_or(0, |work| work.octets);
        let path = env::temp_dir().join(format!("stdhttp-peers-{}", process::id()));
        let mut file = File::create_new(&path)?;
        let upload = Self { path };
        let piece = vec![b'x'; 1 << 20];
        let mut left = octets;
        while left > 0 {
            let count = left.min(piece.len() as u64);
            file.write_all(&piece[..count as usize])?;
            left -= count;
        }
        Ok(upload)
    }
}

impl Drop for UploadFile {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = fs::remove_file(&self.path);
    }
}
