//! From the path of a request to the script that answers it (RFC 3875 section 3.3).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::server::base::BaseHTTPRequestHandler;
use crate::server::files::{PathRules, SimpleHTTPRequestHandler, split_path};

/// What a request asks for, or what a script has named in its place.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) method: String,
    /// As it came, with its percent-encoding.
    pub(super) path: Vec<u8>,
    pub(super) query: Option<Vec<u8>>,
    /// The request's body belongs to it.
    pub(super) has_body: bool,
}

impl Wanted {
    pub(super) fn of(request: &BaseHTTPRequestHandler<'_>) -> Self {
        let target = request.request().target();
        Self {
            method: request.command().to_owned(),
            path: target.path().to_vec(),
            query: target.query().map(<[u8]>::to_vec),
            has_body: true,
        }
    }

    /// What a script has named is got, without the body that the script had (RFC 3875 section
    /// 6.2.2).
    pub(super) fn redirect(&mut self, location: &[u8]) {
        let mut parts = location.splitn(2, |&octet| octet == b'?');
        self.path = parts.next().unwrap_or_default().to_vec();
        self.query = parts.next().map(<[u8]>::to_vec);
        self.has_body = false;
        if self.method != "HEAD" {
            "GET".clone_into(&mut self.method);
        }
    }
}

/// A program, and how the request's path named it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) file: PathBuf,
    /// The directory that it lies in.
    pub(super) directory: PathBuf,
    /// The path of the request as far as it names the script, decoded.
    pub(super) name: Vec<u8>,
    /// The path behind it, decoded; empty or with a slash in front.
    pub(super) path_info: Vec<u8>,
    /// That path below the directory that is served.
    pub(super) path_translated: Option<PathBuf>,
}

/// Why there is no script to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Missing,
    NoPlainFile,
    NotExecutable,
}

impl Refused {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::NoPlainFile | Self::NotExecutable => 403,
        }
    }

    /// `http.server`'s words, with the path as it came.
    pub(super) fn message(self, path: &[u8]) -> String {
        let path = String::from_utf8_lossy(path);
        match self {
            Self::Missing => format!("No such CGI script ('{path}')"),
            Self::NoPlainFile => format!("CGI script is not a plain file ('{path}')"),
            Self::NotExecutable => format!("CGI script is not executable ('{path}')"),
        }
    }
}

/// The directories that scripts lie in, each as the names that lead there.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    directories: Vec<Vec<Vec<u8>>>,
}

impl Places {
    pub(super) fn new(paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names = |path: &str| -> Vec<Vec<u8>> {
            let names = path.split('/').filter(|name| !name.is_empty());
            names.map(|name| name.as_bytes().to_vec()).collect()
        };
        let directories = paths.into_iter().map(|path| names(path.as_ref()));
        Self {
            directories: directories.filter(|names| !names.is_empty()).collect(),
        }
    }

    /// The directories below this one.
    pub(super) fn below(&self, root: &Path) -> Vec<PathBuf> {
        let places = self.directories.iter();
        places.map(|names| join(root, names)).collect()
    }

    /// The script that a path names; nothing if it leads to none of the directories.
    pub(super) fn find(
        &self,
        files: &SimpleHTTPRequestHandler,
        path: &[u8],
    ) -> Option<Result<Script, Refused>> {
        let names = split_path(path, PathRules::NATIVE)?;
        let place = self
            .directories
            .iter()
            .find(|place| names.starts_with(place))?;
        let ends_in_slash = path.ends_with(b"/");
        Some(find_below(files, place, &names, ends_in_slash))
    }
}

/// The first name behind the place that is no directory is that of the script.
fn find_below(
    files: &SimpleHTTPRequestHandler,
    place: &[Vec<u8>],
    names: &[Vec<u8>],
    ends_in_slash: bool,
) -> Result<Script, Refused> {
    let mut directory = join(files.directory(), place);
    let mut count = place.len();
    for name in names.iter().skip(place.len()) {
        count = count.saturating_add(1);
        let file = directory.join(OsStr::from_bytes(name));
        if !files.shows(name) {
            return Err(Refused::Missing);
        }
        if file.is_dir() {
            directory = file;
            continue;
        }
        check(files, &file)?;
        let (leading, rest) = names.split_at_checked(count).unwrap_or((names, &[]));
        return Ok(Script {
            file,
            directory,
            name: text(leading, false),
            path_info: text(rest, ends_in_slash),
            path_translated: (!rest.is_empty()).then(|| join(files.directory(), rest)),
        });
    }
    Err(Refused::NoPlainFile)
}

/// The file is there, is plain, and lies where it may. Whether it can be executed, the system says.
fn check(files: &SimpleHTTPRequestHandler, file: &Path) -> Result<(), Refused> {
    let metadata = fs::metadata(file).map_err(|_| Refused::Missing)?;
    if !files.contains(file) {
        return Err(Refused::Missing);
    }
    if !metadata.is_file() {
        return Err(Refused::NoPlainFile);
    }
    Ok(())
}

fn join(root: &Path, names: &[Vec<u8>]) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(names.iter().map(|name| OsStr::from_bytes(name)));
    path
}

/// The names with a slash before each of them.
fn text(names: &[Vec<u8>], ends_in_slash: bool) -> Vec<u8> {
    let mut path = Vec::new();
    for name in names {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if ends_in_slash {
        path.push(b'/');
    }
    path
}
