//! Arranges the help texts: examples come before the options, and the commands are in groups.

use std::fmt::Write as _;

use clap::Command;
use clap::builder::{Resettable, StyledStr};

use crate::terminal::output_width;

/// The order of the parts of a help text. `before-help` contains the examples.
const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}";

/// Maximum width of a help text.
pub const MAX_WIDTH: usize = 100;

/// The commands in the help of the program.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Build a knowledge base", &["setup", "normalize", "fetch", "sync", "run"]),
    ("Search it", &["ask", "show", "serve", "mcp", "eval"]),
    ("Operate it", &["status", "runs", "models", "report", "db", "doctor"]),
    ("Other", &["embed", "completions", "man", "help"]),
];

/// Arranges the help of the program and of all its commands.
#[must_use]
pub fn arranged(command: Command) -> Command {
    let template = TEMPLATE.replace("{all-args}", &commands(&command));
    with_examples_first(command).help_template(template)
}

/// Moves the examples of each command before its options.
fn with_examples_first(command: Command) -> Command {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_example = |paragraph: &&str| paragraph.starts_with("Example");
    let (examples, others): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(is_example);
    let shown = |paragraphs: Vec<&str>| {
        let text = paragraphs.join("\n\n");
        Resettable::from((!text.is_empty()).then(|| StyledStr::from(text)))
    };
    command
        .help_template(TEMPLATE)
        .before_help(shown(examples))
        .after_help(shown(others))
        .mut_subcommands(with_examples_first)
}

/// Returns the list of commands in groups, and then the options.
fn commands(command: &Command) -> String {
    let styles = command.get_styles();
    let (heading, literal) = (styles.get_header(), styles.get_literal());
    let column = command.get_subcommands().map(|sub| sub.get_name().len()).max().unwrap_or(0) + 2;
    let width = output_width().unwrap_or(MAX_WIDTH).min(MAX_WIDTH);
    let mut text = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{heading}{group}:{heading:#}");
        for name in names {
            let about = match command.find_subcommand(name) {
                Some(sub) => sub.get_about().map(ToString::to_string).unwrap_or_default(),
                None if *name == "help" => "Print the help of a command".into(),
                // A binary without the feature `serve` has fewer commands.
                None => continue,
            };
            let about = wrapped(&about, width.saturating_sub(2 + column).max(20), 2 + column);
            let _ = writeln!(text, "  {literal}{name:<column$}{literal:#}{about}");
        }
        text.push('\n');
    }
    text + &format!("{heading}Options:{heading:#}\n{{options}}")
}

/// Breaks a text between words into lines of `width` columns. The second and further lines are indented.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_visible_command_is_in_one_group() {
        let command = crate::cli::Cli::command();
        let mut visible: Vec<&str> =
            command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(Command::get_name).collect();
        visible.push("help");
        #[cfg(not(feature = "serve"))]
        visible.extend(["serve", "mcp"]);
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        visible.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, visible);
    }

    #[test]
    fn descriptions_are_wrapped_below_their_beginning() {
        assert_eq!(wrapped("one two three", 7, 4), "one two\n    three");
        assert_eq!(wrapped("one two three", 20, 4), "one two three");
    }
}
