//! Prepares a new session for our statements. Rejects a session that cannot execute them.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::servers::Server;
use crate::error::{Error, Result};
use crate::process;

/// Sets the settings that all our statements rely on.
///
/// It uses `SET`, because poolers reject unknown startup parameters.
/// With this search path, a name always refers to `pg_catalog`.
/// A function, operator or type with the same name in another schema is never used. All other names are qualified.
/// With a limit, a full-text index would return some of the matches at random. With fewer digits, numbers in JSON would be rounded.
/// The server must not end a session because of an error, because some errors are expected.
const SETTINGS: &str = "set search_path = pg_catalog, pg_temp; set default_transaction_isolation = 'read committed'; \
    set gin_fuzzy_search_limit = 0; set extra_float_digits = 1; set exit_on_error = off";
/// Removes the limits that a role or a database may set, because a worker may wait for a provider, copy a large document or
/// build an index. The last settings add a limit for a process that stops responding: the server releases its locks after a
/// minute instead of two hours.
const LIFTED_LIMITS: &str = "set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0; \
    set idle_in_transaction_session_timeout = '60s'; set tcp_user_timeout = '60s'; \
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3";
/// PostgreSQL 17 added `transaction_timeout`.
const HAS_TRANSACTION_TIMEOUT: i32 = 170_000;
/// Timeout for the second connection of the pooler check, unless the first connection took longer.
const PROBE_PATIENCE: Duration = Duration::from_millis(500);

/// The purpose of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Queries. A standby is sufficient, and limits of the role and the database apply.
    Read,
    /// Changes. The server must accept them, and the limits are removed.
    Work,
}

/// The properties of a server and of a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    backend: String,
    version: i32,
    pub database: String,
    encoding: String,
    /// Whether the server is a standby.
    pub is_in_recovery: bool,
    /// Whether the server is a standby or a setting forbids changes.
    pub is_read_only: bool,
}

impl Facts {
    /// Queries the facts. It uses a simple query, because prepared statements fail with a pooler in transaction mode.
    pub fn of(client: &mut Client) -> Result<Self> {
        let row = only_row(
            client,
            "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num'), \
                    pg_catalog.current_database(), pg_catalog.current_setting('server_encoding'), \
                    pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')",
        )?;
        let text = |index: usize| row.as_ref().and_then(|row| row.get(index)).unwrap_or_default().to_owned();
        let is_in_recovery = text(4) == "t";
        Ok(Self {
            backend: text(0),
            version: text(1).parse().unwrap_or_default(),
            database: text(2),
            encoding: text(3),
            is_in_recovery,
            is_read_only: is_in_recovery || text(5) == "on",
        })
    }

    /// Rejects a database whose encoding cannot store every character.
    pub fn check_encoding(&self) -> Result<()> {
        if self.encoding == "UTF8" {
            return Ok(());
        }
        Err(Error::NotReady {
            message: format!("database \"{}\" has the encoding {}, not UTF8", self.database, self.encoding),
            hint: "Create another database and use that: create database NAME encoding 'UTF8' locale 'C.UTF-8' template template0."
                .into(),
        })
    }
}

/// Prepares a session. Every connection of the driver calls this.
pub(super) fn prepare(client: &mut Client, purpose: Purpose, facts: &Facts, max_attempts: u32) -> Result<()> {
    let mut settings = format!("{SETTINGS}; set graphdb.max_attempts = {max_attempts}");
    if purpose == Purpose::Work {
        settings = format!("{settings}; {LIFTED_LIMITS}");
        if let Some(identity) = process::own_identity() {
            let _ = write!(settings, "; set graphdb.worker_process = '{identity}'");
        }
        if facts.version >= HAS_TRANSACTION_TIMEOUT {
            settings.push_str("; set transaction_timeout = 0");
        }
    }
    client.batch_execute(&settings)?;
    Ok(())
}

/// Rejects a pooler that may use a different server session for each transaction.
///
/// Our settings, temporary tables, prepared statements and locks must last longer than a transaction.
/// While our connection is idle, such a pooler gives its server session to the next connection. The pooler is detected
/// if two open connections have the same backend. `opened_in` is the time that the first connection took.
pub(super) fn refuse_transaction_pooler(server: &Server, facts: &Facts, opened_in: Duration) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    let server = server.clone();
    // The second connection has its own thread, because it waits if all sessions of a pooler in session mode are in use.
    thread::spawn(move || {
        let backend = server.open().ok().and_then(|mut probe| Facts::of(&mut probe).ok()).map(|facts| facts.backend);
        // The receiver has stopped waiting.
        let _ = sender.send(backend);
    });
    match receiver.recv_timeout(PROBE_PATIENCE.max(opened_in * 2)) {
        Ok(Some(backend)) if backend == facts.backend => Err(Error::NotReady {
            message: "the connection goes through a pooler in transaction mode".into(),
            hint: "Use the pooler in session mode (PgBouncer: pool_mode = session; Supabase: port 5432), or connect to the server \
                   directly (Neon: the host without `-pooler`)."
                .into(),
        }),
        // If the second connection fails because the server has no free connection, it is not such a pooler.
        _ => Ok(()),
    }
}

fn only_row(client: &mut Client, query: &str) -> Result<Option<SimpleQueryRow>> {
    Ok(client.simple_query(query)?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }))
}

/// Measures the duration of `open`.
pub(super) fn timed<T>(open: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let begun = Instant::now();
    Ok((open()?, begun.elapsed()))
}
