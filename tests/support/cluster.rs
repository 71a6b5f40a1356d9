//! A temporary PostgreSQL cluster for the test process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use postgres::{Client, NoTls};
use trailblazer::db::local::LocalServer;

/// Stops the server in folder `$1` and removes the folder, which may be a volume, after stdin is closed. This happens
/// when the test process ends for any reason.
///
/// It tries again, because the process may have died during `initdb` or during a start, which then still writes files.
const WATCHDOG: &str = r#"
    cat >/dev/null
    for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -e "$1" ] || exit 0
        pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
        for wait in 1 2 3 4 5 6 7 8 9 10; do
            [ -e "$1/data/postmaster.pid" ] || break
            sleep 0.1
        done
        umount "$1" 2>/dev/null
        rm -rf "$1" 2>/dev/null
        [ -e "$1" ] && sleep 0.2
    done
"#;

/// A cluster that is removed when the test process ends.
pub struct Cluster {
    server: LocalServer,
    /// The major version of the server.
    pub major: u32,
    /// The folder of the server programs: `psql`, `pgbench`, ….
    pub bin: PathBuf,
    /// Keeps the pipe of the watchdog open.
    _watchdog: Child,
}

/// Returns the cluster of this test process. The first call starts it.
///
/// `TRAILBLAZER_TEST_PG` selects the major version. The default is 18.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// Returns the folder of the server programs of a major version that `make setup` unpacked.
pub fn server_programs(major: u32) -> PathBuf {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("var/pg/{major}/bin"));
    assert!(bin.join("postgres").is_file(), "{} has no PostgreSQL: run `make setup`", bin.display());
    bin
}

/// Creates a folder directly in `/tmp`. Its path is short enough for a socket, and the server's account can access it.
pub fn short_folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("trailblazer-test-").tempdir_in("/tmp").unwrap()
}

/// Starts a process that removes `folder` and stops its server after the stdin of the returned child is closed.
pub fn watch(folder: &Path) -> Child {
    use std::os::unix::process::CommandExt;
    Command::new("/bin/sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(folder)
        .current_dir("/")
        // The watchdog has its own process group, so that Ctrl-C or a signal to the test's group does not kill it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Cluster {
    fn start() -> Self {
        let major = std::env::var("TRAILBLAZER_TEST_PG").map_or(18, |major| major.parse().unwrap());
        let bin = server_programs(major);
        let folder = short_folder().keep();
        // Start the watchdog first, so that nothing is left if this process dies early.
        let watchdog = watch(&folder);
        let server = LocalServer::throwaway(&folder, &bin).unwrap();
        server.start().unwrap_or_else(|error| panic!("{error}"));
        ask_passwords_of_members(&server);
        Self { server, major, bin, _watchdog: watchdog }
    }

    /// Returns the URL of the maintenance database, as superuser.
    pub fn admin_url(&self) -> String {
        self.server.database_url("postgres")
    }

    /// Returns the URL of a database, as superuser.
    pub fn url(&self, database: &str) -> String {
        self.server.database_url(database)
    }

    /// Returns the folder of the server's socket.
    pub fn socket_dir(&self) -> PathBuf {
        self.server.status().unwrap().socket_dir
    }

    /// Connects to the maintenance database.
    pub fn admin(&self) -> Client {
        Client::connect(&self.admin_url(), NoTls).unwrap()
    }

    /// Creates a database as a copy of `template` (`template0` for an empty one), and returns its URL.
    pub fn create_database(&self, name: &str, template: &str) -> String {
        let statement = format!("create database {} template {}", quoted(name), quoted(template));
        self.admin().batch_execute(&statement).unwrap();
        self.url(name)
    }

    /// Drops a database, even if there are connections to it.
    pub fn drop_database(&self, name: &str) {
        self.admin().batch_execute(&format!("drop database if exists {} with (force)", quoted(name))).unwrap();
    }
}

/// Requires a password for the members of the group `with_password`.
fn ask_passwords_of_members(server: &LocalServer) {
    let mut admin = Client::connect(&server.database_url("postgres"), NoTls).unwrap();
    let hba = server.status().unwrap().data_dir.join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("local all +with_password scram-sha-256\n{rules}")).unwrap();
    admin.batch_execute("create role with_password; select pg_reload_conf()").unwrap();
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
