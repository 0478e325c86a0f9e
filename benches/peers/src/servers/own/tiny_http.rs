//! tiny_http: its own threads read requests, one of ours answers them, as in its examples. Bodies
//! of a known length get a Content-Length, where it would choose chunks for large ones.

use std::fs::File;

use tiny_http::{Header, Request, Response, Server};

use super::{HELLO, Serving};
use crate::Result;

pub(super) fn serve(serving: &Serving) -> Result<()> {
    let server = Server::http(serving.address())?;
    let text = Header::from_bytes("Content-Type", "text/plain");
    let text = text.map_err(|()| "no header")?;
    for request in server.incoming_requests() {
        // A client that goes away ends its connection, not the server.
        let _ = answer(request, serving, &text);
    }
    Ok(())
}

fn answer(request: Request, serving: &Serving, text: &Header) -> Result<()> {
    if request.url() == "/hello" {
        let hello = Response::from_data(HELLO).with_header(text.clone());
        return Ok(request.respond(hello)?);
    }
    let path = serving
        .directory
        .join(request.url().trim_start_matches('/'));
    let file = Response::from_file(File::open(path)?).with_chunked_threshold(usize::MAX);
    Ok(request.respond(file)?)
}
