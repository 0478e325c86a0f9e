//! Python's `http.server`: a server for HTTP/1.0 and 1.1 on blocking streams, strict and bounded.
//!
//! A [`Handler`] answers requests; [`HTTPServer`] serves one connection after the other,
//! [`ThreadingHTTPServer`] each on a thread of its own. The protocol is that of
//! [`proto::server`](crate::proto::server).
//!
//! ```no_run
//! use std::io::Write;
//! use stdhttp::HTTPException;
//! use stdhttp::server::{BaseHTTPRequestHandler, Handler, HTTPServer};
//!
//! struct Hello;
//!
//! impl Handler for Hello {
//!     fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
//!         let agent = request.headers().getheader("user-agent").unwrap_or_default().into_owned();
//!         request.send_response(200, None)?;
//!         request.send_header("Content-Type", "text/plain")?;
//!         request.end_headers()?;
//!         request.wfile().write_all(agent.as_bytes())?;
//!         Ok(())
//!     }
//! }
//!
//! HTTPServer::bind("127.0.0.1:8081", Hello)?.serve_forever();
//! # Ok::<(), std::io::Error>(())
//! ```

mod base;
mod body;
#[cfg(unix)]
mod cgi;
mod connection;
mod files;
mod handling;
mod info;
#[cfg(all(feature = "sys", target_os = "linux"))]
mod interrupt;
mod log;
mod logging;
mod pace;
mod page;
mod registry;
mod responding;
mod serving;
mod settings;
mod socket;
mod writing;

pub use base::{BaseHTTPRequestHandler, Handler};
pub use body::{RequestBody, ResponseBody};
#[cfg(unix)]
pub use cgi::CGIHTTPRequestHandler;
pub use files::{
    Links, PathRules, Precondition, Ranges, SimpleHTTPRequestHandler, Validators,
    evaluate_preconditions, range_applies, split_path,
};
pub use info::{ServerAddress, ServerInfo};
#[cfg(all(feature = "sys", target_os = "linux"))]
pub use interrupt::Interrupt;
pub use page::{DEFAULT_ERROR_CONTENT_TYPE, DEFAULT_ERROR_MESSAGE};
pub use registry::Shutdown;
pub(crate) use serving::serve_alone;
pub use serving::{HTTPServer, ThreadingHTTPServer};
pub use settings::{Bounds, Times};
pub use socket::Accepted;
