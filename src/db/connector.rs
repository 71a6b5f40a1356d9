//! Opens connections to the database of a configuration.

use std::path::Path;
use std::time::Duration;

use postgres::{CancelToken, Client, NoTls};

use super::archive::{self, Clients};
use super::local::{self, LocalServer};
use super::servers::Servers;
use super::session::{self, Purpose};
use super::{connection_parameters, health, install, obstacles};
use crate::config::{self, Config, ConfigError, FILE_NAME, url};
use crate::error::{Error, Result};

/// Opens any number of connections to the configured database.
#[derive(Clone)]
pub struct Connector {
    servers: Servers,
    max_attempts: u32,
    /// The environment variables with which PostgreSQL's client programs connect to the same database.
    variables: Vec<(&'static str, String)>,
    /// The private server, if it contains the database.
    local: Option<LocalServer>,
    /// Whether the URL is `database.read_url`.
    is_for_reading: bool,
    shown: String,
}

impl Connector {
    /// Returns a connector for the configured database. If no URL is configured, starts the private server, which must exist.
    pub fn new(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database.url {
            return Self::to_own("database.url", url, config);
        }
        let server = LocalServer::new(config)?;
        if server.exists()? { Self::to_private(server, config) } else { Err(missing(config)) }
    }

    /// Returns a connector for the configured database, or `None` if the private server does not exist yet.
    pub fn existing(config: &Config) -> Result<Option<Self>> {
        if config.database.url.is_none() && !LocalServer::new(config)?.exists()? {
            return Ok(None);
        }
        Self::new(config).map(Some)
    }

    /// Returns a connector for the configured database. If no URL is configured, creates the private server if necessary. Only
    /// commands that load documents or install the schema use it.
    pub fn creating(config: &Config) -> Result<Self> {
        match &config.database.url {
            Some(url) => Self::to_own("database.url", url, config),
            None => Self::to_private(LocalServer::new(config)?, config),
        }
    }

    fn to_private(server: LocalServer, config: &Config) -> Result<Self> {
        match server.start()? {
            local::Started::AlreadyRunning => {}
            local::Started::Started => log::info!("started the private server"),
            local::Started::Created => {
                log::info!(
                    "created and started a private server for the knowledge base in {}",
                    config.workspace.dir.display()
                );
            }
        }
        let socket_dir = server.status()?.socket_dir;
        Ok(Self {
            servers: Servers::only(server.url().parse()?),
            max_attempts: config.backlog.max_attempts,
            variables: server.variables(),
            shown: format!("private server, {}", socket_dir.display()),
            local: Some(server),
            is_for_reading: false,
        })
    }

    /// Returns a connector for queries. It uses `database.read_url` if that is set, and otherwise the configured database.
    pub fn for_reading(config: &Config) -> Result<Self> {
        match &config.database.read_url {
            Some(url) => Self::to_own("database.read_url", url, config),
            None => Self::new(config),
        }
    }

    /// Returns a connector for a database that the user provides. Its URL is the value of `key`.
    fn to_own(key: &str, url: &url::Url, config: &Config) -> Result<Self> {
        config::check_text(std::env::vars_os(), connection_parameters::is_read)?;
        let env = |name: &str| std::env::var(name).ok();
        let invalid = |message| ConfigError::Invalid { place: key.into(), message };
        let parameters = connection_parameters::complete(url.parameters().map_err(invalid)?, &env)?;
        Ok(Self {
            servers: Servers::of(key, &parameters, &env)?,
            max_attempts: config.backlog.max_attempts,
            variables: connection_parameters::variables(&parameters),
            local: None,
            is_for_reading: key == "database.read_url",
            shown: url::shown(&parameters),
        })
    }

    /// Opens a connection for queries. It may be a standby.
    pub fn connect(&self) -> Result<Client> {
        self.open(Purpose::Read)
    }

    /// Opens a connection for changes. It removes the limits of the role and the database.
    pub fn connect_to_work(&self) -> Result<Client> {
        self.open(Purpose::Work)
    }

    /// Opens the first connection of a command for queries. Rejects a database that trailblazer cannot use.
    pub fn connect_first(&self) -> Result<Client> {
        self.open_first(Purpose::Read)
    }

    /// Opens the first connection of a command for changes. Rejects a database that trailblazer cannot use.
    pub fn connect_first_to_work(&self) -> Result<Client> {
        self.open_first(Purpose::Work)
    }

    /// Opens the first connection of a command for queries, and checks that the schema has the version of this binary.
    /// On the private server, it installs the schema.
    pub fn connect_ready(&self) -> Result<Client> {
        let mut client = self.connect_first()?;
        self.make_ready(&mut client)?;
        Ok(client)
    }

    /// Opens the first connection of a command for changes, with the same check.
    pub fn connect_ready_to_work(&self) -> Result<Client> {
        let mut client = self.connect_first_to_work()?;
        self.make_ready(&mut client)?;
        obstacles::refuse(&mut client)?;
        Ok(client)
    }

