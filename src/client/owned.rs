//! A response that owns its connection, and gives it back at the proven end of its message.

use crate::client::connect::{Connect, Tcp};
use crate::client::connection::HTTPConnection;
use crate::client::incoming::{Incoming, Source};
use crate::client::response::HTTPResponse;
use crate::error::HTTPException;
use crate::transport::wire::{Wire, sealed};

/// A response that owns its connection: see [`HTTPConnection::into_response`].
pub type OwnedResponse<'a, C = Tcp> = HTTPResponse<'a, HTTPConnection<C>>;

impl<C: Connect> sealed::Sealed for HTTPConnection<C> {}

impl<C: Connect> Source for HTTPConnection<C> {
    type Input = Wire<C::Stream>;
    type Owner = Self;

    fn half(owner: &Self) -> &Incoming<Self::Input> {
        &owner.incoming
    }

    fn half_mut(owner: &mut Self) -> &mut Incoming<Self::Input> {
        &mut owner.incoming
    }
}

impl<C: Connect> HTTPConnection<C> {
    /// As [`Self::getresponse`], for a response that must outlive the call: it owns the connection.
    /// [`HTTPResponse::into_connection`] gives that back; dropping the response closes it.
    ///
    /// # Errors
    /// As [`Self::getresponse`]. The connection is dropped with it.
    pub fn into_response<'a>(mut self) -> Result<OwnedResponse<'a, C>, HTTPException>
    where
        C: 'a,
        C::Stream: 'a,
    {
        self.receive()?;
        Ok(HTTPResponse::owned(Box::new(self)))
    }
}

impl<'a, C: Connect + 'a> OwnedResponse<'a, C>
where
    C::Stream: 'a,
{
    /// Gives the connection back, once the response was read to the proven end of its message: it
    /// is open unless one of both sides closes it (see [`HTTPConnection::is_connected`]), and has
    /// [`response_head`](HTTPConnection::response_head) still. After `101` or a 2xx to CONNECT its
    /// state is [`Switched`](crate::ConnectionState::Switched), and only its stream is of use.
    ///
    /// ```
    /// use stdhttp::testing::{Peer, Script};
    /// use stdhttp::{BoxedConnection, HTTPConnection, HTTPException};
    ///
    /// let peer = Peer::new([Script::new()
    ///     .expect_head()
    ///     .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")]);
    /// let conn = HTTPConnection::builder("www.example.org").connector(peer).boxed();
    /// let mut pool: Vec<BoxedConnection> = vec![conn.build()?];
    /// let mut conn = pool.pop().ok_or(HTTPException::NotConnected)?;
    /// conn.request("GET", "/", (), &[])?;
    /// let mut response = conn.into_response()?; // of the type OwnedResponse<'_, BoxedConnector>
    /// assert_eq!(response.read(None)?, b"hi");
    /// if let Ok(conn) = response.into_connection() {
    ///     pool.push(conn);
    /// }
    /// assert!(pool.iter().all(|conn| conn.is_connected()));
    /// # Ok::<(), HTTPException>(())
    /// ```
    ///
    /// # Errors
    /// The response itself, as it was, if it is not at that end.
    pub fn into_connection(self) -> Result<HTTPConnection<C>, Self> {
        match self.is_complete() {
            true => self.into_owner().map(|conn| *conn),
            false => Err(self),
        }
    }

    /// Gives back the stream, if it is still open, and the bytes already read from it that are
    /// not part of what was read of this response: after 101 or CONNECT they belong to the new
    /// protocol. What [`Self::partial`] shows was read.
    pub fn into_inner(self) -> Option<(C::Stream, Vec<u8>)> {
        self.into_owner().ok()?.into_inner()
    }
}

#[cfg(unix)]
impl<C: Connect<Stream: std::os::fd::AsFd>> OwnedResponse<'_, C> {
    /// The descriptor of the stream, while it is open (`fileno`). Bytes that were already
    /// buffered do not show up on it.
    pub fn fileno(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.half().source.stream().map(std::os::fd::AsFd::as_fd)
    }
}
