//! The parts of a URL, and where a redirect leads (RFC 3986 section 5).

/// The parts of an `http` URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Url {
    /// Host and port, as they stand.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) target: String,
}

impl Url {
    /// Takes `[http://]host[:port][/path][?query]` apart.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        match url.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => Self::of_scheme(scheme, rest),
            _ => Self::of_scheme("http", url),
        }
    }

    /// `rest` is what follows the scheme and two slashes. A fragment is not sent. The parts are
    /// checked by the connection.
    fn of_scheme(scheme: &str, rest: &str) -> Result<Self, String> {
        if scheme.eq_ignore_ascii_case("https") {
            return Err("https needs a TLS library; docs/tls.md shows how to add one".into());
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(format!("{scheme} is not a scheme that this program knows"));
        }
        let sent = rest.split('#').next().unwrap_or_default();
        let end = sent.find(['/', '?']).unwrap_or(sent.len());
        let (authority, target) = sent.split_at(end);
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self {
            authority: authority.into(),
            target: format!("{slash}{target}"),
        })
    }

    /// Where the value of a `Location` field leads from here.
    pub(crate) fn join(&self, location: &[u8]) -> Result<Self, String> {
        let location = percent_encoded(location);
        let reference = location.split('#').next().unwrap_or_default();
        match reference.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => {
                return Self::of_scheme(scheme, rest.trim_start_matches('/'));
            }
            _ => {}
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::of_scheme("http", rest);
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        let target = match reference.chars().next() {
            None => self.target.clone(),
            Some('/') => without_dots(reference),
            Some('?') => format!("{path}{reference}"),
            Some(_) => without_dots(&format!("{folder}{reference}")),
        };
        Ok(Self {
            authority: self.authority.clone(),
            target,
        })
    }
}

/// What no URL may hold, but many a `Location` does.
fn percent_encoded(location: &[u8]) -> String {
    let encoded = |&octet: &u8| match octet {
        b'!'..=b'~' => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    location.iter().map(encoded).collect()
}

/// What stands before the colon of a scheme has nothing of a path or query.
fn is_scheme(text: &str) -> bool {
    !text.contains(['/', '?', '#'])
}

/// Resolves the segments `.` and `..` of the path (RFC 3986 section 5.2.4).
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut kept = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (place, segment) in segments.iter().enumerate() {
        let is_last = place + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            name => kept.push(name),
        }
    }
    format!("/{}{query}", kept.join("/"))
}
