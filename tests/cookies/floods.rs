//! Floods: the work is linear in what comes, counted in octets looked at, and memory is bounded.

use std::fs;

use stdhttp::cookies::{CookieJar, Morsel, MozillaCookieJar, SimpleCookie};
use stdhttp::testing::steps;

use crate::counting::measure;
use crate::folder::Folder;
use crate::{jar, url};

/// What the floods are made of.
const UNITS: [&[u8]; 18] = [
    b";",
    b",",
    b"=",
    b"\"",
    b" ",
    b"\t",
    b"a",
    b"a=b;",
    b"; ",
    b"\\",
    b"\\\"",
    b"\\073",
    b"=;",
    b"Path=/a;",
    b"Expires=1 Jan 2024 00:00:00;",
    b"Max-Age=99;",
    b"\xa0",
    b"1:",
];

/// What stands before them.
const STARTS: [&[u8]; 4] = [b"", b"a=", b"a=\"", b"a=b; Expires="];

/// Checks that the work doubles when the flood does, and how much it is for each octet.
fn assert_linear(name: &str, most: u64, work: impl Fn(&[u8])) {
    for start in STARTS {
        for unit in UNITS {
            let cost = |length: usize| {
                let flood = [start, &unit.repeat(length / unit.len())].concat();
                let flood = [&flood[..], b"\""].concat();
                let before = steps().expect("only builds with debug assertions count steps");
                work(&flood);
                (
                    steps().unwrap() - before,
                    u64::try_from(flood.len()).unwrap(),
                )
            };
            let (small, _) = cost(32 * 1_024);
            let (large, length) = cost(64 * 1_024);
            let what = format!("{name} of {} {}", start.escape_ascii(), unit.escape_ascii());
            assert!(
                large <= most * length,
                "{what}: {large} steps for {length} octets"
            );
            assert!(
                large <= 2 * small + 1_024,
                "{what}: {small} steps, then {large}"
            );
        }
    }
}

#[test]
fn lines_of_a_server() {
    let from = url("https://h.example/");
    assert_linear("Set-Cookie", 8, |flood| {
        let _ = jar().store(flood, &from);
    });
    assert_linear("Morsel", 12, |flood| {
        let _ = Morsel::parse(flood);
    });
}

#[test]
fn fields_of_a_client() {
    assert_linear("Cookie", 8, |flood| {
        SimpleCookie::new().load(flood);
    });
}

#[test]
fn files() {
    let folder = Folder::new("floods");
    let jar = MozillaCookieJar::new(folder.file(), jar()).with_session_cookies();
    assert_linear("cookies.txt", 8, |flood| {
        fs::write(folder.file(), flood).unwrap();
        let _ = jar.load();
        let lines: Vec<u8> = flood
            .iter()
            .map(|octet| if *octet == b';' { b'\n' } else { *octet })
            .collect();
        fs::write(folder.file(), lines).unwrap();
        let _ = jar.load();
    });
}

/// The most that one line makes the jar keep, and what it takes while it is read.
#[test]
fn one_line_takes_little_memory() {
    let from = url("https://h.example/");
    for start in STARTS {
        for unit in UNITS {
            let flood = [start, &unit.repeat(64 * 1_024 / unit.len())].concat();
            let jar = jar();
            let ((), taken) = measure(|| {
                let _ = jar.store(&flood, &from);
            });
            // An attribute's name may be as long as the line; it is copied once to be compared.
            let most = i64::try_from(flood.len()).unwrap() + 16 * 1_024;
            assert!(
                taken.peak <= most,
                "{}: {} bytes",
                unit.escape_ascii(),
                taken.peak
            );
        }
    }
}

#[test]
fn a_full_jar_stays_within_its_limits() {
    let full = CookieJar::new();
    let (_, taken) = measure(|| {
        for host in 0..100 {
            let from = url(&format!("https://h{host}.example/"));
            for number in 0..60 {
                let line = format!(
                    "n{number}={}; Path=/{}",
                    "v".repeat(4_000),
                    "p".repeat(1_000)
                );
                full.store(line.as_bytes(), &from).unwrap();
            }
        }
    });
    assert_eq!(full.len(), 3_000);
    // 3,000 cookies of 4,096 octets with paths of 1,024, and what holds them.
    assert!(
        taken.peak < 3_000 * (4_096 + 1_024 + 512),
        "{} bytes",
        taken.peak
    );
}
