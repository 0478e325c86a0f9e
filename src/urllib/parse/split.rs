//! URLs of any scheme as their parts, and back: `urlsplit`, `urlparse`, `urljoin`, `urldefrag`.
//!
//! What `urllib.parse` raises `ValueError` for is an error here. Beyond that: control characters
//! anywhere, a leading blank, a second `@` or a backslash in the authority.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::scan;
use crate::urllib::octets::find_control;
use crate::urllib::reference::Reference;

/// The five parts of a URL. What is absent is empty (`urllib.parse.SplitResult`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SplitResult<'a> {
    /// The scheme, in lower case.
    pub scheme: Cow<'a, str>,
    /// User name, password, host and port, as written.
    pub netloc: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// The query, still percent-encoded.
    pub query: &'a str,
    /// The fragment, still percent-encoded.
    pub fragment: &'a str,
}

/// As [`SplitResult`], with the parameters of the last segment of the path apart
/// (`urllib.parse.ParseResult`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ParseResult<'a> {
    /// The scheme, in lower case.
    pub scheme: Cow<'a, str>,
    /// User name, password, host and port, as written.
    pub netloc: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// What stands behind the first `;` of the last segment.
    pub params: &'a str,
    /// The query, still percent-encoded.
    pub query: &'a str,
    /// The fragment, still percent-encoded.
    pub fragment: &'a str,
}

/// A URL and the fragment that it had (`urllib.parse.DefragResult`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DefragResult<'a> {
    /// What stands before the first `#`.
    pub url: &'a str,
    /// What stands behind it.
    pub fragment: &'a str,
}

/// What both results have beside their parts.
macro_rules! netloc_parts {
    ($result:ident) => {
        impl<'a> $result<'a> {
            /// The user name, as written.
            #[must_use]
            pub fn username(&self) -> Option<&'a str> {
                let (userinfo, _) = self.netloc.rsplit_once('@')?;
                Some(userinfo.split(':').next().unwrap_or_default())
            }

            /// The password, as written.
            #[must_use]
            pub fn password(&self) -> Option<&'a str> {
                let (userinfo, _) = self.netloc.rsplit_once('@')?;
                Some(userinfo.split_once(':')?.1)
            }

            /// The host in lower case, without brackets; its zone, if it has one, as written.
            #[must_use]
            pub fn hostname(&self) -> Option<String> {
                let (host, _) = host_and_port(self.netloc);
                let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
                (!host.is_empty()).then(|| format!("{}{zone}", name.to_lowercase()))
            }

            /// The port, if one is written.
            ///
            /// # Errors
            /// [`ParseError`], [`Part::Port`]: it is no number from 0 to 65535. The offset is
            /// that in `netloc`.
            pub fn port(&self) -> Result<Option<u16>, ParseError> {
                read_port(self.netloc)
            }
        }
    };
}

netloc_parts!(SplitResult);
netloc_parts!(ParseResult);

impl SplitResult<'_> {
    /// The parts put together by [`urlunsplit`].
    #[must_use]
    pub fn geturl(&self) -> String {
        let scheme = &self.scheme;
        urlunsplit([scheme, self.netloc, self.path, self.query, self.fragment])
    }
}

impl ParseResult<'_> {
    /// The parts put together by [`urlunparse`].
    #[must_use]
    pub fn geturl(&self) -> String {
        let path = [&self.scheme, self.netloc, self.path];
        let [scheme, netloc, path] = path;
        urlunparse([scheme, netloc, path, self.params, self.query, self.fragment])
    }
}

impl DefragResult<'_> {
    /// Both put together.
    #[must_use]
    pub fn geturl(&self) -> String {
        match self.fragment {
            "" => self.url.to_owned(),
            fragment => format!("{}#{fragment}", self.url),
        }
    }
}

