//! Which parts of a file a `Range` asks for (RFC 9110 section 14).
//!
//! Pure and bounded: ranges that overlap or touch are one, so that no octet is sent twice; more than
//! [`MOST`] of them are no request for parts but an attack or a mistake, and get the whole.

use std::ops::Range;

use crate::proto::scan;

/// So many ranges one request may have after those that touch are joined.
pub(super) const MOST: usize = 16;

/// What a `Range` field comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ranges {
    /// The whole: there is no range, or none that is understood.
    Whole,
    /// These parts, in the order of the request.
    Parts(Vec<Range<u64>>),
    /// None of them lies in the file: 416.
    Unsatisfiable,
}

impl Ranges {
    /// Reads the value of a `Range` for a file of this length in bytes.
    ///
    /// ```
    /// use stdhttp::server::Ranges;
    ///
    /// assert_eq!(Ranges::parse(b"bytes=0-4", 10), Ranges::Parts(vec![0..5]));
    /// assert_eq!(Ranges::parse(b"bytes=-3", 10), Ranges::Parts(vec![7..10]));
    /// assert_eq!(Ranges::parse(b"bytes=10-", 10), Ranges::Unsatisfiable);
    /// assert_eq!(Ranges::parse(b"lines=1-2", 10), Ranges::Whole);
    /// ```
    pub fn parse(value: &[u8], length: u64) -> Self {
        let Some(set) = byte_set(value) else {
            return Self::Whole;
        };
        let mut parts: Vec<Range<u64>> = Vec::new();
        let mut asked = 0usize;
        for spec in scan::list_elements(set) {
            let Some(range) = parse_spec(spec, length) else {
                return Self::Whole;
            };
            asked = asked.saturating_add(1);
            if range.is_empty() {
                continue;
            }
            add(&mut parts, range);
            if parts.len() > MOST {
                return Self::Whole;
            }
        }
        match parts.len() {
            // An empty file has no part, and is whole at once.
            0 if asked == 0 || length == 0 => Self::Whole,
            0 => Self::Unsatisfiable,
            _ => Self::Parts(parts),
        }
    }
}

fn byte_set(value: &[u8]) -> Option<&[u8]> {
    let (unit, set) = value.split_at_checked(6)?;
    unit.eq_ignore_ascii_case(b"bytes=").then_some(set)
}

/// `first-last`, `first-` or `-suffix`, cut to the file; empty if nothing of it lies there. Nothing
/// if it is none.
fn parse_spec(spec: &[u8], length: u64) -> Option<Range<u64>> {
    let dash = spec.iter().position(|&octet| octet == b'-')?;
    let (first, last) = spec.split_at_checked(dash)?;
    let last = last.get(1..)?;
    match (first, last) {
        ([], suffix) => {
            let suffix = number(suffix)?;
            Some(length.saturating_sub(suffix)..length)
        }
        (first, []) => Some(number(first)?..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..last.saturating_add(1).min(length))
        }
    }
}

/// A number of any size: one that does not fit lies behind every file.
fn number(digits: &[u8]) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all_digits.then(|| scan::decimal(digits).unwrap_or(u64::MAX))
}

/// Joins a range to those that it overlaps or touches; otherwise it comes last.
fn add(parts: &mut Vec<Range<u64>>, range: Range<u64>) {
    let touches = |part: &Range<u64>| part.start <= range.end && range.start <= part.end;
    let Some(place) = parts.iter().position(touches) else {
        return parts.push(range);
    };
    let part = parts.remove(place);
    // What it has become may touch others now.
    let joined = part.start.min(range.start)..part.end.max(range.end);
    add(parts, joined);
}
