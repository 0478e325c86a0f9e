//! `SimpleCookie` and `Morsel`: single fields, both ways.

use std::slice::from_ref;
use std::time::{Duration, SystemTime};

use stdhttp::cookies::{Attribute, CookieError, Morsel, SimpleCookie};
use stdhttp::dates;

use crate::at;

fn loaded(field: impl AsRef<[u8]>) -> (Vec<(String, String)>, usize) {
    let mut cookies = SimpleCookie::new();
    let skipped = cookies.load(field.as_ref());
    let pair = |morsel: &Morsel| (morsel.key().to_owned(), morsel.value().to_owned());
    (cookies.iter().map(pair).collect(), skipped)
}

#[test]
fn cookies_are_counted() {
    let mut cookies = SimpleCookie::new();
    assert!(cookies.is_empty());
    cookies.load(b"a=1; b=2");
    assert_eq!((cookies.is_empty(), cookies.len()), (false, 2));
}

#[test]
fn one_bad_pair_never_loses_the_others() {
    for (field, expected, skipped) in [
        ("a=1; b=2", "a=1 b=2", 0),
        ("a=1;b=2;", "a=1 b=2", 0),
        ("a=1; bad; b=2", "a=1 b=2", 1),
        ("a=1; b@d=x; b=2", "a=1 b=2", 1),
        ("a=1; =x; b=2", "a=1 b=2", 1),
        ("a=1; c d=x; b=2", "a=1 b=2", 1),
        ("a=1; c=\u{1}; b=2", "a=1 b=2", 1),
        ("a[0]=1; b=2", "b=2", 1),
        (
            "path=/; version=1; secure=x; expires=y",
            "expires=y path=/ secure=x version=1",
            0,
        ),
        ("$Version=1; a=1", "$Version=1 a=1", 0),
        ("a=b=c; d==", "a=b=c d==", 0),
        ("a=; b=2", "a= b=2", 0),
        (" a = 1 ;\tb\t=\t2", "a=1 b=2", 0),
        ("a=1; a=2", "a=2", 0),
        ("a:b=1", "a:b=1", 0),
        ("", "", 0),
        (";; ;", "", 0),
    ] {
        let (pairs, count) = loaded(field);
        let shown: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            (shown.join(" ").as_str(), count),
            (expected, skipped),
            "{field:?}"
        );
    }
}

