//! The head of a request: validation and writing, into one reused buffer (RFC 9112 sections 3, 5
//! and 6; RFC 9110 sections 5, 7.6, 8.6, 9.3 and 10.1).
//!
//! Nothing reaches the buffer unless it was checked here, CONNECT requests and trailers included,
//! and a refused part leaves the buffer as it was. Departs from `http.client` where that sends
//! what no server has to understand: see `Tolerance::fields_as_given`.

use std::borrow::Cow;
use std::fmt::{self, Display};

use crate::error::{BodyFault, Excerpt, HTTPException, InvalidURL, UrlPart};
use crate::message::is_secret;
use crate::proto::authority::{is_host_field, is_same_authority};
use crate::proto::framing::ConnectionOptions;
use crate::proto::limits::Tolerance;
use crate::proto::response::HTTPVersion;
use crate::proto::scan;

/// What a field value can be given as: text, bytes, an integer, or several of them.
///
/// Text is sent as UTF-8. Several values become one list, `a, b` (RFC 9110 section 5.3); those of
/// `Cookie` one line `a; b` (RFC 6265 section 4.2.1). Empty ones are left out. A field that is no
/// list takes one value. With `Tolerance::folded_values` they are continued by CRLF and a tab, as
/// `http.client` documents it. This trait is sealed.
pub trait FieldValue: sealed::Sealed {
    /// Appends the value, as it was given, to `out`, and between several a continuation.
    #[doc(hidden)]
    fn append_to(&self, out: &mut Vec<u8>);

    /// The number of values.
    #[doc(hidden)]
    fn count(&self) -> usize {
        1
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What stands between several values of one `putheader` until they are laid out, and afterwards
/// where folding is tolerated.
const CONTINUATION: &[u8] = b"\r\n\t";

macro_rules! byte_values {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl FieldValue for $type {
            fn append_to(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(AsRef::<[u8]>::as_ref(self));
            }
        }
    )*};
}
byte_values!(str, String, [u8], Vec<u8>, Cow<'_, [u8]>);

macro_rules! integer_values {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl FieldValue for $type {
            fn append_to(&self, out: &mut Vec<u8>) {
                match u64::try_from(*self) {
                    Ok(number) => append_decimal(number, out),
                    Err(_) => append_display(self, out),
                }
            }
        }
    )*};
}

/// Nearly all numbers: `Display` takes several times the work.
fn append_decimal(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut start = digits.len();
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        *place = b'0'.wrapping_add(digit);
        start = start.saturating_sub(1);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Writes straight into the buffer: a text in between would be an allocation per request.
fn append_display(value: &impl Display, out: &mut Vec<u8>) {
    struct Octets<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Octets<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // An integer's `Display` does not fail, and neither does a vector.
    let _ = fmt::Write::write_fmt(&mut Octets(out), format_args!("{value}"));
}

integer_values!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

impl<T: FieldValue + ?Sized> sealed::Sealed for &T {}
impl<T: FieldValue + ?Sized> FieldValue for &T {
    fn append_to(&self, out: &mut Vec<u8>) {
        (**self).append_to(out);
    }

    fn count(&self) -> usize {
        (**self).count()
    }
}

impl<const N: usize> sealed::Sealed for [u8; N] {}
impl<const N: usize> FieldValue for [u8; N] {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> sealed::Sealed for [&str; N] {}
impl<const N: usize> FieldValue for [&str; N] {
    fn append_to(&self, out: &mut Vec<u8>) {
        Values(self).append_to(out);
    }

    fn count(&self) -> usize {
        N
    }
}

/// Several values of one field.
///
/// ```
/// use stdhttp::Values;
///
/// let value = Values(&["text/html", "text/plain"]);
/// # let _ = value;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Values<'a, T>(pub &'a [T]);

impl<T: FieldValue> sealed::Sealed for Values<'_, T> {}
impl<T: FieldValue> FieldValue for Values<'_, T> {
    fn append_to(&self, out: &mut Vec<u8>) {
        for (place, value) in self.0.iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(CONTINUATION);
            }
            value.append_to(out);
        }
    }

    fn count(&self) -> usize {
        self.0.iter().map(FieldValue::count).sum()
    }
}

