//! What both sides stand on: streams, the clock, the read buffer, timeouts and the deadline, and the
//! buffered wire that puts them together. Knows nothing of clients and servers.

pub(crate) mod buffer;
pub(crate) mod clock;
pub(crate) mod log;
pub(crate) mod stream;
#[cfg(all(feature = "sys", target_os = "linux"))]
#[allow(unsafe_code, reason = "the only file that needs it")]
pub(crate) mod sys;
pub(crate) mod timing;
#[cfg(unix)]
pub(crate) mod unix;
pub(crate) mod wire;
