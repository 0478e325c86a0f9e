//! Python's `http.client` and h11 as judges of answers, in one long-lived process
//! (`support/judge.py`), and the list of where they differ from the crate and why.

#![allow(unreachable_pub, reason = "the module of one test file")]

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::base64;
use crate::outcome::{Fields, Outcome};
use stdhttp::Forgiven;

/// The judges, in the order of their verdicts.
pub const JUDGES: [&str; 2] = ["http.client", "h11"];

/// What came of an answer that the peer closes the connection after; nothing if it was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(pub Option<Accepted>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub status: u16,
    pub body: Vec<u8>,
    /// Names in lower case; white space in values counts as one SP.
    pub fields: Fields,
}

impl Answer {
    pub fn of(outcome: &Outcome) -> Self {
        let accepted = outcome.consumed.and(outcome.head.as_ref());
        Self(accepted.map(|head| Accepted {
            status: head.status,
            body: outcome.body.clone(),
            fields: head.fields.iter().map(comparable).collect(),
        }))
    }

    fn parse(text: &str) -> Self {
        let mut parts = text.split(' ');
        if parts.next() != Some("ok") {
            return Self(None);
        }
        let mut next = || parts.next().expect("a part of the verdict");
        let status = next().parse().expect("a status");
        let body = octets(next());
        let fields = match next() {
            "=" => Vec::new(),
            fields => fields.split(',').map(field).collect(),
        };
        Self(Some(Accepted {
            status,
            body,
            fields,
        }))
    }
}

fn octets(text: &str) -> Vec<u8> {
    if text == "=" {
        return Vec::new();
    }
    base64::decode(text)
}

fn field(text: &str) -> (Vec<u8>, Vec<u8>) {
    let (name, value) = text.split_once(':').expect("name and value");
    comparable(&(octets(name), octets(value)))
}

fn comparable((name, value): &(Vec<u8>, Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
    let words = value.split(|octet| b" \t\r\n".contains(octet));
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    (name.to_ascii_lowercase(), words.join(&b' '))
}

/// The running process.
#[derive(Debug)]
pub struct Judges {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Judges {
    /// Starts it, if there is a Python with h11.
    pub fn start() -> Option<Self> {
        pythons().iter().find_map(|python| Self::start_with(python))
    }

    fn start_with(python: &Path) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/judge.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        let mut judges = Self {
            child,
            input,
            output,
        };
        judges.ask("GET", b"").is_some().then_some(judges)
    }

    /// A verdict of each judge.
    pub fn judge(&mut self, method: &str, input: &[u8]) -> [Answer; 2] {
        self.ask(method, input).expect("verdicts")
    }

    fn ask(&mut self, method: &str, input: &[u8]) -> Option<[Answer; 2]> {
        let coded = match input {
            [] => "=".to_owned(),
            input => base64::encode(input),
        };
        writeln!(self.input, "{method} {coded}").ok()?;
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        let (one, other) = line.trim_end().split_once('\t')?;
        Some([Answer::parse(one), Answer::parse(other)])
    }
}

impl Drop for Judges {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// That of `.ci/install-judges` in the target directory, where this program lies too; or any.
fn pythons() -> Vec<PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program
        .ancestors()
        .nth(3)
        .map(Path::to_owned)
        .unwrap_or_default();
    vec![target.join("judges/bin/python3"), PathBuf::from("python3")]
}

/// A difference between the crate and a judge.
pub struct Difference<'a> {
    pub judge: &'a str,
    pub method: &'a str,
    pub input: &'a [u8],
    pub ours: &'a Outcome,
    pub theirs: &'a Answer,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let theirs = match &self.theirs.0 {
            None => "refused".to_owned(),
            Some(theirs) => format!("{} \"{}\"", theirs.status, theirs.body.escape_ascii()),
        };
        let ours = match (self.ours.error(), &self.ours.head) {
            (None, Some(head)) => {
                format!("{} \"{}\"", head.status, self.ours.body.escape_ascii())
            }
            (error, _) => error.unwrap_or("blocked").to_owned(),
        };
        let input = self.input.escape_ascii().to_string();
        write!(
            f,
            "{}: {theirs}, ours {ours}, {} \"{input:.300}\"",
            self.judge, self.method
        )
    }
}

