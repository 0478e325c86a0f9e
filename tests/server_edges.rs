//! The promise: what handlers, files, scripts and the end of a server do at their edges is answered
//! by what is true: calls in an unusual order, panics behind a switch, files that change or lie, links
//! out of the directory, several threads at one server.
#![cfg(feature = "server")]
#![allow(missing_docs, non_snake_case)]

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stdhttp::dates::{self, formatdate};
use stdhttp::server::{
    BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, SimpleHTTPRequestHandler,
    ThreadingHTTPServer, Times,
};
use stdhttp::testing::{Ending, Peer, Script, serve};
use stdhttp::{HTTPException, HTTPMessage, HTTPResponse, Stream, Tolerance};

#[path = "support/folder.rs"]
mod folder;
#[path = "support/logged.rs"]
mod logged;

use folder::Folder;
use logged::{Handled, Request, logged};

fn told(handler: &impl Handler, requests: &str) -> String {
    String::from_utf8(serve(handler, requests)).expect("text")
}

fn ok(request: Request<'_, '_>, body: &[u8]) -> Handled {
    request.send_response(200, None)?;
    request.end_headers()?;
    request.wfile().write_all(body)?;
    Ok(())
}

impl Folder {
    fn file(&self, name: &str, content: &str, changed: SystemTime) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(changed).unwrap();
        path
    }

    fn handler(&self) -> SimpleHTTPRequestHandler {
        SimpleHTTPRequestHandler::new(&self.0).unwrap()
    }
}

fn long_ago() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(784_111_777)
}

/// What came: status, fields, body.
struct Came {
    status: u16,
    headers: HTTPMessage,
    body: Vec<u8>,
}

impl Came {
    fn field(&self, name: &str) -> Option<String> {
        self.headers.getheader(name).map(|value| value.into_owned())
    }
}

fn ask(files: &SimpleHTTPRequestHandler, target: &str, fields: &str) -> Came {
    let quiet = logged(|request: Request<'_, '_>| files.dispatch(request));
    let came = serve(
        &quiet,
        format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"),
    );
    let mut response = HTTPResponse::from_reader(&came[..], "GET").expect("a response");
    Came {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.read(None).expect("a whole body"),
    }
}

// Handlers

const EXPECTING: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

/// What a client is told that sends its body when it has got a head.
fn told_waiting<H: Handler>(handler: H) -> String {
    let script = Script::new().send(EXPECTING).expect_head().send("hello");
    let peer = Peer::new([script.end(Ending::Close)]);
    let server = HTTPServer::without_socket(handler).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    String::from_utf8(peer.received(0)).unwrap()
}

fn read_all(request: Request<'_, '_>) -> Result<Vec<u8>, HTTPException> {
    let mut body = Vec::new();
    request.rfile().read_to_end(&mut body)?;
    Ok(body)
}

#[test]
fn a_body_can_be_asked_for_behind_a_response_that_was_begun() {
    let came = told_waiting(logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        let body = read_all(request)?;
        Ok(request.wfile().write_all(&body)?)
    }));
    let begins = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(
        came.starts_with(begins) && came.ends_with("\r\n\r\nhello"),
        "{came}"
    );
}

#[test]
fn behind_a_head_that_has_left_no_body_is_asked_for_and_what_comes_is_read() {
    let came = told_waiting(logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        request.flush_headers()?;
        let body = read_all(request)?;
        Ok(request.wfile().write_all(&body)?)
    }));
    assert!(came.starts_with("HTTP/1.1 200 OK\r\n"), "{came}");
    assert!(came.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{came}");
}

/// Refuses bodies by a response that it leaves unended.
#[derive(Default)]
struct Refusing {
    log: Mutex<Vec<String>>,
}

impl Handler for Refusing {
    fn do_POST(&self, request: Request<'_, '_>) -> Handled {
        let body = read_all(request)?;
        ok(request, &body)
    }

