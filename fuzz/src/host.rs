//! The forms of a host, as they go out and as they are read back.

use crate::request::{read, values};
use stdhttp::testing::{Ending, Peer, Script};
use stdhttp::{HTTPConnection, HTTPException};

/// Host and port of an accepted text, and the `Host` field that it makes.
pub fn host_field(text: &str, port: Option<u16>) -> Result<(String, u16, Vec<u8>), HTTPException> {
    let peer = Peer::new([Script::new()]);
    let mut builder = HTTPConnection::builder(text).connector(peer.clone());
    if let Some(port) = port {
        builder = builder.port(port);
    }
    let mut conn = builder.build()?;
    conn.request("GET", "/", (), &[])
        .expect("a request without a body");
    let request = read(&mut &peer.received(0)[..]).expect("a legal request");
    let field = values(&request.fields, "host")[0].to_vec();
    Ok((conn.host().to_owned(), conn.port(), field))
}

/// The target and the `Host` field of the CONNECT that a tunnel to `text` is asked for with.
pub fn connect_target(text: &str, port: Option<u16>) -> Result<(Vec<u8>, Vec<u8>), HTTPException> {
    let answer = Script::answer("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").end(Ending::Close);
    let peer = Peer::new([answer]);
    let builder = HTTPConnection::builder("proxy").connector(peer.clone());
    let mut conn = builder.build().expect("a good host");
    conn.set_tunnel(text, port, &[])?;
    conn.connect().expect_err("a refusal");
    let request = read(&mut &peer.received(0)[..]).expect("a legal request");
    assert_eq!(request.method, b"CONNECT");
    let field = values(&request.fields, "host")[0].to_vec();
    Ok((request.target, field))
}

/// What goes out is read as the same host and port, and holds nothing else.
pub fn assert_reads_back(sent: &[u8], host: &str, port: u16) {
    let text = std::str::from_utf8(sent).expect("ASCII");
    let (again, port_again, field) = host_field(text, None).expect("a host");
    let zoneless = host.split('%').next().unwrap_or_default();
    assert_eq!((again.as_str(), port_again), (zoneless, port));
    let without_port = text.strip_suffix(&format!(":{port}")).unwrap_or(text);
    let name = without_port.trim_start_matches('[').trim_end_matches(']');
    assert_eq!(name, zoneless);
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~:".contains(&octet);
    assert!(name.bytes().all(allowed), "{text}");
    assert_eq!(name.contains(':'), without_port.starts_with('['));
    assert!(field == sent || (port == 80 && sent == [&field, &b":80"[..]].concat()));
}
