//! Python's `urllib.request` before the same server: what the server saw and what the caller got are
//! the same, but for the differences of a list, each with its reason and each needed.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use stdhttp::HTTPException;
use stdhttp::auth::{Challenge, Credentials, HTTPPasswordMgr};
use stdhttp::cookies::CookieJar;
use stdhttp::urllib::request::*;
use stdhttp::urllib::{Proxies, Url};

use crate::base64;
use crate::recording::{Recorded, Servers};

/// Python in one long-lived process.
struct Judge {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: [u32; 2],
}

impl Judge {
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/judge_urlopen.py");
        let mut python = Command::new("python3");
        let python = python
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = python.spawn().ok()?;
        let input = child.stdin.take()?;
        let mut output = BufReader::new(child.stdout.take()?);
        let mut version = String::new();
        output.read_line(&mut version).ok()?;
        let (major, minor) = version.trim().split_once('.')?;
        Some(Self {
            child,
            input,
            output,
            version: [major.parse().ok()?, minor.parse().ok()?],
        })
    }

    fn ask(&mut self, options: &[(&str, String)]) -> String {
        let mut line = String::new();
        for (key, value) in options {
            write!(line, "{key}={} ", base64::encode(value.as_bytes())).unwrap();
        }
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        let parts: Vec<&str> = answer.trim_end().split(' ').collect();
        match parts[..] {
            [kind, status, url, body] => {
                let text = |coded: &str| match coded {
                    "=" => String::new(),
                    coded => String::from_utf8_lossy(&base64::decode(coded)).into_owned(),
                };
                format!("{kind} {status} {} {}", text(url), text(body))
            }
            ["error", ..] => "error".to_owned(),
            _ => answer.trim_end().to_owned(),
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One call, in words that both sides understand; see `judge_urlopen.py`.
#[derive(Clone, Debug, Default)]
struct Scenario {
    options: Vec<(&'static str, String)>,
}

impl Scenario {
    fn get(url: &str) -> Self {
        Self::default().with("url", url)
    }

    fn with(mut self, key: &'static str, value: &str) -> Self {
        self.options.push((key, value.to_owned()));
        self
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let options = self.options.iter();
        options
            .filter(move |(known, _)| *known == key)
            .map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).next()
    }

    fn opener(&self) -> OpenerDirector {
        let proxies = match self.one("proxy") {
            Some(proxy) => Proxies::new().with("http", proxy).unwrap(),
            None => Proxies::new(),
        };
        let mut opener = build_opener()
            .add_handler(ProxyHandler::new(proxies))
            .with_addheaders([("User-Agent", "judge")]);
        if self.one("cookies").is_some() {
            opener = opener.add_handler(HTTPCookieProcessor::new(Arc::new(CookieJar::new())));
        }
        for scheme in self.all("auth") {
            let mut passwords = HTTPPasswordMgr::new();
            let area = Url::parse(self.one("area").unwrap()).unwrap();
            passwords.add_password(None, &area, Credentials::new("me", "secret").unwrap());
            opener = match scheme {
                "basic" => opener.add_handler(HTTPBasicAuthHandler::new(passwords)),
                _ => opener.add_handler(HTTPDigestAuthHandler::new(passwords)),
            };
        }
        opener
    }

    fn request(&self) -> Result<Request, URLError> {
        let mut request = Request::new(self.one("url").unwrap())?;
        if let Some(method) = self.one("method") {
            request = request.with_method(method);
        }
        if let Some(data) = self.one("data") {
            request.set_data(data);
        }
        if self.one("chunks").is_some() {
            let all: String = self.all("chunks").collect();
            request.set_data(Data::reader(std::io::Cursor::new(all)));
        }
        for field in self.all("header") {
            let (name, value) = field.split_once(": ").unwrap();
            request.add_header(name, value);
        }
        for field in self.all("unredirected") {
            let (name, value) = field.split_once(": ").unwrap();
            request.add_unredirected_header(name, value);
        }
        Ok(request)
    }
}

/// What came of a call, in the judge's words.
fn outcome(result: Result<Response, URLError>) -> String {
    let (kind, mut response) = match result {
        Ok(response) => ("ok", response),
        Err(URLError::HTTP(error)) => ("http", error.into_response()),
        Err(_) => return "error".to_owned(),
    };
    let (status, url) = (response.status(), response.url().to_owned());
    let mut body = String::new();
    match response.read_to_string(&mut body) {
        Ok(_) => format!("{kind} {status} {url} {body}"),
        Err(error) => match HTTPException::from(error) {
            HTTPException::IncompleteRead(_) => "short".to_owned(),
            _ => "error".to_owned(),
        },
    }
}

/// What both made of a call.
struct Compared {
    scenario: Scenario,
    ours: (String, Vec<Recorded>),
    theirs: (String, Vec<Recorded>),
}

impl Compared {
    fn is_same(&self) -> bool {
        self.ours == self.theirs
    }

    fn url(&self) -> &str {
        self.scenario.one("url").unwrap()
    }

    /// The status of the redirect that is asked for.
    fn redirects(&self, statuses: &[&str]) -> bool {
        statuses
            .iter()
            .any(|status| self.url().contains(&format!("/d/to?{status}&")))
    }

    fn method(&self) -> &str {
        let has_data = self.scenario.one("data").or(self.scenario.one("chunks"));
        let usual = if has_data.is_some() { "POST" } else { "GET" };
        self.scenario.one("method").unwrap_or(usual)
    }

    fn is_redirect(&self) -> bool {
        self.url().contains("/d/to?")
    }

    /// Whether the caller gave a field of this name, or of one that begins so.
    fn has_field(&self, name: &str) -> bool {
        let mut fields = self
            .scenario
            .all("header")
            .chain(self.scenario.all("unredirected"));
        fields.any(|field| field.starts_with(name))
    }

    /// Whether one of these fields is in their request behind a redirect, and not in ours.
    fn only_they_send_along(&self, names: &[&str]) -> bool {
        let (Some(ours), Some(theirs)) = (self.ours.1.get(1), self.theirs.1.get(1)) else {
            return false;
        };
        let mut names = names.iter();
        self.is_redirect()
            && names.any(|name| theirs.field(name).is_some() && ours.field(name).is_none())
    }
}

/// What differs: the outcomes, and the requests from the first that is not the same.
impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.scenario.options)?;
        writeln!(
            f,
            "  ours:   {:?}\n  theirs: {:?}",
            self.ours.0, self.theirs.0
        )?;
        let (ours, theirs) = (&self.ours.1, &self.theirs.1);
        let same = ours
            .iter()
            .zip(theirs)
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        writeln!(
            f,
            "  requests: {} and {}, {same} the same",
            ours.len(),
            theirs.len()
        )?;
        for (whose, requests) in [("ours", ours), ("theirs", theirs)] {
            if let Some(Recorded {
                server,
                line,
                fields,
                body,
            }) = requests.get(same)
            {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                writeln!(
                    f,
                    "    {whose}: {server} {line} {fields:?} {}",
                    body.escape_ascii()
                )?;
            }
        }
        Ok(())
    }
}

