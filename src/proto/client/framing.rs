//! How long is the body of a response, and may its connection be used again: RFC 9112 sections
//! 6.3 and 9.3, as pure functions that say what holds and why.

use crate::error::{Excerpt, HTTPException};
use crate::message::HTTPMessage;
use crate::proto::framing::{
    BodyLength, CloseReason, ConnectionOptions, Framing, FramingFields, FramingRule,
};
use crate::proto::limits::{Forgiven, ForgivenSet, Tolerance};
use crate::proto::scan;
use crate::proto::version::HTTPVersion;

/// What of the request decides about the response (RFC 9110 section 6: a response is understood
/// only with its request).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestContext {
    /// The method was HEAD.
    pub head: bool,
    /// The method was CONNECT.
    pub connect: bool,
    /// The request had an `Upgrade` field.
    pub upgrade: bool,
    /// The request said `Connection: close`.
    pub close: bool,
}

impl RequestContext {
    /// The context of a plain request with this method, which is compared exactly.
    pub fn of_method(method: &str) -> Self {
        Self {
            head: method == "HEAD",
            connect: method == "CONNECT",
            ..Self::default()
        }
    }

    /// The same with some of it changed: `with(|request| request.upgrade = true)`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// Decides the framing of a response from its head.
///
/// ```
/// use stdhttp::proto::{response_framing, BodyLength, FramingRule, HTTPVersion, RequestContext};
/// use stdhttp::{HTTPMessage, Tolerance};
///
/// let mut headers = HTTPMessage::new();
/// headers.append("Content-Length", "5");
/// let request = RequestContext::of_method("GET");
/// let framing =
///     response_framing(request, HTTPVersion::Http11, 200, &headers, &Tolerance::STANDARD)?;
/// assert_eq!(framing.body, BodyLength::Length(5));
/// assert_eq!(framing.rule, FramingRule::ContentLength);
/// assert_eq!(framing.close, None);
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
///
/// # Errors
/// `ConflictingFraming`, `UnknownTransferEncoding`, `InvalidContentLength`, `UnexpectedUpgrade`.
pub fn response_framing(
    request: RequestContext,
    version: HTTPVersion,
    status: u16,
    headers: &HTTPMessage,
    tolerance: &Tolerance,
) -> Result<Framing, HTTPException> {
    let fields = FramingFields::of(headers);
    decide(request, version, status, headers, &fields, tolerance)
}

/// RFC 9112 section 6.3, item by item.
pub(crate) fn decide(
    request: RequestContext,
    version: HTTPVersion,
    status: u16,
    headers: &HTTPMessage,
    fields: &FramingFields,
    tolerance: &Tolerance,
) -> Result<Framing, HTTPException> {
    let mut framing = Framing {
        body: BodyLength::None,
        rule: FramingRule::NoBody,
        close: persistence(request, version, fields.connection),
        forgiven: ForgivenSet::default(),
    };
    match status {
        101 if request.upgrade => framing.switch(FramingRule::Upgrade),
        101 => return Err(HTTPException::UnexpectedUpgrade),
        200..=299 if request.connect => framing.switch(FramingRule::Tunnel),
        100..=199 | 204 | 304 => framing.bodiless(headers, fields, tolerance)?,
        _ if request.head => framing.bodiless(headers, fields, tolerance)?,
        _ if fields.chunked => framing.coded(version, headers, fields, tolerance)?,
        _ => framing.plain(headers, fields, tolerance)?,
    }
    Ok(framing)
}

/// Whether the versions and the `Connection` options keep the connection (RFC 9112 section 9.3).
fn persistence(
    request: RequestContext,
    version: HTTPVersion,
    options: ConnectionOptions,
) -> Option<CloseReason> {
    if options.close {
        Some(CloseReason::PeerCloses)
    } else if request.close {
        Some(CloseReason::WeClose)
    } else if version == HTTPVersion::Http10 && !options.keep_alive {
        Some(CloseReason::Http10)
    } else {
        None
    }
}

impl Framing {
    fn switch(&mut self, rule: FramingRule) {
        self.body = BodyLength::Switched;
        self.rule = rule;
        self.close = Some(CloseReason::Switched);
    }

    /// Item 1: no field counts, and an empty length says nothing; but one that is no number or says
    /// two things is a fault all the same.
    fn bodiless(
        &mut self,
        headers: &HTTPMessage,
        fields: &FramingFields,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        if fields.irregular && !fields.chunked && !has_empty_lengths(headers) {
            self.irregular_length(headers, tolerance)?;
        }
        Ok(())
    }

