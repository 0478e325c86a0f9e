//! URIs: RFC 3986, as far as http and https have them.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use stdhttp::urllib::{Fault, ParseError, Part, Url, UrlParser};

/// The URL, its host field and target, read strictly.
fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The fault of a text, which the parser that quotes must find too.
fn refused(text: &str) -> ParseError {
    let error = Url::parse(text).expect_err(text);
    UrlParser::quoting().parse(text).expect_err(text);
    error
}

fn joined(reference: &str) -> String {
    let base = url("http://a/b/c/d;p?q");
    let joined = base.join(reference).unwrap();
    joined.as_str().to_owned()
}

#[test]
fn u_2_1_1_a_percent_sign_is_followed_by_two_digits() {
    for (text, part, offset) in [
        ("http://h/a%", Part::Path, 10),
        ("http://h/a%g0", Part::Path, 10),
        ("http://h/a%0", Part::Path, 10),
        ("http://h/a%0g", Part::Path, 10),
        ("http://h/%%41", Part::Path, 9),
        ("http://h/?%", Part::Query, 10),
        ("http://h/#%zz", Part::Fragment, 10),
        ("http://u%@h/", Part::Userinfo, 8),
    ] {
        assert_eq!(refused(text), error(part, Fault::Percent, offset), "{text}");
    }
    // The quoting parser counts in the text that it was given.
    let quoting = UrlParser::quoting();
    let late = quoting.parse("http://h/ü b%").unwrap_err();
    assert_eq!(late, error(Part::Path, Fault::Percent, 13));
    assert_eq!(url("http://h/%00%fF%25").path(), "/%00%fF%25");
}

fn error(part: Part, fault: Fault, offset: usize) -> ParseError {
    // The fields are what the crate makes errors of.
    let mut error = Url::parse("").unwrap_err();
    (error.part, error.fault, error.offset) = (part, fault, offset);
    error
}

#[test]
fn u_2_1_2_upper_case_where_something_is_encoded() {
    let url = UrlParser::quoting().parse("http://h/ü\u{e9}?«#»").unwrap();
    assert_eq!(url.as_str(), "http://h/%C3%BC%C3%A9?%C2%AB#%C2%BB");
}

#[test]
fn u_2_4_1_nothing_is_encoded_or_decoded_twice() {
    for text in [
        "http://h/%2541",
        "http://h/?%2541%41#%25",
        "http://h/%7E%7e~",
    ] {
        for parser in [UrlParser::strict(), UrlParser::quoting()] {
            let once = parser.parse(text).unwrap();
            assert_eq!(once.as_str(), text);
            assert_eq!(parser.parse(once.as_str()).unwrap(), once);
        }
    }
    let quoting = UrlParser::quoting();
    let once = quoting.parse("http://h/a b%20c").unwrap();
    assert_eq!(once.as_str(), "http://h/a%20b%20c");
    assert_eq!(quoting.parse(once.as_str()).unwrap(), once);
}

#[test]
fn u_3_1_1_the_scheme() {
    for text in ["HTTP://h/", "http://h/", "hTtP://h/"] {
        assert_eq!(url(text).scheme(), "http");
    }
    assert_eq!(url("HTTPS://h").scheme(), "https");
    for (text, part, fault) in [
        ("1http://h/", Part::Scheme, Fault::Octet(b':')),
        ("ht tp://h/", Part::Scheme, Fault::Octet(b':')),
        ("://h/", Part::Scheme, Fault::Octet(b':')),
        ("", Part::Scheme, Fault::Missing),
        ("h/", Part::Scheme, Fault::Missing),
        ("//h/", Part::Scheme, Fault::Missing),
        ("/p", Part::Scheme, Fault::Missing),
        ("ftp://h/", Part::Scheme, Fault::Unsupported),
        ("file:///p", Part::Scheme, Fault::Unsupported),
        ("javascript:x", Part::Scheme, Fault::Unsupported),
        ("localhost:80", Part::Scheme, Fault::Unsupported),
        (" http://h/", Part::Whole, Fault::Octet(b' ')),
        ("http://h/ ", Part::Whole, Fault::Octet(b' ')),
        ("\thttp://h/", Part::Whole, Fault::Octet(b'\t')),
        ("ht\ntp://h/", Part::Whole, Fault::Octet(b'\n')),
        ("http://h/a\rb", Part::Whole, Fault::Octet(b'\r')),
        ("http://h/#\0", Part::Whole, Fault::Octet(0)),
        ("http://h/\x7f", Part::Whole, Fault::Octet(0x7f)),
    ] {
        let error = refused(text);
        assert_eq!((error.part, error.fault), (part, fault), "{text:?}");
    }
    assert_eq!(refused("http://h/ ").offset, 9);
    assert_eq!(refused("ht\ntp://h/").offset, 2);
}

