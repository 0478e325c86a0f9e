//! Proves that a thousand connections at once are served, and how little memory they take while they
//! are idle. Alone in its process, whose memory it measures.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use stdhttp::HTTPException;
use stdhttp::server::{BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, ThreadingHTTPServer};

/// Answers by the path.
struct Echo;

impl Handler for Echo {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let path = request.path().to_owned();
        request.send_response(200, None)?;
        request.end_headers()?;
        Ok(request.wfile().write_all(path.as_bytes())?)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

const CONNECTIONS: usize = 1_000;

/// Both ends are in this process, and there is more than connections.
const DESCRIPTORS: usize = 2 * CONNECTIONS + 100;

/// The promise for a thousand idle connections, the whole process included.
const MEMORY: u64 = 32 << 20;

/// The limits of open files, the present one and the highest, where the system tells.
fn limits() -> Option<[usize; 2]> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    let mut words = line.split_whitespace().skip(3);
    let mut next = || words.next()?.parse().ok();
    Some([next()?, next()?])
}

/// The memory of this process that is in use, in bytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1_024)
}

/// Runs this test in a process that may open so many files.
fn run_again(name: &str) {
    let status = Command::new("sh")
        .args([
            "-c",
            "ulimit -n \"$0\" && exec \"$@\"",
            &DESCRIPTORS.to_string(),
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_thousand_connections_at_once() {
    let count = match limits() {
        Some([now, highest]) if now < DESCRIPTORS && highest >= DESCRIPTORS => {
            return run_again("a_thousand_connections_at_once");
        }
        Some([now, _]) if now < DESCRIPTORS => now.saturating_sub(100) / 2,
        Some(_) => CONNECTIONS,
        // A system that does not tell is asked for no more than most have.
        None => 50,
    };
    let bounds = Bounds {
        connections: count,
        ..Bounds::DEFAULT
    };
    let server = HTTPServer::bind("127.0.0.1:0", Echo)
        .unwrap()
        .bounds(bounds);
    let server = ThreadingHTTPServer::from(server);
    let (port, shutdown) = (server.server_port(), server.shutdown_handle());
    let serving = std::thread::spawn(move || server.serve_forever());
    let mut streams: Vec<_> = (0..count).map(|_| connect(port)).collect();
    for round in 0..2 {
        ask_all(&mut streams, round);
    }
    let memory = resident();
    println!(
        "{count} connections at once, {} KiB of memory while they are idle",
        memory.unwrap_or_default() / 1_024
    );
    assert!(memory.is_none_or(|memory| memory < MEMORY));
    drop(streams);
    shutdown.shutdown();
    serving.join().expect("the server ends");
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// All ask before any answer is read.
fn ask_all(streams: &mut [TcpStream], round: usize) {
    for (number, stream) in streams.iter_mut().enumerate() {
        let request = format!("GET /{number}/{round} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
    }
    for (number, stream) in streams.iter_mut().enumerate() {
        let mut came = [0; 512];
        let count = stream.read(&mut came).unwrap();
        let due = format!("\r\n\r\n/{number}/{round}");
        assert!(came[..count].ends_with(due.as_bytes()));
    }
}