/// A reason, where it applies, and from which Python on it may have nothing to explain.
type Entry = (&'static str, fn(&Compared) -> bool, Option<[u32; 2]>);

/// Every kind of difference, with the reason why the crate does as it does. The first that fits counts.
const DIFFERENCES: &[Entry] = &[
    (
        "S-15.4-6: 301 and 302 change POST alone; Python makes an error of other methods",
        |case| case.redirects(&["301", "302"]) && ["PUT", "DELETE"].contains(&case.method()),
        None,
    ),
    (
        "S-15.4-7: 303 makes a GET of every method but HEAD; Python of POST alone",
        |case| case.redirects(&["303"]) && ["PUT", "DELETE"].contains(&case.method()),
        None,
    ),
    (
        "S-15.4-7: HEAD stays HEAD; Python before 3.13 makes a GET of it",
        |case| case.is_redirect() && case.method() == "HEAD" && case.scenario.one("data").is_none(),
        Some([3, 13]),
    ),
    (
        "S-15.4-8: 307 and 308 repeat the request; Python does so for GET and HEAD",
        |case| {
            case.redirects(&["307", "308"]) && ["POST", "PUT", "DELETE"].contains(&case.method())
        },
        None,
    ),
    (
        "S-15.4-8: a GET or HEAD with data keeps it; Python drops it",
        |case| {
            let keeps = ["GET", "HEAD"].contains(&case.method());
            case.is_redirect() && keeps && case.scenario.one("data").is_some()
        },
        None,
    ),
    (
        "S-15.4-9: all fields about the body go with it; Python drops two of them",
        |case| case.only_they_send_along(&["content-language"]),
        None,
    ),
    (
        "S-15.4-5: secrets stay with their origin",
        |case| case.only_they_send_along(&["authorization", "cookie", "x-api-key"]),
        None,
    ),
    (
        "S-15.4-3: a Host of the caller's stays with its origin",
        |case| case.is_redirect() && case.has_field("Host: other"),
        None,
    ),
    (
        "S-11.7.2-1: Proxy-Authorization goes to no server",
        |case| case.has_field("Proxy-Authorization") && case.scenario.one("proxy").is_none(),
        None,
    ),
    (
        "S-15.4-2: several Locations are an error; Python takes the first",
        |case| case.url().ends_with("/twice"),
        None,
    ),
    (
        "S-15.4-10: hops are counted, and no URL apart; Python visits one four times",
        |case| case.url().ends_with("/loop") || case.url().contains("&%23f"),
        None,
    ),
    (
        "S-15.4-11: the error of a redirect elsewhere is that of the URL that answered, with the answer",
        |case| {
            ["&ftp%3A", "&file%3A", "&data%3A"]
                .iter()
                .any(|part| case.url().contains(part))
        },
        None,
    ),
    (
        "S-4.2.4-2: a user name in a Location is refused; Python takes it for the host",
        |case| case.url().contains("%40"),
        None,
    ),
    (
        "S-15.4-12: what is illegal is encoded, or refused with the answer; Python sends it as it is",
        |case| {
            ["%22%3C", "%5B", "a%25"]
                .iter()
                .any(|part| case.url().contains(part))
        },
        None,
    ),
    (
        "S-10.2.2-1: an empty query takes the place of the old one; in Python it is none",
        |case| case.url().contains("&%3F"),
        None,
    ),
    (
        "S-10.2.2-2: a fragment is inherited",
        |case| case.ours.0.contains("#kept") && !case.theirs.0.contains("#kept"),
        None,
    ),
    (
        "E-2-1: 103 comes before the answer and is none",
        |case| case.url().ends_with("/early"),
        None,
    ),
    (
        "a `data:` URL is answered by 200, since an answer has a status; in Python it has none",
        |case| case.url().starts_with("data:"),
        None,
    ),
    (
        "a URL that can't be is refused before anything is sent",
        |case| case.ours.0 == "error" && case.ours.1.is_empty() && !case.theirs.1.is_empty(),
        None,
    ),
    (
        "S-11.3-1: several challenges in several fields are read; Python's digest reads the first field",
        |case| case.url().ends_with("/either"),
        None,
    ),
    (
        "S-11.3-1: a scheme that is not known leaves the answer as it is; Python raises ValueError",
        |case| case.theirs.0 == "error" && case.ours.0.starts_with("http 401"),
        None,
    ),
    (
        "B-2.2-1, D-3.4-2: who has asked once is sent credentials at once",
        |case| case.scenario.one("again").is_some() && case.theirs.1.len() > case.ours.1.len(),
        None,
    ),
    (
        "a field of the caller's own is not replaced by credentials of a handler",
        |case| case.has_field("Authorization: own") || case.has_field("Proxy-Authorization: own"),
        None,
    ),
    (
        "M-3.2.2-1, U-3.5-1: a proxy is sent no fragment, and a path",
        |case| {
            let has_path = case.url().matches('/').count() > 2;
            case.scenario.one("proxy").is_some() && (case.url().contains('#') || !has_path)
        },
        None,
    ),
];

/// The same for what can't be the same: the client's nonce and what is computed with it.
fn comparable(mut requests: Vec<Recorded>) -> Vec<Recorded> {
    for request in &mut requests {
        let fields = std::mem::take(&mut request.fields).into_iter();
        request.fields = fields
            .map(|(name, value)| match value.starts_with("Digest ") {
                true => (name, without_nonces(&value)),
                false => (name, value),
            })
            .collect();
    }
    requests
}

fn without_nonces(value: &str) -> String {
    let [challenge] = &Challenge::parse(value.as_bytes())[..] else {
        return value.to_owned();
    };
    let random = ["cnonce", "response", "algorithm"];
    let params = challenge
        .params()
        .filter(|(name, _)| !random.contains(name));
    let params: BTreeMap<&str, String> = params
        .map(|(name, value)| (name, value.escape_ascii().to_string()))
        .collect();
    format!("Digest {params:?}")
}

/// Redirects × methods × data, and where credentials go.
fn redirects() -> Vec<Scenario> {
    let mut all = Vec::new();
    for status in ["301", "302", "303", "307", "308"] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
            for data in [None, Some("a=b")] {
                let scenario = Scenario::get(&format!("http://{{a}}/d/to?{status}&/ok"));
                let scenario = scenario.with("method", method);
                all.push(match data {
                    Some(data) => scenario.with("data", data),
                    None => scenario,
                });
            }
        }
        for place in ["/ok", "http%3A%2F%2F{b}/ok"] {
            for field in [
                "Authorization: secret",
                "Cookie: a=b",
                "X-Api-Key: k",
                "Accept: a/b",
            ] {
                let url = format!("http://{{a}}/d/to?{status}&{place}");
                all.push(Scenario::get(&url).with("header", field));
            }
        }
    }
    for place in [
        "x",
        "%2Fx",
        "..%2Fy",
        "%3Fq",
        "%3F",
        "%23f",
        "%2F%2F{b}%2Fz",
        "a%20b",
        "a%25",
        "%2F%C3%BC",
        "%2F%FC",
        "%2F%22%3C%3E%5E%7B%7C%7D",
        "%2F%5B%5D",
        "ftp%3A%2F%2Fh%2F",
        "file%3A%2F%2F%2Fetc",
        "data%3A%2Cx",
        "http%3A%2F%2Fu%3Ap%40{b}%2F",
        "http%3A%2F%2F%5B",
        "%2Fa%3Bb%3Dc",
        "%2F.%2Fd",
        "%2F%2541",
    ] {
        all.push(Scenario::get(&format!("http://{{a}}/d/to?302&{place}")));
        all.push(Scenario::get(&format!(
            "http://{{a}}/d/to?302&{place}#kept"
        )));
    }
    for (name, value) in [
        ("Content-Language", "en"),
        ("X-Plain", "1"),
        ("Content-Type", "x/y"),
    ] {
        let scenario = Scenario::get("http://{a}/d/to?302&/ok").with("data", "x");
        all.push(scenario.clone().with("header", &format!("{name}: {value}")));
        all.push(scenario.with("unredirected", &format!("{name}: {value}")));
    }
    all.push(Scenario::get("http://{a}/d/to?302&/ok").with("header", "Host: other"));
    all.push(
        Scenario::get("http://{a}/d/to?302&http%3A%2F%2F{b}/ok").with("header", "Host: other"),
    );
    for path in ["loop", "twice", "nowhere"] {
        all.push(Scenario::get(&format!("http://{{a}}/{path}")));
    }
    all
}