/// How the head declares the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DeclaredBody {
    #[default]
    None,
    Length(u64),
    Chunked,
}

/// A request head while it is written, and the facts of it that matter afterwards.
#[derive(Clone, Default)]
pub(crate) struct RequestHead {
    out: Vec<u8>,
    /// Where the method ends.
    method_length: usize,
    version_11: bool,
    /// The server is not known to be without the chunked coding (RFC 9112 section 6.1).
    pub(crate) can_chunk: bool,
    declared: DeclaredBody,
    seen: Seen,
    connection: ConnectionOptions,
    connection_te: bool,
    has_te: bool,
    has_upgrade: bool,
    pub(crate) expects_continue: bool,
}

/// The fields that may stand once, and some that matter to a method; a set of bits.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u32);

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
    fn bit(name: &str) -> u32 {
        SINGLETONS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
            .and_then(|place| u32::try_from(place).ok())
            .map_or(0, |place| 1u32.wrapping_shl(place))
    }

    fn contains(self, name: &str) -> bool {
        self.0 & Self::bit(name) != 0
    }

    /// The canonical name and the bit of a singleton.
    fn singleton(name: &[u8]) -> Option<(&'static str, u32)> {
        let known = SINGLETONS
            .iter()
            .find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        Some((known, Self::bit(known)))
    }
}

/// The head holds credentials.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &Excerpt::new(self.method()))
            .field("length", &self.out.len())
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

impl RequestHead {
    /// Begins a request: `method SP request-target SP HTTP-version CRLF`. An empty target is `/`.
    pub(crate) fn start(
        &mut self,
        method: &str,
        target: &str,
        version: HTTPVersion,
    ) -> Result<(), HTTPException> {
        if !scan::is_token(method.as_bytes()) {
            return Err(HTTPException::InvalidMethod {
                method: Excerpt::new(method.as_bytes()),
            });
        }
        let target = if target.is_empty() { "/" } else { target };
        check_target(method, target)?;
        let out = std::mem::take(&mut self.out);
        *self = Self::default();
        self.out = out;
        self.out.clear();
        self.method_length = method.len();
        self.version_11 = version == HTTPVersion::Http11;
        self.out.extend_from_slice(method.as_bytes());
        self.out.push(b' ');
        self.out.extend_from_slice(target.as_bytes());
        self.out.extend_from_slice(match version {
            HTTPVersion::Http10 => b" HTTP/1.0\r\n",
            HTTPVersion::Http11 => b" HTTP/1.1\r\n",
        });
        Ok(())
    }

    /// The `Host` field that the target asks for (RFC 9112 section 3.2), or else `host`; empty for
    /// a stream without an authority.
    pub(crate) fn put_host(&mut self, method: &str, target: &str, host: &str) {
        let host = match absolute_form_authority(target) {
            Some(authority) => authority,
            None if method == "CONNECT" => target,
            None => host,
        };
        self.out.extend_from_slice(b"Host: ");
        self.out.extend_from_slice(host.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        self.seen.0 |= Seen::bit("Host");
    }

    /// Adds a field that needs no check.
    pub(crate) fn put_known(&mut self, line: &[u8]) {
        self.out.extend_from_slice(line);
    }

    /// Declares a body of known length.
    pub(crate) fn put_content_length(&mut self, length: u64) {
        self.out.extend_from_slice(b"Content-Length: ");
        length.append_to(&mut self.out);
        self.out.extend_from_slice(b"\r\n");
        self.declared = DeclaredBody::Length(length);
    }

    /// Declares a chunked body.
    pub(crate) fn put_chunked(&mut self) {
        self.out
            .extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        self.declared = DeclaredBody::Chunked;
    }

    /// Adds a field of the caller.
    pub(crate) fn put_field(
        &mut self,
        name: &[u8],
        value: &(impl FieldValue + ?Sized),
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        check_name(name, tolerance)?;
        let start = self.out.len();
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b": ");
        let value_start = self.out.len();
        value.append_to(&mut self.out);
        let legal = match value.count() {
            0 | 1 => self.check_value(name, value_start, tolerance),
            count => self.lay_out(name, value_start, count, tolerance),
        };
        let checked = legal.and_then(|()| self.note(name, value_start, tolerance));
        if checked.is_err() {
            self.out.truncate(start);
        } else {
            self.out.extend_from_slice(b"\r\n");
        }
        checked
    }

