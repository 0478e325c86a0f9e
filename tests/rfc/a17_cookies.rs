//! Cookies: RFC 6265bis, the user agent's side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use stdhttp::cookies::{Cookie, CookieJar, CookieLimits, MozillaCookieJar, Rejection, SameSite};
use stdhttp::testing::{Peer, Script};
use stdhttp::urllib::Url;
use stdhttp::{HTTPConnection, HTTPMessage};

/// Seconds since 1970: 14 November 2023.
const NOW: u64 = 1_700_000_000;

const DAY: u64 = 24 * 60 * 60;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// An empty jar whose clock stands still.
fn jar() -> CookieJar {
    CookieJar::new().with_clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
}

/// What comes of a line from this URL.
fn stored(line: impl AsRef<[u8]>, from: &str) -> Result<Cookie, Rejection> {
    let jar = jar();
    jar.store(line.as_ref(), &url(from))?;
    Ok(jar.iter().next().expect("a cookie that lives"))
}

fn refused(line: impl AsRef<[u8]>, from: &str) -> Rejection {
    stored(line, from).unwrap_err()
}

/// A line from `https://example.com/`.
fn good(line: impl AsRef<[u8]>) -> Cookie {
    let line = line.as_ref();
    let context = line.escape_ascii().to_string();
    stored(line, "https://example.com/").expect(&context)
}

fn filled(lines: &[&str], from: &str) -> CookieJar {
    let jar = jar();
    for line in lines {
        jar.store(line.as_bytes(), &url(from)).unwrap();
    }
    jar
}

/// What a request to this URL carries; empty for none.
fn sent(jar: &CookieJar, to: &str) -> String {
    let field = jar.cookie_header(&url(to)).unwrap_or_default();
    String::from_utf8(field).unwrap()
}

fn expires(cookie: &Cookie) -> Option<u64> {
    let expires = cookie.expires()?;
    Some(expires.duration_since(UNIX_EPOCH).unwrap().as_secs())
}

#[test]
fn c_3_1_lines_are_never_joined() {
    let mut headers = HTTPMessage::new();
    headers.append("Set-Cookie", "a=1, b=2; Path=/");
    headers.append("set-cookie", "c=3");
    let jar = jar();
    assert_eq!(
        jar.extract_cookies(&headers, &url("https://example.com/")),
        2
    );
    assert_eq!(sent(&jar, "https://example.com/"), "a=1, b=2; c=3");
}

#[test]
fn c_5_1_1_1_parts_of_a_date_in_any_order() {
    for date in [
        "Sun, 06-Nov-2024 08:49:37 GMT",
        "2024 Nov 6 8:49:37",
        "6 november 24 08:49:37x",
        "08:49:37 6 nov 2024",
    ] {
        let cookie = good(format!("a=b; Expires={date}"));
        assert_eq!(expires(&cookie), Some(1_730_882_977), "{date}");
    }
}

#[test]
fn c_5_1_1_2_years_of_two_digits() {
    // 1970 and 1999 are over, so that such a cookie goes; 2069 is far, so that the cap holds.
    for (year, lives) in [("70", false), ("99", false), ("69", true), ("68", true)] {
        let jar = filled(&["a=b"], "https://h/");
        let line = format!("a=c; Expires=1 Jan {year} 00:00:00");
        jar.store(line.as_bytes(), &url("https://h/")).unwrap();
        assert_eq!(jar.len(), usize::from(lives), "{year}");
    }
    let cookie = good("a=b; Expires=1 Jan 69 00:00:00");
    assert_eq!(expires(&cookie), Some(NOW + 400 * DAY));
    let cookie = good("a=b; Expires=1 Jan 24 00:00:00");
    assert_eq!(expires(&cookie), Some(1_704_067_200));
}

#[test]
fn c_5_1_1_3_a_date_that_is_none_is_ignored() {
    for date in [
        "31 Feb 2024 00:00:00",
        "1 Jan 2024 24:00:00",
        "1 Jan 2024 00:60:00",
        "1 Jan 2024 00:00:60",
        "1 Jan 1600 00:00:00",
        "0 Jan 2024 00:00:00",
        "32 Jan 2024 00:00:00",
        "1 Jan 2024",
        "Jan 2024 00:00:00",
        "1 2024 00:00:00",
        "1 Jan 00:00:00",
        "",
    ] {
        assert!(good(format!("a=b; Expires={date}")).is_session(), "{date}");
    }
}

