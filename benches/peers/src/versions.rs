//! What was measured: the versions of the crates, from the lock file that they were built with, and
//! of the compiler.

use std::env::consts::{ARCH, OS};
use std::process::Command;

const LOCK: &str = include_str!("../Cargo.lock");

const CRATES: [&str; 12] = [
    "stdhttp",
    "httparse",
    "http-net",
    "ureq",
    "minreq",
    "attohttpc",
    "reqwest",
    "hyper",
    "hyper-util",
    "tokio",
    "tower-http",
    "tiny_http",
];

/// A sentence about all of it.
pub(crate) fn sentence() -> String {
    let crates = CRATES.map(|name| format!("{name} {}", version(name).unwrap_or("?")));
    format!("{}, on {OS} {ARCH}{}.", crates.join(", "), compiler())
}

fn version(name: &str) -> Option<&'static str> {
    let entry = format!("name = \"{name}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != entry);
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    version.strip_suffix('"')
}

/// Nothing if it is not at hand.
fn compiler() -> String {
    let output = Command::new("rustc").arg("-V").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match text {
        Ok(text) if !text.is_empty() => format!(", {text}"),
        _ => String::new(),
    }
}