/// Takes a URL apart (`urllib.parse.urlsplit`).
///
/// # Errors
/// [`ParseError`]: a control character, a leading blank, or an authority that can't be one:
/// brackets around something else than an address, two `@`, a backslash, characters that become
/// delimiters under NFKC normalization.
///
/// ```
/// use stdhttp::urllib::parse::urlsplit;
///
/// let parts = urlsplit("//user:pw@[::1]:8080/a?b#c")?;
/// assert_eq!(parts.netloc, "user:pw@[::1]:8080");
/// assert_eq!((parts.path, parts.query, parts.fragment), ("/a", "b", "c"));
/// assert_eq!(parts.hostname().as_deref(), Some("::1"));
/// assert_eq!((parts.username(), parts.password()), (Some("user"), Some("pw")));
/// assert_eq!(parts.port()?, Some(8080));
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn urlsplit(url: &str) -> Result<SplitResult<'_>, ParseError> {
    urlsplit_with(url, "", true)
}

/// As [`urlsplit`], with the scheme of a URL that has none, and whether `#` begins a fragment
/// (the arguments `scheme` and `allow_fragments`).
///
/// # Errors
/// As [`urlsplit`].
pub fn urlsplit_with<'a>(
    url: &'a str,
    scheme: &'a str,
    allow_fragments: bool,
) -> Result<SplitResult<'a>, ParseError> {
    let parts = read(url)?;
    let scheme = match parts.scheme {
        Some(scheme) if scheme.bytes().any(|octet| octet.is_ascii_uppercase()) => {
            Cow::Owned(scheme.to_ascii_lowercase())
        }
        written => Cow::Borrowed(written.unwrap_or(scheme)),
    };
    let (path, query, fragment) = match allow_fragments {
        true => (parts.path, parts.query, parts.fragment),
        false => {
            let rest = url.get(parts.places().path..).unwrap_or_default();
            let path = rest.split('?').next().unwrap_or_default();
            let query = rest
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('?'));
            (path, query, None)
        }
    };
    Ok(SplitResult {
        scheme,
        netloc: parts.authority.unwrap_or_default(),
        path,
        query: query.unwrap_or_default(),
        fragment: fragment.unwrap_or_default(),
    })
}

/// The parts of a text that may be a URL.
fn read(url: &str) -> Result<Reference<'_>, ParseError> {
    if let Some((place, octet)) = find_control(url) {
        return Err(ParseError::new(Part::Whole, Fault::Octet(octet), place));
    }
    if url.starts_with(' ') {
        return Err(ParseError::new(Part::Whole, Fault::Octet(b' '), 0));
    }
    let parts = Reference::split(url);
    let checked = parts.authority.map_or(Ok(()), check_netloc);
    checked.map_err(|error| error.moved(parts.places().authority))?;
    Ok(parts)
}

/// Refuses what readers of URLs understand differently.
fn check_netloc(netloc: &str) -> Result<(), ParseError> {
    let second_at = netloc.match_indices('@').nth(1);
    let odd = second_at.or_else(|| {
        netloc
            .match_indices(|odd| odd == '\\' || expands(odd))
            .next()
    });
    if let Some((place, text)) = odd {
        let octet = text.bytes().next().unwrap_or_default();
        return Err(ParseError::new(Part::Host, Fault::Octet(octet), place));
    }
    let host = netloc.rsplit('@').next().unwrap_or_default();
    let start = netloc.len().saturating_sub(host.len());
    match netloc.contains(['[', ']']) && !has_literal(netloc, host) {
        true => Err(ParseError::new(Part::Host, Fault::Malformed, start)),
        false => Ok(()),
    }
}

/// Characters that NFKC normalization, a step of IDNA, turns into `/`, `?`, `#`, `@` or `:`, alone
/// or with others (CVE-2019-9636).
fn expands(character: char) -> bool {
    matches!(
        character,
        '\u{2047}'
            ..='\u{2049}'
                | '\u{2100}'
                | '\u{2101}'
                | '\u{2105}'
                | '\u{2106}'
                | '\u{2a74}'
                | '\u{fe13}'
                | '\u{fe16}'
                | '\u{fe55}'
                | '\u{fe56}'
                | '\u{fe5f}'
                | '\u{fe6b}'
                | '\u{ff03}'
                | '\u{ff0f}'
                | '\u{ff1a}'
                | '\u{ff1f}'
                | '\u{ff20}'
    )
}

