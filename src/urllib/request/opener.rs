//! `OpenerDirector`: handlers, asked in their order (`urllib.request.OpenerDirector`).
//!
//! Python finds a handler's methods by their names; here they are a trait, `BaseHandler`, and what
//! replaces a default handler says so by its `Role`. There is no opener of the whole process: an
//! opener is a value, which threads can share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::URLError;
use super::requested::Request;
use super::response::Response;
use crate::error::{HTTPException, Step};
use crate::transport::clock::{Clock, SystemClock};

/// The place of a handler that does not care about it (`handler_order`).
pub const HANDLER_ORDER: i32 = 500;

/// What an answer is to be to a handler that was asked about it.
#[derive(Debug)]
pub enum Handled {
    /// It is dealt with; this is what the caller gets.
    Answered(Response),
    /// It is another handler's affair.
    Passed(Response),
}

/// What a handler stands for. An opener has one of each, but for those that are none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The caller's own, beside all others.
    Other,
    /// Opens http.
    Http,
    /// Opens https.
    Https,
    /// Chooses the proxy.
    Proxy,
    /// Follows redirects.
    Redirect,
    /// Keeps cookies.
    Cookies,
    /// Asks the handlers about answers that are no successes.
    ErrorProcessor,
    /// Makes an error of what nobody else deals with.
    DefaultError,
    /// Opens `data:`.
    Data,
    /// Opens `file:`.
    File,
    /// Is asked about URLs that no other opens.
    Unknown,
}

/// A part of an opener: each method is asked in the order of the handlers, and does nothing unless
/// it is written (`urllib.request.BaseHandler`).
///
/// ```
/// use stdhttp::testing::{Peer, Script};
/// use stdhttp::urllib::request::*;
///
/// /// Names the answers that took no redirect.
/// struct Stamp;
///
/// impl BaseHandler for Stamp {
///     fn request(&self, _: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
///         request.add_unredirected_header("X-Stamp", "1");
///         Ok(())
///     }
/// }
///
/// let peer = Peer::new([Script::answer("HTTP/1.1 204 No Content\r\n\r\n")]);
/// let opener = build_opener()
///     .add_handler(HTTPHandler::new(peer.clone()))
///     .add_handler(ProxyHandler::none())
///     .add_handler(Stamp);
/// assert_eq!(opener.open("http://www.example.org/")?.status(), 204);
/// assert!(peer.received(0).windows(10).any(|text| text == b"X-Stamp: 1"));
/// # Ok::<(), URLError>(())
/// ```
pub trait BaseHandler: Send + Sync {
    /// Its place: lower is earlier; of equal ones the one that was added first.
    fn handler_order(&self) -> i32 {
        HANDLER_ORDER
    }

    /// What it stands for.
    fn role(&self) -> Role {
        Role::Other
    }

    /// Changes a request before it is opened (`http_request`). It is asked again where the request
    /// is repeated or redirected.
    ///
    /// # Errors
    /// The request is not opened.
    fn request(&self, opener: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
        let _ = (opener, request);
        Ok(())
    }

    /// Opens a request of any scheme, before others are asked (`default_open`).
    ///
    /// # Errors
    /// The request fails.
    fn default_open(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        let _ = (opener, request);
        Ok(None)
    }

    /// Opens a request of a scheme that it knows (`http_open`).
    ///
    /// # Errors
    /// The request fails.
    fn open(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        let _ = (opener, request);
        Ok(None)
    }

    /// Opens a request that no other has opened (`unknown_open`).
    ///
    /// # Errors
    /// The request fails.
    fn unknown_open(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        let _ = (opener, request);
        Ok(None)
    }

