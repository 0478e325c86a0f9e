//! Redirects as a session follows them: RFC 9110 sections 10.2.2, 10.2.3 and 15.4, seen from the wire.

use std::time::Duration;

use stdhttp::requests::*;
use stdhttp::testing::{Peer, Script};

use crate::sessions::{OK, field, last_request, moved, session, session_of};

/// The second request of a chain of two on one connection, and what came of it.
fn second(request: impl Fn(&Session) -> Request<'_>, answer: &str) -> (Response, String) {
    let last = OK.replace("\r\n\r\nok", "\r\nConnection: close\r\n\r\nok");
    let (session, peer) = session(&[&[answer, &last]]);
    let response = request(&session).send().unwrap();
    (response, last_request(&peer, 0))
}

#[test]
fn s_15_4_1_a_session_follows_five_statuses() {
    for status in 300..400 {
        let answer = match status {
            // Neither has content.
            304 => "HTTP/1.1 304 Not Modified\r\nLocation: /b\r\n\r\n".to_owned(),
            _ => moved(status, "/b"),
        };
        let (session, peer) = session(&[&[answer.as_str(), OK]]);
        let response = session.get("http://h/a").send().unwrap();
        let follows = matches!(status, 301 | 302 | 303 | 307 | 308);
        assert_eq!(response.status_code() == 200, follows, "{status}");
        assert_eq!(last_request(&peer, 0).starts_with("GET /b "), follows);
    }
}

#[test]
fn s_15_4_2_a_session_returns_what_has_no_location_and_refuses_two() {
    let none = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n";
    let (none, _) = session(&[&[none]]);
    let response = none.get("http://h/a").send().unwrap();
    assert_eq!((response.status_code(), response.history().len()), (302, 0));
    for two in ["/a\r\nLocation: /b", "/a\r\nLocation: /a"] {
        let (session, peer) = session(&[&[moved(302, two)]]);
        let error = session.get("http://h/a").send().unwrap_err();
        assert!(matches!(error.kind(), ExceptionKind::InvalidRedirect(_)));
        assert_eq!(error.response().unwrap().status_code(), 302);
        assert_eq!(peer.calls().connects, 1);
    }
}

#[test]
fn s_10_2_2_1_a_session_resolves_the_location() {
    for (location, target) in [
        ("../d", "/d"),
        ("?y", "/b/c?y"),
        ("g", "/b/g"),
        ("//h/x", "/x"),
    ] {
        let (_, request) = second(
            |session| session.get("http://h/b/c?q"),
            &moved(302, location),
        );
        assert!(
            request.starts_with(&format!("GET {target} HTTP")),
            "{request}"
        );
    }
}

#[test]
fn s_10_2_2_2_a_session_hands_the_fragment_on() {
    for (location, url) in [("/y", "http://h/y#f"), ("/y#g", "http://h/y#g")] {
        let (response, request) =
            second(|session| session.get("http://h/x#f"), &moved(302, location));
        assert_eq!(response.url().as_str(), url);
        assert!(!request.contains('#'), "{request}");
    }
}

#[test]
fn s_15_4_3_a_session_makes_host_anew() {
    let (session, peer) = session(&[&[moved(302, "http://i:81/").as_str()], &[OK]]);
    session.get("http://h/").send().unwrap();
    assert_eq!(field(&last_request(&peer, 0), "Host"), Some("h"));
    assert_eq!(field(&last_request(&peer, 1), "Host"), Some("i:81"));
}

#[test]
fn s_15_4_4_a_session_asks_its_jar_at_each_hop() {
    let away = moved(302, "http://i/").replace("Location", "Set-Cookie: a=1\r\nLocation");
    let (session, peer) = session(&[&[away.as_str(), OK], &[&moved(302, "http://h/")]]);
    session.get("http://h/").send().unwrap();
    assert_eq!(field(&last_request(&peer, 1), "Cookie"), None);
    assert_eq!(field(&last_request(&peer, 0), "Cookie"), Some("a=1"));
}

#[test]
fn s_15_4_5_a_session_keeps_secrets_at_their_origin() {
    let secrets = ["Authorization", "Cookie", "X-Api-Key", "X-Own"];
    for (from, to, keeps) in [
        ("http://h/", "http://i/", false),
        ("http://h/", "http://h:81/", false),
        ("http://h/", "https://h/", false),
        ("http://h/", "http://h:80/x", true),
    ] {
        let (session, peer) = session(&[&[moved(307, to).as_str(), OK], &[OK]]);
        let request = session.get(from).auth(("me", "pw")).cookie("a", "1");
        let request = request.header("X-Api-Key", "k").secret_header("X-Own", "s");
        request.send().unwrap();
        let sent = last_request(&peer, usize::from(!keeps));
        for name in secrets {
            assert_eq!(field(&sent, name).is_some(), keeps, "{from} {to} {name}");
        }
    }
}

