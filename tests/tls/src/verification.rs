//! Whom the client believes: the rows of `http.client`'s class `HTTPSTest`, on loopback, and
//! certificates at the wrong time.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use stdhttp::{Connect, HTTPConnection, HTTPException, HTTPSConnection, Route};
use stdhttp::{Secured, Step, Tcp};

use crate::Rustls;
use crate::certificates::{Authority, Identity, file, trusting};
use crate::server::{connection, finish, read_head, serve, serve_one, serve_with, write};

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nServer: test\r\nContent-Length: 0\r\n\r\n";

#[test]
fn https_test_attributes() {
    let authority = Authority::new();
    let server = serve_one(&authority.issue("localhost"), NOT_FOUND);
    let timeout = Duration::from_secs(30);
    let mut conn = HTTPConnection::builder("localhost")
        .port(server.port)
        .connector(Secured::new(authority.client(), Tcp::new()))
        .timeout(timeout)
        .build()
        .expect("a host");
    conn.request("GET", "/", (), &[]).expect("a request");
    let status = conn.getresponse().expect("a response").status();
    assert_eq!(status, 404);
    let stream = conn.stream().expect("a stream");
    let applied = stream.socket.read_timeout().expect("a socket");
    assert_eq!(applied, Some(timeout));
}

#[test]
fn https_test_networked() {
    let server = Identity::self_signed("localhost");
    let error = refused("localhost", &server, Authority::new().client());
    assert_eq!(error, CertificateError::UnknownIssuer);
}

#[test]
fn https_test_networked_noverification() {
    let server = Identity::self_signed("localhost");
    assert_eq!(status("localhost", &server, believing_all()), 404);
}

#[test]
fn https_test_networked_trusted_by_default_cert() {
    let (others, authority) = (Authority::new(), Authority::new());
    let bundle = format!(
        "A comment.\n{}\nAnother.\n{}",
        others.certificate, authority.certificate
    );
    let server = authority.issue("localhost");
    assert_eq!(status("localhost", &server, trusting(&bundle)), 404);
}

#[test]
fn https_test_networked_good_cert() {
    let server = Identity::self_signed("localhost");
    assert_eq!(status("localhost", &server, server.as_root()), 404);
}

#[test]
fn https_test_networked_bad_cert() {
    let server = Identity::self_signed("localhost");
    let unrelated = Identity::self_signed("localhost").as_root();
    // Both have the same subject, so that the signature is what tells them apart.
    let error = refused("localhost", &server, unrelated);
    assert!(matches!(
        error,
        CertificateError::UnknownIssuer | CertificateError::BadSignature
    ));
}

#[test]
fn https_test_local_unknown_cert() {
    let server = Authority::new().issue("localhost");
    let error = refused("localhost", &server, Authority::new().client());
    assert!(matches!(
        error,
        CertificateError::UnknownIssuer | CertificateError::BadSignature
    ));
}

#[test]
fn https_test_local_good_hostname() {
    let authority = Authority::new();
    let server = authority.issue("localhost");
    assert_eq!(status("localhost", &server, authority.client()), 404);
}

#[test]
fn https_test_local_good_address() {
    let authority = Authority::new();
    let server = authority.issue("127.0.0.1");
    assert_eq!(status("127.0.0.1", &server, authority.client()), 404);
}

#[test]
fn https_test_local_bad_hostname() {
    let authority = Authority::new();
    let server = authority.issue("fakehostname");
    let error = refused("localhost", &server, authority.client());
    assert!(is_wrong_name(&error), "{error:?}");
    assert_eq!(status("localhost", &server, believing_all()), 404);
}

#[test]
fn https_test_host_port() {
    let client = Authority::new().client();
    for bad in ["www.python.org:abc", "user:password@www.python.org"] {
        let error = HTTPSConnection::with_tls(bad, None, client.clone()).expect_err(bad);
        assert!(matches!(error, HTTPException::InvalidURL(_)), "{bad}");
    }
    let good = [
        ("[fe80::207:e9ff:fe9b]:8000", "fe80::207:e9ff:fe9b", 8000),
        ("www.python.org:443", "www.python.org", 443),
        ("www.python.org:", "www.python.org", 443),
        ("www.python.org", "www.python.org", 443),
        ("[fe80::207:e9ff:fe9b]", "fe80::207:e9ff:fe9b", 443),
        ("[fe80::207:e9ff:fe9b]:", "fe80::207:e9ff:fe9b", 443),
    ];
    for (text, host, port) in good {
        let conn = HTTPSConnection::with_tls(text, None, client.clone()).expect(text);
        assert_eq!((conn.host(), conn.port()), (host, port));
        assert_eq!(conn.default_port(), 443);
    }
}

