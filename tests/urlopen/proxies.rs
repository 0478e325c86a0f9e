//! Requests through proxies: what the proxy sees, and what the server.

use stdhttp::HTTPException;
use stdhttp::auth::{Credentials, HTTPPasswordMgr};
use stdhttp::testing::Script;
use stdhttp::urllib::request::*;
use stdhttp::urllib::{Proxies, Proxy, ProxyScheme, Url};

use crate::{Net, OK, field, refused, text, to};

const TUNNEL: &str = "HTTP/1.1 200 Connected\r\n\r\n";
const SECRET: &str = "Basic bWU6c2VjcmV0";

fn through(net: &Net, proxies: Proxies) -> OpenerDirector {
    net.opener().add_handler(ProxyHandler::new(proxies))
}

fn for_all(proxy: &str) -> Proxies {
    Proxies::new().with("all", proxy).unwrap()
}

/// A tunnel that opens, and an answer in it.
fn tunnelled(answer: &str) -> Script {
    Script::new()
        .expect_head()
        .send(TUNNEL)
        .expect_head()
        .send(answer.replace('\n', "\r\n"))
}

/// The heads that a connection was sent.
fn heads(net: &Net, connection: usize) -> Vec<String> {
    let sent = net.sent(connection);
    sent.split_terminator("\r\n\r\n")
        .map(str::to_owned)
        .collect()
}

#[test]
fn http_is_asked_of_the_proxy_whole() {
    let net = Net::answering([OK]);
    let opener = through(&net, for_all("http://me:secret@p:3128"));
    let response = opener.open("http://u:p@H:81/a?b#c").unwrap();
    assert_eq!(response.url(), "http://u:p@H:81/a?b#c");
    assert_eq!(net.dialled(), ["p:3128"]);
    let sent = net.sent(0);
    assert!(
        sent.starts_with("GET http://h:81/a?b HTTP/1.1\r\nHost: h:81\r\n"),
        "{sent}"
    );
    assert_eq!(field(&sent, "proxy-authorization").as_deref(), Some(SECRET));
    assert_eq!(field(&sent, "authorization"), None);
}

#[test]
fn https_goes_through_a_tunnel_that_alone_has_the_credentials() {
    let net = Net::new([tunnelled(OK)]);
    let opener = through(&net, for_all("http://me:secret@p:3128"));
    let mut one = Request::new("https://h/a").unwrap();
    one.add_header("X", "y");
    assert_eq!(text(opener.open(one).unwrap()), "ok");
    assert_eq!(net.dialled(), ["p:3128"]);
    let [connect, inner] = &heads(&net, 0)[..] else {
        panic!("{:?}", heads(&net, 0));
    };
    let expected =
        format!("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nProxy-Authorization: {SECRET}");
    assert_eq!(connect, &expected);
    assert!(
        inner.starts_with("GET /a HTTP/1.1\r\nHost: h\r\n"),
        "{inner}"
    );
    assert_eq!(field(inner, "proxy-authorization"), None);
    assert_eq!(field(connect, "x"), None);
}

/// A field of the caller's own is the proxy's too: in the tunnel's head, or nowhere.
#[test]
fn proxy_authorization_of_the_caller_goes_to_the_proxy_alone() {
    let own = |url: &str| {
        Request::new(url)
            .unwrap()
            .with_header("proxy-authorization", "Bearer mine")
    };
    let net = Net::new([tunnelled(OK)]);
    through(&net, for_all("p")).open(own("https://h/")).unwrap();
    let heads = heads(&net, 0);
    assert!(
        heads[0].contains("Proxy-Authorization: Bearer mine"),
        "{heads:?}"
    );
    assert!(!heads[1].contains("mine"), "{heads:?}");
    let net = Net::answering([OK, OK]);
    through(&net, for_all("p")).open(own("http://h/")).unwrap();
    net.opener().open(own("http://h/")).unwrap();
    assert_eq!(
        net.fields("proxy-authorization"),
        [Some("Bearer mine".to_owned()), None]
    );
}

