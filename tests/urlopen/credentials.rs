//! Challenges, and the credentials that answer them.

use stdhttp::auth::{Challenge, Credentials, HTTPPasswordMgr};
use stdhttp::urllib::Url;
use stdhttp::urllib::request::*;

use crate::{Net, OK, base64, refused, text, to};

fn passwords(entries: &[(Option<&str>, &str, &str)]) -> HTTPPasswordMgr {
    let mut passwords = HTTPPasswordMgr::new();
    for (realm, area, user) in entries {
        let credentials = Credentials::new(*user, "secret").unwrap();
        passwords.add_password(*realm, &Url::parse(area).unwrap(), credentials);
    }
    passwords
}

fn basic(user: &str) -> Option<String> {
    let coded = base64::encode(format!("{user}:secret").as_bytes());
    Some(format!("Basic {coded}"))
}

fn asks(challenge: &str) -> String {
    format!("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: {challenge}\nContent-Length: 0\n\n")
}

const BASIC: &str = "Basic realm=\"r\"";
const DIGEST: &str = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
const STALE: &str = "Digest realm=\"r\", nonce=\"m\", qop=\"auth\", stale=true";

/// An opener that answers `Basic` and `Digest` for `http://h/`.
fn both(net: &Net) -> OpenerDirector {
    let passwords = passwords(&[(None, "http://h/", "me")]);
    net.opener()
        .add_handler(HTTPBasicAuthHandler::new(passwords.clone()))
        .add_handler(HTTPDigestAuthHandler::new(passwords))
}

/// The scheme of the credentials of each request.
fn schemes(net: &Net) -> Vec<Option<String>> {
    let scheme = |value: String| value.split(' ').next().unwrap_or_default().to_owned();
    net.fields("authorization")
        .into_iter()
        .map(|field| field.map(scheme))
        .collect()
}

fn named(schemes: &[&str]) -> Vec<Option<String>> {
    let name = |scheme: &&str| (!scheme.is_empty()).then(|| (*scheme).to_owned());
    schemes.iter().map(name).collect()
}

#[test]
fn a_challenge_is_answered_by_the_realm_and_the_place() {
    let entries = passwords(&[
        (Some("r"), "http://h/", "anywhere"),
        (Some("r"), "http://h/deep/", "deep"),
        (Some("s"), "http://h/", "shop"),
    ]);
    for (path, challenge, user) in [
        ("/x", BASIC, Some("anywhere")),
        ("/deep/x", BASIC, Some("deep")),
        ("/x", "Basic realm=s", Some("shop")),
        ("/x", "bAsIc REALM=\"s\"", Some("shop")),
        (
            "/x",
            "Newauth realm=\"s\", Basic realm=\"r\"",
            Some("anywhere"),
        ),
        ("/x", "Basic realm=t", None),
        ("/x", "Bearer realm=r", None),
        ("/x", "Basic", None),
    ] {
        let net = Net::answering([&asks(challenge), OK]);
        let opener = net
            .opener()
            .add_handler(HTTPBasicAuthHandler::new(entries.clone()));
        let result = opener.open(&format!("http://h{path}"));
        match user {
            Some(user) => {
                assert_eq!(text(result.unwrap()), "ok");
                assert_eq!(net.fields("authorization"), [None, basic(user)]);
            }
            None => {
                assert_eq!(refused(result).code(), 401);
                assert_eq!(net.dialled().len(), 1);
            }
        }
    }
}

#[test]
fn credentials_are_tried_once() {
    let net = Net::answering(vec![asks(BASIC); 9]);
    assert_eq!(refused(both(&net).open("http://h/")).code(), 401);
    assert_eq!(schemes(&net), named(&["", "Basic"]));
    let net = Net::answering(vec![asks(DIGEST); 9]);
    assert_eq!(refused(both(&net).open("http://h/")).code(), 401);
    assert_eq!(schemes(&net), named(&["", "Digest"]));
    // Once more, where the nonce was only stale.
    let net = Net::answering([asks(DIGEST), asks(STALE), asks(STALE)]);
    assert_eq!(refused(both(&net).open("http://h/")).code(), 401);
    assert_eq!(schemes(&net), named(&["", "Digest", "Digest"]));
}

#[test]
fn digest_comes_before_basic_and_never_after_it() {
    let either = format!("{BASIC}, {DIGEST}");
    let net = Net::answering([&asks(&either), OK]);
    both(&net).open("http://h/").unwrap();
    assert_eq!(schemes(&net), named(&["", "Digest"]));
    for second in [BASIC, &either] {
        let net = Net::answering([asks(&either), asks(second), OK.to_owned()]);
        assert_eq!(refused(both(&net).open("http://h/")).code(), 401);
        assert_eq!(schemes(&net), named(&["", "Digest"]));
    }
    let net = Net::answering([&asks(BASIC), &asks(DIGEST), OK]);
    both(&net).open("http://h/").unwrap();
    assert_eq!(schemes(&net), named(&["", "Basic", "Digest"]));
}

