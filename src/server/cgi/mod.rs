//! CGIHTTPRequestHandler: files, and below certain directories programs that make the response
//! (`http.server.CGIHTTPRequestHandler`, until Python 3.14; RFC 3875). On Unix.
//!
//! Departs from `http.server`: the script decides on the status; it gets a small environment instead
//! of the server's, no credentials and nothing for a shell; its time is bounded; its files are
//! never sent as they are, whatever they are called by; a body without a declared length gets 411.
//! Scripts run as the user that the server runs as. Scripts that write the whole response
//! themselves (`nph-`) are not supported.

mod output;
mod process;
mod relay;
mod script;
mod variables;

use std::time::{Duration, Instant};

use crate::error::HTTPException;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::base::Handler;
use crate::server::files::SimpleHTTPRequestHandler;

use relay::{Outcome, Relay};
use script::Wanted;

use script::Places;

/// How often one script may name another one, or a file, in its place.
const LOCAL_REDIRECTS: usize = 10;

/// Serves the files of a directory, and runs the programs below `/cgi-bin` and `/htbin` in it:
/// `http.server.CGIHTTPRequestHandler`.
///
/// The program is the first name in the path that is no directory; what follows is its `PATH_INFO`.
/// It must be a plain file that is executable. It gets the variables of RFC 3875, the request's
/// body as its standard input, and answers on its standard output: fields, an empty line, a body.
/// `Status` sets the status. `Location` is a redirect, or, if it begins with a slash and there
/// is no `Status`, the path of what is sent in its place. What it writes to standard error is
/// logged.
///
/// ```no_run
/// use stdhttp::server::{CGIHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer};
///
/// let files = SimpleHTTPRequestHandler::new("site")?;
/// let handler = CGIHTTPRequestHandler::new(files).cgi_directories(["/scripts"]);
/// ThreadingHTTPServer::bind("127.0.0.1:8000", handler)?.serve_forever();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CGIHTTPRequestHandler {
    files: SimpleHTTPRequestHandler,
    places: Places,
    script_time: Duration,
}

impl CGIHTTPRequestHandler {
    /// Serves these files, and runs the programs in their directory's `cgi-bin` and `htbin`.
    pub fn new(files: SimpleHTTPRequestHandler) -> Self {
        let handler = Self {
            files,
            places: Places::default(),
            script_time: Duration::from_secs(60),
        };
        handler.cgi_directories(["/cgi-bin", "/htbin"])
    }

    /// The paths below which there are programs (`cgi_directories`), as in `/cgi-bin`. The
    /// directory as a whole can't be one.
    #[must_use]
    pub fn cgi_directories(mut self, paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.places = Places::new(paths);
        let directories = self.places.below(self.files.directory());
        self.files = self.files.withhold(directories);
        self
    }

    /// How long a request to a script may take; one that runs on is killed. 60 seconds.
    #[must_use]
    pub fn script_time(mut self, time: Duration) -> Self {
        self.script_time = time;
        self
    }

    /// Whether a request's path is that of a script, or of a place where only scripts are
    /// (`is_cgi`).
    pub fn is_cgi(&self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        self.places.find(&self.files, path.as_bytes()).is_some()
    }

    /// Answers by what the path names, and again by what a script has named in its place.
    fn answer(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let now = Instant::now();
        let deadline = now.checked_add(self.script_time).unwrap_or(now);
        let mut wanted = Wanted::of(request);
        for _ in 0..=LOCAL_REDIRECTS {
            let script = match self.places.find(&self.files, &wanted.path) {
                Some(Ok(script)) => script,
                Some(Err(refused)) => {
                    let message = refused.message(&wanted.path);
                    return request.send_error(refused.status(), message.as_str(), None);
                }
                None if wanted.method == "POST" => return refuse_post(request),
                None => {
                    let query = wanted.query.as_deref();
                    return self.files.send_target(request, &wanted.path, query);
                }
            };
            let relay = Relay::new(request, &script, &wanted, deadline);
            match relay.run()? {
                Outcome::Answered => return Ok(()),
                Outcome::Elsewhere(location) => wanted.redirect(&location),
            }
        }
        request.send_error(502, "CGI scripts name each other", None)
    }
}

fn refuse_post(request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
    let allow = [("Allow", "GET, HEAD, OPTIONS")];
    request.send_error_with(405, Some("Can only POST to CGI scripts"), None, &allow)
}

impl Handler for CGIHTTPRequestHandler {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.answer(request)
    }

    fn do_POST(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.answer(request)
    }

    fn methods(&self) -> &[&str] {
        &["GET", "HEAD", "POST", "OPTIONS"]
    }
}
