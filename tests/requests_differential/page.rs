//! `docs/requests.md` has every public name and argument of Python's `requests`, and of the `Retry` that
//! it is given.

use std::collections::BTreeSet;

use super::Python;

#[test]
fn every_name_of_python_s_requests_stands_on_the_page() {
    let Some(python) = Python::start("names.py") else {
        return;
    };
    let page = include_str!("../../docs/requests.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let firsts = rows.filter_map(|row| row.split(" | ").next());
    let quoted = firsts.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let known: BTreeSet<&str> = quoted
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let mut names = python.greeting.split_whitespace();
    let version = names.next().unwrap();
    let checked = page.split("`requests`").nth(2).unwrap();
    assert!(
        checked
            .split_whitespace()
            .any(|word| version.starts_with(word)),
        "{version} of {checked}"
    );
    let missing: Vec<_> = names.clone().filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(names.count() > 200);
}
