//! `trailblazer runs backfill`: loads artifacts on disk, including older ones, into the database.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::Sandbox;
use crate::support::held::send;

/// Returns the line of a document.
fn line(id: &str, text: &str, source: &str) -> String {
    format!("{}\n", serde_json::json!({"id": id, "title": id, "text_md": text, "source_system": source}))
}

fn write_small_runs(sandbox: &Sandbox, count: usize) {
    for number in 0..count {
        let lines: String = (0..2).map(|document| line(&format!("{number}-{document}"), "Text.", "dita")).collect();
        sandbox.write(&format!("var/runs/r{number:03}/normalize/normalized.ndjson"), lines);
    }
}

fn counts(event: &Value) -> [u64; 4] {
    ["registered", "changed", "unchanged", "failed"].map(|name| event[name].as_u64().unwrap())
}

#[test]
fn backfill_registers_every_run_with_its_documents_and_ticks() {
    let sandbox = Sandbox::new();
    write_small_runs(&sandbox, 120);
    let run = sandbox.run(&["runs", "backfill"]).success();
    assert_eq!(run.events_named("runs.backfill.start")[0]["found"], 120);
    let ticks = run.events_named("runs.backfill.tick");
    assert_eq!(ticks.len(), 1);
    assert_eq!((&ticks[0]["done"], &ticks[0]["total"]), (&100.into(), &120.into()));
    let complete = &run.events_named("runs.backfill.complete")[0];
    assert_eq!((counts(complete), &complete["documents"]), ([120, 0, 0, 0], &240.into()));
    assert_eq!(run.stderr, "120 runs found: 120 registered, 0 changed, 0 unchanged, 0 failed; 240 documents\n");
    assert_eq!(
        sandbox.database.value("select sum(total_docs) from graphdb.processed_runs where status = 'normalized'"),
        "240"
    );
}

#[test]
fn backfill_again_takes_only_what_changed() {
    let sandbox = Sandbox::new();
    write_small_runs(&sandbox, 4);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    sandbox.write("var/runs/r002/normalize/normalized.ndjson", line("2-0", "Other text.", "dita"));
    let run = sandbox.run(&["runs", "backfill"]).success();
    assert_eq!(counts(&run.events_named("runs.backfill.complete")[0]), [0, 1, 3, 0]);
    let statuses = sandbox.database.column("select status from graphdb.processed_runs order by run_id");
    assert_eq!(statuses, ["embedded", "embedded", "normalized", "embedded"]);
    assert_eq!(
        sandbox.database.column("select doc_id from graphdb.documents where run_id = 'r002' and is_current"),
        ["2-0"]
    );
}

#[test]
fn backfill_names_a_broken_line_and_loads_the_others() {
    let sandbox = Sandbox::new();
    let path = "var/runs/bad/normalize/normalized.ndjson";
    // The column is the end of the line.
    sandbox.write(path, format!("{}{{\"id\": \n{}", line("a", "x", "dita"), line("c", "y", "dita")));
    write_small_runs(&sandbox, 1);
    let run = sandbox.run(&["runs", "backfill"]).exits(1);
    let error = &run.events_named("normalize.document.error")[0];
    assert_eq!((&error["run_id"], &error["line"]), (&"bad".into(), &2.into()));
    assert!(run.stderr.contains(&format!("{path}:2: EOF while parsing a value (column 7)")), "{}", run.stderr);
    assert!(run.stderr.contains("skipped 1 broken line: fix the file and run this command again"), "{}", run.stderr);
    let documents = sandbox.database.column("select run_id || ' ' || doc_id from graphdb.documents order by 1");
    assert_eq!(documents, ["bad a", "bad c", "r000 0-0", "r000 0-1"]);
}