#[test]
fn c_5_1_2_1_hosts_are_compared_in_one_form() {
    for from in ["https://ExAmPle.COM/", "https://example.com./"] {
        let jar = filled(&["a=b"], from);
        for to in [
            "https://example.com/",
            "https://EXAMPLE.com/",
            "https://example.com./",
        ] {
            assert_eq!(sent(&jar, to), "a=b", "{from} {to}");
        }
        assert_eq!(jar.list_domains(), ["example.com"]);
    }
}

#[test]
fn c_5_1_3_1_a_domain_matches_at_a_dot() {
    let jar = filled(&["a=b; Domain=example.com"], "https://www.example.com/");
    for (host, has) in [
        ("example.com", true),
        ("www.example.com", true),
        ("a.b.example.com", true),
        ("notexample.com", false),
        ("example.com.evil", false),
        ("com", false),
        ("xexample.com", false),
    ] {
        assert_eq!(
            sent(&jar, &format!("https://{host}/")) == "a=b",
            has,
            "{host}"
        );
    }
    for domain in ["3.4", ".3.4", "2.3.4"] {
        let line = format!("a=b; Domain={domain}");
        assert_eq!(refused(line, "https://1.2.3.4/"), Rejection::ForeignDomain);
    }
}

#[test]
fn c_5_1_4_1_the_default_path_is_the_folder() {
    for (target, path) in [
        ("", "/"),
        ("/", "/"),
        ("/a", "/"),
        ("/a/", "/a"),
        ("/a/b", "/a"),
        ("/a/b/c", "/a/b"),
        ("/a?b/c", "/"),
        ("//a", "/"),
    ] {
        let cookie = stored("a=b", &format!("https://h{target}")).unwrap();
        assert_eq!(cookie.path(), path, "{target}");
    }
}

#[test]
fn c_5_1_4_2_a_path_matches_at_a_slash() {
    for (of_cookie, target, has) in [
        ("/any", "/any", true),
        ("/any", "/any/", true),
        ("/any", "/any/x", true),
        ("/any", "/any?x", true),
        ("/any", "/anybad", false),
        ("/any", "/an", false),
        ("/any/", "/any/x", true),
        ("/any/", "/any", false),
        ("/", "", true),
        ("/", "/x", true),
        ("/a", "/A", false),
        ("/%61", "/a", false),
    ] {
        let jar = filled(&[&format!("a=b; Path={of_cookie}")], "https://h/");
        let came = sent(&jar, &format!("https://h{target}"));
        assert_eq!(came == "a=b", has, "{of_cookie} {target}");
    }
}

