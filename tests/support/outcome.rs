//! What came of one answer, in a form that can be compared, and three ways to come by it: the
//! state machine without I/O, `from_reader`, and a connection to a scripted peer.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file drives in some of the ways"
)]

use std::io::{self, BufRead, ErrorKind, Read};

use stdhttp::proto::{Exchange, Received, RequestContext};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{
    Counted, End, ForgivenSet, HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, Limits,
    Measured, MessagePart, Source, StaleCheck, Tolerance,
};

pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// An answer as far as it came, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The final head, unless it failed.
    pub head: Option<Head>,
    pub interim: Vec<u16>,
    pub body: Vec<u8>,
    pub trailers: Fields,
    pub failure: Option<Failure>,
    /// More was needed and the peer stayed silent.
    pub blocked: bool,
    /// Octets up to the end of the message, where it has one.
    pub consumed: Option<usize>,
    /// Whether the connection may carry the next request, leaving aside octets behind the message.
    pub reusable: bool,
    pub forgiven: ForgivenSet,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub version: u8,
    pub raw_version: Option<[u8; 3]>,
    pub status: u16,
    pub reason: Vec<u8>,
    pub fields: Fields,
}

/// An error: the name of its kind in the case tables, and all its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: &'static str,
    pub facts: String,
}

impl Outcome {
    /// Whether the message was accepted to its proven end.
    pub fn is_complete(&self) -> bool {
        self.consumed.is_some()
    }

    pub fn error(&self) -> Option<&'static str> {
        self.failure.as_ref().map(|failure| failure.name)
    }

    /// Without what cannot be known from a response: interim heads, the version as it came, and,
    /// on a connection, how much was consumed.
    pub fn into_response(mut self, consumed: bool) -> Self {
        self.interim.clear();
        match &mut self.head {
            Some(head) => head.raw_version = None,
            None => self.forgiven = ForgivenSet::default(),
        }
        if !consumed {
            self.consumed = self.consumed.map(|_| 0);
        }
        self
    }

    fn failed(mut self, error: &HTTPException) -> Self {
        if is_silence(error) {
            self.blocked = true;
        } else {
            self.failure = Some(Failure::of(error));
        }
        self
    }
}

impl Failure {
    pub fn of(error: &HTTPException) -> Self {
        Self {
            name: name_of(error),
            facts: facts_of(error),
        }
    }
}

/// What a call had read before it failed depends on how the caller reads; all else is compared.
fn facts_of(error: &HTTPException) -> String {
    match error {
        HTTPException::IncompleteRead(read) if read.part == MessagePart::Body => {
            format!("{:?} {:?} {:?}", read.got, read.expected, read.end)
        }
        // What does not begin as a status line is refused at the first octet that differs; how
        // much of the line is at hand then depends on the cuts.
        HTTPException::BadStatusLine { line } if !line.as_bytes().starts_with(b"HTTP/") => {
            String::new()
        }
        // Whether the request may be sent again is the connection's to know.
        HTTPException::RemoteDisconnected { .. } => String::new(),
        other => format!("{other:?}"),
    }
}

/// The name that the case tables use.
pub fn name_of(error: &HTTPException) -> &'static str {
    use HTTPException as E;
    match error {
        E::BadStatusLine { .. } => "BadStatusLine",
        E::UnknownProtocol { .. } => "UnknownProtocol",
        E::InvalidHeader { .. } => "InvalidHeader",
        E::LineTooLong { .. } => "LineTooLong",
        E::TooMany {
            what: Counted::InterimResponses,
            ..
        } => "TooManyInterim",
        E::TooMany { .. } => "TooManyHeaders",
        E::TooLarge {
            what: Measured::ChunkExtensions,
            ..
        } => "InvalidChunk",
        E::TooLarge { .. } => "HeadersTooLarge",
        E::InvalidContentLength { .. } => "InvalidContentLength",
        E::UnknownTransferEncoding { .. } => "UnknownTransferEncoding",
        E::ConflictingFraming => "ConflictingFraming",
        E::InvalidChunk { .. } => "InvalidChunk",
        E::UnexpectedUpgrade => "UnexpectedUpgrade",
        E::RemoteDisconnected { .. } => "RemoteDisconnected",
        E::IncompleteRead(read) if read.part == MessagePart::Head => "IncompleteHead",
        E::IncompleteRead(_) => "IncompleteBody",
        E::InvalidMethod { .. } => "InvalidMethod",
        E::InvalidURL(_) => "InvalidURL",
        E::InvalidHeaderName { .. } => "InvalidHeaderName",
        E::InvalidHeaderValue { .. } => "InvalidHeaderValue",
        E::ConflictingHeader { .. } => "ConflictingHeader",
        E::InvalidBody { .. } => "InvalidBody",
        E::BodyLengthMismatch { .. } => "BodyLengthMismatch",
        E::TimedOut { .. } => "TimedOut",
        _ => "another",
    }
}