    /// Items 3 and 4: there is a `Transfer-Encoding`.
    fn coded(
        &mut self,
        version: HTTPVersion,
        headers: &HTTPMessage,
        fields: &FramingFields,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        if headers.contains("content-length") {
            if !tolerance.transfer_encoding_and_length {
                return Err(HTTPException::ConflictingFraming);
            }
            self.forgive(Forgiven::TransferEncodingAndLength);
        }
        if version == HTTPVersion::Http10 {
            if !tolerance.transfer_encoding_in_http10 {
                return Err(HTTPException::ConflictingFraming);
            }
            self.forgive(Forgiven::TransferEncodingInHttp10);
        }
        self.body = BodyLength::Chunked;
        self.rule = FramingRule::Chunked;
        match times_chunked(headers) {
            _ if !fields.irregular => {}
            Some(1) => {}
            _ if !tolerance.raw_transfer_codings => {
                return Err(HTTPException::UnknownTransferEncoding {
                    value: joined(headers, "transfer-encoding"),
                });
            }
            Some(_) => self.forgive(Forgiven::RepeatedChunked),
            None => {
                self.forgive(Forgiven::RawTransferCoding);
                self.body = BodyLength::UntilClose;
                self.rule = FramingRule::OtherTransferCoding;
            }
        }
        Ok(())
    }

    /// Items 5, 6 and 8: there is no `Transfer-Encoding`.
    fn plain(
        &mut self,
        headers: &HTTPMessage,
        fields: &FramingFields,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let length = if fields.irregular {
            self.irregular_length(headers, tolerance)?
        } else {
            fields.content_length
        };
        match length {
            Some(length) => {
                self.body = BodyLength::Length(length);
                self.rule = FramingRule::ContentLength;
            }
            None => {
                self.body = BodyLength::UntilClose;
                self.rule = FramingRule::UntilClose;
                self.close.get_or_insert(CloseReason::BodyUntilClose);
            }
        }
        Ok(())
    }

    /// Item 5: not one plain number. The same number may be repeated, in the same digits: others
    /// compare the text.
    fn irregular_length(
        &mut self,
        headers: &HTTPMessage,
        tolerance: &Tolerance,
    ) -> Result<Option<u64>, HTTPException> {
        let mut elements = headers
            .get_all_bytes("content-length")
            .flat_map(|value| value.split(|&octet| octet == b','))
            .map(scan::trim_blank);
        let element = elements.next().unwrap_or_default();
        let first = scan::decimal(element);
        let agreed = first.filter(|_| elements.all(|other| other == element));
        match agreed {
            Some(length) if tolerance.repeated_content_length => {
                self.forgiven.insert(Forgiven::RepeatedContentLength);
                Ok(Some(length))
            }
            // Differing valid numbers could be read differently by two recipients, and a number
            // that is too large is a number all the same.
            None if tolerance.invalid_content_length && !starts_with_number(headers) => {
                self.forgive(Forgiven::InvalidContentLength);
                Ok(None)
            }
            _ => Err(HTTPException::InvalidContentLength {
                value: joined(headers, "content-length"),
            }),
        }
    }
}

/// Whether the first `Content-Length` is a number, of any size.
fn starts_with_number(headers: &HTTPMessage) -> bool {
    let mut elements = headers
        .get_all_bytes("content-length")
        .flat_map(|value| value.split(|&octet| octet == b','));
    let first = scan::trim_blank(elements.next().unwrap_or_default());
    !first.is_empty() && first.iter().all(u8::is_ascii_digit)
}

/// Whether there is a `Content-Length`, and none has a value.
fn has_empty_lengths(headers: &HTTPMessage) -> bool {
    let mut values = headers.get_all_bytes("content-length");
    values.all(|value| scan::trim_blank(value).is_empty())
}

/// How often `chunked` stands among the transfer codings, if nothing else does (RFC 9112 section
/// 6.1). An empty element is something else: some recipients overlook it, some refuse it, some take
/// the whole for another coding.
fn times_chunked(headers: &HTTPMessage) -> Option<usize> {
    let values = headers.get_all_bytes("transfer-encoding");
    let mut codings = values.flat_map(|value| value.split(|&octet| octet == b','));
    codings.try_fold(0usize, |count, coding| {
        let chunked = scan::trim_blank(coding).eq_ignore_ascii_case(b"chunked");
        chunked.then(|| count.saturating_add(1))
    })
}

fn joined(headers: &HTTPMessage, name: &str) -> Excerpt {
    let values: Vec<&[u8]> = headers.get_all_bytes(name).collect();
    Excerpt::new(&values.join(&b", "[..]))
}
