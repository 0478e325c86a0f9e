//! Proves that no failure of any call of a server's stream, at any moment, does harm: every call of
//! every scenario fails in every way, once and for good, then two calls at a time. Interrupted
//! calls and short reads and writes are invisible; behind every other fault no further request is
//! served; no answer is taken for whole that is not; no body of a request seems complete that is
//! not; an answer that is missing is in the log; the next connection is served.
//!
//! `STDHTTP_LONG=1` tries a million pairs instead of 20,000, and every call of the scripts.
#![cfg(feature = "server")]
#![allow(missing_docs)]

use std::io::ErrorKind;
use std::time::Duration;

use stdhttp::Look;
use stdhttp::testing::{Call, Calls, Ending, Fault, Script};

#[path = "support/random.rs"]
mod random;
#[path = "support/server_scenarios.rs"]
mod scenarios;
#[path = "support/strict_answers.rs"]
mod strict_answers;

use random::Random;
use scenarios::{Called, Folder, Scenario};
use strict_answers::{Message, read_messages};

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

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

/// Whether a fault of a call leaves everything as it is.
fn is_invisible(call: Call, fault: Fault) -> bool {
    match (call, fault) {
        // What the goodbye and the look before it come to is the client's affair.
        (Call::Shutdown | Call::Look, _) => true,
        // Setting a timeout is never interrupted.
        (Call::Timeout, Fault::Error(_)) => false,
        (_, Fault::Error(kind)) => kind == ErrorKind::Interrupted,
        (Call::Read | Call::Write, Fault::Zero) => false,
        (_, Fault::Slow(_)) => false,
        _ => true,
    }
}

/// What a run came to.
struct Run {
    messages: Vec<Message>,
    called: Vec<Called>,
    /// The lines of the log that are not those of answered requests.
    notes: usize,
    calls: Calls,
    hits: Vec<(usize, Call, Fault)>,
}

impl Run {
    /// What was sent, without what differs from run to run.
    fn outline(&self) -> Vec<(u16, usize)> {
        let messages = self.messages.iter();
        messages
            .map(|message| (message.status, message.bytes.len()))
            .collect()
    }

    /// What the handler saw, whenever it did.
    fn seen(&self) -> Vec<Called> {
        let called = self.called.iter().cloned();
        called.map(|called| Called { at: 0, ..called }).collect()
    }

    fn whole_answers(&self) -> usize {
        let answers = self.messages.iter();
        answers
            .filter(|m| m.whole && !m.is_interim() && m.status > 0)
            .count()
    }

    /// The fault that can show.
    fn first_visible(&self) -> Option<(usize, Call, Fault)> {
        let mut hits = self.hits.iter().copied();
        hits.find(|(_, call, fault)| !is_invisible(*call, *fault))
    }
}

/// Plays the scenario with these faults, and checks what holds whatever happens.
fn run(
    scenario: &Scenario,
    folder: &Folder,
    faults: &[(usize, usize, Fault)],
    what: &dyn Fn() -> String,
) -> Run {
    let (peer, server) = scenario.server(folder);
    for (from, to, fault) in faults {
        peer.fault_between(*from, *to, *fault);
    }
    server.serve_connection(peer.accept().unwrap(), None);
    let calls = peer.calls();
    assert_eq!(calls.open, 0, "{}: the stream was left open", what());
    let site = server.handler();
    let called = std::mem::take(&mut *site.called.lock().unwrap());
    let lines = std::mem::take(&mut *site.lines.lock().unwrap());
    // A request whose line did not come whole has no method that the server could know.
    let methods = match lines.iter().any(|line| line.starts_with("\"\" ")) {
        true => vec!["GET"; scenario.methods.len()],
        false => scenario.methods.clone(),
    };
    let messages = read_messages(&peer.received(0), &methods, calls.shutdowns > 0);
    let mut messages = messages.unwrap_or_else(|wrong| panic!("{}: {wrong}", what()));
    messages.retain(|message| !scenario.may_continue || message.status != 100);
    let run = Run {
        messages,
        called,
        notes: lines.iter().filter(|line| !line.starts_with('"')).count(),
        calls,
        hits: peer.hits(),
    };
    // The next connection is served as if nothing had been.
    peer.clear_faults();
    let next = Script::new().send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.set_scripts([next.end(Ending::Close)]);
    server.serve_connection(peer.accept().unwrap(), None);
    let next = read_messages(&peer.received(1), &["GET"], true);
    let next = next.unwrap_or_else(|wrong| panic!("{}: next, {wrong}", what()));
    assert!(
        matches!(&next[..], [answer] if answer.whole && answer.body == b"plain"),
        "{}: the next connection got {next:?}",
        what()
    );
    run
}

fn clean(scenario: &Scenario, folder: &Folder) -> Run {
    let run = run(scenario, folder, &[], &|| scenario.name.into());
    let statuses: Vec<u16> = run.messages.iter().map(|message| message.status).collect();
    assert_eq!(statuses, scenario.statuses, "{}", scenario.name);
    run
}

/// Checks a run against the one without faults.
fn judge(clean: &Run, run: &Run, what: &dyn Fn() -> String) {
    let octets = usize::try_from(clean.calls.bytes_read + clean.calls.bytes_written).unwrap();
    let short = run.hits.iter().any(|(_, _, fault)| *fault == Fault::Short);
    let bound = 10 * clean.calls.all + 100 + if short { 2 * octets } else { 0 };
    assert!(
        run.calls.all <= bound,
        "{}: {} calls",
        what(),
        run.calls.all
    );
    check_called(clean, run, what);
    check_messages(clean, run, what);
    match run.first_visible() {
        None => {
            assert_eq!(run.seen(), clean.seen(), "{}", what());
            assert_eq!(run.outline(), clean.outline(), "{}", what());
        }
        Some((number, call, fault)) => {
            let after = run
                .called
                .iter()
                .filter(|called| called.at > number)
                .count();
            let harmful = !matches!(fault, Fault::Slow(_));
            assert!(
                after == 0 || !harmful,
                "{}: after {fault:?} of {call:?} another request was served",
                what()
            );
        }
    }
}

