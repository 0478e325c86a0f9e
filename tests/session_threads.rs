//! Many threads on one session, before a server that closes where it likes: each gets its own answers,
//! and nothing is left open. A process of its own, whose descriptors are counted.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use stdhttp::requests::{ExceptionKind, HTTPAdapter, Session};

#[path = "support/descriptors.rs"]
mod descriptors;

use descriptors::{descriptors, settle};

const THREADS: usize = 64;

/// A server that tells the path back, and closes behind every so many answers: with a word, without
/// one, or in the middle of the content.
fn serve(closes: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || {
                answer_all(stream, closes.saturating_add(number % 7), number % 3);
            });
        }
    });
    port
}

fn answer_all(stream: std::net::TcpStream, most: usize, way: usize) {
    stream.set_nodelay(true).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut stream = stream;
    for number in 0.. {
        let Some(Ok(line)) = lines.next() else { return };
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        let path = line.split(' ').nth(1).unwrap_or_default();
        let is_last = number >= most;
        let word = if is_last && way == 0 {
            "Connection: close\r\n"
        } else {
            ""
        };
        let told = if is_last && way == 1 {
            &path[1..]
        } else {
            path
        };
        let length = path.len();
        let answer = format!("HTTP/1.1 200 OK\r\n{word}Content-Length: {length}\r\n\r\n{told}");
        if stream.write_all(answer.as_bytes()).is_err() || is_last {
            return;
        }
    }
}

/// All threads ask until so many answers came; how many were cut.
fn ask(session: &Session, port: u16, each: usize) -> usize {
    let cut = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let cut = &cut;
            scope.spawn(move || {
                for number in 0..each {
                    let path = format!("/{thread}/{number}");
                    let url = format!("http://127.0.0.1:{port}{path}");
                    match session.get(&url).send() {
                        Ok(response) => assert_eq!(response.text().unwrap(), path),
                        Err(error) => {
                            let cut_short = matches!(
                                error.kind(),
                                ExceptionKind::ChunkedEncodingError(_)
                                    | ExceptionKind::ConnectionError(_)
                            );
                            assert!(cut_short, "{error:?}");
                            cut.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    cut.into_inner()
}

fn session_with(adapter: HTTPAdapter) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter);
    session
}

#[test]
fn sixty_four_threads_share_a_session() {
    let long = std::env::var_os("STDHTTP_LONG").is_some();
    let each = if long { 16_000 } else { 60 };
    for (closes, blocks) in [
        (usize::MAX, false),
        (usize::MAX, true),
        (20, false),
        (3, true),
    ] {
        let port = serve(closes);
        let adapter = HTTPAdapter::new().pool_maxsize(8).pool_block(blocks);
        let session = session_with(adapter.clone());
        let before = descriptors();
        let cut = ask(&session, port, each);
        assert!(adapter.idle_connections() <= 8);
        assert_eq!(cut > 0, closes < usize::MAX, "{cut} of {closes}");
        assert!(cut < THREADS * each / 2, "{cut}");
        session.close();
        assert_eq!(adapter.idle_connections(), 0);
        settle(before);
        println!(
            "{} calls of {THREADS} threads on one session, {cut} of them cut",
            THREADS * each
        );
    }
}
