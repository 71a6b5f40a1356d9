//! Replaces the database with a new one.

use postgres::{Client, NoTls};

use super::{CTYPES, LocalServer, LocalServerError, NAME};

/// The name of the new database before the swap.
const REPLACEMENT: &str = "trailblazer_new";
/// The name of the old database after the swap, until it is dropped.
const REPLACED: &str = "trailblazer_old";
/// Maximum number of attempts to swap the names.
const ATTEMPTS: u32 = 3;

impl LocalServer {
    /// Creates an empty database, and returns its name.
    pub fn create_replacement(&self) -> Result<String, LocalServerError> {
        self.drop_replacement()?;
        let mut admin = self.admin()?;
        let create = |admin: &mut Client, ctype: &str| {
            admin.batch_execute(&format!("create database {REPLACEMENT} template template0 encoding 'UTF8' {ctype}"))
        };
        let is_created = CTYPES.iter().any(|ctype| create(&mut admin, &format!("lc_ctype '{ctype}'")).is_ok());
        if !is_created {
            create(&mut admin, "").map_err(|error| self.unreachable(error))?;
        }
        Ok(REPLACEMENT.to_owned())
    }

    /// Renames the new database to the name of the old one, and drops the old one. Closes all connections to the old one.
    pub fn use_replacement(&self) -> Result<(), LocalServerError> {
        let mut admin = self.admin()?;
        let close = format!(
            "select pg_catalog.pg_terminate_backend(a.pid, 5000) from pg_catalog.pg_stat_activity as a where a.datname = '{NAME}'"
        );
        // With one transaction, there is always a database with this name.
        let swap = format!(
            "begin; alter database {NAME} rename to {REPLACED}; alter database {REPLACEMENT} rename to {NAME}; commit"
        );
        let drop_replaced = format!("drop database if exists {REPLACED} with (force)");
        admin.batch_execute(&drop_replaced).map_err(|error| self.unreachable(error))?;
        let mut swapped = Ok(());
        // A worker may connect again before the names are swapped.
        for _ in 0..ATTEMPTS {
            swapped = admin.batch_execute(&close).and_then(|()| admin.batch_execute(&swap));
            if swapped.is_ok() {
                break;
            }
            let _ = admin.batch_execute("rollback");
        }
        swapped.and_then(|()| admin.batch_execute(&drop_replaced)).map_err(|error| self.unreachable(error))
    }

    /// Drops the new database, if it exists.
    pub fn drop_replacement(&self) -> Result<(), LocalServerError> {
        let mut admin = self.admin()?;
        let drop = format!("drop database if exists {REPLACEMENT} with (force)");
        admin.batch_execute(&drop).map_err(|error| self.unreachable(error))
    }

    fn admin(&self) -> Result<Client, LocalServerError> {
        Client::connect(&self.database_url("postgres"), NoTls).map_err(|error| self.unreachable(error))
    }
}
