//! The database: connecting, installing the schema, and one typed call for each SQL function.

pub mod calls;
mod connection_parameters;
pub mod health;
pub mod install;
pub mod local;
pub mod search;
pub mod stage;
mod tls;
pub mod vector_index;
pub mod vectors;

use std::time::Duration;

use postgres::{CancelToken, Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{self, Config, ConfigError, url};
use crate::error::{Error, Result};
use local::LocalServer;

/// How to reach the database of a configuration: enough to open any number of connections.
#[derive(Clone)]
pub struct Connector {
    settings: postgres::Config,
    /// How TLS is made, where it is.
    tls: Option<MakeRustlsConnect>,
    /// It is the private local server.
    pub is_local: bool,
    shown: String,
}

impl Connector {
    /// Returns the way to the configured database; starts the private local server when no URL is configured.
    pub fn new(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database.url {
            return Self::to_own(url, config);
        }
        let server = LocalServer::new(&config.workspace.dir, config.database.bin_dir.as_deref())?;
        match server.start()? {
            local::Started::AlreadyRunning => {}
            local::Started::Started => log::info!("started the private server"),
            local::Started::Created => log::info!("created and started the private server"),
        }
        let shown = format!("private server, {}", server.status()?.socket_dir.display());
        Ok(Self { settings: completed(server.url().parse()?, config), tls: None, is_local: true, shown })
    }

    /// Returns the way to a database of the user's own.
    fn to_own(url: &url::Url, config: &Config) -> Result<Self> {
        config::check_text(std::env::vars_os(), connection_parameters::is_read)?;
        let env = |name: &str| std::env::var(name).ok();
        let invalid = |message| ConfigError::Invalid { place: "database.url".into(), message };
        let parameters = connection_parameters::complete(url.parameters().map_err(invalid)?, &env)?;
        let mut settings = url::driver_settings(&parameters).map_err(invalid)?;
        let (mode, tls) = tls::of(&parameters, &env)?;
        settings.ssl_mode(mode);
        Ok(Self { settings: completed(settings, config), tls, is_local: false, shown: url::shown(&parameters) })
    }

    /// Opens a connection.
    pub fn connect(&self) -> Result<Client> {
        Ok(match &self.tls {
            Some(tls) => self.settings.connect(tls.clone())?,
            None => self.settings.connect(NoTls)?,
        })
    }

    /// Replaces a connection that was lost while nobody used it.
    pub fn revive(&self, client: &mut Client) -> Result<()> {
        if client.is_valid(Duration::from_secs(10)).is_err() {
            *client = self.connect()?;
        }
        Ok(())
    }

    /// Asks the server to cancel what the connection behind `token` does.
    pub fn cancel(&self, token: &CancelToken) -> Result<()> {
        match &self.tls {
            Some(tls) => token.cancel_query(tls.clone())?,
            None => token.cancel_query(NoTls)?,
        }
        Ok(())
    }

    /// Opens a connection whose locks go when this process stands still or cannot be reached any more.
    ///
    /// Without that, a run under such a lock would be out of everybody's reach for as long as the server's system is
    /// patient: two hours.
    pub fn connect_to_work(&self) -> Result<Client> {
        let mut client = self.connect()?;
        client.batch_execute(
            "set idle_in_transaction_session_timeout = '60s'; set tcp_user_timeout = '60s'; \
             set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3",
        )?;
        Ok(client)
    }

    /// Opens a connection and makes sure that the schema is this binary's. On the private server it is installed.
    pub fn connect_ready(&self) -> Result<Client> {
        let mut client = self.connect()?;
        match install::state(&mut client)? {
            install::State::Current => {}
            install::State::Newer { what } => return Err(install::newer(&what)),
            install::State::Edited { migration } => return Err(install::edited(&migration)),
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

/// Fills in what every connection has.
fn completed(mut settings: postgres::Config, config: &Config) -> postgres::Config {
    if settings.get_application_name().is_none() {
        settings.application_name("trailblazer");
    }
    if settings.get_connect_timeout().is_none() {
        settings.connect_timeout(Duration::from_secs(10));
    }
    // A peer that vanished without a word is noticed within a minute, whether the connection waits or sends.
    if settings.get_keepalives_interval().is_none() {
        settings.keepalives_idle(settings.get_keepalives_idle().min(Duration::from_secs(30)));
        settings.keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    }
    if settings.get_tcp_user_timeout().is_none() {
        settings.tcp_user_timeout(Duration::from_secs(60));
    }
    // Only where it differs from the database's own default: poolers refuse start-up options they do not know.
    if config.backlog.max_attempts != crate::config::Backlog::default().max_attempts {
        let given = settings.get_options().map(|given| format!("{given} ")).unwrap_or_default();
        settings.options(&format!("{given}-c graphdb.max_attempts={}", config.backlog.max_attempts));
    }
    settings
}
