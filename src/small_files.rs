//! Files that say they are small, and are read before anybody is told their length: the kernel says 0,
//! or one page of up to 65,536 bytes, of files that it makes up (`/proc`, `/sys`).

use std::fs::File;
use std::io::{self, Read, Seek};

/// A file that says it has less than so many bytes is one of them.
pub(crate) const SMALL_FILE: u64 = 70_000;

/// What is left of a file that says it is small. Nothing if it is not: the file then stands where it
/// stood.
pub(crate) fn read_small(mut file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let count = file.take(SMALL_FILE).read_to_end(&mut bytes)?;
    if u64::try_from(count).is_ok_and(|count| count < SMALL_FILE) {
        return Ok(Some(bytes));
    }
    let back = i64::try_from(count).unwrap_or_default().wrapping_neg();
    file.seek_relative(back)?;
    Ok(None)
}