/// Requests and answers without redirects.
fn plain() -> Vec<Scenario> {
    let mut all = Vec::new();
    for path in [
        "", "/", "/a/b?c=d", "/a?", "//double", "/%7e%41", "/a;b", "?q", "#f", "/x#f", "/x##f",
    ] {
        all.push(Scenario::get(&format!("http://{{a}}{path}")));
    }
    for status in [
        200, 201, 202, 204, 206, 300, 304, 305, 306, 400, 401, 403, 404, 405, 407, 410, 417, 418,
        429, 500, 502, 503, 599,
    ] {
        all.push(Scenario::get(&format!("http://{{a}}/status/{status}")));
    }
    for path in [
        "chunked", "close", "old", "early", "short", "nonsense", "nothing",
    ] {
        all.push(Scenario::get(&format!("http://{{a}}/{path}")));
    }
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "brew", "M-SEARCH",
    ] {
        let scenario = Scenario::get("http://{a}/x").with("method", method);
        all.push(scenario.clone());
        all.push(scenario.clone().with("data", "some data"));
        all.push(scenario.with("data", ""));
    }
    all.push(
        Scenario::get("http://{a}/x")
            .with("chunks", "one")
            .with("chunks", "two"),
    );
    all.push(Scenario::get("http://{a}/d/to?302&/x").with("chunks", "one"));
    for field in [
        "Accept: text/html",
        "accept-encoding: gzip",
        "Connection: keep-alive",
        "User-Agent: mine",
        "X-Empty: ",
        "Content-Type: a/b",
        "Host: other",
        "Proxy-Authorization: secret",
        "x-LOWER: 1",
    ] {
        all.push(Scenario::get("http://{a}/x").with("header", field));
        let with_data = Scenario::get("http://{a}/x").with("data", "x");
        all.push(with_data.with("unredirected", field));
    }
    let own_length = Scenario::get("http://{a}/x").with("data", "abc");
    all.push(own_length.with("header", "Content-length: 3"));
    for url in [
        "{a}",
        "/x",
        "http:///x",
        "http://{a}/a b",
        "http://{a}/\u{e4}",
        "http://{a}/a\\b",
        "gopher://h/",
        "http://{a}/a\"b",
        "<URL:http://{a}/x>",
        "HTTP://{a}/x",
        "http://{a}:80/",
        "data:,x%20y",
        "data:text/plain;base64,aGk=",
        "data:x",
        "http://127.0.0.1:1/",
    ] {
        all.push(Scenario::get(url));
    }
    all
}

