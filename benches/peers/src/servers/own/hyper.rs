//! hyper on tokio's runtime of one thread, a task for each connection; files by tower-http's
//! `ServeDir`.

use std::io;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;

use super::{HELLO, Serving};
use crate::Result;

type Body = Either<Full<Bytes>, ServeFileSystemResponseBody>;

pub(super) fn serve(serving: &Serving) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let files = ServeDir::new(&serving.directory);
    runtime.block_on(async {
        let listener = TcpListener::bind(serving.address()).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(connection(stream, files.clone()));
        }
    })
}

async fn connection(stream: TcpStream, files: ServeDir) {
    let service = service_fn(move |request| answer(request, files.clone()));
    let served = Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes away ends its connection, not the server.
    let _ = served.await;
}

async fn answer(request: Request<Incoming>, mut files: ServeDir) -> io::Result<Response<Body>> {
    if request.uri().path() == "/hello" {
        return Ok(hello());
    }
    Ok(files.try_call(request).await?.map(Either::Right))
}

fn hello() -> Response<Body> {
    let body: Full<Bytes> = Full::from(HELLO);
    let mut response = Response::new(Either::Left(body));
    let text = hyper::header::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
