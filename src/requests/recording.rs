//! Adapters that keep exchanges with a real server, and that answer from what was kept: tests without
//! a network.

use super::models::{PreparedRequest, RequestException, Response};
use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::adapter::{Adapter, Sending};
use super::content::{Codings, FromReader};
use super::error::ExceptionKind;
use super::masking::Masking;
use super::payload::Payload;
use super::response::Head;
use super::transcript::{self, Exchange, Field};
use crate::message::HTTPMessage;
use crate::proto::HTTPVersion;
use crate::replacing::{Readers, replace};

/// The largest body of a request in bytes that is kept.
const LONGEST_BODY: u64 = 64 << 20;

/// Fields about how a body came, which is not how it is kept.
const ABOUT_TRANSFER: [&str; 4] = [
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "trailer",
];

/// Sends by another adapter and keeps what was sent and what came. Copies share what they keep.
///
/// It is written as a text that can be read, changed and put under version control: one paragraph
/// for each request, and one for its response. Secrets are masked: passwords in URLs and in
/// `Authorization`, the values of cookies, the fields and parameters whose names have `auth`, `key`,
/// `password`, `secret`, `signature` or `token` in them, and those named by [`mask`](Self::mask). The
/// parameters are those of URLs and of bodies of the type `application/x-www-form-urlencoded`.
/// **All other bodies are kept as they are.** Those of responses are read to their end, up to the limits of
/// [`Response::content`], and kept with their content codings undone.
///
/// ```
/// use stdhttp::requests::Session;
/// use stdhttp::testing::{Recorder, Replayer};
/// # use stdhttp::requests::{BoxedStream, HTTPAdapter};
/// # use stdhttp::testing::{Peer, Script};
/// # use stdhttp::Connect;
/// # let peer = Peer::new([Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]);
/// # let adapter = HTTPAdapter::new().connector(move |route| {
/// #     peer.clone().connect(route).map(|stream| Box::new(stream) as BoxedStream)
/// # });
///
/// // Once, with the server:
/// # /*
/// let recorder = Recorder::new(HTTPAdapter::new());
/// # */
/// # let recorder = Recorder::new(adapter);
/// let mut session = Session::new();
/// session.mount("http://", recorder.clone());
/// session.get("http://www.example.org/?token=secret").auth(("user", "pass")).send()?;
/// let recording = recorder.to_string(); // or recorder.save("tests/recordings/hello.txt")?
/// assert!(recording.contains("> GET http://www.example.org/?token=***\n"));
/// assert!(recording.ends_with("\n< 200 OK\n| hello\n"));
///
/// // And in tests, without it:
/// let replayer: Replayer = recording.parse().unwrap(); // or Replayer::load("…")?
/// let mut session = Session::new();
/// session.mount("http://", replayer.clone());
/// let response = session.get("http://www.example.org/?token=other").send()?;
/// assert_eq!(response.text()?, "hello");
/// assert!(replayer.check().is_ok());
/// # Ok::<(), stdhttp::requests::RequestException>(())
/// ```
#[derive(Clone)]
pub struct Recorder {
    adapter: Arc<dyn Adapter>,
    masking: Masking,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// Keeps what goes through this adapter.
    pub fn new(adapter: impl Adapter + 'static) -> Self {
        Self {
            adapter: Arc::new(adapter),
            masking: Masking::default(),
            exchanges: Arc::default(),
        }
    }

    /// Masks the field or parameter of this name too.
    #[must_use]
    pub fn mask(mut self, name: impl Into<String>) -> Self {
        self.masking.names.push(name.into());
        self
    }

    /// Writes what was kept to a file, which its owner alone may read and which is replaced whole.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        replace(path.as_ref(), Readers::Owner, |file| {
            file.write_all(self.to_string().as_bytes())
        })
    }
}

/// The text that is saved.
impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&transcript::write(&locked(&self.exchanges)))
    }
}

