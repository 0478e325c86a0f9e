//! Where the response goes: a file or standard output.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use stdhttp::requests::Response;

/// A file, which is made when there is something to write, or standard output.
pub(crate) struct Output {
    file: Option<String>,
    opened: Option<Opened>,
}

struct Opened {
    writer: Box<dyn Write + Send>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new(file: Option<String>) -> Self {
        Self { file, opened: None }
    }

    /// Makes the file, which a response without a body has too.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        self.opened().map(drop)
    }

    fn opened(&mut self) -> io::Result<&mut Opened> {
        let opened = match (self.opened.take(), &self.file) {
            (Some(opened), _) => opened,
            (None, None) => Opened {
                is_terminal: io::stdout().is_terminal(),
                writer: Box::new(io::stdout()),
            },
            (None, Some(name)) => {
                let file = File::create(name)?;
                Opened {
                    is_terminal: file.is_terminal(),
                    writer: Box::new(file),
                }
            }
        };
        Ok(self.opened.insert(opened))
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.opened
            .as_ref()
            .is_some_and(|opened| opened.is_terminal)
    }

    /// Nothing is held back, so that a slow stream can be watched.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let writer = &mut self.opened()?.writer;
        writer.write_all(bytes)?;
        writer.flush()
    }

    /// Status line and header fields as they came; a folded field is on one line.
    pub(crate) fn write_head(&mut self, response: &Response) -> io::Result<()> {
        let version = response.http_version().as_str();
        let start = format!(
            "{version} {} {}\r\n",
            response.status_code(),
            response.reason()
        );
        let mut head = start.into_bytes();
        for (name, value) in response.headers().items_bytes() {
            head.extend([name, b": ", value, b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        self.write(&head)
    }
}
