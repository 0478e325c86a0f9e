//! The target of a request in its four forms, taken apart once (RFC 9112 section 3.2, RFC 9110
//! sections 4.2 and 9.3.6).
//!
//! Every visible octet of US-ASCII but `#` may stand in a path or query; octets that RFC 3986 does
//! not allow there have one meaning all the same, and browsers send them. Percent-encoding is the
//! handler's affair.

use crate::proto::authority;

/// The form of a request target (RFC 9112 section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetForm {
    /// `/path?query`.
    #[default]
    Origin,
    /// `http://host/path?query`, as a proxy gets it; a server must take it too.
    Absolute,
    /// `host:port`, for CONNECT.
    Authority,
    /// `*`, for OPTIONS.
    Asterisk,
}

/// A request target and its parts, as they came.
///
/// ```
/// use stdhttp::proto::server::{Target, TargetForm};
///
/// let target = Target::parse(b"GET", b"http://example.org:8080/a?b").unwrap();
/// assert_eq!(target.form(), TargetForm::Absolute);
/// assert_eq!((target.host(), target.port()), (&b"example.org"[..], Some(8080)));
/// assert_eq!((target.path(), target.query()), (&b"/a"[..], Some(&b"b"[..])));
/// assert!(Target::parse(b"GET", b"*").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    bytes: &'a [u8],
    parts: Parts,
}

/// The form of a target, and how long its parts are: `scheme "://" authority path [ "?" query ]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    form: TargetForm,
    scheme: usize,
    /// Of the absolute form, where a path follows.
    authority: usize,
    /// Of the authority.
    host: usize,
    port: Option<u16>,
    path: usize,
}

impl Parts {
    /// Takes a target apart; nothing if it is none for a request with this method.
    pub(super) fn of(method: &[u8], target: &[u8]) -> Option<Self> {
        let legal = |octet: &u8| octet.is_ascii_graphic() && *octet != b'#';
        if !target.iter().all(legal) {
            return None;
        }
        match (method, target) {
            (b"CONNECT", _) => Self::authority_form(target),
            (b"OPTIONS", b"*") => Some(Self {
                form: TargetForm::Asterisk,
                ..Self::default()
            }),
            (_, [b'/', ..]) => Some(Self::origin_form(target)),
            _ => Self::absolute_form(target),
        }
    }

    pub(super) fn origin_form(target: &[u8]) -> Self {
        let question = target.iter().position(|&octet| octet == b'?');
        Self {
            path: question.unwrap_or(target.len()),
            ..Self::default()
        }
    }

    /// Host and port, both there; no server listens at port 0 (RFC 9110 section 9.3.6).
    fn authority_form(target: &[u8]) -> Option<Self> {
        let (host, port) = authority::split_received(target)?;
        let port = port.filter(|&port| port != 0)?;
        Some(Self {
            form: TargetForm::Authority,
            host: host.len(),
            port: Some(port),
            ..Self::default()
        })
    }

    /// `scheme://authority`, then a path and a query; no userinfo, and the host is not empty (RFC
    /// 9110 sections 4.2.1 and 4.2.4).
    fn absolute_form(target: &[u8]) -> Option<Self> {
        let colon = target.iter().position(|&octet| octet == b':')?;
        let (scheme, rest) = target.split_at_checked(colon)?;
        let rest = rest.strip_prefix(b"://")?;
        let ends_authority = |octet: &u8| matches!(octet, b'/' | b'?');
        let end = rest.iter().position(ends_authority).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (host, port) = authority::split_received(authority)?;
        is_scheme(scheme).then(|| Self {
            form: TargetForm::Absolute,
            scheme: scheme.len(),
            authority: authority.len(),
            host: host.len(),
            port,
            ..Self::origin_form(path)
        })
    }
}

impl<'a> Target<'a> {
    /// Takes a target apart; nothing if it is none for a request with this method.
    pub fn parse(method: &[u8], bytes: &'a [u8]) -> Option<Self> {
        let parts = Parts::of(method, bytes)?;
        Some(Self { bytes, parts })
    }

    pub(super) fn new(bytes: &'a [u8], parts: Parts) -> Self {
        Self { bytes, parts }
    }

    /// The target from its authority on.
    fn authority_and_rest(&self) -> &'a [u8] {
        let start = match self.parts.form {
            TargetForm::Absolute => self.parts.scheme.saturating_add(3),
            _ => 0,
        };
        self.bytes.get(start..).unwrap_or_default()
    }

    fn path_and_rest(&self) -> &'a [u8] {
        let rest = self.authority_and_rest();
        rest.get(self.parts.authority..).unwrap_or_default()
    }

    /// The form.
    pub fn form(&self) -> TargetForm {
        self.parts.form
    }

    /// The whole target as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The scheme of the absolute form; otherwise empty.
    pub fn scheme(&self) -> &'a [u8] {
        self.bytes.get(..self.parts.scheme).unwrap_or_default()
    }

    /// The host of the absolute and the authority form, with the brackets of an IPv6 address;
    /// otherwise empty.
    pub fn host(&self) -> &'a [u8] {
        let rest = self.authority_and_rest();
        rest.get(..self.parts.host).unwrap_or_default()
    }

    /// The port of the absolute and the authority form, if it is given.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The path, with its percent-encoding. In the absolute form it may be empty, which means `/`;
    /// `*` and the authority form have none.
    pub fn path(&self) -> &'a [u8] {
        self.path_and_rest()
            .get(..self.parts.path)
            .unwrap_or_default()
    }

    /// What stands behind the first `?`, if there is one.
    pub fn query(&self) -> Option<&'a [u8]> {
        let rest = self.path_and_rest().get(self.parts.path..)?;
        rest.strip_prefix(b"?")
    }
}

/// `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 section 3.1).
fn is_scheme(bytes: &[u8]) -> bool {
    let begins = bytes.first().is_some_and(u8::is_ascii_alphabetic);
    let legal = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.');
    begins && bytes.iter().all(legal)
}
