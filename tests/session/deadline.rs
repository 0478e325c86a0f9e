//! The deadline is one for a whole call: redirects, retries, what a server asks to wait for, slow heads
//! and slow content, on the virtual clock. What can be had in time is had, and nothing takes longer.
//!
//! `STDHTTP_LONG=1` takes 200,000 calls instead of 2,000.

use std::io::Read;

use stdhttp::requests::{ExceptionKind, RequestException, Retry, Timeout};
use stdhttp::testing::Ending;

use super::*;

const DONE: &str = "0123456789";
const SECOND: Duration = Duration::from_secs(1);

/// A sequence of numbers that are the same with each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// What a server does before it gives the content.
#[derive(Clone, Copy, Debug)]
enum Delay {
    /// A redirect whose content drips, which nobody waits for, since the connection is not kept.
    Moved { head: u64, drip: u64 },
    /// It is asked to be left alone for so long.
    Busy { head: u64, wait: u64 },
    /// It takes the request and is gone.
    Gone { head: u64 },
}

impl Delay {
    fn any(numbers: &mut Numbers) -> Self {
        let head = numbers.below(8);
        match numbers.below(3) {
            0 => Self::Moved {
                head,
                drip: numbers.below(4),
            },
            1 => Self::Busy {
                head,
                wait: numbers.below(12),
            },
            _ => Self::Gone { head },
        }
    }

    fn seconds(self) -> u64 {
        match self {
            Self::Moved { head, .. } | Self::Gone { head } => head,
            Self::Busy { head, wait } => head + wait,
        }
    }

    /// A connection of its own, on which it takes its time.
    fn script(self) -> Script {
        let late = |head: u64| Script::new().expect_head().wait(head as u32 * SECOND);
        match self {
            Self::Moved { head, drip } => {
                let start = "HTTP/1.1 302 Found\r\nLocation: /next\r\nConnection: close\r\n\
                     Content-Length: 3\r\n\r\n";
                dripping(late(head).send(start), "abc", drip)
            }
            Self::Busy { head, wait } => late(head)
                .send(format!(
                    "HTTP/1.1 503 Busy\r\nRetry-After: {wait}\r\nConnection: close\r\n\
                     Content-Length: 0\r\n\r\n"
                ))
                .end(Ending::Close),
            Self::Gone { head } => late(head).end(Ending::Close),
        }
    }
}

fn dripping(script: Script, content: &str, drip: u64) -> Script {
    let octets = content.as_bytes().chunks(1);
    octets
        .fold(script, |script, octet| {
            script.wait(drip as u32 * SECOND).send(octet)
        })
        .end(Ending::Close)
}

/// What a call came to.
#[derive(Debug, PartialEq)]
enum Came {
    Content,
    /// What a server gave that asked for more time than there is.
    Busy,
    TimedOut,
}

