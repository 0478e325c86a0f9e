//! `Request`: what is asked for (`urllib.request.Request`), and what a chain of requests for it
//! carries along.
//!
//! Departs from Python: names of fields count in any case and are sent as they are written; the
//! URL is read strictly, and a user name in it is never sent.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use super::data::Data;
use super::error::URLError;
use super::tried::Tried;
use crate::parse_error::{Fault, ParseError, Part};
use crate::urllib::octets::find_control;
use crate::urllib::parse::unwrap;
use crate::urllib::reference::Reference;
use crate::urllib::{Proxy, Redirect, RedirectRules, Resend, Url};

/// A request for a URL.
///
/// ```
/// use stdhttp::urllib::request::Request;
///
/// let mut request = Request::new("http://www.example.org/form#top")?.with_data("name=value");
/// request.add_header("Accept", "text/html");
/// assert_eq!(request.get_method(), "POST");
/// assert_eq!((request.host(), request.selector().as_ref()), ("www.example.org", "/form"));
/// assert_eq!(request.get_header("accept"), Some("text/html"));
/// # Ok::<(), stdhttp::urllib::request::URLError>(())
/// ```
pub struct Request {
    target: Target,
    method: Option<String>,
    headers: Fields,
    unredirected: Fields,
    data: Option<Data>,
    origin_req_host: String,
    unverifiable: bool,
    timeout: Option<Duration>,
    deadline: Option<Duration>,
    /// When the chain of requests must be over.
    pub(super) ends: Option<Instant>,
    pub(super) redirects: u8,
    /// The cookies that the jar has for this hop.
    pub(super) cookie: Option<Vec<u8>>,
    pub(super) proxy: Option<Proxy>,
    pub(super) server_auth: Option<Tried>,
    pub(super) proxy_auth: Option<Tried>,
}

enum Target {
    Http(Url),
    /// Of another scheme, which its handler reads.
    Other {
        text: String,
        scheme: String,
    },
}

/// Fields, of which each name has one.
#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn set(&mut self, name: &str, value: String) {
        self.remove(name);
        self.0.push((name.to_owned(), value));
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn remove(&mut self, name: &str) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

impl Request {
    /// A request for a URL of any scheme; `<URL:…>` around it is taken off.
    ///
    /// # Errors
    /// [`URLError::Url`]: no scheme, or a URL that can't be read. Of schemes other than http and
    /// https the octets alone are looked at.
    pub fn new(url: &str) -> Result<Self, URLError> {
        let url = match url.starts_with('<') {
            true => unwrap(url),
            false => url,
        };
        let target = match Reference::split(url).scheme.map(str::to_ascii_lowercase) {
            Some(scheme) if scheme != "http" && scheme != "https" => {
                check_octets(url)?;
                let text = url.to_owned();
                Target::Other { text, scheme }
            }
            _ => Target::Http(Url::parse(url)?),
        };
        Ok(Self::of_target(target))
    }

    fn of_target(target: Target) -> Self {
        let mut request = Self {
            target,
            method: None,
            headers: Fields::default(),
            unredirected: Fields::default(),
            data: None,
            origin_req_host: String::new(),
            unverifiable: false,
            timeout: None,
            deadline: None,
            ends: None,
            redirects: 0,
            cookie: None,
            proxy: None,
            server_auth: None,
            proxy_auth: None,
        };
        request.origin_req_host = request.http_url().map_or("", Url::hostname).to_owned();
        request
    }

