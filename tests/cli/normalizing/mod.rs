//! `trailblazer normalize`: from files to a registered run.

mod refusals;

use crate::support::{Run, Sandbox};

const TOPIC: &str = r#"<topic id="t"><title>Title</title><body><p>Text.</p></body></topic>"#;

const RUNS: &str = "select run_id || ' ' || status || ' ' || total_docs from graphdb.processed_runs";

fn with_topics() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("docs/a.dita", TOPIC);
    sandbox.write("docs/b.dita", TOPIC.replace("Title", "Other"));
    sandbox
}

#[test]
fn normalize_registers_a_folder_as_a_run() {
    let sandbox = with_topics();
    let run = sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]).success();
    let complete = &run.events_named("normalize.complete")[0];
    assert_eq!((&complete["outcome"], &complete["documents"]), (&"registered".into(), &2.into()));
    assert_eq!(sandbox.database.value(RUNS), "guide normalized 2");
    let artifact = sandbox.folder().join("var/runs/guide/normalize/normalized.ndjson");
    assert_eq!(std::fs::read_to_string(artifact).unwrap().lines().count(), 2);
}

#[test]
fn normalize_again_changes_nothing_unless_the_input_changed() {
    let sandbox = with_topics();
    let args = ["normalize", "docs", "--source", "dita", "--run-id", "guide"];
    sandbox.run(&args).success();
    sandbox.run(&["run"]).success();
    let run = sandbox.run(&args).success();
    assert_eq!(run.events_named("normalize.complete")[0]["outcome"], "unchanged");
    assert_eq!(sandbox.database.value(RUNS), "guide embedded 2");

    sandbox.write("docs/a.dita", TOPIC.replace("Text", "Changed"));
    let run = sandbox.run(&args).success();
    assert_eq!(run.events_named("normalize.complete")[0]["outcome"], "changed");
    assert_eq!(sandbox.database.value(RUNS), "guide normalized 2");
}

#[test]
fn normalize_keeps_the_artifact_when_the_database_is_down() {
    let sandbox = with_topics();
    let mut command = sandbox.command(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]);
    command.env("TRAILBLAZER_DB_URL", "postgresql://nobody@127.0.0.1:1/none");
    let run = Run::of(command.output().unwrap()).exits(4);
    assert!(run.stderr.contains("When the database is ready, run `trailblazer runs backfill`"), "{}", run.stderr);
    assert!(run.events_named("normalize.complete").is_empty());

    sandbox.run(&["runs", "backfill"]).success();
    assert_eq!(sandbox.database.value(RUNS), "guide normalized 2");
}

