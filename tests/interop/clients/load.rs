//! ApacheBench: HTTP/1.0 with and without keep-alive, many connections at once.

use super::site::{Commanded, Served, run, succeed, url};
use crate::servers::{client, new_folder};

const REQUESTS: usize = 3_000;

/// The figure behind a name in ApacheBench's report; 0 where it has no such line.
fn figure(report: &str, name: &str) -> usize {
    let line = report.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.map_or(0, |word| word.parse().expect("no number"))
}

#[test]
fn apache_bench() {
    let Some(ab) = client("ab") else { return };
    let folder = new_folder();
    let (served, commanded) = (Served::start(), Commanded::start());
    for port in [served.port, commanded.port] {
        for keep_alive in [true, false] {
            let count = REQUESTS.to_string();
            let mut arguments = vec!["-q", "-n", &count, "-c", "50"];
            arguments.extend(keep_alive.then_some("-k"));
            let url = url(port, "/hello");
            arguments.push(&url);
            let report = succeed(run(&ab, &folder.0, &arguments));
            assert_eq!(figure(&report, "Complete requests:"), REQUESTS, "{report}");
            assert_eq!(figure(&report, "Failed requests:"), 0, "{report}");
            assert_eq!(figure(&report, "Non-2xx responses:"), 0, "{report}");
            assert_eq!(
                figure(&report, "HTML transferred:"),
                REQUESTS * 13,
                "{report}"
            );
            let kept = figure(&report, "Keep-Alive requests:");
            assert_eq!(kept, if keep_alive { REQUESTS } else { 0 }, "{report}");
        }
    }
    let seen = served.take_seen();
    assert_eq!(seen.len(), 2 * REQUESTS);
    assert!(seen.iter().all(|seen| seen.line == "GET /hello HTTP/1.0"));
}
