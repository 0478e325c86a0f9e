//! What each contestant has to do.

use std::path::Path;

use super::work::{Message, Work};
use crate::{Result, ensure};

/// A session as its users have it: with its own fields, but without proxies of the environment.
/// Whatever it does, the status of the answer must be 200, and what is returned is how long the
/// content was.
pub(crate) trait Client: Sized {
    /// It connects no sooner than with the first request.
    fn new(work: &Work) -> Result<Self>;

    /// Gets, and takes the content as a whole.
    fn get(&mut self, url: &str) -> Result<u64>;

    /// Posts JSON, and takes the content of the answer as a whole.
    fn json(&mut self, url: &str, message: &Message) -> Result<u64>;

    /// Gets, and has the content pass through the buffer.
    fn download(&mut self, url: &str, buffer: &mut [u8]) -> Result<u64>;

    /// Posts a form with this file, and takes the content of the answer as a whole.
    fn form(&mut self, url: &str, file: &Path) -> Result<u64>;
}

/// The length of the content of an answer with this status.
pub(crate) fn length(status: u16, content: &[u8]) -> Result<u64> {
    ensure(status == 200, status)?;
    Ok(content.len() as u64)
}
