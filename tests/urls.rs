//! The promise: the URLs that web-platform-tests collected are read as browsers read them, or
//! differ by a rule of `docs/conformance.md`, which is checked, not listed case by case.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "support/json.rs"]
mod json;

use std::fs;
use std::net::Ipv6Addr;

use json::Json;
use stdhttp::urllib::parse::unquote_to_bytes;
use stdhttp::urllib::{Fault, ParseError, Part, Url, UrlParser};

/// What a case says of a URL, and what we read.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    scheme: String,
    host_field: String,
    hostname: String,
    port: u16,
    target: String,
    username: Vec<u8>,
    password: Vec<u8>,
    fragment: Vec<u8>,
}

impl Facts {
    fn expected(case: &Json) -> Option<Self> {
        let text = |name| case.get(name).and_then(Json::text).unwrap_or_default();
        if case.get("failure").is_some() {
            return None;
        }
        Some(Self {
            scheme: text("protocol").trim_end_matches(':').to_owned(),
            host_field: text("host_header").to_owned(),
            hostname: text("hostname").trim_matches(['[', ']']).to_owned(),
            port: case
                .get("connect_port")
                .and_then(Json::number)?
                .try_into()
                .ok()?,
            target: text("request_target").to_owned(),
            username: unquote_to_bytes(text("username")),
            password: unquote_to_bytes(text("password")),
            fragment: unquote_to_bytes(text("hash").trim_start_matches('#')),
        })
    }

    fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host_field: url.host_field().to_owned(),
            hostname: url.hostname().to_owned(),
            port: url.port(),
            target: url.request_target().into_owned(),
            username: unquote_to_bytes(url.username().unwrap_or_default()),
            password: unquote_to_bytes(url.password().unwrap_or_default()),
            fragment: unquote_to_bytes(url.fragment().unwrap_or_default()),
        }
    }
}

/// A difference to a browser: ours is an error, or theirs, or both are a URL.
enum Difference<'a> {
    Refused(ParseError),
    Taken(&'a Facts),
    Read { ours: &'a Facts, theirs: &'a Facts },
}

/// Why we differ, and how to see that it is for this reason.
type Rule = (&'static str, fn(&str, &Difference<'_>) -> bool);

