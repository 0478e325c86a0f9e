//! Where Python's `http.server` and this crate's answer differently, and why that is so.

use super::{Answer, Came};

/// Brings what both made of the requests to the same form, where a difference applies.
type Level = Box<dyn Fn(&str, &mut Came, &mut Came)>;

/// The same for the answers to one request.
type LevelAnswers = fn(&str, &mut Answer, &mut Answer);

pub(crate) struct Difference {
    pub(crate) reason: String,
    pub(crate) level: Level,
}

/// Everything that differs, with its reason.
pub(crate) fn all() -> Vec<Difference> {
    let answers = ANSWERS.iter().map(|&(reason, level)| {
        let level = move |requests: &str, python: &mut Came, ours: &mut Came| {
            let pairs = python.answers.iter_mut().zip(&mut ours.answers);
            pairs.for_each(|(python, ours)| level(requests, python, ours));
        };
        Difference {
            reason: reason.to_owned(),
            level: Box::new(level),
        }
    });
    let words = Difference {
        reason: "a refusal says what is wrong in the crate's own words".to_owned(),
        level: Box::new(|_, python, ours| compare_refusals(python, ours)),
    };
    let statuses = STATUSES.iter().flat_map(|(reason, rows)| {
        let row = move |&(part, theirs, own): &Row| Difference {
            reason: format!("{reason}: {part:?}"),
            level: Box::new(move |requests, python, ours| {
                let applies = requests.contains(part) && ours.log_tells_the_statuses();
                if applies && python.statuses() == theirs && ours.statuses() == own {
                    ours.clone_from(python);
                }
            }),
        };
        rows.iter().map(row)
    });
    answers.chain([words]).chain(statuses).collect()
}

impl Came {
    /// The status of each answer; 0 where there is none.
    fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }

    /// Whether the log has a line with the status of each answer.
    fn log_tells_the_statuses(&self) -> bool {
        let lines = self.log.iter().filter(|line| line.starts_with('"'));
        let logged: Vec<u16> = lines
            .filter_map(|line| line.strip_suffix(" -")?.rsplit(' ').next()?.parse().ok())
            .collect();
        logged == self.statuses()
    }
}

/// How the answers to a request that got the same status differ.
const ANSWERS: [(&str, LevelAnswers); 5] = [
    (
        "ours says what tells one state of a file from another, and that there are ranges",
        |_, python, ours| drop_validators(python, ours),
    ),
    (
        "the listing is a table with sizes and dates; names and links are the same",
        |_, python, ours| compare_listings(python, ours),
    ),
    (
        "what explains an error is in the crate's own words",
        |_, python, ours| compare_error_pages(python, ours),
    ),
    (
        "a redirect to a directory is relative, so that it can't lead to another host",
        resolve,
    ),
    (
        "ours says whether the connection stays where the version alone does not",
        |_, python, ours| {
            if !python.fields.contains_key("connection") {
                ours.fields.remove("connection");
            }
        },
    ),
];

