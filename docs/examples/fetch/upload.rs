//! What `fetch` sends: a form in pieces, a file, or standard input.

use std::fs::File;
use std::io::{self, Read};

use stdhttp::{Continue, HTTPConnection};

use crate::progress::Progress;
use crate::{BLOCK, Failure};

/// What to send, as on the command line.
pub(crate) enum Upload {
    /// The values of `-d`, which `&` joins.
    Form(Vec<Piece>),
    /// `-T FILE`; the file `-` is standard input.
    File(String),
}

/// The value of one `-d`.
pub(crate) enum Piece {
    /// `DATA`.
    Data(String),
    /// `@FILE`; the file `-` is standard input.
    File(String),
}

impl Upload {
    /// Whether some of it comes from standard input.
    pub(crate) fn is_read_once(&self) -> bool {
        match self {
            Self::File(name) => name == "-",
            Self::Form(pieces) => pieces
                .iter()
                .any(|piece| matches!(piece, Piece::File(name) if name == "-")),
        }
    }
}

/// Bytes from anywhere, and how many there are where that is known.
pub(crate) struct Content {
    reader: Box<dyn Read>,
    pub(crate) length: Option<u64>,
}

impl Content {
    pub(crate) fn open(upload: &Upload) -> Result<Self, Failure> {
        let pieces = match upload {
            Upload::File(name) => return Self::open_file(name),
            Upload::Form(pieces) => pieces,
        };
        let mut form = Self::data("");
        for (place, piece) in pieces.iter().enumerate() {
            if place > 0 {
                form = form.and_then(Self::data("&"));
            }
            form = form.and_then(match piece {
                Piece::Data(data) => Self::data(data),
                Piece::File(name) => Self::open_file(name)?,
            });
        }
        Ok(form)
    }

    fn data(data: &str) -> Self {
        Self {
            reader: Box::new(io::Cursor::new(data.as_bytes().to_owned())),
            length: Some(data.len() as u64),
        }
    }

    fn open_file(name: &str) -> Result<Self, Failure> {
        if name == "-" {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                length: None,
            });
        }
        let local = |error| Failure::Local(name.to_owned(), error);
        let file = File::open(name).map_err(local)?;
        let metadata = file.metadata().map_err(local)?;
        // What is no regular file (a pipe, a device) does not know its length.
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self {
            reader: match length {
                Some(length) => Box::new(file.take(length)),
                None => Box::new(file),
            },
            length,
        })
    }

    fn and_then(self, next: Self) -> Self {
        let lengths = self.length.zip(next.length);
        Self {
            reader: Box::new(self.reader.chain(next.reader)),
            length: lengths.map(|(first, second)| first + second),
        }
    }

    /// Sends the body of the request whose head is out.
    pub(crate) fn send(
        mut self,
        conn: &mut HTTPConnection,
        waits: bool,
        visible: bool,
    ) -> Result<(), Failure> {
        if waits && conn.await_continue()? == Continue::Refused {
            return Ok(());
        }
        let mut progress = Progress::new("sent", self.length, visible);
        let (mut block, mut sent) = (vec![0; BLOCK], 0);
        loop {
            let count = read_local(&mut self.reader, &mut block)?;
            if count == 0 {
                break;
            }
            match self.length {
                Some(_) => conn.send(&block[..count])?,
                None => conn.send_chunk(&block[..count])?,
            }
            sent += count as u64;
            progress.advance(count);
        }
        match self.length {
            Some(length) if sent < length => Err(cannot_read(io::ErrorKind::UnexpectedEof.into())),
            Some(_) => Ok(()),
            None => Ok(conn.send_last_chunk(&[])?),
        }
    }
}

fn read_local(reader: &mut impl Read, block: &mut [u8]) -> Result<usize, Failure> {
    loop {
        match reader.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(cannot_read),
        }
    }
}

fn cannot_read(error: io::Error) -> Failure {
    Failure::Local("what is to be sent".into(), error)
}
