//! Redirects, decided and not followed (RFC 9110 sections 10.2.2 and 15.4).
//!
//! What the next request is, or why there must be none, and which fields it can't have. Departs
//! from `urllib.request` and `requests`: only POST becomes GET at 301 and 302, a target in clear
//! behind one over TLS is refused, and secrets stay with their origin. Counting hops is the
//! affair of who follows them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use super::reference::Reference;
use super::url::Url;
use super::url_parser::UrlParser;
use crate::message::HTTPMessage;
use crate::parse_error::ParseError;
use crate::percent::push_encoded;

/// Words that make the name of a field one of a secret.
const SECRET_WORDS: [&str; 6] = ["auth", "key", "password", "secret", "signature", "token"];

/// Fields about the content, beside those whose names begin with `Content-`.
const ABOUT_CONTENT: [&str; 6] = [
    "digest",
    "expect",
    "last-modified",
    "repr-digest",
    "trailer",
    "transfer-encoding",
];

/// What is allowed of redirects, and which fields are secrets.
///
/// ```
/// use stdhttp::HTTPMessage;
/// use stdhttp::urllib::{RedirectRules, RedirectedRequest, Resend, Url};
///
/// let rules = RedirectRules::new();
/// let url = Url::parse("http://example.org/form")?;
/// let request = RedirectedRequest { method: "POST", url: &url, body: Resend::Possible };
/// let mut headers = HTTPMessage::new();
/// headers.append("Location", "http://www.example.org/done");
///
/// let redirect = rules.redirect(&request, 302, &headers)?.unwrap();
/// assert_eq!((redirect.method(), redirect.drops_body()), ("GET", true));
/// assert_eq!(redirect.url().as_str(), "http://www.example.org/done");
/// assert!(rules.drops_field(&redirect, "Authorization"));
/// assert!(rules.drops_field(&redirect, "Content-Type"));
/// assert!(!rules.drops_field(&redirect, "Accept"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RedirectRules {
    parser: UrlParser,
    allows_clear: bool,
    secrets: Vec<String>,
}

/// The request that was answered by a redirect.
#[derive(Clone, Copy, Debug)]
pub struct RedirectedRequest<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its URL.
    pub url: &'a Url,
    /// What is known of its body.
    pub body: Resend,
}

/// Whether the body of a request can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resend {
    /// There is none, or it is at hand.
    Possible,
    /// It was read from where it can't be read again.
    Impossible,
}

/// The request that a redirect leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    url: Url,
    method: String,
    drops_body: bool,
    changes_origin: bool,
    /// From https to http.
    becomes_clear: bool,
}

impl Redirect {
    /// Its URL. A fragment is that of the redirect, or else that of the request that was answered
    /// (RFC 9110 section 10.2.2).
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether it is sent without the body, and without the fields about it.
    #[must_use]
    pub fn drops_body(&self) -> bool {
        self.drops_body
    }

    /// Whether scheme, host or port are others. Fields that a hop drops stay away for the rest of
    /// the chain, wherever it leads.
    #[must_use]
    pub fn changes_origin(&self) -> bool {
        self.changes_origin
    }
}

/// Why a redirect must not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectError {
    /// More than one `Location`: nobody can tell which one is meant.
    SeveralLocations,
    /// The `Location` is no reference to an http or https URL.
    Location(ParseError),
    /// The `Location` has a user name in it (RFC 9110 section 4.2.4).
    Userinfo,
    /// It leads from https to http.
    Clear,
    /// The body would have to be sent again, and can't be.
    BodyNotReplayable,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralLocations => f.write_str("redirect with more than one Location"),
            Self::Location(error) => write!(f, "redirect: {error}"),
            Self::Userinfo => f.write_str("redirect to a URL with a user name"),
            Self::Clear => f.write_str("redirect from https to http"),
            Self::BodyNotReplayable => {
                f.write_str("redirect of a request whose body can't be sent again")
            }
        }
    }
}

impl Error for RedirectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Location(error) => Some(error),
            _ => None,
        }
    }
}

impl Default for RedirectRules {
    fn default() -> Self {
        Self {
            parser: UrlParser::quoting(),
            allows_clear: false,
            secrets: Vec::new(),
        }
    }
}

impl RedirectRules {
    /// From https never to http; no secrets but those that [`is_secret`](Self::is_secret) knows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows redirects from https to http too. What is secret does not go along.
    #[must_use]
    pub fn allowing_https_to_http(mut self) -> Self {
        self.allows_clear = true;
        self
    }

