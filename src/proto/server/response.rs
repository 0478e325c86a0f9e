//! The head of a response: validation and writing, into one reused buffer (RFC 9112 sections 4 to
//! 6, RFC 9110 sections 6.6, 7.8, 8.6 and 15).
//!
//! Nothing reaches the buffer unless it was checked, and a refused part leaves it as it was. The
//! framing fields are never the caller's burden: `Content-Length` may be given, `Transfer-Encoding`
//! is a wish, and what is missing is added. Departs from `http.server`, which checks nothing.

use crate::error::{BadResponse, Excerpt, HTTPException};
use crate::proto::FieldValue;
use crate::proto::field_rules::{check_name, invalid_value, join_list};
use crate::proto::framing::ConnectionOptions;
use crate::proto::limits::Tolerance;
use crate::proto::scan;

/// A response head while it is written, and the facts of it that matter afterwards.
#[derive(Debug, Default)]
pub(super) struct ResponseHead {
    out: Vec<u8>,
    pub(super) status: u16,
    /// The length that the caller declared.
    pub(super) declared: Option<u64>,
    /// The caller asked for the chunked coding.
    pub(super) wants_chunks: bool,
    pub(super) connection: ConnectionOptions,
    seen: Seen,
}

/// Fields whose presence matters.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    allow: bool,
    www_authenticate: bool,
    proxy_authenticate: bool,
    upgrade: bool,
    /// A `Connection` that says nothing but that it is kept, which is written at the end, if so.
    keep_alive: bool,
}

impl ResponseHead {
    /// Begins a head: `HTTP-version SP status-code SP [ reason-phrase ] CRLF`.
    pub(super) fn start(
        &mut self,
        version: &[u8],
        status: u16,
        reason: &[u8],
    ) -> Result<(), HTTPException> {
        if !scan::is_value(reason) {
            return Err(bad(BadResponse::Reason(Excerpt::new(reason))));
        }
        let out = std::mem::take(&mut self.out);
        *self = Self {
            out,
            status,
            ..Self::default()
        };
        self.out.clear();
        self.out.extend_from_slice(version);
        self.out.push(b' ');
        status.append_to(&mut self.out);
        self.out.push(b' ');
        self.out.extend_from_slice(reason);
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Adds a field of the caller.
    pub(super) fn put_field(
        &mut self,
        name: &[u8],
        value: &(impl FieldValue + ?Sized),
    ) -> Result<(), HTTPException> {
        check_name(name, &Tolerance::STRICT)?;
        let start = self.out.len();
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b": ");
        let value_start = self.out.len();
        value.append_to(&mut self.out);
        let joined = match value.count() {
            0 | 1 => Ok(()),
            count => join_list(name, &mut self.out, value_start, count),
        };
        match joined.and_then(|()| self.check_value(name, value_start)) {
            Ok(true) => self.out.extend_from_slice(b"\r\n"),
            Ok(false) => self.out.truncate(start),
            Err(error) => {
                self.out.truncate(start);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Checks the value at the end of the buffer and notes what it means; whether it is to be sent.
    fn check_value(&mut self, name: &[u8], start: usize) -> Result<bool, HTTPException> {
        let value = scan::trim_blank(self.out.get(start..).unwrap_or_default());
        if !scan::is_value(value) {
            return Err(invalid_value(name, value));
        }
        match name.len() {
            5 if scan::is_word(name, b"allow") => self.seen.allow = true,
            7 if scan::is_word(name, b"upgrade") => self.seen.upgrade = true,
            10 if scan::is_word(name, b"connection") => {
                self.connection.note(value);
                let keeps = scan::is_word(value, b"keep-alive");
                self.seen.keep_alive |= keeps;
                return Ok(!keeps);
            }
            14 if scan::is_word(name, b"content-length") => return self.declare(name, start),
            16 if scan::is_word(name, b"www-authenticate") => self.seen.www_authenticate = true,
            17 if scan::is_word(name, b"transfer-encoding") => {
                if self.wants_chunks || !scan::is_word(value, b"chunked") {
                    return Err(invalid_value(name, value));
                }
                self.wants_chunks = true;
                return Ok(false);
            }
            18 if scan::is_word(name, b"proxy-authenticate") => self.seen.proxy_authenticate = true,
            _ => {}
        }
        Ok(true)
    }

    /// A `Content-Length` of the caller: one number, once.
    fn declare(&mut self, name: &[u8], start: usize) -> Result<bool, HTTPException> {
        if self.declared.is_some() {
            return Err(HTTPException::ConflictingHeader {
                name: "Content-Length",
            });
        }
        let value = scan::trim_blank(self.out.get(start..).unwrap_or_default());
        let length = scan::decimal(value).ok_or_else(|| invalid_value(name, value))?;
        self.declared = Some(length);
        // It is written at the end of the head, if the status may have it.
        Ok(false)
    }

    /// Adds a field that needs no check.
    pub(super) fn put_known(&mut self, line: &[u8]) {
        self.out.extend_from_slice(line);
    }

    pub(super) fn put_content_length(&mut self, length: u64) {
        self.out.extend_from_slice(b"Content-Length: ");
        length.append_to(&mut self.out);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Checks that the fields are there which a response with this status needs (RFC 9110 sections
    /// 15.5.2, 15.5.6, 15.5.8, 15.5.22 and 15.2.2).
    pub(super) fn check_needed(&self) -> Result<(), HTTPException> {
        let (name, there) = match self.status {
            101 | 426 => ("Upgrade", self.seen.upgrade),
            401 => ("WWW-Authenticate", self.seen.www_authenticate),
            405 => ("Allow", self.seen.allow),
            407 => ("Proxy-Authenticate", self.seen.proxy_authenticate),
            _ => return Ok(()),
        };
        if there {
            return Ok(());
        }
        let status = self.status;
        Err(bad(BadResponse::MissingHeader { status, name }))
    }

    /// Whether the `Upgrade` field names a protocol, and all that it names are accepted by `offered`.
    pub(super) fn switches_to(&self, offered: impl Fn(&[u8]) -> bool) -> bool {
        let lines = self.out.split(|&octet| octet == b'\n');
        let mut named = lines
            .filter_map(|line| line.split_first_chunk::<8>())
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"upgrade:"))
            .flat_map(|(_, value)| scan::list_elements(value.trim_ascii_end()))
            .peekable();
        named.peek().is_some() && named.all(offered)
    }

    /// Whether the caller has said that the connection is kept, which is still to be written.
    pub(super) fn wishes_keep_alive(&self) -> bool {
        self.seen.keep_alive
    }

    pub(super) fn has_upgrade(&self) -> bool {
        self.seen.upgrade
    }

    /// The head as it goes out.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }
}

pub(super) fn bad(fault: BadResponse) -> HTTPException {
    HTTPException::BadResponse(fault)
}
