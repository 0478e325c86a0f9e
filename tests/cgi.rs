//! The promise: scripts get what RFC 3875 says and nothing else, their output becomes a well-framed
//! response or an error, whatever they do, and nothing of them is sent or left behind.
#![cfg(all(feature = "server", unix))]
#![allow(missing_docs)]

use std::fmt;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use stdhttp::server::{
    BaseHTTPRequestHandler, CGIHTTPRequestHandler, HTTPServer, Handler, Links,
    SimpleHTTPRequestHandler,
};
use stdhttp::testing::serve;
use stdhttp::{HTTPConnection, HTTPException, HTTPMessage, HTTPResponse};

/// The scripts, each of which is below `cgi-bin`.
const SCRIPTS: [(&str, &str); 34] = [
    ("hello", "echo 'Content-Type: text/plain'; echo; echo hello"),
    ("sub/deep", "echo 'Content-Type: text/plain'; echo; pwd"),
    (".hidden", "echo 'Content-Type: text/plain'; echo"),
    ("env", "echo 'Content-Type: text/plain'; echo; env"),
    ("status", "echo 'Status: 404 Nowhere'; echo; echo gone"),
    ("teapot", "echo 'Status: 418'; echo; echo short and stout"),
    (
        "four-digits",
        "echo 'Status: 0404 Nowhere'; echo; echo gone",
    ),
    (
        "long-head",
        "echo 'Content-Type: a/b'; printf 'X-A: '; head -c \"$QUERY_STRING\" /dev/zero | tr '\\0' a; printf '\\n\\nbody'",
    ),
    ("away", "echo 'Location: http://b.example/x'; echo"),
    (
        "moved",
        "echo 'Status: 301'; echo 'Location: /file.txt'; echo",
    ),
    ("here", "echo 'Location: /file.txt?a'; echo"),
    ("there", "echo 'Location: /cgi-bin/env/more?b=c'; echo"),
    ("folder", "echo 'Location: //folder'; echo"),
    ("circle", "echo 'Location: /cgi-bin/circle'; echo"),
    ("odd", r"printf 'Location: /a\001b\n\n'"),
    ("no-body", "echo 'Status: 204'; echo; echo body"),
    (
        "fields",
        "printf 'Content-Type: a/b\r\nDate: never\r\nServer: mine\r\nX-A: 1\r\nX-A: 2\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\nbody'",
    ),
    ("count", "echo 'Content-Type: text/plain'; echo; wc -c"),
    ("echo", "echo 'Content-Type: text/plain'; echo; exec cat"),
    (
        "slow",
        "echo 'Content-Type: text/plain'; echo; echo one; while [ ! -e \"$QUERY_STRING\" ]; do sleep 0.02; done; echo two",
    ),
    ("silent", ""),
    ("no-head", "echo hello; echo world"),
    ("half-head", "echo 'Content-Type: text/plain'"),
    ("no-type", "echo 'X-A: b'; echo; echo body"),
    (
        "endless-head",
        "echo 'Content-Type: text/plain'; while :; do echo 'X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'; done",
    ),
    (
        "endless",
        "echo 'Content-Type: text/plain'; echo \"X-Pid: $$\"; echo; exec yes",
    ),
    ("never", "echo $$ > never.pid; exec sleep 1000"),
    (
        "deaf",
        "exec 0<&-; echo 'Content-Type: text/plain'; echo; echo deaf",
    ),
    ("inject", r"printf 'Status: 200 OK\rX-Evil: 1\n\nbody'"),
    (
        "inject-field",
        r"printf 'Content-Type: a/b\rX-Evil: 1\n\nbody'",
    ),
    (
        "interim",
        "echo 'Status: 101 Switching Protocols'; echo; echo x",
    ),
    (
        "length",
        "echo 'Content-Type: a/b'; echo 'Content-Length: 6'; echo; echo whole",
    ),
    (
        "lies",
        "echo 'Content-Type: a/b'; echo 'Content-Length: 10'; echo; printf 'HTTP/1.1 200 OK'",
    ),
    (
        "errors",
        r"i=0; while [ $i -lt 3000 ]; do printf 'line \033[2J of an error that is long enough to fill what is kept of them %s\n' $i >&2; i=$((i+1)); done; echo 'Content-Type: text/plain'; echo; echo done; exit 3",
    ),
];

