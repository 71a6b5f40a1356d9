//! `trailblazer normalize`: from files to a registered run.

use std::os::unix::fs::PermissionsExt;

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
fn normalize_that_finds_nothing_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/readme.txt", "nothing");
    let run = sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "none"]).exits(2);
    assert!(run.stderr.contains("docs contains no DITA topic or map"), "{}", run.stderr);
    let run = sandbox.run(&["normalize", "nowhere", "--source", "dita"]).exits(2);
    assert!(run.stderr.contains("no such file or folder: nowhere"), "{}", run.stderr);
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
}

#[test]
fn normalize_reports_a_file_that_fails_and_registers_the_others() {
    let sandbox = with_topics();
    sandbox.write("docs/broken.dita", "no element");
    let run = sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]).exits(1);
    let failed = run.events_named("normalize.document.error");
    assert_eq!(failed.len(), 1);
    assert!(failed[0]["path"].as_str().unwrap().ends_with("broken.dita"), "{}", failed[0]);
    assert!(run.stderr.contains("1 input file could not be converted completely"), "{}", run.stderr);
    assert_eq!(sandbox.database.value(RUNS), "guide normalized 2");
}

#[test]
fn normalize_refuses_a_run_id_that_could_leave_its_folder() {
    let sandbox = with_topics();
    let run = sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "../up"]).exits(2);
    assert!(run.stderr.contains("it becomes a folder name"), "{}", run.stderr);
    assert!(!sandbox.folder().join("var").exists());
}

#[test]
fn json_files_that_are_no_pages_are_skipped_and_damaged_pages_fail() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/page.html", "<h1>Page</h1><p>Text.</p>");
    sandbox.write("docs/package.json", r#"{"name": "site", "version": "1.0.0", "type": "module"}"#);
    sandbox.write("docs/list.json", r#"[{"id": 1}, "two"]"#);
    let args = ["normalize", "docs", "--source", "confluence", "--run-id", "wiki"];
    let run = sandbox.run(&args).success();
    let skipped: Vec<_> = run.events_named("normalize.document.skip").iter().map(|skip| skip["path"].clone()).collect();
    assert_eq!(skipped, ["list.json", "package.json"]);
    assert_eq!(run.events_named("normalize.complete")[0]["skipped"], 2);
    assert!(
        run.stderr.contains("skipped 2 files, because they have no page or readable text (-v names them)"),
        "{}",
        run.stderr
    );
    let run = sandbox.run(&[&["-v"], &args[..]].concat()).success();
    assert!(run.stderr.contains("debug: package.json: the file is neither an ADF document nor"), "{}", run.stderr);

    let damaged = [
        r#"{"id": "7", "body": {"storage": {"value": "<p>A page without a title.</p>"}}}"#,
        r#"{"results": [{"id": "7"}]}"#,
        r#"{"id": "7", "type": "page", "status": "current"}"#,
        r#"[{"id": "7", "spaceId": "1"}]"#,
        r#"{"version": 1, "content": [{"type": "paragraph"}]}"#,
        r#"{"id": "7", "title": "Cut o"#,
    ];
    for page in damaged {
        sandbox.write("docs/seven.json", page);
        let run = sandbox.run(&args).exits(1);
        let failed = &run.events_named("normalize.document.error");
        assert_eq!((failed.len(), &failed[0]["path"]), (1, &"seven.json".into()), "{page}");
    }
    std::fs::remove_file(sandbox.folder().join("docs/seven.json")).unwrap();
    std::fs::remove_file(sandbox.folder().join("docs/page.html")).unwrap();
    let run = sandbox.run(&args).exits(2);
    assert!(run.stderr.contains("docs: no confluence documents found (0 files failed, 2 skipped)"), "{}", run.stderr);
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
fn of_many_files_that_fail_ten_are_named_and_all_with_details() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/good.dita", "<topic id='t'><title>T</title><body><p>x</p></body></topic>");
    for number in 0..12 {
        sandbox.write(&format!("docs/bad{number}.dita"), "no XML");
    }
    let named = |args: &[&str]| {
        let normalize = ["normalize", "docs", "--source", "dita", "--run-id", "r"];
        let stderr = sandbox.run(&[args, &normalize].concat()).exits(1).stderr;
        (stderr.matches("docs/bad").count() + stderr.matches(": bad").count(), stderr)
    };
    let (count, stderr) = named(&[]);
    assert_eq!(count, 10, "{stderr}");
    assert!(stderr.contains("12 input files could not be converted completely (-v names all)"), "{stderr}");
    let (count, stderr) = named(&["-v"]);
    assert_eq!(count, 12, "{stderr}");
    assert!(!stderr.contains("(-v names all)"), "{stderr}");
}

#[test]
fn normalize_that_fails_leaves_no_folder_and_keeps_an_earlier_artifact() {
    let sandbox = with_topics();
    sandbox.write("empty/readme.txt", "nothing");
    let args = ["normalize", "empty", "--source", "dita", "--run-id", "guide"];
    sandbox.run(&args).exits(2);
    assert!(!sandbox.folder().join("var").exists());
    sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]).success();
    sandbox.run(&args).exits(2);
    let kept = std::fs::read_dir(sandbox.folder().join("var/runs/guide/normalize")).unwrap();
    let mut kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["manifest.json", "normalized.ndjson"]);
}

