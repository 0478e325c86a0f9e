//! Adapters of the caller's own, what of the built-in one is settable, and content as they give it.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use stdhttp::requests::{
    Adapter, ExceptionKind, PreparedRequest, Request, RequestException, Response, Sending,
};
use stdhttp::{Limits, Tolerance};

use super::*;

/// Gives the pieces one by one, and an interruption before each.
struct Pieces {
    left: VecDeque<Vec<u8>>,
    interrupts: bool,
}

impl Read for Pieces {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.interrupts = !self.interrupts;
        if self.interrupts {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut piece = self.left.pop_front().unwrap_or_default();
        let count = piece.len().min(output.len());
        output[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            self.left.push_front(piece.split_off(count));
        }
        Ok(count)
    }
}

/// Answers everything by the same pieces, and says nothing of codings.
struct InPieces(&'static [&'static [u8]]);

impl Adapter for InPieces {
    fn send(
        &self,
        request: &PreparedRequest,
        _: &Sending<'_>,
    ) -> Result<Response, RequestException> {
        let pieces = Pieces {
            left: self.0.iter().map(|piece| piece.to_vec()).collect(),
            interrupts: false,
        };
        let none: [(&str, &str); 0] = [];
        Ok(Response::from_reader(request.clone(), 200, none, pieces))
    }
}

/// A session whose answers are these pieces.
fn in_pieces(pieces: &'static [&'static [u8]]) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", InPieces(pieces));
    session
}

#[test]
fn content_of_an_adapter_is_read_to_its_end() {
    let session = in_pieces(&[b"one ", b"two ", b"three"]);
    let response = session.get("http://a/").send().unwrap();
    assert_eq!(response.content().unwrap(), b"one two three");
    assert!(response.trailers().is_none());
    let sent = response.request().headers().get("Accept-Encoding");
    assert_eq!(sent.as_deref(), Some("identity"));
}

#[test]
fn content_comes_in_the_pieces_in_which_it_is_read() {
    let session = in_pieces(&[b"one ", b"two ", b"three"]);
    for (chunk_size, expected) in [
        (None, &[&b"one "[..], b"two ", b"three"][..]),
        (Some(6), &[b"one tw", b"o thre", b"e"]),
    ] {
        let mut response = session.get("http://a/").stream(true).send().unwrap();
        let pieces = response.iter_content(chunk_size);
        let pieces: Vec<_> = pieces.map(Result::unwrap).collect();
        assert_eq!(pieces, expected);
    }
}

