//! Authentication: RFC 9110 section 11, RFC 7617 and RFC 7616.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stdhttp::HTTPMessage;
use stdhttp::auth::{
    Algorithm, Authenticator, Challenge, Credentials, Digest, DigestRequest, Exchange,
    HTTPPasswordMgr, InvalidCredentials, RspauthMismatch,
};
use stdhttp::testing::{Peer, Script, steps};
use stdhttp::urllib::request::{
    HTTPDigestAuthHandler, HTTPHandler, HTTPSHandler, ProxyHandler, Request, build_opener,
};
use stdhttp::urllib::{Proxies, Url};

const GET: DigestRequest<'_> = DigestRequest {
    method: "GET",
    target: "/",
    body: None,
};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn headers(name: &str, lines: &[&str]) -> HTTPMessage {
    let mut headers = HTTPMessage::new();
    for line in lines {
        headers.append(name, line);
    }
    headers
}

fn user(name: &str, password: &str) -> Credentials {
    Credentials::new(name, password).unwrap()
}

/// The schemes of a field, with their parameters.
fn schemes(lines: &[&str]) -> Vec<String> {
    let found = Challenge::parse_all(&headers("WWW-Authenticate", lines), "www-authenticate");
    let show = |challenge: &Challenge| {
        let params = challenge.params();
        let params = params.map(|(name, value)| format!(" {name}=<{}>", value.escape_ascii()));
        let token = challenge.token68().map(|token| format!(" {token}"));
        format!(
            "{}{}{}",
            challenge.scheme(),
            token.unwrap_or_default(),
            params.collect::<String>()
        )
    };
    found.iter().map(show).collect()
}

fn digest(line: &str) -> Digest {
    Digest::new(&Challenge::parse(line.as_bytes())[0]).expect(line)
}

/// The parameters of an answer, without quotes.
fn params(value: &[u8]) -> BTreeMap<String, String> {
    let [challenge] = &Challenge::parse(value)[..] else {
        panic!("{}", value.escape_ascii());
    };
    let params = challenge.params();
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    params
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect()
}

fn answer(digest: &Digest, credentials: &Credentials, request: &DigestRequest<'_>) -> String {
    let answer = digest.answer(credentials, request);
    String::from_utf8(answer.value().to_vec()).unwrap()
}

fn text(exchange: &Exchange) -> String {
    let authorization = exchange.authorization().expect("credentials");
    String::from_utf8(authorization.value().to_vec()).unwrap()
}

/// Whether an answer with this status and these challenges makes the exchange go on.
fn goes_on(
    auth: &Authenticator,
    exchange: &mut Exchange,
    from: &str,
    status: u16,
    lines: &[&str],
) -> bool {
    let name = match status {
        407 => "Proxy-Authenticate",
        _ => "WWW-Authenticate",
    };
    auth.answer(exchange, &url(from), &GET, status, &headers(name, lines))
}

const BASIC: &str = "Basic realm=\"a\"";
const DIGEST: &str = "Digest realm=\"a\", nonce=\"n\", qop=\"auth\"";
const STALE: &str = "Digest realm=\"a\", nonce=\"m\", qop=\"auth\", stale=TRUE";

#[test]
fn s_11_1_1_names_count_in_any_case() {
    let found = &Challenge::parse(b"bAsIc REALM=\"x\"")[0];
    assert!(found.is("Basic") && found.is("BASIC") && !found.is("Digest"));
    assert_eq!(found.realm().unwrap(), "x");
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(
        &auth,
        &mut exchange,
        "https://h/",
        401,
        &["bAsIc REALM=\"x\""]
    ));
}

#[test]
fn s_11_3_1_several_challenges_and_their_parameters() {
    let both =
        "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"";
    let first = "Newauth realm=<apps> type=<1> title=<Login to \\\"apps\\\">";
    let basic = "Basic realm=<simple>";
    assert_eq!(schemes(&[both]), [first, basic]);
    let (one, two) = both.split_once(", Basic").unwrap();
    assert_eq!(schemes(&[one, &format!("Basic{two}")]), [first, basic]);
    // A line may end in the middle of a challenge.
    assert_eq!(
        schemes(&["Newauth realm=a", "type=1, Basic realm=b"]).len(),
        2
    );
    for (line, expected) in [
        ("Negotiate", &["Negotiate"][..]),
        ("NTLM TlRMTVNTUAAC==", &["NTLM TlRMTVNTUAAC=="]),
        (
            "NTLM TlRM==, Basic realm=a",
            &["NTLM TlRM==", "Basic realm=<a>"],
        ),
        (
            "Negotiate, Basic realm=a",
            &["Negotiate", "Basic realm=<a>"],
        ),
        (
            "Basic realm=a, , Digest nonce=\"n\"",
            &["Basic realm=<a>", "Digest nonce=<n>"],
        ),
        (",, \t, Basic realm=a ,,", &["Basic realm=<a>"]),
        ("Basic\trealm = \"a\" , x\t=y", &["Basic realm=<a> x=<y>"]),
        (
            "Basic realm=\"a, Digest nonce=b\"",
            &["Basic realm=<a, Digest nonce=b>"],
        ),
        ("Basic realm=\"\"", &["Basic realm=<>"]),
        ("Bearer a.b-c~d+e/f", &["Bearer a.b-c~d+e/f"]),
        ("Bearer realm", &["Bearer realm"]),
        ("", &[]),
        (" , ,", &[]),
    ] {
        assert_eq!(schemes(&[line]), expected, "{line}");
    }
}

