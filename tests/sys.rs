//! The feature `sys`: connections leave from the address they are told to, within their time; files
//! sent by the kernel are the same bytes, the same counts and the same errors as without it.
#![allow(missing_docs)]
#![cfg(all(feature = "sys", target_os = "linux"))]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IoSlice, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use stdhttp::{HTTPConnection, HTTPException, Look, Step, Stream, Unix};

const PATIENCE: Duration = Duration::from_secs(20);
const MEBIBYTE: usize = 1 << 20;

// Addresses.

#[test]
fn the_local_port_is_the_bound_one() {
    for host in ["127.0.0.1", "::1"] {
        let Ok(listener) = TcpListener::bind((host, 0)) else {
            println!("{host} does not exist here: left out");
            continue;
        };
        let source = free_address(host);
        let mut conn = from(source, host, listener.local_addr().unwrap().port());
        conn.connect().unwrap();
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(peer, source);
        assert_eq!(conn.stream().unwrap().local_addr().unwrap(), source);
    }
}

#[test]
fn a_bound_connection_exchanges_messages() {
    let (port, server) = serve(1, |mut stream| {
        read_head(&mut stream);
        answer(&mut stream, "200 OK");
    });
    let mut conn = HTTPConnection::builder("127.0.0.1")
        .port(port)
        .source_address((Ipv4Addr::LOCALHOST, 0).into())
        .timeout(PATIENCE)
        .build()
        .unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    server.join().unwrap();
}

#[test]
fn addresses_of_two_families_do_not_meet() {
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    assert_eq!(
        failed_attempt(from(v6, "127.0.0.1", 9)),
        io::ErrorKind::InvalidInput
    );
    assert_eq!(
        failed_attempt(from(v4, "::1", 9)),
        io::ErrorKind::InvalidInput
    );
}

/// 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
#[test]
fn a_source_address_of_somebody_else() {
    let source = SocketAddr::from(([192, 0, 2, 1], 0));
    assert_eq!(
        failed_attempt(from(source, "127.0.0.1", 9)),
        io::ErrorKind::AddrNotAvailable
    );
}

#[test]
fn a_port_that_nobody_listens_on() {
    let source = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let port = free_address("127.0.0.1").port();
    assert_eq!(
        failed_attempt(from(source, "127.0.0.1", port)),
        io::ErrorKind::ConnectionRefused
    );
}

/// The system refuses this at once: no packet leaves.
#[test]
fn from_the_loopback_nothing_else_is_reached() {
    let source = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut conn = from(source, "192.0.2.1", 9);
    assert!(matches!(
        conn.connect(),
        Err(HTTPException::ConnectFailed { .. })
    ));
}

/// A listener whose queue is full answers nobody.
#[test]
fn connecting_times_out() {
    let limit = Duration::from_millis(300);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, limit) {
        queue.push(stream);
    }
    let mut conn = HTTPConnection::builder("127.0.0.1")
        .port(address.port())
        .source_address((Ipv4Addr::LOCALHOST, 0).into())
        .connect_timeout(limit)
        .build()
        .unwrap();
    let begin = Instant::now();
    let error = conn.connect().unwrap_err();
    assert!((limit..PATIENCE).contains(&begin.elapsed()));
    assert!(matches!(
        error,
        HTTPException::TimedOut {
            step: Step::Connect,
            ..
        }
    ));
    drop(queue);
}

/// Without a limit connecting waits for as long as the system does: a queue that is full drops the
/// first attempt, and the system makes another.
#[test]
fn without_a_limit_connecting_waits() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
    }
    let source = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let connecting = thread::spawn(move || {
        let mut conn = from(source, "127.0.0.1", address.port());
        conn.connect().map(|()| conn.stream().unwrap().peer_addr())
    });
    // Most probably the first attempt is over then; if it is not, there was nothing to wait for.
    thread::sleep(Duration::from_millis(100));
    let taken: Vec<_> = queue.iter().map(|_| listener.accept().unwrap()).collect();
    assert_eq!(connecting.join().unwrap().unwrap().unwrap(), address);
    drop((queue, taken));
}

