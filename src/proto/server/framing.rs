//! How long is the body of a request, and may its connection be used again: RFC 9112 sections 6.1,
//! 6.3 and 9.3, as a pure function that says what holds and why.
//!
//! A request's body never lasts until the connection closes, and its framing does not depend on the
//! method.

use crate::error::{Excerpt, HTTPException};
use crate::message::HTTPMessage;
use crate::proto::framing::{BodyLength, CloseReason, Framing, FramingFields, FramingRule};
use crate::proto::limits::{Forgiven, ForgivenSet, Tolerance};
use crate::proto::scan;
use crate::proto::server::refusal::Refusal;
use crate::proto::version::HTTPVersion;

/// Decides the framing of a request from its head.
///
/// ```
/// use stdhttp::proto::server::request_framing;
/// use stdhttp::proto::{BodyLength, FramingRule, HTTPVersion};
/// use stdhttp::{HTTPMessage, Tolerance};
///
/// let mut headers = HTTPMessage::new();
/// headers.append("Transfer-Encoding", "chunked");
/// let framing = request_framing(HTTPVersion::Http11, &headers, &Tolerance::SERVER)?;
/// assert_eq!((framing.body, framing.rule), (BodyLength::Chunked, FramingRule::Chunked));
///
/// headers.append("Content-Length", "5");
/// let refusal = request_framing(HTTPVersion::Http11, &headers, &Tolerance::SERVER).unwrap_err();
/// assert_eq!((refusal.status, refusal.closes), (400, true));
/// # Ok::<(), stdhttp::proto::server::Refusal>(())
/// ```
///
/// # Errors
/// `ConflictingFraming`, `InvalidContentLength`: 400. `UnknownTransferEncoding`: 501 if `chunked`
/// comes last and once, else 400, since the end of the body is unknown then.
pub fn request_framing(
    version: HTTPVersion,
    headers: &HTTPMessage,
    tolerance: &Tolerance,
) -> Result<Framing, Refusal> {
    decide(version, headers, &FramingFields::of(headers), tolerance)
}

/// RFC 9112 section 6.3, items 3 to 7.
pub(super) fn decide(
    version: HTTPVersion,
    headers: &HTTPMessage,
    fields: &FramingFields,
    tolerance: &Tolerance,
) -> Result<Framing, Refusal> {
    let mut framing = Framing {
        body: BodyLength::None,
        rule: FramingRule::NoLength,
        close: persistence(version, fields),
        forgiven: ForgivenSet::default(),
    };
    if fields.chunked {
        coded(&mut framing, version, headers, fields, tolerance)?;
    } else if let Some(length) = declared_length(&mut framing, headers, fields, tolerance)? {
        framing.body = BodyLength::Length(length);
        framing.rule = FramingRule::ContentLength;
    }
    Ok(framing)
}

/// Whether the version and the `Connection` options let the connection be used again (RFC 9112
/// section 9.3).
fn persistence(version: HTTPVersion, fields: &FramingFields) -> Option<CloseReason> {
    if fields.connection.close {
        Some(CloseReason::PeerCloses)
    } else if version == HTTPVersion::Http10 && !fields.connection.keep_alive {
        Some(CloseReason::Http10)
    } else {
        None
    }
}

/// Items 3 and 4: there is a `Transfer-Encoding`.
fn coded(
    framing: &mut Framing,
    version: HTTPVersion,
    headers: &HTTPMessage,
    fields: &FramingFields,
    tolerance: &Tolerance,
) -> Result<(), Refusal> {
    if headers.contains("content-length") {
        if !tolerance.transfer_encoding_and_length {
            return Err(HTTPException::ConflictingFraming.into());
        }
        framing.forgive(Forgiven::TransferEncodingAndLength);
    }
    if version == HTTPVersion::Http10 {
        if !tolerance.transfer_encoding_in_http10 {
            return Err(HTTPException::ConflictingFraming.into());
        }
        framing.forgive(Forgiven::TransferEncodingInHttp10);
    }
    if fields.irregular {
        check_codings(headers)?;
    }
    framing.body = BodyLength::Chunked;
    framing.rule = FramingRule::Chunked;
    Ok(())
}

/// Codings that are not written as one plain `chunked`: nothing but `chunked` is decoded, and where
/// it does not come last, or comes twice, nobody knows where the body ends. Empty elements of the
/// list are none of the codings, but others take them for some (RFC 9110 section 5.6.1).
fn check_codings(headers: &HTTPMessage) -> Result<(), Refusal> {
    let codings: Vec<&[u8]> = headers
        .get_all_bytes("transfer-encoding")
        .flat_map(|value| value.split(|&octet| octet == b','))
        .map(scan::trim_blank)
        .collect();
    let is_chunked = |coding: &&[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let ends_in_chunked = codings.last().is_some_and(is_chunked);
    let chunked = codings.iter().filter(|coding| is_chunked(coding)).count();
    let well_formed = codings.iter().all(|coding| !coding.is_empty());
    if well_formed && codings.len() == 1 && ends_in_chunked {
        return Ok(());
    }
    let understood = well_formed && ends_in_chunked && chunked == 1;
    let error = HTTPException::UnknownTransferEncoding {
        value: Excerpt::new(&codings.join(&b", "[..])),
    };
    Err(Refusal::closing(if understood { 501 } else { 400 }, error))
}

/// Items 5 and 6: the number of the `Content-Length`, if there is one. The same number may only be
/// repeated where that is tolerated.
fn declared_length(
    framing: &mut Framing,
    headers: &HTTPMessage,
    fields: &FramingFields,
    tolerance: &Tolerance,
) -> Result<Option<u64>, Refusal> {
    if !fields.irregular {
        return Ok(fields.content_length);
    }
    let values: Vec<&[u8]> = headers
        .get_all_bytes("content-length")
        .flat_map(|value| value.split(|&octet| octet == b','))
        .map(scan::trim_blank)
        .collect();
    let first = values.first().copied().unwrap_or_default();
    let agreed = values.iter().all(|value| *value == first);
    match scan::decimal(first) {
        Some(length) if agreed && tolerance.repeated_content_length => {
            framing.forgiven.insert(Forgiven::RepeatedContentLength);
            Ok(Some(length))
        }
        _ => Err(HTTPException::InvalidContentLength {
            value: Excerpt::new(&values.join(&b", "[..])),
        }
        .into()),
    }
}
