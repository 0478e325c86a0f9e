//! Unix-domain sockets as streams. `std` has no `peek` for them; it is borrowed from its TCP sockets,
//! or the feature `sys` has one.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::transport::stream::{Look, Stream, seen};

impl Stream for UnixStream {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, timeout)
    }

    /// Nothing: dropping the socket closes it.
    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        Self::shutdown(self, Shutdown::Write)
    }

    /// Five system calls; one with the feature `sys` on Linux.
    fn look(&mut self) -> io::Result<Look> {
        look_at(self)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// What the peer of a socket has done.
pub(crate) fn look_at(socket: &UnixStream) -> io::Result<Look> {
    seen(peek(socket))
}

#[cfg(all(feature = "sys", target_os = "linux"))]
fn peek(socket: &UnixStream) -> io::Result<usize> {
    crate::transport::sys::peek(socket.as_fd())
}

/// The `peek` of `std`'s TCP sockets is `recv(2)`, which asks no socket for its family.
#[cfg(not(all(feature = "sys", target_os = "linux")))]
fn peek(socket: &UnixStream) -> io::Result<usize> {
    let same = socket.as_fd().try_clone_to_owned()?;
    crate::transport::stream::peek_at(&same.into())
}
