//! What the clients are served: a folder of files by `SimpleHTTPRequestHandler`, `/echo`, which
//! sends back what it gets, and a note of every request; and the command with the same folder.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use stdhttp::HTTPException;
use stdhttp::server::{
    BaseHTTPRequestHandler, HTTPServer, Handler, Shutdown, SimpleHTTPRequestHandler,
    ThreadingHTTPServer, Times,
};

use crate::pattern::pattern;
use crate::servers::{Folder, HELLO, new_folder};

/// The length of `/big`.
pub(super) const BIG: u64 = 3_000_000;

/// A name that must be escaped in HTML and in a URL; `UNUSUAL_PATH` is the latter.
pub(super) const UNUSUAL: &str = "a b & <ü>.txt";
pub(super) const UNUSUAL_PATH: &str = "/inner/a%20b%20%26%20%3C%C3%BC%3E.txt";

/// One request, as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    /// The client's port: the same port, the same connection.
    pub(super) port: u16,
    pub(super) range: Option<String>,
    pub(super) status: Option<u16>,
}

#[derive(Default)]
struct Seen(Mutex<Vec<Request>>);

impl Seen {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Request>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Files, and what comes back.
struct Site {
    files: SimpleHTTPRequestHandler,
    seen: Arc<Seen>,
}

impl Handler for Site {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        match request.path() {
            "/echo" => echo(request),
            _ => self.files.dispatch(request),
        }
    }

    fn methods(&self) -> &[&str] {
        self.files.methods()
    }

    /// Every response is logged once, by `send_response`.
    fn log_message(&self, request: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        let message = message.to_string();
        let status = message.rsplit(' ').nth(1);
        let range = request.headers().getheader("Range");
        let noted = Request {
            line: request.requestline().to_owned(),
            port: request.client_address().map_or(0, |address| address.port()),
            range: range.map(|range| range.into_owned()),
            status: status.and_then(|status| status.parse().ok()),
        };
        self.seen.with(|seen| seen.push(noted));
    }
}

/// The body, and in fields what it came with.
fn echo(request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
    let chunked = request.headers().get("Transfer-Encoding").is_some();
    let port = request.client_address().map_or(0, |address| address.port());
    let command = request.command().to_owned();
    let mut body = Vec::new();
    request.rfile().read_to_end(&mut body)?;
    let trailer = request.trailers().get("X-Check");
    let trailer = trailer.map(|value| value.into_owned());
    request.send_response(200, None)?;
    request.send_header("Content-Type", "application/octet-stream")?;
    request.send_header("X-Method", command.as_str())?;
    request.send_header("X-Chunked", if chunked { "yes" } else { "no" })?;
    request.send_header("X-Client-Port", u64::from(port))?;
    if let Some(trailer) = trailer {
        request.send_header("X-Trailer", trailer)?;
    }
    request.end_headers()?;
    request.wfile().write_all(&body)?;
    Ok(())
}

/// The server within this process; it ends when this is dropped.
pub(super) struct Served {
    pub(super) port: u16,
    pub(super) folder: Folder,
    seen: Arc<Seen>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(super) fn start() -> Self {
        Self::with(Times::DEFAULT)
    }

    pub(super) fn with(times: Times) -> Self {
        let folder = files();
        let handler = SimpleHTTPRequestHandler::new(&folder.0).expect("no folder");
        let seen = Arc::new(Seen::default());
        let site = Site {
            files: handler.precompressed(true),
            seen: Arc::clone(&seen),
        };
        let server = HTTPServer::bind("127.0.0.1:0", site).expect("no port");
        let server = ThreadingHTTPServer::from(server.times(times));
        Self {
            port: server.server_port(),
            folder,
            seen,
            shutdown: server.shutdown_handle(),
            thread: Some(std::thread::spawn(move || server.serve_forever())),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        url(self.port, path)
    }

    /// The requests so far, which are forgotten.
    pub(super) fn take_seen(&self) -> Vec<Request> {
        self.seen.with(std::mem::take)
    }

    /// How many connections the requests so far came by; they are forgotten.
    pub(super) fn take_connections(&self) -> usize {
        let seen = self.take_seen();
        let ports: BTreeSet<u16> = seen.iter().map(|request| request.port).collect();
        ports.len()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.shutdown();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

/// `stdhttp-server` with the same files; it ends when this is dropped.
pub(super) struct Commanded {
    pub(super) port: u16,
    child: Child,
    _folder: Folder,
}

impl Commanded {
    pub(super) fn start() -> Self {
        let folder = files();
        let mut child = Command::new(env!("CARGO_BIN_EXE_stdhttp-server"))
            .args(["0", "-b", "127.0.0.1", "-d"])
            .arg(&folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command does not start");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("no output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("no line");
        let port = line.split(' ').nth(5).and_then(|port| port.parse().ok());
        Self {
            port: port.expect("no port"),
            child,
            _folder: folder,
        }
    }
}

impl Drop for Commanded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `hello`, `big`, `inner/` with an unusual name and a folder in it, `text` with `text.gz` beside.
fn files() -> Folder {
    let folder = new_folder();
    let write = |name: &str, data: &[u8]| {
        fs::write(folder.0.join(name), data).expect("cannot write a file");
    };
    fs::create_dir_all(folder.0.join("inner/deep")).expect("cannot create a folder");
    write("big", &pattern(BIG));
    write(&format!("inner/{UNUSUAL}"), b"unusual");
    write("inner/deep/last", b"the last one");
    write(".hidden", b"secret");
    write("text", b"as it is");
    write("text.gz", &stored_gzip(b"unpacked"));
    folder
}

/// A gzip file with its content stored as it is (RFC 1952, RFC 1951 section 3.2.4).
fn stored_gzip(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(content);
    file.extend(crc32(content).to_le_bytes());
    file.extend(u32::from(length).to_le_bytes());
    file
}

fn crc32(data: &[u8]) -> u32 {
    let mut sum = !0u32;
    for octet in data {
        sum ^= u32::from(*octet);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

pub(super) fn url(port: u16, path: &str) -> String {
    format!("http://127.0.0.1:{port}{path}")
}

/// Runs a client to its end, in a folder.
pub(super) fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    let output = command.stdin(Stdio::null()).output();
    output.expect("the client does not start")
}

/// What a client that must succeed wrote.
pub(super) fn succeed(output: Output) -> String {
    let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    let (out, errors) = (text(output.stdout), text(output.stderr));
    assert!(
        output.status.success(),
        "{}\n{out}\n{errors}",
        output.status
    );
    out
}

/// All files below a folder that have a content, by their relative paths.
pub(super) fn tree(folder: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("no folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("not in it").to_owned();
                found.insert((relative, fs::read(&path).expect("cannot read")));
            }
        }
    }
    found
}

/// What `/hello` holds, as text.
pub(super) fn hello() -> String {
    String::from_utf8_lossy(HELLO).into_owned()
}
