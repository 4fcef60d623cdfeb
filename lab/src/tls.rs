//! A certificate authority, the certificates of the servers, and the clients' trust in it.

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::Failure;

/// A certificate authority that lives as long as the process.
#[derive(Debug)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Returns the authority that all clients of the lab trust.
    pub fn trusted() -> &'static Self {
        static TRUSTED: OnceLock<Authority> = OnceLock::new();
        TRUSTED.get_or_init(|| {
            // reqwest without a provider of its own takes that of the process.
            let _ = rustls::crypto::ring::default_provider().install_default();
            Self::new("trusted authority")
        })
    }

    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = params.self_signed(&key).expect("the parameters are valid");
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Returns the certificate of the authority, in DER.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Returns the TLS settings of a client that trusts this authority alone.
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let added = roots.add(self.certificate.clone());
        added.expect("the certificate is valid");
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    fn server_config(&self, host: &str, is_expired: bool) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([host.to_owned()]).expect("the name is valid");
        if is_expired {
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = params.signed_by(&key, &self.issuer);
        let certificate = certificate.expect("the parameters are valid").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("rcgen writes PKCS #8");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        Arc::new(config.expect("the key matches the certificate"))
    }
}

/// Returns the TLS settings of the server that fails in this way.
pub(crate) fn server_config(failure: Failure) -> Arc<ServerConfig> {
    let trusted = Authority::trusted();
    match failure {
        Failure::TlsUntrusted => {
            Authority::new("unknown authority").server_config("127.0.0.1", false)
        }
        Failure::TlsWrongHost => trusted.server_config("other.example", false),
        Failure::TlsExpired => trusted.server_config("127.0.0.1", true),
        _ => trusted.server_config("127.0.0.1", false),
    }
}
