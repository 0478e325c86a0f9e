//! The promise: files are served as `http.server` serves them, with entity tags, preconditions and
//! ranges as RFC 9110 has them, and nothing outside the directory is.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stdhttp::dates::formatdate;
use stdhttp::server::{
    BaseHTTPRequestHandler, Handler, Links, PathRules, Precondition, Ranges,
    SimpleHTTPRequestHandler, Validators, evaluate_preconditions, range_applies, split_path,
};
use stdhttp::testing::serve;
use stdhttp::{HTTPException, HTTPMessage, HTTPResponse};

#[path = "support/folder.rs"]
mod folder;

use folder::Folder;

impl Folder {
    /// A file that was changed long ago.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(changed()).unwrap();
        path
    }

    fn handler(&self) -> SimpleHTTPRequestHandler {
        SimpleHTTPRequestHandler::new(&self.0).unwrap()
    }
}

fn changed() -> SystemTime {
    UNIX_EPOCH + Duration::new(784_111_777, 500_000_000)
}

const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The handler without its log.
struct Quiet(SimpleHTTPRequestHandler);

impl Handler for Quiet {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.0.dispatch(request)
    }

    fn methods(&self) -> &[&str] {
        self.0.methods()
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// What came: status, fields, body.
#[derive(Debug)]
struct Came {
    status: u16,
    headers: HTTPMessage,
    body: Vec<u8>,
}

impl Came {
    fn field(&self, name: &str) -> Option<String> {
        self.headers.getheader(name).map(|value| value.into_owned())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }
}

fn ask(handler: &SimpleHTTPRequestHandler, method: &str, target: &str, fields: &[&str]) -> Came {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let came = serve(&Quiet(handler.clone()), request);
    let mut response = HTTPResponse::from_reader(&came[..], method).expect("a response");
    Came {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.read(None).expect("a whole body"),
    }
}

fn get(handler: &SimpleHTTPRequestHandler, target: &str) -> Came {
    ask(handler, "GET", target, &[])
}

#[test]
fn a_file_comes_with_what_describes_it() {
    let folder = Folder::new("file");
    folder.file("a.html", "<p>hello");
    let came = get(&folder.handler(), "/a.html");
    assert_eq!((came.status, &came.body[..]), (200, &b"<p>hello"[..]));
    assert_eq!(came.field("content-type").unwrap(), "text/html");
    assert_eq!(came.field("content-length").unwrap(), "8");
    assert_eq!(came.field("last-modified").unwrap(), CHANGED);
    assert_eq!(came.field("accept-ranges").unwrap(), "bytes");
    let tag = came.field("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with("-8\""), "{tag}");
    let head = ask(&folder.handler(), "HEAD", "/a.html", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.field("content-length").unwrap(), "8");
}

