//! Proves the ceilings: what hostile peers without end can make a connection hold and take, with a
//! counting allocator; and that the work is linear, in octets looked at and calls made, never in
//! time.
//!
//! `STDHTTP_LONG=1` streams 1 GiB of one-octet chunks instead of 64 MiB.
#![allow(missing_docs)]

use std::io::{self, Read, Write};
use std::time::Duration;

use stdhttp::proto::{BodyDecoder, BodyLength, Exchange, Received, ResponseHead, Skip};
use stdhttp::testing::{Ending, Peer, Script, steps};
use stdhttp::{
    Counted, HTTPConnection, HTTPException, HTTPResponse, Limits, LineKind, Look, Measured, Stream,
    Tolerance, Wire,
};

#[path = "support/canned.rs"]
mod canned;
#[path = "support/counting.rs"]
mod counting;

use canned::Canned;
use counting::{Counting, Taken, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KIB: i64 = 1 << 10;
const BUFFER: u64 = 65_000;
const ENDLESS: u64 = u64::MAX;
/// What a connection takes for itself.
const CONNECTION: i64 = KIB;

/// What a peer cost before the exchange was over.
struct Cost {
    result: Result<u64, HTTPException>,
    taken: Taken,
    octets: u64,
    reads: u64,
}

impl Cost {
    fn error(&self) -> &HTTPException {
        self.result
            .as_ref()
            .expect_err("an endless answer came to an end")
    }
}

/// Reads an answer to its end, in pieces of 8 KiB; everything is counted from before the
/// connection is made.
fn cost(stream: Canned) -> Cost {
    let tally = stream.tally();
    let (result, taken) = measure(|| {
        let mut conn = HTTPConnection::from_stream(stream, "h")?;
        conn.request("GET", "/", (), &[])?;
        let mut response = conn.getresponse()?;
        let mut buffer = [0; 8_192];
        let mut total = 0;
        loop {
            match response.readinto(&mut buffer)? {
                0 => return Ok(total),
                count => total += count as u64,
            }
        }
    });
    Cost {
        result,
        taken,
        octets: tally.taken.get(),
        reads: tally.reads.get(),
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LINE: u64 = 65_536;
const HEAD: u64 = 262_144;

fn is_too_long(error: &HTTPException, kind: LineKind) -> bool {
    matches!(error, HTTPException::LineTooLong { line, .. } if *line == kind)
}

fn is_too_large(error: &HTTPException, measured: Measured) -> bool {
    matches!(error, HTTPException::TooLarge { what, .. } if *what == measured)
}

fn is_too_many(error: &HTTPException, counted: Counted) -> bool {
    matches!(error, HTTPException::TooMany { what, .. } if *what == counted)
}

type Flood = (
    &'static str,
    &'static [u8],
    &'static [u8],
    // The most octets that may be taken, but for one buffer.
    u64,
    fn(&HTTPException) -> bool,
);

static LONG_FIELD: [u8; 4_099] = {
    let mut field = [b'a'; 4_099];
    field[1] = b':';
    field[4_097] = b'\r';
    field[4_098] = b'\n';
    field
};

static EXTENSION: [u8; 1_008] = {
    let mut chunk = *b"1;eeeeee";
    chunk[7] = b'e';
    let mut all = [b'e'; 1_008];
    all[0] = chunk[0];
    all[1] = chunk[1];
    all[1_003] = b'\r';
    all[1_004] = b'\n';
    all[1_005] = b'x';
    all[1_006] = b'\r';
    all[1_007] = b'\n';
    all
};

const LARGE_HEADS: [Flood; 8] = [
    ("status line", b"HTTP/1.1 200 ", b"a", LINE, |e| {
        is_too_long(e, LineKind::StatusLine)
    }),
    ("name", OK, b"a", LINE, |e| {
        is_too_long(e, LineKind::HeaderLine)
    }),
    ("value", b"HTTP/1.1 200 OK\r\na: ", b"a", LINE, |e| {
        is_too_long(e, LineKind::HeaderLine)
    }),
    ("blanks", b"HTTP/1.1 200 OK\r\na:", b" ", LINE, |e| {
        is_too_long(e, LineKind::HeaderLine)
    }),
    ("long fields", OK, &LONG_FIELD, HEAD, |e| {
        is_too_large(e, Measured::Head)
    }),
    (
        "folds",
        b"HTTP/1.1 200 OK\r\na: b\r\n",
        b" c\r\n",
        2_048,
        |e| is_too_many(e, Counted::Headers),
    ),
    (
        "empty folds",
        b"HTTP/1.1 200 OK\r\na: b\r\n",
        b"\t\r\n",
        2_048,
        |e| is_too_many(e, Counted::Headers),
    ),
    (
        "interim heads of many fields",
        b"",
        b"HTTP/1.1 103 E\r\na: b\r\nc: d\r\n\r\n",
        2_048,
        |e| is_too_many(e, Counted::InterimResponses),
    ),
];

#[test]
fn an_endless_head_takes_no_more_than_its_limits() {
    for (name, head, block, octets, expected) in LARGE_HEADS {
        for piece in [usize::MAX, 4_096, 100, 1] {
            let cost = cost(Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece));
            println!(
                "{name}, {piece}: {} octets, peak {}",
                cost.octets, cost.taken.peak
            );
            assert!(expected(cost.error()), "{name}: {:?}", cost.error());
            let most = octets + head.len() as u64;
            assert!(cost.octets <= most + BUFFER, "{name}: {}", cost.octets);
            assert!(
                cost.taken.peak <= (256 + 64 + 64) * KIB,
                "{name}: {}",
                cost.taken.peak
            );
            if piece == 1 {
                assert!(cost.octets <= most + 1, "{name}: {}", cost.octets);
                assert_eq!(cost.reads, cost.octets, "{name}");
            }
        }
    }
}

#[test]
fn endless_small_fields_take_little_more_than_they_are() {
    for (head, block) in [
        (OK, &b"a:\r\n"[..]),
        (OK, b"a:\n"),
        (b"HTTP/1.1 200 OK\n", b"b:c\n"),
    ] {
        for piece in [usize::MAX, 1] {
            let cost = cost(Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece));
            assert!(is_too_many(cost.error(), Counted::Headers));
            let most = 257 * 4 + head.len() as u64;
            assert!(cost.octets <= most + if piece == 1 { 0 } else { BUFFER });
            // The read buffer is there whatever is sent; the rest is for what was.
            let kept = cost.taken.peak - BUFFER as i64;
            assert!(kept <= 16 * most as i64, "{kept}");
        }
    }
}

#[test]
fn endless_interim_responses_end_within_the_budget_of_one_head() {
    let small = b"HTTP/1.1 100 Continue\r\n\r\n";
    static LARGE: [u8; 4_099 + 18] = {
        let mut head = [b'a'; 4_099 + 18];
        let line = b"HTTP/1.1 103 E\r\nx:";
        let mut place = 0;
        while place < line.len() {
            head[place] = line[place];
            place += 1;
        }
        let end = b"\r\n\r\n";
        let mut place = 0;
        while place < 4 {
            head[4_099 + 14 + place] = end[place];
            place += 1;
        }
        head
    };
    for piece in [usize::MAX, 1_000, 1] {
        let many = cost(Canned::new(b"", small, ENDLESS, b"").in_pieces_of(piece));
        assert!(is_too_many(many.error(), Counted::InterimResponses));
        assert!(many.octets <= 33 * small.len() as u64 + BUFFER);
        let large = cost(Canned::new(b"", &LARGE, ENDLESS, b"").in_pieces_of(piece));
        assert!(
            is_too_many(large.error(), Counted::InterimResponses),
            "{:?}",
            large.error()
        );
        assert!(large.octets <= HEAD + BUFFER, "{}", large.octets);
        assert!(many.taken.peak.max(large.taken.peak) <= (256 + 64 + 64) * KIB);
    }
    // Fewer and larger ones meet the other limit.
    let limits = Limits::DEFAULT.with(|limits| limits.head = 16_384);
    let stream = Canned::new(b"", &LARGE, ENDLESS, b"");
    let tally = stream.tally();
    let builder = HTTPConnection::builder("h").stream(stream);
    let mut conn = builder.limits(limits).build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(is_too_large(
        &conn.getresponse().unwrap_err(),
        Measured::Head
    ));
    assert!(tally.taken.get() <= 16_384 + BUFFER);
}

const ENDLESS_BODIES: [Flood; 7] = [
    (
        "trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"a: b\r\n",
        65 * 6,
        |e| is_too_many(e, Counted::Trailers),
    ),
    (
        "a trailer's value",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: ",
        b"b",
        16_384,
        |e| is_too_large(e, Measured::Trailers) || is_too_long(e, LineKind::TrailerLine),
    ),
    (
        "a trailer's folds",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: b\r\n",
        b" c\r\n",
        65 * 6,
        |e| is_too_many(e, Counted::Trailers),
    ),
    (
        "an extension",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"e",
        4_096,
        |e| is_too_long(e, LineKind::ChunkSize),
    ),
    ("extensions", CHUNKED, &EXTENSION, 16_384 + 17 * 8, |e| {
        is_too_large(e, Measured::ChunkExtensions)
    }),
    ("a chunk size of zeros", CHUNKED, b"0", 4_097, |e| {
        is_too_long(e, LineKind::ChunkSize)
    }),
    (
        "padding",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1",
        b" ",
        4_097,
        |e| is_too_long(e, LineKind::ChunkSize),
    ),
];

#[test]
fn endless_framing_of_a_body_takes_no_more_than_its_limits() {
    for (name, head, block, octets, expected) in ENDLESS_BODIES {
        for piece in [usize::MAX, 1_000, 1] {
            let cost = cost(Canned::new(head, block, ENDLESS, b"").in_pieces_of(piece));
            println!(
                "{name}, {piece}: {} octets, peak {}",
                cost.octets, cost.taken.peak
            );
            assert!(expected(cost.error()), "{name}: {:?}", cost.error());
            let most = octets + head.len() as u64;
            assert!(
                cost.octets <= most + if piece == 1 { 1 } else { BUFFER },
                "{name}"
            );
            assert!(
                cost.taken.peak <= CONNECTION + BUFFER as i64 + 32 * KIB,
                "{name}: {}",
                cost.taken.peak
            );
        }
    }
}

#[test]
fn one_octet_chunks_stream_in_bounded_memory() {
    let total: u64 = if std::env::var_os("STDHTTP_LONG").is_some() {
        1 << 30
    } else {
        64 << 20
    };
    let cost = cost(Canned::new(CHUNKED, b"1\r\nx\r\n", total, b"0\r\n\r\n"));
    assert_eq!(cost.result.unwrap(), total);
    assert_eq!(cost.octets, CHUNKED.len() as u64 + 6 * total + 5);
    assert!(cost.reads <= cost.octets / BUFFER + 9, "{}", cost.reads);
    assert!(cost.taken.peak <= 128 * KIB, "{}", cost.taken.peak);
}

#[test]
fn announced_lengths_allocate_nothing() {
    let heads: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\n",
    ];
    for head in heads {
        let stream = || Canned::new(head, b"x", 10, b"");
        let into = cost(stream());
        assert!(matches!(into.error(), HTTPException::IncompleteRead(r) if r.got == 10));
        assert_eq!(into.octets, head.len() as u64 + 10);
        assert!(into.taken.peak <= 128 * KIB, "{}", into.taken.peak);
        for limit in [None, Some(usize::MAX), Some(1 << 30)] {
            let (error, taken) = measure(|| {
                let mut conn = HTTPConnection::from_stream(stream(), "h").unwrap();
                conn.request("GET", "/", (), &[]).unwrap();
                conn.getresponse().unwrap().read(limit).unwrap_err()
            });
            match error {
                HTTPException::IncompleteRead(read) => assert_eq!(read.partial, [b'x'; 10]),
                error => panic!("{error:?}"),
            }
            println!("read({limit:?}): peak {}", taken.peak);
            assert!(taken.peak <= (128 + 64) * KIB, "{}", taken.peak);
        }
    }
}

