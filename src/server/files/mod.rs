//! SimpleHTTPRequestHandler: files and listings of a directory (`http.server`'s handler of that
//! name; RFC 9110 sections 8.8, 13 and 14).
//!
//! Departs from `http.server`: nothing outside the directory is served, files whose names begin with
//! a dot are not, redirects name a path only; entity tags, all preconditions, ranges and compressed
//! files beside the original are new. A file is opened and then compared with the directory's real
//! path; someone who can write inside the directory could still put a link there between both.

mod coding;
mod conditional;
mod listing;
mod media_type;
mod path;
mod ranges;
mod sending;

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::HTTPException;
use crate::percent;
use crate::server::base::{BaseHTTPRequestHandler, Handler};

pub use conditional::{Precondition, Validators, evaluate_preconditions, range_applies};
pub use path::{PathRules, split_path};
pub use ranges::Ranges;

use coding::accepts;
use listing::Sorting;
use sending::Found;

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Links {
    /// Those that lead to something inside the directory.
    #[default]
    Inside,
    /// All, as in `http.server`.
    Follow,
}

/// Serves the files of a directory: `http.server.SimpleHTTPRequestHandler`.
///
/// To change what it does, wrap it: a handler of your own calls the methods of this one.
///
/// ```no_run
/// use stdhttp::server::{SimpleHTTPRequestHandler, ThreadingHTTPServer};
///
/// let files = SimpleHTTPRequestHandler::new("site")?.index_pages(["index.html"]);
/// ThreadingHTTPServer::bind("127.0.0.1:8000", files)?.serve_forever();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimpleHTTPRequestHandler {
    directory: PathBuf,
    index_pages: Vec<String>,
    extensions_map: Vec<(String, String)>,
    default_content_type: String,
    extra_response_headers: Vec<(String, String)>,
    dot_files: bool,
    links: Links,
    listing: bool,
    precompressed: bool,
    /// Directories in it of whose content nothing is sent.
    withheld: Vec<PathBuf>,
}

