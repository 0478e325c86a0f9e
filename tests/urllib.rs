//! The promise: `urllib::parse` gives what Python's `urllib.parse` gives, for the texts of a list
//! and for texts made of pieces at random, but for the differences of a list, each with its reason.
//!
//! `STDHTTP_LONG=1` tries twenty times as many.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/random.rs"]
mod random;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use random::Random;
use stdhttp::dates::formatdate;
use stdhttp::urllib::parse::*;
use stdhttp::urllib::{Fault, ParseError, Part};

/// The parts of a result, or nothing if the call failed.
type Answer = Option<Vec<Option<Vec<u8>>>>;

/// Python in one long-lived process.
struct Judge {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: Vec<u32>,
}

impl Judge {
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/urllib_judge.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let input = child.stdin.take()?;
        let mut output = BufReader::new(child.stdout.take()?);
        let mut version = String::new();
        output.read_line(&mut version).ok()?;
        let version = version.trim().split('.').map(|part| part.parse().unwrap());
        let version = version.collect();
        Some(Self {
            child,
            input,
            output,
            version,
        })
    }

    fn ask(&mut self, call: &Call) -> Answer {
        let coded = |argument: &Vec<u8>| match &argument[..] {
            [] => "=".to_owned(),
            octets => base64::encode(octets),
        };
        let arguments: Vec<String> = call.arguments.iter().map(coded).collect();
        writeln!(self.input, "{} {}", call.function, arguments.join(" ")).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        match line.trim_end() {
            "error" => None,
            "nothing" => Some(Vec::new()),
            parts => Some(parts.split(' ').map(part).collect()),
        }
    }
}

