//! Sessions at length before a server that breaks off, resets, dribbles, redirects, asks to come again and
//! says what nobody asked for. Every content is that of its own request or the call is an error of a
//! kind that is meant for it, no POST is received twice, and nothing is left open. A process of its own, whose
//! descriptors are counted.
//!
//! `STDHTTP_LONG=1` makes 1,000,000 exchanges instead of 10,000; `STDHTTP_SEED` replays one run.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::requests::{
    ExceptionKind, HTTPAdapter, Payload, RequestException, Retry, Session, Timeout,
};

#[path = "support/descriptors.rs"]
mod descriptors;
#[path = "support/random.rs"]
mod random;

use descriptors::{descriptors, settle};
use random::Random;

const THREADS: usize = 8;

/// Content of which an answer surely arrives with one read, and another one behind it.
const AT_ONCE: usize = 400;

/// What the server has seen, and where it is.
#[derive(Default)]
struct Server {
    ports: Mutex<Vec<u16>>,
    /// The tokens of every POST that came whole.
    posted: Mutex<HashSet<String>>,
    twice: AtomicUsize,
    /// Requests whose body is not that of their token.
    wrong: AtomicUsize,
    exchanges: AtomicUsize,
}

/// A request as it came.
struct Asked {
    method: String,
    token: String,
    body: Vec<u8>,
}

impl Server {
    fn listen(self: &Arc<Self>, seed: u64) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        self.ports.lock().unwrap().push(port);
        let server = Arc::clone(self);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let server = Arc::clone(&server);
                let random = Random::new(seed ^ (number as u64) << 20);
                std::thread::spawn(move || server.serve(stream, random));
            }
        });
    }

    fn serve(&self, stream: TcpStream, mut random: Random) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            // Closed before the request is read, which resets it where one is there.
            if random.below(60) == 0 {
                return None;
            }
            let asked = read_request(&mut reader)?;
            self.note(&asked);
            let (answer, goes_on) = self.answer(&asked, &mut random);
            send(&stream, &answer, &mut random)?;
            if !goes_on {
                return None;
            }
        }
    }

    fn note(&self, asked: &Asked) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        let is_right = asked.method == "GET" || asked.body == content_of(&asked.token);
        self.wrong
            .fetch_add(usize::from(!is_right), Ordering::Relaxed);
        if asked.method == "POST" {
            let is_new = self.posted.lock().unwrap().insert(asked.token.clone());
            self.twice
                .fetch_add(usize::from(!is_new), Ordering::Relaxed);
        }
    }

    /// The octets of an answer, and whether the connection stays.
    fn answer(&self, asked: &Asked, random: &mut Random) -> (Vec<u8>, bool) {
        let content = content_of(&asked.token);
        let counted = |fields: &str| {
            let head = format!(
                "HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n",
                content.len()
            );
            [head.as_bytes(), &content].concat()
        };
        let cut = |random: &mut Random| {
            let whole = counted("");
            let length = random.below(whole.len());
            (whole[..length].to_vec(), false)
        };
        match random.below(24) {
            0 => cut(random),
            1 => (Vec::new(), false),
            2 => (b"SSH-2.0-other\r\n".to_vec(), false),
            3 => (counted("Connection: close\r\n"), false),
            // Its own answer, and one that nobody asked for, which lies there when the connection is looked
            // at: what comes after that can't be told from the answer to the next request.
            4 if content.len() < AT_ONCE => {
                ([counted(""), counted("X-Unasked: 1\r\n")].concat(), true)
            }
            5 => (chunked(&content, random, true), true),
            6 => (chunked(&content, random, false), false),
            7 => (
                b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy".to_vec(),
                true,
            ),
            8 | 9 => (self.redirect(asked, random), true),
            10 => (
                [
                    &b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"[..],
                    &counted(""),
                ]
                .concat(),
                true,
            ),
            11 => ([&b"HTTP/1.0 200 OK\r\n\r\n"[..], &content].concat(), false),
            12 => (counted("Set-Cookie: a=1\r\n"), true),
            _ => (counted(""), true),
        }
    }

    /// To the same token here or at the other port; content goes along, or not.
    fn redirect(&self, asked: &Asked, random: &mut Random) -> Vec<u8> {
        let ports = self.ports.lock().unwrap();
        let port = ports[random.below(ports.len())];
        // A POST that is sent again would be received twice.
        let status = match asked.method.as_str() {
            "POST" => 303,
            _ => [301, 302, 303, 307, 308][random.below(5)],
        };
        let body = "x".repeat(random.below(3) * 40_000);
        let token = &asked.token;
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{port}/{token}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        head.into_bytes()
    }
}