    /// Counts a field as a secret of the origin that it was given for.
    #[must_use]
    pub fn with_secret(mut self, name: &str) -> Self {
        self.secrets.push(name.to_owned());
        self
    }

    /// Reads `Location` by this parser, which has the caller's IDNA. By default it is one that
    /// quotes.
    #[must_use]
    pub fn with_parser(mut self, parser: UrlParser) -> Self {
        self.parser = parser;
        self
    }

    /// Whether a response with this status is a redirect that is followed: 301, 302, 303, 307, 308.
    #[must_use]
    pub fn follows(status: u16) -> bool {
        matches!(status, 301 | 302 | 303 | 307 | 308)
    }

    /// The request that a response leads to; nothing if it is no redirect, or has no `Location`.
    ///
    /// # Errors
    /// [`RedirectError`]: the redirect must not be followed.
    pub fn redirect(
        &self,
        request: &RedirectedRequest<'_>,
        status: u16,
        headers: &HTTPMessage,
    ) -> Result<Option<Redirect>, RedirectError> {
        let mut locations = headers.get_all_bytes("location");
        let Some(location) = locations.next().filter(|_| Self::follows(status)) else {
            return Ok(None);
        };
        if locations.next().is_some() {
            return Err(RedirectError::SeveralLocations);
        }
        let url = self.target(request.url, location)?;
        let (method, drops_body) = next_method(request.method, status);
        if !drops_body && request.body == Resend::Impossible {
            return Err(RedirectError::BodyNotReplayable);
        }
        Ok(Some(Redirect {
            changes_origin: url.origin() != request.url.origin(),
            becomes_clear: request.url.is_https() && !url.is_https(),
            url,
            method: method.to_owned(),
            drops_body,
        }))
    }

    fn target(&self, base: &Url, location: &[u8]) -> Result<Url, RedirectError> {
        let location = as_text(location);
        let reference = Reference::split(&location);
        if reference.authority.is_some_and(|text| text.contains('@')) {
            return Err(RedirectError::Userinfo);
        }
        let inherited = base.fragment().filter(|_| reference.fragment.is_none());
        let whole = match inherited {
            Some(fragment) => Cow::Owned(format!("{location}#{fragment}")),
            None => location,
        };
        let url = self.parser.join(base, &whole);
        let url = url.map_err(RedirectError::Location)?;
        match base.is_https() && !url.is_https() && !self.allows_clear {
            true => Err(RedirectError::Clear),
            false => Ok(url),
        }
    }

    /// Whether a field of the last request must not be in the next one, nor in any that follows it.
    ///
    /// To another origin no secret goes, and no `Host`; without the body go the fields about it.
    /// `Proxy-Authorization` goes always: it belongs to the way and not to the request. A `Referer` does
    /// not go from https to http (RFC 9110 section 10.1.3).
    #[must_use]
    pub fn drops_field(&self, redirect: &Redirect, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_about_body = name.starts_with("content-") || ABOUT_CONTENT.contains(&name.as_str());
        let stays_home = name == "host" || self.is_secret(&name);
        name == "proxy-authorization"
            || (redirect.becomes_clear && name == "referer")
            || (redirect.drops_body && is_about_body)
            || (redirect.changes_origin && stays_home)
    }

    /// Whether a field is a secret of its origin: `Cookie`, those that the caller has named, and
    /// those whose names have `auth`, `key`, `password`, `secret`, `signature` or `token` in them.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        lower == "cookie"
            || SECRET_WORDS.iter().any(|word| lower.contains(word))
            || self
                .secrets
                .iter()
                .any(|secret| secret.eq_ignore_ascii_case(name))
    }
}

/// Octets that are no text are encoded as they are: nobody knows their charset.
fn as_text(location: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(location) {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for &octet in location {
        match octet.is_ascii() {
            true => text.push(char::from(octet)),
            false => push_encoded(&mut text, octet),
        }
    }
    Cow::Owned(text)
}

/// The next method, and whether the body goes (RFC 9110 sections 15.4.2 to 15.4.9).
fn next_method(method: &str, status: u16) -> (&str, bool) {
    match (status, method) {
        (301 | 302, "POST") => ("GET", true),
        (303, "HEAD") => ("HEAD", true),
        (303, _) => ("GET", true),
        _ => (method, false),
    }
}
