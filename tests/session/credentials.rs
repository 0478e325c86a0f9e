//! Every kind of credential over every kind of hop: what leaves is captured on each connection, and
//! nothing goes where it must not, nor is missing where it belongs (rows S-15.4-5, S-11.6.2-1,
//! S-11.7.2-1, C-2-1).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use stdhttp::ConnectTime;
use stdhttp::cookies::Cookie;
use stdhttp::requests::{HTTPBearerAuth, HTTPDigestAuth, Request, TlsSettings};
use stdhttp::urllib::{Proxies, RedirectRules, Url};

use super::*;

const SECRET: &str = "s3cret";

/// A request that arrived: the connection that it came by, and its head.
type Log = Arc<Mutex<Vec<(String, String)>>>;

/// What is answered to a head in a chain.
type Answer = fn(&str, &[&str]) -> String;

/// The other end of a connection: it answers what a chain has for each head.
fn serve(mut stream: TcpStream, mut tag: String, (chain, answer): (&[&str], Answer), log: &Log) {
    let (mut came, mut block) = (Vec::new(), [0; 4096]);
    loop {
        let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read(&mut block) {
                Ok(0) | Err(_) => return,
                Ok(count) => came.extend_from_slice(&block[..count]),
            }
            continue;
        };
        let head: Vec<u8> = came.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        log.lock().unwrap().push((tag.clone(), head.clone()));
        let answer = match head.strip_prefix("CONNECT ") {
            Some(rest) => {
                tag = format!("tunnel {}", rest.split(' ').next().unwrap());
                "HTTP/1.1 200 OK\r\n\r\n".to_owned()
            }
            None => answer(&head, chain),
        };
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// `/N` is answered by a redirect to the next URL of the chain.
fn answer_to(head: &str, chain: &[&str]) -> String {
    let hop = hop_of(head);
    match chain.get(hop + 1) {
        Some(next) => {
            let next = format!("{next}/{}", hop + 1);
            format!("HTTP/1.1 302 Found\r\nLocation: {next}\r\nContent-Length: 0\r\n\r\n")
        }
        None => OK.to_owned(),
    }
}

fn hop_of(head: &str) -> usize {
    let target = head.split(' ').nth(1).unwrap();
    target.rsplit('/').next().unwrap().parse().unwrap()
}

/// The same, once the digest is there that is asked for.
fn answer_to_digest(head: &str, chain: &[&str]) -> String {
    match head.contains("\r\nAuthorization: Digest ") {
        true => answer_to(head, chain),
        false => {
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\
             Content-Length: 0\r\n\r\n"
                .to_owned()
        }
    }
}

/// A session all of whose connections end in this process, whatever host they are for.
fn capturing(chain: &'static [&'static str]) -> (Session, Log) {
    capturing_by(chain, answer_to)
}

fn capturing_by(chain: &'static [&'static str], answer: Answer) -> (Session, Log) {
    let log = Log::default();
    let kept = log.clone();
    let connector = move |route: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        let (other, _) = listener.accept()?;
        let (tag, log) = (format!("{}:{}", route.host(), route.port()), kept.clone());
        std::thread::spawn(move || serve(other, tag, (chain, answer), &log));
        Ok(Box::new(stream))
    };
    let plain = |_: &str, stream, _: ConnectTime<'_>, _: &TlsSettings| Ok(stream);
    let adapter = HTTPAdapter::new().connector(connector).tls(plain);
    let mut session = Session::new();
    session.set_trust_env(false);
    session.set_redirect_rules(RedirectRules::new().allowing_https_to_http());
    session.mount("http://", adapter.clone());
    session.mount("https://", adapter);
    (session, log)
}

/// From where to where. The first is at home.
const CHAINS: [&[&str]; 14] = [
    &["http://h"],
    &["http://h", "http://h"],
    &["http://h", "http://h:80"],
    &["http://h", "http://H"],
    &["http://h", "http://h."],
    &["http://h", "http://h:81"],
    &["http://h", "https://h"],
    &["https://h", "http://h"],
    &["http://h", "http://other"],
    &["http://h", "http://sub.h"],
    &["http://h", "http://h", "http://other"],
    &["http://h", "http://other", "http://h"],
    &["http://h", "http://other", "http://other"],
    &["https://h", "https://h:443", "https://h:8443", "https://h"],
];

