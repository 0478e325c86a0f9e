//! The page that lists a directory (`list_directory`): name, size and date, sorted by each, without
//! scripts, in UTF-8, and with everything escaped that comes from the file system.

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::percent;
use crate::server::files::path::octets;

/// What is shown of an entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: OsString,
    kind: Kind,
    /// Bytes, of a file.
    size: Option<u64>,
    modified: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Directory,
    /// A symbolic link, and whether it leads to a directory.
    Link(bool),
    File,
}

/// What the entries are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Name,
    Size,
    Date,
}

/// How a listing was asked for: `?sort=size&order=desc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sorting {
    order: Order,
    descending: bool,
}

impl Sorting {
    /// Reads a query; what is not understood is the default.
    pub(super) fn of(query: &[u8]) -> Self {
        let mut sorting = Self::default();
        for field in query.split(|&octet| octet == b'&') {
            match field {
                b"sort=size" => sorting.order = Order::Size,
                b"sort=date" => sorting.order = Order::Date,
                b"order=desc" => sorting.descending = true,
                _ => {}
            }
        }
        sorting
    }

    fn compare(self, a: &Entry, b: &Entry) -> Ordering {
        let by_name = || lower(a).cmp(&lower(b)).then_with(|| a.name.cmp(&b.name));
        let order = match self.order {
            Order::Name => by_name(),
            Order::Size => a.size.cmp(&b.size).then_with(by_name),
            Order::Date => a.modified.cmp(&b.modified).then_with(by_name),
        };
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

fn lower(entry: &Entry) -> String {
    entry.name.to_string_lossy().to_lowercase()
}

/// The entries of a directory that `shown` lets through; of links, what they lead to if `followed`
/// lets them.
pub(super) fn entries(
    directory: &Path,
    shown: impl Fn(&[u8]) -> bool,
    followed: impl Fn(&Path) -> bool,
) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if shown(&octets(&name)) {
            entries.push(describe(name, &entry, &followed));
        }
    }
    Ok(entries)
}

/// An entry that has gone meanwhile, or can't be looked at, or must not, is shown by its name alone.
fn describe(name: OsString, entry: &fs::DirEntry, followed: &impl Fn(&Path) -> bool) -> Entry {
    let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
    let path = entry.path();
    let metadata = (!is_link || followed(&path))
        .then(|| fs::metadata(&path).ok())
        .flatten();
    let is_directory = metadata.as_ref().is_some_and(fs::Metadata::is_dir);
    Entry {
        name,
        kind: match (is_link, is_directory) {
            (true, leads) => Kind::Link(leads),
            (false, true) => Kind::Directory,
            (false, false) => Kind::File,
        },
        size: metadata
            .as_ref()
            .filter(|found| found.is_file())
            .map(fs::Metadata::len),
        modified: metadata.and_then(|found| found.modified().ok()),
    }
}

const STYLE: &str = "\
:root { color-scheme: light dark; }\n\
body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }\n\
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }\n\
table { border-collapse: collapse; width: 100%; }\n\
th, td { padding: 0.3rem 0.6rem; text-align: left; }\n\
th { border-bottom: 1px solid; }\n\
td:first-child { overflow-wrap: anywhere; }\n\
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n\
tbody tr:hover { background: color-mix(in srgb, currentColor 8%, transparent); }\n";

