//! `Authenticator`: one name and password at one server or proxy, and when they are sent
//! (RFC 9110 section 11, RFC 7616, RFC 7617).
//!
//! It decides; sending is the caller's. Credentials never leave the origin that they were given
//! for, are tried once in an exchange, and once more where a nonce had only become stale.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::challenge::Challenge;
use super::credentials::Credentials;
use super::digest::{Digest, DigestAnswer, DigestRequest};
use super::passwords::{is_below, path_of};
use super::proof::RspauthMismatch;
use crate::message::HTTPMessage;
use crate::urllib::{Origin, Url};

/// Name and password at one origin or proxy (`requests.auth.HTTPDigestAuth`, `HTTPBasicAuth`,
/// `HTTPProxyAuth`; the authentication handlers of `urllib.request`).
///
/// Threads can share one. Over plain http `Basic` shows the password to whoever is on the way:
/// give one to an `http` origin only if you accept that, or leave `Basic` out
/// ([`without_basic`](Self::without_basic)).
///
/// ```
/// use stdhttp::HTTPMessage;
/// use stdhttp::auth::{Authenticator, Credentials, DigestRequest};
/// use stdhttp::urllib::Url;
///
/// let url = Url::parse("https://example.org/a")?;
/// let request = DigestRequest { method: "GET", target: "/a", body: None };
/// let auth = Authenticator::new(&url, Credentials::new("me", "secret")?);
///
/// // The first request goes out without credentials, and its answer is 401:
/// let mut exchange = auth.begin(&url, &request);
/// assert!(exchange.authorization().is_none());
/// let mut headers = HTTPMessage::new();
/// headers.append("WWW-Authenticate", "Basic realm=\"a\"");
/// assert!(auth.answer(&mut exchange, &url, &request, 401, &headers));
/// assert_eq!(exchange.authorization().unwrap().value(), b"Basic bWU6c2VjcmV0");
/// // The same answer again is the caller's:
/// assert!(!auth.answer(&mut exchange, &url, &request, 401, &headers));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Authenticator {
    origin: Origin,
    credentials: Credentials,
    basic: bool,
    digest: bool,
    proxy: bool,
    known: Mutex<Known>,
}

/// What the server has asked for before.
#[derive(Clone, Debug, Default)]
enum Known {
    #[default]
    Nothing,
    /// The folder in which it asked for `Basic`.
    Basic(String),
    Digest(Arc<Digest>),
}

/// One request and those that repeat it with credentials.
#[derive(Debug, Default)]
pub struct Exchange {
    authorization: Option<Authorization>,
    /// Whether this server has been answered with fresh credentials.
    answered: bool,
    /// Whether it was answered once more because the nonce was stale.
    renewed: bool,
}

impl Exchange {
    /// What the next request of the exchange carries.
    #[must_use]
    pub fn authorization(&self) -> Option<&Authorization> {
        self.authorization.as_ref()
    }
}

/// A field with credentials.
pub struct Authorization {
    name: &'static str,
    value: Vec<u8>,
    digest: Option<(Arc<Digest>, DigestAnswer)>,
}

impl Authorization {
    /// `Authorization` or `Proxy-Authorization`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value of the field.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// Masks the value.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ***", self.name)
    }
}

impl Authenticator {
    /// Credentials for the origin of a URL.
    #[must_use]
    pub fn new(url: &Url, credentials: Credentials) -> Self {
        Self {
            origin: url.origin(),
            credentials,
            basic: true,
            digest: true,
            proxy: false,
            known: Mutex::default(),
        }
    }

    /// Credentials for a proxy, by its own URL: 407, `Proxy-Authenticate` and
    /// `Proxy-Authorization`. The URLs of its requests are its own too, so that they can't be
    /// mistaken for those of servers; what is sent through a tunnel must not carry them.
    #[must_use]
    pub fn for_proxy(url: &Url, credentials: Credentials) -> Self {
        Self {
            proxy: true,
            ..Self::new(url, credentials)
        }
    }

    /// Never answers with `Basic`.
    #[must_use]
    pub fn without_basic(mut self) -> Self {
        self.basic = false;
        self
    }

