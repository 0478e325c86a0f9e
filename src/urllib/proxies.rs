//! `Proxies`: which proxy leads to which URL, as `requests` and `urllib.request` choose it, and
//! `getproxies`, which reads the environment.
//!
//! Departs from both: a value that is no proxy is an error and not a host to be looked up; of the
//! environment the variables are read and not what macOS and Windows keep elsewhere.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;

use super::no_proxy::NoProxy;
use super::proxy::Proxy;
use super::url::{Origin, Url};
use crate::parse_error::{Fault, ParseError, Part};

/// What stands for a scheme in keys and variables, and the scheme; nothing: all of them.
const SCHEMES: [(&str, Option<&str>); 3] = [
    ("http", Some("http")),
    ("https", Some("https")),
    ("all", None),
];

/// Proxies by the scheme and host of a URL.
///
/// What is said of `scheme://host` comes before what is said of `scheme`, then come `all://host`
/// and `all`.
///
/// ```
/// use stdhttp::urllib::{Proxies, Url, Via};
///
/// let proxies = Proxies::new()
///     .with("http", "http://proxy.example.org:3128")?
///     .with_direct("http://localhost")?
///     .with_no_proxy("10.0.0.0/8");
/// let url = Url::parse("http://www.example.org/")?;
/// match proxies.select(&url)? {
///     Some(Via::Proxy(proxy)) => assert_eq!(proxy.port(), 3128),
///     other => panic!("{other:?}"),
/// }
/// for direct in ["http://localhost:8000/", "http://10.1.2.3/"] {
///     assert_eq!(proxies.select(&Url::parse(direct)?)?, Some(Via::Direct));
/// }
/// assert_eq!(proxies.select(&Url::parse("https://www.example.org/")?)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    entries: Vec<Entry>,
    no_proxy: NoProxy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: Key,
    /// Nothing: no proxy is to be used.
    proxy: Result<Option<Proxy>, InvalidProxy>,
}

/// What an entry is about; nothing: all schemes, all hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    scheme: Option<&'static str>,
    host: Option<String>,
}

/// The way to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via<'a> {
    /// Through this proxy.
    Proxy(&'a Proxy),
    /// Without a proxy, because it was said so.
    Direct,
}

/// What stands for a proxy and can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidProxy {
    /// The key, or the scheme of the environment variable: `http` for `http_proxy`.
    pub key: String,
    /// What is wrong: with the key if the part is `Whole`, otherwise with the proxy's URL.
    pub error: ParseError,
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy for {}: {}", self.key.escape_debug(), self.error)
    }
}

impl Error for InvalidProxy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl Proxies {
    /// Proxies for nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No proxy for anything, said so: nothing is left to a choice that would be made otherwise.
    #[must_use]
    pub fn direct() -> Self {
        let mut proxies = Self::new();
        proxies.put(Key::of_scheme(None), Ok(None));
        proxies
    }

    /// With a proxy (see [`Proxy::parse`]) for `scheme`, `scheme://host`, `all` or `all://host`,
    /// where the scheme is `http` or `https`. It takes the place of one given before.
    ///
    /// # Errors
    /// [`InvalidProxy`].
    pub fn with(mut self, key: &str, proxy: &str) -> Result<Self, InvalidProxy> {
        let read_key = Key::parse(key)?;
        let proxy = Proxy::parse(proxy).map_err(|error| InvalidProxy::new(key, error))?;
        self.put(read_key, Ok(Some(proxy)));
        Ok(self)
    }

    /// Without a proxy for what such a key names.
    ///
    /// # Errors
    /// [`InvalidProxy`].
    pub fn with_direct(mut self, key: &str) -> Result<Self, InvalidProxy> {
        self.put(Key::parse(key)?, Ok(None));
        Ok(self)
    }

    /// Without a proxy for the hosts of such a list, whatever else is said of them; see [`NoProxy`].
    #[must_use]
    pub fn with_no_proxy(mut self, list: &str) -> Self {
        self.no_proxy = NoProxy::parse(list);
        self
    }

