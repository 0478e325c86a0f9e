//! The case tables judged by the reference parser and the grammar, without the crate: the three
//! agree, so that each may judge the crate elsewhere. RFC 9112, RFC 9110.

#[path = "support/abnf.rs"]
mod abnf;
#[path = "support/reference.rs"]
mod reference;
#[path = "support/table.rs"]
mod table;

use reference::{Reference, Rejection, parse};
use std::collections::BTreeSet;
use table::{Expected, Row, rows, unescape};

const RESPONSES: &str = include_str!("vectors/responses.txt");
const REQUESTS: &str = include_str!("vectors/requests.txt");
const FIELDS: &str = include_str!("vectors/fields.txt");

type Outcome = Result<Reference, (Rejection, Vec<u8>)>;

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn rejection(outcome: &Outcome) -> Option<Rejection> {
    outcome.as_ref().err().map(|(rejection, _)| *rejection)
}

#[test]
fn the_reference_parser_agrees_with_the_response_table() {
    let rows = rows(RESPONSES, 6);
    let faults: Vec<String> = rows.iter().filter_map(disagreement).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rows.len() >= 450);
}

/// What of a response case does not hold, as text.
fn disagreement(row: &Row) -> Option<String> {
    let input = row.bytes(3);
    let outcome = parse(row.text(2), &input);
    let expected = Expected::new(row.text(5));
    let fault = match (&outcome, expected.word(0)) {
        (Ok(response), "ok") => different_fact(response, &expected, input.len()),
        (Err((rejection, body)), "error") => different_error(*rejection, body, &expected),
        _ => Some("verdict"),
    };
    let fault = fault.or_else(|| needs_the_end(row, &input, &outcome).then_some("end"));
    fault.map(|what| format!("line {} {}: {what}: {outcome:.400?}", row.line, row.id()))
}

fn different_fact(
    response: &Reference,
    expected: &Expected,
    length: usize,
) -> Option<&'static str> {
    let interim: Vec<String> = response.interim.iter().map(u16::to_string).collect();
    let facts = [
        ("body", response.body.clone()),
        ("fields", decimal(response.fields.len())),
        ("reuse", if response.reusable { "yes" } else { "no" }.into()),
        ("left", decimal(length - response.consumed)),
        ("interim", interim.join(",").into_bytes()),
        ("trailers", decimal(response.trailers.len())),
    ];
    let known = |name: &String| facts.iter().any(|(fact, _)| fact == name);
    assert!(expected.facts.keys().all(known), "unknown fact");
    if expected.word(1) != response.status.to_string() {
        return Some("status");
    }
    let differs = |name: &str, value: &[u8]| expected.fact(name).is_some_and(|fact| fact != value);
    let different = facts.iter().find(|(name, value)| differs(name, value));
    different.map(|(name, _)| *name)
}

fn decimal(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn different_error(rejection: Rejection, body: &[u8], expected: &Expected) -> Option<&'static str> {
    if expected.word(1) != format!("{rejection:?}") {
        return Some("variant");
    }
    let differs = expected.fact("body").is_some_and(|fact| fact != body);
    differs.then_some("body")
}

/// Whether a case marked `keep` cannot be decided while the peer stays silent.
fn needs_the_end(row: &Row, input: &[u8], outcome: &Outcome) -> bool {
    assert!(["keep", "eof"].contains(&row.text(4)), "line {}", row.line);
    let longer = parse(row.text(2), &joined(&[input, b"\n"]));
    let same = match (outcome, &longer) {
        (Ok(one), Ok(other)) => one.body == other.body,
        _ => rejection(outcome).is_some() && rejection(outcome) == rejection(&longer),
    };
    row.text(4) == "keep" && !same
}

