//! The connections that are open, and the end of a server: none is accepted any more, idle ones
//! close, the others have a grace time.
//!
//! A connection marks itself idle before it looks whether the server stops; who stops the server
//! says so before looking for idle connections: so one of both sees the other. An idle connection
//! becomes busy, or is closed, by one exchange of its state: so it knows which.

use std::net::Shutdown as Half;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::server::socket::{Listening, Socket};

/// Ends a server from another thread, or from a handler. Clones end the same server.
#[derive(Clone, Debug)]
pub struct Shutdown {
    registry: Weak<Registry>,
}

impl Shutdown {
    /// Ends the server in good order: it accepts no further connection, idle ones are closed,
    /// requests under way have [`Times::grace`](crate::server::Times::grace) to end. Does not wait:
    /// `serve_forever` returns when all that is done, so that this can't block on itself
    /// (`BaseServer.shutdown` can).
    pub fn shutdown(&self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.stop();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Registry {
    listening: Arc<Listening>,
    stopping: AtomicBool,
    /// Threads that accept connections.
    serving: AtomicUsize,
    ending: Mutex<Ending>,
    open: Mutex<Vec<Arc<Entry>>>,
    changed: Condvar,
}

/// Who ends, after the grace time, the requests that are under way when a server is stopped whose own
/// thread serves one of them.
#[derive(Debug, Default)]
struct Ending {
    grace: Option<Duration>,
    thread: Option<JoinHandle<()>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Entry {
    socket: Arc<Socket>,
    state: AtomicU8,
}

/// A request is under way.
const BUSY: u8 = 0;
/// A request is awaited.
const IDLE: u8 = 1;
/// It was idle when the server was stopped: nothing more is read.
const CLOSED: u8 = 2;

impl Entry {
    /// Whether the connection was idle, and is now what is said.
    fn leave_idle(&self, for_state: u8) -> bool {
        let (done, other) = (Ordering::SeqCst, Ordering::SeqCst);
        let left = self.state.compare_exchange(IDLE, for_state, done, other);
        left.is_ok()
    }
}

impl Registry {
    pub(crate) fn new(listening: Arc<Listening>) -> Arc<Self> {
        Arc::new(Self {
            listening,
            stopping: AtomicBool::new(false),
            serving: AtomicUsize::new(0),
            ending: Mutex::default(),
            open: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn shutdown_of(self: &Arc<Self>) -> Shutdown {
        Shutdown {
            registry: Arc::downgrade(self),
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// A thread begins to accept connections; with a grace time if it serves them itself.
    pub(crate) fn begin_serving(&self, grace: Option<Duration>) {
        self.serving.fetch_add(1, Ordering::SeqCst);
        self.ending().grace = grace;
    }

    /// It accepts no more, since the server was stopped or it had what it waited for. The last one
    /// that was stopped lets the server serve again; the others have the next one woken.
    pub(crate) fn end_serving(&self, stopped: bool) {
        let others = self.serving.fetch_sub(1, Ordering::SeqCst) > 1;
        if !stopped {
            return;
        }
        let ends = self.ending().thread.take();
        // It can't panic, and would have nothing to tell.
        let _ = ends.map(JoinHandle::join);
        if others {
            self.listening.wake();
        } else {
            self.stopping.store(false, Ordering::SeqCst);
        }
    }

    fn stop(self: &Arc<Self>) {
        self.stopping.store(true, Ordering::SeqCst);
        let mut busy = false;
        for entry in self.open().iter() {
            if entry.leave_idle(CLOSED) {
                entry.socket.shutdown(Half::Read);
            } else {
                busy = true;
            }
        }
        if busy {
            self.end_after_grace();
        }
        self.changed.notify_all();
        self.listening.wake();
    }

    /// Where no thread waits for the end, since it serves, one is started for that.
    fn end_after_grace(self: &Arc<Self>) {
        let mut ending = self.ending();
        let (Some(grace), None) = (ending.grace, &ending.thread) else {
            return;
        };
        let registry = Arc::clone(self);
        let thread = thread::Builder::new().stack_size(65_536);
        // Without it requests under way end by their own times.
        ending.thread = thread.spawn(move || registry.wait_for_end(grace)).ok();
    }

    fn ending(&self) -> MutexGuard<'_, Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there are fewer connections than `most`; false if the server stops meanwhile.
    pub(crate) fn wait_for_room(&self, most: usize) -> bool {
        let open = self.open();
        let waited = self.changed.wait_while(open, |open| {
            open.len() >= most.max(1) && !self.is_stopping()
        });
        drop(waited);
        !self.is_stopping()
    }

    /// Waits until all connections have ended, at most so long; then ends the others.
    pub(crate) fn wait_for_end(&self, grace: Duration) {
        let waited = self
            .changed
            .wait_timeout_while(self.open(), grace, |open| !open.is_empty());
        let (open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        for entry in open.iter() {
            entry.socket.shutdown(Half::Both);
        }
    }

    /// Notes a connection, as long as what is returned lives.
    pub(crate) fn enter(self: &Arc<Self>, socket: Arc<Socket>) -> Registered {
        let entry = Arc::new(Entry {
            socket,
            state: AtomicU8::new(BUSY),
        });
        self.open().push(Arc::clone(&entry));
        Registered {
            registry: Arc::clone(self),
            entry,
        }
    }
}

/// A connection that is noted.
#[derive(Debug)]
pub(crate) struct Registered {
    registry: Arc<Registry>,
    entry: Arc<Entry>,
}

/// What a connection tells about its waiting for requests.
pub(crate) trait Idle {
    /// The connection waits for a request; false if it must not.
    fn begins(&self) -> bool;

    /// It waits no longer: the first bytes of a request are there.
    fn ends(&self);

    /// Whether nothing more of the request can come, since the server was stopped before it began.
    fn was_closed(&self) -> bool;

    /// Whether a further request may be served.
    fn goes_on(&self) -> bool;
}

impl Idle for Registered {
    fn begins(&self) -> bool {
        self.entry.state.store(IDLE, Ordering::SeqCst);
        !self.registry.is_stopping()
    }

    fn ends(&self) {
        self.entry.leave_idle(BUSY);
    }

    fn was_closed(&self) -> bool {
        self.entry.state.load(Ordering::SeqCst) == CLOSED
    }

    fn goes_on(&self) -> bool {
        !self.registry.is_stopping()
    }
}

/// A stream of the caller's own can't be woken; between two requests it learns of the end.
impl Idle for Arc<Registry> {
    fn begins(&self) -> bool {
        !self.is_stopping()
    }

    fn ends(&self) {}

    fn was_closed(&self) -> bool {
        false
    }

    fn goes_on(&self) -> bool {
        !self.is_stopping()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut open = self.registry.open();
        open.retain(|entry| !Arc::ptr_eq(entry, &self.entry));
        drop(open);
        self.registry.changed.notify_all();
    }
}