/// The second hop of a request with content.
fn hop(method: &str, status: u16) -> String {
    let (session, peer) = session(&[&[moved(status, "/b").as_str(), OK]]);
    let request = session.request(method, "http://h/a").data([("a", "1")]);
    request.send().unwrap();
    // The content of the first hop stands before the second on its line.
    let sent = last_request(&peer, 0);
    sent.trim_start_matches("a=1").to_owned()
}

#[test]
fn s_15_4_6_a_session_makes_get_of_post_alone() {
    for status in [301, 302] {
        assert!(hop("POST", status).starts_with("GET /b "));
        for method in ["PUT", "PATCH", "DELETE"] {
            let sent = hop(method, status);
            assert!(sent.starts_with(&format!("{method} /b ")), "{sent}");
            assert!(sent.ends_with("\r\n\r\na=1"), "{sent}");
        }
    }
}

#[test]
fn s_15_4_7_a_session_sees_other_by_get() {
    for method in ["POST", "PUT", "DELETE"] {
        assert!(hop(method, 303).starts_with("GET /b "), "{method}");
    }
    let (session, peer) = session(&[&[moved(303, "/b").as_str(), "HTTP/1.1 200 OK\r\n\r\n"]]);
    let head = session.head("http://h/a").allow_redirects(true);
    assert_eq!(head.send().unwrap().status_code(), 200);
    assert!(last_request(&peer, 0).starts_with("HEAD /b "));
}

#[test]
fn s_15_4_8_a_session_sends_the_same_again_or_says_why_not() {
    for status in [307, 308] {
        let sent = hop("POST", status);
        assert!(
            sent.starts_with("POST /b ") && sent.ends_with("\r\n\r\na=1"),
            "{sent}"
        );
        let (session, peer) = session(&[&[moved(status, "/b").as_str(), OK]]);
        let request = session
            .post("http://h/a")
            .data(Payload::reader(&b"once"[..]));
        let error = request.send().unwrap_err();
        assert!(matches!(error.kind(), ExceptionKind::UnrewindableBodyError));
        assert_eq!(error.response().unwrap().status_code(), status);
        assert!(last_request(&peer, 0).starts_with("POST /a "));
    }
}

#[test]
fn s_15_4_9_a_session_drops_the_fields_of_the_body_with_it() {
    let about = [
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Content-Language",
        "Content-Location",
        "Last-Modified",
        "Digest",
        "Transfer-Encoding",
    ];
    let ask = |status| {
        let answer = moved(status, "/b");
        let request = |session: &Session| {
            let request = session.post("http://h/a").data("x");
            let own = about
                .iter()
                .filter(|name| !matches!(**name, "Content-Length" | "Transfer-Encoding"));
            own.fold(request, |request, name| request.header(*name, "1"))
                .prepare()
                .unwrap()
        };
        let (session, peer) = session(&[&[answer.as_str(), OK]]);
        session
            .send(request(&session), SendOptions::default())
            .unwrap();
        last_request(&peer, 0)
    };
    let (without, with) = (ask(303), ask(307));
    for name in about {
        assert_eq!(field(&without, name), None, "{name}");
        let goes = !matches!(name, "Transfer-Encoding");
        assert_eq!(field(&with, name).is_some(), goes, "{name}");
    }
    assert!(without.ends_with("\r\n\r\n") && with.ends_with("\r\n\r\nx"));
}

#[test]
fn s_15_4_10_a_session_follows_ten_hops_within_one_deadline() {
    let circle = moved(302, "/");
    let (unlimited, peer) = session(&[&vec![circle.as_str(); 12][..]]);
    let error = unlimited.get("http://h/").send().unwrap_err();
    let kind = error.kind();
    assert!(
        matches!(kind, ExceptionKind::TooManyRedirects { limit: 10 }),
        "{kind:?}"
    );
    assert_eq!(error.response().unwrap().history().len(), 10);
    assert_eq!(peer.calls().connects, 1);
    // A hop a second: the fourth has no time left.
    let slow = (0..5).fold(Script::new(), |script, _| {
        script
            .expect_head()
            .wait(Duration::from_secs(1))
            .send(&circle)
    });
    let peer = Peer::new([slow]);
    let request = session_of(&peer, Retry::new(0));
    let request = request
        .get("http://h/")
        .deadline(Duration::from_millis(3_500));
    assert!(request.send().unwrap_err().is_timeout());
    assert_eq!(peer.elapsed(), Duration::from_millis(3_500));
}

