//! The private server: a PostgreSQL server for one user, on a Unix socket.

mod binaries;
mod home;
mod installation;
mod postmaster;
mod replacement;
mod settings;

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres::error::SqlState;
use postgres::{Client, NoTls};

use crate::config::Config;
use crate::error::local_server::io;
pub use crate::error::local_server::{LocalServerError, Rejected};
use crate::installed;
pub(crate) use binaries::server_major;
pub use binaries::{OLDEST_PGVECTOR, SUPPORTED_MAJORS, ServerBinaries, pgvector_number};
use home::Home;
use settings::Durability;

/// The superuser of the server, and the name of its database.
const NAME: &str = "trailblazer";
/// UTF-8 character types in order of priority, because systems provide different ones. PostgreSQL's full-text parser
/// uses the type to recognize letters. With type C, it treats every character outside ASCII as a letter.
const CTYPES: [&str; 4] = ["C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"];
/// Crash recovery of a large database can take minutes.
const START_PATIENCE: Duration = Duration::from_secs(600);
const STOP_PATIENCE: Duration = Duration::from_secs(120);
/// After a postmaster is killed, its child processes keep the shared memory for a moment.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);
/// A larger log is renamed at the next start.
const LARGEST_LOG: u64 = 16 * 1024 * 1024;

/// The result of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The server was already running.
    AlreadyRunning,
    /// The server was started on its existing data.
    Started,
    /// The data directory was created, and the server was started.
    Created,
}

/// The state of the server according to its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Process id of the postmaster, if it is running.
    pub pid: Option<i32>,
    /// Major version of the data, if there is data.
    pub data_major: Option<u32>,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The folder of the socket.
    pub socket_dir: PathBuf,
    /// The server's log file.
    pub log_file: PathBuf,
}

/// A private server. It may not exist or not be running.
#[derive(Debug, Clone)]
pub struct LocalServer {
    home: Home,
    /// Folders of server programs that were downloaded or came with a package.
    installed: Vec<PathBuf>,
    configured: Option<PathBuf>,
    durability: Durability,
}

impl LocalServer {
    /// Returns the private server of the configured workspace.
    pub fn new(config: &Config) -> Result<Self, LocalServerError> {
        Ok(Self {
            home: Home::of_workspace(&config.workspace.dir)?,
            installed: installed::server_folders(config),
            configured: config.database.bin_dir.clone(),
            durability: Durability::Durable,
        })
    }

    /// Returns a server for tests. Its files are in the existing folder `folder`, and its programs in `bin`.
    /// It does not sync to disk.
    pub fn throwaway(folder: &Path, bin: &Path) -> Result<Self, LocalServerError> {
        Ok(Self {
            home: Home::in_folder(folder)?,
            installed: Vec::new(),
            configured: Some(bin.to_owned()),
            durability: Durability::Throwaway,
        })
    }

    /// Returns the URL of the database, for the driver and for psql.
    #[must_use]
    pub fn url(&self) -> String {
        self.database_url(NAME)
    }

    /// Returns the URL of another database on this server.
    #[must_use]
    pub fn database_url(&self, database: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let socket_dir = encode(&self.home.socket_dir().to_string_lossy());
        // Without an explicit port, psql would use PGPORT.
        format!("postgresql://{NAME}@/{}?host={socket_dir}&port=5432", encode(database))
    }

