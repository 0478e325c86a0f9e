//! The fields of a request: names without regard to case, in the order in which they were given
//! (`requests.structures.CaseInsensitiveDict`).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::error::ExceptionKind;
use crate::error::{Excerpt, HTTPException};
use crate::message::{is_secret, latin1};
use crate::proto::scan;

/// The fields of a request, one for each name.
///
/// ```
/// use stdhttp::requests::Headers;
///
/// let mut headers = Headers::new();
/// headers.insert("X-Test", "1");
/// headers.insert("x-test", "2");
/// assert_eq!(headers.get("X-TEST").as_deref(), Some("2"));
/// assert_eq!(headers.len(), 1);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Copies share them until one is changed, and then all but that one.
    fields: Arc<Vec<Field>>,
}

/// Name and value.
type Field = (Arc<str>, Arc<[u8]>);

impl Headers {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a field in place of those with its name. It is checked when a request is prepared.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        let field: Field = (name.into().into(), value.into().into());
        let place = self.place(&field.0);
        let fields = Arc::make_mut(&mut self.fields);
        match place.and_then(|place| fields.get_mut(place)) {
            Some(there) => *there = field,
            None => fields.push(field),
        }
    }

    /// Sets a field unless there is one with its name (`setdefault`).
    pub fn set_default(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        if !self.contains(name) {
            self.insert(name, value);
        }
    }

    /// Removes a field; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let place = self.place(name);
        let removed = place.map(|place| Arc::make_mut(&mut self.fields).remove(place));
        removed.is_some()
    }

    /// The value of a field, read as Latin-1.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(name).map(latin1)
    }

    /// The value of a field.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let field = self.place(name).and_then(|place| self.fields.get(place));
        field.map(|(_, value)| &**value)
    }

    /// Whether there is such a field.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Names and values, in the order in which the names were first given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        let fields = self.fields.iter();
        fields.map(|(name, value)| (&**name, &**value))
    }

    /// Sets all fields of another one.
    pub fn update(&mut self, other: &Self) {
        for (name, value) in other.iter() {
            self.insert(name, value);
        }
    }

    /// Every name a token, every value one that can be sent (RFC 9110 section 5).
    pub(super) fn check(&self) -> Result<(), ExceptionKind> {
        for (name, value) in self.iter() {
            if !scan::is_token(name.as_bytes()) {
                return Err(ExceptionKind::InvalidHeader(
                    HTTPException::InvalidHeaderName {
                        name: Excerpt::new(name.as_bytes()),
                    },
                ));
            }
            let is_trimmed = scan::trim_blank(value).len() == value.len();
            if !is_trimmed || !scan::is_value(value) {
                return Err(ExceptionKind::InvalidHeader(
                    crate::proto::field_rules::invalid_value(name.as_bytes(), value),
                ));
            }
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Option<usize> {
        let is_it = |(known, _): &Field| known.eq_ignore_ascii_case(name);
        self.fields.iter().position(is_it)
    }
}

/// Credentials are masked.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| {
            let value = match is_secret(name.as_bytes()) {
                true => Cow::Borrowed("***"),
                false => latin1(value),
            };
            (name, value)
        });
        f.debug_map().entries(shown).finish()
    }
}

impl<N: Into<String>, V: Into<Vec<u8>>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.insert(name, value);
        }
    }
}

impl<N: Into<String>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        headers.extend(fields);
        headers
    }
}
