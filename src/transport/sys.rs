//! What `std` can't do, on Linux: bind a socket before it connects, limit the time of connecting to
//! a Unix socket, peek without blocking in one call, `sendfile(2)`, and catch the interrupt. The only
//! file with `unsafe` code; it is compiled with the feature `sys` alone.
//!
//! The system calls are declared by hand, with the numbers of Linux's ABI, so that there is no
//! dependency. Whatever `std` can do with a socket (its timeouts, its pending error) is left to it.

use std::ffi::{c_int, c_short, c_ulong, c_void};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
#[cfg(feature = "server")]
use std::os::fd::IntoRawFd;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;
#[cfg(feature = "server")]
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

// MIPS and SPARC have numbers of their own.
const MIPS: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6"
));
const SPARC: bool = cfg!(any(target_arch = "sparc", target_arch = "sparc64"));

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_STREAM: c_int = if MIPS { 2 } else { 1 };
const SOCK_CLOEXEC: c_int = if SPARC { 0x40_0000 } else { 0x8_0000 };
const POLLOUT: c_short = 4;
const MSG_PEEK: c_int = 2;
const MSG_DONTWAIT: c_int = 0x40;
const EINPROGRESS: i32 = if MIPS {
    150
} else if SPARC {
    36
} else {
    115
};

#[cfg(feature = "server")]
const SIGINT: c_int = 2;
/// What a process does about a signal, where that is no function of its own.
#[cfg(feature = "server")]
const SIG_DFL: usize = 0;
#[cfg(feature = "server")]
const SIG_IGN: usize = 1;
#[cfg(feature = "server")]
const SIG_ERR: usize = usize::MAX;

unsafe extern "C" {
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn bind(socket: c_int, address: *const c_void, length: u32) -> c_int;
    fn connect(socket: c_int, address: *const c_void, length: u32) -> c_int;
    fn recv(socket: c_int, buffer: *mut c_void, length: usize, flags: c_int) -> isize;
    fn poll(sockets: *mut PollFd, count: c_ulong, milliseconds: c_int) -> c_int;
    fn sendfile(output: c_int, input: c_int, offset: *mut c_void, count: usize) -> isize;
    #[cfg(feature = "server")]
    fn signal(number: c_int, action: usize) -> usize;
    #[cfg(feature = "server")]
    fn write(file: c_int, data: *const c_void, count: usize) -> isize;
}

/// `struct pollfd`.
#[repr(C)]
struct PollFd {
    socket: c_int,
    events: c_short,
    happened: c_short,
}

/// `struct sockaddr_in` and `struct sockaddr_in6`. All but the port and the address itself is in
/// the machine's byte order.
#[repr(C)]
struct Inet {
    family: u16,
    port: [u8; 2],
    address: [u8; 4],
    padding: [u8; 8],
}

#[repr(C)]
struct Inet6 {
    family: u16,
    port: [u8; 2],
    flow: u32,
    address: [u8; 16],
    scope: u32,
}

/// `struct sockaddr_un`. The path ends in a zero.
#[repr(C)]
struct Local {
    family: u16,
    path: [u8; 108],
}

enum Address {
    V4(Inet),
    V6(Inet6),
    Local(Local),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let port = address.port().to_be_bytes();
        match address {
            SocketAddr::V4(v4) => Self::V4(Inet {
                family: AF_INET,
                port,
                address: v4.ip().octets(),
                padding: [0; 8],
            }),
            SocketAddr::V6(v6) => Self::V6(Inet6 {
                family: AF_INET6,
                port,
                flow: v6.flowinfo(),
                address: v6.ip().octets(),
                scope: v6.scope_id(),
            }),
        }
    }
}

