//! What a session keeps and undoes: content codings (RFC 9110 section 8.4), and the keys and limits of
//! its pool.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stdhttp::requests::*;
use stdhttp::testing::{Peer, Script};
use stdhttp::urllib::Proxies;
use stdhttp::{Connect, ConnectTime, HTTPException, Route};

type Reader = Box<dyn Read + Send>;

/// Two codings that undo nothing: each puts its mark behind the content.
fn marks(mark: &'static [u8]) -> impl Fn(Reader) -> Reader + Send + Sync {
    move |coded| Box::new(coded.chain(mark))
}

/// A coding of which one octet makes as many as are read.
fn bomb(_: Reader) -> Reader {
    Box::new(std::io::repeat(b'x'))
}

/// The answer to a request of a session with codings.
fn answered(method: &str, answer: &str) -> Result<Response, RequestException> {
    let peer = Peer::new([Script::answer(answer.replace('\n', "\r\n"))]);
    let adapter = HTTPAdapter::new()
        .connector(move |route| Ok(Box::new(peer.clone().connect(route)?) as BoxedStream))
        .content_coding("gzip", marks(b"-g"))
        .content_coding("b", marks(b"-b"))
        .content_coding("bomb", bomb);
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter);
    session.request(method, "http://h/").send()
}

fn coded(lines: &str) -> Result<String, RequestException> {
    let answer = format!("HTTP/1.1 200 OK\n{lines}Content-Length: 1\n\nx");
    Ok(answered("GET", &answer)?.text()?.into_owned())
}

#[test]
fn s_8_4_1_codings_are_undone_in_reverse_in_any_case() {
    for (lines, content) in [
        ("Content-Encoding: gzip, b\n", "x-b-g"),
        ("Content-Encoding: B, X-GZIP\n", "x-g-b"),
        ("Content-Encoding: gzip\nContent-Encoding: b\n", "x-b-g"),
        ("Content-Encoding: identity, gzip\n", "x-g"),
        ("Content-Encoding: unknown, gzip\n", "x"),
    ] {
        assert_eq!(coded(lines).unwrap(), content, "{lines}");
    }
}

#[test]
fn s_8_4_3_two_codings_for_a_message_and_no_bomb() {
    for lines in [
        "Content-Encoding: gzip, b, gzip\n",
        "Content-Encoding: gzip\nContent-Encoding: b\nContent-Encoding: gzip\n",
        "Content-Encoding: bomb\n",
        "Content-Encoding: bomb, gzip\n",
    ] {
        let error = coded(lines).unwrap_err();
        let kind = error.kind();
        assert!(
            matches!(kind, ExceptionKind::ContentDecodingError(_)),
            "{lines} {kind:?}"
        );
        assert_eq!(error.response().unwrap().status_code(), 200);
    }
}

#[test]
fn s_8_4_4_a_session_decodes_neither_nothing_nor_a_part() {
    for (method, answer, content) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 9\n\n",
            "",
        ),
        (
            "GET",
            "HTTP/1.1 204 No Content\nContent-Encoding: gzip\n\n",
            "",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\nContent-Encoding: gzip\n\n",
            "",
        ),
        (
            "GET",
            "HTTP/1.1 206 Partial Content\nContent-Encoding: gzip\nContent-Range: bytes 0-0/9\nContent-Length: 1\n\nx",
            "x",
        ),
    ] {
        let response = answered(method, answer).unwrap();
        assert_eq!(response.text().unwrap(), content, "{answer}");
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A session whose connections are counted; each serves as many requests as come.
fn counted() -> (Session, HTTPAdapter, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let connector = move |route: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
        count.fetch_add(1, Ordering::Relaxed);
        let script = (0..4).fold(Script::new(), |script, _| script.expect_head().send(OK));
        Ok(Box::new(Peer::new([script]).connect(route)?))
    };
    let plain = |_: &str, stream, _: ConnectTime<'_>, _: &TlsSettings| Ok(stream);
    let adapter = HTTPAdapter::new()
        .connector(connector)
        .tls(plain)
        .pool_connections(20);
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter.clone());
    session.mount("https://", adapter.clone());
    (session, adapter, made)
}

