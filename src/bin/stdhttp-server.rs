//! `stdhttp-server`: a directory over HTTP, from the command line, as `python -m http.server` does it.
//!
//! ```text
//! cargo run --release --features server --bin stdhttp-server -- [port] [-b ADDRESS] [-d DIRECTORY]
//!     [-p VERSION] [--cgi] [-H NAME VALUE]... [--content-type TYPE]
//! ```
//!
//! Departs from Python: HTTP/1.1 is the default; a directory that is not there, a port in use and
//! other failures at the start are one line and exit status 1. Ctrl-C ends the process by the
//! system's default action, so that a shell sees 130 and no line is written: `std` can't catch it.
//! With the feature `sys`, on Linux, it is as in Python: a line, requests under way end, exit status
//! 0; a second one ends the process at once. TLS needs a library of its own, which this crate does
//! not have.

#![forbid(unsafe_code)]

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::process::ExitCode;

use stdhttp::HTTPVersion;
use stdhttp::server::{
    HTTPServer, Handler, ServerAddress, SimpleHTTPRequestHandler, ThreadingHTTPServer,
};

const USAGE: &str = "\
usage: stdhttp-server [port] [-b ADDRESS] [-d DIRECTORY] [-p VERSION] [--cgi]
                      [-H NAME VALUE]... [--content-type TYPE]

Serves the files of a directory over HTTP, to everyone who can reach this
machine unless -b says otherwise. Each request is a line on standard error.
Ctrl-C ends it.

  port                       listens on this port; 0 lets the system choose
                             (default: 8000)
  -b, --bind ADDRESS         listens on this address, for example 127.0.0.1
                             (default: all addresses, of IPv6 and IPv4)
  -d, --directory DIRECTORY  serves this directory (default: the current one)
  -p, --protocol VERSION     HTTP/1.1, or HTTP/1.0 for one request on a
                             connection (default: HTTP/1.1)
  --cgi                      runs the programs below /cgi-bin and /htbin (Unix)
  -H, --header NAME VALUE    sends this field with every file; may be repeated
  --content-type TYPE        the type of files whose name tells none
                             (default: application/octet-stream)
  -h, --help                 writes this

Files whose names begin with a dot are not served, nor links that lead out of
the directory.
Exit status: 1 if it can't serve, 2 for wrong usage.";

/// Fields that the server sends itself.
const OWN_FIELDS: [&str; 13] = [
    "accept-ranges",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "server",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn main() -> ExitCode {
    let done = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) if arguments.help => write_line(USAGE),
        Ok(arguments) => serve(arguments),
        Err(problem) => Err(Failure::Usage(problem)),
    };
    let Err(failure) = done else {
        return ExitCode::SUCCESS;
    };
    // Where nobody can be told there is still the exit status.
    let _ = writeln!(io::stderr(), "stdhttp-server: {failure}");
    ExitCode::from(failure.exit_status())
}

/// Why nothing is served.
#[derive(Debug)]
enum Failure {
    Usage(String),
    Directory(String, io::Error),
    /// There is no such address.
    Address(String, io::Error),
    Listen(SocketAddr, io::Error),
    #[cfg(all(feature = "sys", target_os = "linux"))]
    Interrupt(io::Error),
    Output(io::Error),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => write!(f, "{problem} (--help lists the options)"),
            Self::Directory(path, error) => match error.kind() {
                ErrorKind::NotFound => write!(f, "there is no directory {path}"),
                ErrorKind::NotADirectory => write!(f, "{path} is no directory"),
                _ => write!(f, "can't read the directory {path}: {error}"),
            },
            Self::Address(name, error) => write!(f, "no address for {name}: {error}"),
            Self::Listen(address, error) => match error.kind() {
                ErrorKind::AddrInUse => write!(f, "port {} is in use", address.port()),
                _ => write!(f, "can't listen on {address}: {error}"),
            },
            #[cfg(all(feature = "sys", target_os = "linux"))]
            Self::Interrupt(error) => write!(f, "can't catch Ctrl-C: {error}"),
            Self::Output(error) => write!(f, "can't write to standard output: {error}"),
        }
    }
}

