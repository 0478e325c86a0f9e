//! `CookieJar`: takes cookies from answers and gives them to requests.
//!
//! What is kept is behind one lock, under which nothing of the caller's runs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::cookie::Cookie;
use super::error::{CookieConflict, Rejection};
use super::limits::CookieLimits;
use super::policy::{CookiePolicy, DefaultCookiePolicy};
use super::rules::Rules;
use super::scope::{self, Site};
use super::store::Store;
use super::time::Moment;
use crate::message::HTTPMessage;
use crate::urllib::Url;

/// Cookies, taken from answers and given to requests by the rules of RFC 6265bis
/// (`http.cookiejar.CookieJar`, with the access by name of `requests.cookies.RequestsCookieJar`).
///
/// All methods take `&self`, so that threads can share one. Hosts are those of URLs; a `Host` field
/// of the caller's own changes nothing. Plain http is not secure, not even to `localhost`.
///
/// ```
/// use stdhttp::cookies::CookieJar;
/// use stdhttp::urllib::Url;
/// use stdhttp::HTTPMessage;
///
/// let mut headers = HTTPMessage::new(); // in practice `response.headers()`
/// headers.append("Set-Cookie", "session=1234; Path=/; Secure; HttpOnly");
/// headers.append("Set-Cookie", "lang=en; Domain=example.org; Max-Age=3600");
///
/// let jar = CookieJar::new();
/// jar.extract_cookies(&headers, &Url::parse("https://www.example.org/login")?);
/// let field = jar.cookie_header(&Url::parse("https://www.example.org/")?);
/// assert_eq!(field.unwrap(), b"session=1234; lang=en");
/// let field = jar.cookie_header(&Url::parse("http://example.org/")?);
/// assert_eq!(field.unwrap(), b"lang=en");
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub struct CookieJar {
    store: Mutex<Store>,
    limits: CookieLimits,
    policy: Arc<dyn CookiePolicy>,
    is_suffix: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl CookieJar {
    /// An empty jar with the default limits and policy.
    #[must_use]
    pub fn new() -> Self {
        Self {
            store: Mutex::default(),
            limits: CookieLimits::DEFAULT,
            policy: Arc::new(DefaultCookiePolicy::default()),
            is_suffix: Arc::new(|_| false),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// With these limits, for cookies that come from now on.
    #[must_use]
    pub fn with_limits(mut self, limits: CookieLimits) -> Self {
        self.limits = limits;
        self
    }

    /// With this policy (`set_policy`).
    #[must_use]
    pub fn with_policy(mut self, policy: impl CookiePolicy + 'static) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// With a list of public suffixes: domains such as `co.uk`, under which others register theirs,
    /// and which must not have cookies. It is asked in lower case. Single labels and addresses
    /// need not be on it.
    #[must_use]
    pub fn with_public_suffixes(
        mut self,
        is_suffix: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_suffix = Arc::new(is_suffix);
        self
    }

    /// With this clock in place of the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the cookies of an answer from this URL (`extract_cookies`); how many were stored.
    ///
    /// They may be of any final status. Each `Set-Cookie` line is judged for itself; those that
    /// can't be stored are left out, and [`store`](Self::store) says why.
    pub fn extract_cookies(&self, headers: &HTTPMessage, url: &Url) -> usize {
        let lines = headers
            .get_all_bytes("Set-Cookie")
            .take(self.limits.per_response);
        lines.filter(|line| self.store(line, url).is_ok()).count()
    }

    /// Takes the cookie of one `Set-Cookie` line of an answer from this URL.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] that says which rule keeps it out.
    pub fn store(&self, line: &[u8], url: &Url) -> Result<(), Rejection> {
        let cookie = self.accept(line, url)?;
        self.set_cookie_if_ok(cookie, url)
    }

    /// The cookies that an answer from this URL would set (`make_cookies`); none is stored.
    #[must_use]
    pub fn make_cookies(&self, headers: &HTTPMessage, url: &Url) -> Vec<Cookie> {
        let lines = headers
            .get_all_bytes("Set-Cookie")
            .take(self.limits.per_response);
        lines
            .filter_map(|line| self.accept(line, url).ok())
            .collect()
    }

    /// Takes a cookie from an answer from this URL if the policy lets it (`set_cookie_if_ok`).
    ///
    /// # Errors
    ///
    /// `Policy`, or `HidesSecure` if the URL is no https one and the jar has a secure cookie that
    /// this one would hide.
    pub fn set_cookie_if_ok(&self, cookie: Cookie, url: &Url) -> Result<(), Rejection> {
        if !self.policy.set_ok(&cookie, url) {
            return Err(Rejection::Policy);
        }
        let now = self.now();
        self.lock().take(cookie, &site(url), now, &self.limits)
    }

    /// Puts a cookie of the caller's own in (`set_cookie`). Neither the policy nor the rules are
    /// asked; the limits hold.
    pub fn set_cookie(&self, mut cookie: Cookie) {
        let now = self.now();
        let expires = cookie.expires;
        cookie.expires = self.with_rules(now, |rules| expires.map(|expiry| rules.capped(expiry)));
        self.lock().insert(cookie, now, &self.limits);
    }

    /// Takes all cookies of another jar (`update`).
    pub fn update(&self, other: &Self) {
        for cookie in other {
            self.set_cookie(cookie);
        }
    }

    /// The value of the field `Cookie` for a request to this URL; `None` if there is no cookie for
    /// it. A request has one such field (RFC 6265bis section 5.8.1).
    #[must_use]
    pub fn cookie_header(&self, url: &Url) -> Option<Vec<u8>> {
        field_of(&self.cookies_for(url), self.limits.header)
    }

    /// The value of `Cookie` with the caller's own cookies for one request, which win by their names and
    /// are sent whatever the limits say, which are there against servers.
    #[cfg(feature = "requests")]
    pub(crate) fn cookie_header_with(&self, own: &[Cookie], url: &Url) -> Option<Vec<u8>> {
        let site = site(url);
        let own = own.iter().filter(|cookie| cookie.belongs_to(&site));
        let own: Vec<Cookie> = own.cloned().collect();
        let mut kept = self.cookies_for(url);
        kept.retain(|kept| !own.iter().any(|own| own.name == kept.name));
        let parts = [
            field_of(&kept, self.limits.header),
            field_of(&own, usize::MAX),
        ];
        let parts: Vec<Vec<u8>> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(&b"; "[..]))
    }

    /// Adds the field `Cookie` to those of a request to this URL, unless there is one already
    /// (`add_cookie_header`).
    pub fn add_cookie_header(&self, headers: &mut HTTPMessage, url: &Url) {
        if headers.contains("Cookie") {
            return;
        }
        if let Some(field) = self.cookie_header(url) {
            headers.append("Cookie", field);
        }
    }

    /// The cookies for a request to this URL, in the order in which they are sent: longer paths
    /// first, then older cookies.
    #[must_use]
    pub fn cookies_for(&self, url: &Url) -> Vec<Cookie> {
        // Most jars are empty, and the time is a call of the system.
        if self.is_empty() {
            return Vec::new();
        }
        let now = self.now();
        let mut found = self.lock().find(&site(url), now);
        found.retain(|cookie| self.policy.return_ok(cookie, url));
        found.truncate(self.limits.sent);
        found
    }

    /// The cookie of this name, in one domain and path or in any.
    ///
    /// # Errors
    ///
    /// [`CookieConflict`] if there are several.
    pub fn get(
        &self,
        name: &str,
        domain: Option<&str>,
        path: Option<&str>,
    ) -> Result<Option<Cookie>, CookieConflict> {
        let kind = Kind::new(domain, path, Some(name));
        let store = self.lock();
        let mut found = store.cookies().iter().filter(|cookie| kind.has(cookie));
        match (found.next(), found.count()) {
            (first, 0) => Ok(first.cloned()),
            (_, others) => Err(CookieConflict {
                count: others.saturating_add(1),
            }),
        }
    }

    /// Names and values of the cookies in one domain and path or in any, as text, in the order of
    /// their creation (`get_dict`, `items`).
    #[must_use]
    pub fn items(&self, domain: Option<&str>, path: Option<&str>) -> Vec<(String, String)> {
        let kind = Kind::new(domain, path, None);
        let store = self.lock();
        let found = store.cookies().iter().filter(|cookie| kind.has(cookie));
        let pair = |cookie: &Cookie| (cookie.name().into_owned(), cookie.value().into_owned());
        found.map(pair).collect()
    }

    /// The domains that have cookies (`list_domains`).
    #[must_use]
    pub fn list_domains(&self) -> Vec<String> {
        self.distinct(Cookie::domain)
    }

    /// The paths that have cookies (`list_paths`).
    #[must_use]
    pub fn list_paths(&self) -> Vec<String> {
        self.distinct(Cookie::path)
    }

    fn distinct(&self, part: impl Fn(&Cookie) -> &str) -> Vec<String> {
        let store = self.lock();
        let parts: BTreeSet<&str> = store.cookies().iter().map(part).collect();
        parts.into_iter().map(str::to_owned).collect()
    }

    /// All cookies in the order of their creation, as they are now.
    pub fn iter(&self) -> std::vec::IntoIter<Cookie> {
        self.lock().cookies().to_vec().into_iter()
    }

    /// The number of cookies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().cookies().len()
    }

    /// Whether there is no cookie.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the cookies of this domain, path and name, each of which may be any (`clear`); how
    /// many there were.
    pub fn clear(&self, domain: Option<&str>, path: Option<&str>, name: Option<&str>) -> usize {
        let kind = Kind::new(domain, path, name);
        self.lock().clear(|cookie| kind.has(cookie))
    }

    /// Drops the cookies that end with the session (`clear_session_cookies`); how many there were.
    pub fn clear_session_cookies(&self) -> usize {
        self.lock().clear(Cookie::is_session)
    }

    /// Drops the cookies that have expired (`clear_expired_cookies`); how many there were. They are
    /// never sent, and go when the next cookie comes.
    pub fn clear_expired_cookies(&self) -> usize {
        let now = self.now();
        self.lock().clear(|cookie| cookie.is_expired_at(now))
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &CookieLimits {
        &self.limits
    }

    pub(super) fn now(&self) -> Moment {
        Moment::of((self.clock)())
    }

    pub(super) fn with_rules<T>(&self, now: Moment, ask: impl FnOnce(&Rules<'_>) -> T) -> T {
        ask(&Rules {
            limits: &self.limits,
            now,
            is_suffix: &*self.is_suffix,
        })
    }

    fn accept(&self, line: &[u8], url: &Url) -> Result<Cookie, Rejection> {
        self.with_rules(self.now(), |rules| rules.accept(line, &site(url)))
    }

    /// What is behind the lock is whole between any two statements, so that a panic of another
    /// thread does no harm to it.
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for CookieJar {
    fn default() -> Self {
        Self::new()
    }
}

/// The cookies, with the same settings.
impl Clone for CookieJar {
    fn clone(&self) -> Self {
        Self {
            store: Mutex::new(self.lock().clone()),
            limits: self.limits,
            policy: self.policy.clone(),
            is_suffix: self.is_suffix.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl IntoIterator for &CookieJar {
    type Item = Cookie;
    type IntoIter = std::vec::IntoIter<Cookie>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Which cookies are meant.
struct Kind<'a> {
    domain: Option<Cow<'a, str>>,
    path: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'a> Kind<'a> {
    /// A domain may be given with its leading dot, as Python writes it.
    fn new(domain: Option<&'a str>, path: Option<&'a str>, name: Option<&'a str>) -> Self {
        let domain = domain.map(|domain| domain.strip_prefix('.').unwrap_or(domain));
        Self {
            domain: domain.map(scope::canonical_host),
            path,
            name,
        }
    }

    fn has(&self, cookie: &Cookie) -> bool {
        self.domain
            .as_ref()
            .is_none_or(|domain| *domain == cookie.domain)
            && self.path.is_none_or(|path| path == cookie.path)
            && self.name.is_none_or(|name| name == cookie.name())
    }
}

/// The value of the field, of no more than so many bytes.
fn field_of(cookies: &[Cookie], most: usize) -> Option<Vec<u8>> {
    let mut field = Vec::new();
    for cookie in cookies {
        let before = field.len();
        if before > 0 {
            field.extend_from_slice(b"; ");
        }
        cookie.append_to(&mut field);
        // Those that come first count most: what does not fit and all behind it stay here.
        if field.len() > most {
            field.truncate(before);
            break;
        }
    }
    (!field.is_empty()).then_some(field)
}

fn site(url: &Url) -> Site<'_> {
    let path = url.path();
    Site {
        host: scope::canonical_host(url.hostname()),
        path: if path.is_empty() { "/" } else { path },
        secure: url.is_https(),
    }
}
