//! The model of a handler's calls, written from the reference: what each of them comes to, what is
//! on the wire in the end, and whether the connection carries a further request.

use crate::strict_answers::Framing;
use crate::{End, Expects, Kind, Op, Outcome};

/// The length of an error's page, whatever it is.
pub(crate) const PAGE: usize = usize::MAX >> 1;

/// Up to this size a body without a length waits for its end.
const SMALL: usize = 8_192;

/// The bytes of every request's body.
pub(crate) const BODY: &[u8] = b"abcdef";

/// A message that is due on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// The `Content-Length` field.
    pub(crate) length: Option<usize>,
    pub(crate) body: usize,
    pub(crate) whole: bool,
    pub(crate) closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Received,
    Started,
    Sent,
}

/// The response that was begun.
#[derive(Clone, Debug, Default)]
struct Response {
    status: u16,
    declared: Option<usize>,
    chunks: bool,
    close: bool,
    /// The handler has ended its fields.
    ended: bool,
    /// Bytes of its body that wait for its head.
    pending: usize,
    /// Bytes of its body that were given.
    given: usize,
    head: Option<Due>,
}

pub(crate) struct Model<'k> {
    kind: &'k Kind,
    state: State,
    response: Response,
    /// The response's head is on the wire.
    begun: bool,
    closes: bool,
    continued: bool,
    /// Bytes of the request's body that were read.
    pub(crate) read: usize,
    pub(crate) wire: Vec<Due>,
}

type Called = Result<(), Outcome>;

impl<'k> Model<'k> {
    pub(crate) fn new(kind: &'k Kind) -> Self {
        Self {
            kind,
            state: State::Received,
            response: Response::default(),
            begun: false,
            closes: kind.closes,
            continued: false,
            read: 0,
            wire: Vec::new(),
        }
    }

    pub(crate) fn call(&mut self, op: Op) -> Outcome {
        let called = match op {
            Op::Read | Op::ReadAll | Op::FillAndConsume => return self.read(op),
            Op::Response(code) => self.send_response(code),
            Op::Length(length) => self.declare(length),
            Op::Chunked => self.wish_chunks(),
            Op::Close => self.field().map(|response| response.close = true),
            Op::EndHeaders => self.field().map(|response| response.ended = true),
            Op::Write(count) => self.write(count),
            Op::Flush => self.flush(),
            Op::Error => self.send_error(404),
            Op::Interim => self.interim(103),
        };
        called.err().unwrap_or(Outcome::Ok)
    }

    // The request's body

    fn left(&self) -> usize {
        self.kind.body - self.read
    }

    fn expects_continue(&self) -> bool {
        let waits = self.kind.expects != Expects::Nothing;
        waits && !self.continued && self.read == 0
    }

    fn read(&mut self, op: Op) -> Outcome {
        // Once a response is on the wire, the client sends its body or does not.
        if self.expects_continue() && self.kind.expects == Expects::Waits && !self.begun {
            if let Err(outcome) = self.interim(100) {
                return outcome;
            }
            self.continued = true;
        }
        let count = match op {
            Op::Read => self.left().min(1),
            Op::FillAndConsume if self.kind.chunked => self.left().min(3 - self.read % 3).min(2),
            Op::FillAndConsume => self.left().min(2),
            _ => self.left(),
        };
        self.read += count;
        Outcome::Read(count)
    }

    // The response's head

    fn interim(&mut self, status: u16) -> Called {
        match (self.state, status) {
            (State::Received, _) | (State::Started, 100) => {}
            _ => return Err(Outcome::OutOfTurn),
        }
        if !self.kind.http10 {
            self.wire.push(Due {
                status,
                framing: Framing::None,
                length: None,
                body: 0,
                whole: true,
                closes: false,
            });
        }
        Ok(())
    }

    fn send_response(&mut self, status: u16) -> Called {
        match (self.state, status) {
            (State::Received, 200..) => {}
            (State::Received, _) => return Err(Outcome::Status),
            _ => return Err(Outcome::OutOfTurn),
        }
        self.state = State::Started;
        self.response.status = status;
        Ok(())
    }

    /// The response, if fields may be added.
    fn field(&mut self) -> Result<&mut Response, Outcome> {
        match self.state == State::Started && !self.response.ended {
            true => Ok(&mut self.response),
            false => Err(Outcome::OutOfTurn),
        }
    }

    fn declare(&mut self, length: usize) -> Called {
        let response = self.field()?;
        if response.declared.is_some() {
            return Err(Outcome::Conflict);
        }
        response.declared = Some(length);
        Ok(())
    }

