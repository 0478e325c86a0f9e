//! `Request`, and what of it goes out.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use stdhttp::testing::Script;
use stdhttp::urllib::request::*;
use stdhttp::urllib::{Fault, ParseError, Part, Proxy, Url};
use stdhttp::{HTTPException, Limits, Step};

use crate::{Net, OK, field, refused, text};

fn request(url: &str) -> Request {
    Request::new(url).unwrap()
}

#[test]
fn the_parts_of_a_request() {
    let plain = request("<URL:HTTP://me:pw@H:8080/a/b?c#d>");
    assert_eq!(plain.full_url(), "HTTP://me:pw@H:8080/a/b?c#d");
    assert_eq!((plain.scheme(), plain.host()), ("http", "H:8080"));
    assert_eq!(
        (plain.selector().as_ref(), plain.fragment()),
        ("/a/b?c", Some("d"))
    );
    assert_eq!(
        (plain.origin_req_host(), plain.unverifiable()),
        ("h", false)
    );
    let bare = request("http://h");
    assert_eq!((bare.selector().as_ref(), bare.fragment()), ("/", None));
    let other = request("FTP://u@h:1/x?y#z");
    assert_eq!((other.scheme(), other.host()), ("ftp", "h:1"));
    assert_eq!(
        (other.selector().as_ref(), other.fragment()),
        ("/x?y", Some("z"))
    );
    assert!(other.http_url().is_none());
    for (text, fragment) in [
        ("http://h/#", ""),
        ("http://h/?#", ""),
        ("http://h/#a?b", "a?b"),
    ] {
        assert_eq!(request(text).fragment(), Some(fragment));
    }
    let mut marked = request("http://h/");
    marked.set_unverifiable(true);
    assert!(marked.unverifiable());
}

#[test]
fn the_method_follows_the_data_unless_it_is_given() {
    let mut one = request("http://h/");
    assert_eq!(one.get_method(), "GET");
    one.set_data("x");
    assert_eq!((one.get_method(), one.data().is_some()), ("POST", true));
    one.remove_data();
    assert_eq!((one.get_method(), one.data().is_some()), ("GET", false));
    assert_eq!(
        request("http://h/")
            .with_method("PUT")
            .with_data("x")
            .get_method(),
        "PUT"
    );
}

#[test]
fn fields_count_in_any_case() {
    let mut one = request("http://h/").with_header("Content-TYPE", "a/b");
    one.add_header("content-type", "c/d");
    one.add_unredirected_header("X-One", "1");
    one.add_header("x-one", "2");
    assert_eq!(one.get_header("Content-type"), Some("c/d"));
    assert_eq!(one.get_header("X-ONE"), Some("1"));
    let items: Vec<_> = one.header_items().collect();
    assert_eq!(items, [("X-One", "1"), ("content-type", "c/d")]);
    assert!(one.has_header("x-One") && !one.has_header("x-two"));
    one.remove_header("X-one");
    assert!(!one.has_header("x-one"));
    assert_eq!(one.get_header("x-two"), None);
}

#[test]
fn other_data_takes_the_length_along() {
    let mut one = request("http://h/").with_data("abc");
    one.add_header("Content-Length", "3");
    one.set_data("abcd");
    assert!(!one.has_header("content-length"));
    one.add_header("Content-Length", "4");
    one.remove_data();
    assert!(!one.has_header("content-length"));
}

