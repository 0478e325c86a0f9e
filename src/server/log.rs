//! The lines of the log, in `http.server`'s form, and what clients must not put into them.

use std::fmt::{self, Write as _};
use std::io::Write as _;

/// Text of a client in a line of the log: control characters as `\xNN`, backslashes doubled, as
/// `http.server` has it since gh-100001.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str(r"\\")?,
                '\0'..='\x1f' | '\x7f'..='\u{9f}' => {
                    write!(f, r"\x{:02x}", u32::from(character))?;
                }
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}

/// One line, in one write, so that threads don't mix theirs. What becomes of it can't be helped.
pub(crate) fn to_standard_error(
    address: impl fmt::Display,
    date: &str,
    message: fmt::Arguments<'_>,
) {
    let line = format!("{address} - - [{date}] {message}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
