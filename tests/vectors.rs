//! The promise: answers collected from other suites are read as those suites state, whole and
//! octet by octet; fuzzing corpora never make the crate panic or depend on the cuts.
//!
//! The collection lies beside the project, or where `STDHTTP_VECTORS` says; any files of its form
//! will do. It is judged by its own rules: `ok` states what must come out, `reject` wants an error,
//! `either` allows one.
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/json.rs"]
mod json;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/random.rs"]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use json::Json;
use outcome::{Fields, Outcome, Setting};
use random::Random;
use stdhttp::End;
use stdhttp::testing::Script;

/// Disagreements that stay: the case and why the crate is right by its own decisions.
const ARGUED: &[(&str, &str)] = &[(
    "llhttp/sample/HTTP-version-0.9",
    "S-6.2-4: the message syntax of another major version is not known",
)];

struct Case {
    id: String,
    method: String,
    input: Vec<u8>,
    ends: bool,
    expect: Json,
    /// White space, CR and NUL in runs count as one SP when values are compared.
    loose: bool,
}

/// The cases of a file of the collection; nothing where there is none, which fails in CI.
fn cases(file: &str) -> Vec<Case> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = std::env::var_os("STDHTTP_VECTORS").map_or(beside, PathBuf::from);
    let path = folder.join(file);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{file} is missing");
        println!("left out: {} is not there", path.display());
        return Vec::new();
    }
    cases_of(&path)
}

fn cases_of(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("a file of cases");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| case(&Json::parse(line))).collect()
}

fn case(json: &Json) -> Case {
    let text = |name| json.get(name).and_then(Json::text).unwrap_or_default();
    let tags = json.get("tags").map(Json::list).unwrap_or_default();
    let loose = ["obs-fold", "nul", "bare-cr"];
    Case {
        id: text("id").to_owned(),
        method: text("request_method").to_owned(),
        input: base64::decode(text("input_b64")),
        ends: text("end") == "eof",
        expect: json.get("expect").expect("an expectation").clone(),
        loose: tags
            .iter()
            .any(|tag| loose.contains(&tag.text().unwrap_or_default())),
    }
}

impl Case {
    /// An answer of 101 belongs to a request that asked for it.
    fn setting(&self) -> Setting<'_> {
        self.setting_that_offers("websocket")
    }

    fn setting_that_offers<'a>(&'a self, protocols: &'a str) -> Setting<'a> {
        Setting {
            upgrade: Some(protocols),
            ..Setting::new(&self.method, self.ends.then_some(End::Closed))
        }
    }

    fn stated(&self, name: &str) -> Option<&Json> {
        self.expect.get(name)
    }

    fn verdict(&self) -> &str {
        self.stated("verdict")
            .and_then(Json::text)
            .expect("a verdict")
    }

    fn fails_at(&self, stage: &str) -> bool {
        self.stated("stage").and_then(Json::text) == Some(stage)
    }
}

/// What is wrong with an outcome, if anything.
fn complaint(case: &Case, outcome: &Outcome) -> Option<String> {
    let verdict = case.verdict();
    if outcome.blocked {
        return (case.ends || verdict != "either").then(|| "blocked".into());
    }
    // A body that is cut short may also come out as far as it goes, marked as incomplete.
    let cut_short = outcome.error() == Some("IncompleteBody") && verdict != "either";
    if let (Some(error), false) = (outcome.error(), cut_short) {
        return rejected(case, outcome, error);
    }
    if verdict == "reject" {
        let fine = cut_short && !case.fails_at("head");
        return (!fine).then(|| "accepted".into());
    }
    let faults: Vec<_> = differences(case, outcome).collect();
    (!faults.is_empty()).then(|| format!("{} in {outcome:.400?}", faults.join(", ")))
}

fn rejected(case: &Case, outcome: &Outcome, error: &str) -> Option<String> {
    let in_head = outcome.head.is_none();
    let fine = match case.verdict() {
        "either" => true,
        "reject" => in_head || !case.fails_at("head"),
        _ => !in_head && case.stated("complete") == Some(&Json::Bool(false)),
    };
    (!fine).then(|| format!("{error} in the {}", if in_head { "head" } else { "body" }))
}

/// The stated facts that did not come out.
fn differences<'a>(
    case: &'a Case,
    outcome: &'a Outcome,
) -> impl Iterator<Item = &'static str> + use<'a> {
    let complete = case.stated("complete").and_then(Json::bool);
    let whole = complete == Some(true);
    let checks = [
        ("head", head_holds(case, outcome)),
        (
            "complete",
            complete.is_none_or(|stated| stated == outcome.is_complete()),
        ),
        ("body", body_holds(case, outcome)),
        (
            "trailers",
            !whole || fields_hold(case, "trailers", &outcome.trailers),
        ),
        ("leftover", !whole || leftover_holds(case, outcome)),
        ("reusable", !whole || reusable_holds(case, outcome)),
    ];
    checks
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(name, _)| name)
}