    /// What the variables of an environment say: `http_proxy`, `https_proxy`, `all_proxy` and
    /// `no_proxy`, in any case; of several the one whose `_proxy` is in lower case, even if it is
    /// empty, which means none. `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: there a
    /// client of a CGI script could set it by a field `Proxy` (CVE-2016-1000110).
    ///
    /// What is no proxy is an error when it would be used.
    #[must_use]
    pub fn from_environment<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let variables: Vec<(N, V)> = variables.into_iter().collect();
        let is_cgi = variables
            .iter()
            .any(|(name, _)| name.as_ref() == "REQUEST_METHOD");
        let mut proxies = Self::new();
        for (name, scheme) in SCHEMES {
            let lower_alone = is_cgi && name == "http";
            if let Some(value) = variable(&variables, name, lower_alone) {
                let proxy = Proxy::parse(value).map_err(|error| InvalidProxy::new(name, error));
                proxies.put(Key::of_scheme(scheme), proxy.map(Some));
            }
        }
        let no_proxy = variable(&variables, "no", false);
        proxies.with_no_proxy(no_proxy.unwrap_or_default())
    }

    /// The way to a URL; nothing if nothing is said of it.
    ///
    /// # Errors
    /// [`InvalidProxy`]: what the environment says of it is no proxy.
    pub fn select(&self, url: &Url) -> Result<Option<Via<'_>>, InvalidProxy> {
        if *self == Self::default() {
            return Ok(None);
        }
        if self.no_proxy.bypasses(url) {
            return Ok(Some(Via::Direct));
        }
        let origin = url.origin();
        let fitting = self.entries.iter().filter(|entry| entry.key.fits(&origin));
        let Some(entry) = fitting.max_by_key(|entry| entry.key.rank()) else {
            return Ok(None);
        };
        match &entry.proxy {
            Ok(Some(proxy)) => Ok(Some(Via::Proxy(proxy))),
            Ok(None) => Ok(Some(Via::Direct)),
            Err(error) => Err(error.clone()),
        }
    }

    fn put(&mut self, key: Key, proxy: Result<Option<Proxy>, InvalidProxy>) {
        self.entries.retain(|entry| entry.key != key);
        self.entries.push(Entry { key, proxy });
    }
}

impl InvalidProxy {
    fn new(key: &str, error: ParseError) -> Self {
        let key = key.to_owned();
        Self { key, error }
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let malformed = || {
            let error = ParseError::new(Part::Whole, Fault::Malformed, 0);
            InvalidProxy::new(text, error)
        };
        let (scheme, host) = match text.split_once("://") {
            Some((scheme, host)) => (scheme, Some(host)),
            None => (text, None),
        };
        let mut known = SCHEMES.into_iter();
        let found = known.find(|(name, _)| name.eq_ignore_ascii_case(scheme));
        let (_, scheme) = found.ok_or_else(malformed)?;
        let host = host.map(|host| canonical_host(host).ok_or_else(malformed));
        let host = host.transpose()?;
        Ok(Self { scheme, host })
    }

    fn of_scheme(scheme: Option<&'static str>) -> Self {
        Self { scheme, host: None }
    }

    fn fits(&self, origin: &Origin) -> bool {
        let host = self.host.as_deref();
        self.scheme.is_none_or(|scheme| scheme == origin.scheme())
            && host.is_none_or(|host| host == origin.host())
    }

    /// Of two keys that fit, the one with the greater rank decides.
    fn rank(&self) -> (bool, bool) {
        (self.scheme.is_some(), self.host.is_some())
    }
}

/// A host as origins have it; nothing if it is more than a host, or none.
fn canonical_host(host: &str) -> Option<String> {
    let host = match host.parse::<Ipv6Addr>() {
        Ok(address) => Cow::Owned(format!("[{address}]")),
        Err(_) => Cow::Borrowed(host),
    };
    // With a port behind it no other can stand there.
    let netloc = format!("{host}:1");
    let url = Url::parse(&format!("http://{netloc}")).ok()?;
    let is_host = url.netloc() == netloc && url.userinfo().is_none();
    is_host.then(|| url.origin().host().to_owned())
}

/// The value of `NAME_proxy`, if it is not empty.
fn variable<'a, N: AsRef<str>, V: AsRef<str>>(
    variables: &'a [(N, V)],
    name: &str,
    lower_alone: bool,
) -> Option<&'a str> {
    let is_lower = |variable: &str| {
        let (before, proxy) = variable.rsplit_once('_')?;
        let fits = before.eq_ignore_ascii_case(name) && proxy.eq_ignore_ascii_case("proxy");
        fits.then_some(proxy == "proxy")
    };
    let found = variables
        .iter()
        .filter_map(|(variable, value)| Some((is_lower(variable.as_ref())?, value.as_ref())));
    let allowed = found.filter(|(is_lower, _)| *is_lower || !lower_alone);
    let (_, value) = allowed.max_by_key(|(is_lower, _)| *is_lower)?;
    (!value.is_empty()).then_some(value)
}

/// The proxies of this process's environment (`urllib.request.getproxies`); see
/// [`Proxies::from_environment`]. Variables that are not UTF-8 are not seen.
#[must_use]
pub fn getproxies() -> Proxies {
    let variables = std::env::vars_os();
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Proxies::from_environment(variables.filter_map(text))
}

/// Whether `no_proxy` of this process's environment names the host of a URL
/// (`urllib.request.proxy_bypass`); see [`NoProxy`].
#[must_use]
pub fn proxy_bypass(url: &Url) -> bool {
    getproxies().no_proxy.bypasses(url)
}
