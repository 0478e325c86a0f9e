//! The promise: the project's own case tables hold for the crate. Responses are read by a reader
//! and by a connection; requests are written to a scripted peer, octet for octet, and refused
//! ones write nothing; single elements mean what the table says.
#![allow(missing_docs)]

#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/table.rs"]
mod table;

use outcome::{Failure, Outcome, Setting};
use stdhttp::proto::{
    BodyDecoder, BodyLength, Framing, HTTPVersion, RequestContext, ResponseHead, response_framing,
};
use stdhttp::testing::{Peer, Script};
use stdhttp::{Body, End, HTTPConnection, HTTPException, HTTPMessage, Limits, Tolerance};
use table::{Expected, Row, rows, unescape};

const RESPONSES: &str = include_str!("vectors/responses.txt");
const REQUESTS: &str = include_str!("vectors/requests.txt");
const FIELDS: &str = include_str!("vectors/fields.txt");

fn report(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn responses_are_read_as_the_table_says() {
    let rows = rows(RESPONSES, 6);
    let mut faults = Vec::new();
    for row in &rows {
        let setting = response_setting(row);
        let input = row.bytes(3);
        let expected = Expected::new(row.text(5));
        let sans_io = outcome::exchange(&setting, &input, &[]);
        let read = outcome::reader(&setting, &input, &[]);
        assert_eq!(read, sans_io.clone().into_response(true), "{}", row.id());
        faults.extend(
            different(&expected, &sans_io, input.len())
                .map(|what| format!("line {} {}: {what} in {sans_io:.500?}", row.line, row.id())),
        );
    }
    report(&faults);
    assert!(rows.len() >= 450);
}

fn response_setting(row: &Row) -> Setting<'_> {
    let end = (row.text(4) == "eof").then_some(End::Closed);
    Setting::new(row.text(2), end)
}

/// The first fact that differs.
fn different(expected: &Expected, outcome: &Outcome, length: usize) -> Option<&'static str> {
    let body_differs = expected
        .fact("body")
        .is_some_and(|body| body != outcome.body);
    if expected.word(0) == "error" {
        let variant = outcome.error() == Some(expected.word(1));
        return (!variant)
            .then_some("variant")
            .or(body_differs.then_some("body"));
    }
    let (Some(head), Some(consumed)) = (&outcome.head, outcome.consumed) else {
        return Some("verdict");
    };
    let left = length - consumed;
    let interim: Vec<String> = outcome.interim.iter().map(u16::to_string).collect();
    let reuse = if outcome.reusable && left == 0 {
        "yes"
    } else {
        "no"
    };
    let facts = [
        ("fields", head.fields.len().to_string()),
        ("reuse", reuse.to_owned()),
        ("left", left.to_string()),
        ("interim", interim.join(",")),
        ("trailers", outcome.trailers.len().to_string()),
    ];
    let differs = |name, value: &String| {
        let stated: Option<&[u8]> = expected.fact(name);
        stated.is_some_and(|stated| stated != value.as_bytes())
    };
    if expected.word(1) != head.status.to_string() {
        return Some("status");
    }
    let fact = facts.iter().find(|(name, value)| differs(name, value));
    body_differs
        .then_some("body")
        .or(fact.map(|(name, _)| *name))
}

#[test]
fn a_connection_reads_responses_as_the_table_says() {
    for row in rows(RESPONSES, 6) {
        let setting = response_setting(&row);
        let input = row.bytes(3);
        let expected = outcome::exchange(&setting, &input, &[]);
        let scripts = vec![
            answer(&setting, &input),
            answer(&setting, b"HTTP/1.1 204 x\r\n\r\n"),
        ];
        let mut conn = outcome::connection(&setting, scripts);
        let came = outcome::receive(&mut conn, setting.buffer, 0);
        let left = expected
            .consumed
            .is_some_and(|consumed| consumed < input.len());
        let switched = conn.state() == stdhttp::ConnectionState::Switched;
        let kept = (expected.reusable && !left) || switched;
        let mut expected = expected.into_response(false);
        expected.reusable = kept && !switched;
        assert_eq!(came, expected, "{}", row.id());
        assert_eq!(conn.is_connected(), kept, "{}", row.id());
    }
}

fn answer(setting: &Setting<'_>, input: &[u8]) -> Script {
    let script = Script::new().expect_head().send(input);
    script.end(outcome::ending(setting.end))
}

#[test]
fn requests_are_written_as_the_table_says() {
    let rows = rows(REQUESTS, 8);
    let faults: Vec<String> = rows.iter().filter_map(request_fault).collect();
    report(&faults);
    assert!(rows.len() >= 150);
}