#[test]
fn connections_are_shared_by_equal_keys_alone() {
    let (session, _, made) = counted();
    let get = |url: &str| session.get(url);
    let by = |proxy: &str| Proxies::new().with("all", proxy).unwrap();
    let requests = || {
        [
            get("http://h/"),
            get("http://h:81/"),
            get("http://other/"),
            get("http://[fe80::1]/"),
            get("https://h/"),
            get("https://h/").verify(false),
            get("https://h/").verify("/one.pem"),
            get("https://h/").verify("/two.pem"),
            get("https://h/").cert("/one.pem"),
            get("https://h/").cert(("/one.pem", "/two.pem")),
            get("http://h/").proxies(by("http://proxy:1")),
            get("http://h/").proxies(by("http://proxy:2")),
            get("http://h/").proxies(by("http://user:one@proxy:1")),
            get("http://h/").proxies(by("http://user:ONE@proxy:1")),
            get("http://h/").proxies(by("http://User:one@proxy:1")),
        ]
    };
    let kinds = requests().len();
    for (round, request) in requests().into_iter().chain(requests()).enumerate() {
        request.send().unwrap();
        let expected = (round + 1).min(kinds);
        assert_eq!(made.load(Ordering::Relaxed), expected, "{round}");
    }
}

#[test]
fn a_pool_before_hosts_without_end_keeps_its_limit() {
    let (session, adapter, made) = counted();
    for host in 0..1_000 {
        session.get(&format!("http://h{host}/")).send().unwrap();
        assert!(adapter.idle_connections() <= 20);
    }
    assert_eq!(made.load(Ordering::Relaxed), 1_000);
}

#[test]
fn two_slashes_at_the_beginning_of_a_path_are_no_host() {
    let prepared = get("http://h//evil/x")
        .params([("a", "b")])
        .prepare()
        .unwrap();
    assert_eq!(prepared.url().hostname(), "h");
    assert_eq!(prepared.path_url(), "//evil/x?a=b");
}

/// What a session is told is what it says: nothing is looked for in the content.
#[test]
fn s_8_3_2_content_is_not_sniffed() {
    for (line, told) in [
        ("Content-Type: text/plain\n", Some("text/plain")),
        ("", None),
    ] {
        let page = "<html><meta charset=latin-1>\u{fc}</html>";
        let length = page.len();
        let answer = format!("HTTP/1.1 200 OK\n{line}Content-Length: {length}\n\n{page}");
        let response = answered("GET", &answer).unwrap();
        let found = response.headers().get("Content-Type");
        assert_eq!(found.as_deref(), told);
        assert_eq!(response.text().unwrap(), page);
    }
}

#[test]
fn s_8_3_3_of_two_types_the_first_counts_and_both_are_seen() {
    let answer = "HTTP/1.1 200 OK\nContent-Type: text/plain; charset=latin-1\n\
                  Content-Type: text/html; charset=utf-16\nContent-Length: 1\n\nx";
    let response = answered("GET", answer).unwrap();
    assert_eq!(response.encoding(), "latin-1");
    assert_eq!(response.headers().get_content_type(), "text/plain");
    assert_eq!(response.headers().get_all("Content-Type").count(), 2);
}

#[test]
fn s_7_6_1_2_what_old_proxies_were_told_decides_nothing() {
    for line in [
        "Keep-Alive: timeout=0, max=0\n",
        "Proxy-Connection: close\n",
    ] {
        let (session, adapter, made) = counted();
        let answer = OK.replace(
            "Content-Length",
            &(line.replace('\n', "\r\n") + "Content-Length"),
        );
        let script = Script::new()
            .expect_head()
            .send(answer)
            .expect_head()
            .send(OK);
        let peer = Peer::new([script]);
        let dialled = peer.clone();
        let adapter = adapter.connector(move |route| Ok(Box::new(dialled.clone().connect(route)?)));
        let mut session = session;
        session.mount("http://", adapter);
        for _ in 0..2 {
            session.get("http://h/").send().unwrap();
        }
        assert_eq!(
            (peer.calls().connects, made.load(Ordering::Relaxed)),
            (1, 0),
            "{line}"
        );
    }
}

/// A session keeps nothing that it could ask after; what the caller has is asked after as it is.
#[test]
fn s_13_1_2_1_a_tag_is_sent_by_those_who_know_one() {
    let answer = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 2\r\n\r\nok";
    let (session, peer) = crate::sessions::session(&[&[answer, answer, answer]]);
    session.get("http://h/").send().unwrap();
    session.get("http://h/").send().unwrap();
    let own = session.get("http://h/").header("If-None-Match", "\"a\"");
    own.send().unwrap();
    let sent = String::from_utf8(peer.received(0)).unwrap();
    let fields: Vec<_> = sent
        .lines()
        .filter(|line| line.starts_with("If-"))
        .collect();
    assert_eq!(fields, ["If-None-Match: \"a\""]);
}