#[test]
fn s_11_2_1_a_broken_challenge_is_left_out_alone() {
    for (line, expected) in [
        ("Basic realm=\"a\", realm=\"b\"", &[][..]),
        (
            "Basic realm=\"a\", REALM=\"b\", Digest nonce=n",
            &["Digest nonce=<n>"],
        ),
        ("Basic realm=a", &["Basic realm=<a>"]),
        ("Basic realm=\"a", &[]),
        ("Basic realm=\"a\\\"", &[]),
        ("Basic realm=\"a\\", &[]),
        ("Basic realm=\"a\"b, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic realm=a b, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic realm=@, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic realm=a, =b, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic realm=a, b=, Digest nonce=n", &["Digest nonce=<n>"]),
        (
            "Basic \"x, Digest nonce=y\", Digest nonce=n",
            &["Digest nonce=<n>"],
        ),
        (
            "Basic \"x, Digest nonce=y, z\", Digest nonce=n",
            &["Digest nonce=<n>"],
        ),
        (
            "Basic \"x\\\", Digest nonce=y, z\", Digest nonce=n",
            &["Digest nonce=<n>"],
        ),
        (
            "Basic \\\"x, Digest nonce=y, z\", Digest nonce=n",
            &["Digest nonce=<n>"],
        ),
        ("NTLM abc==, realm=x, Digest nonce=n", &["Digest nonce=<n>"]),
        ("realm=x, Digest nonce=n", &["Digest nonce=<n>"]),
        ("\"Basic\" realm=x, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic a b=c, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic==, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic ==, Digest nonce=n", &["Digest nonce=<n>"]),
        ("Basic\u{a0}realm=x, Digest nonce=n", &["Digest nonce=<n>"]),
    ] {
        assert_eq!(schemes(&[line]), expected, "{line}");
    }
    // No control character comes out of a quoted-string.
    assert!(Challenge::parse(b"Basic realm=\"a\x01\"").is_empty());
    assert_eq!(
        Challenge::parse(b"Basic realm=\"a\t\xff\"")[0].get_bytes("realm"),
        Some(&b"a\t\xff"[..])
    );
}

#[test]
fn s_11_2_2_challenges_are_read_in_linear_steps() {
    let cost = |unit: &[u8], start: &[u8], length: usize| {
        let line = [start, &unit.repeat(length / unit.len())].concat();
        let before = steps().expect("steps are counted");
        let found = Challenge::parse(&line);
        assert!(found.len() <= 32);
        assert!(found.iter().all(|challenge| challenge.params().len() <= 32));
        (steps().unwrap() - before, line.len())
    };
    for unit in [
        ",",
        "=",
        "\u{a0}",
        "Basic ",
        "\"",
        "\\",
        "a",
        "a=",
        "a=\"",
        "a,",
        "a=b,",
        "a b=c,",
        " ",
        "a==,",
        "\"\\",
        "Basic realm=\"a\", ",
        "a=\"\\\"\",",
        "b=\"x,",
    ] {
        for start in ["", "Basic ", "Basic realm=\"", "Basic realm=a, "] {
            let (small, _) = cost(unit.as_bytes(), start.as_bytes(), 32 * 1_024);
            let (large, length) = cost(unit.as_bytes(), start.as_bytes(), 64 * 1_024);
            let bound = 8 * u64::try_from(length).unwrap();
            assert!(
                large <= bound,
                "{start}{unit}: {large} steps for {length} octets"
            );
            assert!(
                large <= small * 2 + 64,
                "{start}{unit}: {small} steps, then {large}"
            );
        }
    }
    // More than there can be are left out.
    let many = "Basic realm=a, ".repeat(40);
    assert_eq!(schemes(&[&many]).len(), 32);
    let params: String = (0..31).map(|number| format!(", p{number}=1")).collect();
    let most = Challenge::parse(format!("X a=1{params}").as_bytes());
    assert_eq!(most[0].params().len(), 32);
    assert_eq!(
        schemes(&[&format!("X a=1{params}, b=2, Basic realm=a")]),
        ["Basic realm=<a>"]
    );
}

