//! Connections: kept, looked at, lent out, closed.

use std::io::{Read, Write};
use std::net::TcpListener;

use stdhttp::requests::{ExceptionKind, Retry};
use stdhttp::testing::Ending;

use super::*;

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let (session, peer) = answering([OK, OK, OK]);
    for _ in 0..3 {
        assert_eq!(
            session.get("http://h/").send().unwrap().text().unwrap(),
            "ok"
        );
    }
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn a_response_that_is_dropped_half_read_closes_its_connection_and_no_other() {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
    let first = Script::new().expect_head().send(long);
    let peer = Peer::new([first, answers_of(&[OK, OK])]);
    let adapter = adapter(&peer);
    let session = session_with(adapter.clone());
    let mut response = session.get("http://h/").stream(true).send().unwrap();
    response.read_exact(&mut [0; 3]).unwrap();
    assert_eq!(adapter.idle_connections(), 0);
    drop(response);
    assert_eq!(adapter.idle_connections(), 0);
    for _ in 0..2 {
        assert_eq!(
            session.get("http://h/").send().unwrap().text().unwrap(),
            "ok"
        );
        assert_eq!(adapter.idle_connections(), 1);
    }
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn a_connection_comes_back_with_the_last_octet() {
    let (session, peer) = answering([OK, OK]);
    let mut first = session.get("http://h/").stream(true).send().unwrap();
    first.read_exact(&mut [0; 2]).unwrap();
    session.get("http://h/").send().unwrap();
    assert_eq!(peer.calls().connects, 1);
    drop(first);
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced() {
    let closing = answers_of(&[OK]).end(Ending::Close);
    let peer = Peer::new([closing, answers_of(&[OK])]);
    let session = session(&peer);
    session.post("http://h/").data("a").send().unwrap();
    peer.pass(Duration::from_secs(1));
    session.post("http://h/").data("b").send().unwrap();
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn what_may_have_been_seen_is_not_sent_again() {
    // The server takes the request over a kept connection, and closes it without an answer.
    let takes = answers_of(&[OK]).expect_head().end(Ending::Close);
    let peer = Peer::new([takes.clone(), answers_of(&[OK])]);
    let session_of = session(&peer);
    session_of.get("http://h/").send().unwrap();
    session_of.get("http://h/idempotent").send().unwrap();
    assert_eq!(peer.calls().connects, 2);
    let peer = Peer::new([takes, answers_of(&[OK])]);
    let session_of = session(&peer);
    session_of.get("http://h/").send().unwrap();
    let error = session_of
        .post("http://h/once")
        .data("x")
        .send()
        .unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::ConnectionError(_)),
        "{error:?}"
    );
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn hosts_ports_and_schemes_have_connections_of_their_own() {
    let peer = Peer::new([answers_of(&[OK, OK]), answers_of(&[OK]), answers_of(&[OK])]);
    let session = session(&peer);
    for url in ["http://h/", "http://H:80/", "http://h:81/", "http://other/"] {
        session.get(url).send().unwrap();
    }
    assert_eq!(peer.calls().connects, 3);
}

#[test]
fn the_pool_keeps_as_many_as_it_should() {
    let script = || answers_of(&[OK, OK]);
    let peer = Peer::new([script(), script(), script(), script()]);
    let adapter = adapter(&peer).pool_connections(2).pool_maxsize(1);
    let session = session_with(adapter.clone());
    for host in ["a", "b", "c"] {
        session.get(&format!("http://{host}/")).send().unwrap();
    }
    assert_eq!(adapter.idle_connections(), 2);
    session.get("http://c/").send().unwrap();
    assert_eq!(peer.calls().connects, 3);
    session.get("http://a/").send().unwrap();
    assert_eq!(peer.calls().connects, 4);
    session.close();
    assert_eq!(adapter.idle_connections(), 0);
}

#[test]
fn a_full_pool_waits_or_says_so() {
    let peer = Peer::new([answers_of(&[OK, OK])]);
    let adapter = adapter(&peer).pool_maxsize(1).pool_block(true);
    let session = session_with(adapter);
    let first = session.get("http://h/").stream(true).send().unwrap();
    let short = Duration::from_millis(1);
    let error = session.get("http://h/").timeout(short).send().unwrap_err();
    assert!(matches!(error.kind(), ExceptionKind::EmptyPool) && error.is_connection_error());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| session.get("http://h/").send().unwrap().status_code());
        assert_eq!(first.content().unwrap(), b"ok");
        assert_eq!(waits.join().unwrap(), 200);
    });
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn times_of_the_call_hold() {
    let silent = || {
        Script::new()
            .expect_head()
            .wait(Duration::from_secs(100))
            .send(OK)
    };
    let peer = Peer::new([silent(), silent()]);
    let session_of = session(&peer);
    let error = session_of
        .get("http://h/")
        .timeout(Duration::from_secs(5))
        .send()
        .unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::ReadTimeout(_)),
        "{error:?}"
    );
    assert!(error.is_timeout() && !error.is_connection_error());
    assert_eq!(peer.elapsed(), Duration::from_secs(5));
}

