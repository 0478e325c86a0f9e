//! A request as it will be sent (`requests.PreparedRequest`).

use std::borrow::Cow;
use std::fmt;

use super::headers::Headers;
use super::models::{Auth, PreparedRequest, RequestException, Response};
use super::payload::Payload;
use crate::urllib::Url;

impl PreparedRequest {
    /// An authentication may have put fields on it, or another body.
    pub(super) fn authorize(&mut self, auth: &Auth) -> Result<(), RequestException> {
        auth.0.authorize(self).map_err(|error| error.of(self))?;
        self.headers.check().map_err(|error| error.of(self))
    }

    /// The method, in capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Path and query, as they are sent to the server (`path_url`).
    #[must_use]
    pub fn path_url(&self) -> Cow<'_, str> {
        self.url.request_target()
    }

    /// The fields, but for `Host` unless it was given, and for `Cookie`, which is added for each
    /// hop.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The fields, to be changed.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Payload {
        &self.body
    }

    /// Puts another body in place, and the fields that frame it (`prepare_body`): `Content-Length`
    /// where the length is known, else `Transfer-Encoding: chunked`.
    pub fn set_body(&mut self, body: impl Into<Payload>) {
        self.body = body.into();
        self.headers.remove("Content-Length");
        self.headers.remove("Transfer-Encoding");
        let defines_content = !matches!(&*self.method, "GET" | "HEAD");
        match (self.body.is_none(), self.body.length()) {
            (true, _) if defines_content => self.headers.insert("Content-Length", "0"),
            (true, _) => {}
            (false, Some(length)) => self.headers.insert("Content-Length", length.to_string()),
            (false, None) => self.headers.insert("Transfer-Encoding", "chunked"),
        }
    }

    /// Another method and no body: what a redirect makes of it.
    pub(super) fn set_method(&mut self, method: &str) {
        self.method = known_method(method);
    }

    pub(super) fn set_url(&mut self, url: Url) {
        self.url = url;
    }

    /// Adds a hook for the response (`register_hook`).
    pub fn register_hook(
        &mut self,
        hook: impl Fn(&mut Response) -> Result<(), RequestException> + Send + Sync + 'static,
    ) {
        self.hooks.push(hook);
    }
}

/// A method in capitals; the usual ones are not copied.
pub(super) fn known_method(method: &str) -> Cow<'static, str> {
    let usual = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"];
    let found = usual
        .into_iter()
        .find(|usual| usual.eq_ignore_ascii_case(method));
    found.map_or_else(|| method.to_ascii_uppercase().into(), Cow::Borrowed)
}

/// Credentials are masked, and the body says how much it is.
impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
