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

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::connect::{Connect, Route};
use crate::error::{End, HTTPException};
use crate::transport::clock::Clock;
use crate::transport::stream::{Look, Stream};

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

/// What one connection of the peer does, step by step.
#[derive(Clone, Debug)]
pub struct Script {
    steps: VecDeque<Action>,
    end: Ending,
    /// Bytes that it takes before writing to it fails, and how.
    refuses: Option<(usize, ErrorKind)>,
    /// The most bytes that one write takes.
    write_size: usize,
}

#[derive(Clone, Debug)]
enum Action {
    Expect(Vec<u8>),
    ExpectHead,
    ExpectBytes(usize),
    Send(Vec<u8>),
    Wait(Duration),
    Fail(ErrorKind),
}

/// How a connection ends when its script is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It stays open and silent: a read runs into its timeout, or fails if it has none.
    #[default]
    Silence,
    /// In good order.
    Close,
    /// By a reset.
    Reset,
    /// As TLS ends without a closure alert.
    Truncate,
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::Closed => Self::Close,
            End::Reset => Self::Reset,
            End::Truncated => Self::Truncate,
        }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// A peer that does nothing and stays silent.
    pub fn new() -> Self {
        Self {
            steps: VecDeque::new(),
            end: Ending::Silence,
            refuses: None,
            write_size: usize::MAX,
        }
    }

    /// A peer that waits for a request's head, sends these bytes and closes.
    pub fn answer(bytes: impl AsRef<[u8]>) -> Self {
        Self::new().expect_head().send(bytes).end(Ending::Close)
    }

    fn step(mut self, action: Action) -> Self {
        self.steps.push_back(action);
        self
    }

    /// Waits for exactly these bytes.
    pub fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Action::Expect(bytes.as_ref().to_vec()))
    }

    /// Waits for the head of a request, whatever it says.
    pub fn expect_head(self) -> Self {
        self.step(Action::ExpectHead)
    }

    /// Waits for so many bytes, whatever they are.
    pub fn expect_bytes(self, count: usize) -> Self {
        self.step(Action::ExpectBytes(count))
    }

    /// Sends bytes; one read returns no more than these.
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        match bytes.as_ref() {
            [] => self,
            bytes => self.step(Action::Send(bytes.to_vec())),
        }
    }

    /// Sends bytes in pieces of these sizes, over and over.
    pub fn send_pieces(mut self, bytes: impl AsRef<[u8]>, sizes: &[usize]) -> Self {
        let mut rest = bytes.as_ref();
        for size in sizes.iter().cycle() {
            let size = (*size).max(1).min(rest.len());
            let (now, later) = rest.split_at_checked(size).unwrap_or((rest, &[]));
            self = self.send(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        self
    }

    /// Lets time pass on the virtual clock, while the client reads or is blocked in a write.
    pub fn wait(self, time: Duration) -> Self {
        self.step(Action::Wait(time))
    }

    /// Makes one read fail with this kind of error, and then goes on. `WouldBlock` is a read that
    /// runs into its timeout, `TimedOut` (except on Windows) one whose peer is dead.
    pub fn fail(self, kind: ErrorKind) -> Self {
        self.step(Action::Fail(kind))
    }

    /// How the connection ends.
    pub fn end(mut self, end: Ending) -> Self {
        self.end = end;
        self
    }

    /// Takes so many bytes; writing more fails with this kind of error. `WouldBlock` is a write
    /// that runs into its timeout.
    pub fn refuse_writes(mut self, after: usize, kind: ErrorKind) -> Self {
        self.refuses = Some((after, kind));
        self
    }

    /// Takes at most so many bytes with one write.
    pub fn write_size(mut self, most: usize) -> Self {
        self.write_size = most.max(1);
        self
    }
}

/// How often each call was made, and how many bytes went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    /// Connections asked for.
    pub connects: usize,
    /// Reads.
    pub reads: usize,
    /// Writes, vectored ones included.
    pub writes: usize,
    /// Flushes.
    pub flushes: usize,
    /// Timeouts set.
    pub timeouts: usize,
    /// Looks.
    pub looks: usize,
    /// Goodbyes.
    pub shutdowns: usize,
    /// Bytes that the client read.
    pub bytes_read: u64,
    /// Bytes that the client wrote.
    pub bytes_written: u64,
    /// Streams that are open now.
    pub open: usize,
    /// All calls together.
    pub all: usize,
}

