//! SOCKS 5: the way through a proxy that knows nothing of HTTP (RFC 1928, RFC 1929).

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::error::{HTTPException, Step};
use crate::transport::stream::Stream;
use crate::transport::timing::ConnectTime;
use crate::transport::wire::stream_error;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const SUCCEEDED: u8 = 0;

/// Where the proxy is to connect to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A name, which the proxy resolves.
    Name(&'a str, u16),
    Address(SocketAddr),
}

/// A SOCKS proxy refused, or does not speak SOCKS 5. Inside of an `io::Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocksError {
    /// What came is no answer of SOCKS 5.
    Malformed,
    /// It takes none of the ways of authentication that were offered (RFC 1928 section 3).
    NoAcceptableMethod,
    /// Name and password were refused (RFC 1929).
    AuthenticationFailed,
    /// Name or password have more than 255 bytes, or none.
    InvalidCredentials,
    /// The name of the target has more than 255 bytes.
    NameTooLong,
    /// It did not connect, with the reply's code (RFC 1928 section 6).
    Refused(u8),
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("no answer of SOCKS 5"),
            Self::NoAcceptableMethod => f.write_str("the proxy wants another authentication"),
            Self::AuthenticationFailed => f.write_str("the proxy refuses name and password"),
            Self::InvalidCredentials => f.write_str("name or password not of 1 to 255 bytes"),
            Self::NameTooLong => f.write_str("a name of more than 255 bytes"),
            Self::Refused(code) => write!(f, "the proxy did not connect: {}", meaning(*code)),
        }
    }
}

fn meaning(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reply",
    }
}

impl Error for SocksError {}

impl From<SocksError> for HTTPException {
    fn from(error: SocksError) -> Self {
        failed(io::Error::other(error))
    }
}

fn failed(error: io::Error) -> HTTPException {
    stream_error(error, Step::Tunnel, Default::default())
}

/// Asks the proxy at the other end to connect. The stream then leads to the target.
pub(super) fn connect(
    stream: &mut impl Stream,
    target: Target<'_>,
    userinfo: Option<(&str, &str)>,
    time: &ConnectTime<'_>,
) -> Result<(), HTTPException> {
    let request = request(target)?;
    let password = userinfo.map(password_request).transpose()?;
    let mut wire = Wire { stream, time };
    let methods: &[u8] = match password {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    wire.write(methods)?;
    match (wire.read::<2>()?, password) {
        ([VERSION, NO_AUTHENTICATION], _) => {}
        ([VERSION, PASSWORD], Some(password)) => {
            wire.write(&password)?;
            let [_, status] = wire.read()?;
            if status != SUCCEEDED {
                return Err(SocksError::AuthenticationFailed.into());
            }
        }
        ([VERSION, _], _) => return Err(SocksError::NoAcceptableMethod.into()),
        _ => return Err(SocksError::Malformed.into()),
    }
    wire.write(&request)?;
    wire.read_reply()
}

fn request(target: Target<'_>) -> Result<Vec<u8>, SocksError> {
    let mut request = vec![VERSION, CONNECT, 0];
    let port = match target {
        Target::Address(address) => {
            match address {
                SocketAddr::V4(address) => {
                    request.push(1);
                    request.extend_from_slice(&address.ip().octets());
                }
                SocketAddr::V6(address) => {
                    request.push(4);
                    request.extend_from_slice(&address.ip().octets());
                }
            }
            address.port()
        }
        Target::Name(name, port) => {
            if let Ok(address) = name.parse() {
                return self::request(Target::Address(SocketAddr::new(address, port)));
            }
            request.push(3);
            push_text(&mut request, name).ok_or(SocksError::NameTooLong)?;
            port
        }
    };
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

fn password_request((user, password): (&str, &str)) -> Result<Vec<u8>, SocksError> {
    let mut request = vec![1];
    push_text(&mut request, user).ok_or(SocksError::InvalidCredentials)?;
    push_text(&mut request, password).ok_or(SocksError::InvalidCredentials)?;
    Ok(request)
}

/// Text of 1 to 255 bytes, with its length before it.
fn push_text(request: &mut Vec<u8>, text: &str) -> Option<()> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length > 0)?;
    request.push(length);
    request.extend_from_slice(text.as_bytes());
    Some(())
}

/// The stream, told before each call how much time is left.
struct Wire<'a, S> {
    stream: &'a mut S,
    time: &'a ConnectTime<'a>,
}

impl<S: Stream> Wire<'_, S> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), HTTPException> {
        while !bytes.is_empty() {
            self.time.apply(self.stream, Step::Tunnel)?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(failed(io::ErrorKind::WriteZero.into())),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        self.stream.flush().map_err(failed)
    }

    /// Exactly so many bytes: what follows belongs to the target.
    fn read<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], HTTPException> {
        let mut bytes = [0; COUNT];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, mut rest: &mut [u8]) -> Result<(), HTTPException> {
        while !rest.is_empty() {
            self.time.apply(self.stream, Step::Tunnel)?;
            match self.stream.read(rest) {
                Ok(0) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn read_reply(&mut self) -> Result<(), HTTPException> {
        let [version, code, _, kind] = self.read()?;
        if version != VERSION {
            return Err(SocksError::Malformed.into());
        }
        if code != SUCCEEDED {
            return Err(SocksError::Refused(code).into());
        }
        // The address that the proxy connects from, which nobody needs.
        match kind {
            1 => drop(self.read::<6>()?),
            4 => drop(self.read::<18>()?),
            3 => {
                let [length] = self.read()?;
                let mut name = vec![0; usize::from(length).saturating_add(2)];
                self.fill(&mut name)?;
            }
            _ => return Err(SocksError::Malformed.into()),
        }
        Ok(())
    }
}
