//! What `verify` and `cert` come to, judged by Python's `requests`: the same calls in the same order
//! before the same servers, by one session there and by one of each adapter here.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use stdhttp::requests::{ExceptionKind, RequestException, Session};

use crate::certificates::{Authority, Identity};
use crate::sessions::{Pem, Server, serve, sessions};

/// A call: its name, server, `verify` and `cert`.
struct Call<'a> {
    name: &'static str,
    url: String,
    verify: &'a str,
    cert: String,
}

/// Where it ends otherwise here, and why: the name of the call, there, here.
const DIFFERENCES: [(&str, &str, &str, &str); 2] = [
    (
        "no such authority",
        "OSError",
        "SSLError",
        "every failure of a call is a RequestException",
    ),
    (
        "no such certificate",
        "OSError",
        "SSLError",
        "every failure of a call is a RequestException",
    ),
];

/// `requests`, in a process of its own.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Nothing where it is not installed; in CI it must be.
    fn start() -> Option<Self> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = home.join("../..").join(target.unwrap_or("target".into()));
        let started = Command::new(target.join("judges/bin/python3"))
            .arg(home.join("src/judged.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let in_ci = std::env::var_os("CI").is_some();
        assert!(started.is_ok() || !in_ci, "requests: .ci/install-judges");
        let mut child = started.ok()?;
        Some(Self {
            input: child.stdin.take()?,
            output: BufReader::new(child.stdout.take()?),
            child,
        })
    }

    fn outcome(&mut self, call: &Call<'_>) -> String {
        let line = format!("{}\t{}\t{}\n", call.url, call.verify, call.cert);
        self.input.write_all(line.as_bytes()).expect("Python");
        let mut outcome = String::new();
        self.output.read_line(&mut outcome).expect("Python");
        outcome.trim_end().to_owned()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn outcome(session: &Session, call: &Call<'_>) -> String {
    let request = session.get(&call.url);
    let request = match call.verify {
        "false" => request.verify(false),
        path => request.verify(path),
    };
    let request = match call.cert.split_once(',') {
        Some(pair) => request.cert(pair),
        None if call.cert.is_empty() => request,
        None => request.cert(call.cert.as_str()),
    };
    let text = |error: RequestException| match error.kind() {
        ExceptionKind::SSLError(_) => "SSLError".to_owned(),
        other => format!("{other:?}"),
    };
    let sent = request.send();
    sent.map_or_else(text, |response| {
        let content = response.text().expect("a content");
        format!("{} {content}", response.status_code())
    })
}

#[test]
fn verify_and_cert_come_to_what_they_do_in_requests() {
    let Some(mut python) = Python::start() else {
        println!("left out: there is no Python with requests");
        return;
    };
    let (authority, other) = (Authority::new(), Authority::new());
    let stranger = Identity::self_signed("localhost");
    let client = authority.issue("client");
    let [roots, others, itself, certificate, key, both] = [
        &authority.certificate,
        &other.certificate,
        &stranger.certificate,
        &client.certificate,
        &client.key,
        &format!("{}{}", client.certificate, client.key),
    ]
    .map(|text| Pem::new(text));
    let pair = format!("{},{}", certificate.path(), key.path());
    let plain = serve(authority.issue("localhost").server_config());
    let asks = serve(authority.issue("localhost").config_that_asks(&authority));
    let named = serve(authority.issue("other.example").server_config());
    let address = serve(authority.issue("127.0.0.1").server_config());
    let expired = serve(authority.issue_expired("localhost").server_config());
    let future = serve(authority.issue_for_the_future("localhost").server_config());
    let strange = serve(stranger.server_config());
    let call = |name, server: &Server, verify, cert: &str| Call {
        name,
        url: format!("https://localhost:{}/", server.port),
        verify,
        cert: cert.to_owned(),
    };
    let (roots, none) = (roots.path(), "");
    let calls = [
        call("believed", &plain, roots, none),
        call("another authority", &plain, others.path(), none),
        call("believed again", &plain, roots, none),
        call("no such authority", &plain, "/no/such/file", none),
        call("unverified", &plain, "false", none),
        call("verified behind unverified", &plain, others.path(), none),
        call("another name", &named, roots, none),
        call("another name, unverified", &named, "false", none),
        call("another name behind unverified", &named, roots, none),
        Call {
            url: format!("https://127.0.0.1:{}/", address.port),
            ..call("an address", &address, roots, none)
        },
        Call {
            url: format!("https://127.0.0.1:{}/", plain.port),
            ..call("an address that is not named", &plain, roots, none)
        },
        call("expired", &expired, roots, none),
        call("expired, unverified", &expired, "false", none),
        call("not valid yet", &future, roots, none),
        call("a stranger", &strange, roots, none),
        call("a stranger, unverified", &strange, "false", none),
        call("its own authority", &strange, itself.path(), none),
        call("shown", &asks, roots, &pair),
        call("shown from one file", &asks, roots, both.path()),
        call("shown, unverified", &asks, "false", &pair),
        call("no such certificate", &asks, roots, "/no/such/file"),
        call("shown unasked", &plain, roots, &pair),
    ];
    let mut used = [false; DIFFERENCES.len()];
    let roots = Pem::new(&authority.certificate);
    for (adapter, session) in sessions(&roots) {
        for call in &calls {
            let (there, here) = (python.outcome(call), outcome(&session, call));
            if there == here {
                continue;
            }
            let reason = DIFFERENCES.iter().position(|(name, python, ours, _)| {
                (*name, *python, *ours) == (call.name, &there, &here)
            });
            let place = reason
                .unwrap_or_else(|| panic!("{adapter}, {}: {there} there, {here} here", call.name));
            used[place] = true;
        }
    }
    assert_eq!(used, [true; DIFFERENCES.len()], "{DIFFERENCES:?}");
}
