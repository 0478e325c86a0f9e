//! The scripted peer: one script for each connection, counters, faults, and a virtual clock.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::HTTPException;
use crate::testing::script::Script;
use crate::transport::clock::Clock;
use crate::transport::stream::Look;

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
    pub(super) fn count(&mut self, call: Call) {
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
pub(super) struct State {
    pub(super) scripts: VecDeque<Script>,
    /// What each connection was sent.
    pub(super) received: Vec<Vec<u8>>,
    pub(super) calls: Calls,
    /// From which call on, up to before which, and what.
    pub(super) faults: Vec<(usize, usize, Fault)>,
    pub(super) hits: Vec<(usize, Call, Fault)>,
    pub(super) mismatch: Option<String>,
    pub(super) start: Instant,
    pub(super) elapsed: Duration,
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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
}

impl State {
    pub(super) fn pass(&mut self, time: Duration) {
        self.elapsed = self.elapsed.saturating_add(time);
    }

    /// Counts a call and says how it is to misbehave.
    pub(super) fn next_fault(&mut self, call: Call) -> Option<Fault> {
        let number = self.calls.all;
        self.calls.all = number.saturating_add(1);
        let mut faults = self.faults.iter();
        let (_, _, fault) = faults.find(|(from, to, _)| (*from..*to).contains(&number))?;
        self.hits.push((number, call, *fault));
        Some(*fault)
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
