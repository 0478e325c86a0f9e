//! Writes the seeds of all targets from the case tables of the tests:
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.
//!
//! A case becomes a seed if it is short and nothing before it had the same requirements and the
//! same expectation.

#[path = "../../tests/support/own_requests.rs"]
mod own_requests;
#[path = "../../tests/support/table.rs"]
mod table;

use std::collections::HashSet;
use std::path::Path;
use std::{fs, io};

use own_requests::OWN;
use stdhttp_fuzz::SEPARATOR;
use stdhttp_fuzz::request::seed;
use table::{Expected, Row, rows};

const RESPONSES: &str = include_str!("../../tests/vectors/responses.txt");
const REQUESTS: &str = include_str!("../../tests/vectors/requests.txt");
const FIELDS: &str = include_str!("../../tests/vectors/fields.txt");

/// The longest seed in bytes, and the most seeds of a target.
const LENGTH: usize = 2_048;
const COUNT: usize = 150;

/// The seeds of one target.
struct Seeds {
    target: &'static str,
    seen: HashSet<String>,
    taken: Vec<(String, Vec<u8>)>,
}

impl Seeds {
    fn new(target: &'static str) -> Self {
        let (seen, taken) = (HashSet::new(), Vec::new());
        Self {
            target,
            seen,
            taken,
        }
    }

    /// Takes a case unless it is long or like one before it.
    fn offer(&mut self, row: &Row, kind: &str, bytes: Vec<u8>) {
        if bytes.len() <= LENGTH && self.seen.insert(kind.to_owned()) {
            self.taken.push((row.id().to_owned(), bytes));
        }
    }

