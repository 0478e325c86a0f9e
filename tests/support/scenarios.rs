//! The scenarios of the fault loops: what a peer does, and what a client does with it.

use std::io::{BufRead, ErrorKind};
use std::time::Duration;

use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{
    Body, Builder, ConnectionState, HTTPConnection, HTTPException, HTTPVersion, StaleCheck,
    Tolerance,
};

/// What every connection answers that is made beyond those of the scenario.
pub(crate) const RESCUE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nrescue";

type Options = fn(Builder<Peer>) -> Builder<Peer>;
type Act = Box<dyn Fn(&mut Play) -> Result<(), HTTPException>>;

pub(crate) struct Scenario {
    pub(crate) name: String,
    scripts: Vec<Script>,
    options: Options,
    act: Act,
    /// The requests go through a tunnel.
    pub(crate) tunnel: bool,
    /// A body lasts until the connection closes, so that any end of it is a good one.
    pub(crate) until_close: bool,
    /// A timeout or a failed write does not end it: the client goes on to the response.
    pub(crate) goes_on: bool,
    /// The body is so large that the client looks for an early answer.
    pub(crate) large: bool,
    /// A response is dropped half read: what of it is buffered then decides what follows.
    pub(crate) half_read: bool,
}

/// A client at work and what it got.
pub(crate) struct Play {
    pub(crate) conn: HTTPConnection<Peer>,
    pub(crate) journal: Vec<Entry>,
}

/// A response, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: String,
    pub(crate) complete: bool,
}

impl Scenario {
    fn new(
        name: impl Into<String>,
        scripts: Vec<Script>,
        act: impl Fn(&mut Play) -> Result<(), HTTPException> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            scripts,
            options: |builder| builder,
            act: Box::new(act),
            tunnel: false,
            until_close: false,
            goes_on: false,
            large: false,
            half_read: false,
        }
    }

    fn half_read(mut self) -> Self {
        self.half_read = true;
        self
    }

    fn with(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// A peer that plays its part; connections beyond that are answered with `RESCUE`.
    pub(crate) fn peer(&self) -> Peer {
        let more = std::iter::repeat_n(self.rescue(), 3);
        Peer::new(self.scripts.iter().cloned().chain(more))
    }

    pub(crate) fn rescue(&self) -> Script {
        let opened = if self.tunnel {
            answers(b"HTTP/1.1 200 OK\r\n\r\n")
        } else {
            Script::new()
        };
        (0..3).fold(opened, |script, _| script.expect_head().send(RESCUE))
    }

    pub(crate) fn play(&self, peer: &Peer) -> (Play, Result<(), HTTPException>) {
        let builder = HTTPConnection::builder("h").connector(peer.clone());
        let builder = builder
            .clock(peer.clone())
            .read_timeout(Duration::from_secs(9));
        let mut conn = (self.options)(builder).build().unwrap();
        if self.tunnel {
            let secret = [("Proxy-Authorization", "proxy-secret")];
            conn.set_tunnel("target", 443, &secret).unwrap();
        }
        let mut play = Play {
            conn,
            journal: Vec::new(),
        };
        let result = (self.act)(&mut play);
        (play, result)
    }
}

