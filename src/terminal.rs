//! What people see: the log and errors on standard error, tables on standard output when no events go there.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use log::LevelFilter;

use crate::cli::{Global, When};
use crate::error::{Error, Result};
use crate::events::EventWriter;

/// Starts the log. `RUST_LOG` overrules the flags.
pub fn init(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::Warn,
        (false, 0) => LevelFilter::Info,
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let style = if colors(global) { env_logger::WriteStyle::Auto } else { env_logger::WriteStyle::Never };
    env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .filter_module("trailblazer", level)
        .parse_default_env()
        // More than this would write requests out, and the key with them.
        .filter_module("ureq", LevelFilter::Warn)
        .filter_module("ureq_proto", LevelFilter::Warn)
        .write_style(style)
        .format(|out, record| match record.level() {
            log::Level::Info => writeln!(out, "{}", record.args()),
            level => writeln!(out, "{}: {}", level.as_str().to_lowercase(), record.args()),
        })
        .init();
}

/// Returns the writer of events that the flags and standard output ask for; `debug` lets events of level debug through.
#[must_use]
pub fn event_writer(events: When, debug: bool) -> EventWriter {
    let on = match events {
        When::Always => true,
        When::Never => false,
        When::Auto => !io::stdout().is_terminal(),
    };
    if on { EventWriter::new(io::stdout(), debug) } else { EventWriter::silent() }
}

/// Prints an error and what to do about it on standard error.
pub fn print_error(message: &str, hint: Option<&str>) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "error: {}", printable(message));
    if let Some(hint) = hint {
        let _ = writeln!(err, "  hint: {}", printable(hint));
    }
}

/// Prints a line of a result on standard output.
pub fn print_line(line: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{}", printable(line)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Prints a line in which the characters 1 and 2 stand around what is marked: in bold, or between asterisks.
pub fn print_marked(line: &str, bold: bool) -> Result<()> {
    let (begin, end) = if bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("*", "*") };
    let parts: Vec<String> =
        line.split('\u{1}').map(|part| part.split('\u{2}').map(printable).collect::<Vec<_>>().join(end)).collect();
    match writeln!(io::stdout().lock(), "{}", parts.join(begin)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Prints rows in columns on standard output, the first row as the heading.
pub fn print_table(rows: &[Vec<String>]) -> Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        print_line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Returns a progress bar on standard error; hidden unless that is a terminal, and with `--quiet`.
#[must_use]
pub fn progress_bar(total: u64, unit: &str, quiet: bool) -> ProgressBar {
    let target =
        if quiet || !io::stderr().is_terminal() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{bar:32}} {{pos}}/{{len}} {unit} {{per_sec}} eta {{eta}} {{msg}}"))
    {
        bar.set_style(style);
    }
    bar
}

/// Returns a count that grows on standard error; hidden where a progress bar would be.
#[must_use]
pub fn spinner(unit: &str, quiet: bool) -> ProgressBar {
    let bar = progress_bar(0, unit, quiet);
    bar.unset_length();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {unit} {{per_sec}}")) {
        bar.set_style(style);
    }
    bar
}

/// Asks on the terminal for a word that must be typed. Returns false where there is no terminal to ask on.
#[must_use]
pub fn confirm(question: &str, word: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let _ = write!(io::stderr(), "{question} Type \"{word}\" to go on: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim() == word
}

/// Returns `text` without what a terminal would obey: titles and errors come from documents.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// Returns a count with what is counted: `1 run`, `2 runs`.
#[must_use]
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Whether standard output shows bold text.
#[must_use]
pub fn shows_bold(global: &Global) -> bool {
    colors(global) && io::stdout().is_terminal()
}

fn colors(global: &Global) -> bool {
    !global.no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn escape_codes_do_not_reach_the_terminal() {
        assert_eq!(super::printable("a\u{1b}[31mb\u{9b}\tc"), "a\u{fffd}[31mb\u{fffd}\tc");
    }
}
