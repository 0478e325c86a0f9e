//! Proxies of a session: SOCKS 5 before a server of the test's own, HTTP plain and by CONNECT, the
//! filter of addresses with each, and who says which proxy is used (RFC 1928, RFC 1929; RFC 9110
//! section 9.3.6).

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use stdhttp::ConnectTime;
use stdhttp::requests::{ExceptionKind, RequestException, SocksError, TlsSettings};
use stdhttp::urllib::Proxies;

use super::*;

/// What a proxy was told, as text.
type Told = Arc<Mutex<Vec<String>>>;

fn read<const COUNT: usize>(stream: &mut TcpStream) -> io::Result<[u8; COUNT]> {
    let mut octets = [0; COUNT];
    stream.read_exact(&mut octets)?;
    Ok(octets)
}

fn read_many(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [length] = read(stream)?;
    let mut octets = vec![0; length.into()];
    stream.read_exact(&mut octets)?;
    Ok(octets)
}

fn read_text(stream: &mut TcpStream) -> io::Result<String> {
    Ok(String::from_utf8(read_many(stream)?).unwrap())
}

/// What the SOCKS server of a test answers: the method, the word on name and password, the reply.
type Answers = (u8, u8, &'static [u8]);

/// Serves one connection: SOCKS with these answers, then HTTP, whatever the target is.
fn serve_socks(
    stream: &mut TcpStream,
    told: &Told,
    (method, login, reply): Answers,
) -> io::Result<()> {
    let tell = |text: String| told.lock().unwrap().push(text);
    assert_eq!(read(stream)?, [5]);
    tell(format!("methods {:?}", read_many(stream)?));
    stream.write_all(&[5, method])?;
    if method == 2 {
        assert_eq!(read(stream)?, [1]);
        let (user, password) = (read_text(stream)?, read_text(stream)?);
        tell(format!("{user} {password}"));
        stream.write_all(&[1, login])?;
    }
    let [5, 1, 0, kind] = read(stream)? else {
        panic!("no CONNECT")
    };
    let host = match kind {
        1 => IpAddr::from(read::<4>(stream)?).to_string(),
        4 => IpAddr::from(read::<16>(stream)?).to_string(),
        3 => read_text(stream)?,
        other => panic!("address of kind {other}"),
    };
    let port = u16::from_be_bytes(read(stream)?);
    tell(format!("{kind} {host} {port}"));
    stream.write_all(reply)?;
    serve_http(stream, told);
    Ok(())
}

/// Tells the heads that come, and answers each.
fn serve_http(stream: &mut TcpStream, told: &Told) {
    let (mut head, mut block) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut block) {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&block[..count]),
        }
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
            let answer = match text.starts_with("CONNECT ") {
                true => "HTTP/1.1 200 OK\r\n\r\n",
                false => OK,
            };
            told.lock().unwrap().push(text);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }
}

/// A server on loopback, and what it is told.
fn listening(serve: impl Fn(&mut TcpStream, &Told) + Send + 'static) -> (u16, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Told::default();
    let kept = told.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            serve(&mut stream, &kept);
        }
    });
    (port, told)
}

const GRANTED: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

fn socks(method: u8, login: u8, reply: &'static [u8]) -> (u16, Told) {
    listening(move |stream, told| {
        // A client that is refused, or that has nothing to say, goes away.
        let _ = serve_socks(stream, told, (method, login, reply));
    })
}

/// A session over TCP, with TLS that changes nothing.
fn over_tcp(change: impl FnOnce(HTTPAdapter) -> HTTPAdapter) -> Session {
    let plain = |_: &str, stream, _: ConnectTime<'_>, _: &TlsSettings| Ok(stream);
    let adapter = change(HTTPAdapter::new().tls(plain));
    let mut session = session_with(adapter.clone());
    session.mount("https://", adapter);
    session.set_timeout(Duration::from_secs(20));
    session
}

/// Asks for a URL through this proxy for everything.
fn through(session: &Session, proxy: &str, url: &str) -> Result<String, RequestException> {
    let proxies = Proxies::new().with("all", proxy).unwrap();
    let response = session.get(url).proxies(proxies).send()?;
    Ok(response.text()?.into_owned())
}

fn socks_error(error: &RequestException) -> SocksError {
    assert!(
        matches!(error.kind(), ExceptionKind::ProxyError(_)),
        "{error:?}"
    );
    let Some(HTTPException::Io { error, .. }) = error.http_exception() else {
        panic!("{error:?}")
    };
    *error
        .get_ref()
        .and_then(|inner| inner.downcast_ref())
        .unwrap()
}

