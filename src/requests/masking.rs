//! What of an exchange is not written down: values of fields and of parameters that are secrets.

use super::transcript::Field;
use crate::urllib::Url;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Words that make the name of a field or a parameter one of a secret.
const WORDS: [&str; 6] = ["auth", "key", "password", "secret", "signature", "token"];

/// Which names are those of secrets, beside those that have one of the words in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Masking {
    pub(super) names: Vec<String>,
}

impl Masking {
    fn is_secret(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let mut words = WORDS.iter();
        let mut names = self.names.iter();
        words.any(|word| lower.contains(word))
            || names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Without user, password and fragment, the values of secret parameters masked.
    pub(super) fn url(&self, url: &Url) -> String {
        let text = url.absolute_target();
        let Some((start, query)) = text.split_once('?') else {
            return text;
        };
        let parameters: Vec<String> = query.split('&').map(|pair| self.parameter(pair)).collect();
        format!("{start}?{}", parameters.join("&"))
    }

    fn parameter(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, _)) if self.is_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        }
    }

    /// What is shown of a field: of credentials the scheme, of cookies the names and attributes.
    pub(super) fn field(&self, name: &str, value: &[u8]) -> Field {
        let lower = name.to_ascii_lowercase();
        let text = String::from_utf8_lossy(value);
        let masked = match lower.as_str() {
            "www-authenticate" | "proxy-authenticate" => return (name.to_owned(), value.to_vec()),
            "cookie" => cookies(&text),
            "set-cookie" => set_cookie(&text),
            "location" | "content-location" | "referer" => self.reference(&text),
            "authorization" | "proxy-authorization" => credentials(&text),
            _ if self.is_secret(name) => MASK.to_owned(),
            _ => return (name.to_owned(), value.to_vec()),
        };
        (name.to_owned(), masked.into_bytes())
    }

    /// A reference to a URL, without user and password.
    fn reference(&self, text: &str) -> String {
        let (address, fragment) = match text.split_once('#') {
            Some((address, fragment)) => (address, format!("#{fragment}")),
            None => (text, String::new()),
        };
        let (place, query) = match address.split_once('?') {
            Some((place, query)) => {
                let pairs: Vec<String> =
                    query.split('&').map(|pair| self.parameter(pair)).collect();
                (place, format!("?{}", pairs.join("&")))
            }
            None => (address, String::new()),
        };
        let place = match place.split_once("//") {
            Some((scheme, rest)) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let host = authority
                    .rsplit_once('@')
                    .map_or(authority, |(_, host)| host);
                format!("{scheme}//{host}{path}")
            }
            None => place.to_owned(),
        };
        format!("{place}{query}{fragment}")
    }
}

fn credentials(text: &str) -> String {
    match text.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} {MASK}"),
        None => MASK.to_owned(),
    }
}

fn cookies(text: &str) -> String {
    let masked: Vec<String> = text.split(';').map(|pair| pair_of(pair.trim())).collect();
    masked.join("; ")
}

fn set_cookie(text: &str) -> String {
    match text.split_once(';') {
        Some((pair, attributes)) => format!("{};{attributes}", pair_of(pair.trim())),
        None => pair_of(text.trim()),
    }
}

fn pair_of(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    }
}
