//! `docs/http_server.md` keeps its word: the tests that it names exist, every test of CPython stands
//! in it once, and so does every name that the Python of this machine has.
#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../docs/http_server.md");

/// Where the list of CPython's tests begins.
const LIST: &str = "## The tests of CPython";

/// The tests of `test_httpservers.py`.
const LISTED: usize = 92;

fn parts() -> (&'static str, &'static str) {
    PAGE.split_once(LIST).unwrap()
}

/// The cells of each row of the tables, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let tables = text.split("\n\n");
    tables
        .flat_map(|block| block.lines().filter(|line| line.starts_with('|')).skip(2))
        .map(|line| line.split('|').map(str::trim).collect())
        .map(|cells: Vec<&str>| cells[1..cells.len() - 1].to_vec())
        .collect()
}

/// The words in backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests below `tests/`.
fn tests() -> BTreeSet<String> {
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
            let marked = text.split("#[test]").skip(1);
            let declared = marked.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            found.extend(declared.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_row_names_tests_that_exist() {
    let tests = tests();
    let rows = rows(parts().0);
    assert!(rows.len() > 65, "{}", rows.len());
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        let named = names(row[3]);
        assert!(!named.is_empty(), "{row:?}");
        for name in named {
            assert!(tests.contains(name), "{name} in {row:?}");
        }
    }
}

#[test]
fn every_test_of_cpython_has_a_counterpart_or_a_reason() {
    let tests = tests();
    let rows = rows(parts().1);
    let listed: BTreeSet<&str> = rows.iter().map(|row| names(row[0])[0]).collect();
    assert_eq!((rows.len(), listed.len()), (LISTED, LISTED));
    for row in rows {
        assert_eq!(row.len(), 3, "{row:?}");
        match names(row[1])[..] {
            [counterpart] => assert!(tests.contains(counterpart), "{row:?}"),
            _ => assert!(row[1] == "none" && !row[2].is_empty(), "{row:?}"),
        }
    }
}

/// Prints the public names of the module that are no modules, and those of its classes.
const ASK: &str = "\
import http.server as module, inspect
found = {name: value for name, value in vars(module).items()
         if not name.startswith('_') and not inspect.ismodule(value)}
print(*found)
for value in found.values():
    if inspect.isclass(value) and value.__module__ == 'http.server':
        print(*(name for name in dir(value) if not name.startswith('_')))
";

#[test]
fn every_name_of_python_stands_on_the_page() {
    let asked = Command::new("python3")
        .args(["-W", "ignore", "-c", ASK])
        .output();
    let Some(answer) = asked.ok().filter(|answer| answer.status.success()) else {
        assert!(std::env::var_os("CI").is_none(), "Python is missing");
        println!("left out: there is no Python");
        return;
    };
    let rows = rows(parts().0);
    let cells = rows.iter().flat_map(|row| names(row[0]));
    let known: BTreeSet<&str> = cells
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert!(answer.split_whitespace().count() > 100, "{answer}");
    for name in answer.split_whitespace() {
        assert!(known.contains(name), "{name} is not on the page");
    }
}
