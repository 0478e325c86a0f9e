//! The protocol, without I/O: bytes in, facts out. No socket, no clock, no thread.
//!
//! Each room can be used alone: [`ResponseHead`] parses heads, [`response_framing`] decides how
//! a body ends and why, [`BodyDecoder`] takes it apart, [`ChunkHead`] writes chunks; [`Exchange`]
//! puts them together to the client's state machine. The blocking face of the crate is a thin
//! driver of it, and so can be yours, over an event loop for example:
//!
//! ```
//! use stdhttp::proto::{Exchange, Received, Skip};
//!
//! let mut exchange = Exchange::default();
//! exchange.putrequest("GET", "/", Some("example.org"), Skip::default())?;
//! exchange.endheaders()?;
//! assert!(exchange.head().starts_with(b"GET / HTTP/1.1\r\nHost: example.org\r\n"));
//! // Write `exchange.head()`, then parse what comes, however it is cut.
//! let came = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
//! assert_eq!(exchange.receive_head(&came[..9])?, Received::NeedMore);
//! let Received::Final(head) = exchange.receive_head(came)? else {
//!     unreachable!("the head is complete")
//! };
//! let mut body = [0; 100];
//! let step = exchange.decode(&came[head..], &mut body)?;
//! assert_eq!(&body[..step.produced], b"hello");
//! assert!(exchange.is_complete() && exchange.close_reason().is_none());
//! # Ok::<(), stdhttp::HTTPException>(())
//! ```

pub(crate) mod authority;
mod body;
mod chunk;
mod chunk_head;
mod chunked;
pub(crate) mod client;
pub(crate) mod field_rules;
mod fields;
mod framing;
mod limits;
pub(crate) mod scan;
#[cfg(feature = "server")]
pub mod server;
mod start_line;
pub(crate) mod steps;
mod values;
mod version;

pub use body::{Advance, BodyDecoder, Decoded};
pub use chunk::{CHUNK_END, LAST_CHUNK};
pub use chunk_head::ChunkHead;
pub use client::exchange::{Exchange, Skip};
pub use client::framing::{RequestContext, response_framing};
pub use client::keep_alive::KeepAlive;
pub use client::receiving::Received;
pub use client::response::ResponseHead;
pub use framing::{BodyLength, CloseReason, Framing, FramingRule};
pub use limits::{Forgiven, ForgivenSet, Limits, Tolerance};
pub use values::{FieldValue, Values};
pub use version::HTTPVersion;

pub(crate) use fields::{FieldSection, SectionLimits};
