//! What a caller gets of a response.

use std::io::Read;
use std::time::Duration;

use stdhttp::requests::{ExceptionKind, RequestException, Response, SendOptions};
use stdhttp::testing::Ending;

use super::*;

fn response_to(answer: impl AsRef<[u8]>) -> Response {
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    session(&peer).get("http://h/").stream(true).send().unwrap()
}

fn with_body(fields: &str, body: &[u8]) -> Response {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    response_to([head.as_bytes(), body].concat())
}

#[test]
fn the_head_is_there_at_once() {
    let answer = "HTTP/1.1 404 Not here\r\nX-A: 1\r\nLink: </b>; rel=\"next, x\", <c>; rel=prev\r\nContent-Length: 2\r\n\r\nno";
    let response = response_to(answer);
    assert_eq!((response.status_code(), response.ok()), (404, false));
    assert_eq!(response.reason(), "Not here");
    assert_eq!(response.headers().get("x-a").as_deref(), Some("1"));
    assert_eq!(response.request().method(), "GET");
    assert!(response.history().is_empty() && !response.is_redirect());
    let links: Vec<_> = response.links();
    assert_eq!(links.len(), 2);
    assert_eq!(response.text().unwrap(), "no");
}

#[test]
fn content_that_an_adapter_has_in_pieces_is_whole() {
    let request = stdhttp::requests::get("http://h/").prepare().unwrap();
    let pieces = b"one ".chain(&b"two "[..]).chain(&b"three"[..]);
    let fields = [("X-A", "1"); 0];
    let response = Response::from_reader(request, 200, fields, pieces);
    assert_eq!(response.text().unwrap(), "one two three");
}

#[test]
fn a_status_is_an_error_when_it_is_asked_for() {
    for (status, raises) in [
        (200, false),
        (302, false),
        (399, false),
        (400, true),
        (599, true),
        (600, false),
    ] {
        let response = response_to(format!(
            "HTTP/1.1 {status} R\r\nContent-Length: 4\r\n\r\nbody"
        ));
        match response.raise_for_status() {
            Ok(()) => assert!(!raises, "{status}"),
            Err(error) => {
                assert!(raises, "{status}");
                let known = matches!(error.kind(), ExceptionKind::HTTPError { status_code } if *status_code == status);
                assert!(known, "{error:?}");
                assert_eq!(error.response().unwrap().text().unwrap(), "body");
            }
        }
    }
    let response = response_to("HTTP/1.1 404 Gone away\r\nContent-Length: 0\r\n\r\n");
    let error = response.raise_for_status().unwrap_err();
    assert_eq!(
        error.to_string(),
        "404 Client Error: Gone away for url: http://h/"
    );
}

#[test]
fn text_is_read_in_the_charset_that_came() {
    for (fields, body, text) in [
        ("", &b"caf\xc3\xa9"[..], "caf\u{e9}"),
        ("Content-Type: text/html\r\n", b"caf\xc3\xa9", "caf\u{e9}"),
        ("Content-Type: text/html\r\n", b"caf\xe9", "caf\u{fffd}"),
        (
            "Content-Type: text/html; charset=ISO-8859-1\r\n",
            b"caf\xe9",
            "caf\u{e9}",
        ),
        (
            "Content-Type: text/html; charset=\"latin1\"\r\n",
            b"caf\xe9",
            "caf\u{e9}",
        ),
        (
            "Content-Type: text/html; charset=us-ascii\r\n",
            b"a\xe9",
            "a\u{fffd}",
        ),
        (
            "Content-Type: text/html; charset=latin1\r\n",
            b"\xef\xbb\xbfa\xc3\xa9",
            "a\u{e9}",
        ),
        (
            "Content-Type: text/x; charset=utf-16\r\n",
            b"a\0\xe9\0",
            "a\u{e9}",
        ),
        (
            "Content-Type: text/x; charset=utf-16be\r\n",
            b"\0a\xd8\x3d\xde\x00",
            "a\u{1f600}",
        ),
        ("", b"\xff\xfea\0b", "a\u{fffd}"),
        ("", b"\xfe\xff\0a\xd8\x00", "a\u{fffd}"),
        ("", b"\xff\xfe\0\0a\0\0\0", "a"),
    ] {
        assert_eq!(
            with_body(fields, body).text().unwrap(),
            text,
            "{fields} {body:?}"
        );
    }
    let mut response = with_body("Content-Type: text/html\r\n", b"caf\xe9");
    response.set_encoding("latin-1");
    assert_eq!(response.text().unwrap(), "caf\u{e9}");
    let unknown = with_body("Content-Type: text/html; charset=koi8-r\r\n", b"\xc1");
    let error = unknown.text().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::UnknownEncoding { name } if name == "koi8-r"));
    assert_eq!(unknown.apparent_encoding().unwrap(), "iso-8859-1");
}

