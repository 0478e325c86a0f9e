//! Proxies: what the environment and the caller say of them, and for which URL.

#![cfg(feature = "urllib")]
#![allow(missing_docs)]

use std::error::Error;

use stdhttp::urllib::{
    Fault, InvalidProxy, NoProxy, ParseError, Part, Proxies, Proxy, ProxyScheme, RedirectError,
    Url, Via, getproxies, proxy_bypass,
};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The way to a URL in words.
fn way(proxies: &Proxies, to: &str) -> String {
    match proxies.select(&url(to)) {
        Ok(Some(Via::Proxy(proxy))) => proxy.hostname().to_owned(),
        Ok(Some(Via::Direct)) => "direct".to_owned(),
        Ok(None) => "-".to_owned(),
        Err(InvalidProxy { key, error, .. }) => format!("{key}: {:?}", error.fault),
    }
}

fn environment(variables: &[(&str, &str)]) -> Proxies {
    Proxies::from_environment(variables.iter().copied())
}

#[test]
fn the_url_of_a_proxy() {
    for (text, scheme, host, port) in [
        ("http://p", ProxyScheme::Http, "p", 80),
        ("p", ProxyScheme::Http, "p", 80),
        ("p:3128", ProxyScheme::Http, "p", 3128),
        ("HTTP://P:8080/", ProxyScheme::Http, "p", 8080),
        ("https://p", ProxyScheme::Https, "p", 443),
        ("socks5://p", ProxyScheme::Socks5, "p", 1080),
        ("socks5://p:80", ProxyScheme::Socks5, "p", 80),
        ("socks5h://[::1]", ProxyScheme::Socks5h, "::1", 1080),
        (
            "socks5h://u@127.0.0.1:9/path?q#f",
            ProxyScheme::Socks5h,
            "127.0.0.1",
            9,
        ),
    ] {
        let proxy = Proxy::parse(text).unwrap();
        let found = (proxy.scheme(), proxy.hostname(), proxy.port());
        assert_eq!(found, (scheme, host, port), "{text}");
        let is_http = matches!(scheme, ProxyScheme::Http | ProxyScheme::Https);
        assert_eq!(proxy.url().is_some(), is_http, "{text}");
    }
}

#[test]
fn name_and_password_of_a_proxy_are_decoded_and_masked() {
    for (text, expected) in [
        ("http://p", None),
        ("http://u@p", Some(("u", ""))),
        ("u:w@p:1", Some(("u", "w"))),
        ("http://u%3A:a%40b%2f@p", Some(("u:", "a@b/"))),
        ("http://:@p", Some(("", ""))),
        ("http://u:a:b@p", Some(("u", "a:b"))),
        ("http://%C3%BC:p@p", Some(("ü", "p"))),
    ] {
        let proxy = Proxy::parse(text).unwrap();
        assert_eq!(proxy.userinfo(), expected, "{text}");
    }
    let proxy = Proxy::parse("socks5://name:pass@p:1").unwrap();
    assert_eq!(format!("{proxy:?}"), "Proxy(socks5://***@p:1)");
    let proxies = Proxies::new().with("all", "http://name:pass@p").unwrap();
    assert!(!format!("{proxies:?}").contains("pass"));
}

#[test]
fn what_is_no_proxy_says_where() {
    for (text, part, fault, offset) in [
        ("ftp://p", Part::Scheme, Fault::Unsupported, 0),
        ("socks4://p", Part::Scheme, Fault::Unsupported, 0),
        ("http://", Part::Host, Fault::Malformed, 7),
        ("", Part::Host, Fault::Malformed, 0),
        ("p q", Part::Host, Fault::Malformed, 0),
        ("http://p:x", Part::Port, Fault::Malformed, 7),
        ("http://p:70000", Part::Port, Fault::Malformed, 7),
        ("http://p\n", Part::Whole, Fault::Octet(b'\n'), 8),
        ("http://a%0d@p", Part::Userinfo, Fault::Malformed, 7),
        ("http://%ff@p", Part::Userinfo, Fault::Malformed, 7),
    ] {
        let found = Proxy::parse(text).unwrap_err();
        let ParseError {
            part: p,
            fault: f,
            offset: o,
            ..
        } = found;
        assert_eq!((p, f, o), (part, fault, offset), "{text}");
    }
}

