//! `urllib::parse`: what it does where `tests/urllib.rs`, which compares it with Python, does not
//! look, and that the work is linear and the memory bounded.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "support/counting.rs"]
mod counting;

use counting::{Counting, measure};
use proptest::prelude::*;
use stdhttp::dates::{parse_cookie, parse_http};
use stdhttp::testing::steps;
use stdhttp::urllib::parse::*;
use stdhttp::urllib::{Fault, Part, Url, UrlParser};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = fields.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn a_field_without_a_value_is_kept() {
    let fields = parse_qsl("a=&b&&=c&=", QueryOptions::default()).unwrap();
    assert_eq!(pairs(&fields), [("a", ""), ("b", ""), ("", "c"), ("", "")]);
    let python = QueryOptions {
        keep_blank_values: false,
        ..QueryOptions::default()
    };
    assert_eq!(pairs(&parse_qsl("a=&b&&=c", python).unwrap()), [("", "c")]);
    assert_eq!(parse_qsl("", QueryOptions::default()).unwrap(), []);
}

#[test]
fn fields_are_counted_before_they_are_read() {
    let options = |max_num_fields| QueryOptions {
        max_num_fields,
        ..QueryOptions::default()
    };
    for (limit, query, taken) in [
        (Some(0), "", true),
        (Some(0), "a", false),
        (Some(1), "a", true),
        (Some(1), "a&", false),
        (Some(2), "a&b", true),
        (Some(2), "a&b&c", false),
        (None, "a&b&c", true),
    ] {
        assert_eq!(
            parse_qsl(query, options(limit)).is_ok(),
            taken,
            "{limit:?} {query}"
        );
    }
    let many = "&".repeat(1_000);
    let error = parse_qsl(&many, QueryOptions::default()).unwrap_err();
    assert_eq!(
        (error.part, error.fault),
        (Part::Query, Fault::TooMuch(1_000))
    );
    assert!(parse_qsl(&many[1..], QueryOptions::default()).is_ok());
    let (result, taken) = measure(|| parse_qsl("a&".repeat(1 << 20), QueryOptions::default()));
    assert!(result.is_err());
    // The query itself is 2 MiB.
    assert!(taken.peak <= (2 << 20) + 1_024, "{}", taken.peak);
}

#[test]
fn strict_parsing_says_where() {
    let strict = QueryOptions {
        strict_parsing: true,
        ..QueryOptions::default()
    };
    assert!(parse_qsl("a=1&b=", strict).is_ok());
    for (query, offset) in [("a", 0), ("a=1&b", 4), ("a=1&&c=2", 4), ("a=%41&bc=&d", 10)] {
        let error = parse_qsl(query, strict).unwrap_err();
        assert_eq!(
            (error.part, error.fault, error.offset),
            (Part::Query, Fault::Malformed, offset)
        );
        assert_eq!(parse_qs(query, strict), Err(error));
    }
}

#[test]
fn a_fragment_is_cut_off_at_the_first_mark() {
    for (whole, url, fragment) in [
        ("http://h/a#b", "http://h/a", "b"),
        ("http://h/a#b#c", "http://h/a", "b#c"),
        ("http://h/a#", "http://h/a", ""),
        ("http://h/a", "http://h/a", ""),
        ("#b", "", "b"),
    ] {
        let cut = urldefrag(whole);
        assert_eq!((cut.url, cut.fragment), (url, fragment));
    }
}

#[test]
fn one_octet_separates() {
    let options = QueryOptions {
        separator: b';',
        ..QueryOptions::default()
    };
    assert_eq!(
        pairs(&parse_qsl("a=1&b=2;c", options).unwrap()),
        [("a", "1&b=2"), ("c", "")]
    );
    let fields = parse_qsl("a=1;b=2", QueryOptions::default()).unwrap();
    assert_eq!(pairs(&fields), [("a", "1;b=2")]);
}

#[test]
fn values_of_a_name_stand_together_in_the_order_of_names() {
    let fields = parse_qs("b=1&a=2&b=3&c=&b=", QueryOptions::default()).unwrap();
    let expected = [("b", vec!["1", "3", ""]), ("a", vec!["2"]), ("c", vec![""])];
    assert_eq!(fields.len(), expected.len());
    for ((name, values), (expected_name, expected_values)) in fields.iter().zip(expected) {
        assert_eq!(
            (name.as_str(), values.len()),
            (expected_name, expected_values.len())
        );
        assert!(values.iter().eq(expected_values));
    }
}

