//! The sockets of a server: where connections come from, and their streams, which the server can
//! wake and close from outside.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::transport::stream::{self, Look, Stream};
#[cfg(unix)]
use crate::transport::unix;

/// A socket that listens.
#[derive(Debug)]
pub(crate) enum Listening {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, Place),
    /// Connections are the caller's.
    Nowhere,
}

impl Listening {
    /// Waits for a connection; with the client's address where it has one.
    pub(crate) fn accept(&self) -> io::Result<(Accepted, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok((Accepted::new(Socket::Tcp(stream)), Some(address)))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                Ok((Accepted::new(Socket::Unix(stream)), None))
            }
            Self::Nowhere => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Makes a waiting `accept` return, by a connection of our own, which `std` has no other way
    /// for. If it fails, so would accepting.
    pub(crate) fn wake(&self) {
        match self {
            Self::Tcp(listener) => {
                if let Ok(address) = listener.local_addr() {
                    let address = reachable(address);
                    let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
                }
            }
            #[cfg(unix)]
            Self::Unix(listener, place) => {
                if !place.is_reached(listener) {
                    close(listener);
                }
            }
            Self::Nowhere => {}
        }
    }
}

/// Which file a Unix socket has: another server may have taken the path since.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Place(Option<(u64, u64)>);

#[cfg(unix)]
impl Place {
    pub(crate) fn of(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok();
        Self(found.map(|found| (found.dev(), found.ino())))
    }

    /// Whether a connection to the listener could be made, by its path.
    fn is_reached(&self, listener: &UnixListener) -> bool {
        let address = listener.local_addr().ok();
        let own = |address: &std::os::unix::net::SocketAddr| {
            let path = address.as_pathname();
            path.is_none_or(|path| Self::of(path).0 == self.0)
        };
        let address = address.filter(own);
        address.is_some_and(|address| UnixStream::connect_addr(&address).is_ok())
    }
}

/// Ends a listener that nobody can reach any more: what waits for a connection returns.
#[cfg(unix)]
fn close(listener: &UnixListener) {
    use std::os::fd::OwnedFd;
    if let Ok(listener) = listener.try_clone() {
        // Where a system has no such end there is no other way.
        let _ = UnixStream::from(OwnedFd::from(listener)).shutdown(Shutdown::Both);
    }
}

/// An address that a socket on this one can be reached at from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Calls a method of whichever stream it is.
macro_rules! on_stream {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            #[cfg(unix)]
            Socket::Unix($stream) => $call,
        }
    };
}

impl Socket {
    /// Ends what the peer may still send, what we may, or both; a blocked call returns.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        // A socket that is closed already needs no end.
        let _ = on_stream!(self, stream => stream.shutdown(how));
    }
}

/// A connection that a server has accepted: TCP or a Unix socket. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Accepted {
    socket: Arc<Socket>,
}

impl Accepted {
    fn new(socket: Socket) -> Self {
        Self {
            socket: Arc::new(socket),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Socket> {
        &self.socket
    }
}

impl Read for Accepted {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        on_stream!(&*self.socket, stream => (&mut &*stream).read(output))
    }
}

impl Write for Accepted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        on_stream!(&*self.socket, stream => (&mut &*stream).write(data))
    }

    fn write_vectored(&mut self, data: &[IoSlice<'_>]) -> io::Result<usize> {
        on_stream!(&*self.socket, stream => (&mut &*stream).write_vectored(data))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Accepted {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        on_stream!(&*self.socket, stream => stream.set_read_timeout(timeout))
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        on_stream!(&*self.socket, stream => stream.set_write_timeout(timeout))
    }

    /// Nothing: dropping the last clone closes the socket.
    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        on_stream!(&*self.socket, stream => stream.shutdown(Shutdown::Write))
    }

    #[cfg(unix)]
    fn socket(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        use std::os::fd::AsFd;
        Some(on_stream!(&*self.socket, stream => stream.as_fd()))
    }

    fn look(&mut self) -> io::Result<Look> {
        match &*self.socket {
            Socket::Tcp(stream) => stream::look_at(stream),
            #[cfg(unix)]
            Socket::Unix(stream) => unix::look_at(stream),
        }
    }
}
