//! A new database that takes the place of the old one.

use postgres::{Client, NoTls};

use super::{CTYPES, LocalServer, LocalServerError, NAME};

/// The new database, until it has the name of the old one.
const REPLACEMENT: &str = "trailblazer_new";
/// The old database, until it is dropped.
const REPLACED: &str = "trailblazer_old";
/// How often the swap of names is tried.
const ATTEMPTS: u32 = 3;

impl LocalServer {
    /// Creates an empty database beside the knowledge base, and returns its name.
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

    /// Gives the new database the name of the knowledge base, and drops the old one. Connections to the old one are closed.
    pub fn use_replacement(&self) -> Result<(), LocalServerError> {
        let mut admin = self.admin()?;
        let close = format!(
            "select pg_catalog.pg_terminate_backend(a.pid, 5000) from pg_catalog.pg_stat_activity as a where a.datname = '{NAME}'"
        );
        // One transaction: whatever happens, one of the two has the name.
        let swap = format!(
            "begin; alter database {NAME} rename to {REPLACED}; alter database {REPLACEMENT} rename to {NAME}; commit"
        );
        let drop_replaced = format!("drop database if exists {REPLACED} with (force)");
        admin.batch_execute(&drop_replaced).map_err(|error| self.unreachable(error))?;
        let mut swapped = Ok(());
        // A worker may connect again before the names change.
        for _ in 0..ATTEMPTS {
            swapped = admin.batch_execute(&close).and_then(|()| admin.batch_execute(&swap));
            if swapped.is_ok() {
                break;
            }
            let _ = admin.batch_execute("rollback");
        }
        swapped.and_then(|()| admin.batch_execute(&drop_replaced)).map_err(|error| self.unreachable(error))
    }

    /// Drops the new database, if there is one.
    pub fn drop_replacement(&self) -> Result<(), LocalServerError> {
        let mut admin = self.admin()?;
        let drop = format!("drop database if exists {REPLACEMENT} with (force)");
        admin.batch_execute(&drop).map_err(|error| self.unreachable(error))
    }

    fn admin(&self) -> Result<Client, LocalServerError> {
        Client::connect(&self.database_url("postgres"), NoTls).map_err(|error| self.unreachable(error))
    }
}
