//! What runs of contestants took, and the tables that compare them with the floor, which comes first.

use std::fmt;
use std::str::FromStr;

use crate::Result;
use crate::pinning::Pinning;
use crate::rounds::{median, median_ratio};
use crate::table::Table;

/// What one run took, in nanoseconds: wall clock, and CPU of whoever is measured.
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

/// What a work is counted in.
#[derive(Clone, Copy)]
pub(crate) enum Amount {
    Requests(u64),
    Octets(u64),
}

/// The samples of one contestant in one work, a round each; nothing where it can't do it.
type Rounds = Option<Vec<Sample>>;

/// What all contestants took for one work.
pub(crate) struct Row {
    title: &'static str,
    amount: Amount,
    results: Vec<Rounds>,
}

impl Row {
    /// Those that are able run in turns, so often.
    pub(crate) fn measure<E>(
        (title, amount): (&'static str, Amount),
        rounds: usize,
        entries: &[E],
        able: impl Fn(&E) -> bool,
        run: impl Fn(&E) -> Result<Sample>,
    ) -> Result<Self> {
        let none = |entry| able(entry).then(Vec::new);
        let mut results: Vec<Rounds> = entries.iter().map(none).collect();
        for _ in 0..rounds {
            for (entry, samples) in entries.iter().zip(&mut results) {
                if let Some(samples) = samples {
                    samples.push(run(entry)?);
                }
            }
        }
        Ok(Self {
            title,
            amount,
            results,
        })
    }

    fn cells(&self, cell: Cell) -> impl Iterator<Item = String> {
        let floor = self.results[0].as_deref().unwrap_or_default();
        self.results.iter().map(move |own| match own {
            Some(own) => cell(self.amount, own, floor),
            None => "\u{2013}".into(),
        })
    }
}

/// A cell of a table, from the samples of a contestant and of the floor.
type Cell = fn(Amount, own: &[Sample], floor: &[Sample]) -> String;

/// A row for each work, a column for each contestant.
pub(crate) struct Results {
    pub(crate) names: Vec<&'static str>,
    pub(crate) rows: Vec<Row>,
}

impl Results {
    /// All of a table: what it is, and what it says.
    pub(crate) fn print(&self, title: &str, notes: &str, pinning: &Pinning, is_quick: bool) {
        println!("## {title}\n\n{notes}\n\n{pinning}");
        if is_quick {
            println!("Quick: a 20th of the requests, a 32nd of the octets.");
        }
        println!();
        println!("### CPU \u{f7} floor\n\n{}", self.cpu_ratios());
        println!("### Wall \u{f7} floor\n\n{}", self.wall_ratios());
        println!(
            "### CPU, \u{b5}s per request or s per GB\n\n{}",
            self.costs()
        );
    }

    pub(crate) fn cpu_ratios(&self) -> Table {
        self.table(|_, own, floor| ratio(own, floor, |sample| sample.cpu))
    }

    pub(crate) fn wall_ratios(&self) -> Table {
        self.table(|_, own, floor| ratio(own, floor, |sample| sample.wall))
    }

    /// CPU time.
    pub(crate) fn costs(&self) -> Table {
        self.table(|amount, own, _| cost(amount, own))
    }

    fn table(&self, cell: Cell) -> Table {
        let names = self.names.iter().copied();
        let mut table = Table::new([""].into_iter().chain(names));
        for row in &self.rows {
            table.push(row.title, row.cells(cell));
        }
        table
    }
}

fn ratio(own: &[Sample], floor: &[Sample], time: fn(&Sample) -> f64) -> String {
    let times = |samples: &[Sample]| samples.iter().map(time).collect::<Vec<_>>();
    format!("{:.2}", median_ratio(&times(own), &times(floor)))
}

/// One request in microseconds, or one gigabyte in seconds.
fn cost(amount: Amount, own: &[Sample]) -> String {
    let cpu = median(own.iter().map(|sample| sample.cpu).collect());
    match amount {
        Amount::Octets(octets) => format!("{:.3}", cpu / octets as f64),
        Amount::Requests(requests) => format!("{:.2}", cpu / requests as f64 / 1e3),
    }
}
