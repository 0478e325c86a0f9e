//! What the tutorials of Python's `requests` do, stop by stop, with the syntax changed:
//!
//!     cargo run --features requests --example sessions -- FILES APPLICATION SOCKS
//!
//! FILES is the URL of a server with pages, redirects and a password (nginx), APPLICATION that of a
//! program that takes forms, JSON and cookies (Flask), SOCKS that of a proxy (`socks5h://…`). The
//! test `tutorials` starts all three and runs this.

use std::error::Error;
use std::io::{self, Read, Write};
use std::time::Duration;

use stdhttp::requests::{
    self, Adapter, ExceptionKind, FilePart, HTTPAdapter, PreparedRequest, RequestException,
    Response, Sending, Session, codes,
};
use stdhttp::urllib::Proxies;

type Outcome = Result<(), Box<dyn Error>>;

/// Where the servers are: URLs without a slash at the end.
pub(crate) struct Servers {
    pub(crate) files: String,
    pub(crate) application: String,
    pub(crate) socks: String,
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [files, application, socks] = arguments.as_slice() else {
        return Err("usage: sessions FILES APPLICATION SOCKS".into());
    };
    let servers = Servers {
        files: files.clone(),
        application: application.clone(),
        socks: socks.clone(),
    };
    run(&servers, &mut io::stdout())
}

/// All stops; each says what it got.
pub(crate) fn run(servers: &Servers, out: &mut impl Write) -> Outcome {
    page(&servers.files, out)?;
    attributes(&servers.files, out)?;
    failures(&servers.files, out)?;
    timeouts(&servers.application, out)?;
    redirects(&servers.files, out)?;
    user_agent(&servers.application, out)?;
    form(&servers.application, out)?;
    image(&servers.application, out)?;
    json(&servers.application, out)?;
    cookies(&servers.application, out)?;
    download(&servers.application, out)?;
    basic(&servers.files, out)?;
    defaults(&servers.application, out)?;
    prepared(&servers.application, out)?;
    hooks(&servers.files, out)?;
    signature(&servers.application, out)?;
    lines(&servers.application, out)?;
    socks(&servers.files, &servers.socks, out)?;
    verbs(&servers.application, out)?;
    adapters(&servers.files, out)?;
    put(&servers.application, out)
}

/// `r = requests.get(url)`; `r.status_code`, `r.text`.
fn page(files: &str, out: &mut impl Write) -> Outcome {
    let r = requests::get(&format!("{files}/hello")).send()?;
    assert!(Some(r.status_code()) == codes("ok") && r.ok());
    writeln!(out, "page: {} {:?}", r.status_code(), r.text()?)?;
    Ok(())
}

/// What a response says of itself.
fn attributes(files: &str, out: &mut impl Write) -> Outcome {
    let r = requests::get(&format!("{files}/hello"))
        .params([("q", "a b")])
        .send()?;
    let length = r.headers().get("content-length").unwrap_or_default();
    writeln!(
        out,
        "attributes: {} {}, {length} bytes of {}, {} redirects, {} by {}",
        r.url().path(),
        r.reason(),
        r.encoding(),
        r.history().len(),
        r.request().method(),
        r.request().path_url(),
    )?;
    assert!(r.elapsed() > Duration::ZERO && !r.is_redirect() && r.links().is_empty());
    Ok(())
}

/// `raise_for_status`, and the ladder of exceptions.
fn failures(files: &str, out: &mut impl Write) -> Outcome {
    let attempt = |url: &str| -> Result<Response, RequestException> {
        let r = requests::get(url).timeout(Duration::from_secs(2)).send()?;
        r.raise_for_status()?;
        Ok(r)
    };
    for url in [
        &format!("{files}/no-such-page"),
        "http://127.0.0.1:1/",
        "no-scheme",
    ] {
        let Err(error) = attempt(url) else {
            return Err("nothing failed".into());
        };
        let what = match error.kind() {
            ExceptionKind::HTTPError { status_code } => format!("status {status_code}"),
            ExceptionKind::ReadTimeout(_) => "read timeout".to_owned(),
            _ if error.is_timeout() => "timeout".to_owned(),
            _ if error.is_connection_error() => "no connection".to_owned(),
            ExceptionKind::MissingSchema { .. } => "no scheme".to_owned(),
            _ => "something else".to_owned(),
        };
        writeln!(out, "failures: {what}")?;
    }
    Ok(())
}