#[test]
fn c_5_3_1_cookies_of_every_final_status() {
    for status in ["200 OK", "302 Found", "404 Not Found", "500 Broken"] {
        let answer = format!(
            "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n\
             HTTP/1.1 {status}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        );
        let peer = Peer::new([Script::answer(answer)]);
        let mut conn = HTTPConnection::builder("h")
            .connector(peer)
            .build()
            .unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        let jar = jar();
        let response = conn.getresponse().unwrap();
        jar.extract_cookies(response.headers(), &url("http://h/"));
        assert_eq!(sent(&jar, "http://h/"), "a=b", "{status}");
    }
}

#[test]
fn c_5_4_1_prefixes_count_in_any_case() {
    for name in ["__Secure-x", "__SECURE-x", "__secure-x"] {
        assert_eq!(
            refused(format!("{name}=1"), "https://h/"),
            Rejection::Prefix
        );
        assert_eq!(good(format!("{name}=1; Secure")).name(), name);
    }
    assert_eq!(
        refused("__hOsT-x=1; Secure", "https://h/"),
        Rejection::Prefix
    );
    assert_eq!(good("__Secure=1").name(), "__Secure");
    assert_eq!(good("x__Secure-=1").value(), "1");
}

#[test]
fn c_5_5_1_a_lifetime_of_400_days_at_most() {
    for line in [
        "a=b; Max-Age=999999999999",
        "a=b; Max-Age=34560001",
        "a=b; Expires=1 Jan 2100 00:00:00",
    ] {
        assert_eq!(expires(&good(line)), Some(NOW + 400 * DAY), "{line}");
    }
    assert_eq!(
        expires(&good("a=b; Max-Age=34560000")),
        Some(NOW + 400 * DAY)
    );
    assert_eq!(
        expires(&good("a=b; Max-Age=34559999")),
        Some(NOW + 400 * DAY - 1)
    );
    // Cookies of the caller's own, too.
    let jar = jar();
    let own = Cookie::new("a", "b", &url("https://h/")).unwrap();
    let far = UNIX_EPOCH + Duration::from_secs(NOW + 1_000 * DAY);
    jar.set_cookie(own.with_expires(Some(far)));
    assert_eq!(expires(&jar.iter().next().unwrap()), Some(NOW + 400 * DAY));
}

#[test]
fn c_5_6_1_a_control_character_spoils_the_line() {
    for octet in (0..=255u8).filter(|octet| octet.is_ascii_control()) {
        for line in [
            [b"a=b", &[octet][..], b"c"].concat(),
            [b"a", &[octet][..], b"=b"].concat(),
            [b"a=b; x=", &[octet][..], b"y"].concat(),
        ] {
            let kept = stored(&line, "https://h/");
            match octet {
                b'\t' => assert!(kept.is_ok()),
                _ => assert_eq!(kept.unwrap_err(), Rejection::Malformed, "{octet}"),
            }
        }
    }
}

#[test]
fn c_5_6_2_semicolon_then_equals_sign() {
    for (line, name, value) in [
        ("foo", "", "foo"),
        ("=x", "", "x"),
        ("a=b=c", "a", "b=c"),
        ("a=", "a", ""),
        ("a==", "a", "="),
        ("a=\"b;c\"", "a", "\"b"),
        ("foo; bar=x", "", "foo"),
    ] {
        let cookie = good(line);
        assert_eq!((&*cookie.name(), &*cookie.value()), (name, value), "{line}");
    }
}

#[test]
fn c_5_6_3_blanks_around_and_nothing_decoded() {
    for (line, name, value) in [
        (" a = \"b%0D\" ;", "a", "\"b%0D\""),
        ("\ta\t=\tb\t", "a", "b"),
        ("a=b c\td", "a", "b c\td"),
        ("a b=c", "a b", "c"),
        ("a=%3B%00", "a", "%3B%00"),
    ] {
        let cookie = good(line);
        assert_eq!((&*cookie.name(), &*cookie.value()), (name, value), "{line}");
    }
    let cookie = good(b"n\xe4me=v\xff");
    assert_eq!(cookie.name_bytes(), b"n\xe4me");
    assert_eq!(
        (cookie.value_bytes(), &*cookie.value()),
        (&b"v\xff"[..], "vÿ")
    );
}

#[test]
fn c_5_6_4_name_and_value_have_4096_octets() {
    for (name, value) in [(1, 4_095), (4_096, 0), (0, 4_096), (2_048, 2_048)] {
        let line = format!("{}={}", "n".repeat(name), "v".repeat(value));
        assert!(stored(&line, "https://h/").is_ok());
        assert_eq!(
            refused(format!("{line}v"), "https://h/"),
            Rejection::TooLarge
        );
        // Blanks and attributes do not count.
        let wide = format!("  {line}  ; {}", "x".repeat(5_000));
        assert!(stored(wide, "https://h/").is_ok());
    }
}

#[test]
fn c_5_6_5_attributes() {
    for (line, path) in [
        ("a=b; Path=/a; Path=/b", "/b"),
        ("a=b;path=/a=b", "/a=b"),
        ("a=b; PATH = /a ", "/a"),
        ("a=b; Unknown=/x; ; =; =/y; Path=/a", "/a"),
        ("a=b; Path=/a; Path", "/"),
    ] {
        assert_eq!(good(line).path(), path, "{line}");
    }
    let long = "x".repeat(1_023);
    assert_eq!(
        good(format!("a=b; Path=/a; Path=/{long}")).path().len(),
        1_024
    );
    assert_eq!(good(format!("a=b; Path=/a; Path=/{long}x")).path(), "/a");
    // Where there is no attribute, the path of the request has the same bound.
    let jar = jar();
    let from = format!("https://h/{}/x", "y".repeat(1_023));
    jar.store(b"a=b", &url(&from)).unwrap();
    let from = format!("https://h/{}/x", "y".repeat(1_024));
    assert_eq!(jar.store(b"a=b", &url(&from)), Err(Rejection::TooLarge));
}

#[test]
fn c_5_6_1_1_expires() {
    assert!(good("a=b; Expires=soon").is_session());
    let date = "Expires=Wed, 15 Nov 2023 22:13:20 GMT";
    assert_eq!(expires(&good(format!("a=b; {date}"))), Some(NOW + DAY));
    // One that is none does not undo the one before.
    assert_eq!(
        expires(&good(format!("a=b; {date}; Expires=soon"))),
        Some(NOW + DAY)
    );
    let jar = filled(&["a=b"], "https://h/");
    let past = "a=; Expires=Tue, 14 Nov 2023 22:13:20 GMT";
    jar.store(past.as_bytes(), &url("https://h/")).unwrap();
    assert!(jar.is_empty());
}

#[test]
fn c_5_6_2_1_max_age() {
    for age in ["0", "-1", "-0", "000", "-99999999999999999999999999"] {
        let jar = filled(&["a=b"], "https://h/");
        let line = format!("a=c; Max-Age={age}");
        jar.store(line.as_bytes(), &url("https://h/")).unwrap();
        assert!(jar.is_empty(), "{age}");
    }
    for age in ["+5", "5x", "", "-", "--5", "5 5", "5.5", "0x5"] {
        assert!(good(format!("a=b; Max-Age={age}")).is_session(), "{age}");
    }
    let digits = "9".repeat(40);
    assert_eq!(
        expires(&good(format!("a=b; Max-Age={digits}"))),
        Some(NOW + 400 * DAY)
    );
    let past = "Expires=1 Jan 2000 00:00:00";
    assert_eq!(
        expires(&good(format!("a=b; Max-Age=007; {past}"))),
        Some(NOW + 7)
    );
    assert_eq!(
        expires(&good(format!("a=b; {past}; Max-Age=7"))),
        Some(NOW + 7)
    );
    assert_eq!(
        expires(&good("a=b; Max-Age=7; Max-Age=x; Max-Age=8; Max-Age")),
        Some(NOW + 8)
    );
}

#[test]
fn c_5_6_3_1_one_leading_dot_and_lower_case() {
    for domain in [".Example.com", "EXAMPLE.COM", "example.com"] {
        let cookie = stored(format!("a=b; Domain={domain}"), "https://www.example.com/").unwrap();
        assert_eq!(
            (cookie.domain(), cookie.is_host_only()),
            ("example.com", false)
        );
    }
    let two = refused("a=b; Domain=..example.com", "https://www.example.com/");
    assert_eq!(two, Rejection::ForeignDomain);
    let cookie = stored("a=b; Domain=a.b.c; Domain=", "https://www.example.com/").unwrap();
    assert_eq!(
        (cookie.domain(), cookie.is_host_only()),
        ("www.example.com", true)
    );
}

#[test]
fn c_5_6_4_1_a_path_that_is_none() {
    for line in ["a=b; Path=a", "a=b; Path=", "a=b; Path", "a=b; Path=\"/x\""] {
        assert_eq!(
            stored(line, "https://h/d/e").unwrap().path(),
            "/d",
            "{line}"
        );
    }
}

#[test]
fn c_5_6_5_1_flags_whatever_their_value() {
    for line in [
        "a=b; Secure=false; HttpOnly=0",
        "a=b;SECURE;httponly",
        "a=b; Secure = ; HttpOnly=",
    ] {
        let cookie = good(line);
        assert!(cookie.is_secure() && cookie.is_http_only(), "{line}");
    }
    let cookie = good("a=b; Secured; HttpOnly x; =Secure");
    assert!(!cookie.is_secure() && !cookie.is_http_only());
}

#[test]
fn c_5_6_7_1_same_site_is_one_of_three_words() {
    for (value, expected) in [
        ("Strict", SameSite::Strict),
        ("lAX", SameSite::Lax),
        ("none", SameSite::None),
        ("NoneOfYourBusiness", SameSite::Default),
        ("", SameSite::Default),
        ("Strict, Lax", SameSite::Default),
    ] {
        let cookie = good(format!("a=b; Secure; SameSite={value}"));
        assert_eq!(cookie.same_site(), expected, "{value}");
    }
    assert_eq!(
        good("a=b; SameSite=Strict; SameSite=x").same_site(),
        SameSite::Default
    );
}

#[test]
fn c_5_7_1_an_empty_pair_is_none() {
    for line in ["", "=", " = ", ";", "; Path=/", "\t=\t;Secure"] {
        assert_eq!(refused(line, "https://h/"), Rejection::Malformed, "{line}");
    }
}

#[test]
fn c_5_7_2_super_cookies_are_refused() {
    let is_listed = |domain: &str| ["co.uk", "example.org"].contains(&domain);
    let check = |domain: &str, host: &str| {
        let jar = jar().with_public_suffixes(is_listed);
        let line = format!("a=b; Domain={domain}");
        jar.store(line.as_bytes(), &url(&format!("https://{host}/")))?;
        let cookie = jar.iter().next().unwrap();
        Ok((cookie.domain().to_owned(), cookie.is_host_only()))
    };
    for (domain, host, rejection) in [
        ("com", "a.com", Rejection::PublicSuffix),
        (".COM", "a.com", Rejection::PublicSuffix),
        ("co.UK", "a.co.uk", Rejection::PublicSuffix),
        ("co.uk", "a.co.uk.", Rejection::PublicSuffix),
        (".", "a.com", Rejection::ForeignDomain),
        ("..", "a.com", Rejection::ForeignDomain),
        ("com.", "a.com", Rejection::ForeignDomain),
        ("com.", "a.com.", Rejection::ForeignDomain),
        ("a.com.", "a.com", Rejection::ForeignDomain),
        ("192.168.0.1", "a.com", Rejection::ForeignDomain),
        ("evil.com", "a.com", Rejection::ForeignDomain),
        ("b.a.com", "a.com", Rejection::ForeignDomain),
        ("\u{e4}.com", "a.com", Rejection::ForeignDomain),
    ] {
        assert_eq!(check(domain, host), Err(rejection), "{domain} {host}");
    }
    // What is the host itself is for the host alone.
    for (domain, host) in [
        ("example.org", "example.org"),
        ("localhost", "localhost"),
        ("192.168.0.1", "192.168.0.1"),
    ] {
        assert_eq!(check(domain, host), Ok((host.to_owned(), true)));
    }
    assert_eq!(check("a.com", "b.a.com"), Ok(("a.com".to_owned(), false)));
}

#[test]
fn c_5_7_3_without_a_domain_for_the_host_alone() {
    let folder = std::env::temp_dir().join(format!("stdhttp-c573-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let lines = ["own=1; Max-Age=9", "all=2; Max-Age=9; Domain=example.com"];
    let filled = filled(&lines, "https://example.com/");
    let file = MozillaCookieJar::new(folder.join("c"), filled.clone());
    file.save().unwrap();
    let loaded = MozillaCookieJar::new(folder.join("c"), jar());
    assert_eq!(loaded.load().unwrap().cookies, 2);
    std::fs::remove_dir_all(&folder).unwrap();
    for jar in [&filled, &*loaded] {
        assert_eq!(sent(jar, "https://example.com/"), "own=1; all=2");
        assert_eq!(sent(jar, "https://www.example.com/"), "all=2");
    }
}

#[test]
fn c_5_7_4_secure_over_https_only() {
    assert_eq!(refused("a=b; Secure", "http://h/"), Rejection::Insecure);
    assert_eq!(
        refused("a=b; Secure", "http://localhost/"),
        Rejection::Insecure
    );
    assert!(good("a=b; Secure").is_secure());
}

#[test]
fn c_5_7_5_a_secure_cookie_is_not_hidden_over_http() {
    for (secure, plain, hidden) in [
        ("a=1; Secure; Path=/", "a=2; Path=/", true),
        ("a=1; Secure; Path=/", "a=2", true),
        ("a=1; Secure; Path=/login", "a=2; Path=/login/en", true),
        ("a=1; Secure; Path=/login", "a=2; Path=/", false),
        ("a=1; Secure; Path=/login", "a=2; Path=/loginhelp", false),
        ("a=1; Secure; Domain=example.com", "a=2", true),
        ("a=1; Secure", "a=2; Domain=example.com", true),
        ("a=1; Secure; Path=/", "b=2; Path=/", false),
        ("a=1; Path=/", "a=2; Path=/", false),
    ] {
        let jar = filled(&[secure], "https://www.example.com/");
        let came = jar.store(plain.as_bytes(), &url("http://www.example.com/"));
        let expected = if hidden {
            Err(Rejection::HidesSecure)
        } else {
            Ok(())
        };
        assert_eq!(came, expected, "{secure} {plain}");
        // Over https the server may do as it likes.
        jar.store(plain.as_bytes(), &url("https://www.example.com/"))
            .unwrap();
    }
    // A sibling of the host has nothing to do with it.
    let jar = filled(&["a=1; Secure"], "https://www.example.com/");
    jar.store(b"a=2", &url("http://other.example.com/"))
        .unwrap();
}

#[test]
fn c_5_7_6_same_site_none_is_secure() {
    assert_eq!(
        refused("a=b; SameSite=None", "https://h/"),
        Rejection::SameSite
    );
    assert!(stored("a=b; SameSite=Lax", "http://h/").is_ok());
    assert_eq!(
        good("a=b; SameSite=None; Secure").same_site(),
        SameSite::None
    );
}

#[test]
fn c_5_7_7_what_prefixes_promise() {
    // The examples of section 4.1.3 and 5.4.
    for line in [
        "__Secure-SID=12345; Domain=site.example",
        "__Secure-SID=12345; Path=/",
        "__Host-SID=12345",
        "__Host-SID=12345; Secure",
        "__Host-SID=12345; Domain=site.example",
        "__Host-SID=12345; Domain=site.example; Path=/",
        "__Host-SID=12345; Secure; Domain=site.example; Path=/",
        "__Host-SID=12345; Secure; Path=/a",
        "__Host-SID=12345; Path=/",
        "__Host-SID=12345; Secure; Path=",
    ] {
        assert_eq!(
            refused(line, "https://site.example/"),
            Rejection::Prefix,
            "{line}"
        );
    }
    for line in [
        "__Secure-SID=12345; Secure",
        "__Secure-SID=12345; Secure; Domain=site.example",
        "__Secure-SID=12345; Secure; Path=/a",
        "__Host-SID=12345; Secure; Path=/",
        "__HOST-SID=12345; secure; path=/",
        "Host-SID=12345",
    ] {
        assert!(stored(line, "https://site.example/").is_ok(), "{line}");
    }
    let insecure = refused("__Secure-SID=12345; Secure", "http://site.example/");
    assert_eq!(insecure, Rejection::Insecure);
}

#[test]
fn c_5_7_8_a_value_alone_is_no_prefixed_name() {
    for line in ["=__Host-x=1", "__Secure-x", "=__SECURE-x", " = __host-"] {
        assert_eq!(refused(line, "https://h/"), Rejection::Prefix, "{line}");
    }
    assert_eq!(good("=x__Host-").value(), "x__Host-");
}

#[test]
fn c_5_7_9_a_cookie_keeps_its_place_when_it_is_set_again() {
    let jar = filled(&["a=1", "b=2", "a=3"], "https://example.com/");
    assert_eq!(sent(&jar, "https://example.com/"), "a=3; b=2");
    // With another path, or for the domain, it is another cookie.
    let from = url("https://example.com/");
    jar.store(b"a=4; Domain=example.com", &from).unwrap();
    jar.store(b"a=5; Path=/x", &from).unwrap();
    assert_eq!(sent(&jar, "https://example.com/x"), "a=5; a=3; b=2; a=4");
}

#[test]
fn c_5_7_10_which_cookies_go_first() {
    let limits = CookieLimits {
        per_domain: 3,
        total: 5,
        ..CookieLimits::DEFAULT
    };
    let now = Arc::new(AtomicU64::new(NOW));
    let clock = now.clone();
    let time = move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed));
    let jar = CookieJar::new().with_clock(time).with_limits(limits);
    let set = |line: &str| {
        jar.store(line.as_bytes(), &url("https://a.example/"))
            .unwrap();
    };
    let names = || {
        jar.iter()
            .map(|cookie| cookie.name().into_owned())
            .collect::<String>()
    };
    set("a=1; Secure; Path=/a");
    set("b=1; Path=/b");
    set("c=1; Path=/c");
    // The one that is not secure and was used least lately.
    sent(&jar, "https://a.example/b");
    set("d=1");
    assert_eq!(names(), "abd");
    // An expired one before all others.
    set("b=1; Path=/b; Max-Age=5");
    now.fetch_add(5, Ordering::Relaxed);
    set("e=1");
    assert_eq!(names(), "ade");
    // Secure ones go when there is no other.
    set("d=2; Secure");
    set("e=2; Secure");
    set("f=1; Secure");
    assert_eq!(names(), "def");
    // Beyond the total the one used least lately goes, wherever it is.
    for line in ["g=1", "h=1", "i=1"] {
        jar.store(line.as_bytes(), &url("https://b.example/"))
            .unwrap();
    }
    assert_eq!(names(), "efghi");
}

#[test]
fn c_5_7_11_a_jar_is_bounded() {
    let jar = jar();
    let mut headers = HTTPMessage::new();
    for number in 0..60 {
        headers.append("Set-Cookie", format!("n{number}=1"));
    }
    assert_eq!(jar.extract_cookies(&headers, &url("https://h/")), 50);
    for number in 0..60 {
        jar.store(format!("m{number}=1").as_bytes(), &url("https://h/"))
            .unwrap();
    }
    assert_eq!(jar.len(), 50);
    for number in 0..3_100 {
        let from = url(&format!("https://h{number}.example/"));
        jar.store(b"a=1", &from).unwrap();
    }
    assert_eq!(jar.len(), 3_000);
}

#[test]
fn c_5_7_12_the_session_ends() {
    let jar = filled(&["a=1", "b=2; Max-Age=60", "c=3; Expires=x"], "https://h/");
    assert_eq!(jar.clear_session_cookies(), 2);
    assert_eq!(sent(&jar, "https://h/"), "b=2");
    let path = std::env::temp_dir().join(format!("stdhttp-c5712-{}", std::process::id()));
    let lines = ["a=1", "b=2; Max-Age=60"];
    let file = MozillaCookieJar::new(&path, filled(&lines, "https://h/"));
    assert_eq!(file.save().unwrap().cookies, 1);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(text.contains("\tb\t2\n") && !text.contains("\ta\t1\n"));
}

#[test]
fn c_5_8_1_1_one_field_for_all() {
    let jar = filled(&["a=1", "b=2"], "https://h/");
    let mut headers = HTTPMessage::new();
    jar.add_cookie_header(&mut headers, &url("https://h/"));
    jar.add_cookie_header(&mut headers, &url("https://h/"));
    assert_eq!(headers.get_all("Cookie").collect::<Vec<_>>(), ["a=1; b=2"]);
    let mut none = HTTPMessage::new();
    jar.add_cookie_header(&mut none, &url("https://other/"));
    assert!(none.is_empty());
}

#[test]
fn c_5_8_3_1_which_cookies_are_sent() {
    let now = Arc::new(AtomicU64::new(NOW));
    let clock = now.clone();
    let time = move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed));
    let jar = CookieJar::new().with_clock(time);
    for line in [
        "host=1",
        "domain=1; Domain=example.com",
        "secure=1; Secure",
        "path=1; Path=/p",
        "soon=1; Max-Age=10",
    ] {
        jar.store(line.as_bytes(), &url("https://example.com/"))
            .unwrap();
    }
    for (to, names) in [
        ("https://example.com/", "host domain secure soon"),
        ("http://example.com/", "host domain soon"),
        (
            "https://example.com:8443/p/q",
            "path host domain secure soon",
        ),
        ("https://www.example.com/p", "domain"),
        ("https://example.org/", ""),
    ] {
        let pairs: Vec<String> = names
            .split_whitespace()
            .map(|name| format!("{name}=1"))
            .collect();
        assert_eq!(sent(&jar, to), pairs.join("; "), "{to}");
    }
    now.fetch_add(9, Ordering::Relaxed);
    assert!(sent(&jar, "https://example.com/").contains("soon"));
    now.fetch_add(1, Ordering::Relaxed);
    assert!(!sent(&jar, "https://example.com/").contains("soon"));
    assert_eq!(jar.clear_expired_cookies(), 1);
}

