//! What docs/plugins.md plugs into a session, as it stands there, and its tests: before a
//! server that sends what other encoders wrote.

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

#[cfg(test)]
mod codings;
#[cfg(test)]
mod names;
#[cfg(test)]
mod server;
#[cfg(test)]
mod texts;
