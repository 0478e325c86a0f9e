//! ureq's agent.

use std::path::Path;

use ureq::unversioned::multipart::Form;
use ureq::{Agent, Body, http::Response};

use crate::loopback::client::drain;
use crate::sessions::client::{Client, length};
use crate::sessions::work::{Message, Work};
use crate::{Result, ensure};

pub(crate) struct Ureq {
    agent: Agent,
}

impl Client for Ureq {
    fn new(_: &Work) -> Result<Self> {
        let config = Agent::config_builder().proxy(None);
        Ok(Self {
            agent: config.build().new_agent(),
        })
    }

    fn get(&mut self, url: &str) -> Result<u64> {
        content(self.agent.get(url).call()?)
    }

    fn json(&mut self, url: &str, message: &Message) -> Result<u64> {
        content(self.agent.post(url).send_json(message)?)
    }

    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64> {
        let response = self.agent.get(url).call()?;
        ensure(response.status() == 200, response.status())?;
        drain(response.into_body().into_reader(), buffer)
    }

    fn form(&mut self, url: &str, file: &Path) -> Result<u64> {
        let form = Form::new().file("file", file)?;
        content(self.agent.post(url).send(form)?)
    }
}

fn content(mut response: Response<Body>) -> Result<u64> {
    let content = response.body_mut().read_to_vec()?;
    length(response.status().as_u16(), &content)
}
