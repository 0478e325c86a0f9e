//! Chains of redirects: what each hop is sent, and where they end.

use std::sync::Arc;

use stdhttp::cookies::{Cookie, CookieJar};
use stdhttp::testing::Script;
use stdhttp::urllib::request::*;
use stdhttp::urllib::{RedirectError, RedirectRules, RedirectedRequest, Resend, Url};

use crate::{Net, OK, field, refused, text, to};

fn request(url: &str) -> Request {
    Request::new(url).unwrap()
}

#[test]
fn each_hop_is_a_request_of_its_own() {
    let net = Net::answering([&to(301, "//other:81/a?b"), &to(302, "c#d"), OK]);
    let response = net.opener().open("http://h/x#y").unwrap();
    assert_eq!(response.url(), "http://other:81/c#d");
    assert_eq!(net.dialled(), ["h:80", "other:81", "other:81"]);
    assert_eq!(
        net.lines("host"),
        [
            ("GET /x HTTP/1.1".to_owned(), Some("h".to_owned())),
            ("GET /a?b HTTP/1.1".to_owned(), Some("other:81".to_owned())),
            ("GET /c HTTP/1.1".to_owned(), Some("other:81".to_owned())),
        ]
    );
    assert_eq!(text(response), "ok");
}

#[test]
fn methods_and_bodies_go_along_or_not() {
    for (method, status, second, body) in [
        ("POST", 301, "GET", ""),
        ("POST", 302, "GET", ""),
        ("POST", 303, "GET", ""),
        ("PUT", 303, "GET", ""),
        ("POST", 307, "POST", "data"),
        ("POST", 308, "POST", "data"),
        ("PUT", 301, "PUT", "data"),
        ("PUT", 302, "PUT", "data"),
    ] {
        let net = Net::answering([&to(status, "/2"), OK]);
        let one = request("http://h/").with_method(method).with_data("data");
        net.opener()
            .open(one.with_header("Content-Language", "en"))
            .unwrap();
        let sent = net.sent(1);
        assert!(
            sent.starts_with(&format!("{second} /2 ")),
            "{method} {status}: {sent}"
        );
        assert!(
            sent.ends_with(&format!("\r\n\r\n{body}")),
            "{method} {status}: {sent}"
        );
        for about in ["content-type", "content-length", "content-language"] {
            assert_eq!(field(&sent, about).is_some(), !body.is_empty(), "{about}");
        }
    }
    let net = Net::answering([&to(303, "/2"), "HTTP/1.1 200 OK\nContent-Length: 9\n\n"]);
    net.opener()
        .open(request("http://h/").with_method("HEAD"))
        .unwrap();
    assert!(net.sent(1).starts_with("HEAD /2 "));
}

#[test]
fn data_that_is_gone_is_not_sent_again() {
    for status in [307, 308] {
        let net = Net::answering([&to(status, "/2"), OK]);
        let one = request("http://h/").with_data(Data::reader(&b"once"[..]));
        let error = refused(net.opener().open(one));
        let why = Unfollowed::Refused(RedirectError::BodyNotReplayable);
        assert_eq!((error.code(), error.unfollowed()), (status, Some(why)));
        assert_eq!(net.dialled().len(), 1);
    }
    let net = Net::answering([&to(303, "/2"), OK]);
    let one = request("http://h/").with_data(Data::reader(&b"once"[..]));
    assert_eq!(net.opener().open(one).unwrap().status(), 200);
}