#[test]
fn socks_is_told_a_name_or_an_address_as_the_scheme_says() {
    for (scheme, url, target) in [
        ("socks5h", "http://name.test/a", "3 name.test 80"),
        ("socks5h", "http://name.test:8080/a", "3 name.test 8080"),
        ("socks5h", "http://127.0.0.1:81/a", "1 127.0.0.1 81"),
        ("socks5h", "http://[::1]:81/a", "4 ::1 81"),
        ("socks5", "http://127.0.0.1:81/a", "1 127.0.0.1 81"),
        ("socks5", "http://[::1]:81/a", "4 ::1 81"),
        ("socks5h", "https://name.test/a", "3 name.test 443"),
        ("socks5", "https://127.0.0.1/a", "1 127.0.0.1 443"),
    ] {
        let (port, told) = socks(0, 0, GRANTED);
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        assert_eq!(
            through(&session, &proxy, url).unwrap(),
            "ok",
            "{scheme} {url}"
        );
        let told = told.lock().unwrap();
        assert_eq!(told[..2], ["methods [0]", target], "{scheme} {url}");
        assert!(told[2].starts_with("GET /a HTTP/1.1\r\n"), "{told:?}");
        assert!(!told[2].contains("Proxy-"), "{told:?}");
    }
}

#[test]
fn socks_resolves_here_what_it_is_not_to_resolve() {
    let (port, told) = socks(0, 0, GRANTED);
    let session = over_tcp(|adapter| adapter.allow_addresses(|address| address.is_ipv4()));
    through(
        &session,
        &format!("socks5://127.0.0.1:{port}"),
        "http://localhost:81/",
    )
    .unwrap();
    assert_eq!(told.lock().unwrap()[1], "1 127.0.0.1 81");
}

#[test]
fn socks_gets_name_and_password_only_if_it_asks() {
    for (method, said) in [(0, None), (2, Some("us er p@ss"))] {
        let (port, told) = socks(method, 0, GRANTED);
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("socks5h://us%20er:p%40ss@127.0.0.1:{port}");
        assert_eq!(through(&session, &proxy, "http://h.test/").unwrap(), "ok");
        let told = told.lock().unwrap();
        assert_eq!(told[0], "methods [0, 2]");
        assert_eq!(told.iter().any(|told| told == "us er p@ss"), said.is_some());
        assert!(!told.last().unwrap().contains("uthorization"), "{told:?}");
    }
}

