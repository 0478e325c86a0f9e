//! Changes to answers that keep most of their structure: lines duplicated, deleted or swapped,
//! letters in the other case, one octet put in, two answers spliced, a number edited, a cut.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file makes some of the changes"
)]

use crate::random::Random;

/// Octets that mean something in a message, and some that only look as if they did.
pub const OCTETS: &[u8; 40] =
    b"019afAFgxX+-.,;:=\"_ \t\r\n\0\x0b\x0c\x1f\x7f()/\\%#\x80\x85\xa0\xb2\xd9\xff";

/// Changes `base` in one to four steps; `other` is what may be spliced to it.
pub fn mutate(random: &mut Random, base: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    let most = *random.choose(&[1, 1, 2, 4]);
    for _ in 0..1 + random.below(most) {
        bytes = step(random, &bytes, other);
    }
    bytes
}

fn step(random: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let place = random.below(bytes.len() + 1);
    let (before, after) = bytes.split_at(place);
    match random.below(10) {
        0 => change_lines(random, bytes, |lines, one, _| lines.insert(one, lines[one])),
        1 => change_lines(random, bytes, |lines, one, _| {
            lines.remove(one);
        }),
        2 => change_lines(random, bytes, |lines, one, two| lines.swap(one, two)),
        3 => change_case(random, bytes),
        4 | 5 => [before, &[*random.choose(OCTETS)], after].concat(),
        6 => [before, &other[random.below(other.len() + 1)..]].concat(),
        7 | 8 => edit_number(random, bytes),
        _ => before.to_vec(),
    }
}

fn change_lines(
    random: &mut Random,
    bytes: &[u8],
    change: impl Fn(&mut Vec<&[u8]>, usize, usize),
) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|octet| *octet == b'\n').collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let (one, two) = (random.below(lines.len()), random.below(lines.len()));
    change(&mut lines, one, two);
    lines.concat()
}

fn change_case(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let start = random.below(bytes.len() + 1);
    let length = 1 + random.below(12);
    for octet in bytes.iter_mut().skip(start).take(length) {
        if octet.is_ascii_alphabetic() {
            *octet ^= 0x20;
        }
    }
    bytes
}

/// Replaces one run of digits by a number near it, far from it, or written in another way.
fn edit_number(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|place| is_digit(*place) && (*place == 0 || !is_digit(place - 1)))
        .collect();
    if starts.is_empty() {
        return bytes.to_vec();
    }
    let start = *random.choose(&starts);
    let end = (start..)
        .find(|place| !is_digit(*place))
        .unwrap_or(bytes.len());
    let digits = String::from_utf8_lossy(&bytes[start..end]).into_owned();
    let number: u128 = digits.parse().unwrap_or(u128::MAX).min(u128::MAX / 16);
    let edited = match random.below(7) {
        0 => (number + 1).to_string(),
        1 => number.saturating_sub(1).to_string(),
        2 => (number * 16).to_string(),
        3 => format!("{digits}, {digits}"),
        4 => format!("0{digits}"),
        5 => "18446744073709551616".to_owned(),
        _ => String::new(),
    };
    [&bytes[..start], edited.as_bytes(), &bytes[end..]].concat()
}