impl Calls {
    fn count(&mut self, call: Call) {
        let counter = match call {
            Call::Connect => &mut self.connects,
            Call::Read => &mut self.reads,
            Call::Write => &mut self.writes,
            Call::Flush => &mut self.flushes,
            Call::Timeout => &mut self.timeouts,
            Call::Look => &mut self.looks,
            Call::Shutdown => &mut self.shutdowns,
        };
        *counter = counter.saturating_add(1);
    }
}

/// A misbehaviour of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It fails with this kind of error; `WouldBlock` is a timeout.
    Error(ErrorKind),
    /// A read or write handles one byte only; other calls are as ever.
    Short,
    /// A read or write returns 0; other calls are as ever.
    Zero,
    /// So much time passes first.
    Slow(Duration),
    /// A look sees this; other calls are as ever.
    Look(Look),
}

/// The kinds of calls that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// A connection was asked for.
    Connect,
    /// A read.
    Read,
    /// A write, vectored or not.
    Write,
    /// A flush.
    Flush,
    /// A timeout was set.
    Timeout,
    /// A look.
    Look,
    /// A goodbye.
    Shutdown,
}

#[derive(Debug)]
struct State {
    scripts: VecDeque<Script>,
    /// What each connection was sent.
    received: Vec<Vec<u8>>,
    calls: Calls,
    /// From which call on, up to before which, and what.
    faults: Vec<(usize, usize, Fault)>,
    hits: Vec<(usize, Call, Fault)>,
    mismatch: Option<String>,
    start: Instant,
    elapsed: Duration,
}

/// A peer with one script for each connection; clones are the same peer. It is a connector and
/// its own virtual clock.
#[derive(Clone, Debug)]
pub struct Peer {
    state: Arc<Mutex<State>>,
}

impl Peer {
    /// A peer whose connections follow these scripts, one after the other; a further connection is
    /// refused.
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                scripts: scripts.into_iter().collect(),
                received: Vec::new(),
                calls: Calls::default(),
                faults: Vec::new(),
                hits: Vec::new(),
                mismatch: None,
                start: Instant::now(),
                elapsed: Duration::ZERO,
            })),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call with this number (from 0, over all kinds of calls) misbehave.
    pub fn fault_once(&self, call: usize, fault: Fault) {
        self.fault_between(call, call.saturating_add(1), fault);
    }

    /// Makes the call with this number and all later ones misbehave.
    pub fn fault_from(&self, call: usize, fault: Fault) {
        self.fault_between(call, usize::MAX, fault);
    }

    /// Makes the calls from this number on and up to before that one misbehave.
    pub fn fault_between(&self, from: usize, to: usize, fault: Fault) {
        self.state().faults.push((from, to, fault));
    }

    /// Lets no further call misbehave.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// The calls that were told to misbehave so far: their numbers, their kinds, and how. Some
    /// faults mean nothing to some kinds of calls; see [`Fault`].
    pub fn hits(&self) -> Vec<(usize, Call, Fault)> {
        self.state().hits.clone()
    }

    /// Replaces the scripts of the connections that are still to come.
    pub fn set_scripts(&self, scripts: impl IntoIterator<Item = Script>) {
        self.state().scripts = scripts.into_iter().collect();
    }

    /// What was called so far.
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// What the connection with this number (from 0) was sent.
    pub fn received(&self, connection: usize) -> Vec<u8> {
        self.state()
            .received
            .get(connection)
            .cloned()
            .unwrap_or_default()
    }

    /// How much virtual time has passed.
    pub fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    /// Lets virtual time pass.
    pub fn pass(&self, time: Duration) {
        self.state().pass(time);
    }

    /// Checks that everything sent so far was expected.
    ///
    /// # Errors
    /// `Io` with what was expected and what came.
    pub fn check(&self) -> Result<(), HTTPException> {
        match &self.state().mismatch {
            Some(mismatch) => Err(io::Error::other(mismatch.clone()).into()),
            None => Ok(()),
        }
    }

    /// The next script's stream, as connecting gives it.
    ///
    /// # Errors
    /// `ConnectionRefused` if there is no script left; an injected fault.
    pub fn accept(&self) -> io::Result<PeerStream> {
        let mut state = self.state();
        state.calls.count(Call::Connect);
        match state.next_fault(Call::Connect) {
            Some(Fault::Error(kind)) => return Err(kind.into()),
            Some(Fault::Slow(time)) => state.pass(time),
            _ => {}
        }
        let script = state
            .scripts
            .pop_front()
            .ok_or(ErrorKind::ConnectionRefused)?;
        state.received.push(Vec::new());
        state.calls.open = state.calls.open.saturating_add(1);
        let connection = state.received.len().saturating_sub(1);
        Ok(PeerStream {
            peer: self.clone(),
            script,
            connection,
            matched: 0,
            read_timeout: None,
            write_timeout: None,
        })
    }
}

