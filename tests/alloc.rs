//! Proves: no allocation per keep-alive exchange after the first, and less than 1 MiB for a body
//! of 1 GiB. Allocations are counted for the client's thread alone; the peer has its own.
#![allow(missing_docs)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use stdhttp::HTTPConnection;

#[path = "support/canned.rs"]
mod canned;
#[path = "support/counting.rs"]
mod counting;

use canned::Canned;
use counting::{Counting, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const EXCHANGES: usize = 100;

/// A peer that gives the same answer to every request of so many bytes behind the head.
fn serve(answer: Vec<u8>, body: usize) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        while take_request(&mut stream, body) {
            stream.write_all(&answer).unwrap();
        }
    });
    (port, server)
}

fn take_request(stream: &mut TcpStream, body: usize) -> bool {
    let mut came = Vec::new();
    let mut block = [0; 4096];
    loop {
        let end = came.windows(4).position(|window| window == b"\r\n\r\n");
        if end.is_some_and(|end| came.len() >= end + 4 + body) {
            return true;
        }
        match stream.read(&mut block) {
            Ok(0) | Err(_) => return false,
            Ok(count) => came.extend_from_slice(&block[..count]),
        }
    }
}

/// Runs the exchange once, then counts the allocations of a hundred more.
fn allocations(answer: Vec<u8>, body: &[u8], expected: usize) -> u64 {
    let (port, server) = serve(answer, body.len());
    let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
    let mut buffer = [0; 4096];
    exchange(&mut conn, body, &mut buffer, expected);
    let ((), taken) = measure(|| {
        for _ in 0..EXCHANGES {
            exchange(&mut conn, body, &mut buffer, expected);
        }
    });
    drop(conn);
    server.join().unwrap();
    taken.calls
}

fn exchange(conn: &mut HTTPConnection, body: &[u8], buffer: &mut [u8], expected: usize) {
    let method = if body.is_empty() { "GET" } else { "PUT" };
    conn.putrequest(method, "/some/path?and=query").unwrap();
    conn.putheader("User-Agent", "alloc/1.0").unwrap();
    conn.putheader("X-Number", 4711).unwrap();
    conn.putheader("Accept", ["text/html", "text/plain"])
        .unwrap();
    if !body.is_empty() {
        conn.putheader("Content-Length", body.len()).unwrap();
    }
    conn.endheaders_with(body, false).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(response.status(), 200);
    let mut got = 0;
    loop {
        match response.readinto(buffer).unwrap() {
            0 => break,
            count => got += count,
        }
    }
    assert_eq!(got, expected);
    assert!(response.is_complete() && !response.will_close());
}

fn answer(fields: usize, rest: &str) -> Vec<u8> {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    for number in 0..fields {
        head.push_str(&format!(
            "X-Field-{number}: the value of field {number}\r\n"
        ));
    }
    (head + rest).into_bytes()
}

#[test]
fn a_keep_alive_get_allocates_nothing() {
    let answer = answer(7, "Content-Length: 13\r\n\r\nHello, world!");
    assert_eq!(allocations(answer, b"", 13), 0);
}

#[test]
fn nor_with_fifty_fields() {
    let answer = answer(49, "Content-Length: 13\r\n\r\nHello, world!");
    assert_eq!(allocations(answer, b"", 13), 0);
}

#[test]
fn nor_with_a_chunked_body() {
    let rest = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n8;a=b\r\n, world!\r\n0\r\n\r\n";
    assert_eq!(allocations(answer(7, rest), b"", 13), 0);
}

#[test]
fn nor_with_trailers_and_folds_and_interim_responses() {
    let mut all = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec();
    all.extend(answer(
        3,
        "X-Folded: a\r\n b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n",
    ));
    assert_eq!(allocations(all, b"", 3), 0);
}

#[test]
fn nor_with_an_upload() {
    let answer = answer(7, "Content-Length: 0\r\n\r\n");
    assert_eq!(allocations(answer, &[b'x'; 1024], 0), 0);
}

#[test]
fn request_allocates_nothing_either() {
    let (port, server) = serve(answer(7, "Content-Length: 2\r\n\r\nhi"), 3);
    let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
    let mut buffer = [0; 100];
    let mut once = || {
        let fields = [("User-Agent", "alloc/1.0"), ("Accept", "*/*")];
        conn.request("POST", "/path", b"abc", &fields).unwrap();
        let mut response = conn.getresponse().unwrap();
        assert_eq!(response.readinto(&mut buffer).unwrap(), 2);
        assert_eq!(
            response.getheader("x-field-3").unwrap(),
            "the value of field 3"
        );
    };
    once();
    let ((), taken) = measure(|| (0..EXCHANGES).for_each(|_| once()));
    assert_eq!(taken.calls, 0);
    drop(conn);
    server.join().unwrap();
}

const GIB: u64 = 1 << 30;
const BLOCK: [u8; 1 << 14] = [b'b'; 1 << 14];
static CHUNK: [u8; (1 << 14) + 8] = {
    let mut chunk = [b'c'; (1 << 14) + 8];
    let (line, end) = (b"4000\r\n", b"\r\n");
    let mut place = 0;
    while place < 6 {
        chunk[place] = line[place];
        place += 1;
    }
    chunk[(1 << 14) + 6] = end[0];
    chunk[(1 << 14) + 7] = end[1];
    chunk
};

/// The peak of reading 1 GiB, everything from the making of the connection on included.
fn peak_of_a_gib(stream: Canned, buffer: usize) -> i64 {
    let (total, taken) = measure(|| {
        let mut conn = HTTPConnection::from_stream(stream, "h").unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        let mut buffer = vec![0; buffer];
        let mut total = 0;
        loop {
            match response.readinto(&mut buffer).unwrap() {
                0 => break total,
                count => total += count as u64,
            }
        }
    });
    assert_eq!(total, GIB);
    println!("peak: {} bytes", taken.peak);
    taken.peak
}

#[test]
fn a_gib_with_a_length_takes_less_than_a_mib() {
    for buffer in [8_192, 65_536] {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
        let stream = Canned::new(head, &BLOCK, GIB >> 14, b"");
        assert!(peak_of_a_gib(stream, buffer) < 1 << 20);
    }
}

#[test]
fn a_gib_in_chunks_takes_less_than_a_mib() {
    for buffer in [8_192, 65_536] {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let stream = Canned::new(head, &CHUNK, GIB >> 14, b"0\r\n\r\n");
        assert!(peak_of_a_gib(stream, buffer) < 1 << 20);
    }
}
