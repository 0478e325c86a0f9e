//! The `.netrc` file: names and passwords by host (Python's `netrc`).
//!
//! Words between white space, in quotes or not, with `\` before what is meant literally; comments
//! from `#`; macros, which are skipped to the empty line behind them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::credentials::{Credentials, InvalidCredentials};
use crate::proto::steps;
use crate::urllib::Url;

/// The largest file that is read.
const LARGEST: u64 = 1_024 * 1_024;

/// What a file says of one host: `login` or `user`, `account`, `password`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetrcEntry {
    /// The name; empty if the file has none.
    pub login: String,
    /// The account, which HTTP has no use for.
    pub account: String,
    /// The password; empty if the file has none.
    pub password: String,
}

/// Masks the password.
impl fmt::Debug for NetrcEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NetrcEntry");
        shown.field("login", &self.login).finish_non_exhaustive()
    }
}

/// A `.netrc` file (`netrc.netrc`).
///
/// ```
/// use stdhttp::auth::Netrc;
/// use stdhttp::urllib::Url;
///
/// let netrc = Netrc::parse("machine example.org login me password \"a b\"\ndefault login other")?;
/// let found = netrc.credentials(&Url::parse("https://example.org/")?)?.unwrap();
/// assert_eq!((found.user(), found.password()), ("me", "a b"));
/// assert!(netrc.credentials(&Url::parse("https://www.example.org/")?)?.is_none());
/// assert_eq!(netrc.authenticators("www.example.org").unwrap().login, "other");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    /// By host in lower case.
    hosts: BTreeMap<String, NetrcEntry>,
    default: Option<NetrcEntry>,
}

impl Netrc {
    /// Reads the text of a file. Of several entries for a host the last counts.
    ///
    /// # Errors
    ///
    /// [`NetrcError::Parse`] with the line; nothing of the file is then taken.
    pub fn parse(text: &str) -> Result<Self, NetrcError> {
        let mut lexer = Lexer::new(text);
        let mut netrc = Self::default();
        while let Some(word) = lexer.word() {
            match word.as_str() {
                "machine" => {
                    let host = lexer.name(NetrcFault::MissingName)?;
                    let entry = lexer.entry()?;
                    netrc.hosts.insert(host.to_ascii_lowercase(), entry);
                }
                "default" => netrc.default = Some(lexer.entry()?),
                "macdef" => lexer.skip_macro()?,
                _ if word.starts_with('#') => lexer.skip_comment(),
                _ => return Err(lexer.error(NetrcFault::UnknownWord)),
            }
        }
        Ok(netrc)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`NetrcError`]: it can't be read, is too large or no UTF-8, or has an error.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, NetrcError> {
        let size = fs::metadata(&path)?.len();
        if size > LARGEST {
            return Err(NetrcError::Io(io::ErrorKind::InvalidData.into()));
        }
        Self::parse(&fs::read_to_string(path)?)
    }

    /// Reads a file that others must not be able to read: what Python asks of `~/.netrc`. Where
    /// there are no modes it is `load`.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), and [`NetrcError::Exposed`] if the file has a name other than
    /// `anonymous` and its group or others may use it.
    pub fn load_private(path: impl AsRef<Path>) -> Result<Self, NetrcError> {
        let netrc = Self::load(&path)?;
        let mut entries = netrc.hosts.values().chain(&netrc.default);
        let has_secret = entries.any(|entry| entry.login != "anonymous");
        match has_secret && is_exposed(path.as_ref())? {
            true => Err(NetrcError::Exposed),
            false => Ok(netrc),
        }
    }

    /// The entry of a host, or the `default` one (`authenticators`).
    #[must_use]
    pub fn authenticators(&self, host: &str) -> Option<&NetrcEntry> {
        self.machine(host).or(self.default.as_ref())
    }

    /// The entry of exactly this host, in any case.
    #[must_use]
    pub fn machine(&self, host: &str) -> Option<&NetrcEntry> {
        self.hosts.get(&host.to_ascii_lowercase())
    }

    /// Name and password for a URL. Only a host that the file names exactly has any: the `default`
    /// entry would give them to whatever host a redirect leads to. An entry without a name and a
    /// password is as none.
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials`] if the entry has a control character.
    pub fn credentials(&self, url: &Url) -> Result<Option<Credentials>, InvalidCredentials> {
        let found = self.machine(url.hostname());
        let found = found.filter(|entry| !(entry.login.is_empty() && entry.password.is_empty()));
        let credentials = |entry: &NetrcEntry| Credentials::new(&entry.login, &entry.password);
        found.map(credentials).transpose()
    }
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(path)?.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// A `.netrc` can't be used (`netrc.NetrcParseError`, `OSError`).
#[derive(Debug)]
#[non_exhaustive]
pub enum NetrcError {
    /// The file can't be read.
    Io(io::Error),
    /// The text breaks the grammar.
    Parse {
        /// What is wrong.
        fault: NetrcFault,
        /// The line, from 1.
        line: usize,
    },
    /// Others than the owner may use the file.
    Exposed,
}

/// What is wrong with the text of a `.netrc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetrcFault {
    /// `machine` or `macdef` without a name.
    MissingName,
    /// A word that is no keyword where one must be.
    UnknownWord,
    /// A macro without the empty line that ends it.
    OpenMacro,
}

