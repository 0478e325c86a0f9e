//! How streams end: a cut is told apart from a closure alert (RFC 9112 section 9.8), both ways.

use std::io;

use stdhttp::{End, HTTPException, IncompleteRead, MessagePart};

use crate::certificates::Authority;
use crate::server::{Server, Tls, alert, connection, cut, ends_in_good_order, finish};
use crate::server::{read_head, serve, write};

const WITH_LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

type Ending = fn(&mut Tls) -> io::Result<()>;

#[test]
fn cut_in_a_body_with_length() {
    let error = incomplete(body(&[WITH_LENGTH, "12345"], cut));
    assert_eq!((error.got, error.expected), (5, Some(5)));
    assert_eq!(error.end, End::Truncated);
}

#[test]
fn cut_in_a_chunked_body() {
    let error = incomplete(body(&[CHUNKED, "5\r\n12345\r\n"], cut));
    assert_eq!((error.got, error.end), (5, End::Truncated));
}

#[test]
fn cut_in_a_body_until_close() {
    let error = incomplete(body(&[UNTIL_CLOSE, "12345"], cut));
    assert_eq!((error.got, error.end), (5, End::Truncated));
}

#[test]
fn cut_in_a_head() {
    let error = incomplete(body(&["HTTP/1.1 200 OK\r\nContent-Le"], cut));
    assert_eq!(error.part, MessagePart::Head);
    assert_eq!(error.end, End::Truncated);
}

#[test]
fn closure_alert_in_a_body_with_length() {
    let error = incomplete(body(&[WITH_LENGTH, "12345"], finish));
    assert_eq!((error.got, error.end), (5, End::Closed));
}

#[test]
fn closure_alert_ends_a_body_until_close() {
    let received = body(&[UNTIL_CLOSE, "12345"], finish).expect("a body");
    assert_eq!(received, b"12345");
}

/// The framing says that all is there, so the cut takes nothing away. The next request finds out
/// that the connection is gone and makes another.
#[test]
fn cut_behind_a_complete_body() {
    gone_behind_a_complete_body(cut);
}

#[test]
fn closure_alert_behind_a_complete_body() {
    gone_behind_a_complete_body(finish);
}

#[test]
fn closure_alert_without_fin_behind_a_complete_body() {
    gone_behind_a_complete_body(alert);
}

fn gone_behind_a_complete_body(ending: Ending) {
    let authority = Authority::new();
    let (tell, told) = std::sync::mpsc::channel();
    let server = serve(&authority.issue("localhost"), 2, move |mut tls| {
        read_head(&mut tls)?;
        write(&mut tls, WITH_LENGTH)?;
        write(&mut tls, "1234567890")?;
        ending(&mut tls)?;
        tell.send(()).expect("the client's thread");
        Ok::<bool, io::Error>(ends_in_good_order(&mut tls))
    });
    let mut conn = connection("localhost", server.port, authority.client());
    for _ in 0..2 {
        conn.request("GET", "/", (), &[]).expect("a request");
        let mut response = conn.getresponse().expect("a response");
        assert_eq!(response.read(None).expect("a body"), b"1234567890");
        told.recv().expect("the server's thread");
        // The look is for connections that were idle.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    conn.close();
    let ends = server.results();
    assert!(ends.into_iter().all(|end| matches!(end, Ok(true))));
}

#[test]
fn close_sends_a_closure_alert() {
    let (server, mut conn) = keeps_listening();
    conn.request("GET", "/", (), &[]).expect("a request");
    conn.getresponse().expect("a response");
    conn.close();
    assert_eq!(server.results(), [true]);
}

#[test]
fn drop_sends_a_closure_alert() {
    let (server, mut conn) = keeps_listening();
    conn.request("GET", "/", (), &[]).expect("a request");
    conn.getresponse().expect("a response");
    drop(conn);
    assert_eq!(server.results(), [true]);
}

type Client = stdhttp::HTTPSConnection<crate::Rustls>;

/// A server that answers once and tells whether the connection then ends in good order.
fn keeps_listening() -> (Server<bool>, Client) {
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, |mut tls| {
        read_head(&mut tls).expect("a request");
        write(&mut tls, WITH_LENGTH).expect("a write");
        write(&mut tls, "1234567890").expect("a write");
        ends_in_good_order(&mut tls)
    });
    let conn = connection("localhost", server.port, authority.client());
    (server, conn)
}

/// The body of a response that the server ends like this.
fn body(answer: &'static [&'static str], ending: Ending) -> Result<Vec<u8>, HTTPException> {
    let authority = Authority::new();
    let server = serve(&authority.issue("localhost"), 1, move |mut tls| {
        read_head(&mut tls)?;
        for piece in answer {
            write(&mut tls, piece)?;
        }
        ending(&mut tls)
    });
    let mut conn = connection("localhost", server.port, authority.client());
    conn.request("GET", "/", (), &[]).expect("a request");
    let body = conn
        .getresponse()
        .and_then(|mut response| response.read(None));
    assert!(!conn.is_connected());
    assert!(server.results().into_iter().all(|done| done.is_ok()));
    body
}

fn incomplete(result: Result<Vec<u8>, HTTPException>) -> IncompleteRead {
    match result {
        Err(HTTPException::IncompleteRead(error)) => error,
        other => panic!("{other:?}"),
    }
}