    fn handle_expect_100(&self, request: Request<'_, '_>) -> Result<bool, HTTPException> {
        request.send_response(403, None)?;
        request.end_headers()?;
        request.wfile().write_all(b"no")?;
        Ok(false)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        self.log.lock().unwrap().push(message.to_string());
    }
}

#[test]
fn a_body_is_refused_by_the_response_that_was_sent() {
    let refusing = Refusing::default();
    let came = told(&refusing, EXPECTING);
    assert!(came.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{came}");
    assert!(
        came.contains("\r\nConnection: close\r\n") && came.ends_with("\r\n\r\nno"),
        "{came}"
    );
    // No failure of the handler's.
    assert_eq!(*refusing.log.lock().unwrap(), ["\"POST / HTTP/1.1\" 403 -"]);
}

/// Hands the stream to what is given.
fn switching(
    then: impl Fn(Box<dyn Stream + Send>, Vec<u8>) + Clone + Sync + 'static,
) -> impl Handler {
    logged(move |request: Request<'_, '_>| {
        request.send_response(101, None)?;
        request.send_header("Upgrade", "echo")?;
        request.end_headers()?;
        request.take_over(then.clone());
        Ok(())
    })
}

const UPGRADE: &str = "Host: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n";

/// What a client of one connection gets.
fn told_over<H: Handler>(handler: H, script: Script) -> String {
    let peer = Peer::new([script]);
    let server = HTTPServer::without_socket(handler).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    String::from_utf8(peer.received(0)).unwrap()
}

#[test]
fn who_takes_a_stream_over_may_panic() {
    let panics = switching(|_, _| std::panic::resume_unwind(Box::new("on purpose")));
    let script = Script::new().send(format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n"));
    assert!(told_over(panics, script).starts_with("HTTP/1.1 101 "));
}

#[test]
fn the_body_of_a_request_is_no_part_of_the_next_protocol() {
    let echo = switching(|mut stream, came| stream.write_all(&came).unwrap());
    let head = format!("POST / HTTP/1.1\r\n{UPGRADE}Content-Length: 5\r\n\r\n");
    let came = told(&echo, &format!("{head}helloping"));
    assert!(
        came.starts_with("HTTP/1.1 101 ") && came.ends_with("\r\n\r\nping"),
        "{came}"
    );
    // One that waits is told to go on first (SV-S-7.8-1).
    let head = head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    let script = Script::new().send(head).expect_head().send("helloping");
    let echo = switching(|mut stream, came| stream.write_all(&came).unwrap());
    let came = told_over(echo, script.end(Ending::Close));
    let begins = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 ";
    assert!(
        came.starts_with(begins) && came.ends_with("\r\n\r\nping"),
        "{came}"
    );
    // What does not come whole, or is too large to be dropped, is no switch.
    for (length, body) in [(5, "hell"), (1_000_000, "")] {
        let echo = switching(|_, _| unreachable!("no switch"));
        let head = format!("POST / HTTP/1.1\r\n{UPGRADE}Content-Length: {length}\r\n\r\n");
        let came = told(&echo, &format!("{head}{body}"));
        assert!(came.starts_with("HTTP/1.1 500 "), "{came}");
    }
}

#[test]
fn a_stream_that_is_taken_over_has_none_of_the_servers_timeouts() {
    let echo = switching(|mut stream, _| {
        let mut word = [0; 4];
        stream.read_exact(&mut word).unwrap();
        stream.write_all(&word).unwrap();
    });
    let script = Script::new()
        .send(format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n"))
        .expect_head()
        .wait(Duration::from_secs(3_600))
        .send("ping");
    let came = told_over(echo, script.end(Ending::Close));
    assert!(came.ends_with("\r\n\r\nping"), "{came}");
}

#[test]
fn a_handler_without_end_learns_that_the_client_of_a_head_has_gone() {
    let events = logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        for _ in 0..10_000 {
            request.wfile().write_all(b"data: x\n\n")?;
            request.wfile().flush()?;
        }
        unreachable!("nobody is there");
    });
    let came = told(&events, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        came.starts_with("HTTP/1.1 200 ") && came.ends_with("\r\n\r\n"),
        "{came}"
    );
    let lines = events.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Request failed: ")),
        "{lines:?}"
    );
    // A further request that is here already is answered all the same.
    let few = logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.end_headers()?;
        request.flush_headers()?;
        Ok(request.wfile().write_all(&[b'x'; 10_000])?)
    });
    let came = told(
        &few,
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(came.matches("HTTP/1.1 200 OK").count(), 2, "{came}");
}

