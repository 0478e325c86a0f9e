//! The bodies that `data`, `json` and `files` make (`requests.models.RequestEncodingMixin`).

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::error::ExceptionKind;
use super::payload::Payload;
use crate::urllib::multipart::{FormPart, MultipartBody, MultipartForm};
use crate::urllib::parse::urlencode;

/// What `data` takes: a form of pairs, or a body as it is.
#[derive(Clone, Debug)]
pub struct Data {
    pub(super) content: DataContent,
}

#[derive(Clone, Debug)]
pub(super) enum DataContent {
    Form(Vec<(String, String)>),
    Payload(Payload),
}

impl Data {
    /// A form of pairs, sent as `application/x-www-form-urlencoded`; names may come again.
    pub fn form<N: Into<String>, V: ToString>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter();
        Self {
            content: DataContent::Form(
                pairs
                    .map(|(name, value)| (name.into(), value.to_string()))
                    .collect(),
            ),
        }
    }
}

impl<N: Into<String>, V: ToString, const COUNT: usize> From<[(N, V); COUNT]> for Data {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        Self::form(pairs)
    }
}

impl<N: Into<String>, V: ToString> From<Vec<(N, V)>> for Data {
    fn from(pairs: Vec<(N, V)>) -> Self {
        Self::form(pairs)
    }
}

impl<N: AsRef<str>, V: ToString> From<&[(N, V)]> for Data {
    fn from(pairs: &[(N, V)]) -> Self {
        Self::form(
            pairs
                .iter()
                .map(|(name, value)| (name.as_ref(), value.to_string())),
        )
    }
}

impl From<Payload> for Data {
    fn from(payload: Payload) -> Self {
        Self {
            content: DataContent::Payload(payload),
        }
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Payload::from(text).into()
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Payload::from(text).into()
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Self {
        Payload::from(bytes).into()
    }
}

impl<const N: usize> From<&[u8; N]> for Data {
    fn from(bytes: &[u8; N]) -> Self {
        Payload::from(bytes).into()
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Payload::from(bytes).into()
    }
}

/// A file of which not even the size can be had is read as a stream, which reports the failure.
impl From<File> for Data {
    fn from(file: File) -> Self {
        let copy = file.try_clone();
        let payload = Payload::file(file);
        let payload = payload.or_else(|_| copy.map(Payload::reader));
        payload.unwrap_or_default().into()
    }
}

/// A file of a form: what `files` takes for one field.
///
/// ```
/// use stdhttp::requests::FilePart;
///
/// let part = FilePart::new("file", "report.csv", "a,b\n1,2\n").content_type("text/csv");
/// # let _ = part;
/// ```
#[derive(Clone, Debug)]
pub struct FilePart {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    content: Payload,
}

impl FilePart {
    /// The field `name` with this content, which is said to be a file of that name.
    pub fn new(
        name: impl Into<String>,
        filename: impl Into<String>,
        content: impl Into<Payload>,
    ) -> Self {
        Self {
            name: name.into(),
            filename: Some(filename.into()),
            content_type: None,
            content: content.into(),
        }
    }

    /// The field `name` with the content of a file, which is opened now and goes by the last part of
    /// its path. It is streamed.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn path(name: impl Into<String>, path: impl AsRef<Path>) -> io::Result<Self> {
        let filename = path.as_ref().file_name().unwrap_or_default();
        let filename = filename.to_string_lossy().into_owned();
        Ok(Self::new(name, filename, Payload::path(&path)?))
    }

    /// The media type of the part.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    fn open(&self) -> Result<FormPart<'static>, ExceptionKind> {
        let invalid = |error| ExceptionKind::InvalidForm(error);
        let source = self.content.source()?;
        let part = match self.content.length() {
            Some(length) => FormPart::sized(&self.name, source, length),
            None => FormPart::reader(&self.name, source),
        };
        let mut part = part.map_err(invalid)?;
        if let Some(filename) = &self.filename {
            part = part.filename(filename).map_err(invalid)?;
        }
        match &self.content_type {
            Some(content_type) => part.content_type(content_type).map_err(invalid),
            None => Ok(part),
        }
    }
}

/// A body, and the media type that goes with it.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) body: Payload,
    pub(super) content_type: Option<String>,
}

/// The body that `data`, `json` and `files` make together; `json` counts where there is nothing else.
pub(super) fn encode(
    data: Option<Data>,
    json: Option<Payload>,
    files: Vec<FilePart>,
) -> Result<Encoded, ExceptionKind> {
    let data = data.map(|data| data.content);
    let data = data.filter(|data| !data.is_nothing());
    match (data, files.is_empty()) {
        (None, true) => Ok(json.map_or_else(Encoded::default, |body| Encoded {
            body,
            content_type: Some("application/json".to_owned()),
        })),
        (Some(DataContent::Payload(body)), true) => Ok(Encoded {
            body,
            content_type: None,
        }),
        (Some(DataContent::Form(pairs)), true) => Ok(encode_form(&pairs)),
        (Some(DataContent::Form(pairs)), false) => encode_multipart(pairs, files),
        (None, false) => encode_multipart(Vec::new(), files),
        (Some(DataContent::Payload(_)), false) => Err(ExceptionKind::InvalidBody),
    }
}

impl DataContent {
    /// No pairs, and no bytes at all, are no body, and leave the place to others.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Form(pairs) => pairs.is_empty(),
            Self::Payload(body) => body.as_bytes() == Some(&[]),
        }
    }
}

fn encode_form(pairs: &[(String, String)]) -> Encoded {
    let pairs = pairs.iter().map(|(name, value)| (name, value));
    Encoded {
        body: urlencode(pairs).into(),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
    }
}

/// Fields first, then files, streamed. It can be sent again if each file can.
fn encode_multipart(
    fields: Vec<(String, String)>,
    files: Vec<FilePart>,
) -> Result<Encoded, ExceptionKind> {
    let replayable = files.iter().all(|file| file.content.is_replayable());
    let boundary = MultipartForm::new().boundary().to_owned();
    let form = Arc::new((fields, files));
    let first = multipart_of(&form, &boundary)?;
    let (content_type, length) = (first.content_type(), first.content_length());
    let body = match (replayable, length) {
        (true, length) => Payload::reopened(length, move || {
            multipart_of(&form, &boundary).map_err(io::Error::other)
        }),
        (false, Some(length)) => Payload::sized(first, length),
        (false, None) => Payload::reader(first),
    };
    Ok(Encoded {
        body,
        content_type: Some(content_type),
    })
}

fn multipart_of(
    form: &(Vec<(String, String)>, Vec<FilePart>),
    boundary: &str,
) -> Result<MultipartBody<'static>, ExceptionKind> {
    let invalid = |error| ExceptionKind::InvalidForm(error);
    let mut body = MultipartForm::with_boundary(boundary).map_err(invalid)?;
    for (name, value) in &form.0 {
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        let content = io::Cursor::new(value.clone().into_bytes());
        let part = FormPart::sized(name, content, length).map_err(invalid)?;
        body.push(part).map_err(invalid)?;
    }
    for file in &form.1 {
        body.push(file.open()?).map_err(invalid)?;
    }
    Ok(body.into_body())
}
