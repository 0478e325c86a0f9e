//! How a connection comes by its stream: the route to a host, and the connector for TCP.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use crate::client::tunnel::Tunnel;
use crate::error::{Excerpt, HTTPException, Retry, Step};
use crate::transport::stream::{BoxedStream, Stream};
use crate::transport::timing::ConnectTime;
use crate::transport::wire::say_goodbye;

/// Where a connection leads: the address to dial, the tunnel to open behind it, the time for it.
#[derive(Debug)]
pub struct Route<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) time: ConnectTime<'a>,
    pub(crate) tunnel: Option<&'a mut Tunnel>,
    /// Bytes that came behind the proxy's answer.
    pub(crate) leftover: Vec<u8>,
}

impl Route<'_> {
    /// The host to dial: the proxy's if there is a tunnel. No brackets around IPv6.
    pub fn host(&self) -> &str {
        self.host
    }

    /// The port to dial.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host that the connection is for, which TLS must verify: the tunnel's if there is one.
    /// Without the dot at the end of a name that is not to be completed (`www.example.org.`): no
    /// certificate has it, and RFC 6066 section 3 keeps it out of the handshake.
    pub fn server_name(&self) -> &str {
        let host = match &self.tunnel {
            Some(tunnel) => tunnel.host(),
            None => self.host,
        };
        host.strip_suffix('.').unwrap_or(host)
    }

    /// The time that is left.
    pub fn time(&self) -> ConnectTime<'_> {
        self.time
    }

    /// A way to another place in the same time, for a proxy that knows nothing of HTTP.
    #[cfg(feature = "requests")]
    pub(crate) fn to<'a>(&'a self, host: &'a str, port: u16) -> Route<'a> {
        Route {
            host,
            port,
            time: self.time,
            tunnel: None,
            leftover: Vec::new(),
        }
    }

    /// Opens the tunnel on a stream to the proxy, if there is one to open. A layer that secures
    /// the stream calls this first; for others the connection does.
    ///
    /// # Errors
    /// `TunnelFailed`, and everything that can go wrong in an exchange.
    pub fn tunnel(&mut self, stream: &mut impl Stream) -> Result<(), HTTPException> {
        match self.tunnel.as_deref_mut() {
            Some(tunnel) if !tunnel.is_open() => {
                let opened = tunnel.open(stream, &self.time);
                self.leftover = opened.inspect_err(|_| say_goodbye(stream))?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Refuses bytes that the peer sent before it was asked, where what follows is secured.
    ///
    /// # Errors
    /// `UnsolicitedData`.
    pub fn check_silence(&self) -> Result<(), HTTPException> {
        if self.leftover.is_empty() {
            Ok(())
        } else {
            Err(HTTPException::UnsolicitedData)
        }
    }
}

/// What a connector passes on with `?` happened while connecting.
pub(crate) fn while_connecting(error: HTTPException) -> HTTPException {
    match error {
        HTTPException::Io {
            error,
            step: Step::Other,
            retry,
        } => HTTPException::Io {
            error,
            step: Step::Connect,
            retry,
        },
        other => other,
    }
}

/// How a connection comes by its stream.
pub trait Connect {
    /// The streams it makes.
    type Stream: Stream;

    /// The port where none is given, and which `Host` does not name: 80, or 443 with TLS.
    fn default_port(&self) -> u16 {
        crate::HTTP_PORT
    }

    /// Whether connections may be made without a host: only where the stream is there already.
    #[doc(hidden)]
    fn has_no_authority(&self) -> bool {
        false
    }

    /// Makes a stream. A layer around another one calls [`Route::tunnel`] on the inner stream.
    ///
    /// # Errors
    /// `ConnectFailed`, `TimedOut`, `TunnelFailed`, `Io`. An `Io` with [`Step::Other`], as `?` makes
    /// it of an `io::Error`, is given the step `Connect` by the connection.
    fn connect(&mut self, route: &mut Route<'_>) -> Result<Self::Stream, HTTPException>;

    /// This connector in a box, its streams in boxes too, so that plain and TLS connections are of
    /// one type, [`BoxedConnection`](crate::BoxedConnection). Each call of a stream then goes
    /// through a table.
    fn boxed(self) -> BoxedConnector
    where
        Self: Sized + Send + 'static,
        Self::Stream: Send + 'static,
    {
        Box::new(Boxing(self))
    }
}

/// Any connector that can go to another thread, as [`Connect::boxed`] makes it.
pub type BoxedConnector = Box<dyn Connect<Stream = BoxedStream> + Send>;

impl<C: Connect + ?Sized> Connect for Box<C> {
    type Stream = C::Stream;

    fn default_port(&self) -> u16 {
        (**self).default_port()
    }

    fn has_no_authority(&self) -> bool {
        (**self).has_no_authority()
    }

    fn connect(&mut self, route: &mut Route<'_>) -> Result<C::Stream, HTTPException> {
        (**self).connect(route)
    }
}

/// Boxes the streams of a connector.
struct Boxing<C>(C);

impl<C: Connect<Stream: Send + 'static>> Connect for Boxing<C> {
    type Stream = BoxedStream;

    fn default_port(&self) -> u16 {
        self.0.default_port()
    }

    fn has_no_authority(&self) -> bool {
        self.0.has_no_authority()
    }

    fn connect(&mut self, route: &mut Route<'_>) -> Result<BoxedStream, HTTPException> {
        Ok(Box::new(self.0.connect(route)?))
    }
}

/// Connects over TCP, with `TCP_NODELAY`; the addresses of a name are tried in turn.
///
/// Resolving a name blocks for as long as the system's resolver does: `std` has no limit for it.
#[derive(Clone, Debug, Default)]
pub struct Tcp {
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub(crate) source_address: Option<SocketAddr>,
    _private: (),
}

impl Tcp {
    /// The system's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds every connection to a local address before it connects (`source_address`). Linux,
    /// feature `sys`. An address of the other family, IPv4 or IPv6, can't be connected to.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub fn with_source_address(address: SocketAddr) -> Self {
        Self {
            source_address: Some(address),
            ..Self::default()
        }
    }

    pub(crate) fn connect_to(
        &self,
        addresses: &[SocketAddr],
        time: ConnectTime<'_>,
    ) -> Result<TcpStream, HTTPException> {
        let stream = in_turn(addresses, time, |address, time| self.dial(address, time))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn dial(&self, address: SocketAddr, time: Option<Duration>) -> io::Result<TcpStream> {
        #[cfg(all(feature = "sys", target_os = "linux"))]
        if let Some(source) = self.source_address {
            return crate::transport::sys::connect_from(source, address, time);
        }
        match time {
            Some(time) => TcpStream::connect_timeout(&address, time),
            None => TcpStream::connect(address),
        }
    }
}

impl Connect for Tcp {
    type Stream = TcpStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<TcpStream, HTTPException> {
        self.connect_to(&resolve(route.host(), route.port())?, route.time)
    }
}

/// All addresses of a host, at least one.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, HTTPException> {
    let not_found = |error| HTTPException::HostNotFound {
        host: Excerpt::new(host.as_bytes()),
        error: Arc::new(error),
    };
    let found = (host, port).to_socket_addrs().map_err(not_found)?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(not_found(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}

/// Dials one address after the other until one answers.
fn in_turn<S>(
    addresses: &[SocketAddr],
    time: ConnectTime<'_>,
    dial: impl Fn(SocketAddr, Option<Duration>) -> io::Result<S>,
) -> Result<S, HTTPException> {
    let mut attempts = Vec::new();
    for (tried, address) in addresses.iter().copied().enumerate() {
        let remaining = match time.remaining(Step::Connect) {
            Ok(remaining) => remaining,
            Err(timed_out) if attempts.is_empty() => return Err(timed_out),
            Err(_) => break,
        };
        let left = addresses.len().saturating_sub(tried);
        match dial(address, remaining.map(|time| share(time, left))) {
            Ok(stream) => return Ok(stream),
            Err(error) => attempts.push((address, error)),
        }
    }
    Err(failure(attempts))
}

/// What one of the addresses that are left may take of the time, so that none starves.
fn share(time: Duration, addresses_left: usize) -> Duration {
    let parts = u32::try_from(addresses_left).unwrap_or(u32::MAX);
    time.checked_div(parts).unwrap_or(time)
}

/// A single timed-out address is a timeout, `ETIMEDOUT` included, since of connecting nothing is
/// resumed; everything else lists the cause of each.
fn failure(attempts: Vec<(SocketAddr, io::Error)>) -> HTTPException {
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if !attempts.is_empty() && attempts.iter().all(|(_, error)| timed_out(error)) {
        return HTTPException::timed_out(Step::Connect, Retry::default());
    }
    HTTPException::ConnectFailed {
        attempts: attempts.into(),
    }
}

/// A stream that is there already: it can be had once.
#[derive(Debug)]
pub struct Ready<S> {
    stream: Option<S>,
}

impl<S> Ready<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
        }
    }
}