#[test]
fn u_3_2_1_the_authority_ends_at_the_first_delimiter() {
    for (text, host, target) in [
        ("http://h/@evil/", "h", "/@evil/"),
        ("http://h?@evil/", "h", "/?@evil/"),
        ("http://h#@evil/", "h", "/"),
        ("http://h?a/b#c", "h", "/?a/b"),
        ("http://u@h?p@x", "h", "/?p@x"),
    ] {
        assert_eq!(url(text).hostname(), host, "{text}");
        assert_eq!(url(text).request_target(), target, "{text}");
    }
    for (text, part, fault, offset) in [
        ("http://a@b@c/", Part::Host, Fault::Octet(b'@'), 10),
        ("http://@@h/", Part::Host, Fault::Octet(b'@'), 8),
        ("http://h\\@evil/", Part::Host, Fault::Octet(b'\\'), 8),
        ("http://a@b\\c/", Part::Host, Fault::Octet(b'\\'), 10),
        ("http://\\\\h/", Part::Host, Fault::Octet(b'\\'), 7),
    ] {
        assert_eq!(refused(text), error(part, fault, offset), "{text}");
    }
    // Behind the authority a backslash is one octet like another that must be encoded.
    assert!(Url::parse("http://h/\\evil").is_err());
    let quoted = UrlParser::quoting().parse("http://h/\\evil").unwrap();
    assert_eq!(quoted.request_target(), "/%5Cevil");
    let away = UrlParser::quoting().join(&quoted, "/\\evil/").unwrap();
    assert_eq!((away.hostname(), away.path()), ("h", "/%5Cevil/"));
}

#[test]
fn u_3_2_2_1_brackets_hold_an_ipv6_address_and_nothing_else() {
    for (text, host, field) in [
        ("http://[::1]", "::1", "[::1]"),
        ("http://[::1]:8080", "::1", "[::1]:8080"),
        (
            "http://u:p@[2001:DB8::1]:80/",
            "2001:db8::1",
            "[2001:db8::1]",
        ),
        ("http://[0:0:0:0:0:0:0:1]", "::1", "[::1]"),
        (
            "http://[::ffff:102:304]",
            "::ffff:1.2.3.4",
            "[::ffff:1.2.3.4]",
        ),
        (
            "http://[::FFFF:1.2.3.4%25eth0]",
            "::ffff:1.2.3.4%eth0",
            "[::ffff:1.2.3.4]",
        ),
        ("http://[fe80::1%25eth0]/", "fe80::1%eth0", "[fe80::1]"),
    ] {
        assert_eq!(
            (url(text).hostname(), url(text).host_field()),
            (host, field)
        );
    }
    for host in [
        "[h]",
        "[127.0.0.1]",
        "a[::1]",
        "[::1]a",
        "[::1",
        "::1]",
        "::1",
        "[1::2::3]",
        "[12345::]",
        "[]",
        "[",
        "]",
        "[[::1]]",
        "[::1]]",
        "[::1]:80]",
        "[v1.x]",
        "[::1%]",
        "[::1%25]",
        "[::1%eth0]",
        "[::1%2Feth0]",
        "[::1%25%2F]",
        "[::1 ]",
        "[::1]@h]",
        "fe80::1",
        "[::1]::80",
        "[::1]80",
    ] {
        refused(&format!("http://{host}/"));
        refused(&format!("http://{host}"));
    }
    assert!(Url::parse("http://[::1]@[::2]/").is_err());
}

