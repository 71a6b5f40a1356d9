//! The errors of the private server, and their hints.

use std::fmt;
use std::path::PathBuf;

/// The reason why the private server could not be found, started, stopped or reached.
#[derive(Debug, thiserror::Error)]
pub enum LocalServerError {
    /// There is no suitable installation on this machine.
    #[error("found no PostgreSQL 15 to 18 with pgvector 0.8 or later; searched:{}", listed(.looked_at))]
    NoServer {
        /// All searched folders in order, with the problem of each.
        looked_at: Vec<Rejected>,
    },
    /// The folder in `database.bin_dir` is not suitable.
    #[error("database.bin_dir: {}: {}", .0.bin.display(), .0.reason)]
    BadBinDir(Rejected),
    /// The major version of the data directory is not installed.
    #[error("{} was created by PostgreSQL {data_major}, and no server of this version was found; searched:{}", data_dir.display(), listed(.looked_at))]
    DataVersion {
        /// The data directory.
        data_dir: PathBuf,
        /// The version in `PG_VERSION`.
        data_major: u32,
        /// All searched folders in order, with the problem of each.
        looked_at: Vec<Rejected>,
    },
    /// `PG_VERSION` of a data directory does not contain a number.
    #[error("{} does not contain a PostgreSQL version", .0.display())]
    NotADataDirectory(PathBuf),
    /// PostgreSQL does not run as root, and there is no unprivileged account.
    #[error("PostgreSQL does not run as root, and neither of the accounts `postgres` and `nobody` exists")]
    NoAccount,
    /// The directory of the socket belongs to another user, or other users can access it.
    #[error("{} must be a directory that only the server's account owns and can access", .0.display())]
    UnsafeSocketDirectory(PathBuf),
    /// Another user created the server. Only this user and root can access it.
    #[error("the private server in {} belongs to {owner}", dir.display())]
    OtherOwner {
        /// The folder of the server.
        dir: PathBuf,
        /// The name of the user, or the number if it has no name.
        owner: String,
    },
    /// `initdb` or `pg_ctl` ended with an error.
    #[error("{program} failed: {}", output.trim())]
    Failed {
        /// The name of the program.
        program: &'static str,
        /// The output of the program, and then the last lines of the server's log.
        output: String,
    },
    /// The server did not stop in time.
    #[error("the server (pid {pid}) did not stop within {seconds} seconds")]
    StillRunning {
        /// Process id of the postmaster.
        pid: i32,
        /// The timeout of the command.
        seconds: u64,
    },
    /// The server is running, but it rejects a connection or a statement.
    #[error("the private server at {} does not answer: {source}", socket_dir.display())]
    Unreachable {
        /// The folder of its socket.
        socket_dir: PathBuf,
        /// The error of the driver.
        #[source]
        source: Box<postgres::Error>,
    },
    /// A file, a folder or a process could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The failed action: `read`, `create`, `run`, ….
        action: &'static str,
        /// The path of the action.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
}

impl LocalServerError {
    /// Returns what the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoServer { .. } => {
                "Run `trailblazer setup`, which downloads a server. To use your own, set database.bin_dir to the folder of its programs, \
                 or database.url to its address."
                    .into()
            }
            Self::DataVersion { data_dir, data_major, .. } => format!(
                "Run `trailblazer setup postgres` or install PostgreSQL {data_major} with pgvector. Or upgrade the data with pg_upgrade, \
                 or move {} away to begin with an empty database.",
                data_dir.display()
            ),
            Self::NotADataDirectory(file) => {
                format!("Move {} away to begin with an empty database.", file.parent().unwrap_or(file).display())
            }
            Self::NoAccount => "Run as an ordinary user, or create an account: `useradd --system postgres`.".into(),
            Self::UnsafeSocketDirectory(dir) => format!("Find out who created {}, and remove it.", dir.display()),
            Self::BadBinDir(_) => {
                "Correct database.bin_dir, or remove it. Then trailblazer searches the usual folders.".into()
            }
            Self::OtherOwner { owner, .. } => format!("Run this command as {owner}."),
            Self::Failed { .. } | Self::Io { .. } => {
                "Correct the error in the message, and run `trailblazer db up`.".into()
            }
            Self::StillRunning { pid, .. } => {
                format!("A long checkpoint may be running. Try again, or inspect process {pid}.")
            }
            Self::Unreachable { .. } => "Run `trailblazer db down`, then `trailblazer db up`.".into(),
        }
    }
}

/// A searched folder, and the reason why its programs are not suitable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The folder.
    pub bin: PathBuf,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.bin.display(), self.reason)
    }
}

fn listed(places: &[Rejected]) -> String {
    if places.is_empty() {
        return " no folders".into();
    }
    places.iter().fold(String::new(), |all, place| all + "\n  " + &place.to_string())
}

/// Converts an I/O error, and adds the action and the path.
pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> LocalServerError {
    let path = path.into();
    move |source| LocalServerError::Io { action, path, source }
}
