//! The scenarios of the server's fault loops: what a client sends, and a site whose handler does
//! what the path says and keeps a journal.

use std::fmt;
use std::fs;
use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use stdhttp::HTTPException;
use stdhttp::server::{
    BaseHTTPRequestHandler, Bounds, CGIHTTPRequestHandler, HTTPServer, Handler,
    SimpleHTTPRequestHandler,
};
use stdhttp::testing::{Ending, Peer, Script};

type Request<'r, 'a> = &'r mut BaseHTTPRequestHandler<'a>;
type Handled = Result<(), HTTPException>;

/// One call of the handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) target: String,
    /// How many calls of the stream were made before.
    pub(crate) at: usize,
    /// What was read of the request's body, and whether its end was.
    pub(crate) body: Vec<u8>,
    pub(crate) whole: bool,
}

/// Files and scripts for all scenarios, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("stdhttp-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("files/cgi-bin")).unwrap();
        let folder = Self(path);
        folder.file("small.txt", b"0123456789");
        folder.file("large.bin", &[b'f'; 150_000]);
        folder.script("echo", "echo 'Content-Type: text/plain'; echo; exec cat");
        folder
    }

    /// A file that was changed long ago: the entity tags of younger ones change with time.
    fn file(&self, name: &str, content: &[u8]) {
        let path = self.0.join("files").join(name);
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        let changed = UNIX_EPOCH + Duration::from_secs(784_111_777);
        file.set_modified(changed).unwrap();
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.0.join("files/cgi-bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The handler of all scenarios.
pub(crate) struct Site {
    peer: Peer,
    files: CGIHTTPRequestHandler,
    pub(crate) called: Mutex<Vec<Called>>,
    pub(crate) lines: Mutex<Vec<String>>,
}

impl Handler for Site {
    fn dispatch(&self, request: Request<'_, '_>) -> Handled {
        let target = request.path().to_owned();
        self.called.lock().unwrap().push(Called {
            target: target.clone(),
            at: self.peer.calls().all,
            ..Called::default()
        });
        match target.split('?').next().unwrap_or_default() {
            "/plain" => answer(request, b"plain"),
            "/echo" => self.echo(request),
            "/lines" => self.lines(request),
            "/large" => large(request, None),
            "/counted" => large(request, Some(20_000)),
            "/flushed" => flushed(request),
            "/interim" => {
                request.send_interim(103, &[("Link", "</a>")])?;
                answer(request, b"hinted")
            }
            "/error" => request.send_error(404, None, None),
            "/fails" => Err(HTTPException::NotConnected),
            "/fails-late" => {
                large(request, None)?;
                Err(HTTPException::NotConnected)
            }
            // Without the message of a panic, of which there would be thousands.
            "/panics" => std::panic::resume_unwind(Box::new("on purpose")),
            "/short" => {
                request.send_response(200, None)?;
                request.send_header("Content-Length", 10)?;
                request.end_headers()?;
                Ok(request.wfile().write_all(b"short")?)
            }
            "/switch" => switch(request, 101),
            "/nothing" => Ok(()),
            _ if request.command() == "CONNECT" => switch(request, 200),
            _ => self.files.dispatch(request),
        }
    }

    fn methods(&self) -> &[&str] {
        &["GET", "HEAD"]
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        self.lines.lock().unwrap().push(message.to_string());
    }
}

impl Site {
    fn note(&self, data: &[u8]) {
        let mut called = self.called.lock().unwrap();
        let last = called.last_mut().unwrap();
        last.body.extend_from_slice(data);
        last.whole = data.is_empty();
    }

    /// Reads in small pieces and answers with what it read.
    fn echo(&self, request: Request<'_, '_>) -> Handled {
        let mut body = Vec::new();
        let mut piece = [0; 3];
        loop {
            let count = request.rfile().read(&mut piece)?;
            self.note(&piece[..count]);
            body.extend_from_slice(&piece[..count]);
            if count == 0 {
                return answer(request, &body);
            }
        }
    }

    /// The same by `BufRead`.
    fn lines(&self, request: Request<'_, '_>) -> Handled {
        let mut body = Vec::new();
        loop {
            let mut rfile = request.rfile();
            let shown = rfile.fill_buf()?.to_vec();
            let count = shown.len().min(4);
            rfile.consume(count);
            self.note(&shown[..count]);
            body.extend_from_slice(&shown[..count]);
            if count == 0 {
                return answer(request, &body);
            }
        }
    }
}

fn answer(request: Request<'_, '_>, body: &[u8]) -> Handled {
    request.send_response(200, None)?;
    request.end_headers()?;
    Ok(request.wfile().write_all(body)?)
}

/// 20,000 bytes in four pieces.
fn large(request: Request<'_, '_>, length: Option<u64>) -> Handled {
    request.send_response(200, None)?;
    if let Some(length) = length {
        request.send_header("Content-Length", length)?;
    }
    request.end_headers()?;
    for piece in [b'a', b'b', b'c', b'd'] {
        request.wfile().write_all(&[piece; 5_000])?;
    }
    Ok(())
}

fn flushed(request: Request<'_, '_>) -> Handled {
    request.send_response(200, None)?;
    request.end_headers()?;
    request.flush_headers()?;
    for piece in ["one", "two"] {
        request.wfile().write_all(piece.as_bytes())?;
        request.wfile().flush()?;
    }
    Ok(())
}

/// The new protocol answers six bytes by the same.
fn switch(request: Request<'_, '_>, status: u16) -> Handled {
    request.send_response(status, None)?;
    if status == 101 {
        request.send_header("Upgrade", "echo")?;
    }
    request.end_headers()?;
    request.take_over(|mut stream, came| {
        let mut data = came;
        let mut octet = [0];
        while data.len() < 6 && stream.read_exact(&mut octet).is_ok() {
            data.push(octet[0]);
        }
        if data.len() == 6 {
            // What becomes of it is the new protocol's affair.
            let _ = stream.write_all(&data);
        }
    });
    Ok(())
}

/// What a client does on one connection.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The methods that its requests have, for the reader of the answers.
    pub(crate) methods: Vec<&'static str>,
    /// The statuses of the answers without faults, interim ones included.
    pub(crate) statuses: &'static [u16],
    script: Script,
    bounds: Bounds,
    /// It starts a process, which takes its time.
    pub(crate) slow: bool,
    /// Whether the client is told to go on depends on how much of its body has come.
    pub(crate) may_continue: bool,
}

impl Scenario {
    fn new(name: &'static str, statuses: &'static [u16], script: Script) -> Self {
        Self {
            name,
            methods: vec!["GET"; 4],
            statuses,
            script,
            bounds: Bounds::DEFAULT,
            slow: false,
            may_continue: false,
        }
    }

    /// A client that sends all at once and then closes its side.
    fn sends(name: &'static str, statuses: &'static [u16], requests: impl AsRef<[u8]>) -> Self {
        let script = Script::new().send(requests).end(Ending::Close);
        Self::new(name, statuses, script)
    }

    fn asks(mut self, methods: &[&'static str]) -> Self {
        self.methods = methods.to_vec();
        self
    }

    fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    fn may_continue(mut self) -> Self {
        self.may_continue = true;
        self
    }

    pub(crate) fn server(&self, folder: &Folder) -> (Peer, HTTPServer<Site>) {
        let peer = Peer::new([self.script.clone()]);
        let files = SimpleHTTPRequestHandler::new(folder.0.join("files")).unwrap();
        let site = Site {
            peer: peer.clone(),
            files: CGIHTTPRequestHandler::new(files),
            called: Mutex::default(),
            lines: Mutex::default(),
        };
        let server = HTTPServer::without_socket(site).clock(peer.clone());
        (peer, server.bounds(self.bounds))
    }
}

/// A request's head, with an empty line at its end.
fn head(line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

fn get(target: &str) -> String {
    head(&format!("GET {target}"), &[])
}

const CHUNKED: &str = "Transfer-Encoding: chunked";
const EXPECT: &str = "Expect: 100-continue";
const CHUNKS: &str = "4\r\nabcd\r\n2;x=y\r\nef\r\n0\r\nX-T: 1\r\n\r\n";

fn post(target: &str, fields: &[&str], body: &str) -> String {
    head(&format!("POST {target}"), fields) + body
}

fn counted(target: &str, body: &str) -> String {
    post(target, &[&format!("Content-Length: {}", body.len())], body)
}

/// Waits for each answer before the next request.
fn in_turn(requests: &[String]) -> Script {
    let begin = Script::new();
    let turns = requests
        .iter()
        .fold(begin, |script, request| script.send(request).expect_head());
    turns.end(Ending::Close)
}

pub(crate) fn all() -> Vec<Scenario> {
    let mut all = plain();
    all.extend(bodies());
    all.extend(answers());
    all.extend(refusals());
    all.extend(files());
    all
}

fn plain() -> Vec<Scenario> {
    let three = [get("/plain"), get("/large"), get("/plain")].concat();
    let kept = "GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let dribbled = Script::new().send_pieces(get("/plain"), &[3]);
    let slow = Script::new().send("GET /pl").wait(Duration::from_secs(3));
    vec![
        Scenario::sends("get", &[200], get("/plain")),
        Scenario::new(
            "get, then silence",
            &[200],
            Script::new().send(get("/plain")),
        ),
        Scenario::sends("pipelined", &[200, 200, 200], three),
        Scenario::new(
            "in turn",
            &[200, 404],
            in_turn(&[get("/plain"), get("/error"), get("/plain")]),
        ),
        Scenario::new(
            "kept",
            &[200, 103, 200],
            in_turn(&[get("/plain"), get("/interim")]),
        ),
        Scenario::new("dribbled", &[200], dribbled.end(Ending::Close)),
        Scenario::new("paused", &[200], slow.send("ain HTTP/1.0\r\n\r\n")),
        Scenario::sends(
            "head",
            &[200, 200],
            head("HEAD /plain", &[]) + &get("/plain"),
        )
        .asks(&["HEAD", "GET"]),
        Scenario::sends("http/1.0", &[200], "GET /plain HTTP/1.0\r\n\r\n"),
        Scenario::sends("http/1.0 kept", &[200, 200], kept.repeat(2)),
        Scenario::sends(
            "close",
            &[200],
            head("GET /plain", &["Connection: close"]) + &get("/plain"),
        ),
    ]
}

fn bodies() -> Vec<Scenario> {
    let length = "Content-Length: 6";
    let small = Bounds {
        drained: 10,
        ..Bounds::DEFAULT
    };
    let pieces = Script::new().send_pieces(counted("/lines", "abcdefghij"), &[40, 5]);
    let chunks = Script::new().send_pieces(post("/echo", &[CHUNKED], CHUNKS), &[60, 5]);
    let waits = |target| {
        let script = Script::new().send(post(target, &[EXPECT, length], ""));
        let script = script.expect(b"HTTP/1.1 100 Continue\r\n\r\n");
        script.send("abcdef").expect_head().send(get("/plain"))
    };
    let large = "x".repeat(5_000);
    vec![
        Scenario::sends(
            "counted",
            &[200, 200],
            counted("/echo", "abcdef") + &get("/plain"),
        ),
        Scenario::new("counted, in pieces", &[200], pieces.end(Ending::Close)),
        Scenario::new(
            "chunked, in pieces",
            &[200, 200],
            chunks.send(get("/plain")),
        ),
        Scenario::sends(
            "chunked, by lines",
            &[200],
            post("/lines", &[CHUNKED], CHUNKS),
        ),
        Scenario::new(
            "expects",
            &[100, 200, 200],
            waits("/echo").end(Ending::Close),
        ),
        Scenario::new(
            "expects, unread",
            &[200],
            waits("/plain").end(Ending::Close),
        ),
        Scenario::sends(
            "expects, sends at once",
            &[200, 200],
            post("/lines", &[EXPECT, CHUNKED], CHUNKS) + &get("/plain"),
        )
        .may_continue(),
        Scenario::sends(
            "unread",
            &[200, 200],
            counted("/plain", "abcdef") + &get("/plain"),
        ),
        Scenario::sends(
            "unread chunks",
            &[200, 200],
            post("/plain", &[CHUNKED], CHUNKS) + &get("/plain"),
        ),
        Scenario::sends(
            "unread and large",
            &[200],
            counted("/plain", &large) + &get("/plain"),
        )
        .bounds(small),
        Scenario::sends(
            "cut body",
            &[400],
            post("/echo", &["Content-Length: 10"], "abc"),
        ),
        Scenario::sends("cut chunk", &[400], post("/lines", &[CHUNKED], "5\r\nabc")),
        Scenario::sends(
            "broken chunk",
            &[400],
            post("/echo", &[CHUNKED], "5\r\nabcdeX"),
        ),
        Scenario::new(
            "reset in the body",
            &[400],
            Script::new()
                .send(post("/echo", &[length], "abc"))
                .end(Ending::Reset),
        ),
        Scenario::new(
            "stalled body",
            &[408],
            Script::new().send(post("/echo", &[length], "abc")),
        ),
    ]
}

fn answers() -> Vec<Scenario> {
    let twice = |target: &str| get(target).repeat(2);
    let slowly = Script::new().send(get("/counted")).write_size(1_000);
    let offer = ["Connection: upgrade", "Upgrade: echo"];
    vec![
        Scenario::sends("chunked answer", &[200, 200], twice("/large")),
        Scenario::sends("counted answer", &[200, 200], twice("/counted")),
        Scenario::new("small writes", &[200], slowly.end(Ending::Close)),
        Scenario::sends("flushed", &[200, 200], twice("/flushed")),
        Scenario::sends("until the end", &[200], "GET /large HTTP/1.0\r\n\r\n"),
        Scenario::sends("flushed to 1.0", &[200], "GET /flushed HTTP/1.0\r\n\r\n"),
        Scenario::sends("interim", &[103, 200, 103, 200], twice("/interim")),
        Scenario::sends("error", &[404], twice("/error")),
        Scenario::sends("failure", &[500], twice("/fails")),
        Scenario::sends("late failure", &[200], twice("/fails-late")),
        Scenario::sends(
            "late failure to 1.0",
            &[200],
            "GET /fails-late HTTP/1.0\r\n\r\n",
        ),
        Scenario::sends("panic", &[500], twice("/panics")),
        Scenario::sends("too short", &[200], twice("/short")),
        Scenario::sends("no answer", &[500], twice("/nothing")),
        Scenario::sends("upgrade", &[101, 0], head("GET /switch", &offer) + "switch"),
        Scenario::new(
            "connect",
            &[200, 0],
            Script::new()
                .send("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\nswi")
                .expect_head()
                .send("tch")
                .end(Ending::Close),
        )
        .asks(&["CONNECT"]),
    ]
}

fn refusals() -> Vec<Scenario> {
    let cut = |end| Script::new().send("GET /plain HTTP/1.1\r\nHo").end(end);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(9_000));
    let fields: Vec<&str> = vec!["x: y"; 300];
    vec![
        Scenario::sends("garbage", &[400], "GARBAGE\r\n\r\n"),
        Scenario::sends(
            "no host",
            &[400],
            "GET / HTTP/1.1\r\n\r\n".to_owned() + &get("/plain"),
        ),
        Scenario::sends(
            "behind another",
            &[200, 400],
            get("/plain") + "G@T / HTTP/1.1\r\n\r\n",
        ),
        Scenario::sends(
            "another version",
            &[505],
            "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        ),
        Scenario::sends(
            "unknown coding",
            &[501],
            post("/", &["Transfer-Encoding: x, chunked"], ""),
        ),
        Scenario::sends(
            "two framings",
            &[400],
            post("/", &[CHUNKED, "Content-Length: 1"], ""),
        ),
        Scenario::sends("too long", &[414], long),
        Scenario::sends("too many fields", &[431], head("GET /plain", &fields)),
        Scenario::sends(
            "unknown expectation",
            &[417],
            head("GET /plain", &["Expect: x"]),
        ),
        Scenario::sends("unsupported", &[405], counted("/small.txt", "abc")),
        Scenario::new("cut head", &[400], cut(Ending::Close)),
        Scenario::new("reset head", &[400], cut(Ending::Reset)),
        Scenario::new("stalled head", &[408], cut(Ending::Silence)),
        Scenario::new("nothing", &[], Script::new().end(Ending::Close)),
        Scenario::new("silence", &[], Script::new()),
    ]
}

fn files() -> Vec<Scenario> {
    let ask = |fields: &[&str]| head("GET /small.txt", fields) + &get("/plain");
    vec![
        Scenario::sends("file", &[200, 200], ask(&[])),
        Scenario::sends(
            "large file",
            &[200, 200],
            get("/large.bin") + &get("/plain"),
        ),
        Scenario::sends(
            "file, head",
            &[200, 200],
            head("HEAD /large.bin", &[]) + &get("/plain"),
        )
        .asks(&["HEAD", "GET"]),
        Scenario::sends("range", &[206, 200], ask(&["Range: bytes=2-4"])),
        Scenario::sends("ranges", &[206, 200], ask(&["Range: bytes=0-1,5-6"])),
        Scenario::sends("no such range", &[416, 200], ask(&["Range: bytes=50-"])),
        Scenario::sends("not modified", &[304, 200], ask(&["If-None-Match: *"])),
        Scenario::sends("precondition", &[412], ask(&["If-Match: \"x\""])),
        Scenario::sends("no file", &[404], get("/none") + &get("/plain")),
        Scenario::sends("listing", &[200, 200], get("/") + &get("/plain")),
        Scenario::sends("script", &[200, 200], get("/cgi-bin/echo") + &get("/plain")).slow(),
        Scenario::sends(
            "script with a body",
            &[200, 200],
            counted("/cgi-bin/echo", "abcdef") + &get("/plain"),
        )
        .slow(),
    ]
}
