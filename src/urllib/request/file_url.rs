//! `FileHandler`: `file:` URLs (RFC 8089), for those who ask for them, and paths as URLs.
//!
//! Departs from Python: no opener has it by default, regular files alone are opened, nothing but the
//! name decides whether a host is this one, and there is no guess at a media type.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::error::URLError;
use super::opener::{BaseHandler, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;
use crate::dates::formatdate;
use crate::message::HTTPMessage;
use crate::parse_error::{Fault, ParseError, Part};
use crate::urllib::parse::{quote, unquote};

/// Opens `file:` URLs of this host (`urllib.request.FileHandler`). The answer has `Content-Length`
/// and `Last-Modified`.
///
/// A URL that comes from elsewhere then reads whatever this process may read: don't put this
/// handler in an opener that is given such URLs. No redirect leads to a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileHandler;

impl BaseHandler for FileHandler {
    fn role(&self) -> Role {
        Role::File
    }

    fn open(
        &self,
        _: &OpenerDirector,
        request: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        match request.scheme() {
            "file" => open_local(request).map(Some),
            _ => Ok(None),
        }
    }
}

fn open_local(request: &Request) -> Result<Response, URLError> {
    if !matches!(
        request.host().to_ascii_lowercase().as_str(),
        "" | "localhost"
    ) {
        return Err(URLError::NotLocal);
    }
    let selector = request.selector();
    let path = selector.split('?').next().unwrap_or_default();
    let file = File::open(url2pathname(path)?).map_err(URLError::File)?;
    let metadata = file.metadata().map_err(URLError::File)?;
    if !metadata.is_file() {
        return Err(URLError::File(std::io::ErrorKind::InvalidInput.into()));
    }
    let mut headers = HTTPMessage::new();
    headers.append("Content-Length", metadata.len().to_string());
    if let Some(modified) = metadata.modified().ok().and_then(formatdate) {
        headers.append("Last-Modified", modified);
    }
    let response = Response::new(request.full_url(), 200, headers, BufReader::new(file));
    Ok(response.with_length(metadata.len()))
}

/// The path of a file from the path of a URL, percent-decoded (`urllib.request.url2pathname`). On
/// Windows `/C:/x` is `C:/x`.
///
/// # Errors
/// A path with a NUL, or with `%2F`, which no file's name can have in it.
pub fn url2pathname(path: &str) -> Result<PathBuf, ParseError> {
    let malformed = ParseError::new(Part::Path, Fault::Malformed, 0);
    let decoded = unquote(path);
    let hides_slash = path.to_ascii_lowercase().contains("%2f");
    if hides_slash || decoded.contains('\0') {
        return Err(malformed);
    }
    let drive = decoded.strip_prefix('/').filter(|rest| {
        let mut start = rest.chars();
        let letter = start
            .next()
            .is_some_and(|letter| letter.is_ascii_alphabetic());
        cfg!(windows) && letter && start.next() == Some(':')
    });
    Ok(PathBuf::from(drive.unwrap_or(&decoded)))
}

/// The path of a URL from the path of a file, percent-encoded (`urllib.request.pathname2url`).
/// Nothing for a path that is not UTF-8.
#[must_use]
pub fn pathname2url(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let text = match cfg!(windows) {
        true => text.replace('\\', "/"),
        false => text.to_owned(),
    };
    let root = match cfg!(windows) && path.is_absolute() && !text.starts_with('/') {
        true => "/",
        false => "",
    };
    Some(format!("{root}{}", quote(text, "/:")))
}
