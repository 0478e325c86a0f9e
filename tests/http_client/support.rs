//! What the tests share: a response out of bytes, a connection to a scripted peer, and what that
//! was sent.

use std::io::Write;
use std::sync::{Arc, Mutex};

use stdhttp::testing::{Peer, Script};
use stdhttp::{HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, Limits, Reader};
use stdhttp::{Tolerance, parse_headers_with};

pub(crate) type Response<'a> = HTTPResponse<'a, Reader<&'a [u8]>>;

pub(crate) fn answer<'a>(
    bytes: &'a [u8],
    method: &str,
    tolerance: Tolerance,
) -> Result<Response<'a>, HTTPException> {
    HTTPResponse::from_reader_with(bytes, method, Limits::DEFAULT, tolerance)
}

/// The answer to a GET, under the default tolerance.
pub(crate) fn standard(bytes: &[u8]) -> Response<'_> {
    answer(bytes, "GET", Tolerance::STANDARD).unwrap()
}

/// The answer to a GET, under `Tolerance::HTTP_CLIENT`.
pub(crate) fn lenient(bytes: &[u8]) -> Response<'_> {
    answer(bytes, "GET", Tolerance::HTTP_CLIENT).unwrap()
}

/// The refusal of an answer to a GET.
pub(crate) fn refused(bytes: &[u8], tolerance: Tolerance) -> HTTPException {
    answer(bytes, "GET", tolerance).unwrap_err()
}

/// A connection to `example.com` whose other end is this peer.
pub(crate) fn connection(peer: &Peer) -> HTTPConnection<Peer> {
    connection_with(peer, Tolerance::STANDARD)
}

pub(crate) fn connection_with(peer: &Peer, tolerance: Tolerance) -> HTTPConnection<Peer> {
    HTTPConnection::builder("example.com")
        .connector(peer.clone())
        .tolerance(tolerance)
        .build()
        .unwrap()
}

/// A peer that takes everything and says nothing.
pub(crate) fn silent() -> Peer {
    Peer::new([Script::new()])
}

/// A peer whose only connection gives this answer and closes.
pub(crate) fn answering(bytes: impl AsRef<[u8]>) -> Peer {
    Peer::new([Script::answer(bytes)])
}

/// What a silent peer is sent.
pub(crate) fn sent(
    tolerance: Tolerance,
    calls: impl FnOnce(&mut HTTPConnection<Peer>) -> Result<(), HTTPException>,
) -> Result<Sent, HTTPException> {
    let peer = silent();
    calls(&mut connection_with(&peer, tolerance))?;
    Ok(Sent::new(&peer.received(0)))
}

/// A request, taken apart.
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) headers: HTTPMessage,
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.unwrap() + 4);
        let line_end = head.iter().position(|&octet| octet == b'\n').unwrap() + 1;
        let fields = &head[line_end..];
        Self {
            line: String::from_utf8(head[..line_end - 2].to_vec()).unwrap(),
            headers: parse_headers_with(fields, Limits::DEFAULT, Tolerance::HTTP_CLIENT).unwrap(),
            head: head.to_vec(),
            body: body.to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(Into::into)
    }
}

/// What is written to it can be read from a clone.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
