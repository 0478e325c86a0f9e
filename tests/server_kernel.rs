//! The promise: a large file goes from the kernel to the client, where both are plain, and comes whole
//! where they are not.
#![cfg(all(feature = "server", feature = "sys", target_os = "linux"))]
#![allow(missing_docs)]

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stdhttp::server::{
    Accepted, BaseHTTPRequestHandler, HTTPServer, Handler, SimpleHTTPRequestHandler,
};
use stdhttp::{HTTPException, HTTPResponse, Look, Stream};

/// A file that is larger than this is the kernel's.
const BLOCK: usize = 65_000;

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;

struct Quiet(SimpleHTTPRequestHandler);

impl Handler for Quiet {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.0.dispatch(request)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// A connection that counts what the server writes by itself.
struct Counted {
    stream: Accepted,
    written: Arc<AtomicUsize>,
    /// What the kernel is told to be the socket, if that is something else.
    instead: Option<File>,
}

impl Read for Counted {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.stream.read(output)
    }
}

impl Write for Counted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(data)?;
        self.written.fetch_add(count, Ordering::SeqCst);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for Counted {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown()
    }

    fn look(&mut self) -> io::Result<Look> {
        self.stream.look()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.instead {
            Some(file) => Some(file.as_fd()),
            None => self.stream.socket(),
        }
    }
}

/// What a client gets of a file of this length, and how many octets the server wrote by itself.
fn served(folder: &Folder, length: usize, instead: fn() -> Option<File>) -> (Vec<u8>, usize) {
    fs::write(folder.0.join("file"), content(length)).unwrap();
    let files = SimpleHTTPRequestHandler::new(&folder.0).unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&written);
    let server = HTTPServer::bind("127.0.0.1:0", Quiet(files)).unwrap();
    let server = server.secured(move |stream, _| {
        Ok(Box::new(Counted {
            stream,
            written: Arc::clone(&counts),
            instead: instead(),
        }))
    });
    let mut client = TcpStream::connect(("127.0.0.1", server.server_port())).unwrap();
    let client = std::thread::spawn(move || {
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        client.write_all(b"GET /file HTTP/1.0\r\n\r\n").unwrap();
        let mut came = Vec::new();
        client.read_to_end(&mut came).unwrap();
        came
    });
    server.handle_request();
    (client.join().unwrap(), written.load(Ordering::SeqCst))
}

/// The body of what came, which is the whole file, and how long its head is.
fn whole(came: &[u8], length: usize) -> usize {
    let mut response = HTTPResponse::from_reader(came, "GET").unwrap();
    assert_eq!(response.status(), 200);
    let body = response.read(None).unwrap();
    assert_eq!(body, content(length));
    came.len() - length
}

fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (place % 251).to_le_bytes()[0])
        .collect()
}

#[test]
fn the_kernel_sends_what_is_larger_than_a_block() {
    let folder = Folder::new("kernel");
    for (length, by_kernel) in [
        (1, false),
        (BLOCK, false),
        (BLOCK + 1, true),
        (10 * BLOCK, true),
    ] {
        let (came, written) = served(&folder, length, || None);
        let head = whole(&came, length);
        let by_itself = if by_kernel { head } else { head + length };
        assert_eq!(written, by_itself, "{length}");
    }
}

/// As where the socket is no plain one: the kernel sends nothing into a file that is appended to.
#[test]
fn what_the_kernel_does_not_send_is_written() {
    let folder = Folder::new("no-kernel");
    let appended = || {
        let name = format!("stdhttp-appended-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut options = File::options();
        let file = options.append(true).create(true).open(&path).unwrap();
        fs::remove_file(path).unwrap();
        Some(file)
    };
    let (came, written) = served(&folder, 2 * BLOCK, appended);
    let head = whole(&came, 2 * BLOCK);
    assert_eq!(written, head + 2 * BLOCK);
}

/// Every other error ends the response: here that of a socket that can't be written to.
#[test]
fn an_error_of_the_kernel_ends_the_response() {
    let folder = Folder::new("kernel-fails");
    let unwritable = || Some(File::open("/dev/null").unwrap());
    let (came, written) = served(&folder, 2 * BLOCK, unwritable);
    assert!(came.ends_with(b"\r\n\r\n"));
    assert_eq!(written, came.len());
}
