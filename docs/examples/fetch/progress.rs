//! A line on standard error that says how far a transfer is, for people who look at a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// The progress of one transfer. The line is removed when this is dropped.
pub(crate) struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    /// When the line changes next; nothing if nobody looks.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// `visible` is whether the line would not get in the way of other output.
    pub(crate) fn new(what: &'static str, total: Option<u64>, visible: bool) -> Self {
        let due = (visible && stderr().is_terminal()).then(|| Instant::now() + INTERVAL);
        Self {
            what,
            total,
            done: 0,
            due,
            shown: false,
        }
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.done += count as u64;
        let now = Instant::now();
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + INTERVAL);
            self.shown = true;
            self.show();
        }
    }

    /// Nothing depends on the line, so a failure to write it is no failure.
    fn show(&self) {
        let (what, done) = (self.what, mebibytes(self.done));
        let _ = match self.total {
            Some(total) => write!(stderr(), "\r{what} {done} of {} MiB ", mebibytes(total)),
            None => write!(stderr(), "\r{what} {done} MiB "),
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(stderr(), "\r{:60}\r", "");
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}
