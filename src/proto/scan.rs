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

/// What a function says of each octet.
macro_rules! table {
    ($function:ident) => {{
        let mut table = [$function(0); 256];
        let mut octet = 0u8;
        loop {
            #[expect(
                clippy::indexing_slicing,
                clippy::as_conversions,
                reason = "evaluated at compile time"
            )]
            {
                table[octet as usize] = $function(octet);
            }
            if octet == u8::MAX {
                break table;
            }
            octet = octet.wrapping_add(1);
        }
    }};
}

static TCHAR: [bool; 256] = table!(is_tchar);

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

/// The name at the start of a field line, and the rest of the line; nothing where only the end of a
/// section is left.
#[inline(always)]
pub(crate) fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let usual = match line.first_chunk::<32>() {
        Some(block) => usual_name_length(block),
        None => match line.first_chunk::<16>() {
            Some(block) => usual_name_length(block),
            None => return split_short_line(line),
        },
    };
    match line.split_at_checked(usual)? {
        (name, rest @ [b':', ..]) => Some((name, rest)),
        _ => split_any_name(line),
    }
}

/// As [`split_name`], where no block is left: the last line of many requests.
#[inline(never)]
fn split_short_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    match line {
        b"\r\n" => None,
        _ => line.split_at_checked(token_length(line)),
    }
}

/// As [`split_name`], for longer names and all their octets.
#[cold]
fn split_any_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    line.split_at_checked(token_length(line))
}

/// The number of leading octets that are letters, digits or `-`, of which most names consist.
///
/// The whole block is looked at, without a branch: the ends of names are unpredictable, and a
/// wrong guess costs a processor more than the look. This form becomes vector operations.
#[inline(always)]
fn usual_name_length<const N: usize>(block: &[u8; N]) -> usize {
    steps::count(N);
    let length = u8::try_from(N).unwrap_or(u8::MAX);
    let mut left = length;
    let mut most_left = 0;
    for &octet in block {
        let usual = u8::from(is_usual_in_names(octet)).wrapping_neg();
        most_left = left.saturating_sub(usual).max(most_left);
        left = left.wrapping_sub(1);
    }
    usize::from(length.wrapping_sub(most_left))
}

/// A letter, a digit or `-`; each range by one signed comparison, which all vector units have.
#[inline(always)]
fn is_usual_in_names(octet: u8) -> bool {
    let letter = signed((octet | 0x20).wrapping_add(0x7f - b'z')) > 0x7f - 26;
    let digit = signed(octet.wrapping_add(0x7f - b'9')) > 0x7f - 10;
    letter | digit | (octet == b'-')
}

/// SP or visible US-ASCII.
#[inline(always)]
pub(crate) fn is_visible(octet: u8) -> bool {
    signed(octet.wrapping_add(1)) > 0x20
}

#[inline(always)]
fn signed(octet: u8) -> i8 {
    i8::from_ne_bytes([octet])
}

/// The bytes from the first octet on that is neither SP nor visible US-ASCII.
#[inline(always)]
pub(crate) fn from_first_invisible(bytes: &[u8]) -> &[u8] {
    let stop = skip_visible(bytes);
    steps::count(bytes.len().saturating_sub(stop.len()).saturating_add(1));
    stop
}

#[inline(always)]
fn skip_visible(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk() {
        let visible = mask(block, is_visible);
        if visible != 0xffff {
            let place = usize::try_from(visible.trailing_ones()).unwrap_or_default();
            return rest.get(place..).unwrap_or_default();
        }
        rest = after;
    }
    while let [octet, after @ ..] = rest {
        if !is_visible(*octet) {
            break;
        }
        rest = after;
    }
    rest
}

/// One bit for each octet, the lowest for the first: whether it passes. Composed of pairs, the
/// compiler makes one vector comparison of it and takes the bits from that.
#[inline(always)]
fn mask(block: &[u8; 16], passes: impl Fn(u8) -> bool) -> u32 {
    block.chunks_exact(2).rev().fold(0, |mask, pair| {
        let [low, high] = pair else { return mask };
        mask << 2 | (u32::from(passes(*low)) | u32::from(passes(*high)) << 1)
    })
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
    if is_uncontrolled(bytes) {
        return bytes.len();
    }
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

/// Skips blocks of 16 octets that hold no control character.
#[inline]
fn skip_uncontrolled_blocks(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        if holds_control(block) {
            break;
        }
        rest = after;
    }
    rest
}

/// Whether a value as most are, of 8 to 32 octets, holds no control character: its two ends are
/// looked at, which may overlap.
#[inline]
fn is_uncontrolled(bytes: &[u8]) -> bool {
    if let (17..=32, Some(first), Some(last)) = (
        bytes.len(),
        bytes.first_chunk::<16>(),
        bytes.last_chunk::<16>(),
    ) {
        return !(holds_control(first) | holds_control(last));
    }
    if let (8..=16, Some(first), Some(last)) = (
        bytes.len(),
        bytes.first_chunk::<8>(),
        bytes.last_chunk::<8>(),
    ) {
        return !(holds_control(first) | holds_control(last));
    }
    false
}

/// The fold has no early exit, so that the compiler makes one vector comparison of it.
#[inline]
fn holds_control<const N: usize>(block: &[u8; N]) -> bool {
    block
        .iter()
        .fold(false, |any, &octet| any | (octet < b' ') | (octet == 0x7f))
}

/// Whether all octets may stand in a field value.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    value_length(bytes) == bytes.len()
}

/// The place of the first LF.
#[inline]
pub(crate) fn find_lf(bytes: &[u8]) -> Option<usize> {
    find(bytes, b'\n')
}