impl Adapter for Recorder {
    fn send(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Response, RequestException> {
        let (request, mut exchange) = taken_down(request, &self.masking)?;
        let response = self.adapter.send(&request, sending)?;
        match response.content() {
            Ok(content) => exchange.response_body = content.to_vec(),
            Err(error) => return Err(error.with_response(response)),
        }
        exchange.status = response.status_code();
        exchange.reason = response.reason.trim_ascii().to_vec();
        let fields = response.headers().items_bytes();
        let fields = fields.map(|(name, value)| (String::from_utf8_lossy(name), value));
        exchange.response_fields = kept(fields, &self.masking);
        locked(&self.exchanges).push(exchange);
        Ok(response)
    }

    fn accept_encoding(&self) -> Option<&str> {
        self.adapter.accept_encoding()
    }

    fn close(&self) {
        self.adapter.close();
    }
}

/// Answers as a server once did: each exchange of a recording once, for a request with the same method,
/// URL and body, in their order. Secrets in a URL or a form, all fields and the boundary of a form may be others.
/// Copies share what is left.
#[derive(Clone)]
pub struct Replayer {
    masking: Masking,
    left: Arc<Mutex<Vec<Exchange>>>,
}

impl Replayer {
    /// The recording in a file.
    ///
    /// # Errors
    ///
    /// `File`, and `Line` for a text that is no recording.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let text = fs::read_to_string(path).map_err(RecordingError::File)?;
        text.parse()
    }

    /// Takes the field or parameter of this name for masked, as [`Recorder::mask`] does.
    #[must_use]
    pub fn mask(mut self, name: impl Into<String>) -> Self {
        self.masking.names.push(name.into());
        self
    }