fn call(session: &Session, deadline: Duration, stream: bool) -> Came {
    let request = session.get("http://h/").deadline(deadline).stream(stream);
    let read = |error: std::io::Error| match error.downcast::<RequestException>() {
        Ok(error) => error,
        Err(error) => panic!("{error:?}"),
    };
    let content = request.send().and_then(|mut response| {
        let status = response.status_code();
        let mut content = Vec::new();
        response.read_to_end(&mut content).map_err(read)?;
        Ok((status, content))
    });
    match content {
        Ok((200, content)) => {
            assert_eq!(content, DONE.as_bytes());
            Came::Content
        }
        Ok((503, _)) => Came::Busy,
        Err(error) if error.is_timeout() && error.request().is_some() => Came::TimedOut,
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_call_goes_past_its_deadline_nor_gives_up_before_it() {
    let long = std::env::var_os("STDHTTP_LONG").is_some();
    let calls = if long { 200_000 } else { 2_000 };
    let mut numbers = Numbers(1);
    let mut came = [0; 3];
    for _ in 0..calls {
        let delays: Vec<_> = (0..numbers.below(6))
            .map(|_| Delay::any(&mut numbers))
            .collect();
        let drip = numbers.below(5);
        let takes = delays.iter().map(|delay| delay.seconds()).sum::<u64>() + 10 * drip;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
        let last = dripping(Script::new().expect_head().send(head), DONE, drip);
        let scripts = delays.iter().map(|delay| delay.script()).chain([last]);
        let peer = Peer::new(scripts.collect::<Vec<_>>());
        let mut retry = Retry::new(10).raise_on_status(false);
        retry.budget = None;
        let mut session = session_with(adapter(&peer).max_retries(retry));
        session.set_clock(peer.clone());
        // Never the very moment at which the content is whole.
        let deadline = SECOND * (1 + numbers.below(80) as u32) + SECOND / 2;
        let result = call(&session, deadline, numbers.below(2) == 0);
        let facts = format!(
            "{delays:?} {drip} {deadline:?} {:?} {result:?}",
            peer.elapsed()
        );
        assert!(peer.elapsed() <= deadline, "{facts}");
        assert_eq!(
            result == Came::Content,
            SECOND * takes as u32 <= deadline,
            "{facts}"
        );
        assert!(
            result != Came::TimedOut || peer.elapsed() == deadline,
            "{facts}"
        );
        came[result as usize] += 1;
    }
    let [whole, busy, timed_out] = came;
    println!(
        "{calls} calls with a deadline: {whole} whole, {busy} told to wait too long, {timed_out} out of time"
    );
    assert!(came.iter().all(|count| *count > calls / 50), "{came:?}");
}

#[test]
fn the_waits_between_retries_end_with_the_deadline() {
    let gone = || Script::new().expect_head().end(Ending::Close);
    let peer = Peer::new((0..12).map(|_| gone()).collect::<Vec<_>>());
    let mut retry = Retry::new(100).backoff_factor(SECOND);
    retry.backoff_jitter = Some(Duration::ZERO);
    let mut session = session_with(adapter(&peer).max_retries(retry));
    session.set_clock(peer.clone());
    session.set_deadline(Some(100 * SECOND));
    let error = session.get("http://h/").send().unwrap_err();
    // 0, 2, 4, 8, 16, 32; 64 more would be too long.
    assert_eq!(peer.elapsed(), 62 * SECOND);
    assert_eq!(peer.calls().connects, 7);
    assert!(
        matches!(error.kind(), ExceptionKind::ConnectionError(_)),
        "{error:?}"
    );
}

#[test]
fn who_waits_for_a_connection_waits_no_longer_than_the_deadline() {
    let held = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0";
    let peer = Peer::new([answers_of(&[held])]);
    let adapter = HTTPAdapter::new()
        .connector(dial(&peer))
        .pool_maxsize(1)
        .pool_block(true);
    let session = session_with(adapter);
    let held = session.get("http://h/").stream(true).send().unwrap();
    // Without the deadline it would wait for ever.
    let waiting = session.get("http://h/").timeout(Timeout::NONE);
    let error = waiting
        .deadline(Duration::from_millis(20))
        .send()
        .unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::EmptyPool),
        "{error:?}"
    );
    assert!(error.is_timeout() && error.request().is_some());
    drop(held);
}

#[test]
fn a_deadline_of_nothing_sends_nothing() {
    let (session, peer) = answering([OK]);
    let error = session
        .get("http://h/")
        .deadline(Duration::ZERO)
        .send()
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(peer.calls().connects, 0);
}

#[test]
fn a_deadline_binds_its_own_call_alone() {
    let slow = answers_of(&[OK])
        .wait(40 * SECOND)
        .expect_head()
        .wait(30 * SECOND)
        .send(OK);
    let peer = Peer::new([slow]);
    let session = session(&peer);
    session
        .get("http://h/")
        .deadline(10 * SECOND)
        .send()
        .unwrap();
    peer.pass(20 * SECOND);
    assert_eq!(
        session.get("http://h/").send().unwrap().text().unwrap(),
        "ok"
    );
    assert_eq!(peer.calls().connects, 1);
}
