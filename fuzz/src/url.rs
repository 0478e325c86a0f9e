//! What must hold of every URL that was accepted.

use crate::host::host_field;
use stdhttp::urllib::parse::{SplitResult, unquote_to_bytes, urlsplit};
use stdhttp::urllib::{ParseError, Url};

/// The text is that of its parts, each with legal octets only, and is read again as the same URL.
pub fn assert_is_whole(url: &Url) {
    let text = url.as_str();
    assert_eq!(&Url::parse(text).expect("what was accepted"), url);
    let (scheme, rest) = text.split_once("://").expect("a scheme");
    assert_eq!(scheme.to_ascii_lowercase(), url.scheme());
    let mut parts = format!("{}{}", url.netloc(), url.path());
    for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
        parts.extend(
            part.iter()
                .flat_map(|part| [mark.to_string(), (*part).to_owned()]),
        );
    }
    assert_eq!(parts, rest);
    let legal =
        |octet: u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?#%[]".contains(&octet);
    assert!(text.bytes().all(legal), "{text}");
    assert_targets(url);
    assert_host(url);
}

fn assert_targets(url: &Url) {
    let target = url.request_target();
    assert!(target.starts_with('/') && !target.contains(['#', ' ']));
    assert!(url.absolute_target().ends_with(&*target));
    let sent = Url::parse(&url.absolute_target()).expect("a URL");
    // A zone means something on this machine only.
    assert!(sent.origin() == url.origin() || url.hostname().contains('%'));
    assert_eq!(sent.userinfo(), None);
    assert_eq!(sent.request_target(), target);
    let split = urlsplit(url.as_str()).expect("what Url takes");
    assert_eq!((split.netloc, split.path), (url.netloc(), url.path()));
    assert_eq!(split.query, url.query().unwrap_or_default());
    assert_eq!(
        split.port().expect("a port").unwrap_or(url.port()),
        url.port()
    );
    assert!(unquote_to_bytes(url.path()).len() <= url.path().len());
}

/// A connection takes host and `Host` as the same.
fn assert_host(url: &Url) {
    let (host, port, field) = host_field(url.hostname(), Some(url.port())).expect("a host");
    assert_eq!((host.as_str(), port), (url.hostname(), url.port()));
    let default_port = [80, 443][usize::from(url.is_https())];
    let written = format!("{}:{}", url.host_field(), url.port());
    let expected = match port {
        80 => url.host_field().to_owned(),
        port if port == default_port => written,
        _ => url.host_field().to_owned(),
    };
    if !(url.is_https() && port == 80) {
        assert_eq!(String::from_utf8(field).expect("ASCII"), expected);
    }
    assert_eq!(url.origin().host(), host.strip_suffix('.').unwrap_or(&host));
}

/// What is split and put together is split alike.
pub fn assert_splits_alike(split: Result<SplitResult<'_>, ParseError>) {
    if let Ok(parts) = split {
        let text = parts.geturl();
        if let Ok(again) = urlsplit(&text) {
            assert_eq!(again.geturl(), text);
        }
    }
}
