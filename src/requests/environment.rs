//! What is taken from the environment, each with a switch of its own (`trust_env`).

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::error::ExceptionKind;
use crate::auth::{Credentials, Netrc};
use crate::urllib::{Proxies, Url};

/// What a session takes from the environment, as it is when the session is made. What of `.netrc` is
/// sent goes to the host of the caller's own URL alone, never to one that a redirect leads to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Environment {
    /// Proxies: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`. True.
    pub proxies: bool,
    /// Names and passwords for hosts that `$NETRC`, `~/.netrc` or `~/_netrc` name exactly. True.
    pub netrc: bool,
    /// The path of certificates that TLS is handed: `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. True.
    pub certificates: bool,
    found: Found,
}

/// What the variables say.
#[derive(Clone)]
struct Found {
    proxies: Proxies,
    netrc: Option<PathBuf>,
    certificates: Option<PathBuf>,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        Self {
            proxies: true,
            netrc: true,
            certificates: true,
            found: Found::read(std::env::vars_os().collect()),
        }
    }

    /// Other variables than those of the process, for tests.
    pub fn set_variables<N, V>(&mut self, variables: impl IntoIterator<Item = (N, V)>)
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        self.found = Found::read(variables.collect());
    }

    pub(super) fn proxies(&self) -> Option<&Proxies> {
        self.proxies.then_some(&self.found.proxies)
    }

    pub(super) fn certificates(&self) -> Option<&PathBuf> {
        let path = self.found.certificates.as_ref();
        path.filter(|_| self.certificates)
    }

    /// What the file says of the host of a URL.
    pub(super) fn credentials(&self, url: &Url) -> Result<Option<Credentials>, ExceptionKind> {
        let Some(path) = self.found.netrc.as_ref().filter(|_| self.netrc) else {
            return Ok(None);
        };
        let netrc = Netrc::load(path).map_err(ExceptionKind::Netrc)?;
        Ok(netrc.credentials(url)?)
    }
}

impl Found {
    fn read(variables: Vec<(OsString, OsString)>) -> Self {
        let value = |name: &str| {
            let mut named = variables.iter().filter(|(known, _)| known == name);
            let value = named.next().map(|(_, value)| PathBuf::from(value));
            value.filter(|value| !value.as_os_str().is_empty())
        };
        let home = value("HOME").or_else(|| value("USERPROFILE"));
        let in_home = [".netrc", "_netrc"].map(|name| Some(home.as_ref()?.join(name)));
        let netrc = match value("NETRC") {
            Some(path) => Some(path).filter(|path| path.is_file()),
            None => in_home.into_iter().flatten().find(|path| path.is_file()),
        };
        let certificates = value("REQUESTS_CA_BUNDLE").or_else(|| value("CURL_CA_BUNDLE"));
        let text = |text: OsString| text.into_string().ok();
        let as_text = variables.into_iter();
        let as_text = as_text.filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        Self {
            proxies: Proxies::from_environment(as_text),
            netrc,
            certificates,
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("proxies", &self.proxies)
            .field("netrc", &self.netrc)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}
