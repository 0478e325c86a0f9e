//! One call: the way of a request through redirects, authentication, cookies and proxies
//! (`requests.Session.send`, `SessionRedirectMixin`; RFC 9110 section 15.4).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::adapter::Sending;
use super::error::ExceptionKind;
use super::models::{PreparedRequest, RequestException, Response};
use super::options::{Hop, MAX_CONTENT, SendOptions, TlsSettings};
use super::payload::Payload;
use super::session::Session;
use crate::urllib::{InvalidProxy, Proxy, Redirect, RedirectedRequest, Resend, Via};

impl Session {
    /// Sends a prepared request and follows the redirects of its answers (`send`).
    ///
    /// # Errors
    ///
    /// `InvalidSchema` without an adapter; those of the adapter; `TooManyRedirects`,
    /// `InvalidRedirect` and `UnrewindableBodyError` with the redirect; those of the hooks and the
    /// authentication; where the content is not left to the caller those of
    /// [`Response::content`]. A status is no error.
    pub fn send(
        &self,
        request: PreparedRequest,
        options: SendOptions,
    ) -> Result<Response, RequestException> {
        let options = self.merge_environment_settings(options);
        let call = Call::new(self, options);
        let request = with_own_exchange(request)?;
        let response = call.follow(request)?;
        if !call.options.stream.unwrap_or_default() {
            if let Err(error) = response.content() {
                return Err(error.with_response(response));
            }
        }
        Ok(response)
    }
}

/// One call: what is decided once, for all its hops.
pub(super) struct Call<'s> {
    session: &'s Session,
    pub(super) options: SendOptions,
    tls: TlsSettings,
    ends: Option<Instant>,
}

impl<'s> Call<'s> {
    pub(super) fn new(session: &'s Session, options: SendOptions) -> Self {
        let tls = TlsSettings {
            verify: options.verify.clone().unwrap_or_default(),
            cert: options.cert.clone(),
        };
        let ends = options
            .deadline
            .and_then(|deadline| session.clock.now().checked_add(deadline));
        Self {
            session,
            tls,
            ends,
            options,
        }
    }

    /// Sends a request and those that redirects make of it.
    pub(super) fn follow(
        &self,
        mut request: PreparedRequest,
    ) -> Result<Response, RequestException> {
        let mut history: Vec<Response> = Vec::new();
        loop {
            let mut response = self.exchange(&mut request)?;
            let redirect = match self.redirect(&request, &response) {
                Ok(redirect) => redirect,
                // Nobody wants to go there.
                Err(_) if self.options.allow_redirects.returns_all() => None,
                Err(error) => return Err(error.with_response(finished(response, history))),
            };
            let Some(redirect) = redirect else {
                return Ok(finished(response, history));
            };
            let hop = Hop {
                status_code: response.status_code(),
                from: request.url(),
                to: redirect.url(),
                method: redirect.method(),
                followed: history.len(),
            };
            let follows = self.options.allow_redirects.allow(&hop);
            let next = self.next_request(&request, &redirect);
            if !follows {
                response.next = next.ok().map(Box::new);
                return Ok(finished(response, history));
            }
            let limit = self.session.max_redirects;
            if history.len() >= limit {
                let error = RequestException::from(ExceptionKind::TooManyRedirects { limit });
                return Err(error.with_response(finished(response, history)));
            }
            request = match next {
                Ok(next) => next,
                Err(error) => return Err(error.with_response(finished(response, history))),
            };
            response.drain(self.left());
            history.push(response);
        }
    }

    /// What is left of the deadline.
    fn left(&self) -> Option<Duration> {
        let ends = self.ends?;
        Some(ends.saturating_duration_since(self.session.clock.now()))
    }

    fn redirect(
        &self,
        request: &PreparedRequest,
        response: &Response,
    ) -> Result<Option<Redirect>, RequestException> {
        let known = RedirectedRequest {
            method: request.method(),
            url: request.url(),
            // Whether the body can be sent again counts where the redirect is followed.
            body: Resend::Possible,
        };
        let rules = &self.session.rules;
        let redirect = rules.redirect(&known, response.status_code(), response.headers());
        redirect.map_err(|error| ExceptionKind::InvalidRedirect(error).into())
    }

    /// The next request, where its body can be had again.
    fn next_request(
        &self,
        request: &PreparedRequest,
        redirect: &Redirect,
    ) -> Result<PreparedRequest, RequestException> {
        match redirect.drops_body() || request.body().is_replayable() {
            true => self.redirected(request, redirect),
            false => Err(ExceptionKind::UnrewindableBodyError.into()),
        }
    }

