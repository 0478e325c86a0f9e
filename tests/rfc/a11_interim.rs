//! Interim responses, `Expect` and `Upgrade`: RFC 9110 sections 7.8, 10.1.1 and 15.2, RFC 8297.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::HTTPException::{InvalidBody, TooLarge, TooMany, UnexpectedUpgrade};
use stdhttp::testing::Script;
use stdhttp::{BodyFault, CloseReason, ConnectionState, Continue, Counted, Measured};

use crate::support::{GET, SECOND, check_second, conn, ok, sent};

const FINAL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const EXPECT: (&str, &str) = ("Expect", "100-continue");

#[test]
fn s_15_2_1_any_number_of_interim_responses() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(3),
        "HTTP/1.1 102 Processing\r\n\r\n".into(),
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".into(),
        "HTTP/1.1 199 x\r\n\r\nHTTP/1.1 100\r\n\r\n".into(),
        "HTTP/1.1 100 C\r\n\r\n".repeat(32),
    ] {
        let answer = GET.answer(interim + FINAL);
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hi"[..]));
        assert!(answer.reusable);
    }
}

/// The status and `Link` of each interim response that a callback sees.
fn hints(answer: &str) -> Vec<(u16, String)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (mut conn, _) = conn([Script::answer(answer)]);
    let here = seen.clone();
    conn.on_interim(move |head| {
        let link = head.headers().get("link").unwrap_or_default().into_owned();
        here.lock().unwrap().push((head.status(), link));
    });
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[test]
fn s_15_2_2_a_callback_sees_interim_responses() {
    let seen = hints(&format!("HTTP/1.1 103 x\r\nLink: a\r\n\r\n{FINAL}"));
    assert_eq!(seen, [(103, "a".to_owned())]);
}

#[test]
fn s_15_2_3_interim_responses_are_limited() {
    let interim = "HTTP/1.1 100 C\r\n\r\n".repeat(33);
    let what = Counted::InterimResponses;
    let result = GET.run(interim);
    assert!(matches!(result, Err(TooMany { what: found, limit: 32 }) if found == what));
    let large = format!("HTTP/1.1 103 x\r\nLink: {}\r\n\r\n", "a".repeat(60_000)).repeat(5);
    refused!(
        GET,
        large + FINAL,
        TooLarge {
            what: Measured::Head,
            limit: 262_144
        }
    );
    let interim = "HTTP/1.1 102 x\r\n\r\n";
    let script = (0..32).fold(Script::new().expect_head(), |script, _| {
        script.wait(Duration::from_secs(1)).send(interim)
    });
    let (mut conn, peer) = conn([script]);
    conn.set_deadline(Some(Duration::from_secs(10)));
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(conn.getresponse().map(drop).unwrap_err().is_timeout());
    assert_eq!(peer.elapsed(), Duration::from_secs(10));
}

#[test]
fn s_15_2_4_an_interim_response_has_no_body() {
    for fields in [
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Content-Length: x",
    ] {
        let answer = GET.answer(format!("HTTP/1.1 100 Continue\r\n{fields}\r\n\r\n{FINAL}"));
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hi"[..]));
    }
}

#[test]
fn e_2_1_hints_never_join_the_final_response() {
    let hints = "HTTP/1.1 103 x\r\nLink: a\r\nSet-Cookie: x=y\r\nContent-Length: 9\r\n\r\n";
    let answer = GET.answer([hints, FINAL].concat());
    assert_eq!(
        answer.headers.keys().collect::<Vec<_>>(),
        ["Content-Length"]
    );
    assert_eq!(answer.body, b"hi");
}

#[test]
fn e_2_3_each_hint_stands_for_itself() {
    let first = "HTTP/1.1 103 x\r\nLink: a\r\n\r\n";
    let second = "HTTP/1.1 103 x\r\nLink: b\r\n\r\n";
    let seen = hints(&[first, second, FINAL].concat());
    assert_eq!(seen, [(103, "a".to_owned()), (103, "b".to_owned())]);
}

