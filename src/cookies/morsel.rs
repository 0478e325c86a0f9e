//! `Morsel`: one cookie with its attributes, as a server sends it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::cookie::{is_domain, is_plain, text};
use super::error::CookieError;
use super::quoting::{is_legal, quote, unquote};
use super::set_cookie::{cut, has_control, split_pair};
use crate::dates;
use crate::proto::scan;

/// The attributes in the order in which they are written, and how they are spelled.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("comment", "Comment"),
    ("domain", "Domain"),
    ("expires", "expires"),
    ("httponly", "HttpOnly"),
    ("max-age", "Max-Age"),
    ("partitioned", "Partitioned"),
    ("path", "Path"),
    ("samesite", "SameSite"),
    ("secure", "Secure"),
    ("version", "Version"),
];

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Text, sent as it is.
    Text(String),
    /// Seconds: the age of `max-age`, or for `expires` the distance from when it is written.
    Number(i64),
    /// Whether `secure`, `httponly` or `partitioned` is there.
    Flag(bool),
    /// A point in time, for `expires`.
    Time(SystemTime),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Attribute {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<SystemTime> for Attribute {
    fn from(time: SystemTime) -> Self {
        Self::Time(time)
    }
}

/// A cookie and its attributes (`http.cookies.Morsel`).
///
/// ```
/// use stdhttp::cookies::Morsel;
///
/// let mut morsel = Morsel::new("lang", "en, de")?;
/// morsel.set("path", "/")?;
/// morsel.set("max-age", 3600)?;
/// morsel.set("secure", true)?;
/// assert_eq!(morsel.OutputString()?, r#"lang="en\054 de"; Max-Age=3600; Path=/; Secure"#);
/// # Ok::<(), stdhttp::cookies::CookieError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Morsel {
    key: String,
    value: String,
    coded_value: Vec<u8>,
    attributes: BTreeMap<&'static str, Attribute>,
}

impl Morsel {
    /// A cookie of this name, without attributes. Names such as `path` are names like any other.
    ///
    /// # Errors
    ///
    /// `Name` unless the name is a token, in which `:` may stand too.
    pub fn new(key: &str, value: &str) -> Result<Self, CookieError> {
        let coded = quote(value).into_owned().into_bytes();
        Self::coded(key.as_bytes(), value.to_owned(), coded)
    }

    /// A pair as it came; quotes are undone for the value.
    pub(super) fn received(pair: &[u8]) -> Result<Self, CookieError> {
        let (key, coded) = split_pair(pair);
        if has_control(coded) {
            return Err(CookieError::Value);
        }
        let value = text(&unquote(coded)).into_owned();
        Self::coded(key, value, coded.to_vec())
    }

    fn coded(key: &[u8], value: String, coded_value: Vec<u8>) -> Result<Self, CookieError> {
        let is_key = !key.is_empty() && key.iter().copied().all(is_legal);
        let key = std::str::from_utf8(key).ok().filter(|_| is_key);
        Ok(Self {
            key: key.ok_or(CookieError::Name)?.to_owned(),
            value,
            coded_value,
            attributes: BTreeMap::new(),
        })
    }

    /// Reads the value of a `Set-Cookie` field. Attributes that are not known, or can't have their
    /// value, are left out.
    ///
    /// # Errors
    ///
    /// `Name` or `Value` if the pair before the first semicolon can't be a cookie.
    pub fn parse(line: &[u8]) -> Result<Self, CookieError> {
        let (pair, mut rest) = cut(line, b';');
        let mut morsel = Self::received(pair)?;
        while let Some(attributes) = rest {
            let (attribute, behind) = cut(attributes, b';');
            morsel.read_attribute(attribute);
            rest = behind;
        }
        Ok(morsel)
    }

    fn read_attribute(&mut self, attribute: &[u8]) {
        let (name, value) = cut(attribute, b'=');
        let name = text(scan::trim_blank(name)).to_ascii_lowercase();
        let value = scan::trim_blank(value.unwrap_or_default());
        let value = match is_flag(&name) {
            true => Attribute::Flag(true),
            false => Attribute::Text(text(value).into_owned()),
        };
        // What can't be set is left out.
        let _ = self.set(&name, value);
    }

    /// The name.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, without quotes where it came with them.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The octets of the value as they came or are sent.
    #[must_use]
    pub fn coded_value(&self) -> &[u8] {
        &self.coded_value
    }

    /// An attribute; its name counts in any case. `None` if it is not set.
    #[must_use]
    pub fn get(&self, attribute: &str) -> Option<&Attribute> {
        self.attributes.get(attribute.to_ascii_lowercase().as_str())
    }

