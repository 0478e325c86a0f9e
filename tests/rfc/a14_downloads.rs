//! Downloads that are resumed: RFC 9110 sections 13.1.5, 14 and 15.3.7. A download is cut, and what the
//! next one asks for and makes of the answer is looked at.

use std::fs;

use stdhttp::requests::*;
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{Connect, HTTPException, Route};

use crate::folder::Folder;

const CONTENT: &str = "0123456789abcdefghij";
const TAG: &str = "ETag: \"v1\"\r\n";

fn whole(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n{fields}\r\n{CONTENT}")
}

/// What becomes of a download that was cut behind five octets.
struct Resumed {
    content: String,
    from: u64,
    /// The requests behind the first.
    asked: Vec<String>,
}

/// The first answer has these fields; the second is given; whatever else is asked for is whole.
fn resumed(fields: &str, second: &str) -> Resumed {
    let first = whole(fields);
    let cut = &first[..first.len() - 15];
    let both = Script::new().expect_head().send(second);
    let peer = Peer::new([
        Script::answer(cut).end(Ending::Close),
        both.expect_head().send(whole(fields)),
        Script::answer(whole(fields)),
    ]);
    let dialled = peer.clone();
    let connector = move |route: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
        Ok(Box::new(dialled.clone().connect(route)?))
    };
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", HTTPAdapter::new().connector(connector));
    let folder = Folder::new("rfc");
    let path = folder.0.join("file");
    let download = || session.download("http://h/file", &path).resume(true).send();
    download().unwrap_err();
    let done = download().unwrap();
    let connections = 1..peer.calls().connects;
    let received = connections.map(|at| String::from_utf8(peer.received(at)).unwrap());
    let asked = received.collect::<String>();
    let asked = asked.split_inclusive("\r\n\r\n").map(str::to_owned);
    Resumed {
        content: fs::read_to_string(&path).unwrap(),
        from: done.resumed_from(),
        asked: asked.collect(),
    }
}

/// A second answer with this range, of the rest behind five octets.
fn rest(range: &str) -> String {
    format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 15\r\n{TAG}{range}\r\n{}",
        &CONTENT[5..]
    )
}

fn values<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    let fields = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    fields.map(|(_, value)| value).collect()
}

#[test]
fn s_14_2_1_one_range_up_to_the_end_is_asked_for() {
    let done = resumed(TAG, &rest("Content-Range: bytes 5-19/20\r\n"));
    assert_eq!((done.content.as_str(), done.from), (CONTENT, 5));
    assert_eq!(values(&done.asked[0], "Range"), ["bytes=5-"]);
}

/// Nothing that would be answered by `multipart/byteranges`, which is then no rest either.
#[test]
fn s_15_3_7_1_several_ranges_are_never_asked_for() {
    let several = "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=b\r\n\
                   Content-Length: 3\r\n\r\nabc";
    let done = resumed(TAG, several);
    assert_eq!((done.content.as_str(), done.from), (CONTENT, 0));
    assert!(done.asked.iter().all(|request| !request.contains(',')));
}

#[test]
fn s_14_4_1_a_range_that_is_wrong_is_never_combined() {
    for range in [
        "bytes 5-4/20",
        "bytes 5-19/19",
        "bytes 5-19/5",
        "lines 5-19/20",
        "bytes 4-18/20",
        "bytes 5-19/*",
        "bytes */20",
        "bytes 5-9999999999999999999999999999999999999999/20",
        "bytes 5-19/9999999999999999999999999999999999999999",
        "bytes 5-19/20\r\nContent-Range: bytes 5-19/20",
        "",
    ] {
        let done = resumed(TAG, &rest(&format!("Content-Range: {range}\r\n")));
        assert_eq!((done.content.as_str(), done.from), (CONTENT, 0), "{range}");
    }
}

#[test]
fn s_14_4_2_a_range_is_read_without_overflow() {
    let most = u64::MAX;
    let beyond = u128::from(most) + 1;
    for (range, from) in [
        ("bytes 5-19/20".to_owned(), 5),
        ("BYTES 5-19/20".to_owned(), 5),
        (format!("bytes 5-{most}/{most}"), 0),
        (format!("bytes 5-{beyond}/{beyond}"), 0),
        (format!("bytes */{most}"), 0),
    ] {
        let done = resumed(TAG, &rest(&format!("Content-Range: {range}\r\n")));
        assert_eq!(
            (done.content.as_str(), done.from),
            (CONTENT, from),
            "{range}"
        );
    }
}

#[test]
fn s_14_3_1_accept_ranges_is_no_promise() {
    for fields in ["Accept-Ranges: bytes\r\n", "Accept-Ranges: none\r\n"] {
        let fields = format!("{fields}{TAG}");
        let done = resumed(&fields, &whole(&fields));
        assert_eq!((done.content.as_str(), done.from), (CONTENT, 0));
        assert_eq!(values(&done.asked[0], "Range"), ["bytes=5-"]);
    }
}

#[test]
fn s_15_3_7_3_a_rest_of_something_else_begins_anew() {
    let other = whole("ETag: \"v2\"\r\n").replace(CONTENT, "another content here");
    assert_eq!(resumed(TAG, &other).content, "another content here");
    let range = "Content-Range: bytes 5-19/20\r\n";
    for tag in [
        "ETag: \"v2\"\r\n",
        "ETag: W/\"v1\"\r\n",
        "ETag: \"v1\"\r\nETag: \"v2\"\r\n",
    ] {
        let done = resumed(TAG, &rest(range).replace(TAG, tag));
        assert_eq!((done.content.as_str(), done.from), (CONTENT, 0), "{tag}");
    }
}

#[test]
fn s_13_1_5_1_if_range_goes_with_range_and_a_strong_validator() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let dated = format!("Last-Modified: {date}\r\nDate: Sun, 06 Nov 1994 08:50:37 GMT\r\n");
    let just_now = format!("Last-Modified: {date}\r\nDate: {date}\r\n");
    for (fields, validator) in [
        (TAG, Some("\"v1\"")),
        (dated.as_str(), Some(date)),
        (just_now.as_str(), None),
        ("ETag: W/\"v1\"\r\n", None),
        ("", None),
    ] {
        let done = resumed(fields, &whole(fields));
        assert_eq!(done.content, CONTENT);
        let asked = &done.asked[0];
        let sent = values(asked, "If-Range").first().copied();
        assert_eq!(sent, validator, "{fields}");
        assert_eq!(values(asked, "Range").is_empty(), validator.is_none());
    }
}

#[test]
fn s_15_5_17_1_a_range_that_is_not_there_begins_anew() {
    for range in [
        "Content-Range: bytes */20\r\n",
        "Content-Range: bytes */3\r\n",
        "",
    ] {
        let answer = format!("HTTP/1.1 416 No\r\n{range}Content-Length: 0\r\n\r\n");
        let done = resumed(TAG, &answer);
        assert_eq!((done.content.as_str(), done.from), (CONTENT, 0), "{range}");
        assert!(values(done.asked.last().unwrap(), "Range").is_empty());
    }
}
