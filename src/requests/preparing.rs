//! From what the caller says to a request as it will be sent, with what the session adds
//! (`Session.prepare_request`, `PreparedRequest.prepare`).

use super::adapter::Adapter;
use super::auth::HTTPBasicAuth;
use super::error::ExceptionKind;
use super::form::{Encoded, encode};
use super::models::{Auth, PreparedRequest, RequestException};
use super::payload::Payload;
use super::request::Request;
use super::session::Session;
use crate::cookies::Cookie;
use crate::proto::scan;
use crate::urllib::parse::{unquote, urlencode};
use crate::urllib::{Fault, Part, Url, UrlParser, without_userinfo};

impl Session {
    /// The request as it will be sent, with what the session adds (`prepare_request`). Of an
    /// authorization a field of the call counts most, then its `auth`, then a field of the session,
    /// then its `auth`, then the URL's own, then `.netrc`.
    ///
    /// # Errors
    ///
    /// Those of [`Request::prepare`]; `Netrc` if that file can't be used.
    pub fn prepare_request(
        &self,
        mut request: Request<'_>,
    ) -> Result<PreparedRequest, RequestException> {
        request.defaults = self.headers.clone();
        let params = std::mem::take(&mut request.params);
        let mut merged: Vec<_> = self.params.clone();
        merged.retain(|(name, _)| !params.iter().any(|(known, _)| known == name));
        merged.extend(params);
        request.params = merged;
        request.hooks = request.hooks.or(&self.hooks);
        let (own, anonymous) = (request.auth.take(), request.anonymous);
        let has_field = request.gives_header("Authorization");
        let has_encoding = request.changes_header("Accept-Encoding");
        let mut prepared = PreparedRequest::new(request, &self.parser)?;
        prepared.usual_encoding = !has_encoding && self.has_usual_encoding();
        self.fit_encoding(&mut prepared);
        if !has_field && (anonymous || own.is_some()) {
            prepared.headers_mut().remove("Authorization");
        }
        if !anonymous && !prepared.headers().contains("Authorization") {
            prepared.auth = match own {
                Some(own) => Some(own),
                None => self.authentication(&prepared)?,
            };
        }
        if let Some(auth) = prepared.auth.clone() {
            prepared.authorize(&auth)?;
        }
        Ok(prepared)
    }

    /// Whether `Accept-Encoding` of the session is what it began with, and what is plugged in adds.
    fn has_usual_encoding(&self) -> bool {
        let usual = self.http.accept_encoding().map(str::as_bytes);
        self.headers.get_bytes("Accept-Encoding") == usual
    }

    /// The codings that the adapter of a URL undoes.
    fn accepted_at(&self, url: &Url) -> Option<&str> {
        let adapter = self.get_adapter(url.as_str()).ok();
        adapter
            .and_then(Adapter::accept_encoding)
            .or_else(|| self.http.accept_encoding())
    }

    /// Asks for the codings that the adapter of this URL undoes, unless somebody asks for others.
    fn fit_encoding(&self, prepared: &mut PreparedRequest) {
        // Without adapters of the caller's the session has said it already.
        if !prepared.usual_encoding || self.adapters.is_empty() {
            return;
        }
        if let Some(accepted) = self.accepted_at(prepared.url()) {
            prepared.headers_mut().insert("Accept-Encoding", accepted);
        }
    }

    /// The same for the next hop of a request, where nobody has changed the field since.
    pub(super) fn fit_next_encoding(&self, request: &PreparedRequest, next: &mut PreparedRequest) {
        let before = self.accepted_at(request.url()).map(str::as_bytes);
        next.usual_encoding &= request.headers().get_bytes("Accept-Encoding") == before;
        self.fit_encoding(next);
    }

    fn authentication(&self, prepared: &PreparedRequest) -> Result<Option<Auth>, RequestException> {
        if self.auth.is_some() {
            return Ok(self.auth.clone());
        }
        let url = prepared.url();
        if let Some(user) = url.username() {
            let password = url.password().unwrap_or_default();
            return Ok(Some(
                HTTPBasicAuth::new(unquote(user), unquote(password)).into(),
            ));
        }
        let known = self.environment.credentials(url)?;
        Ok(known.map(Auth::from))
    }
}

impl PreparedRequest {
    /// Puts together what the call says; nothing of a session is in it.
    pub(super) fn new(request: Request<'_>, parser: &UrlParser) -> Result<Self, RequestException> {
        let method = request.method.clone();
        if !scan::is_token(method.as_bytes()) {
            let method = method.into_owned();
            return Err(ExceptionKind::InvalidMethod { method }.into());
        }
        let url = prepare_url(
            &request.url,
            &request.params,
            request.query.as_deref(),
            parser,
        )?;
        let mut headers = request.merged_headers();
        headers.check()?;
        let cookies = prepare_cookies(&request.cookies, &url)?;
        let Encoded { body, content_type } = encode(request.data, request.json, request.files)?;
        if let Some(content_type) = content_type {
            headers.set_default("Content-Type", content_type);
        }
        let mut prepared = Self {
            method,
            url,
            headers,
            body: Payload::default(),
            hooks: request.hooks,
            auth: request.auth,
            cookies,
            secrets: request.secrets,
            usual_encoding: false,
            exchange: None,
        };
        prepared.set_body(match request.progress {
            Some(progress) => body.with_progress(progress),
            None => body,
        });
        if let Some(auth) = prepared.auth.clone() {
            prepared.authorize(&auth)?;
        }
        Ok(prepared)
    }
}

/// The URL with the parameters of the call behind its own query.
fn prepare_url(
    text: &str,
    params: &[(String, String)],
    query: Option<&str>,
    parser: &UrlParser,
) -> Result<Url, RequestException> {
    let text = text.trim_start();
    let invalid = |error| RequestException::from(ExceptionKind::InvalidURL(error));
    let url = parser.parse(text).map_err(|error| {
        let url = || without_userinfo(text).into_owned();
        match (error.part, error.fault) {
            (Part::Scheme, Fault::Missing) => ExceptionKind::MissingSchema { url: url() },
            (Part::Scheme, Fault::Unsupported) => ExceptionKind::InvalidSchema { url: url() },
            _ => ExceptionKind::InvalidURL(error),
        }
    })?;
    if params.is_empty() && query.is_none_or(str::is_empty) {
        return Ok(url);
    }
    let encoded = urlencode(params.iter().map(|(name, value)| (name, value)));
    let added: Vec<&str> = query.into_iter().chain([encoded.as_str()]).collect();
    let added = added.into_iter().filter(|text| !text.is_empty());
    let parts: Vec<&str> = url
        .query()
        .into_iter()
        .filter(|text| !text.is_empty())
        .chain(added)
        .collect();
    if parts.is_empty() {
        return Ok(url);
    }
    let reference = match url.fragment() {
        Some(fragment) => format!("?{}#{fragment}", parts.join("&")),
        None => format!("?{}", parts.join("&")),
    };
    parser.join(&url, &reference).map_err(invalid)
}

fn prepare_cookies(
    cookies: &[(String, String)],
    url: &Url,
) -> Result<Vec<Cookie>, RequestException> {
    let made = cookies
        .iter()
        .map(|(name, value)| Cookie::new(name, value, url));
    let made: Result<_, _> = made.collect();
    Ok(made.map_err(ExceptionKind::InvalidCookie)?)
}
