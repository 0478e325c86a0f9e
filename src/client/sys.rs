//! What `std` can't do, on Linux: bind a socket before it connects, and `sendfile(2)`. The only
//! file with `unsafe` code; it is compiled with the feature `sys` alone.
//!
//! The system calls are declared by hand, with the numbers of Linux's ABI, so that there is no
//! dependency. Whatever `std` can do with a socket (its timeouts, its pending error) is left to it.

use std::ffi::{c_int, c_short, c_ulong, c_void};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::{Duration, Instant};

// MIPS and SPARC have numbers of their own.
const MIPS: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6"
));
const SPARC: bool = cfg!(any(target_arch = "sparc", target_arch = "sparc64"));

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_STREAM: c_int = if MIPS { 2 } else { 1 };
const SOCK_CLOEXEC: c_int = if SPARC { 0x40_0000 } else { 0x8_0000 };
const POLLOUT: c_short = 4;
const EINPROGRESS: i32 = if MIPS {
    150
} else if SPARC {
    36
} else {
    115
};

unsafe extern "C" {
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn bind(socket: c_int, address: *const c_void, length: u32) -> c_int;
    fn connect(socket: c_int, address: *const c_void, length: u32) -> c_int;
    fn poll(sockets: *mut PollFd, count: c_ulong, milliseconds: c_int) -> c_int;
    fn sendfile(output: c_int, input: c_int, offset: *mut c_void, count: usize) -> isize;
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

enum Address {
    V4(Inet),
    V6(Inet6),
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
    fn family(&self) -> c_int {
        match self {
            Self::V4(inet) => inet.family.into(),
            Self::V6(inet6) => inet6.family.into(),
        }
    }

    /// Where the structure is and how long it is, as `bind` and `connect` want it. The pointer
    /// holds for as long as `self` is borrowed.
    fn raw(&self) -> (*const c_void, u32) {
        match self {
            Self::V4(inet) => (ptr::from_ref(inet).cast(), 16),
            Self::V6(inet6) => (ptr::from_ref(inet6).cast(), 28),
        }
    }
}

const _: () = assert!(size_of::<Inet>() == 16 && size_of::<Inet6>() == 28);

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
    let stream = new_stream(&source)?;
    bind_to(&stream, &source)?;
    stream.set_nonblocking(true)?;
    match start_to_connect(&stream, &address) {
        Err(error) if error.raw_os_error() == Some(EINPROGRESS) => await_connected(&stream, time)?,
        started => started?,
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn new_stream(address: &Address) -> io::Result<TcpStream> {
    // SAFETY: `socket` takes numbers only.
    let number = unsafe { socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0) };
    succeeded(number)?;
    // SAFETY: the number is that of a descriptor which was just opened and has no other owner.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    Ok(descriptor.into())
}

fn bind_to(stream: &TcpStream, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.raw();
    // SAFETY: the pointer is to `length` initialised bytes, which `address` keeps alive and which
    // `bind` only reads; the descriptor is open for as long as `stream` is borrowed.
    succeeded(unsafe { bind(stream.as_raw_fd(), pointer, length) })
}

fn start_to_connect(stream: &TcpStream, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.raw();
    // SAFETY: as for `bind`; `connect` only reads the address too.
    succeeded(unsafe { connect(stream.as_raw_fd(), pointer, length) })
}

/// Waits until the socket can be written to, then asks it how it went.
fn await_connected(stream: &TcpStream, time: Option<Duration>) -> io::Result<()> {
    let ends = time.and_then(|time| Instant::now().checked_add(time));
    loop {
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        match poll_writable(stream, left) {
            Ok(true) => break,
            Ok(false) if left == Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Waits for at most `time`, for ever without one.
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

/// The error of a call that returned a negative number.
fn succeeded(result: c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
