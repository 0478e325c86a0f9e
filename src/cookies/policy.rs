//! What a caller wants stored and sent, beyond the rules.

use super::cookie::Cookie;
use super::scope;
use crate::urllib::Url;

/// Says which cookies may be stored and which may be sent (`http.cookiejar.CookiePolicy`). It is
/// asked about those that the rules of RFC 6265bis allow; it can't allow more.
///
/// It is asked while nothing is locked, and may use the jar.
pub trait CookiePolicy: Send + Sync {
    /// Whether a cookie that an answer from this URL sets may be stored.
    fn set_ok(&self, cookie: &Cookie, url: &Url) -> bool {
        let _ = (cookie, url);
        true
    }

    /// Whether a cookie may be sent with a request to this URL.
    fn return_ok(&self, cookie: &Cookie, url: &Url) -> bool {
        let _ = (cookie, url);
        true
    }
}

/// The policy of a jar that is given none: lists of domains (`http.cookiejar.DefaultCookiePolicy`).
///
/// A domain stands for itself; with a dot before it, for all that is below it.
///
/// ```
/// use stdhttp::cookies::DefaultCookiePolicy;
///
/// let policy = DefaultCookiePolicy {
///     blocked_domains: vec!["ads.example".to_owned(), ".ads.example".to_owned()],
///     ..DefaultCookiePolicy::default()
/// };
/// assert!(policy.is_blocked("eu.ads.example") && !policy.is_blocked("example.org"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultCookiePolicy {
    /// Domains that neither set nor get cookies.
    pub blocked_domains: Vec<String>,
    /// If there is a list, only these domains set and get cookies.
    pub allowed_domains: Option<Vec<String>>,
}

impl DefaultCookiePolicy {
    /// Whether a domain is on the list of those that are blocked.
    #[must_use]
    pub fn is_blocked(&self, domain: &str) -> bool {
        is_listed(&self.blocked_domains, domain)
    }

    /// Whether there is a list of those that are allowed, and a domain is not on it.
    #[must_use]
    pub fn is_not_allowed(&self, domain: &str) -> bool {
        let allowed = self.allowed_domains.as_ref();
        allowed.is_some_and(|allowed| !is_listed(allowed, domain))
    }

    fn allows(&self, url: &Url) -> bool {
        let host = url.hostname();
        !self.is_blocked(host) && !self.is_not_allowed(host)
    }
}

impl CookiePolicy for DefaultCookiePolicy {
    fn set_ok(&self, _: &Cookie, url: &Url) -> bool {
        self.allows(url)
    }

    fn return_ok(&self, _: &Cookie, url: &Url) -> bool {
        self.allows(url)
    }
}

fn is_listed(list: &[String], domain: &str) -> bool {
    let domain = scope::canonical_host(domain);
    list.iter().any(|entry| match entry.strip_prefix('.') {
        Some(parent) => {
            let parent = scope::canonical_host(parent);
            domain != parent && scope::domain_match(&domain, &parent)
        }
        None => scope::canonical_host(entry) == domain,
    })
}