#[test]
fn u_3_2_2_2_a_host_holds_unreserved_octets() {
    assert_eq!(url("http://a-b.c_d~1x/").hostname(), "a-b.c_d~1x");
    for octet in 0x20..0x7f_u8 {
        let name = char::from(octet);
        let legal = octet.is_ascii_alphanumeric() || "-._~".contains(name);
        let delimiter = "/?#:@".contains(name);
        let text = format!("http://h{name}evil/");
        assert_eq!(
            Url::parse(&text).is_ok(),
            legal || "/?#@".contains(name),
            "{text}"
        );
        assert!(
            delimiter || legal || UrlParser::quoting().parse(&text).is_err(),
            "{text}"
        );
    }
    for host in ["h%2F.evil", "h%00", "h%0d", "h%23", "%68", "h%", "h%zz"] {
        let error = refused(&format!("http://{host}/"));
        assert_eq!(error.part, Part::Host, "{host}");
    }
    refused(&format!("http://{}/", "h".repeat(256)));
    assert_eq!(
        url(&format!("http://{}/", "h".repeat(255)))
            .hostname()
            .len(),
        255
    );
}

#[test]
fn u_3_2_2_3_odd_spellings_of_ipv4_are_refused() {
    for host in [
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "0x7f000001",
        "0x",
        "1.2.3.4.",
        "1.2.3.04",
        "256.0.0.1",
        "1.2.3.4.5",
        "1.2.3",
        "1",
        "a.1",
        "a.0x1",
        "a.09",
        "a.0X1F",
        "1.2.3.0x4",
    ] {
        let error = refused(&format!("http://{host}/"));
        assert_eq!(
            (error.part, error.fault),
            (Part::Host, Fault::Malformed),
            "{host}"
        );
    }
    for host in [
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "1.2.3.4.com",
        "1a",
        "0x7g",
        "a.1x",
        "1.",
        "x1",
    ] {
        let text = format!("http://{host}/");
        assert_eq!(Url::parse(&text).is_ok(), host != "1.", "{host}");
    }
    assert!(
        url("http://127.0.0.1/")
            .address()
            .is_some_and(|ip| ip.is_loopback())
    );
    assert!(
        url("http://[::1%25lo]/")
            .address()
            .is_some_and(|ip| ip.is_loopback())
    );
    assert_eq!(url("http://localhost/").address(), None);
}

#[test]
fn u_3_2_2_4_hosts_count_in_any_case_and_are_ascii() {
    let upper = url("http://EXAMPLE.Org/");
    assert_eq!(
        (upper.hostname(), upper.host_field()),
        ("example.org", "example.org")
    );
    assert_eq!(upper.origin(), url("http://example.ORG").origin());
    assert_eq!(upper.netloc(), "EXAMPLE.Org");
    for host in ["ﬁ.com", "a。b", "ü.de", "a\u{ad}b", "h\u{2100}"] {
        let error = refused(&format!("http://{host}/"));
        assert_eq!(error.part, Part::Host, "{host}");
        assert!(matches!(error.fault, Fault::Octet(0x80..)), "{host}");
    }
    let idna = |host: &str| match host {
        "ü.de" => Some("xn--tda.de".to_owned()),
        "evil.ü" => Some("h/@evil".to_owned()),
        "port.ü" => Some("h:1".to_owned()),
        "none.ü" => Some(String::new()),
        _ => None,
    };
    let parser = UrlParser::quoting().idna(idna);
    let url = parser.parse("http://ö@ü.de:8080/ä").unwrap();
    assert_eq!(url.as_str(), "http://%C3%B6@xn--tda.de:8080/%C3%A4");
    assert_eq!(url.host_field(), "xn--tda.de:8080");
    assert_eq!(
        parser.join(&url, "//ü.de/").unwrap().host_field(),
        "xn--tda.de"
    );
    for host in ["evil.ü", "port.ü", "none.ü", "ö.de"] {
        let error = parser.parse(&format!("http://{host}/")).unwrap_err();
        assert_eq!(error.part, Part::Host, "{host}");
    }
    assert_eq!(
        format!("{parser:?}"),
        "UrlParser { quotes: true, idna: true }"
    );
}

