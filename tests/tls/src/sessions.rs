//! Sessions over TLS, by both adapters: who is believed, what a client shows, which connections are
//! used again, and the ways through proxies.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use stdhttp::requests::{ExceptionKind, RequestException, Session};
use stdhttp::urllib::Proxies;

use crate::SessionTls;
use crate::certificates::{Authority, Identity, file};
use crate::native::NativeTls;
use crate::server::PATIENCE;

/// A file that is gone when it is dropped.
pub(crate) struct Pem(PathBuf);

impl Pem {
    pub(crate) fn new(text: &str) -> Self {
        Self(file(text))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for Pem {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Answers every request, on as many connections at once as there are, with the number of
/// certificates that the client showed; counts connections with a handshake.
pub(crate) struct Server {
    pub(crate) port: u16,
    handshakes: Arc<AtomicUsize>,
}

pub(crate) fn serve(config: Arc<ServerConfig>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let handshakes = Arc::new(AtomicUsize::new(0));
    let counted = handshakes.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, counted) = (config.clone(), counted.clone());
            thread::spawn(move || answer_all(stream, config, &counted));
        }
    });
    Server { port, handshakes }
}

fn answer_all(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    handshakes: &AtomicUsize,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(tls, stream));
    let (mut line, mut asked) = (String::new(), false);
    while stream.read_line(&mut line)? > 0 {
        if line.ends_with("\r\n\r\n") {
            let tls = &stream.get_ref().conn;
            let shown = tls
                .peer_certificates()
                .map_or(0, |shown| usize::from(!shown.is_empty()));
            handshakes.fetch_add(usize::from(!asked), Ordering::SeqCst);
            asked = true;
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{shown}");
            stream.get_mut().write_all(answer.as_bytes())?;
            stream.get_mut().flush()?;
            line.clear();
        }
    }
    Ok(())
}

/// Both adapters; what is verified is verified by these roots.
pub(crate) fn sessions(roots: &Pem) -> [(&'static str, Session); 2] {
    let session = || {
        let mut session = Session::new();
        session.set_trust_env(false);
        session.set_timeout(PATIENCE);
        session.set_verify(roots.path());
        session
    };
    let (mut rustls, mut native) = (session(), session());
    rustls.set_tls(SessionTls::with_roots(&roots.0));
    native.set_tls(NativeTls);
    [("rustls", rustls), ("native-tls", native)]
}

fn url(server: &Server) -> String {
    format!("https://localhost:{}/", server.port)
}

fn is_tls_failure<T: std::fmt::Debug>(result: Result<T, RequestException>) -> bool {
    matches!(
        result.expect_err("believed").kind(),
        ExceptionKind::SSLError(_)
    )
}

#[test]
fn a_server_is_believed_by_its_authority_alone() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = serve(authority.issue("localhost").server_config());
    let (roots, others) = (
        Pem::new(&authority.certificate),
        Pem::new(&other.certificate),
    );
    for (name, session) in sessions(&roots) {
        let response = session.get(&url(&server)).send().expect(name);
        assert_eq!(response.text().expect(name), "0");
        let distrusted = session.get(&url(&server)).verify(others.path()).send();
        assert!(is_tls_failure(distrusted), "{name}");
        let missing = session.get(&url(&server)).verify("/no/such/file").send();
        assert!(is_tls_failure(missing), "{name}");
    }
}

#[test]
fn a_server_of_another_name_is_refused_unless_nothing_is_verified() {
    let authority = Authority::new();
    let server = serve(authority.issue("fakehostname").server_config());
    let roots = Pem::new(&authority.certificate);
    for (name, session) in sessions(&roots) {
        assert!(is_tls_failure(session.get(&url(&server)).send()), "{name}");
        let response = session.get(&url(&server)).verify(false).send();
        assert_eq!(response.expect(name).status_code(), 200);
        // What it leaves in the pool is for calls alike (CVE-2024-35195).
        assert!(is_tls_failure(session.get(&url(&server)).send()), "{name}");
    }
    let stranger = serve(Identity::self_signed("localhost").server_config());
    for (name, session) in sessions(&roots) {
        assert!(
            is_tls_failure(session.get(&url(&stranger)).send()),
            "{name}"
        );
        let response = session.get(&url(&stranger)).verify(false).send();
        assert_eq!(response.expect(name).status_code(), 200);
    }
}

#[test]
fn connections_are_used_again_for_the_same_settings_alone() {
    let authority = Authority::new();
    let server = serve(authority.issue("localhost").server_config());
    let roots = Pem::new(&authority.certificate);
    let same = Pem::new(&authority.certificate);
    for (name, session) in sessions(&roots) {
        server.handshakes.store(0, Ordering::SeqCst);
        for verify in [roots.path(), roots.path(), same.path(), roots.path()] {
            session
                .get(&url(&server))
                .verify(verify)
                .send()
                .expect(name);
        }
        assert_eq!(server.handshakes.load(Ordering::SeqCst), 2, "{name}");
    }
}

