//! `Link` fields (RFC 8288 section 3).
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

use proptest::prelude::*;
use stdhttp::testing::steps;
use stdhttp::urllib::{Fault, Part, Url, parse_links};

/// Target and parameters of each link, as one text.
fn read(value: &str) -> Vec<String> {
    let links = parse_links(value).unwrap_or_else(|error| panic!("{value}: {error}"));
    let text = links.iter().map(|link| {
        let params = link
            .params
            .iter()
            .map(|(name, value)| format!("|{name}={value}"));
        format!("{}{}", link.target, params.collect::<String>())
    });
    text.collect()
}

#[test]
fn targets_with_their_parameters() {
    for (value, expected) in [
        ("", &[][..]),
        (" ,, ", &[]),
        ("<a>", &["a"]),
        ("<>", &[""]),
        ("< a >", &["a"]),
        ("<a>,<b>", &["a", "b"]),
        ("<a> , , <b> ,", &["a", "b"]),
        (
            "<http://h/?a,b;c=d>; rel=next",
            &["http://h/?a,b;c=d|rel=next"],
        ),
        ("<a>;rel=next;", &["a|rel=next"]),
        ("<a>;;; rel=next , <b>", &["a|rel=next", "b"]),
        (
            "<a> ; REL = \"next\"\t;\tTitle = x",
            &["a|rel=next|title=x"],
        ),
        (
            "<a>; title=\"b, <c>; d=\\\"e\\\" \\\\ ü\", <f>",
            &["a|title=b, <c>; d=\"e\" \\ ü", "f"],
        ),
        ("<a>; crossorigin", &["a|crossorigin="]),
        ("<a>; crossorigin, <b>; x=", &["a|crossorigin=", "b|x="]),
        ("<a>; rel=http://h/r?x=y", &["a|rel=http://h/r?x=y"]),
        ("<a>; title*=UTF-8''%c3%bc", &["a|title*=UTF-8''%c3%bc"]),
        ("<a>; rel=1; rel=2", &["a|rel=1|rel=2"]),
        ("<a>; title=\"\"", &["a|title="]),
    ] {
        assert_eq!(read(value), expected, "{value}");
    }
}

#[test]
fn relations_are_words_in_any_case() {
    let links = parse_links("<a>; rel=\"Prev  up\"; rel=next").unwrap();
    assert!(links[0].has_rel("prev") && links[0].has_rel("UP"));
    assert!(!links[0].has_rel("next") && !links[0].has_rel("pre"));
    assert!(!parse_links("<a>; title=next").unwrap()[0].has_rel("next"));
    assert_eq!(links[0].get("rel"), Some("Prev  up"));
    assert_eq!(links[0].get("title"), None);
    let base = Url::parse("http://h/a/b").unwrap();
    assert_eq!(
        base.join(&links[0].target).unwrap().as_str(),
        "http://h/a/a"
    );
}

#[test]
fn what_is_no_link_is_an_error_with_its_place() {
    for (value, fault, offset) in [
        ("a", Fault::Octet(b'a'), 0),
        ("<a", Fault::Octet(b'a'), 1),
        ("<", Fault::Missing, 1),
        ("<a>b", Fault::Octet(b'b'), 3),
        ("<a> <b>", Fault::Octet(b'<'), 4),
        ("<a>; rel=\"next", Fault::Octet(b'"'), 9),
        ("<a>; rel=\"next\\", Fault::Octet(b'"'), 9),
        ("<a>; rel=\"next\"x", Fault::Octet(b'x'), 15),
        ("<a>; rel=a\"b\"", Fault::Octet(b'"'), 10),
        ("<a>; =x", Fault::Octet(b'='), 5),
        ("<a>; ü", Fault::Octet(0xc3), 5),
        ("<a>; a b", Fault::Octet(b'b'), 7),
        ("<a>, b", Fault::Octet(b'b'), 5),
    ] {
        let error = parse_links(value).unwrap_err();
        assert_eq!(
            (error.part, error.fault, error.offset),
            (Part::Link, fault, offset),
            "{value}"
        );
    }
    assert_eq!(
        parse_links("a").unwrap_err().to_string(),
        "octet 0x61 in the link at byte 0"
    );
}

#[test]
fn floods_take_linear_steps() {
    for pattern in [
        ",", ";", "=", "\"", "%", " ", "<", "<a>", "<a>;", "<a>,", "\\", "/..",
    ] {
        for start in ["", "<a>;", "<a>;b=\"", "<"] {
            let cost = |length: usize| {
                let text = format!("{start}{}", pattern.repeat(length / pattern.len()));
                let before = steps().unwrap();
                let _ = parse_links(&text);
                steps().unwrap() - before
            };
            let (few, many) = (cost(16 << 10), cost(64 << 10));
            assert!(
                many <= 4 * few + 64 && many <= 8 * (64 << 10),
                "{start}{pattern}: {few}, {many}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What a sender writes is read, whatever stands between the quotes.
    #[test]
    fn what_is_written_is_read_back(links in prop::collection::vec(("[a-z/?,;=]{0,8}", "[a-z]{1,5}", ".{0,12}"), 0..5)) {
        let written = links.iter().map(|(target, name, value)| {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("<{target}>; {name}=\"{quoted}\"")
        });
        let value = written.collect::<Vec<_>>().join(", ");
        let expected = links.iter().map(|(target, name, value)| format!("{target}|{name}={value}"));
        prop_assert_eq!(read(&value), expected.collect::<Vec<_>>());
    }
}

/// As `requests` reads them.
#[test]
fn single_quotes_around_a_value_are_none_of_it() {
    let links = parse_links("<p2>; rel='next', <p9>; rel=last; title='; x=it's").unwrap();
    assert!(links[0].has_rel("next") && links[1].has_rel("last"));
    assert_eq!(links[1].get("title"), Some("'"));
    assert_eq!(links[1].get("x"), Some("it's"));
}