/// A site with the scripts. They are all written before the first of them runs: a file that is open
/// for writing, in whichever process, can't be run.
fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cgi");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("cgi-bin/sub")).unwrap();
        fs::create_dir_all(root.join("folder")).unwrap();
        fs::write(root.join("file.txt"), "a file").unwrap();
        for (name, lines) in SCRIPTS {
            script(&root.join("cgi-bin").join(name), lines, 0o755);
        }
        script(&root.join("cgi-bin/locked"), "echo secret", 0o644);
        script(&root.join("cgi-bin/left"), LEAVES_A_PROCESS, 0o755);
        let locked = root.join("file.txt").display().to_string();
        for (name, interpreter) in [("by-locked", locked.as_str()), ("by-none", "/none")] {
            let path = root.join("cgi-bin").join(name);
            fs::write(&path, format!("#!{interpreter}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        script(&root.join("outside"), "echo; echo outside", 0o755);
        symlink("/bin/echo", root.join("cgi-bin/link")).unwrap();
        symlink("cgi-bin/hello", root.join("hello.txt")).unwrap();
        symlink("cgi-bin", root.join("other")).unwrap();
        root
    })
}

/// A process that outlives its script holds the script's output open.
const LEAVES_A_PROCESS: &str = "echo 'Content-Type: text/plain'; echo; echo left; sleep 20 &";

fn script(path: &Path, lines: &str, mode: u32) {
    fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The handler, and its log.
struct Logged {
    handler: CGIHTTPRequestHandler,
    log: Mutex<Vec<String>>,
}

impl Handler for Logged {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.handler.dispatch(request)
    }

    fn methods(&self) -> &[&str] {
        self.handler.methods()
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        self.log.lock().unwrap().push(message.to_string());
    }
}

fn handler() -> CGIHTTPRequestHandler {
    CGIHTTPRequestHandler::new(SimpleHTTPRequestHandler::new(site()).unwrap())
}

/// What came: status, reason, fields, body, and the log.
#[derive(Debug)]
struct Came {
    status: u16,
    reason: String,
    headers: HTTPMessage,
    body: Result<Vec<u8>, HTTPException>,
    log: Vec<String>,
}

impl Came {
    fn text(&self) -> String {
        String::from_utf8(self.body.as_ref().expect("a whole body").clone()).unwrap()
    }

    fn field(&self, name: &str) -> Option<String> {
        self.headers.getheader(name).map(|value| value.into_owned())
    }
}

/// Sends a request to a handler, in memory.
fn send(handler: CGIHTTPRequestHandler, method: &str, target: &str, rest: &[u8]) -> Came {
    let log = Mutex::default();
    let logged = Logged { handler, log };
    let head = format!("{method} {target} HTTP/1.1\r\nHost: a.example\r\n");
    let came = serve(&logged, [head.as_bytes(), rest].concat());
    let mut response = HTTPResponse::from_reader(&came[..], method).expect("a response");
    Came {
        status: response.status(),
        reason: response.reason().into_owned(),
        headers: response.headers().clone(),
        body: response.read(None),
        log: logged.log.into_inner().unwrap(),
    }
}

fn get(target: &str) -> Came {
    send(handler(), "GET", target, b"\r\n")
}

/// As `get`, with little time for the script.
fn get_soon(target: &str) -> Came {
    let handler = handler().script_time(Duration::from_secs(1));
    send(handler, "GET", target, b"\r\n")
}

fn post(target: &str, body: &[u8]) -> Came {
    let head = format!("Content-Length: {}\r\n\r\n", body.len());
    send(handler(), "POST", target, &[head.as_bytes(), body].concat())
}

