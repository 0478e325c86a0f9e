//! The floor: what the bytes alone cost. Nothing is parsed and nothing is decoded.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::loopback::answer::Answer;
use crate::loopback::client::{ACCEPT_ENCODING, BUFFER, Client, Upload};
use crate::loopback::work::{SMALL, Work};
use crate::{Result, ensure};

const STATUS: &[u8] = b"HTTP/1.1 200 ";

pub(crate) struct Floor {
    address: String,
    stream: Option<TcpStream>,
    keep_alive: bool,
    /// A head without the empty line at its end.
    head: String,
    /// The whole GET.
    request: Vec<u8>,
    /// The length of the answer, with its head and framing, and of its body.
    answer: u64,
    body: u64,
}

impl Client for Floor {
    fn new(address: &str, work: &Work) -> Result<Self> {
        let (name, value) = ACCEPT_ENCODING;
        let path = &work.path;
        let head = format!("{path} HTTP/1.1\r\nHost: {address}\r\n{name}: {value}\r\n");
        let answer = Answer::to(path).ok_or("the server does not know this path")?;
        Ok(Self {
            address: address.into(),
            stream: None,
            keep_alive: work.kind.keeps_alive(),
            request: format!("GET {head}\r\n").into_bytes(),
            head,
            answer: answer.length(),
            body: work.octets,
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        let mut stream = self.connected()?;
        stream.write_all(&self.request)?;
        self.read_answer(&mut stream, buffer)?;
        self.stream = self.keep_alive.then_some(stream);
        Ok(self.body)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        let mut stream = self.connected()?;
        match body {
            Upload::File(file, octets) => self.send_file(&mut stream, file, octets, buffer)?,
            Upload::Memory(octets) => {
                self.send_head(&mut stream, &length(octets.len() as u64))?;
                stream.write_all(&octets)?;
            }
            Upload::Slices(octets) => self.send_one_chunk(&mut stream, &octets)?,
            Upload::Reader(octets) => self.send_blocks(&mut stream, &octets[..])?,
        }
        self.read_answer(&mut stream, buffer)?;
        Ok(SMALL)
    }
}

fn length(octets: u64) -> String {
    format!("Content-Length: {octets}")
}

impl Floor {
    fn connected(&mut self) -> Result<TcpStream> {
        if let Some(stream) = self.stream.take() {
            return Ok(stream);
        }
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn read_answer(&self, stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
        let mut left = self.answer;
        while left > 0 {
            let room = buffer.len().min(left as usize);
            let count = stream.read(&mut buffer[..room])?;
            ensure(count > 0, "the answer is too short")?;
            if left == self.answer {
                ensure(buffer.starts_with(STATUS), "not 200")?;
            }
            left -= count as u64;
        }
        Ok(())
    }

    fn send_head(&self, stream: &mut TcpStream, framing: &str) -> Result<()> {
        let head = format!("POST {}{framing}\r\n\r\n", self.head);
        Ok(stream.write_all(head.as_bytes())?)
    }

    /// Not by `io::copy`, which moves 8 KiB at a time from a file to a socket.
    fn send_file(
        &self,
        stream: &mut TcpStream,
        mut file: File,
        octets: u64,
        buffer: &mut [u8],
    ) -> Result<()> {
        self.send_head(stream, &length(octets))?;
        loop {
            match file.read(buffer)? {
                0 => return Ok(()),
                count => stream.write_all(&buffer[..count])?,
            }
        }
    }

    fn send_one_chunk(&self, stream: &mut TcpStream, octets: &[u8]) -> Result<()> {
        self.send_head(stream, "Transfer-Encoding: chunked")?;
        stream.write_all(format!("{:x}\r\n", octets.len()).as_bytes())?;
        stream.write_all(octets)?;
        Ok(stream.write_all(b"\r\n0\r\n\r\n")?)
    }

    /// The copy out of the reader is part of the floor, the framing hardly: it stands around the
    /// block already.
    fn send_blocks(&self, stream: &mut TcpStream, mut reader: impl Read) -> Result<()> {
        self.send_head(stream, "Transfer-Encoding: chunked")?;
        let line = format!("{BUFFER:x}\r\n");
        let mut block = line.clone().into_bytes();
        block.resize(line.len() + BUFFER, 0);
        block.extend_from_slice(b"\r\n");
        loop {
            let count = reader.read(&mut block[line.len()..][..BUFFER])?;
            if count == BUFFER {
                stream.write_all(&block)?;
                continue;
            }
            let data = &block[line.len()..][..count];
            return self.send_last_blocks(stream, data);
        }
    }

    fn send_last_blocks(&self, stream: &mut TcpStream, data: &[u8]) -> Result<()> {
        if !data.is_empty() {
            stream.write_all(format!("{:x}\r\n", data.len()).as_bytes())?;
            stream.write_all(data)?;
            stream.write_all(b"\r\n")?;
        }
        Ok(stream.write_all(b"0\r\n\r\n")?)
    }
}
