//! What is taken from the environment, each with a switch of its own (`trust_env`).

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::ExceptionKind;
use crate::auth::{Credentials, Netrc};
use crate::urllib::{Proxies, Url};

type Variables = Arc<dyn Fn() -> Vec<(OsString, OsString)> + Send + Sync>;

/// What a session takes from the environment. What of `.netrc` is sent goes to the host of the
/// caller's own URL alone, never to one that a redirect leads to.
#[derive(Clone)]
#[non_exhaustive]
pub struct Environment {
    /// Proxies: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`. True.
    pub proxies: bool,
    /// Names and passwords for hosts that `$NETRC`, `~/.netrc` or `~/_netrc` name exactly. True.
    pub netrc: bool,
    /// The path of certificates that TLS is handed: `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. True.
    pub certificates: bool,
    variables: Variables,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        Self {
            proxies: true,
            netrc: true,
            certificates: true,
            variables: Arc::new(|| std::env::vars_os().collect()),
        }
    }

    /// Other variables than those of the process, for tests.
    pub fn set_variables<N, V>(&mut self, variables: impl IntoIterator<Item = (N, V)>)
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        let variables: Vec<(OsString, OsString)> = variables
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        self.variables = Arc::new(move || variables.clone());
    }

    pub(super) fn proxies(&self) -> Proxies {
        if !self.proxies {
            return Proxies::new();
        }
        let variables = (self.variables)().into_iter();
        let text = |text: OsString| text.into_string().ok();
        Proxies::from_environment(
            variables.filter_map(|(name, value)| Some((text(name)?, text(value)?))),
        )
    }

    pub(super) fn certificates(&self) -> Option<PathBuf> {
        let names = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
        let mut found = names.iter().filter_map(|name| self.variable(name));
        found
            .next()
            .filter(|_| self.certificates)
            .map(PathBuf::from)
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let variables = (self.variables)();
        let mut found = variables.into_iter().filter(|(known, _)| known == name);
        found
            .next()
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// What the file says of the host of a URL. A file that is not there says nothing.
    pub(super) fn credentials(&self, url: &Url) -> Result<Option<Credentials>, ExceptionKind> {
        let Some(path) = self.netrc_path().filter(|_| self.netrc) else {
            return Ok(None);
        };
        let netrc = Netrc::load(path).map_err(ExceptionKind::Netrc)?;
        Ok(netrc.credentials(url)?)
    }

    fn netrc_path(&self) -> Option<PathBuf> {
        if let Some(path) = self.variable("NETRC") {
            return Some(PathBuf::from(path)).filter(|path| path.is_file());
        }
        let home = self
            .variable("HOME")
            .or_else(|| self.variable("USERPROFILE"))?;
        let in_home = [".netrc", "_netrc"].map(|name| PathBuf::from(&home).join(name));
        in_home.into_iter().find(|path| path.is_file())
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