/// Whether the only brackets are those around an address, which is the whole host (RFC 3986
/// section 3.2.2).
fn has_literal(netloc: &str, host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((address, port)) = literal else {
        return false;
    };
    let address_is_valid = match address.strip_prefix(['v', 'V']) {
        Some(future) => is_future(future),
        None => is_ipv6(address),
    };
    let pairs = netloc.matches(['[', ']']).count() == 2;
    pairs && address_is_valid && (port.is_empty() || port.starts_with(':'))
}

fn is_ipv6(address: &str) -> bool {
    let (address, zone) = address.split_once('%').unwrap_or((address, "zone"));
    !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok()
}

/// The version, a dot and the address of IPvFuture.
fn is_future(text: &str) -> bool {
    let digits = |version: &str| {
        !version.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit())
    };
    text.split_once('.')
        .is_some_and(|(version, address)| digits(version) && !address.is_empty())
}

/// The host without brackets, and what stands behind its colon.
fn host_and_port(netloc: &str) -> (&str, &str) {
    let whole = netloc.rsplit('@').next().unwrap_or_default();
    let literal = whole
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    match literal {
        Some((host, port)) => (host, port.strip_prefix(':').unwrap_or_default()),
        None => whole.split_once(':').unwrap_or((whole, "")),
    }
}

fn read_port(netloc: &str) -> Result<Option<u16>, ParseError> {
    let (_, port) = host_and_port(netloc);
    if port.is_empty() {
        return Ok(None);
    }
    let number = scan::decimal(port.as_bytes()).and_then(|number| u16::try_from(number).ok());
    let start = netloc.len().saturating_sub(port.len());
    match number {
        Some(port) => Ok(Some(port)),
        None => Err(ParseError::new(Part::Port, Fault::Malformed, start)),
    }
}

/// Takes a URL apart, as [`urlsplit`], with the parameters of the last segment apart for schemes
/// that have them (`urllib.parse.urlparse`).
///
/// # Errors
/// As [`urlsplit`].
///
/// ```
/// use stdhttp::urllib::parse::urlparse;
///
/// let parts = urlparse("http://h/a;b/c;d?e")?;
/// assert_eq!((parts.path, parts.params, parts.query), ("/a;b/c", "d", "e"));
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn urlparse(url: &str) -> Result<ParseResult<'_>, ParseError> {
    urlparse_with(url, "", true)
}

/// As [`urlparse`], with the arguments of [`urlsplit_with`].
///
/// # Errors
/// As [`urlsplit`].
pub fn urlparse_with<'a>(
    url: &'a str,
    scheme: &'a str,
    allow_fragments: bool,
) -> Result<ParseResult<'a>, ParseError> {
    let parts = urlsplit_with(url, scheme, allow_fragments)?;
    let (path, params) = match USES_PARAMS.contains(&&*parts.scheme) {
        true => split_params(parts.path),
        false => (parts.path, ""),
    };
    Ok(ParseResult {
        scheme: parts.scheme,
        netloc: parts.netloc,
        path,
        params,
        query: parts.query,
        fragment: parts.fragment,
    })
}

/// Cuts at the first `;` of the last segment.
fn split_params(path: &str) -> (&str, &str) {
    let last = path.rfind('/').unwrap_or(0);
    let semicolon = path.get(last..).and_then(|segment| segment.find(';'));
    let cut = semicolon.and_then(|place| path.split_at_checked(last.saturating_add(place)));
    cut.map_or((path, ""), |(path, params)| {
        (path, params.strip_prefix(';').unwrap_or_default())
    })
}

/// The schemes whose paths have parameters (`urllib.parse.uses_params`).
const USES_PARAMS: [&str; 16] = [
    "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu",
    "sip", "sips", "mms", "sftp", "tel",
];