impl Play {
    fn fetch<'b>(
        &mut self,
        method: &str,
        token: &str,
        body: impl Into<Body<'b>>,
    ) -> Result<(), HTTPException> {
        self.request(method, token, body, &[])?;
        self.receive()
    }

    fn get(&mut self, token: &str) -> Result<(), HTTPException> {
        self.fetch("GET", token, ())
    }

    fn request<'b>(
        &mut self,
        method: &str,
        token: &str,
        body: impl Into<Body<'b>>,
        fields: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        self.conn
            .request(method, &format!("/{token}"), body, fields)
    }

    /// Sends it, and goes on to the response if only the sending failed.
    fn insist<'b>(
        &mut self,
        token: &str,
        body: impl Into<Body<'b>>,
        fields: &[(&str, &str)],
    ) -> Result<(), HTTPException> {
        let sent = self.request("PUT", token, body, fields);
        match sent {
            Err(error) if error.is_timeout() => Err(error),
            Err(error) if self.conn.state() == ConnectionState::Idle => Err(error),
            _ => self.receive(),
        }
    }

    fn start(&mut self, token: &str, field: &str, value: &str) -> Result<(), HTTPException> {
        self.conn.putrequest("PUT", &format!("/{token}"))?;
        self.conn.putheader(field, value)?;
        self.conn.endheaders()
    }

    fn receive(&mut self) -> Result<(), HTTPException> {
        self.receive_in_pieces_of(5)
    }

    fn receive_in_pieces_of(&mut self, size: usize) -> Result<(), HTTPException> {
        let mut response = self.conn.getresponse()?;
        self.journal.push(Entry {
            status: response.status(),
            ..Entry::default()
        });
        let entry = self.journal.last_mut().unwrap();
        let mut piece = vec![0; size];
        loop {
            match response.readinto(&mut piece)? {
                0 => break,
                count => entry.body.extend_from_slice(&piece[..count]),
            }
        }
        entry.complete = response.is_complete();
        entry.trailers = response
            .trailers()
            .map(ToString::to_string)
            .unwrap_or_default();
        let (close, state) = (response.close_reason(), self.conn.state());
        if state != ConnectionState::Switched {
            assert_eq!(self.conn.is_connected(), close.is_none(), "{close:?}");
        }
        Ok(())
    }

    /// Reads with `peek`, `read1`, `readline` and `BufRead` in turn.
    fn receive_in_many_ways(&mut self) -> Result<(), HTTPException> {
        let mut response = self.conn.getresponse()?;
        self.journal.push(Entry {
            status: response.status(),
            ..Entry::default()
        });
        let entry = self.journal.last_mut().unwrap();
        for turn in 0.. {
            let shown = response.peek(3)?.to_vec();
            let piece = match turn % 4 {
                0 => response.read1(4)?,
                1 => response.readline(6)?,
                2 => response.read(2)?,
                _ => {
                    let shown = response.fill_buf().map(<[u8]>::to_vec).unwrap_or_default();
                    response.consume(shown.len().min(3));
                    shown[..shown.len().min(3)].to_vec()
                }
            };
            entry.body.extend_from_slice(&piece);
            assert!(piece.starts_with(&shown[..shown.len().min(piece.len())]));
            if piece.is_empty() {
                break;
            }
        }
        entry.complete = response.is_complete();
        Ok(())
    }

    /// Reads so many bytes, then drops the response.
    fn receive_only(&mut self, count: usize) -> Result<(), HTTPException> {
        let mut response = self.conn.getresponse()?;
        self.journal.push(Entry {
            status: response.status(),
            ..Entry::default()
        });
        let entry = self.journal.last_mut().unwrap();
        while entry.body.len() < count {
            let mut octet = [0];
            match response.readinto(&mut octet)? {
                0 => break,
                _ => entry.body.extend_from_slice(&octet),
            }
        }
        Ok(())
    }
}

fn answers(bytes: &[u8]) -> Script {
    Script::new().expect_head().send_pieces(bytes, &[17, 9, 40])
}

fn ok(rest: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes()
}

/// A script after whose end the connection can be used for one more request.
fn kept(script: Script) -> Vec<Script> {
    vec![script.expect_head().send(RESCUE)]
}

const LENGTH: &str = "Content-Length: 10\r\n\r\n0123456789";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n4;x=y\r\n6789\r\n0\r\n\r\n";
const TRAILERS: &str =
    "Transfer-Encoding: chunked\r\n\r\n3\r\n012\r\n0\r\nX-Sum: 3\r\nY: z\r\n\r\n";
const LARGE: usize = 3 << 20;

/// All of them: the framings by method and persistence, then the others one by one.
pub(crate) fn all() -> Vec<Scenario> {
    let mut scenarios = framings();
    scenarios.extend(answers_of_many_kinds());
    scenarios.extend(uploads());
    scenarios.extend(expectations_and_early_answers());
    scenarios.extend(tunnels());
    scenarios.extend(sequences());
    scenarios
}

