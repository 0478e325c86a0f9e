//! Real clients before the crate's server (`http.server`'s classes, and the command): curl and wget
//! in `transfer`, Python's libraries, Node and Go in `libraries`, ApacheBench in `load`, nginx and
//! HAProxy in `upstream`, Chromium in `browser`. `site` is what they are served.
//!
//! A client that is not installed is left out as a server is.

mod browser;
mod libraries;
mod load;
mod site;
mod transfer;
mod upstream;
