//! A tour of the crate: `cargo run --release --example tour`.
//!
//! Starts a small server on loopback, goes through the ways to send a request and to read a
//! response, prints what went over the wire and what came of it, and checks every step. The exit
//! status is 1 if anything differs from what it should be. With `--features server` there is one stop
//! more, where the crate talks to itself.

#[cfg(feature = "server")]
#[path = "tour/own_server.rs"]
mod own_server;
#[path = "tour/server.rs"]
mod server;

use std::fmt::Debug;
use std::process::ExitCode;

use server::{LARGE, Server, large_byte};
use stdhttp::{Body, HTTPConnection, HTTPException, HTTPStatus};

fn main() -> ExitCode {
    match tour() {
        Ok(0) => {
            println!("\nEverything is as it should be.");
            ExitCode::SUCCESS
        }
        Ok(differences) => {
            println!("\nDifferences: {differences}.");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("\nThe tour ended early: {error}.");
            ExitCode::FAILURE
        }
    }
}

/// All stops on one connection; the number of differences.
fn tour() -> Result<usize, HTTPException> {
    let server = Server::start()?;
    let mut conn = HTTPConnection::new("127.0.0.1", server.port)?; // no I/O yet
    let mut tour = Tour {
        server,
        stops: 0,
        differences: 0,
    };
    get(&mut tour, &mut conn)?;
    head(&mut tour, &mut conn)?;
    post_a_form(&mut tour, &mut conn)?;
    put_step_by_step(&mut tour, &mut conn)?;
    upload_from_an_iterator(&mut tour, &mut conn)?;
    read_a_large_body_in_pieces(&mut tour, &mut conn)?;
    see_that_one_connection_served_all(&mut tour, &mut conn)?;
    meet_a_truncated_response(&mut tour, &mut conn)?;
    go_on_after_the_error(&mut tour, &mut conn)?;
    #[cfg(feature = "server")]
    own_server::talk_to_ourselves(&mut tour)?;
    Ok(tour.differences)
}

fn get(tour: &mut Tour, conn: &mut HTTPConnection) -> Result<(), HTTPException> {
    tour.stop("A GET");
    conn.request("GET", "/hello", (), &[])?; // connects
    let mut response = conn.getresponse()?;
    let body = text(response.read(None)?); // the whole body
    let sent = tour.wire();
    let expected = format!(
        "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept-Encoding: identity\r\n\r\n",
        tour.server.port
    );
    tour.check("what was sent", text(sent), expected);
    tour.check("status", response.status(), 200);
    tour.check("reason", response.reason().as_ref(), "OK");
    tour.check("body", body.as_str(), "Hello, world!\n");
    Ok(())
}

fn head(tour: &mut Tour, conn: &mut HTTPConnection) -> Result<(), HTTPException> {
    tour.stop("A HEAD: a length, but no body");
    conn.request("HEAD", "/hello", (), &[])?;
    let mut response = conn.getresponse()?;
    let body = response.read(None)?;
    tour.wire();
    let length = response.getheader("content-length");
    tour.check("Content-Length", length.as_deref(), Some("14"));
    tour.check("bytes of body", body.len(), 0);
    Ok(())
}

fn post_a_form(tour: &mut Tour, conn: &mut HTTPConnection) -> Result<(), HTTPException> {
    tour.stop("A form: the length is known, so it is declared");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    conn.request("POST", "/form", "name=Ada&language=Rust", &form)?;
    let mut response = conn.getresponse()?;
    let body = text(response.read(None)?);
    let sent = tour.wire();
    let declared = contains(&sent, b"\r\nContent-Length: 22\r\n");
    tour.check("the length was declared", declared, true);
    tour.check("body", body.as_str(), "name is Ada\nlanguage is Rust\n");
    Ok(())
}

fn put_step_by_step(tour: &mut Tour, conn: &mut HTTPConnection) -> Result<(), HTTPException> {
    tour.stop("A PUT, step by step");
    conn.putrequest("PUT", "/notes/1")?;
    conn.putheader("Content-Type", "text/plain")?;
    conn.putheader("Content-Length", 11)?;
    conn.endheaders()?; // the head goes out
    conn.send("hello ")?;
    conn.send("again")?;
    let too_much = conn.send("!"); // refused: 11 bytes were declared
    let response = conn.getresponse()?;
    let sent = tour.wire();
    let in_order = sent.ends_with(b"Content-Length: 11\r\n\r\nhello again");
    tour.check("head, then the pieces", in_order, true);
    let refused = matches!(
        too_much,
        Err(HTTPException::BodyLengthMismatch { declared: 11, .. })
    );
    tour.check("a byte too much is refused", refused, true);
    let created = response.status() == HTTPStatus::CREATED.value();
    tour.check("201 Created", created, true);
    Ok(())
}

fn upload_from_an_iterator(
    tour: &mut Tour,
    conn: &mut HTTPConnection,
) -> Result<(), HTTPException> {
    tour.stop("An iterator as body: the length is unknown, so it goes out in chunks");
    let lines = (1..=3).map(|number| format!("line {number}\n"));
    conn.request("POST", "/lines", Body::iter(lines), &[])?;
    let mut response = conn.getresponse()?;
    let body = text(response.read(None)?);
    let sent = tour.wire();
    let chunks = b"\r\n\r\n7\r\nline 1\n\r\n7\r\nline 2\n\r\n7\r\nline 3\n\r\n0\r\n\r\n";
    tour.check("an item is a chunk", sent.ends_with(chunks), true);
    tour.check("body", body.as_str(), "21 bytes in 3 chunks\n");
    Ok(())
}