    /// Returns the environment variables with which PostgreSQL's client programs connect to the database.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let socket_dir = self.home.socket_dir().to_string_lossy().into_owned();
        vec![("PGHOST", socket_dir), ("PGPORT", "5432".into()), ("PGUSER", NAME.into()), ("PGDATABASE", NAME.into())]
    }

    /// Returns the folder of the client programs with the version of the server.
    pub fn client_programs(&self) -> Result<PathBuf, LocalServerError> {
        Ok(self.binaries()?.bin)
    }

    /// Starts the server, and creates the database if it is missing. Does nothing if the server is already available.
    ///
    /// Several processes may call this at the same time. One of them starts the server, and the others wait.
    pub fn start(&self) -> Result<Started, LocalServerError> {
        if self.answers() {
            return Ok(Started::AlreadyRunning);
        }
        // Check this before creating folders, so that nothing is left behind if there are no server programs.
        if self.data_major()?.is_none() {
            self.binaries()?;
        }
        let _lock = self.home.lock()?;
        self.home.create_folders()?;
        if self.answers() {
            return Ok(Started::AlreadyRunning);
        }
        // If the server is running but does not respond, it is stopping, or the process that started it was killed.
        let (started, mut client) = match self.wait_until_ready()? {
            Some(client) => (Started::AlreadyRunning, client),
            None => (self.launch()?, self.wait_until_ready()?.ok_or_else(|| self.ended_at_once())?),
        };
        self.create_database(&mut client)?;
        Ok(started)
    }

    /// Returns whether the server has a data directory.
    pub fn exists(&self) -> Result<bool, LocalServerError> {
        Ok(self.data_major()?.is_some())
    }

    /// Stops the server, and rolls back open transactions. Returns whether the server was running.
    pub fn stop(&self) -> Result<bool, LocalServerError> {
        if !self.home.data_dir().exists() {
            return Ok(false);
        }
        let _lock = self.home.lock()?;
        Ok(postmaster::stop(&self.home.data_dir(), STOP_PATIENCE)?.is_some())
    }

    /// Returns whether the server is running, and the paths of its files.
    pub fn status(&self) -> Result<Status, LocalServerError> {
        Ok(Status {
            pid: postmaster::pid(&self.home.data_dir()),
            data_major: self.data_major()?,
            data_dir: self.home.data_dir(),
            socket_dir: self.home.socket_dir(),
            log_file: self.home.log_file(),
        })
    }

    fn answers(&self) -> bool {
        self.home.check_socket_dir().is_ok() && Client::connect(&self.url(), NoTls).is_ok()
    }

    /// Finds server programs. If there is data, their version must match it.
    fn binaries(&self) -> Result<ServerBinaries, LocalServerError> {
        let (configured, data_dir) = (self.configured.as_deref(), self.home.data_dir());
        match self.data_major()? {
            Some(major) => ServerBinaries::find_for_data(configured, &self.installed, &data_dir, major),
            None => ServerBinaries::find(configured, &self.installed),
        }
    }

    /// Creates the data directory if it is missing, and starts the server.
    fn launch(&self) -> Result<Started, LocalServerError> {
        let data_dir = self.home.data_dir();
        let data_major = self.data_major()?;
        let binaries = self.binaries()?;
        let binaries = installation::runnable(binaries, &self.home)?;
        if data_major.is_none() {
            self.create_data_dir(&binaries)?;
        }
        settings::write(&self.home, self.durability)?;
        self.set_old_log_aside()?;
        let was_killed = postmaster::forget_stale_pid(&data_dir)?;
        let begun = Instant::now();
        loop {
            match self.pg_ctl_start(&binaries) {
                Err(LocalServerError::Failed { .. }) if was_killed && begun.elapsed() < ORPHAN_PATIENCE => {
                    sleep(Duration::from_millis(250));
                }
                result => break result?,
            }
        }
        Ok(if data_major.is_none() { Started::Created } else { Started::Started })
    }

    /// Runs `initdb` in another folder and then renames the folder.
    /// If `initdb` is killed, no incomplete data directory is left.
    fn create_data_dir(&self, binaries: &ServerBinaries) -> Result<(), LocalServerError> {
        // If the system has none of the character types, C is used, and `db doctor` reports it.
        for ctype in CTYPES {
            match self.init_data_dir(binaries, Some(ctype)) {
                Err(LocalServerError::Failed { .. }) => {}
                initialized => return initialized,
            }
        }
        self.init_data_dir(binaries, None)
    }

    fn init_data_dir(&self, binaries: &ServerBinaries, ctype: Option<&str>) -> Result<(), LocalServerError> {
        let partial = self.home.dir.join("data.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(io("remove", &partial))?;
        }
        self.home.create_private(&partial)?;
        let mut initdb = self.home.command(&binaries.program("initdb"));
        // The method `trust` is safe, because only the owner of the socket's folder and root can connect.
        initdb.args(["-D", "data.partial", "-U", NAME, "--encoding=UTF8", "--data-checksums"]);
        initdb.args(["--auth-local=trust", "--auth-host=reject"]);
        // The sort order and the case folding of letters must be the same on all systems.
        initdb.arg("--locale=C");
        if binaries.major >= 17 {
            initdb.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        }
        if let Some(ctype) = ctype {
            initdb.arg(format!("--lc-ctype={ctype}"));
        }
        if self.durability == Durability::Throwaway {
            initdb.arg("--no-sync");
        }
        run("initdb", &mut initdb, String::new)?;

        settings::include(&self.home, &partial)?;
        fs::rename(&partial, self.home.data_dir()).map_err(io("rename", &partial))
    }

    fn pg_ctl_start(&self, binaries: &ServerBinaries) -> Result<(), LocalServerError> {
        let log = self.home.log_file();
        let logged_before = fs::metadata(&log).map_or(0, |meta| meta.len());
        let mut pg_ctl = self.home.command(&binaries.program("pg_ctl"));
        // pg_ctl passes the paths to a shell, which would interpret a `$`. Therefore the paths are relative.
        // pg_ctl also starts a new session for the server.
        pg_ctl.args(["start", "-D", "data", "-l", "log/server.log", "--wait", "--timeout"]);
        pg_ctl.arg(START_PATIENCE.as_secs().to_string());
        run("pg_ctl", &mut pg_ctl, || last_lines(&log, logged_before))
    }

    /// Connects to the maintenance database, and waits while the server starts. Returns `None` if no server is running.
    fn wait_until_ready(&self) -> Result<Option<Client>, LocalServerError> {
        let begun = Instant::now();
        while postmaster::pid(&self.home.data_dir()).is_some() {
            let error = match Client::connect(&self.database_url("postgres"), NoTls) {
                Ok(client) => return Ok(Some(client)),
                Err(error) => error,
            };
            let starting = error.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW);
            if !starting || begun.elapsed() > START_PATIENCE {
                return Err(self.unreachable(error));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(None)
    }

    fn ended_at_once(&self) -> LocalServerError {
        LocalServerError::Failed { program: "postgres", output: last_lines(&self.home.log_file(), 0) }
    }

    fn create_database(&self, client: &mut Client) -> Result<(), LocalServerError> {
        let exists = client.query_opt("select from pg_catalog.pg_database as d where d.datname = $1", &[&NAME]);
        if exists.map_err(|error| self.unreachable(error))?.is_none() {
            client.batch_execute(&format!("create database {NAME}")).map_err(|error| self.unreachable(error))?;
        }
        Ok(())
    }

    fn unreachable(&self, source: postgres::Error) -> LocalServerError {
        LocalServerError::Unreachable { socket_dir: self.home.socket_dir(), source: Box::new(source) }
    }

    fn data_major(&self) -> Result<Option<u32>, LocalServerError> {
        let path = self.home.data_dir().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| LocalServerError::NotADataDirectory(path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io("read", path)(error)),
        }
    }

    fn set_old_log_aside(&self) -> Result<(), LocalServerError> {
        let log = self.home.log_file();
        if fs::metadata(&log).is_ok_and(|meta| meta.len() > LARGEST_LOG) {
            fs::rename(&log, log.with_extension("log.old")).map_err(io("rename", &log))?;
        }
        Ok(())
    }
}

/// Returns the folders to search for PostgreSQL programs, in order.
pub(super) fn places(config: &Config) -> Vec<PathBuf> {
    ServerBinaries::places(config.database.bin_dir.as_deref(), &installed::server_folders(config))
}

/// Runs a program of the server and waits for it. The error contains its output and the result of `details`.
fn run(program: &'static str, command: &mut Command, details: impl FnOnce() -> String) -> Result<(), LocalServerError> {
    let output = command.output().map_err(io("run", command.get_program()))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(LocalServerError::Failed { program, output: format!("{}\n{}", String::from_utf8_lossy(&printed), details()) })
}

/// Returns the last lines in a log after its first `skip` bytes.
fn last_lines(log: &Path, skip: u64) -> String {
    const LINES: usize = 15;
    let mut bytes = Vec::new();
    let read = fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(skip))?;
        file.read_to_end(&mut bytes)
    });
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
    format!("last lines of {}:\n  {}", log.display(), last.join("\n  "))
}
