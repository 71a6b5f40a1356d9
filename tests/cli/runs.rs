//! `trailblazer runs list|show|reset|retry|delete`, `db prune` and `status`.

use crate::support::Sandbox;

/// Returns a sandbox with the runs `r1` to `r3` embedded.
fn embedded() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=3 {
        sandbox.write_run(&format!("r{number}"), 1);
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    sandbox
}

fn statuses(sandbox: &Sandbox) -> Vec<String> {
    sandbox.database.column("select status from graphdb.processed_runs order by run_id")
}

fn vectors(sandbox: &Sandbox) -> String {
    sandbox.database.value("select count(*) from graphdb.embeddings")
}

/// Lets another worker claim `run_id` for an hour.
fn claim(sandbox: &Sandbox, phase: &str, run_id: &str) {
    let claim = format!(
        "select run_id from graphdb.claim_runs('{phase}', 'other/1/0', '1 hour', 1, '{{\"run_ids\": [\"{run_id}\"]}}')"
    );
    assert_eq!(sandbox.database.value(&claim), run_id);
}

fn fail(sandbox: &Sandbox, run_id: &str) {
    claim(sandbox, "chunk", run_id);
    let fail = "select graphdb.fail_run(run_id, claim_token, 'it broke', null, true) from graphdb.processed_runs where run_id = $1";
    sandbox.database.connect().execute(fail, &[&run_id]).unwrap();
}

/// Returns the counts of an event, in this order.
fn counts(run: &crate::support::Run, event: &str, names: &[&str]) -> Vec<u64> {
    let event = run.events_named(event).remove(0);
    names.iter().map(|name| event[*name].as_u64().unwrap()).collect()
}

/// Returns the counts of `runs.reset.complete`, in order.
fn reset_counts(run: &crate::support::Run) -> Vec<u64> {
    let names = ["matched", "reset", "unchanged", "skipped", "fenced", "deleted_vectors", "deleted_chunks"];
    counts(run, "runs.reset.complete", &names)
}

/// Returns the counts of `runs.delete.complete`, in order.
fn delete_counts(run: &crate::support::Run) -> Vec<u64> {
    let names = ["matched", "deleted", "skipped", "fenced", "deleted_documents", "deleted_chunks", "deleted_vectors"];
    counts(run, "runs.delete.complete", &names)
}

#[test]
fn list_prints_a_table_for_people_and_rows_for_programs() {
    let sandbox = embedded();
    let run = sandbox.run(&["runs", "list", "--run-id", "r1", "--events", "never"]).success();
    let words: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["run", "source", "status", "normalized", "docs", "chunks", "embedded"]);
    assert_eq!((words[1][0], words[1][2], words.len()), ("r1", "embedded", 2));
    let rows = sandbox
        .run(&["runs", "list", "--json", "--status", "embedded", "--limit", "2"])
        .success()
        .events_named("runs.row");
    assert_eq!(rows.len(), 2);
    assert!(sandbox.run(&["runs", "list", "--json", "--source", "confluence"]).success().events().is_empty());
}

#[test]
fn a_source_that_no_run_has_is_answered_with_those_there_are() {
    let sandbox = embedded();
    let there_are = "warn: no run has the source nosuch; found dita\n";
    for args in [&["runs", "list", "--json"][..], &["runs", "reset"], &["runs", "reset", "--dry-run"], &["run"]] {
        let run = sandbox.run(&[args, &["--source", "nosuch"]].concat()).success();
        assert!(run.stderr.contains(there_are), "{args:?}: {}", run.stderr);
    }
    let run = sandbox.run(&["runs", "list", "--json", "--source", "dita", "--status", "failed"]).success();
    assert!(!run.stderr.contains("no run has"), "{}", run.stderr);
}

#[test]
fn a_wrong_filter_is_a_usage_error_that_names_it() {
    let sandbox = embedded();
    let run = sandbox.run(&["runs", "list", "--json", "--from", "yesterday-ish"]).exits(2);
    assert!(run.stderr.contains("yesterday-ish"), "{}", run.stderr);
    let run = sandbox.run(&["runs", "reset", "--status", "embeded"]).exits(2);
    assert!(run.stderr.contains("embeded"), "{}", run.stderr);
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
}