#[test]
fn c_5_8_3_2_longer_paths_then_older_cookies() {
    let lines = [
        "a=1; Path=/",
        "b=2; Path=/x/y",
        "c=3; Path=/x",
        "d=4; Path=/",
        "e=5; Path=/z",
    ];
    let jar = filled(&lines, "https://h/");
    assert_eq!(sent(&jar, "https://h/x/y"), "b=2; c=3; a=1; d=4");
}

#[test]
fn c_5_8_3_3_how_the_field_is_written() {
    let jar = filled(&["foo", "a=", "b=\"c d\""], "https://h/");
    assert_eq!(sent(&jar, "https://h/"), "foo; a=; b=\"c d\"");
    let jar = filled(&["foo"], "https://h/");
    assert_eq!(sent(&jar, "https://h/"), "foo");
}

#[test]
fn c_5_8_3_4_the_field_is_bounded() {
    let limits = CookieLimits {
        per_domain: 500,
        ..CookieLimits::DEFAULT
    };
    let many = jar().with_limits(limits);
    for number in 0..200 {
        many.store(format!("n{number}=1").as_bytes(), &url("https://h/"))
            .unwrap();
    }
    let field = sent(&many, "https://h/");
    assert_eq!(field.split("; ").count(), 150);
    assert!(field.starts_with("n0=1; ") && field.ends_with("; n149=1"));
    // 4,000 + 2 + 4,000 + 2 + 186 octets are 8,190.
    for (last, fits) in [(184, true), (185, false)] {
        let wide = jar();
        for (name, length) in [("a", 3_998), ("b", 3_998), ("c", last), ("d", 1)] {
            let line = format!("{name}={}", "v".repeat(length));
            wide.store(line.as_bytes(), &url("https://h/")).unwrap();
        }
        let field = sent(&wide, "https://h/");
        assert_eq!(field.len(), if fits { 8_190 } else { 8_002 });
        assert_eq!(field.contains("c="), fits);
        assert!(!field.contains("d="));
    }
}