#[test]
fn s_11_4_1_the_strongest_scheme() {
    for lines in [&[BASIC, DIGEST][..], &[DIGEST, BASIC]] {
        let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
        let mut exchange = auth.begin(&url("https://h/"), &GET);
        assert!(goes_on(&auth, &mut exchange, "https://h/", 401, lines));
        assert!(text(&exchange).starts_with("Digest "));
    }
    // What is not understood does not stand in the way.
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    let unknown = "Digest realm=\"a\", nonce=\"n\", algorithm=FOO";
    assert!(goes_on(
        &auth,
        &mut exchange,
        "https://h/",
        401,
        &["Negotiate", unknown, BASIC]
    ));
    assert!(text(&exchange).starts_with("Basic "));
    let mut exchange = auth.begin(&url("https://h/elsewhere"), &GET);
    assert!(!goes_on(
        &auth,
        &mut exchange,
        "https://h/",
        401,
        &["Negotiate", unknown]
    ));
}

#[test]
fn s_11_5_1_the_realm_is_quoted() {
    let digest = digest("Digest realm=a, nonce=n, qop=auth");
    assert!(answer(&digest, &user("u", "p"), &GET).contains("realm=\"a\""));
    let digest = self::digest("Digest realm=\"a\\\"\\\\b\", nonce=n, qop=auth");
    assert_eq!(digest.realm(), "a\"\\b");
    assert!(answer(&digest, &user("u", "p"), &GET).contains(r#"realm="a\"\\b""#));
}

#[test]
fn s_15_5_2_1_credentials_are_tried_once() {
    for challenge in [BASIC, DIGEST] {
        let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
        let mut exchange = auth.begin(&url("https://h/"), &GET);
        assert!(exchange.authorization().is_none());
        assert!(goes_on(
            &auth,
            &mut exchange,
            "https://h/",
            401,
            &[challenge]
        ));
        assert!(!goes_on(
            &auth,
            &mut exchange,
            "https://h/",
            401,
            &[challenge]
        ));
        // What was sent at once and was refused is not sent again, but for a new nonce.
        let mut exchange = auth.begin(&url("https://h/"), &GET);
        assert!(exchange.authorization().is_some());
        let again = goes_on(&auth, &mut exchange, "https://h/", 401, &[challenge]);
        assert_eq!(again, challenge == DIGEST);
        assert!(!goes_on(
            &auth,
            &mut exchange,
            "https://h/",
            401,
            &[challenge]
        ));
    }
    let refuses = Authenticator::new(&url("https://h/"), user("u", "p")).without_basic();
    let mut exchange = refuses.begin(&url("https://h/"), &GET);
    assert!(!goes_on(
        &refuses,
        &mut exchange,
        "https://h/",
        401,
        &[BASIC]
    ));
    // A name with a colon can't be sent.
    let colon = Authenticator::new(&url("https://h/"), user("a:b", "p"));
    let mut exchange = colon.begin(&url("https://h/"), &GET);
    assert!(!goes_on(&colon, &mut exchange, "https://h/", 401, &[BASIC]));
    assert!(exchange.authorization().is_none());
}

#[test]
fn s_15_5_4_1_no_other_status_is_answered() {
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    for status in [200, 403, 404, 407, 500] {
        let mut exchange = auth.begin(&url("https://h/"), &GET);
        let fields = headers("WWW-Authenticate", &[BASIC]);
        assert!(!auth.answer(&mut exchange, &url("https://h/"), &GET, status, &fields));
    }
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[]));
}

#[test]
fn s_15_5_8_1_a_proxy_is_answered_likewise() {
    let proxy = "http://proxy:3128/";
    let auth = Authenticator::for_proxy(&url(proxy), user("u", "p"));
    let mut exchange = auth.begin(&url(proxy), &GET);
    assert!(goes_on(&auth, &mut exchange, proxy, 407, &[BASIC]));
    let authorization = exchange.authorization().unwrap();
    assert_eq!(authorization.name(), "Proxy-Authorization");
    assert!(!goes_on(&auth, &mut exchange, proxy, 407, &[BASIC]));
}

#[test]
fn s_11_7_2_1_credentials_of_a_proxy_stay_there() {
    let auth = Authenticator::for_proxy(&url("http://proxy:3128/"), user("u", "p"));
    // A server behind it, and a server that pretends to be one.
    for from in ["http://origin/", "http://proxy/", "https://proxy:3128/"] {
        let mut exchange = auth.begin(&url(from), &GET);
        assert!(!goes_on(&auth, &mut exchange, from, 407, &[BASIC]));
        assert!(exchange.authorization().is_none());
    }
    // The origin's challenge is no proxy's.
    let mut exchange = auth.begin(&url("http://proxy:3128/"), &GET);
    assert!(!goes_on(
        &auth,
        &mut exchange,
        "http://proxy:3128/",
        401,
        &[BASIC]
    ));
}