#[test]
fn a_ditaval_that_cannot_be_read_is_a_usage_error_that_names_it() {
    let sandbox = with_topics();
    for ditaval in ["gone.ditaval", "docs"] {
        let args = ["normalize", "docs", "--source", "dita", "--run-id", "guide", "--ditaval", ditaval];
        let run = sandbox.run(&args).exits(2);
        assert!(run.stderr.contains(&format!("error: {ditaval}: ")), "{}", run.stderr);
        assert!(run.stderr.contains("; pass a "), "{}", run.stderr);
    }
    assert!(!sandbox.folder().join("var").exists());
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
fn a_file_that_is_no_page_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("passwd", "root:x:0:0:root:/root:/bin/sh\n");
    sandbox.write("paper.pdf", b"%PDF-1.7\n\xff\xfe\n");
    sandbox.write("plain/a.xml", TOPIC);
    let typed = format!(
        "<?xml version='1.0'?>\n<!-- A topic -->\n<!DOCTYPE concept PUBLIC \"-//OASIS//DTD DITA Concept//EN\" \"concept.dtd\">\n{}",
        TOPIC.replace("topic", "concept")
    );
    sandbox.write("typed/a.xml", &typed);
    for (path, told) in [
        ("passwd", "error: passwd is neither a page file"),
        ("paper.pdf", "error: paper.pdf is neither a page file"),
        ("plain", "a.xml: the file contains DITA, not a Confluence page"),
        ("plain/a.xml", "a.xml: the file contains DITA, not a Confluence page"),
        ("typed", "a.xml: the file contains DITA, not a Confluence page"),
    ] {
        let run = sandbox.run(&["normalize", path, "--source", "confluence", "--run-id", "r"]).exits(2);
        assert!(run.stderr.contains(told), "{path}: {}", run.stderr);
    }
    assert!(!sandbox.folder().join("var").exists());
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");
    // Next to pages, the file is skipped.
    sandbox.write("typed/page.xml", "<p>Text of a page.</p>");
    let run = sandbox.run(&["normalize", "typed", "--source", "confluence", "--run-id", "r"]).success();
    assert_eq!(run.events_named("normalize.document.skip")[0]["path"], "a.xml");
}