/// The dot is dialled and stands in `Host`; a certificate has none.
#[test]
fn name_with_a_trailing_dot() {
    let authority = Authority::new();
    let server = serve(&authority.issue("www.example.org"), 1, |mut tls| {
        let head = read_head(&mut tls)?;
        let name = tls.get_ref().conn.server_name().map(str::to_owned);
        write(&mut tls, NOT_FOUND)?;
        finish(&mut tls)?;
        io::Result::Ok((head, name))
    });
    let port = server.port;
    let mut conn = HTTPConnection::builder("www.example.org.")
        .port(port)
        .connector(Secured::new(authority.client(), Loopback(port)))
        .build()
        .expect("a host");
    conn.request("GET", "/", (), &[]).expect("a request");
    assert_eq!(conn.getresponse().expect("a response").status(), 404);
    drop(conn);
    for result in server.results() {
        let (head, name) = result.expect("a request");
        let host = format!("Host: www.example.org.:{port}");
        assert!(head.iter().any(|line| line.trim_end() == host), "{head:?}");
        assert_eq!(name.as_deref(), Some("www.example.org"));
    }
}

/// Whoever is asked for, the server of the test answers.
struct Loopback(u16);

impl Connect for Loopback {
    type Stream = TcpStream;

    fn connect(&mut self, _route: &mut Route<'_>) -> Result<TcpStream, HTTPException> {
        Ok(TcpStream::connect(("127.0.0.1", self.0))?)
    }
}

/// What `key_file` and `cert_file` were for: the configuration shows a certificate of the client.
#[test]
fn certificate_of_the_client() {
    let authority = Authority::new();
    let (server, client) = (authority.issue("localhost"), authority.issue("client"));
    let shown = |client: Rustls| {
        let config = server.config_that_asks(&authority);
        let server = serve_with(config, 1, |mut tls| -> io::Result<Option<usize>> {
            read_head(&mut tls)?;
            let certificates = tls.get_ref().conn.peer_certificates().map(<[_]>::len);
            write(&mut tls, NOT_FOUND)?;
            // The client may be gone before the goodbye.
            let _ = finish(&mut tls);
            Ok(certificates)
        });
        let mut conn = connection("localhost", server.port, client);
        let sent = conn.request("GET", "/", (), &[]);
        let status = sent.and_then(|()| Ok(conn.getresponse()?.status()));
        drop(conn);
        (status.ok(), server.results().remove(0).ok().flatten())
    };
    assert_eq!(shown(authority.client_with(&client)), (Some(404), Some(1)));
    assert_eq!(shown(authority.client()), (None, None));
}

#[test]
fn wrong_address() {
    let authority = Authority::new();
    let server = authority.issue("127.0.0.2");
    let error = refused("127.0.0.1", &server, authority.client());
    assert!(is_wrong_name(&error), "{error:?}");
}

#[test]
fn expired_certificate() {
    let authority = Authority::new();
    let server = authority.issue_expired("localhost");
    let error = refused("localhost", &server, authority.client());
    assert!(matches!(
        error,
        CertificateError::Expired | CertificateError::ExpiredContext { .. }
    ));
}

#[test]
fn certificate_of_the_future() {
    let authority = Authority::new();
    let server = authority.issue_for_the_future("localhost");
    let error = refused("localhost", &server, authority.client());
    assert!(matches!(
        error,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }
    ));
}

#[test]
fn roots_from_unusable_files() {
    let missing = std::env::temp_dir().join("stdhttp-tls-no-such-file.pem");
    assert!(Rustls::with_roots(missing).is_err());
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        let path = file(text);
        assert!(Rustls::with_roots(&path).is_err(), "{text}");
        std::fs::remove_file(path).expect("the file");
    }
}

/// What a server with this certificate answers.
fn status(host: &str, identity: &Identity, client: Rustls) -> u16 {
    let server = serve_one(identity, NOT_FOUND);
    let mut conn = connection(host, server.port, client);
    conn.request("GET", "/", (), &[]).expect("a request");
    let response = conn.getresponse().expect("a response");
    assert_eq!(response.getheader("server").as_deref(), Some("test"));
    response.status()
}

/// Why a server with this certificate is not believed; it must not get the request.
fn refused(host: &str, identity: &Identity, client: Rustls) -> CertificateError {
    let server = serve_one(identity, NOT_FOUND);
    let mut conn = connection(host, server.port, client);
    let error = conn.request("GET", "/", (), &[]).expect_err("believed");
    assert!(!conn.is_connected());
    assert!(server.results().iter().all(Result::is_err));
    certificate_error(error)
}

pub(crate) fn certificate_error(error: HTTPException) -> CertificateError {
    let HTTPException::Io { error, step, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(step, Step::Handshake);
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Error::InvalidCertificate(error)) => error.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn is_wrong_name(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    )
}

/// A client that verifies no certificate.
fn believing_all() -> Rustls {
    let verifier = BelievesAll(ring::default_provider());
    let config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Rustls {
        config: Arc::new(config),
    }
}

#[derive(Debug)]
struct BelievesAll(CryptoProvider);

impl ServerCertVerifier for BelievesAll {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
