//! Writes output for people: log and errors to standard error, tables to standard output.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use log::LevelFilter;

use crate::bar::{self, Progress};
use crate::error::{Error, Result};
use crate::events::EventWriter;
use crate::logging;
use crate::options::{Global, When};
use crate::table;
pub use crate::wording::{counted, duration, one_line, printable};

/// Whether the last line on the terminal is a progress line, which the next update replaces.
static IS_LINE_DRAWN: AtomicBool = AtomicBool::new(false);

/// Records whether the last line on the terminal is a progress line.
pub fn set_line_drawn(is_drawn: bool) {
    IS_LINE_DRAWN.store(is_drawn, Ordering::Relaxed);
}

/// Starts the logger. `RUST_LOG` overrides the flags.
pub fn init(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::Warn,
        (false, 0) => LevelFilter::Info,
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let style = if colors(global) { env_logger::WriteStyle::Auto } else { env_logger::WriteStyle::Never };
    let mut builder = env_logger::Builder::new();
    builder
        .filter_level(LevelFilter::Warn)
        .filter_module("trailblazer", level)
        .parse_default_env()
        // Higher levels would log requests, which contain the key.
        .filter_module("ureq", LevelFilter::Warn)
        .filter_module("ureq_proto", LevelFilter::Warn)
        .write_style(style)
        .format(|out, record| {
            // A message must not continue the progress line. The next update draws that line again below the message.
            let erase = if IS_LINE_DRAWN.load(Ordering::Relaxed) { "\r\u{1b}[K" } else { "" };
            match record.level() {
                log::Level::Info => writeln!(out, "{erase}{}", record.args()),
                level => writeln!(out, "{erase}{}: {}", level.as_str().to_lowercase(), record.args()),
            }
        });
    logging::init(builder.build());
}

/// Returns the event writer for `--events` and the kind of standard output. With `debug`, it also writes debug events.
#[must_use]
pub fn event_writer(events: When, debug: bool) -> EventWriter {
    let on = match events {
        When::Always => true,
        When::Never => false,
        When::Auto => !io::stdout().is_terminal(),
    };
    if on { EventWriter::new(io::stdout(), debug) } else { EventWriter::silent() }
}

/// Prints an error and a hint on standard error.
pub fn print_error(message: &str, hint: Option<&str>) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "error: {}", printable(message));
    if let Some(hint) = hint {
        let _ = writeln!(err, "  hint: {}", printable(hint));
    }
}

/// Prints a line of a result on standard output.
pub fn print_line(line: &str) -> Result<()> {
    print_text(format!("{}\n", printable(line)).as_bytes())
}

/// Prints text unchanged on standard output. Ignores a reader that closed the pipe.
pub fn print_text(text: &[u8]) -> Result<()> {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Prints a line. The characters U+0001 and U+0002 enclose marked text, which is printed in bold if `bold` is set.
pub fn print_marked(line: &str, bold: bool) -> Result<()> {
    let (begin, end) = if bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let parts: Vec<String> =
        line.split('\u{1}').map(|part| part.split('\u{2}').map(printable).collect::<Vec<_>>().join(end)).collect();
    print_text(format!("{}\n", parts.join(begin)).as_bytes())
}

/// Prints rows as a table on standard output, no wider than the terminal. The first row is the heading.
pub fn print_table(rows: &[Vec<String>]) -> Result<()> {
    print_table_of_names(rows, &[])
}

/// Prints a table like [`print_table`]. If the table is too wide, the columns in `long` are narrowed first.
pub fn print_table_of_names(rows: &[Vec<String>], long: &[usize]) -> Result<()> {
    table::lay_out(&in_one_line(rows), long, output_width()).iter().try_for_each(|line| print_line(line))
}

/// Prints a table like [`print_table_of_names`] whose first column contains ids, which are never shortened.
pub fn print_table_of_ids(rows: &[Vec<String>], long: &[usize]) -> Result<()> {
    table::lay_out_ids(&in_one_line(rows), long, output_width()).iter().try_for_each(|line| print_line(line))
}

/// Replaces the characters in each cell that would break the table.
fn in_one_line(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect()
}

/// Returns the width of standard output: the width of the terminal, or otherwise the value of `COLUMNS`, which `watch` sets.
/// `None` means unlimited.
#[must_use]
pub fn output_width() -> Option<usize> {
    if io::stdout().is_terminal() {
        return terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    }
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0)
}

