//! stdhttp. `Accept-Encoding: identity` is what it sends by itself.

use stdhttp::{Body, HTTPConnection};

use crate::loopback::client::{BUFFER, Client, Upload, drain};
use crate::loopback::work::Work;
use crate::{Result, ensure};

/// With `SENDFILE` a file is sent by the kernel.
pub(crate) struct Stdhttp<const SENDFILE: bool> {
    conn: HTTPConnection,
    path: String,
    keep_alive: bool,
}

impl<const SENDFILE: bool> Client for Stdhttp<SENDFILE> {
    fn new(address: &str, work: &Work) -> Result<Self> {
        Ok(Self {
            conn: HTTPConnection::new(address, None)?,
            path: work.path.clone(),
            keep_alive: work.kind.keeps_alive(),
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        self.conn.putrequest("GET", &self.path)?;
        self.conn.endheaders()?;
        let octets = self.receive(buffer)?;
        if !self.keep_alive {
            self.conn.close();
        }
        Ok(octets)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        match &body {
            Upload::File(file, _) if SENDFILE => self.send(file.try_clone()?)?,
            Upload::File(file, octets) => self.send(Body::sized(file, *octets))?,
            Upload::Memory(octets) => self.send(octets)?,
            Upload::Slices(octets) => self.send(Body::iter(octets.chunks(BUFFER)))?,
            Upload::Reader(octets) => self.send(Body::reader(&octets[..]))?,
        }
        self.receive(buffer)
    }
}

impl<const SENDFILE: bool> Stdhttp<SENDFILE> {
    fn send<'a>(&mut self, body: impl Into<Body<'a>>) -> Result<()> {
        Ok(self.conn.request("POST", &self.path, body, &[])?)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<u64> {
        let response = self.conn.getresponse()?;
        ensure(response.status() == 200, response.status())?;
        drain(response, buffer)
    }
}
