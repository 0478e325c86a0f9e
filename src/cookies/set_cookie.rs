//! One `Set-Cookie` line taken apart (RFC 6265bis section 5.6), before anything is decided.
//!
//! The line is cut at semicolons and at the first equals sign of each piece. Nothing is decoded:
//! quotes and percent signs are part of the value.

use std::time::Duration;

use super::time::Moment;
use crate::proto::{scan, steps};

/// The largest value of an attribute in octets; a longer one is ignored.
const ATTRIBUTE: usize = 1_024;

/// When a cookie may be sent along with requests from another site
/// (RFC 6265bis section 5.6.7). A library has no pages: every request counts as same-site, and the
/// flag is only kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// The server said nothing that is known.
    #[default]
    Default,
    /// Never.
    Strict,
    /// With top-level navigations.
    Lax,
    /// Always; such a cookie has to be secure.
    None,
}

impl SameSite {
    fn named(value: &[u8]) -> Self {
        match value.to_ascii_lowercase().as_slice() {
            b"strict" => Self::Strict,
            b"lax" => Self::Lax,
            b"none" => Self::None,
            _ => Self::Default,
        }
    }
}

/// How long a cookie is to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// `Max-Age`: so long from now; `None` if it ends at once.
    For(Option<Duration>),
    /// `Expires`.
    Until(Moment),
}

/// The parts of a line. Of each attribute the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    max_age: Option<Option<Duration>>,
    expires: Option<Moment>,
    /// As written, with its leading dot.
    pub(super) domain: &'a [u8],
    /// As written; empty where there is none.
    pub(super) path: &'a [u8],
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
}

impl<'a> SetCookie<'a> {
    /// Takes a line apart. `None` if it holds a control character other than a tab, or neither a
    /// name nor a value.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        if has_control(line) {
            return None;
        }
        let (pair, mut rest) = cut(line, b';');
        let (name, value) = split_pair(pair);
        if name.is_empty() && value.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name,
            value,
            ..Self::default()
        };
        while let Some(attributes) = rest {
            let (attribute, behind) = cut(attributes, b';');
            cookie.read_attribute(attribute);
            rest = behind;
        }
        Some(cookie)
    }

    /// `Max-Age` counts more than `Expires`.
    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        let max_age = self.max_age.map(Lifetime::For);
        max_age.or(self.expires.map(Lifetime::Until))
    }

    fn read_attribute(&mut self, attribute: &'a [u8]) {
        let (name, value) = split_attribute(attribute);
        if value.len() > ATTRIBUTE {
            return;
        }
        match name.to_ascii_lowercase().as_slice() {
            b"expires" => self.expires = Moment::of_cookie_date(value).or(self.expires),
            b"max-age" => self.max_age = max_age(value).or(self.max_age),
            b"domain" => self.domain = value,
            b"path" => self.path = value,
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            b"samesite" => self.same_site = SameSite::named(value),
            _ => {}
        }
    }
}

/// `-`?1*DIGIT in seconds; `None` if it is something else. What is not positive ends at once, and
/// what does not fit is as long as can be.
fn max_age(value: &[u8]) -> Option<Option<Duration>> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    valid.then_some(())?;
    let seconds = scan::decimal(digits).unwrap_or(u64::MAX);
    let positive = digits.len() == value.len() && seconds > 0;
    Some(positive.then(|| Duration::from_secs(seconds)))
}

/// Name and value of a pair, trimmed; without an equals sign all of it is the value.
pub(super) fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    match cut(pair, b'=') {
        (name, Some(value)) => (scan::trim_blank(name), scan::trim_blank(value)),
        (value, None) => (&[], scan::trim_blank(value)),
    }
}

/// Name and value of an attribute, trimmed; without an equals sign all of it is the name.
fn split_attribute(attribute: &[u8]) -> (&[u8], &[u8]) {
    let (name, value) = cut(attribute, b'=');
    let value = value.unwrap_or_default();
    (scan::trim_blank(name), scan::trim_blank(value))
}

/// What stands before the first such octet, and what stands behind it if there is one.
pub(super) fn cut(bytes: &[u8], octet: u8) -> (&[u8], Option<&[u8]>) {
    let place = bytes.iter().position(|found| *found == octet);
    let length = place.unwrap_or(bytes.len());
    steps::count(length.saturating_add(1));
    match bytes.split_at_checked(length) {
        Some((before, [_, behind @ ..])) => (before, Some(behind)),
        _ => (bytes, None),
    }
}

/// Whether there is a control character other than a tab (RFC 6265bis section 5.6, step 1).
pub(super) fn has_control(bytes: &[u8]) -> bool {
    steps::count(bytes.len());
    let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
    bytes.iter().any(is_control)
}
