//! A chain of a redirect, a challenge and an answer, in which every call fails once in every way, and
//! every answer is cut at every octet: the whole body, or an error, and nothing left open.

use std::io::{ErrorKind, Read};

use stdhttp::auth::{Credentials, HTTPPasswordMgr};
use stdhttp::testing::{Fault, Script};
use stdhttp::urllib::Url;
use stdhttp::urllib::request::*;

use crate::{Net, field};

const CHAIN: [&str; 3] = [
    "HTTP/1.1 307 Moved\r\nLocation: /x\r\nContent-Length: 5\r\n\r\nmoved",
    "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 3\r\n\r\nwho",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n6\r\n of it\r\n0\r\n\r\n",
];

/// Opens the chain; the whole body, or an error of whatever kind.
fn open(net: &Net) -> Result<String, String> {
    let mut passwords = HTTPPasswordMgr::new();
    let area = Url::parse("http://h/").unwrap();
    passwords.add_password(None, &area, Credentials::new("me", "secret").unwrap());
    let opener = net
        .opener()
        .add_handler(HTTPBasicAuthHandler::new(passwords));
    let request = Request::new("http://h/").unwrap().with_data("data");
    let mut response = opener.open(request).map_err(|error| format!("{error:?}"))?;
    let mut body = String::new();
    match response.read_to_string(&mut body) {
        Ok(_) => Ok(body),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn scripts(answers: &[&str]) -> Vec<Script> {
    answers.iter().map(Script::answer).collect()
}

/// What must hold however it ended.
fn check(net: &Net, case: &str) {
    assert_eq!(net.peer.calls().open, 0, "{case}");
    let dialled = net.dialled().len();
    assert!(dialled <= 3, "{case}: {dialled} connections");
    for number in 0..dialled.saturating_sub(1) {
        let sent = net.sent(number);
        assert_eq!(field(&sent, "authorization"), None, "{case}: {sent}");
    }
}

#[test]
fn every_call_fails_in_every_way() {
    let net = Net::new(scripts(&CHAIN));
    assert_eq!(open(&net).as_deref(), Ok("all of it"));
    let calls = net.peer.calls().all;
    let faults = [
        Fault::Error(ErrorKind::ConnectionReset),
        Fault::Error(ErrorKind::BrokenPipe),
        Fault::Error(ErrorKind::WouldBlock),
        Fault::Error(ErrorKind::Interrupted),
        Fault::Short,
        Fault::Zero,
    ];
    let (mut whole, mut failed) = (0, 0);
    for call in 0..calls {
        for fault in faults {
            let net = Net::new(scripts(&CHAIN));
            net.peer.fault_once(call, fault);
            match open(&net) {
                Ok(body) => {
                    assert_eq!(body, "all of it", "{fault:?} at {call}");
                    whole += 1;
                }
                Err(error) => {
                    let harmless = fault == Fault::Short;
                    assert!(!harmless, "{fault:?} at {call}: {error}");
                    failed += 1;
                }
            }
            check(&net, &format!("{fault:?} at {call}"));
        }
    }
    println!("{calls} calls, {whole} runs were whole, {failed} failed");
    assert!(calls > 10 && whole > calls && failed > calls);
}

#[test]
fn every_answer_is_cut_at_every_octet() {
    let mut cuts = 0;
    for (hop, answer) in CHAIN.iter().enumerate() {
        for end in 0..answer.len() {
            let mut answers = CHAIN;
            answers[hop] = &answer[..end];
            let net = Net::new(scripts(&answers));
            let head = answer.find("\r\n\r\n").unwrap() + 4;
            match open(&net) {
                // The body of a redirect or a challenge is not read: its head says it all.
                Ok(body) => assert!(body == "all of it" && hop < 2 && end >= head, "{hop} {end}"),
                Err(error) => assert!(hop == 2 || end < head, "{hop} {end}: {error}"),
            }
            check(&net, &format!("hop {hop}, cut at {end}"));
            cuts += 1;
        }
    }
    println!("{cuts} cuts");
}

#[test]
fn answers_come_to_the_same_however_they_are_cut() {
    for sizes in [&[1][..], &[2], &[3, 1], &[7], &[64]] {
        let pieces = CHAIN
            .iter()
            .map(|answer| Script::new().expect_head().send_pieces(answer, sizes));
        let net = Net::new(pieces);
        assert_eq!(open(&net).as_deref(), Ok("all of it"), "{sizes:?}");
        check(&net, "pieces");
    }
}
