//! curl's cookie engine and its file: the same cookies come out, and each reads what the other
//! writes. Both get the same answers of a server on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use stdhttp::cookies::{CookieJar, MozillaCookieJar};

use crate::folder::Folder;
use crate::url;

/// A server that sets cookies at `/set…` and says what it was sent.
struct Server {
    port: u16,
}

impl Server {
    fn start(lines: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = lines.to_vec();
        // It ends with the process; the listener is closed when the test's last client is gone.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.unwrap(), &lines);
            }
        });
        Self { port }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }
}

fn serve(mut stream: TcpStream, lines: &[&str]) -> std::io::Result<()> {
    let mut head = Vec::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let cookie = head.iter().find_map(|line| line.strip_prefix("Cookie: "));
    let body = cookie.unwrap_or_default();
    let sets = head.first().is_some_and(|line| line.contains("/set"));
    let lines = lines
        .iter()
        .filter(|_| sets)
        .map(|line| format!("Set-Cookie: {line}\r\n"));
    let fields: String = lines.collect();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Whether there is a curl; in CI there must be.
fn is_there() -> bool {
    let version = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let there = version.is_ok_and(|status| status.success());
    assert!(there || std::env::var_os("CI").is_none(), "curl is missing");
    there
}

/// What curl's request to this URL carries, with the cookies of a file.
fn curl(file: &Path, url: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "20",
    ]);
    curl.args(["--connect-to", "::127.0.0.1:"]);
    let output = curl
        .arg("-b")
        .arg(file)
        .arg("-c")
        .arg(file)
        .arg(url)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The cookies of a field, which curl sorts otherwise.
fn sorted(field: &str) -> Vec<&str> {
    let mut cookies: Vec<&str> = field
        .split("; ")
        .filter(|cookie| !cookie.is_empty())
        .collect();
    cookies.sort_unstable();
    cookies
}

/// What the server sets. curl ends a cookie's name and value where the rules do.
const LINES: [&str; 22] = [
    "plain=1",
    "domain=2; Domain=example.org",
    "dotted=3; Domain=.example.org",
    "foreign=4; Domain=example.com",
    "suffix=5; Domain=org",
    "below=6; Domain=a.www.example.org",
    "path=7; Path=/deep",
    "other=8; Path=/elsewhere",
    "age=9; Max-Age=1000",
    "gone=10; Max-Age=0",
    "past=11; Expires=Thu, 01 Jan 1998 00:00:00 GMT",
    "future=12; Expires=Thu, 01 Jan 2099 00:00:00 GMT",
    "both=13; Max-Age=1000; Expires=Thu, 01 Jan 1998 00:00:00 GMT",
    "secure=14; Secure",
    "only=15; HttpOnly",
    "quoted=\"a b\"",
    "equals=a=b=c",
    " blanks = 16 ; Path = / ",
    "empty=",
    "twice=17; Path=/deep; Path=/",
    "__Secure-x=18",
    "__Host-y=19; Path=/",
];

/// The requests that are compared.
const TARGETS: [(&str, &str); 7] = [
    ("www.example.org", "/"),
    ("www.example.org", "/deep"),
    ("www.example.org", "/deep/er"),
    ("www.example.org", "/deeper"),
    ("example.org", "/deep"),
    ("a.www.example.org", "/"),
    ("notexample.org", "/"),
];

#[test]
fn the_engines_agree() {
    if !is_there() {
        return;
    }
    let server = Server::start(&LINES);
    let folder = Folder::new("curl-engine");
    curl(&folder.file(), &server.url("www.example.org", "/set"));
    let jar = CookieJar::new();
    for line in LINES {
        // Which are stored shows in what is sent.
        let _ = jar.store(line.as_bytes(), &url("http://www.example.org/set"));
    }
    for (host, path) in TARGETS {
        let theirs = curl(&folder.file(), &server.url(host, path));
        let ours = jar
            .cookie_header(&url(&format!("http://{host}{path}")))
            .unwrap_or_default();
        let ours = String::from_utf8(ours).unwrap();
        assert_eq!(sorted(&ours), sorted(&theirs), "{host}{path}");
    }
}

#[test]
fn each_reads_the_others_file() {
    if !is_there() {
        return;
    }
    let server = Server::start(&LINES);
    let (theirs, ours) = (Folder::new("curl-theirs"), Folder::new("curl-ours"));
    curl(&theirs.file(), &server.url("www.example.org", "/set"));
    let read = MozillaCookieJar::new(theirs.file(), CookieJar::new()).with_session_cookies();
    let loaded = read.load().unwrap();
    assert!(loaded.cookies >= 12 && loaded.skipped == 0, "{loaded:?}");
    let written = MozillaCookieJar::new(ours.file(), (*read).clone()).with_session_cookies();
    assert_eq!(written.save().unwrap().skipped, 0);
    for (host, path) in TARGETS {
        let expected = curl(&theirs.file(), &server.url(host, path));
        let from_ours = curl(&ours.file(), &server.url(host, path));
        let field = read
            .cookie_header(&url(&format!("http://{host}{path}")))
            .unwrap_or_default();
        let field = String::from_utf8(field).unwrap();
        assert_eq!(sorted(&from_ours), sorted(&expected), "{host}{path}");
        assert_eq!(sorted(&field), sorted(&expected), "{host}{path}");
    }
}
