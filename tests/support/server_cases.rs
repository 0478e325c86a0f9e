//! The requests that both servers get, and the directory that they are for.

/// Files of the directory, some with names that mean something in a URL or in HTML.
pub(crate) const FILES: [(&str, &str); 20] = [
    ("a.txt", "hello\n"),
    ("empty.txt", ""),
    ("data", "no extension"),
    ("page.html", "<p>page"),
    ("picture.png", "no picture"),
    ("archive.tar.gz", "no archive"),
    (".hidden", "a dot file"),
    ("dir/inner.txt", "inside"),
    ("index/index.html", "start"),
    ("old/index.htm", "old start"),
    ("names/q?", "1"),
    ("names/f#", "2"),
    ("names/&amp;", "3"),
    ("names/<i>", "4"),
    ("names/\"dq\"", "5"),
    ("names/'sq'", "6"),
    ("names/%A4", "7"),
    ("names/\u{e4} \u{f6}", "8"),
    ("names/a:b", "9"),
    ("names/B", "10"),
];

/// Directories with nothing in them.
pub(crate) const FOLDERS: [&str; 7] = [
    "empty-dir",
    "odd/index.html",
    "names/sub",
    "names/<i>&amp;.dir",
    "names/\"dq\"'sq'.dir",
    "names/%A4.dir",
    "names/\u{e4}.dir",
];

const TARGETS: &[&str] = &[
    "/",
    "/a.txt",
    "/empty.txt",
    "/data",
    "/page.html",
    "/picture.png",
    "/archive.tar.gz",
    "/big",
    "/.hidden",
    "/link.txt",
    "/link-dir/",
    "/link-dir",
    "/dir/",
    "/dir",
    "/dir?hi=1",
    "/dir/?hi=2",
    "/dir?",
    "/dir/inner.txt",
    "/dir//inner.txt",
    "//dir/inner.txt",
    "//dir",
    "/a.txt/",
    "/a.txt/below",
    "/a.txt?query",
    "/a.txt?a=b&c=d?e",
    "/a%2etxt",
    "/%61.txt",
    "/%zz",
    "/a.txt%",
    "/missing",
    "/missing/",
    "/empty-dir/",
    "/index/",
    "/index",
    "/index/index.html",
    "/old/",
    "/odd/",
    "/odd",
    "/names/",
    "/names/q%3F",
    "/names/f%23",
    "/names/&amp;",
    "/names/%3Ci%3E",
    "/names/%22dq%22",
    "/names/'sq'",
    "/names/%25A4",
    "/names/%C3%A4%20%C3%B6",
    "/names/a:b",
    "/names/%FF.txt",
    "/names/link",
    "/names/dangling",
    "/..",
    "/../a.txt",
    "/dir/../a.txt",
    "/%2e%2e/a.txt",
    "/dir%2finner.txt",
    "/./a.txt",
    "/a.txt%00",
    "/a.txt#fragment",
    "/#123",
    "/?x=123",
    "a.txt",
    "*",
    "http://a/a.txt",
    "http://elsewhere.example/dir",
    "/names",
    "/names/%3Ci%3E&amp%3B.dir/",
    "/names/%22dq%22'sq'.dir/",
    "/names/%25A4.dir/",
    "/names/%25A4.dir",
    "/names/%C3%A4.dir/",
    "/dir\\inner.txt",
];

const METHODS: &[&str] = &[
    "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO", "custom", "get", "GETs",
    "XYZBOGUS", "<script>",
];

const VERSIONS: &[&str] = &[
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/9.9",
    "HTTP/9.9.9",
    "HTTP/-9_9_9.+9_9_9",
    "FUBAR",
    "HTTP/909876543210.0",
    "HTTP/1.909876543210",
    "HTTP/0.9",
    "http/1.1",
    "HTTP/1",
    "HTTP/01.1",
];

const FIELDS: &[&str] = &[
    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT",
    "If-Modified-Since: Mon, 07 Nov 2016 08:49:37 GMT",
    "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
    "If-Modified-Since: whenever",
    "If-None-Match: \"x\"",
    "If-None-Match: *\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "If-Match: \"x\"",
    "If-Match: *",
    "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT",
    "Range: bytes=0-1",
    "Range: bytes=9-",
    "Range: bytes=4-3",
    "Range: lines=1-2",
    "Accept-Encoding: gzip, br",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: keep-alive, close",
    "Expect: 100-continue",
    "Expect: something",
    "X: a\r\n folded",
    "No colon",
    "Blank : before",
    "Content-Length: 0",
    "Content-Length: x",
    "X: \u{e4}",
];

fn request(method: &str, target: &str, version: &str, fields: &str) -> String {
    format!("{method} {target} {version}\r\nHost: a\r\n{fields}\r\n")
}

fn get(target: &str) -> String {
    request("GET", target, "HTTP/1.1", "")
}

fn alone(request: &str) -> Vec<String> {
    vec![request.to_owned()]
}

/// The requests of each connection.
pub(crate) fn all() -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    all.extend(TARGETS.iter().map(|target| vec![get(target)]));
    for method in METHODS {
        all.push(vec![request(method, "/a.txt", "HTTP/1.1", "")]);
    }
    for version in VERSIONS {
        all.push(vec![request("GET", "/a.txt", version, "")]);
    }
    for field in FIELDS {
        let field = format!("{field}\r\n");
        all.push(vec![request("GET", "/a.txt", "HTTP/1.1", &field)]);
    }
    for target in ["/", "/dir", "/missing", "/big"] {
        all.push(vec![request("HEAD", target, "HTTP/1.1", "")]);
    }
    all.extend(odd_lines());
    all.extend(several());
    all
}

fn odd_lines() -> Vec<Vec<String>> {
    let mut lines = [
        "",
        "\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\n\r\n",
        "GET /a.txt HTTP/1.1\nHost: a\n\n",
        "GET  /a.txt HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\t/a.txt\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /spaced out HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a.txt HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /a.txt\r\n",
        "POST /a.txt\r\n",
        "CUSTOM / \r\n\r\n",
        "GET\r\n\r\n",
        "garbage\r\n\r\n",
        "GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a.txt HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "ERROR /missing HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    .map(alone)
    .to_vec();
    let long = "a".repeat(70_000);
    lines.push(vec![get(&format!("/{long}"))]);
    lines.push(vec![request(
        "GET",
        "/",
        "HTTP/1.1",
        &format!("X: {long}\r\n"),
    )]);
    lines.push(vec![request(
        "GET",
        "/",
        "HTTP/1.1",
        &"X: y\r\n".repeat(300),
    )]);
    lines
}

/// Several requests on a connection.
fn several() -> Vec<Vec<String>> {
    let close = request("GET", "/a.txt", "HTTP/1.1", "Connection: close\r\n");
    let head = |target| request("HEAD", target, "HTTP/1.1", "");
    let body = request("GET", "/a.txt", "HTTP/1.1", "Content-Length: 4\r\n");
    vec![
        vec![get("/a.txt"), get("/data")],
        vec![get("/a.txt"), head("/big"), get("/page.html"), get("/dir")],
        vec![get("/dir"), get("/dir/"), get("/dir/inner.txt")],
        vec![head("/a.txt"), head("/names/"), get("/empty.txt")],
        vec![close, get("/data")],
        vec![get("/missing"), get("/data")],
        vec![get("/a.txt"), "\r\n".to_owned() + &get("/data")],
        vec!["GET /a.txt HTTP/1.0\r\n\r\n".to_owned(), get("/data")],
        vec![body + "abcd", get("/data")],
    ]
}