#[test]
fn json_is_what_the_caller_s_parser_makes_of_utf_8() {
    let as_text = |octets: &[u8]| String::from_utf8(octets.to_vec());
    for body in [
        &b"[1]"[..],
        b"\xef\xbb\xbf[1]",
        b"\xff\xfe[\x001\x00]\x00",
        b"[\x001\x00]\x00",
        b"\x00[\x001\x00]",
        b"[\x00\x00\x001\x00\x00\x00]\x00\x00\x00",
        b"\x00\x00\x00[\x00\x00\x001\x00\x00\x00]",
    ] {
        assert_eq!(
            with_body("", body).json(as_text).unwrap(),
            "[1]",
            "{body:?}"
        );
    }
    let response = with_body("", b"[");
    let refuses = |_: &[u8]| Err::<(), _>("unexpected end");
    let error = response.json(refuses).unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::JSONDecodeError(_)),
        "{error:?}"
    );
}

#[test]
fn lines_are_right_wherever_the_pieces_end() {
    let body = b"one\r\ntwo\n\nthree\rfour\r\n\r\nfive";
    let expected = ["one", "two", "", "three\rfour", "", "five"];
    for size in 1..=body.len() {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let script = Script::new().expect_head().send(head);
        let script = script.send_pieces(body, &vec![size; body.len() / size + 1]);
        let peer = Peer::new([script]);
        let mut response = session(&peer).get("http://h/").stream(true).send().unwrap();
        let lines: Result<Vec<_>, _> = response.iter_lines().collect();
        let lines: Vec<_> = lines.unwrap();
        assert_eq!(
            lines,
            expected.map(|line| line.as_bytes().to_vec()),
            "{size}"
        );
    }
    let mut response = with_body("", b"a||b|c||||d");
    let lines: Result<Vec<_>, _> = response.iter_lines().delimiter("||").collect();
    assert_eq!(lines.unwrap(), [&b"a"[..], b"b|c", b"", b"d"]);
    let mut response = with_body("", b"a\n");
    assert_eq!(response.iter_lines().count(), 1);
}

#[test]
fn a_line_without_end_is_not_collected_for_ever() {
    let mut response = with_body("", &[b'x'; 5_000]);
    let error = response
        .iter_lines()
        .longest(1_000)
        .find_map(Result::err)
        .unwrap();
    assert!(matches!(
        error.kind(),
        ExceptionKind::ContentTooLarge { limit: 1_000 }
    ));
}

#[test]
fn content_comes_in_pieces_of_the_size_that_is_asked_for() {
    let body: Vec<u8> = (0..=255).collect();
    for size in [1, 7, 100, 256, 1_000] {
        let pieces: Result<Vec<_>, _> = with_body("", &body).iter_content(size).collect();
        let pieces = pieces.unwrap();
        assert_eq!(pieces.concat(), body);
        assert!(pieces.iter().rev().skip(1).all(|piece| piece.len() == size));
    }
    let mut response = with_body("", &body);
    assert_eq!(response.iter_content(None).next().unwrap().unwrap(), body);
    // At hand it can be had again; piece by piece only once.
    let at_hand = with_body("", b"abc");
    at_hand.content().unwrap();
    let mut at_hand = at_hand;
    assert_eq!(at_hand.iter_content(2).count(), 2);
    assert_eq!(at_hand.content().unwrap(), b"abc");
    let mut streamed = with_body("", b"abc");
    assert_eq!(streamed.iter_content(2).count(), 2);
    let error = streamed.content().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::StreamConsumedError));
}

