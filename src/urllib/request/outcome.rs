//! What becomes of an answer, and of what nobody opens: `HTTPErrorProcessor`,
//! `HTTPDefaultErrorHandler` and `UnknownHandler`.

use super::error::{HTTPError, URLError};
use super::http::needs_tls;
use super::opener::{BaseHandler, Handled, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;

/// Asks the handlers about each answer over HTTP that is no success
/// (`urllib.request.HTTPErrorProcessor`).
#[derive(Clone, Copy, Debug, Default)]
pub struct HTTPErrorProcessor;

impl BaseHandler for HTTPErrorProcessor {
    /// Behind all that look at answers.
    fn handler_order(&self) -> i32 {
        1000
    }

    fn role(&self) -> Role {
        Role::ErrorProcessor
    }

    fn response(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Response, URLError> {
        let is_success = (200..300).contains(&response.status());
        match request.http_url() {
            Some(_) if !is_success => opener.error(request, response),
            _ => Ok(response),
        }
    }
}

/// Makes an [`HTTPError`] of each answer that no other handler deals with
/// (`urllib.request.HTTPDefaultErrorHandler`).
#[derive(Clone, Copy, Debug, Default)]
pub struct HTTPDefaultErrorHandler;

impl BaseHandler for HTTPDefaultErrorHandler {
    fn role(&self) -> Role {
        Role::DefaultError
    }

    fn http_error_default(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        Err(HTTPError::new(response).into())
    }
}

/// Says that no handler opens such URLs, or that TLS is missing
/// (`urllib.request.UnknownHandler`).
#[derive(Clone, Copy, Debug, Default)]
pub struct UnknownHandler;

impl BaseHandler for UnknownHandler {
    fn role(&self) -> Role {
        Role::Unknown
    }

    fn unknown_open(
        &self,
        _: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        let scheme = request.scheme().to_owned();
        match needs_tls(request) {
            true => Err(URLError::NoTls),
            false => Err(URLError::UnknownType { scheme }),
        }
    }
}