    fn write(self) -> io::Result<()> {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        let folder = seeds.join(self.target);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // Of too many, some from everywhere.
        let step = self.taken.len().div_ceil(COUNT).max(1);
        for (name, bytes) in self.taken.iter().step_by(step) {
            fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

/// What an expectation says in general: its words, and the names of its facts.
fn gist(expected: &str) -> String {
    let expected = Expected::new(expected);
    let mut facts: Vec<&str> = expected.facts.keys().map(String::as_str).collect();
    facts.sort_unstable();
    format!("{:?} {facts:?}", expected.words)
}

fn from_responses() -> [Seeds; 3] {
    let [mut heads, mut chunked, mut exchange] =
        ["response_head", "chunked", "exchange"].map(Seeds::new);
    for row in rows(RESPONSES, 6) {
        let input = row.bytes(3);
        let gist = gist(row.text(5));
        let clause = row.requirements().next().unwrap_or_default().to_owned();
        let kind = format!("{clause} {gist}");
        let methods = ["GET", "HEAD", "CONNECT", "POST"];
        let method = methods.iter().position(|known| *known == row.text(2));
        let method = method.unwrap_or_default() as u8;
        heads.offer(&row, &kind, [&[method, 128], &input[..]].concat());
        let methods = ["GET", "HEAD", "POST", "CONNECT"];
        let method = methods.iter().position(|known| *known == row.text(2));
        let ending = u8::from(row.text(4) == "eof");
        let choices = [
            method.unwrap_or_default() as u8,
            0,
            0,
            ending,
            40,
            3,
            3,
            8,
            0,
        ];
        exchange.offer(&row, &kind, [&choices, &input[..]].concat());
        let text = String::from_utf8_lossy(&input).to_lowercase();
        let body = input.windows(4).position(|end| end == b"\r\n\r\n");
        if let (true, Some(end)) = (text.contains("chunked"), body) {
            let kind = format!("{gist} {}", row.text(3).len() % 7);
            chunked.offer(&row, &kind, [&[0, 90, 180, 2], &input[end + 4..]].concat());
        }
    }
    [heads, chunked, exchange]
}

/// The parts of a request as the target takes them apart.
fn request_seed(row: &Row) -> Vec<u8> {
    let (kind, body) = row.text(6).split_once(':').unwrap_or_default();
    let flags = 2 * u8::from(kind.ends_with("+chunked"));
    let kind = match kind.split('+').next() {
        Some("bytes" | "text") => 1,
        Some("pieces") => 2,
        Some("reader") => 3,
        _ => 0,
    };
    let (body, fields) = (table::unescape(body), row.text(5));
    let pairs = fields
        .split("; ")
        .filter_map(|field| field.split_once(": "));
    let fields: Vec<Vec<u8>> = pairs
        .flat_map(|(name, value)| [table::unescape(name), table::unescape(value)])
        .collect();
    let (method, target) = (row.bytes(2), row.bytes(3));
    let mut parts = vec![&method[..], &target, &body];
    parts.extend(fields.iter().map(Vec::as_slice));
    seed(flags, kind, &parts)
}

fn from_requests() -> Seeds {
    let mut seeds = Seeds::new("request_out");
    for row in rows(REQUESTS, 8) {
        let verdict = row.text(7).split(' ').take(2).collect::<String>();
        let kind = format!("{} {} {verdict}", row.text(1), row.text(6).len() % 3);
        seeds.offer(&row, &kind, request_seed(&row));
    }
    seeds
}

fn from_fields() -> [Seeds; 2] {
    let [mut parameters, mut host] = ["parameters", "host"].map(Seeds::new);
    for row in rows(FIELDS, 5) {
        let input = row.bytes(3);
        match row.text(2) {
            "content-type" | "content-disposition" => parameters.offer(&row, row.id(), input),
            "host" => host.offer(&row, row.id(), [&[0], &input[..]].concat()),
            _ => {}
        }
    }
    [parameters, host]
}

/// Usual calls in their order, with every shape of answer and every way to read it.
fn calls() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/calls");
    fs::create_dir_all(&folder)?;
    let sequences: [&[u8]; 8] = [
        &[0, 5, 14, 0, 5, 14],
        &[16, 50, 5, 55, 14, 0, 5, 30, 0, 5, 46, 13, 14],
        &[16, 3, 5, 56, 24, 9, 14, 0, 5, 14],
        &[16, 3, 22, 14, 13, 14],
        &[29, 14, 45, 30, 61, 46, 13, 62],
        &[16, 50, 36, 5, 10, 55, 14],
        &[11, 0, 12, 0, 5, 12, 14, 13, 94],
        &[14, 2, 5, 7, 8, 9, 10, 48, 4, 20, 0, 0, 5, 5, 14, 14],
    ];
    for shape in 0..7u8 {
        for (number, sequence) in sequences.iter().enumerate() {
            let input = [&[shape, shape / 2, shape % 4], *sequence].concat();
            fs::write(folder.join(format!("{shape}-{number}")), input)?;
        }
    }
    Ok(())
}

/// Bases with references, of RFC 3986 section 5.4 and of what readers understand differently.
fn urls() -> io::Result<()> {
    let pairs = [
        ("http://a/b/c/d;p?q", "../g;x=1/./y?z#s"),
        ("http://u:p@[::1]:8080/a//b/%2f", "?y"),
        ("https://EXAMPLE.org.:443", "//h/../.."),
        ("http://[fe80::1%25eth0]/", "#"),
        ("http://h/\u{fc}ber uns?[x]", "/\\evil"),
        ("http://a@b@c/", ""),
        ("http://h\\@evil/", ""),
        ("http://127.1/", ""),
        ("http://h:0/", ""),
        ("http://h/%", ""),
        ("ftp://h/", ""),
    ];
    write_texts("url", pairs.map(|(base, reference)| vec![base, reference]))
}

/// Forms to be written, names and contents in turn, and forms to be read.
fn forms() -> io::Result<()> {
    let head = "--B\r\nContent-Disposition: form-data; name=";
    let two = format!("{head}a\r\n\r\n1\r\n{head}\"b\"; filename=\"c\"\r\n\r\n\r\n--Bx\r\n--B--");
    let padded = format!("\r\n{head}a\r\nContent-Type: x/y\r\n\r\n\r\n--B \t\r\n");
    write_texts(
        "multipart",
        [
            vec!["\u{1}\u{3}\0a", "dir/b.txt", "1"],
            vec!["\u{1}\u{1}\0a\"\r\n", "", "\r\n--", "%22", "\\", ""],
            vec!["\0\u{7}\u{60}--B--\r\nmore"],
            vec![&format!("\0\u{1}\u{70}{two}")],
            vec![&format!("\0\u{9}\u{40}{padded}")],
        ],
    )
}

/// A seed of each list of parts.
fn write_texts<const N: usize>(target: &str, texts: [Vec<&str>; N]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder)?;
    for (number, parts) in texts.iter().enumerate() {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        fs::write(
            folder.join(number.to_string()),
            parts.join(&[SEPARATOR][..]),
        )?;
    }
    Ok(())
}

/// Lines, files and fields of cookies, with the choice that each is for.
const COOKIES: [(&str, u8, &str); 14] = [
    ("plain", 10, "a=1"),
    (
        "attributes",
        4,
        "a=\"b c\"; Path=/; Domain=.example.org; Secure; HttpOnly; SameSite=None",
    ),
    (
        "ages",
        4,
        "a=1; Max-Age=-5; Expires=Sun, 06 Nov 1994 08:49:37 GMT; max-age=3600",
    ),
    ("nameless", 10, "foo; path=/d; =x"),
    ("host-prefix", 10, "__Host-a=1; Secure; Path=/"),
    ("secure-prefix", 10, "=__Secure-a"),
    ("suffix", 10, "a=1; Domain=org; Domain=www.example.org"),
    (
        "kept",
        0,
        "a=1; Max-Age=9\u{ff}b=2; Path=/x; Domain=example.org\u{ff}c\td=3",
    ),
    (
        "curl",
        1,
        "# Netscape HTTP Cookie File\n#HttpOnly_.h.org\tTRUE\t/\tTRUE\t1799999999\ta\t1\n",
    ),
    (
        "browser",
        1,
        "h.org\tFALSE\t/x\tFALSE\t0\t\tvalue\r\n.h.org\tTRUE\t/\tfalse\t1799999999.5\tb\t\n",
    ),
    ("html", 1, "<html>\n"),
    (
        "pairs",
        2,
        "a=1; b=\"x\\054y\\\"\"; $Version=1; bad; =x; path=/",
    ),
    ("octal", 2, "k=\"\\303\\244\\377\\400\""),
    ("text", 2, "a\u{e4},;\"\\\u{1}"),
];

/// Challenges, the last with a name and a password behind.
const CHALLENGES: [(&str, &str); 10] = [
    ("basic", "Basic realm=\"a\", charset=UTF-8"),
    (
        "two",
        "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
    ),
    ("token68", "NTLM TlRMTVNTUAAC==, Negotiate, Basic realm=a"),
    ("empty", ",, \t Basic realm=a , ,"),
    ("twice", "Basic realm=\"a\", realm=\"b\", Digest nonce=n"),
    ("open", "Basic realm=\"a, Digest nonce=n"),
    (
        "digest",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth, auth-int\", algorithm=SHA-256, opaque=\"o\"",
    ),
    (
        "session",
        "Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess, userhash=true, stale=TRUE",
    ),
    (
        "info",
        "Digest realm=\"r\", nonce=\"n\", rspauth=\"0\", nextnonce=\"m\"",
    ),
    (
        "user",
        "Digest realm=\"\\\"\", nonce=\"\"\u{ff}J\u{e4}s\u{f8}n\u{ff}secret",
    ),
];

/// Octets of a text in which FF stands for the separator.
fn octets(text: &str) -> Vec<u8> {
    let parts = text.split('\u{ff}').map(|part| part.as_bytes().to_vec());
    parts.collect::<Vec<_>>().join(&SEPARATOR)
}

fn from_texts() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in ["cookies", "challenges"] {
        fs::create_dir_all(seeds.join(target))?;
    }
    for (name, choice, text) in COOKIES {
        let input = [&[choice][..], &octets(text)].concat();
        fs::write(seeds.join("cookies").join(name), input)?;
    }
    for (name, text) in CHALLENGES {
        fs::write(seeds.join("challenges").join(name), octets(text))?;
    }
    Ok(())
}