#[test]
fn a_body_that_is_cut_is_never_whole() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
    let peer = || Peer::new([Script::new().expect_head().send(cut).end(Ending::Close)]);
    let error = session(&peer()).get("http://h/").send().unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::ChunkedEncodingError(_)),
        "{error:?}"
    );
    assert_eq!(error.response().unwrap().status_code(), 200);
    let session = session(&peer());
    let mut response = session.get("http://h/").stream(true).send().unwrap();
    let pieces: Vec<_> = response.iter_content(3).collect();
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[1].as_ref().unwrap(), b"lo");
    assert!(pieces[2].is_err());
}

#[test]
fn content_beyond_the_limit_is_not_kept() {
    let (session, _) = answering([OK, OK]);
    let error = session.get("http://h/").max_content(1).send().unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::ContentTooLarge { limit: 1 }),
        "{error:?}"
    );
    let (session, _) = answering([OK]);
    assert_eq!(
        session
            .get("http://h/")
            .max_content(2)
            .send()
            .unwrap()
            .content()
            .unwrap(),
        b"ok"
    );
}

/// A coding for tests: each octet comes twice.
fn halve(mut source: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    struct Halves<R>(R);
    impl<R: Read> Read for Halves<R> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let mut pair = [0; 2];
            match self.0.read_exact(&mut pair) {
                Ok(()) if pair[0] == pair[1] => {
                    buf[0] = pair[0];
                    Ok(1)
                }
                Ok(()) => Err(std::io::ErrorKind::InvalidData.into()),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(0),
                Err(error) => Err(error),
            }
        }
    }
    let _ = &mut source;
    Box::new(Halves(source))
}

fn coded(coding: &str, body: &str) -> Result<Response, stdhttp::requests::RequestException> {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    session_with(adapter(&peer).content_coding("twice", halve))
        .get("http://h/")
        .send()
}

#[test]
fn content_codings_that_are_plugged_in_are_undone_within_bounds() {
    assert_eq!(coded("twice", "aabb").unwrap().content().unwrap(), b"ab");
    assert_eq!(
        coded("identity, TWICE", "aabb").unwrap().content().unwrap(),
        b"ab"
    );
    assert_eq!(
        coded("twice, x-twice", "aaaabbbb")
            .unwrap()
            .content()
            .unwrap(),
        b"ab"
    );
    assert_eq!(coded("twice", "").unwrap().content().unwrap(), b"");
    // What is not known stays as it came.
    assert_eq!(coded("gzip", "aabb").unwrap().content().unwrap(), b"aabb");
    for (coding, body) in [("twice", "ab"), ("twice, twice, twice", "aaaaaaaa")] {
        let error = coded(coding, body).unwrap_err();
        assert!(
            matches!(error.kind(), ExceptionKind::ContentDecodingError(_)),
            "{error:?}"
        );
        assert_eq!(error.response().unwrap().status_code(), 200);
    }
}

/// A decoder that takes every failure for an end does not make a whole of what was cut.
#[test]
fn a_cut_is_seen_behind_a_decoder_that_hides_it() {
    struct Hiding(Box<dyn Read + Send>);
    impl Read for Hiding {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            Ok(self.0.read(buffer).unwrap_or(0))
        }
    }
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: any\r\nContent-Length: 9\r\n\r\nhalf";
    let peer = Peer::new([Script::answer(answer).end(Ending::Close)]);
    let adapter = adapter(&peer).content_coding("any", |coded| Box::new(Hiding(coded)));
    let error = session_with(adapter).get("http://h/").send().unwrap_err();
    let is_cut = matches!(error.kind(), ExceptionKind::ChunkedEncodingError(_));
    assert!(is_cut, "{error:?}");
}

