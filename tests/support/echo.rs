//! A server on loopback that sends back the token of each request, framed and disturbed as the
//! request's target asks: `/token/mode/size`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Length,
    Chunked,
    UntilClose,
    OctetChunks,
    Interim,
    SaysClose,
    Http10,
    /// Answers, then closes without having said so.
    ClosesSilently,
    CutBody,
    CutHead,
    NoAnswer,
    /// Closes with the request's body unread, which resets the connection.
    Resets,
    /// Sends another response behind the answer.
    Stray,
    /// Answers when the client has given up.
    Stalls,
}

pub(crate) const MODES: [Mode; 14] = [
    Mode::Length,
    Mode::Chunked,
    Mode::UntilClose,
    Mode::OctetChunks,
    Mode::Interim,
    Mode::SaysClose,
    Mode::Http10,
    Mode::ClosesSilently,
    Mode::CutBody,
    Mode::CutHead,
    Mode::NoAnswer,
    Mode::Resets,
    Mode::Stray,
    Mode::Stalls,
];

/// For how long a server that stalls is silent.
pub(crate) const STALL: Duration = Duration::from_millis(60);

pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Arc<AtomicBool>,
    acceptor: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let acceptor = std::thread::spawn(move || accept(&listener, &stopped));
        Self {
            port,
            stop,
            acceptor,
        }
    }

    /// Ends when every client is gone.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        self.acceptor.join().unwrap();
    }
}

fn accept(listener: &TcpListener, stop: &AtomicBool) {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let (stream, _) = listener.accept().unwrap();
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let thread = Builder::new().stack_size(256 << 10);
        connections.push(thread.spawn(move || serve(stream)).unwrap());
        if connections.len() > 4_000 {
            connections.retain(|connection| !connection.is_finished());
        }
    }
    for connection in connections {
        connection.join().unwrap();
    }
}

/// A request, as far as it matters.
struct Request {
    head_only: bool,
    token: String,
    mode: Mode,
    size: usize,
    body: usize,
}

fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut came = Vec::new();
    while let Some(request) = take_head(&mut stream, &mut came) {
        if request.mode == Mode::Resets || !take_body(&mut stream, &mut came, &request) {
            return;
        }
        if answer(&mut stream, &request).is_err() || !keeps(request.mode) {
            return;
        }
    }
}

fn keeps(mode: Mode) -> bool {
    matches!(
        mode,
        Mode::Length
            | Mode::Chunked
            | Mode::OctetChunks
            | Mode::Interim
            | Mode::Stray
            | Mode::Stalls
    )
}

fn read_more(stream: &mut TcpStream, came: &mut Vec<u8>) -> bool {
    let mut block = [0; 16_384];
    match stream.read(&mut block) {
        Ok(0) | Err(_) => false,
        Ok(count) => {
            came.extend_from_slice(&block[..count]);
            true
        }
    }
}

fn take_head(stream: &mut TcpStream, came: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        match came.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None if read_more(stream, came) => {}
            None => return None,
        }
    };
    let head = String::from_utf8(came.drain(..end).collect()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut words = head.split(' ');
    let head_only = words.next() == Some("HEAD");
    let mut parts = words.next().unwrap().split('/').skip(1);
    Some(Request {
        head_only,
        token: parts.next().unwrap().to_owned(),
        mode: MODES[parts.next().unwrap().parse::<usize>().unwrap()],
        size: parts.next().unwrap().parse().unwrap(),
        body: length.map_or(0, |length| length.parse().unwrap()),
    })
}

/// The body must be the token over and over: else the request is not the one that was sent.
fn take_body(stream: &mut TcpStream, came: &mut Vec<u8>, request: &Request) -> bool {
    while came.len() < request.body {
        if !read_more(stream, came) {
            return false;
        }
    }
    let body: Vec<u8> = came.drain(..request.body).collect();
    assert_eq!(body, body_of(&request.token, request.body));
    true
}

/// The token over and over.
pub(crate) fn body_of(token: &str, size: usize) -> Vec<u8> {
    token.bytes().cycle().take(size).collect()
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut coded = Vec::new();
    for (place, chunk) in body.chunks(size).enumerate() {
        let extension = if place == 0 { ";e=f" } else { "" };
        coded.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
        coded.extend(chunk);
        coded.extend(b"\r\n");
    }
    coded.extend(b"0\r\nX-Trailer: t\r\n\r\n");
    coded
}

fn answer(stream: &mut TcpStream, request: &Request) -> std::io::Result<()> {
    let body = body_of(&request.token, request.size);
    let length = format!("Content-Length: {}\r\n", body.len());
    let coding = "Transfer-Encoding: chunked\r\n".to_owned();
    let (version, fields, content) = match request.mode {
        Mode::Chunked => ("1.1", coding, chunked(&body, 1 + request.size / 3)),
        Mode::OctetChunks => ("1.1", coding, chunked(&body, 1)),
        Mode::UntilClose => ("1.1", String::new(), body),
        Mode::SaysClose => ("1.1", length + "Connection: close\r\n", body),
        Mode::Http10 => ("1.0", length, body),
        _ => ("1.1", length, body),
    };
    let token = &request.token;
    let mut all = Vec::new();
    if request.mode == Mode::Interim {
        all.extend(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Token: no\r\n\r\n");
    }
    all.extend(format!("HTTP/{version} 200 OK\r\nX-Token: {token}\r\n{fields}\r\n").bytes());
    let head = all.len();
    if !request.head_only {
        all.extend(content);
    }
    match request.mode {
        Mode::NoAnswer => return Ok(()),
        Mode::CutHead => all.truncate(head / 2),
        Mode::CutBody => all.truncate(head + request.size / 2),
        Mode::Stray => {
            all.extend(b"HTTP/1.1 200 OK\r\nX-Token: EVIL\r\nContent-Length: 4\r\n\r\nEVIL");
        }
        Mode::Stalls => std::thread::sleep(STALL),
        _ => {}
    }
    stream.write_all(&all)
}
