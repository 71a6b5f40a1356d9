//! The examples in the help of the commands.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use trailblazer::{cli, help};

use crate::support::shell::commands;

/// Calls `visit` with the name and the help of each command.
fn each(command: &Command, name: &str, visit: &mut impl FnMut(&str, &Command)) {
    visit(name, command);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        each(sub, &format!("{name} {}", sub.get_name()), visit);
    }
}

fn program() -> Command {
    help::arranged(cli::Cli::command())
}

/// Returns the lines of the examples. An example ends where its explanation begins, after two spaces.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with("  "));
    lines.map(|line| line.trim_start().split("  ").next().unwrap().to_owned()).collect()
}

/// Returns why the parser rejects a call of trailblazer in `script`.
fn faults(script: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for words in commands(script) {
        let Some(start) = words.iter().position(|word| word == "trailblazer") else { continue };
        let words: Vec<OsString> = words[start..].iter().map(OsString::from).collect();
        if let Err(error) = cli::parse(&words)
            && error.use_stderr()
        {
            faults.push(format!("{script}: {}", cli::fault(&error)));
        }
    }
    faults
}

#[test]
fn every_command_has_an_example_of_itself_before_its_options() {
    let mut without = Vec::new();
    each(&program(), "trailblazer", &mut |name, command| {
        let is_example = |line: &String| line.contains(name) || line.contains(&name.replace(" db doctor", " doctor"));
        if !examples(command).iter().any(is_example) {
            without.push(name.to_owned());
        }
        let text = command.clone().render_long_help().to_string();
        let place = |heading: &str| text.find(heading).unwrap_or(usize::MAX);
        assert!(place("\nExample") < place("\nOptions:"), "{name}: {text}");
    });
    assert!(without.is_empty(), "no example: {without:?}");
}

#[test]
fn every_example_is_a_valid_command_that_fits_into_a_line() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    each(&program(), "trailblazer", &mut |name, command| {
        for example in examples(command) {
            seen += 1;
            wrong.extend(faults(&example).into_iter().map(|fault| format!("{name}: {fault}")));
        }
        let text = command.get_before_help().map(ToString::to_string).unwrap_or_default();
        let wide = text.lines().filter(|line| line.chars().count() > help::MAX_WIDTH);
        wrong.extend(wide.map(|line| format!("{name}: {line} is too wide")));
    });
    assert!(seen > 80, "only {seen} examples");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the commands in backquotes in the sources and the documentation. Those with placeholders of Rust are left out.
fn named_commands() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["src", "sql", "docs", "packaging"].iter().map(|name| root.join(name)).collect();
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md"), root.join(".trailblazer.yaml")];
    while let Some(folder) = folders.pop() {
        let (more, found): (Vec<_>, Vec<_>) =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
        folders.extend(more);
        files.extend(found);
    }
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let quoted = texts.flat_map(|text| text.split('`').map(str::to_owned).collect::<Vec<_>>());
    quoted.filter(|text| text.starts_with("trailblazer ") && !text.contains(['{', '…', '|', '\n', '\\'])).collect()
}

#[test]
fn a_command_in_a_message_or_a_document_has_names_and_flags_that_exist() {
    let names = named_commands();
    assert!(names.len() > 50, "only {names:?}");
    // A text may name a command without its arguments, or with a placeholder in capitals.
    let is_placeholder = |fault: &str| {
        let value = fault.split("invalid value '").nth(1).and_then(|rest| rest.split('\'').next());
        value.is_some_and(|value| value.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    let is_incomplete = |fault: &String| {
        fault.contains("required arguments") || fault.contains("a command is missing") || is_placeholder(fault)
    };
    let faults: Vec<String> =
        names.iter().flat_map(|name| faults(name)).filter(|fault| !is_incomplete(fault)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_wrong_example_is_found() {
    let command = Command::new("x").before_help("Examples:\n  trailblazer run --limt 3    Words\n  trailblazer run");
    assert_eq!(examples(&command), ["trailblazer run --limt 3", "trailblazer run"]);
    assert_eq!(
        faults("psql \"$(trailblazer db upp)\""),
        ["psql \"$(trailblazer db upp)\": unrecognized subcommand 'upp'"]
    );
    assert!(faults("claude -- trailblazer mcp --as group:hr").is_empty());
}
