//! The session: what calls have in common, and the way of a request through redirects
//! (`requests.Session`).
//!
//! Departs from `requests`: it is shared by threads; what was said by the call counts more than what
//! the session says, and that more than the environment; nothing of the environment gets into a
//! request that has an authorization of its own.

use super::models::{Auth, Hooks, RequestException, Response};
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use super::adapter::{Adapter, begins_with, is_mounted_at};
use super::dial::Tls;
use super::environment::Environment;
use super::error::ExceptionKind;
use super::headers::Headers;
use super::http_adapter::HTTPAdapter;
use super::options::{Cert, MAX_CONTENT, SendOptions, Timeout, Verify};
use super::text::Charsets;
use crate::cookies::CookieJar;
use crate::transport::clock::{Clock, SystemClock};
use crate::urllib::{Proxies, RedirectRules, UrlParser, without_userinfo};

/// Redirects that are followed unless more are asked for (`max_redirects`; `requests` has 30).
const MAX_REDIRECTS: usize = 10;

/// What calls have in common, and the connections they share: `requests.Session`.
///
/// It is set up by `&mut self` and used by `&self`, by as many threads as like to.
///
/// ```no_run
/// use stdhttp::requests::Session;
///
/// let mut session = Session::new();
/// session.headers_mut().insert("X-Test", "true");
/// session.set_auth(("user", "pass"));
/// let response = session.get("http://127.0.0.1:8000/headers").header("X-Test2", "true").send()?;
/// println!("{}", response.text()?);
/// # Ok::<(), stdhttp::requests::RequestException>(())
/// ```
pub struct Session {
    pub(super) headers: Headers,
    pub(super) params: Vec<(String, String)>,
    pub(super) auth: Option<Auth>,
    pub(super) cookies: CookieJar,
    pub(super) hooks: Hooks,
    pub(super) proxies: Proxies,
    pub(super) verify: Option<Verify>,
    pub(super) cert: Option<Cert>,
    pub(super) stream: bool,
    pub(super) timeout: Timeout,
    pub(super) deadline: Option<Duration>,
    pub(super) max_content: u64,
    pub(super) max_redirects: usize,
    pub(super) rules: RedirectRules,
    pub(super) parser: UrlParser,
    pub(super) environment: Environment,
    pub(super) charsets: Option<Charsets>,
    /// The adapter of `http://` and `https://`, unless others are mounted there.
    pub(super) http: HTTPAdapter,
    pub(super) adapters: Vec<(String, Arc<dyn Adapter>)>,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// With the fields of `requests`: `User-Agent`, `Accept-Encoding`, `Accept`, `Connection`.
    #[must_use]
    pub fn new() -> Self {
        let mut headers = Headers::new();
        headers.insert("User-Agent", concat!("stdhttp/", env!("CARGO_PKG_VERSION")));
        headers.insert("Accept-Encoding", "identity");
        headers.insert("Accept", "*/*");
        headers.insert("Connection", "keep-alive");
        Self {
            headers,
            params: Vec::new(),
            auth: None,
            cookies: CookieJar::new(),
            hooks: Hooks::default(),
            proxies: Proxies::new(),
            verify: None,
            cert: None,
            stream: false,
            timeout: Timeout::default(),
            deadline: None,
            max_content: MAX_CONTENT,
            max_redirects: MAX_REDIRECTS,
            rules: RedirectRules::new(),
            parser: UrlParser::quoting(),
            environment: Environment::of_process(),
            charsets: None,
            http: HTTPAdapter::new(),
            adapters: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// The fields that every request has (`headers`).
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The fields that every request has, to be changed.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// Pairs that stand in every query, before those of the call (`params`).
    pub fn set_params<N: Into<String>, V: ToString>(
        &mut self,
        params: impl IntoIterator<Item = (N, V)>,
    ) {
        let params = params.into_iter();
        self.params = params
            .map(|(name, value)| (name.into(), value.to_string()))
            .collect();
    }

    /// The authentication of every request (`auth`).
    pub fn set_auth(&mut self, auth: impl Into<Auth>) {
        self.auth = Some(auth.into());
    }

    /// The jar (`cookies`): what servers set, and what is sent to them. A clone of
    /// it is a jar of its own.
    #[must_use]
    pub fn cookies(&self) -> &CookieJar {
        &self.cookies
    }

    /// Another jar.
    pub fn set_cookies(&mut self, cookies: CookieJar) {
        self.cookies = cookies;
    }

    /// Runs this for each response, unless the call has hooks of its own (`hooks`).
    pub fn add_hook(
        &mut self,
        hook: impl Fn(&mut Response) -> Result<(), RequestException> + Send + Sync + 'static,
    ) {
        self.hooks.push(hook);
    }

    /// The proxies (`proxies`), which count more than those of the environment.
    pub fn set_proxies(&mut self, proxies: Proxies) {
        self.proxies = proxies;
    }

    /// How servers are verified (`verify`): `true`, `false`, or a path.
    pub fn set_verify(&mut self, verify: impl Into<Verify>) {
        self.verify = Some(verify.into());
    }

    /// The certificate of the client (`cert`).
    pub fn set_cert(&mut self, cert: impl Into<Cert>) {
        self.cert = Some(cert.into());
    }

    /// Whether content is left to be read by the caller (`stream`).
    pub fn set_stream(&mut self, stream: bool) {
        self.stream = stream;
    }

    /// The longest time for connecting, and for one read or write; 30 and 60 seconds.
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.timeout = timeout.into();
    }

    /// The longest time for a whole call; none.
    pub fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    /// The largest content in bytes that is read into memory; 256 MiB.
    pub fn set_max_content(&mut self, limit: u64) {
        self.max_content = limit;
    }

    /// How many redirects are followed (`max_redirects`); 10.
    pub fn set_max_redirects(&mut self, limit: usize) {
        self.max_redirects = limit;
    }

    /// Which redirects may be followed, and which fields are secrets.
    pub fn set_redirect_rules(&mut self, rules: RedirectRules) {
        self.rules = rules;
    }

    /// How URLs are read: the place of IDNA. Those of redirects are read by
    /// [`set_redirect_rules`](Self::set_redirect_rules).
    pub fn set_url_parser(&mut self, parser: UrlParser) {
        self.rules = self.rules.clone().with_parser(parser.clone());
        self.parser = parser;
    }

    /// Whether anything is taken from the environment (`trust_env`): proxies, `.netrc`, the path of
    /// certificates.
    pub fn set_trust_env(&mut self, trust: bool) {
        self.environment.proxies = trust;
        self.environment.netrc = trust;
        self.environment.certificates = trust;
    }

    /// What is taken from the environment, one by one.
    pub fn environment_mut(&mut self) -> &mut Environment {
        &mut self.environment
    }

    /// Charsets beside UTF-8, UTF-16, UTF-32, Latin-1 and ASCII: text out of octets by the lower-case
    /// name, or nothing if the name is not known.
    pub fn set_charsets(
        &mut self,
        charsets: impl Fn(&str, &[u8]) -> Option<String> + Send + Sync + 'static,
    ) {
        self.charsets = Some(Arc::new(charsets));
    }

    /// TLS for `https://`.
    pub fn set_tls(&mut self, tls: impl Tls + 'static) {
        self.change_http(|http| http.tls(tls));
    }

    /// A content coding by its name (`gzip`), and in `Accept-Encoding`: a function that undoes it.
    pub fn add_content_coding(
        &mut self,
        name: &str,
        decode: impl Fn(Box<dyn Read + Send>) -> Box<dyn Read + Send> + Send + Sync + 'static,
    ) {
        self.change_http(|http| http.content_coding(name, decode));
        if let Some(accepted) = self.http.accept_encoding() {
            self.headers.insert("Accept-Encoding", accepted);
        }
    }

    /// The clock of deadlines and of `elapsed`: for tests that don't sleep. An adapter that is mounted
    /// has one of its own, [`HTTPAdapter::clock`].
    pub fn set_clock(&mut self, clock: impl Clock + Send + Sync + 'static) {
        self.clock = Arc::new(clock);
    }

    fn change_http(&mut self, change: impl FnOnce(HTTPAdapter) -> HTTPAdapter) {
        let http = std::mem::take(&mut self.http);
        self.http = change(http);
    }

    /// Sends what begins with this prefix through an adapter (`mount`). The longest prefix counts.
    /// At `http://` and `https://` stands an [`HTTPAdapter`].
    pub fn mount(&mut self, prefix: &str, adapter: impl Adapter + 'static) {
        self.adapters.retain(|(known, _)| known != prefix);
        self.adapters.push((prefix.to_owned(), Arc::new(adapter)));
    }

    /// The adapter for a URL (`get_adapter`).
    ///
    /// # Errors
    ///
    /// `InvalidSchema` if none is mounted for it.
    pub fn get_adapter(&self, url: &str) -> Result<&dyn Adapter, RequestException> {
        let mounted = self
            .adapters
            .iter()
            .filter(|(prefix, _)| is_mounted_at(prefix, url));
        if let Some((_, adapter)) = mounted.max_by_key(|(prefix, _)| prefix.len()) {
            return Ok(&**adapter);
        }
        let is_http = begins_with("http://", url) || begins_with("https://", url);
        match is_http {
            true => Ok(&self.http),
            false => Err(ExceptionKind::InvalidSchema {
                url: without_userinfo(url).into_owned(),
            }
            .into()),
        }
    }

    /// What the call leaves open, from session and environment (`merge_environment_settings`).
    #[must_use]
    pub fn merge_environment_settings(&self, mut options: SendOptions) -> SendOptions {
        options.stream.get_or_insert(self.stream);
        options.timeout.get_or_insert(self.timeout);
        options.max_content.get_or_insert(self.max_content);
        options.deadline = options.deadline.or(self.deadline);
        options.verify = options.verify.or_else(|| self.verify.clone());
        let certificates = || self.environment.certificates().cloned();
        options.verify = options.verify.or_else(|| certificates().map(Verify::By));
        options.cert = options.cert.or_else(|| self.cert.clone());
        options
    }

    /// Closes the connections that are kept (`close`).
    pub fn close(&self) {
        self.http.close();
        for (_, adapter) in &self.adapters {
            adapter.close();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("headers", &self.headers)
            .field("cookies", &self.cookies.len())
            .finish_non_exhaustive()
    }
}