#[test]
fn s_11_6_2_1_credentials_are_bound_to_an_origin() {
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[BASIC]));
    assert_eq!(auth.origin(), &url("https://h:443/x").origin());
    for (to, has) in [
        ("https://h/", true),
        ("https://H:443/x", true),
        ("http://h/", false),
        ("https://h:8443/", false),
        ("https://www.h/", false),
        ("https://other/", false),
    ] {
        let exchange = auth.begin(&url(to), &GET);
        assert_eq!(exchange.authorization().is_some(), has, "{to}");
        let mut exchange = Exchange::default();
        assert_eq!(
            goes_on(&auth, &mut exchange, to, 401, &[BASIC]),
            has,
            "{to}"
        );
    }
}

#[test]
fn s_15_5_2_2_digest_never_answers_another_origin() {
    let auth = Authenticator::new(&url("https://a/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://a/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://a/", 401, &[DIGEST]));
    // Redirected to another origin, in the same exchange and in a new one.
    assert!(!goes_on(&auth, &mut exchange, "https://b/", 401, &[STALE]));
    let mut exchange = auth.begin(&url("https://b/"), &GET);
    assert!(exchange.authorization().is_none());
    assert!(!goes_on(&auth, &mut exchange, "https://b/", 401, &[DIGEST]));
}

#[test]
fn b_2_1_the_example_of_rfc_7617() {
    let aladdin = user("Aladdin", "open sesame");
    assert_eq!(
        aladdin.basic().unwrap(),
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    );
}

#[test]
fn b_2_2_no_colon_and_no_controls() {
    assert_eq!(
        user("a:b", "c").basic(),
        Err(InvalidCredentials::ColonInUser)
    );
    for text in ["a\n", "\u{7f}", "\0", "a\tb", "\r", "\u{85}"] {
        assert_eq!(
            Credentials::new(text, "p"),
            Err(InvalidCredentials::Control)
        );
        assert_eq!(
            Credentials::new("u", text),
            Err(InvalidCredentials::Control)
        );
    }
}

#[test]
fn b_2_3_the_password_may_hold_colons() {
    assert_eq!(user("u", "a:b").basic().unwrap(), "Basic dTphOmI=");
    assert_eq!(user("u", "").basic().unwrap(), "Basic dTo=");
    assert_eq!(user("", "").basic().unwrap(), "Basic Og==");
}

#[test]
fn b_2_1_1_always_utf_8() {
    assert_eq!(
        user("test", "123\u{a3}").basic().unwrap(),
        "Basic dGVzdDoxMjPCow=="
    );
    for (charset, answered) in [("UTF-8", true), ("utf-8", true), ("ISO-8859-1", false)] {
        let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
        let mut exchange = auth.begin(&url("https://h/"), &GET);
        let challenge = format!("Basic realm=\"a\", charset=\"{charset}\"");
        let came = goes_on(&auth, &mut exchange, "https://h/", 401, &[&challenge]);
        assert_eq!(came, answered, "{charset}");
    }
}

