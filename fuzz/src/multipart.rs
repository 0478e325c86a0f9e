//! Forms, written and read.

use std::io::{self, Read};

use stdhttp::urllib::multipart::{FormPart, FormReader, MultipartForm};

/// The boundary of all forms here.
const BOUNDARY: &str = "B";

/// A part as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    pub name: String,
    pub filename: Option<String>,
    pub content: Vec<u8>,
}

/// Gives so many octets at a time, and 1 where that is 0.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = self.size.max(1).min(buf.len());
        self.rest.read(&mut buf[..size])
    }
}

/// The parts of a form, unless it is none.
pub fn read(form: &[u8], size: usize) -> Option<Vec<Received>> {
    let source = Pieces { rest: form, size };
    let mut reader = FormReader::new(source, BOUNDARY).expect("a boundary");
    let mut parts = Vec::new();
    while let Some(mut part) = reader.next_part().ok()? {
        let mut content = Vec::new();
        part.read_to_end(&mut content).ok()?;
        parts.push(Received {
            name: part.name().to_owned(),
            filename: part.filename().map(str::to_owned),
            content,
        });
    }
    Some(parts)
}

/// A form of names, names of files and contents in turn, and how it must be read; nothing if a
/// name or a content is refused.
pub fn written(parts: &[&[u8]]) -> Option<(Vec<u8>, Vec<Received>)> {
    let mut form = MultipartForm::with_boundary(BOUNDARY).expect("a boundary");
    let mut expected = Vec::new();
    for part in parts.chunks(3) {
        let [name, filename, content] = part else {
            break;
        };
        let (name, filename) = (
            std::str::from_utf8(name).ok()?,
            std::str::from_utf8(filename).ok()?,
        );
        let part = FormPart::new(name, *content)
            .ok()?
            .filename(filename)
            .ok()?;
        form.push(part).ok()?;
        let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
        expected.push(Received {
            name: decoded(name),
            filename: Some(decoded(last)),
            content: content.to_vec(),
        });
    }
    let mut body = form.into_body();
    let length = body.content_length().expect("a length");
    let mut octets = Vec::new();
    body.read_to_end(&mut octets).expect("octets");
    assert_eq!(octets.len() as u64, length);
    Some((octets, expected))
}

/// A name in which somebody wrote what browsers encode, which no reader can tell from it.
fn decoded(name: &str) -> String {
    let pairs = [
        ("%0D", "\r"),
        ("%0d", "\r"),
        ("%0A", "\n"),
        ("%0a", "\n"),
        ("%22", "\""),
    ];
    pairs
        .iter()
        .fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}

/// What was read can be written and read again, as far as its names can be sent.
pub fn read_back(parts: &[Received]) {
    let mut form = MultipartForm::with_boundary(BOUNDARY).expect("a boundary");
    for part in parts {
        let sent = FormPart::new(&part.name, &part.content).expect("a name that was sent");
        // A content may begin with what is a delimiter behind a line end only.
        if form.push(sent).is_err() {
            return;
        }
    }
    let mut octets = Vec::new();
    form.into_body().read_to_end(&mut octets).expect("octets");
    let again = read(&octets, usize::MAX).expect("a form");
    let same = |(one, other): (&Received, &Received)| one.content == other.content;
    assert!(again.len() == parts.len() && again.iter().zip(parts).all(same));
}
