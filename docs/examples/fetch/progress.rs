//! A line on standard error that says how far a transfer is and how fast, for people who look at
//! a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// The progress of one transfer. The line is removed when this is dropped.
pub(crate) struct Progress {
    what: &'static str,
    began: Instant,
    /// What was there at the beginning, which says nothing of the rate.
    from: Option<u64>,
    /// When the line changes next; nothing if nobody looks.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// `visible` is whether the line would not get in the way of other output.
    pub(crate) fn new(what: &'static str, visible: bool) -> Self {
        let began = Instant::now();
        Self {
            what,
            began,
            from: None,
            due: (visible && stderr().is_terminal()).then(|| began + INTERVAL),
            shown: false,
        }
    }

    pub(crate) fn is_at(&mut self, done: u64, total: Option<u64>) {
        let from = *self.from.get_or_insert(done);
        let now = Instant::now();
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + INTERVAL);
            self.shown = true;
            let line = line(self.what, from, done, total, now - self.began);
            // Nothing depends on the line, so a failure to write it is no failure.
            let _ = write!(stderr(), "\r{line:60}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(stderr(), "\r{:60}\r", "");
        }
    }
}

/// How much has gone through, of how much, and the average rate since it was at `from`.
pub(crate) fn line(
    what: &str,
    from: u64,
    done: u64,
    total: Option<u64>,
    elapsed: Duration,
) -> String {
    let rate = mebibytes(done.saturating_sub(from)) / elapsed.as_secs_f64().max(0.001);
    let of_all = match total {
        Some(total) => format!(" of {:.1}", mebibytes(total)),
        None => String::new(),
    };
    format!("{what} {:.1}{of_all} MiB, {rate:.1} MiB/s", mebibytes(done))
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
