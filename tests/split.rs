//! The promise: the outcome of an answer does not depend on how its bytes are cut: status, fields,
//! body, trailers, the error and its facts, what was consumed and forgiven, and whether the
//! connection may be used again. Cuts in two and three, dribbles, random cuts, failures that pass
//! between the pieces, buffers of every size.
//!
//! `STDHTTP_LONG=1` tries ten times as many.
#![allow(missing_docs)]

#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/random.rs"]
mod random;
#[path = "support/table.rs"]
mod table;

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use outcome::{Outcome, Pieces, Setting};
use random::Random;
use stdhttp::proto::{Exchange, Received};
use stdhttp::testing::Script;
use stdhttp::{ConnectionState, End, HTTPResponse, Limits, Tolerance};

const RESPONSES: &str = include_str!("vectors/responses.txt");
const BUFFERS: [usize; 7] = [1, 2, 3, 7, 64, 4_096, 65_536];
/// The presets, but for the quiet end of sized reads, which only shows where there are reads.
const PRESETS: [Tolerance; 3] = [Tolerance::STANDARD, Tolerance::STRICT, LOUD];

const LOUD: Tolerance = {
    let mut tolerance = Tolerance::HTTP_CLIENT;
    tolerance.quiet_end = false;
    tolerance
};

struct Vector {
    id: String,
    method: String,
    input: Vec<u8>,
    end: Option<End>,
}

fn vectors() -> Vec<Vector> {
    let rows = table::rows(RESPONSES, 6);
    let vector = |row: &table::Row| Vector {
        id: row.id().to_owned(),
        method: row.text(2).to_owned(),
        input: row.bytes(3),
        end: (row.text(4) == "eof").then_some(End::Closed),
    };
    rows.iter().map(vector).collect()
}

fn is_long() -> bool {
    std::env::var_os("STDHTTP_LONG").is_some()
}

impl Vector {
    fn setting(&self, tolerance: Tolerance) -> Setting<'_> {
        Setting {
            tolerance,
            ..Setting::new(&self.method, self.end)
        }
    }

    /// Places for a cut in two: all, but of a long one only those near its ends and line ends and
    /// some between.
    fn places(&self, random: &mut Random) -> Vec<usize> {
        let length = self.input.len();
        if length <= 2_048 {
            return (1..length).collect();
        }
        let mut places: Vec<usize> = (1..256).chain(length - 256..length).collect();
        places.extend((0..64).map(|_| 1 + random.below(length - 1)));
        places.sort_unstable();
        places
    }
}

/// Tries cuts of one vector, all against the outcome in one piece.
struct Trial<'a> {
    vector: &'a Vector,
    setting: Setting<'a>,
    whole: Outcome,
    count: usize,
}

impl<'a> Trial<'a> {
    fn new(vector: &'a Vector, tolerance: Tolerance) -> Self {
        let setting = vector.setting(tolerance);
        let whole = outcome::exchange(&setting, &vector.input, &[]);
        Self {
            vector,
            setting,
            whole,
            count: 1,
        }
    }

    fn cut(&mut self, cuts: &[usize]) {
        let came = outcome::exchange(&self.setting, &self.vector.input, cuts);
        assert!(
            came == self.whole,
            "{} cut at {cuts:?}\n{came:.1000?}\n{:.1000?}",
            self.vector.id,
            self.whole
        );
        self.count += 1;
    }

    fn in_two(&mut self, random: &mut Random) {
        for place in self.vector.places(random) {
            self.cut(&[place]);
        }
    }

    fn in_three(&mut self, longest: usize) {
        let length = self.vector.input.len();
        if length > longest {
            return;
        }
        for first in 1..length {
            for second in first + 1..length {
                self.cut(&[first, second]);
            }
        }
    }

    fn dribbles(&mut self) {
        let length = self.vector.input.len();
        for step in [1, 2, 3] {
            let cuts: Vec<usize> = (step..length).step_by(step).collect();
            self.cut(&cuts);
        }
    }

