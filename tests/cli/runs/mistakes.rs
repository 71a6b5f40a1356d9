//! Filters that select nothing or make no sense.

use super::{embedded, statuses};

#[test]
fn a_source_that_no_run_has_is_answered_with_those_there_are() {
    let sandbox = embedded();
    let there_are = "warn: no run has the source nosuch; found dita\n";
    for args in [&["runs", "list", "--json"][..], &["runs", "reset"], &["runs", "reset", "--dry-run"], &["run"]] {
        let run = sandbox.run(&[args, &["--source", "nosuch"]].concat()).success();
        assert!(run.stderr.contains(there_are), "{args:?}: {}", run.stderr);
    }
    let run = sandbox.run(&["runs", "list", "--json", "--source", "dita", "--status", "failed"]).success();
    assert!(!run.stderr.contains("no run has"), "{}", run.stderr);
}

#[test]
fn a_wrong_filter_is_a_usage_error_that_names_it() {
    let sandbox = embedded();
    let run = sandbox.run(&["runs", "list", "--json", "--from", "yesterday-ish"]).exits(2);
    assert!(run.stderr.contains("yesterday-ish"), "{}", run.stderr);
    let run = sandbox.run(&["runs", "reset", "--status", "embeded"]).exits(2);
    assert!(run.stderr.contains("embeded"), "{}", run.stderr);
    assert_eq!(statuses(&sandbox), ["embedded"; 3]);
}

#[test]
fn a_pattern_and_a_model_that_select_nothing_are_warned_of() {
    let sandbox = embedded();
    let warned = |args: &[&str]| sandbox.run(args).success().stderr;
    for command in
        [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"], &["run"], &["ask", "--json", "Words"]]
    {
        let stderr = warned(&[command, &["--run-id", "q*"]].concat());
        assert!(
            stderr.contains("warn: no run id matches q*; `trailblazer runs list` lists them\n"),
            "{command:?}: {stderr}"
        );
    }
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let stderr = warned(&[command, &["--embedding-model", "hash-385"]].concat());
        assert!(
            stderr.contains("warn: no run was embedded with hash-385; `trailblazer models list` lists the models\n"),
            "{command:?}: {stderr}"
        );
    }
    let stderr =
        warned(&["runs", "list", "--json", "--run-id", "r*", "--embedding-model", "hash-384", "--status", "failed"]);
    assert!(!stderr.contains("warn"), "{stderr}");
}

#[test]
fn dates_in_the_wrong_order_are_a_usage_error_that_names_both() {
    let sandbox = embedded();
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let run = sandbox.run(&[command, &["--from", "2026-02-01", "--to", "2026-01-31"]].concat()).exits(2);
        assert!(run.stderr.contains("--from 2026-02-01 is after --to 2026-01-31"), "{}", run.stderr);
    }
    for (from, to) in [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00Z", "2026-01-31"),
        ("2026-01-31T23:30:00+01", "2026-01-31 22:30"),
    ] {
        sandbox.run(&["runs", "list", "--json", "--from", from, "--to", to]).success();
    }
}

#[test]
fn a_date_that_is_none_is_refused_by_the_name_of_its_flag() {
    let sandbox = embedded();
    for date in ["yesterday", "2026-02-30", "2026-1-1", "2026-01-31T25:00"] {
        for flag in ["--from", "--to"] {
            let run = sandbox.run(&["runs", "list", "--json", flag, date]).exits(2);
            assert!(run.stderr.contains(flag) && run.stderr.contains(date), "{}", run.stderr);
            assert!(run.stderr.contains("2026-01-31T12:00:00Z"), "{}", run.stderr);
            assert!(!run.stderr.contains("normalized_"), "{}", run.stderr);
        }
    }
}

#[test]
fn dates_that_select_nothing_are_warned_of() {
    let sandbox = embedded();
    for command in [&["runs", "list", "--json"][..], &["runs", "reset", "--dry-run"]] {
        let stderr = |dates: &[&str]| sandbox.run(&[command, dates].concat()).success().stderr;
        for (dates, told) in [
            (&["--from", "2030-01-01"][..], "warn: no runs were normalized on or after 2030-01-01;"),
            (&["--to", "1999-12-31"], "warn: no runs were normalized on or before 1999-12-31;"),
            (
                &["--from", "1999-01-01", "--to", "1999-12-31"],
                "warn: no runs were normalized between 1999-01-01 and 1999-12-31;",
            ),
        ] {
            assert!(stderr(dates).contains(told), "{}", stderr(dates));
        }
        assert!(!stderr(&["--from", "1999-01-01", "--source", "nosuch"]).contains("normalized"));
    }
}

#[test]
fn an_empty_value_is_refused_by_the_name_of_its_flag() {
    let sandbox = embedded();
    for (command, flag) in [
        (&["run", "--dry-run"][..], "--run-id"),
        (&["run", "--dry-run"], "--source"),
        (&["runs", "list", "--json"], "--status"),
        (&["runs", "list", "--json"], "--embedding-model"),
        (&["ask", "--json", "words", "--text-only"], "--label"),
        (&["ask", "--json", "words", "--text-only"], "--run-id"),
        (&["ask", "--json", "words", "--text-only"], "--source"),
    ] {
        let run = sandbox.run(&[command, &[&format!("{flag}=")]].concat()).exits(2);
        assert!(run.stderr.contains(&format!("'{flag} <")), "{}", run.stderr);
    }
}