#[test]
fn b_2_2_1_sent_at_once_at_and_below_the_path() {
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/a/b/"), &GET);
    assert!(goes_on(
        &auth,
        &mut exchange,
        "https://h/a/b/",
        401,
        &[BASIC]
    ));
    for (to, has) in [
        ("https://h/a/b/", true),
        ("https://h/a/b/c", true),
        ("https://h/a/b/c/d?e", true),
        ("https://h/a/x", false),
        ("https://h/a/bc", false),
        ("https://h/", false),
        ("https://h", false),
    ] {
        let exchange = auth.begin(&url(to), &GET);
        assert_eq!(exchange.authorization().is_some(), has, "{to}");
    }
    // A file's folder counts.
    let mut exchange = auth.begin(&url("https://h"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h", 401, &[BASIC]));
    assert!(
        auth.begin(&url("https://h/a/x"), &GET)
            .authorization()
            .is_some()
    );
}

#[test]
fn b_4_1_basic_over_http_can_be_ruled_out() {
    let auth = Authenticator::new(&url("http://h/"), user("u", "p")).without_basic();
    let mut exchange = auth.begin(&url("http://h/"), &GET);
    assert!(!goes_on(&auth, &mut exchange, "http://h/", 401, &[BASIC]));
    assert!(goes_on(
        &auth,
        &mut exchange,
        "http://h/",
        401,
        &[BASIC, DIGEST]
    ));
}

/// The challenges of RFC 7616 section 3.9.1.
const MUFASA: [&str; 2] = [
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
];

const MUFASA_REQUEST: DigestRequest<'_> = DigestRequest {
    method: "GET",
    target: "/dir/index.html",
    body: None,
};

fn with_cnonce(line: &str, cnonce: &'static str) -> Digest {
    digest(line).with_cnonce(|| cnonce.to_owned())
}

const MUFASA_CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

#[test]
fn d_3_3_1_what_a_challenge_says() {
    let challenge = "Digest realm=\"r\", domain=\"/a  http://h/b\", nonce=\"n\", opaque=\"o\", \
        stale=\"true\", algorithm=\"SHA-256\", qop=auth-int, charset=UTF-8, userhash=\"TRUE\"";
    let found = digest(challenge);
    assert_eq!(
        (&*found.realm(), found.algorithm()),
        ("r", Algorithm::Sha256)
    );
    assert_eq!(found.domain().collect::<Vec<_>>(), ["/a", "http://h/b"]);
    assert!(found.is_stale() && !found.fits(None) && found.fits(Some(b"")));
    let other = digest("Digest realm=r, nonce=n, stale=false, algorithm=sha-256, qop=\"auth\"");
    assert!(!other.is_stale() && other.fits(None) && other.domain().next().is_none());
    assert_eq!(other.algorithm(), Algorithm::Sha256);
    for line in [
        "Digest nonce=\"n\", qop=\"auth\"",
        "Digest realm=\"r\", qop=\"auth\"",
        "Basic realm=\"r\", nonce=\"n\", qop=\"auth\"",
    ] {
        assert!(
            Digest::new(&Challenge::parse(line.as_bytes())[0]).is_none(),
            "{line}"
        );
    }
}

#[test]
fn d_3_3_2_md5_unless_another_is_named() {
    let known = |rest: &str| {
        let line = format!("Digest realm=\"r\", nonce=\"n\"{rest}");
        let digest = Digest::new(&Challenge::parse(line.as_bytes())[0])?;
        Some(digest.algorithm())
    };
    for (rest, algorithm) in [
        (", qop=\"auth\"", Some(Algorithm::Md5)),
        (", qop=\"auth\", algorithm=md5", Some(Algorithm::Md5)),
        (", qop=\"auth\", algorithm=MD5-sess", Some(Algorithm::Md5)),
        (
            ", qop=\"auth\", algorithm=SHA-256-SESS",
            Some(Algorithm::Sha256),
        ),
        (
            ", qop=\"auth\", algorithm=SHA-512-256",
            Some(Algorithm::Sha512_256),
        ),
        (", qop=\"auth\", algorithm=FOO", None),
        (", qop=\"auth\", algorithm=SHA-512", None),
        (", qop=\"auth\", algorithm=\"\"", None),
        (", qop=\"auth,xyz\"", Some(Algorithm::Md5)),
        (", qop=\"xyz, AUTH\"", Some(Algorithm::Md5)),
        (", qop=\"xyz\"", None),
        (", qop=\"\"", None),
        ("", Some(Algorithm::Md5)),
        (", algorithm=MD5-sess", None),
    ] {
        assert_eq!(known(rest), algorithm, "{rest}");
    }
    let chosen = digest("Digest realm=\"r\", nonce=\"n\", qop=\"auth,xyz\"");
    assert!(answer(&chosen, &user("u", "p"), &GET).contains("qop=auth,"));
}

#[test]
fn d_3_4_1_the_whole_field() {
    let digest = with_cnonce(MUFASA[0], MUFASA_CNONCE);
    let mufasa = user("Mufasa", "Circle of Life");
    assert_eq!(
        answer(&digest, &mufasa, &MUFASA_REQUEST),
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
         response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
         algorithm=SHA-256, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
         nc=00000001, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    );
    // The algorithm as it came, or not at all; octets of the server as they came.
    let digest = self::digest("Digest realm=\"r\", nonce=\"n\", algorithm=sHA-256, qop=\"auth\"");
    assert!(answer(&digest, &mufasa, &GET).contains("algorithm=sHA-256,"));
    let challenge =
        &Challenge::parse(b"Digest realm=\"\xe4\", nonce=\"\\n\\\"\", opaque=\"\xff\"")[0];
    let answer = Digest::new(challenge).unwrap().answer(&mufasa, &GET);
    let contains = |part: &[u8]| {
        answer
            .value()
            .windows(part.len())
            .any(|found| found == part)
    };
    assert!(contains(b"realm=\"\xe4\", nonce=\"n\\\"\"") && contains(b"opaque=\"\xff\""));
    assert!(
        !contains(b"algorithm") && !contains(b"qop") && !contains(b"nc=") && !contains(b"cnonce")
    );
}

#[test]
fn d_3_4_2_the_count_of_a_nonce() {
    let digest = digest(DIGEST);
    let credentials = user("u", "p");
    let mut cnonces = BTreeSet::new();
    for count in ["00000001", "00000002", "00000003"] {
        let params = params(digest.answer(&credentials, &GET).value());
        assert_eq!(params["nc"], count);
        assert!(params["cnonce"].len() >= 16);
        assert!(cnonces.insert(params["cnonce"].clone()));
    }
    let last = digest.answer(&credentials, &GET);
    digest
        .authentication_info(&last, b"nextnonce=\"m\"", None)
        .unwrap();
    let next = params(digest.answer(&credentials, &GET).value());
    assert_eq!((&*next["nonce"], &*next["nc"]), ("m", "00000001"));
    // Threads never get the same.
    let shared = Arc::new(self::digest(DIGEST));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (shared, credentials) = (shared.clone(), credentials.clone());
            std::thread::spawn(move || {
                let answers = (0..50).map(|_| params(shared.answer(&credentials, &GET).value()));
                answers
                    .map(|params| params["nc"].clone())
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let counts = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap());
    assert_eq!(counts.collect::<BTreeSet<_>>().len(), 400);
}

#[test]
fn d_3_4_3_the_target_as_it_is_sent() {
    for target in ["/a?b", "/", "*", "http://h/a?b=c", "/a,b;c='d'"] {
        let request = DigestRequest { target, ..GET };
        let value = digest(DIGEST).answer(&user("u", "p"), &request);
        assert_eq!(params(value.value())["uri"], target);
    }
}

#[test]
fn d_3_4_1_1_the_examples_of_rfc_7616() {
    let mufasa = user("Mufasa", "Circle of Life");
    for (challenge, response) in [
        (MUFASA[1], "8ca523f5e9506fed4657c9700eebdbec"),
        (
            MUFASA[0],
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let digest = with_cnonce(challenge, MUFASA_CNONCE);
        let answer = digest.answer(&mufasa, &MUFASA_REQUEST);
        assert_eq!(params(answer.value())["response"], response);
    }
}

#[test]
fn d_3_4_1_2_the_example_of_rfc_2617() {
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let digest = with_cnonce(challenge, "0a4f113b");
    let answer = digest.answer(&user("Mufasa", "Circle Of Life"), &MUFASA_REQUEST);
    assert_eq!(
        params(answer.value())["response"],
        "6629fae49393a05397450978507c4ef1"
    );
    // That of RFC 2069, as its errata have it: without a quality of protection.
    let challenge = "Digest realm=\"testrealm@host.com\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let answer = self::digest(challenge).answer(&user("Mufasa", "CircleOfLife"), &MUFASA_REQUEST);
    assert_eq!(
        params(answer.value())["response"],
        "1949323746fe6a43ef61f9606e7febea"
    );
}

const DOE: &str = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
    nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
    opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";

#[test]
fn d_3_9_2_1_sha_512_256_is_not_cut_short() {
    let digest = with_cnonce(DOE, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm");
    let request = DigestRequest {
        target: "/doe.json",
        ..GET
    };
    let value = answer(
        &digest,
        &user("J\u{e4}s\u{f8}n Doe", "Secret, or not?"),
        &request,
    );
    let found = params(value.as_bytes());
    assert_eq!(
        found["username"],
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    );
    assert_eq!(
        found["response"],
        "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c"
    );
    assert!(value.ends_with(", userhash=true"));
}

#[test]
fn d_3_4_2_1_a_session_keeps_its_first_nonces() {
    let cnonces = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let next = move || {
        format!(
            "c{}",
            cnonces.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        )
    };
    let line = "Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess, qop=\"auth\"";
    let session = digest(line).with_cnonce(next);
    let credentials = user("u", "p");
    // H(H(u:r:p):n:c0) = H(A1), computed by another implementation.
    let first = params(session.answer(&credentials, &GET).value());
    let second = session.answer(&credentials, &GET);
    let found = params(second.value());
    assert_eq!((&*first["cnonce"], &*found["cnonce"]), ("c0", "c1"));
    assert_eq!(first["response"], "ca7c9b8cd4c28b29f77cfd4bdd89643b");
    assert_eq!(found["response"], "8ab9080f0935fbde64d976049ee0d226");
    // The session outlives a nonce.
    session
        .authentication_info(&second, b"nextnonce=m", None)
        .unwrap();
    let third = params(session.answer(&credentials, &GET).value());
    assert_eq!(
        (&*third["nonce"], &*third["response"]),
        ("m", "49ae520882726b69385f7ded74bf2507")
    );
}

#[test]
fn d_3_4_3_1_auth_int_covers_the_body() {
    let both = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\"";
    let with_body = DigestRequest {
        body: Some(b"body"),
        ..GET
    };
    assert!(answer(&digest(both), &user("u", "p"), &with_body).contains("qop=auth,"));
    let line = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"";
    let alone = with_cnonce(line, "c");
    let found = params(alone.answer(&user("u", "p"), &with_body).value());
    assert_eq!(
        (&*found["qop"], &*found["response"]),
        ("auth-int", "481af90bde17990b5042f23ba28855f8")
    );
    // A body that is not at hand can't be covered.
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[line]));
    assert!(auth.answer(
        &mut exchange,
        &url("https://h/"),
        &with_body,
        401,
        &headers("WWW-Authenticate", &[line])
    ));
    assert!(
        auth.begin(&url("https://h/"), &GET)
            .authorization()
            .is_none()
    );
    assert!(
        auth.begin(&url("https://h/"), &with_body)
            .authorization()
            .is_some()
    );
}

#[test]
fn d_3_4_4_1_a_name_that_can_t_be_quoted() {
    let plain = answer(&digest(DIGEST), &user("a\"b\\", "p"), &GET);
    assert!(
        plain.starts_with(r#"Digest username="a\"b\\", "#),
        "{plain}"
    );
    let encoded = answer(&digest(DIGEST), &user("J\u{e4}s\u{f8}n Doe", "p"), &GET);
    assert!(
        encoded.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "),
        "{encoded}"
    );
    assert!(!encoded.contains("username="));
    let hashed = answer(&digest(DOE), &user("J\u{e4}s\u{f8}n Doe", "p"), &GET);
    assert!(!hashed.contains("username*") && hashed.contains("username=\"793263ca"));
}

#[test]
fn d_3_3_3_a_stale_nonce_is_renewed() {
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[DIGEST]));
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[STALE]));
    assert!(text(&exchange).contains("nonce=\"m\""));
    // Not for ever, and not with a password that is wrong.
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[STALE]));
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[DIGEST]));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[STALE]));
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[DIGEST]));
}

