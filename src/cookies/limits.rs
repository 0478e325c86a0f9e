//! How much a jar keeps and sends.

use std::time::Duration;

/// Limits of a jar. What is beyond them is refused, pushed out or not sent; a server can make no
/// jar larger, and no request longer.
///
/// ```
/// use stdhttp::cookies::CookieLimits;
///
/// let limits = CookieLimits { per_domain: 180, ..CookieLimits::DEFAULT };
/// assert_eq!(limits.total, 3_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieLimits {
    /// Cookies of one domain. 50 (RFC 6265bis section 6.1).
    pub per_domain: usize,
    /// Cookies in all. 3,000 (RFC 6265bis section 6.1).
    pub total: usize,
    /// Cookies that one answer may set. 50.
    pub per_response: usize,
    /// Bytes of name and value together. 4,096 (RFC 6265bis section 5.6).
    pub size: usize,
    /// Bytes of the path. 1,024, as for every attribute (RFC 6265bis section 5.6); it also bounds
    /// the path of a cookie that has none and takes it from the request.
    pub path: usize,
    /// The longest that a cookie lives. 400 days (RFC 6265bis section 5.5).
    pub lifetime: Duration,
    /// Cookies in one request. 150.
    pub sent: usize,
    /// Bytes of the field `Cookie` of one request. 8,190.
    pub header: usize,
}

impl CookieLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        per_domain: 50,
        total: 3_000,
        per_response: 50,
        size: 4_096,
        path: 1_024,
        lifetime: Duration::from_secs(400 * 24 * 60 * 60),
        sent: 150,
        header: 8_190,
    };
}

impl Default for CookieLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
