//! The client's side of the protocol: heads of requests are written, heads of responses read, and the
//! machine puts both together with what both sides share.

pub(super) mod exchange;
pub(super) mod framing;
mod giving;
pub(super) mod keep_alive;
mod outgoing;
pub(super) mod receiving;
pub(crate) mod request;
pub(super) mod response;
mod target;
