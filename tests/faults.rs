//! Proves that no failure of any call of the transport, at any moment, does harm: every call of
//! every scenario fails in every way, once and for good, then two calls at a time. Interrupted
//! calls and short reads and writes are invisible; every other fault ends as the table says; no
//! request is written twice; what was delivered is a prefix; the next request works.
//!
//! `STDHTTP_LONG=1` tries a million pairs instead of 20,000.
#![allow(missing_docs)]

use std::io::ErrorKind;
use std::time::Duration;

use stdhttp::testing::{Call, Calls, Fault, Peer};
use stdhttp::{ConnectionState, End, HTTPException, Look, Step};

#[path = "support/random.rs"]
mod random;
#[path = "support/scenarios.rs"]
mod scenarios;

use random::Random;
use scenarios::{Entry, Play, Scenario};

const HOUR: Duration = Duration::from_secs(3_600);

/// Every kind that systems and TLS give for a socket's calls, and what they do besides.
const FAULTS: [Fault; 28] = [
    Fault::Error(ErrorKind::Interrupted),
    Fault::Error(ErrorKind::WouldBlock),
    Fault::Error(ErrorKind::TimedOut),
    Fault::Error(ErrorKind::ConnectionReset),
    Fault::Error(ErrorKind::ConnectionAborted),
    Fault::Error(ErrorKind::ConnectionRefused),
    Fault::Error(ErrorKind::BrokenPipe),
    Fault::Error(ErrorKind::NotConnected),
    Fault::Error(ErrorKind::UnexpectedEof),
    Fault::Error(ErrorKind::HostUnreachable),
    Fault::Error(ErrorKind::NetworkUnreachable),
    Fault::Error(ErrorKind::NetworkDown),
    Fault::Error(ErrorKind::AddrNotAvailable),
    Fault::Error(ErrorKind::AddrInUse),
    Fault::Error(ErrorKind::PermissionDenied),
    Fault::Error(ErrorKind::InvalidInput),
    Fault::Error(ErrorKind::InvalidData),
    Fault::Error(ErrorKind::WriteZero),
    Fault::Error(ErrorKind::OutOfMemory),
    Fault::Error(ErrorKind::Unsupported),
    Fault::Error(ErrorKind::Other),
    Fault::Short,
    Fault::Zero,
    Fault::Slow(HOUR),
    Fault::Look(Look::Idle),
    Fault::Look(Look::Data),
    Fault::Look(Look::Closed),
    Fault::Look(Look::Unknown),
];

/// How a run may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As without faults.
    Same,
    Timeout,
    /// With the stream's own error.
    Io(ErrorKind),
    /// As if the peer had ended the connection so.
    Ended(End),
    /// As without faults, but on another connection.
    Replaced,
    /// The peer had answered, which is worth more than the failure of a write; the connection is
    /// given up.
    Answered,
}