#[test]
fn u_3_2_2_5_a_trailing_dot_is_dialled_but_does_not_count() {
    let (with, without) = (url("http://h.example./"), url("http://h.example/"));
    assert_eq!(
        (with.hostname(), with.host_field()),
        ("h.example.", "h.example.")
    );
    assert_ne!(with, without);
    assert_eq!(with.origin(), without.origin());
    assert_eq!(with.origin().host(), "h.example");
}

#[test]
fn u_3_2_3_1_the_port() {
    for (text, port, field) in [
        ("http://h", 80, "h"),
        ("https://h", 443, "h"),
        ("http://h:", 80, "h"),
        ("http://h:80", 80, "h"),
        ("http://h:0080", 80, "h"),
        ("https://h:80", 80, "h:80"),
        ("http://h:443", 443, "h:443"),
        ("http://h:00000000000000000065535", 65_535, "h:65535"),
        ("http://[::1]:", 80, "[::1]"),
    ] {
        assert_eq!(
            (url(text).port(), url(text).host_field()),
            (port, field),
            "{text}"
        );
    }
    for port in [
        "80a",
        "-1",
        "+80",
        "0",
        "000",
        "65536",
        "99999999999",
        " 80",
        "8 0",
        "8_0",
        "%38",
        ":80",
        "0x50",
    ] {
        let error = refused(&format!("http://h:{port}/"));
        let host_or_port = matches!(error.part, Part::Port | Part::Host);
        assert!(host_or_port, "{port}: {error}");
    }
    assert_eq!(
        refused("http://u@h:65536/"),
        error(Part::Port, Fault::Malformed, 9)
    );
}

#[test]
fn u_3_3_1_a_path_is_empty_or_begins_with_a_slash() {
    for (text, path, target) in [
        ("http://h", "", "/"),
        ("http://h/", "/", "/"),
        ("http://h?q", "", "/?q"),
        ("http://h//a//", "//a//", "//a//"),
        ("http://h/a;b,c:d@e", "/a;b,c:d@e", "/a;b,c:d@e"),
    ] {
        assert_eq!(
            (url(text).path(), &*url(text).request_target()),
            (path, target)
        );
    }
    for text in [
        "http:p",
        "http:/p",
        "http:",
        "http:?q",
        "https:h/p",
        "http:h:80",
    ] {
        assert_eq!(refused(text).fault, Fault::Missing, "{text}");
        assert_eq!(refused(text).part, Part::Host, "{text}");
    }
    for octet in "\"<>[\\]^`{|} ".chars() {
        let text = format!("http://h/a{octet}b");
        let error = Url::parse(&text).unwrap_err();
        assert_eq!(error.part, Part::Path, "{text}");
        assert_eq!((error.fault, error.offset), (Fault::Octet(octet as u8), 10));
    }
}

#[test]
fn u_3_4_1_the_query_runs_to_the_fragment() {
    for (text, query) in [
        ("http://h/?a?/b", Some("a?/b")),
        ("http://h/?", Some("")),
        ("http://h/", None),
        ("http://h/#?", None),
        ("http://h?a#b?c", Some("a")),
        ("http://h/?a=b&c=%26;d+e", Some("a=b&c=%26;d+e")),
    ] {
        assert_eq!(url(text).query(), query, "{text}");
    }
    assert_eq!(url("http://h/?").request_target(), "/?");
    assert!(matches!(
        Url::parse("http://h/?a|b").unwrap_err(),
        ParseError {
            part: Part::Query,
            offset: 11,
            ..
        }
    ));
}

