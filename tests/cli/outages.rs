//! Restarts of the server, and canceled statements. None of them charges a run.

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
