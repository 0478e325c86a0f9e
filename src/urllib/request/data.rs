//! `Data`: what a request sends, and whether it can be sent again (`urllib.request.Request.data`).

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::error::URLError;
use crate::client::body::{Body, source_error};
use crate::urllib::Resend;

/// The data of a request.
///
/// Bytes, text and files can be sent again, which a redirect or a challenge may ask for; readers
/// can't.
pub struct Data {
    source: Source,
}

enum Source {
    Bytes(Vec<u8>),
    /// A regular file, and where in it the data begins.
    File(File, u64),
    Reader(Box<dyn Read + Send>, Option<u64>),
    /// A reader that was sent.
    Used,
}

impl Data {
    /// A reader of unknown length. It is sent chunked.
    #[must_use]
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self {
            source: Source::Reader(Box::new(reader), None),
        }
    }

    /// The next `length` bytes of a reader.
    #[must_use]
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self {
            source: Source::Reader(Box::new(reader), Some(length)),
        }
    }

    pub(super) fn resend(&self) -> Resend {
        match self.source {
            Source::Bytes(_) | Source::File(..) => Resend::Possible,
            Source::Reader(..) | Source::Used => Resend::Impossible,
        }
    }

    /// The bytes, if they are at hand.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// What is sent: the same each time, or an error.
    pub(super) fn body(&mut self) -> Result<Body<'_>, URLError> {
        match &mut self.source {
            Source::Bytes(bytes) => Ok(Body::from(&*bytes)),
            Source::File(file, start) => {
                let rewound = file.seek(SeekFrom::Start(*start));
                let file = rewound.and_then(|_| file.try_clone());
                Ok(Body::from(file.map_err(source_error)?))
            }
            source => match std::mem::replace(source, Source::Used) {
                Source::Reader(reader, Some(length)) => Ok(Body::sized(reader, length)),
                Source::Reader(reader, None) => Ok(Body::reader(reader)),
                _ => Err(URLError::DataUsed),
            },
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Bytes(bytes) => write!(f, "Data({} bytes)", bytes.len()),
            Source::File(..) => f.write_str("Data(file)"),
            Source::Reader(_, Some(length)) => write!(f, "Data(reader of {length} bytes)"),
            Source::Reader(_, None) => f.write_str("Data(reader)"),
            Source::Used => f.write_str("Data(used)"),
        }
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            source: Source::Bytes(bytes),
        }
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Data {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// What is no regular file, as a pipe, can be read once.
impl From<File> for Data {
    fn from(mut file: File) -> Self {
        let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        match file.stream_position() {
            Ok(start) if is_regular => Self {
                source: Source::File(file, start),
            },
            _ => Self::reader(file),
        }
    }
}
