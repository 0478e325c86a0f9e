//! The response (`requests.Response`).
//!
//! It owns its connection while its content is unread, and gives it back to the pool at the proven
//! end; dropped before that, the connection is closed.

use super::models::{PreparedRequest, RequestException, Response};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::content::{Codings, Content, FromReader, Source};
use super::error::ExceptionKind;
use super::lines::{IterContent, IterLines};
use super::options::MAX_CONTENT;
use super::text;
use crate::cookies::CookieJar;
use crate::message::{HTTPMessage, latin1};
use crate::proto::HTTPVersion;
use crate::proto::scan;
use crate::urllib::{Link, Url, parse_links};

/// What of a response comes with its head.
pub(super) struct Head {
    pub(super) version: HTTPVersion,
    pub(super) status: u16,
    pub(super) reason: Cow<'static, [u8]>,
    pub(super) headers: HTTPMessage,
}

impl Response {
    /// A response that is made by hand, for adapters of the caller's own.
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        request: PreparedRequest,
        status_code: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        Self::from_reader(
            request,
            status_code,
            headers,
            io::Cursor::new(content.into()),
        )
    }

    /// As [`Self::new`], with content that is read when it is wanted.
    pub fn from_reader<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        request: PreparedRequest,
        status_code: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        content: impl Read + Send + 'static,
    ) -> Self {
        let mut fields = HTTPMessage::new();
        for (name, value) in headers {
            fields.append(name, value);
        }
        let reason = crate::responses(status_code).unwrap_or_default();
        let head = Head {
            version: HTTPVersion::Http11,
            status: status_code,
            reason: Cow::Borrowed(reason.as_bytes()),
            headers: fields,
        };
        Self::of(
            request,
            head,
            Box::new(FromReader(content)),
            &Codings::default(),
        )
    }

    pub(super) fn of(
        request: PreparedRequest,
        head: Head,
        source: Box<dyn Source>,
        codings: &Codings,
    ) -> Self {
        // A part of a coded content can't be decoded by itself (RFC 9110 section 8.4).
        let none = Codings::default();
        let codings = if head.status == 206 { &none } else { codings };
        let body = Content::new(source, &head.headers, codings);
        Self {
            request,
            version: head.version,
            status: head.status,
            reason: head.reason,
            headers: head.headers,
            elapsed: Duration::ZERO,
            history: Arc::default(),
            cookies: OnceLock::new(),
            next: None,
            encoding: None,
            charsets: None,
            max_content: MAX_CONTENT,
            body: Mutex::new(body),
            content: OnceLock::new(),
            json: OnceLock::new(),
            streamed: false,
            ended: false,
            position: 0,
        }
    }

    /// The status.
    #[must_use]
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// The version of the protocol that it came in (`raw.version`).
    #[must_use]
    pub fn http_version(&self) -> HTTPVersion {
        self.version
    }

    /// Whether the status is below 400 (`ok`).
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status < 400
    }

    /// The reason phrase, as UTF-8 where it is that, else as Latin-1. Nothing may be decided by it.
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        let reason = self.reason.trim_ascii();
        std::str::from_utf8(reason).map_or_else(|_| latin1(reason), Cow::Borrowed)
    }

    /// The fields.
    #[must_use]
    pub fn headers(&self) -> &HTTPMessage {
        &self.headers
    }

    /// The fields behind the body, once it was read to its end.
    #[must_use]
    pub fn trailers(&self) -> Option<HTTPMessage> {
        self.body().trailers()
    }

    /// The URL that answered.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.request.url()
    }

    /// The request that it answers.
    #[must_use]
    pub fn request(&self) -> &PreparedRequest {
        &self.request
    }

    /// The redirects that led here, the first one first.
    #[must_use]
    pub fn history(&self) -> &[Self] {
        &self.history
    }

    /// The cookies that this response sets (`cookies`); those of the session are in its jar.
    #[must_use]
    pub fn cookies(&self) -> &CookieJar {
        self.cookies.get_or_init(|| {
            let jar = CookieJar::new();
            jar.extract_cookies(&self.headers, self.url());
            Box::new(jar)
        })
    }

    /// From the request's first octet to the end of the head, of this hop (`elapsed`).
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Whether it is a redirect that could be followed (`is_redirect`).
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308) && self.headers.contains("Location")
    }

    /// Whether it is a permanent one (`is_permanent_redirect`).
    #[must_use]
    pub fn is_permanent_redirect(&self) -> bool {
        matches!(self.status, 301 | 308) && self.headers.contains("Location")
    }

    /// The request that a redirect asks for, where it was not followed (`next`).
    #[must_use]
    pub fn next(&self) -> Option<&PreparedRequest> {
        self.next.as_deref()
    }

    /// The links of the fields `Link` (`links`); of a field that can't be read none.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        let values = self.headers.get_all("Link");
        values
            .flat_map(|value| parse_links(&value).unwrap_or_default())
            .collect()
    }

    /// Makes a status of 400 to 599 an error, which has the response: a content that was not read
    /// yet is then to be read from there.
    ///
    /// # Errors
    ///
    /// `HTTPError`.
    pub fn raise_for_status(&self) -> Result<(), RequestException> {
        match self.status {
            400..600 => {
                let kind = ExceptionKind::HTTPError {
                    status_code: self.status,
                };
                Err(RequestException::from(kind).with_response(self.for_error()))
            }
            _ => Ok(()),
        }
    }

    /// The same response, with the content that is at hand, or else what brings it.
    fn for_error(&self) -> Self {
        let body = std::mem::replace(&mut *self.body(), Content::gone());
        Self {
            request: self.request.clone(),
            reason: self.reason.clone(),
            headers: self.headers.clone(),
            history: self.history.clone(),
            cookies: self.cookies.clone(),
            next: self.next.clone(),
            encoding: self.encoding.clone(),
            charsets: self.charsets.clone(),
            body: Mutex::new(body),
            content: self.content.clone(),
            json: OnceLock::new(),
            ..*self
        }
    }

    /// The charset that [`text`](Self::text) reads the content in: what was set, what a byte order
    /// mark says where the content is at hand, the charset of the media type, else UTF-8.
    #[must_use]
    pub fn encoding(&self) -> String {
        let marked = self
            .content
            .get()
            .and_then(|content| text::byte_order_mark(content));
        let set = self.encoding.clone();
        set.or_else(|| marked.map(|(charset, _)| charset.to_owned()))
            .or_else(|| self.declared_charset())
            .unwrap_or_else(|| "utf-8".to_owned())
    }

    /// Some servers write a name between single quotes, or none at all.
    fn declared_charset(&self) -> Option<String> {
        let charset = self.headers.get_content_charset()?;
        let name = charset.trim_matches(['\'', '"', ' ']);
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Has [`text`](Self::text) read the content in this charset (`encoding = …`).
    pub fn set_encoding(&mut self, encoding: impl Into<String>) {
        self.encoding = Some(encoding.into());
    }

    /// What the content itself says of its charset: a byte order mark, zeros where UTF-16 and
    /// UTF-32 have them, UTF-8 where it is that; else Latin-1 (`apparent_encoding`).
    ///
    /// # Errors
    ///
    /// Those of [`content`](Self::content).
    pub fn apparent_encoding(&self) -> Result<&'static str, RequestException> {
        let content = self.content()?;
        Ok(match text::json_charset(content) {
            "utf-8" if std::str::from_utf8(content).is_err() => "iso-8859-1",
            charset => charset,
        })
    }

    /// The content; read now where it is not at hand (`content`). After a timeout the same call goes
    /// on where it was.
    ///
    /// # Errors
    ///
    /// `ContentTooLarge` beyond the limit of the call; `StreamConsumedError` where some of it was
    /// read piece by piece; `ChunkedEncodingError` if it is cut short; `ContentDecodingError`;
    /// `ReadTimeout`, `ConnectionError`.
    pub fn content(&self) -> Result<&[u8], RequestException> {
        if self.content.get().is_none() {
            if self.streamed {
                return Err(
                    RequestException::from(ExceptionKind::StreamConsumedError).of(&self.request)
                );
            }
            let content = self.read_all().map_err(|error| error.of(&self.request))?;
            let _ = self.content.set(content);
        }
        Ok(self.content.get().map_or(&[], Vec::as_slice))
    }

    fn read_all(&self) -> Result<Vec<u8>, RequestException> {
        let mut body = self.body();
        let mut content = vec![0; self.first_room()];
        let mut filled: usize = 0;
        loop {
            if filled == content.len() {
                let more = filled.clamp(BLOCK_MIN, BLOCK_MAX);
                content.resize(filled.saturating_add(more), 0);
            }
            let room = content.get_mut(filled..).unwrap_or_default();
            let count = match body.read(room) {
                Ok(count) => count,
                Err(error) => {
                    content.truncate(filled);
                    if error.is_timeout() {
                        body.keep(content);
                    }
                    return Err(error.into());
                }
            };
            filled = filled.saturating_add(count);
            if u64::try_from(filled).unwrap_or(u64::MAX) > self.max_content {
                body.close();
                let limit = self.max_content;
                return Err(ExceptionKind::ContentTooLarge { limit }.into());
            }
            if count == 0 || body.is_at_end() {
                content.truncate(filled);
                return Ok(content);
            }
        }
    }

    /// Room for a small content whose length is known, and for the read that finds its end.
    fn first_room(&self) -> usize {
        let length = self.headers.get_bytes("Content-Length");
        let length = length.and_then(|length| scan::decimal(length.trim_ascii()));
        let length = length.and_then(|length| usize::try_from(length).ok());
        length.map_or(BLOCK_MIN, |length| length.saturating_add(1).min(BLOCK_MAX))
    }

    /// The content as text, in the charset that [`encoding`](Self::encoding) says; what is broken
    /// becomes U+FFFD (`text`).
    ///
    /// # Errors
    ///
    /// `UnknownEncoding` if the charset is neither UTF-8, UTF-16, UTF-32, Latin-1 or ASCII nor
    /// plugged in; those of [`content`](Self::content).
    pub fn text(&self) -> Result<Cow<'_, str>, RequestException> {
        let content = self.content()?;
        let encoding = self.encoding();
        let text = text::decode(content, &encoding, self.charsets.as_ref());
        text.ok_or_else(|| {
            let unknown = ExceptionKind::UnknownEncoding { name: encoding };
            RequestException::from(unknown).of(&self.request)
        })
    }

    /// What the caller's parser makes of the content: `response.json(serde_json::from_slice)`. It
    /// is given UTF-8, whatever of UTF-8, UTF-16 and UTF-32 came.
    ///
    /// # Errors
    ///
    /// `JSONDecodeError` with the parser's error; those of [`content`](Self::content).
    pub fn json<'a, T, E>(
        &'a self,
        parse: impl FnOnce(&'a [u8]) -> Result<T, E>,
    ) -> Result<T, RequestException>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let content = self.content()?;
        let octets = match text::json_charset(content) {
            "utf-8" => content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content),
            charset => self.json.get_or_init(|| {
                let text = text::decode(content, charset, None).unwrap_or_default();
                text.into_owned().into_bytes()
            }),
        };
        parse(octets).map_err(|error| {
            let invalid = ExceptionKind::JSONDecodeError(error.into());
            RequestException::from(invalid).of(&self.request)
        })
    }

    /// The content in pieces of so many bytes, or as they come (`iter_content`). A second pass over
    /// what was read so to its end is a `StreamConsumedError`.
    pub fn iter_content(&mut self, chunk_size: impl Into<Option<usize>>) -> IterContent<'_> {
        IterContent::new(self, chunk_size.into())
    }

    /// The content in lines, without their ends (`iter_lines`). A second pass is as that of
    /// [`Self::iter_content`].
    pub fn iter_lines(&mut self) -> IterLines<'_> {
        IterLines::new(self)
    }

    /// The octets of the body as they come, with their content coding (`raw`).
    pub fn raw(&mut self) -> RawBody<'_> {
        self.streamed = true;
        RawBody { response: self }
    }

    /// Gives up what was not read. If that is more than nothing the connection closes (`close`).
    pub fn close(&mut self) {
        self.body_mut().close();
    }

    /// What is there of the content, for all who read it piece by piece.
    pub(super) fn read_content(&mut self, buffer: &mut [u8]) -> Result<usize, RequestException> {
        if let Some(content) = self.content.get() {
            let mut rest = content.get(self.position..).unwrap_or_default();
            let count = rest.read(buffer).unwrap_or_default();
            self.position = self.position.saturating_add(count);
            return Ok(count);
        }
        self.streamed = true;
        let read = self.body_mut().read(buffer);
        self.ended |= matches!(read, Ok(0)) && !buffer.is_empty();
        read.map_err(|error| error.of(&self.request))
    }

    /// What a second pass over the content ends in.
    pub(super) fn consumed(&self) -> Option<RequestException> {
        let consumed = || RequestException::from(ExceptionKind::StreamConsumedError);
        self.ended.then(|| consumed().of(&self.request))
    }

    /// Reads and drops what is left, so that the connection can be used again, unless that is much
    /// or takes long; `left` is what the call still has of its deadline.
    pub(super) fn drain(&mut self, left: Option<Duration>) {
        self.streamed = true;
        let time = left.map_or(DRAINED_WITHIN, |left| left.min(DRAINED_WITHIN));
        if !self.body_mut().drain(DRAINED, time) {
            self.close();
        }
    }

    fn body(&self) -> std::sync::MutexGuard<'_, Content> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body_mut(&mut self) -> &mut Content {
        self.body.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of an answer that is not the last which are read for the connection's sake (row
/// S-15.4-13), and how long that may take: a new connection is there sooner.
const DRAINED: u64 = 65_536;
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// What a content that is collected grows by.
const BLOCK_MIN: usize = 16_384;
const BLOCK_MAX: usize = 1 << 20;

/// The octets of a body with their content coding.
#[derive(Debug)]
pub struct RawBody<'r> {
    response: &'r mut Response,
}

impl Read for RawBody<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.response.body_mut().read_raw(buf);
        read.map_err(io::Error::other)
    }
}

/// The content; what fails is a [`RequestException`] inside of the `io::Error`.
impl Read for Response {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_content(buf).map_err(io::Error::other)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status_code", &self.status)
            .field("url", self.request.url())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