impl Address {
    fn of_path(path: &Path) -> io::Result<Self> {
        let bytes = path.as_os_str().as_bytes();
        let mut local = Local {
            family: AF_UNIX,
            path: [0; 108],
        };
        match local
            .path
            .split_last_mut()
            .and_then(|(_zero, room)| room.get_mut(..bytes.len()))
        {
            Some(place) if !bytes.is_empty() && !bytes.contains(&0) => place.copy_from_slice(bytes),
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(Self::Local(local))
    }

    fn family(&self) -> c_int {
        match self {
            Self::V4(inet) => inet.family.into(),
            Self::V6(inet6) => inet6.family.into(),
            Self::Local(local) => local.family.into(),
        }
    }

    /// Where the structure is and how long it is, as `bind` and `connect` want it. The pointer
    /// holds for as long as `self` is borrowed.
    fn raw(&self) -> (*const c_void, u32) {
        match self {
            Self::V4(inet) => (ptr::from_ref(inet).cast(), 16),
            Self::V6(inet6) => (ptr::from_ref(inet6).cast(), 28),
            Self::Local(local) => (ptr::from_ref(local).cast(), 110),
        }
    }
}

const _: () =
    assert!(size_of::<Inet>() == 16 && size_of::<Inet6>() == 28 && size_of::<Local>() == 110);

/// Connects from the local address `source`; within `time`, if that is given.
///
/// # Errors
/// `InvalidInput` for an IPv4 and an IPv6 address together; `TimedOut`; those of the system.
pub(crate) fn connect_from(
    source: SocketAddr,
    address: SocketAddr,
    time: Option<Duration>,
) -> io::Result<TcpStream> {
    if source.is_ipv4() != address.is_ipv4() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let (source, address) = (Address::from(source), Address::from(address));
    let stream = TcpStream::from(new_socket(&source)?);
    bind_to(&stream, &source)?;
    stream.set_nonblocking(true)?;
    match start_to_connect(stream.as_fd(), &address) {
        Err(error) if error.raw_os_error() == Some(EINPROGRESS) => await_connected(&stream, time)?,
        started => started?,
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Connects to a Unix socket within this time: the timeout for writing bounds that too.
///
/// # Errors
/// `InvalidInput` for a path that no socket can have; `WouldBlock` when the time is over; those of
/// the system.
pub(crate) fn connect_unix(path: &Path, time: Duration) -> io::Result<UnixStream> {
    let address = Address::of_path(path)?;
    let stream = UnixStream::from(new_socket(&address)?);
    let ends = Instant::now().checked_add(time);
    loop {
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        stream.set_write_timeout(left)?;
        match start_to_connect(stream.as_fd(), &address) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            connected => {
                connected?;
                stream.set_write_timeout(None)?;
                return Ok(stream);
            }
        }
    }
}

/// How many bytes there are, one at most, without blocking and without taking them. 0 is the end.
///
/// # Errors
/// `WouldBlock` if there is nothing; those of the socket.
pub(crate) fn peek(socket: BorrowedFd<'_>) -> io::Result<usize> {
    let mut octet = 0_u8;
    let pointer = ptr::from_mut(&mut octet).cast();
    // SAFETY: the pointer is to one octet, which is what the length says, and which nobody else
    // uses during the call; the descriptor is open for as long as it is borrowed.
    let count = unsafe { recv(socket.as_raw_fd(), pointer, 1, MSG_PEEK | MSG_DONTWAIT) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

fn new_socket(address: &Address) -> io::Result<OwnedFd> {
    // SAFETY: `socket` takes numbers only.
    let number = unsafe { socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0) };
    succeeded(number)?;
    // SAFETY: the number is that of a descriptor which was just opened and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn bind_to(stream: &TcpStream, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.raw();
    // SAFETY: the pointer is to `length` initialised bytes, which `address` keeps alive and which
    // `bind` only reads; the descriptor is open for as long as `stream` is borrowed.
    succeeded(unsafe { bind(stream.as_raw_fd(), pointer, length) })
}

fn start_to_connect(socket: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.raw();
    // SAFETY: as for `bind`; `connect` only reads the address too.
    succeeded(unsafe { connect(socket.as_raw_fd(), pointer, length) })
}

/// Waits until the socket can be written to, then asks it how it went.
fn await_connected(stream: &TcpStream, time: Option<Duration>) -> io::Result<()> {
    let ends = time.and_then(|time| Instant::now().checked_add(time));
    loop {
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        match poll_writable(stream, left) {
            Ok(true) => break,
            Ok(false) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Waits for `time`, at most 24 days, for ever without one. False when it is over.
fn poll_writable(stream: &TcpStream, time: Option<Duration>) -> io::Result<bool> {
    let milliseconds = time.map_or(-1, |time| {
        // Rounded up: a wait of nothing would be a busy one.
        c_int::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(c_int::MAX)
    });
    let mut sockets = PollFd {
        socket: stream.as_raw_fd(),
        events: POLLOUT,
        happened: 0,
    };
    // SAFETY: the pointer is to one `PollFd`, which is what the count says, and which nobody else
    // uses during the call; the descriptor is open for as long as `stream` is borrowed.
    let count = unsafe { poll(&mut sockets, 1, milliseconds) };
    succeeded(count)?;
    Ok(count > 0)
}

/// Has the kernel send up to `count` bytes of a file, from its position, which moves on behind
/// them. 0 is the end of the file.
///
/// A peer that went away raises SIGPIPE here, which `std`'s writes to sockets suppress and
/// `sendfile` can't. Rust programs ignore that signal.
///
/// # Errors
/// `InvalidInput` and `Unsupported` where the file or the socket is not of a kind that allows it;
/// those of reading the file and of writing to the socket.
pub(crate) fn send_file(socket: BorrowedFd<'_>, file: &File, count: usize) -> io::Result<usize> {
    // SAFETY: both descriptors are open for as long as they are borrowed; without an offset there
    // is no memory that the kernel reads or writes.
    let sent = unsafe { sendfile(socket.as_raw_fd(), file.as_raw_fd(), ptr::null_mut(), count) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// The descriptor that the interrupt is told to.
#[cfg(feature = "server")]
static TOLD: AtomicI32 = AtomicI32::new(-1);

/// Has the first interrupt from now on write an octet to this stream, which is never closed; the
/// next one ends the process. Interrupts that the process ignores stay ignored.
///
/// # Errors
/// Those of the system.
#[cfg(feature = "server")]
pub(crate) fn tell_interrupt(stream: UnixStream) -> io::Result<()> {
    TOLD.store(stream.into_raw_fd(), Ordering::SeqCst);
    let handler: extern "C" fn(c_int) = interrupted;
    #[allow(
        clippy::as_conversions,
        reason = "the address of a function has no other way to become a number"
    )]
    let action = handler as usize;
    // SAFETY: the number is the address of a function that takes what handlers are given, lives as
    // long as the process, and does only what a handler may do.
    let before = unsafe { signal(SIGINT, action) };
    if before == SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    if before == SIG_IGN {
        // SAFETY: `signal` takes numbers only; this one names no function.
        unsafe { signal(SIGINT, SIG_IGN) };
    }
    Ok(())
}

/// The handler. It is called once, so that the write finds an empty stream: it does not block, and
/// does not fail, which would change the `errno` of the code that was interrupted.
#[cfg(feature = "server")]
extern "C" fn interrupted(_number: c_int) {
    let octet = 0_u8;
    let pointer = ptr::from_ref(&octet).cast();
    // SAFETY: both functions are async-signal-safe (POSIX, System Interfaces, 2.4.3); the pointer is
    // to one octet, which is what the count says; the descriptor is open for ever.
    unsafe {
        signal(SIGINT, SIG_DFL);
        write(TOLD.load(Ordering::SeqCst), pointer, 1);
    }
}

/// The error of a call that returned a negative number.
fn succeeded(result: c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;
    use std::os::unix::thread::{JoinHandleExt, RawPthread};
    use std::thread;

    use super::*;

    const SIGUSR1: c_int = if MIPS {
        16
    } else if SPARC {
        30
    } else {
        10
    };
    const LIMIT: Duration = Duration::from_millis(200);

    unsafe extern "C" {
        fn listen(socket: c_int, backlog: c_int) -> c_int;
        fn pthread_kill(thread: RawPthread, number: c_int) -> c_int;
        #[link_name = "signal"]
        fn handle(number: c_int, action: usize) -> usize;
    }

    extern "C" fn nothing(_number: c_int) {}

    /// Makes a call on a thread that gets one signal after the other meanwhile.
    fn interrupted<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
        let handler: extern "C" fn(c_int) = nothing;
        // SAFETY: the number is the address of a function that takes what handlers are given and
        // lives as long as the process.
        unsafe { handle(SIGUSR1, handler as usize) };
        let thread = thread::spawn(call);
        while !thread.is_finished() {
            // SAFETY: the thread was not joined yet, so that its number is still its own.
            unsafe { pthread_kill(thread.as_pthread_t(), SIGUSR1) };
            thread::sleep(Duration::from_millis(5));
        }
        thread.join().unwrap()
    }

    /// Takes two connections into the queue at most.
    fn shorten_queue(listener: BorrowedFd<'_>) {
        // SAFETY: `listen` takes numbers only; the descriptor is open for as long as it is borrowed.
        succeeded(unsafe { listen(listener.as_raw_fd(), 1) }).unwrap();
    }

    #[test]
    fn connecting_over_tcp_goes_on_after_a_signal() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        shorten_queue(listener.as_fd());
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, LIMIT) {
            queue.push(stream);
        }
        let source = SocketAddr::from(([127, 0, 0, 1], 0));
        let begin = Instant::now();
        let failed = interrupted(move || connect_from(source, address, Some(LIMIT)));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() >= LIMIT);
    }

    #[test]
    fn connecting_to_a_unix_socket_goes_on_after_a_signal() {
        let name = format!("stdhttp-sys-signal-{}.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        shorten_queue(listener.as_fd());
        let mut queue = Vec::new();
        while let Ok(stream) = connect_unix(&path, LIMIT) {
            queue.push(stream);
        }
        let begin = Instant::now();
        let there = path.clone();
        let failed = interrupted(move || connect_unix(&there, LIMIT));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(begin.elapsed() >= LIMIT);
    }
}
