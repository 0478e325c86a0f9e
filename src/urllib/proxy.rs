//! `Proxy`: one proxy, by a URL that is read once and as strictly as every other.
//!
//! As in `urllib.request`, a text without a scheme is a host of an http proxy, and what stands
//! behind host and port means nothing. The schemes are those that `requests` and curl know.

use std::fmt;
use std::str::FromStr;

use super::parse::unquote_to_bytes;
use super::url::{Url, read_authority};
use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::authority::Authority;
use crate::{HTTP_PORT, HTTPS_PORT};

/// The port where a SOCKS proxy listens unless its URL says otherwise (RFC 1928 section 3).
const SOCKS_PORT: u16 = 1080;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyScheme {
    /// HTTP: the absolute form of a target for http, `CONNECT` for https.
    Http,
    /// HTTP over TLS to the proxy.
    Https,
    /// SOCKS 5; the name of the server is looked up here.
    Socks5,
    /// SOCKS 5; the name of the server is looked up by the proxy.
    Socks5h,
}

impl ProxyScheme {
    /// The scheme as it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Http, Self::Https, Self::Socks5, Self::Socks5h];
        all.into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => HTTP_PORT,
            Self::Https => HTTPS_PORT,
            Self::Socks5 | Self::Socks5h => SOCKS_PORT,
        }
    }
}

/// A proxy: scheme, host, port, and the name and password for it.
///
/// `Debug` masks name and password.
///
/// ```
/// use stdhttp::urllib::{Proxy, ProxyScheme};
///
/// let proxy: Proxy = "http://me:p%40ss@proxy.example.org:3128".parse()?;
/// assert_eq!((proxy.hostname(), proxy.port()), ("proxy.example.org", 3128));
/// assert_eq!(proxy.userinfo(), Some(("me", "p@ss")));
/// assert_eq!("proxy".parse::<Proxy>()?.scheme(), ProxyScheme::Http);
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    scheme: ProxyScheme,
    /// The same proxy as an http or https URL.
    url: Url,
    port: u16,
    userinfo: Option<(String, String)>,
}

impl Proxy {
    /// Reads the URL of a proxy: `http`, `https`, `socks5` or `socks5h`; without `://` it is the
    /// authority of an http proxy. The default ports are 80, 443 and 1080. User name and password
    /// are percent-decoded; a password that is absent is empty.
    ///
    /// # Errors
    /// [`ParseError`] as of [`Url::parse`]; with the part `Userinfo` also where what it stands for
    /// is not UTF-8 or holds a control character.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let Some((name, rest)) = text.split_once("://") else {
            return Self::of_scheme(ProxyScheme::Http, text, 0);
        };
        let unsupported = ParseError::new(Part::Scheme, Fault::Unsupported, 0);
        let scheme = ProxyScheme::named(name).ok_or(unsupported)?;
        Self::of_scheme(scheme, rest, text.len().saturating_sub(rest.len()))
    }

    /// From what stands behind `://`, which begins at such a place of the text.
    fn of_scheme(scheme: ProxyScheme, rest: &str, place: usize) -> Result<Self, ParseError> {
        let secured = if scheme == ProxyScheme::Https {
            "s"
        } else {
            ""
        };
        let prefix = format!("http{secured}://");
        let in_text = |error: ParseError| ParseError {
            offset: error.offset.saturating_sub(prefix.len()),
            ..error
        };
        let url = Url::parse(&format!("{prefix}{rest}"));
        let url = url.map_err(|error| in_text(error).moved(place))?;
        let userinfo = decode_userinfo(&url).ok_or(ParseError::new(
            Part::Userinfo,
            Fault::Malformed,
            place,
        ))?;
        let Authority { port, .. } = read_authority(url.netloc(), scheme.default_port())?;
        Ok(Self {
            scheme,
            url,
            port,
            userinfo,
        })
    }

    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// The host to connect to, as [`Url::hostname`].
    #[must_use]
    pub fn hostname(&self) -> &str {
        self.url.hostname()
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User name and password, decoded.
    #[must_use]
    pub fn userinfo(&self) -> Option<(&str, &str)> {
        let (user, password) = self.userinfo.as_ref()?;
        Some((user, password))
    }

    /// The proxy as a URL, which credentials for it are bound to; nothing for SOCKS.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        match self.scheme {
            ProxyScheme::Http | ProxyScheme::Https => Some(&self.url),
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => None,
        }
    }
}

/// User name and password, if there are any; the outer nothing if they can't be decoded.
#[expect(
    clippy::option_option,
    reason = "none is one answer, and unreadable is another"
)]
fn decode_userinfo(url: &Url) -> Option<Option<(String, String)>> {
    let Some(user) = url.username() else {
        return Some(None);
    };
    let decoded = |text: &str| {
        let text = String::from_utf8(unquote_to_bytes(text)).ok()?;
        (!text.contains(char::is_control)).then_some(text)
    };
    let password = url.password().unwrap_or_default();
    Some(Some((decoded(user)?, decoded(password)?)))
}

impl FromStr for Proxy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        let mask = if self.userinfo.is_some() { "***@" } else { "" };
        let netloc = self.url.netloc();
        let host = netloc.split_once('@').map_or(netloc, |(_, host)| host);
        write!(f, "Proxy({scheme}://{mask}{host})")
    }
}