#[test]
fn who_has_asked_once_is_not_asked_again() {
    let net = Net::answering([&asks(BASIC), OK, OK, OK]);
    let opener = both(&net);
    for path in ["/a/b", "/a/c", "/d"] {
        opener.open(&format!("http://h{path}")).unwrap();
    }
    assert_eq!(schemes(&net), named(&["", "Basic", "Basic", ""]));
    let net = Net::answering([&asks(DIGEST), OK, OK]);
    let opener = both(&net);
    opener.open("http://h/a").unwrap();
    opener.open("http://h/b").unwrap();
    let counts: Vec<_> = net.fields("authorization").into_iter().flatten().collect();
    assert!(
        counts[0].contains("nc=00000001") && counts[0].contains("uri=\"/a\""),
        "{counts:?}"
    );
    assert!(
        counts[1].contains("nc=00000002") && counts[1].contains("uri=\"/b\""),
        "{counts:?}"
    );
}

/// What was right for one realm is sent at once, and another realm can still be answered.
#[test]
fn another_realm_of_the_same_server_has_its_own_credentials() {
    for challenge in ["Basic realm=", "Digest nonce=\"n\", realm="] {
        let net = Net::answering([
            &asks(&format!("{challenge}r")),
            OK,
            &asks(&format!("{challenge}s")),
            OK,
        ]);
        let entries = passwords(&[
            (Some("r"), "http://h/", "first"),
            (Some("s"), "http://h/", "second"),
        ]);
        let opener = net
            .opener()
            .add_handler(HTTPBasicAuthHandler::new(entries.clone()))
            .add_handler(HTTPDigestAuthHandler::new(entries));
        opener.open("http://h/a").unwrap();
        assert_eq!(text(opener.open("http://h/b").unwrap()), "ok");
        assert_eq!(net.dialled().len(), 4);
        let fields = net.fields("authorization");
        assert!(fields[0].is_none() && fields[1] == fields[2] || challenge.starts_with("Digest"));
        assert_ne!(fields[2], fields[3]);
    }
}

/// Whoever asks for one realm after the other is answered once.
#[test]
fn a_server_that_changes_its_realm_is_answered_once() {
    for challenge in ["Basic realm=", "Digest nonce=\"n\", realm="] {
        let asked = [["r", "s"]; 5].concat();
        let answers = asked
            .iter()
            .map(|realm| asks(&format!("{challenge}{realm}")));
        let net = Net::answering(answers);
        let entries = passwords(&[
            (Some("r"), "http://h/", "first"),
            (Some("s"), "http://h/", "second"),
        ]);
        let opener = net
            .opener()
            .add_handler(HTTPBasicAuthHandler::new(entries.clone()))
            .add_handler(HTTPDigestAuthHandler::new(entries));
        for _ in 0..3 {
            // What was learnt is sent at once, and may be the wrong one: then there is one more.
            let before = net.dialled().len();
            assert_eq!(refused(opener.open("http://h/")).code(), 401);
            let asked = net.dialled().len() - before;
            assert!(
                asked <= 2 && (before > 0 || asked == 2),
                "{challenge}: {asked}"
            );
        }
    }
}

/// The field of the caller's own stays, and nothing is put in its place.
#[test]
fn a_field_of_the_callers_own_is_not_replaced() {
    let net = Net::answering([&asks(BASIC), OK]);
    let own = Request::new("http://h/")
        .unwrap()
        .with_header("authorization", "Bearer own");
    assert_eq!(refused(both(&net).open(own)).code(), 401);
    assert_eq!(net.fields("authorization"), [Some("Bearer own".to_owned())]);
}

#[test]
fn data_that_is_gone_is_not_sent_with_credentials() {
    let net = Net::answering([&asks(BASIC), OK]);
    let once = Request::new("http://h/")
        .unwrap()
        .with_data(Data::reader(&b"x"[..]));
    assert_eq!(refused(both(&net).open(once)).code(), 401);
    assert_eq!(net.dialled().len(), 1);
    let net = Net::answering([&asks(BASIC), OK]);
    let again = Request::new("http://h/").unwrap().with_data("x");
    both(&net).open(again).unwrap();
    assert!(net.sent(0).ends_with("\r\n\r\nx") && net.sent(1).ends_with("\r\n\r\nx"));
}

