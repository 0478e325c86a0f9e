//! How a body ends, and whether the connection survives it: what the decisions of both sides state
//! (RFC 9112 sections 6.3 and 9.3), and the fields that they are made from.

use crate::message::HTTPMessage;
use crate::proto::limits::{Forgiven, ForgivenSet};
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

impl Framing {
    /// Takes note of a fault of the framing, behind which the connection is not used again.
    pub(crate) fn forgive(&mut self, fault: Forgiven) {
        self.forgiven.insert(fault);
        self.close.get_or_insert(CloseReason::FaultyFraming);
    }
}