#[test]
fn d_3_5_1_what_the_server_says_afterwards() {
    let auth = Authenticator::new(&url("https://h/"), user("Mufasa", "Circle of Life"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[DIGEST]));
    let finish = |value: &str| {
        let info = headers("Authentication-Info", &[value]);
        auth.finish(&exchange, &info, None)
    };
    assert_eq!(
        finish("rspauth=\"0123456789abcdef0123456789abcdef\""),
        Err(RspauthMismatch)
    );
    assert_eq!(finish("qop=auth, nc=00000001"), Ok(()));
    assert_eq!(finish("nextnonce=\"a\", nextnonce=\"b\""), Ok(()));
    assert_eq!(auth.finish(&exchange, &HTTPMessage::new(), None), Ok(()));
    assert_eq!(finish("nextnonce=\"next\""), Ok(()));
    let next = text(&auth.begin(&url("https://h/"), &GET));
    assert!(
        next.contains("nonce=\"next\"") && next.contains("nc=00000001"),
        "{next}"
    );
    // A proof that is right, over the content of the answer where that is protected.
    let line = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    let (mut digest, credentials) = (with_cnonce(line, "c"), user("u", "p"));
    let answer = digest.answer(&credentials, &GET);
    assert_eq!(
        digest.authentication_info(
            &answer,
            b"rspauth=\"aa58936ae061f3fc7ef9045fc29ff26e\"",
            None
        ),
        Ok(())
    );
    digest = with_cnonce("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", "c");
    let answer = digest.answer(
        &credentials,
        &DigestRequest {
            body: Some(b""),
            ..GET
        },
    );
    let proof = b"rspauth=\"04181fca10f2eb9e55f90b9664f7d00a\"";
    assert_eq!(
        digest.authentication_info(&answer, proof, Some(b"content")),
        Ok(())
    );
    assert_eq!(digest.authentication_info(&answer, proof, None), Ok(()));
    let other = digest.authentication_info(&answer, proof, Some(b"other"));
    assert_eq!(other, Err(RspauthMismatch));
}

