//! Python's `http.client` for Rust.
#![cfg_attr(not(feature = "sys"), forbid(unsafe_code))]

mod client;
mod error;
mod message;
mod method;
pub mod proto;
mod status;
pub mod testing;

pub use client::body::Body;
pub use client::connection::{Builder, Continue, HTTPConnection, StaleCheck};
pub use client::https::{HTTPSConnection, Secure, Secured};
pub use client::reader::{Reader, parse_headers, parse_headers_with};
pub use client::response::{HTTPResponse, ReadArgument};
#[cfg(unix)]
pub use client::stream::Unix;
pub use client::stream::{
    Clock, Connect, ConnectTime, Look, Ready, Route, Stream, SystemClock, Tcp,
};
pub use client::wire::{Source, Wire};
pub use error::*;
pub use message::{HTTPMessage, Items, ParamValue};
pub use method::{HTTPMethod, UnknownMethod};
pub use proto::{
    CloseReason, FieldValue, Forgiven, ForgivenSet, HTTPVersion, Limits, Skip, Tolerance, Values,
};
pub use status::constants::*;
pub use status::{HTTPStatus, UnknownStatus, responses};

/// The default port of HTTP (`http.client.HTTP_PORT`).
pub const HTTP_PORT: u16 = 80;

/// The default port of HTTPS (`http.client.HTTPS_PORT`).
pub const HTTPS_PORT: u16 = 443;