/// The table: what a fault of a call may come to.
fn table(scenario: &Scenario, call: Call, fault: Fault) -> Vec<Verdict> {
    use Verdict::{Answered, Ended, Io, Replaced, Same, Timeout};
    let mut verdicts = match (call, fault) {
        // What the goodbye comes to is the peer's affair.
        (Call::Shutdown, _) => vec![Same],
        (_, Fault::Short) if scenario.half_read => vec![Same, Replaced],
        (_, Fault::Short) => vec![Same],
        (_, Fault::Slow(_)) => vec![Same, Timeout],
        (Call::Look, Fault::Look(Look::Idle | Look::Unknown)) => vec![Same, Ended(End::Closed)],
        // While a body is sent, a look that sees something is followed by a read.
        (Call::Look, Fault::Look(_)) if scenario.large => vec![Same, Timeout],
        (Call::Look, Fault::Error(ErrorKind::Interrupted)) => vec![Same],
        (Call::Look, Fault::Error(_)) if scenario.large => vec![Same, Timeout],
        (Call::Look, Fault::Look(_) | Fault::Error(_)) => vec![Same, Replaced],
        (_, Fault::Look(_)) => vec![Same],
        (Call::Read, Fault::Zero) => vec![Ended(End::Closed)],
        (Call::Write, Fault::Zero) => vec![Io(ErrorKind::WriteZero), Answered],
        (_, Fault::Zero) => vec![Same],
        // Connecting and setting timeouts are never interrupted, nor do they block.
        (Call::Connect, Fault::Error(kind)) => vec![Io(kind)],
        (Call::Timeout, Fault::Error(kind)) => vec![Io(kind), Answered],
        (_, Fault::Error(ErrorKind::Interrupted)) => vec![Same],
        (Call::Write | Call::Flush, Fault::Error(ErrorKind::WouldBlock)) => {
            vec![Timeout, Answered]
        }
        // While a body is sent, what can't be read yet is read later.
        (Call::Read, Fault::Error(ErrorKind::WouldBlock)) if scenario.large => {
            vec![Timeout, Answered]
        }
        (_, Fault::Error(ErrorKind::WouldBlock)) => vec![Timeout],
        // Elsewhere the peer is dead, and this is an error like the others.
        (_, Fault::Error(ErrorKind::TimedOut)) if cfg!(windows) => vec![Timeout],
        (Call::Read, Fault::Error(kind)) => vec![end_of(kind).map_or(Io(kind), Ended)],
        (Call::Write | Call::Flush, Fault::Error(kind)) => vec![Io(kind), Answered],
        (_, Fault::Error(kind)) => vec![Io(kind)],
        _ => panic!("a kind of call or fault that the table does not have"),
    };
    let in_tunnel = scenario.tunnel && call == Call::Read;
    match fault {
        // A tunnel that does not come about has no response whose end would matter.
        Fault::Error(kind) if in_tunnel && end_of(kind).is_some() => verdicts.push(Io(kind)),
        Fault::Error(_) | Fault::Zero if scenario.goes_on && call != Call::Connect => {
            // A peer that did not get the request does not answer it either.
            verdicts.extend([Same, Timeout]);
        }
        _ => {}
    }
    verdicts
}

/// The errors of a read that mean the end of the stream.
fn end_of(kind: ErrorKind) -> Option<End> {
    match kind {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Some(End::Reset)
        }
        ErrorKind::UnexpectedEof => Some(End::Truncated),
        _ => None,
    }
}

/// What a run came to.
struct Run {
    result: Result<(), HTTPException>,
    journal: Vec<Entry>,
    calls: Calls,
    hits: Vec<(usize, Call, Fault)>,
}

impl Run {
    fn is_same(&self, clean: &Self) -> bool {
        self.journal == clean.journal
            && self.calls.connects == clean.calls.connects
            && self.outcome() == clean.outcome()
    }

    /// The result as text; a line that can't become a status line is shown as far as it came.
    fn outcome(&self) -> String {
        match &self.result {
            Err(HTTPException::BadStatusLine { .. }) => "BadStatusLine".into(),
            result => format!("{result:?}"),
        }
    }

    fn fits(&self, verdict: Verdict, clean: &Self, scenario: &Scenario) -> bool {
        match (verdict, &self.result) {
            (Verdict::Same, _) => self.is_same(clean),
            (Verdict::Timeout, Err(error)) => error.is_timeout(),
            (Verdict::Io(kind), Err(HTTPException::Io { error, .. })) => error.kind() == kind,
            (Verdict::Ended(_), Err(HTTPException::RemoteDisconnected { .. })) => true,
            (Verdict::Ended(end), Err(HTTPException::IncompleteRead(read))) => read.end == end,
            (Verdict::Ended(End::Closed), Ok(())) => scenario.until_close,
            // The proxy's refusal is told by its head; its body is kept as far as it comes.
            (Verdict::Ended(_) | Verdict::Io(_), Err(HTTPException::TunnelFailed(_))) => true,
            (Verdict::Answered, Ok(())) => self.journal.iter().any(|entry| entry.status > 0),
            (Verdict::Answered, Err(HTTPException::BodyNotWanted { .. })) => true,
            (Verdict::Answered, Err(_)) => self.outcome() == clean.outcome(),
            (Verdict::Replaced, Ok(())) => self.calls.connects > clean.calls.connects,
            _ => false,
        }
    }
}

