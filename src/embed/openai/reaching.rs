//! Connects to the server. An error before a request is sent says nothing about the texts in it.

use std::io::ErrorKind;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Error, config::Config};

/// The server could not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {source}")]
pub struct Unreached {
    /// Host and port. After a redirect, or with a proxy, these differ from the configured ones.
    pub address: String,
    pub source: Error,
}

impl Unreached {
    /// Returns the server that could not be reached, if `error` is about that.
    pub fn of(error: &Error) -> Option<&Self> {
        if let Error::Other(cause) = error { cause.downcast_ref() } else { None }
    }

    /// Marks an error of the connection. A refused certificate is not such an error, because the server is there.
    fn mark(error: Error, uri: &Uri) -> Error {
        let is_away = match &error {
            Error::Io(io) => !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other),
            Error::HostNotFound | Error::Timeout(_) | Error::ConnectionFailed => true,
            _ => false,
        };
        if is_away { Error::Other(Box::new(Self { address: address(uri), source: error })) } else { error }
    }
}

/// Host and port, without user and password.
pub fn address(uri: &Uri) -> String {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    format!("{}:{port}", uri.host().unwrap_or_default())
}

/// Resolves names as usual, and marks those that are not found.
#[derive(Debug, Default)]
pub struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| Unreached::mark(error, uri))
    }
}

/// Connects as usual, and marks connections that fail.
#[derive(Debug, Default)]
pub struct Connections(DefaultConnector);

impl Connector for Connections {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| Unreached::mark(error, details.uri))
    }
}