#[test]
fn reading_a_whole_body_takes_no_more_than_twice_its_size() {
    /// Head, block, tail, and how much of the block is data.
    type Framed = (&'static [u8], &'static [u8], &'static [u8], u64);
    let framings: [Framed; 3] = [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", b"", 1),
        (CHUNKED, b"8\r\nxxxxxxxx\r\n", b"0\r\n\r\n", 8),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n",
            b"xxxxxxxx",
            b"",
            8,
        ),
    ];
    for (head, block, tail, data) in framings {
        let size = 16 << 20;
        let (length, taken) = measure(|| {
            let stream = Canned::new(head, block, size / data, tail);
            let mut conn = HTTPConnection::from_stream(stream, "h").unwrap();
            conn.request("GET", "/", (), &[]).unwrap();
            conn.getresponse().unwrap().read(None).unwrap().len() as u64
        });
        assert_eq!(length, size);
        println!("16 MiB: peak {}", taken.peak);
        assert!(taken.peak <= 2 * size as i64 + 128 * KIB, "{}", taken.peak);
    }
}

/// A stream that runs into its timeout before every read.
struct Stalling(Canned, bool);

impl Read for Stalling {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        match self.1 {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => self.0.read(output),
        }
    }
}

impl Write for Stalling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Stalling {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown()
    }

    fn look(&mut self) -> io::Result<Look> {
        self.0.look()
    }
}