#[test]
fn c_6_1_1_room_for_50_and_3000() {
    let jar = jar();
    for host in 0..60 {
        for number in 0..50 {
            let from = url(&format!("https://h{host}.example/"));
            let line = format!("n{number}={}; Path=/p{number}", "v".repeat(4_000));
            jar.store(line.as_bytes(), &from).unwrap();
        }
    }
    assert_eq!(jar.len(), 3_000);
    assert_eq!(
        (
            CookieLimits::DEFAULT.per_domain,
            CookieLimits::DEFAULT.total
        ),
        (50, 3_000)
    );
}

#[test]
fn c_2_1_cookies_of_the_caller_are_bound_to_a_host() {
    let jar = jar();
    jar.set_cookie(Cookie::new("token", "1", &url("https://a.example/x")).unwrap());
    assert_eq!(sent(&jar, "https://a.example/"), "token=1");
    for to in [
        "https://b.example/",
        "https://www.a.example/",
        "http://a.example/",
    ] {
        assert_eq!(sent(&jar, to), "", "{to}");
    }
    jar.set_cookie(Cookie::new("plain", "1", &url("http://a.example/")).unwrap());
    assert_eq!(sent(&jar, "http://a.example/"), "plain=1");
}

#[test]
fn c_5_2_1_every_request_counts_as_same_site() {
    for flag in ["Strict", "Lax"] {
        let jar = filled(&[&format!("a=b; SameSite={flag}")], "https://h/");
        assert_eq!(sent(&jar, "https://h/"), "a=b");
    }
    assert_eq!(good("a=b; SameSite=Strict").same_site(), SameSite::Strict);
}
