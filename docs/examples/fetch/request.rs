//! What `fetch` asks for: at first what the command line says, then what redirects make of it
//! (RFC 9110 section 15.4).

use stdhttp::{HTTPConnection, HTTPResponse, Skip, Source};

use crate::Failure;
use crate::arguments::Arguments;
use crate::upload::{Content, Upload};
use crate::url::Url;

/// A form, unless `-H` says otherwise.
const FORM: &str = "application/x-www-form-urlencoded";

/// What is meant for one server alone.
const CREDENTIALS: [&str; 4] = ["Authorization", "Cookie", "Proxy-Authorization", "Host"];

/// Besides `Content-…`, what says something about a body.
const ABOUT_A_BODY: [&str; 3] = ["Expect", "Trailer", "Transfer-Encoding"];

/// One request.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: Url,
    headers: Vec<&'a (String, String)>,
    pub(crate) upload: Option<&'a Upload>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(arguments: &'a Arguments) -> Self {
        Self {
            method: arguments.method(),
            url: arguments.url.clone(),
            headers: arguments.headers.iter().collect(),
            upload: arguments.upload.as_ref(),
        }
    }

    /// Whether a field with this name was given.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(given, _)| is(given, name))
    }

    /// Sends the head.
    pub(crate) fn start(
        &self,
        conn: &mut HTTPConnection,
        content: Option<&Content>,
    ) -> Result<(), Failure> {
        let host_given = self.has_header("Host");
        let encoding_given = self.has_header("Accept-Encoding");
        let skip = Skip::default().with(|skip| {
            skip.host = host_given;
            skip.accept_encoding = host_given || encoding_given;
        });
        conn.putrequest_with(self.method, &self.url.target, skip)?;
        for (name, value) in &self.headers {
            conn.putheader(name, value)?;
        }
        if host_given && !encoding_given {
            conn.putheader("Accept-Encoding", "identity")?; // `Host` stays the first field
        }
        if matches!(self.upload, Some(Upload::Form(_))) && !self.has_header("Content-Type") {
            conn.putheader("Content-Type", FORM)?;
        }
        match content.map(|content| content.length) {
            Some(Some(length)) => conn.putheader("Content-Length", length)?,
            Some(None) => conn.putheader("Transfer-Encoding", "chunked")?,
            None => {}
        }
        Ok(conn.endheaders()?)
    }

    /// The request that this response leads to, if it does.
    pub(crate) fn redirected<W: Source>(
        &self,
        response: &HTTPResponse<'_, W>,
    ) -> Result<Option<Self>, Failure> {
        let location = match response.status() {
            301 | 302 | 303 | 307 | 308 => response.headers().get_bytes("Location"),
            _ => None,
        };
        let Some(location) = location else {
            return Ok(None);
        };
        let mut next = self.clone();
        next.url = self.url.join(location).map_err(Failure::Redirect)?;
        let becomes_get = match response.status() {
            301 | 302 => self.method == "POST",
            303 => self.method != "HEAD",
            _ => false,
        };
        if becomes_get {
            next.method = "GET";
            next.upload = None;
            next.headers.retain(|(name, _)| !is_about_a_body(name));
        }
        if next.upload.is_some_and(Upload::is_read_once) {
            let problem = "standard input can't be sent a second time";
            return Err(Failure::Redirect(problem.into()));
        }
        if !is(&next.url.authority, &self.url.authority) {
            let foreign = |name: &str| CREDENTIALS.iter().any(|field| is(name, field));
            next.headers.retain(|(name, _)| !foreign(name));
        }
        Ok(Some(next))
    }
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

fn is_about_a_body(name: &str) -> bool {
    let is_content = name.get(..8).is_some_and(|start| is(start, "Content-"));
    is_content || ABOUT_A_BODY.iter().any(|field| is(name, field))
}
