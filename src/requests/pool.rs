//! The pool: connections that wait for their next request (`urllib3.PoolManager`).
//!
//! The last that came back is the first that goes out. A connection comes back at the proven end of
//! a response and at no other time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::dial::Dialer;
use super::options::TlsSettings;
use crate::HTTPConnection;
use crate::urllib::{Proxy, Url};

/// It is handed on several times for each request.
pub(super) type Connection = Box<HTTPConnection<Dialer>>;

/// Connections with equal keys can stand for each other.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Of which scheme, host and port count; a trailing dot makes another name to be dialled.
    pub(super) url: Url,
    pub(super) proxy: Option<Proxy>,
    pub(super) tls: Option<TlsSettings>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let site = |url: &Url| (url.scheme(), url.port());
        site(&self.url) == site(&other.url)
            && self.url.hostname() == other.url.hostname()
            && self.proxy == other.proxy
            && self.tls == other.tls
    }
}

/// How many connections are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolLimits {
    /// Keys with idle connections.
    pub(super) connections: usize,
    /// Connections of one key: kept, and with `block` at all.
    pub(super) maxsize: usize,
    pub(super) block: bool,
}

pub(super) struct Pool {
    limits: PoolLimits,
    hosts: Mutex<Vec<Host>>,
    freed: Condvar,
}

/// The connections of a key; the hosts stand in the order of their last use.
struct Host {
    key: Key,
    idle: Vec<Connection>,
    lent: usize,
}

/// A connection that is lent out. It goes back by [`Self::give_back`] alone, and is closed else.
pub(super) struct Lease {
    pool: Arc<Pool>,
    key: Key,
    connection: Option<Connection>,
    clean: bool,
}

impl Pool {
    pub(super) fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            hosts: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    fn hosts(&self) -> MutexGuard<'_, Vec<Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of this key, with one that is idle if there is any. Nothing
    /// if none becomes free in time.
    pub(super) fn lend(self: &Arc<Self>, key: &Key, time: Option<Duration>) -> Option<Lease> {
        let is_full = |hosts: &mut Vec<Host>| {
            let full = |host: &Host| host.key == *key && host.lent >= self.limits.maxsize;
            self.limits.block && hosts.iter().any(full)
        };
        let mut hosts = match time {
            Some(time) => {
                let waited = self.freed.wait_timeout_while(self.hosts(), time, is_full);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.freed.wait_while(self.hosts(), is_full);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        if is_full(&mut hosts) {
            return None;
        }
        let host = newest(&mut hosts, key)?;
        host.lent = host.lent.saturating_add(1);
        let connection = host.idle.pop();
        let forgotten = self.forget_oldest(&mut hosts);
        drop(hosts);
        drop(forgotten);
        Some(Lease {
            pool: self.clone(),
            key: key.clone(),
            connection,
            clean: false,
        })
    }

    /// Takes out the hosts that were not used for longest. Their connections are closed by who gets
    /// them, when nobody waits for the lock.
    fn forget_oldest(&self, hosts: &mut Vec<Host>) -> Vec<Host> {
        let mut forgotten = Vec::new();
        while hosts.len() > self.limits.connections.max(1) {
            let Some(unused) = hosts.iter().position(|host| host.lent == 0) else {
                break;
            };
            forgotten.push(hosts.remove(unused));
        }
        forgotten
    }

    /// Closes every idle connection.
    pub(super) fn clear(&self) {
        let mut idle = Vec::new();
        for host in self.hosts().iter_mut() {
            idle.append(&mut host.idle);
        }
    }

    /// The idle connections.
    pub(super) fn idle(&self) -> usize {
        let hosts = self.hosts();
        hosts
            .iter()
            .fold(0, |sum, host| sum.saturating_add(host.idle.len()))
    }

    fn returned(&self, key: &Key, connection: Option<Connection>) {
        let mut hosts = self.hosts();
        if let Some(host) = newest(&mut hosts, key) {
            host.lent = host.lent.saturating_sub(1);
            if host.idle.len() < self.limits.maxsize {
                host.idle.extend(connection);
            }
        }
        let forgotten = self.forget_oldest(&mut hosts);
        drop(hosts);
        drop(forgotten);
        // Nobody waits in a pool that does not block, and a wake-up is a system call even so.
        if self.limits.block {
            self.freed.notify_all();
        }
    }
}

/// The entry of a key, as the last of all.
fn newest<'a>(hosts: &'a mut Vec<Host>, key: &Key) -> Option<&'a mut Host> {
    match hosts.iter().rposition(|host| host.key == *key) {
        Some(place) => hosts.get_mut(place..)?.rotate_left(1),
        None => hosts.push(Host {
            key: key.clone(),
            idle: Vec::new(),
            lent: 0,
        }),
    }
    hosts.last_mut()
}

impl Lease {
    /// The connection, if there was an idle one.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    pub(super) fn put(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    /// Closes the connection; the place stays.
    pub(super) fn discard(&mut self) {
        self.connection = None;
    }

    /// The response is at its proven end: the connection may serve the next request.
    pub(super) fn give_back(mut self) {
        self.clean = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let usable = |connection: &Connection| {
            connection.is_connected() && connection.close_reason().is_none()
        };
        let connection = self.connection.take();
        let kept = connection.filter(|connection| self.clean && usable(connection));
        self.pool.returned(&self.key, kept);
    }
}