const RULES: [Rule; 17] = [
    (
        "U-3.1-1: control characters are neither dropped nor encoded",
        |_, difference| matches!(difference, Difference::Refused(ParseError { part: Part::Whole, fault: Fault::Octet(octet), .. }) if octet.is_ascii_control()),
    ),
    (
        "U-3.1-1: blanks at the ends are not dropped",
        |text, difference| {
            is_fault(difference, Part::Whole, Fault::Octet(b' ')) && text.trim_matches(' ') != text
        },
    ),
    (
        "U-3.1-1: a colon in the first segment of a relative path ends no scheme",
        |_, difference| is_fault(difference, Part::Scheme, Fault::Octet(b':')),
    ),
    (
        "U-3.2-1: a backslash in an authority is an error",
        |_, difference| is_fault(difference, Part::Host, Fault::Octet(b'\\')),
    ),
    ("U-3.2-1: a second @ is an error", |_, difference| {
        is_fault(difference, Part::Host, Fault::Octet(b'@'))
    }),
    (
        "U-3.2.2-4: other characters than ASCII in a host need IDNA",
        |_, difference| {
            matches!(
                difference,
                Difference::Refused(ParseError {
                    part: Part::Host,
                    fault: Fault::Octet(0x80..),
                    ..
                })
            )
        },
    ),
    (
        "U-3.2.2-2: a host holds unreserved octets only",
        |text, difference| {
            let host = host_of(text);
            let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
            is_fault(difference, Part::Host, Fault::Malformed) && !host.bytes().all(legal)
        },
    ),
    (
        "U-3.2.2-3: a number is an IPv4 address in its usual form or nothing",
        |text, difference| {
            let host = host_of(text).trim_end_matches('.').to_ascii_lowercase();
            let last = host.rsplit('.').next().unwrap_or_default().to_owned();
            let number = last.starts_with("0x") || last.bytes().all(|octet| octet.is_ascii_digit());
            is_fault(difference, Part::Host, Fault::Malformed) && number && !host.is_empty()
        },
    ),
    ("U-3.2.3-1: there is no port 0", |text, difference| {
        is_fault(difference, Part::Port, Fault::Malformed) && text.contains(":0")
    }),
    ("U-2.1-1: a lone % is an error", |_, difference| {
        matches!(
            difference,
            Difference::Refused(ParseError {
                fault: Fault::Percent,
                ..
            })
        )
    }),
    (
        "S-4.2.1-1: two slashes before the host, and no more",
        |text, difference| {
            let slashes = text.split_once(':').map_or(text, |(_, rest)| rest);
            (is_fault(difference, Part::Host, Fault::Missing) && !slashes.starts_with("//"))
                || (is_fault(difference, Part::Host, Fault::Malformed)
                    && slashes.starts_with("///"))
        },
    ),
    (
        "U-6.2.2-1: the segments of an absolute URL stay, %2e is no dot, a backslash no slash",
        |text, difference| {
            let Difference::Read { ours, theirs } = difference else {
                return false;
            };
            let rewritten = text.contains("/.")
                || text.to_ascii_lowercase().contains("%2e")
                || text.contains('\\');
            rewritten
                && is_legal(&ours.target)
                && ours.target != theirs.target
                && same_but_target(ours, theirs)
        },
    ),
    (
        "U-2.4-1: what may not stand there is encoded, what may is not",
        |_, difference| {
            let Difference::Read { ours, theirs } = difference else {
                return false;
            };
            let same = unquote_to_bytes(&ours.target) == unquote_to_bytes(&theirs.target);
            same && is_legal(&ours.target) && same_but_target(ours, theirs)
        },
    ),
    (
        "U-3.2-1: backslashes are no slashes: they begin no authority",
        |text, difference| {
            let Difference::Read { ours, .. } = difference else {
                return false;
            };
            text.starts_with('\\') && ours.target.contains("%5C")
        },
    ),
    (
        "U-3.4-1: an empty query is not the same as none",
        |_, difference| {
            let Difference::Read { ours, theirs } = difference else {
                return false;
            };
            ours.target == format!("{}?", theirs.target) && same_but_target(ours, theirs)
        },
    ),
    (
        "U-3.2.2-1: an address counts by its value, and is written as RFC 5952 has it",
        |_, difference| {
            let Difference::Read { ours, theirs } = difference else {
                return false;
            };
            let address = |facts: &Facts| facts.hostname.parse::<Ipv6Addr>().ok();
            address(ours).is_some_and(|ip| Some(ip) == address(theirs))
                && ours.target == theirs.target
        },
    ),
    (
        "U-3.2.2-4: A-labels are not decoded: IDNA is the caller's",
        |_, difference| matches!(difference, Difference::Taken(ours) if ours.hostname.contains("xn--")),
    ),
];

fn is_fault(difference: &Difference<'_>, part: Part, fault: Fault) -> bool {
    matches!(difference, Difference::Refused(error) if error.part == part && error.fault == fault)
}

/// The octets that RFC 3986 has for path and query.
fn is_legal(target: &str) -> bool {
    let legal =
        |octet: u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&octet);
    target.bytes().all(legal)
}

fn same_but_target(ours: &Facts, theirs: &Facts) -> bool {
    let (ours, theirs) = (ours.rest(), theirs.rest());
    ours == theirs
}

impl Facts {
    fn rest(&self) -> (&str, &str, u16, [&[u8]; 3]) {
        let secrets: [&[u8]; 3] = [&self.username, &self.password, &self.fragment];
        (&self.scheme, &self.host_field, self.port, secrets)
    }
}

