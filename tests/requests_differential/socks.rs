//! The server behind SOCKS 5 (RFC 1928, RFC 1929): what it is asked is kept, and the server is every
//! target. It takes any name and password but those of `bad`, and refuses `refused.test`.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};

use crate::server::{Server, latin1};

/// Opens a connection, if the client may have it.
pub(crate) fn open(stream: &mut TcpStream, server: &Server) -> Option<()> {
    let [5, methods] = read(stream)? else {
        return None;
    };
    let methods = read_many(stream, methods)?;
    let method = if methods.contains(&2) { 2 } else { 0 };
    stream.write_all(&[5, method]).ok()?;
    let mut said = format!("{methods:?}");
    if method == 2 {
        let [1, length] = read(stream)? else {
            return None;
        };
        let name = latin1(&read_many(stream, length)?);
        let [length] = read(stream)?;
        said += &format!(" {name}:{}", latin1(&read_many(stream, length)?));
        // The client goes on with the answer: what it said is noted before.
        if name == "bad" {
            server.note("socks", said);
            stream.write_all(&[1, 1]).ok()?;
            return None;
        }
        stream.write_all(&[1, 0]).ok()?;
    }
    let target = read_target(stream)?;
    server.note("socks", format!("{said} {target}"));
    let reply = if target.contains("refused.test") {
        5
    } else {
        0
    };
    let answer = [5, reply, 0, 1, 127, 0, 0, 1, 0, 80];
    stream.write_all(&answer).ok()?;
    (reply == 0).then_some(())
}

/// The kind of the address, the address and the port.
fn read_target(stream: &mut TcpStream) -> Option<String> {
    let [5, 1, 0, kind] = read(stream)? else {
        return None;
    };
    let host = match kind {
        1 => IpAddr::from(read::<4>(stream)?).to_string(),
        4 => IpAddr::from(read::<16>(stream)?).to_string(),
        _ => {
            let [length] = read(stream)?;
            latin1(&read_many(stream, length)?)
        }
    };
    Some(format!(
        "{kind} {host} {}",
        u16::from_be_bytes(read(stream)?)
    ))
}

fn read<const COUNT: usize>(stream: &mut TcpStream) -> Option<[u8; COUNT]> {
    let mut octets = [0; COUNT];
    stream.read_exact(&mut octets).ok()?;
    Some(octets)
}

fn read_many(stream: &mut TcpStream, count: u8) -> Option<Vec<u8>> {
    let mut octets = vec![0; count.into()];
    stream.read_exact(&mut octets).ok()?;
    Some(octets)
}
