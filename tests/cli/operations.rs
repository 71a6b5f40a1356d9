//! Tests the operation of the backlog: dead workers, pauses, priorities, tables that fit the terminal.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::Sandbox;
use crate::support::held::send;

/// Returns a sandbox with the runs `r1` and `r2` due.
pub(super) fn due() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 2);
    sandbox.write_run("r2", 2);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

/// Lets a worker of another machine claim `run_id` at noon, and returns the clock to the test at `now`.
pub(super) fn claimed_elsewhere(sandbox: &Sandbox, run_id: &str, now: &str) {
    sandbox.database.take_over_clock();
    sandbox.database.set_clock("2026-06-01 12:00:00+00");
    let claim =
        "select graphdb.claim_runs('chunk', 'elsewhere/7/0', '45 minutes', 1, jsonb_build_object('run_ids', $1::text))";
    sandbox.database.connect().execute(claim, &[&run_id]).unwrap();
    sandbox.database.set_clock(&format!("2026-06-01 {now}+00"));
}

fn run_of(sandbox: &Sandbox, run_id: &str) -> String {
    let run = "select status || ' ' || attempts || ' ' || priority || coalesce(' ' || pause_reason, '')";
    sandbox.database.value(&format!("{run} from graphdb.processed_runs where run_id = '{run_id}'"))
}

