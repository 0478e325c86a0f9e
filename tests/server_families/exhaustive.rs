//! The promise: what is accepted of small heads is what the grammar allows and nothing else. Spaces
//! are tried in full: every octet at every place of request lines and hosts and all short strings over
//! their delimiters, judged by a matcher of the ABNF; all pairs of framing fields.

use std::collections::HashMap;

use stdhttp::proto::server::{RequestHead, Target};
use stdhttp::{Limits, Tolerance};

use crate::abnf;
use crate::readings::compare;
use crate::sources::{length, sum_of};

/// Every text in which one octet of `base` is replaced by any, or any is put in.
fn mutations(base: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for place in 0..=base.len() {
        let (before, after) = base.split_at(place);
        for octet in 0..=255 {
            all.push([before, &[octet], after].concat());
            if let [_, rest @ ..] = after {
                all.push([before, &[octet], rest].concat());
            }
        }
    }
    all
}

/// Every text of up to `most` octets of an alphabet.
fn texts(alphabet: &[u8], most: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut begins = 0;
    for _ in 0..most {
        let ends = all.len();
        for place in begins..ends {
            for octet in alphabet {
                all.push([&all[place][..], &[*octet]].concat());
            }
        }
        begins = ends;
    }
    all
}

/// Whether a head with this line is taken.
fn is_taken(head: &[u8]) -> bool {
    let parsed = RequestHead::new().parse(head, &Limits::DEFAULT, &Tolerance::SERVER);
    parsed.is_ok_and(|length| length == Some(head.len()))
}

/// Whether the grammar has this line, with a port that is a number of 16 bits.
fn is_line(line: &[u8]) -> bool {
    let is_http1 = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
    let judged = match line.starts_with(b"CONNECT ") {
        true => abnf::is_received_connect(line) && port_of(&line[8..]) != Some(0),
        false => abnf::is_received_line(line),
    };
    judged && (is_http1 || line[line.len() - 3..].starts_with(b"1."))
}

/// The number between the last colon and the space behind it.
fn port_of(target: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(target).ok()?.split(' ').next()?;
    text.rsplit(':').next()?.parse().ok()
}

/// Judges texts by the crate and by the grammar; how many are refused and accepted.
fn judge(
    texts: &[Vec<u8>],
    came: impl Fn(&[u8]) -> bool + Sync,
    expected: impl Fn(&[u8]) -> bool + Sync,
) -> [usize; 2] {
    let accepted = sum_of(texts, |text| {
        let verdict = came(text);
        assert_eq!(verdict, expected(text), "\"{}\"", text.escape_ascii());
        usize::from(verdict)
    });
    [texts.len() - accepted, accepted]
}

fn takes_line(line: &[u8]) -> bool {
    is_taken(&[line, b"\r\nHost: h\r\n\r\n"].concat())
}

/// A line with an end of line in it, or an empty one before it, is not one line.
fn is_one_line(line: &[u8]) -> bool {
    !line.contains(&b'\n')
}

#[test]
fn every_octet_at_every_place_of_a_request_line() {
    let bases: [&[u8]; 5] = [
        b"GET /a?b HTTP/1.1",
        b"OPTIONS * HTTP/1.0",
        b"CONNECT h:443 HTTP/1.1",
        b"GET http://h:8/p?q HTTP/1.1",
        b"GET x://[::1]? HTTP/1.1",
    ];
    let mut lines: Vec<_> = bases.iter().flat_map(|base| mutations(base)).collect();
    lines.retain(|line| is_one_line(line));
    let [refused, accepted] = judge(&lines, takes_line, is_line);
    println!("{} request lines, {accepted} accepted", lines.len());
    assert!(refused > 40_000 && accepted > 4_000);
}

#[test]
fn all_short_strings_of_delimiters_at_the_places_of_a_request_line() {
    let places: [(&[u8], &[u8]); 6] = [
        (b"", b"GET / HTTP/1.1"),
        (b"GET", b"/ HTTP/1.1"),
        (b"GET ", b" HTTP/1.1"),
        (b"GET /", b"HTTP/1.1"),
        (b"GET / HTTP/1", b""),
        (b"CONNECT ", b" HTTP/1.1"),
    ];
    let short = texts(b" \t\r/:?#1.*a[", length(3, 4));
    let lines = places.iter().flat_map(|(before, after)| {
        short
            .iter()
            .map(move |text| [*before, text, *after].concat())
    });
    let lines: Vec<_> = lines.collect();
    let [refused, accepted] = judge(&lines, takes_line, is_line);
    println!(
        "{} short strings in request lines, {accepted} accepted",
        lines.len()
    );
    assert!(refused > 5_000 && accepted > 100);
}

