//! The tour's server: a few resources on loopback, with nothing but `std`. It tells the tour what
//! came over the wire and what it answered.
//!
//! It is no model for a server: it trusts its client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// The size of `/large` in bytes.
pub(crate) const LARGE: usize = 8 << 20;

/// The byte of `/large` at a place.
pub(crate) fn large_byte(place: usize) -> u8 {
    // The remainder is below 251.
    (place % 251) as u8
}

/// What one exchange looked like from this side.
pub(crate) struct Exchange {
    /// Head and body of the request, as they came.
    pub(crate) request: Vec<u8>,
    /// Head and body of the response, as they were sent.
    pub(crate) response: Vec<u8>,
}

/// A server that runs as long as the program.
pub(crate) struct Server {
    pub(crate) port: u16,
    exchanges: Receiver<Exchange>,
}

impl Server {
    /// Listens on a free port of loopback; each connection has a thread and a serial number.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (sender, exchanges) = channel();
        thread::spawn(move || {
            for (serial, stream) in (1..).zip(listener.incoming().flatten()) {
                let sender = sender.clone();
                thread::spawn(move || serve(stream, serial, &sender));
            }
        });
        Ok(Self { port, exchanges })
    }

    /// The next exchange that was not told yet.
    pub(crate) fn next(&self) -> Option<Exchange> {
        self.exchanges.recv_timeout(Duration::from_secs(10)).ok()
    }
}

/// One connection: requests are answered until the client leaves or an answer ends it.
fn serve(stream: TcpStream, serial: u32, exchanges: &Sender<Exchange>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        let answer = answer(&request);
        let mut response = answer.head(serial);
        if request.method != "HEAD" {
            response.extend_from_slice(&answer.body);
        }
        let told = Exchange {
            request: request.wire,
            response: response.clone(),
        };
        let listening = exchanges.send(told).is_ok();
        reader.get_mut().write_all(&response)?;
        if answer.cut || !listening {
            break;
        }
    }
    Ok(())
}

/// A request, and the bytes that it came in.
#[derive(Default)]
struct Request {
    method: String,
    target: String,
    body: Vec<u8>,
    chunks: usize,
    wire: Vec<u8>,
}

impl Request {
    /// Nothing if the client closed the connection.
    fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut request = Self::default();
        let line = request.line(reader)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        (request.method, request.target) = (method.into(), target.into());
        let mut length = 0;
        let mut chunked = false;
        loop {
            let line = request.line(reader)?.to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("content-length", value)) => length = number(value, 10)?,
                Some(("transfer-encoding", value)) => chunked = value == "chunked",
                Some(_) => {}
                None => break,
            }
        }
        if chunked {
            request.chunked_body(reader)?;
        } else {
            request.data(reader, length)?;
        }
        Ok(Some(request))
    }

    fn line(&mut self, reader: &mut impl BufRead) -> io::Result<String> {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        self.wire.extend_from_slice(line.as_bytes());
        Ok(line.trim_end().to_owned())
    }

    fn data(&mut self, reader: &mut impl Read, length: usize) -> io::Result<()> {
        let start = self.body.len();
        self.body.resize(start + length, 0);
        reader.read_exact(&mut self.body[start..])?;
        self.wire.extend_from_slice(&self.body[start..]);
        Ok(())
    }

    fn chunked_body(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        loop {
            let size = number(&self.line(reader)?, 16)?;
            if size == 0 {
                return self.line(reader).map(drop);
            }
            self.chunks += 1;
            self.data(reader, size)?;
            self.line(reader)?;
        }
    }
}

fn number(text: &str, radix: u32) -> io::Result<usize> {
    usize::from_str_radix(text, radix).map_err(io::Error::other)
}

/// What a request is answered with.
struct Answer {
    status: &'static str,
    body: Vec<u8>,
    /// The connection ends before the announced end of the body.
    cut: bool,
}

impl Answer {
    fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            cut: false,
        }
    }

    fn head(&self, serial: u32) -> Vec<u8> {
        let missing = if self.cut { 600 } else { 0 };
        let length = self.body.len() + missing;
        let status = self.status;
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nX-Connection-Serial: {serial}\r\n\r\n"
        )
        .into_bytes()
    }
}

fn answer(request: &Request) -> Answer {
    match (request.method.as_str(), request.target.as_str()) {
        ("GET" | "HEAD", "/hello") => Answer::new("200 OK", "Hello, world!\n"),
        ("GET", "/large") => Answer::new("200 OK", (0..LARGE).map(large_byte).collect::<Vec<_>>()),
        ("GET", "/cut") => Answer {
            cut: true,
            ..Answer::new("200 OK", [b'.'; 400])
        },
        ("POST", "/form") => Answer::new("200 OK", form_fields(&request.body)),
        ("PUT", "/notes/1") => Answer::new("201 Created", ""),
        ("POST", "/lines") => {
            let (octets, chunks) = (request.body.len(), request.chunks);
            Answer::new("200 OK", format!("{octets} bytes in {chunks} chunks\n"))
        }
        _ => Answer::new("404 Not Found", "no such thing\n"),
    }
}

/// `a=1&b=2`, a line for each.
fn form_fields(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.split('&')
        .map(|pair| pair.replacen('=', " is ", 1) + "\n")
        .collect()
}
