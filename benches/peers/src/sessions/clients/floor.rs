//! The floor: what the bytes alone cost. Requests are prebuilt, with the fields of `requests`, and of
//! the answer the length is known.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::loopback::answer::Answer;
use crate::loopback::client::BUFFER;
use crate::sessions::client::Client;
use crate::sessions::work::{Message, Work};
use crate::{Result, ensure};

const FIELDS: &str = "User-Agent: floor/1.0\r\nAccept-Encoding: identity\r\nAccept: */*\r\n\
                      Connection: keep-alive\r\n";
const FORM_TYPE: &str = "Content-Type: multipart/form-data; boundary=floor\r\n";
const FORM_BEGINS: &str = "--floor\r\nContent-Disposition: form-data; name=\"file\"; \
                           filename=\"file\"\r\n\r\n";
const FORM_ENDS: &str = "\r\n--floor--\r\n";

const STATUS: &[u8] = b"HTTP/1.1 200 ";

pub(crate) struct Floor {
    /// The length of the answer with its head, and of its content.
    answer: u64,
    content: u64,
    open: Option<Open>,
}

/// A connection, and the request that goes over it; of a form, what stands before the file.
struct Open {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client for Floor {
    fn new(work: &Work) -> Result<Self> {
        let answer = Answer::to(&work.path).ok_or("the server does not know this path")?;
        Ok(Self {
            answer: answer.length(),
            content: work.received,
            open: None,
        })
    }

    fn get(&mut self, url: &str) -> Result<u64> {
        self.small(url, || Ok(request("GET", url, "", "")))
    }

    fn json(&mut self, url: &str, message: &Message) -> Result<u64> {
        self.small(url, || {
            let body = serde_json::to_string(message)?;
            let length = body.len();
            let fields = format!("Content-Length: {length}\r\nContent-Type: application/json\r\n");
            Ok(request("POST", url, &fields, &body))
        })
    }

    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64> {
        let mut open = Open::new(url, request("GET", url, "", ""))?;
        open.stream.write_all(&open.request)?;
        receive(&mut open.stream, self.answer, buffer)?;
        Ok(self.content)
    }

    fn form(&mut self, url: &str, file: &Path) -> Result<u64> {
        let mut file = File::open(file)?;
        let around = (FORM_BEGINS.len() + FORM_ENDS.len()) as u64;
        let length = file.metadata()?.len() + around;
        let fields = format!("Content-Length: {length}\r\n{FORM_TYPE}");
        let mut open = Open::new(url, request("POST", url, &fields, FORM_BEGINS))?;
        open.stream.write_all(&open.request)?;
        loop {
            match file.read(&mut open.buffer)? {
                0 => break,
                count => open.stream.write_all(&open.buffer[..count])?,
            }
        }
        open.stream.write_all(FORM_ENDS.as_bytes())?;
        receive(&mut open.stream, self.answer, &mut open.buffer)?;
        Ok(self.content)
    }
}

impl Floor {
    /// Connects the first time, and sends the same every time.
    fn small(&mut self, url: &str, request: impl FnOnce() -> Result<Vec<u8>>) -> Result<u64> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::new(url, request()?)?),
        };
        open.stream.write_all(&open.request)?;
        receive(&mut open.stream, self.answer, &mut open.buffer)?;
        Ok(self.content)
    }
}

impl Open {
    fn new(url: &str, request: Vec<u8>) -> Result<Self> {
        let stream = TcpStream::connect(split(url).0)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request,
            buffer: vec![0; BUFFER],
        })
    }
}

fn request(method: &str, url: &str, fields: &str, body: &str) -> Vec<u8> {
    let (address, path) = split(url);
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{FIELDS}{fields}\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Address and path.
fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

fn receive(stream: &mut TcpStream, answer: u64, buffer: &mut [u8]) -> Result<()> {
    let mut left = answer;
    while left > 0 {
        let room = buffer.len().min(left as usize);
        let count = stream.read(&mut buffer[..room])?;
        ensure(count > 0, "the answer is too short")?;
        if left == answer {
            ensure(buffer.starts_with(STATUS), "not 200")?;
        }
        left -= count as u64;
    }
    Ok(())
}