#[test]
fn u_3_5_1_the_fragment_stays_here() {
    let url = url("http://u:p@h/p?q#f/?:@");
    assert_eq!(url.fragment(), Some("f/?:@"));
    assert_eq!(url.request_target(), "/p?q");
    assert_eq!(url.absolute_target(), "http://h/p?q");
    assert_eq!(Url::parse("http://h/#").unwrap().fragment(), Some(""));
    assert!(matches!(
        Url::parse("http://h/#a#b").unwrap_err(),
        ParseError {
            part: Part::Fragment,
            offset: 11,
            ..
        }
    ));
}

#[test]
fn u_5_2_2_1_references_are_resolved() {
    for (reference, expected) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("https://x/a/../b", "https://x/b"),
        ("//x/./y", "http://x/y"),
        ("?", "http://a/b/c/d;p?"),
        ("..//g", "http://a/b//g"),
    ] {
        assert_eq!(joined(reference), expected, "{reference}");
    }
    assert!(url("http://a/").join("//").is_err());
    // The scheme of a reference wins, and it must be one that a client has.
    let error = url("http://a/b").join("g:h").unwrap_err();
    assert_eq!(
        (error.part, error.fault),
        (Part::Scheme, Fault::Unsupported)
    );
    assert_eq!(url("http://a").join("g").unwrap().as_str(), "http://a/g");
    assert_eq!(url("http://a?q").join("").unwrap().as_str(), "http://a?q");
    assert_eq!(url("http://a/b#f").join("").unwrap().as_str(), "http://a/b");
    assert_eq!(
        url("http://u:p@a:1/b").join("c").unwrap().netloc(),
        "u:p@a:1"
    );
    assert_eq!(
        url("http://u:p@a:1/b").join("//a/").unwrap().userinfo(),
        None
    );
}

#[test]
fn u_5_4_2_1_references_that_are_not_usual() {
    for (reference, expected) in [
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
    ] {
        assert_eq!(joined(reference), expected, "{reference}");
    }
    // Strict: this is `http:g`, which has no host.
    let error = url("http://a/b/c/d;p?q").join("http:g").unwrap_err();
    assert_eq!((error.part, error.fault), (Part::Host, Fault::Missing));
}

/// The octets looked at by a call, if they are counted.
fn steps_of(call: impl FnOnce()) -> u64 {
    let before = stdhttp::testing::steps().unwrap_or_default();
    call();
    stdhttp::testing::steps().unwrap_or_default() - before
}

#[test]
fn u_5_2_4_1_dot_segments_in_one_pass() {
    let base = url("http://a/b/c");
    for piece in ["/..", "/.", "/../a", "/a/..", "//", "/"] {
        let cost = |length: usize| {
            let reference = piece.repeat(length / piece.len());
            let reference = format!("/x{reference}");
            steps_of(|| drop(base.join(&reference).unwrap()))
        };
        let (short, long) = (cost(16 << 10), cost(64 << 10));
        assert!(
            long <= 4 * short && long <= 12 * (64 << 10),
            "{piece}: {short}, {long}"
        );
        assert!(short > 0);
    }
}

#[test]
fn u_6_2_2_1_nothing_legal_is_rewritten() {
    for text in [
        "http://h/a//b/%2f",
        "HTTP://H:80/%7E/./a/../b;c+d,e?%2f+;=&#%2F+",
        "http://User:Pa%3ass@h/",
        "http://h:/",
        "http://[0:0::1]/",
    ] {
        assert_eq!(url(text).as_str(), text);
        assert_eq!(url(text).to_string(), text);
        assert_eq!(AsRef::<str>::as_ref(&url(text)), text);
        assert_eq!(text.parse(), Ok(url(text)));
        assert_eq!(UrlParser::quoting().parse(text).unwrap().as_str(), text);
    }
    // What is written otherwise is another text, if the same server.
    let urls = HashSet::from(
        [
            "http://h/%7e",
            "http://h/%7E",
            "http://H/%7e",
            "http://h/%7e",
        ]
        .map(url),
    );
    assert_eq!(urls.len(), 3);
    let state = RandomState::new();
    let hashes = [url("http://h/"), url("http://i/")].map(|url| state.hash_one(url));
    assert_ne!(hashes[0], hashes[1]);
    let base = url("http://H:80/x");
    assert_eq!(
        base.join("/a//b/%2f+;%7e").unwrap().as_str(),
        "http://H:80/a//b/%2f+;%7e"
    );
}