impl SimpleHTTPRequestHandler {
    /// Serves this directory (`directory`).
    ///
    /// # Errors
    /// The directory is not there, is none, or can't be read.
    pub fn new(directory: impl AsRef<Path>) -> io::Result<Self> {
        let directory = fs::canonicalize(directory)?;
        if !fs::metadata(&directory)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            directory,
            index_pages: vec!["index.html".to_owned(), "index.htm".to_owned()],
            extensions_map: Vec::new(),
            default_content_type: media_type::DEFAULT.to_owned(),
            extra_response_headers: Vec::new(),
            dot_files: false,
            links: Links::Inside,
            listing: true,
            precompressed: false,
            withheld: Vec::new(),
        })
    }

    /// The directory, without links in its path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Files that stand for their directory, in the order in which they are looked for
    /// (`index_pages`).
    #[must_use]
    pub fn index_pages(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.index_pages = names.into_iter().map(Into::into).collect();
        self
    }

    /// The type of files with this extension, which begins with a dot (`extensions_map`).
    #[must_use]
    pub fn extension(mut self, extension: &str, content_type: &str) -> Self {
        let extension = extension.trim_start_matches('.').to_ascii_lowercase();
        self.extensions_map
            .push((extension, content_type.to_owned()));
        self
    }

    /// The type of files that are not known (`default_content_type`).
    #[must_use]
    pub fn default_content_type(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.default_content_type);
        self
    }

    /// A field of every 200 and 206 (`extra_response_headers`). 304 has it too where that says how
    /// what the client has is cached: `Cache-Control`, `Content-Location`, `Expires`, `Vary`.
    #[must_use]
    pub fn extra_response_header(mut self, name: &str, value: &str) -> Self {
        let field = (name.to_owned(), value.to_owned());
        self.extra_response_headers.push(field);
        self
    }

    /// Whether files are served and listed whose names begin with a dot. They are not by default,
    /// but for those below `.well-known` (RFC 8615).
    #[must_use]
    pub fn dot_files(mut self, served: bool) -> Self {
        self.dot_files = served;
        self
    }

    /// Which symbolic links are followed.
    #[must_use]
    pub fn links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// Whether directories without an index page are listed; otherwise they get 403.
    #[must_use]
    pub fn listing(mut self, listed: bool) -> Self {
        self.listing = listed;
        self
    }

    /// Whether a file with `.br`, `.zst` or `.gz` behind the name is sent in place of the original
    /// to clients that take its coding.
    #[must_use]
    pub fn precompressed(mut self, looked_for: bool) -> Self {
        self.precompressed = looked_for;
        self
    }

    /// Where the file of a request's path lies (`translate_path`): below the directory, or nowhere.
    pub fn translate_path(&self, path: &str) -> Option<PathBuf> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let names = split_path(path.as_bytes(), PathRules::NATIVE)?;
        if !names.iter().all(|name| self.shows(name)) {
            return None;
        }
        Some(self.directory.join(path::join(&names)?))
    }

    /// Withholds what lies in the directories of scripts, under whatever name it is asked for.
    #[cfg(unix)]
    pub(super) fn withhold(mut self, directories: Vec<PathBuf>) -> Self {
        self.withheld = directories;
        self
    }

    /// Whether files of this name are served.
    pub(super) fn shows(&self, name: &[u8]) -> bool {
        self.dot_files || !name.starts_with(b".") || name == b".well-known"
    }

    /// The type of a file by its name (`guess_type`).
    pub fn guess_type(&self, path: &Path) -> &str {
        self.own_type(path)
            .or_else(|| media_type::of(path))
            .unwrap_or(&self.default_content_type)
    }

    /// The type that this handler was given for the name.
    fn own_type(&self, path: &Path) -> Option<&str> {
        if self.extensions_map.is_empty() {
            return None;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let extension = extension.to_ascii_lowercase();
        let mut own = self.extensions_map.iter().rev();
        let found = own.find(|(known, _)| *known == extension);
        found.map(|(_, own)| own.as_str())
    }

    /// Answers GET and HEAD: the file, its directory's index page or a listing, or what is wrong
    /// (`send_head`, `copyfile`).
    ///
    /// # Errors
    /// Those of sending; what is wrong with the path is answered.
    pub fn send_file(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let target = request.request().target();
        let (raw, query) = (target.path().to_vec(), target.query().map(<[u8]>::to_vec));
        self.send_target(request, &raw, query.as_deref())
    }

    /// As [`Self::send_file`], for a path that need not be the request's own.
    pub(super) fn send_target(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        raw: &[u8],
        query: Option<&[u8]>,
    ) -> Result<(), HTTPException> {
        let path = std::str::from_utf8(raw).unwrap_or_default();
        let Some(path) = self.translate_path(path) else {
            return request.send_error(404, "File not found", None);
        };
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return refuse(request, &error, None),
        };
        let ends_in_slash = raw.ends_with(b"/") || raw.is_empty();
        match (metadata.is_dir(), ends_in_slash) {
            (true, true) => self.send_directory(request, &path, raw, query.unwrap_or_default()),
            // Nor is it told that there is a directory outside.
            (true, false) if !self.is_inside(None, &path) => {
                request.send_error(404, "File not found", None)
            }
            (true, false) => redirect(request, raw, query),
            (false, true) => request.send_error(404, "File not found", None),
            (false, false) => self.send_found(request, &path, &metadata),
        }
    }

    fn send_directory(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        path: &Path,
        raw: &[u8],
        query: &[u8],
    ) -> Result<(), HTTPException> {
        for name in &self.index_pages {
            let index = path.join(name);
            if let Some(metadata) = fs::metadata(&index).ok().filter(Metadata::is_file) {
                return self.send_found(request, &index, &metadata);
            }
        }
        if !self.listing {
            return request.send_error(403, None, None);
        }
        if !self.is_inside(None, path) {
            return request.send_error(404, "File not found", None);
        }
        self.list(request, path, raw, Sorting::of(query))
    }

    /// Lists a directory by name (`list_directory`).
    ///
    /// # Errors
    /// Those of sending; a directory that can't be read is answered.
    pub fn list_directory(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        path: &Path,
    ) -> Result<(), HTTPException> {
        let raw = request.request().target().path().to_vec();
        self.list(request, path, &raw, Sorting::default())
    }

    fn list(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        path: &Path,
        raw: &[u8],
        sorting: Sorting,
    ) -> Result<(), HTTPException> {
        let entries = match listing::entries(
            path,
            |name| self.shows(name) && path::is_plain(name, PathRules::NATIVE),
            |link| self.is_inside(None, link),
        ) {
            Ok(entries) => entries,
            Err(error) => return refuse(request, &error, Some("No permission to list directory")),
        };
        let title = percent::decode(raw, false);
        let title = String::from_utf8_lossy(&title);
        let page = listing::page(&title, entries, sorting, path == self.directory);
        request.send_response(200, None)?;
        request.send_header("Content-Type", "text/html; charset=utf-8")?;
        request.send_header("Content-Length", page.len())?;
        self.send_extra(request, |_| true)?;
        request.end_headers()?;
        request.write_body(page.as_bytes())
    }

    fn send_extra(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        sent: impl Fn(&str) -> bool,
    ) -> Result<(), HTTPException> {
        for (name, value) in &self.extra_response_headers {
            if sent(name) {
                request.send_header(name, value)?;
            }
        }
        Ok(())
    }

    /// Whether the real path of what was opened, or of this path, lies in the directory.
    fn is_inside(&self, file: Option<&File>, path: &Path) -> bool {
        let real = || match file.and_then(real_path) {
            Some(real) => Some(real),
            None => fs::canonicalize(path).ok(),
        };
        let inside = |real: &Path| self.links == Links::Follow || lies_in(real, &self.directory);
        let all_are = self.links == Links::Follow && self.withheld.is_empty();
        all_are || real().is_some_and(|real| inside(&real) && !self.withholds(&real))
    }

    fn withholds(&self, real: &Path) -> bool {
        let lies_in = |place: &PathBuf| match fs::canonicalize(place) {
            Ok(place) => real.starts_with(place),
            Err(_) => real.starts_with(place),
        };
        self.withheld.iter().any(lies_in)
    }

    /// Whether links lead from this path to nowhere else than they may.
    #[cfg(unix)]
    pub(super) fn contains(&self, path: &Path) -> bool {
        let real = || fs::canonicalize(path);
        self.links == Links::Follow || real().is_ok_and(|real| real.starts_with(&self.directory))
    }

    /// Opens a file and sends it.
    fn send_found(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        path: &Path,
        metadata: &Metadata,
    ) -> Result<(), HTTPException> {
        // To open a pipe would block.
        if !metadata.is_file() {
            return request.send_error(404, "File not found", None);
        }
        let found = match self.open(request, path) {
            Ok(found) => found,
            Err(error) if self.is_inside(None, path) => return refuse(request, &error, None),
            Err(_) => return request.send_error(404, "File not found", None),
        };
        if !self.is_inside(Some(&found.file), path) {
            return request.send_error(404, "File not found", None);
        }
        sending::send(self, request, found)
    }

    /// The file, or the compressed one beside it that the client prefers.
    fn open(&self, request: &BaseHTTPRequestHandler<'_>, path: &Path) -> io::Result<Found> {
        let content_type = self.guess_type(path).to_owned();
        if !self.precompressed {
            return Found::new(File::open(path)?, content_type, None);
        }
        let accepted = request.headers().getheader("accept-encoding");
        let accepted = accepted.unwrap_or_default();
        for (coding, extension) in [("br", "br"), ("zstd", "zst"), ("gzip", "gz")] {
            if !accepts(&accepted, coding) {
                continue;
            }
            let mut beside = path.as_os_str().to_owned();
            beside.push(".");
            beside.push(extension);
            let is_file = fs::metadata(&beside).is_ok_and(|found| found.is_file());
            let file = is_file.then(|| File::open(&beside).ok()).flatten();
            let inside = |file: &File| self.is_inside(Some(file), Path::new(&beside));
            if let Some(file) = file.filter(inside) {
                return Found::new(file, content_type, Some(coding));
            }
        }
        Found::new(File::open(path)?, content_type, None)
    }
}