/// The variables that a script saw, but for those that the shell makes.
fn variables(came: &Came) -> Vec<(String, String)> {
    let text = came.text();
    let pairs = text
        .lines()
        .map(|line| line.split_once('=').expect("a variable"));
    let mut pairs: Vec<_> = pairs
        .filter(|(name, _)| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    pairs.sort();
    pairs
}

#[test]
fn a_script_answers() {
    let came = get("/cgi-bin/hello");
    assert_eq!((came.status, came.text().as_str()), (200, "hello\n"));
    assert_eq!(came.field("content-type").unwrap(), "text/plain");
    // A short output gets a length.
    assert_eq!(came.field("content-length").unwrap(), "6");
    assert_eq!(came.log, ["\"GET /cgi-bin/hello HTTP/1.1\" 200 -"]);
}

#[test]
fn a_script_gets_the_variables_of_the_rfc_and_no_others() {
    let rest = "Content-Type: text/x\r\nContent-Length: 3\r\nAccept: a\r\nAccept: b\r\n\
        Cookie: c=1\r\nCookie: d=2\r\nX-Two-Words: yes\r\n\r\nabc";
    let came = send(
        handler(),
        "POST",
        "/cgi-bin/env/a%20b/c/?q=%20&r?s//t=%2F",
        rest.as_bytes(),
    );
    let root = fs::canonicalize(site()).unwrap();
    let translated = root.join("a b/c").display().to_string();
    let path = std::env::var("PATH").unwrap();
    let software = concat!("stdhttp/", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("CONTENT_LENGTH", "3"),
        ("CONTENT_TYPE", "text/x"),
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("HTTP_ACCEPT", "a, b"),
        ("HTTP_COOKIE", "c=1; d=2"),
        ("HTTP_HOST", "a.example"),
        ("HTTP_X_TWO_WORDS", "yes"),
        ("PATH", path.as_str()),
        ("PATH_INFO", "/a b/c/"),
        ("PATH_TRANSLATED", translated.as_str()),
        ("QUERY_STRING", "q=%20&r?s//t=%2F"),
        ("REMOTE_ADDR", ""),
        ("REQUEST_METHOD", "POST"),
        ("SCRIPT_NAME", "/cgi-bin/env"),
        ("SERVER_NAME", "a.example"),
        ("SERVER_PORT", "0"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_SOFTWARE", software),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(variables(&came), expected);
}

#[test]
fn sv_our_2_no_field_becomes_a_variable_that_means_something_else() {
    let rest = b"Proxy: http://evil\r\nPROXY: http://evil\r\nX_A: 1\r\nX-A: 2\r\n\
        Authorization: Basic YTpi\r\nProxy-Authorization: Basic YTpi\r\nTE: trailers\r\n\r\n";
    let came = send(handler(), "GET", "/cgi-bin/env", rest);
    let variables = variables(&came);
    let fields = variables
        .iter()
        .filter(|(name, _)| name.starts_with("HTTP_"));
    let fields: Vec<_> = fields
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(fields, [("HTTP_HOST", "a.example"), ("HTTP_X_A", "2")]);
    for absent in [
        "AUTH_TYPE",
        "REMOTE_USER",
        "CONTENT_LENGTH",
        "PATH_TRANSLATED",
    ] {
        assert!(
            !variables.iter().any(|(name, _)| name == absent),
            "{absent}"
        );
    }
}

#[test]
fn the_name_of_the_server_is_its_address_where_the_client_calls_it_nothing() {
    for request in [
        "GET /cgi-bin/env HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /cgi-bin/env HTTP/1.0\r\n\r\n",
    ] {
        let logged = Logged {
            handler: handler(),
            log: Mutex::default(),
        };
        let came = String::from_utf8(serve(&logged, request)).unwrap();
        assert!(came.lines().any(|line| line == "SERVER_NAME=-"), "{came}");
    }
}

#[test]
fn a_head_is_as_long_as_it_may_be() {
    const MOST: usize = 65_536;
    let beside = "Content-Type: a/b\nX-A: \n\n".len();
    let came = get(&format!("/cgi-bin/long-head?{}", MOST - beside));
    assert_eq!((came.status, came.text().as_str()), (200, "body"));
    assert_eq!(came.field("x-a").unwrap().len(), MOST - beside);
    let came = get(&format!("/cgi-bin/long-head?{}", MOST - beside + 1));
    assert_eq!(came.status, 502);
}

#[test]
fn a_status_has_three_digits() {
    assert_eq!(get("/cgi-bin/four-digits").status, 502);
}

#[test]
fn a_script_that_cannot_be_started_is_told_from_one_that_may_not() {
    let came = get("/cgi-bin/by-locked");
    assert_eq!(came.status, 403);
    assert_eq!(
        came.reason,
        "CGI script is not executable ('/cgi-bin/by-locked')"
    );
    let came = get("/cgi-bin/by-none");
    assert_eq!(came.status, 500);
    let told = came.log.first().expect("a line");
    assert!(told.starts_with("CGI script can't be started: "), "{told}");
}

#[test]
fn a_script_in_a_folder_runs_in_that_folder() {
    let came = get("/cgi-bin/sub/deep/info");
    assert!(came.text().ends_with("/cgi-bin/sub\n"), "{came:?}");
}

#[test]
fn the_directories_of_scripts_can_be_chosen() {
    let chosen = handler().cgi_directories(["/cgi-bin/sub/"]);
    assert!(chosen.is_cgi("/cgi-bin/sub/deep?a") && !chosen.is_cgi("/cgi-bin/hello"));
    let came = send(chosen.clone(), "GET", "/cgi-bin/sub/deep", b"\r\n");
    assert_eq!(came.status, 200);
    // What is no script any more is a file.
    let came = send(chosen, "GET", "/cgi-bin/hello", b"\r\n");
    assert!(came.text().starts_with("#!/bin/sh"));
    // Without the handler for scripts nothing runs at all.
    let files = SimpleHTTPRequestHandler::new(site()).unwrap();
    let came = serve(&files, "GET /cgi-bin/hello HTTP/1.0\r\n\r\n");
    assert!(String::from_utf8(came).unwrap().contains("#!/bin/sh"));
}

#[test]
fn only_executable_files_of_the_directory_run() {
    let table = [
        ("/cgi-bin/none", 404, "No such CGI script ('/cgi-bin/none')"),
        (
            "/cgi-bin/.hidden",
            404,
            "No such CGI script ('/cgi-bin/.hidden')",
        ),
        ("/cgi-bin/link", 404, "No such CGI script ('/cgi-bin/link')"),
        (
            "/cgi-bin/locked",
            403,
            "CGI script is not executable ('/cgi-bin/locked')",
        ),
        (
            "/cgi-bin",
            403,
            "CGI script is not a plain file ('/cgi-bin')",
        ),
        (
            "/cgi-bin/",
            403,
            "CGI script is not a plain file ('/cgi-bin/')",
        ),
        (
            "//cgi-bin//sub",
            403,
            "CGI script is not a plain file ('//cgi-bin//sub')",
        ),
        ("/cgi-bin/../outside", 404, "File not found"),
        ("/cgi-bin/%2e%2e/outside", 404, "File not found"),
        ("/cgi-bin/..%2foutside", 404, "File not found"),
        ("/cgi-bin/hello%00", 404, "File not found"),
        ("/x/../cgi-bin/hello", 404, "File not found"),
        ("///////////x/../cgi-bin/none", 404, "File not found"),
        ("/cgi-bin%2fhello", 404, "File not found"),
    ];
    for (target, status, message) in table {
        let came = get(target);
        assert_eq!(
            (came.status, came.reason.as_str()),
            (status, message),
            "{target}"
        );
    }
    assert_eq!(get("//cgi-bin//hello").text(), "hello\n");
    assert_eq!(get("/%63gi-bin/hello").text(), "hello\n");
}

#[test]
fn no_script_is_sent_as_a_file() {
    for target in ["/hello.txt", "/other/hello", "/other/", "/other/sub/deep"] {
        assert_eq!(get(target).status, 404, "{target}");
        let files = SimpleHTTPRequestHandler::new(site())
            .unwrap()
            .links(Links::Follow);
        let follows = CGIHTTPRequestHandler::new(files);
        assert_eq!(
            send(follows, "GET", target, b"\r\n").status,
            404,
            "{target}"
        );
    }
    assert_eq!(get("/file.txt").text(), "a file");
}

#[test]
fn methods_are_those_of_scripts_and_of_files() {
    let came = post("/file.txt", b"");
    assert_eq!(
        (came.status, came.reason.as_str()),
        (405, "Can only POST to CGI scripts")
    );
    assert_eq!(came.field("allow").unwrap(), "GET, HEAD, OPTIONS");
    let came = send(handler(), "PUT", "/cgi-bin/hello", b"\r\n");
    assert_eq!(came.status, 405);
    assert_eq!(came.field("allow").unwrap(), "GET, HEAD, POST, OPTIONS");
    let came = send(handler(), "HEAD", "/cgi-bin/hello", b"\r\n");
    assert_eq!((came.status, came.text().len()), (200, 0));
    assert_eq!(came.field("content-length"), None);
    let came = send(handler(), "HEAD", "/cgi-bin/length", b"\r\n");
    assert_eq!(came.field("content-length").unwrap(), "6");
    assert_eq!((came.text().as_str(), came.log.len()), ("", 1));
    assert_eq!(get("/cgi-bin/length").text(), "whole\n");
    let came = send(handler(), "HEAD", "/cgi-bin/there", b"\r\n");
    assert_eq!((came.status, came.text().len()), (200, 0));
}

#[test]
fn a_script_sets_the_status() {
    let came = get("/cgi-bin/status");
    assert_eq!(
        (came.status, came.reason.as_str(), came.text().as_str()),
        (404, "Nowhere", "gone\n")
    );
    assert_eq!(came.field("status"), None);
    let came = get("/cgi-bin/teapot");
    assert_eq!((came.status, came.reason.as_str()), (418, "I'm a Teapot"));
    let came = get("/cgi-bin/no-body");
    assert_eq!((came.status, came.text().as_str()), (204, ""));
}

#[test]
fn a_script_redirects() {
    let came = get("/cgi-bin/away");
    assert_eq!(
        (came.status, came.field("location").unwrap().as_str()),
        (302, "http://b.example/x")
    );
    let came = get("/cgi-bin/moved");
    assert_eq!(
        (came.status, came.field("location").unwrap().as_str()),
        (301, "/file.txt")
    );
    let came = get("/cgi-bin/here");
    assert_eq!((came.status, came.text().as_str()), (200, "a file"));
    assert_eq!(came.field("location"), None);
    assert_eq!(post("/cgi-bin/here", b"abc").text(), "a file");
    // The second script is got, whatever the first one was sent.
    let came = post("/cgi-bin/there", b"abc");
    let seen = variables(&came);
    let value = |name: &str| {
        seen.iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .as_str()
    };
    assert_eq!(
        (value("REQUEST_METHOD"), value("QUERY_STRING")),
        ("GET", "b=c")
    );
    assert_eq!(
        (value("SCRIPT_NAME"), value("PATH_INFO")),
        ("/cgi-bin/env", "/more")
    );
    assert!(!seen.iter().any(|(name, _)| name == "CONTENT_LENGTH"));
    // The name of a folder, which is no name of a host.
    let came = get("/cgi-bin/folder");
    assert_eq!(
        (came.status, came.field("location").unwrap().as_str()),
        (301, "/folder/")
    );
    assert_eq!(get("/cgi-bin/circle").status, 502);
    assert_eq!(get("/cgi-bin/odd").status, 502);
}

#[test]
fn fields_of_the_server_stay_its_own() {
    let came = get("/cgi-bin/fields");
    assert_eq!((came.status, came.text().as_str()), (200, "body"));
    assert_eq!(came.field("x-a").unwrap(), "1, 2");
    assert_ne!(came.field("date").unwrap(), "never");
    assert!(came.field("server").unwrap().starts_with("stdhttp/"));
    for absent in ["transfer-encoding", "connection"] {
        assert_eq!(came.field(absent), None, "{absent}");
    }
}

#[test]
fn a_large_body_goes_in_whole() {
    let body = vec![b'a'; 16 << 20];
    assert_eq!(post("/cgi-bin/count", &body).text().trim(), "16777216");
}

#[test]
fn a_large_body_goes_in_while_another_comes_out() {
    let body: Vec<u8> = (0..4_000_001u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    let came = post("/cgi-bin/echo", &body);
    assert!(came.body.expect("a whole body") == body);
}

#[test]
fn sv_m_6_3_11_a_body_of_unknown_length_is_refused() {
    let rest = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(send(handler(), "POST", "/cgi-bin/count", rest).status, 411);
}

#[test]
fn a_script_that_does_not_read_its_body_answers() {
    let came = post("/cgi-bin/deaf", &vec![b'a'; 1 << 20]);
    assert_eq!((came.status, came.text().as_str()), (200, "deaf\n"));
    let came = post("/cgi-bin/hello", &vec![b'a'; 1 << 20]);
    assert_eq!((came.status, came.text().as_str()), (200, "hello\n"));
}

#[test]
fn what_is_no_response_is_a_bad_gateway() {
    for name in [
        "silent",
        "no-head",
        "half-head",
        "no-type",
        "endless-head",
        "inject",
        "inject-field",
        "interim",
    ] {
        let came = get(&format!("/cgi-bin/{name}"));
        let facts = (came.status, came.field("x-evil"), came.reason.as_str());
        assert_eq!(facts, (502, None, "CGI script gave no response"), "{name}");
    }
}

#[test]
fn a_wrong_length_is_no_whole_response() {
    let came = get("/cgi-bin/lies");
    assert_ne!((came.status, came.body.is_ok()), (200, true));
}

#[test]
fn a_script_that_never_answers_is_killed() {
    let began = Instant::now();
    let came = get_soon("/cgi-bin/never");
    assert_eq!(
        (came.status, came.reason.as_str()),
        (504, "CGI script took too long")
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(
        came.log.contains(&"CGI script killed".to_owned()),
        "{:?}",
        came.log
    );
    let pid = fs::read_to_string(site().join("cgi-bin/never.pid")).unwrap();
    assert_is_gone(pid.trim());
}

#[test]
fn an_endless_output_is_cut_and_does_not_look_whole() {
    let came = get_soon("/cgi-bin/endless");
    assert_eq!(came.status, 200);
    assert!(matches!(came.body, Err(HTTPException::IncompleteRead(_))));
    assert_is_gone(&came.field("x-pid").unwrap());
}

/// Neither running nor waiting to be reaped.
fn assert_is_gone(pid: &str) {
    if cfg!(target_os = "linux") {
        assert!(!Path::new("/proc").join(pid).exists(), "{pid}");
    }
}

#[test]
fn a_process_that_a_script_leaves_behind_delays_nothing() {
    let began = Instant::now();
    assert_eq!(get("/cgi-bin/left").text(), "left\n");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn errors_are_logged_within_a_bound_and_escaped() {
    let came = get("/cgi-bin/errors");
    assert_eq!(came.text(), "done\n");
    assert!(
        came.log[1].starts_with(r"line \x1b[2J of an error"),
        "{}",
        came.log[1]
    );
    assert_eq!(came.log.last().unwrap(), "CGI script: exit status: 3");
    let logged: usize = came.log.iter().map(String::len).sum();
    assert!(logged < 10_000, "{logged}");
}

#[test]
fn what_a_script_has_written_is_sent_before_it_goes_on() {
    let server = HTTPServer::bind("127.0.0.1:0", handler()).unwrap();
    let port = server.server_port();
    let shutdown = server.shutdown_handle();
    let serving = std::thread::spawn(move || server.serve_forever());
    let sign = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cgi-goes-on");
    let _ = fs::remove_file(&sign);

    let conn = HTTPConnection::builder("127.0.0.1").port(port);
    let mut conn = conn.timeout(Duration::from_secs(20)).build().unwrap();
    let target = format!("/cgi-bin/slow?{}", sign.display());
    conn.request("GET", &target, (), &[]).unwrap();
    let mut response = conn.getresponse().unwrap();
    let mut first = [0; 4];
    let count = response.readinto(&mut first).unwrap();
    assert_eq!(&first[..count], b"one\n");
    fs::write(&sign, "").unwrap();
    assert_eq!(response.read(None).unwrap(), b"two\n");

    // Over the same connection.
    conn.request("GET", "/cgi-bin/env", (), &[]).unwrap();
    let body = conn.getresponse().unwrap().read(None).unwrap();
    let body = String::from_utf8(body).unwrap();
    for expected in ["REMOTE_ADDR=127.0.0.1", &format!("SERVER_PORT={port}")] {
        assert!(body.lines().any(|line| line == expected), "{body}");
    }

    shutdown.shutdown();
    serving.join().unwrap();
}
