//! The promise: forms are written as browsers write them and read as other suites state, whole and
//! however they are cut; a form that is cut short is never a whole one; floods cost linear steps
//! and bounded memory.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/counting.rs"]
mod counting;
#[path = "support/json.rs"]
mod json;

use std::fs;
use std::io::{self, ErrorKind, Read};

use counting::{Counting, measure};
use json::Json;
use proptest::prelude::*;
use stdhttp::testing::{Peer, Script, steps};
use stdhttp::urllib::multipart::{FormLimits, FormPart, FormReader, MultipartForm};
use stdhttp::urllib::parse::unquote_to_bytes;
use stdhttp::urllib::{Fault, ParseError, Part};
use stdhttp::{Body, HTTPConnection};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A part that was read: name, name of the file, content with its transfer encoding taken off.
type Received = (String, Option<String>, Vec<u8>);

/// Gives its bytes in pieces of one size; each second call fails for the moment.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
    fails: bool,
    calls: usize,
}

impl<'a> Pieces<'a> {
    fn new(bytes: &'a [u8], size: usize, fails: bool) -> Self {
        Self {
            bytes,
            size,
            fails,
            calls: 0,
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.fails && self.calls % 2 == 1 {
            let kinds = [ErrorKind::WouldBlock, ErrorKind::Interrupted];
            return Err(kinds[self.calls / 2 % 2].into());
        }
        let size = self.size.min(buf.len());
        self.bytes.read(&mut buf[..size])
    }
}

fn is_passing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// Reads all parts, in pieces of `size`; calls that fail for the moment are made again.
fn received(source: impl Read, boundary: &str, size: usize) -> io::Result<Vec<Received>> {
    let mut reader = FormReader::new(source, boundary).unwrap();
    let mut parts = Vec::new();
    loop {
        match reader.next_part() {
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
            Ok(None) => return Ok(parts),
            Ok(Some(mut part)) => {
                let content = content(&mut part, size)?;
                let encoding = part.headers().get("Content-Transfer-Encoding");
                let content = decoded(content, encoding.as_deref().unwrap_or_default());
                let filename = part.filename().map(str::to_owned);
                parts.push((part.name().to_owned(), filename, content));
            }
        }
    }
}

/// Takes off a transfer encoding, which is the caller's to do.
fn decoded(content: Vec<u8>, encoding: &str) -> Vec<u8> {
    match encoding {
        "base64" => base64::decode(std::str::from_utf8(&content).unwrap()),
        // RFC 2045 section 6.7: `=` and two digits, and soft line breaks.
        "quoted-printable" => {
            let text = String::from_utf8(content).unwrap().replace("=\r\n", "");
            unquote_to_bytes(text.replace('%', "=25").replace('=', "%"))
        }
        _ => content,
    }
}

#[test]
fn a_transfer_encoding_can_be_taken_off() {
    let head = "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding:";
    for (encoding, content) in [
        ("base64", "MT0l"),
        ("quoted-printable", "1=3D=\r\n%"),
        ("8bit", "1=%"),
    ] {
        let form = format!("{head} {encoding}\r\n\r\n{content}\r\n--B--");
        let parts = received(form.as_bytes(), "B", 9).unwrap();
        assert_eq!(
            parts,
            [("a".to_owned(), None, b"1=%".to_vec())],
            "{encoding}"
        );
    }
}

fn content(part: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut piece = vec![0; size];
    loop {
        match part.read(&mut piece) {
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
            Ok(0) => return Ok(content),
            Ok(count) => content.extend_from_slice(&piece[..count]),
        }
    }
}

/// The cases of the collection; nothing where there is none, which fails in CI.
fn cases(kind: &str) -> Vec<Json> {
    let path = format!(
        "{}/../shared/vectors/multipart.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "multipart.jsonl is missing"
        );
        println!("left out: the collected vectors are not beside the project");
        return Vec::new();
    };
    let cases = text.lines().map(Json::parse);
    cases
        .filter(|case| case.get("kind").and_then(Json::text) == Some(kind))
        .collect()
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::text).unwrap_or_default()
}