#[test]
fn retries_wait_longer_and_longer() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    let peer = Peer::new([answers_of(&[busy, busy, busy, OK])]);
    let mut retry = Retry::new(3)
        .status_forcelist([503])
        .backoff_factor(Duration::from_secs(1));
    retry.backoff_jitter = Some(Duration::ZERO);
    let session = session_with(adapter(&peer).max_retries(retry.clone()));
    assert_eq!(
        session.get("http://h/").send().unwrap().text().unwrap(),
        "ok"
    );
    assert_eq!(peer.elapsed(), Duration::from_secs(2 + 4));
    assert_eq!(peer.calls().connects, 1);
    let peer = Peer::new([answers_of(&[busy, busy, busy, busy])]);
    let session = session_with(adapter(&peer).max_retries(retry));
    let error = session.get("http://h/").send().unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::RetryError),
        "{error:?}"
    );
    assert_eq!(error.response().unwrap().text().unwrap(), "busy");
}

#[test]
fn a_status_is_no_error_of_retries_for_a_method_that_is_not_retried() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy";
    let peer = Peer::new([answers_of(&[busy])]);
    let retry = Retry::new(3).status_forcelist([503]);
    let session = session_with(adapter(&peer).max_retries(retry));
    let response = session.post("http://h/").data("x").send().unwrap();
    assert_eq!(response.status_code(), 503);
    assert_eq!(response.text().unwrap(), "busy");
    assert_eq!(peer.elapsed(), Duration::ZERO);
}

#[test]
fn retry_after_is_obeyed_within_reason() {
    for (value, waits) in [("7", 7), ("0", 0)] {
        let busy =
            format!("HTTP/1.1 429 Slow\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        let peer = Peer::new([answers_of(&[&busy, OK])]);
        let session = session_with(adapter(&peer).max_retries(2));
        assert_eq!(
            session.get("http://h/").send().unwrap().status_code(),
            200,
            "{value}"
        );
        assert_eq!(peer.elapsed(), Duration::from_secs(waits), "{value}");
    }
    for value in ["999999999999999999999999", "22000"] {
        let busy =
            format!("HTTP/1.1 429 Slow\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        let peer = Peer::new([answers_of(&[&busy])]);
        let session = session_with(adapter(&peer).max_retries(2));
        assert_eq!(
            session.get("http://h/").send().unwrap().status_code(),
            429,
            "{value}"
        );
    }
}

#[test]
fn no_wait_goes_past_the_deadline() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::new([answers_of(&[busy, OK])]);
    let mut session = session_with(adapter(&peer).max_retries(5));
    session.set_clock(peer.clone());
    session.set_deadline(Some(Duration::from_secs(30)));
    assert_eq!(session.get("http://h/").send().unwrap().status_code(), 503);
    assert_eq!(peer.elapsed(), Duration::ZERO);
}

/// A copy that makes its connections otherwise gets none that were made before.
#[test]
fn a_copy_past_another_filter_has_connections_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut block = [0; 4_096];
        while stream.read(&mut block).is_ok_and(|count| count > 0) {
            stream.write_all(OK.as_bytes()).unwrap();
        }
    });
    let first = HTTPAdapter::new();
    let copy = first.clone();
    let strict = first.clone().allow_addresses(|_| false);
    let session = session_with(first);
    assert!(session.get(&url).send().is_ok());
    assert_eq!(copy.idle_connections(), 1);
    assert_eq!(strict.idle_connections(), 0);
    let refused = session_with(strict).get(&url).send().unwrap_err();
    assert!(matches!(
        refused.kind(),
        ExceptionKind::AddressNotAllowed(_)
    ));
    session.close();
    server.join().unwrap();
}

/// Ten are free, and of a hundred requests twenty may be sent again.
#[test]
fn the_budget_of_retries_grows_with_the_requests() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
    for (budget, heads_expected) in [(Some(20), 100 + 30), (Some(0), 100 + 10), (None, 200)] {
        let peer = Peer::new([answers_of(&[busy; 200])]);
        let mut retry = Retry::new(1).status_forcelist([503]).raise_on_status(false);
        retry.budget = budget;
        let session = session_with(adapter(&peer).max_retries(retry));
        for _ in 0..100 {
            assert_eq!(session.get("http://h/").send().unwrap().status_code(), 503);
        }
        assert_eq!(heads(&peer, 0).len(), heads_expected, "{budget:?}");
    }
}

/// What may be sent twice is the caller's to say.
#[test]
fn methods_that_may_be_sent_twice_are_settable() {
    const LATER: &str = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n";
    let again = |retry: Retry, method: &str| {
        let peer = Peer::new([answers_of(&[LATER, OK])]);
        let retry = retry.status_forcelist([503]).raise_on_status(false);
        let session = session_with(adapter(&peer).max_retries(retry));
        let response = session.request(method, "http://h/").send().unwrap();
        response.status_code() == 200
    };
    let listed = || Retry::new(1).allowed_methods(["POST"]);
    assert!(again(Retry::new(1), "GET") && !again(Retry::new(1), "POST"));
    assert!(!again(listed(), "GET") && again(listed(), "POST"));
    assert!(again(Retry::new(1).any_method(), "POST"));
}

/// Each kind of failure has a number of its own, beside that of all.
#[test]
fn retries_are_bounded_by_their_kind() {
    const LATER: &str = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n";
    for (most, made) in [(0, 1), (1, 2), (2, 3)] {
        let peer = Peer::new([answers_of(&[LATER; 5])]);
        let mut retry = Retry::new(4).status_forcelist([503]).raise_on_status(false);
        retry.status = Some(most);
        retry.read = Some(0);
        let session = session_with(adapter(&peer).max_retries(retry));
        session.get("http://h/").send().unwrap();
        assert_eq!(heads(&peer, 0).len(), made);
    }
}