fn framings() -> Vec<Scenario> {
    let framings = [
        ("length", LENGTH),
        ("chunked", CHUNKED),
        ("trailers", TRAILERS),
        ("until close", "\r\n0123456789"),
        ("empty", "Content-Length: 0\r\n\r\n"),
    ];
    let mut scenarios = Vec::new();
    for method in ["GET", "HEAD", "POST"] {
        for (framing, rest) in framings {
            for close in [false, true] {
                scenarios.push(framed(method, framing, rest, close));
            }
        }
    }
    scenarios
}

fn framed(method: &'static str, framing: &str, rest: &str, close: bool) -> Scenario {
    let close_field = if close { "Connection: close\r\n" } else { "" };
    let mut answer = ok(&format!("{close_field}{rest}"));
    if method == "HEAD" {
        let head = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        answer.truncate(head + 4);
    }
    let until_close = framing == "until close" && method != "HEAD";
    let scripts = if close || until_close {
        vec![answers(&answer).end(Ending::Close)]
    } else {
        kept(answers(&answer))
    };
    let body: &[u8] = if method == "POST" { b"body" } else { b"" };
    let mut scenario = Scenario::new(
        format!(
            "{method}, {framing}, {}",
            if close { "close" } else { "keep" }
        ),
        scripts,
        move |play| match body {
            b"" => play.fetch(method, "token", ()),
            body => play.fetch(method, "token", body),
        },
    );
    scenario.until_close = until_close;
    scenario
}

/// All that is forgiven, but for bytes that are missing.
const TOLERANT: Tolerance = {
    let mut tolerance = Tolerance::HTTP_CLIENT;
    tolerance.early_end_in_head = false;
    tolerance.missing_final_crlf = false;
    tolerance.quiet_end = false;
    tolerance
};

