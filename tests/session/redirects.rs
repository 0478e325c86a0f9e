//! Redirects (rows S-15.4-*).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stdhttp::requests::{ExceptionKind, Payload, PreparedRequest, RequestException};

use stdhttp::urllib::{RedirectRules, RedirectedRequest, Resend, Url};

use super::*;

fn moved(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn a_chain_is_followed_and_kept() {
    let (session, peer) = answering([&moved(301, "/b"), &moved(302, "c?d#e"), OK]);
    let response = session.get("http://h/a").send().unwrap();
    assert_eq!(response.url().as_str(), "http://h/c?d#e");
    let history: Vec<_> = response
        .history()
        .iter()
        .map(|r| (r.status_code(), r.url().as_str()))
        .collect();
    assert_eq!(history, [(301, "http://h/a"), (302, "http://h/b")]);
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn the_method_changes_where_it_must() {
    for (status, method, next) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
    ] {
        let has_body = !matches!(method, "HEAD");
        let (session, peer) = answering([
            &moved(status, "/b"),
            if next == "HEAD" {
                "HTTP/1.1 200 OK\r\n\r\n"
            } else {
                OK
            },
        ]);
        let request = session.request(method, "http://h/a");
        let request = if has_body {
            request.data([("a", "1")])
        } else {
            request
        };
        request.send().unwrap();
        let received = String::from_utf8(peer.received(0)).unwrap();
        let second = received
            .rsplit_once(&format!("{next} /b HTTP/1.1\r\n"))
            .unwrap()
            .1;
        let keeps = has_body && next == method;
        assert_eq!(second.ends_with("\r\n\r\na=1"), keeps, "{status} {method}");
        assert_eq!(
            second.contains("Content-Type: "),
            keeps,
            "{status} {method}"
        );
        assert_eq!(
            second.contains("Content-Length: 3"),
            keeps,
            "{status} {method}"
        );
    }
}

#[test]
fn a_redirect_can_be_returned_or_asked_about() {
    let (session, peer) = answering([&moved(302, "/b")]);
    let response = session
        .get("http://h/a")
        .allow_redirects(false)
        .send()
        .unwrap();
    assert_eq!(
        (response.status_code(), response.is_redirect()),
        (302, true)
    );
    assert_eq!(response.next().unwrap().url().as_str(), "http://h/b");
    assert_eq!(heads(&peer, 0).len(), 1);
    let (session, _) = answering([&moved(302, "/b"), &moved(302, "/c")]);
    let request = session
        .get("http://h/a")
        .redirect_if(|hop| hop.to.path() == "/b");
    assert_eq!(request.send().unwrap().url().path(), "/b");
    let (session, _) = answering([&moved(302, "/b").replace("Content-Length: 0\r\n", "")]);
    assert_eq!(
        session.head("http://h/a").send().unwrap().status_code(),
        302
    );
}

#[test]
fn a_chain_without_end_is_ended() {
    let loops = moved(302, "/a");
    let (mut session, _) = answering([&loops[..]; 4]);
    session.set_max_redirects(3);
    let error = session.get("http://h/a").send().unwrap_err();
    assert!(matches!(
        error.kind(),
        ExceptionKind::TooManyRedirects { limit: 3 }
    ));
    assert_eq!(error.response().unwrap().history().len(), 3);
}

#[test]
fn what_must_not_be_followed_is_an_error_with_the_redirect() {
    for location in [
        "file:///etc/passwd",
        "ftp://h/",
        "javascript:x",
        "http://u:p@h/",
        "/\x01",
    ] {
        let (session, _) = answering([&moved(302, location)]);
        let error = session.get("http://h/").send().unwrap_err();
        let refused = matches!(
            error.kind(),
            ExceptionKind::InvalidRedirect(_) | ExceptionKind::ConnectionError(_)
        );
        assert!(refused, "{location}: {error:?}");
    }
    let (session, _) = answering([&moved(307, "/b")]);
    let request = session
        .post("http://h/")
        .data(Payload::reader(&b"once"[..]));
    let error = request.send().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::UnrewindableBodyError));
    assert_eq!(error.response().unwrap().status_code(), 307);
}

