//! The server: threads that each accept a connection, and answer its requests one by one.
//!
//! While no other connection is open, it polls for the next request instead of sleeping, so that
//! neither its own way out of sleep nor the waking of it is part of what is measured. On Linux
//! uploads are dropped inside the kernel: a server that copies them holds up whoever sends faster
//! than it copies, so that all of those would come out alike.

use std::collections::HashMap;
use std::hint;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::answer::Answer;
use super::work::CONNECTIONS;
use crate::Result;

/// More than the connections that are ever open at once.
const THREADS: u64 = CONNECTIONS + 16;

const BUFFER: usize = 256 << 10;

/// How often to look for a request before sleeping.
const LOOKS: u32 = 2_000;

const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// Prints the address, and serves until standard input ends, which is when the parent does.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    let server = Arc::new(Server {
        listener,
        answers: Mutex::default(),
        open: AtomicUsize::new(0),
    });
    for _ in 0..THREADS {
        let server = Arc::clone(&server);
        thread::spawn(move || server.accept());
    }
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

struct Server {
    listener: TcpListener,
    /// By path.
    answers: Mutex<HashMap<String, Arc<Answer>>>,
    /// Connections that are open.
    open: AtomicUsize,
}

impl Server {
    fn accept(&self) {
        while let Ok((stream, _)) = self.listener.accept() {
            self.open.fetch_add(1, Ordering::Relaxed);
            // A contestant that goes away ends its connection, not the server.
            let _ = Connection::new(self, &stream).serve();
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn answer(&self, path: &str) -> Option<Arc<Answer>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(path) {
            return Some(Arc::clone(answer));
        }
        let answer = Arc::new(Answer::to(path)?);
        answers.insert(path.to_owned(), Arc::clone(&answer));
        Some(answer)
    }
}

struct Connection<'a> {
    server: &'a Server,
    stream: &'a TcpStream,
    input: BufReader<&'a TcpStream>,
    line: String,
    /// Says how much may be dropped unreceived at once, and is never written.
    #[cfg(target_os = "linux")]
    unused: Box<[u8]>,
}

/// What of a request the answer depends on.
#[derive(Default)]
struct Request {
    path: String,
    length: u64,
    chunked: bool,
}

impl<'a> Connection<'a> {
    fn new(server: &'a Server, stream: &'a TcpStream) -> Self {
        Self {
            server,
            stream,
            input: BufReader::with_capacity(BUFFER, stream),
            line: String::new(),
            #[cfg(target_os = "linux")]
            unused: vec![0; BUFFER].into(),
        }
    }

    fn serve(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(request) = self.next_request()? {
            let received = match request.chunked {
                true => self.drop_chunks()?,
                false => self.drop_octets(request.length)?,
            };
            match self.server.answer(&request.path) {
                Some(answer) if Answer::awaits(&request.path, received) => {
                    answer.write(self.stream)?;
                }
                _ => self.stream.write_all(REFUSAL)?,
            }
        }
        Ok(())
    }

    fn next_request(&mut self) -> io::Result<Option<Request>> {
        self.look_out()?;
        let mut request = Request::default();
        match self.next_line()?.split(' ').nth(1) {
            Some(path) => path.clone_into(&mut request.path),
            None => return Ok(None),
        }
        loop {
            let (name, value) = match self.next_line()?.split_once(':') {
                Some((name, value)) => (name, value.trim()),
                None => return Ok(Some(request)),
            };
            if name.eq_ignore_ascii_case("content-length") {
                request.length = value.parse().map_err(io::Error::other)?;
            }
            request.chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
    }

    /// Waits awake, for a while, if this is the only connection.
    fn look_out(&self) -> io::Result<()> {
        if self.server.open.load(Ordering::Relaxed) > 1 || !self.input.buffer().is_empty() {
            return Ok(());
        }
        self.stream.set_nonblocking(true)?;
        for _ in 0..LOOKS {
            match self.stream.peek(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => hint::spin_loop(),
                _ => break,
            }
        }
        self.stream.set_nonblocking(false)
    }

    fn next_line(&mut self) -> io::Result<&str> {
        self.line.clear();
        self.input.read_line(&mut self.line)?;
        Ok(self.line.trim_end())
    }

    fn drop_octets(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let dropped = self.drop_some(left)?;
            if dropped == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= dropped;
        }
        Ok(count)
    }

    /// Drops up to so many octets: those of the buffer, then some that have not been received.
    fn drop_some(&mut self, most: u64) -> io::Result<u64> {
        #[cfg(target_os = "linux")]
        if self.input.buffer().is_empty() {
            let most = most.min(BUFFER as u64) as usize;
            return drop_unreceived(self.stream, &mut self.unused[..most]);
        }
        let here = most.min(self.input.fill_buf()?.len() as u64);
        self.input.consume(here as usize);
        Ok(here)
    }

    /// The length of the data.
    fn drop_chunks(&mut self) -> io::Result<u64> {
        let mut all = 0;
        loop {
            let size = u64::from_str_radix(self.next_line()?, 16).map_err(io::Error::other)?;
            self.drop_octets(size)?;
            let mut end = [0; 2];
            self.input.read_exact(&mut end)?;
            if end != *b"\r\n" {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if size == 0 {
                return Ok(all);
            }
            all += size;
        }
    }
}

/// Drops up to as many octets as `unused` has, in the kernel, which writes none of them there.
#[cfg(target_os = "linux")]
fn drop_unreceived(stream: &TcpStream, unused: &mut [u8]) -> io::Result<u64> {
    use rustix::net::{RecvFlags, recv};
    let (_, dropped) = recv(stream, unused, RecvFlags::TRUNC)?;
    Ok(dropped as u64)
}
