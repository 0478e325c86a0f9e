//! Content into a file: written beside it, resumed where that is safe, and in its place when it is
//! whole (RFC 9110 sections 14 and 13.1.5). `requests` has nothing like it.

use super::models::{PreparedRequest, RequestException, Response};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::error::ExceptionKind;
use super::options::SendOptions;
use super::partial::{Known, Partial, Place, declared_length};
use super::request::Request;
use super::session::Session;
use crate::error::Excerpt;
use crate::replacing::{Readers, replace};

/// Bytes that are moved at once.
const BLOCK: usize = 65_536;

type Progress<'s> = Box<dyn FnMut(u64, Option<u64>) + 's>;

impl Session {
    /// A GET request whose content goes to a file; see [`Request::download`] for one with options.
    pub fn download(&self, url: &str, path: impl Into<PathBuf>) -> Download<'_> {
        self.get(url).download(path)
    }
}

impl<'s> Request<'s> {
    /// Has the content of the response go to a file.
    ///
    /// It is written to another file in the same folder, which takes the place of `path` when it is
    /// whole and on the disk. Until then, and after every failure, an old file is as it was.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use stdhttp::requests::Session;
    ///
    /// let session = Session::new();
    /// let done = session
    ///     .get("http://www.example.org/image.iso")
    ///     .deadline(Duration::from_secs(3600))
    ///     .download("image.iso")
    ///     .resume(true)
    ///     .progress(|done, total| eprintln!("{done} of {total:?}"))
    ///     .send()?;
    /// println!("{} bytes", done.length());
    /// # Ok::<(), stdhttp::requests::RequestException>(())
    /// ```
    pub fn download(self, path: impl Into<PathBuf>) -> Download<'s> {
        Download {
            request: self,
            path: path.into(),
            resume: false,
            progress: Box::new(|_, _| {}),
        }
    }
}

/// A download that is being put together. Its content comes without coding, unless the request has an
/// `Accept-Encoding` of its own.
#[must_use = "a download begins by `send`"]
pub struct Download<'s> {
    request: Request<'s>,
    path: PathBuf,
    resume: bool,
    progress: Progress<'s>,
}

/// A download that is done: the file is whole and in its place.
#[derive(Debug)]
pub struct Downloaded {
    response: Response,
    length: u64,
    resumed_from: u64,
}

impl Downloaded {
    /// The response, without its content: a 206 where the download was resumed.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The size of the file in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes of it were there before.
    #[must_use]
    pub fn resumed_from(&self) -> u64 {
        self.resumed_from
    }
}

impl<'s> Download<'s> {
    /// Whether what came before a failure of a GET is kept, and the next download of the same URL to the same
    /// file asks for the rest alone.
    ///
    /// The part is in `PATH.part`, and in `PATH.part.of` the URL and the strong validator that it is
    /// resumed by; of an answer without one nothing is kept. If the server has something else by now, or
    /// answers with another range than the one asked for, the download begins anew. One download at a
    /// time may write to the same file so. What a loss of power does to the part is not seen.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Is told how many bytes are there and how many there will be, where that is known: at the
    /// beginning and whenever some were written.
    pub fn progress(mut self, progress: impl FnMut(u64, Option<u64>) + 's) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Downloads.
    ///
    /// # Errors
    ///
    /// Those of [`Request::send`]; `InvalidMethod` for a HEAD, whose answer has no content; `HTTPError`
    /// for any status but 2xx, with the response to be read; `InvalidContentRange` for a part that was
    /// not asked for; `File` if the file can't be written; `ContentTooLarge` beyond the `max_content` of
    /// the request, where it has one; those of [`Response::content`].
    pub fn send(self) -> Result<Downloaded, RequestException> {
        match self.request.session {
            Some(session) => self.send_by(session),
            None => self.send_by(&Session::new()),
        }
    }

    fn send_by(mut self, session: &Session) -> Result<Downloaded, RequestException> {
        let mut options = std::mem::take(&mut self.request.options);
        options.stream = Some(true);
        options.deadline = options.deadline.or(session.deadline);
        let ends = options
            .deadline
            .and_then(|time| session.clock.now().checked_add(time));
        if !self.request.gives_header("Accept-Encoding") {
            self.request = self.request.header("Accept-Encoding", "identity");
        }
        let place = Place::of(&self.path).map_err(ExceptionKind::File)?;
        let mut transfer = Transfer {
            session,
            request: with_content(session.prepare_request(self.request)?)?,
            limit: options.max_content,
            options,
            ends,
            progress: self.progress,
        };
        let resume = self.resume && transfer.request.method() == "GET";
        match resume {
            true => transfer.resumed(&Partial::beside(&place)),
            false => transfer.whole(place.path()),
        }
    }
}

/// A request whose answer has content.
fn with_content(request: PreparedRequest) -> Result<PreparedRequest, RequestException> {
    if request.method() != "HEAD" {
        return Ok(request);
    }
    let method = request.method().to_owned();
    Err(RequestException::from(ExceptionKind::InvalidMethod { method }).of(&request))
}

/// One download on its way.
struct Transfer<'s, 'a> {
    session: &'a Session,
    request: PreparedRequest,
    options: SendOptions,
    /// When all must be over: there may be two requests.
    ends: Option<Instant>,
    limit: Option<u64>,
    progress: Progress<'s>,
}

impl Transfer<'_, '_> {
    fn whole(&mut self, path: &Path) -> Result<Downloaded, RequestException> {
        let replaced = replace(path, Readers::Usual, |file| {
            let response = complete(self.ask(None)?)?;
            let total = declared_length(response.headers());
            Ok::<_, Failed>(self.receive(response, file, 0, total)?)
        });
        replaced.map_err(|Failed(error)| error)
    }

