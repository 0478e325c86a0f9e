//! What needs no net: `data:` and `file:` URLs, and files that are retrieved.

use std::fs;
use std::path::{Path, PathBuf};

use stdhttp::dates::parse_http;
use stdhttp::testing::Script;
use stdhttp::urllib::request::*;
use stdhttp::urllib::{Fault, Part};

use crate::folder::Folder;
use crate::{Net, OK, refused, text, to};

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

#[test]
fn data_urls_are_decoded() {
    for (url, kind, content) in [
        (
            "data:,hello%20world",
            "text/plain;charset=US-ASCII",
            &b"hello world"[..],
        ),
        ("DATA:text/html,<p>", "text/html", b"<p>"),
        (
            "data:text/plain;charset=utf-8,%C3%BC",
            "text/plain;charset=utf-8",
            "ü".as_bytes(),
        ),
        ("data:;base64,aGk=", "text/plain;charset=US-ASCII", b"hi"),
        ("data:a/b;base64,aGk", "a/b", b"hi"),
        ("data:a/b;BASE64,aGkh", "a/b", b"hi!"),
        ("data:a/b;base64,MDEyMw==", "a/b", b"0123"),
        ("data:a/b;base64,/+8=", "a/b", b"\xff\xef"),
        ("data:a/b;base64,a%47%6B%3D", "a/b", b"hi"),
        ("data:a/b;base64,aG%0Ak%20%3D", "a/b", b"hi"),
        ("data:a/b;base64,+/+/", "a/b", b"\xfb\xff\xbf"),
        ("data:a/b;base64,", "a/b", b""),
        ("data:a/b;x=%22y%22,1", "a/b;x=\"y\"", b"1"),
        ("data:,a,b?c#d", "text/plain;charset=US-ASCII", b"a,b?c"),
        ("data:,", "text/plain;charset=US-ASCII", b""),
    ] {
        let mut response = build_opener().open(url).unwrap();
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            kind,
            "{url}"
        );
        let length = response.headers().get("content-length").unwrap();
        assert_eq!(length, content.len().to_string(), "{url}");
        assert_eq!((response.status(), response.url()), (200, url));
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut response, &mut bytes).unwrap();
        assert_eq!(bytes, content, "{url}");
    }
}

