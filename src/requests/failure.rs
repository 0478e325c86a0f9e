//! Why an attempt of the adapter failed: what it means for another one, and in the classes of
//! `requests`.

use super::dial::is_not_allowed;
use super::error::ExceptionKind;
use super::retry::Cause;
use crate::error::{HTTPException, Step};

/// Why an attempt failed.
pub(super) enum Failure {
    Client(HTTPException),
    Ours(ExceptionKind),
}

impl Failure {
    pub(super) fn of(kind: ExceptionKind) -> Self {
        Self::Ours(kind)
    }

    /// Whether the connection had been closed before the request could be seen.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_retryable())
    }

    /// What kind of retry it would be; nothing if the network is not to blame.
    pub(super) fn cause(&self) -> Option<Cause> {
        let Self::Client(error) = self else {
            return None;
        };
        if is_not_allowed(error) {
            return None;
        }
        match error {
            HTTPException::TimedOut { step, .. } | HTTPException::Io { step, .. } => match step {
                Step::Connect | Step::Tunnel | Step::Handshake => Some(Cause::Connect),
                Step::Write | Step::ReadHead | Step::ReadBody => Some(Cause::Read),
                _ => None,
            },
            HTTPException::HostNotFound { .. } | HTTPException::ConnectFailed { .. } => {
                Some(Cause::Connect)
            }
            HTTPException::RemoteDisconnected { .. } | HTTPException::IncompleteRead(_) => {
                Some(Cause::Read)
            }
            _ => None,
        }
    }

    pub(super) fn into_exception(self, proxied: bool) -> ExceptionKind {
        match self {
            Self::Ours(error) => error,
            Self::Client(error) if is_not_allowed(&error) => {
                ExceptionKind::AddressNotAllowed(error)
            }
            Self::Client(error) => match error {
                HTTPException::HostNotFound { .. } | HTTPException::ConnectFailed { .. }
                    if proxied =>
                {
                    ExceptionKind::ProxyError(error)
                }
                // There is no response yet: it is the head that was cut.
                HTTPException::IncompleteRead(_) => ExceptionKind::ConnectionError(error),
                error => ExceptionKind::from_client(error),
            },
        }
    }
}

impl From<HTTPException> for Failure {
    fn from(error: HTTPException) -> Self {
        Self::Client(error)
    }
}

impl From<ExceptionKind> for Failure {
    fn from(error: ExceptionKind) -> Self {
        Self::Ours(error)
    }
}