#[test]
fn a_response_does_not_say_both_that_the_connection_is_kept_and_that_it_closes() {
    let keeps = logged(|request: Request<'_, '_>| {
        request.send_response(200, None)?;
        request.send_header("Connection", "Keep-Alive")?;
        request.end_headers()
    });
    for (head, said) in [
        ("GET / HTTP/1.0\r\n", "close"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n", "keep-alive"),
        ("GET / HTTP/1.1\r\nHost: a\r\n", "keep-alive"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
            "close",
        ),
    ] {
        let came = told(&keeps, &format!("{head}\r\n"));
        let fields: Vec<_> = came.matches("\r\nConnection: ").collect();
        assert_eq!(fields.len(), 1, "{came}");
        assert!(
            came.contains(&format!("\r\nConnection: {said}\r\n")),
            "{came}"
        );
    }
}

#[test]
fn a_switch_names_a_protocol() {
    let names_none = logged(|request: Request<'_, '_>| {
        request.send_response(101, None)?;
        request.send_header("Upgrade", " , ")?;
        request.end_headers()
    });
    let came = told(&names_none, &format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n"));
    assert!(came.starts_with("HTTP/1.1 500 "), "{came}");
}

/// Refuses a method that it has elsewhere.
struct Elsewhere;

impl Handler for Elsewhere {
    fn do_GET(&self, request: Request<'_, '_>) -> Handled {
        request.send_error(405, None, None)
    }

    fn methods(&self) -> &[&str] {
        &["GET", "PUT"]
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

#[test]
fn a_method_that_is_not_allowed_is_told_which_are() {
    let came = told(&Elsewhere, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        came.starts_with("HTTP/1.1 405 ") && came.contains("\r\nAllow: GET, PUT\r\n"),
        "{came}"
    );
}

// Files

#[test]
fn a_time_to_come_is_not_told() {
    let folder = Folder::new("future");
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    folder.file("a", "x", tomorrow);
    let came = ask(&folder.handler(), "/a", "");
    let read = |name| dates::parse_http(&came.field(name).unwrap(), SystemTime::now()).unwrap();
    assert!(read("last-modified") <= read("date"));
    assert!(came.field("etag").unwrap().starts_with("W/"));
    // It has not changed since then, for all that is known; but nobody can have got it then.
    let since = format!("If-Modified-Since: {}\r\n", formatdate(long_ago()).unwrap());
    assert_eq!(ask(&folder.handler(), "/a", &since).status, 200);
}

#[test]
fn what_says_how_to_cache_is_on_304_too() {
    let folder = Folder::new("cached");
    folder.file("a", "x", long_ago());
    let handler = folder
        .handler()
        .extra_response_header("cache-control", "max-age=60")
        .extra_response_header("Vary", "Cookie")
        .extra_response_header("X-A", "b");
    let came = ask(&handler, "/a", "If-None-Match: *\r\n");
    assert_eq!(came.status, 304);
    assert_eq!(came.field("cache-control").as_deref(), Some("max-age=60"));
    assert_eq!(
        (came.field("vary").as_deref(), came.field("x-a")),
        (Some("Cookie"), None)
    );
}

#[test]
fn a_coding_is_known_by_its_old_name_and_a_weight_in_any_case() {
    let folder = Folder::new("codings");
    folder.file("a", "x", long_ago());
    folder.file("a.gz", "z", long_ago());
    let handler = folder.handler().precompressed(true);
    for (accepted, body) in [
        ("gzip;Q=0", "x"),
        ("gzip;Q=0.5", "z"),
        ("X-Gzip", "z"),
        ("x-br", "x"),
    ] {
        let came = ask(&handler, "/a", &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!(came.body, body.as_bytes(), "{accepted}");
    }
}

/// `gzip -k` gives the compressed file the time of the original, and a small file may stay as long.
#[test]
fn a_coding_has_a_tag_of_its_own() {
    let folder = Folder::new("tags");
    folder.file("a", "x", long_ago());
    folder.file("a.gz", "z", long_ago());
    let handler = folder.handler().precompressed(true);
    let (gzip, plain) = ("Accept-Encoding: gzip\r\n", "");
    let tag = |fields| ask(&handler, "/a", fields).field("etag").unwrap();
    assert_ne!(tag(gzip), tag(plain));
    let known = format!("{gzip}If-None-Match: {}\r\n", tag(gzip));
    assert_eq!(ask(&handler, "/a", &known).status, 304);
    let other = format!("If-None-Match: {}\r\n", tag(gzip));
    assert_eq!(ask(&handler, "/a", &other).status, 200);
}

#[cfg(unix)]
#[test]
fn links_that_lead_to_each_other_are_no_files() {
    let folder = Folder::new("loop");
    symlink("a", folder.0.join("a")).unwrap();
    for path in ["/a", "/a/", "/a/b"] {
        assert_eq!(ask(&folder.handler(), path, "").status, 404, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_told_of_what_lies_outside() {
    let (outside, folder) = (Folder::new("out"), Folder::new("in"));
    fs::create_dir(outside.0.join("sub")).unwrap();
    let compressed = outside.file("secret", "twelve bytes", long_ago());
    symlink(&outside.0, folder.0.join("away")).unwrap();
    folder.file("a", "x", long_ago());
    symlink(&compressed, folder.0.join("a.gz")).unwrap();
    let handler = folder.handler().precompressed(true);
    for path in [
        "/away",
        "/away/",
        "/away/sub",
        "/away/secret",
        "/away/none",
        "/a.gz",
    ] {
        assert_eq!(ask(&handler, path, "").status, 404, "{path}");
    }
    assert_eq!(ask(&handler, "/a", "Accept-Encoding: gzip\r\n").body, b"x");
    let listing = String::from_utf8(ask(&handler, "/", "").body).unwrap();
    for row in ["away", "a.gz"] {
        let bare = format!("<a href=\"./{row}\">{row}@</a></td><td class=\"number\"></td>");
        assert!(listing.contains(&bare), "{listing}");
    }
    // A link inside shows what it leads to.
    symlink("a", folder.0.join("b")).unwrap();
    let listing = String::from_utf8(ask(&handler, "/", "").body).unwrap();
    assert!(
        listing.contains("b@</a></td><td class=\"number\">1</td>"),
        "{listing}"
    );
}

/// A name that is refused as a path (here with what separates names elsewhere) leads nowhere.
#[cfg(unix)]
#[test]
fn a_listing_shows_no_name_that_is_refused() {
    let folder = Folder::new("names");
    for name in ["back\\slash", "plain", "co:lon"] {
        folder.file(name, "x", long_ago());
    }
    let listing = String::from_utf8(ask(&folder.handler(), "/", "").body).unwrap();
    let links = listing.split("<a href=\"./").skip(1);
    let targets: Vec<_> = links.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(targets, ["co%3Alon", "plain"]);
    for target in targets {
        assert_eq!(ask(&folder.handler(), &format!("/{target}"), "").body, b"x");
    }
}

/// Files of `/sys` say 4,096 bytes and have fewer, and some of them can't be read.
#[cfg(target_os = "linux")]
#[test]
fn files_that_are_shorter_than_they_say_arrive() {
    let Ok(files) = SimpleHTTPRequestHandler::new("/sys/class/net/lo") else {
        return;
    };
    let came = ask(&files, "/mtu", "");
    assert_eq!(
        (came.status, came.body),
        (200, fs::read("/sys/class/net/lo/mtu").unwrap())
    );
    assert_eq!(came.headers.getheader("etag"), None);
    if fs::read("/sys/class/net/lo/speed").is_err() {
        assert_eq!(ask(&files, "/speed", "").status, 500);
    }
}

// The end

fn answering() -> impl Handler + Send + 'static {
    logged(|request: Request<'_, '_>| ok(request, b"here"))
}

fn get(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut came = String::new();
    let _ = stream.read_to_string(&mut came);
    came
}

/// Serves on a thread; what comes when it has ended.
fn serve_aside<H: Handler + Send + 'static>(server: Arc<HTTPServer<H>>) -> mpsc::Receiver<()> {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        server.serve_forever();
        let _ = done.send(());
    });
    is_done
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_server_that_was_shut_down_serves_the_next_request_it_is_told_to() {
    let server = HTTPServer::bind("127.0.0.1:0", answering()).unwrap();
    server.shutdown();
    server.handle_request();
    let port = server.server_port();
    let client = std::thread::spawn(move || get(port));
    server.handle_request();
    assert!(client.join().unwrap().ends_with("\r\n\r\nhere"));
}

#[test]
fn several_threads_at_one_server_end_together() {
    let meeting = Arc::new(Barrier::new(3));
    let met = Arc::clone(&meeting);
    let handler = logged(move |request: Request<'_, '_>| {
        // No answer before all of the threads serve.
        met.wait();
        ok(request, b"here")
    });
    let server = Arc::new(HTTPServer::bind("127.0.0.1:0", handler).unwrap());
    let port = server.server_port();
    for _ in 0..2 {
        let serving: Vec<_> = (0..3).map(|_| serve_aside(Arc::clone(&server))).collect();
        let clients: Vec<_> = (0..3)
            .map(|_| std::thread::spawn(move || get(port)))
            .collect();
        for client in clients {
            assert!(client.join().unwrap().ends_with("here"));
        }
        server.shutdown();
        for thread in serving {
            thread.recv_timeout(SOON).expect("it ends");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_ends_whose_unix_socket_was_removed_or_replaced() {
    for replaced in [false, true] {
        let folder = Folder::new("socket");
        let path = folder.0.join("socket");
        let server = Arc::new(HTTPServer::bind_unix(&path, answering()).unwrap());
        let ended = serve_aside(Arc::clone(&server));
        fs::remove_file(&path).unwrap();
        let other = replaced.then(|| HTTPServer::bind_unix(&path, answering()).unwrap());
        server.shutdown();
        ended.recv_timeout(SOON).expect("it ends");
        drop(other);
    }
}

/// What the client sends of it may be seen before the end or behind it.
#[test]
fn half_a_head_is_not_refused_since_the_server_ends() {
    let server = ThreadingHTTPServer::bind("127.0.0.1:0", answering()).unwrap();
    let (port, shutdown) = (server.server_port(), server.shutdown_handle());
    let serving = std::thread::spawn(move || server.serve_forever());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    shutdown.shutdown();
    std::thread::sleep(Duration::from_millis(100));
    let _ = stream.write_all(b"st: a\r\n\r\n");
    let mut came = String::new();
    let _ = stream.read_to_string(&mut came);
    assert!(
        came.is_empty() || came.starts_with("HTTP/1.1 200 "),
        "{came}"
    );
    serving.join().unwrap();
}

#[test]
fn the_grace_time_ends_for_a_server_of_one_thread_too() {
    let (entered, has_entered) = mpsc::channel();
    let handler = logged(move |request: Request<'_, '_>| {
        entered.send(()).unwrap();
        let body = read_all(request)?;
        ok(request, &body)
    });
    let times = Times {
        grace: Duration::from_millis(50),
        ..Times::DEFAULT
    };
    let server = HTTPServer::bind("127.0.0.1:0", handler)
        .unwrap()
        .times(times);
    let server = Arc::new(server);
    let ended = serve_aside(Arc::clone(&server));
    let mut stream = TcpStream::connect(("127.0.0.1", server.server_port())).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
    stream.write_all(head.as_bytes()).unwrap();
    has_entered.recv().unwrap();
    server.shutdown();
    ended.recv_timeout(SOON).expect("it ends");
}

// Scripts

#[cfg(unix)]
#[test]
fn scripts_are_told_of_as_they_ended_and_have_their_time_however_slow_the_client_is() {
    use std::os::unix::fs::PermissionsExt;
    use stdhttp::server::CGIHTTPRequestHandler;

    let folder = Folder::new("scripts");
    fs::create_dir(folder.0.join("cgi-bin")).unwrap();
    for (name, lines) in [
        ("fails", "exit 3"),
        ("cat", "echo 'Content-Type: a/b'; echo; cat"),
        ("env", "echo 'Content-Type: a/b'; echo; env"),
        ("closed", "echo 'Status: 401'; echo; echo no"),
        ("other", "echo 'Status: 405 No'; echo; echo no"),
        (
            "longer",
            // In one write: what comes later finds the head on its way.
            "printf 'Content-Length: 2\\nContent-Type: a/b\\n\\nlong\\n'",
        ),
    ] {
        let path = folder.file(
            &format!("cgi-bin/{name}"),
            &format!("#!/bin/sh\n{lines}\n"),
            long_ago(),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let scripts = CGIHTTPRequestHandler::new(folder.handler());

    let logged_scripts = logged(|request: Request<'_, '_>| scripts.dispatch(request));
    let came = told(
        &logged_scripts,
        "GET /cgi-bin/fails HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert!(came.starts_with("HTTP/1.1 502 "), "{came}");
    // A server that forgives folded fields passes them on as one line (RFC 3875 section 4.1.18).
    let folds = Bounds {
        tolerance: Tolerance::HTTP_CLIENT,
        ..Bounds::DEFAULT
    };
    let get = "GET /cgi-bin/env HTTP/1.1\r\nHost: a\r\nX: b\r\n LD_PRELOAD=c\r\n\r\n";
    let peer = Peer::new([Script::new().send(get).end(Ending::Close)]);
    HTTPServer::without_socket(scripts.clone())
        .bounds(folds)
        .serve_connection(peer.accept().unwrap(), None);
    let came = String::from_utf8(peer.received(0)).unwrap();
    let x = came
        .lines()
        .find(|line| line.starts_with("HTTP_X="))
        .unwrap_or(&came);
    assert!(
        x.starts_with("HTTP_X=b ") && x.ends_with(" LD_PRELOAD=c"),
        "{came}"
    );

    // What is wrong with a response is the script's fault, and in the log.
    for name in ["closed", "other", "longer"] {
        let get = format!("GET /cgi-bin/{name} HTTP/1.1\r\nHost: a\r\n\r\n");
        let came = told(&logged_scripts, &get);
        assert!(came.starts_with("HTTP/1.1 502 "), "{came}");
    }
    let lines = logged_scripts.lines();
    for expected in [
        "CGI script: exit status: 3",
        "CGI script: a response with status 401 needs a WWW-Authenticate field",
        "CGI script: a response with status 405 needs a Allow field",
        "CGI script: body of 5 bytes where 2 were declared",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{lines:?}");
    }

    let hasty = scripts.clone().script_time(Duration::from_millis(200));
    let hasty = logged(move |request: Request<'_, '_>| hasty.dispatch(request));
    let server = HTTPServer::bind("127.0.0.1:0", hasty).unwrap();
    let port = server.server_port();
    let serving = std::thread::spawn(move || server.handle_request());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = "POST /cgi-bin/cat HTTP/1.0\r\nContent-Length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(10));
        if stream.write_all(b"x").is_err() {
            break;
        }
    }
    let mut came = String::new();
    let _ = stream.read_to_string(&mut came);
    assert!(came.starts_with("HTTP/1.1 504 "), "{came}");
    serving.join().unwrap();
}
