//! What can be sent: nothing, bytes, text, files, readers of known or unknown length, iterators of
//! bytes. `http.client` tells them apart by their methods; here they are a type.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};

use crate::error::{BodyFault, HTTPException, Retry, Step, UnimplementedFileMode};
use crate::small_files::{SMALL_FILE, read_small};

/// The body of a request.
///
/// | from | length | sent as |
/// |---|---|---|
/// | `()`, [`Body::EMPTY`] | – | nothing |
/// | bytes, text (UTF-8 as it stands), [`Body::latin1`] | known | `Content-Length` |
/// | a `File`, a `&File` | its size less its position | `Content-Length`; chunked if it is no regular file |
/// | [`Body::sized`] | as stated, and checked | `Content-Length` |
/// | [`Body::reader`], [`Body::iter`], [`Body::try_iter`] | unknown | chunked |
///
/// Some files of the kernel have another size than they say (`/proc/version`: none). A file that
/// says that it is small is read first, and what comes is its length.
///
/// ```
/// use stdhttp::Body;
///
/// let _ = Body::from("text");
/// let _ = Body::latin1("caf\u{e9}")?; // 4 bytes
/// let _ = Body::iter(["one", "two"]);
/// # Ok::<(), stdhttp::HTTPException>(())
/// ```
pub struct Body<'a> {
    pub(crate) content: Content<'a>,
}

pub(crate) enum Content<'a> {
    Empty,
    Bytes(Cow<'a, [u8]>),
    File(OpenFile<'a>),
    Reader(Box<dyn ReadSome + 'a>),
    Sized(Box<dyn ReadSome + 'a>, u64),
    Pieces(Box<dyn Pieces + 'a>),
}

/// What a body needs of [`Read`]. The rest of it would be compiled for every kind of reader, and
/// never called.
pub(crate) trait ReadSome {
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl<R: Read> ReadSome for R {
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }
}

/// The first bytes of a reader, and how many of them are still to come.
pub(crate) struct First<'r> {
    pub(crate) reader: &'r mut dyn ReadSome,
    pub(crate) left: u64,
}

impl Read for First<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = match buffer.get_mut(..most) {
            None | Some([]) => 0,
            Some(room) => self.reader.read_some(room)?,
        };
        let counted = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(counted);
        Ok(count)
    }
}

/// A file that the body owns, or one that its caller keeps.
pub(crate) enum OpenFile<'a> {
    Owned(File),
    Kept(&'a File),
}

impl OpenFile<'_> {
    pub(crate) fn file(&self) -> &File {
        match self {
            Self::Owned(file) => file,
            Self::Kept(file) => file,
        }
    }
}

impl Read for OpenFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file().read(buffer)
    }
}

/// An iterator that lends its items as bytes.
pub(crate) trait Pieces {
    fn next_piece(&mut self) -> Option<io::Result<&[u8]>>;
}

struct IterPieces<I, T> {
    iter: I,
    current: Option<T>,
}

