//! Authentication as a session does it: RFC 9110 section 11, seen from the wire.

use stdhttp::requests::*;
use stdhttp::urllib::Proxies;

use crate::sessions::{OK, field, last_request, moved, session};

/// A challenge, and whether the nonce before it was stale.
fn challenge(status: u16, stale: bool) -> String {
    let name = if status == 407 { "Proxy" } else { "WWW" };
    format!(
        "HTTP/1.1 {status} Who\r\n{name}-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", \
         stale={stale}\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn s_15_5_2_1_a_session_answers_a_challenge_once() {
    for (second_is_stale, status, requests) in [(false, 401, 2), (true, 200, 3)] {
        let answers = [
            challenge(401, false),
            challenge(401, second_is_stale),
            OK.to_owned(),
        ];
        let (session, peer) = session(&[&answers[..]]);
        let request = session
            .get("http://h/")
            .auth(HTTPDigestAuth::new("me", "pw"));
        assert_eq!(request.send().unwrap().status_code(), status);
        let sent = String::from_utf8(peer.received(0)).unwrap();
        assert_eq!(sent.matches("GET / HTTP/1.1").count(), requests);
        assert_eq!(sent.matches("Authorization: Digest").count(), requests - 1);
    }
}

#[test]
fn s_15_5_2_2_a_session_never_answers_another_origin() {
    let away = moved(302, "http://other/");
    let asked = challenge(401, false);
    let (session, peer) = session(&[&[away.as_str()], &[&asked]]);
    let request = session
        .get("http://h/")
        .auth(HTTPDigestAuth::new("me", "pw"));
    assert_eq!(request.send().unwrap().status_code(), 401);
    let sent = String::from_utf8(peer.received(1)).unwrap();
    assert_eq!(sent.matches("HTTP/1.1\r\n").count(), 1);
    assert_eq!(field(&sent, "Authorization"), None);
}

/// Those of a URL go where it leads, and nowhere else, however the next one looks.
#[test]
fn s_11_6_2_1_credentials_in_a_url_are_those_of_its_origin() {
    for to in ["http://other/", "http://h:81/", "https://h/"] {
        let (session, peer) = session(&[&[moved(302, to).as_str()], &[OK]]);
        session.get("http://me:pw@h/").send().unwrap();
        assert!(field(&last_request(&peer, 0), "Authorization").is_some());
        assert_eq!(
            field(&last_request(&peer, 1), "Authorization"),
            None,
            "{to}"
        );
    }
}

#[test]
fn s_11_7_2_1_a_session_sends_nothing_of_a_proxys_through_its_tunnel() {
    let proxies = || Proxies::new().with("all", "http://me:pw@proxy:81").unwrap();
    let tunnel = "HTTP/1.1 200 Go\r\n\r\n";
    let (session, peer) = session(&[&[tunnel, OK], &[OK]]);
    for url in ["https://h/", "http://h/"] {
        session.get(url).proxies(proxies()).send().unwrap();
    }
    let tunnelled = String::from_utf8(peer.received(0)).unwrap();
    let (asked, inside) = tunnelled.split_once("\r\n\r\n").unwrap();
    assert!(asked.starts_with("CONNECT h:443 HTTP/1.1"), "{asked}");
    assert_eq!(field(asked, "Proxy-Authorization"), Some("Basic bWU6cHc="));
    assert!(
        inside.starts_with("GET / HTTP/1.1\r\nHost: h\r\n"),
        "{inside}"
    );
    assert_eq!(field(inside, "Proxy-Authorization"), None);
    let plain = last_request(&peer, 1);
    assert_eq!(field(&plain, "Proxy-Authorization"), Some("Basic bWU6cHc="));
}