#[test]
fn the_reference_parser_agrees_with_the_field_table() {
    let rows = rows(FIELDS, 5);
    let faults: Vec<_> = rows.iter().filter(|row| !field_holds(row)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(rows.len() >= 250);
}

/// Puts the element into a response and judges that. Elements that do not decide how a message
/// is read are judged only as a line of the table.
fn field_holds(row: &Row) -> bool {
    let expected = Expected::new(row.text(4));
    let input = row.bytes(3);
    match row.text(2) {
        "content-length" => content_length_holds(&input, &expected),
        "transfer-encoding" => {
            let outcome = framed(
                "GET",
                b"HTTP/1.1",
                b"Transfer-Encoding",
                &input,
                b"0\r\n\r\n",
            );
            same_verdict(&outcome, &expected)
        }
        "connection" => connection_holds(&input, &expected),
        "chunk-size-line" => chunk_line_holds(&input, &expected),
        "status-line" => status_line_holds(&input, &expected),
        "host" => host_holds(&input, &expected),
        "content-type" | "content-disposition" => expected.fact("type").is_some(),
        _ => false,
    }
}

/// A response whose field of the given name has the values between the line feeds.
fn framed(method: &str, version: &[u8], name: &[u8], values: &[u8], rest: &[u8]) -> Outcome {
    let mut input = joined(&[version, b" 200 OK\r\n"]);
    for value in values.split(|octet| *octet == b'\n') {
        input.extend(joined(&[name, b": ", value, b"\r\n"]));
    }
    input.extend(joined(&[b"\r\n", rest]));
    parse(method, &input)
}

fn same_verdict(outcome: &Outcome, expected: &Expected) -> bool {
    match rejection(outcome) {
        Some(rejection) => {
            expected.word(0) == "error" && expected.word(1) == format!("{rejection:?}")
        }
        None => expected.word(0) != "error",
    }
}

fn content_length_holds(input: &[u8], expected: &Expected) -> bool {
    let outcome = framed("GET", b"HTTP/1.1", b"Content-Length", input, b"0123456789");
    match (number(expected), outcome) {
        (Some(length @ 0..=10), Ok(response)) => response.body.len() as u64 == length,
        (Some(11..), Err((rejection, _))) => rejection == Rejection::IncompleteBody,
        (None, outcome) => same_verdict(&outcome, expected),
        _ => false,
    }
}

fn number(expected: &Expected) -> Option<u64> {
    let digits = std::str::from_utf8(expected.fact("number")?).ok()?;
    digits.parse().ok()
}

fn connection_holds(input: &[u8], expected: &Expected) -> bool {
    let reusable = |version| {
        let outcome = framed("HEAD", version, b"Connection", input, b"");
        outcome.is_ok_and(|response| response.reusable)
    };
    let close = expected.fact("close") == Some(b"yes");
    let keep_alive = expected.fact("keep-alive") == Some(b"yes");
    reusable(b"HTTP/1.1") != close && reusable(b"HTTP/1.0") == (keep_alive && !close)
}

fn chunk_line_holds(input: &[u8], expected: &Expected) -> bool {
    let last = expected.word(0) == "last";
    let data = "a".repeat(number(expected).filter(|size| *size < 5000).unwrap_or(0) as usize);
    let rest = if last {
        "\r\n".into()
    } else {
        format!("{data}\r\n0\r\n\r\n")
    };
    let coded = joined(&[input, rest.as_bytes()]);
    match (
        framed("GET", b"HTTP/1.1", b"Transfer-Encoding", b"chunked", &coded),
        number(expected),
    ) {
        (Ok(response), Some(size)) => response.body.len() as u64 == size,
        (Err((rejection, _)), Some(size)) => rejection == Rejection::IncompleteBody && size >= 5000,
        (outcome, None) => same_verdict(&outcome, expected) && outcome.is_ok() == last,
    }
}

fn status_line_holds(input: &[u8], expected: &Expected) -> bool {
    let outcome = parse("HEAD", &joined(&[input, b"\r\n"]));
    let facts = outcome.as_ref().ok().map(|response| {
        let (major, minor) = response.version;
        let version = format!("{major}.{minor}").into_bytes();
        [
            version,
            decimal(response.status.into()),
            response.reason.clone(),
        ]
    });
    let stated = ["version", "status", "reason"].map(|name| expected.fact(name));
    same_verdict(&outcome, expected)
        && facts.is_none_or(|facts| facts.iter().map(|fact| Some(fact.as_slice())).eq(stated))
}

/// A host that is accepted fits the grammar, a zone aside; not all that fit it are accepted.
fn host_holds(input: &[u8], expected: &Expected) -> bool {
    let zone = input.windows(4).position(|part| part == b"%eth");
    let address = match zone {
        Some(zone) => joined(&[&input[..zone], &input[zone + 5..]]),
        None => input.to_vec(),
    };
    expected.word(0) == "error" || abnf::is_host(&address)
}

#[test]
fn the_grammar_agrees_with_the_request_table() {
    let rows = rows(REQUESTS, 8);
    let faults: Vec<_> = rows.iter().filter(|row| !request_holds(row)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(rows.len() >= 150);
}

fn request_holds(row: &Row) -> bool {
    let names = || {
        row.text(5)
            .split("; ")
            .filter_map(|field| Some(field.split_once(": ")?.0))
    };
    match row.text(7).split_once(' ') {
        Some(("error", "InvalidMethod")) => !abnf::is_method(&row.bytes(2)),
        Some(("error", "InvalidHeaderName")) => {
            names().any(|name| !abnf::is_token(&unescape(name)))
        }
        Some(("error", variant)) => [
            "InvalidURL",
            "InvalidHeaderValue",
            "ConflictingHeader",
            "InvalidBody",
            "BodyLengthMismatch",
        ]
        .contains(&variant),
        _ => is_request_head(&row.bytes(7)),
    }
}

/// Whether the octets begin with a request line, a Host field and other fields.
fn is_request_head(wire: &[u8]) -> bool {
    let text: String = wire.iter().map(|octet| char::from(*octet)).collect();
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lines: Vec<Vec<u8>> = head.split("\r\n").map(octets).collect();
    let long = lines[0].len() > 1000;
    (long || abnf::is_request_line(&lines[0]))
        && lines[1].to_ascii_lowercase().starts_with(b"host: ")
        && abnf::is_host(&lines[1][6..])
        && lines[1..].iter().all(|line| abnf::is_field_line(line))
}

fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|octet| octet as u8).collect()
}