#[test]
fn backfill_refuses_an_artifact_without_a_document_and_keeps_what_was_registered() {
    let sandbox = Sandbox::new();
    let path = "var/runs/r/normalize/normalized.ndjson";
    sandbox.write(path, format!("\u{feff}{}", line("a", "x", "dita")));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.write(path, "{\n{\n");
    let run = sandbox.run(&["runs", "backfill", "--events", "never"]).exits(1);
    let told = run.stderr.replace(sandbox.folder().to_str().unwrap(), "");
    insta::assert_snapshot!(told, @"
    error: /var/runs/r/normalize/normalized.ndjson:1: EOF while parsing an object (column 1)
    error: /var/runs/r/normalize/normalized.ndjson:2: EOF while parsing an object (column 1)
    error: /var/runs/r/normalize/normalized.ndjson contains no documents, so the run was not registered
    1 run found: 0 registered, 0 changed, 0 unchanged, 1 failed; 0 documents
    warn: skipped 2 broken lines: fix the file and run this command again
    ");
    sandbox.write(path, "");
    sandbox.run(&["runs", "backfill"]).exits(1);
    assert_eq!(sandbox.database.column("select doc_id from graphdb.documents"), ["a"]);
}

#[test]
fn backfill_refuses_a_folder_that_is_no_run_id() {
    let sandbox = Sandbox::new();
    write_small_runs(&sandbox, 1);
    sandbox.write("var/runs/a b\u{1b}[31m/normalize/normalized.ndjson", line("a", "x", "dita"));
    let run = sandbox.run(&["runs", "backfill"]).exits(1);
    assert!(run.events_named("error")[0]["message"].as_str().unwrap().contains("invalid run id"), "{}", run.stdout);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    assert_eq!(sandbox.database.column("select run_id from graphdb.processed_runs"), ["r000"]);
}

#[test]
fn backfill_reads_artifacts_of_the_earlier_trailblazer() {
    let sandbox = Sandbox::new();
    let page = r##"{"id": "65591", "title": "Über uns", "space_key": "DOC", "space_id": "98306", "url": null, "version": 7, "created_at": "2025-01-01T00:00:00Z", "updated_at": null, "body_repr": null, "text_md": "# Ü\n\nText.\u0000", "links": ["http://a.example", "x\u0000y"], "attachments": [{"filename": "a.png", "url": null}], "source_system": "confluence", "source": "confluence\u0000", "labels": ["one"], "content_sha256": "ab", "breadcrumbs": ["Docs", "Über uns"]}"##;
    let topic = r#"{"id": "topic:guide/a#root", "title": "A", "space_key": null, "space_id": null, "url": null, "version": null, "created_at": null, "updated_at": null, "body_repr": "unknown", "text_md": "", "links": [], "attachments": [], "source_system": "dita", "source": "dita", "labels": [], "content_sha256": null, "collection": "guide", "path_tags": ["guide"], "meta": {"audience": "admin"}}"#;
    sandbox.write("var/runs/2025-03-04_050607_ab12/normalize/normalized.ndjson", format!("{page}\n{topic}\n"));
    sandbox.run(&["runs", "backfill"]).success();

    let run =
        "select source || ' ' || total_docs || ' ' || (normalized_at at time zone 'UTC') from graphdb.processed_runs";
    assert_eq!(sandbox.database.value(run), "mixed 2 2025-03-04 05:06:07");
    let bodies = "select body from graphdb.documents order by doc_id";
    assert_eq!(sandbox.database.column(bodies), ["# Ü\n\nText.", ""]);
    let meta = |id: &str, key: &str| {
        sandbox.database.value(&format!("select meta ->> '{key}' from graphdb.documents where doc_id = '{id}'"))
    };
    assert_eq!(meta("65591", "version"), "7");
    assert_eq!(meta("65591", "space_id"), "98306");
    assert_eq!(meta("65591", "source"), "confluence");
    assert_eq!(meta("topic:guide/a#root", "collection"), "guide");
    assert_eq!(meta("topic:guide/a#root", "audience"), "admin");
    sandbox.run(&["run"]).success();
    let counts = "select status || ' ' || total_chunks from graphdb.processed_runs";
    assert_eq!(sandbox.database.value(counts), "embedded 2");
}

#[test]
fn backfill_goes_on_where_a_kill_ended_it() {
    let sandbox = Sandbox::new();
    write_small_runs(&sandbox, 6);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.database.connect().batch_execute("delete from graphdb.processed_runs where run_id >= 'r003'").unwrap();

    // The second run blocks: its transaction waits for a lock on an existing run.
    let held = sandbox.database.hold("processed_runs", "share");
    let mut child = sandbox.spawn(&["runs", "backfill"]);
    sandbox.database.wait_until_blocked(1);
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    drop(held);
    sandbox.database.wait_until_alone();

    let run = sandbox.run(&["runs", "backfill"]).success();
    let [registered, changed, unchanged, failed] = counts(&run.events_named("runs.backfill.complete")[0]);
    assert_eq!((registered + unchanged, changed, failed), (6, 0, 0));
    assert_eq!(sandbox.database.value("select count(*) from graphdb.documents"), "12");
}

#[test]
fn backfill_of_a_folder_that_is_none_says_what_it_wants() {
    let run = Sandbox::new().run(&["runs", "backfill", "nowhere"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: nowhere is not a folder\n  hint: Pass the folder"), "{}", run.stderr);
}

#[test]
fn backfill_that_finds_nothing_says_what_it_looks_for() {
    let sandbox = Sandbox::new();
    sandbox.write("old/guide/normalized.ndjson", line("a", "x", "dita"));
    let run = sandbox.run(&["runs", "backfill", "old"]).success();
    assert!(
        run.stderr.contains("warn: found no run to register; expected old/RUN_ID/normalize/normalized.ndjson\n"),
        "{}",
        run.stderr
    );
    write_small_runs(&sandbox, 1);
    assert!(!sandbox.run(&["runs", "backfill"]).success().stderr.contains("warn"));
}

#[test]
fn backfill_names_a_folder_that_it_cannot_read_and_loads_the_others() {
    let sandbox = Sandbox::new();
    write_small_runs(&sandbox, 1);
    std::fs::create_dir_all(sandbox.folder().join("var/runs/loop")).unwrap();
    std::os::unix::fs::symlink("normalize", sandbox.folder().join("var/runs/loop/normalize")).unwrap();
    let run = sandbox.run(&["runs", "backfill"]).exits(1);
    assert!(run.stderr.contains("var/runs/loop/normalize/normalized.ndjson: "), "{}", run.stderr);
    assert_eq!(counts(&run.events_named("runs.backfill.complete")[0]), [1, 0, 0, 1]);
}
