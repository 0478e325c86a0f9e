//! Two exchanges on one connection to a scripted peer: the first is cut and disturbed as the input
//! says, the second must be answered by its own answer or fail.

use std::io::ErrorKind;
use std::time::Duration;

use crate::Choices;
use crate::outcome::{Failure, Outcome, Setting, read_response};
use stdhttp::testing::{Ending, Fault, Peer, Script};
use stdhttp::{ConnectionState, HTTPConnection, HTTPException, StaleCheck, Tolerance};

/// The answer to the second request, which is the only one with this status.
const SECOND: &[u8] = b"HTTP/1.1 299 Second\r\nContent-Length: 5\r\n\r\ntoken";
const DEADLINE: Duration = Duration::from_secs(10);

const FAULTS: [Fault; 9] = [
    Fault::Short,
    Fault::Error(ErrorKind::Interrupted),
    Fault::Error(ErrorKind::WouldBlock),
    Fault::Error(ErrorKind::ConnectionReset),
    Fault::Error(ErrorKind::BrokenPipe),
    Fault::Error(ErrorKind::UnexpectedEof),
    Fault::Error(ErrorKind::Other),
    Fault::Slow(Duration::from_millis(1)),
    Fault::Slow(Duration::from_secs(60)),
];

/// What the first exchange meets.
#[derive(Debug)]
pub struct Plan<'a> {
    setting: Setting<'static>,
    ending: Ending,
    pieces: [usize; 2],
    fault: Fault,
    at: usize,
    for_good: bool,
    input: &'a [u8],
}

/// What came of both exchanges.
#[derive(Debug)]
pub struct Run {
    pub first: Outcome,
    second: Result<Vec<u8>, HTTPException>,
    peer: Peer,
}

impl<'a> Plan<'a> {
    pub fn new(mut choices: Choices<'a>) -> Self {
        let method = choices.of(&["GET", "HEAD", "POST", "CONNECT"]);
        let mut setting = Setting::new(method, None);
        setting.tolerance = choices.of(&[
            Tolerance::STANDARD,
            Tolerance::STRICT,
            // The one switch that lets a body end short without an error.
            Tolerance::HTTP_CLIENT.with(|tolerance| tolerance.quiet_end = false),
        ]);
        setting.buffer = choices.of(&[4_096, 1, 7, 100_000]);
        let ending = [
            Ending::Silence,
            Ending::Close,
            Ending::Reset,
            Ending::Truncate,
        ];
        let ending = choices.of(&ending);
        let pieces = [choices.octet().into(), choices.octet().into()];
        let fault = choices.of(&FAULTS);
        Self {
            setting,
            ending,
            pieces,
            fault,
            at: choices.octet().into(),
            // A call that is interrupted for ever is tried again for ever.
            for_good: choices.yes() && fault != Fault::Error(ErrorKind::Interrupted),
            input: choices.rest(),
        }
    }

    fn script(&self, pieces: &[usize]) -> Script {
        let script = Script::new().expect_head();
        let script = script.send_pieces(self.input, pieces).end(self.ending);
        match self.ending {
            Ending::Silence => script.expect_head().send(SECOND),
            _ => script,
        }
    }

    /// In one piece and without a fault.
    pub fn clean(&self) -> Run {
        self.run(&[usize::MAX], |_| {})
    }

    pub fn cut(&self) -> Run {
        self.run(&self.pieces, |_| {})
    }

    pub fn cut_with_fault(&self) -> Run {
        self.run(&self.pieces, |peer| match self.for_good {
            true => peer.fault_from(self.at, self.fault),
            false => peer.fault_once(self.at, self.fault),
        })
    }