/// Every text of up to `most` octets of an alphabet.
fn texts(alphabet: &[u8], most: usize) -> Vec<Vec<u8>> {
    let mut texts = vec![Vec::new()];
    let mut last = texts.clone();
    for _ in 0..most {
        let longer = |text: &Vec<u8>| alphabet.iter().map(|o| joined(&[text, &[*o]])).collect();
        last = last.iter().flat_map::<Vec<Vec<u8>>, _>(longer).collect();
        texts.extend(last.iter().cloned());
    }
    texts
}

#[test]
fn all_short_status_lines_are_judged_alike() {
    for text in texts(b"12 O\t\x01", 5) {
        let line = joined(&[b"HTTP/1.1", &text]);
        let outcome = parse("HEAD", &joined(&[&line, b"\r\n\r\n"]));
        let refused = matches!(
            rejection(&outcome),
            Some(Rejection::BadStatusLine | Rejection::UnknownProtocol)
        );
        assert_eq!(!refused, abnf::is_status_line_standard(&line), "{text:?}");
        assert!(!abnf::is_status_line(&line) || !refused, "{text:?}");
    }
}

#[test]
fn all_short_field_lines_are_judged_alike() {
    for line in texts(b"X: \t(\x80\0", 5) {
        let outcome = parse(
            "HEAD",
            &joined(&[b"HTTP/1.1 200 OK\r\n", &line, b"\r\n\r\n"]),
        );
        let good = line.is_empty() || abnf::is_field_line(&line);
        assert_eq!(outcome.is_ok(), good, "{line:?}");
    }
}

