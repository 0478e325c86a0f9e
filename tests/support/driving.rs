//! Plays a script and judges it. What must hold, whatever the server does and whatever fails:
//!
//! * what is sent is requests, each with its own octets, none behind one that was given up or is
//!   not answered; a body that the server takes for whole was given whole;
//! * an answer has the token of the request under way, and its octets; one that is called complete
//!   has all of them;
//! * a request that is called complete was sent to its end, and one that is not closes the
//!   connection;
//! * an upload never waits for the server where the server waits for the upload;
//! * an answer that can be had is had;
//! * whatever has happened, the next request works.

use std::fmt;
use std::time::Duration;

use stdhttp::{
    ConnectionState, HTTPConnection, HTTPException, ImproperConnectionState, StaleCheck,
};

use crate::answers::{Received, read_response};
use crate::early::{INNER, Server};
use crate::plan::{Framing, Kind, Plan, body_of, chunked};
use crate::script::{Exchange, From, How, Part, Script, Then};

/// What is wrong.
pub(crate) type Wrong = String;

/// What of the answers was seen, so that a family that sees nothing is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) exchanges: usize,
    pub(crate) answers: usize,
    /// Answers to requests that were not sent to their end.
    pub(crate) early: usize,
    pub(crate) complete: usize,
    pub(crate) timeouts: usize,
    pub(crate) refused: usize,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.exchanges += other.exchanges;
        self.answers += other.answers;
        self.early += other.early;
        self.complete += other.complete;
        self.timeouts += other.timeouts;
        self.refused += other.refused;
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            answers,
            early,
            complete,
            timeouts,
            refused,
            ..
        } = self;
        write!(
            f,
            "{answers} answers, {early} of them to requests that were not sent to their end, \
             {complete} read to the end, {timeouts} timeouts, {refused} calls that failed"
        )
    }
}

type Conn = HTTPConnection<Server>;

pub(crate) struct Play<'s> {
    script: &'s Script,
    server: Server,
    conn: Conn,
    seen: Seen,
}

/// One exchange under way.
struct Turn<'s> {
    exchange: &'s Exchange,
    token: String,
    /// Octets of the body that were acknowledged.
    given: usize,
    /// How many octets a complete body has.
    whole: Option<usize>,
    /// Nothing failed and nothing was refused so far.
    smooth: bool,
    /// After a timeout of the last call the request goes on.
    resumes: bool,
    /// It can't be sent to its end any more.
    given_up: bool,
    /// The caller left a chunk of its own half sent.
    stuck: bool,
    /// The last request was not answered, or the connection is another protocol's by now.
    behind_another: bool,
}

/// The token of an exchange: letters that are no digits of a chunk's size.
pub(crate) fn token_of(number: usize) -> String {
    let mut rest = number * 0x0101_1011 + 0x0123_4567;
    let letters = (0..8).map(|_| {
        let letter = b'g' + (rest % 16) as u8;
        rest /= 16;
        char::from(letter)
    });
    letters.collect()
}

pub(crate) fn play(script: &Script) -> Result<Seen, Wrong> {
    let unasked = script.unasked.map(<[u8]>::to_vec);
    let server = Server::new(script.tunnel.is_some(), unasked, &script.faults);
    let builder = HTTPConnection::builder("h").connector(server.clone());
    let mut builder = builder
        .clock(server.clone())
        .timeout(Duration::from_secs(1))
        .blocksize(script.blocksize)
        .stale_check(StaleCheck::Always);
    if script.deadline {
        builder = builder.deadline(Duration::from_secs(3));
    }
    let mut conn = builder.build().unwrap();
    if let Some(plan) = script.tunnel {
        conn.set_tunnel(INNER, 80, &[]).unwrap();
        server.plan("CONNECT", plan);
    }
    if script.unasked.is_some() {
        conn.connect().unwrap();
    }
    let mut play = Play {
        script,
        server,
        conn,
        seen: Seen::default(),
    };
    for (number, exchange) in script.exchanges.iter().enumerate() {
        let token = token_of(number);
        play.exchange(exchange, token)?;
    }
    play.probe()?;
    play.check_end()
}

