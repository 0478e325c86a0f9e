//! What servers without end, and answers made to be costly, can make a session hold and do: memory by
//! a counting allocator, work in octets looked at, never time.
//!
//! `STDHTTP_LONG=1` reads 1 GiB of content instead of 64 MiB, and 20,000 answers instead of 300.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

use std::io::{self, Read};
use std::time::Duration;

use stdhttp::requests::{
    BoxedStream, ExceptionKind, HTTPAdapter, HTTPDigestAuth, Response, Retry, Session,
};
use stdhttp::testing::{Peer, Script, steps};
use stdhttp::{Connect, HTTPException, Route};

#[path = "support/canned.rs"]
mod canned;
#[path = "support/counting.rs"]
mod counting;

use canned::Canned;
use counting::{Counting, Taken, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KIB: i64 = 1 << 10;
const MIB: i64 = 1 << 20;
const ENDLESS: u64 = u64::MAX;

/// An adapter each of whose connections brings a head, a block so many times over, and the end.
fn canned(head: &str, block: &str, repeats: u64) -> HTTPAdapter {
    let head: &'static [u8] = head.to_owned().leak().as_bytes();
    let block: &'static [u8] = block.to_owned().leak().as_bytes();
    HTTPAdapter::new().connector(move |_: &mut Route<'_>| {
        let stream: BoxedStream = Box::new(Canned::new(head, block, repeats, b""));
        Ok::<_, HTTPException>(stream)
    })
}

/// An adapter whose connections are the peer's, in the peer's time.
fn scripted(peer: &Peer) -> HTTPAdapter {
    let (dialled, sleeper) = (peer.clone(), peer.clone());
    let connector = move |route: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
        Ok(Box::new(dialled.clone().connect(route)?))
    };
    let sleep = move |time: Duration| sleeper.pass(time);
    HTTPAdapter::new()
        .connector(connector)
        .clock(peer.clone(), sleep)
}

fn session_with(adapter: HTTPAdapter) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter);
    session
}

fn long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

fn tell(what: &str, taken: Taken) {
    println!("{what}: {} bytes", taken.peak);
}

#[test]
fn redirects_without_end_are_left() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: x/\r\nContent-Length: ";
    for (head, block) in [
        (String::new(), format!("{moved}0\r\n\r\n")),
        // Each with a content without end, of which little is read for the connection's sake.
        (format!("{moved}{}\r\n\r\n", i64::MAX), "content".to_owned()),
    ] {
        let session = session_with(canned(&head, &block, ENDLESS));
        let (error, taken) = measure(|| session.get("http://h/").send().unwrap_err());
        let kind = error.kind();
        assert!(
            matches!(kind, ExceptionKind::TooManyRedirects { limit: 10 }),
            "{kind:?}"
        );
        assert_eq!(error.response().unwrap().history().len(), 10);
        tell("redirects without end", taken);
        assert!(taken.peak < 256 * KIB, "{taken:?}");
    }
}

#[test]
fn a_content_without_end_is_left_at_its_limit() {
    let endless = "HTTP/1.1 200 OK\r\n\r\n";
    let adapter = canned(endless, "0123456789abcdef", ENDLESS);
    let session = session_with(adapter);
    let (error, taken) = measure(|| {
        let request = session.get("http://h/").max_content(4 << 20);
        request.send().unwrap_err()
    });
    let kind = error.kind();
    assert!(
        matches!(kind, ExceptionKind::ContentTooLarge { limit: 0x0040_0000 }),
        "{kind:?}"
    );
    assert!(error.request().is_some() && error.response().is_some());
    tell("a content without end, of which 4 MiB are wanted", taken);
    assert!(taken.peak < 10 * MIB, "{taken:?}");
}

#[test]
fn a_length_that_is_told_takes_no_memory() {
    let told = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n";
    let adapter = canned(told, "", 0);
    let session = session_with(adapter);
    let (error, taken) = measure(|| session.get("http://h/").send().unwrap_err());
    let kind = error.kind();
    assert!(
        matches!(kind, ExceptionKind::ChunkedEncodingError(_)),
        "{kind:?}"
    );
    tell("a length that is told alone", taken);
    assert!(taken.peak < 2 * MIB, "{taken:?}");
}

#[test]
fn content_that_streams_holds_what_one_read_takes() {
    let size: u64 = if long() { 1 << 30 } else { 64 << 20 };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
    let adapter = canned(&head, &"x".repeat(4_096), size / 4_096);
    let session = session_with(adapter);
    let (total, taken) = measure(|| {
        let mut response = session.get("http://h/").stream(true).send().unwrap();
        let pieces = response.iter_content(8_192);
        pieces.map(|piece| piece.unwrap().len() as u64).sum::<u64>()
    });
    assert_eq!(total, size);
    tell("content that streams", taken);
    assert!(taken.peak < 128 * KIB, "{taken:?}");
}