/// The handler saw what it sees without faults, or a beginning of it that it took for no more.
fn check_called(clean: &Run, run: &Run, what: &dyn Fn() -> String) {
    for (place, called) in run.called.iter().enumerate() {
        let fits = clean.called.get(place).is_some_and(|due| {
            let whole = !called.whole || (due.whole && due.body == called.body);
            due.target == called.target && due.body.starts_with(&called.body) && whole
        });
        assert!(fits, "{}: called with {called:?}", what());
    }
}

/// What was sent is what is sent without faults, or a beginning of it, perhaps with an error's
/// answer in the place of the next message; and the log says what is missing.
fn check_messages(clean: &Run, run: &Run, what: &dyn Fn() -> String) {
    for (place, message) in run.messages.iter().enumerate() {
        let last = place + 1 == run.messages.len();
        let due = clean.messages.get(place);
        let same = due.is_some_and(|due| due.is_same_as(message) && due.whole == message.whole);
        let begun = due.is_some_and(|due| due.begins_with(&message.bytes));
        let cut = last && begun && !message.whole;
        assert!(
            same || cut || last && is_of_an_error(message),
            "{}: {message:?} where {due:?} is due",
            what()
        );
    }
    let unanswered = run.called.len() > run.whole_answers();
    assert!(
        !unanswered || run.notes > 0,
        "{}: an answer is missing, and nothing says so",
        what()
    );
}

/// An answer to what failed, which closes the connection, or what could become one.
fn is_of_an_error(message: &Message) -> bool {
    match message.fields.is_empty() {
        true => [b"HTTP/1.1 400", b"HTTP/1.1 408", b"HTTP/1.1 500"]
            .iter()
            .any(|start| {
                let common = start.len().min(message.bytes.len());
                message.bytes[..common] == start[..common]
            }),
        false => matches!(message.status, 400 | 408 | 500) && message.closes,
    }
}

/// How long an interruption lasts: a call that is interrupted for ever never ends.
const BURST: usize = 5;

/// Once, and for good.
fn lengths(fault: Fault, at: usize) -> [usize; 2] {
    match fault {
        Fault::Error(ErrorKind::Interrupted) => [at + 1, at + BURST],
        // A large file in single bytes would show nothing that a short body does not.
        Fault::Short => [at + 1, at + 1_000],
        _ => [at + 1, usize::MAX],
    }
}

/// Behind a write that failed nothing is written, whether it would succeed or not.
fn check_last_write(runs: &[Run; 2], what: &dyn Fn() -> String) {
    let [once, for_good] = runs;
    let failed = once.hits.first().is_some_and(|(_, call, fault)| {
        matches!(call, Call::Write | Call::Flush) && !is_invisible(*call, *fault)
    });
    assert!(
        !failed || matches!(once.hits[0].2, Fault::Slow(_)) || once.outline() == for_good.outline(),
        "{}: written behind a write that failed",
        what()
    );
}

#[test]
fn every_call_fails_in_every_way_once_and_for_good() {
    let folder = Folder::new("single-faults");
    let scenarios = scenarios::all();
    let (mut runs, mut hits) = (0, 0);
    for scenario in &scenarios {
        let clean = clean(scenario, &folder);
        let faults = if scenario.slow && !is_long() {
            &FAULTS[..4]
        } else {
            &FAULTS
        };
        for fault in faults.iter().copied() {
            // The first call is the connection itself.
            for at in 1..clean.calls.all {
                let both = lengths(fault, at).map(|to| {
                    let what = || format!("{}, {fault:?} at {at}..{to}", scenario.name);
                    let run = run(scenario, &folder, &[(at, to, fault)], &what);
                    judge(&clean, &run, &what);
                    runs += 1;
                    hits += run.hits.len();
                    run
                });
                let what = || format!("{}, {fault:?} at {at}", scenario.name);
                check_last_write(&both, &what);
            }
        }
    }
    println!(
        "{} scenarios, {runs} runs, {hits} calls that misbehaved",
        scenarios.len()
    );
    assert!(runs >= 20_000, "{runs}");
}

#[test]
fn two_calls_fail_in_two_ways() {
    let pairs = if is_long() { 1_000_000 } else { 20_000 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STDHTTP_SEED={seed}");
    let folder = Folder::new("paired-faults");
    let scenarios: Vec<Scenario> = scenarios::all().into_iter().filter(|s| !s.slow).collect();
    let cleans: Vec<Run> = scenarios.iter().map(|s| clean(s, &folder)).collect();
    let mut random = Random::new(seed);
    for pair in 0..pairs {
        let place = random.below(scenarios.len());
        let (scenario, clean) = (&scenarios[place], &cleans[place]);
        let at = 1 + random.below(clean.calls.all - 1);
        let then = at + 1 + random.below(clean.calls.all);
        let faults = [*random.choose(&FAULTS), *random.choose(&FAULTS)];
        let what = || {
            format!(
                "pair {pair}: {}, {faults:?} at {at} and {then}",
                scenario.name
            )
        };
        let both = [(at, at + 1, faults[0]), (then, then + 1, faults[1])];
        let run = run(scenario, &folder, &both, &what);
        judge(clean, &run, &what);
    }
    println!("{pairs} pairs");
}
