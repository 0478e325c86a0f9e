//! One run of a script: the request's body goes in, what comes out becomes the response, through the
//! writer that every handler has, so that no script can break the framing.

use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::error::HTTPException;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::cgi::output::{HeadReader, Progress, ScriptHead};
use crate::server::cgi::process::{Running, Written};
use crate::server::cgi::script::{Refused, Script, Wanted};
use crate::server::cgi::variables::variables;
use crate::server::log::Escaped;

/// Bodies are moved in pieces of this size.
const BLOCK: usize = 16_384;

/// A script that pauses for so long has what it wrote so far sent.
const PAUSE: Duration = Duration::from_millis(100);

/// What came of a script.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The request is answered.
    Answered,
    /// What this path names is to be sent.
    Elsewhere(Vec<u8>),
}

/// Why a script gives no whole response.
#[derive(Debug)]
enum Failure {
    /// What it wrote is no response.
    Malformed,
    /// Its time is over.
    TooSlow,
    /// The client, or the system.
    Other(HTTPException),
}

impl From<HTTPException> for Failure {
    fn from(error: HTTPException) -> Self {
        Self::Other(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Where the bytes of a script's output belong.
#[derive(Debug)]
enum Stage {
    Head(HeadReader),
    Body,
    /// A response without a body.
    NoBody,
    Elsewhere(Vec<u8>),
}

pub(super) struct Relay<'r, 'a> {
    request: &'r mut BaseHTTPRequestHandler<'a>,
    script: &'r Script,
    wanted: &'r Wanted,
    deadline: Instant,
    stage: Stage,
    block: Vec<u8>,
}

impl<'r, 'a> Relay<'r, 'a> {
    pub(super) fn new(
        request: &'r mut BaseHTTPRequestHandler<'a>,
        script: &'r Script,
        wanted: &'r Wanted,
        deadline: Instant,
    ) -> Self {
        Self {
            request,
            script,
            wanted,
            deadline,
            stage: Stage::Head(HeadReader::default()),
            block: vec![0; BLOCK],
        }
    }

    /// Runs the script to its end.
    pub(super) fn run(mut self) -> Result<Outcome, HTTPException> {
        // The script is told how long its input is before it begins (RFC 3875 section 4.1.2).
        let Some(length) = self.length() else {
            self.request.send_error(411, None, None)?;
            return Ok(Outcome::Answered);
        };
        let length = Some(length).filter(|&length| length > 0);
        let variables = variables(self.request, self.script, self.wanted, length);
        let mut running = match Running::start(self.script, variables, self.deadline) {
            Ok(running) => running,
            Err(error) => return self.not_started(&error),
        };
        let relayed = self.relay(&mut running);
        let (status, errors) = running.end(match &relayed {
            Ok(()) => Duration::MAX,
            // Most have failed, and end by themselves.
            Err(Failure::Malformed) => PAUSE,
            Err(_) => Duration::ZERO,
        });
        self.log(status, &errors);
        match relayed {
            Ok(()) => Ok(self.outcome()),
            Err(failure) => self.failed(failure),
        }
    }

    /// The length of the script's input, where it is known.
    fn length(&mut self) -> Option<u64> {
        match self.wanted.has_body {
            true => self.request.rfile().remaining(),
            false => Some(0),
        }
    }

    fn not_started(&mut self, error: &io::Error) -> Result<Outcome, HTTPException> {
        if error.kind() == ErrorKind::PermissionDenied {
            let refused = Refused::NotExecutable;
            let message = refused.message(&self.wanted.path);
            self.request
                .send_error(refused.status(), message.as_str(), None)?;
        } else {
            self.request
                .log_error(format_args!("CGI script can't be started: {error}"));
            self.request.send_error(500, None, None)?;
        }
        Ok(Outcome::Answered)
    }

    fn outcome(self) -> Outcome {
        match self.stage {
            Stage::Elsewhere(location) => Outcome::Elsewhere(location),
            _ => Outcome::Answered,
        }
    }

    /// Moves all bytes, both ways.
    fn relay(&mut self, running: &mut Running) -> Result<(), Failure> {
        if self.wanted.has_body {
            self.feed(running)?;
        }
        running.close_input();
        while self.receive(running)? {}
        match self.stage {
            Stage::Head(_) => Err(Failure::Malformed),
            _ => Ok(()),
        }
    }

    /// Waits for output; false at its end. A process that the script has left behind may hold its
    /// output open: then it ends with the script.
    fn receive(&mut self, running: &mut Running) -> Result<bool, Failure> {
        let ended = running.has_ended();
        match self.read(running, if ended { Duration::ZERO } else { PAUSE })? {
            Some(count) => Ok(count > 0),
            None if ended => Ok(false),
            None => {
                self.flush()?;
                Ok(true)
            }
        }
    }

    /// Gives the request's body to the script, as long as it takes it.
    fn feed(&mut self, running: &mut Running) -> Result<(), Failure> {
        let mut piece = vec![0; BLOCK];
        loop {
            let count = self.request.rfile().read(&mut piece)?;
            let bytes = piece.get(..count).unwrap_or_default();
            if bytes.is_empty() || !self.offer(running, bytes)? {
                return Ok(());
            }
        }
    }

    /// Gives the script these bytes; false if it does not want them. One that does not read because
    /// it writes has its output taken.
    fn offer(&mut self, running: &mut Running, mut bytes: &[u8]) -> Result<bool, Failure> {
        while !bytes.is_empty() {
            // Its time also passes where the client is slow to send.
            running.time_left().ok_or(Failure::TooSlow)?;
            match running.write(bytes)? {
                Written::Bytes(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Written::Closed => return Ok(false),
                Written::Busy => loop {
                    match self.read(running, Duration::ZERO)? {
                        Some(0) => return Ok(false),
                        Some(_) => {}
                        None => break,
                    }
                },
            }
        }
        Ok(true)
    }

    /// Takes what the script has written, waiting so long for it; the count of bytes, 0 at its end.
    fn read(&mut self, running: &mut Running, wait: Duration) -> Result<Option<usize>, Failure> {
        let left = running.time_left().ok_or(Failure::TooSlow)?;
        let mut block = std::mem::take(&mut self.block);
        let read = running.read(&mut block, wait.min(left));
        let taken = match &read {
            Ok(Some(count)) => self.take(block.get(..*count).unwrap_or_default()),
            _ => Ok(()),
        };
        self.block = block;
        taken?;
        Ok(read?)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.stage {
            Stage::Body => {
                let written = self.request.write_body(bytes);
                written.map_err(|error| self.fault(error))
            }
            Stage::NoBody | Stage::Elsewhere(_) => Ok(()),
            Stage::Head(reader) => match reader.take(bytes) {
                Progress::Incomplete => Ok(()),
                Progress::TooLong => Err(Failure::Malformed),
                Progress::Complete(length) => {
                    let reader = std::mem::take(reader);
                    self.begin(&reader.head().ok_or(Failure::Malformed)?)?;
                    self.take(bytes.get(length..).unwrap_or_default())
                }
            },
        }
    }

    /// The head is there.
    fn begin(&mut self, head: &ScriptHead<'_>) -> Result<(), Failure> {
        if let Some(location) = head.local_location() {
            if !location.iter().all(u8::is_ascii_graphic) {
                return Err(Failure::Malformed);
            }
            self.stage = Stage::Elsewhere(location.to_vec());
            return Ok(());
        }
        let sent = self.send_head(head);
        sent.map_err(|error| self.fault(error))?;
        self.stage = match head.status().0 {
            204 | 205 | 304 => Stage::NoBody,
            _ if self.wanted.method == "HEAD" => {
                // The length of a body that the script does not write is not known.
                self.request.flush_headers()?;
                Stage::NoBody
            }
            _ => Stage::Body,
        };
        Ok(())
    }

    fn send_head(&mut self, head: &ScriptHead<'_>) -> Result<(), HTTPException> {
        let (code, reason) = head.status();
        self.request.send_response(code, reason)?;
        for (name, value) in &head.fields {
            self.request.send_header(name, *value)?;
        }
        self.request.connection_ref().exchange.check_head()?;
        self.request.end_headers()
    }

    /// What is refused of a response of which nothing was sent yet is the script's fault, and who
    /// wrote it must learn of it.
    fn fault(&self, error: HTTPException) -> Failure {
        if self.request.connection_ref().has_begun() {
            return Failure::Other(error);
        }
        let text = error.to_string();
        self.request
            .log_error(format_args!("CGI script: {}", Escaped(&text)));
        Failure::Malformed
    }

    /// Sends what the script has written so far.
    fn flush(&mut self) -> Result<(), Failure> {
        match self.stage {
            Stage::Body => Ok(self.request.wfile().flush()?),
            _ => Ok(()),
        }
    }

    fn failed(self, failure: Failure) -> Result<Outcome, HTTPException> {
        let (status, message) = match failure {
            Failure::Malformed => (502, "CGI script gave no response"),
            Failure::TooSlow => (504, "CGI script took too long"),
            Failure::Other(error) => return Err(error),
        };
        if self.request.connection_ref().has_begun() {
            return Err(io::Error::new(ErrorKind::TimedOut, message).into());
        }
        self.request.send_error(status, message, None)?;
        Ok(Outcome::Answered)
    }

    /// How the script ended, and what it wrote to standard error.
    fn log(&self, status: Option<ExitStatus>, errors: &[u8]) {
        let errors = String::from_utf8_lossy(errors);
        for line in errors.lines() {
            self.request.log_error(format_args!("{}", Escaped(line)));
        }
        match status {
            Some(status) if status.success() => {}
            Some(status) => self.request.log_error(format_args!("CGI script: {status}")),
            None => self.request.log_error(format_args!("CGI script killed")),
        }
    }
}
