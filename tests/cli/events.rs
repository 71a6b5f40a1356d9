//! Checks every event: the schema describes it, and a snapshot shows it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{Sandbox, schema};

/// Returns the names of all events, from the source.
fn names_in_source() -> Vec<&'static str> {
    let source = include_str!("../../src/events/mod.rs");
    let names = source.lines().filter_map(|line| line.trim().strip_prefix("#[serde(rename = \"")?.strip_suffix("\")]"));
    names.collect()
}

#[test]
fn schema_describes_every_event_and_no_other() {
    let (mut source, mut described) = (names_in_source(), schema::event_names());
    source.sort_unstable();
    described.sort_unstable();
    assert_eq!(source, described);
    let alternatives = schema::schema()["oneOf"].as_array().unwrap();
    let mut listed: Vec<_> =
        alternatives.iter().map(|one| one["$ref"].as_str().unwrap().trim_start_matches("#/$defs/")).collect();
    listed.sort_unstable();
    assert_eq!(listed, described);
    assert!(jsonschema::meta::is_valid(schema::schema()));
}

#[test]
fn schema_refuses_a_field_that_it_does_not_describe() {
    let mut event: Value =
        serde_json::from_str(r#"{"ts":"2026-01-31T12:00:00.123Z","level":"info","event":"runs.scan.start","component":"runs","phase":"chunk"}"#).unwrap();
    let validator = jsonschema::validator_for(schema::schema()).unwrap();
    assert!(validator.is_valid(&event));
    event["more"] = 1.into();
    assert!(!validator.is_valid(&event));
}

#[test]
fn events_document_names_every_event() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md")).unwrap();
    for name in names_in_source() {
        assert!(text.contains(&format!("| `{name}` |")), "{name}");
    }
}

/// Replaces values that differ between runs.
fn redact(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        match name.as_str() {
            "ts"
            | "normalized_at"
            | "first_normalized_at"
            | "last_normalized_at"
            | "claim_expires_at"
            | "available_at"
            | "claimed_at"
            | "paused_at"
            | "last_heard_from"
            | "host"
            | "storage_bytes"
            | "started_at"
            | "ended_at"
            | "worker_id"
            | "claimed_by"
            | "seconds"
            | "score"
            | "similarity"
            | "artifact"
            | "eta_seconds"
            | "input"
            | "replaced_input"
            | "path" => *value = format!("[{name}]").into(),
            "error" | "last_error" if value.as_str().is_some_and(|text| text.starts_with("lease of")) => {
                *value = "lease of [worker] ran out at [time]".into();
            }
            "detail" => *value = "[detail]".into(),
            "status" => value.as_object_mut().into_iter().for_each(|status| {
                for name in ["claims", "oldest_normalized_at", "next_available_at", "time_to_go_seconds"] {
                    status.insert(name.into(), format!("[{name}]").into());
                }
            }),
            _ => {}
        }
    }
}

