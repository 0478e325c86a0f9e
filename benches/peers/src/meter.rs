//! What a run of a contestant took: wall clock and CPU of its process.

use std::time::Instant;

use cpu_time::ProcessTime;

use crate::samples::Sample;

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
