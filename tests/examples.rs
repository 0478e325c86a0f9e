//! The examples keep their promises: `tour` checks itself, and `fetch` streams both ways and tells
//! failures apart by its exit status. Both run as programs, against servers of this file.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

/// The line of progress, which `fetch` shows only on a terminal.
#[allow(dead_code)]
#[path = "../docs/examples/fetch/progress.rs"]
mod progress;

/// The program of an example, which cargo builds before it runs the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is not built: run `cargo build --features requests --examples` first",
        program.display()
    );
    Command::new(program)
}

fn fetch(arguments: &[&str]) -> Output {
    example("fetch").args(arguments).output().unwrap()
}

fn start_fetch(arguments: &[&str]) -> Child {
    example("fetch")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A path in the temporary folder that no other test uses; removed when dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let name = format!("stdhttp-examples-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn with(name: &str, content: &[u8]) -> Self {
        let file = Self::new(name);
        std::fs::write(&file.0, content).unwrap();
        file
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// One connection of a server, from its side.
struct Peer {
    reader: BufReader<TcpStream>,
}

impl Peer {
    /// Head of the request, up to and with the empty line.
    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.reader.read_line(&mut head).unwrap() > 0, "{head:?}");
        }
        head
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(bytes.as_ref()).unwrap();
    }
}

/// Serves one connection; gives the URL of `/path`, and what `serve` returns when it is joined.
fn serve<T: Send + 'static>(
    serve: impl FnOnce(Peer) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/path", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let reader = BufReader::new(stream);
        serve(Peer { reader })
    });
    (url, server)
}

/// Answers a request on each of as many connections as there are responses; gives their heads.
fn answer_in_turn(
    responses: impl IntoIterator<Item = String> + Send + 'static,
) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/path/page?q=1", listener.local_addr().unwrap());
    let answer = move |response: String| {
        let (stream, _) = listener.accept().unwrap();
        let reader = BufReader::new(stream);
        let mut peer = Peer { reader };
        let mut head = peer.head();
        if let Some((_, rest)) = head.split_once("Content-Length: ") {
            let length = rest.lines().next().unwrap().parse().unwrap();
            head += &String::from_utf8(peer.bytes(length)).unwrap();
        }
        peer.send(response);
        head
    };
    let server = thread::spawn(move || responses.into_iter().map(answer).collect());
    (url, server)
}

/// Answers one request with these bytes; the server returns the request's head.
fn answer(bytes: impl AsRef<[u8]> + Send + 'static) -> (String, JoinHandle<String>) {
    serve(move |mut peer| {
        let head = peer.head();
        peer.send(bytes);
        head
    })
}