    fn wish_chunks(&mut self) -> Called {
        let response = self.field()?;
        if response.chunks {
            return Err(Outcome::InvalidValue);
        }
        response.chunks = true;
        Ok(())
    }

    /// Decides the framing, once; `length` is that of the whole body, if it is known.
    fn frame(&mut self, length: Option<usize>) -> Called {
        if self.state != State::Started {
            return Ok(());
        }
        let Response {
            status,
            declared,
            chunks,
            close,
            ..
        } = self.response;
        if chunks && declared.is_some() {
            return Err(Outcome::Conflict);
        }
        let known = declared.or(length);
        let (framing, length) = match (status, known) {
            (204, Some(1..)) => return Err(Outcome::NoContent),
            (204, _) => (Framing::None, None),
            (304, _) => (Framing::None, declared),
            _ if self.kind.is_head => (Framing::None, known),
            (_, Some(length)) if length > 0 || !chunks => (Framing::Length(length), known),
            _ if self.kind.http10 => (Framing::UntilClose, None),
            _ => (Framing::Chunked, None),
        };
        self.closes |= close || self.expects_continue() || framing == Framing::UntilClose;
        self.state = State::Sent;
        self.response.head = Some(Due {
            status,
            framing,
            length,
            body: 0,
            whole: framing == Framing::None || framing == Framing::Length(0),
            closes: self.closes,
        });
        Ok(())
    }

    // The response's body

    fn write(&mut self, count: usize) -> Called {
        let response = &mut self.response;
        if !response.ended {
            return Err(Outcome::OutOfTurn);
        }
        let total = response.given + count;
        let small = total <= SMALL || self.kind.is_head;
        if !self.begun && response.declared.is_none() && small {
            response.given = total;
            response.pending += if self.kind.is_head { 0 } else { count };
            return Ok(());
        }
        self.frame(None)?;
        self.response.given = total;
        self.put(count)
    }

    fn flush(&mut self) -> Called {
        if !self.response.ended {
            return Ok(());
        }
        self.frame(None)?;
        self.put_what_waits()
    }

    fn put_what_waits(&mut self) -> Called {
        match self.begun && self.response.pending == 0 {
            true => Ok(()),
            false => self.put(0),
        }
    }

    /// What waits and so many bytes more go out, behind the head.
    fn put(&mut self, count: usize) -> Called {
        let size = self.response.pending + count;
        let due = match (self.begun, &mut self.response.head) {
            (true, _) => self.wire.last_mut(),
            (false, head) => head.as_mut(),
        };
        let due = due.expect("a head");
        match due.framing {
            Framing::None if self.kind.is_head && !matches!(due.status, 204 | 304) => {}
            Framing::None if size > 0 => return Err(Outcome::NoContent),
            Framing::Length(length) if due.body + size > length => return Err(Outcome::TooLong),
            _ => due.body += size,
        }
        due.whole |= due.framing == Framing::Length(due.body);
        self.response.pending = 0;
        if !self.begun {
            self.wire.extend(self.response.head.take());
            self.begun = true;
        }
        Ok(())
    }

    fn send_error(&mut self, status: u16) -> Called {
        if self.begun {
            return Err(Outcome::OutOfTurn);
        }
        self.state = State::Started;
        self.response = Response {
            status,
            declared: Some(PAGE),
            close: true,
            ended: true,
            ..Response::default()
        };
        self.write(PAGE)
    }

    // The end

    /// The handler has returned; whether a further request is answered.
    pub(crate) fn end(&mut self, end: End) -> bool {
        let ended = match end {
            End::Returns => self.end_response(),
            End::Fails | End::Panics => Err(Outcome::OutOfTurn),
        };
        if ended.is_err() {
            self.closes = true;
            // The bytes of a response that has begun stay a part of one.
            let _ = self.send_error(500);
            return false;
        }
        !self.closes && self.left() <= self.kind.drained
    }

    fn end_response(&mut self) -> Called {
        if self.state == State::Received {
            return Err(Outcome::OutOfTurn);
        }
        self.response.ended = true;
        self.frame(Some(self.response.given))?;
        self.put_what_waits()?;
        let last = self.wire.last_mut().expect("a response");
        if let Framing::Chunked | Framing::UntilClose = last.framing {
            last.whole = true;
        }
        match last.whole {
            true => Ok(()),
            false => Err(Outcome::TooShort),
        }
    }
}