type Collect = fn(&mut HTTPResponse<'_, Wire<Stalling>>) -> Result<Vec<u8>, HTTPException>;

/// However often a read runs out of time, what it keeps is kept once and never copied anew.
#[test]
fn what_timeouts_keep_is_kept_once() {
    const SIZE: usize = 256 << 10;
    let calls: [Collect; 3] = [
        |response| response.read(None),
        |response| response.read(SIZE),
        |response| response.readline(None),
    ];
    for call in calls {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n";
        let stream = Canned::new(head, b"xxxxxxxx", SIZE as u64 / 8, b"").in_pieces_of(64);
        let mut conn = HTTPConnection::from_stream(Stalling(stream, false), "h").unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = loop {
            match conn.getresponse() {
                Err(error) if error.is_timeout() => {}
                done => break done.unwrap(),
            }
        };
        let mut timeouts = 0;
        let (length, taken) = measure(|| {
            loop {
                match call(&mut response) {
                    Err(error) if error.is_timeout() => timeouts += 1,
                    done => break done.unwrap().len(),
                }
            }
        });
        assert_eq!((length, timeouts), (SIZE, SIZE / 64));
        assert!(taken.calls <= 100, "{} allocations", taken.calls);
        assert!(taken.peak <= 2 * SIZE as i64 + 128 * KIB, "{}", taken.peak);
    }
}

/// What a connection holds when it has read an answer with nine bytes at a time.
fn held_after(stream: impl FnOnce() -> Canned) -> i64 {
    let (mut conn, made) = measure(|| HTTPConnection::from_stream(stream(), "h").unwrap());
    let ((), used) = measure(|| {
        conn.request("GET", "/", (), &[]).unwrap();
        let mut response = conn.getresponse().unwrap();
        while response.readinto(&mut [0; 9]).unwrap() > 0 {}
        assert!(response.is_complete());
    });
    made.peak + used.peak
}

#[test]
fn an_idle_connection_holds_little() {
    let (fresh, before) = measure(|| HTTPConnection::new("h", None).unwrap());
    println!("before its first exchange: {}", before.peak);
    assert!(before.peak <= 16 * KIB, "{}", before.peak);
    drop(fresh);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n";
    let held = held_after(|| Canned::new(head, b"ten octets", 400, b""));
    println!("after an answer of 4,000 octets: {held}");
    assert!(held <= 16 * KIB, "{held}");
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n";
    let held = held_after(|| Canned::new(head, b"ten octets", 400_000, b""));
    println!("after an answer of 4,000,000 octets: {held}");
    assert!(held <= BUFFER as i64 + 16 * KIB, "{held}");
}

#[test]
fn an_octet_a_timeout_ends_at_the_deadline() {
    let second = Duration::from_secs(1);
    let timeout = second - Duration::from_millis(1);
    let parts = [
        "HTTP/1.1 200 OK\r\n",
        "X: y\r\nTransfer-Encoding: chunked\r\n\r\n",
        "5\r\nabcde\r\n3;ext=1\r\nfgh\r\n",
        "0\r\nX-Trailer: of a very slow peer\r\n\r\n",
    ];
    let answer = parts.concat();
    for deadline in (1..answer.len() as u32).step_by(3) {
        let slow = answer
            .bytes()
            .fold(Script::new().expect_head(), |script, octet| {
                script.wait(timeout).send([octet])
            });
        let peer = Peer::new([slow.end(Ending::Silence)]);
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let builder = builder.clock(peer.clone()).read_timeout(second);
        let mut conn = builder
            .deadline(timeout * deadline - second / 4)
            .build()
            .unwrap();
        let (result, taken) = measure(|| {
            conn.request("GET", "/", (), &[])?;
            let mut response = conn.getresponse()?;
            while response.readinto(&mut [0; 9])? > 0 {}
            Ok::<(), HTTPException>(())
        });
        assert!(result.unwrap_err().is_timeout());
        assert_eq!(peer.elapsed(), timeout * deadline - second / 4);
        assert!(peer.calls().reads <= deadline as usize + 1);
        assert!(taken.peak <= BUFFER as i64 + 32 * KIB, "{}", taken.peak);
    }
}

// Work

/// Room for inputs of every size.
const ROOMY: Limits = {
    let mut limits = Limits::DEFAULT;
    limits.line = usize::MAX >> 1;
    limits.chunk_size_line = usize::MAX >> 1;
    limits.headers = usize::MAX;
    limits.head = usize::MAX >> 1;
    limits.target = usize::MAX >> 1;
    limits.interim_responses = usize::MAX;
    limits.trailers = usize::MAX;
    limits.trailer_section = usize::MAX >> 1;
    limits.chunk_extensions = u64::MAX;
    limits.body = u64::MAX;
    limits
};

/// A head or a body: what comes first, what is repeated, and what comes last.
type Pattern = (&'static str, &'static str, &'static str, &'static str);

const HEADS: [Pattern; 14] = [
    ("reason", "HTTP/1.1 200 ", "O", "K\r\n\r\n"),
    ("name", "HTTP/1.1 200 OK\r\n", "n", ": v\r\n\r\n"),
    ("value", "HTTP/1.1 200 OK\r\nn: ", "v", "\r\n\r\n"),
    (
        "value of tabs",
        "HTTP/1.1 200 OK\r\nn: v",
        "\t",
        "v\r\n\r\n",
    ),
    (
        "blanks before a value",
        "HTTP/1.1 200 OK\r\nn:",
        " ",
        "v\r\n\r\n",
    ),
    ("fields", "HTTP/1.1 200 OK\r\n", "name: value\r\n", "\r\n"),
    ("small fields", "HTTP/1.1 200 OK\r\n", "a:\r\n", "\r\n"),
    ("fields that end in LF", "HTTP/1.1 200 OK\n", "a: b\n", "\n"),
    ("folds", "HTTP/1.1 200 OK\r\na: b\r\n", " c\r\n", "\r\n"),
    (
        "empty folds",
        "HTTP/1.1 200 OK\r\na: b\r\n",
        " \r\n",
        "\r\n",
    ),
    (
        "a folded list",
        "HTTP/1.1 200 OK\r\nConnection: a\r\n",
        " ,b\r\n",
        "\r\n",
    ),
    (
        "options",
        "HTTP/1.1 200 OK\r\nConnection: ",
        "a,",
        "b\r\n\r\n",
    ),
    (
        "lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 1",
        ",1",
        "\r\n\r\n",
    ),
    (
        "length fields",
        "HTTP/1.1 200 OK\r\n",
        "Content-Length: 1\r\n",
        "\r\n",
    ),
];

const BODIES: [Pattern; 9] = [
    ("chunks", "", "3\r\nabc\r\n", "0\r\n\r\n"),
    ("one-octet chunks", "", "1\r\na\r\n", "0\r\n\r\n"),
    ("zeros", "", "0", "1\r\na\r\n0\r\n\r\n"),
    ("padding", "1", " ", "\r\na\r\n0\r\n\r\n"),
    ("an extension", "1;", "e", "\r\na\r\n0\r\n\r\n"),
    ("extensions", "", "1;e=\"f\"\r\na\r\n", "0\r\n\r\n"),
    ("trailers", "0\r\n", "a: b\r\n", "\r\n"),
    ("a trailer", "0\r\na: ", "b", "\r\n\r\n"),
    ("folded trailers", "0\r\na: b\r\n", " c\r\n", "\r\n"),
];

fn repeated(pattern: &Pattern, times: usize) -> Vec<u8> {
    let (_, first, block, last) = pattern;
    [first, block.repeat(times).as_str(), last]
        .concat()
        .into_bytes()
}

/// The octets looked at while the work is done.
fn counted(work: impl FnOnce()) -> u64 {
    let before = steps().expect("only builds with debug assertions count steps");
    work();
    steps().unwrap() - before
}

fn parse_head(bytes: &[u8], piece: usize, tolerance: &Tolerance) {
    let mut head = ResponseHead::new();
    let cuts = (piece..bytes.len()).step_by(piece);
    for cut in cuts {
        let parsed = head.parse(&bytes[..cut], &ROOMY, tolerance);
        assert_eq!(parsed.unwrap(), None);
    }
    let parsed = head.parse(bytes, &ROOMY, tolerance);
    assert_eq!(parsed.unwrap(), Some(bytes.len()));
}

fn decode_body(bytes: &[u8], piece: usize, tolerance: &Tolerance) {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, ROOMY, *tolerance);
    for piece in bytes.chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() {
            let step = decoder.advance(rest).unwrap();
            decoder.take(step.data);
            rest = &rest[step.framing + step.data..];
        }
    }
    assert!(decoder.is_complete());
}

