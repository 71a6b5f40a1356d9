//! Prepares a session for our statements, right after it is opened, and refuses one that cannot serve them.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::servers::Server;
use crate::error::{Error, Result};

/// Sets what every statement of ours relies on.
///
/// With `SET`, because poolers refuse startup parameters that they do not know. Under this path, a name means what
/// `pg_catalog` says: a function, operator or type of the same name in another schema is never used. Everything else is
/// qualified.
const SETTINGS: &str = "set search_path = pg_catalog, pg_temp; set default_transaction_isolation = 'read committed'";
/// Lifts the limits that a role or a database may set. A worker waits for a provider, copies a large document, and builds an
/// index, and its run must not be charged for that. The last limits are the worker's own: a process that stops responding
/// loses its locks after a minute. Without them, the server waits for two hours.
const LIFTED_LIMITS: &str = "set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0; \
    set idle_in_transaction_session_timeout = '60s'; set tcp_user_timeout = '60s'; \
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3";
/// PostgreSQL 17 added `transaction_timeout`.
const HAS_TRANSACTION_TIMEOUT: i32 = 170_000;
/// How long the second connection of the pooler check may take, unless the first one took longer.
const PROBE_PATIENCE: Duration = Duration::from_millis(500);

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Queries. A standby answers them, and the limits of the role and the database hold.
    Read,
    /// Changes. The session needs a server that accepts them, and lifts the limits.
    Work,
}

/// What a server says about itself and about a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    backend: String,
    version: i32,
    database: String,
    encoding: String,
    /// The server is a standby.
    pub is_in_recovery: bool,
    /// The server is a standby, or a setting forbids changes.
    pub is_read_only: bool,
}

impl Facts {
    /// Asks the server. A simple query, because a pooler in transaction mode breaks prepared statements.
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

    /// Refuses a database that cannot hold every character.
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

/// Prepares a session. Every connection of the driver goes through here.
pub(super) fn prepare(client: &mut Client, purpose: Purpose, facts: &Facts, max_attempts: u32) -> Result<()> {
    let mut settings = format!("{SETTINGS}; set graphdb.max_attempts = {max_attempts}");
    if purpose == Purpose::Work {
        settings = format!("{settings}; {LIFTED_LIMITS}");
        if facts.version >= HAS_TRANSACTION_TIMEOUT {
            settings.push_str("; set transaction_timeout = 0");
        }
    }
    client.batch_execute(&settings)?;
    Ok(())
}

/// Refuses a pooler that gives each transaction another session of the server.
///
/// Our sessions have settings, temporary tables, prepared statements and locks that outlive a transaction. Such a pooler
/// gives the free session of our idle connection to the next connection that asks: two open connections with the same
/// backend prove it. `opened_in` is how long the first connection took.
pub(super) fn refuse_transaction_pooler(server: &Server, facts: &Facts, opened_in: Duration) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    let server = server.clone();
    // A pooler in session mode lets the second connection wait when all its sessions are in use, so it has its own thread.
    thread::spawn(move || {
        let backend = server.open().ok().and_then(|mut probe| Facts::of(&mut probe).ok()).map(|facts| facts.backend);
        // Nobody waits any more.
        let _ = sender.send(backend);
    });
    match receiver.recv_timeout(PROBE_PATIENCE.max(opened_in * 2)) {
        Ok(Some(backend)) if backend == facts.backend => Err(Error::NotReady {
            message: "a connection pooler in transaction mode stands before the server".into(),
            hint: "Use the pooler in session mode (PgBouncer: pool_mode = session; Supabase: port 5432), or connect to the server \
                   directly (Neon: the host without `-pooler`)."
                .into(),
        }),
        // A server that has no second connection left is no such pooler's.
        _ => Ok(()),
    }
}

fn only_row(client: &mut Client, query: &str) -> Result<Option<SimpleQueryRow>> {
    Ok(client.simple_query(query)?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }))
}

/// Measures how long `open` takes.
pub(super) fn timed<T>(open: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let begun = Instant::now();
    Ok((open()?, begun.elapsed()))
}
