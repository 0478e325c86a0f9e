//! Base64 (RFC 4648 section 4), with padding; only the direction that `Basic` needs.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The octets as text of the standard alphabet.
pub(crate) fn encode(octets: &[u8]) -> String {
    let mut text = String::new();
    for group in octets.chunks(3) {
        let octet = |place: usize| group.get(place).copied().unwrap_or_default();
        let bits = u32::from_be_bytes([0, octet(0), octet(1), octet(2)]);
        for (character, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            // One octet gives two characters, two give three.
            let given = character <= group.len();
            text.push(if given { digit(bits >> shift) } else { '=' });
        }
    }
    text
}

/// The character of the lowest six bits.
fn digit(bits: u32) -> char {
    let place = usize::try_from(bits & 63).unwrap_or_default();
    ALPHABET.get(place).map_or('=', |digit| char::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(octets.as_bytes()), text);
        }
    }

    #[test]
    fn every_digit_stands_in_its_place() {
        let octets: Vec<u8> = (0..16u32)
            .flat_map(|i| {
                let group = (4 * i) << 18 | (4 * i + 1) << 12 | (4 * i + 2) << 6 | (4 * i + 3);
                group.to_be_bytes().into_iter().skip(1)
            })
            .collect();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        assert_eq!(encode(&octets), alphabet);
    }
}
