//! Runs a scenario with this crate, and says the same facts as `driver.py`.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::ConnectTime;
use stdhttp::cookies::{Cookie, CookieJar};
use stdhttp::requests::{
    Auth, BoxedStream, Data, FilePart, HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth, Payload,
    Request, RequestException, Response, Session, TlsSettings,
};
use stdhttp::urllib::{Proxies, Url};

use crate::Facts;
use crate::inflate;
use crate::json::Json;
use crate::server::latin1;

/// Where a cookie of the session belongs: Python's belong to every host.
const HOST: &str = "http://127.0.0.1/";

pub(crate) fn run(scenario: &Json) -> Facts {
    let session = session_of(scenario.get("session"));
    let mut facts = Facts::new();
    for (number, spec) in scenario.get("calls").unwrap().list().iter().enumerate() {
        for (name, value) in call(&session, spec) {
            facts.insert(format!("got.{number}.{name}"), value);
        }
    }
    let kept = session.cookies().iter();
    let kept = kept.map(|c| format!("{}={};{}", c.name(), c.value(), c.path()));
    facts.insert("kept".to_owned(), sorted(kept));
    facts
}

fn sorted(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<_> = words.collect();
    words.sort();
    words.join(" ")
}

fn object<'a>(spec: Option<&'a Json>, name: &str) -> &'a [(String, Json)] {
    match spec.and_then(|spec| spec.get(name)) {
        Some(Json::Object(members)) => members,
        _ => &[],
    }
}

fn texts(members: &[(String, Json)]) -> impl Iterator<Item = (&str, &str)> {
    let members = members.iter();
    members.filter_map(|(name, value)| Some((name.as_str(), value.text()?)))
}

fn pairs(list: &Json) -> Vec<(&str, &str)> {
    let pair = |pair: &'_ Json| match pair.list() {
        [Json::Text(_), Json::Text(_)] => true,
        _ => panic!("no pair: {pair:?}"),
    };
    assert!(list.list().iter().all(pair));
    let pairs = list.list().iter().map(Json::list);
    pairs
        .map(|pair| (pair[0].text().unwrap(), pair[1].text().unwrap()))
        .collect()
}

fn proxies_of(members: &[(String, Json)]) -> Proxies {
    let made = texts(members);
    made.fold(Proxies::new(), |made, (key, proxy)| {
        made.with(key, proxy).unwrap()
    })
}

fn session_of(spec: Option<&Json>) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    // TLS that hides nothing, so that the server sees what goes through it.
    session.set_tls(|_: &str, stream: BoxedStream, _: ConnectTime<'_>, _: &TlsSettings| Ok(stream));
    if spec.is_some_and(|spec| spec.get("codings").is_some()) {
        session.add_content_coding("gzip", inflate::gzip);
        session.add_content_coding("deflate", inflate::deflate);
    }
    let variables = object(spec, "env");
    if !variables.is_empty() {
        session.environment_mut().set_variables(texts(variables));
        session.environment_mut().proxies = true;
        session.environment_mut().netrc = true;
    }
    for (name, value) in texts(object(spec, "headers")) {
        session.headers_mut().insert(name, value);
    }
    session.set_params(texts(object(spec, "params")));
    if let Some(auth) = spec.and_then(|spec| spec.get("auth")) {
        session.set_auth(auth_of(auth));
    }
    let jar = CookieJar::new();
    for (name, value) in texts(object(spec, "cookies")) {
        jar.set_cookie(Cookie::new(name, value, &Url::parse(HOST).unwrap()).unwrap());
    }
    session.set_cookies(jar);
    session.set_proxies(proxies_of(object(spec, "proxies")));
    if let Some(limit) = spec.and_then(|spec| spec.get("max_redirects")) {
        session.set_max_redirects(limit.number().unwrap());
    }
    session
}

