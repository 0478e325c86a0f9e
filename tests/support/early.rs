//! A server in memory that answers at any moment: before a request, with its head, in the middle
//! of its body, behind it. It reads what it is sent with the strict reader, and every answer has
//! the token of its request. Connector, stream and virtual clock in one.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use stdhttp::{Clock, Connect, HTTPException, Look, Route, Stream};

use crate::plan::{Kind, Leaves, Plan, When};
use crate::strict::{Reader, Request};

/// The most bytes that one write takes, so that a server may act in the middle of a large one.
const WRITE: usize = 100_000;

/// The host at the end of a tunnel.
pub(crate) const INNER: &str = "inner";

/// A misbehaviour of one call of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It runs into its timeout.
    Blocks,
    /// It handles one octet.
    Short,
    Interrupted,
    /// It fails; later reads find the end, and writes a broken pipe, as sockets have it.
    Fails(ErrorKind),
}

struct Piece {
    request: usize,
    when: When,
    stalls: usize,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Connection {
    reader: Reader,
    out: VecDeque<Piece>,
    /// Of the request with this number the final answer is due then, and this follows.
    leaves: Option<(usize, When, Leaves)>,
    ends: bool,
    switches: bool,
    /// A call failed for good.
    dead: bool,
}

impl Connection {
    fn reached(&self, request: usize, when: When) -> bool {
        if when == When::Before {
            return true;
        }
        let Some(request) = self.reader.requests.get(request) else {
            return false;
        };
        match when {
            When::Before | When::Head => true,
            When::Body(count) => request.body >= count || request.complete,
            When::End => request.complete,
        }
    }

    /// What has become of the connection, once the final answer is due.
    fn left(&self) -> Option<Leaves> {
        let (request, when, leaves) = self.leaves?;
        self.reached(request, when).then_some(leaves)
    }

