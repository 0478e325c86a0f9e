//! Which cookies of a server are taken, and as what (RFC 6265bis section 5.7), as far as the store
//! has no part in it.

use super::cookie::{Cookie, is_domain};
use super::error::Rejection;
use super::limits::CookieLimits;
use super::scope::{self, Site};
use super::set_cookie::{Lifetime, SameSite, SetCookie};
use super::time::Moment;
use crate::message::latin1;

/// What the decision depends on beside the line.
pub(super) struct Rules<'a> {
    pub(super) limits: &'a CookieLimits,
    pub(super) now: Moment,
    /// Whether a domain is a public suffix, as far as the caller knows.
    pub(super) is_suffix: &'a dyn Fn(&str) -> bool,
}

impl Rules<'_> {
    /// The cookie that a line of an answer from this site sets.
    pub(super) fn accept(&self, line: &[u8], site: &Site<'_>) -> Result<Cookie, Rejection> {
        let set = SetCookie::parse(line).ok_or(Rejection::Malformed)?;
        if set.name.len().saturating_add(set.value.len()) > self.limits.size {
            return Err(Rejection::TooLarge);
        }
        let (domain, host_only) = self.domain(set.domain, &site.host)?;
        let cookie = Cookie {
            name: set.name.to_vec(),
            value: set.value.to_vec(),
            domain,
            host_only,
            path: self.path(set.path, site.path)?,
            secure: set.secure,
            http_only: set.http_only,
            same_site: set.same_site,
            expires: set.lifetime().map(|lifetime| self.expiry(lifetime)),
            created: 0,
            accessed: 0,
        };
        if cookie.secure && !site.secure {
            return Err(Rejection::Insecure);
        }
        if cookie.same_site == SameSite::None && !cookie.secure {
            return Err(Rejection::SameSite);
        }
        // The path has to be stated: `/a`'s default path is `/` as well.
        let states_root = set.path == b"/";
        match keeps_promise(&cookie, states_root) {
            true => Ok(cookie),
            false => Err(Rejection::Prefix),
        }
    }

    /// The domain, and whether the cookie belongs to that host alone.
    fn domain(&self, attribute: &[u8], host: &str) -> Result<(String, bool), Rejection> {
        if attribute.is_empty() {
            return Ok((host.to_owned(), true));
        }
        let domain = attribute.strip_prefix(b".").unwrap_or(attribute);
        let domain = std::str::from_utf8(domain).map_err(|_| Rejection::ForeignDomain)?;
        let domain = domain.to_ascii_lowercase();
        if !is_domain(&domain) || !scope::domain_match(host, &domain) {
            return Err(Rejection::ForeignDomain);
        }
        match self.is_shared(&domain) {
            false => Ok((domain, false)),
            true if domain == host => Ok((domain, true)),
            true => Err(Rejection::PublicSuffix),
        }
    }

    /// Whether a domain must not have cookies for all that is below it: public suffixes, among
    /// which every single label counts, and addresses, which have nothing below them.
    pub(super) fn is_shared(&self, domain: &str) -> bool {
        !domain.contains('.') || scope::is_ip(domain) || (self.is_suffix)(domain)
    }

    fn path(&self, attribute: &[u8], of_request: &str) -> Result<String, Rejection> {
        let path = match attribute.first() {
            Some(b'/') => latin1(attribute),
            _ => scope::default_path(of_request).into(),
        };
        match path.len() <= self.limits.path {
            true => Ok(path.into_owned()),
            false => Err(Rejection::TooLarge),
        }
    }

    fn expiry(&self, lifetime: Lifetime) -> Moment {
        match lifetime {
            Lifetime::For(None) => Moment::FIRST,
            Lifetime::For(Some(time)) => self.capped(self.now.after(time)),
            Lifetime::Until(moment) => self.capped(moment),
        }
    }

    /// No later than the longest lifetime allows (section 5.5).
    pub(super) fn capped(&self, expiry: Moment) -> Moment {
        expiry.min(self.now.after(self.limits.lifetime))
    }
}

/// Whether a cookie has what the prefix of its name promises (section 4.1.3). Servers that read a
/// value without a name as a name must not be led astray by one either.
pub(super) fn keeps_promise(cookie: &Cookie, states_root: bool) -> bool {
    let has_prefix = |text: &[u8], prefix: &[u8]| {
        let start = text.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let is_secure = |text: &[u8]| has_prefix(text, b"__Secure-");
    let is_host = |text: &[u8]| has_prefix(text, b"__Host-");
    if cookie.name.is_empty() {
        return !is_secure(&cookie.value) && !is_host(&cookie.value);
    }
    let secure = cookie.secure || !is_secure(&cookie.name);
    let host = cookie.secure && cookie.host_only && states_root;
    secure && (host || !is_host(&cookie.name))
}
