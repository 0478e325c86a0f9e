//! Names for connections and responses whose type parameters nobody wants to write: boxed ones, of
//! one type for plain and TLS, and those over TCP.

use std::net::TcpStream;

use crate::client::connect::BoxedConnector;
use crate::client::connection::HTTPConnection;
use crate::client::response::HTTPResponse;
use crate::transport::stream::BoxedStream;
use crate::transport::wire::Wire;

/// A connection over whatever its connector connects by (see [`Connect::boxed`]). It can go to
/// another thread.
///
/// [`Connect::boxed`]: crate::Connect::boxed
///
/// ```
/// use stdhttp::testing::{Peer, Script};
/// use stdhttp::{BoxedConnection, Connect, HTTPConnection, HTTPException, Tcp};
///
/// let peer = Peer::new([Script::answer("HTTP/1.1 204 No Content\r\n\r\n")]);
/// let mut pool: Vec<BoxedConnection> = Vec::new();
/// for connector in [Tcp::new().boxed(), peer.boxed()] {
///     pool.push(HTTPConnection::builder("www.example.org").connector(connector).build()?);
/// }
/// let worker = std::thread::spawn(move || {
///     let mut conn = pool.pop().ok_or(HTTPException::NotConnected)?;
///     conn.request("GET", "/", (), &[])?;
///     Ok::<_, HTTPException>(conn.getresponse()?.status())
/// });
/// assert_eq!(worker.join().unwrap()?, 204);
/// # Ok::<(), HTTPException>(())
/// ```
pub type BoxedConnection = HTTPConnection<BoxedConnector>;

/// A response over a [`BoxedConnection`].
pub type BoxedResponse<'a> = HTTPResponse<'a, Wire<BoxedStream>>;

/// A response over TCP.
///
/// ```no_run
/// use stdhttp::{HTTPConnection, HTTPException, TcpResponse};
///
/// fn first_line(response: &mut TcpResponse<'_>) -> Result<Vec<u8>, HTTPException> {
///     response.readline(None)
/// }
///
/// let mut conn = HTTPConnection::new("www.example.org", None)?;
/// conn.request("GET", "/", (), &[])?;
/// let line = first_line(&mut conn.getresponse()?)?;
/// # let _ = line;
/// # Ok::<(), HTTPException>(())
/// ```
pub type TcpResponse<'a> = HTTPResponse<'a, Wire<TcpStream>>;
