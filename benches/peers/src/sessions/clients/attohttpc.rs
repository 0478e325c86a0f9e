//! attohttpc. It connects for every request; the file of a form it takes from memory, and sends the
//! form chunked.

use std::fs;
use std::path::Path;

use attohttpc::{MultipartBuilder, MultipartFile, ProxySettings, Response, Session};

use crate::loopback::client::drain;
use crate::sessions::client::{Client, length};
use crate::sessions::work::{Message, Work};
use crate::{Result, ensure};

pub(crate) struct Attohttpc {
    session: Session,
}

impl Client for Attohttpc {
    fn new(_: &Work) -> Result<Self> {
        let mut session = Session::new();
        session.proxy_settings(ProxySettings::builder().build());
        Ok(Self { session })
    }

    fn get(&mut self, url: &str) -> Result<u64> {
        content(self.session.get(url).send()?)
    }

    fn json(&mut self, url: &str, message: &Message) -> Result<u64> {
        content(self.session.post(url).json(message)?.send()?)
    }

    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64> {
        let (status, _, body) = self.session.get(url).send()?.split();
        ensure(status == 200, status)?;
        drain(body, buffer)
    }

    fn form(&mut self, url: &str, file: &Path) -> Result<u64> {
        let octets = fs::read(file)?;
        let file = MultipartFile::new("file", &octets).with_filename("file");
        let form = MultipartBuilder::new().with_file(file).build()?;
        content(self.session.post(url).body(form).send()?)
    }
}

fn content(response: Response) -> Result<u64> {
    let status = response.status().as_u16();
    length(status, &response.bytes()?)
}
