//! How a request is sent: times, redirects, proxies, TLS (the arguments of `requests.Session.send`).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::urllib::{Proxies, Url};

/// The largest content in bytes that is read into memory, unless another is asked for.
pub(super) const MAX_CONTENT: u64 = 256 << 20;

/// The longest time for connecting, and for one read or write: `timeout`, one or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeout {
    /// For connecting, over all addresses, with tunnel and TLS. 30 seconds.
    pub connect: Option<Duration>,
    /// For one read or one write without progress. 60 seconds.
    pub read: Option<Duration>,
}

impl Timeout {
    /// No limit.
    pub const NONE: Self = Self {
        connect: None,
        read: None,
    };
}

impl Default for Timeout {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(30)),
            read: Some(Duration::from_secs(60)),
        }
    }
}

impl From<Duration> for Timeout {
    fn from(time: Duration) -> Self {
        (time, time).into()
    }
}

impl From<(Duration, Duration)> for Timeout {
    fn from((connect, read): (Duration, Duration)) -> Self {
        Self {
            connect: Some(connect),
            read: Some(read),
        }
    }
}

/// Whether the certificate of a server is verified, and by what (`verify`). TLS is the caller's, who
/// is handed this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verify {
    /// By what the caller's TLS trusts.
    #[default]
    Yes,
    /// Not at all (`verify=False`).
    No,
    /// By the certificates of this file or folder (`verify="/path"`).
    By(PathBuf),
}

impl From<bool> for Verify {
    fn from(verify: bool) -> Self {
        if verify { Self::Yes } else { Self::No }
    }
}

impl From<&str> for Verify {
    fn from(path: &str) -> Self {
        Self::By(path.into())
    }
}

impl From<PathBuf> for Verify {
    fn from(path: PathBuf) -> Self {
        Self::By(path)
    }
}

/// The certificate of the client (`cert`), one file or two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cert {
    /// The file of the certificate, and of the key where that has no file of its own.
    pub certificate: PathBuf,
    /// The file of the key.
    pub key: Option<PathBuf>,
}

impl From<&str> for Cert {
    fn from(certificate: &str) -> Self {
        Self {
            certificate: certificate.into(),
            key: None,
        }
    }
}

impl From<(&str, &str)> for Cert {
    fn from((certificate, key): (&str, &str)) -> Self {
        Self {
            certificate: certificate.into(),
            key: Some(key.into()),
        }
    }
}

/// What the caller's TLS is handed. Connections with different ones are never exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TlsSettings {
    /// How the server is verified.
    pub verify: Verify,
    /// What the client shows.
    pub cert: Option<Cert>,
}

/// One step of a chain of redirects, for who decides about it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Hop<'a> {
    /// The status of the redirect.
    pub status_code: u16,
    /// Where it comes from.
    pub from: &'a Url,
    /// Where it leads.
    pub to: &'a Url,
    /// The method of the next request.
    pub method: &'a str,
    /// How many were followed before.
    pub followed: usize,
}

type Decide = Arc<dyn Fn(&Hop<'_>) -> bool + Send + Sync>;

/// Which redirects are followed (`allow_redirects`).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Redirects {
    /// All that may be followed.
    #[default]
    Follow,
    /// None: `next` of the response is the request that would be sent.
    Return,
    /// Those of which this says so.
    Ask(Decide),
}

impl Redirects {
    pub(super) fn returns_all(&self) -> bool {
        matches!(self, Self::Return)
    }

    pub(super) fn allow(&self, hop: &Hop<'_>) -> bool {
        match self {
            Self::Follow => true,
            Self::Return => false,
            Self::Ask(decide) => decide(hop),
        }
    }
}

impl fmt::Debug for Redirects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Follow => "Follow",
            Self::Return => "Return",
            Self::Ask(_) => "Ask",
        })
    }
}

impl From<bool> for Redirects {
    fn from(follow: bool) -> Self {
        if follow { Self::Follow } else { Self::Return }
    }
}

/// How one request is sent: the arguments of `Session.send`. What is not said is the session's.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SendOptions {
    /// Whether the content is left to be read by the caller (`stream`).
    pub stream: Option<bool>,
    /// Times for connecting, and for one read or write (`timeout`).
    pub timeout: Option<Timeout>,
    /// The longest time for all of it: resolving as far as `std` lets, connecting, redirects,
    /// retries, waits, and the content until it is read.
    pub deadline: Option<Duration>,
    /// Which redirects are followed (`allow_redirects`).
    pub allow_redirects: Redirects,
    /// The proxies (`proxies`); `Proxies::default()` is none, whatever session and environment say.
    pub proxies: Option<Proxies>,
    /// How the server is verified (`verify`).
    pub verify: Option<Verify>,
    /// The certificate of the client (`cert`).
    pub cert: Option<Cert>,
    /// The largest content in bytes that is read into memory.
    pub max_content: Option<u64>,
}
