//! `requests`: sessions before a scripted peer.
#![cfg(feature = "requests")]
#![allow(missing_docs)]

#[path = "../support/folder.rs"]
mod folder;

mod adapters;
mod bodies;
mod credentials;
mod deadline;
mod downloads;
mod faults;
mod pool;
mod proxies;
mod recordings;
mod redirects;
mod requests;
mod responses;
mod retries;
mod shown;

use std::time::Duration;

use stdhttp::requests::{BoxedStream, HTTPAdapter, Session};
use stdhttp::testing::{Peer, Script};
use stdhttp::{Connect, HTTPException, Route};

/// How a peer is dialled.
fn dial(
    peer: &Peer,
) -> impl Fn(&mut Route<'_>) -> Result<BoxedStream, HTTPException> + Send + Sync + 'static {
    let peer = peer.clone();
    move |route| Ok(Box::new(peer.clone().connect(route)?))
}

/// An adapter whose connections are the peer's, in the peer's time.
fn adapter(peer: &Peer) -> HTTPAdapter {
    let sleeper = peer.clone();
    let sleep = move |time: Duration| sleeper.pass(time);
    HTTPAdapter::new()
        .connector(dial(peer))
        .clock(peer.clone(), sleep)
}

/// A session that takes nothing from the environment.
fn session_with(adapter: HTTPAdapter) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", adapter);
    session
}

fn session(peer: &Peer) -> Session {
    let mut session = session_with(adapter(peer));
    session.set_clock(peer.clone());
    session
}

/// A session before one connection that gives these answers, one for each head.
fn answering<const COUNT: usize>(answers: [&str; COUNT]) -> (Session, Peer) {
    let peer = Peer::new([answers_of(&answers)]);
    (session(&peer), peer)
}

fn answers_of(answers: &[&str]) -> Script {
    let each = answers.iter();
    each.fold(Script::new(), |script, answer| {
        script.expect_head().send(answer)
    })
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The heads that a connection of the peer got, each with its first line apart.
fn heads(peer: &Peer, connection: usize) -> Vec<(String, Vec<String>)> {
    let received = String::from_utf8_lossy(&peer.received(connection)).into_owned();
    let mut heads = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for line in received.split("\r\n") {
        match line {
            "" if lines.first().is_some_and(|line| line.ends_with("HTTP/1.1")) => {
                heads.push((lines.remove(0), std::mem::take(&mut lines)));
            }
            line => lines.push(line.to_owned()),
        }
    }
    heads
}

/// The value of a field of a head.
fn field<'a>(head: &'a (String, Vec<String>), name: &str) -> Option<&'a str> {
    let mut values = head.1.iter().filter_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    });
    values.next()
}
