//! nginx and HAProxy in front of the crate's server, with connections to it that they keep. The
//! client is the crate's own.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::Duration;

use stdhttp::server::Times;
use stdhttp::{Body, HTTPConnection};

use super::site::{BIG, Served};
use crate::pattern::{Pattern, pattern};
use crate::servers::{HELLO, Server, start, write_config};
use crate::{MEBIBYTE, Outcome, connection, fetch, succeeds};

/// After so long the server closes a connection that a front keeps.
const IDLE: Duration = Duration::from_millis(300);

type Check = (&'static str, fn(&Front) -> Outcome);

const CHECKS: &[Check] = &[
    ("files", files),
    ("uploads", uploads),
    ("refused_upload", refused_upload),
    ("one_connection_to_the_server", one_connection_to_the_server),
    ("many_clients", many_clients),
    ("idle_close", idle_close),
];

#[test]
fn nginx() {
    check(|origin| {
        start("nginx", |command, port, folder| {
            let config = write_config(folder, &nginx_config(port, folder, origin));
            command.arg("-p").arg(folder).arg("-c").arg(config);
            command.args(["-e", "stderr"]);
        })
    });
}

#[test]
fn haproxy() {
    check(|origin| {
        start("haproxy", |command, port, folder| {
            let config = write_config(folder, &haproxy_config(port, origin));
            command.arg("-db").arg("-f").arg(config);
        })
    });
}

/// A front, and the server behind it.
struct Front {
    port: u16,
    behind: Served,
}

/// Each check has a front and a server of its own.
fn check(start: impl Fn(u16) -> Option<Server>) {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        let times = Times {
            idle: IDLE,
            ..Times::DEFAULT
        };
        let behind = Served::with(times);
        let Some(server) = start(behind.port) else {
            return;
        };
        // What it asked to find out whether there is a server.
        behind.take_seen();
        let port = server.port;
        if !succeeds(name, || check(&Front { port, behind })) {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

/// Bodies are passed on as they come.
fn nginx_config(port: u16, folder: &Path, origin: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/pid;
        events {{ worker_connections 256; }}
        http {{
            access_log off; client_max_body_size 0;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            upstream origin {{ server 127.0.0.1:{origin}; keepalive 8; }}
            server {{
                listen 127.0.0.1:{port};
                proxy_http_version 1.1;
                proxy_set_header Connection \"\";
                proxy_request_buffering off;
                location / {{ proxy_pass http://origin; }}
            }}
        }}"
    )
}

/// One thread: each would keep connections of its own.
fn haproxy_config(port: u16, origin: u16) -> String {
    format!(
        "global
            maxconn 256
            nbthread 1
        defaults
            mode http
            timeout connect 10s
            timeout client 20s
            timeout server 20s
            http-reuse always
        frontend front
            bind 127.0.0.1:{port}
            default_backend origin
        backend origin
            server origin 127.0.0.1:{origin}
        "
    )
}

/// Sends a body to `/echo`; checks that it comes back, and returns the port that it came by and
/// whether it came in chunks.
fn echo<'a>(
    connection: &mut HTTPConnection,
    body: impl Into<Body<'a>>,
    expected: &[u8],
) -> Result<(String, bool), stdhttp::HTTPException> {
    connection.request("POST", "/echo", body, &[])?;
    let mut response = connection.getresponse()?;
    assert_eq!(response.status(), 200);
    let field = |name| response.getheader(name).map(|value| value.into_owned());
    let port = field("X-Client-Port").expect("no port");
    let chunked = field("X-Chunked").as_deref() == Some("yes");
    assert!(response.read(None)? == expected);
    Ok((port, chunked))
}

fn files(front: &Front) -> Outcome {
    let mut connection = connection(front.port)?;
    let hello = fetch(&mut connection, "GET", "/hello")?;
    assert_eq!((hello.status, &*hello.body), (200, HELLO));
    let tag = hello.etag.expect("no entity tag");
    connection.request("GET", "/hello", (), &[("If-None-Match", &tag)])?;
    assert_eq!(connection.getresponse()?.status(), 304);
    connection.request("GET", "/big", (), &[("Range", "bytes=1000-1999")])?;
    let mut part = connection.getresponse()?;
    assert_eq!(part.status(), 206);
    assert!(part.read(None)? == pattern(2_000)[1_000..]);
    let head = fetch(&mut connection, "HEAD", "/big")?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(fetch(&mut connection, "GET", "/big")?.body == pattern(BIG));
    assert_eq!(fetch(&mut connection, "GET", "/missing")?.status, 404);
    assert_eq!(fetch(&mut connection, "GET", "/hello")?.body, HELLO);
    Ok(())
}

fn uploads(front: &Front) -> Outcome {
    let mut connection = connection(front.port)?;
    for length in [0, 1, 5_000, MEBIBYTE] {
        let sized = Body::sized(Pattern::new(length), length);
        let (_, chunked) = echo(&mut connection, sized, &pattern(length))?;
        assert!(!chunked, "{length}");
        let unsized_body = Body::reader(Pattern::new(length));
        let (_, chunked) = echo(&mut connection, unsized_body, &pattern(length))?;
        // A front that has all of a small body already may know its length.
        assert!(chunked || length < MEBIBYTE, "{length}");
    }
    Ok(())
}

/// The answer finds its way through the front, although the upload is not taken. nginx then closes
/// the client's connection.
fn refused_upload(front: &Front) -> Outcome {
    let length = 8 * MEBIBYTE;
    let mut uploading = connection(front.port)?;
    let body = Body::sized(Pattern::new(length), length);
    uploading.request("PUT", "/hello", body, &[])?;
    assert_eq!(uploading.getresponse()?.status(), 405);
    assert_eq!(
        fetch(&mut connection(front.port)?, "GET", "/hello")?.body,
        HELLO
    );
    Ok(())
}

/// However many clients there are, one after the other.
fn one_connection_to_the_server(front: &Front) -> Outcome {
    let mut ports = BTreeSet::new();
    for _ in 0..10 {
        let mut connection = connection(front.port)?;
        for _ in 0..20 {
            ports.insert(echo(&mut connection, "x", b"x")?.0);
        }
    }
    assert_eq!(ports.len(), 1);
    assert_eq!(front.behind.take_seen().len(), 200);
    Ok(())
}

fn many_clients(front: &Front) -> Outcome {
    let one = |client: u64| -> Outcome {
        let mut connection = connection(front.port)?;
        for request in 0..20 {
            let body = pattern(client * 1_000 + request);
            echo(&mut connection, &*body, &body)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|client| scope.spawn(move || one(client)))
            .collect();
        let mut ends = clients.into_iter().map(|client| client.join());
        ends.try_for_each(|end| end.expect("a client panicked"))
    })
}

/// The server closes what the front keeps; the next request goes over a new connection.
fn idle_close(front: &Front) -> Outcome {
    let mut connection = connection(front.port)?;
    let mut ports = BTreeSet::new();
    for _ in 0..4 {
        ports.insert(echo(&mut connection, "x", b"x")?.0);
        thread::sleep(2 * IDLE);
    }
    assert_eq!(ports.len(), 4);
    Ok(())
}