/// Receives a body of a declared length; returns head and body.
fn receive_upload(mut peer: Peer) -> (String, Vec<u8>) {
    let head = peer.head();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .unwrap();
    let body = peer.bytes(length.parse().unwrap());
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    (head, body)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn tour_finds_everything_as_it_should_be() {
    let output = example("tour").output().unwrap();
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(code(&output), 0, "{told}");
    assert_eq!(told.matches("DIFFERS").count(), 0, "{told}");
    for shown in ["> GET /hello HTTP/1.1", "< HTTP/1.1 200 OK", "ok: status"] {
        assert!(told.contains(shown), "{shown} is missing:\n{told}");
    }
}

#[test]
fn any_status_of_a_response_is_a_success() {
    let (url, server) = answer("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    let output = fetch(&[&url]);
    assert_eq!((code(&output), &output.stdout[..]), (0, &b"none"[..]));
    let head = server.join().unwrap();
    assert!(head.starts_with("GET /path HTTP/1.1\r\nHost: 127.0.0.1:"));
}

#[test]
fn the_head_is_included_on_request() {
    let (url, _) = answer("HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi");
    let output = fetch(&["-i", &url]);
    let expected = "HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn a_large_response_goes_into_a_file() {
    let body = pattern(5_000_000);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n";
    let (url, _) = answer([&head[..], &body].concat());
    let file = Temporary::new("download");
    let output = fetch(&["-o", file.path(), &url]);
    assert_eq!((code(&output), output.stdout.len()), (0, 0));
    assert!(std::fs::read(&file.0).unwrap() == body);
}

#[test]
fn method_headers_target_and_form_are_sent_as_asked() {
    let (url, server) = serve(receive_upload);
    let url = url.replace("/path", "?q=1#fragment");
    let output = fetch(&[
        "-X", "PATCH", "-H", "X-A: 1", "-H", "x-b:2", "-d", "a=b", &url,
    ]);
    assert_eq!(code(&output), 0);
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("PATCH /?q=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nX-A: 1\r\nx-b: 2\r\n"), "{head}");
    let form = "\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    assert!(head.contains(form), "{head}");
    assert_eq!(body, b"a=b");
}

#[test]
fn given_fields_replace_the_automatic_ones() {
    let (url, server) = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let output = fetch(&["-H", "X-A: 1", "-H", "Host: a.example", &url]);
    assert_eq!(code(&output), 0);
    let head = server.join().unwrap();
    let start = "GET /path HTTP/1.1\r\nHost: a.example\r\n";
    assert!(
        head.starts_with(start) && head.contains("\r\nX-A: 1\r\n"),
        "{head}"
    );
    assert_eq!(head.matches("Host:").count(), 1, "{head}");

    let (url, server) = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let output = fetch(&["-H", "Accept-Encoding: gzip", &url]);
    assert_eq!(code(&output), 0);
    let head = server.join().unwrap();
    assert!(
        head.contains("gzip") && !head.contains("identity"),
        "{head}"
    );
}

#[test]
fn files_are_uploaded_with_their_length() {
    let content = pattern(3_000_000);
    let file = Temporary::with("upload", &content);
    let form = format!("@{}", file.path());
    for (option, value, method) in [("-T", file.path(), "PUT"), ("-d", &form, "POST")] {
        let (url, server) = serve(receive_upload);
        assert_eq!(code(&fetch(&[option, value, &url])), 0);
        let (head, body) = server.join().unwrap();
        assert!(head.starts_with(method), "{head}");
        assert!(body == content);
    }
}

/// Each piece must have arrived before the next one is made.
#[test]
fn standard_input_is_streamed_as_chunks() {
    let (url, server) = serve(|mut peer| {
        let head = peer.head();
        let chunk = peer.bytes(b"5\r\nfirst\r\n".len());
        (peer, head, chunk)
    });
    let mut program = start_fetch(&["-T", "-", &url]);
    let mut input = program.stdin.take().unwrap();
    input.write_all(b"first").unwrap();
    let (mut peer, head, chunk) = server.join().unwrap();
    assert!(
        head.contains("\r\nTransfer-Encoding: chunked\r\n"),
        "{head}"
    );
    assert_eq!(chunk, b"5\r\nfirst\r\n");
    input.write_all(b"next").unwrap();
    assert_eq!(peer.bytes(9), b"4\r\nnext\r\n");
    drop(input);
    assert_eq!(peer.bytes(5), b"0\r\n\r\n");
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(program.wait().unwrap().code(), Some(0));
}

/// Each piece must have come out before the next one is sent.
#[test]
fn a_response_is_streamed_to_standard_output() {
    let (url, server) = serve(|mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst");
        peer
    });
    let mut program = start_fetch(&[&url]);
    let mut output = program.stdout.take().unwrap();
    let mut piece = [0; 5];
    output.read_exact(&mut piece).unwrap();
    assert_eq!(&piece, b"first");
    server.join().unwrap().send("next");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(
        (rest.as_str(), program.wait().unwrap().code()),
        ("next", Some(0))
    );
}

#[test]
fn a_body_waits_for_100_continue() {
    let (url, server) = serve(|mut peer| {
        peer.head();
        peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
        let mut rest = Vec::new();
        peer.reader.read_to_end(&mut rest).unwrap();
        rest
    });
    let output = fetch(&["-i", "-H", "Expect: 100-continue", "-d", "a=b", &url]);
    assert!(output.stdout.starts_with(b"HTTP/1.1 417 "));
    assert_eq!((code(&output), server.join().unwrap()), (0, Vec::new()));
}