#[test]
fn what_is_refused_is_an_answer_that_says_why() {
    let several = "HTTP/1.1 302 Found\nLocation: /a\nLocation: /b\nContent-Length: 2\n\nhi";
    let unread = |answer: &str, from: &str| {
        let net = Net::answering([answer, OK]);
        let error = refused(net.opener().open(from));
        assert_eq!(net.dialled().len(), 1, "{answer}");
        error.unfollowed()
    };
    let refused_for = |why| Some(Unfollowed::Refused(why));
    assert_eq!(
        unread(several, "http://h/"),
        refused_for(RedirectError::SeveralLocations)
    );
    assert_eq!(
        unread(&to(302, "http://h/"), "https://h/"),
        refused_for(RedirectError::Clear)
    );
    assert_eq!(
        unread(&to(302, "//u@h/"), "http://h/"),
        refused_for(RedirectError::Userinfo)
    );
    assert_eq!(unread("HTTP/1.1 302 Found\n\n", "http://h/"), None);
    for location in [
        "file:///etc/passwd",
        "data:,x",
        "ftp://h/",
        "/100%",
        "javascript:x",
    ] {
        match unread(&to(302, location), "http://h/") {
            Some(Unfollowed::Refused(RedirectError::Location(_))) => {}
            other => panic!("{location}: {other:?}"),
        }
    }
    let net = Net::answering([several]);
    let error = refused(net.opener().open("http://h/"));
    assert_eq!(
        error.to_string(),
        "HTTP Error 302: Found (redirect with more than one Location)"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(text(error), "hi");
}

#[test]
fn https_to_http_is_followed_where_it_is_allowed() {
    let net = Net::answering([&to(302, "http://h/"), OK]);
    let rules = RedirectRules::new().allowing_https_to_http();
    let opener = net.opener().add_handler(HTTPRedirectHandler::new(rules));
    let one = request("https://h/").with_header("Cookie", "a=b");
    assert_eq!(opener.open(one).unwrap().url(), "http://h/");
    assert_eq!(net.dialled(), ["h:443", "h:80"]);
    assert_eq!(net.fields("cookie"), [Some("a=b".to_owned()), None]);
}

#[test]
fn a_circle_ends_at_the_limit() {
    let circle = |length| Net::answering(vec![to(302, "/"); length]);
    let net = circle(20);
    let error = refused(net.opener().open("http://h/"));
    assert_eq!(error.unfollowed(), Some(Unfollowed::TooMany { limit: 10 }));
    assert_eq!(
        error.to_string(),
        "HTTP Error 302: Moved (after 10 redirects)"
    );
    assert_eq!(net.dialled().len(), 11);
    for limit in [0, 1, 3] {
        let net = circle(20);
        let handler = HTTPRedirectHandler::default().with_max_redirections(limit);
        let error = refused(net.opener().add_handler(handler).open("http://h/"));
        assert_eq!(error.unfollowed(), Some(Unfollowed::TooMany { limit }));
        assert_eq!(net.dialled().len(), usize::from(limit) + 1);
    }
    // Every connection of the chain is closed, but the one of the answer.
    let net = Net::answering(vec![
        "HTTP/1.1 302 Found\nLocation: /\nContent-Length: 2\n\nhi";
        11
    ]);
    let error = refused(net.opener().open("http://h/"));
    assert_eq!(net.peer.calls().open, 1);
    drop(error);
    assert_eq!(net.peer.calls().open, 0);
}

/// The longest chain that can be asked for, on a thread with little room.
#[test]
fn the_longest_chain_fits_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let walk = || {
        let net = Net::answering(vec![to(302, "/"); 256]);
        let handler = HTTPRedirectHandler::default().with_max_redirections(255);
        let error = refused(net.opener().add_handler(handler).open("http://h/"));
        (error.unfollowed(), net.dialled().len())
    };
    let walked = thread.spawn(walk).unwrap().join().unwrap();
    assert_eq!(walked, (Some(Unfollowed::TooMany { limit: 255 }), 256));
}

#[test]
fn the_body_of_a_redirect_is_not_read() {
    let endless = "HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 1073741824\r\n\r\n";
    let mut script = Script::new().expect_head().send(endless);
    for _ in 0..64 {
        script = script.send([b'x'; 65_536]);
    }
    let net = Net::new([script, Script::answer(OK.replace('\n', "\r\n"))]);
    assert_eq!(text(net.opener().open("http://h/").unwrap()), "ok");
    assert!(
        net.peer.calls().bytes_read < 65_536,
        "{:?}",
        net.peer.calls()
    );
    assert_eq!(net.dialled().len(), 2);
}

#[test]
fn unredirected_fields_stay_at_the_first_hop() {
    let net = Net::answering([&to(302, "/2"), OK]);
    let mut one = request("http://h/").with_header("X-Goes", "1");
    one.add_unredirected_header("X-Stays", "1");
    net.opener().open(one).unwrap();
    assert_eq!(
        net.fields("x-goes"),
        [Some("1".to_owned()), Some("1".to_owned())]
    );
    assert_eq!(net.fields("x-stays"), [Some("1".to_owned()), None]);
}

/// Hosts of a chain beginning at `http://h/`, and at which of its requests a secret may be.
const CHAINS: [(&str, &[&str], &[bool]); 13] = [
    (
        "same",
        &["/a", "http://h/b", "http://h:80/c"],
        &[true, true, true],
    ),
    ("case", &["HTTP://H/"], &[true]),
    ("trailing dot", &["http://h./", "http://h/"], &[true, true]),
    ("other host", &["http://i/"], &[false]),
    ("below", &["http://x.h/"], &[false]),
    ("other port", &["http://h:8080/"], &[false]),
    ("other scheme", &["https://h/"], &[false]),
    ("other scheme, same port", &["https://h:80/"], &[false]),
    ("a to b to b", &["http://i/", "/again"], &[false, false]),
    ("a to b to a", &["http://i/", "http://h/"], &[false, false]),
    (
        "a to a to b to a",
        &["/x", "//i/", "//h/"],
        &[true, false, false],
    ),
    (
        "port and back",
        &["http://h:8080/", "http://h:80/"],
        &[false, false],
    ),
    ("an address", &["http://127.0.0.1/"], &[false]),
];