fn is_silence(error: &HTTPException) -> bool {
    match error {
        HTTPException::TimedOut { .. } => true,
        HTTPException::Io { error, .. } => error.kind() == ErrorKind::WouldBlock,
        _ => false,
    }
}

pub fn fields_of(message: &HTTPMessage) -> Fields {
    let items = message.items_bytes();
    items
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect()
}

/// How an answer is taken in: for which request, how forgiving, and what comes after it.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub method: &'a str,
    pub tolerance: Tolerance,
    /// Nothing: the peer stays silent.
    pub end: Option<End>,
    /// The size of the caller's buffer for the body.
    pub buffer: usize,
    /// The other protocols that the request asked for.
    pub upgrade: Option<&'a str>,
}

impl<'a> Setting<'a> {
    pub fn new(method: &'a str, end: Option<End>) -> Self {
        Self {
            method,
            tolerance: Tolerance::STANDARD,
            end,
            buffer: 4_096,
            upgrade: None,
        }
    }

    pub fn context(&self) -> RequestContext {
        RequestContext::of_method(self.method)
            .with(|request| request.upgrade = self.upgrade.is_some())
    }
}

/// Drives [`Exchange`] over `input`, which arrives up to each of the ascending `cuts` in turn.
pub fn exchange(setting: &Setting<'_>, input: &[u8], cuts: &[usize]) -> Outcome {
    let mut run = ExchangeRun {
        exchange: Exchange::answer_to(setting.context(), Limits::DEFAULT, setting.tolerance),
        outcome: Outcome::default(),
        input,
        at: 0,
        buffer: vec![0; setting.buffer],
    };
    let result = run.drive(setting.end, cuts);
    run.finish(result)
}

struct ExchangeRun<'a> {
    exchange: Exchange,
    outcome: Outcome,
    input: &'a [u8],
    at: usize,
    buffer: Vec<u8>,
}

