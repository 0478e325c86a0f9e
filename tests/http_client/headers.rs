//! HeaderTests, HttpMethodTests, HTTPResponseTest: fields and methods, sent and received.

use stdhttp::{Counted, HTTPConnection, HTTPException, Limits, Tolerance, Values};
use stdhttp::{HTTPResponse, testing::Peer};

use crate::support::{Output, answering, connection, lenient, sent, silent, standard};

#[test]
fn header_tests_test_auto_headers() {
    let body = "sixteen letters!";
    for name in ["Content-Length", "Host", "Accept-Encoding"] {
        for given in [&[][..], &[(name, "16")]] {
            let sent = sent(Tolerance::STANDARD, |conn| {
                conn.request("POST", "/", body, given)
            });
            assert_eq!(sent.unwrap().headers.get_all(name).count(), 1, "{name}");
        }
    }
}

fn content_length(
    tolerance: Tolerance,
    method: &str,
    body: Option<&str>,
) -> Result<Option<String>, HTTPException> {
    let target = if method == "CONNECT" { "h:1" } else { "/" };
    let sent = sent(tolerance, |conn| match body {
        Some(body) => conn.request(method, target, body, &[]),
        None => conn.request(method, target, (), &[]),
    });
    Ok(sent?.header("Content-Length"))
}

#[test]
fn header_tests_test_content_length_0() {
    let length = |method, body| content_length(Tolerance::HTTP_CLIENT, method, body).unwrap();
    for method in ["PUT", "POST", "PATCH"] {
        assert_eq!(length(method, None).as_deref(), Some("0"));
        assert_eq!(length(method, Some("")).as_deref(), Some("0"));
        assert_eq!(length(method, Some(" ")).as_deref(), Some("1"));
    }
    for method in ["GET", "CONNECT", "DELETE", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(length(method, None), None, "{method}");
        assert_eq!(length(method, Some("")).as_deref(), Some("0"));
        assert_eq!(length(method, Some(" ")).as_deref(), Some("1"));
    }
    for method in ["CONNECT", "TRACE", "OPTIONS"] {
        let refused = content_length(Tolerance::STANDARD, method, Some(" "));
        assert!(matches!(refused, Err(HTTPException::InvalidBody { .. })));
    }
}

#[test]
fn header_tests_test_putheader() {
    let sent = sent(Tolerance::HTTP_CLIENT, |conn| {
        conn.putrequest("GET", "/")?;
        conn.putheader("Number", 42)?;
        conn.putheader("Spaces", " \t before and after\t ")?;
        conn.putheader("Two", ["one", "other"])?;
        conn.putheader("High", b"\xff")?;
        conn.putheader("Utf-8", "\u{3c0}\u{3c1}")?;
        conn.putheader("Control", b"next\x85line")?;
        conn.putheader("Fold-Space", "a\r\n b")?;
        conn.putheader("Fold-Tab", "a\r\n\tb")?;
        conn.putheader("Inner Space", "v")?;
        conn.putheader("Last Space ", "v")?;
        conn.putheader_bytes(b"Inner\xa0Octet", "v")?;
        conn.putheader_bytes(b"\xa0First Octet", "v")?;
        conn.endheaders()
    });
    let expected = [
        &b"GET / HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n"[..],
        b"Number: 42\r\n",
        b"Spaces:  \t before and after\t \r\n",
        b"Two: one\r\n\tother\r\n",
        b"High: \xff\r\n",
        "Utf-8: \u{3c0}\u{3c1}\r\n".as_bytes(),
        b"Control: next\x85line\r\n",
        b"Fold-Space: a\r\n b\r\n",
        b"Fold-Tab: a\r\n\tb\r\n",
        b"Inner Space: v\r\n",
        b"Last Space : v\r\n",
        b"Inner\xa0Octet: v\r\n",
        b"\xa0First Octet: v\r\n\r\n",
    ];
    assert_eq!(sent.unwrap().head, expected.concat());
}

/// Under the default tolerance white space around a value is dropped, and a name is a token.
#[test]
fn putheader_under_the_default_tolerance() {
    let sent = sent(Tolerance::STANDARD, |conn| {
        conn.putrequest("GET", "/")?;
        assert!(conn.putheader("Inner Space", "v").is_err());
        assert!(conn.putheader_bytes(b"\xa0", "v").is_err());
        assert!(conn.putheader("Fold", "a\r\n b").is_err());
        conn.putheader("Spaces", " \t x\t ")?;
        conn.putheader("Many", Values(&[1, 2, 3]))?;
        conn.endheaders()
    });
    let head = String::from_utf8(sent.unwrap().head).unwrap();
    assert!(head.ends_with("identity\r\nSpaces: x\r\nMany: 1, 2, 3\r\n\r\n"));
}

