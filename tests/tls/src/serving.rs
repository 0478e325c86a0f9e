//! The crate's own server over TLS: it serves, sees cuts, sheds clients that don't finish a
//! handshake, and tells clients that it ends.

use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use stdhttp::server::{
    BaseHTTPRequestHandler, HTTPServer, Handler, Shutdown, ThreadingHTTPServer, Times,
};
use stdhttp::{HTTPConnection, HTTPException, Secured, Tcp};

use crate::certificates::Identity;
use crate::server::PATIENCE;
use crate::{Rustls, secured, server_config};

/// Sends back the body of a request.
struct Echo;

impl Handler for Echo {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(&body)?;
        Ok(())
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// A server that runs until it is dropped.
struct Running {
    port: u16,
    tls: Rustls,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    folder: PathBuf,
}

impl Running {
    fn start(name: &str, times: Times) -> Self {
        let identity = Identity::self_signed("localhost");
        let folder =
            std::env::temp_dir().join(format!("stdhttp-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&certificate, &identity.certificate).expect("a file");
        fs::write(&key, &identity.key).expect("a file");
        let config = server_config(&certificate, &key).expect("a configuration");
        let server = HTTPServer::bind("127.0.0.1:0", Echo).expect("a server");
        let server = ThreadingHTTPServer::from(secured(server.times(times), config));
        let (port, shutdown) = (server.server_port(), server.shutdown_handle());
        Self {
            port,
            tls: identity.as_root(),
            shutdown,
            thread: Some(std::thread::spawn(move || server.serve_forever())),
            folder,
        }
    }

    fn client(&self) -> HTTPConnection<Secured<Rustls, Tcp>> {
        HTTPConnection::builder("localhost")
            .port(self.port)
            .connector(Secured::new(self.tls.clone(), Tcp::new()))
            .timeout(PATIENCE)
            .build()
            .expect("a client")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.shutdown();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn requests_and_answers_of_all_sizes_come_through() {
    let running = Running::start("sizes", Times::DEFAULT);
    let mut conn = running.client();
    for size in [0, 1, 16_384, 16_385, 3_000_000] {
        let body = vec![b'x'; size];
        conn.request("POST", "/", &body, &[]).expect("a request");
        let came = conn.getresponse().expect("a response").read(None);
        assert!(came.expect("a body") == body, "{size}");
    }
    assert!(conn.is_connected());
}

#[test]
fn a_client_that_never_finishes_its_handshake_is_shed_and_delays_nobody() {
    let times = Times {
        tls: Duration::from_millis(300),
        ..Times::DEFAULT
    };
    let running = Running::start("handshake", times);
    let mut silent = TcpStream::connect(("127.0.0.1", running.port)).expect("a connection");
    silent.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    silent.write_all(b"\x16\x03\x01").expect("a beginning");
    let mut conn = running.client();
    conn.request("POST", "/", "hello", &[]).expect("a request");
    let came = conn.getresponse().expect("a response").read(None);
    assert_eq!(came.expect("a body"), b"hello");
    assert_eq!(silent.read(&mut [0]).expect("an end, no timeout"), 0);
}

#[test]
fn the_end_of_the_server_is_a_closure_alert() {
    let mut running = Running::start("end", Times::DEFAULT);
    let mut conn = running.client();
    conn.request("POST", "/", "hello", &[]).expect("a request");
    conn.getresponse()
        .expect("a response")
        .read(None)
        .expect("a body");
    running.shutdown.shutdown();
    running
        .thread
        .take()
        .expect("it runs")
        .join()
        .expect("it ends");
    let (mut stream, came) = conn.into_inner().expect("a stream");
    assert!(came.is_empty());
    // rustls would report an end without the alert as an error.
    assert_eq!(stream.read(&mut [0]).expect("a closure alert"), 0);
}