/// Plays the scenario with these faults, and checks what holds whatever happens.
fn run(scenario: &Scenario, faults: &[(usize, usize, Fault)], what: &dyn Fn() -> String) -> Run {
    let peer = scenario.peer();
    for (from, to, fault) in faults {
        peer.fault_between(*from, *to, *fault);
    }
    let (mut play, result) = scenario.play(&peer);
    let run = Run {
        result,
        journal: std::mem::take(&mut play.journal),
        calls: peer.calls(),
        hits: peer.hits(),
    };
    check_connection(&play, &run, what);
    check_requests(scenario, &peer, what);
    check_next(scenario, &peer, &mut play, &run, what);
    drop(play);
    assert_eq!(peer.calls().open, 0, "{}: a stream was left open", what());
    run
}

/// After a failure the connection is closed, unless it may be used to go on.
fn check_connection(play: &Play, run: &Run, what: &dyn Fn() -> String) {
    let Err(error) = &run.result else { return };
    let step = match error {
        // The answer can be had.
        HTTPException::TimedOut { .. } | HTTPException::BodyNotWanted { .. } => return,
        HTTPException::Io { step, .. } => Some(*step),
        _ => None,
    };
    if step != Some(Step::Write) {
        assert!(!play.conn.is_connected(), "{}: {error:?}", what());
        assert_eq!(play.conn.state(), ConnectionState::Idle, "{}", what());
    }
    if error.is_retryable() {
        let retry = error.retry().unwrap();
        assert!(
            !retry.answered && (retry.reused || !retry.written),
            "{}: {error:?}",
            what()
        );
    }
}

/// No request was written twice, and the secrets went where they belong.
fn check_requests(scenario: &Scenario, peer: &Peer, what: &dyn Fn() -> String) {
    let sent: Vec<Vec<u8>> = (0..peer.calls().connects)
        .map(|place| peer.received(place))
        .collect();
    let count = |needle: &[u8]| {
        let windows = sent.iter().flat_map(|sent| sent.windows(needle.len()));
        windows.filter(|window| *window == needle).count()
    };
    if !scenario.large {
        for token in ["/token ", "/first ", "/second "] {
            assert!(
                count(token.as_bytes()) <= 1,
                "{}: {token} was sent twice",
                what()
            );
        }
    }
    if scenario.tunnel {
        for sent in sent.iter().map(|sent| String::from_utf8_lossy(sent)) {
            let (outer, inner) = sent.split_once("\r\n\r\n").unwrap_or((&sent, ""));
            assert!(!outer.contains("inner-secret") && !inner.contains("proxy-secret"));
        }
    }
}

/// Once the faults are over, the next request works; nothing was written in between.
fn check_next(
    scenario: &Scenario,
    peer: &Peer,
    play: &mut Play,
    run: &Run,
    what: &dyn Fn() -> String,
) {
    assert_eq!(
        peer.calls().bytes_written,
        run.calls.bytes_written,
        "{}",
        what()
    );
    peer.clear_faults();
    peer.set_scripts([scenario.rescue()]);
    let next = play.conn.request("GET", "/next", (), &[]).and_then(|()| {
        let mut response = play.conn.getresponse()?;
        response.read(None)
    });
    match next {
        Ok(_) => assert_eq!(play.conn.state(), ConnectionState::Idle, "{}", what()),
        Err(error) => panic!("{}: the next request failed: {error:?}", what()),
    }
}

/// Checks a run against the one without faults.
fn judge(scenario: &Scenario, clean: &Run, run: &Run, what: &dyn Fn() -> String) {
    let octets = usize::try_from(clean.calls.bytes_read + clean.calls.bytes_written).unwrap();
    let short = run.hits.iter().any(|(_, _, fault)| *fault == Fault::Short);
    let bound = 10 * clean.calls.all + 100 + if short { 2 * octets } else { 0 };
    assert!(
        run.calls.all <= bound,
        "{}: {} calls",
        what(),
        run.calls.all
    );
    check_bodies(clean, run, what);
    let verdicts: Vec<Vec<Verdict>> = run
        .hits
        .iter()
        .map(|(_, call, fault)| table(scenario, *call, *fault))
        .collect();
    let invisible = verdicts
        .iter()
        .all(|verdicts| verdicts.contains(&Verdict::Same));
    let fits = verdicts
        .iter()
        .flatten()
        .filter(|verdict| invisible || **verdict != Verdict::Same)
        .any(|verdict| run.fits(*verdict, clean, scenario));
    let unharmed = invisible && run.is_same(clean);
    assert!(
        fits || unharmed,
        "{}: {:?} after {:?}; without faults {:?}; {:?} where {:?}",
        what(),
        run.result,
        run.hits.iter().take(3).collect::<Vec<_>>(),
        clean.result,
        run.journal
            .last()
            .map(|entry| (entry.status, entry.body.len(), entry.complete)),
        clean
            .journal
            .last()
            .map(|entry| (entry.status, entry.body.len(), entry.complete)),
    );
}