    /// Sets an attribute: one of `comment`, `domain`, `expires`, `httponly`, `max-age`,
    /// `partitioned`, `path`, `samesite`, `secure`, `version`. Empty text takes it away.
    ///
    /// # Errors
    ///
    /// `Attribute` if there is none of this name, or if it has another kind of value; `Value`,
    /// `Path` or `Domain` if the value can't be sent.
    pub fn set(&mut self, attribute: &str, value: impl Into<Attribute>) -> Result<(), CookieError> {
        let value = value.into();
        let lower = attribute.to_ascii_lowercase();
        let mut known = ATTRIBUTES.iter().map(|(name, _)| *name);
        let name = known
            .find(|name| *name == lower)
            .ok_or(CookieError::Attribute)?;
        check(name, &value)?;
        match &value {
            Attribute::Text(text) if text.is_empty() => self.attributes.remove(name),
            Attribute::Flag(false) => self.attributes.remove(name),
            _ => self.attributes.insert(name, value),
        };
        Ok(())
    }

    /// The value of a `Set-Cookie` field: the pair, then the attributes sorted by name.
    ///
    /// # Errors
    ///
    /// `Prefix` if the name begins with `__Secure-` or `__Host-` and the attributes are not those
    /// that it promises; `SameSite` for `SameSite=None` without `Secure`; `Value` if the value came
    /// from a peer and is not UTF-8.
    #[expect(non_snake_case, reason = "the name of http.cookies")]
    pub fn OutputString(&self) -> Result<String, CookieError> {
        self.check_promises()?;
        let coded = std::str::from_utf8(&self.coded_value).map_err(|_| CookieError::Value)?;
        let mut output = format!("{}={coded}", self.key);
        for (name, spelled) in ATTRIBUTES {
            match self.attributes.get(name) {
                None => {}
                Some(Attribute::Flag(_)) => output.extend(["; ", spelled]),
                Some(value) => output.extend(["; ", spelled, "=", &written(name, value)]),
            }
        }
        Ok(output)
    }

    /// A line with this before it; `Set-Cookie:` is usual.
    ///
    /// # Errors
    ///
    /// Those of [`OutputString`](Self::OutputString).
    pub fn output(&self, header: &str) -> Result<String, CookieError> {
        Ok(format!("{header} {}", self.OutputString()?))
    }

    /// What RFC 6265bis sections 4.1.3 and 5.7 make a browser refuse.
    fn check_promises(&self) -> Result<(), CookieError> {
        let key = self.key.to_ascii_lowercase();
        let secure = self.get("secure").is_some();
        let is_text = |name, wanted: &str| match self.get(name) {
            Some(Attribute::Text(text)) => text.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        let host = secure && self.get("domain").is_none() && is_text("path", "/");
        if key.starts_with("__secure-") && !secure || key.starts_with("__host-") && !host {
            return Err(CookieError::Prefix);
        }
        match is_text("samesite", "none") && !secure {
            true => Err(CookieError::SameSite),
            false => Ok(()),
        }
    }
}

fn is_flag(name: &str) -> bool {
    ["secure", "httponly", "partitioned"].contains(&name)
}

/// Whether an attribute can have a value.
fn check(name: &str, value: &Attribute) -> Result<(), CookieError> {
    match (name, value) {
        (_, Attribute::Flag(_)) if is_flag(name) => Ok(()),
        ("max-age" | "expires" | "version", Attribute::Number(_)) => Ok(()),
        ("expires", Attribute::Time(_)) => Ok(()),
        ("comment", Attribute::Text(_)) => Ok(()),
        (_, Attribute::Text(text)) if !is_flag(name) => check_text(name, text),
        _ => Err(CookieError::Attribute),
    }
}

fn check_text(name: &str, text: &str) -> Result<(), CookieError> {
    let is_same_site = ["strict", "lax", "none"].contains(&text.to_ascii_lowercase().as_str());
    match name {
        _ if text.is_empty() => Ok(()),
        "path" if !text.starts_with('/') || !is_plain(text) => Err(CookieError::Path),
        "domain" if !is_domain(text.strip_prefix('.').unwrap_or(text)) => Err(CookieError::Domain),
        "samesite" if !is_same_site => Err(CookieError::Value),
        _ if !is_plain(text) => Err(CookieError::Value),
        _ => Ok(()),
    }
}

/// The value of an attribute as it is sent.
fn written(name: &str, value: &Attribute) -> String {
    match value {
        Attribute::Text(text) if name == "comment" => quote(text).into_owned(),
        Attribute::Text(text) => text.clone(),
        Attribute::Number(offset) if name == "expires" => date(moved(SystemTime::now(), *offset)),
        Attribute::Number(number) => number.to_string(),
        Attribute::Time(time) => date(*time),
        Attribute::Flag(_) => String::new(),
    }
}

/// A time so many seconds later; the same where there is none.
fn moved(time: SystemTime, seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moved = match seconds >= 0 {
        true => time.checked_add(distance),
        false => time.checked_sub(distance),
    };
    moved.unwrap_or(time)
}

/// A date as it is sent, at the end of the calendar where the time lies beyond.
fn date(time: SystemTime) -> String {
    const LAST: &str = "Fri, 31 Dec 9999 23:59:59 GMT";
    dates::formatdate(time).unwrap_or_else(|| LAST.to_owned())
}
