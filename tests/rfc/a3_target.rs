//! Request line, target and `Host`: RFC 9112 section 3, RFC 9110 sections 7.1 and 7.2.

use stdhttp::HTTPException::{
    ConflictingHeader, InvalidHeaderValue, InvalidMethod, InvalidTunnelHost, InvalidURL,
};
use stdhttp::proto::Skip;
use stdhttp::testing::{Peer, PeerStream, Script};
use stdhttp::{ConnectTime, HTTPConnection, HTTPException, Secure, Secured, Tolerance};

use crate::support::{
    Conn, SECOND, check_second, conn, conn_to, field_refusal, get, sent, sent_to,
};

const TOKEN_SPECIALS: &str = "!#$%&'*+-.^_`|~";

/// The value of the first `Host` line.
fn host_of(request: &str) -> &str {
    let rest = request.split("\r\nHost:").nth(1).unwrap();
    rest.split("\r\n").next().unwrap()
}

/// TLS that changes nothing.
struct Transparent;

impl Secure<PeerStream> for Transparent {
    type Stream = PeerStream;

    fn secure(
        &mut self,
        _server_name: &str,
        stream: PeerStream,
        _time: ConnectTime<'_>,
    ) -> Result<PeerStream, HTTPException> {
        Ok(stream)
    }
}

#[test]
fn m_3_1_request_line() {
    assert!(get("h", "/where?q=now").starts_with("GET /where?q=now HTTP/1.1\r\n"));
}

#[test]
fn m_3_2_long_request_lines_are_sent_whole() {
    for length in [8_000, 65_535, 1_000_000] {
        let target = format!("/{}", "a".repeat(length - 1));
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(get("h", &target).starts_with(&line));
    }
}

#[test]
fn m_3_1_1_a_method_is_a_token_sent_as_given() {
    for method in ["get", "PURGE", "M-SEARCH", TOKEN_SPECIALS] {
        let request = sent(|conn| conn.request(method, "/", (), &[]));
        assert!(request.starts_with(&format!("{method} / HTTP/1.1\r\n")));
    }
    for method in [
        "",
        "GE T",
        "GET\t",
        "GÉT",
        "GET\r\nX:1",
        "G\0",
        "GET/",
        "\"GET\"",
    ] {
        unsendable!(|c| c.request(method, "/", (), &[]), InvalidMethod { .. });
    }
}

#[test]
fn m_3_2_1_no_octet_that_a_target_cannot_have() {
    for target in ["/a b", "/a\tb", "/\x0b", "/\x7f", "/ü", "/\r\nX:1", "/\0"] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
}

#[test]
fn m_3_2_2_a_fragment_is_never_sent() {
    for target in ["/p#f", "http://h/p#f", "/p?q#", "#f"] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
}

#[test]
fn m_3_2_3_host_in_every_request() {
    for (host, value) in [
        ("h:8080", " h:8080"),
        ("h", " h"),
        ("h:80", " h"),
        ("h:443", " h:443"),
        ("[::1]:81", " [::1]:81"),
        ("[::1]", " [::1]"),
    ] {
        assert_eq!(host_of(&get(host, "/")), value);
    }
    let peer = Peer::new([Script::new()]);
    let builder = HTTPConnection::builder("h:443");
    let builder = builder.connector(Secured::new(Transparent, peer.clone()));
    let mut conn = builder.build().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(host_of(&String::from_utf8(peer.received(0)).unwrap()), " h");
    for host in ["u:p@h", "u@h", "@h"] {
        assert!(matches!(
            HTTPConnection::new(host, None),
            Err(InvalidURL(_))
        ));
    }
}

#[test]
fn m_3_2_4_no_authority_gives_an_empty_host() {
    let stream = PeerStream::new(Script::new()).unwrap();
    let peer = stream.peer().clone();
    let mut conn = HTTPConnection::from_stream(stream, "").unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    let request = String::from_utf8(peer.received(0)).unwrap();
    assert!(request.starts_with("GET / HTTP/1.1\r\nHost: \r\n"));
}

#[test]
fn s_7_2_1_host_is_the_first_field() {
    let request = sent(|conn| conn.request("GET", "/", (), &[("A", "1")]));
    assert_eq!(request.split("\r\n").nth(1), Some("Host: h"));
}

#[test]
fn m_3_2_5_exactly_one_valid_host() {
    let request = sent(|conn| conn.request("GET", "/", (), &[("host", "other:81")]));
    assert!(request.contains("\r\nhost: other:81\r\n") && !request.contains("Host: h"));
    let twice = [("Host", "a"), ("hOST", "a")];
    unsendable!(
        |c| c.request("GET", "/", (), &twice),
        ConflictingHeader { name: "Host" }
    );
    unsendable!(
        |c| {
            c.putrequest("GET", "/")?;
            c.putheader("Host", "a")
        },
        ConflictingHeader { name: "Host" }
    );
    for value in ["a\r\nX: b", "a b", "a/b", "a@b", "a:x", "[::1", "a,b"] {
        assert!(matches!(
            field_refusal("Host", value),
            InvalidHeaderValue { .. }
        ));
    }
}