    fn resumed(&mut self, partial: &Partial) -> Result<Downloaded, RequestException> {
        let url = self.request.url().absolute_target();
        if let Some(known) = partial.known(&url) {
            let response = self.ask(Some(&known))?;
            match (response.status_code(), known.whole(response.headers())) {
                (206, Some(total)) => {
                    let mut file = partial.go_on(&known).map_err(ExceptionKind::File)?;
                    let done = self.receive(response, &mut file, known.start, Some(total))?;
                    return finished(partial, &file, done);
                }
                // The server has another representation, or counts otherwise.
                (206 | 416, _) => drop(response),
                _ => return self.anew(partial, &url, response),
            }
        }
        let response = self.ask(None)?;
        self.anew(partial, &url, response)
    }

    fn anew(
        &mut self,
        partial: &Partial,
        url: &str,
        response: Response,
    ) -> Result<Downloaded, RequestException> {
        let response = complete(response)?;
        let begun = partial.begin(url, response.headers());
        let mut file = begun.map_err(ExceptionKind::File)?;
        let total = declared_length(response.headers());
        let received = self.receive(response, &mut file, 0, total);
        let done = received.inspect_err(|_| partial.clear_unless_known(url))?;
        finished(partial, &file, done)
    }

    /// The response to the request; to one for the rest, where a part is known.
    fn ask(&self, known: Option<&Known>) -> Result<Response, RequestException> {
        let mut request = self.request.clone();
        if let Some(known) = known {
            let fields = request.headers_mut();
            fields.insert("Range", format!("bytes={}-", known.start));
            fields.insert("If-Range", known.validator.as_str());
        }
        let mut options = self.options.clone();
        if let Some(ends) = self.ends {
            let now = self.session.clock.now();
            options.deadline = Some(ends.saturating_duration_since(now));
        }
        self.session.send(request, options)
    }

    /// Writes the content behind the first `start` bytes.
    fn receive(
        &mut self,
        mut response: Response,
        file: &mut File,
        start: u64,
        total: Option<u64>,
    ) -> Result<Downloaded, RequestException> {
        match self.copy(&mut response, file, start, total) {
            Ok(length) if total.is_some_and(|total| total != length) => Err(wrong_part(response)),
            Ok(length) => Ok(Downloaded {
                response,
                length,
                resumed_from: start,
            }),
            Err(error) => Err(error.with_response(response)),
        }
    }

    fn copy(
        &mut self,
        response: &mut Response,
        file: &mut File,
        start: u64,
        total: Option<u64>,
    ) -> Result<u64, RequestException> {
        let limit = self.limit.unwrap_or(u64::MAX);
        let mut block = vec![0; BLOCK];
        let mut done = start;
        loop {
            (self.progress)(done, total);
            let count = response.read_content(&mut block)?;
            if count == 0 {
                return Ok(done);
            }
            let came = block.get(..count).unwrap_or_default();
            done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            if done > limit {
                return Err(ExceptionKind::ContentTooLarge { limit }.into());
            }
            file.write_all(came).map_err(ExceptionKind::File)?;
        }
    }
}

fn finished(
    partial: &Partial,
    file: &File,
    done: Downloaded,
) -> Result<Downloaded, RequestException> {
    match partial.finish(file) {
        Ok(()) => Ok(done),
        Err(error) => {
            let error = RequestException::from(ExceptionKind::File(error));
            Err(error.with_response(done.response))
        }
    }
}

/// A response whose content is the whole of something.
fn complete(response: Response) -> Result<Response, RequestException> {
    match response.status_code() {
        206 => Err(wrong_part(response)),
        200..300 => Ok(response),
        status_code => {
            let error = RequestException::from(ExceptionKind::HTTPError { status_code });
            Err(error.with_response(response))
        }
    }
}

fn wrong_part(response: Response) -> RequestException {
    let range = response.headers().get_bytes("Content-Range");
    let value = Excerpt::new(range.unwrap_or_default());
    RequestException::from(ExceptionKind::InvalidContentRange { value }).with_response(response)
}

/// What fails while the old file is still there.
struct Failed(RequestException);

impl From<RequestException> for Failed {
    fn from(error: RequestException) -> Self {
        Self(error)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self(ExceptionKind::File(error).into())
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("request", &self.request)
            .field("path", &self.path)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}