#[test]
fn data_urls_that_are_none() {
    for (url, part, fault) in [
        ("data:no comma", Part::Whole, Fault::Missing),
        ("data:", Part::Whole, Fault::Missing),
        ("data:a%0Ab,x", Part::ContentType, Fault::Malformed),
        ("data:a%FFb,x", Part::ContentType, Fault::Malformed),
        ("data:;base64,a", Part::Whole, Fault::Malformed),
        ("data:;base64,aGk=x", Part::Whole, Fault::Malformed),
        ("data:;base64,aG=k", Part::Whole, Fault::Malformed),
        ("data:;base64,a-_k", Part::Whole, Fault::Malformed),
        ("data:;base64,aGk==", Part::Whole, Fault::Malformed),
    ] {
        match build_opener().open(url) {
            Err(URLError::Data(error)) => {
                assert_eq!((error.part, error.fault), (part, fault), "{url}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[test]
fn files_are_opened_where_they_are_asked_for() {
    let folder = Folder::new("files");
    let path = folder.path("a b.txt");
    fs::write(&path, "content").unwrap();
    let url = format!("file://{}", pathname2url(&path).unwrap());
    assert!(url.contains("a%20b.txt"), "{url}");
    match build_opener().open(&url) {
        Err(URLError::UnknownType { scheme }) => assert_eq!(scheme, "file"),
        other => panic!("{other:?}"),
    }
    let opener = build_opener().add_handler(FileHandler);
    for url in [
        &url,
        &url.replace("file://", "FILE://LocalHost"),
        &url.replace("file://", "file:"),
    ] {
        let response = opener.open(url).unwrap();
        assert_eq!(response.headers().get("content-length").unwrap(), "7");
        assert_eq!(response.length(), Some(7));
        let modified = response
            .headers()
            .get("last-modified")
            .unwrap()
            .into_owned();
        assert!(
            parse_http(&modified, std::time::SystemTime::now()).is_ok(),
            "{modified}"
        );
        assert_eq!(text(response), "content");
    }
    for foreign in ["file://h/x", "file://127.0.0.1/x", "file://localhost:80/x"] {
        assert!(
            matches!(opener.open(foreign), Err(URLError::NotLocal)),
            "{foreign}"
        );
    }
    for missing in [format!("{url}x"), format!("file://{}", folder.0.display())] {
        assert!(
            matches!(opener.open(&missing), Err(URLError::File(_))),
            "{missing}"
        );
    }
    for odd in ["file:///a%00b", "file:///a%2Fb"] {
        assert!(matches!(opener.open(odd), Err(URLError::Url(_))), "{odd}");
    }
}

#[test]
fn no_redirect_leads_to_a_file() {
    let net = Net::answering([to(302, "file:///etc/passwd"), to(302, "data:,x")]);
    let opener = net.opener().add_handler(FileHandler);
    for _ in 0..2 {
        let error = refused(opener.open("http://h/"));
        assert!(error.unfollowed().is_some());
    }
}

#[test]
fn paths_and_urls() {
    for (path, url) in [
        ("/a/b", "/a/b"),
        ("/a b/ü?#", "/a%20b/%C3%BC%3F%23"),
        ("a", "a"),
    ] {
        assert_eq!(pathname2url(Path::new(path)).as_deref(), Some(url));
        assert_eq!(url2pathname(url).unwrap(), Path::new(path));
    }
}

#[test]
fn an_answer_is_retrieved_into_a_file() {
    let folder = Folder::new("retrieve");
    let path = folder.path("page");
    let long = "x".repeat(200_000);
    let net = Net::answering([format!(
        "HTTP/1.1 200 OK\nContent-Length: {}\n\n{long}",
        long.len()
    )]);
    let mut calls = Vec::new();
    let headers = net
        .opener()
        .retrieve("http://h/", &path, |done, all| calls.push((done, all)))
        .unwrap();
    assert_eq!(headers.get("content-length").unwrap(), "200000");
    assert_eq!(fs::read_to_string(&path).unwrap(), long);
    assert_eq!(calls.first(), Some(&(0, Some(200_000))));
    assert_eq!(calls.last(), Some(&(200_000, Some(200_000))));
    assert!(calls.len() >= 4 && calls.is_sorted(), "{calls:?}");
    assert_eq!(folder.names(), ["page"]);
    urlretrieve("data:,new", &path, |_, _| {}).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let folder = Folder::new("whole");
    let path = folder.path("page");
    fs::write(&path, "old").unwrap();
    let head = |framing: &str| format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n");
    let short = [
        (head("Content-Length: 5") + "abc", Some(5)),
        (head("Transfer-Encoding: chunked") + "3\r\nabc\r\n", None),
    ];
    for (answer, announced) in short {
        let net = Net::new([Script::answer(answer)]);
        match net.opener().retrieve("http://h/", &path, |_, _| {}) {
            Err(URLError::ContentTooShort(error)) => {
                assert_eq!((error.received, error.announced), (3, announced));
            }
            other => panic!("{other:?}"),
        }
    }
    let net = Net::new([Script::answer(head("Transfer-Encoding: chunked") + "x\r\n")]);
    let broken = net.opener().retrieve("http://h/", &path, |_, _| {});
    assert!(matches!(broken, Err(URLError::Exchange(_))), "{broken:?}");
    let net = Net::answering(["HTTP/1.1 404 No\n\n"]);
    assert!(
        net.opener()
            .retrieve("http://h/", &path, |_, _| {})
            .is_err()
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(folder.names(), ["page"]);
    let net = Net::answering([OK]);
    let nowhere = net
        .opener()
        .retrieve("http://h/", folder.path("no/such"), |_, _| {});
    assert!(matches!(nowhere, Err(URLError::File(_))), "{nowhere:?}");
}

/// A handler that announces more than it has is found out as well.
#[test]
fn what_a_handler_announces_counts() {
    struct Short;
    impl BaseHandler for Short {
        fn open(
            &self,
            _: &OpenerDirector,
            request: &mut Request,
        ) -> Result<Option<Response>, URLError> {
            let headers = stdhttp::HTTPMessage::new();
            Ok(Some(
                Response::new(request.full_url(), 200, headers, &b"abc"[..]).with_length(4),
            ))
        }
    }
    let folder = Folder::new("announced");
    let opener = OpenerDirector::new().add_handler(Short);
    let error = opener
        .retrieve("x:y", folder.path("a"), |_, _| {})
        .unwrap_err();
    assert!(matches!(error, URLError::ContentTooShort(_)));
    assert_eq!(error.to_string(), "got only 3 out of 4 bytes");
    assert_eq!(folder.names(), Vec::<String>::new());
}
