//! A request as the caller says it: the arguments of `requests.request` as methods.

use super::models::{Auth, Hooks, PreparedRequest, RequestException, Response};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::form::{Data, FilePart};
use super::headers::Headers;
use super::options::{Cert, Hop, Redirects, SendOptions, Timeout, Verify};
use super::payload::{Payload, Progress};
use super::prepared::known_method;
use super::session::Session;
use crate::urllib::{Proxies, UrlParser, without_userinfo};

/// A request that is being put together: `requests.Request`, and the keyword arguments of
/// `requests.request`, one a method.
///
/// It is sent by [`send`](Self::send), by the session that it was made by or by one of its own.
/// Nothing is checked before.
///
/// ```no_run
/// use std::time::Duration;
/// use stdhttp::requests;
///
/// let response = requests::get("http://127.0.0.1:8000/get")
///     .params([("lang", "rust")])
///     .timeout((Duration::from_secs(5), Duration::from_secs(10)))
///     .send()?;
/// response.raise_for_status()?;
/// println!("{} {}", response.status_code(), response.text()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a request is sent by `send`"]
pub struct Request<'s> {
    pub(super) session: Option<&'s Session>,
    pub(super) method: Cow<'static, str>,
    pub(super) url: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Option<String>,
    /// A field without a value is one of the session that this call does without.
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    /// Those of the session, once it has prepared the request.
    pub(super) defaults: Headers,
    pub(super) data: Option<Data>,
    pub(super) json: Option<Payload>,
    pub(super) files: Vec<FilePart>,
    pub(super) auth: Option<Auth>,
    /// Without the authentication of the session, and without that of the environment.
    pub(super) anonymous: bool,
    pub(super) cookies: Vec<(String, String)>,
    pub(super) secrets: Vec<String>,
    pub(super) hooks: Hooks,
    pub(super) progress: Option<Progress>,
    pub(super) options: SendOptions,
}

impl Request<'static> {
    /// A request of no session (`requests.Request(method, url)`).
    pub fn new(method: &str, url: &str) -> Self {
        Self::build(None, method, url)
    }
}

impl Session {
    /// A request with any method (`request`).
    pub fn request(&self, method: &str, url: &str) -> Request<'_> {
        Request::of_session(self, method, url)
    }

    /// A GET request (`get`).
    pub fn get(&self, url: &str) -> Request<'_> {
        self.request("GET", url)
    }

    /// An OPTIONS request (`options`).
    pub fn options(&self, url: &str) -> Request<'_> {
        self.request("OPTIONS", url)
    }

    /// A HEAD request, whose redirects are returned unless asked for (`head`).
    pub fn head(&self, url: &str) -> Request<'_> {
        self.request("HEAD", url).allow_redirects(false)
    }

    /// A POST request (`post`).
    pub fn post(&self, url: &str) -> Request<'_> {
        self.request("POST", url)
    }

    /// A PUT request (`put`).
    pub fn put(&self, url: &str) -> Request<'_> {
        self.request("PUT", url)
    }

    /// A PATCH request (`patch`).
    pub fn patch(&self, url: &str) -> Request<'_> {
        self.request("PATCH", url)
    }

    /// A DELETE request (`delete`).
    pub fn delete(&self, url: &str) -> Request<'_> {
        self.request("DELETE", url)
    }
}

impl<'s> Request<'s> {
    pub(super) fn of_session(session: &'s Session, method: &str, url: &str) -> Self {
        Self::build(Some(session), method, url)
    }

    fn build(session: Option<&'s Session>, method: &str, url: &str) -> Self {
        // In `requests` it is `head` that follows no redirects; `request("HEAD")` does.
        Self {
            session,
            method: known_method(method),
            url: url.to_owned(),
            params: Vec::new(),
            query: None,
            headers: Vec::new(),
            defaults: Headers::default(),
            data: None,
            json: None,
            files: Vec::new(),
            auth: None,
            anonymous: false,
            cookies: Vec::new(),
            secrets: Vec::new(),
            hooks: Hooks::default(),
            progress: None,
            options: SendOptions::default(),
        }
    }

    /// Pairs for the query, behind that of the URL (`params`); names may come again.
    pub fn params<N: Into<String>, V: ToString>(
        mut self,
        params: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let params = params.into_iter();
        self.params
            .extend(params.map(|(name, value)| (name.into(), value.to_string())));
        self
    }

    /// Text for the query as it is (`params` as a string).
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// A field, in place of that of the session (`headers`).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Fields, in place of those of the session (`headers`).
    pub fn headers<N: Into<String>, V: Into<Vec<u8>>>(
        mut self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let headers = headers.into_iter();
        self.headers
            .extend(headers.map(|(name, value)| (name.into(), Some(value.into()))));
        self
    }

