//! The head that a script writes: fields, and an empty line behind them (RFC 3875 section 6).

use crate::proto::scan;

/// The most bytes of it.
const LONGEST_HEAD: usize = 65_536;

/// Fields that are the server's own affair (RFC 3875 section 6.3.4).
const NOT_TAKEN: [&[u8]; 9] = [
    b"connection",
    b"date",
    b"keep-alive",
    b"proxy-connection",
    b"server",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
];

/// A head that is still coming.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    bytes: Vec<u8>,
    /// Where the last line begins.
    line: usize,
}

/// How far a head has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Incomplete,
    /// So many bytes of the input belong to it.
    Complete(usize),
    TooLong,
}

impl HeadReader {
    /// Takes bytes up to the empty line.
    pub(super) fn take(&mut self, input: &[u8]) -> Progress {
        let mut taken = 0usize;
        for line in input.split_inclusive(|&octet| octet == b'\n') {
            if self.bytes.len().saturating_add(line.len()) > LONGEST_HEAD {
                return Progress::TooLong;
            }
            self.bytes.extend_from_slice(line);
            taken = taken.saturating_add(line.len());
            if !line.ends_with(b"\n") {
                break;
            }
            let whole = self.bytes.get(self.line..).unwrap_or_default();
            if matches!(whole, b"\n" | b"\r\n") {
                return Progress::Complete(taken);
            }
            self.line = self.bytes.len();
        }
        Progress::Incomplete
    }

    /// The head that is complete; nothing if it is none.
    pub(super) fn head(&self) -> Option<ScriptHead<'_>> {
        ScriptHead::parse(self.bytes.get(..self.line).unwrap_or_default())
    }
}

/// What a script says of its response.
#[derive(Debug, Default)]
pub(super) struct ScriptHead<'a> {
    /// Code and reason phrase.
    pub(super) status: Option<(u16, &'a str)>,
    pub(super) location: Option<&'a [u8]>,
    /// The fields for the client, `Location` among them.
    pub(super) fields: Vec<(&'a str, &'a [u8])>,
}

impl<'a> ScriptHead<'a> {
    /// One of `Content-Type`, `Location` and `Status` must be there (RFC 3875 section 6.3).
    fn parse(lines: &'a [u8]) -> Option<Self> {
        let mut head = Self::default();
        for line in lines.split_inclusive(|&octet| octet == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let mut parts = line.splitn(2, |&octet| octet == b':');
            let name = std::str::from_utf8(parts.next()?).ok()?;
            head.field(name, scan::trim_blank(parts.next()?))?;
        }
        let typed = |(name, _): &(&str, _)| name.eq_ignore_ascii_case("content-type");
        let known = head.status.is_some() || head.location.is_some();
        (known || head.fields.iter().any(typed)).then_some(head)
    }

    fn field(&mut self, name: &'a str, value: &'a [u8]) -> Option<()> {
        if name.eq_ignore_ascii_case("status") {
            self.status = Some(parse_status(value).filter(|_| self.status.is_none())?);
            return Some(());
        }
        if name.eq_ignore_ascii_case("location") {
            self.location = Some(value);
        }
        let named = |not: &&[u8]| name.as_bytes().eq_ignore_ascii_case(not);
        if !NOT_TAKEN.iter().any(named) {
            self.fields.push((name, value));
        }
        Some(())
    }

    /// The path of what is to be sent in place of the response: a `Location` of this server, without
    /// a status (RFC 3875 section 6.2.2).
    pub(super) fn local_location(&self) -> Option<&'a [u8]> {
        let location = self.location.filter(|_| self.status.is_none())?;
        location.starts_with(b"/").then_some(location)
    }

    /// The status of the response, and its reason phrase unless it is the usual one.
    pub(super) fn status(&self) -> (u16, Option<&'a str>) {
        match (self.status, self.location) {
            (Some((code, "")), _) => (code, None),
            (Some((code, reason)), _) => (code, Some(reason)),
            (None, Some(_)) => (302, None),
            (None, None) => (200, None),
        }
    }
}

/// `404 Not Found`: three digits of a final status, and what is behind a blank.
fn parse_status(value: &[u8]) -> Option<(u16, &str)> {
    let value = std::str::from_utf8(value).ok()?;
    let (code, reason) = value.split_once(' ').unwrap_or((value, ""));
    let three_digits = code.len() == 3 && code.bytes().all(|octet| octet.is_ascii_digit());
    let code = code.parse().ok().filter(|_| three_digits)?;
    (200..=599).contains(&code).then_some((code, reason.trim()))
}