/// The host as it is written, without port.
fn host_of(text: &str) -> &str {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    let netloc = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = netloc.rsplit('@').next().unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

fn read(parser: &UrlParser, case: &Json) -> Result<Url, ParseError> {
    let text = |name| case.get(name).and_then(Json::text);
    let input = text("input").expect("an input");
    match text("base").filter(|base| *base != "about:blank") {
        None => parser.parse(input),
        Some(base) => parser.join(&parser.parse(base).expect(base), input),
    }
}

/// What the collection does not show.
const MORE: [&str; 4] = [
    r#"{"input":"http://[::ffff:1.2.3.4]/","protocol":"http:","host_header":"[::ffff:102:304]","hostname":"[::ffff:102:304]","connect_port":80,"request_target":"/"}"#,
    r#"{"input":"https://xn--zn7c.com/","failure":true}"#,
    r#"{"input":"http://h/[a|b]?it's","protocol":"http:","host_header":"h","hostname":"h","connect_port":80,"request_target":"/[a|b]?it%27s"}"#,
    r#"{"input":"http://h/^","protocol":"http:","host_header":"h","hostname":"h","connect_port":80,"request_target":"/^"}"#,
];

#[test]
fn collected_urls_are_read_as_browsers_read_them_or_differ_by_a_rule() {
    let path = format!(
        "{}/../shared/vectors/urls.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "urls.jsonl is missing");
        println!("left out: the collected vectors are not beside the project");
        return;
    };
    let mut uses = [0; RULES.len()];
    let mut faults = Vec::new();
    let mut same = 0;
    for line in text.lines().chain(MORE) {
        let case = Json::parse(line);
        match judge(&case) {
            Verdict::Same => same += 1,
            Verdict::Rule(rule) => uses[rule] += 1,
            Verdict::Fault(what) => faults.push(what),
        }
    }
    let ruled: usize = uses.iter().sum();
    println!(
        "{} collected URLs, {same} alike, {ruled} different by a rule",
        text.lines().count()
    );
    assert!(
        faults.is_empty(),
        "{} differ\n{}",
        faults.len(),
        faults.join("\n")
    );
    let unused = RULES.iter().zip(uses).filter(|(_, uses)| *uses == 0);
    let unused: Vec<_> = unused.map(|((reason, _), _)| reason).collect();
    assert!(unused.is_empty(), "rules that are not needed: {unused:?}");
}

enum Verdict {
    Same,
    Rule(usize),
    Fault(String),
}

fn judge(case: &Json) -> Verdict {
    let input = case.get("input").and_then(Json::text).unwrap_or_default();
    let read = read(&UrlParser::quoting(), case);
    let expected = Facts::expected(case);
    let ours = read.as_ref().map(Facts::of);
    let difference = match (&ours, &expected) {
        (Err(_), None) => return Verdict::Same,
        (Ok(ours), Some(theirs)) if ours == theirs => return Verdict::Same,
        (Err(error), Some(_)) => Difference::Refused(**error),
        (Ok(ours), Some(theirs)) => Difference::Read { ours, theirs },
        (Ok(ours), None) => Difference::Taken(ours),
    };
    match RULES
        .iter()
        .position(|(_, holds)| holds(input, &difference))
    {
        Some(rule) => Verdict::Rule(rule),
        None => Verdict::Fault(format!("{input:?}: {read:?} {ours:?}, not {expected:?}")),
    }
}

/// What was read is read again to the same, strictly.
#[test]
fn what_is_read_of_collected_urls_is_read_again() {
    let path = format!(
        "{}/../shared/vectors/urls.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        if let Ok(url) = read(&UrlParser::quoting(), &Json::parse(line)) {
            let again = Url::parse(url.as_str()).unwrap();
            assert_eq!(Facts::of(&again), Facts::of(&url));
            assert_eq!(url.join("").unwrap().origin(), url.origin());
        }
    }
}
