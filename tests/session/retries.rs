//! What is sent again, and what never: by the kind of the failure, the method and the body
//! (`urllib3.util.Retry`; RFC 9110 section 9.2.2).

use std::io::{Cursor, ErrorKind};

use stdhttp::requests::{ExceptionKind, Payload, Retry};
use stdhttp::testing::Fault;

use super::*;

const BUSY: &str = "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 4\r\n\r\nbusy";

/// A connection that takes a request and fails in place of an answer.
fn fails() -> Script {
    Script::new().expect_head().fail(ErrorKind::ConnectionReset)
}

fn retrying(peer: &Peer, retry: impl Into<Retry>) -> Session {
    let mut session = session_with(adapter(peer).max_retries(retry));
    session.set_clock(peer.clone());
    session
}

#[test]
fn a_failure_to_connect_is_retried_for_any_method() {
    for method in ["GET", "POST", "LOCK"] {
        let peer = Peer::new([answers_of(&[OK])]);
        let refused = Fault::Error(ErrorKind::ConnectionRefused);
        peer.fault_between(0, 2, refused);
        let session = retrying(&peer, 2);
        let response = session.request(method, "http://h/").send().unwrap();
        assert_eq!(response.status_code(), 200, "{method}");
        assert_eq!(peer.calls().connects, 3);
    }
}

#[test]
fn what_may_have_arrived_is_sent_again_for_idempotent_methods_alone() {
    for (method, connects) in [("GET", 2), ("PUT", 2), ("POST", 1), ("PATCH", 1)] {
        let peer = Peer::new([fails(), answers_of(&[OK])]);
        let session = retrying(&peer, 3);
        let sent = session.request(method, "http://h/").send();
        assert_eq!(sent.is_ok(), connects == 2, "{method}");
        assert_eq!(peer.calls().connects, connects, "{method}");
    }
}

/// A reader is there once: behind the first octet of it nothing is tried again, and what is told is what
/// failed.
#[test]
fn a_body_that_was_read_is_not_sent_again() {
    let peer = Peer::new([fails(), answers_of(&[OK])]);
    let session = retrying(&peer, 3);
    let body = Payload::reader(Cursor::new(b"once"));
    let error = session.put("http://h/").data(body).send().unwrap_err();
    let reset = matches!(error.kind(), ExceptionKind::ConnectionError(_));
    assert!(reset, "{error:?}");
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn a_body_that_was_not_read_yet_is_sent_on_the_next_connection() {
    let peer = Peer::new([answers_of(&[OK])]);
    peer.fault_once(0, Fault::Error(ErrorKind::ConnectionRefused));
    let session = retrying(&peer, 3);
    let body = Payload::reader(Cursor::new(b"once"));
    session.put("http://h/").data(body).send().unwrap();
    assert!(peer.received(0).ends_with(b"4\r\nonce\r\n0\r\n\r\n"));
}

#[test]
fn without_retries_a_listed_status_is_an_answer() {
    let peer = Peer::new([answers_of(&[BUSY])]);
    let session = retrying(&peer, Retry::new(0).status_forcelist([503]));
    assert_eq!(session.get("http://h/").send().unwrap().status_code(), 503);
    assert_eq!(peer.elapsed(), Duration::ZERO);
}

#[test]
fn retry_after_counts_with_its_statuses_alone_and_where_it_is_respected() {
    let of_200 = "HTTP/1.1 200 OK\r\nRetry-After: 60\r\nContent-Length: 2\r\n\r\nok";
    let of_500 = BUSY.replace("503", "500");
    for (answer, respected, heads_expected, waited) in [
        (BUSY, true, 2, 60),
        (BUSY, false, 2, 0),
        (&of_500, true, 2, 0),
        (of_200, true, 1, 0),
    ] {
        let peer = Peer::new([answers_of(&[answer, OK])]);
        let mut retry = Retry::new(1).status_forcelist([500, 503]);
        retry.respect_retry_after_header = respected;
        let session = retrying(&peer, retry);
        assert_eq!(session.get("http://h/").send().unwrap().status_code(), 200);
        assert_eq!(heads(&peer, 0).len(), heads_expected, "{answer}");
        assert_eq!(peer.elapsed(), Duration::from_secs(waited), "{answer}");
    }
    let peer = Peer::new([answers_of(&[BUSY])]);
    let mut retry = Retry::new(1);
    retry.respect_retry_after_header = false;
    let response = retrying(&peer, retry).get("http://h/").send().unwrap();
    assert_eq!(response.status_code(), 503);
    assert_eq!(heads(&peer, 0).len(), 1);
}

/// The waits of so many calls, each with two retries, the second of which waits.
fn waits(calls: usize, jitter: Duration) -> Vec<Duration> {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    let wait = |_| {
        let peer = Peer::new([answers_of(&[busy, busy, OK])]);
        let mut retry = Retry::new(2)
            .status_forcelist([503])
            .backoff_factor(Duration::from_secs(1));
        retry.backoff_jitter = Some(jitter);
        retrying(&peer, retry).get("http://h/").send().unwrap();
        peer.elapsed()
    };
    (0..calls).map(wait).collect()
}

#[test]
fn chance_adds_to_a_wait_no_more_than_it_may() {
    let (least, jitter) = (Duration::from_secs(2), Duration::from_secs(100));
    let waits = waits(50, jitter);
    assert!(
        waits
            .iter()
            .all(|wait| (least..=least + jitter).contains(wait)),
        "{waits:?}"
    );
    // Fifty times in one half of what may come has a chance of one in 10¹⁵.
    let halves = waits.iter().filter(|wait| **wait < least + jitter / 2);
    assert!((1..50).contains(&halves.count()), "{waits:?}");
}

/// Ten seconds after they were made retries count no more.
#[test]
fn the_budget_of_retries_is_that_of_ten_seconds() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    let peer = Peer::new([answers_of(&[busy; 200])]);
    let mut retry = Retry::new(1).status_forcelist([503]).raise_on_status(false);
    retry.budget = Some(0);
    let session = retrying(&peer, retry);
    let made = |calls: usize| {
        let before = heads(&peer, 0).len();
        for _ in 0..calls {
            session.get("http://h/").send().unwrap();
        }
        heads(&peer, 0).len() - before - calls
    };
    assert_eq!(made(6), 6);
    peer.pass(Duration::from_secs(5));
    assert_eq!(made(6), 4);
    peer.pass(Duration::from_millis(4_900));
    assert_eq!(made(1), 0);
    // Six are forgotten now, and later the other four.
    peer.pass(Duration::from_millis(100));
    assert_eq!(made(9), 6);
    peer.pass(Duration::from_secs(5));
    assert_eq!(made(9), 4);
}
