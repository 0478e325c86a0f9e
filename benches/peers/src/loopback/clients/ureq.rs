//! ureq. It has no body of slices.

use ureq::{Agent, Body, SendBody, http::Response};

use crate::loopback::client::{ACCEPT_ENCODING, Client, Upload, drain, url};
use crate::loopback::work::Work;
use crate::{Result, ensure};

pub(crate) struct Ureq {
    agent: Agent,
    url: String,
}

impl Client for Ureq {
    fn new(address: &str, work: &Work) -> Result<Self> {
        let config = Agent::config_builder()
            .proxy(None)
            .user_agent("")
            .accept("")
            .accept_encoding(ACCEPT_ENCODING.1)
            .max_idle_connections(usize::from(work.kind.keeps_alive()));
        Ok(Self {
            agent: config.build().new_agent(),
            url: url(address, work),
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        receive(self.agent.get(&self.url).call()?, buffer)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        let request = self.agent.post(&self.url);
        let response = match body {
            Upload::File(file, _) => request.send(file)?,
            Upload::Memory(octets) => request.send(octets)?,
            Upload::Slices(_) => return Err("ureq has no body of slices".into()),
            Upload::Reader(octets) => request.send(SendBody::from_reader(&mut &octets[..]))?,
        };
        receive(response, buffer)
    }
}

fn receive(response: Response<Body>, buffer: &mut [u8]) -> Result<u64> {
    ensure(response.status() == 200, response.status())?;
    drain(response.into_body().into_reader(), buffer)
}
