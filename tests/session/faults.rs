//! A fault at every call of every connection of a call: whatever fails, no content is wrong or short,
//! the error has its request, and the next call of the session gets its own answer.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use stdhttp::requests::{HTTPDigestAuth, Payload, RequestException, Retry, TlsSettings};
use stdhttp::urllib::Proxies;
use stdhttp::{ConnectTime, Look, Stream};

use super::*;

#[path = "../support/random.rs"]
mod random;

use random::Random;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Fails(ErrorKind),
    /// A read is the end, a write takes nothing.
    Nothing,
    /// A read or write of one octet.
    One,
}

const FAULTS: [Fault; 16] = [
    Fault::Fails(ErrorKind::ConnectionReset),
    Fault::Fails(ErrorKind::ConnectionAborted),
    Fault::Fails(ErrorKind::BrokenPipe),
    Fault::Fails(ErrorKind::TimedOut),
    Fault::Fails(ErrorKind::WouldBlock),
    Fault::Fails(ErrorKind::Interrupted),
    Fault::Fails(ErrorKind::UnexpectedEof),
    Fault::Fails(ErrorKind::ConnectionRefused),
    Fault::Fails(ErrorKind::NotConnected),
    Fault::Fails(ErrorKind::HostUnreachable),
    Fault::Fails(ErrorKind::NetworkUnreachable),
    Fault::Fails(ErrorKind::NetworkDown),
    Fault::Fails(ErrorKind::PermissionDenied),
    Fault::Fails(ErrorKind::Other),
    Fault::Nothing,
    Fault::One,
];

/// The number of a call, and what becomes of it.
type At = (usize, Fault);

/// The calls of all streams, counted together with those of connecting, and those that fail.
#[derive(Default)]
struct Plan {
    calls: usize,
    faults: Vec<At>,
}

impl Plan {
    /// What is to become of the next call.
    fn next(&mut self) -> Option<Fault> {
        self.calls += 1;
        let mut due = self.faults.iter().filter(|(call, _)| *call == self.calls);
        due.next().map(|(_, fault)| *fault)
    }
}

/// A stream to the server whose calls follow the plan.
struct Faulty {
    stream: TcpStream,
    plan: Arc<Mutex<Plan>>,
}

impl Faulty {
    fn fault(&self) -> Option<Fault> {
        self.plan.lock().unwrap().next()
    }

