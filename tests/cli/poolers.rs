//! Connection poolers. Session mode is supported, and transaction mode is rejected.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use postgres::SimpleQueryMessage;

use crate::support::{Run, Sandbox, cluster};

/// A `PgBouncer` for the cluster, on a port of 127.0.0.1.
struct PgBouncer {
    port: u16,
    process: Child,
}

impl PgBouncer {
    fn start(sandbox: &Sandbox, settings: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let socket_dir = cluster().socket_dir();
        let configuration = format!(
            "[databases]\n* = host={} port=5432 user=trailblazer\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n",
            socket_dir.display()
        );
        let file = sandbox.write("pgbouncer.ini", configuration);
        let mut command = Command::new("pgbouncer");
        command.arg("--quiet").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if geteuid().is_root() {
            let account = std::fs::metadata(&socket_dir).unwrap();
            std::fs::set_permissions(sandbox.folder(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            command.uid(account.uid()).gid(account.gid());
        }
        let process = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pgbouncer does not listen");
            std::thread::yield_now();
        }
        Self { port, process }
    }

    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let name = sandbox.database.value("select current_database()");
        let url = format!("postgresql://trailblazer@127.0.0.1:{}/{name}", self.port);
        Run::of(sandbox.command(args).env("TRAILBLAZER_DB_URL", url).output().unwrap())
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[cfg_attr(not(has_pgbouncer), ignore = "needs pgbouncer")]
fn pooler_in_session_mode_serves_every_command() {
    let sandbox = Sandbox::new();
    let pooler = PgBouncer::start(&sandbox, "pool_mode = session");
    sandbox.configure("backlog: { max_attempts: 3 }\n");
    sandbox.write_run("r1", 3);
    sandbox.write_run("r2", 3);
    for args in [
        &["runs", "backfill"][..],
        &["run", "--workers", "2"],
        &["status", "--json"],
        &["ask", "--json", "words"],
        &["db", "doctor", "--json"],
    ] {
        pooler.run(&sandbox, args).success();
    }
    assert_eq!(sandbox.database.column("select distinct status from graphdb.processed_runs"), ["embedded"]);
}

#[test]
#[cfg_attr(not(has_pgbouncer), ignore = "needs pgbouncer")]
fn pooler_in_session_mode_without_a_second_session_is_not_taken_for_another() {
    let sandbox = Sandbox::new();
    let pooler = PgBouncer::start(&sandbox, "pool_mode = session\ndefault_pool_size = 1");
    pooler.run(&sandbox, &["status", "--json"]).success();
}

#[test]
#[cfg_attr(not(has_pgbouncer), ignore = "needs pgbouncer")]
fn pooler_in_transaction_mode_is_refused_before_anything_is_done() {
    let sandbox = Sandbox::new();
    for mode in ["transaction", "statement"] {
        let pooler = PgBouncer::start(&sandbox, &format!("pool_mode = {mode}"));
        sandbox.write_run("r1", 1);
        let doctor = ["db", "doctor", "--events", "never"];
        for args in [
            &["runs", "backfill"][..],
            &["run"],
            &["status", "--json"],
            &["ask", "--json", "words"],
            &["db", "migrate"],
            &doctor,
        ] {
            let run = pooler.run(&sandbox, args).exits(4);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains("pooler in transaction mode") && told.contains("pool_mode = session"), "{told}");
        }
        // Other clients of the pooler get these sessions next.
        let name = sandbox.database.value("select current_database()");
        let url = format!("postgresql://trailblazer@127.0.0.1:{}/{name}", pooler.port);
        let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let answer = other.simple_query("show search_path").unwrap();
        let path = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(path, Some("\"$user\", public"));
    }
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
}
