//! minreq. It connects for every request, and sends only bodies that are in one `Vec`.

use minreq::Request;

use crate::loopback::client::{ACCEPT_ENCODING, Client, Upload, drain, url};
use crate::loopback::work::Work;
use crate::{Result, ensure};

pub(crate) struct Minreq {
    url: String,
}

impl Client for Minreq {
    fn new(address: &str, work: &Work) -> Result<Self> {
        Ok(Self {
            url: url(address, work),
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        exchange(minreq::get(&self.url), buffer)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        match body {
            Upload::Memory(octets) => exchange(minreq::post(&self.url).with_body(octets), buffer),
            _ => Err("minreq sends only what is in memory".into()),
        }
    }
}

fn exchange(request: Request, buffer: &mut [u8]) -> Result<u64> {
    let (name, value) = ACCEPT_ENCODING;
    let response = request.with_header(name, value).send_lazy()?;
    ensure(response.status_code == 200, response.status_code)?;
    drain(response, buffer)
}
