//! What a call sends: URL, fields, cookies, authentication.

use stdhttp::auth::Credentials;
use stdhttp::cookies::{Cookie, CookieJar, CookieLimits};
use stdhttp::requests::{
    ExceptionKind, HTTPBearerAuth, HTTPDigestAuth, PreparedRequest, Request, SendOptions, Session,
    TlsSettings,
};
use stdhttp::urllib::{Proxies, Url};

use super::*;

#[test]
fn a_get_sends_what_requests_sends() {
    let (session, peer) = answering([OK]);
    let response = session.get("http://h/path?a=1#part").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
    assert_eq!(response.url().as_str(), "http://h/path?a=1#part");
    let version = concat!("User-Agent: stdhttp/", env!("CARGO_PKG_VERSION"));
    let expected = [
        "Host: h",
        version,
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: keep-alive",
    ];
    let heads = heads(&peer, 0);
    assert_eq!(heads[0].0, "GET /path?a=1 HTTP/1.1");
    assert_eq!(heads[0].1, expected);
    peer.check().unwrap();
}

#[test]
fn params_stand_behind_the_query_and_before_the_fragment() {
    let prepared = |request: Request<'static>| request.prepare().unwrap().url().as_str().to_owned();
    for (url, params, expected) in [
        ("http://h", vec![("a", "1")], "http://h?a=1"),
        (
            "http://h/?x=y",
            vec![("a", "1"), ("a", "2")],
            "http://h/?x=y&a=1&a=2",
        ),
        (
            "http://h/p#f",
            vec![("a b", "\u{e4}&=")],
            "http://h/p?a+b=%C3%A4%26%3D#f",
        ),
        ("http://h/p?#f", vec![("a", "")], "http://h/p?a=#f"),
        ("http://h/p?q", vec![], "http://h/p?q"),
    ] {
        assert_eq!(
            prepared(stdhttp::requests::get(url).params(params)),
            expected,
            "{url}"
        );
    }
    let text = stdhttp::requests::get("http://h/")
        .query("a=%2F")
        .params([("n", 5)]);
    assert_eq!(prepared(text), "http://h/?a=%2F&n=5");
}

#[test]
fn params_of_the_session_give_way_by_name() {
    let mut session = Session::new();
    session.set_params([("a", "1"), ("b", "2")]);
    let prepared = session
        .get("http://h/")
        .params([("a", "3")])
        .prepare()
        .unwrap();
    assert_eq!(prepared.url().as_str(), "http://h/?b=2&a=3");
}

#[test]
fn fields_of_the_call_stand_over_those_of_the_session() {
    let mut session = Session::new();
    session.headers_mut().insert("X-Test", "session");
    session.headers_mut().insert("X-Other", "session");
    let request = session.get("http://h/").header("x-test", "call");
    let prepared = request.without_header("ACCEPT").prepare().unwrap();
    assert_eq!(prepared.headers().get("X-Test").as_deref(), Some("call"));
    assert_eq!(
        prepared.headers().get("X-Other").as_deref(),
        Some("session")
    );
    assert!(!prepared.headers().contains("Accept"));
}

#[test]
fn what_can_t_be_sent_is_an_error_before_anything_is() {
    let (session, peer) = answering([]);
    let refused = |request: Request<'_>| request.send().unwrap_err();
    let url = "http://h/";
    let error = refused(session.get("h/path"));
    assert!(matches!(error.kind(), ExceptionKind::MissingSchema { url } if url == "h/path"));
    let error = refused(session.get("ftp://h/"));
    assert!(
        matches!(error.kind(), ExceptionKind::InvalidSchema { .. }),
        "{error:?}"
    );
    for url in [
        "http://",
        "http:///x",
        "http://a b/",
        "http://h:99999/",
        "http://h/%zz",
        "http://h/\r\n",
    ] {
        let error = refused(session.get(url));
        assert!(
            matches!(error.kind(), ExceptionKind::InvalidURL(_)),
            "{url}: {error:?}"
        );
        assert!(error.is_invalid_url() && !error.is_connection_error());
    }
    let error = refused(session.request("GE T", url));
    assert!(matches!(error.kind(), ExceptionKind::InvalidMethod { method } if method == "GE T"));
    for (name, value) in [
        ("X\r\n", "1"),
        ("", "1"),
        ("X Y", "1"),
        ("X", "a\r\nb"),
        ("X", " a"),
        ("X", "a\0"),
    ] {
        let error = refused(session.get(url).header(name, value));
        assert!(
            matches!(error.kind(), ExceptionKind::InvalidHeader(_)),
            "{name}: {error:?}"
        );
    }
    let error = refused(session.get(url).cookie("a b", "1"));
    assert!(matches!(error.kind(), ExceptionKind::InvalidCookie(_)));
    let error = refused(session.get(url).auth(("user:name", "p")));
    assert!(matches!(error.kind(), ExceptionKind::InvalidCredentials(_)));
    let error = refused(session.get("https://h/"));
    assert!(
        matches!(error.kind(), ExceptionKind::MissingTls),
        "{error:?}"
    );
    assert_eq!(peer.calls().connects, 0);
}

