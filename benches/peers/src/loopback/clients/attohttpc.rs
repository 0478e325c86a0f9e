//! attohttpc. It connects for every request, which it says in `Connection: close`.

use std::io::{self, Read, Write};

use attohttpc::body::{Body, BodyKind};
use attohttpc::{ProxySettings, Response, Session};

use crate::loopback::client::{ACCEPT_ENCODING, BUFFER, Client, Upload, drain, url};
use crate::loopback::work::Work;
use crate::{Result, ensure};

pub(crate) struct Attohttpc {
    session: Session,
    url: String,
}

impl Client for Attohttpc {
    fn new(address: &str, work: &Work) -> Result<Self> {
        let mut session = Session::new();
        session.proxy_settings(ProxySettings::builder().build());
        session.header(ACCEPT_ENCODING.0, ACCEPT_ENCODING.1);
        Ok(Self {
            session,
            url: url(address, work),
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        receive(self.session.get(&self.url).send()?, buffer)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        let request = self.session.post(&self.url);
        let response = match body {
            Upload::File(file, _) => request.file(file).send()?,
            Upload::Memory(octets) => request.bytes(octets).send()?,
            Upload::Slices(octets) => request.body(Slices(octets)).send()?,
            Upload::Reader(octets) => request.body(Blocks(&octets[..])).send()?,
        };
        receive(response, buffer)
    }
}

fn receive(response: Response, buffer: &mut [u8]) -> Result<u64> {
    let (status, _, body) = response.split();
    ensure(status == 200, status)?;
    drain(body, buffer)
}

/// Every write is a chunk.
struct Slices(Vec<u8>);

impl Body for Slices {
    fn kind(&mut self) -> io::Result<BodyKind> {
        Ok(BodyKind::Chunked)
    }

    fn write<W: Write>(&mut self, mut writer: W) -> io::Result<()> {
        let mut pieces = self.0.chunks(BUFFER);
        pieces.try_for_each(|piece| writer.write_all(piece))
    }
}

struct Blocks<R>(R);

impl<R: Read> Body for Blocks<R> {
    fn kind(&mut self) -> io::Result<BodyKind> {
        Ok(BodyKind::Chunked)
    }

    fn write<W: Write>(&mut self, mut writer: W) -> io::Result<()> {
        let mut block = vec![0; BUFFER];
        loop {
            match self.0.read(&mut block)? {
                0 => return Ok(()),
                count => writer.write_all(&block[..count])?,
            }
        }
    }
}
