//! The promise: Python's `http.server` and this one answer the same requests for the same directory
//! alike, and log the same lines; where they do not, the difference is one of a list, each with its
//! reason, and each needed.
#![cfg(all(feature = "server", unix))]
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use stdhttp::HTTPException;
use stdhttp::server::{
    BaseHTTPRequestHandler, Handler, Links, SimpleHTTPRequestHandler, ThreadingHTTPServer,
};

#[path = "support/server_cases.rs"]
mod cases;
#[path = "support/server_differences.rs"]
mod differences;

use differences::Difference;

/// An answer; one of HTTP/0.9 has a body and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    version: String,
    status: u16,
    reason: String,
    /// Names in lower case, without `Date` and `Server`.
    fields: BTreeMap<String, String>,
    body: String,
}

/// What came of a connection, and the messages of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Came {
    answers: Vec<Answer>,
    log: Vec<String>,
}

/// The directory that both serve, removed at the end.
struct Site(PathBuf);

impl Site {
    fn new() -> Self {
        let name = format!("stdhttp-differential-{}", std::process::id());
        let site = Self(std::env::temp_dir().join(name));
        let _ = fs::remove_dir_all(&site.0);
        for (name, content) in cases::FILES {
            site.file(OsStr::new(name), content.as_bytes());
        }
        site.file(OsStr::from_bytes(b"names/\xff.txt"), b"no text");
        site.file(OsStr::new("big"), &b"0123456789".repeat(20_000));
        for folder in cases::FOLDERS {
            fs::create_dir_all(site.0.join(folder)).unwrap();
        }
        for (leads_to, link) in [
            ("a.txt", "link.txt"),
            ("dir", "link-dir"),
            ("../a.txt", "names/link"),
            ("nowhere", "names/dangling"),
            ("/proc/self/environ", "names/away"),
        ] {
            symlink(leads_to, site.0.join(link)).unwrap();
        }
        site
    }

    /// A file that was changed long ago.
    fn file(&self, name: &OsStr, content: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        let changed = UNIX_EPOCH + Duration::new(784_111_777, 500_000_000);
        file.set_modified(changed).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `python3 -m http.server`, and the lines that it writes to standard error.
struct Python {
    child: Child,
    port: u16,
    lines: Receiver<String>,
}

impl Python {
    /// Starts it, if there is a Python; in CI there must be.
    fn start(site: &Site) -> Option<Self> {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "-p", "HTTP/1.1", "-d"]);
        command.arg(&site.0).args(["--bind", "127.0.0.1", "0"]);
        command.env("PYTHONUTF8", "1").stdin(Stdio::null());
        let started = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let python = started.ok().and_then(Self::listening);
        let in_ci = std::env::var_os("CI").is_some();
        assert!(python.is_some() || !in_ci, "Python is missing");
        python
    }

    fn listening(mut child: Child) -> Option<Self> {
        let mut first = String::new();
        BufReader::new(child.stdout.take()?)
            .read_line(&mut first)
            .ok()?;
        let Some(port) = port_of(&first) else {
            let _ = child.wait();
            return None;
        };
        let errors = BufReader::new(child.stderr.take()?);
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let texts = errors.split(b'\n').map_while(Result::ok);
            texts
                .map(|line| String::from_utf8_lossy(&line).into_owned())
                .try_for_each(|line| sender.send(line))
        });
        Some(Self { child, port, lines })
    }

    fn ask(&self, requests: &[String]) -> Came {
        let answers = exchange(self.port, requests);
        // All lines of the connection have left before it closed, and those of this one follow.
        exchange(self.port, &["GET /last HTTP/1.0\r\n\r\n".to_owned()]);
        let mut log = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.expect("the line of the last request");
            match line.split_once("] ") {
                Some((_, "\"GET /last HTTP/1.0\" 404 -")) => break,
                Some((before, message)) if before.starts_with("127.0.0.1 - - [") => {
                    log.push(message.to_owned());
                }
                _ => log.push("a traceback".to_owned()),
            }
        }
        // That of the last request's error.
        log.pop();
        log.dedup_by(|line, before| line == "a traceback" && line == before);
        Came { answers, log }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `Serving HTTP on 127.0.0.1 port 8000 (http://127.0.0.1:8000/) ...`
fn port_of(line: &str) -> Option<u16> {
    let mut words = line.split(' ').skip_while(|word| *word != "port");
    words.nth(1)?.parse().ok()
}

