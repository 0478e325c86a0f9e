//! The blocking client of reqwest: a thread with a runtime, to which calls are handed.

use std::path::Path;

use reqwest::blocking::multipart::Form;
use reqwest::blocking::{Client as Session, Response};

use crate::loopback::client::drain;
use crate::sessions::client::{Client, length};
use crate::sessions::work::{Message, Work};
use crate::{Result, ensure};

pub(crate) struct Reqwest {
    session: Session,
}

impl Client for Reqwest {
    /// Without the time limit of 30 seconds that it has for a whole call.
    fn new(_: &Work) -> Result<Self> {
        let builder = Session::builder().no_proxy().timeout(None);
        Ok(Self {
            session: builder.build()?,
        })
    }

    fn get(&mut self, url: &str) -> Result<u64> {
        content(self.session.get(url).send()?)
    }

    fn json(&mut self, url: &str, message: &Message) -> Result<u64> {
        content(self.session.post(url).json(message).send()?)
    }

    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64> {
        let response = self.session.get(url).send()?;
        ensure(response.status() == 200, response.status())?;
        drain(response, buffer)
    }

    fn form(&mut self, url: &str, file: &Path) -> Result<u64> {
        let form = Form::new().file("file", file)?;
        content(self.session.post(url).multipart(form).send()?)
    }
}

fn content(response: Response) -> Result<u64> {
    let status = response.status().as_u16();
    length(status, &response.bytes()?)
}
