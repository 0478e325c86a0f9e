//! Schemes and authority, as far as a connection knows them: RFC 9110 section 4.

use std::sync::{Arc, Mutex};

use stdhttp::HTTPException::{InvalidHeaderValue, InvalidURL};
use stdhttp::testing::{Peer, PeerStream, Script};
use stdhttp::{ConnectTime, HTTPConnection, HTTPException, HTTPSConnection, Secure, Secured};

use crate::support::{GET, SECOND, conn_to, field_refusal, sent};

/// TLS that notes whose certificate it would verify.
#[derive(Default)]
struct Names {
    seen: Arc<Mutex<Vec<String>>>,
    refuses: bool,
}

impl Secure<PeerStream> for Names {
    type Stream = PeerStream;

    fn secure(
        &mut self,
        server_name: &str,
        stream: PeerStream,
        _time: ConnectTime<'_>,
    ) -> Result<PeerStream, HTTPException> {
        self.seen.lock().unwrap().push(server_name.to_owned());
        if self.refuses {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData).into());
        }
        Ok(stream)
    }
}

fn secured(host: &str, tls: Names, peer: &Peer) -> HTTPSConnection<Names, Peer> {
    let builder = HTTPConnection::builder(host);
    builder
        .connector(Secured::new(tls, peer.clone()))
        .build()
        .unwrap()
}

#[test]
fn s_4_2_1_1_an_empty_host_is_invalid() {
    for host in ["", ":80", "@", "@h", "[]", "[]:80"] {
        assert!(matches!(
            HTTPConnection::new(host, None),
            Err(InvalidURL(_))
        ));
    }
    for target in [
        "http:///p",
        "http://:80/",
        "http://@/",
        "http:",
        "http://",
        "://h/",
    ] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
}

#[test]
fn s_4_2_2_1_secured_before_the_first_octet_or_not_at_all() {
    let peer = Peer::new([Script::answer(SECOND), Script::answer(SECOND)]);
    let refuses = Names {
        refuses: true,
        ..Names::default()
    };
    let mut conn = secured("h", refuses, &peer);
    for _ in 0..2 {
        assert!(conn.request("GET", "/", (), &[]).is_err());
        assert!(!conn.is_connected());
    }
    assert_eq!((peer.calls().connects, peer.calls().bytes_written), (2, 0));
}

#[test]
fn s_4_2_4_1_userinfo_is_never_written() {
    assert!(matches!(
        HTTPConnection::new("user:secret@h", None),
        Err(InvalidURL(_))
    ));
    assert!(matches!(
        field_refusal("Host", "user:secret@h"),
        InvalidHeaderValue { .. }
    ));
    for target in ["http://user:secret@h/", "http://user@h"] {
        unsendable!(|c| c.request("GET", target, (), &[]), InvalidURL(_));
    }
    unsendable!(|c| c.set_tunnel("user:secret@h", 443, &[]), InvalidURL(_));
    let request = sent(|conn| conn.request("GET", "/", (), &[]));
    assert!(!request.contains("Referer"));
}

#[test]
fn s_4_3_4_1_the_certificate_is_verified_for_the_host() {
    for (host, tunnel, name) in [
        ("h", None, "h"),
        ("h:8443", None, "h"),
        ("127.0.0.1:8443", None, "127.0.0.1"),
        ("[::1]:8443", None, "::1"),
        ("proxy:3128", Some("origin"), "origin"),
        // No certificate holds the dot of a name that is not to be completed.
        ("www.example.org.:8443", None, "www.example.org"),
        ("proxy.:3128", Some("origin.example."), "origin.example"),
    ] {
        let answer = "HTTP/1.1 200 OK\r\n\r\n";
        let peer = Peer::new([Script::new().expect_head().send(answer)]);
        let tls = Names::default();
        let seen = tls.seen.clone();
        let mut conn = secured(host, tls, &peer);
        if let Some(target) = tunnel {
            conn.set_tunnel(target, None, &[]).unwrap();
        }
        conn.connect().unwrap();
        assert_eq!(*seen.lock().unwrap(), [name]);
        assert!(host.starts_with(conn.host()) || host.starts_with('['));
    }
}

#[test]
fn s_15_5_20_1_421_is_returned() {
    let answer = GET.answer("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.status, 421);
}

#[test]
fn s_15_5_9_1_408_is_returned() {
    let answer = "HTTP/1.1 408 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (mut conn, peer) = conn_to("h", [Script::answer(answer)]);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 408);
    assert_eq!(peer.calls().connects, 1);
}

#[test]
fn s_15_5_12_1_411_is_returned() {
    let answer = GET.answer("HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.status, 411);
}
