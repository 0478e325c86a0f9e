//! What can be sent: nothing, bytes, text, files, readers of known or unknown length, iterators of
//! bytes. `http.client` tells them apart by their methods; here they are a type.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek};

use crate::error::{BodyFault, HTTPException, Retry, Step, UnimplementedFileMode};

/// The body of a request.
///
/// | from | length | sent as |
/// |---|---|---|
/// | `()`, [`Body::EMPTY`] | – | nothing |
/// | bytes, text (UTF-8 as it stands), [`Body::latin1`] | known | `Content-Length` |
/// | a `File` | its size less its position | `Content-Length`; chunked if it is no regular file |
/// | [`Body::sized`] | as stated, and checked | `Content-Length` |
/// | [`Body::reader`], [`Body::iter`] | unknown | chunked |
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
    File(File),
    Reader(Box<dyn Read + 'a>),
    Sized(Box<dyn Read + 'a>, u64),
    Pieces(Box<dyn Pieces + 'a>),
}

/// An iterator that lends its items as bytes.
pub(crate) trait Pieces {
    fn next_piece(&mut self) -> Option<&[u8]>;
}

struct IterPieces<I: Iterator> {
    iter: I,
    current: Option<I::Item>,
}

impl<I: Iterator<Item: AsRef<[u8]>>> Pieces for IterPieces<I> {
    fn next_piece(&mut self) -> Option<&[u8]> {
        self.current = self.iter.next();
        self.current.as_ref().map(AsRef::as_ref)
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

    /// The length, where it is known: of a regular file its size less its position.
    pub(crate) fn length(&mut self) -> Result<Option<u64>, HTTPException> {
        match &mut self.content {
            Content::Empty => Ok(Some(0)),
            Content::Bytes(bytes) => Ok(u64::try_from(bytes.len()).ok()),
            Content::File(file) => file_length(file),
            Content::Sized(_, length) => Ok(Some(*length)),
            Content::Reader(_) | Content::Pieces(_) => Ok(None),
        }
    }

    pub(crate) fn is_empty_kind(&self) -> bool {
        matches!(self.content, Content::Empty)
    }
}

fn file_length(file: &mut File) -> Result<Option<u64>, HTTPException> {
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

fn source_error(error: std::io::Error) -> HTTPException {
    HTTPException::Io {
        error,
        step: Step::ReadSource,
        retry: Retry::default(),
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Empty => write!(f, "Body(empty)"),
            Content::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Content::File(file) => write!(f, "Body({file:?})"),
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
            content: Content::File(file),
        }
    }
}
