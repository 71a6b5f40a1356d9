//! A primary and its standby: reads, failover, and servers that temporarily reject changes.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{self, Signal};
use nix::unistd::{Pid, geteuid};
use postgres::{Client, NoTls};
use trailblazer::db::install;
use trailblazer::db::local::LocalServer;

use crate::support::cluster::{short_folder, watch};
use crate::support::held::send;
use crate::support::{Run, Sandbox, TestDatabase, cluster};

/// A primary and a standby. Both are removed together with this value.
struct Pair {
    primary: LocalServer,
    standby: PathBuf,
    watchdogs: Vec<Child>,
}

impl Pair {
    /// Starts both servers, and installs the schema.
    fn start() -> Self {
        let folder = short_folder().keep();
        let standby = short_folder().keep();
        let watchdogs = vec![watch(&folder), watch(&standby)];
        let primary = LocalServer::throwaway(&folder, &cluster().bin).unwrap();
        primary.start().unwrap();
        let mut client = Client::connect(&primary.url(), NoTls).unwrap();
        for setting in ["wal_level = replica", "max_wal_senders = 4"] {
            client.batch_execute(&format!("alter system set {setting}")).unwrap();
        }
        drop(client);
        primary.stop().unwrap();
        primary.start().unwrap();
        install::install(&mut Client::connect(&primary.url(), NoTls).unwrap()).unwrap();
        let this = Self { primary, standby, watchdogs };
        this.start_standby();
        this
    }

    fn primary_socket(&self) -> PathBuf {
        self.primary.status().unwrap().socket_dir
    }

    fn start_standby(&self) {
        if geteuid().is_root() {
            self.give(&self.standby);
        }
        let data = self.standby.join("data");
        let mut backup = self.command("pg_basebackup");
        backup.args(["--username=trailblazer", "--write-recovery-conf", "--checkpoint=fast", "--host"]);
        succeeds(backup.arg(self.primary_socket()).arg("--pgdata").arg(&data));
        let mut start = self.command("pg_ctl");
        let options = format!("-c unix_socket_directories={}", self.standby.display());
        start.args(["start", "--wait", "--silent", "--log"]).arg(self.standby.join("log"));
        succeeds(start.arg("--options").arg(options).arg("--pgdata").arg(&data));
    }

