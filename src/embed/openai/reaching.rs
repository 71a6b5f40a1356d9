//! Connects to the server. If the connection fails, the texts of the request cannot be the cause.

use std::io::ErrorKind;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Error, config::Config};

/// The server is unreachable.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {source}")]
pub struct Unreached {
    /// Host and port. They differ from the configured ones after a redirect or with a proxy.
    pub address: String,
    pub source: Error,
}

impl Unreached {
    /// Returns the unreachable server, if `error` has that cause.
    pub fn of(error: &Error) -> Option<&Self> {
        if let Error::Other(cause) = error { cause.downcast_ref() } else { None }
    }

    /// Marks a connection error. A rejected certificate is not a connection error, because the server is reachable.
    fn mark(error: Error, uri: &Uri) -> Error {
        let is_away = match &error {
            Error::Io(io) => !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other),
            Error::HostNotFound | Error::Timeout(_) | Error::ConnectionFailed => true,
            _ => false,
        };
        if is_away { Error::Other(Box::new(Self { address: address(uri), source: error })) } else { error }
    }
}

/// Returns host and port, without user and password.
pub fn address(uri: &Uri) -> String {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

/// Resolves names, and marks names that are not found.
#[derive(Debug, Default)]
pub struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| Unreached::mark(error, uri))
    }
}

/// Connects, and marks connections that fail.
#[derive(Debug, Default)]
pub struct Connections(DefaultConnector);

impl Connector for Connections {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| Unreached::mark(error, details.uri))
    }
}
