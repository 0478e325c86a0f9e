//! What the tests of the rows share: a message received in every way, a request sent, a request
//! refused.

use std::io::BufReader;
use std::time::Duration;

use stdhttp::proto::BodyLength;
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{
    Forgiven, ForgivenSet, HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPVersion,
    Limits, Source, StaleCheck, Tolerance,
};

pub(crate) type Conn = HTTPConnection<Peer>;

/// The answer to the request after the one that is looked at.
pub(crate) const SECOND: &[u8] = b"HTTP/1.1 204 No Content\r\nX-Second: yes\r\n\r\n";

/// Asserts that a trial refuses these bytes with this error.
macro_rules! refused {
    ($trial:expr, $bytes:expr, $pattern:pat) => {{
        let bytes = $bytes;
        let bytes: &[u8] = bytes.as_ref();
        let result = $trial.run(bytes);
        let shown: &[u8] = bytes.get(..200).unwrap_or(bytes);
        assert!(
            matches!(result, Err($pattern)),
            "\"{}\": {result:?}",
            shown.escape_ascii()
        );
    }};
}

/// Asserts that these calls are refused with this error before a byte is written.
macro_rules! unsendable {
    ($action:expr, $pattern:pat) => {{
        let error = crate::support::refusal($action);
        assert!(matches!(error, $pattern), "{error:?}");
    }};
}

/// What became of a received message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) version: HTTPVersion,
    pub(crate) headers: HTTPMessage,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HTTPMessage,
    pub(crate) forgiven: ForgivenSet,
    /// The message ends with the connection.
    until_close: bool,
    /// The next request went out on the same connection, and got its own answer.
    pub(crate) reusable: bool,
}

impl Answer {
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        self.headers.get_bytes(name)
    }

    fn of<W: Source>(mut response: HTTPResponse<'_, W>) -> Result<Self, HTTPException> {
        let body = response.read(None)?;
        assert!(response.is_complete() && response.isclosed());
        let framing = response.framing().unwrap();
        let ends_with_stream = framing.body == BodyLength::UntilClose
            || response.forgiven().contains(Forgiven::MissingFinalCrlf);
        Ok(Self {
            status: response.status(),
            reason: response.reason_bytes().to_vec(),
            version: response.http_version(),
            headers: response.headers().clone(),
            body,
            trailers: response.trailers().unwrap().clone(),
            forgiven: response.forgiven(),
            until_close: ends_with_stream,
            reusable: false,
        })
    }
}

/// How a message is received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) method: &'a str,
    pub(crate) tolerance: Tolerance,
    pub(crate) limits: Limits,
}

pub(crate) const GET: Trial<'static> = Trial {
    method: "GET",
    tolerance: Tolerance::STANDARD,
    limits: Limits::DEFAULT,
};

pub(crate) const HEAD: Trial<'static> = Trial {
    method: "HEAD",
    ..GET
};

pub(crate) const STRICT: Trial<'static> = Trial {
    tolerance: Tolerance::STRICT,
    ..GET
};

pub(crate) const LENIENT: Trial<'static> = Trial {
    tolerance: Tolerance::HTTP_CLIENT,
    ..GET
};

impl Trial<'_> {
    /// Receives the bytes, and the end of the stream behind them: through a connection and a
    /// reader, whole and octet by octet (long ones in pieces of 997), with one outcome. A proper
    /// prefix is never complete. An
    /// error closes the connection.
    pub(crate) fn run(&self, bytes: impl AsRef<[u8]>) -> Result<Answer, HTTPException> {
        let bytes = bytes.as_ref();
        let cut = if bytes.len() < 20_000 { 1 } else { 997 };
        let parsed = self.parse(bytes, bytes.len());
        same(&parsed, &self.parse(bytes, cut));
        let received = match &parsed {
            Ok(answer) if !answer.until_close => self.receive_two(bytes, usize::MAX),
            _ => self.receive_last(bytes, usize::MAX),
        };
        same(&received, &parsed);
        let dribbled = match &parsed {
            Ok(answer) if !answer.until_close => self.receive_two(bytes, cut),
            _ => self.receive_last(bytes, cut),
        };
        same(&received, &dribbled);
        if let (Ok(one), Ok(other)) = (&received, &dribbled) {
            assert_eq!(one.reusable, other.reusable);
            self.check_prefixes(bytes, one);
        }
        received
    }

    /// The bytes make an answer.
    pub(crate) fn answer(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let bytes = bytes.as_ref();
        self.run(bytes)
            .unwrap_or_else(|error| panic!("\"{}\": {error:?}", bytes.escape_ascii()))
    }

    /// The bytes as fields of a response with `Content-Length: 0`.
    pub(crate) fn fields(&self, lines: impl AsRef<[u8]>) -> Result<Answer, HTTPException> {
        self.run(empty_with(lines))
    }

    fn parse(&self, bytes: &[u8], size: usize) -> Result<Answer, HTTPException> {
        let reader = BufReader::with_capacity(size.max(1), bytes);
        let response =
            HTTPResponse::from_reader_with(reader, self.method, self.limits, self.tolerance)?;
        Answer::of(response)
    }

    fn connection(&self, peer: &Peer) -> Conn {
        HTTPConnection::builder("h")
            .connector(peer.clone())
            .clock(peer.clone())
            .limits(self.limits)
            .tolerance(self.tolerance)
            .stale_check(StaleCheck::Always)
            .build()
            .unwrap()
    }

    /// The peer closes behind the bytes.
    fn receive_last(&self, bytes: &[u8], size: usize) -> Result<Answer, HTTPException> {
        let script = Script::new().expect_head().send_pieces(bytes, &[size]);
        let peer = Peer::new([script.end(Ending::Close), Script::answer(SECOND)]);
        let mut conn = self.connection(&peer);
        conn.request(self.method, "/", (), &[])?;
        let answer = conn.getresponse().and_then(Answer::of);
        assert!(!conn.is_connected() && peer.calls().open == 0);
        check_second(&mut conn);
        assert_eq!(peer.calls().connects, 2);
        answer
    }

    /// The peer waits for another request behind the bytes.
    fn receive_two(&self, bytes: &[u8], size: usize) -> Result<Answer, HTTPException> {
        let first = Script::new().expect_head().send_pieces(bytes, &[size]);
        let first = first.expect_head().send(SECOND);
        let peer = Peer::new([first, Script::answer(SECOND)]);
        let mut conn = self.connection(&peer);
        conn.request(self.method, "/", (), &[])?;
        let mut answer = Answer::of(conn.getresponse()?)?;
        check_second(&mut conn);
        answer.reusable = peer.calls().connects == 1;
        Ok(answer)
    }

    fn check_prefixes(&self, bytes: &[u8], answer: &Answer) {
        if answer.until_close || bytes.len() > 2_000 || self.tolerance.early_end_in_head {
            return;
        }
        let mut rest = bytes;
        let message =
            HTTPResponse::from_reader_with(&mut rest, self.method, self.limits, self.tolerance);
        message.unwrap().read(None).unwrap();
        for length in 0..bytes.len() - rest.len() {
            let prefix = &bytes[..length];
            let result = self.parse(prefix, length);
            assert!(result.is_err(), "\"{}\": {result:?}", prefix.escape_ascii());
        }
    }
}

