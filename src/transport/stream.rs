//! What both sides need of a stream: `std::io` and what it can't say.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A byte stream that a connection can use: `read`, `write` and `write_vectored` of
/// `std::io`, and what they can't say.
///
/// An orderly end is `Ok(0)`. A TLS stream that ends without a closure alert must return
/// `ErrorKind::UnexpectedEof`, as rustls does, so that a truncated body is not taken as complete
/// (RFC 9112 section 9.8). A timeout is `WouldBlock`, as sockets have it on Unix; the call can then
/// be made again without loss. `TimedOut` means the same on Windows, where it is what sockets
/// have. Elsewhere it is the end of the stream: the system has given up a peer that is dead.
pub trait Stream: Read + Write {
    /// The longest time that one read may block; nothing for no limit.
    ///
    /// # Errors
    /// Those of the stream.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// The longest time that one write may block; nothing for no limit.
    ///
    /// # Errors
    /// Those of the stream.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Says goodbye before the stream is dropped: a closure alert where there is TLS (RFC 9112
    /// section 9.8). A stream whose drop closes it in good order has nothing to do here.
    ///
    /// # Errors
    /// Those of the stream.
    fn shutdown(&mut self) -> io::Result<()>;

    /// Ends our side of the stream, so that the peer sees its end while it may still be sending: a
    /// half-close. By default a goodbye.
    ///
    /// # Errors
    /// Those of the stream.
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown()
    }

    /// Looks, without blocking and without taking anything, whether the peer sent data or closed.
    ///
    /// # Errors
    /// Those of the stream, which say that it is of no use any more.
    fn look(&mut self) -> io::Result<Look>;

    /// The socket, where the bytes of this stream are the bytes on it: with the feature `sys` the
    /// kernel then sends files by itself, on Linux. Nothing by default, and for streams that hold
    /// bytes back or change them. Unix.
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What [`Stream::look`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Look {
    /// Nothing: the connection is idle.
    Idle,
    /// Data can be read.
    Data,
    /// The peer closed the connection.
    Closed,
    /// The stream can't look.
    Unknown,
}

impl Stream for TcpStream {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, timeout)
    }

    /// Nothing: dropping the socket closes it, and that saves a system call.
    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        Self::shutdown(self, Shutdown::Write)
    }

    /// Three system calls: the socket is made non-blocking for one `peek`. With the feature `sys`
    /// on Linux one, which does not touch that flag.
    fn look(&mut self) -> io::Result<Look> {
        look_at(self)
    }

    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// What the peer of a socket has done.
pub(crate) fn look_at(socket: &TcpStream) -> io::Result<Look> {
    #[cfg(all(feature = "sys", target_os = "linux"))]
    let peeked = crate::transport::sys::peek(socket.as_fd());
    #[cfg(not(all(feature = "sys", target_os = "linux")))]
    let peeked = peek_at(socket);
    seen(peeked)
}

/// How many bytes there are, one at most, without blocking and without taking them.
#[cfg(not(all(feature = "sys", target_os = "linux")))]
pub(crate) fn peek_at(socket: &TcpStream) -> io::Result<usize> {
    socket.set_nonblocking(true)?;
    let peeked = socket.peek(&mut [0]);
    // The flag is shared by all clones of the socket: it goes back on every path.
    socket.set_nonblocking(false)?;
    peeked
}

/// What a `peek` that does not block says.
pub(crate) fn seen(peeked: io::Result<usize>) -> io::Result<Look> {
    match peeked {
        Ok(0) => Ok(Look::Closed),
        Ok(_) => Ok(Look::Data),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Look::Idle),
        Err(error) => Err(error),
    }
}

/// Any stream that can go to another thread.
pub type BoxedStream = Box<dyn Stream + Send>;

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        (**self).shutdown()
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        (**self).shutdown_write()
    }

    fn look(&mut self) -> io::Result<Look> {
        (**self).look()
    }

    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        (**self).socket()
    }
}
