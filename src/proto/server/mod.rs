//! The server's side of the protocol, without I/O: requests in, responses out (RFC 9112).
//!
//! Each room can be used alone: [`RequestHead`] parses heads, [`request_framing`] decides how the
//! body ends and why; [`Exchange`] puts them together with the body decoder and the writer of
//! response heads to the server's state machine. Whatever is refused is a [`Refusal`], which says
//! the status that answers it and whether the connection survives. The blocking server of the
//! crate is a thin driver of it, and so can be yours, over an event loop for example:
//!
//! ```
//! use stdhttp::proto::server::{Exchange, Received};
//!
//! let mut exchange = Exchange::default();
//! let came = b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n";
//! // However it is cut.
//! assert_eq!(exchange.receive_head(&came[..9])?, Received::NeedMore);
//! assert_eq!(exchange.receive_head(came)?, Received::Head(came.len()));
//! assert_eq!(exchange.request().method(), b"GET");
//! assert_eq!(exchange.request().target().path(), b"/index.html");
//!
//! exchange.send_response(200, "OK")?;
//! exchange.send_header("Content-Type", "text/plain")?;
//! exchange.end_headers(Some(5))?;
//! exchange.give(b"hello")?;
//! exchange.end_response()?;
//! // Write `exchange.head()` and the body.
//! assert_eq!(
//!     exchange.head(),
//!     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
//! );
//! assert!(exchange.is_complete() && exchange.close_reason().is_none());
//! exchange.next_request()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod exchange;
mod framing;
mod head;
mod outgoing;
mod refusal;
mod responding;
mod response;
mod target;

pub use exchange::{Exchange, ExchangeState, Received};
pub use framing::request_framing;
pub use head::{Expectation, RequestHead};
pub use outgoing::Piece;
pub use refusal::Refusal;
pub(crate) use refusal::status_of;
pub use target::{Target, TargetForm};
