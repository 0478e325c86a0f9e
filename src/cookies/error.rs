//! What can be wrong with cookies: those of a caller, those of a server, and those of a file.

use std::error::Error;
use std::fmt;
use std::io;

/// What a caller gives can't be part of a cookie (`http.cookies.CookieError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CookieError {
    /// A name that is no token.
    Name,
    /// A value with an octet that would end it or break the line.
    Value,
    /// A domain that is not ASCII, or that is empty.
    Domain,
    /// A path that does not begin with `/`, or with an octet that would end it or break the line.
    Path,
    /// No attribute of this name is known, or it can't have this kind of value.
    Attribute,
    /// A name that begins with `__Secure-` or `__Host-`, without the attributes that it promises
    /// (RFC 6265bis section 4.1.3).
    Prefix,
    /// `SameSite=None` without `Secure` (RFC 6265bis section 5.7).
    SameSite,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of a cookie is not a token",
            Self::Value => "octet that the value of a cookie can't have",
            Self::Domain => "the domain of a cookie is not a host name",
            Self::Path => "the path of a cookie can't be sent",
            Self::Attribute => "no such attribute, or not with such a value",
            Self::Prefix => "the name of a cookie promises attributes that it has not",
            Self::SameSite => "SameSite=None without Secure",
        })
    }
}

impl Error for CookieError {}

/// Why a cookie of a server is not stored (RFC 6265bis sections 5.6 and 5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// A control character in the line, or neither a name nor a value.
    Malformed,
    /// Name and value together, or the path, are longer than their limit.
    TooLarge,
    /// The domain is not the host of the request and not above it, or not a domain at all.
    ForeignDomain,
    /// The domain is one under which others register theirs.
    PublicSuffix,
    /// A secure cookie over a connection that is not.
    Insecure,
    /// The store has a secure cookie that this one would hide.
    HidesSecure,
    /// `SameSite=None` without `Secure`.
    SameSite,
    /// A name, or a value without a name, begins with `__Secure-` or `__Host-`, and the cookie has
    /// not what this promises.
    Prefix,
    /// The caller's policy says no.
    Policy,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "cookie with a control character, or an empty one",
            Self::TooLarge => "cookie beyond the limits",
            Self::ForeignDomain => "cookie for another domain",
            Self::PublicSuffix => "cookie for a public suffix",
            Self::Insecure => "secure cookie over plain http",
            Self::HidesSecure => "cookie that would hide a secure one",
            Self::SameSite => "SameSite=None without Secure",
            Self::Prefix => "the name of a cookie promises attributes that it has not",
            Self::Policy => "cookie that the policy refuses",
        })
    }
}

impl Error for Rejection {}

/// Several cookies have the name that one was asked for
/// (`requests.cookies.CookieConflictError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieConflict {
    /// How many.
    pub count: usize,
}

impl fmt::Display for CookieConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cookies have this name", self.count)
    }
}

impl Error for CookieConflict {}

/// A cookie file can't be read (`http.cookiejar.LoadError`, `OSError`).
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file can't be read.
    Io(io::Error),
    /// No line of it is one of a cookie file.
    NoCookieFile,
    /// It is larger than this limit in bytes.
    TooLarge(u64),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NoCookieFile => f.write_str("not a cookie file"),
            Self::TooLarge(limit) => write!(f, "cookie file of more than {limit} bytes"),
        }
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