impl ExchangeRun<'_> {
    fn drive(&mut self, end: Option<End>, cuts: &[usize]) -> Result<(), HTTPException> {
        let all = self.input.len();
        for cut in cuts.iter().copied().chain([all]) {
            if self.outcome.head.is_none() {
                self.take_heads(cut)?;
            }
            if self.outcome.head.is_some() {
                self.take_body(cut)?;
            }
        }
        if self.exchange.is_complete() {
            return Ok(());
        }
        match end {
            None => self.outcome.blocked = true,
            Some(end) if self.outcome.head.is_some() => self.exchange.end_of_input(end)?,
            Some(end) => self.end_head(end)?,
        }
        Ok(())
    }

    fn take_heads(&mut self, available: usize) -> Result<(), HTTPException> {
        while self.at < available {
            match self
                .exchange
                .receive_head(&self.input[self.at..available])?
            {
                Received::Interim(length) => {
                    self.outcome.interim.push(self.exchange.response().status());
                    self.at += length;
                }
                Received::Final(length) => {
                    self.at += length;
                    self.keep_head();
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn keep_head(&mut self) {
        let response = self.exchange.response();
        self.outcome.head = Some(Head {
            version: response.version().number(),
            raw_version: Some(*response.raw_version()),
            status: response.status(),
            reason: response.reason().to_vec(),
            fields: fields_of(response.headers()),
        });
    }

    fn take_body(&mut self, available: usize) -> Result<(), HTTPException> {
        loop {
            let rest = &self.input[self.at..available];
            let step = self.exchange.decode(rest, &mut self.buffer)?;
            self.at += step.consumed;
            self.outcome
                .body
                .extend_from_slice(&self.buffer[..step.produced]);
            if step.produced == 0 {
                return Ok(());
            }
        }
    }

    fn end_head(&mut self, end: End) -> Result<(), HTTPException> {
        let rest = &self.input[self.at..];
        if rest.is_empty() {
            return Err(HTTPException::RemoteDisconnected {
                retry: stdhttp::Retry::default(),
            });
        }
        self.exchange.head_ended(rest, end)?;
        self.at = self.input.len();
        self.keep_head();
        self.exchange.end_of_input(end)
    }

    fn finish(mut self, result: Result<(), HTTPException>) -> Outcome {
        self.outcome.forgiven = self.exchange.forgiven();
        if let Err(error) = result {
            return self.outcome.failed(&error);
        }
        if self.exchange.is_complete() {
            self.outcome.consumed = Some(self.at);
            self.outcome.reusable = self.exchange.close_reason().is_none();
            self.outcome.trailers = fields_of(self.exchange.decoder().trailers());
        }
        self.outcome
    }
}

/// A reader that hands out its bytes up to each cut in turn, and then ends, or would block.
#[derive(Debug)]
pub struct Pieces<'a> {
    bytes: &'a [u8],
    cuts: &'a [usize],
    at: usize,
    ends: bool,
}

impl<'a> Pieces<'a> {
    pub fn new(bytes: &'a [u8], cuts: &'a [usize], ends: bool) -> Self {
        let at = 0;
        Self {
            bytes,
            cuts,
            at,
            ends,
        }
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let next = self.cuts.iter().find(|cut| **cut > self.at);
        let end = next.map_or(self.bytes.len(), |cut| *cut);
        match &self.bytes[self.at..end] {
            [] if !self.ends => Err(ErrorKind::WouldBlock.into()),
            piece => Ok(piece),
        }
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        assert!(self.at <= self.bytes.len());
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(output)?;
        self.consume(count);
        Ok(count)
    }
}

/// Reads an answer from a reader.
pub fn reader(setting: &Setting<'_>, input: &[u8], cuts: &[usize]) -> Outcome {
    let mut pieces = Pieces::new(input, cuts, setting.end.is_some());
    let response = HTTPResponse::answer_to(
        &mut pieces,
        setting.context(),
        Limits::DEFAULT,
        setting.tolerance,
    );
    let mut outcome = match response {
        Ok(response) => read_response(response, setting.buffer, 0),
        Err(error) => Outcome::default().failed(&error),
    };
    outcome.consumed = outcome.consumed.map(|_| pieces.at);
    outcome
}

/// Reads a response to its end; what was consumed is for the caller to say. A timeout is met by
/// the same call again, so many times.
pub fn read_response<W: Source>(
    mut response: HTTPResponse<'_, W>,
    buffer: usize,
    mut patience: usize,
) -> Outcome {
    let mut outcome = Outcome {
        head: Some(head_of(&response)),
        ..Outcome::default()
    };
    let mut buffer = vec![0; buffer];
    let result = loop {
        match response.readinto(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => outcome.body.extend_from_slice(&buffer[..count]),
            Err(error) if patience > 0 && is_silence(&error) => patience -= 1,
            Err(error) => break Err(error),
        }
    };
    outcome.forgiven = response.forgiven();
    if let Err(error) = result {
        return outcome.failed(&error);
    }
    outcome.consumed = Some(0);
    outcome.reusable = response.close_reason().is_none();
    outcome.trailers = fields_of(response.trailers().expect("trailers of a complete message"));
    outcome
}

pub fn head_of<W: Source>(response: &HTTPResponse<'_, W>) -> Head {
    Head {
        version: response.version(),
        raw_version: None,
        status: response.status(),
        reason: response.reason_bytes().to_vec(),
        fields: fields_of(response.headers()),
    }
}

/// A connection to a peer that follows these scripts, with a request of this method sent.
pub fn connection(setting: &Setting<'_>, scripts: Vec<Script>) -> HTTPConnection<Peer> {
    let peer = Peer::new(scripts);
    let mut conn = HTTPConnection::builder("example.org")
        .connector(peer.clone())
        .clock(peer)
        .tolerance(setting.tolerance)
        .stale_check(StaleCheck::Never)
        .read_timeout(std::time::Duration::from_secs(1))
        .build()
        .expect("a good host");
    send_request(&mut conn, setting);
    conn
}

pub fn send_request(conn: &mut HTTPConnection<Peer>, setting: &Setting<'_>) {
    let target = match setting.method {
        "CONNECT" => "example.org:443",
        _ => "/",
    };
    conn.putrequest(setting.method, target)
        .expect("a good request line");
    if setting.method == "POST" {
        conn.putheader("Content-Length", 0).expect("a good field");
    }
    if let Some(protocols) = setting.upgrade {
        conn.putheader("Upgrade", protocols).expect("a good field");
    }
    conn.endheaders().expect("a peer that takes the request");
}

/// Gets and reads the answer that is due on a connection, with patience for so many timeouts.
pub fn receive(conn: &mut HTTPConnection<Peer>, buffer: usize, mut patience: usize) -> Outcome {
    while patience > 0 {
        match conn.getresponse() {
            Ok(response) => return read_response(response, buffer, patience),
            Err(error) if is_silence(&error) => patience -= 1,
            Err(error) => return Outcome::default().failed(&error),
        }
    }
    match conn.getresponse() {
        Ok(response) => read_response(response, buffer, 0),
        Err(error) => Outcome::default().failed(&error),
    }
}

/// The script's ending for an end of the input.
pub fn ending(end: Option<End>) -> Ending {
    end.map_or(Ending::Silence, Ending::from)
}
