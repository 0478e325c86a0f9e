//! Queries and forms of the type `application/x-www-form-urlencoded`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::quote::{push_quoted, text_of};
use crate::parse_error::{Fault, ParseError, Part};
use crate::percent;
use crate::proto::steps;

/// Writes pairs as `name=value`, with `&` between them and [`quote_plus`](super::quote_plus) for
/// each side: the body of a form, or a query (`urllib.parse.urlencode`).
///
/// ```
/// use stdhttp::urllib::parse::urlencode;
///
/// let params = urlencode([("@number", "12524"), ("@type", "issue"), ("@action", "show")]);
/// assert_eq!(params, "%40number=12524&%40type=issue&%40action=show");
/// ```
#[must_use]
pub fn urlencode<N, V>(query: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut text = String::new();
    for (name, value) in query {
        begin_field(&mut text);
        push_quoted(&mut text, name.as_ref(), "", true);
        text.push('=');
        push_quoted(&mut text, value.as_ref(), "", true);
    }
    text
}

/// As [`urlencode`], with a sequence of values for each name, and a field for each value
/// (`doseq=True`).
///
/// ```
/// use stdhttp::urllib::parse::urlencode_doseq;
///
/// assert_eq!(urlencode_doseq([("a", vec!["1", "2"]), ("b", vec![])]), "a=1&a=2");
/// ```
#[must_use]
pub fn urlencode_doseq<N, V>(query: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<[u8]>,
    V: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut text = String::new();
    for (name, values) in query {
        for value in values {
            begin_field(&mut text);
            push_quoted(&mut text, name.as_ref(), "", true);
            text.push('=');
            push_quoted(&mut text, value.as_ref(), "", true);
        }
    }
    text
}

/// As [`urlencode`], with octets that need no encoding, and another way to encode than
/// [`quote_plus`](super::quote_plus): [`quote_from_bytes`](super::quote_from_bytes) has `%20` for a
/// blank (`quote_via=quote`).
///
/// ```
/// use stdhttp::urllib::parse::{quote_from_bytes, urlencode_with};
///
/// assert_eq!(urlencode_with([("a b", "c/d")], "/", quote_from_bytes), "a%20b=c/d");
/// ```
#[must_use]
pub fn urlencode_with<N, V>(
    query: impl IntoIterator<Item = (N, V)>,
    safe: &str,
    quote_via: impl Fn(&[u8], &str) -> String,
) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut text = String::new();
    for (name, value) in query {
        begin_field(&mut text);
        text.push_str(&quote_via(name.as_ref(), safe));
        text.push('=');
        text.push_str(&quote_via(value.as_ref(), safe));
    }
    text
}

fn begin_field(text: &mut String) {
    if !text.is_empty() {
        text.push('&');
    }
}

/// How a query is read: the arguments of `urllib.parse.parse_qsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryOptions {
    /// Keeps fields with an empty value, or without `=`. On; Python drops them unless told.
    pub keep_blank_values: bool,
    /// Makes fields without `=`, empty ones too, an error. Off.
    pub strict_parsing: bool,
    /// The most fields, empty ones included. 1,000; Python has no limit unless told.
    pub max_num_fields: Option<usize>,
    /// What separates fields. `&`; there is only ever one (CVE-2021-23336).
    pub separator: u8,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            keep_blank_values: true,
            strict_parsing: false,
            max_num_fields: Some(1_000),
            separator: b'&',
        }
    }
}

/// Reads a query, or the body of a form: the fields in their order (`urllib.parse.parse_qsl`).
///
/// `+` is a blank; a `%` without two digits stays; what is not UTF-8 becomes U+FFFD.
///
/// # Errors
/// [`ParseError`], [`Part::Query`]: too many fields, or, with `strict_parsing`, one without `=`.
///
/// ```
/// use stdhttp::urllib::parse::{QueryOptions, parse_qsl};
///
/// let fields = parse_qsl("a=1&b=x+y%21&a=2&c=", QueryOptions::default())?;
/// let expected = [("a", "1"), ("b", "x y!"), ("a", "2"), ("c", "")];
/// assert!(fields.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn parse_qsl(
    qs: impl AsRef<[u8]>,
    options: QueryOptions,
) -> Result<Vec<(String, String)>, ParseError> {
    let text = qs.as_ref();
    steps::count(text.len());
    if text.is_empty() {
        return Ok(Vec::new());
    }
    check_number(text, options)?;
    let mut fields = Vec::new();
    let mut offset = 0_usize;
    for field in text.split(|&octet| octet == options.separator) {
        fields.extend(read_field(field, options).map_err(|error| error.moved(offset))?);
        offset = offset.saturating_add(field.len()).saturating_add(1);
    }
    Ok(fields)
}

/// Before memory is spent on them.
fn check_number(text: &[u8], options: QueryOptions) -> Result<(), ParseError> {
    let Some(limit) = options.max_num_fields else {
        return Ok(());
    };
    let mut fields = text.split(|&octet| octet == options.separator);
    match fields.nth(limit) {
        Some(_) => Err(ParseError::new(Part::Query, Fault::TooMuch(limit), 0)),
        None => Ok(()),
    }
}

/// Name and value; nothing of a field that does not count.
fn read_field(field: &[u8], options: QueryOptions) -> Result<Option<(String, String)>, ParseError> {
    let mut sides = field.splitn(2, |&octet| octet == b'=');
    let name = sides.next().unwrap_or_default();
    let value = match sides.next() {
        Some(value) => value,
        None if options.strict_parsing => {
            return Err(ParseError::new(Part::Query, Fault::Malformed, 0));
        }
        None if field.is_empty() => return Ok(None),
        None => &[],
    };
    let text = |side| text_of(percent::decode(side, true));
    let counts = options.keep_blank_values || !value.is_empty();
    Ok(counts.then(|| (text(name), text(value))))
}

/// As [`parse_qsl`], with the values of each name together, in the order in which the names came
/// first (`urllib.parse.parse_qs`).
///
/// # Errors
/// As [`parse_qsl`].
///
/// ```
/// use stdhttp::urllib::parse::{QueryOptions, parse_qs};
///
/// let fields = parse_qs("b=1&a=2&b=3", QueryOptions::default())?;
/// assert_eq!(fields[0], ("b".to_owned(), vec!["1".to_owned(), "3".to_owned()]));
/// assert_eq!(fields[1].0, "a");
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn parse_qs(
    qs: impl AsRef<[u8]>,
    options: QueryOptions,
) -> Result<Vec<(String, Vec<String>)>, ParseError> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, value) in parse_qsl(qs, options)? {
        match places.entry(name) {
            Entry::Occupied(place) => {
                if let Some((_, values)) = fields.get_mut(*place.get()) {
                    values.push(value);
                }
            }
            Entry::Vacant(place) => {
                fields.push((place.key().clone(), vec![value]));
                place.insert(fields.len().saturating_sub(1));
            }
        }
    }
    Ok(fields)
}
