//! Inputs that `normalize` refuses, and files that it cannot read.

use std::os::unix::fs::PermissionsExt;

use super::{RUNS, TOPIC, with_topics};
use crate::support::{Run, Sandbox};

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
