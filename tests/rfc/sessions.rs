//! Sessions before a scripted peer, for the rows that are seen from the wire.

use stdhttp::requests::*;
use stdhttp::testing::{Peer, Script};
use stdhttp::{Connect, HTTPException, Route};

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A session before connections that give these answers, one for each head, in the peer's time.
pub(crate) fn session<A: AsRef<str>>(connections: &[&[A]]) -> (Session, Peer) {
    let script = |answers: &&[A]| {
        let answers = answers.iter().map(AsRef::as_ref);
        answers.fold(Script::new(), |script, answer| {
            script.expect_head().send(answer)
        })
    };
    let peer = Peer::new(connections.iter().map(script));
    (session_of(&peer, Retry::new(0)), peer)
}

pub(crate) fn session_of(peer: &Peer, retry: Retry) -> Session {
    let (dialled, sleeper) = (peer.clone(), peer.clone());
    let plain = |_: &str, stream, _: stdhttp::ConnectTime<'_>, _: &TlsSettings| Ok(stream);
    let adapter = HTTPAdapter::new()
        .connector(
            move |route: &mut Route<'_>| -> Result<BoxedStream, HTTPException> {
                Ok(Box::new(dialled.clone().connect(route)?))
            },
        )
        .tls(plain)
        .max_retries(retry)
        .clock(peer.clone(), move |time| sleeper.pass(time));
    let mut session = Session::new();
    session.set_trust_env(false);
    session.set_clock(peer.clone());
    session.mount("http://", adapter.clone());
    session.mount("https://", adapter);
    session
}

pub(crate) fn moved(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// What a connection got, from its last request on.
pub(crate) fn last_request(peer: &Peer, connection: usize) -> String {
    let sent = String::from_utf8(peer.received(connection)).unwrap();
    let begins = sent.match_indices(" HTTP/1.1\r\n").last().unwrap().0;
    let line = sent[..begins].rfind('\n').map_or(0, |at| at + 1);
    sent[line..].to_owned()
}

pub(crate) fn field<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = request.lines().filter_map(|line| line.split_once(": "));
    Some(lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?.1)
}