#[test]
fn a_line_without_end_is_left_at_its_limit() {
    let adapter = canned("HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef", ENDLESS);
    let session = session_with(adapter);
    let (error, taken) = measure(|| {
        let mut response = session.get("http://h/").stream(true).send().unwrap();
        let mut lines = response.iter_lines();
        let error = lines.next().unwrap().unwrap_err();
        assert!(lines.next().is_none());
        error
    });
    let kind = error.kind();
    assert!(
        matches!(kind, ExceptionKind::ContentTooLarge { limit: 0x0010_0000 }),
        "{kind:?}"
    );
    assert!(error.request().is_some());
    tell("a line without end", taken);
    assert!(taken.peak < 3 * MIB, "{taken:?}");
}

/// A coding of which each octet is so many.
struct Bomb<R> {
    coded: R,
    times: usize,
    left: usize,
}

impl<R: Read> Read for Bomb<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.coded.read(&mut [0])? == 1 {
            self.left = self.times;
        }
        let count = self.left.min(output.len());
        output[..count].fill(0);
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_content_that_grows_too_much_is_left() {
    for (times, coding, is_left) in [
        (900, "x-much", false),
        (1_000_000, "x-much", true),
        (2_000, "x-much, x-much", true),
        (1, "x-much, x-much, x-much", true),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 8192\r\n\r\n"
        );
        let adapter = canned(&head, "0123456789abcdef", 512);
        let decode = move |coded| -> Box<dyn Read + Send> {
            Box::new(Bomb {
                coded,
                times,
                left: 0,
            })
        };
        let session = session_with(adapter.content_coding("much", decode));
        let (result, taken) = measure(|| {
            let response = session.get("http://h/").send()?;
            response.content().map(<[u8]>::len)
        });
        tell(
            &format!("a content {times} times as large, {coding}"),
            taken,
        );
        match result {
            Ok(length) => assert!(!is_left && length == 8_192 * times, "{coding} {length}"),
            Err(error) => {
                let kind = error.kind();
                let expected = matches!(kind, ExceptionKind::ContentDecodingError(_));
                assert!(is_left && expected, "{coding} {times} {kind:?}");
                assert!(taken.peak < 32 * MIB, "{coding} {times} {taken:?}");
            }
        }
    }
}

/// An answer with so many fields of this name, numbered where there is a `#`.
fn flood(status: &str, name: &str, value: &str, fields: usize) -> String {
    let lines = (0..fields).map(|number| {
        let value = value.replace('#', &number.to_string());
        format!("{name}: {value}\r\n")
    });
    format!(
        "HTTP/1.1 {status}\r\n{}Content-Length: 0\r\n\r\n",
        lines.collect::<String>()
    )
}

#[test]
fn cookies_without_end_make_neither_jar_nor_request_large() {
    let answers = if long() { 20_000 } else { 300 };
    let value = format!("c#={}; Path=/", "v".repeat(800));
    let answer = flood("200 OK", "Set-Cookie", &value, 200);
    let adapter = canned("", &answer, ENDLESS);
    let session = session_with(adapter);
    let ((), taken) = measure(|| {
        for number in 0..answers {
            // Each from another domain, which is the most that a jar can be made to keep.
            session
                .get(&format!("http://h{number}.test/"))
                .send()
                .unwrap();
        }
    });
    assert!(
        session.cookies().len() <= 3_000,
        "{}",
        session.cookies().len()
    );
    println!(
        "cookies without end: {} in the jar after {answers} answers",
        session.cookies().len()
    );
    tell("cookies without end", taken);
    assert!(taken.peak < 8 * MIB, "{taken:?}");

    let peer = Peer::new([Script::new()
        .expect_head()
        .send(&answer)
        .expect_head()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]);
    let session = session_with(scripted(&peer));
    for _ in 0..2 {
        session.get("http://h.test/").send().unwrap();
    }
    let sent = peer.received(0).len();
    assert!((8_000..9_000).contains(&sent), "{sent}");
}

/// The octets looked at while one answer is worked on.
fn work(answer: &str, call: impl Fn(&Session) -> Option<Response>) -> u64 {
    let adapter = canned("", answer, ENDLESS);
    let session = session_with(adapter);
    let before = steps().unwrap();
    drop(call(&session));
    steps().unwrap() - before
}