#[test]
fn what_socks_refuses_is_an_error_of_the_proxy() {
    let cases: [(u8, u8, &'static [u8], SocksError); 8] = [
        (255, 0, GRANTED, SocksError::NoAcceptableMethod),
        (1, 0, GRANTED, SocksError::NoAcceptableMethod),
        (2, 1, GRANTED, SocksError::AuthenticationFailed),
        (
            0,
            0,
            &[5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
            SocksError::Refused(1),
        ),
        (
            0,
            0,
            &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0],
            SocksError::Refused(5),
        ),
        (
            0,
            0,
            &[5, 9, 0, 1, 0, 0, 0, 0, 0, 0],
            SocksError::Refused(9),
        ),
        (0, 0, &[4, 0, 0, 1, 0, 0, 0, 0, 0, 0], SocksError::Malformed),
        (0, 0, &[5, 0, 0, 2, 0, 0, 0, 0, 0, 0], SocksError::Malformed),
    ];
    for (method, login, reply, expected) in cases {
        let (port, told) = socks(method, login, reply);
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("socks5h://u:p@127.0.0.1:{port}");
        let error = through(&session, &proxy, "http://h.test/").unwrap_err();
        assert_eq!(socks_error(&error), expected);
        assert!(error.request().is_some());
        assert!(
            told.lock()
                .unwrap()
                .iter()
                .all(|told| !told.contains("GET "))
        );
    }
}

#[test]
fn a_socks_reply_of_any_form_ends_where_the_server_begins() {
    let replies: [&'static [u8]; 3] = [
        GRANTED,
        &[
            5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2,
        ],
        &[5, 0, 0, 3, 4, b'n', b'a', b'm', b'e', 1, 2],
    ];
    for reply in replies {
        let (port, _) = socks(0, 0, reply);
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("socks5h://127.0.0.1:{port}");
        assert_eq!(
            through(&session, &proxy, "http://h.test/").unwrap(),
            "ok",
            "{reply:?}"
        );
    }
}

#[test]
fn what_socks_has_no_room_for_is_an_error_before_it_is_told() {
    let long = "a".repeat(256);
    for (user, expected) in [
        (format!("{long}:p"), SocksError::InvalidCredentials),
        (format!("u:{long}"), SocksError::InvalidCredentials),
        ("u:".to_owned(), SocksError::InvalidCredentials),
    ] {
        let (port, told) = socks(2, 0, GRANTED);
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("socks5h://{user}@127.0.0.1:{port}");
        let error = through(&session, &proxy, "http://h.test/").unwrap_err();
        assert_eq!(socks_error(&error), expected);
        assert!(told.lock().unwrap().is_empty());
    }
    let (port, told) = socks(2, 0, GRANTED);
    let (user, session) = ("u".repeat(255), over_tcp(|adapter| adapter));
    let proxy = format!("socks5h://{user}:{user}@127.0.0.1:{port}");
    assert_eq!(through(&session, &proxy, "http://h.test/").unwrap(), "ok");
    assert_eq!(told.lock().unwrap()[1], format!("{user} {user}"));
}

#[test]
fn a_name_of_any_length_goes_to_socks_whole_or_not_at_all() {
    for length in [253, 255, 256, 400] {
        let labels = format!("{}.", "a".repeat(49));
        let name: String = labels
            .chars()
            .cycle()
            .take(length - 1)
            .chain(['b'])
            .collect();
        let (port, told) = socks(0, 0, GRANTED);
        let session = over_tcp(|adapter| adapter);
        let asked = through(
            &session,
            &format!("socks5h://127.0.0.1:{port}"),
            &format!("http://{name}/"),
        );
        let told = told.lock().unwrap();
        match asked {
            Ok(text) => assert_eq!((text.as_str(), &told[1]), ("ok", &format!("3 {name} 80"))),
            Err(error) => {
                assert!(length > 253, "{error:?}");
                assert!(told.is_empty(), "{told:?}");
            }
        }
    }
}

/// A proxy of HTTP, or a server.
fn http() -> (u16, Told) {
    listening(serve_http)
}

#[test]
fn name_and_password_of_an_http_proxy_are_told_to_it_alone() {
    let basic = "Proxy-Authorization: Basic dXMgZXI6cEBzcw==\r\n";
    for url in ["http://h.test/a", "https://h.test/a"] {
        let (port, told) = http();
        let session = over_tcp(|adapter| adapter);
        let proxy = format!("http://us%20er:p%40ss@127.0.0.1:{port}");
        assert_eq!(through(&session, &proxy, url).unwrap(), "ok");
        let told = told.lock().unwrap();
        assert!(told[0].contains(basic), "{told:?}");
        match url.starts_with("https") {
            true => {
                assert!(
                    told[0].starts_with("CONNECT h.test:443 HTTP/1.1\r\n"),
                    "{told:?}"
                );
                assert!(
                    told[1].starts_with("GET /a HTTP/1.1\r\nHost: h.test\r\n"),
                    "{told:?}"
                );
                assert!(!told[1].contains("Proxy-"), "{told:?}");
            }
            false => assert!(
                told[0].starts_with("GET http://h.test/a HTTP/1.1\r\n"),
                "{told:?}"
            ),
        }
    }
}

#[test]
fn the_filter_sees_the_address_of_the_target_through_every_proxy() {
    // What is connected to, and whether an address is refused that only the filter's owner may see.
    let refused = |address: IpAddr| !address.is_loopback();
    for scheme in ["http", "socks5", "socks5h"] {
        for url in [
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            let (port, told) = http();
            let session = over_tcp(|adapter| {
                adapter.allow_addresses(|address| {
                    !matches!(address, IpAddr::V4(ip) if ip.is_private())
                        && !address.to_string().starts_with("fd00")
                })
            });
            let error =
                through(&session, &format!("{scheme}://127.0.0.1:{port}"), url).unwrap_err();
            let kind = error.kind();
            assert!(
                matches!(kind, ExceptionKind::AddressNotAllowed(_)),
                "{scheme} {url} {kind:?}"
            );
            let text = error.to_string();
            assert!(text.contains("no address of the host is allowed"), "{text}");
            assert!(told.lock().unwrap().is_empty(), "{scheme} {url}");
        }
        // The proxy's own address is the caller's choice.
        let (port, _) = match scheme {
            "http" => http(),
            _ => socks(0, 0, GRANTED),
        };
        let session = over_tcp(|adapter| adapter.allow_addresses(refused));
        let url = "http://8.8.8.8/";
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        assert_eq!(through(&session, &proxy, url).unwrap(), "ok", "{scheme}");
    }
}

/// Which proxy a session whose sources say these asks for a URL.
fn asked(
    call: Option<Proxies>,
    session: Option<&str>,
    environment: &[(&str, &str)],
    url: &str,
) -> String {
    let asked = Arc::new(Mutex::new(String::new()));
    let kept = asked.clone();
    let peer = Peer::new([answers_of(&[OK])]);
    let adapter = HTTPAdapter::new().connector(move |route: &mut Route<'_>| {
        *kept.lock().unwrap() = route.host().to_owned();
        dial(&peer)(route)
    });
    let mut over = session_with(adapter);
    over.environment_mut().proxies = true;
    over.environment_mut()
        .set_variables(environment.iter().copied());
    if let Some(proxy) = session {
        over.set_proxies(Proxies::new().with("http", proxy).unwrap());
    }
    let request = over.get(url);
    let request = match call {
        Some(proxies) => request.proxies(proxies),
        None => request,
    };
    request.send().unwrap();
    let host = asked.lock().unwrap();
    host.clone()
}

