//! The handlers that answer challenges: `HTTPBasicAuthHandler`, `HTTPDigestAuthHandler`, and those
//! for proxies (RFC 9110 section 11; what is sent is decided by [`Authenticator`]).
//!
//! Departs from Python: credentials answer the origin that they were given for and no other, once,
//! and once more where a nonce was stale; where they were asked for before they are sent at once; a
//! field of the caller's own stays, and then nothing is answered; `Basic` never follows `Digest`.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::URLError;
use super::opener::{BaseHandler, HANDLER_ORDER, Handled, OpenerDirector};
use super::requested::Request;
use super::response::Response;
use super::tried::{Known, Scheme, Tried};
use crate::auth::{
    Authenticator, Challenge, Credentials, Digest, DigestRequest, Exchange, HTTPPasswordMgr,
};
use crate::urllib::{Resend, Url};

/// So many servers that have asked are remembered, so that the next request has its credentials at
/// once; those that are forgotten ask again.
const REMEMBERED: usize = 64;

/// What all four have in common.
struct Answering {
    scheme: Scheme,
    proxy: bool,
    passwords: HTTPPasswordMgr,
    known: Mutex<VecDeque<Arc<Known>>>,
}

impl Answering {
    fn new(scheme: Scheme, proxy: bool, passwords: HTTPPasswordMgr) -> Self {
        Self {
            scheme,
            proxy,
            passwords,
            known: Mutex::default(),
        }
    }

    /// The URL that credentials are bound to: the server's, or the proxy's.
    fn url(&self, request: &Request) -> Option<Url> {
        match self.proxy {
            true => request.proxy()?.url().cloned(),
            false => request.http_url().cloned(),
        }
    }

    fn field(&self) -> &'static str {
        match self.proxy {
            true => "Proxy-Authorization",
            false => "Authorization",
        }
    }

    fn tried<'a>(&self, request: &'a mut Request) -> &'a mut Option<Tried> {
        match self.proxy {
            true => &mut request.proxy_auth,
            false => &mut request.server_auth,
        }
    }

    /// Credentials at once, where they were asked for before.
    fn begin(&self, request: &mut Request) {
        let is_free = !request.has_header(self.field()) && self.tried(request).is_none();
        let Some(url) = self.url(request).filter(|_| is_free) else {
            return;
        };
        let Some(known) = self.known_at(&url) else {
            return;
        };
        let proof = Proof::of(request, self.proxy);
        let exchange = known.authenticator.begin(&url, &proof.request());
        if exchange.authorization().is_some() {
            *self.tried(request) = Some(Tried {
                scheme: self.scheme,
                known,
                exchange,
                at_once: true,
            });
        }
    }

    /// Whether the request is to be sent again, with the credentials that it then has.
    fn answer(&self, request: &mut Request, response: &Response) -> bool {
        let asks = if self.proxy { 407 } else { 401 };
        let can_repeat = request.resend() == Resend::Possible;
        let is_own = request.has_header(self.field());
        if response.status() != asks || !can_repeat || is_own {
            return false;
        }
        let Some(url) = self.url(request) else {
            return false;
        };
        let tried = self.tried(request).take();
        let proof = Proof::of(request, self.proxy);
        let (next, goes_on) = self.next(tried, &url, &proof.request(), response);
        *self.tried(request) = next;
        goes_on
    }

    /// What is tried next, and whether it is new.
    fn next(
        &self,
        tried: Option<Tried>,
        url: &Url,
        request: &DigestRequest<'_>,
        response: &Response,
    ) -> (Option<Tried>, bool) {
        let Some(credentials) = self.credentials(url, request, response) else {
            return (tried, false);
        };
        let is_mine = |tried: &Tried| tried.scheme == self.scheme;
        let mut next = match tried {
            Some(tried) if is_mine(&tried) && tried.known.credentials == credentials => tried,
            // Stronger credentials may follow weaker ones; others of the same kind only where
            // nobody had asked for the first.
            Some(tried) if self.scheme == Scheme::Basic && !is_mine(&tried) => {
                return (Some(tried), false);
            }
            Some(tried) if is_mine(&tried) && !tried.at_once => return (Some(tried), false),
            _ => self.fresh(url, credentials),
        };
        let authenticator = &next.known.authenticator;
        let (status, headers) = (response.status(), response.headers());
        let goes_on = authenticator.answer(&mut next.exchange, url, request, status, headers);
        if goes_on {
            next.at_once = false;
            self.remember(&next.known);
        }
        (Some(next), goes_on)
    }

    /// Name and password for the realm that asks, if there are any.
    fn credentials(
        &self,
        url: &Url,
        request: &DigestRequest<'_>,
        response: &Response,
    ) -> Option<Credentials> {
        let field = match self.proxy {
            true => "Proxy-Authenticate",
            false => "WWW-Authenticate",
        };
        let challenges = Challenge::parse_all(response.headers(), field);
        let realm = match self.scheme {
            Scheme::Digest => Digest::strongest(&challenges, request.body)?
                .realm()
                .into_owned(),
            Scheme::Basic => {
                let mut basic = challenges.iter().filter(|challenge| challenge.is("basic"));
                basic.find_map(Challenge::realm)?.into_owned()
            }
        };
        self.passwords.find_user_password(&realm, url).cloned()
    }

    fn fresh(&self, url: &Url, credentials: Credentials) -> Tried {
        let authenticator = match self.proxy {
            true => Authenticator::for_proxy(url, credentials.clone()),
            false => Authenticator::new(url, credentials.clone()),
        };
        let authenticator = match self.scheme {
            Scheme::Basic => authenticator.without_digest(),
            Scheme::Digest => authenticator.without_basic(),
        };
        Tried {
            scheme: self.scheme,
            known: Arc::new(Known {
                credentials,
                authenticator,
            }),
            exchange: Exchange::default(),
            at_once: false,
        }
    }

    fn known_at(&self, url: &Url) -> Option<Arc<Known>> {
        let origin = url.origin();
        let known = self.known();
        let mut known = known.iter();
        known
            .find(|known| *known.authenticator.origin() == origin)
            .cloned()
    }

    fn remember(&self, fresh: &Arc<Known>) {
        let mut known = self.known();
        let origin = fresh.authenticator.origin();
        known.retain(|known| known.authenticator.origin() != origin);
        known.push_back(fresh.clone());
        if known.len() > REMEMBERED {
            known.pop_front();
        }
    }

    /// Takes what the last answer says of the credentials.
    fn finish(&self, request: &mut Request, response: &Response) -> Result<(), URLError> {
        let tried = self.tried(request).as_ref();
        let Some(tried) = tried.filter(|tried| tried.scheme == self.scheme) else {
            return Ok(());
        };
        let authenticator = &tried.known.authenticator;
        Ok(authenticator.finish(&tried.exchange, response.headers(), None)?)
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What credentials are computed from, taken from a request.
struct Proof<'a> {
    method: &'a str,
    target: Cow<'a, str>,
    body: Option<&'a [u8]>,
}

