//! Settings of a connection that are types of their own: when it is looked at, and its times.

use std::time::Duration;

use crate::transport::clock::SYSTEM_HAS_CLOCK;

/// In so short a time a look finds nothing that would be worth its price.
const A_MOMENT: Duration = Duration::from_millis(1);

/// When a kept connection is looked at before it is used again, so that a request is not sent on
/// one that the peer has closed, or that holds bytes nobody asked for (RFC 9112 section 9.2).
///
/// It is looked at just before the first byte of the request leaves; what comes after the look can't
/// be told from the answer. What is already buffered is always checked. A look costs three system
/// calls on TCP, five on a Unix socket, and one on either with the feature `sys` on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaleCheck {
    /// Never look. The default on `wasm32-unknown-unknown`, where there is no clock.
    Never,
    /// Look if the connection has been idle for at least so long. The default, with 1 ms: a look
    /// is not worth its price between requests that follow each other at once.
    AfterIdle(Duration),
    /// Look before every reuse. That narrows the race with a peer, but does not end it.
    Always,
}

impl Default for StaleCheck {
    fn default() -> Self {
        if SYSTEM_HAS_CLOCK {
            Self::AfterIdle(A_MOMENT)
        } else {
            Self::Never
        }
    }
}

impl StaleCheck {
    /// After how much time without a look there is another.
    pub(super) fn limit(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::AfterIdle(limit) => Some(limit),
            Self::Always => Some(Duration::ZERO),
        }
    }
}

/// The longest times that a connection may take; nothing for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For connecting.
    pub connect: Option<Duration>,
    /// For one read.
    pub read: Option<Duration>,
    /// For one write.
    pub write: Option<Duration>,
    /// For a whole exchange.
    pub deadline: Option<Duration>,
}
