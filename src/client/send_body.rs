//! A body that may go to another thread before it is sent: a job for a worker has one.

use std::fmt;
use std::io::{self, Read};

use crate::client::body::Body;

/// A [`Body`] that is `Send`, of content that is: bytes, text, a file, a reader or an iterator. It
/// becomes a `Body` where it is sent.
///
/// ```
/// use stdhttp::SendBody;
/// use stdhttp::testing::{Peer, Script};
/// use stdhttp::{HTTPConnection, HTTPException};
///
/// let peer = Peer::new([Script::answer("HTTP/1.1 204 No Content\r\n\r\n")]);
/// let conn = HTTPConnection::builder("www.example.org").connector(peer.clone());
/// let mut conn = conn.build()?;
/// let job = SendBody::reader(std::io::Cursor::new("content"));
/// let worker = std::thread::spawn(move || -> Result<u16, HTTPException> {
///     conn.request("PUT", "/", job, &[])?;
///     Ok(conn.getresponse()?.status())
/// });
/// assert_eq!(worker.join().unwrap()?, 204);
/// # Ok::<(), HTTPException>(())
/// ```
pub struct SendBody<'a> {
    make: Box<dyn FnOnce() -> Body<'a> + Send + 'a>,
}

impl<'a> SendBody<'a> {
    /// Of anything that a body can be made from: `()`, bytes, text, a file.
    pub fn new(content: impl Into<Body<'a>> + Send + 'a) -> Self {
        Self::made_by(move || content.into())
    }

    /// As [`Body::reader`].
    pub fn reader(reader: impl Read + Send + 'a) -> Self {
        Self::made_by(move || Body::reader(reader))
    }

    /// As [`Body::sized`].
    pub fn sized(reader: impl Read + Send + 'a, length: u64) -> Self {
        Self::made_by(move || Body::sized(reader, length))
    }

    /// As [`Body::iter`].
    pub fn iter<I>(iter: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>, IntoIter: 'a> + Send + 'a,
        I::Item: 'a,
    {
        Self::made_by(move || Body::iter(iter))
    }

    /// As [`Body::try_iter`].
    pub fn try_iter<I, T>(iter: I) -> Self
    where
        I: IntoIterator<Item = io::Result<T>, IntoIter: 'a> + Send + 'a,
        T: AsRef<[u8]> + 'a,
    {
        Self::made_by(move || Body::try_iter(iter))
    }

    fn made_by(make: impl FnOnce() -> Body<'a> + Send + 'a) -> Self {
        Self {
            make: Box::new(make),
        }
    }
}

impl<'a> From<SendBody<'a>> for Body<'a> {
    fn from(body: SendBody<'a>) -> Self {
        (body.make)()
    }
}

impl fmt::Debug for SendBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBody").finish_non_exhaustive()
    }
}
