//! The error of the parsers of this layer: which part, what is wrong with it, and where.
//!
//! It holds no piece of the text, which may have a password in it; who gave the text has it.

use std::error::Error;
use std::fmt;

/// A text that can't be read: the part that is wrong, why, and where.
///
/// `urllib.parse` raises `ValueError` for what it refuses, and refuses less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ParseError {
    /// The part that is wrong.
    pub part: Part,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where, in bytes from the start of the text that was given.
    pub offset: usize,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The text as a whole.
    Whole,
    /// The scheme of a URL.
    Scheme,
    /// User name and password in a URL.
    Userinfo,
    /// The host of a URL.
    Host,
    /// The port of a URL.
    Port,
    /// The path of a URL.
    Path,
    /// The query of a URL, or a field of a query.
    Query,
    /// The fragment of a URL.
    Fragment,
    /// A date.
    Date,
    /// The boundary of a form.
    Boundary,
    /// The name of a field of a form.
    Name,
    /// The name of a file in a form.
    Filename,
    /// A media type.
    ContentType,
    /// The header section of a part of a form.
    Header,
    /// The `Content-Disposition` of a part of a form.
    Disposition,
    /// A `Link` field.
    Link,
}

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It must be there and is not.
    Missing,
    /// An octet that can't stand there.
    Octet(u8),
    /// A `%` that is not followed by two hexadecimal digits (RFC 3986 section 2.1).
    Percent,
    /// It is not one of those that are understood.
    Unsupported,
    /// It does not have the form that it must have.
    Malformed,
    /// There is more of it than this limit.
    TooMuch(usize),
}

impl ParseError {
    pub(crate) fn new(part: Part, fault: Fault, offset: usize) -> Self {
        Self {
            part,
            fault,
            offset,
        }
    }

    /// The same error, of a text that begins so many bytes later.
    #[cfg(feature = "urllib")]
    pub(crate) fn moved(self, bytes: usize) -> Self {
        Self {
            offset: self.offset.saturating_add(bytes),
            ..self
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "text",
            Self::Scheme => "scheme",
            Self::Userinfo => "userinfo",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::Date => "date",
            Self::Boundary => "boundary",
            Self::Name => "name",
            Self::Filename => "filename",
            Self::ContentType => "content type",
            Self::Header => "header section",
            Self::Disposition => "content disposition",
            Self::Link => "link",
        })
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, offset, .. } = self;
        match self.fault {
            Fault::Missing => write!(f, "{part} missing at byte {offset}"),
            Fault::Octet(octet) => {
                write!(f, "octet 0x{octet:02x} in the {part} at byte {offset}")
            }
            Fault::Percent => write!(f, "lone % in the {part} at byte {offset}"),
            Fault::Unsupported => write!(f, "unsupported {part} at byte {offset}"),
            Fault::Malformed => write!(f, "malformed {part} at byte {offset}"),
            Fault::TooMuch(limit) => write!(f, "{part} of more than {limit} at byte {offset}"),
        }
    }
}

impl Error for ParseError {}