    /// Looks at an answer, or gives another in its place (`http_response`).
    ///
    /// # Errors
    /// The request fails.
    fn response(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Response, URLError> {
        let _ = (opener, request);
        Ok(response)
    }

    /// Deals with an answer over HTTP that is no success, by its status (`http_error_nnn`).
    ///
    /// # Errors
    /// The request fails.
    fn http_error(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        let _ = (opener, request);
        Ok(Handled::Passed(response))
    }

    /// Deals with one that no other has dealt with (`http_error_default`).
    ///
    /// # Errors
    /// The request fails.
    fn http_error_default(
        &self,
        opener: &OpenerDirector,
        request: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        let _ = (opener, request);
        Ok(Handled::Passed(response))
    }
}

/// Opens URLs by its handlers.
///
/// Threads can share one. [`build_opener`](super::build_opener) makes one with the usual handlers.
pub struct OpenerDirector {
    handlers: Vec<Box<dyn BaseHandler>>,
    addheaders: Vec<(String, String)>,
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    deadline: Option<Duration>,
    clock: Arc<dyn Clock + Send + Sync>,
}

impl Default for OpenerDirector {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenerDirector {
    /// Without handlers: nothing can be opened. 30 seconds to connect, 60 for each read and write.
    #[must_use]
    pub fn new() -> Self {
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        Self {
            handlers: Vec::new(),
            addheaders: vec![("User-Agent".to_owned(), agent.to_owned())],
            connect_timeout: Some(Duration::from_secs(30)),
            timeout: Some(Duration::from_secs(60)),
            deadline: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// With one more handler, at its place (`add_handler`). It takes the place of the one with the
    /// same role, if it has one.
    #[must_use]
    pub fn add_handler(mut self, handler: impl BaseHandler + 'static) -> Self {
        let role = handler.role();
        self.handlers
            .retain(|known| role == Role::Other || known.role() != role);
        self.handlers.push(Box::new(handler));
        self.handlers.sort_by_key(|handler| handler.handler_order());
        self
    }

    /// With these fields in each request over HTTP that has none of their name (`addheaders`), in
    /// place of `User-Agent: stdhttp/VERSION`.
    #[must_use]
    pub fn with_addheaders<N, V>(mut self, fields: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let fields = fields.into_iter();
        self.addheaders = fields
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        self
    }

    /// The limit for connecting, for each read and for each write, in place of 30 and 60 seconds;
    /// nothing for no limit.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.connect_timeout = timeout;
        self.timeout = timeout;
        self
    }

    /// The limit for everything from `open` to the end of the body; there is none by default.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The clock that deadlines are kept by.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Opens a URL: text, a [`Url`](crate::urllib::Url) or a [`Request`].
    ///
    /// # Errors
    /// [`URLError`]; an answer that is no success is one of them, `HTTP`.
    pub fn open<R>(&self, request: R) -> Result<Response, URLError>
    where
        R: TryInto<Request>,
        URLError: From<R::Error>,
    {
        self.open_again(&mut request.try_into()?)
    }

    /// Opens a request as a handler has changed it: a repetition, or what a redirect leads to. The
    /// deadline of the first goes on.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_again(&self, request: &mut Request) -> Result<Response, URLError> {
        let deadline = request.deadline().or(self.deadline);
        if request.ends.is_none() {
            request.ends = deadline.and_then(|deadline| self.clock.now().checked_add(deadline));
        }
        for handler in &self.handlers {
            handler.request(self, request)?;
        }
        let mut response = self.first_answer(request)?;
        for handler in &self.handlers {
            response = handler.response(self, request, response)?;
        }
        Ok(response)
    }

    fn first_answer(&self, request: &mut Request) -> Result<Response, URLError> {
        for handler in &self.handlers {
            if let Some(response) = handler.default_open(self, request)? {
                return Ok(response);
            }
        }
        for handler in &self.handlers {
            if let Some(response) = handler.open(self, request)? {
                return Ok(response);
            }
        }
        for handler in &self.handlers {
            if let Some(response) = handler.unknown_open(self, request)? {
                return Ok(response);
            }
        }
        let scheme = request.scheme().to_owned();
        Err(URLError::UnknownType { scheme })
    }

    /// Asks the handlers about an answer that is no success (`error`); where none deals with it, it
    /// is the answer.
    ///
    /// # Errors
    /// Those of the handlers.
    pub fn error(&self, request: &mut Request, response: Response) -> Result<Response, URLError> {
        let mut response = response;
        for handler in &self.handlers {
            match handler.http_error(self, request, response)? {
                Handled::Answered(answer) => return Ok(answer),
                Handled::Passed(same) => response = same,
            }
        }
        for handler in &self.handlers {
            match handler.http_error_default(self, request, response)? {
                Handled::Answered(answer) => return Ok(answer),
                Handled::Passed(same) => response = same,
            }
        }
        Ok(response)
    }

    pub(super) fn addheaders(&self) -> &[(String, String)] {
        &self.addheaders
    }

    pub(super) fn clock(&self) -> SharedClock {
        SharedClock(self.clock.clone())
    }

    /// The limits for connecting and for each read and write.
    pub(super) fn timeouts(&self, request: &Request) -> [Option<Duration>; 2] {
        let own = request.timeout();
        [own.or(self.connect_timeout), own.or(self.timeout)]
    }

    /// What is left for this request; nothing for no limit.
    pub(super) fn time_left(&self, request: &Request) -> Result<Option<Duration>, HTTPException> {
        let until = |ends: std::time::Instant| ends.saturating_duration_since(self.clock.now());
        match request.ends.map(until) {
            Some(Duration::ZERO) => {
                Err(HTTPException::timed_out(Step::Connect, Default::default()))
            }
            left => Ok(left),
        }
    }
}

/// The clock of the opener, for its connections.
pub(super) struct SharedClock(Arc<dyn Clock + Send + Sync>);

impl Clock for SharedClock {
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }
}

impl fmt::Debug for OpenerDirector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles: Vec<Role> = self.handlers.iter().map(|handler| handler.role()).collect();
        f.debug_struct("OpenerDirector")
            .field("handlers", &roles)
            .finish_non_exhaustive()
    }
}
