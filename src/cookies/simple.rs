//! `SimpleCookie`: the cookies of one message, by name.

use std::collections::{BTreeMap, btree_map};

use super::error::CookieError;
use super::morsel::Morsel;
use super::set_cookie::cut;

/// Cookies by name: those of a `Cookie` field that came, or those that a server is to send
/// (`http.cookies.SimpleCookie`).
///
/// ```
/// use stdhttp::cookies::SimpleCookie;
///
/// let mut cookies = SimpleCookie::new();
/// let skipped = cookies.load(b"a=1; b\x01=2; path=/; c=\"3\\0734\"");
/// assert_eq!((cookies.len(), skipped), (3, 1)); // a bad pair loses nothing but itself
/// assert_eq!(cookies.get("c").unwrap().value(), "3;4");
/// # Ok::<(), stdhttp::cookies::CookieError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCookie {
    morsels: BTreeMap<String, Morsel>,
}

impl SimpleCookie {
    /// No cookies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the value of a `Cookie` field; of equal names the last counts. Returns how many pairs
    /// were no cookies: without an equals sign, of a name that is no token, or with a control
    /// character. Empty ones do not count.
    ///
    /// A field `Set-Cookie` is for [`Morsel::parse`]; here `Path=/` is a cookie like any other.
    pub fn load(&mut self, field: &[u8]) -> usize {
        let mut skipped: usize = 0;
        let mut rest = Some(field);
        while let Some(pairs) = rest {
            let (pair, behind) = cut(pairs, b';');
            rest = behind;
            match Morsel::received(pair) {
                Ok(morsel) => drop(self.insert(morsel)),
                Err(_) if pair.trim_ascii().is_empty() => {}
                Err(_) => skipped = skipped.saturating_add(1),
            }
        }
        skipped
    }

    /// Puts a cookie in and lends it, for its attributes to be set (`cookies[key] = value`).
    ///
    /// # Errors
    ///
    /// `Name` unless the name is a token, in which `:` may stand too.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Morsel, CookieError> {
        Ok(self.insert(Morsel::new(key, value)?))
    }

    fn insert(&mut self, morsel: Morsel) -> &mut Morsel {
        match self.morsels.entry(morsel.key().to_owned()) {
            btree_map::Entry::Occupied(mut old) => {
                old.insert(morsel);
                old.into_mut()
            }
            btree_map::Entry::Vacant(place) => place.insert(morsel),
        }
    }

    /// The cookie of this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Morsel> {
        self.morsels.get(key)
    }

    /// The cookie of this name, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Morsel> {
        self.morsels.get_mut(key)
    }

    /// Takes the cookie of this name out.
    pub fn remove(&mut self, key: &str) -> Option<Morsel> {
        self.morsels.remove(key)
    }

    /// The cookies, sorted by name.
    pub fn iter(&self) -> btree_map::Values<'_, String, Morsel> {
        self.morsels.values()
    }

    /// The number of cookies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.morsels.len()
    }

    /// Whether there is no cookie.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.morsels.is_empty()
    }

    /// A line for each cookie, sorted by name; `Set-Cookie:` and `\r\n` are usual.
    ///
    /// # Errors
    ///
    /// The first of those of [`Morsel::OutputString`].
    pub fn output(&self, header: &str, separator: &str) -> Result<String, CookieError> {
        let lines: Result<Vec<String>, CookieError> =
            self.iter().map(|morsel| morsel.output(header)).collect();
        Ok(lines?.join(separator))
    }
}

impl<'a> IntoIterator for &'a SimpleCookie {
    type Item = &'a Morsel;
    type IntoIter = btree_map::Values<'a, String, Morsel>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
