//! `Url`: an http or https URL, read once and strictly, and what a client takes from it (RFC 3986
//! sections 3 and 5, RFC 9110 section 4.2).
//!
//! The text stays as it was written. Socket, `Host`, target, pool, cookies and credentials take
//! their parts from here, so that they can't disagree. Stricter than RFC 3986: hosts hold
//! unreserved octets only, a host that looks like a number is an IPv4 address in its usual form,
//! `@` stands in an authority once, and there is no IPvFuture.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::reference::Reference;
use crate::error::{HTTPException, UrlPart};
use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::authority::Authority;
use crate::proto::scan;
use crate::{HTTP_PORT, HTTPS_PORT};

/// An absolute http or https URL.
///
/// It is equal to another if both are written alike; for what counts as the same server, compare
/// their [`origin`](Self::origin). `Debug` masks user name and password, `Display` does not.
///
/// ```
/// use stdhttp::urllib::Url;
///
/// let url: Url = "http://user@Example.org:8080/a//b?q=%7e#top".parse()?;
/// assert_eq!((url.scheme(), url.hostname(), url.port()), ("http", "example.org", 8080));
/// assert_eq!(url.host_field(), "example.org:8080");
/// assert_eq!(url.request_target(), "/a//b?q=%7e");
/// assert_eq!(url.userinfo(), Some("user"));
/// assert_eq!(url.join("../c")?.as_str(), "http://user@Example.org:8080/a/c");
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Url {
    /// Copies share it.
    parts: Arc<Parts>,
}

struct Parts {
    text: String,
    scheme: &'static str,
    authority: Authority,
    netloc: Range<usize>,
    path: Range<usize>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

/// Scheme, host and port: what credentials, cookies given for one request, and pooled connections
/// are bound to (RFC 9110 section 4.3.1).
///
/// The host counts in lower case and without a trailing dot; addresses count by value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: &'static str,
    host: String,
    port: u16,
}

impl Origin {
    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The host in its form for comparisons.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the default one too.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Writes `scheme://host:port`, always with the port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "{}://[{}]:{}", self.scheme, self.host, self.port),
            false => write!(f, "{}://{}:{}", self.scheme, self.host, self.port),
        }
    }
}

impl Url {
    /// The most bytes that a URL may have: 131,072.
    pub const MAX_LENGTH: usize = 131_072;

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.parts.text
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.parts.scheme
    }

    /// Whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.parts.scheme == "https"
    }

    /// User name, password, host and port as they are written.
    #[must_use]
    pub fn netloc(&self) -> &str {
        self.part(&self.parts.netloc)
    }

    /// What stands before the `@`, as it is written.
    #[must_use]
    pub fn userinfo(&self) -> Option<&str> {
        Some(self.netloc().split_once('@')?.0)
    }

    /// The user name, still percent-encoded; [`unquote`](super::parse::unquote) decodes it.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        let userinfo = self.userinfo()?;
        Some(userinfo.split_once(':').map_or(userinfo, |(name, _)| name))
    }

    /// The password, still percent-encoded.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        Some(self.userinfo()?.split_once(':')?.1)
    }

    /// The host to connect to, in lower case, without brackets; an IPv6 address in its usual form
    /// (RFC 5952), with its zone.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.parts.authority.host
    }

    /// The IP address that the host is, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let host = self.hostname();
        host.split_once('%').map_or(host, |(ip, _)| ip).parse().ok()
    }

    /// The port to connect to: the one written, or 80 or 443.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts.authority.port
    }

    /// The path as it is written; may be empty.
    #[must_use]
    pub fn path(&self) -> &str {
        self.part(&self.parts.path)
    }

    /// What stands between `?` and `#`. An empty query is not the same as none.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.parts.query.as_ref().map(|range| self.part(range))
    }

    /// What stands behind `#`. It is never sent.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        self.parts.fragment.as_ref().map(|range| self.part(range))
    }

    /// The target of a request: path, or `/`, and query (RFC 9112 section 3.2.1).
    #[must_use]
    pub fn request_target(&self) -> Cow<'_, str> {
        let end = self.parts.query.as_ref().unwrap_or(&self.parts.path).end;
        let target = self.part(&(self.parts.path.start..end));
        match target.starts_with('/') {
            true => Cow::Borrowed(target),
            false => Cow::Owned(format!("/{target}")),
        }
    }

    /// The target of a request to a proxy: scheme, host, path and query, neither userinfo nor
    /// fragment (RFC 9112 section 3.2.2, RFC 9110 section 4.2.4).
    #[must_use]
    pub fn absolute_target(&self) -> String {
        let target = self.request_target();
        format!("{}://{}{target}", self.parts.scheme, self.host_field())
    }

    /// The value of the `Host` field: no userinfo, no zone, no default port.
    #[must_use]
    pub fn host_field(&self) -> &str {
        &self.parts.authority.field
    }

    /// The target of `CONNECT`.
    pub(super) fn authority_form(&self) -> String {
        self.parts.authority.authority_form()
    }

    /// Scheme, host and port for comparisons (RFC 9110 section 4.2.3).
    #[must_use]
    pub fn origin(&self) -> Origin {
        let host = self.hostname();
        Origin {
            scheme: self.parts.scheme,
            host: host.strip_suffix('.').unwrap_or(host).to_owned(),
            port: self.port(),
        }
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.parts.text.get(range.clone()).unwrap_or_default()
    }

    /// From parts that were checked, but for host, port and length.
    pub(super) fn from_checked(parts: &Reference<'_>) -> Result<Self, ParseError> {
        let text = parts.unsplit();
        check_length(&text)?;
        let places = parts.places();
        let (scheme, default_port) = known_scheme(parts.scheme)?;
        let missing = ParseError::new(Part::Host, Fault::Missing, places.path);
        let netloc = parts.authority.ok_or(missing)?;
        let authority =
            read_authority(netloc, default_port).map_err(|error| error.moved(places.authority))?;
        Ok(Self {
            parts: Arc::new(Parts {
                scheme,
                authority,
                netloc: range(places.authority, netloc),
                path: range(places.path, parts.path),
                query: parts.query.map(|text| range(places.query, text)),
                fragment: parts.fragment.map(|text| range(places.fragment, text)),
                text,
            }),
        })
    }
}

