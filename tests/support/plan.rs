//! How a server answers one request: what, when, framed how, and what becomes of the connection.

use std::io::ErrorKind;

/// What comes behind the head of a `101`.
pub(crate) const NEW_PROTOCOL: &[u8] = b"new protocol";

/// When a request has come far enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    End,
    /// Before anything came.
    Before,
    Head,
    /// So many octets of its body have come.
    Body(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The answer, when the time has come.
    Whole,
    /// The same, and it says that the connection closes.
    Closes,
    /// The head when the time has come, the body behind the request.
    HeadOnly,
    /// So many octets of the answer when the time has come, the rest behind the request.
    Part(usize),
    /// A line end alone when the time has come, the answer behind the request.
    LineEnd,
    /// An interim response when the time has come, the answer behind the request.
    Interim(u16),
    /// Two interim responses and the answer, all at once.
    Interims,
    Switches,
    /// The answer, and another one in the same segment or in its own.
    Stray,
    StrayApart,
    /// Only the first half of the answer's body, then the end.
    CutBody,
    CutHead,
    Garbage,
    /// No answer, but the end.
    Ends,
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    OctetChunks,
    UntilClose,
    NoContent,
}

/// What becomes of the connection once the final answer is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// The server reads on, and ends the connection only if the answer says so.
    Stays,
    /// Its end follows the answer, and it reads on.
    Ends,
    /// Its end follows the answer, and writing fails.
    Gone(ErrorKind),
    /// It takes nothing more.
    StopsReading,
}

/// How one request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) at: When,
    pub(crate) framing: Framing,
    pub(crate) size: usize,
    pub(crate) leaves: Leaves,
    /// How many reads run into their timeout before each piece.
    pub(crate) stalls: usize,
    /// The answer comes in pieces of so many octets.
    pub(crate) pieces: usize,
}

impl Plan {
    pub(crate) const PLAIN: Self = Self {
        kind: Kind::Whole,
        at: When::End,
        framing: Framing::Length,
        size: 20,
        leaves: Leaves::Stays,
        stalls: 0,
        pieces: usize::MAX,
    };

    /// Nothing follows a body that lasts until the end, nothing is missing from it, and protocols
    /// are switched behind a request.
    pub(crate) fn made_possible(self) -> Self {
        match self.kind {
            Kind::Stray | Kind::StrayApart | Kind::CutBody if self.until_close() => Self {
                kind: Kind::Whole,
                ..self
            },
            Kind::HeadOnly if self.until_close() => Self {
                framing: Framing::Length,
                ..self
            },
            Kind::Switches => Self {
                at: When::End,
                ..self
            },
            _ => self,
        }
    }

    pub(crate) fn body(&self, token: &str) -> Vec<u8> {
        let size = match (self.framing, self.kind) {
            (Framing::NoContent, _) | (_, Kind::Switches) => 0,
            _ => self.size,
        };
        body_of(token, size)
    }

    /// The body ends where the connection does.
    pub(crate) fn until_close(&self) -> bool {
        self.framing == Framing::UntilClose
    }

    fn answer(&self, token: &str) -> (Vec<u8>, Vec<u8>) {
        let body = self.body(token);
        let (status, fields) = match self.framing {
            _ if self.kind == Kind::Switches => ("101 S", "Connection: Upgrade\r\nUpgrade: x\r\n"),
            Framing::Chunked | Framing::OctetChunks => ("200 OK", "Transfer-Encoding: chunked\r\n"),
            Framing::UntilClose => ("200 OK", ""),
            Framing::NoContent => ("204 No", ""),
            Framing::Length => ("200 OK", &*format!("Content-Length: {}\r\n", body.len())),
        };
        let closes = self.kind == Kind::Closes || self.leaves == Leaves::StopsReading;
        let close = if closes { "Connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 {status}\r\nX-Token: {token}\r\n{close}{fields}\r\n");
        let body = match self.framing {
            _ if self.kind == Kind::Switches => NEW_PROTOCOL.to_vec(),
            Framing::Chunked => chunked(&body, 7),
            Framing::OctetChunks => chunked(&body, 1),
            _ => body,
        };
        (head.into_bytes(), body)
    }

    /// The pieces of the answer and when each is due, and when the final head is.
    pub(crate) fn schedule(&self, token: &str) -> (Vec<(When, Vec<u8>)>, When) {
        let (head, body) = self.answer(token);
        let whole = [&head[..], &body].concat();
        let stray = b"HTTP/1.1 200 OK\r\nX-Token: stray\r\nContent-Length: 0\r\n\r\n";
        let (first, behind, last) = match self.kind {
            Kind::Whole | Kind::Closes | Kind::Switches => (whole, vec![], self.at),
            Kind::HeadOnly => (head, body, self.at),
            Kind::Part(cut) => {
                let (first, behind) = whole.split_at(cut.min(head.len() - 1));
                (first.to_vec(), behind.to_vec(), When::End)
            }
            Kind::LineEnd => (b"\r\n".to_vec(), whole, When::End),
            Kind::Interim(status) => (interim(status), whole, When::End),
            Kind::Interims => (
                [interim(103), interim(100), whole].concat(),
                vec![],
                self.at,
            ),
            Kind::Stray => ([&whole[..], stray].concat(), vec![], self.at),
            Kind::StrayApart => (whole, stray.to_vec(), self.at),
            Kind::CutBody => {
                let cut = whole.len() - body.len().div_ceil(2);
                (whole[..cut].to_vec(), vec![], self.at)
            }
            Kind::CutHead => (head[..head.len() / 2].to_vec(), vec![], self.at),
            Kind::Garbage => (b"220 mail ESMTP\r\n".to_vec(), vec![], self.at),
            Kind::Ends | Kind::Silent => (vec![], vec![], self.at),
        };
        let mut pieces = Vec::new();
        for (when, bytes) in [(self.at, first), (When::End, behind)] {
            pieces.extend(bytes.chunks(self.pieces.max(1)).map(|p| (when, p.to_vec())));
        }
        (pieces, last)
    }

    /// The connection ends behind the answer.
    pub(crate) fn ends(&self) -> bool {
        let says_so = matches!(
            self.kind,
            Kind::Closes | Kind::CutBody | Kind::CutHead | Kind::Ends
        );
        says_so || self.until_close() || matches!(self.leaves, Leaves::Ends | Leaves::Gone(_))
    }
}

fn interim(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} I\r\nX-Token: interim\r\n\r\n").into_bytes()
}

/// The token over and over.
pub(crate) fn body_of(token: &str, size: usize) -> Vec<u8> {
    let mut body = token.repeat(size / token.len() + 1).into_bytes();
    body.truncate(size);
    body
}

pub(crate) fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in body.chunks(size) {
        coded.extend(format!("{:x}\r\n", chunk.len()).bytes());
        coded.extend(chunk);
        coded.extend(b"\r\n");
    }
    coded.extend(b"0\r\n\r\n");
    coded
}
