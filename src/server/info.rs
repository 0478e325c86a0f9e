//! What a server is known by: `server_address`, `server_name`, `server_port`.

use std::fmt;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerAddress {
    /// An address of TCP.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    #[cfg(unix)]
    Unix(PathBuf),
    /// Nowhere: the connections are the caller's.
    None,
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => fmt::Display::fmt(address, f),
            #[cfg(unix)]
            Self::Unix(path) => fmt::Display::fmt(&path.display(), f),
            Self::None => f.write_str("-"),
        }
    }
}

/// What a handler can know of its server (`server`).
#[derive(Clone, Debug)]
pub struct ServerInfo {
    address: ServerAddress,
    name: String,
}

impl ServerInfo {
    pub(crate) fn new(address: ServerAddress) -> Self {
        let name = match &address {
            ServerAddress::Ip(address) => address.ip().to_string(),
            other => other.to_string(),
        };
        Self { address, name }
    }

    /// Where it listens (`server_address`): the real port, where 0 was asked for.
    pub fn server_address(&self) -> &ServerAddress {
        &self.address
    }

    /// The address as text (`server_name`). `http.server` asks for a name of it, which can take half
    /// a minute.
    pub fn server_name(&self) -> &str {
        &self.name
    }

    /// The port (`server_port`); 0 where there is none.
    pub fn server_port(&self) -> u16 {
        match &self.address {
            ServerAddress::Ip(address) => address.port(),
            _ => 0,
        }
    }
}