/// Paths that lead out on some system, or look as if they did.
const PATHS: [&str; 12] = [
    "/d/a%20b",
    "/d/e",
    "/d",
    "/../secret",
    "/%2e%2e/secret",
    "/..%2fsecret",
    "/d/..%5c..\\secret",
    "/d/out",
    "/.hidden",
    "/c:/x%00",
    "//h/NUL.txt/com\u{b9}/a.",
    "/%c3%a4?C=M;O=D#x",
];

/// Requests, cut in the middle, before handlers that take each way in turn; and paths.
fn from_own_requests() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in ["request_head", "server", "paths"] {
        fs::create_dir_all(seeds.join(target))?;
    }
    for (number, text) in OWN.iter().enumerate() {
        let name = number.to_string();
        let way = number as u8;
        let head = [&[128], text.as_bytes()].concat();
        let server = [&[way, way + 1, way + 2, way + 3, 128], text.as_bytes()].concat();
        fs::write(seeds.join("request_head").join(&name), head)?;
        fs::write(seeds.join("server").join(&name), server)?;
    }
    for (number, path) in PATHS.iter().enumerate() {
        fs::write(seeds.join("paths").join(number.to_string()), path)?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    from_own_requests()?;
    urls()?;
    forms()?;
    for seeds in from_responses() {
        seeds.write()?;
    }
    for seeds in from_fields() {
        seeds.write()?;
    }
    from_requests().write()?;
    from_texts()?;
    calls()
}