/// Triggers every event, and returns the first of each, redacted.
fn one_of_each() -> BTreeMap<String, String> {
    let sandbox = Sandbox::new();
    sandbox.database.take_over_clock();
    sandbox.database.set_clock("2026-06-01 12:00:00+00");
    let text = r#"{"id": "1", "title": "T", "text_md": "Text.", "source_system": "dita"}"#;
    for number in 0..100 {
        sandbox.write(&format!("var/runs/2026-01-01_120000_00{number:02}/normalize/normalized.ndjson"), text);
    }
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>Text of a topic.</p></body></topic>");
    sandbox.write("docs/b.dita", "no element");
    sandbox.write("pages/a.html", "<p>Text of a page.</p>");
    sandbox.write("pages/b.json", "{}");
    sandbox.write("pages/7.xml", "<p>Text of a page whose site nothing names.</p>");
    let first = "2026-01-01_120000_0000";
    let mut events = Vec::new();
    let mut note = |run: crate::support::Run| events.extend(run.events());

    note(sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]));
    note(sandbox.run(&["runs", "backfill"]));
    note(sandbox.run(&["run", "--dry-run", "--run-id", "guide"]));
    note(sandbox.run(&["runs", "reset", "--dry-run", "--run-id", "2026-*", "--scope", "all"]));
    // One claim expires, one fails, one is lost, and one is released.
    sandbox
        .database
        .connect()
        .execute("select graphdb.claim_runs('chunk', 'h/1/0', '1 minute', 1, '{\"run_ids\": [\"guide\"]}')", &[])
        .unwrap();
    sandbox.database.set_clock("2026-06-01 12:02:00+00");
    note(sandbox.run(&["-v", "run", "--run-id", "guide"]));
    note(failing(&sandbox, first));
    note(lost(&sandbox, "2026-01-01_120000_0001"));
    note(released(&sandbox, "2026-01-01_120000_0002"));
    note(sandbox.run(&["runs", "show", "--json", "guide"]));
    note(sandbox.run(&["status", "--json"]));
    note(sandbox.run(&["normalize", "pages", "--source", "confluence", "--run-id", "pages"]));
    note(sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "pages"]));
    note(sandbox.run(&["ask", "--json", "topic", "--run-id", "guide"]));
    note(sandbox.run(&["db", "doctor", "--json"]));
    note(sandbox.run(&["runs", "show", "--json", "nothing"]));
    let waiting = "2026-01-01_120000_0003";
    note(sandbox.run(&["runs", "priority", waiting, "7"]));
    note(sandbox.run(&["runs", "pause", waiting, "--reason", "moving"]));
    note(sandbox.run(&["runs", "resume", waiting]));
    let claim =
        "select graphdb.claim_runs('chunk', 'h/1/0', '45 minutes', 1, '{\"run_ids\": [\"2026-01-01_120000_0003\"]}')";
    sandbox.database.connect().execute(claim, &[]).unwrap();
    note(sandbox.run(&["status", "--workers", "--json"]));
    note(sandbox.run(&["runs", "release", waiting, "--force"]));
    note(sandbox.run(&["runs", "delete", "--run-id", "guide", "--yes"]));
    note(sandbox.run(&["db", "prune"]));

    let mut found = BTreeMap::new();
    for mut event in events {
        redact(&mut event);
        found.entry(event["event"].as_str().unwrap().to_owned()).or_insert_with(|| event.to_string());
    }
    found
}

fn failing(sandbox: &Sandbox, run_id: &str) -> crate::support::Run {
    let broken = "create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no room'; end $$; \
                  create trigger refuse before insert on graphdb.chunks for each row execute function public.refuse()";
    sandbox.database.connect().batch_execute(broken).unwrap();
    let run = sandbox.run(&["run", "--run-id", run_id]).exits(1);
    sandbox.database.connect().batch_execute("drop function public.refuse cascade").unwrap();
    run
}

fn lost(sandbox: &Sandbox, run_id: &str) -> crate::support::Run {
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--run-id", run_id, "--limit", "1"]);
    sandbox.database.wait_until_blocked(1);
    sandbox.run(&["runs", "reset", "--run-id", run_id, "--force"]).success();
    drop(held);
    Sandbox::wait(child).success()
}

fn released(sandbox: &Sandbox, run_id: &str) -> crate::support::Run {
    let held = sandbox.database.hold("documents", "access exclusive");
    let child = sandbox.spawn(&["run", "--run-id", run_id]);
    sandbox.database.wait_until_blocked(1);
    crate::support::held::send(&child, nix::sys::signal::Signal::SIGINT);
    drop(held);
    Sandbox::wait(child).exits(130)
}

