//! The crate's reading of the requests of a connection beside that of the naive parser.

#![allow(unreachable_pub, reason = "several test files share it")]

use crate::naive;
use crate::requests::{Outcome, run};

/// Compares the two readings of a connection that ends, and that of two pieces; how many requests are
/// whole.
pub fn compare(input: &[u8], cut: usize) -> usize {
    let (came, left) = run(input, true, &[]);
    let expected = naive::connection_with_ends(input);
    let outcomes: Vec<_> = expected
        .iter()
        .map(|(outcome, _)| outcome.clone())
        .collect();
    assert_eq!(came, outcomes, "\"{}\"", input.escape_ascii());
    if let Some((Outcome::Taken(taken), end)) = expected.last() {
        let whole = taken.broken.is_none();
        assert!(
            !whole || input.len() - left == *end,
            "{left} left, not {end}"
        );
    }
    let (pieces, _) = run(input, true, &[cut]);
    assert_eq!(pieces, came, "cut at {cut}: \"{}\"", input.escape_ascii());
    let is_whole =
        |outcome: &&Outcome| matches!(outcome, Outcome::Taken(taken) if taken.broken.is_none());
    came.iter().filter(is_whole).count()
}