#[test]
fn a_peer_that_refuses_a_body_is_still_heard() {
    let (url, _) = serve(|mut peer| {
        peer.head();
        peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
        // Unread data would reset the connection, and the answer with it, when it is closed.
        let _ = peer.reader.get_ref().shutdown(std::net::Shutdown::Write);
        let _ = std::io::copy(&mut peer.reader, &mut std::io::sink());
    });
    let file = Temporary::with("refused", &pattern(3_000_000));
    let output = fetch(&["-T", file.path(), &url]);
    assert_eq!((code(&output), &output.stdout[..]), (0, &b"much"[..]));
}

#[test]
fn the_wire_log_masks_credentials() {
    let (url, _) = answer("HTTP/1.1 204 No Content\r\nSet-Cookie: secret\r\n\r\n");
    let output = fetch(&["-v", "-H", "Authorization: Basic secret", &url]);
    let log = errors(&output);
    assert_eq!((code(&output), output.stdout.len()), (0, 0));
    assert!(log.contains("send: b'GET /path HTTP/1.1"), "{log}");
    assert!(log.contains("reply: 'HTTP/1.1 204 No Content"), "{log}");
    assert!(
        log.contains("Authorization: ***") && !log.contains("secret"),
        "{log}"
    );
}

#[test]
fn failures_of_local_files_exit_with_1() {
    let missing = Temporary::new("missing");
    let output = fetch(&["-T", missing.path(), "http://127.0.0.1:9/"]);
    assert_eq!(code(&output), 1, "{}", errors(&output));

    let (url, _) = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let inside_missing = missing.0.join("file");
    let output = fetch(&["-o", inside_missing.to_str().unwrap(), &url]);
    assert_eq!(code(&output), 1, "{}", errors(&output));
}