#[test]
fn what_was_dropped_is_told_by_document_to_those_who_want_details() {
    let sandbox = Sandbox::new();
    let topic = |body: &str| format!(r#"<topic id="t"><title>Title</title><body>{body}</body></topic>"#);
    let lost = r#"<p><xref href="gone.dita"/> <keyword keyref="nokey"/> <image href="gone.png"/></p><p conref="gone.dita#t/p"/>
        <p conkeyref="nolib/p"/><codeblock><coderef href="gone.sh"/></codeblock>"#;
    sandbox.write("docs/a.dita", topic(lost));
    sandbox.write("docs/b.dita", topic("<p>Whole.</p>"));
    let args = ["normalize", "docs", "--source", "dita", "--run-id", "guide"];
    let run = sandbox.run(&args).success();
    assert!(run.stderr.contains("(-v names the documents)"), "{}", run.stderr);
    assert!(!run.stderr.contains("a.dita"), "{}", run.stderr);
    let run = sandbox.run(&[&["-v"], &args[..]].concat()).success();
    let told: Vec<&str> = run.stderr.lines().filter(|line| line.contains(".dita")).collect();
    insta::assert_snapshot!(told.join("\n"), @"debug: a.dita: dropped or unresolved: coderef:missing 1, conref:missing 2, file:missing 1, keyref:unresolved 1, link:unresolved 1; not in the input: gone.dita, gone.png, gone.sh, gone.dita#t/p; no such key: nokey, nolib");
}

#[test]
fn a_page_of_a_file_with_many_pages_is_named_by_its_id_and_title() {
    let sandbox = Sandbox::new();
    let page = |id: &str, body: &serde_json::Value| serde_json::json!({"id": id, "type": "page", "title": format!("Page {id}"), "body": body});
    let toc = serde_json::json!({"storage": {"value": "<p>x</p><ac:structured-macro ac:name=\"toc\"/>"}});
    let broken = serde_json::json!({"atlas_doc_format": {"value": "{}"}});
    let list = serde_json::json!({"results": [page("7", &toc), page("8", &broken), page("9", &toc)]});
    sandbox.write("docs/list.json", list.to_string());
    let args = ["-v", "normalize", "docs", "--source", "confluence", "--run-id", "guide"];
    let run = sandbox.run(&args).exits(1);
    let told: Vec<&str> = run.stderr.lines().filter(|line| line.contains("Page ")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    debug: docs/7 "Page 7": dropped or unresolved: macro:toc 1, readers:not-fetched 1
    warn: list.json:1: page 8 "Page 8": an ADF document must have the type `doc`, not ``
    debug: docs/9 "Page 9": dropped or unresolved: macro:toc 1, readers:not-fetched 1
    "#);
}

#[test]
fn the_same_path_is_the_same_run_and_says_what_changed() {
    let sandbox = with_topics();
    let args = ["normalize", "docs", "--source", "dita"];
    let first = sandbox.run(&args).success();
    let complete = |run: &Run| run.events_named("normalize.complete").remove(0);
    assert_eq!(
        (&complete(&first)["run_id"], &complete(&first)["outcome"]),
        (&"docs-dita".into(), &"registered".into())
    );
    assert!(!first.stderr.contains("(-v names them)"), "{}", first.stderr);
    // The notation of the path does not matter.
    for path in ["docs/", "./docs", "docs/../docs", sandbox.folder().join("docs").to_str().unwrap()] {
        let again = sandbox.run(&["normalize", path, "--source", "dita"]).success();
        assert_eq!(complete(&again)["outcome"], "unchanged", "{path}");
    }
    std::fs::rename(sandbox.folder().join("docs/a.dita"), sandbox.folder().join("docs/moved.dita")).unwrap();
    sandbox.write("docs/b.dita", TOPIC.replace("Text", "Changed"));
    let run = sandbox.run(&args).success();
    let told = "run docs-dita: 2 documents, changed: 1 added, 1 changed, 1 removed, 0 unchanged (-v names them)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let event = complete(&run);
    let named = |kind: &str| event[format!("{kind}_documents")][0].clone();
    assert_eq!(
        [named("added"), named("changed"), named("removed")],
        ["topic:docs/moved", "topic:docs/b", "topic:docs/a"]
    );
    std::fs::remove_file(sandbox.folder().join("docs/moved.dita")).unwrap();
    let run = sandbox.run(&[&["-v"], &args[..]].concat()).success();
    assert!(run.stderr.contains("debug: removed: Title (topic:docs/moved)"), "{}", run.stderr);
    assert_eq!(sandbox.database.column("select run_id from graphdb.processed_runs"), ["docs-dita"]);
}

#[test]
fn other_input_with_the_same_derived_run_id_is_refused_by_name() {
    let sandbox = with_topics();
    let (docs, other) = (sandbox.folder().join("docs"), sandbox.folder().join("other/docs"));
    sandbox.write("other/docs/c.dita", TOPIC.replace("Text", "Other"));
    sandbox.write("all.ditaval", "<val/>");
    sandbox.run(&["normalize", "docs", "--source", "dita"]).success();
    let refused = |args: &[&str]| {
        let run = sandbox.run(args).exits(2);
        assert!(run.stderr.contains("pass another --run-id"), "{}", run.stderr);
        run.stderr
    };
    let told = format!("error: run docs-dita contains the documents of {}, not of {}", docs.display(), other.display());
    assert!(refused(&["normalize", "other/docs", "--source", "dita"]).contains(&told));
    refused(&["normalize", "docs", "--source", "dita", "--ditaval", "all.ditaval"]);
    // The result is the same if only the database knows the run.
    std::fs::remove_dir_all(sandbox.folder().join("var")).unwrap();
    assert!(refused(&["normalize", "other/docs", "--source", "dita"]).contains(&told));
    assert!(!sandbox.folder().join("var").exists());
    // Documents with the same ids would hide each other.
    sandbox.write("third/docs/a.dita", TOPIC);
    sandbox.run(&["normalize", "third/docs", "--source", "dita", "--run-id", "third"]).success();
    let hidden = sandbox.run(&["normalize", "docs", "--source", "dita"]).exits(2);
    assert!(hidden.stderr.contains("1 document of"), "{}", hidden.stderr);
    assert!(hidden.stderr.contains("in run third, because they have the same ids"), "{}", hidden.stderr);
    // A collection makes their ids different.
    let apart = sandbox.run(&["normalize", "other/docs", "--source", "dita", "--collection", "more"]).success();
    assert_eq!(apart.events_named("normalize.complete")[0]["run_id"], "more-dita");
    // An explicit id is always accepted.
    sandbox.run(&["normalize", "other/docs", "--source", "dita", "--run-id", "docs-dita"]).success();
}

#[test]
fn a_run_from_the_same_input_under_another_id_is_named() {
    let sandbox = with_topics();
    sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "2026-01-01_000000_abcd"]).success();
    let run = sandbox.run(&["normalize", "docs", "--source", "dita"]).success();
    let told = "2 of these documents are in run 2026-01-01_000000_abcd too. If docs-dita replaces it, delete it: `trailblazer runs delete --run-id 2026-01-01_000000_abcd`";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn more_than_half_of_the_documents_disappear_with_yes_only() {
    let sandbox = Sandbox::new();
    for number in 0..20 {
        sandbox.write(&format!("docs/{number:02}.dita"), TOPIC);
    }
    let args = ["normalize", "docs", "--source", "dita"];
    sandbox.run(&args).success();
    let count = || sandbox.database.value("select count(*) from graphdb.documents where is_current");
    let artifact =
        || std::fs::read_to_string(sandbox.folder().join("var/runs/docs-dita/normalize/normalized.ndjson")).unwrap();
    for number in 0..10 {
        std::fs::remove_file(sandbox.folder().join(format!("docs/{number:02}.dita"))).unwrap();
    }
    sandbox.run(&args).success();
    assert_eq!(count(), "10");
    // In a run of fewer than twenty documents, any number may be removed.
    for number in 10..19 {
        std::fs::remove_file(sandbox.folder().join(format!("docs/{number:02}.dita"))).unwrap();
    }
    sandbox.run(&args).success();
    assert_eq!(count(), "1");
    for number in 0..20 {
        sandbox.write(&format!("docs/{number:02}.dita"), TOPIC);
    }
    sandbox.run(&args).success();
    for number in 0..11 {
        std::fs::remove_file(sandbox.folder().join(format!("docs/{number:02}.dita"))).unwrap();
    }
    let before = artifact();
    let refused = sandbox.run(&args).exits(5);
    assert!(refused.stderr.contains("11 of 20 documents would be removed"), "{}", refused.stderr);
    assert!(refused.stderr.contains("pass --yes"), "{}", refused.stderr);
    assert_eq!((count(), artifact()), ("20".to_owned(), before));
    sandbox.run(&[&args[..], &["--yes"]].concat()).success();
    assert_eq!(count(), "9");
}

#[test]
fn a_run_keeps_its_last_artifacts() {
    let sandbox = with_topics();
    let update = |text: &str| {
        sandbox.write("docs/a.dita", TOPIC.replace("Text", text));
        sandbox.run(&["normalize", "docs", "--source", "dita"]).success();
        let mut kept: Vec<_> = std::fs::read_dir(sandbox.folder().join("var/runs/docs-dita/normalize"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        kept.sort();
        kept.join(" ")
    };
    let read =
        |name: &str| std::fs::read_to_string(sandbox.folder().join("var/runs/docs-dita/normalize").join(name)).unwrap();
    assert_eq!(update("One"), "manifest.json normalized.ndjson");
    assert_eq!(update("Two"), "manifest.1.json manifest.json normalized.1.ndjson normalized.ndjson");
    assert_eq!(update("Three"), "manifest.1.json manifest.json normalized.1.ndjson normalized.ndjson");
    assert!(read("normalized.ndjson").contains("Three") && read("normalized.1.ndjson").contains("Two"));
    // An update without changes does not remove an artifact.
    update("Three");
    assert!(read("normalized.1.ndjson").contains("Two"));
    sandbox.configure("workspace: { keep_artifacts: 3 }");
    assert_eq!(update("Four").split(' ').count(), 6);
    assert!(read("normalized.2.ndjson").contains("Two"));
    sandbox.configure("workspace: { keep_artifacts: 1 }");
    assert_eq!(update("Five"), "manifest.json normalized.ndjson");
}

#[test]
fn show_names_the_input_of_a_run() {
    let sandbox = with_topics();
    sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]).success();
    let shown = || sandbox.run(&["runs", "show", "guide", "--events", "never"]).success().stdout;
    let input = sandbox.folder().canonicalize().unwrap().join("docs");
    assert!(shown().contains(&format!("\ninput       {}\n", input.display())), "{}", shown());
    // The result is the same if only the database knows the run.
    std::fs::remove_dir_all(sandbox.folder().join("var")).unwrap();
    assert!(shown().contains(&format!("\ninput       {}\n", input.display())), "{}", shown());
}

#[test]
fn other_input_under_the_same_run_id_is_warned_of_when_it_replaces_the_documents() {
    let sandbox = with_topics();
    let normalize =
        |path: &str, source: &str| sandbox.run(&["normalize", path, "--source", source, "--run-id", "guide"]).success();
    let (docs, moved) = (sandbox.folder().canonicalize().unwrap().join("docs"), sandbox.folder().join("moved/docs"));
    normalize("docs", "dita");
    sandbox.write("docs/a.dita", TOPIC.replace("Text", "Changed"));
    let run = normalize("docs", "dita");
    assert_eq!(run.events_named("normalize.complete")[0]["outcome"], "changed");
    assert!(run.events_named("normalize.replace").is_empty(), "{}", run.stdout);

    // The same documents were moved.
    std::fs::create_dir(sandbox.folder().join("moved")).unwrap();
    std::fs::rename(&docs, &moved).unwrap();
    assert!(normalize("moved/docs", "dita").events_named("normalize.replace").is_empty());
    sandbox.write("docs/a.dita", TOPIC.replace("Text", "Other"));
    let run = normalize("docs", "dita");
    let (from, to) = (moved.canonicalize().unwrap(), docs.display().to_string());
    let replace = &run.events_named("normalize.replace")[0];
    assert_eq!(
        (&replace["run_id"], &replace["input"], &replace["source"]),
        (&"guide".into(), &to.into(), &"dita".into())
    );
    assert_eq!(replace["replaced_input"], from.display().to_string());
    let warned = format!("warn: run guide contained the documents of {} (dita); the documents of ", from.display());
    assert!(run.stderr.contains(&warned), "{}", run.stderr);
    assert!(run.stderr.contains("another --run-id"), "{}", run.stderr);

    // A database of an older version contains only the source.
    sandbox.database.connect().batch_execute("update graphdb.processed_runs set input = null").unwrap();
    std::fs::remove_dir_all(sandbox.folder().join("var")).unwrap();
    sandbox.write("pages/a.html", "<p>Text of a page.</p>");
    let run = normalize("pages", "confluence");
    let replace = &run.events_named("normalize.replace")[0];
    assert_eq!((&replace["replaced_source"], &replace["replaced_input"]), (&"dita".into(), &serde_json::Value::Null));
    assert!(
        run.stderr.contains(
            "warn: run guide contained the documents of another input of the source dita; the \
             documents of "
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn a_dry_run_that_would_remove_most_documents_says_that_yes_is_needed() {
    let sandbox = Sandbox::new();
    for number in 0..20 {
        sandbox.write(&format!("docs/{number}.dita"), format!("<topic id='t'><title>T{number}</title></topic>"));
    }
    sandbox.configure("sources: { m: { kind: dita, path: docs } }\n");
    sandbox.run(&["sync"]).success();
    for number in 0..11 {
        std::fs::remove_file(sandbox.folder().join(format!("docs/{number}.dita"))).unwrap();
    }
    let dry = sandbox.run(&["sync", "--dry-run"]).success();
    assert!(
        dry.stderr.contains("11 of 20 documents would be removed, so the update will need --yes"),
        "{}",
        dry.stderr
    );
    sandbox.run(&["sync"]).exits(5);
}
