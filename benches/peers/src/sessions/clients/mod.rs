//! The contestants that are crates, one a file.

pub(super) mod attohttpc;
pub(super) mod floor;
pub(super) mod reqwest;
pub(super) mod stdhttp;
pub(super) mod ureq;