fn head_holds(case: &Case, outcome: &Outcome) -> bool {
    let Some(head) = &outcome.head else {
        return false;
    };
    let text = |name| case.stated(name).and_then(Json::text);
    let version = text("version").filter(|version| ["1.0", "1.1"].contains(version));
    let reason: String = head.reason.iter().copied().map(char::from).collect();
    let status = case.stated("status").and_then(Json::number);
    status.is_none_or(|status| status == usize::from(head.status))
        && version.is_none_or(|version| version.replace('.', "") == head.version.to_string())
        && text("reason").is_none_or(|stated| stated.trim() == reason.trim())
        && fields_hold(case, "headers", &head.fields)
}

fn fields_hold(case: &Case, name: &str, fields: &Fields) -> bool {
    let Some(stated) = case.stated(name) else {
        return true;
    };
    let stated = stated.list().iter().map(|pair| match pair.list() {
        [name, value] => [name, value].map(|text| text.text().unwrap_or_default().to_owned()),
        _ => panic!("{}: a field is a pair", case.id),
    });
    let latin1 = |octets: &[u8]| octets.iter().copied().map(char::from).collect::<String>();
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

/// Behind 101 and a tunnel come octets of another protocol.
fn body_holds(case: &Case, outcome: &Outcome) -> bool {
    let switched =
        case.method == "CONNECT" || outcome.head.as_ref().is_some_and(|h| h.status == 101);
    let stated = case
        .stated("body_b64")
        .and_then(Json::text)
        .filter(|_| !switched);
    let Some(stated) = stated.map(base64::decode) else {
        return true;
    };
    if case.stated("complete") == Some(&Json::Bool(false)) {
        return stated.starts_with(&outcome.body);
    }
    stated == outcome.body
}

fn leftover_holds(case: &Case, outcome: &Outcome) -> bool {
    let stated = case.stated("leftover").and_then(Json::number);
    let left = outcome.consumed.map(|consumed| case.input.len() - consumed);
    stated.is_none_or(|stated| left == Some(stated))
}

fn reusable_holds(case: &Case, outcome: &Outcome) -> bool {
    let stated = case.stated("reusable").and_then(Json::bool);
    stated.is_none_or(|stated| stated == outcome.reusable)
}

#[test]
fn collected_answers_are_read_as_stated() {
    let cases = cases("responses.jsonl");
    let argued = check_stated(&cases);
    println!("{} cases, {argued} argued for", cases.len());
}

/// Judges the cases by what they state; how many of them are argued for.
fn check_stated(cases: &[Case]) -> usize {
    let mut complaints = BTreeMap::new();
    for case in cases {
        let outcome = outcome::reader(&case.setting(), &case.input, &[]);
        if let Some(complaint) = complaint(case, &outcome) {
            complaints.insert(case.id.as_str(), complaint);
        }
    }
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let argued = ARGUED.iter().map(|(id, _)| *id);
    let argued: BTreeSet<&str> = argued.filter(|id| ids.contains(id)).collect();
    let open: Vec<_> = complaints
        .iter()
        .filter(|(id, _)| !argued.contains(*id))
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    let unused: Vec<_> = argued
        .iter()
        .filter(|id| !complaints.contains_key(*id))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
    argued.len()
}

#[test]
fn collected_answers_are_read_alike_octet_by_octet() {
    for case in cases("responses.jsonl") {
        let setting = case.setting();
        let whole = outcome::reader(&setting, &case.input, &[]);
        let cuts: Vec<usize> = (1..case.input.len()).collect();
        // The copy of an incomplete head makes this quadratic for the few very long ones.
        let step = 1 + case.input.len() / 4_096;
        let cuts: Vec<usize> = cuts.into_iter().step_by(step).collect();
        assert_eq!(
            outcome::reader(&setting, &case.input, &cuts),
            whole,
            "{}",
            case.id
        );
        let sans_io = outcome::exchange(&setting, &case.input, &cuts);
        assert_eq!(sans_io.into_response(true), whole, "{}", case.id);
    }
}

#[test]
fn a_connection_reads_collected_answers_like_a_reader() {
    check_connections(&cases("responses.jsonl"));
}

fn check_connections(cases: &[Case]) {
    for case in cases {
        let expected = outcome::reader(&case.setting(), &case.input, &[]);
        let protocols = protocols(&expected);
        let setting = case.setting_that_offers(&protocols);
        let left = expected
            .consumed
            .is_some_and(|consumed| consumed < case.input.len());
        let switched = expected.consumed.is_some() && is_switched(case, &expected);
        for sizes in [&[1][..], &[65_536]] {
            let script = Script::new().expect_head().send_pieces(&case.input, sizes);
            let script = script.end(outcome::ending(setting.end));
            let mut conn = outcome::connection(&setting, vec![script]);
            let came = outcome::receive(&mut conn, setting.buffer, 0);
            let connected = conn.is_connected();
            let mut expected = expected.clone().into_response(false);
            // A message that is followed by something ends its connection, if that is known.
            if left && !switched {
                expected.reusable = came.reusable;
            }
            assert_eq!(came, expected, "{}", case.id);
            let kept = came.reusable || switched || came.blocked;
            assert_eq!(connected, kept, "{}", case.id);
        }
    }
}

/// What an answer names in `Upgrade`, so that its request can have offered it.
fn protocols(outcome: &Outcome) -> String {
    let fields = outcome.head.iter().flat_map(|head| &head.fields);
    let upgrade = fields.filter(|(name, _)| name.eq_ignore_ascii_case(b"upgrade"));
    let values: Vec<_> = upgrade
        .map(|(_, value)| String::from_utf8_lossy(value))
        .collect();
    match values.is_empty() {
        true => "websocket".to_owned(),
        false => values.join(", "),
    }
}

/// Any file of this form can be judged: of the collection a part without what is argued for, under
/// another name, and cases that it has not.
#[test]
fn other_files_of_the_same_form_are_judged_too() {
    let all = cases("responses.jsonl").len();
    let folder = std::env::temp_dir().join(format!("stdhttp-vectors-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("others.jsonl");
    fs::write(&path, part_of_the_collection() + OTHERS).expect("a file");
    let others = cases_of(&path);
    fs::remove_dir_all(&folder).expect("a folder of our own");
    assert!(others.len() >= 3 + all / 4);
    assert_eq!(check_stated(&others), 0);
    check_connections(&others);
}

/// Answers with protocols that no case of the collection names: `irc/6.9`, `a` and `B` on two lines.
const OTHERS: &str = r#"
{"id":"other/irc","request_method":"GET","end":"keepalive","tags":[],"input_b64":"SFRUUC8xLjEgMTAxIHgNClVwZ3JhZGU6IGlyYy82LjkNCg0Kc3RyZWFt","expect":{"verdict":"ok","status":101}}
{"id":"other/two","request_method":"GET","end":"keepalive","tags":[],"input_b64":"SFRUUC8xLjEgMTAxIHgNClVwZ3JhZGU6IGENCnVwZ3JhZGU6IEIsDQoNCg==","expect":{"verdict":"ok","status":101}}

{"id":"other/length","request_method":"HEAD","end":"keepalive","tags":[],"input_b64":"SFRUUC8xLjEgMjAwIHgNCkNvbnRlbnQtTGVuZ3RoOiA1DQoNCg==","expect":{"verdict":"ok","status":200,"complete":true}}
"#;

/// Every third case, none of those that are argued for.
fn part_of_the_collection() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/responses.jsonl");
    let text = fs::read_to_string(path).unwrap_or_default();
    let argued = |line: &str| ARGUED.iter().any(|(id, _)| line.contains(id));
    let lines = text.lines().filter(|line| !argued(line)).step_by(3);
    lines.map(|line| format!("{line}\n")).collect()
}

fn is_switched(case: &Case, outcome: &Outcome) -> bool {
    let status = outcome.head.as_ref().map_or(0, |head| head.status);
    status == 101 || case.method == "CONNECT" && (200..300).contains(&status)
}

#[test]
fn seeds_give_the_same_outcome_however_they_are_cut() {
    let mut random = Random::new(1);
    for case in cases("seeds.jsonl") {
        let setting = case.setting();
        let whole = outcome::exchange(&setting, &case.input, &[]);
        let octets: Vec<usize> = (1..case.input.len()).collect();
        let mut ways = vec![octets];
        ways.extend((0..32).map(|_| random.cuts(case.input.len(), 8)));
        for cuts in ways {
            let cut = outcome::exchange(&setting, &case.input, &cuts);
            assert_eq!(cut, whole, "{} cut at {cuts:?}", case.id);
            let read = outcome::reader(&setting, &case.input, &cuts);
            assert_eq!(
                read,
                whole.clone().into_response(true),
                "{} at {cuts:?}",
                case.id
            );
        }
    }
}
