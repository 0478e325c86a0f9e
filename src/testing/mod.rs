//! A scripted peer in memory, for tests of code that uses this crate, and of the crate itself.
//!
//! A [`Script`] says what one connection of the peer expects and sends, cut where you like, how it
//! ends, and how long it takes, on a virtual clock. A [`Peer`] hands out one connection a script,
//! checks what it is sent, counts every call and can make any of them fail.
//!
//! ```
//! use stdhttp::HTTPConnection;
//! use stdhttp::testing::{Peer, Script};
//!
//! let peer = Peer::new([Script::new()
//!     .expect(b"GET / HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: identity\r\n\r\n")
//!     .send(b"HTTP/1.1 200 OK\r\nContent-Le") // cut inside the head
//!     .send(b"ngth: 2\r\n\r\nhi")]);
//! let mut conn = HTTPConnection::builder("example.org").connector(peer.clone()).build()?;
//! conn.request("GET", "/", (), &[])?;
//! assert_eq!(conn.getresponse()?.read(None)?, b"hi");
//! assert_eq!(peer.calls().writes, 1);
//! peer.check()?;
//! # Ok::<(), stdhttp::HTTPException>(())
//! ```

mod peer;
mod script;
mod stream;

#[cfg(feature = "requests")]
pub use crate::requests::recording::{NotRecorded, Recorder, RecordingError, Replayer};
pub use peer::{Call, Calls, Fault, Peer};
pub use script::{Ending, Script};
pub use stream::PeerStream;

/// The octets that the parsers have looked at in this thread so far, for tests that the work is
/// linear. Only builds with debug assertions count them.
pub fn steps() -> Option<u64> {
    crate::proto::steps::total()
}

/// Everything that a handler's server sends to a client that sends these bytes, whole requests or
/// parts of them, and then closes its side. Nothing is logged but by the handler.
///
/// To cut the bytes, to let time pass or calls fail, serve the stream of a [`Peer`] by
/// [`HTTPServer::without_socket`](crate::server::HTTPServer::without_socket).
#[cfg(feature = "server")]
pub fn serve(handler: &dyn crate::server::Handler, requests: impl AsRef<[u8]>) -> Vec<u8> {
    let script = Script::new().send(requests).end(Ending::Close);
    let peer = Peer::new([script]);
    if let Ok(stream) = peer.accept() {
        crate::server::serve_alone(handler, stream, peer.clone());
    }
    peer.received(0)
}
