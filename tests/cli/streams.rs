//! Data goes to standard output, and messages to standard error. Neither contains control sequences.

use crate::support::{Run, Sandbox};

/// Returns a sandbox with a due run whose documents contain control sequences.
fn painted() -> Sandbox {
    let sandbox = Sandbox::new();
    let line = serde_json::json!({"id": "\u{1b}[2J1", "title": "\u{1b}[31mred", "text_md": "\u{1b}]0;x\u{7}text", "source_system": "di\u{1b}ta"});
    sandbox.write("var/runs/r1/normalize/normalized.ndjson", format!("{line}\n{{\"id\": \"\u{1b}[31m\n"));
    sandbox
}

#[test]
fn standard_output_is_events_only_and_standard_error_is_talk_only() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 2);
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>x</p></body></topic>");
    let commands: [&[&str]; 10] = [
        &["runs", "backfill"],
        &["normalize", "docs", "--source", "dita", "--run-id", "guide"],
        &["-v", "run", "--progress-every", "1"],
        &["run", "--dry-run"],
        &["status", "--json"],
        &["runs", "list", "--json"],
        &["runs", "show", "--json", "r1"],
        &["runs", "reset", "--yes"],
        &["db", "doctor", "--json"],
        &["db", "migrate"],
    ];
    for args in commands {
        let run = sandbox.run(args).success();
        run.events();
        assert!(!run.stderr.contains("{\"ts\""), "{args:?}: {}", run.stderr);
        let silent = sandbox.run(&[args, &["--events", "never"]].concat()).success();
        assert!(args.contains(&"--json") || !silent.stdout.contains("{\"ts\""), "{args:?}: {}", silent.stdout);
    }
}

#[test]
fn events_that_cannot_be_written_end_with_code_1_and_a_reader_that_went_away_does_not() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    let to = |output: std::process::Stdio| {
        let mut command = sandbox.command(&["runs", "backfill"]);
        Run::of(command.stdout(output).stderr(std::process::Stdio::piped()).output().unwrap())
    };
    let run = to(std::fs::File::options().write(true).open("/dev/full").unwrap().into()).exits(1);
    assert!(run.stderr.contains("cannot write event: No space left on device"), "{}", run.stderr);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    to(writer.into()).success();
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    for args in [&["--quiet", "runs", "backfill"][..], &["run", "-q"], &["status", "--json", "-q"]] {
        assert_eq!(sandbox.run(args).success().stderr, "", "{args:?}");
    }
}

#[test]
fn escape_codes_of_documents_reach_no_terminal() {
    let sandbox = painted();
    for args in [
        &["runs", "backfill"][..],
        &["run"],
        &["runs", "list", "--json"],
        &["runs", "show", "--json", "r1"],
        &["status", "--json"],
    ] {
        for events in ["always", "never"] {
            let run = sandbox.run(&[args, &["--events", events]].concat());
            assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{args:?}: {run:?}");
        }
    }
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "embedded");
}

#[test]
fn errors_have_no_colors_when_none_are_wanted() {
    let sandbox = Sandbox::new();
    let colors = |args: &[&str], name: &str, value: &str| {
        let mut command = sandbox.command(args);
        Run::of(command.env("CLICOLOR_FORCE", "1").env(name, value).output().unwrap()).stderr.contains('\u{1b}')
    };
    assert!(!colors(&["--no-color", "runs", "backfill", "none"], "X", "1"));
    assert!(!colors(&["runs", "backfill", "none"], "NO_COLOR", "1"));
    assert!(!colors(&["runn"], "NO_COLOR", "1"));
    assert!(!colors(&["--no-color", "runn"], "X", "1"));
}

#[test]
fn reader_that_goes_away_does_not_stop_the_work() {
    let sandbox = Sandbox::new();
    for number in 1..=3 {
        sandbox.write_run(&format!("r{number}"), 1);
    }
    sandbox.run(&["runs", "backfill"]).success();
    let mut child = sandbox.spawn(&["run"]);
    drop(child.stdout.take());
    Sandbox::wait(child).success();
    assert_eq!(sandbox.database.value("select count(*) from graphdb.processed_runs where status = 'embedded'"), "3");
}

#[test]
fn commands_that_answer_print_text_to_a_pipe_and_json_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    for args in [
        &["status"][..],
        &["runs", "list"],
        &["runs", "show", "r1"],
        &["ask", "words", "--text-only"],
        &["db", "doctor"],
    ] {
        let text = sandbox.run(args).success().stdout;
        assert!(!text.is_empty() && !text.contains("{\"ts\""), "{args:?}: {text}");
        for json in [&["--json"][..], &["--events", "always"]] {
            let run = sandbox.run(&[args, json].concat()).success();
            assert!(!run.events().is_empty(), "{args:?} {json:?}: {}", run.stdout);
        }
    }
    let run = sandbox.run(&["runs", "show", "none"]).exits(2);
    assert_eq!(run.stdout, "");
}