fn part(coded: &str) -> Option<Vec<u8>> {
    match coded {
        "-" => None,
        "=" => Some(Vec::new()),
        coded => Some(base64::decode(coded)),
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A function and its arguments.
struct Call {
    function: &'static str,
    arguments: Vec<Vec<u8>>,
}

impl Call {
    fn new(function: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|text| text.as_bytes().to_vec());
        Self {
            function,
            arguments: arguments.collect(),
        }
    }

    /// An argument, where all are text.
    fn text(&self, place: usize) -> &str {
        std::str::from_utf8(&self.arguments[place]).unwrap()
    }

    /// What the crate makes of it.
    fn ours(&self) -> Result<Answer, ParseError> {
        let parts = match self.function {
            "urlsplit" => {
                let parts = urlsplit_with(self.text(0), self.text(1), self.text(2) == "1")?;
                let first = [
                    &parts.scheme,
                    parts.netloc,
                    parts.path,
                    parts.query,
                    parts.fragment,
                ];
                let names = [parts.username(), parts.password()];
                whole(
                    &first,
                    names,
                    parts.hostname(),
                    parts.port(),
                    parts.geturl(),
                )
            }
            "urlparse" => {
                let parts = urlparse_with(self.text(0), self.text(1), self.text(2) == "1")?;
                let netloc = parts.netloc;
                let first = [
                    &parts.scheme,
                    netloc,
                    parts.path,
                    parts.params,
                    parts.query,
                    parts.fragment,
                ];
                let names = [parts.username(), parts.password()];
                whole(
                    &first,
                    names,
                    parts.hostname(),
                    parts.port(),
                    parts.geturl(),
                )
            }
            "urljoin" => texts([urljoin(self.text(0), self.text(1))?]),
            "parse_qsl" => {
                let fields = parse_qsl(&self.arguments[1], options(self.text(0)))?;
                texts(fields.into_iter().flat_map(|(name, value)| [name, value]))
            }
            "parse_qs" => {
                let fields = parse_qs(&self.arguments[1], options(self.text(0)))?;
                texts(fields.into_iter().flat_map(|(name, values)| {
                    let head = [name, values.len().to_string()];
                    head.into_iter().chain(values)
                }))
            }
            _ => self.ours_always(),
        };
        Ok(Some(parts))
    }

    /// Those that can't fail.
    fn ours_always(&self) -> Vec<Option<Vec<u8>>> {
        let all: Vec<&str> = match self.function {
            "quote_from_bytes" | "unquote_to_bytes" => Vec::new(),
            _ => (0..self.arguments.len())
                .map(|place| self.text(place))
                .collect(),
        };
        let pairs = |texts: &[&str]| -> Vec<(String, String)> {
            let pairs = texts.chunks(2);
            pairs
                .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
                .collect()
        };
        match self.function {
            "urlunsplit" => texts([urlunsplit(all.try_into().unwrap())]),
            "urlunparse" => texts([urlunparse(all.try_into().unwrap())]),
            "urldefrag" => {
                let cut = urldefrag(all[0]);
                texts([cut.url.to_owned(), cut.fragment.to_owned(), cut.geturl()])
            }
            "unwrap" => texts([unwrap(all[0])]),
            "quote" => texts([quote(all[0], all[1])]),
            "quote_plus" => texts([quote_plus(all[0], all[1])]),
            "quote_from_bytes" => texts([quote_from_bytes(&self.arguments[0], self.text(1))]),
            "unquote" => texts([unquote(all[0])]),
            "unquote_plus" => texts([unquote_plus(all[0])]),
            "unquote_to_bytes" => vec![Some(unquote_to_bytes(&self.arguments[0]))],
            "urlencode" => texts([urlencode(pairs(&all))]),
            "urlencode_doseq" => {
                let twice = pairs(&all).into_iter().map(|(name, value)| {
                    let second = format!("{value}2");
                    (name, [value, second])
                });
                texts([urlencode_doseq(twice)])
            }
            "urlencode_with" => texts([urlencode_with(pairs(&all[1..]), all[0], quote_from_bytes)]),
            "formatdate" => {
                let seconds: i64 = all[0].parse().unwrap();
                let distance = Duration::from_secs(seconds.unsigned_abs());
                let time = match seconds < 0 {
                    true => UNIX_EPOCH - distance,
                    false => UNIX_EPOCH + distance,
                };
                texts([formatdate(time).unwrap()])
            }
            function => panic!("{function}"),
        }
    }
}

fn texts<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Vec<Option<Vec<u8>>> {
    let octets = |part: T| Some(part.as_ref().as_bytes().to_vec());
    parts.into_iter().map(octets).collect()
}

fn whole(
    parts: &[&str],
    names: [Option<&str>; 2],
    hostname: Option<String>,
    port: Result<Option<u16>, ParseError>,
    url: String,
) -> Vec<Option<Vec<u8>>> {
    let mut all = texts(parts);
    all.extend(names.map(|name| name.map(|name| name.as_bytes().to_vec())));
    all.push(hostname.map(String::into_bytes));
    let port = match port {
        Ok(port) => port.map_or(String::new(), |port| port.to_string()),
        Err(_) => "error".to_owned(),
    };
    all.extend(texts([port, url]));
    all
}

/// `keep_blank_values,strict_parsing,max_num_fields,separator`.
fn options(text: &str) -> QueryOptions {
    let parts: Vec<&str> = text.splitn(4, ',').collect();
    QueryOptions {
        keep_blank_values: parts[0] == "1",
        strict_parsing: parts[1] == "1",
        max_num_fields: parts[2].parse().ok(),
        separator: parts[3].as_bytes()[0],
    }
}

/// A call whose results differ.
struct Difference<'a> {
    call: &'a Call,
    ours: &'a Result<Answer, ParseError>,
    theirs: &'a Answer,
}

