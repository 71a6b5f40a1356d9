//! `trailblazer runs reset`.

use super::{claim_embedded, counts, embedded, statuses, vectors};
use crate::support::Sandbox;

/// Returns the counts of `runs.reset.complete`, in order.
fn reset_counts(run: &crate::support::Run) -> Vec<u64> {
    let names = ["matched", "reset", "unchanged", "skipped", "fenced", "deleted_vectors", "deleted_chunks"];
    counts(run, "runs.reset.complete", &names)
}

#[test]
fn reset_dry_run_counts_exactly_what_the_reset_does() {
    let sandbox = embedded();
    sandbox.configure("reset: { delete_chunks: true }\n");
    claim_embedded(&sandbox, "r3");
    for scope in ["processed", "embeddings", "all"] {
        let args = ["runs", "reset", "--run-id", "r*", "--scope", scope];
        let before = sandbox.database.column("select r::text from graphdb.processed_runs as r");
        let expected = reset_counts(&sandbox.run(&[&args[..], &["--dry-run"]].concat()).success());
        assert_eq!(sandbox.database.column("select r::text from graphdb.processed_runs as r"), before);
        assert_eq!(reset_counts(&sandbox.run(&[&args[..], &["--yes"]].concat()).success()), expected, "{scope}");
        assert_eq!(expected[3], 1, "{scope} skips the run that is held");
    }
    assert_eq!(statuses(&sandbox), ["reset", "reset", "chunking"]);
}

#[test]
fn reset_that_deletes_is_refused_without_confirmation() {
    let sandbox = embedded();
    let before = vectors(&sandbox);
    for args in [&["runs", "reset", "--run-id", "r1", "--scope", "embeddings"][..], &["runs", "reset"]] {
        let run = sandbox.run(args).exits(5);
        assert!(run.stderr.contains("Pass --yes"), "{}", run.stderr);
        assert_eq!(run.events_named("error")[0]["exit_code"], 5);
    }
    assert_eq!((statuses(&sandbox), vectors(&sandbox)), (vec!["embedded".to_owned(); 3], before));
}

#[test]
fn reset_asks_when_it_selects_every_run_however_that_is_said() {
    let sandbox = embedded();
    for all in [&["--run-id", "*"][..], &["--source", "dita"], &["--limit", "3"], &["--status", "embedded"], &[]] {
        let run = sandbox.run(&[&["runs", "reset"], all].concat()).exits(5);
        assert!(run.stderr.contains("not confirmed: this resets 3 runs, of 3 in all"), "{all:?}: {}", run.stderr);
    }
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
    sandbox.run(&["runs", "reset", "--limit", "2"]).success();
    assert_eq!(statuses(&sandbox), ["reset", "reset", "embedded"]);
}

#[test]
fn reset_of_nothing_and_of_one_run_by_its_name_asks_nothing() {
    let sandbox = Sandbox::new();
    for scope in ["processed", "embeddings"] {
        assert_eq!(reset_counts(&sandbox.run(&["runs", "reset", "--scope", scope]).success())[0], 0);
    }
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["runs", "reset", "--run-id", "r?"]).exits(5);
    assert_eq!(reset_counts(&sandbox.run(&["runs", "reset", "--run-id", "r1"]).success())[0], 1);
}

#[test]
fn reset_of_all_says_when_the_chunks_stay() {
    let sandbox = embedded();
    let args = ["runs", "reset", "--run-id", "r1", "--scope", "all", "--dry-run"];
    let stays = "the chunks are kept, because reset.delete_chunks is false";
    assert!(sandbox.run(&args).success().stderr.contains(stays));
    sandbox.configure("reset: { delete_chunks: true }\n");
    assert!(!sandbox.run(&args).success().stderr.contains(stays));
}

#[test]
fn reset_with_yes_deletes_the_vectors_of_the_selection_only() {
    let sandbox = embedded();
    let counts =
        reset_counts(&sandbox.run(&["runs", "reset", "--run-id", "r1", "--scope", "embeddings", "--yes"]).success());
    assert!(counts[5] > 0, "{counts:?}");
    assert_eq!(statuses(&sandbox), ["reset", "embedded", "embedded"]);
    let missing = "select count(*) from graphdb.chunks as c where c.run_id <> 'r1' and not exists \
                   (select from graphdb.embeddings as e where e.input_sha256 = c.input_sha256)";
    assert_eq!(sandbox.database.value(missing), "0");
    sandbox.run(&["run"]).success();
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
}

#[test]
fn reset_twice_is_reset_once() {
    let sandbox = embedded();
    assert_eq!(reset_counts(&sandbox.run(&["runs", "reset", "--run-id", "r1"]).success())[..3], [1, 1, 0]);
    assert_eq!(reset_counts(&sandbox.run(&["runs", "reset", "--run-id", "r1"]).success())[..3], [1, 0, 1]);
}

#[test]
fn reset_selects_by_date_source_and_status() {
    let sandbox = embedded();
    let reset =
        |args: &[&str]| reset_counts(&sandbox.run(&[&["runs", "reset", "--dry-run"], args].concat()).success())[0];
    let dates = "update graphdb.processed_runs set normalized_at = timestamptz '2025-12-31 12:00:00+00' + right(run_id, 1)::integer * interval '1 day'";
    sandbox.database.connect().batch_execute(dates).unwrap();
    assert_eq!(reset(&["--from", "2026-01-02"]), 2);
    assert_eq!(reset(&["--to", "2026-01-02"]), 2);
    assert_eq!(reset(&["--from", "2026-01-02", "--to", "2026-01-02"]), 1);
    assert_eq!(reset(&["--source", "dita", "--status", "embedded"]), 3);
    assert_eq!(reset(&["--source", "confluence"]), 0);
    assert_eq!(reset(&["--embedding-model", "hash-384", "--limit", "2"]), 2);
}