impl<'a> Proof<'a> {
    /// A tunnel is asked for by a request of its own.
    fn of(request: &'a Request, proxy: bool) -> Self {
        match request.http_url() {
            Some(url) if proxy && request.is_tunnelled() => Self {
                method: "CONNECT",
                target: Cow::Owned(url.authority_form()),
                body: Some(&[]),
            },
            _ => Self {
                method: request.get_method(),
                target: request.selector(),
                body: request.content(),
            },
        }
    }

    fn request(&self) -> DigestRequest<'_> {
        DigestRequest {
            method: self.method,
            target: &self.target,
            body: self.body,
        }
    }
}

macro_rules! handler {
    ($(#[$doc:meta])* $name:ident, $scheme:ident, $proxy:expr, $order:expr) => {
        $(#[$doc])*
        pub struct $name(Answering);

        impl $name {
            /// With these names and passwords.
            #[must_use]
            pub fn new(passwords: HTTPPasswordMgr) -> Self {
                Self(Answering::new(Scheme::$scheme, $proxy, passwords))
            }
        }

        impl BaseHandler for $name {
            fn handler_order(&self) -> i32 {
                $order
            }

            fn request(&self, _: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
                self.0.begin(request);
                Ok(())
            }

            fn response(
                &self,
                _: &OpenerDirector,
                request: &mut Request,
                response: Response,
            ) -> Result<Response, URLError> {
                self.0.finish(request, &response)?;
                Ok(response)
            }

            fn http_error(
                &self,
                opener: &OpenerDirector,
                request: &mut Request,
                response: Response,
            ) -> Result<Handled, URLError> {
                if !self.0.answer(request, &response) {
                    return Ok(Handled::Passed(response));
                }
                drop(response);
                opener.open_again(request).map(Handled::Answered)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

/// `Digest` is asked before `Basic`.
const DIGEST_ORDER: i32 = 490;

handler!(
    /// Answers a server's challenge with `Basic` (`urllib.request.HTTPBasicAuthHandler`; with an
    /// `HTTPPasswordMgrWithPriorAuth` too: who was asked once is not asked again).
    ///
    /// Over plain http whoever is on the way can read the password.
    HTTPBasicAuthHandler,
    Basic,
    false,
    HANDLER_ORDER
);
handler!(
    /// Answers a proxy's challenge with `Basic` (`urllib.request.ProxyBasicAuthHandler`). The URL of
    /// its password is the proxy's.
    ProxyBasicAuthHandler,
    Basic,
    true,
    HANDLER_ORDER
);
handler!(
    /// Answers a server's challenge with `Digest` (`urllib.request.HTTPDigestAuthHandler`).
    HTTPDigestAuthHandler,
    Digest,
    false,
    DIGEST_ORDER
);
handler!(
    /// Answers a proxy's challenge with `Digest` (`urllib.request.ProxyDigestAuthHandler`). The URL
    /// of its password is the proxy's.
    ProxyDigestAuthHandler,
    Digest,
    true,
    DIGEST_ORDER
);
