//! The processes: a server at a time, and the load for it; the CPU time and the memory of the server.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::ClockId;
use nix::unistd::Pid;

use super::work::Work;
use super::{LOAD, SERVER};
use crate::Result;
use crate::pinning::Pinning;
use crate::samples::Sample;

/// Lets this process and its children open as many descriptors as they may.
pub(super) fn raise_descriptors() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// A folder with the files of all works; it is removed when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn create(works: &[Work]) -> Result<Self> {
        let path = env::temp_dir().join(format!("stdhttp-peers-{}", process::id()));
        fs::create_dir(&path)?;
        let folder = Self(path);
        for work in works.iter().filter(|work| work.is_file()) {
            folder.write(work)?;
        }
        Ok(folder)
    }

    fn write(&self, work: &Work) -> Result<()> {
        let mut file = File::create_new(self.0.join(work.name))?;
        let piece = vec![b'x'; 1 << 20];
        let mut left = work.octets;
        while left > 0 {
            let count = left.min(piece.len() as u64);
            file.write_all(&piece[..count as usize])?;
            left -= count;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a server is started for.
pub(super) struct Stage<'a> {
    pub(super) pinning: &'a Pinning,
    pub(super) folder: &'a Path,
    pub(super) work: &'a Work,
    pub(super) quick: bool,
}

impl Stage<'_> {
    fn amount(&self) -> &'static str {
        if self.quick { "quick" } else { "full" }
    }
}

/// A running server; it ends when this is dropped.
pub(super) struct Running<'a> {
    stage: &'a Stage<'a>,
    process: Child,
    address: String,
}

impl<'a> Running<'a> {
    /// A server that is this program.
    pub(super) fn own(name: &str, stage: &'a Stage<'a>) -> Result<Self> {
        let port = free_port()?;
        let mut command = stage.pinning.server()?;
        command.args([SERVER, name, &port.to_string()]);
        command.arg(stage.folder);
        command.args([stage.work.name, stage.amount()]);
        Self::start(command, port, stage)
    }

    /// Another program, which `configure` tells what it needs.
    pub(super) fn other(
        program: &Path,
        stage: &'a Stage<'a>,
        configure: impl FnOnce(&mut Command, u16) -> Result<()>,
    ) -> Result<Self> {
        let port = free_port()?;
        let mut command = stage.pinning.other_server(program);
        configure(&mut command, port)?;
        Self::start(command, port, stage)
    }

    fn start(mut command: Command, port: u16, stage: &'a Stage<'a>) -> Result<Self> {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let running = Self {
            stage,
            process,
            address: format!("127.0.0.1:{port}"),
        };
        running.wait_until_ready()?;
        Ok(running)
    }

    /// At most ten seconds.
    fn wait_until_ready(&self) -> Result<()> {
        for _ in 0..500 {
            if TcpStream::connect(&self.address).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("a server does not start".into())
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Has the work done, and measures CPU of the server and wall clock of the load from when everybody is warm.
    pub(super) fn load(&self) -> Result<Sample> {
        let mut load = self
            .stage
            .pinning
            .client()?
            .args([LOAD, &self.address, self.stage.work.name])
            .arg(self.stage.amount())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let measured = self.measure(&mut load);
        let status = load.wait()?;
        match status.success() {
            true => measured,
            false => Err("the load failed".into()),
        }
    }

    fn measure(&self, load: &mut Child) -> Result<Sample> {
        let (input, output) = (load.stdin.take(), load.stdout.take());
        let mut input = input.ok_or("no input")?;
        let mut lines = BufReader::new(output.ok_or("no output")?).lines();
        lines.next().ok_or("the load is not ready")??;
        let before = self.cpu()?;
        input.write_all(b"\n")?;
        let wall = lines.next().ok_or("the load does not end")??;
        Ok(Sample {
            cpu: (self.cpu()? - before).as_nanos() as f64,
            wall: wall.parse()?,
        })
    }

    /// The CPU time of the server's process, those of its threads that have ended included.
    fn cpu(&self) -> Result<Duration> {
        let clock = ClockId::pid_cpu_clock_id(self.pid())?;
        Ok(clock.now()?.into())
    }

    /// Its resident memory in bytes.
    pub(super) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.ok_or("no VmRSS")?.parse()?;
        Ok(kibibytes << 10)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.process.id() as i32)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