#[test]
fn secrets_stay_with_their_origin_for_the_whole_chain() {
    let away = moved(302, "http://other/b");
    let back = moved(302, "http://h/c");
    let peer = Peer::new([
        answers_of(&[&moved(302, "http://h:80/a2"), &away, OK]),
        answers_of(&[&back]),
    ]);
    let session = session(&peer);
    let request = session
        .get("http://h/a")
        .auth(("me", "pw"))
        .cookie("own", "1");
    let request = request.secret_header("X-Own", "s").header("X-Plain", "p");
    request.header("X-Api-Key", "k").send().unwrap();
    let (at_home, away) = (heads(&peer, 0), heads(&peer, 1));
    for (head, has_secrets) in [
        (&at_home[0], true),
        (&at_home[1], true),
        (&away[0], false),
        (&at_home[2], false),
    ] {
        for name in ["Authorization", "Cookie", "X-Own", "X-Api-Key"] {
            assert_eq!(
                field(head, name).is_some(),
                has_secrets,
                "{name} of {head:?}"
            );
        }
        assert_eq!(field(head, "X-Plain"), Some("p"));
    }
}

#[test]
fn the_deadline_is_one_for_the_whole_chain() {
    let slow = |answer: &str| {
        Script::new()
            .expect_head()
            .wait(Duration::from_secs(4))
            .send(answer)
    };
    let hop = moved(302, "http://other/")
        .replace("Content-Length", "Connection: close\r\nContent-Length");
    let peer = Peer::new([slow(&hop), slow(&hop), slow(&hop)]);
    let session = session(&peer);
    let request = session.get("http://h/").deadline(Duration::from_secs(10));
    let error = request.send().unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(peer.elapsed(), Duration::from_secs(10));
}

/// What comes drop by drop is no reason to wait, with a deadline or without: the connection is not
/// worth it.
#[test]
fn a_redirect_whose_body_drips_is_not_waited_for() {
    let head = moved(302, "/b").replace("Content-Length: 0", "Content-Length: 60000");
    let drip = |script: Script, _| script.wait(Duration::from_millis(300)).send("x");
    for deadline in [None, Some(Duration::from_secs(100))] {
        let dripping = (0..100).fold(Script::new().expect_head().send(&head), drip);
        let peer = Peer::new([dripping, answers_of(&[OK])]);
        let session = session(&peer);
        let mut request = session.get("http://h/a");
        if let Some(deadline) = deadline {
            request = request.deadline(deadline);
        }
        assert_eq!(request.send().unwrap().text().unwrap(), "ok");
        assert_eq!(peer.elapsed(), Duration::from_secs(1));
        assert_eq!(peer.calls().connects, 2);
    }
}

/// Nor is the deadline passed for it, which is sooner.
#[test]
fn the_deadline_holds_while_the_body_of_a_redirect_drips() {
    let head = moved(302, "/b").replace("Content-Length: 0", "Content-Length: 60000");
    let drip = |script: Script, _| script.wait(Duration::from_millis(300)).send("x");
    let dripping = (0..100).fold(Script::new().expect_head().send(&head), drip);
    let peer = Peer::new([dripping, answers_of(&[OK])]);
    let session = session(&peer);
    let request = session.get("http://h/a");
    let error = request.deadline(Duration::from_millis(500)).send();
    assert!(error.unwrap_err().is_timeout());
    assert_eq!(peer.elapsed(), Duration::from_millis(500));
}