#[test]
fn wrong_usage_exits_with_2() {
    let url = "http://127.0.0.1:9/";
    for arguments in [
        &[][..],
        &["-z", url],
        &["-o"],
        &["-H", "no colon", url],
        &["-d", "a", "-T", "b", url],
        &[url, url],
        &["-I", "-d", "a", url],
        &["-T", "a", "-T", "b", url],
        &["-so", url],
        &["ftp://127.0.0.1/"],
        &["http://127.0.0.1:0/"],
        &["-X", "NO METHOD", url],
        &["-H", "bad name: x", url],
        &["-H", "X: a\r\nInjected: b", url],
        &["http://[::1/"],
        &["--none", url],
        &["--json", "a=b", "-d", "a", url],
        &["--json", "no-equals", url],
        &["-F", "a=b", "-T", "a", url],
        &["--digest", url],
        &["-u", "no-colon", url],
        &["-C", "-", url],
        &["-C", "5", "-o", "file", url],
        &["--retry", "many", url],
        &["-x", "gopher://proxy", url],
    ] {
        let output = fetch(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", errors(&output));
        assert_eq!(errors(&output).lines().count(), 1, "{arguments:?}");
    }
}

/// What is wrong comes first, and the list of options only when it is asked for.
#[test]
fn a_usage_error_begins_with_its_cause() {
    let output = fetch(&["-z", "http://127.0.0.1:9/"]);
    let told = errors(&output);
    assert!(told.starts_with("fetch: unknown option -z"), "{told}");
    assert!(told.contains("--help"), "{told}");
}

#[test]
fn help_lists_every_option_on_standard_output() {
    for option in ["--help", "-h"] {
        let output = fetch(&[option]);
        assert_eq!((code(&output), errors(&output).as_str()), (0, ""));
        let told = String::from_utf8(output.stdout).unwrap();
        for option in [
            "-I",
            "-i",
            "-L",
            "-s",
            "-v",
            "-X",
            "-H",
            "-u",
            "-d",
            "--json",
            "-F",
            "-T",
            "-o",
            "-C",
            "-x",
            "--cookie-jar",
            "--retry",
            "--help",
        ] {
            let line = format!("\n  {option}");
            let found = told.contains(&line) || told.contains(&format!(", {option} "));
            assert!(found, "{option} is missing:\n{told}");
        }
    }
}

#[test]
fn a_url_needs_no_scheme() {
    let (url, server) = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let bare = url.strip_prefix("http://").unwrap();
    let output = fetch(&[&format!("{bare}?to=http://a/b")]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let head = server.join().unwrap();
    assert!(head.starts_with("GET /path?to=http://a/b HTTP"), "{head}");
}

#[test]
fn the_head_alone_is_asked_for_and_shown() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let (url, server) = answer(response);
    let output = fetch(&["-I", &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), response);
    assert!(server.join().unwrap().starts_with("HEAD /path HTTP/1.1"));
}

/// Standard error stays empty; the exit status still tells.
#[test]
fn silence_covers_failures() {
    let (url, _) = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let output = fetch(&["-s", &url]);
    assert_eq!((code(&output), &output.stdout[..]), (4, &b"half"[..]));
    assert_eq!(errors(&output), "");
}

#[test]
fn several_pieces_of_a_form_are_joined() {
    let file = Temporary::with("piece", b"c=3&d=4");
    let from_file = format!("@{}", file.path());
    let (url, server) = serve(receive_upload);
    let output = fetch(&["-d", "a=1", "-db=2", "-d", &from_file, &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("POST "), "{head}");
    assert_eq!(String::from_utf8_lossy(&body), "a=1&b=2&c=3&d=4");
}

/// As people type them: `-sXPUT` is `-s -X PUT`.
#[test]
fn options_may_stand_together() {
    let (url, server) = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let output = fetch(&["-siXDELETE", &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert_eq!(output.stdout, b"HTTP/1.1 204 No Content\r\n\r\n");
    assert!(server.join().unwrap().starts_with("DELETE /path HTTP/1.1"));
}

#[test]
fn progress_shows_amount_and_rate() {
    let line = |done, total, seconds| {
        let elapsed = std::time::Duration::from_secs(seconds);
        progress::line("received", 1 << 20, done, total, elapsed)
    };
    let known = line(4 << 20, Some(12 << 20), 2);
    assert_eq!(known, "received 4.0 of 12.0 MiB, 1.5 MiB/s");
    let unknown = line(4 << 20, None, 2);
    assert_eq!(unknown, "received 4.0 MiB, 1.5 MiB/s");
}

#[test]
fn https_points_to_the_page_about_tls() {
    let output = fetch(&["https://127.0.0.1/"]);
    assert_eq!(code(&output), 2);
    assert!(errors(&output).contains("docs/tls.md"));
}

#[test]
fn failures_of_the_network_exit_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let output = fetch(&[&url]);
    assert_eq!(code(&output), 3, "{}", errors(&output));

    let (url, _) = answer("");
    let output = fetch(&[&url]);
    assert_eq!(code(&output), 3, "{}", errors(&output));
}

#[test]
fn broken_responses_exit_with_4() {
    for response in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n",
    ] {
        let (url, _) = answer(response);
        let output = fetch(&[&url]);
        assert_eq!(code(&output), 4, "{response:?}: {}", errors(&output));
    }
}

#[test]
fn a_truncated_response_exits_with_4_after_what_came() {
    let (url, _) = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let output = fetch(&[&url]);
    assert_eq!((code(&output), &output.stdout[..]), (4, &b"half"[..]));
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

fn no_content() -> String {
    "HTTP/1.1 204 No Content\r\n\r\n".into()
}

#[test]
fn a_redirect_is_shown_but_not_followed_unasked() {
    let (url, server) = answer_in_turn([redirect(302, "/next")]);
    let output = fetch(&["-i", &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert!(output.stdout.starts_with(b"HTTP/1.1 302 Elsewhere\r\n"));
    assert_eq!(server.join().unwrap().len(), 1);
}

/// RFC 3986 section 5.4, as far as it concerns paths; the base is `/path/page?q=1`.
#[test]
fn redirects_are_followed_to_where_they_lead() {
    for (location, target) in [
        ("/next", "/next"),
        ("next", "/path/next"),
        ("./next?a=b#fragment", "/path/next?a=b"),
        ("../next", "/next"),
        ("../../next", "/next"),
        ("/a/./b/../c/..", "/a/"),
        ("?q=2", "/path/page?q=2"),
        ("", "/path/page?q=1"),
        ("/with space/\u{fc}", "/with%20space/%C3%BC"),
        ("/a?b=../c", "/a?b=../c"),
        ("HOST/absolute", "/absolute"),
        ("HOST", "/"),
        ("//AUTHORITY/relative", "/relative"),
    ] {
        let (url, server) = serve_redirect(location);
        let output = fetch(&["-L", &url]);
        assert_eq!(code(&output), 0, "{location}: {}", errors(&output));
        let heads = server.join().unwrap();
        let start = format!("GET {target} HTTP/1.1\r\n");
        assert!(heads[1].starts_with(&start), "{location}: {}", heads[1]);
    }
}

/// `HOST` and `AUTHORITY` stand for the server's own.
fn serve_redirect(location: &str) -> (String, JoinHandle<Vec<String>>) {
    let (authority, known) = std::sync::mpsc::channel::<String>();
    let location = location.to_owned();
    let responses = std::iter::once_with(move || {
        let authority = known.recv().unwrap();
        let location = location.replace("AUTHORITY", &authority);
        redirect(
            301,
            &location.replace("HOST", &format!("http://{authority}")),
        )
    });
    let (url, server) = answer_in_turn(responses.chain([no_content()]));
    authority
        .send(url[7..].split('/').next().unwrap().into())
        .unwrap();
    (url, server)
}

#[test]
fn the_heads_of_all_responses_are_shown() {
    let (url, _) = answer_in_turn([redirect(301, "/1"), redirect(302, "/2"), no_content()]);
    let output = fetch(&["-sIL", &url]);
    let told = String::from_utf8(output.stdout).unwrap();
    let statuses: Vec<_> = told
        .lines()
        .filter(|line| line.starts_with("HTTP/"))
        .collect();
    let expected = [
        "HTTP/1.1 301 Elsewhere",
        "HTTP/1.1 302 Elsewhere",
        "HTTP/1.1 204 No Content",
    ];
    assert_eq!(statuses, expected);
}

#[test]
fn a_redirect_keeps_or_drops_method_and_body() {
    for (status, method, then, keeps) in [
        (301, "POST", "GET", false),
        (302, "POST", "GET", false),
        (303, "PUT", "GET", false),
        (302, "PUT", "PUT", true),
        (307, "POST", "POST", true),
        (308, "POST", "POST", true),
    ] {
        let (url, server) = answer_in_turn([redirect(status, "/next"), no_content()]);
        let output = fetch(&[
            "-L",
            "-X",
            method,
            "-H",
            "Content-Type: a/b",
            "-d",
            "c=d",
            &url,
        ]);
        assert_eq!(code(&output), 0, "{status}: {}", errors(&output));
        let next = &server.join().unwrap()[1];
        assert!(
            next.starts_with(&format!("{then} /next ")),
            "{status}: {next}"
        );
        assert_eq!(next.contains("a/b"), keeps, "{status}: {next}");
        assert_eq!(next.ends_with("\r\n\r\nc=d"), keeps, "{status}: {next}");
    }
}

#[test]
fn credentials_stay_with_their_server() {
    let (other, second) = answer_in_turn([no_content()]);
    let (url, first) = answer_in_turn([redirect(307, "/here"), redirect(307, &other)]);
    let output = fetch(&[
        "-L",
        "-H",
        "Authorization: Basic secret",
        "-H",
        "X-A: 1",
        &url,
    ]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    for head in first.join().unwrap() {
        assert!(head.contains("Basic secret"), "{head}");
    }
    let head = &second.join().unwrap()[0];
    assert!(
        head.contains("X-A: 1") && !head.contains("secret"),
        "{head}"
    );
}

#[test]
fn redirects_that_lead_nowhere_exit_with_4() {
    for location in ["https://127.0.0.1/", "ftp://127.0.0.1/", "mailto:a@b"] {
        let (url, _) = answer_in_turn([redirect(302, location)]);
        let output = fetch(&["-L", &url]);
        assert_eq!(code(&output), 4, "{location}: {}", errors(&output));
        assert!(
            errors(&output).starts_with("fetch: redirect: "),
            "{location}"
        );
    }
    let (url, server) = answer_in_turn((0..11).map(|_| redirect(302, "")));
    let output = fetch(&["-L", &url]);
    assert_eq!(code(&output), 4, "{}", errors(&output));
    assert_eq!(server.join().unwrap().len(), 11);
}

#[test]
fn standard_input_is_not_sent_twice() {
    let (url, server) = answer_in_turn([redirect(307, "/next")]);
    let mut program = start_fetch(&["-L", "-T", "-", &url]);
    drop(program.stdin.take());
    assert_eq!(program.wait().unwrap().code(), Some(4));
    assert_eq!(server.join().unwrap().len(), 1);
}

#[test]
fn a_user_is_shown_by_basic_or_digest() {
    let (url, server) = answer_in_turn([no_content()]);
    assert_eq!(code(&fetch(&["-u", "me:secret", &url])), 0);
    let head = &server.join().unwrap()[0];
    assert!(
        head.contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"),
        "{head}"
    );

    let challenge = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n\r\n";
    let (url, server) = answer_in_turn([challenge.to_owned(), no_content()]);
    let output = fetch(&["--digest", "-u", "me:secret", &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let heads = server.join().unwrap();
    assert!(!heads[0].contains("Authorization"), "{}", heads[0]);
    assert!(
        heads[1].contains("\r\nAuthorization: Digest "),
        "{}",
        heads[1]
    );
    assert!(!heads[1].contains("secret"), "{}", heads[1]);
}

#[test]
fn json_is_put_together() {
    let (url, server) = serve(receive_upload);
    let members = [
        "--json",
        "name=a \"b\"",
        "--json=count:=3",
        "--json",
        "tags:=[1]",
    ];
    assert_eq!(code(&fetch(&[&members[..], &[&url]].concat())), 0);
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("POST "), "{head}");
    assert!(
        head.contains("\r\nContent-Type: application/json\r\n"),
        "{head}"
    );
    let expected = r#"{"name": "a \"b\"", "count": 3, "tags": [1]}"#;
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[test]
fn a_form_with_a_file_is_multipart() {
    let file = Temporary::with("part.txt", b"content\n");
    let part = format!("image=@{}", file.path());
    let (url, server) = serve(receive_upload);
    let output = fetch(&["-F", "title=A dot", "-F", &part, &url]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let (head, body) = server.join().unwrap();
    assert!(
        head.contains("\r\nContent-Type: multipart/form-data; boundary="),
        "{head}"
    );
    let body = String::from_utf8(body).unwrap();
    for expected in [
        "name=\"title\"\r\n\r\nA dot\r\n",
        "name=\"image\"; filename=",
        "\r\n\r\ncontent\n\r\n",
    ] {
        assert!(body.contains(expected), "{body}");
    }

    let (url, server) = serve(receive_upload);
    assert_eq!(code(&fetch(&["-F", "a=b c", &url])), 0);
    let (_, body) = server.join().unwrap();
    assert_eq!(body, b"a=b+c");
    let output = fetch(&["-F", "a=@/no/such/file", "http://127.0.0.1:9/"]);
    assert_eq!(code(&output), 1, "{}", errors(&output));
}

#[test]
fn cookies_are_kept_in_a_file() {
    let jar = Temporary::new("cookies.txt");
    let answer = "HTTP/1.1 204 No Content\r\nSet-Cookie: id=7; Path=/\r\n\r\n";
    let (url, server) = answer_in_turn([answer.to_owned(), no_content()]);
    for _ in 0..2 {
        let output = fetch(&["--cookie-jar", jar.path(), &url]);
        assert_eq!(code(&output), 0, "{}", errors(&output));
    }
    let heads = server.join().unwrap();
    assert!(!heads[0].contains("Cookie") && heads[1].contains("\r\nCookie: id=7\r\n"));

    let other = Temporary::with("no-cookies", b"something else\n");
    let output = fetch(&["--cookie-jar", other.path(), "http://127.0.0.1:9/"]);
    assert_eq!(code(&output), 1, "{}", errors(&output));
    assert_eq!(std::fs::read(&other.0).unwrap(), b"something else\n");
}

#[test]
fn failures_are_met_again_where_asked() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let (url, server) = answer_in_turn([busy.to_owned(), busy.to_owned(), ok.to_owned()]);
    let output = fetch(&["--retry", "2", &url]);
    assert_eq!((code(&output), &output.stdout[..]), (0, &b"hi"[..]));
    assert_eq!(server.join().unwrap().len(), 3);

    let (url, server) = answer_in_turn([busy.to_owned()]);
    assert_eq!(code(&fetch(&[&url])), 0);
    assert_eq!(server.join().unwrap().len(), 1);
}

#[test]
fn a_proxy_is_asked_for_the_whole_url() {
    let (proxy, server) = answer_in_turn([no_content()]);
    let proxy = proxy.replace("http://", "http://me:secret@");
    let proxy = proxy.split("/path").next().unwrap();
    let output = fetch(&["-x", proxy, "http://server.invalid/a"]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let head = &server.join().unwrap()[0];
    assert!(
        head.starts_with("GET http://server.invalid/a HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{head}"
    );
}

/// Cut, and gone on with; the old file stays until all is there.
#[test]
fn a_download_is_gone_on_with() {
    let file = Temporary::with("resumed", b"old");
    let parts =
        [".part", ".part.of"].map(|end| Temporary(PathBuf::from(format!("{}{end}", file.path()))));
    let cut = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 9\r\n\r\nhalf";
    let rest = "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes 4-8/9\r\n\
                Content-Length: 5\r\n\r\n-rest";
    let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    let answers = [cut, gone, rest, gone].map(str::to_owned);
    let (url, server) = answer_in_turn(answers);
    for (expected, content) in [(4, "old"), (5, "old"), (0, "half-rest"), (5, "half-rest")] {
        let output = fetch(&["-C", "-", "-o", file.path(), &url]);
        assert_eq!(code(&output), expected, "{}", errors(&output));
        assert_eq!(std::fs::read_to_string(&file.0).unwrap(), content);
        assert!(errors(&output).lines().count() <= 1, "{}", errors(&output));
    }
    let heads = server.join().unwrap();
    assert!(
        heads[2].contains("\r\nRange: bytes=4-\r\nIf-Range: \"1\"\r\n"),
        "{}",
        heads[2]
    );
    assert!(parts.iter().all(|part| !part.0.exists()));
}

/// On a terminal, which `script` makes, a line tells how far it is, and is gone at the end.
#[cfg(target_os = "linux")]
#[test]
fn progress_is_shown_on_a_terminal() {
    let (url, server) = serve(|mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n");
        peer.send(vec![0; 1 << 20]);
        thread::sleep(std::time::Duration::from_millis(300));
        peer.send(vec![0; 2 << 20]);
    });
    let file = Temporary::new("progress");
    let fetch = example("fetch").get_program().to_str().unwrap().to_owned();
    let command = format!("{fetch} -o {} {url}", file.path());
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(code(&output), 0, "{shown}");
    server.join().unwrap();
    assert!(
        shown.contains("\rreceived ") && shown.contains(" of 3.0 MiB, "),
        "{shown:?}"
    );
    assert!(shown.ends_with(&format!("\r{:60}\r", "")), "{shown:?}");
    assert_eq!(std::fs::metadata(&file.0).unwrap().len(), 3 << 20);
}