#[test]
fn bytes_and_text_are_encoded_alike() {
    assert_eq!(quote([0, b'a', 0xff, b'/'], "/"), "%00a%FF/");
    assert_eq!(quote_from_bytes(b"\xc3\xbc b", ""), quote("ü b", ""));
    assert_eq!(urlencode([(b"a\xff".to_vec(), b" ".to_vec())]), "a%FF=+");
    let none: [(&str, &str); 0] = [];
    assert_eq!(urlencode(none), "");
    // A name that is empty is a field all the same.
    assert_eq!(urlencode([("", ""), ("", "")]), "=&=");
    assert_eq!(quote_plus("a+b c", "+ "), "a+b+c");
    assert_eq!(unquote_to_bytes(b"%zz%4%41\xff%"), b"%zz%4A\xff%");
    assert!(matches!(unquote("a+b"), std::borrow::Cow::Borrowed("a+b")));
    assert!(matches!(
        unquote_plus("ab"),
        std::borrow::Cow::Borrowed("ab")
    ));
}

#[test]
fn a_scheme_is_made_anew_only_where_it_changes() {
    for (url, is_as_written) in [("http://h/", true), ("hTTp://h/", false)] {
        let scheme = urlsplit(url).unwrap().scheme;
        assert_eq!(scheme, "http");
        let borrowed = matches!(scheme, std::borrow::Cow::Borrowed(_));
        assert_eq!(borrowed, is_as_written, "{url}");
    }
}

#[test]
fn errors_of_urls_say_where() {
    for (url, part, fault, offset) in [
        ("http://h/\tb", Part::Whole, Fault::Octet(b'\t'), 9),
        (" http://h/", Part::Whole, Fault::Octet(b' '), 0),
        ("http://u@v@h/", Part::Host, Fault::Octet(b'@'), 10),
        ("//a\\b@h", Part::Host, Fault::Octet(b'\\'), 3),
        ("http://h\u{2100}/", Part::Host, Fault::Octet(0xe2), 8),
        ("http://u@[h]/", Part::Host, Fault::Malformed, 9),
        ("http://[::1/", Part::Host, Fault::Malformed, 7),
        ("http://u[]@[::1]/", Part::Host, Fault::Malformed, 11),
        ("http://[::1]:[]/", Part::Host, Fault::Malformed, 7),
        ("http://[::1%]/", Part::Host, Fault::Malformed, 7),
        ("http://[v.x]/", Part::Host, Fault::Malformed, 7),
        ("http://[v1.]/", Part::Host, Fault::Malformed, 7),
        ("http://[vg.x]/", Part::Host, Fault::Malformed, 7),
    ] {
        let error = urlsplit(url).unwrap_err();
        assert_eq!(
            (error.part, error.fault, error.offset),
            (part, fault, offset),
            "{url}"
        );
        assert_eq!(urlparse(url), Err(error));
        assert_eq!(urljoin(url, "g"), Err(error));
        assert_eq!(urljoin("http://h/", url), Err(error));
    }
    for url in [
        "http://[V1F.x]/",
        "http://[::1%25lo]:x/",
        "http://[::1]",
        "http://h]/".trim_end_matches("]/"),
    ] {
        assert!(urlsplit(url).is_ok(), "{url}");
    }
    for (url, offset) in [
        ("http://u:p@h:80a/", 6),
        ("//h:65536", 2),
        ("//[::1]:x", 6),
        ("//h:-1", 2),
    ] {
        let error = urlsplit(url).unwrap().port().unwrap_err();
        assert_eq!(
            (error.part, error.fault, error.offset),
            (Part::Port, Fault::Malformed, offset)
        );
        assert_eq!(urlparse(url).unwrap().port(), Err(error));
    }
    assert_eq!(
        error_text("http://h/\tb"),
        "octet 0x09 in the text at byte 9"
    );
    assert_eq!(error_text("//[h]"), "malformed host at byte 2");
}

fn error_text(url: &str) -> String {
    urlsplit(url).unwrap_err().to_string()
}