impl State {
    fn pass(&mut self, time: Duration) {
        self.elapsed = self.elapsed.saturating_add(time);
    }

    /// Counts a call and says how it is to misbehave.
    fn next_fault(&mut self, call: Call) -> Option<Fault> {
        let number = self.calls.all;
        self.calls.all = number.saturating_add(1);
        let mut faults = self.faults.iter();
        let (_, _, fault) = faults.find(|(from, to, _)| (*from..*to).contains(&number))?;
        self.hits.push((number, call, *fault));
        Some(*fault)
    }
}

impl Connect for Peer {
    type Stream = PeerStream;

    fn connect(&mut self, _route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        Ok(self.accept()?)
    }
}

impl Clock for Peer {
    fn now(&self) -> Instant {
        let state = self.state();
        state
            .start
            .checked_add(state.elapsed)
            .unwrap_or(state.start)
    }
}

/// The client's end of a connection to a [`Peer`].
#[derive(Debug)]
pub struct PeerStream {
    peer: Peer,
    script: Script,
    connection: usize,
    /// How many of the received bytes the script has expected so far.
    matched: usize,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Drop for PeerStream {
    fn drop(&mut self) {
        let mut state = self.peer.state();
        state.calls.open = state.calls.open.saturating_sub(1);
    }
}

impl PeerStream {
    /// A single connection that follows this script.
    ///
    /// # Errors
    /// None: the peer behind it has the script.
    pub fn new(script: Script) -> io::Result<Self> {
        Peer::new([script]).accept()
    }

    /// The peer it leads to.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether the next step can be taken: an expectation is met, or something else is due.
    fn meet_expectations(&mut self) -> bool {
        loop {
            let state = self.peer.state();
            let received = state.received.get(self.connection);
            let rest = received
                .and_then(|received| received.get(self.matched..))
                .unwrap_or_default();
            let met = match self.script.steps.front() {
                Some(Action::Expect(bytes)) => expect_bytes(bytes, rest),
                Some(Action::ExpectHead) => expect_head(rest),
                Some(Action::ExpectBytes(count)) => (rest.len() >= *count).then_some(*count),
                _ => return true,
            };
            let mismatch = describe_mismatch(self.script.steps.front(), rest);
            drop(state);
            let Some(count) = met else {
                self.note_mismatch(mismatch);
                return false;
            };
            self.matched = self.matched.saturating_add(count);
            self.script.steps.pop_front();
        }
    }

    fn note_mismatch(&self, mismatch: Option<String>) {
        let mut state = self.peer.state();
        state.mismatch = state.mismatch.take().or(mismatch);
    }

    /// One read, without injected faults.
    fn read_step(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if !self.meet_expectations() {
            return self.silence("the peer still expects something");
        }
        match self.script.steps.pop_front() {
            Some(Action::Send(bytes)) => Ok(self.deliver(&bytes, output)),
            Some(Action::Wait(time)) => self.wait(time, output),
            Some(Action::Fail(kind)) => Err(kind.into()),
            _ => match self.script.end {
                Ending::Silence => self.silence("the peer is silent for ever"),
                Ending::Close => Ok(0),
                Ending::Reset => Err(ErrorKind::ConnectionReset.into()),
                Ending::Truncate => Err(ErrorKind::UnexpectedEof.into()),
            },
        }
    }

