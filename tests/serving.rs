//! The promise: a server over real sockets serves many clients at once within its bounds, sheds the
//! slow ones, ends in good order, and needs two system calls and no allocation for a request.
#![cfg(feature = "server")]
#![allow(missing_docs, non_snake_case)]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use stdhttp::server::{
    BaseHTTPRequestHandler, Bounds, HTTPServer, Handler, ServerAddress, ThreadingHTTPServer, Times,
};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPConnection, HTTPException, Look, Step, Stream};

#[path = "support/counting.rs"]
mod counting;

use counting::{Counting, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Handled = Result<(), HTTPException>;

/// Answers by what a function says of the path, and logs nothing.
struct Quiet<F>(F);

impl<F: Fn(&str) -> String + Sync> Handler for Quiet<F> {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        let body = (self.0)(request.path());
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(body.as_bytes())?;
        Ok(())
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

fn echo(path: &str) -> String {
    path.to_owned()
}

/// A server that runs until it is dropped.
struct Running {
    port: u16,
    shutdown: stdhttp::server::Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start<H: Handler + Send + 'static>(server: HTTPServer<H>) -> Self {
        let server = ThreadingHTTPServer::from(server);
        let (port, shutdown) = (server.server_port(), server.shutdown_handle());
        let thread = std::thread::spawn(move || server.serve_forever());
        Self {
            port,
            shutdown,
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    fn client(&self) -> HTTPConnection {
        HTTPConnection::new("127.0.0.1", self.port).unwrap()
    }

    fn end(&mut self) {
        self.shutdown.shutdown();
        self.thread.take().unwrap().join().expect("the server ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

fn local<H: Handler>(handler: H) -> HTTPServer<H> {
    HTTPServer::bind("127.0.0.1:0", handler).unwrap()
}

fn get(conn: &mut HTTPConnection, path: &str) -> String {
    conn.request("GET", path, (), &[]).unwrap();
    let body = conn.getresponse().unwrap().read(None).unwrap();
    String::from_utf8(body).unwrap()
}

fn whole(mut stream: TcpStream) -> io::Result<String> {
    let mut came = String::new();
    stream.read_to_string(&mut came)?;
    Ok(came)
}

#[test]
fn many_clients_are_served_at_once() {
    let inside = Arc::new(Barrier::new(32));
    let meeting = Arc::clone(&inside);
    let running = Running::start(local(Quiet(move |path: &str| {
        // No answer before all of them are in a handler.
        meeting.wait();
        path.to_owned()
    })));
    let clients: Vec<_> = (0..32)
        .map(|number| {
            let mut conn = running.client();
            std::thread::spawn(move || get(&mut conn, &format!("/{number}")))
        })
        .collect();
    let came: Vec<_> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    let expected: Vec<_> = (0..32).map(|number| format!("/{number}")).collect();
    assert_eq!(came, expected);
}

#[test]
fn connections_beyond_the_bound_wait_and_are_served_later() {
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (highest, inside) = (Arc::clone(&most), Arc::clone(&now));
    let bounds = Bounds {
        connections: 2,
        ..Bounds::DEFAULT
    };
    let handler = Quiet(move |path: &str| {
        let count = inside.fetch_add(1, Ordering::SeqCst) + 1;
        highest.fetch_max(count, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        inside.fetch_sub(1, Ordering::SeqCst);
        path.to_owned()
    });
    let running = Running::start(local(handler).bounds(bounds));
    let clients: Vec<_> = (0..12)
        .map(|_| {
            let mut conn = running.client();
            std::thread::spawn(move || get(&mut conn, "/x"))
        })
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), "/x");
    }
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn slow_clients_delay_nobody_and_are_shed() {
    let times = Times {
        head: Duration::from_millis(300),
        ..Times::DEFAULT
    };
    let running = Running::start(local(Quiet(echo)).times(times));
    let slow: Vec<_> = (0..20).map(|_| running.connect()).collect();
    for mut stream in &slow {
        stream.write_all(b"GET / HT").unwrap();
    }
    assert_eq!(get(&mut running.client(), "/fast"), "/fast");
    for stream in slow {
        assert!(whole(stream).unwrap().starts_with("HTTP/1.1 408 "));
    }
}

/// A file on its way by the kernel, and whether its handler failed.
#[cfg(all(feature = "sys", target_os = "linux"))]
struct Told(
    stdhttp::server::SimpleHTTPRequestHandler,
    mpsc::SyncSender<bool>,
);

#[cfg(all(feature = "sys", target_os = "linux"))]
impl Handler for Told {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        let sent = self.0.dispatch(request);
        let _ = self
            .1
            .send(matches!(&sent, Err(error) if error.is_timeout()));
        sent
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// However much the kernel is given at once: who takes nothing has the time of one write.
#[cfg(all(feature = "sys", target_os = "linux"))]
#[test]
fn who_takes_nothing_of_a_file_that_the_kernel_sends_is_shed() {
    let folder = std::env::temp_dir().join(format!("stdhttp-serving-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = std::fs::File::create(folder.join("file")).unwrap();
    file.set_len(1 << 30).unwrap();
    let (tell, told) = mpsc::sync_channel(1);
    let files = stdhttp::server::SimpleHTTPRequestHandler::new(&folder).unwrap();
    let times = Times {
        write: Duration::from_millis(200),
        ..Times::DEFAULT
    };
    let running = Running::start(local(Told(files, tell)).times(times));
    let mut stream = running.connect();
    stream
        .write_all(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(true));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_shutdown_closes_idle_connections_and_lets_requests_end() {
    let (entered, has_entered) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let mut running = Running::start(local(Quiet(move |path: &str| {
        if path == "/slow" {
            entered.send(()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
        }
        path.to_owned()
    })));
    let mut idle = running.client();
    assert_eq!(get(&mut idle, "/idle"), "/idle");
    let fresh = running.connect();
    let mut busy = running.client();
    let slow = std::thread::spawn(move || {
        busy.request("GET", "/slow", (), &[]).unwrap();
        let mut response = busy.getresponse().unwrap();
        let closes = response.will_close();
        (response.read(None).unwrap(), closes)
    });
    has_entered.recv().unwrap();
    running.shutdown.shutdown();
    // Idle ones see their end while the busy one is still inside.
    assert_eq!(whole(fresh).unwrap(), "");
    assert!(
        idle.stream()
            .unwrap()
            .read(&mut [0])
            .is_ok_and(|count| count == 0)
    );
    go_on.send(()).unwrap();
    let (body, closes) = slow.join().unwrap();
    assert_eq!((&body[..], closes), (&b"/slow"[..], true));
    running.end();
}

#[test]
fn the_grace_time_ends() {
    let (entered, has_entered) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let times = Times {
        grace: Duration::from_millis(50),
        ..Times::DEFAULT
    };
    let handler = Quiet(move |path: &str| {
        entered.send(()).unwrap();
        let _ = may_go_on
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(20));
        path.to_owned()
    });
    let running = Running::start(local(handler).times(times));
    let mut stream = running.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    has_entered.recv().unwrap();
    running.shutdown.shutdown();
    // The connection is cut though its handler is still at work.
    assert_eq!(whole(stream).unwrap_or_default(), "");
    drop(go_on);
}

/// Ends its server, and sends back the body of the request then.
struct Closing {
    shutdown: Arc<OnceLock<stdhttp::server::Shutdown>>,
}

impl Handler for Closing {
    fn dispatch(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        self.shutdown.get().expect("a server").shutdown();
        let mut body = Vec::new();
        request.rfile().read_to_end(&mut body)?;
        request.send_response(200, None)?;
        request.end_headers()?;
        request.wfile().write_all(&body)?;
        Ok(())
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

#[test]
fn a_body_under_way_arrives_behind_a_shutdown() {
    let shutdown = Arc::new(OnceLock::new());
    let mut running = Running::start(local(Closing {
        shutdown: Arc::clone(&shutdown),
    }));
    shutdown.set(running.shutdown.clone()).unwrap();
    let mut stream = running.connect();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    // The server is shut down by now.
    stream.write_all(b"hello").unwrap();
    let came = whole(stream).unwrap();
    assert!(came.starts_with("HTTP/1.1 200 ") && came.ends_with("\r\n\r\nhello"));
    running.end();
}

#[test]
fn a_stream_of_the_callers_own_learns_of_a_shutdown_between_requests() {
    let shutdown = Arc::new(OnceLock::new());
    let server = HTTPServer::without_socket(Closing {
        shutdown: Arc::clone(&shutdown),
    });
    shutdown.set(server.shutdown_handle()).unwrap();
    let requests = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    let peer = || Peer::new([Script::new().send(&requests).end(Ending::Close)]);
    let under_way = peer();
    server.serve_connection(under_way.accept().unwrap(), None);
    let came = String::from_utf8(under_way.received(0)).unwrap();
    assert_eq!(came.matches("HTTP/1.1 200 ").count(), 1);
    assert!(came.contains("\r\nConnection: close\r\n"), "{came}");
    let behind = peer();
    server.serve_connection(behind.accept().unwrap(), None);
    assert_eq!(behind.received(0), b"");
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_at_an_address_of_its_own_ends() {
    for address in ["127.0.0.2:0", "0.0.0.0:0"] {
        let mut running = Running::start(HTTPServer::bind(address, Quiet(echo)).unwrap());
        running.end();
    }
}

#[test]
fn a_server_can_serve_again_after_a_shutdown() {
    let server = Arc::new(local(Quiet(echo)));
    for _ in 0..2 {
        let serving = Arc::clone(&server);
        let thread = std::thread::spawn(move || serving.serve_forever());
        let mut conn = HTTPConnection::new("127.0.0.1", server.server_port()).unwrap();
        assert_eq!(get(&mut conn, "/again"), "/again");
        drop(conn);
        server.shutdown();
        thread.join().unwrap();
    }
}

/// Here a queue that is empty, which a socket that does not wait has for an error.
#[test]
fn errors_of_accepting_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = Arc::new(HTTPServer::from_listener(listener, Quiet(echo)).unwrap());
    let serving = Arc::clone(&server);
    let thread = std::thread::spawn(move || serving.serve_forever());
    for _ in 0..3 {
        // Time for the server to find nobody; if it takes longer, this test sees less.
        std::thread::sleep(Duration::from_millis(20));
        let mut conn = HTTPConnection::builder("127.0.0.1")
            .port(server.server_port())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        assert_eq!(get(&mut conn, "/a"), "/a");
    }
    server.shutdown();
    thread.join().unwrap();
}

#[test]
fn a_server_without_a_socket_has_nothing_to_accept() {
    let server = HTTPServer::without_socket(Quiet(echo));
    server.handle_request();
    server.serve_forever();
    assert_eq!(server.server_address(), &ServerAddress::None);
    ThreadingHTTPServer::from(server).serve_forever();
}

/// The client has the whole response, and sees its end, while what it still sends is dropped.
#[test]
fn the_end_of_a_response_is_seen_before_the_connection_is_gone() {
    let times = Times {
        linger: Duration::from_secs(60),
        ..Times::DEFAULT
    };
    let running = Running::start(local(Quiet(echo)).times(times));
    let mut stream = running.connect();
    let head = "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut sending = stream.try_clone().unwrap();
    let came = whole(stream).unwrap();
    assert!(came.ends_with("\r\n\r\n/a"), "{came}");
    sending.write_all(&[b'x'; 1_000]).unwrap();
    drop(sending);
}

#[test]
fn one_request_at_a_time() {
    let server = local(Quiet(echo));
    let port = server.server_port();
    let client = std::thread::spawn(move || {
        let mut conn = HTTPConnection::new("127.0.0.1", port).unwrap();
        get(&mut conn, "/one")
    });
    server.handle_request();
    assert_eq!(client.join().unwrap(), "/one");
    assert_eq!(server.server_name(), "127.0.0.1");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(server.server_address(), &ServerAddress::Ip(address));
}

#[cfg(unix)]
#[test]
fn unix_sockets_are_served() {
    let folder = std::env::temp_dir().join(format!("stdhttp-serving-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let server = HTTPServer::bind_unix(&path, Quiet(echo)).unwrap();
    assert_eq!(
        (server.server_port(), server.server_name()),
        (0, path.to_str().unwrap())
    );
    let mut running = Running::start(server);
    let connector = stdhttp::Unix::new(&path);
    let mut conn = HTTPConnection::builder("localhost")
        .connector(connector)
        .build()
        .unwrap();
    conn.request("GET", "/unix", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"/unix");
    running.end();
    std::fs::remove_dir_all(folder).unwrap();
}

/// What is not read when a socket closes makes the system answer by a reset.
#[cfg(unix)]
#[test]
fn a_unix_socket_closes_in_good_order_although_more_has_come() {
    let folder = std::env::temp_dir().join(format!("stdhttp-closing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let steps = Arc::new(Barrier::new(2));
    let handlers = Arc::clone(&steps);
    let answer = move |path: &str| {
        handlers.wait();
        handlers.wait();
        path.to_owned()
    };
    let mut running = Running::start(HTTPServer::bind_unix(&path, Quiet(answer)).unwrap());
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let request = b"GET /unix HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    steps.wait();
    stream.write_all(b"more").unwrap();
    steps.wait();
    // Time for the server to be done with the connection.
    std::thread::sleep(Duration::from_millis(100));
    let mut came = String::new();
    stream.read_to_string(&mut came).unwrap();
    assert!(came.ends_with("/unix"), "{came}");
    drop(stream);
    running.end();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_answer_during_an_upload_arrives() {
    struct Refuses;
    impl Handler for Refuses {
        fn do_POST(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
            request.send_error(413, None, None)
        }
        fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
    }
    let running = Running::start(local(Refuses));
    for _ in 0..20 {
        let mut stream = running.connect();
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            .unwrap();
        let mut sender = stream.try_clone().unwrap();
        let sending = std::thread::spawn(move || {
            // It may see the connection end.
            let _ = sender.write_all(&vec![b'x'; 10_000_000]);
            let _ = sender.shutdown(Shutdown::Write);
        });
        let came = whole(stream).expect("the whole answer, no reset");
        assert!(
            came.starts_with("HTTP/1.1 413 ") && came.ends_with("</html>\n"),
            "{came}"
        );
        sending.join().unwrap();
    }
}

#[test]
fn streams_of_the_callers_own_are_secured_on_their_threads() {
    let running = Running::start(local(Quiet(echo)).secured(|mut accepted, time| {
        time.apply(&mut accepted, Step::Handshake)?;
        let mut first = [0; 6];
        accepted.read_exact(&mut first)?;
        match &first {
            b"secret" => Ok(Box::new(accepted)),
            _ => Err(io::Error::from(io::ErrorKind::InvalidData).into()),
        }
    }));
    // Says nothing, and so would block a server that secures where it accepts.
    let silent = running.connect();
    let mut stream = running.connect();
    stream.write_all(b"secretGET /s HTTP/1.0\r\n\r\n").unwrap();
    assert!(whole(stream).unwrap().ends_with("\r\n\r\n/s"));
    let mut stream = running.connect();
    stream.write_all(b"publicGET /s HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(whole(stream).unwrap_or_default(), "");
    drop(silent);
}

/// A client in memory: so many requests, one a read, and what is sent to it is dropped.
struct Repeats {
    request: &'static [u8],
    left: usize,
}

impl Read for Repeats {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        self.left -= 1;
        output[..self.request.len()].copy_from_slice(self.request);
        Ok(self.request.len())
    }
}

impl Write for Repeats {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Repeats {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Unknown)
    }
}

/// A handler that allocates nothing itself.
struct Fixed;

impl Handler for Fixed {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        request.send_response(200, None)?;
        request.send_header("Content-Type", "text/plain")?;
        request.end_headers()?;
        request.wfile().write_all(b"Hello, World!")?;
        Ok(())
    }

    fn do_POST(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Handled {
        let mut body = [0; 100];
        while request.rfile().read(&mut body)? > 0 {}
        self.do_GET(request)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

fn allocations(request: &'static [u8], count: usize) -> u64 {
    let server = HTTPServer::without_socket(Fixed);
    let client = Repeats {
        request,
        left: count,
    };
    let ((), taken) = measure(|| server.serve_connection(client, None));
    taken.calls
}

#[test]
fn requests_after_the_first_allocate_nothing() {
    for request in [
        &b"GET /some/path?and=query HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        assert_eq!(allocations(request, 2), allocations(request, 102));
    }
}

#[test]
fn a_request_is_one_read_and_one_write() {
    let mut script = Script::new();
    for _ in 0..100 {
        script = script
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect_head()
            .expect_bytes(13);
    }
    let peer = Peer::new([script.end(Ending::Close)]);
    let server = HTTPServer::without_socket(Fixed).clock(peer.clone());
    server.serve_connection(peer.accept().unwrap(), None);
    let calls = peer.calls();
    assert_eq!((calls.reads, calls.writes), (101, 100));
    // The first request has the head's time, the others the idle time; writes have theirs.
    assert_eq!(calls.timeouts, 3);
}
