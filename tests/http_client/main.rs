//! Behaves as `http.client` does, test by test and row by row.
//!
//! Every test of CPython's own suite for `http.client` has a counterpart here whose name ends in
//! the name of that test; `docs/http_client.md` lists them all, with those that can't exist and
//! why. The tests in `documented_*` prove the rows of the first part of that page. Where a test
//! needs more than the default tolerance it says so.
#![allow(missing_docs)]

mod connections;
mod documented_receiving;
mod documented_sending;
mod extended;
mod headers;
mod parity;
mod reading;
mod sending;
mod status;
mod support;
mod tunnels;
