//! Which requests a cookie belongs to: hosts, domains and paths (RFC 6265bis section 5.1).

use std::borrow::Cow;
use std::net::Ipv4Addr;

/// What of a URL decides about cookies.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    /// In canonical form: lower case, without a dot at the end.
    pub(super) host: Cow<'a, str>,
    /// Without the query.
    pub(super) path: &'a str,
    /// Only https is secure; plain http to `localhost` is not.
    pub(super) secure: bool,
}

/// A host in the form in which hosts are compared. `h.` names the same host as `h`.
pub(super) fn canonical_host(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.bytes().any(|octet| octet.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}

/// Whether a host is a domain or lies below it (section 5.1.3). Both are canonical.
pub(super) fn domain_match(host: &str, domain: &str) -> bool {
    host == domain || is_below(host, domain)
}

fn is_below(host: &str, domain: &str) -> bool {
    let labels = host.strip_suffix(domain);
    let at_dot = labels.is_some_and(|labels| labels.ends_with('.'));
    at_dot && !domain.is_empty() && !is_ip(host)
}

/// Whether a canonical host is an IP address, in brackets or not.
pub(super) fn is_ip(host: &str) -> bool {
    host.contains(':') || host.parse::<Ipv4Addr>().is_ok()
}

/// The directory of a request's path (section 5.1.4).
pub(super) fn default_path(path: &str) -> &str {
    let directory = path.rsplit_once('/').map(|(directory, _)| directory);
    match directory {
        Some(directory) if directory.starts_with('/') => directory,
        _ => "/",
    }
}

/// Whether a request's path is a cookie's path or lies below it (section 5.1.4).
pub(super) fn path_match(path: &str, of_cookie: &str) -> bool {
    let behind = path.strip_prefix(of_cookie);
    behind.is_some_and(|behind| {
        behind.is_empty() || of_cookie.ends_with('/') || behind.starts_with('/')
    })
}