fn receive_all(bytes: &[u8], piece: usize, tolerance: &Tolerance) {
    let mut exchange = Exchange::new(ROOMY, *tolerance);
    exchange
        .putrequest("GET", "/", None, Skip::default())
        .unwrap();
    exchange.endheaders().unwrap();
    for cut in (piece..bytes.len()).step_by(piece) {
        assert_eq!(
            exchange.receive_head(&bytes[..cut]).unwrap(),
            Received::NeedMore
        );
    }
    exchange.receive_head(bytes).unwrap();
}

/// Receives a head in answer to a request with so many fields and offers of an upgrade.
fn switch(bytes: &[u8], offers: usize) {
    let mut exchange = Exchange::new(ROOMY, Tolerance::STANDARD);
    exchange
        .putrequest("GET", "/", None, Skip::default())
        .unwrap();
    for _ in 0..offers {
        exchange.putheader("A", "b").unwrap();
    }
    let all = "X,".repeat(offers);
    exchange.putheader("Upgrade", &*all).unwrap();
    exchange.endheaders().unwrap();
    let received = exchange.receive_head(bytes).unwrap();
    assert_eq!(received, Received::Final(bytes.len()));
}

/// Steps for twice the input are no more than 2.2 times as many, and not many an octet.
fn assert_linear(name: &str, pattern: &Pattern, work: impl Fn(&[u8])) {
    let once = repeated(pattern, 3_000);
    let twice = repeated(pattern, 6_000);
    let (small, large) = (counted(|| work(&once)), counted(|| work(&twice)));
    let what = format!("{name}, {}: {small} steps, then {large}", pattern.0);
    assert!(small as usize >= 3_000, "{what}");
    assert!(large as f64 <= 2.2 * small as f64, "{what}");
    assert!(
        large as usize <= 12 * twice.len(),
        "{what}, {} octets",
        twice.len()
    );
}