    /// Checks the value that stands at the end of the buffer.
    fn check_value(
        &mut self,
        name: &[u8],
        start: usize,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        if !tolerance.fields_as_given {
            trim_value(&mut self.out, start);
        }
        let value = self.out.get(start..).unwrap_or_default();
        let legal = match tolerance.fields_as_given {
            true => is_value_as_given(value),
            false => scan::is_value(value),
        };
        if legal {
            return Ok(());
        }
        Err(invalid_value(name, value))
    }

    /// Makes one value of several, which stand at the end of the buffer with continuations between
    /// them. Empty ones are left out: they would be empty elements of a list, or continuation lines
    /// of white space alone (RFC 9110 section 5.6.1, RFC 9112 section 5.2).
    #[cold]
    fn lay_out(
        &mut self,
        name: &[u8],
        start: usize,
        count: usize,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let folds = tolerance.folded_values;
        let separator = if folds {
            CONTINUATION
        } else {
            separator(name)?
        };
        let given = self.out.split_off(start);
        let values: Vec<&[u8]> = split_continuations(&given).collect();
        let as_given = folds && tolerance.fields_as_given;
        if !as_given && (values.len() != count || !values.iter().all(|value| scan::is_value(value)))
        {
            return Err(invalid_value(name, &given));
        }
        for value in values
            .iter()
            .filter(|value| !scan::trim_blank(value).is_empty())
        {
            if self.out.len() > start {
                self.out.extend_from_slice(separator);
            }
            let trimmed = if as_given {
                value
            } else {
                scan::trim_blank(value)
            };
            self.out.extend_from_slice(trimmed);
        }
        let value = self.out.get(start..).unwrap_or_default();
        if as_given && !is_value_as_given(value) {
            return Err(invalid_value(name, value));
        }
        Ok(())
    }