impl Handler for SimpleHTTPRequestHandler {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.send_file(request)
    }

    fn methods(&self) -> &[&str] {
        &["GET", "HEAD", "OPTIONS"]
    }
}

/// Whether a path lies in a directory: by its octets, which need not be taken apart where both are
/// written alike, and else by the names in it.
fn lies_in(path: &Path, directory: &Path) -> bool {
    let (path_octets, directory_octets) = (path.as_os_str(), directory.as_os_str());
    let rest = path_octets
        .as_encoded_bytes()
        .strip_prefix(directory_octets.as_encoded_bytes());
    matches!(rest, Some([b'/', ..])) || path.starts_with(directory)
}

/// The path of an open file, which nobody can change any more, where the system tells.
#[cfg(target_os = "linux")]
fn real_path(file: &File) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

#[cfg(not(target_os = "linux"))]
fn real_path(_file: &File) -> Option<PathBuf> {
    None
}

/// What answers a file that can't be had. `denied` is what is said where permission is missing.
fn refuse(
    request: &mut BaseHTTPRequestHandler<'_>,
    error: &io::Error,
    denied: Option<&str>,
) -> Result<(), HTTPException> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => request.send_error(403, denied, None),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            request.send_error(404, "File not found", None)
        }
        _ if is_no_name(error) => request.send_error(404, "File not found", None),
        _ if is_exhaustion(error) => request.send_unavailable(),
        _ => request.send_error(500, None, None),
    }
}

