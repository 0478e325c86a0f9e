//! How long is the body of a response, and may its connection be used again: RFC 9112 sections
//! 6.3 and 9.3, as pure functions that say what holds and why.

use crate::error::{Excerpt, HTTPException};
use crate::message::HTTPMessage;
use crate::proto::limits::{Forgiven, ForgivenSet, Tolerance};
use crate::proto::response::HTTPVersion;
use crate::proto::scan;

/// How the body of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyLength {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// The chunked coding marks its end.
    Chunked,
    /// It lasts until the connection closes.
    UntilClose,
    /// There is no body because the stream belongs to another protocol from here on.
    Switched,
}

/// Which rule decided the length of a body (items of RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FramingRule {
    /// Item 1: an answer to HEAD, or status 1xx, 204 or 304, has no body.
    NoBody,
    /// Item 2: a 2xx to CONNECT makes the connection a tunnel.
    Tunnel,
    /// RFC 9110 section 7.8: 101 hands the connection over.
    Upgrade,
    /// Item 4: `chunked` is the final transfer coding.
    Chunked,
    /// Item 4: another transfer coding is the final one.
    OtherTransferCoding,
    /// Item 6: a valid `Content-Length`.
    ContentLength,
    /// Item 7: a request without a declared length has no body.
    NoLength,
    /// Item 8: a response without a declared length.
    UntilClose,
}

impl FramingRule {
    /// Where the rule stands.
    pub fn clause(self) -> &'static str {
        match self {
            Self::NoBody => "RFC 9112 section 6.3 item 1",
            Self::Tunnel => "RFC 9112 section 6.3 item 2",
            Self::Upgrade => "RFC 9110 section 7.8",
            Self::Chunked | Self::OtherTransferCoding => "RFC 9112 section 6.3 item 4",
            Self::ContentLength => "RFC 9112 section 6.3 item 6",
            Self::NoLength => "RFC 9112 section 6.3 item 7",
            Self::UntilClose => "RFC 9112 section 6.3 item 8",
        }
    }
}

/// Why a connection can't be used again after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer's message says `Connection: close` (RFC 9112 section 9.6).
    PeerCloses,
    /// Our message says `Connection: close` (RFC 9112 section 9.6).
    WeClose,
    /// HTTP/1.0 without `Connection: keep-alive` (RFC 9112 section 9.3).
    Http10,
    /// The body lasted until the connection closed (RFC 9112 section 6.3).
    BodyUntilClose,
    /// The framing of the peer's message was faulty and forgiven (RFC 9112 section 6.1).
    FaultyFraming,
    /// The stream belongs to another protocol (RFC 9110 section 7.8, section 9.3.6).
    Switched,
    /// The request was not sent, or by a server not read, to its end (RFC 9112 sections 9.3, 9.5).
    RequestIncomplete,
    /// The response was not read, or by a server not sent, to its end (RFC 9112 section 9.3).
    ResponseIncomplete,
    /// Bytes came that belong to no response (RFC 9112 section 9.2).
    UnsolicitedData,
    /// The exchange failed.
    Failed,
}

/// The framing of a message: what, why, and whether the connection survives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Framing {
    /// How the body ends.
    pub body: BodyLength,
    /// The rule that says so.
    pub rule: FramingRule,
    /// Why the connection can't be used again, if it can't.
    pub close: Option<CloseReason>,
    /// What was forgiven to come to this.
    pub forgiven: ForgivenSet,
}

/// What of the request decides about the response (RFC 9110 section 6: a response is understood
/// only with its request).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// The fields that frame a message, noted while the head is parsed.
///
/// `irregular` says that they are more than one plain `Content-Length` or `chunked`; then
/// [`decide`] looks at the fields themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FramingFields {
    pub(crate) content_length: Option<u64>,
    pub(crate) chunked: bool,
    pub(crate) irregular: bool,
    pub(crate) connection: ConnectionOptions,
}

/// The options of the `Connection` fields that matter here (RFC 9110 section 7.6.1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
}

impl ConnectionOptions {
    pub(crate) fn note(&mut self, value: &[u8]) {
        for option in scan::list_elements(value) {
            self.close |= scan::is_word(option, b"close");
            self.keep_alive |= scan::is_word(option, b"keep-alive");
            self.upgrade |= scan::is_word(option, b"upgrade");
        }
    }
}

impl FramingFields {
    pub(crate) fn of(headers: &HTTPMessage) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers.items_bytes() {
            fields.note(name, value);
        }
        fields
    }

    /// Notes one field; most are passed over by the length of their names.
    #[inline(always)]
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8]) {
        if matches!(name.len(), 10 | 14 | 17) {
            self.note_named(name, value);
        }
    }

    /// Few fields come here, so that it is not worth a place in the parser's loop.
    #[cold]
    fn note_named(&mut self, name: &[u8], value: &[u8]) {
        if scan::is_word(name, b"content-length") {
            self.note_length(value);
        } else if scan::is_word(name, b"connection") {
            self.connection.note(value);
        } else if scan::is_word(name, b"transfer-encoding") {
            self.note_coding(value);
        }
    }

    fn note_length(&mut self, value: &[u8]) {
        let number = scan::decimal(value);
        self.irregular |= number.is_none() || self.content_length.is_some();
        self.content_length = number;
    }

    fn note_coding(&mut self, value: &[u8]) {
        self.irregular |= self.chunked || !scan::is_word(value, b"chunked");
        self.chunked = true;
    }
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

    pub(crate) fn forgive(&mut self, fault: Forgiven) {
        self.forgiven.insert(fault);
        self.close.get_or_insert(CloseReason::FaultyFraming);
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
