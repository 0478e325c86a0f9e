//! Families of tests of the server by bytes: requests cut in every way (`split`), cut short
//! (`truncation`), small ones in full against the grammar (`exhaustive`), and changed at random
//! against a naive parser (`mutants`).
//!
//! `STDHTTP_LONG=1` tries many times as many.
#![cfg(feature = "server")]
#![allow(missing_docs)]

#[path = "../support/abnf.rs"]
mod abnf;
#[path = "../support/base64.rs"]
mod base64;
#[path = "../support/json.rs"]
mod json;
#[path = "../support/mutate.rs"]
mod mutate;
#[path = "../support/naive.rs"]
mod naive;
#[path = "../support/own_requests.rs"]
mod own_requests;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/readings.rs"]
mod readings;
#[path = "../support/requests.rs"]
mod requests;

mod exhaustive;
mod mutants;
mod sources;
mod split;
mod truncation;

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// The method by whose rules the answer to the last request of a connection is read, which was refused:
/// one to HEAD has no body.
fn method_of_refused(input: &[u8], answer: &[u8]) -> &'static str {
    let has_head = input.windows(5).any(|octets| octets == b"HEAD ");
    let end = answer.windows(4).position(|octets| octets == b"\r\n\r\n");
    match has_head && end.is_some_and(|end| end + 4 == answer.len()) {
        true => "HEAD",
        false => "GET",
    }
}