#[test]
fn s_10_1_1_1_no_expectation_without_content() {
    for method in ["GET", "POST"] {
        unsendable!(
            |c| c.request(method, "/", (), &[EXPECT]),
            InvalidBody {
                fault: BodyFault::ExpectWithoutBody
            }
        );
    }
    unsendable!(
        |c| c.request("POST", "/", "", &[EXPECT]),
        InvalidBody {
            fault: BodyFault::ExpectWithoutBody
        }
    );
}

#[test]
fn s_10_1_1_2_only_who_sends_the_field_waits() {
    let script = Script::new().expect_head().send("HTTP/1.1 100 C\r\n\r\n");
    let (mut conn, peer) = conn([script.expect("x").send(FINAL)]);
    conn.request("PUT", "/", "x", &[EXPECT]).unwrap();
    assert!(
        peer.received(0)
            .ends_with(b"\r\nExpect: 100-continue\r\n\r\nx")
    );
    assert_eq!((peer.calls().reads, peer.calls().writes), (1, 2));
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    peer.check().unwrap();
    let (mut conn, peer) = super::support::conn([Script::answer(FINAL)]);
    conn.request("PUT", "/", "x", &[]).unwrap();
    assert_eq!((peer.calls().reads, peer.calls().writes), (0, 1));
    drop(conn.getresponse().unwrap());
}

#[test]
fn s_10_1_1_3_the_body_goes_out_after_a_second_of_silence() {
    let script = Script::new().expect_head().expect("x").send(FINAL);
    let (mut conn, peer) = conn([script]);
    conn.request("PUT", "/", "x", &[EXPECT]).unwrap();
    assert_eq!(peer.elapsed(), Duration::from_secs(1));
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    peer.check().unwrap();
}