/// In pieces, with a moment between some of them; what is short at once.
fn send(mut stream: &TcpStream, octets: &[u8], random: &mut Random) -> Option<()> {
    let is_short = octets.len() < 3 * AT_ONCE;
    let cut = if is_short {
        0
    } else {
        random.below(octets.len() + 1)
    };
    let (first, rest) = octets.split_at(cut);
    stream.write_all(first).ok()?;
    if random.below(50) == 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
    stream.write_all(rest).ok()
}

fn chunked(content: &[u8], random: &mut Random, is_whole: bool) -> Vec<u8> {
    let mut octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in content.chunks(1 + random.below(4_000)) {
        octets.extend(format!("{:x}\r\n", chunk.len()).bytes());
        octets.extend(chunk);
        octets.extend(b"\r\n");
    }
    if is_whole {
        octets.extend(b"0\r\n\r\n");
    }
    octets
}

/// What belongs to a token, which names its length.
fn content_of(token: &str) -> Vec<u8> {
    let length = token.rsplit('-').next().unwrap_or_default();
    let length = length.parse().unwrap_or_default();
    token.bytes().cycle().take(length).collect()
}

fn read_request(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let token = rest.split_once(' ')?.0.trim_start_matches('/');
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("Content-Length") => {
                length = value.parse().ok();
            }
            Some((name, _)) if name.eq_ignore_ascii_case("Transfer-Encoding") => length = None,
            Some(_) => {}
            None if line == "\r\n" => break,
            None => return None,
        }
    }
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method: method.to_owned(),
        token: token.to_owned(),
        body,
    })
}

/// What the calls came to.
#[derive(Debug, Default)]
struct Came {
    whole: AtomicUsize,
    busy: AtomicUsize,
    failed: AtomicUsize,
}

fn call(session: &Session, port: u16, number: usize, random: &mut Random, came: &Came) {
    let most = *random.choose(&[0, 200, 9_000, 18_000]);
    let length = random.below(most + 1);
    let token = format!("{number}-{length}");
    let url = format!("http://127.0.0.1:{port}/{token}");
    let request = match random.below(4) {
        0 => session.post(&url).data(content_of(&token)),
        1 => session.put(&url).data(Payload::from(content_of(&token))),
        _ => session.get(&url),
    };
    let stream = random.below(3) == 0;
    let answer = request.stream(stream).send();
    // One that is dropped half-read harms no other.
    if stream && random.below(4) == 0 {
        return;
    }
    let answer = answer.and_then(|response| {
        let content = response.content()?.to_vec();
        Ok((response.status_code(), content))
    });
    match answer {
        Ok((200, content)) => {
            assert!(content == content_of(&token), "{token}");
            came.whole.fetch_add(1, Ordering::Relaxed);
        }
        Ok((503, content)) => {
            assert_eq!(content, b"busy");
            came.busy.fetch_add(1, Ordering::Relaxed);
        }
        Ok(other) => panic!("{token}: {other:?}"),
        Err(error) => {
            assert!(is_meant(&error), "{token}: {error:?}");
            came.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether an error is one that this server gives cause for.
fn is_meant(error: &RequestException) -> bool {
    error.request().is_some()
        && matches!(
            error.kind(),
            ExceptionKind::ConnectionError(_)
                | ExceptionKind::ChunkedEncodingError(_)
                | ExceptionKind::TooManyRedirects { .. }
                | ExceptionKind::RetryError
        )
}

#[test]
fn at_length_no_content_is_another_s_and_no_post_is_received_twice() {
    let long = std::env::var_os("STDHTTP_LONG").is_some();
    let calls = if long { 1_000_000 } else { 10_000 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed: u64 = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STDHTTP_SEED={seed}");
    let server = Arc::new(Server::default());
    server.listen(seed);
    server.listen(seed ^ 1 << 60);
    let port = server.ports.lock().unwrap()[0];
    let adapter = HTTPAdapter::new()
        .pool_maxsize(THREADS)
        .max_retries(Retry::new(2));
    let mut session = Session::new();
    session.set_trust_env(false);
    session.set_timeout(Timeout::from(Duration::from_secs(60)));
    session.mount("http://", adapter.clone());
    let before = descriptors();
    let came = Came::default();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (session, came) = (&session, &came);
            scope.spawn(move || {
                let mut random = Random::new(seed ^ (thread as u64) << 40);
                for number in (thread..calls).step_by(THREADS) {
                    call(session, port, number, &mut random, came);
                }
            });
        }
    });
    session.close();
    assert_eq!(adapter.idle_connections(), 0);
    settle(before);
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    println!(
        "{} exchanges for {calls} calls: {} whole, {} told to come again, {} failed",
        count(&server.exchanges),
        count(&came.whole),
        count(&came.busy),
        count(&came.failed)
    );
    assert_eq!((count(&server.wrong), count(&server.twice)), (0, 0));
    assert!(count(&came.whole) * 2 > calls && count(&came.failed) * 50 > calls);
    assert!(server.posted.lock().unwrap().len() * 5 > calls);
}
