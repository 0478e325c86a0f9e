//! The command line of `fetch`.

use std::ffi::OsString;

use crate::content::{Content, Piece, json_string};

/// What to do.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    method: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Option<Content>,
    /// Where the body of the response goes; nothing for standard output.
    pub(crate) output: Option<String>,
    head_only: bool,
    include_head: bool,
    pub(crate) follow: bool,
    pub(crate) silent: bool,
    pub(crate) verbose: bool,
    /// The name and the password of who asks.
    pub(crate) user: Option<(String, String)>,
    pub(crate) digest: bool,
    pub(crate) resume: bool,
    pub(crate) proxy: Option<String>,
    pub(crate) cookie_jar: Option<String>,
    pub(crate) retries: u32,
    pub(crate) url: String,
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
                Some(long) if long.starts_with('-') => arguments.long_option(long, &mut given)?,
                Some(options) if !options.is_empty() => arguments.options(options, &mut given)?,
                _ if url.is_some() => return Err(format!("a second URL: {argument}")),
                _ => url = Some(with_scheme(argument)),
            }
        }
        if arguments.help {
            return Ok(arguments);
        }
        arguments.url = url.ok_or("no URL")?;
        arguments.check()?;
        Ok(arguments)
    }

    /// What does not go together.
    fn check(&self) -> Result<(), String> {
        if self.head_only && self.content.is_some() {
            return Err("-I asks for a head alone, and sends no body".into());
        }
        if self.digest && self.user.is_none() {
            return Err("--digest needs -u".into());
        }
        if self.resume && (self.output.is_none() || self.method() != "GET") {
            return Err("-C - goes on with the file of -o, and with a GET alone".into());
        }
        Ok(())
    }

    /// Takes an option with a name, and its value behind `=` or in the next argument.
    fn long_option(
        &mut self,
        option: &str,
        given: &mut impl Iterator<Item = Result<String, String>>,
    ) -> Result<(), String> {
        if option == "-digest" {
            self.digest = true;
            return Ok(());
        }
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        if !["-json", "-cookie-jar", "-retry"].contains(&name) {
            return Err(format!("unknown option -{option}"));
        }
        let missing = || Err(format!("-{name} needs a value"));
        let value = match value {
            Some(value) => value,
            None => given.next().unwrap_or_else(missing)?,
        };
        match name {
            "-json" => self.add_member(member(&value)?)?,
            "-cookie-jar" => self.cookie_jar = Some(value),
            _ => self.retries = number(&value)?,
        }
        Ok(())
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
                'X' | 'H' | 'd' | 'T' | 'o' | 'u' | 'F' | 'C' | 'x' => {
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
            'H' => self.headers.push(header(&value)?),
            'o' => self.output = Some(value),
            'd' => self.add_piece(piece(value))?,
            'u' => self.user = Some(user(&value)?),
            'F' => self.add_part(part(&value)?)?,
            'C' if value == "-" => self.resume = true,
            'C' => return Err("-C takes - alone: from where the file ends".into()),
            'x' => self.proxy = Some(value),
            _ => self.set_file(value)?,
        }
        Ok(())
    }

    fn add_piece(&mut self, piece: Piece) -> Result<(), String> {
        match self.content.get_or_insert(Content::Form(Vec::new())) {
            Content::Form(pieces) => pieces.push(piece),
            other => return Err(conflict(other, "-d")),
        }
        Ok(())
    }

    fn add_member(&mut self, member: (String, String)) -> Result<(), String> {
        match self.content.get_or_insert(Content::Json(Vec::new())) {
            Content::Json(members) => members.push(member),
            other => return Err(conflict(other, "--json")),
        }
        Ok(())
    }

    fn add_part(&mut self, part: (String, Piece)) -> Result<(), String> {
        match self.content.get_or_insert(Content::Parts(Vec::new())) {
            Content::Parts(parts) => parts.push(part),
            other => return Err(conflict(other, "-F")),
        }
        Ok(())
    }

    fn set_file(&mut self, name: String) -> Result<(), String> {
        match &self.content {
            None => self.content = Some(Content::File(name)),
            Some(Content::File(_)) => return Err("-T can be given once".into()),
            Some(other) => return Err(conflict(other, "-T")),
        }
        Ok(())
    }

    /// The method that was asked for, or that goes with what is sent.
    pub(crate) fn method(&self) -> &str {
        match (&self.method, &self.content) {
            (Some(method), _) => method,
            (None, None) if self.head_only => "HEAD",
            (None, None) => "GET",
            (None, Some(Content::File(_))) => "PUT",
            (None, Some(_)) => "POST",
        }
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        let mut given = self.headers.iter();
        given.any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    pub(crate) fn asks_for_tls(&self) -> bool {
        let scheme = self.url.get(..8);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// Where the response goes, for people.
    pub(crate) fn output_name(&self) -> String {
        let standard = || "standard output".to_owned();
        self.output.clone().unwrap_or_else(standard)
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

fn conflict(content: &Content, option: &str) -> String {
    format!("{} and {option} can't be given together", content.option())
}

fn number(value: &str) -> Result<u32, String> {
    let number = value.parse();
    number.map_err(|_| format!("{value:?} is no number"))
}

fn user(value: &str) -> Result<(String, String), String> {
    match value.split_once(':') {
        Some((user, password)) => Ok((user.into(), password.into())),
        None => Err(format!("{value:?} has no colon between user and password")),
    }
}

/// `NAME=VALUE` or `NAME:=JSON`, of which the value is written as JSON.
fn member(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok(match name.strip_suffix(':') {
            Some(name) => (name.into(), value.into()),
            None => (name.into(), json_string(value)),
        }),
        None => Err(format!("{text:?} has no = between name and value")),
    }
}

fn part(text: &str) -> Result<(String, Piece), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.into(), piece(value.into()))),
        None => Err(format!("{text:?} has no = between name and value")),
    }
}

/// A URL without a scheme is one of http. What stands before the colon of a scheme has nothing of a path
/// or query.
fn with_scheme(url: String) -> String {
    match url.split_once("://") {
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => url,
        _ => format!("http://{url}"),
    }
}