    fn is_due(&self) -> bool {
        let front = self.out.front();
        front.is_some_and(|piece| self.reached(piece.request, piece.when))
    }
}

struct State {
    plans: Vec<(String, Plan)>,
    /// Sent on the next connection before any request.
    unasked: Option<Vec<u8>>,
    tunnel: bool,
    connections: Vec<Connection>,
    open: usize,
    faults: Vec<(usize, Fault)>,
    calls: usize,
    start: Instant,
    elapsed: Duration,
    /// Reads that nothing would have ended but the timeout.
    vain_reads: usize,
    wrong: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>);

impl Server {
    pub(crate) fn new(tunnel: bool, unasked: Option<Vec<u8>>, faults: &[(usize, Fault)]) -> Self {
        Self(Arc::new(Mutex::new(State {
            plans: Vec::new(),
            unasked,
            tunnel,
            connections: Vec::new(),
            open: 0,
            faults: faults.to_vec(),
            calls: 0,
            start: Instant::now(),
            elapsed: Duration::ZERO,
            vain_reads: 0,
            wrong: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The request with this token is answered so.
    pub(crate) fn plan(&self, token: &str, plan: Plan) {
        let plans = &mut self.state().plans;
        plans.retain(|(known, _)| known != token);
        plans.push((token.to_owned(), plan));
    }

    pub(crate) fn stop_faults(&self) {
        self.state().faults.clear();
    }

    /// What was sent that may not be sent.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.state().wrong.clone()
    }

    pub(crate) fn vain_reads(&self) -> usize {
        self.state().vain_reads
    }

    pub(crate) fn open(&self) -> usize {
        self.state().open
    }

    /// The request with this token, as far as it came, and whether its final answer is due.
    pub(crate) fn request(&self, token: &str) -> Option<(Request, bool)> {
        let state = self.state();
        let mut connections = state.connections.iter().rev();
        connections.find_map(|connection| {
            let requests = &connection.reader.requests;
            let at = requests.iter().position(|r| r.token == token)?;
            let due = connection.leaves.is_some_and(|(request, when, _)| {
                request > at || request == at && connection.reached(at, when)
            });
            Some((requests[at].clone(), due))
        })
    }
}

impl Connect for Server {
    type Stream = End;

    fn connect(&mut self, _route: &mut Route<'_>) -> Result<End, HTTPException> {
        let mut state = self.state();
        let mut connection = Connection::default();
        connection.reader.host = if state.tunnel { INNER } else { "h" };
        connection
            .out
            .extend(state.unasked.take().map(|bytes| Piece {
                request: 0,
                when: When::Before,
                stalls: 0,
                bytes,
            }));
        state.connections.push(connection);
        state.open += 1;
        Ok(End {
            server: self.clone(),
            number: state.connections.len() - 1,
            read_timeout: None,
            write_timeout: None,
        })
    }
}

impl Clock for Server {
    fn now(&self) -> Instant {
        let state = self.state();
        state.start + state.elapsed
    }
}

/// The client's end of a connection.
pub(crate) struct End {
    server: Server,
    number: usize,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.server.state().open -= 1;
    }
}

impl State {
    /// Counts a call; the fault that is due.
    fn call(&mut self) -> Option<Fault> {
        let number = self.calls;
        self.calls += 1;
        assert!(number < 1_000_000, "calls without end");
        let fault = self.faults.iter().find(|(at, _)| *at == number);
        fault.map(|(_, fault)| *fault)
    }

    fn blocked(&mut self, timeout: Option<Duration>) -> io::Error {
        if timeout.is_none() {
            self.blame("a call that nothing would have ended".into());
        }
        self.elapsed += timeout.unwrap_or_default();
        ErrorKind::WouldBlock.into()
    }

    fn blame(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }

    fn take(&mut self, number: usize, bytes: &[u8]) {
        let connection = &mut self.connections[number];
        let known = connection.reader.requests.len();
        if let Err(wrong) = connection.reader.take(bytes) {
            return self.blame(wrong);
        }
        let connection = &mut self.connections[number];
        for request in known..connection.reader.requests.len() {
            self.begin(number, request);
        }
        let connection = &mut self.connections[number];
        if connection.switches && connection.left().is_some() {
            connection.reader.switch();
        }
    }

    /// The head of a request is there.
    fn begin(&mut self, number: usize, request: usize) {
        let connection = &mut self.connections[number];
        let token = connection.reader.requests[request].token.clone();
        let method = connection.reader.requests[request].method.clone();
        let unread = connection.out.iter().any(|piece| piece.request < request);
        let over = connection.ends || connection.switches || unread && request > 0;
        if over {
            return self.blame(format!("{token} behind an answer that is not over"));
        }
        let plan = match &*method {
            "CONNECT" => self.plans.iter().find(|(known, _)| known == "CONNECT"),
            _ => self.plans.iter().find(|(known, _)| *known == token),
        };
        let Some((_, plan)) = plan else {
            return self.blame(format!("{token} was never asked for"));
        };
        let plan = *plan;
        let (pieces, last) = plan.schedule(&token);
        let connection = &mut self.connections[number];
        // Late bytes that nobody asked for can't be told from an answer.
        let prompt = |when| plan.kind == Kind::StrayApart && when == When::End;
        connection
            .out
            .extend(pieces.into_iter().map(|(when, bytes)| Piece {
                request,
                when,
                stalls: if prompt(when) { 0 } else { plan.stalls },
                bytes,
            }));
        connection.leaves = Some((request, last, plan.leaves));
        connection.ends = plan.ends();
        connection.switches = plan.kind == Kind::Switches;
    }

    fn read(&mut self, end: (usize, Option<Duration>), output: &mut [u8]) -> io::Result<usize> {
        let (number, timeout) = end;
        let connection = &mut self.connections[number];
        if connection.dead {
            return Ok(0);
        }
        if connection.is_due() {
            let piece = connection.out.front_mut().unwrap();
            if piece.stalls > 0 {
                piece.stalls -= 1;
                return Err(self.blocked(timeout));
            }
            let count = piece.bytes.len().min(output.len());
            output[..count].copy_from_slice(&piece.bytes[..count]);
            piece.bytes.drain(..count);
            if piece.bytes.is_empty() {
                connection.out.pop_front();
            }
            return Ok(count);
        }
        if connection.ends && connection.left().is_some() {
            return Ok(0);
        }
        self.vain_reads += 1;
        Err(self.blocked(timeout))
    }

    fn write(&mut self, end: (usize, Option<Duration>), bytes: &[u8]) -> io::Result<usize> {
        let (number, timeout) = end;
        let connection = &self.connections[number];
        match connection.left() {
            _ if connection.dead => return Err(ErrorKind::BrokenPipe.into()),
            Some(Leaves::Gone(kind)) => return Err(kind.into()),
            Some(Leaves::StopsReading) => return Err(self.blocked(timeout)),
            _ => {}
        }
        let count = bytes.len().min(WRITE);
        self.take(number, &bytes[..count]);
        Ok(count)
    }
}

impl End {
    /// Makes one call, unless it is to fail.
    fn call<T>(
        &self,
        timeout: Option<Duration>,
        call: impl FnOnce(&mut State, bool) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.server.state();
        match state.call() {
            None => call(&mut state, false),
            Some(Fault::Short) => call(&mut state, true),
            Some(Fault::Blocks) => Err(state.blocked(timeout)),
            Some(Fault::Interrupted) => Err(ErrorKind::Interrupted.into()),
            Some(Fault::Fails(kind)) => {
                state.connections[self.number].dead = true;
                Err(kind.into())
            }
        }
    }
}

impl Read for End {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let end = (self.number, self.read_timeout);
        self.call(self.read_timeout, |state, short| {
            let room = if short {
                output.len().min(1)
            } else {
                output.len()
            };
            state.read(end, &mut output[..room])
        })
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = (self.number, self.write_timeout);
        self.call(self.write_timeout, |state, short| {
            let room = if short {
                bytes.len().min(1)
            } else {
                bytes.len()
            };
            state.write(end, &bytes[..room])
        })
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut all = Vec::new();
        for piece in pieces {
            let room = WRITE - all.len();
            all.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        self.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        // With nothing to hand over it may be called before a timeout was set.
        self.call(
            self.write_timeout
                .or(self.read_timeout)
                .or(Some(Duration::ZERO)),
            |_, _| Ok(()),
        )
    }
}

impl Stream for End {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        let state = self.server.state();
        let connection = &state.connections[self.number];
        if connection.dead {
            return Ok(Look::Closed);
        }
        let ready = connection
            .out
            .front()
            .is_some_and(|piece| piece.stalls == 0);
        let over = connection.ends && connection.left().is_some() && connection.out.is_empty();
        Ok(match (connection.is_due() && ready, over) {
            (true, _) => Look::Data,
            (_, true) => Look::Closed,
            _ => Look::Idle,
        })
    }
}
