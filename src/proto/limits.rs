//! How much of what a peer sends is kept (`Limits`), what of it is forgiven (`Tolerance`), and
//! what was forgiven (`Forgiven`).
//!
//! RFC 9110 section 2.3 asks for a limit on every received element; RFC 9112 leaves many faults
//! to the recipient's judgement. Both kinds of decisions are made here and nowhere else.

/// Limits on received bytes. Each is checked before the bytes that it governs are kept; the error
/// names the limit and its value.
///
/// ```
/// use stdhttp::Limits;
///
/// let limits = Limits::DEFAULT.with(|limits| limits.headers = 512);
/// assert_eq!(limits.line, 65_536);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the status line or a field line, line end included. 65,536, as in `http.client`.
    pub line: usize,
    /// Bytes of a chunk-size line, extensions and line end included. 4,096.
    pub chunk_size_line: usize,
    /// Lines of a header section, continuation lines included. 256: `http.client`'s 100 is too
    /// few for real servers.
    pub headers: usize,
    /// Bytes of all heads of one answer, interim responses included, or of the head of a request.
    /// 262,144.
    pub head: usize,
    /// Bytes of a request's target. 8,192; servers ought to take 8,000 (RFC 9112 section 3).
    pub target: usize,
    /// Interim (1xx) responses before the final one. 32.
    pub interim_responses: usize,
    /// Lines of a trailer section. 64.
    pub trailers: usize,
    /// Bytes of a trailer section. 16,384.
    pub trailer_section: usize,
    /// Bytes of chunk extensions in one message. 16,384.
    pub chunk_extensions: u64,
    /// Bytes of a body. No limit: bodies are streamed, and `read(None)` is the caller's choice.
    pub body: u64,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        line: 65_536,
        chunk_size_line: 4_096,
        headers: 256,
        head: 262_144,
        target: 8_192,
        interim_responses: 32,
        trailers: 64,
        trailer_section: 16_384,
        chunk_extensions: 16_384,
        body: u64::MAX,
    };

    /// These limits with some of them changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is forgiven, to a peer and to the caller. Three presets; each switch can be set alone.
///
/// ```
/// use stdhttp::Tolerance;
///
/// let tolerance = Tolerance::STANDARD.with(|tolerance| tolerance.bare_lf = false);
/// assert!(!tolerance.bare_lf && tolerance.obs_fold);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerance {
    /// A lone LF ends the status line and field lines (RFC 9112 section 2.2).
    pub bare_lf: bool,
    /// A lone LF ends chunk-size lines and trailer lines (RFC 9112 erratum 7633). The data of a chunk
    /// ends in CRLF in every case.
    pub bare_lf_in_chunks: bool,
    /// Up to four empty lines before the status line are skipped.
    pub leading_empty_lines: bool,
    /// The status line may lack the space and the reason after the code.
    pub missing_reason: bool,
    /// The status line is split at runs of white space (RFC 9112 section 4).
    pub multiple_spaces: bool,
    /// Folded field values are unfolded (RFC 9112 section 5.2); otherwise they are an error.
    pub obs_fold: bool,
    /// Folded field values keep their line ends, as in `http.client`.
    pub keep_folds: bool,
    /// White space between a field name and its colon is dropped (RFC 9112 section 5.1).
    pub space_before_colon: bool,
    /// Control characters other than NUL, CR and LF stay in values (RFC 9110 section 5.5).
    pub control_characters: bool,
    /// Lines that are no fields are skipped, unless they name a framing field.
    pub malformed_fields: bool,
    /// The end of the stream ends an incomplete head.
    pub early_end_in_head: bool,
    /// Repeated `Content-Length` values in the same digits count as one (RFC 9112 section 6.3, item
    /// 5).
    pub repeated_content_length: bool,
    /// An invalid `Content-Length` is ignored: the body lasts until the connection closes.
    pub invalid_content_length: bool,
    /// `Transfer-Encoding` beside `Content-Length` wins; the connection is closed afterwards.
    pub transfer_encoding_and_length: bool,
    /// `Transfer-Encoding` in HTTP/1.0 is decoded; the connection is closed afterwards.
    pub transfer_encoding_in_http10: bool,
    /// A body in an unknown transfer coding is handed out as it comes, until the connection
    /// closes; `chunked` that is named more than once is decoded once.
    pub raw_transfer_codings: bool,
    /// White space may follow a chunk size.
    pub chunk_size_padding: bool,
    /// A chunk extension may be empty: `5;`.
    pub empty_chunk_extension: bool,
    /// A chunk extension may be any text, such as `5;a b` or `5;a="b`: it is ignored.
    pub malformed_chunk_extension: bool,
    /// The end of the stream after the last chunk's line ends the message.
    pub missing_final_crlf: bool,
    /// A sized read of a body that is cut short reports its end, not an error.
    pub quiet_end: bool,
    /// A caller's field names may hold anything but a colon and line ends, and values may be
    /// folded, as in `http.client`.
    pub fields_as_given: bool,
    /// `putheader` with several values sends them on continuation lines, as in `http.client`, and
    /// not as one list (RFC 9112 section 5.2 forbids a sender to fold).
    pub folded_values: bool,
    /// A caller's body may differ from its declared framing, any method may have one, and `send`
    /// needs no request. The connection is closed after such an exchange.
    pub body_as_given: bool,
    /// `request` fails where writing does, as in `http.client`, although the peer has answered:
    /// `getresponse` has the answer.
    pub failed_write_as_error: bool,
}