#[test]
fn a_page_of_an_html_export_is_refused_and_what_to_do_is_told() {
    let sandbox = Sandbox::new();
    let page = r#"<!DOCTYPE html><html><head><title>Engineering : Guide</title></head><body><div id="main">
        <ol id="breadcrumbs"><li><a href="index.html">Engineering</a></li></ol>
        <h1 id="title-heading"><span id="title-text">Engineering : Guide</span></h1>
        <div class="page-metadata">Created by Ada</div><div id="main-content" class="wiki-content"><p>Text.</p></div>
        </div><div id="footer"><p>Document generated by Confluence</p></div></body></html>"#;
    sandbox.write("space/Guide_7.html", page);
    let args = ["normalize", "space", "--source", "confluence", "--run-id", "r"];
    let told = "Guide_7.html: the file is a page of an HTML export, which does not contain the macros; export the space as XML, or fetch `body.storage`";
    let run = sandbox.run(&args).exits(2);
    assert!(run.stderr.contains(told), "{}", run.stderr);
    // Other files are read.
    sandbox.write("space/page.xml", "<p>Text of a page.</p>");
    let run = sandbox.run(&args).exits(1);
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(run.events_named("normalize.complete")[0]["documents"], 1);
}

#[test]
fn a_flag_of_the_other_source_is_refused() {
    let sandbox = with_topics();
    sandbox.write("pages/a.html", "<p>Text of a page.</p>");
    sandbox.write("all.ditaval", "<val/>");
    let args = ["normalize", "pages", "--source", "confluence", "--run-id", "r", "--ditaval", "all.ditaval"];
    let run = sandbox.run(&args).exits(2);
    assert!(run.stderr.contains("error: --ditaval has no effect with --source confluence"), "{}", run.stderr);
    assert!(!sandbox.folder().join("var").exists());
}

