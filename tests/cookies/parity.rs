//! `docs/cookies.md` keeps its word: each row has a counterpart or a reason, and names tests that
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../docs/cookies.md");

/// The public names of Python's modules, as `python3` and the documentation have them.
const NAMES: &[&str] = &[
    "CookieError",
    "BaseCookie",
    "SimpleCookie",
    "Morsel",
    "value_decode",
    "value_encode",
    "js_output",
    "OutputString",
    "isReservedKey",
    "LoadError",
    "CookieJar",
    "FileCookieJar",
    "MozillaCookieJar",
    "LWPCookieJar",
    "CookiePolicy",
    "DefaultCookiePolicy",
    "Cookie",
    "add_cookie_header",
    "extract_cookies",
    "set_policy",
    "make_cookies",
    "set_cookie_if_ok",
    "set_cookie",
    "clear",
    "clear_session_cookies",
    "clear_expired_cookies",
    "save",
    "load",
    "revert",
    "filename",
    "delayload",
    "set_ok",
    "return_ok",
    "domain_return_ok",
    "path_return_ok",
    "netscape",
    "rfc2965",
    "hide_cookie2",
    "blocked_domains",
    "set_blocked_domains",
    "is_blocked",
    "allowed_domains",
    "set_allowed_domains",
    "is_not_allowed",
    "rfc2109_as_netscape",
    "strict_domain",
    "strict_rfc2965_unverifiable",
    "strict_ns_unverifiable",
    "strict_ns_domain",
    "strict_ns_set_initial_dollar",
    "strict_ns_set_path",
    "secure_protocols",
    "version",
    "port",
    "port_specified",
    "domain_specified",
    "domain_initial_dot",
    "expires",
    "discard",
    "comment",
    "comment_url",
    "rfc2109",
    "has_nonstandard_attr",
    "get_nonstandard_attr",
    "set_nonstandard_attr",
    "is_expired",
    "netrc",
    "NetrcParseError",
    "authenticators",
    "hosts",
    "macros",
    "HTTPPasswordMgr",
    "HTTPPasswordMgrWithDefaultRealm",
    "HTTPPasswordMgrWithPriorAuth",
    "add_password",
    "find_user_password",
    "update_authenticated",
    "is_authenticated",
    "AbstractBasicAuthHandler",
    "HTTPBasicAuthHandler",
    "ProxyBasicAuthHandler",
    "AbstractDigestAuthHandler",
    "HTTPDigestAuthHandler",
    "ProxyDigestAuthHandler",
    "http_error_401",
    "http_error_407",
    "parse_keqv_list",
    "parse_http_list",
];

/// The cells of the rows of all tables, without the head of each.
fn rows() -> Vec<Vec<&'static str>> {
    let lines: Vec<&str> = PAGE.lines().collect();
    let heads = lines.iter().zip(lines.iter().skip(1));
    let heads = heads
        .filter(|(_, next)| next.starts_with("|---"))
        .map(|(head, _)| *head);
    let heads: BTreeSet<&str> = heads.collect();
    let rows = lines
        .into_iter()
        .filter(|line| line.starts_with("| ") && !heads.contains(line));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// The words between backquotes.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests in a folder of sources.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let behind = text.split("#[test]\n").skip(1);
            let declared = behind.filter_map(|rest| rest.trim_start().strip_prefix("fn "));
            found.extend(declared.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn every_row_names_tests_that_exist() {
    let mut found = BTreeSet::new();
    for folder in ["tests", "src"] {
        tests(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut found,
        );
    }
    for row in rows() {
        assert_eq!(row.len(), 4, "{row:?}");
        // What is left out has a reason and no test.
        let left_out = row[1] == "none";
        assert_eq!(names(row[3]).is_empty(), left_out, "{row:?}");
        assert!(!left_out || row[2].len() > 3, "{row:?}");
        for name in names(row[3]) {
            assert!(found.contains(name), "{name} in {row:?}");
        }
    }
}

#[test]
fn every_name_of_python_has_a_row() {
    let rows = rows();
    let listed: BTreeSet<&str> = rows.iter().flat_map(|row| names(row[0])).collect();
    let listed: BTreeSet<&str> = listed
        .into_iter()
        .map(|name| name.split(['(', '[']).next().unwrap_or(name))
        .map(|name| name.rsplit('.').next().unwrap_or(name))
        .collect();
    let missing: Vec<_> = NAMES
        .iter()
        .filter(|name| !listed.contains(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