    fn run(&self, pieces: &[usize], disturb: impl Fn(&Peer)) -> Run {
        let scripts = [self.script(pieces), Script::answer(SECOND)];
        let peer = Peer::new(scripts);
        disturb(&peer);
        let builder = HTTPConnection::builder("example.org")
            .connector(peer.clone())
            .clock(peer.clone());
        let mut conn = builder
            .tolerance(self.setting.tolerance)
            .stale_check(StaleCheck::Always)
            .read_timeout(Duration::from_secs(1))
            .deadline(DEADLINE)
            .build()
            .expect("a good host");
        let first = self.first(&mut conn);
        if conn.state() == ConnectionState::Switched {
            conn.close();
        }
        // A connection that never was leaves its answer to the next one.
        let second = match peer.received(0).is_empty() {
            true => Ok(b"token".to_vec()),
            false => second(&mut conn),
        };
        Run {
            first,
            second,
            peer,
        }
    }

    fn first(&self, conn: &mut HTTPConnection<Peer>) -> Outcome {
        let sent = match self.setting.method {
            "POST" => conn.request("POST", "/", "abc", &[]),
            "CONNECT" => conn.request("CONNECT", "example.org:443", (), &[]),
            method => conn.request(method, "/", (), &[]),
        };
        match sent.and_then(|()| conn.getresponse()) {
            Ok(response) => Outcome {
                // Octets behind the message may be known already or not; the second exchange
                // shows what that does.
                reusable: false,
                ..read_response(response, self.setting.buffer, 0)
            },
            Err(error) => failed(&error),
        }
    }

    /// A fault that only makes calls shorter or slower changes nothing.
    pub fn is_invisible(&self) -> bool {
        let short = [Fault::Short, Fault::Slow(Duration::from_millis(1))];
        short.contains(&self.fault)
    }
}

fn failed(error: &HTTPException) -> Outcome {
    Outcome {
        blocked: error.is_timeout(),
        failure: (!error.is_timeout()).then(|| Failure::of(error)),
        ..Outcome::default()
    }
}

fn second(conn: &mut HTTPConnection<Peer>) -> Result<Vec<u8>, HTTPException> {
    conn.request("GET", "/second", (), &[])?;
    let mut response = conn.getresponse()?;
    assert_eq!(response.status(), 299, "an answer to another request");
    response.read(None)
}

impl Run {
    /// Either what came without a disturbance, or a beginning of it and an error.
    pub fn assert_not_more_than(&self, clean: &Self) {
        if self.first == clean.first {
            return;
        }
        assert!(!self.first.is_complete(), "{:?}", self.first);
        assert!(self.first.failure.is_some() || self.first.blocked);
        assert!(clean.first.body.starts_with(&self.first.body));
        assert!(self.first.head.is_none() || self.first.head == clean.first.head);
    }

    /// The second exchange got its own answer or failed; undisturbed it can't fail.
    pub fn assert_second(&self, may_fail: bool) {
        match &self.second {
            Ok(body) => assert_eq!(body, b"token"),
            Err(error) => assert!(may_fail, "{error:?}"),
        }
    }

    /// Calls and time are bounded by what came.
    pub fn assert_bounded(&self, length: usize, slow: bool) {
        let calls = self.peer.calls();
        assert!(calls.all <= 4 * length + 400, "{calls:?}");
        assert!(slow || self.peer.elapsed() <= 2 * DEADLINE);
        assert!(calls.connects <= 2 && calls.open <= 1, "{calls:?}");
    }
}

/// Runs an input in three ways and compares them.
pub fn judge(plan: &Plan<'_>) {
    let clean = plan.clean();
    clean.assert_second(false);
    let cut = plan.cut();
    assert_eq!(cut.first, clean.first, "cut");
    cut.assert_second(false);
    cut.assert_bounded(plan.input.len(), false);
    let disturbed = plan.cut_with_fault();
    if plan.is_invisible() {
        assert_eq!(disturbed.first, clean.first, "short or slow");
    }
    disturbed.assert_not_more_than(&clean);
    disturbed.assert_second(!plan.is_invisible());
    let slow = matches!(plan.fault, Fault::Slow(_));
    disturbed.assert_bounded(plan.input.len(), slow);
}