impl fmt::Display for NetrcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Parse { fault, line } => {
                let what = match fault {
                    NetrcFault::MissingName => "missing name",
                    NetrcFault::UnknownWord => "unknown word",
                    NetrcFault::OpenMacro => "macro without end",
                };
                write!(f, "{what} in line {line} of the netrc file")
            }
            Self::Exposed => f.write_str("others than the owner may use the netrc file"),
        }
    }
}

impl Error for NetrcError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for NetrcError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Takes a text apart into words, as Python's does.
struct Lexer<'a> {
    rest: std::str::Chars<'a>,
    line: usize,
    /// The character that was read last.
    last: Option<char>,
    /// A word that was read too early.
    next: Option<String>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars(),
            line: 1,
            last: None,
            next: None,
        }
    }

    fn error(&self, fault: NetrcFault) -> NetrcError {
        let line = self.line;
        NetrcError::Parse { fault, line }
    }

    /// The next character; a line may end in CRLF as well.
    fn character(&mut self) -> Option<char> {
        steps::count(1);
        let mut character = self.rest.next()?;
        if character == '\r' && self.rest.as_str().starts_with('\n') {
            character = self.rest.next()?;
        }
        self.line = self.line.saturating_add(usize::from(character == '\n'));
        self.last = Some(character);
        Some(character)
    }

    /// The next word, if there is one; it may be empty between quotes.
    fn word(&mut self) -> Option<String> {
        if let Some(word) = self.next.take() {
            return Some(word);
        }
        let first = loop {
            match self.character()? {
                '\n' | '\t' | '\r' | ' ' => {}
                first => break first,
            }
        };
        let quoted = first == '"';
        let mut word = String::new();
        let mut next = if quoted {
            self.character()
        } else {
            Some(first)
        };
        while let Some(character) = next {
            match character {
                '"' if quoted => break,
                '\n' | '\t' | '\r' | ' ' if !quoted => break,
                '\\' => word.extend(self.character()),
                _ => word.push(character),
            }
            next = self.character();
        }
        Some(word)
    }

    fn name(&mut self, fault: NetrcFault) -> Result<String, NetrcError> {
        let name = self.word().filter(|name| !name.is_empty());
        name.ok_or(self.error(fault))
    }

    /// Reads what belongs to one host, up to the next keyword.
    fn entry(&mut self) -> Result<NetrcEntry, NetrcError> {
        let mut entry = NetrcEntry::default();
        while let Some(word) = self.word() {
            let field = match word.as_str() {
                "machine" | "default" | "macdef" => {
                    self.next = Some(word);
                    break;
                }
                "login" | "user" => &mut entry.login,
                "account" => &mut entry.account,
                "password" => &mut entry.password,
                _ if word.starts_with('#') => {
                    self.skip_comment();
                    continue;
                }
                _ => return Err(self.error(NetrcFault::UnknownWord)),
            };
            *field = self.word().unwrap_or_default();
        }
        Ok(entry)
    }
    /// Goes on behind the line of a comment, unless this word ended with it.
    fn skip_comment(&mut self) {
        while self.last != Some('\n') && self.character().is_some() {}
    }

    /// Goes on behind the empty line that ends a macro.
    fn skip_macro(&mut self) -> Result<(), NetrcError> {
        self.name(NetrcFault::MissingName)?;
        self.skip_comment();
        loop {
            let first = self.character();
            match first {
                None => return Err(self.error(NetrcFault::OpenMacro)),
                Some('\n') => return Ok(()),
                Some(_) => self.skip_comment(),
            }
        }
    }
}
