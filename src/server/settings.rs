//! How long a server waits and how much it takes: one struct of times, one of limits (RFC 9110
//! section 17.5, RFC 9112 section 9.5).

use std::time::Duration;

use crate::proto::{Limits, Tolerance};

/// How long a server waits for its clients. Each is bounded by default; `http.server` waits for
/// ever.
///
/// ```
/// use std::time::Duration;
/// use stdhttp::server::Times;
///
/// let times = Times { idle: Duration::from_secs(5), ..Times::DEFAULT };
/// assert_eq!(times.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For securing a connection: all of a TLS handshake. 10 seconds.
    pub tls: Duration,
    /// For the head of a request, from its first byte on; a new connection may be silent for as long
    /// before. 10 seconds.
    pub head: Duration,
    /// Between two requests. 30 seconds.
    pub idle: Duration,
    /// For one read of a body. 30 seconds.
    pub read: Duration,
    /// For one write. 30 seconds.
    pub write: Duration,
    /// After a response behind which the connection is closed while the client may still be
    /// sending: what it sends is read and dropped for so long, so that the response is not lost.
    /// 2 seconds.
    pub linger: Duration,
    /// For requests under way when the server is shut down. 30 seconds.
    pub grace: Duration,
    /// Bytes in a second that a body and a response must make on the average, once their client was
    /// waited for twice as long as for one read or write, the first two not counted; 0 for no such
    /// bound. 256.
    pub least_rate: u64,
}

impl Times {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        tls: Duration::from_secs(10),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        read: Duration::from_secs(30),
        write: Duration::from_secs(30),
        linger: Duration::from_secs(2),
        grace: Duration::from_secs(30),
        least_rate: 256,
    };
}

impl Default for Times {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How much a server takes of its clients, and what it forgives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The limits on what one request may hold.
    pub limits: Limits,
    /// What is forgiven in requests.
    pub tolerance: Tolerance,
    /// Connections at once; further ones wait in the system's queue. 512.
    pub connections: usize,
    /// Requests on one connection. 1,000.
    pub requests: usize,
    /// Bytes of a body that the handler left unread which are read and dropped, so that the
    /// connection can be kept. 262,144.
    pub drained: u64,
    /// Bytes of the stack of a connection's thread. 262,144.
    pub stack: usize,
}

impl Bounds {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        limits: Limits::DEFAULT,
        tolerance: Tolerance::SERVER,
        connections: 512,
        requests: 1_000,
        drained: 262_144,
        stack: 262_144,
    };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}