/// A credential: how it is given, and the field that shows it.
type Kind = (
    &'static str,
    fn(&mut Session, &str),
    fn(Request<'_>) -> Request<'_>,
    &'static str,
);

fn nothing(_: &mut Session, _: &str) {}

fn as_it_is(request: Request<'_>) -> Request<'_> {
    request
}

const KINDS: [Kind; 10] = [
    ("auth", nothing, |r| r.auth(("u", SECRET)), "Authorization"),
    (
        "bearer",
        nothing,
        |r| r.auth(HTTPBearerAuth::new(SECRET)),
        "Authorization",
    ),
    (
        "field",
        nothing,
        |r| r.header("Authorization", SECRET),
        "Authorization",
    ),
    (
        "cookie field",
        nothing,
        |r| r.header("Cookie", SECRET),
        "Cookie",
    ),
    ("cookies", nothing, |r| r.cookie("a", SECRET), "Cookie"),
    (
        "marked",
        nothing,
        |r| r.secret_header("X-Own", SECRET),
        "X-Own",
    ),
    (
        "api key",
        nothing,
        |r| r.header("X-Api-Key", SECRET),
        "X-Api-Key",
    ),
    (
        "session auth",
        |s, _| s.set_auth(("u", SECRET)),
        as_it_is,
        "Authorization",
    ),
    (
        "session field",
        |s, _| s.headers_mut().insert("Authorization", SECRET),
        as_it_is,
        "Authorization",
    ),
    ("netrc", use_netrc, as_it_is, "Authorization"),
];

fn use_netrc(session: &mut Session, path: &str) {
    session.environment_mut().netrc = true;
    session.environment_mut().set_variables([("NETRC", path)]);
}

/// Whether all hops up to this one are of the first one's origin.
fn is_home(chain: &[&str], hop: usize) -> bool {
    let origin = |url: &str| Url::parse(&format!("{url}/")).unwrap().origin();
    chain[..=hop]
        .iter()
        .all(|url| origin(url) == origin(chain[0]))
}

/// A file with the password of the host that the chains begin at, removed at the end.
struct NetrcFile(std::path::PathBuf);

impl NetrcFile {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("stdhttp-{name}-{}", std::process::id()));
        std::fs::write(&path, format!("machine h login u password {SECRET}\n")).unwrap();
        Self(path)
    }
}

impl Drop for NetrcFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Follows a chain with these credentials, each of which must be wherever it belongs and nowhere else;
/// how many requests were looked at.
fn follow(chain: &'static [&'static str], kinds: &[Kind], netrc: &NetrcFile) -> usize {
    let (mut session, log) = capturing(chain);
    for (_, set, ..) in kinds {
        set(&mut session, netrc.0.to_str().unwrap());
    }
    let request = session.get(&format!("{}/0", chain[0]));
    let adds = kinds.iter().map(|(_, _, add, _)| add);
    let response = adds.fold(request, |request, add| add(request)).send();
    assert_eq!(response.unwrap().history().len() + 1, chain.len());
    let heads = log.lock().unwrap();
    assert_eq!(heads.len(), chain.len(), "{chain:?}");
    let credentials = stdhttp::auth::Credentials::new("u", SECRET).unwrap();
    let basic = credentials.basic().unwrap();
    for (hop, (tag, head)) in heads.iter().enumerate() {
        let home = is_home(chain, hop);
        for (name, .., shown) in kinds {
            let shown = format!("{shown}: ");
            let has_it = head.lines().any(|line| line.starts_with(&shown));
            assert_eq!(has_it, home, "{name} {chain:?} {hop} {tag}\n{head}");
        }
        let says_it = head.contains(SECRET) || head.contains(&basic);
        assert!(!says_it || home, "{chain:?} {hop} {tag}\n{head}");
    }
    heads.len()
}

#[test]
fn no_credential_leaves_its_origin_and_none_is_missing_there() {
    let netrc = NetrcFile::new("hops");
    let one = |chain| KINDS.map(|kind| follow(chain, &[kind], &netrc));
    let looked_at: usize = CHAINS.into_iter().flat_map(one).sum();
    println!(
        "{looked_at} hops with credentials, {} chains, {} kinds",
        CHAINS.len(),
        KINDS.len()
    );
}

/// Every two of them, and all together: none takes another one along, or its place.
#[test]
fn several_credentials_at_once_stay_where_each_belongs() {
    let netrc = NetrcFile::new("several");
    let mut looked_at = 0;
    for chain in CHAINS {
        for (place, first) in KINDS.into_iter().enumerate() {
            for second in KINDS.into_iter().skip(place + 1) {
                looked_at += follow(chain, &[first, second], &netrc);
                looked_at += follow(chain, &[second, first], &netrc);
            }
        }
        looked_at += follow(chain, &KINDS, &netrc);
    }
    println!("{looked_at} hops with several credentials");
    assert!(looked_at > 2_000);
}

