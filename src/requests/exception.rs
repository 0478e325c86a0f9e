//! `RequestException`: what a call can end in, and what it says (`requests.exceptions`).
//!
//! Departs from it: one type, whose [`kind`](RequestException::kind) is the class; a class with two
//! parents (`ConnectTimeout`) answers to the questions of both. The request is always there, and the
//! response where there is one, so that no error loses what it is about.

use super::models::{Inner, PreparedRequest, RequestException, Response};
use std::error::Error;
use std::fmt;

use super::error::ExceptionKind;
use crate::auth::InvalidCredentials;
use crate::error::HTTPException;
use crate::urllib::without_userinfo;

impl RequestException {
    /// The class, with its facts.
    #[must_use]
    pub fn kind(&self) -> &ExceptionKind {
        &self.inner.kind
    }

    /// The request, where one was prepared (`request`).
    #[must_use]
    pub fn request(&self) -> Option<&PreparedRequest> {
        self.inner.request.as_ref()
    }

    /// The response, where one came (`response`).
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.inner.response.as_ref()
    }

    /// The response, where one came, to be read on.
    #[must_use]
    pub fn into_response(self) -> Option<Response> {
        self.inner.response
    }

    /// The error of the client beneath, where there is one.
    #[must_use]
    pub fn http_exception(&self) -> Option<&HTTPException> {
        self.inner.kind.http_exception()
    }

    /// Time ran out (`Timeout`).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.inner.kind.is_timeout()
    }

    /// A `ConnectionError`, or one of the classes below it.
    #[must_use]
    pub fn is_connection_error(&self) -> bool {
        matches!(
            self.inner.kind,
            ExceptionKind::ConnectionError(_)
                | ExceptionKind::ProxyError(_)
                | ExceptionKind::SSLError(_)
                | ExceptionKind::MissingTls
                | ExceptionKind::ConnectTimeout(_)
                | ExceptionKind::EmptyPool
                | ExceptionKind::AddressNotAllowed(_)
        )
    }

    /// The URL can't be used: `MissingSchema`, `InvalidSchema`, `InvalidURL`, `InvalidProxyURL`.
    #[must_use]
    pub fn is_invalid_url(&self) -> bool {
        matches!(
            self.inner.kind,
            ExceptionKind::MissingSchema { .. }
                | ExceptionKind::InvalidSchema { .. }
                | ExceptionKind::InvalidURL(_)
                | ExceptionKind::InvalidProxyURL(_)
        )
    }

    /// Something that the caller's own code reports: from a hook, an adapter, an authentication.
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ExceptionKind::Other(error.into()).into()
    }

    /// With the request, unless it has one.
    pub(super) fn of(mut self, request: &PreparedRequest) -> Self {
        self.inner.request.get_or_insert_with(|| request.clone());
        self
    }

    pub(super) fn with_response(mut self, response: Response) -> Self {
        self.inner.request = Some(response.request().clone());
        self.inner.response = Some(response);
        self
    }
}

impl From<ExceptionKind> for RequestException {
    fn from(kind: ExceptionKind) -> Self {
        let inner = Inner {
            kind,
            request: None,
            response: None,
        };
        Self {
            inner: Box::new(inner),
        }
    }
}

impl From<InvalidCredentials> for RequestException {
    fn from(error: InvalidCredentials) -> Self {
        ExceptionKind::from(error).into()
    }
}

/// Of a status as `raise_for_status` of Python writes it, but without user name and password.
impl fmt::Display for RequestException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner.kind)?;
        match (&self.inner.kind, self.response()) {
            (ExceptionKind::HTTPError { .. }, Some(response)) => {
                let url = without_userinfo(response.url().as_str());
                write!(f, ": {} for url: {url}", response.reason())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for RequestException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestException")
            .field("kind", &self.inner.kind)
            .field("request", &self.inner.request)
            .field("response", &self.inner.response)
            .finish()
    }
}

impl Error for RequestException {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.kind.source()
    }
}

impl ExceptionKind {
    /// An error about this request.
    pub(super) fn of(self, request: &PreparedRequest) -> RequestException {
        RequestException::from(self).of(request)
    }
}
