//! The error type of commands: messages, hints, exit codes, and the SQLSTATEs of our functions.

pub mod local_server;

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::embed::EmbedError;
use crate::fetch::FetchError;
use crate::normalize::ReadError;
use local_server::LocalServerError;

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
    /// The private server cannot be found, started or reached.
    #[error(transparent)]
    LocalServer(#[from] LocalServerError),
    /// The database cannot serve this binary yet.
    #[error("{message}")]
    NotReady {
        /// What is missing.
        message: String,
        /// The command that repairs it.
        hint: String,
    },
    /// The server accepts no changes: it is a standby, or a setting forbids them.
    #[error("{message}")]
    ReadOnly {
        /// Why.
        message: String,
    },
    /// The database knows the configured model with other properties.
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
        /// What was not confirmed.
        message: String,
        /// How to confirm.
        hint: String,
    },
    /// The artifact holds no document. Loading it would empty its run.
    #[error("{path}: no line is a document: nothing is registered", path = path.display())]
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
    /// The file system refused.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SIGINT and SIGTERM cannot be received.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
    /// Standard output is gone.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

const READ_ONLY_HINT: &str = "To work, connect to the primary: list all servers in database.url, host=a,b, and trailblazer finds \
                              the one that accepts changes. `ask`, `status` and `runs list` work on a standby.";

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
    /// Returns our SQLSTATE in `error`, if it has one.
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
    /// Returns a [`Error::Usage`] without a hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// Returns a function for `map_err` that names the file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Turns an invalid argument into an error of the configured model. For calls whose other arguments cannot be wrong.
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
            // A refused text only fails its run. A refusal that arrives here is about the first text that was sent.
            Self::Config(_)
            | Self::Model { .. }
            | Self::Fetch(FetchError::Misconfigured { .. })
            | Self::Embed(EmbedError::Misconfigured { .. } | EmbedError::Refused { .. }) => Exit::Config,
            Self::Database(error) => match SqlState::of(error) {
                Some(SqlState::InvalidArgument | SqlState::NoSuchRun) => Exit::Usage,
                _ => Exit::Unreachable,
            },
            Self::LocalServer(_)
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
            | Self::NoDocument { .. }
            | Self::Read(_)
            | Self::File { .. }
            | Self::Signals(_)
            | Self::Output(_) => Exit::Failures,
        }
    }

    /// Returns what the user can do, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Config(error) => error.hint(),
            Self::LocalServer(error) => Some(error.hint()),
            Self::Fetch(FetchError::Refused { .. }) => {
                Some("Nothing was changed. If the pages are really gone, pass --yes.".into())
            }
            Self::Fetch(FetchError::Unreachable { .. }) => {
                Some("Try again later: what was fetched is kept, and the next fetch goes on from there.".into())
            }
            Self::NotReady { hint, .. }
            | Self::Model { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Fetch(FetchError::Misconfigured { hint, .. }) => Some(hint.clone()),
            Self::Database(error) => database_hint(error),
            Self::ReadOnly { .. } => Some(READ_ONLY_HINT.into()),
            Self::Embed(EmbedError::Busy { .. }) => Some("It is busy, or still starting: try again later.".into()),
            Self::Embed(EmbedError::Failing { .. }) => {
                Some("It fails every request: the log of the embedding server may say why.".into())
            }
            Self::Embed(EmbedError::Away { .. } | EmbedError::Transient { .. }) => Some(
                "Check that the embedding server runs and embed.base_url leads to it; `run --watch` waits for one."
                    .into(),
            ),
            _ => None,
        }
    }

    /// Returns whether the connection was lost or could not be opened, so that a new one may work.
    #[must_use]
    pub fn is_connection_loss(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::ReadOnly { .. }) };
        match error.code() {
            None => error.is_closed() || is_broken_off(error),
            // Classes 08 and 57P: a connection that broke, and a server that shuts down, crashes or starts.
            Some(code) => code.code().starts_with("08") || code.code().starts_with("57P") || self.is_servers_decision(),
        }
    }

    /// Returns whether the server ended the connection for a reason that no run can cause: it starts, it became a
    /// standby, it has no connection left, or a setting limits how long a session may wait. An administrator's command
    /// is none of these reasons, because the command may be the answer to what the run does.
    #[must_use]
    pub fn is_servers_decision(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::ReadOnly { .. }) };
        let code = error.code().map(postgres::error::SqlState::code).unwrap_or_default();
        // No changes on a standby, a transaction took too long, too many connections, starting, idle for too long.
        matches!(code, "25006" | "25P03" | "25P04" | "53300" | "57P03" | "57P05")
    }

    /// Returns whether an administrator or a timeout canceled the statement.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // 57014: canceled. 55P03: waited too long for a lock.
        matches!(error.code().map(postgres::error::SqlState::code), Some("57014" | "55P03"))
    }

    /// Returns whether the run did not cause the error, so that the next run would fail too: the provider cannot be
    /// used, a right or a function is missing, the statement was canceled, or the server has no space or memory left or
    /// cannot read its disk.
    #[must_use]
    pub fn is_not_the_runs_fault(&self) -> bool {
        // Classes of SQLSTATE: no such right or object, not supported, not authorized, out of resources, system error.
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

    /// Returns whether the claim behind a call is lost, or its run was deleted.
    #[must_use]
    pub fn is_claim_lost(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(SqlState::of(error), Some(SqlState::ClaimLost | SqlState::NoSuchRun))
    }
}

/// Returns whether an input or output error broke the connection. The driver also reports values that cannot be
/// converted, refused certificates and wrong passwords as such errors, with the kinds that are left out here.
fn is_broken_off(error: &postgres::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other))
}

/// Returns the server's message, or the causes of the driver's error. They never contain the connection string.
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
            "As the owner, run `trailblazer db migrate`. It installs the schema and restores what was dropped.".into(),
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
        Some("25006") => Some(READ_ONLY_HINT.into()),
        Some("57014") => Some(
            "A timeout or an administrator canceled the statement. If it was a timeout, raise statement_timeout for the role or the \
             database: alter role … set statement_timeout = …"
                .into(),
        ),
        Some("53100") => Some("Free space on the server's disk, and run again: nothing that was done is lost.".into()),
        Some("53300") => Some(
            "Lower `workers` or raise max_connections: each worker has a connection, each process two more.".into(),
        ),
        Some("55P03") => Some(
            "Another transaction holds a lock on the table. Try again, or stop the workers first.".into(),
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
        insta::assert_snapshot!(error.hint().unwrap_or_default(), @"Run `make setup`, which unpacks one into var/pg; or set database.bin_dir to the folder of another, or database.url to a server of your own.");
    }

    #[test]
    fn hint_for_a_busy_server_does_not_say_that_it_is_down() {
        let hint = |error: EmbedError| Error::from(error).hint().unwrap_or_default();
        let message = String::new;
        assert!(hint(EmbedError::Away { message: message(), has_answered: false }).contains("runs"));
        assert!(!hint(EmbedError::Busy { message: message(), retry_after: None }).contains("runs"));
    }
}
