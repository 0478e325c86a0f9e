//! hyper's HTTP/1 connection on tokio's runtime of one thread. It hands out bodies in buffers of
//! its own, so nothing is copied to the caller's.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use crate::loopback::client::{ACCEPT_ENCODING, BUFFER, Client, Upload, check};
use crate::loopback::work::{CONNECTIONS, Work};
use crate::meter::Meter;
use crate::samples::Sample;
use crate::{Result, ensure};

pub(crate) struct Hyper {
    runtime: Runtime,
    target: Target,
    connection: Option<SendRequest<Sending>>,
    keep_alive: bool,
}

impl Client for Hyper {
    fn new(address: &str, work: &Work) -> Result<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().enable_io().build()?,
            target: Target::new(address, work),
            connection: None,
            keep_alive: work.kind.keeps_alive(),
        })
    }

    fn get(&mut self, _: &mut [u8]) -> Result<u64> {
        self.exchange("GET", Sending::Nothing)
    }

    fn post(&mut self, body: Upload, _: &mut [u8]) -> Result<u64> {
        self.exchange("POST", body.into())
    }

    /// A task for each connection, as its users have it.
    fn concurrent(address: &str, work: &Work) -> Result<Sample> {
        let Self {
            runtime, target, ..
        } = Self::new(address, work)?;
        runtime.block_on(tasks(target, work))
    }
}

impl Hyper {
    fn exchange(&mut self, method: &str, body: Sending) -> Result<u64> {
        self.runtime.block_on(async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.target.connect().await?,
            };
            let octets = self.target.exchange(&mut connection, method, body).await?;
            self.connection = self.keep_alive.then_some(connection);
            Ok(octets)
        })
    }
}

async fn tasks(target: Target, work: &Work) -> Result<Sample> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = target.connect().await?;
        target.gets(&mut connection, 1).await?;
        connections.push(connection);
    }
    let meter = Meter::start();
    let count = work.count;
    let mut running = Vec::new();
    for mut connection in connections {
        let target = target.clone();
        running.push(tokio::spawn(async move {
            target.gets(&mut connection, count).await
        }));
    }
    let mut octets = 0;
    for task in running {
        octets += task.await??;
    }
    let sample = meter.stop();
    check(work, octets)?;
    Ok(sample)
}

/// What requests are sent to.
#[derive(Clone)]
struct Target {
    address: String,
    path: String,
}

impl Target {
    fn new(address: &str, work: &Work) -> Self {
        Self {
            address: address.into(),
            path: work.path.clone(),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Sending>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn gets(&self, connection: &mut SendRequest<Sending>, count: u64) -> Result<u64> {
        let mut octets = 0;
        for _ in 0..count {
            octets += self.exchange(connection, "GET", Sending::Nothing).await?;
        }
        Ok(octets)
    }

    async fn exchange(
        &self,
        connection: &mut SendRequest<Sending>,
        method: &str,
        body: Sending,
    ) -> Result<u64> {
        connection.ready().await?;
        let request = Request::builder()
            .method(method)
            .uri(&self.path)
            .header("Host", &self.address)
            .header(ACCEPT_ENCODING.0, ACCEPT_ENCODING.1)
            .body(body)?;
        let response = connection.send_request(request).await?;
        ensure(response.status() == 200, response.status())?;
        count(response.into_body()).await
    }
}

async fn count(mut body: Incoming) -> Result<u64> {
    let mut octets = 0;
    while let Some(frame) = body.frame().await {
        octets += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(octets)
}

/// The body of a request. What is read goes into a new buffer for every frame, as hyper keeps it.
enum Sending {
    Nothing,
    File(File, u64),
    Memory(Bytes),
    Slices(Bytes),
    Reader(Cursor<Vec<u8>>),
}

impl From<Upload> for Sending {
    fn from(body: Upload) -> Self {
        match body {
            Upload::File(file, octets) => Self::File(file, octets),
            Upload::Memory(octets) => Self::Memory(octets.into()),
            Upload::Slices(octets) => Self::Slices(octets.into()),
            Upload::Reader(octets) => Self::Reader(Cursor::new(octets)),
        }
    }
}

impl Sending {
    /// The next piece; an empty one is the end.
    fn next(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Nothing => Ok(Bytes::new()),
            Self::File(file, left) => {
                let piece = read_piece(file)?;
                *left = left.saturating_sub(piece.len() as u64);
                Ok(piece)
            }
            Self::Memory(octets) => Ok(std::mem::take(octets)),
            Self::Slices(octets) => Ok(octets.split_to(octets.len().min(BUFFER))),
            Self::Reader(reader) => read_piece(reader),
        }
    }
}

fn read_piece(mut reader: impl Read) -> io::Result<Bytes> {
    let mut piece = vec![0; BUFFER];
    let count = reader.read(&mut piece)?;
    piece.truncate(count);
    Ok(piece.into())
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.get_mut().next()?;
        let frame = (!piece.is_empty()).then(|| Ok(Frame::data(piece)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Nothing => SizeHint::with_exact(0),
            Self::File(_, left) => SizeHint::with_exact(*left),
            Self::Memory(octets) => SizeHint::with_exact(octets.len() as u64),
            Self::Slices(_) | Self::Reader(_) => SizeHint::default(),
        }
    }
}
