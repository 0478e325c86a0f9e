//! CONNECT: the tunnel through a proxy (RFC 9110 section 9.3.6, RFC 9112 section 3.2.3).
//!
//! The request goes through the same writer and the answer through the same parser as any other.
//! Departs from `http.client`: every 2xx opens the tunnel, interim responses are skipped, and
//! host and fields are checked when they are given.

use crate::error::{End, Excerpt, HTTPException, Step, TunnelFailed};
use crate::message::HTTPMessage;
use crate::proto::authority::Authority;
use crate::proto::{Exchange, Limits, Received, Skip, Tolerance};
use crate::transport::log::DebugLog;
use crate::transport::stream::{Look, Stream};
use crate::transport::timing::ConnectTime;

/// Bytes of a refusal's body that are kept.
const REFUSAL: usize = 16_384;

/// A tunnel to be opened, and the proxy's answer once it came.
pub(crate) struct Tunnel {
    target: Authority,
    headers: Vec<(String, String)>,
    limits: Limits,
    tolerance: Tolerance,
    response: Option<HTTPMessage>,
    open: bool,
}

/// The fields hold the credentials for the proxy.
impl std::fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel")
            .field("target", &self.target.authority_form())
            .field("response", &self.response)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl Tunnel {
    /// Checks host and fields by writing the request once.
    pub(crate) fn new(
        host: &str,
        port: Option<u16>,
        default_port: u16,
        headers: &[(&str, &str)],
        limits: Limits,
        tolerance: Tolerance,
    ) -> Result<Self, HTTPException> {
        let holds_control = host.bytes().any(|octet| octet <= b' ' || octet == 0x7f);
        if holds_control {
            return Err(HTTPException::InvalidTunnelHost {
                host: Excerpt::new(host.as_bytes()),
            });
        }
        let tunnel = Self {
            target: Authority::parse(host, port, default_port)?,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            limits,
            tolerance,
            response: None,
            open: false,
        };
        tunnel.request()?;
        Ok(tunnel)
    }

    pub(crate) fn host(&self) -> &str {
        &self.target.host
    }

    pub(crate) fn target(&self) -> &Authority {
        &self.target
    }

    pub(crate) fn response(&self) -> Option<&HTTPMessage> {
        self.response.as_ref()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Logs CONNECT and the proxy's answer to it, if one came.
    pub(crate) fn log_to(&self, log: &mut DebugLog) {
        if let (Some(headers), Ok(exchange)) = (&self.response, self.request()) {
            log.sent(&[exchange.head()]);
            log.fields(headers);
        }
    }

    /// The stream is gone, and the tunnel with it.
    pub(crate) fn forget(&mut self) {
        self.open = false;
    }

    /// Asks for the tunnel; returns the bytes that came behind the proxy's answer, which belong
    /// to the tunnel.
    pub(crate) fn open(
        &mut self,
        stream: &mut impl Stream,
        time: &ConnectTime<'_>,
    ) -> Result<Vec<u8>, HTTPException> {
        self.response = None;
        let mut exchange = self.request()?;
        write_all(stream, exchange.head(), time)?;
        let mut input = Vec::new();
        receive_head(&mut exchange, stream, &mut input, time)?;
        let head = exchange.response();
        self.response = Some(head.headers().clone());
        if (200..300).contains(&head.status()) {
            self.open = true;
            return Ok(input);
        }
        let (status, reason) = (head.status(), Excerpt::new(head.reason()));
        let headers = head.headers().clone();
        Err(HTTPException::TunnelFailed(Box::new(TunnelFailed {
            status,
            reason,
            headers,
            body: refusal(&mut exchange, stream, input, time),
        })))
    }

    fn request(&self) -> Result<Exchange, HTTPException> {
        let mut exchange = Exchange::new(self.limits, self.tolerance);
        let named = |name: &str| {
            self.headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let skip = Skip {
            host: named("host"),
            accept_encoding: true,
        };
        let target = self.target.authority_form();
        exchange.start_request("CONNECT", &target, "", skip)?;
        for (name, value) in &self.headers {
            exchange.putheader(name, value)?;
        }
        exchange.endheaders()?;
        Ok(exchange)
    }
}

fn write_all(
    stream: &mut impl Stream,
    bytes: &[u8],
    time: &ConnectTime<'_>,
) -> Result<(), HTTPException> {
    let mut rest = bytes;
    while !rest.is_empty() {
        time.apply(stream, Step::Tunnel)?;
        match stream.write(rest) {
            Ok(0) => return Err(io_error(std::io::ErrorKind::WriteZero.into())),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error(error)),
        }
    }
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                time.apply(stream, Step::Tunnel)?;
            }
            Err(error) => return Err(io_error(error)),
        }
    }
}

/// Reads until the final head is there; `input` then holds what came behind it.
fn receive_head(
    exchange: &mut Exchange,
    stream: &mut impl Stream,
    input: &mut Vec<u8>,
    time: &ConnectTime<'_>,
) -> Result<(), HTTPException> {
    loop {
        let came = read_more(stream, input, time)?;
        if came == 0 && input.is_empty() {
            return Err(HTTPException::RemoteDisconnected {
                retry: Default::default(),
            });
        }
        if came == 0 {
            return exchange.head_ended(input, End::Closed);
        }
        loop {
            match exchange.receive_head(input)? {
                Received::NeedMore => break,
                Received::Interim(length) => drop(input.drain(..length.min(input.len()))),
                Received::Final(length) => {
                    input.drain(..length.min(input.len()));
                    return Ok(());
                }
            }
        }
    }
}

/// The beginning of a refusal's body, as far as it is there: nobody knows when more of it comes.
fn refusal(
    exchange: &mut Exchange,
    stream: &mut impl Stream,
    mut input: Vec<u8>,
    time: &ConnectTime<'_>,
) -> Vec<u8> {
    let mut body = vec![0; REFUSAL];
    let mut kept = 0;
    loop {
        let room = body.get_mut(kept..).unwrap_or_default();
        let Ok(step) = exchange.decode(&input, room) else {
            break;
        };
        input.drain(..step.consumed.min(input.len()));
        kept = kept.saturating_add(step.produced);
        if kept >= REFUSAL || exchange.is_complete() {
            break;
        }
        let all_taken = step.consumed == 0;
        if all_taken
            && !(has_more(stream) && matches!(read_more(stream, &mut input, time), Ok(1..)))
        {
            break;
        }
    }
    body.truncate(kept);
    body
}

/// Whether a read would not block.
fn has_more(stream: &mut impl Stream) -> bool {
    matches!(stream.look(), Ok(Look::Data))
}

fn read_more(
    stream: &mut impl Stream,
    input: &mut Vec<u8>,
    time: &ConnectTime<'_>,
) -> Result<usize, HTTPException> {
    let mut block = [0; 2048];
    loop {
        time.apply(stream, Step::Tunnel)?;
        match stream.read(&mut block) {
            Ok(count) => {
                input.extend_from_slice(block.get(..count).unwrap_or_default());
                return Ok(count);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error(error)),
        }
    }
}

fn io_error(error: std::io::Error) -> HTTPException {
    crate::transport::wire::stream_error(error, Step::Tunnel, Default::default())
}
