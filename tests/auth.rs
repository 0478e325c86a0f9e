//! Credentials beyond the rules that `rfc` proves: the `.netrc` file, passwords by realm, and what
//! Python makes of the same.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "support/base64.rs"]
mod base64;
#[path = "support/python.rs"]
mod python_judge;
#[path = "support/random.rs"]
mod random;

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use python_judge::Python;
use random::Random;
use stdhttp::HTTPMessage;
use stdhttp::auth::{
    Authenticator, Challenge, Credentials, Digest, DigestRequest, HTTPPasswordMgr, Netrc,
    NetrcError, NetrcFault,
};
use stdhttp::testing::steps;
use stdhttp::urllib::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// The entries of a text: host, login, account, password.
fn entry(text: &str, host: &str) -> Option<[String; 3]> {
    let netrc = Netrc::parse(text).expect(text);
    let entry = netrc.authenticators(host)?;
    Some([
        entry.login.clone(),
        entry.account.clone(),
        entry.password.clone(),
    ])
}

fn fault(text: &str) -> (NetrcFault, usize) {
    match Netrc::parse(text) {
        Err(NetrcError::Parse { fault, line, .. }) => (fault, line),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn the_grammar_of_a_netrc() {
    for (text, expected) in [
        ("machine h login a password b", ["a", "", "b"]),
        (
            "machine h\n\tlogin a\n\taccount c\n\tpassword b\n",
            ["a", "c", "b"],
        ),
        ("machine h user a password b", ["a", "", "b"]),
        ("machine h password b login a", ["a", "", "b"]),
        ("machine h login a login c", ["c", "", ""]),
        ("machine h login a machine h login b", ["b", "", ""]),
        ("machine h", ["", "", ""]),
        ("machine h login", ["", "", ""]),
        (
            "machine h login \"a b\" password \"c\\\"d\\\\\"",
            ["a b", "", "c\"d\\"],
        ),
        ("machine h login a\\ b password \\#c", ["a b", "", "#c"]),
        ("machine h login a password #b", ["a", "", "#b"]),
        ("machine h login a\"b password c", ["a\"b", "", "c"]),
        ("machine h login \"\" password b", ["", "", "b"]),
        ("machine h login \"a", ["a", "", ""]),
        (
            "machine \"h\" login p\u{e4}\u{df}",
            ["p\u{e4}\u{df}", "", ""],
        ),
        ("# comment machine x\nmachine h login a", ["a", "", ""]),
        ("#comment\nmachine h login a", ["a", "", ""]),
        (
            "#comment of several words\nmachine h login a",
            ["a", "", ""],
        ),
        (
            "machine h # comment\nlogin a\n\n# more words\npassword b",
            ["a", "", "b"],
        ),
        ("machine h #login x\nlogin a", ["a", "", ""]),
        (
            "macdef m\n\tmachine h login x\n\tcd /\n\nmachine h login a",
            ["a", "", ""],
        ),
        ("machine h login a\nmacdef m\n put x\n\n", ["a", "", ""]),
        (
            "machine h login a\r\nmacdef m\r\n put x\r\n\r\nmachine i login b\r\n",
            ["a", "", ""],
        ),
        ("machine h login a default login z", ["a", "", ""]),
        ("default login z machine h login a", ["a", "", ""]),
        ("default login z account y password x", ["z", "y", "x"]),
        ("machine H login a", ["a", "", ""]),
    ] {
        assert_eq!(
            entry(text, "h"),
            Some(expected.map(String::from)),
            "{text:?}"
        );
    }
    assert_eq!(entry("machine h login a", "i"), None);
    assert_eq!(entry("", "h"), None);
    assert_eq!(entry(" \n\t\r\n", "h"), None);
}

#[test]
fn what_breaks_the_grammar() {
    for (text, expected) in [
        ("machine", (NetrcFault::MissingName, 1)),
        ("machine \"\" login a", (NetrcFault::MissingName, 1)),
        ("\n\nmachine h\nlogins a", (NetrcFault::UnknownWord, 4)),
        ("login a", (NetrcFault::UnknownWord, 1)),
        ("\"\" machine h", (NetrcFault::UnknownWord, 1)),
        ("machine h login a b", (NetrcFault::UnknownWord, 1)),
        ("macdef", (NetrcFault::MissingName, 1)),
        ("macdef m", (NetrcFault::OpenMacro, 1)),
        ("macdef m\n put x\n", (NetrcFault::OpenMacro, 3)),
        ("macdef m\n put x", (NetrcFault::OpenMacro, 2)),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
}

#[test]
fn only_a_host_that_is_named_has_credentials() {
    let netrc = Netrc::parse(
        "machine example.org login me password secret machine empty login \"\" \
         machine evil login \"a\nb\" default login anyone password else",
    );
    let netrc = netrc.unwrap();
    for (to, user) in [
        ("https://example.org/", Some("me")),
        ("https://EXAMPLE.org:8443/x", Some("me")),
        ("https://www.example.org/", None),
        ("https://notexample.org/", None),
        ("https://example.org.evil/", None),
        ("https://me@other/", None),
        ("https://default/", None),
        ("https://empty/", None),
    ] {
        let found = netrc.credentials(&url(to)).unwrap();
        assert_eq!(found.as_ref().map(Credentials::user), user, "{to}");
    }
    assert!(netrc.credentials(&url("https://evil/")).is_err());
    assert_eq!(netrc.authenticators("elsewhere").unwrap().login, "anyone");
    assert!(netrc.machine("elsewhere").is_none());
}

/// A file of a test's own, which is gone behind it.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let unique = format!("stdhttp-auth-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_file_is_read() {
    let file = File::new("read", "machine h login a password b");
    assert_eq!(
        Netrc::load(&file.0).unwrap().machine("h").unwrap().password,
        "b"
    );
    let missing = Netrc::load(file.0.with_extension("missing"));
    assert!(matches!(missing, Err(NetrcError::Io(error)) if error.kind() == ErrorKind::NotFound));
    let latin = File::new("latin", b"machine h login \xe4");
    assert!(matches!(Netrc::load(&latin.0), Err(NetrcError::Io(_))));
    let large = File::new("large", "\n".repeat(1_024 * 1_024 + 1));
    assert!(matches!(Netrc::load(&large.0), Err(NetrcError::Io(_))));
    let fits = File::new("fits", "\n".repeat(1_024 * 1_024));
    assert!(Netrc::load(&fits.0).is_ok());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    for (content, mode, refused) in [
        ("machine h login a password b", 0o600, false),
        ("machine h login a password b", 0o640, true),
        ("machine h login a password b", 0o604, true),
        ("machine h login a password b", 0o610, true),
        ("default login a password b", 0o644, true),
        ("machine h login anonymous password b", 0o644, false),
        ("", 0o644, false),
    ] {
        let file = File::new("mode", content);
        fs::set_permissions(&file.0, fs::Permissions::from_mode(mode)).unwrap();
        let came = Netrc::load_private(&file.0);
        assert_eq!(
            matches!(came, Err(NetrcError::Exposed)),
            refused,
            "{content} {mode:o}"
        );
        assert!(refused || came.is_ok());
    }
}

#[test]
fn a_netrc_is_read_in_linear_steps() {
    for unit in [
        "a",
        " ",
        "\n",
        "\"",
        "\\",
        "#",
        "#\n",
        "macdef m\n\n",
        "machine h ",
        "\"\" ",
    ] {
        for start in [
            "",
            "machine h login ",
            "macdef m\n",
            "machine h login \"",
            "# ",
        ] {
            let cost = |length: usize| {
                let text = format!("{start}{}", unit.repeat(length / unit.len()));
                let before = steps().expect("steps are counted");
                let _ = Netrc::parse(&text);
                (
                    steps().unwrap() - before,
                    u64::try_from(text.len()).unwrap(),
                )
            };
            let (small, _) = cost(32 * 1_024);
            let (large, length) = cost(64 * 1_024);
            assert!(
                large <= 3 * length,
                "{start}{unit}: {large} steps for {length} octets"
            );
            assert!(
                large <= 2 * small + 64,
                "{start}{unit}: {small} steps, then {large}"
            );
        }
    }
}

#[test]
fn passwords_by_realm_and_place() {
    let mut passwords = HTTPPasswordMgr::new();
    let mut add = |realm, place: &str, user| {
        let credentials = Credentials::new(user, "p").unwrap();
        passwords.add_password(realm, &url(place), credentials);
    };
    add(Some("Realm"), "http://h/", "root");
    add(Some("Realm"), "http://h/ni", "ni");
    add(Some("Realm"), "http://h/ni/deep", "deep");
    add(None, "http://h/", "any");
    add(Some("Other"), "https://h/", "first");
    add(Some("Other"), "https://h", "second");
    add(Some("Port"), "http://h:3128", "port");
    for (realm, place, user) in [
        ("Realm", "http://h/", Some("root")),
        ("Realm", "http://h", Some("root")),
        ("Realm", "http://H:80/spam", Some("root")),
        ("Realm", "http://h/ni", Some("ni")),
        ("Realm", "http://h/ni/x", Some("ni")),
        ("Realm", "http://h/niche", Some("root")),
        ("Realm", "http://h/ni/deep/er", Some("deep")),
        ("Realm", "https://h/", None),
        ("Realm", "http://h:8080/", None),
        ("Realm", "http://www.h/", None),
        ("Unknown", "http://h/ni", Some("any")),
        ("Other", "http://h/", Some("any")),
        ("Other", "https://h/", Some("second")),
        ("Port", "http://h:3128/x", Some("port")),
        ("Port", "http://h/", Some("any")),
    ] {
        let found = passwords.find_user_password(realm, &url(place));
        assert_eq!(found.map(Credentials::user), user, "{realm} {place}");
    }
}

#[test]
fn passwords_are_not_shown() {
    let credentials = Credentials::new("user", "secret").unwrap();
    assert_eq!(credentials.password(), "secret");
    let home = url("https://h/");
    let mut passwords = HTTPPasswordMgr::new();
    passwords.add_password(None, &home, credentials.clone());
    let netrc = Netrc::parse("machine h login user password secret").unwrap();
    let auth = Authenticator::new(&home, credentials.clone());
    let request = DigestRequest {
        method: "GET",
        target: "/",
        body: None,
    };
    let mut exchange = auth.begin(&home, &request);
    let mut headers = HTTPMessage::new();
    headers.append("WWW-Authenticate", "Basic realm=\"a\", Bearer c2VjcmV0");
    assert!(auth.answer(&mut exchange, &home, &request, 401, &headers));
    let challenges = Challenge::parse_all(&headers, "www-authenticate");
    let digest = Challenge::parse(b"Digest realm=\"r\", nonce=\"n\"");
    let digest = Digest::new(&digest[0]).unwrap();
    let answer = digest.answer(&credentials, &request);
    for shown in [
        format!("{credentials:?}"),
        format!("{passwords:?}"),
        format!("{netrc:?}"),
        format!("{auth:?}"),
        format!("{exchange:?}"),
        format!("{challenges:?}"),
        format!("{digest:?}"),
        format!("{answer:?}"),
        format!("{:?}", exchange.authorization().unwrap()),
        format!("{:?}", netrc.machine("h").unwrap()),
    ] {
        let hides = !shown.contains("secret") && !shown.contains("c2VjcmV0");
        assert!(hides && !shown.contains("dXNlcjpzZWNyZXQ"), "{shown}");
        assert!(shown.len() > 10, "{shown}");
    }
    assert!(format!("{credentials:?}").contains("user"));
    assert!(format!("{challenges:?}").contains("realm"));
    let entry = netrc.machine("h").unwrap();
    assert!(format!("{entry:?}").contains("login: \"user\""));
    let authorization = exchange.authorization().unwrap();
    assert_eq!(format!("{authorization:?}"), "Authorization: ***");
}

#[test]
fn a_challenge_has_so_many_parameters_and_a_word_that_is_one() {
    let with = |count: usize| {
        let params: Vec<String> = (0..count).map(|number| format!("p{number}=x")).collect();
        let line = format!("Any {}", params.join(", "));
        Challenge::parse(line.as_bytes())
            .first()
            .map(|one| one.params().len())
    };
    assert_eq!((with(32), with(33)), (Some(32), None));
    for line in ["Any =", "Any ==", "Any , b=c"] {
        let found = Challenge::parse(line.as_bytes());
        assert!(found.iter().all(|one| one.token68().is_none()), "{line}");
    }
    let found = Challenge::parse(b"Any a=");
    assert_eq!(found[0].token68(), Some("a="));
}

#[test]
fn errors_say_what_is_wrong() {
    use std::error::Error;
    use stdhttp::auth::{InvalidCredentials, RspauthMismatch};
    let texts = [
        Netrc::parse("machine").unwrap_err().to_string(),
        Netrc::parse("login").unwrap_err().to_string(),
        Netrc::parse("macdef m").unwrap_err().to_string(),
        Netrc::parse("\nlogin").unwrap_err().to_string(),
        NetrcError::Exposed.to_string(),
        InvalidCredentials::Control.to_string(),
        InvalidCredentials::ColonInUser.to_string(),
        RspauthMismatch.to_string(),
    ];
    let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len());
    assert!(texts.iter().all(|text| text.len() > 10), "{texts:?}");
    assert!(texts[3].contains("line 2"));
    assert!(NetrcError::Exposed.source().is_none());
    let missing = Netrc::load("/no/such/file").unwrap_err();
    assert!(missing.source().is_some());
    assert_eq!(missing.to_string(), missing.source().unwrap().to_string());
}

/// The value of a parameter of an answer, without quotes.
fn param(value: &[u8], name: &str) -> String {
    let found = &Challenge::parse(value)[0];
    found.get(name).unwrap_or_default().into_owned()
}

fn rounds(usual: usize) -> usize {
    match std::env::var_os("STDHTTP_LONG") {
        Some(_) => usual * 20,
        None => usual,
    }
}

#[test]
fn digest_is_what_the_formulas_give() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let mut random = Random::new(31);
    let texts = [
        "",
        "a",
        "user name",
        "q\"uo\\te",
        "\u{e4}\u{df}",
        "x,y;z",
        "0123456789abcdef",
    ];
    let algorithms = [
        ("MD5", "md5"),
        ("SHA-256", "sha256"),
        ("SHA-512-256", "sha512_256"),
    ];
    for _ in 0..rounds(400) {
        let (name, hash) = *random.choose(&algorithms);
        let session = random.below(2) == 0;
        let qop = match session {
            true => *random.choose(&["auth", "auth-int"]),
            false => *random.choose(&["", "auth", "auth-int"]),
        };
        let [user, password, body] = [(); 3].map(|()| *random.choose(&texts));
        let [realm, nonce] = [(); 2].map(|()| *random.choose(&["", "r", "a b", "x=,y"]));
        let (method, target) = (
            *random.choose(&["GET", "POST"]),
            *random.choose(&["/", "/a?b=c"]),
        );
        let suffix = if session { "-sess" } else { "" };
        let offer = if qop.is_empty() {
            String::new()
        } else {
            format!(", qop=\"{qop}\"")
        };
        let line =
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}{suffix}{offer}");
        let digest = Digest::new(&Challenge::parse(line.as_bytes())[0]).expect(&line);
        let digest = digest.with_cnonce(|| "c0".to_owned());
        let credentials = Credentials::new(user, password).unwrap();
        let request = DigestRequest {
            method,
            target,
            body: Some(body.as_bytes()),
        };
        let _ = digest.answer(&credentials, &request);
        let answer = digest.answer(&credentials, &request);
        let session = if session { "yes" } else { "" };
        let asked = [
            hash, session, qop, user, password, realm, nonce, "00000002", "c0", method, target,
            body,
        ];
        let theirs = python
            .ask("digest", &asked.map(str::as_bytes))
            .expect("a response");
        assert_eq!(
            param(answer.value(), "response").as_bytes(),
            theirs,
            "{line}"
        );
    }
}

