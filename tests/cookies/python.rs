//! Python's `http.cookiejar` and `http.cookies` on the same input, drawn at random: each difference
//! is one of a list with reasons, and each entry of the list is needed.
//!
//! `STDHTTP_LONG=1` tries twenty times as many.

use stdhttp::cookies::{Attribute, Morsel, MozillaCookieJar, SimpleCookie};

use crate::folder::Folder;
use crate::python_judge::Python;
use crate::random::Random;
use crate::{NOW, jar, sent, url};

fn rounds(usual: usize) -> usize {
    match std::env::var_os("STDHTTP_LONG") {
        Some(_) => usual * 20,
        None => usual,
    }
}

/// One `Set-Cookie` line, its request, and the request behind it.
struct Case {
    from: String,
    line: String,
    to: String,
    ours: String,
    theirs: String,
}

impl Case {
    /// The pair and the attributes, names in lower case.
    fn pieces(&self) -> Vec<(String, Option<&str>)> {
        let piece = |piece: &'_ str| match piece.split_once('=') {
            Some((name, _)) => name.trim().to_ascii_lowercase(),
            None => piece.trim().to_ascii_lowercase(),
        };
        let value = |piece| str::split_once(piece, '=').map(|(_, value)| value.trim());
        self.line
            .split(';')
            .map(|part| (piece(part), value(part)))
            .collect()
    }

    fn attribute(&self, name: &str) -> Option<Option<&str>> {
        let pieces = self.pieces();
        let mut found = pieces.iter().skip(1).filter(|(found, _)| found == name);
        found.next_back().map(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    fn is_repeated(&self, name: &str) -> bool {
        self.pieces()
            .iter()
            .skip(1)
            .filter(|(found, _)| found == name)
            .count()
            > 1
    }

    fn host(of: &str) -> String {
        url(of).hostname().trim_end_matches('.').to_owned()
    }

    fn only_they_send(&self) -> bool {
        self.ours.is_empty() && !self.theirs.is_empty()
    }

    fn only_we_send(&self) -> bool {
        !self.ours.is_empty() && self.theirs.is_empty()
    }
}

type Entry = (&'static str, fn(&Case) -> bool);

/// Every kind of difference, with the reason why the crate does as it does.
const JAR: &[Entry] = &[
    ("C-5.6-2: without an equals sign all is the value", |case| {
        !case
            .line
            .split(';')
            .next()
            .unwrap_or_default()
            .contains('=')
    }),
    ("C-5.6-2: the name may be empty", |case| {
        case.line.trim_start().starts_with('=')
    }),
    ("C-5.6-1: a control character spoils the line", |case| {
        case.only_they_send() && case.line.contains('\u{1}')
    }),
    ("C-5.7-3: without a domain for the host alone", |case| {
        case.only_they_send()
            && !case.has("domain")
            && Case::host(&case.from) != Case::host(&case.to)
    }),
    (
        "C-5.6.5-1, C-5.6.2-1: an attribute without its value is ignored, not the cookie",
        |case| {
            let bare = ["path", "domain", "max-age", "expires"];
            bare.iter().any(|name| case.attribute(name) == Some(None))
                || case
                    .pieces()
                    .iter()
                    .any(|(name, value)| bare.contains(&name.as_str()) && value.is_none())
        },
    ),
    (
        "C-5.6.2-1: a Max-Age that is none is ignored, not the cookie",
        |case| {
            case.pieces().iter().any(|(name, value)| {
                let digits = |value: &str| {
                    value
                        .strip_prefix('-')
                        .unwrap_or(value)
                        .parse::<u32>()
                        .is_ok()
                };
                name == "max-age" && !value.is_some_and(digits)
            })
        },
    ),
    ("C-5.6-5: of an attribute the last counts", |case| {
        ["path", "domain", "max-age", "expires"]
            .iter()
            .any(|name| case.is_repeated(name))
    }),
    ("C-5.4-1, C-5.7-7: prefixes promise something", |case| {
        case.only_they_send()
            && case
                .line
                .to_ascii_lowercase()
                .trim_start()
                .starts_with("__")
    }),
    ("C-5.7-4: no secure cookie over http", |case| {
        case.only_they_send() && case.has("secure") && case.from.starts_with("http:")
    }),
    ("C-5.7-6: SameSite=None is secure", |case| {
        let same_site = case.attribute("samesite").flatten().unwrap_or_default();
        case.only_they_send() && same_site.eq_ignore_ascii_case("none") && !case.has("secure")
    }),
    (
        "C-5.6.4-1: a path that is none is the default path",
        |case| {
            case.attribute("path")
                .flatten()
                .is_some_and(|path| !path.starts_with('/'))
        },
    ),
    ("C-5.6.3-1: an empty domain is none", |case| {
        case.only_we_send() && case.attribute("domain").flatten() == Some("")
    }),
    (
        "C-5.1.1-1: a date is looked for in all that it says",
        |case| case.has("expires"),
    ),
    ("C-5.1.2-1: a dot behind a host says nothing", |case| {
        url(&case.from).hostname().ends_with('.') || url(&case.to).hostname().ends_with('.')
    }),
    (
        "C-5.1.2-1: a host without a dot is as it is, not `.local`",
        |case| !Case::host(&case.from).contains('.'),
    ),
    (
        "RFC 2965 is obsolete: Version, Port and Discard are unknown attributes",
        |case| case.has("version") || case.has("port"),
    ),
];

const NAMES: [&str; 12] = [
    "a",
    "a",
    "a",
    "A b",
    "",
    " a ",
    "__Secure-a",
    "__Host-a",
    "__HOST-b",
    "path",
    "a\u{1}",
    "$a",
];
const VALUES: [&str; 10] = [
    "=1", "=1", "=1", "=", "", "=\"x y\"", "=b=c", " = 2 ", "=\u{e4}", "=1, b=2",
];
const ATTRIBUTES: [&str; 44] = [
    "Path=/",
    "Path=/x",
    "Path=/x/",
    "path=/x/y",
    "Path=",
    "Path",
    "Path=x",
    "Path=\"/x\"",
    "Path=/%78",
    "Domain=example.org",
    "Domain=.example.org",
    "Domain=www.example.org",
    "DOMAIN=EXAMPLE.ORG",
    "Domain=org",
    "Domain=.",
    "Domain=",
    "Domain",
    "Domain=example.com",
    "Domain=ample.org",
    "Domain=127.0.0.1",
    "Domain=localhost",
    "Domain=..example.org",
    "Secure",
    "secure=false",
    "HttpOnly",
    "SameSite=None",
    "SameSite=Lax",
    "Max-Age=100",
    "Max-Age=0",
    "Max-Age=-5",
    "Max-Age=x",
    "Max-Age=",
    "Max-Age=+5",
    "max-age",
    "Expires=Thu, 01 Jan 2030 00:00:00 GMT",
    "Expires=Thu, 01 Jan 1998 00:00:00 GMT",
    "Expires=soon",
    "Expires=1 Jan 69 00:00:00",
    "Expires",
    "Version=1",
    "Port=\"80\"",
    "Discard",
    "other=x",
    "",
];
const FROM: [&str; 10] = [
    "http://www.example.org/",
    "https://www.example.org/",
    "http://www.example.org/x/y",
    "https://example.org/x/",
    "http://www.example.org",
    "http://127.0.0.1/",
    "http://localhost/",
    "https://www.example.org/x/y/z",
    "http://www.example.org./",
    "https://a.www.example.org/",
];
const TO: [&str; 14] = [
    "http://www.example.org/",
    "https://www.example.org/",
    "http://www.example.org/x",
    "https://www.example.org/x/y",
    "https://www.example.org/xy",
    "http://example.org/x/",
    "https://a.www.example.org/x/y",
    "https://notexample.org/",
    "http://127.0.0.1/",
    "http://localhost/",
    "http://1.127.0.0.1.example.org/",
    "https://www.example.org/X",
    "http://www.example.org",
    "http://www.example.org./x",
];

fn draw(random: &mut Random) -> (String, String, String) {
    let mut line = format!("{}{}", random.choose(&NAMES), random.choose(&VALUES));
    for _ in 0..random.below(4) {
        let separator = *random.choose(&["; ", ";", " ;  "]);
        line = format!("{line}{separator}{}", random.choose(&ATTRIBUTES));
    }
    let (from, to) = (*random.choose(&FROM), *random.choose(&TO));
    // Often the second request is one that the cookie may belong to.
    let to = if random.below(3) == 0 { from } else { to };
    (from.to_owned(), line, to.to_owned())
}

#[test]
fn jars_differ_only_as_listed() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let mut random = Random::new(17);
    let mut uses = vec![0; JAR.len()];
    let mut unexplained = Vec::new();
    for _ in 0..rounds(6_000) {
        let (from, line, to) = draw(&mut random);
        let latin: Vec<u8> = line.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let jar = jar();
        // Whether it is stored shows in what is sent.
        let _ = jar.store(&latin, &url(&from));
        let ours = sent(&jar, &to).escape_ascii().to_string();
        let now = NOW.to_string();
        let asked = [now.as_bytes(), from.as_bytes(), to.as_bytes(), &latin];
        let theirs = python.ask("jar", &asked).expect("an answer");
        let theirs = theirs.escape_ascii().to_string();
        if ours == theirs {
            continue;
        }
        let case = Case {
            from,
            line,
            to,
            ours,
            theirs,
        };
        match JAR.iter().position(|(_, holds)| holds(&case)) {
            Some(entry) => uses[entry] += 1,
            None => unexplained.push(format!(
                "{:?} from {} to {}: ours {:?}, theirs {:?}",
                case.line, case.from, case.to, case.ours, case.theirs
            )),
        }
    }
    assert_list(
        "jars",
        JAR.iter().map(|(reason, _)| *reason),
        &uses,
        &unexplained,
    );
}

fn assert_list<'a>(
    what: &str,
    reasons: impl Iterator<Item = &'a str>,
    uses: &[usize],
    unexplained: &[String],
) {
    println!("{what}: {} listed differences", uses.iter().sum::<usize>());
    let shown: Vec<_> = unexplained.iter().take(30).collect();
    assert!(
        unexplained.is_empty(),
        "{} differ: {shown:#?}",
        unexplained.len()
    );
    let unused: Vec<&str> = reasons
        .zip(uses)
        .filter(|(_, uses)| **uses == 0)
        .map(|(r, _)| r)
        .collect();
    assert!(unused.is_empty(), "not needed: {unused:#?}");
}

