//! Redirects: RFC 9110 sections 10.2.2 and 15.4: what is decided without any I/O, and what a chain of
//! requests does.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use stdhttp::HTTPMessage;
use stdhttp::cookies::CookieJar;
use stdhttp::testing::{Peer, Script};
use stdhttp::urllib::request::*;
use stdhttp::urllib::{
    Fault, Part, Redirect, RedirectError, RedirectRules, RedirectedRequest, Resend, Url, UrlParser,
};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn locations<L: AsRef<[u8]>>(values: &[L]) -> HTTPMessage {
    let mut headers = HTTPMessage::new();
    for value in values {
        headers.append("Location", value);
    }
    headers
}

/// Where a redirect of a GET leads to.
fn leads(base: &str, location: impl AsRef<[u8]>) -> Result<String, RedirectError> {
    let rules = RedirectRules::new();
    leads_by(&rules, base, location)
}

fn leads_by(
    rules: &RedirectRules,
    base: &str,
    location: impl AsRef<[u8]>,
) -> Result<String, RedirectError> {
    let base = url(base);
    let request = RedirectedRequest {
        method: "GET",
        url: &base,
        body: Resend::Possible,
    };
    let redirect = rules.redirect(&request, 302, &locations(&[location]))?;
    Ok(redirect.expect("a Location").url().to_string())
}

/// What a redirect to another path of the same server makes of a request.
fn hop(method: &str, status: u16, body: Resend) -> Result<Option<Redirect>, RedirectError> {
    let base = url("http://h/");
    let request = RedirectedRequest {
        method,
        url: &base,
        body,
    };
    RedirectRules::new().redirect(&request, status, &locations(&["/next"]))
}