#[test]
fn pages_of_one_file_that_fail_are_one_file() {
    let sandbox = Sandbox::new();
    let page = r#"{"id": "1", "title": "T", "type": "page", "body": {"storage": {"value": "<p>Text.</p>"}}}"#;
    sandbox.write("docs/pages.json", format!(r#"{{"results": [{page}, {page}, {page}, {page}]}}"#));
    sandbox.write("docs/good.html", "<p>Text of a page.</p>");
    let run = sandbox.run(&["normalize", "docs", "--source", "confluence", "--run-id", "r"]).exits(1);
    assert_eq!(run.events_named("normalize.document.error").len(), 3);
    let told = "warn: 1 input file could not be converted completely: 3 errors\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn a_document_with_the_id_of_another_once_cleaned_is_told_and_left_out() {
    let sandbox = Sandbox::new();
    for name in ["a", "a\u{ad}", "b"] {
        sandbox.write(&format!("docs/{name}.dita"), TOPIC);
        sandbox.write(&format!("pages/{name}.html"), "<p>Text of a page.</p>");
    }
    sandbox.write("pages/\u{200b}.html", "<p>Text of a page.</p>");
    let told = |args: &[&str]| {
        let run = sandbox.run(args).exits(1);
        let failed = run.events_named("normalize.document.error");
        let told = |event: &serde_json::Value| {
            format!("{}: {}", event["path"].as_str().unwrap(), event["message"].as_str().unwrap())
        };
        failed.iter().map(told).collect::<Vec<_>>()
    };
    let dita = told(&["normalize", "docs", "--source", "dita", "--run-id", "guide"]);
    assert_eq!(dita, ["a\u{ad}.dita: left out: an earlier document has the same id, topic:docs/a"]);
    let confluence = told(&["normalize", "pages", "--source", "confluence", "--run-id", "wiki"]);
    assert_eq!(
        confluence,
        [
            "a\u{ad}.html: left out: an earlier document has the same id, pages/a",
            "\u{200b}.html: left out: its id would be empty"
        ]
    );
    let stored = "select run_id || ' ' || doc_id from graphdb.documents order by 1";
    assert_eq!(
        sandbox.database.column(stored),
        ["guide topic:docs/a", "guide topic:docs/b", "wiki pages/a", "wiki pages/b"]
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_named_as_it_was_given() {
    let sandbox = with_topics();
    let mode = |path: &str, mode: u32| {
        std::fs::set_permissions(sandbox.folder().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    sandbox.write("pages/a.html", "<p>Text of a page.</p>");
    for (path, source) in [("docs", "dita"), ("pages", "confluence")] {
        let args = ["normalize", path, "--source", source, "--run-id", "r"];
        mode(path, 0o000);
        let run = Run::of(sandbox.command_without_privileges(&args).output().unwrap()).exits(1);
        mode(path, 0o755);
        assert!(run.stderr.contains(&format!("error: cannot read {path}: ")), "{}", run.stderr);
    }
}

#[test]
fn a_folder_below_the_input_that_cannot_be_read_is_told_and_the_others_are_read() {
    let sandbox = with_topics();
    sandbox.write("docs/sub/c.dita", TOPIC);
    sandbox.write("pages/a.html", "<p>Text of a page.</p>");
    sandbox.write("pages/sub/b.html", "<p>Text of another.</p>");
    for (path, source, read) in [("docs", "dita", 2), ("pages", "confluence", 1)] {
        let sub = sandbox.folder().join(path).join("sub");
        std::fs::set_permissions(&sub, std::fs::Permissions::from_mode(0o000)).unwrap();
        let args = ["normalize", path, "--source", source, "--run-id", source];
        let run = Run::of(sandbox.command_without_privileges(&args).output().unwrap()).exits(1);
        std::fs::set_permissions(&sub, std::fs::Permissions::from_mode(0o755)).unwrap();
        let told = run.events_named("normalize.document.error");
        assert_eq!((told.len(), told[0]["path"].as_str().unwrap().trim_end_matches('/')), (1, "sub"));
        assert_eq!(run.events_named("normalize.complete")[0]["documents"], read);
    }
}

#[test]
fn a_document_whose_id_is_too_long_is_told_and_left_out() {
    let sandbox = Sandbox::new();
    let deep = vec!["d".repeat(200); 6].join("/");
    sandbox.write(&format!("in/{deep}/long.dita"), "<topic id='t'><title>Long</title></topic>");
    sandbox.write("in/short.dita", "<topic id='t'><title>Short</title></topic>");
    let run = sandbox.run(&["normalize", "in", "--source", "dita", "--run-id", "r"]).exits(1);
    let told = run.events_named("normalize.document.error").remove(0);
    assert!(told["message"].as_str().unwrap().ends_with("more than the maximum of 1024"), "{told}");
    assert_eq!(sandbox.database.column("select title from graphdb.documents"), ["Short"]);
}

#[test]
fn a_file_without_text_is_refused_and_nothing_is_registered() {
    let sandbox = Sandbox::new();
    sandbox.write("m.zip", b"PK\x03\x04\x14\0\0\0\x08\0<topic id='t'><title>Not this</title></topic>");
    sandbox.write("m.dita", [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 64]].concat());
    let zip = sandbox.run(&["normalize", "m.zip", "--source", "dita"]).exits(2);
    assert!(zip.stderr.contains("m.zip is a zip archive; unpack it and give the folder"), "{}", zip.stderr);
    let binary = sandbox.run(&["normalize", "m.dita", "--source", "dita"]).exits(2);
    assert!(binary.stderr.contains("m.dita is a binary file"), "{}", binary.stderr);
    sandbox.configure("sources: { m: { kind: dita, path: m.zip } }\n");
    let source = sandbox.run(&["sync"]).exits(2);
    assert!(source.stderr.contains("m.zip is a zip archive"), "{}", source.stderr);
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs"), "0");

    // In a folder, the other files are read.
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>Text.</p></body></topic>");
    sandbox.write("docs/b.dita", b"PK\x03\x04\x14\0\0\0\x08\0");
    let folder = sandbox.run(&["normalize", "docs", "--source", "dita"]).exits(1);
    assert!(folder.stderr.contains("b.dita: it is a zip archive, not XML"), "{}", folder.stderr);
    assert_eq!(sandbox.database.value("select count(*) from graphdb.documents"), "1");
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