    fn at_random(&mut self, random: &mut Random, ways: usize) {
        for _ in 0..ways {
            let cuts = random.cuts(self.vector.input.len(), 12);
            self.cut(&cuts);
        }
    }

    /// Every size of the caller's buffer, which matters where there is a body.
    fn with_buffers(&mut self, random: &mut Random) {
        if self.whole.body.is_empty() {
            return;
        }
        for buffer in BUFFERS {
            self.setting.buffer = buffer;
            self.dribbles();
            if self.vector.input.len() <= 2_048 {
                self.in_two(random);
            }
        }
    }
}

fn try_vector(vector: &Vector, seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut count = 0;
    for tolerance in PRESETS {
        let mut trial = Trial::new(vector, tolerance);
        trial.in_two(&mut random);
        trial.dribbles();
        trial.at_random(&mut random, if is_long() { 1_000 } else { 32 });
        if is_long() {
            trial.in_three(200);
        }
        if tolerance == Tolerance::STANDARD {
            trial.in_three(60);
            trial.with_buffers(&mut random);
        }
        count += trial.count;
    }
    count
}

#[test]
fn the_outcome_does_not_depend_on_the_cuts() {
    let vectors = vectors();
    let (next, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seed = vector.input.len() as u64;
                    count.fetch_add(try_vector(vector, seed), Ordering::Relaxed);
                }
            });
        }
    });
    let count = count.into_inner();
    println!("{count} split parses of {} vectors", vectors.len());
    assert!(count >= if is_long() { 5_000_000 } else { 500_000 });
}

/// What happens between two pieces on a connection.
#[derive(Clone, Copy)]
enum Between {
    Nothing,
    Interrupted,
    TimedOut,
    Both,
}

fn script(vector: &Vector, cuts: &[usize], between: Between) -> Script {
    let mut script = Script::new().expect_head();
    let mut start = 0;
    for cut in cuts.iter().copied().chain([vector.input.len()]) {
        script = match between {
            Between::Nothing => script,
            Between::Interrupted => script.fail(ErrorKind::Interrupted),
            Between::TimedOut => script.fail(ErrorKind::WouldBlock),
            Between::Both => script
                .fail(ErrorKind::Interrupted)
                .fail(ErrorKind::WouldBlock),
        };
        script = script.send(&vector.input[start..cut]);
        start = cut;
    }
    script.end(outcome::ending(vector.end))
}

/// The outcome over a connection, made comparable with that of the state machine: octets behind
/// the message end the connection if they have come by then.
fn check_connection(trial: &Trial<'_>, cuts: &[usize], between: Between) {
    let script = script(trial.vector, cuts, between);
    let mut conn = outcome::connection(&trial.setting, vec![script]);
    let patience = match between {
        Between::TimedOut | Between::Both => cuts.len() + 1,
        Between::Nothing | Between::Interrupted => 0,
    };
    let came = outcome::receive(&mut conn, trial.setting.buffer, patience);
    let length = trial.vector.input.len();
    let left = trial
        .whole
        .consumed
        .is_some_and(|consumed| consumed < length);
    let switched = conn.state() == ConnectionState::Switched;
    let mut expected = trial.whole.clone().into_response(false);
    if left && !switched {
        expected.reusable = came.reusable;
    }
    assert!(
        came == expected,
        "{} cut at {cuts:?}\n{came:.1000?}\n{expected:.1000?}",
        trial.vector.id
    );
    let kept = came.reusable || came.blocked || switched;
    assert_eq!(conn.is_connected(), kept, "{}", trial.vector.id);
}

#[test]
fn a_connection_does_not_depend_on_the_cuts() {
    let mut random = Random::new(3);
    let mut count = 0;
    let kinds = [
        Between::Nothing,
        Between::Interrupted,
        Between::TimedOut,
        Between::Both,
    ];
    for vector in vectors()
        .iter()
        .filter(|vector| vector.input.len() <= 2_048)
    {
        let octets: Vec<usize> = (1..vector.input.len()).collect();
        for tolerance in PRESETS {
            let mut trial = Trial::new(vector, tolerance);
            for between in kinds {
                trial.setting.buffer = *random.choose(&BUFFERS);
                check_connection(&trial, &octets, between);
                for _ in 0..4 {
                    let cuts = random.cuts(vector.input.len(), 6);
                    check_connection(&trial, &cuts, between);
                    count += 1;
                }
            }
        }
    }
    println!("{count} answers over connections");
    assert!(count >= 10_000);
}

