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

#[cfg(test)]
mod tests {
    use super::super::error::tests::io_at;
    use super::*;
    use crate::error::{Excerpt, IncompleteRead};
    use std::io;
    use std::sync::Arc;

    fn not_found() -> HTTPException {
        HTTPException::HostNotFound {
            host: Excerpt::new(b"a"),
            error: Arc::new(io::Error::other("a")),
        }
    }

    fn not_connected() -> HTTPException {
        let attempts = Vec::new().into();
        HTTPException::ConnectFailed { attempts }
    }

    #[test]
    fn the_network_is_to_blame_by_the_step() {
        for (step, cause) in [
            (Step::Connect, Some(Cause::Connect)),
            (Step::Tunnel, Some(Cause::Connect)),
            (Step::Handshake, Some(Cause::Connect)),
            (Step::Write, Some(Cause::Read)),
            (Step::ReadHead, Some(Cause::Read)),
            (Step::ReadBody, Some(Cause::Read)),
            (Step::ReadSource, None),
            (Step::Other, None),
        ] {
            let timed_out = HTTPException::timed_out(step, Default::default());
            assert_eq!(Failure::from(timed_out).cause(), cause, "{step:?}");
            assert_eq!(Failure::from(io_at(step)).cause(), cause, "{step:?}");
        }
        let disconnected = HTTPException::RemoteDisconnected {
            retry: Default::default(),
        };
        let cut = HTTPException::IncompleteRead(IncompleteRead::default());
        for (error, cause) in [
            (not_found(), Some(Cause::Connect)),
            (not_connected(), Some(Cause::Connect)),
            (disconnected, Some(Cause::Read)),
            (cut, Some(Cause::Read)),
            (HTTPException::NotConnected, None),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.cause(), cause);
        }
        assert_eq!(Failure::of(ExceptionKind::EmptyPool).cause(), None);
    }

    #[test]
    fn a_proxy_that_is_not_reached_is_the_proxys_error() {
        for error in [not_found, not_connected] {
            let proxied = Failure::from(error()).into_exception(true);
            assert!(matches!(proxied, ExceptionKind::ProxyError(_)));
            let direct = Failure::from(error()).into_exception(false);
            assert!(matches!(direct, ExceptionKind::ConnectionError(_)));
        }
        let cut = HTTPException::IncompleteRead(IncompleteRead::default());
        let cut = Failure::from(cut).into_exception(true);
        assert!(matches!(cut, ExceptionKind::ConnectionError(_)));
    }
}
