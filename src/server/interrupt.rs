//! Ctrl-C, which `std` can't catch (Python's `KeyboardInterrupt`). With the feature `sys`, on Linux.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use crate::transport::sys;

/// The interrupt of this process (SIGINT, Ctrl-C), caught: it can be waited for.
///
/// Only the first one is: another one ends the process at once, so that nobody has to wait for an
/// end in good order.
///
/// ```no_run
/// use stdhttp::server::{HTTPServer, Interrupt, SimpleHTTPRequestHandler};
///
/// let server = HTTPServer::bind("127.0.0.1:8000", SimpleHTTPRequestHandler::new(".")?)?;
/// let interrupt = Interrupt::catch()?;
/// let shutdown = server.shutdown_handle();
/// std::thread::spawn(move || {
///     interrupt.wait();
///     shutdown.shutdown();
/// });
/// server.serve_forever();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Interrupt {
    told: UnixStream,
}

impl Interrupt {
    /// Catches the interrupt from now on. One that the process ignores, as one started in the
    /// background by a script does, stays ignored.
    ///
    /// # Errors
    /// Those of the system.
    pub fn catch() -> io::Result<Self> {
        let (told, tells) = UnixStream::pair()?;
        sys::tell_interrupt(tells)?;
        Ok(Self { told })
    }

    /// Waits for the interrupt. Where it is ignored, or was caught again, that is for ever.
    pub fn wait(mut self) {
        // An end tells it too.
        let _ = self.told.read_exact(&mut [0]);
    }
}
