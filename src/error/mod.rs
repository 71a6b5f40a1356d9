//! The error type of commands: messages, hints, exit codes, and the SQLSTATEs of our functions.

mod database;
pub mod local_server;

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::embed::EmbedError;
pub use crate::exit::Exit;
use crate::fetch::FetchError;
use crate::normalize::ReadError;
use crate::setup::SetupError;
use crate::stop::SignalError;
use database::is_broken_off;
use local_server::LocalServerError;

pub(crate) use database::READ_ONLY_HINT;
pub use database::SqlState;

/// The result of an operation in a command.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that is reported to the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is not valid.
    #[error("{message}")]
    Usage {
        /// The error.
        message: String,
        /// How to correct it.
        hint: Option<String>,
    },
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database is unreachable or rejected a statement.
    #[error("{}", database::describe(.0))]
    Database(#[from] postgres::Error),
    /// The database cannot be reached.
    #[error("cannot connect to {server}: {}", database::describe(.source).trim_start_matches("error connecting to server: "))]
    Unreachable {
        /// Host and port, or the folder of the socket.
        server: String,
        /// The error of the driver.
        source: postgres::Error,
    },
    /// The private server cannot be found, started or reached.
    #[error(transparent)]
    LocalServer(#[from] LocalServerError),
    /// The database is not prepared for this binary.
    #[error("{message}")]
    NotReady {
        /// Description of the missing object.
        message: String,
        /// The command that repairs it.
        hint: String,
    },
    /// The server accepts no changes, because it is a standby or a setting forbids changes.
    #[error("{message}")]
    ReadOnly {
        /// The reason.
        message: String,
        /// What the user can do.
        hint: String,
    },
    /// The configured model is registered in the database with different properties.
    #[error("{message}")]
    Model {
        /// The difference.
        message: String,
        /// How to change the configuration.
        hint: String,
    },
    /// A step that deletes data was not confirmed.
    #[error("{message}")]
    Refused {
        /// The step.
        message: String,
        /// How to confirm it.
        hint: String,
    },
    /// The artifact contains no documents. Loading it would empty the run.
    #[error("{path} contains no documents, so the run was not registered", path = path.display())]
    NoDocument {
        /// The file.
        path: PathBuf,
    },
    /// The input of `normalize` cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The embedding provider failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The pages of a source cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Setup cannot download or unpack.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A file system error.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// SIGINT and SIGTERM cannot be received.
    #[error(transparent)]
    Signals(#[from] SignalError),
    /// Standard output was closed.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

impl Error {
    /// Returns a [`Error::Usage`] without a hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// Returns a function for `map_err` that names the file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Returns the error of the database driver, if it is the cause.
    fn of_database(&self) -> Option<&postgres::Error> {
        match self {
            Self::Database(error) | Self::Unreachable { source: error, .. } => Some(error),
            _ => None,
        }
    }

    /// Treats an invalid argument as an error in the configuration of the model.
    /// Use it for calls whose other arguments are always valid.
    #[must_use]
    pub fn of_model(self) -> Self {
        match &self {
            Self::Database(error) if SqlState::of(error) == Some(SqlState::InvalidArgument) => {
                Self::Model { message: self.to_string(), hint: self.hint().unwrap_or_default() }
            }
            _ => self,
        }
    }

    /// Returns the exit code of the process.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Read(ReadError::Input { .. }) => Exit::Usage,
            // A refused text only fails its run. This error means that the provider refused the very first text.
            Self::Config(_)
            | Self::LocalServer(LocalServerError::BadBinDir(_))
            | Self::Model { .. }
            | Self::Setup(SetupError::NoIndex { .. } | SetupError::BadIndex { .. } | SetupError::NoDataFolder)
            | Self::Fetch(FetchError::Misconfigured { .. })
            | Self::Embed(EmbedError::Misconfigured { .. } | EmbedError::Refused { .. }) => Exit::Config,
            Self::Database(error) => match SqlState::of(error) {
                Some(SqlState::InvalidArgument | SqlState::NoSuchRun) => Exit::Usage,
                _ => Exit::Unreachable,
            },
            Self::LocalServer(_)
            | Self::Unreachable { .. }
            | Self::Setup(SetupError::Unreachable { .. } | SetupError::DoesNotRun { .. })
            | Self::NotReady { .. }
            | Self::ReadOnly { .. }
            | Self::Embed(
                EmbedError::Busy { .. }
                | EmbedError::Away { .. }
                | EmbedError::Failing { .. }
                | EmbedError::Transient { .. },
            )
            | Self::Fetch(FetchError::Unreachable { .. }) => Exit::Unreachable,
            Self::Refused { .. } | Self::Fetch(FetchError::Refused { .. }) => Exit::Refused,
            Self::Fetch(_)
            | Self::Setup(_)
            | Self::NoDocument { .. }
            | Self::Read(_)
            | Self::File { .. }
            | Self::Signals(_)
            | Self::Output(_) => Exit::Failures,
        }
    }

    /// Returns what the user can do, if this is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Config(error) => error.hint(),
            Self::LocalServer(error) => Some(error.hint()),
            Self::Setup(error) => error.hint(),
            Self::Fetch(FetchError::Refused { .. }) => {
                Some("Nothing was changed. If the pages are really gone, pass --yes.".into())
            }
            Self::Fetch(FetchError::Unreachable { .. }) => {
                Some("Try again later. The fetched pages are kept, and the next fetch continues from there.".into())
            }
            Self::NotReady { hint, .. }
            | Self::ReadOnly { hint, .. }
            | Self::Model { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Fetch(FetchError::Misconfigured { hint, .. }) => Some(hint.clone()),
            Self::Database(error) | Self::Unreachable { source: error, .. } => database::hint(error),
            Self::Embed(EmbedError::Busy { .. }) => Some("The embedding server is busy or still starting. Try again later.".into()),
            Self::Embed(EmbedError::Failing { .. }) => {
                Some("The embedding server fails every request. Its log may contain the reason.".into())
            }
            Self::Embed(EmbedError::Away { .. } | EmbedError::Transient { .. }) => Some(
                "Check that the embedding server is running and that embed.base_url is its address. `run --watch` waits for it."
                    .into(),
            ),
            _ => None,
        }
    }

    /// Returns whether the connection was lost or could not be opened. A new connection may work.
    #[must_use]
    pub fn is_connection_loss(&self) -> bool {
        let Some(error) = self.of_database() else { return matches!(self, Self::ReadOnly { .. }) };
        match error.code() {
            None => error.is_closed() || is_broken_off(error),
            // Classes 08 and 57P: a broken connection, or a server that stops, crashes or starts.
            Some(code) => code.code().starts_with("08") || code.code().starts_with("57P") || self.is_servers_decision(),
        }
    }

    /// Returns whether the server closed the connection for a reason that no run can cause: the server is starting,
    /// it became a standby, it has no free connection, or a session was idle for too long.
    /// Returns false if an administrator closed it, because the run may be the reason.
    #[must_use]
    pub fn is_servers_decision(&self) -> bool {
        let Some(error) = self.of_database() else { return matches!(self, Self::ReadOnly { .. }) };
        let code = error.code().map(postgres::error::SqlState::code).unwrap_or_default();
        // In this order: read-only transaction, idle in transaction, transaction timeout, too many connections, cannot connect now, idle session.
        matches!(code, "25006" | "25P03" | "25P04" | "53300" | "57P03" | "57P05")
    }

    /// Returns whether an administrator or a timeout canceled the statement.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        let Some(error) = self.of_database() else { return false };
        // 57014: canceled. 55P03: lock timeout.
        matches!(error.code().map(postgres::error::SqlState::code), Some("57014" | "55P03"))
    }

    /// Returns whether a concurrent change made the transaction impossible. A repetition may succeed.
    #[must_use]
    pub fn is_serialization_failure(&self) -> bool {
        let code = self.of_database().and_then(postgres::Error::code);
        code == Some(&postgres::error::SqlState::T_R_SERIALIZATION_FAILURE)
    }

    /// Returns whether the cause of the error is outside the run, so that the next run would also fail. Such causes are the
    /// provider, a missing right or function, a canceled statement, and a server without disk space or memory or with a disk error.
    #[must_use]
    pub fn is_not_the_runs_fault(&self) -> bool {
        // SQLSTATE classes: missing right or object, missing schema, not supported, not authorized, out of resources, system error.
        const CLASSES: [&str; 6] = ["42", "3F", "0A", "28", "53", "58"];
        match self {
            Self::Embed(_) => true,
            _ if self.is_canceled() => true,
            Self::Database(error) | Self::Unreachable { source: error, .. } => {
                let code = error.code().map(postgres::error::SqlState::code).unwrap_or_default();
                SqlState::of(error) == Some(SqlState::SchemaNewer)
                    || CLASSES.iter().any(|class| code.starts_with(class))
            }
            _ => false,
        }
    }

    /// Returns whether the claim for a call is lost, or its run was deleted.
    #[must_use]
    pub fn is_claim_lost(&self) -> bool {
        let Some(error) = self.of_database() else { return false };
        matches!(SqlState::of(error), Some(SqlState::ClaimLost | SqlState::NoSuchRun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreachable_server_is_a_lost_connection_and_a_wrong_setting_is_not() {
        let settings = |text: &str| text.parse::<postgres::Config>();
        let away = settings("host=/nowhere user=me").unwrap().connect(postgres::NoTls).map(drop).unwrap_err();
        assert!(Error::from(away).is_connection_loss());
        let wrong = settings("port=x").map(drop).unwrap_err();
        assert!(!Error::from(wrong).is_connection_loss());
    }

    #[test]
    fn errors_of_the_private_server_name_their_cause() {
        let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = LocalServerError::Io { action: "create", path: "/srv/data".into(), source };
        insta::assert_snapshot!(Error::from(error), @"cannot create /srv/data: permission denied");
    }

    #[test]
    fn errors_of_the_private_server_say_what_to_do() {
        let error = Error::from(LocalServerError::NoServer { looked_at: Vec::new() });
        insta::assert_snapshot!(error.hint().unwrap_or_default(), @"Run `trailblazer setup`, which downloads a server. To use your own, set database.bin_dir to the folder of its programs, or database.url to its address.");
    }

    #[test]
    fn hint_for_a_busy_server_does_not_say_that_it_is_down() {
        let hint = |error: EmbedError| Error::from(error).hint().unwrap_or_default();
        let message = String::new;
        assert!(hint(EmbedError::Away { message: message(), has_answered: false }).contains("is running"));
        assert!(!hint(EmbedError::Busy { message: message(), retry_after: None }).contains("is running"));
    }
}
