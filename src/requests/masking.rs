//! What of an exchange is not written down: values of fields and of parameters that are secrets.

use super::transcript::Field;
use crate::urllib::Url;
use crate::urllib::parse::unquote_plus;

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
        match text.split_once('?') {
            Some((start, query)) => format!("{start}?{}", self.parameters(query)),
            None => text,
        }
    }

    /// The body of a form whose parameters are those of a URL; its other octets stay as they are.
    pub(super) fn form(&self, body: &[u8]) -> Vec<u8> {
        let pairs = body.split(|octet| *octet == b'&').map(|pair| {
            let text = String::from_utf8_lossy(pair);
            let masked = self.parameter(&text);
            match masked == text {
                true => pair.to_vec(),
                false => masked.into_bytes(),
            }
        });
        pairs.collect::<Vec<_>>().join(&b'&')
    }

    fn parameters(&self, text: &str) -> String {
        let masked: Vec<String> = text.split('&').map(|pair| self.parameter(pair)).collect();
        masked.join("&")
    }

    /// The name may be quoted, so that no secret hides behind `%`.
    fn parameter(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, _)) if self.is_secret(&unquote_plus(name)) => format!("{name}={MASK}"),
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

    /// A reference to a URL, without user and password. Its fragment has parameters too, where it
    /// hands over a token.
    fn reference(&self, text: &str) -> String {
        let (address, fragment) = halves(text, '#');
        let (place, query) = halves(address, '?');
        let mut masked = without_userinfo(place);
        for (mark, parameters) in [('?', query), ('#', fragment)] {
            if let Some(parameters) = parameters {
                masked.push(mark);
                masked.push_str(&self.parameters(parameters));
            }
        }
        masked
    }
}

/// What stands before a mark, and behind it where there is one.
fn halves(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

fn without_userinfo(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("//") else {
        return place.to_owned();
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}//{host}{path}")
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
