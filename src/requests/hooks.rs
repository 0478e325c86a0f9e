//! Hooks: what of the caller's is run for each response (`requests.hooks`).

use super::models::{Hooks, RequestException, Response};
use std::fmt;
use std::sync::Arc;

impl Hooks {
    pub(super) fn push(
        &mut self,
        hook: impl Fn(&mut Response) -> Result<(), RequestException> + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(hook));
    }

    /// Those of a call, or where it has none those of the session.
    pub(super) fn or(self, session: &Self) -> Self {
        if self.0.is_empty() {
            session.clone()
        } else {
            self
        }
    }

    pub(super) fn run(&self, response: &mut Response) -> Result<(), RequestException> {
        self.0.iter().try_for_each(|hook| hook(response))
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