#[test]
fn digest_is_what_urllib_sends() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let mut random = Random::new(37);
    for _ in 0..rounds(200) {
        let qop = *random.choose(&[
            "",
            ", qop=\"auth\"",
            ", qop=\"auth,auth-int\"",
            ", qop=auth",
        ]);
        let opaque = *random.choose(&["", ", opaque=\"o p\""]);
        let algorithm = *random.choose(&["", ", algorithm=MD5"]);
        let rest = format!("realm=\"a realm\", nonce=\"n0nce\"{qop}{opaque}{algorithm}");
        let (user, password) = (
            *random.choose(&["u", "user name"]),
            *random.choose(&["", "p:q"]),
        );
        let (method, to) = (
            *random.choose(&["GET", "PUT"]),
            *random.choose(&["http://h/", "http://h/a?b=c"]),
        );
        let target = url(to).request_target().into_owned();
        let line = format!("Digest {rest}");
        let digest = Digest::new(&Challenge::parse(line.as_bytes())[0]).expect(&line);
        let digest = digest.with_cnonce(|| "cn0nce".to_owned());
        let request = DigestRequest {
            method,
            target: &target,
            body: None,
        };
        let answer = digest.answer(&Credentials::new(user, password).unwrap(), &request);
        let asked = [user, password, "cn0nce", method, to, &rest].map(str::as_bytes);
        let theirs = python.ask("urllib_digest", &asked).expect("an answer");
        let theirs = [b"Digest ", &theirs[..]].concat();
        let names = [
            "username", "realm", "nonce", "uri", "response", "opaque", "qop", "nc", "cnonce",
        ];
        for name in names {
            assert_eq!(
                param(answer.value(), name),
                param(&theirs, name),
                "{name} of {line}"
            );
        }
    }
}