#[test]
fn the_call_counts_more_than_the_session_and_that_more_than_the_url() {
    let authorization = |prepared: PreparedRequest| {
        let value = prepared
            .headers()
            .get("Authorization")
            .map(|value| value.into_owned());
        value.unwrap_or_default()
    };
    let basic = |user: &str| Credentials::new(user, "p").unwrap().basic().unwrap();
    let mut session = Session::new();
    session.set_trust_env(false);
    let url = "http://url:p@h/";
    let prepare = |session: &Session| authorization(session.get(url).prepare().unwrap());
    assert_eq!(prepare(&session), basic("url"));
    session.set_auth(("session", "p"));
    assert_eq!(prepare(&session), basic("session"));
    let call = session.get(url).auth(("call", "p")).prepare().unwrap();
    assert_eq!(authorization(call), basic("call"));
    let call = session
        .get(url)
        .auth(("call", "p"))
        .header("Authorization", "own");
    assert_eq!(authorization(call.prepare().unwrap()), "own");
    assert_eq!(
        authorization(session.get(url).without_auth().prepare().unwrap()),
        ""
    );
    let call = session.get("http://h/").auth(HTTPBearerAuth::new("t"));
    assert_eq!(authorization(call.prepare().unwrap()), "Bearer t");
    session.headers_mut().insert("Authorization", "field");
    assert_eq!(prepare(&session), "field");
    let call = session.get(url).auth(("call", "p"));
    assert_eq!(authorization(call.prepare().unwrap()), basic("call"));
    let call = session.get(url).auth(HTTPDigestAuth::new("call", "p"));
    assert_eq!(authorization(call.prepare().unwrap()), "");
    assert_eq!(
        authorization(session.get(url).without_auth().prepare().unwrap()),
        ""
    );
}

