//! `urllib.parse`: taking URLs apart and putting them together, percent-encoding, and queries.
//!
//! The functions take any text that Python takes, for any scheme, and give what Python gives, with
//! these faults of the original put right:
//!
//! - Control characters and leading blanks in a URL are errors; Python drops them silently.
//! - [`urljoin`] resolves by RFC 3986, strictly and for every scheme, and keeps empty segments.
//! - [`parse_qsl`] keeps fields without a value, and has a limit on their number.
//!
//! Text is UTF-8 throughout. What a request is made from is a [`Url`](super::Url), which is
//! checked; the repository's `docs/urllib.md` compares name by name.
//!
//! ```
//! use stdhttp::urllib::parse::{quote, urlencode, urljoin, urlsplit};
//!
//! let parts = urlsplit("http://docs.example.org:80/a/index.html?q=1#top")?;
//! assert_eq!((parts.netloc, parts.path), ("docs.example.org:80", "/a/index.html"));
//! assert_eq!(parts.port()?, Some(80));
//! assert_eq!(urljoin("http://h/a/b.html", "c.html")?, "http://h/a/c.html");
//! assert_eq!(quote("/El Niño/", "/"), "/El%20Ni%C3%B1o/");
//! assert_eq!(urlencode([("spam", "1"), ("eggs", "a b&c")]), "spam=1&eggs=a+b%26c");
//! # Ok::<(), stdhttp::urllib::ParseError>(())
//! ```

mod query;
mod quote;
mod split;

pub use query::{QueryOptions, parse_qs, parse_qsl, urlencode, urlencode_doseq, urlencode_with};
pub use quote::{quote, quote_from_bytes, quote_plus, unquote, unquote_plus, unquote_to_bytes};
pub use split::{
    DefragResult, ParseResult, SplitResult, unwrap, urldefrag, urljoin, urlparse, urlparse_with,
    urlsplit, urlsplit_with, urlunparse, urlunsplit,
};
