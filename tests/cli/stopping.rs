//! Signals, lost claims and kills. In all cases, the backlog is correct afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::embedding_server::good;
use crate::support::held::send;
use crate::support::{Run, Sandbox, http};

/// Returns a sandbox with two due runs.
fn due() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 3);
    sandbox.write_run("r2", 3);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

const STATUSES: &str = "select status from graphdb.processed_runs order by run_id";
const OUTCOMES: &str = "select phase || ' ' || outcome from graphdb.run_attempts order by ended_at, run_id";

/// Stops a run with `signal` while its only worker reads the data of the phase.
fn stop_while_blocked(sandbox: &Sandbox, table: &str, signal: Signal) -> Run {
    let held = sandbox.database.hold(table, "access exclusive");
    let child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    send(&child, signal);
    drop(held);
    Sandbox::wait(child)
}

#[test]
fn sigint_gives_the_claim_back_uncharged() {
    let sandbox = due();
    let run = stop_while_blocked(&sandbox, "documents", Signal::SIGINT).exits(130);
    assert_eq!(run.events_named("runs.release")[0]["status"], "normalized");
    assert!(run.stderr.contains("0 runs done, 1 released"), "{}", run.stderr);
    assert_eq!(sandbox.database.column(STATUSES), ["normalized", "normalized"]);
    assert_eq!(sandbox.database.column(OUTCOMES), ["chunk released"]);
    assert_eq!(sandbox.database.value("select sum(attempts) from graphdb.processed_runs"), "0");
}

#[test]
fn sigterm_while_embedding_gives_the_claim_back() {
    let sandbox = due();
    sandbox.run(&["run", "--phases", "chunk"]).success();
    let run = stop_while_blocked(&sandbox, "embeddings", Signal::SIGTERM).exits(143);
    assert_eq!(run.events_named("runs.release")[0]["status"], "chunked");
    assert_eq!(sandbox.database.column(STATUSES), ["chunked", "chunked"]);
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "embedded"]);
}

#[test]
fn a_closed_terminal_ends_a_run_like_sigterm_unless_it_is_ignored() {
    let sandbox = due();
    let run = stop_while_blocked(&sandbox, "chunks", Signal::SIGHUP).exits(143);
    assert_eq!(run.events_named("runs.release").len(), 1);
    assert_eq!(sandbox.database.column(OUTCOMES), ["chunk released"]);
    // `nohup` ignores the signal for its command.
    let program = sandbox.command(&[]);
    let mut ignoring = Command::new("sh");
    ignoring
        .args(["-c", "trap '' HUP; \"$0\" run & kill -HUP $!; sleep 0.2; kill -HUP $!; wait $!"])
        .arg(program.get_program());
    ignoring.current_dir(sandbox.folder()).envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(ignoring.output().unwrap().status.success());
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "embedded"]);
}

#[test]
fn stop_is_told_at_once_and_does_not_wait_for_a_server_that_never_answers() {
    let sandbox = due();
    sandbox.know_model_limit("small");
    let url = http::serve(|_, _| {
        loop {
            std::thread::park();
        }
    });
    let mut child = spawn_with_vectors_of(&sandbox, &url, &["run", "--workers", "1"]);
    sandbox.database.wait_until("exists (select from graphdb.processed_runs where status = 'embedding')");
    let asked = Instant::now();
    send(&child, Signal::SIGINT);
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line == "stopping after the current step; press Ctrl-C again to quit now"));
    assert!(asked.elapsed() < Duration::from_secs(5) && child.try_wait().unwrap().is_none());
    let run = Sandbox::wait(child).exits(130);
    // Without the stop, the request would time out after two minutes.
    assert!(asked.elapsed() < Duration::from_secs(60), "{:?}", asked.elapsed());
    assert_eq!(run.events_named("runs.release")[0]["status"], "chunked");
    assert_eq!(sandbox.database.column(STATUSES), ["chunked", "normalized"]);
}

#[test]
fn second_signal_ends_at_once_and_the_lease_recovers_the_run() {
    let sandbox = due();
    sandbox.database.take_over_clock();
    let held = sandbox.database.hold("documents", "access exclusive");
    let mut child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    // Signals within a short time count as one, so repeat the signal until the process ends.
    while child.try_wait().unwrap().is_none() {
        send(&child, Signal::SIGINT);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // The process ended although its worker is still blocked.
    Sandbox::wait(child).exits(130);
    drop(held);
    assert_eq!(sandbox.database.column(STATUSES), ["chunking", "normalized"]);

    sandbox.database.set_clock("2100-01-01 00:00:00+00");
    let run = sandbox.run(&["run"]).success();
    let recovered = &run.events_named("runs.recover")[0];
    assert_eq!((&recovered["run_id"], &recovered["attempts"]), (&"r1".into(), &1.into()));
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "embedded"]);
}

#[test]
fn signals_close_together_are_one_and_the_claim_is_given_back() {
    let sandbox = due();
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    send(&child, Signal::SIGTERM);
    send(&child, Signal::SIGTERM);
    drop(held);
    Sandbox::wait(child).exits(143);
    assert_eq!(sandbox.database.column(STATUSES), ["normalized", "normalized"]);
}

#[test]
fn sigint_stops_a_reset_between_steps() {
    let sandbox = due();
    let held = sandbox.database.hold("processed_runs", "share");
    let child = sandbox.spawn(&["runs", "reset", "--run-id", "r*", "--yes"]);
    sandbox.database.wait_until_blocked(1);
    send(&child, Signal::SIGINT);
    drop(held);
    let run = Sandbox::wait(child).exits(130);
    assert_eq!(run.events_named("runs.reset.complete")[0]["stopped"], true);
}

