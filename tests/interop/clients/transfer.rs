//! curl and wget: every way in which they get a file, resume one, or send one.

use std::fs;
use std::path::PathBuf;

use super::site::{BIG, Commanded, Served, UNUSUAL, UNUSUAL_PATH, hello, run, succeed, tree, url};
use crate::pattern::pattern;
use crate::servers::{Folder, client, new_folder};

/// A client with a folder to work in.
struct Tool {
    program: PathBuf,
    folder: Folder,
    /// What it is always told.
    always: &'static [&'static str],
}

impl Tool {
    fn curl() -> Option<Self> {
        Self::new("curl", &["-sS", "--noproxy", "*", "--max-time", "60"])
    }

    fn wget() -> Option<Self> {
        Self::new("wget", &["-nv", "--no-proxy", "--tries=1", "--timeout=60"])
    }

    fn new(program: &str, always: &'static [&'static str]) -> Option<Self> {
        Some(Self {
            program: client(program)?,
            folder: new_folder(),
            always,
        })
    }

    /// Runs it; what it wrote.
    fn run(&self, arguments: &[&str]) -> String {
        succeed(run(&self.program, &self.folder.0, &self.all(arguments)))
    }

    /// Runs it; its exit status.
    fn status(&self, arguments: &[&str]) -> Option<i32> {
        let output = run(&self.program, &self.folder.0, &self.all(arguments));
        output.status.code()
    }

    fn all<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [self.always, arguments].concat()
    }

    fn write(&self, name: &str, data: &[u8]) {
        fs::write(self.folder.0.join(name), data).expect("cannot write a file");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.0.join(name)).expect("no such file")
    }
}

/// The head that `curl -i` or `-I` writes, and what follows.
fn split(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").expect("no head")
}

#[test]
fn curl_gets_files() {
    let Some(curl) = Tool::curl() else { return };
    let (served, commanded) = (Served::start(), Commanded::start());
    for port in [served.port, commanded.port] {
        gets(&curl, port);
        resumes(&curl, port);
        asks_on_condition(&curl, port);
        stays_inside(&curl, port);
    }
}

