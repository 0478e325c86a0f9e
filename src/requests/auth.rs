//! Authentication: what is put on a request, and what is answered to a challenge (`requests.auth`).
//!
//! Departs from `requests`: names and passwords are sent as UTF-8; a nonce is used for the origin that
//! gave it and no other; what answers a challenge is the strongest that is understood.

use super::models::{Auth, AuthBase, PreparedRequest, RequestException, Response};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::{Authenticator, Credentials, DigestRequest, Exchange};
use crate::urllib::Origin;

impl<F> AuthBase for F
where
    F: Fn(&mut PreparedRequest) -> Result<(), RequestException> + Send + Sync,
{
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException> {
        self(request)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth(***)")
    }
}

impl<T: AuthBase + 'static> From<T> for Auth {
    fn from(auth: T) -> Self {
        Self(Arc::new(auth))
    }
}

impl<U: Into<String>, P: Into<String>> From<(U, P)> for Auth {
    fn from((user, password): (U, P)) -> Self {
        Self(Arc::new(HTTPBasicAuth::new(user, password)))
    }
}

impl From<Credentials> for Auth {
    fn from(credentials: Credentials) -> Self {
        (credentials.user(), credentials.password()).into()
    }
}

/// `Basic`, sent with the first request (`requests.auth.HTTPBasicAuth`; RFC 7617).
#[derive(Clone)]
pub struct HTTPBasicAuth {
    user: String,
    password: String,
}

impl HTTPBasicAuth {
    /// With this name and password; what can't be sent is an error when a request is prepared.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }

    fn value(&self) -> Result<String, RequestException> {
        Ok(Credentials::new(&self.user, &self.password)?.basic()?)
    }
}

impl fmt::Debug for HTTPBasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HTTPBasicAuth(***)")
    }
}

impl AuthBase for HTTPBasicAuth {
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException> {
        let value = self.value()?;
        request.headers_mut().insert("Authorization", value);
        Ok(())
    }
}

/// `Basic` for a proxy that is spoken to as if it were the server
/// (`requests.auth.HTTPProxyAuth`). The proxy of a session takes its name and password from its URL.
#[derive(Clone, Debug)]
pub struct HTTPProxyAuth(HTTPBasicAuth);

impl HTTPProxyAuth {
    /// With this name and password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self(HTTPBasicAuth::new(user, password))
    }
}

impl AuthBase for HTTPProxyAuth {
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException> {
        let value = self.0.value()?;
        request.headers_mut().insert("Proxy-Authorization", value);
        Ok(())
    }
}

/// `Bearer` with a token (RFC 6750), which `requests` leaves to classes of the caller's.
#[derive(Clone)]
pub struct HTTPBearerAuth(String);

impl HTTPBearerAuth {
    /// With this token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for HTTPBearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HTTPBearerAuth(***)")
    }
}

impl AuthBase for HTTPBearerAuth {
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException> {
        let value = format!("Bearer {}", self.0);
        request.headers_mut().insert("Authorization", value);
        Ok(())
    }
}

/// `Digest` (`requests.auth.HTTPDigestAuth`; RFC 7616 whole). Sent with the first request to an
/// origin that has given a nonce.
pub struct HTTPDigestAuth {
    user: String,
    password: String,
    /// One for each origin that was spoken to.
    known: Mutex<Vec<Arc<Authenticator>>>,
}

/// Origins whose nonces are kept; the oldest goes.
const ORIGINS: usize = 64;

impl HTTPDigestAuth {
    /// With this name and password; what can't be sent is an error when a request is prepared.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
            known: Mutex::default(),
        }
    }

    fn authenticator(
        &self,
        request: &PreparedRequest,
    ) -> Result<Arc<Authenticator>, RequestException> {
        let origin: Origin = request.url().origin();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.iter().find(|known| *known.origin() == origin) {
            return Ok(found.clone());
        }
        let credentials = Credentials::new(&self.user, &self.password)?;
        let made = Arc::new(Authenticator::new(request.url(), credentials).without_basic());
        if known.len() >= ORIGINS {
            known.remove(0);
        }
        known.push(made.clone());
        Ok(made)
    }
}

impl fmt::Debug for HTTPDigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HTTPDigestAuth(***)")
    }
}

/// What a digest is made of.
fn digest_request<'a>(request: &'a PreparedRequest, target: &'a str) -> DigestRequest<'a> {
    DigestRequest {
        method: request.method(),
        target,
        body: request.body().as_bytes(),
    }
}

fn put(exchange: &Exchange, request: &mut PreparedRequest) {
    if let Some(authorization) = exchange.authorization() {
        let headers = request.headers_mut();
        headers.insert(authorization.name(), authorization.value());
    }
}

impl AuthBase for HTTPDigestAuth {
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException> {
        let authenticator = self.authenticator(request)?;
        let target = request.url().request_target().into_owned();
        let exchange = authenticator.begin(request.url(), &digest_request(request, &target));
        put(&exchange, request);
        request.exchange = Some(Arc::new(Mutex::new(exchange)));
        Ok(())
    }

    fn answered(
        &self,
        request: &mut PreparedRequest,
        response: &Response,
    ) -> Result<bool, RequestException> {
        let authenticator = self.authenticator(request)?;
        let Some(shared) = request.exchange.clone() else {
            return Ok(false);
        };
        let mut exchange = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let target = request.url().request_target().into_owned();
        let again = authenticator.answer(
            &mut exchange,
            request.url(),
            &digest_request(request, &target),
            response.status_code(),
            response.headers(),
        );
        match again {
            true => put(&exchange, request),
            false => authenticator
                .finish(&exchange, response.headers(), None)
                .map_err(RequestException::other)?,
        }
        Ok(again)
    }
}