#[test]
fn events_look_like_this() {
    let found = one_of_each();
    let missing: Vec<&str> = names_in_source().into_iter().filter(|name| !found.contains_key(*name)).collect();
    // The tests in syncing.rs, setup.rs, leases.rs, embedding.rs, ask.rs and of serve cover these events.
    let seen = ["sync.", "fetch.", "serve.", "setup."];
    let missing: Vec<&str> =
        missing.into_iter().filter(|name| !seen.iter().any(|prefix| name.starts_with(prefix))).collect();
    assert_eq!(missing, ["runs.renew", "embed.wait", "index.complete"]);
    let lines: Vec<&str> = found.values().map(String::as_str).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"ts":"[ts]","level":"info","event":"ask.complete","component":"ask","question":"topic","model":"hash-384","without":[],"corrections":[],"found":1,"seconds":"[seconds]"}
    {"ts":"[ts]","level":"info","event":"ask.result","component":"ask","place":1,"run_id":"guide","doc_id":"topic:docs/a","ord":0,"title":"T","heading_path":["T"],"path":"[path]","text":"T\n\nText of a topic.","text_rank":1,"vector_rank":1,"score":"[score]","similarity":"[similarity]","matched_words":["topic"]}
    {"ts":"[ts]","level":"info","event":"backlog.status","component":"backlog","status":{"due":99,"texts":0,"total":101,"claims":"[claims]","paused":0,"deferred":1,"by_status":{"reset":1,"embedded":1,"normalized":99},"dead_claims":0,"live_claims":0,"embedded_texts":0,"expired_claims":0,"texts_a_second":null,"last_heard_from":null,"next_available_at":"[next_available_at]","documents_to_chunk":100,"time_to_go_seconds":"[time_to_go_seconds]","oldest_normalized_at":"[oldest_normalized_at]","embedded_last_10_minutes":1},"documents":2,"chunks":1,"embedded_chunks":1,"models":["hash-384"],"storage_bytes":"[storage_bytes]","attention":"Needs attention: 99 runs are due, but no worker is running (start one with `trailblazer run`)."}
    {"ts":"[ts]","level":"info","event":"chunk.complete","component":"chunk","run_id":"guide","phase":"chunk","worker_id":"[worker_id]","documents":1,"chunks":1,"cut":0,"seconds":"[seconds]"}
    {"ts":"[ts]","level":"info","event":"chunk.start","component":"chunk","run_id":"guide","phase":"chunk","worker_id":"[worker_id]","documents":1}
    {"ts":"[ts]","level":"info","event":"doctor.check","component":"doctor","check":"connection","ok":true,"detail":"[detail]"}
    {"ts":"[ts]","level":"debug","event":"embed.batch","component":"embed","run_id":"guide","phase":"embed","worker_id":"[worker_id]","texts":1,"tokens":8,"seconds":"[seconds]"}
    {"ts":"[ts]","level":"info","event":"embed.complete","component":"embed","run_id":"guide","phase":"embed","worker_id":"[worker_id]","model":"hash-384","embedded":1,"reused":0,"seconds":"[seconds]"}
    {"ts":"[ts]","level":"info","event":"embed.start","component":"embed","run_id":"guide","phase":"embed","worker_id":"[worker_id]","model":"hash-384","chunks":1}
    {"ts":"[ts]","level":"error","event":"error","component":"error","message":"no run \"nothing\"","hint":"`trailblazer runs list` lists the runs.","exit_code":2}
    {"ts":"[ts]","level":"info","event":"normalize.complete","component":"normalize","run_id":"guide","outcome":"registered","documents":1,"added":1,"changed":0,"removed":0,"unchanged":0,"added_documents":["topic:docs/a"],"changed_documents":[],"removed_documents":[],"failed":1,"skipped":0,"dropped":0,"artifact":"[artifact]"}
    {"ts":"[ts]","level":"warn","event":"normalize.document.error","component":"normalize","run_id":"guide","path":"[path]","line":1,"message":"the file contains no XML elements"}
    {"ts":"[ts]","level":"info","event":"normalize.document.skip","component":"normalize","run_id":"pages","path":"[path]","message":"the file is neither an ADF document nor a page from the REST API"}
    {"ts":"[ts]","level":"warn","event":"normalize.notice","component":"normalize","run_id":"pages","message":"1 of 1 pages have no URL, because the input does not name their site; pass its address with --site-url"}
    {"ts":"[ts]","level":"warn","event":"normalize.replace","component":"normalize","run_id":"pages","input":"[input]","source":"dita","replaced_input":"[replaced_input]","replaced_source":"confluence"}
    {"ts":"[ts]","level":"info","event":"normalize.start","component":"normalize","run_id":"guide","input":"[input]","source":"dita"}
    {"ts":"[ts]","level":"info","event":"prune.complete","component":"prune","dry_run":false,"deleted":0,"deleted_attempts":0,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.attempt","component":"runs","run_id":"guide","phase":"chunk","worker_id":"[worker_id]","started_at":"[started_at]","ended_at":"[ended_at]","outcome":"expired","error":"lease of [worker] ran out at [time]"}
    {"ts":"[ts]","level":"info","event":"runs.backfill.complete","component":"runs","found":101,"registered":100,"changed":0,"unchanged":1,"failed":0,"documents":101}
    {"ts":"[ts]","level":"info","event":"runs.backfill.start","component":"runs","found":101}
    {"ts":"[ts]","level":"info","event":"runs.backfill.tick","component":"runs","done":100,"total":101,"registered":100,"changed":0,"unchanged":0,"failed":0}
    {"ts":"[ts]","level":"info","event":"runs.claim","component":"runs","run_id":"guide","phase":"chunk","worker_id":"[worker_id]","attempts":1,"claim_expires_at":"[claim_expires_at]"}
    {"ts":"[ts]","level":"info","event":"runs.complete","component":"runs","run_id":"guide","phase":"chunk","worker_id":"[worker_id]","status":"chunked","total_docs":1,"total_chunks":1}
    {"ts":"[ts]","level":"info","event":"runs.delete.complete","component":"runs","dry_run":false,"matched":1,"deleted":1,"skipped":0,"fenced":0,"deleted_documents":1,"deleted_chunks":1,"deleted_vectors":1,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.delete.start","component":"runs","dry_run":false,"force":false,"filter":{"run_id_glob":"guide"}}
    {"ts":"[ts]","level":"info","event":"runs.due","component":"runs","run_id":"guide","phase":"chunk"}
    {"ts":"[ts]","level":"warn","event":"runs.fail","component":"runs","run_id":"2026-01-01_120000_0000","phase":"chunk","worker_id":"[worker_id]","status":"normalized","attempts":1,"available_at":"[available_at]","error":"no room"}
    {"ts":"[ts]","level":"warn","event":"runs.lost","component":"runs","run_id":"2026-01-01_120000_0001","phase":"chunk","worker_id":"[worker_id]"}
    {"ts":"[ts]","level":"info","event":"runs.pause.complete","component":"runs","dry_run":false,"reason":"moving","matched":1,"paused":1,"unchanged":0,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.priority","component":"runs","run_id":"2026-01-01_120000_0003","dry_run":false,"priority":7,"previous_priority":0}
    {"ts":"[ts]","level":"info","event":"runs.progress","component":"runs","done":1,"total":1,"percent":100.0,"eta_seconds":"[eta_seconds]","texts":1,"embedded_texts":1}
    {"ts":"[ts]","level":"warn","event":"runs.recover","component":"runs","run_id":"guide","status":"normalized","attempts":1,"error":"lease of [worker] ran out at [time]"}
    {"ts":"[ts]","level":"info","event":"runs.release","component":"runs","run_id":"2026-01-01_120000_0002","phase":"chunk","worker_id":"[worker_id]","status":"normalized"}
    {"ts":"[ts]","level":"info","event":"runs.release.complete","component":"runs","dry_run":false,"charge":false,"force":true,"matched":1,"released":1,"unclaimed":0,"skipped":0,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.reset.complete","component":"runs","scope":"all","dry_run":true,"matched":100,"reset":100,"unchanged":0,"skipped":0,"fenced":0,"deleted_vectors":0,"deleted_chunks":0,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.reset.start","component":"runs","scope":"all","dry_run":true,"force":false,"filter":{"run_id_glob":"2026-*"}}
    {"ts":"[ts]","level":"info","event":"runs.resume.complete","component":"runs","dry_run":false,"matched":1,"resumed":1,"unchanged":0,"stopped":false}
    {"ts":"[ts]","level":"info","event":"runs.row","component":"runs","run_id":"guide","source":"dita","input":"[input]","status":"embedded","normalized_at":"[normalized_at]","total_docs":1,"total_chunks":1,"embedded_chunks":1,"embedding_model":"hash-384","attempts":0,"priority":0}
    {"ts":"[ts]","level":"info","event":"runs.scan.complete","component":"runs","phase":"chunk","found":1,"deferred":0,"first_normalized_at":"[first_normalized_at]","last_normalized_at":"[last_normalized_at]","sample":["guide"]}
    {"ts":"[ts]","level":"info","event":"runs.scan.start","component":"runs","phase":"chunk"}
    {"ts":"[ts]","level":"info","event":"workers.row","component":"workers","run_id":"2026-01-01_120000_0003","phase":"chunk","worker_id":"[worker_id]","host":"[host]","state":"alive","total":1,"claimed_at":"[claimed_at]","claim_expires_at":"[claim_expires_at]","last_heard_from":"[last_heard_from]","silent_seconds":0,"heartbeat_seconds":10}
    "#);
}