impl Difference<'_> {
    /// We refuse with this error what the judge accepts.
    fn only_we_refuse(&self, error: &str) -> bool {
        self.theirs.0.is_some() && self.ours.error() == Some(error)
    }

    /// The judge refuses what we accept.
    fn only_they_refuse(&self) -> bool {
        self.theirs.0.is_none() && self.ours.error().is_none()
    }

    /// Our refusal came in the body or the trailers.
    fn in_body(&self) -> bool {
        self.ours.head.is_some()
    }

    fn status(&self) -> u16 {
        self.ours.head.as_ref().map_or(0, |head| head.status)
    }

    fn forgiven(&self, fault: Forgiven) -> bool {
        self.ours.forgiven.contains(fault)
    }

    /// Empty lines stand before a status line, be it that of an interim response.
    fn has_leading_empty_lines(&self) -> bool {
        let before = [
            "\n\r\n\r\nhttp",
            "\n\r\n\nhttp",
            "\n\n\r\nhttp",
            "\n\n\nhttp",
        ];
        self.input.starts_with(b"\r")
            || self.input.starts_with(b"\n")
            || before.iter().any(|text| self.holds(text))
    }

    /// The answer has no body, whatever its fields say.
    fn is_bodiless(&self) -> bool {
        ["HEAD", "CONNECT"].contains(&self.method)
            || [204, 304].contains(&self.status())
            || !self.ours.interim.is_empty()
    }

    fn lines(&self) -> usize {
        self.input.iter().filter(|octet| **octet == b'\n').count()
    }

    /// Whether the input, in lower case, holds this text.
    fn holds(&self, text: &str) -> bool {
        let input = self.input.to_ascii_lowercase();
        input
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    /// A run of more than 20 digits, in either base.
    fn has_long_number(&self) -> bool {
        let mut runs = self.input.split(|octet| !octet.is_ascii_hexdigit());
        runs.any(|run| run.len() > 20)
    }

    /// Both accept, and only what the judge writes for a framing field is not what came.
    fn only_framing_values_differ(&self) -> bool {
        let ours = Answer::of(self.ours);
        let (Some(ours), Some(theirs)) = (ours.0, &self.theirs.0) else {
            return false;
        };
        let framing: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
        let others = |answer: &Accepted| -> Fields {
            let fields = answer.fields.iter().cloned();
            fields
                .filter(|(name, _)| !framing.contains(&name.as_slice()))
                .collect()
        };
        (ours.status, &ours.body) == (theirs.status, &theirs.body)
            && others(&ours) == others(theirs)
    }
}

/// A kind of difference: whose, in which messages, and the rows of the requirements with the
/// reason.
pub struct Entry {
    judge: &'static str,
    pub reason: &'static str,
    holds: fn(&Difference<'_>) -> bool,
}

/// The first entry that a difference falls under.
pub fn explain(difference: &Difference<'_>) -> Option<usize> {
    DIFFERENCES
        .iter()
        .position(|entry| entry.judge == difference.judge && (entry.holds)(difference))
}

const fn http_client(reason: &'static str, holds: fn(&Difference<'_>) -> bool) -> Entry {
    let judge = JUDGES[0];
    Entry {
        judge,
        reason,
        holds,
    }
}

const fn h11(reason: &'static str, holds: fn(&Difference<'_>) -> bool) -> Entry {
    let judge = JUDGES[1];
    Entry {
        judge,
        reason,
        holds,
    }
}