fn fault(result: Result<String, RedirectError>) -> (Part, Fault) {
    match result {
        Err(outer @ RedirectError::Location(error)) => {
            let source = outer.source().map(ToString::to_string);
            assert_eq!(source, Some(error.to_string()));
            (error.part, error.fault)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn s_15_4_1_five_statuses_are_followed() {
    for status in 100..=599 {
        let followed = [301, 302, 303, 307, 308].contains(&status);
        assert_eq!(RedirectRules::follows(status), followed, "{status}");
        let redirect = hop("GET", status, Resend::Possible).unwrap();
        assert_eq!(redirect.is_some(), followed, "{status}");
    }
}

#[test]
fn s_15_4_2_no_location_is_no_redirect_and_two_are_an_error() {
    let base = url("http://h/");
    let request = RedirectedRequest {
        method: "GET",
        url: &base,
        body: Resend::Possible,
    };
    let rules = RedirectRules::new();
    let answer = |values: &[&str]| rules.redirect(&request, 301, &locations(values));
    assert_eq!(answer(&[]), Ok(None));
    for two in [["/a", "/b"], ["/a", "/a"]] {
        assert_eq!(answer(&two), Err(RedirectError::SeveralLocations));
    }
    // Of a response that is no redirect it does not matter.
    assert_eq!(
        rules.redirect(&request, 304, &locations(&["/a", "/b"])),
        Ok(None)
    );
}

#[test]
fn s_10_2_2_1_location_is_resolved_against_the_target() {
    for (location, expected) in [
        ("../d", "http://a/d"),
        ("//h/x", "http://h/x"),
        ("?y", "http://a/b/c?y"),
        ("g;x", "http://a/b/g;x"),
        ("", "http://a/b/c?q"),
        ("/", "http://a/"),
        ("https://b", "https://b"),
        ("./.././../e", "http://a/e"),
    ] {
        assert_eq!(
            leads("http://a/b/c?q", location).as_deref(),
            Ok(expected),
            "{location}"
        );
    }
}

#[test]
fn s_10_2_2_2_a_fragment_is_inherited() {
    for (base, location, expected) in [
        ("http://a/x#f", "/y", "http://a/y#f"),
        ("http://a/x#f", "/y#g", "http://a/y#g"),
        ("http://a/x#f", "/y#", "http://a/y#"),
        ("http://a/x", "/y#g", "http://a/y#g"),
        ("http://a/x#f", "http://b/?q", "http://b/?q#f"),
    ] {
        assert_eq!(
            leads(base, location).as_deref(),
            Ok(expected),
            "{base} {location}"
        );
    }
}

/// The fields that a hop from one URL to another drops.
fn dropped(from: &str, to: &str, names: &[&str]) -> Vec<String> {
    let rules = RedirectRules::new()
        .allowing_https_to_http()
        .with_secret("X-Pet");
    let base = url(from);
    let request = RedirectedRequest {
        method: "GET",
        url: &base,
        body: Resend::Possible,
    };
    let redirect = rules
        .redirect(&request, 307, &locations(&[to]))
        .unwrap()
        .unwrap();
    let dropped = names
        .iter()
        .filter(|name| rules.drops_field(&redirect, name));
    dropped.map(|name| (*name).to_owned()).collect()
}

#[test]
fn s_15_4_3_what_belongs_to_one_hop_is_made_anew() {
    let names = [
        "Proxy-Authorization",
        "PROXY-AUTHORIZATION",
        "Host",
        "Accept",
    ];
    assert_eq!(dropped("http://h/", "/x", &names), names[..2]);
    assert_eq!(dropped("http://h/", "http://i/", &names), names[..3]);
}

#[test]
fn s_15_4_5_secrets_stay_with_their_origin() {
    let secrets = [
        "Authorization",
        "aUTHORIZATION",
        "Cookie",
        "COOKIE",
        "X-Api-Key",
        "X-Auth-Token",
        "Client-Secret",
        "x-pet",
    ];
    let harmless = [
        "Accept",
        "User-Agent",
        "Content-Type",
        "If-None-Match",
        "X-Petting",
    ];
    let all: Vec<&str> = secrets.into_iter().chain(harmless).collect();
    for (from, to) in [
        ("http://h/", "http://other/"),
        ("http://h/", "https://h/"),
        ("https://h/", "http://h/"),
        ("https://h:8443/", "http://h:8443/"),
        ("http://h/", "http://h:8080/"),
        ("http://h:8080/", "http://h/"),
        ("http://h/", "http://sub.h/"),
        ("http://sub.h/", "http://h/"),
        ("http://h/", "//hh/"),
        ("http://127.0.0.1/", "http://127.0.0.2/"),
        ("http://[::1]/", "http://[::2]/"),
        ("http://127.0.0.1/", "http://localhost/"),
    ] {
        assert_eq!(dropped(from, to, &all), secrets, "{from} {to}");
    }
    for (from, to) in [
        ("http://h/a", "/b"),
        ("http://h/", "http://h:80/"),
        ("https://h/", "https://h:443/"),
        ("https://h:443/", "https://h/"),
        ("http://h/", "HTTP://H/"),
        ("http://h/", "http://h./"),
        ("http://h./", "http://h/"),
        ("http://[::1]/", "http://[0:0::1]/"),
    ] {
        assert_eq!(dropped(from, to, &all), Vec::<String>::new(), "{from} {to}");
    }
}

#[test]
fn s_15_4_6_post_alone_becomes_get() {
    for status in [301, 302] {
        for method in [
            "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "QUERY",
        ] {
            let redirect = hop(method, status, Resend::Possible).unwrap().unwrap();
            assert_eq!((redirect.method(), redirect.drops_body()), (method, false));
        }
        let redirect = hop("POST", status, Resend::Possible).unwrap().unwrap();
        assert_eq!((redirect.method(), redirect.drops_body()), ("GET", true));
        assert_eq!(
            hop("PUT", status, Resend::Impossible),
            Err(RedirectError::BodyNotReplayable)
        );
        assert!(hop("POST", status, Resend::Impossible).unwrap().is_some());
    }
}

#[test]
fn s_15_4_7_see_other_is_a_get() {
    for (method, expected) in [
        ("GET", "GET"),
        ("HEAD", "HEAD"),
        ("PUT", "GET"),
        ("DELETE", "GET"),
    ] {
        for body in [Resend::Possible, Resend::Impossible] {
            let redirect = hop(method, 303, body).unwrap().unwrap();
            assert_eq!((redirect.method(), redirect.drops_body()), (expected, true));
        }
    }
}

#[test]
fn s_15_4_8_307_and_308_change_nothing() {
    for status in [307, 308] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let redirect = hop(method, status, Resend::Possible).unwrap().unwrap();
            assert_eq!((redirect.method(), redirect.drops_body()), (method, false));
            assert_eq!(
                hop(method, status, Resend::Impossible),
                Err(RedirectError::BodyNotReplayable)
            );
        }
    }
}

#[test]
fn s_15_4_9_the_fields_of_the_body_go_with_it() {
    let rules = RedirectRules::new();
    let about = [
        "Content-Type",
        "content-length",
        "Content-Encoding",
        "Content-Language",
        "Content-Location",
        "Content-Range",
        "Last-Modified",
        "Digest",
        "Transfer-Encoding",
        "Expect",
        "Trailer",
    ];
    let others = ["Accept", "Contents", "User-Agent", "X-Digest"];
    let without = hop("POST", 302, Resend::Possible).unwrap().unwrap();
    let with = hop("POST", 307, Resend::Possible).unwrap().unwrap();
    for name in about {
        assert!(rules.drops_field(&without, name), "{name}");
        assert!(!rules.drops_field(&with, name), "{name}");
    }
    for name in others {
        assert!(!rules.drops_field(&without, name), "{name}");
    }
}

#[test]
fn s_15_4_11_http_and_https_alone_and_never_back() {
    for location in [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://h/",
        "data:,x",
        "javascript:alert(1)",
        "gopher://h/",
        "mailto:a@b",
    ] {
        let found = fault(leads("http://h/", location));
        assert_eq!(found, (Part::Scheme, Fault::Unsupported), "{location}");
    }
    assert_eq!(leads("https://h/", "http://h/"), Err(RedirectError::Clear));
    assert!(RedirectError::Clear.source().is_none());
    assert_eq!(leads("https://h/", "//h/x").as_deref(), Ok("https://h/x"));
    assert_eq!(
        leads("http://h/", "https://h/").as_deref(),
        Ok("https://h/")
    );
    let rules = RedirectRules::new().allowing_https_to_http();
    assert_eq!(
        leads_by(&rules, "https://h/", "http://h/").as_deref(),
        Ok("http://h/")
    );
}

#[test]
fn s_4_2_4_2_a_user_name_in_a_location_is_an_error() {
    for location in ["http://u:p@h/", "http://u@h/", "//u@h/", "http://@h/"] {
        assert_eq!(
            leads("http://h/", location),
            Err(RedirectError::Userinfo),
            "{location}"
        );
    }
    // An at sign elsewhere is none.
    assert_eq!(leads("http://h/", "/a@b").as_deref(), Ok("http://h/a@b"));
    // The caller's own stays where the authority does.
    assert_eq!(
        leads("http://me:pw@h/", "/x").as_deref(),
        Ok("http://me:pw@h/x")
    );
    assert_eq!(
        leads("http://me:pw@h/", "http://h/x").as_deref(),
        Ok("http://h/x")
    );
}

#[test]
fn s_15_4_12_nothing_illegal_gets_into_a_target() {
    for (location, expected) in [
        (&b"/a b"[..], "http://h/a%20b"),
        (b"/\xc3\xbc", "http://h/%C3%BC"),
        (b"/\xfc?\xff", "http://h/%FC?%FF"),
        (b"/a\"<>\\^`{|}", "http://h/a%22%3C%3E%5C%5E%60%7B%7C%7D"),
        (b"/%7e%41", "http://h/%7e%41"),
    ] {
        assert_eq!(leads("http://h/", location).as_deref(), Ok(expected));
    }
    for octet in (0..0x20).chain([0x7f]) {
        let location = [b"/x", &[octet][..], b"y"].concat();
        let found = fault(leads("http://h/", location));
        assert_eq!(found, (Part::Whole, Fault::Octet(octet)));
    }
    assert_eq!(
        fault(leads("http://h/", "/100%")),
        (Part::Path, Fault::Percent)
    );
    assert_eq!(fault(leads("http://h/", b"//\xfc/")).0, Part::Host);
    // A host beyond ASCII is read by the caller's IDNA, or not at all.
    let idna =
        UrlParser::quoting().idna(|host| (host == "bücher").then(|| "xn--bcher-kva".to_owned()));
    let rules = RedirectRules::new().with_parser(idna);
    let found = leads_by(&rules, "http://h/", "http://bücher/");
    assert_eq!(found.as_deref(), Ok("http://xn--bcher-kva/"));
    assert_eq!(fault(leads("http://h/", "http://bücher/")).0, Part::Host);
}

/// An opener whose connections give these answers, and the peer that was asked.
fn opener(answers: &[&str]) -> (OpenerDirector, Peer) {
    let script = |answer: &&str| Script::answer(answer.replace('\n', "\r\n"));
    let peer = Peer::new(answers.iter().map(script));
    let opener = build_opener()
        .add_handler(HTTPHandler::new(peer.clone()))
        .add_handler(HTTPSHandler::new(peer.clone()))
        .add_handler(ProxyHandler::none())
        .with_clock(peer.clone());
    (opener, peer)
}

/// The names of the fields of a request.
fn names(peer: &Peer, connection: usize) -> Vec<String> {
    let sent = String::from_utf8(peer.received(connection)).unwrap();
    let lines = sent.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn s_15_4_4_what_was_generated_is_generated_anew() {
    let answers = [
        "HTTP/1.1 302 Found\nLocation: //i/\nSet-Cookie: a=1\n\n",
        "HTTP/1.1 302 Found\nLocation: //h/\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ];
    let (opener, peer) = opener(&answers);
    let jar = Arc::new(CookieJar::new());
    let opener = opener.add_handler(HTTPCookieProcessor::new(jar));
    opener.open("http://h/").unwrap();
    let usual = ["Host", "Accept-Encoding", "User-Agent", "Connection"];
    assert_eq!(names(&peer, 0), usual);
    assert_eq!(names(&peer, 1), usual);
    assert_eq!(
        names(&peer, 2),
        [
            "Host",
            "Accept-Encoding",
            "User-Agent",
            "Cookie",
            "Connection"
        ]
    );
}

#[test]
fn s_10_1_3_1_no_referer_is_sent() {
    let answers = [
        "HTTP/1.1 302 Found\nLocation: https://h/#f\n\n",
        "HTTP/1.1 302 Found\nLocation: /x\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ];
    let (opener, peer) = opener(&answers);
    opener.open("http://u:p@h/#f").unwrap();
    for connection in 0..3 {
        let sent = String::from_utf8(peer.received(connection)).unwrap();
        assert!(
            !sent.to_ascii_lowercase().contains("refer") && !sent.contains('#'),
            "{sent}"
        );
    }
}

#[test]
fn s_15_4_10_ten_hops_within_one_deadline() {
    let circle = "HTTP/1.1 302 Found\nLocation: /\nContent-Length: 0\n\n";
    let (unlimited, peer) = opener(&[circle; 20]);
    match unlimited.open("http://h/") {
        Err(URLError::HTTP(error)) => {
            assert_eq!(error.unfollowed(), Some(Unfollowed::TooMany { limit: 10 }));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(peer.calls().connects, 11);
    // A hop a second: the fourth has no time left.
    let hop = || {
        let head = circle.replace('\n', "\r\n");
        Script::new()
            .expect_head()
            .wait(Duration::from_secs(1))
            .send(head)
    };
    let (hurried, peer) = opener(&[]);
    peer.set_scripts([hop(), hop(), hop(), hop(), hop()]);
    let error = hurried
        .with_deadline(Duration::from_millis(3_500))
        .open("http://h/");
    assert!(error.unwrap_err().is_timeout());
    assert_eq!(peer.calls().connects, 4);
    assert_eq!(peer.elapsed(), Duration::from_millis(3_500));
}

#[test]
fn s_15_4_13_the_body_of_a_redirect_is_not_read() {
    let huge = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Encoding: gzip\r\n\
                Content-Length: 1073741824\r\n\r\n";
    let mut script = Script::new().expect_head().send(huge);
    for _ in 0..64 {
        script = script.send([0; 65_536]);
    }
    let (opener, peer) = opener(&[]);
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    peer.set_scripts([script, Script::answer(answer)]);
    opener.open("http://h/").unwrap();
    let calls = peer.calls();
    assert!(
        calls.bytes_read <= 65_536 && calls.connects == 2,
        "{calls:?}"
    );
}