#[test]
fn quotes_are_undone_for_the_value_alone() {
    for (coded, value) in [
        (r#""a b""#, "a b"),
        (r#""a\"b\\c""#, r#"a"b\c"#),
        (r#""\054\073\377""#, ",;ÿ"),
        (r#""\303\244""#, "ä"),
        (r#""\400\08\7""#, "400087"),
        (r#""a\""#, r"a\"),
        (r#""""#, ""),
        (r#"""#, r#"""#),
        (r#""a"#, r#""a"#),
        (r#"a""#, r#"a""#),
        (r#"a\054"#, r"a\054"),
    ] {
        let mut cookies = SimpleCookie::new();
        assert_eq!(cookies.load(format!("k={coded}").as_bytes()), 0);
        let morsel = cookies.get("k").unwrap();
        assert_eq!(
            (morsel.value(), morsel.coded_value()),
            (value, coded.as_bytes())
        );
    }
}

#[test]
fn any_text_that_is_set_comes_back() {
    for value in [
        "",
        "a",
        "a b",
        "1,2;3",
        "\"\\",
        "\u{e4}\u{20ac}",
        "\0\n\u{7f}",
        "a:b",
        "[]{}()<>@/?=",
    ] {
        let morsel = Morsel::new("k", value).unwrap();
        assert!(
            morsel
                .coded_value()
                .iter()
                .all(|octet| (32..127).contains(octet) && *octet != b';')
        );
        let line = morsel.OutputString().unwrap();
        assert_eq!(loaded(&line).0, [("k".to_owned(), value.to_owned())]);
        assert_eq!(Morsel::parse(line.as_bytes()).unwrap(), morsel);
    }
    let plain = Morsel::new("k", "a-b:c~").unwrap();
    assert_eq!(plain.coded_value(), b"a-b:c~");
}

#[test]
fn a_jar_of_morsels() {
    let mut cookies = SimpleCookie::new();
    assert!(cookies.is_empty());
    cookies.set("b", "2").unwrap().set("path", "/").unwrap();
    cookies.set("a", "1").unwrap();
    assert_eq!(cookies.set("a b", "1").unwrap_err(), CookieError::Name);
    assert_eq!(cookies.set("", "1").unwrap_err(), CookieError::Name);
    assert_eq!((cookies.len(), cookies.is_empty()), (2, false));
    let output = cookies.output("Set-Cookie:", "\r\n").unwrap();
    assert_eq!(output, "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/");
    cookies.get_mut("b").unwrap().set("Path", "").unwrap();
    assert_eq!(cookies.get("b").unwrap().get("path"), None);
    assert_eq!(cookies.set("b", "3").unwrap().value(), "3");
    assert_eq!(cookies.remove("b").unwrap().value(), "3");
    assert!(cookies.get("b").is_none());
    assert_eq!((&cookies).into_iter().count(), 1);
    cookies.set("__Host-x", "1").unwrap();
    assert_eq!(cookies.output("", ""), Err(CookieError::Prefix));
}

fn with(attributes: &[(&str, Attribute)]) -> Result<String, CookieError> {
    let mut morsel = Morsel::new("k", "v")?;
    for (name, value) in attributes {
        morsel.set(name, value.clone())?;
    }
    Ok(morsel
        .OutputString()?
        .strip_prefix("k=v")
        .unwrap()
        .to_owned())
}

#[test]
fn attributes_are_sorted_and_spelled() {
    let all = [
        ("version", Attribute::from(1)),
        ("Secure", Attribute::from(true)),
        ("samesite", Attribute::from("Strict")),
        ("path", Attribute::from("/a b")),
        ("partitioned", Attribute::from(true)),
        ("max-age", Attribute::from(60)),
        ("httponly", Attribute::from(true)),
        ("expires", Attribute::from("whenever".to_owned())),
        ("domain", Attribute::from(".example.org")),
        ("comment", Attribute::from("a;b")),
    ];
    assert_eq!(
        with(&all).unwrap(),
        "; Comment=\"a\\073b\"; Domain=.example.org; expires=whenever; HttpOnly; Max-Age=60; \
         Partitioned; Path=/a b; SameSite=Strict; Secure; Version=1"
    );
    assert_eq!(
        with(&[("secure", false.into()), ("path", "".into())]).unwrap(),
        ""
    );
    assert_eq!(with(&[("max-age", "60".into())]).unwrap(), "; Max-Age=60");
    assert_eq!(with(&[("max-age", (-1).into())]).unwrap(), "; Max-Age=-1");
}

#[test]
fn expires_is_a_date_or_a_distance() {
    let date = with(&[("expires", at(784_111_777).into())]).unwrap();
    assert_eq!(date, "; expires=Sun, 06 Nov 1994 08:49:37 GMT");
    for offset in [-3_600, 0, 3_600] {
        let before = SystemTime::now();
        let text = with(&[("expires", offset.into())]).unwrap();
        let after = SystemTime::now();
        let date = dates::parse_cookie(text.strip_prefix("; expires=").unwrap()).unwrap();
        let shift = |time: SystemTime| match offset {
            ..0 => time - Duration::from_secs(3_600),
            0 => time,
            _ => time + Duration::from_secs(3_600),
        };
        assert!(
            shift(before) - Duration::from_secs(1) <= date && date <= shift(after),
            "{text}"
        );
    }
    let beyond = with(&[("expires", at(999_999_999_999).into())]).unwrap();
    assert_eq!(beyond, "; expires=Fri, 31 Dec 9999 23:59:59 GMT");
    assert!(with(&[("expires", i64::MAX.into())]).is_ok());
    assert!(with(&[("expires", i64::MIN.into())]).is_ok());
}

#[test]
fn what_an_attribute_can_t_be() {
    for (name, value, error) in [
        ("color", Attribute::from("red"), CookieError::Attribute),
        ("", Attribute::from("red"), CookieError::Attribute),
        ("secure", Attribute::from("yes"), CookieError::Attribute),
        ("path", Attribute::from(true), CookieError::Attribute),
        ("path", Attribute::from(1), CookieError::Attribute),
        ("domain", Attribute::from(at(0)), CookieError::Attribute),
        ("max-age", Attribute::from(at(0)), CookieError::Attribute),
        ("path", Attribute::from("a"), CookieError::Path),
        ("path", Attribute::from("/a;b"), CookieError::Path),
        ("domain", Attribute::from("a;b"), CookieError::Domain),
        ("domain", Attribute::from("."), CookieError::Domain),
        ("samesite", Attribute::from("Laxx"), CookieError::Value),
        ("max-age", Attribute::from("1\r\n"), CookieError::Value),
        (
            "expires",
            Attribute::from("a; Domain=b"),
            CookieError::Value,
        ),
        ("version", Attribute::from("\u{1}"), CookieError::Value),
    ] {
        assert_eq!(
            with(&[(name, value.clone())]),
            Err(error),
            "{name} {value:?}"
        );
    }
}

#[test]
fn what_a_browser_would_refuse_is_not_written() {
    let output = |key: &str, attributes: &[(&str, Attribute)]| {
        let mut morsel = Morsel::new(key, "v").unwrap();
        for (name, value) in attributes {
            morsel.set(name, value.clone()).unwrap();
        }
        morsel.output("Set-Cookie:").map(|_| ())
    };
    let (secure, root) = (
        ("secure", Attribute::Flag(true)),
        ("path", Attribute::from("/")),
    );
    let domain = ("domain", Attribute::from("example.org"));
    let none = ("samesite", Attribute::from("NONE"));
    assert_eq!(output("__secure-a", &[]), Err(CookieError::Prefix));
    assert_eq!(output("__Secure-a", from_ref(&secure)), Ok(()));
    assert_eq!(
        output("__HOST-a", from_ref(&secure)),
        Err(CookieError::Prefix)
    );
    assert_eq!(
        output("__Host-a", from_ref(&root)),
        Err(CookieError::Prefix)
    );
    assert_eq!(output("__Host-a", &[secure.clone(), root.clone()]), Ok(()));
    let wide = [secure.clone(), root.clone(), domain];
    assert_eq!(output("__Host-a", &wide), Err(CookieError::Prefix));
    let deep = [secure.clone(), ("path", Attribute::from("/a"))];
    assert_eq!(output("__Host-a", &deep), Err(CookieError::Prefix));
    assert_eq!(output("a", from_ref(&none)), Err(CookieError::SameSite));
    assert_eq!(output("a", &[none, secure]), Ok(()));
    assert_eq!(output("a", &[("samesite", Attribute::from("lax"))]), Ok(()));
}

#[test]
fn a_set_cookie_line_is_read() {
    let line = b"k=\"a b\"; Path = /x ; secure; HTTPONLY=0; Max-Age=60; color=red; Domain=a b; ;=";
    let morsel = Morsel::parse(line).unwrap();
    assert_eq!((morsel.key(), morsel.value()), ("k", "a b"));
    assert_eq!(morsel.get("PATH"), Some(&Attribute::from("/x")));
    assert_eq!(morsel.get("secure"), Some(&Attribute::Flag(true)));
    assert_eq!(morsel.get("httponly"), Some(&Attribute::Flag(true)));
    assert_eq!(morsel.get("max-age"), Some(&Attribute::from("60")));
    assert_eq!((morsel.get("color"), morsel.get("domain")), (None, None));
    assert_eq!(Morsel::parse(b"novalue; Path=/"), Err(CookieError::Name));
    assert_eq!(Morsel::parse(b""), Err(CookieError::Name));
    assert_eq!(Morsel::parse(b"a=\x01"), Err(CookieError::Value));
    // Octets that are no UTF-8 are kept, but can't be written as text.
    let latin = Morsel::parse(b"a=\xe4").unwrap();
    assert_eq!((latin.value(), latin.coded_value()), ("ä", &b"\xe4"[..]));
    assert_eq!(latin.OutputString(), Err(CookieError::Value));
}
