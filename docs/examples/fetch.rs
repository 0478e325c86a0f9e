//! `fetch`: what HTTPie and curl do for people at a terminal, on sessions; streamed both ways.
//!
//! ```text
//! cargo run --release --features requests --example fetch -- [OPTIONS] URL
//! ```
//!
//! `--help` shows the options. The exit status is 0 whatever the status of the response; see
//! [`Failure`] for the others.

#[path = "fetch/arguments.rs"]
mod arguments;
#[path = "fetch/content.rs"]
mod content;
#[path = "fetch/failure.rs"]
mod failure;
#[path = "fetch/output.rs"]
mod output;
#[path = "fetch/progress.rs"]
mod progress;

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arguments::Arguments;
use failure::Failure;
use output::Output;
use progress::Progress;
use stdhttp::cookies::{CookieJar, LoadError, MozillaCookieJar};
use stdhttp::requests::{HTTPAdapter, HTTPDigestAuth, Request, RequestException, Retry, Session};
use stdhttp::urllib::Proxies;

const USAGE: &str = "\
usage: fetch [OPTIONS] URL

  -I                asks for the head alone, and writes it
  -i                writes the head of the response before its body
  -L                follows redirects, ten at most
  -s                writes no progress and no error
  -v                writes what goes over the wire to standard error, credentials masked
  -X METHOD         the method; otherwise GET, HEAD with -I, PUT with -T, POST with -d, --json, -F
  -H 'Name: value'  a header field; can be given again
  -u USER:PASSWORD  proves who asks: Basic, or with --digest Digest
  -d DATA           sends a form; given again, joined with &
  -d @FILE          sends a form from a file; -d @- from standard input
  --json NAME=VALUE sends JSON, an object of strings; NAME:=JSON takes any value; can be given again
  -F NAME=VALUE     sends a form; can be given again
  -F NAME=@FILE     sends a file as a part of it
  -T FILE           sends a file; -T - sends standard input
  -o FILE           writes to a file instead of standard output
  -C -              with -o: goes on with what is there, and leaves the old file until all is there
  -x PROXY          sends it through a proxy: [http://|socks5h://][user:password@]host[:port]
  --cookie-jar FILE takes cookies from a file in the format of Mozilla, and keeps them there
  --retry N         tries again N times where sending twice is safe
  -h, --help        writes this

A URL is [http://]host[:port][/path][?query]. Each step may wait 60 seconds. Proxies and passwords come
from the environment and .netrc too.
Exit status: 0 for any response, 1 if a local file or standard stream fails, 2 for wrong usage,
3 if the network fails, 4 if the peer breaks the protocol or redirects to where -L can't follow, 5 if
with -C the status is that of no file.";

/// The longest time for connecting, for one read and for one write.
const TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) if arguments.help => exit(write_usage(), false),
        Ok(arguments) => exit(fetch(&arguments), arguments.silent),
        Err(problem) => exit(Err(Failure::Usage(problem)), false),
    }
}

fn exit(done: Result<(), Failure>, silent: bool) -> ExitCode {
    let Err(failure) = done else {
        return ExitCode::SUCCESS;
    };
    if !silent {
        eprintln!("fetch: {failure}");
    }
    ExitCode::from(failure.exit_status())
}

fn write_usage() -> Result<(), Failure> {
    let written = Output::new(None).write(format!("{USAGE}\n").as_bytes());
    written.map_err(|error| Failure::Local("standard output".into(), error))
}

fn fetch(arguments: &Arguments) -> Result<(), Failure> {
    let mut session = session(arguments)?;
    if let Some(file) = &arguments.cookie_jar {
        session.set_cookies(load_cookies(file)?);
    }
    let done = exchange(&session, arguments);
    if let Some(file) = &arguments.cookie_jar {
        let saved = cookie_file(file, session.cookies().clone()).save();
        saved.map_err(|error| Failure::Local(file.clone(), error))?;
    }
    done
}

