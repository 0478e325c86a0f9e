//! Host and port: the forms a caller may give them in, and the form that goes into `Host`,
//! `CONNECT` and the resolver (RFC 3986 section 3.2, RFC 9110 sections 4.2 and 7.2).
//!
//! One type serves them all, so that they can't disagree. Departs from `http.client`, which
//! accepts white space, signs and underscores in ports, userinfo, and misreads an IPv6 address
//! without brackets; non-ASCII names must be encoded (IDNA) by the caller.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::error::{Excerpt, HTTPException, InvalidURL, UrlPart};
use crate::proto::scan;

/// A host without brackets and a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The value of a `Host` field: no zone, brackets around IPv6, no default port.
    pub(crate) field: String,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or, if the port is given apart, a bare IPv6
    /// address too.
    pub(crate) fn parse(
        text: &str,
        port: Option<u16>,
        default_port: u16,
    ) -> Result<Self, HTTPException> {
        let (host, port) = split(text, port, default_port)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            field: field(text, host, port, default_port).into_owned(),
        })
    }

    /// The authority-form of a CONNECT: the port is always there.
    pub(crate) fn authority_form(&self) -> String {
        format!("{}:{}", uri_host(&self.host), self.port)
    }
}

/// The value of a `Host` field for this host and port; hardly ever a new text.
pub(crate) fn host_field(text: &str, default_port: u16) -> Result<Cow<'_, str>, HTTPException> {
    let (host, port) = split(text, None, default_port)?;
    Ok(field(text, host, port, default_port))
}

/// Whether this can be the value of a `Host` field: empty, or `uri-host [ ":" port ]`.
pub(crate) fn is_host_field(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let two_colons = value.windows(2).any(|pair| pair == b"::");
    let bare_address = two_colons && !text.starts_with('[');
    text.is_empty() || (!bare_address && split(text, None, 80).is_ok())
}

/// Host and port as a peer wrote them, `uri-host [ ":" port ]` with nothing left out of RFC 3986
/// section 3.2.2 but future forms of addresses; nothing if they are not so, or the host is empty. An
/// IPv6 address keeps its brackets; a zone means nothing to another machine.
#[cfg(feature = "server")]
pub(crate) fn split_received(bytes: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let end = match bytes {
        [b'[', ..] => bytes
            .iter()
            .position(|&octet| octet == b']')?
            .checked_add(1)?,
        _ => {
            let colon = bytes.iter().position(|&octet| octet == b':');
            colon.unwrap_or(bytes.len())
        }
    };
    let (host, rest) = bytes.split_at_checked(end)?;
    let port = match rest {
        [] | [b':'] => None,
        [b':', digits @ ..] => Some(u16::try_from(scan::decimal(digits)?).ok()?),
        _ => return None,
    };
    is_received_host(host).then_some((host, port))
}

#[cfg(feature = "server")]
fn is_received_host(host: &[u8]) -> bool {
    match host {
        [b'[', address @ .., b']'] => {
            let address = std::str::from_utf8(address);
            address.is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        _ => !host.is_empty() && is_encoded_name(host),
    }
}

/// Whether these are unreserved characters, sub-delimiters and whole percent-encodings.
#[cfg(feature = "server")]
fn is_encoded_name(bytes: &[u8]) -> bool {
    let unusual = bytes.iter().position(|&octet| !is_unreserved(octet));
    let mut rest = bytes
        .get(unusual.unwrap_or(bytes.len())..)
        .unwrap_or_default();
    loop {
        rest = match rest {
            [] => return true,
            [b'%', a, b, after @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
            [octet, after @ ..] if is_unreserved(*octet) || b"!$&'()*+,;=".contains(octet) => after,
            _ => return false,
        };
    }
}

/// Whether a `Host` field names this authority. A port that is not written is the default one, or
/// without a default the authority's.
pub(crate) fn is_same_authority(field: &[u8], authority: &str, default_port: Option<u16>) -> bool {
    let Ok(field) = std::str::from_utf8(field) else {
        return false;
    };
    let Ok((host, port)) = split(authority, None, default_port.unwrap_or(0)) else {
        return false;
    };
    split(field, None, default_port.unwrap_or(port))
        .is_ok_and(|(named, at)| at == port && named.eq_ignore_ascii_case(host))
}

/// From the text that host and port were read in.
fn field<'a>(text: &'a str, host: &'a str, port: u16, default_port: u16) -> Cow<'a, str> {
    if port == default_port {
        return uri_host(host);
    }
    let written = text.strip_prefix(host).and_then(|it| it.strip_prefix(':'));
    match written {
        Some(digits) if !digits.starts_with('0') => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{}:{port}", uri_host(host))),
    }
}

/// A zone means something on this machine only (RFC 6874 section 4).
fn uri_host(host: &str) -> Cow<'_, str> {
    if scan::find(host.as_bytes(), b':').is_none() {
        return Cow::Borrowed(host);
    }
    let address = host.split('%').next().unwrap_or_default();
    Cow::Owned(format!("[{address}]"))
}

/// The host, without brackets, and the port.
fn split(text: &str, port: Option<u16>, default_port: u16) -> Result<(&str, u16), HTTPException> {
    let (host, port) = match port {
        Some(0) => return Err(invalid(UrlPart::Port, "0")),
        Some(port) => (text, port),
        None => split_port(text, default_port)?,
    };
    match strip_brackets(host) {
        Some(address) if is_ipv6(address) => Ok((address, port)),
        None if is_registered_name(host) || (text.len() == host.len() && is_ipv6(host)) => {
            Ok((host, port))
        }
        _ => Err(invalid(UrlPart::Host, text)),
    }
}

fn split_port(text: &str, default_port: u16) -> Result<(&str, u16), HTTPException> {
    let last = |wanted| text.bytes().rposition(|octet| octet == wanted);
    let colon = match last(b']') {
        Some(bracket) => text
            .get(bracket..)
            .and_then(|tail| tail.find(':'))
            .map(|at| at.saturating_add(bracket)),
        None => last(b':'),
    };
    let Some((host, port)) = colon.and_then(|at| text.split_at_checked(at)) else {
        return Ok((text, default_port));
    };
    let digits = port.get(1..).unwrap_or_default();
    if digits.is_empty() {
        return Ok((host, default_port));
    }
    let number = digits.parse::<u16>().ok().filter(|&number| number != 0);
    let all_digits = digits.bytes().all(|octet| octet.is_ascii_digit());
    match number {
        Some(number) if all_digits => Ok((host, number)),
        // A URL: what follows its last colon is no port that somebody meant.
        _ if text.contains('/') => Err(invalid(UrlPart::Host, text)),
        _ => Err(invalid(UrlPart::Port, digits)),
    }
}

fn strip_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

/// An IPv6 address with an optional zone of unreserved characters.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| !zone.is_empty() && zone.bytes().all(is_unreserved))
}