#[test]
fn the_call_counts_more_than_the_session_and_that_more_than_the_environment() {
    let environment = [("http_proxy", "http://env")];
    let own = || Some(Proxies::new().with("http", "http://call").unwrap());
    let url = "http://h/";
    assert_eq!(asked(None, None, &[], url), "h");
    assert_eq!(asked(None, None, &environment, url), "env");
    assert_eq!(
        asked(None, Some("http://session"), &environment, url),
        "session"
    );
    assert_eq!(
        asked(own(), Some("http://session"), &environment, url),
        "call"
    );
    for none in [Proxies::default(), Proxies::direct()] {
        assert_eq!(
            asked(Some(none), Some("http://session"), &environment, url),
            "h"
        );
    }
}

#[test]
fn no_proxy_of_the_environment_is_read_in_all_its_forms() {
    for (list, url, is_direct) in [
        ("*", "http://h.test/", true),
        ("h.test", "http://h.test/", true),
        ("h.test", "http://sub.h.test/", true),
        (".h.test", "http://sub.h.test/", true),
        ("h.test", "http://oh.test/", false),
        ("h.test:8080", "http://h.test:8080/", true),
        ("h.test:8080", "http://h.test/", false),
        ("H.TEST", "http://h.test./", true),
        ("a, h.test ,b", "http://h.test/", true),
        ("10.0.0.0/8", "http://10.1.2.3/", true),
        ("10.0.0.0/8", "http://11.1.2.3/", false),
        ("fd00::/8", "http://[fd00::1]/", true),
        ("[::1]", "http://[::1]/", true),
        ("::1", "http://[::1]/", true),
        ("", "http://h.test/", false),
    ] {
        let environment = [("http_proxy", "http://env"), ("no_proxy", list)];
        let host = asked(None, None, &environment, url);
        assert_eq!(host != "env", is_direct, "{list} {url} {host}");
    }
}

#[test]
fn what_is_no_proxy_is_an_error_before_anything_is_sent() {
    let (mut session, peer) = answering([OK]);
    session.environment_mut().proxies = true;
    session
        .environment_mut()
        .set_variables([("http_proxy", "ftp://p")]);
    let error = session.get("http://h/").send().unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::InvalidProxyURL(_)),
        "{error:?}"
    );
    assert_eq!(peer.calls().connects, 0);
}

/// A connector stands in place of TCP, and not of what is spoken to a proxy.
#[test]
fn a_connector_leads_to_the_proxy_and_what_is_spoken_there_comes_on_top() {
    let secured = Arc::new(Mutex::new(Vec::new()));
    let names = secured.clone();
    let tls = move |name: &str, stream: BoxedStream, _: ConnectTime<'_>, _: &TlsSettings| {
        names.lock().unwrap().push(name.to_owned());
        Ok(stream)
    };
    let peer = Peer::new([answers_of(&[OK])]);
    let session = session_with(adapter(&peer).tls(tls));
    let proxies = Proxies::new().with("http", "https://me:pw@proxy").unwrap();
    session.get("http://h/").proxies(proxies).send().unwrap();
    assert_eq!(*secured.lock().unwrap(), ["proxy"]);

    let script = Script::new()
        .expect_bytes(3)
        .send(b"\x05\x00")
        .expect_bytes(8)
        .send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        .expect_head()
        .send(OK);
    let peer = Peer::new([script]);
    let dialled = Arc::new(Mutex::new(Vec::new()));
    let (log, connect) = (dialled.clone(), dial(&peer));
    let session = session_with(adapter(&peer).connector(move |route| {
        log.lock()
            .unwrap()
            .push((route.host().to_owned(), route.port()));
        connect(route)
    }));
    let proxies = Proxies::new().with("http", "socks5h://proxy").unwrap();
    session.get("http://h/").proxies(proxies).send().unwrap();
    assert_eq!(*dialled.lock().unwrap(), [("proxy".to_owned(), 1080)]);
    let told = [&b"\x05\x01\x00\x05\x01\x00\x03\x01h\x00\x50"[..], b"GET / "].concat();
    assert!(peer.received(0).starts_with(&told));
}

#[test]
fn a_proxy_that_speaks_tls_needs_tls() {
    let peer = Peer::new([answers_of(&[OK])]);
    let proxies = Proxies::new().with("http", "https://proxy:8443").unwrap();
    let sent = session(&peer).get("http://h/").proxies(proxies).send();
    let error = sent.unwrap_err();
    assert!(
        matches!(error.kind(), ExceptionKind::MissingTls),
        "{error:?}"
    );
    assert_eq!(peer.calls().connects, 0);
}