#[test]
fn errors_keep_their_cause() {
    use std::error::Error;
    let proxies = environment(&[("http_proxy", "http://p:x")]);
    let invalid = proxies.select(&url("http://h/")).unwrap_err();
    let cause = invalid.source().unwrap().downcast_ref::<ParseError>();
    assert_eq!(cause, Some(&invalid.error));
    let broken = Url::parse("ftp://h/").unwrap_err();
    let location = RedirectError::Location(broken);
    assert_eq!(location.source().unwrap().to_string(), broken.to_string());
    assert!(RedirectError::Userinfo.source().is_none());
}

#[test]
fn the_nearest_key_decides() {
    let all = [
        ("https://h", "a"),
        ("https", "b"),
        ("all://h", "c"),
        ("all", "d"),
    ];
    let mut proxies = Proxies::new();
    for (number, (key, host)) in all.iter().enumerate().rev() {
        proxies = proxies.with(key, host).unwrap();
        assert_eq!(way(&proxies, "https://h/"), all[number].1);
    }
    assert_eq!(way(&proxies, "https://i/"), "b");
    assert_eq!(way(&proxies, "http://h/"), "c");
    assert_eq!(way(&proxies, "http://i/"), "d");
    // Keys count as origins do; the later takes the place of the earlier.
    let proxies = proxies.with("HTTPS://H.", "e").unwrap();
    assert_eq!(way(&proxies, "https://h./"), "e");
    let proxies = proxies.with_direct("https://h").unwrap();
    assert_eq!(way(&proxies, "https://h/"), "direct");
    let proxies = Proxies::new().with("all://::1", "f").unwrap();
    assert_eq!(way(&proxies, "http://[0::1]:8080/"), "f");
}

#[test]
fn none_and_nothing_said_are_two_things() {
    assert_eq!(way(&Proxies::new(), "http://h/"), "-");
    assert_eq!(way(&Proxies::direct(), "http://h/"), "direct");
    let proxies = Proxies::new().with("http", "p").unwrap();
    assert_eq!(way(&proxies, "https://h/"), "-");
    let proxies = proxies.with_no_proxy("h");
    assert_eq!(way(&proxies, "http://h/"), "direct");
    assert_eq!(way(&proxies, "https://h/"), "direct");
    assert_eq!(way(&proxies, "http://i/"), "p");
}

#[test]
fn keys_that_are_none() {
    for key in [
        "",
        "ftp",
        "no",
        "http:",
        "http://",
        "http://h:80",
        "http://h/",
        "all://u@h",
    ] {
        let error = Proxies::new().with(key, "p").unwrap_err();
        assert_eq!(
            (error.key.as_str(), error.error.part),
            (key, Part::Whole),
            "{key}"
        );
        assert!(Proxies::new().with_direct(key).is_err(), "{key}");
    }
    let error = Proxies::new().with("http", "ftp://me:pw@p").unwrap_err();
    assert_eq!(error.error.part, Part::Scheme);
    assert_eq!(
        error.to_string(),
        "proxy for http: unsupported scheme at byte 0"
    );
}

#[test]
fn lower_case_comes_before_upper_case_in_an_environment() {
    let proxies = environment(&[
        ("HTTP_PROXY", "u"),
        ("HTTPS_PROXY", "s"),
        ("ALL_PROXY", "a"),
    ]);
    assert_eq!(way(&proxies, "http://h/"), "u");
    assert_eq!(way(&proxies, "https://h/"), "s");
    for order in [
        [("http_proxy", "l"), ("HTTP_PROXY", "u")],
        [("HTTP_PROXY", "u"), ("http_proxy", "l")],
        [("Http_proxy", "l"), ("Http_Proxy", "u")],
    ] {
        assert_eq!(way(&environment(&order), "http://h/"), "l");
    }
    // An empty one in lower case takes the other away.
    let proxies = environment(&[("http_proxy", ""), ("HTTP_PROXY", "u"), ("all_proxy", "a")]);
    assert_eq!(way(&proxies, "http://h/"), "a");
    assert_eq!(
        way(
            &environment(&[("xhttp_proxy", "p"), ("http_proxy_", "p")]),
            "http://h/"
        ),
        "-"
    );
}

