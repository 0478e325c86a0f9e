//! The blocking face: `http.client`'s classes, a thin driver of `proto` over a stream.

pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod debug;
pub(crate) mod https;
pub(crate) mod incoming;
pub(crate) mod reader;
pub(crate) mod reading;
mod request;
pub(crate) mod response;
pub(crate) mod stream;
#[cfg(all(feature = "sys", target_os = "linux"))]
#[allow(unsafe_code, reason = "the only file that needs it")]
pub(crate) mod sys;
pub(crate) mod tunnel;
#[cfg(unix)]
pub(crate) mod unix;
mod upload;
pub(crate) mod wire;