/// Ways to two servers and between them, each direct or through one of two proxies: a proxy sees its
/// own credentials and no other's, and no server sees any.
#[test]
fn credentials_of_a_proxy_are_for_that_proxy() {
    let ways = ["direct", "pa", "pb"];
    for (first_scheme, second_scheme) in [("http", "http"), ("http", "https"), ("https", "https")] {
        for first in ways {
            for second in ways {
                let proxies = |proxies: Proxies, host: &str, way: &str| match way {
                    "direct" => proxies.with_direct(host),
                    way => proxies.with(host, &format!("http://{way}:{way}@{way}")),
                };
                let all = proxies(Proxies::new(), "all://a", first).unwrap();
                let all = proxies(all, "all://b", second).unwrap();
                let script = |scheme: &str, way: &str, answer: &str| match (scheme, way) {
                    ("https", "pa" | "pb") => tunnelled(answer),
                    _ => Script::answer(answer.replace('\n', "\r\n")),
                };
                let net = Net::new([
                    script(
                        first_scheme,
                        first,
                        &to(302, &format!("{second_scheme}://b/")),
                    ),
                    script(second_scheme, second, OK),
                ]);
                let opener = through(&net, all);
                let own = Request::new(&format!("{first_scheme}://a/")).unwrap();
                opener.open(own).unwrap();
                for (number, way, scheme) in [(0, first, first_scheme), (1, second, second_scheme)]
                {
                    let heads = heads(&net, number);
                    let expected = (way != "direct").then(|| {
                        let pair = crate::base64::encode(format!("{way}:{way}").as_bytes());
                        format!("Basic {pair}")
                    });
                    assert_eq!(
                        field(&heads[0], "proxy-authorization"),
                        expected,
                        "{heads:?}"
                    );
                    assert!(heads.len() == 1 || field(&heads[1], "proxy-authorization").is_none());
                    assert_eq!(heads.len() == 2, way != "direct" && scheme == "https");
                }
            }
        }
    }
}

#[test]
fn a_proxy_that_asks_is_answered() {
    let asks = "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic realm=\"p\", Digest realm=\"p\", \
                nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    let mut passwords = HTTPPasswordMgr::new();
    let proxy = Url::parse("http://p:3128/").unwrap();
    passwords.add_password(Some("p"), &proxy, Credentials::new("me", "secret").unwrap());
    let asking = || Script::new().expect_head().send(asks);
    let answer = OK.replace('\n', "\r\n");

    // Basic, seen by the proxy, and at once the next time.
    let net = Net::new([asking(), Script::answer(&answer), Script::answer(&answer)]);
    let opener =
        through(&net, for_all("p:3128")).add_handler(ProxyBasicAuthHandler::new(passwords.clone()));
    opener.open("http://h/").unwrap();
    opener.open("http://i/").unwrap();
    let secret = Some(SECRET.to_owned());
    assert_eq!(
        net.fields("proxy-authorization"),
        [None, secret.clone(), secret]
    );
    assert_eq!(net.fields("authorization"), [None, None, None]);

    // Digest for a tunnel covers the request for the tunnel.
    let net = Net::new([asking(), tunnelled(OK)]);
    let opener = through(&net, for_all("p:3128"))
        .add_handler(ProxyBasicAuthHandler::new(passwords.clone()))
        .add_handler(ProxyDigestAuthHandler::new(passwords.clone()));
    assert_eq!(text(opener.open("https://h/a").unwrap()), "ok");
    let heads = heads(&net, 1);
    let sent = field(&heads[0], "proxy-authorization").unwrap();
    assert!(
        sent.starts_with("Digest ") && sent.contains("uri=\"h:443\""),
        "{sent}"
    );
    assert_eq!(field(&heads[1], "proxy-authorization"), None);

    // Digest for a request that the proxy sees covers the target as it is sent.
    let net = Net::new([asking(), Script::answer(&answer)]);
    let opener = through(&net, for_all("p:3128"))
        .add_handler(ProxyDigestAuthHandler::new(passwords.clone()));
    opener.open("http://h/a?b").unwrap();
    let sent = net.fields("proxy-authorization")[1].clone().unwrap();
    assert!(sent.contains("uri=\"http://h/a?b\""), "{sent}");

    // A server that plays a proxy gets nothing.
    let net = Net::new([asking()]);
    let opener = net
        .opener()
        .add_handler(ProxyBasicAuthHandler::new(passwords));
    assert_eq!(refused(opener.open("http://p:3128/")).code(), 407);
    assert_eq!(net.dialled().len(), 1);
}

#[test]
fn digest_of_a_server_behind_a_proxy_covers_the_whole_target() {
    let asks = "HTTP/1.1 401 No\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\n\n";
    let mut passwords = HTTPPasswordMgr::new();
    let server = Url::parse("http://h/").unwrap();
    passwords.add_password(None, &server, Credentials::new("me", "secret").unwrap());
    let net = Net::answering([asks, OK]);
    let opener = through(&net, for_all("p")).add_handler(HTTPDigestAuthHandler::new(passwords));
    opener.open("http://h/a").unwrap();
    let sent = net.fields("authorization")[1].clone().unwrap();
    assert!(sent.contains("uri=\"http://h/a\""), "{sent}");
}

