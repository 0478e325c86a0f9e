//! The head of a request: validation and writing, into one reused buffer (RFC 9112 sections 3, 5
//! and 6; RFC 9110 sections 5, 7.6, 8.6, 9.3 and 10.1).
//!
//! Nothing reaches the buffer unless it was checked here, CONNECT requests and trailers included,
//! and a refused part leaves the buffer as it was. Departs from `http.client` where that sends
//! what no server has to understand: see `Tolerance::fields_as_given`.

use std::fmt;

use crate::error::{BodyFault, Excerpt, HTTPException};
use crate::proto::authority::is_host_field;
use crate::proto::client::target::{absolute_form_authority, check_target, is_host_of_target};
use crate::proto::field_rules::{Seen, check_name, invalid_value, join_list};
use crate::proto::framing::ConnectionOptions;
use crate::proto::limits::Tolerance;
use crate::proto::values::{
    CONTINUATION, FieldValue, is_value_as_given, join_values, split_continuations, trim_value,
};
use crate::proto::version::HTTPVersion;
use crate::proto::{scan, steps};

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
    /// them.
    fn lay_out(
        &mut self,
        name: &[u8],
        start: usize,
        count: usize,
        tolerance: &Tolerance,
    ) -> Result<(), HTTPException> {
        if !tolerance.folded_values {
            return join_list(name, &mut self.out, start, count);
        }
        let as_given = tolerance.fields_as_given;
        let given = self.out.get(start..).unwrap_or_default();
        let each_legal = split_continuations(given).count() == count
            && split_continuations(given).all(scan::is_value);
        if !as_given && !each_legal {
            return Err(invalid_value(name, given));
        }
        join_values(&mut self.out, start, CONTINUATION, !as_given);
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
            "Host" if !self.may_name_host(value, tolerance) => {
                return Err(HTTPException::ConflictingHeader { name: known });
            }
            "Content-Length" => {
                let length = scan::decimal(value).ok_or_else(|| invalid_value(name, value))?;
                self.declare(known, DeclaredBody::Length(length))?;
            }
            "Transfer-Encoding" => {
                if self.version_11 && !self.can_chunk {
                    let fault = BodyFault::ChunkedToHttp10;
                    return Err(HTTPException::InvalidBody { fault });
                }
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

    /// Whether this `Host` belongs to the target. `http.client` lets that of a CONNECT differ, whose
    /// target is all that a proxy goes by.
    fn may_name_host(&self, host: &[u8], tolerance: &Tolerance) -> bool {
        let as_given = tolerance.fields_as_given && self.method() == b"CONNECT";
        let target = self.target().unwrap_or_default();
        as_given || is_host_of_target(host, self.method(), target)
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

    /// The protocols that were offered for an upgrade, in lower case (RFC 9110 section 7.8).
    pub(crate) fn offered_protocols(&self) -> impl Iterator<Item = Vec<u8>> {
        steps::count(self.out.len());
        let lines = self.out.split(|&octet| octet == b'\n');
        lines
            .take_while(|&line| line != b"\r")
            .filter_map(|line| line.split_first_chunk::<8>())
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"upgrade:"))
            .flat_map(|(_, value)| scan::list_elements(value.trim_ascii_end()))
            .map(<[u8]>::to_ascii_lowercase)
    }
}

/// Whether this is an idempotent method (RFC 9110 section 9.2.2).
pub(crate) fn is_idempotent(method: &[u8]) -> bool {
    matches!(
        method,
        b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE"
    )
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