impl Difference<'_> {
    /// Our error, where Python has none.
    fn refused(&self) -> Option<ParseError> {
        let error = self.ours.as_ref().err().copied();
        error.filter(|_| self.theirs.is_some())
    }

    fn splits(&self) -> bool {
        ["urlsplit", "urlparse", "urljoin"].contains(&self.call.function)
    }

    fn calls(&self, functions: &[&str]) -> bool {
        functions.contains(&self.call.function)
    }

    fn any(&self, holds: impl Fn(&str) -> bool) -> bool {
        (0..self.call.arguments.len()).any(|place| holds(self.call.text(place)))
    }

    /// Base and reference of `urljoin`; two empty texts of other functions.
    fn joined(&self) -> (&str, &str) {
        match self.call.function {
            "urljoin" => (self.call.text(0), self.call.text(1)),
            _ => ("", ""),
        }
    }

    /// The last part of both results.
    fn last(&self) -> (String, String) {
        let count = self.theirs.as_ref().map_or(0, Vec::len);
        self.part(count.saturating_sub(1))
    }

    /// A part of both results as text.
    fn part(&self, place: usize) -> (String, String) {
        let text = |answer: &Answer| match answer.as_ref().and_then(|parts| parts.get(place)) {
            Some(Some(octets)) => String::from_utf8_lossy(octets).into_owned(),
            _ => String::new(),
        };
        let ours = self.ours.as_ref().map_or(String::new(), text);
        (ours, text(self.theirs))
    }

    /// The parts that differ.
    fn places(&self) -> Vec<usize> {
        match (self.ours, self.theirs) {
            (Ok(Some(ours)), Some(theirs)) if ours.len() == theirs.len() => (0..ours.len())
                .filter(|&place| ours[place] != theirs[place])
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A reason for differences; the version of Python from which on there may be none; and how a
/// difference is known to be one of them.
struct Reason {
    text: &'static str,
    until: &'static [u32],
    holds: fn(&Difference<'_>) -> bool,
}

const fn always(text: &'static str, holds: fn(&Difference<'_>) -> bool) -> Reason {
    until(&[u32::MAX], text, holds)
}

const fn until(
    until: &'static [u32],
    text: &'static str,
    holds: fn(&Difference<'_>) -> bool,
) -> Reason {
    Reason { text, until, holds }
}

const REASONS: &[Reason] = &[
    always(
        "control characters are refused, not dropped or kept (U-3.1-1)",
        |difference| {
            difference.splits()
                && matches!(difference.refused(), Some(ParseError { part: Part::Whole, fault: Fault::Octet(octet), .. }) if octet.is_ascii_control())
        },
    ),
    always(
        "a leading blank is refused, not dropped (U-3.1-1)",
        |difference| {
            difference.splits()
                && matches!(
                    difference.refused(),
                    Some(ParseError {
                        part: Part::Whole,
                        fault: Fault::Octet(b' '),
                        offset: 0,
                        ..
                    })
                )
        },
    ),
    always(
        "a second @ and a backslash in the authority are refused (U-3.2-1)",
        |difference| {
            difference.splits()
                && matches!(
                    difference.refused(),
                    Some(ParseError {
                        part: Part::Host,
                        fault: Fault::Octet(b'@' | b'\\'),
                        ..
                    })
                )
        },
    ),
    until(
        &[3, 11, 12],
        "brackets are those around an address that is the whole host (CVE-2025-0938)",
        |difference| {
            difference.splits()
                && matches!(
                    difference.refused(),
                    Some(ParseError {
                        part: Part::Host,
                        fault: Fault::Malformed,
                        ..
                    })
                )
                && difference.any(|text| text.contains('['))
        },
    ),
    until(
        &[3, 12],
        "a path without an authority stays what it is: no slash comes to it and none is lost",
        |difference| {
            let putting = ["urlsplit", "urlparse", "urlunsplit", "urlunparse"];
            let (ours, theirs) = difference.last();
            let slashes = |url: &str| url.replace('/', "");
            difference.calls(&putting)
                && difference.places().len() == 1
                && slashes(&ours) == slashes(&theirs)
        },
    ),
    always("what stands before a # stays as it is", |difference| {
        let (ours, _) = difference.part(0);
        difference.calls(&["urldefrag"]) && difference.call.text(0).starts_with(&ours)
    }),
    always(
        "both sides of a join are checked, also where the other is empty",
        |difference| {
            let (base, _) = difference.joined();
            difference.refused().is_some() && base.is_empty()
        },
    ),
    always("the scheme of a reference wins (U-5.2.2-1)", |difference| {
        let (base, reference) = difference.joined();
        let scheme = base.split_once(':').map_or("", |(scheme, _)| scheme);
        !scheme.is_empty()
            && reference
                .to_lowercase()
                .starts_with(&format!("{}:", scheme.to_lowercase()))
            && !reference[scheme.len() + 1..].starts_with("//")
    }),
    always("every scheme is resolved", |difference| {
        let (base, _) = difference.joined();
        base.starts_with("mailto:") || base.starts_with("x:")
    }),
    always(
        "an empty authority is one: two slashes begin it",
        |difference| {
            let (_, reference) = difference.joined();
            let path = reference
                .split_once(':')
                .map_or(reference, |(_, path)| path);
            [reference, path].iter().any(|path| {
                let rest = path.strip_prefix("//");
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
            })
        },
    ),
    always(
        "dot segments behind an authority or a scheme are removed too",
        |difference| {
            let (_, reference) = difference.joined();
            reference.contains(':') && (reference.contains("/.") || reference.contains(":."))
                || reference.starts_with("//") && reference.contains("/.")
        },
    ),
    always(
        "parameters belong to their segment: `..;x` and `;` are names",
        |difference| {
            let (_, reference) = difference.joined();
            reference.contains(".;") || reference.starts_with(';')
        },
    ),
    always("a path that begins with a slash keeps it", |difference| {
        let (ours, theirs) = difference.last();
        difference.calls(&["urljoin"]) && ours == format!("/{theirs}")
    }),
    always(
        "a `?` with nothing behind it takes the place of the query of the base",
        |difference| {
            let (_, reference) = difference.joined();
            reference.split('#').next() == Some("?")
        },
    ),
    always(
        "empty segments stay, of the base and of the reference (4.4)",
        |difference| {
            let (base, reference) = difference.joined();
            let (ours, theirs) = difference.last();
            let ours = urlparse(&ours).map_or(String::new(), |parts| parts.geturl());
            base.matches("//").count() > 1
                || (reference.contains("//")
                    && (reference.contains("..")
                        || ours.replace('/', "") == theirs.replace('/', "")))
        },
    ),
    always(
        "what is written stays: empty parts, and the case of the scheme",
        |difference| {
            let (ours, theirs) = difference.last();
            let ours = urlparse(&ours).map_or(String::new(), |parts| parts.geturl());
            difference.calls(&["urljoin"]) && ours == theirs
        },
    ),
];

#[test]
fn python_differs_only_as_listed() {
    let Some(mut judge) = Judge::start() else {
        assert!(std::env::var_os("CI").is_none(), "Python is missing");
        println!("left out: there is no python3");
        return;
    };
    let mut uses = vec![0; REASONS.len()];
    let mut unexplained = Vec::new();
    let calls = calls();
    for call in &calls {
        let (ours, theirs) = (call.ours(), judge.ask(call));
        if ours.as_ref().ok().unwrap_or(&None) == &theirs {
            continue;
        }
        let difference = Difference {
            call,
            ours: &ours,
            theirs: &theirs,
        };
        match REASONS
            .iter()
            .position(|reason| (reason.holds)(&difference))
        {
            Some(reason) => uses[reason] += 1,
            None => unexplained.push(describe(&difference)),
        }
    }
    let listed: usize = uses.iter().sum();
    println!("{} calls, {listed} listed differences", calls.len());
    let count = unexplained.len();
    unexplained.truncate(40);
    assert!(count == 0, "{count} differ\n{}", unexplained.join("\n"));
    let needed = |reason: &Reason| judge.version[..] < *reason.until;
    let entries = REASONS.iter().zip(&uses);
    let unused = entries.filter(|(reason, uses)| **uses == 0 && needed(reason));
    let unused: Vec<&str> = unused.map(|(reason, _)| reason.text).collect();
    assert!(unused.is_empty(), "reasons that are not needed: {unused:?}");
}

/// `urllib.parse.__all__`, each in the page that compares the two.
#[test]
fn each_name_of_python_is_on_the_page() {
    let Some(mut judge) = Judge::start() else {
        assert!(std::env::var_os("CI").is_none(), "Python is missing");
        println!("left out: there is no python3");
        return;
    };
    let page = include_str!("../docs/urllib.md");
    let names = judge.ask(&Call::new("names", &[])).unwrap();
    assert!(names.len() > 15);
    for name in names {
        let name = String::from_utf8(name.unwrap()).unwrap();
        let heads = page.lines().filter_map(|line| line.strip_prefix("| "));
        let mut cells = heads.filter_map(|row| row.split(" | ").next());
        let named = |cell: &str| {
            let words =
                cell.split(|character: char| !character.is_alphanumeric() && character != '_');
            words.into_iter().any(|word| word == name)
        };
        assert!(cells.any(named), "{name} is not in docs/urllib.md");
    }
}

fn describe(difference: &Difference<'_>) -> String {
    let shown = |octets: &Vec<u8>| String::from_utf8_lossy(octets).into_owned();
    let answer = |answer: &Answer| match answer {
        None => "error".to_owned(),
        Some(parts) => format!(
            "{:?}",
            parts
                .iter()
                .map(|part| part.as_ref().map(shown))
                .collect::<Vec<_>>()
        ),
    };
    let ours = match difference.ours {
        Ok(parts) => answer(parts),
        Err(error) => error.to_string(),
    };
    let arguments: Vec<String> = difference.call.arguments.iter().map(shown).collect();
    let theirs = answer(difference.theirs);
    format!(
        "{} {arguments:?}\n   ours {ours}\n theirs {theirs}",
        difference.call.function
    )
}

/// What URLs are made of.
const PIECES: [&str; 64] = [
    "http:",
    "https:",
    "HTTP:",
    "ftp:",
    "file:",
    "mailto:",
    "g:",
    "1:",
    ":",
    "//",
    "/",
    "//",
    "/",
    "///",
    "?",
    "#",
    "?",
    "#",
    "@",
    "user:pw@",
    "u@",
    ":@",
    "h",
    "EXAMPLE.org",
    "h.",
    "[::1]",
    "[v1.x]",
    "[::1",
    "]",
    "[h]",
    "[fe80::1%Eth0]",
    "x[::1]",
    ":80",
    ":",
    ":0",
    ":65535",
    ":65536",
    ":x",
    ":٣",
    "ü",
    "é\u{301}",
    "\u{2100}",
    "\u{ff0f}",
    "a",
    "b/c",
    "g",
    ".",
    "..",
    "./",
    "../",
    "/..",
    "/.",
    ";",
    ";p",
    ";p=1",
    "%2F",
    "%",
    "%zz",
    " ",
    "\t",
    "\n",
    "\u{1}",
    "\\",
    "=&",
];

const SCHEMES: [&str; 4] = ["", "http", "FTP", "x"];

/// The bases and references of RFC 3986 section 5.4, and odd ones.
const BASES: [&str; 12] = [
    "http://a/b/c/d;p?q",
    "http://a/b/c/d;p?q#f",
    "http://a",
    "http://a/",
    "http://a/b//c/d",
    "/a/b",
    "a/b",
    "",
    "file:///a/b",
    "mailto:a@b",
    "x://h/a/b",
    "HTTP://A/b?q",
];

const REFERENCES: [&str; 56] = [
    "g:h",
    "g",
    "./g",
    "g/",
    "/g",
    "//g",
    "?y",
    "g?y",
    "#s",
    "g#s",
    "g?y#s",
    ";x",
    "g;x",
    "g;x?y#s",
    "",
    ".",
    "./",
    "..",
    "../",
    "../g",
    "../..",
    "../../",
    "../../g",
    "../../../g",
    "../../../../g",
    "/./g",
    "/../g",
    "g.",
    ".g",
    "g..",
    "..g",
    "./../g",
    "./g/.",
    "g/./h",
    "g/../h",
    "g;x=1/./y",
    "g;x=1/../y",
    "g?y/./x",
    "g?y/../x",
    "g#s/./x",
    "g#s/../x",
    "http:g",
    "http:",
    "..//g",
    "..//",
    "//g/../h",
    "http://x/./y",
    "?",
    "#",
    "g?",
    "..;x",
    ".;x",
    "HTTP://X/",
    "/a//b",
    "//",
    "///g",
];

const QUERY_PIECES: [&str; 20] = [
    "a", "b=1", "=", "&", "&", "&&", ";", "+", "%20", "%", "%C3%BC", "%ff", "ü", "a=", "=x",
    "c=d=e", "%26", "%3D", "\u{0}", " ",
];

const TEXT_PIECES: [&str; 24] = [
    "a",
    "Z",
    "0",
    "~",
    "_",
    ".",
    "-",
    "/",
    "%",
    "%4",
    "%41",
    "%7e",
    "%C3",
    "%A9",
    "%E2%82%AC",
    "%ED%A0%80",
    "%F4%90%80%80",
    "é",
    "€",
    "💩",
    "\u{0}",
    " ",
    "+",
    "&=",
];

const SAFES: [&str; 6] = ["/", "", "%", "/:?", "é~+", " "];

fn made(random: &mut Random, pieces: &[&str], most: usize) -> String {
    (0..random.below(most + 1))
        .map(|_| *random.choose(pieces))
        .collect()
}

fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for base in BASES {
        calls.extend(REFERENCES.map(|reference| Call::new("urljoin", &[base, reference])));
    }
    calls.push(Call::new("urljoin", &["", "//]h"]));
    let rounds = if std::env::var_os("STDHTTP_LONG").is_some() {
        40_000
    } else {
        2_000
    };
    let mut random = Random::new(23);
    for _ in 0..rounds {
        calls.extend(random_calls(&mut random));
    }
    calls
}

fn random_calls(random: &mut Random) -> Vec<Call> {
    let url = made(random, &PIECES, 7);
    let scheme = *random.choose(&SCHEMES);
    let fragments = *random.choose(&["1", "1", "0"]);
    let parts: Vec<String> = (0..5).map(|_| made(random, &PIECES[..24], 2)).collect();
    let five: Vec<&str> = parts.iter().map(String::as_str).collect();
    let six = [&five[..], &[";x"]].concat();
    let base = *random.choose(&BASES);
    let text = made(random, &TEXT_PIECES, 6);
    let safe = *random.choose(&SAFES);
    let fields: Vec<String> = (0..4).map(|_| made(random, &TEXT_PIECES, 3)).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let with_safe = [&[safe], &fields[..]].concat();
    let query = made(random, &QUERY_PIECES, 8);
    let options = made_options(random);
    let octets: Vec<u8> = (0..random.below(12))
        .map(|_| random.number() as u8)
        .collect();
    let wrapped = format!(
        "{}{url}{}",
        random.choose(&["", " ", "<", "<URL:", "URL:", "< URL: "]),
        random.choose(&["", " ", ">", "> "])
    );
    let seconds = random.below(250_000_000_000) as i64 - 10_000_000_000;
    vec![
        Call::new("urlsplit", &[&url, scheme, fragments]),
        Call::new("urlparse", &[&url, scheme, fragments]),
        Call::new("urlunsplit", &five),
        Call::new("urlunparse", &six),
        Call::new("urljoin", &[base, &url]),
        Call::new("urldefrag", &[&url]),
        Call::new("unwrap", &[&wrapped]),
        Call::new("quote", &[&text, safe]),
        Call::new("quote_plus", &[&text, safe]),
        Call {
            function: "quote_from_bytes",
            arguments: vec![octets.clone(), safe.into()],
        },
        Call::new("unquote", &[&text]),
        Call::new("unquote_plus", &[&text]),
        Call {
            function: "unquote_to_bytes",
            arguments: vec![[text.as_bytes(), &octets].concat()],
        },
        Call::new("urlencode", &fields),
        Call::new("urlencode_doseq", &fields),
        Call::new("urlencode_with", &with_safe),
        Call::new("parse_qsl", &[&options, &query]),
        Call::new("parse_qs", &[&options, &query]),
        Call::new("formatdate", &[&seconds.to_string()]),
    ]
}

fn made_options(random: &mut Random) -> String {
    let mut one_of = |texts: &[&'static str]| *random.choose(texts);
    let (keep, strict) = (one_of(&["0", "1"]), one_of(&["0", "0", "0", "1"]));
    let (limit, separator) = (
        one_of(&["", "", "0", "1", "2", "3"]),
        one_of(&["&", "&", ";", "+"]),
    );
    format!("{keep},{strict},{limit},{separator}")
}
