//! `trailblazer runs list|show|retry|priority` and `status`.

mod delete;
mod mistakes;
mod reset;

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

/// Resets `run_id` and lets another worker claim it.
fn claim_embedded(sandbox: &Sandbox, run_id: &str) {
    sandbox.run(&["runs", "reset", "--run-id", run_id]).success();
    claim(sandbox, "chunk", run_id);
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
fn a_priority_that_a_run_already_has_is_no_change() {
    let sandbox = Sandbox::new();
    sandbox.database.register_runs(1);
    let run = sandbox.database.value("select run_id from graphdb.processed_runs");
    sandbox.run(&["runs", "priority", &run, "-5"]).success();
    let again = sandbox.run(&["runs", "priority", &run, "-5"]).success();
    assert_eq!(again.stderr, format!("run {run} already has the priority -5\n"));
}