#[test]
fn the_body_of_a_redirect_is_read_where_that_keeps_the_connection_alone() {
    let body = |length: usize| "x".repeat(length);
    let moved = |fields: &str, length: usize, framed: &str| {
        let fields = format!("{fields}Content-Length: {length}");
        moved(302, "/b").replace("Content-Length: 0", &fields) + framed
    };
    for (answer, connects) in [
        (moved("", 65_536, &body(65_536)), 1),
        (moved("", 65_537, &body(65_537)), 2),
        (moved("Connection: close\r\n", 3, "abc"), 2),
    ] {
        let peer = Peer::new([answers_of(&[&answer, OK]), answers_of(&[OK])]);
        let session = session(&peer);
        assert_eq!(
            session.get("http://h/a").send().unwrap().text().unwrap(),
            "ok"
        );
        assert_eq!(peer.calls().connects, connects);
        let is_read = connects == 1;
        assert_eq!(
            peer.calls().bytes_read > 65_536,
            is_read,
            "{:?}",
            peer.calls()
        );
    }
}

#[test]
fn cookies_of_a_hop_are_sent_by_the_next() {
    let sets = "HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n";
    let (session, peer) = answering([sets, OK]);
    session.get("http://h/a").send().unwrap();
    assert_eq!(field(&heads(&peer, 0)[1], "Cookie"), Some("a=1"));
}

#[test]
fn an_authentication_that_fails_behind_a_redirect_loses_no_response() {
    let moved = moved(302, "/next");
    let (session, peer) = answering([&moved, &moved]);
    let calls = AtomicUsize::new(0);
    let third_fails = move |_: &mut PreparedRequest| match calls.fetch_add(1, Ordering::Relaxed) {
        2 => Err(RequestException::other("no more")),
        _ => Ok(()),
    };
    let request = session.get("http://h/").auth(third_fails);
    let error = request.send().unwrap_err();
    let response = error.response().unwrap();
    assert_eq!((response.status_code(), response.history().len()), (302, 1));
    assert_eq!(error.request().unwrap().url().as_str(), "http://h/next");
    assert_eq!(heads(&peer, 0).len(), 2);
}

/// What leads nowhere is no error for who does not want to go.
#[test]
fn a_redirect_that_can_not_be_followed_is_returned_to_who_follows_none() {
    for location in ["ftp://h/", "http://u:p@h/", "/%zz"] {
        let (session, _) = answering([&moved(302, location)]);
        let response = session.head("http://h/a").send().unwrap();
        assert_eq!(response.status_code(), 302, "{location}");
        assert!(response.next().is_none() && response.is_redirect());
    }
    for asks in [false, true] {
        let (session, _) = answering([&moved(307, "/b")]);
        let request = session
            .post("http://h/a")
            .data(Payload::reader(&b"abc"[..]));
        let request = match asks {
            true => request.redirect_if(|hop| hop.to.path() != "/b"),
            false => request.allow_redirects(false),
        };
        let response = request.send().unwrap();
        assert!(response.status_code() == 307 && response.next().is_none());
    }
}

#[test]
fn a_referer_does_not_go_from_https_to_http() {
    let rules = RedirectRules::new().allowing_https_to_http();
    for (from, to, drops) in [
        ("https://h/", "http://h/", true),
        ("https://h/", "https://g/", false),
        ("http://h/", "http://g/", false),
        ("http://h/", "https://h/", false),
    ] {
        let url = Url::parse(from).unwrap();
        let request = RedirectedRequest {
            method: "GET",
            url: &url,
            body: Resend::Possible,
        };
        let mut headers = stdhttp::HTTPMessage::new();
        headers.append("Location", to);
        let redirect = rules.redirect(&request, 302, &headers).unwrap().unwrap();
        assert_eq!(
            rules.drops_field(&redirect, "REFERER"),
            drops,
            "{from} {to}"
        );
        let foreign = redirect.changes_origin();
        for secret in ["X-Password", "X-Amz-Signature"] {
            assert_eq!(rules.drops_field(&redirect, secret), foreign, "{secret}");
        }
    }
}
