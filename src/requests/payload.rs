//! What is sent as a body, and whether it can be sent a second time: after a redirect, for a retry,
//! with credentials.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::ExceptionKind;
use crate::Body;
use crate::small_files::{SMALL_FILE, read_small};

type Reader = Box<dyn Read + Send>;
/// Is told how much of a body was taken, and how much there is.
pub(super) type Progress = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;
/// A source that is there once.
type Once = Arc<Mutex<Option<Reader>>>;
type Open = dyn Fn() -> io::Result<Reader> + Send + Sync;

/// The body of a request. Copies share one source.
///
/// Bytes, text and files can be sent again, and so can what [`Self::reopened`] opens anew; a reader
/// can't, and a redirect or retry that would need that is then an error or left undone.
#[derive(Clone, Default)]
pub struct Payload {
    content: Content,
}

#[derive(Clone, Default)]
enum Content {
    #[default]
    Empty,
    Bytes(Shared),
    File {
        file: Arc<File>,
        start: u64,
        length: Option<u64>,
    },
    /// Read once; taken by the first that sends it.
    Reader(Once, Option<u64>),
    Reopened(Arc<Open>, Option<u64>),
}

/// Bytes as the caller gave them, which may be many: shared without being moved.
#[derive(Clone)]
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Payload {
    /// A reader of unknown length, which is sent in chunks, once.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::once(Box::new(reader), None)
    }

    /// The next `length` bytes of a reader, once.
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::once(Box::new(reader), Some(length))
    }

    fn once(reader: Reader, length: Option<u64>) -> Self {
        Self {
            content: Content::Reader(Arc::new(Mutex::new(Some(reader))), length),
        }
    }

    /// An iterator of pieces, which is sent in chunks, once.
    pub fn iter<I>(pieces: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>, IntoIter: Send + 'static>,
    {
        Self::reader(Pieces {
            pieces: pieces.into_iter(),
            current: io::Cursor::new(Vec::new()),
        })
    }

    /// What `open` gives, opened anew for each time that it is sent; `length` is what it has, in
    /// bytes, if that is known.
    pub fn reopened<R: Read + Send + 'static>(
        length: Option<u64>,
        open: impl Fn() -> io::Result<R> + Send + Sync + 'static,
    ) -> Self {
        let open = move || -> io::Result<Reader> { Ok(Box::new(open()?)) };
        Self {
            content: Content::Reopened(Arc::new(open), length),
        }
    }

    /// The same, which tells how far it was read.
    pub(super) fn with_progress(self, progress: Progress) -> Self {
        let total = self.length();
        let counted = move |source| Counted {
            source,
            progress: progress.clone(),
            taken: 0,
            total,
        };
        match (&self.content, self.is_replayable()) {
            (Content::Empty, _) => self,
            (_, true) => Self::reopened(total, move || {
                self.source().map(&counted).map_err(io::Error::other)
            }),
            // One that is spent stays so.
            (_, false) => match self.source() {
                Ok(source) => Self::once(Box::new(counted(source)), total),
                Err(_) => self,
            },
        }
    }

    /// The rest of a file, from where it stands, as long as it is now: what is appended later is not
    /// sent. A small one is read now, since some files of the kernel have another size than they say
    /// (`/proc/version`: none).
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn file(mut file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Self::reader(file));
        }
        let start = file.stream_position()?;
        let mut length = Some(metadata.len().saturating_sub(start));
        if length < Some(SMALL_FILE) {
            match read_small(&file)? {
                Some(bytes) => return Ok(bytes.into()),
                None => length = None,
            }
        }
        Ok(Self {
            content: Content::File {
                file: Arc::new(file),
                start,
                length,
            },
        })
    }

    /// The content of a file, which is opened now.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn path(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::file(File::open(path)?)
    }

    /// Whether there is no body at all, as opposed to an empty one.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self.content, Content::Empty)
    }

    /// Its length in bytes, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Empty => None,
            Content::Bytes(bytes) => u64::try_from(bytes.0.len()).ok(),
            Content::File { length, .. }
            | Content::Reader(_, length)
            | Content::Reopened(_, length) => *length,
        }
    }

    /// The bytes, where they are at hand.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.as_ref()),
            Content::Empty => Some(&[]),
            _ => None,
        }
    }

    /// Whether it can be sent a second time.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.content, Content::Reader(..))
    }

    /// Whether its one source was taken, and something read from it.
    pub(super) fn is_spent(&self) -> bool {
        match &self.content {
            Content::Reader(reader, _) => {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                reader.is_none()
            }
            _ => false,
        }
    }

    /// A reader of the whole, from its beginning.
    pub(super) fn source(&self) -> Result<Reader, ExceptionKind> {
        match &self.content {
            Content::Empty => Ok(Box::new(io::empty())),
            Content::Bytes(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::File {
                file,
                start,
                length,
            } => {
                let most = length.unwrap_or(u64::MAX);
                Ok(Box::new(FromPlace::new(file, *start).take(most)))
            }
            Content::Reader(reader, _) => Ok(Box::new(Lent::new(reader)?)),
            Content::Reopened(open, _) => open().map_err(file_error),
        }
    }

    /// The body for one sending, from its beginning. The kernel may send a file by itself.
    pub(super) fn open(&self) -> Result<Body<'_>, ExceptionKind> {
        match &self.content {
            Content::Empty => Ok(Body::EMPTY),
            Content::Bytes(bytes) => Ok(Body::from(bytes.as_ref())),
            Content::File {
                file,
                start,
                length: Some(length),
            } => open_file(file, *start, *length).map_err(file_error),
            Content::File { file, start, .. } => Ok(Body::reader(FromPlace::new(file, *start))),
            Content::Reader(..) | Content::Reopened(..) => match self.length() {
                Some(length) => Ok(Body::sized(self.source()?, length)),
                None => Ok(Body::reader(self.source()?)),
            },
        }
    }
}

