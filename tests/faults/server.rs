//! A PostgreSQL server that a test can crash, on a disk that it can fill.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use postgres::{Client, NoTls};
use trailblazer::db::install;
use trailblazer::db::local::LocalServer;

use crate::support::cluster::{cluster, short_folder, watch};

/// Size of the volume. It has room for the server's data and the data of the test.
const VOLUME: &str = "size=640m";

/// A server with a database, and the network in front of it.
pub struct Server {
    postgres: LocalServer,
    folder: PathBuf,
    /// Whether the folder is a separate volume.
    is_volume: bool,
    watchdog: Child,
}

impl Server {
    /// Starts the server, and installs the schema in the database `chaos`.
    pub fn start() -> Self {
        let folder = short_folder().keep();
        // If mounting is not permitted, the disk is never filled.
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", VOLUME, "tmpfs"]).arg(&folder).output();
        let is_volume = mount.is_ok_and(|output| output.status.success());
        let watchdog = watch(&folder);
        let postgres = LocalServer::throwaway(&folder, &cluster().bin).unwrap();
        postgres.start().unwrap();
        let this = Self { postgres, folder, is_volume, watchdog };
        let mut admin = Client::connect(&this.postgres.database_url("postgres"), NoTls).unwrap();
        admin.batch_execute("alter system set max_wal_size = '96MB'").unwrap();
        admin.batch_execute("alter system set min_wal_size = '32MB'").unwrap();
        admin.batch_execute("select pg_reload_conf()").unwrap();
        admin.batch_execute("create database chaos").unwrap();
        install::install(&mut this.connect()).unwrap();
        this
    }

    /// Returns whether [`Server::fill_disk`] is supported.
    pub fn has_volume(&self) -> bool {
        self.is_volume
    }

    /// Returns the folder of the socket.
    pub fn socket_dir(&self) -> PathBuf {
        self.postgres.status().unwrap().socket_dir
    }

    /// Connects directly as superuser, as soon as the server accepts connections.
    pub fn connect(&self) -> Client {
        for _ in 0..600 {
            match Client::connect(&self.postgres.database_url("chaos"), NoTls) {
                Ok(client) => return client,
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
        panic!("the server does not come back: {}", self.log());
    }

    /// Stops the server abruptly, as after a power failure, and starts it again.
    pub fn crash(&self) {
        if let Some(pid) = self.postgres.status().unwrap().pid {
            signal::kill(Pid::from_raw(pid), Signal::SIGQUIT).unwrap();
            while self.postgres.status().unwrap().pid == Some(pid) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.revive();
    }

    /// Starts the server if it has stopped.
    pub fn revive(&self) {
        self.postgres.start().unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// Fills the server's volume for `pause`.
    pub fn fill_disk(&self, pause: Duration) {
        let path = self.folder.join("ballast");
        let mut ballast = fs::File::create(&path).unwrap();
        for size in [1 << 20, 4096] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
        thread::sleep(pause);
        fs::remove_file(&path).unwrap();
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.postgres.status().unwrap().log_file).unwrap_or_default();
        text.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
