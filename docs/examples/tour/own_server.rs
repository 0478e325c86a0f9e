//! The last stop, with the feature `server`: this crate's client talks to this crate's server.

use std::io::{Read, Write};
use std::thread;

use stdhttp::server::{BaseHTTPRequestHandler, HTTPServer, Handler};
use stdhttp::{Body, HTTPConnection, HTTPException};

use super::{Tour, text};

/// Says hello, and says in capitals what it is told.
struct Shouting;

impl Handler for Shouting {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        answer(request, "Hello, client!\n")
    }

    fn do_POST(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let mut body = String::new();
        request.rfile().read_to_string(&mut body)?;
        answer(request, &body.to_uppercase())
    }

    fn methods(&self) -> &[&str] {
        &["GET", "HEAD", "POST", "OPTIONS"]
    }

    /// The tour prints what goes over the wire itself.
    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: std::fmt::Arguments<'_>) {}
}

fn answer(request: &mut BaseHTTPRequestHandler<'_>, body: &str) -> Result<(), HTTPException> {
    request.send_response(200, None)?;
    request.send_header("Content-Type", "text/plain; charset=utf-8")?;
    request.end_headers()?;
    request.wfile().write_all(body.as_bytes())?;
    Ok(())
}

pub(super) fn talk_to_ourselves(tour: &mut Tour) -> Result<(), HTTPException> {
    tour.stop("The crate talks to itself");
    let server = HTTPServer::bind("127.0.0.1:0", Shouting)?;
    let mut conn = HTTPConnection::new("127.0.0.1", server.server_port())?;
    conn.set_debuglevel(1);
    conn.set_debug_output(std::io::stdout());
    let shutdown = server.shutdown_handle();
    let serving = thread::spawn(move || server.serve_forever());

    conn.request("GET", "/", (), &[])?;
    let body = text(conn.getresponse()?.read(None)?);
    tour.check("GET", body.as_str(), "Hello, client!\n");

    let pieces = ["what came ", "in chunks\n"];
    conn.request("POST", "/", Body::iter(pieces), &[])?;
    let mut response = conn.getresponse()?;
    let body = text(response.read(None)?);
    let length = response.getheader("content-length");
    tour.check("POST", body.as_str(), "WHAT CAME IN CHUNKS\n");
    tour.check("its length was counted", length.as_deref(), Some("20"));
    tour.check("the connection is kept", conn.is_connected(), true);

    conn.request("DELETE", "/", (), &[])?;
    let mut response = conn.getresponse()?;
    response.read(None)?;
    let allowed = response.getheader("allow");
    tour.check("DELETE", response.status(), 405);
    let methods = Some("GET, HEAD, POST, OPTIONS");
    tour.check("what it could be instead", allowed.as_deref(), methods);

    shutdown.shutdown();
    tour.check("the server has ended", serving.join().is_ok(), true);
    Ok(())
}
