//! Advisories of `docs/security.md` that no single rule of the RFCs covers.

use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use stdhttp::HTTPException::{
    self, IncompleteRead, InvalidBody, InvalidHeaderName, InvalidHeaderValue, InvalidMethod,
    InvalidURL, TooMany, UnsolicitedData,
};
use stdhttp::testing::{Fault, Peer, Script};
use stdhttp::{Body, BodyFault, ChunkFault, HTTPConnection, HTTPResponse, Secured, StaleCheck};

use crate::a10_connections::Mock;
use crate::counting::measure;
use crate::support::{GET, SECOND, check_second, chunked, conn, ok};

/// Characters whose low octet is CR or LF.
fn narrowed_line_ends() -> impl Iterator<Item = char> {
    let all = (0x100..0x11_0000).filter(|code| matches!(code & 0xff, 0x0a | 0x0d));
    all.filter_map(char::from_u32)
}

#[test]
fn no_character_is_narrowed_to_a_line_end() {
    let (mut conn, peer) = conn([Script::new()]);
    for character in narrowed_line_ends() {
        let text = format!("/{character}");
        assert!(matches!(conn.putrequest("GET", &text), Err(InvalidURL(_))));
        assert!(matches!(
            conn.putrequest(&text[1..], "/"),
            Err(InvalidMethod { .. })
        ));
        let latin1 = Body::latin1(&text);
        let fault = BodyFault::NotLatin1;
        assert!(matches!(latin1, Err(InvalidBody { fault: found }) if found == fault));
    }
    conn.putrequest("GET", "/").unwrap();
    for character in narrowed_line_ends().step_by(50) {
        let text = character.to_string();
        assert!(matches!(
            conn.putheader(&text, "1"),
            Err(InvalidHeaderName { .. })
        ));
        conn.putheader("X", &text).unwrap();
    }
    conn.endheaders().unwrap();
    let head = String::from_utf8(peer.received(0)).unwrap();
    let lines = head.split("\r\n").filter(|line| line.starts_with("X: "));
    assert_eq!(lines.count(), narrowed_line_ends().step_by(50).count());
    assert_eq!(
        head.matches(['\r', '\n']).count(),
        head.matches("\r\n").count() * 2
    );
}

#[test]
fn trailers_pass_the_checks_of_fields() {
    let (mut conn, peer) = conn([Script::new()]);
    conn.putrequest("PUT", "/").unwrap();
    conn.putheader("Transfer-Encoding", "chunked").unwrap();
    conn.endheaders().unwrap();
    let head = peer.calls().bytes_written;
    for octet in (0..=0x7fu8).map(char::from) {
        let (name, value) = (format!("X{octet}Y"), format!("a{octet}b"));
        let legal_name = octet.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(octet);
        let legal_value = octet == '\t' || octet == ' ' || octet.is_ascii_graphic();
        if !legal_name {
            let result = conn.send_last_chunk(&[(&name, "1")]);
            assert!(matches!(result, Err(InvalidHeaderName { .. })));
        }
        if !legal_value {
            let result = conn.send_last_chunk(&[("X", &value)]);
            assert!(matches!(result, Err(InvalidHeaderValue { .. })));
        }
    }
    assert_eq!(peer.calls().bytes_written, head);
}

#[test]
fn a_request_leaves_nothing_to_the_next() {
    let script = Script::new().expect_head().expect("secret");
    let plain = "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\r\n";
    let script = script.send(ok("Content-Length: 0", "")).expect(plain);
    let again = Script::new().expect(plain).send(SECOND);
    let (mut conn, peer) = conn([script.send(ok("Connection: close", "")), again]);
    let secrets = [
        ("Authorization", "secret"),
        ("TE", "trailers"),
        ("Upgrade", "x"),
    ];
    conn.request("PUT", "/", "secret", &secrets).unwrap();
    conn.getresponse().unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap().close();
    conn.putrequest("PATCH", "/dropped").unwrap();
    conn.putheader("X-Dropped", "secret").unwrap();
    conn.close();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().status(), 204);
    peer.check().unwrap();
}

