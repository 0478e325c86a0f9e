//! The promise: connections collected from the suites of other servers are read as those suites and
//! the RFCs state, whole and octet by octet.
//!
//! The collection lies beside the project. It is judged by its own rules: `ok` states what must
//! come out, `reject` wants an error, `either` allows one.
#![cfg(feature = "server")]
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/json.rs"]
mod json;
#[path = "support/requests.rs"]
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use json::Json;
use requests::{Outcome, Taken, run};

/// Disagreements that stay: the case and why the crate is right by its own decisions.
const ARGUED: &[(&str, &str)] = &[];

struct Case {
    id: String,
    input: Vec<u8>,
    ends: bool,
    expect: Json,
    /// White space, CR and NUL in runs count as one SP when values are compared.
    loose: bool,
}

/// The cases of the collection; nothing where there is none, which fails in CI.
fn cases() -> Vec<Case> {
    let path = format!(
        "{}/../shared/vectors/requests.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        println!("left out: the collected vectors are not beside the project");
        return Vec::new();
    };
    text.lines().map(|line| case(&Json::parse(line))).collect()
}

fn case(json: &Json) -> Case {
    let text = |name| json.get(name).and_then(Json::text).unwrap_or_default();
    let tags = json.get("tags").map(Json::list).unwrap_or_default();
    let loose = [
        "obs-fold",
        "nul",
        "bare-cr",
        "fold-first",
        "trailer-fold",
        "trailer-ctl",
    ];
    Case {
        id: text("id").to_owned(),
        input: base64::decode(text("input_b64")),
        ends: text("end") == "eof",
        expect: json.get("expect").expect("an expectation").clone(),
        loose: tags
            .iter()
            .any(|tag| loose.contains(&tag.text().unwrap_or_default())),
    }
}

/// What is wrong with the outcomes, if anything.
fn complaint(case: &Case, outcomes: &[Outcome], leftover: usize) -> Option<String> {
    let stated = case.expect.get("requests").map(Json::list);
    let stated = stated.unwrap_or_default();
    for (place, stated) in stated.iter().enumerate() {
        let Some(outcome) = outcomes.get(place) else {
            return Some(format!("request {place} is missing"));
        };
        match request_complaint(case, stated, outcome) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(complaint) => return Some(format!("request {place}: {complaint}")),
        }
    }
    let rest = outcomes.get(stated.len()..).unwrap_or_default();
    let then = case.expect.get("then").and_then(Json::text);
    let left = case.expect.get("leftover").and_then(Json::number);
    match then {
        Some("blocked") if rest != [Outcome::Blocked] => Some(format!("does not wait: {rest:?}")),
        Some("blocked" | "open") => None,
        _ if !rest.is_empty() => Some(format!("more than expected: {rest:?}")),
        _ => left
            .filter(|&left| left != leftover)
            .map(|left| format!("{leftover} bytes left, not {left}")),
    }
}

/// Whether what follows is to be judged, or what is wrong.
fn request_complaint(case: &Case, stated: &Json, outcome: &Outcome) -> Result<bool, String> {
    let verdict = stated.get("verdict").and_then(Json::text);
    let complete = stated.get("complete").and_then(Json::bool);
    let taken = match outcome {
        Outcome::Blocked => return Err("blocked".into()),
        Outcome::Refused(_) if verdict == Some("ok") && complete != Some(false) => {
            return Err(format!("{outcome:?}"));
        }
        Outcome::Refused(status) if allows(stated, *status) => return Ok(false),
        Outcome::Refused(status) => return Err(format!("refused with {status}")),
        Outcome::Taken(taken) => taken,
    };
    let in_body = stated.get("stage").and_then(Json::text) == Some("body");
    if let (Some(status), true) = (taken.broken, in_body) {
        return if allows(stated, status) {
            Ok(false)
        } else {
            Err(format!("its body is refused with {status}"))
        };
    }
    if verdict == Some("reject") {
        return Err("accepted".into());
    }
    let faults: Vec<_> = differences(case, stated, taken).collect();
    if !faults.is_empty() {
        return Err(format!("{} in {taken:.400?}", faults.join(", ")));
    }
    let keep = stated.get("keep_alive").and_then(Json::bool);
    Ok(taken.kept || (taken.broken.is_none() && keep.is_some()))
}

