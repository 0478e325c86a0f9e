//! Conditional requests: which of `If-Match`, `If-Unmodified-Since`, `If-None-Match`,
//! `If-Modified-Since` and `If-Range` decides, and what it says (RFC 9110 section 13).
//!
//! Pure. Departs from `http.server`, which knows `If-Modified-Since` alone.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::dates;
use crate::message::HTTPMessage;
use crate::proto::scan;

/// What tells one state of a file from another (RFC 9110 section 8.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validators {
    /// Nanoseconds since the epoch when the file was changed, and its length in bytes: together the
    /// entity tag.
    tag: Option<(u128, u64)>,
    /// The file may be changed again without a change of the tag.
    weak: bool,
    /// When the file was changed, cut to seconds; a time to come is the time of the answer.
    last_modified: Option<SystemTime>,
    /// The coding that the file is in, which makes another tag of it.
    coding: Option<&'static str>,
}

/// A file that was changed less than so long ago may be changed again within one tick of its
/// system's clock.
const SETTLED: Duration = Duration::from_secs(2);

impl Validators {
    /// Those of a file that was changed at this time and has this length; `now` is the time of the
    /// answer. A time before the epoch, or at it, is none: systems put it where they know none. One
    /// that is to come is not told; the time of the answer stands for it (RFC 9110 section 8.8.2.1).
    pub fn new(modified: Option<SystemTime>, length: u64, now: SystemTime) -> Self {
        let modified = modified.filter(|time| *time > UNIX_EPOCH);
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let age = modified.and_then(|time| now.duration_since(time).ok());
        let told = modified.map(|time| time.min(now));
        let told = told.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let seconds = told.map(|since| Duration::from_secs(since.as_secs()));
        Self {
            tag: since.map(|since| (since.as_nanos(), length)),
            weak: age.is_none_or(|age| age < SETTLED),
            last_modified: seconds.and_then(|seconds| UNIX_EPOCH.checked_add(seconds)),
            coding: None,
        }
    }

    /// Those of a file in this coding. What compresses a file may give it the time of the original,
    /// and the same length by chance (RFC 9110 section 8.8.3.3).
    pub(super) fn coded(self, coding: Option<&'static str>) -> Self {
        Self { coding, ..self }
    }

    /// The value of `ETag`, if there is one.
    pub fn etag(&self) -> Option<impl fmt::Display + use<>> {
        let (nanoseconds, length) = self.tag?;
        Some(EntityTag {
            nanoseconds,
            length,
            weak: self.weak,
            coding: self.coding,
        })
    }

    /// The time of `Last-Modified`, if there is one.
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.last_modified
    }

    /// Whether one of the tags of these fields is ours; `strong` compares so that weak ones never
    /// match (RFC 9110 section 8.8.3.2).
    fn matches_any(&self, headers: &HTTPMessage, name: &str, strong: bool) -> bool {
        let Some(own) = self.etag().map(|tag| tag.to_string()) else {
            return headers.get_all_bytes(name).any(|value| value == b"*");
        };
        let own_opaque = own.trim_start_matches("W/").as_bytes();
        headers.get_all_bytes(name).any(|value| {
            value == b"*"
                || tags(value)
                    .any(|(weak, opaque)| opaque == own_opaque && !(strong && (weak || self.weak)))
        })
    }
}

struct EntityTag {
    nanoseconds: u128,
    length: u64,
    weak: bool,
    coding: Option<&'static str>,
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.weak { "W/" } else { "" };
        write!(f, "{weak}\"{:x}-{:x}", self.nanoseconds, self.length)?;
        if let Some(coding) = self.coding {
            write!(f, "-{coding}")?;
        }
        f.write_str("\"")
    }
}

/// The tags of a list: whether each is weak, and the tag itself with its quotes. A comma may stand
/// inside a tag. What is no tag ends the list.
fn tags(value: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let mut rest = value;
    std::iter::from_fn(move || {
        while let [b',' | b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let (weak, tag) = match rest.strip_prefix(b"W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let inner = tag.strip_prefix(b"\"")?;
        let end = inner
            .iter()
            .position(|&octet| octet == b'"')?
            .checked_add(2)?;
        let (tag, after) = tag.split_at_checked(end)?;
        rest = after;
        Some((weak, tag))
    })
}

/// What the preconditions of a request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precondition {
    /// Answer as without them.
    Passed,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client takes it for.
    Failed,
}

/// Evaluates the preconditions of a request for GET or HEAD, in the order of RFC 9110 section
/// 13.2.2.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use stdhttp::HTTPMessage;
/// use stdhttp::server::{Precondition, Validators, evaluate_preconditions};
///
/// let changed = UNIX_EPOCH + Duration::from_secs(784_111_777);
/// let validators = Validators::new(Some(changed), 5, SystemTime::now());
/// let mut headers = HTTPMessage::new();
/// headers.append("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
/// let now = SystemTime::now();
/// assert_eq!(evaluate_preconditions(&headers, &validators, now), Precondition::NotModified);
/// ```
pub fn evaluate_preconditions(
    headers: &HTTPMessage,
    validators: &Validators,
    now: SystemTime,
) -> Precondition {
    if headers.contains("if-match") {
        if !validators.matches_any(headers, "if-match", true) {
            return Precondition::Failed;
        }
    } else if let Some(time) = time_of(headers, "if-unmodified-since", now) {
        if validators
            .last_modified
            .is_some_and(|changed| changed > time)
        {
            return Precondition::Failed;
        }
    }
    if headers.contains("if-none-match") {
        if validators.matches_any(headers, "if-none-match", false) {
            return Precondition::NotModified;
        }
    } else if let Some(time) = time_of(headers, "if-modified-since", now) {
        if validators
            .last_modified
            .is_some_and(|changed| changed <= time)
        {
            return Precondition::NotModified;
        }
    }
    Precondition::Passed
}

/// Whether the `Range` of a request counts: there is no `If-Range`, or it names what we have (RFC
/// 9110 section 13.1.5): by a strong tag, or by exactly the time of the last change.
pub fn range_applies(headers: &HTTPMessage, validators: &Validators, now: SystemTime) -> bool {
    let Some(value) = headers.get_all_bytes("if-range").next() else {
        return true;
    };
    if value.starts_with(b"\"") || value.starts_with(b"W/") {
        return validators.matches_any(headers, "if-range", true);
    }
    let time = time_of(headers, "if-range", now);
    !validators.weak && time.is_some() && time == validators.last_modified
}

/// The date of a field that stands once; one that can't be read is ignored.
fn time_of(headers: &HTTPMessage, name: &str, now: SystemTime) -> Option<SystemTime> {
    let mut values = headers.get_all_bytes(name);
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let text: Cow<'_, str> = String::from_utf8_lossy(scan::trim_blank(value));
    dates::parse_http(&text, now).ok()
}
