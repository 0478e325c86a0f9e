//! The adapter against nginx, directly and through a tunnel of tinyproxy.

use std::io;

use rustls::ProtocolVersion;
use stdhttp::{Body, HTTPSConnection};

use crate::Rustls;
use crate::certificates::Authority;
use crate::pattern::{BIG, Comparison, Pattern};
use crate::server::connection;
use crate::servers::{nginx, tinyproxy};
use crate::verification::{certificate_error, is_wrong_name};

#[test]
fn nginx_directly() {
    let authority = Authority::new();
    let Some(nginx) = nginx(&authority.issue("localhost")) else {
        return;
    };
    let mut conn = connection("localhost", nginx.port, authority.client());
    small_exchanges(&mut conn);
    large_bodies(&mut conn);
    let tls = &conn.stream().expect("a stream").tls;
    assert_eq!(tls.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(tls.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn nginx_with_tls_1_2() {
    let authority = Authority::new();
    let Some(nginx) = nginx(&authority.issue("localhost")) else {
        return;
    };
    let client = authority.client_of(&[&rustls::version::TLS12]);
    let mut conn = connection("localhost", nginx.port, client);
    small_exchanges(&mut conn);
    let tls = &conn.stream().expect("a stream").tls;
    assert_eq!(tls.protocol_version(), Some(ProtocolVersion::TLSv1_2));
}

#[test]
fn nginx_under_another_name() {
    let authority = Authority::new();
    let Some(nginx) = nginx(&authority.issue("localhost")) else {
        return;
    };
    let mut conn = connection("127.0.0.1", nginx.port, authority.client());
    let error = conn.request("GET", "/hello", (), &[]);
    let error = certificate_error(error.expect_err("another name"));
    assert!(is_wrong_name(&error), "{error:?}");
}

/// The name verified is that of the tunnel's host.
#[test]
fn nginx_through_tinyproxy() {
    let authority = Authority::new();
    let Some(nginx) = nginx(&authority.issue("localhost")) else {
        return;
    };
    let Some(proxy) = tinyproxy(nginx.port) else {
        return;
    };
    let mut conn = connection("127.0.0.1", proxy.port, authority.client());
    conn.set_tunnel("localhost", nginx.port, &[])
        .expect("a host");
    small_exchanges(&mut conn);
    large_bodies(&mut conn);
    assert!(conn.get_proxy_response_headers().is_some());
}

/// A certificate for the proxy's host is none for the tunnel's.
#[test]
fn nginx_through_tinyproxy_under_the_name_of_the_proxy() {
    let authority = Authority::new();
    let Some(nginx) = nginx(&authority.issue("127.0.0.1")) else {
        return;
    };
    let Some(proxy) = tinyproxy(nginx.port) else {
        return;
    };
    let mut conn = connection("127.0.0.1", proxy.port, authority.client());
    conn.set_tunnel("localhost", nginx.port, &[])
        .expect("a host");
    let error = conn.request("GET", "/hello", (), &[]);
    let error = certificate_error(error.expect_err("another name"));
    assert!(is_wrong_name(&error), "{error:?}");
}

/// All of them over one connection, which nginx tells by the client's port.
fn small_exchanges(conn: &mut HTTPSConnection<Rustls>) {
    let mut ports = Vec::new();
    for method in ["GET", "HEAD"].into_iter().cycle().take(100) {
        conn.request(method, "/hello", (), &[]).expect("a request");
        let mut response = conn.getresponse().expect("a response");
        assert_eq!(response.status(), 200);
        ports.push(
            response
                .getheader("x-client-port")
                .expect("a port")
                .into_owned(),
        );
        let body = response.read(None).expect("a body");
        let expected: &[u8] = if method == "GET" {
            b"hello, world\n"
        } else {
            b""
        };
        assert_eq!(body, expected);
    }
    ports.dedup();
    assert_eq!(ports.len(), 1, "more than one connection");
}

/// With a length and chunked.
fn large_bodies(conn: &mut HTTPSConnection<Rustls>) {
    for body in [
        Body::sized(Pattern::new(BIG), BIG),
        Body::reader(Pattern::new(BIG)),
    ] {
        conn.request("PUT", "/files/big", body, &[])
            .expect("a request");
        let mut response = conn.getresponse().expect("a response");
        assert!(matches!(response.status(), 201 | 204));
        response.read(None).expect("a body");
        conn.request("GET", "/files/big", (), &[])
            .expect("a request");
        let mut response = conn.getresponse().expect("a response");
        let mut compared = Comparison::new();
        io::copy(&mut response, &mut compared).expect("the same bytes");
        assert_eq!(compared.length, BIG);
    }
}
