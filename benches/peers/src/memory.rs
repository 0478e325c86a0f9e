//! Table `memory`: whole exchanges without a socket, by http-net and stdhttp.
//!
//! Each contestant encodes a GET with four fields, takes the response from a slice into its read
//! buffer, as it would from a socket, parses the head, and copies the body to the caller.

use std::hint::black_box;

use http_net::{ClientConn, ClientEvent, Request};
use stdhttp::proto::{Exchange, Received, Skip};
use stdhttp::{HTTPConnection, Ready};

use crate::inputs;
use crate::options::Options;
use crate::rounds::{self, Contestant};
use crate::stream::Memory;
use crate::table::Table;
use crate::{Result, ensure};

const LENGTH: usize = 1_024;
const HOST: &str = "www.example.org";
const TARGET: &str = "/index.html";
const FIELDS: [(&str, &str); 3] = [
    ("Accept-Encoding", "identity"),
    ("User-Agent", "bench/1.0"),
    ("Accept", "*/*"),
];

const NAMES: [&str; 4] = [
    "http-net",
    "http-net, same request again",
    "stdhttp `Exchange`",
    "stdhttp `HTTPConnection`",
];

const CAPTION: &str = "Per exchange: a GET with four fields is encoded, a head with 8 fields is \
                       parsed, a body of 1 KiB is copied to the caller. \"Same request again\" is \
                       http-net with a `Request` that is built once and sent over and over.";

pub(crate) fn print(options: &Options) -> Result<()> {
    let mut table = Table::new(["body".into()].into_iter().chain(rounds::columns(&NAMES)));
    for (name, answer) in [
        ("with Content-Length", plain()),
        ("in one chunk", chunked(LENGTH)),
        ("in chunks of 64", chunked(64)),
    ] {
        let samples = rounds::measure(&options.pace(), contestants(&answer)?);
        table.push(name, samples.cells(1));
    }
    println!("## Exchanges in memory\n\n{CAPTION}\n\n{table}");
    Ok(())
}

fn plain() -> Vec<u8> {
    let mut answer = inputs::eight(LENGTH);
    answer.resize(answer.len() + LENGTH, b'x');
    answer
}

fn chunked(size: usize) -> Vec<u8> {
    let head = String::from_utf8_lossy(&inputs::eight(LENGTH)).replace(
        &format!("Content-Length: {LENGTH}"),
        "Transfer-Encoding: chunked",
    );
    let mut answer = head.into_bytes();
    answer.extend(inputs::chunked(LENGTH, size));
    answer
}

/// A client of any kind: does one exchange and says how much of the body it copied.
trait Client {
    fn exchange(&mut self, body: &mut [u8]) -> Result<usize>;
}

fn contestants(answer: &[u8]) -> Result<Vec<Contestant<'_>>> {
    let clients: [Box<dyn Client + '_>; 4] = [
        Box::new(HttpNet::new(answer, None)),
        Box::new(HttpNet::new(answer, Some(request()))),
        Box::new(Protocol::new(answer)),
        Box::new(Connection::new(answer)?),
    ];
    clients.into_iter().map(contestant).collect()
}

fn contestant<'a>(mut client: Box<dyn Client + 'a>) -> Result<Contestant<'a>> {
    let mut body = vec![0; 4 * LENGTH];
    let count = client.exchange(&mut body)?;
    ensure(
        count == LENGTH && body[..count].iter().all(|octet| *octet == b'x'),
        "the body is not what was sent",
    )?;
    Ok(Contestant::new(move || {
        let count = client.exchange(&mut body);
        assert!(matches!(count, Ok(LENGTH)));
        black_box(&body);
    }))
}

/// http-net's connection without I/O.
struct HttpNet<'a> {
    conn: ClientConn,
    answer: &'a [u8],
    sent: Vec<u8>,
    /// The request to be sent over and over, if it is not to be built anew.
    kept: Option<Request>,
}

fn request() -> Request {
    FIELDS.iter().fold(
        Request::get(TARGET).header("Host", HOST),
        |request, field| request.header(field.0, field.1),
    )
}

impl<'a> HttpNet<'a> {
    fn new(answer: &'a [u8], kept: Option<Request>) -> Self {
        Self {
            conn: ClientConn::new(),
            answer,
            sent: Vec::new(),
            kept,
        }
    }

    fn send(&mut self) -> Result<()> {
        self.sent.clear();
        match &self.kept {
            Some(request) => self.conn.send_request(request, &mut self.sent)?,
            None => self.conn.send_request(&request(), &mut self.sent)?,
        }
        black_box(&self.sent);
        Ok(())
    }
}

impl Client for HttpNet<'_> {
    fn exchange(&mut self, body: &mut [u8]) -> Result<usize> {
        self.send()?;
        let taken = self.conn.feed(black_box(self.answer));
        ensure(taken == self.answer.len(), "the answer does not fit")?;
        let mut count = 0;
        loop {
            match self.conn.poll()? {
                ClientEvent::Response(head) => ensure(head.status() == 200, head.status())?,
                ClientEvent::Body(data) => {
                    body[count..][..data.len()].copy_from_slice(data);
                    count += data.len();
                }
                ClientEvent::ResponseEnd => {}
                ClientEvent::Idle => return Ok(count),
                other => return Err(format!("{other:?}").into()),
            }
        }
    }
}

/// stdhttp's protocol without I/O.
struct Protocol<'a> {
    exchange: Exchange,
    answer: &'a [u8],
    read: Vec<u8>,
}

impl<'a> Protocol<'a> {
    fn new(answer: &'a [u8]) -> Self {
        Self {
            exchange: Exchange::default(),
            answer,
            read: Vec::new(),
        }
    }

    /// `Accept-Encoding` is put by `putrequest`.
    fn send(&mut self) -> Result<()> {
        let exchange = &mut self.exchange;
        exchange.putrequest("GET", TARGET, Some(HOST), Skip::default())?;
        for (name, value) in &FIELDS[1..] {
            exchange.putheader(name, *value)?;
        }
        exchange.endheaders()?;
        black_box(exchange.head());
        Ok(())
    }
}

impl Client for Protocol<'_> {
    fn exchange(&mut self, body: &mut [u8]) -> Result<usize> {
        self.send()?;
        self.read.clear();
        self.read.extend_from_slice(black_box(self.answer));
        let Received::Final(head) = self.exchange.receive_head(&self.read)? else {
            return Err("the head is not complete".into());
        };
        ensure(self.exchange.response().status() == 200, "not 200")?;
        let done = self.exchange.decode(&self.read[head..], body)?;
        ensure(self.exchange.is_complete(), "the body is not complete")?;
        Ok(done.produced)
    }
}

/// stdhttp's connection, over a stream in memory.
struct Connection {
    conn: HTTPConnection<Ready<Memory>>,
}

impl Connection {
    fn new(answer: &[u8]) -> Result<Self> {
        let stream = Memory::new(answer.to_vec());
        let conn = HTTPConnection::from_stream(stream, HOST)?;
        Ok(Self { conn })
    }
}

impl Client for Connection {
    fn exchange(&mut self, body: &mut [u8]) -> Result<usize> {
        self.conn.putrequest("GET", TARGET)?;
        for (name, value) in &FIELDS[1..] {
            self.conn.putheader(name, *value)?;
        }
        self.conn.endheaders()?;
        let mut response = self.conn.getresponse()?;
        ensure(response.status() == 200, "not 200")?;
        let count = response.readinto(body)?;
        ensure(response.is_complete(), "the body is not complete")?;
        Ok(count)
    }
}
