//! `docs/http_client.md` keeps its word: the tests that it names exist, and every test of CPython
//! stands in it once, with its counterpart or the reason why there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../docs/http_client.md");

/// Where the list of CPython's tests begins.
const LIST: &str = "## The tests of CPython";

/// The tests of `test_httplib.py` that check behaviour.
const LISTED: usize = 145;

fn pages() -> (&'static str, &'static str) {
    PAGE.split_once(LIST).unwrap()
}

/// The cells of each row of the tables, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let tables = text.split("\n\n");
    tables
        .flat_map(|block| block.lines().filter(|line| line.starts_with('|')).skip(2))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// The words in backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all functions below `tests/`.
fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"),
        &mut found,
    );
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let declared = text
                .split("fn ")
                .skip(1)
                .filter_map(|rest| rest.split_once('('));
            found.extend(declared.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_row_names_a_test_that_exists() {
    let functions = functions();
    let rows = rows(pages().0);
    assert!(rows.len() > 150, "{}", rows.len());
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        let named = names(row[3]);
        assert!(!named.is_empty(), "{row:?}");
        for name in named {
            assert!(functions.contains(name), "{name} in {row:?}");
        }
    }
}

#[test]
fn every_test_of_cpython_is_listed_once() {
    let functions = functions();
    let rows = rows(pages().1);
    let listed: BTreeSet<&str> = rows.iter().map(|row| names(row[0])[0]).collect();
    assert_eq!((rows.len(), listed.len()), (LISTED, LISTED));
    for row in rows {
        assert_eq!(row.len(), 3, "{row:?}");
        let [counterpart] = names(row[1])[..] else {
            assert!(row[1] == "none" && !row[2].is_empty(), "{row:?}");
            continue;
        };
        assert!(functions.contains(counterpart), "{row:?}");
        assert!(is_counterpart(names(row[0])[0], counterpart), "{row:?}");
    }
}

#[test]
fn every_counterpart_is_listed() {
    let rows = rows(pages().1);
    let listed: BTreeSet<&str> = rows.iter().flat_map(|row| names(row[1])).collect();
    let classes: BTreeSet<String> = rows.iter().map(|row| class(names(row[0])[0])).collect();
    for name in functions() {
        if classes
            .iter()
            .any(|class| name.starts_with(&format!("{class}_test_")))
        {
            assert!(listed.contains(name.as_str()), "{name}");
        }
    }
}

fn class(name: &str) -> String {
    snake_case(name.split_once('.').unwrap().0)
}

/// `HeaderTests.test_putheader` is `header_tests_test_putheader` or `header_tests_putheader`.
fn is_counterpart(original: &str, name: &str) -> bool {
    let test = snake_case(original.split_once('.').unwrap().1);
    let class = class(original);
    let short = test.trim_start_matches("test_");
    name == format!("{class}_{test}") || name == format!("{class}_{short}")
}

fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map_or('_', |place| letters[place]);
        let after = letters.get(place + 1).copied().unwrap_or('_');
        let ends_acronym = before.is_uppercase() && after.is_lowercase();
        if letter.is_uppercase() && before != '_' && (!before.is_uppercase() || ends_acronym) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[test]
fn snake_case_of_acronyms() {
    assert_eq!(snake_case("HTTPSTest"), "https_test");
    assert_eq!(
        snake_case("testHTTPConnectionSourceAddress"),
        "test_http_connection_source_address"
    );
}
