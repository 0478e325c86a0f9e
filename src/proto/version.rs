//! The version of a message (RFC 9110 section 2.5).

/// The version of a message (RFC 9110 section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HTTPVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1, or a higher minor version, which is processed as 1.1.
    Http11,
}

impl HTTPVersion {
    /// `http.client`'s number for it: 10 or 11.
    pub fn number(self) -> u8 {
        match self {
            Self::Http10 => 10,
            Self::Http11 => 11,
        }
    }

    /// `HTTP/1.0` or `HTTP/1.1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}
