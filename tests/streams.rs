//! Proves that the streams of the crate do what [`Stream`] says: sockets by themselves, boxes by
//! what is in them, and what a stream does not say by the defaults of the trait.
#![allow(missing_docs)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::{BoxedStream, Look, Stream};

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (here, listener.accept().unwrap().0)
}

#[cfg(unix)]
fn local_pair() -> (
    std::os::unix::net::UnixStream,
    std::os::unix::net::UnixStream,
) {
    std::os::unix::net::UnixStream::pair().unwrap()
}

// Sockets

/// The peer sees the end of what we send, and still sends.
fn closes_half(mut here: impl Stream, mut there: impl Stream) {
    here.write_all(b"all").unwrap();
    here.shutdown_write().unwrap();
    let mut received = Vec::new();
    there
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    there.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"all");
    there.write_all(b"yours").unwrap();
    let mut answer = [0; 5];
    here.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"yours");
}

#[test]
fn a_socket_ends_one_side() {
    let (here, there) = pair();
    closes_half(here, there);
    let (here, there) = pair();
    closes_half(Box::new(here), there);
    #[cfg(unix)]
    {
        let (here, there) = local_pair();
        closes_half(here, there);
    }
}

/// A goodbye is what dropping a socket does by itself.
fn goodbye_changes_nothing(mut here: impl Stream, mut there: impl Stream) {
    here.shutdown().unwrap();
    here.write_all(b"x").unwrap();
    there.read_exact(&mut [0]).unwrap();
    there.write_all(b"y").unwrap();
    here.read_exact(&mut [0]).unwrap();
}

#[test]
fn the_goodbye_of_a_socket_is_its_drop() {
    let (here, there) = pair();
    goodbye_changes_nothing(here, there);
    #[cfg(unix)]
    {
        let (here, there) = local_pair();
        goodbye_changes_nothing(here, there);
    }
}

/// The timeouts are those that the system has for the socket.
#[test]
fn timeouts_are_set_on_the_socket() {
    let (read, write) = (Duration::from_secs(2), Duration::from_secs(3));
    let (mut tcp, _there) = pair();
    Stream::set_read_timeout(&mut tcp, Some(read)).unwrap();
    Stream::set_write_timeout(&mut tcp, Some(write)).unwrap();
    assert_eq!(tcp.read_timeout().unwrap(), Some(read));
    assert_eq!(tcp.write_timeout().unwrap(), Some(write));
    Stream::set_read_timeout(&mut tcp, None).unwrap();
    Stream::set_write_timeout(&mut tcp, None).unwrap();
    assert_eq!(tcp.read_timeout().unwrap(), None);
    assert_eq!(tcp.write_timeout().unwrap(), None);
    #[cfg(unix)]
    {
        let (mut local, _there) = local_pair();
        Stream::set_read_timeout(&mut local, Some(read)).unwrap();
        Stream::set_write_timeout(&mut local, Some(write)).unwrap();
        assert_eq!(local.read_timeout().unwrap(), Some(read));
        assert_eq!(local.write_timeout().unwrap(), Some(write));
    }
}

/// What is said of a socket that was reset is no end and no silence.
#[cfg(unix)]
#[test]
fn a_look_at_a_socket_that_was_reset_fails() {
    let (mut here, there) = local_pair();
    // Who closes with something unread resets.
    here.write_all(b"x").unwrap();
    drop(there);
    let error = here.look().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(here.look().unwrap(), Look::Closed);
}

/// A look leaves the socket as it was: the next read waits for its data.
#[test]
fn a_look_leaves_a_socket_blocking() {
    let (mut here, mut there) = pair();
    assert_eq!(here.look().unwrap(), Look::Idle);
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        there.write_all(b"x").unwrap();
    });
    here.read_exact(&mut [0]).unwrap();
    writer.join().unwrap();
}

#[cfg(unix)]
#[test]
fn sockets_are_named() {
    use std::os::fd::AsRawFd;
    let (tcp, _there) = pair();
    assert_eq!(tcp.socket().unwrap().as_raw_fd(), tcp.as_raw_fd());
    let number = tcp.as_raw_fd();
    let boxed: BoxedStream = Box::new(tcp);
    assert_eq!(boxed.socket().unwrap().as_raw_fd(), number);
    let (local, _there) = local_pair();
    assert_eq!(local.socket().unwrap().as_raw_fd(), local.as_raw_fd());
}

// Boxes and defaults

/// Writes down what it is told, and has no half-close and no socket.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn note(&self, call: String) -> io::Result<()> {
        self.0.lock().unwrap().push(call);
        Ok(())
    }
}

impl Read for Told {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Told {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.note(format!("read {timeout:?}"))
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.note(format!("write {timeout:?}"))
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.note("goodbye".to_owned())
    }

    fn look(&mut self) -> io::Result<Look> {
        self.note("look".to_owned())?;
        Ok(Look::Unknown)
    }
}

#[test]
fn a_box_tells_its_stream_everything() {
    let told = Told::default();
    let mut boxed: BoxedStream = Box::new(told.clone());
    boxed
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    boxed.set_write_timeout(None).unwrap();
    boxed.shutdown().unwrap();
    assert_eq!(boxed.look().unwrap(), Look::Unknown);
    let expected = ["read Some(1s)", "write None", "goodbye", "look"];
    assert_eq!(*told.0.lock().unwrap(), expected);
}

#[test]
fn a_half_close_is_a_goodbye_where_there_is_none() {
    let mut told = Told::default();
    told.shutdown_write().unwrap();
    Box::new(told.clone()).shutdown_write().unwrap();
    assert_eq!(*told.0.lock().unwrap(), ["goodbye", "goodbye"]);
    #[cfg(unix)]
    assert!(told.socket().is_none());
}
