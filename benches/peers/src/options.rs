//! The arguments: which tables, how many rounds, how much in each.

use std::fmt;
use std::time::Duration;

use crate::rounds::Pace;
#[cfg(target_os = "linux")]
use crate::servers;
use crate::{Result, chunk, loopback, memory, parse, sessions};

/// Prints one table, or a few that belong together.
type Print = fn(&Options) -> Result<()>;

/// Every table by its name, in the order in which they are printed.
pub(crate) const TABLES: &[(&str, Print)] = &[
    ("parse", parse::print),
    ("chunk", chunk::print),
    ("memory", memory::print),
    ("loopback", loopback::print),
    #[cfg(target_os = "linux")]
    ("servers", servers::print),
    ("sessions", sessions::print),
];

/// Rounds in memory are so short that there can be more of them.
const ROUNDS_IN_MEMORY: usize = 8;

pub(crate) struct Options {
    tables: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let (mut tables, mut rounds, mut quick) = (Vec::new(), None, false);
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => quick = true,
                "--rounds" => rounds = Some(number(arguments.next())?),
                name if TABLES.iter().any(|(known, _)| *known == name) => tables.push(name.into()),
                other => return Err(format!("{other}: no such table or option").into()),
            }
        }
        let rounds = rounds.unwrap_or(if quick { 2 } else { 7 });
        Ok(Self {
            tables,
            rounds,
            quick,
        })
    }

    /// Whether this table is to be printed.
    pub(crate) fn wants(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|wanted| wanted == table)
    }

    /// How long to measure what happens in memory.
    pub(crate) fn pace(&self) -> Pace {
        if self.quick {
            return Pace {
                rounds: self.rounds,
                slice: Duration::from_micros(200),
            };
        }
        Pace {
            rounds: self.rounds * ROUNDS_IN_MEMORY,
            slice: Duration::from_millis(2),
        }
    }
}

fn number(argument: Option<&String>) -> Result<usize> {
    let number = argument.and_then(|text| text.parse().ok());
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| "--rounds wants a number above 0".into())
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rounds over loopback, {} in memory; medians. \u{f7} is the median of the ratios \
             within each round; below 1 is faster.",
            self.rounds,
            self.pace().rounds
        )?;
        if self.quick {
            writeln!(f, "\nA quick run: its figures mean nothing.")?;
        }
        Ok(())
    }
}
