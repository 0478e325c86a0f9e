//! The adapter of docs/tls.md as it stands there, and its tests.
//!
//! They run against a server on rustls, nginx, tinyproxy, and proxies that misbehave. nginx and
//! tinyproxy are left out with a note where they are not installed; with
//! `STDHTTP_REQUIRE_SERVERS=1` that is a failure.

include!(concat!(env!("OUT_DIR"), "/adapter.rs"));
include!(concat!(env!("OUT_DIR"), "/usage.rs"));
include!(concat!(env!("OUT_DIR"), "/serving.rs"));
include!(concat!(env!("OUT_DIR"), "/opening.rs"));
include!(concat!(env!("OUT_DIR"), "/sessions.rs"));

/// The last adapter of the page, which stands for itself.
pub mod native {
    include!(concat!(env!("OUT_DIR"), "/native.rs"));
}

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod clear;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod pattern;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod server;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod verification;