#[test]
fn parsing_is_linear_in_single_octets_and_whole() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        for piece in [1, 7, usize::MAX >> 1] {
            for pattern in &HEADS {
                assert_linear("head", pattern, |bytes| {
                    parse_head(bytes, piece, &tolerance);
                });
                assert_linear("exchange", pattern, |bytes| {
                    receive_all(bytes, piece, &tolerance);
                });
            }
            for pattern in &BODIES {
                assert_linear("body", pattern, |bytes| {
                    decode_body(bytes, piece, &tolerance);
                });
            }
        }
    }
}

/// Lists of a peer that are compared with something: of the request, with each other, or with a word.
#[test]
fn lists_are_matched_in_linear_work() {
    let switching = "HTTP/1.1 101 S\r\n";
    let lists: [Pattern; 5] = [
        (
            "protocols",
            "HTTP/1.1 101 S\r\nUpgrade: ",
            "x,",
            "x\r\n\r\n",
        ),
        ("lines of protocols", switching, "Upgrade: x\r\n", "\r\n"),
        (
            "no protocols",
            "HTTP/1.1 101 S\r\nUpgrade: ",
            ",",
            "x\r\n\r\n",
        ),
        (
            "options of a switch",
            "HTTP/1.1 101 S\r\nConnection: ",
            "upgrade,",
            "upgrade\r\n\r\n",
        ),
        (
            "lines of options",
            switching,
            "Connection: upgrade\r\n",
            "\r\n",
        ),
    ];
    for pattern in &lists {
        // A request that is as large as the answer is read once.
        assert_linear("switch", pattern, |bytes| switch(bytes, bytes.len() / 16));
        assert_linear("switch", pattern, |bytes| switch(bytes, 3_000));
    }
}