#[test]
fn errors_have_a_text_without_the_text_that_was_given() {
    for (text, expected) in [
        ("secret", "scheme missing at byte 0"),
        ("secret://h", "unsupported scheme at byte 0"),
        ("http://secret:0/", "malformed port at byte 7"),
        ("http://h?%", "lone % in the query at byte 9"),
        ("http://h#<", "octet 0x3c in the fragment at byte 9"),
        ("http://h/<", "octet 0x3c in the path at byte 9"),
        ("http://<@h", "octet 0x3c in the userinfo at byte 7"),
    ] {
        assert_eq!(Url::parse(text).unwrap_err().to_string(), expected);
    }
    let error = Url::parse(&"a".repeat(1 << 20)).unwrap_err();
    assert_eq!(error.to_string(), "text of more than 131072 at byte 0");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_quoted_is_unquoted(text in ".{0,40}", safe in "[/~:é ]{0,3}") {
        let quoted = quote(&text, &safe);
        prop_assert_eq!(unquote(&quoted), text.as_str());
        prop_assert!(quoted.is_ascii());
        let quoted = quote_plus(&text, "/");
        prop_assert_eq!(unquote_plus(&quoted), text.as_str());
    }

    #[test]
    fn bytes_that_are_quoted_are_unquoted(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let quoted = quote_from_bytes(&bytes, "/");
        prop_assert_eq!(unquote_to_bytes(&quoted), &bytes[..]);
        // What is legal after that stays as it is in a URL.
        let url = Url::parse(&format!("http://h/{quoted}")).unwrap();
        prop_assert_eq!(unquote_to_bytes(url.path()), [b"/", &bytes[..]].concat());
    }

    #[test]
    fn what_is_encoded_as_a_form_is_read(fields in prop::collection::vec((".{0,8}", ".{0,8}"), 0..8)) {
        let text = urlencode(fields.iter().map(|(name, value)| (name, value)));
        prop_assert_eq!(parse_qsl(&text, QueryOptions::default()).unwrap(), fields);
        prop_assert!(text.is_ascii());
    }

    /// A text that can be split is put together to one that is split alike.
    #[test]
    fn what_is_split_is_put_together(url in "(http:|x:|)(//(u@)?h(:1)?)?[/;a%?#.]{0,8}") {
        let parts = urlsplit(&url).unwrap();
        let again = parts.geturl();
        prop_assert_eq!(&urlsplit(&again).unwrap(), &parts);
        let parsed = urlparse(&url).unwrap();
        prop_assert!(parsed.params.is_empty() || parsed.geturl() == again);
        let cut = urldefrag(&url);
        prop_assert!(cut.fragment.is_empty() || cut.geturl() == url);
    }

    /// Resolving is settled after one step, and only removes.
    #[test]
    fn what_is_joined_is_joined_again_to_the_same(reference in "[/.a;?#]{0,12}") {
        let base = Url::parse("http://h/a/b/c?q").unwrap();
        let Ok(joined) = base.join(&reference) else { return Ok(()) };
        prop_assert_eq!(&base.join(joined.as_str()).unwrap(), &joined);
        prop_assert_eq!(Url::parse(joined.as_str()).unwrap(), joined);
    }
}

/// Everything that reads a text.
type Reader = (&'static str, fn(&str));

const READERS: [Reader; 15] = [
    ("Url::parse", |text| {
        drop(Url::parse(&format!("http://h/{text}")));
    }),
    ("Url::parse, host", |text| {
        drop(Url::parse(&format!("http://{text}")));
    }),
    ("UrlParser::quoting", |text| {
        drop(UrlParser::quoting().parse(&format!("http://h?{text}")));
    }),
    ("UrlParser::join", |text| {
        let base = Url::parse("http://h/a/b").unwrap();
        drop(UrlParser::quoting().join(&base, text));
    }),
    ("urlsplit", |text| drop(urlsplit(text))),
    ("urlsplit, netloc", |text| {
        let url = format!("//{text}");
        let port = urlsplit(&url).map(|parts| (parts.hostname(), parts.port()));
        drop(port);
    }),
    ("urlparse", |text| {
        drop(urlparse(text).map(|parts| parts.geturl()));
    }),
    ("urljoin", |text| drop(urljoin("http://h/a/b", text))),
    ("urljoin, base", |text| drop(urljoin(text, "../../g"))),
    ("quote", |text| drop(quote(text, text))),
    ("unquote", |text| drop(unquote(text))),
    ("unquote_plus", |text| drop(unquote_plus(text))),
    ("parse_qs", |text| {
        drop(parse_qs(
            text,
            QueryOptions {
                max_num_fields: None,
                ..QueryOptions::default()
            },
        ));
    }),
    ("parse_http", |text| {
        assert!(parse_http(text, std::time::UNIX_EPOCH).is_err());
    }),
    ("parse_cookie", |text| assert!(parse_cookie(text).is_err())),
];

const PATTERNS: [&str; 16] = [
    "/..", "/.", "../", ";", ",", "=", "%", "\"", "&", "+", "@", ":", "[", "\u{a0}", " ", "a=%41&",
];

#[test]
fn floods_take_linear_steps_and_memory() {
    const SHORT: usize = 16 << 10;
    let mut most = (0, 0);
    for (name, read) in READERS {
        for pattern in PATTERNS {
            let cost = |length: usize| {
                let text = pattern.repeat(length / pattern.len());
                let before = steps().unwrap();
                let ((), taken) = measure(|| read(&text));
                (steps().unwrap() - before, taken.peak)
            };
            let ((few, low), (many, high)) = (cost(SHORT), cost(4 * SHORT));
            assert!(
                many <= 4 * few + 64,
                "{name} {pattern}: {few} and {many} steps"
            );
            assert!(
                many <= 16 * 4 * SHORT as u64,
                "{name} {pattern}: {many} steps"
            );
            // Fields of one octet and a separator are two texts each.
            assert!(
                high <= 4 * low + 8_192,
                "{name} {pattern}: {low} and {high} bytes"
            );
            assert!(
                high <= 64 * 4 * SHORT as i64,
                "{name} {pattern}: {high} bytes"
            );
            most = (most.0.max(many), most.1.max(high));
        }
    }
    println!(
        "64 KiB of one pattern: at most {} steps, {} bytes",
        most.0, most.1
    );
}
