//! The processes: a server, and one for every run of a contestant; all of them this program.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{self, Child, Stdio};

use super::meter::Sample;
use super::work::{Kind, Source, Work};
use super::{CONTEST, SERVE};
use crate::Result;
use crate::pinning::Pinning;

/// A running server; it ends when this is dropped.
pub(crate) struct Server<'a> {
    process: Child,
    address: String,
    pinning: &'a Pinning,
}

impl<'a> Server<'a> {
    pub(crate) fn start(pinning: &'a Pinning) -> Result<Self> {
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
            .client()?
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
