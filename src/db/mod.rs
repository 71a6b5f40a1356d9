//! The database: connecting, installing the schema, and one typed call for each SQL function.

pub mod calls;
pub mod health;
pub mod install;
pub mod local;
pub mod search;
pub mod stage;
pub mod vector_index;

use std::time::Duration;

use postgres::{Client, NoTls};

use crate::config::Config;
use crate::error::{Error, Result};
use local::LocalServer;

/// How to reach the database of a configuration: enough to open any number of connections.
#[derive(Debug, Clone)]
pub struct Connector {
    config: postgres::Config,
    /// It is the private local server.
    pub is_local: bool,
    shown: String,
}

impl Connector {
    /// Returns the way to the configured database; starts the private local server when no URL is configured.
    pub fn new(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database.url {
            return Self::from_url(url.secret(), url.to_string(), false, config);
        }
        let server = LocalServer::new(&config.workspace.dir, config.database.bin_dir.as_deref())?;
        match server.start()? {
            local::Started::AlreadyRunning => {}
            local::Started::Started => log::info!("started the private server"),
            local::Started::Created => log::info!("created and started the private server"),
        }
        let shown = format!("private server, {}", server.status()?.socket_dir.display());
        Self::from_url(&server.url(), shown, true, config)
    }

    fn from_url(url: &str, shown: String, is_local: bool, config: &Config) -> Result<Self> {
        let mut parsed: postgres::Config = url.parse()?;
        if parsed.get_application_name().is_none() {
            parsed.application_name("trailblazer");
        }
        if parsed.get_connect_timeout().is_none() {
            parsed.connect_timeout(Duration::from_secs(10));
        }
        // Which thread of which process notices a dead peer is up to the kernel; this bounds it to a minute or so.
        parsed.keepalives_idle(Duration::from_secs(30));
        // Only where it differs from the database's own default: poolers refuse start-up options they do not know.
        if config.backlog.max_attempts != crate::config::Backlog::default().max_attempts {
            let given = parsed.get_options().map(|given| format!("{given} ")).unwrap_or_default();
            parsed.options(&format!("{given}-c graphdb.max_attempts={}", config.backlog.max_attempts));
        }
        Ok(Self { config: parsed, is_local, shown })
    }

    /// Opens a connection.
    pub fn connect(&self) -> Result<Client> {
        Ok(self.config.connect(NoTls)?)
    }

    /// Opens a connection and makes sure that the schema is this binary's. On the private server it is installed.
    pub fn connect_ready(&self) -> Result<Client> {
        let mut client = self.connect()?;
        match install::state(&mut client)? {
            install::State::Current => {}
            install::State::Newer { version } => return Err(install::newer(version)),
            _ if self.is_local => {
                install::install(&mut client)?;
            }
            install::State::Missing => {
                return Err(Error::NotReady {
                    message: format!("the database ({}) has no trailblazer schema", self.shown),
                    hint: "Run `trailblazer db migrate` to install it.".into(),
                });
            }
            install::State::Outdated { .. } => {
                return Err(Error::NotReady {
                    message: format!("the schema in the database ({}) is older than this binary", self.shown),
                    hint: "Run `trailblazer db migrate` to bring it up to date.".into(),
                });
            }
        }
        Ok(client)
    }

    /// Says where the database is, without secrets.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}