fn answers_of_many_kinds() -> Vec<Scenario> {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
    let http10 = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";
    let large = [&ok("Content-Length: 90000\r\n\r\n")[..], &[b'x'; 90_000]].concat();
    let large = Script::new().expect_head().send_pieces(large, &[40_000]);
    let lines = ok("Content-Length: 25\r\n\r\na line\nand another\nrest..");
    let tolerant = b"\nHTTP/1.1  200 OK\nA : b\nTransfer-Encoding: chunked\n\n3\nabc\r\n0\n\n";
    let get = |play: &mut Play| play.get("token");
    vec![
        Scenario::new(
            "interim responses",
            kept(answers(interim).send(ok(LENGTH))),
            get,
        ),
        Scenario::new("HTTP/1.0, keep-alive", kept(answers(http10)), get),
        Scenario::new("no content", kept(answers(b"HTTP/1.1 204 No\r\n\r\n")), get),
        Scenario::new(
            "not modified",
            kept(answers(b"HTTP/1.1 304 No\r\n\r\n")),
            get,
        ),
        Scenario::new("large, read directly", kept(large), |play| {
            play.request("GET", "token", (), &[])?;
            play.receive_in_pieces_of(40_000)
        }),
        Scenario::new("every way to read", kept(answers(&lines)), |play| {
            play.request("GET", "token", (), &[])?;
            play.receive_in_many_ways()
        }),
        Scenario::new("much tolerance", kept(answers(tolerant)), get)
            .with(|builder| builder.tolerance(TOLERANT)),
        Scenario::new("a deadline", kept(answers(&ok(CHUNKED))), get)
            .with(|builder| builder.deadline(Duration::from_secs(60))),
        Scenario::new("all timeouts", kept(answers(&ok(CHUNKED))), get)
            .with(|builder| builder.timeout(Duration::from_secs(7))),
        Scenario::new(
            "a bad status line",
            vec![answers(b"ICY 200 OK\r\n\r\n")],
            get,
        ),
        Scenario::new(
            "a bad chunk",
            vec![answers(&ok("Transfer-Encoding: chunked\r\n\r\nx"))],
            get,
        ),
        Scenario::new(
            "a body cut short",
            vec![Script::answer(&ok(LENGTH)[..40])],
            get,
        ),
        Scenario::new(
            "a reset body",
            vec![answers(&ok(LENGTH)[..42]).end(Ending::Reset)],
            get,
        ),
        Scenario::new(
            "a head cut short",
            vec![Script::answer(&ok(LENGTH)[..20])],
            get,
        ),
        Scenario::new("no answer", vec![Script::answer(b"")], get),
        Scenario::new(
            "switching protocols",
            vec![answers(b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\nnew")],
            |play| {
                play.request("GET", "token", (), &[("Upgrade", "x")])?;
                play.receive()?;
                play.conn.close();
                Ok(())
            },
        ),
    ]
}

fn uploads() -> Vec<Scenario> {
    let taking = |body: usize| {
        kept(
            Script::new()
                .expect_head()
                .expect_bytes(body)
                .send(ok(LENGTH)),
        )
    };
    vec![
        Scenario::new("PUT, small", taking(9), |play| {
            play.fetch("PUT", "token", b"some body")
        }),
        Scenario::new("PUT, text", taking(4), |play| {
            play.fetch("PUT", "token", "text")
        }),
        Scenario::new("PUT, 20,000 bytes", taking(20_000), |play| {
            play.fetch("PUT", "token", vec![b'x'; 20_000])
        }),
        Scenario::new("PUT, step by step", taking(9), |play| {
            play.start("token", "Content-Length", "9")?;
            play.conn.send(b"some")?;
            play.conn.send(b" body")?;
            play.receive()
        }),
        Scenario::new("PUT, a sized reader", taking(25), |play| {
            play.fetch("PUT", "token", Body::sized(&[b'x'; 25][..], 25))
        })
        .with(|builder| builder.blocksize(10)),
        Scenario::new("PUT, a reader in chunks", taking(25 + 3 * 5 + 5), |play| {
            play.fetch("PUT", "token", Body::reader(&[b'x'; 25][..]))
        })
        .with(|builder| builder.blocksize(10)),
        Scenario::new("PUT, an iterator", taking(8 + 8 + 5), |play| {
            play.fetch("PUT", "token", Body::iter(["one", "", "two"]))
        }),
        Scenario::new("PUT, chunks by hand", taking(8 + 5 + 6), |play| {
            play.start("token", "Transfer-Encoding", "chunked")?;
            play.conn.send_chunk(b"one")?;
            play.conn.send_last_chunk(&[("X", "yz")])?;
            play.receive()
        }),
        Scenario::new("PUT, raw chunks", taking(13), |play| {
            play.start("token", "Transfer-Encoding", "chunked")?;
            play.conn.send(b"3\r\nabc\r\n0")?;
            play.conn.send(b"\r\n\r\n")?;
            play.receive()
        }),
        Scenario::new("PUT over HTTP/1.0", taking(3), |play| {
            play.fetch("PUT", "token", "abc")
        })
        .with(|builder| builder.http_version(HTTPVersion::Http10)),
    ]
}

const EXPECT: (&str, &str) = ("Expect", "100-continue");
const HUNDRED: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const REFUSAL: &[u8] = b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";

fn expectations_and_early_answers() -> Vec<Scenario> {
    let expects = |name: &str, scripts| {
        let mut scenario = Scenario::new(name, scripts, |play| {
            play.insist("token", b"some body", &[EXPECT])
        });
        scenario.goes_on = true;
        scenario
    };
    let insists = |name: &str, scripts| {
        let mut scenario = Scenario::new(name, scripts, |play| {
            play.insist("token", vec![b'x'; 9_000], &[])
        });
        scenario.goes_on = true;
        scenario
    };
    let uploads = |name: &str, scripts| {
        let mut scenario = Scenario::new(name, scripts, |play| {
            let body = Body::sized(std::io::repeat(b'x'), LARGE as u64);
            play.fetch("PUT", "token", body)
        });
        scenario.large = true;
        scenario.with(|builder| builder.blocksize(1 << 19))
    };
    let broken = Script::new()
        .send(ok(LENGTH))
        .refuse_writes(70, ErrorKind::BrokenPipe);
    let early = Script::new()
        .expect_head()
        .send(ok(LENGTH))
        .expect_bytes(LARGE);
    vec![
        expects(
            "continue",
            kept(answers(HUNDRED).expect_bytes(9).send(ok(LENGTH))),
        ),
        expects("continue refused", vec![answers(REFUSAL)]),
        expects(
            "continue unanswered",
            kept(Script::new().expect_head().expect_bytes(9).send(ok(LENGTH))),
        ),
        insists("a write that fails, and an early answer", vec![broken]),
        uploads("an early answer that closes", vec![answers(REFUSAL)]),
        uploads("an early answer that keeps", kept(early)),
    ]
}

fn tunnels() -> Vec<Scenario> {
    let tunnel = |name: &str, script: Script| {
        let mut scenario = Scenario::new(name, kept(script), |play| {
            play.request("GET", "token", (), &[("Authorization", "inner-secret")])?;
            play.receive()
        });
        scenario.tunnel = true;
        scenario
    };
    let opened = b"HTTP/1.1 200 Yes\r\nVia: p\r\n\r\n";
    let refused = "HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nnope";
    vec![
        tunnel("a tunnel", answers(opened).expect_head().send(ok(LENGTH))),
        tunnel(
            "a tunnel after an interim response",
            answers(HUNDRED)
                .send(opened)
                .expect_head()
                .send(ok(CHUNKED)),
        ),
        tunnel("a refused tunnel", answers(refused.as_bytes())),
    ]
}

fn sequences() -> Vec<Scenario> {
    let twice = |play: &mut Play| {
        play.get("first")?;
        play.fetch("POST", "second", b"x")
    };
    let two = || {
        answers(&ok(LENGTH))
            .expect_head()
            .expect_bytes(1)
            .send(ok(CHUNKED))
    };
    let stray = [ok(LENGTH), ok("Content-Length: 4\r\n\r\nEVIL")].concat();
    let second = |rest| kept(Script::new().expect_head().expect_bytes(1).send(ok(rest)));
    let after_close = |first: Script| [vec![first], second(CHUNKED)].concat();
    let partly = |count: usize| {
        move |play: &mut Play| {
            play.request("GET", "first", (), &[])?;
            play.receive_only(count)?;
            play.fetch("POST", "second", b"x")
        }
    };
    vec![
        Scenario::new("two on one connection", kept(two()), twice),
        Scenario::new("two, always looking", kept(two()), twice)
            .with(|builder| builder.stale_check(StaleCheck::Always)),
        Scenario::new("two after an idle time", kept(two()), |play| {
            play.get("first")?;
            // An early answer may have closed it.
            if let Some(stream) = play.conn.stream_mut() {
                stream.peer().pass(Duration::from_secs(1));
            }
            play.fetch("POST", "second", b"x")
        }),
        Scenario::new(
            "a stale connection, seen",
            after_close(Script::answer(ok(LENGTH))),
            twice,
        )
        .with(|builder| builder.stale_check(StaleCheck::Always)),
        Scenario::new(
            "a stale connection, not seen",
            vec![Script::answer(ok(LENGTH))],
            twice,
        )
        .with(|builder| builder.stale_check(StaleCheck::Never)),
        Scenario::new(
            "stray bytes",
            after_close(Script::new().expect_head().send(stray)),
            twice,
        )
        .with(|builder| builder.stale_check(StaleCheck::Always)),
        Scenario::new("a response half read", kept(two()), partly(3)).half_read(),
        Scenario::new(
            "a response half come",
            after_close(Script::new().expect_head().send(&ok(LENGTH)[..45])),
            partly(1),
        ),
        Scenario::new("drained", kept(two()), |play| {
            play.request("GET", "first", (), &[])?;
            let _ = play.conn.getresponse()?.drain(100)?;
            play.fetch("POST", "second", b"x")
        }),
        Scenario::new("connected by hand", kept(answers(&ok(LENGTH))), |play| {
            play.conn.connect()?;
            play.get("token")
        })
        .with(|builder| builder.auto_open(true)),
        Scenario::new(
            "closed by hand between",
            after_close(answers(&ok(LENGTH))),
            |play| {
                play.get("first")?;
                play.conn.close();
                play.fetch("POST", "second", b"x")
            },
        ),
    ]
}
