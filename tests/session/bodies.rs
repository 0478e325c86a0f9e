//! What a call sends as a body.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use stdhttp::requests::{ExceptionKind, FilePart, Payload, Request};
use stdhttp::urllib::multipart::FormReader;

use super::*;

/// The head of a request and what follows it.
fn sent(request: impl FnOnce(&Session) -> Request<'_>) -> ((String, Vec<String>), Vec<u8>) {
    let (session, peer) = answering([OK]);
    request(&session).send().unwrap();
    let received = peer.received(0);
    let end = received
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    (heads(&peer, 0).remove(0), received[end + 4..].to_vec())
}

#[test]
fn each_kind_of_data_has_its_type_and_framing() {
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json");
    type Call = fn(&Session) -> Request<'_>;
    let cases: [(Call, Option<&str>, &[u8]); 9] = [
        (
            |s| s.post("http://h/").data([("a", "1"), ("a", "b c")]),
            FORM,
            b"a=1&a=b+c",
        ),
        (
            |s| s.post("http://h/").data(vec![("n".to_owned(), 5)]),
            FORM,
            b"n=5",
        ),
        (
            |s| s.post("http://h/").data("text \u{e4}"),
            None,
            "text \u{e4}".as_bytes(),
        ),
        (|s| s.post("http://h/").data(b"\0\xff"), None, b"\0\xff"),
        (
            |s| s.put("http://h/").json(r#"{"a":1}"#),
            JSON,
            br#"{"a":1}"#,
        ),
        (|s| s.put("http://h/").json("1").data("x"), None, b"x"),
        (|s| s.get("http://h/").data("body"), None, b"body"),
        (|s| s.delete("http://h/"), None, b""),
        (|s| s.post("http://h/").data(""), None, b""),
    ];
    for (call, content_type, body) in cases {
        let (head, came) = sent(call);
        let length = body.len().to_string();
        assert_eq!(came, body, "{head:?}");
        assert_eq!(field(&head, "Content-Type"), content_type, "{head:?}");
        assert_eq!(
            field(&head, "Content-Length"),
            Some(length.as_str()),
            "{head:?}"
        );
    }
    let (head, _) = sent(|session| session.get("http://h/"));
    assert_eq!(field(&head, "Content-Length"), None);
    let (head, _) = sent(|session| {
        let post = session.post("http://h/").data([("a", "1")]);
        post.header("Content-Type", "own/type")
    });
    assert_eq!(field(&head, "Content-Type"), Some("own/type"));
}

#[test]
fn streams_are_chunked_and_files_counted() {
    let (head, body) = sent(|s| s.post("http://h/").data(Payload::iter(["one", "two"])));
    assert_eq!(field(&head, "Transfer-Encoding"), Some("chunked"));
    assert_eq!(body, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    let (head, body) = sent(|s| s.post("http://h/").data(Payload::sized(&b"12345"[..], 3)));
    assert_eq!(
        (field(&head, "Content-Length"), &body[..]),
        (Some("3"), &b"123"[..])
    );
    let path = std::env::temp_dir().join(format!("stdhttp-body-{}", std::process::id()));
    let mut file = File::create_new(&path).unwrap();
    file.write_all(b"0123456789").unwrap();
    let mut file = File::open(&path).unwrap();
    file.seek(SeekFrom::Start(4)).unwrap();
    let (head, body) = sent(|session| session.put("http://h/").data(file));
    assert_eq!(
        (field(&head, "Content-Length"), &body[..]),
        (Some("6"), &b"456789"[..])
    );
    let empty = std::env::temp_dir().join(format!("stdhttp-empty-{}", std::process::id()));
    let file = File::create_new(&empty).unwrap();
    let (head, body) = sent(|session| session.put("http://h/").data(file));
    assert_eq!(
        (field(&head, "Content-Length"), &body[..]),
        (Some("0"), &b""[..])
    );
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(empty).unwrap();
}

#[test]
fn files_make_a_form_with_an_exact_length() {
    let (head, body) = sent(|session| {
        let part = FilePart::new("file", "a\"b.txt", "content").content_type("text/plain");
        session
            .post("http://h/")
            .data([("field", "value")])
            .file(part)
    });
    assert_eq!(
        field(&head, "Content-Length"),
        Some(body.len().to_string().as_str())
    );
    let content_type = field(&head, "Content-Type").unwrap();
    let mut form = FormReader::from_content_type(&body[..], content_type).unwrap();
    let mut parts = Vec::new();
    while let Some(mut part) = form.next_part().unwrap() {
        let mut content = String::new();
        std::io::Read::read_to_string(&mut part, &mut content).unwrap();
        let filename = part.filename().map(str::to_owned);
        parts.push((part.name().to_owned(), filename, content));
    }
    let expected = [
        ("field", None, "value"),
        ("file", Some("a\"b.txt"), "content"),
    ];
    let expected = expected.map(|(name, file, content)| {
        (name.to_owned(), file.map(str::to_owned), content.to_owned())
    });
    assert_eq!(parts, expected);
}

#[test]
fn a_stream_beside_files_is_refused() {
    let (session, peer) = answering([]);
    let request = session.post("http://h/").data(Payload::iter(["x"]));
    let error = request
        .file(FilePart::new("a", "b", "c"))
        .send()
        .unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::InvalidBody));
    assert_eq!(peer.calls().connects, 0);
}