#[test]
fn netrc_gives_its_passwords_to_the_hosts_that_it_names() {
    let path = std::env::temp_dir().join(format!("stdhttp-netrc-{}", std::process::id()));
    std::fs::write(
        &path,
        "machine h login me password pw\ndefault login d password d\n",
    )
    .unwrap();
    let mut session = Session::new();
    session.environment_mut().set_variables([("NETRC", &path)]);
    let prepare = |url: &str| session.get(url).prepare().unwrap();
    let basic = Credentials::new("me", "pw").unwrap().basic().unwrap();
    assert_eq!(
        prepare("http://h:81/").headers().get("Authorization"),
        Some(basic.into())
    );
    assert!(!prepare("http://other/").headers().contains("Authorization"));
    let own = session
        .get("http://h/")
        .header("Authorization", "own")
        .prepare()
        .unwrap();
    assert_eq!(own.headers().get("Authorization").as_deref(), Some("own"));
    assert!(!format!("{:?}", prepare("http://h/")).contains("Basic"));
    let mut untrusting = Session::new();
    untrusting
        .environment_mut()
        .set_variables([("NETRC", &path)]);
    untrusting.environment_mut().netrc = false;
    let prepared = untrusting.get("http://h/").prepare().unwrap();
    assert!(!prepared.headers().contains("Authorization"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn an_authentication_of_the_caller_changes_the_request() {
    let (session, peer) = answering([OK]);
    let sign = |request: &mut PreparedRequest| {
        let signature = format!("{} {}", request.method(), request.path_url());
        request.headers_mut().insert("X-Signature", signature);
        Ok(())
    };
    session
        .post("http://h/a?b")
        .data("x")
        .auth(sign)
        .send()
        .unwrap();
    assert_eq!(field(&heads(&peer, 0)[0], "X-Signature"), Some("POST /a?b"));
}

#[test]
fn digest_answers_its_challenge_and_then_comes_unasked() {
    let challenge = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Basic realm=\"r\"\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n\r\n";
    let (mut session, peer) = answering([challenge, OK, OK]);
    session.set_auth(HTTPDigestAuth::new("me", "pw"));
    let response = session.get("http://h/a").send().unwrap();
    assert_eq!(response.status_code(), 200);
    session.get("http://h/b").send().unwrap();
    let heads = heads(&peer, 0);
    assert_eq!(field(&heads[0], "Authorization"), None);
    for (head, count) in [(&heads[1], "nc=00000001"), (&heads[2], "nc=00000002")] {
        let value = field(head, "Authorization").unwrap();
        assert!(
            value.starts_with("Digest ") && value.contains(count),
            "{value}"
        );
    }
    peer.check().unwrap();
}

#[test]
fn a_wrong_password_gives_the_401_after_one_answer() {
    let challenge = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
    let (mut session, peer) = answering([challenge, challenge]);
    session.set_auth(HTTPDigestAuth::new("me", "pw"));
    assert_eq!(session.get("http://h/").send().unwrap().status_code(), 401);
    peer.check().unwrap();
}

#[test]
fn cookies_are_kept_and_those_of_a_call_are_not() {
    let set = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n";
    let (session, peer) = answering([set, OK, OK, OK]);
    let response = session.get("http://h/").send().unwrap();
    assert_eq!(
        response
            .cookies()
            .get("a", None, None)
            .unwrap()
            .unwrap()
            .value(),
        "1"
    );
    session
        .get("http://h/")
        .cookies([("a", "own"), ("c", "3")])
        .send()
        .unwrap();
    session.get("http://h/").send().unwrap();
    session
        .get("http://h/")
        .header("Cookie", "x=y")
        .send()
        .unwrap();
    let sent: Vec<_> = heads(&peer, 0);
    let sent: Vec<_> = sent.iter().map(|head| field(head, "Cookie")).collect();
    assert_eq!(
        sent,
        [None, Some("b=2; a=own; c=3"), Some("a=1; b=2"), Some("x=y")]
    );
    assert_eq!(session.cookies().len(), 2);
}

#[test]
fn a_cookie_field_that_is_put_into_a_prepared_request_stays() {
    let moved =
        "HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n";
    let (session, peer) = answering([moved, OK, OK]);
    let mut prepared = session.prepare_request(session.get("http://h/")).unwrap();
    prepared.headers_mut().insert("Cookie", "x=y");
    session.send(prepared, SendOptions::default()).unwrap();
    session.get("http://h/").send().unwrap();
    let sent: Vec<_> = heads(&peer, 0);
    let sent: Vec<_> = sent.iter().map(|head| field(head, "Cookie")).collect();
    assert_eq!(sent, [Some("x=y"), Some("x=y"), Some("a=1")]);
}

#[test]
fn hooks_see_each_response_and_can_refuse_it() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let (mut session, _) = answering([moved, OK, OK]);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let notes = seen.clone();
    session.add_hook(move |response| {
        notes.lock().unwrap().push(response.status_code());
        Ok(())
    });
    session.get("http://h/a").send().unwrap();
    assert_eq!(*seen.lock().unwrap(), [302, 200]);
    let refuses =
        |_: &mut stdhttp::requests::Response| Err(stdhttp::requests::RequestException::other("no"));
    let error = session.get("http://h/a").hook(refuses).send().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::Other(error) if error.to_string() == "no"));
    assert_eq!(error.response().unwrap().status_code(), 200);
    assert_eq!(
        seen.lock().unwrap().len(),
        2,
        "in place of those of the session"
    );
}