fn session(arguments: &Arguments) -> Result<Session, Failure> {
    let mut session = Session::new();
    // One request, so that there is nothing to keep.
    session.headers_mut().insert("Connection", "close");
    session.set_timeout(TIMEOUT);
    let retry = Retry::new(arguments.retries).status_forcelist([429, 502, 503, 504]);
    let retry = retry.backoff_factor(Duration::from_millis(500));
    let mut adapter = HTTPAdapter::new().max_retries(retry.raise_on_status(false));
    if arguments.verbose {
        adapter = adapter.debuglevel(1).debug_output(io::stderr);
    }
    session.mount("http://", adapter.clone());
    session.mount("https://", adapter);
    if let Some(proxy) = &arguments.proxy {
        let proxies = Proxies::new().with("all", proxy);
        session.set_proxies(proxies.map_err(|error| Failure::Usage(error.to_string()))?);
    }
    Ok(session)
}

/// The cookies of a file, which need not be there yet.
fn load_cookies(file: &str) -> Result<CookieJar, Failure> {
    let jar = cookie_file(file, CookieJar::new());
    match jar.load() {
        Err(LoadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::Local(file.to_owned(), io::Error::other(error))),
        Ok(_) => {}
    }
    Ok(CookieJar::clone(&jar))
}

fn cookie_file(file: &str, jar: CookieJar) -> MozillaCookieJar {
    MozillaCookieJar::new(file, jar).with_session_cookies()
}

fn exchange(session: &Session, arguments: &Arguments) -> Result<(), Failure> {
    let file = arguments.output.clone();
    let output = Output::new(file.filter(|_| !arguments.resume));
    let output = Arc::new(Mutex::new(output));
    let mut request = request(session, arguments)?;
    if arguments.shows_head() {
        let output = output.clone();
        request = request.hook(move |response| {
            let written = locked(&output).write_head(response);
            written.map_err(RequestException::other)
        });
    }
    match (&arguments.output, arguments.resume) {
        (Some(file), true) => download(request, file, arguments),
        _ => receive(request, &output, arguments),
    }
}

fn request<'s>(session: &'s Session, arguments: &Arguments) -> Result<Request<'s>, Failure> {
    let mut request = session
        .request(arguments.method(), &arguments.url)
        .allow_redirects(arguments.follow)
        .stream(true);
    for (name, value) in &arguments.headers {
        request = request.header(name, value.as_str());
    }
    if let Some((user, password)) = &arguments.user {
        request = match arguments.digest {
            true => request.auth(HTTPDigestAuth::new(user, password)),
            false => request.auth((user, password)),
        };
    }
    if let Some(content) = &arguments.content {
        request = content.put_on(request, arguments)?;
    }
    if arguments.shows_progress() {
        let progress = Mutex::new(Progress::new("sent", true));
        request = request.upload_progress(move |sent, total| locked(&progress).is_at(sent, total));
    }
    Ok(request)
}

/// To a file, whole or not at all; what came before a failure is gone on with.
fn download(request: Request<'_>, file: &str, arguments: &Arguments) -> Result<(), Failure> {
    let mut progress = Progress::new("received", arguments.shows_progress());
    let download = request.download(file).resume(true);
    let done = download.progress(|done, total| progress.is_at(done, total));
    done.send().map_err(|error| Failure::of(error, arguments))?;
    Ok(())
}

/// The body of the response where it belongs, piece by piece.
fn receive(
    request: Request<'_>,
    output: &Mutex<Output>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let failed = |error| Failure::of(error, arguments);
    let mut response = request.send().map_err(failed)?;
    let length = response.headers().get("Content-Length");
    let length = length.and_then(|length| length.parse().ok());
    let mut output = locked(output);
    let local = |error| Failure::Local(arguments.output_name(), error);
    output.open().map_err(local)?;
    let visible = !output.is_terminal() && arguments.shows_progress();
    let mut progress = Progress::new("received", visible);
    let mut done = 0;
    for piece in response.iter_content(None) {
        let piece = piece.map_err(failed)?;
        output.write(&piece).map_err(local)?;
        done += piece.len() as u64;
        progress.is_at(done, length);
    }
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
