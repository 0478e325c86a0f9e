//! The client's end of a connection to a scripted peer.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use crate::client::connect::{Connect, Route};
use crate::error::HTTPException;
use crate::testing::peer::{Call, Fault, Peer};
use crate::testing::script::{Action, Ending, Script};
use crate::transport::stream::{Look, Stream};

impl Peer {
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

impl Connect for Peer {
    type Stream = PeerStream;

    fn connect(&mut self, _route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        Ok(self.accept()?)
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
