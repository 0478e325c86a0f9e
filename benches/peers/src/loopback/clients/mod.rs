//! The clients, one a file.

pub(super) mod attohttpc;
pub(super) mod floor;
pub(super) mod hyper;
pub(super) mod minreq;
pub(super) mod session;
pub(super) mod stdhttp;
pub(super) mod ureq;
