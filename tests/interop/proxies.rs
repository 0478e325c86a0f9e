//! Forward proxies that ask for credentials (Basic, RFC 7617): tinyproxy and squid. Everything that
//! an origin is asked goes through their tunnels, and they are asked some things of their own.
//! CONNECT is RFC 9110 section 9.3.6, the absolute form RFC 9112 section 3.2.2.

use stdhttp::{HTTPConnection, HTTPException};

use crate::servers::{self, HELLO, PROXY_AUTHORIZATION};
use crate::{
    Case, HOST, ORIGIN, Outcome, PROGRAM, PYTHON, Route, address, answer, connection, fetch, run,
};

/// What every proxy is asked.
const PROXY: &[Case] = &[
    ("absolute_form", absolute_form),
    ("credentials_asked_for", credentials_asked_for),
    ("tunnel_forbidden", tunnel_forbidden),
    ("tunnel_unauthenticated", tunnel_unauthenticated),
];

/// squid answers to CONNECT without any field.
const TINYPROXY: &[Case] = &[("proxy_response_headers", proxy_response_headers)];

/// tinyproxy closes after each response, and does not say so.
const SQUID: &[Case] = &[("absolute_form_keeps_alive", absolute_form_keeps_alive)];

#[test]
fn tinyproxy() {
    let Some(origin) = servers::python() else {
        return;
    };
    let Some(proxy) = servers::tinyproxy(&[origin.port]) else {
        return;
    };
    let route = Route::tunnel(proxy.port, origin.port);
    run(&route, &[ORIGIN, PROGRAM, PYTHON, PROXY, TINYPROXY]);
}

#[test]
fn squid() {
    let Some(origin) = servers::python() else {
        return;
    };
    let Some(proxy) = servers::squid(origin.port) else {
        return;
    };
    let route = Route::tunnel(proxy.port, origin.port);
    run(&route, &[ORIGIN, PROGRAM, PYTHON, PROXY, SQUID]);
}

fn proxy_response_headers(route: &Route) -> Outcome {
    let mut connection = route.connection()?;
    assert!(connection.get_proxy_response_headers().is_none());
    assert_eq!(fetch(&mut connection, "GET", "/hello")?.status, 200);
    let headers = connection.get_proxy_response_headers();
    assert!(headers.is_some_and(|headers| headers.get("Proxy-agent").is_some()));
    Ok(())
}

fn absolute_form(route: &Route) -> Outcome {
    let mut connection = connection(route.port)?;
    get_through(&mut connection, route)
}

fn absolute_form_keeps_alive(route: &Route) -> Outcome {
    let mut connection = connection(route.port)?;
    connection.connect()?;
    let first = address(&connection);
    for _ in 0..100 {
        get_through(&mut connection, route)?;
    }
    assert_eq!(address(&connection), first);
    Ok(())
}

fn get_through(connection: &mut HTTPConnection, route: &Route) -> Outcome {
    let authorization = [("Proxy-Authorization", PROXY_AUTHORIZATION)];
    connection.request("GET", &absolute(route), (), &authorization)?;
    assert_eq!(answer(connection)?.body, HELLO);
    Ok(())
}

fn absolute(route: &Route) -> String {
    let origin = route.origin.expect("no origin");
    format!("http://{HOST}:{origin}/hello")
}

/// The challenge says what is asked for, and the same connection object then gives it.
fn credentials_asked_for(route: &Route) -> Outcome {
    let mut connection = connection(route.port)?;
    connection.request("GET", &absolute(route), (), &[])?;
    let mut response = connection.getresponse()?;
    assert_eq!(response.status(), 407);
    let challenge = response.getheader("Proxy-Authenticate");
    assert!(challenge.is_some_and(|challenge| challenge.starts_with("Basic realm=")));
    assert!(!response.read(None)?.is_empty());
    get_through(&mut connection, route)
}

/// The proxies open tunnels to the port of the origin only.
fn tunnel_forbidden(route: &Route) -> Outcome {
    let mut connection = connection(route.port)?;
    let authorization = [("Proxy-Authorization", PROXY_AUTHORIZATION)];
    connection.set_tunnel(HOST, servers::free_port(), &authorization)?;
    assert_tunnel_fails(&mut connection, 403);
    Ok(())
}

fn tunnel_unauthenticated(route: &Route) -> Outcome {
    let mut connection = connection(route.port)?;
    connection.set_tunnel(HOST, route.origin, &[])?;
    assert_tunnel_fails(&mut connection, 407);
    Ok(())
}

/// Twice, for the failure must leave the connection fit for the next attempt.
fn assert_tunnel_fails(connection: &mut HTTPConnection, expected: u16) {
    for _ in 0..2 {
        match connection.request("GET", "/hello", (), &[]) {
            Err(HTTPException::TunnelFailed(failed)) => {
                assert_eq!(failed.status, expected);
                assert!(failed.headers.get("Server").is_some());
            }
            other => panic!("{other:?} instead of a failed tunnel"),
        }
    }
}