#[test]
fn u_7_1_lengths_are_bounded() {
    let long = |length: usize| format!("http://h/{}", "a".repeat(length));
    assert_eq!(url(&long(64 << 10)).path().len(), (64 << 10) + 1);
    for text in [long(1 << 20), long(Url::MAX_LENGTH - 8)] {
        let error = refused(&text);
        assert_eq!(error.fault, Fault::TooMuch(Url::MAX_LENGTH));
    }
    assert_eq!(
        url(&long(Url::MAX_LENGTH - 9)).as_str().len(),
        Url::MAX_LENGTH
    );
    // What quoting and joining make counts as well.
    let spaces = format!("http://h/{}x", " ".repeat(50_000));
    assert!(UrlParser::quoting().parse(&spaces).is_err());
    let base = url(&format!("http://h/{}/", "a".repeat(100_000)));
    assert!(base.join(&"b".repeat(100_000)).is_err());
}

#[test]
fn s_4_2_1_1_a_url_has_a_host() {
    for text in [
        "http:///p",
        "http://:80/",
        "http://@/",
        "http:",
        "http://",
        "http://?q",
        "http://#",
        "http://u@:80",
    ] {
        assert_eq!(refused(text).part, Part::Host, "{text}");
    }
}

#[test]
fn s_4_2_2_1_https_stays_https() {
    let base = url("https://h/a");
    assert!(base.is_https() && base.join("b").unwrap().is_https());
    assert!(base.join("//x/").unwrap().is_https());
    let plain = base.join("http://h/a").unwrap();
    assert!(!plain.is_https() && plain.origin() != base.origin());
}

#[test]
fn s_4_2_3_1_equal_origins() {
    for (one, other) in [
        ("HTTP://H:80", "http://h/"),
        ("http://h", "http://h:/a?b#c"),
        ("https://h:443/x", "https://u:p@H./y"),
        ("http://[::1]/", "http://[0:0:0:0:0:0:0:1]:80/"),
    ] {
        assert_eq!(url(one).origin(), url(other).origin());
    }
    for (one, other) in [
        ("http://h/", "https://h/"),
        ("http://h/", "http://h:81/"),
        ("http://h/", "http://i/"),
        ("http://h:443/", "https://h/"),
        ("http://[fe80::1%25a]/", "http://[fe80::1%25b]/"),
    ] {
        assert_ne!(url(one).origin(), url(other).origin());
    }
    let origin = url("https://[::1]/").origin();
    assert_eq!(
        (origin.scheme(), origin.host(), origin.port()),
        ("https", "::1", 443)
    );
    assert_eq!(origin.to_string(), "https://[::1]:443");
    assert_eq!(url("http://u@H.:81/").origin().to_string(), "http://h:81");
}

#[test]
fn s_4_2_4_1_userinfo_stays_out_of_what_is_sent_and_shown() {
    let url = url("http://us%40er:pass:word@h/p?q");
    assert_eq!(url.userinfo(), Some("us%40er:pass:word"));
    assert_eq!(
        (url.username(), url.password()),
        (Some("us%40er"), Some("pass:word"))
    );
    for sent in [
        url.host_field(),
        &url.request_target(),
        &url.absolute_target(),
    ] {
        assert!(!sent.contains("pass") && !sent.contains('@'), "{sent}");
    }
    assert_eq!(format!("{url:?}"), "Url(http://***@h/p?q)");
    assert_eq!(
        format!("{:?}", Url::parse("http://h/p").unwrap()),
        "Url(http://h/p)"
    );
    let error = Url::parse("http://user:secret pass@h/").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(
        (error.part, error.fault, error.offset),
        (Part::Userinfo, Fault::Octet(b' '), 18)
    );
    assert_eq!(Url::parse("http://@h/").unwrap().userinfo(), Some(""));
    assert_eq!(Url::parse("http://u@h/").unwrap().password(), None);
}