#[test]
fn m_3_2_6_a_zone_never_leaves_the_machine() {
    let request = get("[fe80::1%eth0]", "/");
    assert_eq!(host_of(&request), " [fe80::1]");
    assert!(!request.contains("eth0"));
    for target in ["http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/"] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
    let script =
        Script::new().expect("CONNECT [fe80::1]:80 HTTP/1.1\r\nHost: [fe80::1]:80\r\n\r\n");
    let script = script.send("HTTP/1.1 200 OK\r\n\r\n");
    let (mut conn, peer) = conn([script]);
    conn.set_tunnel("[fe80::1%eth0]", None, &[]).unwrap();
    conn.connect().unwrap();
    peer.check().unwrap();
}

#[test]
fn m_3_2_1_1_origin_form() {
    assert!(get("h", "/a;b?c=d&e").starts_with("GET /a;b?c=d&e HTTP/1.1\r\n"));
}

#[test]
fn m_3_2_1_2_an_empty_path_is_a_slash() {
    assert!(get("h", "").starts_with("GET / HTTP/1.1\r\n"));
    // `?q=1` alone is no target: whoever takes URLs apart has to put the slash.
    unsendable!(|c| c.request("GET", "?q=1", (), &[]), InvalidURL(_));
}

#[test]
fn m_3_2_1_3_two_slashes_stay_a_path() {
    let request = get("h", "//x");
    assert!(request.starts_with("GET //x HTTP/1.1\r\n"));
    assert_eq!(host_of(&request), " h");
}

#[test]
fn m_3_2_2_1_absolute_form_to_a_proxy() {
    assert!(get("proxy:3128", "http://h/a?b").starts_with("GET http://h/a?b HTTP/1.1\r\n"));
}

#[test]
fn m_3_2_2_2_host_of_the_target_not_of_the_proxy() {
    for (target, host) in [
        ("http://h/a?b", " h"),
        ("http://h:8001/", " h:8001"),
        ("http://h?q", " h"),
        ("http://[::1]:81/", " [::1]:81"),
    ] {
        assert_eq!(host_of(&get("proxy:3128", target)), host);
    }
}

/// A server goes by the target, a cache or a router by the field.
#[test]
fn m_3_2_2_2_a_host_that_differs_from_the_target_is_refused() {
    for (target, host) in [
        ("http://a/x", "b"),
        ("http://a/x", "a:81"),
        ("http://a:81/x", "a"),
        ("http://a:81/x", "a:82"),
        ("http://a/x", ""),
        ("http://a/x", "a."),
        ("HTTPS://a/x", "a:80"),
        ("foo://a:80/x", "a"),
        ("http://[::1]/x", "[::2]"),
        ("http://[::1]/x", "a"),
    ] {
        unsendable!(
            |c| c.request("GET", target, (), &[("hOST", host)]),
            ConflictingHeader { name: "Host" }
        );
        unsendable!(
            |c| {
                put_without_host(c, "GET", target)?;
                c.putheader("Host", host)
            },
            ConflictingHeader { name: "Host" }
        );
        let mut lenient = HTTPConnection::builder("h")
            .connector(Peer::new([Script::new()]))
            .tolerance(Tolerance::HTTP_CLIENT)
            .build()
            .unwrap();
        let refused = lenient.request("GET", target, (), &[("Host", host)]);
        assert!(matches!(refused, Err(ConflictingHeader { name: "Host" })));
    }
    for (target, host) in [
        ("http://a/x", "a"),
        ("http://a/x", "A"),
        ("http://A/x", "a:80"),
        ("http://a:80/x", "a"),
        ("http://a:81?x", "a:81"),
        ("https://a/x", "a:443"),
        ("foo://a/x", "a"),
        ("http://[::1]:8/x", "[::1]:8"),
    ] {
        let request = sent_to("p", |c| c.request("GET", target, (), &[("Host", host)]));
        assert_eq!(host_of(&request), format!(" {host}"));
    }
    // In origin-form the caller names another host than the connection's.
    let request = sent(|c| c.request("GET", "/http://a/", (), &[("Host", "b")]));
    assert_eq!(host_of(&request), " b");
}

fn put_without_host(conn: &mut Conn, method: &str, target: &str) -> Result<(), HTTPException> {
    let skip = Skip::default().with(|skip| skip.host = true);
    conn.putrequest_with(method, target, skip)
}

