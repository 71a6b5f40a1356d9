//! TLS connections to a database that the user provides, according to libpq's `sslmode`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postgres::config::SslMode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection_parameters::{in_home, is_private};
use crate::config::ConfigError;
use crate::config::url::Parameters;

/// The method for checking the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// The certificate is not checked.
    Nothing,
    /// A trusted authority must have issued it.
    Authority,
    /// A trusted authority must have issued it for the host of the URL.
    Host,
}

/// Returns the TLS mode, and the connector unless TLS is disabled.
pub(super) fn of(
    parameters: &Parameters,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(SslMode, Option<MakeRustlsConnect>), ConfigError> {
    let given = |key: &str| parameters.get(key).map(String::as_str);
    let file = |key: &str, usual: &str| {
        given(key).map(PathBuf::from).or_else(|| in_home(env, usual).filter(|path| path.exists()))
    };
    let root = file("sslrootcert", ".postgresql/root.crt");
    let (mode, check) = match given("sslmode") {
        Some("disable") => return Ok((SslMode::Disable, None)),
        None | Some("allow" | "prefer") => (SslMode::Prefer, Check::Nothing),
        // As in libpq, a root certificate is used if it exists.
        Some("require") if root.is_none() => (SslMode::Require, Check::Nothing),
        Some("require" | "verify-ca") => (SslMode::Require, Check::Authority),
        Some("verify-full") => (SslMode::Require, Check::Host),
        Some(_) => {
            let known = "disable, allow, prefer, require, verify-ca or verify-full";
            return Err(invalid("sslmode", format!("expected {known}")));
        }
    };
    // A Unix socket never uses TLS, regardless of the mode.
    if given("host").is_some_and(|hosts| hosts.split(',').all(|host| host.starts_with('/'))) {
        return Ok((SslMode::Disable, None));
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(check, root.as_deref(), &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("sslmode", error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let certificate = file("sslcert", ".postgresql/postgresql.crt");
    let config = match (certificate, file("sslkey", ".postgresql/postgresql.key")) {
        (Some(certificate), Some(key)) => {
            if !is_private(&key) {
                return Err(invalid("sslkey", format!("other users can read {}; run chmod 0600 on it", key.display())));
            }
            let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&key, &error))?;
            builder
                .with_client_auth_cert(certificates(&certificate)?, secret)
                .map_err(|error| invalid("sslcert", error.to_string()))?
        }
        (Some(_), None) => return Err(invalid("sslcert", "the key of the certificate is missing; set sslkey".into())),
        (None, _) => builder.with_no_client_auth(),
    };
    Ok((mode, Some(MakeRustlsConnect::new(config))))
}

fn invalid(key: &str, message: String) -> ConfigError {
    ConfigError::Invalid { place: format!("{key} of the database"), message }
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error) -> ConfigError {
    ConfigError::Invalid {
        place: path.display().to_string(),
        message: format!("the file contains no readable PEM: {error}"),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>();
    read().map_err(|error| unreadable(path, &error))
}

/// Verifies a server's certificate as the mode requires. The server must always prove that it has the private key.
#[derive(Debug)]
struct Verifier {
    check: Check,
    /// The verifier for the chain of certificates, if an authority is required.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates in `sslrootcert`. One of them may be the certificate of the server itself.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(check: Check, root: Option<&Path>, provider: &Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        let mut verifier = Self { check, chain: None, trusted: Vec::new(), provider: Arc::clone(provider) };
        if check == Check::Nothing {
            return Ok(verifier);
        }
        let mut roots = RootCertStore::empty();
        match root {
            Some(path) if path != Path::new("system") => {
                verifier.trusted = certificates(path)?;
                roots.add_parsable_certificates(verifier.trusted.iter().cloned());
                if roots.is_empty() {
                    return Err(invalid("sslrootcert", format!("{} contains no certificate", path.display())));
                }
            }
            // Anybody can get a certificate from a public authority, so it proves nothing unless the host name is checked.
            _ if check != Check::Host => {
                return Err(invalid("sslmode", "verify-ca needs sslrootcert=FILE; set it, or use verify-full".into()));
            }
            _ => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() {
                    return Err(invalid("sslmode", "this system has no root certificates; set sslrootcert".into()));
                }
            }
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        verifier.chain = Some(chain.build().map_err(|error| invalid("sslrootcert", error.to_string()))?);
        Ok(verifier)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            // A self-signed certificate in `sslrootcert` is trusted, although the rules for chains do not accept it as an authority.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::UnknownIssuer))
                if self.trusted.iter().any(|trusted| trusted == end_entity) =>
            {
                if self.check == Check::Host {
                    let parsed = rustls::server::ParsedCertificate::try_from(end_entity)?;
                    rustls::client::verify_server_name(&parsed, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