/// All short targets: whether they have one of the four forms, and what their parts add up to.
#[test]
fn all_short_targets_have_one_form_or_none() {
    let targets = texts(b"/:?*#a1[]@%.", length(4, 5));
    let methods = ["GET", "OPTIONS", "CONNECT"];
    let mut accepted = 0;
    for method in methods {
        let came = |target: &[u8]| Target::parse(method.as_bytes(), target).is_some();
        let line = |target: &[u8]| [method.as_bytes(), b" ", target, b" HTTP/1.1"].concat();
        accepted += judge(&targets, came, |target| is_line(&line(target)))[1];
        for bytes in &targets {
            if let Some(target) = Target::parse(method.as_bytes(), bytes) {
                check_parts(target, bytes);
            }
        }
    }
    println!("{} short targets, {accepted} accepted", 3 * targets.len());
    assert!(accepted > 2_000);
}

fn check_parts(target: Target<'_>, bytes: &[u8]) {
    let query = target.query().map(|query| [b"?", query].concat());
    let path = [target.path(), &query.unwrap_or_default()].concat();
    assert!(
        bytes == b"*" || bytes.ends_with(&path),
        "\"{}\"",
        bytes.escape_ascii()
    );
    assert!(
        !target.path().contains(&b'?'),
        "\"{}\"",
        bytes.escape_ascii()
    );
    assert_eq!(target.as_bytes(), bytes);
}

/// Whether a head with this host is taken.
fn takes_host(host: &[u8]) -> bool {
    is_taken(&[b"GET / HTTP/1.1\r\nHost: ", host, b"\r\n\r\n"].concat())
}

fn is_host(host: &[u8]) -> bool {
    let blanks = |octet: &u8| b" \t".contains(octet);
    let first = host
        .iter()
        .position(|octet| !blanks(octet))
        .unwrap_or(host.len());
    let host = &host[first..];
    let last = host
        .iter()
        .rposition(|octet| !blanks(octet))
        .map_or(0, |last| last + 1);
    let host = &host[..last];
    let port = host
        .iter()
        .rev()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let short = port <= 5 || !host[..host.len() - port].ends_with(b":");
    short && (host.is_empty() || abnf::is_received_authority(host))
}

#[test]
fn every_octet_at_every_place_of_a_host_and_all_short_ones() {
    let bases: [&[u8]; 4] = [b"a.b:80", b"[::1]:8", b"[1::2.3.4.5]", b"%41!"];
    let mut hosts: Vec<_> = bases.iter().flat_map(|base| mutations(base)).collect();
    hosts.extend(texts(b"a1:[]%.@ \t\r/-\xe9", length(3, 4)));
    hosts.retain(|host| is_one_line(host));
    let [refused, accepted] = judge(&hosts, takes_host, is_host);
    println!("{} hosts, {accepted} accepted", hosts.len());
    assert!(refused > 5_000 && accepted > 1_000);
}

/// Up to two of these values.
fn choices(name: &str, values: &[&str]) -> Vec<String> {
    let one = |value: &&str| format!("{name}: {value}\r\n");
    let mut all = vec![String::new()];
    all.extend(values.iter().map(one));
    for first in values {
        all.extend(values.iter().map(|second| one(first) + &one(second)));
    }
    all
}

/// All pairs of up to two lengths and up to two codings, in both orders and versions, before a body
/// that is different by each reading; and each verdict on a single value is that of the grammar.
#[test]
fn all_pairs_of_lengths_and_codings() {
    let lengths = [
        "0", "5", "05", "", "5,5", "5, 5", "+5", "5 5", "0x5", "5\u{b}",
    ];
    let codings = [
        "chunked",
        "Chunked",
        "gzip",
        "",
        ",",
        "gzip, chunked",
        "chunked, gzip",
        "chunked,",
        "chunked;q=1",
    ];
    let lengths = choices("Content-Length", &lengths);
    let codings = choices("Transfer-Encoding", &codings);
    let mut heads = Vec::new();
    for version in ["1.0", "1.1"] {
        for length in &lengths {
            for coding in &codings {
                for fields in [[length.as_str(), coding], [coding.as_str(), length]] {
                    heads.push(format!(
                        "PUT / HTTP/{version}\r\nHost: h\r\n{}\r\n",
                        fields.concat()
                    ));
                }
            }
        }
    }
    let whole = sum_of(&heads, |head| {
        let input = format!("{head}0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
        compare(input.as_bytes(), head.len())
    });
    println!(
        "{} heads with framing fields, {whole} whole requests",
        heads.len()
    );
    assert!(whole > 20);
    single_values_follow_the_grammar();
}

fn single_values_follow_the_grammar() {
    let mut verdicts = HashMap::new();
    for value in texts(b"019 ,+-x\t", length(4, 5)) {
        let head = [
            b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ",
            &value[..],
            b"\r\n\r\n",
        ]
        .concat();
        let mut exchange = stdhttp::proto::server::Exchange::default();
        let trimmed = value.trim_ascii().to_vec();
        let expected = *verdicts
            .entry(trimmed)
            .or_insert_with_key(|value| abnf::is_content_length(value));
        let came = exchange.receive_head(&head).is_ok();
        assert_eq!(came, expected, "\"{}\"", value.escape_ascii());
    }
    assert!(verdicts.len() > 1_000);
}
