//! The hashes that `Digest` needs and `std` has not, and the Base64 of `Basic`.
//!
//! They serve authentication and nothing else. MD5 is broken for most other ends; it is here
//! because RFC 7616 makes it the default, and a stronger one is taken where a server offers it.

pub(crate) mod base64;
mod md5;
mod sha2;

use std::iter;

/// A hash function of RFC 7616.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    /// The digest of these octets, one after another, in lower-case hexadecimal digits.
    pub(crate) fn hex(self, parts: &[&[u8]]) -> String {
        let digest = match self {
            Self::Md5 => md5::digest(parts),
            Self::Sha256 => sha2::sha256(parts),
            Self::Sha512_256 => sha2::sha512_256(parts),
        };
        hex(&digest)
    }
}

/// Octets in lower-case hexadecimal digits.
fn hex(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    let digit = |digit| char::from_digit(u32::from(digit), 16).unwrap_or('0');
    digits.map(digit).collect()
}

/// Cuts a message into blocks of `N` octets; the last is filled up with a 1 bit, zeros and the
/// length in bits, which takes `L` octets (RFC 1321 section 3, FIPS 180-4 section 5.1).
fn blocks<const N: usize, const L: usize>(
    parts: &[&[u8]],
    length: impl Fn(u64) -> [u8; L],
) -> impl Iterator<Item = [u8; N]> {
    let octets = parts
        .iter()
        .fold(0usize, |sum, part| sum.wrapping_add(part.len()));
    let bits = u64::try_from(octets).unwrap_or(u64::MAX).wrapping_mul(8);
    // What is left of the last block behind the message, the 1 bit's octet and the length.
    let used = octets.wrapping_add(1).wrapping_add(L);
    let zeros = used.next_multiple_of(N).wrapping_sub(used);
    let filling = iter::once(0x80)
        .chain(iter::repeat_n(0, zeros))
        .chain(length(bits));
    let mut message = parts
        .iter()
        .flat_map(|part| part.iter().copied())
        .chain(filling);
    iter::from_fn(move || {
        let mut block = [0; N];
        for place in &mut block {
            *place = message.next()?;
        }
        Some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::Hash;

    const HASHES: [Hash; 3] = [Hash::Md5, Hash::Sha256, Hash::Sha512_256];

    /// The test suite of RFC 1321 section A.5.
    #[test]
    fn the_vectors_of_rfc_1321() {
        for (message, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "abcdefghijklmnopqrstuvwxyz",
                "c3fcd3d76192e4007dfb496cca67e13b",
            ),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(Hash::Md5.hex(&[message.as_bytes()]), digest);
        }
    }

    /// NIST's examples for FIPS 180-4: nothing, one block, two blocks, a million octets.
    #[test]
    fn the_examples_of_nist() {
        let long = vec![b'a'; 1_000_000];
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let two_long_blocks = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn\
            hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
        for (hash, message, digest) in [
            (
                Hash::Sha256,
                &b""[..],
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                Hash::Sha256,
                b"abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Hash::Sha256,
                two_blocks,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                Hash::Sha256,
                &long,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
            (
                Hash::Sha512_256,
                b"",
                "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            ),
            (
                Hash::Sha512_256,
                b"abc",
                "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
            ),
            (
                Hash::Sha512_256,
                two_long_blocks,
                "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a",
            ),
            (
                Hash::Sha512_256,
                &long,
                "9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21",
            ),
        ] {
            assert_eq!(hash.hex(&[message]), digest, "{hash:?}");
        }
    }

    /// Messages of each length up to 300, so that every way to fill the last block occurs; their
    /// digests hashed together, as another implementation (OpenSSL's) has them.
    #[test]
    fn every_length_of_the_last_block() {
        let expected = [
            "6b17c297413904f899439ba384a83c93",
            "94bc81110d562891b0adac6bac4837f28ae9118c192446b6ac4414fdf4c6e629",
            "ffbd7b2eb389ac81bbb479391f1ef311b241a934636516121e9ac61b4c60e48d",
        ];
        for (hash, expected) in HASHES.into_iter().zip(expected) {
            let digests = (0..=300usize).map(|length| {
                let octets = (0..length).map(|i| u8::try_from((i * 7 + length) % 256).unwrap());
                hash.hex(&[&octets.collect::<Vec<u8>>()])
            });
            let together = digests.collect::<String>();
            assert_eq!(hash.hex(&[together.as_bytes()]), expected, "{hash:?}");
        }
    }

    #[test]
    fn a_message_may_come_in_parts() {
        for hash in HASHES {
            let parts: [&[u8]; 4] = [b"ab", b"", b"c", &[7; 200]];
            assert_eq!(hash.hex(&parts), hash.hex(&[&parts.concat()]), "{hash:?}");
        }
    }
}