/// `timeout=(connect, read)`, and one deadline for all of it.
fn timeouts(application: &str, out: &mut impl Write) -> Outcome {
    let slow = requests::get(&format!("{application}/slow"));
    let times = (Duration::from_secs(5), Duration::from_millis(100));
    let error = slow.timeout(times).send().expect_err("a timeout");
    writeln!(out, "timeouts: {}", error.is_timeout())?;
    let slow = requests::get(&format!("{application}/slow"));
    let error = slow.deadline(Duration::from_millis(100)).send();
    writeln!(
        out,
        "deadline: {}",
        error.expect_err("a timeout").is_timeout()
    )?;
    Ok(())
}

/// Redirects, followed and not.
fn redirects(files: &str, out: &mut impl Write) -> Outcome {
    let r = requests::get(&format!("{files}/old")).send()?;
    let history: Vec<u16> = r.history().iter().map(Response::status_code).collect();
    writeln!(out, "redirects: {history:?} to {}", r.url().path())?;
    let r = requests::get(&format!("{files}/old"))
        .allow_redirects(false)
        .send()?;
    let next = r.next().map(|next| next.url().path());
    writeln!(out, "redirects: {} would lead to {next:?}", r.status_code())?;
    Ok(())
}

/// `headers={'user-agent': 'my-app/0.0.1'}`.
fn user_agent(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::get(&format!("{application}/agent"));
    let r = r.header("User-Agent", "my-app/0.0.1").send()?;
    writeln!(out, "user agent: {}", r.text()?)?;
    Ok(())
}

/// `data={'key': ['value1', 'value2']}`.
fn form(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::post(&format!("{application}/form"));
    let r = r
        .data([("key", "value1"), ("key", "value2 \u{e4}")])
        .send()?;
    writeln!(out, "form: {}", r.text()?)?;
    Ok(())
}

/// `files={'image': ('dot.png', open(…), 'image/png')}`.
fn image(application: &str, out: &mut impl Write) -> Outcome {
    let png = b"\x89PNG\r\n\x1a\nnot much of an image";
    let part = FilePart::new("image", "dot.png", png).content_type("image/png");
    let r = requests::post(&format!("{application}/upload"));
    let r = r.data([("title", "A dot")]).file(part).send()?;
    writeln!(out, "image: {}", r.text()?)?;
    Ok(())
}

