//! Random text for the client's nonces.

use std::hash::{BuildHasher, RandomState};

use super::hash::Hash;

/// Thirty-two hexadecimal digits that nobody can foresee.
///
/// `std` has no generator, but the keys of its hash maps come from the system's. What is shown is a
/// hash of what two sets of them make, so that it tells nothing about the keys.
pub(super) fn token() -> String {
    let hashed = [RandomState::new(), RandomState::new()].map(|keys| keys.hash_one(0u8));
    let [first, second] = hashed.map(u64::to_ne_bytes);
    let mut text = Hash::Sha256.hex(&[&first, &second]);
    text.truncate(32);
    text
}