#[test]
fn s_15_4_11_a_session_goes_to_http_and_https_alone_and_never_back() {
    for (from, location) in [
        ("http://h/", "file:///etc/passwd"),
        ("http://h/", "ftp://h/"),
        ("http://h/", "data:,x"),
        ("http://h/", "javascript:alert(1)"),
        ("https://h/", "http://h/"),
    ] {
        let (session, peer) = session(&[&[moved(302, location)]]);
        let error = session.get(from).send().unwrap_err();
        let refused = matches!(error.kind(), ExceptionKind::InvalidRedirect(_));
        assert!(refused, "{location}: {error:?}");
        assert_eq!(peer.calls().connects, 1, "{location}");
    }
}

#[test]
fn s_4_2_4_2_a_session_takes_no_user_name_from_a_location() {
    for location in ["http://u:p@h/", "//u@h/"] {
        let (session, peer) = session(&[&[moved(302, location)]]);
        let error = session.get("http://h/").send().unwrap_err();
        assert!(matches!(error.kind(), ExceptionKind::InvalidRedirect(_)));
        assert_eq!(peer.calls().connects, 1, "{location}");
    }
}

#[test]
fn s_15_4_12_a_session_sends_no_illegal_octet_of_a_location() {
    for (location, target) in [
        ("/a b", "/a%20b"),
        ("/\u{fc}", "/%C3%BC"),
        ("/\"<>", "/%22%3C%3E"),
    ] {
        let (_, sent) = second(|session| session.get("http://h/"), &moved(302, location));
        assert!(sent.starts_with(&format!("GET {target} HTTP")), "{sent}");
    }
    let (session, peer) = session(&[&[moved(302, "/\u{1}")]]);
    assert!(session.get("http://h/").send().is_err());
    assert_eq!(peer.calls().connects, 1);
}

/// 1 GiB is announced and never read, nor is what has no end; what is small keeps the connection.
#[test]
fn s_15_4_13_a_session_reads_64_kib_of_a_redirect_and_decodes_none() {
    let framed = |framing: &str| moved(302, "/x").replace("Content-Length: 0", framing);
    let endless = framed("Content-Encoding: gzip\r\nTransfer-Encoding: chunked");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    for (head, read, connects) in [
        (
            framed("Content-Encoding: gzip\r\nContent-Length: 1073741824"),
            0,
            2,
        ),
        (endless, 65_536 * 3, 2),
        (
            framed("Content-Encoding: gzip\r\nContent-Length: 9") + "undecoded",
            9,
            1,
        ),
    ] {
        let mut script = Script::new().expect_head().send(&head);
        match connects {
            1 => script = script.expect_head().send(OK),
            _ => script = (0..64).fold(script, |script, _| script.send(&chunk)),
        }
        let peer = Peer::new([script, Script::answer(OK)]);
        let session = session_of(&peer, Retry::new(0));
        assert_eq!(
            session.get("http://h/").send().unwrap().text().unwrap(),
            "ok"
        );
        let calls = peer.calls();
        assert_eq!(calls.connects, connects, "{head}");
        assert!(calls.bytes_read <= read + 16_384, "{head} {calls:?}");
    }
}

#[test]
fn s_10_1_3_1_a_session_sends_no_referer() {
    let (session, peer) = session(&[&[moved(302, "/x").as_str(), OK]]);
    session.get("http://h/#f").send().unwrap();
    let sent = String::from_utf8(peer.received(0))
        .unwrap()
        .to_ascii_lowercase();
    assert!(!sent.contains("refer") && !sent.contains('#'), "{sent}");
}

/// How long a session waits for its second attempt, if there is one.
fn waited(retry_after: &str) -> Option<Duration> {
    let busy =
        format!("HTTP/1.1 503 Busy\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n");
    let script = Script::new()
        .expect_head()
        .send(busy)
        .expect_head()
        .send(OK);
    let peer = Peer::new([script]);
    let mut retry = Retry::new(3).raise_on_status(false);
    retry.backoff_jitter = Some(Duration::ZERO);
    let response = session_of(&peer, retry).get("http://h/").send().unwrap();
    (response.status_code() == 200).then(|| peer.elapsed())
}

/// What is neither a date nor seconds is none; more than six hours ends the attempts.
#[test]
fn s_10_2_3_1_a_session_waits_as_long_as_it_is_told_within_bounds() {
    let seconds = |count| Some(Duration::from_secs(count));
    for (told, wait) in [
        ("0", seconds(0)),
        ("120", seconds(120)),
        ("21600", seconds(21_600)),
        ("21601", None),
        ("1000000000", None),
        ("999999999999999999999999999999", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("-1", seconds(0)),
        ("1e9", seconds(0)),
        ("soon", seconds(0)),
    ] {
        assert_eq!(waited(told), wait, "{told}");
    }
}
