//! What can go wrong, what the user is told, and the exit code that goes with it.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::db::local::LocalServerError;
use crate::embed::EmbedError;
use crate::normalize::ReadError;

/// Result of anything a command does.
pub type Result<T> = std::result::Result<T, Error>;

/// An error on its way to the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something impossible.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be reached, or refused a statement.
    #[error("{}", describe_database_error(.0))]
    Database(#[from] postgres::Error),
    /// The private local server cannot be had.
    #[error(transparent)]
    LocalServer(#[from] LocalServerError),
    /// The database is there but not ready for this binary.
    #[error("{message}")]
    NotReady {
        /// What is missing.
        message: String,
        /// The command that repairs it.
        hint: String,
    },
    /// The database knows the configured model by another shape.
    #[error("{message}")]
    Model {
        /// What differs.
        message: String,
        /// What to configure.
        hint: String,
    },
    /// A step that deletes was not confirmed.
    #[error("{message}")]
    Refused {
        /// What was asked.
        message: String,
        /// How to confirm.
        hint: String,
    },
    /// An artifact without a document, which would empty its run.
    #[error("{path}: no line is a document: nothing is registered", path = path.display())]
    NoDocument {
        /// The file.
        path: PathBuf,
    },
    /// The input of `normalize` cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The embedding provider cannot work.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The file system refused.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system does not hand SIGINT and SIGTERM over.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// Standard output is gone.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

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
    /// Returns which of ours `error` carries, if any.
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

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// Some of the work failed; the rest is done.
    Failures = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration is wrong.
    Config = 3,
    /// The database, or the embedding server, is not reachable or not ready.
    Unreachable = 4,
    /// A confirmation is missing.
    Refused = 5,
    /// Stopped by SIGINT.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl Error {
    /// A [`Error::Usage`] without a hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// Returns a function for `map_err` that names the file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Returns the error of a call whose one argument that may be wrong is the configured model, or a vector of it.
    #[must_use]
    pub fn of_model(self) -> Self {
        match &self {
            Self::Database(error) if SqlState::of(error) == Some(SqlState::InvalidArgument) => {
                Self::Model { message: self.to_string(), hint: self.hint().unwrap_or_default() }
            }
            _ => self,
        }
    }

    /// Returns the process's exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Read(ReadError::Input { .. }) => Exit::Usage,
            // One text that is refused fails its run; an error on its way here is about the first that was sent.
            Self::Config(_)
            | Self::Model { .. }
            | Self::Embed(EmbedError::Misconfigured { .. } | EmbedError::Refused { .. }) => Exit::Config,
            Self::Database(error) => match SqlState::of(error) {
                Some(SqlState::InvalidArgument | SqlState::NoSuchRun) => Exit::Usage,
                _ => Exit::Unreachable,
            },
            Self::LocalServer(_)
            | Self::NotReady { .. }
            | Self::Embed(EmbedError::Busy { .. } | EmbedError::Away { .. } | EmbedError::Transient { .. }) => {
                Exit::Unreachable
            }
            Self::Refused { .. } => Exit::Refused,
            Self::NoDocument { .. } | Self::Read(_) | Self::File { .. } | Self::Signals(_) | Self::Output(_) => {
                Exit::Failures
            }
        }
    }

    /// Returns what to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Config(error) => error.hint(),
            Self::LocalServer(error) => Some(error.hint()),
            Self::NotReady { hint, .. } | Self::Model { hint, .. } | Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Database(error) => database_hint(error),
            Self::Embed(EmbedError::Busy { .. }) => Some("It is busy, or still starting: try again later.".into()),
            Self::Embed(EmbedError::Away { .. } | EmbedError::Transient { .. }) => Some(
                "Check that the embedding server runs and embed.base_url leads to it; `run --watch` waits for one."
                    .into(),
            ),
            _ => None,
        }
    }

    /// Whether the connection is gone or was not to be had, so that a new one may do better.
    #[must_use]
    pub fn is_connection_loss(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // Classes 08 and 57P are a connection that broke and a server that goes down; 25P03 is one that waited too long
        // for us, and 53300 one without room for more.
        let is_loss =
            |code: &str| code.starts_with("08") || code.starts_with("57P") || matches!(code, "25P03" | "53300");
        error.code().map_or_else(|| error.is_closed() || is_broken_off(error), |code| is_loss(code.code()))
    }

    /// Whether no run is to blame, and the next one would end the same: the provider cannot be used, a right or a function is
    /// missing, or the server has no space or memory left, or cannot read its disk.
    #[must_use]
    pub fn is_not_the_runs_fault(&self) -> bool {
        // Classes of SQLSTATE: no such right or object, not supported, not authorized, out of resources, system error.
        const CLASSES: [&str; 6] = ["42", "3F", "0A", "28", "53", "58"];
        match self {
            Self::Embed(_) => true,
            Self::Database(error) => {
                let code = error.code().map(postgres::error::SqlState::code).unwrap_or_default();
                SqlState::of(error) == Some(SqlState::SchemaNewer)
                    || CLASSES.iter().any(|class| code.starts_with(class))
            }
            _ => false,
        }
    }

    /// Whether the claim behind a call is somebody else's by now, or its run was deleted.
    #[must_use]
    pub fn is_claim_lost(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(SqlState::of(error), Some(SqlState::ClaimLost | SqlState::NoSuchRun))
    }
}