#[test]
fn header_tests_test_ipv6host_header() {
    for (host, expected) in [
        ("[2001::]:81", "[2001::]:81"),
        ("[2001:102A::]", "[2001:102A::]"),
        ("[fe80::%2]", "[fe80::]"),
        ("[fe80::%2]:81", "[fe80::]:81"),
    ] {
        let peer = silent();
        let builder = HTTPConnection::builder(host).connector(peer.clone());
        let mut conn = builder.build().unwrap();
        conn.request("GET", "/foo", (), &[]).unwrap();
        let head =
            format!("GET /foo HTTP/1.1\r\nHost: {expected}\r\nAccept-Encoding: identity\r\n\r\n");
        assert_eq!(peer.received(0), head.as_bytes());
    }
}

/// `Tolerance::HTTP_CLIENT`; the line is skipped, and the response says so.
#[test]
fn header_tests_test_malformed_headers_coped_with() {
    let response =
        lenient(b"HTTP/1.1 200 OK\r\nFirst: a\r\n: nval\r\nSecond: b\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(response.getheader("First").as_deref(), Some("a"));
    assert_eq!(response.getheader("Second").as_deref(), Some("b"));
    let forgiven = response.forgiven();
    assert!(forgiven.contains(stdhttp::Forgiven::MalformedField));
}

#[test]
fn header_tests_test_parse_all_octets() {
    let visible: Vec<u8> = (0x21..=0x7e).collect();
    let high: Vec<u8> = (0x80..=0xff).collect();
    let name = "!#$%&'*+-.^_`|~AZaz09";
    let head = [
        b"HTTP/1.1 200 OK\r\n",
        name.as_bytes(),
        b": value\r\nVisible: ",
        &visible,
        b"\r\nHigh: ",
        &high,
        b"\r\nFolded: text\r\n folded with space\r\n\tfolded with tab\r\nContent-Length: 0\r\n\r\n",
    ]
    .concat();
    let text = |octets: &[u8]| octets.iter().copied().map(char::from).collect::<String>();
    for response in [standard(&head), lenient(&head)] {
        let get = |name: &str| {
            let joined = response.getheader(name).unwrap();
            assert_eq!(response.msg().get(name).unwrap(), joined);
            joined.into_owned()
        };
        assert_eq!(get(name), "value");
        assert_eq!(get("visible"), text(&visible));
        assert_eq!(get("high"), text(&high));
        assert_eq!(response.msg().get_bytes("high").unwrap(), high);
        assert_eq!(get("content-length"), "0");
        let folded = get("folded");
        assert!(folded.starts_with("text") && folded.ends_with("folded with tab"));
        assert!(folded.contains(" folded with space"));
    }
}

/// The sixteen pairs that are refused under every tolerance.
const INVALID_FIELDS: [(&str, &str); 16] = [
    ("a\r\nb", "v"),
    ("a\rb", "v"),
    ("a\nb", "v"),
    ("\r\na", "v"),
    ("\ra", "v"),
    ("\na", "v"),
    (" a", "v"),
    ("\ta", "v"),
    ("a:b", "v"),
    (":a", "v"),
    ("n", "a\r\nb"),
    ("n", "a\rb"),
    ("n", "a\nb"),
    ("n", "a\r\n"),
    ("n", "a\r"),
    ("n", "a\n"),
];

fn is_invalid_field(error: &HTTPException, name: &str) -> bool {
    match error {
        HTTPException::InvalidHeaderName { .. } => name != "n",
        HTTPException::InvalidHeaderValue { .. } => name == "n",
        _ => false,
    }
}

#[test]
fn header_tests_test_invalid_headers() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        for (name, value) in INVALID_FIELDS {
            let sent = sent(tolerance, |conn| {
                conn.putrequest("GET", "/")?;
                let error = conn.putheader(name, value).unwrap_err();
                assert!(
                    is_invalid_field(&error, name),
                    "{name:?} {value:?}: {error}"
                );
                conn.endheaders()
            });
            assert_eq!(sent.unwrap().headers.len(), 2);
        }
    }
}

/// Refused when they are given, not when the tunnel is opened.
#[test]
fn header_tests_test_invalid_tunnel_headers() {
    for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
        for (name, value) in INVALID_FIELDS {
            let peer = silent();
            let mut conn = crate::support::connection_with(&peer, tolerance);
            let error = conn.set_tunnel("destination.com", None, &[(name, value)]);
            let error = error.unwrap_err();
            assert!(
                is_invalid_field(&error, name),
                "{name:?} {value:?}: {error}"
            );
            assert_eq!(peer.calls().connects, 0);
        }
    }
}

/// Refused when it is given, not when the tunnel is opened.
#[test]
fn header_tests_test_invalid_tunnel_host() {
    for host in ["a\rb.com", "a\nb.com", "a\r\nb.com", "a\0b.com", "a b.com"] {
        let error = connection(&silent())
            .set_tunnel(host, None, &[])
            .unwrap_err();
        let HTTPException::InvalidTunnelHost { host: shown } = error else {
            panic!("{host:?}: {error}");
        };
        assert_eq!(shown.as_bytes(), host.as_bytes());
    }
}