#[test]
fn a_digest_is_made_for_its_own_origin_alone() {
    let (mut answered, mut left) = (0, 0);
    for chain in CHAINS {
        let (session, log) = capturing_by(chain, answer_to_digest);
        let auth = HTTPDigestAuth::new("u", SECRET);
        let request = session.get(&format!("{}/0", chain[0])).auth(auth);
        let response = request.send().unwrap();
        let stays = is_home(chain, chain.len() - 1);
        assert_eq!(
            response.status_code(),
            if stays { 200 } else { 401 },
            "{chain:?}"
        );
        let heads = log.lock().unwrap();
        for (place, (tag, head)) in heads.iter().enumerate() {
            let hop = hop_of(head);
            let has_it = head.contains("\r\nAuthorization: ");
            // The first request of all is made without a nonce.
            assert_eq!(
                has_it,
                place > 0 && is_home(chain, hop),
                "{chain:?} {tag}\n{head}"
            );
            answered += usize::from(has_it);
        }
        left += usize::from(!stays);
    }
    println!("{answered} digests, {left} chains that left their origin");
    assert!(answered > CHAINS.len() && left > 5);
}

#[test]
fn a_password_in_the_url_goes_where_the_url_leads_and_no_further() {
    static CHAIN: [&str; 3] = ["http://u:s3cret@h", "http://h", "http://other"];
    let (session, log) = capturing(&CHAIN);
    session.get("http://u:s3cret@h/0").send().unwrap();
    let heads = log.lock().unwrap();
    let with: Vec<bool> = heads
        .iter()
        .map(|(_, head)| head.contains("Authorization: "))
        .collect();
    assert_eq!(with, [true, true, false]);
    assert!(
        heads.iter().all(|(_, head)| !head.contains(SECRET)),
        "{heads:?}"
    );
}

#[test]
fn cookies_of_the_jar_go_by_its_own_rules() {
    for chain in CHAINS {
        let (session, log) = capturing(chain);
        let home = Url::parse("https://h/").unwrap();
        let secure = Cookie::new("secure", "1", &home).unwrap();
        let plain = Cookie::new("plain", "1", &Url::parse("http://h/").unwrap()).unwrap();
        session.cookies().set_cookie(secure);
        session.cookies().set_cookie(plain);
        session.get(&format!("{}/0", chain[0])).send().unwrap();
        for (url, (_, head)) in chain.iter().zip(log.lock().unwrap().iter()) {
            let url = Url::parse(&format!("{url}/")).unwrap();
            let is_h = url.origin().host() == "h";
            assert_eq!(head.contains("plain=1"), is_h, "{url} {head}");
            assert_eq!(
                head.contains("secure=1"),
                is_h && url.is_https(),
                "{url} {head}"
            );
        }
    }
}

#[test]
fn what_is_for_the_proxy_is_seen_by_the_proxy_alone() {
    for chain in CHAINS {
        let (mut session, log) = capturing(chain);
        let proxies = Proxies::new()
            .with("all", "http://p:s3cret@proxy:3128")
            .unwrap();
        // One of the hosts is asked directly.
        session.set_proxies(proxies.with_direct("http://other").unwrap());
        session.get(&format!("{}/0", chain[0])).send().unwrap();
        let mut hops = 0;
        for (tag, head) in log.lock().unwrap().iter() {
            let asked = tag == "proxy:3128";
            assert_eq!(
                head.contains("Proxy-Authorization: "),
                asked,
                "{chain:?} {tag}\n{head}"
            );
            assert!(!head.contains(SECRET));
            hops += usize::from(!head.starts_with("CONNECT "));
            assert_eq!(
                head.starts_with("GET http://"),
                asked && !head.starts_with("CONNECT ")
            );
        }
        assert_eq!(hops, chain.len());
    }
}

/// Copies of a prepared request are answered each for itself.
#[test]
fn a_prepared_request_is_sent_twice_with_digest() {
    let asks = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
    let (session, peer) = answering([asks, OK, OK, asks, OK]);
    let request = session.get("http://h/").auth(HTTPDigestAuth::new("u", "p"));
    let prepared = request.prepare().unwrap();
    for _ in 0..3 {
        let sent = session.send(prepared.clone(), Default::default());
        assert_eq!(sent.unwrap().status_code(), 200);
    }
    let counts: Vec<Option<String>> = heads(&peer, 0)
        .iter()
        .map(|head| field(head, "Authorization"))
        .map(|value| value.map(|value| value.rsplit("nc=").next().unwrap().to_owned()))
        .collect();
    let counts: Vec<Option<&str>> = counts.iter().map(Option::as_deref).collect();
    let (first, second, third) = (Some("00000001"), Some("00000002"), Some("00000003"));
    assert_eq!(counts, [None, first, second, third, first]);
}
