//! The command line of `fetch`, and the parts of a URL.

use std::ffi::OsString;

/// What to do.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) upload: Option<Upload>,
    /// Where the body of the response goes; nothing for standard output.
    pub(crate) output: Option<String>,
    pub(crate) include_head: bool,
    pub(crate) verbose: bool,
    pub(crate) url: Url,
}

/// What to send.
pub(crate) enum Upload {
    /// `-d DATA`.
    Data(String),
    /// `-d @FILE`; the file `-` is standard input.
    DataFile(String),
    /// `-T FILE`; the file `-` is standard input.
    File(String),
}

/// The parts of an `http` URL.
#[derive(Default)]
pub(crate) struct Url {
    /// Host and port, as they stand.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) target: String,
}

impl Arguments {
    /// Reads the command line, without the program's name.
    pub(crate) fn parse(given: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut url = None;
        let mut given = given.map(text);
        while let Some(argument) = given.next().transpose()? {
            let mut value = || match given.next() {
                Some(value) => value,
                None => Err(format!("{argument} needs a value")),
            };
            match argument.as_str() {
                "-X" => arguments.method = Some(value()?),
                "-H" => arguments.add_header(header(&value()?)?),
                "-d" => arguments.set_upload(data(value()?))?,
                "-T" => arguments.set_upload(Upload::File(value()?))?,
                "-o" => arguments.output = Some(value()?),
                "-i" => arguments.include_head = true,
                "-v" => arguments.verbose = true,
                _ if argument.starts_with('-') => return Err(format!("unknown option {argument}")),
                _ if url.is_some() => return Err(format!("a second URL: {argument}")),
                _ => url = Some(Url::parse(&argument)?),
            }
        }
        arguments.url = url.ok_or("no URL")?;
        Ok(arguments)
    }

    /// `Host` is sent first.
    fn add_header(&mut self, (name, value): (String, String)) {
        let first = name.eq_ignore_ascii_case("Host");
        let place = if first { 0 } else { self.headers.len() };
        self.headers.insert(place, (name, value));
    }

    fn set_upload(&mut self, upload: Upload) -> Result<(), String> {
        if self.upload.is_some() {
            return Err("-d and -T can be given once, and not together".into());
        }
        self.upload = Some(upload);
        Ok(())
    }

    /// The method that was asked for, or that goes with what is sent.
    pub(crate) fn method(&self) -> &str {
        match (&self.method, &self.upload) {
            (Some(method), _) => method,
            (None, None) => "GET",
            (None, Some(Upload::File(_))) => "PUT",
            (None, Some(_)) => "POST",
        }
    }

    /// Whether a field with this name was given.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
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

fn data(value: String) -> Upload {
    match value.strip_prefix('@') {
        Some(file) => Upload::DataFile(file.into()),
        None => Upload::Data(value),
    }
}

impl Url {
    /// Takes `http://host[:port][/path][?query]` apart. A fragment is not sent. The parts are
    /// checked by the connection.
    fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| format!("{url:?} is no URL: it does not begin with http://"))?;
        if scheme.eq_ignore_ascii_case("https") {
            return Err("https needs a TLS library; docs/tls.md shows how to add one".into());
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(format!("{scheme} is not a scheme that this program knows"));
        }
        let sent = rest.split('#').next().unwrap_or_default();
        let end = sent.find(['/', '?']).unwrap_or(sent.len());
        let (authority, target) = sent.split_at(end);
        let slash = if target.starts_with('?') { "/" } else { "" };
        Ok(Self {
            authority: authority.into(),
            target: format!("{slash}{target}"),
        })
    }
}