    /// Returns a client program that runs as the account of the servers.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(cluster().bin.join(program));
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if geteuid().is_root() {
            let account = std::fs::metadata(self.primary_socket()).unwrap();
            command.uid(account.uid()).gid(account.gid());
        }
        command
    }

    fn give(&self, path: &Path) {
        let account = std::fs::metadata(self.primary_socket()).unwrap();
        std::os::unix::fs::chown(path, Some(account.uid()), Some(account.gid())).unwrap();
    }

    /// Returns a URL with these sockets as its hosts.
    fn url(sockets: &[&Path], parameters: &str) -> String {
        let hosts: Vec<String> = sockets.iter().map(|socket| socket.display().to_string()).collect();
        format!("host={} port=5432 user=trailblazer dbname=trailblazer {parameters}", hosts.join(","))
    }

    fn wait_until(socket: &Path, condition: &str) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let url = Self::url(&[socket], "");
            if let Ok(mut client) = Client::connect(&url, NoTls)
                && client.query_one(&format!("select {condition}"), &[]).unwrap().get(0)
            {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "this never came true: {condition}");
            std::thread::yield_now();
        }
    }

    /// Stops the primary abruptly, as after a power failure, and promotes the standby.
    fn fail_over(&self) {
        let replayed = "(select bool_and(replay_lsn = pg_current_wal_lsn()) from pg_stat_replication)";
        Self::wait_until(&self.primary_socket(), replayed);
        let pid = self.primary.status().unwrap().pid.unwrap();
        signal::kill(Pid::from_raw(pid), Signal::SIGQUIT).unwrap();
        succeeds(
            self.command("pg_ctl").args(["promote", "--wait", "--silent", "--pgdata"]).arg(self.standby.join("data")),
        );
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for watchdog in &mut self.watchdogs {
            drop(watchdog.stdin.take());
            let _ = watchdog.wait();
        }
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run(sandbox: &Sandbox, args: &[&str], url: &str) -> Run {
    Run::of(sandbox.command(args).env("TRAILBLAZER_DB_URL", url).output().unwrap())
}

#[test]
fn standby_answers_questions_and_a_failover_costs_no_attempt() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let pair = Pair::start();
    let (primary, standby) = (pair.primary_socket(), pair.standby.clone());
    let both = Pair::url(&[&standby, &primary], "");
    sandbox.write_run("r1", 2);
    // The first host is the standby. Workers find the server that accepts changes.
    run(&sandbox, &["runs", "backfill"], &both).success();
    run(&sandbox, &["run", "--workers", "1"], &both).success();
    Pair::wait_until(&standby, "exists (select from graphdb.processed_runs where status = 'embedded')");

    let only_standby = Pair::url(&[&standby], "");
    for args in [
        &["status", "--json"][..],
        &["runs", "list", "--json"],
        &["runs", "show", "--json", "r1"],
        &["ask", "--json", "words of document"],
    ] {
        run(&sandbox, args, &only_standby).success();
    }
    let doctor = run(&sandbox, &["db", "doctor", "--events", "never"], &only_standby).success();
    assert!(
        doctor.stdout.contains("read-only: searches work, but `normalize` and `run` need the primary"),
        "{}",
        doctor.stdout
    );
    for args in [&["run"][..], &["runs", "backfill"], &["db", "migrate"]] {
        let refused = run(&sandbox, args, &only_standby).exits(4);
        assert!(refused.stderr.contains("is a standby") && refused.stderr.contains("primary"), "{}", refused.stderr);
    }
    for (attributes, is_standby) in [
        ("any", false),
        ("read-write", false),
        ("primary", false),
        ("read-only", true),
        ("standby", true),
        ("prefer-standby", true),
    ] {
        let url = Pair::url(&[&primary, &standby], &format!("target_session_attrs={attributes}"));
        let doctor = run(&sandbox, &["db", "doctor", "--events", "never"], &url).success();
        assert_eq!(doctor.stdout.contains("read-only: search"), is_standby, "{attributes}: {}", doctor.stdout);
    }

    questions_go_to_the_server_of_read_url(&sandbox, &pair);

    let mut watching = sandbox.command(&["run", "--workers", "1", "--watch"]);
    watching
        .env("TRAILBLAZER_DB_URL", Pair::url(&[&primary, &standby], ""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let watching = watching.spawn().unwrap();
    let embedded =
        |count: u32| format!("(select count(*) = {count} from graphdb.processed_runs where status = 'embedded')");
    sandbox.write_run("r2", 2);
    run(&sandbox, &["runs", "backfill"], &both).success();
    Pair::wait_until(&primary, &embedded(2));

    // A server that temporarily accepts no changes, as after a failover or when the provider's disk is full.
    let mut admin = Client::connect(&pair.primary.url(), NoTls).unwrap();
    let claiming =
        "from pg_stat_activity as a where a.application_name = 'trailblazer' and a.query like '%graphdb.due_in%'";
    // The worker runs another statement now and then.
    let worker: i32 = loop {
        Pair::wait_until(&primary, &format!("exists (select {claiming})"));
        if let Some(row) = admin.query_opt(&format!("select a.pid {claiming} limit 1"), &[]).unwrap() {
            break row.get(0);
        }
    };
    admin.batch_execute("alter system set default_transaction_read_only = on").unwrap();
    admin.batch_execute("select pg_reload_conf()").unwrap();
    // The worker closes its session.
    Pair::wait_until(&primary, &format!("not exists (select from pg_stat_activity as a where a.pid = {worker})"));
    admin.batch_execute("alter system reset default_transaction_read_only").unwrap();
    admin.batch_execute("select pg_reload_conf()").unwrap();
    Pair::wait_until(&primary, "not current_setting('default_transaction_read_only')::boolean");
    sandbox.write_run("r3", 2);
    run(&sandbox, &["runs", "backfill"], &both).success();
    Pair::wait_until(&primary, &embedded(3));

    // This worker cannot renew its lease before the failover.
    let claim =
        "begin; select graphdb.register_run('held', 'dita', 0); select graphdb.claim_run('chunk', 'other/1/0'); commit";
    admin.batch_execute(claim).unwrap();
    pair.fail_over();
    // The failover takes longer than the lease.
    let over = "update graphdb.processed_runs set claim_expires_at = clock_timestamp() where run_id = 'held'";
    Client::connect(&Pair::url(&[&standby], ""), NoTls).unwrap().batch_execute(over).unwrap();
    Pair::wait_until(
        &standby,
        "exists (select from graphdb.run_attempts where run_id = 'held' and outcome = 'released')",
    );
    Pair::wait_until(&standby, &embedded(4));
    sandbox.write_run("r4", 2);
    run(&sandbox, &["runs", "backfill"], &Pair::url(&[&primary, &standby], "")).success();
    Pair::wait_until(&standby, &embedded(5));
    send(&watching, Signal::SIGTERM);
    assert_eq!(watching.wait_with_output().unwrap().status.code(), Some(0));
    Pair::wait_until(
        &standby,
        "not exists (select from graphdb.run_attempts where outcome not in ('completed', 'released'))",
    );
}

/// Asks with `database.read_url` set to the standby, which is then held back.
fn questions_go_to_the_server_of_read_url(sandbox: &Sandbox, pair: &Pair) {
    let standby = Pair::url(&[&pair.standby], "");
    let asked = |args: &[&str], url: &str, max_lag: &str| {
        let mut command = sandbox.command(args);
        command.env("TRAILBLAZER_DB_URL", url).env("TRAILBLAZER_DATABASE_READ_URL", &standby);
        Run::of(command.env("TRAILBLAZER_DATABASE_MAX_LAG_SECONDS", max_lag).output().unwrap())
    };
    let question = ["ask", "--json", "words of document"];
    for args in [&question[..], &["show", "r1-0"], &["eval", "--known-items"]] {
        let answered = asked(args, "postgresql://127.0.0.1:1/none", "3600").success();
        assert!(!answered.stderr.contains("behind"), "{}", answered.stderr);
    }
    let primary = Pair::url(&[&pair.primary_socket()], "");
    let doctor = asked(&["db", "doctor", "--events", "never"], &primary, "3600").success();
    assert!(doctor.stdout.contains("s behind its primary"), "{}", doctor.stdout);

    let mut admin = Client::connect(&standby, NoTls).unwrap();
    admin.batch_execute("select pg_wal_replay_pause()").unwrap();
    Pair::wait_until(&pair.standby, "pg_get_wal_replay_pause_state() = 'paused'");
    Client::connect(&pair.primary.url(), NoTls).unwrap().batch_execute("create table later ()").unwrap();
    Pair::wait_until(&pair.standby, "pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()");
    let answered = asked(&question, &primary, "0").success();
    assert!(answered.stderr.contains("the latest changes may be missing"), "{}", answered.stderr);
    let doctor = asked(&["db", "doctor", "--events", "never"], &primary, "0").success();
    assert!(doctor.stdout.contains("more than database.max_lag_seconds, 0"), "{}", doctor.stdout);
    admin.batch_execute("select pg_wal_replay_resume()").unwrap();
}
