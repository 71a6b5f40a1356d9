//! Upgrades a database of an earlier version in place, with all its data.

use std::process::Command;

use super::fixture::{ask, contents};
use crate::support::{self, Sandbox, TestDatabase};

/// Restores a database from the code before migration 0006.
fn database_of_an_earlier_version() -> TestDatabase {
    let database = TestDatabase::empty();
    ask(&mut database.connect(), "create extension vector");
    let dump = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/database_of_0.1.0.sql");
    let output = Command::new(support::cluster().bin.join("psql"))
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--output",
            "/dev/null",
            "--file",
            dump,
            "--dbname",
        ])
        .arg(&database.url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    database
}

#[test]
fn a_database_of_an_earlier_version_is_upgraded_and_works_on() {
    let sandbox = Sandbox::with(database_of_an_earlier_version());
    let mut client = sandbox.database.connect();
    let runs = "select run_id, status from graphdb.processed_runs order by 1";
    let before = "broken failed\nheld chunking\npress embedded\npress-2 chunked\ntype normalized";
    assert_eq!(ask(&mut client, runs), before);
    sandbox.run(&["runs", "list"]).exits(4);

    sandbox.run(&["db", "migrate"]).success();
    assert_eq!(ask(&mut client, runs), before);
    let migrated = contents(&mut client);
    sandbox.run(&["db", "migrate"]).success();
    assert_eq!(contents(&mut client), migrated);
    sandbox.run(&["db", "doctor"]).success();
    let ask_it = |question: &str| sandbox.run(&["ask", question]).success().stdout;
    assert!(ask_it("PRS-1042").contains("Backing up the press"), "{}", ask_it("PRS-1042"));

    sandbox.run(&["run"]).success();
    let all_done = "broken failed\nheld embedded\npress embedded\npress-2 embedded\ntype embedded";
    assert_eq!(ask(&mut client, runs), all_done);
    assert!(ask_it("handmade paper").contains("four days"), "{}", ask_it("handmade paper"));

    sandbox.run(&["runs", "retry", "broken"]).success();
    sandbox.run(&["runs", "reset", "--scope", "embeddings", "--yes"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(ask(&mut client, runs), all_done.replace("failed", "embedded"));
    sandbox.run(&["db", "doctor"]).success();
    assert!(ask_it("rollers").contains("Ink and rollers"), "{}", ask_it("rollers"));
}

#[test]
fn documents_with_unknown_readers_are_named_after_an_upgrade() {
    let sandbox = Sandbox::with(database_of_an_earlier_version());
    let mut client = sandbox.database.connect();
    let restricted = r#"update graphdb.documents set meta = meta || '{"restrictions": {"read": ["hr"]}}' where run_id = 'press' and doc_id = 'topic:docs/ink'"#;
    ask(&mut client, restricted);
    sandbox.run(&["db", "migrate"]).success();
    let told = || sandbox.run(&["db", "doctor"]).success().stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "run press: 1 document, such as \"Ink and rollers\", have restrictions in their metadata, but no known readers, so search \
                    shows them to everybody; to restrict them: normalize their source again with this version";
    assert!(told().contains(expected), "{}", told());

    // The new version of the document has readers.
    let line = serde_json::json!({
        "id": "topic:docs/ink", "title": "Ink and rollers", "text_md": "Rollers are cleaned with cold water.", "source_system": "dita",
        "readers": ["group:hr"],
    });
    sandbox.write("var/runs/press/normalize/normalized.ndjson", format!("{line}\n"));
    sandbox.run(&["runs", "backfill"]).success();
    assert!(!told().contains("no known readers"), "{}", told());
    let hidden = sandbox.run(&["ask", "rollers", "--text-only"]).success().stdout;
    assert!(!hidden.contains("cold water"), "{hidden}");
}
