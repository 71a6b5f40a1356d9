//! Restarts of the server, canceled statements, and settings that change while a worker works. None of them charges a run.

use std::process::{Child, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use postgres::{Client, NoTls};
use trailblazer::db::install;
use trailblazer::db::local::LocalServer;

use crate::support::cluster::{short_folder, watch};
use crate::support::embedding_server::good;
use crate::support::{EmbeddingServer, Run, Sandbox, TestDatabase, cluster};

/// A separate server with due runs, and an embedding server whose answers the test releases one at a time.
struct Work {
    sandbox: Sandbox,
    postgres: LocalServer,
    embedding: EmbeddingServer,
    /// Receives a message for each request.
    asked: mpsc::Receiver<()>,
    /// Releases an answer. Without it, the server answers at once.
    answer: Option<mpsc::Sender<()>>,
    watchdog: Child,
}

impl Work {
    fn due(runs: &[&str]) -> Self {
        let folder = short_folder().keep();
        let watchdog = watch(&folder);
        let postgres = LocalServer::throwaway(&folder, &cluster().bin).unwrap();
        postgres.start().unwrap();
        let mut client = Client::connect(&postgres.url(), NoTls).unwrap();
        install::install(&mut client).unwrap();
        let known = "select graphdb.register_model('small', 'openai', 3, false), graphdb.set_model_limit('small', 512)";
        client.batch_execute(known).unwrap();
        let (told, asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel::<()>();
        let answered = Mutex::new(answered);
        let embedding = EmbeddingServer::start(move |_, request| {
            let _ = told.send(());
            let _ = answered.lock().unwrap().recv();
            good(request)
        });
        let work = Self {
            sandbox: Sandbox::with(TestDatabase::empty()),
            postgres,
            embedding,
            asked,
            answer: Some(answer),
            watchdog,
        };
        for run in runs {
            work.sandbox.write_run(run, 2);
        }
        work.run(&["runs", "backfill"]).success();
        work
    }

    fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.sandbox.command_with_vectors_of(&self.embedding.url, args);
        command.env("TRAILBLAZER_DB_URL", self.postgres.url());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run(&self, args: &[&str]) -> Run {
        Sandbox::wait(self.spawn(args))
    }

    /// Waits for a request of the worker, makes the change, and lets the embedding server answer.
    fn at_a_request(&self, change: impl FnOnce(&mut Client)) {
        self.asked.recv_timeout(Duration::from_secs(120)).unwrap();
        change(&mut self.connect());
        self.answer.as_ref().unwrap().send(()).unwrap();
    }

    fn connect(&self) -> Client {
        Client::connect(&self.postgres.url(), NoTls).unwrap()
    }

    /// Returns the outcomes of all claims.
    fn outcomes(&self) -> Vec<String> {
        let query = "select a.outcome from graphdb.run_attempts as a order by a.ended_at";
        self.connect().query(query, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

#[test]
fn restarts_of_the_server_during_one_run_charge_nothing() {
    let mut work = Work::due(&["r1"]);
    work.run(&["run", "--phases", "chunk"]).success();
    let worker = work.spawn(&["run", "--workers", "1"]);
    for is_fast in [true, false, true, false] {
        work.at_a_request(|_| {
            if is_fast {
                work.postgres.stop().unwrap();
            } else {
                let pid = Pid::from_raw(work.postgres.status().unwrap().pid.unwrap());
                signal::kill(pid, Signal::SIGQUIT).unwrap();
                while signal::kill(pid, None).is_ok() {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            work.postgres.start().unwrap();
        });
    }
    work.answer = None;
    Sandbox::wait(worker).success();
    assert_eq!(work.outcomes(), ["completed", "released", "released", "released", "released", "completed"]);
}

#[test]
fn settings_that_change_during_the_work_charge_nothing() {
    let mut work = Work::due(&["r1", "r2", "r3"]);
    let mut settings = vec![
        ("statement_timeout", "'300ms'"),
        ("lock_timeout", "'1ms'"),
        ("idle_session_timeout", "'20ms'"),
        ("idle_in_transaction_session_timeout", "'20ms'"),
        ("default_transaction_isolation", "'serializable'"),
        ("default_transaction_deferrable", "on"),
        ("client_connection_check_interval", "'10ms'"),
        ("tcp_user_timeout", "'10ms'"),
        ("tcp_keepalives_idle", "1"),
        ("tcp_keepalives_interval", "1"),
        ("tcp_keepalives_count", "1"),
        ("work_mem", "'64kB'"),
        ("row_security", "off"),
        ("standard_conforming_strings", "on"),
        ("bytea_output", "'escape'"),
        ("datestyle", "'German'"),
        ("intervalstyle", "'iso_8601'"),
        ("extra_float_digits", "-15"),
        ("transform_null_equals", "on"),
        ("array_nulls", "off"),
        ("enable_indexscan", "off"),
        ("gin_fuzzy_search_limit", "1"),
        ("check_function_bodies", "off"),
        ("exit_on_error", "on"),
    ];
    if cluster().major >= 17 {
        settings.push(("transaction_timeout", "'300ms'"));
    }
    work.run(&["run", "--phases", "chunk"]).success();
    let worker = work.spawn(&["run", "--workers", "1"]);
    // The settings of the server, then those of the database and the role, for new sessions.
    work.at_a_request(|client| {
        for (name, value) in &settings {
            client.batch_execute(&format!("alter system set {name} = {value}")).unwrap();
        }
        client.batch_execute("select pg_reload_conf()").unwrap();
        while !Client::connect(&work.postgres.url(), NoTls)
            .and_then(|mut new| new.query_one("select current_setting('lock_timeout') = '1ms'", &[]))
            .is_ok_and(|row| row.get(0))
        {}
        std::thread::sleep(Duration::from_millis(300));
    });
    work.asked.recv_timeout(Duration::from_secs(120)).unwrap();
    let mut admin = work.connect();
    admin.batch_execute("set idle_session_timeout = 0; set statement_timeout = 0; set lock_timeout = 0").unwrap();
    for target in ["database trailblazer", "role trailblazer"] {
        for (name, value) in &settings {
            admin.batch_execute(&format!("alter {target} set {name} = {value}")).unwrap();
        }
    }
    let terminate =
        "select count(pg_terminate_backend(a.pid)) from pg_stat_activity as a where a.application_name = 'trailblazer'";
    admin.query(terminate, &[]).unwrap();
    work.answer = None;
    Sandbox::wait(worker).success();
    let mut outcomes: Vec<String> = admin
        .query("select a.outcome from graphdb.run_attempts as a where a.phase = 'embed' order by 1", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    outcomes.dedup();
    assert_eq!(outcomes, ["completed", "released"]);
    let embedded = "select count(*) from graphdb.processed_runs where status = 'embedded' and attempts = 0";
    assert_eq!(admin.query_one(embedded, &[]).unwrap().get::<_, i64>(0), 3);
}

#[test]
fn a_canceled_statement_charges_nothing() {
    let work = Work::due(&["r1"]);
    let mut admin = work.connect();
    let mut holder = work.connect();
    holder.batch_execute("begin; lock graphdb.chunks in access exclusive mode").unwrap();
    let worker = work.spawn(&["run", "--phases", "chunk", "--workers", "1"]);
    let cancel = "select count(pg_cancel_backend(a.pid)) from pg_stat_activity as a \
                  where a.application_name = 'trailblazer' and a.wait_event_type = 'Lock'";
    while admin.query_one(cancel, &[]).unwrap().get::<_, i64>(0) == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let run = Sandbox::wait(worker).exits(4);
    assert!(run.stderr.contains("canceling statement due to user request"), "{}", run.stderr);
    drop(holder);
    assert_eq!(work.outcomes(), ["released"]);
}
