//! Proves that the tables of `docs/conformance.md` and `docs/security.md` are whole: each rule
//! that binds has a test, each test that they name exists, and no rule of the reference is missing.

#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How a row says that it belongs to a layer that does not exist yet.
const OTHER_LAYER: &str = "Not in this layer";

/// The number of advisories.
const ADVISORIES: usize = 115;

/// The parts of the reference whose rows are in `docs/conformance.md`.
const PARTS: [&str; 20] = [
    "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12", "A13", "A14", "A15",
    "A16", "A17", "A18", "B1", "B2",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The cells of the rows of all tables of a text, without the head of each.
fn table_rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &str| line.starts_with("| ");
    let is_head = move |at: usize| {
        lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("|---"))
    };
    let rows = text.lines().enumerate();
    rows.filter(move |(at, line)| is_row(line) && !is_head(*at))
        .map(|(_, line)| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// The names in backquotes in the last cell of a row.
fn named_tests<'a>(row: &[&'a str]) -> Vec<&'a str> {
    row.last().unwrap().split('`').skip(1).step_by(2).collect()
}

/// The names of all tests of the project: each `fn` behind `#[test]`.
fn existing_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().join("tests"), root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                names.extend(tests_of(&path));
            }
        }
    }
    names
}

fn tests_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let behind = text.split("#[test]").skip(1);
    let names = behind.filter_map(|rest| {
        let line = rest.trim_start().strip_prefix("fn ")?;
        Some(line.split('(').next()?.to_owned())
    });
    names.collect()
}

fn binds(level: &str) -> bool {
    level.starts_with("MUST")
}

#[test]
fn each_rule_that_binds_has_a_test_that_exists() {
    let text = read("docs/conformance.md");
    let tests = existing_tests();
    let mut faults = Vec::new();
    let mut levels: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in table_rows(&text) {
        let [id, level, what, ..] = row[..] else {
            panic!("{row:?}")
        };
        assert_eq!(row.len(), 5, "{id}");
        let names = named_tests(&row);
        faults.extend(row_faults(id, &names, &tests));
        if binds(level) && names.is_empty() && !what.starts_with(OTHER_LAYER) {
            faults.push(format!("{id}: no test"));
        }
        let (covered, total) = levels.entry(level).or_default();
        *covered += usize::from(!names.is_empty());
        *total += 1;
    }
    for (level, (covered, total)) in &levels {
        println!("{level}: {covered} of {total} rows have a test");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(levels.keys().any(|level| binds(level)));
}

/// A test exists, and its name begins with the row's ID.
fn row_faults(id: &str, names: &[&str], tests: &BTreeSet<String>) -> Vec<String> {
    let prefix = id.to_ascii_lowercase().replace(['.', '-'], "_") + "_";
    let absent = names.iter().filter(|name| !tests.contains(**name));
    let foreign = names.iter().filter(|name| !name.starts_with(&prefix));
    let absent = absent.map(|name| format!("{id}: {name} does not exist"));
    absent
        .chain(foreign.map(|name| format!("{id}: {name} is named otherwise")))
        .collect()
}

#[test]
fn no_rule_is_listed_twice_and_no_test_is_left_out() {
    let text = read("docs/conformance.md");
    let mut ids = BTreeSet::new();
    let mut listed = BTreeSet::new();
    for row in table_rows(&text) {
        assert!(ids.insert(row[0]), "{} is listed twice", row[0]);
        listed.extend(named_tests(&row));
    }
    let security = read("docs/security.md");
    listed.extend(table_rows(&security).flat_map(|row| named_tests(&row)));
    for entry in fs::read_dir(root().join("tests/rfc")).unwrap() {
        for name in tests_of(&entry.unwrap().path()) {
            assert!(listed.contains(name.as_str()), "{name} is in no table");
        }
    }
}

#[test]
fn no_rule_of_the_reference_is_missing() {
    let path = root().join("../shared/reference/rfc_requirements.md");
    let Ok(reference) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "the reference is missing");
        println!("left out: there is no ../shared/reference");
        return;
    };
    let text = read("docs/conformance.md");
    let listed: BTreeMap<&str, &str> = table_rows(&text).map(|row| (row[0], row[1])).collect();
    let mut rules = 0;
    for section in reference.split("\n## ").skip(1) {
        // An annex may follow.
        let section = section.split("\n# ").next().unwrap();
        let part = section.split('.').next().unwrap();
        if !PARTS.contains(&part) {
            continue;
        }
        for row in table_rows(section) {
            assert_eq!(listed.get(row[0]), Some(&row[1]), "{}", row[0]);
            rules += 1;
        }
    }
    assert_eq!(listed.len(), rules);
}

#[test]
fn each_test_that_the_page_of_urllib_names_exists() {
    let text = read("docs/urllib.md");
    let tests = existing_tests();
    let rows: Vec<_> = table_rows(&text).collect();
    for row in &rows {
        let names = named_tests(row);
        assert!(row.len() == 4 && !names.is_empty(), "{row:?}");
        for name in names {
            assert!(tests.contains(name), "{}: {name} does not exist", row[0]);
        }
    }
    assert!(!rows.is_empty());
}

#[test]
fn each_advisory_has_a_test_that_exists() {
    let text = read("docs/security.md");
    let tests = existing_tests();
    let mut seen = BTreeSet::new();
    for row in table_rows(&text) {
        let names = named_tests(&row);
        assert!(!names.is_empty(), "{row:?}");
        for name in names {
            assert!(tests.contains(name), "{}: {name} does not exist", row[0]);
        }
        for number in numbers(row[0]) {
            assert!(seen.insert(number), "{number} is listed twice");
        }
    }
    assert_eq!(seen, (1..=ADVISORIES).collect());
    println!("{ADVISORIES} advisories have a test");
}

/// The numbers of `7, 10–12`.
fn numbers(cell: &str) -> Vec<usize> {
    let ranges = cell.split(", ").map(|range| {
        let (first, last) = range.split_once('–').unwrap_or((range, range));
        first.parse().unwrap()..=last.parse().unwrap()
    });
    ranges.flatten().collect()
}

/// The page about `requests` names what exists.
#[test]
fn the_tests_of_the_page_about_requests_exist() {
    let text = read("docs/requests.md");
    let tests = existing_tests();
    let mut named = 0;
    for row in table_rows(&text) {
        assert_eq!(row.len(), 4, "{row:?}");
        for name in named_tests(&row) {
            assert!(tests.contains(name), "{name} does not exist");
            named += 1;
        }
    }
    assert!(named > 100, "{named}");
}
