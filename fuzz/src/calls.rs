//! Sequences of calls on one connection, in any order, against peers whose answers say on which
//! connection and to which request they are given.

use crate::Choices;
use stdhttp::proto::Skip;
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPConnection, HTTPException, StaleCheck};

/// The most calls, and so the most connections but one.
pub const CALLS: usize = 30;
const ANSWERS: usize = 4;

/// A connection, its peer, and the number of the request under way.
#[derive(Debug)]
pub struct Caller {
    conn: HTTPConnection<Peer>,
    peer: Peer,
    request: usize,
}

/// An answer in one of several shapes.
fn answer(shape: u8, token: &str) -> String {
    let head = format!("200 OK\r\nX-Token: {token}\r\n");
    match shape % 7 {
        0 => format!("HTTP/1.1 {head}Content-Length: 9\r\n\r\n012345678"),
        1 => format!(
            "HTTP/1.1 {head}Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n5\r\n45678\r\n0\r\n\r\n"
        ),
        2 => format!(
            "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 {head}Content-Length: 9\r\n\r\n012345678"
        ),
        3 => format!("HTTP/1.0 {head}Content-Length: 9\r\n\r\n012345678"),
        4 => format!("HTTP/1.1 {head}Content-Length: 9\r\nConnection: close\r\n\r\n012345678"),
        5 => format!("HTTP/1.1 {head}Content-Length: 900\r\n\r\n012345678"),
        _ => {
            format!("HTTP/1.1 {head}Content-Length: 9\r\n\r\n012345678HTTP/1.1 299 Unasked\r\n\r\n")
        }
    }
}

fn script(number: usize, shapes: [u8; 2], piece: usize) -> Script {
    (0..ANSWERS)
        .fold(Script::new(), |script, place| {
            let answer = answer(shapes[place % 2], &format!("{number}.{place}"));
            script.expect_head().send_pieces(answer, &[piece])
        })
        .end(if shapes[0] & 64 == 0 {
            Ending::Silence
        } else {
            Ending::Close
        })
}

impl Caller {
    pub fn new(choices: &mut Choices<'_>) -> Self {
        let shapes = [choices.octet(), choices.octet()];
        let piece = choices.of(&[usize::MAX, 1, 20, 100]);
        let peer = Peer::new((0..=CALLS).map(|number| script(number, shapes, piece)));
        let conn = HTTPConnection::builder("example.org")
            .connector(peer.clone())
            .clock(peer.clone())
            .stale_check(StaleCheck::Always)
            .read_timeout(std::time::Duration::from_secs(1))
            .build()
            .expect("a good host");
        let request = 0;
        Self {
            conn,
            peer,
            request,
        }
    }

    /// Makes the call that an octet stands for. An error of the caller's own writes nothing.
    pub fn call(&mut self, octet: u8) {
        let written = self.peer.calls().bytes_written;
        if let Err(error) = self.dispatch(octet & 15, octet >> 4) {
            let nothing = self.peer.calls().bytes_written == written;
            assert!(nothing || !error.is_caller_error(), "{error:?}");
        }
    }

    fn dispatch(&mut self, call: u8, how: u8) -> Result<(), HTTPException> {
        let conn = &mut self.conn;
        match call {
            0 | 1 => self.putrequest(how)?,
            2 => conn.putheader("Content-Length", u64::from(how % 4))?,
            3 => conn.putheader("Transfer-Encoding", "chunked")?,
            4 => conn.putheader(
                ["X", "X Y", "Expect", "Connection"][usize::from(how % 4)],
                "100-continue",
            )?,
            5 => conn.endheaders()?,
            6 => conn.endheaders_with("abc", how & 1 == 1)?,
            7 => conn.send(&b"abc"[..usize::from(how % 4)])?,
            8 => conn.send_chunk(&b"abc"[..usize::from(how % 4)])?,
            9 => conn.send_last_chunk(&[("X", "y"), ("Host", "z")][..usize::from(how % 3)])?,
            10 => drop(conn.await_continue()?),
            11 => conn.connect()?,
            12 => conn.close(),
            13 => self.request(how)?,
            _ => self.getresponse(how)?,
        }
        Ok(())
    }

    fn putrequest(&mut self, how: u8) -> Result<(), HTTPException> {
        let method = ["GET", "POST", "HEAD", "G T"][usize::from(how % 4)];
        let next = self.request + 1;
        self.conn
            .putrequest_with(method, &format!("/{next}"), Skip::default())?;
        self.request = next;
        Ok(())
    }

    fn request(&mut self, how: u8) -> Result<(), HTTPException> {
        let next = self.request + 1;
        let body = &b"abc"[..usize::from(how % 4)];
        let framing = [("Content-Length", "3"), ("X", "y"), ("X Y", "z")];
        let headers = &framing[..usize::from(how >> 2)];
        self.conn
            .request("PUT", &format!("/{next}"), body, headers)?;
        self.request = next;
        Ok(())
    }

    fn getresponse(&mut self, how: u8) -> Result<(), HTTPException> {
        let mut response = self.conn.getresponse()?;
        let token = response
            .getheader("X-Token")
            .expect("an answer that was asked for");
        assert_eq!(request_of(&self.peer, &token), self.request, "{token}");
        let body = match how % 4 {
            0 => response.read(None)?,
            1 => response.read(3)?,
            2 => response.readline(None)?,
            _ => Vec::new(),
        };
        // What stands behind the ninth octet is for the peer to say that announced more.
        let known = &body[..body.len().min(9)];
        assert!(b"012345678".starts_with(known), "{}", body.escape_ascii());
        if how & 4 != 0 {
            response.close();
        }
        Ok(())
    }

    /// After all that, the connection still does its work.
    pub fn assert_not_wedged(&mut self) {
        self.conn.close();
        self.request(0)
            .expect("a connection that is closed can be used");
        self.getresponse(3).expect("an answer");
        assert!(self.peer.calls().open <= 1);
    }
}

/// The number in the target of the request that a token stands for.
fn request_of(peer: &Peer, token: &str) -> usize {
    let (connection, place) = token.split_once('.').expect("a token");
    let received = peer.received(connection.parse().expect("a number"));
    let text = String::from_utf8_lossy(&received);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_suffix(" HTTP/1.1"));
    let line = lines.clone().nth(place.parse().expect("a number"));
    let target = line
        .and_then(|line| line.rsplit_once('/'))
        .expect("a request line");
    target.1.parse().expect("a number")
}
