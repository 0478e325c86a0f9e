//! Cookies: `http.cookies` and `http.cookiejar`, by the rules of RFC 6265bis.
//!
//! [`CookieJar`] takes cookies from answers and gives them to requests; [`MozillaCookieJar`] keeps
//! them in a `cookies.txt`. [`SimpleCookie`] and [`Morsel`] read and write single fields, for
//! servers and for tests of clients. What of Python has which counterpart is in `docs/cookies.md`.

mod cookie;
mod error;
mod jar;
mod limits;
mod morsel;
mod mozilla;
mod netscape;
mod policy;
mod quoting;
mod rules;
mod scope;
mod set_cookie;
mod simple;
mod store;
mod time;

pub use cookie::Cookie;
pub use error::{CookieConflict, CookieError, LoadError, Rejection};
pub use jar::CookieJar;
pub use limits::CookieLimits;
pub use morsel::{Attribute, Morsel};
pub use mozilla::{Loaded, MozillaCookieJar, Saved};
pub use policy::{CookiePolicy, DefaultCookiePolicy};
pub use set_cookie::SameSite;
pub use simple::SimpleCookie;
