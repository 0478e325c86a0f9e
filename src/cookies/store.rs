//! The cookies of a jar: replacing, pushing out, finding (RFC 6265bis sections 5.7 and 5.8).

use super::cookie::Cookie;
use super::error::Rejection;
use super::limits::CookieLimits;
use super::scope::{self, Site};
use super::time::Moment;

/// The cookies in the order in which they were created.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    cookies: Vec<Cookie>,
    /// The last number given to a creation or a use.
    counter: u64,
}

impl Store {
    pub(super) fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Whether a cookie from a site that is not secure would hide a secure one, or be sent in its
    /// place (section 5.7, step 16).
    pub(super) fn hides_secure(&self, new: &Cookie, site: &Site<'_>) -> bool {
        let is_hidden = |old: &Cookie| {
            old.secure
                && old.name == new.name
                && (scope::domain_match(&old.domain, &new.domain)
                    || scope::domain_match(&new.domain, &old.domain))
                && scope::path_match(&new.path, &old.path)
        };
        !site.secure && !new.secure && self.cookies.iter().any(is_hidden)
    }

    /// Takes a cookie from a site, unless it would hide a secure one.
    pub(super) fn take(
        &mut self,
        cookie: Cookie,
        site: &Site<'_>,
        now: Moment,
        limits: &CookieLimits,
    ) -> Result<(), Rejection> {
        if self.hides_secure(&cookie, site) {
            return Err(Rejection::HidesSecure);
        }
        self.insert(cookie, now, limits);
        Ok(())
    }

    /// Puts a cookie in, in the place of the one with the same name and scope. One that has expired
    /// only pushes that one out.
    pub(super) fn insert(&mut self, mut cookie: Cookie, now: Moment, limits: &CookieLimits) {
        self.counter = self.counter.saturating_add(1);
        cookie.accessed = self.counter;
        let place = self.cookies.iter().position(|old| old.is_same_as(&cookie));
        match place.and_then(|place| self.cookies.get_mut(place)) {
            Some(old) => {
                cookie.created = old.created;
                *old = cookie;
            }
            None => {
                cookie.created = self.counter;
                self.cookies.push(cookie);
            }
        }
        self.push_out(now, limits);
    }

    /// Drops what is beyond the limits: expired cookies, then of crowded domains those that are not
    /// secure, then any of them, then any at all; of each kind the one that was used least lately.
    fn push_out(&mut self, now: Moment, limits: &CookieLimits) {
        self.clear(|cookie| cookie.is_expired_at(now));
        let Some(newest) = self.cookies.iter().max_by_key(|cookie| cookie.accessed) else {
            return;
        };
        let domain = newest.domain.clone();
        let is_crowd = |cookie: &Cookie| cookie.domain == domain;
        while self
            .cookies
            .iter()
            .filter(|cookie| is_crowd(cookie))
            .count()
            > limits.per_domain
        {
            let dropped = self.drop_oldest(|cookie| is_crowd(cookie) && !cookie.secure);
            if !dropped {
                self.drop_oldest(is_crowd);
            }
        }
        while self.cookies.len() > limits.total {
            self.drop_oldest(|_| true);
        }
    }

    /// Drops the cookie of a kind that was used least lately; whether there was one.
    fn drop_oldest(&mut self, is_kind: impl Fn(&Cookie) -> bool) -> bool {
        let of_kind = self
            .cookies
            .iter()
            .enumerate()
            .filter(|(_, cookie)| is_kind(cookie));
        let oldest = of_kind.min_by_key(|(_, cookie)| cookie.accessed);
        let place = oldest.map(|(place, _)| place);
        place.map(|place| self.cookies.remove(place)).is_some()
    }

    /// The cookies for a request, those with longer paths first, of equal ones the older first
    /// (section 5.8.3). They count as used.
    pub(super) fn find(&mut self, site: &Site<'_>, now: Moment) -> Vec<Cookie> {
        self.counter = self.counter.saturating_add(1);
        let used = self.counter;
        let is_sent = |cookie: &&mut Cookie| !cookie.is_expired_at(now) && cookie.belongs_to(site);
        let found = self.cookies.iter_mut().filter(is_sent).map(|cookie| {
            cookie.accessed = used;
            cookie.clone()
        });
        let mut found: Vec<Cookie> = found.collect();
        found.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        found
    }

    /// Drops all cookies of a kind; how many there were.
    pub(super) fn clear(&mut self, is_kind: impl Fn(&Cookie) -> bool) -> usize {
        let before = self.cookies.len();
        self.cookies.retain(|cookie| !is_kind(cookie));
        before.saturating_sub(self.cookies.len())
    }
}
