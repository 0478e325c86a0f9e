//! From the path of a request to a path below a directory (`translate_path`), for both kinds of
//! file systems: what could lead out of the directory, or mean something else than it says, is
//! refused.
//!
//! Departs from `http.server`: `..`, encoded slashes and what a system would read differently are
//! refused instead of skipped. Pure: nothing is looked up.

use std::path::PathBuf;

use crate::percent;

/// The rules of a file system for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathRules {
    /// A name is any octets but `/` and NUL.
    Unix,
    /// Names are text; drives, streams, devices, short names and trailing dots and blanks mean
    /// something of their own.
    Windows,
}

impl PathRules {
    /// Those of this system.
    pub const NATIVE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };
}

/// The names on the way to a file, decoded; nothing if one of them is refused. `path` is that of a
/// request, without its query.
///
/// ```
/// use stdhttp::server::{PathRules, split_path};
///
/// let names = split_path(b"/a//b%20c", PathRules::Unix).unwrap();
/// assert_eq!(names, [&b"a"[..], b"b c"]);
/// assert!(split_path(b"/../etc/passwd", PathRules::Unix).is_none());
/// assert!(split_path(b"/..%2f..%2fetc", PathRules::Unix).is_none());
/// assert!(split_path(b"/c:/x", PathRules::Windows).is_none());
/// ```
pub fn split_path(path: &[u8], rules: PathRules) -> Option<Vec<Vec<u8>>> {
    let names = path.split(|&octet| octet == b'/');
    names
        .filter(|name| !name.is_empty())
        .map(|name| percent::decode(name, false))
        .map(|name| is_plain(&name, rules).then_some(name))
        .collect()
}

/// Whether this is a name, and means itself.
pub(super) fn is_plain(name: &[u8], rules: PathRules) -> bool {
    let special = matches!(name, b"." | b"..");
    let separates = |octet: &u8| matches!(octet, b'/' | b'\\' | 0);
    let plain = !special && !name.iter().any(separates);
    plain && (rules == PathRules::Unix || is_plain_on_windows(name))
}

/// Drives and streams have a colon; trailing dots and blanks are dropped by the system; `~1` may
/// stand for a name that is not shown; devices are files everywhere.
fn is_plain_on_windows(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else {
        return false;
    };
    let forbidden = |character: char| {
        character.is_control() || matches!(character, ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    let mut pairs = text.bytes().zip(text.bytes().skip(1));
    let short = pairs.any(|(first, second)| first == b'~' && second.is_ascii_digit());
    !text.contains(forbidden) && !text.ends_with(['.', ' ']) && !short && !is_device(text)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let numbered = |prefix: &str| {
        let mut rest = stem.strip_prefix(prefix).unwrap_or_default().chars();
        rest.next()
            .is_some_and(|digit| "123456789¹²³".contains(digit))
            && rest.next().is_none()
    };
    let plain = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    plain.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// The names joined to a path, as this system has it; nothing if it can't have it.
pub(super) fn join(names: &[Vec<u8>]) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for name in names {
        path.push(native(name)?);
    }
    Some(path)
}

#[cfg(unix)]
fn native(name: &[u8]) -> Option<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(name.to_vec()))
}

#[cfg(not(unix))]
fn native(name: &[u8]) -> Option<std::ffi::OsString> {
    std::str::from_utf8(name).ok().map(Into::into)
}

/// The octets of a name as it stands in a URL.
#[cfg(unix)]
pub(super) fn octets(name: &std::ffi::OsStr) -> std::borrow::Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;
    name.as_bytes().into()
}

#[cfg(not(unix))]
pub(super) fn octets(name: &std::ffi::OsStr) -> std::borrow::Cow<'_, [u8]> {
    name.to_string_lossy().into_owned().into_bytes().into()
}
