//! `fetch`: one HTTP exchange from the command line, streamed both ways.
//!
//! ```text
//! cargo run --release --example fetch -- [-X METHOD] [-H 'Name: value']... [-d DATA|@FILE]
//!     [-T FILE] [-o FILE] [-i] [-v] http://host:port/path
//! ```
//!
//! The exit status is 0 whatever the status of the response; see [`Failure`] for the others.

#[path = "fetch/arguments.rs"]
mod arguments;
#[path = "fetch/progress.rs"]
mod progress;

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use arguments::{Arguments, Upload};
use progress::Progress;
use stdhttp::{Continue, HTTPConnection, HTTPException, HTTPResponse, Skip, Source};

const USAGE: &str = "\
usage: fetch [-X METHOD] [-H 'Name: value']... [-d DATA|@FILE] [-T FILE] [-o FILE] [-i] [-v] URL

  -X METHOD         the method; otherwise GET, POST with -d, PUT with -T
  -H 'Name: value'  a header field; can be given again
  -d DATA           sends a form
  -d @FILE          sends a form from a file; -d @- from standard input
  -T FILE           sends a file; -T - sends standard input
  -o FILE           writes to a file instead of standard output
  -i                writes the head of the response before its body
  -v                writes what goes over the wire to standard error, credentials masked

A URL is http://host[:port][/path][?query]. Each step may wait 60 seconds.
Exit status: 0 for any response, 1 if a local file or standard stream fails, 2 for wrong usage,
3 if the network fails, 4 if the peer breaks the protocol.";

/// The longest time for connecting, for one read and for one write.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A form, unless `-H` says otherwise.
const FORM: &str = "application/x-www-form-urlencoded";

/// The size of the pieces that bodies are moved in.
const BLOCK: usize = 65_000;

fn main() -> ExitCode {
    let done = Arguments::parse(std::env::args_os().skip(1))
        .map_err(Failure::Usage)
        .and_then(|arguments| fetch(&arguments));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fetch: {failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}

fn fetch(arguments: &Arguments) -> Result<(), Failure> {
    let mut conn = connection(arguments)?;
    let content = arguments.upload.as_ref().map(Content::open).transpose()?;
    start_request(&mut conn, arguments, content.as_ref())?;
    if let Some(content) = content {
        match send_content(&mut conn, arguments, content) {
            // A peer that refuses a body may answer and close; the answer says why.
            Err(Failure::Exchange(error)) if error.is_connection_reset() => {}
            sent => sent?,
        }
    }
    let mut response = conn.getresponse()?;
    receive(&mut response, arguments)
}

fn connection(arguments: &Arguments) -> Result<HTTPConnection, Failure> {
    let mut conn = HTTPConnection::builder(&arguments.url.authority)
        .timeout(TIMEOUT)
        .build()?;
    if arguments.verbose {
        conn.set_debuglevel(1);
        conn.set_debug_output(io::stderr());
    }
    Ok(conn)
}

/// Sends the head of the request.
fn start_request(
    conn: &mut HTTPConnection,
    arguments: &Arguments,
    content: Option<&Content>,
) -> Result<(), Failure> {
    let host_given = arguments.has_header("Host");
    let encoding_given = arguments.has_header("Accept-Encoding");
    let skip = Skip {
        host: host_given,
        accept_encoding: host_given || encoding_given,
    };
    conn.putrequest_with(arguments.method(), &arguments.url.target, skip)?;
    for (name, value) in &arguments.headers {
        conn.putheader(name, value)?;
    }
    if host_given && !encoding_given {
        conn.putheader("Accept-Encoding", "identity")?; // `Host` stays the first field
    }
    if let Some(content) = content {
        if content.is_form && !arguments.has_header("Content-Type") {
            conn.putheader("Content-Type", FORM)?;
        }
        match content.length {
            Some(length) => conn.putheader("Content-Length", length)?,
            None => conn.putheader("Transfer-Encoding", "chunked")?,
        }
    }
    conn.endheaders()?;
    Ok(())
}

/// What is sent: bytes from anywhere, and how many there are where that is known.
struct Content {
    reader: Box<dyn Read>,
    length: Option<u64>,
    is_form: bool,
}

impl Content {
    fn open(upload: &Upload) -> Result<Self, Failure> {
        match upload {
            Upload::Data(data) => Ok(Self {
                reader: Box::new(io::Cursor::new(data.clone())),
                length: Some(data.len() as u64),
                is_form: true,
            }),
            Upload::DataFile(file) => Self::open_file(file, true),
            Upload::File(file) => Self::open_file(file, false),
        }
    }

    fn open_file(name: &str, is_form: bool) -> Result<Self, Failure> {
        if name == "-" {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                length: None,
                is_form,
            });
        }
        let local = |error| Failure::Local(name.to_owned(), error);
        let file = File::open(name).map_err(local)?;
        let metadata = file.metadata().map_err(local)?;
        Ok(Self {
            // What is no regular file (a pipe, a device) does not know its length.
            length: metadata.is_file().then_some(metadata.len()),
            reader: Box::new(file),
            is_form,
        })
    }
}

