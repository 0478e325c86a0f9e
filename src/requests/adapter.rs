//! Adapters: what sends a prepared request, mounted by the beginning of URLs
//! (`requests.adapters.BaseAdapter`).
//!
//! Departs from `requests`: `https://example.com` is not the beginning of
//! `https://example.com.evil.org/`.

use std::borrow::Cow;
use std::time::Instant;

use super::models::{PreparedRequest, RequestException, Response};
use super::options::{Timeout, TlsSettings};
use crate::urllib::{Proxy, Reference, without_userinfo};

/// Sends a prepared request, once, and gives the response to it: `requests.adapters.BaseAdapter`.
///
/// ```
/// use stdhttp::requests::{Adapter, PreparedRequest, RequestException, Response, Session, Sending};
///
/// /// Answers by itself.
/// struct Canned;
///
/// impl Adapter for Canned {
///     fn send(&self, request: &PreparedRequest, _: &Sending<'_>) -> Result<Response, RequestException> {
///         Ok(Response::new(request.clone(), 200, [("Content-Type", "text/plain")], "hello"))
///     }
/// }
///
/// let mut session = Session::new();
/// session.mount("http://canned.example", Canned);
/// let response = session.get("http://canned.example/x").send()?;
/// assert_eq!(response.text()?, "hello");
/// # Ok::<(), RequestException>(())
/// ```
pub trait Adapter: Send + Sync {
    /// Sends the request. The response may be read while the connection brings it.
    ///
    /// # Errors
    ///
    /// What went wrong; [`RequestException::other`] for errors of the caller's own.
    fn send(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Response, RequestException>;

    /// What `Accept-Encoding` says in requests that go through this adapter, unless the session or
    /// the call has one of its own; nothing to leave it as the session has it.
    fn accept_encoding(&self) -> Option<&str> {
        None
    }

    /// Closes what is kept open (`close`).
    fn close(&self) {}
}

/// How a request is sent, as session and call say together.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sending<'a> {
    /// Times for connecting, and for one read or write.
    pub timeout: Timeout,
    /// When all must be over.
    pub ends: Option<Instant>,
    /// The proxy for this URL.
    pub proxy: Option<&'a Proxy>,
    /// What TLS is handed.
    pub tls: &'a TlsSettings,
}

/// Whether a URL begins as the prefix says: in any case, and up to the end of a part of it. A user name
/// and a password are looked at where the prefix has some, so that no host can stand in them.
pub(super) fn is_mounted_at(prefix: &str, url: &str) -> bool {
    let url = match without_userinfo(prefix) {
        Cow::Borrowed(_) => without_userinfo(url),
        Cow::Owned(_) => Cow::Borrowed(url),
    };
    let url = with_path(&url);
    if !begins_with(prefix, &url) {
        return false;
    }
    let next = url.as_bytes().get(prefix.len());
    // Within a path every prefix is one, as in `requests`; within an authority only a whole one.
    let authority = prefix.split_once("://").map(|(_, rest)| rest);
    let ends_in_authority =
        authority.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#']));
    !ends_in_authority || matches!(next, None | Some(b'/' | b'?' | b'#' | b':'))
}

/// The URL with the path that an empty one stands for.
fn with_path(url: &str) -> Cow<'_, str> {
    let parts = Reference::split(url);
    match (parts.authority, parts.path) {
        (Some(_), "") => Cow::Owned(Reference { path: "/", ..parts }.unsplit()),
        _ => Cow::Borrowed(url),
    }
}

/// Whether a URL begins with a prefix, in whatever case.
pub(super) fn begins_with(prefix: &str, url: &str) -> bool {
    let beginning = url.as_bytes().get(..prefix.len());
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::is_mounted_at;

    #[test]
    fn a_prefix_ends_where_a_part_of_the_url_ends() {
        for (prefix, url, mounted) in [
            ("https://", "https://example.com/", true),
            ("HTTPS://", "https://example.com/", true),
            ("http://", "https://example.com/", false),
            ("https://example.com", "https://example.com/a", true),
            ("https://example.com", "https://EXAMPLE.com:8443/a", true),
            ("https://example.com", "https://example.com", true),
            ("https://example.com", "https://example.com?q", true),
            (
                "https://example.com",
                "https://example.com.evil.org/",
                false,
            ),
            (
                "https://example.com",
                "https://example.com@evil.org/",
                false,
            ),
            (
                "https://example.com",
                "https://example.com:80@evil.org/",
                false,
            ),
            ("https://example.com", "https://me:pw@example.com/", true),
            (
                "https://me:pw@example.com",
                "https://me:pw@example.com/",
                true,
            ),
            ("https://me:pw@example.com", "https://example.com/", false),
            (
                "https://example.com:8443",
                "https://example.com:84430/",
                false,
            ),
            ("https://example.com/ap", "https://example.com/api", true),
            ("https://example.com/", "https://example.com", true),
            ("https://example.com/", "https://example.com?q", true),
            ("https://example.com/a", "https://example.com", false),
            ("", "https://example.com", true),
        ] {
            assert_eq!(is_mounted_at(prefix, url), mounted, "{prefix} {url}");
        }
    }
}