/// How the system says that a name is too long, has what names may not have, or is that of links
/// which lead to each other.
const NO_NAME: &[i32] = if cfg!(windows) {
    &[123, 161, 206, 1921]
} else if cfg!(target_os = "linux") {
    &[36, 40, 84]
} else {
    &[62, 63, 86, 92]
};

/// A name that no file can have.
fn is_no_name(error: &io::Error) -> bool {
    error
        .raw_os_error()
        .is_some_and(|code| NO_NAME.contains(&code))
}

/// Too many open files, of the process or of the system.
fn is_exhaustion(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// To the directory with a slash behind its name: relative, so that no host of the request's choice
/// can get into it.
fn redirect(
    request: &mut BaseHTTPRequestHandler<'_>,
    path: &[u8],
    query: Option<&[u8]>,
) -> Result<(), HTTPException> {
    let name = path
        .rsplit(|&octet| octet == b'/')
        .next()
        .unwrap_or_default();
    let mut location = match path == request.request().target().path() {
        true => [b"./", name, b"/"].concat(),
        // The client does not know this path, which a script has named.
        false => [b"/", trim_slashes(path), b"/"].concat(),
    };
    if let Some(query) = query {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    request.send_response(301, None)?;
    request.send_header("Location", location)?;
    request.send_header("Content-Length", 0)?;
    request.end_headers()
}

/// A path that begins with two slashes would name a host.
fn trim_slashes(path: &[u8]) -> &[u8] {
    let slashes = path.iter().take_while(|&&octet| octet == b'/').count();
    path.get(slashes..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::serve;

    /// The status line that answers a file which this error keeps from being sent.
    fn refused(error: &io::Error) -> String {
        let answer = |request: &mut BaseHTTPRequestHandler<'_>| refuse(request, error, Some("No"));
        let came = serve(&answer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let came = String::from_utf8(came).unwrap();
        came.lines().next().unwrap().to_owned()
    }

    #[test]
    fn what_keeps_a_file_from_being_sent_has_its_status() {
        for (kind, line) in [
            (io::ErrorKind::PermissionDenied, "HTTP/1.1 403 No"),
            (io::ErrorKind::NotFound, "HTTP/1.1 404 File not found"),
            (io::ErrorKind::NotADirectory, "HTTP/1.1 404 File not found"),
            (io::ErrorKind::InvalidInput, "HTTP/1.1 404 File not found"),
            (io::ErrorKind::Other, "HTTP/1.1 500 Internal Server Error"),
        ] {
            assert_eq!(refused(&kind.into()), line);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_lacks_is_no_fault_of_the_name() {
        const EIO: i32 = 5;
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        const ENAMETOOLONG: i32 = 36;
        for (code, status) in [
            (EIO, " 500 "),
            (ENFILE, " 503 "),
            (EMFILE, " 503 "),
            (ENAMETOOLONG, " 404 "),
        ] {
            let line = refused(&io::Error::from_raw_os_error(code));
            assert!(line.contains(status), "{code}: {line}");
        }
    }

    /// As where a link is put into the place of a file between the look at its path and its opening.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_open_file_lies_where_it_was_opened() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = SimpleHTTPRequestHandler::new(&directory).unwrap();
        let (inside, outside) = (directory.join("lib.rs"), directory.join("../Cargo.toml"));
        let open = |path: &Path| File::open(path).unwrap();
        assert!(files.is_inside(Some(&open(&inside)), &outside));
        assert!(!files.is_inside(Some(&open(&outside)), &inside));
    }
}
