//! The crate's reading of a response beside that of the reference parser.

use crate::outcome::{self, Fields, Outcome, Setting};
use crate::reference::{self, Reference, Rejection};
use stdhttp::End;

/// Reads a response in one piece, in two and by the reference parser; all must agree.
pub fn judge(method: &str, cut: usize, input: &[u8]) {
    let setting = Setting::new(method, Some(End::Closed));
    let whole = outcome::exchange(&setting, input, &[]);
    let pieces = outcome::exchange(&setting, input, &[cut]);
    assert_eq!(whole, pieces, "cut at {cut}");
    assert!(whole.consumed.is_none_or(|count| count <= input.len()));
    match reference::parse(method, input) {
        Ok(expected) => assert_same(&whole, &expected, input.len()),
        Err((rejection, body)) => assert_rejected(&whole, rejection, &body),
    }
}

fn assert_same(outcome: &Outcome, expected: &Reference, length: usize) {
    assert_eq!(outcome.error(), None, "{:?}", outcome.failure);
    let head = outcome.head.as_ref().expect("a head");
    assert_eq!(head.status, expected.status);
    assert_eq!(head.reason, expected.reason);
    assert_eq!(head.version, if expected.version.1 == 0 { 10 } else { 11 });
    assert_eq!(blanks(&head.fields), blanks(&expected.fields));
    assert_eq!(outcome.interim, expected.interim);
    assert_eq!(outcome.body, expected.body);
    assert_eq!(blanks(&outcome.trailers), blanks(&expected.trailers));
    assert_eq!(outcome.consumed, Some(expected.consumed));
    let behind = expected.consumed < length;
    assert_eq!(outcome.reusable && !behind, expected.reusable);
}

/// Fields with one space for several: so many may stand for a fold (RFC 9112 section 5.2).
fn blanks(fields: &Fields) -> Fields {
    let one = |value: &[u8]| {
        let mut value = value.to_vec();
        value.dedup_by(|next, last| *next == b' ' && *last == b' ');
        value
    };
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.clone(), one(value)))
        .collect()
}

/// The body that came before a fault is delivered before it is reported. Of two faults of one
/// line either may be named, and one at the end of the input need not wait for the end.
fn assert_rejected(outcome: &Outcome, rejection: Rejection, body: &[u8]) {
    use Rejection::{BadStatusLine, IncompleteBody, IncompleteHead, InvalidChunk, UnknownProtocol};
    let name = outcome.error().expect("an error");
    let also = match rejection {
        UnknownProtocol => name == "BadStatusLine",
        BadStatusLine => name == "IncompleteHead",
        InvalidChunk => name == "InvalidHeader",
        IncompleteBody => ["InvalidChunk", "InvalidHeader"].contains(&name),
        IncompleteHead => ["BadStatusLine", "InvalidHeader"].contains(&name),
        _ => false,
    };
    assert!(
        also || name == format!("{rejection:?}"),
        "{name} {rejection:?}"
    );
    assert_eq!(outcome.body, body);
}
