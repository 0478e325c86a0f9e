//! `urllib.request` before the scripted peer: what leaves the machine, where it goes, and what the
//! caller gets.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

#[path = "../support/base64.rs"]
mod base64;
#[path = "../support/folder.rs"]
mod folder;
#[path = "../support/random.rs"]
mod random;

mod credentials;
mod faults;
mod handlers;
mod local;
mod parity;
mod proxies;
mod python;
mod recording;
mod redirects;
mod requests;

use std::io::Read;
use std::sync::{Arc, Mutex};

use stdhttp::testing::{Peer, PeerStream, Script};
use stdhttp::urllib::request::*;
use stdhttp::{Connect, HTTPException, Route};

/// A net in which every address leads to the next script; it keeps the addresses.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    peer: Peer,
    dialled: Arc<Mutex<Vec<String>>>,
}

impl Connect for Net {
    type Stream = PeerStream;

    fn connect(&mut self, route: &mut Route<'_>) -> Result<PeerStream, HTTPException> {
        let address = format!("{}:{}", route.host(), route.port());
        self.dialled.lock().unwrap().push(address);
        Ok(self.peer.accept()?)
    }
}

impl Net {
    pub(crate) fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            peer: Peer::new(scripts),
            dialled: Arc::default(),
        }
    }

    /// A net whose connections give these answers, one each.
    pub(crate) fn answering<A: AsRef<str>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers = answers.into_iter();
        Self::new(answers.map(|answer| Script::answer(answer.as_ref().replace('\n', "\r\n"))))
    }

    /// The usual handlers over this net, https too, without proxies and on the peer's clock.
    pub(crate) fn opener(&self) -> OpenerDirector {
        build_opener()
            .add_handler(HTTPHandler::new(self.clone()))
            .add_handler(HTTPSHandler::new(self.clone()))
            .add_handler(ProxyHandler::none())
            .with_clock(self.peer.clone())
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }

    /// What a connection was sent, as text.
    pub(crate) fn sent(&self, connection: usize) -> String {
        String::from_utf8_lossy(&self.peer.received(connection)).into_owned()
    }

    /// The first line of each request, and a field of it if it has it.
    pub(crate) fn lines(&self, name: &str) -> Vec<(String, Option<String>)> {
        (0..self.dialled().len())
            .map(|number| {
                let sent = self.sent(number);
                let line = sent.split("\r\n").next().unwrap_or_default().to_owned();
                (line, field(&sent, name))
            })
            .collect()
    }

    /// A field of each request.
    pub(crate) fn fields(&self, name: &str) -> Vec<Option<String>> {
        self.lines(name)
            .into_iter()
            .map(|(_, field)| field)
            .collect()
    }
}

/// The value of a field in the head of a message.
pub(crate) fn field(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned())
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";

/// A redirect to a place.
pub(crate) fn to(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\nLocation: {location}\nContent-Length: 0\n\n")
}

pub(crate) fn text(mut body: impl Read) -> String {
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    text
}

/// The answer that is an error.
pub(crate) fn refused(result: Result<Response, URLError>) -> HTTPError {
    match result {
        Err(URLError::HTTP(error)) => *error,
        other => panic!("{other:?}"),
    }
}
