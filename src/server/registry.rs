//! The connections that are open, and the end of a server: none is accepted any more, idle ones
//! close, the others have a grace time.
//!
//! A connection marks itself idle before it looks whether the server stops; who stops the server
//! says so before looking for idle connections: so one of both sees the other.

use std::net::Shutdown as Half;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
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
    open: Mutex<Vec<Arc<Entry>>>,
    changed: Condvar,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Entry {
    socket: Arc<Socket>,
    idle: AtomicBool,
}

impl Registry {
    pub(crate) fn new(listening: Arc<Listening>) -> Arc<Self> {
        Arc::new(Self {
            listening,
            stopping: AtomicBool::new(false),
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

    /// Lets the server serve again after it was stopped.
    pub(crate) fn restart(&self) {
        self.stopping.store(false, Ordering::SeqCst);
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for entry in self.open().iter() {
            if entry.idle.load(Ordering::SeqCst) {
                entry.socket.shutdown(Half::Read);
            }
        }
        self.changed.notify_all();
        self.listening.wake();
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
            idle: AtomicBool::new(false),
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

    /// It waits no longer.
    fn ends(&self);

    /// Whether a further request may be served.
    fn goes_on(&self) -> bool;
}

impl Idle for Registered {
    fn begins(&self) -> bool {
        self.entry.idle.store(true, Ordering::SeqCst);
        !self.registry.is_stopping()
    }

    fn ends(&self) {
        self.entry.idle.store(false, Ordering::SeqCst);
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
