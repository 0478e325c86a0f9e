//! Byte classes of the grammar and the scanning of runs of them, several octets at a time.
//!
//! RFC 9110 sections 5.5 and 5.6.2. Each fast scan has a plain twin in the tests, which proves
//! them equal for every octet at every place.

use crate::proto::steps;

/// One octet of a token: `tchar` of RFC 9110 section 5.6.2.
const fn is_tchar(octet: u8) -> bool {
    matches!(octet,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
        | b'`' | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
}

/// A control character of US-ASCII.
const fn is_control(octet: u8) -> bool {
    octet < b' ' || octet == 0x7f
}

/// SP or HTAB: the white space of the grammar (RFC 9110 section 5.6.3).
pub(crate) const fn is_blank(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

static TCHAR: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0u8;
    loop {
        #[expect(
            clippy::indexing_slicing,
            clippy::as_conversions,
            reason = "evaluated at compile time"
        )]
        {
            table[octet as usize] = is_tchar(octet);
        }
        if octet == u8::MAX {
            break table;
        }
        octet += 1;
    }
};

#[inline]
fn is_tchar_fast(octet: u8) -> bool {
    #[expect(clippy::indexing_slicing, reason = "256 entries for 256 octets")]
    TCHAR[usize::from(octet)]
}

/// The number of leading octets that are `tchar`.
#[inline]
pub(crate) fn token_length(bytes: &[u8]) -> usize {
    let length = bytes
        .iter()
        .position(|&octet| !is_tchar_fast(octet))
        .unwrap_or(bytes.len());
    steps::count(length.saturating_add(1));
    length
}

/// Whether all of it is a token, which has at least one octet.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_length(bytes) == bytes.len()
}

/// The number of leading octets that a field value may hold: VCHAR, SP, HTAB and obs-text (RFC
/// 9110 section 5.5).
#[inline]
pub(crate) fn value_length(bytes: &[u8]) -> usize {
    let length = uncontrolled_length(bytes);
    steps::count(length.saturating_add(1));
    length
}

#[inline]
fn uncontrolled_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        rest = skip_uncontrolled_blocks(rest);
        let run = rest.iter().position(|&octet| is_control(octet));
        match run.and_then(|at| rest.get(at..)) {
            None => return bytes.len(),
            Some([b'\t', after @ ..]) => rest = after,
            Some(stop) => return bytes.len().saturating_sub(stop.len()),
        }
    }
}

/// Skips blocks of 16 octets that hold no control character. The fold has no early exit, so that
/// the compiler makes one vector comparison of it.
#[inline]
fn skip_uncontrolled_blocks(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        if block
            .iter()
            .fold(false, |any, &octet| any | (octet < b' ') | (octet == 0x7f))
        {
            break;
        }
        rest = after;
    }
    rest
}

/// Whether all octets may stand in a field value.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    value_length(bytes) == bytes.len()
}

/// The place of the first LF.
#[inline]
pub(crate) fn find_lf(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        if block
            .iter()
            .fold(false, |any, &octet| any | (octet == b'\n'))
        {
            break;
        }
        rest = after;
    }
    let skipped = bytes.len().saturating_sub(rest.len());
    let found = rest
        .iter()
        .position(|&octet| octet == b'\n')
        .map(|at| at.saturating_add(skipped));
    steps::count(found.unwrap_or(bytes.len()).saturating_add(1));
    found
}

/// The bytes without SP and HTAB at both ends.
#[inline]
pub(crate) fn trim_blank(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        if !is_blank(*first) {
            break;
        }
        rest = after;
    }
    trim_blank_end(rest)
}

/// The bytes without SP and HTAB at the end.
#[inline]
pub(crate) fn trim_blank_end(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [before @ .., last] = rest {
        if !is_blank(*last) {
            break;
        }
        rest = before;
    }
    rest
}

/// The elements of a comma-separated list, trimmed, without empty ones (RFC 9110 section 5.6.1).
pub(crate) fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&octet| octet == b',')
        .map(trim_blank)
        .filter(|element| !element.is_empty())
}

/// A number written as 1*DIGIT that fits into 64 bits; leading zeros are allowed.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &octet| {
        let digit = char::from(octet).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The value of a hexadecimal digit.
#[inline]
pub(crate) fn hex_digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(octet.wrapping_sub(b'a' - 10)),
        b'A'..=b'F' => Some(octet.wrapping_sub(b'A' - 10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One octet of a field value: VCHAR, SP, HTAB or obs-text (RFC 9110 section 5.5).
    fn is_value_octet(octet: u8) -> bool {
        octet == b'\t' || (octet >= b' ' && octet != 0x7f)
    }

    /// Every octet at every place of runs as long as three blocks.
    fn for_every_octet_and_place(filler: u8, check: impl Fn(&[u8])) {
        for length in 0..50 {
            let mut bytes = vec![filler; length];
            check(&bytes);
            for place in 0..length {
                for octet in 0..=u8::MAX {
                    bytes[place] = octet;
                    check(&bytes);
                }
                bytes[place] = filler;
            }
        }
    }

    #[test]
    fn token_length_equals_its_plain_twin() {
        for_every_octet_and_place(b'a', |bytes| {
            let plain = bytes.iter().take_while(|&&octet| is_tchar(octet)).count();
            assert_eq!(token_length(bytes), plain, "{bytes:?}");
        });
    }

    #[test]
    fn value_length_equals_its_plain_twin() {
        for filler in [b'v', b'\t', 0xff] {
            for_every_octet_and_place(filler, |bytes| {
                let plain = bytes
                    .iter()
                    .take_while(|&&octet| is_value_octet(octet))
                    .count();
                assert_eq!(value_length(bytes), plain, "{bytes:?}");
            });
        }
    }

    #[test]
    fn find_lf_equals_its_plain_twin() {
        for_every_octet_and_place(b'x', |bytes| {
            let plain = bytes.iter().position(|&octet| octet == b'\n');
            assert_eq!(find_lf(bytes), plain, "{bytes:?}");
        });
    }

    #[test]
    fn tchar_is_exactly_the_list_of_the_rfc() {
        let specials = b"!#$%&'*+-.^_`|~";
        for octet in 0..=u8::MAX {
            let expected = octet.is_ascii_alphanumeric() || specials.contains(&octet);
            assert_eq!(is_tchar_fast(octet), expected, "{octet:#x}");
        }
    }

    #[test]
    fn decimal_is_digits_only_and_checked() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"00000000000000000000000000000005"), Some(5));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for bad in [
            &b""[..],
            b"+1",
            b"-1",
            b"1 ",
            b"0x1",
            b"1_0",
            b"18446744073709551616",
        ] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn hex_digit_equals_char_to_digit() {
        for octet in 0..=u8::MAX {
            let plain = char::from(octet).to_digit(16).filter(|_| octet.is_ascii());
            assert_eq!(hex_digit(octet).map(u32::from), plain);
        }
    }
}
