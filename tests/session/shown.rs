//! What is shown of the values of a session holds no secret; fields as a collection; what an exception
//! knows.

use std::error::Error;

use stdhttp::requests::{
    Adapter, Auth, ExceptionKind, HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth, HTTPProxyAuth,
    Headers, Payload, PreparedRequest, Redirects, Request, RequestException, Response, Sending,
    SocksError, Verify,
};

use super::*;

#[test]
fn credentials_are_not_shown() {
    let basic = HTTPBasicAuth::new("user", "pass");
    assert_eq!(format!("{basic:?}"), "HTTPBasicAuth(***)");
    assert_eq!(format!("{:?}", Auth::from(basic)), "Auth(***)");
    let bearer = HTTPBearerAuth::new("token");
    assert_eq!(format!("{bearer:?}"), "HTTPBearerAuth(***)");
    let digest = HTTPDigestAuth::new("user", "pass");
    assert_eq!(format!("{digest:?}"), "HTTPDigestAuth(***)");
    let proxy = HTTPProxyAuth::new("user", "pass");
    assert_eq!(format!("{proxy:?}"), "HTTPProxyAuth(HTTPBasicAuth(***))");
    let headers: Headers = [("Authorization", "Basic dTpw"), ("X-A", "b")]
        .into_iter()
        .collect();
    let shown = format!("{headers:?}");
    assert_eq!(shown, "{\"Authorization\": \"***\", \"X-A\": \"b\"}");
}

#[test]
fn settings_are_shown() {
    let adapter = HTTPAdapter::new().content_coding("gzip", |coded| coded);
    let shown = format!("{adapter:?}");
    assert!(shown.starts_with("HTTPAdapter { limits: "), "{shown}");
    assert!(
        shown.ends_with("tls: false, codings: gzip, .. }"),
        "{shown}"
    );
    assert_eq!(format!("{:?}", Redirects::Follow), "Follow");
    assert_eq!(format!("{:?}", Redirects::Return), "Return");
    let bytes = Payload::from(b"abc".to_vec());
    let shown = "Payload { kind: \"bytes\", length: Some(3) }";
    assert_eq!(format!("{bytes:?}"), shown);
    let none = Payload::default();
    assert_eq!(
        format!("{none:?}"),
        "Payload { kind: \"none\", length: None }"
    );
    let mut session = Session::new();
    session.set_trust_env(false);
    let shown = format!("{:?}", session.environment_mut());
    assert!(shown.starts_with("Environment { proxies: "), "{shown}");
    assert!(
        shown.contains("netrc: ") && shown.contains("certificates: "),
        "{shown}"
    );
    let download = session.download("http://a/b", "file");
    let shown = format!("{download:?}");
    assert!(shown.starts_with("Download { request: "), "{shown}");
    assert!(
        shown.contains("http://a/b") && shown.contains("path: \"file\""),
        "{shown}"
    );
}

#[test]
fn fields_are_a_collection() {
    let mut headers = Headers::new();
    assert_eq!((headers.is_empty(), headers.len()), (true, 0));
    headers.extend([("A", "1"), ("B", "2"), ("a", "3")]);
    assert_eq!((headers.is_empty(), headers.len()), (false, 2));
    let other: Headers = [("b", "4"), ("C", "5")].into_iter().collect();
    headers.update(&other);
    let fields: Vec<_> = headers.iter().collect();
    let expected = [("a", &b"3"[..]), ("b", b"4"), ("C", b"5")];
    assert_eq!(fields, expected);
}

#[test]
fn an_exception_has_its_response_and_its_source() {
    let (session, _peer) = answering(["HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"]);
    let response = session.get("http://a/b").send().unwrap();
    let error = response.raise_for_status().unwrap_err();
    assert!(!error.is_invalid_url() && error.source().is_none());
    let shown = format!("{error:?}");
    assert!(
        shown
            .starts_with("RequestException { kind: HTTPError { status_code: 404 }, request: Some("),
        "{shown}"
    );
    let response = error.into_response().expect("a response");
    assert_eq!(response.status_code(), 404);
    let kind = ExceptionKind::Other("of a hook".into());
    let error = RequestException::from(kind);
    assert_eq!(error.source().unwrap().to_string(), "of a hook");
    assert!(error.into_response().is_none());
    for (url, is_invalid) in [("a", true), ("x://a", true), ("http://a:b/", true)] {
        let error = session.get(url).send().unwrap_err();
        assert_eq!(error.is_invalid_url(), is_invalid, "{url}");
    }
}