/// What nearly all peers send: the status line and each field line are looked at once, beside a
/// block of 32 octets for each name, of 16 where no more are left; of a chunk's head the digits.
#[test]
fn the_usual_form_takes_the_least_work() {
    let whole = usize::MAX >> 1;
    let fields = [
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: no-store, max-age=0",
        "X-Content-Type-Options: nosniff",
        "Content-Length: 4096",
        "Connection: keep-alive",
    ];
    let lines: usize = fields.iter().map(|field| field.len() + 1 + 32).sum();
    for version in ["1.1", "1.0"] {
        let status_line = format!("HTTP/{version} 200 OK\r\n");
        let head = format!("{status_line}{}\r\n\r\n", fields.join("\r\n"));
        let work = || parse_head(head.as_bytes(), whole, &Tolerance::STANDARD);
        assert_eq!(counted(work), (status_line.len() + lines - 16) as u64);
    }
    let chunk = [&b"40\r\n"[..], &[b'x'; 64], b"\r\n"].concat();
    let body = [chunk.repeat(100), b"0\r\n\r\n".to_vec()].concat();
    let work = || decode_body(&body, whole, &Tolerance::STANDARD);
    assert_eq!(counted(work), 2 * 100 + 1);
}

#[test]
fn the_face_is_linear_too() {
    for pattern in &BODIES {
        for piece in [1, 50] {
            assert_linear("response", pattern, |bytes| {
                let answer = [CHUNKED, bytes].concat();
                let script = Script::new().expect_head().send_pieces(answer, &[piece]);
                let peer = Peer::new([script]);
                let builder = HTTPConnection::builder("h").connector(peer.clone());
                let mut conn = builder.limits(ROOMY).build().unwrap();
                conn.request("GET", "/", (), &[]).unwrap();
                conn.getresponse().unwrap().read(None).unwrap();
                assert!(peer.calls().reads <= CHUNKED.len() + bytes.len() + 1);
            });
        }
    }
    for pattern in &HEADS {
        assert_linear("from_reader", pattern, |bytes| {
            let reader = std::io::BufReader::with_capacity(1, bytes);
            let tolerance = Tolerance::STANDARD;
            let response = HTTPResponse::from_reader_with(reader, "HEAD", ROOMY, tolerance);
            assert_eq!(response.unwrap().status(), 200);
        });
    }
}

/// A legal but odd event is answered in a fixed number of calls, not in a loop.
#[test]
fn no_call_spins() {
    let endings = [
        Ending::Close,
        Ending::Reset,
        Ending::Truncate,
        Ending::Silence,
    ];
    let answers: [&[u8]; 6] = [
        b"",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ];
    for ending in endings {
        for answer in answers {
            let script = Script::new().expect_head().send_pieces(answer, &[1]);
            let peer = Peer::new([script.end(ending)]);
            let builder = HTTPConnection::builder("h").connector(peer.clone());
            let builder = builder.read_timeout(Duration::from_secs(1));
            let mut conn = builder.clock(peer.clone()).build().unwrap();
            conn.request("GET", "/", (), &[]).unwrap();
            if let Ok(mut response) = conn.getresponse() {
                for _ in 0..5 {
                    let _ = response.read(None);
                }
            }
            let octets = answer.len();
            // Five reads, each of which may meet the end once more after a timeout.
            assert!(
                peer.calls().reads <= octets + 6,
                "{answer:?}: {:?}",
                peer.calls()
            );
        }
    }
}