    fn deliver(&mut self, bytes: &[u8], output: &mut [u8]) -> usize {
        let count = bytes.len().min(output.len());
        let (now, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        if let Some(place) = output.get_mut(..count) {
            place.copy_from_slice(now);
        }
        if !later.is_empty() {
            self.script.steps.push_front(Action::Send(later.to_vec()));
        }
        let mut state = self.peer.state();
        let more = u64::try_from(count).unwrap_or(u64::MAX);
        state.calls.bytes_read = state.calls.bytes_read.saturating_add(more);
        count
    }

    fn wait(&mut self, time: Duration, output: &mut [u8]) -> io::Result<usize> {
        match self.read_timeout.filter(|timeout| *timeout < time) {
            Some(timeout) => {
                let rest = time.saturating_sub(timeout);
                self.script.steps.push_front(Action::Wait(rest));
                self.peer.pass(timeout);
                Err(ErrorKind::WouldBlock.into())
            }
            None => {
                self.peer.pass(time);
                self.read_step(output)
            }
        }
    }

    /// A read that would block for ever runs into its timeout.
    fn silence(&self, what: &str) -> io::Result<usize> {
        match self.read_timeout {
            Some(timeout) => {
                self.peer.pass(timeout);
                Err(ErrorKind::WouldBlock.into())
            }
            None => Err(io::Error::other(what)),
        }
    }

    fn take_fault(&self, call: Call) -> Option<Fault> {
        let mut state = self.peer.state();
        state.calls.count(call);
        match state.next_fault(call) {
            Some(Fault::Slow(time)) => {
                state.pass(time);
                None
            }
            fault => fault,
        }
    }

    fn write_step(&mut self, bytes: &[u8], most: usize) -> io::Result<usize> {
        let mut state = self.peer.state();
        let Some(received) = state.received.get_mut(self.connection) else {
            return Err(ErrorKind::NotConnected.into());
        };
        let mut count = bytes.len().min(most).min(self.script.write_size);
        if let Some((after, kind)) = self.script.refuses {
            count = count.min(after.saturating_sub(received.len()));
            if count == 0 && !bytes.is_empty() {
                drop(state);
                let blocked = self.write_timeout.filter(|_| kind == ErrorKind::WouldBlock);
                self.pass_blocked(blocked.unwrap_or_default());
                return Err(kind.into());
            }
        }
        received.extend_from_slice(bytes.get(..count).unwrap_or_default());
        let more = u64::try_from(count).unwrap_or(u64::MAX);
        state.calls.bytes_written = state.calls.bytes_written.saturating_add(more);
        Ok(count)
    }

    /// While the client is blocked in a write, what the peer waits for comes nearer.
    fn pass_blocked(&mut self, time: Duration) {
        self.peer.pass(time);
        if !self.meet_expectations() {
            return;
        }
        if let Some(Action::Wait(left)) = self.script.steps.front_mut() {
            *left = left.saturating_sub(time);
            if left.is_zero() {
                self.script.steps.pop_front();
            }
        }
    }

    fn write_with_faults(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fault = self.take_fault(Call::Write);
        match fault {
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::Zero) => Ok(0),
            Some(Fault::Short) => self.write_step(bytes, 1),
            _ => self.write_step(bytes, usize::MAX),
        }
    }
}

fn expect_bytes(expected: &[u8], rest: &[u8]) -> Option<usize> {
    rest.starts_with(expected).then_some(expected.len())
}

fn expect_head(rest: &[u8]) -> Option<usize> {
    rest.windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at.saturating_add(4))
}

/// What came where something else was expected, if it can't become that any more.
fn describe_mismatch(step: Option<&Action>, rest: &[u8]) -> Option<String> {
    let Some(Action::Expect(bytes)) = step else {
        return None;
    };
    let common = bytes.len().min(rest.len());
    if bytes.get(..common) == rest.get(..common) {
        return None;
    }
    Some(format!(
        "expected \"{}\", got \"{}\"",
        bytes.escape_ascii(),
        rest.escape_ascii()
    ))
}

impl Read for PeerStream {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let fault = self.take_fault(Call::Read);
        match fault {
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::Zero) => Ok(0),
            Some(Fault::Short) => self.read_step(output.get_mut(..1).unwrap_or_default()),
            _ => self.read_step(output),
        }
    }
}

impl Write for PeerStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with_faults(bytes)
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.iter())
            .copied()
            .collect();
        self.write_with_faults(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.take_fault(Call::Flush) {
            Some(Fault::Error(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl Stream for PeerStream {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.read_timeout = timeout;
        self.timeout_set()
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeout = timeout;
        self.timeout_set()
    }

    fn shutdown(&mut self) -> io::Result<()> {
        match self.take_fault(Call::Shutdown) {
            Some(Fault::Error(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn look(&mut self) -> io::Result<Look> {
        match self.take_fault(Call::Look) {
            Some(Fault::Error(kind)) => return Err(kind.into()),
            Some(Fault::Look(look)) => return Ok(look),
            _ => {}
        }
        if !self.meet_expectations() {
            return Ok(Look::Idle);
        }
        Ok(match (self.script.steps.front(), self.script.end) {
            (Some(Action::Send(_)), _) => Look::Data,
            (Some(_), _) | (None, Ending::Silence) => Look::Idle,
            (None, Ending::Close) => Look::Closed,
            (None, Ending::Reset | Ending::Truncate) => {
                return Err(ErrorKind::ConnectionReset.into());
            }
        })
    }
}

impl PeerStream {
    fn timeout_set(&self) -> io::Result<()> {
        match self.take_fault(Call::Timeout) {
            Some(Fault::Error(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }
}