/// Every kind of difference, with the reason why the crate does as it does.
pub const DIFFERENCES: &[Entry] = &[
    http_client(
        "S-15.2-1: every interim response is skipped, not only 100",
        |d| {
            d.theirs
                .0
                .as_ref()
                .is_some_and(|theirs| (102..=199).contains(&theirs.status))
        },
    ),
    http_client("S-7.8: a 101 that nobody asked for is an error", |d| {
        d.only_we_refuse("UnexpectedUpgrade")
    }),
    http_client(
        "S-15.2-3: the number of interim responses is limited",
        |d| d.only_we_refuse("TooManyInterim"),
    ),
    http_client(
        "M-4-5, M-2.3-2, M-4-4: the status line follows its grammar, not Python's split and int",
        |d| d.only_we_refuse("BadStatusLine"),
    ),
    http_client(
        "S-6.2-4: the syntax of other major versions is not known",
        |d| d.only_we_refuse("UnknownProtocol"),
    ),
    http_client(
        "M-2.2-4, M-2.2-9, M-5.1-3, M-5.1-4, S-5.5-1: lines that are no fields, or hold controls",
        |d| d.only_we_refuse("InvalidHeader") && !d.in_body(),
    ),
    http_client(
        "M-7.1.2-2: trailer lines follow the grammar of fields",
        |d| d.only_we_refuse("InvalidHeader") && d.in_body(),
    ),
    http_client("M-8-2: a head that is cut short is no head", |d| {
        d.only_we_refuse("IncompleteHead")
    }),
    http_client(
        "M-6.3-6, M-6.3-6c: a Content-Length is one number, not ignored, not the first of several",
        |d| d.only_we_refuse("InvalidContentLength"),
    ),
    http_client(
        "M-6.3-6b: equal repeated lengths count, they are not ignored",
        |d| d.forgiven(Forgiven::RepeatedContentLength) && d.theirs.0.is_some(),
    ),
    http_client(
        "M-6.3-3: Transfer-Encoding beside Content-Length is an error",
        |d| d.only_we_refuse("ConflictingFraming"),
    ),
    http_client(
        "M-6.1-7, M-6.1-9: coded content is not handed out as if plain",
        |d| d.only_we_refuse("UnknownTransferEncoding"),
    ),
    http_client(
        "M-5.1-1, M-5.2-2: white space behind `chunked` and folds before it do not count",
        |d| Answer::of(d.ours).0.is_some() && d.theirs.0.is_some() && d.holds("transfer-encoding:"),
    ),
    http_client(
        "M-6.3-1: 204 and 304 have no body, whatever the fields say",
        |d| d.only_they_refuse() && [204, 304].contains(&d.status()) && d.holds("chunked"),
    ),
    http_client(
        "M-7.1-3, M-7.1-4, M-7.1-5, M-7.1.1-2: the chunked coding follows its grammar",
        |d| d.only_we_refuse("InvalidChunk"),
    ),
    http_client(
        "M-8-5: the end of the trailer section is part of the message",
        |d| d.only_we_refuse("IncompleteBody") && d.holds("chunked"),
    ),
    http_client(
        "M-7.1.1-3, M-7.1.2-2: chunk-size lines and trailers are limited",
        |d| (d.only_we_refuse("LineTooLong") || d.only_we_refuse("TooManyHeaders")) && d.in_body(),
    ),
    http_client(
        "M-2.2-10: up to four empty lines before a status line are skipped",
        |d| d.only_they_refuse() && d.has_leading_empty_lines(),
    ),
    http_client(
        "M-5-2: 256 field lines, because 100 are too few for real servers",
        |d| d.only_they_refuse() && d.lines() > 100,
    ),
    h11(
        "M-2.2-10: up to four empty lines before a status line are skipped",
        |d| d.only_they_refuse() && d.has_leading_empty_lines(),
    ),
    h11(
        "S-5.5-2, M-4-8: control characters in values and reasons are refused",
        |d| d.only_we_refuse("InvalidHeader") || d.only_we_refuse("BadStatusLine"),
    ),
    h11(
        "M-7.1.1-2: control characters in chunk extensions are refused",
        |d| d.only_we_refuse("InvalidChunk"),
    ),
    h11(
        "S-6.2-4: the syntax of other major versions is not known",
        |d| d.only_we_refuse("UnknownProtocol"),
    ),
    h11(
        "M-6.3-3: Transfer-Encoding beside Content-Length is an error",
        |d| d.only_we_refuse("ConflictingFraming"),
    ),
    h11(
        "M-5-2, M-7.1.2-2: the numbers of field lines and trailers are limited",
        |d| d.only_we_refuse("TooManyHeaders"),
    ),
    h11(
        "S-15.2-3: the number of interim responses is limited",
        |d| d.only_we_refuse("TooManyInterim"),
    ),
    h11(
        "M-5-1: framing fields are kept as they came, h11 writes them anew",
        |d| d.only_framing_values_differ(),
    ),
    h11(
        "S-8.6-5: a length of more than 64 bits is no length, also where there is no body",
        |d| d.only_we_refuse("InvalidContentLength"),
    ),
    h11(
        "S-8.6-5, M-7.1-2: any number of leading zeros is decimal, h11 takes 20 digits",
        |d| d.only_they_refuse() && d.has_long_number(),
    ),
    h11(
        "S-5.6.3-2, M-7.1.2-1: white space around chunk extensions is borne, trailers frame nothing",
        |d| d.only_they_refuse() && d.holds("transfer-encoding:") && d.holds("chunked"),
    ),
    h11(
        "M-6.3-1, M-6.3-2: where there is no body, fields that would frame one do not count",
        |d| d.only_they_refuse() && d.is_bodiless(),
    ),
];