#[test]
fn header_tests_test_headers_debuglevel() {
    let peer = answering(
        b"HTTP/1.1 200 OK\r\nFirst: val\r\nSecond: val1\r\nSecond: val2\r\nContent-Length: 0\r\n\r\n",
    );
    let mut conn = connection(&peer);
    let output = Output::default();
    conn.set_debuglevel(1);
    conn.set_debug_output(output.clone());
    conn.request("GET", "/", (), &[]).unwrap();
    conn.getresponse().unwrap();
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    let sent = r"send: b'GET / HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n\r\n'";
    let expected = [
        sent,
        r"reply: 'HTTP/1.1 200 OK\r\n'",
        "header: First: val",
        "header: Second: val1",
        "header: Second: val2",
        "header: Content-Length: 0",
    ];
    assert_eq!(lines, expected);
}

fn many_headers(count: usize) -> String {
    let fields: String = (0..count).map(|n| format!("h{n}: {n}\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\n{fields}")
}

fn limited(count: usize) -> Limits {
    Limits::DEFAULT.with(|limits| limits.headers = count)
}

fn is_too_many(error: &HTTPException, count: usize) -> bool {
    matches!(error, HTTPException::TooMany { what: Counted::Headers, limit } if *limit == count)
}

/// The default limit is 256; that there is no empty line needs `Tolerance::HTTP_CLIENT`.
#[test]
fn header_tests_test_max_response_headers() {
    let bytes = many_headers(120);
    let parse = |count| {
        let tolerance = Tolerance::HTTP_CLIENT;
        HTTPResponse::from_reader_with(bytes.as_bytes(), "GET", limited(count), tolerance)
    };
    assert!(is_too_many(&parse(100).unwrap_err(), 100));
    assert_eq!(parse(120).unwrap().headers().len(), 120);
    assert_eq!(lenient(bytes.as_bytes()).headers().len(), 120);
}

#[test]
fn header_tests_test_max_connection_headers() {
    let bytes = many_headers(119) + "Content-Length: 4\r\n\r\nbody";
    let connect = |count| {
        let peer = answering(&bytes);
        let builder = HTTPConnection::builder("example.com").connector(peer);
        let mut conn: HTTPConnection<Peer> = builder.max_response_headers(count).build().unwrap();
        conn.request("GET", "/", (), &[]).unwrap();
        conn
    };
    let error = connect(100).getresponse().map(drop).unwrap_err();
    assert!(is_too_many(&error, 100));
    let mut conn = connect(120);
    assert_eq!(conn.getresponse().unwrap().read(None).unwrap(), b"body");
}

#[test]
fn http_method_tests_test_invalid_method_names() {
    for method in [
        "GET\r",
        "GET\n",
        "\rGET",
        "\nGET",
        "GE\rT",
        "GE\nT",
        "\r",
        "\n",
        "GET\r\nX: y",
    ] {
        for tolerance in [Tolerance::STANDARD, Tolerance::HTTP_CLIENT] {
            let mut conn = crate::support::connection_with(&silent(), tolerance);
            let error = conn.putrequest(method, "/").unwrap_err();
            assert!(matches!(error, HTTPException::InvalidMethod { .. }));
        }
    }
}

const TWICE: &[u8] =
    b"HTTP/1.1 200 OK\r\nMy-Header: first-value\r\nMy-Header: second-value\r\n\r\nText";

#[test]
fn http_response_test_test_getting_header() {
    let response = standard(TWICE);
    let joined = "first-value, second-value";
    assert_eq!(response.getheader("My-Header").unwrap(), joined);
    assert_eq!(response.getheader_or("my-header", "some default"), joined);
}

#[test]
fn http_response_test_test_getting_nonexistent_header_with_string_default() {
    let response = standard(TWICE);
    assert_eq!(
        response.getheader_or("No-Such-Header", "default"),
        "default"
    );
}

/// The default is one text: several are joined by the caller.
#[test]
fn http_response_test_test_getting_nonexistent_header_with_iterable_default() {
    let response = standard(TWICE);
    let default = ["default", "values"].join(", ");
    assert_eq!(
        response.getheader_or("No-Such-Header", &default),
        "default, values"
    );
}

#[test]
fn http_response_test_test_getting_nonexistent_header_without_default() {
    assert_eq!(standard(TWICE).getheader("No-Such-Header"), None);
}

/// A default of another type is `Option`'s affair.
#[test]
fn http_response_test_test_getting_header_defaultint() {
    let response = standard(TWICE);
    let length = |name| response.getheader(name).map_or(42, |value| value.len());
    assert_eq!(length("No-Such-Header"), 42);
    assert_eq!(length("My-Header"), 25);
}