impl<S: Stream> Connect for Ready<S> {
    type Stream = S;

    fn has_no_authority(&self) -> bool {
        true
    }

    fn connect(&mut self, _route: &mut Route<'_>) -> Result<S, HTTPException> {
        self.stream.take().ok_or(HTTPException::NotConnected)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::Ipv4Addr;

    use super::*;
    use crate::testing::Peer;
    use crate::transport::timing::Timing;

    const SECOND: Duration = Duration::from_secs(1);

    /// Dials addresses that take so much time, and then answer or not. Returns the number of the one
    /// that answered, and the time that each was given.
    fn dial_all(
        limit: Option<Duration>,
        times: &[(Duration, Option<io::ErrorKind>)],
    ) -> (Result<u8, HTTPException>, Vec<Option<Duration>>) {
        let peer = Peer::new([]);
        let mut timing = Timing::default();
        timing.clock = Box::new(peer.clone());
        timing.connect = limit;
        let given = RefCell::new(Vec::new());
        let numbers = 0..u8::try_from(times.len()).unwrap();
        let addresses: Vec<SocketAddr> = numbers
            .map(|number| (Ipv4Addr::new(192, 0, 2, number), 80).into())
            .collect();
        let result = in_turn(&addresses, ConnectTime::new(&timing), |address, time| {
            let place = given.borrow().len();
            assert_eq!(address, addresses[place]);
            given.borrow_mut().push(time);
            let (takes, error) = times[place];
            peer.pass(time.map_or(takes, |time| takes.min(time)));
            if time.is_some_and(|time| time < takes) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            error.map_or(Ok(place as u8), |kind| Err(kind.into()))
        });
        (result, given.into_inner())
    }

    #[test]
    fn an_address_that_swallows_everything_leaves_time_for_the_next() {
        let swallows = (SECOND * 1_000, None);
        let (result, given) = dial_all(Some(SECOND * 10), &[swallows, (SECOND * 4, None)]);
        assert_eq!(result.unwrap(), 1);
        assert_eq!(given, [Some(SECOND * 5), Some(SECOND * 5)]);
    }

    #[test]
    fn what_one_address_leaves_is_shared_by_the_others() {
        let refuses = (SECOND, Some(io::ErrorKind::ConnectionRefused));
        let swallows = (SECOND * 1_000, None);
        let times = [refuses, swallows, (SECOND, None)];
        let (result, given) = dial_all(Some(SECOND * 9), &times);
        assert_eq!(result.unwrap(), 2);
        assert_eq!(given, [3, 4, 4].map(|seconds| Some(SECOND * seconds)));
    }

    #[test]
    fn without_a_limit_no_address_has_one() {
        let refuses = (SECOND, Some(io::ErrorKind::ConnectionRefused));
        let (result, given) = dial_all(None, &[refuses, (SECOND * 1_000, None)]);
        assert_eq!((result.unwrap(), given), (1, vec![None, None]));
    }

    /// A system may take longer than it was told: then no further address is tried, and what came
    /// of the others is told.
    #[test]
    fn what_failed_is_told_where_no_time_is_left_for_the_rest() {
        let peer = Peer::new([]);
        let mut timing = Timing::default();
        timing.clock = Box::new(peer.clone());
        timing.connect = Some(SECOND);
        let addresses = [1, 2].map(|number| (Ipv4Addr::new(192, 0, 2, number), 80).into());
        let result = in_turn(&addresses, ConnectTime::new(&timing), |_, _| {
            peer.pass(SECOND);
            Err::<(), _>(io::ErrorKind::ConnectionRefused.into())
        });
        match result {
            Err(HTTPException::ConnectFailed { attempts }) => {
                assert_eq!((attempts.len(), attempts[0].0), (1, addresses[0]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_that_time_out_are_a_timeout_and_others_a_list() {
        let swallows = (SECOND * 1_000, None);
        let (result, given) = dial_all(Some(SECOND * 10), &[swallows, swallows]);
        assert!(result.unwrap_err().is_timeout());
        assert_eq!(given.len(), 2);
        let refuses = (SECOND, Some(io::ErrorKind::ConnectionRefused));
        let (result, _) = dial_all(Some(SECOND * 10), &[swallows, refuses]);
        match result {
            Err(HTTPException::ConnectFailed { attempts }) => assert_eq!(attempts.len(), 2),
            other => panic!("{other:?}"),
        }
    }
}