#[test]
fn a_cgi_script_is_not_told_its_proxy_by_its_client() {
    let cgi = ("REQUEST_METHOD", "GET");
    let proxies = environment(&[cgi, ("HTTP_PROXY", "evil"), ("HTTPS_PROXY", "s")]);
    assert_eq!(way(&proxies, "http://h/"), "-");
    assert_eq!(way(&proxies, "https://h/"), "s");
    let proxies = environment(&[("HTTP_PROXY", "evil"), ("http_proxy", "l"), cgi]);
    assert_eq!(way(&proxies, "http://h/"), "l");
}

#[test]
fn what_an_environment_says_amiss_is_an_error_where_it_counts() {
    let proxies = environment(&[
        ("https_proxy", "gopher://p"),
        ("http_proxy", "p"),
        ("no_proxy", "local"),
    ]);
    assert_eq!(way(&proxies, "http://h/"), "p");
    assert_eq!(way(&proxies, "https://local/"), "direct");
    assert_eq!(way(&proxies, "https://h/"), "https: Unsupported");
    let amiss = proxies.select(&url("https://h/")).unwrap_err();
    assert_eq!(
        amiss.source().map(ToString::to_string),
        Some(amiss.error.to_string())
    );
}

/// The list of `requests`' own tests, with what it says of each URL.
#[test]
fn no_proxy_as_requests_has_it() {
    let list = NoProxy::parse(
        "192.168.0.0/24,127.0.0.1,localhost.localdomain,172.16.1.1, google.com:6000",
    );
    for (target, expected) in [
        ("http://192.168.0.1:5000/", true),
        ("http://192.168.0.1/", true),
        ("http://172.16.1.1/", true),
        ("http://172.16.1.1:5000/", true),
        ("http://localhost.localdomain:5000/v1.0/", true),
        ("http://google.com:6000/", true),
        ("http://172.16.1.12/", false),
        ("http://172.16.1.12:5000/", false),
        ("http://google.com:5000/v1.0/", false),
    ] {
        assert_eq!(list.bypasses(&url(target)), expected, "{target}");
    }
}