#[test]
fn bodies_say_what_they_are() {
    let path = std::env::temp_dir().join(format!("stdhttp-shown-{}", std::process::id()));
    std::fs::write(&path, "a file").unwrap();
    let file = Payload::path(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(file.length(), Some(6));
    assert!(Payload::path(&path).is_err());
    let bytes = Payload::from(b"abc".to_vec());
    assert_eq!(
        (bytes.length(), bytes.as_bytes()),
        (Some(3), Some(&b"abc"[..]))
    );
    let none = Payload::default();
    assert_eq!((none.length(), none.as_bytes()), (None, Some(&b""[..])));
    assert!(none.is_none() && !bytes.is_none() && !file.is_none());

    let (session, peer) = answering([OK]);
    session.post("http://a/").data(file).send().unwrap();
    let sent = peer.received(0);
    assert!(sent.ends_with(b"\r\n\r\na file"));
    // No bytes at all are no body.
    let nothing = session
        .post("http://a/")
        .data(Vec::<u8>::new())
        .prepare()
        .unwrap();
    assert!(nothing.body().is_none());
}

#[test]
fn certificates_are_those_of_the_environment_unless_it_is_not_asked() {
    for (trusted, expected) in [
        (true, Verify::from(std::path::PathBuf::from("/of/all"))),
        (false, Verify::Yes),
    ] {
        let mut session = Session::new();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
        session.mount("http://", Verified(std::sync::Arc::clone(&seen)));
        session.set_trust_env(trusted);
        let environment = session.environment_mut();
        environment.set_variables([("REQUESTS_CA_BUNDLE", "/of/all")]);
        session.get("http://a/").send().unwrap();
        assert_eq!(seen.lock().unwrap().take(), Some(expected));
    }
}

/// Notes how servers are to be verified.
struct Verified(std::sync::Arc<std::sync::Mutex<Option<Verify>>>);

impl Adapter for Verified {
    fn send(
        &self,
        request: &PreparedRequest,
        sending: &Sending<'_>,
    ) -> Result<Response, RequestException> {
        *self.0.lock().unwrap() = Some(sending.tls.verify.clone());
        let none: [(&str, &str); 0] = [];
        Ok(Response::new(request.clone(), 200, none, ""))
    }
}

#[test]
fn a_session_and_its_calls_are_shown_without_secrets() {
    let (session, _peer) = answering([OK]);
    let shown = format!("{session:?}");
    assert!(
        shown.starts_with("Session { headers: {\"User-Agent\": "),
        "{shown}"
    );
    assert!(shown.ends_with("cookies: 0, .. }"), "{shown}");
    let request = session
        .get("http://u:pass@a/b")
        .header("Authorization", "secret");
    let shown = format!("{request:?}");
    assert!(
        shown.starts_with("Request { method: \"GET\", url: "),
        "{shown}"
    );
    assert!(
        !shown.contains("pass") && !shown.contains("secret"),
        "{shown}"
    );
    let prepared = request.prepare().unwrap();
    let shown = format!("{prepared:?}");
    assert!(
        shown.starts_with("PreparedRequest { method: \"GET\", url: "),
        "{shown}"
    );
    assert!(shown.contains("\"Authorization\": \"***\""), "{shown}");
    let response = session.get("http://a/b").send().unwrap();
    let shown = format!("{response:?}");
    let beginning = "Response { status_code: 200, url: Url(http://a/b), headers: ";
    assert!(shown.starts_with(beginning), "{shown}");
}

#[test]
fn what_a_socks_proxy_says_has_its_meaning() {
    for (error, text) in [
        (SocksError::Malformed, "no answer of SOCKS 5"),
        (
            SocksError::Refused(1),
            "the proxy did not connect: general failure",
        ),
        (
            SocksError::Refused(2),
            "the proxy did not connect: not allowed by its rules",
        ),
        (
            SocksError::Refused(3),
            "the proxy did not connect: network unreachable",
        ),
        (
            SocksError::Refused(4),
            "the proxy did not connect: host unreachable",
        ),
        (
            SocksError::Refused(5),
            "the proxy did not connect: connection refused",
        ),
        (
            SocksError::Refused(6),
            "the proxy did not connect: time to live expired",
        ),
        (
            SocksError::Refused(7),
            "the proxy did not connect: command not supported",
        ),
        (
            SocksError::Refused(8),
            "the proxy did not connect: address type not supported",
        ),
        (
            SocksError::Refused(9),
            "the proxy did not connect: unknown reply",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn what_a_session_sets_holds_for_its_calls() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", Verified(std::sync::Arc::clone(&seen)));
    session.set_verify(false);
    session.get("http://a/").send().unwrap();
    assert_eq!(seen.lock().unwrap().take(), Some(Verify::No));
    session.headers_mut().insert("X-A", "1");
    assert_eq!(session.headers().get("X-A").as_deref(), Some("1"));

    let late = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let script = Script::new().expect_head().send(late);
    let peer = Peer::new([script.wait(Duration::from_secs(5)).send("ok")]);
    let mut streams = self::session(&peer);
    streams.set_stream(true);
    let response = streams.get("http://a/").send().unwrap();
    assert_eq!(peer.elapsed(), Duration::ZERO);
    assert_eq!(response.content().unwrap(), b"ok");

    let (mut limited, _peer) = answering([OK]);
    limited.set_max_content(1);
    let error = limited.get("http://a/").send().unwrap_err();
    assert!(matches!(
        error.kind(),
        ExceptionKind::ContentTooLarge { limit: 1 }
    ));

    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=odd\r\n\
                  Content-Length: 2\r\n\r\nok";
    let (mut plugged, _peer) = answering([answer]);
    plugged.set_charsets(|name, octets| (name == "odd").then(|| format!("{octets:?}")));
    let response = plugged.get("http://a/").send().unwrap();
    assert_eq!(response.text().unwrap(), "[111, 107]");
}

#[test]
fn text_is_read_by_its_charset() {
    for (charset, octets, text) in [
        ("utf-8", &b"\0\0\xfe\xff\0\0\0a"[..], "a"),
        ("us-ascii", b"a", "a"),
        ("us-ascii", "\u{e4}".as_bytes(), "\u{fffd}\u{fffd}"),
    ] {
        let request = Request::new("GET", "http://a/").prepare().unwrap();
        let none: [(&str, &str); 0] = [];
        let mut response = Response::new(request, 200, none, octets);
        response.set_encoding(charset);
        assert_eq!(response.text().unwrap(), text, "{charset}");
    }
}

#[test]
fn a_permanent_redirect_is_told_from_others() {
    for (status, fields, is_permanent) in [
        (301, &[("Location", "/b")][..], true),
        (308, &[("Location", "/b")], true),
        (302, &[("Location", "/b")], false),
        (301, &[], false),
    ] {
        let request = Request::new("GET", "http://a/").prepare().unwrap();
        let response = Response::new(request, status, fields.iter().copied(), "");
        assert_eq!(response.is_permanent_redirect(), is_permanent, "{status}");
    }
}
