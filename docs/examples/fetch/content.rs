//! What `fetch` sends: a form, JSON, the parts of a form with files, a file, or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use stdhttp::requests::{Data, FilePart, Payload, Request};

use crate::arguments::Arguments;
use crate::failure::Failure;

/// The media type of a form, unless `-H` says otherwise.
const FORM: &str = "application/x-www-form-urlencoded";

/// What to send, as on the command line.
pub(crate) enum Content {
    /// The values of `-d`, which `&` joins.
    Form(Vec<Piece>),
    /// The values of `--json`: names, and JSON as it is written.
    Json(Vec<(String, String)>),
    /// The values of `-F`.
    Parts(Vec<(String, Piece)>),
    /// `-T FILE`; the file `-` is standard input.
    File(String),
}

/// Data as it stands, or a file.
#[derive(Clone)]
pub(crate) enum Piece {
    /// `DATA`.
    Data(String),
    /// `@FILE`; the file `-` is standard input.
    File(String),
}

impl Content {
    /// The option that it was given by.
    pub(crate) fn option(&self) -> &'static str {
        match self {
            Self::Form(_) => "-d",
            Self::Json(_) => "--json",
            Self::Parts(_) => "-F",
            Self::File(_) => "-T",
        }
    }

    /// As the body of a request.
    pub(crate) fn put_on<'s>(
        &self,
        request: Request<'s>,
        arguments: &Arguments,
    ) -> Result<Request<'s>, Failure> {
        match self {
            Self::File(name) => Ok(request.data(payload(vec![Piece::File(name.clone())])?)),
            Self::Form(pieces) => {
                let typed = match arguments.has_header("Content-Type") {
                    true => request,
                    false => request.header("Content-Type", FORM),
                };
                Ok(typed.data(payload(pieces.clone())?))
            }
            Self::Json(pairs) => Ok(request.json(json(pairs))),
            Self::Parts(parts) => parts_on(request, parts),
        }
    }
}

/// Fields before files, as the session sends them.
fn parts_on<'s>(
    mut request: Request<'s>,
    parts: &[(String, Piece)],
) -> Result<Request<'s>, Failure> {
    let mut fields = Vec::new();
    for (name, piece) in parts {
        match piece {
            Piece::Data(value) => fields.push((name.clone(), value.clone())),
            Piece::File(file) => {
                let part = FilePart::path(name, file);
                let part = part.map_err(|error| Failure::Local(file.clone(), error))?;
                request = request.file(part);
            }
        }
    }
    Ok(request.data(Data::form(fields)))
}

/// An object.
fn json(pairs: &[(String, String)]) -> String {
    let members: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}: {value}", json_string(name)))
        .collect();
    format!("{{{}}}", members.join(", "))
}

/// A string of JSON (RFC 8259 section 7).
pub(crate) fn json_string(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            '\u{0}'..='\u{1f}' => written += &format!("\\u{:04x}", u32::from(character)),
            _ => written.push(character),
        }
    }
    written + "\""
}

/// Pieces behind each other, `&` between them. What has no standard input in it can be sent again.
fn payload(pieces: Vec<Piece>) -> Result<Payload, Failure> {
    let first = Opened::all(&pieces)?;
    let is_read_once = first.is_read_once;
    match (is_read_once, first.length) {
        (true, Some(length)) => Ok(Payload::sized(first.reader, length)),
        (true, None) => Ok(Payload::reader(first.reader)),
        (false, length) => {
            let pieces = Arc::new(pieces);
            Ok(Payload::reopened(length, move || {
                let opened = Opened::all(&pieces);
                opened
                    .map(|opened| opened.reader)
                    .map_err(|failure| match failure {
                        Failure::Local(_, error) => error,
                        failure => io::Error::other(failure.to_string()),
                    })
            }))
        }
    }
}

/// Bytes from anywhere, and how many there are where that is known.
struct Opened {
    reader: Box<dyn Read + Send>,
    length: Option<u64>,
    is_read_once: bool,
}

impl Opened {
    fn all(pieces: &[Piece]) -> Result<Self, Failure> {
        let mut all = Self::data("");
        for (place, piece) in pieces.iter().enumerate() {
            if place > 0 {
                all = all.and_then(Self::data("&"));
            }
            all = all.and_then(match piece {
                Piece::Data(data) => Self::data(data),
                Piece::File(name) => Self::file(name)?,
            });
        }
        Ok(all)
    }

    fn data(data: &str) -> Self {
        Self {
            reader: Box::new(io::Cursor::new(data.as_bytes().to_owned())),
            length: Some(data.len() as u64),
            is_read_once: false,
        }
    }

    /// What is no regular file (a pipe, a device) does not know its length.
    fn file(name: &str) -> Result<Self, Failure> {
        if name == "-" {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                length: None,
                is_read_once: true,
            });
        }
        let local = |error| Failure::Local(name.to_owned(), error);
        let file = File::open(name).map_err(local)?;
        let metadata = file.metadata().map_err(local)?;
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self {
            reader: match length {
                Some(length) => Box::new(file.take(length)),
                None => Box::new(file),
            },
            length,
            is_read_once: length.is_none(),
        })
    }

    fn and_then(self, next: Self) -> Self {
        let lengths = self.length.zip(next.length);
        Self {
            reader: Box::new(self.reader.chain(next.reader)),
            length: lengths.map(|(first, second)| first + second),
            is_read_once: self.is_read_once || next.is_read_once,
        }
    }
}