#[test]
fn a_large_file_comes_whole() {
    let folder = Folder::new("large");
    let content: Vec<u8> = (0..3_000_001u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    folder.file("large", &content);
    let came = get(&folder.handler(), "/large");
    assert_eq!(came.field("content-length").unwrap(), "3000001");
    assert!(came.body == content);
    let part = ask(
        &folder.handler(),
        "GET",
        "/large",
        &["Range: bytes=1000000-2000000"],
    );
    assert!(part.body == content[1_000_000..=2_000_000]);
}

#[test]
fn slashes_tell_files_from_directories() {
    let folder = Folder::new("slashes");
    folder.file("file", "x");
    folder.file("dir/inner", "y");
    folder.file("index/index.html", "start");
    fs::create_dir_all(folder.0.join("odd/index.html")).unwrap();
    let handler = folder.handler();
    for (target, status) in [
        ("/file", 200),
        ("/file/", 404),
        ("/file%2f", 404),
        ("/file%2F", 404),
        ("/dir/", 200),
        ("/dir", 301),
        ("/dir/?hi=2", 200),
        ("/missing", 404),
        ("/missing/", 404),
        ("/file/below", 404),
        ("/odd/", 200),
        ("/dir//inner", 200),
        ("//dir/inner", 200),
        ("/dir/inner?query", 200),
    ] {
        assert_eq!(get(&handler, target).status, status, "{target}");
    }
    // No file can be called so.
    let long = format!("/{}", "x".repeat(300));
    assert_eq!(get(&handler, &long).status, 404);
    assert_eq!(get(&handler, "/index/").text(), "start");
    // A directory of that name is no index page.
    assert!(
        get(&handler, "/odd/")
            .text()
            .contains("Directory listing for /odd/")
    );
    let redirect = get(&handler, "/dir?hi=1");
    assert_eq!(redirect.field("location").unwrap(), "./dir/?hi=1");
    assert_eq!(redirect.field("content-length").unwrap(), "0");
}

#[test]
fn redirects_never_name_a_host() {
    let folder = Folder::new("redirects");
    fs::create_dir_all(folder.0.join("existing/python.org")).unwrap();
    let handler = folder.handler();
    for target in [
        "//existing",
        "///existing",
        "/existing/python.org",
        "//existing//python.org",
        "http://elsewhere.example/existing",
        "https://elsewhere.example//existing",
    ] {
        let came = get(&handler, target);
        assert_eq!(came.status, 301, "{target}");
        let location = came.field("location").unwrap();
        assert!(
            location.starts_with("./") && location.ends_with('/'),
            "{location}"
        );
        assert_eq!(location.matches('/').count(), 2, "{location}");
    }
    let attack = "//python.org/..%2f..%2f..%2f..%2f..%2f../%0a%0d/../existing";
    assert_eq!(get(&handler, attack).status, 404);
}

#[test]
fn nothing_outside_is_served() {
    let folder = Folder::new("outside");
    folder.file("root/inside", "in");
    folder.file("secret", "out");
    folder.file("root-of-another/file", "out");
    let handler = SimpleHTTPRequestHandler::new(folder.0.join("root")).unwrap();
    for target in [
        "/../secret",
        "/./../secret",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/..%2fsecret",
        "/..%5csecret",
        "/..\\secret",
        "/inside/../../secret",
        "/../root-of-another/file",
        "/%00",
        "/inside%00.html",
        "/.%00./secret",
    ] {
        let came = get(&handler, target);
        assert_eq!(
            (came.status, came.text().contains("out\n")),
            (404, false),
            "{target}"
        );
    }
    assert_eq!(get(&handler, "/inside").text(), "in");
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_elsewhere_only_if_asked_for() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links");
    folder.file("root/real/file", "in");
    folder.file("secret/file", "out");
    let root = folder.0.join("root");
    symlink(root.join("real"), root.join("inside")).unwrap();
    symlink(folder.0.join("secret"), root.join("outside")).unwrap();
    symlink(folder.0.join("secret/file"), root.join("file")).unwrap();
    symlink(root.join("round"), root.join("round")).unwrap();
    let handler = SimpleHTTPRequestHandler::new(&root).unwrap();
    assert_eq!(get(&handler, "/inside/file").text(), "in");
    for target in ["/outside/file", "/outside/", "/file", "/round"] {
        let status = get(&handler, target).status;
        assert!(matches!(status, 404 | 500), "{target}: {status}");
    }
    let follows = handler.links(Links::Follow);
    assert_eq!(get(&follows, "/outside/file").text(), "out");
    assert_eq!(get(&follows, "/file").text(), "out");
    let listing = get(&follows, "/").text();
    assert!(
        listing.contains("href=\"./outside/\">outside@</a>"),
        "{listing}"
    );
    assert!(listing.contains("href=\"./file\">file@</a>"), "{listing}");
}

#[test]
fn dot_files_are_not_shown() {
    let folder = Folder::new("dots");
    folder.file(".secret", "x");
    folder.file(".git/config", "x");
    folder.file(".well-known/acme", "y");
    let handler = folder.handler();
    assert_eq!(get(&handler, "/.secret").status, 404);
    assert_eq!(get(&handler, "/.git/config").status, 404);
    assert_eq!(get(&handler, "/.well-known/acme").text(), "y");
    assert!(!get(&handler, "/").text().contains("secret"));
    let shown = handler.dot_files(true);
    assert_eq!(get(&shown, "/.secret").text(), "x");
    assert!(get(&shown, "/").text().contains(".secret"));
}

#[test]
fn a_listing_shows_names_as_they_are_and_leads_to_them() {
    let folder = Folder::new("listing");
    let names = [
        "q?",
        "f#",
        "&amp;",
        "&amp",
        "<i>",
        "\"dq\"",
        "'sq'",
        "%A4",
        "%E2%82%AC",
        "ä ö",
        "a:b",
    ];
    for name in names {
        folder.file(&format!("{name}-file"), name);
        fs::create_dir_all(folder.0.join(format!("{name}-dir"))).unwrap();
    }
    let handler = folder.handler();
    let came = get(&handler, "/");
    assert_eq!(
        came.field("content-type").unwrap(),
        "text/html; charset=utf-8"
    );
    let page = came.text();
    assert!(
        page.contains("<title>Directory listing for /</title>"),
        "{page}"
    );
    let links: Vec<&str> = page
        .split("href=\"./")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(links.len(), 2 * names.len());
    let mut found = 0;
    for link in links {
        let came = get(&handler, &format!("/{link}"));
        assert_eq!(came.status, 200, "{link}");
        found += usize::from(names.contains(&came.text().as_str()));
    }
    assert_eq!(found, names.len());
    assert_eq!(get(&handler.listing(false), "/").status, 403);
}

#[test]
fn a_listing_leads_up_and_sorts_by_its_columns() {
    let folder = Folder::new("columns");
    folder.file("below/a", "a");
    let handler = folder.handler();
    let up = "<td><a href=\"../\">../</a></td>";
    assert!(!get(&handler, "/").text().contains(up));
    assert!(get(&handler, "/below/").text().contains(up));
    let name = |sort: &str, more: &str, mark: &str| {
        format!("<th aria-sort=\"{sort}\"><a href=\"?sort=name{more}\">Name{mark}</a></th>")
    };
    let size = |sort: &str, more: &str, mark: &str| {
        format!(
            "<th class=\"number\" aria-sort=\"{sort}\"><a href=\"?sort=size{more}\">Size{mark}</a></th>"
        )
    };
    let turns = "&amp;order=desc";
    for (query, columns) in [
        (
            "",
            [name("ascending", turns, " \u{2191}"), size("none", "", "")],
        ),
        (
            "?order=desc",
            [name("descending", "", " \u{2193}"), size("none", "", "")],
        ),
        (
            "?sort=size",
            [name("none", "", ""), size("ascending", turns, " \u{2191}")],
        ),
        (
            "?sort=size&order=desc",
            [name("none", "", ""), size("descending", "", " \u{2193}")],
        ),
    ] {
        let page = get(&handler, &format!("/below/{query}")).text();
        assert!(page.contains(&columns.concat()), "{query}: {page}");
    }
}

#[test]
fn a_handler_lists_a_directory_by_name() {
    let folder = Folder::new("by-name");
    folder.file("below/a", "a");
    let (files, below) = (folder.handler(), folder.0.join("below"));
    let answer = |request: &mut BaseHTTPRequestHandler<'_>| files.list_directory(request, &below);
    let came = serve(
        &answer,
        "GET /some%20where?sort=size HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let mut response = HTTPResponse::from_reader(&came[..], "GET").expect("a response");
    assert_eq!(response.status(), 200);
    let page = String::from_utf8(response.read(None).unwrap()).unwrap();
    for part in [
        "<h1>Directory listing for /some where</h1>",
        "<a href=\"./a\">a</a>",
        "<a href=\"../\">../</a>",
        "<th aria-sort=\"ascending\">",
    ] {
        assert!(page.contains(part), "{page}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_can_be_reached() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes");
    let name = std::ffi::OsStr::from_bytes(b"\xff.txt");
    fs::write(folder.0.join(name), "x").unwrap();
    let page = get(&folder.handler(), "/").text();
    assert!(
        page.contains("href=\"./%FF.txt\">\u{fffd}.txt</a>"),
        "{page}"
    );
    assert_eq!(get(&folder.handler(), "/%ff.txt").text(), "x");
    let name = std::ffi::OsStr::from_bytes(b"\xff.dir");
    fs::create_dir(folder.0.join(name)).unwrap();
    let page = get(&folder.handler(), "/%ff.dir/").text();
    assert!(
        page.contains("<h1>Directory listing for /\u{fffd}.dir/</h1>"),
        "{page}"
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    let folder = Folder::new("special");
    let socket = std::os::unix::net::UnixListener::bind(folder.0.join("socket")).unwrap();
    assert_eq!(get(&folder.handler(), "/socket").status, 404);
    drop(socket);
    let long = format!("/{}", "a".repeat(300));
    assert_eq!(get(&folder.handler(), &long).status, 404);
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_hide_their_length_arrive() {
    let handler = SimpleHTTPRequestHandler::new("/proc/sys/kernel").unwrap();
    let came = get(&handler, "/ostype");
    assert_eq!(came.text(), "Linux\n");
    let folder = Folder::new("empty");
    folder.file("empty", "");
    let came = ask(&folder.handler(), "GET", "/empty", &["Range: bytes=0-1"]);
    assert_eq!(
        (came.status, came.field("content-length").unwrap().as_str()),
        (200, "0")
    );
}

#[test]
fn the_type_is_that_of_the_extension() {
    let folder = Folder::new("types");
    let handler = folder
        .handler()
        .extension(".Own", "text/own")
        .extension(".js", "text/mine");
    for (name, expected) in [
        ("a.html", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("a.own", "text/own"),
        ("a.js", "text/mine"),
        ("a.mjs", "text/javascript"),
        ("a.wasm", "application/wasm"),
        ("a", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ] {
        assert_eq!(handler.guess_type(Path::new(name)), expected, "{name}");
    }
    let handler = handler.default_content_type("text/plain");
    assert_eq!(handler.guess_type(Path::new("a.unknown")), "text/plain");
}

#[test]
fn fields_of_ones_own_are_on_content_only() {
    let folder = Folder::new("extra");
    folder.file("a", "x");
    let handler = folder
        .handler()
        .extra_response_header("Access-Control-Allow-Origin", "*");
    let field = |target| get(&handler, target).field("access-control-allow-origin");
    assert_eq!(field("/a").unwrap(), "*");
    assert_eq!(field("/").unwrap(), "*");
    assert_eq!(field("/missing"), None);
}

#[test]
fn compressed_files_beside_the_original_are_preferred_where_accepted() {
    let folder = Folder::new("compressed");
    folder.file("a.txt", "plain");
    folder.file("a.txt.gz", "gzipped");
    folder.file("a.txt.br", "brotli");
    let handler = folder.handler().precompressed(true);
    for (accepted, body, coding) in [
        ("gzip", "gzipped", Some("gzip")),
        ("gzip, br", "brotli", Some("br")),
        ("br;q=0, gzip;q=0.5", "gzipped", Some("gzip")),
        ("identity", "plain", None),
        ("br;q=0.000, *", "gzipped", Some("gzip")),
        ("", "plain", None),
    ] {
        let came = ask(
            &handler,
            "GET",
            "/a.txt",
            &[&format!("Accept-Encoding: {accepted}")],
        );
        assert_eq!(
            (
                came.text().as_str(),
                came.field("content-encoding").as_deref()
            ),
            (body, coding)
        );
        assert_eq!(came.field("vary").unwrap(), "Accept-Encoding");
        assert_eq!(came.field("content-type").unwrap(), "text/plain");
    }
    let plain = ask(
        &folder.handler(),
        "GET",
        "/a.txt",
        &["Accept-Encoding: gzip"],
    );
    assert_eq!(
        (plain.text().as_str(), plain.field("vary")),
        ("plain", None)
    );
}

#[test]
fn other_methods_are_not_allowed() {
    let folder = Folder::new("methods");
    let came = ask(&folder.handler(), "DELETE", "/", &[]);
    assert_eq!(
        (came.status, came.field("allow").unwrap().as_str()),
        (405, "GET, HEAD, OPTIONS")
    );
    assert_eq!(ask(&folder.handler(), "FOO", "/", &[]).status, 501);
}

#[test]
fn sv_s_13_2_1_preconditions_are_asked_in_their_order() {
    let folder = Folder::new("preconditions");
    folder.file("a", "x");
    let tag = get(&folder.handler(), "/a").field("etag").unwrap();
    let before = formatdate(changed() - Duration::from_secs(3_600)).unwrap();
    let after = formatdate(changed() + Duration::from_secs(3_600)).unwrap();
    for (fields, status) in [
        (vec![format!("If-None-Match: {tag}")], 304),
        (vec![format!("If-None-Match: W/{tag}")], 304),
        (vec![format!("If-None-Match: \"x\", {tag}")], 304),
        (vec![format!("If-None-Match: \"a,b\", {tag}")], 304),
        (vec!["If-None-Match: *".to_owned()], 304),
        (vec!["If-None-Match: \"x\"".to_owned()], 200),
        // If-None-Match goes before If-Modified-Since.
        (
            vec![
                "If-None-Match: \"x\"".to_owned(),
                format!("If-Modified-Since: {after}"),
            ],
            200,
        ),
        (vec![format!("If-Modified-Since: {CHANGED}")], 304),
        (vec![format!("If-Modified-Since: {after}")], 304),
        (vec![format!("If-Modified-Since: {before}")], 200),
        (vec!["If-Modified-Since: whenever".to_owned()], 200),
        (vec![format!("If-Match: {tag}")], 200),
        (vec!["If-Match: *".to_owned()], 200),
        (vec!["If-Match: \"x\"".to_owned()], 412),
        (vec![format!("If-Match: W/{tag}")], 412),
        // If-Match goes before If-Unmodified-Since.
        (
            vec![
                format!("If-Match: {tag}"),
                format!("If-Unmodified-Since: {before}"),
            ],
            200,
        ),
        (vec![format!("If-Unmodified-Since: {CHANGED}")], 200),
        (vec![format!("If-Unmodified-Since: {before}")], 412),
        // The first group before the second.
        (
            vec![
                "If-Match: \"x\"".to_owned(),
                format!("If-None-Match: {tag}"),
            ],
            412,
        ),
        (
            vec![format!("If-Match: {tag}"), format!("If-None-Match: {tag}")],
            304,
        ),
    ] {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let came = ask(&folder.handler(), "GET", "/a", &fields);
        assert_eq!(came.status, status, "{fields:?}");
        if status == 304 {
            assert_eq!(came.field("etag").unwrap(), tag);
            assert_eq!((came.field("content-type"), came.body.len()), (None, 0));
        }
    }
}

#[test]
fn a_file_that_may_change_within_the_tick_has_a_weak_tag() {
    let now = changed() + Duration::from_secs(1);
    let fresh = Validators::new(Some(changed()), 1, now);
    let settled = Validators::new(Some(changed()), 1, now + Duration::from_secs(1));
    let tag = settled.etag().unwrap().to_string();
    assert_eq!(fresh.etag().unwrap().to_string(), format!("W/{tag}"));
    let mut headers = HTTPMessage::new();
    headers.append("If-Range", &tag);
    headers.append("If-Match", &tag);
    assert!(range_applies(&headers, &settled, now) && !range_applies(&headers, &fresh, now));
    assert_eq!(
        evaluate_preconditions(&headers, &settled, now),
        Precondition::Passed
    );
    assert_eq!(
        evaluate_preconditions(&headers, &fresh, now),
        Precondition::Failed
    );
    let mut dated = HTTPMessage::new();
    dated.append("If-Range", CHANGED);
    assert!(range_applies(&dated, &settled, now) && !range_applies(&dated, &fresh, now));
    let unknown = Validators::new(Some(UNIX_EPOCH), 1, now);
    assert!(unknown.etag().is_none() && unknown.last_modified().is_none());
    for (field, value, came_to) in [
        ("If-Match", "*", Precondition::Passed),
        ("If-Match", &tag, Precondition::Failed),
        ("If-None-Match", "*", Precondition::NotModified),
        ("If-None-Match", &tag, Precondition::Passed),
    ] {
        let mut headers = HTTPMessage::new();
        headers.append(field, value);
        let asked = evaluate_preconditions(&headers, &unknown, now);
        assert_eq!(asked, came_to, "{field}: {value}");
    }
}

#[test]
fn sv_s_14_2_1_ranges_come_as_asked() {
    let folder = Folder::new("ranges");
    folder.file("a.txt", "0123456789");
    let handler = folder.handler();
    let ask = |range: &str| ask(&handler, "GET", "/a.txt", &[&format!("Range: {range}")]);
    for (range, body, stated) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("BYTES=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-100", "0123456789", "bytes 0-9/10"),
        ("bytes=5-99999999999999999999999", "56789", "bytes 5-9/10"),
        // Ranges that touch are one; those behind the end don't count.
        ("bytes=0-1,2-3", "0123", "bytes 0-3/10"),
        ("bytes=4-5, 1-4 ,50-60", "12345", "bytes 1-5/10"),
    ] {
        let came = ask(range);
        assert_eq!((came.status, came.text().as_str()), (206, body), "{range}");
        assert_eq!(came.field("content-range").unwrap(), stated);
    }
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0", "bytes=10-,20-30"] {
        let came = ask(range);
        assert_eq!((came.status, came.body.len()), (416, 0), "{range}");
        assert_eq!(came.field("content-range").unwrap(), "bytes */10");
    }
    let many: String = (0..10).map(|n| format!("{n}-{n},")).collect();
    for range in [
        "lines=1-2",
        "bytes=",
        "bytes=4-3",
        "bytes=a-b",
        "bytes=--1",
        "bytes=1",
        "bytes= ,",
        "bytes",
        &format!("bytes={many}x"),
    ] {
        assert_eq!(
            (ask(range).status, ask(range).body.len()),
            (200, 10),
            "{range}"
        );
    }
}

#[test]
fn several_ranges_come_as_parts_with_an_exact_length() {
    let folder = Folder::new("parts");
    folder.file("a.txt", "0123456789");
    let came = ask(&folder.handler(), "GET", "/a.txt", &["Range: bytes=0-1,8-"]);
    assert_eq!(came.status, 206);
    assert_eq!(
        came.field("content-length").unwrap(),
        came.body.len().to_string()
    );
    let content_type = came.field("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let digit = |octet: u8| octet.is_ascii_hexdigit();
    assert!(boundary.len() == 32 && boundary.bytes().all(digit));
    let again = ask(&folder.handler(), "GET", "/a.txt", &["Range: bytes=0-1,8-"]);
    assert_ne!(again.field("content-type").unwrap(), content_type);
    let part = |range: &str, body: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{body}"
        )
    };
    let expected = format!(
        "{}{}\r\n--{boundary}--\r\n",
        part("0-1", "01"),
        part("8-9", "89")
    );
    assert_eq!(came.text(), expected);
}

#[test]
fn too_many_ranges_get_the_whole() {
    let apart = |count: usize| {
        let specs: Vec<String> = (0..count).map(|n| format!("{}-{}", 3 * n, 3 * n)).collect();
        format!("bytes={}", specs.join(","))
    };
    assert!(matches!(Ranges::parse(apart(16).as_bytes(), 100), Ranges::Parts(p) if p.len() == 16));
    assert_eq!(Ranges::parse(apart(17).as_bytes(), 100), Ranges::Whole);
    let same = format!("bytes={}", vec!["0-0"; 1_000].join(","));
    let once = Ranges::parse(b"bytes=0-0", 100);
    assert_eq!(Ranges::parse(same.as_bytes(), 100), once);
}

#[test]
fn if_range_decides_whether_a_range_counts() {
    let folder = Folder::new("if-range");
    folder.file("a", "0123456789");
    let tag = get(&folder.handler(), "/a").field("etag").unwrap();
    for (value, status) in [
        (tag.as_str(), 206),
        ("\"other\"", 200),
        (&format!("W/{tag}"), 200),
        (CHANGED, 206),
        ("Sun, 06 Nov 1994 08:49:38 GMT", 200),
        ("nonsense", 200),
    ] {
        let fields = ["Range: bytes=0-1", &format!("If-Range: {value}")];
        assert_eq!(
            ask(&folder.handler(), "GET", "/a", &fields).status,
            status,
            "{value}"
        );
    }
    assert_eq!(
        ask(&folder.handler(), "HEAD", "/a", &["Range: bytes=0-1"]).status,
        200
    );
}

#[test]
fn names_that_a_system_reads_otherwise_are_refused_there() {
    let both = [
        "/..", "/a/../b", "/.", "/%2e", "/%2E%2e", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00",
    ];
    for path in both {
        for rules in [PathRules::Unix, PathRules::Windows] {
            assert_eq!(split_path(path.as_bytes(), rules), None, "{path}");
        }
    }
    let windows = [
        "/c:",
        "/c:/x",
        "/file::$DATA",
        "/a.",
        "/a%20",
        "/..%20",
        "/...",
        "/CON",
        "/con.txt",
        "/NUL",
        "/aux.h",
        "/COM1",
        "/com9.log",
        "/lpt2",
        "/COM%C2%B9",
        "/CONIN$",
        "/PROGRA~1",
        "/a%3fb",
        "/a*",
        "/a%7cb",
        "/%ff",
        "/a%01b",
        "/nul%20.txt",
    ];
    for path in windows {
        assert_eq!(
            split_path(path.as_bytes(), PathRules::Windows),
            None,
            "{path}"
        );
        assert!(
            split_path(path.as_bytes(), PathRules::Unix).is_some(),
            "{path}"
        );
    }
    for path in [
        "/a", "/a.b", "/.a", "/a~b", "/com0", "/com10", "/console", "/a%20b", "/%c3%a4", "/..a",
    ] {
        assert!(
            split_path(path.as_bytes(), PathRules::Windows).is_some(),
            "{path}"
        );
    }
}

#[test]
fn every_short_path_stays_below_the_directory() {
    let pieces = [
        "..", ".", "/", "%2e", "%2f", "%5c", "\\", "a", ":", "%00", " ", "%",
    ];
    let mut count = 0;
    for length in 0..=5u32 {
        for number in 0..12usize.pow(length) {
            let mut rest = number;
            let mut path = String::from("/");
            for _ in 0..length {
                path.push_str(pieces[rest % 12]);
                rest /= 12;
            }
            for rules in [PathRules::Unix, PathRules::Windows] {
                let Some(names) = split_path(path.as_bytes(), rules) else {
                    continue;
                };
                count += 1;
                for name in names {
                    assert!(!name.is_empty() && name != b"." && name != b"..", "{path}");
                    assert!(!name.iter().any(|octet| b"/\\\0".contains(octet)), "{path}");
                }
            }
        }
    }
    assert!(count > 10_000);
}