    /// With data to send.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Data>) -> Self {
        self.set_data(data);
        self
    }

    /// With a header field; see [`Self::add_header`].
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.add_header(name, value);
        self
    }

    /// With this method.
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// With this limit for connecting, for each read and for each write, in place of the opener's
    /// (`timeout`).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With this limit for everything, from the call of `open` to the end of the body, over all
    /// redirects and repetitions, in place of the opener's.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The method: the one given, or POST where there is data, or GET.
    #[must_use]
    pub fn get_method(&self) -> &str {
        match (&self.method, &self.data) {
            (Some(method), _) => method,
            (None, Some(_)) => "POST",
            (None, None) => "GET",
        }
    }

    /// The URL, with its fragment (`full_url`, `get_full_url`).
    #[must_use]
    pub fn full_url(&self) -> &str {
        match &self.target {
            Target::Http(url) => url.as_str(),
            Target::Other { text, .. } => text,
        }
    }

    /// The URL as one of http or https, if it is that.
    #[must_use]
    pub fn http_url(&self) -> Option<&Url> {
        match &self.target {
            Target::Http(url) => Some(url),
            Target::Other { .. } => None,
        }
    }

    /// The scheme in lower case (`type`).
    #[must_use]
    pub fn scheme(&self) -> &str {
        match &self.target {
            Target::Http(url) => url.scheme(),
            Target::Other { scheme, .. } => scheme,
        }
    }

    /// Host and port as they stand in the URL, without a user name (`host`). Through a proxy too:
    /// [`Self::proxy`] has that one's.
    #[must_use]
    pub fn host(&self) -> &str {
        let netloc = match &self.target {
            Target::Http(url) => url.netloc(),
            Target::Other { text, .. } => Reference::split(text).authority.unwrap_or_default(),
        };
        netloc.rsplit('@').next().unwrap_or_default()
    }

    /// What stands behind the host, without the fragment; to a proxy the whole URL, unless it
    /// is asked for a tunnel (`selector`).
    #[must_use]
    pub fn selector(&self) -> Cow<'_, str> {
        match &self.target {
            Target::Http(url) if self.has_proxy() && !self.is_tunnelled() => {
                Cow::Owned(url.absolute_target())
            }
            Target::Http(url) => url.request_target(),
            Target::Other { text, .. } => {
                let parts = Reference::split(text);
                let bare = Reference {
                    scheme: None,
                    authority: None,
                    fragment: None,
                    ..parts
                };
                Cow::Owned(bare.unsplit())
            }
        }
    }

    /// What stands behind `#`.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        Reference::split(self.full_url()).fragment
    }

    /// The host of the first request of a chain of redirects (`origin_req_host`).
    #[must_use]
    pub fn origin_req_host(&self) -> &str {
        &self.origin_req_host
    }

    /// Whether the user had no part in it: a redirect led here, or the caller said so
    /// (`unverifiable`).
    #[must_use]
    pub fn unverifiable(&self) -> bool {
        self.unverifiable
    }

    /// See [`Self::unverifiable`].
    pub fn set_unverifiable(&mut self, unverifiable: bool) {
        self.unverifiable = unverifiable;
    }

    /// The data to send.
    #[must_use]
    pub fn data(&self) -> Option<&Data> {
        self.data.as_ref()
    }

    pub(super) fn data_mut(&mut self) -> Option<&mut Data> {
        self.data.as_mut()
    }

    /// Sets the data; a `Content-Length` of other data goes.
    pub fn set_data(&mut self, data: impl Into<Data>) {
        self.remove_data();
        self.data = Some(data.into());
    }

    /// Takes the data away, and a `Content-Length`.
    pub fn remove_data(&mut self) {
        if self.data.take().is_some() {
            self.remove_header("content-length");
        }
    }

    /// Sets a header field. Of each name there is one, in any case; it is sent as it is written.
    /// What can't be sent is an error when the request is opened.
    pub fn add_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.set(name, value.into());
    }

    /// Sets a header field that no redirect takes along. It comes before one of
    /// [`Self::add_header`].
    pub fn add_unredirected_header(&mut self, name: &str, value: impl Into<String>) {
        self.unredirected.set(name, value.into());
    }

    /// Whether there is a header field of this name.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.get_header(name).is_some()
    }

    /// The header field of this name.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&str> {
        let unredirected = self.unredirected.get(name);
        unredirected.or_else(|| self.headers.get(name))
    }

    /// Takes a header field away.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
        self.unredirected.remove(name);
    }

    /// The header fields that were set. What handlers add on the way, cookies, credentials and what
    /// frames the body, is not among them.
    pub fn header_items(&self) -> impl Iterator<Item = (&str, &str)> {
        let hidden = |name: &str| self.unredirected.get(name).is_some();
        let headers = self.headers.0.iter().filter(move |(name, _)| !hidden(name));
        let all = self.unredirected.0.iter().chain(headers);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sends the request through a proxy: that of a http URL sees the request itself, for https it
    /// is asked for a tunnel. Holds for this request and not for those it is redirected to, which
    /// the [`ProxyHandler`](super::ProxyHandler) decides anew.
    pub fn set_proxy(&mut self, proxy: Proxy) {
        self.proxy = Some(proxy);
    }

    /// The proxy that it goes through.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Whether it goes through a proxy.
    #[must_use]
    pub fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    pub(super) fn is_tunnelled(&self) -> bool {
        self.has_proxy() && self.scheme() == "https"
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether it can be sent again.
    pub(super) fn resend(&self) -> Resend {
        self.data.as_ref().map_or(Resend::Possible, Data::resend)
    }

    /// The content, for credentials that cover it; nothing if it is not at hand.
    pub(super) fn content(&self) -> Option<&[u8]> {
        match &self.data {
            Some(data) => data.bytes(),
            None => Some(&[]),
        }
    }

    /// Makes it the request that a redirect leads to. What must not go along is gone for good.
    pub(super) fn follow(&mut self, redirect: &Redirect, rules: &RedirectRules) {
        self.headers
            .0
            .retain(|(name, _)| !rules.drops_field(redirect, name));
        self.unredirected = Fields::default();
        if redirect.drops_body() {
            self.data = None;
        }
        self.method = Some(redirect.method().to_owned());
        self.target = Target::Http(redirect.url().clone());
        self.unverifiable = true;
        self.redirects = self.redirects.saturating_add(1);
        self.cookie = None;
        self.proxy = None;
        self.server_auth = None;
        self.proxy_auth = None;
    }
}

/// The octets that a URI has, and no others.
fn check_octets(url: &str) -> Result<(), ParseError> {
    let wrong = |place, octet| Err(ParseError::new(Part::Whole, Fault::Octet(octet), place));
    let mut octets = url.bytes().enumerate();
    match (
        find_control(url),
        octets.find(|(_, octet)| !octet.is_ascii()),
    ) {
        (Some((place, octet)), _) | (None, Some((place, octet))) => wrong(place, octet),
        (None, None) => Ok(()),
    }
}

impl TryFrom<&str> for Request {
    type Error = URLError;

    fn try_from(url: &str) -> Result<Self, URLError> {
        Self::new(url)
    }
}

impl TryFrom<&String> for Request {
    type Error = URLError;

    fn try_from(url: &String) -> Result<Self, URLError> {
        Self::new(url)
    }
}

impl From<Url> for Request {
    fn from(url: Url) -> Self {
        Self::of_target(Target::Http(url))
    }
}

/// Leaves out what may be a secret: user name and password of the URL, the values of fields.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.header_items().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("Request");
        shown.field("method", &self.get_method());
        match &self.target {
            Target::Http(url) => shown.field("url", url),
            Target::Other { scheme, .. } => shown.field("scheme", scheme),
        };
        shown
            .field("fields", &names)
            .field("data", &self.data)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}