pub(super) fn check_length(text: &str) -> Result<(), ParseError> {
    let fault = Fault::TooMuch(Url::MAX_LENGTH);
    match text.len() > Url::MAX_LENGTH {
        true => Err(ParseError::new(Part::Whole, fault, 0)),
        false => Ok(()),
    }
}

fn range(start: usize, text: &str) -> Range<usize> {
    start..start.saturating_add(text.len())
}

/// The scheme in lower case and its port.
fn known_scheme(scheme: Option<&str>) -> Result<(&'static str, u16), ParseError> {
    let fault = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => return Ok(("http", HTTP_PORT)),
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => return Ok(("https", HTTPS_PORT)),
        Some(_) => Fault::Unsupported,
        None => Fault::Missing,
    };
    Err(ParseError::new(Part::Scheme, fault, 0))
}

/// Host and port of what stands between `//` and the path, where no second `@` is.
pub(super) fn read_authority(netloc: &str, default_port: u16) -> Result<Authority, ParseError> {
    let host = scan::split_once(netloc, b'@').map_or(netloc, |(_, host)| host);
    let start = netloc.len().saturating_sub(host.len());
    let malformed = |part| ParseError::new(part, Fault::Malformed, start);
    let host = canonical(host).ok_or(malformed(Part::Host))?;
    let authority = Authority::parse(&host, None, default_port).map_err(|error| match error {
        HTTPException::InvalidURL(url) if url.part == UrlPart::Port => malformed(Part::Port),
        _ => malformed(Part::Host),
    })?;
    match is_odd_number(&authority.host) {
        true => Err(malformed(Part::Host)),
        false => Ok(authority),
    }
}

/// Host and port with the host in its usual form; nothing if a `%` stands where none can.
///
/// In a URL `%25` separates an IPv6 address from its zone (RFC 6874 section 2).
fn canonical(host: &str) -> Option<Cow<'_, str>> {
    let Some((literal, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        let has_upper = host.bytes().any(|octet| octet.is_ascii_uppercase());
        let has_percent = scan::find(host.as_bytes(), b'%').is_some();
        return (!has_percent).then(|| match has_upper {
            true => Cow::Owned(host.to_ascii_lowercase()),
            false => Cow::Borrowed(host),
        });
    };
    let (address, zone) = match literal.split_once('%') {
        Some((address, zone)) => (address, format!("%{}", zone.strip_prefix("25")?)),
        None => (literal, String::new()),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    Some(Cow::Owned(format!("[{address}{zone}]{port}")))
}

/// A name whose last label is a number is an IPv4 address to resolvers; other spellings than four
/// decimal numbers name different hosts to different readers.
fn is_odd_number(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let digits = !last.is_empty() && last.bytes().all(|octet| octet.is_ascii_digit());
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|octet| octet.is_ascii_hexdigit()));
    let is_address = || host.contains(':') || host.parse::<Ipv4Addr>().is_ok();
    (digits || hexadecimal) && !is_address()
}

impl FromStr for Url {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.parts.text == other.parts.text
    }
}

impl Eq for Url {}

impl std::hash::Hash for Url {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts.text.hash(state);
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.parts.text
    }
}

/// Writes the URL as it was written, user name and password included.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.text)
    }
}

/// Writes `***` in the place of user name and password.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let userinfo = self.userinfo().map_or(0, str::len);
        let start = self.part(&(0..self.parts.netloc.start));
        let host = self.parts.netloc.start.saturating_add(userinfo);
        let rest = self.part(&(host..self.parts.text.len()));
        let mask = if self.userinfo().is_some() { "***" } else { "" };
        write!(f, "Url({start}{mask}{rest})")
    }
}