fn read_a_large_body_in_pieces(
    tour: &mut Tour,
    conn: &mut HTTPConnection,
) -> Result<(), HTTPException> {
    tour.stop("A large body, read in pieces into one buffer");
    conn.request("GET", "/large", (), &[])?;
    let mut response = conn.getresponse()?;
    let announced = response.length();
    let mut buffer = [0; 65_000];
    let (mut got, mut wrong, mut largest) = (0, 0, 0);
    loop {
        let count = response.readinto(&mut buffer)?;
        if count == 0 {
            break; // the proven end: a body that is cut short would be an error
        }
        let places = got..got + count;
        wrong += places
            .zip(&buffer)
            .filter(|&(place, &byte)| byte != large_byte(place))
            .count();
        got += count;
        largest = largest.max(count);
    }
    tour.wire();
    tour.check("announced", announced, Some(LARGE as u64));
    tour.check("bytes read", got, LARGE);
    tour.check("wrong bytes", wrong, 0);
    tour.check("never more than fits", largest <= buffer.len(), true);
    Ok(())
}

fn see_that_one_connection_served_all(
    tour: &mut Tour,
    conn: &mut HTTPConnection,
) -> Result<(), HTTPException> {
    tour.stop("Keep-alive: all of that was one connection");
    let serial = connection_serial(tour, conn)?;
    tour.check("serial of the connection", serial.as_str(), "1");
    tour.check("why it would be closed", conn.close_reason(), None);
    Ok(())
}

fn meet_a_truncated_response(
    tour: &mut Tour,
    conn: &mut HTTPConnection,
) -> Result<(), HTTPException> {
    tour.stop("A response that is cut short is an error, however it is read");
    conn.request("GET", "/cut", (), &[])?;
    let at_once = conn.getresponse()?.read(None);
    tour.wire();
    tour.check_cut("read(None)", at_once, 400);

    conn.request("GET", "/cut", (), &[])?; // over a new connection
    let mut response = conn.getresponse()?;
    let mut buffer = [0; 256];
    let in_pieces = loop {
        match response.readinto(&mut buffer) {
            Ok(1..) => {}
            ended => break ended, // never by Ok(0)
        }
    };
    tour.wire();
    tour.check_cut("readinto", in_pieces, 0);
    Ok(())
}

fn go_on_after_the_error(tour: &mut Tour, conn: &mut HTTPConnection) -> Result<(), HTTPException> {
    tour.stop("Each error closed its connection, and the next request opens another");
    let serial = connection_serial(tour, conn)?;
    tour.check("serial of the connection", serial.as_str(), "3");
    Ok(())
}

/// Which connection a request goes over, as the server counts them.
fn connection_serial(tour: &Tour, conn: &mut HTTPConnection) -> Result<String, HTTPException> {
    conn.request("GET", "/hello", (), &[])?;
    let mut response = conn.getresponse()?;
    response.read(None)?;
    tour.wire();
    let serial = response.getheader("X-Connection-Serial");
    Ok(serial.unwrap_or_default().into_owned())
}

/// Prints the stops and counts what differs.
struct Tour {
    server: Server,
    stops: usize,
    differences: usize,
}

impl Tour {
    fn stop(&mut self, title: &str) {
        self.stops += 1;
        println!("\n{}. {title}\n", self.stops);
    }

    /// Prints the next exchange as the server saw it; returns the request's bytes.
    fn wire(&self) -> Vec<u8> {
        let Some(exchange) = self.server.next() else {
            println!("    (the server saw nothing)");
            return Vec::new();
        };
        print_message('>', &exchange.request);
        print_message('<', &exchange.response);
        exchange.request
    }

    fn check<T: PartialEq + Debug>(&mut self, what: &str, got: T, expected: T) {
        if got == expected {
            println!("    ok: {what}: {got:?}");
        } else {
            self.differences += 1;
            println!("    DIFFERS: {what}: {got:?}, expected {expected:?}");
        }
    }

    /// Of 1,000 bytes of `/cut` 400 came; `partial` of them are in the error.
    fn check_cut<T: Debug>(&mut self, how: &str, result: Result<T, HTTPException>, partial: usize) {
        let facts = match &result {
            Err(HTTPException::IncompleteRead(read)) => {
                (read.got, read.expected, read.partial.len())
            }
            _ => Default::default(),
        };
        if let Err(error) = result {
            println!("    {how}: {error}");
        }
        let what = "bytes that came, that are missing, that are in the error";
        self.check(what, facts, (400, Some(600), partial));
    }
}

/// A message line by line; of a large one the beginning.
fn print_message(direction: char, message: &[u8]) {
    const SHOWN: usize = 480;
    let shown = &message[..message.len().min(SHOWN)];
    let head_only = shown.len() < message.len();
    let end = match find(shown, b"\r\n\r\n") {
        Some(end) if head_only => end + 4,
        _ => shown.len(),
    };
    for line in message[..end].split_inclusive(|&octet| octet == b'\n') {
        println!("    {direction} {}", line.escape_ascii());
    }
    if end < message.len() {
        println!("    {direction} ... {} bytes", message.len() - end);
    }
    println!();
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn contains(bytes: &[u8], piece: &[u8]) -> bool {
    find(bytes, piece).is_some()
}

fn find(bytes: &[u8], piece: &[u8]) -> Option<usize> {
    bytes
        .windows(piece.len())
        .position(|window| window == piece)
}