#[test]
fn the_session_asks_for_what_it_can_undo() {
    let mut session = Session::new();
    session.add_content_coding("twice", halve);
    let prepared = session.get("http://h/").prepare().unwrap();
    assert_eq!(
        prepared.headers().get("Accept-Encoding").as_deref(),
        Some("twice")
    );
}

/// Each hop asks for what its own adapter undoes; what somebody asks for by himself stays.
#[test]
fn an_adapter_says_which_codings_it_undoes() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n";
    let run = |own: Option<&str>, of_call: bool| {
        let peer = Peer::new([answers_of(&[moved]), answers_of(&[OK])]);
        let mut session = session(&peer);
        session.mount("http://h", adapter(&peer).content_coding("twice", halve));
        let mut request = session.get("http://h/");
        match own {
            Some(own) if of_call => request = request.header("Accept-Encoding", own),
            Some(own) => {
                session.headers_mut().insert("Accept-Encoding", own);
                request = session.get("http://h/");
            }
            None if of_call => request = request.without_header("Accept-Encoding"),
            None => {}
        }
        request.send().unwrap();
        let asked = |connection: usize| {
            let heads = heads(&peer, connection);
            field(&heads[0], "Accept-Encoding").map(str::to_owned)
        };
        [asked(0), asked(1)]
    };
    let both = |value: &str| [Some(value.to_owned()), Some(value.to_owned())];
    assert_eq!(
        run(None, false),
        [Some("twice".to_owned()), Some("identity".to_owned())]
    );
    assert_eq!(run(None, true), [None, None]);
    assert_eq!(run(Some("own"), true), both("own"));
    assert_eq!(run(Some("identity"), true), both("identity"));
    assert_eq!(run(Some("own"), false), both("own"));
}

#[test]
fn codings_of_a_prepared_request_that_was_changed_stay_at_the_next_hop() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([answers_of(&[moved]), answers_of(&[OK])]);
    let session = session(&peer);
    let mut prepared = session.get("http://h/").prepare().unwrap();
    prepared.headers_mut().insert("Accept-Encoding", "own");
    session.send(prepared, SendOptions::default()).unwrap();
    for connection in 0..2 {
        let heads = heads(&peer, connection);
        assert_eq!(field(&heads[0], "Accept-Encoding"), Some("own"));
    }
}

#[test]
fn the_raw_body_keeps_its_coding() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: twice\r\nContent-Length: 4\r\n\r\naabb";
    let peer = Peer::new([Script::new().expect_head().send(answer)]);
    let session = session_with(adapter(&peer).content_coding("twice", halve));
    let mut response = session.get("http://h/").stream(true).send().unwrap();
    let mut raw = Vec::new();
    response.raw().read_to_end(&mut raw).unwrap();
    assert_eq!(raw, b"aabb");
}

#[test]
fn trailers_are_there_at_the_end() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n";
    let response = response_to(answer);
    assert!(response.trailers().is_none());
    assert_eq!(response.content().unwrap(), b"a");
    assert_eq!(
        response.trailers().unwrap().get("X-Sum").as_deref(),
        Some("1")
    );
}

/// The content that came before a timeout is not lost to the call that is made again.
#[test]
fn content_goes_on_where_a_timeout_left_it() {
    let script = Script::new()
        .expect_head()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        .wait(Duration::from_secs(61))
        .wait(Duration::from_secs(61))
        .send("world");
    for streamed in [false, true] {
        let peer = Peer::new([script.clone()]);
        let request = session(&peer);
        let response = request.get("http://h/").stream(streamed).send();
        let mut response = match response {
            Ok(response) => {
                assert!(response.content().unwrap_err().is_timeout());
                response
            }
            Err(error) => error.into_response().unwrap(),
        };
        if streamed {
            let mut text = String::new();
            let read = response.read_to_string(&mut text);
            assert!(read.is_err() && text == "hello");
            response.read_to_string(&mut text).unwrap();
            assert_eq!(text, "helloworld");
        } else {
            assert!(response.content().unwrap_err().is_timeout());
            assert_eq!(response.text().unwrap(), "helloworld");
            assert_eq!(response.json(str::from_utf8).unwrap(), "helloworld");
        }
    }
}

