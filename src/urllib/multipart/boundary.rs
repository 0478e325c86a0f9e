//! The boundary of a form: checked, made at random, written as a parameter, and found in data (RFC
//! 2046 section 5.1.1).

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::{scan, steps};

const MAX_LENGTH: usize = 70;

/// Checks a boundary: 1 to 70 of the characters that RFC 2046 has for it, the last no blank.
pub(super) fn check(boundary: &str) -> Result<(), ParseError> {
    let error = |fault, place| ParseError::new(Part::Boundary, fault, place);
    let mut octets = boundary.bytes().enumerate();
    if let Some((place, octet)) = octets.find(|(_, octet)| !is_bchar(*octet)) {
        return Err(error(Fault::Octet(octet), place));
    }
    match boundary.as_bytes() {
        [] => Err(error(Fault::Missing, 0)),
        [.., b' '] => Err(error(Fault::Octet(b' '), boundary.len().saturating_sub(1))),
        octets if octets.len() > MAX_LENGTH => Err(error(Fault::TooMuch(MAX_LENGTH), 0)),
        _ => Ok(()),
    }
}

fn is_bchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'\''
                | b'('
                | b')'
                | b'+'
                | b'_'
                | b','
                | b'-'
                | b'.'
                | b'/'
                | b':'
                | b'='
                | b'?'
                | b' '
        )
}

/// 128 bits that nobody can guess: what two hashers make of nothing with keys that the system gave
/// this thread at random.
pub(super) fn random() -> String {
    let bits = || RandomState::new().hash_one(());
    format!("{:016x}{:016x}", bits(), bits())
}

/// The boundary as a parameter writes it: in quotes unless it is a token.
pub(super) fn parameter(boundary: &str) -> Cow<'_, str> {
    match scan::is_token(boundary.as_bytes()) {
        true => Cow::Borrowed(boundary),
        false => Cow::Owned(format!("\"{boundary}\"")),
    }
}

/// CR LF, two hyphens and the boundary.
pub(super) fn delimiter(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}").into_bytes()
}

/// The first place at which the delimiter stands, or may begin where the data ends.
///
/// No octet but its first is a CR, so that no octet is looked at more than twice.
pub(super) fn find(data: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0_usize;
    loop {
        let rest = data.get(from..).unwrap_or_default();
        let Some(place) = rest.iter().position(|&octet| octet == b'\r') else {
            steps::count(rest.len());
            return None;
        };
        let candidate = rest.get(place..).unwrap_or_default();
        let pairs = candidate.iter().zip(delimiter);
        let same = pairs.take_while(|(one, other)| one == other).count();
        steps::count(place.saturating_add(same).saturating_add(1));
        let place = from.saturating_add(place);
        if same == delimiter.len().min(candidate.len()) {
            return Some(place);
        }
        from = place.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_where_a_plain_search_finds_it() {
        let delimiter = delimiter("b");
        let alphabet = *b"\r\n-bx";
        for number in 0..alphabet.len().pow(7) {
            let mut number = number;
            let mut data = [0; 7];
            for octet in &mut data {
                *octet = alphabet[number % alphabet.len()];
                number /= alphabet.len();
            }
            let may_begin = |place: &usize| {
                let rest = &data[*place..];
                rest.starts_with(&delimiter) || delimiter.starts_with(rest)
            };
            assert_eq!(find(&data, &delimiter), (0..7).find(may_begin), "{data:?}");
        }
    }

    #[test]
    fn no_two_boundaries_are_alike() {
        let boundaries: std::collections::HashSet<String> = (0..1_000).map(|_| random()).collect();
        assert_eq!(boundaries.len(), 1_000);
        assert!(
            boundaries
                .iter()
                .all(|boundary| boundary.len() == 32 && check(boundary).is_ok())
        );
        let other = std::thread::spawn(random).join().unwrap();
        assert!(!boundaries.contains(&other));
    }
}