/// Serves until the process is ended.
fn serve(arguments: Arguments) -> Result<(), Failure> {
    let directory = arguments.directory.clone();
    let files = SimpleHTTPRequestHandler::new(&directory)
        .map_err(|error| Failure::Directory(directory, error))?;
    let mut files = files.default_content_type(&arguments.content_type);
    for (name, value) in &arguments.headers {
        files = files.extra_response_header(name, value);
    }
    let listener = listen(&arguments.addresses()?)?;
    #[cfg(unix)]
    if arguments.cgi {
        let handler = stdhttp::server::CGIHTTPRequestHandler::new(files);
        return serve_with(handler, listener, arguments.version);
    }
    serve_with(files, listener, arguments.version)
}

/// Listens on the first of the addresses that this machine has.
fn listen(addresses: &[SocketAddr]) -> Result<TcpListener, Failure> {
    let mut failure = Failure::Usage("no address".into());
    for &address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                let in_use = error.kind() == ErrorKind::AddrInUse;
                failure = Failure::Listen(address, error);
                if in_use {
                    break;
                }
            }
        }
    }
    Err(failure)
}

fn serve_with(
    handler: impl Handler,
    listener: TcpListener,
    version: HTTPVersion,
) -> Result<(), Failure> {
    let server = HTTPServer::from_listener(listener, handler).map_err(Failure::Output)?;
    let server = ThreadingHTTPServer::from(server.protocol_version(version));
    #[cfg(all(feature = "sys", target_os = "linux"))]
    end_when_interrupted(server.shutdown_handle()).map_err(Failure::Interrupt)?;
    if let ServerAddress::Ip(address) = server.server_address() {
        let (host, port) = (address.ip(), address.port());
        write_line(&format!(
            "Serving HTTP on {host} port {port} (http://{address}/) ..."
        ))?;
    }
    server.serve_forever();
    Ok(())
}

/// Ends the server in good order at Ctrl-C.
#[cfg(all(feature = "sys", target_os = "linux"))]
fn end_when_interrupted(shutdown: stdhttp::server::Shutdown) -> io::Result<()> {
    let interrupt = stdhttp::server::Interrupt::catch()?;
    std::thread::spawn(move || {
        interrupt.wait();
        // The server ends even where nobody can be told.
        let _ = write_line("\nKeyboard interrupt received, exiting.");
        shutdown.shutdown();
    });
    Ok(())
}

fn write_line(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout();
    let written = writeln!(output, "{text}").and_then(|()| output.flush());
    written.map_err(Failure::Output)
}

/// What to do.
#[derive(Debug)]
struct Arguments {
    help: bool,
    port: u16,
    bind: Option<String>,
    directory: String,
    version: HTTPVersion,
    cgi: bool,
    headers: Vec<(String, String)>,
    content_type: String,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            help: false,
            port: 8000,
            bind: None,
            directory: ".".into(),
            version: HTTPVersion::Http11,
            cgi: false,
            headers: Vec::new(),
            content_type: "application/octet-stream".into(),
        }
    }
}

impl Arguments {
    /// Reads the command line, without the program's name.
    fn parse(given: impl Iterator<Item = std::ffi::OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut port = None;
        let mut options = true;
        let mut given = given.map(text);
        while let Some(argument) = given.next().transpose()? {
            if options && argument == "--" {
                options = false;
            } else if options && argument.len() > 1 && argument.starts_with('-') {
                arguments.option(&argument, &mut given)?;
            } else if port.replace(argument).is_some() {
                return Err("more than one port".into());
            }
            if arguments.help {
                return Ok(arguments);
            }
        }
        if let Some(port) = port {
            let number = port.parse();
            arguments.port = number.map_err(|_| format!("{port} is no port, 0 to 65535"))?;
        }
        Ok(arguments)
    }