#[test]
fn collected_forms_are_read_as_their_suite_states() {
    let cases = cases("parse");
    let mut others = 0;
    for case in &cases {
        let (id, boundary) = (text(case, "id"), text(case, "boundary"));
        let input = base64::decode(text(case, "input_b64"));
        let whole = received(&input[..], boundary, 4_096);
        let expect = case.get("expect").unwrap();
        match text(expect, "verdict") {
            "ok" if is_of_another_boundary(&input, boundary) => {
                assert!(whole.is_err(), "{id}");
                others += 1;
            }
            "ok" => assert_eq!(whole.as_ref().unwrap(), &expected_parts(expect), "{id}"),
            "reject" => assert!(whole.is_err(), "{id}"),
            verdict => panic!("{id}: {verdict}"),
        }
        for (size, out) in [(1, 1), (1, 4_096), (2, 7), (3, 4_096), (4_096, 1)] {
            let cut = received(Pieces::new(&input, size, true), boundary, out);
            assert_eq!(cut.is_ok(), whole.is_ok(), "{id}");
            assert!(
                whole.as_ref().is_err() || cut.ok() == whole.as_ref().ok().cloned(),
                "{id}"
            );
        }
    }
    println!(
        "{} collected forms read, {others} refused by a rule",
        cases.len()
    );
    assert!(cases.is_empty() || others > 0, "a rule that is not needed");
}

/// F-4.1-1: a form begins with two hyphens and its boundary. A case of the suite that is read in
/// blocks there names a boundary with the hyphens in it.
fn is_of_another_boundary(input: &[u8], boundary: &str) -> bool {
    !input.starts_with(format!("--{boundary}").as_bytes())
}

fn expected_parts(expect: &Json) -> Vec<Received> {
    let parts = expect
        .get("parts")
        .map(Json::list)
        .unwrap_or_default()
        .iter();
    let part = |part: &Json| {
        let filename = part.get("filename").and_then(Json::text).map(str::to_owned);
        (
            text(part, "name").to_owned(),
            filename,
            base64::decode(text(part, "data_b64")),
        )
    };
    parts.map(part).collect()
}