/// What one field is to Python and to us, as lines.
struct Field {
    field: String,
    ours: String,
    theirs: Option<String>,
}

impl Field {
    fn pairs(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let pairs = self
            .field
            .split(';')
            .map(str::trim)
            .filter(|pair| !pair.is_empty());
        pairs.map(|pair| match pair.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (pair, None),
        })
    }

    fn has_key(&self, is_kind: impl Fn(&str) -> bool) -> bool {
        self.pairs().any(|(key, _)| is_kind(key))
    }
}

type FieldEntry = (&'static str, fn(&Field) -> bool);

/// Reserved words, which Python takes for attributes.
const RESERVED: [&str; 10] = [
    "expires",
    "path",
    "comment",
    "domain",
    "max-age",
    "secure",
    "httponly",
    "version",
    "samesite",
    "partitioned",
];

const FIELDS: &[FieldEntry] = &[
    (
        "between two semicolons there is nothing, and Python stops there",
        |field| field.field.split(';').any(|pair| pair.trim().is_empty()),
    ),
    (
        "one bad pair loses nothing but itself (CPython #75637, #127195)",
        |field| {
            field.pairs().any(|(key, value)| {
                let legal = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:".contains(c);
                value.is_none() || key.is_empty() || !key.chars().all(legal)
            })
        },
    ),
    (
        "names such as path are names like any other (CPython #92012)",
        |field| field.has_key(|key| RESERVED.contains(&key.to_ascii_lowercase().as_str())),
    ),
    (
        "RFC 2965 is obsolete: $Version is a name like any other",
        |field| field.has_key(|key| key.starts_with('$')),
    ),
    (
        "C-5.6-2: a semicolon ends a pair, also between quotes",
        |field| field.field.contains("\";"),
    ),
    (
        "C-5.6-3: a value may hold blanks and any other octet but controls",
        |field| {
            field.pairs().any(|(_, value)| {
                value.is_some_and(|value| value.contains([' ', '"', '\\', '\u{e4}', '{']))
            })
        },
    ),
];

const PAIRS: [&str; 24] = [
    "a=1",
    "b=2",
    "c=",
    "a:b=3",
    "d=\"x y\"",
    "e=\"x\\\"y\"",
    "f=\"\\054\\073\"",
    "bad",
    "g[0]=1",
    "path=/",
    "Secure",
    "secure=1",
    "$Version=1",
    "$Path=/",
    "h=\"a;b\"",
    "i=x y",
    "j=x\"y",
    "k=\u{e4}",
    "l m=1",
    "=x",
    "",
    "version=1",
    "n={}",
    "o=\"\\344\"",
];

#[test]
fn fields_differ_only_as_listed() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let mut random = Random::new(23);
    let mut uses = vec![0; FIELDS.len()];
    let mut unexplained = Vec::new();
    for _ in 0..rounds(3_000) {
        let pairs: Vec<&str> = (0..=random.below(4))
            .map(|_| *random.choose(&PAIRS))
            .collect();
        let field = pairs.join(*random.choose(&["; ", ";"]));
        let latin: Vec<u8> = field.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let mut cookies = SimpleCookie::new();
        cookies.load(&latin);
        let lines = cookies
            .iter()
            .map(|morsel| format!("{}={}", morsel.key(), morsel.value()));
        let ours = lines.collect::<Vec<_>>().join("\n");
        let theirs = python.ask("simple", &[&latin]);
        let theirs = theirs.map(|text| text.iter().copied().map(char::from).collect::<String>());
        if theirs.as_ref() == Some(&ours) {
            continue;
        }
        let case = Field {
            field,
            ours,
            theirs,
        };
        match FIELDS.iter().position(|(_, holds)| holds(&case)) {
            Some(entry) => uses[entry] += 1,
            None => unexplained.push(format!(
                "{:?}: ours {:?}, theirs {:?}",
                case.field, case.ours, case.theirs
            )),
        }
    }
    assert_list(
        "fields",
        FIELDS.iter().map(|(reason, _)| *reason),
        &uses,
        &unexplained,
    );
}