    /// Notes a field that frames the message, routes it, or may stand only once.
    fn note(
        &mut self,
        name: &[u8],
        start: usize,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let value = self.out.get(start..).unwrap_or_default();
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"te") => {
                let chunked = scan::list_elements(value).any(|coding| {
                    let coding = coding
                        .split(|&octet| octet == b';')
                        .next()
                        .unwrap_or_default();
                    scan::trim_blank(coding).eq_ignore_ascii_case(b"chunked")
                });
                if chunked {
                    return Err(invalid_value(name, value));
                }
                self.has_te = true;
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.has_upgrade = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.connection.note(value);
                self.connection_te |=
                    scan::list_elements(value).any(|option| option.eq_ignore_ascii_case(b"te"));
            }
            _ => return self.note_singleton(name, start, tolerance),
        }
        Ok(())
    }

    fn note_singleton(
        &mut self,
        name: &[u8],
        start: usize,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        let Some((known, bit)) = Seen::singleton(name) else {
            return Ok(());
        };
        let value = self.out.get(start..).unwrap_or_default();
        // RFC 6265 wants one Cookie line, but several have always been understood.
        if self.seen.0 & bit != 0 && known != "Cookie" {
            return Err(HTTPException::ConflictingHeader { name: known });
        }
        match known {
            "Host" if !is_host_field(value) => return Err(invalid_value(name, value)),
            "Host" if !self.is_host_of_target(value, tolerance) => {
                return Err(HTTPException::ConflictingHeader { name: known });
            }
            "Content-Length" => {
                let length = scan::decimal(value).ok_or_else(|| invalid_value(name, value))?;
                self.declare(known, DeclaredBody::Length(length))?;
            }
            "Transfer-Encoding" => {
                if !self.can_chunk || !ends_in_one_chunked(value) {
                    return Err(invalid_value(name, value));
                }
                self.declare(known, DeclaredBody::Chunked)?;
            }
            "Expect" => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
            }
            _ => {}
        }
        self.seen.0 |= bit;
        Ok(())
    }

    /// Whether a `Host` names the authority of the target, if that has one (RFC 9112 section 3.2):
    /// one recipient would go by the target, another by the field. A proxy opens a tunnel to the
    /// target alone, so that `http.client` lets the field of a CONNECT differ.
    fn is_host_of_target(&self, host: &[u8], tolerance: &Tolerance) -> bool {
        let Some(target) = self.target() else {
            return true;
        };
        if self.method() == b"CONNECT" {
            return tolerance.fields_as_given || is_same_authority(host, target, None);
        }
        let Some(authority) = absolute_form_authority(target) else {
            return true;
        };
        let default_port = match target.split_once(':') {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => 80,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => 443,
            _ => 0,
        };
        is_same_authority(host, authority, Some(default_port))
    }

    /// The target of the request line.
    fn target(&self) -> Option<&str> {
        let rest = self.out.get(self.method_length.saturating_add(1)..)?;
        let end = rest.iter().position(|&octet| octet == b' ')?;
        std::str::from_utf8(rest.get(..end)?).ok()
    }

    fn declare(&mut self, name: &'static str, declared: DeclaredBody) -> Result<(), HTTPException> {
        if self.declared != DeclaredBody::None {
            return Err(HTTPException::ConflictingHeader { name });
        }
        self.declared = declared;
        Ok(())
    }

    /// Ends the head, after the checks that need all of it.
    pub(crate) fn finish(&mut self, tolerance: &Tolerance) -> Result<(), HTTPException> {
        if !tolerance.body_as_given {
            self.check_content()?;
        }
        self.check_trace()?;
        if self.has_te && !self.connection_te {
            self.out.extend_from_slice(b"Connection: TE\r\n");
        }
        if self.has_upgrade && !self.connection.upgrade {
            self.out.extend_from_slice(b"Connection: upgrade\r\n");
        }
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Content that the method may not have (RFC 9110 sections 9.3.6 to 9.3.8 and 10.1.1).
    fn check_content(&self) -> Result<(), HTTPException> {
        let content = match self.declared {
            DeclaredBody::None | DeclaredBody::Length(0) => false,
            DeclaredBody::Length(_) | DeclaredBody::Chunked => true,
        };
        let fault = match self.method() {
            b"CONNECT" | b"TRACE" if content => Some(BodyFault::NotAllowed),
            b"OPTIONS" if content && !self.seen.contains("Content-Type") => {
                Some(BodyFault::NoContentType)
            }
            _ if self.expects_continue && !content => Some(BodyFault::ExpectWithoutBody),
            _ => None,
        };
        match fault {
            Some(fault) => Err(HTTPException::InvalidBody { fault }),
            None => Ok(()),
        }
    }

    /// TRACE sends back what it gets, so it may not hold credentials (RFC 9110 section 9.3.8).
    fn check_trace(&self) -> Result<(), HTTPException> {
        if self.method() != b"TRACE" {
            return Ok(());
        }
        let secrets = ["Authorization", "Proxy-Authorization", "Cookie"];
        match secrets.into_iter().find(|name| self.seen.contains(name)) {
            Some(name) => Err(HTTPException::ConflictingHeader { name }),
            None => Ok(()),
        }
    }

    /// The head as it goes out.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// The buffer, for a small body behind the head.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub(crate) fn method(&self) -> &[u8] {
        self.out.get(..self.method_length).unwrap_or_default()
    }

    pub(crate) fn declared(&self) -> DeclaredBody {
        self.declared
    }

    pub(crate) fn closes(&self) -> bool {
        self.connection.close || (!self.version_11 && !self.connection.keep_alive)
    }

    pub(crate) fn upgrades(&self) -> bool {
        self.has_upgrade
    }

    /// Whether this protocol was offered for an upgrade; names count in any case (RFC 9110 section
    /// 7.8).
    pub(crate) fn offers(&self, protocol: &[u8]) -> bool {
        let lines = self.out.split(|&octet| octet == b'\n');
        lines
            .take_while(|&line| line != b"\r")
            .filter_map(|line| line.split_first_chunk::<8>())
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"upgrade:"))
            .flat_map(|(_, value)| scan::list_elements(value.trim_ascii_end()))
            .any(|offered| offered.eq_ignore_ascii_case(protocol))
    }
}

