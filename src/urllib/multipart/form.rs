//! Writing a form: its parts, and the body that they make together.
//!
//! As browsers do, names are written in UTF-8, with CR, LF and `"` percent-encoded; line ends in
//! names and values stay what they are. There is no `filename*` and no transfer encoding (RFC 7578
//! sections 4.2 and 4.7).

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::boundary;
use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::scan;
use crate::small_files::{SMALL_FILE, read_small};

/// One part of a form: a field, or a file.
pub struct FormPart<'a> {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Reader(Box<dyn Read + Send + 'a>, Option<u64>),
}

impl<'a> FormPart<'a> {
    /// A field with this name and text or bytes, which are sent as they are.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::Name`]: a control character other than CR and LF, which are encoded.
    pub fn new(name: &str, content: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, ParseError> {
        Self::with(name, Content::Bytes(content.as_ref()))
    }

    /// A part whose content is read while the form is sent. A form with a part of unknown length
    /// has no length of its own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn reader(name: &str, content: impl Read + Send + 'a) -> Result<Self, ParseError> {
        Self::with(name, Content::Reader(Box::new(content), None))
    }

    /// As [`reader`](Self::reader), of a content that has exactly so many bytes; less or more of
    /// them is an error of reading the body.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn sized(
        name: &str,
        content: impl Read + Send + 'a,
        length: u64,
    ) -> Result<Self, ParseError> {
        Self::with(name, Content::Reader(Box::new(content), Some(length)))
    }

    /// The file at this path, under its own name, as long as it is now. A small one is read now, since
    /// some files of the kernel have another size than they say (`/proc/version`: none).
    ///
    /// # Errors
    /// Those of opening the file; `InvalidInput` around a [`ParseError`] for a name that can't be
    /// sent, of the field or of the file. `IsADirectory` for a directory.
    pub fn file(name: &str, path: impl AsRef<Path>) -> io::Result<Self> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let path = path.as_ref();
        let file = File::open(path)?;
        let facts = file.metadata()?;
        if facts.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let content = Content::of_file(file, facts.is_file().then_some(facts.len()))?;
        let filename = path.file_name().unwrap_or_default().to_string_lossy();
        let part = Self::with(name, content).map_err(invalid)?;
        part.filename(&filename).map_err(invalid)
    }

    fn with(name: &str, content: Content<'a>) -> Result<Self, ParseError> {
        Ok(Self {
            name: escaped(Part::Name, name)?,
            filename: None,
            content_type: None,
            content,
        })
    }

    /// Makes it a file with this name, of which only what stands behind the last `/` or `\` is
    /// sent (RFC 7578 section 4.2). Its type is `application/octet-stream` unless given.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::Filename`]: as [`new`](Self::new).
    pub fn filename(mut self, filename: &str) -> Result<Self, ParseError> {
        let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
        let folder = filename.len().saturating_sub(last.len());
        let escaped = escaped(Part::Filename, last).map_err(|error| error.moved(folder))?;
        self.filename = Some(escaped);
        Ok(self)
    }

    /// The media type, with parameters if it has any.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::ContentType`]: no type and subtype, or an octet that no field value
    /// may hold.
    pub fn content_type(mut self, content_type: &str) -> Result<Self, ParseError> {
        let error = |fault, place| ParseError::new(Part::ContentType, fault, place);
        let legal = scan::value_length(content_type.as_bytes());
        if let Some(&octet) = content_type.as_bytes().get(legal) {
            return Err(error(Fault::Octet(octet), legal));
        }
        let essence = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim_end();
        let tokens = essence.split_once('/').is_some_and(|(kind, subtype)| {
            scan::is_token(kind.as_bytes()) && scan::is_token(subtype.as_bytes())
        });
        if !tokens {
            return Err(error(Fault::Malformed, 0));
        }
        self.content_type = Some(content_type.to_owned());
        Ok(self)
    }

    /// The delimiter's line and the header section.
    fn head(&self, boundary: &str) -> String {
        let name = &self.name;
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let mut default_type = None;
        if let Some(filename) = &self.filename {
            // Writing to a string can't fail.
            let _ = write!(head, "; filename=\"{filename}\"");
            default_type = Some("application/octet-stream");
        }
        if let Some(content_type) = self.content_type.as_deref().or(default_type) {
            let _ = write!(head, "\r\nContent-Type: {content_type}");
        }
        head.push_str("\r\n\r\n");
        head
    }
}

/// The text as it stands between quotes.
fn escaped(part: Part, text: &str) -> Result<String, ParseError> {
    let mut octets = text.bytes().enumerate();
    let odd = octets
        .find(|(_, octet)| octet.is_ascii_control() && !matches!(octet, b'\r' | b'\n' | b'\t'));
    if let Some((place, octet)) = odd {
        return Err(ParseError::new(part, Fault::Octet(octet), place));
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            '"' => escaped.push_str("%22"),
            character => escaped.push(character),
        }
    }
    Ok(escaped)
}

impl fmt::Debug for FormPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormPart")
            .field("name", &self.name)
            .field("filename", &self.filename)
            .field("content_type", &self.content_type)
            .field("length", &self.content.length())
            .finish()
    }
}

impl Content<'_> {
    /// The bytes that a file says it has; of one that says it is small what it has.
    fn of_file(file: File, length: Option<u64>) -> io::Result<Self> {
        let Some(length) = length else {
            return Ok(Self::Reader(Box::new(file), None));
        };
        if length >= SMALL_FILE {
            return Ok(Self::Reader(Box::new(file.take(length)), Some(length)));
        }
        Ok(match read_small(&file)? {
            Some(bytes) => {
                let length = u64::try_from(bytes.len()).ok();
                Self::Reader(Box::new(io::Cursor::new(bytes)), length)
            }
            None => Self::Reader(Box::new(file), None),
        })
    }

    fn length(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Self::Reader(_, length) => *length,
        }
    }
}

