//! The sessions of stdhttp, with the fields that `requests` sends. A body is theirs, so none is lent.

use stdhttp::requests::{HTTPAdapter, Payload, Request, Session};

use crate::loopback::client::{Client, Upload, drain, url};
use crate::loopback::work::Work;
use crate::{Result, ensure};

pub(crate) struct StdhttpSession {
    session: Session,
    url: String,
    keep_alive: bool,
}

impl Client for StdhttpSession {
    fn new(address: &str, work: &Work) -> Result<Self> {
        let mut session = Session::new();
        session.set_trust_env(false);
        session.set_stream(true);
        session.mount("http://", HTTPAdapter::new());
        Ok(Self {
            session,
            url: url(address, work),
            keep_alive: work.kind.keeps_alive(),
        })
    }

    fn get(&mut self, buffer: &mut [u8]) -> Result<u64> {
        let octets = receive(self.session.get(&self.url), buffer)?;
        if !self.keep_alive {
            self.session.close();
        }
        Ok(octets)
    }

    fn post(&mut self, body: Upload, buffer: &mut [u8]) -> Result<u64> {
        let body = match body {
            Upload::File(file, octets) => Payload::sized(file, octets),
            Upload::Memory(octets) => Payload::from(octets),
            Upload::Slices(_) => return Err("a session keeps what it sends".into()),
            Upload::Reader(octets) => Payload::reader(std::io::Cursor::new(octets)),
        };
        receive(self.session.post(&self.url).data(body), buffer)
    }
}

fn receive(request: Request<'_>, buffer: &mut [u8]) -> Result<u64> {
    let response = request.send()?;
    ensure(response.status_code() == 200, response.status_code())?;
    drain(response, buffer)
}