#[test]
fn chunk_sizes_around_every_power_of_two() {
    for power in 0..=128u32 {
        for step in [-2i32, -1, 0, 1, 2] {
            let Some(size) = hexadecimal(power, step) else {
                continue;
            };
            let fits = size.trim_start_matches('0').len() <= 16;
            let result = GET.run(chunked(format!("{size}\r\n")));
            match result {
                Err(HTTPException::InvalidChunk { fault, .. }) => {
                    assert!(!fits && fault == ChunkFault::SizeOverflow, "{size}");
                }
                Err(IncompleteRead(_)) => assert!(fits, "{size}"),
                other => panic!("{size}: {other:?}"),
            }
        }
    }
}

/// 2 to the `power`, plus `step`, if that is above 0.
fn hexadecimal(power: u32, step: i32) -> Option<String> {
    match 1u128.checked_shl(power) {
        Some(number) => {
            let sum = number
                .checked_add_signed(step.into())
                .filter(|&sum| sum > 0)?;
            Some(format!("{sum:X}"))
        }
        None if step < 0 => Some(format!(
            "{:X}",
            u128::MAX - u128::from((-step - 1).unsigned_abs())
        )),
        None => Some(format!("1{:0>32X}", step)),
    }
}

#[test]
fn endless_heads_end_at_their_limits() {
    for (start, again) in [
        ("HTTP/1.1 200 ", "a"),
        ("HTTP/1.1 200 OK\r\n", "n"),
        ("HTTP/1.1 200 OK\r\nX: ", "v"),
        ("HTTP/1.1 200 OK\r\n", "a:\r\n"),
        ("HTTP/1.1 200 OK\r\nX: a\r\n", " \r\n"),
        ("", "HTTP/1.1 100 C\r\n\r\n"),
        ("", "\r\n"),
        (
            "",
            "HTTP/1.1 103 C\r\nLink: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
        ),
    ] {
        let endless = start.as_bytes().chain(Endless {
            text: again.as_bytes(),
            at: 0,
        });
        let mut counted = endless.take(64 << 20);
        let result = HTTPResponse::from_reader(BufReader::new(&mut counted), "GET");
        assert!(
            result.is_err_and(|error| error.is_protocol_error()),
            "{again}"
        );
        assert!((64 << 20) - counted.limit() < 300_000, "{again}");
    }
}

/// A text without end.
struct Endless {
    text: &'static [u8],
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for place in &mut *buffer {
            *place = self.text[self.at];
            self.at = (self.at + 1) % self.text.len();
        }
        Ok(buffer.len())
    }
}

#[test]
fn no_call_without_progress() {
    let body = "1;e\r\na\r\n".repeat(500) + "0\r\nX: 1\r\n\r\n";
    let message = chunked(body);
    let script = Script::new().expect_head().send_pieces(&message, &[1]);
    let (mut conn, peer) = conn([script]);
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap().len(), 500);
    assert!(peer.calls().all < 2 * message.len());
}

#[test]
fn after_a_failure_at_any_call_the_next_answer_is_its_own() {
    let late = ok("Content-Length: 4", "LATE");
    for kind in [
        ErrorKind::TimedOut,
        ErrorKind::ConnectionReset,
        ErrorKind::UnexpectedEof,
    ] {
        // The first call connects; nothing can be stale before it.
        for call in 1..20 {
            let script = Script::new().expect_head().send_pieces(&late, &[20]);
            let script = script.expect_head().send(SECOND);
            let (mut conn, peer) = conn([script, Script::answer(SECOND), Script::answer(SECOND)]);
            peer.fault_once(call, Fault::Error(kind));
            let first = conn.request("GET", "/", (), &[]);
            let first = first.and_then(|()| conn.getresponse()?.read(None));
            peer.clear_faults();
            assert!(
                first.as_ref().map_or(true, |body| body == b"LATE"),
                "{first:?}"
            );
            check_second(&mut conn);
        }
    }
}

#[test]
fn fields_of_a_tunnel_stay_with_the_proxy() {
    let answer = "HTTP/1.1 200 OK\r\nProxy-Secret: yes\r\n\r\n";
    let script = Script::new()
        .expect_head()
        .send(answer)
        .expect_head()
        .send(SECOND);
    let (mut conn, peer) = conn([script]);
    let secret = [("Proxy-Authorization", "Basic c2VjcmV0")];
    conn.set_tunnel("origin", 81, &secret).unwrap();
    conn.request("GET", "/", (), &[]).unwrap();
    assert_eq!(conn.getresponse().unwrap().getheader("proxy-secret"), None);
    let written = String::from_utf8(peer.received(0)).unwrap();
    let (connect, request) = written.split_once("\r\n\r\n").unwrap();
    assert!(connect.contains("c2VjcmV0") && !request.contains("c2VjcmV0"));
    assert!(!format!("{conn:?}").contains("c2VjcmV0"));
}

