//! Charsets and JSON.

use stdhttp::requests::{ExceptionKind, Session};

use crate::server::{answer, serve, session_with};
use crate::{exchange_json, plug_charsets};

fn text_of(plug: fn(&mut Session), charset: &str, content: &[u8]) -> Result<String, ExceptionName> {
    let fields = format!("Content-Type: text/plain; charset={charset}\r\n");
    let (url, server) = serve(vec![answer(&fields, content)]);
    let response = session_with(plug).get(&url).send().expect("a response");
    server.join().expect("the server");
    match response.text() {
        Ok(text) => Ok(text.into_owned()),
        Err(error) => match error.kind() {
            ExceptionKind::UnknownEncoding { name } => Err(ExceptionName(name.clone())),
            other => panic!("{other:?}"),
        },
    }
}

/// The charset that is not known.
#[derive(Debug, PartialEq)]
struct ExceptionName(String);

#[test]
fn charsets_that_are_plugged_in_are_read() {
    for (charset, content, text) in [
        ("windows-1251", &b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "Привет"),
        ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
        ("gb18030", b"\xc4\xe3\xba\xc3", "你好"),
        ("windows-1252", b"\x80", "€"),
        ("euc-kr", b"\xb0\xa1\xff", "가\u{fffd}"),
    ] {
        assert_eq!(
            text_of(plug_charsets, charset, content),
            Ok(text.to_owned())
        );
    }
}

#[test]
fn a_charset_that_nobody_knows_is_named() {
    let unknown = Err(ExceptionName("x-none".to_owned()));
    assert_eq!(text_of(plug_charsets, "x-none", b"text"), unknown);
    let unknown = Err(ExceptionName("windows-1251".to_owned()));
    assert_eq!(text_of(|_| {}, "windows-1251", b"text"), unknown);
}

#[test]
fn json_goes_out_and_comes_in() {
    let (url, server) = serve(vec![answer("", br#"{"a": [1, "\u00e9"]}"#)]);
    let session = session_with(|_| {});
    let value = exchange_json(&session, &url).expect("JSON");
    assert_eq!(value, serde_json::json!({"a": [1, "é"]}));
    let requests = server.join().expect("the server");
    assert!(
        requests[0].ends_with("\r\n\r\n{\"name\":\"value\"}"),
        "{requests:?}"
    );
    assert!(requests[0].contains("\r\nContent-Type: application/json\r\n"));
}

#[test]
fn what_is_no_json_is_the_error_of_the_parser() {
    let (url, server) = serve(vec![answer("", b"{\"a\": ")]);
    let response = session_with(|_| {}).get(&url).send().expect("a response");
    server.join().expect("the server");
    let parsed = response.json(serde_json::from_slice::<serde_json::Value>);
    let error = parsed.expect_err("no JSON");
    let ExceptionKind::JSONDecodeError(inner) = error.kind() else {
        panic!("{error:?}");
    };
    let inner: &serde_json::Error = inner.downcast_ref().expect("the parser's own");
    assert!(inner.is_eof());
}
