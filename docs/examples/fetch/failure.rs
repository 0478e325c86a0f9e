//! Why there is no complete response, in one line and one number.

use std::fmt;
use std::io;

use stdhttp::requests::{ExceptionKind, RequestException};

use crate::arguments::Arguments;

/// Why there is no complete response.
pub(crate) enum Failure {
    /// A local file or standard stream, and its error: 1.
    Local(String, io::Error),
    /// The command line can't be understood: 2.
    Usage(String),
    /// What was asked for can't be sent: 2; the network failed: 3; the peer broke the protocol,
    /// a truncated response included: 4.
    Exchange(RequestException),
    /// A redirect can't be followed: 4.
    Redirect(RequestException),
    /// The status is that of no file: 5.
    Status(RequestException),
}

impl Failure {
    pub(crate) fn of(error: RequestException, arguments: &Arguments) -> Self {
        match error.kind() {
            ExceptionKind::InvalidRedirect(_)
            | ExceptionKind::TooManyRedirects { .. }
            | ExceptionKind::UnrewindableBodyError => Self::Redirect(error),
            ExceptionKind::MissingTls if !arguments.asks_for_tls() => Self::Redirect(error),
            ExceptionKind::HTTPError { .. } => Self::Status(error),
            ExceptionKind::File(inner) => Self::Local("file".into(), copy(inner)),
            ExceptionKind::SourceError(inner) => {
                Self::Local("what is to be sent".into(), io::Error::other(inner.clone()))
            }
            ExceptionKind::Other(inner) => match inner.downcast_ref() {
                Some(inner) => Self::Local(arguments.output_name(), copy(inner)),
                None => Self::Exchange(error),
            },
            _ => Self::Exchange(error),
        }
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Local(..) => 1,
            Self::Usage(_) => 2,
            Self::Exchange(error) => status_of(error),
            Self::Redirect(_) => 4,
            Self::Status(_) => 5,
        }
    }
}

fn status_of(error: &RequestException) -> u8 {
    match error.kind() {
        ExceptionKind::MissingTls
        | ExceptionKind::InvalidMethod { .. }
        | ExceptionKind::InvalidHeader(_)
        | ExceptionKind::InvalidForm(_)
        | ExceptionKind::InvalidBody
        | ExceptionKind::InvalidCredentials(_)
        | ExceptionKind::Netrc(_) => 2,
        _ if error.is_invalid_url() => 2,
        _ => match error.http_exception() {
            Some(inner) if inner.is_caller_error() => 2,
            Some(inner) if inner.is_network_error() => 3,
            _ => 4,
        },
    }
}

/// The same for who owns it.
fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name, error) => write!(f, "{name}: {error}"),
            Self::Usage(problem) => write!(f, "{problem}; --help shows how to call it"),
            Self::Exchange(error) | Self::Status(error) => write!(f, "{error}"),
            Self::Redirect(error) => write!(f, "redirect: {error}"),
        }
    }
}
