//! What may be sent in fields, by client and server alike: names, which fields may stand once, how
//! several values are joined, and trailers (RFC 9110 sections 5 and 6.5).

use crate::error::{BodyFault, Excerpt, HTTPException};
use crate::message::is_secret;
use crate::proto::limits::Tolerance;
use crate::proto::scan;
use crate::proto::values::{join_values, split_continuations};

/// The fields that may stand once, and some that matter to a method; a set of bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen(pub(crate) u32);

/// Fields with a single value (RFC 9110 section 5.3), in the order of their bits in `Seen`.
const SINGLETONS: [&str; 24] = [
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Authorization",
    "Proxy-Authorization",
    "User-Agent",
    "Expect",
    "Range",
    "Referer",
    "From",
    "If-Range",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Content-Range",
    "Content-Location",
    "Cookie",
    "Content-Disposition",
    "Origin",
    "Expires",
    "Date",
    "ETag",
    "Last-Modified",
];

/// Those that can come late.
const TRAILERS: [&str; 3] = ["Date", "ETag", "Last-Modified"];

impl Seen {
    pub(crate) fn bit(name: &str) -> u32 {
        SINGLETONS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
            .map_or(0, Self::bit_at)
    }

    fn bit_at(place: usize) -> u32 {
        u32::try_from(place).map_or(0, |place| 1u32.wrapping_shl(place))
    }

    pub(crate) fn contains(self, name: &str) -> bool {
        self.0 & Self::bit(name) != 0
    }

    /// The canonical name and the bit of a singleton.
    pub(crate) fn singleton(name: &[u8]) -> Option<(&'static str, u32)> {
        let place = SINGLETONS
            .iter()
            .position(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        Some((SINGLETONS.get(place)?, Self::bit_at(place)))
    }
}

/// A trailer section (RFC 9110 section 6.5), checked and appended to `out`, which is unchanged
/// after an error.
pub(crate) fn write_trailers(
    trailers: &[(&str, &str)],
    out: &mut Vec<u8>,
) -> Result<(), HTTPException> {
    for (name, value) in trailers {
        check_name(name.as_bytes(), &Tolerance::STRICT)?;
        if !scan::is_value(value.as_bytes()) {
            return Err(invalid_value(name.as_bytes(), value.as_bytes()));
        }
        if is_forbidden_trailer(name) {
            return Err(HTTPException::InvalidBody {
                fault: BodyFault::ForbiddenTrailer,
            });
        }
    }
    for (name, value) in trailers {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(scan::trim_blank(value.as_bytes()));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Framing, routing, authentication, modifiers and content format can't come late (RFC 9110
/// section 6.5.1).
fn is_forbidden_trailer(name: &str) -> bool {
    const ALSO: [&str; 13] = [
        "Connection",
        "TE",
        "Trailer",
        "Upgrade",
        "Content-Encoding",
        "Set-Cookie",
        "Cache-Control",
        "Keep-Alive",
        "Proxy-Connection",
        "If-Match",
        "If-None-Match",
        "WWW-Authenticate",
        "Proxy-Authenticate",
    ];
    SINGLETONS
        .iter()
        .chain(&ALSO)
        .filter(|known| !TRAILERS.contains(known))
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}

pub(crate) fn check_name(name: &[u8], tolerance: &Tolerance) -> Result<(), HTTPException> {
    let legal = if tolerance.fields_as_given {
        is_name_as_given(name)
    } else {
        scan::is_token(name)
    };
    if legal {
        return Ok(());
    }
    Err(HTTPException::InvalidHeaderName {
        name: Excerpt::new(name),
    })
}

/// `http.client`'s rule for names.
fn is_name_as_given(name: &[u8]) -> bool {
    let begins = name
        .first()
        .is_some_and(|octet| !octet.is_ascii_whitespace() && *octet != 0x0b);
    begins
        && !name
            .iter()
            .any(|octet| matches!(octet, b':' | b'\r' | b'\n'))
}

/// Makes one value of the `count` that were laid out behind `start`, with continuations between them:
/// a list.
pub(crate) fn join_list(
    name: &[u8],
    out: &mut Vec<u8>,
    start: usize,
    count: usize,
) -> Result<(), HTTPException> {
    let separator = separator(name)?;
    let given = out.get(start..).unwrap_or_default();
    let each_legal = split_continuations(given).count() == count
        && split_continuations(given).all(scan::is_value);
    if !each_legal {
        return Err(invalid_value(name, given));
    }
    join_values(out, start, separator, true);
    Ok(())
}

/// What joins several values of a field, unless it takes one only (RFC 9110 section 5.3).
fn separator(name: &[u8]) -> Result<&'static [u8], HTTPException> {
    match Seen::singleton(name) {
        Some(("Cookie", _)) => Ok(b"; "),
        None if name.eq_ignore_ascii_case(b"set-cookie") => {
            Err(HTTPException::ConflictingHeader { name: "Set-Cookie" })
        }
        None | Some(("Transfer-Encoding", _)) => Ok(b", "),
        Some((name, _)) => Err(HTTPException::ConflictingHeader { name }),
    }
}

pub(crate) fn invalid_value(name: &[u8], value: &[u8]) -> HTTPException {
    let shown = if is_secret(name) { b"***" } else { value };
    HTTPException::InvalidHeaderValue {
        name: Excerpt::new(name),
        value: Excerpt::new(shown),
    }
}
