//! The examples keep their promises: `tour` checks itself, and `fetch` streams both ways and tells
//! failures apart by its exit status. Both run as programs, against servers of this file.
#![allow(missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

/// The program of an example, which cargo builds before it runs the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is not built: run `cargo build --examples` first",
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
    let expected =
        "GET /path HTTP/1.1\r\nHost: a.example\r\nX-A: 1\r\nAccept-Encoding: identity\r\n\r\n";
    assert_eq!(server.join().unwrap(), expected);

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
        &["127.0.0.1/"],
        &["ftp://127.0.0.1/"],
        &["http://127.0.0.1:0/"],
        &["http://user@127.0.0.1/"],
        &["-X", "NO METHOD", url],
        &["-H", "bad name: x", url],
        &["-H", "X: a\r\nInjected: b", url],
        &["http://127.0.0.1/with space"],
    ] {
        let output = fetch(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", errors(&output));
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
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