/// What of a request case does not hold, as text.
fn request_fault(row: &Row) -> Option<String> {
    let peer = Peer::new([Script::new().expect_head()]);
    let result = send(row, &peer);
    let written = peer.received(0);
    let came = match &result {
        Ok(()) => String::new(),
        Err(error) => format!("error {}", outcome::name_of(error)),
    };
    // What a reader or an iterator yields shows only while it is sent.
    let late = came == "error BodyLengthMismatch" && !row.text(6).starts_with("bytes");
    let holds = match row.text(7).starts_with("error ") {
        true => came == row.text(7) && (written.is_empty() || late),
        false => result.is_ok() && written == row.bytes(7),
    };
    (!holds).then(|| {
        format!(
            "line {} {}: {came} {}",
            row.line,
            row.id(),
            written.escape_ascii()
        )
    })
}

fn send(row: &Row, peer: &Peer) -> Result<(), HTTPException> {
    let text = |column| String::from_utf8(row.bytes(column)).expect("text");
    let mut conn = HTTPConnection::builder(&text(4))
        .connector(peer.clone())
        .build()?;
    let fields: Vec<(Vec<u8>, Vec<u8>)> = match row.text(5) {
        "-" => Vec::new(),
        fields => fields.split("; ").map(field).collect(),
    };
    let text_fields: Option<Vec<(&str, &str)>> = fields.iter().map(text_field).collect();
    let (kind, content) = row.text(6).split_once(':').unwrap_or((row.text(6), ""));
    let (kind, encode_chunked) = match kind.strip_suffix("+chunked") {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let content = unescape(content);
    let body = body(kind, &content)?;
    match text_fields {
        Some(fields) => conn.request_with(&text(2), &text(3), body, &fields, encode_chunked)?,
        None => send_in_steps(&mut conn, &text(2), &text(3), &fields)?,
    }
    match conn.getresponse() {
        Err(
            error @ (HTTPException::BodyLengthMismatch { .. } | HTTPException::InvalidBody { .. }),
        ) => Err(error),
        // The peer never answers; the request is out.
        _ => Ok(()),
    }
}

fn field(text: &str) -> (Vec<u8>, Vec<u8>) {
    let (name, value) = text
        .split_once(": ")
        .unwrap_or((text.trim_end_matches(':'), ""));
    (unescape(name), unescape(value))
}

fn text_field((name, value): &(Vec<u8>, Vec<u8>)) -> Option<(&str, &str)> {
    Some((
        std::str::from_utf8(name).ok()?,
        std::str::from_utf8(value).ok()?,
    ))
}

/// `request` takes text; a request with other octets and no body is sent step by step.
fn send_in_steps(
    conn: &mut HTTPConnection<Peer>,
    method: &str,
    target: &str,
    fields: &[(Vec<u8>, Vec<u8>)],
) -> Result<(), HTTPException> {
    conn.putrequest(method, target)?;
    for (name, value) in fields {
        conn.putheader_bytes(name, value)?;
    }
    conn.endheaders()
}

fn body<'a>(kind: &str, content: &'a [u8]) -> Result<Body<'a>, HTTPException> {
    let text = || std::str::from_utf8(content).expect("text");
    Ok(match kind {
        "none" => Body::EMPTY,
        "bytes" => Body::from(content),
        "text" => Body::from(text()),
        "latin1" => Body::latin1(text())?,
        "reader" => Body::reader(content),
        "pieces" => Body::iter(content.split(|octet| *octet == b',')),
        "sized" => {
            let (size, content) = text().split_once(':').expect("a size");
            Body::sized(content.as_bytes(), size.parse().expect("a size"))
        }
        _ => panic!("unknown kind of body {kind}"),
    })
}

#[test]
fn elements_mean_what_the_table_says() {
    let rows = rows(FIELDS, 5);
    let faults: Vec<String> = rows.iter().filter_map(element_fault).collect();
    report(&faults);
    assert!(rows.len() >= 250);
}

fn element_fault(row: &Row) -> Option<String> {
    let expected = Expected::new(row.text(4));
    let came = match row.text(2) {
        "chunk-size-line" => chunk_size_line(&row.bytes(3), expected.fact("number")),
        kind => meaning(kind, &row.bytes(3)),
    };
    let came = came.unwrap_or_else(|error| format!("error {}", Failure::of(&error).name));
    let same = Expected::new(&came) == expected;
    (!same).then(|| format!("line {} {}: {came}", row.line, row.id()))
}

