//! Run ids, artifacts and configurations that try to break the parser.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::{Run, Sandbox};

#[test]
fn run_ids_that_are_no_folder_names_are_refused_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>x</p></body></topic>");
    let long = "x".repeat(10_000);
    for run_id in ["..", "../up", "a/b", "/etc", "a\nb", "a b", "it's", "\u{1b}[31m", ".", &long] {
        let refused = |args: &[&str]| {
            let run = sandbox.run(args).exits(2);
            assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 12_000, "{}", run.stderr);
        };
        refused(&["normalize", "docs", "--source", "dita", &format!("--run-id={run_id}")]);
        refused(&["runs", "show", "--json", "--", run_id]);
        refused(&["runs", "retry", "--", run_id]);
    }
    assert!(!sandbox.folder().join("var/runs").exists());
    assert!(!sandbox.folder().parent().unwrap().join("up").exists());
}

#[test]
fn artifact_of_nothing_but_broken_lines_is_read_to_its_end() {
    let sandbox = Sandbox::new();
    let good = r#"{"id": "good", "title": "T", "text_md": "Text.", "source_system": "dita"}"#;
    let mut lines: Vec<Vec<u8>> = vec![
        b"\xff\xfe\x00".to_vec(),
        b"\0".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        br#"{"id": 7, "title": "T", "text_md": "x", "source_system": "dita"}"#.to_vec(),
        br#"{"id": "a", "title": ["T"], "text_md": {}, "source_system": "dita"}"#.to_vec(),
        br#"{"id": "", "title": "T", "text_md": "x", "source_system": "dita"}"#.to_vec(),
        br#"{"id": "lone", "title": "\ud800", "text_md": "x", "source_system": "dita"}"#.to_vec(),
        good.into(),
        good.into(),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(),
        format!(r#"{{"id": "{}", "title": "T", "text_md": "x", "source_system": "dita"}}"#, "x".repeat(100_000))
            .into_bytes(),
    ];
    lines.push(br#"{"id": "last", "title": "T", "text_md": "x\u0000y", "source_system": "dita"}"#.to_vec());
    sandbox.write("var/runs/r1/normalize/normalized.ndjson", lines.join(&b'\n'));
    let run = sandbox.run(&["runs", "backfill"]).exits(1);
    run.events();
    let stored =
        sandbox.database.column("select left(d.doc_id, 8) || ' ' || d.body from graphdb.documents as d order by 1");
    assert!(stored.contains(&"good Text.".to_owned()) && stored.contains(&"last xy".to_owned()), "{stored:?}");
    sandbox.run(&["run"]).success();
}

#[test]
fn configuration_that_blows_up_is_refused_at_once() {
    let sandbox = Sandbox::new();
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for number in 1..12 {
        let before = number - 1;
        let nine = vec![format!("*a{before}"); 9].join(", ");
        let _ = writeln!(laughs, "a{number}: &a{number} [{nine}]");
    }
    for yaml in [
        laughs,
        format!("workers: {}", "[".repeat(100_000)),
        format!("workers: {}", "[".repeat(10_000)),
        format!("workers:\n{}1", "- ".repeat(8_000)),
        format!("workers: {}", "{a: ".repeat(4_000)),
        "workers: &a [*a]\n".to_owned(),
        "workers: !!binary x\n".to_owned(),
        "workers: 1\nworkers: 2\n".to_owned(),
        "chunk: { max_tokens: -1 }\n".to_owned(),
        "chunk: { max_tokens: 1e99 }\n".to_owned(),
        "database: { url: [a] }\n".to_owned(),
        "embed: 7\n".to_owned(),
        "? [a]\n: b\n".to_owned(),
        "\u{1b}[31m: 1\n".to_owned(),
        "--- 1\n--- 2\n".to_owned(),
    ] {
        sandbox.write(".trailblazer.yaml", &yaml);
        let begun = Instant::now();
        let run: Run = sandbox.run(&["run", "--dry-run"]).exits(3);
        assert!(begun.elapsed() < Duration::from_secs(30), "{yaml:.80}");
        assert!(run.stderr.contains(".trailblazer.yaml") && run.stderr.len() < 2000, "{yaml:.80}: {}", run.stderr);
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    }
    sandbox.write(".trailblazer.yaml", b"workers: \xff\n");
    sandbox.run(&["run", "--dry-run"]).exits(3);
}