/// A part of a file. The kernel may send it where it is all that is left of the file, and nobody else
/// can read from it: the place in a file is shared by all its handles.
fn open_file(file: &Arc<File>, start: u64, length: u64) -> io::Result<Body<'static>> {
    let is_the_rest = file.metadata()?.len() == start.saturating_add(length);
    if Arc::strong_count(file) > 1 || !is_the_rest {
        return Ok(Body::sized(FromPlace::new(file, start), length));
    }
    let mut copy = file.try_clone()?;
    copy.seek(SeekFrom::Start(start))?;
    Ok(Body::from(copy))
}

/// A file read from a place on that is this reader's own, so that copies of a payload can be sent by
/// several threads, and several times in one form.
struct FromPlace {
    file: Arc<File>,
    place: u64,
}

impl FromPlace {
    fn new(file: &Arc<File>, place: u64) -> Self {
        let file = file.clone();
        Self { file, place }
    }
}

impl Read for FromPlace {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.file, buf, self.place)?;
        let more = u64::try_from(count).unwrap_or(u64::MAX);
        self.place = self.place.saturating_add(more);
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, place)
}

#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, place)
}

#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, buf: &mut [u8], place: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(place))?;
    file.read(buf)
}

pub(super) fn file_error(error: io::Error) -> ExceptionKind {
    ExceptionKind::File(error)
}

/// The one source of a body while it is sent. It goes back where nothing was read from it: nobody
/// could be connected to, perhaps.
struct Lent {
    source: Option<Reader>,
    home: Once,
    is_read: bool,
}

impl Lent {
    fn new(home: &Once) -> Result<Self, ExceptionKind> {
        let mut source = home.lock().unwrap_or_else(PoisonError::into_inner);
        let source = source.take().ok_or(ExceptionKind::UnrewindableBodyError)?;
        Ok(Self {
            source: Some(source),
            home: home.clone(),
            is_read: false,
        })
    }
}

impl Read for Lent {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.is_read = true;
        self.source
            .as_mut()
            .map_or(Ok(0), |source| source.read(buf))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.is_read {
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.source.take();
        }
    }
}

/// A reader that tells how far it was read.
struct Counted {
    source: Reader,
    progress: Progress,
    taken: u64,
    total: Option<u64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buf)?;
        if count > 0 {
            let more = u64::try_from(count).unwrap_or(u64::MAX);
            self.taken = self.taken.saturating_add(more);
            (self.progress)(self.taken, self.total);
        }
        Ok(count)
    }
}

/// A reader over the pieces of an iterator.
struct Pieces<I: Iterator> {
    pieces: I,
    current: io::Cursor<Vec<u8>>,
}

impl<I: Iterator<Item: AsRef<[u8]>>> Read for Pieces<I> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buf)?;
            if count > 0 || buf.is_empty() {
                return Ok(count);
            }
            match self.pieces.next() {
                Some(piece) => self.current = io::Cursor::new(piece.as_ref().to_vec()),
                None => return Ok(0),
            }
        }
    }
}

/// Says how much there is, not what.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.content {
            Content::Empty => "none",
            Content::Bytes(_) => "bytes",
            Content::File { .. } => "file",
            Content::Reader(..) => "reader",
            Content::Reopened(..) => "reopened",
        };
        f.debug_struct("Payload")
            .field("kind", &kind)
            .field("length", &self.length())
            .finish()
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            content: Content::Bytes(Shared(Arc::new(bytes))),
        }
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Payload {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}