/// Cookies, credentials and proxies; calls that follow each other share an opener.
fn stateful() -> Vec<Scenario> {
    let mut all = Vec::new();
    let jar = |url: &str| Scenario::get(url).with("cookies", "1");
    all.push(jar("http://{a}/cookie"));
    all.push(jar("http://{a}/x").with("again", "1"));
    all.push(
        jar("http://{a}/x")
            .with("again", "1")
            .with("header", "Cookie: own=1"),
    );
    all.push(jar("http://{a}/d/to?302&/cookie/x").with("again", "1"));
    all.push(jar("http://{a}/d/to?302&/cookie/x"));
    all.push(jar("http://{a}/x").with("again", "1"));
    for kinds in [
        &["basic"][..],
        &["digest"],
        &["basic", "digest"],
        &["digest", "basic"],
    ] {
        let known = |url: &str| {
            let scenario = Scenario::get(url).with("area", "http://{a}/");
            kinds
                .iter()
                .fold(scenario, |scenario, kind| scenario.with("auth", kind))
        };
        for path in ["basic", "digest", "either", "basic/x?y", "digest/x?y"] {
            all.push(known(&format!("http://{{a}}/{path}")));
            all.push(known(&format!("http://{{a}}/{path}")).with("again", "1"));
            all.push(known(&format!("http://{{a}}/{path}")).with("data", "x"));
            all.push(known(&format!("http://{{b}}/{path}")));
        }
        all.push(known("http://{a}/d/to?302&/basic"));
        all.push(known("http://{a}/d/to?302&http%3A%2F%2F{b}%2Fbasic"));
        all.push(known("http://{a}/basic").with("header", "Authorization: own"));
        all.push(known("http://{a}/basic").with("unredirected", "Authorization: own"));
    }
    all.push(
        Scenario::get("http://{a}/never")
            .with("area", "http://{a}/")
            .with("auth", "basic"),
    );
    for proxy in [
        "http://{b}",
        "http://me:secret@{b}",
        "{b}",
        "http://me:s%40t@{b}/",
    ] {
        let through = |url: &str| Scenario::get(url).with("proxy", proxy);
        all.push(through("http://{a}/x?y#z"));
        all.push(through("http://{a}//double"));
        all.push(through("http://{a}"));
        all.push(through("http://{a}/d/to?302&/x"));
        all.push(through("http://{a}/x").with("data", "1"));
        all.push(through("http://{a}/x").with("header", "Proxy-Authorization: own"));
        let known = through("http://{a}/digest").with("area", "http://{a}/");
        all.push(known.with("auth", "digest"));
    }
    all
}