/// Whether this is an idempotent method (RFC 9110 section 9.2.2).
pub(crate) fn is_idempotent(method: &[u8]) -> bool {
    matches!(
        method,
        b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE"
    )
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

/// The four forms of RFC 9112 section 3.2; no fragment, no octet outside `!` to `~`.
fn check_target(method: &str, target: &str) -> Result<(), HTTPException> {
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
fn absolute_form_authority(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return None;
    }
    let (scheme, rest) = target.split_once("://")?;
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

/// `http.client`'s rule for values, line ends only before white space and never at the end; and no
/// line of white space alone, which some recipients take for the end of the head.
fn is_value_as_given(value: &[u8]) -> bool {
    let mut rest = value;
    while let [octet, after @ ..] = rest {
        let legal = match (octet, after) {
            (b'\r', [b'\n', ..]) => true,
            (b'\r' | b'\n', _) => is_continuation(after),
            _ => true,
        };
        if !legal {
            return false;
        }
        rest = after;
    }
    true
}

/// Whether this begins with white space and then something else on the same line.
fn is_continuation(text: &[u8]) -> bool {
    let mut behind = text.iter().skip_while(|&&octet| scan::is_blank(octet));
    text.first().is_some_and(|&octet| scan::is_blank(octet))
        && behind
            .next()
            .is_some_and(|octet| !matches!(octet, b'\r' | b'\n'))
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

/// The values between the continuations that [`Values`] wrote.
fn split_continuations(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let here = rest?;
        let end = here
            .windows(CONTINUATION.len())
            .position(|window| window == CONTINUATION);
        let (piece, after) = match end {
            Some(end) => (here.get(..end), here.get(end.saturating_add(3)..)),
            None => (Some(here), None),
        };
        rest = after;
        piece
    })
}

fn trim_value(out: &mut Vec<u8>, start: usize) {
    let value = out.get(start..).unwrap_or_default();
    let trimmed = scan::trim_blank_end(value).len();
    out.truncate(start.saturating_add(trimmed));
    let leading = out
        .iter()
        .skip(start)
        .take_while(|&&octet| scan::is_blank(octet))
        .count();
    out.drain(start..start.saturating_add(leading));
}

/// `chunked` is the last coding and stands there once (RFC 9112 section 6.1). No element is empty
/// (RFC 9110 section 5.6.1) or quotes a comma.
fn ends_in_one_chunked(value: &[u8]) -> bool {
    let mut last_is_chunked = false;
    for element in value.split(|&octet| octet == b',') {
        let coding = scan::trim_blank(element);
        if last_is_chunked || coding.is_empty() || coding.contains(&b'"') {
            return false;
        }
        last_is_chunked = coding.eq_ignore_ascii_case(b"chunked");
    }
    last_is_chunked
}

pub(crate) fn invalid_value(name: &[u8], value: &[u8]) -> HTTPException {
    let shown = if is_secret(name) { b"***" } else { value };
    HTTPException::InvalidHeaderValue {
        name: Excerpt::new(name),
        value: Excerpt::new(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_display_writes_them() {
        fn check(value: impl FieldValue + Display) {
            let mut out = b"before: ".to_vec();
            value.append_to(&mut out);
            assert_eq!(out, format!("before: {value}").into_bytes());
        }
        (0..1_100u64).for_each(check);
        [u64::MAX, u64::MAX - 1, 10_000_000_000_000_000_000]
            .into_iter()
            .for_each(check);
        [i64::MIN, -1, 0, i64::MAX].into_iter().for_each(check);
        [i128::MIN, u64::MAX.into(), i128::from(u64::MAX) + 1]
            .into_iter()
            .for_each(check);
        [0, u8::MAX].into_iter().for_each(check);
    }
}