/// The schemes that have an authority, if only an empty one (`urllib.parse.uses_netloc`).
const USES_NETLOC: [&str; 25] = [
    "ftp", "http", "gopher", "nntp", "telnet", "imap", "wais", "file", "mms", "https", "shttp",
    "snews", "prospero", "rtsp", "rtsps", "rtspu", "rsync", "svn", "svn+ssh", "sftp", "nfs", "git",
    "git+ssh", "ws", "wss",
];

/// Puts scheme, netloc, path, query and fragment together (`urllib.parse.urlunsplit`). A delimiter
/// with nothing behind it is left out.
///
/// ```
/// use stdhttp::urllib::parse::urlunsplit;
///
/// assert_eq!(urlunsplit(["http", "h", "p", "q", ""]), "http://h/p?q");
/// assert_eq!(urlunsplit(["file", "", "/p", "", ""]), "file:///p");
/// ```
#[must_use]
pub fn urlunsplit([scheme, netloc, path, query, fragment]: [&str; 5]) -> String {
    let rooted = path.is_empty() || path.starts_with('/');
    let has_authority =
        !netloc.is_empty() || path.starts_with("//") || (rooted && USES_NETLOC.contains(&scheme));
    let slash = has_authority && !rooted;
    let parts = [
        (!scheme.is_empty()).then_some([scheme, ":"]),
        has_authority.then_some(["//", netloc]),
        Some([if slash { "/" } else { "" }, path]),
        (!query.is_empty()).then_some(["?", query]),
        (!fragment.is_empty()).then_some(["#", fragment]),
    ];
    parts.into_iter().flatten().flatten().collect()
}

/// As [`urlunsplit`], with the parameters behind the path (`urllib.parse.urlunparse`).
///
/// ```
/// use stdhttp::urllib::parse::urlunparse;
///
/// assert_eq!(urlunparse(["http", "h", "/p", "x", "q", "f"]), "http://h/p;x?q#f");
/// ```
#[must_use]
pub fn urlunparse([scheme, netloc, path, params, query, fragment]: [&str; 6]) -> String {
    let path = match params {
        "" => Cow::Borrowed(path),
        params => Cow::Owned(format!("{path};{params}")),
    };
    urlunsplit([scheme, netloc, &path, query, fragment])
}

/// Resolves a reference against a base (`urllib.parse.urljoin`), by RFC 3986 section 5.2.2, for
/// every scheme. If either is empty the other is the result.
///
/// # Errors
/// As [`urlsplit`], of the base or of the reference.
///
/// ```
/// use stdhttp::urllib::parse::urljoin;
///
/// assert_eq!(urljoin("http://h/a/b;c?d", "../e?f")?, "http://h/e?f");
/// assert_eq!(urljoin("http://h/a", "//i/b")?, "http://i/b");
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn urljoin(base: &str, url: &str) -> Result<String, ParseError> {
    let (base_parts, parts) = (read(base)?, read(url)?);
    match (base, url) {
        ("", only) | (only, "") => Ok(only.to_owned()),
        _ => Ok(parts.resolve(&base_parts)),
    }
}

/// Cuts the fragment off (`urllib.parse.urldefrag`).
///
/// ```
/// use stdhttp::urllib::parse::urldefrag;
///
/// let cut = urldefrag("http://h/a#b");
/// assert_eq!((cut.url, cut.fragment), ("http://h/a", "b"));
/// ```
#[must_use]
pub fn urldefrag(url: &str) -> DefragResult<'_> {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    DefragResult { url, fragment }
}

/// Takes off what is put around a URL in running text: `<URL:http://h/>`, `<http://h/>`, `URL:…`
/// (`urllib.parse.unwrap`).
///
/// ```
/// assert_eq!(stdhttp::urllib::parse::unwrap(" <URL:http://h/> "), "http://h/");
/// ```
#[must_use]
pub fn unwrap(url: &str) -> &str {
    let url = url.trim();
    let inner = url.strip_prefix('<').and_then(|url| url.strip_suffix('>'));
    let url = inner.map_or(url, str::trim);
    url.strip_prefix("URL:").map_or(url, str::trim)
}