#[test]
fn the_body_is_covered_where_the_server_wants_it() {
    let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"";
    let net = Net::answering([&asks(challenge), OK]);
    both(&net)
        .open(Request::new("http://h/").unwrap().with_data("x"))
        .unwrap();
    assert!(
        net.fields("authorization")[1]
            .as_ref()
            .unwrap()
            .contains("qop=auth-int")
    );
    // A file's content is not at hand.
    let net = Net::answering([&asks(challenge), OK]);
    let file = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let one = Request::new("http://h/").unwrap().with_data(file);
    assert_eq!(refused(both(&net).open(one)).code(), 401);
}

/// Every way to another origin, and back: no credentials go there, asked for or not.
#[test]
fn credentials_answer_their_own_origin_alone() {
    let foreign = [
        "http://i/",
        "http://x.h/",
        "http://h:8080/",
        "https://h/",
        "https://h:80/",
        "http://127.0.0.1/",
    ];
    for challenge in [BASIC, DIGEST] {
        for place in foreign {
            // The own origin has been asked, so that credentials are ready.
            let net = Net::answering([&asks(challenge), &to(302, place), &asks(challenge)]);
            let error = refused(both(&net).open("http://h/"));
            assert_eq!((error.code(), error.url()), (401, place));
            let sent: Vec<bool> = schemes(&net).iter().map(Option::is_some).collect();
            assert_eq!(sent, [false, true, false], "{challenge} {place}");
        }
        for place in ["/x", "http://h:80/x", "HTTP://H/x", "http://h./x"] {
            let net = Net::answering([&asks(challenge), &to(302, place), OK]);
            both(&net).open("http://h/").unwrap();
            let sent: Vec<bool> = schemes(&net).iter().map(Option::is_some).collect();
            assert_eq!(sent, [false, true, true], "{challenge} {place}");
        }
        // Back at home they are answered again, since they belong to the origin.
        let net = Net::answering([&to(302, "//i/"), &to(302, "//h/"), &asks(challenge), OK]);
        both(&net).open("http://h/").unwrap();
        let sent: Vec<bool> = schemes(&net).iter().map(Option::is_some).collect();
        assert_eq!(sent, [false, false, false, true], "{challenge}");
    }
}

#[test]
fn who_does_not_know_the_password_is_found_out() {
    let wrong = "HTTP/1.1 200 OK\nAuthentication-Info: rspauth=\"00\", qop=auth, nc=00000001, \
                 cnonce=\"x\"\nContent-Length: 0\n\n";
    let net = Net::answering([&asks(DIGEST), wrong]);
    let error = both(&net).open("http://h/").unwrap_err();
    assert!(matches!(error, URLError::Rspauth(_)), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
    // The nonce that is to be used next is.
    let next = "HTTP/1.1 200 OK\nAuthentication-Info: nextnonce=\"two\"\nContent-Length: 0\n\n";
    let net = Net::answering([&asks(DIGEST), next, OK]);
    let opener = both(&net);
    opener.open("http://h/").unwrap();
    opener.open("http://h/").unwrap();
    let last = net.fields("authorization")[2].clone().unwrap();
    let found = &Challenge::parse(last.as_bytes())[0];
    assert_eq!(
        (found.get("nonce").unwrap(), found.get("nc").unwrap()),
        ("two".into(), "00000001".into())
    );
}

#[test]
fn no_other_status_is_answered() {
    for status in [400, 402, 403, 407, 500] {
        let answer = format!(
            "HTTP/1.1 {status} No\nWWW-Authenticate: {BASIC}\nProxy-Authenticate: {BASIC}\n\n"
        );
        let net = Net::answering([&answer, OK]);
        assert_eq!(refused(both(&net).open("http://h/")).code(), status);
        assert_eq!(net.dialled().len(), 1);
    }
}

/// More servers than are remembered: each still gets its own credentials.
#[test]
fn many_servers_are_bounded_and_forgotten_ones_ask_again() {
    let servers = 70;
    let mut answers = Vec::new();
    for _ in 0..servers {
        answers.extend([asks(BASIC), OK.to_owned()]);
    }
    answers.push(OK.to_owned());
    answers.extend([asks(BASIC), OK.to_owned()]);
    let net = Net::answering(&answers);
    let names: Vec<String> = (0..servers)
        .map(|number| format!("http://h{number}/"))
        .collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| (None, name.as_str(), "me"))
        .collect();
    let opener = net
        .opener()
        .add_handler(HTTPBasicAuthHandler::new(passwords(&entries)));
    for name in names.iter().chain([&names[servers - 1], &names[0]]) {
        opener.open(name).unwrap();
    }
    let sent = schemes(&net);
    assert_eq!(sent.len(), 2 * servers + 3);
    assert_eq!(sent[2 * servers..], named(&["Basic", "", "Basic"]));
}