fn send_content(
    conn: &mut HTTPConnection,
    arguments: &Arguments,
    content: Content,
) -> Result<(), Failure> {
    let waits = arguments.has_header("Expect");
    if waits && conn.await_continue()? == Continue::Refused {
        return Ok(());
    }
    let mut progress = Progress::new("sent", content.length, !arguments.verbose);
    match content.length {
        Some(length) => send_sized(conn, content.reader, length, &mut progress),
        None => send_chunked(conn, content.reader, &mut progress),
    }
}

fn send_sized(
    conn: &mut HTTPConnection,
    reader: impl Read,
    length: u64,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let mut rest = reader.take(length);
    let mut block = vec![0; BLOCK];
    loop {
        let count = read_local(&mut rest, &mut block)?;
        if count == 0 {
            break;
        }
        conn.send(&block[..count])?;
        progress.advance(count);
    }
    if rest.limit() > 0 {
        return Err(sending_failed(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(())
}

fn send_chunked(
    conn: &mut HTTPConnection,
    mut reader: impl Read,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let mut block = vec![0; BLOCK];
    loop {
        let count = read_local(&mut reader, &mut block)?;
        if count == 0 {
            break;
        }
        conn.send_chunk(&block[..count])?;
        progress.advance(count);
    }
    conn.send_last_chunk(&[])?;
    Ok(())
}

fn read_local(reader: &mut impl Read, block: &mut [u8]) -> Result<usize, Failure> {
    loop {
        match reader.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(sending_failed),
        }
    }
}

fn sending_failed(error: io::Error) -> Failure {
    Failure::Local("what is to be sent".into(), error)
}

/// Writes the response where it belongs, piece by piece.
fn receive<W: Source>(
    response: &mut HTTPResponse<'_, W>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let mut output = Output::open(arguments.output.as_deref())?;
    if arguments.include_head {
        output.write(&head_of(response))?;
    }
    let visible = !output.is_terminal && !arguments.verbose;
    let mut progress = Progress::new("received", response.length(), visible);
    let mut block = vec![0; BLOCK];
    loop {
        let count = response.readinto(&mut block)?;
        if count == 0 {
            return Ok(());
        }
        output.write(&block[..count])?;
        progress.advance(count);
    }
}

/// Status line and header fields as they came; a folded field is on one line.
fn head_of<W: Source>(response: &HTTPResponse<'_, W>) -> Vec<u8> {
    let start = format!(
        "{} {} ",
        response.http_version().as_str(),
        response.status()
    );
    let mut head = [start.as_bytes(), response.reason_bytes(), b"\r\n"].concat();
    for (name, value) in response.headers().items_bytes() {
        head.extend([name, b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

/// A file or standard output.
struct Output {
    name: String,
    writer: Box<dyn Write>,
    is_terminal: bool,
}

impl Output {
    fn open(file: Option<&str>) -> Result<Self, Failure> {
        let Some(name) = file else {
            return Ok(Self {
                name: "standard output".into(),
                is_terminal: io::stdout().is_terminal(),
                writer: Box::new(io::stdout()),
            });
        };
        let file = File::create(name).map_err(|error| Failure::Local(name.into(), error))?;
        Ok(Self {
            name: name.into(),
            is_terminal: file.is_terminal(),
            writer: Box::new(file),
        })
    }

    /// Nothing is held back, so that a slow stream can be watched.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.writer.write_all(bytes);
        written
            .and_then(|()| self.writer.flush())
            .map_err(|error| Failure::Local(self.name.clone(), error))
    }
}

/// Why there is no complete response.
enum Failure {
    /// A local file or standard stream, and its error: 1.
    Local(String, io::Error),
    /// The command line can't be understood: 2.
    Usage(String),
    /// What was asked for can't be sent: 2; the network failed: 3; the peer broke the protocol,
    /// a truncated response included: 4.
    Exchange(HTTPException),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Local(..) => 1,
            Self::Usage(_) => 2,
            Self::Exchange(error) if error.is_caller_error() => 2,
            Self::Exchange(error) if error.is_network_error() => 3,
            Self::Exchange(_) => 4,
        }
    }
}

impl From<HTTPException> for Failure {
    fn from(error: HTTPException) -> Self {
        Self::Exchange(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name, error) => write!(f, "{name}: {error}"),
            Self::Usage(problem) => write!(f, "{problem}\n\n{USAGE}"),
            Self::Exchange(error) => write!(f, "{error}"),
        }
    }
}
