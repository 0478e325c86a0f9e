//! The lines of a `cookies.txt`: what curl, wget, browsers, their extensions and Python write.
//!
//! Seven fields with tabs between: domain, whether it is for all below the domain, path, whether it
//! is secure, when it expires, name, value. A line with `#HttpOnly_` before the domain is a cookie;
//! other lines that begin with `#` or `$` are comments.

use super::cookie::{Cookie, is_domain};
use super::scope;
use super::set_cookie::{SameSite, cut};
use super::time::Moment;
use crate::message::latin1;
use crate::proto::scan;

/// The first line of a file, which makes others read it as one of their own.
const HEADER: &[u8] = b"# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n";

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) cookies: Vec<Cookie>,
    /// The lines that are neither cookies nor comments.
    pub(super) skipped: usize,
    /// Whether it begins as a cookie file does.
    pub(super) has_header: bool,
}

impl File {
    /// Reads a file. Lines that are no cookies are counted.
    pub(super) fn parse(content: &[u8]) -> Self {
        let (first, _) = cut(content, b'\n');
        let mut file = Self {
            has_header: is_header(first),
            ..Self::default()
        };
        let mut rest = Some(content);
        while let Some(lines) = rest {
            let (line, behind) = cut(lines, b'\n');
            file.read_line(line.strip_suffix(b"\r").unwrap_or(line));
            rest = behind;
        }
        file
    }

    fn read_line(&mut self, line: &[u8]) {
        let is_comment = matches!(line.first(), None | Some(b'#' | b'$'));
        let is_blank = line.trim_ascii().is_empty();
        if is_blank || is_comment && !line.starts_with(HTTP_ONLY) {
            return;
        }
        match read_cookie(line) {
            Some(cookie) => self.cookies.push(cookie),
            None => self.skipped = self.skipped.saturating_add(1),
        }
    }
}

/// `# Netscape HTTP Cookie File`, or as wget writes it, `# HTTP cookie file.`
fn is_header(line: &[u8]) -> bool {
    let line = line.to_ascii_lowercase();
    let title = line
        .strip_prefix(b"#")
        .unwrap_or_default()
        .trim_ascii_start();
    let title = title.strip_prefix(b"netscape ").unwrap_or(title);
    title.starts_with(b"http cookie file")
}

fn read_cookie(line: &[u8]) -> Option<Cookie> {
    let without_mark = line.strip_prefix(HTTP_ONLY);
    let mut rest = Some(without_mark.unwrap_or(line));
    let mut field = || {
        let (field, behind) = cut(rest?, b'\t');
        rest = behind;
        Some(field)
    };
    let domain = read_domain(field()?)?;
    let below = is_true(field()?)?;
    let path = latin1(field()?).into_owned();
    let secure = is_true(field()?)?;
    let expires = read_expiry(field()?)?;
    let name = field()?;
    // The value is what is left, tabs and all; curl leaves an empty one out.
    let value = rest.unwrap_or_default();
    let empty = name.is_empty() && value.is_empty();
    let valid = path.starts_with('/') && !empty && is_kept(name) && is_kept(value);
    valid.then(|| Cookie {
        name: name.to_vec(),
        value: value.to_vec(),
        domain,
        host_only: !below,
        path,
        secure,
        http_only: without_mark.is_some(),
        same_site: SameSite::Default,
        expires,
        created: 0,
        accessed: 0,
    })
}

/// Whether a name or value could have come in a `Set-Cookie` line.
fn is_kept(octets: &[u8]) -> bool {
    let breaks = |octet: &u8| octet.is_ascii_control() && *octet != b'\t' || *octet == b';';
    !octets.iter().any(breaks) && scan::trim_blank(octets).len() == octets.len()
}

/// A leading dot says nothing that the second field does not.
fn read_domain(field: &[u8]) -> Option<String> {
    let domain = std::str::from_utf8(field).ok()?;
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    is_domain(domain).then(|| scope::canonical_host(domain).into_owned())
}

fn is_true(field: &[u8]) -> Option<bool> {
    match field.to_ascii_lowercase().as_slice() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Seconds since 1970, maybe with a fraction; none, 0 and what is before is a cookie that ends with
/// the session.
fn read_expiry(field: &[u8]) -> Option<Option<Moment>> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    let (whole, fraction) = cut(digits, b'.');
    let are_digits = |octets: &[u8]| octets.iter().all(u8::is_ascii_digit);
    let valid = are_digits(whole) && are_digits(fraction.unwrap_or_default());
    let negative = digits.len() < field.len();
    (valid && (!whole.is_empty() || field.is_empty())).then_some(())?;
    let seconds = scan::decimal(whole).map_or(i64::MAX, |seconds| {
        i64::try_from(seconds).unwrap_or(i64::MAX)
    });
    let session = whole.is_empty() || seconds == 0 || negative;
    Some((!session).then_some(Moment(seconds)))
}

/// A file with these cookies, and how many of them have no place in one: a tab in the name or path
/// would end it.
pub(super) fn write<'a>(cookies: impl Iterator<Item = &'a Cookie>) -> (Vec<u8>, usize) {
    let mut content = HEADER.to_vec();
    let mut skipped: usize = 0;
    for cookie in cookies {
        match cookie.name.contains(&b'\t') || cookie.path.contains('\t') {
            true => skipped = skipped.saturating_add(1),
            false => write_cookie(cookie, &mut content),
        }
    }
    (content, skipped)
}

fn write_cookie(cookie: &Cookie, content: &mut Vec<u8>) {
    let mark = if cookie.http_only { HTTP_ONLY } else { b"" };
    // Python's own reader wants the dot where the cookie is for all below, and only there.
    let dot: &[u8] = if cookie.host_only { b"" } else { b"." };
    let upper = |flag| if flag { &b"TRUE"[..] } else { b"FALSE" };
    let expires = cookie
        .expires
        .map_or(0, |Moment(seconds)| seconds.max(1))
        .to_string();
    let path: Vec<u8> = octets(&cookie.path);
    content.extend_from_slice(mark);
    content.extend_from_slice(dot);
    let fields: [&[u8]; 7] = [
        cookie.domain.as_bytes(),
        upper(!cookie.host_only),
        &path,
        upper(cookie.secure),
        expires.as_bytes(),
        &cookie.name,
        &cookie.value,
    ];
    content.extend_from_slice(&fields.join(&b'\t'));
    content.push(b'\n');
}

/// The octets of text that has one character for each.
fn octets(text: &str) -> Vec<u8> {
    let octets = text
        .chars()
        .map(|character| u8::try_from(character).unwrap_or(b'?'));
    octets.collect()
}