type Call = fn(&Session) -> Option<Response>;

#[test]
fn twice_the_octets_are_twice_the_work() {
    let get: Call = |session| session.get("http://h/").send().ok();
    let links: Call = |session| {
        let response = session.get("http://h/").send().ok()?;
        let _ = response.links();
        Some(response)
    };
    let digest: Call = |session| {
        let auth = HTTPDigestAuth::new("u", "p");
        session.get("http://h/").auth(auth).send().ok()
    };
    let one_hop: Call = |session| {
        let request = session.get("http://h/").allow_redirects(false);
        request.send().ok()
    };
    let cases: [(&str, &str, &str, &str, Call); 10] = [
        ("302 Found", "Location", "/", "a", one_hop),
        ("302 Found", "Location", "/", "../", one_hop),
        ("302 Found", "Location", "/", "a/", one_hop),
        ("302 Found", "Location", "//", "a.", one_hop),
        ("200 OK", "Set-Cookie", "a=", "b", get),
        ("200 OK", "Set-Cookie", "a=b", "; c", get),
        ("200 OK", "Link", "", "<a>; rel=\"b\", ", links),
        ("200 OK", "Link", "<", "<a", links),
        (
            "401 No",
            "WWW-Authenticate",
            "Digest ",
            "realm=\"a\", ",
            digest,
        ),
        ("401 No", "WWW-Authenticate", "", "Digest a=b, ", digest),
    ];
    let mut most: f64 = 0.0;
    for (status, name, start, unit, call) in cases {
        let of_size = |size: usize| {
            let value = format!("{start}{}", unit.repeat(size / unit.len()));
            work(&flood(status, name, &value, 1), call)
        };
        let (half, whole) = (of_size(30_000), of_size(60_000));
        assert!(
            half > 0 && whole <= 2 * half + 4_096,
            "{name} {unit:?}: {half} {whole}"
        );
        most = most.max(whole as f64 / 60_000.0);
        println!("{name} of 60,000 octets {unit:?}: {whole} steps");
    }
    assert!(most < 30.0, "{most}");
}

#[test]
fn challenges_without_end_are_not_answered_without_end() {
    for value in [
        "Digest realm=\"r\", nonce=\"n#\", stale=true",
        "Digest realm=\"r#\", nonce=\"n\"",
    ] {
        for fields in [1, 200] {
            // A new nonce with each answer.
            let answers: Vec<String> = (0..60)
                .map(|number| {
                    let value = value.replace('#', &format!("{number}-#"));
                    flood("401 No", "WWW-Authenticate", &value, fields)
                })
                .collect();
            let script = answers.iter().fold(Script::new(), |script, answer| {
                script.expect_head().send(answer)
            });
            let peer = Peer::new([script]);
            let session = session_with(scripted(&peer));
            let auth = HTTPDigestAuth::new("u", "p");
            let response = session.get("http://h/").auth(auth).send().unwrap();
            assert_eq!(response.status_code(), 401);
            let received = peer.received(0);
            let requests = received.windows(4).filter(|four| four == b"GET ").count();
            println!("{requests} requests before challenges without end: {value}");
            assert!(requests <= 3, "{requests} {value}");
        }
    }
}

#[test]
fn what_is_no_time_is_no_retry_after() {
    for value in [
        "",
        "-1",
        "1.5",
        "1e9",
        "+5",
        "0x10",
        "soon",
        "5, 6",
        "Fri, 99 Nov 2026 00:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "\u{ff}",
        "184467440737095516160",
        "99999999999999999999999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let answer = flood("429 Slow", "Retry-After", value, 1);
        let scripts = Script::new();
        let script = (0..9).fold(scripts, |script, _| script.expect_head().send(&answer));
        let peer = Peer::new([script]);
        let retry = Retry::new(3).raise_on_status(false);
        let session = session_with(scripted(&peer).max_retries(retry));
        let response = session.get("http://h/").send().unwrap();
        assert_eq!(response.status_code(), 429, "{value}");
        assert_eq!(peer.elapsed(), Duration::ZERO, "{value}");
    }
}

#[test]
fn a_body_that_is_given_is_not_copied() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let session = session_with(canned(answer, "", 0));
    let body = vec![b'x'; 8 << 20];
    let (response, taken) = measure(|| session.post("http://h/").data(body).send().unwrap());
    assert_eq!(response.request().body().length(), Some(8 << 20));
    tell("a body of 8 MiB that was given", taken);
    assert!(taken.peak < 64 * KIB, "{taken:?}");
}
