//! A URI reference as its five parts (RFC 3986 section 3 and Appendix B), their recomposition
//! (section 5.3) and the resolution against a base (section 5.2, strict).
//!
//! Nothing is judged here but the scheme, without which the parts can't be told apart. Departs
//! from the RFC where it has no answer: a relative base without a leading slash gives a path
//! without one.

#[cfg(feature = "requests")]
use std::borrow::Cow;

use crate::proto::{scan, steps};

/// The parts as they are written. What is absent differs from what is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) authority: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) fragment: Option<&'a str>,
}

/// Where each part begins, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) authority: usize,
    pub(crate) path: usize,
    pub(crate) query: usize,
    pub(crate) fragment: usize,
}

impl<'a> Reference<'a> {
    /// Takes any text apart.
    pub(crate) fn split(text: &'a str) -> Self {
        let (rest, fragment) = cut(text, b'#');
        let (rest, query) = cut(rest, b'?');
        let (scheme, rest) = split_scheme(rest);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = scan::find(rest.as_bytes(), b'/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self {
            scheme,
            authority,
            path,
            query,
            fragment,
        }
    }

    pub(crate) fn places(&self) -> Places {
        let behind_scheme = self
            .scheme
            .map_or(0, |scheme| scheme.len().saturating_add(1));
        let authority = behind_scheme.saturating_add(2);
        let path = match self.authority {
            Some(text) => authority.saturating_add(text.len()),
            None => behind_scheme,
        };
        let query = path.saturating_add(self.path.len()).saturating_add(1);
        let fragment = match self.query {
            Some(text) => query.saturating_add(text.len()).saturating_add(1),
            None => query,
        };
        Places {
            authority,
            path,
            query,
            fragment,
        }
    }

    /// The parts put together again.
    pub(crate) fn unsplit(&self) -> String {
        let parts = [
            self.scheme.map(|scheme| ["", scheme, ":"]),
            self.authority.map(|authority| ["//", authority, ""]),
            // Two slashes at the start of a path must not become an authority.
            (self.authority.is_none() && self.path.starts_with("//")).then_some(["//", "", ""]),
            Some(["", self.path, ""]),
            self.query.map(|query| ["?", query, ""]),
            self.fragment.map(|fragment| ["#", fragment, ""]),
        ];
        let pieces = || parts.iter().flatten().flatten().copied();
        let length = pieces().fold(0, |sum: usize, piece| sum.saturating_add(piece.len()));
        let mut text = String::with_capacity(length);
        text.extend(pieces());
        text
    }

    /// What this reference means seen from a base, put together: RFC 3986 section 5.2.2.
    pub(crate) fn resolve(&self, base: &Self) -> String {
        let path = self.resolved_path(base);
        let mut whole = Reference {
            path: &path,
            ..*self
        };
        if self.scheme.is_none() {
            whole.scheme = base.scheme;
            if self.authority.is_none() {
                whole.authority = base.authority;
                if self.path.is_empty() {
                    whole.query = self.query.or(base.query);
                }
            }
        }
        whole.unsplit()
    }

    fn resolved_path(&self, base: &Self) -> String {
        let is_whole = self.scheme.is_some() || self.authority.is_some();
        match self.path {
            path if is_whole || path.starts_with('/') => remove_dot_segments(path),
            "" => base.path.to_owned(),
            path => remove_dot_segments(&base.merge(path)),
        }
    }

    /// RFC 3986 section 5.2.3.
    fn merge(&self, path: &str) -> String {
        if self.authority.is_some() && self.path.is_empty() {
            return format!("/{path}");
        }
        match self.path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{path}"),
            None => path.to_owned(),
        }
    }
}

/// The text of a URL, or of what was meant to be one, without user name and password.
#[cfg(feature = "requests")]
pub(crate) fn without_userinfo(text: &str) -> Cow<'_, str> {
    let start = text
        .find("//")
        .map_or(0, |place| place.saturating_add("//".len()));
    let (before, rest) = text.split_at_checked(start).unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rfind('@') {
        Some(place) => {
            let behind = rest.get(place.saturating_add(1)..).unwrap_or_default();
            Cow::Owned(format!("{before}{behind}"))
        }
        None => Cow::Borrowed(text),
    }
}

fn cut(text: &str, mark: u8) -> (&str, Option<&str>) {
    match scan::split_once(text, mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The scheme before the first colon, if it is one (RFC 3986 section 3.1).
fn split_scheme(text: &str) -> (Option<&str>, &str) {
    match scan::split_once(text, b':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, text),
    }
}

pub(crate) fn is_scheme(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let octet = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.');
    begins && text.bytes().all(octet)
}

/// RFC 3986 section 5.2.4, in one pass: each segment is looked at once.
fn remove_dot_segments(path: &str) -> String {
    steps::count(path.len());
    let (root, relative) = match path.strip_prefix('/') {
        Some(relative) => ("/", relative),
        None => ("", path),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_folder = false;
    for segment in relative.split('/') {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    // What a dot segment at the end leaves is a folder; the root is one already.
    if ends_in_folder && !kept.is_empty() {
        kept.push("");
    }
    let resolved = format!("{root}{}", kept.join("/"));
    match resolved.is_empty() && !path.is_empty() {
        true => "/".to_owned(),
        false => resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_as_they_were() {
        for text in [
            "",
            "a",
            "/",
            "//",
            "///",
            "http:",
            "http://h",
            "http://h?",
            "http://h#",
            "http://h?#",
            "a:b:c",
            "1:b",
            "?",
            "#",
            "?a#b?c#d",
            "//u@h:1/p;x?q/?#f/?",
            "mailto:a@b",
            ":a",
        ] {
            let reference = Reference::split(text);
            assert_eq!(reference.unsplit(), text);
            let places = reference.places();
            let at = |place: usize, part: Option<&str>| {
                part.is_none_or(|part| text[place..].starts_with(part))
            };
            assert!(at(places.authority, reference.authority), "{text}");
            assert!(at(places.path, Some(reference.path)), "{text}");
            assert!(at(places.query, reference.query), "{text}");
            assert!(at(places.fragment, reference.fragment), "{text}");
        }
    }

    #[test]
    fn dot_segments_are_removed_as_in_the_rfc() {
        for (path, expected) in [
            ("/a/b/c/./../../g", "/a/g"),
            ("mid/content=5/../6", "mid/6"),
            ("/a//../b", "/a/b"),
            ("/..", "/"),
            ("/../..", "/"),
            ("/.", "/"),
            ("/a/.", "/a/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("//", "//"),
            ("/./", "/"),
            ("/a/./", "/a/"),
            ("//..", "/"),
            ("//../", "/"),
            ("///..", "//"),
            ("/...", "/..."),
            ("..", "/"),
            ("a/..", "/"),
            ("a/../b", "b"),
            ("../a", "a"),
            ("", ""),
            ("/", "/"),
        ] {
            assert_eq!(remove_dot_segments(path), expected, "{path}");
        }
    }
}