/// The next request gets its own answer, on whichever connection.
pub(crate) fn check_second(conn: &mut Conn) {
    conn.request("GET", "/second", (), &[]).unwrap();
    let second = conn.getresponse().unwrap();
    assert_eq!(second.getheader("x-second").as_deref(), Some("yes"));
}

/// Both are the same answer, or errors of the same kind.
fn same(one: &Result<Answer, HTTPException>, other: &Result<Answer, HTTPException>) {
    match (one, other) {
        (Ok(one), Ok(other)) => assert_eq!(
            Answer {
                reusable: false,
                ..one.clone()
            },
            Answer {
                reusable: false,
                ..other.clone()
            }
        ),
        (Err(one), Err(other)) => assert_eq!(
            std::mem::discriminant(one),
            std::mem::discriminant(other),
            "{one:?} {other:?}"
        ),
        _ => panic!("{one:?} {other:?}"),
    }
}

/// A 200 with these header lines, and what follows them.
pub(crate) fn ok(lines: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Vec<u8> {
    let (lines, rest) = (lines.as_ref(), rest.as_ref());
    let end: &[u8] = if lines.is_empty() {
        b"\r\n"
    } else {
        b"\r\n\r\n"
    };
    [b"HTTP/1.1 200 OK\r\n", lines, end, rest].concat()
}

/// A 200 with an empty body and these header lines.
pub(crate) fn empty_with(lines: impl AsRef<[u8]>) -> Vec<u8> {
    ok([b"Content-Length: 0\r\n", lines.as_ref()].concat(), "")
}

/// A chunked 200.
pub(crate) fn chunked(body: impl AsRef<[u8]>) -> Vec<u8> {
    ok("Transfer-Encoding: chunked", body)
}

/// A connection to `h` over a peer with these scripts, on the peer's clock.
pub(crate) fn conn(scripts: impl IntoIterator<Item = Script>) -> (Conn, Peer) {
    conn_to("h", scripts)
}

pub(crate) fn conn_to(host: &str, scripts: impl IntoIterator<Item = Script>) -> (Conn, Peer) {
    let peer = Peer::new(scripts);
    let builder = HTTPConnection::builder(host)
        .connector(peer.clone())
        .clock(peer.clone())
        .timeout(Duration::from_secs(10));
    (builder.build().unwrap(), peer)
}

/// What these calls write.
pub(crate) fn sent(action: impl FnOnce(&mut Conn) -> Result<(), HTTPException>) -> String {
    sent_to("h", action)
}

pub(crate) fn sent_to(
    host: &str,
    action: impl FnOnce(&mut Conn) -> Result<(), HTTPException>,
) -> String {
    let (mut conn, peer) = conn_to(host, [Script::new()]);
    action(&mut conn).unwrap();
    String::from_utf8(peer.received(0)).unwrap()
}

/// What a GET for this target writes.
pub(crate) fn get(host: &str, target: &str) -> String {
    sent_to(host, |conn| conn.request("GET", target, (), &[]))
}

/// The error of these calls, which write nothing and leave the connection usable.
pub(crate) fn refusal(
    action: impl FnOnce(&mut Conn) -> Result<(), HTTPException>,
) -> HTTPException {
    let (mut conn, peer) = conn([Script::answer(SECOND)]);
    let error = action(&mut conn).unwrap_err();
    assert!(error.is_caller_error());
    assert_eq!(peer.calls().bytes_written, 0, "{error}");
    conn.close();
    check_second(&mut conn);
    error
}

/// The error of one field in a request that is otherwise fine.
pub(crate) fn field_refusal(name: &str, value: &str) -> HTTPException {
    refusal(|conn| conn.request("GET", "/", (), &[(name, value)]))
}
