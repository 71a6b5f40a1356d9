//! Kills a worker with SIGKILL at every possible point. A second worker must create the same tables as an undisturbed run.

use std::sync::OnceLock;

use nix::sys::signal::Signal;

use crate::support::Sandbox;
use crate::support::held::send;

fn due() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=2 {
        sandbox.write_run(&format!("r{number}"), 2);
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

fn undisturbed() -> &'static [String] {
    static TABLES: OnceLock<Vec<String>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let sandbox = due();
        sandbox.run(&["run"]).success();
        sandbox.database.final_tables()
    })
}

/// Runs `phases` without a fault, and then kills the only worker of a run while it waits for `table`.
fn kill_at(phases: Option<&str>, table: &str, mode: &str, status: &str) {
    let sandbox = due();
    sandbox.database.take_over_clock();
    if let Some(phases) = phases {
        sandbox.run(&["run", "--phases", phases]).success();
    }
    let held = sandbox.database.hold(table, mode);
    let mut child = sandbox.spawn(&["run", "--workers", "1"]);
    sandbox.database.wait_until_blocked(1);
    assert_eq!(
        sandbox.database.column("select status from graphdb.processed_runs where claimed_by is not null"),
        [status]
    );
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    drop(held);
    sandbox.database.wait_until_alone();

    sandbox.database.set_clock("2100-01-01 00:00:00+00");
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.final_tables(), undisturbed());
    let twice = "select count(*) from (select from graphdb.run_attempts where outcome = 'completed' \
                 group by run_id, phase having count(*) > 1) as t";
    assert_eq!(sandbox.database.value(twice), "0");
}

#[test]
fn kill_while_documents_are_read_loses_nothing() {
    kill_at(None, "documents", "access exclusive", "chunking");
}

#[test]
fn kill_while_chunks_are_replaced_loses_nothing() {
    kill_at(None, "chunks", "share", "chunking");
}

#[test]
fn kill_while_chunking_is_completed_loses_nothing() {
    kill_at(None, "run_attempts", "share", "chunking");
}

#[test]
fn kill_while_pending_texts_are_read_loses_nothing() {
    kill_at(Some("chunk"), "embeddings", "access exclusive", "embedding");
}

#[test]
fn kill_while_vectors_are_stored_loses_nothing() {
    kill_at(Some("chunk"), "embeddings", "share", "embedding");
}

#[test]
fn kill_while_embedding_is_completed_loses_nothing() {
    kill_at(Some("chunk"), "run_attempts", "share", "embedding");
}