    /// Takes an option; its value is the rest of the argument, or else the next one.
    fn option(
        &mut self,
        argument: &str,
        given: &mut impl Iterator<Item = Result<String, String>>,
    ) -> Result<(), String> {
        let (name, attached) = split_option(argument);
        let mut attached = attached.map(str::to_owned).map(Ok);
        let missing = || Err(format!("{name} needs a value"));
        let mut value = || {
            attached
                .take()
                .or_else(|| given.next())
                .unwrap_or_else(missing)
        };
        match name {
            "-b" | "--bind" => self.bind = Some(value()?),
            "-d" | "--directory" => self.directory = value()?,
            "-p" | "--protocol" => self.version = version(&value()?)?,
            "-H" | "--header" => self.headers.push(header(value()?, value()?)?),
            "--content-type" => self.content_type = content_type(value()?)?,
            "--tls-cert" | "--tls-key" | "--tls-password-file" => return Err(no_tls(name)),
            "-h" | "--help" | "--cgi" if attached.is_some() => {
                return Err(format!("{name} takes no value"));
            }
            "-h" | "--help" => self.help = true,
            "--cgi" => match cfg!(unix) {
                true => self.cgi = true,
                false => return Err("--cgi works on Unix alone".into()),
            },
            _ => return Err(format!("unknown option {argument}")),
        }
        Ok(())
    }

    /// Where to listen: what the name stands for, or everywhere. A socket for all addresses of IPv6
    /// takes those of IPv4 too, but on Windows, where `std` can't make it.
    fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        match self.bind.as_deref() {
            Some(name) => {
                let host = name.trim_start_matches('[').trim_end_matches(']');
                let found = (host, self.port).to_socket_addrs();
                let found = found.map_err(|error| Failure::Address(name.to_owned(), error))?;
                Ok(found.collect())
            }
            None => {
                let all_of_4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.port));
                let all_of_6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port));
                Ok(match cfg!(windows) {
                    true => vec![all_of_4],
                    false => vec![all_of_6, all_of_4],
                })
            }
        }
    }
}

/// `--name=value`, `-nvalue`, or the name alone.
fn split_option(argument: &str) -> (&str, Option<&str>) {
    if argument.starts_with("--") {
        return match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
    }
    match argument.char_indices().nth(2) {
        Some((place, _)) => {
            let (name, value) = argument.split_at(place);
            (name, Some(value))
        }
        None => (argument, None),
    }
}

fn text(argument: std::ffi::OsString) -> Result<String, String> {
    let argument = argument.into_string();
    argument.map_err(|argument| format!("{} is no UTF-8", argument.to_string_lossy()))
}

fn version(given: &str) -> Result<HTTPVersion, String> {
    match given {
        "HTTP/1.1" => Ok(HTTPVersion::Http11),
        "HTTP/1.0" => Ok(HTTPVersion::Http10),
        _ => Err(format!("{given} is no version, HTTP/1.0 or HTTP/1.1")),
    }
}

fn header(name: String, value: String) -> Result<(String, String), String> {
    let token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("{name:?} is no name of a field"));
    }
    if OWN_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("{name} is sent by the server itself"));
    }
    if value.contains(|character: char| character.is_ascii_control() && character != '\t') {
        return Err(format!("{value:?} is no value of a field"));
    }
    Ok((name, value))
}

fn content_type(given: String) -> Result<String, String> {
    let plain = !given.contains(|character: char| character.is_ascii_control());
    match given.split_once('/') {
        Some((kind, rest)) if plain && !kind.is_empty() && !rest.is_empty() => Ok(given),
        _ => Err(format!("{given:?} is no media type")),
    }
}

fn no_tls(name: &str) -> String {
    format!("{name}: this command has no TLS; docs/tls.md says how a program gets it")
}
