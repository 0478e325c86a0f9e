//! The promise: a second, naive reading of the RFCs (`support/reference.rs`), written apart from
//! the crate, comes to the same verdict, fields, body and end on answers changed at random; and
//! where Python's `http.client` and h11 come to another, the difference is one of a list.
//!
//! `STDHTTP_LONG=1` tries twenty times as many.
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/judges.rs"]
mod judges;
#[path = "support/mutate.rs"]
mod mutate;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/random.rs"]
mod random;
#[path = "support/reference.rs"]
mod reference;
#[path = "support/table.rs"]
mod table;

use judges::{Answer, Difference, JUDGES, Judges};
use outcome::{Outcome, Setting};
use random::Random;
use reference::{Reference, Rejection};
use stdhttp::End;

const RESPONSES: &str = include_str!("vectors/responses.txt");

struct Vector {
    method: String,
    input: Vec<u8>,
    good: bool,
}

/// The answers of the table but the very long ones.
fn vectors() -> Vec<Vector> {
    let rows = table::rows(RESPONSES, 6);
    let vector = |row: &table::Row| Vector {
        method: row.text(2).to_owned(),
        input: row.bytes(3),
        good: row.text(5).starts_with("ok"),
    };
    let vectors = rows.iter().map(vector);
    vectors
        .filter(|vector| vector.input.len() <= 5_000)
        .collect()
}

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// An answer with changes, more often of one that was good.
fn mutant<'a>(vectors: &'a [Vector], random: &mut Random) -> (&'a str, Vec<u8>) {
    let wants_good = random.below(4) > 0;
    let base = loop {
        let base = random.choose(vectors);
        if base.good || !wants_good {
            break base;
        }
    };
    let other = random.choose(vectors);
    let input = mutate::mutate(random, &base.input, &other.input);
    (&base.method, input)
}

#[test]
fn changed_answers_are_read_like_the_reference() {
    let vectors = vectors();
    let mut random = Random::new(7);
    let count = if is_long() { 2_000_000 } else { 100_000 };
    let mut accepted = 0;
    for _ in 0..count {
        let (method, input) = mutant(&vectors, &mut random);
        accepted += usize::from(compare(method, &input));
    }
    println!("{count} changed answers, {accepted} accepted");
    assert!(accepted > count / 20);
}

/// Compares the two readings of an answer that ends in good order; whether it was accepted.
fn compare(method: &str, input: &[u8]) -> bool {
    let setting = Setting::new(method, Some(End::Closed));
    let came = outcome::exchange(&setting, input, &[]);
    let expected = reference::parse(method, input);
    let difference = match &expected {
        Ok(response) => different_response(response, &came, input.len()),
        Err((rejection, body)) => different_error(*rejection, body, &came),
    };
    if let Some(what) = difference {
        panic!(
            "{what} of {method} \"{}\"\n{came:.2000?}\n{expected:.2000?}",
            input.escape_ascii()
        );
    }
    expected.is_ok()
}

fn different_response(expected: &Reference, came: &Outcome, length: usize) -> Option<&'static str> {
    let Some(head) = &came.head else {
        return Some("verdict");
    };
    let minor = head.raw_version.map(|version| version[2] - b'0');
    let reusable = came.reusable && came.consumed == Some(length);
    let facts = [
        ("end", came.consumed == Some(expected.consumed)),
        ("interim heads", came.interim == expected.interim),
        ("version", minor == Some(expected.version.1)),
        ("status", head.status == expected.status),
        ("reason", head.reason == expected.reason),
        ("fields", head.fields == expected.fields),
        ("body", came.body == expected.body),
        ("trailers", came.trailers == expected.trailers),
        ("reuse", reusable == expected.reusable),
    ];
    facts.iter().find(|(_, same)| !same).map(|(what, _)| *what)
}

fn different_error(expected: Rejection, body: &[u8], came: &Outcome) -> Option<&'static str> {
    let Some(name) = came.error() else {
        return Some("verdict");
    };
    // The reference judges a chunk-size line when it is complete, the crate octet by octet.
    let early = name == "InvalidChunk"
        && matches!(expected, Rejection::IncompleteBody | Rejection::LineTooLong);
    // A trailer line that ends in a lone LF breaks the section to one, the coding to the other.
    let trailer = name == "InvalidHeader" && expected == Rejection::InvalidChunk;
    if came.body != body {
        return Some("body before the error");
    }
    (name != format!("{expected:?}") && !early && !trailer).then_some("error")
}

/// Answers that show what those of the table do not.
const MORE: [(&str, &[u8]); 2] = [
    (
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc and more",
    ),
    (
        "HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
    ),
];

/// The answers of the table and changed ones: each difference between the crate and a judge must
/// be on the list, and each entry of the list must be needed.
#[test]
fn other_implementations_differ_only_as_listed() {
    let Some(mut judges) = Judges::start() else {
        assert!(std::env::var_os("CI").is_none(), "the judges are missing");
        println!("left out: there is no Python with h11");
        return;
    };
    let vectors = vectors();
    let messages = messages(&vectors);
    let mut uses = vec![0; judges::DIFFERENCES.len()];
    let mut unexplained = Vec::new();
    for (method, input) in &messages {
        unexplained.extend(differences(&mut judges, method, input, &mut uses));
    }
    let listed: usize = uses.iter().sum();
    println!("{} answers, {listed} listed differences", messages.len());
    assert!(messages.len() >= if is_long() { 5_000 } else { 500 });
    let count = unexplained.len();
    assert!(
        unexplained.is_empty(),
        "{count} differ\n{}",
        unexplained.join("\n")
    );
    let entries = judges::DIFFERENCES.iter().zip(&uses);
    let unused = entries
        .filter(|(_, uses)| **uses == 0)
        .map(|(entry, _)| entry.reason);
    assert_eq!(
        unused.collect::<Vec<_>>(),
        [""; 0],
        "entries that are not needed"
    );
}

fn messages(vectors: &[Vector]) -> Vec<(&str, Vec<u8>)> {
    let mut random = Random::new(11);
    let changed = if is_long() { 20_000 } else { 2_000 };
    let more = MORE.iter().map(|(method, input)| (*method, input.to_vec()));
    let table = vectors
        .iter()
        .map(|vector| (vector.method.as_str(), vector.input.clone()));
    let mut messages: Vec<_> = more.chain(table).collect();
    messages.extend((0..changed).map(|_| mutant(vectors, &mut random)));
    messages
}

/// The differences that are not listed, as text; the others are counted.
fn differences(judges: &mut Judges, method: &str, input: &[u8], uses: &mut [usize]) -> Vec<String> {
    let ours = outcome::exchange(&Setting::new(method, Some(End::Closed)), input, &[]);
    let answer = Answer::of(&ours);
    let mut unexplained = Vec::new();
    for (judge, theirs) in JUDGES.iter().zip(judges.judge(method, input)) {
        if theirs == answer {
            continue;
        }
        let difference = Difference {
            judge,
            method,
            input,
            ours: &ours,
            theirs: &theirs,
        };
        match judges::explain(&difference) {
            Some(entry) => uses[entry] += 1,
            None => unexplained.push(difference.to_string()),
        }
    }
    unexplained
}