/// A name or IPv4 address. Odd spellings of numbers are left to the resolver.
fn is_registered_name(host: &str) -> bool {
    !host.is_empty() && host.len() <= 255 && host.bytes().all(is_unreserved)
}

fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

fn invalid(part: UrlPart, text: &str) -> HTTPException {
    HTTPException::InvalidURL(InvalidURL {
        part,
        text: Excerpt::new(text.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_forms() {
        for (text, port, host, expected) in [
            ("a", None, "a", 80),
            ("a:", None, "a", 80),
            ("a:8080", None, "a", 8080),
            ("a", Some(81), "a", 81),
            ("[::1]", None, "::1", 80),
            ("[::1]:", None, "::1", 80),
            ("[::1]:8", None, "::1", 8),
            ("::1", Some(8), "::1", 8),
            ("[fe80::1%eth0]:80", None, "fe80::1%eth0", 80),
            ("127.0.0.1:1", None, "127.0.0.1", 1),
            ("under_score.example.", None, "under_score.example.", 80),
        ] {
            let authority = Authority::parse(text, port, 80).unwrap();
            assert_eq!((authority.host.as_str(), authority.port), (host, expected));
        }
    }

    #[test]
    fn refused_forms() {
        for text in [
            "",
            ":80",
            "[]",
            "::1",
            "fe80::1",
            "a:0",
            "a:65536",
            "a:+80",
            "a:-1",
            "a:8_0",
            "a: 80",
            "a:80a",
            "u@h",
            "u:p@h",
            "http://h",
            "a/b",
            "a#b",
            "a b",
            " a",
            "a\r\n",
            "a\0",
            "[::1",
            "::1]",
            "[::1]x",
            "x[::1]",
            "[h]",
            "[127.0.0.1]",
            "[1::2::3]",
            "[::1%]",
            "ü.de",
            "a%41",
            "a::80",
            "[::1]::80",
        ] {
            let error = Authority::parse(text, None, 80).unwrap_err();
            assert!(matches!(error, HTTPException::InvalidURL(_)), "{text}");
        }
        assert!(Authority::parse("a:80", Some(90), 80).is_err());
    }

    #[test]
    fn host_field_and_authority_form() {
        for (text, field, form) in [
            ("h", "h", "h:80"),
            ("h:", "h", "h:80"),
            ("h:80", "h", "h:80"),
            ("h:080", "h", "h:80"),
            ("h:81", "h:81", "h:81"),
            ("h:0081", "h:81", "h:81"),
            ("[::1]", "[::1]", "[::1]:80"),
            ("[::1]:80", "[::1]", "[::1]:80"),
            ("[::1]:81", "[::1]:81", "[::1]:81"),
            ("[fe80::%2]", "[fe80::]", "[fe80::]:80"),
        ] {
            let authority = Authority::parse(text, None, 80).unwrap();
            assert_eq!(authority.field, field);
            assert_eq!(authority.authority_form(), form);
            assert_eq!(host_field(text, 80).unwrap(), field);
        }
        assert!(host_field("h:", 81).is_ok_and(|field| field == "h"));
        assert!(matches!(host_field("h:81", 80), Ok(Cow::Borrowed("h:81"))));
        assert!(host_field("h/", 80).is_err());
    }
}
