//! The settings file of a private server.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::home::Home;
use crate::error::local_server::{LocalServerError, io};

/// The name of our settings file in the data directory. `postgresql.conf` includes it.
const SETTINGS_FILE: &str = "trailblazer.conf";

/// Whether the data of the server must survive a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Every commit is on disk before it is reported.
    Durable,
    /// Nothing is synced to disk. This is for clusters that are deleted after a test.
    /// A power failure can lose commits, but a killed server loses none.
    Throwaway,
}

/// Settings for every server: one socket, no network, and a moderate amount of memory.
///
/// `autovacuum_naptime` is short because the rows of the backlog change often. `dynamic_shared_memory_type` avoids
/// `/dev/shm`, which containers limit to 64 MB. This is too small for a parallel index build of pgvector.
const COMMON: &str = "\
listen_addresses = ''
port = 5432
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] %q%a '
shared_buffers = 512MB
maintenance_work_mem = 256MB
effective_cache_size = 2GB
random_page_cost = 1.1
jit = off
cluster_name = 'trailblazer'
autovacuum_naptime = 10s
checkpoint_timeout = 15min
";

const DURABLE: &str = "\
fsync = on
full_page_writes = on
synchronous_commit = on
wal_compression = on
max_wal_size = 2GB
max_connections = 100
";

const THROWAWAY: &str = "\
fsync = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
max_connections = 300
";

/// Writes the settings file again, because the folder of the socket changes if the checkout is moved.
pub(super) fn write(home: &Home, durability: Durability) -> Result<(), LocalServerError> {
    replace(home, &home.data_dir().join(SETTINGS_FILE), &text(&home.socket_dir(), durability))
}

/// Includes the settings file in `postgresql.conf` of a new data directory.
pub(super) fn include(home: &Home, data_dir: &Path) -> Result<(), LocalServerError> {
    let conf = data_dir.join("postgresql.conf");
    let text = fs::read_to_string(&conf).map_err(io("read", &conf))?;
    replace(home, &conf, &format!("{text}\ninclude_if_exists = '{SETTINGS_FILE}'\n"))
}

/// Writes a new file and renames it, so that root never writes through a link that the account has created.
fn replace(home: &Home, path: &Path, text: &str) -> Result<(), LocalServerError> {
    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("create a file in", folder))?;
    file.write_all(text.as_bytes()).map_err(io("write", path))?;
    home.give(file.path())?;
    file.persist(path).map_err(|error| io("write", path)(error.error))?;
    Ok(())
}

fn text(socket_dir: &Path, durability: Durability) -> String {
    let shared_memory = if cfg!(target_os = "linux") { "dynamic_shared_memory_type = sysv\n" } else { "" };
    let durability = match durability {
        Durability::Durable => DURABLE,
        Durability::Throwaway => THROWAWAY,
    };
    let socket_dir = socket_dir.to_string_lossy().replace('\'', "''");
    format!(
        "# Written by trailblazer at every start. Your own settings: ALTER SYSTEM, or postgresql.conf below the include.\n\
         unix_socket_directories = '{socket_dir}'\n{COMMON}{shared_memory}{durability}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_durable_server_syncs_every_commit() {
        let text = text(Path::new("/s"), Durability::Durable);
        for setting in ["fsync = on", "full_page_writes = on", "synchronous_commit = on", "listen_addresses = ''"] {
            assert!(text.lines().any(|line| line == setting), "{setting}");
        }
    }

    #[test]
    fn text_quotes_the_socket_folder() {
        assert!(text(Path::new("/it's"), Durability::Durable).contains("unix_socket_directories = '/it''s'\n"));
    }
}
