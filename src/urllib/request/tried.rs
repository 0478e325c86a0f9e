//! `Tried`: the credentials that a request carries, and what came of them so far.

use std::sync::Arc;

use crate::auth::{Authenticator, Authorization, Credentials, Exchange};

/// The scheme that a handler answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Basic,
    Digest,
}

/// A name and password, and where they were asked for.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) credentials: Credentials,
    pub(super) authenticator: Authenticator,
}

/// Credentials for one server or proxy, and the exchange that they are tried in.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) scheme: Scheme,
    pub(super) known: Arc<Known>,
    pub(super) exchange: Exchange,
    /// They were sent before anybody asked.
    pub(super) at_once: bool,
}

impl Tried {
    pub(super) fn authorization(&self) -> Option<&Authorization> {
        self.exchange.authorization()
    }
}
