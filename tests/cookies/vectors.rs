//! The promise: the cases of the http-state working group come out as they state, but for those
//! where RFC 6265bis has another rule. The collection lies beside the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use stdhttp::dates;

use crate::base64;
use crate::json::Json;
use crate::{jar_at, sent, url};

/// The rule that cases about cookies without a name were written before.
const NAMELESS: &str = "C-5.6-2: without an equals sign all is the value, and it is kept";

/// The cases cut the line there; they are disabled in the suite itself.
const CONTROL: &str = "C-5.6-1: a control character spoils the line";

/// Disagreements that stay: the case and why the crate is right by its rules.
const ARGUED: &[(&str, &str)] = &[
    ("http-state/0004", NAMELESS),
    ("http-state/0024", NAMELESS),
    ("http-state/0026", NAMELESS),
    ("http-state/0027", NAMELESS),
    ("http-state/0028", NAMELESS),
    ("http-state/chromium0009", NAMELESS),
    ("http-state/chromium0010", NAMELESS),
    ("http-state/chromium0012", NAMELESS),
    ("http-state/mozilla0012", NAMELESS),
    ("http-state/mozilla0017", NAMELESS),
    ("http-state/name0023", NAMELESS),
    ("http-state/name0031", NAMELESS),
    ("http-state/name0032", NAMELESS),
    ("http-state/disabled-chromium0022", CONTROL),
    ("http-state/disabled-chromium0023", CONTROL),
    (
        "http-state/disabled-path0029",
        "C-5.1.4-2, U-2.4-1: paths are compared as they are written",
    ),
];

/// The cases; nothing where there are none, which fails in CI.
fn cases() -> Vec<Json> {
    let path = format!(
        "{}/../shared/vectors/cookies.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "cookies.jsonl is missing");
        println!("left out: the collected vectors are not beside the project");
        return Vec::new();
    };
    text.lines().map(Json::parse).collect()
}

fn text<'a>(case: &'a Json, name: &str) -> &'a str {
    case.get(name).and_then(Json::text).unwrap_or_default()
}

fn complaint(case: &Json) -> Option<String> {
    match text(case, "kind") {
        "date" => wrong_date(case),
        _ => wrong_cookie(case),
    }
}

fn wrong_date(case: &Json) -> Option<String> {
    let date = dates::parse_cookie(text(case, "input")).ok();
    let came = date.and_then(dates::formatdate);
    let expected = case.get("expected").and_then(Json::text);
    (came.as_deref() != expected).then(|| format!("{came:?}"))
}

fn wrong_cookie(case: &Json) -> Option<String> {
    let now = case.get("now").and_then(Json::number).expect("a time");
    let jar = jar_at(u64::try_from(now).unwrap());
    let lines = case.get("set_cookie").map(Json::list).unwrap_or_default();
    let plain = lines
        .iter()
        .map(|line| line.text().unwrap().as_bytes().to_vec());
    let coded = case
        .get("set_cookie_b64")
        .map(Json::list)
        .unwrap_or_default();
    let coded = coded
        .iter()
        .map(|line| base64::decode(line.text().unwrap()));
    let lines: Vec<Vec<u8>> = match coded.len() {
        0 => plain.collect(),
        _ => coded.collect(),
    };
    for line in lines {
        // Whether it is stored shows in what is sent.
        let _ = jar.store(&line, &url(text(case, "request_url")));
    }
    let came = sent(&jar, text(case, "then_url"));
    let expected = text(case, "cookie").as_bytes();
    (came != expected).then(|| came.escape_ascii().to_string())
}

#[test]
fn collected_cookies_come_out_as_stated() {
    let cases = cases();
    let mut complaints = BTreeMap::new();
    for case in &cases {
        if let Some(complaint) = complaint(case) {
            complaints.insert(text(case, "id"), complaint);
        }
    }
    let argued: BTreeSet<&str> = ARGUED.iter().map(|(id, _)| *id).collect();
    let open: Vec<_> = complaints
        .iter()
        .filter(|(id, _)| !argued.contains(*id))
        .collect();
    println!("{} cases, {} argued for", cases.len(), argued.len());
    assert!(open.is_empty(), "{open:#?}");
    let unused: Vec<_> = argued
        .iter()
        .filter(|id| !complaints.contains_key(*id))
        .collect();
    assert!(cases.is_empty() || unused.is_empty(), "{unused:?}");
}
