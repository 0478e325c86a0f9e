//! The jar as a container, its policy, and who can share it.

use std::sync::{Arc, Mutex};

use stdhttp::HTTPMessage;
use stdhttp::auth::{Authenticator, Digest, HTTPPasswordMgr, Netrc};
use stdhttp::cookies::{
    Cookie, CookieConflict, CookieError, CookieJar, CookieLimits, CookiePolicy,
    DefaultCookiePolicy, MozillaCookieJar, Rejection, SimpleCookie,
};
use stdhttp::urllib::Url;

use crate::{NOW, at, jar, sent, url};

/// Lines from `https://a.example/`.
fn filled(lines: &[&str]) -> CookieJar {
    let jar = jar();
    for line in lines {
        jar.store(line.as_bytes(), &url("https://a.example/"))
            .unwrap();
    }
    jar
}

fn names(jar: &CookieJar) -> String {
    jar.iter()
        .map(|cookie| cookie.name().into_owned())
        .collect()
}

#[test]
fn a_jar_says_its_limits() {
    let limits = CookieLimits {
        total: 7,
        ..CookieLimits::default()
    };
    assert_eq!(CookieJar::new().with_limits(limits).limits().total, 7);
    assert_eq!(CookieJar::new().limits().total, 3_000);
}

#[test]
fn cookies_by_name_domain_and_path() {
    let jar = filled(&["a=1", "b=2; Path=/x", "a=3; Path=/x"]);
    jar.store(b"b=4", &url("https://b.example/")).unwrap();
    let value = |name, domain, path| {
        let found = jar.get(name, domain, path);
        found.map(|cookie| cookie.map(|cookie| cookie.value().into_owned()))
    };
    let one = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(value("a", None, Some("/x")), one("3"));
    assert_eq!(value("b", Some("b.example"), None), one("4"));
    assert_eq!(value("b", Some(".B.Example."), None), one("4"));
    assert_eq!(value("a", Some("a.example"), Some("/")), one("1"));
    assert_eq!(value("c", None, None), Ok(None));
    assert_eq!(value("a", Some("b.example"), None), Ok(None));
    assert_eq!(value("a", None, Some("/y")), Ok(None));
    assert_eq!(value("a", None, None).unwrap_err().count, 2);
    assert!(matches!(
        jar.get("b", None, None),
        Err(CookieConflict { count: 2, .. })
    ));
}