/// Whether the system is behind an error that is not the server's. What cannot be converted, a certificate that is refused and a
/// password that does not fit come as errors of input and output too, of these kinds.
fn is_broken_off(error: &postgres::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other))
}

/// The server's own message, or the cause below the client's: never the connection string.
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

fn database_hint(error: &postgres::Error) -> Option<String> {
    let code = error.code().map(postgres::error::SqlState::code);
    // No such schema, table, function or column; the server's hint is about casts.
    if let Some("3F000" | "42P01" | "42883" | "42703") = code {
        return Some(
            "As the owner, run `trailblazer db migrate`, which installs the schema, and puts back what was dropped."
                .into(),
        );
    }
    if let Some(hint) = error.as_db_error().and_then(|db| db.hint()) {
        return Some(hint.to_owned());
    }
    match code {
        Some("42501") if error.as_db_error().is_some_and(|db| db.message().ends_with(" grant_role")) => {
            Some("Connect as the owner of schema graphdb, who alone grants rights.".into())
        }
        Some("42501") => Some("Ask the owner for `trailblazer db grant worker|admin|reader ROLE`.".into()),
        Some("28P01" | "28000") => Some("Check user and password in TRAILBLAZER_DB_URL.".into()),
        Some("53100") => Some("Free space on the server's disk, and run again: nothing that was done is lost.".into()),
        Some("53300") => Some(
            "Lower `workers` or raise max_connections: each worker has a connection, each process two more.".into(),
        ),
        Some("55P03") => Some(
            "Somebody else works with the table and did not end in time: try again, or when the workers rest.".into(),
        ),
        Some("3D000") => Some("Create the database first, or correct its name in TRAILBLAZER_DB_URL.".into()),
        Some(_) => None,
        None => Some("Check that the server runs (`trailblazer db up` starts the private one), and that TRAILBLAZER_DB_URL or database.url leads to it.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_away_is_a_lost_connection_and_a_wrong_setting_is_none() {
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
        insta::assert_snapshot!(error.hint().unwrap_or_default(), @"Run `make setup`, which unpacks one into var/pg; or set database.bin_dir to the folder of another, or database.url to a server of your own.");
    }

    #[test]
    fn busy_server_is_not_said_to_be_down() {
        let hint = |error: EmbedError| Error::from(error).hint().unwrap_or_default();
        let message = String::new;
        assert!(hint(EmbedError::Away { message: message(), has_answered: false }).contains("runs"));
        assert!(!hint(EmbedError::Busy { message: message(), retry_after: None }).contains("runs"));
    }
}
