//! Connecting to Unix-domain sockets within a time, for which `std` has no limit: it takes a thread,
//! or the feature `sys`.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
#[cfg(not(all(feature = "sys", target_os = "linux")))]
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::client::connect::{Connect, Route};
use crate::error::{HTTPException, Retry, Step};
use crate::transport::wire::stream_error;

/// Connects to a Unix-domain socket; host and port only go into `Host`.
///
/// Connecting waits while the queue of the listener is full. Where there is a limit for it (a
/// connect timeout or a deadline), a thread of its own connects, since `std` knows no limit there;
/// after a timeout the thread stays until the system has an answer for it. With the feature `sys`
/// on Linux there is no thread.
#[derive(Clone, Debug)]
pub struct Unix {
    path: PathBuf,
}

impl Unix {
    /// The socket at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Connect for Unix {
    type Stream = UnixStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<UnixStream, HTTPException> {
        let connected = match route.time().remaining(Step::Connect)? {
            Some(time) => connect_within(&self.path, time),
            None => UnixStream::connect(&self.path),
        };
        connected.map_err(|error| stream_error(error, Step::Connect, Retry::default()))
    }
}

#[cfg(all(feature = "sys", target_os = "linux"))]
fn connect_within(path: &Path, time: Duration) -> io::Result<UnixStream> {
    crate::transport::sys::connect_unix(path, time)
}

/// A stream that comes too late is dropped by the last who knows of it, which closes it.
#[cfg(not(all(feature = "sys", target_os = "linux")))]
fn connect_within(path: &Path, time: Duration) -> io::Result<UnixStream> {
    let path = path.to_owned();
    let answer = Arc::new((Mutex::new(None), Condvar::new()));
    let told = Arc::clone(&answer);
    let dial = move || {
        let connected = UnixStream::connect(path);
        *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connected);
        told.1.notify_one();
    };
    std::thread::Builder::new().spawn(dial)?;
    let (slot, filled) = &*answer;
    let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = filled.wait_timeout_while(slot, time, |connected| connected.is_none());
    let (mut slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
    slot.take()
        .unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
}
