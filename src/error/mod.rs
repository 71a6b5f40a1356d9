//! The error type of commands: messages, hints, exit codes, and the SQLSTATEs of our functions.

pub mod local_server;

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::embed::EmbedError;
pub use crate::exit::Exit;
use crate::fetch::FetchError;
use crate::normalize::ReadError;
use crate::setup::SetupError;
use crate::stop::SignalError;
use local_server::LocalServerError;

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
    #[error("{}", describe_database_error(.0))]
    Database(#[from] postgres::Error),
    /// The private server cannot be found, started or reached.
    #[error(transparent)]
    LocalServer(#[from] LocalServerError),
    /// The database is not prepared for this binary.
    #[error("{message}")]
    NotReady {
        /// What is missing.
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
    /// The configured model is registered in the database with other properties.
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

/// The hint for a server that accepts no changes.
pub(crate) const READ_ONLY_HINT: &str = "Connect to the primary. If database.url lists all servers (host=a,b), trailblazer finds the one that \
                              accepts changes. `ask`, `status` and `runs list` work on a standby.";

/// The SQLSTATEs that the functions of schema `graphdb` raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlState {
    /// `TB001`
    InvalidArgument,
    /// `TB002`
    ClaimLost,
    /// `TB003`
    WorkIncomplete,
    /// `TB004`
    NoSuchRun,
    /// `TB005`
    SchemaNewer,
}

impl SqlState {
    /// Returns the SQLSTATE of `error` if it is one of ours.
    #[must_use]
    pub fn of(error: &postgres::Error) -> Option<Self> {
        match error.code()?.code() {
            "TB001" => Some(Self::InvalidArgument),
            "TB002" => Some(Self::ClaimLost),
            "TB003" => Some(Self::WorkIncomplete),
            "TB004" => Some(Self::NoSuchRun),
            "TB005" => Some(Self::SchemaNewer),
            _ => None,
        }
    }
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
            Self::Database(error) => database_hint(error),
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
        let Self::Database(error) = self else { return matches!(self, Self::ReadOnly { .. }) };
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
        let Self::Database(error) = self else { return matches!(self, Self::ReadOnly { .. }) };
        let code = error.code().map(postgres::error::SqlState::code).unwrap_or_default();
        // In this order: read-only transaction, idle in transaction, transaction timeout, too many connections, cannot connect now, idle session.
        matches!(code, "25006" | "25P03" | "25P04" | "53300" | "57P03" | "57P05")
    }

    /// Returns whether an administrator or a timeout canceled the statement.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // 57014: canceled. 55P03: lock timeout.
        matches!(error.code().map(postgres::error::SqlState::code), Some("57014" | "55P03"))
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
            Self::Database(error) => {
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
        let Self::Database(error) = self else { return false };
        matches!(SqlState::of(error), Some(SqlState::ClaimLost | SqlState::NoSuchRun))
    }
}

/// Returns whether an I/O error broke the connection. The driver also reports invalid values, rejected certificates and
/// wrong passwords as I/O errors. Their kinds are excluded here.
fn is_broken_off(error: &postgres::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other))
}

/// Returns the message of the server, or the causes of the driver's error. It never contains the connection string.
fn describe_database_error(error: &postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        };
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Functions that only an admin may call, for the commands that change runs.
const ADMINS: [&str; 13] = [
    "delete_runs",
    "drop_model",
    "load_documents",
    "pause_runs",
    "prune_attempts",
    "prune_embeddings",
    "register_run",
    "release_claims",
    "requeue_runs",
    "reset_runs",
    "resume_runs",
    "serve_model",
    "set_priority",
];

/// Returns the name of the object of this kind to which the server denied access.
fn denied<'a>(error: &'a postgres::Error, kind: &str) -> Option<&'a str> {
    let name = error.as_db_error()?.message().strip_prefix("permission denied for ")?.strip_prefix(kind)?;
    Some(name.trim().trim_matches('"'))
}

fn database_hint(error: &postgres::Error) -> Option<String> {
    let code = error.code().map(postgres::error::SqlState::code);
    // A schema, table, function or column is missing. The server's own hint would only suggest casts.
    if let Some("3F000" | "42P01" | "42883" | "42703") = code {
        return Some(
            "As the owner, run `trailblazer db migrate`. It installs the schema and restores dropped objects.".into(),
        );
    }
    if let Some(hint) = error.as_db_error().and_then(|db| db.hint()) {
        return Some(hint.to_owned());
    }
    match code {
        Some("42501") if error.as_db_error().is_some_and(|db| db.message().ends_with(" grant_role")) => {
            Some("Connect as the owner of schema graphdb. Only the owner can grant rights.".into())
        }
        // The server rejects the connection itself, because the role lacks the right CONNECT.
        Some("42501") if denied(error, "database").is_some() => Some(format!(
            "As the owner of the database: grant connect on database \"{}\" to ROLE",
            denied(error, "database").unwrap_or_default()
        )),
        Some("42501") if denied(error, "function").is_some_and(|function| ADMINS.contains(&function)) => {
            Some("Only an admin may do this. As the owner: trailblazer db grant admin ROLE".into())
        }
        Some("42501") => Some("Ask the owner of the schema to run `trailblazer db grant worker|admin|reader ROLE`.".into()),
        Some("28P01" | "28000") => Some("Check the user and the password in TRAILBLAZER_DB_URL.".into()),
        Some("25006") => Some(READ_ONLY_HINT.into()),
        Some("25P04") => Some(
            "The transaction was longer than transaction_timeout allows. Raise it for the role or the database: alter role … set \
             transaction_timeout = …"
                .into(),
        ),
        Some("57014") => Some(
            "A timeout or an administrator canceled the statement. If it was a timeout, raise statement_timeout for the role or the \
             database: alter role … set statement_timeout = …"
                .into(),
        ),
        Some("53100") => Some("Free space on the server's disk, and run the command again. No completed work is lost.".into()),
        Some("53300") => Some(
            "Lower `workers` or raise max_connections. Each worker uses one connection, and each process uses two more.".into(),
        ),
        Some("55P03") => Some(
            "Another transaction holds a lock on the table. Try again, or stop the workers first.".into(),
        ),
        Some("3D000") => Some("Create the database first, or correct its name in TRAILBLAZER_DB_URL.".into()),
        Some(_) => None,
        None if describe_database_error(error).contains("does not support TLS") => Some(
            "The server has no TLS. Enable it on the server, or set sslmode to prefer or disable in the URL.".into(),
        ),
        None if describe_database_error(error).contains("channel binding") => Some(
            "Channel binding needs TLS and the authentication method scram-sha-256. Set channel_binding to prefer in the URL.".into(),
        ),
        None => Some("Check that the server is running (`trailblazer db up` starts the private one), and that TRAILBLAZER_DB_URL or database.url points to it.".into()),
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