#[test]
fn s_10_1_1_4_417_can_be_answered_by_a_second_request() {
    let refusal = "HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n";
    let second = Script::new().expect_head().expect("x").send(FINAL);
    let (mut conn, peer) = conn([Script::new().expect_head().send(refusal), second]);
    conn.request("PUT", "/", "x", &[EXPECT]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 417);
    conn.request("PUT", "/", "x", &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert_eq!(peer.calls().connects, 2);
    peer.check().unwrap();
}

#[test]
fn s_10_1_1_5_a_final_answer_keeps_the_body_here() {
    let refusal = "HTTP/1.1 401 x\r\nContent-Length: 2\r\n\r\nno";
    let script = Script::new().expect_head().send(refusal);
    let (mut conn, peer) = conn([script, Script::answer(SECOND)]);
    conn.request("PUT", "/", "body", &[EXPECT]).unwrap();
    let mut response = conn.getresponse().unwrap();
    assert_eq!(
        (response.status(), response.request_complete()),
        (401, false)
    );
    assert_eq!(
        response.close_reason(),
        Some(CloseReason::RequestIncomplete)
    );
    assert_eq!(response.read(None).unwrap(), b"no");
    assert!(peer.received(0).ends_with(b"\r\n\r\n"));
    check_second(&mut conn);
    assert_eq!(peer.calls().connects, 2);
}

#[test]
fn s_10_1_1_6_the_expectation_is_compared_without_case() {
    let script = Script::new().expect_head().send("HTTP/1.1 100 C\r\n\r\n");
    let (mut conn, peer) = conn([script.expect("x").send(FINAL)]);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("expect", "100-Continue").unwrap();
    conn.putheader("Content-Length", 1).unwrap();
    conn.endheaders().unwrap();
    assert_eq!(conn.await_continue().unwrap(), Continue::Continue);
    conn.send(b"x").unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert_eq!(peer.calls().writes, 2);
    unsendable!(
        |c| c.request("GET", "/", (), &[("EXPECT", "100-CONTINUE")]),
        InvalidBody { .. }
    );
}

#[test]
fn s_10_1_1_7_a_late_100_is_skipped() {
    let late = format!("HTTP/1.1 100 Continue\r\n\r\n{FINAL}");
    let script = Script::new().expect_head().expect("x").send(&late);
    let (mut conn, _) = conn([script.expect_head().send(SECOND)]);
    conn.request("PUT", "/", "x", &[EXPECT]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"hi");
    check_second(&mut conn);
}

#[test]
fn s_7_8_1_upgrade_is_named_in_connection() {
    let request = sent(|conn| conn.request("GET", "/", (), &[("Upgrade", "websocket")]));
    assert!(request.contains("\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"));
    let both = [("Connection", "Upgrade"), ("Upgrade", "websocket")];
    let request = sent(|conn| conn.request("GET", "/", (), &both));
    assert_eq!(request.matches("Connection:").count(), 1);
}

const SWITCH: &str = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

#[test]
fn s_7_8_2_no_new_protocol_before_101() {
    let script = Script::new().expect_head().expect("body").send(SWITCH);
    let (mut conn, peer) = conn([script]);
    conn.request("POST", "/", "body", &[("Upgrade", "websocket")])
        .unwrap();
    assert_eq!(conn.state(), ConnectionState::RequestSent);
    assert_eq!(conn.getresponse().unwrap().status(), 101);
    assert_eq!(conn.state(), ConnectionState::Switched);
    peer.check().unwrap();
    assert!(conn.request("GET", "/", (), &[]).is_err());
}

#[test]
fn s_7_8_3_an_unasked_101_is_an_error() {
    let (mut conn, peer) = conn([
        Script::new().expect_head().send(SWITCH),
        Script::answer(SECOND),
    ]);
    conn.request("GET", "/", (), &[]).unwrap();
    assert!(matches!(conn.getresponse(), Err(UnexpectedUpgrade)));
    assert_eq!(peer.calls().open, 0);
    check_second(&mut conn);
}

/// Whether a 101 with these fields is taken after a request with these offers.
fn switches(offers: &[(&str, &str)], fields: &str) -> bool {
    let answer = format!("HTTP/1.1 101 x\r\n{fields}\r\n");
    let (mut conn, peer) = conn([Script::new().expect_head().expect("body").send(answer)]);
    conn.request("POST", "/", "body", offers).unwrap();
    let switched = match conn.getresponse() {
        Ok(response) => response.status() == 101,
        Err(UnexpectedUpgrade) => false,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(peer.calls().open, usize::from(switched));
    switched
}

#[test]
fn s_7_8_3_a_protocol_that_was_not_offered() {
    let both = [("Upgrade", "a/1, b"), ("X", "y"), ("Upgrade", "c")];
    for chosen in ["a/1", "b", "c", "a/1, c", "c,,b", ""] {
        assert!(
            switches(&both, &format!("Upgrade: {chosen}\r\n")),
            "{chosen}"
        );
    }
    for chosen in ["a", "a/2", "b, d", "y", "a/1 b"] {
        assert!(
            !switches(&both, &format!("Upgrade: {chosen}\r\n")),
            "{chosen}"
        );
    }
    assert!(switches(&both, ""));
    assert!(!switches(&both, "Upgrade: b\r\nUpgrade: d\r\n"));
}

#[test]
fn s_7_8_5_protocol_names_count_in_any_case() {
    assert!(switches(
        &[("upGrade", "WebSocket")],
        "UPGRADE: websocket\r\n"
    ));
}

#[test]
fn s_7_8_4_octets_behind_101_belong_to_the_new_protocol() {
    let answer = format!("{SWITCH}WSBYTES");
    let (mut conn, _) = conn([Script::new().expect_head().send(&answer)]);
    conn.request("GET", "/", (), &[("Upgrade", "websocket")])
        .unwrap();
    let response = conn.getresponse().unwrap();
    assert_eq!(response.getheader("upgrade").as_deref(), Some("websocket"));
    assert!(response.is_complete());
    assert_eq!(conn.into_inner().unwrap().1, b"WSBYTES");
    let (mut conn, _) = super::support::conn([Script::new().expect_head().send(&answer)]);
    conn.request("GET", "/", (), &[("Upgrade", "websocket")])
        .unwrap();
    let response = conn.into_response().unwrap();
    assert_eq!(response.into_inner().unwrap().1, b"WSBYTES");
}

#[test]
fn s_15_5_22_1_426_is_a_final_response() {
    let fields = "Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 0";
    let answer = GET.answer(format!("HTTP/1.1 426 Upgrade Required\r\n{fields}\r\n\r\n"));
    assert!(answer.status == 426 && answer.reusable);
    assert_eq!(
        GET.answer(ok("Upgrade: h2c\r\nContent-Length: 0", ""))
            .status,
        200
    );
}