#[test]
fn a_source_that_fails_ends_the_request_and_says_so() {
    let peer = Peer::new([Script::new(), Script::new()]);
    let session = session(&peer);
    struct Fails;
    impl std::io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    let error = session
        .post("http://h/")
        .data(Payload::reader(Fails))
        .send()
        .unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::SourceError(_)),
        "{error:?}"
    );
    assert_eq!(error.request().unwrap().method(), "POST");
    let short = Payload::sized(&b"12"[..], 3);
    let error = session.post("http://h/").data(short).send().unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::SourceError(_)),
        "{error:?}"
    );
}

/// A file of this test, gone behind it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str, length: usize) -> Self {
        let name = format!("stdhttp-bodies-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, pattern(length)).unwrap();
        Self(path)
    }

    fn append(&self) {
        let file = File::options().append(true).open(&self.0);
        file.unwrap().write_all(b"more").unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place / 251 % 256) as u8).collect()
}

/// The place in a file is shared by its handles, and each that sends it has one of its own.
#[test]
fn one_file_is_sent_by_many_at_once() {
    const LENGTH: usize = 300_000;
    let file = Scratch::new("many", LENGTH);
    let payload = Payload::path(&file.0).unwrap();
    let request = Request::new("POST", "http://h/").data(payload.clone());
    let prepared = request.prepare().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let prepared = prepared.clone();
            scope.spawn(move || {
                for _ in 0..8 {
                    let (session, peer) = answering([OK]);
                    let sent = session.send(prepared.clone(), Default::default());
                    assert_eq!(sent.unwrap().status_code(), 200);
                    assert!(peer.received(0).ends_with(&pattern(LENGTH)));
                }
            });
        }
    });
    let (head, body) = sent(|session| {
        let part = |name| FilePart::new(name, "f", payload.clone());
        session.post("http://h/").file(part("a")).file(part("b"))
    });
    let content_type = field(&head, "Content-Type").unwrap();
    let mut form = FormReader::from_content_type(&body[..], content_type).unwrap();
    for _ in 0..2 {
        let mut content = Vec::new();
        let mut part = form.next_part().unwrap().unwrap();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        assert!(content == pattern(LENGTH));
    }
}

#[test]
fn what_is_appended_to_a_file_later_is_not_sent() {
    for length in [3, 100_000] {
        let file = Scratch::new("appended", length);
        let (session, peer) = answering([OK, OK]);
        let data = session
            .post("http://h/")
            .data(Payload::path(&file.0).unwrap());
        let data = data.prepare().unwrap();
        file.append();
        session.send(data, Default::default()).unwrap();
        assert!(peer.received(0).ends_with(&pattern(length)));
        let part = FilePart::path("a", &file.0).unwrap();
        let form = session.post("http://h/").file(part).prepare().unwrap();
        file.append();
        let sent = session.send(form, Default::default());
        assert_eq!(sent.unwrap().status_code(), 200, "{length}");
    }
}

/// Some files of the kernel have another size than they say.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_it_is_empty_is_sent_whole() {
    let version = std::fs::read("/proc/version").unwrap();
    let path = "/proc/version";
    let (head, body) = sent(|session| session.put("http://h/").data(Payload::path(path).unwrap()));
    assert_eq!(body, version);
    assert_eq!(
        field(&head, "Content-Length"),
        Some(&*version.len().to_string())
    );
    let (_, body) = sent(|session| {
        session
            .put("http://h/")
            .file(FilePart::path("a", path).unwrap())
    });
    assert!(body.windows(version.len()).any(|found| found == version));
}

#[test]
fn no_data_leaves_the_place_to_json() {
    let pairs: [(&str, &str); 0] = [];
    for data in [stdhttp::requests::Data::from(pairs), "".into()] {
        let (head, body) = sent(|session| session.post("http://h/").data(data).json("{}"));
        assert_eq!(body, b"{}");
        assert_eq!(field(&head, "Content-Type"), Some("application/json"));
    }
}