/// The text before and behind the first `mark`, an octet of US-ASCII.
#[cfg(feature = "urllib")]
pub(crate) fn split_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(find(text.as_bytes(), mark)?)?;
    Some((before, rest.get(1..)?))
}

/// The place of the first such octet.
#[inline]
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        if block
            .iter()
            .fold(false, |any, &octet| any | (octet == wanted))
        {
            break;
        }
        rest = after;
    }
    let skipped = bytes.len().saturating_sub(rest.len());
    let found = rest
        .iter()
        .position(|&octet| octet == wanted)
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
    digits.iter().try_fold(0u64, |number, octet| {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 || number > u64::MAX / 10 {
            return None;
        }
        number.wrapping_mul(10).checked_add(u64::from(digit))
    })
}

/// Whether the bytes are this word in any case; `lower` holds lower-case letters and `-` only.
#[inline]
pub(crate) fn is_word<const N: usize>(bytes: &[u8], lower: &[u8; N]) -> bool {
    let differ = |bytes: &[u8; N]| {
        let pairs = bytes.iter().zip(lower);
        // The bit that tells the cases apart counts where there is no letter.
        pairs.fold(0, |all, (octet, lower)| {
            all | ((octet ^ lower) & !((lower & 0x40) >> 1))
        })
    };
    <&[u8; N]>::try_from(bytes).is_ok_and(|bytes| differ(bytes) == 0)
}

const fn hex_value(octet: u8) -> u8 {
    match octet {
        b'0'..=b'9' => octet.wrapping_sub(b'0'),
        b'a'..=b'f' => octet.wrapping_sub(b'a' - 10),
        b'A'..=b'F' => octet.wrapping_sub(b'A' - 10),
        _ => NO_DIGIT,
    }
}

const NO_DIGIT: u8 = u8::MAX;

static HEX_VALUE: [u8; 256] = table!(hex_value);

/// The value of a hexadecimal digit.
#[inline]
pub(crate) fn hex_digit(octet: u8) -> Option<u8> {
    #[expect(clippy::indexing_slicing, reason = "256 entries for 256 octets")]
    let value = HEX_VALUE[usize::from(octet)];
    (value != NO_DIGIT).then_some(value)
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
    fn split_name_equals_its_plain_twin() {
        for_every_octet_and_place(b'a', |bytes| {
            let colon = bytes.iter().take_while(|&&octet| is_tchar(octet)).count();
            assert_eq!(split_name(bytes), Some(bytes.split_at(colon)), "{bytes:?}");
        });
        assert_eq!(split_name(b"\r\n"), None);
        for name in [
            &b"x"[..],
            &[b'n'; 31],
            &[b'n'; 32],
            &[b'n'; 33],
            b"_._",
            b"a~b",
        ] {
            let line = [name, b": value that makes the line long enough"].concat();
            assert_eq!(split_name(&line), Some(line.split_at(name.len())));
        }
    }

    #[test]
    fn letters_digits_and_hyphens_are_usual_in_names() {
        for octet in 0..=u8::MAX {
            let plain = octet.is_ascii_alphanumeric() || octet == b'-';
            assert_eq!(is_usual_in_names(octet), plain, "{octet:#x}");
            for place in 0..16 {
                let mut block = [b'n'; 16];
                block[place] = octet;
                let length = if plain { 16 } else { place };
                assert_eq!(usual_name_length(&block), length, "{block:?}");
            }
        }
    }

    #[test]
    fn from_first_invisible_equals_its_plain_twin() {
        for filler in [b'v', b'~', b' '] {
            for_every_octet_and_place(filler, |bytes| {
                let visible = |octet: &u8| (b' '..0x7f).contains(octet);
                let plain = bytes.iter().take_while(|octet| visible(octet)).count();
                assert_eq!(from_first_invisible(bytes), &bytes[plain..], "{bytes:?}");
            });
        }
    }

    #[test]
    fn is_word_is_exact_but_for_the_case_of_letters() {
        for place in 0..14 {
            for octet in 0..=u8::MAX {
                let mut bytes = *b"CONTENT-LENGTH";
                bytes[place] = octet;
                let plain = bytes.eq_ignore_ascii_case(b"content-length");
                assert_eq!(is_word(&bytes, b"content-length"), plain, "{bytes:?}");
            }
        }
        assert!(!is_word(b"closed", b"close") && !is_word(b"clos", b"close"));
        // Two octets that differ in the same bit.
        assert!(!is_word(b"bmose", b"close"));
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
    fn only_blocks_with_control_characters_are_not_skipped() {
        for filler in [b' ', b'~', b'\t', 0x80] {
            for_every_octet_and_place(filler, |bytes| {
                let mut blocks = bytes.chunks_exact(16);
                let clean = blocks.position(|block| block.iter().any(u8::is_ascii_control));
                let rest = &bytes[clean.unwrap_or(bytes.len() / 16) * 16..];
                assert_eq!(skip_uncontrolled_blocks(bytes), rest, "{bytes:?}");
            });
        }
    }

    #[test]
    fn find_equals_its_plain_twin() {
        for (filler, wanted) in [(b'x', b'\n'), (b'\n', b'\n'), (b'x', b'?')] {
            for_every_octet_and_place(filler, |bytes| {
                let plain = bytes.iter().position(|&octet| octet == wanted);
                assert_eq!(find(bytes, wanted), plain, "{bytes:?}");
            });
        }
    }

    #[cfg(feature = "urllib")]
    #[test]
    fn split_once_leaves_characters_whole() {
        for text in ["", "/", "a/b/c", "\u{fc}/\u{fc}", "\u{fc}"] {
            assert_eq!(split_once(text, b'/'), text.split_once('/'));
        }
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