    /// The request that a redirect asks for. What it drops never comes back.
    fn redirected(
        &self,
        request: &PreparedRequest,
        redirect: &Redirect,
    ) -> Result<PreparedRequest, RequestException> {
        let mut rules = self.session.rules.clone();
        for secret in &request.secrets {
            rules = rules.with_secret(secret);
        }
        let mut next = request.clone();
        let names: Vec<String> = next
            .headers()
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names
            .iter()
            .filter(|name| rules.drops_field(redirect, name))
        {
            next.headers_mut().remove(name);
        }
        next.set_method(redirect.method());
        if redirect.drops_body() {
            next.set_body(Payload::default());
        }
        next.set_url(redirect.url().clone());
        self.session.fit_next_encoding(request, &mut next);
        next.exchange = None;
        if redirect.changes_origin() {
            next.auth = None;
            next.cookies.clear();
        }
        if let Some(auth) = next.auth.clone() {
            next.authorize(&auth)?;
        }
        Ok(next)
    }

    /// One hop: the request, and those that an authentication makes of it.
    fn exchange(&self, request: &mut PreparedRequest) -> Result<Response, RequestException> {
        loop {
            let mut response = self.send_once(request)?;
            let Some(auth) = request.auth.clone() else {
                return Ok(response);
            };
            let again = match auth.0.answered(request, &response) {
                Ok(again) => again,
                Err(error) => return Err(error.with_response(response)),
            };
            if !again {
                return Ok(response);
            }
            if !request.body().is_replayable() {
                let error = RequestException::from(ExceptionKind::UnrewindableBodyError);
                return Err(error.with_response(response));
            }
            response.drain(self.left());
        }
    }

    /// Through the adapter, with the cookies for it; then the hooks.
    fn send_once(&self, request: &PreparedRequest) -> Result<Response, RequestException> {
        let session = self.session;
        let sent = self.with_cookies(request);
        let url = sent.url().as_str();
        let adapter = session
            .get_adapter(url)
            .map_err(|error| error.of(request))?;
        let proxy = self.proxy(&sent).map_err(|error| error.of(request))?;
        let sending = Sending {
            timeout: self.options.timeout.unwrap_or_default(),
            ends: self.ends,
            proxy: proxy.as_ref(),
            tls: &self.tls,
        };
        let began = session.clock.now();
        let mut response = adapter.send(&sent, &sending)?;
        response.charsets.clone_from(&session.charsets);
        response.max_content = self.options.max_content.unwrap_or(MAX_CONTENT);
        response.elapsed = session.clock.now().saturating_duration_since(began);
        session
            .cookies
            .extract_cookies(response.headers(), sent.url());
        if let Err(error) = sent.hooks.run(&mut response) {
            return Err(error.with_response(response));
        }
        Ok(response)
    }

    /// The cookies of the jar and those of the call, which win by their names; a field of the
    /// caller's stays as it is.
    fn with_cookies<'r>(&self, request: &'r PreparedRequest) -> Cow<'r, PreparedRequest> {
        if request.headers().contains("Cookie") {
            return Cow::Borrowed(request);
        }
        let jar = &self.session.cookies;
        let field = jar.cookie_header_with(&request.cookies, request.url());
        let Some(field) = field else {
            return Cow::Borrowed(request);
        };
        let mut sent = request.clone();
        sent.headers_mut().insert("Cookie", field);
        Cow::Owned(sent)
    }

    /// What the call says of proxies counts alone; else the session, then the environment.
    fn proxy(&self, request: &PreparedRequest) -> Result<Option<Proxy>, RequestException> {
        let invalid = |error: InvalidProxy| ExceptionKind::InvalidProxyURL(error.error);
        let session = self.session;
        let sources = match &self.options.proxies {
            Some(own) => [Some(own), None],
            None => [Some(&session.proxies), session.environment.proxies()],
        };
        for proxies in sources.into_iter().flatten() {
            match proxies.select(request.url()).map_err(invalid)? {
                Some(Via::Proxy(proxy)) => return Ok(Some(proxy.clone())),
                Some(Via::Direct) => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }
}

/// Copies of a prepared request share the challenge that is being answered, and each sending answers its
/// own.
fn with_own_exchange(mut request: PreparedRequest) -> Result<PreparedRequest, RequestException> {
    let shared = request.exchange.as_ref();
    let is_shared = shared.is_some_and(|exchange| Arc::strong_count(exchange) > 1);
    if let Some(auth) = request.auth.clone().filter(|_| is_shared) {
        request.exchange = None;
        request.authorize(&auth)?;
    }
    Ok(request)
}

fn finished(mut response: Response, history: Vec<Response>) -> Response {
    if !history.is_empty() {
        response.history = history.into();
    }
    response
}
