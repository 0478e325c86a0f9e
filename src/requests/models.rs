//! What refers to each other: a request as it will be sent, its response, what a call can end in, and
//! what of the caller's is run in between (`requests.models`). What they do is in files of their own.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::content::Content;
use super::error::ExceptionKind;
use super::headers::Headers;
use super::payload::Payload;
use super::text::Charsets;
use crate::auth::Exchange;
use crate::cookies::{Cookie, CookieJar};
use crate::message::HTTPMessage;
use crate::proto::HTTPVersion;
use crate::urllib::Url;

/// A request as it will be sent: `requests.PreparedRequest`. Copies share the source of the body.
///
/// What goes beside it, such as the credentials, is bound to the origin of its URL.
#[derive(Clone)]
pub struct PreparedRequest {
    pub(super) method: Cow<'static, str>,
    pub(super) url: Url,
    pub(super) headers: Headers,
    pub(super) body: Payload,
    pub(super) hooks: Hooks,
    pub(super) auth: Option<Auth>,
    /// The cookies of the call, which belong to the host that it was made to.
    pub(super) cookies: Vec<Cookie>,
    /// Fields beside those of credentials that stay with the origin, in lower case.
    pub(super) secrets: Vec<String>,
    /// Whether `Accept-Encoding` is what is plugged in, and nobody's own.
    pub(super) usual_encoding: bool,
    /// The challenge that is being answered.
    pub(super) exchange: Option<Arc<Mutex<Exchange>>>,
}

/// A response: `requests.Response`.
///
/// Where the request was not made with `stream(true)` its content is at hand. Else it comes by
/// [`Read`](std::io::Read), [`iter_content`](Self::iter_content), [`iter_lines`](Self::iter_lines), or all at once
/// by [`content`](Self::content) and what stands on it.
///
/// A status is no error until [`raise_for_status`](Self::raise_for_status) makes it one.
pub struct Response {
    pub(super) request: PreparedRequest,
    pub(super) version: HTTPVersion,
    pub(super) status: u16,
    pub(super) reason: Cow<'static, [u8]>,
    pub(super) headers: HTTPMessage,
    pub(super) elapsed: Duration,
    pub(super) history: Arc<[Self]>,
    pub(super) cookies: OnceLock<Box<CookieJar>>,
    pub(super) next: Option<Box<PreparedRequest>>,
    pub(super) encoding: Option<String>,
    pub(super) charsets: Option<Charsets>,
    pub(super) max_content: u64,
    pub(super) body: Mutex<Content>,
    pub(super) content: OnceLock<Vec<u8>>,
    /// JSON that did not come in UTF-8, in UTF-8.
    pub(super) json: OnceLock<Vec<u8>>,
    /// Some of the content was read piece by piece.
    pub(super) streamed: bool,
    /// It was read so to its end.
    pub(super) ended: bool,
    /// How far the content at hand was read by `Read`.
    pub(super) position: usize,
}

/// A call failed: `requests.RequestException`.
///
/// ```
/// use stdhttp::requests::{self, ExceptionKind};
///
/// let error = requests::get("example.org/").send().unwrap_err();
/// assert!(matches!(error.kind(), ExceptionKind::MissingSchema { .. }));
/// assert!(error.is_invalid_url() && error.response().is_none());
/// ```
pub struct RequestException {
    pub(super) inner: Box<Inner>,
}

pub(super) struct Inner {
    pub(super) kind: ExceptionKind,
    pub(super) request: Option<PreparedRequest>,
    pub(super) response: Option<Response>,
}

/// An authentication: `requests.auth.AuthBase`. A closure that changes the request is one.
pub trait AuthBase: Send + Sync {
    /// Puts on a request what it is to carry; called for the first request of a call, and for those
    /// that redirects lead to on the same origin (`__call__`).
    ///
    /// # Errors
    ///
    /// What keeps it from doing so; nothing is sent then.
    fn authorize(&self, request: &mut PreparedRequest) -> Result<(), RequestException>;

    /// Looks at the answer; whether the request is to be sent again as it is changed now
    /// (`handle_401`). Never, unless it is overridden.
    ///
    /// # Errors
    ///
    /// What makes the answer one that can't be trusted.
    fn answered(
        &self,
        request: &mut PreparedRequest,
        response: &Response,
    ) -> Result<bool, RequestException> {
        let _ = (request, response);
        Ok(false)
    }
}

/// What `auth` takes: a name and a password, which are `Basic`, or any [`AuthBase`].
#[derive(Clone)]
pub struct Auth(pub(super) Arc<dyn AuthBase>);

pub(super) type Hook = Arc<dyn Fn(&mut Response) -> Result<(), RequestException> + Send + Sync>;

/// The hooks for a response, run in their order.
#[derive(Clone, Default)]
pub(super) struct Hooks(pub(super) Vec<Hook>);