    /// Whether every exchange was used.
    ///
    /// # Errors
    ///
    /// `Unused` with the first that was not.
    pub fn check(&self) -> Result<(), RecordingError> {
        match locked(&self.left).first() {
            Some(exchange) => Err(RecordingError::Unused {
                method: exchange.method.clone(),
                url: exchange.url.clone(),
            }),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Replayer {
    type Err = RecordingError;

    fn from_str(text: &str) -> Result<Self, RecordingError> {
        let exchanges = transcript::read(text);
        let exchanges = exchanges.map_err(|line| RecordingError::Line { line })?;
        Ok(Self {
            masking: Masking::default(),
            left: Arc::new(Mutex::new(exchanges)),
        })
    }
}

impl Adapter for Replayer {
    fn send(
        &self,
        request: &PreparedRequest,
        _: &Sending<'_>,
    ) -> Result<Response, RequestException> {
        let (request, asked) = taken_down(request, &self.masking)?;
        let mut left = locked(&self.left);
        let of_url = |known: &Exchange| known.method == asked.method && known.url == asked.url;
        let matching = |known: &Exchange| of_url(known) && known.request_body == asked.request_body;
        let Some(place) = left.iter().position(matching) else {
            let missing = NotRecorded {
                other_body: left.iter().any(of_url),
                method: asked.method,
                url: asked.url,
            };
            return Err(RequestException::other(missing).of(&request));
        };
        let found = left.remove(place);
        drop(left);
        Ok(replayed(request, found))
    }
}

fn replayed(request: PreparedRequest, exchange: Exchange) -> Response {
    let mut headers = HTTPMessage::new();
    for (name, value) in &exchange.response_fields {
        headers.append(name, value);
    }
    let head = Head {
        version: HTTPVersion::Http11,
        status: exchange.status,
        reason: exchange.reason.into(),
        headers,
    };
    let source = FromReader(Cursor::new(exchange.response_body));
    Response::of(request, head, Box::new(source), &Codings::default())
}

/// The request as it is kept, and one to be sent: a body that can be read once is a copy there.
fn taken_down(
    request: &PreparedRequest,
    masking: &Masking,
) -> Result<(PreparedRequest, Exchange), RequestException> {
    let mut sent = request.clone();
    let mut body = Vec::new();
    let source = request.body().source()?;
    let mut source = source.take(LONGEST_BODY.saturating_add(1));
    source.read_to_end(&mut body).map_err(ExceptionKind::File)?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > LONGEST_BODY {
        let limit = LONGEST_BODY;
        return Err(ExceptionKind::ContentTooLarge { limit }.of(request));
    }
    if !request.body().is_replayable() {
        sent.body = match request.body().length() {
            Some(length) => Payload::sized(Cursor::new(body.clone()), length),
            None => Payload::reader(Cursor::new(body.clone())),
        };
    }
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| (name.into(), value));
    let mut exchange = Exchange {
        method: request.method().to_owned(),
        url: masking.url(request.url()),
        request_fields: kept(fields, masking),
        request_body: body,
        ..Exchange::default()
    };
    without_boundary(&mut exchange);
    if is_form(request) {
        exchange.request_body = masking.form(&exchange.request_body);
    }
    Ok((sent, exchange))
}

/// Whether the body is parameters, as those of a URL.
fn is_form(request: &PreparedRequest) -> bool {
    let value = request.headers().get("Content-Type").unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default();
    let form = "application/x-www-form-urlencoded";
    kind.trim().eq_ignore_ascii_case(form)
}

fn kept<'a>(
    fields: impl Iterator<Item = (std::borrow::Cow<'a, str>, &'a [u8])>,
    masking: &Masking,
) -> Vec<Field> {
    let about_content = |name: &str| !ABOUT_TRANSFER.contains(&name.to_ascii_lowercase().as_str());
    fields
        .filter(|(name, _)| about_content(name))
        .map(|(name, value)| masking.field(&name, value))
        .collect()
}

/// The boundary of a form is another each time: the same word stands in its place.
fn without_boundary(exchange: &mut Exchange) {
    let mut fields = exchange.request_fields.iter_mut();
    let is_it = |field: &&mut Field| field.0.eq_ignore_ascii_case("Content-Type");
    let Some((_, value)) = fields.find(is_it) else {
        return;
    };
    let text = String::from_utf8_lossy(value).into_owned();
    let Some((start, boundary)) = text.split_once("multipart/form-data; boundary=") else {
        return;
    };
    let boundary = boundary.trim_matches('"');
    if boundary.is_empty() || !start.is_empty() {
        return;
    }
    exchange.request_body = replaced(&exchange.request_body, boundary.as_bytes(), b"boundary");
    *value = b"multipart/form-data; boundary=boundary".to_vec();
}

/// All places of a word, replaced by another.
fn replaced(octets: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(word) {
            Some(behind) => {
                result.extend_from_slice(by);
                rest = behind;
            }
            None => {
                result.push(*first);
                rest = after;
            }
        }
    }
    result
}

fn locked(exchanges: &Mutex<Vec<Exchange>>) -> MutexGuard<'_, Vec<Exchange>> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A recording can't be used, or was not used up.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file can't be read.
    File(io::Error),
    /// The text is no recording.
    Line {
        /// The number of the first line that can't be read.
        line: usize,
    },
    /// An exchange was never asked for.
    Unused {
        /// The method of its request.
        method: String,
        /// The URL of its request, secrets masked.
        url: String,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "recording: {error}"),
            Self::Line { line } => write!(f, "line {line} is none of a recording"),
            Self::Unused { method, url } => {
                write!(f, "recorded, but not asked for: {method} {url}")
            }
        }
    }
}

impl Error for RecordingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

/// A [`Replayer`] was asked for what its recording does not have, or had and has given already: inside
/// of [`ExceptionKind::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotRecorded {
    /// The method of the request.
    pub method: String,
    /// Its URL, secrets masked.
    pub url: String,
    /// Whether the same was recorded with another body.
    pub other_body: bool,
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.other_body {
            " with this body"
        } else {
            ""
        };
        write!(f, "not in the recording{how}: {} {}", self.method, self.url)
    }
}

impl Error for NotRecorded {}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = locked(&self.exchanges).len();
        write!(f, "Recorder({exchanges} exchanges)")
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = locked(&self.left).len();
        write!(f, "Replayer({left} exchanges left)")
    }
}