/// Credentials × hops: nothing secret goes to another origin, nor comes back behind one.
#[test]
fn secrets_never_leave_their_origin() {
    let mut hops = 0;
    for name in [
        "Authorization",
        "COOKIE",
        "cookie",
        "X-Api-Key",
        "x-auth-token",
        "My-Secret",
        "X-Named",
    ] {
        for (chain, locations, allowed) in CHAINS {
            let answers = locations.iter().map(|place| to(307, place));
            let net = Net::answering(answers.chain([OK.to_owned()]));
            let rules = RedirectRules::new().with_secret("x-named");
            let opener = net.opener().add_handler(HTTPRedirectHandler::new(rules));
            let one = request("http://h/").with_header(name, "s3cr3t");
            opener.open(one.with_header("X-Plain", "plain")).unwrap();
            let sent: Vec<bool> = net.fields(name).iter().map(Option::is_some).collect();
            let expected: Vec<bool> = [true].iter().chain(allowed).copied().collect();
            assert_eq!(sent, expected, "{name}: {chain}");
            for (number, allowed) in expected.iter().enumerate() {
                assert_eq!(
                    net.sent(number).contains("s3cr3t"),
                    *allowed,
                    "{name}: {chain}"
                );
                assert!(net.sent(number).contains("plain"));
            }
            hops += expected.len();
        }
    }
    println!("{hops} requests looked at");
}

/// The jar decides at each hop, from what came so far.
#[test]
fn cookies_of_a_jar_go_where_they_belong() {
    let jar = Arc::new(CookieJar::new());
    let url = Url::parse("http://h/").unwrap();
    jar.set_cookie(Cookie::new("mine", "1", &url).unwrap());
    let setting = "HTTP/1.1 302 Found\nLocation: //i/\nSet-Cookie: new=2\n\n";
    let back = "HTTP/1.1 302 Found\nLocation: //h/\nSet-Cookie: other=3\n\n";
    let failed = "HTTP/1.1 404 No\nSet-Cookie: late=4\n\n";
    let net = Net::answering([setting, back, failed]);
    let opener = net
        .opener()
        .add_handler(HTTPCookieProcessor::new(jar.clone()));
    refused(opener.open("http://h/"));
    assert_eq!(
        net.fields("cookie"),
        [
            Some("mine=1".to_owned()),
            None,
            Some("mine=1; new=2".to_owned())
        ]
    );
    assert_eq!(jar.len(), 4);
    // The caller's own field stands in their place, and does not go along.
    let net = Net::answering([&to(302, "//i/"), OK]);
    let opener = net.opener().add_handler(HTTPCookieProcessor::new(jar));
    opener
        .open(request("http://h/").with_header("cookie", "own=1"))
        .unwrap();
    assert_eq!(
        net.fields("cookie"),
        [Some("own=1".to_owned()), Some("other=3".to_owned())]
    );
}

#[test]
fn a_redirect_is_marked() {
    struct Look;
    impl BaseHandler for Look {
        fn request(&self, _: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
            let state = format!("{} {}", request.unverifiable(), request.origin_req_host());
            request.add_unredirected_header("X-Look", state);
            Ok(())
        }
    }
    let net = Net::answering([&to(302, "//i/"), OK]);
    net.opener().add_handler(Look).open("http://h/").unwrap();
    assert_eq!(
        net.fields("x-look"),
        [Some("false h".to_owned()), Some("true h".to_owned())]
    );
}

/// Whatever octets a `Location` holds: it leads to a URL that can be read again and is http or https,
/// with neither a user name nor an illegal octet in it, or it is refused.
#[test]
fn any_location_leads_to_a_url_or_nowhere() {
    const PIECES: [&[u8]; 24] = [
        b"http:",
        b"https:",
        b"file:",
        b"//",
        b"/",
        b"h",
        b"h:80",
        b"[::1]",
        b"@",
        b"..",
        b"?",
        b"#",
        b"%",
        b"%41",
        b"%zz",
        b" ",
        b"\t",
        b"\xc3\xbc",
        b"\xff",
        b"\\",
        b"a",
        b";",
        b":",
        b"<\">",
    ];
    let mut random = crate::random::Random::new(15);
    let (mut led, mut refused) = (0, 0);
    for number in 0..20_000 {
        let pieces = (0..random.below(8)).map(|_| *random.choose(&PIECES));
        let location = pieces.collect::<Vec<_>>().concat();
        let base = *random.choose(&["http://h/a/b?c#d", "https://u:p@h:81", "http://[::1]/"]);
        let base = Url::parse(base).unwrap();
        let mut headers = stdhttp::HTTPMessage::new();
        headers.append("Location", &location);
        let answered = RedirectedRequest {
            method: "GET",
            url: &base,
            body: Resend::Possible,
        };
        match RedirectRules::new().redirect(&answered, 302, &headers) {
            Ok(Some(redirect)) => {
                let url = redirect.url();
                let case = format!("{number} {}: {url}", location.escape_ascii());
                assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url), "{case}");
                assert!(
                    url.userinfo().is_none() || url.netloc() == base.netloc(),
                    "{case}"
                );
                assert!(url.is_https() || !base.is_https(), "{case}");
                assert_eq!(
                    redirect.changes_origin(),
                    url.origin() != base.origin(),
                    "{case}"
                );
                led += 1;
            }
            Ok(None) => panic!("{}", location.escape_ascii()),
            Err(_) => refused += 1,
        }
    }
    println!("{led} lead somewhere, {refused} nowhere");
    assert!(led > 2_000 && refused > 2_000);
}
