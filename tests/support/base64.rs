//! A decoder and encoder of base64 (RFC 4648 section 4) for collected test data.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file needs one direction"
)]

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes padded base64.
///
/// # Panics
/// On anything else.
pub fn decode(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 4, 0, "groups of four");
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.as_bytes().chunks(4) {
        let padding = group.iter().filter(|digit| **digit == b'=').count();
        let bits = group
            .iter()
            .fold(0u32, |bits, digit| bits << 6 | value(*digit));
        octets.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    octets
}

fn value(digit: u8) -> u32 {
    let place = ALPHABET.iter().position(|known| *known == digit);
    match place {
        Some(place) => place as u32,
        None => {
            assert_eq!(digit, b'=', "no base64 digit");
            0
        }
    }
}

/// Encodes with padding.
pub fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let mut bytes = [0; 4];
        bytes[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bytes);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            let padding = place > group.len();
            text.push(char::from(if padding { b'=' } else { digit }));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_come_out() {
        let examples = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in examples {
            assert_eq!(decode(coded), plain.as_bytes());
            assert_eq!(encode(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn all_octets_come_back() {
        let octets: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&octets)), octets);
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    #[should_panic(expected = "no base64 digit")]
    fn other_characters_are_refused() {
        decode("ab-d");
    }
}
