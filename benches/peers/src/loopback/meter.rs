//! What a run of a contestant took: wall clock and CPU of its process.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use cpu_time::ProcessTime;

use crate::Result;

/// What one run took, in nanoseconds.
pub(crate) struct Sample {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.wall, self.cpu)
    }
}

impl FromStr for Sample {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self> {
        let (wall, cpu) = text.trim().split_once(' ').ok_or("no sample")?;
        Ok(Self {
            wall: wall.parse()?,
            cpu: cpu.parse()?,
        })
    }
}

/// Measures from its start on.
pub(crate) struct Meter {
    wall: Instant,
    cpu: ProcessTime,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self {
            cpu: ProcessTime::now(),
            wall: Instant::now(),
        }
    }

    pub(crate) fn stop(self) -> Sample {
        let wall = self.wall.elapsed().as_nanos() as f64;
        let cpu = self.cpu.elapsed().as_nanos() as f64;
        Sample { wall, cpu }
    }
}
