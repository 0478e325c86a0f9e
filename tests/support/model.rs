//! The state machine of a connection as the reference describes it, and nothing of how it is
//! built: `http.client`'s three states and its table of legal calls; a request body exists only as
//! declared; a connection is used again only from the proven end of a message; a failure closes
//! it and leads back to Idle; a timeout leaves everything as it is.

use super::{Answer, Call, Framing, Outcome, Peer};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Idle,
    Started,
    Sent,
}

#[derive(Default)]
pub(crate) struct Model {
    peer: Peer,
    framing: Framing,
    pub(crate) state: State,
    /// There is an open connection.
    pub(crate) open: bool,
    /// What each connection was sent.
    pub(crate) wire: Vec<Vec<u8>>,
    head: Vec<u8>,
    /// The request declared a body, and so many pieces of it were sent; none once it is complete.
    body: Option<usize>,
    declared: bool,
    timed_out: bool,
    /// The peer answered with HTTP/1.0, which has no transfer codings.
    http10: bool,
    /// The response of which not everything was read, and how many bytes were.
    unread: Option<(Answer, usize)>,
}

impl Model {
    pub(crate) fn new(peer: Peer, framing: Framing) -> Self {
        Self {
            peer,
            framing,
            ..Self::default()
        }
    }

    pub(crate) fn call(&mut self, call: Call) -> Outcome {
        match call {
            Call::PutRequest => self.put_request(),
            Call::PutHeader => self.put_header(),
            Call::EndHeaders => self.end_headers(),
            Call::Send => self.send(false),
            Call::SendLast => self.send(true),
            Call::GetResponse => self.get_response(),
            Call::Read => self.read(),
            Call::Drop => Outcome::Ok,
            Call::Close => self.close(Outcome::Ok),
        }
    }

    fn close(&mut self, outcome: Outcome) -> Outcome {
        (self.open, self.timed_out, self.unread) = (false, false, None);
        self.state = State::Idle;
        outcome
    }

    fn put_request(&mut self) -> Outcome {
        if self.timed_out {
            self.close(Outcome::Ok);
        }
        if self.state != State::Idle {
            return Outcome::CannotSendRequest;
        }
        // Only what came already may be skipped, and only if nothing came behind it.
        if matches!(self.unread, Some((a, _)) if !a.came_whole || !a.keeps || a.stray) {
            self.close(Outcome::Ok);
        }
        self.unread = None;
        // What is known of the peer ends with the connection.
        self.http10 &= self.open;
        self.state = State::Started;
        self.head = b"PUT / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n".to_vec();
        self.declared = false;
        Outcome::Ok
    }

    fn put_header(&mut self) -> Outcome {
        if self.state != State::Started {
            return Outcome::CannotSendHeader;
        }
        if self.framing == Framing::Chunked && self.http10 {
            return Outcome::BadBody;
        }
        if self.declared {
            return Outcome::ConflictingHeader;
        }
        self.declared = true;
        self.head.extend_from_slice(self.framing.field());
        Outcome::Ok
    }

    fn end_headers(&mut self) -> Outcome {
        if self.state != State::Started {
            return Outcome::CannotSendHeader;
        }
        self.state = State::Sent;
        self.body = self.declared.then_some(0);
        if !self.open {
            self.open = true;
            self.wire.push(Vec::new());
        }
        self.head.extend_from_slice(b"\r\n");
        self.wire.last_mut().unwrap().extend(&self.head);
        Outcome::Ok
    }

    fn send(&mut self, last: bool) -> Outcome {
        let sent = self.body.filter(|_| self.state == State::Sent);
        match (sent, self.framing.piece(last)) {
            (Some(sent), (bytes, pieces)) if sent + pieces <= self.framing.pieces() => {
                self.wire.last_mut().unwrap().extend(bytes);
                let complete = last || self.framing == Framing::Length && sent + pieces == 2;
                self.body = Some(sent + pieces).filter(|_| !complete);
                Outcome::Ok
            }
            _ => Outcome::BadBody,
        }
    }

    fn get_response(&mut self) -> Outcome {
        match (self.state, self.peer.answer()) {
            (State::Idle | State::Started, _) => Outcome::ResponseNotReady,
            _ if self.body.is_some() => self.close(Outcome::BadBody),
            (_, Err(Outcome::TimedOut)) => {
                self.timed_out = true;
                Outcome::TimedOut
            }
            (_, Err(error)) => self.close(error),
            (_, Ok(answer)) => {
                (self.state, self.timed_out) = (State::Idle, false);
                self.http10 = answer.http10;
                self.unread = Some((answer, 0));
                self.end_if_complete(answer.until_close);
                Outcome::Ok
            }
        }
    }

    /// The end of the message decides whether the connection is kept.
    fn end_if_complete(&mut self, more: bool) {
        if let Some((answer, read)) = self.unread {
            if read == answer.came && read == answer.declared && !more {
                self.open = answer.keeps && !answer.stray;
                self.unread = None;
            }
        }
    }

    fn read(&mut self) -> Outcome {
        let Some((answer, read)) = self.unread else {
            return Outcome::Read(0);
        };
        if read < answer.came {
            self.unread = Some((answer, read + 1));
            self.end_if_complete(answer.until_close);
            return Outcome::Read(1);
        }
        self.end_if_complete(false);
        if self.unread.is_none() {
            return Outcome::Read(0);
        }
        self.open = false;
        Outcome::IncompleteRead
    }
}
