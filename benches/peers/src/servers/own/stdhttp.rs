//! stdhttp's `ThreadingHTTPServer`, with a handler for the small answer and
//! `SimpleHTTPRequestHandler` for files. It writes no log, as none of the others does.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use stdhttp::server::{
    Accepted, BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
};
use stdhttp::{HTTPException, Look, Stream};

use super::{HELLO, Serving};
use crate::Result;

struct Site {
    files: SimpleHTTPRequestHandler,
}

impl Handler for Site {
    fn do_GET(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
    ) -> std::result::Result<(), HTTPException> {
        if request.path() != "/hello" {
            return self.files.do_GET(request);
        }
        request.send_response(200, None)?;
        request.send_header("Content-Type", "text/plain")?;
        request.end_headers()?;
        Ok(request.wfile().write_all(HELLO)?)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// With `SENDFILE` the kernel sends large files, if the feature `sys` is on.
pub(super) fn serve<const SENDFILE: bool>(serving: &Serving) -> Result<()> {
    let site = Site {
        files: SimpleHTTPRequestHandler::new(&serving.directory)?,
    };
    let mut server = HTTPServer::bind(serving.address(), site)?.bounds(Bounds {
        connections: usize::MAX,
        requests: usize::MAX,
        ..Bounds::DEFAULT
    });
    if !SENDFILE {
        server = server.secured(|accepted, _| Ok(Box::new(Copying(accepted))));
    }
    ThreadingHTTPServer::from(server).serve_forever();
    Ok(())
}

/// A connection that shows no socket, so that files are copied as they are without `sys`.
struct Copying(Accepted);

impl Read for Copying {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.0.read(output)
    }
}

impl Write for Copying {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn write_vectored(&mut self, data: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Copying {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown()
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.shutdown_write()
    }

    fn look(&mut self) -> io::Result<Look> {
        self.0.look()
    }
}
