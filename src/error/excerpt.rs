//! Octets of a peer or caller in errors: bounded, and escaped where they are shown.

use std::fmt;

/// A bounded piece of what a peer or caller gave, for error messages: the first 128 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Excerpt {
    bytes: Box<[u8]>,
    truncated: bool,
}

impl Excerpt {
    pub(super) const LIMIT: usize = 128;

    pub(crate) fn new(bytes: &[u8]) -> Self {
        let kept = bytes.get(..Self::LIMIT).unwrap_or(bytes);
        Self {
            bytes: kept.into(),
            truncated: kept.len() < bytes.len(),
        }
    }

    /// The bytes, 128 at most.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there was more.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.truncated { "..." } else { "" };
        write!(f, "\"{}\"{dots}", self.bytes.escape_ascii())
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