fn gets(curl: &Tool, port: u16) {
    let hello_url = url(port, "/hello");
    assert_eq!(curl.run(&[&hello_url]), hello());
    let head = curl.run(&["-I", &hello_url]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Length: 13\r\n"), "{head}");
    let answer = curl.run(&["-i", "-r", "7-11", &hello_url]);
    let (head, body) = split(&answer);
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert_eq!(body, "world");
    assert_eq!(curl.run(&["-r", "-6", &hello_url]), "world\n");
    assert_eq!(curl.run(&[&url(port, UNUSUAL_PATH)]), "unusual");
    assert_eq!(
        curl.run(&["-L", &url(port, "/inner/deep/last")]),
        "the last one"
    );
    let parts = curl.run(&["-i", "-r", "0-1,5-6", &hello_url]);
    assert!(
        parts.contains("Content-Type: multipart/byteranges"),
        "{parts}"
    );
    assert!(parts.contains("\r\n\r\nhe\r\n"), "{parts}");
    assert!(parts.contains("\r\n\r\n, \r\n"), "{parts}");
    let old = curl.run(&["-0", "-i", &hello_url]);
    let (head, body) = split(&old);
    assert!(head.contains("\r\nConnection: close"), "{head}");
    assert_eq!(body, hello());
}

/// `-C -` asks for what the file does not have yet.
fn resumes(curl: &Tool, port: u16) {
    let big = url(port, "/big");
    curl.write("part", &pattern(1_234_567));
    curl.run(&["-C", "-", "-o", "part", &big]);
    assert!(curl.read("part") == pattern(BIG));
    curl.write("part", b"");
    curl.run(&["-C", "-", "-o", "part", &big]);
    assert!(curl.read("part") == pattern(BIG));
}

/// By entity tag and by date; and a redirect to a folder.
fn asks_on_condition(curl: &Tool, port: u16) {
    let status = [
        "-o",
        "body",
        "-w",
        "%{http_code} %{size_download} %{num_redirects}",
    ];
    let ask = |more: &[&str]| curl.run(&[&status[..], more].concat());
    let big = url(port, "/big");
    assert_eq!(ask(&["--etag-save", "tag", &big]), format!("200 {BIG} 0"));
    assert_eq!(ask(&["--etag-compare", "tag", &big]), "304 0 0");
    assert_eq!(ask(&["-R", &big]), format!("200 {BIG} 0"));
    assert_eq!(ask(&["-z", "body", &big]), "304 0 0");
    let listing = ask(&["-L", &url(port, "/inner")]);
    assert!(
        listing.starts_with("200 ") && listing.ends_with(" 1"),
        "{listing}"
    );
}

fn stays_inside(curl: &Tool, port: u16) {
    let code = |path: &str| {
        let status = ["--path-as-is", "-o", "body", "-w", "%{http_code}"];
        curl.run(&[&status[..], &[&url(port, path)]].concat())
    };
    for path in [
        "/../hello",
        "/%2e%2e/hello",
        "/..%2fhello",
        "/.hidden",
        "/missing",
    ] {
        assert_eq!(code(path), "404", "{path}");
    }
    assert_eq!(curl.status(&["-f", &url(port, "/missing")]), Some(22));
}

#[test]
fn curl_sends_bodies() {
    let Some(curl) = Tool::curl() else { return };
    let served = Served::start();
    let echo = served.url("/echo");
    curl.write("big", &pattern(BIG));
    for (method, chunked, arguments) in [
        ("POST", "no", &["--data-binary", "@big"][..]),
        ("PUT", "no", &["-T", "big"]),
        (
            "PUT",
            "yes",
            &["-T", "big", "-H", "Transfer-Encoding: chunked"],
        ),
    ] {
        for expect in ["Expect:", "Expect: 100-continue"] {
            let asked = ["-D", "head", "-o", "back", "-H", expect, &echo];
            curl.run(&[&asked[..], arguments].concat());
            assert!(curl.read("back") == pattern(BIG), "{arguments:?}");
            let head = String::from_utf8_lossy(&curl.read("head")).into_owned();
            let interim = head.starts_with("HTTP/1.1 100 Continue\r\n\r\n");
            assert_eq!(interim, expect.ends_with("continue"), "{head}");
            assert!(
                head.contains(&format!("\r\nX-Method: {method}\r\n")),
                "{head}"
            );
            assert!(
                head.contains(&format!("\r\nX-Chunked: {chunked}\r\n")),
                "{head}"
            );
        }
    }
    let form = curl.run(&["-F", "a=1", "-F", "f=@big;filename=x", "-o", "back", &echo]);
    assert_eq!(form, "");
    assert!(curl.read("back").len() as u64 > BIG);
    assert_eq!(curl.run(&["-0", "-d", "old", &echo]), "old");
}

/// The answer arrives although the upload that it refuses is still under way.
#[test]
fn curl_sees_why_an_upload_is_refused() {
    let Some(curl) = Tool::curl() else { return };
    let (served, commanded) = (Served::start(), Commanded::start());
    curl.write("big", &pattern(8 << 20));
    for port in [served.port, commanded.port] {
        for expect in ["Expect:", "Expect: 100-continue"] {
            let status = ["-o", "body", "-w", "%{http_code}", "-H", expect];
            let upload = ["-T", "big", &url(port, "/hello")];
            assert_eq!(curl.run(&[&status[..], &upload].concat()), "405");
        }
    }
}

#[test]
fn curl_unpacks_the_file_beside() {
    let Some(curl) = Tool::curl() else { return };
    let served = Served::start();
    let text = served.url("/text");
    assert_eq!(curl.run(&[&text]), "as it is");
    let answer = curl.run(&["-i", "--compressed", &text]);
    let (head, body) = split(&answer);
    assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
    assert!(head.contains("\r\nVary: Accept-Encoding\r\n"), "{head}");
    assert_eq!(body, "unpacked");
}

#[test]
fn curl_keeps_its_connection() {
    let Some(curl) = Tool::curl() else { return };
    let served = Served::start();
    let (hello, big, missing) = (
        served.url("/hello"),
        served.url("/big"),
        served.url("/none"),
    );
    let each = [
        "-o",
        "1",
        "-o",
        "2",
        "-o",
        "3",
        "-o",
        "4",
        "-w",
        "%{num_connects} ",
    ];
    let connects = curl.run(&[&each[..], &[&hello, &big, &hello, &hello]].concat());
    assert_eq!(connects, "1 0 0 0 ");
    assert_eq!(served.take_connections(), 1);
    // An error page is the last answer of its connection.
    let connects = curl.run(&[&each[..], &[&hello, &missing, &hello, &hello]].concat());
    assert_eq!(connects, "1 0 1 0 ");
    // HTTP/1.0 with keep-alive.
    let old = ["-0", "-H", "Connection: keep-alive"];
    let connects = curl.run(&[&old[..], &each, &[&hello, &big, &hello, &hello]].concat());
    assert_eq!(connects, "1 0 0 0 ");
    served.take_seen();
    let parallel: Vec<String> = vec![served.url("/big"); 20];
    let mut arguments = vec!["--parallel"];
    for url in &parallel {
        arguments.extend(["-o", "/dev/null", url.as_str()]);
    }
    curl.run(&arguments);
    assert_eq!(served.take_seen().len(), 20);
}

#[test]
fn wget_gets_and_resumes() {
    let Some(wget) = Tool::wget() else { return };
    let (served, commanded) = (Served::start(), Commanded::start());
    for port in [served.port, commanded.port] {
        assert_eq!(wget.run(&["-O-", &url(port, "/hello")]), hello());
        wget.write("big", &pattern(1_234_567));
        wget.run(&["-c", &url(port, "/big")]);
        assert!(wget.read("big") == pattern(BIG));
        // Complete already: 416 is no failure.
        wget.run(&["-c", &url(port, "/big")]);
        wget.run(&["--spider", &url(port, "/hello")]);
        assert_eq!(wget.status(&["-O-", &url(port, "/missing")]), Some(8));
        wget.run(&["-N", &url(port, "/inner/deep/last")]);
        wget.run(&["-N", &url(port, "/inner/deep/last")]);
        assert_eq!(wget.read("last"), b"the last one");
        let echoed = ["-O-", "--post-data=sent", &url(served.port, "/echo")];
        assert_eq!(wget.run(&echoed), "sent");
    }
    let seen = served.take_seen();
    let count = |status| {
        seen.iter()
            .filter(|seen| seen.status == Some(status))
            .count()
    };
    assert_eq!((count(206), count(304), count(416)), (1, 1, 1), "{seen:?}");
    let resumed = seen.iter().find_map(|seen| seen.range.clone());
    assert_eq!(resumed.as_deref(), Some("bytes=1234567-"));
}

/// Everything that the listings name comes down, and nothing else.
#[test]
fn wget_follows_the_listings() {
    let Some(wget) = Tool::wget() else { return };
    let (served, commanded) = (Served::start(), Commanded::start());
    for port in [served.port, commanded.port] {
        let into = format!("tree{port}");
        let recursive = [
            "-r",
            "-np",
            "-nH",
            "--restrict-file-names=nocontrol",
            "-P",
            &into,
        ];
        wget.run(&[&recursive[..], &["-R", "index.html*", &url(port, "/")]].concat());
        let got = tree(&wget.folder.0.join(&into));
        let mut wanted = tree(&served.folder.0);
        wanted.retain(|(path, _)| path.to_str() != Some(".hidden"));
        let names = |tree: &std::collections::BTreeSet<(PathBuf, Vec<u8>)>| {
            tree.iter()
                .map(|(path, _)| path.clone())
                .collect::<Vec<_>>()
        };
        assert!(got == wanted, "{:?} for {:?}", names(&got), names(&wanted));
        assert!(got.iter().any(|(path, _)| path.ends_with(UNUSUAL)));
    }
    assert!(served.take_connections() <= 2);
}