type NetrcEntry = (&'static str, fn(&str) -> bool);

/// Why a netrc is read otherwise than by Python, and in which texts.
const NETRC: [NetrcEntry; 3] = [
    (
        "a comment ends with its line, whatever stands before it",
        |text| text.contains('#'),
    ),
    ("an empty word is no end of the file", |text| {
        text.contains("\"\"")
    }),
    (
        "hosts count in any case, and the default entry is no host",
        |text| text.contains("machine H") || text.contains("machine default"),
    ),
];

#[test]
fn a_netrc_is_read_as_python_does() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let words = [
        "machine",
        "machine h",
        "machine i",
        "machine H",
        "default",
        "login a",
        "user b",
        "password p",
        "account c",
        "password \"x y\"",
        "password x\\ y",
        "password #p",
        "# comment",
        "#comment",
        "# a comment of words",
        "\n",
        "\n\n",
        "\r\n",
        "macdef m\ncd\n\n",
        "macdef m\n",
        "\"\"",
        "bad",
        "login \"\"",
        "machine default",
    ];
    let mut random = Random::new(41);
    let mut uses = [0; NETRC.len()];
    for _ in 0..rounds(2_000) {
        let chosen: Vec<&str> = (0..random.below(7))
            .map(|_| *random.choose(&words))
            .collect();
        let text = chosen.join(*random.choose(&[" ", "\n", "\t"]));
        let ours = Netrc::parse(&text).ok().map(|netrc| {
            let line = |host: &str| {
                let entry = if host == "default" {
                    netrc.authenticators("\0")
                } else {
                    netrc.machine(host)
                };
                let entry = entry?;
                Some(format!(
                    "{host}\t{}\t{}\t{}",
                    entry.login, entry.account, entry.password
                ))
            };
            ["default", "h", "i", "machine"]
                .into_iter()
                .filter_map(line)
                .collect::<Vec<_>>()
                .join("\n")
        });
        let theirs = python.ask("machines", &[text.as_bytes()]);
        let theirs = theirs.map(|text| String::from_utf8(text).unwrap());
        if ours == theirs {
            continue;
        }
        let listed = NETRC.iter().position(|(_, holds)| holds(&text));
        let listed = listed.unwrap_or_else(|| panic!("{text:?}: ours {ours:?}, theirs {theirs:?}"));
        uses[listed] += 1;
    }
    assert!(uses.iter().all(|uses| *uses > 0), "{uses:?}");
}