#[test]
fn every_form_of_no_proxy() {
    for (list, bypassed, others) in [
        (
            "*",
            &["http://h/", "http://[::1]/", "http://1.2.3.4/"][..],
            &[][..],
        ),
        ("a,*", &["http://h/"], &[]),
        ("", &[], &["http://h/"]),
        (",, ,", &[], &["http://h/"]),
        (
            "h",
            &["http://h/", "http://h./", "http://H:1/", "http://x.h/"],
            &["http://xh/", "http://h.x/"],
        ),
        (
            ".h.i",
            &["http://h.i/", "http://x.h.i/", "https://x.y.h.i/"],
            &["http://xh.i/", "http://i/"],
        ),
        (
            "*.h.i",
            &["http://h.i/", "http://x.h.i/"],
            &["http://xh.i/"],
        ),
        ("h.i.", &["http://h.i/", "http://x.h.i./"], &["http://i/"]),
        (
            "a b\tc",
            &["http://a/", "http://b/", "http://c/"],
            &["http://d/"],
        ),
        (
            "h:80",
            &["http://h/", "http://h:80/", "https://x.h:80/"],
            &["https://h/", "http://h:81/"],
        ),
        ("h:443", &["https://h/"], &["http://h/"]),
        (
            "1.2.3.4",
            &[
                "http://1.2.3.4/",
                "http://1.2.3.4:9/",
                "http://[::ffff:1.2.3.4]/",
            ],
            &["http://1.2.3.5/", "http://1.2.3.4.x/"],
        ),
        ("2.3.4", &[], &["http://1.2.3.4/"]),
        ("1.2.3.4:9", &["http://1.2.3.4:9/"], &["http://1.2.3.4/"]),
        (
            "10.0.0.0/8",
            &["http://10.255.0.1/"],
            &["http://11.0.0.1/", "http://[::10.0.0.1]/"],
        ),
        ("10.9.8.7/8", &["http://10.255.0.1/"], &["http://11.0.0.1/"]),
        (
            "0.0.0.0/0",
            &["http://8.8.8.8/"],
            &["http://[2001:db8::1]/", "http://h/"],
        ),
        ("1.2.3.4/32", &["http://1.2.3.4/"], &["http://1.2.3.5/"]),
        ("1.2.3.0/31", &["http://1.2.3.1/"], &["http://1.2.3.2/"]),
        ("10.0.0.0/33", &[], &["http://10.0.0.0/"]),
        ("10.0.0.0/x", &[], &["http://10.0.0.0/"]),
        ("h/8", &[], &["http://h/"]),
        (
            "::1",
            &["http://[::1]/", "http://[0:0::1]:9/"],
            &["http://[::2]/", "http://h/"],
        ),
        ("[::1]", &["http://[::1]/"], &["http://[::2]/"]),
        ("[::1]:9", &["http://[::1]:9/"], &["http://[::1]/"]),
        (
            "2001:db8::/32",
            &["http://[2001:db8:ffff::1]/"],
            &["http://[2001:db9::1]/"],
        ),
        (
            "[2001:db8::]/32",
            &["http://[2001:db8:ffff::1]/"],
            &["http://[2001:db9::1]/"],
        ),
        (
            "[fe80::]/10",
            &["http://[fe80::1%25eth0]/"],
            &["http://[2001:db8::1]/"],
        ),
        (
            "::/0",
            &["http://[2001:db8::1]/", "http://1.2.3.4/"],
            &["http://h/"],
        ),
        ("::/129", &[], &["http://[::1]/"]),
        ("eth0", &[], &["http://[fe80::1%25eth0]/"]),
        (".example.com", &[], &["http://[::1%25.example.com]/"]),
    ] {
        let list_read = NoProxy::parse(list);
        for target in bypassed {
            assert!(list_read.bypasses(&url(target)), "{list} {target}");
        }
        for target in others {
            assert!(!list_read.bypasses(&url(target)), "{list} {target}");
        }
    }
}

/// The process has an environment, whatever it says: both look at the same one.
/// In a process of its own, which has the variables.
#[test]
fn the_variables_of_the_process_count() {
    const OWN: &str = "STDHTTP_PROXIES_OF_ITS_OWN";
    if std::env::var_os(OWN).is_some() {
        let to = |host: &str| way(&getproxies(), host);
        assert_eq!(
            to("http://h/"),
            way(&environment(&[("http_proxy", "http://p:1")]), "http://h/")
        );
        assert!(proxy_bypass(&url("http://left.example/")));
        assert!(!proxy_bypass(&url("http://h/")));
        return;
    }
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    let test = test.args(["--exact", "the_variables_of_the_process_count"]);
    let test = test.env(OWN, "1").env("http_proxy", "http://p:1");
    let output = test.env("no_proxy", "left.example").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_environment_of_the_process_is_read() {
    let variables = std::env::vars();
    assert_eq!(getproxies(), Proxies::from_environment(variables));
    let listed = std::env::var("no_proxy").or_else(|_| std::env::var("NO_PROXY"));
    let listed = NoProxy::parse(&listed.unwrap_or_default());
    for host in [
        "http://localhost/",
        "http://127.0.0.1/",
        "http://stdhttp.invalid/",
    ] {
        assert_eq!(
            proxy_bypass(&url(host)),
            listed.bypasses(&url(host)),
            "{host}"
        );
    }
}