#[test]
fn show_prints_the_run_and_the_history_of_its_claims() {
    let sandbox = embedded();
    sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    claim(&sandbox, "chunk", "r1");
    let run = sandbox.run(&["runs", "show", "--json", "r1"]).success();
    let history: Vec<String> = run
        .events_named("runs.attempt")
        .iter()
        .map(|attempt| format!("{} {}", attempt["phase"].as_str().unwrap(), attempt["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(history, ["chunk completed", "embed completed"]);
    assert_eq!(run.events_named("runs.row")[0]["claimed_by"], "other/1/0");

    let shown = sandbox.run(&["runs", "show", "r1", "--events", "never"]).success().stdout;
    for expected in ["status      chunking", "claimed by  other/1/0", "chunk completed after", "embed completed after"]
    {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let run = sandbox.run(&["runs", "show", "--json", "r9"]).exits(2);
    assert!(run.stderr.contains("no run \"r9\""), "{}", run.stderr);
}

#[test]
fn show_tells_the_model_of_earlier_vectors_from_that_of_present_ones() {
    let sandbox = embedded();
    let shown = |sandbox: &Sandbox| sandbox.run(&["runs", "show", "r1", "--events", "never"]).success().stdout;
    assert!(shown(&sandbox).contains("\nmodel       hash-384\n"), "{}", shown(&sandbox));
    sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    fail(&sandbox, "r1");
    let failed = shown(&sandbox);
    assert!(failed.contains("\nlast model  hash-384\n") && !failed.contains("\nmodel "), "{failed}");
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

/// Resets `run_id` and lets another worker claim it.
fn claim_embedded(sandbox: &Sandbox, run_id: &str) {
    sandbox.run(&["runs", "reset", "--run-id", run_id]).success();
    claim(sandbox, "chunk", run_id);
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

#[test]
fn retry_sends_failed_runs_round_again_and_no_others() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.write_run("r2", 1);
    sandbox.run(&["runs", "backfill"]).success();
    fail(&sandbox, "r1");
    assert_eq!(statuses(&sandbox), ["failed", "normalized"]);
    let run = sandbox.run(&["runs", "retry", "r1", "r2"]).exits(2);
    assert!(run.stderr.contains("run \"r2\" is normalized, not failed"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: It is due: `trailblazer run` processes it."), "{}", run.stderr);
    let run = sandbox.run(&["runs", "retry", "r3"]).exits(2);
    assert!(run.stderr.contains("no run \"r3\""), "{}", run.stderr);
    assert!(run.stderr.contains("hint: `trailblazer runs list` lists the runs."), "{}", run.stderr);
    assert_eq!(statuses(&sandbox), ["failed", "normalized"]);

    sandbox.run(&["runs", "retry", "r1"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(statuses(&sandbox), ["embedded"; 2]);
    assert_eq!(sandbox.database.value("select sum(attempts) from graphdb.processed_runs"), "0");
}

#[test]
fn status_says_what_is_left_and_who_holds_what() {
    let sandbox = embedded();
    sandbox.run(&["runs", "reset", "--run-id", "r[!]*"]).success();
    claim_embedded(&sandbox, "r2");
    let status = &sandbox.run(&["status", "--json"]).success().events_named("backlog.status")[0]["status"];
    assert_eq!((&status["total"], &status["live_claims"]), (&3.into(), &1.into()));
    assert_eq!(status["by_status"], serde_json::json!({"embedded": 2, "chunking": 1}));
    let shown = sandbox.run(&["status", "--events", "never"]).success().stdout;
    assert!(shown.contains("due 0, in back-off 0, claimed 1, lease expired 0"), "{shown}");
    assert!(shown.contains("other/1/0"), "{shown}");
}

#[test]
fn status_says_how_to_look_at_failed_runs() {
    let sandbox = embedded();
    let shown = |sandbox: &Sandbox| sandbox.run(&["status", "--events", "never"]).success().stdout;
    assert!(!shown(&sandbox).contains("runs retry"), "{}", shown(&sandbox));
    sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    fail(&sandbox, "r1");
    let failed = "1 failed: `trailblazer runs list --status failed` lists them, `trailblazer runs show ID` shows the reason, \
                  `trailblazer runs retry ID` retries";
    assert!(shown(&sandbox).contains(failed), "{}", shown(&sandbox));
}

#[test]
fn status_prints_times_to_the_second_and_durations_in_words() {
    let sandbox = Sandbox::new();
    sandbox.database.take_over_clock();
    sandbox.database.set_clock("2026-06-01 12:00:00.25+00");
    for number in 1..=4 {
        sandbox.write_run(&format!("r{number}"), 1);
        sandbox.write(
            &format!("var/runs/r{number}/normalize/manifest.json"),
            r#"{"phase": "normalize", "completed_at": "2026-05-01T12:00:00.125Z"}"#,
        );
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--limit", "2"]).success();
    // One run is in back-off, and one is claimed.
    let failed = "select graphdb.fail_run(c.run_id, c.claim_token, 'no', '90 seconds') \
                  from graphdb.claim_runs('chunk', 'other', '1 hour', 1, '{\"run_ids\": [\"r3\"]}') as c";
    sandbox.database.connect().execute(failed, &[]).unwrap();
    claim(&sandbox, "chunk", "r4");
    sandbox.database.set_clock("2026-06-01 12:01:20+00");
    let shown = sandbox.run(&["status", "--events", "never"]).success().stdout;
    let size = shown.lines().find(|line| line.starts_with("size ")).unwrap();
    let shown = shown.replace(size, "size       [size]");
    insta::assert_snapshot!(shown, @"
    Needs attention: 1 worker is probably dead (`trailblazer runs release r4` releases the claimed runs).

    status      runs
    normalized  1
    chunking    1
    embedded    2
    total       4

    due 0, in back-off 1, claimed 1, lease expired 0, probably dead 1
    next back-off ends 2026-06-01T12:01:30Z
    the oldest run has waited since 2026-05-01T12:00:00Z
    2 documents not yet chunked, 2 runs embedded in the last 10 minutes, estimated time left 1 min 19 s

    documents  4 in search
    chunks     16 of all runs, 16 of them with a vector
    models     hash-384 (2 runs)
    size       [size]

    run  phase  worker     age         done  heartbeat       lease
    r4   chunk  other/1/0  1 min 20 s  -     1 min 20 s ago  58 min 40 s left
    ");
    let name = sandbox.database.value("select current_database()::text");
    sandbox
        .database
        .connect()
        .batch_execute(&format!("alter database \"{name}\" set intervalstyle = 'iso_8601'"))
        .unwrap();
    let status = &sandbox.run(&["status", "--json"]).success().events_named("backlog.status")[0]["status"];
    assert_eq!(
        (&status["time_to_go_seconds"], &status["next_available_at"]),
        (&79.into(), &"2026-06-01T12:01:30.25+00:00".into())
    );
    assert!(status.get("time_to_go").is_none(), "{status}");
}

#[test]
fn a_pattern_and_a_model_that_select_nothing_are_warned_of() {
    let sandbox = embedded();
    let warned = |args: &[&str]| sandbox.run(args).success().stderr;
    for command in
        [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"], &["run"], &["ask", "--json", "Words"]]
    {
        let stderr = warned(&[command, &["--run-id", "q*"]].concat());
        assert!(
            stderr.contains("warn: no run id matches q*; `trailblazer runs list` lists them\n"),
            "{command:?}: {stderr}"
        );
    }
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let stderr = warned(&[command, &["--embedding-model", "hash-385"]].concat());
        assert!(
            stderr.contains("warn: no run was embedded with hash-385; `trailblazer models list` lists the models\n"),
            "{command:?}: {stderr}"
        );
    }
    let stderr =
        warned(&["runs", "list", "--json", "--run-id", "r*", "--embedding-model", "hash-384", "--status", "failed"]);
    assert!(!stderr.contains("warn"), "{stderr}");
}

#[test]
fn dates_in_the_wrong_order_are_a_usage_error_that_names_both() {
    let sandbox = embedded();
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let run = sandbox.run(&[command, &["--from", "2026-02-01", "--to", "2026-01-31"]].concat()).exits(2);
        assert!(run.stderr.contains("--from 2026-02-01 is after --to 2026-01-31"), "{}", run.stderr);
    }
    for (from, to) in [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00Z", "2026-01-31"),
        ("2026-01-31T23:30:00+01", "2026-01-31 22:30"),
    ] {
        sandbox.run(&["runs", "list", "--json", "--from", from, "--to", to]).success();
    }
}

#[test]
fn a_date_that_is_none_is_refused_by_the_name_of_its_flag() {
    let sandbox = embedded();
    for date in ["yesterday", "2026-02-30", "2026-1-1", "2026-01-31T25:00"] {
        for flag in ["--from", "--to"] {
            let run = sandbox.run(&["runs", "list", "--json", flag, date]).exits(2);
            assert!(run.stderr.contains(flag) && run.stderr.contains(date), "{}", run.stderr);
            assert!(run.stderr.contains("2026-01-31T12:00:00Z"), "{}", run.stderr);
            assert!(!run.stderr.contains("normalized_"), "{}", run.stderr);
        }
    }
}

#[test]
fn rows_name_the_model_and_show_names_the_input_too() {
    let sandbox = embedded();
    let row = &sandbox.run(&["runs", "list", "--json", "--run-id", "r1"]).success().events_named("runs.row")[0];
    assert_eq!(row["embedding_model"], "hash-384");
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>Text.</p></body></topic>");
    sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]).success();
    let row = &sandbox.run(&["runs", "show", "--json", "guide"]).success().events_named("runs.row")[0];
    let input = sandbox.folder().canonicalize().unwrap().join("docs");
    assert_eq!(
        (&row["input"], &row["embedding_model"]),
        (&input.display().to_string().into(), &serde_json::Value::Null)
    );
}

#[test]
fn one_is_no_plural() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    let talk = |args: &[&str]| sandbox.run(args).success().stderr;
    assert_eq!(
        talk(&["runs", "backfill"]),
        "1 run found: 1 registered, 0 changed, 0 unchanged, 0 failed; 1 document\n"
    );
    assert_eq!(talk(&["runs", "list", "--events", "never"]), "1 run\n");
    assert!(talk(&["run"]).contains("\n1 run done in "));
    let refused = sandbox.run(&["runs", "reset"]).exits(5).stderr;
    assert!(refused.contains("this resets 1 run, of 1 in all"), "{refused}");
    assert!(talk(&["runs", "reset", "--run-id", "r1"]).starts_with("1 run reset: "));
    fail(&sandbox, "r1");
    assert_eq!(talk(&["runs", "retry", "r1"]), "due again: 1 run; `trailblazer run` processes what is due\n");
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>Text.</p></body></topic>");
    assert_eq!(
        talk(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]),
        "run guide: 1 document, registered\n"
    );
}

#[test]
fn dates_that_select_nothing_are_warned_of() {
    let sandbox = embedded();
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let stderr = |dates: &[&str]| sandbox.run(&[command, dates].concat()).success().stderr;
        for (dates, told) in [
            (&["--from", "2030-01-01"][..], "warn: no runs were normalized on or after 2030-01-01;"),
            (&["--to", "1999-12-31"], "warn: no runs were normalized on or before 1999-12-31;"),
            (
                &["--from", "1999-01-01", "--to", "1999-12-31"],
                "warn: no runs were normalized between 1999-01-01 and 1999-12-31;",
            ),
        ] {
            assert!(stderr(dates).contains(told), "{}", stderr(dates));
        }
        assert!(!stderr(&["--from", "1999-01-01", "--source", "nosuch"]).contains("normalized"));
    }
}

#[test]
fn an_empty_value_is_refused_by_the_name_of_its_flag() {
    let sandbox = embedded();
    for (command, flag) in [
        (&["run", "--dry-run"][..], "--run-id"),
        (&["run", "--dry-run"], "--source"),
        (&["runs", "list", "--json"], "--status"),
        (&["runs", "list", "--json"], "--embedding-model"),
        (&["ask", "--json", "words", "--text-only"], "--label"),
        (&["ask", "--json", "words", "--text-only"], "--run-id"),
        (&["ask", "--json", "words", "--text-only"], "--source"),
    ] {
        let run = sandbox.run(&[command, &[&format!("{flag}=")]].concat()).exits(2);
        assert!(run.stderr.contains(&format!("'{flag} <")), "{}", run.stderr);
    }
}

#[test]
fn a_priority_that_a_run_already_has_is_no_change() {
    let sandbox = Sandbox::new();
    sandbox.database.register_runs(1);
    let run = sandbox.database.value("select run_id from graphdb.processed_runs");
    sandbox.run(&["runs", "priority", &run, "-5"]).success();
    let again = sandbox.run(&["runs", "priority", &run, "-5"]).success();
    assert_eq!(again.stderr, format!("run {run} already has the priority -5\n"));
}
