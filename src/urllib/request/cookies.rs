//! `HTTPCookieProcessor`: cookies from answers, and for requests.

use std::sync::Arc;

use super::error::URLError;
use super::opener::{BaseHandler, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;
use crate::cookies::CookieJar;

/// Keeps the cookies of answers, of redirects and refusals too, and sends them where they belong
/// (`urllib.request.HTTPCookieProcessor`).
///
/// A `Cookie` field of the caller's own stands in their place. The jar can be shared with others.
#[derive(Clone, Debug)]
pub struct HTTPCookieProcessor {
    cookiejar: Arc<CookieJar>,
}

impl HTTPCookieProcessor {
    /// Cookies of this jar.
    #[must_use]
    pub fn new(cookiejar: Arc<CookieJar>) -> Self {
        Self { cookiejar }
    }
}

impl BaseHandler for HTTPCookieProcessor {
    fn role(&self) -> Role {
        Role::Cookies
    }

    fn request(&self, _: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
        let url = request.http_url();
        request.cookie = url.and_then(|url| self.cookiejar.cookie_header(url));
        Ok(())
    }

    fn response(
        &self,
        _: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Response, URLError> {
        if let Some(url) = request.http_url() {
            self.cookiejar.extract_cookies(response.headers(), url);
        }
        Ok(response)
    }
}
