//! How commands print answers, errors and progress: on terminals of every width, on a pipe, and as JSON.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::operations::{claimed_elsewhere, due};
use crate::support::{Run, Sandbox};

#[test]
fn tables_fit_the_terminal_and_never_shorten_an_id() {
    let sandbox = Sandbox::new();
    let long = "2026-01-31_120000_a-handbook-with-a-very-long-name-of-its-own_ab12";
    sandbox.write_run(long, 1);
    sandbox.run(&["runs", "backfill"]).success();
    claimed_elsewhere(&sandbox, long, "12:00:05");
    for args in [&["runs", "list"][..], &["status"], &["status", "--workers"], &["runs", "show", long]] {
        for width in [40, 60, 80] {
            let output = sandbox.command(args).env("COLUMNS", width.to_string()).output().unwrap();
            let shown = Run::of(output).success().stdout;
            assert!(
                shown.lines().any(|line| line == long || line == format!("run         {long}")),
                "{args:?}: {shown}"
            );
            let mut table = shown.lines().filter(|line| line.contains('…'));
            assert!(table.all(|line| line.chars().count() <= width), "{args:?}: {shown}");
        }
    }
    let mut unlimited = sandbox.command(&["runs", "list"]);
    let shown = Run::of(unlimited.env_remove("COLUMNS").output().unwrap()).success().stdout;
    assert!(shown.contains(&format!("{long}  ")), "{shown}");
    assert_eq!(sandbox.run(&["runs", "list", "--json"]).success().events_named("runs.row")[0]["run_id"], long);
}

#[test]
fn a_value_with_line_breaks_and_escape_codes_stays_in_its_line() {
    let sandbox = due();
    sandbox.run(&["runs", "pause", "r1", "--reason", "one\n\u{1b}[31mtwo\r\nthree"]).success();
    let status = sandbox.run(&["status"]).success().stdout;
    let line = status.lines().find(|line| line.starts_with("1 run paused since ")).unwrap();
    assert!(line.ends_with(": one \u{fffd}[31mtwo three"), "{status}");
    let shown = sandbox.run(&["runs", "show", "r1"]).success().stdout;
    assert!(shown.contains(": one \u{fffd}[31mtwo three\n"), "{shown}");
}

/// Runs a command on a terminal. Returns what the terminal received.
fn on_terminal(sandbox: &Sandbox, args: &str, width: u16, term: &str) -> String {
    // Without CLOEXEC, the processes of other tests would keep the terminal open.
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let side_of_command = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let side_of_command = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(side_of_command)
        .unwrap();

    let mut command = sandbox.command(&args.split(' ').collect::<Vec<_>>());
    command.env_remove("COLUMNS").env("TERM", term).env("CI", "true");
    command.stdout(side_of_command.try_clone().unwrap()).stderr(side_of_command);
    let mut child = command.spawn().unwrap();
    // Reading ends when the command has ended and nobody else holds its side.
    drop(command);
    let mut shown = Vec::new();
    if let Err(error) = File::from(terminal).read_to_end(&mut shown) {
        assert_eq!(error.raw_os_error(), Some(Errno::IO.raw_os_error()), "{error}");
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

/// Returns the lines of a progress bar without escape codes.
fn drawn(shown: &str) -> Vec<String> {
    let plain = |line: &str| {
        let part = |part: &str| match part.strip_prefix('[') {
            Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()).chars().skip(1).collect::<String>(),
            None => part.to_owned(),
        };
        line.split('\u{1b}').map(part).collect::<String>().trim_end().to_owned()
    };
    shown.split(['\r', '\n']).filter(|line| line.contains('/')).map(plain).collect()
}

#[test]
fn progress_is_drawn_in_one_line_whatever_the_width() {
    let sandbox = due();
    for (width, phases) in [(20, "chunk"), (40, "embed")] {
        let shown = on_terminal(&sandbox, &format!("run --phases {phases}"), width, "xterm");
        for line in drawn(&shown) {
            if ["document", "text", "█"].iter().any(|part| line.contains(part)) {
                assert!(line.chars().count() < width.into(), "{width}: {line:?}\n{shown:?}");
            }
        }
    }
}

#[test]
fn bars_of_resets_know_the_total_and_fit_the_terminal() {
    let sandbox = Sandbox::new();
    let register = "select graphdb.register_run('r' || n, 'dita', 0, now(), repeat('0', 64)) from generate_series(1000, 2500) as n";
    sandbox.database.connect().batch_execute(register).unwrap();
    let shown = on_terminal(&sandbox, "runs reset --yes", 30, "xterm");
    let lines: Vec<String> = drawn(&shown).into_iter().filter(|line| line.contains("/1501")).collect();
    assert!(lines.iter().any(|line| line.starts_with("500/1501 runs")), "{shown:?}");
    assert!(lines.iter().all(|line| line.chars().count() < 30), "{shown:?}");
}

#[test]
fn a_dumb_terminal_gets_lines_without_escape_codes() {
    let sandbox = due();
    for args in ["run", "runs reset --yes", "ask what --text-only", "--help", "runs lst"] {
        let shown = on_terminal(&sandbox, args, 80, "dumb");
        assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{args}: {shown:?}");
    }
}

#[test]
fn errors_of_commands_that_show_data_are_json_only_with_json() {
    let sandbox = due();
    for args in [&["show", "none"][..], &["runs", "show", "none"], &["runs", "list", "--limit", "abc"]] {
        let text = sandbox.run(args).exits(2);
        assert_eq!(text.stdout, "", "{args:?}");
        let json = sandbox.run(&[args, &["--json"]].concat()).exits(2);
        assert_eq!(json.events_named("error")[0]["exit_code"], 2, "{args:?}: {}", json.stdout);
    }
    assert_eq!(sandbox.run(&["completions", "no-such-shell"]).exits(2).stdout, "");
    assert_eq!(sandbox.run(&["run", "--limit", "abc"]).exits(2).events_named("error").len(), 1);
}

#[test]
fn usage_errors_say_how_to_go_on() {
    let sandbox = Sandbox::new();
    let refused = |args: &[&str]| {
        let run = sandbox.run(&[args, &["--events", "always"]].concat()).exits(2);
        let error = &run.events_named("error")[0];
        format!("{} | {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap())
    };
    let shown = [
        refused(&["runs", "list", "--limit", "abc"]),
        refused(&["run", "--workers", "5000"]),
        refused(&["show"]),
        refused(&["runs", "list", "--lmit", "5"]),
        refused(&["runs", "list", "handbook"]),
        refused(&["migrate"]),
        refused(&["runs"]),
    ];
    insta::assert_snapshot!(shown.join("\n"), @"
    invalid value 'abc' for '--limit <N>': expected a whole number of at least 1 | `trailblazer runs list --help` shows examples and all options.
    invalid value '5000' for '--workers <N>': expected a whole number from 1 to 1024 | `trailblazer run --help` shows examples and all options.
    the following required arguments were not provided: <DOC> | `trailblazer show --help` shows examples and all options.
    unexpected argument '--lmit' found | Did you mean `--limit`?
    unexpected argument 'handbook' found | To select a run by its id, pass --run-id handbook.
    unrecognized subcommand 'migrate' | Did you mean `trailblazer db migrate`?
    'trailblazer runs' requires a subcommand but one was not provided [subcommands: backfill, list, show, reset, retry, release, pause, resume, priority, delete, help] | `trailblazer runs --help` shows examples and all options.
    ");
}
