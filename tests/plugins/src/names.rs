//! Names: public suffixes and IDNA.

use stdhttp::requests::ExceptionKind;
use stdhttp::urllib::Url;

use crate::server::session_with;
use crate::{plug_idna, plug_public_suffixes};

/// Whether a server of this host may set a cookie for that domain.
fn may_set(plugged: bool, host: &str, domain: &str) -> bool {
    let session = session_with(|session| {
        if plugged {
            plug_public_suffixes(session);
        }
    });
    let url = Url::parse(&format!("http://{host}/")).expect("a URL");
    let line = format!("name=value; Domain={domain}");
    session.cookies().store(line.as_bytes(), &url).is_ok()
}

#[test]
fn no_cookie_is_for_all_below_a_public_suffix() {
    for (host, domain, allowed) in [
        ("www.example.co.uk", "co.uk", false),
        ("www.example.co.uk", "example.co.uk", true),
        ("user.github.io", "github.io", false),
        ("a.example.com", "example.com", true),
        ("a.b.kawasaki.jp", "b.kawasaki.jp", false),
        ("a.city.kawasaki.jp", "city.kawasaki.jp", true),
    ] {
        assert_eq!(may_set(true, host, domain), allowed, "{host} {domain}");
    }
    assert!(may_set(false, "www.example.co.uk", "co.uk"));
}

#[test]
fn hosts_beyond_ascii_are_asked_for_by_their_ascii_form() {
    let session = session_with(plug_idna);
    for (url, host) in [
        ("http://bücher.example/ä", "xn--bcher-kva.example"),
        ("http://faß.example/", "xn--fa-hia.example"),
        ("http://例え.テスト/", "xn--r8jz45g.xn--zckzah"),
        ("http://EXAMPLE.example/", "example.example"),
    ] {
        let request = session.get(url).prepare().expect(url);
        assert_eq!(request.url().hostname(), host, "{url}");
    }
    for url in ["http://bücher.example/", "http://a\u{2488}com/"] {
        let plain = session_with(|_| {}).get(url).prepare();
        let plugged = session.get(url).prepare();
        let refused = if url.contains("bücher") {
            plain
        } else {
            plugged
        };
        let error = refused.expect_err(url);
        assert!(
            matches!(error.kind(), ExceptionKind::InvalidURL(_)),
            "{url}: {error:?}"
        );
    }
}