#[test]
fn the_limit_holds_in_a_hook() {
    let (mut session, _) = answering([&OK.replace("2\r\n\r\nok", "6\r\n\r\ntoo-long")]);
    session.set_max_content(5);
    let request = session.get("http://h/").stream(true).hook(|response| {
        let error = response.content().unwrap_err();
        assert!(matches!(
            error.kind(),
            ExceptionKind::ContentTooLarge { limit: 5 }
        ));
        Ok(())
    });
    assert_eq!(request.send().unwrap().status_code(), 200);
}

#[test]
fn what_is_shown_has_no_password() {
    let (session, _) = answering(["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]);
    let url = "http://me:s3cret@h/?q=1";
    let request = session.get(url);
    let mut shown = vec![format!("{request:?}")];
    let response = request.send().unwrap();
    let error = response.raise_for_status().unwrap_err();
    assert_eq!(
        error.to_string(),
        "404 Client Error: Not Found for url: http://h/?q=1"
    );
    shown.extend([format!("{response:?}"), format!("{error:?}")]);
    for url in [
        "ftp://me:s3cret@h/",
        "me:s3cret@h/",
        "//me:s3cret@h/",
        "http://me:s3cret@h:x/",
    ] {
        let error = session.get(url).send().unwrap_err();
        shown.extend([format!("{error}"), format!("{error:?}")]);
    }
    for shown in shown {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

/// As in `requests`; a second pass would else find nothing and say so of the content.
#[test]
fn a_second_pass_over_a_stream_is_an_error() {
    let consumed =
        |error: &RequestException| matches!(error.kind(), ExceptionKind::StreamConsumedError);
    let mut response = streamed_response("a\nb\n");
    assert_eq!(response.iter_lines().map(Result::unwrap).count(), 2);
    let again: Vec<_> = response.iter_lines().collect();
    assert!(again.len() == 1 && consumed(again[0].as_ref().unwrap_err()));
    let again: Vec<_> = response.iter_content(1).collect();
    assert!(again.len() == 1 && consumed(again[0].as_ref().unwrap_err()));
    assert_eq!(response.read(&mut [0; 9]).unwrap(), 0);
    // What is not at its end goes on.
    let mut response = streamed_response("a\nb\n");
    assert_eq!(response.iter_content(2).next().unwrap().unwrap(), b"a\n");
    let rest: Vec<_> = response.iter_lines().map(Result::unwrap).collect();
    assert_eq!(rest, [b"b"]);
}

fn streamed_response(content: &str) -> Response {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    let (session, _) = answering([&format!("{head}{content}")]);
    session.get("http://h/").stream(true).send().unwrap()
}

/// The end of the message may come late behind that of the coded content.
#[test]
fn a_timeout_behind_coded_content_is_told_once() {
    let script = Script::new()
        .expect_head()
        .send("HTTP/1.1 200 OK\r\nContent-Encoding: five\r\nTransfer-Encoding: chunked\r\n\r\n")
        .send("5\r\nhello\r\n")
        .wait(Duration::from_secs(61))
        .send("0\r\n\r\n");
    let peer = Peer::new([script]);
    let adapter = adapter(&peer).content_coding("five", |coded| Box::new(coded.take(5)));
    let session = session_with(adapter);
    let response = session.get("http://h/").stream(true).send().unwrap();
    assert!(response.content().unwrap_err().is_timeout());
    assert_eq!(response.text().unwrap(), "hello");
}

#[test]
fn a_charset_may_be_quoted_badly_or_missing() {
    for (charset, text) in [
        ("", "\u{fc}"),
        ("'utf-8'", "\u{fc}"),
        ("'latin1'", "\u{c3}\u{bc}"),
    ] {
        let fields = format!("Content-Type: text/html; charset={charset}\r\n");
        let response = with_body(&fields, "\u{fc}".as_bytes());
        assert_eq!(response.text().unwrap(), text, "{charset}");
    }
}
