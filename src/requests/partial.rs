//! The part of a download that came before it failed, and what tells which representation it is a
//! part of: a strong validator (RFC 9110 sections 8.8 and 13.1.5).

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::dates::parse_http;
use crate::message::HTTPMessage;
use crate::proto::scan;
use crate::replacing::{Readers, create, replace};

/// The largest note in bytes.
const LONGEST_NOTE: u64 = 65_536;

/// How much older than its answer a date must be to tell one representation from the next.
const APART: Duration = Duration::from_secs(60);

/// Where a file is to be.
pub(super) struct Place(PathBuf);

impl Place {
    /// A link stays, and what it leads to is meant.
    ///
    /// # Errors
    /// There is no such folder, or the path is one.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.is_dir() || path.file_name().is_none() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::metadata(folder)?;
        }
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn with(&self, ending: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        self.0.with_file_name(name)
    }
}

/// The files of a download that may be resumed.
pub(super) struct Partial {
    target: PathBuf,
    part: PathBuf,
    note: PathBuf,
}

/// A part that can be gone on with.
pub(super) struct Known {
    pub(super) validator: String,
    /// Where the rest begins: at the end of the part, or where that is all, at its last byte, which
    /// shows whether it is still of the same representation.
    pub(super) start: u64,
    total: Option<u64>,
}

impl Partial {
    pub(super) fn beside(place: &Place) -> Self {
        Self {
            target: place.path().to_owned(),
            part: place.with(".part"),
            note: place.with(".part.of"),
        }
    }

    /// The part, if it is one of this URL.
    pub(super) fn known(&self, url: &str) -> Option<Known> {
        let note = File::open(&self.note).ok()?;
        let mut text = String::new();
        note.take(LONGEST_NOTE).read_to_string(&mut text).ok()?;
        let mut lines = text.lines();
        let (of, validator, total) = (lines.next()?, lines.next()?, lines.next()?);
        if of != url || validator.is_empty() || !scan::is_value(validator.as_bytes()) {
            return None;
        }
        let total: Option<u64> = match total {
            "" => None,
            total => Some(total.parse().ok()?),
        };
        let length = regular_length(&self.part)?;
        let start = length.min(total.map_or(length, |total| total.saturating_sub(1)));
        let is_too_long = total.is_some_and(|total| length > total);
        (start > 0 && !is_too_long).then(|| Known {
            validator: validator.to_owned(),
            start,
            total,
        })
    }

    /// An empty part, and a note of what it will be a part of, if a later answer can tell.
    pub(super) fn begin(&self, url: &str, headers: &HTTPMessage) -> io::Result<File> {
        remove(&self.note)?;
        remove(&self.part)?;
        let file = create(&self.part, &self.target, Readers::Usual)?;
        if let Some(validator) = strong_validator(headers) {
            let total = declared_length(headers);
            let total = total.map_or_else(String::new, |total| total.to_string());
            let note = format!("{url}\n{validator}\n{total}\n");
            replace(&self.note, Readers::Owner, |file| {
                file.write_all(note.as_bytes())
            })?;
        }
        Ok(file)
    }

    /// The part, to be written to from where the rest begins.
    pub(super) fn go_on(&self, known: &Known) -> io::Result<File> {
        let mut file = File::options().write(true).open(&self.part)?;
        file.set_len(known.start)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// After a failure: what can't be gone on with is of no use to anybody.
    pub(super) fn clear_unless_known(&self, url: &str) {
        if self.known(url).is_none() {
            // The failure that counts is the first.
            let _ = remove(&self.note);
            let _ = remove(&self.part);
        }
    }

    /// The part is the whole: it takes its place.
    pub(super) fn finish(&self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.part, &self.target)?;
        remove(&self.note)
    }
}

impl Known {
    /// The length of the whole, if the content of this 206 is the rest of the same representation, to
    /// its end.
    pub(super) fn whole(&self, headers: &HTTPMessage) -> Option<u64> {
        let mut ranges = headers.get_all_bytes("Content-Range");
        let range = ranges.next().filter(|_| ranges.next().is_none());
        let (first, last, total) = range.and_then(content_range)?;
        let is_the_rest = first == self.start && last.checked_add(1) == Some(total);
        let is_as_long = self.total.is_none_or(|known| known == total);
        let is_plain = !headers.contains("Content-Encoding");
        (is_the_rest && is_as_long && is_plain && self.is_not_contradicted(headers))
            .then_some(total)
    }

    /// A 206 to `If-Range` need not repeat the validator; one that does must have the same.
    fn is_not_contradicted(&self, headers: &HTTPMessage) -> bool {
        let name = match self.validator.starts_with('"') {
            true => "ETag",
            false => "Last-Modified",
        };
        let mut repeated = headers.get_all_bytes(name);
        repeated.all(|repeated| repeated.trim_ascii() == self.validator.as_bytes())
    }
}

/// The length of the content as it is kept, where the fields tell.
pub(super) fn declared_length(headers: &HTTPMessage) -> Option<u64> {
    let tells = !headers.contains("Content-Encoding") && !headers.contains("Transfer-Encoding");
    let value = headers.get_bytes("Content-Length").filter(|_| tells)?;
    number(std::str::from_utf8(value).ok()?.trim())
}

/// First and last octet and the length of the whole (RFC 9110 section 14.4).
fn content_range(value: &[u8]) -> Option<(u64, u64, u64)> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let (unit, range) = text.split_once(' ')?;
    let (span, total) = range.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let total = number(total)?;
    (unit.eq_ignore_ascii_case("bytes") && first <= last && last < total)
        .then_some((first, last, total))
}

/// Digits alone; `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A strong entity tag, or else a date that is well before that of the answer (section 8.8.2.2). What
/// has a content coding is not kept as it came, so that nothing can be asked for by its octets.
fn strong_validator(headers: &HTTPMessage) -> Option<String> {
    let text = |name| {
        let value = headers.get_bytes(name)?;
        let value = std::str::from_utf8(value).ok()?.trim();
        scan::is_value(value.as_bytes()).then(|| value.to_owned())
    };
    if headers.contains("Content-Encoding") {
        return None;
    }
    if headers.contains("ETag") {
        return text("ETag").filter(|tag| tag.starts_with('"') && tag.len() > 1);
    }
    let modified = text("Last-Modified")?;
    let now = SystemTime::now();
    let answered = parse_http(&text("Date")?, now).ok()?;
    let age = answered.duration_since(parse_http(&modified, now).ok()?);
    age.is_ok_and(|age| age >= APART).then_some(modified)
}

/// The length of a file that is no link, so that nobody leads the part elsewhere.
fn regular_length(path: &Path) -> Option<u64> {
    let metadata = fs::symlink_metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
