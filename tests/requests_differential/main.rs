//! The promise: Python's `requests` and this one send the same for the same calls, and say the same
//! of the answers; where they do not, the difference is in the scenario with its reason, or in the
//! list here, and each is needed.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

#[path = "../support/inflate.rs"]
mod inflate;
#[path = "../support/json.rs"]
mod json;
mod ours;
mod page;
mod server;
mod socks;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use json::Json;
use server::Server;

/// What the server saw and what the caller got, each fact by its name.
type Facts = BTreeMap<String, String>;

/// The fewest scenarios that count as a comparison.
const SCENARIOS: usize = 150;

/// What is different for all requests or answers: the reason, and whether it is this fact.
struct Difference {
    reason: &'static str,
    explains: fn(name: &str, python: Option<&str>, ours: Option<&str>) -> bool,
}

const DIFFERENCES: [Difference; 3] = [
    Difference {
        reason: "each says its own name and version",
        explains: |name, python, ours| {
            let starts = |value: Option<&str>, with| value.is_some_and(|v| v.starts_with(with));
            name.ends_with(".field.user-agent")
                && starts(python, "python-requests/")
                && starts(ours, "stdhttp/")
        },
    },
    Difference {
        reason: "a content coding that is not plugged in is not asked for",
        explains: |name, _, ours| {
            name.ends_with(".field.accept-encoding") && ours == Some("identity")
        },
    },
    Difference {
        reason: "an error never loses the response that it is about",
        explains: |name, python, ours| {
            name.ends_with(".error.status") && python.is_none() && ours.is_some()
        },
    },
];

/// A Python program that is spoken to in lines.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Its first line.
    greeting: String,
}

impl Python {
    /// Starts it, if the judges are installed; in CI they must be.
    fn start(script: &str) -> Option<Self> {
        let started = Self::spawn(script);
        let in_ci = std::env::var_os("CI").is_some();
        assert!(
            started.is_some() || !in_ci,
            "requests is missing: .ci/install-judges"
        );
        if started.is_none() {
            println!("left out: there is no Python with requests");
        }
        started
    }

