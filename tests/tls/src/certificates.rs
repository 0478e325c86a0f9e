//! Certificates made on the spot: an authority, and servers it vouches for.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::Rustls;

/// What a server shows: its certificate and its key, both as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Identity {
    /// A certificate that vouches for itself.
    pub(crate) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(name).self_signed(&key).expect("a certificate");
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.chain_and_key();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate with its key");
        Arc::new(config)
    }

    /// A server that wants a certificate of the client, issued by this authority.
    pub(crate) fn config_that_asks(&self, authority: &Authority) -> Arc<ServerConfig> {
        let verifier = WebPkiClientVerifier::builder(Arc::new(authority.roots()));
        let (chain, key) = self.chain_and_key();
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier.build().expect("roots"))
            .with_single_cert(chain, key)
            .expect("a certificate with its key");
        Arc::new(config)
    }

    fn chain_and_key(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("PEM");
        (vec![chain], key)
    }

    /// A client that has this certificate as its only root.
    pub(crate) fn as_root(&self) -> Rustls {
        trusting(&self.certificate)
    }
}

/// A certificate authority.
pub(crate) struct Authority {
    pub(crate) certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of the tests");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a name or an IP address.
    pub(crate) fn issue(&self, name: &str) -> Identity {
        self.sign(&params(name))
    }

    pub(crate) fn issue_expired(&self, name: &str) -> Identity {
        let mut params = params(name);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.sign(&params)
    }

    pub(crate) fn issue_for_the_future(&self, name: &str) -> Identity {
        let mut params = params(name);
        params.not_before = date_time_ymd(4000, 1, 1);
        params.not_after = date_time_ymd(4001, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self) -> Rustls {
        trusting(&self.certificate)
    }

    /// The same, with a certificate of its own to show.
    pub(crate) fn client_with(&self, identity: &Identity) -> Rustls {
        let (chain, key) = identity.chain_and_key();
        let config = ClientConfig::builder()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(chain, key)
            .expect("a certificate with its key");
        Rustls {
            config: Arc::new(config),
        }
    }

    fn roots(&self) -> RootCertStore {
        let root = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM");
        let mut roots = RootCertStore::empty();
        roots.add(root).expect("a root");
        roots
    }

    /// The same with these versions of TLS only.
    pub(crate) fn client_of(&self, versions: &[&'static SupportedProtocolVersion]) -> Rustls {
        let config = ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        Rustls {
            config: Arc::new(config),
        }
    }
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name for a certificate")
}

/// A client with the roots of this PEM text, by way of a file as in real use.
pub(crate) fn trusting(pem: &str) -> Rustls {
    let path = file(pem);
    let client = Rustls::with_roots(&path).expect("roots");
    fs::remove_file(path).expect("the file of the roots");
    client
}

/// A new file with this text.
pub(crate) fn file(text: &str) -> PathBuf {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("stdhttp-tls-{}-{serial}.pem", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, text).expect("a file");
    path
}
