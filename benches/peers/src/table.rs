//! A Markdown table whose columns are padded, so that it reads well in a terminal too.

use std::fmt;

pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self {
            rows: vec![header.into_iter().map(Into::into).collect()],
        }
    }

    /// Adds a row: a name, which is aligned to the left, and cells.
    pub(crate) fn push(
        &mut self,
        name: impl Into<String>,
        cells: impl IntoIterator<Item = String>,
    ) {
        let row = [name.into()].into_iter().chain(cells);
        self.rows.push(row.collect());
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.rows[0].len()).map(width).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate();
            for (column, (cell, width)) in cells {
                match column {
                    0 => write!(f, "| {cell:width$} ")?,
                    _ => write!(f, "| {cell:>width$} ")?,
                }
            }
            writeln!(f, "|")?;
            if index == 0 {
                write_rule(f, &widths)?;
            }
        }
        Ok(())
    }
}

fn write_rule(f: &mut fmt::Formatter<'_>, widths: &[usize]) -> fmt::Result {
    for (column, width) in widths.iter().enumerate() {
        match column {
            0 => write!(f, "|:{:-<1$}", "-", width + 1)?,
            _ => write!(f, "|{:-<1$}:", "-", width + 1)?,
        }
    }
    writeln!(f, "|")
}