impl Tolerance {
    /// What the RFC lets a recipient refuse is refused.
    pub const STRICT: Self = Self {
        bare_lf: false,
        bare_lf_in_chunks: false,
        leading_empty_lines: false,
        missing_reason: false,
        multiple_spaces: false,
        obs_fold: false,
        keep_folds: false,
        space_before_colon: false,
        control_characters: false,
        malformed_fields: false,
        early_end_in_head: false,
        repeated_content_length: false,
        invalid_content_length: false,
        transfer_encoding_and_length: false,
        transfer_encoding_in_http10: false,
        raw_transfer_codings: false,
        chunk_size_padding: false,
        empty_chunk_extension: false,
        malformed_chunk_extension: false,
        missing_final_crlf: false,
        quiet_end: false,
        fields_as_given: false,
        folded_values: false,
        body_as_given: false,
        failed_write_as_error: false,
    };

    /// The default: what servers really send is accepted where it can't change the meaning; what
    /// two implementations could frame differently is refused.
    pub const STANDARD: Self = Self {
        bare_lf: true,
        leading_empty_lines: true,
        missing_reason: true,
        obs_fold: true,
        repeated_content_length: true,
        transfer_encoding_in_http10: true,
        chunk_size_padding: true,
        empty_chunk_extension: true,
        malformed_chunk_extension: true,
        ..Self::STRICT
    };

    /// What CPython's `http.client` accepts, as far as no peer can use it to put bytes of one
    /// exchange into another.
    pub const HTTP_CLIENT: Self = Self {
        multiple_spaces: true,
        keep_folds: true,
        space_before_colon: true,
        control_characters: true,
        malformed_fields: true,
        early_end_in_head: true,
        invalid_content_length: true,
        transfer_encoding_and_length: true,
        raw_transfer_codings: true,
        bare_lf_in_chunks: true,
        missing_final_crlf: true,
        quiet_end: true,
        fields_as_given: true,
        folded_values: true,
        body_as_given: true,
        failed_write_as_error: true,
        ..Self::STANDARD
    };