/// Returns a progress bar that counts `noun`s on standard error. It is hidden with `--quiet` or without a terminal.
#[must_use]
pub fn progress_bar(total: u64, noun: &'static str, quiet: bool) -> ProgressBar {
    let bar = empty_bar(Some(total), quiet);
    show_as(&bar, noun, |count| count.to_string(), bar::rounded);
    bar
}

/// Returns a bar without a total that counts `noun`s on standard error. It is hidden with `--quiet` or without a terminal.
#[must_use]
pub fn spinner(noun: &'static str, quiet: bool) -> ProgressBar {
    let bar = empty_bar(None, quiet);
    show_as(&bar, noun, |count| count.to_string(), bar::rounded);
    bar
}

/// Returns a progress bar that counts bytes on standard error. It is hidden with `--quiet` or without a terminal.
#[must_use]
pub fn byte_bar(total: u64, quiet: bool) -> ProgressBar {
    let bar = empty_bar(Some(total), quiet);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
    show_as(&bar, "", |bytes| HumanBytes(bytes).to_string(), |bytes| HumanBytes(bytes as u64).to_string());
    bar
}

fn empty_bar(total: Option<u64>, quiet: bool) -> ProgressBar {
    let is_shown = !quiet && bar::is_on_terminal();
    let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    ProgressBar::with_draw_target(total, target)
}

/// Draws the bar as a line that fits the terminal.
fn show_as(bar: &ProgressBar, noun: &'static str, amount: fn(u64) -> String, speed: fn(f64) -> String) {
    let line = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        let (done, total, seconds) = (state.pos(), state.len(), state.elapsed().as_secs_f64());
        let _ = out.write_str(&bar::line(&Progress { done, total, noun, seconds, amount, speed }, bar::width()));
    };
    if let Ok(style) = ProgressStyle::with_template("{line}") {
        bar.set_style(style.with_key("line", line));
    }
}

/// Asks the user to type `word` on the terminal. Returns false without a terminal.
#[must_use]
pub fn confirm(question: &str, word: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let _ = write!(io::stderr(), "{question} Type \"{word}\" to continue: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim() == word
}

/// Returns whether standard output can show bold text.
#[must_use]
pub fn shows_bold(global: &Global) -> bool {
    colors(global) && io::stdout().is_terminal()
}

fn colors(global: &Global) -> bool {
    !global.no_color && !bar::is_dumb() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            200
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn drawn(bar: &ProgressBar) -> String {
        let screen = Screen::default();
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(screen.clone())));
        bar.tick();
        screen.0.lock().unwrap().clone()
    }

    #[test]
    fn bars_count_one_thing_in_the_singular() {
        let bar = progress_bar(1, "run", false);
        assert!(drawn(&bar).contains(" 0/1 run"), "{}", drawn(&bar));
        bar.set_length(2);
        assert!(drawn(&bar).contains(" 0/2 runs"), "{}", drawn(&bar));
        let spinner = spinner("document", false);
        assert!(drawn(&spinner).contains("0 documents"), "{}", drawn(&spinner));
        spinner.inc(1);
        assert!(drawn(&spinner).contains("1 document"), "{}", drawn(&spinner));
    }

    #[test]
    fn duration_has_the_two_largest_units() {
        let shown = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 200_000, -5].map(duration);
        let expected =
            ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "23 h 59 min", "1 day 0 h", "2 days 7 h", "0 s"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn escape_codes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}\tc"), "a\u{fffd}[31mb\u{fffd}\tc");
    }
}
