//! `trailblazer runs delete` and `db prune`.

use super::{claim, counts, embedded, statuses, vectors};

/// Returns the counts of `runs.delete.complete`, in order.
fn delete_counts(run: &crate::support::Run) -> Vec<u64> {
    let names = ["matched", "deleted", "skipped", "fenced", "deleted_documents", "deleted_chunks", "deleted_vectors"];
    counts(run, "runs.delete.complete", &names)
}

#[test]
fn delete_asks_before_it_deletes_anything() {
    let sandbox = embedded();
    let run = sandbox.run(&["runs", "delete", "--run-id", "r1"]).exits(5);
    insta::assert_snapshot!(run.stderr, @"
    error: not confirmed: this deletes 1 run with 1 document, 8 chunks and 4 vectors
      hint: Pass --yes to confirm, or --dry-run to see what would change.
    ");
    sandbox.run(&["runs", "delete", "--run-id", "r1", "--dry-run"]).success();
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
    // If nothing is selected, no confirmation is needed.
    let run = sandbox.run(&["runs", "delete", "--run-id", "none"]).success();
    assert!(run.stderr.contains("no run id matches none"), "{}", run.stderr);
}

#[test]
fn delete_without_a_selection_is_refused() {
    let sandbox = embedded();
    // A limit is a number, and does not identify runs.
    sandbox.run(&["runs", "delete", "--limit", "1", "--yes"]).exits(2);
    let run = sandbox.run(&["runs", "delete", "--yes"]).exits(2);
    insta::assert_snapshot!(run.stderr, @"
    error: no runs are selected to delete
      hint: Pass run ids or a filter such as --source SOURCE. To delete every run, pass --run-id '*'.
    ");
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
}

#[test]
fn delete_takes_runs_by_their_ids_and_no_others() {
    let sandbox = embedded();
    let run = sandbox.run(&["runs", "delete", "r1", "r9", "--yes"]).exits(2);
    assert!(run.stderr.contains("no run \"r9\""), "{}", run.stderr);
    sandbox.run(&["runs", "delete", "r1", "r3", "--source", "dita", "--yes"]).success();
    assert_eq!(sandbox.database.column("select run_id from graphdb.processed_runs"), ["r2"]);
}

#[test]
fn delete_dry_run_counts_exactly_what_the_deletion_does() {
    let sandbox = embedded();
    sandbox.run(&["runs", "reset", "--run-id", "r3"]).success();
    claim(&sandbox, "embed", "r3");
    let dry_run = sandbox.run(&["runs", "delete", "--run-id", "r*", "--limit", "3", "--dry-run"]).success();
    insta::assert_snapshot!(dry_run.stderr, @"
    would delete 2 runs with 2 documents, 16 chunks and 8 vectors; 1 skipped because a worker has claimed them, 0 taken from workers
    to include runs that a worker has claimed, even if that worker is dead, pass --force
    ");
    let run = sandbox.run(&["runs", "delete", "--run-id", "r*", "--limit", "3", "--yes"]).success();
    insta::assert_snapshot!(run.stderr, @"
    deleted 2 runs with 2 documents, 16 chunks and 8 vectors; 1 skipped because a worker has claimed them, 0 taken from workers
    to include runs that a worker has claimed, even if that worker is dead, pass --force
    ");
    assert_eq!(delete_counts(&run), delete_counts(&dry_run));
    assert_eq!(statuses(&sandbox), ["embedding"]);
}

#[test]
fn a_deleted_run_comes_back_from_its_folder() {
    let sandbox = embedded();
    sandbox.run(&["runs", "delete", "--run-id", "*", "--yes"]).success();
    assert_eq!((statuses(&sandbox).len(), vectors(&sandbox)), (0, "0".into()));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
}

#[test]
fn prune_deletes_the_vectors_that_an_edit_left() {
    let sandbox = embedded();
    sandbox.write_run("r1", 2);
    let path = sandbox.folder().join("var/runs/r1/normalize/normalized.ndjson");
    let edited = std::fs::read_to_string(&path).unwrap().replace("Words", "Other words");
    std::fs::write(&path, edited).unwrap();
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let doctor = sandbox.run(&["db", "doctor", "--events", "never"]).success();
    insta::assert_snapshot!(doctor.stdout.lines().last().unwrap(), @"note vectors     4 vectors of texts that no run contains; to delete them: trailblazer db prune");
    let before: i64 = vectors(&sandbox).parse().unwrap();
    let run = sandbox.run(&["db", "prune", "--dry-run"]).success();
    insta::assert_snapshot!(run.stderr, @"would delete 4 vectors of texts that no run contains");
    assert_eq!(vectors(&sandbox), before.to_string());
    let run = sandbox.run(&["db", "prune"]).success();
    let deleted = run.events_named("prune.complete").remove(0)["deleted"].as_i64().unwrap();
    assert_eq!(vectors(&sandbox), (before - deleted).to_string());
    assert!(deleted > 0);
    // All searched documents are still complete.
    let missing = "select count(*) from graphdb.chunks as c where not exists (select from graphdb.embeddings as e where e.input_sha256 = c.input_sha256)";
    assert_eq!(sandbox.database.value(missing), "0");
}
