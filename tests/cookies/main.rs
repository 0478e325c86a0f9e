//! Cookies beyond the rules that `rfc` proves: vectors of others, the jar as a container, cookie
//! files, `SimpleCookie` and `Morsel`, floods, and what Python and curl make of the same.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "../support/base64.rs"]
mod base64;
#[path = "../support/counting.rs"]
mod counting;
#[path = "../support/folder.rs"]
mod folder;
#[path = "../support/json.rs"]
mod json;
#[path = "../support/python.rs"]
mod python_judge;
#[path = "../support/random.rs"]
mod random;

mod curl;
mod files;
mod floods;
mod jar;
mod parity;
mod python;
mod simple;
mod vectors;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stdhttp::cookies::CookieJar;
use stdhttp::urllib::Url;

#[global_allocator]
static COUNTING: counting::Counting = counting::Counting;

/// Seconds since 1970: 14 November 2023.
const NOW: u64 = 1_700_000_000;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// An empty jar whose clock stands still.
fn jar_at(seconds: u64) -> CookieJar {
    CookieJar::new().with_clock(move || at(seconds))
}

fn jar() -> CookieJar {
    jar_at(NOW)
}

/// What a request to this URL carries; empty for none.
fn sent(jar: &CookieJar, to: &str) -> Vec<u8> {
    jar.cookie_header(&url(to)).unwrap_or_default()
}