/// The page. `title` is the path as a person reads it.
pub(super) fn page(
    title: &str,
    mut entries: Vec<Entry>,
    sorting: Sorting,
    is_root: bool,
) -> String {
    entries.sort_by(|a, b| sorting.compare(a, b));
    let title = escape(&format!("Directory listing for {title}"));
    let mut page = format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>\n{STYLE}</style>\n<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <table>\n<thead>\n<tr>"
    );
    for (order, name, text) in [
        (Order::Name, "name", "Name"),
        (Order::Size, "size", "Size"),
        (Order::Date, "date", "Date"),
    ] {
        push_column(&mut page, sorting, order, name, text);
    }
    page.push_str("</tr>\n</thead>\n<tbody>\n");
    if !is_root {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    for entry in &entries {
        push_row(&mut page, entry);
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

/// The head of a column: a link that sorts by it, or the other way round if it is sorted already.
fn push_column(page: &mut String, sorting: Sorting, order: Order, name: &str, text: &str) {
    let current = sorting.order == order;
    let direction = if current && !sorting.descending {
        "&amp;order=desc"
    } else {
        ""
    };
    let (sort, mark) = match (current, sorting.descending) {
        (false, _) => ("none", ""),
        (true, false) => ("ascending", " \u{2191}"),
        (true, true) => ("descending", " \u{2193}"),
    };
    let class = if order == Order::Name {
        ""
    } else {
        " class=\"number\""
    };
    let written = write!(
        page,
        "<th{class} aria-sort=\"{sort}\"><a href=\"?sort={name}{direction}\">{text}{mark}</a></th>"
    );
    // A `String` takes everything.
    debug_assert!(written.is_ok());
}

fn push_row(page: &mut String, entry: &Entry) {
    let name = entry.name.to_string_lossy();
    let (mark, slash) = match entry.kind {
        Kind::Directory => ("/", "/"),
        Kind::Link(leads) => ("@", if leads { "/" } else { "" }),
        Kind::File => ("", ""),
    };
    // Before a name with a colon, so that it is no scheme.
    page.push_str("<tr><td><a href=\"./");
    percent::encode(&octets(&entry.name), page);
    let size = entry.size.map(|size| size.to_string()).unwrap_or_default();
    let date = entry.modified.and_then(short_date).unwrap_or_default();
    let written = writeln!(
        page,
        "{slash}\">{}{mark}</a></td><td class=\"number\">{size}</td>\
         <td class=\"number\">{date}</td></tr>",
        escape(&name)
    );
    debug_assert!(written.is_ok());
}

/// `1994-11-06 08:49`, in UTC.
fn short_date(time: SystemTime) -> Option<String> {
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let text = crate::dates::formatdate(time)?;
    let mut words = text.split(' ').skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let number = months.find(month)?.checked_div(3)?.checked_add(1)?;
    Some(format!("{year}-{number:02}-{day} {}", time.get(..5)?))
}

/// Text in HTML, and in attributes.
fn escape(text: &str) -> String {
    crate::server::page::escape(text).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn file(name: &str, size: u64, second: u64) -> Entry {
        Entry {
            name: name.into(),
            kind: Kind::File,
            size: Some(size),
            modified: UNIX_EPOCH.checked_add(Duration::from_secs(second)),
        }
    }

    /// The names in the order of the page.
    fn names(query: &[u8]) -> Vec<&'static str> {
        let entries = vec![file("b", 1, 3), file("A", 3, 2), file("C", 2, 1)];
        let page = page("/", entries, Sorting::of(query), true);
        let mut found: Vec<_> = ["A", "b", "C"]
            .into_iter()
            .map(|name| (page.find(&format!(">{name}<")), name))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn entries_are_sorted_as_asked() {
        assert_eq!(names(b""), ["A", "b", "C"]);
        assert_eq!(names(b"sort=name&order=desc"), ["C", "b", "A"]);
        assert_eq!(names(b"sort=size"), ["b", "C", "A"]);
        assert_eq!(names(b"sort=date&order=desc"), ["b", "A", "C"]);
    }

    #[test]
    fn nothing_of_a_name_is_markup() {
        let hostile = "<script>\"&'javascript:x";
        let page = page(
            hostile,
            vec![file(hostile, 0, 0)],
            Sorting::default(),
            false,
        );
        assert!(!page.contains("<script>"));
        assert!(page.contains("href=\"./%3Cscript%3E%22%26%27javascript%3Ax\""));
        assert!(page.contains(">&lt;script&gt;&quot;&amp;'javascript:x</a>"));
    }

    #[test]
    fn dates_are_short() {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(784_111_777));
        assert_eq!(time.and_then(short_date).unwrap(), "1994-11-06 08:49");
    }
}
