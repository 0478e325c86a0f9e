//! HTTPSConnection: a connection over the caller's TLS (RFC 9110 section 4.2.2, RFC 9112 section
//! 9.7).
//!
//! The crate has no TLS of its own. `docs/tls.md` has a complete adapter for rustls. The stream
//! is handed to the connection only when TCP, CONNECT and TLS have all succeeded, so that no byte
//! goes out in clear whatever fails on the way.

use crate::client::builder::Builder;
use crate::client::connect::{Connect, Route, Tcp};
use crate::client::connection::HTTPConnection;
use crate::error::{HTTPException, Step, is_timeout};
use crate::transport::stream::Stream;
use crate::transport::timing::ConnectTime;
use crate::transport::wire::say_goodbye;

/// A way to secure a stream.
///
/// The implementation verifies the certificate for `server_name`, completes the handshake within
/// `time`, and returns a stream that tells an orderly end from a truncation (see [`Stream`]).
pub trait Secure<S: Stream> {
    /// The secured stream.
    type Stream: Stream;

    /// Secures a fresh stream to the host `server_name`, which has no brackets around IPv6 and no
    /// dot at its end.
    ///
    /// # Errors
    /// `Io` with what TLS says; `TimedOut`. An `Io` is given the step `Handshake`, and a timeout of
    /// the stream (see [`Stream`]) becomes a `TimedOut`, so that `?` does for all of them.
    fn secure(
        &mut self,
        server_name: &str,
        stream: S,
        time: ConnectTime<'_>,
    ) -> Result<Self::Stream, HTTPException>;
}

/// Connects through `C`, opens the tunnel if there is one, then secures the stream with `T`.
#[derive(Clone, Debug)]
pub struct Secured<T, C = Tcp> {
    tls: T,
    connect: C,
}

impl<T, C> Secured<T, C> {
    /// TLS by `tls` over the streams of `connect`.
    pub fn new(tls: T, connect: C) -> Self {
        Self { tls, connect }
    }
}

impl<T: Secure<C::Stream>, C: Connect> Connect for Secured<T, C> {
    type Stream = T::Stream;

    fn default_port(&self) -> u16 {
        crate::HTTPS_PORT
    }

    fn connect(&mut self, route: &mut Route<'_>) -> Result<Self::Stream, HTTPException> {
        let mut stream = self.connect.connect(route)?;
        route.tunnel(&mut stream)?;
        route
            .check_silence()
            .inspect_err(|_| say_goodbye(&mut stream))?;
        self.tls
            .secure(route.server_name(), stream, route.time())
            .map_err(during_handshake)
    }
}

/// An error of the stream alone does not say that the handshake was under way.
pub(crate) fn during_handshake(error: HTTPException) -> HTTPException {
    match error {
        HTTPException::Io { error, retry, .. } if is_timeout(&error) => {
            HTTPException::timed_out(Step::Handshake, retry)
        }
        HTTPException::Io { error, retry, .. } => HTTPException::Io {
            error,
            step: Step::Handshake,
            retry,
        },
        other => other,
    }
}

/// `http.client.HTTPSConnection`: an [`HTTPConnection`] over TLS of the caller's choice, with
/// port 443 as its default.
pub type HTTPSConnection<T, C = Tcp> = HTTPConnection<Secured<T, C>>;

impl<T: Secure<std::net::TcpStream>> HTTPConnection<Secured<T>> {
    /// An HTTPS connection to `host`, secured by `tls`. No I/O yet. The forms of `host` are those
    /// of [`HTTPConnection::new`]; the default port is 443.
    ///
    /// # Errors
    /// `InvalidURL`.
    pub fn with_tls(
        host: &str,
        port: impl Into<Option<u16>>,
        tls: T,
    ) -> Result<Self, HTTPException> {
        let connect = Secured::new(tls, Tcp::new());
        Builder::new(host).connector(connect).port(port).build()
    }
}
