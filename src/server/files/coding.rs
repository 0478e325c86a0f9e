//! Which codings a client takes (RFC 9110 sections 8.4.1 and 12.5.3).

use crate::proto::scan;

/// Whether a coding is accepted: it is named, or `*` is, without a weight of 0 (RFC 9110 section
/// 12.5.3).
pub(super) fn accepts(accepted: &str, coding: &str) -> bool {
    let mut any = false;
    for element in scan::list_elements(accepted.as_bytes()) {
        let mut parts = element.split(|&octet| octet == b';').map(scan::trim_blank);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|weight| {
            let weight = weight.strip_prefix(b"q=").or(weight.strip_prefix(b"Q="));
            weight.is_some_and(|q| q.iter().all(|octet| matches!(octet, b'0' | b'.')))
        });
        let is_old_name = coding == "gzip" && name.eq_ignore_ascii_case(b"x-gzip");
        if name.eq_ignore_ascii_case(coding.as_bytes()) || is_old_name {
            return !refused;
        }
        any |= name == b"*" && !refused;
    }
    any
}
