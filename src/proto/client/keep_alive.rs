//! The field `Keep-Alive`: what a server says about how long it keeps a connection.
//!
//! RFC 2068 section 19.7.1.1 has the field, which RFC 9112 appendix C.2.2 calls informal. Its
//! parameters are those that servers send.

use std::time::Duration;

use crate::message::HTTPMessage;
use crate::proto::scan;

/// What `Keep-Alive: timeout=5, max=100` says. It binds nobody: a server may close earlier.
///
/// ```
/// use std::time::Duration;
/// use stdhttp::proto::KeepAlive;
///
/// let mut headers = stdhttp::HTTPMessage::new();
/// headers.append("Keep-Alive", "timeout=5, max=100");
/// let said = KeepAlive::of(&headers);
/// assert_eq!((said.timeout, said.max), (Some(Duration::from_secs(5)), Some(100)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepAlive {
    /// How long the server keeps the connection while it is idle (`timeout`), in whole seconds.
    pub timeout: Option<Duration>,
    /// How many more requests the server takes on it (`max`).
    pub max: Option<u64>,
}

impl KeepAlive {
    /// What these fields say: of each parameter the first that is a number.
    pub fn of(headers: &HTTPMessage) -> Self {
        let mut said = Self::default();
        let values = headers.get_all_bytes("keep-alive");
        for element in values.flat_map(scan::list_elements) {
            said.note(element);
        }
        said
    }

    fn note(&mut self, element: &[u8]) {
        let Some(equals) = element.iter().position(|&octet| octet == b'=') else {
            return;
        };
        let (name, value) = element.split_at(equals);
        let value = scan::trim_blank(value.get(1..).unwrap_or_default());
        let number = scan::decimal(value);
        match scan::trim_blank(name) {
            name if name.eq_ignore_ascii_case(b"timeout") => {
                self.timeout = self.timeout.or(number.map(Duration::from_secs));
            }
            name if name.eq_ignore_ascii_case(b"max") => self.max = self.max.or(number),
            _ => {}
        }
    }
}
