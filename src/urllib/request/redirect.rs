//! `HTTPRedirectHandler`: follows redirects, by the rules of [`RedirectRules`].

use super::error::{HTTPError, URLError, Unfollowed};
use super::opener::{BaseHandler, Handled, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;
use crate::urllib::{RedirectRules, RedirectedRequest};

/// Follows redirects (`urllib.request.HTTPRedirectHandler`).
///
/// One that must not be followed is an [`HTTPError`] which says why, with the answer. The body of
/// a redirect is never read: its connection is closed.
///
/// Departs from Python: rows S-15.4-* of `docs/conformance.md`, where Python follows no redirect of
/// a PUT, makes a GET of what it follows, and takes credentials along.
#[derive(Clone, Debug)]
pub struct HTTPRedirectHandler {
    rules: RedirectRules,
    max_redirections: u8,
}

impl Default for HTTPRedirectHandler {
    fn default() -> Self {
        Self::new(RedirectRules::new())
    }
}

impl HTTPRedirectHandler {
    /// By these rules, and 10 in a row at most.
    #[must_use]
    pub fn new(rules: RedirectRules) -> Self {
        Self {
            rules,
            max_redirections: 10,
        }
    }

    /// So many in a row at most (`max_redirections`; `max_repeats` is not counted apart).
    #[must_use]
    pub fn with_max_redirections(mut self, limit: u8) -> Self {
        self.max_redirections = limit;
        self
    }
}

impl BaseHandler for HTTPRedirectHandler {
    fn role(&self) -> Role {
        Role::Redirect
    }

    fn http_error(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        let Some(url) = request.http_url() else {
            return Ok(Handled::Passed(response));
        };
        let answered = RedirectedRequest {
            method: request.get_method(),
            url,
            body: request.resend(),
        };
        let headers = response.headers();
        let redirect = match self.rules.redirect(&answered, response.status(), headers) {
            Ok(Some(redirect)) => redirect,
            Ok(None) => return Ok(Handled::Passed(response)),
            Err(why) => return Err(unfollowed(response, Unfollowed::Refused(why))),
        };
        let limit = self.max_redirections;
        if request.redirects >= limit {
            return Err(unfollowed(response, Unfollowed::TooMany { limit }));
        }
        drop(response);
        request.follow(&redirect, &self.rules);
        opener.open_again(request).map(Handled::Answered)
    }
}

fn unfollowed(response: Response, why: Unfollowed) -> URLError {
    HTTPError::unfollowed_redirect(response, why).into()
}
