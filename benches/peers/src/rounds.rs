//! Rounds in which contestants take turns, and the statistics of what they took.

use std::time::{Duration, Instant};

/// How often and for how long each contestant runs.
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    /// The least time of one turn.
    pub(crate) slice: Duration,
}

/// Something that is done over and over within this process.
pub(crate) struct Contestant<'a> {
    repeat: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(mut once: impl FnMut() + 'a) -> Self {
        Self {
            repeat: Box::new(move |count| (0..count).for_each(|_| once())),
        }
    }

    fn time(&mut self, count: u64) -> Duration {
        let start = Instant::now();
        (self.repeat)(count);
        start.elapsed()
    }

    /// How many repeats fill a slice.
    fn calibrate(&mut self, slice: Duration) -> u64 {
        let mut count = 1;
        while self.time(count) < slice {
            count *= 2;
        }
        count
    }
}

/// What each contestant took, by contestant and round.
pub(crate) struct Samples(Vec<Vec<f64>>);

/// Nanoseconds of one repeat.
pub(crate) fn measure(pace: &Pace, mut contestants: Vec<Contestant<'_>>) -> Samples {
    let counts: Vec<u64> = contestants
        .iter_mut()
        .map(|contestant| contestant.calibrate(pace.slice))
        .collect();
    let mut samples = vec![Vec::with_capacity(pace.rounds); contestants.len()];
    for _ in 0..pace.rounds {
        for (index, contestant) in contestants.iter_mut().enumerate() {
            let time = contestant.time(counts[index]).as_nanos() as f64;
            samples[index].push(time / counts[index] as f64);
        }
    }
    Samples(samples)
}

impl Samples {
    pub(crate) fn median(&self, contestant: usize) -> f64 {
        median(self.0[contestant].clone())
    }

    /// The ratio of a contestant to the first.
    pub(crate) fn ratio(&self, contestant: usize) -> f64 {
        median_ratio(&self.0[contestant], &self.0[0])
    }

    /// The first contestant's time, then time and ratio of each other, for a table with
    /// [`columns`]. The samples are divided by `units`.
    pub(crate) fn cells(&self, units: usize) -> Vec<String> {
        let time = |contestant| format!("{:.1}", self.median(contestant) / units as f64);
        let mut cells = vec![time(0)];
        for contestant in 1..self.0.len() {
            cells.push(time(contestant));
            cells.push(format!("{:.2}", self.ratio(contestant)));
        }
        cells
    }
}

/// The names of the columns that [`Samples::cells`] fills.
pub(crate) fn columns(names: &[&str]) -> Vec<String> {
    let mut columns = vec![format!("{}, ns", names[0])];
    for name in &names[1..] {
        columns.push(format!("{name}, ns"));
        columns.push(format!("\u{f7} {}", names[0]));
    }
    columns
}

/// The median of the ratios within each round.
pub(crate) fn median_ratio(own: &[f64], base: &[f64]) -> f64 {
    median(own.iter().zip(base).map(|(own, base)| own / base).collect())
}

pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len() % 2 == 1 {
        return samples[middle];
    }
    (samples[middle - 1] + samples[middle]) / 2.0
}

pub(crate) fn geometric_mean(ratios: &[f64]) -> f64 {
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (logarithms / ratios.len() as f64).exp()
}