impl Play<'_> {
    fn exchange(&mut self, exchange: &Exchange, token: String) -> Result<(), Wrong> {
        self.server.plan(&token, exchange.plan);
        self.seen.exchanges += 1;
        let mut turn = Turn {
            exchange,
            given: 0,
            whole: exchange.how.whole(),
            smooth: true,
            resumes: true,
            given_up: false,
            stuck: false,
            behind_another: matches!(
                self.conn.state(),
                ConnectionState::RequestSent | ConnectionState::Switched
            ),
            token,
        };
        let vain = self.server.vain_reads();
        self.send(&mut turn)?;
        if self.server.vain_reads() > vain && !exchange.waits() && !self.has_tunnel_fault() {
            return Err("an upload waited for the server".into());
        }
        self.check_request(&turn)?;
        self.receive(&mut turn)?;
        self.check_request(&turn)
    }

    fn has_tunnel_fault(&self) -> bool {
        self.script.tunnel.is_some() && !self.script.faults.is_empty()
    }

    /// What the server has of the request is what was given.
    fn check_request(&self, turn: &Turn<'_>) -> Result<(), Wrong> {
        if let Some(wrong) = self.server.wrong() {
            return Err(wrong);
        }
        let request = self.server.request(&turn.token);
        let complete = request.filter(|(request, _)| request.complete);
        match (complete, turn.whole) {
            (Some((request, _)), Some(whole)) if request.body == whole => Ok(()),
            (Some((request, _)), whole) => Err(format!(
                "{} octets are a whole body where {whole:?} are",
                request.body
            )),
            (None, _) => Ok(()),
        }
    }

    // Sending

    fn send(&mut self, turn: &mut Turn<'_>) -> Result<(), Wrong> {
        let body = body_of(&turn.token, turn.exchange.size());
        let target = format!("/{}", turn.token);
        let mut fields = turn.fields();
        let coding = ("Transfer-Encoding", "chunked");
        let conn = &mut self.conn;
        let sent = match &turn.exchange.how {
            How::Get => conn.request("GET", &target, (), &fields),
            How::Request(from, _) => conn.request("PUT", &target, from.body(&body), &fields),
            How::Encoded(from, _) => {
                fields.push(coding);
                conn.request_with("PUT", &target, from.body(&body), &fields, true)
            }
            How::RawChunks(_) => {
                fields.push(coding);
                conn.request("PUT", &target, chunked(&body, 1_000), &fields)
            }
            How::EndHeaders(from, size) => start(conn, &target, from.length(*size), &fields)
                .and_then(|()| conn.endheaders_with(from.body(&body), !from.has_length())),
            How::Steps(length, parts) => {
                let started = start(conn, &target, *length, &fields);
                return match started {
                    Ok(()) => self.steps(turn, parts, &body),
                    Err(error) => self.failed(turn, &error),
                };
            }
        };
        match sent {
            Ok(()) => {
                turn.given = body.len();
                self.check_sent(turn)
            }
            Err(error) => self.failed(turn, &error),
        }
    }

    /// What was sent without an error is complete, unless the answer came in between.
    fn check_sent(&self, turn: &Turn<'_>) -> Result<(), Wrong> {
        match self.server.request(&turn.token) {
            Some((request, due)) if request.complete || due => Ok(()),
            _ if turn.whole.is_none() => Err("a body without its end was sent".into()),
            other => Err(format!("sent, but the server has {other:?}")),
        }
    }

    fn failed(&mut self, turn: &mut Turn<'_>, error: &HTTPException) -> Result<(), Wrong> {
        use HTTPException::ImproperConnectionState as OutOfTurn;
        use ImproperConnectionState::CannotSendRequest;
        match error {
            OutOfTurn(CannotSendRequest(_)) if turn.behind_another => {
                turn.behind_another = false;
                self.conn.close();
                return self.send(turn);
            }
            OutOfTurn(_) if turn.smooth => return Err(format!("out of turn: {error:?}")),
            HTTPException::TimedOut { .. } => self.seen.timeouts += 1,
            _ => self.seen.refused += 1,
        }
        turn.smooth = false;
        Ok(())
    }

    fn steps(&mut self, turn: &mut Turn<'_>, parts: &[Part], body: &[u8]) -> Result<(), Wrong> {
        if let How::Steps(None, _) = &turn.exchange.how {
            turn.whole = None;
        }
        let began = self.conn.endheaders();
        self.after_step(turn, began)?;
        for part in parts {
            if turn.stuck || !turn.smooth && !turn.exchange.obstinate {
                break;
            }
            let data = &body[turn.given..(turn.given + part.size()).min(body.len())];
            let result = self.step(turn, *part, data);
            self.after_step(turn, result)?;
        }
        Ok(())
    }

    /// After a timeout of the head or of a slice the request goes on. After another one, or a
    /// failure, it is given up: what is not complete now must never be.
    fn after_step(
        &mut self,
        turn: &mut Turn<'_>,
        result: Result<(), HTTPException>,
    ) -> Result<(), Wrong> {
        let Err(error) = result else {
            return self.check_request(turn);
        };
        let resumed = error.is_timeout() && turn.resumes;
        let refused = error.is_caller_error() && !error.is_source_error();
        let complete = self
            .server
            .request(&turn.token)
            .is_some_and(|(request, _)| request.complete);
        if !resumed && !refused && !complete {
            (turn.whole, turn.given_up) = (None, true);
        }
        self.failed(turn, &error)
    }

    fn step(&mut self, turn: &mut Turn<'_>, part: Part, data: &[u8]) -> Result<(), HTTPException> {
        turn.resumes = false;
        match part {
            Part::Send(From::Slice, size) if size > data.len() => {
                turn.resumes = true;
                let more = [data, &body_of(&turn.token, size - data.len())].concat();
                return self.conn.send(more);
            }
            Part::Send(From::Slice, _) => {
                let (sent, result) = self.send_slice(turn, data);
                turn.given += sent;
                return result;
            }
            Part::RawChunk(_) => {
                let mut coded = chunked(data, usize::MAX);
                coded.truncate(coded.len() - b"0\r\n\r\n".len());
                let (sent, result) = self.send_slice(turn, &coded);
                turn.stuck = sent > 0 && sent < coded.len();
                if sent < coded.len() {
                    return result;
                }
            }
            Part::RawLast => {
                turn.end();
                return self.send_slice(turn, b"0\r\n\r\n").1;
            }
            Part::Last => {
                turn.end();
                return self.conn.send_last_chunk(&[]);
            }
            Part::Send(from, _) => self.conn.send(from.body(data))?,
            Part::Chunk(_) => self.conn.send_chunk(data)?,
            Part::AwaitContinue => {
                // What runs out of time is the head, which the next call goes on with.
                turn.resumes = true;
                let _ = self.conn.await_continue()?;
            }
        }
        turn.given += data.len();
        Ok(())
    }

    /// Sends a slice, and what is left of it after a timeout; how much was sent.
    fn send_slice(
        &mut self,
        turn: &mut Turn<'_>,
        data: &[u8],
    ) -> (usize, Result<(), HTTPException>) {
        turn.resumes = true;
        let mut sent = 0;
        for left in (0..=turn.exchange.again).rev() {
            match self.conn.send(&data[sent..]) {
                Ok(()) => return (data.len(), Ok(())),
                Err(error @ HTTPException::TimedOut { written, .. }) => {
                    sent += usize::try_from(written).unwrap();
                    if left == 0 {
                        return (sent, Err(error));
                    }
                    self.seen.timeouts += 1;
                }
                Err(error) => return (sent, Err(error)),
            }
        }
        (sent, Ok(()))
    }

    // Receiving

    fn receive(&mut self, turn: &mut Turn<'_>) -> Result<(), Wrong> {
        match turn.exchange.then {
            Then::Leave => return Ok(()),
            Then::Close => {
                self.conn.close();
                return self.check_closed("closed");
            }
            _ => {}
        }
        let (server, seen) = (&self.server, &mut self.seen);
        let mut left = turn.exchange.again;
        let received = loop {
            match self.conn.getresponse() {
                Ok(response) => {
                    break read_response(turn.exchange, &turn.token, server, seen, response);
                }
                Err(error) if error.is_timeout() && left > 0 => left -= 1,
                Err(error) => break Ok(Received::Failed(error)),
            }
            seen.timeouts += 1;
        };
        match received? {
            Received::Failed(error) => self.not_received(turn, &error),
            Received::Kept => self.check_kept(),
            Received::Closed => self.check_closed("an answer that closes"),
            Received::Half => Ok(()),
        }
    }

    fn not_received(&mut self, turn: &Turn<'_>, error: &HTTPException) -> Result<(), Wrong> {
        if self.must_answer(turn) {
            return Err(format!("an answer was to be had: {error:?}"));
        }
        match error {
            HTTPException::TimedOut { .. } => Ok(()),
            HTTPException::ImproperConnectionState(_) if !turn.smooth => Ok(()),
            _ => self.check_closed(&format!("{error:?}")),
        }
    }

    fn check_closed(&self, why: &str) -> Result<(), Wrong> {
        match (self.conn.is_connected(), self.conn.state()) {
            (false, ConnectionState::Idle) => Ok(()),
            found => Err(format!("{found:?} after {why}")),
        }
    }

    fn check_kept(&self) -> Result<(), Wrong> {
        match (self.conn.is_connected(), self.conn.state()) {
            (true, ConnectionState::Idle) => Ok(()),
            found => Err(format!(
                "{found:?} after an answer that keeps the connection"
            )),
        }
    }

    /// Nothing went wrong that would let the answer get lost.
    fn must_answer(&self, turn: &Turn<'_>) -> bool {
        let script = self.script;
        let quiet = script.faults.is_empty() && !script.deadline;
        let tunnel = script.tunnel.is_none_or(|plan| plan.kind != Kind::Stray);
        quiet && tunnel && turn.exchange.is_answered()
    }

    /// Whatever has happened, the next request works.
    fn probe(&mut self) -> Result<(), Wrong> {
        self.server.stop_faults();
        let tunnel = Plan {
            framing: Framing::NoContent,
            ..Plan::PLAIN
        };
        self.server.plan("CONNECT", tunnel);
        let exchange = Exchange {
            how: How::Get,
            plan: Plan::PLAIN,
            then: Then::Whole,
            expect: false,
            upgrade: false,
            obstinate: false,
            again: 0,
        };
        self.conn.set_deadline(None);
        let complete = self.seen.complete;
        self.exchange(&exchange, "zyxwvuts".into())?;
        match self.seen.complete > complete {
            true => Ok(()),
            false => Err("the next request has no answer".into()),
        }
    }

    fn check_end(self) -> Result<Seen, Wrong> {
        drop(self.conn);
        match self.server.open() {
            0 => Ok(self.seen),
            open => Err(format!("{open} streams were left open")),
        }
    }
}

impl Turn<'_> {
    fn fields(&self) -> Vec<(&'static str, &'static str)> {
        let mut fields = Vec::new();
        if self.exchange.expect {
            fields.push(("Expect", "100-continue"));
        }
        if self.exchange.upgrade {
            fields.extend([("Connection", "Upgrade"), ("Upgrade", "x")]);
        }
        fields
    }

    /// The last chunk is about to be sent, behind all that was given.
    fn end(&mut self) {
        if !self.given_up {
            self.whole = Some(self.given);
        }
    }
}

fn start(
    conn: &mut Conn,
    target: &str,
    length: Option<usize>,
    fields: &[(&str, &str)],
) -> Result<(), HTTPException> {
    conn.putrequest("PUT", target)?;
    for (name, value) in fields {
        conn.putheader(name, *value)?;
    }
    match length {
        Some(length) => conn.putheader("Content-Length", length.to_string()),
        None => conn.putheader("Transfer-Encoding", "chunked"),
    }
}
