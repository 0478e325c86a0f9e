//! The floor: a thread for each connection reads until an empty line and writes a prebuilt answer.
//! Nothing is parsed but the end of the head.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use super::Serving;
use crate::Result;

/// Big bodies leave in pieces of this size, which stay in the cache. No multiple of a page.
const PIECE: usize = 65_000;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

struct Answer {
    head: Vec<u8>,
    piece: Vec<u8>,
    octets: u64,
    keeps_alive: bool,
}

pub(super) fn serve(serving: &Serving) -> Result<()> {
    let listener = TcpListener::bind(serving.address())?;
    let answer = Arc::new(Answer::new(serving.octets, serving.keeps_alive));
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let answer = Arc::clone(&answer);
        // A client that goes away ends its connection, not the server.
        thread::spawn(move || answer.give(stream));
    }
}

impl Answer {
    fn new(octets: u64, keeps_alive: bool) -> Self {
        let connection = if keeps_alive {
            ""
        } else {
            "Connection: close\r\n"
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/plain\r\n{connection}Content-Length: {octets}\r\n\r\n"
        );
        Self {
            head: head.into_bytes(),
            piece: vec![b'x'; PIECE],
            octets,
            keeps_alive,
        }
    }

    fn give(&self, mut stream: TcpStream) -> Result<()> {
        let mut request = [0; 8_100];
        let small = (self.octets as usize).min(PIECE);
        let first = [&self.head, &self.piece[..small]].concat();
        loop {
            let mut length = 0;
            while !request[..length].ends_with(END_OF_HEAD) {
                match stream.read(&mut request[length..])? {
                    0 => return Ok(()),
                    count => length += count,
                }
            }
            stream.write_all(&first)?;
            self.give_rest(&mut stream, self.octets - small as u64)?;
            if !self.keeps_alive {
                return Ok(());
            }
        }
    }

    fn give_rest(&self, stream: &mut TcpStream, mut left: u64) -> Result<()> {
        while left > 0 {
            let count = left.min(PIECE as u64);
            stream.write_all(&self.piece[..count as usize])?;
            left -= count;
        }
        Ok(())
    }
}