    /// A call that moves no octets.
    fn fails(&self) -> io::Result<()> {
        match self.fault() {
            Some(Fault::Fails(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Faulty {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.fault() {
            Some(Fault::Fails(kind)) => Err(kind.into()),
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::One) => self.stream.read(&mut buf[..1]),
            None => self.stream.read(buf),
        }
    }
}

impl Write for Faulty {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.fault() {
            Some(Fault::Fails(kind)) => Err(kind.into()),
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::One) => self.stream.write(&buf[..1]),
            None => self.stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.fails()
    }
}

impl Stream for Faulty {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.fails()?;
        Stream::set_read_timeout(&mut self.stream, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.fails()?;
        Stream::set_write_timeout(&mut self.stream, timeout)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.fails()
    }

    fn look(&mut self) -> io::Result<Look> {
        self.fails()?;
        self.stream.look()
    }
}

/// A server that tells the path of a request back, and what else the path asks for.
fn serve(mut stream: TcpStream, seen: &Mutex<HashSet<String>>) {
    let (mut came, mut block) = (Vec::new(), [0; 4096]);
    while let Some((head, body)) = take_request(&mut stream, &mut came, &mut block) {
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.strip_prefix("http://h").unwrap_or(&target);
        let first = seen.lock().unwrap().insert(path.to_owned());
        let answer = match path.split('/').nth(1).unwrap_or_default() {
            _ if head.starts_with("CONNECT ") => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            "moved" => empty("302 Found\r\nLocation: http://other/told/moved"),
            "private" if !head.contains("Authorization: ") => {
                empty("401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"")
            }
            "busy" if first => empty("503 Busy"),
            "chunked" => {
                let length = path.len();
                format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{path}\r\n0\r\n\r\n"
                )
            }
            _ => {
                let told = format!("{path}{body}");
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{told}",
                    told.len()
                )
            }
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn empty(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}

/// A head and its body; a chunked one is read to its last chunk.
fn take_request(
    stream: &mut TcpStream,
    came: &mut Vec<u8>,
    block: &mut [u8],
) -> Option<(String, String)> {
    loop {
        if let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&came[..end + 4]).into_owned();
            let rest = &came[end + 4..];
            let length = match head.split_once("Content-Length: ") {
                Some((_, rest)) => rest.split("\r\n").next()?.parse().ok(),
                None if head.contains("Transfer-Encoding: chunked") => {
                    let last = rest.windows(5).position(|five| five == b"0\r\n\r\n");
                    last.map(|place| place + 5)
                }
                None => Some(0),
            };
            if let Some(length) = length.filter(|length| rest.len() >= *length) {
                let body = String::from_utf8_lossy(&rest[..length]).into_owned();
                came.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        match stream.read(block) {
            Ok(0) | Err(_) => return None,
            Ok(count) => came.extend_from_slice(&block[..count]),
        }
    }
}

/// A session whose streams follow the plan.
fn faulty(plan: &Arc<Mutex<Plan>>) -> (Session, HTTPAdapter) {
    let (plan, seen) = (plan.clone(), Arc::new(Mutex::default()));
    let connector = move |_: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
        if let Some(Fault::Fails(kind)) = plan.lock().unwrap().next() {
            return Err(io::Error::from(kind).into());
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        let (other, _) = listener.accept()?;
        let (seen, plan) = (Arc::clone(&seen), plan.clone());
        std::thread::spawn(move || serve(other, &seen));
        Ok(Box::new(Faulty { stream, plan }))
    };
    let plain = |_: &str, stream, _: ConnectTime<'_>, _: &TlsSettings| Ok(stream);
    let retry = Retry::new(1).status_forcelist([503]);
    let adapter = HTTPAdapter::new()
        .connector(connector)
        .tls(plain)
        .max_retries(retry);
    let mut session = Session::new();
    session.set_trust_env(false);
    session.set_timeout(Duration::from_secs(5));
    session.mount("http://", adapter.clone());
    session.mount("https://", adapter.clone());
    (session, adapter)
}

type Call = fn(&Session) -> Result<String, RequestException>;

fn text(
    response: Result<stdhttp::requests::Response, RequestException>,
) -> Result<String, RequestException> {
    let response = response?;
    response.raise_for_status()?;
    Ok(response.text()?.into_owned())
}

/// The name of a call, how it is made, and what it gives when nothing fails.
type Called = (&'static str, Call, &'static str);

const CALLS: [Called; 8] = [
    ("get", |s| text(s.get("http://h/told/a").send()), "/told/a"),
    (
        "chunked",
        |s| text(s.get("http://h/chunked/a").send()),
        "/chunked/a",
    ),
    (
        "redirect",
        |s| text(s.get("http://h/moved").send()),
        "/told/moved",
    ),
    (
        "digest",
        |s| {
            text(
                s.get("http://h/private")
                    .auth(HTTPDigestAuth::new("u", "p"))
                    .send(),
            )
        },
        "/private",
    ),
    ("retry", |s| text(s.get("http://h/busy").send()), "/busy"),
    (
        "post",
        |s| text(s.post("http://h/told/").data("body").send()),
        "/told/body",
    ),
    (
        "upload",
        |s| {
            text(
                s.put("http://h/told")
                    .data(Payload::iter(["ab", "c"]))
                    .send(),
            )
        },
        "/told2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    ),
    (
        "tunnel",
        |s| {
            let proxies = Proxies::new()
                .with("https", "http://proxy")
                .expect("a proxy");
            text(s.get("https://h/told/tunnel").proxies(proxies).send())
        },
        "/told/tunnel",
    ),
];

/// One call under a plan, on a session that was used before; then what the session is still good for.
fn run((name, call, expected): Called, faults: &[At]) -> (usize, bool) {
    let plan = Arc::new(Mutex::new(Plan::default()));
    let (session, adapter) = faulty(&plan);
    assert_eq!(
        text(session.get("http://h/told/warm").send()).unwrap(),
        "/told/warm"
    );
    *plan.lock().unwrap() = Plan {
        calls: 0,
        faults: faults.to_vec(),
    };
    let came = call(&session);
    let calls = plan.lock().unwrap().calls;
    plan.lock().unwrap().faults.clear();
    match &came {
        Ok(text) => assert_eq!(text, expected, "{name} {faults:?}"),
        Err(error) => {
            assert!(error.request().is_some(), "{name} {faults:?} {error:?}");
            assert!(!faults.is_empty(), "{name} {error:?}");
        }
    }
    for number in 0..2 {
        let told = text(session.get(&format!("http://h/told/{number}")).send());
        assert_eq!(
            told.unwrap(),
            format!("/told/{number}"),
            "{name} {faults:?}"
        );
    }
    assert!(adapter.idle_connections() <= 3, "{name} {faults:?}");
    (calls, came.is_ok())
}

#[test]
fn a_fault_at_every_call_harms_no_other_call() {
    let (mut faults, mut survived) = (0, 0);
    for called in CALLS {
        let (calls, _) = run(called, &[]);
        for number in 1..=calls {
            for fault in FAULTS {
                let (_, is_ok) = run(called, &[(number, fault)]);
                faults += 1;
                survived += usize::from(is_ok);
            }
        }
    }
    println!(
        "{faults} calls of a session with a fault, of which {survived} were met by another attempt"
    );
    assert!(faults > 800 && survived > 0, "{faults} {survived}");
}

/// The second meets what the session does about the first.
#[test]
fn two_faults_harm_no_other_call() {
    let long = std::env::var_os("STDHTTP_LONG").is_some();
    let pairs = if long { 100_000 } else { 500 };
    let seed = std::env::var("STDHTTP_SEED").ok();
    let seed: u64 = seed.and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("STDHTTP_SEED={seed}");
    let mut random = Random::new(seed);
    let counts = CALLS.map(|called| run(called, &[]).0);
    let mut survived = 0;
    for _ in 0..pairs {
        let place = random.below(CALLS.len());
        let mut any = || {
            let call = 1 + random.below(2 * counts[place]);
            (call, *random.choose(&FAULTS))
        };
        let both = [any(), any()];
        survived += usize::from(run(CALLS[place], &both).1);
    }
    println!("{pairs} calls of a session with two faults, of which {survived} came whole");
    assert!(survived > pairs / 10 && survived < pairs, "{survived}");
}

#[test]
fn a_response_dropped_at_any_octet_leaves_the_pool_clean() {
    let plan = Arc::new(Mutex::new(Plan::default()));
    let (session, adapter) = faulty(&plan);
    for path in ["/told/some-content", "/chunked/some-content"] {
        for count in 0..=path.len() {
            let url = format!("http://h{path}");
            let mut response = session.get(&url).stream(true).send().unwrap();
            let mut octets = vec![0; count];
            response.read_exact(&mut octets).unwrap();
            assert_eq!(octets, path.as_bytes()[..count]);
            drop(response);
            assert!(adapter.idle_connections() <= 1);
            assert_eq!(
                text(session.get("http://h/told/next").send()).unwrap(),
                "/told/next"
            );
        }
    }
}