#[test]
fn d_3_7_1_the_strongest_digest() {
    let md5 = "Digest realm=\"a\", nonce=\"1\", qop=\"auth\", algorithm=MD5";
    let sha = "Digest realm=\"a\", nonce=\"2\", qop=\"auth\", algorithm=SHA-256";
    let again = "Digest realm=\"a\", nonce=\"3\", qop=\"auth\", algorithm=SHA-256";
    let best = "Digest realm=\"a\", nonce=\"4\", qop=\"auth\", algorithm=SHA-512-256";
    let secret = "Digest realm=\"a\", nonce=\"5\", qop=\"auth-int\", algorithm=SHA-512-256";
    for (lines, nonce) in [
        (&[md5, sha][..], "2"),
        (&[sha, md5], "2"),
        (&[sha, again], "2"),
        (&[md5, best, sha], "4"),
        (&[md5, secret], "1"),
    ] {
        let found = Challenge::parse_all(&headers("WWW-Authenticate", lines), "WWW-Authenticate");
        let digest = Digest::strongest(&found, None).unwrap();
        let answer = digest.answer(&user("u", "p"), &GET);
        assert_eq!(params(answer.value())["nonce"], nonce);
    }
}

#[test]
fn d_4_1_names_and_passwords_are_utf_8() {
    // H(ü:r:ß) with UTF-8, whatever the charset says; computed by another implementation.
    for charset in ["", ", charset=UTF-8", ", charset=ISO-8859-1"] {
        let line = format!("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"{charset}");
        let digest = digest(&line).with_cnonce(|| "c".to_owned());
        let answer = digest.answer(&user("\u{fc}", "\u{df}"), &GET);
        let value = String::from_utf8(answer.value().to_vec()).unwrap();
        assert!(
            value.contains("response=\"5e2a65f84f360b80be2a663f682006a5\""),
            "{value}"
        );
    }
}

#[test]
fn d_5_1_no_way_back_to_basic() {
    let auth = Authenticator::new(&url("https://h/"), user("u", "p"));
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(goes_on(&auth, &mut exchange, "https://h/", 401, &[DIGEST]));
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[BASIC]));
    // Nor where digest was sent at once.
    let mut exchange = auth.begin(&url("https://h/"), &GET);
    assert!(!goes_on(&auth, &mut exchange, "https://h/", 401, &[BASIC]));
}