    /// Never answers with `Digest`.
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        self.digest = false;
        self
    }

    /// The origin that the credentials belong to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Begins a request. It carries credentials at once where the server has asked for them
    /// before: for `Digest` on the whole origin, for `Basic` at the paths at and below the one that
    /// asked (RFC 7617 section 2.2).
    pub fn begin(&self, url: &Url, request: &DigestRequest<'_>) -> Exchange {
        let known = self.known().clone();
        let authorization = match known {
            _ if url.origin() != self.origin => None,
            Known::Digest(digest) if digest.fits(request.body) => {
                Some(self.digest(digest, request))
            }
            Known::Basic(folder) if is_below(path_of(url), &folder) => self.basic(),
            _ => None,
        };
        Exchange {
            authorization,
            ..Exchange::default()
        }
    }

    /// Looks at an answer; whether the request is to be sent again, with the authorization that the
    /// exchange then has.
    ///
    /// That is so for a 401 (for a proxy 407) of the own origin with a challenge that is
    /// understood, once, and once more where a nonce was stale. The strongest challenge is
    /// answered; `Basic` is not answered in an exchange that has had `Digest`.
    pub fn answer(
        &self,
        exchange: &mut Exchange,
        url: &Url,
        request: &DigestRequest<'_>,
        status: u16,
        headers: &HTTPMessage,
    ) -> bool {
        let (asks, field) = match self.proxy {
            true => (407, "Proxy-Authenticate"),
            false => (401, "WWW-Authenticate"),
        };
        if status != asks || url.origin() != self.origin {
            return false;
        }
        let challenges = Challenge::parse_all(headers, field);
        let Some(next) = self.choose(exchange, &challenges, url, request) else {
            return false;
        };
        exchange.authorization = Some(next);
        true
    }

    fn choose(
        &self,
        exchange: &mut Exchange,
        challenges: &[Challenge],
        url: &Url,
        request: &DigestRequest<'_>,
    ) -> Option<Authorization> {
        let last = exchange.authorization.as_ref();
        let had_digest = last.is_some_and(|last| last.digest.is_some());
        let strongest = Digest::strongest(challenges, request.body);
        if let Some(digest) = strongest.filter(|_| self.digest) {
            exchange.allow(had_digest && digest.is_stale())?;
            let digest = Arc::new(digest);
            *self.known() = Known::Digest(digest.clone());
            return Some(self.digest(digest, request));
        }
        let wants_basic = challenges.iter().any(is_basic);
        (wants_basic && self.basic && last.is_none()).then_some(())?;
        exchange.allow(false)?;
        let path = path_of(url);
        let folder = path.rfind('/').and_then(|place| path.get(..=place));
        *self.known() = Known::Basic(folder.unwrap_or("/").to_owned());
        self.basic()
    }

    /// Looks at the last answer of an exchange: takes the next nonce, and verifies the server's
    /// proof that it knows the password, if it gives one. `body` is the content of the answer if
    /// it is at hand.
    ///
    /// # Errors
    ///
    /// [`RspauthMismatch`]: the answer does not come from who it should.
    pub fn finish(
        &self,
        exchange: &Exchange,
        headers: &HTTPMessage,
        body: Option<&[u8]>,
    ) -> Result<(), RspauthMismatch> {
        let field = match self.proxy {
            true => "Proxy-Authentication-Info",
            false => "Authentication-Info",
        };
        let last = exchange.authorization.as_ref();
        let digest = last.and_then(|last| last.digest.as_ref());
        match (digest, headers.get_bytes(field)) {
            (Some((digest, answer)), Some(info)) => digest.authentication_info(answer, info, body),
            _ => Ok(()),
        }
    }

    fn digest(&self, digest: Arc<Digest>, request: &DigestRequest<'_>) -> Authorization {
        let answer = digest.answer(&self.credentials, request);
        Authorization {
            name: self.field(),
            value: answer.value().to_vec(),
            digest: Some((digest, answer)),
        }
    }

    fn basic(&self) -> Option<Authorization> {
        Some(Authorization {
            name: self.field(),
            value: self.credentials.basic().ok()?.into_bytes(),
            digest: None,
        })
    }

    fn field(&self) -> &'static str {
        match self.proxy {
            true => "Proxy-Authorization",
            false => "Authorization",
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Authenticator");
        let shown = shown
            .field("origin", &self.origin)
            .field("proxy", &self.proxy);
        shown
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    /// Notes one more answer; `None` if there must be none: the credentials were refused.
    fn allow(&mut self, stale: bool) -> Option<()> {
        let allowed = !self.renewed && (stale || !self.answered);
        match stale {
            true => self.renewed = true,
            false => self.answered = true,
        }
        allowed.then_some(())
    }
}

/// `Basic` with a realm, and in no charset but UTF-8 (RFC 7617 section 2.1).
fn is_basic(challenge: &Challenge) -> bool {
    let charset = challenge.get("charset");
    let known = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("UTF-8"));
    challenge.is("basic") && challenge.realm().is_some() && known
}