/// What the crate makes of an element, in the table's words.
fn meaning(kind: &str, input: &[u8]) -> Result<String, HTTPException> {
    match kind {
        "content-type" => Ok(content_type(input)),
        "content-disposition" => Ok(content_disposition(input)),
        "content-length" => framing("Content-Length", input).map(|framing| match framing.body {
            BodyLength::Length(length) => format!("number={length}"),
            other => format!("{other:?}"),
        }),
        "transfer-encoding" => framing("Transfer-Encoding", input)
            .map(|framing| format!("{:?}", framing.body).to_lowercase()),
        "connection" => Ok(connection(input)),
        "status-line" => status_line(input),
        "host" => host(input),
        _ => panic!("unknown kind {kind}"),
    }
}

/// A head with a field of this name for each of the values between line feeds.
fn message(name: &str, values: &[u8]) -> HTTPMessage {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for value in values.split(|octet| *octet == b'\n') {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    stdhttp::parse_headers(&head[17..]).expect("a good head")
}

fn quoted(text: &str) -> String {
    text.bytes()
        .map(|octet| format!("\\x{octet:02x}"))
        .collect()
}

fn content_type(input: &[u8]) -> String {
    let message = message("Content-Type", input);
    let media_type = message.get_content_type();
    match message.get_content_charset() {
        Some(charset) => format!("type=\"{media_type}\" charset=\"{}\"", quoted(&charset)),
        None => format!("type=\"{media_type}\" none"),
    }
}

fn content_disposition(input: &[u8]) -> String {
    let message = message("Content-Disposition", input);
    let disposition = message.get_content_disposition().unwrap_or_default();
    match message.get_filename() {
        Some(name) => format!("type=\"{disposition}\" filename=\"{}\"", quoted(&name)),
        None => format!("type=\"{disposition}\" none"),
    }
}

fn framing(name: &str, values: &[u8]) -> Result<Framing, HTTPException> {
    let mut message = HTTPMessage::new();
    for value in values.split(|octet| *octet == b'\n') {
        message.append(name, value.trim_ascii());
    }
    response_framing(
        RequestContext::default(),
        HTTPVersion::Http11,
        200,
        &message,
        &Tolerance::STANDARD,
    )
}

/// What the options do shows in both versions; which others there are matters to nobody.
fn connection(input: &[u8]) -> String {
    let headers = message("Connection", input);
    let keeps = |version| {
        let context = RequestContext::of_method("HEAD");
        let framing = response_framing(context, version, 200, &headers, &Tolerance::STANDARD);
        framing.expect("a response without a body").close.is_none()
    };
    let close = !keeps(HTTPVersion::Http11);
    let options: Vec<u8> = headers
        .get_all_bytes("connection")
        .collect::<Vec<_>>()
        .join(&b',');
    let options: Vec<String> = String::from_utf8_lossy(&options)
        .split(',')
        .map(|option| option.trim_matches([' ', '\t']).to_ascii_lowercase())
        .filter(|option| !option.is_empty())
        .collect();
    // `close` hides what `keep-alive` would do.
    let keep_alive = match close {
        true => options.iter().any(|option| option == "keep-alive"),
        false => keeps(HTTPVersion::Http10),
    };
    let word = |yes| if yes { "yes" } else { "no" };
    let (close, keep_alive) = (word(close), word(keep_alive));
    format!(
        "close={close} keep-alive={keep_alive} tokens=\"{}\"",
        options.join(",")
    )
}

/// The size shows in how much of plenty counts as data; `stated` stands for one beyond that.
fn chunk_size_line(line: &[u8], stated: Option<&[u8]>) -> Result<String, HTTPException> {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
    assert_eq!(decoder.advance(line)?.framing, line.len());
    let plenty = [b'\r', b'\n'].repeat(5_000);
    let data = decoder.advance(&plenty)?.data;
    if decoder.is_complete() {
        return Ok("last".to_owned());
    }
    let stated = stated.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let beyond = stated.filter(|number| *number > plenty.len() as u64 && data == plenty.len());
    Ok(format!("number={}", beyond.unwrap_or(data as u64)))
}

fn status_line(line: &[u8]) -> Result<String, HTTPException> {
    let mut head = ResponseHead::new();
    let input = [line, b"\r\n"].concat();
    head.parse(&input, &Limits::DEFAULT, &Tolerance::STANDARD)?;
    let version: String = head.raw_version().iter().copied().map(char::from).collect();
    let reason: String = head
        .reason()
        .iter()
        .map(|octet| format!("\\x{octet:02x}"))
        .collect();
    Ok(format!(
        "version={version} status={} reason=\"{reason}\"",
        head.status()
    ))
}

fn host(input: &[u8]) -> Result<String, HTTPException> {
    let conn = HTTPConnection::new(&String::from_utf8_lossy(input), None)?;
    Ok(format!("host=\"{}\" port={}", conn.host(), conn.port()))
}
