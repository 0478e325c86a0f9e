//! What a client needs beside `http.client`: URLs, forms and links, as `urllib.parse` has them, without
//! I/O; and [`request`], which opens URLs. The feature `urllib`.
//!
//! [`Url`] is the checked http or https URL that a request is made from; [`parse`] has the functions
//! of `urllib.parse` for text in general.
//!
//! ```
//! use stdhttp::urllib::Url;
//!
//! let url = Url::parse("https://www.example.org/search?q=rust#results")?;
//! assert_eq!(url.hostname(), "www.example.org");
//! assert_eq!(url.request_target(), "/search?q=rust");
//! # Ok::<(), stdhttp::urllib::ParseError>(())
//! ```

mod links;
pub mod multipart;
mod no_proxy;
mod octets;
pub mod parse;
mod proxies;
mod proxy;
mod redirects;
mod reference;
pub mod request;
mod url;
mod url_parser;

pub use crate::parse_error::{Fault, ParseError, Part};
pub use links::{Link, parse_links};
pub use no_proxy::NoProxy;
pub use proxies::{InvalidProxy, Proxies, Via, getproxies, proxy_bypass};
pub use proxy::{Proxy, ProxyScheme};
pub use redirects::{Redirect, RedirectError, RedirectRules, RedirectedRequest, Resend};
#[cfg(feature = "requests")]
pub(crate) use reference::{Reference, without_userinfo};
pub use url::{Origin, Url};
pub use url_parser::UrlParser;
