//! URLs opened over TLS: the handler of the page, a certificate that is not trusted, and the way back
//! into the clear.

use std::io::Read;

use stdhttp::urllib::RedirectError;
use stdhttp::urllib::request::{ProxyHandler, URLError, Unfollowed};

use crate::certificates::Identity;
use crate::opener;
use crate::server::serve_one;

#[test]
fn https_urls_are_opened() {
    let identity = Identity::self_signed("localhost");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let server = serve_one(&identity, answer);
    let opener = opener(identity.as_root()).add_handler(ProxyHandler::none());
    let url = format!("https://localhost:{}/x", server.port);
    let mut response = opener.open(&url).expect("an answer");
    let mut text = String::new();
    response.read_to_string(&mut text).expect("a whole body");
    assert_eq!((text.as_str(), response.url()), ("hi", url.as_str()));
    server.results();
}

#[test]
fn a_certificate_that_is_not_trusted_is_an_error() {
    let server = serve_one(
        &Identity::self_signed("localhost"),
        "HTTP/1.1 200 OK\r\n\r\n",
    );
    let trusted = Identity::self_signed("localhost").as_root();
    let opener = opener(trusted).add_handler(ProxyHandler::none());
    let error = opener.open(&format!("https://localhost:{}/", server.port));
    assert!(matches!(error, Err(URLError::Exchange(_))), "{error:?}");
    server.results();
}

#[test]
fn a_redirect_into_the_clear_is_not_followed() {
    let identity = Identity::self_signed("localhost");
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n";
    let server = serve_one(&identity, answer);
    let opener = opener(identity.as_root()).add_handler(ProxyHandler::none());
    match opener.open(&format!("https://localhost:{}/", server.port)) {
        Err(URLError::HTTP(error)) => {
            let why = Unfollowed::Refused(RedirectError::Clear);
            assert_eq!(error.unfollowed(), Some(why));
        }
        other => panic!("{other:?}"),
    }
    server.results();
}
