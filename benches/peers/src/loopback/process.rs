//! The processes: a server, and one for every run of a contestant; all of them this program.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};

use super::SERVE;
use crate::Result;
use crate::pinning::Pinning;
use crate::samples::Sample;

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(pinning: &Pinning) -> Result<Self> {
        let mut process = pinning
            .server()?
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
        })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a contestant and reads what it says it took.
pub(crate) fn run(contestant: &mut Command) -> Result<Sample> {
    let output = contestant.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{contestant:?} failed").into());
    }
    String::from_utf8(output.stdout)?.parse()
}

/// The file that is sent; it is removed when this is dropped.
pub(crate) struct UploadFile {
    path: PathBuf,
}

impl UploadFile {
    pub(crate) fn write(octets: u64) -> Result<Self> {
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

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UploadFile {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = fs::remove_file(&self.path);
    }
}