    /// This tolerance with some of its switches changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// What a server forgives: nothing but empty lines before a request.
#[cfg(feature = "server")]
impl Tolerance {
    /// The default of servers. What a client can be excused for may be an attack in a request,
    /// which intermediaries could read differently; so nothing is forgiven but up to two empty
    /// lines before the request line (RFC 9112 section 2.2).
    ///
    /// Of the other switches those count that concern field lines, the chunked coding, repeated
    /// lengths, and `Transfer-Encoding` beside a length or in HTTP/1.0; those of status lines and
    /// of a caller's requests mean nothing to a server, and neither do those by which a body would
    /// last until the connection closes.
    pub const SERVER: Self = Self {
        leading_empty_lines: true,
        ..Self::STRICT
    };
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// A fault of a response that [`Tolerance`] forgave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forgiven {
    /// A lone LF ended a line of the head.
    BareLf,
    /// A lone LF ended a line of the chunked coding.
    BareLfInChunks,
    /// Empty lines stood before the status line.
    LeadingEmptyLines,
    /// The status line had no reason and no space for one.
    MissingReason,
    /// The status line was split at runs of white space.
    MultipleSpaces,
    /// A field value was folded.
    ObsFold,
    /// White space stood before a colon.
    SpaceBeforeColon,
    /// A value or reason holds control characters.
    ControlCharacters,
    /// A line that is no field was skipped.
    MalformedField,
    /// The stream ended inside the head.
    EarlyEndInHead,
    /// `Content-Length` was repeated.
    RepeatedContentLength,
    /// An invalid `Content-Length` was ignored.
    InvalidContentLength,
    /// `Content-Length` beside `Transfer-Encoding` was ignored.
    TransferEncodingAndLength,
    /// An HTTP/1.0 response used `Transfer-Encoding`.
    TransferEncodingInHttp10,
    /// The body is in a transfer coding that was not decoded.
    RawTransferCoding,
    /// White space followed a chunk size.
    ChunkSizePadding,
    /// A chunk extension was empty.
    EmptyChunkExtension,
    /// The stream ended after the last chunk, before the end of the trailer section.
    MissingFinalCrlf,
    /// The body was cut short, and a sized read reported its end.
    QuietEnd,
    /// `chunked` was named more than once.
    RepeatedChunked,
    /// A chunk extension was not written as the grammar has it.
    MalformedChunkExtension,
}

/// The faults that were forgiven in one response, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgivenSet {
    bits: u32,
}

impl ForgivenSet {
    const ALL: [Forgiven; 21] = [
        Forgiven::BareLf,
        Forgiven::BareLfInChunks,
        Forgiven::LeadingEmptyLines,
        Forgiven::MissingReason,
        Forgiven::MultipleSpaces,
        Forgiven::ObsFold,
        Forgiven::SpaceBeforeColon,
        Forgiven::ControlCharacters,
        Forgiven::MalformedField,
        Forgiven::EarlyEndInHead,
        Forgiven::RepeatedContentLength,
        Forgiven::InvalidContentLength,
        Forgiven::TransferEncodingAndLength,
        Forgiven::TransferEncodingInHttp10,
        Forgiven::RawTransferCoding,
        Forgiven::ChunkSizePadding,
        Forgiven::EmptyChunkExtension,
        Forgiven::MissingFinalCrlf,
        Forgiven::QuietEnd,
        Forgiven::RepeatedChunked,
        Forgiven::MalformedChunkExtension,
    ];

    #[expect(
        clippy::as_conversions,
        reason = "the discriminant of a unit-only enum"
    )]
    fn bit(fault: Forgiven) -> u32 {
        1u32.wrapping_shl(fault as u32)
    }

    pub(crate) fn insert(&mut self, fault: Forgiven) {
        self.bits |= Self::bit(fault);
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
        }
    }

    /// Whether nothing had to be forgiven.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Whether this fault was forgiven.
    pub fn contains(self, fault: Forgiven) -> bool {
        self.bits & Self::bit(fault) != 0
    }

    /// The faults, in the order of [`Forgiven`].
    pub fn iter(self) -> impl Iterator<Item = Forgiven> {
        Self::ALL
            .into_iter()
            .filter(move |fault| self.contains(*fault))
    }
}
