//! `trailblazer show`

use serde_json::Value;

use crate::support::Sandbox;

fn library() -> Sandbox {
    let sandbox = Sandbox::new();
    let line = serde_json::json!({
        "id": "topic:g/a.dita", "title": "Alpha", "text_md": "Start.\n\n# One\n\nFirst.\n\n## Deep\n\nBelow.\n\n# Two\n\nSecond.\n",
        "url": "https://docs.example/a", "source_path": "a.dita", "labels": ["x"], "source_system": "dita",
    });
    sandbox.write("var/runs/one/normalize/normalized.ndjson", format!("{line}\n"));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

#[test]
fn show_prints_a_document_under_any_of_its_names() {
    let sandbox = library();
    for name in ["topic:g/a.dita", "https://docs.example/a", "https://docs.example/a#one", "a.dita"] {
        let shown = sandbox.run(&["show", name]).success();
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown.stdout, @"
            # Alpha

            Start.

            # One

            First.

            ## Deep

            Below.

            # Two

            Second.
            ");
        }
    }
}

#[test]
fn show_names_the_documents_that_share_a_path() {
    let sandbox = library();
    let line = |id: &str| serde_json::json!({"id": id, "title": id, "text_md": "Text.", "source_path": "index.dita", "source_system": "dita"});
    sandbox.write(
        "var/runs/two/normalize/normalized.ndjson",
        format!("{}\n{}\n", line("topic:x/index.dita"), line("topic:y/index.dita")),
    );
    sandbox.run(&["runs", "backfill"]).success();
    let shown = sandbox.run(&["show", "index.dita"]).exits(2);
    insta::assert_snapshot!(shown.stderr, @r#"
    error: several documents have the address "index.dita"
      hint: Pass the id of one of them: topic:x/index.dita (run two), topic:y/index.dita (run two).
    "#);
    sandbox.run(&["show", "topic:y/index.dita"]).success();
}

#[test]
fn show_prints_one_section_by_anchor_or_heading() {
    let sandbox = library();
    for name in ["one", "#one", "ONE"] {
        let shown = sandbox.run(&["show", "a.dita", "--section", name]).success();
        assert_eq!(shown.stdout, "# One\n\nFirst.\n\n## Deep\n\nBelow.\n");
    }
    let listed = sandbox.run(&["show", "a.dita", "--sections"]).success();
    assert_eq!(listed.stdout, "One  #one\n  Deep  #deep\nTwo  #two\n");
}

#[test]
fn show_prints_json_with_all_metadata() {
    let sandbox = library();
    let shown = sandbox.run(&["show", "a.dita", "--run-id", "one", "--section", "deep", "--json"]).success();
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["doc_id"], "topic:g/a.dita");
    assert_eq!(shown["labels"], serde_json::json!(["x"]));
    assert_eq!(shown["markdown"], "## Deep\n\nBelow.\n\n");
}

#[test]
fn show_says_what_it_does_not_find() {
    let sandbox = library();
    let missing = sandbox.run(&["show", "none"]).exits(2);
    assert!(
        missing.stderr.starts_with("error: no document \"none\"\n  hint: Pass the id, URL or path"),
        "{}",
        missing.stderr
    );
    let elsewhere = sandbox.run(&["show", "a.dita", "--run-id", "two"]).exits(2);
    assert!(elsewhere.stderr.contains("no document \"a.dita\" in run two"), "{}", elsewhere.stderr);
    let section = sandbox.run(&["show", "a.dita", "--section", "three"]).exits(2);
    assert!(
        section.stderr.contains("\"Alpha\" has no section \"three\"\n  hint: Sections: one, deep, two."),
        "{}",
        section.stderr
    );
}
