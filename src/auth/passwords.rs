//! Names and passwords by realm and place (`urllib.request.HTTPPasswordMgr`).

use super::credentials::Credentials;
use crate::urllib::{Origin, Url};

/// Names and passwords for the protection spaces of servers and proxies
/// (`urllib.request.HTTPPasswordMgrWithDefaultRealm`).
///
/// Each belongs to one origin: scheme, host and port. In Python one for `https` answers `http` too.
///
/// ```
/// use stdhttp::auth::{Credentials, HTTPPasswordMgr};
/// use stdhttp::urllib::Url;
///
/// let mut passwords = HTTPPasswordMgr::new();
/// let area = Url::parse("https://example.org/members/")?;
/// passwords.add_password(Some("Members"), &area, Credentials::new("me", "secret")?);
///
/// let page = Url::parse("https://example.org/members/list")?;
/// assert_eq!(passwords.find_user_password("Members", &page).unwrap().user(), "me");
/// assert!(passwords.find_user_password("Shop", &page).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HTTPPasswordMgr {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    realm: Option<String>,
    origin: Origin,
    path: String,
    credentials: Credentials,
}

impl HTTPPasswordMgr {
    /// No passwords.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds name and password for a realm, or for all that have none of their own, at this URL's
    /// path and below it. They take the place of those given before for the same.
    pub fn add_password(&mut self, realm: Option<&str>, url: &Url, credentials: Credentials) {
        self.entries.push(Entry {
            realm: realm.map(str::to_owned),
            origin: url.origin(),
            path: path_of(url).to_owned(),
            credentials,
        });
    }

    /// Name and password for a realm at this URL: those of the realm before those for all, of
    /// several the ones whose path is nearest.
    #[must_use]
    pub fn find_user_password(&self, realm: &str, url: &Url) -> Option<&Credentials> {
        let of_realm = self.nearest(Some(realm), url);
        of_realm.or_else(|| self.nearest(None, url))
    }

    fn nearest(&self, realm: Option<&str>, url: &Url) -> Option<&Credentials> {
        let origin = url.origin();
        let is_here = |entry: &&Entry| {
            entry.realm.as_deref() == realm
                && entry.origin == origin
                && is_below(path_of(url), &entry.path)
        };
        let here = self.entries.iter().filter(is_here);
        // Of equal ones it is the last, which was given for the same place again.
        let nearest = here.max_by_key(|entry| entry.path.len());
        nearest.map(|entry| &entry.credentials)
    }
}

/// The path of a URL, of which an empty one is `/`.
pub(super) fn path_of(url: &Url) -> &str {
    match url.path() {
        "" => "/",
        path => path,
    }
}

/// Whether a path is another or lies below it.
pub(super) fn is_below(path: &str, area: &str) -> bool {
    let behind = path.strip_prefix(area);
    behind.is_some_and(|behind| behind.is_empty() || area.ends_with('/') || behind.starts_with('/'))
}