/// A part of the requests, and the statuses from Python and from ours.
type Row = (&'static str, &'static [u16], &'static [u16]);

/// Where the statuses differ. Python's 0 is an answer without a head.
const STATUSES: [(&str, &[Row]); 13] = [
    (
        "no segment of a path may lead elsewhere or hide a separator",
        &[
            (" /.. ", &[301], &[404]),
            (" /../a.txt ", &[200], &[404]),
            ("/dir/../a.txt", &[200], &[404]),
            ("/%2e%2e/a.txt", &[200], &[404]),
            ("/dir%2finner.txt", &[200], &[404]),
            ("/./a.txt", &[200], &[404]),
        ],
    ),
    (
        "NUL is refused; Python dies of it with a traceback",
        &[("/a.txt%00", &[], &[404])],
    ),
    (
        "names are octets; Python reaches them by the octets of surrogates alone",
        &[("/names/%FF.txt", &[404], &[200])],
    ),
    (
        "a target has one of four forms (RFC 9112 section 3.2)",
        &[
            ("/a.txt#fragment", &[200], &[400]),
            ("/#123", &[200], &[400]),
            ("GET a.txt", &[200], &[400]),
            ("GET * ", &[404], &[400]),
            ("/\u{e4} ", &[404], &[400]),
            ("/\x1b[2J", &[404], &[400]),
        ],
    ),
    (
        "the absolute form is served as its path is (RFC 9112 section 3.2.2)",
        &[
            ("http://a/a.txt", &[404], &[200]),
            ("http://elsewhere.example/dir", &[404], &[301]),
        ],
    ),
    (
        "a method that is known and not allowed gets 405, OPTIONS an answer (RFC 9110 section 9)",
        &[
            ("POST /a.txt HTTP", &[501], &[405]),
            ("PUT", &[501], &[405]),
            ("DELETE", &[501], &[405]),
            ("PATCH", &[501], &[405]),
            ("TRACE", &[501], &[405]),
            ("OPTIONS", &[501], &[204]),
        ],
    ),
    (
        "a method is a token (RFC 9110 section 9.1)",
        &[("<script>", &[501], &[400])],
    ),
    (
        "a bad version gets an answer with a head",
        &[
            ("HTTP/2.0", &[0], &[505]),
            ("HTTP/9.9\r", &[0], &[505]),
            ("HTTP/9.9.9", &[0], &[400]),
            ("HTTP/-9_9_9.+9_9_9", &[0], &[400]),
            ("FUBAR", &[0], &[400]),
            ("HTTP/909876543210.0", &[0], &[400]),
            ("HTTP/1.909876543210", &[0], &[400]),
            ("http/1.1", &[0], &[400]),
            ("HTTP/1\r", &[0], &[400]),
            ("HTTP/01.1", &[200], &[400]),
        ],
    ),
    (
        "there is no HTTP/0.9",
        &[
            ("HTTP/0.9", &[0], &[505]),
            ("GET /a.txt\r\n", &[0], &[400]),
            ("POST /a.txt\r\n", &[0], &[400]),
            ("CUSTOM / \r\n", &[0], &[400]),
            ("GET\r\n", &[0], &[400]),
            ("garbage", &[0], &[400]),
        ],
    ),
    (
        "preconditions and ranges are those of RFC 9110 sections 13 and 14",
        &[
            ("If-None-Match: *", &[200], &[304]),
            ("If-Match: \"x\"", &[200], &[412]),
            ("If-Unmodified-Since", &[200], &[412]),
            ("Range: bytes=0-1", &[200], &[206]),
            ("Range: bytes=9-", &[200], &[416]),
        ],
    ),
    (
        "a client is told to go on when its body is read, and an unknown expectation fails",
        &[
            (
                "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue",
                &[100, 200],
                &[200],
            ),
            ("Expect: something", &[200], &[417]),
        ],
    ),
    (
        "what two readers may read differently is refused (RFC 9112 sections 2.2, 3 and 5)",
        &[
            ("\r\n folded", &[200], &[400]),
            ("No colon", &[200], &[400]),
            ("Blank : before", &[200], &[400]),
            ("Content-Length: x", &[200], &[400]),
            ("GET /a.txt HTTP/1.1\r\n\r\n", &[200], &[400]),
            ("HTTP/1.1\nHost: a", &[200], &[400]),
            ("GET  /a.txt", &[200], &[400]),
            ("GET\t/a.txt", &[200], &[400]),
            ("HTTP/1.1 \r\n", &[200], &[400]),
            ("Host: b", &[200], &[400]),
        ],
    ),
    (
        "an empty line before a request and a body behind it are passed over (RFC 9112 section 2.2)",
        &[
            ("\r\n\r\n\r\nGET /data", &[200], &[200, 200]),
            ("abcdGET /data", &[200, 501], &[200, 200]),
        ],
    ),
];

fn drop_validators(python: &mut Answer, ours: &mut Answer) {
    if python.status == ours.status && matches!(ours.status, 200 | 304) {
        ours.fields.remove("etag");
        ours.fields.remove("accept-ranges");
        if ours.status == 304 {
            ours.fields.remove("last-modified");
        }
    }
}

fn compare_listings(python: &mut Answer, ours: &mut Answer) {
    let is_listing = |answer: &Answer| {
        let content_type = answer.fields.get("content-type");
        answer.status == 200 && content_type.is_some_and(|t| t == "text/html; charset=utf-8")
    };
    if is_listing(python) && is_listing(ours) {
        for answer in [python, ours] {
            answer.fields.remove("content-length");
            answer.body = links(&answer.body);
        }
    }
}

/// What a listing is headed, without a query, and each link with its text, by name.
fn links(page: &str) -> String {
    let headed = |tag: &str| {
        let after = page.split_once(&format!("<{tag}>Directory listing for "));
        let text = after.and_then(|(_, rest)| rest.split(['<', '?']).next());
        text.unwrap_or_default().to_owned()
    };
    let mut lines = vec![headed("title"), headed("h1")];
    for rest in page.split("<a href=\"").skip(1) {
        let (link, rest) = rest.split_once("\">").expect("a link");
        let text = rest.split("</a>").next().unwrap_or_default();
        let link = link.trim_start_matches("./").replace("%ED%B3%BF", "%FF");
        // Neither the head of a column nor the way up. Python writes an octet that is no text as a
        // surrogate.
        if !link.starts_with('?') && !link.starts_with("../") {
            lines.push(format!("{link} {text}"));
        }
    }
    lines.join("\n").replace("&quot;", "\"")
}

fn compare_error_pages(python: &mut Answer, ours: &mut Answer) {
    if python.status == ours.status && ours.status >= 400 {
        for answer in [python, ours] {
            answer.fields.remove("content-length");
            let lines = answer.body.lines().map(str::trim);
            let kept =
                lines.filter(|line| line.starts_with("<p>") && !line.contains("explanation"));
            answer.body = kept.collect::<Vec<_>>().join("\n");
        }
    }
}

fn compare_refusals(python: &mut Came, ours: &mut Came) {
    let ([theirs], [own]) = (&mut python.answers[..], &mut ours.answers[..]) else {
        return;
    };
    if theirs.status == own.status && matches!(own.status, 400 | 414 | 431) {
        for (answer, log) in [(theirs, &mut python.log), (own, &mut ours.log)] {
            let status = format!("code {}, message {}", answer.status, answer.reason);
            assert_eq!(log.len(), 2);
            assert_eq!(log.remove(0), status);
            answer.reason.clear();
            answer.body.clear();
        }
    }
}

/// `./name/` is relative to the target.
fn resolve(requests: &str, python: &mut Answer, ours: &mut Answer) {
    let target = requests.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let folder = path.rfind('/').map_or("", |end| &path[..=end]);
    if let (Some(theirs), Some(location)) = (
        python.fields.get("location"),
        ours.fields.get_mut("location"),
    ) {
        let relative = location.trim_start_matches("./");
        // Python drops an empty query, and all slashes at the beginning but one.
        let resolved = format!("/{}", format!("{folder}{relative}").trim_start_matches('/'));
        if resolved.trim_end_matches('?') == theirs {
            location.clone_from(theirs);
        }
    }
}
