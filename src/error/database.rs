//! Explains errors of the database: the SQLSTATEs of our functions, messages and hints.

use std::io::ErrorKind;

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

/// Returns whether an I/O error broke the connection. The driver also reports invalid values, rejected certificates and
/// wrong passwords as I/O errors. Their kinds are excluded here.
pub(super) fn is_broken_off(error: &postgres::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| !matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other))
}

/// Returns the message of the server, or the causes of the driver's error. It never contains the connection string.
pub(super) fn describe(error: &postgres::Error) -> String {
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

/// Returns what the user can do if the server denied access to an object.
fn hint_of_denial(error: &postgres::Error) -> String {
    if error.as_db_error().is_some_and(|db| db.message().ends_with(" grant_role")) {
        return "Connect as the owner of schema graphdb. Only the owner can grant rights.".into();
    }
    // The server rejects the connection itself, because the role lacks the right CONNECT.
    if let Some(database) = denied(error, "database") {
        return format!("As the owner of the database: grant connect on database \"{database}\" to ROLE");
    }
    if denied(error, "function").is_some_and(|function| ADMINS.contains(&function)) {
        return "Only an admin may do this. As the owner: trailblazer db grant admin ROLE".into();
    }
    "Ask the owner of the schema to run `trailblazer db grant worker|admin|reader ROLE`.".into()
}

/// Returns what the user can do about an error of the database.
pub(super) fn hint(error: &postgres::Error) -> Option<String> {
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
        Some("42501") => Some(hint_of_denial(error)),
        Some("28000") if error.as_db_error().is_some_and(|db| db.message().ends_with(" is not permitted to log in")) => {
            Some("As a superuser: alter role ROLE login. Or use another user in TRAILBLAZER_DB_URL.".into())
        }
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
            "Lower `workers` or raise max_connections, or the connection limit of the role or the database. Each worker uses one \
             connection, and each process uses two more."
                .into(),
        ),
        Some("55P03") => Some(
            "Another transaction holds a lock on the table. Try again, or stop the workers first.".into(),
        ),
        Some("55000") if error.as_db_error().is_some_and(|db| db.message().ends_with("not currently accepting connections")) => {
            Some("As the owner of the database, connected to a different database: alter database NAME \
                 allow_connections true".into())
        }
        Some("3D000") => Some("Create the database first, or correct its name in TRAILBLAZER_DB_URL.".into()),
        Some(_) => None,
        None if describe(error).contains("does not support TLS") => Some(
            "The server has no TLS. Enable it on the server, or set sslmode to prefer or disable in the URL.".into(),
        ),
        None if describe(error).contains("channel binding") => Some(
            "Channel binding needs TLS and the authentication method scram-sha-256. Set channel_binding to prefer in the URL.".into(),
        ),
        None => Some("Check that the server is running (`trailblazer db up` starts the private one), and that TRAILBLAZER_DB_URL or database.url points to it.".into()),
    }
}
