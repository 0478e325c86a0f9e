//! The target of a request: its four forms, and what `Host` has to do with it (RFC 9112 section 3.2,
//! RFC 9110 section 7.2).

use crate::error::{Excerpt, HTTPException, InvalidURL, UrlPart};
use crate::proto::authority::{is_host_field, is_same_authority};

/// The four forms of RFC 9112 section 3.2; no fragment, no octet outside `!` to `~`.
pub(crate) fn check_target(method: &str, target: &str) -> Result<(), HTTPException> {
    let octets_legal = target
        .bytes()
        .all(|octet| octet.is_ascii_graphic() && octet != b'#');
    let form_legal = match method {
        "CONNECT" => is_authority_form(target),
        "OPTIONS" if target == "*" => true,
        _ if target.starts_with('/') => true,
        _ => absolute_form_authority(target).is_some_and(is_target_authority),
    };
    if octets_legal && form_legal {
        return Ok(());
    }
    Err(HTTPException::InvalidURL(InvalidURL {
        part: UrlPart::Target,
        text: Excerpt::new(target.as_bytes()),
    }))
}

/// Host and port, both there.
fn is_authority_form(target: &str) -> bool {
    let has_port = target
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'));
    has_port && !target.contains('%') && is_host_field(target.as_bytes())
}

/// No userinfo, no zone, not empty (RFC 9110 sections 4.2.1 and 4.2.4).
fn is_target_authority(text: &str) -> bool {
    !text.is_empty() && !text.contains('%') && is_host_field(text.as_bytes())
}

/// The authority of `scheme://authority…`.
pub(crate) fn absolute_form_authority(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return None;
    }
    let (scheme, rest) = target.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let mut octets = scheme.bytes();
    let legal = octets
        .next()
        .is_some_and(|octet| octet.is_ascii_alphabetic())
        && octets.all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'));
    if !legal {
        return None;
    }
    rest.split(['/', '?']).next()
}

/// Whether a `Host` names the authority of the target, if that has one: otherwise one recipient
/// would go by the target, another by the field. The default port counts as written, in a CONNECT
/// that of the target.
pub(crate) fn is_host_of_target(host: &[u8], method: &[u8], target: &str) -> bool {
    if method == b"CONNECT" {
        return is_same_authority(host, target, None);
    }
    let default_port = match target.split_once(':') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => 80,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => 443,
        _ => 0,
    };
    absolute_form_authority(target)
        .is_none_or(|authority| is_same_authority(host, authority, Some(default_port)))
}