/// No socket has such a path; some would be those of others.
#[test]
fn paths_that_no_unix_socket_can_have() {
    for path in ["", "a\0b", &"a".repeat(108)] {
        let builder = HTTPConnection::builder("h").connector(Unix::new(path));
        match builder.timeout(PATIENCE).build().unwrap().connect() {
            Err(HTTPException::Io { error, .. }) => {
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

fn from(source: SocketAddr, host: &str, port: u16) -> HTTPConnection {
    HTTPConnection::builder(host)
        .port(port)
        .source_address(source)
        .build()
        .unwrap()
}

fn failed_attempt(mut conn: HTTPConnection) -> io::ErrorKind {
    match conn.connect() {
        Err(HTTPException::ConnectFailed { attempts }) => attempts[0].1.kind(),
        other => panic!("{other:?}"),
    }
}

/// An address that nobody uses.
fn free_address(host: &str) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).unwrap();
    listener.local_addr().unwrap()
}

// Files.

#[test]
fn a_file_arrives_as_it_is() {
    let content = pattern(5 * MEBIBYTE + 17);
    for by_kernel in [true, false] {
        let sent = upload_twice(&content, 0, by_kernel);
        assert_eq!(sent, [&content[..], &content[..]]);
    }
}

#[test]
fn a_file_is_sent_from_its_position() {
    let content = pattern(3 * MEBIBYTE);
    let position = MEBIBYTE + 1_001;
    for by_kernel in [true, false] {
        let sent = upload_twice(&content, position, by_kernel);
        assert_eq!(sent, [&content[position..], &content[position..]]);
    }
}

#[test]
fn an_empty_rest_of_a_file() {
    let content = pattern(10);
    for by_kernel in [true, false] {
        assert_eq!(upload_twice(&content, 10, by_kernel), [b"", b""]);
    }
}

/// What the server got of a file sent twice from a position over one connection. Afterwards the
/// file must stand at its end, and none of it may have gone another way than it should.
fn upload_twice(content: &[u8], position: usize, by_kernel: bool) -> Vec<Vec<u8>> {
    let temporary = Temporary::new(content);
    let (port, server) = serve(1, |mut stream| {
        let bodies = [(); 2].map(|()| {
            let body = read_request(&mut stream);
            answer(&mut stream, "200 OK");
            body
        });
        Vec::from(bodies)
    });
    let stream = Counting::connect(port, by_kernel);
    let written = stream.written.clone();
    let mut conn = over(stream);
    for _ in 0..2 {
        let mut file = temporary.open();
        file.seek(SeekFrom::Start(position as u64)).unwrap();
        let mut same_file = file.try_clone().unwrap();
        conn.request("PUT", "/", file, &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
        let reached = same_file.stream_position().unwrap();
        assert_eq!(reached, content.len() as u64);
    }
    drop(conn);
    let written = written.lock().unwrap();
    let rest = &content[position..];
    assert_eq!(
        written.len() > 2 * rest.len(),
        !by_kernel || rest.is_empty()
    );
    server.join().unwrap().remove(0)
}

#[test]
fn a_file_over_a_unix_socket() {
    let content = pattern(2 * MEBIBYTE);
    let temporary = Temporary::new(&content);
    let path = Temporary::path();
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = BufReader::new(stream);
        let body = read_request(&mut stream);
        answer(&mut stream, "200 OK");
        body
    });
    let mut conn = HTTPConnection::builder("localhost")
        .connector(Unix::new(&path))
        .timeout(PATIENCE)
        .build()
        .unwrap();
    conn.request("PUT", "/", temporary.open(), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert!(server.join().unwrap() == content, "other bytes");
    fs::remove_file(path).unwrap();
}

/// The chunked coding and the wire log need the bytes.
#[test]
fn where_the_bytes_are_needed_the_kernel_does_not_send_them() {
    let content = pattern(MEBIBYTE);
    let temporary = Temporary::new(&content);
    for chunked in [true, false] {
        let (port, server) = serve(1, |mut stream| {
            let body = read_request(&mut stream);
            answer(&mut stream, "200 OK");
            body
        });
        let stream = Counting::connect(port, true);
        let written = stream.written.clone();
        let mut conn = over(stream);
        let fields: &[(&str, &str)] = if chunked {
            &[("Transfer-Encoding", "chunked")]
        } else {
            conn.set_debug_output(io::sink());
            conn.set_debuglevel(1);
            &[]
        };
        conn.request_with("PUT", "/", temporary.open(), fields, chunked)
            .unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 200);
        assert!(written.lock().unwrap().len() > MEBIBYTE);
        assert!(server.join().unwrap() == [&content[..]], "other bytes");
    }
}

/// A socket can't be sent by the kernel: the bytes go through a buffer.
#[test]
fn a_file_of_another_kind() {
    let content = pattern(300_000);
    let (mut writer, reader) = UnixStream::pair().unwrap();
    let copy = content.clone();
    let source = thread::spawn(move || writer.write_all(&copy).unwrap());
    let (port, server) = serve(1, |mut stream| {
        let body = read_request(&mut stream);
        answer(&mut stream, "200 OK");
        body
    });
    let mut conn = over(Counting::connect(port, true));
    let file = File::from(OwnedFd::from(reader));
    let length = content.len().to_string();
    conn.request("PUT", "/", file, &[("Content-Length", &length)])
        .unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    source.join().unwrap();
    assert!(server.join().unwrap() == [content], "other bytes");
}

#[test]
fn a_file_that_can_not_be_read() {
    let temporary = Temporary::new(&pattern(100_000));
    for by_kernel in [true, false] {
        let (port, server) = serve(1, |mut stream| {
            read_head(&mut stream);
            drain(&mut stream)
        });
        let mut conn = over(Counting::connect(port, by_kernel));
        let file = File::options().write(true).open(&temporary.0).unwrap();
        let error = conn.request("PUT", "/", file, &[]).unwrap_err();
        assert!(matches!(
            error,
            HTTPException::Io {
                step: Step::ReadSource,
                ..
            }
        ));
        assert!(!conn.is_connected());
        assert_eq!(server.join().unwrap(), [0]);
    }
}

/// The file changes between the head, which says how long it is, and the body.
#[test]
fn a_file_that_shrinks() {
    for by_kernel in [true, false] {
        let (error, received) = upload_of_changing(2_000_000, by_kernel);
        let Err(HTTPException::BodyLengthMismatch { declared, given }) = error else {
            panic!("{error:?}");
        };
        assert_eq!((declared, given), (3_000_000, 2_000_000));
        assert_eq!(received, 2_000_000);
    }
}

#[test]
fn a_file_that_grows() {
    for by_kernel in [true, false] {
        let (result, received) = upload_of_changing(4_000_000, by_kernel);
        assert!(result.is_ok());
        assert_eq!(received, 3_000_000);
    }
}

/// Sends a file of 3,000,000 bytes whose length is changed before the body is asked for.
fn upload_of_changing(length: u64, by_kernel: bool) -> (Result<(), HTTPException>, usize) {
    let temporary = Temporary::new(&pattern(3_000_000));
    let file = File::options().write(true).open(&temporary.0).unwrap();
    let (port, server) = serve(1, move |mut stream| {
        read_head(&mut stream);
        file.set_len(length).unwrap();
        let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
        stream.get_mut().write_all(go_on).unwrap();
        drain(&mut stream)
    });
    let mut conn = HTTPConnection::builder("localhost")
        .stream(Counting::connect(port, by_kernel))
        .continue_timeout(PATIENCE)
        .build()
        .unwrap();
    let fields = [("Expect", "100-continue")];
    let result = conn.request("PUT", "/", temporary.open(), &fields);
    if result.is_err() {
        assert!(!conn.is_connected());
    }
    drop(conn);
    (result, server.join().unwrap()[0])
}

#[test]
fn an_early_answer_stops_the_upload() {
    const LENGTH: usize = 64 * MEBIBYTE;
    let temporary = Temporary::new(&pattern(LENGTH));
    for by_kernel in [true, false] {
        let (port, server) = serve(1, |mut stream| {
            read_head(&mut stream);
            answer(&mut stream, "413 Content Too Large\r\nConnection: close");
            drain(&mut stream)
        });
        let mut conn = over(Counting::connect(port, by_kernel));
        conn.request("PUT", "/", temporary.open(), &[]).unwrap();
        assert_eq!(conn.getresponse().unwrap().status(), 413);
        assert!(!conn.is_connected());
        assert!(server.join().unwrap()[0] < LENGTH);
    }
}

/// A write that is blocked for a while ends only the call.
#[test]
fn the_kernel_goes_on_where_it_was_blocked() {
    let content = pattern(16 * MEBIBYTE);
    let temporary = Temporary::new(&content);
    let (port, server) = serve(1, |mut stream| {
        // Longer than a write goes without a look.
        thread::sleep(Duration::from_millis(300));
        let body = read_request(&mut stream);
        answer(&mut stream, "200 OK");
        body
    });
    let stream = Counting::connect(port, true);
    let written = stream.written.clone();
    let mut conn = over(stream);
    conn.request("PUT", "/", temporary.open(), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 200);
    assert!(written.lock().unwrap().len() < 1_000, "only the head");
    assert_eq!(server.join().unwrap(), [content]);
}

#[test]
fn a_peer_that_does_not_read_times_out() {
    let temporary = Temporary::new(&pattern(64 * MEBIBYTE));
    for by_kernel in [true, false] {
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let (port, server) = serve(1, move |_stream| {
            // Ends when the client's thread is through.
            let _ = told.recv_timeout(PATIENCE);
        });
        let mut conn = over(Counting::connect(port, by_kernel));
        conn.set_write_timeout(Some(Duration::from_millis(200)));
        let begin = Instant::now();
        let error = conn.request("PUT", "/", temporary.open(), &[]);
        assert!(begin.elapsed() < PATIENCE / 2);
        assert_write_timed_out(error);
        drop(tell);
        server.join().unwrap();
    }
}

/// No single write is slow, all of them together are.
#[test]
fn the_deadline_holds_over_the_whole_upload() {
    let temporary = Temporary::new(&pattern(64 * MEBIBYTE));
    for by_kernel in [true, false] {
        let (port, server) = serve(1, |mut stream| {
            let mut block = vec![0; 300_000];
            while matches!(stream.read(&mut block), Ok(1..)) {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let mut conn = over(Counting::connect(port, by_kernel));
        conn.set_deadline(Some(Duration::from_millis(400)));
        let begin = Instant::now();
        let error = conn.request("PUT", "/", temporary.open(), &[]);
        assert!(begin.elapsed() < Duration::from_secs(3));
        assert_write_timed_out(error);
        drop(conn);
        server.join().unwrap();
    }
}

fn assert_write_timed_out(result: Result<(), HTTPException>) {
    let Err(HTTPException::TimedOut { step, written, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(step, Step::Write);
    assert!((1..64 << 20).contains(&written));
}

#[test]
fn a_peer_that_goes_away() {
    let temporary = Temporary::new(&pattern(64 * MEBIBYTE));
    for by_kernel in [true, false] {
        let (port, server) = serve(1, |mut stream| read_head(&mut stream));
        let mut conn = over(Counting::connect(port, by_kernel));
        let error = conn.request("PUT", "/", temporary.open(), &[]);
        let Err(error) = error else {
            panic!("an upload to nobody");
        };
        assert!(!error.is_timeout(), "{error:?}");
        server.join().unwrap();
    }
}

// The two ends.

/// A TCP stream that keeps what is written through it, which the kernel's part is not.
struct Counting {
    tcp: TcpStream,
    written: Arc<Mutex<Vec<u8>>>,
    by_kernel: bool,
}

impl Counting {
    fn connect(port: u16, by_kernel: bool) -> Self {
        Self {
            tcp: TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap(),
            written: Arc::default(),
            by_kernel,
        }
    }
}

impl Read for Counting {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(output)
    }
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.tcp.write(bytes)?;
        self.written.lock().unwrap().extend(&bytes[..count]);
        Ok(count)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let piece = pieces.iter().find(|piece| !piece.is_empty());
        self.write(piece.map_or(&[], |piece| piece))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

impl Stream for Counting {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.tcp.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.tcp.set_write_timeout(timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        self.tcp.look()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.by_kernel.then(|| self.tcp.as_fd())
    }
}

/// A connection over a boxed stream, which passes the socket through.
fn over(stream: Counting) -> HTTPConnection<stdhttp::Ready<Box<Counting>>> {
    HTTPConnection::builder("localhost")
        .stream(Box::new(stream))
        .read_timeout(PATIENCE)
        .build()
        .unwrap()
}

type Accepted = BufReader<TcpStream>;

/// Accepts so many connections, one after the other.
fn serve<T: Send + 'static>(
    connections: usize,
    mut serve: impl FnMut(Accepted) -> T + Send + 'static,
) -> (u16, JoinHandle<Vec<T>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let accepted = listener.incoming().take(connections);
        accepted
            .map(|stream| serve(BufReader::new(stream.unwrap())))
            .collect()
    });
    (port, thread)
}

/// The declared length of the body, if it has one.
fn read_head(stream: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "half a head");
        match line.trim_end() {
            "" => return length,
            line => {
                let value = line.strip_prefix("Content-Length: ");
                length = value.map_or(length, |value| value.parse().ok());
            }
        }
    }
}

/// The body of a request, with a length or chunked.
fn read_request(stream: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some(length) = read_head(stream) {
        body.resize(length, 0);
        stream.read_exact(&mut body).unwrap();
        return body;
    }
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).unwrap();
        body.extend(&chunk[..size]);
        if size == 0 {
            return body;
        }
    }
}

fn answer<S: Write>(stream: &mut BufReader<S>, status: &str) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    stream.get_mut().write_all(head.as_bytes()).unwrap();
}

/// How many bytes come until the peer is gone. A reset is an end too.
fn drain(stream: &mut impl Read) -> usize {
    let mut block = [0; 65_536];
    let mut count = 0;
    while let Ok(more @ 1..) = stream.read(&mut block) {
        count += more;
    }
    count
}

/// Bytes that repeat only after a prime number of them.
fn pattern(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let period: Vec<u8> = std::iter::repeat_with(next).take(65_521).collect();
    period.iter().copied().cycle().take(length).collect()
}

/// A file that is gone when this is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &[u8]) -> Self {
        let path = Self::path();
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path() -> PathBuf {
        static SERIAL: AtomicUsize = AtomicUsize::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("stdhttp-sys-{}-{serial}", std::process::id());
        std::env::temp_dir().join(name)
    }

    fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A file that can't be removed is the system's to remove.
        let _ = fs::remove_file(&self.0);
    }
}