/// What a proxy says of a tunnel is never an answer of the server's.
#[test]
fn a_refused_tunnel_is_an_error_with_what_the_proxy_said() {
    for status in [302, 403, 404, 502] {
        let answer =
            format!("HTTP/1.1 {status} No\nLocation: http://evil/\nContent-Length: 2\n\nno");
        let net = Net::answering([&answer, OK]);
        match through(&net, for_all("p")).open("https://h/") {
            Err(URLError::Exchange(HTTPException::TunnelFailed(failed))) => {
                assert_eq!(
                    (failed.status, failed.body.as_slice()),
                    (status, &b"no"[..])
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(net.dialled(), ["p:80"]);
    }
    let net = Net::answering(["HTTP/1.1 407 No\nProxy-Authenticate: Basic realm=p\n\n"]);
    let error = refused(through(&net, for_all("p")).open("https://h/"));
    assert_eq!((error.code(), error.url()), (407, "https://h/"));
}

#[test]
fn proxies_that_are_not_spoken_to_are_errors_and_not_passed_by() {
    for (proxy, url, scheme) in [
        ("socks5://p", "http://h/", ProxyScheme::Socks5),
        ("socks5h://p", "https://h/", ProxyScheme::Socks5h),
        ("https://p", "https://h/", ProxyScheme::Https),
    ] {
        let net = Net::answering([OK]);
        match through(&net, for_all(proxy)).open(url) {
            Err(URLError::UnsupportedProxy { scheme: found }) => assert_eq!(found, scheme),
            other => panic!("{proxy} {url}: {other:?}"),
        }
        assert_eq!(net.dialled().len(), 0);
    }
    let broken = Proxies::from_environment([("http_proxy", "gopher://p")]);
    let net = Net::answering([OK]);
    assert!(matches!(
        through(&net, broken).open("http://h/"),
        Err(URLError::Proxy(_))
    ));
    let colon = for_all("http://a%3Ab:c@p");
    assert!(matches!(
        through(&net, colon).open("http://h/"),
        Err(URLError::Credentials(_))
    ));
    assert_eq!(net.dialled().len(), 0);
}

/// The connection to an https proxy is one over TLS: the https handler's, or none.
#[test]
fn an_https_proxy_is_spoken_to_over_tls() {
    let net = Net::answering([OK]);
    let secured = Net::answering([OK]);
    let opener =
        through(&net, for_all("https://p")).add_handler(HTTPSHandler::new(secured.clone()));
    opener.open("http://h/").unwrap();
    assert_eq!(
        (net.dialled().len(), secured.dialled()),
        (0, vec!["p:443".to_owned()])
    );
    assert!(secured.sent(0).starts_with("GET http://h/ HTTP/1.1\r\n"));
    let without = build_opener()
        .add_handler(HTTPHandler::new(net.clone()))
        .add_handler(ProxyHandler::new(for_all("https://p")));
    assert!(matches!(without.open("http://h/"), Err(URLError::NoTls)));
    assert_eq!(net.dialled().len(), 0);
}

#[test]
fn each_hop_has_the_proxy_that_is_set_for_it() {
    let net = Net::answering([&to(302, "//i/"), &to(302, "//local/"), OK]);
    let proxies = Proxies::new()
        .with("http://h", "pa")
        .and_then(|proxies| proxies.with("http", "pb"))
        .unwrap()
        .with_no_proxy("local");
    through(&net, proxies).open("http://h/").unwrap();
    assert_eq!(net.dialled(), ["pa:80", "pb:80", "local:80"]);
    assert!(net.sent(2).starts_with("GET / "));
}

#[test]
fn a_proxy_of_the_request_comes_first() {
    let net = Net::answering([OK]);
    let mut one = Request::new("http://h/").unwrap();
    assert!(!one.has_proxy());
    one.set_proxy(Proxy::parse("mine").unwrap());
    assert_eq!(one.selector(), "http://h/");
    assert!(one.has_proxy() && one.proxy().unwrap().hostname() == "mine");
    through(&net, for_all("p")).open(one).unwrap();
    assert_eq!(net.dialled(), ["mine:80"]);
    let mut secured = Request::new("https://h/x").unwrap();
    secured.set_proxy(Proxy::parse("mine").unwrap());
    assert_eq!((secured.selector().as_ref(), secured.host()), ("/x", "h"));
}