#[test]
fn d_3_8_1_the_fields_of_a_proxy() {
    let proxy = "http://proxy:3128/";
    let auth = Authenticator::for_proxy(&url(proxy), user("u", "p"));
    let mut exchange = auth.begin(&url(proxy), &GET);
    assert!(!auth.answer(
        &mut exchange,
        &url(proxy),
        &GET,
        407,
        &headers("WWW-Authenticate", &[DIGEST])
    ));
    assert!(goes_on(&auth, &mut exchange, proxy, 407, &[DIGEST]));
    assert_eq!(
        exchange.authorization().unwrap().name(),
        "Proxy-Authorization"
    );
    for (field, nonce) in [
        ("Authentication-Info", "n"),
        ("Proxy-Authentication-Info", "next"),
    ] {
        let info = headers(field, &["nextnonce=\"next\""]);
        auth.finish(&exchange, &info, None).unwrap();
        let next = params(text(&auth.begin(&url(proxy), &GET)).as_bytes());
        assert_eq!(next["nonce"], nonce, "{field}");
    }
}

#[test]
fn s_11_7_2_1_nothing_of_a_proxys_goes_through_its_tunnel() {
    let tunnel = Script::new()
        .expect_head()
        .send("HTTP/1.1 200 Connected\r\n\r\n")
        .expect_head()
        .send("HTTP/1.1 302 Found\r\nLocation: https://i/\r\nContent-Length: 0\r\n\r\n");
    let direct = Script::answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let peer = Peer::new([tunnel, direct]);
    let proxies = Proxies::new()
        .with("https://h", "http://me:secret@p")
        .unwrap();
    let opener = build_opener()
        .add_handler(HTTPSHandler::new(peer.clone()))
        .add_handler(ProxyHandler::new(proxies));
    let request = Request::new("https://h/").unwrap();
    opener
        .open(request.with_header("Proxy-Authorization", "Bearer own"))
        .unwrap();
    let sent = [0, 1].map(|connection| String::from_utf8(peer.received(connection)).unwrap());
    let (connect, inner) = sent[0].split_once("\r\n\r\n").unwrap();
    assert!(
        connect.starts_with("CONNECT h:443 ") && connect.ends_with("Authorization: Bearer own")
    );
    for outside in [inner, &sent[1]] {
        assert!(
            outside.starts_with("GET / ") && !outside.contains("uthorization"),
            "{outside}"
        );
    }
}

#[test]
fn s_15_5_2_2_an_opener_never_answers_another_origin() {
    let asks = "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n";
    let there = "HTTP/1.1 302 Found\r\nLocation: http://i/\r\n\r\n";
    let peer = Peer::new([there, asks].map(Script::answer));
    let mut passwords = HTTPPasswordMgr::new();
    passwords.add_password(None, &url("http://h/"), user("me", "secret"));
    let opener = build_opener()
        .add_handler(HTTPHandler::new(peer.clone()))
        .add_handler(ProxyHandler::none())
        .add_handler(HTTPDigestAuthHandler::new(passwords));
    let error = opener.open("http://h/").unwrap_err();
    assert_eq!(error.http().map(|error| error.code()), Some(401));
    assert_eq!(peer.calls().connects, 2);
}