fn auth_of(spec: &Json) -> Auth {
    let words: Vec<&str> = spec
        .list()
        .iter()
        .map(|word| word.text().unwrap())
        .collect();
    match words[..] {
        ["basic", user, password] => HTTPBasicAuth::new(user, password).into(),
        ["digest", user, password] => HTTPDigestAuth::new(user, password).into(),
        ["proxy", user, password] => HTTPProxyAuth::new(user, password).into(),
        _ => panic!("{spec:?}"),
    }
}

fn file_of(spec: &Json) -> FilePart {
    let words: Vec<&str> = spec
        .list()
        .iter()
        .map(|word| word.text().unwrap())
        .collect();
    let part = FilePart::new(words[0], words[1], words[2]);
    match words.get(3) {
        Some(content_type) => part.content_type(*content_type),
        None => part,
    }
}

/// What the hooks of a call have said.
type Told = Arc<Mutex<Vec<String>>>;

fn with_hook<'s>(request: Request<'s>, word: &str, told: &Told) -> Request<'s> {
    let (word, told) = (word.to_owned(), told.clone());
    request.hook(move |response| {
        let said = format!("{word}:{}", response.status_code());
        told.lock().unwrap().push(said);
        match word.as_str() {
            "refuse" => return Err(RequestException::other("refused")),
            "utf-16" => response.set_encoding(&word),
            _ => {}
        }
        Ok(())
    })
}

fn request_of<'s>(session: &'s Session, spec: &Json, told: &Told) -> Request<'s> {
    let text = |name| spec.get(name).and_then(Json::text);
    let method = text("method").unwrap_or("GET");
    let mut request = with_body(session.request(method, text("url").unwrap()), spec);
    match spec.get("params") {
        Some(Json::Text(query)) => request = request.query(query),
        Some(Json::Object(members)) => request = request.params(texts(members)),
        Some(list) => request = request.params(pairs(list)),
        None => {}
    }
    for (name, value) in object(Some(spec), "headers") {
        request = match value {
            Json::Null => request.without_header(name),
            value => request.header(name, value.text().unwrap()),
        };
    }
    request = request.cookies(texts(object(Some(spec), "cookies")));
    if let Some(auth) = spec.get("auth") {
        request = request.auth(auth_of(auth));
    }
    if let Some(Json::Number(seconds)) = spec.get("timeout") {
        request = request.timeout(Duration::from_secs_f64(seconds.parse().unwrap()));
    }
    if let Some(follow) = spec.get("allow_redirects").and_then(Json::bool) {
        request = request.allow_redirects(follow);
    }
    if spec.get("proxies").is_some() {
        request = request.proxies(proxies_of(object(Some(spec), "proxies")));
    }
    let hooks = spec.get("hooks").map(Json::list).unwrap_or_default();
    for word in hooks {
        request = with_hook(request, word.text().unwrap(), told);
    }
    request.stream(spec.get("read").is_some())
}

fn with_body<'s>(mut request: Request<'s>, spec: &Json) -> Request<'s> {
    if let Some(text) = spec.get("data").and_then(Json::text) {
        request = request.data(text);
    }
    if let Some(list) = spec.get("pairs") {
        request = request.data(Data::form(pairs(list)));
    }
    if let Some(pieces) = spec.get("stream") {
        let pieces = pieces
            .list()
            .iter()
            .map(|piece| piece.text().unwrap().to_owned());
        let pieces: Vec<String> = pieces.collect();
        request = request.data(Payload::iter(pieces));
    }
    if let Some(json) = spec.get("json").and_then(Json::text) {
        request = request.json(json);
    }
    let files = spec.get("files").map(Json::list).unwrap_or_default();
    files
        .iter()
        .fold(request, |request, file| request.file(file_of(file)))
}

fn call(session: &Session, spec: &Json) -> Facts {
    let told = Told::default();
    let mut facts = answered(session, spec, &told);
    let told = told.lock().unwrap().join(" ");
    if !told.is_empty() {
        facts.insert("hooks".to_owned(), told);
    }
    facts
}