impl<I, T> Pieces for IterPieces<I, T>
where
    I: Iterator<Item = io::Result<T>>,
    T: AsRef<[u8]>,
{
    fn next_piece(&mut self) -> Option<io::Result<&[u8]>> {
        self.current = None;
        match self.iter.next()? {
            Ok(item) => {
                let item: &T = self.current.insert(item);
                Some(Ok(item.as_ref()))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl<'a> Body<'a> {
    /// No body.
    pub const EMPTY: Body<'static> = Body {
        content: Content::Empty,
    };

    /// A reader of unknown length: it is read to its end, in blocks of the connection's
    /// `blocksize`, each sent as a chunk.
    pub fn reader(reader: impl Read + 'a) -> Self {
        Self {
            content: Content::Reader(Box::new(reader)),
        }
    }

    /// The next `length` bytes of a reader; what follows them stays in it. If it ends before, the
    /// request fails with `BodyLengthMismatch` and the connection is closed.
    pub fn sized(reader: impl Read + 'a, length: u64) -> Self {
        Self {
            content: Content::Sized(Box::new(reader), length),
        }
    }

    /// An iterator of bytes; each item is sent as one chunk, empty ones are left out.
    pub fn iter<I>(iter: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>, IntoIter: 'a>,
        I::Item: 'a,
    {
        Self::try_iter(iter.into_iter().map(Ok))
    }

    /// As [`Self::iter`], for a source that can fail half-way: an item that is an error ends the
    /// request with `Io` at [`Step::ReadSource`](crate::Step::ReadSource). The last chunk is not
    /// sent and the connection is closed, so that the peer does not take the beginning of the
    /// body for the whole.
    pub fn try_iter<I, T>(iter: I) -> Self
    where
        I: IntoIterator<Item = io::Result<T>, IntoIter: 'a>,
        T: AsRef<[u8]> + 'a,
    {
        Self {
            content: Content::Pieces(Box::new(IterPieces {
                iter: iter.into_iter(),
                current: None,
            })),
        }
    }

    /// Text in ISO-8859-1, which is how `http.client` encodes a string.
    ///
    /// # Errors
    /// `InvalidBody` if a character is not in ISO-8859-1.
    pub fn latin1(text: &str) -> Result<Self, HTTPException> {
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        match bytes {
            Ok(bytes) => Ok(Self::from(bytes)),
            Err(_) => Err(HTTPException::InvalidBody {
                fault: BodyFault::NotLatin1,
            }),
        }
    }

    /// The length, where it is known: of a regular file its size less its position. A small one is
    /// read on the way.
    pub(crate) fn length(&mut self) -> Result<Option<u64>, HTTPException> {
        match &mut self.content {
            Content::Empty => Ok(Some(0)),
            Content::Bytes(bytes) => Ok(u64::try_from(bytes.len()).ok()),
            Content::Sized(_, length) => Ok(Some(*length)),
            Content::Reader(_) | Content::Pieces(_) => Ok(None),
            Content::File(file) => match file_length(file.file())? {
                Some(length) if length < SMALL_FILE => {
                    self.content = small_content(file.file())?;
                    self.length()
                }
                length => Ok(length),
            },
        }
    }

    pub(crate) fn is_empty_kind(&self) -> bool {
        matches!(self.content, Content::Empty)
    }
}

fn file_length(mut file: &File) -> Result<Option<u64>, HTTPException> {
    let metadata = file.metadata().map_err(source_error)?;
    if metadata.is_dir() {
        return Err(HTTPException::UnimplementedFileMode(
            UnimplementedFileMode::Directory,
        ));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    let position = file.stream_position().map_err(source_error)?;
    Ok(Some(metadata.len().saturating_sub(position)))
}

/// The content of a file that says it is small; if it is not, a reader of unknown length.
fn small_content(file: &File) -> Result<Content<'static>, HTTPException> {
    match read_small(file).map_err(source_error)? {
        Some(bytes) => Ok(Content::Bytes(Cow::Owned(bytes))),
        None => {
            let file = file.try_clone().map_err(source_error)?;
            Ok(Content::Reader(Box::new(file)))
        }
    }
}

/// The body could not be read from where the caller has it.
pub(crate) fn source_error(error: io::Error) -> HTTPException {
    HTTPException::io(error, Step::ReadSource, Retry::default())
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Empty => write!(f, "Body(empty)"),
            Content::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Content::File(file) => write!(f, "Body({:?})", file.file()),
            Content::Reader(_) => write!(f, "Body(reader)"),
            Content::Sized(_, length) => write!(f, "Body(reader of {length} bytes)"),
            Content::Pieces(_) => write!(f, "Body(iterator)"),
        }
    }
}

impl From<()> for Body<'_> {
    fn from((): ()) -> Self {
        Self {
            content: Content::Empty,
        }
    }
}

impl<'a> From<Cow<'a, [u8]>> for Body<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        Self {
            content: Content::Bytes(bytes),
        }
    }
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Cow::Borrowed(bytes).into()
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Body<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Cow::Borrowed(&bytes[..]).into()
    }
}

impl From<Vec<u8>> for Body<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            content: Content::Bytes(Cow::Owned(bytes)),
        }
    }
}

impl<'a> From<&'a Vec<u8>> for Body<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl<'a> From<&'a str> for Body<'a> {
    fn from(text: &'a str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Body<'_> {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl<'a> From<&'a String> for Body<'a> {
    fn from(text: &'a String) -> Self {
        text.as_bytes().into()
    }
}

impl From<File> for Body<'_> {
    fn from(file: File) -> Self {
        Self {
            content: Content::File(OpenFile::Owned(file)),
        }
    }
}

/// From its position on; the caller keeps it. Where an upload failed its position is somewhere behind
/// what went out: rewind it (`(&file).seek(…)`) and send it again.
impl<'a> From<&'a File> for Body<'a> {
    fn from(file: &'a File) -> Self {
        Self {
            content: Content::File(OpenFile::Kept(file)),
        }
    }
}