/// Why we write something else, by what the caller gave.
type Rule = (&'static str, fn(&Json) -> bool);

const RULES: [Rule; 2] = [
    ("F-4.2-4: NUL in a name is refused", |field| {
        ["name", "filename"]
            .iter()
            .any(|name| text(field, name).contains('\0'))
    }),
    (
        "F-4.2-4: line ends are the caller's: each CR and LF is encoded, or sent, as it is",
        |field| {
            ["name", "value"]
                .iter()
                .any(|name| text(field, name).contains(['\r', '\n']))
        },
    ),
];

#[test]
fn collected_forms_are_written_as_browsers_write_them_or_differ_by_a_rule() {
    let cases = cases("serialize");
    let mut uses = [0; RULES.len()];
    for case in &cases {
        let id = text(case, "id");
        let fields = case.get("fields").map(Json::list).unwrap();
        let expected = base64::decode(text(case.get("expect").unwrap(), "body_b64"));
        let came = written(text(case, "boundary"), fields);
        if came.as_ref().is_ok_and(|octets| *octets == expected) {
            continue;
        }
        let rule = RULES.iter().position(|(_, holds)| fields.iter().any(holds));
        uses[rule.unwrap_or_else(|| panic!("{id}: {came:?}"))] += 1;
        // But for line ends the bytes are the same.
        let plain = |octets: &[u8]| {
            let text = String::from_utf8_lossy(octets)
                .replace("%0D", "")
                .replace("%0A", "");
            text.replace(['\r', '\n'], "")
        };
        assert!(
            came.is_err() || plain(&came.unwrap()) == plain(&expected),
            "{id}"
        );
    }
    println!(
        "{} collected forms written, {} otherwise by a rule",
        cases.len(),
        uses.iter().sum::<usize>()
    );
    assert!(
        cases.is_empty() || uses.iter().all(|uses| *uses > 0),
        "{uses:?}"
    );
}

fn written(boundary: &str, fields: &[Json]) -> Result<Vec<u8>, ParseError> {
    let mut form = MultipartForm::with_boundary(boundary)?;
    for field in fields {
        let mut part = FormPart::new(text(field, "name"), text(field, "value"))?;
        if let Some(filename) = field.get("filename").and_then(Json::text) {
            part = part.filename(filename)?;
        }
        if let Some(content_type) = field.get("content_type").and_then(Json::text) {
            part = part.content_type(content_type)?;
        }
        form.push(part)?;
    }
    let mut octets = Vec::new();
    form.into_body().read_to_end(&mut octets).unwrap();
    Ok(octets)
}

const FORM: &str = "\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B \t\r\n\
                    Content-Disposition: form-data; name=b; filename=\"c\"\r\nX: y\r\n\r\n\r\n--Bx\r\n--B--\r\nmore";

#[test]
fn a_form_that_is_cut_short_is_no_form() {
    let whole = received(FORM.as_bytes(), "B", 100).unwrap();
    assert_eq!(
        whole,
        [
            ("a".to_owned(), None, b"1".to_vec()),
            ("b".to_owned(), Some("c".to_owned()), b"\r\n--Bx".to_vec())
        ]
    );
    let end = FORM.len() - "\r\nmore".len();
    for length in 0..end {
        let error = received(&FORM.as_bytes()[..length], "B", 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
    }
    assert_eq!(received(&FORM.as_bytes()[..end], "B", 100).unwrap(), whole);
    // And it stays one.
    let mut reader = FormReader::new(&FORM.as_bytes()[..30], "B").unwrap();
    for _ in 0..3 {
        assert_eq!(
            reader.next_part().unwrap_err().kind(),
            ErrorKind::UnexpectedEof
        );
    }
}

#[test]
fn content_that_is_cut_short_is_so_whenever_it_is_read() {
    let head = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    let mut reader = FormReader::new(head.as_bytes(), "B").unwrap();
    let mut part = reader.next_part().unwrap().unwrap();
    // Where there is no room nothing is looked for.
    assert_eq!(part.read(&mut []).unwrap(), 0);
    for _ in 0..2 {
        let error = part.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn parts_that_are_not_read_are_skipped() {
    let mut reader = FormReader::new(FORM.as_bytes(), "B").unwrap();
    assert_eq!(reader.next_part().unwrap().unwrap().name(), "a");
    let mut part = reader.next_part().unwrap().unwrap();
    assert_eq!(part.read(&mut []).unwrap(), 0);
    assert_eq!(part.read(&mut [0]).unwrap(), 1);
    assert_eq!(part.headers().get("x").unwrap(), "y");
    assert!(reader.next_part().unwrap().is_none());
    assert!(reader.next_part().unwrap().is_none());
    assert!(format!("{reader:?}").contains("parts: 2"));
}

/// A form goes out over a connection with the length that it stated, or chunked.
#[test]
fn a_connection_sends_a_form() {
    for sized in [true, false] {
        let mut form = MultipartForm::new();
        form.push(FormPart::new("a", "1").unwrap()).unwrap();
        let content = &b"\r\n--"[..];
        let part = match sized {
            true => FormPart::sized("b", content, 4),
            false => FormPart::reader("b", content),
        };
        form.push(part.unwrap()).unwrap();
        let body = form.into_body();
        let (content_type, length) = (body.content_type(), body.content_length());
        let body = match length {
            Some(length) => Body::sized(body, length),
            None => Body::reader(body),
        };
        assert_eq!(length.is_some(), sized);
        let answer = "HTTP/1.1 204 No Content\r\n\r\n";
        let peer = Peer::new([Script::new().expect_head().send(answer)]);
        let mut conn = HTTPConnection::builder("h")
            .connector(peer.clone())
            .build()
            .unwrap();
        let fields = [("Content-Type", content_type.as_str())];
        conn.request("POST", "/", body, &fields).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 204);
        let sent = peer.received(0);
        let head = sent.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        if let Some(length) = length {
            assert_eq!((sent.len() - head) as u64, length);
            let boundary = content_type.rsplit('=').next().unwrap();
            let read = received(&sent[head..], boundary, 9).unwrap();
            let expected = [("a", &b"1"[..]), ("b", content)];
            let expected = expected.map(|(name, value)| (name.to_owned(), None, value.to_vec()));
            assert_eq!(read, expected);
        }
    }
}

/// Behind its end in the middle of a content there is no end of the content either.
#[test]
fn a_content_that_is_cut_short_has_no_end() {
    let mut reader = FormReader::new(&FORM.as_bytes()[..FORM.len() - 12], "B").unwrap();
    reader.next_part().unwrap().unwrap();
    let mut part = reader.next_part().unwrap().unwrap();
    let mut content = Vec::new();
    for _ in 0..3 {
        let error = part.read_to_end(&mut content).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
    assert_eq!(
        part.read(&mut []).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
}

/// A source that fails, for good or because of a signal.
struct Failing(ErrorKind, usize);

impl Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.1.checked_sub(1) {
            Some(left) => {
                self.1 = left;
                Err(self.0.into())
            }
            None => FORM.as_bytes().read(buf),
        }
    }
}

#[test]
fn a_source_that_fails_is_no_end_and_an_interruption_is_no_failure() {
    for kind in [ErrorKind::ConnectionReset, ErrorKind::PermissionDenied] {
        let mut reader = FormReader::new(Failing(kind, 100), "B").unwrap();
        assert_eq!(reader.next_part().unwrap_err().kind(), kind);
    }
    let mut reader = FormReader::new(Failing(ErrorKind::Interrupted, 3), "B").unwrap();
    assert_eq!(reader.next_part().unwrap().unwrap().name(), "a");
}

#[test]
fn what_looks_like_an_end_is_content() {
    for line in ["--B --", "--B\t--", "--B -", "--B-\r\n"] {
        let form = format!("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n{line}\r\n--B--");
        let form = form.replacen("\r\n\r\n--", "\r\n\r\nx\r\n--", 1);
        let parts = received(form.as_bytes(), "B", 100).unwrap();
        assert_eq!(parts[0].2, format!("x\r\n{line}").as_bytes(), "{line:?}");
    }
}

/// Of the parameters of a part only two are known.
#[test]
fn other_parameters_name_no_file() {
    let form = "--B\r\nContent-Disposition: form-data; name=a; size=3; filename*=UTF-8''x\r\n\r\n1\r\n--B--";
    let parts = received(form.as_bytes(), "B", 100).unwrap();
    assert_eq!(parts, [("a".to_owned(), None, b"1".to_vec())]);
}

#[test]
fn a_form_says_its_boundary() {
    let form = MultipartForm::with_boundary("B").unwrap();
    assert_eq!(form.boundary(), "B");
}

#[test]
fn debug_shows_no_content() {
    let part = FormPart::new("a", "secret").unwrap().filename("f").unwrap();
    assert_eq!(
        format!("{part:?}"),
        "FormPart { name: \"a\", filename: Some(\"f\"), content_type: None, length: Some(6) }"
    );
    let mut form = MultipartForm::with_boundary("B").unwrap();
    form.push(part).unwrap();
    assert_eq!(form.boundary(), "B");
    assert!(format!("{form:?}").starts_with("MultipartForm { boundary: \"B\", parts: [FormPart {"));
    let body = form.into_body();
    let expected =
        "MultipartBody { content_type: \"multipart/form-data; boundary=B\", length: Some(";
    assert!(format!("{body:?}").starts_with(expected) && !format!("{body:?}").contains("secret"));
    let mut reader = FormReader::new(body, "B").unwrap();
    let part = reader.next_part().unwrap().unwrap();
    assert_eq!(
        format!("{part:?}"),
        "ReceivedPart { name: \"a\", filename: Some(\"f\"), .. }"
    );
    // A form that is made by default has a boundary of its own.
    let [one, other] = [0; 2].map(|_| MultipartForm::default().into_body().content_type());
    assert_ne!(one, other);
}

fn fault(text: &str, limits: FormLimits) -> ParseError {
    let mut reader = FormReader::new(text.as_bytes(), "B")
        .unwrap()
        .limits(limits);
    loop {
        match reader.next_part() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error: {text}"),
            Err(error) => {
                let second = reader.next_part().unwrap_err();
                assert_eq!(
                    (error.kind(), second.kind()),
                    (ErrorKind::InvalidData, ErrorKind::InvalidData)
                );
                let fault = error
                    .get_ref()
                    .unwrap()
                    .downcast_ref::<ParseError>()
                    .unwrap();
                assert_eq!(Some(fault), second.get_ref().unwrap().downcast_ref());
                return *fault;
            }
        }
    }
}

#[test]
fn an_error_says_what_and_where() {
    let head = "--B\r\nContent-Disposition: form-data; name=a\r\n";
    for (text, part, kind, offset) in [
        ("--C\r\n".to_owned(), Part::Boundary, Fault::Malformed, 0),
        (
            "x\r\n--B\r\n".to_owned(),
            Part::Boundary,
            Fault::Malformed,
            0,
        ),
        (
            "\r\n\r\n--B\r\n".to_owned(),
            Part::Boundary,
            Fault::Malformed,
            0,
        ),
        ("--Bx\r\n".to_owned(), Part::Boundary, Fault::Malformed, 3),
        ("--B-x\r\n".to_owned(), Part::Boundary, Fault::Malformed, 3),
        ("--B --\r\n".to_owned(), Part::Boundary, Fault::Malformed, 3),
        ("--B -".to_owned(), Part::Boundary, Fault::Malformed, 3),
        ("xxxxx".to_owned(), Part::Boundary, Fault::Malformed, 0),
        (
            "\r\n--B\rx\n".to_owned(),
            Part::Boundary,
            Fault::Malformed,
            5,
        ),
        (
            format!("--B{}\r\n", " ".repeat(64)),
            Part::Boundary,
            Fault::TooMuch(64),
            3,
        ),
        (
            "--B\r\n\r\nx\r\n--B--".to_owned(),
            Part::Disposition,
            Fault::Missing,
            5,
        ),
        (
            format!("{head}: y\r\n\r\n"),
            Part::Header,
            Fault::Missing,
            45,
        ),
        (
            format!("{head}X y: z\r\n\r\n"),
            Part::Header,
            Fault::Octet(b' '),
            46,
        ),
        (
            format!("{head} X: y\r\n\r\n"),
            Part::Header,
            Fault::Octet(b' '),
            45,
        ),
        (
            format!("{head}X\r\n\r\n"),
            Part::Header,
            Fault::Malformed,
            46,
        ),
        (
            format!("{head}X: \0\r\n\r\n"),
            Part::Header,
            Fault::Octet(0),
            48,
        ),
        (
            format!("{head}X: y\rz\r\n\r\n"),
            Part::Header,
            Fault::Octet(b'\r'),
            49,
        ),
    ] {
        let error = fault(&text, FormLimits::default());
        assert_eq!(
            (error.part, error.fault, error.offset),
            (part, kind, offset),
            "{text:?}"
        );
    }
    let invalid = b"--B\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n";
    let error = received(&invalid[..], "B", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(
        received(
            format!("--B{}\r\n{}", " ".repeat(63), &FORM[7..]).as_bytes(),
            "B",
            9
        )
        .is_ok()
    );
    for (content_type, part, fault) in [
        (
            "text/plain; boundary=B",
            Part::ContentType,
            Fault::Unsupported,
        ),
        ("multipart/form-data", Part::Boundary, Fault::Missing),
        (
            "multipart/form-data; boundary=\"a;b\"",
            Part::Boundary,
            Fault::Octet(b';'),
        ),
    ] {
        let error = FormReader::from_content_type(io::empty(), content_type).unwrap_err();
        assert_eq!((error.part, error.fault), (part, fault), "{content_type}");
    }
}

#[test]
fn parts_and_heads_have_limits() {
    let limits = |parts, head| FormLimits { parts, head };
    let one = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    let two = format!("{one}{one}--B--");
    let error = fault(&two, limits(1, 100));
    assert_eq!(
        (error.part, error.fault, error.offset),
        (Part::Whole, Fault::TooMuch(1), 54)
    );
    assert!(received(two.as_bytes(), "B", 9).is_ok());
    let head = one.len() - "--B\r\n\r\n".len();
    let mut reader = FormReader::new(two.as_bytes(), "B")
        .unwrap()
        .limits(limits(2, head));
    while reader.next_part().unwrap().is_some() {}
    let error = fault(&two, limits(2, head - 1));
    assert_eq!(
        (error.part, error.fault),
        (Part::Header, Fault::TooMuch(head - 1))
    );
    let error = fault(
        &format!("{}X: {}\r\n\r\n", &one[..head + 3], "x".repeat(20_000)),
        limits(1, usize::MAX),
    );
    assert_eq!(
        (error.part, error.fault),
        (Part::Header, Fault::TooMuch(usize::MAX))
    );
    let lines = "X: y\r\n".repeat(2_000);
    assert_eq!(
        fault(&format!("--B\r\n{lines}\r\n"), FormLimits::default()).fault,
        Fault::TooMuch(8_192)
    );
}

#[test]
fn floods_take_linear_steps_and_the_memory_of_one_buffer() {
    let head = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    let boundary = "B".repeat(70);
    let near = format!("\r\n--{}", &boundary[1..]);
    for pattern in [
        "\r",
        "\n",
        "\r\n",
        "\r\n--",
        "-",
        "\r\n--B",
        ";",
        "=",
        "\"",
        "%",
        &near,
        "\r\n--B \t",
    ] {
        for size in [1, 4_096] {
            let cost = |times: usize| {
                let flood = format!("{head}{}", pattern.repeat(times));
                let flood = flood.replacen("--B\r", &format!("--{boundary}\r"), 1);
                let before = steps().unwrap();
                let (result, taken) = measure(|| {
                    let source = Pieces::new(flood.as_bytes(), size, false);
                    let mut reader = FormReader::new(source, &boundary).unwrap();
                    let mut part = reader.next_part().unwrap().unwrap();
                    io::copy(&mut part, &mut io::sink()).map_err(|error| error.kind())
                });
                assert_eq!(result, Err(ErrorKind::UnexpectedEof));
                assert!(taken.peak < 40_000, "{pattern:?}: {}", taken.peak);
                steps().unwrap() - before
            };
            let times = (16 << 10) / pattern.len();
            let (few, many) = (cost(times), cost(4 * times));
            assert!(many <= 4 * few + 64, "{pattern:?} {size}: {few}, {many}");
            let most = if size == 1 { 40 } else { 4 };
            assert!(many <= most * (64 << 10), "{pattern:?} {size}: {many}");
        }
    }
    for pattern in [";", "=", "\"", "%", "%0D", ",", "name=a;", " ", ":"] {
        let flood = pattern.repeat(7_000 / pattern.len());
        let text =
            format!("--B\r\nContent-Disposition: form-data; name=b;{flood}\r\n\r\n\r\n--B--");
        let before = steps().unwrap();
        let _ = received(text.as_bytes(), "B", 9);
        assert!(steps().unwrap() - before < 8 * 7_000, "{pattern}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_back(
        fields in prop::collection::vec(("[^%\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]{0,8}", "[\r\n-B]{0,12}"), 0..5),
        size in 1..9_usize,
    ) {
        let mut form = MultipartForm::with_boundary("B").unwrap();
        let mut expected = Vec::new();
        for (name, value) in &fields {
            let part = FormPart::new(name, value).unwrap();
            if form.push(part).is_ok() {
                expected.push((name.clone(), None, value.clone().into_bytes()));
            }
        }
        let body = form.into_body();
        let length = body.content_length().unwrap();
        let mut octets = Vec::new();
        { body }.read_to_end(&mut octets).unwrap();
        prop_assert_eq!(octets.len() as u64, length);
        let read = received(Pieces::new(&octets, size, true), "B", 10 - size).unwrap();
        prop_assert_eq!(read, expected);
    }
}

/// Some files of the kernel have another size than they say.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_it_is_empty_is_sent_whole() {
    let version = fs::read("/proc/version").unwrap();
    let mut form = MultipartForm::new();
    form.push(FormPart::file("a", "/proc/version").unwrap())
        .unwrap();
    let mut body = form.into_body();
    let length = body.content_length().unwrap();
    let mut sent = Vec::new();
    body.read_to_end(&mut sent).unwrap();
    assert_eq!(u64::try_from(sent.len()).unwrap(), length);
    assert!(sent.windows(version.len()).any(|found| found == version));
}