/// `json={…}`, `r.json()`: by the parser of the caller's choice; here it only looks for a value.
fn json(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::post(&format!("{application}/json"))
        .json(r#"{"number": 7}"#)
        .send()?;
    let number = r.json(|octets| {
        let text = std::str::from_utf8(octets).map_err(|error| error.to_string())?;
        let digits = text
            .split(|c: char| !c.is_ascii_digit())
            .find(|digits| !digits.is_empty());
        digits
            .and_then(|digits| digits.parse::<u32>().ok())
            .ok_or("no number".to_owned())
    })?;
    writeln!(out, "json: {number}")?;
    Ok(())
}

/// `cookies={…}`, `r.cookies`, and those that a session keeps.
fn cookies(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::get(&format!("{application}/cookies"));
    let r = r.cookies([("cookies_are", "working")]).send()?;
    writeln!(out, "cookies: {}", r.text()?)?;
    let s = Session::new();
    let r = s.get(&format!("{application}/cookies/set")).send()?;
    let set = r.cookies().get("sessioncookie", None, None)?;
    writeln!(
        out,
        "cookies: set {:?}",
        set.map(|cookie| cookie.value().into_owned())
    )?;
    let r = s.get(&format!("{application}/cookies")).send()?;
    writeln!(out, "cookies: {}", r.text()?)?;
    Ok(())
}

/// `stream=True`, `iter_content`.
fn download(application: &str, out: &mut impl Write) -> Outcome {
    let mut r = requests::get(&format!("{application}/big"))
        .stream(true)
        .send()?;
    let (mut pieces, mut bytes) = (0, 0);
    for piece in r.iter_content(65_536) {
        pieces += 1;
        bytes += piece?.len();
    }
    writeln!(out, "download: {bytes} bytes in {pieces} pieces")?;
    Ok(())
}

/// `auth=('user', 'pass')`.
fn basic(files: &str, out: &mut impl Write) -> Outcome {
    let private = format!("{files}/private/");
    let refused = requests::get(&private).auth(("user", "wrong")).send()?;
    let r = requests::get(&private).auth(("user", "secret")).send()?;
    writeln!(out, "basic: {} {}", refused.status_code(), r.status_code())?;
    Ok(())
}

/// What all requests of a session have, and a request that does without.
fn defaults(application: &str, out: &mut impl Write) -> Outcome {
    let mut s = Session::new();
    s.headers_mut().insert("X-Test", "true");
    let url = format!("{application}/tests");
    let both = s.get(&url).header("X-Test2", "true").send()?;
    let neither = s.get(&url).without_header("X-Test").send()?;
    writeln!(out, "defaults: {:?} {:?}", both.text()?, neither.text()?)?;
    Ok(())
}

/// `Request`, `prepare_request`, `send`.
fn prepared(application: &str, out: &mut impl Write) -> Outcome {
    let s = Session::new();
    let req = s.post(&format!("{application}/form")).data([("a", "1")]);
    let mut prepped = req.prepare()?;
    prepped.set_body("b=2");
    let resp = s.send(prepped, Default::default())?;
    writeln!(out, "prepared: {}", resp.text()?)?;
    Ok(())
}

/// `hooks={'response': print_url}`.
fn hooks(files: &str, out: &mut impl Write) -> Outcome {
    let (seen, urls) = std::sync::mpsc::channel();
    let print_url = move |r: &mut Response| {
        let path = r.url().path().to_owned();
        seen.send(path).map_err(RequestException::other)
    };
    requests::get(&format!("{files}/old"))
        .hook(print_url)
        .send()?;
    writeln!(out, "hooks: {:?}", urls.iter().collect::<Vec<_>>())?;
    Ok(())
}

/// `class PizzaAuth(AuthBase)`.
fn signature(application: &str, out: &mut impl Write) -> Outcome {
    let pizza = |r: &mut PreparedRequest| {
        r.headers_mut().insert("X-Pizza", "kenneth");
        Ok(())
    };
    let r = requests::get(&format!("{application}/pizza"))
        .auth(pizza)
        .send()?;
    writeln!(out, "signature: {}", r.text()?)?;
    Ok(())
}

/// `iter_lines`.
fn lines(application: &str, out: &mut impl Write) -> Outcome {
    let mut r = requests::get(&format!("{application}/stream"))
        .stream(true)
        .send()?;
    for line in r.iter_lines() {
        writeln!(out, "lines: {}", String::from_utf8_lossy(&line?))?;
    }
    Ok(())
}

/// `proxies={'http': 'socks5h://user:pass@host:port'}`.
fn socks(files: &str, proxy: &str, out: &mut impl Write) -> Outcome {
    let proxies = Proxies::new().with("http", proxy)?;
    let r = requests::get(&format!("{files}/hello"))
        .proxies(proxies)
        .send()?;
    writeln!(out, "socks: {}", r.status_code())?;
    Ok(())
}

/// `requests.request('MKCOL', url)`.
fn verbs(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::request("MKCOL", &format!("{application}/verb")).send()?;
    writeln!(out, "verbs: {}", r.text()?)?;
    Ok(())
}

/// `s.mount('http://', MyAdapter())`.
fn adapters(files: &str, out: &mut impl Write) -> Outcome {
    /// Marks what it sends, and leaves the rest to the usual one.
    struct Marking(HTTPAdapter);

    impl Adapter for Marking {
        fn send(
            &self,
            request: &PreparedRequest,
            sending: &Sending<'_>,
        ) -> Result<Response, RequestException> {
            let mut marked = request.clone();
            marked.headers_mut().insert("X-Marked", "yes");
            self.0.send(&marked, sending)
        }
    }

    let mut s = Session::new();
    s.mount("http://", Marking(HTTPAdapter::new().max_retries(1)));
    let r = s.get(&format!("{files}/hello")).send()?;
    let marked = r.request().headers().get("X-Marked");
    writeln!(out, "adapters: {} {marked:?}", r.status_code())?;
    Ok(())
}

/// `requests.put(url, data=…)`, and the content as a reader.
fn put(application: &str, out: &mut impl Write) -> Outcome {
    let r = requests::put(&format!("{application}/verb")).data("some data");
    let mut r = r.stream(true).send()?;
    let mut text = String::new();
    r.read_to_string(&mut text)?;
    writeln!(out, "put: {text}")?;
    Ok(())
}