/// The parts of a form, in their order; parts with equal names stay apart.
#[derive(Debug)]
pub struct MultipartForm<'a> {
    boundary: String,
    parts: Vec<FormPart<'a>>,
}

impl Default for MultipartForm<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> MultipartForm<'a> {
    /// A form without parts, and with a boundary of 128 random bits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            boundary: boundary::random(),
            parts: Vec::new(),
        }
    }

    /// A form with this boundary. It must not occur in what the caller's readers give.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::Boundary`]: not 1 to 70 characters of RFC 2046, or a blank at the
    /// end.
    pub fn with_boundary(boundary: &str) -> Result<Self, ParseError> {
        boundary::check(boundary)?;
        Ok(Self {
            boundary: boundary.to_owned(),
            parts: Vec::new(),
        })
    }

    /// The boundary, with which the same form can be made again.
    #[must_use]
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// Adds a part.
    ///
    /// # Errors
    /// [`ParseError`], [`Part::Boundary`]: bytes that are given as a whole hold the delimiter.
    pub fn push(&mut self, part: FormPart<'a>) -> Result<&mut Self, ParseError> {
        if let Content::Bytes(bytes) = part.content {
            self.check_content(bytes)?;
        }
        self.parts.push(part);
        Ok(self)
    }

    /// The content stands behind an empty line, so that the delimiter may begin with its end.
    fn check_content(&self, bytes: &[u8]) -> Result<(), ParseError> {
        let delimiter = boundary::delimiter(&self.boundary);
        let error = |place| ParseError::new(Part::Boundary, Fault::Malformed, place);
        if bytes.starts_with(delimiter.get(2..).unwrap_or_default()) {
            return Err(error(0));
        }
        match boundary::find(bytes, &delimiter) {
            Some(place) if bytes.len().saturating_sub(place) >= delimiter.len() => {
                Err(error(place))
            }
            _ => Ok(()),
        }
    }

    /// What is sent.
    #[must_use]
    pub fn into_body(self) -> MultipartBody<'a> {
        let mut body = MultipartBody {
            content_type: format!(
                "multipart/form-data; boundary={}",
                boundary::parameter(&self.boundary)
            ),
            segments: VecDeque::new(),
            length: Some(0),
        };
        for part in self.parts {
            body.push_text(part.head(&self.boundary));
            body.add_length(part.content.length());
            body.segments.push_back(match part.content {
                Content::Bytes(bytes) => Segment::Bytes(bytes),
                Content::Reader(reader, None) => Segment::Reader(reader),
                Content::Reader(reader, Some(left)) => Segment::Sized(reader, left),
            });
            body.push_text("\r\n".to_owned());
        }
        body.push_text(format!("--{}--\r\n", self.boundary));
        body
    }
}

/// The body of a form, which is read while it is sent.
pub struct MultipartBody<'a> {
    content_type: String,
    segments: VecDeque<Segment<'a>>,
    length: Option<u64>,
}

enum Segment<'a> {
    Text(io::Cursor<String>),
    Bytes(&'a [u8]),
    Reader(Box<dyn Read + Send + 'a>),
    /// The bytes that are still to come.
    Sized(Box<dyn Read + Send + 'a>, u64),
    /// A reader that did not have the bytes that were promised.
    Failed(io::ErrorKind),
}

impl MultipartBody<'_> {
    /// The value of the `Content-Type` field.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.content_type.clone()
    }

    /// The bytes of the whole body, if the length of each part is known.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    fn push_text(&mut self, text: String) {
        self.add_length(u64::try_from(text.len()).ok());
        self.segments
            .push_back(Segment::Text(io::Cursor::new(text)));
    }

    fn add_length(&mut self, length: Option<u64>) {
        self.length = self.length.and_then(|sum| sum.checked_add(length?));
    }
}

impl Read for MultipartBody<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while let Some(segment) = self.segments.front_mut() {
            let count = segment.read(buf)?;
            if count > 0 {
                return Ok(count);
            }
            self.segments.pop_front();
        }
        Ok(0)
    }
}

impl Segment<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Text(text) => text.read(buf),
            Self::Bytes(bytes) => bytes.read(buf),
            Self::Reader(reader) => reader.read(buf),
            Self::Sized(reader, left) => match read_sized(reader, left, buf)? {
                Ok(count) => Ok(count),
                Err(kind) => {
                    *self = Self::Failed(kind);
                    Err(kind.into())
                }
            },
            Self::Failed(kind) => Err((*kind).into()),
        }
    }
}

/// The outer error is the reader's own, after which it may be asked again; the inner one says that
/// it has less or more than was promised.
fn read_sized(
    reader: &mut dyn Read,
    left: &mut u64,
    buf: &mut [u8],
) -> io::Result<Result<usize, io::ErrorKind>> {
    if *left == 0 {
        let more = reader.read(&mut [0])? > 0;
        return Ok(if more {
            Err(io::ErrorKind::InvalidData)
        } else {
            Ok(0)
        });
    }
    let room = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
    let count = reader.read(buf.get_mut(..room).unwrap_or_default())?;
    *left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    Ok(match count {
        0 => Err(io::ErrorKind::UnexpectedEof),
        count => Ok(count),
    })
}

impl fmt::Debug for MultipartBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultipartBody")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
