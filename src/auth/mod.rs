//! Credentials: challenges and the answers to them, and the `.netrc` file.
//!
//! What `requests.auth`, the authentication handlers of `urllib.request` and the module `netrc` of
//! Python do, without I/O but for the file, each part usable beside [`HTTPConnection`](crate::HTTPConnection).

mod authenticator;
mod challenge;
mod credentials;
mod digest;
mod fields;
mod hash;
mod netrc;
mod passwords;
mod proof;
mod random;

pub use authenticator::{Authenticator, Authorization, Exchange};
pub use challenge::Challenge;
pub use credentials::{Credentials, InvalidCredentials};
pub use digest::{Digest, DigestAnswer, DigestRequest};
pub use netrc::{Netrc, NetrcEntry, NetrcError, NetrcFault};
pub use passwords::HTTPPasswordMgr;
pub use proof::{Algorithm, RspauthMismatch};