    fn spawn(script: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let mut command = Command::new(root.join(target).join("judges/bin/python3"));
        command.arg(root.join("tests/requests_differential").join(script));
        for variable in [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "NETRC",
        ] {
            command
                .env_remove(variable)
                .env_remove(variable.to_uppercase());
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let input = child.stdin.take()?;
        let mut output = BufReader::new(child.stdout.take()?);
        let mut greeting = String::new();
        output.read_line(&mut greeting).ok()?;
        let greeting = greeting.trim_end().to_owned();
        let python = Self {
            child,
            input,
            output,
            greeting,
        };
        (!python.greeting.is_empty()).then_some(python)
    }

    fn run(&mut self, scenario: &str) -> Facts {
        writeln!(self.input, "{scenario}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        let Json::Object(facts) = Json::parse(&answer) else {
            panic!("{answer}")
        };
        let facts = facts.into_iter();
        facts
            .map(|(name, value)| (name, value.text().unwrap().to_owned()))
            .collect()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The scenarios of a file, with addresses put in.
fn scenarios(file: &str, addresses: &[(&str, String)]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests_differential");
    let text = fs::read_to_string(path.join(file)).unwrap();
    let text = addresses
        .iter()
        .fold(text, |text, (name, value)| text.replace(name, value));
    text.lines().map(str::to_owned).collect()
}

/// Drops what can't be the same once more than that is not: where one has an error, what the other
/// says of the response; of requests that one alone has sent, all but the first line.
fn level(python: &mut Facts, ours: &mut Facts) {
    let failed = |facts: &Facts, call: &str| facts.contains_key(&format!("{call}.error"));
    let sent = |facts: &Facts| facts.get("seen").and_then(|count| count.parse().ok());
    let both_sent: usize = sent(python).min(sent(ours)).unwrap_or_default();
    let calls = python.keys().chain(ours.keys());
    let calls: Vec<String> = calls
        .filter_map(|name| Some(name.rsplit_once(".error")?.0.to_owned()))
        .filter(|call| failed(python, call) != failed(ours, call))
        .collect();
    let is_left = |name: &str| {
        let mut parts = name.splitn(3, '.');
        let (kind, number, fact) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let number = number.and_then(|number| number.parse::<usize>().ok());
        match (kind, number) {
            (Some("got"), Some(number)) => {
                let call = format!("got.{number}");
                fact.starts_with("error") || !calls.contains(&call)
            }
            (Some("seen"), Some(number)) => fact == "line" || number < both_sent,
            _ => true,
        }
    };
    python.retain(|name, _| is_left(name));
    ours.retain(|name, _| is_left(name));
}

/// The facts that are not the same, with the values of both.
fn different<'f>(
    python: &'f Facts,
    ours: &'f Facts,
) -> Vec<(&'f str, Option<&'f str>, Option<&'f str>)> {
    let mut names: Vec<&str> = python
        .keys()
        .chain(ours.keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    let both = names.into_iter().map(|name| {
        let value = |facts: &'f Facts| facts.get(name).map(String::as_str);
        (name, value(python), value(ours))
    });
    both.filter(|(_, python, ours)| python != ours).collect()
}

/// What a scenario says of differences: a reason, and what is said here in place of what Python says.
fn expected(scenario: &Json) -> BTreeMap<&str, Option<&str>> {
    let Some(Json::Object(members)) = scenario.get("differs") else {
        return BTreeMap::new();
    };
    assert!(
        scenario
            .get("reason")
            .and_then(Json::text)
            .is_some_and(|reason| !reason.is_empty())
    );
    members
        .iter()
        .map(|(name, value)| (name.as_str(), value.text()))
        .collect()
}

/// What is wrong with a scenario; counts which differences it needs.
fn faults(scenario: &Json, python: &Facts, ours: &Facts, needed: &mut [usize]) -> Vec<String> {
    let mut expected = expected(scenario);
    let mut faults = Vec::new();
    for (name, python, ours) in different(python, ours) {
        let known = DIFFERENCES
            .iter()
            .position(|one| (one.explains)(name, python, ours));
        match (expected.remove(name), known) {
            (Some(said), _) if said == ours => {}
            (None, Some(place)) => needed[place] += 1,
            _ => faults.push(format!(
                "{name}\n    python {python:?}\n    ours   {ours:?}"
            )),
        }
    }
    faults.extend(
        expected
            .keys()
            .map(|name| format!("{name} is no difference")),
    );
    faults
}

#[test]
fn python_s_requests_and_this_do_the_same_but_for_the_list() {
    let Some(mut python) = Python::start("driver.py") else {
        return;
    };
    let server = Server::default();
    let (port, other) = (server.listen(), server.listen());
    let socks = server.listen_as(socks::open);
    let netrc = Netrc::new();
    let addresses = [
        ("{base}", format!("http://127.0.0.1:{port}")),
        ("{host}", format!("127.0.0.1:{port}")),
        ("{other}", format!("http://127.0.0.1:{other}")),
        ("{otherhost}", format!("127.0.0.1:{other}")),
        ("{socks}", format!("127.0.0.1:{socks}")),
        ("{deadhost}", format!("127.0.0.1:{}", closed_port())),
        ("{dead}", format!("http://127.0.0.1:{}", closed_port())),
        ("{netrc}", netrc.0.display().to_string()),
    ];
    let (mut wrong, mut alike) = (Vec::new(), 0);
    let mut needed = [0; DIFFERENCES.len()];
    let lines = scenarios("scenarios.jsonl", &addresses);
    for line in &lines {
        let scenario = Json::parse(line);
        let name = scenario.get("name").and_then(Json::text).unwrap();
        let answers = scenario.get("answers").map(Json::list).unwrap_or_default();
        server.arm(answers);
        let mut theirs = python.run(line);
        theirs.append(&mut server.seen());
        server.arm(answers);
        let mut ours = ours::run(&scenario);
        ours.append(&mut server.seen());
        level(&mut theirs, &mut ours);
        let faults = faults(&scenario, &theirs, &ours, &mut needed);
        wrong.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
        alike += usize::from(scenario.get("differs").is_none());
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for (difference, needed) in DIFFERENCES.iter().zip(needed) {
        assert!(needed > 0, "not needed: {}", difference.reason);
    }
    assert!(lines.len() >= SCENARIOS, "{}", lines.len());
    println!(
        "{} scenarios beside requests {}, {alike} alike",
        lines.len(),
        python.greeting
    );
}

#[test]
fn httpbin_says_the_same_to_both() {
    let Some(httpbin) = Python::start("httpbin_server.py") else {
        return;
    };
    let mut python = Python::start("driver.py").unwrap();
    let base = format!("http://127.0.0.1:{}", httpbin.greeting);
    let lines = scenarios("httpbin.jsonl", &[("{base}", base)]);
    let (mut wrong, mut needed) = (Vec::new(), [0; DIFFERENCES.len()]);
    for line in &lines {
        let scenario = Json::parse(line);
        let name = scenario.get("name").and_then(Json::text).unwrap();
        let (mut theirs, mut ours) = (python.run(line), ours::run(&scenario));
        for facts in [&mut theirs, &mut ours] {
            facts.retain(|name, _| !name.ends_with(".field.date"));
        }
        assert!(!theirs.contains_key("got.0.error"), "{name}: {theirs:?}");
        let faults = faults(&scenario, &theirs, &ours, &mut needed);
        wrong.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(
        wrong.is_empty() && lines.len() >= 15,
        "{}",
        wrong.join("\n")
    );
    println!("{} scenarios before httpbin", lines.len());
}

#[test]
fn codes_have_the_names_that_python_s_have() {
    let Some(mut python) = Python::start("driver.py") else {
        return;
    };
    let names = python.run("\"codes\"");
    let differ = names.iter().filter(|(name, code)| {
        let ours = stdhttp::requests::codes(name).map(|code| code.to_string());
        ours.as_ref() != Some(*code)
    });
    // 102 is no early hint: RFC 8297 has 103.
    let differ: Vec<_> = differ.map(|(name, _)| name.as_str()).collect();
    assert_eq!(differ, ["early-hints"]);
    assert!(names.len() > 100, "{}", names.len());
}

/// A port of the loopback where nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A file with a password for the loopback, removed at the end.
struct Netrc(PathBuf);

impl Netrc {
    fn new() -> Self {
        let name = format!("stdhttp-requests-differential-{}", std::process::id());
        let netrc = Self(std::env::temp_dir().join(name));
        fs::write(&netrc.0, "machine 127.0.0.1 login netty password secret\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&netrc.0, fs::Permissions::from_mode(0o600)).unwrap();
        }
        netrc
    }
}

impl Drop for Netrc {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
