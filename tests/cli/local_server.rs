//! The private server, with real starts.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use postgres::{Client, NoTls};
use trailblazer::db::local::{LocalServer, LocalServerError, Started};

use crate::support::cluster::{cluster, server_programs, short_folder, watch};
use crate::support::{Run, Sandbox, TestDatabase};

/// A server for a test that stops, kills or breaks it.
struct Private {
    server: LocalServer,
    watchdog: Child,
}

impl Private {
    fn new(folder: &Path) -> Self {
        let watchdog = watch(folder);
        let major = std::env::var("TRAILBLAZER_TEST_PG").map_or(18, |major| major.parse().unwrap());
        Self { server: LocalServer::throwaway(folder, &server_programs(major)).unwrap(), watchdog }
    }
}

fn value(url: &str, query: &str) -> String {
    Client::connect(url, NoTls).unwrap().query_one(query, &[]).unwrap().get(0)
}

#[test]
fn cluster_has_pgvector_and_the_chosen_major_version() {
    let url = cluster().create_database("has_pgvector", "template0");
    let mut client = Client::connect(&url, NoTls).unwrap();
    client.batch_execute("create extension vector").unwrap();
    let version: String = value(&url, "select current_setting('server_version_num')");
    assert!(version.starts_with(&cluster().major.to_string()), "{version}");
    drop(client);
    cluster().drop_database("has_pgvector");
    assert!(Client::connect(&url, NoTls).is_err());
}

#[test]
fn psql_understands_the_url() {
    let output = Command::new(cluster().bin.join("psql"))
        .args([&cluster().admin_url(), "-XAtc", "select current_database()"])
        .env("PGPORT", "1")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "postgres\n", "{output:?}");
}

#[test]
fn start_twice_starts_once_and_stop_twice_stops_once() {
    let private = Private::new(&short_folder().keep());
    let server = &private.server;
    assert_eq!(server.start().unwrap(), Started::Created);
    let pid = server.status().unwrap().pid;
    assert!(pid.is_some());
    assert_eq!(server.start().unwrap(), Started::AlreadyRunning);
    assert_eq!(server.status().unwrap().pid, pid);
    assert!(server.stop().unwrap());
    assert_eq!(server.status().unwrap().pid, None);
    assert!(!server.stop().unwrap());
    assert_eq!(server.start().unwrap(), Started::Started);
}

#[test]
fn start_by_several_at_once_makes_one_server() {
    let private = Private::new(&short_folder().keep());
    let server = &private.server;
    let started: Vec<Started> = thread::scope(|scope| {
        let starters: Vec<_> = (0..4).map(|_| scope.spawn(|| server.start().unwrap())).collect();
        starters.into_iter().map(|starter| starter.join().unwrap()).collect()
    });
    assert_eq!(started.iter().filter(|started| **started == Started::Created).count(), 1, "{started:?}");
    assert_eq!(value(&server.url(), "select current_database()::text"), "trailblazer");
}

#[test]
fn start_recovers_after_the_postmaster_was_killed() {
    let private = Private::new(&short_folder().keep());
    let server = &private.server;
    server.start().unwrap();
    let mut client = Client::connect(&server.url(), NoTls).unwrap();
    client.batch_execute("create table kept as select 42 as answer").unwrap();
    let pid = server.status().unwrap().pid.unwrap().to_string();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());

    assert_eq!(server.start().unwrap(), Started::Started);
    assert_ne!(server.status().unwrap().pid.unwrap().to_string(), pid);
    assert_eq!(value(&server.url(), "select answer::text from kept"), "42");
}

#[test]
fn number_of_another_accounts_process_in_a_stale_pid_file_is_no_server() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let pid_file = sandbox.write("var/postgres/data/postmaster.pid", "1\n");
    // The lock is created in this folder.
    std::fs::set_permissions(sandbox.folder().join("var/postgres"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let account = std::fs::metadata(cluster().socket_dir()).unwrap();
    for path in ["var/postgres", "var/postgres/data", "var/postgres/data/postmaster.pid"] {
        std::os::unix::fs::chown(sandbox.folder().join(path), Some(account.uid()), Some(account.gid())).unwrap();
    }
    let mut down = sandbox.command_without_privileges(&["db", "down"]);
    let run = Run::of(down.env_remove("TRAILBLAZER_DB_URL").output().unwrap()).success();
    assert_eq!(run.stderr, "private server: was not running\n");
    assert!(pid_file.exists());
}

#[test]
fn start_works_in_a_folder_too_deep_for_a_socket() {
    let short = short_folder().keep();
    let deep = short.join("folder ".repeat(8)).join("it's".repeat(20));
    std::fs::create_dir_all(&deep).unwrap();
    let private = Private::new(&deep);
    let mut outer = watch(&short);
    private.server.start().unwrap();
    assert_eq!(value(&private.server.url(), "select current_database()::text"), "trailblazer");
    assert!(private.server.stop().unwrap());
    std::fs::remove_dir_all(private.server.status().unwrap().socket_dir).unwrap();
    drop(outer.stdin.take());
    outer.wait().unwrap();
}

#[test]
fn start_refuses_data_of_a_major_version_that_is_not_there() {
    let private = Private::new(&short_folder().keep());
    let data_dir = private.server.status().unwrap().data_dir;
    std::fs::create_dir(&data_dir).unwrap();
    std::fs::write(data_dir.join("PG_VERSION"), "14\n").unwrap();

    let error = private.server.start().unwrap_err();
    assert!(matches!(error, LocalServerError::DataVersion { data_major: 14, .. }), "{error}");
    assert!(error.hint().contains("pg_upgrade"));
}

#[test]
fn start_that_fails_shows_the_end_of_the_servers_log() {
    let private = Private::new(&short_folder().keep());
    let server = &private.server;
    server.start().unwrap();
    server.stop().unwrap();
    let conf = server.status().unwrap().data_dir.join("postgresql.auto.conf");
    std::fs::write(conf, "max_connections = 'many'\n").unwrap();

    let error = server.start().unwrap_err().to_string();
    assert!(error.contains("invalid value for parameter \"max_connections\""), "{error}");
    assert!(error.contains("server.log"), "{error}");
}

#[test]
fn watchdog_leaves_nothing_when_its_process_has_ended() {
    let folder = short_folder().keep();
    let mut private = Private::new(&folder);
    private.server.start().unwrap();
    let pid = private.server.status().unwrap().pid.unwrap();

    // The system does the same when a process ends, even by a signal.
    drop(private.watchdog.stdin.take());
    private.watchdog.wait().unwrap();
    assert!(!folder.exists());
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap().stdout;
    // A zombie has also ended. It waits for a slow init process.
    assert!(state.is_empty() || state.starts_with(b"Z"), "{}", String::from_utf8_lossy(&state));
}
