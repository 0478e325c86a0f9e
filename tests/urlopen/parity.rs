//! The page about `urllib` names everything that Python's `urllib.request` and `urllib.error` have.

/// `urllib.request.__all__` of Python 3.11 with what 3.14 has beside it, and `urllib.error.__all__`.
const NAMES: [&str; 38] = [
    "Request",
    "OpenerDirector",
    "BaseHandler",
    "HTTPDefaultErrorHandler",
    "HTTPRedirectHandler",
    "HTTPCookieProcessor",
    "ProxyHandler",
    "HTTPPasswordMgr",
    "HTTPPasswordMgrWithDefaultRealm",
    "HTTPPasswordMgrWithPriorAuth",
    "AbstractBasicAuthHandler",
    "HTTPBasicAuthHandler",
    "ProxyBasicAuthHandler",
    "AbstractDigestAuthHandler",
    "HTTPDigestAuthHandler",
    "ProxyDigestAuthHandler",
    "HTTPHandler",
    "HTTPSHandler",
    "FileHandler",
    "FTPHandler",
    "CacheFTPHandler",
    "DataHandler",
    "UnknownHandler",
    "HTTPErrorProcessor",
    "urlopen",
    "install_opener",
    "build_opener",
    "pathname2url",
    "url2pathname",
    "getproxies",
    "proxy_bypass",
    "urlretrieve",
    "urlcleanup",
    "URLopener",
    "FancyURLopener",
    "URLError",
    "HTTPError",
    "ContentTooShortError",
];

#[test]
fn the_page_names_all_of_urllib_request() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/urllib.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let firsts: Vec<&str> = rows.filter_map(|row| row.split(" | ").next()).collect();
    let named = |name: &str| {
        let starts = format!("`{name}");
        let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
        let mut cells = firsts.iter();
        cells.any(|cell| cell.split(&starts).skip(1).any(is_end))
    };
    let missing: Vec<&str> = NAMES.into_iter().filter(|name| !named(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