/// The handler of files whose log is kept.
#[derive(Clone)]
struct Logged {
    files: SimpleHTTPRequestHandler,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Logged {
    fn new(site: &Site) -> Self {
        let files = SimpleHTTPRequestHandler::new(&site.0).unwrap();
        Self {
            files: files.dot_files(true).links(Links::Follow),
            lines: Arc::default(),
        }
    }

    fn ask(&self, port: u16, requests: &[String]) -> Came {
        let answers = exchange(port, requests);
        let log = std::mem::take(&mut *self.lines.lock().unwrap());
        Came { answers, log }
    }
}

impl Handler for Logged {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.files.dispatch(request)
    }

    fn methods(&self) -> &[&str] {
        self.files.methods()
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        self.lines.lock().unwrap().push(message.to_string());
    }
}

/// Sends all requests at once, ends its side, and reads what comes.
fn exchange(port: u16, requests: &[String]) -> Vec<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    // A server that has refused may have closed.
    let sent = stream.write_all(requests.concat().as_bytes());
    let _ = sent.and_then(|()| stream.shutdown(Shutdown::Write));
    let mut came = Vec::new();
    if let Err(error) = stream.read_to_end(&mut came) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    let mut methods = requests
        .iter()
        .map(|request| request.split(' ').next().unwrap());
    let mut rest = &came[..];
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let method = methods.next().unwrap_or_default();
        let mut answer = take_answer(&mut rest, method);
        while answer.status == 100 {
            answers.push(answer);
            answer = take_answer(&mut rest, method);
        }
        answers.push(answer);
    }
    answers
}

fn take_answer(rest: &mut &[u8], method: &str) -> Answer {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let end = rest.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end.filter(|_| rest.starts_with(b"HTTP/")) else {
        let body = text(std::mem::take(rest));
        return Answer {
            body,
            ..Answer::default()
        };
    };
    let head = text(&rest[..end]);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap().splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (version, status, reason) = (word(), word().parse().unwrap(), word());
    let fields: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| name != "date" && name != "server")
        .collect();
    let length = match fields.get("content-length") {
        Some(length) if method != "HEAD" => length.parse().unwrap(),
        _ => 0,
    };
    let (body, after) = rest[end + 4..]
        .split_at_checked(length)
        .expect("a whole body");
    let body = text(body);
    *rest = after;
    Answer {
        version,
        status,
        reason,
        fields,
        body,
    }
}

/// What both made of some requests.
struct Pair {
    requests: Vec<String>,
    python: Came,
    ours: Came,
}

impl Pair {
    /// Whether both are the same but for the differences of the list, without one of them.
    fn agrees_without(&self, left_out: Option<usize>, list: &[Difference]) -> bool {
        let (python, ours) = self.levelled(left_out, list);
        python == ours
    }

    fn levelled(&self, left_out: Option<usize>, list: &[Difference]) -> (Came, Came) {
        let (mut python, mut ours) = (self.python.clone(), self.ours.clone());
        for (place, difference) in list.iter().enumerate() {
            if Some(place) != left_out {
                (difference.level)(&self.requests.concat(), &mut python, &mut ours);
            }
        }
        (python, ours)
    }
}

#[test]
fn python_and_this_server_answer_alike_but_for_the_list() {
    let site = Site::new();
    let Some(python) = Python::start(&site) else {
        println!("left out: there is no Python");
        return;
    };
    let handler = Logged::new(&site);
    let server = ThreadingHTTPServer::bind("127.0.0.1:0", handler.clone()).unwrap();
    let port = server.server_port();
    let cases = cases::all();
    assert!(cases.iter().map(Vec::len).sum::<usize>() >= 80);
    let ask = |requests: Vec<String>| Pair {
        python: python.ask(&requests),
        ours: handler.ask(port, &requests),
        requests,
    };
    let pairs: Vec<Pair> = thread::scope(|scope| {
        scope.spawn(|| server.serve_forever());
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cases.into_iter().map(ask).collect()
        }));
        server.shutdown();
        asked.unwrap()
    });
    let list = differences::all();
    let different: Vec<&Pair> = pairs
        .iter()
        .filter(|pair| !pair.agrees_without(None, &list))
        .collect();
    for pair in &different {
        let (python, ours) = pair.levelled(None, &list);
        let requests = pair.requests.concat();
        println!("{requests:.300?}\n  python {python:.2000?}\n  ours   {ours:.2000?}\n");
    }
    assert!(
        different.is_empty(),
        "{} of {} differ",
        different.len(),
        pairs.len()
    );
    for (place, difference) in list.iter().enumerate() {
        let needed = pairs
            .iter()
            .any(|pair| !pair.agrees_without(Some(place), &list));
        assert!(needed, "not needed: {}", difference.reason);
    }
    let alike = pairs.iter().filter(|pair| pair.python == pair.ours).count();
    println!("{} connections, {alike} alike to the octet", pairs.len());
}