#[test]
fn a_line_is_as_long_as_it_may_be() {
    let session = in_pieces(&[b"12345", b"\n1234", b"56\n"]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    let mut lines = response.iter_lines().longest(5);
    assert_eq!(lines.next().unwrap().unwrap(), b"12345");
    assert_eq!(lines.next().unwrap().unwrap(), b"123456");
    assert!(lines.next().is_none());
    let session = in_pieces(&[b"123456", b"\n"]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    let mut lines = response.iter_lines().longest(5);
    let error = lines.next().unwrap().unwrap_err();
    assert!(matches!(
        error.kind(),
        ExceptionKind::ContentTooLarge { limit: 5 }
    ));
}

#[test]
fn a_timeout_between_pieces_loses_nothing() {
    let late = Duration::from_secs(9);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
    let script = Script::new().expect_head().send(head).send("one");
    let peer = Peer::new([script.wait(late).send("two")]);
    let session = session(&peer);
    let request = session.get("http://a/").stream(true);
    let mut response = request.timeout(Duration::from_secs(5)).send().unwrap();
    let mut pieces = response.iter_content(6);
    assert!(pieces.next().unwrap().unwrap_err().is_timeout());
    assert_eq!(pieces.next().unwrap().unwrap(), b"onetwo");
    assert!(pieces.next().is_none());
}

#[test]
fn a_read_of_nothing_ends_nothing() {
    let session = in_pieces(&[b"one ", b"", b"never"]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    let mut raw = response.raw();
    let mut room = [0; 8];
    assert_eq!(raw.read(&mut room).unwrap(), 4);
    // The end is what the adapter says is one.
    assert_eq!(raw.read(&mut room).unwrap(), 0);
    assert_eq!(raw.read(&mut room).unwrap(), 0);

    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (session, _peer) = answering([answer]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    assert_eq!(response.raw().read(&mut []).unwrap(), 0);
    assert_eq!(response.raw().read(&mut room).unwrap(), 2);
}

#[test]
fn a_response_that_is_closed_gives_nothing_more() {
    let session = in_pieces(&[b"one ", b"two "]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    response.close();
    let error = response.content().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::StreamConsumedError));
    assert!(format!("{response:?}").contains("Response"));
}

/// Undoes a coding that changes nothing, up to so many octets, and is interrupted at each read.
fn undoing(most: u64) -> impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send> + Send + Sync {
    move |coded| {
        Box::new(Undoing {
            coded: coded.take(most),
            interrupts: false,
        })
    }
}

struct Undoing {
    coded: io::Take<Box<dyn Read + Send>>,
    interrupts: bool,
}

impl Read for Undoing {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.interrupts = !self.interrupts;
        if self.interrupts {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.coded.read(output)
    }
}

/// A session before these answers, with a coding `same` of which so much is undone.
fn coded<const COUNT: usize>(most: u64, answers: [&str; COUNT]) -> (Session, Peer) {
    let peer = Peer::new([answers_of(&answers)]);
    let adapter = adapter(&peer).content_coding("same", undoing(most));
    let mut session = session_with(adapter);
    session.set_clock(peer.clone());
    (session, peer)
}

fn same(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Encoding: same\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[test]
fn coded_content_is_read_whole_although_reads_are_interrupted() {
    let body = "x".repeat(20_000);
    let (session, _peer) = coded(u64::MAX, [&same(&body), &same("")]);
    let response = session.get("http://a/").send().unwrap();
    assert!(response.content().unwrap() == body.as_bytes());
    // No octets at all have no coding.
    let response = session.get("http://a/").send().unwrap();
    assert_eq!(response.content().unwrap(), b"");
}

/// The coded content ends before the message: what is left is read, and the connection is kept.
#[test]
fn what_is_left_behind_coded_content_is_read() {
    let body = "x".repeat(20_000);
    let (session, peer) = coded(10, [&same(&body), OK]);
    let mut response = session.get("http://a/").stream(true).send().unwrap();
    let mut content = Vec::new();
    for piece in response.iter_content(4) {
        content.extend(piece.unwrap());
    }
    assert_eq!(content, b"xxxxxxxxxx");
    drop(response);
    let response = session.get("http://a/").send().unwrap();
    assert_eq!(response.content().unwrap(), b"ok");
    assert_eq!(heads(&peer, 0).len(), 2);
}

/// An octet that is undone to so many.
fn blowing_up(times: usize) -> impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send> + Send + Sync {
    move |mut coded| {
        let mut came = Vec::new();
        let read = coded.read_to_end(&mut came);
        assert!(read.is_ok());
        Box::new(io::Cursor::new(vec![b'x'; came.len() * times]))
    }
}

#[test]
fn content_may_be_as_much_larger_than_what_came_as_is_allowed() {
    const MOST: usize = 1 << 20;
    for (times, let_in) in [(MOST, true), (MOST + 1, false)] {
        let peer = Peer::new([answers_of(&[&same("x")])]);
        let adapter = adapter(&peer).content_coding("same", blowing_up(times));
        let mut session = session_with(adapter);
        session.set_clock(peer.clone());
        let response = session.get("http://a/").stream(true).send().unwrap();
        let content = response.content();
        match content {
            Ok(content) => assert!(let_in && content.len() == MOST),
            Err(error) => {
                assert!(!let_in, "{error}");
                assert!(matches!(
                    error.kind(),
                    ExceptionKind::ContentDecodingError(_)
                ));
            }
        }
    }
}

#[test]
fn limits_and_tolerance_are_those_of_the_adapter() {
    let peer = Peer::new([answers_of(&[OK])]);
    let mut limits = Limits::DEFAULT;
    limits.headers = 0;
    let session = session_with(adapter(&peer).limits(limits));
    let error = session.get("http://a/").send().unwrap_err();
    let beneath = error.http_exception();
    assert!(
        matches!(beneath, Some(HTTPException::TooMany { limit: 0, .. })),
        "{error}"
    );

    let lenient = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";
    let peer = Peer::new([answers_of(&[lenient])]);
    let session = session_with(adapter(&peer));
    let response = session.get("http://a/").send().unwrap();
    assert_eq!(response.content().unwrap(), b"ok");
    let peer = Peer::new([answers_of(&[lenient])]);
    let session = session_with(adapter(&peer).tolerance(Tolerance::STRICT));
    session.get("http://a/").send().unwrap_err();
    // It was asked, and its answer refused.
    assert_eq!(heads(&peer, 0).len(), 1);
}

/// Fails in the middle, once.
struct Fails(u8);

impl Read for Fails {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            2 => Err(io::ErrorKind::InvalidData.into()),
            _ => b"more".as_slice().read(output),
        }
    }
}

#[test]
fn a_failure_of_the_adapters_content_is_an_error() {
    let request = Request::new("GET", "http://a/").prepare().unwrap();
    let none: [(&str, &str); 0] = [];
    let response = Response::from_reader(request, 200, none, Fails(0));
    response.content().unwrap_err();
}

/// What was written, together with all its clones.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_lines_of_debuglevel_go_where_they_are_wanted() {
    for (level, is_told) in [(0, false), (1, true)] {
        let written = Shared::default();
        let output = written.clone();
        let peer = Peer::new([answers_of(&[OK])]);
        let adapter = adapter(&peer).debuglevel(level);
        let session = session_with(adapter.debug_output(move || output.clone()));
        session.get("http://a/told").send().unwrap();
        let told = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(told.contains("GET /told HTTP/1.1"), is_told, "{told}");
    }
}
