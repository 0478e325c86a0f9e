//! `fetch`: a file from a server or to it, from the command line, streamed both ways.
//!
//! ```text
//! cargo run --release --example fetch -- [-I] [-i] [-L] [-s] [-v] [-X METHOD]
//!     [-H 'Name: value']... [-d DATA|@FILE]... [-T FILE] [-o FILE] URL
//! ```
//!
//! The exit status is 0 whatever the status of the response; see [`Failure`] for the others.

#[path = "fetch/arguments.rs"]
mod arguments;
#[path = "fetch/progress.rs"]
mod progress;
#[path = "fetch/request.rs"]
mod request;
#[path = "fetch/upload.rs"]
mod upload;
#[path = "fetch/url.rs"]
mod url;

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use arguments::Arguments;
use progress::Progress;
use request::Request;
use stdhttp::{HTTPConnection, HTTPException, HTTPResponse, Source};
use upload::Content;

const USAGE: &str = "\
usage: fetch [-I] [-i] [-L] [-s] [-v] [-X METHOD] [-H 'Name: value']...
             [-d DATA|@FILE]... [-T FILE] [-o FILE] URL

  -I                asks for the head alone, and writes it
  -i                writes the head of the response before its body
  -L                follows redirects, ten at most
  -s                writes no progress and no error
  -v                writes what goes over the wire to standard error, credentials masked
  -X METHOD         the method; otherwise GET, HEAD with -I, POST with -d, PUT with -T
  -H 'Name: value'  a header field; can be given again
  -d DATA           sends a form; given again, joined with &
  -d @FILE          sends a form from a file; -d @- from standard input
  -T FILE           sends a file; -T - sends standard input
  -o FILE           writes to a file instead of standard output
  -h, --help        writes this

A URL is [http://]host[:port][/path][?query]. Each step may wait 60 seconds.
Exit status: 0 for any response, 1 if a local file or standard stream fails, 2 for wrong usage,
3 if the network fails, 4 if the peer breaks the protocol or redirects to where -L can't follow.";

/// The longest time for connecting, for one read and for one write.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The size of the pieces that bodies are moved in.
const BLOCK: usize = 65_000;

/// How many redirects are followed.
const REDIRECTS: usize = 10;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) if arguments.help => exit(write_usage(), false),
        Ok(arguments) => exit(fetch(&arguments), arguments.silent),
        Err(problem) => exit(Err(Failure::Usage(problem)), false),
    }
}

fn exit(done: Result<(), Failure>, silent: bool) -> ExitCode {
    let Err(failure) = done else {
        return ExitCode::SUCCESS;
    };
    if !silent {
        eprintln!("fetch: {failure}");
    }
    ExitCode::from(failure.exit_status())
}

fn write_usage() -> Result<(), Failure> {
    Output::open(None)?.write(format!("{USAGE}\n").as_bytes())
}

/// Asks until there is a response to keep. Each request has a connection of its own.
fn fetch(arguments: &Arguments) -> Result<(), Failure> {
    let mut request = Request::new(arguments);
    let mut output = None;
    for _ in 0..=REDIRECTS {
        let mut conn = connection(&request, arguments)?;
        send(&mut conn, &request, arguments)?;
        let mut response = conn.getresponse()?;
        let output = match &mut output {
            Some(output) => output,
            None => output.insert(Output::open(arguments.output.as_deref())?),
        };
        if arguments.shows_head() {
            output.write(&head_of(&response))?;
        }
        let next = match arguments.follow {
            true => request.redirected(&response)?,
            false => None,
        };
        match next {
            Some(next) => request = next,
            None => return receive(&mut response, output, arguments),
        }
    }
    let problem = format!("more than {REDIRECTS} redirects");
    Err(Failure::Redirect(problem))
}

fn connection(request: &Request<'_>, arguments: &Arguments) -> Result<HTTPConnection, Failure> {
    let mut conn = HTTPConnection::builder(&request.url.authority)
        .timeout(TIMEOUT)
        .build()?;
    if arguments.verbose {
        conn.set_debuglevel(1);
        conn.set_debug_output(io::stderr());
    }
    Ok(conn)
}

/// Sends the request with its body.
fn send(
    conn: &mut HTTPConnection,
    request: &Request<'_>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let content = request.upload.map(Content::open).transpose()?;
    request.start(conn, content.as_ref())?;
    let Some(content) = content else {
        return Ok(());
    };
    let waits = request.has_header("Expect");
    match content.send(conn, waits, arguments.shows_progress()) {
        // A peer that refuses a body may answer and close; the answer says why.
        Err(Failure::Exchange(error)) if error.is_connection_reset() => Ok(()),
        sent => sent,
    }
}

/// Writes the body of the response where it belongs, piece by piece.
fn receive<W: Source>(
    response: &mut HTTPResponse<'_, W>,
    output: &mut Output,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let visible = !output.is_terminal && arguments.shows_progress();
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
    /// A redirect can't be followed: 4.
    Redirect(String),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Local(..) => 1,
            Self::Usage(_) => 2,
            Self::Exchange(error) if error.is_caller_error() => 2,
            Self::Exchange(error) if error.is_network_error() => 3,
            Self::Exchange(_) | Self::Redirect(_) => 4,
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
            Self::Usage(problem) => write!(f, "{problem}; --help shows how to call it"),
            Self::Exchange(error) => write!(f, "{error}"),
            Self::Redirect(problem) => write!(f, "redirect: {problem}"),
        }
    }
}