/// What was delivered is a prefix of what is delivered without faults, or of what the
/// connections answer that take over.
fn check_bodies(clean: &Run, run: &Run, what: &dyn Fn() -> String) {
    for (place, entry) in run.journal.iter().enumerate() {
        let due = clean
            .journal
            .get(place)
            .is_some_and(|due| due.body.starts_with(&entry.body));
        let replaced = run.calls.connects > clean.calls.connects;
        let rescued = replaced && b"rescue".starts_with(&entry.body[..]);
        assert!(due || rescued, "{}: {entry:?}", what());
    }
}

fn clean(scenario: &Scenario) -> Run {
    let run = run(scenario, &[], &|| scenario.name.clone());
    assert!(run.calls.connects <= 2, "{}: needs a rescue", scenario.name);
    assert!(run.hits.is_empty());
    run
}

/// How long an interruption lasts: a call that is interrupted for ever never ends.
const BURST: usize = 5;

#[test]
fn every_call_fails_in_every_way_once_and_for_good() {
    let scenarios = scenarios::all();
    assert!(scenarios.len() >= 45, "{}", scenarios.len());
    let (mut runs, mut hits) = (0, 0);
    for scenario in &scenarios {
        let clean = clean(scenario);
        for fault in FAULTS {
            for at in 0..clean.calls.all {
                for to in lengths(scenario, fault, at) {
                    let what = || format!("{}, {fault:?} at {at}..{to}", scenario.name);
                    let run = run(scenario, &[(at, to, fault)], &what);
                    judge(scenario, &clean, &run, &what);
                    runs += 1;
                    hits += run.hits.len();
                }
            }
        }
    }
    println!(
        "{} scenarios, {runs} runs, {hits} calls that misbehaved",
        scenarios.len()
    );
    assert!(runs >= 20_000, "{runs}");
}

/// Once, and for good.
fn lengths(scenario: &Scenario, fault: Fault, at: usize) -> Vec<usize> {
    match fault {
        Fault::Error(ErrorKind::Interrupted) => vec![at + 1, at + BURST],
        // A megabyte in single bytes would show nothing that a short body does not.
        Fault::Short if scenario.large => vec![at + 1],
        _ => vec![at + 1, usize::MAX],
    }
}

#[test]
fn two_calls_fail_in_two_ways() {
    let pairs = if std::env::var_os("STDHTTP_LONG").is_some() {
        1_000_000
    } else {
        20_000
    };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STDHTTP_SEED={seed}");
    let scenarios: Vec<Scenario> = scenarios::all().into_iter().filter(|s| !s.large).collect();
    let cleans: Vec<Run> = scenarios.iter().map(clean).collect();
    let mut random = Random::new(seed);
    for pair in 0..pairs {
        let place = random.below(scenarios.len());
        let (scenario, clean) = (&scenarios[place], &cleans[place]);
        let at = random.below(clean.calls.all);
        let then = at + 1 + random.below(clean.calls.all);
        let faults = [*random.choose(&FAULTS), *random.choose(&FAULTS)];
        let what = || {
            format!(
                "pair {pair}: {}, {faults:?} at {at} and {then}",
                scenario.name
            )
        };
        let both = [(at, at + 1, faults[0]), (then, then + 1, faults[1])];
        let run = run(scenario, &both, &what);
        judge(scenario, clean, &run, &what);
    }
    println!("{pairs} pairs");
}
