//! `ProxyHandler`: the proxy for each request.

use super::error::URLError;
use super::opener::{BaseHandler, OpenerDirector, Role};
use super::requested::Request;
use crate::urllib::{Proxies, Via, getproxies};

/// Sends requests through the proxies that are set for them (`urllib.request.ProxyHandler`).
///
/// Departs from Python: `no_proxy` of the environment is not asked about proxies that the caller
/// has given; [`Proxies::with_no_proxy`] is for them.
#[derive(Clone, Debug)]
pub struct ProxyHandler {
    proxies: Proxies,
}

impl ProxyHandler {
    /// The proxies of the environment, as it is now (`ProxyHandler()`).
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(getproxies())
    }

    /// These proxies.
    #[must_use]
    pub fn new(proxies: Proxies) -> Self {
        Self { proxies }
    }

    /// No proxy at all (`ProxyHandler({})`).
    #[must_use]
    pub fn none() -> Self {
        Self::new(Proxies::new())
    }
}

impl BaseHandler for ProxyHandler {
    fn handler_order(&self) -> i32 {
        100
    }

    fn role(&self) -> Role {
        Role::Proxy
    }

    /// A proxy that the request has already stays.
    fn request(&self, _: &OpenerDirector, request: &mut Request) -> Result<(), URLError> {
        let (None, Some(url)) = (request.proxy(), request.http_url()) else {
            return Ok(());
        };
        if let Some(Via::Proxy(proxy)) = self.proxies.select(url)? {
            request.set_proxy(proxy.clone());
        }
        Ok(())
    }
}