#[test]
fn what_a_jar_holds() {
    let jar = filled(&["a=1", "b=2; Path=/x", "\u{e4}=\u{f6}"]);
    jar.store(b"c=\xff", &url("https://b.example/x/y")).unwrap();
    assert_eq!((jar.len(), jar.is_empty()), (4, false));
    assert_eq!(jar.list_domains(), ["a.example", "b.example"]);
    assert_eq!(jar.list_paths(), ["/", "/x"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        jar.items(None, None),
        [
            pair("a", "1"),
            pair("b", "2"),
            pair("ä", "ö"),
            pair("c", "ÿ")
        ]
    );
    assert_eq!(jar.items(Some("b.example"), Some("/x")), [pair("c", "ÿ")]);
    assert_eq!((&jar).into_iter().count(), 4);
    assert!(CookieJar::default().is_empty());
    assert_eq!(CookieJar::new().limits(), &CookieLimits::default());
    let limits = CookieLimits {
        total: 7,
        ..CookieLimits::default()
    };
    assert_eq!(jar.with_limits(limits).limits(), &limits);
}

#[test]
fn a_jar_can_be_cleared_in_parts() {
    let lines = ["a=1", "b=2; Path=/x", "c=3; Path=/x; Max-Age=5"];
    for (domain, path, name, left) in [
        (None, None, None, ""),
        (Some("a.example"), None, None, ""),
        (Some("b.example"), None, None, "abc"),
        (None, Some("/x"), None, "a"),
        (Some(".a.example"), Some("/x"), Some("b"), "ac"),
        (None, None, Some("a"), "bc"),
    ] {
        let jar = filled(&lines);
        let gone = jar.clear(domain, path, name);
        assert_eq!((names(&jar).as_str(), gone), (left, 3 - left.len()));
    }
    assert_eq!(filled(&lines).clear_session_cookies(), 2);
    assert_eq!(filled(&lines).clear_expired_cookies(), 0);
}

#[test]
fn make_cookies_stores_nothing() {
    let jar = jar();
    let mut headers = HTTPMessage::new();
    headers.append("Set-Cookie", "a=1; HttpOnly");
    headers.append("Set-Cookie", "b=2; Domain=elsewhere.example");
    headers.append("Set-Cookie", "c=3");
    let from = url("http://a.example/");
    let made = jar.make_cookies(&headers, &from);
    assert_eq!(made.len(), 2);
    assert!(made[0].is_http_only() && jar.is_empty());
    for cookie in made {
        jar.set_cookie_if_ok(cookie, &from).unwrap();
    }
    assert_eq!(sent(&jar, "http://a.example/"), b"a=1; c=3");
    // What is to live no time at all has expired at the earliest instant there is.
    let ended = ["0", "-1"].map(|age| {
        let mut headers = HTTPMessage::new();
        headers.append("Set-Cookie", format!("a=1; Max-Age={age}"));
        jar.make_cookies(&headers, &from)
    });
    assert_eq!(ended[0], ended[1]);
}

#[test]
fn cookies_of_the_callers_own() {
    let home = url("http://www.a.example/x");
    let cookie = Cookie::new("a", "1", &home).unwrap();
    assert_eq!((cookie.domain(), cookie.path()), ("www.a.example", "/"));
    assert!(cookie.is_host_only() && cookie.is_session() && !cookie.is_secure());
    assert!(!cookie.is_http_only() && !cookie.is_expired(at(u64::from(u32::MAX))));
    let wide = cookie
        .with_domain(".A.example")
        .unwrap()
        .with_path("/p")
        .unwrap();
    assert_eq!(
        (wide.domain(), wide.is_host_only(), wide.path()),
        ("a.example", false, "/p")
    );
    let wide = wide.with_secure(true).with_expires(Some(at(NOW + 5)));
    assert!(wide.is_secure() && !wide.is_session());
    assert!(!wide.is_expired(at(NOW + 4)) && wide.is_expired(at(NOW + 5)));
    assert_eq!(wide.expires(), Some(at(NOW + 5)));
    assert!(wide.clone().with_expires(None).is_session());
    let jar = jar();
    jar.set_cookie(wide);
    assert_eq!(sent(&jar, "https://b.a.example/p"), b"a=1");
    // An address has nothing below it.
    let address = Cookie::new("a", "1", &url("http://127.0.0.1/")).unwrap();
    assert!(address.with_domain("127.0.0.1").unwrap().is_host_only());
    let address = Cookie::new("a", "1", &url("http://[::1]/")).unwrap();
    assert!(address.with_domain("::1").unwrap().is_host_only());
}

#[test]
fn what_can_t_be_a_cookie() {
    let home = url("http://a.example/");
    for name in ["", "a b", "a=", "a;", "\u{e4}", "a\n", "a,"] {
        assert_eq!(
            Cookie::new(name, "1", &home),
            Err(CookieError::Name),
            "{name}"
        );
    }
    for value in ["a;b", "\n", "a\tb", " a", "a ", "\u{7f}", "\0"] {
        assert_eq!(
            Cookie::new("a", value, &home),
            Err(CookieError::Value),
            "{value}"
        );
    }
    assert_eq!(
        Cookie::new("a", "\u{e4}, \"=\"", &home).unwrap().value(),
        "ä, \"=\""
    );
    let cookie = Cookie::new("a", "", &home).unwrap();
    for domain in [
        "", ".", "..", "a..b", "a b", "a/b", "\u{e4}.b", "a;b", ".a.", "a@b",
    ] {
        let came = cookie.clone().with_domain(domain);
        assert_eq!(came.is_ok(), domain == ".a.", "{domain}");
    }
    for path in ["", "a", "/a;b", "/a\n", "/\u{e4}", "/a "] {
        assert_eq!(
            cookie.clone().with_path(path),
            Err(CookieError::Path),
            "{path}"
        );
    }
}

/// Notes what it is asked, and refuses what is named `no`.
struct Notes(Arc<Mutex<Vec<String>>>);

impl CookiePolicy for Notes {
    fn set_ok(&self, cookie: &Cookie, url: &Url) -> bool {
        self.0
            .lock()
            .unwrap()
            .push(format!("set {} {}", cookie.name(), url.hostname()));
        cookie.name() != "no"
    }

    fn return_ok(&self, cookie: &Cookie, url: &Url) -> bool {
        self.0
            .lock()
            .unwrap()
            .push(format!("return {} {}", cookie.name(), url.hostname()));
        cookie.name() != "kept"
    }
}

#[test]
fn a_policy_is_asked_about_what_the_rules_allow() {
    let notes = Arc::default();
    let jar = jar().with_policy(Notes(Arc::clone(&notes)));
    let from = url("http://a.example/");
    assert_eq!(jar.store(b"yes=1", &from), Ok(()));
    assert_eq!(jar.store(b"no=1", &from), Err(Rejection::Policy));
    assert_eq!(jar.store(b"kept=1", &from), Ok(()));
    assert_eq!(jar.store(b"bad=1; Secure", &from), Err(Rejection::Insecure));
    assert_eq!(sent(&jar, "http://a.example/"), b"yes=1");
    assert_eq!(sent(&jar, "http://b.example/"), b"");
    let expected = [
        "set yes a.example",
        "set no a.example",
        "set kept a.example",
        "return yes a.example",
        "return kept a.example",
    ];
    assert_eq!(*notes.lock().unwrap(), expected);
    // What the caller puts in is not asked about.
    jar.set_cookie(Cookie::new("no", "1", &from).unwrap());
    assert_eq!(jar.len(), 3);
}

/// A policy that says nothing.
struct Silent;

impl CookiePolicy for Silent {}

#[test]
fn a_policy_allows_unless_it_says_otherwise() {
    let jar = jar().with_policy(Silent);
    jar.store(b"a=1", &url("http://a.example/")).unwrap();
    assert_eq!(sent(&jar, "http://a.example/"), b"a=1");
}

#[test]
fn lists_of_domains() {
    let blocked = DefaultCookiePolicy {
        blocked_domains: vec!["Ads.example".to_owned(), ".track.example".to_owned()],
        ..DefaultCookiePolicy::default()
    };
    for (domain, expected) in [
        ("ads.example", true),
        ("ADS.example.", true),
        ("eu.ads.example", false),
        ("track.example", false),
        ("eu.track.example", true),
        ("nottrack.example", false),
        ("example", false),
    ] {
        assert_eq!(blocked.is_blocked(domain), expected, "{domain}");
        assert!(!blocked.is_not_allowed(domain));
    }
    let only = DefaultCookiePolicy {
        allowed_domains: Some(vec![".good.example".to_owned()]),
        ..DefaultCookiePolicy::default()
    };
    assert!(only.is_not_allowed("good.example") && !only.is_not_allowed("www.good.example"));
    let jar = jar().with_policy(only);
    let came = jar.store(
        b"a=1; Domain=good.example",
        &url("http://www.good.example/"),
    );
    assert_eq!(came, Ok(()));
    assert_eq!(sent(&jar, "http://www.good.example/"), b"a=1");
    assert_eq!(sent(&jar, "http://good.example/"), b"");
    assert_eq!(
        jar.store(b"a=1", &url("http://other.example/")),
        Err(Rejection::Policy)
    );
    let jar = CookieJar::new().with_policy(blocked);
    assert_eq!(
        jar.store(b"a=1", &url("http://ads.example/")),
        Err(Rejection::Policy)
    );
    jar.set_cookie(Cookie::new("a", "1", &url("http://ads.example/")).unwrap());
    assert_eq!(sent(&jar, "http://ads.example/"), b"");
}

#[test]
fn the_host_field_decides_nothing() {
    let jar = filled(&["a=1"]);
    let mut headers = HTTPMessage::new();
    headers.append("Host", "a.example");
    jar.add_cookie_header(&mut headers, &url("https://b.example/"));
    assert!(!headers.contains("Cookie"));
}

#[test]
fn a_field_of_the_callers_own_stays() {
    let jar = filled(&["a=1"]);
    let mut headers = HTTPMessage::new();
    headers.append("Cookie", "own=1");
    jar.add_cookie_header(&mut headers, &url("https://a.example/"));
    assert_eq!(headers.get_all("Cookie").collect::<Vec<_>>(), ["own=1"]);
}

#[test]
fn a_clone_is_another_jar_with_the_same_settings() {
    let jar = filled(&["a=1"]).with_limits(CookieLimits {
        sent: 1,
        ..CookieLimits::DEFAULT
    });
    let other = jar.clone();
    other.store(b"b=2", &url("https://a.example/")).unwrap();
    assert_eq!((jar.len(), other.len()), (1, 2));
    assert_eq!(sent(&other, "https://a.example/"), b"a=1");
    jar.update(&other);
    assert_eq!(jar.len(), 2);
}

#[test]
fn values_are_not_shown() {
    let jar = filled(&["name=secret"]);
    let shown = format!("{jar:?}");
    assert!(shown.contains("name") && shown.contains("a.example") && !shown.contains("secret"));
}

#[test]
fn everything_can_be_shared() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<CookieJar>();
    is_shared::<MozillaCookieJar>();
    is_shared::<SimpleCookie>();
    is_shared::<Authenticator>();
    is_shared::<Digest>();
    is_shared::<HTTPPasswordMgr>();
    is_shared::<Netrc>();
    let jar = Arc::new(jar());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let jar = jar.clone();
            std::thread::spawn(move || {
                let from = url(&format!("https://h{thread}.example/"));
                for number in 0..40 {
                    jar.store(format!("n{number}=1").as_bytes(), &from).unwrap();
                    assert_eq!(jar.cookies_for(&from).len(), number + 1);
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(jar.len(), 160);
}

/// The texts of errors: none is empty, and no two are alike.
fn assert_distinct(texts: &[String]) {
    let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len(), "{texts:?}");
    assert!(texts.iter().all(|text| text.len() > 10), "{texts:?}");
}

#[test]
fn errors_say_what_is_wrong() {
    use std::error::Error;
    use std::io;
    use stdhttp::cookies::LoadError;
    let errors = [
        CookieError::Name,
        CookieError::Value,
        CookieError::Domain,
        CookieError::Path,
        CookieError::Attribute,
        CookieError::Prefix,
        CookieError::SameSite,
    ];
    assert_distinct(&errors.map(|error| error.to_string()));
    let rejections = [
        Rejection::Malformed,
        Rejection::TooLarge,
        Rejection::ForeignDomain,
        Rejection::PublicSuffix,
        Rejection::Insecure,
        Rejection::HidesSecure,
        Rejection::SameSite,
        Rejection::Prefix,
        Rejection::Policy,
    ];
    assert_distinct(&rejections.map(|rejection| rejection.to_string()));
    let io = || io::Error::other("the disk is gone");
    let errors = [
        LoadError::Io(io()),
        LoadError::NoCookieFile,
        LoadError::TooLarge(7),
    ];
    assert_distinct(&errors.each_ref().map(ToString::to_string));
    assert_eq!(errors[0].to_string(), "the disk is gone");
    assert!(errors[0].source().is_some() && errors[1].source().is_none());
    assert!(errors[2].to_string().contains('7'));
    let jar = filled(&["a=1", "a=2; Path=/x"]);
    let conflict = jar.get("a", None, None).unwrap_err();
    assert!(conflict.to_string().starts_with("2 cookies"));
}