#[test]
fn a_prepared_request_can_be_changed_and_sent() {
    let (session, peer) = answering([OK, OK]);
    let mut prepared = session
        .post("http://h/")
        .data([("a", "1")])
        .prepare()
        .unwrap();
    prepared.set_body("other");
    prepared.headers_mut().remove("Content-Type");
    session.send(prepared.clone(), Default::default()).unwrap();
    session.send(prepared, Default::default()).unwrap();
    let received = String::from_utf8(peer.received(0)).unwrap();
    assert_eq!(received.matches("\r\n\r\nother").count(), 2, "{received}");
    assert_eq!(received.matches("Content-Length: 5\r\n").count(), 2);
    assert!(!received.contains("Content-Type"));
}

#[test]
fn what_is_for_the_proxy_goes_into_connect_and_not_through_the_tunnel() {
    let opened = "HTTP/1.1 200 OK\r\n\r\n";
    for userinfo in ["", "me:pw@"] {
        let peer = Peer::new([answers_of(&[opened, OK])]);
        let plain = |_: &str, stream, _: stdhttp::ConnectTime<'_>, _: &TlsSettings| Ok(stream);
        let mut session = Session::new();
        session.set_trust_env(false);
        session.mount("https://", adapter(&peer).tls(plain));
        let proxies = Proxies::new().with("https", &format!("http://{userinfo}proxy:3128"));
        session.set_proxies(proxies.unwrap());
        let request = session.get("https://h/");
        let request = match userinfo {
            "" => request.header("Proxy-Authorization", "own"),
            _ => request,
        };
        assert_eq!(request.send().unwrap().text().unwrap(), "ok");
        let heads = heads(&peer, 0);
        let basic = Credentials::new("me", "pw").unwrap().basic().unwrap();
        let expected = if userinfo.is_empty() { "own" } else { &basic };
        assert_eq!(heads[0].0, "CONNECT h:443 HTTP/1.1");
        assert_eq!(field(&heads[0], "Proxy-Authorization"), Some(expected));
        assert_eq!(heads[1].0, "GET / HTTP/1.1");
        assert_eq!(field(&heads[1], "Proxy-Authorization"), None);
    }
}

#[test]
fn an_http_proxy_is_asked_for_the_whole_url() {
    let peer = Peer::new([answers_of(&[OK])]);
    let mut session = session(&peer);
    let proxies = Proxies::new().with("http", "http://me:pw@proxy:3128");
    session.set_proxies(proxies.unwrap());
    session.get("http://u:p@h:81/a?b#c").send().unwrap();
    let head = &heads(&peer, 0)[0];
    assert_eq!(head.0, "GET http://h:81/a?b HTTP/1.1");
    assert_eq!(field(head, "Host"), Some("h:81"));
    assert!(
        field(head, "Proxy-Authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

/// The limits of a jar are there against servers, and those of the caller's own jar hold.
#[test]
fn no_cookie_of_the_caller_is_lost() {
    let count = |peer: &Peer| {
        let field = field(&heads(peer, 0)[0], "Cookie").map(str::to_owned);
        field.unwrap_or_default().split("; ").count()
    };
    let (session, peer) = answering([OK]);
    let own = (0..60).map(|number| (format!("c{number}"), "v"));
    session.get("http://h/").cookies(own).send().unwrap();
    assert_eq!(count(&peer), 60);
    let (mut session, peer) = answering([OK]);
    let limits = CookieLimits {
        per_domain: 180,
        ..CookieLimits::DEFAULT
    };
    session.set_cookies(CookieJar::new().with_limits(limits));
    let url = Url::parse("http://h/").unwrap();
    for number in 0..120 {
        let cookie = Cookie::new(&format!("c{number}"), "v", &url).unwrap();
        session.cookies().set_cookie(cookie);
    }
    let request = session.get("http://h/").cookie("c7", "own");
    request.send().unwrap();
    assert_eq!(count(&peer), 120);
    let sent = field(&heads(&peer, 0)[0], "Cookie").map(str::to_owned);
    assert!(sent.unwrap().ends_with("; c119=v; c7=own"));
}

#[test]
fn a_request_of_no_session_quotes_its_url_too() {
    let request = Request::new("GET", "http://h/a b");
    assert_eq!(request.prepare().unwrap().path_url(), "/a%20b");
}
