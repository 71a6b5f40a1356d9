//! How the server is reached. What fails before a request is sent says nothing about the texts in it.

use std::io::ErrorKind;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Error, config::Config};

/// No connection to a server was to be had.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {source}")]
pub struct Unreached {
    /// Host and port: those of a redirect, or of a proxy, when these led elsewhere.
    pub address: String,
    pub source: Error,
}

impl Unreached {
    /// Returns what could not be reached, if that is what `error` says.
    pub fn of(error: &Error) -> Option<&Self> {
        if let Error::Other(cause) = error { cause.downcast_ref() } else { None }
    }

    /// Marks an error on the way to the server. A certificate that is refused is none of these: the server is there.
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

/// Looks names up as ever, and marks those that are not found.
#[derive(Debug, Default)]
pub struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| Unreached::mark(error, uri))
    }
}

/// Connects as ever, and marks what does not come about.
#[derive(Debug, Default)]
pub struct Connections(DefaultConnector);

impl Connector for Connections {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| Unreached::mark(error, details.uri))
    }
}