/// `http.client` lets the `Host` of a CONNECT differ, and so does its tolerance.
#[test]
fn m_3_2_2_2_the_host_of_a_connect_is_its_target() {
    for host in ["b:443", "b", "a:80", ""] {
        let own = [("Host", host)];
        unsendable!(
            |c| c.set_tunnel("a", 443, &own),
            ConflictingHeader { name: "Host" }
        );
        unsendable!(
            |c| {
                put_without_host(c, "CONNECT", "a:443")?;
                c.putheader("Host", host)
            },
            ConflictingHeader { name: "Host" }
        );
    }
    for host in ["a:443", "a", "A:443"] {
        let (mut conn, _) = conn([]);
        conn.set_tunnel("a", 443, &[("Host", host)]).unwrap();
    }
    let lenient = HTTPConnection::builder("h").tolerance(Tolerance::HTTP_CLIENT);
    let mut lenient = lenient.build().unwrap();
    lenient.set_tunnel("a", 443, &[("Host", "b")]).unwrap();
}

#[test]
fn m_3_2_2_3_absolute_form_without_userinfo_and_fragment() {
    for target in ["http://u:p@h/", "http://u@h/", "http://@h/", "http://h/#f"] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
}

fn tunnelled(host: &str, port: Option<u16>) -> String {
    let answer = "HTTP/1.1 200 OK\r\n\r\n";
    let script = Script::new().expect_head().send(answer);
    let (mut conn, peer) = conn_to("proxy:3128", [script.expect_head().send(SECOND)]);
    conn.set_tunnel(host, port, &[("X-Tunnel", "1")]).unwrap();
    check_second(&mut conn);
    String::from_utf8(peer.received(0)).unwrap()
}

#[test]
fn m_3_2_3_1_connect_has_host_and_port_only() {
    let written = tunnelled("h", Some(443));
    let connect = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nX-Tunnel: 1\r\n\r\n";
    assert!(written.starts_with(connect));
    assert!(written[connect.len()..].starts_with("GET /second HTTP/1.1\r\nHost: h:443\r\n"));
    for target in [
        "h",
        "h:",
        "http://h:443/",
        "/h:443",
        "u@h:443",
        "h:443/x",
        "*",
    ] {
        unsendable!(|c| c.request("CONNECT", target, (), &[]), InvalidURL(_));
    }
}

#[test]
fn s_9_3_6_1_connect_always_has_a_port() {
    assert!(tunnelled("h", None).starts_with("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n"));
    assert!(tunnelled("[::1]", Some(443)).starts_with("CONNECT [::1]:443 HTTP/1.1\r\n"));
    let peer = Peer::new([Script::new().expect_head().send("HTTP/1.1 200 OK\r\n\r\n")]);
    let secured = Secured::new(Transparent, peer.clone());
    let mut conn = HTTPConnection::builder("proxy:3128")
        .connector(secured)
        .build()
        .unwrap();
    conn.set_tunnel("h", None, &[]).unwrap();
    conn.connect().unwrap();
    assert!(
        peer.received(0)
            .starts_with(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n")
    );
}

#[test]
fn m_3_2_3_2_a_tunnel_is_validated_as_any_request() {
    for host in ["h\r\nX:1", "h\0", "h h", "h\t"] {
        unsendable!(|c| c.set_tunnel(host, 443, &[]), InvalidTunnelHost { .. });
    }
    for host in ["", "u@h", "h/x", "[::1", "ü"] {
        unsendable!(|c| c.set_tunnel(host, 443, &[]), InvalidURL(_));
    }
    for value in ["a\r\nB: c", "a\rb", "a\nb", "a\0b"] {
        unsendable!(
            |c| c.set_tunnel("h", 443, &[("X", value)]),
            InvalidHeaderValue { .. }
        );
    }
    unsendable!(
        |c| c.set_tunnel("h", 443, &[("X\r\n", "1")]),
        HTTPException::InvalidHeaderName { .. }
    );
}

#[test]
fn m_3_2_4_1_server_wide_options() {
    let request = sent(|conn| conn.request("OPTIONS", "*", (), &[]));
    assert!(request.starts_with("OPTIONS * HTTP/1.1\r\nHost: h\r\n"));
}

#[test]
fn m_3_2_4_2_server_wide_options_through_a_proxy() {
    let request = sent_to("proxy:3128", |conn| {
        conn.request("OPTIONS", "http://h:8001", (), &[])
    });
    assert!(request.starts_with("OPTIONS http://h:8001 HTTP/1.1\r\nHost: h:8001\r\n"));
}

#[test]
fn s_7_1_1_forms_belong_to_their_methods() {
    for (method, target) in [
        ("GET", "*"),
        ("GET", "h:443"),
        ("POST", "*"),
        ("options", "*"),
    ] {
        unsendable!(|c| c.request(method, target, (), &[]), InvalidURL(_));
    }
}
