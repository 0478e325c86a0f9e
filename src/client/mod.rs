//! The blocking face: `http.client`'s classes, a thin driver of `proto` over a stream.

pub(crate) mod body;
pub(crate) mod boxed;
pub(crate) mod builder;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod https;
pub(crate) mod incoming;
mod kept;
pub(crate) mod owned;
mod progress;
pub(crate) mod reader;
pub(crate) mod reading;
mod receiving;
mod request;
pub(crate) mod response;
pub(crate) mod send_body;
mod sending;
pub(crate) mod settings;
pub(crate) mod tunnel;
#[cfg(unix)]
pub(crate) mod unix;
mod upload;