fn allows(stated: &Json, status: u16) -> bool {
    let codes = stated.get("status").map(Json::list).unwrap_or_default();
    let listed = codes
        .iter()
        .any(|code| code.number() == Some(status.into()));
    listed || (codes.is_empty() && [400, 408].contains(&status))
}

/// The stated facts that did not come out.
fn differences<'a>(
    case: &'a Case,
    stated: &'a Json,
    taken: &'a Taken,
) -> impl Iterator<Item = &'static str> + use<'a> {
    let text = |name| stated.get(name).and_then(Json::text);
    let complete = stated.get("complete").and_then(Json::bool);
    let whole = complete == Some(true);
    let version = text("version").filter(|version| ["1.0", "1.1"].contains(version));
    let keep = stated.get("keep_alive").and_then(Json::bool);
    let is = |stated: Option<&str>, octets: &[u8]| stated.is_none_or(|text| text == latin1(octets));
    let checks = [
        ("method", is(text("method"), &taken.method)),
        ("target", is(text("target"), &taken.target)),
        ("version", is(version, &taken.version)),
        (
            "complete",
            complete.is_none_or(|stated| stated == taken.broken.is_none()),
        ),
        (
            "keep_alive",
            !whole || keep.is_none_or(|keep| keep == taken.kept),
        ),
        (
            "headers",
            fields_hold(case, stated, "headers", &taken.fields),
        ),
        ("body", body_holds(stated, taken)),
        (
            "trailers",
            !whole || fields_hold(case, stated, "trailers", &taken.trailers),
        ),
    ];
    checks
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(name, _)| name)
}

fn fields_hold(case: &Case, stated: &Json, name: &str, fields: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let Some(stated) = stated.get(name) else {
        return true;
    };
    let stated = stated.list().iter().map(|pair| match pair.list() {
        [name, value] => [name, value].map(|text| text.text().unwrap_or_default().to_owned()),
        _ => panic!("{}: a field is a pair", case.id),
    });
    let fields = fields
        .iter()
        .map(|(name, value)| [latin1(name), latin1(value)]);
    let plain = |[name, value]: [String; 2]| (name.to_lowercase(), comparable(&value, case.loose));
    stated.map(plain).eq(fields.map(plain))
}

fn comparable(value: &str, loose: bool) -> String {
    if !loose {
        return value.trim_matches([' ', '\t']).to_owned();
    }
    let words = value.split([' ', '\t', '\r', '\n', '\0']);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn body_holds(stated: &Json, taken: &Taken) -> bool {
    let Some(body) = stated.get("body_b64").and_then(Json::text) else {
        return true;
    };
    let body = base64::decode(body);
    match taken.broken {
        Some(_) => body.starts_with(&taken.body),
        None => body == taken.body,
    }
}

#[test]
fn collected_connections_are_read_as_stated() {
    let cases = cases();
    let mut complaints = BTreeMap::new();
    for case in &cases {
        let (outcomes, leftover) = run(&case.input, case.ends, &[]);
        if let Some(complaint) = complaint(case, &outcomes, leftover) {
            complaints.insert(case.id.as_str(), complaint);
        }
    }
    let argued: BTreeSet<&str> = ARGUED.iter().map(|(id, _)| *id).collect();
    let open: Vec<_> = complaints
        .iter()
        .filter(|(id, _)| !argued.contains(*id))
        .collect();
    println!("{} connections, {} argued for", cases.len(), argued.len());
    assert!(open.is_empty(), "{open:#?}");
    let there: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let unused: Vec<_> = argued
        .iter()
        .filter(|id| there.contains(*id) && !complaints.contains_key(*id))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn collected_connections_are_read_alike_octet_by_octet() {
    for case in cases() {
        let whole = run(&case.input, case.ends, &[]);
        let step = 1 + case.input.len() / 4_096;
        let cuts: Vec<usize> = (1..case.input.len()).step_by(step).collect();
        let (outcomes, _) = run(&case.input, case.ends, &cuts);
        assert_eq!(outcomes, whole.0, "{}", case.id);
        for cut in [1, case.input.len() / 3, case.input.len() / 2] {
            let (outcomes, _) = run(&case.input, case.ends, &[cut]);
            assert_eq!(outcomes, whole.0, "{} cut at {cut}", case.id);
        }
    }
}