#[test]
fn what_is_no_url_is_an_error_before_anything_else() {
    for (text, part, fault) in [
        ("", Part::Scheme, Fault::Missing),
        ("/x", Part::Scheme, Fault::Missing),
        ("www.example.org", Part::Scheme, Fault::Missing),
        ("http:///x", Part::Host, Fault::Malformed),
        ("http://h/a b", Part::Path, Fault::Octet(b' ')),
        ("http://h/\r\nX: y", Part::Whole, Fault::Octet(b'\r')),
        ("ftp://h/\n", Part::Whole, Fault::Octet(b'\n')),
        ("data:,\u{e4}", Part::Whole, Fault::Octet(0xc3)),
    ] {
        match Request::new(text) {
            Err(URLError::Url(ParseError {
                part: p, fault: f, ..
            })) => {
                assert_eq!((p, f), (part, fault), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let net = Net::answering([OK]);
    assert!(matches!(
        net.opener().open("nothing"),
        Err(URLError::Url(_))
    ));
    assert_eq!(net.dialled().len(), 0);
}

#[test]
fn a_get_as_it_goes_out() {
    let net = Net::answering([OK]);
    let response = net.opener().open("http://me:pw@Example.org/a?b#c").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        net.sent(0),
        format!(
            "GET /a?b HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: identity\r\n\
             User-Agent: stdhttp/{version}\r\nConnection: close\r\n\r\n"
        )
    );
    assert_eq!(net.dialled(), ["example.org:80"]);
    assert_eq!(response.url(), "http://me:pw@Example.org/a?b#c");
    assert_eq!(
        (response.status(), response.code(), response.getcode()),
        (200, 200, 200)
    );
    assert_eq!((response.reason(), response.length()), ("OK", Some(2)));
    assert_eq!(response.geturl(), response.url());
    assert_eq!(response.headers().get("content-length").unwrap(), "2");
    assert_eq!(response.info().len(), 1);
    assert_eq!(text(response), "ok");
}

/// No octet of a user name leaves the machine, wherever the request goes.
#[test]
fn a_user_name_in_a_url_is_never_sent() {
    let net = Net::answering([&crate::to(302, "/x"), OK, "HTTP/1.1 407 No\n\n"]);
    net.opener().open("http://sesame:open@h/").unwrap();
    let proxied = net.opener().add_handler(ProxyHandler::new(
        stdhttp::urllib::Proxies::new().with("http", "p").unwrap(),
    ));
    refused(proxied.open("http://sesame:open@h/"));
    for number in 0..3 {
        let sent = net.sent(number);
        assert!(
            !sent.contains("sesame") && !sent.contains("Authorization"),
            "{sent}"
        );
    }
    assert_eq!(net.dialled(), ["h:80", "h:80", "p:80"]);
}

#[test]
fn data_is_framed_and_typed() {
    let net = Net::answering([OK, OK, OK, OK]);
    let opener = net.opener();
    opener.open(request("http://h/").with_data("a=b")).unwrap();
    let typed = request("http://h/")
        .with_data(vec![0])
        .with_header("content-TYPE", "x/y");
    opener.open(typed.with_method("PUT")).unwrap();
    let reader = Data::reader(&b"piece"[..]);
    opener.open(request("http://h/").with_data(reader)).unwrap();
    let sized = Data::sized(&b"12345"[..], 4);
    opener.open(request("http://h/").with_data(sized)).unwrap();
    let form = "application/x-www-form-urlencoded";
    for (number, method, kind, framing, body) in [
        (0, "POST", form, "Content-Length: 3", "a=b"),
        (1, "PUT", "x/y", "Content-Length: 1", "\0"),
        (
            2,
            "POST",
            form,
            "Transfer-Encoding: chunked",
            "5\r\npiece\r\n0\r\n\r\n",
        ),
        (3, "POST", form, "Content-Length: 4", "1234"),
    ] {
        let sent = net.sent(number);
        assert!(sent.starts_with(method), "{sent}");
        assert_eq!(field(&sent, "content-type").as_deref(), Some(kind));
        assert!(
            sent.contains(framing) && sent.ends_with(&format!("\r\n\r\n{body}")),
            "{sent}"
        );
    }
}

#[test]
fn a_file_is_sent_from_where_it_stands_each_time() {
    let path = std::env::temp_dir().join(format!("stdhttp-urlopen-{}", std::process::id()));
    let mut file = File::options();
    let mut file = file
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .unwrap();
    file.write_all(b"skipped, sent").unwrap();
    file.seek(SeekFrom::Start(9)).unwrap();
    let net = Net::answering([&crate::to(307, "/again"), OK]);
    net.opener()
        .open(request("http://h/").with_data(file))
        .unwrap();
    std::fs::remove_file(path).unwrap();
    for number in 0..2 {
        assert!(
            net.sent(number).ends_with("\r\n\r\nsent"),
            "{}",
            net.sent(number)
        );
    }
}

#[test]
fn the_callers_fields_come_before_ours() {
    let net = Net::answering([OK]);
    let opener = net.opener().with_addheaders([
        ("User-Agent", "mine/1"),
        ("X-All", "all"),
        ("accept", "a/b"),
    ]);
    let mut one = request("http://h/")
        .with_header("Host", "other")
        .with_header("Accept", "c/d")
        .with_header("Accept-Encoding", "gzip")
        .with_header("Connection", "keep-alive")
        .with_header("Proxy-Authorization", "Basic secret");
    one.add_unredirected_header("X-One", "1");
    opener.open(one).unwrap();
    assert_eq!(
        net.sent(0),
        "GET / HTTP/1.1\r\nHost: other\r\nUser-Agent: mine/1\r\nX-All: all\r\nX-One: 1\r\n\
         Accept: c/d\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    );
}

#[test]
fn what_can_t_be_sent_is_an_error_before_a_byte_is() {
    for (name, value) in [("X\r\nY", "z"), ("X", "a\r\nB: c"), ("", "x"), ("X", "\0")] {
        let net = Net::answering([OK]);
        let bad = request("http://h/").with_header(name, value);
        match net.opener().open(bad) {
            Err(URLError::Exchange(error)) => assert!(error.is_caller_error(), "{error:?}"),
            other => panic!("{name:?} {other:?}"),
        }
        assert_eq!(net.dialled().len(), 0);
    }
    let net = Net::answering([OK]);
    let bad = net
        .opener()
        .open(request("http://h/").with_method("GET / HTTP/1.1\r\nX:"));
    assert!(
        bad.unwrap_err()
            .exception()
            .is_some_and(HTTPException::is_caller_error)
    );
    assert_eq!(net.dialled().len(), 0);
}

/// A body that is framed by the caller must be as long as it says.
#[test]
fn a_length_of_the_callers_is_checked() {
    let net = Net::answering([OK]);
    let bad = request("http://h/")
        .with_data("abc")
        .with_header("Content-Length", "2");
    match net.opener().open(bad) {
        Err(URLError::Exchange(HTTPException::BodyLengthMismatch {
            declared: 2,
            given: 3,
        })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(net.dialled().len(), 0);
}

#[test]
fn an_answer_that_is_no_success_is_an_error_and_an_answer() {
    let body = "HTTP/1.1 404 Not\tFound\nX-Why: gone\nContent-Length: 5\n\nsorry";
    let net = Net::answering([body, body]);
    let error = refused(net.opener().open("http://h/x#y"));
    assert_eq!(
        (error.code(), error.status(), error.reason()),
        (404, 404, "Not\tFound")
    );
    assert_eq!(
        (error.url(), error.geturl()),
        ("http://h/x#y", "http://h/x#y")
    );
    assert_eq!(error.headers().get("x-why").unwrap(), "gone");
    assert_eq!(error.info().len(), 2);
    assert_eq!(error.to_string(), "HTTP Error 404: Not\\tFound");
    assert_eq!(error.unfollowed(), None);
    assert_eq!(text(error), "sorry");
    let error = refused(net.opener().open("http://h/x"));
    assert_eq!(text(error.into_response()), "sorry");
    for status in [200, 201, 204, 206, 299] {
        let net = Net::answering([format!("HTTP/1.1 {status} X\n\n")]);
        assert_eq!(net.opener().open("http://h/").unwrap().status(), status);
    }
    for status in [300, 304, 305, 400, 401, 407, 500, 502, 999] {
        let net = Net::answering([format!("HTTP/1.1 {status} X\n\n")]);
        assert_eq!(refused(net.opener().open("http://h/")).code(), status);
    }
}

#[test]
fn an_error_goes_where_errors_go() {
    let net = Net::answering(["HTTP/1.1 404 No\n\n"]);
    let boxed: Box<dyn std::error::Error + Send + Sync> =
        net.opener().open("http://h/").unwrap_err().into();
    let error = boxed.downcast::<URLError>().unwrap();
    assert_eq!(error.http().unwrap().code(), 404);
    assert!(error.exception().is_none() && !error.is_timeout() && !error.is_retryable());
    let source = std::error::Error::source(&*error).unwrap();
    assert!(source.is::<HTTPError>());
}

#[test]
fn a_body_that_is_cut_short_is_an_error() {
    let net = Net::answering(["HTTP/1.1 200 OK\nContent-Length: 5\n\nabc"]);
    let mut response = net.opener().open("http://h/").unwrap();
    let read = std::io::Read::read_to_string(&mut response, &mut String::new());
    match HTTPException::from(read.unwrap_err()) {
        HTTPException::IncompleteRead(read) => assert_eq!(read.partial, b"abc"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_of_the_network_keep_their_facts() {
    let net = Net::new([]);
    let error = net.opener().open("http://h/").unwrap_err();
    assert!(
        error
            .exception()
            .is_some_and(HTTPException::is_network_error)
    );
    assert!(error.is_retryable(), "{error:?}");
    let net = Net::answering([""]);
    let error = net.opener().open("http://h/").unwrap_err();
    assert!(matches!(
        error,
        URLError::Exchange(HTTPException::RemoteDisconnected { .. })
    ));
}

#[test]
fn each_wait_has_its_limit() {
    let slow = || Script::new().expect_head().send("HTTP/1.1 200 OK\r\n");
    for (limit, expected) in [(None, 60), (Some(Duration::from_secs(7)), 7)] {
        let net = Net::new([slow()]);
        let mut one = request("http://h/");
        if let Some(limit) = limit {
            one = one.with_timeout(limit);
        }
        let error = net.opener().open(one).unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(net.peer.elapsed(), Duration::from_secs(expected));
    }
    let net = Net::new([slow()]);
    let opener = net.opener().with_timeout(Some(Duration::from_secs(3)));
    assert!(opener.open("http://h/").unwrap_err().is_timeout());
    assert_eq!(net.peer.elapsed(), Duration::from_secs(3));
}

/// Redirects, challenges and the body count against one deadline.
#[test]
fn one_deadline_for_all_of_it() {
    const SECOND: Duration = Duration::from_secs(1);
    let hop = |location: &str| {
        let answer = crate::to(302, location).replace('\n', "\r\n");
        Script::new().expect_head().wait(SECOND * 3).send(answer)
    };
    let scripts = || {
        [
            hop("/1"),
            hop("/2"),
            Script::new()
                .expect_head()
                .wait(SECOND)
                .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1")
                .wait(SECOND * 9)
                .send("2"),
        ]
    };
    let net = Net::new(scripts());
    let one = request("http://h/").with_deadline(SECOND * 10);
    let mut response = net.opener().open(one).unwrap();
    assert_eq!(net.peer.elapsed(), SECOND * 7);
    let read = std::io::Read::read_exact(&mut response, &mut [0; 2]);
    assert!(HTTPException::from(read.unwrap_err()).is_timeout());
    assert_eq!(net.peer.elapsed(), SECOND * 10);

    // The opener's own limit, which is over before the third hop begins.
    let net = Net::new(scripts());
    let error = net
        .opener()
        .with_deadline(SECOND * 6)
        .open("http://h/")
        .unwrap_err();
    match error {
        URLError::Exchange(HTTPException::TimedOut { step, .. }) => assert_eq!(step, Step::Connect),
        other => panic!("{other:?}"),
    }
    assert_eq!(net.peer.elapsed(), SECOND * 6);
    assert_eq!(net.dialled().len(), 2);
}

/// A body that waits for `100 Continue` stays here where the answer is a refusal.
#[test]
fn a_body_that_is_not_wanted_is_not_sent() {
    let expecting = || {
        let one = request("http://h/").with_data("long");
        one.with_header("Expect", "100-continue")
    };
    let net = Net::answering(["HTTP/1.1 417 No\nContent-Length: 0\n\n"]);
    assert_eq!(refused(net.opener().open(expecting())).code(), 417);
    assert!(net.sent(0).ends_with("\r\n\r\n"), "{}", net.sent(0));
    let go_on = Script::new()
        .expect_head()
        .send("HTTP/1.1 100 Continue\r\n\r\n")
        .expect(b"long")
        .send(OK.replace('\n', "\r\n"));
    let net = Net::new([go_on]);
    assert_eq!(text(net.opener().open(expecting()).unwrap()), "ok");
}

#[test]
fn settings_of_connections_are_the_callers() {
    let net = Net::answering(["HTTP/1.1 200 OK\nA: 1\nB: 2\n\n"]);
    let limits = Limits::DEFAULT.with(|limits| limits.headers = 1);
    let handler =
        HTTPHandler::new(net.clone()).with_settings(move |builder| builder.limits(limits));
    let error = net
        .opener()
        .add_handler(handler)
        .open("http://h/")
        .unwrap_err();
    assert!(matches!(
        error,
        URLError::Exchange(HTTPException::TooMany { limit: 1, .. })
    ));
}

#[test]
fn a_url_that_was_read_is_a_request() {
    let net = Net::answering([OK, OK]);
    let url = Url::parse("http://h:81/x").unwrap();
    net.opener().open(url).unwrap();
    net.opener().open(&"http://h:82/".to_owned()).unwrap();
    assert_eq!(net.dialled(), ["h:81", "h:82"]);
}

#[test]
fn debug_shows_no_secret() {
    let mut one = request("http://name:pass@h/").with_header("Authorization", "pass");
    one.set_proxy(Proxy::parse("http://name:pass@p").unwrap());
    let shown = format!("{one:?}");
    assert!(
        shown.contains("Authorization") && !shown.contains("pass"),
        "{shown}"
    );
    let net = Net::answering([OK]);
    let response = net.opener().open("http://h/?token=pass").unwrap();
    assert!(!format!("{response:?}").contains("pass"));
}

#[test]
fn an_opener_and_what_it_gives_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<OpenerDirector>();
    shared::<Response>();
    shared::<URLError>();
    fn sent<T: Send>() {}
    sent::<Request>();
    let net = Net::answering(vec![OK; 16]);
    let opener = net.opener();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..4 {
                    assert_eq!(text(opener.open("http://h/").unwrap()), "ok");
                }
            });
        }
    });
    assert_eq!((net.dialled().len(), net.peer.calls().open), (16, 0));
}