#[test]
fn all_short_chunk_lines_are_judged_alike() {
    for line in texts(b"0ag;=\" \0", 5) {
        let coded = joined(&[&line, b"\r\n"]);
        let outcome = framed("GET", b"HTTP/1.1", b"Transfer-Encoding", b"chunked", &coded);
        let good = rejection(&outcome) == Some(Rejection::IncompleteBody);
        assert_eq!(good, abnf::is_chunk_line_standard(&line), "{line:?}");
        assert!(good || !abnf::is_chunk_line(&line), "{line:?}");
        let size_and_extension = joined(&[b"0", &line]);
        assert!(!abnf::is_chunk_ext(&line) || abnf::is_chunk_line(&size_and_extension));
    }
}

#[test]
fn all_short_lengths_are_judged_alike() {
    for value in texts(b"019+-, x", 5) {
        let outcome = framed("HEAD", b"HTTP/1.1", b"Content-Length", &value, b"");
        let elements = value.split(|octet| *octet == b',');
        let elements: BTreeSet<_> = elements.map(<[u8]>::trim_ascii).collect();
        let one = elements.len() == 1;
        let good = one
            && elements
                .iter()
                .all(|element| abnf::is_content_length(element));
        // An empty value states no length, and there is no body.
        let good = good || value.trim_ascii().is_empty();
        assert_eq!(outcome.is_ok(), good, "{value:?}");
    }
}

#[test]
fn only_lists_of_codings_are_taken_as_chunked() {
    let words: [&[u8]; 7] = [b"chunked", b"gzip", b",", b";", b" ", b"q=\"1\"", b"\""];
    let mut chunked = 0;
    for picks in texts(b"\0\x01\x02\x03\x04\x05\x06", 4) {
        let value: Vec<u8> = picks
            .iter()
            .flat_map(|pick| words[*pick as usize].to_vec())
            .collect();
        let outcome = framed(
            "GET",
            b"HTTP/1.1",
            b"Transfer-Encoding",
            &value,
            b"0\r\n\r\n",
        );
        assert!(
            outcome.is_err() || abnf::is_transfer_encoding(value.trim_ascii()),
            "{value:?}"
        );
        chunked += usize::from(outcome.is_ok());
    }
    // The word alone, with up to three spaces around it.
    assert_eq!(chunked, 1 + 2 + 3 + 4);
}

#[test]
fn the_grammar_knows_the_examples_of_the_rfcs() {
    assert!(abnf::is_quoted_string(br#""a \"b\" \\""#));
    assert!(!abnf::is_quoted_string(b"\"a"));
    assert!(!abnf::is_quoted_string(b"\"\x01\""));
    assert!(abnf::is_request_line(
        b"GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1"
    ));
    assert!(abnf::is_request_line(
        b"CONNECT www.example.com:80 HTTP/1.1"
    ));
    assert!(abnf::is_request_line(b"OPTIONS * HTTP/1.1"));
    assert!(!abnf::is_request_line(b"GET  / HTTP/1.1"));
    assert!(!abnf::is_request_line(b"GET /a b HTTP/1.1"));
    for host in [
        "[::1]:80",
        "[1:2:3:4:5:6:7:8]",
        "[::ffff:1.2.3.4]",
        "[1::8]",
        "a.b:",
        "[v1.x]",
        "",
    ] {
        assert!(abnf::is_host(host.as_bytes()), "{host}");
    }
    for host in [
        "::1",
        "[1::2::3]",
        "[12345::]",
        "[::1",
        "[127.0.0.1]",
        "a b",
        "a/b",
        "[::256.0.0.1]",
    ] {
        assert!(!abnf::is_host(host.as_bytes()), "{host}");
    }
}