#[test]
fn values_are_quoted_as_python_does() {
    let Some(mut python) = Python::start() else {
        return;
    };
    for octet in 0..128u8 {
        for value in [vec![octet], vec![b'a', octet, b'b'], vec![octet; 3]] {
            let text = String::from_utf8(value.clone()).unwrap();
            let ours = Morsel::new("k", &text).unwrap();
            // Newer Pythons refuse controls, which the quotes take all harm from.
            let Some(theirs) = python.ask("quoted", &[&value]) else {
                assert!(octet.is_ascii_control(), "{octet}");
                continue;
            };
            assert_eq!(ours.coded_value(), theirs, "{octet}");
        }
    }
}

#[test]
fn morsels_are_written_as_python_does() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let attributes = [
        "path=/x",
        "domain=example.org",
        "max-age=60",
        "expires=whenever",
        "secure",
        "httponly",
        "samesite=Lax",
        "comment=a b",
        "version=1",
    ];
    let mut random = Random::new(29);
    for _ in 0..rounds(300) {
        let chosen: Vec<&str> = attributes
            .iter()
            .copied()
            .filter(|_| random.below(2) == 0)
            .collect();
        let value = *random.choose(&["v", "a b", "", "1,2"]);
        let mut morsel = Morsel::new("k", value).unwrap();
        for attribute in &chosen {
            match attribute.split_once('=') {
                Some((name, text)) => morsel.set(name, text).unwrap(),
                None => morsel.set(attribute, Attribute::Flag(true)).unwrap(),
            }
        }
        let asked: Vec<&[u8]> = ["k", value]
            .iter()
            .chain(&chosen)
            .map(|text| text.as_bytes())
            .collect();
        let theirs = python.ask("morsel", &asked).unwrap();
        assert_eq!(
            morsel.OutputString().unwrap().as_bytes(),
            theirs,
            "{chosen:?}"
        );
    }
}