#[test]
fn a_reader_does_not_depend_on_its_buffer() {
    let mut count = 0;
    for vector in &vectors() {
        for tolerance in PRESETS {
            let trial = Trial::new(vector, tolerance);
            for capacity in BUFFERS {
                // The copy of an incomplete head makes very small pieces of a very long one slow.
                if vector.input.len() / capacity > 8_192 {
                    continue;
                }
                let cuts: Vec<usize> = (capacity..vector.input.len()).step_by(capacity).collect();
                let came = outcome::reader(&trial.setting, &vector.input, &cuts);
                let expected = trial.whole.clone().into_response(true);
                assert!(came == expected, "{} by {capacity}", vector.id);
                count += 1;
            }
        }
    }
    println!("{count} answers from readers");
}

/// A reader that would block before every piece, and is asked again.
struct Hesitant<'a> {
    pieces: Pieces<'a>,
    hesitates: bool,
}

impl BufRead for Hesitant<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if std::mem::take(&mut self.hesitates) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.pieces.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.hesitates = count > 0;
        self.pieces.consume(count);
    }
}

impl Read for Hesitant<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(output)?;
        self.consume(count);
        Ok(count)
    }
}

#[test]
fn a_body_goes_on_after_a_reader_would_block() {
    for vector in vectors()
        .iter()
        .filter(|vector| vector.input.len() <= 2_048)
    {
        let trial = Trial::new(vector, Tolerance::STANDARD);
        let Some(head) = head_length(&trial.setting, &vector.input) else {
            continue;
        };
        let cuts: Vec<usize> = (head..vector.input.len()).collect();
        let mut reader = Hesitant {
            pieces: Pieces::new(&vector.input, &cuts, vector.end.is_some()),
            hesitates: false,
        };
        let response = HTTPResponse::answer_to(
            &mut reader,
            trial.setting.context(),
            Limits::DEFAULT,
            Tolerance::STANDARD,
        );
        let came = match response {
            Ok(response) => outcome::read_response(response, 7, vector.input.len()),
            Err(error) => panic!("{}: {error}", vector.id),
        };
        assert_eq!(
            came,
            trial.whole.clone().into_response(false),
            "{}",
            vector.id
        );
    }
}

/// Where the final head of an answer ends, if it is accepted.
fn head_length(setting: &Setting<'_>, input: &[u8]) -> Option<usize> {
    let mut exchange = Exchange::answer_to(setting.context(), Limits::DEFAULT, setting.tolerance);
    let mut at = 0;
    loop {
        match exchange.receive_head(&input[at..]).ok()? {
            Received::Interim(length) => at += length,
            Received::Final(length) => return Some(at + length),
            _ => return None,
        }
    }
}

/// With the standard library's reader, whose buffer is the caller's business, no octet behind the
/// message is taken.
#[test]
fn a_buffered_reader_stands_behind_the_message() {
    for vector in &vectors() {
        let trial = Trial::new(vector, Tolerance::STANDARD);
        let Some(consumed) = trial.whole.consumed else {
            continue;
        };
        for capacity in [64, 4_096, 65_536] {
            let mut reader = BufReader::with_capacity(capacity, vector.input.as_slice());
            let response = HTTPResponse::answer_to(
                &mut reader,
                trial.setting.context(),
                Limits::DEFAULT,
                Tolerance::STANDARD,
            );
            let body = response.and_then(|mut response| response.read(None));
            assert_eq!(body.as_ref().ok(), Some(&trial.whole.body), "{}", vector.id);
            let left = reader.buffer().len() + reader.get_ref().len();
            assert_eq!(vector.input.len() - left, consumed, "{}", vector.id);
        }
    }
}
