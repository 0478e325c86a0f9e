//! The process of a script: its three streams, its time, and its end, which nothing can prevent.
//!
//! The streams are sockets, the only ones of `std` whose reads and writes can be bounded in time: a
//! process that a script leaves behind can hold a pipe open for ever. `/dev/stdin` and `/dev/stdout`
//! can't be opened by name for that reason.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::server::cgi::script::Script;

/// Of standard error, so many bytes are kept.
const ERRORS_KEPT: usize = 8_192;

/// How long a write waits for a script before it is seen what that has written.
const WRITE_WAIT: Duration = Duration::from_millis(10);

/// The pauses in which the end of a process is waited for: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// A script that runs. Where it is dropped it is killed, if it must be.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// Nothing once the whole body was given.
    input: Option<UnixStream>,
    output: UnixStream,
    errors: UnixStream,
    reads_errors: Option<JoinHandle<Vec<u8>>>,
    deadline: Instant,
}

/// What came of writing to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Bytes(usize),
    /// It does not read at present.
    Busy,
    /// It does not want more.
    Closed,
}

impl Running {
    pub(super) fn start(
        script: &Script,
        variables: Vec<(OsString, OsString)>,
        deadline: Instant,
    ) -> io::Result<Self> {
        let (input, stdin) = UnixStream::pair()?;
        let (output, stdout) = UnixStream::pair()?;
        let (errors, stderr) = UnixStream::pair()?;
        let reader = errors.try_clone()?;
        input.set_write_timeout(Some(WRITE_WAIT))?;
        // The command holds the script's ends of the streams, and must be gone for them to end.
        let child = Command::new(&script.file)
            .current_dir(&script.directory)
            .env_clear()
            .envs(variables)
            .stdin(OwnedFd::from(stdin))
            .stdout(OwnedFd::from(stdout))
            .stderr(OwnedFd::from(stderr))
            .spawn()?;
        let mut running = Self {
            child,
            input: Some(input),
            output,
            errors,
            reads_errors: None,
            deadline,
        };
        let thread = thread::Builder::new().stack_size(65_536);
        running.reads_errors = Some(thread.spawn(move || read_errors(reader))?);
        Ok(running)
    }

    /// Time that is left; nothing if there is none.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Gives the script bytes of the request's body.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<Written> {
        let Some(input) = &mut self.input else {
            return Ok(Written::Closed);
        };
        match input.write(bytes) {
            Ok(count) => Ok(Written::Bytes(count)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Ok(Written::Busy)
                }
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Ok(Written::Closed),
                _ => Err(error),
            },
        }
    }

    /// The request's body is at its end.
    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads what the script has written, waiting so long for it; nothing if it has not.
    pub(super) fn read(&mut self, room: &mut [u8], wait: Duration) -> io::Result<Option<usize>> {
        let wait = wait.max(Duration::from_millis(1));
        self.output.set_read_timeout(Some(wait))?;
        match self.output.read(room) {
            Ok(count) => Ok(Some(count)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Whether the process is at its end; what it has written may still be there to be read.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Ends the process; how it ended, and what it wrote to standard error. It is waited for so long
    /// that it ends by itself, until the deadline at most.
    pub(super) fn end(mut self, wait: Duration) -> (Option<ExitStatus>, Vec<u8>) {
        self.close_input();
        let now = Instant::now();
        self.deadline = now
            .checked_add(wait)
            .map_or(self.deadline, |ends| ends.min(self.deadline));
        let status = self.wait();
        if status.is_none() {
            self.kill();
        }
        let errors = self.end_errors();
        (status, errors)
    }

    fn kill(&mut self) {
        // Both fail only where it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Nothing if it had to be killed.
    fn wait(&mut self) -> Option<ExitStatus> {
        let (mut pause, longest) = PAUSES;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            let left = self.time_left()?;
            thread::sleep(pause.min(left));
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    /// What was written stays to be read; nothing comes behind it.
    fn end_errors(&mut self) -> Vec<u8> {
        let _ = self.errors.shutdown(Shutdown::Both);
        let reader = self.reads_errors.take().map(JoinHandle::join);
        reader.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        self.end_errors();
    }
}

/// Reads all that a script writes to standard error, so that it never waits, and keeps the beginning;
/// a failure ends it as the end does.
fn read_errors(mut stream: UnixStream) -> Vec<u8> {
    let mut kept = Vec::new();
    let most = u64::try_from(ERRORS_KEPT).unwrap_or(u64::MAX);
    if (&mut stream).take(most).read_to_end(&mut kept).is_ok() {
        let _ = io::copy(&mut stream, &mut io::sink());
    }
    kept
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_script_that_is_given_up_is_ended_and_waited_for() {
        let script = Script {
            // It reads until its input ends.
            file: PathBuf::from("/bin/cat"),
            directory: PathBuf::from("/"),
            name: Vec::new(),
            path_info: Vec::new(),
            path_translated: None,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        let running = Running::start(&script, Vec::new(), deadline).unwrap();
        let process = format!("/proc/{}", running.child.id());
        assert!(Path::new(&process).exists());
        drop(running);
        assert!(!Path::new(&process).exists());
    }
}
