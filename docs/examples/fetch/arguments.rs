//! The command line of `fetch`.

use std::ffi::OsString;

use crate::upload::{Piece, Upload};
use crate::url::Url;

/// What to do.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    method: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) upload: Option<Upload>,
    /// Where the body of the response goes; nothing for standard output.
    pub(crate) output: Option<String>,
    head_only: bool,
    include_head: bool,
    pub(crate) follow: bool,
    pub(crate) silent: bool,
    pub(crate) verbose: bool,
    pub(crate) url: Url,
}

impl Arguments {
    /// Reads the command line, without the program's name.
    pub(crate) fn parse(given: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut url = None;
        let mut given = given.map(text);
        while let Some(argument) = given.next().transpose()? {
            match argument.strip_prefix('-') {
                Some("h" | "-help") => arguments.help = true,
                Some(options) if !options.is_empty() => arguments.options(options, &mut given)?,
                _ if url.is_some() => return Err(format!("a second URL: {argument}")),
                _ => url = Some(Url::parse(&argument)?),
            }
        }
        if arguments.help {
            return Ok(arguments);
        }
        arguments.url = url.ok_or("no URL")?;
        if arguments.head_only && arguments.upload.is_some() {
            return Err("-I asks for a head alone, and sends no body".into());
        }
        Ok(arguments)
    }

    /// Takes the letters behind one hyphen. The value of an option is the rest of them, or else
    /// the next argument.
    fn options(
        &mut self,
        letters: &str,
        given: &mut impl Iterator<Item = Result<String, String>>,
    ) -> Result<(), String> {
        for (place, letter) in letters.char_indices() {
            let rest = &letters[place + letter.len_utf8()..];
            match letter {
                'I' => self.head_only = true,
                'i' => self.include_head = true,
                'L' => self.follow = true,
                's' => self.silent = true,
                'v' => self.verbose = true,
                'X' | 'H' | 'd' | 'T' | 'o' => {
                    let missing = || Err(format!("-{letter} needs a value"));
                    let value = match rest {
                        "" => given.next().unwrap_or_else(missing)?,
                        rest => rest.to_owned(),
                    };
                    return self.option(letter, value);
                }
                _ => return Err(format!("unknown option -{letters}")),
            }
        }
        Ok(())
    }

    fn option(&mut self, letter: char, value: String) -> Result<(), String> {
        match letter {
            'X' => self.method = Some(value),
            'H' => self.add_header(header(&value)?),
            'o' => self.output = Some(value),
            'd' => self.add_piece(piece(value))?,
            _ => self.set_file(value)?,
        }
        Ok(())
    }

    /// `Host` is sent first.
    fn add_header(&mut self, (name, value): (String, String)) {
        let first = name.eq_ignore_ascii_case("Host");
        let place = if first { 0 } else { self.headers.len() };
        self.headers.insert(place, (name, value));
    }

    fn add_piece(&mut self, piece: Piece) -> Result<(), String> {
        match &mut self.upload {
            None => self.upload = Some(Upload::Form(vec![piece])),
            Some(Upload::Form(pieces)) => pieces.push(piece),
            Some(Upload::File(_)) => return Err("-d and -T can't be given together".into()),
        }
        Ok(())
    }

    fn set_file(&mut self, name: String) -> Result<(), String> {
        match self.upload {
            None => self.upload = Some(Upload::File(name)),
            Some(Upload::Form(_)) => return Err("-d and -T can't be given together".into()),
            Some(Upload::File(_)) => return Err("-T can be given once".into()),
        }
        Ok(())
    }

    /// The method that was asked for, or that goes with what is sent.
    pub(crate) fn method(&self) -> &str {
        match (&self.method, &self.upload) {
            (Some(method), _) => method,
            (None, None) if self.head_only => "HEAD",
            (None, None) => "GET",
            (None, Some(Upload::File(_))) => "PUT",
            (None, Some(Upload::Form(_))) => "POST",
        }
    }

    /// Whether the heads of responses are written too.
    pub(crate) fn shows_head(&self) -> bool {
        self.include_head || self.head_only
    }

    /// Whether a line about progress would help somebody and not get in the way of other lines.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.silent && !self.verbose
    }
}

fn text(argument: OsString) -> Result<String, String> {
    argument
        .into_string()
        .map_err(|argument| format!("{argument:?} is not UTF-8"))
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.into(), value.trim().into())),
        None => Err(format!("{text:?} is no header: it has no colon")),
    }
}

fn piece(value: String) -> Piece {
    match value.strip_prefix('@') {
        Some(file) => Piece::File(file.into()),
        None => Piece::Data(value),
    }
}
