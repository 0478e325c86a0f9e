//! Scripts: what one connection of a scripted peer does.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

use crate::error::End;

/// What one connection of the peer does, step by step.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) steps: VecDeque<Action>,
    pub(super) end: Ending,
    /// Bytes that it takes before writing to it fails, and how.
    pub(super) refuses: Option<(usize, ErrorKind)>,
    /// The most bytes that one write takes.
    pub(super) write_size: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Action {
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