#[test]
fn python_differs_only_as_listed_when_it_opens_urls() {
    let Some(mut judge) = Judge::start() else {
        assert!(std::env::var_os("CI").is_none(), "Python is missing");
        println!("left out: there is no Python");
        return;
    };
    let servers = Servers::start();
    let mut used = vec![0; DIFFERENCES.len()];
    let (mut same, mut unexplained) = (0, Vec::new());
    let mut opener = build_opener();
    for scenario in [plain(), redirects(), stateful()].concat() {
        let options = scenario.options.into_iter();
        let options = options.map(|(key, value)| (key, servers.with_addresses(&value)));
        let scenario = Scenario {
            options: options.collect(),
        };
        if scenario.one("again").is_none() {
            opener = scenario.opener();
        }
        let ours = outcome(scenario.request().and_then(|request| opener.open(request)));
        let ours = (
            servers.without_addresses(&ours),
            comparable(servers.taken()),
        );
        let theirs = judge.ask(&scenario.options);
        let theirs = (
            servers.without_addresses(&theirs),
            comparable(servers.taken()),
        );
        let compared = Compared {
            scenario,
            ours,
            theirs,
        };
        if compared.is_same() {
            same += 1;
            continue;
        }
        let mut fitting = DIFFERENCES.iter().enumerate();
        match fitting.find(|(_, (_, fits, _))| fits(&compared)) {
            Some((place, _)) => used[place] += 1,
            None => unexplained.push(compared.to_string()),
        }
    }
    println!(
        "{same} calls are the same, {} differ as listed",
        used.iter().sum::<usize>()
    );
    for (count, (reason, ..)) in used.iter().zip(DIFFERENCES) {
        println!("{count:4} {reason}");
    }
    let is_expected = |fixed: &Option<[u32; 2]>| fixed.is_none_or(|fixed| judge.version < fixed);
    let unused: Vec<&str> = used
        .iter()
        .zip(DIFFERENCES)
        .filter(|(count, (.., fixed))| **count == 0 && is_expected(fixed))
        .map(|(_, (reason, ..))| *reason)
        .collect();
    assert!(
        unexplained.is_empty(),
        "{} unexplained:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    assert!(unused.is_empty(), "not needed: {unused:#?}");
}
