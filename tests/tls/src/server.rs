//! A small HTTPS server on rustls: one thread, one connection after the other, each served by the
//! closure of a test.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use stdhttp::{HTTPConnection, HTTPSConnection, Secured, Tcp};

use crate::Rustls;
use crate::certificates::Identity;

/// The longest time that anything in a test may wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. What its connections came to is the result of `results`.
pub(crate) struct Server<T> {
    pub(crate) port: u16,
    thread: JoinHandle<Vec<T>>,
}

impl<T> Server<T> {
    /// Waits for the end of all connections.
    pub(crate) fn results(self) -> Vec<T> {
        self.thread.join().expect("the server panicked")
    }
}

/// The server's end of a TLS connection.
pub(crate) type Tls = BufReader<StreamOwned<ServerConnection, TcpStream>>;

/// Accepts so many TCP connections and hands each to `serve`.
pub(crate) fn accept<T: Send + 'static>(
    connections: usize,
    mut serve: impl FnMut(TcpStream) -> T + Send + 'static,
) -> Server<T> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let thread = thread::spawn(move || {
        let accepted = listener.incoming().take(connections);
        accepted
            .map(|stream| serve(patient(stream.expect("a connection"))))
            .collect()
    });
    Server { port, thread }
}

/// Accepts so many TLS connections and hands each to `serve`; the handshake happens with the
/// first read.
pub(crate) fn serve<T: Send + 'static>(
    identity: &Identity,
    connections: usize,
    serve: impl FnMut(Tls) -> T + Send + 'static,
) -> Server<T> {
    serve_with(identity.server_config(), connections, serve)
}

/// The same, with a configuration of the test's own.
pub(crate) fn serve_with<T: Send + 'static>(
    config: Arc<ServerConfig>,
    connections: usize,
    mut serve: impl FnMut(Tls) -> T + Send + 'static,
) -> Server<T> {
    accept(connections, move |socket| {
        let tls = ServerConnection::new(config.clone()).expect("a configuration");
        serve(BufReader::new(StreamOwned::new(tls, socket)))
    })
}

/// A server for one connection, which answers one request and says goodbye; whether it did.
pub(crate) fn serve_one(identity: &Identity, answer: &'static str) -> Server<io::Result<()>> {
    serve(identity, 1, move |mut tls| {
        read_head(&mut tls)?;
        write(&mut tls, answer)?;
        finish(&mut tls)
    })
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

/// Reads the head of a request; its lines.
pub(crate) fn read_head(stream: &mut impl BufRead) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => return Ok(lines),
            line => lines.push(line.to_owned()),
        }
    }
}

/// Writes text and sends it off.
pub(crate) fn write(tls: &mut Tls, text: &str) -> io::Result<()> {
    tls.get_mut().write_all(text.as_bytes())?;
    tls.get_mut().flush()
}

/// Ends the stream in good order: closure alert, then FIN.
pub(crate) fn finish(tls: &mut Tls) -> io::Result<()> {
    alert(tls)?;
    cut(tls)
}

/// Sends a closure alert without a FIN behind it.
pub(crate) fn alert(tls: &mut Tls) -> io::Result<()> {
    tls.get_mut().conn.send_close_notify();
    tls.get_mut().flush()
}

/// Ends the TCP stream without a closure alert.
pub(crate) fn cut(tls: &mut Tls) -> io::Result<()> {
    tls.get_mut().sock.shutdown(Shutdown::Write)
}

/// Whether what comes next is a closure alert, rather than data or a bare FIN.
pub(crate) fn ends_in_good_order(tls: &mut Tls) -> bool {
    tls.fill_buf().is_ok_and(<[u8]>::is_empty)
}

/// A connection to `host` at that port, with the patience of the tests.
pub(crate) fn connection(host: &str, port: u16, client: Rustls) -> HTTPSConnection<Rustls> {
    HTTPConnection::builder(host)
        .port(port)
        .connector(Secured::new(client, Tcp::new()))
        .timeout(PATIENCE)
        .build()
        .expect("a host")
}