#[test]
fn worker_whose_claim_a_reset_took_stops_quietly() {
    let sandbox = due();
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--workers", "1", "--run-id", "r1"]);
    sandbox.database.wait_until_blocked(1);
    let skipped = sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    assert_eq!(skipped.events_named("runs.reset.complete")[0]["skipped"], 1);
    let forced = sandbox.run(&["runs", "reset", "--run-id", "r1", "--force"]).success();
    assert_eq!(forced.events_named("runs.reset.complete")[0]["fenced"], 1);
    // Another worker claims the run, so that the first worker finds no more work.
    let mut client = sandbox.database.connect();
    client.execute("select graphdb.claim_runs('chunk', 'other', '1 hour', 1, '{\"run_ids\": [\"r1\"]}')", &[]).unwrap();
    drop(held);

    let run = Sandbox::wait(child).success();
    assert_eq!(run.events_named("runs.lost")[0]["run_id"], "r1");
    assert!(run.events_named("runs.fail").is_empty() && run.events_named("runs.complete").is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("1 claim lost"), "{}", run.stderr);
    assert_eq!(sandbox.database.value("select claimed_by from graphdb.processed_runs where run_id = 'r1'"), "other");
    assert_eq!(sandbox.database.value("select count(*) from graphdb.chunks"), "0");
}

#[test]
fn worker_whose_run_a_reset_takes_leaves_its_request_and_takes_the_run_up_anew() {
    let sandbox = due();
    sandbox.know_model_limit("small");
    let number = AtomicUsize::new(0);
    let url = http::serve(move |_, request| {
        while number.fetch_add(1, Ordering::Relaxed) == 0 {
            std::thread::park();
        }
        let (status, _, body) = good(request);
        Some((status, body))
    });
    let begun = Instant::now();
    let child = spawn_with_vectors_of(&sandbox, &url, &["run", "--workers", "1", "--run-id", "r1"]);
    sandbox.database.wait_until("exists (select from graphdb.processed_runs where status = 'embedding')");
    sandbox.run(&["runs", "reset", "--run-id", "r1", "--force"]).success();
    let run = Sandbox::wait(child).success();
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(run.events_named("runs.lost").len(), 1);
    let phases: Vec<_> = run.events_named("runs.claim").iter().map(|claim| claim["phase"].clone()).collect();
    assert_eq!(phases, ["chunk", "embed", "chunk", "embed"]);
    assert!(run.stderr.contains("warn: lost the claim on run r1 during embed\n"), "{}", run.stderr);
    assert!(run.stderr.contains("1 run done, 1 claim lost in"), "{}", run.stderr);
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "normalized"]);
}

/// Starts the command with vectors from this server, and captures its output.
fn spawn_with_vectors_of(sandbox: &Sandbox, url: &str, args: &[&str]) -> Child {
    let mut command = sandbox.command_with_vectors_of(url, args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn worker_on_content_that_was_replaced_stops_quietly() {
    let sandbox = due();
    let held = sandbox.database.hold("chunks", "share");
    let child = sandbox.spawn(&["run", "--workers", "1", "--run-id", "r1"]);
    sandbox.database.wait_until_blocked(1);
    // The worker waits inside replace_chunks and has locked the row of the run. The new content arrives directly after
    // its commit.
    sandbox.write_run("r1", 1);
    let backfill = sandbox.spawn(&["runs", "backfill"]);
    sandbox.database.wait_until_blocked(2);
    drop(held);
    Sandbox::wait(backfill).success();
    Sandbox::wait(child).success();
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "embedded"]);
    let documents = "select count(*) || ' ' || (select count(distinct doc_id) from graphdb.chunks where run_id = 'r1') \
                     from graphdb.documents where run_id = 'r1'";
    assert_eq!(sandbox.database.value(documents), "1 1");
}

#[test]
fn worker_connects_again_when_its_session_is_terminated() {
    let sandbox = due();
    sandbox.database.take_over_clock();
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    let terminate = "select pg_terminate_backend(a.pid) from pg_stat_activity as a \
                     where a.datname = current_database() and a.wait_event_type = 'Lock'";
    sandbox.database.connect().execute(terminate, &[]).unwrap();
    // The worker releases the run on its next connection without a charge, and claims it again. The lease does not have
    // to expire.
    sandbox
        .database
        .wait_until("(select count(*) = 1 from graphdb.run_attempts where (run_id, outcome) = ('r1', 'released'))");
    sandbox.database.wait_until_blocked(1);
    drop(held);
    let run = Sandbox::wait(child).success();
    assert!(run.stderr.contains("lost the connection, connecting again"), "{}", run.stderr);
    assert_eq!(sandbox.database.column(STATUSES), ["embedded", "embedded"]);
}

#[test]
fn normalize_that_is_stopped_leaves_nothing_behind() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let sandbox = Sandbox::new();
        sandbox.write("docs/a.dita", "<topic id='t'><title>T</title></topic>");
        let pipe = sandbox.folder().join("docs/conditions.ditaval");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let normalize = ["normalize", "docs", "--source", "dita", "--run-id", "guide"];
        let child = sandbox.spawn(&[&normalize[..], &["--ditaval", "docs/conditions.ditaval"]].concat());
        // The file is opened when the command reads it.
        let mut conditions = std::fs::File::options().write(true).open(&pipe).unwrap();
        assert!(sandbox.folder().join("var/runs/guide").exists());
        send(&child, signal);
        conditions.write_all(b"<val/>").unwrap();
        drop(conditions);
        let run = Sandbox::wait(child).exits(code);
        assert!(run.stderr.ends_with("stopped: the run was not registered\n"), "{}", run.stderr);
        assert!(!sandbox.folder().join("var").exists());
        assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
    }
}
