//! A cookie as it is kept: what it says, and which requests it belongs to.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use super::error::CookieError;
use super::scope::{self, Site};
use super::set_cookie::SameSite;
use super::time::Moment;
use crate::message::latin1;
use crate::proto::scan;
use crate::urllib::Url;

/// A cookie with its scope (`http.cookiejar.Cookie`).
///
/// ```
/// use stdhttp::cookies::Cookie;
/// use stdhttp::urllib::Url;
///
/// let url = Url::parse("https://www.example.org/")?;
/// let cookie = Cookie::new("session", "1234", &url)?;
/// assert_eq!((cookie.domain(), cookie.is_host_only()), ("www.example.org", true));
/// let cookie = cookie.with_domain("example.org")?.with_path("/shop")?;
/// assert_eq!((cookie.domain(), cookie.path()), ("example.org", "/shop"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) domain: String,
    pub(super) host_only: bool,
    pub(super) path: String,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
    pub(super) expires: Option<Moment>,
    /// Grow from cookie to cookie, and from use to use; set by the store.
    pub(super) created: u64,
    pub(super) accessed: u64,
}

impl Cookie {
    /// A cookie of the caller's own: for this host alone, all its paths, until the session ends,
    /// and over https alone where the URL is an https one.
    ///
    /// Text is sent as UTF-8.
    ///
    /// # Errors
    ///
    /// `Name` if the name is no token (RFC 6265bis section 4.1.1), `Value` if the value holds a
    /// control character or a semicolon, or blanks at its ends.
    pub fn new(name: &str, value: &str, url: &Url) -> Result<Self, CookieError> {
        if !scan::is_token(name.as_bytes()) {
            return Err(CookieError::Name);
        }
        if !is_plain(value) {
            return Err(CookieError::Value);
        }
        Ok(Self {
            name: name.into(),
            value: value.into(),
            domain: scope::canonical_host(url.hostname()).into_owned(),
            host_only: true,
            path: "/".to_owned(),
            secure: url.is_https(),
            http_only: false,
            same_site: SameSite::Default,
            expires: None,
            created: 0,
            accessed: 0,
        })
    }

    /// For this domain and all that is below it.
    ///
    /// # Errors
    ///
    /// `Domain` unless it is a host name.
    pub fn with_domain(mut self, domain: &str) -> Result<Self, CookieError> {
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        if !is_domain(domain) {
            return Err(CookieError::Domain);
        }
        self.domain = scope::canonical_host(domain).into_owned();
        self.host_only = scope::is_ip(&self.domain);
        Ok(self)
    }

    /// For this path and all that is below it.
    ///
    /// # Errors
    ///
    /// `Path` unless it begins with `/` and can be sent.
    pub fn with_path(mut self, path: &str) -> Result<Self, CookieError> {
        if !path.starts_with('/') || !path.is_ascii() || !is_plain(path) {
            return Err(CookieError::Path);
        }
        path.clone_into(&mut self.path);
        Ok(self)
    }

    /// Until this time, or until the session ends.
    #[must_use]
    pub fn with_expires(mut self, expires: Option<SystemTime>) -> Self {
        self.expires = expires.map(Moment::of);
        self
    }

    /// Whether it is only sent over https.
    #[must_use]
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// The name as text: UTF-8 where it is, otherwise one character for each octet. Empty for
    /// what a server sent without an equals sign.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        text(&self.name)
    }

    /// The value as text: UTF-8 where it is, otherwise one character for each octet. Quotes are
    /// part of it.
    #[must_use]
    pub fn value(&self) -> Cow<'_, str> {
        text(&self.value)
    }

    /// The octets of the name.
    #[must_use]
    pub fn name_bytes(&self) -> &[u8] {
        &self.name
    }

    /// The octets of the value.
    #[must_use]
    pub fn value_bytes(&self) -> &[u8] {
        &self.value
    }

    /// The host or domain, in lower case, without a leading dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it belongs to the host alone and not to those below it (`domain_specified` is the
    /// opposite).
    #[must_use]
    pub fn is_host_only(&self) -> bool {
        self.host_only
    }

    /// The path. One character for each octet.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is only sent over https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the server wants it kept from scripts.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// What the server said of requests from other sites.
    #[must_use]
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// When it expires; `None` for one that ends with the session (`discard`).
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires.and_then(Moment::to_system)
    }

    /// Whether it ends with the session (`discard`).
    #[must_use]
    pub fn is_session(&self) -> bool {
        self.expires.is_none()
    }

    /// Whether it has expired by then.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.is_expired_at(Moment::of(now))
    }

    pub(super) fn is_expired_at(&self, now: Moment) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it is sent with a request (RFC 6265bis section 5.8.3, step 1).
    pub(super) fn belongs_to(&self, site: &Site<'_>) -> bool {
        let host = match self.host_only {
            true => *site.host == *self.domain,
            false => scope::domain_match(&site.host, &self.domain),
        };
        host && scope::path_match(site.path, &self.path) && (site.secure || !self.secure)
    }

    /// Whether it takes the other's place (section 5.7).
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// What it takes in the field `Cookie`, without separators.
    pub(super) fn append_to(&self, field: &mut Vec<u8>) {
        if !self.name.is_empty() {
            field.extend_from_slice(&self.name);
            field.push(b'=');
        }
        field.extend_from_slice(&self.value);
    }
}

/// Masks the value.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Cookie");
        let shown = shown
            .field("name", &self.name())
            .field("domain", &self.domain);
        let shown = shown
            .field("host_only", &self.host_only)
            .field("path", &self.path);
        shown.finish_non_exhaustive()
    }
}

/// Octets as text: UTF-8 where it is, otherwise Latin-1, so that none is lost.
pub(super) fn text(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => latin1(octets),
    }
}

/// Whether a text can stand in a cookie and comes back as it is.
pub(super) fn is_plain(text: &str) -> bool {
    let breaks = |octet: u8| octet.is_ascii_control() || octet == b';';
    let trimmed = text.trim_matches([' ', '\t']);
    trimmed.len() == text.len() && !text.bytes().any(breaks)
}

/// Whether a text can be a host name, as far as cookies care: octets that the host of a URL can hold,
/// no empty label.
pub(super) fn is_domain(text: &str) -> bool {
    let is_allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~:[]%".contains(&octet);
    let name = text.strip_suffix('.').unwrap_or(text);
    name.bytes().all(is_allowed) && name.split('.').all(|label| !label.is_empty())
}