    fn open(&self, purpose: Purpose) -> Result<Client> {
        let (mut client, _, facts) = self.servers.connect(purpose)?;
        session::prepare(&mut client, purpose, &facts, self.max_attempts)?;
        Ok(client)
    }

    fn open_first(&self, purpose: Purpose) -> Result<Client> {
        let opened = session::timed(|| self.servers.connect(purpose));
        let ((mut client, server, facts), opened_in) = opened.map_err(|error| self.of_read_url(error))?;
        facts.check_encoding()?;
        // Check this before the first SET, which would affect other clients of the same session.
        if self.local.is_none() {
            session::refuse_transaction_pooler(server, &facts, opened_in)?;
        }
        session::prepare(&mut client, purpose, &facts, self.max_attempts)?;
        Ok(client)
    }

    /// Names `database.read_url` in the error, if its server is unreachable. The user may have forgotten that it is set.
    fn of_read_url(&self, error: Error) -> Error {
        if !self.is_for_reading || !error.is_connection_loss() {
            return error;
        }
        Error::NotReady {
            message: format!("database.read_url ({}): {error}", self.shown),
            hint: "Check database.read_url. Without it, questions use database.url.".into(),
        }
    }

    /// Replaces a connection for changes that was lost while it was idle.
    pub fn revive(&self, client: &mut Client) -> Result<()> {
        if client.is_valid(Duration::from_secs(10)).is_err() {
            *client = self.connect_to_work()?;
        }
        Ok(())
    }

    /// Asks the server to cancel the current query of the connection behind `token`.
    pub fn cancel(&self, token: &CancelToken) -> Result<()> {
        match self.servers.tls() {
            Some(tls) => token.cancel_query(tls)?,
            None => token.cancel_query(NoTls)?,
        }
        Ok(())
    }

    /// Returns the client programs for this database.
    /// These are the programs of the private server, or the first programs that match the server.
    pub fn clients(&self, client: &mut Client, config: &Config) -> Result<Clients> {
        let bin = if let Some(server) = &self.local {
            server.client_programs()?
        } else {
            let major = health::server(client)?.version_number / 10_000;
            archive::find(config, u32::try_from(major).unwrap_or_default())?
        };
        Ok(Clients::new(bin, self.variables.clone()))
    }

    /// Replaces the schema with the schema in a dump. It closes `client`, which is connected to the database.
    ///
    /// On the private server, it creates a new database, which then replaces the old one.
    pub fn restore(&self, mut client: Client, file: &Path, config: &Config) -> Result<Vec<String>> {
        let clients = self.clients(&mut client, config)?;
        drop(client);
        let Some(server) = &self.local else { return clients.for_changes().restore(file) };
        let replacement = server.create_replacement()?;
        match clients.for_database(&replacement).restore(file) {
            Ok(refused) => {
                server.use_replacement()?;
                Ok(refused)
            }
            Err(error) => {
                server.drop_replacement()?;
                Err(error)
            }
        }
    }

    /// Rejects a restore into a database that contains objects of other programs, or the schema of a newer version.
    pub fn refuse_to_replace(&self, client: &mut Client) -> Result<()> {
        install::refuse_unusable(client)?;
        match install::state(client)? {
            install::State::Missing => Ok(()),
            _ => obstacles::refuse_to_drop(client, self.local.is_some()),
        }
    }

    fn make_ready(&self, client: &mut Client) -> Result<()> {
        match install::state(client)? {
            install::State::Current => {}
            install::State::Newer { what } => return Err(install::newer(&what)),
            install::State::Edited { migration } => return Err(install::edited(&migration)),
            _ if self.local.is_some() => {
                install::install(client)?;
            }
            install::State::Missing => {
                obstacles::refuse_foreign_objects(client)?;
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
        Ok(())
    }

    /// Returns host, port and database for messages, without secrets.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// Returns the error for a configuration whose private server does not exist yet.
fn missing(config: &Config) -> Error {
    let workspace = config.workspace.dir.display();
    let place = match &config.file {
        Some(file) => format!("{} is used, and {workspace} contains no database", file.display()),
        None => format!("no {FILE_NAME} is in this folder or above it, and {workspace} contains no database"),
    };
    // Earlier versions stored the database there even without a configuration file.
    let is_of_earlier_version = config.file.is_none() && Path::new("var/postgres/data").is_dir();
    let hint = if is_of_earlier_version {
        format!(
            "An earlier version created a knowledge base in ./var. To use it, create an empty {FILE_NAME} in this folder: touch {FILE_NAME}"
        )
    } else {
        format!(
            "`trailblazer normalize PATH --source dita|confluence` creates one, and so do `trailblazer sync` and `trailblazer db up`. If the \
             knowledge base is elsewhere, go to the folder of its {FILE_NAME}, or set --config FILE or TRAILBLAZER_DB_URL."
        )
    };
    Error::NotReady { message: format!("there is no knowledge base here: {place}"), hint }
}