#[test]
fn python_reads_our_file_and_we_read_pythons() {
    let Some(mut python) = Python::start() else {
        return;
    };
    let folder = Folder::new("python");
    let jar = MozillaCookieJar::new(folder.file(), jar()).with_session_cookies();
    for line in [
        "a=1; Max-Age=100",
        "b=2; Domain=example.org; Path=/p",
        "c=3; Secure; Max-Age=100; Domain=www.example.org",
        "nameless; Max-Age=100",
        "q=\"x y\"; Max-Age=100",
    ] {
        jar.store(line.as_bytes(), &url("https://www.example.org/"))
            .unwrap();
    }
    jar.save().unwrap();
    let ours = std::fs::read(folder.file()).unwrap();
    let now = NOW.to_string();
    let theirs = python
        .ask("file", &[now.as_bytes(), &ours])
        .expect("a file that Python reads");
    std::fs::write(folder.file(), theirs).unwrap();
    let again = MozillaCookieJar::new(folder.file(), crate::jar()).with_session_cookies();
    let loaded = again.load().unwrap();
    // To Python the time 0, which is curl's way to write it, is past: the session's cookie is gone.
    assert_eq!((loaded.cookies, loaded.skipped), (4, 0));
    jar.clear_session_cookies();
    // Python sorts by domain.
    for to in [
        "https://www.example.org/",
        "https://www.example.org/p",
        "http://example.org/p",
    ] {
        let sorted = |field: Vec<u8>| {
            let mut cookies: Vec<Vec<u8>> = field
                .split(|octet| *octet == b';')
                .map(|cookie| cookie.trim_ascii().to_vec())
                .collect();
            cookies.sort();
            cookies
        };
        assert_eq!(sorted(sent(&again, to)), sorted(sent(&jar, to)), "{to}");
    }
}