fn answered(session: &Session, spec: &Json, told: &Told) -> Facts {
    let got = request_of(session, spec, told).send();
    got.and_then(|response| facts_of(response, spec))
        .unwrap_or_else(|error| {
            let kind = format!("{:?}", error.kind());
            let name = kind.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let mut facts = Facts::from([("error".to_owned(), name.to_owned())]);
            if let Some(response) = error.response() {
                facts.insert(
                    "error.status".to_owned(),
                    response.status_code().to_string(),
                );
            }
            facts
        })
}

/// As Python writes a truth.
fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn facts_of(mut response: Response, spec: &Json) -> Result<Facts, RequestException> {
    if let Some(encoding) = spec.get("encoding").and_then(Json::text) {
        response.set_encoding(encoding);
    }
    let history = response.history().iter();
    let history: Vec<_> = history
        .map(|old| format!("{}:{}", old.status_code(), old.url()))
        .collect();
    let (redirect, permanent) = (response.is_redirect(), response.is_permanent_redirect());
    let next = response
        .next()
        .map(|next| format!("{} {}", next.method(), next.url()));
    let cookies = response
        .cookies()
        .iter()
        .map(|c| format!("{}={}", c.name(), c.value()));
    let links = response.links().into_iter().map(|link| link.target);
    let mut facts: Facts = [
        ("status", response.status_code().to_string()),
        ("reason", response.reason().into_owned()),
        ("url", response.url().to_string()),
        ("ok", truth(response.ok()).to_owned()),
        ("history", history.join(" ")),
        ("method", response.request().method().to_owned()),
        (
            "redirect",
            format!("{} {}", truth(redirect), truth(permanent)),
        ),
        ("next", next.unwrap_or_default()),
        ("cookies", sorted(cookies)),
        ("links", sorted(links)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let fields: Vec<String> = response
        .headers()
        .keys()
        .map(|name| name.into_owned())
        .collect();
    for name in fields {
        let values: Vec<_> = response
            .headers()
            .get_all(&name)
            .map(|value| value.into_owned())
            .collect();
        facts.insert(
            format!("field.{}", name.to_ascii_lowercase()),
            values.join(", "),
        );
    }
    facts.insert(
        "text".to_owned(),
        content_of(&mut response, spec.get("read"))?,
    );
    if let Some(member) = spec.get("json_of").and_then(Json::text) {
        let value = response.json(|octets| read_json(octets, member))?;
        facts.insert("json".to_owned(), value);
    }
    if spec.get("raise").is_some() {
        response.raise_for_status()?;
    }
    Ok(facts)
}

/// A member of an object that is text; the reader of tests takes trusted input only.
fn read_json(octets: &[u8], member: &str) -> Result<String, String> {
    let text = std::str::from_utf8(octets).map_err(|error| error.to_string())?;
    let value = text
        .trim_start()
        .starts_with('{')
        .then(|| Json::parse(text));
    let value = value.ok_or("no object")?;
    let value = value.get(member).and_then(Json::text);
    Ok(value.ok_or("no such member")?.to_owned())
}

fn content_of(response: &mut Response, read: Option<&Json>) -> Result<String, RequestException> {
    let pieces: Result<Vec<_>, _> = match read {
        None => return Ok(response.text()?.into_owned()),
        Some(Json::Text(kind)) if kind == "lines" => response.iter_lines().collect(),
        Some(Json::Text(kind)) if kind == "raw" => {
            let mut octets = Vec::new();
            response.raw().read_to_end(&mut octets).unwrap();
            Ok(vec![octets])
        }
        Some(Json::Number(size)) => response
            .iter_content(size.parse::<usize>().unwrap())
            .collect(),
        Some(other) => panic!("{other:?}"),
    };
    let pieces: Vec<_> = pieces?.iter().map(|piece| latin1(piece)).collect();
    Ok(pieces.join("|"))
}
