//! A server that answers as it is told and keeps what it was asked: the judge of what both send. It
//! is every host, and the proxy too.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::Facts;
use crate::json::Json;

/// What is to be answered yet, and what was asked.
#[derive(Default)]
struct Told {
    answers: VecDeque<Json>,
    seen: Facts,
    count: usize,
}

/// The server, at several ports.
#[derive(Clone, Default)]
pub(crate) struct Server {
    told: Arc<Mutex<Told>>,
}

impl Server {
    /// Listens at one more port, as long as the process runs.
    pub(crate) fn listen(&self) -> u16 {
        self.listen_as(|_, _| Some(()))
    }

    /// Likewise, where each connection begins with something before HTTP.
    pub(crate) fn listen_as(&self, open: fn(&mut TcpStream, &Self) -> Option<()>) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = server.clone();
                thread::spawn(move || server.serve(stream, open));
            }
        });
        port
    }

    /// Forgets what was asked, and will answer this.
    pub(crate) fn arm(&self, answers: &[Json]) {
        *self.told.lock().unwrap() = Told {
            answers: answers.iter().cloned().collect(),
            ..Told::default()
        };
    }

    pub(crate) fn seen(&self) -> Facts {
        let mut told = self.told.lock().unwrap();
        let mut seen = std::mem::take(&mut told.seen);
        seen.insert("seen".to_owned(), told.count.to_string());
        seen
    }

    /// Keeps what a connection began with.
    pub(crate) fn note(&self, kind: &str, said: String) {
        let seen = &mut self.told.lock().unwrap().seen;
        let number = seen.keys().filter(|name| name.starts_with(kind)).count();
        seen.insert(format!("{kind}.{number}"), said);
    }

    fn serve(&self, mut stream: TcpStream, open: fn(&mut TcpStream, &Self) -> Option<()>) {
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        if open(&mut stream, self).is_none() {
            return;
        }
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_request(&mut reader) {
            let method = request
                .line
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned();
            let answer = self.record(request);
            let (octets, closes) = match answer {
                Some(answer) => octets_of(&answer, method == "HEAD"),
                None => (b"HTTP/1.1 200 Go\r\n\r\n".to_vec(), false),
            };
            let sent = reader.get_mut().write_all(&octets);
            if sent.is_err() || closes {
                return;
            }
        }
    }

    /// Keeps the request; the answer to it. A tunnel is open unless a refusal is to be answered.
    fn record(&self, request: Seen) -> Option<Json> {
        let mut told = self.told.lock().unwrap();
        let number = told.count;
        told.count += 1;
        let is_connect = request.line.starts_with("CONNECT ");
        let seen = &mut told.seen;
        seen.insert(format!("seen.{number}.line"), request.line);
        seen.insert(format!("seen.{number}.body"), request.body);
        for (name, value) in request.fields {
            let fact = seen
                .entry(format!("seen.{number}.field.{name}"))
                .or_default();
            let before = std::mem::take(fact);
            *fact = if before.is_empty() {
                value
            } else {
                format!("{before} & {value}")
            };
        }
        let plain = Json::parse(r#"[200, {"Content-Type": "text/plain"}, "ok"]"#);
        let is_refusal = |answer: &Json| answer.list().first().and_then(Json::number) >= Some(400);
        match is_connect && !told.answers.front().is_some_and(is_refusal) {
            true => None,
            false => Some(told.answers.pop_front().unwrap_or(plain)),
        }
    }
}

/// A request, its body without framing.
struct Seen {
    line: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Seen {
    fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\r\n")?;
    Some(latin1(line))
}

fn read_request(reader: &mut impl BufRead) -> Option<Seen> {
    let line = read_line(reader)?;
    let mut fields = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut seen = Seen {
        line,
        fields,
        body: String::new(),
    };
    seen.body = match (
        seen.field("transfer-encoding"),
        seen.field("content-length"),
    ) {
        (Some("chunked"), _) => read_chunks(reader)?,
        (_, Some(length)) => read_counted(reader, length.parse().ok()?)?,
        _ => String::new(),
    };
    level_what_is_random(&mut seen);
    level_tunnels(&mut seen);
    Some(seen)
}

fn read_counted(reader: &mut impl Read, length: usize) -> Option<String> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(latin1(&body))
}

fn read_chunks(reader: &mut impl BufRead) -> Option<String> {
    let mut body = String::new();
    loop {
        let size = usize::from_str_radix(&read_line(reader)?, 16).ok()?;
        body += &read_counted(reader, size)?;
        read_line(reader)?;
        if size == 0 {
            return Some(body);
        }
    }
}

/// A tunnel is asked for by HTTP/1.1 with `Host` (RFC 9110 section 9.3.6); by Python before 3.12 it is
/// by HTTP/1.0 and without.
fn level_tunnels(seen: &mut Seen) {
    if seen.line.starts_with("CONNECT ") {
        seen.line
            .truncate(seen.line.trim_end_matches(['0', '1']).len());
        seen.fields.retain(|(name, _)| name != "host");
    }
}

/// Boundaries, and what a digest makes of a nonce of the client's own, become words. The length of
/// the body is right already: by it the body was read.
fn level_what_is_random(seen: &mut Seen) {
    let boundary = seen
        .field("content-type")
        .and_then(|value| value.split_once("boundary="));
    if let Some(boundary) = boundary.map(|(_, boundary)| boundary.trim_matches('"').to_owned()) {
        seen.body = seen.body.replace(&boundary, "BOUNDARY");
        let length = seen.body.len().to_string();
        for (name, value) in &mut seen.fields {
            *value = match name.as_str() {
                "content-length" => length.clone(),
                _ => value.replace(&boundary, "BOUNDARY"),
            };
        }
    }
    for (name, value) in &mut seen.fields {
        if let Some(params) = value
            .strip_prefix("Digest ")
            .filter(|_| name.ends_with("authorization"))
        {
            *value = digest_of(params);
        }
    }
}

/// The parameters in the order of their names, without quotes.
fn digest_of(params: &str) -> String {
    let params = params.split(", ").filter_map(|param| param.split_once('='));
    let mut params: Vec<_> = params
        .map(|(name, value)| match name {
            "cnonce" | "response" => name.to_owned(),
            _ => format!("{name}={}", value.trim_matches('"')),
        })
        .collect();
    params.sort();
    format!("Digest {}", params.join(" "))
}

/// The octets of an answer, and whether the connection ends with them. A text is sent as it is; a
/// list has status, fields and body.
fn octets_of(answer: &Json, to_head: bool) -> (Vec<u8>, bool) {
    if let Some(text) = answer.text() {
        return (octets(text), true);
    }
    let [status, Json::Object(fields), body] = answer.list() else {
        panic!("{answer:?}")
    };
    let status = status.number().unwrap();
    let reason = stdhttp::responses(u16::try_from(status).unwrap()).unwrap_or("Unknown");
    let body = octets(body.text().unwrap());
    let mut head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in fields {
        let values = match value {
            Json::List(values) => values.iter().collect(),
            value => vec![value],
        };
        for value in values {
            head += &format!("{name}: {}\r\n", value.text().unwrap());
        }
    }
    let mut answer = octets(&format!("{head}\r\n"));
    if !to_head {
        answer.extend(body);
    }
    (answer, false)
}

/// One octet for each character, or UTF-8 where one is beyond them.
fn octets(text: &str) -> Vec<u8> {
    let each: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
    each.unwrap_or_else(|_| text.as_bytes().to_vec())
}

/// One character for each octet.
pub(crate) fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}
