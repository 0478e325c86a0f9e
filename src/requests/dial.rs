//! How the pool comes by a stream: over TCP or the caller's own way, past a filter of addresses,
//! through a proxy, secured by the caller's TLS.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::options::TlsSettings;
use super::socks;
use crate::client::connect::{Connect, Route, Tcp, resolve};
use crate::client::https::during_handshake;
use crate::error::{HTTPException, Step};
pub use crate::transport::stream::BoxedStream;
use crate::transport::timing::ConnectTime;
use crate::transport::wire::say_goodbye;
use crate::urllib::{Proxy, ProxyScheme};

/// Secures a stream: the caller's TLS. A closure is one.
///
/// `docs/tls.md` has adapters for rustls and native-tls.
pub trait Tls: Send + Sync {
    /// Completes the handshake within `time` and verifies the server as `settings` say, for the
    /// name `server_name`, which has no brackets around IPv6 and no dot at its end. What of the
    /// settings can't be done must be an error.
    ///
    /// # Errors
    ///
    /// As [`Secure::secure`](crate::Secure::secure).
    fn secure(
        &self,
        server_name: &str,
        stream: BoxedStream,
        time: ConnectTime<'_>,
        settings: &TlsSettings,
    ) -> Result<BoxedStream, HTTPException>;
}

impl<F> Tls for F
where
    F: Fn(&str, BoxedStream, ConnectTime<'_>, &TlsSettings) -> Result<BoxedStream, HTTPException>
        + Send
        + Sync,
{
    fn secure(
        &self,
        server_name: &str,
        stream: BoxedStream,
        time: ConnectTime<'_>,
        settings: &TlsSettings,
    ) -> Result<BoxedStream, HTTPException> {
        self(server_name, stream, time, settings)
    }
}

type Custom = dyn Fn(&mut Route<'_>) -> Result<BoxedStream, HTTPException> + Send + Sync;
type Filter = dyn Fn(IpAddr) -> bool + Send + Sync;

/// How streams are made, the same for all connections of an adapter.
#[derive(Clone, Default)]
pub(super) struct Dialing {
    /// In place of TCP.
    pub(super) custom: Option<Arc<Custom>>,
    /// Which addresses may be dialled.
    pub(super) filter: Option<Arc<Filter>>,
    pub(super) tls: Option<Arc<dyn Tls>>,
}

/// The connector of one connection.
pub(super) struct Dialer {
    pub(super) dialing: Dialing,
    /// What TLS is handed, where the connection is to be secured.
    pub(super) secured: Option<TlsSettings>,
    /// What TLS to the proxy is handed.
    pub(super) tls: TlsSettings,
    /// The proxy, whose own address passes the filter: it is the caller's.
    pub(super) proxy: Option<Proxy>,
}

/// No address of a host passes the filter.
#[derive(Debug)]
pub(super) struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address of the host is allowed")
    }
}

impl Error for NotAllowed {}

pub(super) fn is_not_allowed(error: &HTTPException) -> bool {
    match error {
        HTTPException::Io { error, .. } => error
            .get_ref()
            .is_some_and(|inner| inner.is::<NotAllowed>()),
        _ => false,
    }
}

fn not_allowed() -> HTTPException {
    let error = io::Error::other(NotAllowed);
    HTTPException::io(error, Step::Connect, Default::default())
}

impl Dialer {
    /// A stream to the server, or to the proxy that leads to it.
    fn dial(&self, route: &mut Route<'_>) -> Result<BoxedStream, HTTPException> {
        match self.proxy.as_ref().map(|proxy| (proxy, proxy.scheme())) {
            None => match &self.dialing.custom {
                Some(custom) => custom(route),
                None => {
                    let addresses = self.allowed(route.host(), route.port())?;
                    Ok(Box::new(Tcp::new().connect_to(&addresses, route.time())?))
                }
            },
            Some((proxy, ProxyScheme::Socks5 | ProxyScheme::Socks5h)) => {
                self.dial_socks(proxy, route)
            }
            Some((proxy, ProxyScheme::Https)) => {
                let stream = self.dial_proxy(route)?;
                self.secure(proxy.hostname(), stream, route.time(), &self.tls)
            }
            Some(_) => self.dial_proxy(route),
        }
    }

    /// A stream to the proxy that a route leads to, by whoever makes the streams.
    fn dial_proxy(&self, route: &mut Route<'_>) -> Result<BoxedStream, HTTPException> {
        match &self.dialing.custom {
            Some(custom) => custom(route),
            None => Ok(Box::new(Tcp::new().connect(route)?)),
        }
    }

    fn dial_socks(&self, proxy: &Proxy, route: &Route<'_>) -> Result<BoxedStream, HTTPException> {
        let target = match proxy.scheme() == ProxyScheme::Socks5h {
            true => {
                self.check_literal(route.host())?;
                socks::Target::Name(route.host(), route.port())
            }
            false => {
                let addresses = self.allowed(route.host(), route.port())?;
                let address = addresses.first().copied().ok_or_else(not_allowed)?;
                socks::Target::Address(address)
            }
        };
        let mut to_proxy = route.to(proxy.hostname(), proxy.port());
        let mut stream = self.dial_proxy(&mut to_proxy)?;
        socks::connect(&mut stream, target, proxy.userinfo(), &route.time())?;
        Ok(stream)
    }

    fn secure(
        &self,
        server_name: &str,
        stream: BoxedStream,
        time: ConnectTime<'_>,
        settings: &TlsSettings,
    ) -> Result<BoxedStream, HTTPException> {
        let tls = self
            .dialing
            .tls
            .as_ref()
            .ok_or(HTTPException::NotConnected)?;
        let server_name = server_name.strip_suffix('.').unwrap_or(server_name);
        let secured = tls.secure(server_name, stream, time, settings);
        secured.map_err(during_handshake)
    }

    /// The addresses of a host that may be dialled.
    fn allowed(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, HTTPException> {
        let mut addresses = resolve(host, port)?;
        if let Some(filter) = &self.dialing.filter {
            addresses.retain(|address| filter(address.ip().to_canonical()));
            if addresses.is_empty() {
                return Err(not_allowed());
            }
        }
        Ok(addresses)
    }

    /// A name is for the proxy to resolve; an address is known here.
    pub(super) fn check_literal(&self, host: &str) -> Result<(), HTTPException> {
        let address = host.parse::<IpAddr>();
        match (&self.dialing.filter, address) {
            (Some(filter), Ok(address)) if !filter(address.to_canonical()) => Err(not_allowed()),
            _ => Ok(()),
        }
    }
}

impl Connect for Dialer {
    type Stream = BoxedStream;

    fn default_port(&self) -> u16 {
        match self.secured {
            Some(_) => crate::HTTPS_PORT,
            None => crate::HTTP_PORT,
        }
    }

    fn connect(&mut self, route: &mut Route<'_>) -> Result<BoxedStream, HTTPException> {
        let mut stream = self.dial(route)?;
        let Some(settings) = &self.secured else {
            return Ok(stream);
        };
        route.tunnel(&mut stream)?;
        let silent = route.check_silence();
        silent.inspect_err(|_| say_goodbye(&mut stream))?;
        self.secure(route.server_name(), stream, route.time(), settings)
    }
}
