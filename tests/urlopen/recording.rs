//! A server on loopback that answers by the path that it is asked for, and writes down every request.
//!
//! `/d/to?STATUS&LOCATION` redirects, `/status/STATUS` answers so, `/loop` redirects to itself, `/basic`
//! and `/digest` ask for credentials, `/cookie` sets one, `/chunked`, `/close` and `/short` frame their
//! bodies so. Everything else is 200. What is asked for as of a proxy is answered likewise.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::urllib::parse::unquote_to_bytes;

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) server: &'static str,
    /// Method, target and version.
    pub(crate) line: String,
    /// Names in lower case, with their values.
    pub(crate) fields: BTreeSet<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Two servers with one book.
pub(crate) struct Servers {
    ports: [u16; 2],
    book: Arc<Mutex<Vec<Recorded>>>,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let book = Arc::default();
        let ports = ["a", "b"].map(|name| serve(name, Arc::clone(&book)));
        Self { ports, book }
    }

    /// A text with the addresses of the servers in place of `{a}` and `{b}`.
    pub(crate) fn with_addresses(&self, text: &str) -> String {
        let [a, b] = self.addresses();
        text.replace("{a}", &a).replace("{b}", &b)
    }

    /// A text without them.
    pub(crate) fn without_addresses(&self, text: &str) -> String {
        let [a, b] = self.addresses();
        text.replace(&a, "{a}").replace(&b, "{b}")
    }

    fn addresses(&self) -> [String; 2] {
        self.ports.map(|port| format!("127.0.0.1:{port}"))
    }

    /// What was asked since the last call.
    pub(crate) fn taken(&self) -> Vec<Recorded> {
        let mut taken = std::mem::take(&mut *self.book.lock().unwrap());
        for recorded in &mut taken {
            recorded.line = self.without_addresses(&recorded.line);
            let fields = std::mem::take(&mut recorded.fields).into_iter();
            let named = fields.map(|(name, value)| (name, self.without_addresses(&value)));
            recorded.fields = named.collect();
        }
        taken
    }
}

/// Serves until the process ends; returns the port.
fn serve(name: &'static str, book: Arc<Mutex<Vec<Recorded>>>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away early is the test's affair, which sees what it got.
            let _ = serve_one(name, stream, &book);
        }
    });
    port
}

fn serve_one(
    server: &'static str,
    stream: TcpStream,
    book: &Mutex<Vec<Recorded>>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let line = read_line(&mut reader)?;
    let mut fields = BTreeSet::new();
    loop {
        let field = read_line(&mut reader)?;
        let Some((name, value)) = field.split_once(':') else {
            break;
        };
        fields.insert((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut recorded = Recorded {
        server,
        line,
        fields,
        body: Vec::new(),
    };
    recorded.body = read_body(&mut reader, &recorded)?;
    let answer = answer(&recorded);
    book.lock().unwrap().push(recorded);
    reader.get_mut().write_all(&answer)
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn read_body(reader: &mut impl BufRead, head: &Recorded) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = head.field("content-length") {
        reader
            .take(length.parse().unwrap_or(0))
            .read_to_end(&mut body)?;
    }
    if head.field("transfer-encoding").is_some() {
        loop {
            let size = u64::from_str_radix(&read_line(reader)?, 16).unwrap_or(0);
            reader.by_ref().take(size).read_to_end(&mut body)?;
            read_line(reader)?;
            if size == 0 {
                break;
            }
        }
    }
    Ok(body)
}

/// The answer to a request, by its path.
fn answer(request: &Recorded) -> Vec<u8> {
    let target = request.line.split(' ').nth(1).unwrap_or_default();
    let behind = target.strip_prefix("http://").map(|rest| {
        let path = rest.find('/').unwrap_or(rest.len());
        &rest[path..]
    });
    let target = behind.unwrap_or(target);
    if let Some(redirect) = target.strip_prefix("/d/to?") {
        let (status, location) = redirect.split_once('&').unwrap_or_default();
        let head = format!("HTTP/1.1 {status} Moved\r\nLocation: ");
        let end = b"\r\nContent-Length: 5\r\n\r\nmoved";
        return [head.as_bytes(), &unquote_to_bytes(location), end].concat();
    }
    let parts: Vec<&str> = target.splitn(3, '/').skip(1).collect();
    let authorization = request.field("authorization").unwrap_or_default();
    match parts[..] {
        ["status", status] => with_body(request, &format!("{status} Chosen"), ""),
        ["loop", ..] => {
            b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        ["twice"] => b"HTTP/1.1 302 Found\r\nLocation: /x\r\nLocation: /y\r\n\r\n".to_vec(),
        ["nowhere"] => b"HTTP/1.1 302 Found\r\nContent-Length: 7\r\n\r\nnowhere".to_vec(),
        ["basic", ..] if !authorization.starts_with("Basic bWU6c2VjcmV0") => with_body(
            request,
            "401 Who",
            "WWW-Authenticate: Basic realm=\"r\"\r\n",
        ),
        ["digest", ..] if !authorization.starts_with("Digest ") => {
            let field = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
            with_body(request, "401 Who", field)
        }
        ["either", ..] if authorization.is_empty() => {
            let field = "WWW-Authenticate: Basic realm=\"r\"\r\n\
                         WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
            with_body(request, "401 Who", field)
        }
        ["never", ..] => with_body(request, "401 No", "WWW-Authenticate: Basic realm=\"r\"\r\n"),
        ["cookie", ..] => with_body(request, "200 OK", "Set-Cookie: kept=1\r\n"),
        ["chunked"] => {
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
                .to_vec()
        }
        ["close"] => b"HTTP/1.1 200 OK\r\n\r\nuntil the end".to_vec(),
        ["old"] => b"HTTP/1.0 200 OK\r\n\r\nold".to_vec(),
        ["early"] => {
            b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                .to_vec()
        }
        ["short"] => b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort".to_vec(),
        ["nonsense"] => b"nonsense\r\n\r\n".to_vec(),
        ["nothing"] => Vec::new(),
        _ => with_body(request, "200 OK", ""),
    }
}

fn with_body(request: &Recorded, status: &str, fields: &str) -> Vec<u8> {
    let bodiless = status.starts_with("204") || status.starts_with("304");
    let body = match request.line.starts_with("HEAD ") || bodiless {
        true => "",
        false => status,
    };
    let length = match bodiless {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", status.len()),
    };
    format!("HTTP/1.1 {status}\r\n{fields}{length}\r\n{body}").into_bytes()
}
