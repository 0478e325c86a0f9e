//! A session of stdhttp.

use std::path::Path;

use stdhttp::requests::{FilePart, Response, Session};

use crate::loopback::client::drain;
use crate::sessions::client::{Client, length};
use crate::sessions::work::{Message, Work};
use crate::{Result, ensure};

pub(crate) struct Stdhttp {
    session: Session,
}

impl Client for Stdhttp {
    fn new(_: &Work) -> Result<Self> {
        let mut session = Session::new();
        session.set_trust_env(false);
        Ok(Self { session })
    }

    fn get(&mut self, url: &str) -> Result<u64> {
        content(&self.session.get(url).send()?)
    }

    fn json(&mut self, url: &str, message: &Message) -> Result<u64> {
        let request = self.session.post(url).json(serde_json::to_vec(message)?);
        content(&request.send()?)
    }

    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64> {
        let response = self.session.get(url).stream(true).send()?;
        ensure(response.status_code() == 200, response.status_code())?;
        drain(response, buffer)
    }

    fn form(&mut self, url: &str, file: &Path) -> Result<u64> {
        let file = FilePart::path("file", file)?;
        content(&self.session.post(url).file(file).send()?)
    }
}

fn content(response: &Response) -> Result<u64> {
    length(response.status_code(), response.content()?)
}