#[test]
fn a_dead_worker_is_named_everywhere_with_the_command_that_frees_its_run() {
    let sandbox = due();
    claimed_elsewhere(&sandbox, "r1", "12:09:12");
    let fault = "no heartbeat for 9 min 12 s (one every 10 s expected), probably dead";
    let line = format!("worker elsewhere/7/0 on run r1: {fault}; `trailblazer runs release r1` releases the run");

    let status = sandbox.run(&["status"]).success().stdout;
    let attention = "Needs attention: 1 worker is probably dead (`trailblazer runs release r1` releases the claimed runs), and \
                     1 run is due, but no worker is running (start one with `trailblazer run`).\n";
    assert!(status.starts_with(attention), "{status}");
    assert!(status.contains("claimed 1, lease expired 0, probably dead 1"), "{status}");
    let workers = sandbox.run(&["status", "--workers"]).success().stdout;
    insta::assert_snapshot!(workers, @"
    run  host       worker  phase  progress  last heard from  state
    r1   elsewhere  7/0     chunk  -         9 min 12 s ago   probably dead

    worker elsewhere/7/0 on run r1: no heartbeat for 9 min 12 s (one every 10 s expected), probably dead; `trailblazer runs release r1` releases the run
    ");
    let worker = &sandbox.run(&["status", "--workers", "--json"]).success().events_named("workers.row")[0];
    assert_eq!(
        (&worker["state"], &worker["silent_seconds"], &worker["host"]),
        (&"dead".into(), &552.into(), &"elsewhere".into())
    );
    assert!(sandbox.run(&["runs", "show", "r1"]).success().stdout.contains(&format!("worker      {fault}")));
    let run = sandbox.run(&["run"]).success();
    assert!(run.stderr.contains(&format!("warn: {line}\n")), "{}", run.stderr);
    let nothing = sandbox.run(&["run"]).success();
    assert!(nothing.stderr.contains("nothing to do") && nothing.stderr.contains(&line), "{}", nothing.stderr);

    let dry = sandbox.run(&["runs", "release", "r1", "--dry-run"]).success();
    assert!(dry.stderr.contains("1 claim would be released; 0 not claimed, 0 skipped"), "{}", dry.stderr);
    assert_eq!(run_of(&sandbox, "r1"), "chunking 0 0");
    sandbox.run(&["runs", "release", "r1"]).success();
    assert_eq!(run_of(&sandbox, "r1"), "normalized 0 0");
    assert!(sandbox.run(&["status", "--workers"]).success().stdout.contains("No worker has claimed a run."));
    sandbox.run(&["run"]).success();
    assert!(sandbox.run(&["status"]).success().stdout.starts_with("Nothing needs attention.\n"));
}

#[test]
fn doctor_notes_a_dead_worker_and_still_passes() {
    let sandbox = due();
    let claim = "select graphdb.claim_run('chunk', 'elsewhere/7/0')";
    let silence =
        "update graphdb.processed_runs set updated_at = updated_at - interval '9 minutes' where claimed_by is not null";
    sandbox.database.connect().batch_execute(&format!("{claim}; {silence}")).unwrap();
    let doctor = sandbox.run(&["db", "doctor"]).success().stdout;
    assert!(doctor.contains("note workers     elsewhere/7/0 on run r1: no heartbeat for 9 min "), "{doctor}");
    assert!(doctor.contains("Run `trailblazer runs release r1`."), "{doctor}");
}

#[test]
fn a_claim_of_a_live_worker_is_released_only_by_force() {
    let sandbox = due();
    claimed_elsewhere(&sandbox, "r1", "12:00:59");
    for args in [&["runs", "release", "r1"][..], &["runs", "release", "--run-id", "*"]] {
        let refused = sandbox.run(args).exits(5);
        assert!(refused.stderr.contains("the worker holding the run is still alive"), "{}", refused.stderr);
        assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    }
    assert_eq!(run_of(&sandbox, "r1"), "chunking 0 0");
    let released = sandbox.run(&["runs", "release", "r1", "--force", "--charge"]).success();
    assert_eq!(released.events_named("runs.release.complete")[0]["released"], 1);
    assert_eq!(run_of(&sandbox, "r1"), "normalized 1 0");
    // Nothing is claimed any more.
    let again = sandbox.run(&["runs", "release", "r1"]).success();
    assert!(again.stderr.contains("0 claims released; 1 not claimed"), "{}", again.stderr);
    sandbox.run(&["runs", "release"]).exits(2);
    sandbox.run(&["runs", "release", "r9"]).exits(2);
}

#[test]
fn a_run_takes_back_what_a_killed_process_of_this_machine_had_claimed() {
    let sandbox = due();
    let held = sandbox.database.hold("chunks", "exclusive");
    let mut child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    // It lives: nobody takes its claim.
    let other = sandbox.spawn(&["run", "--workers", "1", "--run-id", "r1"]);
    let other = Sandbox::wait(other).success();
    assert!(other.events_named("runs.recover").is_empty(), "{}", other.stdout);
    assert_eq!(run_of(&sandbox, "r1"), "chunking 0 0");
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    drop(held);

    let dry = sandbox.run(&["run", "--dry-run"]).success();
    let told = "the processes that claimed r1 have ended; `run` recovers the runs";
    assert!(dry.stderr.contains(told), "{}", dry.stderr);
    let workers = sandbox.run(&["status", "--workers", "--json"]).success();
    assert_eq!(workers.events_named("workers.row")[0]["state"], "dead", "{}", workers.stdout);
    let shown = sandbox.run(&["status", "--workers", "--events", "never"]).success();
    assert!(shown.stdout.contains("its process has ended; `trailblazer run` on this machine"), "{}", shown.stdout);

    let run = sandbox.run(&["run"]).success();
    let recovered = &run.events_named("runs.recover")[0];
    assert_eq!((&recovered["run_id"], &recovered["attempts"]), (&"r1".into(), &1.into()));
    assert!(run.stderr.contains("ended the claim on run r1: the process of worker "), "{}", run.stderr);
    let statuses = "select status from graphdb.processed_runs order by run_id";
    assert_eq!(sandbox.database.column(statuses), ["embedded", "embedded"]);
    let outcomes = "select outcome from graphdb.run_attempts where run_id = 'r1' order by claim_token";
    assert_eq!(sandbox.database.column(outcomes), ["expired", "completed", "completed"]);
}

#[test]
fn a_watching_process_takes_back_what_another_one_leaves_behind() {
    let sandbox = due();
    let held = sandbox.database.hold("documents", "access exclusive");
    let mut first = sandbox.spawn(&["run", "--workers", "1", "--run-id", "r1"]);
    sandbox.database.wait_until_blocked(1);
    let second = sandbox.spawn(&["run", "--workers", "1", "--run-id", "r1", "--watch"]);
    sandbox.database.wait_until(
        "exists (select from pg_stat_activity as a where a.datname = current_database() and a.query like '%graphdb.due_in()%')",
    );
    send(&first, Signal::SIGKILL);
    first.wait().unwrap();
    drop(held);
    // Wakes it at once. By itself, it would look ten seconds later.
    sandbox.database.connect().batch_execute("notify graphdb_backlog").unwrap();
    sandbox
        .database
        .wait_until("exists (select from graphdb.processed_runs where run_id = 'r1' and status = 'embedded')");
    send(&second, Signal::SIGINT);
    Sandbox::wait(second).exits(0);
}

#[test]
fn paused_runs_wait_until_they_are_resumed() {
    let sandbox = due();
    let dry = sandbox.run(&["runs", "pause", "r1", "--dry-run"]).success();
    assert!(dry.stderr.contains("1 run would be paused, 0 unchanged"), "{}", dry.stderr);
    let paused = sandbox.run(&["runs", "pause", "r1", "--reason", "the space is moving"]).success();
    assert_eq!(paused.events_named("runs.pause.complete")[0]["reason"], "the space is moving");
    assert_eq!(run_of(&sandbox, "r1"), "normalized 0 0 the space is moving");
    let status = sandbox.run(&["status"]).success().stdout;
    assert!(status.contains("paused 1") && status.contains(": the space is moving"), "{status}");
    assert!(sandbox.run(&["runs", "list"]).success().stdout.contains("normalized, paused"));
    assert!(sandbox.run(&["runs", "show", "r1"]).success().stdout.contains(": the space is moving"));
    let listed = sandbox.run(&["runs", "list", "--paused", "--json"]).success().events_named("runs.row");
    assert_eq!((listed.len(), &listed[0]["pause_reason"]), (1, &"the space is moving".into()));

    let run = sandbox.run(&["run"]).success();
    assert!(
        run.stderr.contains(
            "paused: 1 run (the space is moving); `trailblazer runs resume --paused` resumes all paused runs"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(
        (run_of(&sandbox, "r1"), run_of(&sandbox, "r2")),
        ("normalized 0 0 the space is moving".into(), "embedded 0 0".into())
    );
    // A reset run stays paused.
    sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(run_of(&sandbox, "r1"), "reset 0 0 the space is moving");
    let retried = sandbox.run(&["runs", "retry", "r1"]).exits(2);
    assert!(retried.stderr.contains("It is paused: `trailblazer runs resume r1` resumes it."), "{}", retried.stderr);

    sandbox.run(&["runs", "resume"]).exits(2);
    let resumed = sandbox.run(&["runs", "resume", "--source", "dita"]).success();
    assert!(resumed.stderr.contains("1 run resumed, 1 unchanged"), "{}", resumed.stderr);
    sandbox.run(&["run"]).success();
    assert_eq!(run_of(&sandbox, "r1"), "embedded 0 0");
}

#[test]
fn a_retried_run_that_is_paused_is_not_called_due() {
    let sandbox = due();
    sandbox.database.column(
        "select graphdb.fail_run(c.run_id, c.claim_token, 'x', null, true) is null from graphdb.claim_run('chunk', 'w', interval '1 hour') as c",
    );
    sandbox.run(&["runs", "pause", "r1", "--reason", "moving"]).success();
    let retried = sandbox.run(&["runs", "retry", "r1"]).success();
    assert!(
        retried.stderr.contains("paused: 1 run (moving); `trailblazer runs resume --paused`"),
        "{}",
        retried.stderr
    );
}

#[test]
fn status_names_paused_runs_that_have_nothing_to_wait_for() {
    let sandbox = due();
    sandbox.run(&["run"]).success();
    let status = || sandbox.run(&["status"]).success().stdout;
    assert!(!status().contains("paused"), "{}", status());
    sandbox.run(&["runs", "pause", "r1", "--reason", "moving"]).success();
    let line = "1 paused run has no due work, and will wait after a reset or new documents (`trailblazer runs list --paused`)\n";
    assert!(status().contains(line), "{}", status());
    sandbox.run(&["runs", "reset", "r1"]).success();
    assert!(status().contains("1 run paused since ") && !status().contains("no due work"), "{}", status());
}

/// Waits until a watching process has no work and waits for a notification.
fn wait_until_idle(sandbox: &Sandbox) {
    sandbox.database.wait_until(
        "not exists (select from graphdb.processed_runs as r where r.claimed_by is not null) \
         and exists (select from pg_stat_activity as a where a.datname = current_database() and a.state = 'idle' \
                     and a.query like '%graphdb.due_in()%')",
    );
}

#[test]
fn a_watching_process_begins_soon_after_work_becomes_due() {
    let sandbox = due();
    sandbox.run(&["run"]).success();
    let child = sandbox.spawn(&["run", "--watch", "--workers", "1"]);
    let sql = |statements: &str| sandbox.database.connect().batch_execute(statements).unwrap();
    let claim = "select graphdb.reset_runs('{\"run_ids\": [\"r1\"]}'); \
                 create temporary table c as select * from graphdb.claim_runs('chunk', 'elsewhere/7/0', '1 hour', 1, '{\"run_ids\": [\"r1\"]}');";
    let fail = |arguments: &str| {
        format!("begin; {claim} select graphdb.fail_run('r1', c.claim_token, 'no', {arguments}) from c; commit")
    };
    // The name of each cause, the preparation, the cause, and the time that it takes to become due.
    let causes = [
        ("register", String::new(), "select graphdb.register_run('r3', 'dita', 0)", 0),
        ("reset", String::new(), "select graphdb.reset_runs('{\"run_ids\": [\"r1\"]}')", 0),
        ("retry", fail("null, true"), "select graphdb.reset_runs('{\"status\": [\"failed\"]}')", 0),
        (
            "release",
            format!("begin; {claim} commit"),
            "select graphdb.release_claims('{\"run_ids\": [\"r1\"]}', p_force => true)",
            0,
        ),
        (
            "resume",
            "begin; select graphdb.pause_runs('{}'); select graphdb.reset_runs('{\"run_ids\": [\"r1\"]}'); commit"
                .into(),
            "select graphdb.resume_runs('{}')",
            0,
        ),
        ("end of back-off", String::new(), &fail("'3 seconds'"), 3),
    ];
    for (name, prepare, cause, wait) in causes {
        wait_until_idle(&sandbox);
        sql(&prepare);
        sandbox.database.wait_until(
            "exists (select from pg_stat_activity as a where a.state = 'idle' and a.query like '%graphdb.due_in()%')",
        );
        let begun = Instant::now();
        sql(cause);
        // A phase of this worker that began after the cause.
        sandbox.database.wait_until("(select bool_and(r.status = 'embedded') from graphdb.processed_runs as r)");
        let delay = begun.elapsed().saturating_sub(Duration::from_secs(wait));
        println!("{name}: {delay:?}");
        assert!(begun.elapsed() >= Duration::from_secs(wait), "{name}: {delay:?}");
        // Without a notification, the worker would wait until the next lease or back-off ends, or for a minute.
        assert!(delay < Duration::from_secs(10), "{name}: {delay:?}");
    }
    send(&child, Signal::SIGTERM);
    Sandbox::wait(child).exits(0);
}

#[test]
fn a_resumed_run_wakes_a_watching_process() {
    let sandbox = due();
    sandbox.run(&["runs", "pause", "--run-id", "*"]).success();
    let child = sandbox.spawn(&["run", "--watch", "--workers", "1"]);
    wait_until_idle(&sandbox);
    sandbox.run(&["runs", "resume", "--run-id", "*"]).success();
    sandbox.database.wait_until("(select bool_and(status = 'embedded') from graphdb.processed_runs)");
    send(&child, Signal::SIGTERM);
    Sandbox::wait(child).exits(0);
}

#[test]
fn a_run_with_a_higher_priority_is_claimed_first() {
    let sandbox = due();
    let dry = sandbox.run(&["runs", "priority", "r2", "5", "--dry-run"]).success();
    assert!(dry.stderr.contains("the priority of run r2 would change from 0 to 5"), "{}", dry.stderr);
    assert_eq!(run_of(&sandbox, "r2"), "normalized 0 0");
    sandbox.run(&["runs", "priority", "r2", "5"]).success();
    let run = sandbox.run(&["run", "--limit", "1"]).success();
    assert_eq!(run.events_named("runs.claim")[0]["run_id"], "r2");
    sandbox.run(&["runs", "priority", "r1", "-5"]).success();
    assert_eq!(run_of(&sandbox, "r1"), "normalized 0 -5");
    sandbox.run(&["runs", "priority", "r1", "70000"]).exits(2);
    sandbox.run(&["runs", "priority", "r9", "1"]).exits(2);
}

#[test]
fn progress_tells_texts_once_runs_are_chunked() {
    let sandbox = due();
    let chunked = sandbox.run(&["run", "--phases", "chunk"]).success();
    let progress = &chunked.events_named("runs.progress")[0];
    assert_eq!((&progress["done"], progress.get("texts")), (&2.into(), None));
    let texts: i64 = sandbox.database.value("select count(distinct input_sha256) from graphdb.chunks").parse().unwrap();
    let embedded = sandbox.run(&["run"]).success();
    let progress = &embedded.events_named("runs.progress")[0];
    assert_eq!((&progress["texts"], &progress["embedded_texts"]), (&texts.into(), &texts.into()));
}

#[test]
fn a_process_that_could_not_release_its_claim_because_the_server_was_down_is_not_charged() {
    let sandbox = due();
    let held = sandbox.database.hold("chunks", "exclusive");
    let mut child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    drop(held);
    // The last heartbeat is older than the start of the server.
    let earlier = "update graphdb.processed_runs set updated_at = pg_postmaster_start_time() - interval '1 minute' \
                   where claimed_by is not null";
    sandbox.database.connect().batch_execute(earlier).unwrap();
    let run = sandbox.run(&["run"]).success();
    assert!(run.stderr.contains("The server was restarted, so the attempt is not charged"), "{}", run.stderr);
    assert_eq!(run.events_named("runs.recover")[0]["attempts"], 0);
    let statuses = "select status || attempts from graphdb.processed_runs order by run_id";
    assert_eq!(sandbox.database.column(statuses), ["embedded0", "embedded0"]);
}
