//! The certificate authorities that are trusted.

use ureq::tls::{Certificate, RootCerts};

/// Returns the system's authorities, which may include a company's own authority. If the system has none, returns the
/// public authorities of the web.
pub fn trusted() -> RootCerts {
    let own = rustls_native_certs::load_native_certs().certs;
    let own: Vec<_> = own.iter().map(|cert| Certificate::from_der(cert).to_owned()).collect();
    if own.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&own) }
}