#[test]
fn a_client_shows_its_certificate_where_it_has_one() {
    let authority = Authority::new();
    let config = authority.issue("localhost").config_that_asks(&authority);
    let server = serve(config);
    let client = authority.issue("client");
    let roots = Pem::new(&authority.certificate);
    let (certificate, key) = (Pem::new(&client.certificate), Pem::new(&client.key));
    for (name, session) in sessions(&roots) {
        let request = session.get(&url(&server));
        let response = request.cert((certificate.path(), key.path())).send();
        assert_eq!(response.expect(name).text().expect(name), "1");
        assert!(session.get(&url(&server)).send().is_err(), "{name}");
        let request = session.get(&url(&server)).cert("/no/such/file");
        assert!(is_tls_failure(request.send()), "{name}");
    }
}

/// A proxy for CONNECT, itself over TLS or not; it counts tunnels.
fn proxy(config: Option<Arc<ServerConfig>>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counted = tunnels.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, counted) = (config.clone(), counted.clone());
            thread::spawn(move || match config {
                Some(config) => secured(stream, config, &counted),
                None => tunnel(stream, &counted),
            });
        }
    });
    (port, tunnels)
}

fn tunnel(stream: TcpStream, tunnels: &AtomicUsize) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let head = head_of(&mut client)?;
    let target = head.split(' ').nth(1).unwrap_or_default();
    let mut server = TcpStream::connect(target)?;
    tunnels.fetch_add(1, Ordering::SeqCst);
    client.get_mut().write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from, mut to) = (server.try_clone()?, client.get_ref().try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut client, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)
}

/// Answers a request for a whole URL, over TLS, or opens a tunnel.
fn secured(stream: TcpStream, config: Arc<ServerConfig>, asked: &AtomicUsize) -> io::Result<()> {
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(tls, stream));
    let head = head_of(&mut stream)?;
    asked.fetch_add(1, Ordering::SeqCst);
    if let Some(target) = head.strip_prefix("CONNECT ") {
        let target = target.split(' ').next().unwrap_or_default();
        let mut server = TcpStream::connect(target)?;
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        return relay(stream, &mut server);
    }
    assert!(
        head.starts_with("GET http://example.invalid/x HTTP/1.1\r\n"),
        "{head}"
    );
    let stream = stream.get_mut();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")?;
    stream.flush()
}

/// Both directions by turns, on one thread: whoever has something is served.
fn relay(
    mut client: BufReader<StreamOwned<ServerConnection, TcpStream>>,
    server: &mut TcpStream,
) -> io::Result<()> {
    let turn = Some(std::time::Duration::from_millis(5));
    client.get_ref().sock.set_read_timeout(turn)?;
    server.set_read_timeout(turn)?;
    let mut block = vec![0; 65_536];
    loop {
        match client.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) => return Ok(()),
            count => server.write_all(&block[..count?])?,
        }
        match server.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) => return Ok(()),
            count => {
                client.get_mut().write_all(&block[..count?])?;
                client.get_mut().flush()?;
            }
        }
    }
}

fn head_of(stream: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

#[test]
fn tls_goes_through_the_tunnel_of_a_proxy_to_the_server() {
    let authority = Authority::new();
    let server = serve(authority.issue("localhost").server_config());
    let roots = Pem::new(&authority.certificate);
    for (name, session) in sessions(&roots) {
        let (port, tunnels) = proxy(None);
        let proxies = Proxies::new()
            .with("https", &format!("http://127.0.0.1:{port}"))
            .expect("a proxy");
        let response = session.get(&url(&server)).proxies(proxies).send();
        assert_eq!(response.expect(name).text().expect(name), "0");
        assert_eq!(tunnels.load(Ordering::SeqCst), 1, "{name}");
    }
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    let authority = Authority::new();
    let roots = Pem::new(&authority.certificate);
    for (name, session) in sessions(&roots) {
        let (port, asked) = proxy(Some(authority.issue("localhost").server_config()));
        let proxies = Proxies::new()
            .with("http", &format!("https://localhost:{port}"))
            .expect("a proxy");
        let request = session.get("http://example.invalid/x").proxies(proxies);
        assert_eq!(request.send().expect(name).text().expect(name), "hi");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{name}");
        let (port, _) = proxy(Some(authority.issue("fakehostname").server_config()));
        let proxies = Proxies::new()
            .with("http", &format!("https://localhost:{port}"))
            .expect("a proxy");
        let request = session.get("http://example.invalid/x").proxies(proxies);
        request.send().expect_err(name);
    }
}

#[test]
fn tls_goes_through_the_tunnel_of_a_proxy_that_speaks_tls() {
    let authority = Authority::new();
    let server = serve(authority.issue("localhost").server_config());
    let roots = Pem::new(&authority.certificate);
    for (name, session) in sessions(&roots) {
        let (port, asked) = proxy(Some(authority.issue("localhost").server_config()));
        let proxies = Proxies::new()
            .with("https", &format!("https://localhost:{port}"))
            .expect("a proxy");
        let response = session.get(&url(&server)).proxies(proxies).send();
        assert_eq!(response.expect(name).text().expect(name), "0");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{name}");
    }
}