#[test]
fn data_before_the_handshake_is_refused() {
    let script = Script::new()
        .expect_head()
        .send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n");
    let peer = Peer::new([script]);
    let secured = Secured::new(Mock { fails: false }, peer.clone());
    let mut conn = HTTPConnection::builder("proxy")
        .connector(secured)
        .build()
        .unwrap();
    conn.set_tunnel("target", None, &[]).unwrap();
    assert!(matches!(
        conn.request("GET", "/", (), &[]),
        Err(UnsolicitedData)
    ));
    let calls = peer.calls();
    assert_eq!((calls.open, calls.shutdowns), (0, 1));
}

#[test]
fn hosts_are_ascii_and_bounded() {
    assert!(HTTPConnection::new(&"h".repeat(255), None).is_ok());
    for host in [
        &"h".repeat(256),
        "b\u{fc}cher.example",
        "h\u{2100}",
        "h%2eexample",
        "h\u{ff0f}",
    ] {
        assert!(matches!(
            HTTPConnection::new(host, None),
            Err(InvalidURL(_))
        ));
        unsendable!(|c| c.set_tunnel(host, 443, &[]), InvalidURL(_));
    }
}

#[test]
fn many_small_fields_are_counted_and_stored_closely() {
    let endless = ok("a:\r\n".repeat(1_000_000), "");
    let result = HTTPResponse::from_reader(&endless[..], "GET");
    assert!(matches!(result, Err(TooMany { limit: 256, .. })));
    let most = ok("a:\r\n".repeat(255) + "Content-Length: 0", "");
    let (response, taken) = measure(|| HTTPResponse::from_reader(&most[..], "GET").unwrap());
    assert_eq!(response.headers().len(), 256);
    assert!(taken.peak < 16 * most.len() as i64, "{taken:?}");
}

#[test]
fn an_announced_length_reserves_nothing() {
    for message in [
        ok("Content-Length: 9223372036854775807", "0123456789"),
        ok("Content-Length: 18446744073709551615", "0123456789"),
        chunked("7FFFFFFFFFFFFFFF\r\n0123456789"),
        chunked("FFFFFFFFFFFFFFFF\r\n0123456789"),
    ] {
        let (result, taken) = measure(|| {
            let mut response = HTTPResponse::from_reader(&message[..], "GET")?;
            response.read(None)
        });
        assert!(matches!(result, Err(IncompleteRead(_))));
        assert!(taken.peak < 128 << 10 && taken.calls < 20, "{taken:?}");
    }
}

#[test]
fn stray_bytes_at_any_moment_are_never_an_answer() {
    let evil = "HTTP/1.1 200 OK\r\nX-Evil: yes\r\nContent-Length: 4\r\n\r\nEVIL";
    for stray in ["\r\n", "x", &evil[..20], evil, &evil.repeat(3)] {
        for message in [
            ok("Content-Length: 2", "hi"),
            chunked("2\r\nhi\r\n0\r\n\r\n"),
            ok("Connection: close\r\nContent-Length: 2", "hi"),
            b"HTTP/1.1 204 x\r\n\r\n".to_vec(),
            b"HTTP/1.1 304 x\r\nContent-Length: 54\r\n\r\n".to_vec(),
        ] {
            let apart = Script::new().expect_head().send(&message).send(stray);
            let joined = Script::new()
                .expect_head()
                .send([&message, stray.as_bytes()].concat());
            for script in [apart, joined] {
                let peer = Peer::new([script, Script::answer(SECOND)]);
                let builder = HTTPConnection::builder("h").connector(peer.clone());
                let mut conn = builder.stale_check(StaleCheck::Always).build().unwrap();
                conn.request("GET", "/", (), &[]).unwrap();
                conn.getresponse().unwrap().read(None).unwrap();
                check_second(&mut conn);
                assert_eq!(peer.calls().connects, 2);
            }
        }
    }
}

#[test]
fn unsafe_code_is_in_one_file() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    assert!(root.contains("forbid(unsafe_code)") && root.contains("deny(unsafe_code)"));
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("transport/sys.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for word in ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"] {
                    assert!(!text.contains(word), "{}", path.display());
                }
            }
        }
    }
}