    /// Does without a field of the session for this call (`headers={"X": None}`).
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.headers.push((name.into(), None));
        self
    }

    /// A field that is a secret: it stays with the origin of the URL, whatever redirects say.
    pub fn secret_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        let name = name.into();
        self.secrets.push(name.clone());
        self.header(name, value)
    }

    /// The body, or the pairs of a form (`data`).
    pub fn data(mut self, data: impl Into<Data>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// A body of JSON that is written already (`json`), for example by `serde_json::to_vec`.
    pub fn json(mut self, json: impl Into<Payload>) -> Self {
        self.json = Some(json.into());
        self
    }

    /// A file of a form (`files`); the pairs of `data` stand before it.
    pub fn file(mut self, file: FilePart) -> Self {
        self.files.push(file);
        self
    }

    /// A name and a password, or any other authentication (`auth`). Bound to the origin of the URL.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    /// Without any authentication: neither the session's nor that of `.netrc`.
    pub fn without_auth(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// A cookie for the host of the URL, beside those of the session (`cookies`).
    pub fn cookie(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.cookies.push((name.into(), value.into()));
        self
    }

    /// Cookies for the host of the URL (`cookies`).
    pub fn cookies<N: Into<String>, V: Into<String>>(
        mut self,
        cookies: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let cookies = cookies.into_iter();
        self.cookies
            .extend(cookies.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The longest time for connecting, and for one read or write (`timeout`): one [`Duration`],
    /// two, or [`Timeout::NONE`].
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.options.timeout = Some(timeout.into());
        self
    }

    /// The longest time for all of it; see [`SendOptions::deadline`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Whether redirects are followed (`allow_redirects`).
    pub fn allow_redirects(mut self, follow: impl Into<Redirects>) -> Self {
        self.options.allow_redirects = follow.into();
        self
    }

    /// Follows the redirects of which this says so.
    pub fn redirect_if(
        mut self,
        decide: impl Fn(&Hop<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.options.allow_redirects = Redirects::Ask(std::sync::Arc::new(decide));
        self
    }

    /// The proxies (`proxies`), in place of those of session and environment; an empty
    /// [`Proxies`] is none at all.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.options.proxies = Some(proxies);
        self
    }

    /// Runs this for each response of the call (`hooks={"response": …}`), in place of the hooks of
    /// the session.
    pub fn hook(
        mut self,
        hook: impl Fn(&mut Response) -> Result<(), RequestException> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Whether the content is left to be read piece by piece (`stream`).
    pub fn stream(mut self, stream: bool) -> Self {
        self.options.stream = Some(stream);
        self
    }

    /// How the server is verified (`verify`): `true`, `false`, or a path.
    pub fn verify(mut self, verify: impl Into<Verify>) -> Self {
        self.options.verify = Some(verify.into());
        self
    }

    /// The certificate of the client (`cert`): a path, or two.
    pub fn cert(mut self, cert: impl Into<Cert>) -> Self {
        self.options.cert = Some(cert.into());
        self
    }

    /// Is told how many bytes of the body were taken to be sent, and how many there are, where that is
    /// known; from 0 again where the body is sent again.
    ///
    /// ```
    /// use stdhttp::requests;
    ///
    /// let request = requests::put("http://www.example.org/").data("a\nb\n");
    /// let request = request.upload_progress(|sent, total| eprintln!("{sent} of {total:?}"));
    /// assert_eq!(request.prepare()?.body().length(), Some(4));
    /// # Ok::<(), requests::RequestException>(())
    /// ```
    pub fn upload_progress(
        mut self,
        progress: impl Fn(u64, Option<u64>) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(std::sync::Arc::new(progress));
        self
    }

    /// The largest content in bytes that is read into memory.
    pub fn max_content(mut self, limit: u64) -> Self {
        self.options.max_content = Some(limit);
        self
    }

    /// The request as it will be sent (`prepare`, or `Session.prepare_request` where it was made by a
    /// session). Nothing of it is sent.
    ///
    /// # Errors
    ///
    /// Whatever of it can't be sent: `MissingSchema`, `InvalidURL`, `InvalidHeader`,
    /// `InvalidMethod`, `InvalidForm`, `InvalidBody`, `InvalidCredentials`, `InvalidCookie`.
    pub fn prepare(self) -> Result<PreparedRequest, RequestException> {
        match self.session {
            Some(session) => session.prepare_request(self),
            None => PreparedRequest::new(self, &UrlParser::quoting()),
        }
    }

    /// Sends it, and follows what it leads to.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`](Self::prepare), before anything is sent; then those of
    /// [`Session::send`]. A status is no error.
    pub fn send(mut self) -> Result<Response, RequestException> {
        let options = std::mem::take(&mut self.options);
        match self.session {
            Some(session) => {
                let prepared = session.prepare_request(self)?;
                session.send(prepared, options)
            }
            None => {
                let session = Session::new();
                let prepared = session.prepare_request(self)?;
                session.send(prepared, options)
            }
        }
    }

    /// Whether the call itself has a value for a field.
    pub(super) fn gives_header(&self, name: &str) -> bool {
        let mut given = self.headers.iter();
        given.any(|(known, value)| value.is_some() && known.eq_ignore_ascii_case(name))
    }

    /// Whether the call says anything of a field, also that it should go.
    pub(super) fn changes_header(&self, name: &str) -> bool {
        let mut given = self.headers.iter();
        given.any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The fields of the session, with those of the call over them.
    pub(super) fn merged_headers(&self) -> Headers {
        let mut merged = self.defaults.clone();
        for (name, value) in &self.headers {
            match value {
                Some(value) => merged.insert(name.as_str(), value.as_slice()),
                None => drop(merged.remove(name)),
            }
        }
        merged
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &without_userinfo(&self.url))
            .field("params", &self.params)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
