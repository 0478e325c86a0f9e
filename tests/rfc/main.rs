//! Proves the rules of RFC 9110 and RFC 9112 for a client, one test for each row of
//! `docs/conformance.md`; the name of a test begins with the row's ID.
//!
//! Every received message is given whole and octet by octet, to a connection and to
//! `HTTPResponse::from_reader`, and must come to the same; see `support.rs`.
#![allow(missing_docs)]

#[path = "../support/counting.rs"]
mod counting;
#[cfg(feature = "requests")]
#[path = "../support/folder.rs"]
mod folder;
#[macro_use]
mod support;

mod a10_connections;
mod a11_interim;
#[cfg(feature = "urllib")]
mod a12_redirects;
#[cfg(feature = "requests")]
mod a12_session;
#[cfg(feature = "urllib")]
mod a13_auth;
#[cfg(feature = "requests")]
mod a13_session;
#[cfg(feature = "urllib")]
mod a14_content;
#[cfg(feature = "requests")]
mod a14_downloads;
#[cfg(feature = "requests")]
mod a14_session;
mod a15_authority;
#[cfg(feature = "urllib")]
mod a16_uri;
#[cfg(feature = "urllib")]
mod a17_cookies;
#[cfg(feature = "urllib")]
mod a18_forms;
mod a1_syntax;
mod a2_version;
mod a3_target;
mod a4_status_line;
mod a5_fields;
mod a6_request_body;
mod a7_framing;
mod a8_chunked;
mod a9_incomplete;
mod advisories;
#[cfg(feature = "server")]
mod b1_receiving;
#[cfg(feature = "server")]
mod b2_sending;
#[cfg(feature = "requests")]
mod sessions;

#[global_allocator]
static COUNTING: counting::Counting = counting::Counting;
